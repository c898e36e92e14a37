"""The rules on streams, each a small declared object: what it reads, when it holds, for how long, what to check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rtkit_explore.findings.congestion import congested, limited_share, ratio
from rtkit_explore.findings.context import PICTURE, SOUND, Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.findings.stream_arrays import Bools, Floats, Stream

Layer = Literal["connectivity", "transport", "pipeline", "perception"]
LAYERS: tuple[Layer, ...] = ("connectivity", "transport", "pipeline", "perception")
FEWEST_PACKETS = 50.0
"""A share of loss is not worked out from fewer packets."""
_HEAVY_BPS = 300_000
_TOGETHER_US = 10_000_000
WARM_UP_S = 15.0
"""How long a stream may take to find its size and rate: two samples."""
CLIMB_S = 45.0
"""How long a bandwidth estimate may take to climb to what a camera with layers wants."""


@dataclass(frozen=True)
class Rule:
    """
    One rule on streams.

    Attributes
    ----------
    name, layer
        Its name, and the layer that it speaks of, the lowest first.
    direction, media
        Streams that it reads.
    reads
        Columns of ``quality`` that the value is worked out from.
    value
        Value of each row; NaN where the rule does not apply.
    low
        Whether low values are the bad ones.
    samples, seconds
        How many samples, and how long, it has to hold to count.
    at_once
        Whether one bad sample of at least 5 s is enough.
    next_step
        What to check next.
    """

    name: str
    layer: Layer
    direction: Literal["consumer", "producer", "both"]
    media: tuple[str, ...]
    reads: tuple[str, ...]
    value: Callable[[Context], Floats]
    next_step: str
    low: bool = False
    samples: int = 2
    seconds: float = 0.0
    at_once: bool = False


def _loss_in(context: Context) -> Floats:
    arrays = context.arrays
    return 100 * ratio(arrays["lost"], arrays["judged"], fewest=FEWEST_PACKETS - 1)


def _loss_out(context: Context) -> Floats:
    """Work out loss as the far end reports it; a report that came late is held against both intervals."""
    arrays = context.arrays
    lost, sent = arrays["lost"].copy(), arrays["judged"].copy()
    with np.errstate(invalid="ignore"):
        late = np.flatnonzero(lost > sent)
    for row in late:
        before = row - 1
        if before >= 0 and arrays.stream_number[before] == arrays.stream_number[row] and sent[before] > 0:
            together = (lost[before] + lost[row], sent[before] + sent[row])
            lost[before] = lost[row] = min(together)
            sent[before] = sent[row] = together[1]
        else:
            lost[row] = sent[row]
    return 100 * ratio(lost, sent, fewest=FEWEST_PACKETS - 1)


def _round_trip(context: Context) -> Floats:
    return context.arrays["rtt_ms"]


def _jitter(context: Context) -> Floats:
    # What the far end or the receiver last worked out stays where it is when nothing arrives.
    with np.errstate(invalid="ignore"):
        flows = context.arrays["packets"] >= FEWEST_PACKETS
    return np.where(flows, context.arrays["jitter_ms"], np.nan)


def _late(context: Context) -> Floats:
    with np.errstate(invalid="ignore"):
        flows = (context.share >= 25) & (context.arrays.seconds > 1)
    return np.where(flows & ~context.unseen, context.arrays["buffer_ms"], np.nan)


def _concealment(context: Context) -> Floats:
    settled = context.age_s >= 5
    return np.where(settled, 7 * ratio(context.arrays["concealment_events"], context.arrays.seconds, fewest=1), np.nan)


def _moving(context: Context) -> Bools:
    """Tell where a picture ought to move: packets flow, the stream is settled, somebody looks, no still screen."""
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        flows = (context.rate >= 2) & (arrays["packets"] >= 8) & ~(arrays["bytes"] <= 0)
    screen = arrays.where(media=("screenshare_video",))
    return flows & (context.age_s >= WARM_UP_S - 1) & ~context.unwatched & (~screen | _meant_to_move(context))


def _meant_to_move(context: Context) -> Bools:
    """
    Tell where a screen share is no still picture.

    Received: fewer frames than were sent; where the sender's are unknown, many bytes in few frames. Sent: the encoder
    is held back.
    """
    arrays = context.arrays
    rate, sent = frame_rate(context), context.sent_rate("frames")
    with np.errstate(invalid="ignore"):
        heavy = 8 * arrays["bytes"] / arrays.seconds >= _HEAVY_BPS
        held = (limited_share(context, "bandwidth") > 0.3) | (limited_share(context, "cpu") > 0.3)
        received = np.where(np.isnan(sent), heavy, rate < 0.7 * sent - 0.3)
    return np.where(arrays.where(direction="consumer"), received, held)


def frame_rate(context: Context) -> Floats:
    """Return frames counted per second; the gauge where frames are not counted."""
    arrays = context.arrays
    counted = ratio(arrays["frames"], arrays.seconds, fewest=1)
    return np.where(np.isnan(counted), arrays["fps"], counted)


def _frame_rate(context: Context) -> Floats:
    return np.where(_moving(context) & ~_received_elsewhere(context), frame_rate(context), np.nan)


def _width(context: Context) -> Floats:
    return np.where(_moving(context) & ~_received_elsewhere(context), context.arrays["width"], np.nan)


def _received_elsewhere(context: Context) -> Bools:
    """Sent streams that somebody's report shows as received: what was seen is judged there."""
    streams = context.arrays.streams
    heard = np.array(
        [not stream.consumer and bool(context.consumers_of.get(stream.stream_id or "")) for stream in streams],
        dtype=bool,
    )
    return heard[context.arrays.stream_number] if len(heard) else np.zeros(0, dtype=bool)


def _frozen(context: Context) -> Floats:
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        flows = (arrays["packets"] >= 20) & (arrays["bytes"] > 0) & (arrays.seconds >= 3)
    started = np.zeros(len(arrays.stream_number), dtype=bool)
    for stream in arrays.streams:
        started[stream.rows] = np.cumsum(np.nan_to_num(arrays["frames"][stream.rows])) > 0
    return np.where(flows & started & ~context.unwatched, arrays["frames"], np.nan)


def _nothing_received(context: Context) -> Floats:
    arrays = context.arrays
    usual = arrays.spread([stream.usual for stream in arrays.streams])
    with np.errstate(invalid="ignore"):
        judged = (usual >= 5) & (arrays.seconds >= 1.5) & ~context.switched_off
        dead = judged & (context.share < 10)
        sent = context.sent_share
        sound = arrays.where(media=SOUND)
        on = np.where(sound, sent >= 50, sent >= 10)
    unknown = np.isnan(sent)
    alone = _dead_alone(context, dead)
    # Without the sender's report a lone silent stream may be muted; everything at once is no mute.
    on = np.where(unknown, ~alone & ~context.final, on)
    # A picture that stops while the sound of the same person goes on is withheld or paused, not cut off.
    withheld = ~sound & _sound_goes_on(context, dead)
    return np.where(judged & ~withheld & (on | ~dead), context.share, np.nan)


def _dead_alone(context: Context, dead: Bools) -> Bools:
    """Tell for silent rows whether any other stream of that receiver flowed, or there is no other."""
    arrays = context.arrays
    alone = np.zeros(len(dead), dtype=bool)
    for row in np.flatnonzero(dead):
        stream = arrays.streams[int(arrays.stream_number[row])]
        alone[row] = not _others_silent(context, stream, int(row), dead)
    return alone


def _others_silent(context: Context, stream: Stream, row: int, dead: Bools) -> bool:
    """
    Tell whether everything else stopped within the same sample.

    People mute one after the other; a broken connection stops all senders at once. Where there is only one sender,
    what stopped has to come back as well: otherwise that person has left.
    """
    arrays = context.arrays
    middle = (int(arrays.start[row]) + int(arrays.end[row])) // 2
    since = _silent_since(context, stream, row, dead)
    senders: dict[str | None, bool] = {}
    for other in context.of_peer.get(stream.peer or "", ()):
        if other is stream or not other.consumer or other.usual < 5:
            continue
        place = other.rows.start + int(np.searchsorted(arrays.end[other.rows], middle))
        if place >= other.rows.stop or not arrays.known[place] or arrays.start[place] > middle:
            continue
        if not dead[place]:
            return False
        together = abs(_silent_since(context, other, place, dead) - since) <= _TOGETHER_US
        senders[other.remote] = senders.get(other.remote, True) and together
    others = [together for remote, together in senders.items() if remote != stream.remote]
    comes_back = bool((~dead[row : stream.rows.stop]).any())
    return any(others) if others else bool(senders) and all(senders.values()) and comes_back


def _silent_since(context: Context, stream: Stream, row: int, dead: Bools) -> int:
    """Return when the silence that a row is part of began."""
    while row > stream.rows.start and dead[row - 1]:
        row -= 1
    return int(context.arrays.start[row])


def _sound_goes_on(context: Context, dead: Bools) -> Bools:
    """Tell for silent rows of pictures whether sound of the same sender reached the same receiver meanwhile."""
    arrays = context.arrays
    found = np.zeros(len(dead), dtype=bool)
    picture = arrays.where(media=PICTURE, direction="consumer")
    for row in np.flatnonzero(dead & picture):
        stream = arrays.streams[int(arrays.stream_number[row])]
        middle = (int(arrays.start[row]) + int(arrays.end[row])) // 2
        for other in context.of_peer.get(stream.peer or "", ()):
            if not other.consumer or other.media not in SOUND or other.remote != stream.remote or other.usual <= 0:
                continue
            place = other.rows.start + int(np.searchsorted(arrays.end[other.rows], middle))
            if place < other.rows.stop and arrays.known[place] and arrays.start[place] <= middle and not dead[place]:
                found[row] = True
    return found


def _nothing_sent(context: Context) -> Floats:
    arrays = context.arrays
    usual = arrays.spread([stream.usual for stream in arrays.streams])
    on = np.array([(stream.peer or "", stream.media) in context.switched for stream in arrays.streams], dtype=bool)
    told = on[arrays.stream_number] if len(on) else np.zeros(0, dtype=bool)
    with np.errstate(invalid="ignore"):
        judged = told & (usual >= 5) & (arrays.seconds >= 3) & ~context.switched_off & ~context.final
        # A silent speaker whose encoder pauses still sends some packets a second.
        silent = arrays.where(media=SOUND) & (context.rate >= 2)
        limited = (limited_share(context, "bandwidth") > 0.3) | (limited_share(context, "cpu") > 0.3)
    return np.where(judged & ~silent & ~limited, context.share, np.nan)


def _decoded(context: Context) -> Floats:
    arrays = context.arrays
    whole = arrays["frames"] + arrays["frames_dropped"]
    with np.errstate(invalid="ignore"):
        clean = ~(_loss_in(context) >= 2)
    return np.where(_moving(context) & clean, ratio(arrays["frames"], whole, fewest=20), np.nan)


def _key_frame_requests(context: Context) -> Floats:
    arrays = context.arrays
    asked = np.fmax(arrays["pli"], arrays["fir"])
    settled = context.age_s >= WARM_UP_S - 1
    return np.where(settled, ratio(asked, arrays.seconds, fewest=1), np.nan)


def _cpu(context: Context) -> Floats:
    return np.where(context.age_s >= WARM_UP_S - 1, limited_share(context, "cpu"), np.nan)


def _bandwidth(context: Context) -> Floats:
    """Leave out how an encoder climbs at first: limited from its first sample on, and free before long."""
    arrays, share = context.arrays, limited_share(context, "bandwidth")
    climbing = context.age_s < WARM_UP_S - 1
    for stream in arrays.streams:
        if not stream.consumer and stream.media in PICTURE:
            with np.errstate(invalid="ignore"):
                free = np.flatnonzero(share[stream.rows][1:] <= 0.3)
            if len(free) and context.age_s[stream.rows.start + 1 + int(free[0])] <= CLIMB_S:
                climbing[stream.rows.start : stream.rows.start + 1 + int(free[0])] = True
    return np.where(climbing, np.nan, share)


_LINK = "Compare with the others at the same time; look at the network of {side} (Wi-Fi, VPN, other traffic)."

STREAM_RULES: tuple[Rule, ...] = (
    Rule("nothing_received", "connectivity", "consumer", (*SOUND, *PICTURE), ("packets", "interval_s"),
         _nothing_received, "Look for reconnects and changed paths at that time; ask who else dropped out.",
         low=True, samples=1, seconds=4.5),
    Rule("nothing_sent", "connectivity", "producer", (*SOUND, "video"), ("packets", "interval_s"),
         _nothing_sent, "Look at the device and its permission, and whether the track was really on.",
         low=True, samples=1, seconds=4.5),
    Rule("loss_out", "transport", "producer", (*SOUND, *PICTURE), ("packets", "packets_lost"),
         _loss_out, _LINK, at_once=True),
    Rule("loss_in", "transport", "consumer", (*SOUND, *PICTURE), ("packets", "packets_lost"),
         _loss_in, _LINK, at_once=True),
    Rule("round_trip", "transport", "producer", (*SOUND, *PICTURE), ("rtt_ms",), _round_trip,
         "Look at candidate_pairs: relayed, over TCP, or a far-away server? " + _LINK, at_once=True),
    Rule("jitter", "transport", "both", (*SOUND, "video"), ("jitter_ms",), _jitter, _LINK),
    Rule("congested", "transport", "producer", PICTURE, ("limited_by", "limited_bandwidth_s", "rtt_ms"),
         congested, "Find what else uses the sending line of {side}; send a smaller picture.", samples=1),
    Rule("bandwidth_limited", "transport", "producer", PICTURE, ("limited_by", "limited_bandwidth_s"),
         _bandwidth, "Look at available_outgoing_bitrate and at what else uses the sending line of {side}."),
    Rule("cpu_limited", "pipeline", "producer", PICTURE, ("limited_by", "limited_cpu_s"),
         _cpu, "Close other programs on that machine; send a smaller picture; check hardware encoding."),
    Rule("keyframe_storm", "pipeline", "producer", PICTURE, ("pli", "fir"), _key_frame_requests,
         "Find the receiver that asks for key frames: loss on its way, or a decoder that fails."),
    Rule("decoder_behind", "pipeline", "consumer", ("video",), ("frames", "frames_dropped"), _decoded,
         "Look at the load of that machine; show fewer or smaller pictures.", low=True),
    Rule("late_media", "perception", "consumer", (*SOUND, "video"), ("buffer_ms",), _late,
         "Look at jitter and round trip at the same time.", at_once=True),
    Rule("concealment", "perception", "consumer", SOUND, ("concealment_events",), _concealment,
         "Look at loss and jitter of the same stream."),
    Rule("frozen", "perception", "consumer", ("video",), ("frames", "bytes"), _frozen,
         "Look for lost key frames: loss, key-frame requests, the decoder.", low=True, samples=1, seconds=4.5),
    Rule("low_frame_rate", "perception", "both", PICTURE, ("frames", "fps"), _frame_rate,
         "Look at what limits the sender (limited_by), then at loss and dropped frames.", low=True),
    Rule("low_resolution", "perception", "both", PICTURE, ("width",), _width,
         "Look at what limits the sender, and whether the tile was small on purpose.", low=True),
)  # fmt: skip
"""The rules on streams, lowest layer first."""
