"""Times as customers say them: read as meant, or refused with an example, never taken for something else in silence."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import as_window, day_range, moment_near, time_zone

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)  # a Thursday
SPAN = (datetime(2026, 11, 19, 13, 30, tzinfo=UTC), datetime(2026, 11, 19, 14, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("said", "hour", "minute"),
    [
        ("14:40", 14, 40), ("2:40pm", 14, 40), ("2:40 p.m.", 14, 40), ("at 3pm", 15, 0), ("around 2:40 PM", 14, 40),
        ("2:40", 14, 40), ("15.05", 15, 5), ("+10min", 14, 40), ("2026-11-19 14:40", 14, 40), ("yesterday 14:40", 14, 40),
        ("Thursday 3 pm", 15, 0), ("19 Nov 15:00", 15, 0), ("Nov 19th 3pm", 15, 0), ("19.11. 15:00", 15, 0),
        ("2026-11-19T14:40+01:00", 14, 40),
    ],
)  # fmt: skip
def test_a_time_of_the_call_is_read_as_it_is_said(said, hour, minute):
    read = moment_near(said, BERLIN, SPAN, now=NOW).astimezone(BERLIN)
    assert (read.hour, read.minute) == (hour, minute)
    assert read.day == (18 if "yesterday" in said else 19)


@pytest.mark.parametrize("said", ["9:15", "4pm", "23:59"])
def test_a_clock_time_that_the_call_does_not_have_names_its_span(said):
    with pytest.raises(InvalidArgumentError, match=r"2026-11-19 14:30:00 to 15:30:00 \(Europe/Berlin\)"):
        moment_near(said, BERLIN, SPAN, now=NOW)


@pytest.mark.parametrize("said", ["", "soonish", "25:00", "14", "half past", 7, None, "3 apples pm 14:40", "x" * 200])
def test_what_is_no_time_is_refused_with_examples(said):
    with pytest.raises(InvalidArgumentError, match="2:31 pm"):
        moment_near(said, BERLIN, SPAN, now=NOW)


@pytest.mark.parametrize(
    ("said", "day", "hours"),
    [
        ("2026-11-17", 17, 24), ("yesterday", 18, 24), ("today", 19, 24), ("Tuesday", 17, 24), ("last Thursday", 12, 24),
        ("17 Nov", 17, 24), ("17.11.2026", 17, 24), ("Tuesday afternoon", 17, 6), ("yesterday morning", 18, 6),
        ("Tuesday 3pm", 17, 1),
    ],
)  # fmt: skip
def test_a_day_alone_is_that_whole_day_where_it_was_said(said, day, hours):
    begin, end = day_range(said, BERLIN, now=NOW)
    assert (end - begin) == timedelta(hours=hours)
    assert begin.astimezone(BERLIN).day == day


def test_a_day_without_a_year_is_the_last_one_that_has_been():
    assert day_range("24 Dec", BERLIN, now=NOW)[0].astimezone(BERLIN).year == 2025


def test_a_day_has_23_hours_when_the_clocks_go_forward():
    begin, end = day_range("2026-03-29", BERLIN)
    assert end - begin == timedelta(hours=23)


def test_a_window_may_be_open_or_one_time_and_never_ends_before_it_begins():
    assert as_window((None, "15:00"), BERLIN, SPAN)[0] == SPAN[0]
    begin, end = as_window("15:00", BERLIN, SPAN)
    assert end - begin == timedelta(minutes=10)
    with pytest.raises(InvalidArgumentError, match="exchange"):
        as_window(("15:10", "15:00"), BERLIN, SPAN)
    with pytest.raises(InvalidArgumentError, match="two times"):
        as_window(("15:10", "15:20", "15:30"), BERLIN, SPAN)


def test_a_zone_that_does_not_exist_offers_the_nearest():
    with pytest.raises(InvalidArgumentError, match="Europe/Berlin"):
        time_zone("Berln")
    assert time_zone("utc") is UTC


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text):
    for read in (lambda: moment_near(text, BERLIN, SPAN, now=NOW), lambda: day_range(text, BERLIN, now=NOW)):
        with contextlib.suppress(InvalidArgumentError):
            assert read() is not None
