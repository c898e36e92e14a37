"""How much of the long walks runs: a sample, or with RTKIT_WHOLE_WALKS=1 (``-m tests.benchmarks walks``) the whole."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.reference import Path

WHOLE = os.environ.get("RTKIT_WHOLE_WALKS") == "1"
REPORT_TABLES = (
    "clients",
    "device_changes",
    "connection_checks",
    "sdp",
    "candidate_pairs",
    "events",
    "cumulative",
    "samples",
    "participants",
    "peer_events",
)
"""Tables that a peer report fills."""


def sample(kinds: Mapping[Path, str], values: Sequence[str], every: int) -> list[tuple[Path, str]]:
    """
    Pair each place with every n-th value: the next place of its kind with other ones.

    Every place comes up, and every kind with every value: one that has fewer than ``every`` places comes up whole.
    """
    many, seen = Counter(kinds.values()), Counter[str]()
    cases = []
    for path, kind in kinds.items():
        few = many[kind] < every
        cases += [(path, value) for n, value in enumerate(values) if few or (seen[kind] + n) % every == 0]
        seen[kind] += 1
    return cases
