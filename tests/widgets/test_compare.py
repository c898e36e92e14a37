"""Two calls side by side: the model that links them, and the widget that mirrors it."""

from __future__ import annotations

import json

import pytest
from ipywidgets.widgets.widget import _instances

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets.compare_model import CompareModel, worse_of


@pytest.fixture(scope="module")
def calls():
    return (
        rtk.simulate("lossy_uplink", seed=1, minutes=4).call,
        rtk.simulate("clean", seed=2, participants=2, minutes=2).call,
    )


@pytest.fixture
def model(calls):
    made = CompareModel(*calls)
    made.complete()
    return made


@pytest.fixture
def shown(calls):
    made = rtk.compare(*calls)
    yield made
    made.close()


def test_both_have_an_axis_of_the_length_of_the_longer_one(model):
    one, two = (side.page()["limits"] for side in model.sides)
    assert one[1] - one[0] == pytest.approx(two[1] - two[0])
    assert one[1] - one[0] > 200


def test_measures_windows_and_kinds_of_streams_are_chosen_for_both(model):
    one, two = model.sides
    one.choose(measures=["jitter_ms"], media=["audio"])
    assert two.choice.measures == ("jitter_ms",)
    assert two.choice.media == ("audio",)
    two.choose_window(two.start + 30.0, two.start + 90.0)
    assert one.choice.window == pytest.approx((one.start + 30, one.start + 90))
    assert model.window == pytest.approx((30, 90))
    model.choose_window(None, None)
    assert two.choice.window is None


def test_a_window_behind_the_end_of_the_shorter_call_is_one_of_both(model):
    one, two = model.sides
    one.choose_window(one.start + 150.0, one.start + 200.0)
    assert two.choice.window == pytest.approx((two.start + 150, two.start + 200))
    assert two.opened.limits[1] < two.start + 150
    json.dumps(two.scene().data, allow_nan=False)


def test_a_finding_moves_the_time_of_the_other_call_and_leaves_its_people(model):
    one, two = model.sides
    one.choose_finding(0)
    assert two.choice.finding is None
    assert two.choice.people is None
    assert two.choice.measures == one.choice.measures
    assert two.choice.window[0] - two.start == pytest.approx(one.choice.window[0] - one.start)


def test_what_is_worse_is_told_by_the_end_that_is_bad(model):
    assert worse_of([1.0, 2.0], high_is_good=False) == 1
    assert worse_of([1.0, 2.0], high_is_good=True) == 0
    assert worse_of([100.0, 102.0], high_is_good=True) is None
    assert worse_of([None, 2.0], high_is_good=True) is None
    rows = {row["title"]: row for row in model.table()}
    assert all("_" not in title for title in rows)
    assert any(row["worse"] == 0 for row in rows.values()), "the lossy call"
    json.dumps(list(rows.values()), allow_nan=False)


def test_the_lines_of_code_run_and_show_the_same(model, calls, monkeypatch):
    drawn = []
    by_id = {call.session_id: call for call in calls}

    class App:
        @staticmethod
        def call(session_id):
            return by_id[session_id]

    monkeypatch.setattr(rtk.plot, "quality", lambda *what, **how: drawn.append((what[0], how)))
    model.sides[0].choose(measures=["rtt_ms"])
    model.choose_window(10, 60)
    exec(model.to_code(), {"rtk": rtk, "app": App})
    assert [call for call, _ in drawn] == list(calls)
    assert all(how["metrics"] == ["rtt_ms"] for _, how in drawn)


def test_what_is_no_call_is_refused(calls):
    with pytest.raises(InvalidArgumentError, match="compare takes a Call"):
        rtk.compare(calls[0], "s-1")
    with pytest.raises(InvalidArgumentError, match="no time zone"):
        rtk.compare(*calls, tz="Mars")


def test_messages_of_a_side_reach_that_side_and_both_are_told(shown):
    widget = shown.widget
    before = widget.tick_0, widget.tick_1
    session = shown.model.sides[1].session_id
    widget._handle_custom_msg({"side": 1, "session": session, "do": "filter", "measures": ["jitter_ms"]}, [])
    assert [widget.scene_0["measures"], widget.scene_1["measures"]] == [["jitter_ms"]] * 2
    assert widget.tick_0 > before[0]
    assert widget.tick_1 > before[1]
    assert shown.value["metrics"] == ["jitter_ms"]


def test_replies_say_which_side_they_are_for(shown, monkeypatch):
    sent = []
    widget = shown.widget
    monkeypatch.setattr(type(widget), "send", lambda self, content, buffers=None: sent.append(content))
    session = shown.model.sides[1].session_id
    widget._handle_custom_msg({"side": 1, "session": session, "do": "table", "name": "events"}, [])
    widget._handle_custom_msg({"do": "both code"}, [])
    assert [(one["kind"], one.get("side")) for one in sent] == [("table", 1), ("both code", None)]
    assert sent[1]["text"].startswith("one = app.call(")


def test_a_still_shows_both(shown, calls):
    bundle = shown._repr_mimebundle_()
    for call in calls:
        assert call.title in bundle["text/plain"]
        assert call.session_id in bundle["text/plain"]
    assert bundle["text/html"].count("data:image/svg+xml") == 2
    assert shown.table.equals(rtk.compare_calls(*calls))


def test_closing_leaves_no_widget_behind(calls):
    before = set(_instances)
    made = rtk.compare(*calls)
    made._repr_mimebundle_()
    assert set(_instances) > before
    made.close()
    assert set(_instances) == before
