"""The fewest links explain what everybody received; two faults at once are two links."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rtkit_explore.call import Call
from rtkit_explore.findings.context import context_of
from rtkit_explore.findings.localization import localization_of
from rtkit_explore.store.saved_calls import read_call
from tests.findings.room import Room, only, rules

MID = slice(10, 16)


def links(room, family="loss", row=13):
    where = localization_of(context_of(room.call))
    return set(where.explain(family, *where.slots(np.array([where.first + 7_000_000 * row]))).links)


def test_a_row_is_an_uplink_and_a_column_a_downlink():
    up, down = Room(), Room()
    for who in ("Boris", "Chen"):
        up.lose(who, "Alma", MID, 0.1)
        down.lose("Alma", who, MID, 0.1)
    up.lose_up("Alma", MID, 0.1)
    assert links(up) == {("up", "Alma")}
    assert links(down) == {("down", "Alma")}
    assert links(Room()) == set()


def test_two_faults_at_once_are_two_links():
    room = Room()
    room.lose_up("Alma", MID, 0.1)
    room.lose("Chen", "Alma", MID, 0.1)
    room.lose("Boris", "Alma", MID, 0.18)
    room.lose("Boris", "Chen", MID, 0.08)
    assert links(room) == {("up", "Alma"), ("down", "Boris")}


def test_a_sender_whom_all_miss_although_the_server_got_everything_is_the_servers_trouble():
    room = Room()
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.1)
    assert links(room) == {("server", "Alma")}


def test_both_directions_of_one_person_are_a_connection():
    room = Room()
    for made in (*room.all_got("Boris"), *(room.got(who, "Boris", media) for who in ("Alma", "Chen") for media in ("audio", "video"))):  # fmt: skip
        room.silence(made, slice(10, 13))
    assert links(room, "silence", 12) == {("connection", "Boris")}


def test_a_finding_is_cut_where_the_cause_changes():
    room = Room(size=40)
    room.lose_up("Alma", slice(8, 16), 0.1)
    room.lose("Chen", "Alma", slice(8, 16), 0.1)
    room.lose("Boris", "Alma", slice(8, 24), 0.1)
    room.lose("Boris", "Chen", slice(16, 24), 0.1)
    mine = only(room.told(), "loss_in").query("peer_id == 'Boris' and stream_id.str.contains('Alma')", engine="python")
    assert list(mine.sort_values("start")["side_peer_id"]) == ["Alma", "Boris"]
    assert mine["end"].min() == mine["start"].max()


def test_seconds_that_nobody_counted_as_lost_are_heard_as_silence():
    room = Room()
    for made in (room.got("Boris", "Alma"), room.got("Boris", "Chen")):
        made["packets"][12] -= 190  # 3.8 s of 50 packets a second
    found = only(room.told(), "interrupted")
    assert len(found) == 2
    assert np.allclose(found["value"], 3.8, atol=0.05)
    assert set(found["side_peer_id"]) == {"Boris"}
    assert found["story"].str.contains("heard nothing of").all()


def test_packets_that_come_one_sample_late_are_no_silence():
    room = Room()
    for made in (room.got("Boris", "Alma"), room.got("Boris", "Chen")):
        made["packets"][12] -= 150
        made["packets"][13] += 150
    assert "interrupted" not in rules(room.findings())


def test_zero_packets_for_minutes_are_never_connected_and_unknown_ones_are_not():
    for unknown in (False, True):
        room = Room()
        for made in (*room.all_got("Boris"), room.sent("Boris"), room.sent("Boris", "video")):
            made["packets"] = made["packets"] * (np.nan if unknown else 0)
        for who in ("Alma", "Chen"):
            for media in ("audio", "video"):
                room.got(who, "Boris", media)["packets"] *= 0
        found = only(room.findings(), "never_connected")
        assert list(found["side_peer_id"]) == ([] if unknown else ["Boris"])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_an_encoder_at_its_cap_from_the_beginning_is_nobodys_fault(share):
    room = Room()
    made = room.sent("Alma", "video")
    made["quality_limitation_durations_bandwidth"][:] = 7.0
    made["bytes"] = made["bytes"] * share
    assert room.told().empty


def test_times_that_are_wrong_by_centuries_cost_no_memory(recordings):
    documents = read_call(recordings / "sfu-uplink")
    peer, body = next(iter(documents.reports.items()))
    report = json.loads(body)
    for name, rows in report["data"]["participant"]["peer_report"]["quality"].items():
        for number, row in enumerate(rows if name == "audio_consumer" else ()):
            row["timestamp"] = ("2200", "1970", "1990")[number % 3] + row["timestamp"][4:]
    call = Call(replace(documents, reports=documents.reports | {peer: json.dumps(report).encode()}))
    assert {"loss_out"} <= set(call.findings()["rule"])
    assert 0 < len(localization_of(call.judging).moments) < 100_000
