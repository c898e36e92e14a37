"""What one participant sends of one source: a producer with its packets and frames, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rtkit_explore.simulator.plan import Kind

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass
class SentPictures:
    """
    The frames of a video track, (layers, steps).

    Attributes
    ----------
    frames, keys, pli
        Frames encoded, key frames among them, and requests for those.
    width, height, fps
        Size (px) and rate of the encoder.
    limit
        What limits the encoder, of shape (steps,): 0 nothing, 1 the processor, 2 bandwidth.
    frame_ms
        How long a frame takes over the uplink, of shape (steps,).
    """

    frames: Ints
    keys: Ints
    pli: Ints
    width: Ints
    height: Ints
    fps: Floats
    limit: Ints
    frame_ms: Floats


@dataclass
class Track:
    """
    One producer. Arrays are (layers, steps); audio and screens have one layer.

    To the packet, in every step and layer: ``sent = media + missing + repaired + spare + gone``.

    Attributes
    ----------
    sent
        Packets sent, retransmissions and padding included.
    media
        Packets that the server (or, directly, the other side) has in hand.
    missing
        Lost on the uplink and not repaired: every receiver counts them as lost.
    lost
        Lost on the uplink, repaired or not: what the far end reports to the sender.
    repaired
        Lost on the uplink and sent again, the loss and its repair taken together.
    spare
        Padding that probes the link; a server does not pass it on.
    gone
        Sent during an outage: neither received nor counted as lost.
    connected
        False if no connection ever came up: nothing is sent, and nobody can subscribe.
    """

    kind: Kind
    seat: int
    producer_id: str
    mid: str
    ssrc: list[int]
    active: Flags
    sent: Ints
    media: Ints
    missing: Ints
    lost: Ints
    repaired: Ints
    spare: Ints
    gone: Ints
    packet_bytes: Floats
    queue_ms: Floats
    pace_ms: float = 0.0
    pictures: SentPictures | None = None
    breaks: list[int] = field(default_factory=list)
    connected: bool = True

    @property
    def layers(self) -> int:
        """How many encodings of the same video are sent."""
        return len(self.ssrc)

    def ask_key_frame(self, step: int) -> None:
        """Count the request of a receiver that has lost its video, and send a key frame in the next step."""
        if self.pictures is None:
            return
        for at in range(step, min(step + 4, self.active.size)):
            if self.active[at]:
                self.pictures.pli[:, at] += 1
                self.pictures.keys[:, at] += 1
                return
