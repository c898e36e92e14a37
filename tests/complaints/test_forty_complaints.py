"""Complaints as customers write them, over real calls whose truth is known: answered rightly, or "cannot know"."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import rtkit_explore as rtk

SAMPLES = Path(rtk.sample_calls())

# Recording, who complains, in which words; the right status; whose side an answer may name ("mine", "theirs", "nobody":
# not anybody's alone), None where there is nothing to attribute.
COMPLAINTS = [
    ("sfu-uplink", "Chen", "can't hear Alma", "yes", "Alma"),
    ("sfu-uplink", "Boris", "Alma kept breaking up", "yes", "Alma"),
    ("sfu-uplink", "Alma", "nobody could hear me properly", "yes", "Alma"),
    ("sfu-uplink", "Chen", "Boris was choppy", "no", None),
    ("sfu-uplink", "Alma", "they all sound like a robot", "no", None),
    ("sfu-downlink", "Chen", "everybody sounds like a robot", "yes", "Chen"),
    ("sfu-downlink", "Chen", "the others were cutting out", "yes", "Chen"),
    ("sfu-downlink", "Boris", "the sound was choppy", "no", None),
    ("sfu-downlink", "Alma", "Chen says nobody can hear me", "yes", "Chen"),
    ("sfu-clean", "Chen", "there is an echo", "cannot know", None),
    ("sfu-clean", "Boris", "the picture froze twice", "no", None),
    ("sfu-clean", "Alma", "I could not join", "no", None),
    ("clean", "Alma", "Boris was breaking up all the time", "no", None),
    ("clean", "Boris", "Alma is too quiet", "cannot know", None),
    ("clean", "Boris", "lots of background noise", "cannot know", None),
    ("loss", "Boris", "Alma keeps cutting out", "yes", "Alma"),
    ("loss", "Alma", "no one could hear me", "yes", "Alma"),
    ("loss", "Alma", "Boris sounded garbled", "no", None),
    ("bandwidth", "Boris", "Alma's picture was jerky", "yes", "Alma"),
    ("bandwidth", "Alma", "Boris froze", "no", None),
    ("blackout", "Alma", "Boris froze", "yes", "nobody"),
    ("blackout", "Boris", "no sound for a while", "yes", "nobody"),
    ("blackout", "Alma", "I got disconnected", "yes", "nobody"),
    ("latency", "Alma", "we kept talking over each other", "yes", "nobody"),
    ("latency", "Boris", "Alma's answers came seconds later", "yes", "nobody"),
    ("turn-tcp", "Boris", "can't hear Alma, she is breaking up", "yes", "any"),
    ("path-switch", "Alma", "the sound dropped for a moment", "yes", "any"),
    ("never-connected", "Alma", "I can't hear Boris at all", "yes", "nobody"),
    ("never-connected", "Boris", "could not connect", "yes", "nobody"),
    ("sfu-fox-clean", "Chen", "Boris froze", "no", None),
    ("sfu-fox-clean", "Boris", "nobody hears me", "no", None),
    ("sfu-fox-clean", "Alma", "there was a hum", "cannot know", None),
    ("sfu-reconnect", "Boris", "I was kicked out", "yes", "Boris"),
    ("sfu-reconnect", "Chen", "Boris froze", "yes", "Boris"),
    ("sfu-reconnect", "Alma", "I can't hear Chen", "no", None),
    ("sfu-two-faults", "Boris", "everyone was choppy", "yes", "any"),
    ("sfu-two-faults", "Chen", "can't hear Alma", "yes", "Alma"),
    ("sfu-two-faults", "Chen", "Boris was choppy", "no", None),
]


@cache
def recorded(name):
    app = rtk.replay(SAMPLES / name)
    return app.call(app.sessions()["session_id"].iloc[0])


@pytest.mark.parametrize(("name", "person", "words", "status", "whose"), COMPLAINTS, ids=lambda one: str(one)[:40])
def test_a_complaint_is_answered_as_it_was(name, person, words, status, whose):
    call = recorded(name)
    answer = call.explain(person, words)
    assert answer.status == status, answer.text
    if status != "yes":
        assert answer.findings.empty
        assert "You are right" not in answer.reply
        return
    sides = set(answer.findings["side_peer_id"].dropna())
    named = {call.names[peer] for peer in sides}
    if whose == "nobody":
        assert not named, answer.text
    elif whose != "any":
        assert named <= {whose}, answer.text
        assert whose in named, answer.text


@pytest.mark.parametrize(("name", "person", "words", "status", "whose"), COMPLAINTS, ids=lambda one: str(one)[:40])
def test_a_reply_names_nobody_and_knows_no_jargon(name, person, words, status, whose):
    call = recorded(name)
    reply = call.explain(person, words).reply
    assert not any(other in reply for other in call.names.values())
    for jargon in ("packet", "jitter", "RTT", "round trip", "SSRC", "consumer", "producer", "UTC clock", "ICE", "kbit"):
        assert jargon not in reply
    assert 2 <= reply.count(". ") + reply.endswith((".", "?")) <= 5
