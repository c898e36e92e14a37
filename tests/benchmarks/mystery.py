"""
Mystery calls played by machine: is the truth accepted and every other answer refused, and who finds it?

``python -m tests.benchmarks mystery`` draws 100 seeds of each level and plays each: the right answer, each wrong one of
every question (refused, with a hint of its own), and three players that do not know the truth. The *blind* one knows
the documents and the package's findings and takes the first one. The *asking* one gives the complaint to
``call.explain``. The *careful* one takes the first finding that concerns the people named in the complaint, in the
part of the call that it names. Printed is how many of the four questions, and how many cases as a whole, each gets
right by level. The lessons are played as well. ``--seeds 5`` draws fewer.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.training.cases import ABOUT, LEVELS, SIDES
from rtkit_explore.training.mystery import QUESTIONS, Case, mystery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEEDS = 100
SMALL = 3
PLAYERS = ("blind", "asking", "careful")

LOSS = ("loss_in", "loss_out", "concealment", "decoder_behind", "keyframe_storm", "frozen")
NARROW = ("bandwidth_limited", "congested", "low_resolution")
SILENT = ("nothing_received", "nothing_sent", "interrupted", "reconnects", "path_changed", "never_connected")
LATE = ("round_trip", "jitter", "late_media")
NO_FAULT = ("hidden", "switched_off", "gap")
_SIDES = {"sender": "machine", "receiver": "machine", "unknown": "between"}
_PARTS = {"Early in the call": (0.0, 0.45), "About half way through": (0.25, 0.75), "Towards the end": (0.55, 1.0)}


def about_of(finding: Mapping[str, Any]) -> str:
    """Return what a finding is about, in the words of the question."""
    rule = finding["rule"]
    if rule == "device_lost":
        return "permission" if "refused" in str(finding["story"]) or "not allow" in str(finding["story"]) else "device"
    if finding["side"] == "shared":
        return "server"
    for name, rules in (("narrow", NARROW), ("outage", SILENT), ("delay", LATE), ("no fault", NO_FAULT)):
        if rule in rules:
            return name
    return "machine" if rule in ("cpu_limited", "low_frame_rate") else "loss"


def answer_from(case: Case, findings: pd.DataFrame) -> dict[str, Any]:
    """Answer all four questions from the first finding: without one, that nothing was wrong."""
    begin = case.call.sessions["started_at"].iloc[0]
    if findings.empty:
        return {"who": "nobody", "side": "nobody", "about": "no fault", "at": begin.to_pydatetime()}
    first = findings.iloc[0].to_dict()
    about = about_of(first)
    start, end = (begin if pd.isna(first[edge]) else first[edge] for edge in ("start", "end"))
    names = dict(zip(case.call.participants["peer_id"], case.call.participants["display_name"], strict=True))
    who = "nobody" if about == "no fault" or pd.isna(first["side_peer_id"]) else names[first["side_peer_id"]]
    side = "nobody" if about == "no fault" else _SIDES.get(first["side"], first["side"])
    return {"who": who, "side": side, "about": about, "at": (start + (end - start) / 2).to_pydatetime()}


def worth(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings that could be the answer: of warn or worse, and, where there are none, what was switched off."""
    faults = findings[findings["severity"] != "note"]
    return faults if len(faults) else findings[findings["rule"].isin(NO_FAULT)]


def blind(case: Case) -> dict[str, Any]:
    return answer_from(case, worth(case.call.findings()))


def asking(case: Case) -> dict[str, Any]:
    who, says = case.complaint.split(": ", 1)
    try:
        return answer_from(case, case.call.explain(who, says, window=stretch(case)).findings)
    except InvalidArgumentError:
        return blind(case)  # words that nothing in the vocabulary matches


def careful(case: Case) -> dict[str, Any]:
    """Take the first finding of those who are named, then of anybody, in the named part of the call."""
    found = case.call.findings()
    window = stretch(case)
    if window is not None:
        middle = found["start"] + (found["end"] - found["start"]) / 2
        found = found[(middle >= window[0]) & (middle <= window[1])]
    names = dict(zip(case.call.participants["peer_id"], case.call.participants["display_name"], strict=True))
    who, says = case.complaint.split(": ", 1)
    named = [name for name in dict.fromkeys(names.values()) if re.search(rf"\b{name}\b", says)]
    culprit = found["side_peer_id"].map(names).fillna(found["peer_id"].map(names))
    for people in (named, [who]):
        if len(mine := worth(found[culprit.isin(people)])):
            return answer_from(case, mine)
    return answer_from(case, worth(found))


def stretch(case: Case) -> tuple[Any, Any] | None:
    """Return the part of the call that the complaint names."""
    begin, end = (case.call.sessions[edge].iloc[0].to_pydatetime() for edge in ("started_at", "ended_at"))
    for words, (first, last) in _PARTS.items():
        if f": {words}" in case.complaint:
            return begin + first * (end - begin), begin + last * (end - begin)
    return None


def refused(case: Case) -> list[str]:
    """Play the right answer and every wrong one; return what was not as it should be."""
    truth = case._truth
    right = {"who": truth.who or "nobody", "side": truth.side, "about": truth.about, "at": truth.start}
    wrong: list[str] = []
    if case.answer(**right).grade != "right":
        wrong.append("the truth is refused")
    begin, end = (case.call.sessions[edge].iloc[0].to_pydatetime() for edge in ("started_at", "ended_at"))
    whole = (truth.end - truth.start).total_seconds() > 0.9 * (end - begin).total_seconds()
    others: dict[str, list[Any]] = {
        "who": [
            name for name in (*dict.fromkeys(case.call.participants["display_name"]), "nobody") if name != right["who"]
        ],
        "side": [side for side in SIDES if side != truth.side],
        "about": [about for about in ABOUT if about != truth.about],
        "at": [] if whole else [begin, end],
    }
    for question, answers in others.items():
        said = []
        for answer in answers:
            judged = case.answer(**{**right, question: answer})
            if judged.grade != "partly" or judged.parts[question]:
                wrong.append(f"{question}={answer} is accepted")
            said.append(judged.text)
            if truth.explanation in judged.text:
                wrong.append(f"{question}={answer} is told the truth")
        if len(set(said)) != len(said):
            wrong.append(f"two wrong answers to {question} get the same hint")
    return wrong


def lessons_wrong() -> list[str]:
    """Answer the question of every lesson rightly and wrongly; return what was not as it should be."""
    wrong = []
    for name in rtk.lessons()["lesson"]:
        lesson = rtk.lesson(name)
        asked = lesson.plan.question
        if not lesson.check(asked.right)[0]:
            wrong.append(f"lesson {name}: the right answer is refused")
        others: list[Any] = [one for one in asked.choices if one != asked.right]
        said = []
        for answer in others:
            good, words = lesson.check(answer)
            said.append(words)
            if good:
                wrong.append(f"lesson {name}: {answer} is accepted")
            if asked.why in words:
                wrong.append(f"lesson {name}: {answer} is told the answer")
        if len(set(said)) != len(said):
            wrong.append(f"lesson {name}: two wrong answers get the same hint")
    return wrong


def play(level: int, seeds: int, scores: Path) -> tuple[pd.DataFrame, list[str]]:
    """Play the cases of a level; return what each player got right, in percent, and what went wrong."""
    players: dict[str, Callable[[Case], dict[str, Any]]] = {"blind": blind, "asking": asking, "careful": careful}
    right: dict[str, Counter[str]] = {name: Counter() for name in players}
    wrong: list[str] = []
    for seed in range(seeds):
        case = mystery(level, seed, scores=scores)
        wrong += [f"level {level}, seed {seed}: {one}" for one in refused(case)]
        for name, player in players.items():
            judged = case.answer(**player(case))
            right[name].update(question for question in QUESTIONS if judged.parts[question])
            right[name]["all four"] += judged.grade == "right"
    rows = [
        {"level": level, "player": name, **{q: 100 * right[name][q] / seeds for q in (*QUESTIONS, "all four")}}
        for name in PLAYERS
    ]
    return pd.DataFrame(rows), wrong


def main(*, small: bool = False, seeds: int | None = None) -> None:
    """Print the figures; ``small`` draws a few."""
    count = seeds or (SMALL if small else SEEDS)
    told = lessons_wrong()
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for level in LEVELS:
            table, wrong = play(level, count, Path(folder) / "scores.jsonl")
            tables.append(table)
            told += wrong
            print(f"level {level}: {count} cases played", flush=True)
    print(f"right answers in percent of {count} cases a level")
    print(pd.concat(tables).round(0).to_string(index=False))
    print(f"wrong judgements, or hints that two wrong answers share: {len(told)}")
    for one in told[:40]:
        print(f"  {one}")


if __name__ == "__main__":
    main()
