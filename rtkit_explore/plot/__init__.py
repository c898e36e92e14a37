"""
Plots of calls: a Call or its table in, matplotlib Axes out.

Every plot takes ``ax=`` (Axes, a Figure or a SubFigure; small multiples take a sequence of Axes) and ``tz=``, names
units and the time zone, never calls ``plt.show()``, and says in words what is missing instead of failing. Names of
people in another script than the font has are shown as � with the start of the id; set ``font.family`` of matplotlib
to fonts that have it.
"""

from __future__ import annotations

from rtkit_explore.plot.candidate_pairs import candidate_pairs
from rtkit_explore.plot.cumulative import cumulative
from rtkit_explore.plot.delivery import delivery
from rtkit_explore.plot.device_changes import device_changes
from rtkit_explore.plot.distribution import distribution
from rtkit_explore.plot.evaluation import evaluation
from rtkit_explore.plot.finding import finding
from rtkit_explore.plot.heatmap import heatmap
from rtkit_explore.plot.quality import quality
from rtkit_explore.plot.timeline import timeline
from rtkit_explore.plot.trend import trend

__all__ = [
    "candidate_pairs",
    "cumulative",
    "delivery",
    "device_changes",
    "distribution",
    "evaluation",
    "finding",
    "heatmap",
    "quality",
    "timeline",
    "trend",
]


def __dir__() -> list[str]:
    """List what is public: the submodules are not."""
    return list(__all__)
