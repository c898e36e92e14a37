"""What a running call consists of: handed from stage to stage while it is being simulated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    import numpy as np

    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import CallPlan
    from rtkit_explore.simulator.receiver import Reception
    from rtkit_explore.simulator.tracks import Track


@dataclass
class SimulationState:
    """
    One call while it runs.

    Attributes
    ----------
    plan
        What was declared.
    seats
        Participants, one per participant id.
    rng
        Source of chance for what happens.
    chance
        Source of names, ids and other things without consequences.
    tracks
        What everyone sends, once the senders have run.
    breaks
        Steps at which the video of a track breaks at one receiver only, by (track, receiver).
    receptions
        What each participant receives, and through which queue, once the senders have run.
    """

    plan: CallPlan
    seats: list[ParticipantState]
    rng: np.random.Generator
    chance: random.Random
    tracks: list[Track] = field(default_factory=list)
    breaks: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    receptions: list[Reception] = field(default_factory=list)
