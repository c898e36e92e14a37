"""
Incidents: findings of one cause and time put together, and the sentence that a witness would say of each.

A finding says what one stream shows; an incident says what happened. It lasts as long as what it consists of, not as
what only follows from it, and nothing that holds for the whole call joins two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.candidates import SEVERITIES
from rtkit_explore.findings.congestion import unsteady_uplink
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.narrative import clock, figure, lasting, listed, moment, story_of
from rtkit_explore.findings.rules import rank_of
from rtkit_explore.findings.rules.rule import (
    BUFFERED,
    DELAY,
    HEARD_LOSS,
    LASTING,
    LIMIT,
    LOSS,
    ON_PATH,
    OUTLIVES,
    QUEUED,
    SENT_SO,
    SILENCE,
    TRIP,
)
from rtkit_explore.findings.stream_arrays import calm_of
from rtkit_explore.table_schema.columns import SOUND
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rtkit_explore.findings.candidates import Candidate, Severity
    from rtkit_explore.findings.congestion import Unsteady
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.rules.rule import Tag

_SAMPLE_US = 8_000_000
_APART_US = 15_000_000
"""Findings of one cause that lie further apart are two incidents."""
_BESIDE_US = 36_000_000
"""Five samples beside an outage, in which round trips are compared."""
_LINKS = ("sender_uplink", "receiver_downlink", "connection")
_LASTS_S = 13.0
"""Loss over two samples: no edge of a silence."""
_SHAKEN, _SHAKEN_MS, _LONGER_MS, _TWICE = 2.0, 4.0, 60.0, 2
"""Jitter and round trips of a way that is not steady, in times of the usual, and in ms above it; samples that are no
chance."""
_OUTAGE_S = 5.0
"""Silence that no unsteady line brings about by itself."""
_LAG_S = 2.5
"""Seconds by which one direction has to fall silent before the other, to be the one that was cut."""
_ALIKE = 1.5
"""Incidents whose seconds of trouble differ by less than this factor count as equally bad; the earlier comes first."""


@dataclass
class Incident:
    """
    Findings of warn or worse of one cause and time.

    Attributes
    ----------
    context
        The call.
    members
        Its findings, causes before what follows from them.
    facts
        Relays and changes of path in the call, whoever's.
    """

    context: Context
    members: list[Candidate]
    facts: list[Candidate]

    @cached_property
    def core(self) -> list[Candidate]:
        """The findings that last as long as the incident: neither what follows nor what outlives its cause."""
        if self.narrow:
            return self.narrow
        silent = self.tagged(SILENCE)
        if silent and self.lead.has(SILENCE):
            return [*_heard([one for one in silent if not one.follows] or silent), *self.worn]
        trips = [one for one in self.tagged(TRIP) if not one.follows]
        if trips and self.lead.has(DELAY):
            return trips  # buffers stay up long after the round trip has come down
        timed = [one for one in self.members if not one.has(LASTING)] or self.members
        lasting = [one for one in timed if not one.follows]
        return [one for one in lasting if not one.has(OUTLIVES)] or lasting or timed

    @cached_property
    def narrow(self) -> list[Candidate]:
        """The limits of encoders whose uplink, or whose way in both directions, was too narrow; none otherwise."""
        limited = self.tagged(LIMIT)
        slow = self.lead.has(LIMIT, SENT_SO)
        full = [one for one in limited if one.has(QUEUED)]
        if self.lead.side == "between" and self.lead in full:
            people = {self.context.person(one.peer or "") for one in full}
            return limited if localization_of(self.context).two and len(people) == 2 else []
        return limited if self.lead.side == "sender_uplink" and (slow or full) else []

    @cached_property
    def unsteady(self) -> Unsteady | None:
        """How the uplink shook, where the encoder was held back by that and not by a narrow line; else None."""
        if not self.narrow or any(one.has(QUEUED) for one in self.narrow):
            return None
        return unsteady_uplink(self.context, max(self.narrow, key=lambda one: one.seconds))

    @cached_property
    def worn(self) -> list[Candidate]:
        """The loss of a link that failed altogether in the end, if it was lossy for two samples before; else none."""
        silent = [_window(self.context, one)[0] for one in self.tagged(SILENCE) if not one.follows]
        if not silent or not self.lead.has(SILENCE):
            return []
        until = min(silent) - 2 * _SAMPLE_US
        return [one for one in self.tagged(LOSS) if not one.follows and _window(self.context, one)[0] <= until]

    @property
    def lead(self) -> Candidate:
        """The finding that explains the others."""
        return self.members[0]

    @cached_property
    def window(self) -> tuple[int, int]:
        """From the first to the last moment of what it consists of, on the call's clock."""
        if self.unsteady is not None:  # encoders climb slowly once it is over
            ahead = round(1e6 * self.context.arrays.shifts.get(self.lead.peer or "", 0.0))
            return self.unsteady.start - ahead, self.unsteady.end - ahead
        spans = [_window(self.context, one) for one in self.core]
        begin, end = min(one for one, _ in spans), max(two for _, two in spans)
        over = _shaken_until(self.context, self.core)
        return begin, end if over is None or over <= begin else min(end, over)

    @property
    def severity(self) -> Severity:
        """The worst of its findings."""
        return max((one.severity for one in self.members), key=SEVERITIES.index)

    @property
    def weight(self) -> float:
        """Seconds of trouble, over all streams."""
        return sum(one.seconds for one in self.members)

    @property
    def noticed(self) -> list[str]:
        """Who noticed, besides the one whose side it was on."""
        peers = dict.fromkeys(one.peer for one in self.members if one.peer is not None)
        people = self.context.persons
        mine = people.get(self.lead.side_peer or "", self.lead.side_peer)
        return [peer for peer in peers if people.get(peer, peer) != mine]

    def of(self, *names: str) -> list[Candidate]:
        """Return its findings of some rules."""
        return [one for one in self.members if one.name in names]

    def tagged(self, *tags: Tag) -> list[Candidate]:
        """Return its findings of the rules that carry any of these tags."""
        return [one for one in self.members if one.has(*tags)]


def incidents_of(context: Context, candidates: Iterable[Candidate]) -> list[Incident]:
    """
    Put findings of warn or worse together, by whose side they were on and when.

    Returns
    -------
    list of Incident
        The worst first; of those that are about as bad, what began first.
    """
    people, candidates = context.persons, list(candidates)
    facts = [one for one in candidates if one.has(ON_PATH)]
    groups: list[tuple[object, list[Candidate]]] = []
    told = [one for one in candidates if one.severity != "note" and not one.has(LASTING)]
    lasting_facts = [one for one in candidates if one.severity != "note" and one.has(LASTING)]
    # Causes make the incidents; what outlives them or follows from them joins the one in which it began.
    for one in sorted(told, key=lambda one: (one.follows or one.has(OUTLIVES), _window(context, one))):
        key = _key(one, people)
        fits = [members for other, members in groups if other == key and _near(context, members, one)]
        if fits:
            # Of two troubles of one line, the one on the same side of it.
            max(fits, key=lambda members: any(cause.side == one.side for cause in members)).append(one)
        else:
            groups.append((key, [one]))
    for fact in lasting_facts:
        key = _key(fact, people)
        mine = [members for other, members in groups if other == key]
        if mine:
            mine[0].append(fact)
        else:
            groups.append((key, [fact]))
    found = [Incident(context, sorted(members, key=_order), facts) for _, members in groups]
    return _told_in_turn(found)


def _told_in_turn(incidents: list[Incident]) -> list[Incident]:
    """Order incidents: the worst first; of those that cost about as much as the costliest, the one that began first."""
    rest, told = sorted(incidents, key=lambda one: (-SEVERITIES.index(one.severity), -one.weight, one.window)), []
    while rest:
        peers = [one for one in rest if one.severity == rest[0].severity and one.weight * _ALIKE >= rest[0].weight]
        told.append(min(peers, key=lambda one: one.window))
        rest.remove(told[-1])
    return told


def _order(candidate: Candidate) -> tuple[bool, bool, float, int, bool, bool, int]:
    """Causes first, then the worst, the person's own report, sound before pictures, the earliest."""
    return (
        candidate.follows,
        candidate.has(LASTING),
        rank_of(candidate.rule),
        -SEVERITIES.index(candidate.severity),
        candidate.peer != candidate.side_peer,
        candidate.stream is not None and candidate.stream.media not in SOUND,
        candidate.start,
    )


def _key(candidate: Candidate, people: dict[str, str]) -> object:
    """Say what findings of one incident have in common: the person and whether it was link or machine, or the cause."""
    if candidate.side_peer is not None:
        person = people.get(candidate.side_peer, candidate.side_peer)
        return person, candidate.side in _LINKS
    if candidate.side == "unknown":
        return "unknown", candidate.peer
    return candidate.side


def _window(context: Context, candidate: Candidate) -> tuple[int, int]:
    ahead = round(1e6 * context.arrays.shifts.get(candidate.peer or "", 0.0))
    return candidate.start - ahead, candidate.end - ahead


def _shaken_until(context: Context, late: list[Candidate]) -> int | None:
    """
    Return when a way that made jitter buffers grow was steady again, on the call's clock; None where it never shook.

    Buffers come down slowly: what they still hold when packets come evenly again is no trouble of the way any more.
    """
    if not late or not all(one.has(BUFFERED) and one.stream is not None for one in late):
        return None
    spans = [_window(context, one) for one in late]
    begin, end = min(one for one, _ in spans), max(two for _, two in spans)
    heard = {one.stream.number: one.stream for one in late if one.stream is not None}
    ends = [peer for one in heard.values() for peer in (one.remote, one.peer)]
    told = [one for peer in dict.fromkeys(ends) for one in context.of_peer.get(peer or "", ()) if not one.consumer]
    found: list[int] = []
    for stream, name, least in (
        *((one, "jitter_ms", _SHAKEN_MS) for one in (*heard.values(), *told) if one.media in SOUND),
        *((one, "rtt_ms", _LONGER_MS) for one in told),
    ):
        values, until = context.arrays[name][stream.rows], context.arrays.end[stream.rows] - context.shift(stream)
        calm = calm_of(values)
        with np.errstate(invalid="ignore"):
            shaken = (values > max(_SHAKEN * calm, calm + least)) & (until > begin) & (until <= end)
        found += until[shaken].tolist()
    if len(found) < _TWICE:
        return None
    found.sort()
    # A single sample long after the others is chance.
    gap = next((place for place, (one, two) in enumerate(pairwise(found)) if two - one > 3 * _SAMPLE_US), -1)
    return found[gap]


def _near(context: Context, members: list[Candidate], candidate: Candidate) -> bool:
    """Tell whether a finding lies within an incident, or close to one of its causes."""
    if _loss_beside_silence(members, candidate) or _cut_off_while_slow(context, members, candidate):
        return False
    one, two = _window(context, candidate)
    causes = [one for one in members if not one.follows and (not one.has(OUTLIVES) or one.has(LIMIT))] or members
    spans = [_window(context, member) for member in causes]
    late = 2 * _APART_US if candidate.follows or candidate.has(OUTLIVES) else 0
    apart = _APART_US
    if candidate.name == "interrupted" and any(member.name == "interrupted" for member in causes):
        apart = 2 * _APART_US  # short gaps that keep coming back are one trouble
    return any(one <= end + apart + late and two >= start - apart for start, end in spans)


def _loss_beside_silence(members: list[Candidate], candidate: Candidate) -> bool:
    """
    Tell whether of an incident and a finding that are nobody's one is lasting loss and the other silence.

    What somebody's line does is one story. Where nobody is named, nothing says that the two have to do with each other.
    """
    if candidate.side_peer is not None or candidate.follows:
        return False

    def lossy(one: Candidate) -> bool:
        return one.has(LOSS, HEARD_LOSS) and one.seconds >= _LASTS_S

    if candidate.has(SILENCE):
        causes = [one for one in members if not one.follows]
        return bool(causes) and all(map(lossy, causes))
    return lossy(candidate) and any(one.has(SILENCE) for one in members)


def _cut_off_while_slow(context: Context, members: list[Candidate], candidate: Candidate) -> bool:
    """Tell whether a finding is an outage in the midst of a way that had been slow for two samples: two troubles."""
    causes = [one for one in members if not one.follows and not one.has(LIMIT)]
    if not candidate.has(SILENCE) or candidate.silent_seconds < _OUTAGE_S or not causes:
        return False
    until = _window(context, candidate)[0] - 2 * _SAMPLE_US
    return all(one.has(DELAY) and _window(context, one)[0] <= until for one in causes)


# What happened, in a sentence --------------------------------------------------------------------------------------


def sentence_of(incident: Incident) -> str:
    """Say what happened, for how long, and as surely as it is known."""
    for say in _SENTENCES:
        said = say(incident)
        if said is not None:
            return said
    return f"{story_of(incident.context, incident.lead)}{_where(incident)}"


def _when(incident: Incident) -> str:
    one, two = incident.window
    seconds = max(0.0, (two - one) / 1e6)
    return f"for {lasting(seconds)} from {moment(one)}" if seconds >= 1 else f"at {moment(one)}"


def _name(incident: Incident) -> str:
    return incident.context.name(incident.lead.side_peer)


def _sure(incident: Incident) -> str:
    """Return the word that goes with the confidence."""
    return {"high": "", "medium": "probably ", "low": "perhaps "}[incident.lead.confidence]


def _where(incident: Incident) -> str:
    """Say whose side it was on, as surely as it is known, for sentences that do not say it themselves."""
    lead, name = incident.lead, _name(incident)
    two = localization_of(incident.context).two
    cannot = "; a call of two cannot tell" if two and lead.confidence == "low" else ""
    if lead.rule.says_side:
        return ""
    if lead.side == "between":
        return " On which side cannot be told in a call of two." if two else " It was between them, or at the server."
    if lead.side == "shared":
        return f" It was {_sure(incident)}the server or a region."
    if lead.side == "unknown" or lead.side_peer is None:
        return " Whose side it was on is not known."
    place = {
        "sender": f"{name}'s own machine",
        "receiver": f"{name}'s own machine",
        "sender_uplink": f"{name}'s uplink",
        "receiver_downlink": f"{name}'s downlink",
        "connection": f"{name}'s connection, both ways",
    }[lead.side]
    return f" It was {_sure(incident)}{place}{cannot}."


def _two(incident: Incident) -> str | None:
    """Name the two people between whom something happened."""
    context, stream, where = incident.context, incident.lead.stream, localization_of(incident.context)
    people = where.people
    if len(people) > 2 and where.two and stream is not None and stream.consumer:
        people = [stream.remote or "", stream.peer or ""]  # of those who came back, the stays that were concerned
    names = [context.name(peer) for peer in people]
    return f"between {names[0]} and {names[1]}" if len(names) == 2 else None


def _heard(silent: list[Candidate]) -> list[Candidate]:
    """Return the silences of sound where there are any: after an outage pictures wait for a whole one as well."""
    return [one for one in silent if one.stream is not None and one.stream.media in SOUND] or silent


def _never_connected(incident: Incident) -> str | None:
    mine = incident.of("never_connected")
    if not mine:
        return None
    names = listed(incident.context, (one.peer for one in mine))
    verb = "never got connected"
    tail = "" if incident.lead.side == "connection" else " Whose network it was cannot be told from this."
    return f"{names} {verb}: not one packet went through in either direction, {_when(incident)}.{tail}"


def _worn_down(incident: Incident) -> str | None:
    """Say of a link that failed altogether what it was like before."""
    cut, lossy = _cut_off(incident), None
    if cut is not None and incident.worn:
        lossy = _lossy(Incident(incident.context, incident.worn, incident.facts))
    if cut is None or lossy is None:
        return None
    lasted = max(_window(incident.context, one)[1] for one in incident.worn)
    began = max(_window(incident.context, one)[0] for one in incident.tagged(SILENCE) if not one.follows)
    then = "Then" if lasted <= began + _SAMPLE_US else "Meanwhile"
    return f"{lossy} {then} {cut[0].lower() if cut.startswith('No') else cut[0]}{cut[1:]}"


def _cut_off(incident: Incident) -> str | None:
    """Say who was cut off, in which direction, and which change of path went with it."""
    silent, lead = incident.tagged(SILENCE), incident.lead
    every = [one for one in silent if not one.follows] or silent
    silent = _heard(every)
    if not silent or not (lead.has(SILENCE) or lead.name == "reconnects"):
        return None
    when = _silence(incident, silent)
    change = _path_change(incident)
    if lead.side == "connection":
        change += _came_back(incident)
        return f"{_name(incident)} was {_sure(incident)}cut off {when[0]}, both ways, {when[1]}{change}."
    if lead.side == "shared":
        return f"Nobody heard anybody {when[0]}, {when[1]}: {_sure(incident)}the server or a region{change}."
    pair = _two(incident)
    if lead.side == "between" and pair is not None:
        both = len({one.peer for one in silent}) > 1
        tail = "" if change else " On which side cannot be told in a call of two."
        other = "" if change else _other_way(incident)
        change += _came_back(incident)
        first = _first_direction(incident, every)
        if first is not None:
            one, two, lag = first
            later = f"{lasting(lag)} later the other direction stopped as well"
            return f"Nothing got from {one} to {two} {when[0]}, {when[1]}; {later}{change}.{tail}{other}"
        if both or lead.stream is None:
            way = "in both directions, " if both else ""
            return f"Nothing passed {pair} {when[0]}, {way}{when[1]}{change}.{tail}{other}"
        one, two = incident.context.name(lead.stream.remote), incident.context.name(lead.peer)
        return f"Nothing got from {one} to {two} {when[0]}, {when[1]}{change}.{tail}{other}"
    if lead.side == "sender_uplink":
        return f"Nothing of {_name(incident)} arrived anywhere {when[0]}, {when[1]}.{_where(incident)}{change}"
    if lead.side == "receiver_downlink":
        return f"{_name(incident)} received nothing {when[0]}, {when[1]}.{_where(incident)}{change}"
    return None


def _came_back(incident: Incident) -> str:
    """Say how somebody who was cut off came back: under another id, or by reconnecting."""
    context, lead, again = incident.context, incident.lead, incident.of("reconnects")
    if not again:
        return ""
    ends = [lead.side_peer, lead.peer, lead.stream.remote if lead.stream is not None else None]
    # Another id says more than that somebody tried.
    told = next((one for one in again if one.peer not in ends), again[0])
    person = context.person(told.peer or "")
    before = next((peer for peer in ends if peer is not None and context.person(peer) == person), told.peer)
    name = context.name(told.peer)
    if before == told.peer:
        return f"; {name} {told.detail}"
    return f", and came back as {name}" if lead.side_peer else f"; {context.name(before)} came back as {name}"


def _first_direction(incident: Incident, silent: list[Candidate]) -> tuple[str, str, float] | None:
    """
    Return from whom to whom nothing got first, and how many seconds before the other direction, where that is clear.

    A browser that gets no more answers to its checks of the path stops sending after some seconds.
    """
    began: dict[tuple[str | None, str | None], int] = {}
    for one in silent:
        if one.stream is not None and one.name == "nothing_received":
            way, start = (one.stream.remote, one.peer), _window(incident.context, one)[0]
            began[way] = min(began.get(way, start), start)
    if len(began) != 2:
        return None
    (first, start), (_, after) = sorted(began.items(), key=lambda one: one[1])
    lag = (after - start) / 1e6
    if lag < _LAG_S:
        return None
    return incident.context.name(first[0]), incident.context.name(first[1]), lag


def _silence(incident: Incident, silent: list[Candidate]) -> tuple[str, str]:
    """Say for how long it was silent, and from when: of short silences only the sample is known."""
    short = [one for one in silent if one.name == "interrupted"]
    if len(short) == len(silent):
        seconds = float(np.median([one.silent_seconds for one in short]))
        gaps = [(one.peer, one.stream.remote if one.stream else None) for one in short]
        times = max(gaps.count(pair) for pair in gaps)
        if times > 1:
            return f"{times} times, for about {seconds:.1f} s each", f"from {moment(incident.window[0])}"
        return f"for about {seconds:.1f} s", f"at {moment(incident.window[0])}"
    one, two = min(one.start for one in silent), max(one.end for one in silent)
    return f"for {lasting((two - one) / 1e6)}", f"from {moment(one)}"


def _path_change(incident: Incident) -> str:
    """Name the path that was left for another at that time."""
    one, two = incident.window
    for fact in incident.facts:
        if fact.name == "path_changed" and one - _SAMPLE_US <= fact.start <= two + _SAMPLE_US:
            return f", when the network path changed {fact.detail} (at {clock(fact.start)})"
    return ""


def _other_way(incident: Incident) -> str:
    """Say that the round trip was another one after a silence than before: the media perhaps took another path then."""
    context, (one, two) = incident.context, incident.window
    arrays, told = context.arrays, []
    for stream in context.of_peer.get(incident.lead.side_peer or incident.lead.peer or "", ()):
        if stream.consumer or stream.media not in SOUND:
            continue
        rows, shift = stream.rows, context.shift(stream)
        trip, start, end = arrays["rtt_ms"][rows], arrays.start[rows] - shift, arrays.end[rows] - shift
        before = trip[(end <= one + _SAMPLE_US // 8) & (end > one - _BESIDE_US) & (trip > 0)]
        after = trip[(start >= two - _SAMPLE_US // 8) & (start < two + _BESIDE_US) & (trip > 0)]
        if min(len(before), len(after)) < 3:
            return ""
        calm, now = float(np.median(before)), float(np.median(after))
        if not (after > 1.4 * float(before.max()) + 15).all() and not (1.4 * after + 15 < float(before.min())).all():
            return ""
        told.append((calm, now))
    if not told:
        return ""
    calm, now = told[0]
    return (
        f" The round trip was {figure(calm)} ms before it and {figure(now)} ms after it: perhaps another network path."
    )


def _up_to(mean: float, most: float, unit: str) -> str:
    """Say a mean, and in brackets the most, where that says more."""
    said, peak = f"{figure(mean)}{unit}", f"{figure(most)}{unit}"
    return said if said == peak else f"{said} (up to {peak})"


def _long_way(incident: Incident) -> str | None:
    """Say that a way was long or unsteady: delay is no congestion, and names no direction."""
    lead = incident.lead
    if not lead.has(DELAY):
        return None
    # Round trips that only met the trouble now and then do not speak for all of its time.
    trips = [one for one in incident.tagged(TRIP) if not one.follows or lead.has(TRIP)]
    if trips:
        best = max(trips, key=lambda one: one.seconds)
        figures = f"a round trip of {_up_to(best.mean, max(one.value for one in trips), ' ms')}"
    else:
        late = max(incident.tagged(DELAY), key=lambda one: one.seconds)
        if not late.has(BUFFERED):
            return None
        figures = f"{_up_to(late.mean, late.value, ' ms')} in the jitter buffer"
    over = next((one for one in incident.facts if one.name == "relayed" and one.peer == lead.side_peer), None)
    relay = f" ({over.detail})" if over is not None else ""
    pair = _two(incident)
    if lead.side == "between" and pair is not None:
        cannot = "on which side cannot be told in a call of two"
        if trips:
            return f"The way {pair} was long {_when(incident)}: {figures}; {cannot}."
        who = incident.context.name(lead.peer)
        return f"Media reached {who} late {_when(incident)}: {figures}; {cannot}."
    if lead.side == "shared":
        return f"Everybody's connection was slow {_when(incident)}: {figures}; {_sure(incident)}the server or a region."
    if lead.side_peer is None:
        return None
    part = {"sender_uplink": "uplink", "receiver_downlink": "downlink"}.get(lead.side, "connection")
    doubt = ", which a call of two cannot tell for certain" if lead.confidence == "low" and pair else ""
    return f"{_name(incident)}'s {part}{relay} was {_sure(incident)}slow {_when(incident)}{doubt}: {figures}."


def _lossy(incident: Incident) -> str | None:
    """Say how much of whose audio was lost, by the listeners' own count where there is one."""
    lead = incident.lead
    if not lead.has(LOSS, HEARD_LOSS):
        return None
    heard = [one for one in incident.members if one.loss_in]
    sent = [one for one in incident.members if one.loss_out]
    sound = [one for one in heard if one.stream is not None and one.stream.media in SOUND]
    best = sound or [one for one in sent if one.stream is not None and one.stream.media in SOUND]
    best = best or heard or sent
    if not best:
        return None
    longest = max(best, key=lambda one: (one.seconds, -one.mean))
    media = media_words(longest.stream.media) if longest.stream is not None else "media"
    share = f"{figure(longest.mean)} % of the {media} packets"
    of_whom = f"{figure(longest.mean)} % of {{who}}'s {media} packets"
    if lead.side == "shared":
        where = f"{_sure(incident)}the server or a region"
        return f"{_hit(incident)} lost {share} sent to them, all at once, {_when(incident)}: {where}."
    if lead.side == "receiver_downlink":
        narrow = next((one.through_kbps for one in heard if one.through_kbps is not None), None)
        if narrow is not None:
            through = f"about {figure(narrow)} kbit/s came through, and {share} were lost"
            return f"{_name(incident)}'s downlink was {_sure(incident)}too narrow {_when(incident)}: {through}."
        senders = dict.fromkeys(one.stream.remote for one in heard if one.stream is not None)
        whom = f"{incident.context.name(next(iter(senders)))}" if len(senders) == 1 else "everyone"
        return f"{_name(incident)}'s downlink {_sure(incident)}lost {share} that {whom} sent {_when(incident)}."
    both = _lost_both_ways(incident, sound)
    if both is not None:
        return both
    if lead.side == "between" and longest.stream is not None:
        stream, name = longest.stream, incident.context.name
        sender, receiver = (stream.remote, stream.peer) if stream.consumer else (stream.peer, None)
        way = f" to {name(receiver)}" if receiver else ""
        where = (
            "where on the way cannot be told in a call of two" if _two(incident) else "between them, or at the server"
        )
        lost = of_whom.format(who=name(sender))
        return f"{lost} got lost on their way{way} {_when(incident)}; {where}."
    if lead.side in ("sender_uplink", "connection"):
        part = "uplink" if lead.side == "sender_uplink" else "connection"
        if lead.confidence == "low":
            doubt = "a call of two cannot tell" if _two(incident) else "nobody else's report tells"
            heard_by = next((one.peer for one in heard), None)
            way = f" to {incident.context.name(heard_by)}" if heard_by and _two(incident) else ""
            lost = f"{of_whom.format(who=_name(incident))} got lost on their way{way} {_when(incident)}"
            return f"{lost}, perhaps on {_name(incident)}'s {part}: {doubt}."
        both = " in both directions" if lead.side == "connection" else ""
        return f"{_name(incident)}'s {part} {_sure(incident)}lost {share}{both} {_when(incident)}."
    return None


def _lost_both_ways(incident: Incident, heard: list[Candidate]) -> str | None:
    """Say how much of either's audio was lost between two people, where it was in both directions."""
    worst: dict[str | None, Candidate] = {}
    for one in sorted(heard, key=lambda one: one.seconds):
        worst[one.stream.remote if one.stream is not None else None] = one
    pair = _two(incident)
    if incident.lead.side != "between" or pair is None or len(worst) != 2:
        return None
    shares = [f"{figure(one.mean)} % of {incident.context.name(who)}'s" for who, one in worst.items()]
    lost = f"Audio packets got lost in both directions {pair} {_when(incident)}: {' and '.join(sorted(shares))}"
    return f"{lost}; where on the way cannot be told in a call of two."


def _narrow_uplink(incident: Incident) -> str | None:
    """Say that an uplink was too narrow, and what came through it."""
    lead, limited = incident.lead, incident.narrow
    if not limited:
        return None
    if lead.side == "between":
        return _narrow_both_ways(incident)
    doubt = " (a call of two cannot tell)" if lead.confidence == "low" and _two(incident) else ""
    if incident.unsteady is not None:
        now, usual = incident.unsteady.jitter_ms, incident.unsteady.usual_ms
        shaken = f"its sound arrived with {figure(now)} ms of jitter instead of {figure(usual)} ms"
        was = f"{_name(incident)}'s uplink was {_sure(incident)}unsteady {_when(incident)}{doubt}"
        return f"{was}: {shaken}; nearly as much went out as before."
    one, two = incident.window
    kbps = _sent_kbps(incident.context, lead.side_peer, one, two)
    rate = "" if np.isnan(kbps) else f": about {figure(kbps)} kbit/s went through"
    slow = [item for item in incident.of("low_frame_rate") if item.stream is not None and item.stream.consumer]
    pictures = ""
    if slow:
        names = listed(incident.context, (item.peer for item in slow))
        pictures = f"; {names} saw {figure(min(item.mean for item in slow))} frames/s"
    return f"{_name(incident)}'s uplink was {_sure(incident)}too narrow {_when(incident)}{doubt}{rate}{pictures}."


def _narrow_both_ways(incident: Incident) -> str:
    """Say that the way between two people was too narrow in both directions, and what came through it from whom."""
    context, (one, two) = incident.context, incident.window
    people = dict.fromkeys(one.peer for one in incident.narrow if one.peer is not None)
    rates = [(context.name(peer), _sent_kbps(context, peer, one, two)) for peer in people]
    known = [f"{figure(kbps)} kbit/s from {name}" for name, kbps in rates if not np.isnan(kbps)]
    through = f": about {' and '.join(known)} went through" if known else ""
    way = f"The way {_two(incident) or 'between them'} was too narrow in both directions {_when(incident)}"
    return f"{way}{through}; on which side cannot be told in a call of two."


def _sent_kbps(context: Context, peer: str | None, one: int, two: int) -> float:
    """Return what a participant sent in a time, all streams together, in kbit/s: the median over its samples."""
    arrays = context.arrays
    total = 0.0
    for stream in context.of_peer.get(peer or "", ()):
        rows = stream.rows
        inside = (arrays.start[rows] >= one - _SAMPLE_US) & (arrays.end[rows] <= two + _SAMPLE_US)
        rate = 8 * arrays["bytes"][rows][inside] / arrays.seconds[rows][inside] / 1000
        if not stream.consumer and len(rate) and not np.isnan(rate).all():
            total += float(np.nanmedian(rate))
    return total if total > 0 else float("nan")


def _frame_rates(context: Context, candidate: Candidate) -> tuple[float, float] | None:
    """Return the frame rate of a stream beside a finding and during it."""
    stream, samples, arrays = candidate.stream, candidate.samples, context.arrays
    if stream is None or samples is None:
        return None
    rate = arrays["frames"] / arrays.seconds
    beside = np.setdiff1d(np.arange(stream.rows.start, stream.rows.stop), samples)
    if np.isnan(rate[beside]).all() or np.isnan(rate[samples]).all():
        return None
    return float(np.nanmedian(rate[beside])), float(np.nanmedian(rate[samples]))


def _busy(incident: Incident) -> str | None:
    """Say whose machine was busy, and what that did to sound and picture, and at whom."""
    if incident.lead.name == "not_captured":
        share = f"only {figure(incident.lead.mean)} % of the usual audio packets were sent"
        late = incident.tagged(BUFFERED)
        names = listed(incident.context, (one.peer for one in late))
        heard = (
            f"; {names} got sound or pictures up to {figure(max(one.value for one in late))} ms late" if late else ""
        )
        return f"{_name(incident)}'s machine was {_sure(incident)}too busy {_when(incident)}: {share}{heard}."
    mine = incident.of("cpu_limited")
    if not mine or incident.lead.side != "sender":
        return None
    slow = incident.of("low_frame_rate")
    others = (one.peer for one in slow if one.peer != incident.lead.side_peer)
    names = listed(incident.context, others)
    seen = f"; {names} saw {figure(min(one.mean for one in slow))} frames/s" if slow and names else ""
    share = figure(100 * mine[0].mean)
    rates = _frame_rates(incident.context, mine[0])
    fell = f", from {figure(rates[0])} to {figure(rates[1])} frames/s" if rates and rates[1] < 0.8 * rates[0] else ""
    limited = f"its processor limited the video {share} % of the time"
    return f"{_name(incident)}'s machine was too busy {_when(incident)}: {limited}{fell}{seen}."


def _hit(incident: Incident) -> str:
    """Name who was hit, or how many."""
    peers = list(dict.fromkeys(one.peer for one in incident.members if one.peer is not None))
    return listed(incident.context, peers) if len(peers) <= 5 else f"{len(peers)} people"


_SENTENCES: tuple[Callable[[Incident], str | None], ...] = (
    _never_connected,
    _worn_down,
    _cut_off,
    _narrow_uplink,
    _lossy,
    _long_way,
    _busy,
)
"""Ways to say it, the most telling first; else the sentence of the finding that explains the others."""
