"""Whether a sender's line was too small for what it sent: limits of the encoder, queues, and what overflowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rtkit_explore.findings.stream_arrays import runs_of
from rtkit_explore.table_schema.columns import LIMITS, PICTURE, SOUND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.stream_arrays import Bools, Floats, Stream

SETTLING_S = 14.0
"""Two samples in which a stream finds its rate are left out."""
_LIMITED = 0.3
_OVERFLOWS, _CLEARED = 5.0, 2.0
"""Percent lost: a queue that overflows, and one that does not any more."""
_LESS = 1 / 3
_SOON = 3
_LONG_TRIP_MS, _AS_MUCH, NEARLY_ALL = 300.0, 0.65, 0.75
"""Of its usual bytes, what a sender is not held back of: beside a round trip below that, and beside a longer one."""
_LITTLE = 0.03
"""Of its packets, what the far end counts as lost of a stream that only comes out of order."""
_TIMES, _MORE_MS, _WAITS_MS = 3.0, 8.0, 5.0
"""How much more jitter than usual is unsteady, in times and in ms; and in ms where less is sent as well."""
_TWICE = 2
"""Samples below which a median says nothing."""


def ratio(part: Floats, whole: Floats, *, fewest: float = 0.0) -> Floats:
    """Return part / whole where the whole is above ``fewest``, else NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > fewest, part / whole, np.nan))


def limited_share(context: Context, limit: Literal["cpu", "bandwidth"]) -> Floats:
    """Return the share of the interval in which the encoder was limited; 1 or 0 by the reason where not timed."""
    return context.once(f"limited {limit}", lambda: _limited_share(context, limit))


def _limited_share(context: Context, limit: Literal["cpu", "bandwidth"]) -> Floats:
    arrays = context.arrays
    timed = ratio(arrays[f"limited_{limit}_s"], arrays.seconds, fewest=0.5)
    by_reason = np.where(arrays.limited_by < 0, np.nan, (arrays.limited_by == LIMITS.index(limit)).astype("float64"))
    by_reason = np.where(arrays.known, by_reason, np.nan)
    share = np.minimum(np.where(np.isnan(timed), by_reason, timed), 1.0)
    if limit == "bandwidth":
        for stream in arrays.streams:
            if not stream.consumer and stream.media in PICTURE and np.isnan(share[stream.rows]).all():
                share[stream.rows] = _inferred_limit(context, stream)
    return share


def _inferred_limit(context: Context, stream: Stream) -> Floats:
    """
    Infer from the bitrate when bandwidth limited an encoder whose browser does not say so, as Firefox.

    It did from a sample with loss on, if less than half of the usual was sent after it, until that came back.
    """
    arrays, rows = context.arrays, stream.rows
    rate = ratio(arrays["bytes"][rows], arrays.seconds[rows])
    loss = 100 * ratio(arrays["lost"][rows], arrays["judged"][rows])
    found = np.full(len(rate), np.nan)
    settled = context.age_s[rows] >= SETTLING_S
    if not settled.any() or np.isnan(rate[settled]).all():
        return found
    usual = float(np.nanquantile(rate[settled], 0.8))
    with np.errstate(invalid="ignore"):
        low, lossy = rate < 0.5 * usual, loss > _OVERFLOWS
    found[~np.isnan(rate)] = 0.0
    for first, last in runs_of(low):
        begun = lossy[max(0, first - 2) : first + 2]
        if last - first >= 2 and begun.any() and settled[first]:
            found[max(0, first - 2) + int(np.argmax(begun)) : last] = 1.0
    return found


def delay_off(context: Context) -> Floats:
    """
    Return the round trip as a multiple of its own moving mean, over the eight samples before, at least 60 ms up.

    Only where it falls back within three samples: a queue drains when the encoder steps down, while a longer path, or a
    TCP leg that stalls, keeps the round trip up. That is delay, and ``round_trip`` names it.
    """
    return context.once("delay_off", lambda: _delay_off(context))


def _delay_off(context: Context) -> Floats:
    arrays = context.arrays
    trip = arrays["rtt_ms"]
    found = np.full(len(trip), np.nan)
    for stream in arrays.streams:
        if stream.consumer:
            continue
        mine = trip[stream.rows]
        good = ~np.isnan(mine)
        total, count = np.cumsum(np.where(good, mine, 0.0)), np.cumsum(good)
        far = np.maximum(np.arange(len(mine)) - 8, 0)
        before = np.concatenate([[0.0], total])[:-1] - np.concatenate([[0.0], total])[far]
        seen = np.concatenate([[0], count])[:-1] - np.concatenate([[0], count])[far]
        mean = ratio(before, seen.astype("float64"))
        with np.errstate(invalid="ignore"):
            off = np.where(mine - mean >= 60, mine / mean, np.minimum(mine / mean, 1.0))
            found[stream.rows] = np.where(_stays_up(mine), np.minimum(off, 1.0), off)
    return found


def _stays_up(trip: Floats) -> Bools:
    """Tell which samples belong to a round trip that stays up for more than three samples."""
    calm = np.nanmedian(np.sort(trip[~np.isnan(trip)])[: max(1, len(trip) // 2)]) if (~np.isnan(trip)).any() else 0.0
    up = np.nan_to_num(trip, nan=np.inf) > calm + 60
    found = np.zeros(len(trip), dtype=bool)
    for first, last in runs_of(up):
        known = up[first:last] & ~np.isnan(trip[first:last])
        if known.sum() > _SOON:
            found[first:last] = True
    return found


def congested(context: Context) -> Floats:
    """
    Return where the encoder is limited by bandwidth and packets queue or overflow, as a factor.

    Either the round trip is far off its own mean (its multiple), or packets are lost until the encoder sends a third or
    less, and then no more (how many times less). The queue fills before the encoder knows, so the sample before its
    limit counts as well. Loss that goes on however little is sent, beside a round trip that stays where it was, is a
    lossy link and no full queue: ``loss_out`` names it.
    """
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        limited = limited_share(context, "bandwidth") > _LIMITED
    soon = limited.copy()
    soon[:-1] |= limited[1:] & (arrays.stream_number[1:] == arrays.stream_number[:-1])
    value = np.where(soon, delay_off(context), np.nan)
    with np.errstate(invalid="ignore"):
        value[[row for row in np.flatnonzero(value > 1).tolist() if _hardly_felt(context, row)]] = 1.0
    for stream in arrays.streams:
        if not stream.consumer and limited[stream.rows].any():
            value[stream.rows] = np.fmax(value[stream.rows], _overflow(context, stream, limited[stream.rows]))
    return np.where(context.age_s >= SETTLING_S, value, np.nan)


def _hardly_felt(context: Context, row: int) -> bool:
    """
    Tell whether a queue did nothing to what was sent: nothing lost, and about as many bytes as before.

    Servers and clients that are busy for a moment look like that, for everybody at once; and so does an uplink that
    holds packets up and then lets them all go: no line is too narrow for what goes through it. The longer the round
    trip was, the less of the bytes may be missing.
    """
    arrays = context.arrays
    rows = arrays.streams[int(arrays.stream_number[row])].rows
    if arrays["lost"][row] > _LITTLE * arrays["judged"][row]:
        return False
    left = sent_of_usual(context, rows, row, row + _SOON)
    return left >= (_AS_MUCH if arrays["rtt_ms"][row] < _LONG_TRIP_MS else NEARLY_ALL)


def sent_of_usual(context: Context, rows: slice, first: int, stop: int) -> float:
    """Return the least share of its usual bytes that a stream sent in some of its samples; NaN where unknown."""
    arrays = context.arrays
    rate = ratio(arrays["bytes"][rows], arrays.seconds[rows])
    before, during = rate[: first - rows.start], rate[first - rows.start : stop - rows.start]
    if np.isnan(before).all() or np.isnan(during).all():
        return float("nan")
    return float(np.nanmin(during)) / float(np.nanquantile(before, 0.8))


@dataclass(frozen=True)
class Unsteady:
    """
    An uplink that was unsteady and let nearly everything through.

    Attributes
    ----------
    start, end
        Microseconds since 1970, by the sender's clock.
    jitter_ms, usual_ms
        Median jitter of the sound at the far end in that time, and before.
    """

    start: int
    end: int
    jitter_ms: float
    usual_ms: float


def uneven_from(usual: Floats | float) -> Floats:
    """Return the jitter at the far end, ms, above which packets did not leave or arrive evenly, from what is usual."""
    return np.maximum(_TIMES * usual, usual + _MORE_MS)


def unsteady_uplink(context: Context, limit: Candidate) -> Unsteady | None:
    """
    Tell whether an encoder that bandwidth limited was held back by an unsteady uplink, and not by a narrow one.

    Packets that come in bunches or out of order make the estimate of the bandwidth fall. The encoder says that
    bandwidth limits it, and yet nearly as much goes out as before: the jitter at the far end tells what it was.
    """
    stream, samples, arrays = limit.stream, limit.samples, context.arrays
    if stream is None or samples is None or not len(samples):
        return None
    if not sent_of_usual(context, stream.rows, int(samples[0]), int(samples[-1]) + 1) >= NEARLY_ALL:
        return None
    for rows, usual in _calm_jitter(context, stream.peer, limit.start):
        jitter = arrays["jitter_ms"][rows]
        during = ~np.isnan(jitter) & (arrays.end[rows] > limit.start) & (arrays.start[rows] < limit.end)
        shaken = np.flatnonzero(during & (jitter > uneven_from(usual)))
        if len(shaken) >= _TWICE:
            one, two = int(arrays.start[rows[shaken[0]]]), int(arrays.end[rows[shaken[-1]]])
            return Unsteady(one, two, float(np.median(jitter[shaken])), usual)
    return None


def queued_without_loss(context: Context, stream: Stream, rows: NDArray[np.int64]) -> bool:
    """
    Tell whether less was sent while the sound beside it arrived unsteadily at the far end: a full line, and no cap.

    An encoder that settles below a narrow line loses nothing, and its round trips, taken now and then, are as short as
    before. Its pictures still fill the line for moments, in which the sound waits; a cap of the room makes none wait.
    """
    arrays, start, end = context.arrays, int(context.arrays.start[rows[0]]), int(context.arrays.end[rows[-1]])
    if not sent_of_usual(context, stream.rows, int(rows[0]), int(rows[-1]) + 1) < NEARLY_ALL:
        return False
    for sound, usual in _calm_jitter(context, stream.peer, start):
        jitter = arrays["jitter_ms"][sound]
        during = jitter[~np.isnan(jitter) & (arrays.end[sound] > start) & (arrays.start[sound] < end)]
        if len(during) >= _TWICE and float(np.median(during)) > max(_TIMES * usual, usual + _WAITS_MS):
            return True
    return False


def _calm_jitter(context: Context, peer: str | None, until: int) -> Iterator[tuple[NDArray[np.intp], float]]:
    """Give the rows of each sound that a participant sent, and the median of its jitter at the far end until then."""
    arrays = context.arrays
    for sound in context.of_peer.get(peer or "", ()):
        if sound.consumer or sound.media not in SOUND:
            continue
        rows = np.arange(sound.rows.start, sound.rows.stop)
        jitter = arrays["jitter_ms"][rows]
        before = jitter[~np.isnan(jitter) & (arrays.end[rows] <= until) & (context.age_s[rows] >= 0)]
        if len(before) >= _TWICE:
            yield rows, float(np.median(before))


def _overflow(context: Context, stream: Stream, limited: Bools) -> Floats:
    """Return how many times less was sent when packets were lost no more; NaN where that is not what happened."""
    arrays, rows = context.arrays, stream.rows
    loss = 100 * ratio(arrays["lost"][rows], arrays["judged"][rows])
    rate = ratio(arrays["bytes"][rows], arrays.seconds[rows])
    found = np.full(len(loss), np.nan)
    with np.errstate(invalid="ignore"):
        heavy = loss > _OVERFLOWS
        for first, clear in runs_of(heavy):
            before, after = rate[max(0, first - 6) : first], slice(clear, clear + 2)
            before = before[~np.isnan(before)]
            ended = len(loss[after]) == 2 and bool((limited[after] & (loss[after] < _CLEARED)).all())
            if clear - first > _SOON or not ended or not len(before):
                continue
            usual, less = float(np.median(before)), float(np.mean(rate[after]))
            if less <= _LESS * usual:
                found[first:clear] = usual / max(less, 1.0)
    return found
