"""Streams: what a consumer or producer did from its first sample to its last."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rtkit_explore.measures.series import STREAM_KEYS, codes_of
from rtkit_explore.table_schema.media import STREAMS
from rtkit_explore.tables.frames import empty, frame
from rtkit_explore.tables.times import NAT

_SUMS = (
    "packets",
    "packets_lost",
    "bytes",
    "frames",
    "frames_dropped",
    "key_frames",
    "concealment_events",
    "pli",
    "fir",
)


def streams_of(quality: pd.DataFrame) -> pd.DataFrame:
    """
    Sum up each stream.

    Parameters
    ----------
    quality
        Table ``quality``.

    Returns
    -------
    pandas.DataFrame
        Table ``streams``, one row a participant, media, direction and stream; totals include the first
        increments, which belong to no known interval.
    """
    if quality.empty:
        return empty(STREAMS)
    code = codes_of(quality, STREAM_KEYS)
    rows = int(code.max()) + 1
    groups = quality.groupby(code, sort=True)
    head = quality.iloc[pd.Series(np.arange(len(code))).groupby(code, sort=True).first().to_numpy()]
    micros = pd.Series(pd.DatetimeIndex(quality["end"]).as_unit("us").asi8)
    timed = micros.where(micros != NAT)
    first, last = (timed.groupby(code).agg(how) for how in ("min", "max"))
    columns: dict[str, Any] = {
        name: head[name].array
        for name in ("session_id", "peer_id", "display_name", "media", "direction", "stream_id", "producer_id")
    }
    columns |= {name: head[name].array for name in ("remote_peer_id", "remote_name")}
    columns["first"] = first.fillna(NAT).astype("int64").to_numpy()
    columns["last"] = last.fillna(NAT).astype("int64").to_numpy()
    columns["duration_s"] = ((last - first) / 1e6).to_numpy()
    columns["samples"] = groups.size().to_numpy()
    columns["layers"] = groups["ssrc"].nunique().to_numpy()
    for flag, plural in (("gap", "gaps"), ("reset", "resets")):
        columns[plural] = groups[flag].sum().to_numpy(dtype="int64")
    for name in _SUMS:
        columns[name] = groups[name].sum(min_count=1).to_numpy()
    for name in ("width", "height"):
        columns[name] = groups[name].max().to_numpy()
    producer = (head["direction"] == "producer").to_numpy()
    reported = groups["far_end"].max().fillna(value=False).to_numpy(dtype=bool)
    lost = np.maximum(columns["packets_lost"], 0)
    whole = np.where(producer, columns["packets"], columns["packets"] + lost)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["loss_pct"] = np.where((whole > 0) & (~producer | reported), 100 * lost / whole, np.nan)
    return frame(STREAMS, columns, rows)
