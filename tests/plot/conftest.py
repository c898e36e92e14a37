"""Calls to draw."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments

mpl.use("agg")


@pytest.fixture(autouse=True)
def _no_figure_left():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def load(folder):
    """Read a saved call without the client."""
    reports = {path.name[len("peer-report-") : -5]: path.read_bytes() for path in sorted(folder.glob("peer-report-*"))}
    return Call(
        CallDocuments(
            session=(folder / "session.json").read_bytes(),
            participants=(folder / "participants.json").read_bytes(),
            reports=reports,
        )
    )


@pytest.fixture(scope="session")
def loss(recordings):
    return load(recordings / "loss")


@pytest.fixture(scope="session")
def uplink(recordings):
    return load(recordings / "sfu-uplink")


@pytest.fixture(scope="session")
def bandwidth(recordings):
    return load(recordings / "bandwidth")


@pytest.fixture(scope="session")
def nothing():
    return Call(CallDocuments())
