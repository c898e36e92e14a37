"""
Known intervals with both ends' figures: what metrics read.

A row of ``quality`` shows one end of a stream by that end's clock, and says of some intervals that they are not known.
Whoever wants to judge what somebody heard needs more: only intervals that are known, the sender's own figures at the
same time, and the round trip, which clients measure for what they send and not for what they receive. All of that is
joined here once, on one clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.measures.plausibility import HIGHEST, plausible
from rtkit_explore.measures.series import STREAM_KEYS, codes_of
from rtkit_explore.table_schema.media import QUALITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@runtime_checkable
class HasQuality(Protocol):
    """A Call, or anything else with a table of intervals."""

    @property
    def quality(self) -> pd.DataFrame:
        """Table ``quality``."""


Tables: TypeAlias = "HasQuality | pd.DataFrame | Mapping[str, pd.DataFrame]"
"""A Call, its table ``quality`` (of one call or of many), or tables by name."""

OTHER_END = (
    "packets", "packets_lost", "bytes", "bitrate_kbps", "packets_per_s", "loss_pct", "jitter_ms", "rtt_ms", "buffer_ms",
    "fps", "width", "height", "frames", "dropped_pct", "concealment_events", "limited_bandwidth_s", "limited_cpu_s",
    "score",
)  # fmt: skip
"""Columns of ``quality`` that are joined from the other end, as ``other_…``."""
_SUMS = (
    "packets", "packets_lost", "bytes", "bitrate_kbps", "packets_per_s", "pli", "fir", "concealment_events",
)  # fmt: skip
_KEYS = (*STREAM_KEYS, "ssrc", "remote_peer_id", "producer_id", "start", "end", "interval_s")
_LAYERED = ("packets", "packets_lost", "loss_pct")
"""What putting simulcast layers together reads."""
_TOGETHER_US = 500_000
"""Layers sampled within half a second of each other belong to one sample of their stream."""
_NEAR_US = 15_000_000
"""A round trip measured up to two samples away speaks for an interval; an older one does not."""


def table_of(tables: Tables, name: str) -> pd.DataFrame | None:
    """Return one of the tables; None where it was not given."""
    if isinstance(tables, pd.DataFrame):
        return tables if name == "quality" else None
    found = tables.get(name) if isinstance(tables, Mapping) else getattr(tables, name, None)
    return found if isinstance(found, pd.DataFrame) else None


def intervals(
    tables: Tables, *, media: Collection[str] = (), clock_ahead_s: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """
    Return the known intervals of every stream, with the other end's figures and the round trip joined.

    Parameters
    ----------
    tables
        A Call; its table ``quality``, which may be that of many calls; or tables by name (``quality``, and
        ``participants`` and ``events``, from which clocks can be told better, and ``candidate_pairs``).
    media
        Kinds of media to return, which costs less; all by default.
    clock_ahead_s
        Seconds by which a participant's clock runs ahead, by peer id. By default they are estimated
        (``rtk.measures.clock_offsets``).

    Returns
    -------
    pandas.DataFrame
        A row a known interval of a stream: first samples, gaps and resets are left out, simulcast layers put
        together, implausible values missing. The index holds the rows of ``quality`` (of the first layer). All
        columns of ``quality``, in which ``rtt_ms`` of a consumer is its participant's own round trip at that time,
        and beside them:

        ``other_packets``, ``other_loss_pct``, ``other_rtt_ms`` …
            The same measure at the other end in the interval that covers the middle of this one: of what is
            received, the sender's; of what is sent, the mean over its receivers. NaN where the other end has no
            report.
        ``direct``
            Whether the participant's candidate pairs lead straight to another participant of the call, with no server
            between: then both ends measure the same round trip.
        ``clock_ahead_s``
            How far the participant's clock was taken to run ahead (0 where it cannot be told).

    Raises
    ------
    InvalidArgumentError
        If there is no table ``quality``.
    """
    return known_intervals(tables, media=media, clock_ahead_s=clock_ahead_s)


def known_intervals(
    tables: Tables,
    *,
    media: Collection[str] = (),
    clock_ahead_s: Mapping[str, float] | None = None,
    measures: Collection[str] = (),
) -> pd.DataFrame:
    """
    Return what :func:`intervals` returns, with some of the measures alone: of a large call all of them take gigabytes.

    Parameters
    ----------
    tables, media, clock_ahead_s
        As for :func:`intervals`.
    measures
        Columns of ``quality`` that are wanted beside the keys, at either end; all where there are none.
    """
    quality = table_of(tables, "quality")
    lacking = [name for name in (*STREAM_KEYS, "end", "interval_s") if quality is None or name not in quality.columns]
    if quality is None or lacking:
        problem = "there is no such table" if quality is None else f"the table lacks {', '.join(lacking)}"
        msg = f"Intervals are made of a Call or its table quality, but {problem}. Give a Call, or call.quality."
        raise InvalidArgumentError(msg)
    whole = getattr(tables, "whole", tables)
    if whole is not tables:
        # In a narrowed call the other ends are in the reports that were left out.
        found = known_intervals(whole, media=media, clock_ahead_s=clock_ahead_s, measures=measures)
        return _of_part(found, quality)
    if clock_ahead_s is None:
        clock_ahead_s = _clocks(quality, table_of(tables, "participants"), table_of(tables, "events"))
    quality = _complete(quality)
    trips = _round_trips(quality, clock_ahead_s)
    known = _known(quality, media, measures)
    known["clock_ahead_s"] = _mapped(known["peer_id"], clock_ahead_s)
    known["direct"] = _direct(known["peer_id"], table_of(tables, "candidate_pairs"))
    end = _micros(known["end"]) - (1e6 * known["clock_ahead_s"].to_numpy()).astype("int64")
    middle = end - (0.5e6 * known["interval_s"].to_numpy(dtype="float64")).astype("int64")
    consumer = (known["direction"] == "consumer").to_numpy(dtype=bool)
    known["rtt_ms"] = np.where(consumer, _own_round_trip(known, middle, consumer, trips), known["rtt_ms"].to_numpy())
    sender = _sender_row(known, end, middle, consumer)
    return pd.concat([known, _other_end(known, sender, consumer)], axis=1)


def _of_part(known: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """Keep the intervals that are in a part of the table; the index holds the rows of that part."""
    keys = [*STREAM_KEYS, "end"]
    rows = part[keys].assign(row=part.index).drop_duplicates(keys)
    as_text = dict.fromkeys(STREAM_KEYS, "object")
    row = known[keys].astype(as_text).merge(rows.astype(as_text), on=keys, how="left")["row"].to_numpy()
    inside = ~pd.isna(row)
    return known[inside].set_axis(pd.Index(row[inside]).astype("int64"), axis=0)


def _complete(quality: pd.DataFrame) -> pd.DataFrame:
    """Add columns that were left out, so that a table with fewer of them can be read as well."""
    lacking = [column.name for column in QUALITY.columns if column.name not in quality.columns]
    if not lacking:
        return quality
    from rtkit_explore.tables.frames import missing

    return quality.assign(**{name: missing(QUALITY[name], len(quality)) for name in lacking})


def _micros(times: pd.Series[Any]) -> Ints:
    return np.asarray(pd.DatetimeIndex(times).as_unit("us").asi8, dtype="int64")


def _mapped(peers: pd.Series[Any], values: Mapping[str, float]) -> Floats:
    codes, names = pd.factorize(peers)
    of_name = np.array([float(values.get(str(name), 0.0)) for name in names] + [0.0])
    return np.asarray(np.nan_to_num(of_name[codes]), dtype="float64")


def _direct(peers: pd.Series[Any], pairs: pd.DataFrame | None) -> NDArray[np.bool_]:
    """Tell who is connected to another participant directly: one's local candidate is the other's remote one."""
    if pairs is None or pairs.empty:
        return np.zeros(len(peers), dtype=bool)
    used = pairs[(pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)) > 0]
    ends = {
        side: list(
            zip(
                used["session_id"].astype("object"),
                used[f"{side}_candidate_address"].astype("object"),
                used[f"{side}_candidate_port"].astype("object"),
                strict=True,
            )
        )
        for side in ("local", "remote")
    }
    local: dict[tuple[object, ...], str] = {
        end: str(peer) for end, peer in zip(ends["local"], used["peer_id"], strict=True) if not pd.isna(end[2])
    }
    found = {str(peer) for end, peer in zip(ends["remote"], used["peer_id"], strict=True) if end[2] is not pd.NA
             and local.get(end, str(peer)) != str(peer)}  # fmt: skip
    return peers.isin(found).to_numpy(dtype=bool)


def _clocks(quality: pd.DataFrame, participants: pd.DataFrame | None, events: pd.DataFrame | None) -> dict[str, float]:
    """Estimate whose clock is off, call by call."""
    found: dict[str, float] = {}
    calls = quality.groupby("session_id", observed=True, sort=False, dropna=False)
    one = calls.ngroups <= 1
    for session, rows in [(None, quality)] if one else calls:
        people, happened = (
            table if table is None or one else table[table["session_id"] == session] for table in (participants, events)
        )
        offsets = clock_offsets(rows, people, happened)
        told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
        found |= {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    return found


def _known(quality: pd.DataFrame, media: Collection[str], measures: Collection[str]) -> pd.DataFrame:
    """Keep known intervals, one row per sample of a stream."""
    unknown = quality["interval_s"].isna().to_numpy() | quality["end"].isna().to_numpy()
    for name in ("first", "gap", "reset"):
        unknown |= quality[name].fillna(value=False).to_numpy(dtype=bool)
    if media:
        unknown |= ~quality["media"].isin(list(media)).to_numpy(dtype=bool)
    rows = np.flatnonzero(~unknown)
    # The rows are put in order by their keys first, so that the other columns are copied once.
    keys = quality[[*STREAM_KEYS, "end", "ssrc"]].iloc[rows]
    code, end = codes_of(keys, STREAM_KEYS).astype("int64"), _micros(keys["end"])
    ssrc = pd.factorize(keys["ssrc"])[0]
    order = np.lexsort((ssrc, end, code))
    code, end, ssrc = code[order], end[order], ssrc[order]
    fresh = np.ones(len(keys), dtype=bool)
    if len(keys):
        near = end[1:] - end[:-1] <= _TOGETHER_US
        fresh[1:] = (code[1:] != code[:-1]) | (ssrc[1:] == ssrc[:-1]) | ~near
    wanted = {*_KEYS, *_LAYERED, *measures} if measures else set(quality.columns)
    merged = plausible(quality[[name for name in quality.columns if name in wanted]].iloc[rows[order]])
    if fresh.all():
        return merged
    return _layers_together(merged, fresh)


def _layers_together(rows: pd.DataFrame, fresh: NDArray[np.bool_]) -> pd.DataFrame:
    """Put simulcast layers of one sample together: counters are summed, sizes are those of the highest layer."""
    begin = np.flatnonzero(fresh)
    made = rows.iloc[begin].copy()
    for name in made.select_dtypes("float64").columns:
        values = rows[name].to_numpy(dtype="float64")
        if name in _SUMS:
            some = np.add.reduceat((~np.isnan(values)).astype("float64"), begin)
            made[name] = np.where(some > 0, np.add.reduceat(np.nan_to_num(values), begin), np.nan)
        elif name == "rtt_ms":
            made[name] = np.fmin.reduceat(values, begin)
        else:
            made[name] = np.fmax.reduceat(values, begin)
    # The loss of all layers together is that of their packets, not the loss of the worst layer.
    lost, packets = made["packets_lost"].clip(lower=0), made["packets"]
    whole = packets + lost.where(made["direction"] == "consumer", 0)
    together = (100 * lost / whole.where(whole > 0)).where(made["loss_pct"].notna())
    made["loss_pct"] = together.to_numpy(dtype="float64")
    return made


def _keys(codes: Ints, times: Ints) -> Ints:
    """Combine numbers and times into one sortable integer, times in milliseconds since the first."""
    return codes * (1 << 40) + times


def _round_trips(quality: pd.DataFrame, clock_ahead_s: Mapping[str, float]) -> pd.DataFrame:
    """Collect what participants measured for their own sending, whatever they sent: who, the middle, the round trip."""
    trips = quality["rtt_ms"].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(invalid="ignore"):
        measured = (
            (quality["direction"] == "producer").to_numpy(dtype=bool) & (trips >= 0) & (trips <= HIGHEST["rtt_ms"])
        )
    measured &= ~quality["interval_s"].isna().to_numpy() & ~quality["end"].isna().to_numpy()
    for name in ("first", "gap", "reset"):
        measured &= ~quality[name].fillna(value=False).to_numpy(dtype=bool)
    rows = quality.loc[measured, ["session_id", "peer_id", "end", "interval_s"]]
    ahead = _mapped(rows["peer_id"], clock_ahead_s) + rows["interval_s"].to_numpy(dtype="float64") / 2
    middle = _micros(rows["end"]) - (1e6 * ahead).astype("int64")
    return rows[["session_id", "peer_id"]].assign(middle=middle, trip=trips[measured])


def _own_round_trip(known: pd.DataFrame, middle: Ints, consumer: NDArray[np.bool_], trips: pd.DataFrame) -> Floats:
    """Look up what a receiving participant measured for its own sending at that time, the nearest sample."""
    out = np.full(len(known), np.nan)
    if trips.empty or not consumer.any():
        return out
    people = ["session_id", "peer_id"]
    rows = np.flatnonzero(consumer)
    both = pd.concat([trips[people], known.iloc[rows][people]], ignore_index=True)
    code = codes_of(both, people).astype("int64")
    measured = trips["middle"].to_numpy(dtype="int64")
    zero = min(int(middle.min()), int(measured.min()))
    # Several streams of one participant are measured at the same time: their median is the participant's.
    frame = pd.DataFrame(
        {"peer": code[: len(trips)], "second": (measured - zero) // 1_000_000, "trip": trips["trip"].array}
    )
    by_time = frame.groupby(["peer", "second"], sort=True)["trip"].median()
    levels = [by_time.index.get_level_values(number).to_numpy(dtype="int64") for number in (0, 1)]
    keys, values = _keys(levels[0], 1000 * levels[1]), by_time.to_numpy(dtype="float64")
    wanted = _keys(code[len(trips) :], (middle[rows] - zero) // 1000)
    after = np.clip(np.searchsorted(keys, wanted), 0, len(keys) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.where(np.abs(keys[before] - wanted) <= np.abs(keys[after] - wanted), before, after)
    close = np.abs(keys[nearer] - wanted) <= _NEAR_US // 1000
    out[rows] = np.where(close, values[nearer], np.nan)
    return out


def _sender_row(known: pd.DataFrame, end: Ints, middle: Ints, consumer: NDArray[np.bool_]) -> Ints:
    """Find, for what is received, the sender's interval that covers the middle; -1 where there is none."""
    found = np.full(len(known), -1, dtype="int64")
    received, sent = np.flatnonzero(consumer & known["producer_id"].notna().to_numpy()), np.flatnonzero(~consumer)
    if not len(received) or not len(sent):
        return found
    # Within a session, a consumer names its producer by the producer's own stream id.
    both = pd.DataFrame(
        {
            "session_id": pd.concat([known["session_id"].iloc[received], known["session_id"].iloc[sent]]).array,
            "stream": pd.concat([known["producer_id"].iloc[received], known["stream_id"].iloc[sent]]).array,
        }
    )
    code = codes_of(both, ("session_id", "stream")).astype("int64")
    zero = min(int(middle.min()), int(end.min()))
    of_sent = _keys(code[len(received) :], (end[sent] - zero) // 1000)
    order = np.argsort(of_sent, kind="stable")
    wanted = _keys(code[: len(received)], (middle[received] - zero) // 1000)
    place = np.searchsorted(of_sent[order], wanted)
    inside = place < len(order)
    candidate = sent[order[np.minimum(place, len(order) - 1)]]
    begin = end[candidate] - (1e6 * known["interval_s"].to_numpy(dtype="float64")[candidate]).astype("int64")
    same = code[len(received) :][order[np.minimum(place, len(order) - 1)]] == code[: len(received)]
    covers = inside & same & (begin <= middle[received])
    found[received] = np.where(covers, candidate, -1)
    return found


def _other_end(known: pd.DataFrame, sender: Ints, consumer: NDArray[np.bool_]) -> pd.DataFrame:
    """Copy the sender's figures to its receivers, and the mean of the receivers' figures to the sender."""
    joined = np.flatnonzero(sender >= 0)
    columns: dict[str, Floats] = {}
    for name in (one for one in OTHER_END if one in known.columns):
        values = known[name].to_numpy(dtype="float64")
        column = np.full(len(known), np.nan)
        column[joined] = values[sender[joined]]
        told = joined[~np.isnan(values[joined])]
        total = np.bincount(sender[told], weights=values[told], minlength=len(known))
        count = np.bincount(sender[told], minlength=len(known))
        sent = ~consumer & (count > 0)
        column[sent] = total[sent] / count[sent]
        columns[f"other_{name}"] = column
    return pd.DataFrame(columns, index=known.index)
