"""A function over an archive on two Dask workers: the same frame as in this process."""

from __future__ import annotations

import os
import signal

import pandas as pd
import pytest

import rtkit_explore as rtk

distributed = pytest.importorskip("distributed", reason="the extra 'archive' is not installed")


def figures(call):
    """Two figures of a call."""
    if call.title.endswith("latency"):
        msg = "not this one"
        raise ValueError(msg)
    return {"rows": len(call.quality), "loss_pct": call.quality["loss_pct"].mean()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_workers_give_the_same_frame_also_when_one_dies(made):
    archive = rtk.open_archive(made)
    values, problems = archive.map(figures, progress=False)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster),
    ):
        on_dask = archive.map(figures, progress=False)
        pd.testing.assert_frame_equal(on_dask.values, values)
        pd.testing.assert_frame_equal(on_dask.problems, problems)
        # By its process id: distributed's own kill() wants an event loop of this thread.
        os.kill(next(one for one in cluster.workers.values() if one.worker_address).pid, signal.SIGKILL)
        pd.testing.assert_frame_equal(archive.map(figures, progress=False).values, values)
