"""
Which links explain what everybody received: the fewest that cover all bad streams, and no good one.

A bad uplink is heard by everyone, and over a bad downlink everyone is heard badly. So what was received from whom by
whom at one moment is a table of senders and receivers: a bad row is an uplink, a bad column a downlink, both of one
person a connection. Two faults at once are two of these: that is what tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from rtkit_explore.findings.rules.streams import INTERRUPTED, JITTER, LATE_MEDIA, LOSS_IN, NOTHING_RECEIVED
from rtkit_explore.findings.segments import judged_values
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.rules.rule import Family
    from rtkit_explore.findings.stream_arrays import Bools, Floats, Stream

Part = Literal["up", "down", "connection", "server"]
Link = tuple[Part, str]
SERVER = ""
"""Stands in the place of a receiver for what the far end of an uplink reports."""
_STEP_US, _NEAR = 3_500_000, 2
"""Half a sample, as streams are sampled at different moments; and how many of these a sample is."""
_LONGEST_US = 4 * 86_400_000_000
"""Of what spans more than this, one time is wrong by years: so much around the middle of all samples is looked at."""
_COSTS: dict[Part, float] = {"up": 1.0, "down": 1.0, "connection": 1.2, "server": 2.0}
"""A connection that fails both ways is one fault, though it shows as two; the server failing for one sender is rare."""
_UNEXPLAINED, _IMPLICATED, _CONTRADICTED = 2.5, 1.0, 1.5
"""Prices of a bad stream left over, of a good one that is implicated, and of an uplink that the server calls good."""
_TOGETHER = 4
"""Half samples by which two people's samples of one trouble may begin, or end, apart."""
_SWALLOWED = 0.3
"""Of what was sent, so much counted as lost is an outage."""
_MOST_LINKS, _MOST_AT_ONCE = 14, 3
"""So many links are weighed against each other, and so many may fail at once."""


@dataclass(frozen=True)
class Explanation:
    """
    What explains one moment.

    Attributes
    ----------
    links
        The links at fault.
    margin
        By how much the next best explanation without each of them is worse: the costs of links that fail, of bad
        streams left over, and of good streams that would have to be bad.
    """

    links: frozenset[Link]
    margin: dict[Link, float]


class Localization:
    """What everybody received of everybody, on one clock, and the links that explain it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.streams = [
            one
            for one in context.arrays.streams
            if one.consumer
            and one.peer
            and one.remote
            and one.remote != one.peer
            and one.first_us != NO_TIME
            and one.usual > 0
        ]
        self.people = sorted({who or "" for one in self.streams for who in (one.remote, one.peer)})
        persons = context.persons
        self.two = len({persons.get(who, who) for who in self.people}) <= 2
        """Whether no more than two persons received anything, in however many stays."""
        self.pairs = sorted({(one.remote or "", one.peer or "") for one in self.streams})
        if not self.two:
            # Over a server the far end of an uplink is the server: its reports tell of the uplink alone.
            self.pairs += [(peer, SERVER) for peer in self.people if context.of_peer.get(peer)]
        shifts = {one.number: context.shift(one) for one in self.streams}
        self.first = min((one.first_us - shifts[one.number] for one in self.streams), default=0)
        last = max((one.last_us - shifts[one.number] for one in self.streams), default=0)
        if last - self.first > _LONGEST_US:
            times = [context.arrays.end[one.rows] - shifts[one.number] for one in self.streams]
            middle = int(np.median(np.concatenate(times)))
            self.first, last = max(self.first, middle - _LONGEST_US // 2), min(last, middle + _LONGEST_US // 2)
        self.moments = np.arange(self.first, last + _STEP_US, _STEP_US)
        self._memo: dict[tuple[Family, int], Explanation] = {}
        self._known: dict[tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]], Explanation] = {}
        self._bad: dict[tuple[Family, int], frozenset[tuple[str, str]]] = {}
        self._all: dict[tuple[Family, int], bool] = {}
        self._states: dict[Family, tuple[Bools, Bools]] = {}
        self._hit: dict[tuple[Family, int], tuple[str, ...]] = {}

    def slots(self, times: NDArray[np.int64]) -> list[int]:
        """Return the slots of times on the call's clock."""
        nearest = np.rint((times - self.first) / _STEP_US)
        return [int(slot) for slot in np.clip(nearest, 0, len(self.moments) - 1)]

    def bad_pairs(self, family: Family, slot: int) -> frozenset[tuple[str, str]]:
        """Return who received whom badly in a slot."""
        key = (family, slot)
        if key not in self._bad:
            bad, _ = self._tables(family)
            self._bad[key] = frozenset(self.pairs[k] for k in np.flatnonzero(bad[:, slot]))
        return self._bad[key]

    def all_bad(self, family: Family, slot: int) -> bool:
        """Tell whether everything that was received, by three people or more, was bad in a slot."""
        key = (family, slot)
        if key not in self._all:
            _, good = self._tables(family)
            bad = [pair for pair in self.bad_pairs(family, slot) if pair[1] != SERVER]
            well = any(self.pairs[k][1] != SERVER for k in np.flatnonzero(good[:, slot]))
            self._all[key] = len(bad) >= 4 and not well and len({who for pair in bad for who in pair}) > 2
        return self._all[key]

    def people_hit(self, family: Family, slot: int) -> tuple[str, ...]:
        """
        Return who was hit where no single link explains it: three people and half the call, or everything; else none.

        What hit several and goes on at those who stay when others of them leave is still the same.
        """
        key = (family, slot)
        if key not in self._hit:
            self._hit[key] = (
                self._hit_at_once(family, slot) or self._still_hit(family, slot) or self._hit_together(family, slot)
            )
        return self._hit[key]

    def _hit_at_once(self, family: Family, slot: int) -> tuple[str, ...]:
        if self.all_bad(family, slot):
            return tuple(who for who in self.people if self.there[self._place[who], slot])
        people = sorted({who for _, who in self.explain(family, slot).links})
        # Of those without a report nobody knows whether they were hit as well.
        unknown = len(self.context.silent_people)
        return tuple(people) if len(people) >= 3 and 2 * (len(people) + unknown) >= len(self.people) else ()

    def _still_hit(self, family: Family, slot: int) -> tuple[str, ...]:
        """Look for the moment, before or after, from which on the others who were hit are not in the call."""
        receivers = self._receivers(family, slot)
        if self.two or not 1 < len(receivers) <= 2 + len(self.people) // 4:
            return ()
        for step in (-1, 1):
            other = slot + step
            while 0 <= other < len(self.moments) and self._receivers(family, other) == receivers:
                other += step
            if not 0 <= other < len(self.moments):
                continue
            hit = set(self._hit_at_once(family, other))
            gone = hit - receivers
            if receivers < hit and gone and not any(self.there[self._place[who], slot] for who in gone):
                return tuple(sorted(hit))
        return ()

    def _hit_together(self, family: Family, slot: int) -> tuple[str, ...]:
        """
        Return two of at most four listeners whose downlinks fail from the same to the same moment, beside one unknown.

        Two lines do not fail and recover together by chance. Where somebody sends no report, or has no connection, a
        third may have been hit as well.
        """
        receivers = sorted(self._receivers(family, slot))
        unknown = bool(self.context.silent_people) or len(self.context.everybody) > len(self.people)
        listeners = {one.peer for one in self.streams}
        if self.two or not unknown or len(receivers) != 2 or len(listeners) > 2 * len(receivers):
            return ()
        if self.explain(family, slot).links != {("down", who) for who in receivers}:
            return ()
        (first, last), (begin, end) = (self._span_of(family, slot, who) for who in receivers)
        together = abs(first - begin) <= _TOGETHER and abs(last - end) <= _TOGETHER
        return tuple(receivers) if together else ()

    def _span_of(self, family: Family, slot: int, who: str) -> tuple[int, int]:
        """Return the first and the last slot of the time around a slot in which somebody received something badly."""
        first = last = slot
        while first > 0 and who in self._receivers(family, first - 1):
            first -= 1
        while last < len(self.moments) - 1 and who in self._receivers(family, last + 1):
            last += 1
        return first, last

    def _receivers(self, family: Family, slot: int) -> set[str]:
        """Return who received anything badly in a slot."""
        return {to for _, to in self.bad_pairs(family, slot) if to != SERVER}

    @cached_property
    def there(self) -> Bools:
        """Whether each of ``people`` received anything in each slot."""
        found = np.zeros((len(self.people), len(self.moments)), dtype=bool)
        for stream in self.streams:
            found[self._place[stream.peer or ""]] |= self._rows(stream)[1]
        return found

    @cached_property
    def _place(self) -> dict[str, int]:
        return {who: k for k, who in enumerate(self.people)}

    def explain(self, family: Family, slot: int) -> Explanation:
        """Return the links that explain what was bad in a slot."""
        key = (family, slot)
        if key not in self._memo:
            _, good = self._tables(family)
            well = frozenset(self.pairs[k] for k in np.flatnonzero(good[:, slot]))
            pattern = (self.bad_pairs(family, slot), well)
            if pattern not in self._known:
                self._known[pattern] = _explain(*pattern)
            self._memo[key] = self._known[pattern]
        return self._memo[key]

    def _tables(self, family: Family) -> tuple[Bools, Bools]:
        """Tell for each pair of sender and receiver, and each slot, whether it was bad, and whether it was good."""
        if family not in self._states:
            shape = (len(self.pairs), len(self.moments))
            bad, good = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
            wrong, right = _states(self.context, family)
            place = {pair: k for k, pair in enumerate(self.pairs)}
            for stream in self.streams:
                rows, inside = self._rows(stream)
                k = place[stream.remote or "", stream.peer or ""]
                bad[k] |= inside & wrong[rows]
                # Lost video is sent again: only sound that arrived whole says that a link was well.
                if stream.media in SOUND or family != "loss":
                    good[k] |= inside & right[rows]
            if family != "late" and not self.two:
                self._add_far_ends(family, place, bad, good)
            # Samples of two clients do not align: who was hit a sample before or after was not well in between.
            near = bad.copy()
            for step in range(1, _NEAR + 1):
                near[:, step:] |= bad[:, :-step]
                near[:, :-step] |= bad[:, step:]
            self._states[family] = (bad, good & ~near)
        return self._states[family]

    def _add_far_ends(self, family: Family, place: dict[tuple[str, str], int], bad: Bools, good: Bools) -> None:
        """Enter what the server reported of each uplink: loss, or figures that stand still when nothing reaches it."""
        wrong, right = _far_end_states(self.context, family)
        pictures = np.zeros_like(bad)
        for stream in self.context.arrays.streams:
            k = place.get((stream.peer or "", SERVER))
            if stream.consumer or k is None or stream.first_us == NO_TIME:
                continue
            rows, inside = self._rows(stream)
            bad[k] |= inside & wrong[rows]
            if stream.media in SOUND:
                good[k] |= inside & right[rows]
            else:
                pictures[k] |= inside & wrong[rows]
        # A report that comes late tells of loss that is over: where listeners received all, it counts for nothing.
        for (sender, receiver), k in place.items():
            if receiver == SERVER:
                heard = [n for (other, to), n in place.items() if other == sender and to != SERVER]
                bad[k] &= ~good[heard].any(axis=0) | pictures[k]

    def _rows(self, stream: Stream) -> tuple[NDArray[np.intp], Bools]:
        """Return the row of a stream at each slot, and whether it covers it."""
        arrays, shift = self.context.arrays, self.context.shift(stream)
        end, start = arrays.end[stream.rows] - shift, arrays.start[stream.rows] - shift
        place = np.minimum(np.searchsorted(end, self.moments), len(end) - 1)
        inside = (start[place] <= self.moments) & (end[place] >= self.moments) & arrays.known[stream.rows][place]
        return np.asarray(place + stream.rows.start), np.asarray(inside)


def localization_of(context: Context) -> Localization:
    """Return the localization of a call, made once."""
    return context.once("localization", lambda: Localization(context))


def _states(context: Context, family: Family) -> tuple[Bools, Bools]:
    """Tell for each row whether it is bad, and whether it is clearly good, in the sense of a family."""
    with np.errstate(invalid="ignore"):
        if family == "loss":
            loss = judged_values(context, LOSS_IN)
            return loss >= 2, loss < 1
        if family == "silence":
            missing, share = judged_values(context, INTERRUPTED), judged_values(context, NOTHING_RECEIVED)
            return (missing >= 1.5) | (share < 10), (share >= 80) & ~(missing >= 0.5)
        late, jitter = judged_values(context, LATE_MEDIA), judged_values(context, JITTER)
        sound = context.arrays.where(media=SOUND)
        limit: Floats = np.where(sound, 30.0, 100.0)
        return (late > 200) | (jitter > limit), (late < 130) & ~(jitter > 0.5 * limit)


def _far_end_states(context: Context, family: Family) -> tuple[Bools, Bools]:
    """Tell for each row of a sent stream whether the far end's report shows trouble, and whether it shows none."""
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        if family == "loss":
            # Not evened out: what came late would smear over the end of a loss.
            return arrays["lost"] >= 0.02 * arrays["judged"], arrays["lost"] < 0.005 * arrays["judged"]
        sent = arrays["packets"] > 0
        same = np.zeros(len(sent), dtype=bool)
        same[1:] = arrays.stream_number[1:] == arrays.stream_number[:-1]
        told = same & sent & ~np.isnan(arrays["rtt_ms"]) & (arrays["rtt_ms"] > 0)
        before_trip, before_jitter = np.roll(arrays["rtt_ms"], 1), np.roll(arrays["jitter_ms"], 1)
        still = (arrays["rtt_ms"] == before_trip) & (arrays["jitter_ms"] == before_jitter)
        # Where reports still come back, they count what a dead uplink swallowed as lost, once it works again.
        swallowed = sent & (arrays["lost"] >= _SWALLOWED * arrays["judged"])
        before = np.zeros(len(sent), dtype=bool)
        before[:-1] = swallowed[1:] & same[1:] & (arrays["lost"][1:] > arrays["judged"][1:])
        gone = still | swallowed | (before & sent)
        return told & gone, told & ~gone


def _explain(bad: frozenset[tuple[str, str]], good: frozenset[tuple[str, str]]) -> Explanation:
    """Weigh the links against each other and take the cheapest set."""
    if not bad:
        return Explanation(frozenset(), {})
    price = _Prices(bad, good)
    links = price.plausible()
    priced = {
        frozenset(chosen): price.of(chosen)
        for count in range(min(_MOST_AT_ONCE, len(links)) + 1)
        for chosen in combinations(links, count)
        if len({who for _, who in chosen}) == count
    }
    best = min(priced, key=lambda one: (priced[one], sorted(one)))
    # In a large call more links than were weighed together may fail at once: add what explains more than it costs.
    for link in links:
        if price.of((*best, link)) < price.of(tuple(best)):
            best |= {link}
    cost = price.of(tuple(best))
    margin = {
        link: min((paid for one, paid in priced.items() if not _blames(one, link)), default=cost) - cost
        for link in best
    }
    return Explanation(best, margin)


def _blames(links: frozenset[Link], link: Link) -> bool:
    """Tell whether a set of links is about the same as a link: the same person's, in whatever direction."""
    part, who = link
    return link in links or (part != "server" and any(one == who and other != "server" for other, one in links))


class _Prices:
    """What a set of links costs: each its price, and so do bad streams left over, and good ones that it implicates."""

    def __init__(self, bad: frozenset[tuple[str, str]], good: frozenset[tuple[str, str]]) -> None:
        # Sets of streams are bit masks: a large call has hundreds of streams and thousands of sets to weigh.
        self._bad, self._good, self._told, self._covers = 0, 0, 0, dict[Link, int]()
        for place, (sender, receiver) in enumerate(sorted(bad | good)):
            bit = 1 << place
            if (sender, receiver) in bad:
                self._bad |= bit
            elif receiver == SERVER:
                self._told |= bit
            else:
                self._good |= bit
            links: list[Link] = [("up", sender), ("connection", sender)]
            if receiver != SERVER:
                links += [("down", receiver), ("connection", receiver), ("server", sender)]
            for link in links:
                self._covers[link] = self._covers.get(link, 0) | bit

    def plausible(self) -> list[Link]:
        """Return the links of which at least half of the known streams are bad, the most telling first."""
        told = {
            link: (streams & self._bad).bit_count() - (streams & self._good).bit_count()
            for link, streams in self._covers.items()
        }
        fit = [link for link, count in told.items() if count >= 0 and self._covers[link] & self._bad]
        return sorted(fit, key=lambda link: (-told[link], link))[:_MOST_LINKS]

    def of(self, links: Iterable[Link]) -> float:
        """Return the price of a set of links."""
        covered, price = 0, 0.0
        for link in links:
            covered |= self._covers.get(link, 0)
            price += _COSTS[link[0]]
        left, wrong = (self._bad & ~covered).bit_count(), (self._good & covered).bit_count()
        against = (self._told & covered).bit_count()
        return price + _UNEXPLAINED * left + _IMPLICATED * wrong + _CONTRADICTED * against
