"""Complaints asked of a whole app, breakout rooms, one person's way, and titles given for ids."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError, NotFoundError


@pytest.fixture(scope="module")
def app():
    return rtk.demo(progress=False)


@pytest.fixture(scope="module")
def sessions(app):
    return app.sessions()


def test_a_complaint_finds_its_call_by_person_and_day(app):
    answer = app.explain("Boris", "Alma was choppy", on="2026-11-19", tz="Europe/Berlin")
    assert answer.status == "yes"
    assert answer.call.title == "Design review"
    assert "Europe/Berlin" in answer.headline
    assert answer.reply.startswith("You are right")


def test_who_was_in_no_call_that_day_is_said_so(app):
    with pytest.raises(InvalidArgumentError, match="Nobody called 'Zebulon' was in a call on 2026-11-19"):
        app.explain("Zebulon", "froze", on="2026-11-19")


def test_words_that_nobody_understands_are_refused_before_anything_is_fetched(app):
    with pytest.raises(InvalidArgumentError, match=r"rtk\.symptoms"):
        app.explain("Boris", "the coffee was cold", on="2026-11-19")


def test_a_day_given_to_find_is_that_whole_day_where_it_was_said(app):
    found = app.find("Alma", on="2026-11-19", tz="Europe/Berlin")
    assert len(found)
    assert set(found["started_at"].dt.tz_convert("Europe/Berlin").dt.day) <= {18, 19}
    same = app.find("Alma", start_time="2026-11-19", end_time="2026-11-19", tz="Europe/Berlin")
    assert same["peer_id"].tolist() == found["peer_id"].tolist()


def test_the_zone_of_the_app_is_that_of_its_calls():
    with pytest.raises(InvalidArgumentError, match="time zone"):
        rtk.connect(token="t", account_id="a", app_id="b", tz="Mars/North")
    made = rtk.connect(token="t", account_id="a", app_id="b", tz="Europe/Berlin")
    assert made.settings.tz == "Europe/Berlin"


def test_a_title_an_address_and_a_participant_are_told_for_what_they_are(app, sessions):
    with pytest.raises(InvalidArgumentError, match=r"title of a meeting.*not a session id(.|\n)*app\.call\('"):
        app.call("Design review")
    one = sessions["session_id"].iloc[3]
    with pytest.raises(InvalidArgumentError, match=rf"address that names the id {one}"):
        app.call(f"https://dash.example.com/realtime/kit/sessions/{one}?tab=1")
    peer = app.participants(one)["peer_id"].iloc[0]
    with pytest.raises(InvalidArgumentError, match="id of a participant"):
        app.call(peer)
    meeting = sessions["associated_id"].iloc[3]
    with pytest.raises(InvalidArgumentError, match="id of a meeting"):
        app.call(meeting)
    with pytest.raises(NotFoundError):
        app.call("00000000-0000-4000-8000-000000000000")


def test_rooms_list_the_main_session_first_and_each_is_a_call(app, sessions):
    with_rooms = next(
        found for key in sessions["session_id"] if len(found := app.rooms(key)) > 1 and not found["breakout"].iloc[0]
    )
    assert with_rooms["breakout"].tolist()[1:] == [True] * (len(with_rooms) - 1)
    room = app.call(with_rooms["session_id"].iloc[1])
    assert len(room.participants)
    who = room.participants["display_name"].dropna().iloc[0]
    stays = app.follow(who, with_rooms["session_id"].iloc[0])
    assert len(stays) >= 2
    assert stays["joined_at"].is_monotonic_increasing
    assert (stays["minutes"].dropna() > 0).all()
    with pytest.raises(InvalidArgumentError, match="There: "):
        app.follow("Zebulon", with_rooms["session_id"].iloc[0])
