"""The explorer's widget: messages as the browser sends them, the replies, and the static view."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances

import rtkit_explore as rtk
from rtkit_explore.widgets.explorer_picture import picture_of, shortened

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def lossy():
    return rtk.simulate("lossy_uplink", seed=1, minutes=4).call


@pytest.fixture
def explorer(lossy):
    made = rtk.explorer(lossy)
    made.view.complete()
    yield made
    made.close()


@pytest.fixture
def browser(explorer, monkeypatch):
    """Send messages as the browser does; returns the replies."""
    widget, answers = explorer.widget, []
    monkeypatch.setattr(type(widget), "send", lambda self, content, buffers=None: answers.append((content, buffers)))

    def send(**content):
        answers.clear()
        widget._handle_custom_msg({"session": explorer.model.session_id, **content}, [])
        return answers

    return send


def test_a_click_on_a_finding_changes_scene_and_columns_in_one_go(explorer, browser):
    widget = explorer.widget
    ticks = widget.tick
    assert browser(do="finding", key=2) == []
    assert widget.tick == ticks + 1
    assert widget.scene["finding"] == 2
    numbers = sum(line["n"] * (2 + len(widget.scene["panels"])) for line in widget.scene["lines"])
    assert len(np.frombuffer(widget.columns, dtype="<f8")) == numbers
    assert set(widget.scene["cost"]) == {"model", "page", "tables"}


def test_filters_and_windows_reach_the_model(explorer, browser):
    peer = explorer.call.peer("Boris")
    browser(do="filter", people=[peer], measures=["jitter_ms"])
    assert explorer.value["participants"] == [peer]
    assert explorer.value["metrics"] == ["jitter_ms"]
    browser(do="window", start="+1min", end="+30s")
    start, end = explorer.value["window"]
    assert (end - start).total_seconds() == 30
    browser(do="window", start=None, end=None)
    assert explorer.model.choice.window is None


def test_a_wrong_time_is_answered_with_the_span_of_the_call_and_changes_nothing(explorer, browser):
    before = explorer.model.choice
    ((content, _),) = browser(do="window", start="teatime", end="")
    assert content["kind"] == "refused"
    assert content["about"] == "window"
    assert "The call lasts from" in content["text"]
    assert explorer.model.choice == before


def test_a_late_click_on_another_call_is_dropped(explorer, browser):
    before = explorer.model.choice
    assert browser(do="finding", key=3, session="another") == []
    assert explorer.model.choice == before
    assert browser(do="nonsense") == []


@pytest.mark.parametrize(
    "name", ["overview", "findings", "quality", "device_changes", "candidate_pairs", "events", "said", "problems"]
)
def test_every_tab_has_words_for_titles_and_a_time_for_the_cursor(browser, name):
    ((content, _),) = browser(do="table", name=name)
    assert content["kind"] == "table"
    assert all("_" not in column["title"] for column in content["columns"])
    assert all(len(row) == len(content["columns"]) for row in content["rows"])
    assert content["rows"] or content["note"]
    if name in ("quality", "events"):
        assert len(content["times"]) == len(content["rows"])


def test_code_story_report_call_and_pictures_can_be_taken_along(explorer, browser, tmp_path, monkeypatch):
    ((content, _),) = browser(do="code")
    assert content["text"].startswith("call = app.call(")
    assert content["view"].startswith("rtk.explorer(call, view=")
    ((content, files),) = browser(do="report")
    assert content["name"].endswith(".html")
    assert files[0].lower().startswith(b"<!doctype html")
    assert b"Boris" not in files[0], "the report is redacted"
    ((content, files),) = browser(do="picture", kind="png", hidden=[])
    assert content["as_kind"] == "png"
    assert ET.fromstring(files[0]).tag == f"{SVG}svg"
    monkeypatch.chdir(tmp_path)
    ((content, _),) = browser(do="save")
    folder = re.search(r"rtk\.replay\('([^']+)'\)", content["text"])[1]
    assert rtk.replay(folder).call(explorer.model.session_id).findings().equals(explorer.call.findings())


def test_as_a_page_a_call_is_saved_into_the_browser(lossy, monkeypatch):
    explorer = rtk.explorer(lossy, download=True, name="page")
    answers = []
    monkeypatch.setattr(
        type(explorer.widget), "send", lambda self, content, buffers=None: answers.append((content, buffers))
    )
    explorer.widget._handle_custom_msg({"do": "save"}, [])
    content, files = answers[0]
    names = zipfile.ZipFile(io.BytesIO(files[0])).namelist()
    assert content["name"].endswith(".zip")
    assert any(name.endswith("session.json") for name in names)
    explorer.close()


def test_the_time_zone_is_kept_for_typed_times(explorer, browser):
    browser(do="zone", zone="Asia/Tokyo")
    assert explorer.widget.options["zone"] == "Asia/Tokyo"
    assert explorer.widget.page["story"] == explorer.call.story(tz="Asia/Tokyo"), "what is copied is in the chosen zone"
    assert "times in Asia/Tokyo" in explorer.widget.page["story"]
    assert "tz='Asia/Tokyo'" in explorer.to_code()
    ((content, _),) = browser(do="zone", zone="Moon/Crater")
    assert "no time zone" in content["text"]


def test_the_box_for_complaints_shows_what_explain_answers(explorer, browser, monkeypatch):
    asked = []
    whole = type(explorer.call).explain

    def explain(self, person, symptom, **options):
        asked.append((person, symptom, options))
        return whole(self, person, symptom, **options)

    monkeypatch.setattr(type(explorer.call), "explain", explain)
    peer = explorer.call.peer("Chen")
    ((content, _),) = browser(do="ask", who=peer, text="Boris was choppy")
    assert asked == [(peer, "Boris was choppy", {"window": None, "tz": "UTC"})]
    expected = whole(explorer.call, peer, "Boris was choppy")
    assert content == {
        "kind": "answer",
        "status": "yes",
        "person": "Chen",
        "asked": "Boris was choppy",
        "headline": expected.headline,
        "text": str(expected),
        "reply": expected.reply,
        "finding": explorer.value["finding"],
    }
    told = explorer.call.findings().iloc[content["finding"]]
    assert told["story"] == expected.findings["story"].iloc[0], "the plots show what answers it"
    # The plots now show a part of the call: another complaint is still about the whole, unless that is asked for.
    browser(do="ask", who=peer, text="Boris was choppy")
    assert asked[-1][2]["window"] is None
    window = explorer.value["window"]
    browser(do="ask", who=peer, text="Boris was choppy", in_view=True)
    assert asked[-1][2]["window"] == window


def test_the_calls_of_somebody_are_found_and_asked_as_a_whole(monkeypatch):
    app = rtk.replay(rtk.sample_calls(), progress=False)
    shown = rtk.explorer(app, remember=False)
    sent = []
    monkeypatch.setattr(type(shown.widget), "send", lambda self, content, buffers=None: sent.append(content))

    def do(**content):
        sent.clear()
        shown.widget._handle_custom_msg(content, [])
        return sent[-1]

    there = app.find("boris")
    told = do(do="people", person=" boris ", day="")
    assert told["ids"] == list(dict.fromkeys(there["session_id"]))
    assert told["names"] == ["Boris"]
    assert told["unlisted"] == 0
    assert do(do="people", person="boris", day="2020-01-01")["ids"] == []
    assert do(do="people", person="", day="")["kind"] == "refused"
    narrow = rtk.explorer(app, remember=False, limit=1)
    assert narrow.model.calls_of("boris")["unlisted"] == len(told["ids"]) - 1
    answer = do(do="ask_calls", who="boris", text="Alma was choppy", day="")
    expected = app.explain("boris", "Alma was choppy")
    assert answer["headline"] == expected.headline
    assert shown.value["session_id"] == expected.call.session_id
    assert shown.widget.page["session"] == expected.call.session_id
    assert do(do="ask_calls", who="nobody", text="Alma was choppy", day="")["kind"] == "refused"
    assert shown.widget.said["busy"] == ""
    alone = rtk.explorer(expected.call, remember=False)
    assert not alone.widget.options["people"]
    assert not alone.widget.options["compare"]
    for made in (shown, narrow, alone):
        made.close()


def test_another_call_is_put_beside_this_one_and_taken_away(monkeypatch):
    app = rtk.replay(rtk.sample_calls(), progress=False)
    shown = rtk.explorer(app, remember=False)
    shown.view.complete()
    widget, sent = shown.widget, []
    monkeypatch.setattr(type(widget), "send", lambda self, content, buffers=None: sent.append(content))

    def do(**content):
        sent.clear()
        widget._handle_custom_msg(content, [])

    first, other = app.sessions()["session_id"].iloc[:2]
    for _ in range(2):  # once more after it was taken away
        do(do="compare", session=first, other=other)
        assert [widget.page_0["session"], widget.page_1["session"]] == [first, other]
        assert widget.shared["letters"] == ["A", "B"]
        before = widget.tick_1
        do(side=1, session=other, do="table", name="events")
        assert [(one["kind"], one["side"]) for one in sent] == [("table", 1)], "answered once, to that side alone"
        do(side=0, session=first, do="filter", measures=["jitter_ms"])
        assert widget.scene_1["measures"] == ["jitter_ms"]
        assert widget.tick_1 == before + 1
        do(do="both code")
        assert sent[0]["text"].startswith("one = app.call(")
        do(do="one")
        assert widget.shared == {}
        do(side=0, session=first, do="table", name="events")
        assert sent == []
    do(do="code")
    assert sent[0]["kind"] == "code"
    do(do="compare", session=first, other="no-such-call")
    assert sent[-1]["kind"] == "refused"
    assert widget.said["busy"] == ""
    shown.close()


# The static view


def test_a_still_tells_verdict_findings_and_code_and_shows_the_picture(explorer):
    bundle = explorer._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.widget.model_id
    assert "app.call(" in bundle["text/plain"]
    assert explorer.call.findings()["story"].iloc[0] in bundle["text/plain"]
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "rtk-still" in bundle["text/html"]


def test_the_still_has_an_output_of_its_own_beside_the_widget(explorer, monkeypatch):
    import IPython.display

    shown = []

    class Handle:
        def update(self, bundle, *, raw):
            shown.append(bundle)

    def display(bundle, *, raw, display_id=None):
        shown.append(bundle)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr("rtkit_explore.widgets.explorer_view.STILL_DELAY_S", 0.01)
    explorer._ipython_display_()
    widget, still = shown
    assert "text/html" not in widget, "where widgets run, the still must not take the place of the widget"
    assert "rtk-still" in still["text/html"]
    explorer.model.choose_finding(None)
    explorer._still._timer.join(5)
    assert shown[2]["text/plain"] != still["text/plain"]


def test_names_are_harmless_cut_in_the_middle_and_keep_their_direction():
    call = rtk.simulate(
        "clean", participants=["<script>alert(1)</script>", "אלמה כהן", "x" * 99 + "y" * 101], minutes=2
    ).call
    explorer = rtk.explorer(call, remember=False)
    explorer.view.complete()
    picture = picture_of(explorer.model)
    assert "<script>" not in picture
    texts = [node.text or "" for node in ET.fromstring(picture).iter(f"{SVG}text")]
    assert any("\u2068אלמה כהן\u2069" in text for text in texts)
    assert any("xxx…yyy" in text for text in texts)
    assert "<script>" not in explorer._repr_mimebundle_()["text/html"]
    explorer.close()


@pytest.mark.parametrize("most", [1, 2, 7, 22])
def test_a_name_that_is_cut_keeps_both_ends(most):
    name = "abcdefghijklmnopqrstuvwxyz"
    cut = shortened(name, most)
    assert len(cut) == most
    assert "…" in cut
    assert shortened("ab", 2) == "ab"


def test_the_picture_shows_every_line_the_threshold_and_the_band(explorer):
    explorer.model.choose_finding(0)
    picture = picture_of(explorer.model)
    scene = explorer.model.scene()
    for line in scene.data["lines"]:
        assert line["label"].split()[0] in picture
    assert scene.data["panels"][0]["threshold"]["text"] in picture
    hidden = {line["key"] for line in scene.data["lines"][1:]}
    assert len(picture_of(explorer.model, hidden=hidden)) < len(picture)


def test_closing_leaves_no_widget_behind(lossy):
    before = set(_instances)
    explorer = rtk.explorer(lossy, name="closing")
    explorer._repr_mimebundle_()
    assert set(_instances) > before
    explorer.close()
    assert set(_instances) == before


def test_nothing_touches_matplotlib_until_a_report_is_saved():
    import subprocess
    import sys

    code = (
        "import sys, rtkit_explore as rtk\n"
        "explorer = rtk.explorer(rtk.simulate('clean', minutes=1).call)\n"
        "explorer._repr_mimebundle_()\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
