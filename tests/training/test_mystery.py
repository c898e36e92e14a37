"""Mystery calls accept the right answer alone, say of a wrong one how to see that, and give nothing away."""

from __future__ import annotations

import itertools

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import SCENARIOS
from rtkit_explore.training import cases
from rtkit_explore.training.cases import KINDS, LEVELS, plan_case
from rtkit_explore.training.mystery import mystery
from tests.benchmarks import mystery as played

WHOLE_CALL = {name for name, one in SCENARIOS.items() if one.parts and one.parts[0].lasts is None}


@pytest.fixture
def scores(tmp_path):
    return tmp_path / "scores.jsonl"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(6))
def test_a_mystery_accepts_its_truth_and_refuses_every_other_answer(level, seed, scores):
    assert played.refused(mystery(level, seed, scores=scores)) == []


def test_the_lessons_and_the_players_of_the_benchmark_find_their_way(scores):
    assert played.lessons_wrong() == []
    easy, wrong = played.play(1, 4, scores)
    assert wrong == []
    assert (easy["all four"] >= 75).all()


def test_every_kind_of_every_level_can_be_drawn():
    for level, hard in LEVELS.items():
        assert {plan_case(level, seed).kind for seed in range(120)} == set(hard.kinds)


def test_the_fault_grows_milder_and_what_is_beside_it_more_with_the_level():
    strength = {}
    for level, hard in LEVELS.items():
        strength[level] = []
        for seed in range(120):
            happened = plan_case(level, seed).incidents
            assert len(happened) == 1 + hard.second + hard.oddities
            if happened[0].what in ("lossy_uplink", "lossy_downlink"):
                strength[level].append(happened[0].level)
            if hard.second:
                assert happened[0].who != happened[1].who
                assert KINDS[happened[0].what] != KINDS[happened[1].what]
            timed = sorted((one.start, one.end) for one in happened if one.what not in WHOLE_CALL)
            assert all(first[1] <= second[0] for first, second in itertools.pairwise(timed))
    assert min(strength[1]) > max(strength[2])
    assert min(strength[2]) > max(strength[4])
    assert min(strength[3]) < min(strength[2])
    assert len(set(strength[1])) == len(strength[1])


def test_what_is_mild_is_still_to_be_found():
    for level in LEVELS:
        for seed in range(60):
            truth = plan_case(level, seed).incidents[0]
            assert truth.severity in ("warn", "bad") or KINDS[truth.what][0] == "no fault"


def test_complaints_of_the_highest_level_name_a_time_and_blame_something_else(scores):
    for seed in range(4):
        case = mystery(4, seed, scores=scores)
        begin, end = played.stretch(case)
        assert begin <= case._truth.start < case._truth.end <= end
    plain = {words.format(who="X", other="Y") for group in cases._WORDS.values() for words in group}
    misled = {words.format(who="X", other="Y") for group in cases._MISLEADING.values() for words in group}
    assert not plain & misled


def leaks_of(case):
    """Return what must not be seen before the case is solved: names, strengths and words of the truth."""
    secrets = {case._truth.explanation, "_truth", "Truth(", "mild", "moderate", "severe"}
    for row in plan_case(case.level, int(case.number)).incidents:
        secrets |= {row.explanation, row.magnitude, str(row.level)}
    secrets |= {name for name in SCENARIOS if "_" in name} | {
        name.replace("_", " ") for name in SCENARIOS if "_" in name
    }
    return {one for one in secrets if one and one != "None"}


def widget_texts(widget):
    """Collect every text that the widgets of a view hold."""
    found = []
    for name, value in widget.get_state().items():
        if not name.startswith("_"):
            found.append(str(value))
    for child in getattr(widget, "children", ()):
        found += widget_texts(child)
    return found


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_that_a_learner_sees_gives_the_case_away(level, seed, scores, tmp_path):
    case = mystery(level, seed, scores=scores)
    secrets = leaks_of(case)
    folder = case.call.save(tmp_path / "saved")
    view = case.play()
    seen = {"repr": repr(case), "html": case._repr_html_().replace("Mystery", ""), "call": repr(case.call)}
    seen |= {
        "title": case.call.title,
        "session": case.call.session_id,
        "public": repr([n for n in vars(case) if n[0] != "_"]),
    }
    seen |= {f"widget {number}": text for number, text in enumerate(widget_texts(view))}
    for path in folder.rglob("*"):
        seen |= {str(path.relative_to(tmp_path)): path.name + (path.read_text("utf-8") if path.is_file() else "")}
    for name, frame in case.call.tables.items():
        seen |= {f"columns of {name}": " ".join(frame.columns)}
    case.answer(who="nobody", side="between", about="delay")
    seen |= {"score card": scores.read_text(), "wrong answer": str(case.answer(side="between"))}
    for place, text in seen.items():
        assert not [secret for secret in secrets if secret in text], place
    assert case.call.title == "Team meeting"
    # a key of the simulator's own in a document would be one that nobody knows
    assert case.call.problems.empty
    view.close()


def test_the_words_of_a_complaint_do_not_tell_its_cause():
    causes = {}
    for seed in range(200):
        plan = plan_case(4, seed)
        blamed = next((word for word in ("internet", "server", "speakers", "broken") if word in plan.complaint), "")
        causes.setdefault(blamed, set()).add(KINDS[plan.kind])
    # only outages are blamed on the server: everything else that is blamed has several causes
    assert all(len(causes[blamed]) > 1 for blamed in ("internet", "speakers", "broken"))


def test_the_evidence_runs_as_it_stands(scores):
    import matplotlib.pyplot as plt

    for level, seed in ((1, 0), (3, 6), (2, 8)):
        case = mystery(level, seed, scores=scores)
        truth = case._truth
        right = case.answer(who=truth.who or "nobody", side=truth.side, about=truth.about, at=truth.start)
        assert right.grade == "right"
        wrong = case.answer(who=case.call.names[next(iter(case.call.names))], side="between", about="delay")
        for judged in (right, wrong):
            shown = eval(judged.evidence, {"rtk": rtk, "case": case})
            assert shown is not None
    plt.close("all")


def test_a_minute_without_seconds_is_the_whole_minute(scores):
    case = mystery(2, 2, scores=scores)
    start = case._truth.start
    assert case.answer(at=f"{start:%H:%M}").parts["at"]
    assert not case.answer(at="10:00:00").parts["at"]
    assert "not begun" in case.answer(at="10:00:00").text


def test_one_who_came_back_with_a_new_id_is_one_person(scores):
    seed = next(seed for seed in range(200) if plan_case(2, seed).kind == "network_switch")
    case = mystery(2, seed, scores=scores)
    assert case.call.participants["display_name"].duplicated().any()
    who = case._truth.who
    assert case.answer(who=who).parts["who"]
    assert not case.answer(who=next(n for n in case.call.participants["display_name"] if n != who)).parts["who"]


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
    chooser, body = view.children
    _, looks, _, questions, buttons, said, hinted = body.children
    (who, side), (about, at) = (box.children for box in questions.children)
    check, hint, show = buttons.children
    hint.click()
    assert "1." in hinted.value
    what, whom = looks.children[0].children
    picture = looks.children[1]
    who.value, side.value, about.value, at.value = truth.who, truth.side, truth.about, f"{truth.start:%H:%M}"
    check.click()
    assert "Right" in said.value
    side.value = "between"
    check.click()
    assert "Partly" in said.value
    assert "1." in hinted.value, "a hint stays where an answer is checked"
    # What is to be looked at is a button, not a line of code; no argument's name stands on the screen.
    at.value = None
    for cause in about.options:
        about.value = cause[1]
        check.click()
        assert "rtk." not in said.value
        assert "_" not in said.value
        show.click()
        assert show.description == f"Show me: {what.value}" + (f", of {whom.value}" if whom.value else "")
    for name in what.options:
        what.value = name
        shown = (
            b"<svg" in bytes(picture.value)[:200] and picture.format == "svg+xml" and picture.layout.display != "none"
        )
        assert shown or "<" in looks.children[2].value, name
    whom.value = truth.who
    level, again = chooser.children
    level.value = 3
    again.click()
    assert "level 3" in body.children[0].value
    body.children[4].children[0].click()
    assert "Choose an answer" in body.children[5].value
    view.close()
