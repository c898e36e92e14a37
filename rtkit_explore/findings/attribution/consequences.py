"""What only follows from something else is put behind it: limits, late reports, full buffers, broken pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.concurrency import AFTER_US, SLACK_US
from rtkit_explore.findings.congestion import NEARLY_ALL, sent_of_usual
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.narrative import figure
from rtkit_explore.findings.rules.rule import (
    BUFFERED,
    DELAY,
    FED_BACK,
    FOLLOWS_OUTAGE,
    LIMIT,
    LOSS,
    OF_LOSS,
    OF_MACHINE,
    QUEUED,
    SILENCE,
    TRIP,
)
from rtkit_explore.table_schema.columns import SOUND
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.stream_arrays import Stream


_ONE_WAY = ("sender_uplink", "receiver_downlink")


def reports_came_late(around: Concurrency) -> None:
    """Put a slow round trip or a limited encoder on the downlink on which the reports came back, if that is broken."""
    for candidate in around.candidates:
        stream = candidate.stream
        if stream is not None and not stream.consumer and FED_BACK in candidate.rule.tags:
            _follow_the_way_down(around, candidate, stream)


def _follow_the_way_down(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """
    Give a slow round trip or a limited encoder to the downlink where that is what is broken.

    What the far end reports comes back the same way as everyone's media: where all that a participant receives is hit,
    and nothing that was sent got lost, the reports are late, not the packets. In a call of two this tells nothing: the
    two see the same round trip, and the same trouble from either end.
    """
    window = around.window(candidate)
    rules = around.tagged(LOSS, DELAY)
    hit, present = around.hit(window, rules), around.present(window)
    own = around.context.of_peer.get(stream.peer or "", ())
    heard = [one for one in own if one.consumer and present[one.number]]
    if len({one.remote for one in heard}) < 2:
        return
    if {one.remote for one in heard} != {one.remote for one in heard if hit[one.number]}:
        return
    if any(not one.consumer and around.troubled(one, window, around.tagged(LOSS)) for one in own):
        return
    causes = [around.troubled(one, window, rules) for one in heard]
    sides = {(cause.side, cause.side_peer) for cause in causes if cause is not None}
    if len(sides) == 1:
        side, peer = sides.pop()
        if peer is None and candidate.has(TRIP):
            return  # what hits everybody makes everybody's way long, not one person's
        candidate.attribute_to(side, peer, "low")
        candidate.follows = True
        candidate.evidence_for.append(
            "all that this participant received was hit at that time, and nothing sent was lost"
        )


def limits_follow_delay(around: Concurrency) -> None:
    """Put an encoder's limit behind the round trip that rose at that time, on the same side: it is an answer to it."""
    trips = [one for one in around.candidates if one.has(TRIP) and one.severity != "note"]
    for candidate in around.candidates:
        if not candidate.has(LIMIT) or candidate.stream is None:
            continue
        one, two = around.window(candidate)
        for trip in trips:
            start, end = around.window(trip)
            if trip.peer == candidate.peer and start - SLACK_US <= one <= end and two > start:
                candidate.follows = True
                if not around.troubled(candidate.stream, (one, two), around.tagged(LOSS)):
                    candidate.attribute_to(trip.side, trip.side_peer, "low")
                    candidate.evidence_for.append("it began when the round trip rose")
                break
        else:
            _follow_lateness(around, candidate, candidate.stream)


def _follow_lateness(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """
    Put an encoder's limit behind media that came late from the same uplink, where it hardly sent less.

    A line that is too narrow lets less through. One that holds packets up and lets them go in bunches makes the encoder
    say that bandwidth limits it, while nearly all that it wants to send goes out, and comes late.
    """
    if candidate.has(QUEUED) or candidate.samples is None:
        return
    window = around.window(candidate)
    own = [one for one in around.context.of_peer.get(stream.peer or "", ()) if not one.consumer]
    if any(around.troubled(one, window, around.tagged(LOSS, QUEUED)) for one in own):
        return
    sent = sent_of_usual(around.context, stream.rows, int(candidate.samples[0]), int(candidate.samples[-1]) + 1)
    if not sent >= NEARLY_ALL:
        return
    for late in around.candidates:
        if late.has(BUFFERED) and (late.side, late.side_peer) == ("sender_uplink", stream.peer):
            start, end = around.window(late)
            if late.severity != "note" and start <= window[0] + SLACK_US and end > window[0]:
                candidate.follows = True
                candidate.evidence_for.append("nearly as much went out as before: it came late, and was not too much")
                return


def queues_delay_reports(around: Concurrency) -> None:
    """Put a round trip that rose while its sender's own uplink overflowed behind that: it is the queue."""
    full = [one for one in around.candidates if one.has(QUEUED) and one.side == "sender_uplink"]
    for candidate in around.candidates:
        if not candidate.has(TRIP) or candidate.side != "between":
            continue
        one, two = around.window(candidate)
        for cause in full:
            start, end = around.window(cause)
            if cause.peer == candidate.peer and start - SLACK_US <= one <= end and two <= end + 2 * SLACK_US:
                candidate.attribute_to(cause.side, cause.side_peer, cause.confidence)
                candidate.follows = True
                candidate.evidence_for.append("what was sent queued at that time")
                break


def media_late_that_way(around: Concurrency) -> None:
    """Put media that came late in a call of two behind the round trip that was long in that direction, or in both."""
    trips = [one for one in around.candidates if one.has(TRIP) and one.side in (*_ONE_WAY, "connection")]
    if not localization_of(around.context).two:
        return
    for candidate in around.candidates:
        stream = candidate.stream
        if stream is None or not stream.consumer or not candidate.has(DELAY) or candidate.side != "between":
            continue
        one = around.window(candidate)[0]
        for trip in trips:
            start, end = around.window(trip)
            ends = {"sender_uplink": (stream.remote,), "receiver_downlink": (candidate.peer,)}
            whose = ends.get(trip.side, (stream.remote, candidate.peer))
            if trip.side_peer in whose and start - SLACK_US <= one <= end:
                candidate.attribute_to(trip.side, trip.side_peer, trip.confidence)
                candidate.follows = True
                candidate.evidence_for.append("the round trip was long at that time")
                break


def follow_outages(around: Concurrency) -> None:
    """If a finding started during an outage, or when its late reports arrived, attribute it to that outage."""
    whole = ("between", "shared", "connection")
    outages = [one for one in around.candidates if one.has(SILENCE) and one.side in whole and one.severity != "note"]
    outages += around.one_way
    for candidate in around.candidates:
        if candidate in outages or candidate.severity == "note":
            continue
        start = around.window(candidate)[0]
        if OF_LOSS in candidate.rule.tags and _frozen_by_silence(around, candidate):
            continue
        if candidate.loss_in and _lost_in_silence(around, candidate, outages):
            continue
        if FOLLOWS_OUTAGE not in candidate.rule.tags:
            _same_connection(around, candidate, outages)
            continue
        for outage in outages:
            one, two = around.window(outage)
            concerned = (outage.side_peer,) if outage.side_peer else (
                outage.peer, outage.stream.remote if outage.stream else None)  # fmt: skip
            # Who comes back under another id is the same person.
            people = {around.context.person(peer) for peer in concerned if peer is not None}
            if around.context.person(candidate.peer or "") in people and one - SLACK_US <= start <= two + AFTER_US:
                candidate.attribute_to(outage.side, outage.side_peer, "low" if not outage.side_peer else "medium")
                candidate.follows = True
                candidate.evidence_for.append("it began with the outage")
                break


def _frozen_by_silence(around: Concurrency, candidate: Candidate) -> bool:
    """Put a bad picture beside a silence of the same two people on the same side: it is the same outage."""
    if candidate.stream is None or not candidate.stream.consumer:
        return False
    one, two = around.window(candidate)
    for outage in around.candidates:
        if not outage.has(SILENCE) or outage.stream is None:
            continue
        start, end = around.window(outage)
        same = (outage.peer, outage.stream.remote) == (candidate.peer, candidate.stream.remote)
        if same and one <= end and two >= start and two - one <= end - start + 3 * SLACK_US:
            candidate.attribute_to(outage.side, outage.side_peer, outage.confidence)
            candidate.follows = True
            candidate.evidence_for = ["nothing at all arrived at that time"]
            return True
    return False


def _lost_in_silence(around: Concurrency, candidate: Candidate, outages: list[Candidate]) -> bool:
    """Put what was lost in the very samples of a silence of the same two people on the same side: it is one outage."""
    one, two = around.window(candidate)
    for outage in outages:
        if outage.stream is None or candidate.stream is None:
            continue
        start, end = around.window(outage)
        same = (outage.peer, outage.stream.remote) == (candidate.peer, candidate.stream.remote)
        if same and one >= start - SLACK_US / 8 and two <= end + SLACK_US:
            candidate.attribute_to(outage.side, outage.side_peer, outage.confidence)
            candidate.follows = True
            candidate.evidence_for.append("nothing of the sound beside it arrived at that time")
            return True
    return False


def _same_connection(around: Concurrency, candidate: Candidate, outages: list[Candidate]) -> None:
    """Put what a cut connection did to one direction on the connection: it is one fault."""
    one, two = around.window(candidate)
    for outage in outages:
        start, end = around.window(outage)
        mine = outage.side_peer is not None and candidate.side_peer == outage.side_peer
        linked = candidate.side in ("sender_uplink", "receiver_downlink", "connection")
        if mine and linked and start - SLACK_US <= one <= end + SLACK_US and two <= end + AFTER_US:
            candidate.attribute_to(outage.side, outage.side_peer, outage.confidence)
            candidate.follows = True
            return


def lateness_outlives_its_cause(around: Concurrency) -> None:
    """Put late media behind the loss or outage of the same receiver with which the buffer grew: it drains slowly."""
    causes = [one for one in around.candidates if one.has(LOSS, SILENCE, LIMIT) and one.severity != "note"]
    causes = [one for one in causes if one.side != "unknown" and not (one.follows and one.has(LIMIT))]
    for candidate in around.candidates:
        if not candidate.has(BUFFERED) or candidate.stream is None:
            continue
        start, end = around.window(candidate)
        mine = [one for one in causes if one.stream is not None and (
                (one.stream.consumer and one.peer == candidate.peer
                 and (one.stream.remote == candidate.stream.remote or one.side_peer == one.peer))
                or (not one.stream.consumer and one.peer == candidate.stream.remote))]  # fmt: skip
        spans = [around.window(cause) for cause in mine]
        fit = [
            cause
            for cause, (one, two) in zip(mine, spans, strict=True)
            if one - SLACK_US <= start <= two + (SLACK_US if cause.loss_in else AFTER_US) and end > one
        ]
        if not fit:
            continue
        cause = fit[0]
        candidate.attribute_to(cause.side, cause.side_peer, cause.confidence)
        candidate.follows = True
        candidate.severity = min(candidate.severity, "warn", key=SEVERITIES.index)
        candidate.evidence_for = ["the jitter buffer grew with it, and comes down slowly"]
        if localization_of(around.context).two and len({(one.side, one.side_peer) for one in fit}) > 1:
            candidate.attribute_to("between", None, "low")
            candidate.evidence_against.append("more than one thing went wrong at that time")
        elif candidate.side == "sender_uplink" and _unsteady_beyond(around, candidate, candidate.stream):
            candidate.attribute_to("between", None, "low")
            candidate.follows = False
            name = around.context.name(candidate.stream.remote)
            candidate.evidence_for = [f"it came unsteadily, and {name}'s far end saw it arrive steadily: not one cause"]
            candidate.evidence_against = [
                "with two people, the access of the listener or the server would look the same"
            ]


_UNSTEADY_MS, _STEADIER = 15.0, 1 / 3
"""Jitter of sound at a receiver that is no chance, and how much less of it a far end sees that it arises beyond."""


def _unsteady_beyond(around: Concurrency, candidate: Candidate, stream: Stream) -> bool:
    """
    Tell whether a stream of a call of two arrived unsteadily while the sender's far end saw it arrive steadily.

    Over a server that far end is the server: what is unsteady after it is not the sender's uplink, lossy or not.
    """
    context, arrays = around.context, around.context.arrays
    producer = context.by_producer.get(stream.producer_id or "")
    if producer is None or not localization_of(context).two or stream.media not in SOUND:
        return False
    one, two = around.window(candidate)
    middles: list[float] = []
    for end in (stream, producer):
        rows, shift = end.rows, context.shift(end)
        inside = (arrays.end[rows] - shift > one) & (arrays.start[rows] - shift < two)
        jitter = arrays["jitter_ms"][rows][inside]
        if np.isnan(jitter).all():
            return False
        middles.append(float(np.nanmedian(jitter)))
    return middles[0] >= _UNSTEADY_MS and middles[1] <= _STEADIER * middles[0]


def pictures_follow_loss(around: Concurrency) -> None:
    """
    Put dropped, frozen and slow pictures behind the loss of the same time, on the same side.

    A server repairs lost video by asking for it again, so the picture's own loss shows as none: the sound beside it,
    which is not repaired, shows all of it. Frames that were late or in pieces say nothing about a machine.
    """
    for candidate in around.candidates:
        stream = candidate.stream
        if stream is None or not stream.consumer or OF_LOSS not in candidate.rule.tags or candidate.severity == "note":
            continue
        lost = _loss_beside(around, candidate, stream)
        if lost is None or lost.stream is None:
            continue
        same = (candidate.side, candidate.side_peer) == (lost.side, lost.side_peer)
        if not same and candidate.side not in ("unknown", "receiver", "receiver_downlink"):
            continue
        candidate.follows = True
        if candidate.name != "frozen":
            candidate.severity = min(candidate.severity, lost.severity, key=SEVERITIES.index)
        if same and candidate.side != "unknown":
            continue
        candidate.attribute_to(lost.side, lost.side_peer, "low" if lost.side == "unknown" else lost.confidence)
        whose = around.context.name(lost.stream.remote if lost.stream.consumer else lost.stream.peer)
        at = f"arrived at {around.context.name(lost.peer)} with" if lost.stream.consumer else "went out with"
        beside = f"{whose}'s {media_words(lost.stream.media)} {at} up to {figure(lost.value)} % lost at that time"
        candidate.evidence_for = [f"{beside}: lost video is sent again, and comes too late"]
        candidate.evidence_against = list(lost.evidence_against)


def _loss_beside(around: Concurrency, candidate: Candidate, stream: Stream) -> Candidate | None:
    """Find loss that explains a bad picture: of the same two people, of the sender, of all that was received."""
    context, window = around.context, around.window(candidate)

    def worst(streams: list[Stream], but: tuple[str, ...] = ()) -> Candidate | None:
        found = [around.troubled(one, window, around.tagged(LOSS)) for one in streams]
        fits = (one for one in found if one is not None and one.side not in but)
        return max(fits, key=lambda one: one.value, default=None)

    heard = [one for one in context.of_peer.get(stream.peer or "", ()) if one.consumer]
    own = worst([one for one in heard if one.remote == stream.remote])
    if own is not None:
        return own
    sent = [one for one in context.of_peer.get(stream.remote or "", ()) if not one.consumer]
    up = worst(sent)
    if up is not None:
        return up
    # What another sender's line loses explains nothing here.
    return worst([one for one in heard if one.remote != stream.remote], ("sender", "sender_uplink"))


def unsteadiness_is_told(around: Concurrency) -> None:
    """Leave out that a line was less steady than usual where something of warn or worse says more of that time."""
    worse = [
        one for one in around.candidates if one.severity != "note" and one.has(DELAY, LIMIT, LOSS, SILENCE, OF_MACHINE)
    ]
    spans = [
        (*around.window(one), {one.side_peer, one.peer, one.stream.remote if one.stream else None}) for one in worse
    ]

    def told(candidate: Candidate) -> bool:
        one, two = around.window(candidate)
        return candidate.name == "unsteady" and any(
            candidate.side_peer in people and start < two and end > one for start, end, people in spans
        )

    around.candidates = [one for one in around.candidates if not told(one)]
