"""Which measure each rule looks at, worked out of ``quality`` in the unit of the finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.plot.labels import flat, unit_of
from rtkit_explore.table_schema.columns import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rtkit_explore.plot.time_axis import Floats


@dataclass(frozen=True)
class Measure:
    """
    What a rule looks at.

    Attributes
    ----------
    title, unit
        Of the axis.
    values
        The measure, worked out of rows of ``quality``, in the unit of the finding.
    beside
        Measures of ``quality`` that explain it, below.
    low
        Whether low values are the bad ones.
    """

    title: str
    unit: str
    values: Callable[[pd.DataFrame], Floats]
    beside: tuple[str, ...] = ("bitrate_kbps",)
    low: bool = False


def _column(name: str) -> Callable[[pd.DataFrame], Floats]:
    def values(table: pd.DataFrame) -> Floats:
        if name not in table.columns:
            return np.full(len(table), np.nan)
        return np.asarray(table[name].to_numpy(dtype="float64", na_value=np.nan), dtype="float64")

    return values


def _of(name: str, *beside: str, low: bool = False) -> Measure:
    return Measure(flat(name), unit_of(name), _column(name), beside or ("bitrate_kbps",), low)


def _over(part: NDArray[np.floating[Any]], whole: NDArray[np.floating[Any]]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))


def _per_second(*names: str, times: float = 1.0) -> Callable[[pd.DataFrame], Floats]:
    def values(table: pd.DataFrame) -> Floats:
        most = np.full(len(table), np.nan)
        for name in names:
            most = np.fmax(most, _column(name)(table))
        # The first increments belong to no known interval.
        return times * _over(most, np.where(np.isnan(_column("packets_per_s")(table)), np.nan, _seconds(table)))

    return values


def _seconds(table: pd.DataFrame) -> Floats:
    return _column("interval_s")(table)


def _frame_rate(table: pd.DataFrame) -> Floats:
    counted = _per_second("frames")(table)
    return np.where(np.isnan(counted), _column("fps")(table), counted)


def _decoded(table: pd.DataFrame) -> Floats:
    decoded, dropped = _column("frames")(table), _column("frames_dropped")(table)
    return _over(decoded, decoded + dropped)


def _of_usual(table: pd.DataFrame) -> Floats:
    """Packets in percent of the median rate of their stream, over the intervals with any."""
    rate = pd.Series(_column("packets_per_s")(table), index=table.index)
    keys = [name for name in ("peer_id", "stream_id", "ssrc") if name in table.columns]
    usual = (
        rate.where(rate > 0).groupby([table[name] for name in keys], observed=True, dropna=False).transform("median")
    )
    return 100 * _over(rate.to_numpy(dtype="float64"), usual.to_numpy(dtype="float64"))


def _limited(limit: str) -> Callable[[pd.DataFrame], Floats]:
    def values(table: pd.DataFrame) -> Floats:
        timed = np.minimum(_over(_column(f"limited_{limit}_s")(table), _seconds(table)), 1.0)
        if "limited_by" not in table.columns:
            return timed
        reason = [float(one == limit) if one in LIMITS else np.nan for one in table["limited_by"].astype("object")]
        return np.where(np.isnan(timed), np.asarray(reason, dtype="float64"), timed)

    return values


def _off_its_mean(table: pd.DataFrame) -> Floats:
    """Round trip as a multiple of its mean over the eight samples before."""
    trip = pd.Series(_column("rtt_ms")(table), index=table.index)
    keys = [name for name in ("peer_id", "stream_id", "ssrc") if name in table.columns]
    before = trip.groupby([table[name] for name in keys], observed=True, dropna=False).transform(
        lambda one: one.rolling(8, min_periods=1).mean().shift(1)
    )
    return _over(trip.to_numpy(dtype="float64"), before.to_numpy(dtype="float64"))


_USUAL = Measure("packets", "% of usual packets", _of_usual, ("packets_per_s",), low=True)
MEASURES: dict[str, Measure] = {
    "loss_in": _of("loss_pct", "bitrate_kbps"),
    "loss_out": _of("loss_pct", "bitrate_kbps"),
    "round_trip": _of("rtt_ms", "loss_pct"),
    "jitter": _of("jitter_ms", "loss_pct"),
    "late_media": _of("buffer_ms", "jitter_ms"),
    "concealment": Measure(
        "concealments", "events per 7 s", _per_second("concealment_events", times=7), ("loss_pct", "jitter_ms")
    ),
    "low_frame_rate": Measure("frame rate", "frames/s", _frame_rate, ("bitrate_kbps", "loss_pct"), low=True),
    "low_resolution": _of("width", "bitrate_kbps", low=True),
    "frozen": _of("frames", "bitrate_kbps", low=True),
    "nothing_received": _USUAL,
    "nothing_sent": _USUAL,
    "decoder_behind": Measure("decoded frames", "decoded share", _decoded, ("fps", "frames_dropped"), low=True),
    "keyframe_storm": Measure("key frames asked for", "requests/s", _per_second("pli", "fir"), ("loss_pct",)),
    "cpu_limited": Measure("limited by CPU", "share of time", _limited("cpu"), ("fps", "width")),
    "bandwidth_limited": Measure(
        "limited by bandwidth", "share of time", _limited("bandwidth"), ("bitrate_kbps", "width")
    ),
    "congested": Measure(
        "round trip against\nits own mean", "times the usual round trip", _off_its_mean, ("rtt_ms", "bitrate_kbps")
    ),
    "gap": _of("interval_s", "bitrate_kbps"),
    "reset": _of("bitrate_kbps", "packets_per_s"),
    "too_little": _of("packets", "bitrate_kbps", low=True),
}
"""Rules on streams, and the measure that each looks at."""

ON_PATHS = ("relayed", "path_changed", "one_way_transport")
ON_PEOPLE = ("hidden", "reconnects")
ON_DEVICES = ("device_lost",)


def measure_of(row: Mapping[str, Any]) -> Measure:
    """Choose the measure of a finding; one of an unknown rule may name a column of ``quality`` as its unit."""
    known = MEASURES.get(str(row["rule"]))
    if known is not None:
        return known
    unit = row.get("unit")
    return _of(unit) if isinstance(unit, str) and unit_of(unit) else _of("bitrate_kbps", "loss_pct")
