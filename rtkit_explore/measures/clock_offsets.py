"""
How far each client's clock is off: from when reports begin, and from increments that both ends of a stream count.

Samples are stamped by the client. Two estimates are made. The coarse one holds the first moment that a report speaks
of against ``joined_at``, which the server stamps: everyone needs about the same time from joining to the first
event, so a client whose difference is far from everyone else's has a wrong clock. Of a single report it tells only
what is impossible: samples from before joining, or from after leaving. The fine one slides what a sender
counted over what a receiver counted of the same producer until the two agree: audio is sent at a constant number of
packets, so it is the number of bytes, which follows the voice, or an outage, that shows the offset. If nothing
varies, the offset cannot be told, and the table says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEARCH_S = 600.0
LEAST_S = 10.0
"""Smaller offsets do not change what is compared: samples are 7 s long."""
_PROMPT_S = 15.0
_FEWEST = 8
_VARIES = 0.02
_AT_ONCE = 1_000_000
"""Lags times intervals that are worked out together: enough to be fast, and some tens of megabytes."""
_SURE, _CLEAR = 5.0, 2.5
"""Standard deviations (of Fisher's z) by which the best agreement has to differ from none, and from its rivals."""


def clock_offsets(
    quality: pd.DataFrame, participants: pd.DataFrame | None = None, events: pd.DataFrame | None = None
) -> pd.DataFrame:
    """
    Estimate how far each client's clock runs ahead of the call's.

    Parameters
    ----------
    quality
        Table ``quality``.
    participants, events
        Tables of the same call; without them there is no coarse estimate.

    Returns
    -------
    pandas.DataFrame
        A row a participant with samples: ``session_id``, ``peer_id``, ``offset_s`` (positive: ahead; NaN where it
        cannot be told), ``estimable`` (bool), ``least_s`` (smaller offsets cannot be told from none),
        ``method`` (``increments``, ``joining`` or empty), ``pairs`` (streams that were compared, Int64) and ``why``
        (where it cannot be told).

    Notes
    -----
    The call's clock is the median participant's.
    """
    peers = [str(peer) for peer in quality["peer_id"].dropna().unique()]
    coarse = _by_joining(peers, quality, participants, events)
    fine, pairs = _by_increments(peers, quality, coarse)
    rows = []
    session = quality["session_id"].dropna()
    for peer in peers:
        if peer in fine:
            row = (fine[peer], True, "increments", pairs[peer], "")
        elif not np.isnan(coarse.get(peer, np.nan)):
            row = (coarse[peer], True, "joining", 0, "")
        else:
            row = (np.nan, False, "", 0, "nothing that both ends count varies, and joining cannot be compared")
        rows.append((session.iloc[0] if len(session) else None, peer, row[0], row[1], LEAST_S, *row[2:]))
    columns = ["session_id", "peer_id", "offset_s", "estimable", "least_s", "method", "pairs", "why"]
    text = pd.StringDtype("python")
    return pd.DataFrame(rows, columns=columns).astype(
        {"session_id": text, "peer_id": text, "offset_s": "float64", "estimable": "bool", "least_s": "float64",
         "method": text, "pairs": "Int64", "why": text}
    )  # fmt: skip


def _by_joining(
    peers: list[str], quality: pd.DataFrame, participants: pd.DataFrame | None, events: pd.DataFrame | None
) -> dict[str, float]:
    """Return the difference of first event and joining from everyone's median."""
    if participants is None:
        return {}
    # When each participant's client first and last reported anything, by its own clock.
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for frame, column in ((quality, "end"), (events, "timestamp")):
        if frame is None or frame.empty:
            continue
        for kept, times in zip((first, last), _edges(frame, column), strict=True):
            for peer, when in times.items():
                kept[peer] = (min if kept is first else max)(kept.get(peer, when), when)
    joined, left = _moments(participants, "joined_at"), _moments(participants, "left_at")
    lead = {peer: (first[peer] - joined[peer]) / 1e6 for peer in peers if peer in first and peer in joined}
    if len(lead) == 1:
        return {peer: _alone(value, (last[peer] - left.get(peer, NAT)) / 1e6) for peer, value in lead.items()}
    if len(lead) < 2:
        return {}
    # What everyone needs from joining to the first report; a lead that differs from it is a clock offset.
    usual = float(np.median(list(lead.values())))
    if len(lead) == 2:
        # Of two participants, the one who began to report right after joining has the right clock, if either has.
        usual = min(lead.values(), key=abs)
        if abs(usual) > _PROMPT_S:
            return {}
    return {peer: value - usual for peer, value in lead.items()}


def _edges(frame: pd.DataFrame, column: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return each participant's first and last time, in microseconds since 1970."""
    grouped = frame.groupby("peer_id", observed=True)[column]
    found = []
    for times in (grouped.min().dropna(), grouped.max().dropna()):
        values = pd.DatetimeIndex(times).as_unit("us").asi8
        found.append({str(peer): int(when) for peer, when in zip(times.index, values, strict=True)})
    return found[0], found[1]


def _moments(participants: pd.DataFrame, column: str) -> dict[str, int]:
    """Return a time of each participant that has one, in microseconds since 1970."""
    if column not in participants.columns:
        return {}
    listed = participants[participants[column].notna() & participants["peer_id"].notna()]
    return dict(zip(listed["peer_id"].astype(str), pd.DatetimeIndex(listed[column]).as_unit("us").asi8, strict=True))


def _alone(lead: float, tail: float) -> float:
    """
    Return the offset of the only report, NaN where none is certain.

    Nobody reports before joining or after leaving. A report that does was written by a clock that is behind or ahead;
    one that only begins late may have begun late.
    """
    if lead <= -LEAST_S:
        return lead
    if LEAST_S <= tail <= SEARCH_S:
        return lead if lead - tail <= 2 * _PROMPT_S else tail
    return float("nan")


def _by_increments(
    peers: list[str], quality: pd.DataFrame, coarse: dict[str, float]
) -> tuple[dict[str, float], dict[str, int]]:
    """Compare counters of senders and receivers for those whose joining looks off, or could not be compared."""
    doubtful = [peer for peer in peers if not abs(coarse.get(peer, np.nan)) < LEAST_S]
    trusted = [peer for peer in peers if abs(coarse.get(peer, np.nan)) < LEAST_S]
    # A lag says something where one of the two clocks is trusted, or where there are only these two.
    if not doubtful or (not trusted and len(doubtful) != 2):
        return {}, {}
    series = _audio(quality)
    found: dict[str, list[float]] = {}
    for (one, two), matches in series.items():
        if trusted and (one in doubtful) == (two in doubtful):
            continue
        expected = coarse.get(two, np.nan) - coarse.get(one, np.nan)
        for sent, received in matches:
            lag = match(sent, received)
            # What varies may repeat itself: a lag far from what joining tells is an agreement by chance.
            if lag is not None and not abs(lag - expected) > _PROMPT_S:
                # The receiver's clock is ahead of the sender's by that.
                found.setdefault(f"{one}\t{two}", []).append(lag)
    return _solve(doubtful, trusted, {tuple(key.split("\t")): lags for key, lags in found.items()})


def _solve(
    doubtful: list[str], trusted: list[str], lags: dict[tuple[str, ...], list[float]]
) -> tuple[dict[str, float], dict[str, int]]:
    """Turn lags between two into offsets from those whose clock is trusted."""
    offsets: dict[str, float] = {}
    pairs: dict[str, int] = {}
    for peer in doubtful:
        mine = []
        for (sender, receiver), values in lags.items():
            if receiver == peer and sender in trusted:
                mine += values
            elif sender == peer and receiver in trusted:
                mine += [-value for value in values]
        if mine:
            offsets[peer], pairs[peer] = float(np.median(mine)), len(mine)
    if not trusted and len(doubtful) == 2:
        both = [
            value if receiver == doubtful[1] else -value for (_, receiver), values in lags.items() for value in values
        ]
        if both:  # neither clock is known to be right: the second is given relative to the first
            offsets = {doubtful[0]: 0.0, doubtful[1]: float(np.median(both))}
            pairs = dict.fromkeys(doubtful, len(both))
    return offsets, pairs


def _audio(quality: pd.DataFrame) -> dict[tuple[str, str], list[tuple[tuple[Floats, Floats], tuple[Floats, Floats]]]]:
    """Collect audio streams with both ends: (sender, receiver) to pairs of (ends in s, bytes)."""
    chosen = (quality["media"] == "audio") & quality["end"].notna() & quality["peer_id"].notna()
    audio = quality.loc[chosen, ["peer_id", "direction", "stream_id", "producer_id", "end", "bytes"]]
    ends: dict[str, tuple[str, tuple[Floats, Floats]]] = {}
    received: list[tuple[str, str, tuple[Floats, Floats]]] = []
    for (peer, direction, stream), rows in audio.groupby(
        ["peer_id", "direction", "stream_id"], observed=True, sort=False
    ):
        times = pd.DatetimeIndex(rows["end"]).as_unit("us").asi8 / 1e6
        counted = (times.astype("float64"), rows["bytes"].to_numpy(dtype="float64"))
        if direction == "producer":
            ends[str(stream)] = (str(peer), counted)
        else:
            producer = rows["producer_id"].iloc[0]
            received.append((str(peer), "" if pd.isna(producer) else str(producer), counted))
    found: dict[tuple[str, str], list[tuple[tuple[Floats, Floats], tuple[Floats, Floats]]]] = {}
    for peer, producer, counted in received:
        if producer in ends and len(counted[0]) >= _FEWEST and len(ends[producer][1][0]) >= _FEWEST:
            sender, sent = ends[producer]
            found.setdefault((sender, peer), []).append((sent, counted))
    return found


def match(sent: tuple[Floats, Floats], received: tuple[Floats, Floats]) -> float | None:
    """
    Slide what was sent over what was received until they agree.

    Parameters
    ----------
    sent, received
        Ends of the intervals in seconds by each end's clock, ascending, and the bytes counted in each.

    Returns
    -------
    float or None
        Seconds by which the receiver's clock runs ahead; None where nothing varies enough, or no offset stands out.
    """
    step = 0.5
    sums = np.cumsum(np.nan_to_num(sent[1]))
    low, high = received[0][:-1], received[0][1:]
    got = received[1][1:]
    long = (high - low) > 0
    low, high, got = low[long], high[long], got[long]
    rate = got / (high - low)
    # A steady rate agrees at every lag, so it cannot tell the offset.
    if np.isfinite(rate).sum() < _FEWEST or np.nanstd(rate) < _VARIES * abs(np.nanmean(rate)):
        return None
    lags = np.arange(-SEARCH_S, SEARCH_S + step, step)
    known = ~np.isnan(rate)
    low, high, rate = low[known], high[known], rate[known]
    best: list[tuple[float, float]] = []
    for some in np.array_split(lags, max(1, -(-len(lags) * len(rate) // _AT_ONCE))):
        agreement = _agreement((low, high, rate), (sent[0], sums), some, fewest=max(_FEWEST, 0.4 * len(known)))
        best += [(float(one), float(lag)) for one, lag in zip(agreement, some, strict=True) if not np.isnan(one)]
    if not best:
        return None
    best.sort(reverse=True)
    top, lag = best[0]
    # The best lag has to beat every other one that is not its neighbour.
    rival = max((value for value, other in best if abs(other - lag) > 10.0), default=0.0)
    return lag if top >= _SURE and top - rival >= _CLEAR else None


def _agreement(
    received: tuple[Floats, Floats, Floats], sent: tuple[Floats, Floats], lags: Floats, *, fewest: float
) -> Floats:
    """
    Correlate what was sent with what was received at each lag, in standard deviations (Fisher's z).

    Parameters
    ----------
    received
        Begin, end and rate of the intervals of what was received.
    sent
        Ends of the intervals of what was sent, and what had been sent until then.
    lags
        Seconds by which the receiver's clock may run ahead.
    fewest
        Intervals that have to lie within what was sent; with fewer a lag cannot be judged.

    Returns
    -------
    numpy.ndarray
        One for each lag; NaN where it cannot be judged.
    """
    low, high, rate = received
    one, two = low - lags[:, None], high - lags[:, None]
    inside = (one >= sent[0][0]) & (two <= sent[0][-1])
    count = np.count_nonzero(inside, axis=1)
    expected = (np.interp(two, *sent) - np.interp(one, *sent)) / (two - one)
    with np.errstate(invalid="ignore", divide="ignore"):
        off_expected = np.where(inside, expected - (np.where(inside, expected, 0.0).sum(axis=1) / count)[:, None], 0.0)
        off_seen = np.where(inside, rate - (np.where(inside, rate, 0.0).sum(axis=1) / count)[:, None], 0.0)
        # Samples of the two ends cut the time differently, so that even the right offset does not agree fully.
        spread = np.sqrt((off_expected**2).sum(axis=1) * (off_seen**2).sum(axis=1))
        agrees = np.clip((off_expected * off_seen).sum(axis=1) / spread, -0.999, 0.999)
        told = (count >= fewest) & (spread > 0)
        return np.where(told, np.arctanh(agrees) * np.sqrt(np.maximum(count - 3, 0)), np.nan)
