"""An archive on two Dask workers: the same frames as in this process, also when one of them dies at work."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import rtkit_explore as rtk

distributed = pytest.importorskip("distributed", reason="the extra 'archive' is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def figures(call):
    """Two figures of a call."""
    if call.title.endswith("latency"):
        msg = "not this one"
        raise ValueError(msg)
    return {"rows": len(call.quality), "loss_pct": call.quality["loss_pct"].mean()}


def figures_of_a_worker_that_dies(call, folder):
    """The same; but the worker that is the fifth to begin with a call is killed in the middle of it, once."""
    (folder / f"{call.session_id}.{os.getpid()}").touch()
    if len(list(folder.iterdir())) == 5 and not (folder / "killed").exists():
        (folder / "killed").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return figures(call)


@contextmanager
def two_workers():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield cluster


def test_two_workers_give_the_same_frames(made, folder):
    archive = rtk.open_archive(made)
    glitch = rtk.metric(
        lambda i: i["concealment_events"], name="glitch", media="audio", direction="consumer", worse="high"
    )
    rule = rtk.rule(glitch, warn=1, bad=5)
    values, problems = archive.map(figures, progress=False)
    rolled, found = glitch(archive, by="participant", how="p95"), archive.findings(rule)
    assert (found["rule"] == "glitch").any()
    with two_workers():
        on_dask = archive.map(figures, progress=False)
        pd.testing.assert_frame_equal(on_dask.values, values)
        pd.testing.assert_frame_equal(on_dask.problems, problems)
        pd.testing.assert_frame_equal(glitch(archive, by="participant", how="p95"), rolled)
        pd.testing.assert_frame_equal(rtk.open_archive(folder).findings(rule), found)


def test_a_worker_that_is_killed_in_the_middle_of_a_run_loses_nothing(made, tmp_path):
    archive = rtk.open_archive(made)
    values, problems = archive.map(figures, progress=False)
    with two_workers() as cluster:
        first = {one.pid for one in cluster.workers.values()}
        on_dask = archive.map(partial(figures_of_a_worker_that_dies, folder=tmp_path), progress=False)
        killed = int(Path(tmp_path / "killed").read_text())
    assert killed in first
    begun = {path.name.partition(".")[0] for path in tmp_path.iterdir()} - {"killed"}
    assert begun == set(archive.session_ids)
    # What was under way on the dead worker was begun again by another process.
    assert len({path.suffix for path in tmp_path.iterdir() if path.name != "killed"}) >= 2
    pd.testing.assert_frame_equal(on_dask.values, values)
    pd.testing.assert_frame_equal(on_dask.problems, problems)
