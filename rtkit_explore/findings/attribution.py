"""
Whose side it was on: both ends of a stream, and everyone else at the same time, held against each other.

What speaks for a side is what others saw: who else received the same stream and how, what else this person received,
what the far end told the sender. People without a report are unknown, never fine; people who were not there at that
time are not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.findings.attribution_received import ReceiverAttribution
from rtkit_explore.findings.concurrency import AFTER_US, FED_BACK, FOLLOWS, PICTURES, SEEN, SLACK_US, WAY, Concurrency
from rtkit_explore.findings.narrative import figure, media_of
from rtkit_explore.findings.profiles import SEVERITIES

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.stream_arrays import Stream


def attribute(context: Context, candidates: list[Candidate]) -> None:
    """Say of every finding whose side it was on, with confidence and evidence."""
    around = Concurrency(context, candidates)
    for candidate in candidates:
        if candidate.stream is None:
            _of_person(context, candidate)
        elif candidate.stream.consumer:
            ReceiverAttribution(around, candidate, candidate.stream).attribute()
    for candidate in candidates:
        if candidate.stream is not None and not candidate.stream.consumer:
            _sent(around, candidate, candidate.stream)
            if candidate.rule in FED_BACK:
                _follow_the_way_down(around, candidate, candidate.stream)
    _follow_outages(around)
    _pictures_follow_loss(around)
    _no_worse_than_the_loss(around)


def _pictures_follow_loss(around: Concurrency) -> None:
    """
    Put dropped, frozen and slow pictures behind the loss of the same time, on the same side.

    A server repairs lost video by asking for it again, so the picture's own loss shows as none: the sound beside it,
    which is not repaired, shows all of it. Frames that were late or in pieces say nothing about a machine.
    """
    for candidate in around.candidates:
        stream = candidate.stream
        if stream is None or not stream.consumer or candidate.rule not in PICTURES or candidate.severity == "note":
            continue
        lost = _loss_beside(around, candidate, stream)
        if lost is None or lost.stream is None:
            continue
        same = (candidate.side, candidate.side_peer) == (lost.side, lost.side_peer)
        if not same and candidate.side not in ("unknown", "receiver", "receiver_downlink"):
            continue
        candidate.follows = True
        if candidate.rule != "frozen":
            candidate.severity = min(candidate.severity, lost.severity, key=SEVERITIES.index)
        if same and candidate.side != "unknown":
            continue
        candidate.attribute_to(lost.side, lost.side_peer, "low" if lost.side == "unknown" else lost.confidence)
        whose = around.context.name(lost.stream.remote if lost.stream.consumer else lost.stream.peer)
        at = f"arrived at {around.context.name(lost.peer)} with" if lost.stream.consumer else "went out with"
        beside = f"{whose}'s {media_of(lost.stream.media)} {at} up to {figure(lost.value)} % lost at that time"
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
        if candidate.rule == "concealment" and candidate.stream is not None and candidate.severity == "bad":
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
    outages = [one for one in around.candidates if one.rule == "nothing_received" and one.side in ("between", "shared")]
    for candidate in around.candidates:
        if candidate.rule not in FOLLOWS or candidate.severity == "note":
            continue
        start = around.window(candidate)[0]
        for outage in outages:
            one, two = around.window(outage)
            hit = outage.stream is not None and candidate.peer in (outage.peer, outage.stream.remote)
            if hit and one - SLACK_US <= start <= two + AFTER_US:
                candidate.attribute_to(outage.side, None, "low")
                candidate.evidence_for.append("it began with the outage")
                break


def _of_person(context: Context, candidate: Candidate) -> None:
    who = context.name(candidate.peer)
    if candidate.rule in ("relayed", "path_changed", "one_way_transport", "reconnects"):
        producing = "consuming" not in candidate.detail
        candidate.attribute_to("sender_uplink" if producing else "receiver_downlink", candidate.peer, "medium")
        candidate.evidence_for.append(f"{who}'s own report shows it")
        if candidate.rule == "reconnects":
            candidate.evidence_against.append("the service may have dropped the connection")
    elif candidate.rule in ("device_lost", "hidden"):
        candidate.attribute_to("sender" if candidate.rule == "device_lost" else "receiver", candidate.peer, "high")
        candidate.evidence_for.append(f"{who}'s own client reports it")
    elif candidate.rule == "implausible" and candidate.detail.startswith("clock"):
        candidate.attribute_to("unknown", candidate.peer, "medium")


def _sent(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute a finding on a sent stream."""
    context = around.context
    who, window = context.name(stream.peer), around.window(candidate)
    if candidate.rule in ("cpu_limited", "nothing_sent", "low_frame_rate", "low_resolution"):
        limited = around.troubled(stream, window, ("bandwidth_limited", "congested"))
        if candidate.rule in ("low_frame_rate", "low_resolution") and limited is not None:
            candidate.attribute_to("sender_uplink", stream.peer, "medium")
        else:
            candidate.attribute_to("sender", stream.peer, "high" if candidate.rule == "cpu_limited" else "medium")
        candidate.evidence_for.append(f"{who}'s own client reports it")
        return
    if candidate.rule == "keyframe_storm":
        bad = _receivers(around, stream, window, (*WAY, *SEEN))[0]
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
    if candidate.rule == "nothing_sent":
        return
    bad, fine = _receivers(around, stream, window, WAY)
    shared = _others_up(around, candidate, stream, window)
    if shared:
        candidate.attribute_to(
            "shared" if len(shared) >= 2 else "between", None, "medium" if len(shared) >= 2 else "low"
        )
        names = ", ".join(context.name(peer) for peer in shared)
        candidate.evidence_for.append(f"{names} reported the same at that time")
        return
    candidate.evidence_for.append(f"{who}'s own report shows it")
    if candidate.rule in ("round_trip", "jitter"):
        others = [peer for peer in context.of_peer if peer != stream.peer]
        candidate.attribute_to("sender_uplink", stream.peer, "medium" if len(others) > 1 else "low")
        candidate.evidence_against.append(
            "a round trip goes both ways: the way down could be the long one"
            if candidate.rule == "round_trip"
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
        if peer != stream.peer and any(around.troubled(one, window, (candidate.rule,)) for one in sent):
            same[peer] = None
    together = len(same) + 1
    if (together >= 3 and 2 * together >= present) or (present == 2 and together == 2):
        return list(same)
    return []
