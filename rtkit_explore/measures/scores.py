"""
Scores recomputed beside the reported one: the E-model's MOS and the client's own score of 0 to 1.

Sources: ITU-T G.107 (06/2015) annex B for the mapping from R to MOS; the simplified E-model of Cole and Rosenbluth
(2001) for the delay term; ITU-T G.107.1 (06/2019) for the wide-band scale, whose R goes up to 129; ITU-T G.113
appendix I for the codecs that it covers; rtcscore (github.com/ggarber/rtcscore) for Opus, which G.113 does not cover.
The client's score is that of the open statistics client of RealtimeKit. Loss is in percent throughout, delay in
milliseconds: a loss given as a share, or ``0.11 * d - 177.3`` without the brackets, are the two mistakes that shipped
implementations of these formulas make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.intervals import Tables, intervals
from rtkit_explore.measures.series import codes_of
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Band = Literal["narrow", "wide"]
R_BEST: dict[str, float] = {"narrow": 93.2, "wide": 129.0}
"""R of an undisturbed call: G.107's default transmission rating; G.107.1's wide-band basic rating."""
_WIDE_SCALE = 1.29
"""G.107.1 annex A: a wide-band R is divided by this before it is mapped to a MOS."""
LOW_WIDTH = {"video": 240.0, "screenshare_video": 720.0}
LOW_FPS = {"video": 8.0, "screenshare_video": 3.0}


@dataclass(frozen=True)
class Codec:
    """
    The E-model's parameters of a codec.

    Attributes
    ----------
    ie
        Equipment impairment without loss.
    bpl
        Robustness to random packet loss, in percent.
    source
        The source of the two.
    """

    ie: float
    bpl: float
    source: str


CODECS: dict[str, Codec] = {
    "opus": Codec(0.0, 10.0, "Bpl of rtcscore for Opus without FEC; Ie 0 is an assumption, G.113 has no Opus"),
    "opus-fec": Codec(0.0, 20.0, "Bpl of rtcscore for Opus with in-band FEC; Ie 0 is an assumption, G.113 has no Opus"),
    "g711": Codec(0.0, 4.3, "ITU-T G.113 appendix I, without packet-loss concealment"),
    "g711-plc": Codec(0.0, 25.1, "ITU-T G.113 appendix I, with packet-loss concealment of G.711 appendix I"),
    "gsm-efr": Codec(5.0, 10.0, "ITU-T G.113 appendix I"),
}
"""Codecs by name. For any other codec, pass ``ie`` and ``bpl``."""


def opus_impairment(bitrate_kbps: ArrayLike) -> Floats:
    """Return rtcscore's equipment impairment of Opus: ``55 - 4.6 ln(bit/s)``, between 0 and 30; 6 where unknown."""
    bits = 1000.0 * np.asarray(bitrate_kbps, dtype="float64")
    with np.errstate(divide="ignore", invalid="ignore"):
        worked = np.clip(55.0 - 4.6 * np.log(bits), 0.0, 30.0)
    return np.asarray(np.where(bits > 0, worked, 6.0))


def r_factor(
    loss_pct: ArrayLike,
    delay_ms: ArrayLike = 0.0,
    *,
    band: Band = "narrow",
    codec: str = "opus",
    ie: ArrayLike | None = None,
    bpl: ArrayLike | None = None,
) -> Floats:
    """
    Work out the transmission rating R by the simplified E-model.

    Parameters
    ----------
    loss_pct
        Packet loss in percent, 0 to 100; any shape.
    delay_ms
        One-way delay from mouth to ear in milliseconds, same shape or a number; 0 leaves the delay term out.
    band
        ``"narrow"`` (telephone band, G.107: R up to 93.2) or ``"wide"`` (G.107.1: R up to 129).
    codec
        A name of ``CODECS``: where ``ie`` and ``bpl`` come from.
    ie, bpl
        Equipment impairment and robustness to random loss, instead of the codec's.

    Returns
    -------
    numpy.ndarray
        float64: ``R_best - Id - Ie_eff`` with ``Id = 0.024 d + 0.11 (d - 177.3)`` above 177.3 ms, else ``0.024 d``,
        and ``Ie_eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)``.

    Raises
    ------
    InvalidArgumentError
        If the band or codec is unknown, or a loss is not in percent.

    Notes
    -----
    The wide-band R takes the same delay and loss terms on the longer scale. Wide-band ``Ie`` and ``Bpl`` of Opus are
    not standardized: what stands in ``CODECS`` is for comparing intervals with each other, not for a contract.
    """
    if band not in R_BEST:
        msg = f"band= takes 'narrow' (G.107) or 'wide' (G.107.1), not {band!r}."
        raise InvalidArgumentError(msg)
    if codec not in CODECS:
        msg = f"There is no codec {codec!r}. There are: {', '.join(CODECS)}; or give ie= and bpl=."
        raise InvalidArgumentError(msg)
    try:
        loss, delay = np.asarray(loss_pct, dtype="float64"), np.asarray(delay_ms, dtype="float64")
    except (TypeError, ValueError) as error:
        msg = "loss_pct and delay_ms are numbers: a percentage and milliseconds."
        raise InvalidArgumentError(msg) from error
    with np.errstate(invalid="ignore"):
        if ((loss < 0) | (loss > 100)).any():
            msg = "loss_pct is a loss in percent, 0 to 100."
            raise InvalidArgumentError(msg)
    equipment = np.asarray(CODECS[codec].ie if ie is None else ie, dtype="float64")
    robust = np.asarray(CODECS[codec].bpl if bpl is None else bpl, dtype="float64")
    of_delay = 0.024 * delay + 0.11 * np.maximum(delay - 177.3, 0.0)
    of_equipment = equipment + (95.0 - equipment) * loss / (loss + robust)
    return np.asarray(R_BEST[band] - of_delay - of_equipment)


def mos_of_r(rating: ArrayLike, *, band: Band = "narrow") -> Floats:
    """Map the rating R to a MOS of 1 to 4.5 (G.107 annex B; wide band: of R / 1.29, G.107.1 annex A)."""
    r = np.asarray(rating, dtype="float64") / (_WIDE_SCALE if band == "wide" else 1.0)
    inner = 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)
    bounded = np.where(r <= 0, 1.0, np.where(r >= 100, 4.5, np.maximum(inner, 1.0)))
    return np.asarray(np.where(np.isnan(r), np.nan, bounded))


def mos(
    loss_pct: ArrayLike,
    delay_ms: ArrayLike = 0.0,
    *,
    band: Band = "narrow",
    codec: str = "opus",
    ie: ArrayLike | None = None,
    bpl: ArrayLike | None = None,
) -> Floats:
    """
    Estimate the mean opinion score of speech from loss and delay, by the E-model.

    Parameters
    ----------
    loss_pct
        Packet loss in percent, 0 to 100; any shape.
    delay_ms
        One-way delay from mouth to ear in milliseconds, jitter buffer included; 0 leaves the delay out.
    band
        ``"narrow"``: telephone band, at most 4.41. ``"wide"``: G.107.1, at most 4.5. The two are not comparable.
    codec
        Whose loss robustness: "opus", "opus-fec", "g711", "g711-plc" or "gsm-efr", see
        ``rtkit_explore.measures.scores.CODECS`` for the source of each.
    ie, bpl
        Equipment impairment and loss robustness, instead of the codec's.

    Returns
    -------
    numpy.ndarray
        float64, 1 to 4.41 (narrow) or 4.5 (wide); NaN where loss or delay is NaN.

    Raises
    ------
    InvalidArgumentError
        If the band or codec is unknown, or a loss is not in percent.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> [round(float(one), 2) for one in rtk.mos([0, 3, 10], 150)]
    [4.33, 3.49, 2.17]
    """
    return mos_of_r(r_factor(loss_pct, delay_ms, band=band, codec=codec, ie=ie, bpl=bpl), band=band)


def ramp(value: ArrayLike, low: float, high: float, weight: float) -> Floats:
    """
    Return the client's ramp: ``weight`` up to ``low``, 0 from ``high``, a straight line between.

    An unknown value gives the whole weight.
    """
    x = np.abs(np.asarray(value, dtype="float64"))
    share = (np.clip(x, low, high) - low) / (high - low)
    return np.asarray(np.where(np.isnan(x), weight, weight * (1.0 - share)))


def client_score(quality: pd.DataFrame) -> Floats:
    """
    Recompute the client's score of 0 to 1 for each row of ``quality``.

    Parameters
    ----------
    quality
        Table ``quality``, or the intervals of it.

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
    audio = np.isin(media, SOUND)
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
    unknown = np.logical_or.reduce([_flags(quality, name) for name in ("first", "gap", "reset")])
    return np.asarray(np.where(unknown, np.nan, score))


def delay_of(known: pd.DataFrame) -> tuple[Floats, NDArray[np.object_]]:
    """
    Work out the one-way delay of each interval, and say what of it is known.

    Parameters
    ----------
    known
        Intervals of ``rtk.measures.intervals``.

    Returns
    -------
    delay_ms
        float64. What is received: half the sender's round trip to the server, half the receiver's own, and the
        jitter buffer. What is sent: half the round trip. An unknown part counts as 0.
    counted
        ``none``, ``buffer``, ``network`` or ``network and buffer`` for each interval. The network counts as known
        if at least one of its halves is. In a call without a server it is half of one round trip.
    """
    delay = one_way_delay(known)
    consumer = (known["direction"] == "consumer").to_numpy()
    own, other = known["rtt_ms"].to_numpy(dtype="float64"), known["other_rtt_ms"].to_numpy(dtype="float64")
    has_network = ~np.isnan(own) | (consumer & ~np.isnan(other))
    has_buffer = consumer & ~np.isnan(known["buffer_ms"].to_numpy(dtype="float64"))
    counted = np.select(
        [has_network & has_buffer, has_network, has_buffer],
        ["network and buffer", "network", "buffer"],
        default="none",
    )
    return delay, counted.astype("object")


def one_way_delay(known: pd.DataFrame) -> Floats:
    """Work out the delay of ``delay_of`` alone: what of it is known is a text for each interval, and rarely asked."""
    consumer = (known["direction"] == "consumer").to_numpy()
    own, other = known["rtt_ms"].to_numpy(dtype="float64"), known["other_rtt_ms"].to_numpy(dtype="float64")
    # Over a server there are two paths, the sender's to it and the receiver's from it; without one both ends measure
    # the same path.
    both = consumer & ~known["direct"].to_numpy(dtype=bool)
    one_way = np.where(consumer & np.isnan(own), np.nan_to_num(other), np.nan_to_num(own)) / 2
    network = np.where(both, np.nan_to_num(own) / 2 + np.nan_to_num(other) / 2, one_way)
    buffer = np.where(consumer, known["buffer_ms"].to_numpy(dtype="float64"), np.nan)
    return np.asarray(network + np.nan_to_num(buffer))


_NOTHING, _AS_USUAL = 0.02, 0.8


def heard_loss(known: pd.DataFrame) -> Floats:
    """
    Return the loss of each interval in percent, 100 where nothing arrived although the sender sent as usual.

    In an outage packets are neither received nor counted as lost, so that the loss is unknown while nothing arrives.
    The sender has to have sent at least 80 % of its usual packets in the interval that covers the middle of this one:
    otherwise it may have been muted, which is not a loss.

    Parameters
    ----------
    known
        Intervals of ``rtk.measures.intervals``.
    """
    loss = np.minimum(known["loss_pct"].to_numpy(dtype="float64"), 100.0)
    if known.empty:
        return np.asarray(loss)
    sent = known["other_packets_per_s"]
    stream = codes_of(known, ("session_id", "peer_id", "stream_id"))
    usual = sent.where(sent > 0).groupby(stream).transform("median")
    arrived = known["packets_per_s"].to_numpy(dtype="float64")
    with np.errstate(invalid="ignore"):
        silent = (arrived <= _NOTHING * usual.to_numpy()) & (sent.to_numpy() >= _AS_USUAL * usual.to_numpy())
    received = (known["direction"] == "consumer").to_numpy(dtype=bool)
    return np.asarray(np.where(silent & received & (usual.to_numpy() >= 10), 100.0, loss))


COUNTED = pd.CategoricalDtype(["none", "buffer", "network", "network and buffer"])


def scores(tables: Tables, *, band: Band = "narrow", codec: str = "opus") -> pd.DataFrame:
    """
    Put recomputed scores beside the reported one, interval by interval.

    Parameters
    ----------
    tables
        A Call, its table ``quality``, or tables by name, as ``rtk.measures.intervals`` takes them.
    band, codec
        As for ``rtk.mos``.

    Returns
    -------
    pandas.DataFrame
        A row for each interval, the keys first, then ``interval_s``, ``score`` (as reported), ``score_again`` (the
        client's formula, 0 to 1), ``difference``, ``delay_ms`` and ``delay_counted`` (which parts of it are known:
        ``none``, ``buffer``, ``network``, ``network and buffer``), ``r_factor`` and ``mos`` (audio only; at most
        4.41 narrow-band, 4.5 wide-band), ``band``. The score of a consumer is what this person heard or saw, that of
        a producer what the far side got: never average the two.
    """
    known = intervals(tables)
    audio = known["media"].isin(SOUND).to_numpy(dtype=bool)
    delay, counted = delay_of(known)
    loss = heard_loss(known)
    rating = np.where(audio, r_factor(loss, delay, band=band, codec=codec), np.nan)
    reported = known["score"].to_numpy(dtype="float64")
    again = client_score(known)
    figures: dict[str, Any] = {
        "score": reported,
        "score_again": again,
        "difference": reported - again,
        "delay_ms": delay,
        "delay_counted": pd.Categorical(counted, dtype=COUNTED),
        "r_factor": rating,
        "mos": mos_of_r(rating, band=band),
        "band": pd.Categorical([band] * len(known), categories=list(R_BEST)),
    }
    keys = ["session_id", "peer_id", "media", "direction", "stream_id", "start", "end", "interval_s"]
    return known[keys].assign(**figures)


def _flags(quality: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    return quality[name].fillna(value=False).to_numpy(dtype=bool)
