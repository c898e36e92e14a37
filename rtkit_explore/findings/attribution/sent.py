"""Whose side a finding on a sent stream was on: the sender's own report, held against how others received it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.attribution.links import SIDES
from rtkit_explore.findings.attribution.tcp_relay import through_tcp
from rtkit_explore.findings.attribution.two_people import over_a_server
from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.narrative import named
from rtkit_explore.findings.rules.rule import BUFFERED, BUSY, DELAY, LIMIT, LOSS, OF_MACHINE, QUEUED, SEEN, TRIP, WAY
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate, Confidence
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.stream_arrays import Stream


_SWITCHED_S = 30.0
"""What lasts longer than this is not the change of a path."""


def sent_findings(around: Concurrency) -> None:
    """Attribute what was sent, by how it was received."""
    for candidate in around.candidates:
        if candidate.stream is not None and not candidate.stream.consumer and candidate.rule.value is not None:
            _sent(around, candidate, candidate.stream)


def _sent(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute a finding on a sent stream."""
    context = around.context
    who, window = context.name(stream.peer), around.window(candidate)
    if candidate.has(OF_MACHINE, SEEN):
        _of_encoder(around, candidate, stream)
    elif candidate.name == "keyframe_storm":
        _of_keyframes(around, candidate, stream)
    elif candidate.has(DELAY):
        _of_round_trip(around, candidate, stream)
    else:
        shared = _others_up(around, candidate, stream, window)
        if shared:
            _on_everyone(context, candidate, shared)
            return
        candidate.evidence_for.append(f"{who}'s own report shows it")
        _of_uplink(around, candidate, stream)


def _on_everyone(context: Context, candidate: Candidate, shared: list[str]) -> None:
    several = len(shared) >= 2
    candidate.hit = tuple(sorted({*shared, candidate.peer or ""}))
    candidate.attribute_to("shared" if several else "between", None, "medium" if several else "low")
    names = named(context, shared)
    candidate.evidence_for.append(f"{names} reported the same at that time")


def _of_encoder(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute what the sender's own client says of its encoder."""
    limited = around.troubled(stream, around.window(candidate), around.tagged(LIMIT))
    if candidate.has(SEEN) and limited is not None:
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
    else:
        candidate.attribute_to("sender", stream.peer, "high" if candidate.has(BUSY) else "medium")
    candidate.evidence_for.append(f"{around.context.name(stream.peer)}'s own client reports it")


def _of_keyframes(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute requests for key frames; where nobody's picture was bad they are a note."""
    context, window = around.context, around.window(candidate)
    bad = _receivers(around, stream, window, around.tagged(WAY, SEEN))[0]
    lossy = around.troubled(stream, window, around.tagged(LOSS))
    if lossy is not None:
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
        candidate.evidence_for.append(f"{context.name(stream.peer)}'s stream was losing packets on its uplink")
    elif len(bad) == 1:
        candidate.attribute_to("receiver_downlink", bad[0], "low")
        candidate.evidence_for.append(f"{context.name(bad[0])} received it badly")
    else:
        candidate.attribute_to("unknown", None, "low")
        candidate.evidence_against.append("the report does not tell who asks for key frames")
    if lossy is None and not bad:
        candidate.severity = "note"
        candidate.evidence_against.append("nobody is known to have seen it badly")


def _of_round_trip(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """
    Attribute a slow round trip, or the jitter that the far end tells: they name a person, and no direction.

    A direction is named only by counters of one direction: media that came late from this person to everyone, or from
    everyone to this person. In a call of two the round trip is the same from either end.
    """
    context, window, who = around.context, around.window(candidate), stream.peer or ""
    shared = _others_up(around, candidate, stream, window)
    if shared:
        _on_everyone(context, candidate, shared)
        return
    others = [peer for peer in context.of_peer if context.person(peer) != context.person(who)]
    two = len({context.person(peer) for peer in others}) < 2
    if two and not candidate.has(TRIP) and around.troubled(stream, window, around.tagged(QUEUED, LOSS)):
        candidate.attribute_to("sender_uplink", who, "low")
        candidate.evidence_for.append("what was sent queued or got lost at that time")
        return
    if two and _calm_meanwhile(around, others, window):
        part = _late_part(around, who, window, fewest=1)
        sure: Confidence = "medium" if part == "connection" and over_a_server(context) else "low"
        candidate.attribute_to(SIDES[part], None if part == "server" else who, sure)
        candidate.evidence_for.append("the other's round trip stayed as it was: a server stands between the two")
        return
    own = [one for one in context.of_peer.get(who, ()) if not one.consumer]
    queued, lost = ([around.troubled(one, window, around.tagged(tag)) for one in own] for tag in (QUEUED, LOSS))
    if two and any(queued) and any(lost):
        candidate.attribute_to("sender_uplink", who, "low")
        candidate.evidence_for.append("what was sent queued and overflowed at that time")
        return
    if two:
        candidate.attribute_to("between", None, "low")
        candidate.evidence_against.append("with two people, either end would report the same")
        return
    part = _late_part(around, who, window)
    candidate.attribute_to(SIDES[part], who, "medium")
    candidate.evidence_for.append(f"{context.name(who)}'s own report shows it, and the others' do not")
    if part == "connection":
        candidate.evidence_against.append("a round trip goes both ways: it does not tell in which direction it is long")
    elif part == "up":
        candidate.evidence_for.append(f"{context.name(who)}'s media came late or unsteadily to the others")
    else:
        candidate.evidence_for.append(f"the others' media came late or unsteadily to {context.name(who)} alone")


def _calm_meanwhile(around: Concurrency, peers: list[str], window: Window) -> bool:
    """Tell whether other people's round trips are known, and not one was longer than else in that time."""
    context, arrays = around.context, around.context.arrays
    server = over_a_server(context)
    if server is False:
        return False
    # Without a server, two people see the same stall a sample apart: a sample more on either side counts as well.
    slack = 0 if server else SLACK_US
    during: list[float] = []
    outside: list[float] = []
    for peer in peers:
        for stream in context.of_peer.get(peer, ()):
            rows, shift = stream.rows, context.shift(stream)
            trip = arrays["rtt_ms"][rows]
            inside = (arrays.end[rows] - shift > window[0] - slack) & (arrays.start[rows] - shift < window[1] + slack)
            known = ~np.isnan(trip) & (trip > 0)
            if not stream.consumer:
                during += trip[inside & known].tolist()
                outside += trip[~inside & known].tolist()
    if len(during) < 2 or len(outside) < 2:
        return False
    calm = float(np.median(outside))
    return float(np.median(during) if server else max(during)) <= 1.3 * calm + 15


def _late_part(around: Concurrency, who: str, window: Window, *, fewest: int = 2) -> str:
    """Tell in which direction a participant's media were late, where only one was; "server" where that is hidden."""
    rules, context = around.tagged(DELAY), around.context
    hit, present = around.hit(window, rules), around.present(window)
    sent = [one for one in context.arrays.streams if one.consumer and one.remote == who and present[one.number]]
    heard = [one for one in context.of_peer.get(who, ()) if one.consumer and present[one.number]]
    if fewest < 2:
        # Lost packets make a buffer grow as well, and so does a queue in front of the other's uplink: such a direction
        # does not tell whether it was long.
        lossy = around.hit(window, around.tagged(LOSS))
        sent = [one for one in sent if not lossy[one.number]]
        full, uplinks = around.tagged(LIMIT, LOSS), [one for one in context.arrays.streams if not one.consumer]
        queued = {other.peer for other in uplinks if around.troubled(other, window, full)}
        heard = [one for one in heard if not lossy[one.number] and one.remote not in queued]
        # What was late before the round trip rose is late for another reason.
        sent, heard = ([one for one in ours if not _late_before(around, one, window)] for ours in (sent, heard))
    from_me = {one.peer for one in sent if hit[one.number]}
    to_me = {one.remote for one in heard if hit[one.number]}
    if not from_me and not to_me and fewest < 2:
        # Sound shows it first; of pictures alone the jitter rises, and stays below what is called bad.
        from_me = {one.peer for one in sent if _shakes(context, one, window)}
        to_me = {one.remote for one in heard if _shakes(context, one, window)}
    elif max(len(from_me), len(to_me)) < fewest:
        # Among several, a long way that shakes shows in the sound of everybody, below what is called bad.
        from_me = {one.peer for one in _all_shaking(context, sent, window)}
        to_me = {one.remote for one in _all_shaking(context, heard, window)}
    if len(from_me) >= fewest and not to_me:
        return "up"
    if len(to_me) >= fewest and not from_me:
        return "down"
    return "connection" if fewest > 1 or (sent and heard) else "server"


def _late_before(around: Concurrency, stream: Stream, window: Window) -> bool:
    """Tell whether a stream had been late for some samples when a time began."""
    late = around.troubled(stream, window, around.tagged(BUFFERED))
    return late is not None and around.window(late)[0] < window[0] - 2 * SLACK_US


def _all_shaking(context: Context, streams: list[Stream], window: Window) -> list[Stream]:
    """Return the sound among some streams if the jitter of all of it was twice its usual in that time, else nothing."""
    sound = [one for one in streams if one.media in SOUND]
    return sound if all(_shakes(context, one, window) for one in sound) else []


def _shakes(context: Context, stream: Stream, window: Window) -> bool:
    """Tell whether the jitter of a stream was twice its usual in that time."""
    arrays, rows, shift = context.arrays, stream.rows, context.shift(stream)
    jitter = arrays["jitter_ms"][rows]
    inside = (arrays.start[rows] - shift >= window[0]) & (arrays.end[rows] - shift <= window[1])
    during, else_where = jitter[inside & ~np.isnan(jitter)], jitter[~inside & ~np.isnan(jitter)]
    if len(during) < 2 or len(else_where) < 2:
        return False
    return float(np.median(during)) > 2 * float(np.median(else_where)) + 5


def _of_uplink(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute loss or limits of what was sent: the far end tells of the uplink, listeners corroborate it."""
    context, window = around.context, around.window(candidate)
    bad, fine = _receivers(around, stream, window, around.tagged(WAY))
    whole = len({context.person(peer) for peer in (*context.of_peer, *context.silent_people)})
    # Over a server the far end is the server, whatever the listeners' own downlinks do.
    if len(bad) >= 2:
        candidate.attribute_to("sender_uplink", stream.peer, "high")
    elif (whole > 2 and (len(bad) + len(fine) >= 2 or (bad and fine))) or (whole > 2 and candidate.has(LOSS)):
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
    elif _path_changed(around, stream.peer, window) and candidate.seconds <= _SWITCHED_S:
        candidate.attribute_to("connection", stream.peer, "low")
        candidate.evidence_for.append("the network path changed at that time")
    elif through_tcp(context, stream.peer) and candidate.has(LOSS):
        candidate.attribute_to("between", None, "low")
        candidate.evidence_for.append("TCP to the relay loses nothing by itself: it was lost beyond the relay")
    else:
        candidate.attribute_to("sender_uplink", stream.peer, "low")
        candidate.evidence_against.append("a single receiver's report, or none: nobody else could have noticed")
    if bad:
        names = named(context, bad)
        candidate.evidence_for.append(f"{names} received it badly")
    if fine:
        names = named(context, fine)
        candidate.evidence_against.append(f"{names} received it well (a server repairs lost video)")


def _path_changed(around: Concurrency, peer: str | None, window: Window) -> bool:
    """Tell whether a participant's media took to another path at that time."""
    changes = [around.window(one)[0] for one in around.candidates if one.name == "path_changed" and one.peer == peer]
    return any(window[0] - SLACK_US <= when <= window[1] + SLACK_US for when in changes)


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
    same: dict[str, str] = {}
    present: set[str] = set()
    several = len({context.person(peer) for peer in context.of_peer}) > 2 or not candidate.has(LOSS)
    for peer, streams in context.of_peer.items():
        sent = [one for one in streams if not one.consumer and around.flows(one, window)]
        if not sent:
            continue
        person = context.person(peer)
        present.add(person)
        other = person != context.person(stream.peer or "")
        found = [around.troubled(one, window, (candidate.name,)) for one in sent if other]
        # Of two people, what one shows for a moment of the other's trouble, or beside it, is another trouble.
        if any(one is not None and (several or around.mostly_together(one, candidate)) for one in found):
            same.setdefault(person, peer)
    together = len(same) + 1
    if (together >= 3 and 2 * together >= len(present)) or (len(present) == 2 and together == 2):
        return list(same.values())
    return []
