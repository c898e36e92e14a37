"""Whose side it was on, of what was received: the decision table, the clearest case first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .around import SEEN, SLACK_US, UPWARD, WAY, Around
from .words import figure

if TYPE_CHECKING:
    from .drafts import Confidence, Draft
    from .lanes import Lane


class Received:
    """The attribution of a finding on a received stream."""

    def __init__(self, around: Around, draft: Draft, lane: Lane) -> None:
        self.around, self.context, self.draft, self.lane = around, around.context, draft, lane
        self.window = around.window(draft)
        self.me = self.context.name(lane.peer)
        self.sender = self.context.name(lane.remote) if lane.remote else "the sender"
        self.rules = WAY if draft.rule in WAY else (*WAY, *SEEN)
        self.producer = self.context.by_producer.get(lane.producer_id or "")
        self._look_around()

    def _look_around(self) -> None:
        """Find who else received this sender, what else this person received, and how that went."""
        around, window, lane = self.around, self.window, self.lane
        hit, present = around.hit(window, self.rules), around.present(window)
        same = [
            other
            for other in self.context.consumers_of.get(lane.producer_id or "", ())
            if other.peer != lane.peer and present[other.number]
        ]
        self.bad_others = list(dict.fromkeys(other.peer or "" for other in same if hit[other.number]))
        fine = dict.fromkeys(
            other.peer or "" for other in same if not hit[other.number] and around.sampled(other, window)
        )
        self.fine_others = [
            name for name in fine if name not in self.bad_others and around.well(name, lane.remote, window)
        ]
        self.troubled_others = [name for name in fine if name not in (*self.bad_others, *self.fine_others)]
        on_the_way = around.hit(window, WAY)
        senders: dict[str, bool] = {}
        for other in self.context.of_peer.get(lane.peer or "", ()):
            wrong = bool(on_the_way[other.number])
            if not other.consumer or other.remote is None or not present[other.number]:
                continue
            if wrong or around.sampled(other, window):
                senders[other.remote] = senders.get(other.remote, False) or wrong
        senders[lane.remote or ""] = True
        self.bad_senders = [name for name, wrong in senders.items() if wrong]
        self.fine_senders = [name for name, wrong in senders.items() if not wrong]

    def attribute(self) -> None:
        """Go through the decision table, the clearest case first."""
        draft = self.draft
        if draft.rule in SEEN and self._by_what_was_sent():
            return
        if draft.rule in WAY or draft.rule in SEEN:
            if self._shared() or self._cut_off() or self._everything_of_mine() or self._sender_shows_it():
                self._no_decoder_trouble()
            elif draft.rule == "decoder_behind":
                self._of_decoder()
            else:
                self._by_the_others()

    def _no_decoder_trouble(self) -> None:
        """Frames that come too late because of the way are dropped as well: that is no slow machine."""
        if self.draft.rule == "decoder_behind" and self.draft.severity == "bad":
            self.draft.severity = "warn"

    def _of_decoder(self) -> None:
        """Frames arrived and were dropped: a slow machine, or a server that thinned the stream for a narrow line."""
        draft, lanes, rows = self.draft, self.context.lanes, self.lane.rows
        inside = (lanes.end[rows] > draft.start) & (lanes.start[rows] < draft.end)
        rate = self.context.rate[rows][inside]
        arrived = float(np.nanmean(rate)) / self.lane.usual if len(rate) and self.lane.usual > 0 else 1.0
        if arrived < 0.6 and (self.fine_others or self.producer is not None):
            draft.blame("receiver_downlink", self.lane.peer, "low")
            draft.evidence_for.append(f"only {100 * arrived:.0f} % of the usual packets came: the server sent less")
            self._no_decoder_trouble()
            return
        draft.blame("receiver", self.lane.peer, "medium")
        draft.evidence_for.append(f"frames arrived at {self.me} and were dropped; loss was low")

    def _sender_troubles(self, rules: tuple[str, ...]) -> list[Draft]:
        """Return what the sender's own report shows at that time, of this stream first."""
        lanes = self.context.of_peer.get(self.lane.remote or "", ())
        sent = [lane for lane in sorted(lanes, key=lambda one: one is not self.producer) if not lane.consumer]
        found = [self.around.troubled(lane, self.window, rules) for lane in sent]
        return [wrong for wrong in found if wrong is not None]

    def _by_what_was_sent(self) -> bool:
        """Pictures that were already bad when they were sent."""
        draft, who = self.draft, self.lane.remote
        if draft.rule in ("decoder_behind", "frozen"):
            return False
        wrong = self._sender_troubles(("cpu_limited", "congested", "bandwidth_limited"))
        if not wrong:
            return draft.rule == "low_frame_rate" and self._sent_slowly()
        limit = next((one for one in wrong if one.lane is self.producer), wrong[0])
        fine = f"{self.sender}'s own report shows it: {limit.rule.replace('_', ' ')} at that time"
        draft.evidence_for.append(fine)
        draft.blame("sender" if limit.rule == "cpu_limited" else "sender_uplink", who, self._sureness())
        return True

    def _sent_slowly(self) -> bool:
        """Tell whether the sender's own frame rate was hardly higher."""
        producer, lanes = self.producer, self.context.lanes
        if producer is None:
            return False
        rows = np.arange(producer.rows.start, producer.rows.stop)
        shift = self.context.shift(producer)
        rows = rows[(lanes.end[rows] - shift > self.window[0]) & (lanes.start[rows] - shift < self.window[1])]
        counted = lanes["frames"][rows] / lanes.seconds[rows]
        known = counted[~np.isnan(counted)]
        if not len(known) or float(np.mean(known)) > 1.5 * self.draft.usual + 0.5:
            return False
        self.draft.blame("sender", self.lane.remote, "medium")
        self.draft.evidence_for.append(f"{self.sender} sent no more than {np.mean(known):.1f} frames/s")
        return True

    def _sureness(self) -> Confidence:
        return "high" if self.bad_others else "medium" if not self.fine_others else "low"

    def _shared(self) -> bool:
        """Three people and half the call at once, and not all because of one sender."""
        people, senders = {self.lane.peer}, {self.lane.remote}
        present, hit, there = set(), self.around.hit(self.window, WAY), self.around.present(self.window)
        for peer, lanes in self.context.of_peer.items():
            heard = [lane for lane in lanes if lane.consumer and there[lane.number]]
            if not heard:
                continue
            present.add(peer)
            from_whom = {lane.remote for lane in heard if hit[lane.number]}
            if from_whom and len(from_whom) >= min(2, len({lane.remote for lane in heard})):
                people.add(peer)
                senders |= from_whom
        if len(people) < 3 or 2 * len(people) < len(present) or len(senders) < 2:
            return False
        self.draft.blame("shared", None, "high" if len(people) > 3 else "medium")
        names = ", ".join(sorted(self.context.name(peer) for peer in people))
        self.draft.evidence_for.append(
            f"{len(people)} of {len(present)} people with a report were hit at once, from several senders: {names}"
        )
        return True

    def _cut_off(self) -> bool:
        """Nothing arrives although it was sent: find whose connection was gone."""
        draft, lane = self.draft, self.lane
        if draft.rule not in ("nothing_received", "frozen"):
            return False
        mine = self._silent(lane.peer)
        theirs = self._silent(lane.remote)
        if mine and theirs:
            others = [peer for peer in self.context.of_peer if peer not in (lane.peer, lane.remote)]
            if not any(self._present(peer) for peer in others):
                draft.blame("between", None, "low")
                draft.evidence_for.append("both directions stopped at the same time, and both went on sending")
                draft.evidence_against.append("with two people, the access of either one would look the same")
                return True
        if self.fine_senders and not mine and self._sender_reconnects():
            draft.blame("sender_uplink", lane.remote, "high")
            draft.evidence_for.append(f"{self.sender} had to reconnect at that time")
            return True
        if theirs and (self.fine_senders or self.bad_others) and not (mine and len(self.bad_senders) > 1):
            draft.blame("sender_uplink", lane.remote, "high" if self.bad_others or self.fine_senders else "medium")
            draft.evidence_for.append(f"{self.sender} received nothing from anybody at that time either")
            return True
        return False

    def _sender_reconnects(self) -> bool:
        """Tell whether the sender's client tried to reconnect at that time."""
        one, two = self.window
        for draft in self.around.drafts:
            if draft.rule == "reconnects" and draft.peer == self.lane.remote:
                start, end = self.around.window(draft)
                if start <= two + SLACK_US and end >= one - SLACK_US:
                    return True
        return False

    def _silent(self, peer: str | None) -> bool:
        """Tell whether a participant received nothing from anybody at that time."""
        lanes = [
            lane
            for lane in self.context.of_peer.get(peer or "", ())
            if lane.consumer and self.around.there(lane, self.window)
        ]
        sound = [lane for lane in lanes if lane.media == "audio"] or lanes
        return bool(sound) and all(self.around.troubled(lane, self.window, ("nothing_received",)) for lane in sound)

    def _present(self, peer: str) -> bool:
        span = self.context.spans.get(peer)
        if span is None:
            return False
        ahead = round(1e6 * self.context.lanes.shifts.get(peer, 0.0))
        return min(span[1] - ahead, self.window[1]) - max(span[0] - ahead, self.window[0]) > 0

    def _everything_of_mine(self) -> bool:
        """One person is bad on everything, from different senders: that receiver's side."""
        if len(self.bad_senders) < 2 or self.fine_senders:
            return False
        draft = self.draft
        sure: Confidence = "high" if self.fine_others else "medium"
        draft.blame("receiver_downlink", self.lane.peer, sure)
        draft.evidence_for.append(
            f"{self.me} was hit on everything at that time, from {len(self.bad_senders)} different senders"
        )
        self._say_others()
        return True

    def _sender_shows_it(self) -> bool:
        """Tell whether the sender's report shows trouble on its way up."""
        draft, who = self.draft, self.lane.remote
        wrong = self._sender_troubles(UPWARD)
        strong = [one for one in wrong if one.rule in ("loss_out", "congested")]
        if not wrong or (not strong and not self.bad_others and draft.rule in ("loss_in", "nothing_received")):
            return False
        first = (strong or wrong)[0]
        draft.evidence_for.append(
            f"{self.sender}'s own report shows it: {first.rule.replace('_', ' ')} of {figure(first.value)} {first.unit}"
        )
        self._say_others()
        if self.bad_others:
            draft.blame("sender_uplink", who, "high")
        elif self.fine_others:
            draft.blame("sender_uplink", who, "low")
        elif self.troubled_others:
            draft.blame("sender_uplink", who, "medium")
            names = ", ".join(self.context.name(peer) for peer in self.troubled_others)
            draft.evidence_for.append(f"{names} had trouble with what came of {self.sender} as well")
        elif self._both_ways():
            draft.blame("between", None, "low")
            draft.evidence_for.append("both directions were hit at the same time")
        else:
            draft.blame("sender_uplink", who, "low")
            draft.evidence_against.append(
                "nobody else is known to have received this stream: the way down would look the same"
            )
        return True

    def _both_ways(self) -> bool:
        """Tell whether this person's own sending was lossy at that time as well."""
        own = [lane for lane in self.context.of_peer.get(self.lane.peer or "", ()) if not lane.consumer]
        return any(self.around.troubled(lane, self.window, ("loss_out",)) for lane in own)

    def _say_others(self) -> None:
        draft = self.draft
        if self.bad_others:
            names = ", ".join(self.context.name(peer) for peer in self.bad_others)
            draft.evidence_for.append(f"{names} received the same stream as badly")
        if self.fine_others:
            names = ", ".join(self.context.name(peer) for peer in self.fine_others)
            (draft.evidence_for if draft.side != "sender_uplink" else draft.evidence_against).append(
                f"{names} received the same stream well"
            )

    def _by_the_others(self) -> None:
        """Decide by who else received the stream, and what the far end told the sender."""
        draft, lane = self.draft, self.lane
        producer = self.producer
        told = producer is not None and self._far_end(producer)
        if self.fine_others and not self.bad_others:
            draft.blame("receiver_downlink", lane.peer, "high" if len(self.bad_senders) > 1 else "medium")
            self._say_others()
            if self.fine_senders:
                draft.evidence_against.append(f"{self.me} received others well at that time")
                draft.confidence = "low"
        elif self.bad_others:
            fine = " and its far end reports no loss" if told else ""
            if self.fine_others:
                draft.blame("receiver_downlink", lane.peer, "low")
            elif producer is not None and self._stands_still(producer):
                draft.blame("sender_uplink", lane.remote, "high")
                draft.evidence_for.append(f"what the far end tells {self.sender} stood still: nothing reached it")
            elif told:
                draft.blame("between", None, "medium")
            else:
                draft.blame("sender_uplink", lane.remote, "medium")
                draft.evidence_against.append(f"nothing tells what arrived of {self.sender} at the server")
            self._say_others()
            if producer is not None:
                draft.evidence_for.append(f"{self.sender} went on sending{fine}")
        elif draft.rule == "concealment" and self._arrived_whole():
            draft.blame("receiver", lane.peer, "low")
            draft.evidence_for.append("packets arrived in full and on time: playing them out is what failed")
        elif told and draft.rule in ("loss_in", "concealment", "nothing_received"):
            draft.blame("receiver_downlink", lane.peer, "medium")
            draft.evidence_for.append(f"{self.sender}'s far end reports no loss at that time")
        else:
            draft.blame("unknown", None, "low")
            missing = "no report of the sender" if producer is None else "nothing tells what the sender's far end got"
            draft.evidence_against.append(f"{missing}, and nobody else's report tells how the stream arrived")

    def _arrived_whole(self) -> bool:
        """Tell whether nothing was lost or late on the way in that time."""
        lanes, rows = self.context.lanes, self.lane.rows
        inside = (lanes.end[rows] > self.draft.start) & (lanes.start[rows] < self.draft.end) & lanes.known[rows]
        lost, judged = lanes["lost"][rows][inside], lanes["judged"][rows][inside]
        jitter, share = lanes["jitter_ms"][rows][inside], self.context.share[rows][inside]
        whole = np.nansum(lost) < 0.005 * np.nansum(judged) and not np.nanmean(np.nan_to_num(jitter)) >= 20
        return bool(whole and len(share) and np.nanmin(np.nan_to_num(share)) >= 80)

    def _stands_still(self, producer: Lane) -> bool:
        """Tell whether the far end's figures did not change at all: it had nothing to report on."""
        lanes, shift = self.context.lanes, self.context.shift(producer)
        rows = np.arange(producer.rows.start + 1, producer.rows.stop)
        rows = rows[
            (lanes.start[rows] - shift >= self.window[0] - SLACK_US / 8)
            & (lanes.end[rows] - shift <= self.window[1] + SLACK_US / 8)
        ]
        if self.draft.rule != "nothing_received" or not len(rows):
            return False
        trip, jitter = lanes["rtt_ms"], lanes["jitter_ms"]
        return bool(np.all((trip[rows] == trip[rows - 1]) & (jitter[rows] == jitter[rows - 1])))

    def _far_end(self, producer: Lane) -> bool:
        """Tell whether the sender's far end reports, so that no loss means no loss."""
        judged = self.context.lanes["judged"][producer.rows]
        return bool((np.nan_to_num(judged) > 0).any())
