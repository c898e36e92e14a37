"""
Every rule there is, causes before what follows from them.

To add one, declare a ``Rule`` in a module of this folder, put it into ``RULES`` below where it belongs among causes and
consequences, and give it limits in a profile. Order, units, words, plots and
``rtk.profiles()`` follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.findings.rules.devices import DEVICE_LOST
from rtkit_explore.findings.rules.gaps import GAP, RESET, SWITCHED_OFF
from rtkit_explore.findings.rules.own_usual import NOT_CAPTURED, UNSTEADY
from rtkit_explore.findings.rules.participants import (
    CLOCK_OFFSET,
    HIDDEN,
    IMPLAUSIBLE,
    NEVER_CONNECTED,
    NO_REPORT,
    ONE_WAY_TRANSPORT,
    PATH_CHANGED,
    RELAYED,
    TOO_LITTLE,
)
from rtkit_explore.findings.rules.reconnects import RECONNECTS
from rtkit_explore.findings.rules.streams import (
    BANDWIDTH_LIMITED,
    CONCEALMENT,
    CONGESTED,
    CPU_LIMITED,
    DECODER_BEHIND,
    FROZEN,
    INTERRUPTED,
    JITTER,
    KEYFRAME_STORM,
    LATE_MEDIA,
    LOSS_IN,
    LOSS_OUT,
    LOW_FRAME_RATE,
    LOW_RESOLUTION,
    NOTHING_RECEIVED,
    NOTHING_SENT,
    ROUND_TRIP,
)

if TYPE_CHECKING:
    from rtkit_explore.findings.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    NEVER_CONNECTED,
    ONE_WAY_TRANSPORT,
    NOTHING_RECEIVED,
    INTERRUPTED,
    NOTHING_SENT,
    CONGESTED,
    LOSS_OUT,
    LOSS_IN,
    ROUND_TRIP,
    JITTER,
    NOT_CAPTURED,
    CPU_LIMITED,
    BANDWIDTH_LIMITED,
    RECONNECTS,
    DEVICE_LOST,
    RELAYED,
    KEYFRAME_STORM,
    DECODER_BEHIND,
    CONCEALMENT,
    FROZEN,
    LOW_FRAME_RATE,
    LATE_MEDIA,
    LOW_RESOLUTION,
    UNSTEADY,
    HIDDEN,
    PATH_CHANGED,
    CLOCK_OFFSET,
    IMPLAUSIBLE,
    SWITCHED_OFF,
    GAP,
    RESET,
    TOO_LITTLE,
    NO_REPORT,
)
"""The rules that ship, causes before what follows from them."""

BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}


def rank_of(rule: Rule) -> float:
    """Return the place of a rule among causes and consequences; a rule of the user's own follows its layer."""
    if rule.name in BY_NAME:
        return float(RULES.index(BY_NAME[rule.name]))
    return max(float(place) for place, known in enumerate(RULES) if known.value and known.layer == rule.layer) + 0.5
