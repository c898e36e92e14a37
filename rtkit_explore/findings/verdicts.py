"""Verdicts, the overview and the story: what the findings come to, for the call and for each participant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.context import micros
from rtkit_explore.findings.evaluate import Evaluation, evaluate
from rtkit_explore.findings.narrative import clock, lasting, side_words, story_of
from rtkit_explore.findings.rules import rank_of
from rtkit_explore.findings.rules.participants import CLOCK_OFFSET
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.table_schema.findings import VERDICTS_TABLE
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import CallTables, Context
    from rtkit_explore.findings.profiles import Profile, ProfileLike

WORDS = {"bad": "bad", "warn": "degraded", "note": "good"}
_REPORTS = {
    "missing": "no report: unknown, not fine",
    "failed": "the report could not be read: unknown, not fine",
    "not_fetched": "the report was not fetched: unknown, not fine",
}


@dataclass(frozen=True)
class Verdict:
    """What the findings come to for one participant, or for the call (peer None)."""

    peer: str | None
    verdict: str
    reason: str
    story: str
    candidates: tuple[Candidate, ...] = ()


def verdicts_of(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> pd.DataFrame:
    """
    Judge the call and everyone in it.

    Parameters
    ----------
    call
        A Call.
    profile
        As for ``findings_of``.
    context
        The call made ready before.

    Returns
    -------
    pandas.DataFrame
        Table ``verdicts``: the call first, then a row a participant. ``bad`` and ``degraded`` rest on findings that
        are bad or warn, of this participant's own report or on this participant's side; ``unclassified`` where there
        is no report, or too little in it.
    """
    evaluation = evaluate(call, profile, context=context)
    context, judged = evaluation.context, evaluation.profile
    rows = []
    for verdict in judge(evaluation):
        counts: dict[str, int] = {
            severity: sum(candidate.severity == severity for candidate in verdict.candidates) for severity in SEVERITIES
        }
        rows.append(
            {
                "session_id": call.session_id,
                "subject": "call" if verdict.peer is None else "participant",
                "peer_id": verdict.peer,
                "display_name": None if verdict.peer is None else context.name(verdict.peer),
                "verdict": verdict.verdict,
                "reason": verdict.reason,
                **counts,
                "affected_s": _covered(verdict.candidates),
                "profile": judged.name,
                "story": verdict.story,
            }
        )
    return from_rows(VERDICTS_TABLE, rows)


def judge(evaluation: Evaluation) -> list[Verdict]:
    """Judge the call, then everyone."""
    context, candidates, profile = evaluation.context, evaluation.candidates, evaluation.profile
    people = context.call.participants
    reports = dict(zip(people["peer_id"].astype("object"), people["report"].astype("object"), strict=True))
    peers = [str(peer) for peer in reports if isinstance(peer, str)]
    verdicts = [_of_peer(context, candidates, profile, peer, str(reports[peer])) for peer in peers]
    return [_of_call(context, candidates, verdicts), *verdicts]


def _of_peer(context: Context, candidates: list[Candidate], profile: Profile, peer: str, report: str) -> Verdict:
    mine = tuple(candidate for candidate in candidates if peer in (candidate.peer, candidate.side_peer))
    told = [candidate for candidate in mine if candidate.severity != "note"]
    if told:
        worst = told[0]
        return Verdict(peer, WORDS[worst.severity], worst.name, story_of(context, worst), mine)
    name = context.name(peer)
    if report in _REPORTS:
        return Verdict(peer, "unclassified", "no_report", f"{name}: {_REPORTS[report]}.", mine)
    streams = context.of_peer.get(peer, [])
    packets = sum(stream.packets for stream in streams)
    one, two = context.spans.get(peer, (0, 0))
    seconds = (two - one) / 1e6
    if packets < profile.fewest_packets or seconds < profile.fewest_seconds:
        text = f"{name}: {packets:.0f} packets in {seconds:.0f} s are too little to judge."
        return Verdict(peer, "unclassified", "too_little", text, mine)
    skew = [candidate for candidate in mine if candidate.rule is CLOCK_OFFSET]
    more = f" {story_of(context, skew[0])}" if skew else ""
    return Verdict(
        peer, "good", "nothing_found", f"{name}: nothing of warn or worse in {lasting(seconds)}.{more}", mine
    )


def _of_call(context: Context, candidates: list[Candidate], verdicts: list[Verdict]) -> Verdict:
    told = [candidate for candidate in candidates if candidate.severity != "note"]
    unknown = [verdict for verdict in verdicts if verdict.verdict == "unclassified"]
    more = ""
    if unknown and len(unknown) < len(verdicts):
        names = ", ".join(context.name(verdict.peer) for verdict in unknown)
        more = f" Unknown, not fine: {names}."
    everything = tuple(candidates)
    if told:
        return Verdict(None, WORDS[told[0].severity], told[0].name, headline(context, told) + more, everything)
    if not verdicts or len(unknown) == len(verdicts):
        return Verdict(None, "unclassified", "too_little", "Too little is known of this call to judge it.", everything)
    good = len(verdicts) - len(unknown)
    silent = sum(verdict.reason == "no_report" for verdict in unknown)
    if silent >= good:
        text = f"Nothing of warn or worse in {good} of {len(verdicts)} reports, which is too little to judge a call."
        return Verdict(None, "unclassified", "no_report", text + more, everything)
    text = f"Nothing of warn or worse for {good} of {len(verdicts)} participants.{more}"
    return Verdict(None, "good", "nothing_found", text, everything)


def headline(context: Context, told: list[Candidate]) -> str:
    """Say in one line what happened: the first finding, whose side, and who noticed."""
    first = told[0]
    same = [candidate for candidate in told if first.side_peer is not None and candidate.side_peer == first.side_peer]
    hit = list(dict.fromkeys(candidate.peer for candidate in same if candidate.peer not in (None, first.side_peer)))
    text = story_of(context, first)
    if first.side != "unknown":
        text += f" Side: {side_words(context, first)} ({first.confidence} confidence)."
    if hit and first.side_peer is not None:
        text += f" Noticed by {', '.join(context.name(peer) for peer in hit)}."
    return text


def _covered(candidates: tuple[Candidate, ...]) -> float:
    """Return the seconds that findings of warn or worse cover together."""
    spans = sorted(
        (candidate.start, candidate.end)
        for candidate in candidates
        if candidate.severity != "note" and candidate.start != NO_TIME
    )
    total, reached = 0, NO_TIME
    for one, two in spans:
        total += max(0, two - max(one, reached)) if reached != NO_TIME else two - one
        reached = max(reached, two)
    return total / 1e6


def episodes(candidates: list[Candidate]) -> list[list[Candidate]]:
    """Put findings of warn or worse of one person's side, or one cause, that overlap or nearly do, together."""
    found: list[list[Candidate]] = []
    for candidate in candidates:
        if candidate.severity == "note":
            continue
        for group in found:
            first = group[0]
            same = candidate.side_peer == first.side_peer if candidate.side_peer else candidate.side == first.side
            alike = same and "unknown" not in (candidate.side, first.side)
            near = candidate.start <= max(one.end for one in group) + 30_000_000 and candidate.end >= (
                min(one.start for one in group) - 30_000_000
            )
            if alike and near:
                group.append(candidate)
                break
        else:
            found.append([candidate])
    return found


def story_text(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> str:
    """
    Tell what happened as plain text for a ticket.

    Parameters
    ----------
    call
        A Call; of a redacted one the names are its pseudonyms.
    profile
        As for ``findings_of``.
    context
        The call made ready before.

    Returns
    -------
    str
        Who, when and the verdict; what happened, worst first, with whose side and the evidence; each participant;
        what is not known; how it was judged. Times are UTC.
    """
    evaluation = evaluate(call, profile, context=context)
    context, candidates = evaluation.context, evaluation.candidates
    verdicts = judge(evaluation)
    whole, people = verdicts[0], verdicts[1:]
    lines = [*_heading(context, call), f"Verdict: {whole.verdict}. {whole.story}", ""]
    groups = episodes(candidates)
    if groups:
        lines.append("What happened")
        for number, group in enumerate(groups[:8], start=1):
            lines += _episode(context, number, group)
        if len(groups) > 8:
            lines.append(f"   … and {len(groups) - 8} more.")
        lines.append("")
    lines.append("Participants")
    lines += [f" - {context.name(verdict.peer)}: {verdict.verdict}. {_short(context, verdict)}" for verdict in people]
    notes = [candidate for candidate in candidates if candidate.severity == "note"]
    if notes:
        lines += ["", "Notes", *(f" - {story_of(context, candidate)}" for candidate in notes[:10])]
        if len(notes) > 10:
            lines.append(f"   … and {len(notes) - 10} more.")
    lines += [
        "",
        f"Judged by profile {evaluation.profile.name!r}; times in UTC; a sample speaks for the time before it.",
    ]
    lines.append("A peer report has no audio level: a healthy connection with a silent microphone looks fine here.")
    return "\n".join(lines)


def _heading(context: Context, call: CallTables) -> list[str]:
    people = call.participants
    read = int((people["report"] == "read").sum())
    spans = list(context.spans.values())
    day = ""
    if spans:
        one, two = min(span[0] for span in spans), max(span[1] for span in spans)
        day = f", {pd.Timestamp(one, unit='us'):%Y-%m-%d} {clock(one)} to {clock(two)} UTC"
    title, call_id = getattr(call, "title", None), call.session_id or ""
    named = f"{title} ({call_id})" if title and call_id and title != call_id else title or call_id
    return [f"Call {named}{day}", f"{_counted(len(people), 'participant')}, {_counted(read, 'report')} read."]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _episode(context: Context, number: int, group: list[Candidate]) -> list[str]:
    first = group[0]
    start, end = min(candidate.start for candidate in group), max(candidate.end for candidate in group)
    lines = [f" {number}. {story_of(context, first)}"]
    lines.append(
        f"    Side: {side_words(context, first)}; confidence {first.confidence}; {clock(start)} to {clock(end)}."
    )
    if first.evidence_for:
        lines.append(f"    For: {'; '.join(dict.fromkeys(first.evidence_for))}.")
    if first.evidence_against:
        lines.append(f"    Against: {'; '.join(dict.fromkeys(first.evidence_against))}.")
    ordered = sorted(group[1:], key=lambda candidate: (-SEVERITIES.index(candidate.severity), rank_of(candidate.rule)))
    lines += [f"    also: {story_of(context, candidate)}" for candidate in ordered[:4]]
    if len(ordered) > 4:
        lines.append(f"    also: {len(ordered) - 4} more findings of the same side and time.")
    return lines


def _short(context: Context, verdict: Verdict) -> str:
    prefix = f"{context.name(verdict.peer)}: "
    text = verdict.story.removeprefix(prefix)
    return text[:1].upper() + text[1:]


def span_minutes(context: Context, peer: str, people: pd.DataFrame) -> float:
    """Return how long a participant was there, in minutes."""
    mine = people[people["peer_id"] == peer]
    if len(mine):
        given = mine["duration"].to_numpy(dtype="float64")[0]
        joined, left = micros(mine["joined_at"])[0], micros(mine["left_at"])[0]
        if not np.isnan(given):
            return float(given)
        if NO_TIME not in (joined, left):
            return (left - joined) / 6e7
    one, two = context.spans.get(peer, (0, 0))
    return (two - one) / 6e7
