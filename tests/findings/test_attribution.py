"""Whose side it was on: each row of the decision table, and what must not be concluded."""

from __future__ import annotations

import pytest

from tests.findings.room import Room, only, rules

MID = slice(10, 16)
FIVE = ("Alma", "Boris", "Chen", "Dana", "Emil")


def sides(found):
    return {(row.side, row.side_peer_id if isinstance(row.side_peer_id, str) else None) for row in found.itertuples()}


def test_a_sender_who_loses_and_two_who_miss_it_are_the_senders_uplink_corroborated():
    room = Room()
    room.lose_up("Alma", MID, 0.12)
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.12)
    told = room.told()
    assert sides(told) == {("sender_uplink", "Alma")}
    assert set(told["confidence"]) == {"high"}
    assert "Chen" in only(told, "loss_in").query("peer_id == 'Boris'").iloc[0]["evidence_for"]


def test_a_sender_who_is_fine_and_all_of_two_who_miss_it_are_between_or_the_server():
    room = Room()
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.12)
    assert sides(room.told()) == {("between", None)}


def test_where_nothing_tells_what_reached_the_server_all_missing_one_sender_point_at_that_uplink():
    room = Room()
    for media in ("audio", "video"):
        room.sent("Alma", media)["rtt"] *= 0
        room.sent("Alma", media)["jitter"] *= 0
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.12)
    told = room.told()
    assert sides(told) == {("sender_uplink", "Alma")}
    assert set(told["confidence"]) == {"medium"}
    assert told["evidence_against"].str.contains("nothing tells").all()


def test_one_of_two_who_misses_it_is_that_receivers_side():
    room = Room()
    room.lose("Boris", "Alma", MID, 0.12)
    told = room.told()
    assert sides(told) == {("receiver_downlink", "Boris")}
    assert set(told["confidence"]) == {"low"}  # from Chen, Boris received everything
    assert "Chen received the same stream well" in told.iloc[0]["evidence_for"]


def test_one_person_who_is_bad_on_everything_is_that_receivers_side():
    room = Room()
    for sender in ("Alma", "Chen"):
        room.lose("Boris", sender, MID, 0.12)
        room.lose("Boris", sender, MID, 0.12, "video")
    told = room.told()
    assert sides(told) == {("receiver_downlink", "Boris")}
    assert set(told["confidence"]) == {"high"}


def test_half_the_call_at_once_is_a_shared_cause():
    room = Room(people=FIVE)
    for who in ("Alma", "Boris", "Chen"):
        for sender in FIVE:
            if sender != who:
                room.lose(who, sender, MID, 0.12)
    assert sides(room.told()) == {("shared", None)}


def test_half_the_call_that_misses_one_sender_is_that_senders_uplink_and_no_shared_cause():
    room = Room(people=FIVE)
    room.lose_up("Alma", MID, 0.12)
    for who in FIVE[1:]:
        room.lose(who, "Alma", MID, 0.12)
    assert sides(room.told()) == {("sender_uplink", "Alma")}


def test_a_call_of_two_leaves_the_uplink_with_low_confidence():
    room = Room(people=("Alma", "Boris"))
    room.lose_up("Alma", MID, 0.12)
    room.lose("Boris", "Alma", MID, 0.12)
    told = room.told()
    assert sides(told) == {("sender_uplink", "Alma")}
    assert set(told["confidence"]) == {"low"}


def test_both_directions_of_a_call_of_two_are_nobodys():
    room = Room(people=("Alma", "Boris"))
    for one, two in (("Alma", "Boris"), ("Boris", "Alma")):
        room.lose_up(one, MID, 0.12)
        room.lose(two, one, MID, 0.12)
    assert sides(room.told()) == {("between", None)}


def test_repaired_video_shows_its_loss_at_the_sender_and_in_the_sound_only():
    room = Room()
    for media in ("audio", "video"):
        room.lose_up("Alma", MID, 0.1, media)
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.1)
    told = room.told()
    assert sides(told) == {("sender_uplink", "Alma")}
    assert set(only(told, "loss_out")["media"]) == {"audio", "video"}


def test_a_slow_picture_of_a_limited_sender_is_the_senders():
    for limit, side in (("cpu", "sender"), ("bandwidth", "sender_uplink")):
        room = Room()
        room.sent("Alma", "video")[f"quality_limitation_durations_{limit}"][MID] = 7.0
        room.sent("Alma", "video")["bytes"][MID] *= 0.3
        for who in ("Boris", "Chen"):
            room.got(who, "Alma", "video")["frames"][MID] = 28.0
        slow = only(room.told(), "low_frame_rate")
        assert sides(slow) == {(side, "Alma")}
        assert set(slow["confidence"]) == {"high"}


def test_a_slow_camera_is_the_senders_although_nothing_limits_it():
    room = Room()
    room.sent("Alma", "video")["frames"][MID] = 30.0
    for who in ("Boris", "Chen"):
        room.got(who, "Alma", "video")["frames"][MID] = 30.0
    assert sides(only(room.told(), "low_frame_rate")) == {("sender", "Alma")}


def test_one_person_cut_off_is_told_from_those_who_miss_that_person():
    room = Room()
    for made in (
        *room.all_got("Boris"),
        *(room.got(who, "Boris", media) for who in ("Alma", "Chen") for media in ("audio", "video")),
    ):
        room.silence(made, slice(10, 13))
    told = room.told()
    assert rules(told) == {"nothing_received"}
    assert sides(told) == {("connection", "Boris")}
    assert set(told["confidence"]) == {"high"}
    assert told.iloc[0]["peer_id"] == "Boris"


def test_an_uplink_that_is_cut_shows_in_the_far_ends_figures_that_stand_still():
    for still, side in ((True, ("sender_uplink", "Boris")), (False, ("between", None))):
        room = Room()
        for who in ("Alma", "Chen"):
            for media in ("audio", "video"):
                room.silence(room.got(who, "Boris", media), slice(10, 13))
        for media in ("audio", "video"):
            if still:
                room.sent("Boris", media)["rtt"][10:13] = room.sent("Boris", media)["rtt"][9]
        assert sides(only(room.told(), "nothing_received")) == {side}


def test_an_outage_of_two_is_nobodys_even_if_one_of_them_reconnects():
    room = Room(people=("Alma", "Boris"))
    for who, other in (("Alma", "Boris"), ("Boris", "Alma")):
        for made in room.all_got(who):
            room.silence(made, slice(10, 12))
        room.sent(other, "video")["quality_limitation_durations_bandwidth"][11:18] = 7.0
        room.sent(other, "video")["bytes"][11:18] *= 0.3
    room.event("Alma", "reconnect_attempt", 78)
    told = room.told()
    assert {"nothing_received", "reconnects", "bandwidth_limited"} <= rules(told)
    assert sides(told) == {("between", None)}


def test_a_sender_without_a_report_stays_unknown():
    room = Room(people=("Alma", "Boris"), states={"Alma": "missing"})
    for key in [key for key in room.streams if key[1] == "Alma"]:
        del room.streams[key]
    room.lose("Boris", "Alma", MID, 0.12)
    told = room.told()
    assert sides(told) == {("unknown", None)}
    assert told.iloc[0]["evidence_against"]


def test_people_who_were_not_there_at_that_time_are_not_compared():
    room = Room()
    for made in [*room.all_got("Chen"), room.sent("Chen"), room.sent("Chen", "video")]:
        made["keep"][:17] = False
    for media in ("audio", "video"):
        room.got("Boris", "Chen", media)["keep"][:17] = False
    room.lose("Boris", "Alma", MID, 0.12)
    evidence = " ".join(room.told()["evidence_for"])
    assert "Chen" not in evidence


def test_a_skewed_clock_does_not_hide_who_noticed():
    room = Room(clocks={"Boris": 100.0})
    for media in ("audio", "video"):
        room.lose_up("Alma", MID, 0.12, media)
        for who in ("Boris", "Chen"):
            room.lose(who, "Alma", MID, 0.12, media)
    found = room.findings()
    told = found[found["severity"] != "note"]
    assert sides(told) == {("sender_uplink", "Alma")}
    assert set(told["confidence"]) == {"high"}
    skew = only(found, "clock_offset")
    assert list(skew["peer_id"]) == ["Boris"]
    assert skew.iloc[0]["value"] == pytest.approx(100, abs=2)


def test_the_worst_comes_first_and_causes_before_what_follows_from_them():
    room = Room()
    room.lose_up("Alma", MID, 0.12)
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.12)
        room.got(who, "Alma")["concealment_events"][MID] = 40
    room.sent("Boris", "video")["quality_limitation_durations_cpu"][MID] = 7.0
    order = list(room.findings()["rule"])
    assert order[0] == "loss_out"
    assert order.index("loss_in") < order.index("concealment") < order.index("cpu_limited")


def test_a_round_trip_that_rises_because_of_the_way_down_is_the_way_downs():
    room = Room()
    for sender in ("Alma", "Chen"):
        for media in ("audio", "video"):
            room.lose("Boris", sender, MID, 0.3, media)
    sent = room.sent("Boris", "video")
    sent["rtt"][MID] = 0.6
    sent["quality_limitation_durations_bandwidth"][MID] = 7.0
    told = room.told()
    assert {"round_trip", "bandwidth_limited"} <= rules(told)
    assert sides(told) == {("receiver_downlink", "Boris")}
    assert told.iloc[0]["rule"] == "loss_in"


def test_sound_that_is_patched_although_everything_arrived_is_the_receivers_machine():
    room = Room(people=("Alma", "Boris"))
    room.got("Boris", "Alma")["concealment_events"][MID] = 40
    assert sides(room.told()) == {("receiver", "Boris")}
