"""A call of two whose way was too narrow in both directions at once: one trouble, and nobody's in particular."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.rules.rule import DELAY, HEARD_LOSS, LIMIT, LOSS, OF_LOSS, QUEUED, SEEN

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.context import Window


def narrow_both_ways(around: Concurrency) -> None:
    """
    Put what a queue does on no side where both of two people's streams overflowed at the same time.

    Either access, or the way between them, was then too narrow in both directions. Each by itself would look like the
    uplink of the one, and the round trip, the lost packets and the slow pictures beside it like several troubles.
    """
    if not localization_of(around.context).two:
        return
    for span in _overflowed_at_once(around):
        for candidate in around.candidates:
            one, two = around.window(candidate)
            inside = span[0] - SLACK_US <= one <= span[1] and two > span[0]
            if inside and candidate.has(LIMIT, LOSS, HEARD_LOSS, DELAY, SEEN, OF_LOSS) and candidate.severity != "note":
                candidate.attribute_to("between", None, "low")
                candidate.follows = candidate.follows or not candidate.has(LIMIT)
                candidate.evidence_for = ["what both of them sent queued and overflowed at that time"]
                candidate.evidence_against = ["with two people, the access of either one would look the same"]


def _overflowed_at_once(around: Concurrency) -> list[Window]:
    """Return when what both sent queued or overflowed, from the beginning of it until it was over."""
    person = around.context.person
    full = [one for one in around.candidates if one.has(QUEUED) and one.severity != "note"]
    return [
        _of_both(around, one, other)
        for one, other in combinations(full, 2)
        if person(one.peer or "") != person(other.peer or "") and around.mostly_together(one, other)
    ]


def _of_both(around: Concurrency, one: Candidate, other: Candidate) -> Window:
    """Return the time of two findings, with that of the encoders' limits that began with them."""
    first, second = around.window(one), around.window(other)
    begin, end = min(first[0], second[0]), max(first[1], second[1])
    for limit in around.candidates:
        if limit.has(LIMIT) and begin - SLACK_US <= around.window(limit)[0] <= end:
            end = max(end, around.window(limit)[1])
    return begin, end
