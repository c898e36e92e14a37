"""
Samples to facts: increments, rates, delays, gaps and resets. No opinion, no thresholds.

The tables ``quality`` and ``streams`` are made here (``call.quality``, ``call.streams``). What goes further:

- ``intervals``: the known intervals with the other end's figures and the round trip joined, on one clock;
- ``scores``: the E-model's MOS and the client's score, recomputed beside the reported one;
- ``mos``, ``r_factor``, ``mos_of_r``: the E-model for numbers of your own; ``client_score``: the client's formula;
- ``delivery``: what one end sent against what the other received, lost, or cannot account for;
- ``clock_offsets``: whose clock is off, and by how much;
- ``implausible``: which values cannot be right.
"""

from __future__ import annotations

from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.measures.delivery import delivery
from rtkit_explore.measures.intervals import intervals
from rtkit_explore.measures.plausibility import implausible
from rtkit_explore.measures.scores import client_score, mos, mos_of_r, r_factor, scores

__all__ = [
    "client_score",
    "clock_offsets",
    "delivery",
    "implausible",
    "intervals",
    "mos",
    "mos_of_r",
    "r_factor",
    "scores",
]


def __dir__() -> list[str]:
    """List what is public: the submodules are not."""
    return list(__all__)
