"""
Mystery calls: a complaint, a call, and four questions: who, whose side, what, and when.

The truth is kept by the case and shown by nothing of it: not by its repr, not by the call's documents, tables or ids.
A trainer's own case is a small YAML file, with a simulated call or a saved one.
"""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.local_time import moment_near, time_zone
from rtkit_explore.tables.scope import call_span

if TYPE_CHECKING:
    from rtkit_explore.call import Call

Grade = Literal["right", "partly", "wrong"]
LEVELS = (1, 2, 3, 4)

SIDES: dict[str, tuple[str, ...]] = {
    "sender_uplink": ("uplink", "sending line", "up", "sender uplink", "upload"),
    "receiver_downlink": ("downlink", "receiving line", "down", "receiver downlink", "download"),
    "connection": ("connection", "both ways", "own connection", "line both ways"),
    "machine": ("machine", "computer", "device", "sender", "receiver", "own machine", "browser"),
    "shared": ("server", "shared", "region", "service"),
    "between": ("between", "between the two", "cannot tell", "unknown"),
    "nobody": ("nobody", "no fault", "none", "nothing", "no one"),
}
"""Answers to "whose side", with the words that are understood."""

ABOUT: dict[str, tuple[str, ...]] = {
    "loss": ("loss", "packet loss", "lost packets", "packets lost"),
    "narrow": ("narrow", "bandwidth", "too little bandwidth", "congestion", "slow connection"),
    "delay": ("delay", "round trip", "rtt", "jitter", "latency", "late"),
    "outage": ("outage", "disconnected", "network gone", "blackout", "reconnect", "network switch"),
    "device": ("device", "headset", "microphone unplugged", "unplugged"),
    "permission": ("permission", "refused", "not allowed", "microphone refused"),
    "machine": ("machine", "cpu", "processor", "busy computer"),
    "server": ("server", "server trouble", "service"),
    "no fault": ("no fault", "nothing", "muted", "mute", "switched off", "hidden tab", "background"),
}
"""Answers to "what was it about", with the words that are understood."""

_KINDS: dict[str, tuple[str, str]] = {
    "lossy_uplink": ("loss", "sender_uplink"),
    "burst_loss": ("loss", "sender_uplink"),
    "lossy_downlink": ("loss", "receiver_downlink"),
    "narrow_uplink": ("narrow", "sender_uplink"),
    "narrow_downlink": ("narrow", "receiver_downlink"),
    "delay_and_jitter": ("delay", "sender_uplink"),
    "outage": ("outage", "connection"),
    "network_switch": ("outage", "connection"),
    "headset_unplugged": ("device", "machine"),
    "microphone_refused": ("permission", "machine"),
    "cpu_bound": ("machine", "machine"),
    "server_trouble": ("server", "shared"),
    "muted": ("no fault", "nobody"),
    "hidden_tab": ("no fault", "nobody"),
}
"""What each scenario is about, and whose side it is, as the questions ask it."""

_POOLS: dict[int, tuple[str, ...]] = {
    1: ("lossy_uplink", "lossy_downlink", "outage", "headset_unplugged", "microphone_refused"),
    2: ("lossy_uplink", "lossy_downlink", "narrow_uplink", "cpu_bound", "server_trouble", "outage", "burst_loss"),
    3: ("lossy_uplink", "lossy_downlink", "narrow_uplink", "cpu_bound", "outage", "muted"),
    4: ("lossy_uplink", "lossy_downlink", "cpu_bound", "outage", "headset_unplugged"),
}
_DECOYS = ("muted", "hidden_tab", "static_screen_share")
_NAMES = ("Alma", "Boris", "Chen", "Dana", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jaya")

_WORDS: dict[str, tuple[str, ...]] = {
    "loss heard": ("{who} kept breaking up", "I could only understand half of what {who} said"),
    "loss own": ("everybody was choppy for me, all of them at once", "they all sounded like robots"),
    "narrow": ("the picture of {who} turned to mush", "{who} looked blurry and jerky for a while"),
    "delay": ("{who} and I kept talking over each other", "{who} answered seconds later"),
    "outage": ("I was cut off in the middle of the call", "everything stopped for me, and then came back"),
    "device": ("nobody could hear {who} for a moment", "{who} was suddenly silent"),
    "permission": ("I never heard a word of {who}", "{who} was silent from the start"),
    "machine": ("the video of {who} was a slideshow", "{who} moved like in a bad cartoon"),
    "server": ("it was bad for several of us at the same time", "suddenly everybody complained at once"),
    "no fault": ("I could not hear {who} for a while", "{who} was silent for a minute"),
}


@dataclass(frozen=True)
class Truth:
    """What really happened, as the questions ask it."""

    who: str | None
    side: str
    about: str
    start: datetime
    end: datetime
    explanation: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """
    What an answer was worth.

    Attributes
    ----------
    grade
        "right", "partly" or "wrong".
    parts
        Right or not, for each question that was answered.
    text
        What was right, a hint for what was not, and, once all is right, what happened.
    evidence
        Where to look, as a line of code.
    """

    grade: Grade
    parts: dict[str, bool]
    text: str
    evidence: str

    def __str__(self) -> str:
        """Return the judgement as text."""
        return f"{self.grade.capitalize()}. {self.text}\nLook at: {self.evidence}"

    def _repr_html_(self) -> str:
        mark = {"right": "●", "partly": "◐", "wrong": "○"}[self.grade]
        return f"<p><b>{mark} {self.grade.capitalize()}.</b> {escape(self.text)}<br><code>{escape(self.evidence)}</code></p>"


@dataclass
class Case:
    """
    A mystery call.

    Attributes
    ----------
    complaint
        What the customer says.
    call
        The call, a Call like any other.
    level
        How hard it is, 1 to 4; 0 of a trainer's own case that says none.
    number
        Which one: the same level and number give the same case.
    """

    complaint: str
    call: Call
    level: int
    number: str
    _truth: Truth = field(repr=False)
    _asked: int = field(default=0, repr=False)
    _scores: Path | None = field(default=None, repr=False)

    def hint(self, number: int | None = None) -> str:
        """
        Return a hint; each says more than the one before.

        Parameters
        ----------
        number
            Which one, from 1; the next one by default.
        """
        hints = self._truth.hints
        if number is None:
            self._asked = min(self._asked + 1, len(hints))
            number = self._asked
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            msg = f"There are {len(hints)} hints: hint(1) to hint({len(hints)})."
            raise InvalidArgumentError(msg)
        self._asked = max(self._asked, number)
        return hints[number - 1]

    def answer(
        self,
        *,
        who: str | None = None,
        side: str | None = None,
        about: str | None = None,
        at: Any = None,
        tz: Any = "UTC",
    ) -> Judgement:
        """
        Judge an answer.

        Parameters
        ----------
        who
            Whose trouble it was: a name, or "nobody".
        side
            "uplink", "downlink", "connection", "machine", "server", "between" or "nobody".
        about
            "loss", "narrow", "delay", "outage", "device", "permission", "machine", "server" or "no fault".
        at
            A time at which it can be seen, such as "12:31".
        tz
            Time zone of ``at``.

        Returns
        -------
        Judgement
            Right, partly or wrong, with a hint for each part that is not right. Parts that are left out do not count,
            but all four are needed to be right.

        Raises
        ------
        InvalidArgumentError
            If an answer is none of those that exist.
        """
        parts: dict[str, bool] = {}
        if who is not None:
            parts["who"] = self._is_who(who)
        if side is not None:
            parts["side"] = _understood(side, SIDES, "side") == self._truth.side
        if about is not None:
            parts["about"] = _understood(about, ABOUT, "about") == self._truth.about
        if at is not None:
            moment = moment_near(at, time_zone(tz), call_span(self.call))
            parts["at"] = abs_gap(moment, self._truth.start, self._truth.end) <= 15
        if not parts:
            msg = "Answer at least one of who=, side=, about= and at=."
            raise InvalidArgumentError(msg)
        grade: Grade = (
            "right" if len(parts) == 4 and all(parts.values()) else "partly" if any(parts.values()) else "wrong"
        )
        judged = Judgement(grade, parts, self._told(parts, grade), self._evidence())
        self._keep_score(judged)
        return judged

    def _is_who(self, who: str) -> bool:
        if _key(who) in SIDES["nobody"]:
            return self._truth.who is None
        name = self.call.names[self.call.peer(who)]
        return self._truth.who is not None and self.call.names[self.call.peer(self._truth.who)] == name

    def _told(self, parts: dict[str, bool], grade: Grade) -> str:
        if grade == "right":
            return self._truth.explanation
        hints = {
            "who": "Who: see who else received the same person well, and who got everybody badly (call.verdicts()).",
            "side": "Side: what one person sends goes to everybody; what one person receives, only this person notices.",
            "about": "What: loss, delay and bandwidth each have a column of their own in call.quality; devices and tabs are in call.events.",
            "at": "When: find the first sample that is unlike those before it (rtk.plot.quality(call)).",
        }
        wrong = [hints[name] for name, right in parts.items() if not right]
        good = [name for name, right in parts.items() if right]
        left = [name for name in ("who", "side", "about", "at") if name not in parts]
        said = f"Right so far: {', '.join(good)}. " if good else ""
        more = f" Still to be answered: {', '.join(left)}." if left else ""
        return (said + " ".join(wrong) + more).strip()

    def _evidence(self) -> str:
        return "call.findings(); rtk.plot.timeline(call); rtk.plot.quality(call, participant=…)"

    def _keep_score(self, judged: Judgement) -> None:
        keep_score(
            {"level": self.level, "case": self.number, "grade": judged.grade, "hints": self._asked}, self._scores
        )

    def _repr_html_(self) -> str:
        people = ", ".join(escape(name) for name in self.call.names.values())
        return (
            f"<div><p><b>Mystery call, level {self.level}</b> (no. {escape(self.number)})</p><p>“{escape(self.complaint)}”</p>"
            f"<p>In the call: {people}. Look at <code>case.call</code>, then <code>case.answer(who=, side=, about=, at=)</code>; "
            f"<code>case.hint()</code> helps.</p></div>"
        )

    def play(self) -> Any:
        """Return the widget face of the case, for people who write no code."""
        from rtkit_explore.training.views import mystery_view

        return mystery_view(self, sides=SIDES, about_what=ABOUT)


def abs_gap(moment: datetime, start: datetime, end: datetime) -> float:
    """Return how many seconds a moment lies outside of a stretch of time; 0 within."""
    return max(0.0, (start - moment).total_seconds(), (moment - end).total_seconds())


def _key(word: str) -> str:
    return " ".join(str(word).strip().casefold().replace("_", " ").split())


def _understood(word: str, known: dict[str, tuple[str, ...]], name: str) -> str:
    wanted = _key(word)
    for answer, words in known.items():
        if wanted == _key(answer) or wanted in words:
            return answer
    msg = f"{name}= is one of {', '.join(known)}, not {word!r}."
    raise InvalidArgumentError(msg)


def mystery(
    level: int = 1, seed: int | None = None, *, case: str | Path | None = None, scores: str | Path | None = None
) -> Case:
    """
    Draw a mystery call.

    Parameters
    ----------
    level
        1: one plain fault; 2: fainter, and more kinds; 3: with something odd that is no fault, or no fault at all;
        4: two faults of two people, of which the complaint is about one.
    seed
        Which one; a new one by default. The same level and seed give the same case.
    case
        A trainer's YAML file instead of a drawn case.
    scores
        Where the score card is kept; a file in the user's data folder by default.

    Returns
    -------
    Case
        With ``complaint``, ``call``, ``hint()``, ``answer()`` and ``play()``.

    Raises
    ------
    InvalidArgumentError
        If there is no such level, or the file does not say what it must.
    """
    kept = None if scores is None else Path(scores)
    if case is not None:
        return _case_of(Path(case), kept)
    if level not in LEVELS:
        msg = f"level is 1, 2, 3 or 4, not {level!r}."
        raise InvalidArgumentError(msg)
    number = random.SystemRandom().randrange(1_000_000) if seed is None else int(seed)
    return _drawn(level, number, kept)


def _drawn(level: int, number: int, scores: Path | None) -> Case:
    """Simulate a case: who, what and when are drawn, then the complaint of somebody who noticed."""
    chance = random.Random(f"mystery {level} {number}")  # noqa: S311 - a game
    names = chance.sample(_NAMES, 3 if level == 1 else 4)
    kind = chance.choice(_POOLS[level])
    who = chance.choice(names)
    others = [name for name in names if name != who]
    start = chance.randrange(70, 150, 5)
    seconds = {"outage": chance.randrange(14, 24), "headset_unplugged": chance.randrange(10, 16)}.get(
        kind, chance.randrange(55, 95)
    )
    parts = [kind]
    if level == 3:
        parts += [] if kind == "muted" else [chance.choice(_DECOYS)]
    second = None
    if level == 4:
        second = chance.choice([one for one in _POOLS[4] if one != kind])
        parts.append(second)
    made = _simulated(parts, who, others[0], names, start, seconds, number)
    call, rows = made
    row = rows[rows["what"] == kind].iloc[0]
    about, side = _KINDS[kind]
    whose = None if about == "no fault" or kind == "server_trouble" else who
    complainer, words = _complaint(chance, kind, about, side, who, others)
    truth = Truth(
        whose,
        side,
        about,
        row["start"].to_pydatetime(),
        row["end"].to_pydatetime(),
        _explained(kind, who, row, about),
        _hints(about, side, whose, row, complainer),
    )
    return Case(f"{complainer}: {words}.", call, level, str(number), truth, _scores=scores)


def _simulated(parts: list[str], who: str, other: str, names: list[str], start: int, seconds: int, seed: int) -> Any:
    """Simulate the fault on one person, and whatever else there is on another at another time."""
    from rtkit_explore.call import Call
    from rtkit_explore.simulated import documents_of, truth_table
    from rtkit_explore.simulator import SCENARIOS, simulate_documents

    first, *rest = parts
    kind = SCENARIOS[first].on(None if first == "server_trouble" else who, start=float(start), seconds=float(seconds))
    for one in rest:
        apart = float(start + seconds + 40 if start < 120 else 20)
        kind = kind + SCENARIOS[one].on(other, start=apart, seconds=25.0)
    # The title and the ids of the session follow from nothing that would tell.
    made = simulate_documents(kind, participants=names, minutes=6.0, seed=seed, title="Team meeting")
    return Call(documents_of(made)), truth_table(made.truth)


def _complaint(chance: random.Random, kind: str, about: str, side: str, who: str, others: list[str]) -> tuple[str, str]:
    """Let somebody who noticed complain, as customers do."""
    key = about if about != "loss" else "loss own" if side == "receiver_downlink" else "loss heard"
    own = side in ("receiver_downlink", "connection")
    complainer = who if own else chance.choice(others)
    if kind == "narrow_downlink":
        key = "loss own"
    return complainer, chance.choice(_WORDS[key]).format(who=who)


_LOOKS = {
    "loss": "loss_pct of the streams", "narrow": "limited_by and bitrate_kbps", "delay": "rtt_ms, jitter_ms and buffer_ms",
    "outage": "packets_per_s, which falls to nothing", "device": "call.device_changes and the events",
    "permission": "the event media_permission", "machine": "fps and limited_by", "server": "loss_pct of everybody at once",
    "no fault": "the events: audio_off, browser_backgrounded",
}  # fmt: skip


def _hints(about: str, side: str, whose: str | None, row: Any, complainer: str) -> tuple[str, ...]:
    start = row["start"]
    where = {
        "sender_uplink": "Everybody who received that person had the same trouble.",
        "receiver_downlink": "One person got everybody badly, and the others noticed nothing.",
        "connection": "One person neither sent nor received anything for some seconds.",
        "machine": "The network of that person is fine: look at devices, permissions and what limits the encoder.",
        "shared": "Several people were hit in the same second, from several senders.",
        "nobody": "Not everything that sounds like a fault is one: was it switched on?",
    }[side]
    return (
        f"Start with {complainer}: rtk.plot.quality(call, participant={complainer!r}).",
        f"Look at {_LOOKS[about]}.",
        where,
        f"Look at the minutes around {start:%H:%M} UTC" + (f", and at {whose}." if whose else "."),
    )


def _explained(kind: str, who: str, row: Any, about: str) -> str:
    told = row.get("explanation") if hasattr(row, "get") else None
    if isinstance(told, str) and told:
        return told
    return f"{kind.replace('_', ' ').capitalize()} ({about}) of {who}, {row['start']:%H:%M:%S} to {row['end']:%H:%M:%S} UTC."


def _case_of(path: Path, scores: Path | None) -> Case:
    """Read a trainer's case."""
    from rtkit_explore.app import replay
    from rtkit_explore.simulated import simulate

    try:
        import yaml
    except ModuleNotFoundError as error:
        msg = "A case file is YAML: pip install 'rtkit-explore[lab]' brings what reads it."
        raise MissingExtraError(msg) from error
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"The case {path.name!r} cannot be read as YAML ({type(error).__name__})."
        raise InvalidArgumentError(msg) from error
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("complaint"), str)
        or not isinstance(given.get("answer"), dict)
    ):
        msg = f"The case {path.name!r} needs complaint: (a text) and answer: with who, side, about, start and end."
        raise InvalidArgumentError(msg)
    if "folder" in given:
        app = replay(path.parent / str(given["folder"]))
        call = app.call(app.sessions()["session_id"].iloc[0])
    elif "scenario" in given:
        options = {
            name: given[name] for name in ("participants", "minutes", "seed", "on", "start", "seconds") if name in given
        }
        if "amount" in given:
            options["level"] = given["amount"]
        call = simulate(given["scenario"], **options).call
    else:
        msg = f"The case {path.name!r} needs folder: (a saved call beside it) or scenario: (of rtk.scenarios())."
        raise InvalidArgumentError(msg)
    right = given["answer"]
    span = call_span(call)
    try:
        begin = moment_near(str(right["start"]), UTC, span)
        end = moment_near(str(right["end"]), UTC, span)
        about, side = _understood(str(right["about"]), ABOUT, "about"), _understood(str(right["side"]), SIDES, "side")
        who = right["who"]
    except KeyError as error:
        msg = f"The answer of the case {path.name!r} does not say {error.args[0]}."
        raise InvalidArgumentError(msg) from None
    name = None if who is None or _key(str(who)) in SIDES["nobody"] else call.names[call.peer(str(who))]
    hints = tuple(str(one) for one in given.get("hints") or ()) or ("Start with call.verdicts() and call.findings().",)
    truth = Truth(name, side, about, begin, end, str(given.get("explanation") or "That is it."), hints)
    return Case(given["complaint"], call, int(given.get("level") or 0), path.stem, truth, _scores=scores)


# The score card ---------------------------------------------------------------------------------------------------


def score_file() -> Path:
    """Return where the score card is kept: in the user's data folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "rtkit-explore" / "mystery-scores.jsonl"


def keep_score(row: dict[str, Any], path: Path | None = None) -> None:
    """Add a line to the score card; a disk that refuses it costs the score, not the lesson."""
    target = score_file() if path is None else path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **row}) + "\n")
    except OSError:
        return


def score_card(path: str | Path | None = None) -> Any:
    """
    Return the score card: how many cases of each level were solved, and with how many hints.

    Returns
    -------
    pandas.DataFrame
        One row a level: ``level``, ``cases``, ``solved``, ``hints`` (mean a solved case), ``tries`` (answers given).
    """
    import pandas as pd

    target = score_file() if path is None else Path(path)
    rows: list[dict[str, Any]] = []
    if target.is_file():
        for line in target.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and {"level", "case", "grade", "hints"} <= set(row):
                rows.append(row)
    columns = ["level", "cases", "solved", "hints", "tries"]
    if not rows:
        return pd.DataFrame(columns=columns).astype(
            {name: "float64" if name == "hints" else "int64" for name in columns}
        )
    frame = pd.DataFrame(rows)
    solved = frame[frame["grade"] == "right"].drop_duplicates(["level", "case"])
    made = pd.DataFrame(
        {
            "cases": frame.groupby("level")["case"].nunique(),
            "solved": solved.groupby("level")["case"].nunique(),
            "hints": solved.groupby("level")["hints"].mean(),
            "tries": frame.groupby("level").size(),
        }
    )
    made["solved"] = made["solved"].fillna(0).astype("int64")
    return made.reset_index()[columns]
