"""What a call of two can tell of lost packets: before the server or beyond it, as the sender's far end counted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.rules.participants import pairs_of
from rtkit_explore.measures.network_paths import server_between
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.localization import Link
    from rtkit_explore.findings.stream_arrays import Stream
    from rtkit_explore.measures.network_paths import CandidatePair

BOTH: Link = ("server", "before and beyond")
"""Stands for packets lost on the way up and on the way down at once."""
_AROUND_US = 7_000_000
_NONE, _TIMES, _MORE = 0.005, 1.5, 0.015
_STOOD_STILL = 0.6
"""Of the packets of a report: more is what an outage left behind, told late, and no loss of that time."""


def loss_links(context: Context, candidate: Candidate) -> list[Link | None]:
    """
    Return, for each sample of a received stream, on which link its packets were lost.

    Over a server, the far end of an uplink is the server: what the listener misses and the far end does not count was
    lost on the way down. Between two people who are connected directly, the far end is the listener and counts the
    same. RTCP reports and samples do not align, so both are counted over a sample more on either side.

    Returns
    -------
    list
        For each sample the sender's uplink, the listener's downlink, ``BOTH``, or None where nothing tells.
    """
    stream, samples = candidate.stream, candidate.samples
    if stream is None or samples is None or not stream.remote or not stream.peer:
        return []
    producer = context.by_producer.get(stream.producer_id or "")
    sent = _sound(context, stream.remote, consumer=False) or ([producer] if producer is not None else [])
    heard = [one for one in _sound(context, stream.peer, consumer=True) if one.remote == stream.remote] or [stream]
    shift, arrays = context.shift(stream), context.arrays
    found: list[Link | None] = []
    for row in samples:
        window = (int(arrays.start[row]) - shift - _AROUND_US, int(arrays.end[row]) - shift + _AROUND_US)
        before, whole = _share(context, sent, window), _share(context, heard, window)
        if before is None or whole is None:
            found.append(None)
        elif before < _NONE:
            found.append(("down", stream.peer) if whole >= _MORE else None)
        else:
            found.append(BOTH if whole > _TIMES * before + _MORE else ("up", stream.remote))
    return found


def over_a_server(context: Context) -> bool | None:
    """Tell whether a media server stands between the two of a call of two; None where the paths do not tell."""
    return context.once("over a server", lambda: _over_a_server(context))


def _over_a_server(context: Context) -> bool | None:
    pairs: dict[str, list[CandidatePair]] = {}
    for peer, mine in pairs_of(context).items():
        pairs.setdefault(context.person(peer), []).extend(mine)
    return server_between(*pairs.values()) if len(pairs) == 2 else None


def _sound(context: Context, peer: str, *, consumer: bool) -> list[Stream]:
    """Return a participant's sound: lost pictures are sent again, so that only sound shows all that was lost."""
    return [one for one in context.of_peer.get(peer, ()) if one.media in SOUND and one.consumer is consumer]


def _share(context: Context, streams: list[Stream], window: Window) -> float | None:
    """Return what share of packets was lost in a time by the call's clock; None where nothing was counted."""
    arrays, lost, judged = context.arrays, 0.0, 0.0
    for stream in streams:
        shift, rows = context.shift(stream), stream.rows
        middle = (arrays.start[rows] + arrays.end[rows]) // 2 - shift
        gone, counted = arrays["lost"][rows], arrays["judged"][rows]
        with np.errstate(invalid="ignore"):
            inside = (middle >= window[0]) & (middle <= window[1]) & (counted > 0) & (gone < _STOOD_STILL * counted)
        lost, judged = lost + float(gone[inside].sum()), judged + float(counted[inside].sum())
    return lost / judged if judged > 0 else None
