"""Time stamps of every form that the API has been seen to send."""

from __future__ import annotations

import json
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkit_explore import tables
from rtkit_explore.tables.times import NAT, micros_of, parse_fixed_form
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")  # tested in tests/hostile

CLEAN = {
    "2022-12-13T07:08:39.051Z": "2022-12-13T07:08:39.051Z",
    "2022-12-13T07:08:39Z": "2022-12-13T07:08:39Z",
    "2022-12-13 07:08:39.051621Z": "2022-12-13T07:08:39.051621Z",
    "2022-12-13T07:08:39.051621": "2022-12-13T07:08:39.051621Z",
    "2022-12-13T09:08:39.5+02:00": "2022-12-13T07:08:39.5Z",
    "2022-12-13T07:08:39.051621999Z": "2022-12-13T07:08:39.051621Z",
    "2022-12-13": "2022-12-13T00:00:00Z",
    "1969-12-31T23:59:59Z": "1969-12-31T23:59:59Z",
    "2400-01-01T00:00:00Z": "2400-01-01T00:00:00Z",
}
STRAY = ['2022-12-13T07:08:39.051Z"', "'2022-12-13T07:08:39.051Z'", " 2022-12-13T07:08:39.051Z"]
NONE = [
    "null",
    "",
    "yesterday",
    "2022-13-45T00:00:00Z",
    "07:08:39",
    "1670915319051",
    "2022",
    "20221213T070839Z",
    "\ud83d\ude00",
]

EVENT = ("data", "participant", "peer_report", "metadata", "events", 0, "timestamp")
SAMPLE = ("data", "participant", "peer_report", "quality", "audio_consumer", 0, "timestamp")
PERSON = ("data", "participant", "joined_at")
PLACES = {"events": EVENT, "samples": SAMPLE, "participants": PERSON}


def time_at(name: str, written: object) -> tuple[pd.Timestamp, pd.DataFrame]:
    document = json.dumps(reference.with_value(reference.peer_report(), PLACES[name], written))
    table = getattr(tables, name)(document)
    return table[PLACES[name][-1]].iloc[0], tables.problems(document)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(("written", "meant"), CLEAN.items())
def test_a_time_stamp_is_read_whatever_its_precision_and_zone(name, written, meant):
    found, problems = time_at(name, written)
    assert found == pd.Timestamp(meant)
    assert problems.empty


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("written", STRAY)
def test_stray_characters_around_a_time_stamp_are_a_problem_but_it_is_read(name, written):
    found, problems = time_at(name, written)
    assert found == pd.Timestamp("2022-12-13T07:08:39.051Z")
    assert problems[["kind", "path"]].to_numpy().tolist() == [["bad_value", reference.json_path(PLACES[name])]]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("written", [*NONE, 1670915319051, True, [], {}])
def test_what_is_no_time_stamp_is_missing_and_a_problem(name, written):
    found, problems = time_at(name, written)
    assert pd.isna(found)
    assert set(problems["path"]) == {reference.json_path(PLACES[name])}


def test_time_stamps_of_mixed_precision_in_one_list_are_all_read():
    document = reference.peer_report()
    quality = document["data"]["participant"]["peer_report"]["quality"]
    sample = quality["audio_consumer"][0]
    quality["audio_consumer"] = [sample | {"timestamp": written, "ssrc": n} for n, written in enumerate(CLEAN)]
    rows = tables.samples(document).query("media == 'audio' and direction == 'consumer'")
    assert rows["timestamp"].tolist() == [pd.Timestamp(meant) for meant in CLEAN.values()]


@pytest.mark.parametrize(
    ("written", "meant"),
    [(1_670_915_319_051, "2022-12-13T07:08:39.051Z"), (1_670_915_319_051.25, "2022-12-13T07:08:39.051250Z")],
)
def test_epoch_milliseconds_become_times(written, meant):
    path = (
        "data",
        "participant",
        "peer_report",
        "metadata",
        "candidate_pairs",
        "consuming_transport",
        0,
        "last_packet_sent_timestamp",
    )
    pairs = tables.candidate_pairs(reference.with_value(reference.peer_report(), path, written))
    assert pairs["last_packet_sent_timestamp"].iloc[0] == pd.Timestamp(meant)


@pytest.mark.parametrize(("written", "problems"), [(0, 0), (None, 0), (-1, 1), (1e18, 1)])
def test_epoch_milliseconds_that_are_no_time_are_missing(written, problems):
    path = (
        "data",
        "participant",
        "peer_report",
        "metadata",
        "candidate_pairs",
        "producing_transport",
        0,
        "last_packet_received_timestamp",
    )
    document = reference.with_value(reference.peer_report(), path, written)
    assert pd.isna(tables.candidate_pairs(document)["last_packet_received_timestamp"].iloc[1])
    assert tables.problems(document)["path"].tolist() == [reference.json_path(path)] * problems


AT_THE_EDGE = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-14:00",
    "1899-12-31T23:59:59Z",
    "2500-01-01T00:00:00Z",
)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("written", AT_THE_EDGE)
def test_a_time_that_no_clock_can_have_shown_is_missing_and_a_problem(name, written):
    found, problems = time_at(name, written)
    assert pd.isna(found)
    assert set(problems["path"]) == {reference.json_path(PLACES[name])}


def test_a_stray_sample_years_from_its_report_is_missing_and_a_problem():
    document = reference.peer_report()
    quality = document["data"]["participant"]["peer_report"]["quality"]
    sample = quality["audio_consumer"][0]
    times = [f"2026-11-01T09:00:{second:02}.000Z" for second in range(30)]
    times[7] = "2021-11-01T09:00:07.000Z"
    quality["audio_consumer"] = [sample | {"timestamp": time} for time in times]
    rows = tables.samples(document).query("media == 'audio' and direction == 'consumer'")
    assert rows["timestamp"].isna().tolist() == [False] * 29 + [True]
    assert rows["position"].iloc[-1] == 7
    assert tables.problems(document)["path"].tolist() == [
        "$.data.participant.peer_report.quality.audio_consumer[7].timestamp"
    ]


def test_a_clock_that_was_set_in_mid_call_keeps_both_its_times():
    document = reference.peer_report()
    quality = document["data"]["participant"]["peer_report"]["quality"]
    sample = quality["audio_consumer"][0]
    quality["audio_consumer"] = [
        sample | {"timestamp": f"{year}-11-01T09:00:{second:02}Z"} for year in (1970, 2026) for second in range(30)
    ]
    assert tables.samples(document)["timestamp"].notna().all()


moments = st.datetimes(datetime.fromisoformat("1900-01-02"), datetime.fromisoformat("2499-12-30"))


@given(st.lists(moments, min_size=1, max_size=20), st.sampled_from([None, "milliseconds", "microseconds"]))
def test_the_parser_of_the_fixed_form_agrees_with_the_general_one(times, precision):
    cut = [moment.replace(microsecond=0) if precision is None else moment for moment in times]
    texts = [f"{moment.isoformat(timespec=precision or 'seconds')}Z" for moment in cut]
    assert parse_fixed_form(texts).tolist() == [micros_of(text) for text in texts]


@given(
    st.lists(st.text("0123456789-:.TZ+ ²é", min_size=24, max_size=24) | st.just("2026-11-01T09:00:00.123Z"), max_size=5)
)
def test_what_the_parser_of_the_fixed_form_reads_is_a_time_stamp(texts):
    for text, parsed in zip(texts, parse_fixed_form(texts).tolist(), strict=True):
        assert parsed in (NAT, micros_of(text))


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-11-01T09:00:00.123Z2026-11-01T09:00:00.456Z", ""],
        ["2026-02-29T09:00:00Z"],
        ["2026-00-10T09:00:00Z"],
        ["2026-11-31T09:00:00Z"],
        ["2026-11-01T24:00:00Z"],
        ["2026-11-00T09:00:00Z"],
        ["\uff12026-11-01T09:00:00Z"],
    ],
)
def test_what_is_no_time_of_the_fixed_form_is_left_to_the_general_parser(texts):
    assert (parse_fixed_form(texts) == NAT).all()
