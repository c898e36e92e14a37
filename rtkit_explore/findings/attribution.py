"""
Whose side it was on: everyone's streams at the same time, held against each other.

``attribute`` goes through ``PASSES`` at the end of this file, in that order. What was received is explained by the
links that ``localization`` finds at fault; what was sent is held against how it was received; then what only follows
from something else is put behind it. People without a report are unknown, never fine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.concurrency import AFTER_US, SLACK_US, Concurrency
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.narrative import figure
from rtkit_explore.findings.rules.participants import paths_of
from rtkit_explore.findings.rules.rule import FED_BACK, FOLLOWS_OUTAGE, OF_LOSS, SEEN, UPWARD, WAY
from rtkit_explore.findings.segments import part_of
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.findings.candidates import Candidate, Confidence, Side
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.localization import Family, Link, Localization
    from rtkit_explore.findings.stream_arrays import Stream

_SIDES: dict[str, Side] = {
    "up": "sender_uplink",
    "down": "receiver_downlink",
    "connection": "connection",
    "server": "between",
}
_FAMILIES: dict[str, tuple[Family, ...]] = {
    "loss_in": ("loss",),
    "concealment": ("loss", "silence", "late"),
    "nothing_received": ("silence",),
    "interrupted": ("silence",),
    "frozen": ("silence", "loss"),
    "late_media": ("late", "silence", "loss"),
    "jitter": ("late", "loss", "silence"),
    "decoder_behind": ("loss", "silence", "late"),
    "low_frame_rate": ("loss", "silence"),
}
"""In what sense streams are compared to explain a rule's findings; the first sense in which they were bad decides."""
_EVERYBODY: Link = ("server", "everybody")
"""Stands for a cause that is nobody's own."""
_SURE, _FAIRLY_SURE, _LEAST = 1.5, 0.9, 0.3
"""Margins from which on an explanation is of high or medium confidence, or one at all."""


def attribute(context: Context, candidates: list[Candidate]) -> list[Candidate]:
    """
    Say of every finding whose side it was on, with confidence and evidence.

    Returns
    -------
    list of Candidate
        The findings; those during which the cause changed are cut there.
    """
    around = Concurrency(context, [part for one in candidates for part in _cut_where_the_cause_changes(context, one)])
    for step in PASSES:
        step(around)
    return around.candidates


def _votes(context: Context, candidate: Candidate) -> list[dict[Link, float]]:
    """Return, for each sample of a received stream, the links that explain it and by what margin."""
    stream = candidate.stream
    if stream is None or candidate.samples is None:
        return []
    if candidate.votes is not None:
        return candidate.votes
    pair = (stream.remote or "", stream.peer or "")
    found: list[dict[Link, float]] = []
    for slot in _slots_of(context, candidate):
        told: dict[Link, float] = {}
        for family in _FAMILIES.get(candidate.name, ("loss", "silence", "late")):
            if pair not in localization_of(context).bad_pairs(family, slot):
                continue
            found_links = localization_of(context).explain(family, slot).margin
            mine = {("up", pair[0]), ("server", pair[0]), ("down", pair[1])}
            mine |= {("connection", who) for who in pair}
            told = {link: margin for link, margin in found_links.items() if link in mine and margin >= _LEAST}
            break
        found.append(told)
    candidate.votes = found
    return found


def _slots_of(context: Context, candidate: Candidate) -> list[int]:
    """Return the slot of the localization in which the middle of each sample lies."""
    stream, arrays = candidate.stream, context.arrays
    if stream is None or candidate.samples is None:
        return []
    middles = (arrays.start[candidate.samples] + arrays.end[candidate.samples]) // 2 - context.shift(stream)
    return [localization_of(context).at(int(middle)) for middle in middles]


def _shared_samples(context: Context, candidate: Candidate) -> list[bool]:
    """Tell for each sample of a received stream whether what hit it hit three people and half the call at once."""
    where, stream = localization_of(context), candidate.stream
    pair = (stream.remote or "", stream.peer or "") if stream else ("", "")
    found = []
    for slot in _slots_of(context, candidate):
        family = _family_of(context, candidate, pair, slot)
        found.append(family is not None and bool(_people_hit(where, family, slot)))
    return found


def _family_of(context: Context, candidate: Candidate, pair: tuple[str, str], slot: int) -> Family | None:
    """Return in what sense a pair of people was bad at a time, of those that explain the rule."""
    families = _FAMILIES.get(candidate.name, ("loss", "silence", "late"))
    return next((one for one in families if pair in localization_of(context).bad_pairs(one, slot)), None)


def _people_hit(where: Localization, family: Family, slot: int) -> list[str]:
    """Return who was hit where no single link explains it: three people and half the call, or everything; else none."""
    if where.all_bad(family, slot):
        return list(where.people)
    people = sorted({who for _, who in where.explain(family, slot).links})
    return people if len(people) >= 3 and 2 * len(people) >= len(where.people) else []


def _cut_where_the_cause_changes(context: Context, candidate: Candidate) -> list[Candidate]:
    """
    Cut a finding on a received stream where the link at fault changes.

    Two faults of two people overlap as often as not; the stream between them is bad all the while. Without the cut, the
    second one would be accused from the first one's beginning.
    """
    stream, samples = candidate.stream, candidate.samples
    if stream is None or not stream.consumer or samples is None or len(samples) < 4:
        return [candidate]
    labels = [
        _EVERYBODY if shared else _leading(context, candidate, vote)
        for shared, vote in zip(_shared_samples(context, candidate), _votes(context, candidate), strict=True)
    ]
    known = [label for label in labels if label is not None]
    if len(set(known)) < 2:
        return [candidate]
    # A sample beside a change is often half of each: runs of one sample belong to what came before.
    runs: list[tuple[Link | None, list[int]]] = []
    for place, label in enumerate(labels):
        if runs and (label is None or label == runs[-1][0]):
            runs[-1][1].append(place)
        else:
            runs.append((label, [place]))
    merged: list[tuple[Link | None, list[int]]] = []
    for label, places in runs:
        if merged and (len(places) < 2 or label == merged[-1][0] or merged[-1][0] is None or len(merged[-1][1]) < 2):
            keep = merged[-1][0] if len(places) < 2 or len(merged[-1][1]) >= 2 else label
            merged[-1] = (keep if keep is not None else label, [*merged[-1][1], *places])
        else:
            merged.append((label, places))
    if len(merged) < 2:
        return [candidate]
    return [part_of(candidate, samples[places]) for _, places in merged]


def _leading(context: Context, candidate: Candidate, told: dict[Link, float]) -> Link | None:
    """Choose between two links at fault at once: the sender's share is taken off before the receiver is judged."""
    if len(told) < 2 or candidate.stream is None:
        return next(iter(told), None)
    sender = next((link for link in told if link[1] == candidate.stream.remote), None)
    receiver = next((link for link in told if link[1] == candidate.stream.peer), None)
    if sender is None or receiver is None:
        return max(told, key=lambda link: told[link])
    typical = None if candidate.name != "loss_in" else _loss_elsewhere(context, candidate.stream, candidate)
    return receiver if typical is not None and candidate.mean - typical > typical else sender


def _loss_elsewhere(context: Context, stream: Stream, candidate: Candidate) -> float | None:
    """Return how lossy the same stream was at others in that time, in percent."""
    if candidate.name != "loss_in" or candidate.samples is None:
        return None
    arrays = context.arrays
    one, two = int(arrays.start[candidate.samples[0]]), int(arrays.end[candidate.samples[-1]])
    found = []
    for other in context.consumers_of.get(stream.producer_id or "", ()):
        if other.peer != stream.peer:
            rows = slice(other.rows.start, other.rows.stop)
            inside = (arrays.end[rows] > one) & (arrays.start[rows] < two)
            judged = float(np.nansum(arrays["judged"][rows][inside]))
            if judged > 0:
                found.append(100 * float(np.nansum(arrays["lost"][rows][inside])) / judged)
    return min(found, default=None)


def _received_findings(around: Concurrency) -> None:
    """Attribute what was received: to the links that explain it, else by who else received it and how."""
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


def _follow_the_way_down(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """
    Give a slow round trip or a limited encoder to the downlink where that is what is broken.

    What the far end reports comes back the same way as everyone's media: where all that a participant receives is hit,
    and nothing that was sent got lost, the reports are late, not the packets. In a call of two this tells nothing: the
    two see the same round trip, and the same trouble from either end.
    """
    window = around.window(candidate)
    rules = ("loss_in", "late_media", "jitter")
    hit, present = around.hit(window, rules), around.present(window)
    own = around.context.of_peer.get(stream.peer or "", ())
    heard = [one for one in own if one.consumer and present[one.number]]
    if len({one.remote for one in heard}) < 2:
        return
    if {one.remote for one in heard} != {one.remote for one in heard if hit[one.number]}:
        return
    if any(not one.consumer and around.troubled(one, window, ("loss_out",)) for one in own):
        return
    causes = [around.troubled(one, window, rules) for one in heard]
    sides = {(cause.side, cause.side_peer) for cause in causes if cause is not None}
    if len(sides) == 1:
        side, peer = sides.pop()
        candidate.attribute_to(side, peer, "low")
        candidate.follows = True
        candidate.evidence_for.append(
            "all that this participant received was hit at that time, and nothing sent was lost"
        )


def _limits_follow_delay(around: Concurrency) -> None:
    """Put an encoder's limit behind the round trip that rose at that time, on the same side: it is an answer to it."""
    trips = [one for one in around.candidates if one.name == "round_trip" and one.severity != "note"]
    for candidate in around.candidates:
        if candidate.name not in ("bandwidth_limited", "congested") or candidate.stream is None:
            continue
        one, two = around.window(candidate)
        for trip in trips:
            start, end = around.window(trip)
            if trip.peer == candidate.peer and start - SLACK_US <= one <= end and two > start:
                candidate.follows = True
                if not around.troubled(candidate.stream, (one, two), ("loss_out",)):
                    candidate.attribute_to(trip.side, trip.side_peer, "low")
                    candidate.evidence_for.append("it began when the round trip rose")
                break


def _frozen_by_silence(around: Concurrency, candidate: Candidate) -> bool:
    """Put a bad picture beside a silence of the same two people on the same side: it is the same outage."""
    if candidate.stream is None or not candidate.stream.consumer:
        return False
    one, two = around.window(candidate)
    for outage in around.candidates:
        if outage.name not in ("nothing_received", "interrupted") or outage.stream is None:
            continue
        start, end = around.window(outage)
        same = (outage.peer, outage.stream.remote) == (candidate.peer, candidate.stream.remote)
        if same and one <= end and two >= start and two - one <= end - start + 3 * SLACK_US:
            candidate.attribute_to(outage.side, outage.side_peer, outage.confidence)
            candidate.follows = True
            candidate.evidence_for = ["nothing at all arrived at that time"]
            return True
    return False


def _same_connection(around: Concurrency, candidate: Candidate, outages: list[Candidate]) -> None:
    """Put what a cut connection did to one direction on the connection: it is one fault."""
    one, two = around.window(candidate)
    for outage in outages:
        start, end = around.window(outage)
        mine = outage.side == "connection" and candidate.side_peer == outage.side_peer
        linked = candidate.side in ("sender_uplink", "receiver_downlink", "connection")
        if mine and linked and start - SLACK_US <= one <= end + SLACK_US and two <= end + AFTER_US:
            candidate.attribute_to("connection", outage.side_peer, outage.confidence)
            candidate.follows = True
            return


def _lateness_outlives_its_cause(around: Concurrency) -> None:
    """Put late media behind the loss or outage of the same receiver with which the buffer grew: it drains slowly."""
    heard, sent = ("loss_in", "nothing_received", "interrupted"), ("congested", "bandwidth_limited", "loss_out")
    causes = [one for one in around.candidates if one.name in (*heard, *sent)]
    causes = [one for one in causes if one.severity != "note" and one.side != "unknown"]
    for candidate in around.candidates:
        if candidate.name != "late_media" or candidate.stream is None:
            continue
        start, end = around.window(candidate)
        mine = [one for one in causes if one.stream is not None and (
                (one.name in heard and one.peer == candidate.peer
                 and (one.stream.remote == candidate.stream.remote or one.side_peer == one.peer))
                or (one.name in sent and one.peer == candidate.stream.remote))]  # fmt: skip
        for cause in mine:
            one, two = around.window(cause)
            if one - SLACK_US <= start <= two + AFTER_US and end > one:
                candidate.attribute_to(cause.side, cause.side_peer, cause.confidence)
                candidate.follows = True
                candidate.severity = min(candidate.severity, "warn", key=SEVERITIES.index)
                candidate.evidence_for = ["the jitter buffer grew with it, and comes down slowly"]
                break


def _follow_outages(around: Concurrency) -> None:
    """If a finding started during an outage, or when its late reports arrived, attribute it to that outage."""
    silent = ("nothing_received", "interrupted")
    whole = ("between", "shared", "connection")
    outages = [one for one in around.candidates if one.name in silent and one.side in whole and one.severity != "note"]
    for candidate in around.candidates:
        if candidate in outages or candidate.severity == "note":
            continue
        start = around.window(candidate)[0]
        if OF_LOSS in candidate.rule.tags and _frozen_by_silence(around, candidate):
            continue
        if FOLLOWS_OUTAGE not in candidate.rule.tags:
            _same_connection(around, candidate, outages)
            continue
        for outage in outages:
            one, two = around.window(outage)
            concerned = (outage.side_peer,) if outage.side_peer else (
                outage.peer, outage.stream.remote if outage.stream else None)  # fmt: skip
            if candidate.peer in concerned and one - SLACK_US <= start <= two + AFTER_US:
                candidate.attribute_to(outage.side, outage.side_peer, "low" if not outage.side_peer else "medium")
                candidate.follows = True
                candidate.evidence_for.append("it began with the outage")
                break


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


def _sent(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute a finding on a sent stream."""
    context = around.context
    who, window = context.name(stream.peer), around.window(candidate)
    if candidate.name in ("cpu_limited", "nothing_sent", "low_frame_rate", "low_resolution"):
        _of_encoder(around, candidate, stream)
    elif candidate.name == "keyframe_storm":
        _of_keyframes(around, candidate, stream)
    elif candidate.name in ("round_trip", "jitter"):
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
    names = ", ".join(context.name(peer) for peer in shared)
    candidate.evidence_for.append(f"{names} reported the same at that time")


def _of_encoder(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute what the sender's own client says of its encoder."""
    limited = around.troubled(stream, around.window(candidate), ("bandwidth_limited", "congested"))
    if candidate.name in ("low_frame_rate", "low_resolution") and limited is not None:
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
    else:
        candidate.attribute_to("sender", stream.peer, "high" if candidate.name == "cpu_limited" else "medium")
    candidate.evidence_for.append(f"{around.context.name(stream.peer)}'s own client reports it")


def _of_keyframes(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute requests for key frames; where nobody's picture was bad they are a note."""
    context, window = around.context, around.window(candidate)
    bad = _receivers(around, stream, window, around.tagged(WAY, SEEN))[0]
    lossy = around.troubled(stream, window, ("loss_out",))
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
    others = [peer for peer in context.of_peer if peer != who]
    if len(others) < 2 and candidate.name == "jitter" and around.troubled(stream, window, ("congested", "loss_out")):
        candidate.attribute_to("sender_uplink", who, "low")
        candidate.evidence_for.append("what was sent queued or got lost at that time")
        return
    if len(others) < 2 and _calm_meanwhile(around, others, window):
        candidate.attribute_to(_SIDES[_late_part(around, who, window, fewest=1)], who, "low")
        candidate.evidence_for.append("the other's round trip stayed as it was: a server stands between the two")
        return
    if len(others) < 2:
        candidate.attribute_to("between", None, "low")
        candidate.evidence_against.append("with two people, either end would report the same")
        return
    part = _late_part(around, who, window)
    candidate.attribute_to(_SIDES[part], who, "medium")
    candidate.evidence_for.append(f"{context.name(who)}'s own report shows it, and the others' do not")
    if part == "connection":
        candidate.evidence_against.append("a round trip goes both ways: it does not tell in which direction it is long")


def _calm_meanwhile(around: Concurrency, peers: list[str], window: Window) -> bool:
    """Tell whether other people's round trips are known, and were no longer than else in that time."""
    context, arrays = around.context, around.context.arrays
    during: list[float] = []
    outside: list[float] = []
    for peer in peers:
        for stream in context.of_peer.get(peer, ()):
            rows, shift = stream.rows, context.shift(stream)
            trip = arrays["rtt_ms"][rows]
            inside = (arrays.end[rows] - shift > window[0]) & (arrays.start[rows] - shift < window[1])
            known = ~np.isnan(trip) & (trip > 0)
            if not stream.consumer:
                during += trip[inside & known].tolist()
                outside += trip[~inside & known].tolist()
    if len(during) < 2 or len(outside) < 2:
        return False
    calm = float(np.median(outside))
    return float(np.median(during)) <= 1.3 * calm + 15


def _late_part(around: Concurrency, who: str, window: Window, *, fewest: int = 2) -> str:
    """Tell in which direction a participant's media were late, where only one was."""
    rules, context = ("late_media", "jitter"), around.context
    hit, present = around.hit(window, rules), around.present(window)
    sent = [one for one in context.arrays.streams if one.consumer and one.remote == who and present[one.number]]
    heard = [one for one in context.of_peer.get(who, ()) if one.consumer and present[one.number]]
    from_me = {one.peer for one in sent if hit[one.number]}
    to_me = {one.remote for one in heard if hit[one.number]}
    if len(from_me) >= fewest and not to_me:
        return "up"
    if len(to_me) >= fewest and not from_me:
        return "down"
    return "connection"


def _of_uplink(around: Concurrency, candidate: Candidate, stream: Stream) -> None:
    """Attribute loss or limits of what was sent: the far end tells of the uplink, listeners corroborate it."""
    context, window = around.context, around.window(candidate)
    bad, fine = _receivers(around, stream, window, around.tagged(WAY))
    whole = len(context.of_peer) + len(context.silent_people)
    # Over a server the far end is the server, whatever the listeners' own downlinks do.
    if len(bad) >= 2:
        candidate.attribute_to("sender_uplink", stream.peer, "high")
    elif (whole > 2 and (len(bad) + len(fine) >= 2 or (bad and fine))) or (whole > 2 and candidate.name == "loss_out"):
        candidate.attribute_to("sender_uplink", stream.peer, "medium")
    elif _through_tcp(context, stream.peer) and candidate.name == "loss_out":
        candidate.attribute_to("between", None, "low")
        candidate.evidence_for.append("TCP to the relay loses nothing by itself: it was lost beyond the relay")
    else:
        candidate.attribute_to("sender_uplink", stream.peer, "low")
        candidate.evidence_against.append("a single receiver's report, or none: nobody else could have noticed")
    if bad:
        names = ", ".join(context.name(peer) for peer in bad)
        candidate.evidence_for.append(f"{names} received it badly")
    if fine:
        names = ", ".join(context.name(peer) for peer in fine)
        candidate.evidence_against.append(f"{names} received it well (a server repairs lost video)")


def _through_tcp(context: Context, peer: str | None) -> bool:
    """Tell whether a participant's media went to a TURN server over TCP or TLS."""
    return any(path.relayed and path.protocol in ("tcp", "tls") for path in paths_of(context).get(peer or "", ()))


def _comes_and_goes(around: Concurrency, window: Window) -> bool:
    """Tell whether the round trips kept rising and falling back: a TCP leg stalls, a longer way stays long."""
    context, arrays = around.context, around.context.arrays
    shares: list[float] = []
    for mine in context.of_peer.values():
        inside: list[float] = []
        outside: list[float] = []
        for stream in mine:
            rows, shift = stream.rows, context.shift(stream)
            trip = arrays["rtt_ms"][rows]
            during = (arrays.start[rows] - shift >= window[0]) & (arrays.end[rows] - shift <= window[1])
            if not stream.consumer:
                inside += trip[during & ~np.isnan(trip)].tolist()
                outside += trip[~during & ~np.isnan(trip)].tolist()
        if inside and outside:
            shares.append(float((np.array(inside) <= 1.5 * float(np.median(outside)) + 20).mean()))
    # Whoever's round trip stayed up all the while is on a long way, whatever the other's did.
    return bool(shares) and min(shares) >= 0.15 and min(shares) <= 0.85


def _stalls_of_tcp(around: Concurrency) -> None:
    """
    Put late media of a call of two on the relay over TCP, where exactly one of the two goes through one.

    A TCP leg stalls in bunches: buffers rise in both directions, the round trip rises and falls back, and nothing is
    counted as lost.
    """
    context = around.context
    relayed = [peer for peer in context.of_peer if _through_tcp(context, peer)]
    if len(context.of_peer) > 2 or len(relayed) != 1:
        return
    lossless = ("late_media", "round_trip", "jitter", "congested", "bandwidth_limited")
    for candidate in around.candidates:
        if candidate.stream is None:
            continue
        if candidate.name in ("loss_in", "concealment") and candidate.stream.remote == relayed[0]:
            candidate.attribute_to("between", None, "low")
            candidate.evidence_for.append("TCP to the relay loses nothing by itself: it was lost beyond the relay")
            continue
        if candidate.name not in lossless or candidate.side == "connection":
            continue
        if around.troubled(candidate.stream, around.window(candidate), ("loss_in", "loss_out")):
            continue
        if not _comes_and_goes(around, around.window(candidate)):
            continue
        candidate.attribute_to("connection", relayed[0], "low")
        candidate.follows = candidate.name in ("congested", "bandwidth_limited")
        candidate.evidence_for.append(f"{context.name(relayed[0])} went through a TURN server over TCP, which stalls")
        candidate.evidence_against.append("with two people, either end would report the same")


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


def _loss_as_heard(around: Concurrency) -> None:
    """
    Hold loss as the far end reports it against the listeners' own count, which is calm.

    RTCP reports and samples do not align: a true 8 % shows as 1, 13, 5, 11. So the window is the listeners', and it is
    no worse than the worst of them heard it.
    """
    context = around.context
    for candidate in around.candidates:
        stream = candidate.stream
        if candidate.name != "loss_out" or stream is None or candidate.severity == "note":
            continue
        window = around.window(candidate)
        heard = [
            one
            for other in context.consumers_of.get(stream.stream_id or "", ())
            for one in [around.troubled(other, window, ("loss_in",))]
            if one is not None
        ]
        if not heard or candidate.samples is None:
            continue
        candidate.severity = min(
            candidate.severity, max((one.severity for one in heard), key=SEVERITIES.index), key=SEVERITIES.index
        )
        ahead = candidate.start - window[0]
        starts, ends = zip(*(around.window(one) for one in heard), strict=True)
        best = min(range(len(heard)), key=lambda k: abs(starts[k] - window[0]) + abs(ends[k] - window[1]))
        near = 2 * SLACK_US
        lasts = len(candidate.samples) > 2
        if lasts and abs(starts[best] - window[0]) <= near and abs(ends[best] - window[1]) <= near:
            candidate.start, candidate.end = starts[best] + ahead, ends[best] + ahead


def _narrow_downlinks(around: Concurrency) -> None:
    """
    Tell a narrow downlink from a lossy one: everything is lossy, the round trip is up, and what comes through is flat.

    Over a lossy link the round trip stays where it was, and the bitrate falls by no more than what is lost.
    """
    context = around.context
    for candidate in around.candidates:
        if candidate.name == "loss_in" and candidate.side == "receiver_downlink" and candidate.severity != "note":
            kbps = _through_kbps(context, candidate)
            if kbps is not None:
                candidate.through_kbps = kbps
                candidate.evidence_for.append("the round trip rose with it: the link was full, not lossy")


def _through_kbps(context: Context, candidate: Candidate) -> float | None:
    """Return what came through to a receiver in all, in kbit/s, where its link was full; else None."""
    arrays = context.arrays
    one, two = candidate.start, candidate.end
    trips: tuple[list[float], list[float]] = ([], [])
    received = {True: 0.0, False: 0.0}
    for stream in context.of_peer.get(candidate.peer or "", ()):
        rows, settled = stream.rows, context.age_s[stream.rows] >= 10
        during = (arrays.start[rows] >= one - SLACK_US / 8) & (arrays.end[rows] <= two + SLACK_US / 8)
        before = settled & (arrays.end[rows] <= one)
        if stream.consumer:
            rate = 8 * arrays["bytes"][rows] / arrays.seconds[rows] / 1000
            for inside, key in ((during, True), (before, False)):
                known = rate[inside][~np.isnan(rate[inside])]
                received[key] += float(np.median(known)) if len(known) else 0.0
        else:
            for inside, told in ((during, trips[1]), (before, trips[0])):
                values = arrays["rtt_ms"][rows][inside]
                told.extend(values[~np.isnan(values)].tolist())
    if not trips[0] or not trips[1] or received[True] <= 0:
        return None
    calm, now = float(np.median(trips[0])), float(np.median(trips[1]))
    full = now >= max(1.5 * calm, calm + 50) and received[True] < 0.8 * received[False]
    return received[True] if full else None


def _facts_degrade_nobody(around: Concurrency) -> None:
    """Make a relay over TCP a note where nothing went wrong on it: perfect figures are not degraded."""
    for candidate in around.candidates:
        if candidate.name == "relayed" and candidate.severity == "warn":
            mine = [
                one
                for one in around.candidates
                if one is not candidate
                and one.severity != "note"
                and candidate.peer == one.side_peer
                and one.side in ("sender_uplink", "receiver_downlink", "connection")
            ]
            if not mine:
                candidate.severity = "note"
                candidate.evidence_against.append("nothing of warn or worse on this connection")


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
        if SEEN in candidate.rule.tags and self._by_what_was_sent():
            return
        if self._shared() or self._by_links() or self._between_two() or self._sender_shows_it():
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
        if self.localization.two:
            return "low"
        return "high" if self.bad_others else "medium" if not self.fine_others else "low"

    def _shared(self) -> bool:
        """Three people and half the call at once, or everything that anybody received: no single link does that."""
        hit: dict[str, None] = {}
        votes, pair = 0, (self.stream.remote or "", self.stream.peer or "")
        for slot in _slots_of(self.context, self.candidate):
            family = _family_of(self.context, self.candidate, pair, slot)
            people = _people_hit(self.localization, family, slot) if family is not None else []
            votes += bool(people)
            hit |= dict.fromkeys(people)
        if self.candidate.samples is None or 2 * votes <= len(self.candidate.samples):
            return False
        self.candidate.attribute_to("shared", None, "high" if len(hit) > 3 else "medium")
        self.candidate.hit = tuple(sorted(hit))
        names = ", ".join(sorted(self.context.name(peer) for peer in hit))
        there = len(self.localization.people)
        self.candidate.evidence_for.append(
            f"{len(hit)} of {there} people with a report were hit at once, from several senders: {names}"
        )
        return True

    def _by_links(self) -> bool:
        """Attribute to the link that explains most samples, as surely as no other set of links explains them."""
        if self.localization.two:
            return False
        votes = _votes(self.context, self.candidate)
        weight: dict[Link, list[float]] = {}
        for vote in votes:
            link = _leading(self.context, self.candidate, vote)
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
        self.candidate.attribute_to(_SIDES[part], who if part != "server" else None, sure)
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
                names = ", ".join(self.context.name(peer) for peer in self.fine_senders)
                candidate.evidence_against.append(f"{self.me} received {names} well at that time")
        else:
            wrong = self._sender_troubles(self.around.tagged(UPWARD))
            if wrong:
                first = next((one for one in wrong if one.name in ("loss_out", "congested")), wrong[0])
                shown = f"{first.name.replace('_', ' ')} of {figure(first.value)} {first.unit}"
                candidate.evidence_for.append(f"{name}'s own report shows it: {shown}")
            elif self.producer is None or not self._far_end(self.producer):
                candidate.evidence_against.append(f"nothing tells what arrived of {name} at the server")
            if self.troubled_others:
                names = ", ".join(self.context.name(peer) for peer in self.troubled_others)
                candidate.evidence_for.append(f"{names} had trouble with what came of {name} as well")
        self._say_others()

    def _between_two(self) -> bool:
        """
        Say what a call of two can tell: silence or lateness in one direction or both is nobody's in particular.

        In an outage the far end's figures stand still, so that it reports no loss is then no evidence.
        """
        candidate = self.candidate
        if not self.localization.two or candidate.name not in (
            "nothing_received", "interrupted", "frozen", "late_media", "jitter"):  # fmt: skip
            return False
        lossy = self._sender_troubles(("loss_out",))
        if candidate.name in ("late_media", "jitter") and (lossy or self._sender_troubles(("congested",))):
            return False
        if candidate.name == "frozen" and lossy and not self._both_silent():
            return False
        candidate.attribute_to("between", None, "low")
        if self._both_silent():
            candidate.evidence_for.append("both directions stopped at the same time, and both went on sending")
        candidate.evidence_against.append("with two people, the access of either one would look the same")
        return True

    def _both_silent(self) -> bool:
        """Tell whether both directions of a call of two stopped at that time."""
        rules = ("nothing_received", "interrupted")
        return all(
            any(self.around.troubled(one, self.window, rules) for one in self.context.of_peer.get(who or "", ()))
            for who in (self.stream.peer, self.stream.remote)
        )

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
    _stalls_of_tcp,
    _limits_follow_delay,
    _follow_outages,
    _lateness_outlives_its_cause,
    _pictures_follow_loss,
    _no_worse_than_the_loss,
    _loss_as_heard,
    _narrow_downlinks,
    _facts_degrade_nobody,
)
"""The attribution, step by step; each step may correct those before it."""
