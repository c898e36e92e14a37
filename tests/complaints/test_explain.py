"""An answer says yes, no or cannot know, shows what was looked at, and never takes "not looked at" for "good"."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.complaints.symptoms import SYMPTOMS, find_symptom
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.rules import BY_NAME


@pytest.fixture(scope="module")
def lossy():
    return rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"], seed=3)


def test_every_rule_of_a_symptom_exists():
    for symptom in SYMPTOMS.values():
        assert set(symptom.rules) <= set(BY_NAME), symptom.name


def test_no_phrase_means_two_things():
    phrases = [phrase for symptom in SYMPTOMS.values() for phrase in symptom.phrases]
    assert len(phrases) == len(set(phrases))
    for symptom in SYMPTOMS.values():
        for phrase in symptom.phrases:
            assert find_symptom(phrase)[0] is symptom, phrase


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("can\u2019t hear Alma", "cannot_hear"), ("they can't hear me", "nobody_hears_me"), ("it was choppy!", "choppy"),
        ("froze", "froze"), ("Boris was frozen twice", "froze"), ("nobody hears me", "nobody_hears_me"),
        ("we keep talking over each other", "talking_over"), ("robot voice", "robot_voice"), ("kicked_out", "kicked_out"),
        ("I was kicked out", "kicked_out"), ("could not join", "could_not_join"), ("an echo", "echo"), ("black", "black"),
    ],
)  # fmt: skip
def test_customers_words_are_understood(words, name):
    assert find_symptom(words)[0].name == name


def test_unknown_words_get_the_closest_ones_offered():
    with pytest.raises(InvalidArgumentError, match=r"Did you mean .*frozen"):
        find_symptom("frozzen")
    with pytest.raises(InvalidArgumentError, match=r"rtk\.symptoms\(\)"):
        find_symptom("the soup was cold")


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_whatever_is_said_is_understood_or_refused(text):
    try:
        symptom, rest = find_symptom(text)
    except InvalidArgumentError:
        return
    assert symptom.name in SYMPTOMS
    assert isinstance(rest, str)


def test_the_table_of_symptoms_lists_them_all():
    table = rtk.symptoms()
    assert list(table["symptom"]) == list(SYMPTOMS)
    assert not table["measurable"].all()


def test_who_heard_it_gets_a_yes_with_the_cause_first(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    answer = call.explain(other, f"{who} was choppy")
    assert answer.status == "yes"
    assert answer.about == (who,)
    assert call.names[answer.findings["side_peer_id"].iloc[0]] == who
    assert who not in answer.reply
    assert "yours was fine" in answer.reply


def test_the_complaint_of_the_sender_is_answered_from_what_the_others_received(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    answer = call.explain(who, "nobody hears me well")
    assert answer.status == "yes"
    assert {"consumer", "producer"} <= set(answer.checked["direction"])
    assert "Wi-Fi" in answer.reply


def test_no_says_what_was_looked_at_and_what_came_nearest(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    answer = call.explain(who, "the others were choppy")
    assert answer.status == "no"
    assert answer.checked["covered"].min() > 0.8
    assert answer.checked["samples"].min() > 10
    assert len(answer.nearest)
    assert (answer.nearest["share"] < 1).all()
    assert "Nothing of that kind" in answer.headline


def test_a_window_outside_of_the_trouble_is_a_no(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    begin = call.sessions["started_at"].iloc[0]
    before = truth["start"].iloc[0] - pd.Timedelta(seconds=20)
    answer = call.explain(other, "choppy", window=(begin, before))
    assert answer.status == "no"
    assert call.explain(other, "choppy", window=(truth["start"].iloc[0], None)).status == "yes"


def test_who_has_no_report_cannot_be_answered():
    call, truth = rtk.simulate("no_report", participants=["Alma", "Boris", "Chen"], seed=1)
    answer = call.explain(truth["who"].iloc[0], "choppy")
    assert answer.status == "cannot know"
    assert "not the same as fine" in answer.headline
    assert "not complete enough" in answer.reply


def test_muted_is_an_explanation_and_no_fault():
    call, truth = rtk.simulate("muted", participants=["Alma", "Boris", "Chen"], seed=1)
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    answer = call.explain(other, f"could not hear {who}")
    assert answer.status == "no"
    assert "microphone was switched off" in answer.headline
    assert call.explain(who, "nobody hears me").explanations


def test_what_cannot_be_measured_is_never_a_no(lossy):
    call, _ = lossy
    for name, symptom in SYMPTOMS.items():
        if not symptom.measurable:
            assert call.explain("Alma", name).status == "cannot know"


def test_a_person_who_came_back_is_one_person():
    call, truth = rtk.simulate("network_switch", participants=["Alma", "Boris", "Chen"], seed=2)
    who = str(truth["who"].iloc[0])
    answer = call.explain(who, "kicked out")
    assert len(answer.peers) == 2
    assert answer.status == "yes"


def test_the_code_asks_the_same_again(lossy):
    call, truth = lossy
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    answer = call.explain(other, "choppy", tz="Europe/Berlin")

    class App:
        @staticmethod
        def call(_session_id):
            return call

    space: dict[str, Any] = {"app": App, "rtk": rtk}
    exec(answer.to_code(), space)
    assert space["answer"].headline == answer.headline


def test_what_is_shown_is_escaped_and_the_text_has_everything(lossy):
    call, _ = lossy
    answer = call.explain("Alma", "choppy <script>")
    assert "<script>" not in answer._repr_html_()
    assert "Checked:" in str(answer)


def test_names_and_times_that_do_not_exist_are_refused_with_what_there_is(lossy):
    call, _ = lossy
    with pytest.raises(InvalidArgumentError, match="Alma"):
        call.explain("Zoe", "choppy")
    with pytest.raises(InvalidArgumentError, match="not in this call"):
        call.explain("Alma", "choppy", window=("03:00", "03:10"))
    with pytest.raises(InvalidArgumentError, match="time zone"):
        call.explain("Alma", "choppy", tz="Mars/Base")


def test_the_answer_draws_its_evidence(lossy):
    import matplotlib.pyplot as plt

    call, truth = lossy
    who = truth["who"].iloc[0]
    other = next(name for name in call.names.values() if name != who)
    for answer in (call.explain(other, f"{who} was choppy"), call.explain(who, f"{other} was choppy")):
        assert answer.plot() is not None
    plt.close("all")
