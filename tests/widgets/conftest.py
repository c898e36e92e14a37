"""No test of a picker sees what another one has chosen, and none leaves widgets behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.widgets import forget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_remembered():
    forget()
    yield
    forget()


@pytest.fixture(scope="session")
def call(recordings: Path) -> Call:
    folder = recordings / "sfu-uplink"
    reports = {p.stem.removeprefix("peer-report-"): p.read_bytes() for p in sorted(folder.glob("peer-report-*.json"))}
    return Call(
        CallDocuments(
            session=(folder / "session.json").read_bytes(),
            participants=(folder / "participants.json").read_bytes(),
            reports=reports,
        )
    )
