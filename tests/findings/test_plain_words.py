"""What findings say is for people who write no code: no names of columns, events or functions."""

from __future__ import annotations

import re

import pytest

import rtkit_explore as rtk
from rtkit_explore.findings.rules import BY_NAME

NAMES_OF_CODE = re.compile(r"[a-z]_[a-z]|\bcall\.|\brtk\.|\w\(\[")


def said(call):
    findings = call.findings()
    texts = [text for name in ("story", "next_step", "evidence_for", "evidence_against") for text in findings[name]]
    return [text for text in [*texts, call.story()] if isinstance(text, str)]


def test_next_steps_name_no_column_and_no_function():
    fixed = {rule.name: rule.next_step for rule in BY_NAME.values() if isinstance(rule.next_step, str)}
    assert len(fixed) > 20
    assert {name: step for name, step in fixed.items() if NAMES_OF_CODE.search(step.replace("{side}", ""))} == {}


@pytest.mark.parametrize("scenario", ["server_trouble", "muted", "headset_unplugged", "turn_tcp", "network_switch"])
def test_sentences_name_no_column_and_no_function(scenario):
    call = rtk.simulate(scenario, seed=3, participants=4, minutes=4).call
    assert [text for text in said(call) if NAMES_OF_CODE.search(text)] == []


def test_values_that_cannot_be_are_named_by_their_title(recordings):
    app = rtk.replay(recordings, progress=False)
    told = [text for session in app.sessions()["session_id"] for text in app.call(session).findings()["story"]]
    assert any("packet loss: 1 value" in text for text in told)
    assert [text for text in told if NAMES_OF_CODE.search(text)] == []
