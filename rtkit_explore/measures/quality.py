"""Samples as intervals: the table ``quality``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.measures.counters import Counters, decide, increments
from rtkit_explore.measures.series import SeriesIndex
from rtkit_explore.table_schema.media import COUNTER_READINGS, QUALITY
from rtkit_explore.tables.frames import frame, join_frames, join_in_parts
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Floats = "NDArray[np.float64]"


def quality_of(samples: pd.DataFrame, *, counters: Counters = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Turn samples into intervals.

    Parameters
    ----------
    samples
        Table ``samples``, sorted as ``rtk.tables.samples`` leaves it.
    counters
        Force how counters are read ("increments", "totals", or by counter); None decides by evidence.

    Returns
    -------
    tuple of pandas.DataFrame
        Table ``quality`` (same rows and order as ``samples``) and table ``counter_readings``.

    Notes
    -----
    Rates and ratios are missing in the first row of a series, after a gap and at a reset, because the interval is
    not known there; the increments stand all the same. Time is the real time between two samples of one series.
    """
    index = SeriesIndex.of(samples)
    readings = decide(samples, index, counters)
    steps, reset, reading = increments(samples, index, readings)
    gap = index.gaps()
    known = ~(index.first | gap | reset) & ~np.isnan(index.interval_s)
    seconds = np.where(known, index.interval_s, np.nan)
    producer = (samples["direction"] == "producer").to_numpy()
    far_end = _far_end(samples, index) & producer

    packets = np.where(producer, steps["packets_sent"], steps["packets_received"])
    octets = np.where(producer, steps["bytes_sent"], steps["bytes_received"])
    frames = np.where(producer, steps["frames_encoded"], steps["frames_decoded"])
    lost = steps["packets_lost"]
    with np.errstate(invalid="ignore", divide="ignore"):
        negative = lost < 0
        shown = np.where(negative, 0.0, lost)
        loss = _ratio(100 * shown, np.where(producer, packets, packets + shown), known)
        loss[producer & ~far_end] = np.nan
        dropped = steps["frames_dropped"]
        columns: dict[str, Any] = {
            **{name: samples[name] for name in COPIED},
            "start": np.where(index.first, NAT, np.concatenate([[NAT], index.micros[:-1]])[: len(samples)]),
            "end": index.micros,
            "interval_s": index.interval_s,
            "bitrate_kbps": 8 * octets / seconds / 1000,
            "packets_per_s": packets / seconds,
            "packets": packets,
            "packets_lost": lost,
            "bytes": octets,
            "loss_pct": loss,
            "jitter_ms": np.where(producer & ~far_end, np.nan, 1000 * _numbers(samples, "jitter")),
            "rtt_ms": _unless_zero(1000 * _numbers(samples, "rtt")),
            "buffer_ms": _ratio(1000 * steps["jitter_buffer_delay"], steps["jitter_buffer_emitted_count"], known),
            "fps": _numbers(samples, "frames_per_second"),
            "width": _unless_zero(_numbers(samples, "frame_width")),
            "height": _unless_zero(_numbers(samples, "frame_height")),
            "frames": frames,
            "frames_dropped": dropped,
            "dropped_pct": _ratio(100 * dropped, dropped + frames, known),
            "key_frames": np.where(producer, steps["key_frames_encoded"], steps["key_frames_decoded"]),
            "pli": steps["pli_count"],
            "fir": steps["fir_count"],
            "concealment_events": steps["concealment_events"],
            "limited_by": samples["quality_limitation_reason"],
            **{
                f"limited_{part}_s": steps[f"quality_limitation_durations_{part}"]
                for part in ("bandwidth", "cpu", "other", "none")
            },
            "resolution_changes": steps["quality_limitation_resolution_changes"],
            "score": _numbers(samples, "mos_quality"),
            "score_scale": _scale(samples, index),
            "far_end": pd.arrays.BooleanArray(far_end, ~producer),
            "negative_loss": negative,
            "first": index.first,
            "gap": gap,
            "reset": reset,
            "counter_reading": pd.Categorical.from_codes(reading, dtype=_READING),
        }
    return frame(QUALITY, columns, len(samples)), readings


def quality_in_parts(parts: Iterable[pd.DataFrame], *, counters: Counters = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Turn samples into intervals, some participants at a time.

    Parameters
    ----------
    parts
        Tables ``samples``, each of whole reports; none is kept.
    counters
        As for ``quality_of``.

    Returns
    -------
    tuple of pandas.DataFrame
        As ``quality_of`` gives them for all parts below one another: no interval and no decision reaches beyond one
        participant.
    """
    made: list[pd.DataFrame] = []
    readings: list[pd.DataFrame] = []
    for part in parts:
        intervals, decided = quality_of(part, counters=counters)
        made.append(intervals)
        readings.append(decided)
    return join_in_parts(QUALITY, made), join_frames(COUNTER_READINGS, readings)


COPIED = (
    "session_id",
    "peer_id",
    "display_name",
    "media",
    "direction",
    "stream_id",
    "ssrc",
    "remote_peer_id",
    "remote_name",
    "producer_id",
)
"""Columns that an interval has from its sample as they are."""
_READING = pd.CategoricalDtype(list(QUALITY["counter_reading"].categories))
_SCALE = pd.CategoricalDtype(list(QUALITY["score_scale"].categories))


def _numbers(samples: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return samples[name].to_numpy(dtype="float64")


def _unless_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values == 0, np.nan, values)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(known & (whole > 0), part / whole, np.nan)


def _far_end(samples: pd.DataFrame, index: SeriesIndex) -> NDArray[np.bool_]:
    """
    Tell which series show that the far end reports on them.

    Web clients since 2024 no longer send the far end's figures, so that 0 can mean unknown: a series in which
    round trip, jitter and loss are never anything but 0 has no far-end reports.
    """
    shown = np.zeros(int(index.code.max(initial=-1)) + 1, dtype=bool)
    for name in ("rtt", "jitter", "packets_lost"):
        values = _numbers(samples, name)
        rows = np.flatnonzero(~np.isnan(values) & (values != 0))
        shown[index.code[rows]] = True
    return shown[index.code]


def _scale(samples: pd.DataFrame, index: SeriesIndex) -> pd.Categorical:
    """Tell the scale: the client's score is 0 to 1; a report with a score above 1 uses the 1 to 5 of a MOS."""
    scores = _numbers(samples, "mos_quality")
    wide = np.zeros(int(index.peer.max(initial=-1)) + 1, dtype=bool)
    with np.errstate(invalid="ignore"):
        wide[index.peer[np.flatnonzero(scores > 1)]] = True
    codes = np.where(np.isnan(scores), -1, wide[index.peer].astype("int8"))
    return pd.Categorical.from_codes(codes.astype("int8"), dtype=_SCALE)
