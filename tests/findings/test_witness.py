"""Recorded calls come out as a witness would tell them: the right person, side and time, and nobody innocent accused."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.incidents import sentence_of

TRUE: dict[str, list[tuple[Any, ...]]] = {
    "latency": [("between", None, (1, 1), 0.8)],
    "turn-tcp": [("connection", "A", (3, 3), 0.8), ("between", None, (1, 1), 0.8)],
    "path-switch": [("between", None, None, 0)],
    "never-connected": [("between", None, (0, 0), 0.8)],
    "sfu-reconnect": [("connection", "boris", (1, 1), 0.8)],
    "sfu-two-faults": [("sender_uplink", "alma", (1, 2), 0.8), ("receiver_downlink", "boris", (2, 3), 0.8)],
    "loss": [("sender_uplink", "A", (1, 1), 0.8)],
    "bandwidth": [("sender_uplink", "A", (1, 1), 0.8)],
    "blackout": [("between", None, (1, 1), 0.8)],
    "sfu-uplink": [("sender_uplink", "alma", (1, 1), 0.8)],
    "sfu-downlink": [("receiver_downlink", "chen", (1, 1), 0.8)],
}
"""By recording: the incidents, each with its side, whose, first and last phase, and the least overlap."""

SAYS = {
    "latency": ["The way between Alma and Boris was long for", "a round trip of", "cannot be told in a call of two"],
    "turn-tcp": [
        "Alma's connection (through a TURN server over TCP) was perhaps slow",
        "7.7 % of Alma's audio packets",
    ],
    "path-switch": ["Nothing passed between", "3.8 s, in both directions", "when the network path changed"],
    "never-connected": ["never got connected: not one packet went through"],
    "sfu-reconnect": ["Boris was cut off for 12 s, both ways"],
    "sfu-two-faults": ["Alma's uplink lost 9.8 %", "Also: Boris's downlink lost 7.5 %"],
    "loss": [
        "of Alma's audio packets got lost on their way to Boris",
        "perhaps on Alma's uplink: a call of two cannot",
    ],
    "bandwidth": ["Alma's uplink was perhaps too narrow for", "kbit/s went through"],
    "blackout": ["Nothing passed between", "for 14 s, in both directions"],
    "sfu-uplink": ["Alma's uplink lost 11.4 % of the audio packets", "Noticed by"],
    "sfu-downlink": ["Chen's downlink lost 9.3 % of the audio packets that everyone sent"],
}


def true_window(recording, phases):
    first, last = recording.truth["phases"][phases[0]], recording.truth["phases"][phases[1]]
    return pd.Timestamp(first["start"]), pd.Timestamp(last["end"])


def shared_part(one, two):
    """Overlap of two windows as a share of what either covers."""
    together = min(one[1], two[1]) - max(one[0], two[0])
    return max(together, pd.Timedelta(0)) / (max(one[1], two[1]) - min(one[0], two[0]))


@pytest.mark.parametrize("name", TRUE)
def test_incidents_are_those_of_the_truth_and_last_as_long(recorded, name):
    recording = recorded(name)
    incidents = evaluate(recording.call, context=recording.call.judging).incidents
    assert len(incidents) == len(TRUE[name])
    for incident, (side, who, phases, least) in zip(incidents, TRUE[name], strict=True):
        assert incident.lead.side == side
        assert incident.lead.side_peer == (None if who is None else recording.peer(who))
        if phases is not None:
            window = [pd.Timestamp(one, unit="us", tz="UTC") for one in incident.window]
            assert shared_part(window, true_window(recording, phases)) >= least, sentence_of(incident)


@pytest.mark.parametrize("name", TRUE)
def test_nobody_innocent_is_accused_in_any_finding_of_warn_or_worse(recorded, name):
    recording = recorded(name)
    found = recording.call.findings().query("severity != 'note'")
    guilty = {recording.peer(who) for _, who, _, _ in TRUE[name] if who is not None}
    assert set(found["side_peer_id"].dropna()) <= guilty


@pytest.mark.parametrize("name", SAYS)
def test_the_first_sentence_is_the_truth(recorded, name):
    story = recorded(name).call.verdicts().iloc[0]["story"]
    for words in SAYS[name]:
        assert words in story


@pytest.mark.parametrize("name", ["clean", "sfu-clean", "sfu-fox-clean"])
def test_a_good_call_is_good_and_no_path_is_said_to_have_changed(recorded, name):
    call = recorded(name).call
    found = call.findings()
    assert found.query("severity != 'note'").empty
    assert "path_changed" not in set(found["rule"])
    assert set(call.verdicts()["verdict"]) == {"good"}


def test_a_path_that_died_is_named_with_its_second(recorded):
    recording = recorded("path-switch")
    changed = recording.call.findings().query("rule == 'path_changed'")
    died = pd.Timestamp(recording.truth["phases"][1]["start"])
    assert len(changed) == 2
    assert ((changed["start"] - died).abs() < pd.Timedelta(seconds=1)).all()


def test_of_two_faults_neither_is_accused_before_it_began(recorded):
    recording = recorded("sfu-two-faults")
    found = recording.call.findings().query("severity != 'note'")
    for who, phase in (("alma", 1), ("boris", 2)):
        mine = found[found["side_peer_id"] == recording.peer(who)]
        began = pd.Timestamp(recording.truth["phases"][phase]["start"])
        assert (mine["start"] >= began - pd.Timedelta(seconds=8)).all()


def test_what_is_of_low_confidence_is_never_a_fact_in_the_headline(recorded):
    for name in TRUE:
        for incident in evaluate(recorded(name).call, context=recorded(name).call.judging).incidents:
            if incident.lead.confidence == "low":
                said = sentence_of(incident)
                assert "perhaps" in said or "cannot be told" in said or "when the network path changed" in said
