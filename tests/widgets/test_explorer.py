"""The explorer: pickers that follow one another, and the plots that follow them."""

from __future__ import annotations

import pandas as pd
import pytest
from ipywidgets.widgets.widget import _instances

import rtkit_explore as rtk
from rtkit_explore.errors import NotFoundError


@pytest.fixture(scope="module")
def app(recordings):
    return rtk.replay(recordings)


@pytest.fixture
def explorer(app):
    made = rtk.explorer(app)
    yield made
    made.close()


def session_called(explorer, title):
    return next(item.id for item in explorer.exploration.session.items if title in item.label)


def test_the_first_session_is_there_with_everybody_and_the_whole_call(explorer):
    assert explorer.call.title == "recording sfu-clean"
    assert explorer.value["participants"] == list(explorer.call.names)
    assert explorer.value["stream_id"] is None
    assert explorer.value["window"] == explorer.exploration.window.span.limits
    assert explorer.value["metrics"] == ["loss_pct", "bitrate_kbps"]


def test_another_session_brings_its_people_streams_and_times(explorer):
    state, told = explorer.exploration, []
    state.subscribe(told.append)
    state.participants.select([])
    state.session.select(session_called(explorer, "blackout"))
    assert told == ["changed", "loading", "loaded"]
    assert explorer.call.title == "recording blackout"
    assert state.participants.value == list(explorer.call.names)
    assert {item.id for item in state.stream.items} == {"", *explorer.call.streams["stream_id"]}
    assert state.window.value[0] == explorer.call.sessions["started_at"].iloc[0]


def test_streams_follow_the_participants_and_the_rows_follow_both(explorer):
    state, told = explorer.exploration, []
    state.subscribe(told.append)
    state.participants.select("Chen")
    assert all(item.label.startswith("Chen ") for item in state.stream.items[1:])
    assert set(explorer.quality["display_name"]) == {"Chen"}
    one = state.stream.items[-1].id
    state.stream.select(one)
    assert set(explorer.quality["stream_id"]) == {one}
    state.participants.select("Alma")
    assert explorer.value["stream_id"] is None, "the stream is not among those of the chosen participant"
    assert told == ["changed"] * 3


def test_the_pictures_follow(explorer):
    view, state = explorer.view, explorer.exploration
    timeline, quality = view.timeline.value, view.quality.value
    assert timeline[:8] == quality[:8] == b"\x89PNG\r\n\x1a\n"
    state.participants.view.select.set_state({"index": [0]})
    assert view.quality.value != quality
    assert view.timeline.value == timeline
    quality = view.quality.value
    state.window.view.end_box.set_state({"value": "23:46:30"})
    assert view.quality.value != quality
    state.session.view.select.set_state({"index": 1})
    assert view.timeline.value != timeline


def test_where_there_is_nothing_to_draw_it_says_what_to_do(explorer):
    view, state = explorer.view, explorer.exploration
    state.participants.select([])
    assert view.quality.layout.display == "none"
    assert "choose participants" in view.status.value
    state.participants.select("Alma")
    assert view.quality.layout.display is None
    assert view.status.value == ""
    view.measures.buttons["none"].click()
    assert "Choose a measure" in view.status.value


def test_a_window_that_cannot_be_drawn_is_said_and_a_longer_one_works(explorer):
    view, state = explorer.view, explorer.exploration
    state.window.view.slider.set_state({"index": (20, 20)})
    assert view.quality.layout.display == "none"
    assert "window=" in view.status.value
    state.window.view.whole_button.click()
    assert view.quality.layout.display is None
    assert view.status.value == ""


def test_a_call_that_cannot_be_had_is_said_and_the_next_one_works(app, monkeypatch):
    explorer = rtk.explorer(app)
    view, state = explorer.view, explorer.exploration
    lost = session_called(explorer, "blackout")

    def call(session_id):
        if session_id == lost:
            raise NotFoundError("There is no session <b>here</b>.", status=404)
        return app.call(session_id)

    monkeypatch.setattr(state, "app", type("Broken", (), {"call": staticmethod(call)})())
    state.session.select(lost)
    assert explorer.call is None
    assert explorer.quality is None
    assert state.participants.value == []
    assert "could not be had" in view.status.value
    assert "&lt;b&gt;here" in view.status.value
    assert "There is no session" in repr(explorer)
    assert view.timeline.layout.display == view.quality.layout.display == "none"
    state.session.select(session_called(explorer, "loss"))
    assert state.call.title == "recording loss"
    assert view.timeline.layout.display is None
    explorer.close()


def test_its_lines_of_code_run_and_choose_the_same(explorer, app, monkeypatch):
    drawn = {}
    monkeypatch.setattr(rtk.plot, "timeline", lambda call: drawn.update(call=call.session_id))
    monkeypatch.setattr(rtk.plot, "quality", lambda what, **options: drawn.update(options, what=what))
    state = explorer.exploration
    state.participants.select("Boris")
    state.window.select("23:45:30", "23:46:00")
    exec(explorer.to_code(), {"app": app, "rtk": rtk, "pd": pd})
    assert drawn["call"] == explorer.call.session_id
    assert drawn["participant"] == explorer.value["participants"]
    assert drawn["window"] == explorer.value["window"]
    assert drawn["metrics"] == explorer.value["metrics"]
    state.stream.select(state.stream.items[2].id)
    drawn.clear()
    exec(explorer.to_code(), {"app": app, "rtk": rtk, "pd": pd})
    assert set(drawn["what"]["stream_id"]) == {explorer.value["stream_id"]}
    assert "participant" not in drawn


def test_all_choices_are_remembered_each_for_its_session(app):
    first = rtk.explorer(app)
    state = first.exploration
    state.participants.select("Boris")
    state.stream.select(state.stream.items[1].id)
    state.window.select("23:45:30", "23:46:00")
    state.measures.select(["rtt_ms"])
    kept = first.value
    state.session.select(session_called(first, "loss"))
    assert first.value["stream_id"] is None
    state.session.select(kept["session_id"])
    assert first.value == kept
    assert rtk.explorer(app).value == kept
    assert rtk.explorer(app, remember=False).value["stream_id"] is None


def test_a_still_can_be_read_without_widgets(explorer):
    bundle = explorer._repr_mimebundle_()
    assert "[x] Alma · joined 23:45:13" in bundle["text/plain"]
    assert "app.call(" in bundle["text/html"]
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.widget.model_id


def test_an_app_without_sessions_says_so_and_draws_nothing():
    class Empty:
        def sessions(self):
            return pd.DataFrame(
                {"session_id": pd.array([], dtype="string"), "started_at": pd.to_datetime([], utc=True)}
            )

    explorer = rtk.explorer(Empty())
    assert explorer.call is None
    assert explorer.value["session_id"] is None
    assert "no sessions here" in repr(explorer)
    assert "Choose a session" in explorer.view.status.value
    explorer.close()


def test_closing_leaves_no_widget_behind(app):
    before = set(_instances)
    explorer = rtk.explorer(app)
    explorer._repr_mimebundle_()
    explorer.exploration.session.search("loss")
    assert set(_instances) > before
    explorer.close()
    assert set(_instances) == before


def test_drawing_touches_no_state_of_pyplot(explorer):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    assert explorer.view.quality.value
    explorer.exploration.participants.select("Alma")
    assert plt.get_fignums() == before
