"""Recorded calls with the truth about them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmark that one test takes a sample of
from rtkit_explore.call import Call
from tests.findings.truths import Recording, documents_of


@pytest.fixture(scope="session")
def recorded(recordings: Path) -> Any:
    """Open a recording by its name; each is read once."""
    opened: dict[str, Recording] = {}

    def recording(name: str) -> Recording:
        if name not in opened:
            truth = json.loads((recordings / name / "truth.json").read_text())
            opened[name] = Recording(Call(documents_of(recordings / name)), truth)
        return opened[name]

    return recording
