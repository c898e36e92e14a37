"""Recorded calls, the truth about them, and how well a finding meets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.store.documents import CallDocuments

if TYPE_CHECKING:
    from pathlib import Path

    from rtkit_explore.call import Call


@dataclass
class Recording:
    """A recorded call, who was who, and what was done to the links."""

    call: Call
    truth: dict[str, Any]

    def peer(self, who: str) -> str:
        return str(self.truth["peers"][who])

    @property
    def window(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The phase in which anything was done."""
        for phase in self.truth["phases"]:
            if set(phase) - {"t", "name", "s", "start", "end"}:
                return pd.Timestamp(phase["start"]), pd.Timestamp(phase["end"])
        msg = "nothing was done in this recording"
        raise AssertionError(msg)


def documents_of(folder: Path) -> CallDocuments:
    return CallDocuments(
        session=(folder / "session.json").read_bytes(),
        participants=(folder / "participants.json").read_bytes(),
        reports={
            path.stem.removeprefix("peer-report-"): path.read_bytes()
            for path in sorted(folder.glob("peer-report-*.json"))
        },
    )


def overlap(row: Any, window: tuple[pd.Timestamp, pd.Timestamp]) -> float:
    """Intersection over union of a finding and the true window."""
    common = min(row.end, window[1]) - max(row.start, window[0])
    return max(common, pd.Timedelta(0)) / (max(row.end, window[1]) - min(row.start, window[0]))
