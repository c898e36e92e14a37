"""
Whose side it was on: both ends of a stream, and everyone else at the same time, held against each other.

What speaks for a side is what others saw: who else received the same stream and how, what else this person received,
what the far end told the sender. People without a report are unknown, never fine; people who were not there at that
time are not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .around import AFTER_US, FED_BACK, FOLLOWS, PICTURES, SEEN, SLACK_US, WAY, Around
from .profiles import SEVERITIES
from .received import Received
from .words import figure, media_of

if TYPE_CHECKING:
    from .context import Context
    from .drafts import Draft
    from .lanes import Lane


def attribute(context: Context, drafts: list[Draft]) -> None:
    """Say of every finding whose side it was on, with confidence and evidence."""
    around = Around(context, drafts)
    for draft in drafts:
        if draft.lane is None:
            _of_person(context, draft)
        elif draft.lane.consumer:
            Received(around, draft, draft.lane).attribute()
    for draft in drafts:
        if draft.lane is not None and not draft.lane.consumer:
            _sent(around, draft, draft.lane)
            if draft.rule in FED_BACK:
                _follow_the_way_down(around, draft, draft.lane)
    _follow_outages(around)
    _pictures_follow_loss(around)
    _no_worse_than_the_loss(around)


def _pictures_follow_loss(around: Around) -> None:
    """
    Put dropped, frozen and slow pictures behind the loss of the same time, on the same side.

    A server repairs lost video by asking for it again, so the picture's own loss shows as none: the sound beside it,
    which is not repaired, shows all of it. Frames that were late or in pieces say nothing about a machine.
    """
    for draft in around.drafts:
        lane = draft.lane
        if lane is None or not lane.consumer or draft.rule not in PICTURES or draft.severity == "note":
            continue
        lost = _loss_beside(around, draft, lane)
        if lost is None or lost.lane is None:
            continue
        same = (draft.side, draft.side_peer) == (lost.side, lost.side_peer)
        if not same and draft.side not in ("unknown", "receiver", "receiver_downlink"):
            continue
        draft.follows = True
        if draft.rule != "frozen":
            draft.severity = min(draft.severity, lost.severity, key=SEVERITIES.index)
        if same and draft.side != "unknown":
            continue
        draft.blame(lost.side, lost.side_peer, "low" if lost.side == "unknown" else lost.confidence)
        whose = around.context.name(lost.lane.remote if lost.lane.consumer else lost.lane.peer)
        at = f"arrived at {around.context.name(lost.peer)} with" if lost.lane.consumer else "went out with"
        beside = f"{whose}'s {media_of(lost.lane.media)} {at} up to {figure(lost.value)} % lost at that time"
        draft.evidence_for = [f"{beside}: lost video is sent again, and comes too late"]
        draft.evidence_against = list(lost.evidence_against)


def _loss_beside(around: Around, draft: Draft, lane: Lane) -> Draft | None:
    """Find loss that explains a bad picture: of the same two people, of the sender, of all that was received."""
    context, window = around.context, around.window(draft)

    def worst(lanes: list[Lane], rule: str, but: tuple[str, ...] = ()) -> Draft | None:
        found = [around.troubled(one, window, (rule,)) for one in lanes]
        fits = (one for one in found if one is not None and one.side not in but)
        return max(fits, key=lambda one: one.value, default=None)

    heard = [one for one in context.of_peer.get(lane.peer or "", ()) if one.consumer]
    own = worst([one for one in heard if one.remote == lane.remote], "loss_in")
    if own is not None:
        return own
    sent = [one for one in context.of_peer.get(lane.remote or "", ()) if not one.consumer]
    up = worst(sent, "loss_out")
    if up is not None:
        return up
    # What another sender's line loses explains nothing here.
    return worst([one for one in heard if one.remote != lane.remote], "loss_in", ("sender", "sender_uplink"))


def _no_worse_than_the_loss(around: Around) -> None:
    """Let patched sound be no worse than the loss that it patches: one trouble seen twice is not two."""
    for draft in around.drafts:
        if draft.rule == "concealment" and draft.lane is not None and draft.severity == "bad":
            lost = around.troubled(draft.lane, around.window(draft), ("loss_in",))
            draft.severity = draft.severity if lost is None else lost.severity


def _follow_the_way_down(around: Around, draft: Draft, lane: Lane) -> None:
    """
    Give a slow round trip or a limited encoder to the way down where that is what is broken.

    What the far end reports comes back the same way as everyone's media: where all that a participant receives is hit,
    and nothing that was sent got lost, the reports are late, not the packets.
    """
    window = around.window(draft)
    hit, present = around.hit(window, ("loss_in", "late_media", "jitter")), around.present(window)
    own = around.context.of_peer.get(lane.peer or "", ())
    heard = [one for one in own if one.consumer and present[one.number]]
    if not heard or {one.remote for one in heard} != {one.remote for one in heard if hit[one.number]}:
        return
    if any(not one.consumer and around.troubled(one, window, ("loss_out",)) for one in own):
        return
    causes = [around.troubled(one, window, ("loss_in", "late_media", "jitter")) for one in heard]
    sides = {(cause.side, cause.side_peer) for cause in causes if cause is not None}
    if len(sides) == 1:
        side, peer = sides.pop()
        draft.blame(side, peer, "low")
        draft.follows = True
        draft.evidence_for.append("all that this participant received was hit at that time, and nothing sent was lost")


def _follow_outages(around: Around) -> None:
    """Give what began with an outage that is nobody's alone to nobody, too."""
    outages = [one for one in around.drafts if one.rule == "nothing_received" and one.side in ("between", "shared")]
    for draft in around.drafts:
        if draft.rule not in FOLLOWS or draft.severity == "note":
            continue
        start = around.window(draft)[0]
        for outage in outages:
            one, two = around.window(outage)
            hit = outage.lane is not None and draft.peer in (outage.peer, outage.lane.remote)
            if hit and one - SLACK_US <= start <= two + AFTER_US:
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
            if around.troubled(other, window, rules):
                bad[other.peer] = None
            elif around.sampled(other, window) and around.well(other.peer, lane.peer, window):
                fine[other.peer] = None
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
