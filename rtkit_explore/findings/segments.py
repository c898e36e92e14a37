"""From flagged samples to findings: stretches of time with one start and one end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.candidates import SEVERITIES, Candidate
from rtkit_explore.measures.roll_up import roll_up_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.profiles import Limit, Profile
    from rtkit_explore.findings.rules.rule import Rule
    from rtkit_explore.findings.stream_arrays import Bools, Floats, StreamArrays

    Rows = NDArray[np.int64]

_HOLE_SAMPLES, _HOLE_US = 2, 20_000_000
"""Flagged stretches of a stream that are at most two samples and 20 s apart are one."""
_ONE_SAMPLE_S = 5.0
_SETTLING_S = 10.0
_KEPT_UP_TO = 1_000_000
"""Rows up to which the values of every rule are kept; of more, they are worked out again when they are drawn."""


@dataclass(frozen=True)
class Judged:
    """
    The values of one rule under one limit, over its span; which of them are beyond it; and those of the samples.

    The arrays begin with row ``first`` of ``context.arrays``: a candidate keeps its own rows alone, since with the
    values of all rows the findings of a large call would hold more memory than its tables.
    """

    context: Context
    rule: Rule
    limit: Limit
    values: Floats
    flagged: Bools
    samples: Floats
    first: int = 0

    def between(self, first: int, last: int) -> Judged:
        """Copy some rows, both ends included."""
        rows = slice(first - self.first, last + 1 - self.first)
        values = self.values[rows].copy()
        samples = values if self.samples is self.values else self.samples[rows].copy()
        return replace(self, values=values, flagged=self.flagged[rows].copy(), samples=samples, first=first)


def stream_candidates(context: Context, profile: Profile, rules: tuple[Rule, ...]) -> list[Candidate]:
    """Apply every rule on streams that the profile has thresholds for."""
    found: list[Candidate] = []
    for rule in rules:
        limits = profile.of(rule.name)
        if rule.value is None or not limits or not len(context.arrays.stream_number):
            continue
        values = judged_values(context, rule)
        open_rows = ~np.isnan(values)
        # Limits for certain media come first; the general one judges what they leave.
        for limit in limits:
            mine = open_rows & context.arrays.where(media=limit.media) if limit.media else open_rows
            if mine.any() and limit.levels:
                found += _candidates_of(context, rule, limit, np.where(mine, values, np.nan), profile)
            open_rows = open_rows & ~mine
    return found


def judged_values(context: Context, rule: Rule) -> Floats:
    """
    Return the value of a rule for every row that it judges, NaN elsewhere; worked out once per call.

    The findings rest on these values, and ``rtk.plot.finding`` draws them.
    """
    if len(context.arrays.stream_number) > _KEPT_UP_TO:
        return _judged_values(context, rule)
    if rule not in context.values:
        context.values[rule] = _judged_values(context, rule)
    return context.values[rule]


def _judged_values(context: Context, rule: Rule) -> Floats:
    if rule.value is None:
        return np.full(len(context.arrays.stream_number), np.nan)
    values = np.asarray(rule.value(context), dtype="float64")
    if values.shape != context.arrays.stream_number.shape:
        msg = (
            f"The rule {rule.name!r} has to give a value for each of the {len(context.arrays.stream_number)} rows of"
            f" context.arrays, and gives an array of shape {values.shape}."
        )
        raise InvalidArgumentError(msg)
    direction = None if rule.direction == "both" else rule.direction
    judged = context.arrays.where(media=rule.media, direction=direction) & context.arrays.known
    if rule.layer in ("pipeline", "perception"):
        judged &= ~context.switched_off  # a camera that is off may still send some black pictures
    return np.where(judged, values, np.nan)


def values_as_judged(context: Context, rule: Rule, limits: Sequence[Limit]) -> Floats:
    """Return the values of a rule as limits judge them: each row over the span of the limit that it is for."""
    values = judged_values(context, rule)
    out, left = values.copy(), ~np.isnan(values)
    for limit in limits:
        mine = left & context.arrays.where(media=limit.media) if limit.media else left
        if limit.over != "sample" and mine.any():
            out[mine] = over_span(context, rule, limit, np.where(mine, values, np.nan))[mine]
        left = left & ~mine
    return out


def over_span(context: Context, rule: Rule, limit: Limit, values: Floats) -> Floats:
    """
    Take the values over the span that a limit is for, so that every row holds what it is judged by.

    A limit on samples leaves them as they are. One on windows gives each row the mean, or percentile, of its window;
    one on the stream that of the whole stream. Rows without a value stay without; those of a stream that is shorter
    than a window too, since of them nothing is known.
    """
    if limit.over == "sample":
        return values
    arrays = context.arrays
    known = np.flatnonzero(~np.isnan(values))
    if limit.over == "stream":
        group = arrays.stream_number[known].astype("int64")
    else:
        group = _windows(arrays, known, 1e6 * float(limit.over))
    seconds = np.nan_to_num(arrays.seconds[known])
    # A loss is that of the packets of the span; a percentile is one of the time.
    weight = np.nan_to_num(arrays["judged"][known]) if rule.by_packets and limit.how == "mean" else seconds
    inside = group >= 0
    count = int(group.max(initial=-1)) + 1
    summed = roll_up_of("time_mean" if limit.how == "mean" else limit.how, "low" if rule.low else "high")
    taken = summed(values[known][inside], weight[inside], group[inside], count)
    out = np.full(len(values), np.nan)
    out[known[inside]] = taken[group[inside]]
    return out


def _windows(arrays: StreamArrays, known: Rows, length_us: float) -> Rows:
    """
    Put the rows of each stream into windows of whole samples, as near to a length as samples allow.

    What is left over at the end of a stream belongs to its last window; a stream that is shorter than a window has
    none (-1). A gap does not end a window: the time that is not known is not part of it.
    """
    group = np.full(len(known), -1, dtype="int64")
    bounds = np.flatnonzero(np.diff(arrays.stream_number[known], prepend=-1, append=-2))
    number = -1
    for first, stop in pairwise(bounds.tolist()):
        begin, passed, some = first, 0.0, False
        for place in range(first, stop):
            length = 1e6 * float(np.nan_to_num(arrays.seconds[known[place]]))
            passed += length
            if passed >= length_us - length / 2:
                number, some = number + 1, True
                group[begin : place + 1] = number
                begin, passed = place + 1, 0.0
        if some:
            group[begin:stop] = number
    return group


def beyond(values: Floats, threshold: float, *, low: bool) -> Bools:
    """Tell which values are beyond a threshold; a floor of 0 is beyond at 0."""
    with np.errstate(invalid="ignore"):
        if not low:
            return np.asarray(values > threshold)
        return np.asarray(values <= 0) if threshold == 0 else np.asarray(values < threshold)


def _candidates_of(context: Context, rule: Rule, limit: Limit, values: Floats, profile: Profile) -> list[Candidate]:
    spanned = over_span(context, rule, limit, values)
    flagged = beyond(spanned, limit.levels[0][1], low=rule.low)
    judged = Judged(context, rule, limit, spanned, flagged, values)
    made = [_candidate(judged, one, two) for one, two in _stretches(judged)] if flagged.any() else []
    found = [candidate for candidate in made if candidate is not None]
    for candidate in found:
        _downgrade_weak(context, candidate, profile)
        if candidate.samples is not None:
            candidate.judged = judged.between(int(candidate.samples[0]), int(candidate.samples[-1]))
    return found


def _stretches(judged: Judged) -> list[tuple[int, int]]:
    """Return first and last rows of flagged stretches, those put together between which the trouble went on."""
    arrays, flagged, limit = judged.context.arrays, judged.flagged, judged.limit
    lasting = flagged
    if limit.recover is not None:
        lasting = flagged | beyond(judged.values, limit.recover, low=judged.rule.low)
    if limit.over == "stream":
        return _whole_streams(arrays, flagged)
    other_stream = (arrays.stream_number[1:] != arrays.stream_number[:-1]) & lasting[1:] & lasting[:-1]
    turns = np.diff(np.concatenate([[0], lasting.astype("int8"), [0]]))
    edge = np.flatnonzero(turns | np.concatenate([[False], other_stream, [False]]))
    runs = [(one, two - 1) for one, two in pairwise(edge.tolist()) if lasting[one] and flagged[one:two].any()]
    found: list[tuple[int, int]] = []
    for run in runs:
        if found and _goes_on(judged, found[-1], run):
            found[-1] = (found[-1][0], run[1])
        else:
            found.append(run)
    return found


def _goes_on(judged: Judged, last: tuple[int, int], run: tuple[int, int]) -> bool:
    """
    Tell whether a trouble went on between two flagged stretches of a stream.

    It does where the samples between are unknown or still nearly as bad; a single good sample is bridged where both
    sides of it last. A bridged sample would else make a sentence untrue for part of its time.
    """
    arrays, values = judged.context.arrays, judged.values
    if arrays.stream_number[last[1]] != arrays.stream_number[run[0]]:
        return False
    hole = np.arange(last[1] + 1, run[0])
    if len(hole) > _HOLE_SAMPLES or arrays.start[run[0]] - arrays.end[last[1]] > _HOLE_US:
        return False
    threshold = judged.limit.levels[0][1]
    near = beyond(values[hole], threshold * (1.5 if judged.rule.low else 2 / 3), low=judged.rule.low)
    if bool((near | np.isnan(values[hole])).all()):
        return True
    return judged.rule.bridges or (len(hole) == 1 and min(last[1] - last[0], run[1] - run[0]) >= 1)


def _whole_streams(arrays: StreamArrays, flagged: Bools) -> list[tuple[int, int]]:
    """Return the first and last flagged row of each stream: what is judged as a whole is one finding."""
    rows = np.flatnonzero(flagged)
    if not len(rows):
        return []
    first = np.flatnonzero(np.diff(arrays.stream_number[rows], prepend=-1))
    last = np.append(first[1:], len(rows)) - 1
    return [(int(rows[one]), int(rows[two])) for one, two in zip(first, last, strict=True)]


def _candidate(judged: Judged, one: int, two: int) -> Candidate | None:
    rows = np.arange(one, two + 1)[judged.flagged[one : two + 1]]
    candidate = measured(judged, rows)
    bad = rows[beyond(judged.values[rows], candidate.threshold, low=judged.rule.low)]
    seconds = judged.context.arrays.seconds
    if judged.limit.over != "sample":
        # A value over a span has lasted for the span.
        candidate.span = judged.limit.span
        candidate.evidence_for.append(f"judged by the {judged.limit.span}")
        return candidate
    if not _lasts(judged.rule, seconds[rows], seconds[bad if candidate.severity == "bad" else rows[:0]]):
        return None
    # ICE, the bandwidth estimate and the encoder need the first ten seconds: what is over by then is no trouble.
    if judged.rule.layer != "connectivity" and bool((judged.context.age_s[rows] < _SETTLING_S).all()):
        return None
    if judged.rule.edges is not None:
        candidate.start, candidate.end = judged.rule.edges(judged, rows, candidate.start, candidate.end)
    return candidate


def measured(judged: Judged, rows: Rows) -> Candidate:
    """Make a candidate of flagged rows of one stream: its worst value and severity, its mean over the whole time."""
    arrays, rule = judged.context.arrays, judged.rule
    values = judged.values[rows - judged.first]
    worst = float(np.min(values) if rule.low else np.max(values))
    severity, threshold = judged.limit.levels[0]
    for level, value in judged.limit.levels:
        if bool(beyond(np.array([worst]), value, low=rule.low)[0]):
            severity, threshold = level, value
    whole = np.arange(rows[0], rows[-1] + 1)
    whole = whole[~np.isnan(judged.values[whole - judged.first])]
    weight = np.nan_to_num(arrays["judged"][whole] if rule.by_packets else arrays.seconds[whole])
    stream = arrays.streams[int(arrays.stream_number[rows[0]])]
    return Candidate(
        rule=rule,
        severity=severity,
        peer=stream.peer,
        stream=stream,
        start=int(arrays.start[rows[0]]),
        end=int(arrays.end[rows[-1]]),
        value=worst,
        threshold=threshold,
        unit=rule.unit,
        source=judged.limit.source,
        mean=float(np.average(judged.samples[whole - judged.first], weights=weight)) if weight.sum() > 0 else worst,
        count=len(rows),
        of=len(whole),
        rows=(int(arrays.row[rows].min()), int(arrays.last_row[rows].max())),
        samples=rows,
        judged=judged,
    )


def part_of(candidate: Candidate, rows: Rows) -> Candidate:
    """Cut a part out of a candidate; at the ends that it shares with the whole it begins and ends as that does."""
    if candidate.judged is None or candidate.samples is None:
        return candidate
    part = measured(candidate.judged, rows)
    if rows[0] == candidate.samples[0]:
        part.start = candidate.start
    if rows[-1] == candidate.samples[-1]:
        part.end = candidate.end
    part.evidence_against = list(candidate.evidence_against)
    part.severity = min(part.severity, candidate.severity, key=SEVERITIES.index)
    return part


def _lasts(rule: Rule, seconds: Floats, bad_seconds: Floats) -> bool:
    """Tell whether it lasted: samples in a row and time, or one bad sample of some length where that is enough."""
    lasted = float(np.nansum(seconds))
    if rule.samples > 1 and lasted < _ONE_SAMPLE_S:
        return False
    at_once = rule.at_once and bool((bad_seconds >= _ONE_SAMPLE_S).any())
    return at_once or (len(seconds) >= rule.samples and lasted >= rule.seconds)


def _downgrade_weak(context: Context, candidate: Candidate, profile: Profile) -> None:
    """Make a note of what rests on too little, or is nobody's trouble."""
    stream, rows = candidate.stream, candidate.samples
    if stream is None or rows is None:
        return
    if stream.packets < profile.fewest_packets or stream.seconds < profile.fewest_seconds:
        candidate.severity = "note"
        candidate.evidence_against.append(
            f"the stream has {stream.packets:.0f} packets in {stream.seconds:.0f} s: too little to judge"
        )
        return
    excuse = candidate.rule.excuse
    why = excuse(context, rows) if excuse is not None and candidate.severity == "warn" else None
    if why is not None:
        candidate.severity = "note"
        candidate.evidence_against.append(why)
