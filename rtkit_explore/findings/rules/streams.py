"""The rules on streams, each one object: what it reads, its value, when it holds, its words, what to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.congestion import congested, limited_share, queued_without_loss, ratio
from rtkit_explore.findings.rules.edges import interruption_edges, lateness_edges, limit_edges, loss_edges, outage_edges
from rtkit_explore.findings.rules.rule import (
    BUFFERED,
    BUSY,
    DELAY,
    FED_BACK,
    FOLLOWS_OUTAGE,
    HEARD_LOSS,
    LIMIT,
    LOSS,
    OF_LOSS,
    OF_MACHINE,
    OUTLIVES,
    QUEUED,
    RELATED,
    SEEN,
    SENT_SO,
    SILENCE,
    TRIP,
    UPWARD,
    WAY,
    Rule,
)
from rtkit_explore.table_schema.columns import PICTURE, SOUND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.segments import Rows
    from rtkit_explore.findings.stream_arrays import Bools, Floats, Stream

FEWEST_PACKETS = 50.0
"""A share of loss is not worked out from fewer packets."""
_HEAVY_BPS = 300_000
_TOGETHER_US = 10_000_000
WARM_UP_S = 15.0
"""How long a stream may take to find its size and rate: two samples."""
_BEFORE_US = 14_000_000
_LONG_TRIP_MS = 300.0
_LONG_S, _NEARLY = 60.0, 0.9
"""How long an encoder has to have been limited all along, and in what share of its samples."""
_ALONE = 2.0
"""Who sends so many times less than somebody who is not limited is held back by no cap of the room."""
_CAP_SAMPLES = 3
"""From so many samples on, a steady rate at the beginning is a cap."""
CLIMB_S = 45.0
"""How long a bandwidth estimate may take to climb to what a camera with layers wants."""


def _loss_in(context: Context) -> Floats:
    arrays = context.arrays
    return 100 * ratio(arrays["lost"], arrays["judged"], fewest=FEWEST_PACKETS - 1)


def _loss_out(context: Context) -> Floats:
    """
    Work out loss as the far end reports it, evened out over neighbours that have some as well.

    RTCP reports and samples do not align: a true 8 % shows as 1, 13, 5, 11, and after an outage one late report holds
    more than was sent. A single bad sample between clean ones stays what it is.
    """
    arrays = context.arrays
    lost, sent = arrays["lost"], arrays["judged"]
    with np.errstate(invalid="ignore"):
        some = lost > 0.005 * sent
    same = arrays.stream_number[1:] == arrays.stream_number[:-1]
    all_lost, all_sent = lost.copy(), sent.copy()
    # What came late belongs to the sample before as well, also if that has none.
    late = np.zeros(len(lost), dtype=bool)
    with np.errstate(invalid="ignore"):
        late[1:] = (lost[1:] > sent[1:]) & same & (sent[:-1] > 0)
    for step, (mine, other) in enumerate(((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)))):
        beside = some[mine] & some[other] & same
        beside |= (late[mine] if step == 0 else late[other]) & same
        all_lost[mine] = all_lost[mine] + np.where(beside, np.nan_to_num(lost[other]), 0.0)
        all_sent[mine] = all_sent[mine] + np.where(beside, np.nan_to_num(sent[other]), 0.0)
    return np.minimum(100 * ratio(all_lost, all_sent, fewest=FEWEST_PACKETS - 1), 100.0)


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
    # Nor is one that the receiver's hidden tab does not fetch.
    withheld = ~sound & (_sound_goes_on(context, dead) | context.unseen)
    return np.where(judged & ~withheld & (on | ~dead), context.share, np.nan)


def _interrupted(context: Context) -> Floats:
    """
    Work out for how long in each sample nothing was heard: packets sent, neither received nor counted as lost.

    What a cut connection swallows is in no loss counter. Audio is sent at a steady rate, so what is missing against
    what was sent meanwhile is silence; packets that came late turn up in the next sample and are taken off.
    """
    arrays, share = context.arrays, context.share
    sent = context.sent_rate("packets")
    with np.errstate(invalid="ignore"):
        told = np.where(context.sent_share >= 80, sent, np.nan)
        usual = arrays.spread([stream.usual for stream in arrays.streams])
        rate = np.where(np.isnan(sent), usual, told)
        missing = rate * arrays.seconds - arrays["packets"] - np.nan_to_num(arrays["lost"])
        surplus = np.maximum(-missing, 0.0)
        late = np.append(surplus[1:] * (arrays.stream_number[1:] == arrays.stream_number[:-1]), 0.0)[: len(surplus)]
        silent = np.maximum(missing - np.nan_to_num(late), 0.0) / rate
        silent = np.minimum(silent, arrays.seconds)
        steady = arrays.where(media=SOUND, direction="consumer") & (usual >= 20) & (context.age_s >= 0)
    open_rows = steady & ~context.switched_off & ~context.final & ~context.unseen
    silent = np.where(open_rows & ~_beside_nothing(context, share), silent, np.nan)
    return np.where(np.isnan(sent) & ~_elsewhere_as_well(context, silent), np.nan, silent)


def _beside_nothing(context: Context, share: Floats) -> Bools:
    """Tell which samples hold nothing, or lie beside one that does: these are ``nothing_received``."""
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        dead = share < 10
    beside = dead.copy()
    same = arrays.stream_number[1:] == arrays.stream_number[:-1]
    beside[1:] |= dead[:-1] & same
    beside[:-1] |= dead[1:] & same
    return beside


def _elsewhere_as_well(context: Context, silent: Floats) -> Bools:
    """Tell which samples fell silent together with another sender's: a sender without a report may just be muted."""
    arrays = context.arrays
    found = np.zeros(len(silent), dtype=bool)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(silent >= 1)
    of_receiver: dict[str | None, list[tuple[int, int, str | None, int]]] = {}
    for row in rows.tolist():
        stream = arrays.streams[int(arrays.stream_number[row])]
        window = (int(arrays.start[row]), int(arrays.end[row]), stream.remote, row)
        of_receiver.setdefault(stream.peer, []).append(window)
    for windows in of_receiver.values():
        # In the order in which they begin. Of those before, the latest end of each of two senders is enough to know.
        latest: list[tuple[int, str | None]] = []
        alone: list[tuple[int, str | None, int]] = []
        for start, end, remote, row in sorted(windows, key=lambda window: window[0]):
            found[row] = any(until > start and who != remote for until, who in latest)
            alone = [window for window in alone if window[0] > start]
            for _, who, one in alone:
                found[one] |= who != remote
            alone = [window for window in alone if not found[window[2]]]
            if not found[row]:
                alone.append((end, remote, row))
            own = max([end, *(until for until, who in latest if who == remote)])
            others = [(until, who) for until, who in latest if who != remote]
            latest = sorted([(own, remote), *others], key=lambda window: window[0])[-2:]
    return found


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
    """
    Return how much bandwidth limited the encoder, where that says something of the line.

    Left out are how an encoder climbs at first (limited from its first sample on, and free before long), and a cap: set
    by the room or the application, it limits from the beginning at a steady rate, with nothing lost.
    """
    arrays, share = context.arrays, limited_share(context, "bandwidth")
    unjudged = context.age_s < WARM_UP_S - 1
    for stream in arrays.streams:
        if stream.consumer or stream.media not in PICTURE:
            continue
        with np.errstate(invalid="ignore"):
            free = np.flatnonzero(share[stream.rows][1:] <= 0.3)
        first = stream.rows.start + 1
        if len(free) and context.age_s[first + int(free[0])] <= CLIMB_S:
            unjudged[stream.rows.start : first + int(free[0])] = True
        capped = _at_its_cap(context, stream, share[stream.rows])
        if not (capped.any() and _all_along(context, stream, capped) and _held_back_alone(context, stream)):
            unjudged[stream.rows] |= capped
    return np.where(unjudged, np.nan, share)


def _all_along(context: Context, stream: Stream, limited: Bools) -> bool:
    """Tell whether an encoder was limited from the first to the last sample that is judged: no climb, no fault."""
    settled = context.age_s[stream.rows] >= WARM_UP_S - 1
    return stream.seconds >= _LONG_S and bool(settled.any()) and float(limited[settled].mean()) >= _NEARLY


def _held_back_alone(context: Context, stream: Stream) -> bool:
    """
    Tell whether somebody else sent twice as much, all media together, and was not limited: no cap of the room.

    A camera and a screen share that split one cap send as much as the others' cameras do.
    """
    arrays, share = context.arrays, limited_share(context, "bandwidth")
    mine, most = context.person(stream.peer or ""), 0.0
    for peer, streams in context.of_peer.items():
        cameras = [one.rows for one in streams if not one.consumer and one.media == "video"]
        known = [share[rows][(arrays.limited_by[rows] >= 0) & (context.age_s[rows] >= WARM_UP_S)] for rows in cameras]
        told = np.concatenate(known) if known else np.zeros(0)
        if context.person(peer) != mine and len(told) and not np.isnan(told).all() and np.nanmedian(told) <= 0.3:
            most = max(most, _sent_bps(context, peer))
    return most >= _ALONE * _sent_bps(context, stream.peer or "")


def _sent_bps(context: Context, peer: str) -> float:
    """Return what a participant usually sent, all streams together, in bytes a second."""
    arrays, total = context.arrays, 0.0
    for stream in context.of_peer.get(peer, ()):
        rate = ratio(arrays["bytes"][stream.rows], arrays.seconds[stream.rows])
        if not stream.consumer and not np.isnan(rate).all():
            total += float(np.nanmedian(rate))
    return total


def _at_its_cap(context: Context, stream: Stream, share: Floats) -> Bools:
    """Tell which samples of a sent picture run at the rate that it had, limited and steady, from the beginning."""
    arrays, rows = context.arrays, stream.rows
    rate = ratio(arrays["bytes"][rows], arrays.seconds[rows], fewest=1)
    trip, settled = arrays["rtt_ms"][rows], context.age_s[rows] >= 5
    first = np.flatnonzero(settled & ~np.isnan(rate))[:_CAP_SAMPLES]
    none = np.zeros(len(rate), dtype=bool)
    with np.errstate(invalid="ignore"):
        lossless = arrays["lost"][rows] <= 0.01 * arrays["judged"][rows]
    known = np.nan_to_num(trip[first], nan=0.0)
    calm = len(first) == _CAP_SAMPLES and bool(lossless[first].all()) and float(known.max()) <= 250
    if not calm or not bool((share[first] > 0.8).all()) or float(np.ptp(rate[first])) > 0.25 * float(rate[first].max()):
        return none
    with np.errstate(invalid="ignore"):
        return np.asarray((rate >= 0.7 * float(np.median(rate[first]))) | np.isnan(rate))


def _only_the_buffer_is_long(context: Context, rows: Rows) -> str | None:
    """Excuse a long jitter buffer where for most of its time nothing on the way to the receiver was wrong."""
    arrays = context.arrays
    sound = arrays.streams[int(arrays.stream_number[rows[0]])].media in SOUND
    with np.errstate(invalid="ignore", divide="ignore"):
        lost = 100 * arrays["lost"][rows] / arrays["judged"][rows] >= 1
        shaky = arrays["jitter_ms"][rows] >= (20 if sound else 60)
        mended = arrays["concealment_events"][rows] / arrays.seconds[rows] >= 1
    if float((lost | shaky | mended).mean()) >= 1 / 3:
        return None
    return "hardly any loss, jitter or concealment at that time: the buffer alone is long"


def _cap_and_no_fault(context: Context, rows: Rows) -> str | None:
    """
    Excuse an encoder's limit where the line shows none: nothing lost, and a round trip as flat as before.

    A cap set by the room or the application, and a camera and a screen share that split one, look like that from the
    first sample to the last.
    """
    arrays = context.arrays
    stream = arrays.streams[int(arrays.stream_number[rows[0]])]
    inside = np.isin(np.arange(stream.rows.start, stream.rows.stop), rows)
    if _all_along(context, stream, inside) and _held_back_alone(context, stream):
        return "nothing was lost and others were free: narrow from the beginning, or a limit set for this client"
    one, two = int(arrays.start[rows[0]]) - _BEFORE_US, int(arrays.end[rows[-1]])
    lost, judged, trips = 0.0, 0.0, []
    for other in context.of_peer.get(stream.peer or "", ()):
        if other.consumer:
            continue
        inside = (arrays.end[other.rows] > one) & (arrays.start[other.rows] < two)
        loss = ratio(arrays["lost"][other.rows][inside], arrays["judged"][other.rows][inside])
        if bool((loss >= 0.03).any()):
            return None
        lost += float(np.nansum(arrays["lost"][other.rows][inside]))
        judged += float(np.nansum(arrays["judged"][other.rows][inside]))
        trips += arrays["rtt_ms"][other.rows][inside][context.age_s[other.rows][inside] >= WARM_UP_S].tolist()
    known = np.array(trips)[~np.isnan(trips)] if trips else np.zeros(0)
    if not len(known) or lost > 0.005 * judged:
        return None
    calm = float(np.median(known))
    if calm > 250 or _narrowed(context, stream, rows) or queued_without_loss(context, stream, rows):
        return None
    rose = known > max(1.6 * calm, calm + 60)
    if float(rose.mean()) <= 0.1:
        return (
            "nothing was lost and the round trip stayed flat: a cap set by the room or the application looks like that"
        )
    slowed = _slowed(context, stream, rows)
    if slowed is None or slowed or float(known.max()) >= _LONG_TRIP_MS:
        return None
    return "nothing was lost, hardly less was sent, and the round trip rose by little"


def _slowed(context: Context, stream: Stream, rows: Rows) -> bool | None:
    """Tell whether a sent picture had fewer frames than before while its encoder was limited; None where unknown."""
    rate = frame_rate(context)
    before = rate[max(stream.rows.start, int(rows[0]) - _CAP_SAMPLES) : int(rows[0])]
    if np.isnan(before).all() or np.isnan(rate[rows]).all():
        return None
    return float(np.nanquantile(rate[rows], 0.25)) < 0.75 * float(np.nanmedian(before))


def _narrowed(context: Context, stream: Stream, rows: Rows) -> bool:
    """Tell whether the encoder had sent twice as much before its limit set in, or did after."""
    arrays = context.arrays
    rate = ratio(arrays["bytes"], arrays.seconds, fewest=1)
    other = np.concatenate([np.arange(stream.rows.start, rows[0]), np.arange(rows[-1] + 1, stream.rows.stop)])
    other = other[context.age_s[other] >= WARM_UP_S - 1]
    beside, during = rate[other][~np.isnan(rate[other])], rate[rows][~np.isnan(rate[rows])]
    if not len(during):
        return False
    low = float(np.quantile(during, 0.2))
    wide = float(np.median(beside)) if len(beside) >= 2 else float(np.quantile(during, 0.9))
    return low < 0.5 * wide


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


def _lost_on_arrival(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say how much was lost, and what came through where the link was too narrow."""
    narrow = f", and about {candidate.through_kbps:.0f} kbit/s in all came through" if candidate.through_kbps else ""
    return f"{words['got']} with {words['mean']} % of the packets lost{words['peak_unit']}{narrow}"


def _lost_on_the_way_out(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say how much was lost by the far end's reports, and that its peaks are evened out: single samples swing."""
    peak = words["peak_unit"]
    if peak and not candidate.span:
        peak = f" (up to {words['worst']} %, averaged over neighbouring samples)"
    return f"{words['sent']} lost {words['mean']} % of its packets{peak}"


def _queued(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say that more was sent than went through; that it was the uplink only where that is known."""
    by = f"delay or bitrate changed by a factor of {words['worst']}"
    what = f"{words['me']}'s {words['media']} queued or overflowed until less was sent ({by})"
    if candidate.side == "sender_uplink" and candidate.confidence != "low":
        return f"{words['me']}'s uplink was too narrow: {what}"
    return what


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
    tags=frozenset({WAY, RELATED, SILENCE}),
    families=("silence",),
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
    tags=frozenset({OF_MACHINE}),
    beside=("packets_per_s",),
)
INTERRUPTED = Rule(
    "interrupted",
    "connectivity",
    "s",
    "not heard",
    "{me} heard nothing of {remote} for about {total} s {within}: {media} was sent and never arrived",
    "Look for reconnects and changed paths at that time; ask who else dropped out.",
    timed=False,
    value=_interrupted,
    reads=("packets", "packets_lost", "interval_s"),
    direction="consumer",
    media=SOUND,
    samples=1,
    edges=interruption_edges,
    tags=frozenset({WAY, RELATED, SILENCE}),
    families=("silence",),
    beside=("packets_per_s",),
)
CONGESTED = Rule(
    "congested",
    "transport",
    "times",
    "queued or overflowed:\ntimes the usual",
    _queued,
    "Find what else uses the uplink of {side}; send a smaller picture.",
    value=congested,
    reads=("limited_by", "limited_bandwidth_s", "rtt_ms"),
    direction="producer",
    media=PICTURE,
    bridges=True,
    samples=1,
    edges=limit_edges,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE, LIMIT, OUTLIVES, QUEUED}),
    beside=("rtt_ms", "bitrate_kbps"),
)
LOSS_OUT = Rule(
    "loss_out",
    "transport",
    "%",
    "packets lost",
    _lost_on_the_way_out,
    _LINK,
    value=_loss_out,
    reads=("packets", "packets_lost"),
    direction="producer",
    media=_ALL,
    at_once=True,
    by_packets=True,
    edges=loss_edges,
    tags=frozenset({UPWARD, FOLLOWS_OUTAGE, LOSS}),
)


def _after_loss(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say what to check after loss: of a full line what fills it, of a lossy one the network."""
    if candidate.through_kbps is not None:
        return f"Find what else uses the downlink of {words['side']}; receive smaller pictures, or fewer."
    return _LINK.format(**words)


LOSS_IN = Rule(
    "loss_in",
    "transport",
    "%",
    "packets lost",
    _lost_on_arrival,
    _after_loss,
    value=_loss_in,
    reads=("packets", "packets_lost"),
    direction="consumer",
    media=_ALL,
    at_once=True,
    by_packets=True,
    edges=loss_edges,
    tags=frozenset({WAY, RELATED, LOSS, HEARD_LOSS}),
    families=("loss",),
)
ROUND_TRIP = Rule(
    "round_trip",
    "transport",
    "ms",
    "round trip",
    "The round trip of {me}'s {media} was {mean} ms{peak_unit}",
    "Look at the network path: relayed, over TCP, or a far-away server? " + _LINK,
    value=_round_trip,
    reads=("rtt_ms",),
    direction="producer",
    media=_ALL,
    at_once=True,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE, DELAY, TRIP}),
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
    tags=frozenset({WAY, RELATED, FOLLOWS_OUTAGE, DELAY}),
    families=("late", "loss", "silence"),
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
    tags=frozenset({OF_MACHINE, BUSY}),
    beside=("fps", "width"),
)
BANDWIDTH_LIMITED = Rule(
    "bandwidth_limited",
    "transport",
    "share of time",
    "limited by bandwidth",
    "{me}'s encoder was limited by bandwidth for the {media}, {percent} % of the time",
    "Look at what else uses the uplink of {side}: uploads, backups, other calls.",
    value=_bandwidth,
    excuse=_cap_and_no_fault,
    reads=("limited_by", "limited_bandwidth_s"),
    direction="producer",
    media=PICTURE,
    bridges=True,
    edges=limit_edges,
    tags=frozenset({UPWARD, FED_BACK, FOLLOWS_OUTAGE, LIMIT, OUTLIVES}),
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
    tags=frozenset({FOLLOWS_OUTAGE, OUTLIVES}),
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
    tags=frozenset({SEEN, RELATED, OF_LOSS, OUTLIVES, OF_MACHINE}),
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
    tags=frozenset({WAY, RELATED, HEARD_LOSS}),
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
    families=("silence", "loss"),
)
LOW_FRAME_RATE = Rule(
    "low_frame_rate",
    "perception",
    "frames/s",
    "frame rate",
    "{shown} at {mean} frames/s{peak}",
    "Look at what limits the sender (bandwidth or processor), then at loss and dropped frames.",
    value=_frame_rate,
    reads=("frames", "fps"),
    media=PICTURE,
    low=True,
    tags=frozenset({SEEN, OF_LOSS, SENT_SO}),
    families=("loss", "silence"),
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
    edges=lateness_edges,
    excuse=_only_the_buffer_is_long,
    tags=frozenset({WAY, RELATED, DELAY, OUTLIVES, BUFFERED}),
    families=("late", "silence", "loss"),
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
    tags=frozenset({SEEN, OUTLIVES, SENT_SO}),
)
