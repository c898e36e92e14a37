"""The stats client's own score (0 to 1, 1 best) and the cumulative blocks, computed from the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Block = dict[str, dict[str, float]]


def ramp(values: Floats, low: float, high: float, weight: float) -> Floats:
    """
    Weight that is left of a measure: all of it up to ``low``, none from ``high`` on, in a straight line between.

    From the stats client (``@cloudflare/realtimekit-callstats`` 8.0.0). An unknown value (NaN) gives the full weight.
    """
    left: Floats = weight * (1 - (np.clip(np.abs(values), low, high) - low) / (high - low))
    return np.where(np.isnan(values), weight, left)


def percent_lost(lost: NDArray[Any], total: NDArray[Any]) -> Floats:
    """100·lost/total, and NaN (unknown) where there was nothing."""
    lost_pct: Floats = np.where(total > 0, 100.0 * lost / np.maximum(total, 1), np.nan)
    return lost_pct


def audio_producer_score(loss_pct: Floats, jitter_s: Floats) -> Floats:
    """Score of a sent audio stream."""
    return ramp(loss_pct, 0, 10, 0.7) + ramp(jitter_s, 0.02, 0.03, 0.3)


def audio_consumer_score(concealment: Floats, loss_pct: Floats, jitter_s: Floats) -> Floats:
    """Score of a received audio stream."""
    return ramp(concealment, 0, 3, 0.2) + ramp(loss_pct, 0, 10, 0.5) + ramp(jitter_s, 0.02, 0.03, 0.3)


def video_score(
    loss_pct: Floats, jitter_s: Floats, fps: Floats, width: Floats, frames: Floats, *, screen: bool
) -> Floats:
    """Score of a video stream; a frame rate that is not measured counts as lagging, as the client counts it."""
    lagging = ~(fps >= (3 if screen else 8))
    small = width < (720 if screen else 240)
    picture = 0.8 * np.where(small, 0.85, 1.0) * np.where(lagging, 0.7, 1.0) * np.where(frames <= 0, 0.5, 1.0)
    score: Floats = picture + 0.2 * ramp(jitter_s, 0.02, 0.03, 1.0) * ramp(loss_pct, 0, 10, 1.0)
    return score


def distribution(values: Floats) -> dict[str, float]:
    """Mean and percentiles over samples; a percentile is the sample of that rank (no interpolation)."""
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return {}
    ranks = {f"p{p}": float(known[max(0, -(-p * known.size // 100) - 1)]) for p in (50, 75, 90)}
    return {"avg": float(known.mean()), **ranks}


def latency(values_ms: Floats) -> dict[str, float]:
    """Mean (ms) and shares of samples at or above 500, 250 and 100 ms."""
    known = values_ms[~np.isnan(values_ms)]
    if not known.size:
        return {}
    cuts = {f"{cut}ms_or_greater_event_fraction": float((known >= cut).mean()) for cut in (500, 250, 100)}
    return {"avg": float(known.mean()), **cuts}


def packet_loss(values_pct: Floats) -> dict[str, float]:
    """Mean (percent) and shares of samples at or above 50, 25, 10 and 5 %; nothing sent counts as no loss."""
    known = np.nan_to_num(values_pct, nan=0.0)
    cuts = {f"{cut}_or_greater_event_fraction": float((known >= cut).mean()) for cut in (50, 25, 10, 5)}
    return {"avg": float(known.mean()), **cuts}


def share(flags: NDArray[np.bool_]) -> float:
    """Share of samples of which something holds."""
    return float(flags.mean())
