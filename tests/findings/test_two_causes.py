"""Two causes at once that were once told wrong: each is found, and nobody innocent is accused."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from tests.benchmarks import odd_calls
from tests.benchmarks.two_causes import Case, happening, judge

ONCE_WRONG = [
    ("server_trouble+rejoin", 3, 639302),
    ("rejoin+server_trouble", 3, 639304),
    ("narrow_uplink+server_cap", 2, 740705),
    ("static_screen_share+server_trouble", 3, 44803),
    ("hidden_tab+microphone_refused", 3, 893403),
    ("lossy_uplink+narrow_downlink", 2, 695301),
    ("burst_loss+narrow_downlink", 2, 181802),
    ("long_path+turn_stalls", 2, 350202),
    ("turn_stalls+long_path", 2, 350204),
    ("never_connected+server_trouble", 4, 492600),
    ("server_trouble+no_report", 4, 399800),
    ("server_trouble+broken_report", 5, 886200),
    ("narrow_uplink+narrow_downlink", 3, 119302),
    ("rejoin+network_switch", 4, 890000),
]


@pytest.mark.parametrize(("scenario", "people", "seed"), ONCE_WRONG)
def test_both_causes_are_found_and_nobody_innocent_is_accused(scenario, people, seed):
    result = judge(Case(scenario, people, seed))
    assert result.found, result.wrong
    assert not result.accused, result.wrong


def test_trouble_of_a_server_stays_shared_while_one_of_three_is_away():
    call, _ = rtk.simulate("server_trouble+rejoin", participants=3, seed=639302)
    found = call.findings().query("severity != 'note'")
    assert set(found["side"]) == {"shared"}
    # one who came back under a new id is one person
    assert found["evidence_for"].str.contains("3 of 3 people").any()


def test_a_picture_that_a_hidden_tab_does_not_fetch_is_not_missing():
    call, _ = rtk.simulate("hidden_tab+microphone_refused", participants=3, seed=893403)
    assert "nothing_received" not in set(call.findings()["rule"])


def test_few_frames_of_a_still_screen_are_no_slow_machine():
    call, truth = rtk.simulate("static_screen_share+server_trouble", participants=3, seed=44803)
    slow = call.findings().query("rule == 'low_frame_rate'")
    assert "sender" not in set(slow["side"]), truth


@pytest.mark.parametrize("seed", [0, 4, 18, 21, 63])
def test_odd_calls_accuse_nobody_innocent(seed):
    odd, result = odd_calls.judge(seed)
    assert not result.accused, (str(odd), result.wrong)


def test_who_alone_is_limited_all_along_is_noted_and_not_accused():
    odd = odd_calls.draw(63)
    assert odd.aspects["cause"] == "narrow_uplink"
    assert odd.aspects["place"] == "whole call"
    call, _ = rtk.simulate(odd.scenario, **odd.options)
    limited = call.findings().query("rule == 'bandwidth_limited'")
    assert set(limited["display_name"]) == {"Alma"}
    assert set(limited["severity"]) == {"note"}


def test_two_orders_that_come_to_the_same_call_make_the_same_documents():
    one, two = Case("muted+server_trouble", 3, 7), Case("server_trouble+muted", 3, 7)
    assert happening(one) == happening(two)
    first, second = (rtk.simulate(case.scenario, participants=3, seed=7)[0] for case in (one, two))
    assert first.quality.equals(second.quality)
    assert happening(Case("lossy_uplink+lossy_downlink", 2, 1)) != happening(Case("lossy_uplink+lossy_downlink", 2, 2))


def test_a_picture_lost_on_the_way_is_not_the_limited_senders():
    call, truth = rtk.simulate("narrow_uplink+narrow_downlink", participants=3, seed=119302)
    whose = set(truth["peer_id"])
    slow = call.findings().query("rule == 'low_frame_rate' and severity != 'note'")
    assert set(slow["side_peer_id"].dropna()) <= whose


def test_who_leaves_a_dead_network_and_comes_back_was_cut_off_both_ways():
    """The first report ends within the silence: what it would have missed after that is not known."""
    call, truth = rtk.simulate("network_switch", participants=3, seed=5)
    silent = call.findings(severity="warn").query("rule == 'nothing_received'")
    assert set(silent["side"]) == {"connection"}, truth
