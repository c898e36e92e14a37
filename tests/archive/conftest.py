"""An archive of the sample calls, made once."""

from __future__ import annotations

import shutil

import pytest

import rtkit_explore as rtk

pytest.importorskip("pyarrow", reason="the extra 'archive' is not installed")

from rtkit_explore.archive import writer
from tests.archive.killing import fill
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer


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


@pytest.fixture(scope="session")
def small(tmp_path_factory, recordings):
    """An archive of four calls of a day, each in a batch of its own."""
    folder = tmp_path_factory.mktemp("small") / "calls"
    with pytest.MonkeyPatch.context() as patched, ApiServer() as server:
        patched.setattr(writer, "merge_small_batches", lambda _storage: 0)
        patched.setattr(writer, "MOST_CALLS", 1)
        fill(server, recordings, 4)
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False
        ) as app:
            patched.setattr(writer, "SIDE_BY_SIDE", 1)
            archive = rtk.archive_calls(app, folder, progress=False)
    archive.findings()
    assert len(archive.files("quality")) == 4
    return folder
