"""Recorded calls cut, thinned, moved and counted otherwise: what is found does not hang on how they were written."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from rtkit_explore.call import Call
from tests.findings.truths import documents_of, overlap

if TYPE_CHECKING:
    from pathlib import Path

SERIES = ("audio_consumer", "audio_producer", "video_consumer", "video_producer")
GAUGES = {"timestamp", "ssrc", "mid", "jitter", "rtt", "frame_height", "frame_width", "frames_per_second", "consumer_id",
          "producer_id", "peer_id", "mos_quality", "quality_limitation_reason"}  # fmt: skip


def truth_of(folder: Path):
    return json.loads((folder / "truth.json").read_text())


def window_of(folder: Path):
    phase = next(phase for phase in truth_of(folder)["phases"] if set(phase) - {"t", "name", "s", "start", "end"})
    return pd.Timestamp(phase["start"]), pd.Timestamp(phase["end"])


def rewritten(folder: Path, change, *, without=()):
    """Open a recording after ``change(series name, samples)`` was applied to every list of samples."""
    documents = documents_of(folder)
    for peer, body in documents.reports.items():
        document = json.loads(body)
        quality = document["data"]["participant"]["peer_report"]["quality"]
        for name in SERIES:
            quality[name] = change(name, quality[name])
        documents.reports[peer] = json.dumps(document).encode()
    for peer in without:
        documents.reports.pop(peer)
    return Call(documents)


def streams(samples):
    found = {}
    for sample in samples:
        found.setdefault((sample.get("consumer_id") or sample["producer_id"], sample["ssrc"]), []).append(sample)
    return found.values()


def as_totals(_name, samples):
    """Count on, as getStats does."""
    for rows in streams(samples):
        for before, row in itertools.pairwise(rows):
            for key, value in row.items():
                if key == "quality_limitation_durations":
                    row[key] = {part: seconds + before[key][part] for part, seconds in value.items()}
                elif key not in GAUGES:
                    row[key] = value + before[key]
    return samples


def cut(folder, first_s, last_s):
    start = datetime.fromisoformat(truth_of(folder)["phases"][0]["start"])

    def keep(_name, samples):
        return [
            sample
            for sample in samples
            if timedelta(seconds=first_s)
            <= datetime.fromisoformat(sample["timestamp"]) - start
            <= timedelta(seconds=last_s)
        ]

    return rewritten(folder, keep)


def told(call):
    found = call.findings()
    return found[found["severity"] != "note"]


def key(found):
    return {
        (row.rule, row.peer_id, row.media, row.side, row.side_peer_id)
        for row in found.fillna({"side_peer_id": ""}).itertuples()
    }


@pytest.mark.parametrize("name", ["clean", "loss", "bandwidth", "blackout", "sfu-uplink", "sfu-downlink", "sfu-clean"])
def test_running_totals_tell_the_same_as_increments(recordings, name):
    totals, increments = rewritten(recordings / name, as_totals), Call(documents_of(recordings / name))
    assert key(told(totals)) == key(told(increments))


@pytest.mark.parametrize("name", ["clean", "sfu-clean"])
@pytest.mark.parametrize("span", [(0, 40), (20, 90), (60, 147)])
def test_any_part_of_a_good_call_is_good(recordings, name, span):
    assert told(cut(recordings / name, *span)).empty


@pytest.mark.parametrize(("name", "side"), [("sfu-uplink", "sender_uplink"), ("sfu-downlink", "receiver_downlink")])
def test_a_call_that_begins_and_ends_in_the_middle_of_it_is_judged_the_same(recordings, name, side):
    found = told(cut(recordings / name, 56, 100))
    assert set(found["side"]) == {side}
    assert found["side_peer_id"].nunique() == 1
    assert "loss_in" in set(found["rule"])


def test_without_the_senders_report_two_receivers_still_point_at_the_uplink(recordings):
    folder = recordings / "sfu-uplink"
    alma = truth_of(folder)["peers"]["alma"]
    found = told(rewritten(folder, lambda _, samples: samples, without=[alma]))
    assert set(found["rule"]) >= {"loss_in"}
    assert set(found["side"]) == {"sender_uplink"}
    assert set(found["side_peer_id"]) == {alma}
    assert "high" not in set(found["confidence"])


def test_without_anybody_elses_report_nobody_is_blamed_for_one_bad_sender(recordings):
    folder = recordings / "sfu-uplink"
    peers = truth_of(folder)["peers"]
    found = told(rewritten(folder, lambda _, samples: samples, without=[peers["alma"], peers["chen"]]))
    lost = found[found["rule"] == "loss_in"]
    assert set(lost["side"]) == {"unknown"}
    assert lost["side_peer_id"].isna().all()


def test_a_receiver_alone_who_is_bad_from_both_senders_is_that_receivers_side(recordings):
    folder = recordings / "sfu-downlink"
    peers = truth_of(folder)["peers"]
    found = told(rewritten(folder, lambda _, samples: samples, without=[peers["alma"], peers["boris"]]))
    assert set(found["side"]) == {"receiver_downlink"}
    assert set(found["side_peer_id"]) == {peers["chen"]}


@pytest.mark.parametrize("ahead", [3.4, 60.0, -25.0])
def test_a_client_whose_clock_runs_otherwise_changes_nothing_but_a_note(recordings, ahead):
    folder = recordings / "sfu-uplink"
    boris = truth_of(folder)["peers"]["boris"]
    documents = documents_of(folder)
    document = json.loads(documents.reports[boris])
    report = document["data"]["participant"]["peer_report"]
    for rows in (*(report["quality"][name] for name in SERIES), report["metadata"]["events"]):
        for row in rows:
            moved = datetime.fromisoformat(row["timestamp"]) + timedelta(seconds=ahead)
            row["timestamp"] = moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    documents.reports[boris] = json.dumps(document).encode()
    call = Call(documents)
    found = told(call)
    assert set(found["side"]) == {"sender_uplink"}
    assert set(found["side_peer_id"]) == {truth_of(folder)["peers"]["alma"]}
    notes = call.findings().query("rule == 'clock_offset'")
    assert set(notes["peer_id"]) == ({boris} if abs(ahead) > 10 else set())


@pytest.mark.parametrize("step", [2, 3])
def test_samples_put_together_two_or_three_at_a_time_still_show_the_window(recordings, step):
    folder = recordings / "loss"

    def coarse(name, samples):
        thin = []
        for rows in streams(as_totals(name, samples)):
            thin += rows[step - 1 :: step]
        return thin

    found = told(rewritten(folder, coarse))
    window = window_of(folder)
    lost = found[found["rule"].isin(["loss_in", "loss_out"])]
    assert len(lost) == 4
    assert all(overlap(row, window) >= 0.75 for row in lost.itertuples())
    assert set(lost["side"]) == {"sender_uplink"}


@pytest.mark.parametrize("shift", np.arange(0.0, 7.0, 1.0))
def test_an_outage_is_found_whatever_the_phase_of_the_sampling(recordings, shift):
    """Move what was counted between samples by a part of the interval, as other sampling times would have."""
    folder = recordings / "blackout"

    def resample(name, samples):
        made = []
        for rows in streams(as_totals(name, samples)):
            times = np.array([datetime.fromisoformat(row["timestamp"]).timestamp() for row in rows])
            later = times[:-1] + shift
            moved = [dict(row) for row in rows[:-1]]
            for field in rows[0]:
                if field in GAUGES or field == "quality_limitation_durations":
                    continue
                values = np.interp(later, times, [float(row[field]) for row in rows])
                for row, value in zip(moved, values, strict=True):
                    row[field] = float(value)
            for row, time in zip(moved, later, strict=True):
                row["timestamp"] = pd.Timestamp(time, unit="s", tz="UTC").isoformat()
            made += moved
        return made

    found = told(rewritten(folder, resample))
    silent = found[found["rule"] == "nothing_received"]
    assert silent["peer_id"].nunique() == 2
    assert all(overlap(row, window_of(folder)) >= 0.6 for row in silent.itertuples())
    assert silent["side_peer_id"].isna().all()
