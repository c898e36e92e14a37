"""Lessons show what they say and accept the right answer alone."""

from __future__ import annotations

import io

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.glossary_terms import terms_in
from rtkit_explore.training.lessons import Lesson

LESSONS = list(rtk.lessons()["lesson"])


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
def test_no_two_lines_of_a_lesson_look_alike_and_its_words_are_explained(name):
    lesson = rtk.lesson(name)
    lines = lesson.draw().axes[-1].get_legend().get_lines()
    looks = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines]
    assert len(set(looks)) == len(looks) >= 3
    words = {term.term for term in lesson.words}
    assert {rtk.glossary(term).term for term in lesson.plan.terms} <= words
    assert {term.term for term in terms_in(lesson.text)} <= words


@pytest.mark.parametrize("name", LESSONS)
def test_the_right_answer_is_accepted_and_each_wrong_one_gets_a_hint(name):
    lesson = rtk.lesson(name)
    asked = lesson.plan.question
    good, words = lesson.check(asked.right)
    assert good
    assert words.startswith("Right.")
    wrong = [one for one in asked.choices if one != asked.right]
    assert len(wrong) == len(asked.choices) - 1 == len(asked.hints)
    said = []
    for one in wrong:
        good, words = lesson.check(one)
        assert not good
        assert asked.hint in words
        assert words != f"Not yet. {asked.hint}"
        assert asked.why not in words
        said.append(words)
    assert len(set(said)) == len(said)
    with pytest.raises(InvalidArgumentError):
        lesson.check("perhaps")


def test_what_the_lessons_teach_is_what_their_calls_show():
    delay = rtk.lesson("delay")
    trips = [
        float(delay.figures(value).set_index("what").loc["Chen's round trip", "figure"].split()[0])
        for value in (100, 200)
    ]
    assert trips[1] - trips[0] == pytest.approx(float(delay.plan.question.right.split()[0]), abs=15)
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
    _, slider, figures, picture, _, field, button, said = view.children[:8]
    before = bytes(picture.value)
    slider.set_state({"index": 20})
    assert bytes(picture.value) != before
    assert bytes(picture.value).startswith(b"<svg")
    assert picture.format == "svg+xml"
    assert "lost" in figures.value
    button.click()
    assert "first" in said.value
    field.set_state({"index": 2})
    button.click()
    assert "Right." in said.value
    view.close()


def test_a_lesson_draws_fast_enough_into_a_picture():
    lesson = rtk.lesson("loss")
    assert isinstance(lesson, Lesson)
    file = io.BytesIO()
    lesson.draw(3).savefig(file, dpi=84)
    assert file.getvalue().startswith(b"\x89PNG")
