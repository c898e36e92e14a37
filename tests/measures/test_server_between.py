"""Whether a media server stands between two people, by the ports at either end of their candidate pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

import rtkit_explore as rtk
from rtkit_explore.measures.network_paths import candidate_pairs_of, server_between

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"


def told(call):
    pairs = candidate_pairs_of(call.candidate_pairs)
    one, other = (pairs.get(peer, []) for peer in call.participants["peer_id"])
    return server_between(one, other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sfu-duo-down", True), ("sfu-duo-narrow", True), ("p2p-turns", False), ("p2p-turn-stalls-mid", False),
     ("p2p-first-way-dies", False), ("p2p-end-cut", None)],
)  # fmt: skip
def test_recorded_calls_of_two(name, expected):
    assert told(rtk.load(RECORDINGS / name)) is expected


@pytest.mark.parametrize("scenario", ["clean", "path_switch", "turn_tcp"])
@pytest.mark.parametrize("direct", [False, True])
def test_simulated_calls_of_two(scenario, direct):
    call = rtk.simulate(scenario, participants=2, seed=3, direct=direct).call
    assert told(call) is not direct


def test_a_far_end_behind_a_router_and_pairs_without_ports_tell_nothing():
    table = rtk.load(RECORDINGS / "sfu-duo-down").candidate_pairs.copy()
    one, other = table["peer_id"].unique()

    def of(frame):
        pairs = candidate_pairs_of(frame)
        return server_between(pairs[one], pairs[other])

    routed, portless = table.copy(), table.copy()
    routed["remote_candidate_type"] = "srflx"
    portless["local_candidate_port"] = None
    assert (of(table), of(routed), of(portless)) == (True, None, None)
