"""The explorer's model: calls, findings, filters and windows, and the lines of code that show the same."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError, NotFoundError
from rtkit_explore.widgets.explorer_call import MEASURES, OpenCall, shown_unit
from rtkit_explore.widgets.explorer_model import ExplorerModel
from rtkit_explore.widgets.explorer_scene import MOST_LINES, MOST_POINTS, thinned
from rtkit_explore.widgets.item_labels import sorted_sessions
from tests.widgets.picker_frames import sessions


@pytest.fixture(scope="module")
def app(recordings):
    return rtk.replay(recordings)


@pytest.fixture
def model(app):
    made = ExplorerModel(app)
    made.complete()
    return made


def newest(app):
    table = app.sessions()
    return str(table.loc[table["started_at"].idxmax(), "meeting_display_name"])


@pytest.fixture(scope="module")
def lossy():
    return rtk.simulate("lossy_uplink", seed=1, minutes=4).call


@pytest.fixture
def explorer(lossy):
    made = rtk.explorer(lossy)
    yield made
    made.close()


def session_called(model, title):
    table = model.sessions
    return str(table.loc[table["meeting_display_name"].str.contains(title), "session_id"].iloc[0])


def columns_of(scene, line, panels):
    flat = np.frombuffer(scene.buffer, dtype="<f8")
    return [flat[line["at"] + k * line["n"] : line["at"] + (k + 1) * line["n"]] for k in range(2 + panels)]


# Choosing a call


def test_calls_that_have_ended_come_first_and_the_newest_of_them_is_opened():
    table = sessions()
    order = sorted_sessions(table)
    assert order["session_id"].tolist()[:1] == ["s-one"]
    assert order["session_id"].tolist()[-1] == "s-two", "the one that is going on"


def test_the_newest_call_is_opened_and_the_list_says_what_a_person_needs(app, model):
    assert model.call.title == newest(app)
    first = model.calls()[0]
    assert first["title"] == newest(app)
    assert first["people"] == len(model.call.names)
    assert first["verdict"] == model.opened.verdict[0]
    assert {call["verdict"] for call in model.calls()[1:]} == {""}, "known only of those that were opened"


def test_who_was_there_is_known_before_any_sample_is_read(app):
    model = ExplorerModel(app, remember=False)
    page = model.page()
    assert [lane["name"] for lane in page["lanes"]] == list(model.call.names.values())
    assert page["whole"] is False
    assert "_order" not in model.opened.__dict__
    assert model.scene().data["lines"] == []


def test_another_call_brings_its_own_and_an_opened_one_is_not_read_again(model, monkeypatch):
    first, opened = model.session_id, model.opened
    told = []
    model.subscribe(told.append)
    model.open(session_called(model, "blackout"))
    model.complete()
    assert told == ["call", "call"]
    assert model.call.title == "recording blackout"
    monkeypatch.setattr(model, "_fetch", lambda session: pytest.fail("it is there already"))
    model.open(first)
    assert model.opened is opened


def test_a_call_that_cannot_be_had_is_said_and_the_next_one_works(app):
    class Broken:
        sessions = staticmethod(app.sessions)

        @staticmethod
        def call(session_id):
            if session_id == lost:
                raise NotFoundError("There is no session <b>here</b>.", status=404)
            return app.call(session_id)

    table = app.sessions()
    lost = str(table["session_id"].iloc[0])
    model = ExplorerModel(Broken(), session=lost, remember=False)
    model.complete()
    assert model.call is None
    assert model.page() == {}
    assert "There is no session" in model.problem
    with pytest.raises(InvalidArgumentError, match="There is no session"):
        model.choose_finding(0)
    model.open(str(table["session_id"].iloc[1]))
    assert model.problem == ""
    assert model.call is not None


def test_an_app_without_calls_says_what_to_do():
    class Empty:
        def sessions(self):
            return sessions().iloc[:0]

    explorer = rtk.explorer(Empty())
    assert explorer.call is None
    assert explorer.value["session_id"] is None
    assert "No calls were found" in repr(explorer)


def test_what_is_neither_an_app_nor_a_call_is_refused():
    with pytest.raises(InvalidArgumentError, match="takes a Call or an App"):
        rtk.explorer("s-1")
    with pytest.raises(InvalidArgumentError, match="no time zone"):
        rtk.explorer(rtk.simulate("clean", minutes=1).call, tz="Mars")
    with pytest.raises(InvalidArgumentError, match="status"):
        rtk.explorer(rtk.simulate("clean", minutes=1).call, status="ENDED")


def test_a_call_that_is_going_on_says_so_and_lasts_as_long_as_it_is_known():
    app = rtk.demo(progress=False)
    table = app.sessions()
    live = str(table.loc[table["status"] == "LIVE", "session_id"].iloc[0])
    model = ExplorerModel(app, session=live, remember=False)
    model.complete()
    page = model.page()
    assert page["live"] is True
    low, high = page["limits"]
    updated = table.loc[table["session_id"] == live, "updated_at"].iloc[0]
    assert high >= updated.timestamp()
    assert high - low > 60
    assert ExplorerModel(app, remember=False).page()["live"] is False, "it does not open by itself"


# Findings


def test_the_worst_finding_is_chosen_first_in_the_whole_call(lossy):
    model = ExplorerModel(lossy, remember=False)
    model.complete()
    scene = model.scene()
    assert model.choice.finding == 0
    assert model.choice.window is None
    assert scene.data["lines"][0]["own"] is True
    assert scene.data["panels"][0]["threshold"]["value"] == lossy.findings()["threshold"].iloc[0]


def test_a_finding_moves_people_streams_measures_and_time(lossy):
    model = ExplorerModel(lossy, remember=False)
    findings = lossy.findings()
    key = int(np.flatnonzero(findings["rule"] == "loss_out")[0])
    row = findings.iloc[key]
    model.choose_finding(key)
    scene = model.scene()
    start, end = model.window
    assert start < row["start"] < row["end"] < end
    assert model.choice.measures[0] == "loss_pct"
    assert {line["media"] for line in scene.data["lines"]} == {row["media"]}
    sides = {line["direction"] for line in scene.data["lines"]}
    assert sides == {"producer", "consumer"}, "what was sent stands beside what the others received"
    received = [line for line in scene.data["lines"] if line["direction"] == "consumer"]
    assert all(line["label"].endswith(f"from {row['display_name']}") for line in received)
    assert len(received) == len(lossy.names) - 1


@pytest.mark.parametrize("scenario", ["outage", "narrow_uplink", "cpu_bound", "burst_loss", "delay_and_jitter"])
def test_the_threshold_stands_on_the_axis_of_the_values_that_were_judged(scenario):
    call = rtk.simulate(scenario, seed=1).call
    model = ExplorerModel(call, remember=False)
    checked = 0
    for key, row in enumerate(call.findings().to_dict("records")):
        if row["severity"] == "note" or not isinstance(row["stream_id"], str) or pd.isna(row["threshold"]):
            continue
        model.choose_finding(key)
        scene = model.scene()
        panel = scene.data["panels"][0]
        threshold = row["threshold"] * shown_unit(row["unit"])[1]
        assert panel["threshold"]["value"] == threshold, row["rule"]
        own = next(line for line in scene.data["lines"] if line["own"])
        _, end, values = columns_of(scene, own, len(scene.data["panels"]))[:3]
        inside = (end > row["start"].timestamp() - 1) & (end <= row["end"].timestamp() + 8)
        worst = values[inside]
        beyond = worst <= threshold if panel["low"] else worst >= threshold
        assert beyond.any(), (row["rule"], worst, threshold)
        checked += 1
    assert checked


def test_findings_of_the_same_side_and_time_stand_under_the_worst_of_them(lossy):
    model = ExplorerModel(lossy, remember=False)
    model.complete()
    findings = model.page()["findings"]
    heads = [one for one in findings if one["head"] == one["key"] and one["severity"] != "note"]
    assert len(heads) < len([one for one in findings if one["severity"] != "note"])
    assert findings[0]["head"] == 0


def test_an_unknown_finding_is_refused(lossy):
    model = ExplorerModel(lossy, remember=False)
    with pytest.raises(InvalidArgumentError, match="there is no number 999"):
        model.choose_finding(999)


# Filters, windows


def test_people_media_directions_and_measures_filter_the_lines(lossy):
    model = ExplorerModel(lossy, remember=False)
    model.choose_finding(None)
    model.choose(people="Boris", media=["audio"], directions=["consumer"], measures=["jitter_ms"])
    scene = model.scene()
    assert {line["who"] for line in scene.data["lines"]} == {"Boris"}
    assert {(line["media"], line["direction"]) for line in scene.data["lines"]} == {("audio", "consumer")}
    assert [panel["key"] for panel in scene.data["panels"]] == ["jitter_ms"]
    model.choose(people=None, media=None, directions=None)
    assert len({line["who"] for line in model.scene().data["lines"]}) > 1
    with pytest.raises(InvalidArgumentError, match="Nobody in this call is called 'Zoe'"):
        model.choose(people=["Zoe"])
    with pytest.raises(InvalidArgumentError, match="no measure 'loudness'"):
        model.choose(measures=["loudness"])


def test_windows_are_typed_as_people_type_them_and_wrong_ones_say_the_span_of_the_call(lossy):
    model = ExplorerModel(lossy, remember=False)
    model.complete()
    low, _ = model.opened.limits
    model.choose_window("+1min", "+30s")
    start, end = model.window
    assert round(start.timestamp() - low) == 60
    assert round((end - start).total_seconds()) == 30
    before = model.choice
    with pytest.raises(InvalidArgumentError, match=r"The call lasts from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d UTC"):
        model.choose_window("3:15am", "3:20am")
    assert model.choice == before
    model.choose_window("", None)
    assert model.choice.window is None


def test_the_columns_are_the_rows_of_quality(lossy):
    model = ExplorerModel(lossy, remember=False)
    model.choose(people=None, media=None, measures=["loss_pct", "bitrate_kbps"])
    scene = model.scene()
    line = scene.data["lines"][0]
    start, end, _, rate = columns_of(scene, line, 2)
    stream = model.opened.streams[line["key"]]
    rows = lossy.quality[
        (lossy.quality["stream_id"] == stream.stream_id) & (lossy.quality["peer_id"] == stream.peer)
    ].sort_values("end")
    np.testing.assert_allclose(end, rows["end"].astype("int64") / 1e6)
    np.testing.assert_allclose(rate, rows["bitrate_kbps"].to_numpy(dtype=float, na_value=np.nan))
    assert np.isnan(start[0]), "nothing is known of the time before the first sample"


def test_more_lines_than_can_be_told_apart_are_counted_and_reachable():
    call = rtk.simulate("clean", participants=8, minutes=2).call
    model = ExplorerModel(call, remember=False)
    model.choose_finding(None)
    scene = model.scene()
    assert len(scene.data["lines"]) == MOST_LINES
    model.choose(all_lines=True)
    assert len(model.scene().data["lines"]) == MOST_LINES + scene.data["more"]


def test_a_long_line_is_thinned_and_keeps_its_peaks_and_holes():
    count = 20_000
    end = np.arange(count) * 7.0 + 7
    start = end - 7
    start[5000] = np.nan
    value = np.zeros(count)
    value[12_345], value[777] = 99, -5
    value[5000] = np.nan
    begin, until, (kept,) = thinned(start, end, [value], None)
    assert len(until) <= MOST_POINTS + 2
    assert 99 in kept
    assert -5 in kept
    hole = np.flatnonzero(np.isnan(kept))
    assert len(hole) == 1
    gaps = begin[1:] - until[:-1]
    assert np.nanmax(np.abs(np.delete(gaps, [hole[0] - 1, hole[0]]))) == 0, "what is left opens no hole"
    window = (50_000.0, 52_000.0)
    _, fine, _ = thinned(start, end, [value], window)
    inside = (end >= window[0]) & (end <= window[1])
    assert set(end[inside]) <= set(fine), "in the window every sample is there"


def test_a_client_with_a_wrong_clock_does_not_stretch_the_axis():
    call = rtk.simulate("clean", minutes=2).call
    opened = OpenCall(call)
    low, high = opened.limits
    opened = OpenCall(call)
    opened.__dict__["end"] = np.append(opened.end, high + 10 * 86400)
    assert opened.limits == (low, high)


def test_times_are_in_the_zone_of_the_call_and_sentences_in_one_that_the_front_end_can_turn(lossy):
    call = Call(lossy.documents, tz="Europe/Berlin")
    explorer = rtk.explorer(call, remember=False)
    assert explorer.model.tz == "Europe/Berlin"
    explorer.model.complete()
    page = explorer.model.page()
    assert " UTC" in page["findings"][0]["text"]
    assert "(Europe/Berlin)" in page["story"]
    explorer.close()


# Network paths


def test_paths_are_told_over_time_with_each_change_and_both_networks():
    call = rtk.simulate("path_switch", minutes=6, seed=1).call
    model = ExplorerModel(call, remember=False)
    early = model.page()
    changed = call.findings().query("rule == 'path_changed'")
    assert len(changed)
    told = {
        (lane["peer"], round(at)): words
        for lane in early["lanes"]
        for at, words in (lane["path"] or {}).get("changes", ())
    }
    assert early["whole"] is False, "no sample was read for it"
    for row in changed.to_dict("records"):
        words = told[row["peer_id"], round(row["start"].timestamp())]
        assert f"network path changed {words}" in row["story"]
    lane = next(lane for lane in early["lanes"] if lane["peer"] == changed["peer_id"].iloc[0])
    assert any(kind == "path" and "network path changed" in text for _, kind, text in lane["marks"])
    parts = lane["path"]["parts"]
    assert parts == sorted(parts)
    assert parts[0][1] == parts[1][0]


def test_a_relayed_path_is_named_with_its_network():
    call = rtk.simulate("turn_tcp", minutes=4, seed=1).call
    paths = OpenCall(call).paths
    assert {path["kind"] for path in paths.values()} == {"direct", "relayed-tcp"}
    assert any("relayed (TURN), T" in path["text"] for path in paths.values())


# As code, memory, restoring


def test_the_lines_of_code_run_as_they_stand_and_show_the_same(app, monkeypatch):
    model = ExplorerModel(app, remember=False)
    model.open(session_called(model, "sfu-uplink"))
    model.choose_finding(0)
    model.choose_window("+20s", "+30s")
    drawn = {}
    for name in ("timeline", "finding", "quality"):
        monkeypatch.setattr(rtk.plot, name, lambda *what, _name=name, **how: drawn.update({_name: (what, how)}))
    exec(model.to_code(), {"app": app, "rtk": rtk})
    assert drawn["finding"][0][1]["rule"] == model.call.findings()["rule"].iloc[0]
    assert tuple(pd.Timestamp(edge) for edge in drawn["quality"][1]["window"]) == model.window
    model.choose_finding(None)
    model.choose(people=["Boris"])
    drawn.clear()
    exec(model.to_code(), {"app": app, "rtk": rtk})
    assert drawn["quality"][1]["participant"] == model.participants


def test_the_lines_of_code_draw(app):
    import matplotlib.pyplot as plt

    model = ExplorerModel(app, remember=False)
    model.open(session_called(model, "bandwidth"))
    model.choose_finding(0)
    exec(model.to_code(), {"app": app, "rtk": rtk})
    assert plt.get_fignums()
    plt.close("all")


def test_a_view_is_restored_by_the_line_that_is_copied(app):
    first = ExplorerModel(app, remember=False, tz="Europe/Berlin")
    first.open(session_called(first, "sfu-uplink"))
    first.choose_finding(2)
    first.choose(people=["Chen"], measures=["jitter_ms"])
    again = eval(first.to_view_code(), {"rtk": rtk, "app": app})
    again.model.complete()
    assert again.model.choice == first.choice
    assert again.model.session_id == first.session_id
    assert again.model.tz == "Europe/Berlin"


def test_choices_are_remembered_each_for_its_call(app):
    first = ExplorerModel(app)
    first.open(session_called(first, "sfu-uplink"))
    first.choose_finding(1)
    kept = first.choice
    first.open(session_called(first, "loss"))
    first.complete()
    second = ExplorerModel(app)
    second.complete()
    assert second.call.title == "recording loss"
    second.open(session_called(second, "sfu-uplink"))
    second.complete()
    assert second.choice == kept
    forgetful = ExplorerModel(app, remember=False)
    assert forgetful.call.title == newest(app)


@pytest.mark.parametrize("scenario", ["no_report", "broken_report", "headset_unplugged", "turn_tcp", "skewed_clock"])
def test_every_kind_of_call_can_be_shown_and_said_in_json(scenario):
    call = rtk.simulate(scenario, seed=2, minutes=4).call
    model = ExplorerModel(call, remember=False)
    model.complete()
    json.dumps(model.page(), allow_nan=False)
    for key in [None, *range(len(call.findings()))]:
        model.choose_finding(key)
        scene = model.scene()
        json.dumps(scene.data, allow_nan=False)
        assert len(scene.buffer) == 8 * sum(line["n"] * (2 + len(scene.data["panels"])) for line in scene.data["lines"])


def test_every_measure_has_a_title_and_a_column_or_a_way_to_be_worked_out(lossy):
    opened = OpenCall(lossy)
    for name, measure in MEASURES.items():
        assert measure.title
        assert "_" not in measure.title, "words, not column names"
        assert len(opened.values(name)) == len(lossy.quality)


def test_a_call_that_is_going_on_is_fetched_again_when_asked_for():
    demo = rtk.demo(progress=False)
    table = demo.sessions()
    live = str(table.loc[table["status"] == "LIVE", "session_id"].iloc[0])
    fetched = []

    class Counting:
        def sessions(self, **_query):
            return table

        def call(self, session):
            fetched.append(session)
            return demo.call(session)

    model = ExplorerModel(Counting(), session=live, remember=False)
    model.complete()
    told = []
    model.subscribe(told.append)
    model.refresh()
    assert fetched == [live, live]
    assert told[:2] == ["calls", "call"]
    ended = str(table.loc[table["status"] == "ENDED", "session_id"].iloc[0])
    model.open(ended)
    model.refresh()
    assert fetched == [live, live, ended], "what has ended does not change"
