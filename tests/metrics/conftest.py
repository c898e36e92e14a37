"""Calls to work metrics out on: recordings of real browsers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from rtkit_explore.call import Call
from tests.findings.truths import documents_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def recorded(recordings: Path) -> Any:
    """Open a recording by its name; each is read once."""

    @cache
    def call(name: str) -> Call:
        return Call(documents_of(recordings / name))

    return call
