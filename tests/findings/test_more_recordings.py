"""
Twelve more recorded calls: the person and side of what was done to the link are told, and nobody else is accused.

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
}


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


def test_two_faults_are_both_told():
    call, _ = recorded("sfu-up-then-outage")
    headline = call.verdicts()["story"].iloc[0]
    assert "Alma's uplink" in headline
    assert "Chen was cut off" in headline
