"""From flagged samples to findings: stretches of time with one start and one end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import Candidate
from rtkit_explore.findings.congestion import delay_off, limited_share
from rtkit_explore.findings.profiles import UNITS, Limit, Profile
from rtkit_explore.findings.rules import STREAM_RULES, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.stream_arrays import Bools, Floats

    Rows = NDArray[np.int64]

_HOLE_SAMPLES, _HOLE_US = 2, 20_000_000
"""Flagged stretches of a stream that are at most two samples and 20 s apart are one."""
_ONE_SAMPLE_S = 5.0
_WHOLE_SAMPLES = 3
_PARTLY = 0.6
_FULL = 0.9
"""A sample with nine tenths of the usual packets is not a partial one."""


def stream_candidates(context: Context, profile: Profile) -> list[Candidate]:
    """Apply every rule on streams that the profile has thresholds for."""
    found: list[Candidate] = []
    for rule in STREAM_RULES:
        limits = profile.of(rule.name)
        if not limits or not len(context.arrays.stream_number):
            continue
        values = rule.value(context)
        if np.isnan(values).all():
            continue
        direction = None if rule.direction == "both" else rule.direction
        open_rows = context.arrays.where(media=rule.media, direction=direction) & context.arrays.known
        if rule.layer in ("pipeline", "perception"):
            open_rows &= ~context.switched_off  # a camera that is off may still send some black pictures
        for limit in limits:
            mine = open_rows & context.arrays.where(media=limit.media) if limit.media else open_rows
            found += _candidates_of(context, rule, limit, np.where(mine, values, np.nan), profile)
            open_rows = open_rows & ~mine
    return found


def beyond(values: Floats, threshold: float, *, low: bool) -> Bools:
    """Tell which values are beyond a threshold; a floor of 0 is beyond at 0."""
    with np.errstate(invalid="ignore"):
        if not low:
            return np.asarray(values > threshold)
        return np.asarray(values <= 0) if threshold == 0 else np.asarray(values < threshold)


@dataclass(frozen=True)
class _Judged:
    """The values of one rule under one limit, and which of them are beyond it."""

    context: Context
    rule: Rule
    limit: Limit
    values: Floats
    flagged: Bools


def _candidates_of(context: Context, rule: Rule, limit: Limit, values: Floats, profile: Profile) -> list[Candidate]:
    flagged = beyond(values, limit.levels[0][1], low=rule.low)
    judged = _Judged(context, rule, limit, values, flagged)
    candidates = [_candidate(judged, one, two) for one, two in _stretches(judged)] if flagged.any() else []
    found = [(candidate, rows) for made in candidates if made is not None for candidate, rows in (made,)]
    for candidate, rows in found:
        _downgrade_weak(context, candidate, rows, profile)
    return [candidate for candidate, _ in found]


def _stretches(judged: _Judged) -> list[tuple[int, int]]:
    """Return first and last rows of flagged stretches, those put together that are close."""
    arrays, flagged, limit = judged.context.arrays, judged.flagged, judged.limit
    lasting = flagged
    if limit.recover is not None:
        lasting = flagged | beyond(judged.values, limit.recover, low=judged.rule.low)
    other_lane = (arrays.stream_number[1:] != arrays.stream_number[:-1]) & lasting[1:] & lasting[:-1]
    turns = np.diff(np.concatenate([[0], lasting.astype("int8"), [0]]))
    edge = np.flatnonzero(turns | np.concatenate([[False], other_lane, [False]]))
    found: list[tuple[int, int]] = []
    for one, two in pairwise(edge.tolist()):
        if not lasting[one] or not flagged[one:two].any():
            continue
        last = found[-1] if found else None
        if (
            last is not None
            and arrays.stream_number[last[1]] == arrays.stream_number[one]
            and one - last[1] - 1 <= _HOLE_SAMPLES
            and arrays.start[one] - arrays.end[last[1]] <= _HOLE_US
        ):
            found[-1] = (last[0], two - 1)
        else:
            found.append((one, two - 1))
    return found


def _candidate(judged: _Judged, one: int, two: int) -> tuple[Candidate, Rows] | None:
    context, rule, values = judged.context, judged.rule, judged.values
    arrays = context.arrays
    rows = np.arange(one, two + 1)[judged.flagged[one : two + 1]]
    mine = values[rows]
    worst = float(np.min(mine) if rule.low else np.max(mine))
    severity, threshold = judged.limit.levels[0]
    for level, value in judged.limit.levels:
        if bool(beyond(np.array([worst]), value, low=rule.low)[0]):
            severity, threshold = level, value
    bad = rows[beyond(mine, threshold, low=rule.low)] if severity == "bad" else rows[:0]
    if not _lasts(rule, arrays.seconds[rows], arrays.seconds[bad]):
        return None
    stream = arrays.streams[int(arrays.stream_number[one])]
    start, end = int(arrays.start[rows[0]]), int(arrays.end[rows[-1]])
    loss = rule.name in ("loss_in", "loss_out")
    if rule.name == "nothing_received":
        start, end = _outage_edges(context, rows, start, end)
    elif loss and len(rows) >= _WHOLE_SAMPLES:
        start, end = _loss_edges(judged, rows, start, end)
    elif rule.name in ("bandwidth_limited", "congested"):
        start = min(start, _limit_start(context, int(rows[0]), start))
    weight = np.nan_to_num(arrays["judged"][rows]) if loss else np.nan_to_num(arrays.seconds[rows])
    candidate = Candidate(
        rule=rule.name,
        severity=severity,
        peer=stream.peer,
        stream=stream,
        start=start,
        end=end,
        value=worst,
        threshold=threshold,
        unit=UNITS[rule.name],
        source=judged.limit.source,
        usual=float(np.average(mine, weights=weight)) if weight.sum() > 0 else worst,
        count=len(rows),
        rows=(int(arrays.row[rows].min()), int(arrays.last_row[rows].max())),
    )
    return candidate, rows


def _lasts(rule: Rule, seconds: Floats, bad_seconds: Floats) -> bool:
    """Tell whether it lasted: samples in a row and time, or one bad sample of some length where that is enough."""
    lasted = float(np.nansum(seconds))
    if rule.samples > 1 and lasted < _ONE_SAMPLE_S:
        return False
    at_once = rule.at_once and bool((bad_seconds >= _ONE_SAMPLE_S).any())
    return at_once or (len(seconds) >= rule.samples and lasted >= rule.seconds)


def _outage_edges(context: Context, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let partial neighbours set the edges: a sample with a third of its packets was cut off for two thirds."""
    arrays, rate = context.arrays, context.rate
    first, last = int(rows[0]), int(rows[-1])
    stream = arrays.streams[int(arrays.stream_number[first])]

    def missing(row: int, beside: int) -> float:
        if not (stream.rows.start <= row < stream.rows.stop) or not arrays.known[row]:
            return 0.0
        normal = stream.usual
        if stream.rows.start <= beside < stream.rows.stop and arrays.known[beside] and rate[beside] > 0:
            normal = min(normal, float(rate[beside]))  # an encoder comes back at a lower rate
        share = float(rate[row]) / normal if normal > 0 else 1.0
        return 0.0 if not share < _FULL else (1.0 - share) * float(arrays.seconds[row])

    return (
        start - round(1e6 * missing(first - 1, first - 2)),
        end + round(1e6 * missing(last + 1, last + 2)),
    )


def _loss_edges(judged: _Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let the edges follow from how much of the usual loss the first and last sample, and those beside them, have."""
    arrays, values = judged.context.arrays, judged.values
    usual = float(np.median(values[rows[1:-1]]))

    def share(row: int) -> float:
        if (
            not 0 <= row < len(values)
            or arrays.stream_number[row] != arrays.stream_number[rows[0]]
            or not values[row] > 0
        ):
            return 0.0
        return float(values[row]) / usual

    moved = []
    for edge, beside in ((int(rows[0]), int(rows[0]) - 1), (int(rows[-1]), int(rows[-1]) + 1)):
        inside, outside = share(edge), share(beside)
        if inside < _PARTLY:
            moved.append(-(1.0 - inside) * float(arrays.seconds[edge]))
        else:
            moved.append(outside * float(arrays.seconds[beside]) if 0.1 <= outside < 1.0 else 0.0)
    return start - round(1e6 * moved[0]), end + round(1e6 * moved[1])


def _limit_start(context: Context, row: int, start: int) -> int:
    """Find when an encoder's limit set in: part of the sample before, or where loss or delay told of it first."""
    arrays = context.arrays
    before = row - 1
    if before < 0 or arrays.stream_number[before] != arrays.stream_number[row] or not arrays.known[before]:
        return start
    share = float(limited_share(context, "bandwidth")[before])
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = 100 * arrays["lost"][before] / arrays["judged"][before]
    if bool(loss > 5) or bool(delay_off(context)[before] > 2):
        return int(arrays.start[before])
    return start - round(1e6 * share * float(arrays.seconds[before])) if share > 0 else start


def _downgrade_weak(context: Context, candidate: Candidate, rows: Rows, profile: Profile) -> None:
    """Make a note of what rests on too little, or is nobody's trouble."""
    stream = candidate.stream
    if stream is None:
        return
    if stream.packets < profile.fewest_packets or stream.seconds < profile.fewest_seconds:
        candidate.severity = "note"
        candidate.evidence_against.append(
            f"the stream has {stream.packets:.0f} packets in {stream.seconds:.0f} s: too little to judge"
        )
    elif candidate.rule == "late_media" and candidate.severity == "warn" and not _path_shows(context, rows):
        candidate.severity = "note"
        candidate.evidence_against.append("neither loss, jitter nor concealment at that time: the buffer alone is long")


def _path_shows(context: Context, rows: Rows) -> bool:
    """Tell whether anything on the way to the receiver was wrong while its buffer was long."""
    arrays = context.arrays
    sound = arrays.streams[int(arrays.stream_number[rows[0]])].media in ("audio", "screenshare_audio")
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = np.nanmax(np.nan_to_num(100 * arrays["lost"][rows] / arrays["judged"][rows]))
        jitter = np.nanmax(np.nan_to_num(arrays["jitter_ms"][rows]))
        mended = np.nanmax(np.nan_to_num(arrays["concealment_events"][rows] / arrays.seconds[rows]))
    return bool(loss >= 1 or jitter >= (20 if sound else 60) or mended >= 1)
