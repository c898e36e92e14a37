"""One direction of somebody's network: rate and queue, delay and jitter, random and burst loss, outages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.simulator.plan import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.simulator.plan import Impair

    Floats = NDArray[np.float64]

TICK = 0.02
"""Resolution of bursts, s: the distance of two audio packets."""

SHORT_OUTAGE_S = 8.0
"""Up to which length of an outage two browsers go on with a stream and count the hole in its numbers as lost."""


@dataclass
class Link:
    """
    State of a one-way link at every step.

    Attributes
    ----------
    loss, burst_ms, delay_ms, jitter_ms, kbps, queue_ms
        As in :class:`~rtkit_explore.simulator.plan.Impair`; one value per step.
    down
        Share of the step during which nothing passes, 0 to 1.
    stall_ms
        How long the last packet of the step waits because a TCP connection underneath stalls.
    usual_delay_ms, usual_jitter_ms
        The everyday state.
    touched
        Whether anything but the everyday state was ever set.
    """

    loss: Floats
    burst_ms: Floats
    delay_ms: Floats
    jitter_ms: Floats
    kbps: Floats
    queue_ms: Floats
    down: Floats
    stall_ms: Floats
    usual_delay_ms: float = 0.0
    usual_jitter_ms: float = 0.0
    touched: bool = False

    @classmethod
    def fair(cls, steps: int, *, delay_ms: float, jitter_ms: float, loss: float = 0.0) -> Link:
        """Make a link without noticeable impairments."""

        def full(count: int, value: float) -> Floats:
            return np.full(count, float(value))

        return cls(
            loss=full(steps, loss),
            burst_ms=np.zeros(steps),
            delay_ms=full(steps, delay_ms),
            jitter_ms=full(steps, jitter_ms),
            kbps=full(steps, np.inf),
            queue_ms=full(steps, 300.0),
            down=np.zeros(steps),
            stall_ms=np.zeros(steps),
            usual_delay_ms=delay_ms,
            usual_jitter_ms=jitter_ms,
        )

    def impair(self, impairment: Impair) -> None:
        """Lay an impairment over the link; what overlaps adds up, and the narrower rate wins."""
        self.touched = True
        # Steps at the edges are covered in part: a share or a delay is taken in part, a rate where it covers most.
        share = cover(impairment.start, impairment.end, self.loss.size)
        inside = share > 0
        self.loss[inside] = 1 - (1 - self.loss[inside]) * (1 - impairment.loss * share[inside])
        self.burst_ms[inside] = np.maximum(self.burst_ms[inside], impairment.burst_ms)
        self.delay_ms += impairment.delay_ms * share
        self.jitter_ms += impairment.jitter_ms * share
        if impairment.kbps is not None:
            mostly = share >= 0.5
            self.kbps[mostly] = np.minimum(self.kbps[mostly], impairment.kbps)
            self.queue_ms[mostly] = impairment.queue_ms
        if impairment.down:
            self.down = np.maximum(self.down, share)

    def stall(self, start: float, end: float, waits_ms: Floats) -> None:
        """Let the TCP connection underneath stall in bunches between two moments: packets wait, none is lost."""
        self.touched = True
        steps = self.loss.size
        self.stall_ms = np.maximum(self.stall_ms, waits_ms[:steps] * (cover(start, end, steps) > 0.5))

    @property
    def unsteady(self) -> NDArray[np.bool_]:
        """Steps in which packets arrive so irregularly that a sender takes it for a lack of bandwidth."""
        flags: NDArray[np.bool_] = (self.jitter_ms > 15.0) | (self.stall_ms > 0)
        return flags

    def absorb(self, other: Link) -> None:
        """
        Make this the whole way to the other side: what is done to ``other``, its last stretch, is done here.

        Only what was laid over ``other`` moves; its everyday delay and jitter are part of this link's already.
        """
        narrower = other.kbps < self.kbps
        self.loss = 1 - (1 - self.loss) * (1 - other.loss)
        self.burst_ms = np.maximum(self.burst_ms, other.burst_ms)
        self.delay_ms = self.delay_ms + (other.delay_ms - other.usual_delay_ms)
        self.jitter_ms = self.jitter_ms + (other.jitter_ms - other.usual_jitter_ms)
        self.kbps = np.minimum(self.kbps, other.kbps)
        self.queue_ms = np.where(narrower, other.queue_ms, self.queue_ms)
        self.down = np.maximum(self.down, other.down)
        self.stall_ms = np.maximum(self.stall_ms, other.stall_ms)
        self.touched = self.touched or other.touched

    def loss_share(self, rng: np.random.Generator) -> Floats:
        """Share of packets that each step loses: the mean for random loss, a Gilbert chain's for bursts."""
        bursty = self.burst_ms > 0
        if not bursty.any():
            return self.loss
        share = self.loss.copy()
        where = np.flatnonzero(bursty)
        share[where] = gilbert(rng, float(self.loss[where].max()), float(self.burst_ms[where].max()), where.size)
        return share


def cover(start: float, end: float, steps: int) -> Floats:
    """Share of each step that lies within [start, end), seconds."""
    left = np.arange(steps) * STEP
    share: Floats = np.clip((np.minimum(left + STEP, end) - np.maximum(left, start)) / STEP, 0.0, 1.0)
    return share


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first step, and the one behind the last, of every run of flags that are up."""
    turns = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)).tolist()
    return list(zip(turns[::2], turns[1::2], strict=True))


def gilbert(rng: np.random.Generator, loss: float, burst_ms: float, steps: int) -> Floats:
    """
    Share of lost packets per step from a two-state chain (Gilbert 1960): all is lost in the bad state, nothing else.

    Parameters
    ----------
    rng
        Source of chance.
    loss
        Long-run share of time in the bad state, 0 to 1.
    burst_ms
        Mean stay in the bad state.
    steps
        How many steps are wanted.

    Returns
    -------
    Shares of shape (steps,), 0 to 1.
    """
    if loss <= 0:
        return np.zeros(steps)
    # Mean stays in both states from the share of loss, then alternating stays, drawn until they fill the time.
    per_step = round(STEP / TICK)
    ticks = steps * per_step
    bad = max(1.0, burst_ms / (TICK * 1000))
    good = bad * (1 - loss) / max(loss, 1e-9)
    pairs = int(ticks / (bad + good) * 2) + 20
    runs = np.empty(2 * pairs, dtype=np.int64)
    runs[0::2] = rng.geometric(min(1.0, 1 / max(good, 1.0)), pairs)
    runs[1::2] = rng.geometric(1 / bad, pairs)
    state = np.repeat(np.tile([0.0, 1.0], pairs), np.minimum(runs, ticks))[:ticks]
    if state.size < ticks:
        state = np.pad(state, (0, ticks - state.size))
    shares: Floats = state.reshape(steps, per_step).mean(axis=1)
    return shares


STALL_CHANCE = 0.2
"""Chance that a connection which stalls in bunches stalls within a tick, once it runs (recording turn-tcp)."""

LONGEST_STALL_MS = 700.0


def stalls(rng: np.random.Generator, mean_ms: float, steps: int) -> Floats:
    """
    Draw how long packets wait in a TCP connection that stalls again and again.

    Parameters
    ----------
    rng
        Source of chance.
    mean_ms
        Mean length of a stall.
    steps
        How many steps are wanted.

    Returns
    -------
    Longest wait in each step, ms, of shape (steps,).
    """
    # The connection is held, everything that comes waits until it is released, and soon it is held again. How often in
    # all is known only at the end: draw too many stalls, then take from the source of chance those that were needed.
    seconds, before = steps * STEP, rng.bit_generator.state
    count = int(seconds / (TICK / STALL_CHANCE + mean_ms / 2000)) + 20
    while True:
        drawn = rng.standard_exponential((count, 2))
        runs_s = np.ceil(drawn[:, 0] / -np.log1p(-STALL_CHANCE)) * TICK  # geometric, by inversion
        lengths_ms = np.minimum(drawn[:, 1] * mean_ms, LONGEST_STALL_MS)
        turns = np.cumsum(np.column_stack([runs_s, lengths_ms / 1000]))
        begins, released = turns[0::2], turns[1::2]
        needed = int(np.searchsorted(released, seconds)) + 1
        rng.bit_generator.state = before
        if needed <= count:
            break
        count *= 2
    rng.standard_exponential((needed, 2))
    waits, first = np.zeros(steps), (begins[:needed] / STEP).astype(np.int64)
    inside = first < steps
    np.maximum.at(waits, first[inside], lengths_ms[:needed][inside])
    return waits


def overflow(offered_kbit: Floats, link: Link) -> tuple[Floats, Floats]:
    """
    Run the queue in front of a link.

    Parameters
    ----------
    offered_kbit
        What is to be sent in each step, kbit.
    link
        The link with its rate and the length of its queue.

    Returns
    -------
    Share of the offered load that the full queue drops, and the delay that the queue adds (ms), per step.
    """
    dropped = np.zeros(offered_kbit.size)
    delay = np.zeros(offered_kbit.size)
    narrow = np.flatnonzero(np.isfinite(link.kbps))
    # A bucket that fills with what is offered and empties at the link's rate: what stands in it waits, what does not
    # fit is dropped. Where the link is not narrow, it is empty.
    backlog, last = 0.0, -2
    for j in narrow.tolist():
        if j != last + 1:
            backlog = 0.0
        rate = float(link.kbps[j])
        load = float(offered_kbit[j])
        backlog = max(0.0, backlog + load - rate * STEP)
        room = rate * float(link.queue_ms[j]) / 1000
        if backlog > room:
            dropped[j] = min(0.95, (backlog - room) / max(load, 1e-9))
            backlog = room
        delay[j] = 1000 * backlog / rate
        last = j
    return dropped, delay


def fading_peak(values: Floats, half_life_s: float) -> Floats:
    """Largest value so far, each forgotten by halves: how a buffer remembers a bad moment."""
    # The peak of values that are forgotten exponentially is the running maximum of values that grow exponentially.
    drift = np.arange(values.shape[-1]) * (STEP * np.log(2) / half_life_s)
    with np.errstate(divide="ignore"):
        peak: Floats = np.exp(np.maximum.accumulate(np.log(np.maximum(values, 1e-12)) + drift, axis=-1) - drift)
    return peak


def wander(rng: np.random.Generator, size: int, *, scale: float, memory_s: float, every_s: float = STEP) -> Floats:
    """Slow noise of standard deviation ``scale`` around 0: a smoothed random walk that stays near home."""
    knots = max(2, int(size * every_s / memory_s) + 3)
    values = rng.normal(0.0, scale, knots)
    smooth: Floats = np.interp(np.linspace(0, knots - 1, size), np.arange(knots), values) if size else np.zeros(0)
    return smooth
