"""What each participant receives: the server's choice, the downlink, the jitter buffer, the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.simulator.encoder import AUDIO_GROSS_KBPS, LAYERS, SHAPES
from rtkit_explore.simulator.link import SHORT_OUTAGE_S, fading_peak, overflow, runs_of, wander
from rtkit_explore.simulator.media import BREAKS_PER_S, UNREPAIRED, binomial
from rtkit_explore.simulator.participants import new_id
from rtkit_explore.simulator.plan import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.state import SimulationState
    from rtkit_explore.simulator.tracks import Track

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

BROKEN_STEPS = 7
"""How long broken video stays broken, steps: about 50 frames at 15/s are dropped (recordings sfu-*)."""

UNDECODABLE = 0.2
"""Share of packets dropped by a full queue from which on no picture is whole any more."""


@dataclass
class SeenPictures:
    """Frames at a receiver per step: decoded, dropped, key frames among them, and the size of the video (px)."""

    decoded: Ints
    dropped: Ints
    keys: Ints
    width: Ints
    height: Ints


@dataclass
class Stream:
    """
    One consumer: what a receiver gets of one track. One value per step.

    To the packet, over the steps in which it is subscribed:
    ``sent + resent = received + lost + repaired + withheld + unaccounted``.
    """

    track: Track
    receiver: int
    consumer_id: str
    ssrc: int
    mid: str
    subscribed: Flags
    received: Ints
    lost: Ints
    resent: Ints
    repaired: Ints
    withheld: Ints
    unaccounted: Ints
    sent: Ints
    payload: Floats
    heard: Floats
    jitter_ms: Floats
    buffer_ms: Floats
    conceal: Floats
    pictures: SeenPictures | None = None


def request_key_frames(world: SimulationState) -> None:
    """
    Make every receiver request the key frames it will need, before anything is received.

    A receiver asks when it subscribes, when its video breaks beyond repair, and when an outage is over. What breaks
    at one receiver only goes into ``breaks`` of the state.

    Parameters
    ----------
    world
        The call, its senders having run.
    """
    plan, seats, tracks, rng, own = world.plan, world.seats, world.tracks, world.rng, world.breaks
    for t, track in enumerate(tracks):
        if track.pictures is None or not track.connected:
            continue
        asked: set[int] = set(track.breaks)
        if bool((seats[track.seat].up.down > 0).any()):
            asked.update(end for _, end in runs_of(seats[track.seat].up.down > 0))
        for r, seat in enumerate(seats):
            if r == track.seat:
                continue
            wanted = track.active & seat.present & ~seat.hidden
            if not wanted.any():
                continue
            if not plan.direct:
                asked.update(begin for begin, _ in runs_of(wanted))
            if seat.down.touched and not plan.direct:
                rate = np.minimum(np.where(np.isfinite(seat.down.kbps), 0.08, seat.down.loss), 0.25)
                hit = (rng.random(wanted.size) < rate * BREAKS_PER_S * STEP) & wanted & (rate > 0.01)
                own[t, r] = np.flatnonzero(hit).tolist()
                asked.update(own[t, r])
                asked.update(j for _, j in runs_of(seat.down.down > 0) if j < wanted.size and wanted[j])
        for step in sorted(asked):
            track.ask_key_frame(step)


@dataclass(frozen=True)
class Subscription:
    """A track that a receiver subscribes to: its index among the tracks, and the steps in which it does."""

    index: int
    track: Track
    steps: Flags


@dataclass
class Downlink:
    """
    What one receiver's link does, per step.

    Attributes
    ----------
    loss
        Share lost on its own or in bursts; lost video is sent again.
    dropped
        Share that finds the queue full; what is sent again finds it full as well.
    queue_ms
        Delay of the queue.
    thin
        Share of the video that the server keeps.
    """

    loss: Floats
    dropped: Floats
    queue_ms: Floats
    thin: Floats


@dataclass(frozen=True)
class Reception:
    """What one receiver subscribes to, the layer of each that is forwarded, and the queue that it goes through."""

    wanted: list[Subscription]
    chosen: list[Ints | None]
    dropped: Floats
    queue_ms: Floats
    thin: Floats


def queue_downlinks(world: SimulationState) -> None:
    """
    Run the queue in front of every receiver, before anybody samples: reports to a sender come back through it.

    Parameters
    ----------
    world
        The call, its senders having run; ``receptions`` is filled here.
    """
    for r, seat in enumerate(world.seats):
        wanted = _subscriptions(world, r)
        chosen = [_choose(one.track, seat, len(world.seats)) for one in wanted]
        reception = Reception(wanted, chosen, *_queue(world, seat, wanted, chosen))
        world.receptions.append(reception)
        seat.down_queue_ms = reception.queue_ms


def consume(world: SimulationState, r: int) -> list[Stream]:
    """
    Run one receiver.

    Parameters
    ----------
    world
        The call, its senders having run and its key frames being asked for.
    r
        Index of the receiving participant.

    Returns
    -------
    The streams this participant receives, in the order of the tracks.
    """
    seat, reception = world.seats[r], world.receptions[r]
    loss = seat.down.loss_share(world.rng)
    downlink = Downlink(loss, reception.dropped, reception.queue_ms, reception.thin)
    return [
        _receive(world, r, item, layer, downlink, position=position)
        for position, (item, layer) in enumerate(zip(reception.wanted, reception.chosen, strict=True))
    ]


def _subscriptions(world: SimulationState, r: int) -> list[Subscription]:
    seat = world.seats[r]
    present = seat.present
    wanted: list[Subscription] = []
    for t, track in enumerate(world.tracks):
        # a participant who never connected sends no stream and receives none
        if track.seat == r or not present.any() or not (track.connected and seat.connected):
            continue
        mask = track.active & present
        if not track.kind.endswith("audio"):
            mask = mask & ~seat.hidden
        if mask.any():
            wanted.append(Subscription(t, track, mask))
    return wanted


def _choose(track: Track, seat: ParticipantState, people: int) -> Ints | None:
    """Pick the layer of each step that the server forwards; None where there is but one."""
    if track.layers == 1:
        return None
    want = 2 if people <= 3 else 1
    best = np.full(track.active.size, want, dtype=np.int64)
    share = seat.down.kbps / max(1, people - 1) - AUDIO_GROSS_KBPS
    for index in range(want, 0, -1):
        best = np.where((best == index) & (share < 1.15 * LAYERS[index].kbps), index - 1, best)
        # what the sender has given up cannot be forwarded
        best = np.where((best == index) & (track.sent[index] == 0), index - 1, best)
    return best


def _queue(
    world: SimulationState, seat: ParticipantState, wanted: list[Subscription], chosen: list[Ints | None]
) -> tuple[Floats, Floats, Floats]:
    """
    Run the queue in front of one receiver: the share it drops, its delay, and the share of video that the server keeps.

    Of simulcast the server keeps what fits. A single layer it cannot make smaller: the queue stays full, sound and
    pictures overflow alike, and what is sent again overflows as well (recording of a downlink of 350 kbit/s).
    """
    steps = seat.slow.size
    thin = np.ones(steps)
    if not np.isfinite(seat.down.kbps).any():
        return np.zeros(steps), np.zeros(steps), thin
    video, audio = np.zeros(steps), np.zeros(steps)
    for one, layer in zip(wanted, chosen, strict=True):
        track, mask = one.track, one.steps
        media, size = _pick(track.media, layer), _pick(track.packet_bytes, layer)
        load = media * mask * size * (8 * 1.06 / 1000)
        if track.pictures is None:
            audio += media * mask * (AUDIO_GROSS_KBPS / 50)
        else:
            video += load
    if world.plan.simulcast and not world.plan.direct:
        need = np.convolve(video + audio, np.ones(8) / 8)[:steps]
        room = np.where(np.isfinite(seat.down.kbps), seat.down.kbps * STEP, np.inf)
        thin = np.where(need > 1.05 * room, np.clip(room / np.maximum(need, 1e-9), 0.5, 1.0), 1.0)
    dropped, queue_ms = overflow(video * thin + audio, seat.down)
    return dropped, queue_ms, thin


def _pick(rows: NDArray[np.generic], layer: Ints | None) -> Floats:
    picked: Floats = rows[0] if layer is None else np.take_along_axis(rows, layer[None, :], axis=0)[0]
    return picked


def _receive(
    world: SimulationState,
    r: int,
    item: Subscription,
    layer: Ints | None,
    downlink: Downlink,
    *,
    position: int,
) -> Stream:
    plan, seats, rng, chance = world.plan, world.seats, world.rng, world.chance
    loss, queue_ms, thin = downlink.loss, downlink.queue_ms, downlink.thin
    track, mask = item.track, item.steps
    seat, sender = seats[r], seats[track.seat]
    off = ~mask
    video = track.pictures is not None

    def picked(rows: Ints) -> Ints:
        row: Ints = _pick(rows, layer).astype(np.int64)
        row[off] = 0
        return row

    # What the server has in hand of the layer that this receiver gets; other layers and padding it withholds.
    sent = np.where(mask, track.sent.sum(axis=0), 0)
    media, missing, gone = picked(track.media), picked(track.missing), picked(track.gone)
    repaired = picked(track.repaired)
    withheld = sent - picked(track.sent) + picked(track.spare)
    # A narrow downlink: the server leaves out what does not fit.
    if video and (thin < 1).any():
        kept = np.floor(media * thin).astype(np.int64)
        withheld += media - kept
        media = kept
    # An outage of the downlink: what is sent into it is neither received nor counted as lost.
    unaccounted = gone
    if (seat.down.down > 0).any():
        share = seat.down.down
        cut, cut_missing = np.rint(media * share).astype(np.int64), np.rint(missing * share).astype(np.int64)
        unaccounted = gone + cut + cut_missing
        media, missing = media - cut, missing - cut_missing
    # Losses of the downlink: a server sends lost video again, and a repair can get lost, too; audio stays lost.
    resent = np.zeros_like(media)
    # What finds the queue full is gone: sent again, it finds it full as well.
    overflown = binomial(rng, media, downlink.dropped)
    media = media - overflown
    missing = missing + overflown
    first = binomial(rng, media, loss)
    if video and not plan.direct:
        again = binomial(rng, first, loss)
        given_up = np.minimum(binomial(rng, first, np.full(first.size, UNREPAIRED)), first)
        resent = first + again - given_up
        lost, received = missing + first + again, media - given_up
    else:
        lost, received = missing + first, media - first
    # Nothing may move beyond the receiver's last sample, or the ledger would miss it.
    ticks = seat.ticks()
    last_seen = min(int(ticks[-1]), mask.size) if ticks.size else 1
    stall_ms = np.maximum(sender.up.stall_ms, seat.down.stall_ms)
    if (stall_ms > 0).any():
        # what waits in a stalled TCP connection arrives in the next step, all of it and in order
        waiting = np.floor(received * np.minimum(stall_ms / 1000, 0.7)).astype(np.int64)
        waiting[:-1][off[1:]] = 0
        waiting[last_seen - 1 :] = 0
        received = received - waiting + np.concatenate([[0], waiting[:-1]])
    if video and (sender.up.down > 0).any():
        counting = mask & (np.arange(mask.size) < last_seen)
        found = _found_missing(gone, sender.up.down, counting, direct=plan.direct)
        unaccounted, lost = unaccounted - found.taken, lost + found.counted
    size = _pick(track.packet_bytes, layer)
    stream = Stream(
        track=track,
        receiver=r,
        consumer_id=new_id(chance),
        ssrc=chance.getrandbits(32),
        mid=str(position),
        subscribed=mask,
        received=received,
        lost=lost,
        resent=resent,
        repaired=repaired,
        withheld=withheld,
        unaccounted=unaccounted,
        sent=sent,
        payload=received * size,
        heard=np.where(mask & (received + lost > 0), STEP, 0.0),
        jitter_ms=_jitter(track, sender, seat, queue_ms, direct=plan.direct),
        buffer_ms=np.zeros(0),
        conceal=np.zeros(0),
    )
    outage = np.maximum(sender.up.down, seat.down.down)
    if track.pictures is not None:
        own = {*world.breaks.get((item.index, r), []), *track.breaks}
        whole = thin * (1 - outage) * np.clip(1 - downlink.dropped / UNDECODABLE, 0.0, 1.0)
        _pictures(rng, stream, layer, whole, own)
    else:
        burst = np.maximum(sender.up.burst_ms, seat.down.burst_ms)
        each = np.where(burst > 20.0, 20.0 / np.maximum(burst, 20.0), 0.88)
        stream.conceal = lost * each + np.clip(stream.jitter_ms - 25.0, 0.0, 40.0) * 0.004
    stream.buffer_ms = _buffer(world, stream, downlink, outage)
    return stream


@dataclass
class FoundMissing:
    """Packets of an outage that a receiver counts as lost after all: when they were sent, and when it noticed."""

    taken: Ints
    counted: Ints


def _found_missing(gone: Ints, down: Floats, mask: Flags, *, direct: bool) -> FoundMissing:
    """
    Count as lost what an outage of the sender left missing in the sequence numbers of its video packets.

    When the stream goes on, the receiver counts what is missing as lost, all in one sample (recordings path-switch
    and sfu-reconnect). It does not for audio, nor between two browsers after a long outage (recording blackout).
    """
    taken, counted = np.zeros_like(gone), np.zeros_like(gone)
    for begin, end in runs_of(down > 0):
        at = end + 1  # the first step in which media flows in full again
        if at >= mask.size or not mask[at] or (direct and (end - begin) * STEP > SHORT_OUTAGE_S):
            continue
        taken[begin:end] = gone[begin:end]
        counted[at] = int(gone[begin:end].sum())
    return FoundMissing(taken, counted)


def _jitter(
    track: Track, sender: ParticipantState, seat: ParticipantState, queue_ms: Floats, *, direct: bool
) -> Floats:
    """Variation of arrival at the receiver: both links' own, the pacing of frames, and what a queue adds."""
    jitter = sender.up.jitter_ms if direct else np.hypot(sender.up.jitter_ms, seat.down.jitter_ms)
    stall_ms = np.maximum(sender.up.stall_ms, seat.down.stall_ms)
    if track.pictures is not None:
        # a frame takes its time over a narrow link, and its packets arrive one after the other; repairs come late
        repairs = np.where(sender.up.loss > 0.04, 22.0, 0.0) if direct else 0.0
        return jitter + track.pace_ms + track.pictures.frame_ms + 0.12 * queue_ms + repairs + 0.08 * stall_ms
    busy = np.isfinite(sender.up.kbps) * 10.0 + np.minimum(0.08 * queue_ms, 25.0)
    return jitter + np.where(track.queue_ms > 0, np.minimum(0.05 * track.queue_ms, 15.0), 0.0) + busy + 0.02 * stall_ms


def _buffer(world: SimulationState, stream: Stream, downlink: Downlink, outage: Floats) -> Floats:
    """Delay of the jitter buffer: it follows the jitter, jumps with a queue or an outage, and forgets slowly."""
    plan, rng = world.plan, world.rng
    # Three things make a buffer deep: jitter, which it follows; a queue or a stall, whose longest wait it remembers;
    # and the end of an outage, when everything arrives at once. It forgets each by halves (recordings bandwidth,
    # latency).
    shape = SHAPES[plan.shape]
    steps = stream.jitter_ms.size
    late = np.maximum(stream.track.queue_ms, downlink.queue_ms)
    sender, receiver = world.seats[stream.track.seat], world.seats[stream.receiver]
    stall_ms = np.maximum(sender.up.stall_ms, receiver.down.stall_ms)
    over = np.zeros(steps)
    ends = np.array([end for _, end in runs_of(outage > 0.3)], dtype=np.int64)
    silent_s = np.convolve(outage > 0.3, np.ones(int(SHORT_OUTAGE_S / STEP)))[: steps + 1] * STEP
    if stream.pictures is None:
        home = rng.uniform(44.0, 62.0) + np.abs(wander(rng, steps, scale=16.0, memory_s=25.0))
        over[ends[ends < steps]] = 140.0
        spike = np.maximum(fading_peak(np.where(late > 20, late * 1.15, 0.0), 50.0), fading_peak(over, 50.0))
        if stall_ms.any():
            # after a few long waits the buffer stays that deep, for half a minute and more after the last (turn-tcp)
            spike = np.maximum(spike, fading_peak(stall_ms, 90.0))
        follow = 9.0 * np.clip(stream.jitter_ms - 1.6 - 0.02 * stall_ms, 0.0, 75.0)
        # once grown for jitter, the buffer comes down for half a minute and more (recording latency)
        grown_to = fading_peak(np.where(follow > 60.0, home + follow, 0.0), 40.0)
        heard: Floats = np.clip(np.maximum(np.maximum(home + follow, spike), grown_to), 20.0, 900.0)
        return heard
    grown = 1 - np.exp(-np.arange(steps) * STEP / shape.buffer_drift_s)
    home = shape.buffer_ms * rng.uniform(0.92, 1.1) + shape.buffer_drift_ms * grown
    # a short outage between two browsers leaves the video buffer as it was (recording path-switch)
    noticed = ends[(ends < steps) & (not plan.direct or silent_s[np.minimum(ends, steps) - 1] >= SHORT_OUTAGE_S)]
    over[noticed] = 75.0
    mending = (downlink.loss > 0.01) | (world.seats[stream.track.seat].up.loss > 0.01)
    slow = fading_peak(np.where(mending & stream.subscribed, 50.0 if plan.direct else 36.0, 0.0), 45.0)
    jumps = fading_peak(np.where(late > 20, late * 0.6, 0.0), 12.0) + fading_peak(over, 40.0)
    if stall_ms.any():
        jumps += fading_peak(0.25 * stall_ms, 60.0)
    follow = np.clip(stream.jitter_ms - shape.jitter_ms - 2.0, 0.0, 60.0) * 1.2
    sway = wander(rng, steps, scale=0.06 * shape.buffer_ms, memory_s=20.0)
    delay: Floats = np.clip(home + slow + jumps + follow + sway, 3.0, 1200.0)
    return delay


def _pictures(rng: np.random.Generator, stream: Stream, layer: Ints | None, whole: Floats, broken: set[int]) -> None:
    """Decode what arrives; ``whole`` is the share of frames that can, ``broken`` are the steps where video breaks."""
    sent, mask = stream.track.pictures, stream.subscribed
    if sent is None:
        return
    frames = np.where(mask, _pick(sent.frames, layer), 0).astype(np.int64)
    hand = stream.received + stream.lost
    arrived = np.where(hand > 0, stream.received / np.maximum(hand, 1), 0.0)
    usable = np.where(arrived < 0.5, arrived, 1.0) * whole
    decoded = np.where(usable < 1, np.floor(frames * usable + rng.random(frames.size)), frames).astype(np.int64)
    decoded = np.minimum(decoded, frames)
    dropped = np.zeros_like(decoded)
    for at in sorted(broken):
        span = slice(at, min(at + BROKEN_STEPS, frames.size))
        dropped[span] += decoded[span]
        decoded[span] = 0
    for _, at in runs_of(whole < 0.3):
        span = slice(at, min(at + 1, frames.size))
        dropped[span] += decoded[span]
        decoded[span] = 0
    seen = stream.received > 0
    stream.pictures = SeenPictures(
        decoded=decoded,
        dropped=dropped,
        keys=np.where(mask & seen, _pick(sent.keys, layer), 0).astype(np.int64),
        width=_held(_pick(sent.width, layer).astype(np.int64), seen),
        height=_held(_pick(sent.height, layer).astype(np.int64), seen),
    )


def _held(values: Ints, seen: Flags) -> Ints:
    """Keep the last value that was seen: video that does not arrive keeps its size."""
    at = np.maximum.accumulate(np.where(seen, np.arange(values.size), -1))
    return values[np.where(at < 0, np.argmax(seen), at)]
