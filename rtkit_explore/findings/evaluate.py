"""
The findings of a call, worked out once per call and profile: rules, then attribution, then order and words.

The way of a finding: ``stream_arrays`` puts the layers of simulcast together; a rule's ``value`` gives a number for
each sample (``rules/``); ``segments`` makes stretches of samples beyond a threshold into candidates; ``attribution``
says whose side; ``narrative`` says it in words; and a row of the table ``findings`` comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.findings.attribution import attribute
from rtkit_explore.findings.candidates import SEVERITIES, Candidate
from rtkit_explore.findings.context import Context, context_of
from rtkit_explore.findings.evaluation import Evaluation
from rtkit_explore.findings.incidents import incidents_of
from rtkit_explore.findings.profiles import Profile, ProfileLike, profile_of
from rtkit_explore.findings.rules import rank_of
from rtkit_explore.findings.segments import stream_candidates
from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.findings.context import CallTables
    from rtkit_explore.findings.rules.rule import Observation, Rule
    from rtkit_explore.tables.scope import Scope


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
        found = context.evaluations[judged] = _evaluation(context, judged)
    return found


def _evaluation(context: Context, profile: Profile) -> Evaluation:
    """Find, attribute and put in order; of a narrowed call, take what concerns it from the whole call's."""
    if context.whole is not None:
        whole = evaluate(context.whole.call, profile, context=context.whole)
        mine = [candidate for candidate in whole.candidates if _in_scope(context.scope, candidate)]
        return Evaluation(context, profile, mine, incidents_of(context, mine))
    rules = profile.all_rules
    found = [*stream_candidates(context, profile, rules), *participant_candidates(context, profile, rules)]
    candidates = sorted(attribute(context, found), key=_place)
    incidents = incidents_of(context, candidates)
    # The table stands in the order of the story: of equally bad findings, those of the incident that is told first.
    turn = {id(one): place for place, incident in enumerate(incidents) for one in incident.members}
    candidates.sort(key=lambda one: (-SEVERITIES.index(one.severity), turn.get(id(one), len(incidents))))
    return Evaluation(context, profile, candidates, incidents)


def ready(call: CallTables) -> Context:
    """Make a call ready to be judged: streams, who was muted or hidden, whose clock is off."""
    context = context_of(call)
    offsets = clock_offsets(call.quality, call.participants, call.events)
    told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
    context.arrays.shifts = {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    return context


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


def _place(candidate: Candidate) -> tuple[int, bool, float, bool, bool, float, int]:
    """
    Put the worst first, and causes before consequences.

    Of equal findings the person's own report comes first: who is cut off knows best. Sound comes before pictures:
    people complain of what they cannot hear.
    """
    return (
        -SEVERITIES.index(candidate.severity),
        candidate.follows,
        rank_of(candidate.rule),
        candidate.peer != candidate.side_peer,
        candidate.stream is not None and candidate.stream.media not in SOUND,
        -candidate.seconds,
        candidate.start,
    )
