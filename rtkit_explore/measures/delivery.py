"""The delivery audit: what one end sent against what the other received, lost, or cannot account for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.measures.series import STREAM_KEYS, codes_of
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CumulativeCount:
    """
    The running count of a stream at any time, interpolated linearly between its samples.

    Parameters
    ----------
    ends
        Times of the samples in microseconds, ascending.
    counts
        What was counted in the interval before each; NaN where unknown.
    known
        Whether each interval is known.
    """

    def __init__(self, ends: NDArray[np.int64], counts: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
        self.ends = ends.astype("float64")
        counted = known & ~np.isnan(counts)
        self.total = np.cumsum(np.where(counted, np.nan_to_num(counts), 0.0))
        # A time is covered if the interval that it falls into is known.
        self.covered = np.cumsum(np.where(counted, np.diff(self.ends, prepend=self.ends[:1]), 0.0))

    def within(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what was counted from ``start`` to ``end``; NaN where under nine tenths of it are covered."""
        if len(self.ends) < 2:
            return np.full(len(start), np.nan)
        sent = np.interp(end, self.ends, self.total) - np.interp(start, self.ends, self.total)
        covered = np.interp(end, self.ends, self.covered) - np.interp(start, self.ends, self.covered)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = covered / (end - start)
        return np.asarray(np.where(share >= 0.9, sent, np.nan))


def delivery(quality: pd.DataFrame, *, shifts: dict[str, float] | None = None) -> pd.DataFrame:
    """
    Compare what was sent with what arrived, for each received stream whose sender's report is there.

    Parameters
    ----------
    quality
        Table ``quality``.
    shifts
        Seconds by which a participant's clock runs ahead, by peer id (``clock_offsets``); taken off first.

    Returns
    -------
    pandas.DataFrame
        A row a received stream with a known producer: ``session_id``, ``peer_id``, ``media``, ``stream_id``,
        ``remote_peer_id``, ``producer_id``, ``start`` and ``end`` (of the time that both ends cover, by the
        receiver's clock), ``sent``, ``received``, ``lost``, ``unaccounted`` (packets) and ``unaccounted_pct`` (of
        those sent).

    Notes
    -----
    Only intervals that both ends know are counted; what was sent is read off the producer's samples in a straight
    line between two of them, so some packets at each edge are a matter of timing. Audio is the safe audit: a server
    drops layers of video on purpose, and repairs lost video by asking for it again. Unaccounted packets are a sign in
    themselves: in an outage packets are neither received nor counted as lost.
    """
    shifts = shifts or {}
    code = codes_of(quality, STREAM_KEYS)
    end = pd.DatetimeIndex(quality["end"]).as_unit("us").asi8
    order = np.lexsort((end, code))
    known = ~np.logical_or.reduce([quality[name].fillna(value=False).to_numpy(dtype=bool) for name in _UNKNOWN])
    known &= (end != NAT) & ~quality["interval_s"].isna().to_numpy()
    start = end - np.nan_to_num(1e6 * quality["interval_s"].to_numpy()).astype("int64")
    packets, lost = quality["packets"].to_numpy(), np.nan_to_num(quality["packets_lost"].to_numpy())
    bounds = np.flatnonzero(np.diff(code[order], prepend=-1, append=-1))
    groups = [order[one:two] for one, two in pairwise(bounds)]
    # The running count of every sender, on the call's clock.
    senders: dict[tuple[str, str], CumulativeCount] = {}
    for rows in groups:
        head = quality.iloc[rows[0]]
        if head["direction"] == "producer" and not pd.isna(head["stream_id"]):
            key = (str(head["session_id"]), str(head["stream_id"]))
            shift = round(1e6 * shifts.get(str(head["peer_id"]), 0.0))
            senders[key] = _summed(end[rows] - shift, packets[rows], known[rows])
    # For every receiver, sum over the intervals that both ends know.
    found = []
    for rows in groups:
        head = quality.iloc[rows[0]]
        sender = senders.get((str(head["session_id"]), str(head["producer_id"])))
        if head["direction"] != "consumer" or sender is None:
            continue
        shift = round(1e6 * shifts.get(str(head["peer_id"]), 0.0))
        sent = sender.within((start[rows] - shift).astype("float64"), (end[rows] - shift).astype("float64"))
        both = known[rows] & ~np.isnan(sent) & ~np.isnan(packets[rows])
        if not both.any():
            continue
        mine = rows[both]
        total, got, gone = float(sent[both].sum()), float(packets[mine].sum()), float(lost[mine].sum())
        found.append(
            (*(head[name] for name in _KEYS), int(start[mine].min()), int(end[mine].max()), total, got, gone,
             total - got - gone, 100 * (total - got - gone) / total if total else np.nan)
        )  # fmt: skip
    frame = pd.DataFrame(found, columns=[*_KEYS, "start", "end", *_FIGURES])
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name].astype("int64"), unit="us", utc=True).dt.as_unit("us")
    text = pd.StringDtype("python")
    kinds = {name: quality["media"].dtype if name == "media" else text for name in _KEYS}
    return frame.astype({**kinds, **dict.fromkeys(_FIGURES, "float64")})


_UNKNOWN = ("first", "gap", "reset")
_KEYS = ("session_id", "peer_id", "media", "stream_id", "remote_peer_id", "producer_id")
_FIGURES = ("sent", "received", "lost", "unaccounted", "unaccounted_pct")


def _summed(ends: NDArray[np.int64], packets: NDArray[np.float64], known: NDArray[np.bool_]) -> CumulativeCount:
    """Sum simulcast layers that were sampled at the same time."""
    times, place = np.unique(ends, return_inverse=True)
    counts = np.where(known, np.nan_to_num(packets), 0.0)
    total = np.bincount(place, weights=counts, minlength=len(times)).astype("float64")
    some = np.bincount(place, weights=known.astype("float64"), minlength=len(times)) > 0
    return CumulativeCount(times, total, some)


OVER_TIME = ("sent_per_s", "received_per_s", "lost_per_s", "missing_per_s", "loss_pct", "missing_pct")


def delivery_over_time(
    quality: pd.DataFrame, stream_id: str, *, shifts: dict[str, float] | None = None
) -> pd.DataFrame:
    """
    Compare what was sent with what arrived, interval by interval of one received stream.

    Parameters
    ----------
    quality
        Table ``quality``, with the rows of the stream and of its producer.
    stream_id
        The received stream (a consumer id).
    shifts
        As for ``delivery``.

    Returns
    -------
    pandas.DataFrame
        A row a known interval of the stream, by the call's clock: ``start``, ``end`` (datetime64[us, UTC]),
        ``sent_per_s`` (packets/s, read off the producer's samples; NaN where its report does not cover the interval),
        ``received_per_s``, ``lost_per_s`` (as the receiver counted), ``missing_per_s`` (sent, but neither received nor
        counted as lost), ``loss_pct`` (of those received or counted as lost) and ``missing_pct`` (of those sent).

    Notes
    -----
    Samples of both ends are not taken at the same moment: a ``missing`` of a packet or two an interval is a matter of
    timing, and is shown as what it is, negative values included.
    """
    shifts = shifts or {}
    mine = quality[(quality["stream_id"] == stream_id) & (quality["direction"] == "consumer")].sort_values("end")
    known = mine[mine["interval_s"].notna() & mine["packets"].notna() & mine["end"].notna()]
    for name in _UNKNOWN:
        known = known[~known[name].fillna(value=False).astype(bool)]
    back = pd.to_timedelta(known["peer_id"].map(lambda peer: shifts.get(str(peer), 0.0)).astype("float64"), unit="s")
    end = known["end"] - back.dt.round("us")
    start = end - pd.to_timedelta(known["interval_s"], unit="s").dt.round("us")
    seconds = known["interval_s"].to_numpy(dtype="float64")
    sent = np.full(len(known), np.nan)
    producers = known["producer_id"].dropna().unique()
    if len(producers):
        own = quality[(quality["stream_id"] == producers[0]) & (quality["direction"] == "producer")]
        own = own[own["end"].notna()].sort_values("end")
        if len(own):
            ahead = round(1e6 * shifts.get(str(own["peer_id"].iloc[0]), 0.0))
            ok = ~np.logical_or.reduce([own[name].fillna(value=False).to_numpy(dtype=bool) for name in _UNKNOWN])
            ok &= own["interval_s"].notna().to_numpy()
            sender = _summed(pd.DatetimeIndex(own["end"]).as_unit("us").asi8 - ahead, own["packets"].to_numpy(), ok)
            one, two = (pd.DatetimeIndex(times).as_unit("us").asi8.astype("float64") for times in (start, end))
            sent = sender.within(one, two)
    received = known["packets"].to_numpy(dtype="float64")
    lost = known["packets_lost"].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = sent - received - np.nan_to_num(lost)
        frame = pd.DataFrame(
            {
                "start": start.dt.as_unit("us").array,
                "end": end.dt.as_unit("us").array,
                "sent_per_s": sent / seconds,
                "received_per_s": received / seconds,
                "lost_per_s": lost / seconds,
                "missing_per_s": missing / seconds,
                "loss_pct": np.where(received + lost > 0, 100 * lost / (received + lost), np.nan),
                "missing_pct": np.where(sent > 0, 100 * missing / sent, np.nan),
            }
        )
    return frame.astype(dict.fromkeys(OVER_TIME, "float64")).reset_index(drop=True)
