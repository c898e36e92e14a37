"""Each rule: when it speaks, and when it has to be silent."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.findings.room import START, Room, only, rules

MID = slice(10, 16)


def test_a_room_in_which_everything_is_fine_has_no_findings_at_all():
    assert Room().findings().empty


def test_loss_is_a_warning_above_3_and_bad_above_10_percent():
    mild, heavy, none = Room(), Room(), Room()
    for room, share in ((mild, 0.05), (heavy, 0.12), (none, 0.02)):
        room.lose("Boris", "Alma", MID, share)
    assert set(only(mild.told(), "loss_in")["severity"]) == {"warn"}
    assert set(only(heavy.told(), "loss_in")["severity"]) == {"bad"}
    assert "loss_in" not in rules(none.findings())


def test_a_warning_needs_two_samples_and_a_bad_one_stands_alone():
    room = Room()
    room.lose("Boris", "Alma", slice(10, 11), 0.05)
    room.lose("Boris", "Chen", slice(10, 11), 0.2)
    told = only(room.told(), "loss_in")
    assert list(told["severity"]) == ["bad"]
    assert told["evidence_for"].notna().all()


def test_loss_is_not_worked_out_from_fewer_than_fifty_packets():
    room = Room()
    got = room.got("Boris", "Alma")
    got["packets"][MID], got["packets_lost"][MID] = 30.0, 15.0
    assert "loss_in" not in rules(room.told())


def test_a_good_sample_is_bridged_where_the_trouble_lasts_on_both_sides_of_it_and_two_are_not():
    room = Room()
    room.lose("Boris", "Alma", slice(8, 10), 0.12)
    room.lose("Boris", "Alma", slice(11, 13), 0.12)
    room.lose("Boris", "Alma", slice(18, 20), 0.12)
    assert len(only(room.told(), "loss_in")) == 2


def test_a_sample_that_is_hit_for_a_third_sets_the_edge():
    room = Room()
    room.lose("Boris", "Alma", slice(10, 16), 0.12)
    room.lose("Boris", "Alma", slice(9, 10), 0.04)
    row = only(room.told(), "loss_in").iloc[0]
    began = row["start"].timestamp() - START / 1e6
    assert began == pytest.approx(7 * 9 + 0.1 + 7 * 2 / 3, abs=0.7)


def test_loss_out_above_100_percent_is_a_late_report_and_is_held_against_both_intervals():
    room = Room()
    sent = room.sent("Alma")
    sent["packets_lost"][11] = 420.0
    row = only(room.told(), "loss_out").iloc[0]
    assert row["value"] == pytest.approx(60, abs=1)
    assert "implausible" in rules(room.findings())


def test_loss_out_of_a_client_whose_far_end_never_reports_is_unknown_and_raises_nothing():
    room = Room()
    for media in ("audio", "video"):
        sent = room.sent("Alma", media)
        sent["rtt"], sent["jitter"] = np.zeros(room.size), np.zeros(room.size)
    assert room.findings().empty


def test_a_negative_loss_counts_as_none():
    room = Room()
    room.sent("Alma")["packets_lost"][MID] = -40.0
    assert "loss_out" not in rules(room.told())


@pytest.mark.parametrize(("ms", "severity"), [(290, None), (350, "warn"), (600, "bad")])
def test_round_trip(ms, severity):
    room = Room()
    for media in ("audio", "video"):
        room.sent("Alma", media)["rtt"][MID] = ms / 1000
    told = only(room.told(), "round_trip")
    assert set(told["severity"]) == ({severity} if severity else set())


def test_jitter_of_sound_counts_from_30_ms_and_of_a_paced_picture_from_100_ms():
    room = Room()
    room.got("Boris", "Alma")["jitter"][MID] = 0.045
    room.got("Boris", "Alma", "video")["jitter"][MID] = 0.045
    told = only(room.told(), "jitter")
    assert list(told["media"]) == ["audio"]


def test_a_long_buffer_is_a_warning_where_the_way_shows_why_and_a_note_where_it_does_not():
    room = Room()
    for sender in ("Alma", "Chen"):
        room.got("Boris", sender)["jitter_buffer_delay"][MID] = 0.3 * 336_000
    room.got("Boris", "Chen")["jitter"][MID] = 0.025
    found = only(room.findings(), "late_media")
    assert sorted(found["severity"]) == ["note", "warn"]


def test_one_concealment_per_sample_is_no_alarm_and_many_are():
    room = Room()
    room.got("Boris", "Alma")["concealment_events"] += 2
    assert room.findings().empty
    room = Room()
    room.got("Boris", "Alma")["concealment_events"][MID] = 35
    assert list(only(room.told(), "concealment")["severity"]) == ["bad"]


def test_a_low_frame_rate_needs_two_samples_while_packets_flow():
    room = Room()
    room.got("Boris", "Alma", "video")["frames"][10:11] = 28.0
    assert room.told().empty
    room = Room()
    room.got("Boris", "Alma", "video")["frames"][10:13] = 28.0
    assert list(only(room.told(), "low_frame_rate")["severity"]) == ["bad"]


def test_a_stream_may_take_two_samples_to_find_its_rate():
    room = Room()
    for other in ("Boris", "Chen"):
        got = room.got(other, "Alma", "video")
        got["frames"][:3], got["frame_width"][:3] = 20.0, 160.0
    sent = room.sent("Alma", "video")
    sent["quality_limitation_durations_bandwidth"][:3] = 7.0
    sent["pli_count"][:3] = 9
    assert room.told().empty


def test_a_narrow_picture_is_a_warning_below_240_px():
    room = Room()
    room.got("Boris", "Alma", "video")["frame_width"][MID] = 160.0
    room.got("Chen", "Alma", "video")["frame_width"][MID] = 320.0
    told = only(room.told(), "low_resolution")
    assert list(told["peer_id"]) == ["Boris"]


def test_bytes_without_a_new_picture_are_a_frozen_picture():
    room = Room()
    room.got("Boris", "Alma", "video")["frames"][10:12] = 0.0
    assert list(only(room.told(), "frozen")["severity"]) == ["bad"]


def test_nothing_received_of_a_track_that_is_on_is_bad_and_partial_samples_set_its_edges():
    room = Room()
    for made in room.all_got("Boris"):
        room.silence(made, slice(10, 12))
        if "concealment_events" in made:
            made["packets"][9], made["packets"][12] = 175.0, 88.0
    row = only(room.told(), "nothing_received").query("media == 'audio'").iloc[0]
    began, ended = (row[name].timestamp() - START / 1e6 for name in ("start", "end"))
    assert began == pytest.approx(7 * 10 + 0.1 - 3.5, abs=0.3)
    assert ended == pytest.approx(7 * 12 + 0.1 + 0.75 * 7, abs=0.3)


def test_a_muted_sender_raises_nothing_whether_samples_stop_or_go_on_at_zero():
    stops, goes_on = Room(), Room()
    for room in (stops, goes_on):
        for made in (room.sent("Alma"), room.got("Boris", "Alma"), room.got("Chen", "Alma")):
            if room is stops:
                made["keep"][10:16] = False
            else:
                room.silence(made, slice(10, 16))
    assert stops.told().empty
    assert set(only(stops.findings(), "gap")["peer_id"]) == {"Alma", "Boris", "Chen"}
    assert goes_on.findings().empty


def test_two_senders_without_reports_who_mute_one_after_the_other_raise_nothing():
    room = Room()
    for sender, rows in (("Alma", slice(8, 20)), ("Chen", slice(11, 20))):
        del room.streams["sent", sender, "audio"], room.streams["sent", sender, "video"]
        room.silence(room.got("Boris", sender), rows)
        room.silence(room.got("Boris", sender, "video"), rows)
    assert "nothing_received" not in rules(room.told())


def test_everything_that_stops_within_a_sample_is_an_outage_even_without_the_senders_reports():
    room = Room()
    for key in [key for key in room.streams if key[1] != "Boris"]:
        del room.streams[key]
    for made in room.all_got("Boris"):
        room.silence(made, slice(10, 13))
    assert len(only(room.told(), "nothing_received")) == 4


def test_a_picture_that_stops_while_the_voice_goes_on_is_withheld_not_cut_off():
    room = Room()
    room.silence(room.got("Boris", "Alma", "video"), slice(10, 16))
    assert "nothing_received" not in rules(room.told())


def test_nothing_sent_needs_a_switch_that_says_on():
    quiet, told = Room(), Room()
    told.event("Alma", "audio_on", 1)
    for room in (quiet, told):
        for made in (room.sent("Alma"), room.got("Boris", "Alma"), room.got("Chen", "Alma")):
            room.silence(made, slice(10, 14))
    assert quiet.told().empty
    assert rules(told.told()) == {"nothing_sent"}
    told = Room()
    told.event("Alma", "audio_on", 1)
    told.event("Alma", "audio_off", 69)
    told.event("Alma", "audio_on", 100)
    told.silence(told.sent("Alma"), slice(10, 14))
    assert "nothing_sent" not in rules(told.told())


def test_an_encoder_that_pauses_in_silence_still_sends_and_raises_nothing():
    room = Room()
    room.event("Alma", "audio_on", 1)
    for made in (room.sent("Alma"), room.got("Boris", "Alma"), room.got("Chen", "Alma")):
        made["packets"][10:16] = 17.0
    assert room.told().empty


@pytest.mark.parametrize(("dropped", "severity"), [(10, None), (30, "warn"), (70, "bad")])
def test_a_decoder_that_drops_frames(dropped, severity):
    room = Room()
    for sender in ("Alma", "Chen"):
        got = room.got("Boris", sender, "video")
        got["frames_dropped"][MID], got["frames"][MID] = dropped, 140 - dropped
    told = only(room.told(), "decoder_behind")
    assert set(told["severity"]) == ({severity} if severity else set())
    assert severity is None or set(told["side"]) == {"receiver"}


def test_key_frame_requests_count_from_half_a_one_per_second():
    room = Room()
    room.sent("Alma", "video")["pli_count"][10:13] = 5
    row = only(room.findings(), "keyframe_storm").iloc[0]
    assert row["value"] == pytest.approx(5 / 7, rel=0.01)
    assert row["severity"] == "note"  # nobody is known to have seen it badly
    room = Room()
    room.sent("Alma", "video")["pli_count"][10:13] = 3
    assert "keyframe_storm" not in rules(room.told())


def test_a_limited_encoder_counts_by_its_time_and_by_its_reason_where_time_is_absent():
    room = Room()
    room.sent("Alma", "video")["quality_limitation_durations_cpu"][MID] = 4.0
    boris = room.sent("Boris", "video")
    boris["quality_limitation_reason"] = ["cpu" if 10 <= n < 16 else "none" for n in range(room.size)]
    for name in ("cpu", "bandwidth"):
        boris[f"quality_limitation_durations_{name}"][:] = np.nan
    told = only(room.told(), "cpu_limited")
    assert set(told["peer_id"]) == {"Alma", "Boris"}
    assert set(told["severity"]) == {"warn"}
    assert set(told["side"]) == {"sender"}


def test_a_round_trip_that_rose_for_a_moment_and_changed_nothing_of_what_was_sent_is_a_note():
    room = Room()
    for who in room.people:
        room.sent(who, "video")["quality_limitation_durations_bandwidth"][10:15] = 7.0
        for media in ("audio", "video"):
            room.sent(who, media)["rtt"][10:13] = 0.2
    assert room.told().empty
    (one, *_) = only(room.findings(), "bandwidth_limited").to_dict("records")
    assert "hardly less was sent" in one["evidence_against"]


def test_a_limited_encoder_with_a_round_trip_far_off_its_mean_is_congested():
    room = Room()
    sent = room.sent("Alma", "video")
    sent["quality_limitation_durations_bandwidth"][10:16] = 7.0
    sent["rtt"][10:13] = 0.25
    sent["bytes"][11:16] /= 3
    told = room.told()
    assert list(only(told, "congested")["severity"]) == ["bad"]
    assert list(only(told, "bandwidth_limited")["severity"]) == ["warn"]
    assert told.iloc[0]["rule"] == "congested"


def test_loss_that_ends_when_less_is_sent_is_a_full_queue_and_loss_that_goes_on_is_a_lossy_link():
    full, lossy = Room(), Room()
    for room, until in ((full, 11), (lossy, 16)):
        sent = room.sent("Alma", "video")
        sent["quality_limitation_durations_bandwidth"][10:18] = 7.0
        sent["bytes"][11:18] = 60_000.0
        room.lose_up("Alma", slice(10, until), 0.3, "video")
    assert only(full.told(), "congested").iloc[0]["value"] == pytest.approx(8.4, abs=0.3)
    assert full.told().iloc[0]["rule"] == "congested"
    assert "congested" not in rules(lossy.told())
    assert lossy.told().iloc[0]["rule"] == "loss_out"


def test_a_simulcast_layer_that_nobody_needs_is_no_fault():
    room = Room()
    top = room.add_sender("Alma", "video")
    low = {name: values.copy() if isinstance(values, np.ndarray) else values for name, values in top.items()}
    room.streams["sent", "Alma", "low", "video"] = low
    room.event("Alma", "video_on", 1)
    room.silence(top, slice(8, 20))
    assert room.told().empty


def test_a_still_screen_raises_nothing_and_one_that_lost_its_frames_does():
    still, broken = Room(), Room()
    for room in (still, broken):
        sent, got = (
            room.add_sender("Alma", "screenshare_video"),
            room.add_receiver("Boris", "Alma", "screenshare_video"),
        )
        for made in (sent, got):
            made["frame_width"][:] = 1920.0
        frames = 7.0 if room is still else 100.0
        sent["frames"][:], got["frames"][:] = frames, 7.0
        sent["packets"][:], got["packets"][:] = 40.0, 40.0
    assert still.told().empty
    assert "low_frame_rate" in rules(broken.told())


def test_a_hidden_tab_explains_what_its_owner_did_not_see():
    room = Room()
    room.event("Boris", "browser_backgrounded", 68)
    room.event("Boris", "browser_foregrounded", 113)
    for sender in ("Alma", "Chen"):
        room.got("Boris", sender, "video")["frames"][MID] = 3.0
    found = room.findings()
    assert rules(found) == {"hidden"}
    assert list(found["severity"]) == ["note"]
    assert found.iloc[0]["end"] - found.iloc[0]["start"] == np.timedelta64(45, "s")


def test_a_hidden_tab_of_the_sender_explains_a_slow_picture():
    room = Room()
    room.event("Alma", "browser_backgrounded", 68)
    room.event("Alma", "browser_foregrounded", 113)
    for made in (room.sent("Alma", "video"), room.got("Boris", "Alma", "video"), room.got("Chen", "Alma", "video")):
        made["frames"][MID] = 7.0
    assert rules(room.findings()) == {"hidden"}


def test_a_bandwidth_estimate_may_climb_for_a_while_at_first_and_not_later():
    climbing, later = Room(), Room()
    climbing.sent("Alma", "video")["quality_limitation_durations_bandwidth"][:6] = 7.0
    later.sent("Alma", "video")["quality_limitation_durations_bandwidth"][10:16] = 7.0
    later.sent("Alma", "video")["bytes"][10:16] *= 0.2
    capped = Room()
    capped.sent("Alma", "video")["quality_limitation_durations_bandwidth"][10:16] = 7.0
    assert climbing.told().empty
    assert capped.told().empty  # nothing lost, a flat round trip, as much sent as before
    assert rules(later.told()) == {"bandwidth_limited"}


def test_a_camera_that_is_off_may_send_some_black_pictures():
    room = Room()
    room.event("Alma", "video_on", 1)
    room.event("Alma", "video_off", 70)
    room.event("Alma", "video_on", 112)
    for made in (room.sent("Alma", "video"), room.got("Boris", "Alma", "video"), room.got("Chen", "Alma", "video")):
        made["frames"][MID], made["packets"][MID] = 7.0, 20.0
    assert room.told().empty


def _pair(**more):
    return {"peer_id": "Alma", "transport": "producing", "position": 0, "nominated": True, "relayed": False,
            "local_candidate_type": "host", "path_protocol": "udp", "local_candidate_id": "a", "remote_candidate_id": "b",
            "bytes_sent": 1e6, "bytes_received": 1e5} | more  # fmt: skip


def test_a_relay_over_tcp_or_tls_is_a_warning_where_something_went_wrong_on_it():
    for protocol, lossy, severity in (("udp", True, "note"), ("tcp", True, "warn"), ("tls", False, "note")):
        room = Room()
        if lossy:
            room.lose_up("Alma", MID, 0.12)
            for who in ("Boris", "Chen"):
                room.lose(who, "Alma", MID, 0.12)
        room.add("candidate_pairs", **_pair(relayed=True, local_candidate_type="relay", path_protocol=protocol))
        found = only(room.findings(), "relayed")
        assert list(found["severity"]) == [severity]
        assert list(found["side_peer_id"]) == ["Alma"]


def test_two_pairs_that_carried_media_are_a_changed_path():
    room = Room()
    room.add("candidate_pairs", **_pair())
    room.add("candidate_pairs", **_pair(position=1, local_candidate_id="c", nominated=False))
    assert list(only(room.findings(), "path_changed")["severity"]) == ["note"]


def test_a_nominated_pair_that_carried_nothing_is_bad_where_media_was_meant_to_flow():
    room = Room()
    for media in ("audio", "video"):
        room.silence(room.sent("Alma", media), slice(0, room.size))
    room.add("candidate_pairs", **_pair(bytes_sent=0, bytes_received=0))
    assert list(only(room.told(), "one_way_transport")["severity"]) == ["bad"]
    room = Room()
    room.add("candidate_pairs", **_pair(bytes_sent=0, bytes_received=0))
    assert "one_way_transport" not in rules(room.findings())


def test_reconnects_warn_once_and_are_bad_from_three():
    room = Room()
    room.event("Alma", "reconnect_attempt", 50)
    for seconds in (50, 80, 120):
        room.event("Boris", "reconnect_attempt", seconds)
    told = only(room.told(), "reconnects").set_index("peer_id")
    assert told["severity"].to_dict() == {"Alma": "warn", "Boris": "bad"}


def test_a_disconnect_at_the_end_is_a_hang_up_and_one_before_a_connection_is_not():
    room = Room()
    room.event("Alma", "transport_connected", 1)
    room.event("Alma", "disconnect", 170)
    room.event("Boris", "disconnect", 60)
    room.event("Boris", "transport_connected", 64)
    assert list(only(room.told(), "reconnects")["peer_id"]) == ["Boris"]


def test_joining_again_within_three_minutes_is_a_reconnect_and_after_an_hour_is_not():
    for away, expected in ((20, 1), (3600, 0)):
        room = Room()
        left = START + 60_000_000
        room.add("participants", peer_id="Boris", user_id="u", left_at=left)
        room.add("participants", peer_id="Boris again", user_id="u", display_name="Boris", report="not_fetched",
                 joined_at=left + away * 1_000_000)  # fmt: skip
        assert len(only(room.told(), "reconnects")) == expected


def _comes_back(room):
    left = START + 119_000_000
    room.add("participants", peer_id="Boris", user_id="u", left_at=left)
    room.add("participants", peer_id="Boris again", user_id="u", display_name="Boris", report="not_fetched",
             joined_at=left + 20_000_000)  # fmt: skip
    for made in (room.sent("Boris"), room.sent("Boris", "video"), *room.all_got("Boris")):
        made["keep"][17:] = False
    for who in ("Alma", "Chen"):
        for media in ("audio", "video"):
            room.got(who, "Boris", media)["keep"][17:] = False
    return room


def test_who_hangs_up_and_comes_back_has_no_fault_of_a_connection():
    room = _comes_back(Room())
    room.event("Boris", "disconnect", 119)
    (one,) = only(room.findings(), "reconnects").to_dict("records")
    assert (one["severity"], one["peer_id"], one["side_peer_id"]) == ("note", "Boris", None)
    assert "left by choice and came back" in one["story"]
    assert room.told().empty


@pytest.mark.parametrize("why", ["no word of it", "silence before it", "attempts to reconnect before it"])
def test_who_may_have_been_cut_off_before_coming_back_has_reconnected(why):
    room = _comes_back(Room())
    if why != "no word of it":
        room.event("Boris", "disconnect", 119)
    if why == "silence before it":
        for made in (*room.all_got("Boris"), *(room.got(who, "Boris") for who in ("Alma", "Chen"))):
            room.silence(made, slice(15, 17))
    if why == "attempts to reconnect before it":
        room.event("Boris", "reconnect_attempt", 100)
    assert "warn" in set(only(room.findings(), "reconnects")["severity"])


def test_of_a_crowd_only_the_first_few_are_named():
    people = ("Alma", *(f"Guest {number:02}" for number in range(1, 13)))
    room = Room(people=people, size=16)
    room.lose_up("Alma", slice(5, 12), 0.1)
    for guest in people[1:]:
        room.lose(guest, "Alma", slice(5, 12), 0.1)
    headline = room.verdicts()["story"].iloc[0]
    assert "Noticed by Guest 01, Guest 02, Guest 03, Guest 04 and 8 others." in headline
    evidence = " ".join(room.told()["evidence_for"])
    assert "and 8 others received it badly" in evidence
    assert "Guest 09, Guest 10" not in evidence


def test_more_lost_than_was_sent_is_shown_as_no_share_above_100():
    room = Room()
    room.sent("Alma")["packets_lost"][10] = 1.5 * room.sent("Alma")["packets"][10]
    (note,) = only(room.findings(), "implausible").to_dict("records")
    assert note["value"] == 100.0
    assert "150" not in note["story"]


def test_the_peak_of_loss_that_the_far_end_reports_is_said_to_be_evened_out():
    room = Room()
    for row, share in enumerate((0.05, 0.15, 0.04, 0.14, 0.05), start=8):
        room.lose_up("Alma", slice(row, row + 1), share)
        for who in ("Boris", "Chen"):
            room.lose(who, "Alma", slice(row, row + 1), 0.09)
    (out,) = only(room.told(), "loss_out").to_dict("records")
    assert out["value"] < 14
    assert "averaged over neighbouring samples" in out["story"]


def test_the_selected_device_that_is_removed_is_lost_and_another_is_not():
    for device, expected in (("headset", 1), ("webcam", 0)):
        room = Room()
        for change, seconds, which in (("selected", 1, "headset"), ("removed", 80, device)):
            room.add("device_changes", peer_id="Alma", timestamp=START + seconds * 1_000_000, change=change,
                     kind="audioinput", device_id=which)  # fmt: skip
        told = only(room.told(), "device_lost")
        assert len(told) == expected
        assert set(told["side_peer_id"]) <= {"Alma"}


@pytest.mark.parametrize(
    ("name", "metadata"),
    [("media_permission", {"audio": "DENIED"}), ("audio_play_failed", None), ("audio_track_muted", None)],
)
def test_a_refused_or_muted_device_is_lost(name, metadata):
    room = Room()
    room.event("Alma", name, 3, metadata=json.dumps(metadata) if metadata else None)
    assert list(only(room.told(), "device_lost")["side"]) == ["sender"]


def test_a_permission_that_was_given_is_nothing():
    room = Room()
    room.event("Alma", "media_permission", 3, metadata=json.dumps({"audio": "ACCEPTED"}))
    assert room.findings().empty


def test_too_little_is_a_note_and_whatever_it_shows_is_no_alarm():
    room = Room(size=3)
    room.lose("Boris", "Alma", slice(1, 3), 0.3)
    assert room.told().empty
    assert "too_little" in rules(room.findings())


def test_values_off_the_scale_are_noted_and_left_out():
    room = Room()
    room.sent("Alma")["rtt"][MID] = 12.0
    found = room.findings()
    assert rules(found) == {"implausible"}
    assert found.iloc[0]["unit"] == "rtt_ms"


def test_a_participant_without_a_report_is_noted_and_unclassified():
    room = Room(states={"Dana": "missing", "Emil": "failed"})
    found, verdicts = room.findings(), room.verdicts().set_index("peer_id")
    assert set(only(found, "no_report")["peer_id"]) == {"Dana", "Emil"}
    assert verdicts.loc["Dana", "verdict"] == verdicts.loc["Emil", "verdict"] == "unclassified"
    assert verdicts.loc["Alma", "verdict"] == "good"
