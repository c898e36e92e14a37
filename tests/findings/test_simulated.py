"""A sample of the benchmark: simulated causes are named first, on the right side, and what is none raises nothing."""

from __future__ import annotations

import pytest

from tests.benchmarks.findings import Tally, judge, outages, speed

CAUSES = (
    "clean", "lossy_uplink", "lossy_downlink", "burst_loss", "delay_and_jitter", "narrow_uplink", "narrow_downlink",
    "cpu_bound", "outage", "network_switch", "turn_tcp", "headset_unplugged", "microphone_refused", "muted", "hidden_tab",
    "static_screen_share", "server_trouble", "skewed_clock", "no_report", "broken_report", "late_downlink", "long_path",
    "path_switch", "never_connected", "turn_stalls", "server_cap", "rejoin",
)  # fmt: skip


@pytest.mark.parametrize("scenario", CAUSES)
def test_the_true_cause_is_named_first_and_on_the_right_side(scenario):
    tally = Tally()
    for seed in (1001, 1002, 1003):
        judge(scenario, seed, tally, minutes=5.0)
    assert (tally.named, tally.sided) == (3, 3), tally


def test_two_causes_in_one_call_are_both_named():
    import rtkit_explore as rtk

    call, truth = rtk.simulate("lossy_uplink+cpu_bound", participants=5, minutes=6, seed=5)
    found = call.findings()
    for cause in truth.to_dict("records"):
        mine = found[found["side_peer_id"] == cause["peer_id"]]
        assert set(mine["rule"]) & set(cause["rules"]), cause["what"]


def test_a_narrow_downlink_is_told_as_narrow_and_a_lossy_one_is_not():
    import rtkit_explore as rtk

    for scenario, narrow in (("narrow_downlink", True), ("lossy_downlink", False), ("burst_loss", False)):
        for seed in (1, 2):
            call, _ = rtk.simulate(scenario, participants=3, minutes=4, seed=seed)
            assert ("too narrow" in call.verdicts()["story"].iloc[0]) == narrow, (scenario, seed)


def test_simulcast_layers_that_a_server_does_not_forward_are_no_fault():
    tally = Tally()
    for seed in (1, 2):
        judge("clean", seed, tally, simulcast=True, participants=5)
    assert tally.named == 2


def test_outages_of_14_s_are_found_at_any_phase_and_never_blamed_on_one():
    least, _, blamed = outages(8)
    assert least >= 0.6
    assert blamed == 0


def test_findings_take_less_time_than_the_tables():
    tables, findings, rows = speed(8, 30)
    assert rows > 20_000
    assert findings < 1.5 * tables
