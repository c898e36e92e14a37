"""Whose side it was on, of what was received: the decision table, the clearest case first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.concurrency import SEEN, SLACK_US, UPWARD, WAY, Concurrency
from rtkit_explore.findings.narrative import figure

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate, Confidence
    from rtkit_explore.findings.stream_arrays import Stream


class ReceiverAttribution:
    """The attribution of a finding on a received stream."""

    def __init__(self, around: Concurrency, candidate: Candidate, stream: Stream) -> None:
        self.around, self.context, self.candidate, self.stream = around, around.context, candidate, stream
        self.window = around.window(candidate)
        self.me = self.context.name(stream.peer)
        self.sender = self.context.name(stream.remote) if stream.remote else "the sender"
        self.rules = WAY if candidate.rule in WAY else (*WAY, *SEEN)
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
        on_the_way = around.hit(window, WAY)
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
        if candidate.rule in SEEN and self._by_what_was_sent():
            return
        if candidate.rule in WAY or candidate.rule in SEEN:
            if self._shared() or self._cut_off() or self._everything_of_mine() or self._sender_shows_it():
                self._no_decoder_trouble()
            elif candidate.rule == "decoder_behind":
                self._of_decoder()
            else:
                self._by_the_others()

    def _no_decoder_trouble(self) -> None:
        """Frames that come too late because of the way are dropped as well: that is no slow machine."""
        if self.candidate.rule == "decoder_behind" and self.candidate.severity == "bad":
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
        if candidate.rule in ("decoder_behind", "frozen"):
            return False
        wrong = self._sender_troubles(("cpu_limited", "congested", "bandwidth_limited"))
        if not wrong:
            return candidate.rule == "low_frame_rate" and self._sent_slowly()
        limit = next((one for one in wrong if one.stream is self.producer), wrong[0])
        fine = f"{self.sender}'s own report shows it: {limit.rule.replace('_', ' ')} at that time"
        candidate.evidence_for.append(fine)
        candidate.attribute_to("sender" if limit.rule == "cpu_limited" else "sender_uplink", who, self._sureness())
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
        if not len(known) or float(np.mean(known)) > 1.5 * self.candidate.usual + 0.5:
            return False
        self.candidate.attribute_to("sender", self.stream.remote, "medium")
        self.candidate.evidence_for.append(f"{self.sender} sent no more than {np.mean(known):.1f} frames/s")
        return True

    def _sureness(self) -> Confidence:
        return "high" if self.bad_others else "medium" if not self.fine_others else "low"

    def _shared(self) -> bool:
        """Three people and half the call at once, and not all because of one sender."""
        people, senders = {self.stream.peer}, {self.stream.remote}
        present, hit, there = set(), self.around.hit(self.window, WAY), self.around.present(self.window)
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
        if candidate.rule not in ("nothing_received", "frozen"):
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
            if candidate.rule == "reconnects" and candidate.peer == self.stream.remote:
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
        wrong = self._sender_troubles(UPWARD)
        strong = [one for one in wrong if one.rule in ("loss_out", "congested")]
        if not wrong or (not strong and not self.bad_others and candidate.rule in ("loss_in", "nothing_received")):
            return False
        first = (strong or wrong)[0]
        candidate.evidence_for.append(
            f"{self.sender}'s own report shows it: {first.rule.replace('_', ' ')} of {figure(first.value)} {first.unit}"
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
        elif candidate.rule == "concealment" and self._arrived_whole():
            candidate.attribute_to("receiver", stream.peer, "low")
            candidate.evidence_for.append("packets arrived in full and on time: playing them out is what failed")
        elif told and candidate.rule in ("loss_in", "concealment", "nothing_received"):
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
        if self.candidate.rule != "nothing_received" or not len(rows):
            return False
        trip, jitter = arrays["rtt_ms"], arrays["jitter_ms"]
        return bool(np.all((trip[rows] == trip[rows - 1]) & (jitter[rows] == jitter[rows - 1])))

    def _far_end(self, producer: Stream) -> bool:
        """Tell whether the sender's far end reports, so that no loss means no loss."""
        judged = self.context.arrays["judged"][producer.rows]
        return bool((np.nan_to_num(judged) > 0).any())
