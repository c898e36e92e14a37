"""Both ends of the path on one clock: what was sent, what arrived, what is missing, by the lines that are drawn."""

from __future__ import annotations

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.delivery import delivery_over_time


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def lossy():
    return rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"], seed=3)


def line(ax, gid):
    return next(one for one in ax.lines if one.get_gid() == gid)


def test_what_was_lost_on_the_way_up_is_lost_at_both_listeners(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    axes = rtk.plot.delivery(call, who)
    others = [name for name in call.names.values() if name != who]
    sent = np.nanmedian(line(axes[0], "sent").get_ydata())
    assert sent == pytest.approx(50, abs=1)
    for other in others:
        assert np.nanmin(line(axes[0], f"received {other}").get_ydata()) < 0.96 * sent
        assert np.nanmax(line(axes[1], f"lost {other}").get_ydata()) > 5
    assert [ax.get_ylabel() for ax in axes] == [
        "packets/s",
        "packet loss\n%",
        "concealments\nper 7 s",
        "jitter buffer\nms",
    ]
    assert "UTC" in axes[-1].get_xlabel()


def test_an_outage_shows_packets_that_nobody_counted():
    call, truth = rtk.simulate("outage", participants=["Alma", "Boris", "Chen"], seed=2)
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    axes = rtk.plot.delivery(call, other, to=who)
    missing = [one for one in axes[1].lines if str(one.get_gid()).startswith("missing")]
    assert missing
    assert np.nanmax(missing[0].get_ydata()) > 80
    assert np.nanmax(missing[0].get_ydata()) <= 100


def test_video_shows_frames_and_a_window_is_kept(lossy):
    call, truth = lossy
    start = truth["start"].iloc[0]
    axes = rtk.plot.delivery(call, truth["who"].iloc[0], media="video", window=(start, None), tz="Europe/Berlin")
    assert axes[2].get_ylabel() == "frames/s"
    assert "Europe/Berlin" in axes[-1].get_xlabel()


def test_what_is_not_there_is_said_in_words(lossy):
    call, _ = lossy
    axes = rtk.plot.delivery(call, "Alma", media="screenshare_video")
    assert any("neither end reports" in one.get_text() for one in axes[0].texts)
    with pytest.raises(InvalidArgumentError, match="media="):
        rtk.plot.delivery(call, "Alma", media="smell")
    with pytest.raises(InvalidArgumentError, match="Call"):
        rtk.plot.delivery(call.quality, "Alma")


def test_intervals_add_up_to_what_was_sent(lossy):
    call, _ = lossy
    stream = call.streams[(call.streams["direction"] == "consumer") & (call.streams["media"] == "audio")].iloc[0]
    audit = delivery_over_time(call.quality, str(stream["stream_id"]))
    whole = audit["sent_per_s"] - audit["received_per_s"] - audit["lost_per_s"] - audit["missing_per_s"]
    assert whole.abs().max() < 1e-6
    assert audit["missing_pct"].abs().median() < 2
    assert str(audit["start"].dtype) == "datetime64[us, UTC]"
    assert delivery_over_time(call.quality, "nothing").empty


def test_a_window_without_a_day_is_one_of_the_call():
    call, _ = rtk.simulate("clean", participants=["Alma", "Boris"], minutes=4, seed=1)
    began = call.sessions["started_at"].iloc[0]
    window = (f"{began + pd.Timedelta(minutes=1):%H:%M}", "+3min")
    for draw in (lambda: rtk.plot.delivery(call, "Alma", window=window), lambda: rtk.plot.quality(call, window=window)):
        axes = draw()
        low, high = (mdates.num2date(one) for one in axes[0].get_xlim())
        assert began + pd.Timedelta(seconds=45) < low < high < began + pd.Timedelta(seconds=200)
    with pytest.raises(InvalidArgumentError, match="call"):
        rtk.plot.delivery(call, "Alma", window=("23:00", "23:10"))
