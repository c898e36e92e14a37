"""Sound held against its own usual: what a busy machine never sent, and a line that shook below the limits."""

from __future__ import annotations

import pytest

from tests.findings.room import Room, only, rules

MID = slice(10, 16)
PEOPLE = ("Alma", "Boris", "Chen")


def shake(room: Room, receiver: str, sender: str, ms: float) -> None:
    room.got(receiver, sender)["jitter"][MID] = ms / 1000


def starve(room: Room, who: str, share: float, ms: float) -> None:
    sent = room.sent(who)
    sent["packets"][MID] *= share
    sent["jitter"][MID] = ms / 1000
    for other in PEOPLE:
        if other != who:
            room.got(other, who)["packets"][MID] *= share


def test_a_machine_that_captures_half_of_a_voice_is_named_and_no_line():
    room = Room()
    starve(room, "Boris", 0.45, 30)
    for other in ("Alma", "Chen"):
        for one, two in ((other, "Boris"), ("Boris", other)):
            room.got(one, two)["jitter"][MID] = 0.045
    told = room.told()
    assert set(told["side"]) <= {"sender", "receiver"}
    assert set(told["side_peer_id"]) == {"Boris"}
    busy = only(told, "not_captured").iloc[0]
    assert (busy["severity"], busy["side"], busy["confidence"]) == ("bad", "sender", "high")
    assert "Boris's machine was too busy" in room.verdicts()["story"].iloc[0]


@pytest.mark.parametrize(("share", "ms"), [(0.45, 2), (0.9, 30), (1.0, 25)])
def test_fewer_packets_that_leave_evenly_or_uneven_ones_that_are_all_there_are_no_busy_machine(share, ms):
    room = Room()
    starve(room, "Boris", share, ms)
    assert "not_captured" not in rules(room.told())


def test_what_is_lost_on_the_way_is_no_busy_machine():
    room = Room()
    starve(room, "Boris", 0.45, 30)
    room.sent("Boris")["packets_lost"][MID] = 20.0
    assert "not_captured" not in rules(room.findings())


def test_all_that_somebody_receives_shaking_below_the_limits_is_a_note_on_the_downlink():
    room = Room()
    for other in ("Alma", "Chen"):
        shake(room, "Boris", other, 20)
    found = room.findings()
    assert set(found["severity"]) == {"note"}
    (row,) = only(found, "unsteady").to_dict("records")
    assert (row["side"], row["side_peer_id"]) == ("receiver_downlink", "Boris")
    assert "20 ms of jitter instead of" in row["story"]


def test_all_that_somebody_sends_shaking_below_the_limits_is_a_note_on_the_uplink():
    room = Room()
    for other in ("Alma", "Chen"):
        shake(room, other, "Boris", 20)
    (row,) = only(room.findings(), "unsteady").to_dict("records")
    assert (row["side"], row["side_peer_id"]) == ("sender_uplink", "Boris")


def test_one_stream_that_shakes_alone_names_nobody():
    room = Room()
    shake(room, "Boris", "Alma", 20)
    assert "unsteady" not in rules(room.findings())


@pytest.mark.parametrize("late", [False, True])
def test_what_the_limits_name_is_not_told_again_as_a_note(late):
    room = Room()
    for other in ("Alma", "Chen"):
        shake(room, "Boris", other, 20)
        got = room.got("Boris", other)
        got["jitter_buffer_delay"][MID] = (0.4 if late else 0.1) * got["jitter_buffer_emitted_count"][MID]
    found = rules(room.findings())
    assert ("late_media" in found, "unsteady" in found) == (late, not late)
