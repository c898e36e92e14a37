"""Lessons show what they say, mystery calls accept the right answer alone and give nothing away."""

from __future__ import annotations

import io

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import SCENARIOS
from rtkit_explore.training.glossary_terms import TERMS, Term
from rtkit_explore.training.lessons import Lesson
from rtkit_explore.training.mystery import ABOUT, LEVELS, SIDES, mystery

LESSONS = list(rtk.lessons()["lesson"])


@pytest.fixture
def scores(tmp_path):
    return tmp_path / "scores.jsonl"


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_draws_and_tells_every_end_of_its_slider(name):
    lesson = rtk.lesson(name)
    values = lesson.slider.values()
    for value in {values[0], lesson.slider.first, values[-1]}:
        figure = lesson.draw(value)
        assert all(ax.get_ylabel() for ax in figure.axes)
        assert any(ax.lines for ax in figure.axes)
        figures = lesson.figures(value)
        assert len(figures) >= 2
        assert figures["figure"].str.len().gt(0).all()


@pytest.mark.parametrize("name", LESSONS)
def test_the_right_answer_is_accepted_and_each_wrong_one_gets_a_hint(name):
    lesson = rtk.lesson(name)
    asked = lesson.plan.question
    good, words = lesson.check(asked.right)
    assert good
    assert words.startswith("Right.")
    wrong: list[object] = [one for one in asked.choices if one != asked.right] or [
        float(asked.right) + 2 * asked.near + 1
    ]
    for one in wrong:
        good, words = lesson.check(one)
        assert not good
        assert asked.hint in words
    with pytest.raises(InvalidArgumentError):
        lesson.check("perhaps")


def test_what_the_lessons_teach_is_what_their_calls_show():
    delay = rtk.lesson("delay")
    trips = [
        float(delay.figures(value).set_index("what").loc["Chen's round trip", "figure"].split()[0])
        for value in (100, 200)
    ]
    assert trips[1] - trips[0] == pytest.approx(delay.plan.question.right, abs=delay.plan.question.near)
    sides = rtk.lesson("me_them_server").figures(1)
    bad = sides[sides["figure"].str.split().str[0].astype(float) > 5]["what"]
    assert bad.str.startswith("Chen gets").all()
    assert len(bad) == 2
    scores = rtk.lesson("scores").figures(20).set_index("what")["figure"]
    assert float(scores["median MOS of the whole call"]) > 4
    assert float(scores["MOS of Alma at Boris, meanwhile"]) < 3
    paths = rtk.lesson("paths").figures(2).set_index("what")["figure"]
    assert paths["participant ids"] == "4"


def test_a_lesson_that_does_not_exist_names_those_that_do():
    with pytest.raises(InvalidArgumentError, match="jitter_buffer"):
        rtk.lesson("quantum")
    with pytest.raises(InvalidArgumentError, match="goes from"):
        rtk.lesson("loss").at(99)


def test_the_widgets_of_a_lesson_repaint_and_judge():
    view = rtk.lesson("loss").show()
    _, slider, picture, figures, _, field, button, said = view.children[:8]
    before = bytes(picture.value)
    slider.set_state({"index": 20})
    assert bytes(picture.value) != before
    assert bytes(picture.value).startswith(b"\x89PNG")
    assert "lost" in figures.value
    button.click()
    assert "first" in said.value
    field.set_state({"index": 2})
    button.click()
    assert "Right." in said.value
    view.close()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(6))
def test_a_mystery_accepts_its_truth_and_refuses_every_other_answer(level, seed, scores):
    case = mystery(level, seed, scores=scores)
    truth = case._truth
    who = truth.who or "nobody"
    assert case.answer(who=who, side=truth.side, about=truth.about, at=truth.start).grade == "right"
    for side in SIDES:
        judged = case.answer(who=who, side=side, about=truth.about, at=truth.start)
        assert (judged.grade == "right") == (side == truth.side)
        if side != truth.side:
            assert judged.grade == "partly"
            assert "Side:" in judged.text
    for about in ABOUT:
        assert (case.answer(about=about).parts["about"]) == (about == truth.about)
    for name in (*case.call.names.values(), "nobody"):
        right = case.answer(who=name).parts["who"]
        assert right == (name.split(" (")[0] == who)
    begin = case.call.sessions["started_at"].iloc[0].to_pydatetime()
    assert not case.answer(at=begin).parts["at"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(6))
def test_nothing_that_a_learner_sees_gives_the_case_away(level, seed, scores, tmp_path):
    case = mystery(level, seed, scores=scores)
    folder = case.call.save(tmp_path / "saved")
    seen = [repr(case), case._repr_html_(), repr(case.call), case.call.title]
    seen += [path.name + path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file()]
    for name in SCENARIOS:
        if "_" in name:
            assert not any(name in text or name.replace("_", " ") in text for text in seen), name
    assert "truth" not in repr(case).casefold()


def test_hints_say_more_and_more_and_the_card_keeps_count(scores):
    case = mystery(1, 3, scores=scores)
    hints = [case.hint() for _ in range(4)]
    assert len(set(hints)) == 4
    truth = case._truth
    case.answer(who="nobody", side="nobody")
    case.answer(who=truth.who, side=truth.side, about=truth.about, at=truth.start)
    card = rtk.score_card(scores)
    assert card.loc[0, ["level", "cases", "solved", "tries"]].tolist() == [1, 1, 1, 2]
    scores.write_text(scores.read_text() + "{broken\n[1]\n")
    assert len(rtk.score_card(scores)) == 1
    assert rtk.score_card(scores.parent / "none.jsonl").empty


def test_a_mystery_is_another_one_each_time_and_the_same_for_a_seed(scores):
    assert mystery(2, 5, scores=scores).complaint == mystery(2, 5, scores=scores).complaint
    assert len({mystery(2, seed, scores=scores).complaint for seed in range(8)}) > 4
    with pytest.raises(InvalidArgumentError, match="level"):
        mystery(9)


def test_a_trainers_case_is_read_and_what_is_missing_is_named(tmp_path, scores):
    path = tmp_path / "case.yaml"
    path.write_text(
        "complaint: Nobody heard me.\nscenario: lossy_uplink\nseed: 4\nparticipants: [Alma, Boris, Chen]\nminutes: 4\n"
        "answer: {who: Alma, side: uplink, about: loss, start: +1min, end: +3min}\nhints: [Look at Alma.]\nlevel: 2\n"
    )
    case = mystery(case=path, scores=scores)
    assert case.answer(who="Alma", side="uplink", about="packet loss", at="+2min").grade == "right"
    assert case.hint() == "Look at Alma."
    for text, says in (
        ("complaint: x\n", "answer"),
        ("complaint: [", "YAML"),
        ("complaint: x\nanswer: {who: A}\n", "scenario"),
    ):
        path.write_text(text)
        with pytest.raises(InvalidArgumentError, match=says):
            mystery(case=path)


def test_the_widgets_of_a_mystery_judge_by_mouse(scores):
    case = mystery(1, 1, scores=scores)
    truth = case._truth
    view = case.play()
    _, questions, buttons, said = view.children
    (who, side), (about, at) = (box.children for box in questions.children)
    check, hint = buttons.children
    hint.click()
    assert "1." in said.value
    who.value, side.value, about.value, at.value = truth.who, truth.side, truth.about, f"{truth.start:%H:%M:%S}"
    check.click()
    assert "Right" in said.value
    at.value = "teatime"
    check.click()
    assert "no time" in said.value
    view.close()


def test_the_glossary_explains_by_term_synonym_and_column():
    table = rtk.glossary()
    assert list(table["term"]) == list(TERMS)
    assert isinstance(rtk.glossary("jitter"), Term)
    assert rtk.glossary("jitter_ms").term == "jitter"
    assert rtk.glossary("RTT").term == "round trip"
    assert rtk.glossary("inbound-rtp.packetsLost").term == "packet loss"
    assert "quality.jitter_ms" in str(rtk.glossary("Jitter"))
    with pytest.raises(InvalidArgumentError, match="jitter"):
        rtk.glossary("jiter")


def test_every_column_of_the_glossary_exists():
    schema = rtk.schema()
    known = set(schema["table"] + "." + schema["column"])
    for term in TERMS.values():
        assert set(term.columns) <= known, term.term
        assert 1 <= term.says.count(". ") + 1 <= 3


def test_a_lesson_draws_fast_enough_into_a_picture():
    lesson = rtk.lesson("loss")
    assert isinstance(lesson, Lesson)
    file = io.BytesIO()
    lesson.draw(3).savefig(file, dpi=84)
    assert file.getvalue().startswith(b"\x89PNG")
