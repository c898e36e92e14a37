"""Values that cannot be right: flagged, and left out of what is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HIGHEST = {"rtt_ms": 10_000.0, "jitter_ms": 2_000.0, "buffer_ms": 60_000.0, "fps": 1_000.0}
"""Above these a value is not a measurement; the first two by common practice, the others by what clients can do."""
NEVER_NEGATIVE = (
    "packets",
    "bytes",
    "frames",
    "frames_dropped",
    "key_frames",
    "concealment_events",
    "pli",
    "fir",
    "buffer_ms",
    "jitter_ms",
    "rtt_ms",
    "fps",
    "limited_bandwidth_s",
    "limited_cpu_s",
)


def implausible(quality: pd.DataFrame) -> pd.DataFrame:
    """
    Flag values that cannot be right.

    Parameters
    ----------
    quality
        Table ``quality``.

    Returns
    -------
    pandas.DataFrame
        bool, one row for each row of ``quality`` and a column for each measure that can be implausible: a round
        trip above 10 s, jitter above 2 s, a buffer above a minute, negative counters, more packets lost than sent,
        scores off their scale.
    """
    return pd.DataFrame(dict(_flags(quality)), index=quality.index)


def _flags(quality: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each measure that can be implausible with its flags, one at a time: tables can have millions of rows."""
    with np.errstate(invalid="ignore"):
        for name in dict.fromkeys((*HIGHEST, *NEVER_NEGATIVE)):
            if name not in quality.columns:
                continue
            values = quality[name].to_numpy(dtype="float64")
            off = values > HIGHEST[name] if name in HIGHEST else np.zeros(len(values), dtype=bool)
            yield name, off | (values < 0) if name in NEVER_NEGATIVE else off
        yield "loss_pct", quality["loss_pct"].to_numpy() > 100.0
        score = quality["score"].to_numpy()
        wide = (quality["score_scale"] == "1-5").to_numpy(dtype=bool)
        yield "score", (score < np.where(wide, 1.0, 0.0)) | (score > np.where(wide, 5.0, 1.0))


def plausible(quality: pd.DataFrame) -> pd.DataFrame:
    """
    Return ``quality`` with every implausible value missing; the given table is left alone.

    Columns without such values, nearly always all of them, are shared with the given table, which may have only some of
    the measures of ``quality``.
    """
    kept = quality.copy(deep=False)
    for name, wrong in _flags(quality):
        if wrong.any():
            kept[name] = np.where(wrong, np.nan, quality[name].to_numpy(dtype="float64"))
    return kept
