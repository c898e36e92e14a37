"""What was done to the links of recorded calls is found, when it was, and on the right side."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.findings.truths import overlap


def told(call, profile="default"):
    found = call.findings(profile)
    return found[found["severity"] != "note"]


@pytest.mark.parametrize("name", ["clean", "sfu-clean"])
def test_a_good_call_raises_nothing_of_warn_or_worse(recorded, name):
    call = recorded(name).call
    assert told(call).empty
    assert set(call.verdicts()["verdict"]) == {"good"}


def test_a_lossy_uplink_over_a_server_is_found_by_both_receivers_and_the_sender(recorded):
    recording = recorded("sfu-uplink")
    found, window, alma = told(recording.call), recording.window, recording.peer("alma")
    for who in ("boris", "chen"):
        heard = found[
            (found["rule"] == "loss_in") & (found["peer_id"] == recording.peer(who)) & (found["media"] == "audio")
        ]
        assert len(heard) == 1
        assert overlap(heard.iloc[0], window) >= 0.8
    sent = found[(found["rule"] == "loss_out") & (found["peer_id"] == alma)]
    assert set(sent["media"]) == {"audio", "video"}
    assert all(overlap(row, window) >= 0.8 for row in sent.itertuples())
    assert set(found["side"]) == {"sender_uplink"}
    assert set(found["side_peer_id"]) == {alma}
    assert set(found["confidence"]) == {"high"}


def test_a_lossy_downlink_is_found_from_both_senders_and_blamed_on_its_owner_alone(recorded):
    recording = recorded("sfu-downlink")
    found, window, chen = told(recording.call), recording.window, recording.peer("chen")
    lost = found[found["rule"] == "loss_in"]
    assert len(lost) == 4
    assert all(overlap(row, window) >= 0.8 for row in lost.itertuples())
    assert set(found["peer_id"]) == {chen}
    assert set(found["side"]) == {"receiver_downlink"}
    assert set(found["side_peer_id"]) == {chen}


def test_loss_in_a_call_of_two_is_the_senders_uplink_with_low_confidence(recorded):
    recording = recorded("loss")
    found, window = told(recording.call), recording.window
    alma, boris = recording.peer("A"), recording.peer("B")
    for rule, peer in (("loss_in", boris), ("loss_out", alma)):
        rows = found[(found["rule"] == rule) & (found["peer_id"] == peer)]
        assert set(rows["media"]) == {"audio", "video"}
        assert all(overlap(row, window) >= 0.8 for row in rows.itertuples())
        assert set(rows["side"]) == {"sender_uplink"}
        assert set(rows["side_peer_id"]) == {alma}
        assert set(rows["confidence"]) == {"low"}
    assert found.iloc[0]["rule"] == "loss_out"


def test_a_narrow_uplink_is_named_first_and_its_beginning_is_known(recorded):
    recording = recorded("bandwidth")
    found, window = told(recording.call), recording.window
    alma, boris = recording.peer("A"), recording.peer("B")
    narrow = found[found["rule"].isin(["bandwidth_limited", "congested"]) & (found["peer_id"] == alma)]
    assert len(narrow)
    assert all(abs(start - window[0]) <= pd.Timedelta(seconds=8) for start in narrow["start"])
    slow = found[(found["rule"] == "low_frame_rate") & (found["peer_id"] == boris)]
    assert len(slow) == 1
    assert overlap(slow.iloc[0], window) >= 0.8
    assert slow.iloc[0]["side"] == "sender_uplink"
    assert "Alma's uplink" in recording.call.verdicts().iloc[0]["story"]
    assert "Alma's uplink" in recording.call.story().split("What happened")[1].splitlines()[1]


def test_an_outage_of_both_directions_is_nobodys_alone(recorded):
    recording = recorded("blackout")
    found, window = told(recording.call), recording.window
    silent = found[found["rule"] == "nothing_received"]
    assert set(silent["peer_id"]) == {recording.peer("A"), recording.peer("B")}
    assert all(overlap(row, window) >= 0.6 for row in silent.itertuples())
    assert set(found["side"]) == {"between"}
    assert found["side_peer_id"].isna().all()


@pytest.mark.parametrize("name", ["sfu-uplink", "sfu-downlink", "loss", "bandwidth", "blackout"])
def test_outside_of_the_true_window_nothing_is_bad(recorded, name):
    recording = recorded(name)
    bad = recording.call.findings().query("severity == 'bad'")
    slack = pd.Timedelta(seconds=8)
    assert (bad["start"] >= recording.window[0] - slack).all()
    assert (bad["end"] <= recording.window[1] + slack).all()
    late = told(recording.call)
    late = late[late["end"] > recording.window[1] + slack]
    assert set(late["rule"]) <= {"bandwidth_limited"}


def test_the_rows_of_a_finding_are_those_that_show_it(recorded):
    call = recorded("sfu-downlink").call
    for row in told(call).query("rule == 'loss_in'").itertuples():
        shown = call.quality.loc[row.first_row : row.last_row]
        assert set(shown["stream_id"]) == {row.stream_id}
        assert shown["loss_pct"].max() == pytest.approx(row.value)
        assert (shown["loss_pct"] > 3).all()


def test_a_finding_says_its_numbers_with_units_and_where_the_threshold_comes_from(recorded):
    row = told(recorded("loss").call).query("rule == 'loss_in'").iloc[0]
    assert (row["threshold"], row["unit"], row["profile"]) == (10.0, "%", "default")
    assert "Teams CQD" in row["source"]
    assert row["story"].startswith("Boris got Alma's ")
    assert "%" in row["story"]
    assert "UTC" in row["story"]
    assert row["next_step"]


def test_judging_by_another_profile_needs_no_new_call(recorded):
    call = recorded("loss").call
    strict = call.findings("plivo")
    lenient = call.findings({"loss_in": (50, 60), "loss_out": None, "concealment": None})
    assert set(strict["profile"]) == {"plivo"}
    assert (strict.query("rule == 'loss_in'")["severity"] == "bad").all()
    assert "concealment" not in set(strict["rule"])
    assert lenient.query("rule in ['loss_in', 'loss_out', 'concealment']").empty
    assert call.findings().equals(call.findings("default"))
