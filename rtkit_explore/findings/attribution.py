"""
Whose side it was on: both ends of a stream, and everyone else at the same time, held against each other.

What speaks for a side is what others saw: who else received the same stream and how, what else this person received,
what the far end told the sender. People without a report are unknown, never fine; people who were not there at that
time are not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.concurrency import AFTER_US, SLACK_US, Concurrency
from rtkit_explore.findings.narrative import figure
from rtkit_explore.findings.profiles import SEVERITIES
from rtkit_explore.findings.rules.rule import FED_BACK, FOLLOWS_OUTAGE, OF_LOSS, SEEN, UPWARD, WAY
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.findings.candidates import Candidate, Confidence
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.stream_arrays import Stream


def attribute(context: Context, candidates: list[Candidate]) -> None:
    """Say of every finding whose side it was on, with confidence and evidence."""
    around = Concurrency(context, candidates)
    for step in PASSES:
        step(around)


def _received_findings(around: Concurrency) -> None:
    """Attribute what was received, by who else received it, and what else this person received."""
    for candidate in around.candidates:
        if candidate.stream is not None and candidate.stream.consumer and candidate.rule.value is not None:
            ReceiverAttribution(around, candidate, candidate.stream).attribute()


def _sent_findings(around: Concurrency) -> None:
    """Attribute what was sent, by how it was received."""
    for candidate in around.candidates:
        if candidate.stream is not None and not candidate.stream.consumer and candidate.rule.value is not None:
            _sent(around, candidate, candidate.stream)


def _reports_came_late(around: Concurrency) -> None:
    """Put a slow round trip or a limited encoder on the downlink on which the reports came back, if that is broken."""
    for candidate in around.candidates:
        stream = candidate.stream
        if stream is not None and not stream.consumer and FED_BACK in candidate.rule.tags:
            _follow_the_way_down(around, candidate, stream)


def _pictures_follow_loss(around: Concurrency) -> None:
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

    def worst(streams: list[Stream], rule: str, but: tuple[str, ...] = ()) -> Candidate | None:
        found = [around.troubled(one, window, (rule,)) for one in streams]
        fits = (one for one in found if one is not None and one.side not in but)
        return max(fits, key=lambda one: one.value, default=None)

    heard = [one for one in context.of_peer.get(stream.peer or "", ()) if one.consumer]
    own = worst([one for one in heard if one.remote == stream.remote], "loss_in")
    if own is not None:
        return own
    sent = [one for one in context.of_peer.get(stream.remote or "", ()) if not one.consumer]
    up = worst(sent, "loss_out")
    if up is not None:
        return up
    # What another sender's line loses explains nothing here.
    return worst([one for one in heard if one.remote != stream.remote], "loss_in", ("sender", "sender_uplink"))


def _no_worse_than_the_loss(around: Concurrency) -> None:
    """Let patched sound be no worse than the loss that it patches: one trouble seen twice is not two."""
    for candidate in around.candidates:
        if candidate.name == "concealment" and candidate.stream is not None and candidate.severity == "bad":
            lost = around.troubled(candidate.stream, around.window(candidate), ("loss_in",))
            candidate.severity = candidate.severity if lost is None else lost.severity


def _follow_the_way_down(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """
    Give a slow round trip or a limited encoder to the way down where that is what is broken.

    What the far end reports comes back the same way as everyone's media: where all that a participant receives is hit,
    and nothing that was sent got lost, the reports are late, not the packets.
    """
    window = around.window(candidate)
    hit, present = around.hit(window, ("loss_in", "late_media", "jitter")), around.present(window)
    own = around.context.of_peer.get(stream.peer or "", ())
    heard = [one for one in own if one.consumer and present[one.number]]
    if not heard or {one.remote for one in heard} != {one.remote for one in heard if hit[one.number]}:
        return
    if any(not one.consumer and around.troubled(one, window, ("loss_out",)) for one in own):
        return
    causes = [around.troubled(one, window, ("loss_in", "late_media", "jitter")) for one in heard]
    sides = {(cause.side, cause.side_peer) for cause in causes if cause is not None}
    if len(sides) == 1:
        side, peer = sides.pop()
        candidate.attribute_to(side, peer, "low")
        candidate.follows = True
        candidate.evidence_for.append(
            "all that this participant received was hit at that time, and nothing sent was lost"
        )


def _follow_outages(around: Concurrency) -> None:
    """Give what began with an outage that is nobody's alone to nobody, too."""
    outages = [one for one in around.candidates if one.name == "nothing_received" and one.side in ("between", "shared")]
    for candidate in around.candidates:
        if FOLLOWS_OUTAGE not in candidate.rule.tags or candidate.severity == "note":
            continue
        start = around.window(candidate)[0]
        for outage in outages:
            one, two = around.window(outage)
            hit = outage.stream is not None and candidate.peer in (outage.peer, outage.stream.remote)
            if hit and one - SLACK_US <= start <= two + AFTER_US:
                candidate.attribute_to(outage.side, None, "low")
                candidate.evidence_for.append("it began with the outage")
                break


def _sent(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute a finding on a sent stream."""
    context = around.context
    who, window = context.name(stream.peer), around.window(candidate)
    if candidate.name in ("cpu_limited", "nothing_sent", "low_frame_rate", "low_resolution"):
        limited = around.troubled(stream, window, ("bandwidth_limited", "congested"))
        if candidate.name in ("low_frame_rate", "low_resolution") and limited is not None:
            candidate.attribute_to("sender_uplink", stream.peer, "medium")
        else:
            candidate.attribute_to("sender", stream.peer, "high" if candidate.name == "cpu_limited" else "medium")
        candidate.evidence_for.append(f"{who}'s own client reports it")
        return
    if candidate.name == "keyframe_storm":
        bad = _receivers(around, stream, window, around.tagged(WAY, SEEN))[0]
        lossy = around.troubled(stream, window, ("loss_out",))
        if lossy is not None:
            candidate.attribute_to("sender_uplink", stream.peer, "medium")
            candidate.evidence_for.append(f"{who}'s stream was losing packets on its way up")
        elif len(bad) == 1:
            candidate.attribute_to("receiver_downlink", bad[0], "low")
            candidate.evidence_for.append(f"{context.name(bad[0])} received it badly")
        else:
            candidate.attribute_to("unknown", None, "low")
            candidate.evidence_against.append("the report does not tell who asks for key frames")
        return
    if candidate.name == "nothing_sent":
        return
    bad, fine = _receivers(around, stream, window, around.tagged(WAY))
    shared = _others_up(around, candidate, stream, window)
    if shared:
        candidate.attribute_to(
            "shared" if len(shared) >= 2 else "between", None, "medium" if len(shared) >= 2 else "low"
        )
        names = ", ".join(context.name(peer) for peer in shared)
        candidate.evidence_for.append(f"{names} reported the same at that time")
        return
    candidate.evidence_for.append(f"{who}'s own report shows it")
    if candidate.name in ("round_trip", "jitter"):
        others = [peer for peer in context.of_peer if peer != stream.peer]
        candidate.attribute_to("sender_uplink", stream.peer, "medium" if len(others) > 1 else "low")
        candidate.evidence_against.append(
            "a round trip goes both ways: the way down could be the long one"
            if candidate.name == "round_trip"
            else "the far end tells jitter, not its place"
        )
        return
    if len(bad) >= 2:
        candidate.attribute_to("sender_uplink", stream.peer, "high")
    elif len(bad) + len(fine) >= 2 or (bad and fine):
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
    else:
        candidate.attribute_to("sender_uplink", stream.peer, "low")
        candidate.evidence_against.append("a single receiver's report, or none: nobody else could have noticed")
    if bad:
        names = ", ".join(context.name(peer) for peer in bad)
        candidate.evidence_for.append(f"{names} received it badly")
    if fine:
        names = ", ".join(context.name(peer) for peer in fine)
        candidate.evidence_against.append(f"{names} received it well (a server repairs lost video)")


def _receivers(
    around: Concurrency, stream: Stream, window: tuple[int, int], rules: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Who received this person badly in that time, and who well."""
    bad: dict[str, None] = {}
    fine: dict[str, None] = {}
    for own in around.context.of_peer.get(stream.peer or "", ()):
        if own.consumer:
            continue
        for other in around.context.consumers_of.get(own.stream_id or "", ()):
            if other.peer is None or not around.there(other, window):
                continue
            if around.troubled(other, window, rules):
                bad[other.peer] = None
            elif around.sampled(other, window) and around.well(other.peer, stream.peer, window):
                fine[other.peer] = None
    return list(bad), [peer for peer in fine if peer not in bad]


def _others_up(around: Concurrency, candidate: Candidate, stream: Stream, window: tuple[int, int]) -> list[str]:
    """Others whose way up showed the same at that time, where that is more than one person's trouble."""
    context = around.context
    same: dict[str, None] = {}
    present = 0
    for peer, streams in context.of_peer.items():
        sent = [one for one in streams if not one.consumer and around.flows(one, window)]
        if not sent:
            continue
        present += 1
        if peer != stream.peer and any(around.troubled(one, window, (candidate.name,)) for one in sent):
            same[peer] = None
    together = len(same) + 1
    if (together >= 3 and 2 * together >= present) or (present == 2 and together == 2):
        return list(same)
    return []


class ReceiverAttribution:
    """The attribution of a finding on a received stream."""

    def __init__(self, around: Concurrency, candidate: Candidate, stream: Stream) -> None:
        self.around, self.context, self.candidate, self.stream = around, around.context, candidate, stream
        self.window = around.window(candidate)
        self.me = self.context.name(stream.peer)
        self.sender = self.context.name(stream.remote) if stream.remote else "the sender"
        way = WAY in candidate.rule.tags
        self.rules = around.tagged(WAY) if way else (*around.tagged(WAY, SEEN), candidate.name)
        self.producer = self.context.by_producer.get(stream.producer_id or "")
        self._look_around()

    def _look_around(self) -> None:
        """Find who else received this sender, what else this person received, and how that went."""
        around, window, stream = self.around, self.window, self.stream
        hit, present = around.hit(window, self.rules), around.present(window)
        same = [
            other
            for other in self.context.consumers_of.get(stream.producer_id or "", ())
            if other.peer != stream.peer and present[other.number]
        ]
        self.bad_others = list(dict.fromkeys(other.peer or "" for other in same if hit[other.number]))
        fine = dict.fromkeys(
            other.peer or "" for other in same if not hit[other.number] and around.sampled(other, window)
        )
        self.fine_others = [
            name for name in fine if name not in self.bad_others and around.well(name, stream.remote, window)
        ]
        self.troubled_others = [name for name in fine if name not in (*self.bad_others, *self.fine_others)]
        on_the_way = around.hit(window, around.tagged(WAY))
        senders: dict[str, bool] = {}
        for other in self.context.of_peer.get(stream.peer or "", ()):
            wrong = bool(on_the_way[other.number])
            if not other.consumer or other.remote is None or not present[other.number]:
                continue
            if wrong or around.sampled(other, window):
                senders[other.remote] = senders.get(other.remote, False) or wrong
        senders[stream.remote or ""] = True
        self.bad_senders = [name for name, wrong in senders.items() if wrong]
        self.fine_senders = [name for name, wrong in senders.items() if not wrong]

    def attribute(self) -> None:
        """Go through the decision table, the clearest case first."""
        candidate = self.candidate
        if SEEN in candidate.rule.tags and self._by_what_was_sent():
            return
        if self._shared() or self._cut_off() or self._everything_of_mine() or self._sender_shows_it():
            self._no_decoder_trouble()
        elif candidate.name == "decoder_behind":
            self._of_decoder()
        else:
            self._by_the_others()

    def _no_decoder_trouble(self) -> None:
        """Frames that come too late because of the way are dropped as well: that is no slow machine."""
        if self.candidate.name == "decoder_behind" and self.candidate.severity == "bad":
            self.candidate.severity = "warn"

    def _of_decoder(self) -> None:
        """Frames arrived and were dropped: a slow machine, or a server that thinned the stream for a narrow line."""
        candidate, arrays, rows = self.candidate, self.context.arrays, self.stream.rows
        inside = (arrays.end[rows] > candidate.start) & (arrays.start[rows] < candidate.end)
        rate = self.context.rate[rows][inside]
        arrived = float(np.nanmean(rate)) / self.stream.usual if len(rate) and self.stream.usual > 0 else 1.0
        if arrived < 0.6 and (self.fine_others or self.producer is not None):
            candidate.attribute_to("receiver_downlink", self.stream.peer, "low")
            candidate.evidence_for.append(f"only {100 * arrived:.0f} % of the usual packets came: the server sent less")
            self._no_decoder_trouble()
            return
        candidate.attribute_to("receiver", self.stream.peer, "medium")
        candidate.evidence_for.append(f"frames arrived at {self.me} and were dropped; loss was low")

    def _sender_troubles(self, rules: tuple[str, ...]) -> list[Candidate]:
        """Return what the sender's own report shows at that time, of this stream first."""
        streams = self.context.of_peer.get(self.stream.remote or "", ())
        sent = [stream for stream in sorted(streams, key=lambda one: one is not self.producer) if not stream.consumer]
        found = [self.around.troubled(stream, self.window, rules) for stream in sent]
        return [wrong for wrong in found if wrong is not None]

    def _by_what_was_sent(self) -> bool:
        """Pictures that were already bad when they were sent."""
        candidate, who = self.candidate, self.stream.remote
        if candidate.name in ("decoder_behind", "frozen"):
            return False
        wrong = self._sender_troubles(("cpu_limited", "congested", "bandwidth_limited"))
        if not wrong:
            return candidate.name == "low_frame_rate" and self._sent_slowly()
        limit = next((one for one in wrong if one.stream is self.producer), wrong[0])
        fine = f"{self.sender}'s own report shows it: {limit.name.replace('_', ' ')} at that time"
        candidate.evidence_for.append(fine)
        candidate.attribute_to("sender" if limit.name == "cpu_limited" else "sender_uplink", who, self._sureness())
        return True

    def _sent_slowly(self) -> bool:
        """Tell whether the sender's own frame rate was hardly higher."""
        producer, arrays = self.producer, self.context.arrays
        if producer is None:
            return False
        rows = np.arange(producer.rows.start, producer.rows.stop)
        shift = self.context.shift(producer)
        rows = rows[(arrays.end[rows] - shift > self.window[0]) & (arrays.start[rows] - shift < self.window[1])]
        counted = arrays["frames"][rows] / arrays.seconds[rows]
        known = counted[~np.isnan(counted)]
        if not len(known) or float(np.mean(known)) > 1.5 * self.candidate.mean + 0.5:
            return False
        self.candidate.attribute_to("sender", self.stream.remote, "medium")
        self.candidate.evidence_for.append(f"{self.sender} sent no more than {np.mean(known):.1f} frames/s")
        return True

    def _sureness(self) -> Confidence:
        return "high" if self.bad_others else "medium" if not self.fine_others else "low"

    def _shared(self) -> bool:
        """Three people and half the call at once, and not all because of one sender."""
        people, senders = {self.stream.peer}, {self.stream.remote}
        present, hit, there = (
            set(),
            self.around.hit(self.window, self.around.tagged(WAY)),
            self.around.present(self.window),
        )
        for peer, streams in self.context.of_peer.items():
            heard = [stream for stream in streams if stream.consumer and there[stream.number]]
            if not heard:
                continue
            present.add(peer)
            from_whom = {stream.remote for stream in heard if hit[stream.number]}
            if from_whom and len(from_whom) >= min(2, len({stream.remote for stream in heard})):
                people.add(peer)
                senders |= from_whom
        if len(people) < 3 or 2 * len(people) < len(present) or len(senders) < 2:
            return False
        self.candidate.attribute_to("shared", None, "high" if len(people) > 3 else "medium")
        names = ", ".join(sorted(self.context.name(peer) for peer in people))
        self.candidate.evidence_for.append(
            f"{len(people)} of {len(present)} people with a report were hit at once, from several senders: {names}"
        )
        return True

    def _cut_off(self) -> bool:
        """Nothing arrives although it was sent: find whose connection was gone."""
        candidate, stream = self.candidate, self.stream
        if candidate.name not in ("nothing_received", "frozen"):
            return False
        mine = self._silent(stream.peer)
        theirs = self._silent(stream.remote)
        if mine and theirs:
            others = [peer for peer in self.context.of_peer if peer not in (stream.peer, stream.remote)]
            if not any(self._present(peer) for peer in others):
                candidate.attribute_to("between", None, "low")
                candidate.evidence_for.append("both directions stopped at the same time, and both went on sending")
                candidate.evidence_against.append("with two people, the access of either one would look the same")
                return True
        if self.fine_senders and not mine and self._sender_reconnects():
            candidate.attribute_to("sender_uplink", stream.remote, "high")
            candidate.evidence_for.append(f"{self.sender} had to reconnect at that time")
            return True
        if theirs and (self.fine_senders or self.bad_others) and not (mine and len(self.bad_senders) > 1):
            candidate.attribute_to(
                "sender_uplink", stream.remote, "high" if self.bad_others or self.fine_senders else "medium"
            )
            candidate.evidence_for.append(f"{self.sender} received nothing from anybody at that time either")
            return True
        return False

    def _sender_reconnects(self) -> bool:
        """Tell whether the sender's client tried to reconnect at that time."""
        one, two = self.window
        for candidate in self.around.candidates:
            if candidate.name == "reconnects" and candidate.peer == self.stream.remote:
                start, end = self.around.window(candidate)
                if start <= two + SLACK_US and end >= one - SLACK_US:
                    return True
        return False

    def _silent(self, peer: str | None) -> bool:
        """Tell whether a participant received nothing from anybody at that time."""
        streams = [
            stream
            for stream in self.context.of_peer.get(peer or "", ())
            if stream.consumer and self.around.there(stream, self.window)
        ]
        sound = [stream for stream in streams if stream.media == "audio"] or streams
        return bool(sound) and all(self.around.troubled(stream, self.window, ("nothing_received",)) for stream in sound)

    def _present(self, peer: str) -> bool:
        span = self.context.spans.get(peer)
        if span is None:
            return False
        ahead = round(1e6 * self.context.arrays.shifts.get(peer, 0.0))
        return min(span[1] - ahead, self.window[1]) - max(span[0] - ahead, self.window[0]) > 0

    def _everything_of_mine(self) -> bool:
        """One person is bad on everything, from different senders: that receiver's side."""
        if len(self.bad_senders) < 2 or self.fine_senders:
            return False
        candidate = self.candidate
        sure: Confidence = "high" if self.fine_others else "medium"
        candidate.attribute_to("receiver_downlink", self.stream.peer, sure)
        candidate.evidence_for.append(
            f"{self.me} was hit on everything at that time, from {len(self.bad_senders)} different senders"
        )
        self._say_others()
        return True

    def _sender_shows_it(self) -> bool:
        """Tell whether the sender's report shows trouble on its way up."""
        candidate, who = self.candidate, self.stream.remote
        wrong = self._sender_troubles(self.around.tagged(UPWARD))
        strong = [one for one in wrong if one.name in ("loss_out", "congested")]
        if not wrong or (not strong and not self.bad_others and candidate.name in ("loss_in", "nothing_received")):
            return False
        first = (strong or wrong)[0]
        candidate.evidence_for.append(
            f"{self.sender}'s own report shows it: {first.name.replace('_', ' ')} of {figure(first.value)} {first.unit}"
        )
        self._say_others()
        if self.bad_others:
            candidate.attribute_to("sender_uplink", who, "high")
        elif self.fine_others:
            candidate.attribute_to("sender_uplink", who, "low")
        elif self.troubled_others:
            candidate.attribute_to("sender_uplink", who, "medium")
            names = ", ".join(self.context.name(peer) for peer in self.troubled_others)
            candidate.evidence_for.append(f"{names} had trouble with what came of {self.sender} as well")
        elif self._both_ways():
            candidate.attribute_to("between", None, "low")
            candidate.evidence_for.append("both directions were hit at the same time")
        else:
            candidate.attribute_to("sender_uplink", who, "low")
            candidate.evidence_against.append(
                "nobody else is known to have received this stream: the way down would look the same"
            )
        return True

    def _both_ways(self) -> bool:
        """Tell whether this person's own sending was lossy at that time as well."""
        own = [stream for stream in self.context.of_peer.get(self.stream.peer or "", ()) if not stream.consumer]
        return any(self.around.troubled(stream, self.window, ("loss_out",)) for stream in own)

    def _say_others(self) -> None:
        candidate = self.candidate
        if self.bad_others:
            names = ", ".join(self.context.name(peer) for peer in self.bad_others)
            candidate.evidence_for.append(f"{names} received the same stream as badly")
        if self.fine_others:
            names = ", ".join(self.context.name(peer) for peer in self.fine_others)
            (candidate.evidence_for if candidate.side != "sender_uplink" else candidate.evidence_against).append(
                f"{names} received the same stream well"
            )

    def _by_the_others(self) -> None:
        """Decide by who else received the stream, and what the far end told the sender."""
        candidate, stream = self.candidate, self.stream
        producer = self.producer
        told = producer is not None and self._far_end(producer)
        if self.fine_others and not self.bad_others:
            candidate.attribute_to("receiver_downlink", stream.peer, "high" if len(self.bad_senders) > 1 else "medium")
            self._say_others()
            if self.fine_senders:
                candidate.evidence_against.append(f"{self.me} received others well at that time")
                candidate.confidence = "low"
        elif self.bad_others:
            fine = " and its far end reports no loss" if told else ""
            if self.fine_others:
                candidate.attribute_to("receiver_downlink", stream.peer, "low")
            elif producer is not None and self._stands_still(producer):
                candidate.attribute_to("sender_uplink", stream.remote, "high")
                candidate.evidence_for.append(f"what the far end tells {self.sender} stood still: nothing reached it")
            elif told:
                candidate.attribute_to("between", None, "medium")
            else:
                candidate.attribute_to("sender_uplink", stream.remote, "medium")
                candidate.evidence_against.append(f"nothing tells what arrived of {self.sender} at the server")
            self._say_others()
            if producer is not None:
                candidate.evidence_for.append(f"{self.sender} went on sending{fine}")
        elif candidate.name == "concealment" and self._arrived_whole():
            candidate.attribute_to("receiver", stream.peer, "low")
            candidate.evidence_for.append("packets arrived in full and on time: playing them out is what failed")
        elif told and candidate.name in ("loss_in", "concealment", "nothing_received"):
            candidate.attribute_to("receiver_downlink", stream.peer, "medium")
            candidate.evidence_for.append(f"{self.sender}'s far end reports no loss at that time")
        else:
            candidate.attribute_to("unknown", None, "low")
            missing = "no report of the sender" if producer is None else "nothing tells what the sender's far end got"
            candidate.evidence_against.append(f"{missing}, and nobody else's report tells how the stream arrived")

    def _arrived_whole(self) -> bool:
        """Tell whether nothing was lost or late on the way in that time."""
        arrays, rows = self.context.arrays, self.stream.rows
        inside = (
            (arrays.end[rows] > self.candidate.start) & (arrays.start[rows] < self.candidate.end) & arrays.known[rows]
        )
        lost, judged = arrays["lost"][rows][inside], arrays["judged"][rows][inside]
        jitter, share = arrays["jitter_ms"][rows][inside], self.context.share[rows][inside]
        whole = np.nansum(lost) < 0.005 * np.nansum(judged) and not np.nanmean(np.nan_to_num(jitter)) >= 20
        return bool(whole and len(share) and np.nanmin(np.nan_to_num(share)) >= 80)

    def _stands_still(self, producer: Stream) -> bool:
        """Tell whether the far end's figures did not change at all: it had nothing to report on."""
        arrays, shift = self.context.arrays, self.context.shift(producer)
        rows = np.arange(producer.rows.start + 1, producer.rows.stop)
        rows = rows[
            (arrays.start[rows] - shift >= self.window[0] - SLACK_US / 8)
            & (arrays.end[rows] - shift <= self.window[1] + SLACK_US / 8)
        ]
        if self.candidate.name != "nothing_received" or not len(rows):
            return False
        trip, jitter = arrays["rtt_ms"], arrays["jitter_ms"]
        return bool(np.all((trip[rows] == trip[rows - 1]) & (jitter[rows] == jitter[rows - 1])))

    def _far_end(self, producer: Stream) -> bool:
        """Tell whether the sender's far end reports, so that no loss means no loss."""
        judged = self.context.arrays["judged"][producer.rows]
        return bool((np.nan_to_num(judged) > 0).any())


PASSES: tuple[Callable[[Concurrency], None], ...] = (
    _received_findings,
    _sent_findings,
    _reports_came_late,
    _follow_outages,
    _pictures_follow_loss,
    _no_worse_than_the_loss,
)
"""The attribution, step by step; each step may correct those before it."""
