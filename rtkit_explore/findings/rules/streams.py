"""The rules on streams, each one object: what it reads, its value, when it holds, its words, what to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.congestion import congested, limited_share, ratio
from rtkit_explore.findings.context import PICTURE, SOUND, Context
from rtkit_explore.findings.rules.edges import limit_edges, loss_edges, outage_edges
from rtkit_explore.findings.rules.rule import (
    FED_BACK,
    FOLLOWS_OUTAGE,
    OF_LOSS,
    RELATED,
    SEEN,
    UPWARD,
    WAY,
    Rule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.segments import Rows
    from rtkit_explore.findings.stream_arrays import Bools, Floats, Stream

FEWEST_PACKETS = 50.0
"""A share of loss is not worked out from fewer packets."""
_HEAVY_BPS = 300_000
_TOGETHER_US = 10_000_000
WARM_UP_S = 15.0
"""How long a stream may take to find its size and rate: two samples."""
CLIMB_S = 45.0
"""How long a bandwidth estimate may take to climb to what a camera with layers wants."""


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


def _only_the_buffer_is_long(context: Context, rows: Rows) -> str | None:
    """Excuse a long jitter buffer where nothing on the way to the receiver was wrong meanwhile."""
    arrays = context.arrays
    sound = arrays.streams[int(arrays.stream_number[rows[0]])].media in SOUND
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = np.nanmax(np.nan_to_num(100 * arrays["lost"][rows] / arrays["judged"][rows]))
        jitter = np.nanmax(np.nan_to_num(arrays["jitter_ms"][rows]))
        mended = np.nanmax(np.nan_to_num(arrays["concealment_events"][rows] / arrays.seconds[rows]))
    if bool(loss >= 1 or jitter >= (20 if sound else 60) or mended >= 1):
        return None
    return "neither loss, jitter nor concealment at that time: the buffer alone is long"


_DROPPED = {
    "sender": "Look at the load of {side}'s machine, and at what limits its encoder.",
    "sender_uplink": "Look at the loss of that time and at the uplink of {side}: frames came late or in pieces.",
    "receiver_downlink": "Look at the loss of that time and at the downlink of {side}.",
    "receiver": "Look at the load of that machine; show fewer or smaller pictures.",
}
_DROPPED_BY_NOBODY = "Look at the loss of that time first; the reports of the others would tell whose link it was."


def _frames_dropped(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say who dropped frames; as the machine's doing only where that is what the attribution found."""
    share, media = f"{100 * (1 - candidate.mean):.0f}", words["media"]
    if candidate.side == "receiver":
        return f"{words['me']}'s machine dropped {share} % of the frames of {words['remote']}'s {media}"
    return f"{share} % of the frames of {words['remote']}'s {media} were dropped at {words['me']}"


def _after_dropped_frames(candidate: Candidate, words: Mapping[str, str]) -> str:
    return _DROPPED.get(candidate.side, _DROPPED_BY_NOBODY).format(**words)


_LINK = "Compare with the others at the same time; look at the network of {side} (Wi-Fi, VPN, other traffic)."
_ALL = (*SOUND, *PICTURE)


NOTHING_RECEIVED = Rule(
    "nothing_received",
    "connectivity",
    "% of usual packets",
    "packets",
    "{me} received nothing of {remote}'s {media}, which was on",
    "Look for reconnects and changed paths at that time; ask who else dropped out.",
    value=_nothing_received,
    reads=("packets", "interval_s"),
    direction="consumer",
    media=_ALL,
    low=True,
    samples=1,
    seconds=4.5,
    edges=outage_edges,
    tags=frozenset({WAY, RELATED}),
    beside=("packets_per_s",),
)
NOTHING_SENT = Rule(
    "nothing_sent",
    "connectivity",
    "% of usual packets",
    "packets",
    "{me} sent no {media} although it was switched on",
    "Look at the device and its permission, and whether the track was really on.",
    value=_nothing_sent,
    reads=("packets", "interval_s"),
    direction="producer",
    media=(*SOUND, "video"),
    low=True,
    samples=1,
    seconds=4.5,
    beside=("packets_per_s",),
)
CONGESTED = Rule(
    "congested",
    "transport",
    "times",
    "queued or overflowed:\ntimes the usual",
    "{me}'s uplink was too narrow for the {media}: packets queued or overflowed until less "
    "was sent (off by a factor of {worst})",
    "Find what else uses the uplink of {side}; send a smaller picture.",
    value=congested,
    reads=("limited_by", "limited_bandwidth_s", "rtt_ms"),
    direction="producer",
    media=PICTURE,
    samples=1,
    edges=limit_edges,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE}),
    beside=("rtt_ms", "bitrate_kbps"),
)
LOSS_OUT = Rule(
    "loss_out",
    "transport",
    "%",
    "packets lost",
    "{sent} lost {mean} % of its packets{peak_unit}",
    _LINK,
    value=_loss_out,
    reads=("packets", "packets_lost"),
    direction="producer",
    media=_ALL,
    at_once=True,
    by_packets=True,
    edges=loss_edges,
    tags=frozenset({UPWARD, FOLLOWS_OUTAGE}),
)
LOSS_IN = Rule(
    "loss_in",
    "transport",
    "%",
    "packets lost",
    "{got} with {mean} % of the packets lost{peak_unit}",
    _LINK,
    value=_loss_in,
    reads=("packets", "packets_lost"),
    direction="consumer",
    media=_ALL,
    at_once=True,
    by_packets=True,
    edges=loss_edges,
    tags=frozenset({WAY, RELATED}),
)
ROUND_TRIP = Rule(
    "round_trip",
    "transport",
    "ms",
    "round trip",
    "The round trip of {me}'s {media} was {mean} ms{peak_unit}",
    "Look at candidate_pairs: relayed, over TCP, or a far-away server? " + _LINK,
    value=_round_trip,
    reads=("rtt_ms",),
    direction="producer",
    media=_ALL,
    at_once=True,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE}),
    beside=("loss_pct",),
)
JITTER = Rule(
    "jitter",
    "transport",
    "ms",
    "jitter",
    "{arrived} with {mean} ms of jitter{peak_unit}",
    _LINK,
    value=_jitter,
    reads=("jitter_ms",),
    media=(*SOUND, "video"),
    tags=frozenset({WAY, RELATED, FOLLOWS_OUTAGE}),
    beside=("loss_pct",),
)
CPU_LIMITED = Rule(
    "cpu_limited",
    "pipeline",
    "share of time",
    "limited by CPU",
    "{me}'s processor limited the {media} sent, {percent} % of the time",
    "Close other programs on that machine; send a smaller picture; check hardware encoding.",
    value=_cpu,
    reads=("limited_by", "limited_cpu_s"),
    direction="producer",
    media=PICTURE,
    beside=("fps", "width"),
)
BANDWIDTH_LIMITED = Rule(
    "bandwidth_limited",
    "transport",
    "share of time",
    "limited by bandwidth",
    "{me}'s uplink bandwidth limited the {media}, {percent} % of the time",
    "Look at available_outgoing_bitrate and at what else uses the uplink of {side}.",
    value=_bandwidth,
    reads=("limited_by", "limited_bandwidth_s"),
    direction="producer",
    media=PICTURE,
    edges=limit_edges,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE}),
    beside=("bitrate_kbps", "width"),
)
KEYFRAME_STORM = Rule(
    "keyframe_storm",
    "pipeline",
    "requests/s",
    "key frames asked for",
    "{me} was asked for key frames {mean} times a second{peak}",
    "Find the receiver that asks for key frames: loss on its way, or a decoder that fails.",
    value=_key_frame_requests,
    reads=("pli", "fir"),
    direction="producer",
    media=PICTURE,
    tags=frozenset({FOLLOWS_OUTAGE}),
    beside=("loss_pct",),
)
DECODER_BEHIND = Rule(
    "decoder_behind",
    "pipeline",
    "decoded share",
    "decoded frames",
    _frames_dropped,
    _after_dropped_frames,
    value=_decoded,
    reads=("frames", "frames_dropped"),
    direction="consumer",
    media=("video",),
    low=True,
    tags=frozenset({SEEN, RELATED, OF_LOSS}),
    beside=("fps", "frames_dropped"),
)
CONCEALMENT = Rule(
    "concealment",
    "perception",
    "events per 7 s",
    "concealments",
    "{got} with gaps patched: {mean} concealments per 7 s{peak}",
    "Look at loss and jitter of the same stream.",
    value=_concealment,
    reads=("concealment_events",),
    direction="consumer",
    media=SOUND,
    tags=frozenset({WAY, RELATED}),
    beside=("loss_pct", "jitter_ms"),
)
FROZEN = Rule(
    "frozen",
    "perception",
    "frames",
    "frames",
    "{got} frozen: bytes came, no new picture",
    "Look for lost key frames: loss, key-frame requests, the decoder.",
    value=_frozen,
    reads=("frames", "bytes"),
    direction="consumer",
    media=("video",),
    low=True,
    samples=1,
    seconds=4.5,
    tags=frozenset({SEEN, RELATED, OF_LOSS}),
)
LOW_FRAME_RATE = Rule(
    "low_frame_rate",
    "perception",
    "frames/s",
    "frame rate",
    "{shown} at {mean} frames/s{peak}",
    "Look at what limits the sender (limited_by), then at loss and dropped frames.",
    value=_frame_rate,
    reads=("frames", "fps"),
    media=PICTURE,
    low=True,
    tags=frozenset({SEEN, OF_LOSS}),
    beside=("bitrate_kbps", "loss_pct"),
)
LATE_MEDIA = Rule(
    "late_media",
    "perception",
    "ms",
    "jitter buffer",
    "{got} late: {mean} ms in the jitter buffer{peak_unit}",
    "Look at jitter and round trip at the same time.",
    value=_late,
    reads=("buffer_ms",),
    direction="consumer",
    media=(*SOUND, "video"),
    at_once=True,
    excuse=_only_the_buffer_is_long,
    tags=frozenset({WAY, RELATED}),
    beside=("jitter_ms",),
)
LOW_RESOLUTION = Rule(
    "low_resolution",
    "perception",
    "px",
    "width",
    "{shown} only {worst} px wide",
    "Look at what limits the sender, and whether the tile was small on purpose.",
    value=_width,
    reads=("width",),
    media=PICTURE,
    low=True,
    tags=frozenset({SEEN}),
)
