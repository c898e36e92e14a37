"""Which rows of ``samples`` belong to one series: a stream (consumer or producer) and an SSRC of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MOST_CODES = np.iinfo(np.int64).max
STREAM_KEYS = ("session_id", "peer_id", "media", "direction", "stream_id")


def codes_of(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.intp]:
    """Give each distinct combination of columns a number, in order of appearance; missing is a value too."""
    total = np.zeros(len(frame), dtype="int64")
    most = 1
    for name in columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy().astype("int64")
        else:
            codes = pd.factorize(column)[0].astype("int64")
        several = int(codes.max(initial=0)) + 2
        if most > _MOST_CODES // several:  # renumbered before it overflows
            total = _in_order(total)
            most = int(total.max(initial=0)) + 1
        total, most = total * several + codes + 1, most * several
    return _in_order(total)


def _in_order(numbers: NDArray[np.int64]) -> NDArray[np.intp]:
    """Give each distinct number one of its own, in order of appearance."""
    return np.asarray(pd.factorize(numbers)[0], dtype="int64")


@dataclass(frozen=True)
class SeriesIndex:
    """
    The series of a table of samples whose rows are sorted by series and time.

    Attributes
    ----------
    code
        Number of the series of each row.
    peer
        Number of the participant of each row.
    first
        Whether a row is the first of its series.
    micros
        Time of each row in microseconds since 1970; the smallest integer where missing.
    interval_s
        Time since the previous row of the series in seconds; NaN in the first row and where it is unknown.
    """

    code: NDArray[np.intp]
    peer: NDArray[np.intp]
    first: NDArray[np.bool_]
    micros: NDArray[np.int64]
    interval_s: NDArray[np.float64]

    @classmethod
    def of(cls, samples: pd.DataFrame) -> SeriesIndex:
        """Find the series of a table of samples."""
        code = codes_of(samples, (*STREAM_KEYS, "ssrc"))
        first = np.ones(len(code), dtype=bool)
        first[1:] = code[1:] != code[:-1]
        micros = pd.DatetimeIndex(samples["timestamp"]).as_unit("us").asi8
        interval = np.full(len(code), np.nan)
        step = micros[1:].astype("float64") - micros[:-1]
        known = ~first[1:] & (micros[1:] != NAT) & (micros[:-1] != NAT) & (step > 0)
        interval[1:] = np.where(known, step / 1e6, np.nan)
        return cls(code, codes_of(samples, ("session_id", "peer_id")), first, micros, interval)

    def gaps(self) -> NDArray[np.bool_]:
        """
        Tell which intervals are longer than max(2 x median, 5 s).

        The median is that of the series; of all series of the participant where a series has fewer than four
        intervals.
        """
        table = pd.DataFrame({"code": self.code, "peer": self.peer, "s": self.interval_s})
        by_series = table.groupby("code", observed=True)["s"]
        median = by_series.transform("median").to_numpy()
        few = by_series.transform("count").to_numpy() < 4
        overall = table.groupby("peer", observed=True)["s"].transform("median").to_numpy()
        usual = np.where(few, overall, median)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.interval_s > np.maximum(2 * usual, 5.0))
