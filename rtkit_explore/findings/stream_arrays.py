"""The streams of a call as plain arrays: what the rules read. Simulcast layers are summed here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.measures.plausibility import plausible
from rtkit_explore.measures.series import STREAM_KEYS, codes_of
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

NO_TIME = NAT
SUMS = ("packets", "packets_lost", "bytes", "pli", "fir", "concealment_events")
TOPS = ("frames", "frames_dropped", "width", "fps", "jitter_ms", "buffer_ms", "limited_bandwidth_s", "limited_cpu_s")
_TOGETHER_US = 500_000
"""Layers sampled within half a second of each other belong to one sample of their stream."""


def runs_of(flags: Bools) -> list[tuple[int, int]]:
    """Return begin and end (behind the last) of every run of flags that are up."""
    turns = np.flatnonzero(np.diff(flags.astype("int8"), prepend=0, append=0)).tolist()
    return list(zip(turns[::2], turns[1::2], strict=True))


def calm_of(values: Floats) -> float:
    """Return the median of the lower half of what is known: what a measure usually is; NaN where nothing is known."""
    known = np.sort(values[~np.isnan(values)])
    return float(np.median(known[: (len(known) + 1) // 2])) if len(known) else float("nan")


@dataclass(frozen=True)
class Stream:
    """One stream: what stands beside its rows."""

    number: int
    session_id: str | None
    peer: str | None
    media: str
    direction: str
    stream_id: str | None
    remote: str | None
    producer_id: str | None
    rows: slice
    first_us: int
    last_us: int
    packets: float
    usual: float
    """Usual packets per second: the median over the intervals with any."""

    @property
    def consumer(self) -> bool:
        """Whether it is received, not sent."""
        return self.direction == "consumer"

    @property
    def seconds(self) -> float:
        """From the first sample to the last."""
        return (self.last_us - self.first_us) / 1e6


@dataclass
class StreamArrays:
    """
    Rows of all streams, sorted by stream and time, a row per sample of a stream.

    Attributes
    ----------
    stream_number
        Index into ``streams`` of each row.
    start, end
        Microseconds since 1970; the start of an unknown interval is that of its end.
    seconds
        Length of the interval; NaN where unknown.
    known
        Whether the interval is known: not the first of its series, no gap, no reset.
    row
        Row of ``quality`` (its first layer's).
    measures
        float64 columns by name, layers put together.
    """

    streams: list[Stream]
    stream_number: Ints
    start: Ints
    end: Ints
    seconds: Floats
    known: Bools
    row: Ints
    last_row: Ints
    measures: dict[str, Floats]
    limited_by: NDArray[np.int8]
    flags: dict[str, Bools]
    shifts: dict[str, float] = field(default_factory=dict)
    """Seconds by which a participant's clock runs ahead of the call's, where it could be told."""

    def __getitem__(self, name: str) -> Floats:
        """Return a measure."""
        return self.measures[name]

    def where(self, *, media: tuple[str, ...] = (), direction: str | None = None) -> Bools:
        """Tell which rows belong to streams of these media and this direction."""
        fits = np.array(
            [
                (not media or stream.media in media) and (direction is None or stream.direction == direction)
                for stream in self.streams
            ],
            dtype=bool,
        )
        return fits[self.stream_number] if len(fits) else np.zeros(0, dtype=bool)

    def spread(self, values: list[float]) -> Floats:
        """Spread a value per stream over its rows."""
        return np.array(values, dtype="float64")[self.stream_number] if values else np.zeros(0)


def stream_arrays_of(quality: pd.DataFrame) -> StreamArrays:
    """
    Put the rows of ``quality`` together by stream and time.

    Counters of simulcast layers are summed, sizes and rates are those of the highest layer, the round trip is the
    shortest (a layer that sends nothing keeps its last one); implausible values are left out.
    """
    kept = plausible(quality)
    rows = len(kept)
    code = codes_of(kept, STREAM_KEYS).astype("int64")
    end = pd.DatetimeIndex(kept["end"]).as_unit("us").asi8
    ssrc = pd.factorize(kept["ssrc"])[0]
    order = np.lexsort((ssrc, end, code))
    code, end, ssrc = code[order], end[order], ssrc[order]
    fresh = np.ones(rows, dtype=bool)
    if rows:
        near = (end[1:] - end[:-1] <= _TOGETHER_US) & (end[:-1] != NO_TIME)
        fresh[1:] = (code[1:] != code[:-1]) | (ssrc[1:] == ssrc[:-1]) | ~near
    begin = np.flatnonzero(fresh)
    known = ~(_flag(kept, "first") | _flag(kept, "gap") | _flag(kept, "reset"))[order]
    seconds = kept["interval_s"].to_numpy()[order]
    known &= ~np.isnan(seconds)
    put = LayerReducer(begin, rows)
    measures: dict[str, Floats] = {}
    for name in SUMS:
        values = kept[name].to_numpy()[order]
        measures[name] = put.total(np.where(known, values, np.nan))
    for name in TOPS:
        measures[name] = put.top(np.where(known, kept[name].to_numpy()[order], np.nan))
    trip = kept["rtt_ms"].to_numpy()[order]
    with np.errstate(invalid="ignore"):
        idle = ~(kept["packets"].to_numpy()[order] > 0)
    measures["rtt_ms"] = -put.top(-np.where(known & ~idle, trip, np.nan))
    consumer = (kept["direction"] == "consumer").to_numpy(dtype=bool)[order]
    reports = consumer | _flag(kept, "far_end")[order]
    lost = np.maximum(put.total(np.where(known & reports, kept["packets_lost"].to_numpy()[order], np.nan)), 0.0)
    counted = put.total(np.where(known & reports, kept["packets"].to_numpy()[order], np.nan))
    received = consumer[begin]
    measures["lost"] = lost
    measures["judged"] = np.where(received, counted + lost, counted)
    final = np.concatenate([begin[1:], [rows]]) - 1 if rows else begin
    start = pd.DatetimeIndex(kept["start"]).as_unit("us").asi8[order]
    start = np.where(known, start, end)
    made = StreamArrays(
        streams=[],
        stream_number=np.zeros(0, dtype="int64"),
        start=put.lowest(start),
        end=end[begin],
        seconds=put.top(np.where(known, seconds, np.nan)),
        known=put.anywhere(known),
        row=order if put.alone else order[begin],
        last_row=order if put.alone else order[final],
        measures=measures,
        limited_by=kept["limited_by"].cat.codes.to_numpy().astype("int8")[order][begin],
        flags={name: put.anywhere(_flag(kept, name)[order]) for name in ("first", "gap", "reset", "negative_loss")},
    )
    made.stream_number = pd.factorize(code[begin])[0].astype("int64")
    made.streams = _describe(kept, made, made.row)
    return made


def _flag(frame: pd.DataFrame, name: str) -> Bools:
    return frame[name].fillna(value=False).to_numpy(dtype=bool)


class LayerReducer:
    """Puts the layers of one sample together; does nothing where every sample has one."""

    def __init__(self, begin: NDArray[np.intp], rows: int) -> None:
        self.begin, self.alone = begin, len(begin) == rows

    def total(self, values: Floats) -> Floats:
        """Sum the layers; NaN where no layer has a value."""
        if self.alone or not len(values):
            return values
        some = np.add.reduceat((~np.isnan(values)).astype("float64"), self.begin)
        return np.where(some > 0, np.add.reduceat(np.nan_to_num(values), self.begin), np.nan)

    def top(self, values: Floats) -> Floats:
        """Take the highest value of the layers."""
        return values if self.alone or not len(values) else np.fmax.reduceat(values, self.begin)

    def lowest(self, values: Ints) -> Ints:
        """Take the lowest value of the layers."""
        return values if self.alone or not len(values) else np.minimum.reduceat(values, self.begin)

    def anywhere(self, values: Bools) -> Bools:
        """Tell whether any layer has the flag."""
        return values if self.alone or not len(values) else np.logical_or.reduceat(values, self.begin)


def _describe(quality: pd.DataFrame, made: StreamArrays, row: Ints) -> list[Stream]:
    """Describe each stream."""
    if not len(made.stream_number):
        return []
    begin = np.flatnonzero(np.concatenate([[True], made.stream_number[1:] != made.stream_number[:-1]]))
    stop = np.concatenate([begin[1:], [len(made.stream_number)]])
    head = quality.iloc[row[begin]]
    names = ("session_id", "peer_id", "media", "direction", "stream_id", "remote_peer_id", "producer_id")
    columns = [[None if pd.isna(value) else str(value) for value in head[name]] for name in names]
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = made["packets"] / made.seconds
    streams: list[Stream] = []
    for number, (one, two) in enumerate(zip(begin, stop, strict=True)):
        mine = rate[one:two]
        # Packets without payload are a server's probes, not the stream.
        flowing = mine[(mine > 0) & ~(made["bytes"][one:two] <= 0)]
        times = made.end[one:two]
        timed = times[times != NO_TIME]
        session, peer, media, direction, stream_id, remote, producer = (column[number] for column in columns)
        streams.append(
            Stream(
                number,
                session,
                peer,
                media or "",
                direction or "",
                stream_id,
                remote,
                producer,
                slice(int(one), int(two)),
                int(timed[0]) if len(timed) else NO_TIME,
                int(timed[-1]) if len(timed) else NO_TIME,
                float(np.nansum(made["packets"][one:two])),
                float(np.median(flowing)) if len(flowing) else 0.0,
            )
        )
    return streams
