"""What each participant sends: audio, camera and screen as whole packets per step, with the fate of each packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.simulator.encoder import (
    AUDIO_GROSS_KBPS,
    AUDIO_RATE,
    LAYERS,
    LONGER_MS,
    LONGER_S,
    SHAPES,
    Encoded,
    audio_bytes,
    encode_video,
    steady_counts,
    whole,
)
from rtkit_explore.simulator.link import overflow, wander
from rtkit_explore.simulator.participants import new_id
from rtkit_explore.simulator.plan import STEP
from rtkit_explore.simulator.tracks import SentPictures, Track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.simulator.encoder import Shape
    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import Kind
    from rtkit_explore.simulator.state import SimulationState

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

UNREPAIRED = 0.012
"""Share of lost video packets that no retransmission brings in time (recordings sfu-*: 0 or 1 in 35)."""

BREAKS_PER_S = 0.22
"""Video breaks per second and share of loss, each repaired by a key frame (recordings sfu-*)."""


def produce(world: SimulationState) -> None:
    """
    Run all senders: fill ``tracks`` of the state, in the order of the participants.

    Parameters
    ----------
    world
        The call; the queues of its participants are set here.
    """
    for index in range(len(world.seats)):
        world.tracks.extend(_of_seat(world, index))


def _of_seat(world: SimulationState, index: int) -> list[Track]:
    plan, seat, rng, chance = world.plan, world.seats[index], world.rng, world.chance
    shape = SHAPES[plan.shape]
    present = seat.present
    ever = bool(present.any())
    microphone, camera, screen = present & seat.microphone, present & seat.camera, present & seat.screen
    # The encoders first, then the queue in front of the uplink with what all of them offer, then the fate of packets.
    random_loss = seat.up.loss_share(rng)
    late = _reports_late(world, index, shape)
    encoded = encode_video(shape, seat.up, seat.slow, rng, cap_kbps=seat.cap_kbps, reports_late=late)
    if not seat.connected:
        return _unconnected(world, index, encoded)
    screen_kbps, screen_fps = _screen(seat, rng)
    simulcast = plan.simulcast and not plan.direct
    layer_kbps = _layers(encoded.kbps, shape) if simulcast else encoded.kbps[None, :]
    offered = (
        microphone * AUDIO_GROSS_KBPS + camera * layer_kbps.sum(axis=0) * 1.06 + screen * (screen_kbps * 1.06)
    ) * STEP
    dropped, queue_ms = overflow(offered, seat.up)
    loss = 1 - (1 - random_loss) * (1 - dropped)
    seat.queue_ms, seat.frame_ms = queue_ms, np.zeros(queue_ms.size)
    tracks: list[Track] = []

    # A track begins with all that was sent. What an outage of the uplink swallows is taken off at once, for it is in no
    # loss counter; _lose takes off what got lost and was not repaired.
    def numbers(layers: int) -> list[int]:
        return [chance.getrandbits(32) for _ in range(layers)]

    def start(kind: Kind, active: Flags, sent: Ints, packet_bytes: Floats) -> Track:
        zeros = np.zeros_like(sent)
        gone = _share(sent, seat.up.down)
        track = Track(
            kind=kind,
            seat=index,
            producer_id=new_id(chance),
            mid=str(len(tracks)),
            ssrc=numbers(sent.shape[0]),
            active=active,
            sent=sent,
            media=sent - gone,
            missing=zeros,
            lost=zeros.copy(),
            repaired=zeros.copy(),
            spare=zeros.copy(),
            gone=gone,
            packet_bytes=packet_bytes,
            queue_ms=queue_ms,
        )
        tracks.append(track)
        return track

    # Audio: a steady rate of packets, whatever is said; a microphone that gives nothing makes them small.
    if ever and microphone.any():
        sent = steady_counts(AUDIO_RATE, microphone, rng)[None, :]
        # Firefox's encoder does not shrink packets for a quiet voice (sfu-fox-clean: 161 bytes each)
        voice = np.full(microphone.size, 161.0) if seat.firefox else audio_bytes(seat.up, rng)
        size = np.where(seat.silent, 9.0, voice)[None, :]
        _lose(start("audio", microphone, sent, size), loss, rng)
    # Camera: frames by the encoder (each layer has its own highest rate), then the packets that their bytes fill.
    if ever and camera.any():
        fps = np.repeat(encoded.fps[None, :], layer_kbps.shape[0], axis=0)
        if simulcast:
            fps = np.minimum(fps, np.array([layer.fps for layer in LAYERS])[:, None])
            fps[layer_kbps <= 0] = 0.0
        frames = np.stack([whole(row * STEP * camera, rng) for row in fps])
        packet = shape.packet_bytes * np.where(encoded.level > 0, shape.small_packets, 1.0)
        packets = np.stack([whole(row * camera * STEP * 125 / packet, rng) for row in layer_kbps])
        packets = np.where(camera, np.maximum(packets, frames), 0)
        size = layer_kbps * STEP * 125 / np.maximum(packets, 1)
        size = np.where(packets > 0, np.clip(size, 60.0, 1150.0), shape.packet_bytes)
        track = start("video", camera, packets, size)
        # A frame takes its time over a narrow uplink, and each change of size begins with a key frame.
        frame_ms = np.minimum(layer_kbps.max(axis=0) / np.maximum(encoded.fps, 0.5) / seat.up.kbps * 800, 350.0)
        pictures = _pictures(track, shape, encoded, frames, fps)
        track.pace_ms = shape.jitter_ms
        pictures.keys[:, encoded.changed[camera[encoded.changed]]] += 1
        pictures.frame_ms = seat.frame_ms = frame_ms
        probing = (encoded.limit == 2) & (not np.isfinite(seat.cap_kbps))
        _lose(track, loss, rng, repair=True, direct=plan.direct, probing=probing)
    # Screen: its own bitrate, one layer, full size; sound only where something moves on it.
    if ever and screen.any():
        frames = whole(screen_fps * STEP * screen, rng)[None, :]
        packets = np.where(screen, np.maximum(whole(screen_kbps * screen * (STEP * 125 / 1080), rng), frames), 0)
        track = start("screenshare_video", screen, packets, np.full(packets.shape, 1080.0))
        still = np.zeros(screen.size, dtype=np.int64)
        plain = Encoded(kbps=screen_kbps, fps=screen_fps, level=still, limit=still, changed=still[:0])
        pictures = _pictures(track, SHAPES["camera"], plain, frames, screen_fps[None, :])
        pictures.width[:], pictures.height[:] = 1920, 1080
        track.pace_ms = 3.0
        _lose(track, loss, rng, repair=True, direct=plan.direct)
        if not seat.static:
            sent = steady_counts(AUDIO_RATE, screen, rng)[None, :]
            _lose(start("screenshare_audio", screen, sent, np.full(sent.shape, 96.0)), loss, rng)
    return tracks


REPORTS_LATE_S = 20.0
"""How long a sender goes on while the reports on its stream come back late (a recorded downlink of 350 kbit/s)."""


def _reports_late(world: SimulationState, index: int, shape: Shape) -> Flags | None:
    """
    Tell in which steps the reports on what is sent come back so late that the sender takes it for a queue.

    Either a full downlink has long delayed them, or the way to the server and back has just become much longer. None
    where neither ever happens.
    """
    plan, seat = world.plan, world.seats[index]
    if plan.direct:
        return None
    added = seat.up.delay_ms - seat.up.usual_delay_ms + seat.down.delay_ms - seat.down.usual_delay_ms
    longer = np.convolve(np.diff(added, prepend=added[:1]) > 0, np.ones(int(LONGER_S / STEP)))[: added.size] > 0
    late: Flags = longer & (added >= LONGER_MS)
    narrow = np.isfinite(seat.down.kbps)
    if narrow.any() and not plan.simulcast:
        load = np.zeros(narrow.size)
        for other in world.seats:
            if other is not seat and other.connected:
                camera = min(shape.kbps[0], other.cap_kbps) * 1.06
                load += other.present * (other.microphone * AUDIO_GROSS_KBPS + other.camera * camera)
        full = narrow & (seat.down.kbps < load) & seat.present
        steps = int(REPORTS_LATE_S / STEP)
        late |= np.convolve(full, np.ones(steps))[: full.size] >= steps
    return late if late.any() else None


def _unconnected(world: SimulationState, index: int, encoded: Encoded) -> list[Track]:
    """Return the tracks of somebody whose connection never came up: on, and without a packet (never-connected)."""
    seat, chance = world.seats[index], world.chance
    steps = seat.slow.size
    seat.queue_ms = seat.frame_ms = np.zeros(steps)
    tracks: list[Track] = []
    sources: tuple[tuple[Kind, Flags], ...] = (("audio", seat.microphone), ("video", seat.camera))
    for kind, on in sources:
        active = seat.present & on
        if not active.any():
            continue
        none = [np.zeros((1, steps), dtype=np.int64) for _ in range(7)]
        track = Track(
            kind=kind,
            seat=index,
            producer_id=new_id(chance),
            mid=str(len(tracks)),
            ssrc=[chance.getrandbits(32)],
            active=active,
            sent=none[0],
            media=none[1],
            missing=none[2],
            lost=none[3],
            repaired=none[4],
            spare=none[5],
            gone=none[6],
            packet_bytes=np.zeros((1, steps)),
            queue_ms=np.zeros(steps),
            connected=False,
        )
        if kind == "video":
            still = np.zeros((1, steps), dtype=np.int64)
            pictures = _pictures(track, SHAPES[world.plan.shape], encoded, still, np.zeros((1, steps)))
            pictures.keys[:], pictures.limit = 0, np.zeros(steps, dtype=np.int64)
        tracks.append(track)
    return tracks


def _pictures(track: Track, shape: Shape, encoded: Encoded, frames: Ints, fps: Floats) -> SentPictures:
    level, limit = encoded.level, encoded.limit
    if track.layers > 1:
        width = np.repeat(np.array([layer.width for layer in LAYERS])[:, None], level.size, axis=1)
        height = np.repeat(np.array([layer.height for layer in LAYERS])[:, None], level.size, axis=1)
    else:
        width = np.array([size[0] for size in shape.sizes])[level][None, :]
        height = np.array([size[1] for size in shape.sizes])[level][None, :]
    none = np.zeros_like(frames)
    pictures = SentPictures(frames, none, none.copy(), width, height, fps, limit, np.zeros(level.size))
    pictures.keys[:, np.flatnonzero(track.active)[:1]] += 1
    track.pictures = pictures
    return pictures


def _layers(kbps: Floats, shape: Shape) -> Floats:
    """Share the bitrate among simulcast layers: the largest is given up first."""
    budget = kbps / shape.kbps[0] * sum(layer.kbps for layer in LAYERS)
    rows = []
    for layer in LAYERS:
        given = np.where(budget >= 0.6 * layer.kbps, np.minimum(budget, layer.kbps * 1.04), 0.0)
        rows.append(given)
        budget = budget - given
    rows[0] = np.maximum(rows[0], np.minimum(kbps, LAYERS[0].kbps))
    return np.stack(rows)


def _screen(seat: ParticipantState, rng: np.random.Generator) -> tuple[Floats, Floats]:
    steps = seat.slow.size
    if not seat.screen.any():
        return np.zeros(steps), np.zeros(steps)
    if not seat.static:
        return 900.0 + 140 * wander(rng, steps, scale=1.0, memory_s=6.0), np.full(steps, 12.0)
    # a document: about a frame a second to refresh it, a burst when somebody turns the page
    kbps, fps = np.full(steps, 22.0), np.full(steps, 1.1)
    for at in np.flatnonzero(rng.random(steps) < STEP / 45).tolist():
        kbps[at : at + 3], fps[at : at + 3] = 650.0, 6.0
    return kbps, fps


def _share(counts: Ints, share: Floats) -> Ints:
    taken: Ints = np.rint(counts * share).astype(np.int64)
    return taken


def binomial(rng: np.random.Generator, counts: Ints, share: Floats) -> Ints:
    """Draw how many of each count are affected; steps with probability 0 cost nothing."""
    hit = np.zeros_like(counts)
    share = np.broadcast_to(share, counts.shape)
    where = (share > 0) & (counts > 0)
    if where.any():
        hit[where] = rng.binomial(counts[where], np.clip(share[where], 0.0, 1.0))
    return hit


def _lose(
    track: Track,
    loss: Floats,
    rng: np.random.Generator,
    *,
    repair: bool = False,
    direct: bool = False,
    probing: Flags | None = None,
) -> None:
    """Remove what the uplink loses from the track; video is repaired by sending it again."""
    first = binomial(rng, track.media, loss)
    if not repair:
        track.lost = first
        track.missing = first
        track.media = track.media - first
        return
    again = binomial(rng, first, loss)
    if direct:
        # repairs are packets of the stream like any other: sent, and lost or received
        resent = np.roll(first, 1, axis=1)
        resent[:, 0] = 0
        resent = np.where(track.active & (track.gone == 0), resent, 0)
        lost = first + binomial(rng, resent, loss)
        track.sent = track.sent + resent
        track.media = track.media + resent - lost
        track.lost = track.missing = lost
    else:
        given_up = np.minimum(binomial(rng, first, np.full(track.active.size, UNREPAIRED)), first)
        track.lost = first + again
        track.missing = given_up
        track.repaired = first + again - given_up
        track.media = track.media - given_up
        if probing is not None and track.layers == 1:
            chance = np.where(probing & (loss < 0.5), 6.0 * STEP, 0.0)
            bursts = rng.poisson(chance * (rng.random(track.active.size) < 0.7)) * track.active
            track.spare = np.where(track.gone > 0, 0, bursts[None, :])
        track.sent = track.sent + track.repaired + track.spare
    steady = np.where(loss < 0.5, loss, 0.0)
    broken = rng.random(loss.size) < np.minimum(steady, 0.25) * BREAKS_PER_S * STEP * (0 if direct else 1)
    track.breaks = np.flatnonzero(broken & track.active & (steady > 0.01)).tolist()
