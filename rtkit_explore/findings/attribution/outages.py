"""Outages: which samples of a finding are part of one, and connections of which only one direction was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.attribution.links import SIDES
from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.rules.rule import LOSS, SILENCE
from rtkit_explore.findings.rules.streams import INTERRUPTED, NOTHING_RECEIVED
from rtkit_explore.findings.segments import judged_values, part_of
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate, Side
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.stream_arrays import Stream

_SILENT_S, _SHARE = 1.5, 10.0
"""Seconds of a sample in which nothing was heard; percent of the usual packets: from there on it was silent."""
_FEWEST = 2
_SHORTER, _LESS_S = 0.5, 3.0
"""A direction that was cut for at most half as long, and three seconds less, only followed the other."""


def cut_at_outages(context: Context, candidate: Candidate) -> list[Candidate]:
    """
    Cut loss that runs into an outage of the same people where that begins.

    What was lost when a connection was cut belongs to the outage. Loss that had gone on before is a trouble of its own.
    """
    stream, samples = candidate.stream, candidate.samples
    if stream is None or samples is None or not candidate.has(LOSS):
        return [candidate]
    windows = _silences_of(context, stream)
    shift, arrays = context.shift(stream), context.arrays
    silent = np.zeros(len(samples), dtype=bool)
    for one, two in windows:
        common = np.minimum(arrays.end[samples] - shift, two) - np.maximum(arrays.start[samples] - shift, one)
        silent |= 2 * common >= arrays.end[samples] - arrays.start[samples]
    if not silent.any() or silent.all():
        return [candidate]
    runs = np.split(np.arange(len(samples)), np.flatnonzero(np.diff(silent)) + 1)
    lossy = [run for run in runs if not silent[run[0]]]
    # Loss on both sides of an outage goes on through it; a single sample beside one holds what is left of it.
    if len(lossy) != 1 or len(lossy[0]) < _FEWEST:
        return [candidate]
    return [part_of(candidate, samples[run]) for run in runs]


def _silences_of(context: Context, stream: Stream) -> list[Window]:
    """Return when nothing of a received stream's sender was heard by its receiver, or of a sent one's by anybody."""
    every = context.once("silences", lambda: _silences(context))
    if stream.consumer:
        return every.get((stream.remote or "", stream.peer or ""), [])
    others = {
        other.peer or "" for mine in context.consumers_of.values() for other in mine if other.remote == stream.peer
    }
    heard = [every.get((stream.peer or "", other), []) for other in others]
    # Who did not hear a sender that the others heard had an outage of their own.
    return [window for windows in heard for window in windows] if heard and all(heard) else []


def _silences(context: Context) -> dict[tuple[str, str], list[Window]]:
    """Return when nothing of whom was heard by whom, in samples, on the call's clock."""
    arrays = context.arrays
    with np.errstate(invalid="ignore"):
        silent = (judged_values(context, INTERRUPTED) >= _SILENT_S) | (
            judged_values(context, NOTHING_RECEIVED) < _SHARE
        )
    found: dict[tuple[str, str], list[Window]] = {}
    for stream in arrays.streams:
        if not stream.consumer or stream.media not in SOUND:
            continue
        shift = context.shift(stream)
        for row in (np.flatnonzero(silent[stream.rows]) + stream.rows.start).tolist():
            window = (int(arrays.start[row]) - shift, int(arrays.end[row]) - shift)
            found.setdefault((stream.remote or "", stream.peer or ""), []).append(window)
    return found


def outages_of_one_direction(around: Concurrency) -> None:
    """
    Put a cut connection on the one direction that was cut for much longer.

    A browser that hears nothing any more, not even answers to its checks, stops sending after some seconds. So the
    other direction falls silent as well, later and for less time: that is no second fault, and none of both ways.
    """
    of_links = [one for one in around.candidates if one.has(SILENCE) and one.side in SIDES.values() and one.side_peer]
    for outage in [one for one in of_links if one.side == "connection"]:
        who = outage.side_peer
        if any(outage is one for one in around.one_way):
            continue
        # What was silent for moments only may be explained by one direction alone.
        mine = [one for one in of_links if one.side_peer == who and _near(around, one, outage)]
        down = [one for one in mine if one.peer == who and _of_sound(one)]
        up = [one for one in mine if one.stream is not None and one.stream.remote == who and _of_sound(one)]
        if not down or not up:
            continue
        if _left_meanwhile(around, who, up):
            continue  # who is gone reports no more, and so hears nothing for less long than the others do
        below, above = max(one.silent_seconds for one in down), max(one.silent_seconds for one in up)
        shorter, longer = sorted((below, above))
        if shorter > _SHORTER * longer or longer - shorter < _LESS_S:
            continue
        side: Side = "receiver_downlink" if below > above else "sender_uplink"
        first, rest = ("received", "sent") if below > above else ("sent", "received")
        name = around.context.name(who)
        why = f"what {name} {first} was cut off for {longer:.0f} s, what {name} {rest} for {shorter:.0f} s"
        for one in mine:
            one.attribute_to(side, who, "medium")
            around.one_way.append(one)
            one.follows = one.follows or (one.peer == who) != (below > above)
            one.evidence_for = [text for text in one.evidence_for if "both directions" not in text] + [why]


def _left_meanwhile(around: Concurrency, who: str | None, unheard: list[Candidate]) -> bool:
    """Tell whether a participant's own report ended before the others' silence did: under that id nobody came back."""
    context = around.context
    ends = [stream.last_us - context.shift(stream) for stream in context.of_peer.get(who or "", ())]
    return bool(ends) and max(ends) < max(around.window(one)[1] for one in unheard)


def _near(around: Concurrency, one: Candidate, other: Candidate) -> bool:
    (first, end), (begin, last) = around.window(one), around.window(other)
    return min(end, last) - max(first, begin) > -SLACK_US


def _of_sound(candidate: Candidate) -> bool:
    return candidate.stream is not None and candidate.stream.media in SOUND
