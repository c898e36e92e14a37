"""The demo app and simulated calls, as users hold them."""

from __future__ import annotations

import pandas as pd
import pytest

import rtkit_explore as rtk


def test_the_demo_is_an_app_like_any_other():
    with rtk.demo(progress=False) as app:
        assert type(app) is rtk.App
        found = app.find("alma", start_time="2026-11-19T12:00", end_time="2026-11-19T18:00")
        call = app.call(found["session_id"].iloc[0])
    assert set(call.participants["report"]) == {"read", "missing"}
    assert len(call.samples) > 1000


def test_the_demo_shows_the_same_twice():
    first, second = (rtk.demo(progress=False).sessions() for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_a_simulated_call_comes_with_its_truth():
    call, truth = rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"], minutes=4, seed=1)
    assert truth["side"].tolist() == ["sender_uplink"]
    assert truth["who"].iloc[0] in call.names.values()
    assert call.peer(truth["who"].iloc[0]) == truth["peer_id"].iloc[0]
    assert (truth["start"] < truth["end"]).all()
    assert truth["start"].dtype == call.quality["start"].dtype


def test_the_truth_is_no_part_of_the_documents():
    call, truth = rtk.simulate("lossy_uplink", minutes=3)
    everything = b"".join([call.documents.session, call.documents.participants, *call.documents.reports.values()])
    assert truth["what"].iloc[0].encode() not in everything.replace(b"lossy uplink", b"")


def test_every_scenario_can_be_simulated_by_its_name():
    listed = rtk.scenarios()
    assert len(listed) == 27
    assert {"turn_stalls", "never_connected", "path_switch", "server_cap"} <= set(listed["scenario"])
    assert listed["says"].str.len().gt(0).all()


def test_an_unknown_scenario_is_answered_with_those_that_exist():
    with pytest.raises(rtk.errors.InvalidArgumentError, match="lossy_uplink"):
        rtk.simulate("lossy")


def test_the_demos_complaints_are_a_table_with_the_truth_behind_them():
    said = rtk.demo_complaints()
    assert said["at"].dtype == rtk.simulate(minutes=1).call.quality["start"].dtype
    assert said["cause"].isna().sum() >= 3
    assert set(said["cause"].dropna()) <= set(rtk.scenarios()["scenario"])
    assert said.loc[said["cause"].isna(), ["side", "culprit"]].isna().all(axis=None)
