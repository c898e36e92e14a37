"""What tests share: where the recorded calls are, and which of them may be absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORDINGS = ROOT / "rtkit_explore" / "sample_calls"
SHARED = ROOT.parent / "shared"


# Tests ask servers that change between two questions; those of the cache give it a folder of their own.
os.environ["RTKIT_CACHE"] = "off"


@pytest.fixture(scope="session")
def recordings() -> Path:
    return RECORDINGS


@pytest.fixture(scope="session")
def jitsi() -> Path:
    folder = SHARED / "data" / "jitsi"
    if not folder.is_dir():
        pytest.skip("the converted calls of another product are not on this machine")
    return folder


@pytest.fixture(scope="session")
def domain() -> Path:
    folder = SHARED / "domain"
    if not folder.is_dir():
        pytest.skip("the API reference is not on this machine")
    return folder
