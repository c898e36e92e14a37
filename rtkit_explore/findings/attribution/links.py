"""
Which link explains each sample of a received stream, and by what margin: what ``localization`` says, read by finding.

A finding during which the link at fault changes is cut there, so that each part can be attributed by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.attribution.two_people import loss_links
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.findings.rules.rule import BUFFERED, HEARD_LOSS
from rtkit_explore.findings.segments import part_of

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate, Side
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.localization import Link
    from rtkit_explore.findings.rules.rule import Family
    from rtkit_explore.findings.stream_arrays import Stream

SIDES: dict[str, Side] = {
    "up": "sender_uplink",
    "down": "receiver_downlink",
    "connection": "connection",
    "server": "between",
}
"""The side of a finding, by the part of the link at fault."""
_EVERYBODY: Link = ("server", "everybody")
"""Stands for a cause that is nobody's own."""
_DRAINED = 0.5
"""Of what a jitter buffer held at its fullest: what holds less afterwards is being emptied."""
_LEAST = 0.3
"""Margin from which on a link is an explanation at all."""


def cut_where_the_cause_changes(context: Context, candidate: Candidate) -> list[Candidate]:
    """
    Cut a finding on a received stream where the link at fault changes.

    Two faults of two people overlap as often as not; the stream between them is bad all the while. Without the cut, the
    second one would be accused from the first one's beginning.
    """
    stream, samples = candidate.stream, candidate.samples
    if stream is None or not stream.consumer or samples is None or len(samples) < 4:
        return [candidate]
    if localization_of(context).two:
        labels = loss_links(context, candidate) if candidate.has(HEARD_LOSS) else []
    else:
        labels = [
            _EVERYBODY if shared else leading(context, candidate, vote)
            for shared, vote in zip(_shared_samples(context, candidate), votes_of(context, candidate), strict=True)
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
    if candidate.has(BUFFERED):
        merged = _without_tails(candidate, merged)
    if len(merged) < 2:
        return [candidate]
    return [part_of(candidate, samples[places]) for _, places in merged]


def _without_tails(
    candidate: Candidate, runs: list[tuple[Link | None, list[int]]]
) -> list[tuple[Link | None, list[int]]]:
    """Put what a jitter buffer drains behind what filled it: while it only comes down, nothing new is wrong."""
    if candidate.judged is None or candidate.samples is None:
        return runs
    values = candidate.judged.samples[candidate.samples - candidate.judged.first]
    kept = runs[:1]
    for label, places in runs[1:]:
        before, mine = float(np.nanmax(values[kept[-1][1]])), values[places]
        if float(np.nanmax(mine)) <= max(_DRAINED * before, float(values[kept[-1][1][-1]])):
            kept[-1] = (kept[-1][0], [*kept[-1][1], *places])
        else:
            kept.append((label, places))
    return kept


def votes_of(context: Context, candidate: Candidate) -> list[dict[Link, float]]:
    """Return, for each sample of a received stream, the links that explain it and by what margin."""
    stream = candidate.stream
    if stream is None or candidate.samples is None:
        return []
    if candidate.votes is not None:
        return candidate.votes
    pair = (stream.remote or "", stream.peer or "")
    found: list[dict[Link, float]] = []
    for slot in slots_of(context, candidate):
        told: dict[Link, float] = {}
        for family in candidate.rule.families:
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


def _shared_samples(context: Context, candidate: Candidate) -> list[bool]:
    """Tell for each sample of a received stream whether what hit it hit three people and half the call at once."""
    where, stream = localization_of(context), candidate.stream
    pair = (stream.remote or "", stream.peer or "") if stream else ("", "")
    found = []
    for slot in slots_of(context, candidate):
        family = family_of(context, candidate, pair, slot)
        found.append(family is not None and bool(where.people_hit(family, slot)))
    return found


def leading(context: Context, candidate: Candidate, told: dict[Link, float]) -> Link | None:
    """Choose between two links at fault at once: the sender's share is taken off before the receiver is judged."""
    if len(told) < 2 or candidate.stream is None:
        return next(iter(told), None)
    sender = next((link for link in told if link[1] == candidate.stream.remote), None)
    receiver = next((link for link in told if link[1] == candidate.stream.peer), None)
    if sender is None or receiver is None:
        return max(told, key=lambda link: told[link])
    typical = _loss_elsewhere(context, candidate.stream, candidate)
    return receiver if typical is not None and candidate.mean - typical > typical else sender


def _loss_elsewhere(context: Context, stream: Stream, candidate: Candidate) -> float | None:
    """Return how lossy the same stream was at others in that time, in percent."""
    if not candidate.loss_in or candidate.samples is None:
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


def slots_of(context: Context, candidate: Candidate) -> list[int]:
    """Return the slot of the localization in which the middle of each sample lies."""
    stream, arrays = candidate.stream, context.arrays
    if stream is None or candidate.samples is None:
        return []
    middles = (arrays.start[candidate.samples] + arrays.end[candidate.samples]) // 2 - context.shift(stream)
    return localization_of(context).slots(middles)


def family_of(context: Context, candidate: Candidate, pair: tuple[str, str], slot: int) -> Family | None:
    """Return in what sense a pair of people was bad at a time, of those that explain the rule."""
    return next((one for one in candidate.rule.families if pair in localization_of(context).bad_pairs(one, slot)), None)
