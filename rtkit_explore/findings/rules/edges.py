"""When within its first and last sample a finding began and ended, by what the samples beside them show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.congestion import delay_off, limited_share

if TYPE_CHECKING:
    from rtkit_explore.findings.segments import Judged, Rows
    from rtkit_explore.findings.stream_arrays import Floats

_WHOLE_SAMPLES = 3
_PARTLY = 0.6
_STEP, _BACK, _FLUENT, _BEFORE = 2.5, 0.25, 0.8, 6
_FLAT, _FLAT_FOR = 1.15, 4
"""Times what came through; parts of the bitrate and of the frame rate of so many samples before."""
_FULL = 0.9
"""A sample with nine tenths of the usual packets is not a partial one."""


def outage_edges(judged: Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let partial neighbours set the edges: a sample with a third of its packets was cut off for two thirds."""
    context = judged.context
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


def interruption_edges(judged: Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let a silence that spans the end of one sample and the beginning of the next last as long as both lack."""
    if len(rows) != 2 or rows[1] != rows[0] + 1:
        return start, end
    middle = int(judged.context.arrays.end[rows[0]])
    before, after = (round(1e6 * float(judged.values[row])) for row in rows)
    return middle - before, middle + after


def loss_edges(judged: Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let the edges follow from how much of the usual loss the first and last sample, and those beside them, have."""
    if len(rows) < _WHOLE_SAMPLES:
        return start, end
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


def limit_edges(judged: Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """
    Let a limit of the encoder begin in the sample before, as far as that was limited, and end when it climbs again.

    An encoder comes back long after its link: from when on it sends half as much again as before, the link is wide. It
    may also stay for minutes on a step that is far above what had come through, and below what it sent before.
    """
    arrays = judged.context.arrays
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = arrays["bytes"][rows] / arrays.seconds[rows]
    known = rate[~np.isnan(rate)]
    if len(known) >= _WHOLE_SAMPLES:
        narrow = np.flatnonzero(rate <= min(1.6 * float(np.median(known)), _step_above(judged, rows, rate)))
        if len(narrow):
            end = min(end, int(arrays.end[rows[narrow[-1]]]))
    return min(start, _limit_start(judged, int(rows[0]), start)), end


def _step_above(judged: Judged, rows: Rows, rate: Floats) -> float:
    """
    Return the rate above which an encoder has left a narrow link behind, though it is still limited.

    That is a step of several times what came through at least, to a good part of what was sent before, with all frames,
    and either these had been fewer or the rate stands still at the step. Infinite where there is no such step: a link
    that stays narrow lets through what it lets through.
    """
    arrays, stream = judged.context.arrays, int(judged.context.arrays.stream_number[rows[0]])
    first = arrays.streams[stream].rows.start
    with np.errstate(invalid="ignore", divide="ignore"):
        earlier = arrays["bytes"][first : rows[0]] / arrays.seconds[first : rows[0]]
        frames = arrays["frames"] / arrays.seconds
    earlier, before = earlier[-_BEFORE:], frames[first : rows[0]][-_BEFORE:]
    if np.isnan(earlier).all() or np.isnan(before).all():
        return np.inf
    step = max(_STEP * float(np.nanquantile(rate, 0.25)), _BACK * float(np.nanmedian(earlier)))
    above = rate > step
    if not above[-1] or above.all():
        return np.inf
    begin = int(np.flatnonzero(~above)[-1]) + 1
    fluent = float(np.nanmedian(frames[rows[begin:]])) >= _FLUENT * float(np.nanmedian(before))
    slow = float(np.nanmin(frames[rows[:begin]])) < _FLUENT * float(np.nanmedian(before))
    beyond = rate[begin:]
    steady = len(beyond) >= _FLAT_FOR and float(np.nanmax(beyond)) <= _FLAT * float(np.nanmin(beyond))
    return step if len(rows) - begin >= 2 and fluent and (slow or steady) else np.inf


def lateness_edges(judged: Judged, rows: Rows, start: int, end: int) -> tuple[int, int]:
    """Let late media begin with the jitter that made the buffer grow, where that was half as long already."""
    arrays, values = judged.context.arrays, judged.values
    stream = arrays.streams[int(arrays.stream_number[rows[0]])]
    jitter = arrays["jitter_ms"]
    known = jitter[stream.rows][~np.isnan(jitter[stream.rows])]
    if not len(known):
        return start, end
    shaky = max(2.5 * float(np.quantile(known, 0.25)), 10.0)
    row = int(rows[0]) - 1
    threshold = judged.limit.levels[0][1]
    while row > stream.rows.start and jitter[row] >= shaky and 0.5 * threshold <= values[row] <= threshold:
        start = int(arrays.start[row])
        row -= 1
    return start, end


def _limit_start(judged: Judged, row: int, start: int) -> int:
    """Find when an encoder's limit set in: part of the sample before, or where loss or delay told of it first."""
    context = judged.context
    arrays = context.arrays
    before = row - 1
    if before < 0 or arrays.stream_number[before] != arrays.stream_number[row] or not arrays.known[before]:
        return start
    # A sample at a cap, which is not judged, is limited and no part of this.
    capped = bool(np.isnan(judged.values[before])) and bool(limited_share(context, "bandwidth")[before] > 0.9)
    share = 0.0 if capped else float(limited_share(context, "bandwidth")[before])
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = 100 * arrays["lost"][before] / arrays["judged"][before]
    if bool(loss > 5) or bool(delay_off(context)[before] > 2):
        return int(arrays.start[before])
    return start - round(1e6 * share * float(arrays.seconds[before])) if share > 0 else start
