"""Whose side a finding on a received stream was on: the links that explain it, else who else received it and how."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.attribution.links import (
    SIDES,
    family_of,
    leading,
    slots_of,
    votes_of,
)
from rtkit_explore.findings.attribution.two_people import BOTH, loss_links, over_a_server
from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.narrative import figure, named
from rtkit_explore.findings.rules.rule import (
    BUSY,
    DELAY,
    HEARD_LOSS,
    LIMIT,
    LOSS,
    OF_MACHINE,
    QUEUED,
    SEEN,
    SENT_SO,
    SILENCE,
    UPWARD,
    WAY,
)

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate, Confidence, Side
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.localization import Link
    from rtkit_explore.findings.rules.rule import Tag
    from rtkit_explore.findings.stream_arrays import Stream

_SURE, _FAIRLY_SURE = 1.5, 0.9
"""Margins from which on a link is named with high or medium confidence."""


def received_findings(around: Concurrency) -> None:
    """Attribute what was received: to the links that explain it, else by who else received it and how."""
    for candidate in around.candidates:
        if candidate.stream is not None and candidate.stream.consumer and candidate.rule.value is not None:
            ReceiverAttribution(around, candidate, candidate.stream).attribute()


_AT_ONCE = 0.75
"""What two stretches of time share, of both together, where they are one."""
_FEWEST_TOLD, _MOST_TOLD = 2, 0.6
"""Samples, and the share of them, that have to show on which link a call of two lost its packets."""


class ReceiverAttribution:
    """The attribution of a finding on a received stream."""

    def __init__(self, around: Concurrency, candidate: Candidate, stream: Stream) -> None:
        self.around, self.context, self.candidate, self.stream = around, around.context, candidate, stream
        self.window = around.window(candidate)
        self.me = self.context.name(stream.peer)
        self.sender = self.context.name(stream.remote) if stream.remote else "the sender"
        way = WAY in candidate.rule.tags
        self.rules = around.tagged(WAY) if way else (*around.tagged(WAY, SEEN), candidate.name)
        self.localization = localization_of(self.context)
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
        if candidate.has(SENT_SO) and self._by_what_was_sent():
            return
        if self._shared() or self._by_links() or self._lost_beyond() or self._between_two() or self._sender_shows_it():
            self._no_decoder_trouble()
        elif candidate.has(OF_MACHINE):
            self._of_decoder()
        else:
            self._by_the_others()

    def _no_decoder_trouble(self) -> None:
        """Frames that come too late because of the way are dropped as well: that is no slow machine."""
        if self.candidate.has(OF_MACHINE) and self.candidate.severity == "bad":
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

    def _sender_troubles(self, *tags: Tag) -> list[Candidate]:
        """Return what of some tags the sender's own report shows at that time, of this stream first."""
        rules = self.around.tagged(*tags)
        streams = self.context.of_peer.get(self.stream.remote or "", ())
        sent = [stream for stream in sorted(streams, key=lambda one: one is not self.producer) if not stream.consumer]
        found = [self.around.troubled(stream, self.window, rules) for stream in sent]
        return [wrong for wrong in found if wrong is not None]

    def _by_what_was_sent(self) -> bool:
        """Pictures that were already bad when they were sent."""
        candidate, who = self.candidate, self.stream.remote
        wrong = self._sender_troubles(BUSY, LIMIT)
        if not wrong:
            return candidate.name == "low_frame_rate" and self._sent_slowly()
        sent = self._frames_sent() if candidate.name == "low_frame_rate" else None
        lost = self.around.troubled(self.stream, self.window, self.around.tagged(LOSS))
        if lost is not None and sent is not None and self._sent_more(sent):
            return False  # the frames went out, and were lost on the way
        limit = next((one for one in wrong if one.stream is self.producer), wrong[0])
        fine = f"{self.sender}'s own report shows it: {limit.name.replace('_', ' ')} at that time"
        candidate.evidence_for.append(fine)
        candidate.attribute_to("sender" if limit.has(BUSY) else "sender_uplink", who, self._sureness())
        return True

    def _sent_slowly(self) -> bool:
        """Tell whether the sender's own frame rate was hardly higher."""
        if self.stream.media == "screenshare_video":
            return False  # of a shared screen few frames are sent where little moves: no machine is slow
        sent = self._frames_sent()
        if sent is None or self._sent_more(sent):
            return False
        self.candidate.attribute_to("sender", self.stream.remote, "medium")
        self.candidate.evidence_for.append(f"{self.sender} sent no more than {sent:.1f} frames/s")
        return True

    def _sent_more(self, sent: float) -> bool:
        return sent > 1.5 * self.candidate.mean + 0.5

    def _frames_sent(self) -> float | None:
        """Return how many frames a second the sender counted meanwhile; None where that is not known."""
        producer, arrays = self.producer, self.context.arrays
        if producer is None:
            return None
        rows = np.arange(producer.rows.start, producer.rows.stop)
        shift = self.context.shift(producer)
        rows = rows[(arrays.end[rows] - shift > self.window[0]) & (arrays.start[rows] - shift < self.window[1])]
        counted = arrays["frames"][rows] / arrays.seconds[rows]
        known = counted[~np.isnan(counted)]
        return float(np.mean(known)) if len(known) else None

    def _sureness(self) -> Confidence:
        if self.localization.two:
            return "low"
        return "high" if self.bad_others else "medium" if not self.fine_others else "low"

    def _shared(self) -> bool:
        """Three people and half the call at once, or everything that anybody received: no single link does that."""
        hit: dict[str, None] = {}
        votes, pair = 0, (self.stream.remote or "", self.stream.peer or "")
        for slot in slots_of(self.context, self.candidate):
            family = family_of(self.context, self.candidate, pair, slot)
            people = self.localization.people_hit(family, slot) if family is not None else ()
            votes += bool(people)
            hit |= dict.fromkeys(people)
        if self.candidate.samples is None or 2 * votes <= len(self.candidate.samples):
            return False
        self.candidate.attribute_to("shared", None, "high" if len(hit) > 3 else "medium" if len(hit) > 2 else "low")
        self.candidate.hit = tuple(sorted(hit))
        names = named(self.context, sorted(hit, key=self.context.name))
        # One who came back under a new id is one person.
        struck, there = ({self.context.person(who) for who in some} for some in (hit, self.localization.people))
        self.candidate.evidence_for.append(
            f"{len(struck)} of {len(there)} people with a report were hit at once, from several senders: {names}"
        )
        return True

    def _by_links(self) -> bool:
        """Attribute to the link that explains most samples, as surely as no other set of links explains them."""
        if self.localization.two:
            return False
        votes = votes_of(self.context, self.candidate)
        weight: dict[Link, list[float]] = {}
        for vote in votes:
            link = leading(self.context, self.candidate, vote)
            if link is not None:
                weight.setdefault(link, []).append(vote[link])
        if not weight:
            return False
        link, margins = max(weight.items(), key=lambda one: (len(one[1]), sum(one[1]), one[0]))
        margin, share = float(np.median(margins)), len(margins) / len(votes)
        if share < 0.4:
            return False
        sure: Confidence = "low"
        if margin >= _FAIRLY_SURE and share >= 0.5:
            sure = "high" if margin >= _SURE and share >= 0.6 else "medium"
        part, who = link
        if part == "up" and not (self.bad_others or self.fine_others or self.troubled_others) and not (
            self.producer is not None and self._far_end(self.producer)
        ):  # fmt: skip
            return False  # a single listener's report, and none of the sender's
        self.candidate.attribute_to(SIDES[part], who if part != "server" else None, sure)
        self._say_link(part, who)
        return True

    def _say_link(self, part: str, who: str) -> None:
        """Say what speaks for a link."""
        candidate, name = self.candidate, self.context.name(who)
        if part == "server":
            candidate.evidence_for.append(f"{name} went on sending, and its far end reports no loss")
        elif part == "connection":
            candidate.evidence_for.append(f"{name}'s media failed in both directions at the same time")
        elif part == "down":
            if len(self.bad_senders) > 1:
                candidate.evidence_for.append(
                    f"{name} was hit on everything at that time, from {len(self.bad_senders)} different senders"
                )
            if self.fine_senders:
                names = named(self.context, self.fine_senders)
                candidate.evidence_against.append(f"{self.me} received {names} well at that time")
        else:
            wrong = self._sender_troubles(LOSS, QUEUED) or self._sender_troubles(UPWARD)
            if wrong:
                first = wrong[0]
                shown = f"{first.name.replace('_', ' ')} of {figure(first.value)} {first.unit}"
                candidate.evidence_for.append(f"{name}'s own report shows it: {shown}")
            elif self.producer is None or not self._far_end(self.producer):
                candidate.evidence_against.append(f"nothing tells what arrived of {name} at the server")
            if self.troubled_others:
                names = named(self.context, self.troubled_others)
                candidate.evidence_for.append(f"{names} had trouble with what came of {name} as well")
        self._say_others()

    def _lost_beyond(self) -> bool:
        """Say of a call of two what was lost beyond the server, by what the sender's far end did not count."""
        candidate = self.candidate
        if not self.localization.two or not candidate.has(HEARD_LOSS):
            return False
        told = Counter(label for label in loss_links(self.context, candidate) if label is not None)
        if told.total() < _FEWEST_TOLD:
            return False
        link, times = told.most_common(1)[0]
        if link[0] == "up" or times < _MOST_TOLD * told.total():
            return False
        if link == BOTH:
            candidate.attribute_to("between", None, "low")
            candidate.evidence_for.append(f"{self.sender}'s far end counted a part of it: the rest was lost beyond")
        elif self._lost_beyond_both_ways():
            candidate.attribute_to("between", None, "low")
            candidate.evidence_for.append("both directions were hit at the same time, and neither far end counted it")
        else:
            candidate.attribute_to("receiver_downlink", self.stream.peer, "medium")
            candidate.evidence_for.append(f"{self.sender}'s far end reports no loss at that time")
        return True

    def _lost_beyond_both_ways(self) -> bool:
        """Tell whether the sender missed as much at the same time: a server does that, and hardly two downlinks."""
        one, two = self.window
        for other in self.context.of_peer.get(self.stream.remote or "", ()):
            lost = self.around.troubled(other, self.window, self.around.tagged(LOSS)) if other.consumer else None
            if lost is not None:
                start, end = self.around.window(lost)
                if min(two, end) - max(one, start) >= _AT_ONCE * (max(two, end) - min(one, start)):
                    return True
        return False

    def _between_two(self) -> bool:
        """
        Say what a call of two can tell: silence or lateness in one direction or both is nobody's in particular.

        In an outage the far end's figures stand still, so that it reports no loss is then no evidence.
        """
        candidate = self.candidate
        if not self.localization.two or candidate.rule.families[:1] == ("loss",):
            return False
        lossy = self._sender_troubles(LOSS)
        if candidate.has(DELAY) and (lossy or self._sender_troubles(QUEUED)):
            return False
        if candidate.name == "frozen" and lossy and not self._both_silent():
            return False
        candidate.attribute_to("between", None, "low")
        both = self._both_silent()
        if both:
            candidate.evidence_for.append("both directions stopped at the same time, and both went on sending")
        if over_a_server(self.context) and self._cut_from_the_server(both=both):
            return True
        candidate.evidence_against.append("with two people, the access of either one would look the same")
        return True

    def _cut_from_the_server(self, *, both: bool) -> bool:
        """
        Say who of two people over a server was cut off: what the server tells that one stands still.

        The other goes on being told how the server receives them, with no loss. A direction of its own stops with what
        the sender is told, or with what the listener is told.
        """
        context, candidate = self.context, self.candidate
        own = [one for one in context.of_peer.get(self.stream.peer or "", ()) if not one.consumer]
        mine = next((one for one in own if one.media == self.stream.media), None)
        if candidate.name != "nothing_received" or mine is None or self.producer is None:
            return False
        untold = [self._stands_still(self.producer), self._stands_still(mine)]
        if untold[0] == untold[1]:
            return False
        sender = untold[0]
        who, told = (self.sender, self.me) if sender else (self.me, self.sender)
        side: Side = "connection" if both else "sender_uplink" if sender else "receiver_downlink"
        candidate.attribute_to(side, self.stream.remote if sender else self.stream.peer, "medium")
        candidate.evidence_for.append(f"the server told {who} nothing at that time, and went on telling {told}")
        return True

    def _both_silent(self) -> bool:
        """Tell whether both directions of a call of two stopped at that time."""
        silence = self.around.tagged(SILENCE)
        return all(
            any(self.around.troubled(one, self.window, silence) for one in self.context.of_peer.get(who or "", ()))
            for who in (self.stream.peer, self.stream.remote)
        )

    def _sender_shows_it(self) -> bool:
        """Tell whether the sender's report shows trouble on its way up."""
        candidate, who = self.candidate, self.stream.remote
        # A limit of the encoder outlasts what brought it about, and must not hide it.
        strong = self._sender_troubles(LOSS, QUEUED)
        wrong = strong or self._sender_troubles(UPWARD)
        if not wrong or (not strong and not self.bad_others and candidate.has(LOSS, SILENCE)):
            return False
        first = wrong[0]
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
            names = named(self.context, self.troubled_others)
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
        lossy = [self.around.troubled(stream, self.window, self.around.tagged(LOSS)) for stream in own]
        # What lies beside it, or is but a moment of it, is another trouble.
        return any(one is not None and self.around.mostly_together(one, self.candidate) for one in lossy)

    def _say_others(self) -> None:
        candidate = self.candidate
        if self.bad_others:
            names = named(self.context, self.bad_others)
            candidate.evidence_for.append(f"{names} received the same stream as badly")
        if self.fine_others:
            names = named(self.context, self.fine_others)
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
                # One stream to one person, and all the rest well: that is no link of either of them.
                candidate.evidence_against.append(f"{self.me} received others well at that time")
                candidate.attribute_to("between", None, "low")
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
        elif told and candidate.has(HEARD_LOSS, SILENCE):
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
