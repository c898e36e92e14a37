"""The simulation beside calls of real browsers that were impaired on purpose."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from rtkit_explore.errors import SavedCallError
from rtkit_explore.simulator.compare import (
    UNITS,
    WHY,
    compare_recording,
    compare_recordings,
    paired_samples,
    simulate_recording,
)

NAMES = ("bandwidth", "blackout", "clean", "latency", "loss", "never-connected", "path-switch", "sfu-clean",
         "sfu-downlink", "sfu-uplink")  # fmt: skip
BUSY = ("sfu-fox-clean", "sfu-reconnect", "sfu-two-faults", "turn-tcp")
"""Recorded while other work ran on the machine: buffers and jitter of good phases are the machine's."""


@pytest.fixture(scope="module", params=range(3), ids=lambda seed: f"seed{seed}")
def table(request):
    return compare_recordings(seed=request.param)


@pytest.mark.parametrize("name", NAMES)
def test_four_of_five_medians_lie_within_the_recorded_span(table, name):
    part = table[table["recording"] == name]
    assert len(part) > (40 if name != "never-connected" else 8)
    assert part["within"].mean() >= 0.8, part[~part["within"]].to_string()


@pytest.mark.parametrize("name", BUSY)
def test_so_do_four_of_five_of_what_a_busy_machine_does_not_move(table, name):
    moved = {"buffer_ms", "jitter_ms", "rtt_ms"}
    part = table[(table["recording"] == name) & ~table["measure"].isin(moved)]
    steady = part[(part["measure"] != "bitrate_kbps") | ~part["stream"].str.contains("audio")]
    assert len(steady) > 40
    assert steady["within"].mean() >= 0.78, steady[~steady["within"]].to_string()


def test_each_phase_of_each_recording_is_compared_in_every_measure(table):
    assert set(table["measure"]) == set(UNITS) == set(WHY)
    phases = table.groupby("recording")["phase"].nunique()
    assert phases[["loss", "bandwidth", "blackout", "sfu-uplink", "sfu-downlink"]].eq(3).all()


def test_what_lies_outside_says_why(table):
    assert (table.loc[table["within"], "why"] == "").all()
    assert (table.loc[~table["within"], "why"].str.len() > 20).all()


def row(table, recording, phase, stream, measure):
    chosen = table[
        (table["recording"] == recording)
        & table["phase"].str.startswith(phase)
        & (table["stream"] == stream)
        & (table["measure"] == measure)
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_a_server_repairs_lost_video_and_not_lost_audio(table):
    audio = row(table, "sfu-uplink", "loss", "Boris, audio consumer from Alma", "loss_pct")
    video = row(table, "sfu-uplink", "loss", "Boris, video consumer from Alma", "loss_pct")
    sender = row(table, "sfu-uplink", "loss", "Alma, video producer", "loss_pct")
    assert audio["simulated_median"] > 7
    assert video["simulated_median"] < 1
    assert sender["simulated_median"] > 4


def test_only_the_person_with_the_bad_downlink_loses(table):
    for sender in ("Alma", "Boris"):
        mine = row(table, "sfu-downlink", "loss", f"Chen, audio consumer from {sender}", "loss_pct")
        assert mine["simulated_median"] > 7
    others = row(table, "sfu-downlink", "loss", "Boris, audio consumer from Alma", "loss_pct")
    assert others["simulated_median"] == 0


def test_packets_of_an_outage_are_neither_received_nor_counted_as_lost(recordings):
    call = simulate_recording(recordings / "blackout")
    assert sum(line.unaccounted for line in call.ledger) > 1000
    assert sum(line.lost for line in call.ledger) == 0


def simulated_rows(folder, kind, name):
    """Samples of one person's streams of a kind in the simulation of a recording, with seconds since its beginning."""
    call = simulate_recording(folder)
    began = dt.datetime.fromisoformat(json.loads(call.session)["data"]["started_at"])
    for body in call.reports.values():
        person = json.loads(body)["data"]["participant"]
        if person["display_name"] == name:
            rows = person["peer_report"]["quality"][kind]
            return [((dt.datetime.fromisoformat(row["timestamp"]) - began).total_seconds(), row) for row in rows]
    raise AssertionError(name)


def test_a_stalling_tcp_leg_delays_both_ways_and_loses_nothing(recordings):
    truth = json.loads((recordings / "turn-tcp" / "truth.json").read_text())
    began = json.loads((recordings / "turn-tcp" / "session.json").read_text())["data"]["started_at"]
    begin = truth["phases"][3]["t"] / 1000 - dt.datetime.fromisoformat(began).timestamp()
    for name in ("Alma", "Boris"):
        rows = [
            row
            for at, row in simulated_rows(recordings / "turn-tcp", "audio_consumer", name)
            if begin + 8 < at < begin + 42
        ]
        assert len(rows) >= 4
        assert min(row["jitter_buffer_delay"] / row["jitter_buffer_emitted_count"] for row in rows) > 0.3
        assert sum(row["packets_lost"] for row in rows) == 0
    trips = [
        row["rtt"]
        for at, row in simulated_rows(recordings / "turn-tcp", "audio_producer", "Alma")
        if begin < at < begin + 42
    ]
    # some reports waited and some did not
    assert max(trips) > 0.25
    assert min(trips) < 0.2


def test_a_path_that_dies_leaves_half_a_sample_and_another_pair(recordings):
    counts = [
        row["packets_received"] for _, row in simulated_rows(recordings / "path-switch", "audio_consumer", "Boris")
    ]
    short = [k for k, count in enumerate(counts[1:-1], start=1) if count < 250]
    assert len(short) == 1
    assert 120 < counts[short[0]] < 220
    video = [row["packets_lost"] for _, row in simulated_rows(recordings / "path-switch", "video_consumer", "Boris")]
    assert max(video) > 200
    assert sorted(video)[-2] == 0
    call = simulate_recording(recordings / "path-switch")
    for body in call.reports.values():
        old, new = json.loads(body)["data"]["participant"]["peer_report"]["metadata"]["candidate_pairs"][
            "producing_transport"
        ]
        silent = old["last_packet_sent_timestamp"] - old["last_packet_received_timestamp"]
        assert 3_000 < silent < 4_000
        assert new["last_packet_received_timestamp"] > old["last_packet_sent_timestamp"]
        assert new["current_round_trip_time"] > old["current_round_trip_time"] + 0.05


def test_a_call_that_never_connected_has_samples_of_nothing(recordings):
    rows = [row for _, row in simulated_rows(recordings / "never-connected", "video_producer", "Alma")]
    assert len(rows) > 15
    assert {row["packets_sent"] for row in rows} == {0}
    assert not {"packets_lost", "rtt", "jitter", "frame_width"} & set(rows[0])
    assert simulated_rows(recordings / "never-connected", "audio_consumer", "Alma") == []


def test_one_late_report_after_an_outage_tells_more_than_was_sent(recordings):
    rows = [row for _, row in simulated_rows(recordings / "sfu-reconnect", "audio_producer", "Boris")]
    assert max(row["packets_lost"] for row in rows) > 400
    heard = simulated_rows(recordings / "sfu-reconnect", "audio_consumer", "Alma")
    assert sum(row["packets_lost"] for _, row in heard) == 0


def test_what_firefox_does_not_report_is_missing_as_in_the_recording(recordings):
    rows = [row for _, row in simulated_rows(recordings / "sfu-fox-clean", "video_producer", "Alma")]
    real = json.loads(next((recordings / "sfu-fox-clean").glob("peer-report-fcc0563b*")).read_bytes())
    assert set(rows[3]) == set(real["data"]["participant"]["peer_report"]["quality"]["video_producer"][3])
    capped = [row for _, row in simulated_rows(recordings / "sfu-fox-clean", "video_producer", "Boris")]
    assert {(row["quality_limitation_reason"], row["frame_width"]) for row in capped} == {("bandwidth", 320)}


def test_what_the_far_end_reports_swings_around_the_loss_that_the_listener_counts(recordings):
    sent = [row for at, row in simulated_rows(recordings / "loss", "audio_producer", "Alma") if 70 < at < 105]
    heard = [row for at, row in simulated_rows(recordings / "loss", "audio_consumer", "Boris") if 70 < at < 105]
    said = [row["packets_lost"] for row in sent]
    counted = [row["packets_lost"] for row in heard]
    assert max(said) - min(said) > max(counted) - min(counted)
    assert sum(said) == pytest.approx(sum(counted), rel=0.35)


def test_a_simulated_recording_has_the_keys_of_the_real_one_in_their_order(recordings):
    call = simulate_recording(recordings / "sfu-uplink")
    real = json.loads(next((recordings / "sfu-uplink").glob("peer-report-*.json")).read_bytes())["data"]["participant"]
    made = json.loads(next(iter(call.reports.values())))["data"]["participant"]
    assert list(made) == list(real)
    for key in ("audio_producer", "audio_consumer", "video_producer", "video_consumer"):
        assert list(made["peer_report"]["quality"][key][1]) == list(real["peer_report"]["quality"][key][1])
        block, other = (side["peer_report"]["quality"][f"{key}_cumulative"] for side in (made, real))
        assert list(block) == list(other)
        assert {name: sorted(part) for name, part in block.items()} == {
            name: sorted(part) for name, part in other.items()
        }
    pair, other = (
        side["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"][0] for side in (made, real)
    )
    assert list(pair) == list(other)


def test_both_sources_can_be_plotted_side_by_side():
    samples = paired_samples("loss", seed=1)
    assert set(samples["source"]) == {"recorded", "simulated"}
    assert samples["value"].notna().all()
    one = samples[(samples["stream"] == "Alma, audio producer") & (samples["measure"] == "loss_pct")]
    assert one.groupby("source").size().min() > 15


def test_a_folder_without_truth_is_refused(tmp_path):
    with pytest.raises(SavedCallError, match=r"truth\.json"):
        compare_recording(tmp_path)
