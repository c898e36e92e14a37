"""
The findings of a call, worked out once per call and profile: rules, then attribution, then order and words.

The way of a finding: ``stream_arrays`` puts the layers of simulcast together; a rule's ``value`` gives a number for
each sample (``rules/``); ``segments`` makes stretches of samples beyond a threshold into candidates; ``attribution``
says whose side; ``narrative`` says it in words; and a row of the table ``findings`` comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rtkit_explore.findings.attribution import attribute
from rtkit_explore.findings.candidates import SEVERITIES, Candidate
from rtkit_explore.findings.context import Context, context_of
from rtkit_explore.findings.incidents import Incident, incidents_of
from rtkit_explore.findings.narrative import next_step_of, story_of, zone_said
from rtkit_explore.findings.profiles import Profile, ProfileLike, profile_of
from rtkit_explore.findings.rules import rank_of
from rtkit_explore.findings.segments import stream_candidates
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.table_schema.columns import SOUND
from rtkit_explore.table_schema.findings import FINDINGS
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.findings.context import CallTables
    from rtkit_explore.findings.rules.rule import Observation, Rule
    from rtkit_explore.tables.scope import Scope


@dataclass(frozen=True)
class Evaluation:
    """
    A call judged by a profile: what verdicts, overview, story and report are made of.

    Attributes
    ----------
    context
        The call made ready.
    profile
        What it was judged by.
    candidates
        Its findings, attributed and in order.
    """

    context: Context
    profile: Profile
    candidates: list[Candidate]

    @property
    def troubles(self) -> list[Candidate]:
        """Findings of warn or worse."""
        return [candidate for candidate in self.candidates if candidate.severity != "note"]

    @cached_property
    def incidents(self) -> list[Incident]:
        """The findings of warn or worse by cause and time, the worst first."""
        return incidents_of(self.context, self.candidates)

    @cached_property
    def by_person(self) -> dict[str, tuple[Candidate, ...]]:
        """The findings that a participant reports or is blamed for."""
        found: dict[str, list[Candidate]] = {}
        for candidate in self.candidates:
            for peer in {candidate.peer, candidate.side_peer} - {None}:
                found.setdefault(str(peer), []).append(candidate)
        return {peer: tuple(mine) for peer, mine in found.items()}

    verdicts_by_zone: dict[str, list[object]] = field(default_factory=dict, repr=False, compare=False)
    """What ``verdicts.judge`` made of it, by the time zone of its sentences."""
    _rows_by_zone: dict[str, list[dict[str, object]]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def _rows(self) -> list[dict[str, object]]:
        zone = zone_said()
        if zone not in self._rows_by_zone:
            self._rows_by_zone[zone] = [_row(self.context, candidate, self.profile) for candidate in self.candidates]
        return self._rows_by_zone[zone]

    @property
    def table(self) -> pd.DataFrame:
        """Table ``findings``, made anew each time: the caller may change it."""
        return from_rows(FINDINGS, self._rows)


def findings_of(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> pd.DataFrame:
    """
    Say what was wrong in a call, worst first.

    Parameters
    ----------
    call
        A Call.
    profile
        Name of a profile, a ``Profile``, or a mapping from rule to thresholds; ``rtk.profiles()`` lists them.
    context
        The call made ready before, so that judging it again costs less.

    Returns
    -------
    pandas.DataFrame
        Table ``findings``.
    """
    return evaluate(call, profile, context=context).table


def evaluate(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> Evaluation:
    """
    Judge a call by a profile, once: asked again with the same context, the same evaluation is returned.

    Parameters
    ----------
    call, profile, context
        As for ``findings_of``.

    Returns
    -------
    Evaluation
        Findings with their context.
    """
    judged = profile_of(profile)
    context = ready(call) if context is None else context
    found = context.evaluations.get(judged)
    if not isinstance(found, Evaluation):
        found = Evaluation(context, judged, candidates_of(context, judged))
        context.evaluations[judged] = found
        _ = found.incidents  # worked out with the findings: whoever asks for the story afterwards has it at once
    return found


def ready(call: CallTables) -> Context:
    """Make a call ready to be judged: streams, who was muted or hidden, whose clock is off."""
    context = context_of(call)
    offsets = clock_offsets(call.quality, call.participants, call.events)
    told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
    context.arrays.shifts = {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    return context


def candidates_of(context: Context, profile: Profile) -> list[Candidate]:
    """Find, attribute and put in order; of a narrowed call, take what concerns it from the whole call's."""
    if context.whole is not None:
        whole = evaluate(context.whole.call, profile, context=context.whole)
        return [candidate for candidate in whole.candidates if _in_scope(context.scope, candidate)]
    rules = profile.all_rules
    candidates = [*stream_candidates(context, profile, rules), *participant_candidates(context, profile, rules)]
    return in_order(context, attribute(context, candidates))


def participant_candidates(context: Context, profile: Profile, rules: tuple[Rule, ...]) -> list[Candidate]:
    """Apply the rules on participants; facts are stated under every profile."""
    return [
        _judged(profile, rule, observation)
        for rule in rules
        if rule.find is not None
        for observation in rule.find(context, profile)
    ]


def _judged(profile: Profile, rule: Rule, observed: Observation) -> Candidate:
    """Make a candidate of an observation: of the severity that its value reaches in the profile, else a note."""
    candidate = Candidate(
        rule=rule,
        severity="note",
        peer=observed.peer,
        stream=observed.stream,
        start=observed.window[0],
        end=observed.window[1],
        value=observed.value,
        threshold=observed.threshold,
        unit=observed.unit or rule.unit,
        source=observed.source,
        mean=observed.value,
        count=observed.count,
        rows=observed.rows,
        detail=observed.detail,
        advice=observed.advice,
        evidence_for=list(observed.evidence_for),
        evidence_against=list(observed.evidence_against),
    )
    candidate.attribute_to(observed.side, observed.side_peer, observed.confidence)
    if observed.judged:
        for limit in profile.of(rule.name)[:1]:
            for severity, threshold in limit.levels:
                if observed.value <= threshold if rule.low else observed.value >= threshold:
                    candidate.severity, candidate.threshold, candidate.source = severity, threshold, limit.source
    return candidate


def _in_scope(scope: Scope, candidate: Candidate) -> bool:
    media = candidate.stream.media if candidate.stream else None
    return scope.concerns((candidate.peer, candidate.side_peer), media, (candidate.start, candidate.end))


def in_order(context: Context, candidates: list[Candidate]) -> list[Candidate]:
    """
    Sort by severity, then by incident as the story tells them, causes before consequences.

    Of equal findings the person's own report comes first: who is cut off knows best. Sound comes before pictures:
    people complain of what they cannot hear.
    """
    told = incidents_of(context, candidates)
    turn = {id(one): place for place, incident in enumerate(told) for one in incident.members}

    def place(candidate: Candidate) -> tuple[int, int, bool, float, bool, bool, float, int]:
        return (
            -SEVERITIES.index(candidate.severity),
            turn.get(id(candidate), len(told)),
            candidate.follows,
            rank_of(candidate.rule),
            candidate.peer != candidate.side_peer,
            candidate.stream is not None and candidate.stream.media not in SOUND,
            -candidate.seconds,
            candidate.start,
        )

    return sorted(candidates, key=place)


def _row(context: Context, candidate: Candidate, profile: Profile) -> dict[str, object]:
    stream = candidate.stream
    return {
        "session_id": (stream.session_id if stream else None) or context.call.session_id,
        "rule": candidate.name,
        "severity": candidate.severity,
        "peer_id": candidate.peer,
        "display_name": context.name(candidate.peer) if candidate.peer else None,
        "media": stream.media if stream else None,
        "direction": stream.direction if stream else None,
        "stream_id": stream.stream_id if stream else None,
        "start": None if candidate.start == NO_TIME else candidate.start,
        "end": None if candidate.end == NO_TIME else candidate.end,
        "value": candidate.value,
        "threshold": candidate.threshold,
        "unit": candidate.unit,
        "profile": profile.name,
        "source": candidate.source,
        "side": candidate.side,
        "side_peer_id": candidate.side_peer,
        "confidence": candidate.confidence,
        "evidence_for": "; ".join(dict.fromkeys(candidate.evidence_for)),
        "evidence_against": "; ".join(dict.fromkeys(candidate.evidence_against)),
        "first_row": candidate.rows[0] if candidate.rows else None,
        "last_row": candidate.rows[1] if candidate.rows else None,
        "story": story_of(context, candidate),
        "next_step": next_step_of(context, candidate),
    }
