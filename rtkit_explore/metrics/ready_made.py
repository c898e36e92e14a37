"""Metrics that are ready to use, each with its source and, in the tests, values worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.measures.scores import client_score, heard_loss, mos, one_way_delay, opus_impairment
from rtkit_explore.metrics.metric import metric

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CONCEALED_S = 0.08
"""About what one concealment event covers: two packets of 20 ms, faded in and out. An estimate: the report counts
events, not their length."""
_PACKET_MS = 20.0


def _numbers(i: pd.DataFrame, name: str) -> Floats:
    return i[name].to_numpy(dtype="float64")


@metric(
    media="audio", direction="consumer", unit="1 to 4.41", worse="low", title="MOS, narrow band",
    source="ITU-T G.107 annex B, simplified; Bpl 10 for Opus from rtcscore",
)  # fmt: skip
def mos_narrow(i: pd.DataFrame) -> Floats:
    """Estimate the MOS of audio received by the narrow-band E-model: loss, both ways through the network, buffer."""
    return mos(heard_loss(i), one_way_delay(i))


@metric(
    media="audio", direction="consumer", unit="1 to 4.5", worse="low", title="MOS, wide band",
    source="ITU-T G.107.1 annex A, simplified; Bpl 10 for Opus from rtcscore",
)  # fmt: skip
def mos_wide(i: pd.DataFrame) -> Floats:
    """Estimate the MOS of audio received on the wide-band scale; not to be compared with the narrow-band one."""
    return mos(heard_loss(i), one_way_delay(i), band="wide")


@metric(
    media="audio", direction="consumer", unit="score 0-1", worse="low", title="client's audio score, recomputed",
    source="RealtimeKit web client 2.0.2, its statistics client",
)  # fmt: skip
def client_score_audio(i: pd.DataFrame) -> Floats:
    """Recompute the client's own score of audio received: loss 0.5, jitter 0.3, concealments 0.2."""
    return client_score(i)


@metric(
    media="video", direction="consumer", unit="score 0-1", worse="low", title="client's video score, recomputed",
    source="RealtimeKit web client 2.0.2, its statistics client",
)  # fmt: skip
def client_score_video(i: pd.DataFrame) -> Floats:
    """Recompute the client's own score of video received: size, frame rate and new frames 0.8, loss and jitter 0.2."""
    return client_score(i)


@metric(
    media="audio", direction="consumer", unit="share", worse="high", title="share of audio patched",
    source="an estimate: 80 ms for each concealment event",
)  # fmt: skip
def glitch_share(i: pd.DataFrame) -> pd.Series[float]:
    """Estimate which share of the interval concealment patched."""
    return (i["concealment_events"] * _CONCEALED_S / i["interval_s"]).clip(upper=1.0)


@metric(
    media="video", direction="consumer", unit="share", worse="high", title="share of time without a new frame",
    source="ObserveRTC: no new frame while bytes arrive; to the interval, as the report has no freeze count",
)  # fmt: skip
def freeze_share(i: pd.DataFrame) -> Floats:
    """Tell whether an interval brought no new frame although bytes arrived; over time, the share that was frozen."""
    frames, octets = _numbers(i, "frames"), _numbers(i, "bytes")
    return np.where(np.isnan(frames) | ~(octets > 0), np.nan, (frames <= 0).astype("float64"))


@metric(
    media="audio", direction="consumer", unit="1 to 5", worse="low", title="rtcscore of audio",
    source="rtcscore (github.com/ggarber/rtcscore), audio",
)  # fmt: skip
def rtcscore_audio(i: pd.DataFrame) -> Floats:
    """
    Score audio received as rtcscore does: an E-model of its own with R from 100.

    Its delay term grows with the square of what is over 150 ms, so that it falls to 1 near 180 ms. FEC is taken as on,
    as it does by default; DTX is not in the report and taken as off. One departure: R is bounded at 0, below which
    the published polynomial turns up again and calls a delay of 250 ms excellent.
    """
    delay = _PACKET_MS + one_way_delay(i)
    loss, impaired = heard_loss(i), opus_impairment(_numbers(i, "bitrate_kbps"))
    of_loss = impaired + (100.0 - impaired) * loss / (loss + 20.0)
    rating = 100.0 - of_loss - 0.03 * delay - np.where(delay > 150.0, 0.1 * (delay - 150.0) ** 2, 0.0)
    rating = np.where(rating < 0, 0.0, rating)
    return np.asarray(np.clip(1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating), 1.0, 5.0))


@metric(
    media="video", direction="consumer", unit="1 to 5", worse="low", title="rtcscore of video",
    source="rtcscore (github.com/ggarber/rtcscore), video: a logarithmic regression on little data, says its author",
)  # fmt: skip
def rtcscore_video(i: pd.DataFrame) -> Floats:
    """
    Score video received as rtcscore does: bits per pixel and frame, frames lost on the way, delay.

    The size of the tile is not in the report: the picture is held against its own size, or the sender's where that is
    larger. The frame rate is held against the sender's, where that is known. The codec is taken as VP8 or H.264.
    """
    fps = _numbers(i, "frames") / _numbers(i, "interval_s")
    sent_fps = np.fmax(_numbers(i, "other_fps"), fps)
    pixels = _numbers(i, "width") * _numbers(i, "height")
    pixels = np.fmax(pixels, _numbers(i, "other_width") * _numbers(i, "other_height"))
    with np.errstate(divide="ignore", invalid="ignore"):
        per_frame = 1000.0 * _numbers(i, "bitrate_kbps") / pixels / fps
        base = np.clip(0.56 * np.log(per_frame) + 5.36, 1.0, 5.0)
        score = np.clip(base - 1.9 * np.log(sent_fps / fps) - 0.002 * one_way_delay(i), 1.0, 5.0)
    still = (fps <= 0) & (pixels > 0)
    return np.asarray(np.where(still, 1.0, np.where(np.isfinite(score) & (pixels > 0), score, np.nan)))
