"""Verdicts, the overview and the story: what the findings come to, for the call and for each participant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.context import micros
from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.evaluation import Evaluation, Verdict
from rtkit_explore.findings.incidents import Incident, sentence_of
from rtkit_explore.findings.narrative import (
    clock,
    lasting,
    local,
    moment,
    named,
    next_step_of,
    side_words,
    story_of,
    zone_said,
)
from rtkit_explore.findings.rules.participants import CLOCK_OFFSET
from rtkit_explore.findings.rules.rule import DELAY
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.table_schema.findings import VERDICTS_TABLE
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import CallTables, Context
    from rtkit_explore.findings.profiles import ProfileLike

_SHOWN = 5
WORDS = {"bad": "bad", "warn": "degraded", "note": "good"}
_REPORTS = {
    "missing": "no report: unknown, not fine",
    "failed": "the report could not be read: unknown, not fine",
    "not_fetched": "the report was not fetched: unknown, not fine",
}


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
    """Judge the call, then everyone; once for each time zone that the sentences stand in."""
    zone = zone_said()
    if zone not in evaluation.verdicts:
        evaluation.verdicts[zone] = _judged(evaluation)
    return evaluation.verdicts[zone]


def _judged(evaluation: Evaluation) -> list[Verdict]:
    people = evaluation.context.call.participants
    reports = dict(zip(people["peer_id"].astype("object"), people["report"].astype("object"), strict=True))
    peers = [str(peer) for peer in reports if isinstance(peer, str)]
    verdicts = [_of_peer(evaluation, peer, str(reports[peer])) for peer in peers]
    return [_of_call(evaluation, verdicts), *verdicts]


def _of_peer(evaluation: Evaluation, peer: str, report: str) -> Verdict:
    context, profile = evaluation.context, evaluation.profile
    mine = evaluation.by_person.get(peer, ())
    told = [candidate for candidate in mine if candidate.severity != "note"]
    if told:
        worst = told[0]
        own = next((one for one in evaluation.incidents if one.lead.side_peer == peer), None)
        text = story_of(context, worst) if own is None else sentence_of(own)
        return Verdict(peer, WORDS[worst.severity], worst.name, text, mine)
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


def _of_call(evaluation: Evaluation, verdicts: list[Verdict]) -> Verdict:
    context, candidates, incidents = evaluation.context, evaluation.candidates, evaluation.incidents
    unknown = [verdict for verdict in verdicts if verdict.verdict == "unclassified"]
    more = ""
    if unknown and len(unknown) < len(verdicts):
        more = f" Unknown, not fine: {named(context, (verdict.peer for verdict in unknown))}."
    everything = tuple(candidates)
    if incidents:
        return Verdict(
            None, WORDS[incidents[0].severity], incidents[0].lead.name, headline(incidents) + more, everything
        )
    if not verdicts or len(unknown) == len(verdicts):
        return Verdict(None, "unclassified", "too_little", "Too little is known of this call to judge it.", everything)
    good = len(verdicts) - len(unknown)
    silent = sum(verdict.reason == "no_report" for verdict in unknown)
    if silent >= good:
        text = f"Nothing of warn or worse in {good} of {len(verdicts)} reports, which is too little to judge a call."
        return Verdict(None, "unclassified", "no_report", text + more, everything)
    text = f"Nothing of warn or worse for {good} of {len(verdicts)} participants.{more}"
    return Verdict(None, "good", "nothing_found", text, everything)


def headline(incidents: list[Incident]) -> str:
    """Say in one or two sentences what happened: the worst incident, who noticed, and the next one if it is another."""
    first = incidents[0]
    text = sentence_of(first)
    if first.noticed and first.lead.side_peer is not None:
        text += f" Noticed by {named(first.context, first.noticed)}."
    others = [one for one in incidents[1:] if one.severity != "note"]
    if others:
        text += f" Also: {sentence_of(others[0])}"
    if len(others) > 1:
        text += f" {_counted(len(others) - 1, 'more incident')} below."
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
        what is not known; how it was judged. Times are in the zone of ``said_in``.
    """
    evaluation = evaluate(call, profile, context=context)
    context, candidates = evaluation.context, evaluation.candidates
    verdicts = judge(evaluation)
    whole, people = verdicts[0], verdicts[1:]
    lines = [*_heading(context, call), f"Verdict: {whole.verdict}. {whole.story}", ""]
    incidents = evaluation.incidents
    if incidents:
        lines.append("What happened")
        for number, incident in enumerate(incidents[:8], start=1):
            lines += _incident(number, incident)
        if len(incidents) > 8:
            lines.append(f"   … and {len(incidents) - 8} more.")
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
        (
            f"Judged by profile {evaluation.profile.name!r}; times in {zone_said().strip('()')}; "
            "a sample speaks for the time before it."
        ),
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
        day = f", {local(one):%Y-%m-%d} {clock(one)} to {moment(two)}"
    title, call_id = getattr(call, "title", None), call.session_id or ""
    named = f"{title} ({call_id})" if title and call_id and title != call_id else title or call_id
    return [f"Call {named}{day}", f"{_counted(len(people), 'participant')}, {_counted(read, 'report')} read."]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _incident(number: int, incident: Incident) -> list[str]:
    context, first = incident.context, incident.lead
    start, end = incident.window
    lines = [f" {number}. {sentence_of(incident)}"]
    lines.append(
        f"    Side: {side_words(context, first)}; confidence {first.confidence}; {clock(start)} to {clock(end)}."
    )
    if first.evidence_for:
        lines.append(f"    For: {'; '.join(dict.fromkeys(first.evidence_for))}.")
    if first.evidence_against:
        lines.append(f"    Against: {'; '.join(dict.fromkeys(first.evidence_against))}.")
    # A relay over TCP that stalls is what to look at, whatever of it is heard.
    relay = next((one for one in incident.of("relayed") if first.has(DELAY)), first)
    lines.append(f"    Next: {next_step_of(context, relay)}")
    shown = _different_first(incident)
    lines += [f"    shown by: {story_of(context, candidate)}" for candidate in shown[:_SHOWN]]
    if len(shown) > _SHOWN:
        lines.append(f"    shown by: {_counted(len(shown) - _SHOWN, 'more finding')} of the same.")
    return lines


def _different_first(incident: Incident) -> list[Candidate]:
    """Put one finding of each rule first, then further ones of the same: nothing odd disappears among its like."""
    seen: set[str] = set()
    first: list[Candidate] = []
    for candidate in incident.members:
        if candidate.name not in seen:
            seen.add(candidate.name)
            first.append(candidate)
    return [*first, *(one for one in incident.members if not any(one is other for other in first))]


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
