"""Calls to draw."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from tests.plot.saved_calls import load

mpl.use("agg")


@pytest.fixture(autouse=True)
def _no_figure_left():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


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
