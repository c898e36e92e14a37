"""Intervals agree with what the samples say when worked out by hand, and say where nothing can be known."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from datetime import datetime
from statistics import median

import numpy as np
import pandas as pd
import pytest

from rtkit_explore.call import Call
from rtkit_explore.measures.quality import quality_of
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.table_schema.media import COUNTERS, SERIES
from tests.measures.made import START, samples_of


def series_in(document):
    """Yield each series of a document: list it stands in, stream, SSRC, samples by time."""
    quality = document["data"]["participant"]["peer_report"]["quality"]
    for name in SERIES:
        found = defaultdict(list)
        for sample in quality.get(name) or ():
            stream = sample["consumer_id" if name.endswith("consumer") else "producer_id"]
            found[stream, sample.get("ssrc")].append(sample)
        for (stream, ssrc), samples in found.items():
            yield name, stream, ssrc, sorted(samples, key=lambda sample: sample["timestamp"])


def between(before, after):
    times = (datetime.fromisoformat(sample["timestamp"]) for sample in (after, before))
    return (next(times) - next(times)).total_seconds()


def micros(sample):
    return round(datetime.fromisoformat(sample["timestamp"]).timestamp() * 1e6)


def expected_rows(document, *, totals):
    """Work out bitrate, loss and buffer time of every sample by their definitions, one by one."""
    every = list(series_in(document))
    lengths = {key[:3]: [between(a, b) for a, b in zip(key[3], key[3][1:], strict=False)] for key in every}
    overall = [length for lengths_of in lengths.values() for length in lengths_of if length > 0]
    for name, stream, ssrc, samples in every:
        sent = name.endswith("producer")
        own = [length for length in lengths[name, stream, ssrc] if length > 0]
        usual = median(own) if len(own) >= 4 else median(overall) if overall else math.nan
        reports = any(sample.get(key) for sample in samples for key in ("rtt", "jitter", "packets_lost"))
        for number, sample in enumerate(samples):
            before = samples[number - 1] if number else None

            def step(key, sample=sample, before=before):
                now = sample.get(key)
                if now is None or (totals and before is not None and before.get(key) is None):
                    return math.nan
                return now - before[key] if totals and before is not None else now

            span = between(before, sample) if before else math.nan
            counters = [key for key in sample if key in COUNTERS and key != "packets_lost"]
            fell = totals and before is not None and any(step(key) < 0 for key in counters)
            known = before is not None and not span > max(2 * usual, 5) and span > 0 and not fell
            octets, packets = (
                step(key)
                for key in (("bytes_sent", "packets_sent") if sent else ("bytes_received", "packets_received"))
            )
            lost = max(step("packets_lost"), 0) if not math.isnan(step("packets_lost")) else math.nan
            whole = packets if sent else packets + lost
            emitted = step("jitter_buffer_emitted_count")
            yield (
                (name, stream, ssrc, micros(sample)),
                {
                    "bitrate_kbps": 8 * octets / span / 1000 if known else math.nan,
                    "loss_pct": 100 * lost / whole if known and whole > 0 and (reports or not sent) else math.nan,
                    "buffer_ms": 1000 * step("jitter_buffer_delay") / emitted if known and emitted > 0 else math.nan,
                },
            )


@pytest.mark.parametrize(("source", "totals"), [("recordings", False), ("jitsi", True)])
def test_rates_of_the_real_calls_agree_with_those_worked_out_by_hand(request, source, totals):
    compared = 0
    for file in sorted(request.getfixturevalue(source).glob("*/peer-report-*.json")):
        quality = Call(CallDocuments(reports={"p": file.read_bytes()})).quality
        ends = (quality["end"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1)
        names = quality["media"].astype(str) + "_" + quality["direction"].astype(str)
        keys = list(zip(names, quality["stream_id"], quality["ssrc"], ends, strict=True))
        expected = dict(expected_rows(json.loads(file.read_bytes()), totals=totals))
        assert set(keys) == set(expected)
        assert len(keys) == len(expected)
        for measure in ("bitrate_kbps", "loss_pct", "buffer_ms"):
            wanted = np.array([expected[key][measure] for key in keys])
            np.testing.assert_allclose(quality[measure].to_numpy(), wanted, rtol=1e-9, err_msg=f"{file.name} {measure}")
            compared += int((~np.isnan(wanted)).sum())
    assert compared > 1000


@pytest.mark.parametrize(("source", "totals"), [("recordings", False), ("jitsi", True)])
def test_sums_of_increments_agree_with_the_documents(request, source, totals):
    pairs = {"packets": ("packets_received", "packets_sent"), "bytes": ("bytes_received", "bytes_sent")}
    for file in sorted(request.getfixturevalue(source).glob("*/peer-report-*.json")):
        quality = Call(CallDocuments(reports={"p": file.read_bytes()})).quality
        if quality["reset"].any():
            continue  # what was counted across a restart is not known
        names = quality["media"].astype(str) + "_" + quality["direction"].astype(str)
        made = quality.groupby([names, "stream_id", "ssrc"], observed=True)
        for name, stream, ssrc, samples in series_in(json.loads(file.read_bytes())):
            rows = made.get_group((name, stream, ssrc))
            for column, keys in {**pairs, "packets_lost": ("packets_lost",) * 2}.items():
                key = keys[name.endswith("producer")]
                values = [sample[key] for sample in samples if sample.get(key) is not None]
                if len(values) == len(samples):
                    assert rows[column].sum() == pytest.approx(values[-1] if totals else sum(values)), (name, column)


def one(**columns):
    return {"media": "audio", "direction": "consumer"} | columns


def quality(*streams, counters="increments"):
    return quality_of(samples_of([streams]), counters=counters)[0]


def test_a_rate_divides_by_the_real_time_since_the_sample_before():
    found = quality(one(seconds=[0, 7, 15, 21], bytes_received=[100, 7000, 8000, 6000]))
    assert found["bitrate_kbps"].round(6).tolist()[1:] == [8.0, 8.0, 8.0]
    assert found["interval_s"].tolist()[1:] == [7, 8, 6]


def test_the_first_sample_has_no_rate_but_counts():
    found = quality(one(bytes_received=[100, 200], packets_lost=[1, 0], packets_received=[9, 9]))
    assert found["first"].tolist() == [True, False]
    assert found.loc[0, ["bitrate_kbps", "packets_per_s", "loss_pct", "interval_s"]].isna().all()
    assert found["start"].isna().tolist() == [True, False]
    assert found["bytes"].sum() == 300


def test_a_series_of_one_sample_has_a_row_without_rates():
    found = quality(one(bytes_received=[100]))
    assert len(found) == 1
    assert found["first"].all()
    assert found["bitrate_kbps"].isna().all()


def test_after_a_gap_there_is_no_rate_but_what_was_counted_counts():
    found = quality(one(seconds=[0, 7, 14, 21, 28, 49, 56], bytes_received=[1] * 7))
    assert found["gap"].tolist() == [False] * 5 + [True, False]
    assert found["bitrate_kbps"].isna().tolist() == [True] + [False] * 4 + [True, False]
    assert found["bytes"].sum() == 7


def test_no_more_than_twice_the_usual_time_is_no_gap():
    assert not quality(one(seconds=[0, 7, 14, 21, 28, 42], bytes_received=[1] * 6))["gap"].any()
    assert not quality(one(seconds=[0, 1, 2, 3, 4, 9], bytes_received=[1] * 6))["gap"].any()


def test_a_total_that_falls_is_a_reset_without_numbers():
    found = quality(one(bytes_received=[100, 200, 50, 90], packets_received=[1, 2, 3, 4]), counters="totals")
    assert found["reset"].tolist() == [False, False, True, False]
    assert found["bytes"].fillna(-1).tolist() == [100, 100, -1, 40]
    assert found.loc[2, ["bytes", "packets", "bitrate_kbps", "packets_per_s"]].isna().all()


def test_a_total_of_losses_that_falls_by_duplicates_is_no_reset():
    found = quality(
        one(direction="producer", packets_lost=[5, 4, 6], packets_sent=[100, 200, 300], rtt=[0.1] * 3),
        counters="totals",
    )
    assert not found["reset"].any()
    assert found["packets_lost"].tolist() == [5, -1, 2]
    assert found["loss_pct"].tolist()[1:] == [0, 2]


def test_nothing_is_subtracted_across_ssrcs_streams_or_people():
    streams = [one(bytes_received=[1000, 1100]), one(bytes_received=[10, 20])]
    found, _ = quality_of(samples_of([streams, streams[::-1]]), counters="totals")
    assert found["bytes"].tolist() == [1000, 100, 10, 10, 10, 10, 1000, 100]
    assert not found["reset"].any()
    samples = samples_of([streams]).assign(stream_id="the same")
    layers, _ = quality_of(
        samples.assign(stream_id=samples["stream_id"].astype(samples_of([])["stream_id"].dtype)), counters="totals"
    )
    assert layers["first"].tolist() == [True, False, True, False]
    assert layers["bytes"].tolist() == [1000, 100, 10, 10]


def test_negative_loss_is_shown_as_none_and_flagged():
    found = quality(one(direction="producer", packets_lost=[0, -3, 5], packets_sent=[50] * 3, rtt=[0.1] * 3))
    assert found["loss_pct"].tolist()[1:] == [0, 10]
    assert found["packets_lost"].tolist() == [0, -3, 5]
    assert found["negative_loss"].tolist() == [False, True, False]


def test_loss_of_a_consumer_is_of_all_that_should_have_come():
    assert quality(one(packets_lost=[0, 10], packets_received=[90, 90]))["loss_pct"].tolist()[1] == 10


def test_zeros_of_a_far_end_that_never_reports_are_unknown():
    silent = one(direction="producer", packets_sent=[50] * 3, packets_lost=[0] * 3, jitter=[0.0] * 3, rtt=[0.0] * 3)
    talking = silent | {"rtt": [0.0, 0.05, 0.0]}
    found = quality(silent, talking)
    assert found["far_end"].tolist() == [False] * 3 + [True] * 3
    assert found["loss_pct"].isna().tolist() == [True] * 4 + [False] * 2
    assert found["jitter_ms"].isna().tolist() == [True] * 3 + [False] * 3
    assert found["rtt_ms"].isna().tolist() == [True] * 4 + [False, True]


def test_a_consumer_has_no_far_end():
    assert quality(one(packets_received=[1, 2]))["far_end"].isna().all()


def test_pictures_without_size_are_not_measured():
    found = quality(
        one(media="video", frame_width=[0, 640], frame_height=[0, 360], frames_decoded=[9, 9], frames_dropped=[0, 1])
    )
    assert found["width"].isna().tolist() == [True, False]
    assert found["dropped_pct"].tolist()[1] == 10


def test_the_scale_of_the_score_is_told_from_the_report():
    found, _ = quality_of(samples_of([[one(mos_quality=[1.0, 0.5])], [one(mos_quality=[4.2, 1.0])]]))
    assert found["score_scale"].tolist() == ["0-1", "0-1", "1-5", "1-5"]


# From documents -------------------------------------------------------------------------------------------------------


def stamp(second):
    return datetime.fromtimestamp(START / 1e6 + second).astimezone(tz=None).isoformat()


def call_of(samples, name="audio_consumer"):
    report = {"quality": {name: samples}}
    return Call(
        CallDocuments(reports={"p": json.dumps({"data": {"participant": {"id": "p", "peer_report": report}}}).encode()})
    )


def sample(second, **more):
    return {"consumer_id": "c", "ssrc": 1, "timestamp": stamp(second), "bytes_received": 7000} | more


def test_batches_that_came_late_are_put_in_order():
    found = call_of([sample(14), sample(21), sample(0), sample(7)])
    assert found.samples["position"].tolist() == [2, 3, 0, 1]
    assert found.quality["interval_s"].tolist()[1:] == [7, 7, 7]
    assert found.quality["bitrate_kbps"].tolist()[1:] == [8, 8, 8]


def test_a_batch_that_came_twice_counts_once():
    once = [sample(second) for second in (0, 7, 14)]
    found = call_of([*once, *once])
    assert len(found.samples) == 6
    assert found.quality["bytes"].sum() == 21_000
    assert found.quality["bitrate_kbps"].dropna().tolist() == [8, 8]
    assert found.streams["bytes"].tolist() == [21_000]


def test_samples_of_one_time_that_differ_are_all_counted():
    found = call_of([sample(0), sample(7), sample(7, bytes_received=1)])
    assert found.quality["bytes"].sum() == 14_001


def test_samples_without_a_time_stand_last_without_interval_and_count():
    found = call_of([sample(0, timestamp=None), sample(0), sample(7)])
    assert found.samples["position"].tolist() == [1, 2, 0]
    assert found.samples["timestamp"].isna().tolist() == [False, False, True]
    assert found.quality["interval_s"].isna().tolist() == [True, False, True]
    assert found.quality["bytes"].sum() == 21_000
    assert found.problems["path"].tolist() == ["$.data.participant.peer_report.quality.audio_consumer[0].timestamp"]


def test_layers_of_a_simulcast_stream_are_series_of_their_own():
    layers = [sample(second, ssrc=ssrc) for second in (0, 7, 14) for ssrc in (1, 2, 3)]
    found = call_of(layers)
    assert found.quality["ssrc"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.quality["first"].sum() == 3
    assert found.streams["layers"].tolist() == [3]
    assert found.streams["bytes"].tolist() == [63_000]
