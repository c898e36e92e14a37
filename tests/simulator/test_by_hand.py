"""Simulating by hand: who, when and how bad, as people write it; and what the seed draws when nothing is said."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import SCENARIOS, simulate_documents
from rtkit_explore.simulator.levels import LOSS, clock_words, seconds_of


def test_who_when_and_how_bad_can_be_said():
    call, truth = rtk.simulate("lossy_uplink", on="Alma", start="1:00", seconds=60, level=0.05, minutes=3, seed=4)
    row = truth.iloc[0]
    began = call.sessions["started_at"].iloc[0]
    assert row["who"] == "Alma"
    assert (row["start"] - began).total_seconds() == 60
    assert (row["end"] - began).total_seconds() == 120
    assert (row["level"], row["unit"], row["magnitude"]) == (0.05, "share", "5 % of the packets")
    assert row["noticed_by"] == ("Boris", "Chen", "Dana")
    assert row["explanation"].startswith("From 1:00 to 2:00 Alma's uplink lost 5 % of the packets")
    heard = call.quality[(call.quality["media"] == "audio") & (call.quality["direction"] == "consumer")]
    lossy = heard[(heard["loss_pct"] > 1.5) & (heard["start"] > row["start"]) & (heard["end"] < row["end"])]
    assert set(lossy["remote_peer_id"]) == {row["peer_id"]}
    assert 3 < lossy["loss_pct"].mean() < 7


@pytest.mark.parametrize(
    ("scenario", "level", "value"),
    [
        ("lossy_uplink", "5 %", 0.05),
        ("lossy_uplink", "5%", 0.05),
        ("lossy_uplink", "mild", 0.04),
        ("delay_and_jitter", "400 ms", 400),
        ("delay_and_jitter", "0.4 s", 400),
        ("delay_and_jitter", 400, 400),
        ("narrow_uplink", "0.2 Mbit/s", 200),
        ("narrow_uplink", "severe", 130),
        ("narrow_downlink", "moderate", 3 * 340),
        ("cpu_bound", "2.5 times", 2.5),
        ("turn_stalls", "300 ms", 300),
    ],
)
def test_a_level_is_a_word_or_a_number_with_or_without_its_unit(scenario, level, value):
    assert SCENARIOS[scenario].on(level=level).lay_out(["A", "B", "C", "D"], 360, 1)[0].level == pytest.approx(value)


def test_a_mild_level_is_less_than_bad_and_next_to_nothing_is_nothing():
    severities = [
        SCENARIOS["lossy_uplink"].on(level=level).lay_out(["A", "B", "C"], 360, 1)[0].severity
        for level in (0.01, "mild", "moderate", "severe")
    ]
    assert severities == ["none", "warn", "bad", "bad"]
    wide = SCENARIOS["narrow_uplink"].on(level="600 kbit/s").lay_out(["A", "B", "C"], 360, 1)[0]
    assert wide.severity == "none"


@pytest.mark.parametrize(
    ("when", "seconds"), [(90, 90), ("1:30", 90), ("90 s", 90), ("1.5 min", 90), ("1:00:05", 3605), ("0:07.5", 7.5)]
)
def test_times_are_read_as_people_write_them(when, seconds):
    assert seconds_of(when) == pytest.approx(seconds)


@given(st.integers(0, 35_999))
def test_a_time_is_read_as_it_is_written(seconds):
    assert seconds_of(clock_words(seconds)) == seconds


@given(st.text(max_size=12))
@settings(max_examples=200)
def test_any_text_is_a_level_or_is_refused_with_an_example(text):
    refused, value = "", 0.5
    try:
        value = LOSS.read(text, "lossy_uplink", 3)
    except InvalidArgumentError as refusal:
        refused = str(refusal)
    assert "for example" in refused or (not refused and 0 < value <= LOSS.most)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 0}, "above 0"),
        ({"level": 1.5}, "at most 0.9"),
        ({"level": "5 apples"}, "for example 0.08"),
        ({"level": "200 ms"}, "share of packets lost"),
        ({"start": "soon"}, '"1:30"'),
        ({"start": -4}, '"1:30"'),
        ({"start": "9:00"}, "choose an earlier start"),
        ({"on": "Zed"}, "nobody called 'Zed'"),
        ({"on": {"outage": "Alma"}}, "'outage' is not part of this scenario"),
        ({"scenario": "outage", "level": "mild"}, "'outage' has no level; these have one: .*lossy_uplink"),
        ({"scenario": "turn_tcp", "start": 60}, "lasts the whole call"),
        ({"scenario": "server_trouble", "on": "Alma"}, "nobody in particular"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        simulate_documents(**{"scenario": "lossy_uplink", **arguments})


def test_causes_joined_by_a_plus_are_told_apart_by_their_names():
    made = simulate_documents(
        "lossy_uplink+muted", on={"muted": "Chen"}, level={"lossy_uplink": "severe"}, minutes=4, seed=2
    )
    lossy, muted = made.truth
    assert (muted["what"], muted["who"]) == ("muted", "Chen")
    assert lossy["who"] != "Chen"
    assert lossy["level"] == 0.16


def test_person_time_and_level_do_not_move_with_the_scenario():
    names = ("Alma", "Boris", "Chen", "Dana")
    drawn = {
        name: SCENARIOS[name].lay_out(names, 360, 11)[0]
        for name in ("lossy_uplink", "lossy_downlink", "outage", "cpu_bound", "muted", "headset_unplugged")
    }
    assert len({incident.who for incident in drawn.values()}) > 1
    hit = Counter(SCENARIOS["lossy_uplink"].lay_out(names, 360, seed)[0].who for seed in range(400))
    assert min(hit.values()) > 70
    assert set(hit) == set(names)


def test_fixing_one_of_them_leaves_the_others():
    names = ("Alma", "Boris", "Chen", "Dana")
    free = SCENARIOS["lossy_uplink"].lay_out(names, 360, 3)[0]
    other = next(name for name in names if name != free.who)
    moved = SCENARIOS["lossy_uplink"].on(other).lay_out(names, 360, 3)[0]
    assert (moved.start, moved.end, moved.level) == (free.start, free.end, free.level)
    later = SCENARIOS["lossy_uplink"].on(start=200).lay_out(names, 360, 3)[0]
    assert (later.who, later.level) == (free.who, free.level)


def test_the_list_of_scenarios_says_what_a_level_means():
    listed = rtk.scenarios().set_index("scenario")
    assert listed.loc["lossy_uplink", ["side", "unit", "severe"]].tolist() == [
        "sender_uplink",
        "share",
        "16 % of the packets",
    ]
    assert (
        listed.loc["outage", "measured"] is rtk.scenarios()["measured"].dtype.na_value
        or listed["measured"].isna()["outage"]
    )
    assert listed.loc["server_trouble", "people"] == 3


def test_an_option_that_there_is_not_is_named_beside_those_that_there_are():
    with pytest.raises(
        TypeError, match=r"simulate\(\) got an unexpected keyword argument 'minuts'; it takes scenario, on"
    ):
        rtk.simulate("clean", **dict.fromkeys(["minuts"], 3))
