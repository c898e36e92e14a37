"""Verdicts, the overview and the story."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from tests.findings.room import Room

MID = slice(10, 16)


def lossy(share=0.12):
    room = Room()
    room.lose_up("Alma", MID, share)
    for who in ("Boris", "Chen"):
        room.lose(who, "Alma", MID, share)
    return room


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "good"), (0.05, "degraded"), (0.12, "bad")])
def test_the_call_comes_first_and_is_as_bad_as_its_worst(share, verdict):
    table = (lossy(share) if share else Room()).verdicts()
    assert list(table["subject"]) == ["call", *["participant"] * 3]
    assert table.iloc[0]["verdict"] == verdict
    assert table.iloc[0]["peer_id"] is None or table["peer_id"].isna().iloc[0]


def test_the_one_line_story_says_what_whose_side_and_who_noticed():
    story = lossy().verdicts().iloc[0]["story"]
    assert story.startswith("Alma's uplink lost 12 % of the audio packets for 42 s")
    assert "Noticed by Boris, Chen" in story


def test_a_verdict_counts_its_findings_and_the_time_they_cover():
    row = lossy().verdicts().set_index("peer_id").loc["Boris"]
    assert (row["bad"], row["warn"]) == (1, 0)
    assert row["affected_s"] == pytest.approx(42, abs=1)


def test_an_unknown_participant_is_named_and_not_called_fine():
    room = Room(states={"Dana": "missing"})
    table = room.verdicts()
    assert table.iloc[0]["verdict"] == "good"
    assert "Unknown, not fine: Dana" in table.iloc[0]["story"]
    assert table.set_index("peer_id").loc["Dana", "reason"] == "no_report"


def test_the_story_is_plain_text_with_verdict_evidence_and_everyone(recorded):
    text = recorded("sfu-downlink").call.story()
    assert "Verdict: bad." in text
    assert "Side: Chen's downlink; confidence high" in text
    for who in ("Alma: good", "Boris: good", "Chen: bad"):
        assert who in text
    assert "UTC" in text
    assert "no audio level" in text
    assert max(len(line) for line in text.splitlines()) < 400


def test_a_story_names_nobody_who_was_renamed(recorded):
    call = recorded("sfu-downlink").call
    renamed = type("Renamed", (), {name: getattr(call, name) for name in (
        "session_id", "participants", "peer_events", "events", "device_changes", "candidate_pairs", "quality")})()  # fmt: skip
    renamed.names = {peer: f"Person {n}" for n, peer in enumerate(call.names)}
    from rtkit_explore.findings.verdicts import story_text

    text = story_text(renamed)
    assert "Person 2" in text
    for name in call.names.values():
        assert name not in text


def test_the_overview_has_a_row_for_everyone_with_the_figures_that_matter(recorded):
    table = recorded("loss").call.overview().set_index("display_name")
    assert list(table.index) == ["Alma", "Boris"]
    assert table.loc["Boris", "heard_loss_pct"] == pytest.approx(4.8, abs=0.2)
    assert table.loc["Alma", "sent_loss_pct"] == pytest.approx(4.8, abs=0.2)
    assert table.loc["Alma", "heard_loss_pct"] == 0
    assert table.loc["Alma", "rtt_ms"] == pytest.approx(43.5, abs=2)
    assert table.loc["Alma", "path"] == "direct, udp"
    assert table["minutes"].between(2.5, 2.6).all()
    assert 4.3 < table.loc["Alma", "mos"] < 4.5
    assert table.loc["Boris", "mos"] < table.loc["Alma", "mos"] - 0.5


def test_those_without_a_report_are_in_the_overview_without_figures():
    room = Room(states={"Dana": "missing"})
    from rtkit_explore.findings.overview import overview_of

    row = overview_of(room.call).set_index("peer_id").loc["Dana"]
    assert row["verdict"] == "unclassified"
    assert row["report"] == "missing"
    assert row[["heard_loss_pct", "rtt_ms", "mos"]].isna().all()


def test_every_sentence_is_said_in_the_zone_that_was_asked_for():
    call = rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"], seed=1).call
    here, there = call.story(), call.story(tz="Europe/Berlin")
    assert "UTC" in here
    assert "UTC" not in there
    assert "(Europe/Berlin)" in there
    begin = call.findings()["start"].iloc[0]
    assert f"{begin.tz_convert('Europe/Berlin'):%H:%M:%S}" in call.findings(tz="Europe/Berlin")["story"].iloc[0]
    assert f"{begin:%H:%M:%S} UTC" in call.findings()["story"].iloc[0], (
        "what was said before in another zone is not kept"
    )
