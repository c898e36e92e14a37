"""Thresholds as data: named, sourced, changed by the caller, and refused where they mean nothing."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.profiles import DEFAULT, PROFILES, Limit, Profile, profile_of
from rtkit_explore.findings.rules import RULES
from tests.findings.room import Room, only


def thresholds(profile, rule):
    rows = rtk.profiles().query("profile == @profile and rule == @rule")
    return {
        (media, severity): value
        for media, severity, value in zip(rows["media"], rows["severity"], rows["threshold"], strict=True)
    }


def test_every_number_has_a_source_and_a_unit():
    table = rtk.profiles()
    assert (table["source"] != "").all()
    assert (table["unit"] != "").all()
    assert set(table["rule"]) <= {rule.name for rule in RULES}
    assert table["threshold"].notna().all()
    assert list(table.columns[:6]) == ["profile", "rule", "media", "severity", "threshold", "unit"]


@pytest.mark.parametrize(
    ("profile", "rule", "expected"),
    [
        ("default", "loss_in", {("", "warn"): 3, ("", "bad"): 10}),
        ("default", "round_trip", {("", "warn"): 300, ("", "bad"): 500}),
        ("default", "late_media", {("", "warn"): 200, ("", "bad"): 500}),
        ("default", "decoder_behind", {("video", "warn"): 0.85, ("video", "bad"): 0.7}),
        ("default", "reconnects", {("", "warn"): 1, ("", "bad"): 3}),
        ("realtimekit", "jitter", {("", "warn"): 20, ("", "bad"): 30}),
        ("realtimekit", "low_resolution", {("video", "warn"): 240, ("screenshare_video", "warn"): 720}),
        ("teams-cqd", "round_trip", {("audio, screenshare_audio", "bad"): 500}),
        ("teams-cqd", "loss_in", {("audio, screenshare_audio", "bad"): 10, ("video, screenshare_video", "bad"): 15}),
        ("teams-cqd", "low_frame_rate", {("video", "bad"): 7, ("screenshare_video", "bad"): 2}),
        ("twilio", "round_trip", {("", "warn"): 400}),
        ("twilio", "loss_in", {("", "warn"): 1, ("", "bad"): 3}),
        ("google-meet", "round_trip", {("", "warn"): 120}),
        ("observertc", "loss_out", {("", "warn"): 5}),
        ("observertc", "late_media", {("", "warn"): 200}),
        ("webrtc-issue-detector", "round_trip", {("", "warn"): 250}),
        ("webrtc-issue-detector", "jitter", {("", "warn"): 200}),
        ("pexip", "loss_in", {("", "note"): 1, ("", "warn"): 3, ("", "bad"): 10}),
        ("pexip", "jitter", {("", "warn"): 40}),
        ("livekit", "loss_in", {("audio, screenshare_audio", "warn"): 2.5, ("audio, screenshare_audio", "bad"): 7.5,
                                ("video, screenshare_video", "warn"): 2, ("video, screenshare_video", "bad"): 6}),
        ("testrtc", "loss_in", {("", "warn"): 1, ("", "bad"): 4}),
        ("plivo", "jitter", {("", "warn"): 10, ("", "bad"): 30}),
        ("plivo", "loss_in", {("", "warn"): 0.5, ("", "bad"): 0.9}),
    ],
)  # fmt: skip
def test_thresholds_are_those_published(profile, rule, expected):
    assert thresholds(profile, rule) == expected


def test_observertc_recovers_where_it_says():
    row = rtk.profiles().query("profile == 'observertc' and rule == 'decoder_behind'").iloc[0]
    assert (row["threshold"], row["recover"]) == (0.7, 0.85)


def test_a_raised_finding_lasts_until_it_recovers():
    room = Room()
    for sender in ("Alma", "Chen"):
        got = room.got("Boris", sender, "video")
        got["frames_dropped"][8:18], got["frames"][8:18] = 56, 84
        got["frames_dropped"][11:15], got["frames"][11:15] = 28, 112
    lasting = only(room.told("observertc"), "decoder_behind")
    assert len(lasting) == 2  # one a sender: 0.6, 0.8 and 0.6 again are one finding
    ends = Profile("ends", (Limit("decoder_behind", 0.7, None, "a test"),), "")
    assert len(only(room.told(ends), "decoder_behind")) == 4


def test_the_same_loss_is_judged_differently_by_different_profiles():
    room = Room()
    room.lose("Boris", "Alma", slice(10, 16), 0.06)
    worst = {name: set(only(room.told(name), "loss_in")["severity"]) for name in PROFILES}
    assert worst["default"] == worst["pexip"] == worst["observertc"] == {"warn"}
    assert worst["plivo"] == worst["twilio"] == worst["testrtc"] == {"bad"}
    assert worst["teams-cqd"] == set()


def test_a_mapping_changes_the_default_and_can_start_from_another():
    changed = profile_of({"loss_in": (1, 2), "jitter": None, "round_trip": 50})
    assert changed.of("loss_in")[0].levels == (("warn", 1), ("bad", 2))
    assert changed.of("round_trip")[0].levels == (("warn", 50),)
    assert changed.of("jitter") == ()
    assert changed.of("late_media") == DEFAULT.of("late_media")
    assert profile_of({"base": "plivo", "jitter": 99}).of("loss_in") == PROFILES["plivo"].of("loss_in")


def test_an_own_profile_is_used_as_it_is():
    mine = Profile(
        "mine", (Limit("loss_in", 1, None, "my contract", media=("audio",)),), "one sample", fewest_packets=10
    )
    room = Room()
    room.lose("Boris", "Alma", slice(10, 16), 0.02)
    row = room.told(mine).iloc[0]
    assert (row["profile"], row["source"], row["threshold"]) == ("mine", "my contract", 1.0)


@pytest.mark.parametrize(
    ("wrong", "listed"),
    [("teams", "teams-cqd"), ({"los_in": 3}, "loss_in"), ({"loss_in": "3"}, "pair"), ({"loss_in": (1, 2, 3)}, "pair"),
     (Profile("x", (Limit("nope", 1, 2, ""),), ""), "loss_in"), ({"base": "nope"}, "default"), (3, "mapping")],
)  # fmt: skip
def test_what_means_nothing_is_refused_and_the_message_lists_what_there_is(wrong, listed):
    with pytest.raises(InvalidArgumentError, match=listed):
        profile_of(wrong)
