"""An archive of the sample calls, made once."""

from __future__ import annotations

import shutil

import pytest

import rtkit_explore as rtk

pytest.importorskip("pyarrow", reason="the extra 'archive' is not installed")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "calls"
    with rtk.replay(rtk.sample_calls(), progress=False) as app:
        rtk.archive_calls(app, folder, progress=False)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(made, tmp_path / "calls")


@pytest.fixture
def app():
    with rtk.replay(rtk.sample_calls(), progress=False) as opened:
        yield opened
