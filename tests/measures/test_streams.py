"""Streams sum up what their samples say."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest

from rtkit_explore.call import Call
from rtkit_explore.measures.quality import quality_of
from rtkit_explore.measures.streams import streams_of
from rtkit_explore.store.documents import CallDocuments
from tests.measures.made import samples_of


def test_streams_of_the_recordings_add_up_their_samples(recordings):
    for file in sorted(recordings.glob("*/peer-report-*.json")):
        document = json.loads(file.read_bytes())
        wanted = defaultdict(lambda: defaultdict(float))
        for name, samples in document["data"]["participant"]["peer_report"]["quality"].items():
            for sample in samples if isinstance(samples, list) else ():
                end = name.rpartition("_")[2]
                sums = wanted[name, sample[f"{end}_id"]]
                verb = "received" if end == "consumer" else "sent"
                sums["packets"] += sample[f"packets_{verb}"]
                sums["bytes"] += sample[f"bytes_{verb}"]
                sums["packets_lost"] += sample.get("packets_lost") or 0
                sums["samples"] += 1
        streams = Call(CallDocuments(reports={"p": file.read_bytes()})).streams
        assert len(streams) == len(wanted)
        for row in streams.itertuples():
            expected = wanted[f"{row.media}_{row.direction}", row.stream_id]
            assert (row.packets, row.bytes, row.samples) == (
                expected["packets"],
                expected["bytes"],
                expected["samples"],
            )
            # A browser that does not report losses leaves them missing: they are not 0.
            assert row.packets_lost == expected["packets_lost"] or (
                row.packets_lost != row.packets_lost and not expected["packets_lost"]
            )
            assert row.duration_s == pytest.approx((row.last - row.first).total_seconds())


def streams(*series, counters="increments"):
    return streams_of(quality_of(samples_of([series]), counters=counters)[0])


def one(**columns):
    return {"media": "audio", "direction": "consumer"} | columns


def test_loss_over_a_stream_is_of_its_sums_not_the_mean_of_intervals():
    found = streams(one(packets_received=[100, 10, 890], packets_lost=[0, 10, 0]))
    assert found["loss_pct"].round(6).tolist() == [round(100 * 10 / 1010, 6)]


def test_loss_of_a_producer_whose_far_end_never_reports_is_unknown():
    found = streams(one(direction="producer", packets_sent=[50, 50], packets_lost=[0, 0], rtt=[0.0, 0.0]))
    assert found["loss_pct"].isna().all()
    assert found["packets"].tolist() == [100]


def test_gaps_resets_and_largest_picture_are_counted():
    found = streams(
        one(
            media="video",
            seconds=[0, 7, 14, 21, 28, 70, 77],
            frames_decoded=[10, 20, 5, 10, 20, 30, 40],
            frame_width=[320, 640, 0, 640, 320, 320, 320],
        ),
        counters="totals",
    )
    assert found[["gaps", "resets", "samples", "layers"]].iloc[0].tolist() == [1, 1, 7, 1]
    assert found["frames"].tolist() == [10 + 10 + 5 + 10 + 10 + 10]
    assert found["width"].tolist() == [640]
    assert found["duration_s"].tolist() == [77]


def test_what_a_stream_does_not_count_is_missing_and_not_zero():
    found = streams(one(packets_received=[1, 2]))
    assert np.isnan(found["frames"].iloc[0])
    assert np.isnan(found["bytes"].iloc[0])
