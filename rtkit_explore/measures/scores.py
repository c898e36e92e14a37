"""
Scores recomputed beside the reported one: the E-model's MOS and the client's own score of 0 to 1.

Sources: ITU-T G.107 (06/2015) annex B for the mapping from R to MOS; the simplified E-model of Cole and Rosenbluth
(2001) for the delay term; G.113 for loss robustness. The client's score is that of the open statistics client of
RealtimeKit. Loss is in percent throughout, delay in milliseconds: a loss given as a share, or ``0.11 * d - 177.3``
without the brackets, are the two mistakes that shipped implementations of these formulas make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

R_DEFAULT = 93.2
"""R of an undisturbed narrow-band call: G.107's default transmission rating."""
IE_OPUS, BPL_OPUS = 0.0, 10.0
"""Impairment and loss robustness taken for Opus with loss concealment: G.113 has none for it, this is G.711's with
concealment, rounded; both are arguments of ``r_factor``."""
LOW_WIDTH = {"video": 240.0, "screenshare_video": 720.0}
LOW_FPS = {"video": 8.0, "screenshare_video": 3.0}


def r_factor(
    loss_pct: ArrayLike, delay_ms: ArrayLike = 0.0, *, ie: float = IE_OPUS, bpl: float = BPL_OPUS
) -> NDArray[np.float64]:
    """
    Work out the transmission rating R by the simplified E-model.

    Parameters
    ----------
    loss_pct
        Packet loss in percent, 0 to 100.
    delay_ms
        One-way delay from mouth to ear in milliseconds; 0 leaves the delay term out.
    ie, bpl
        Equipment impairment and robustness to random loss of the codec.

    Returns
    -------
    numpy.ndarray
        float64: ``93.2 - Id - Ie_eff`` with ``Id = 0.024 d + 0.11 (d - 177.3)`` above 177.3 ms, else ``0.024 d``,
        and ``Ie_eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)``.
    """
    loss = np.asarray(loss_pct, dtype="float64")
    delay = np.asarray(delay_ms, dtype="float64")
    of_delay = 0.024 * delay + 0.11 * np.maximum(delay - 177.3, 0.0)
    of_equipment = ie + (95.0 - ie) * loss / (loss + bpl)
    return np.asarray(R_DEFAULT - of_delay - of_equipment)


def mos_of_r(rating: ArrayLike) -> NDArray[np.float64]:
    """Map the rating R to a MOS of 1 to 4.5 (G.107 annex B): 1 for R up to 0, 4.5 from 100."""
    r = np.asarray(rating, dtype="float64")
    inner = 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)
    return np.asarray(np.where(r <= 0, 1.0, np.where(r >= 100, 4.5, np.maximum(inner, 1.0))))


def mos(loss_pct: ArrayLike, delay_ms: ArrayLike = 0.0, **codec: float) -> NDArray[np.float64]:
    """Return the MOS of a loss in percent and a one-way delay in milliseconds; ``codec`` as in ``r_factor``."""
    return mos_of_r(r_factor(loss_pct, delay_ms, **codec))


def ramp(value: ArrayLike, low: float, high: float, weight: float) -> NDArray[np.float64]:
    """
    Return the client's ramp: ``weight`` up to ``low``, 0 from ``high``, a straight line between.

    An unknown value gives the whole weight.
    """
    x = np.abs(np.asarray(value, dtype="float64"))
    share = (np.clip(x, low, high) - low) / (high - low)
    return np.asarray(np.where(np.isnan(x), weight, weight * (1.0 - share)))


def client_score(quality: pd.DataFrame) -> NDArray[np.float64]:
    """
    Recompute the client's score of 0 to 1 for each row of ``quality``.

    Parameters
    ----------
    quality
        Table ``quality``.

    Returns
    -------
    numpy.ndarray
        float64, NaN in the first row of a series and where the interval is not known.

    Notes
    -----
    Audio sent: loss counts 0.7 (0 to 10 %) and jitter 0.3 (20 to 30 ms). Audio received: concealments 0.2 (0 to 3 per
    sample), loss 0.5, jitter 0.3. Video: 0.8, reduced by 0.85 for a low width, 0.7 for a low frame rate, 0.5 for no
    new frame, and 0.2 for jitter and loss multiplied.
    """
    media = quality["media"].astype("object").to_numpy()
    consumer = (quality["direction"] == "consumer").to_numpy()
    audio = np.isin(media, ("audio", "screenshare_audio"))
    loss = quality["loss_pct"].to_numpy()
    jitter_s = quality["jitter_ms"].to_numpy() / 1000.0
    by_jitter, by_loss = ramp(jitter_s, 0.02, 0.03, 1.0), ramp(loss, 0.0, 10.0, 1.0)
    heard = 0.2 * ramp(quality["concealment_events"].to_numpy(), 0.0, 3.0, 1.0) + 0.5 * by_loss + 0.3 * by_jitter
    sent = 0.7 * by_loss + 0.3 * by_jitter
    screen = media == "screenshare_video"
    width, fps, frames = (quality[name].to_numpy() for name in ("width", "fps", "frames"))
    with np.errstate(invalid="ignore"):
        narrow = width < np.where(screen, LOW_WIDTH["screenshare_video"], LOW_WIDTH["video"])
        still = frames == 0
        lagging = (fps < np.where(screen, LOW_FPS["screenshare_video"], LOW_FPS["video"])) | (still & np.isnan(fps))
    seen = 0.8 * np.where(narrow, 0.85, 1.0) * np.where(lagging, 0.7, 1.0) * np.where(still, 0.5, 1.0)
    score = np.where(audio, np.where(consumer, heard, sent), seen + 0.2 * by_jitter * by_loss)
    unknown = _flags(quality, "first") | _flags(quality, "gap") | _flags(quality, "reset")
    return np.asarray(np.where(unknown, np.nan, score))


def scores_of(quality: pd.DataFrame, *, round_trips: pd.Series[Any] | None = None) -> pd.DataFrame:
    """
    Put the recomputed scores beside the reported one.

    Parameters
    ----------
    quality
        Table ``quality``.
    round_trips
        Round trip in ms by peer id for the delay of what a participant receives (a consumer has none of its own):
        for example of the consuming transport's nominated pair. Without it, the delay of received audio is the
        jitter buffer's alone, and ``delay_counted`` says so.

    Returns
    -------
    pandas.DataFrame
        A row for each row of ``quality``, same index: ``score`` (as reported), ``score_again`` (0 to 1),
        ``difference``, ``r_factor``, ``mos`` (1 to 4.5, audio only) and ``delay_counted`` (``none``, ``buffer``,
        ``network`` or ``network and buffer``). The score of a consumer is what this person heard or saw, that of a
        producer what the far side got: never average the two.
    """
    audio = quality["media"].isin(["audio", "screenshare_audio"]).to_numpy(dtype=bool)
    consumer = (quality["direction"] == "consumer").to_numpy()
    trip = quality["rtt_ms"].to_numpy()
    if round_trips is not None:
        far = quality["peer_id"].map(round_trips).astype("float64").to_numpy()
        trip = np.where(consumer, far, trip)
    buffer = np.where(consumer, quality["buffer_ms"].to_numpy(), np.nan)
    delay = np.nan_to_num(trip / 2.0) + np.nan_to_num(buffer)
    loss = quality["loss_pct"].to_numpy()
    rating = np.where(audio, r_factor(loss, delay), np.nan)
    again = client_score(quality)
    counted = np.select(
        [~np.isnan(trip) & ~np.isnan(buffer), ~np.isnan(trip), ~np.isnan(buffer)],
        ["network and buffer", "network", "buffer"],
        default="none",
    )
    kinds = pd.CategoricalDtype(["none", "buffer", "network", "network and buffer"])
    reported = quality["score"].to_numpy()
    return pd.DataFrame(
        {
            "score": reported,
            "score_again": again,
            "difference": reported - again,
            "r_factor": rating,
            "mos": np.where(np.isnan(rating), np.nan, mos_of_r(rating)),
            "delay_counted": pd.Categorical(counted, dtype=kinds),
        },
        index=quality.index,
    )


def _flags(quality: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    return quality[name].fillna(value=False).to_numpy(dtype=bool)
