"""The model of a time window."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets import TimeRange
from rtkit_explore.widgets.time_range_view import MARKS, marks_between

LOW, HIGH = pd.Timestamp("2026-11-20T23:39:57.382Z"), pd.Timestamp("2026-11-20T23:42:10.513Z")


def at(text):
    return pd.Timestamp(f"2026-11-20T{text}Z")


def test_a_window_is_the_whole_call_at_first():
    span = TimeRange(LOW, HIGH)
    assert span.window == (LOW, HIGH)
    assert span.is_whole


def test_times_of_day_are_found_on_the_day_of_the_call():
    span = TimeRange(LOW, HIGH)
    span.set("23:40", "23:41:10.5")
    assert span.window == (at("23:40:00"), at("23:41:10.5"))


def test_a_call_past_midnight_has_two_days_of_which_the_right_one_is_found():
    span = TimeRange(at("23:50:00"), pd.Timestamp("2026-11-21T00:20:00Z"))
    span.set("23:55:00", "00:10:00")
    assert span.window == (at("23:55:00"), pd.Timestamp("2026-11-21T00:10:00Z"))
    assert span.text(span.window[1]) == "2026-11-21 00:10:00"


def test_typed_times_are_in_the_time_zone_that_is_shown():
    span = TimeRange(LOW, HIGH, tz="Europe/Berlin")
    assert span.text(LOW) == "00:39:57"
    span.set("00:40:30")
    assert span.window[0] == at("23:40:30")
    assert str(span.window[0].tz) == "UTC"


def test_what_is_left_out_stays_and_what_lies_outside_is_cut_off():
    span = TimeRange(LOW, HIGH)
    span.set(end="23:41:00")
    span.set(start=at("20:00:00"))
    assert span.window == (LOW, at("23:41:00"))


def test_the_start_as_it_is_shown_can_be_typed_although_it_is_rounded():
    span = TimeRange(LOW, HIGH)
    span.set("23:39:57", span.text(HIGH))
    assert span.window[0] == LOW


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("23:40", "11:41pm", ("23:40:00", "23:41:00")),
        ("11:40 PM", "11:41:30 p.m.", ("23:40:00", "23:41:30")),
        ("+1min", "+30s", ("23:40:57.382", "23:41:27.382")),
        ("-1.5 min", None, ("23:40:40.513", "23:42:10.513")),
        ("2026-11-20 23:40", "2026-11-20T23:41:00Z", ("23:40:00", "23:41:00")),
    ],
)
def test_times_are_read_in_the_forms_in_which_people_type_them(start, end, expected):
    span = TimeRange(LOW, HIGH)
    span.set(start, end)
    assert span.window == tuple(at(text) for text in expected)


def test_a_time_in_the_afternoon_never_means_today():
    span = TimeRange(LOW, HIGH)
    with pytest.raises(InvalidArgumentError, match="lasts from 23:39:57 to 23:42:10 UTC"):
        span.set("2:31pm", "2:35pm")
    with pytest.raises(InvalidArgumentError, match="no time of day"):
        span.set("13:40pm")


@given(text=st.text(max_size=12) | st.from_regex(r"[+-]?\d{1,4}[:.]?\d{0,3} ?(am|pm|min|h|s)?", fullmatch=True))
@settings(max_examples=200, deadline=None, database=None)
def test_whatever_is_typed_is_a_window_within_the_call_or_refused_with_its_span(text):
    span, said = TimeRange(LOW, HIGH), ""
    try:
        span.set(text)
    except InvalidArgumentError as error:
        said = str(error)
    if said:
        assert span.is_whole
    assert not said or "23:39:57" in said or "starts before it ends" in said
    assert LOW <= span.window[0] <= span.window[1] <= HIGH


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("soon", None, "'soon' is no time"),
        ("", None, "is no time"),
        ("25:61", None, "no time of day"),
        (pd.NaT, None, "is no time"),
        ("23:42:00", "23:40:00", "starts before it ends"),
        ("2026-11-19 10:00", "2026-11-19 11:00", "choose within it"),
        (pd.Timestamp("2200-01-01", tz="UTC"), None, "starts before it ends"),
    ],
)
def test_what_is_no_window_is_refused_and_nothing_changes(start, end, message):
    span, told = TimeRange(LOW, HIGH), []
    span.subscribe(told.append)
    with pytest.raises(InvalidArgumentError, match=message):
        span.set(start, end)
    assert span.window == (LOW, HIGH)
    assert told == []


def test_observers_are_told_windows_and_never_none():
    span, told, watched = TimeRange(LOW, HIGH), [], []
    span.subscribe(told.append)
    span.watch(lambda: watched.append(span.window))
    span.set("23:40:00")
    span.set("23:40:00")
    span.replace(None, None)
    span.replace(LOW, HIGH)
    assert told == [(at("23:40:00"), HIGH), (LOW, HIGH)]
    assert watched == [(at("23:40:00"), HIGH), None, (LOW, HIGH)]


def test_without_times_there_is_no_window_and_it_says_so():
    span = TimeRange(pd.NaT, pd.NaT)
    assert span.window is None
    span.whole()
    with pytest.raises(InvalidArgumentError, match="No time is known"):
        span.set("10:00")


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(InvalidArgumentError, match="no time zone"):
        TimeRange(LOW, HIGH, tz="Mars/Olympus")


@given(
    start=st.datetimes(min_value=pd.Timestamp("2001-01-01"), max_value=pd.Timestamp("2060-01-01")),
    seconds=st.floats(0, 3 * 86400 * 365),
)
@settings(max_examples=60, deadline=None, database=None)
def test_the_places_of_the_slider_are_few_ordered_and_include_both_ends(start, seconds):
    low = pd.Timestamp(start, tz="UTC").as_unit("us")
    high = (low + pd.Timedelta(seconds=seconds)).as_unit("us")
    marks = marks_between(low, high)
    assert marks[0] == low
    assert marks[-1] == high
    assert marks == sorted(set(marks))
    assert len(marks) <= MARKS + 3
