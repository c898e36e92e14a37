"""Pictures that suffer from loss are not blamed on machines; who did not listen did not hear it well."""

from __future__ import annotations

import pytest

from tests.findings.room import Room, only

MID = slice(10, 16)


def alone(room, who="Boris"):
    for key in [key for key in room.streams if key[1] != who]:
        del room.streams[key]
    room.states |= {other: "missing" for other in room.people if other != who}
    return room


def dropping(room, who="Boris", sender="Alma", dropped=60, rows=MID):
    got = room.got(who, sender, "video")
    got["frames_dropped"][rows], got["frames"][rows] = dropped, 140 - dropped
    return room


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_dropped_frames_beside_lost_sound_rank_behind_it_and_share_its_side(share):
    room = dropping(alone(Room()))
    room.lose("Boris", "Alma", MID, share)
    told = room.told()
    assert list(told["rule"]) == ["loss_in", "decoder_behind"]
    assert set(told["side"]) == {"unknown"}
    assert told["side_peer_id"].isna().all()
    frames = told.iloc[1]
    assert "machine" not in frames["story"] + frames["next_step"]


def test_dropped_frames_of_two_listeners_share_the_side_of_what_both_miss():
    room = Room()
    for key in [key for key in room.streams if key[1] == "Alma"]:
        del room.streams[key]
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, 0.12)
    dropping(room)
    told = room.told()
    assert set(told["side"]) == {"sender_uplink"}
    assert set(told["side_peer_id"]) == {"Alma"}
    assert "uplink of Alma" in only(told, "decoder_behind").iloc[0]["next_step"]


def test_dropped_frames_without_loss_or_long_after_it_stay_the_machines():
    room = dropping(alone(Room()), rows=slice(17, 22))
    room.lose("Boris", "Alma", slice(4, 9), 0.12)
    row = only(room.told(), "decoder_behind").iloc[0]
    assert (row["side"], row["side_peer_id"]) == ("receiver", "Boris")
    assert "load of that machine" in row["next_step"]


def test_another_senders_lossy_line_does_not_explain_dropped_frames():
    room = dropping(Room(people=("Alma", "Boris", "Chen", "Dana")), sender="Chen")
    room.lose_up("Alma", MID, 0.12)
    for who in ("Boris", "Chen", "Dana"):
        room.lose(who, "Alma", MID, 0.12)
    assert only(room.told(), "decoder_behind").iloc[0]["side"] == "receiver"


def test_a_frozen_picture_stays_bad_beside_a_little_loss_of_the_same_side():
    room = alone(Room())
    room.lose("Boris", "Alma", MID, 0.05)
    room.got("Boris", "Alma", "video")["frames"][11:13] = 0.0
    told = room.told().set_index("rule")
    assert told.loc["frozen", "severity"] == "bad"
    assert told.loc["frozen", "side"] == told.loc["loss_in", "side"] == "unknown"


def test_who_had_no_samples_did_not_receive_it_well():
    for missing in ("gap", "hidden"):
        room = Room()
        room.lose("Boris", "Alma", MID, 0.12)
        if missing == "gap":
            for made in room.all_got("Chen"):
                made["keep"][9:17] = False
        else:
            room.event("Chen", "browser_backgrounded", 65)
            room.event("Chen", "browser_foregrounded", 120)
        row = only(room.told(), "loss_in").iloc[0]
        assert "Chen received the same stream well" not in row["evidence_for"] + row["evidence_against"]


def test_who_dropped_frames_of_a_stream_did_not_receive_it_well():
    room = dropping(Room(), who="Chen")
    room.lose_up("Alma", MID, 0.12, "video")
    room.lose("Boris", "Alma", MID, 0.12, "video")
    row = only(room.told(), "loss_in").iloc[0]
    assert "the same stream well" not in row["evidence_for"] + row["evidence_against"]
    assert (row["side"], row["side_peer_id"]) == ("sender_uplink", "Alma")
    assert "Chen had trouble" in row["evidence_for"]


def muted():
    room = Room()
    for made in (room.sent("Alma"), room.got("Boris", "Alma"), room.got("Chen", "Alma")):
        made["keep"][10:16] = False
    return room


def test_a_gap_of_a_track_that_was_switched_off_is_one_note_of_whoever_did_it():
    room = muted()
    room.event("Alma", "audio_off", 71)
    room.event("Alma", "audio_on", 112)
    gaps = only(room.findings(), "switched_off")
    assert only(room.findings(), "gap").empty
    assert list(gaps["peer_id"]) == ["Alma"]
    assert gaps.iloc[0]["story"].startswith("Alma's audio was off (microphone off), for 41 s")
    assert gaps.iloc[0]["value"] == pytest.approx(41)


def test_a_switch_off_without_a_switch_on_ends_where_samples_come_back():
    room = muted()
    room.event("Alma", "audio_off", 71)
    assert only(room.findings(), "switched_off").iloc[0]["value"] == pytest.approx(119 - 71, abs=1)


def test_a_gap_without_events_does_not_read_as_if_the_listener_was_muted():
    stories = only(muted().findings(), "gap").set_index("peer_id")["story"]
    assert "no samples of Alma's audio, which Alma did not send" in stories["Boris"]
    assert "muted" in stories["Alma"]


def test_a_gap_of_a_hidden_tab_says_so():
    room = Room()
    room.event("Chen", "browser_backgrounded", 69)
    room.event("Chen", "browser_foregrounded", 112)
    for made in room.all_got("Chen"):
        made["keep"][10:16] = False
    gaps = only(room.findings(), "gap")
    assert list(gaps["peer_id"]) == ["Chen"]
    assert "4 streams: the tab was in the background" in gaps.iloc[0]["story"]


def test_sound_leads_where_picture_and_sound_of_one_side_are_lossy():
    room = Room()
    for media, share in (("audio", 0.12), ("video", 0.3)):
        room.lose_up("Alma", MID, share, media)
    assert list(room.told()["media"]) == ["audio", "video"]


def test_a_call_of_which_no_more_than_half_is_known_is_not_called_good():
    half = Room(people=("Alma", "Boris"), states={"Chen": "missing", "Dana": "failed"}).verdicts().iloc[0]
    assert (half["verdict"], half["reason"]) == ("unclassified", "no_report")
    assert "Unknown, not fine: Chen, Dana" in half["story"]
    assert Room(states={"Dana": "missing"}).verdicts().iloc[0]["verdict"] == "good"


def test_the_heading_names_the_meeting_and_counts_in_the_singular():
    from rtkit_explore.findings.verdicts import story_text

    lines = story_text(alone(Room(people=("Boris",))).call).splitlines()
    assert lines[0].startswith("Call made up (s)")
    assert lines[1] == "1 participant, 1 report read."


def test_two_devices_were_and_one_was_removed():
    for kinds, said in ((("audioinput", "audiooutput"), "were removed"), (("audioinput",), "was removed")):
        room = Room()
        for kind in kinds:
            for change, when in (("selected", 1), ("removed", 60)):
                room.add("device_changes", peer_id="Alma", change=change, kind=kind, device_id=kind,
                         timestamp=1_795_168_800_000_000 + when * 1_000_000)  # fmt: skip
        assert said in only(room.told(), "device_lost").iloc[0]["story"]
