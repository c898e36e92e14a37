"""
Metrics of your own: declare, evaluate, roll up, hold against labels; and ready-made ones.

Declare a metric with ``rtk.metric``, turn it into a rule with ``rtk.rule``, hold it against what people said with
``rtk.evaluate``. Here are metrics that are ready to use, each with its source:

- ``mos_narrow``, ``mos_wide``: the E-model's MOS of audio, telephone band and wide band;
- ``client_score_audio``, ``client_score_video``: the client's score of 0 to 1, recomputed;
- ``glitch_share``: share of the time that concealment patched; ``freeze_share``: share without a new frame;
- ``rtcscore_audio``, ``rtcscore_video``: the open scores of 1 to 5 in wide use for WebRTC.

What is not possible with a peer report: models that listen or look (POLQA, P.563, VMAF) need the media; ITU-T P.1203
and P.1204 need a codec's bitstream, segment by segment, and are for streaming; WebRTC's own freeze count and the audio
level are not in the report.
"""

from __future__ import annotations

from rtkit_explore.metrics.metric import Metric, metric
from rtkit_explore.metrics.ready_made import (
    client_score_audio,
    client_score_video,
    freeze_share,
    glitch_share,
    mos_narrow,
    mos_wide,
    rtcscore_audio,
    rtcscore_video,
)

READY_MADE: tuple[Metric, ...] = (
    mos_narrow,
    mos_wide,
    client_score_audio,
    client_score_video,
    glitch_share,
    freeze_share,
    rtcscore_audio,
    rtcscore_video,
)
"""Every ready-made metric."""

__all__ = [
    "READY_MADE",
    "Metric",
    "client_score_audio",
    "client_score_video",
    "freeze_share",
    "glitch_share",
    "metric",
    "mos_narrow",
    "mos_wide",
    "rtcscore_audio",
    "rtcscore_video",
]


def __dir__() -> list[str]:
    """List what is public: the submodules are not."""
    return list(__all__)
