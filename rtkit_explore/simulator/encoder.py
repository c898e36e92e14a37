"""
The sender's encoders: how a microphone and a camera become packets, and how both give way to link and processor.

The constants come from recordings of real Chromium browsers under the same impairments (the calls in
``sample_calls``): an encoder overshoots a narrowed link for about 2.5 s, then sends about half of what the link
could carry, lowers its frame rate where a frame cannot get any smaller, steps down in resolution, and comes back
to full size long after its link has recovered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.simulator.link import runs_of, wander
from rtkit_explore.simulator.plan import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.simulator.link import Link

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

AUDIO_RATE = 50.0
"""Audio packets per second: one every 20 ms."""

AUDIO_GROSS_KBPS = 45.0
"""What one audio stream takes on the wire, headers included."""

BLIND_PATIENCE_S = 4.5
"""How long a sender keeps its frame size without feedback."""

LATE_PATIENCE_S = 4.0
"""How long a sender tolerates unsteady arrival before it steps down (recordings latency, turn-tcp: a sample)."""

LOSS_HELD = 0.092
"""
Share of loss up to which a sender keeps its rate.

The bandwidth estimate holds from 2 to 10 % lost and falls above that (Google congestion control,
draft-ietf-rmcat-gcc-02, 6): none of eight recorded links that lost 5 to 9 % limited its encoder, and all five of 10 %
and more did.
"""

LOSS_REPAIRED = 0.03
"""Share of loss from which on what is sent again, or added to repair it, shows in the bitrate (recording turn-tcp)."""

LONGER_MS, LONGER_S = 450.0, 10.0
"""
How much longer a round trip becomes at once that the estimate takes it for a queue, and for how long.

Recordings sfu-far and latency, of 500 ms and more in both directions together; 400 ms in one direction did not.
"""

NONE, CPU, BANDWIDTH = 0, 1, 2
REASONS = ("none", "cpu", "bandwidth", "other")


@dataclass(frozen=True)
class Shape:
    """
    A camera with its encoder.

    Attributes
    ----------
    sizes
        Width and height of each resolution step, px, largest first.
    kbps
        Bitrate of each resolution step when nothing limits it.
    fps, fps_wander
        Frame rate, and how far it strays from it slowly.
    packet_bytes
        Mean payload of a packet.
    small_packets
        Size of a packet after stepping down, relative to that: small frames do not fill their packets.
    frame_floor
        Share of its usual size below which a frame cannot be squeezed.
    loss_patience_s, loss_gain
        How long the sender tolerates a loss of 10 % and more before it steps down, and what it then sends relative to
        the lower step's rate (retransmission and forward correction included).
    loss_burst
        The same at full size while it is still patient.
    recover_s
        How long the link must have been good before the full size comes back.
    jitter_ms
        Variation of arrival that the pacing of frames causes by itself.
    buffer_ms, buffer_drift_ms, buffer_drift_s
        The receiver's delay at first, by how much it creeps up, and how fast.
    """

    sizes: tuple[tuple[int, int], ...]
    kbps: tuple[float, ...]
    fps: float
    fps_wander: float
    packet_bytes: float
    small_packets: float
    frame_floor: float
    loss_patience_s: float
    loss_gain: float
    loss_burst: float
    recover_s: float
    jitter_ms: float
    buffer_ms: float
    buffer_drift_ms: float
    buffer_drift_s: float


SHAPES: dict[str, Shape] = {
    # two browsers directly: a noisy canvas of 640 by 360, as in the recordings clean, loss, bandwidth and blackout
    "recorded_direct": Shape(
        sizes=((640, 360), (320, 180)),
        kbps=(1700.0, 600.0),
        fps=17.8,
        fps_wander=1.6,
        packet_bytes=1058.0,
        small_packets=0.94,
        frame_floor=0.75,
        loss_patience_s=9.0,
        loss_gain=1.35,
        loss_burst=1.1,
        recover_s=95.0,
        jitter_ms=3.1,
        buffer_ms=7.8,
        buffer_drift_ms=0.0,
        buffer_drift_s=60.0,
    ),
    # two browsers directly: a canvas of 480 by 270, as in the recordings turn-tcp and path-switch
    "recorded_direct_480": Shape(
        sizes=((480, 270), (320, 180)),
        kbps=(1700.0, 600.0),
        fps=20.0,
        fps_wander=0.2,
        packet_bytes=1052.0,
        small_packets=0.87,
        frame_floor=0.3,
        loss_patience_s=400.0,
        loss_gain=1.35,
        loss_burst=1.65,
        recover_s=95.0,
        jitter_ms=3.1,
        buffer_ms=8.0,
        buffer_drift_ms=0.0,
        buffer_drift_s=60.0,
    ),
    # three browsers over a server: 480 by 270, as in the recordings sfu-*
    "recorded_sfu": Shape(
        sizes=((480, 270), (320, 180)),
        kbps=(423.0, 420.0),
        fps=15.12,
        fps_wander=0.05,
        packet_bytes=1020.0,
        small_packets=1.0,
        frame_floor=0.5,
        loss_patience_s=15.0,
        loss_gain=0.9,
        loss_burst=0.92,
        recover_s=95.0,
        jitter_ms=25.0,
        buffer_ms=48.0,
        buffer_drift_ms=100.0,
        buffer_drift_s=100.0,
    ),
    # a webcam as it is common: less noise than a canvas, so frames can be squeezed further
    "camera": Shape(
        sizes=((640, 360), (320, 180)),
        kbps=(760.0, 260.0),
        fps=24.0,
        fps_wander=0.4,
        packet_bytes=1040.0,
        small_packets=0.95,
        frame_floor=0.3,
        loss_patience_s=12.0,
        loss_gain=1.05,
        loss_burst=1.0,
        recover_s=60.0,
        jitter_ms=5.0,
        buffer_ms=28.0,
        buffer_drift_ms=20.0,
        buffer_drift_s=120.0,
    ),
}


@dataclass(frozen=True)
class Layer:
    """One layer of a simulcast camera: its size in px, and its bitrate and frame rate when nothing limits it."""

    width: int
    height: int
    kbps: float
    fps: float


LAYERS = (Layer(320, 180, 130.0, 15.0), Layer(640, 360, 450.0, 24.0), Layer(1280, 720, 1500.0, 24.0))
"""The layers that a simulcast camera sends, smallest first."""


@dataclass
class Encoded:
    """
    What a video encoder put out, one value per step.

    Attributes
    ----------
    kbps
        Media bitrate.
    fps
        Frame rate.
    level
        Resolution step, 0 the largest.
    limit
        0 not limited, 1 by the processor, 2 by bandwidth.
    changed
        Steps at which the resolution changed (a key frame goes with each).
    """

    kbps: Floats
    fps: Floats
    level: Ints
    limit: Ints
    changed: Ints


def encode_video(
    shape: Shape,
    link: Link,
    slow: Floats,
    rng: np.random.Generator,
    *,
    cap_kbps: float = float("inf"),
    reports_late: Flags | None = None,
) -> Encoded:
    """
    Run one camera's encoder over the whole call.

    Parameters
    ----------
    shape
        Camera and encoder.
    link
        The sender's uplink.
    slow
        Factor by which the processor is slower than needed, per step; 1 is enough.
    rng
        Source of chance.
    cap_kbps
        What the server or the application allows.
    reports_late
        Steps in which the reports of the far end have long come late, through a full downlink; None where never.

    Returns
    -------
    Bitrate, frame rate, resolution step and limitation per step.
    """
    steps = slow.size
    noise = 1 + wander(rng, steps, scale=0.018, memory_s=5.0)
    sway = wander(rng, steps, scale=shape.fps_wander, memory_s=15.0)
    kbps = np.full(steps, shape.kbps[0])
    fps = np.full(steps, shape.fps)
    level = np.zeros(steps, dtype=np.int64)
    limit = np.zeros(steps, dtype=np.int64)
    unsteady = link.unsteady if reports_late is None else link.unsteady | reports_late
    trouble = (
        np.isfinite(link.kbps)
        | (link.loss > (LOSS_HELD if shape.loss_burst == 1 else LOSS_REPAIRED))
        | (link.down > 0)
        | (slow > 1.05)
        | unsteady
    )
    if trouble.any():
        control = _Control(shape)
        first = int(np.flatnonzero(trouble)[0])
        pace = rng.uniform(0.75, 1.25, steps)
        columns = zip(
            link.kbps[first:].tolist(),
            link.loss[first:].tolist(),
            link.down[first:].tolist(),
            slow[first:].tolist(),
            unsteady[first:].tolist(),
            pace[first:].tolist(),
            strict=True,
        )
        for j, (rate, loss, down, busy, late, luck) in enumerate(columns, start=first):
            kbps[j], fps[j], level[j], limit[j] = control.step(rate, loss, down, busy, luck, late=late)
    if cap_kbps < 1.2 * shape.kbps[0]:
        # a cap is not congestion: the encoder stays small from the first frame on, with room to spare, and says
        # "bandwidth" (recording sfu-fox-clean)
        level = np.full(steps, len(shape.sizes) - 1)
        kbps = np.minimum(kbps, min(cap_kbps, shape.kbps[-1]))
        limit = np.where(limit == NONE, BANDWIDTH, limit)
    full = fps >= shape.fps * 0.98
    fps = np.where(full, fps + sway, fps)
    changed = np.flatnonzero(np.diff(level, prepend=level[:1]) != 0)
    return Encoded(kbps=kbps * noise, fps=np.maximum(fps, 0.0), level=level, limit=limit, changed=changed)


class _Control:
    """The sender's congestion control and adaptation, step by step."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.level = 0
        self.narrow_s = self.lossy_s = self.blind_s = self.busy_s = self.late_s = 0.0
        self.good_s = 1e9
        self.sending = shape.kbps[0]

    def step(
        self, rate: float, loss: float, down: float, busy: float, luck: float, *, late: bool = False
    ) -> tuple[float, float, int, int]:
        """Advance by one step and return bitrate, frame rate, resolution step and limitation."""
        shape = self.shape
        last = len(shape.sizes) - 1
        # How long each kind of trouble has lasted: an encoder reacts to what lasts, not to a moment.
        demand = shape.kbps[self.level]
        narrow = rate < 1.25 * (shape.kbps[0] + AUDIO_GROSS_KBPS)
        lossy = loss > LOSS_HELD
        blind = down > 0.3
        self.narrow_s = self.narrow_s + STEP if narrow else 0.0
        self.lossy_s = self.lossy_s + STEP if lossy else 0.0
        self.blind_s = self.blind_s + STEP if blind else 0.0
        self.busy_s = self.busy_s + STEP if busy > 1.05 else 0.0
        # what arrives unsteadily looks like a queue to the sender; a moment between two stalls does not calm it
        self.late_s = self.late_s + STEP if late else max(0.0, self.late_s - 2 * STEP)
        self.good_s = 0.0 if (narrow or lossy or blind or late) else self.good_s + STEP
        # Which trouble governs the bitrate. No feedback beats a narrow link, which beats loss, which beats lateness;
        # without any, a sender that has stepped down waits before it goes back up.
        target = demand
        by_bandwidth = False
        if self.blind_s > 2.0:
            # without feedback the sender backs off to a trickle, and gives up its size if that lasts (path-switch:
            # not within 3.8 s; sfu-reconnect: within 12 s)
            if self.blind_s > BLIND_PATIENCE_S:
                self.level = last
            target, by_bandwidth = 0.31 * shape.kbps[last], self.level == last
        elif self.narrow_s > 0:
            fits = (rate - AUDIO_GROSS_KBPS) * min(0.85, 0.4 + 0.5 * rate / (shape.kbps[0] + AUDIO_GROSS_KBPS))
            if self.narrow_s <= 2.5:
                # it overshoots until the first reports of a growing queue have come back (recording bandwidth)
                target = self.sending
            else:
                if fits < 0.75 * shape.kbps[0]:
                    self.level = last
                target, by_bandwidth = max(25.0, min(fits * luck, shape.kbps[self.level])), True
        elif self.lossy_s > 0:
            if self.lossy_s > shape.loss_patience_s:
                self.level = last
            gain = shape.loss_gain if self.level == last else shape.loss_burst
            target = shape.kbps[self.level] * gain * (1 - 0.8 * max(0.0, loss - 0.1)) * luck**0.4
            by_bandwidth = self.level == last
        elif loss > LOSS_REPAIRED and self.level == 0:
            # mild loss costs nothing but what repairs it
            target = demand * shape.loss_burst
        elif self.late_s > LATE_PATIENCE_S:
            self.level = last
            target, by_bandwidth = shape.kbps[self.level] * min(1.6, 1.2 * luck), True
        elif self.level > 0 and self.good_s < 1e8:
            if self.good_s >= shape.recover_s:
                self.level -= 1
                self.good_s = 0.0 if self.level else 1e9
            target, by_bandwidth = shape.kbps[self.level], self.level > 0
        # The bitrate recovers step by step: the bandwidth estimate grows by a factor, not at once.
        if self.sending < target and not blind:
            target = min(target, max(60.0, self.sending * 1.22))
        self.sending = target
        level, fps, limit = self.level, shape.fps, BANDWIDTH if by_bandwidth else NONE
        # Frames can be squeezed only so far: below that, there are fewer of them.
        floor = shape.frame_floor * shape.kbps[level] / shape.fps
        if target < floor * fps:
            fps = max(0.6, target / floor)
        # A busy processor costs frames, and the bitrate follows; it is named only where bandwidth is not.
        if self.busy_s > 3.0:
            fps = min(fps, shape.fps / busy)
            target = target * fps / shape.fps
            if busy > 3.0:
                level = last
            if limit == NONE:
                limit = CPU
        return target, fps, level, limit


def audio_bytes(link: Link, rng: np.random.Generator) -> Floats:
    """Payload of an audio packet per step: it wanders with the voice, and shrinks while the far end reports loss."""
    steps = link.loss.size
    usual = 60.6 + wander(rng, steps, scale=0.9, memory_s=20.0)
    lossy = link.loss > 0.05
    if not lossy.any():
        return usual
    index = np.arange(steps)
    since = index - np.maximum.accumulate(np.where(lossy, -1, index))
    adapted = lossy & (since > 24)
    held = np.zeros(steps, dtype=bool)
    for _, end in runs_of(adapted):
        held[end - 1 : end + 16] = True
    return np.where(adapted | held, usual * 0.66, usual)


def steady_counts(per_second: float, active: Flags, rng: np.random.Generator, *, wobble: float = 0.9) -> Ints:
    """Whole packets per step of a steady stream: the running total never strays more than a packet or so."""
    total = np.cumsum(active) * (per_second * STEP)
    counted = np.floor(total + rng.uniform(0, wobble, active.size)).astype(np.int64)
    counted = np.maximum.accumulate(counted)
    counts: Ints = np.diff(counted, prepend=0)
    return np.where(active, counts, 0)


def whole(values: Floats, rng: np.random.Generator) -> Ints:
    """Round a rate per step to whole things so that the running total keeps up with the exact one."""
    total = np.cumsum(values)
    counts: Ints = np.diff(np.floor(total + rng.uniform(0, 1)).astype(np.int64), prepend=0).astype(np.int64)
    return counts
