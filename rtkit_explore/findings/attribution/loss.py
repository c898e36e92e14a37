"""Loss as both ends counted it: no worse than it was heard, no worse than it sounded, and whether the link was full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.rules.rule import DELAY, LIMIT, LOSS, OF_LOSS, UPWARD
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.stream_arrays import Stream


def no_worse_than_the_loss(around: Concurrency) -> None:
    """Let patched sound be no worse than the loss that it patches: one trouble seen twice is not two."""
    for candidate in around.candidates:
        if candidate.name == "concealment" and candidate.stream is not None and candidate.severity == "bad":
            lost = around.troubled(candidate.stream, around.window(candidate), around.tagged(LOSS))
            candidate.severity = candidate.severity if lost is None else lost.severity


def loss_both_ways(around: Concurrency) -> None:
    """Put what got lost on its way out on the connection where what the same person received was lost as well."""
    heard = [
        one
        for one in around.candidates
        if one.loss_in and one.side == "connection" and one.peer == one.side_peer and one.severity != "note"
    ]
    for candidate in around.candidates:
        if candidate.side != "sender_uplink" or UPWARD not in candidate.rule.tags:
            continue
        mine = [one for one in heard if one.peer == candidate.peer and around.mostly_together(one, candidate)]
        if mine:
            candidate.attribute_to("connection", candidate.peer, mine[0].confidence)
            candidate.evidence_for.append(
                f"what {around.context.name(candidate.peer)} received was lost as well at that time"
            )


def loss_as_heard(around: Concurrency) -> None:
    """
    Hold loss as the far end reports it against the listeners' own count, which is calm.

    RTCP reports and samples do not align: a true 8 % shows as 1, 13, 5, 11. So the window is the listeners', and it is
    no worse than the worst of them heard it.
    """
    context = around.context
    for candidate in around.candidates:
        stream = candidate.stream
        if not candidate.loss_out or stream is None or candidate.severity == "note":
            continue
        window = around.window(candidate)
        heard = _heard_with_loss(around, stream, window)
        if heard:
            worst = max((one.severity for one in heard), key=SEVERITIES.index)
            candidate.severity = min(candidate.severity, worst, key=SEVERITIES.index)
        else:
            # Lost pictures are sent again, and nobody misses them; the sound beside them tells from when to when.
            beside = (one for one in context.of_peer.get(stream.peer or "", ()) if not one.consumer)
            heard = [one for other in beside if other.media in SOUND for one in _heard_with_loss(around, other, window)]
        if not heard or candidate.samples is None:
            continue
        ahead = candidate.start - window[0]
        starts, ends = zip(*(around.window(one) for one in heard), strict=True)
        best = min(range(len(heard)), key=lambda k: abs(starts[k] - window[0]) + abs(ends[k] - window[1]))
        near = 2 * SLACK_US
        lasts = len(candidate.samples) > 2
        if lasts and abs(starts[best] - window[0]) <= near and abs(ends[best] - window[1]) <= near:
            candidate.start, candidate.end = starts[best] + ahead, ends[best] + ahead


def _heard_with_loss(around: Concurrency, stream: Stream, window: Window) -> list[Candidate]:
    """Return what listeners of a sent stream missed of it at that time."""
    listeners = around.context.consumers_of.get(stream.stream_id or "", ())
    found = [around.troubled(one, window, around.tagged(LOSS)) for one in listeners]
    return [one for one in found if one is not None]


def narrow_downlinks(around: Concurrency) -> None:
    """
    Tell a narrow downlink from a lossy one: everything is lossy, the round trip is up, and what comes through is flat.

    Over a lossy link the round trip stays where it was, and the bitrate falls by no more than what is lost.
    """
    context = around.context
    for candidate in around.candidates:
        if candidate.loss_in and candidate.side == "receiver_downlink" and candidate.severity != "note":
            kbps = _through_kbps(context, candidate)
            if kbps is not None:
                candidate.through_kbps = kbps
                candidate.evidence_for.append("a queue rose with it: the link was full, not lossy")
                _reports_wait_as_well(around, candidate)


def _reports_wait_as_well(around: Concurrency, full: Candidate) -> None:
    """
    Put what nobody was named for behind a full downlink that explains it.

    Reports wait in its queue, so that the round trip rises and the encoder steps down; what is received comes late,
    unsteadily, and with no whole picture.
    """
    for candidate in around.candidates:
        if (
            candidate.has(DELAY, LIMIT, OF_LOSS)
            and candidate.peer == full.peer
            and candidate.side == "between"
            and candidate.severity != "note"
        ):
            (one, two), (start, end) = around.window(candidate), around.window(full)
            if one >= start - SLACK_US and one <= end and (two <= end + 2 * SLACK_US or candidate.has(LIMIT)):
                candidate.attribute_to(full.side, full.side_peer, full.confidence)
                candidate.follows = True
                candidate.evidence_for = ["it waited in the same queue"]
                candidate.evidence_against = []


def _through_kbps(context: Context, candidate: Candidate) -> float | None:
    """Return what came through to a receiver in all, in kbit/s, where its link was full; else None."""
    arrays = context.arrays
    one, two = candidate.start, candidate.end
    trips: tuple[list[float], list[float]] = ([], [])
    buffers: tuple[list[float], list[float]] = ([], [])
    jitter: tuple[list[float], list[float]] = ([], [])
    received = {True: 0.0, False: 0.0}
    for stream in context.of_peer.get(candidate.peer or "", ()):
        rows, settled = stream.rows, context.age_s[stream.rows] >= 10
        during = (arrays.start[rows] >= one - SLACK_US / 8) & (arrays.end[rows] <= two + SLACK_US / 8)
        before = settled & (arrays.end[rows] <= one)
        told = [(trips, "rtt_ms")] if not stream.consumer else []
        if stream.consumer:
            rate = 8 * arrays["bytes"][rows] / arrays.seconds[rows] / 1000
            for inside, key in ((during, True), (before, False)):
                known = rate[inside][~np.isnan(rate[inside])]
                received[key] += float(np.median(known)) if len(known) else 0.0
        if stream.consumer and stream.media in SOUND:
            told = [(buffers, "buffer_ms"), (jitter, "jitter_ms")]
        for both, name in told:
            for place, inside in enumerate((before, during)):
                values = arrays[name][rows][inside]
                both[place].extend(values[~np.isnan(values)].tolist())
    if received[True] <= 0 or received[True] >= 0.8 * received[False]:
        return None
    # The queue before the line delays the reports that come back on it; where these are lost or served first, sound
    # that arrives late and unsteady tells of it as well.
    queued = _rose(trips, 1.5, 50.0) or (_rose(buffers, 3.0, 150.0) and _rose(jitter, 4.0, 8.0))
    return received[True] if queued else None


def _rose(values: tuple[list[float], list[float]], times: float, by: float) -> bool:
    """Tell whether the middle of what was measured rose by so many times, and by so much; not where it is unknown."""
    if not values[0] or not values[1]:
        return False
    before, now = float(np.median(values[0])), float(np.median(values[1]))
    return now >= max(times * before, before + by)
