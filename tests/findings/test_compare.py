"""One person over several calls, two calls side by side, a call against what is usual."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError


@pytest.fixture(scope="module")
def calls(recorded):
    return [recorded(name).call for name in ("clean", "loss", "sfu-clean")]


def test_one_person_is_followed_over_the_calls_in_which_they_were(calls):
    table = rtk.compare_participant(calls, "ALMA")
    assert list(table["verdict"]) == ["bad", "good", "good"]
    assert table["joined_at"].is_monotonic_increasing
    assert len(rtk.compare_participant(calls, "chen")) == 1


def test_nobody_of_that_name_is_refused(calls):
    with pytest.raises(InvalidArgumentError, match="Nobody called 'Zoe'"):
        rtk.compare_participant(calls, "Zoe")


def test_two_calls_side_by_side_show_what_differs(calls):
    table = rtk.compare_calls(calls[0], calls[1]).set_index("figure")
    assert table.loc["heard_loss_pct", "one"] == 0
    assert table.loc["heard_loss_pct", "difference"] > 2
    assert table.loc["heard_loss_pct", "two_worst"] == pytest.approx(4.8, abs=0.2)
    assert table.loc["mos", "two_worst"] < table.loc["mos", "one_worst"]
    assert table.loc["rtt_ms", "unit"] == "ms"


def test_a_call_against_what_is_usual_shows_who_is_outside(calls):
    usual = rtk.usual_range([calls[0], calls[2]])
    assert usual.set_index("figure").loc["heard_loss_pct", "high"] == 0
    table = rtk.compare_with_usual(calls[1], usual)
    boris = table[(table["display_name"] == "Boris") & (table["figure"] == "heard_loss_pct")].iloc[0]
    assert boris["place"] == "above"
    assert table["place"].isin(["below", "above"]).iloc[0]
    alone = rtk.usual_range([calls[0]])
    assert alone["low"].isna().all()  # two people are no range
    assert set(rtk.compare_with_usual(calls[1], alone)["place"]) == {"unknown"}


def test_what_is_usual_needs_calls_and_shares():
    with pytest.raises(InvalidArgumentError, match="at least one call"):
        rtk.usual_range([])
    with pytest.raises(InvalidArgumentError, match="shares"):
        rtk.usual_range([], low=0.9, high=0.1)
