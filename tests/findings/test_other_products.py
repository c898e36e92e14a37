"""Real calls of another product: running totals, other browsers, people who were never there together."""

from __future__ import annotations

import pandas as pd
import pytest

from rtkit_explore.call import Call
from tests.findings.truths import documents_of


@pytest.fixture(scope="module")
def relay_room(jitsi):
    return Call(documents_of(jitsi / "relay-room"))


def told(call):
    found = call.findings()
    return found[found["severity"] != "note"]


def of(call, name):
    return next(peer for peer, label in call.names.items() if label.startswith(name))


def test_safaris_outage_is_found_both_ways_and_when_it_was(relay_room):
    found = told(relay_room)
    mine = found[found["peer_id"] == of(relay_room, "safari")]
    outage = (pd.Timestamp("2023-10-19 09:03:32", tz="UTC"), pd.Timestamp("2023-10-19 09:03:55", tz="UTC"))
    for rule in ("loss_in", "loss_out", "round_trip", "frozen"):
        rows = mine[mine["rule"] == rule]
        assert len(rows), rule
        assert (rows["severity"] == "bad").all()
        assert rows["start"].min() >= outage[0]
        assert rows["end"].max() <= outage[1]
    assert "reconnects" in set(mine["rule"])
    assert (mine[mine["rule"] == "loss_out"]["value"] < 100).all()


def test_chromes_one_bad_interval_is_found(relay_room):
    mine = told(relay_room).query("rule == 'loss_in' and display_name.str.startswith('chrome')", engine="python")
    assert len(mine) == 2
    assert (mine["end"] - mine["start"]).dt.total_seconds().between(9, 11).all()
    assert mine["value"].between(15, 19).all()
    assert set(mine["side"]) == {"receiver_downlink"}


def test_people_who_were_not_there_together_are_not_compared(relay_room):
    names = set(relay_room.names.values())
    for row in told(relay_room).itertuples():
        others = names - {row.display_name}
        assert not any(other in f"{row.evidence_for} {row.evidence_against}" for other in others)
        assert pd.isna(row.side_peer_id) or row.side_peer_id == row.peer_id


def test_loss_above_100_percent_and_the_relay_over_tls_are_told(relay_room):
    found = relay_room.findings()
    assert "loss_pct" in set(found[found["rule"] == "implausible"]["unit"])
    relayed = found[found["rule"] == "relayed"]
    assert "warn" in set(relayed["severity"])
    assert len(relayed) == 3


def test_a_fine_call_over_a_server_with_both_ends_blames_nobody_for_thinned_video(jitsi):
    call = Call(documents_of(jitsi / "sfu-two-sided"))
    found = told(call)
    # Safari's encoder did fall to a few frames a second while key frames were asked for in masses.
    assert set(found["rule"]) <= {"low_frame_rate", "keyframe_storm"}
    assert set(found[found["rule"] == "low_frame_rate"]["side"]) == {"sender"}


def test_streams_that_a_server_keeps_at_zero_raise_nothing(jitsi):
    call = Call(documents_of(jitsi / "p2p-then-sfu"))
    assert not {"nothing_received", "nothing_sent", "one_way_transport"} & set(told(call)["rule"])
