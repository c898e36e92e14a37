"""
More recorded calls: the person and side of what was done to the link are told, and nobody else is accused.

They were made like the sample calls: real browsers over links that were impaired on purpose, ``truth.json`` beside
the documents. Some were recorded on a machine with little to spare, so buffers are longer than on a calm one.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.incidents import sentence_of

FOLDER = Path(__file__).resolve().parents[1] / "recordings"

# Whose side a finding of warn or worse may be on; the side of the first one, and of whom; first and last phase.
TRUE = {
    "p2p-both-lossy": ({"Boris"}, {"between"}, None, (2, 2)),
    "p2p-fox-jitter": (set(), {"between"}, None, None),
    "p2p-one-way-delay": (set(), {"between"}, None, (1, 1)),
    "sfu-far": ({"Chen"}, {"connection"}, "Chen", (1, 1)),
    "sfu-four-bursts": ({"Dana"}, {"receiver_downlink"}, "Dana", (1, 1)),
    "sfu-hidden-and-down": ({"Alma"}, {"receiver_downlink"}, "Alma", (2, 2)),
    "sfu-narrow-down": ({"Chen"}, {"receiver_downlink"}, "Chen", (1, 1)),
    "sfu-narrow-up": ({"Boris"}, {"sender_uplink"}, "Boris", None),
    "sfu-screen-narrow": ({"Boris"}, {"sender_uplink"}, "Boris", None),
    "sfu-server-gap": (set(), {"shared"}, None, None),
    "sfu-up-and-muted": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 2)),
    "sfu-up-then-outage": ({"Alma", "Chen"}, {"sender_uplink"}, "Alma", (1, 3)),
    "p2p-lossy-path-switch": ({"Alma"}, {"between"}, None, None),
    "p2p-narrow-then-late": ({"Alma"}, {"sender_uplink"}, "Alma", None),
    "sfu-alma-both-ways": ({"Alma"}, {"connection"}, "Alma", (1, 1)),
    "sfu-four-mixed": ({"Dana", "Alma"}, {"receiver_downlink"}, "Dana", (1, 3)),
    "sfu-fox-uplink": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-narrow-up-and-far": ({"Alma", "Boris"}, {"connection"}, "Boris", (2, 3)),
    "sfu-one-way-outages": ({"Boris", "Chen"}, {"sender_uplink"}, "Boris", (1, 1)),
    "sfu-two-uplinks": ({"Alma", "Chen"}, {"sender_uplink"}, "Alma", (1, 1)),
    "p2p-short-gaps": (set(), {"between"}, None, None),
    "p2p-turn-udp-lossy": ({"Boris"}, {"sender_uplink"}, "Boris", (1, 1)),
    "sfu-swap": ({"Boris", "Chen"}, {"receiver_downlink"}, "Boris", (1, 1)),
    "sfu-reconnect-twice": ({"Boris"}, {"connection"}, "Boris", (1, 1)),
    "sfu-bad-start": ({"Alma"}, {"sender_uplink"}, "Alma", (0, 0)),
    "sfu-whole-down": ({"Boris"}, {"receiver_downlink"}, "Boris", (0, 0)),
    "sfu-shrinking-down": ({"Chen"}, {"receiver_downlink"}, "Chen", None),
    "sfu-stalling-up": ({"Boris"}, {"sender_uplink"}, "Boris", None),
    "sfu-jitter-up": ({"Boris"}, {"sender_uplink"}, "Boris", None),
    "sfu-four-late-narrow": ({"Boris", "Dana"}, {"sender_uplink"}, "Boris", None),
    "sfu-screen-uplink": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-all-lossy": (set(), {"shared"}, None, (1, 1)),
    "p2p-bursts": ({"Boris"}, {"sender_uplink"}, "Boris", (1, 1)),
    "p2p-fox-narrow": ({"Boris"}, {"sender_uplink"}, "Boris", None),
    "p2p-end-cut": (set(), {"between"}, None, (1, 1)),
    "sfu-mild-downlink": ({"Chen"}, {"receiver_downlink"}, "Chen", None),
    "sfu-outage-then-narrow": ({"Alma", "Chen"}, {"receiver_downlink"}, "Chen", (3, 3)),
    "p2p-both-narrow": (set(), {"between"}, None, None),
    "sfu-far-and-lossy": ({"Alma", "Chen"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-muted-out": ({"Chen"}, {"receiver_downlink"}, "Chen", (2, 2)),
    "p2p-lossy-both-ways": (set(), {"between"}, None, (1, 1)),
    "sfu-screen-and-narrow-up": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-late-down-and-out": ({"Chen"}, {"connection"}, "Chen", (2, 2)),
    "sfu-burst-down-hidden": ({"Alma"}, {"receiver_downlink"}, "Alma", (1, 1)),
    "sfu-busy-boris": ({"Boris"}, {"sender"}, "Boris", (1, 1)),
    "sfu-far-mild": ({"Boris"}, {"connection"}, "Boris", (1, 1)),
    "p2p-turn-stalls-mid": ({"Alma"}, {"connection"}, "Alma", None),
    "sfu-overlap": ({"Alma", "Boris"}, {"sender_uplink"}, "Alma", (1, 2)),
    "p2p-first-way-dies": (set(), {"between"}, None, None),
    "sfu-two-of-four": ({"Alma", "Boris"}, {"receiver_downlink"}, "Alma", (1, 1)),
    "sfu-brief": ({"Alma", "Chen"}, {"sender_uplink"}, "Alma", None),
    "p2p-turns": ({"Alma", "Boris"}, {"sender_uplink"}, "Alma", None),
    "sfu-two-foxes": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-all-off": ({"Alma"}, {"sender_uplink"}, "Alma", (1, 1)),
    "sfu-long-out": ({"Chen"}, {"connection"}, "Chen", None),
    "sfu-duo-down": ({"Alma", "Boris"}, {"receiver_downlink"}, "Boris", (1, 1)),
    "sfu-duo-narrow": ({"Alma", "Boris"}, {"receiver_downlink"}, "Boris", (1, 1)),
}

# What the verdict on the call says, of each cause.
SAID = {
    "sfu-up-then-outage": ("Alma's uplink", "Chen was cut off"),
    "p2p-lossy-path-switch": (
        "Nothing passed between Alma and Boris for about 3.8 s", "perhaps another network path",
        "of Alma's audio packets got lost on their way to Boris for 28 s",
    ),
    "p2p-narrow-then-late": ("Alma's uplink was perhaps too narrow for 49 s", "The way between Alma and Boris was long"),
    "sfu-alma-both-ways": ("Alma's connection lost", "in both directions"),
    "sfu-four-mixed": ("Dana's downlink lost 9.2 %", "Alma was cut off for 8 s, both ways"),
    "sfu-narrow-up-and-far": ("Boris's connection was probably slow for 56 s", "Alma's uplink was too narrow for 70 s"),
    "sfu-one-way-outages": (
        "Nothing of Boris arrived anywhere for 10 s", "Boris's uplink", "Chen received nothing for about 10.0 s",
        "probably Chen's downlink",
    ),
    "sfu-two-uplinks": ("Alma's uplink lost 8.5 %", "Chen's uplink lost 6.4 %"),
    "p2p-short-gaps": ("Nothing got from Alma to Boris 3 times, for about 3.0 s each",),
    "sfu-swap": ("Boris's downlink lost 10.2 %", "Chen's downlink lost 10.0 %"),
    "sfu-reconnect-twice": ("Boris was cut off for 8 s, both ways", "Boris was cut off for 14 s, both ways"),
    "sfu-bad-start": ("Alma's uplink lost 8.0 % of the audio packets for 42 s",),
    "sfu-shrinking-down": (
        "Chen's downlink was too narrow for 57 s", "kbit/s came through", "Then Chen received nothing for 36 s"
    ),
    "sfu-stalling-up": ("Boris's uplink was probably slow for 42 s",),
    "sfu-jitter-up": ("Boris's uplink was probably unsteady for 42 s", "nearly as much went out as before"),
    "sfu-four-late-narrow": ("Boris's uplink was probably too narrow for 63 s", "Dana's downlink was probably slow"),
    "sfu-all-lossy": ("Boris, Alma and Chen lost 9.6 % of the audio packets sent to them, all at once, for 42 s",),
    "p2p-fox-narrow": ("Boris's uplink was perhaps too narrow for 49 s",),
    "p2p-end-cut": ("Nothing got from Alma to Boris for 21 s", "3 s later the other direction stopped as well"),
    "sfu-mild-downlink": ("Chen's downlink lost 3.3 % of the audio packets that everyone sent for 49 s",),
    "sfu-outage-then-narrow": ("Chen's downlink was too narrow for 42 s", "Alma was cut off for 10 s, both ways"),
    "p2p-both-narrow": ("too narrow in both directions for 49 s", "cannot be told in a call of two"),
    "sfu-far-and-lossy": ("Alma's uplink lost 8.2 %", "Chen's connection was probably slow for 56 s"),
    "sfu-muted-out": ("Chen received nothing for 9 s", "probably Chen's downlink"),
    "p2p-lossy-both-ways": ("got lost in both directions between Alma and Boris for 33 s",),
    "sfu-screen-and-narrow-up": ("Alma's uplink was probably too narrow for 42 s",),
    "sfu-late-down-and-out": ("Chen was cut off for 9 s, both ways", "Chen's downlink was probably slow for 63 s"),
    "sfu-burst-down-hidden": ("Alma's downlink lost 6.8 % of the audio packets that everyone sent",),
    "sfu-busy-boris": ("Boris's machine was too busy for 42 s", "only 44 % of the usual audio packets were sent"),
    "sfu-far-mild": ("Boris's connection was probably slow for 49 s",),
    "p2p-turn-stalls-mid": ("Alma's connection (through a TURN server over TCP) was perhaps slow for 42 s",),
    "sfu-overlap": ("Alma's uplink lost 6.3 %", "Boris's downlink was slow for 42 s"),
    "p2p-first-way-dies": ("Nothing passed between", "for about 3.6 s, in both directions"),
    "sfu-two-of-four": ("Alma's downlink lost 8.1 %", "Boris's downlink lost 7.2 %"),
    "sfu-brief": ("Alma's uplink lost 7.5 %", "Chen's downlink lost 14.8 %"),
    "p2p-turns": ("Alma's uplink was perhaps too narrow for 35 s", "6.1 % of Boris's audio packets got lost"),
    "sfu-two-foxes": ("Alma's uplink lost 7.8 %",),
    "sfu-all-off": ("Alma's uplink lost 6.4 %",),
    "sfu-long-out": ("Chen was cut off for 63 s, both ways",),
    "sfu-duo-down": ("Boris's downlink probably lost 7.9 %", "Alma's uplink was perhaps slow for 35 s"),
    "sfu-duo-narrow": ("Boris's downlink was probably too narrow for 35 s", "Alma was probably cut off for 10 s, both ways"),
}  # fmt: skip


@cache
def recorded(name):
    app = rtk.replay(FOLDER / name, progress=False)
    call = app.call(app.sessions()["session_id"].iloc[0])
    return call, json.loads((FOLDER / name / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TRUE)
def test_nobody_innocent_is_accused(name):
    call, _ = recorded(name)
    allowed = TRUE[name][0]
    found = call.findings(severity="warn")
    assert len(found)
    assert {call.names[peer] for peer in found["side_peer_id"].dropna()} <= allowed, call.story()


@pytest.mark.parametrize("name", TRUE)
def test_what_is_told_first_is_what_was_done(name):
    call, truth = recorded(name)
    _, sides, who, phases = TRUE[name]
    first = call.findings(severity="warn").iloc[0]
    assert first["side"] in sides, call.story()
    assert (call.names[first["side_peer_id"]] if isinstance(first["side_peer_id"], str) else None) == who
    headline = call.verdicts()["story"].iloc[0]
    assert who is None or who in headline
    if phases is not None:
        begin = pd.Timestamp(truth["phases"][phases[0]]["start"])
        end = pd.Timestamp(truth["phases"][phases[1]]["end"])
        together = min(first["end"], end) - max(first["start"], begin)
        whole = max(first["end"], end) - min(first["start"], begin)
        assert together / whole >= 0.7, call.story()


@pytest.mark.parametrize("name", SAID)
def test_each_cause_is_told_and_nothing_else(name):
    call, _ = recorded(name)
    headline = call.verdicts()["story"].iloc[0]
    assert [part for part in SAID[name] if part not in headline] == [], headline
    assert "more incident" not in headline


# Incident, first and last phase: buffers stay up after these, and the incident ends with what made them grow.
LASTED = {
    "p2p-fox-jitter": (0, 1, 1), "sfu-stalling-up": (0, 1, 1), "p2p-turn-stalls-mid": (0, 1, 1), "sfu-overlap": (1, 2, 3),
    "sfu-late-down-and-out": (1, 1, 3), "sfu-duo-down": (1, 3, 3), "sfu-busy-boris": (0, 1, 1), "sfu-far-mild": (0, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", LASTED)
def test_an_incident_lasts_as_long_as_its_cause_and_not_until_buffers_are_empty(name):
    call, truth = recorded(name)
    place, first, last = LASTED[name]
    incident = evaluate(call, context=call.judging).incidents[place]
    one, two = (pd.Timestamp(when, unit="us", tz="UTC") for when in incident.window)
    begin, end = pd.Timestamp(truth["phases"][first]["start"]), pd.Timestamp(truth["phases"][last]["end"])
    assert (min(two, end) - max(one, begin)) / (max(two, end) - min(one, begin)) >= 0.9, sentence_of(incident)


def test_a_clean_relay_is_no_fault():
    call, _ = recorded("p2p-tcp-clean")
    assert call.findings(severity="warn").empty
    assert list(call.findings()["rule"]) == ["relayed"]


def test_a_line_that_shook_below_the_limits_is_a_note():
    call, truth = recorded("sfu-fox-down-jitter")
    (found,) = call.findings().to_dict("records")
    assert (found["rule"], found["severity"], found["side"]) == ("unsteady", "note", "receiver_downlink")
    assert call.names[found["side_peer_id"]] == "Boris"
    assert abs(found["start"] - pd.Timestamp(truth["phases"][1]["start"])) < pd.Timedelta("7s")
    assert abs(found["end"] - pd.Timestamp(truth["phases"][1]["end"])) < pd.Timedelta("7s")


def test_a_muted_microphone_and_a_hidden_tab_are_no_fault():
    call, _ = recorded("sfu-quiet-clean")
    assert call.findings(severity="warn").empty
    assert list(call.findings()["rule"]) == ["hidden"]
