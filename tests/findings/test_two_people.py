"""What a call of two can tell of lost packets, and where it has to leave it open."""

from __future__ import annotations

from tests.findings.room import Room, only


def sides(found):
    shown = found[["side", "side_peer_id", "confidence"]].astype(object)
    return set(shown.where(shown.notna(), None).itertuples(index=False, name=None))


def of_two(*, size=24):
    return Room(people=("Alma", "Boris"), size=size)


def test_what_the_far_end_does_not_count_was_lost_on_the_way_down():
    room = of_two()
    room.lose("Boris", "Alma", slice(10, 16), 0.12)
    assert sides(room.told()) == {("receiver_downlink", "Boris", "medium")}


def test_the_uplink_of_one_is_told_from_the_downlink_of_the_other_that_goes_on_after_it():
    room = of_two(size=40)
    room.lose_up("Alma", slice(8, 16), 0.12)
    room.lose("Boris", "Alma", slice(8, 26), 0.12)
    heard = only(room.told(), "loss_in").sort_values("start")
    assert list(heard["side_peer_id"]) == ["Alma", "Boris"]
    assert list(heard["side"]) == ["sender_uplink", "receiver_downlink"]
    assert heard["end"].iloc[0] == heard["start"].iloc[1]


def test_loss_before_and_beyond_the_server_at_once_is_nobodys_in_particular():
    room = of_two()
    room.lose_up("Alma", slice(10, 18), 0.08)
    room.lose("Boris", "Alma", slice(10, 18), 0.24)
    assert sides(only(room.told(), "loss_in")) == {("between", None, "low")}


def test_a_far_end_whose_reports_lag_by_a_sample_still_tells_of_the_uplink():
    room = of_two()
    room.lose_up("Alma", slice(11, 17), 0.12)
    room.lose("Boris", "Alma", slice(10, 16), 0.12)
    assert sides(only(room.told(), "loss_in")) == {("sender_uplink", "Alma", "low")}


def test_what_an_outage_left_in_the_far_ends_report_does_not_move_the_loss_of_a_downlink():
    room = of_two(size=40)
    room.lose("Boris", "Alma", slice(8, 24), 0.12)
    room.lose_up("Alma", slice(15, 17), 1.0)
    assert sides(only(room.told(), "loss_in")) == {("receiver_downlink", "Boris", "medium")}
