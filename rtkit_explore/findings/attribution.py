"""
Whose side it was on: both ends of a stream, and everyone else at the same time, held against each other.

What speaks for a side is what others saw: who else received the same stream and how, what else this person received,
what the far end told the sender. People without a report are unknown, never fine; people who were not there at that
time are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .drafts import Confidence, Draft
from .lanes import NOWHEN, Lane

if TYPE_CHECKING:
    from .context import Context

WAY = ("nothing_received", "loss_in", "jitter", "late_media", "concealment")
"""What a receiver sees of trouble on the way."""
SEEN = ("frozen", "low_frame_rate", "low_resolution", "decoder_behind")
UPWARD = ("loss_out", "congested", "bandwidth_limited", "round_trip")
"""What a sender's report shows of trouble on its way up."""
_SLACK_US = 8_000_000
"""Two clients' samples of one trouble can be a sample apart."""
_ENOUGH = 0.3
_AFTER_US = 30_000_000
FOLLOWS = ("reconnects", "bandwidth_limited", "congested", "round_trip", "jitter", "loss_out", "keyframe_storm")
"""What an outage brings about: encoders step down, clients reconnect."""


@dataclass
class Around:
    """Everything that was found, ready to be asked who else was in trouble at a time."""

    context: Context
    drafts: list[Draft]
    by_lane: dict[int, list[Draft]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the findings by stream."""
        for draft in self.drafts:
            if draft.lane is not None and draft.severity != "note":
                self.by_lane.setdefault(draft.lane.number, []).append(draft)

    def common(self, lane: Lane | None, time: int) -> int:
        """Put a time of a reporter's clock on the call's."""
        return time if lane is None else time - self.context.shift(lane)

    def window(self, draft: Draft) -> tuple[int, int]:
        """When a finding was, by the call's clock."""
        ahead = round(1e6 * self.context.lanes.shifts.get(draft.peer or "", 0.0))
        return draft.start - ahead, draft.end - ahead

    def troubled(self, lane: Lane, window: tuple[int, int], rules: tuple[str, ...]) -> Draft | None:
        """Return what was wrong with a stream at that time, if anything of these rules was."""
        best: tuple[int, Draft] | None = None
        for draft in self.by_lane.get(lane.number, ()):
            if draft.rule not in rules:
                continue
            one, two = self.window(draft)
            common = min(two, window[1]) - max(one, window[0])
            shorter = max(1, min(two - one, window[1] - window[0]))
            near = common > -_SLACK_US and shorter <= 2 * _SLACK_US
            if (common >= _ENOUGH * shorter or near) and (best is None or common > best[0]):
                best = (common, draft)
        return None if best is None else best[1]

    def there(self, lane: Lane, window: tuple[int, int]) -> bool:
        """Tell whether a stream was reported, with packets, for a good part of that time."""
        if lane.first_us == NOWHEN or lane.usual <= 0:
            return False
        shift = self.context.shift(lane)
        common = min(lane.last_us - shift, window[1]) - max(lane.first_us - shift, window[0])
        return common >= 0.5 * max(1, window[1] - window[0])

    def flows(self, lane: Lane, window: tuple[int, int]) -> bool:
        """Tell whether packets went through a stream in that time."""
        if not self.there(lane, window):
            return False
        lanes, shift = self.context.lanes, self.context.shift(lane)
        rows = np.arange(lane.rows.start, lane.rows.stop)
        inside = (lanes.end[rows] - shift > window[0]) & (lanes.start[rows] - shift < window[1])
        return bool(np.nansum(lanes["packets"][rows[inside]]) > 0)


def attribute(context: Context, drafts: list[Draft]) -> None:
    """Say of every finding whose side it was on, with confidence and evidence."""
    around = Around(context, drafts)
    for draft in drafts:
        if draft.lane is None:
            _of_person(context, draft)
        elif draft.lane.consumer:
            _Received(around, draft, draft.lane).attribute()
        else:
            _sent(around, draft, draft.lane)
    _follow_outages(around)


def _follow_outages(around: Around) -> None:
    """What began with an outage that is nobody's alone is not one person's either."""
    outages = [one for one in around.drafts if one.rule == "nothing_received" and one.side in ("between", "shared")]
    for draft in around.drafts:
        if draft.rule not in FOLLOWS or draft.severity == "note":
            continue
        start = around.window(draft)[0]
        for outage in outages:
            one, two = around.window(outage)
            hit = outage.lane is not None and draft.peer in (outage.peer, outage.lane.remote)
            if hit and one - _SLACK_US <= start <= two + _AFTER_US:
                draft.blame(outage.side, None, "low")
                draft.evidence_for.append("it began with the outage")
                break


def _of_person(context: Context, draft: Draft) -> None:
    who = context.name(draft.peer)
    if draft.rule in ("relayed", "path_changed", "one_way_transport", "reconnects"):
        producing = "consuming" not in draft.detail
        draft.blame("sender_uplink" if producing else "receiver_downlink", draft.peer, "medium")
        draft.evidence_for.append(f"{who}'s own report shows it")
        if draft.rule == "reconnects":
            draft.evidence_against.append("the service may have dropped the connection")
    elif draft.rule in ("device_lost", "hidden"):
        draft.blame("sender" if draft.rule == "device_lost" else "receiver", draft.peer, "high")
        draft.evidence_for.append(f"{who}'s own client reports it")
    elif draft.rule == "implausible" and draft.detail.startswith("clock"):
        draft.blame("unknown", draft.peer, "medium")


class _Received:
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
        self.fine_others: list[str] = []
        self.bad_others: list[str] = []
        for other in self.context.consumers_of.get(lane.producer_id or "", ()):
            if other.peer != lane.peer and around.there(other, window):
                bad = around.troubled(other, window, self.rules) is not None
                (self.bad_others if bad else self.fine_others).append(other.peer or "")
        self.bad_others = list(dict.fromkeys(self.bad_others))
        self.fine_others = [name for name in dict.fromkeys(self.fine_others) if name not in self.bad_others]
        senders: dict[str, bool] = {}
        for other in self.context.of_peer.get(lane.peer or "", ()):
            if not other.consumer or not around.there(other, window) or other.remote is None:
                continue
            wrong = around.troubled(other, window, WAY) is not None
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
        """What the sender's own report shows at that time, of this stream first."""
        found = []
        lanes = self.context.of_peer.get(self.lane.remote or "", ())
        for lane in sorted(lanes, key=lambda one: one is not self.producer):
            if not lane.consumer and (wrong := self.around.troubled(lane, self.window, rules)) is not None:
                found.append(wrong)
        return found

    def _by_what_was_sent(self) -> bool:
        """Pictures that were already bad when they were sent."""
        draft, who = self.draft, self.lane.remote
        if draft.rule == "decoder_behind" or draft.rule == "frozen":
            return False
        wrong = self._sender_troubles(("cpu_limited", "congested", "bandwidth_limited"))
        if not wrong:
            return draft.rule == "low_frame_rate" and self._sent_slowly()
        limit = next((one for one in wrong if one.lane is self.producer), wrong[0])
        fine = f"{self.sender}'s own report shows it: {limit.rule.replace('_', ' ')} at that time"
        draft.evidence_for.append(fine)
        draft.blame("sender" if limit.rule == "cpu_limited" else "sender_uplink", who, self._sureness())
        draft.cause = False
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
        present = set()
        for peer, lanes in self.context.of_peer.items():
            heard = [lane for lane in lanes if lane.consumer and self.around.there(lane, self.window)]
            if not heard:
                continue
            present.add(peer)
            bad = [lane for lane in heard if self.around.troubled(lane, self.window, WAY)]
            if len({lane.remote for lane in bad}) >= min(2, len({lane.remote for lane in heard})) and bad:
                people.add(peer)
                senders |= {lane.remote for lane in bad}
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
        if theirs and (self.fine_senders or self.bad_others) and not (mine and len(self.bad_senders) > 1):
            draft.blame("sender_uplink", lane.remote, "high" if self.bad_others or self.fine_senders else "medium")
            draft.evidence_for.append(f"{self.sender} received nothing from anybody at that time either")
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
        sure = "high" if self.fine_others else "medium"
        draft.blame("receiver_downlink", self.lane.peer, sure)
        draft.evidence_for.append(
            f"{self.me} was hit on everything at that time, from {len(self.bad_senders)} different senders"
        )
        self._say_others()
        return True

    def _sender_shows_it(self) -> bool:
        """The sender's report tells of trouble on its way up."""
        draft, who = self.draft, self.lane.remote
        wrong = self._sender_troubles(UPWARD)
        strong = [one for one in wrong if one.rule in ("loss_out", "congested")]
        if not wrong or (not strong and not self.bad_others and draft.rule in ("loss_in", "nothing_received")):
            return False
        first = (strong or wrong)[0]
        draft.evidence_for.append(
            f"{self.sender}'s own report shows it: {first.rule.replace('_', ' ')} of {_number(first.value)} {first.unit}"
        )
        self._say_others()
        if self.bad_others:
            draft.blame("sender_uplink", who, "high")
        elif self.fine_others:
            draft.blame("sender_uplink", who, "low")
        elif self._both_ways():
            draft.blame("between", None, "low")
            draft.evidence_for.append("both directions were hit at the same time")
        else:
            draft.blame("sender_uplink", who, "low")
            draft.evidence_against.append("nobody else received this stream: the way down would look the same")
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
        elif told and draft.rule in ("loss_in", "concealment", "nothing_received"):
            draft.blame("receiver_downlink", lane.peer, "medium")
            draft.evidence_for.append(f"{self.sender}'s far end reports no loss at that time")
        else:
            draft.blame("unknown", None, "low")
            missing = "no report of the sender" if producer is None else "nothing tells what the sender's far end got"
            draft.evidence_against.append(f"{missing}, and nobody else's report shows the stream")

    def _stands_still(self, producer: Lane) -> bool:
        """Tell whether the far end's figures did not change at all: it had nothing to report on."""
        lanes, shift = self.context.lanes, self.context.shift(producer)
        rows = np.arange(producer.rows.start + 1, producer.rows.stop)
        rows = rows[
            (lanes.start[rows] - shift >= self.window[0] - _SLACK_US / 8)
            & (lanes.end[rows] - shift <= self.window[1] + _SLACK_US / 8)
        ]
        if self.draft.rule != "nothing_received" or not len(rows):
            return False
        trip, jitter = lanes["rtt_ms"], lanes["jitter_ms"]
        return bool(np.all((trip[rows] == trip[rows - 1]) & (jitter[rows] == jitter[rows - 1])))

    def _far_end(self, producer: Lane) -> bool:
        """Tell whether the sender's far end reports, so that no loss means no loss."""
        judged = self.context.lanes["judged"][producer.rows]
        return bool((np.nan_to_num(judged) > 0).any())


def _sent(around: Around, draft: Draft, lane: Lane) -> None:
    """Attribute a finding on a sent stream."""
    context = around.context
    who, window = context.name(lane.peer), around.window(draft)
    if draft.rule in ("cpu_limited", "nothing_sent", "low_frame_rate", "low_resolution"):
        limited = around.troubled(lane, window, ("bandwidth_limited", "congested"))
        if draft.rule in ("low_frame_rate", "low_resolution") and limited is not None:
            draft.blame("sender_uplink", lane.peer, "medium")
        else:
            draft.blame("sender", lane.peer, "high" if draft.rule == "cpu_limited" else "medium")
        draft.evidence_for.append(f"{who}'s own client reports it")
        return
    if draft.rule == "keyframe_storm":
        bad = _receivers(around, lane, window, (*WAY, *SEEN))[0]
        lossy = around.troubled(lane, window, ("loss_out",))
        if lossy is not None:
            draft.blame("sender_uplink", lane.peer, "medium")
            draft.evidence_for.append(f"{who}'s stream was losing packets on its way up")
        elif len(bad) == 1:
            draft.blame("receiver_downlink", bad[0], "low")
            draft.evidence_for.append(f"{context.name(bad[0])} received it badly")
        else:
            draft.blame("unknown", None, "low")
            draft.evidence_against.append("the report does not tell who asks for key frames")
        return
    if draft.rule == "nothing_sent":
        return
    bad, fine = _receivers(around, lane, window, WAY)
    shared = _others_up(around, draft, lane, window)
    if shared:
        draft.blame("shared" if len(shared) >= 2 else "between", None, "medium" if len(shared) >= 2 else "low")
        names = ", ".join(context.name(peer) for peer in shared)
        draft.evidence_for.append(f"{names} reported the same at that time")
        return
    draft.evidence_for.append(f"{who}'s own report shows it")
    if draft.rule in ("round_trip", "jitter"):
        others = [peer for peer in context.of_peer if peer != lane.peer]
        draft.blame("sender_uplink", lane.peer, "medium" if len(others) > 1 else "low")
        draft.evidence_against.append(
            "a round trip goes both ways: the way down could be the long one"
            if draft.rule == "round_trip"
            else "the far end tells jitter, not its place"
        )
        return
    if len(bad) >= 2:
        draft.blame("sender_uplink", lane.peer, "high")
    elif len(bad) + len(fine) >= 2 or (bad and fine):
        draft.blame("sender_uplink", lane.peer, "medium")
    else:
        draft.blame("sender_uplink", lane.peer, "low")
        draft.evidence_against.append("a single receiver's report, or none: nobody else could have noticed")
    if bad:
        names = ", ".join(context.name(peer) for peer in bad)
        draft.evidence_for.append(f"{names} received it badly")
    if fine:
        names = ", ".join(context.name(peer) for peer in fine)
        draft.evidence_against.append(f"{names} received it well (a server repairs lost video)")


def _receivers(
    around: Around, lane: Lane, window: tuple[int, int], rules: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Who received this person badly in that time, and who well."""
    bad: dict[str, None] = {}
    fine: dict[str, None] = {}
    for own in around.context.of_peer.get(lane.peer or "", ()):
        if own.consumer:
            continue
        for other in around.context.consumers_of.get(own.stream_id or "", ()):
            if other.peer is None or not around.there(other, window):
                continue
            wrong = around.troubled(other, window, rules)
            (bad if wrong else fine)[other.peer] = None
    return list(bad), [peer for peer in fine if peer not in bad]


def _others_up(around: Around, draft: Draft, lane: Lane, window: tuple[int, int]) -> list[str]:
    """Others whose way up showed the same at that time, where that is more than one person's trouble."""
    context = around.context
    same: dict[str, None] = {}
    present = 0
    for peer, lanes in context.of_peer.items():
        sent = [one for one in lanes if not one.consumer and around.flows(one, window)]
        if not sent:
            continue
        present += 1
        if peer != lane.peer and any(around.troubled(one, window, (draft.rule,)) for one in sent):
            same[peer] = None
    together = len(same) + 1
    if (together >= 3 and 2 * together >= present) or (present == 2 and together == 2):
        return list(same)
    return []


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
