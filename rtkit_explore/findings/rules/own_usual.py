"""
The rules that hold sound against its own usual: what a busy machine never sent, and what shook below the limits.

Thresholds of calls in general say nothing of a machine that captures half of a voice, nor of a line that became ten
times less steady and is still within what listeners bear. What a stream did before tells both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.congestion import ratio, uneven_from
from rtkit_explore.findings.narrative import figure
from rtkit_explore.findings.rules.rule import BUSY, OF_MACHINE, Observation, Rule
from rtkit_explore.findings.stream_arrays import calm_of, runs_of
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rtkit_explore.findings.candidates import Candidate, Side
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.profiles import Profile
    from rtkit_explore.findings.stream_arrays import Floats, Stream

_STEADY = 20.0
"""Packets per second from which on a microphone sends steadily: with silence suppression it does not."""
_LITTLE = 0.02
"""Lost packets above this share are trouble on the way, whatever the machine does."""
_LESS_STEADY, _LEAST_MS, _MOST_MS = 5.0, 12.0, 30.0
"""How many times the usual jitter, and from how many ms on; from 30 ms on ``jitter`` names it."""
_SAMPLES, _BEFORE = 3, 3
"""Samples in a row that are no chance; samples that tell what was usual."""
_TOGETHER = 0.5


def _usual_jitter(context: Context) -> Floats:
    """Return for each row the median jitter of the calmer half of its stream's samples, at least 1 ms."""
    return context.once("usual jitter", lambda: context.arrays.spread(_calm_jitter(context)))


def _calm_jitter(context: Context) -> list[float]:
    """Return the usual jitter of each stream; NaN of those with too few samples."""
    told = [context.arrays["jitter_ms"][stream.rows] for stream in context.arrays.streams]
    return [max(1.0, calm_of(jitter)) if np.count_nonzero(~np.isnan(jitter)) >= _BEFORE else np.nan for jitter in told]


def _captured(context: Context) -> Floats:
    """
    Return the packets of sent sound in percent of the stream's usual number, where they left unevenly as well.

    A microphone that is muted, or silent, sends less and evenly. A machine that does not keep up misses what it should
    have captured: fewer packets leave, in bunches, whatever the network does.
    """
    arrays = context.arrays
    usual, jitter = _usual_jitter(context), arrays["jitter_ms"]
    with np.errstate(invalid="ignore"):
        uneven = jitter > uneven_from(usual)
        whole = ~(ratio(arrays["lost"], arrays["judged"]) > _LITTLE)
    steady = arrays.spread([stream.usual for stream in arrays.streams]) >= _STEADY
    open_rows = uneven & whole & steady & ~context.switched_off & ~context.unseen & ~context.final
    return np.where(open_rows, context.share, np.nan)


def _not_captured(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say how much of a voice was never sent."""
    return f"{words['me']}'s machine sent only {figure(candidate.mean)} % of the usual packets of the {words['media']}"


NOT_CAPTURED = Rule(
    "not_captured",
    "pipeline",
    "% of usual packets",
    "packets sent, of the usual",
    _not_captured,
    "Close other programs on that machine, plug in its charger; see whether it gets hot and slows down.",
    value=_captured,
    reads=("packets", "jitter_ms", "interval_s"),
    direction="producer",
    media=SOUND,
    low=True,
    tags=frozenset({OF_MACHINE, BUSY}),
    beside=("jitter_ms", "rtt_ms"),
)


def _unsteady(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note whose line became less steady than usual, and yet stayed below the limits: all its sound shook at once."""
    sound = [
        one
        for one in context.arrays.streams
        if one.consumer and one.media in SOUND and one.peer and one.remote not in (None, one.peer) and one.usual > 0
    ]
    shaken = {one.number: window for one in sound for window in [_shaken(context, one)] if window is not None}
    for peer in sorted({who for one in sound for who in (one.peer, one.remote) if who is not None}):
        heard = [one for one in sound if one.peer == peer]
        sent = [one for one in sound if one.remote == peer]
        ways: tuple[tuple[list[Stream], set[str | None], Side], ...] = (
            (heard, {one.remote for one in heard}, "receiver_downlink"),
            (sent, {one.peer for one in sent}, "sender_uplink"),
        )
        for mine, others, side in ways:
            window = _of_all(mine, shaken)
            if len(others) > 1 and window is not None:
                found = _observed(context, peer, mine, window)
                found.side, found.side_peer, found.confidence = side, peer, "medium"
                found.evidence_for.append(f"all sound of {len(others)} others shook at that time, and nothing else")
                yield found


def _shaken(context: Context, stream: Stream) -> Window | None:
    """Return when a received stream shook for some samples in a row, below the limits and whole; or None."""
    arrays, rows, shift = context.arrays, stream.rows, context.shift(stream)
    jitter, usual = arrays["jitter_ms"][rows], _usual_jitter(context)[rows]
    with np.errstate(invalid="ignore"):
        up = (jitter >= np.maximum(_LESS_STEADY * usual, _LEAST_MS)) & (context.age_s[rows] >= 0)
    runs = [(one, two) for one, two in runs_of(up) if two - one >= _SAMPLES]
    if len(runs) != 1:
        return None
    first, stop = runs[0]
    lost = float(np.nansum(arrays["lost"][rows][first:stop])), float(np.nansum(arrays["judged"][rows][first:stop]))
    if float(np.nanmedian(jitter[first:stop])) >= _MOST_MS or lost[0] > _LITTLE * lost[1]:
        return None
    return int(arrays.start[rows][first]) - shift, int(arrays.end[rows][stop - 1]) - shift


def _of_all(streams: list[Stream], shaken: Mapping[int, Window]) -> Window | None:
    """Return the time at which all of some streams shook together; None where not all of them did."""
    windows = [shaken.get(one.number) for one in streams]
    known = [one for one in windows if one is not None]
    if not known or len(known) < len(windows):
        return None
    begin, end = min(one for one, _ in known), max(two for _, two in known)
    common = min(two for _, two in known) - max(one for one, _ in known)
    return (begin, end) if common >= _TOGETHER * (end - begin) else None


def _observed(context: Context, peer: str, streams: list[Stream], window: Window) -> Observation:
    """Say how much some streams shook, beside what they usually do."""
    arrays, now, usual = context.arrays, [], []
    for one in streams:
        rows, shift = one.rows, context.shift(one)
        inside = (arrays.end[rows] - shift > window[0]) & (arrays.start[rows] - shift < window[1])
        now.append(float(np.nanmedian(arrays["jitter_ms"][rows][inside])))
        usual.append(float(_usual_jitter(context)[rows.start]))
    ahead = round(1e6 * arrays.shifts.get(peer, 0.0))
    value, calm = float(np.median(now)), float(np.median(usual))
    return Observation(
        peer,
        (window[0] + ahead, window[1] + ahead),
        value,
        f"{figure(value)} ms of jitter instead of {figure(calm)} ms",
        threshold=_LESS_STEADY * calm,
        source="five times the usual of the stream, from 12 ms on: this project, from recordings of real browsers",
    )


def _less_steady(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say in which direction a line was less steady than usual."""
    part = "downlink" if candidate.side == "receiver_downlink" else "uplink"
    return f"{words['me']}'s {part} was less steady than usual, within the limits: {candidate.detail}"


UNSTEADY = Rule(
    "unsteady",
    "transport",
    "ms",
    "jitter",
    _less_steady,
    "Nothing, unless somebody complains of that time: then look at the Wi-Fi of that network.",
    find=_unsteady,
    drawn="timeline",
)
