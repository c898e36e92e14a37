"""Increments and running totals are distinguished, and either can be forced."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.quality import quality_of
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.table_schema.media import COUNTERS
from tests.measures.made import FLOWS, readings_of, report, samples_of, summed

SEEDS = range(40)


def reports(flow: str, size: int, seeds=SEEDS):
    return [report(np.random.default_rng([seed, size]), flow, size) for seed in seeds]


@pytest.mark.parametrize("size", [3, 8, 40])
@pytest.mark.parametrize("flow", FLOWS)
def test_increments_are_not_taken_for_totals(flow, size):
    found = readings_of(samples_of(reports(flow, size)))
    assert len(found) > 500
    assert (found["reading"] == "totals").mean() < 1e-3


@pytest.mark.parametrize("size", [8, 40])
@pytest.mark.parametrize("flow", FLOWS)
def test_running_totals_of_eight_samples_or_more_are_recognised(flow, size):
    found = readings_of(samples_of([summed(each) for each in reports(flow, size)]))
    assert (found["reading"] == "totals").mean() >= 0.99


def test_totals_of_one_audio_stream_alone_are_recognised():
    found = readings_of(samples_of([summed(each[:1]) for each in reports("steady", 8)]))
    assert (found["reading"] == "totals").mean() >= 0.99


def test_a_count_that_stands_still_in_every_interval_is_no_total():
    streams = [
        {
            "media": "video",
            "direction": "producer",
            "frames_encoded": [100] + [210] * 30,
            "frames_per_second": [30] * 31,
            "key_frames_encoded": [0] + [1] * 30,
            "quality_limitation_durations_none": [3.0] + [7.0] * 30,
            "quality_limitation_reason": ["none"] * 31,
        }
    ]
    assert set(readings_of(samples_of([streams]))["reading"]) == {"increments"}


def documents_of(folder):
    for file in sorted(folder.glob("*/peer-report-*.json")):
        yield Call(CallDocuments(reports={file.stem.removeprefix("peer-report-"): file.read_bytes()}))


def moving(call):
    found = call.counter_readings
    return found[found["counter"].isin([c for c in COUNTERS if (call.samples[c] > 0).any()])]


def test_the_recordings_are_read_as_increments(recordings):
    for call in documents_of(recordings):
        assert set(moving(call)["reading"]) == {"increments"}
        assert set(call.quality["counter_reading"]) == {"increments"}


def test_the_calls_of_the_other_product_are_read_as_totals(jitsi):
    for call in documents_of(jitsi):
        assert set(moving(call)["reading"]) == {"totals"}
        assert set(call.quality["counter_reading"]) == {"totals"}


@pytest.mark.parametrize("source", ["recordings", "made"])
def test_increments_and_their_forced_totals_give_the_same_quality(request, source):
    if source == "made":
        plain, totals = (samples_of([f(each) for each in reports("bursty", 20, range(4))]) for f in (list, summed))
        call = None
    else:
        call = next(documents_of(request.getfixturevalue(source)))
        plain = call.samples.copy()
        totals = plain.copy()
        series = totals.groupby(["direction", "stream_id", "ssrc"], observed=True)
        for counter in COUNTERS:
            totals[counter] = series[counter].cumsum()
    one, _ = quality_of(plain, counters="increments")
    two, readings = quality_of(totals, counters="totals")
    assert set(readings["decided_by"]) == {"forced"}
    same = [column for column in one.columns if column != "counter_reading"]
    pd.testing.assert_frame_equal(one[same], two[same], rtol=1e-9, atol=1e-9)


def test_a_reading_can_be_forced_for_all_counters_or_for_some():
    samples = samples_of(reports("steady", 12, [0]))
    _, decided = quality_of(samples)
    assert set(decided["decided_by"]) <= {"evidence", "default"}
    quality, forced = quality_of(samples, counters={"packets_sent": "totals"})
    by_counter = forced.set_index("counter")
    assert by_counter.loc["packets_sent", ["reading", "decided_by"]].tolist() == ["totals", "forced"]
    assert by_counter.loc["bytes_sent", "reading"] == "increments"
    by_direction = quality.groupby("direction", observed=True)["counter_reading"].agg(lambda part: set(part).pop())
    assert by_direction.to_dict() == {"consumer": "increments", "producer": "mixed"}
    everything, _ = quality_of(samples, counters="totals")
    assert set(everything["counter_reading"]) == {"totals"}
    assert everything["reset"].any()  # increments fall, which a total does only where it starts again


@pytest.mark.parametrize("counters", ["total", {"packets": "totals"}, {"packets_sent": "sums"}])
def test_what_cannot_be_forced_is_refused(counters):
    with pytest.raises(InvalidArgumentError):
        Call(CallDocuments(), counters=counters)


def test_each_report_is_decided_for_itself():
    plain, totals = reports("steady", 12, [1])[0], summed(reports("steady", 12, [2])[0])
    found = readings_of(samples_of([plain, totals]))
    assert found.groupby("peer_id")["reading"].agg(lambda part: "/".join(sorted(set(part)))).to_dict() == {
        "p0": "increments",
        "p1": "totals",
    }


def test_a_call_reads_its_counters_another_way_on_request(recordings):
    file = next(iter(sorted(recordings.glob("clean/peer-report-*.json"))))
    call = Call(CallDocuments(reports={"p": file.read_bytes()}))
    assert set(call.with_counters("totals").quality["counter_reading"]) == {"totals"}
    assert json.loads(file.read_bytes()) == call.with_counters("totals").document("p")
