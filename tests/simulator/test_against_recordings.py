"""The simulation beside calls of real browsers that were impaired on purpose."""

from __future__ import annotations

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

NAMES = ("bandwidth", "blackout", "clean", "loss", "sfu-clean", "sfu-downlink", "sfu-uplink")


@pytest.fixture(scope="module", params=range(3), ids=lambda seed: f"seed{seed}")
def table(request):
    return compare_recordings(seed=request.param)


@pytest.mark.parametrize("name", NAMES)
def test_four_of_five_medians_lie_within_the_recorded_span(table, name):
    part = table[table["recording"] == name]
    assert len(part) > 40
    assert part["within"].mean() >= 0.8, part[~part["within"]].to_string()


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
