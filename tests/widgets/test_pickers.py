"""What pick_session, pick_participants, pick_stream and pick_window offer, give and remember."""

from __future__ import annotations

import functools
import re
from typing import Any

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets import remembered as memory
from tests.widgets.picker_frames import participants, sessions, streams, times


class AppOf:
    """An app that serves a table, and remembers its queries."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def sessions(self, **query):
        self.asked.append(query)
        return self.table


def test_a_session_is_offered_with_start_title_people_and_length():
    labels = [item.label for item in rtk.pick_session(sessions()).items]
    assert labels == [
        "2026-11-20 09:00 · Stand-up · 3 people · 30 min",
        "2026-11-20 10:00 · <b>Réunion</b> · 2 people · live now",
        "no start time · untitled",
    ]


def test_an_app_is_asked_and_its_sessions_are_offered_newest_first():
    app = AppOf(sessions())
    picker = rtk.pick_session(app, status="ENDED", limit=5)
    assert app.asked == [{"status": "ENDED", "limit": 5}]
    assert [item.id for item in picker.items] == ["s-one", "s-three", "s-two"], "those that have ended come first"
    assert picker.value == "s-one"


def test_an_order_that_was_asked_for_stays():
    assert rtk.pick_session(AppOf(sessions()), sort_by="minutesConsumed").value == "s-one"


def test_what_is_neither_an_app_nor_a_table_is_refused(call):
    with pytest.raises(InvalidArgumentError, match="not Call"):
        rtk.pick_session(call)
    with pytest.raises(InvalidArgumentError, match="filter the table itself"):
        rtk.pick_session(sessions(), status="LIVE")
    with pytest.raises(InvalidArgumentError, match="no column 'session_id'"):
        rtk.pick_session(sessions().drop(columns="session_id"))


def test_no_sessions_say_what_to_do_and_the_value_is_none():
    picker = rtk.pick_session(sessions().iloc[:0])
    assert picker.value is None
    assert "Ask for another time" in repr(picker)
    assert "Ask for another time" in picker.view.status.value
    assert picker.to_code() == "session_id = None"
    assert picker.table.empty


def test_people_of_the_same_name_are_told_apart_and_missing_reports_are_said():
    labels = [item.label for item in rtk.pick_participants(participants()).items]
    assert labels == [
        "Alma (1) · joined 09:00:00 · 10 min",
        "Boris · joined 09:01:00 · 29 min",
        "Alma (2) · joined 09:20:00 · 10 min · report could not be read",
        "participant p-4 · no report",
    ]


def test_participants_are_all_chosen_at_first_and_their_rows_can_be_had():
    picker = rtk.pick_participants(participants())
    assert picker.value == ["p-1", "p-2", "p-3", "p-4"]
    picker.select(["p-3", "p-2"])
    assert picker.value == ["p-2", "p-3"]
    assert picker.table["display_name"].tolist() == ["Boris", "Alma"]
    picker.select([])
    assert picker.value == []


def test_participants_of_a_call_are_chosen_by_name_too(call):
    picker = rtk.pick_participants(call, selected=["Chen", "Alma"])
    assert picker.table["display_name"].tolist() == ["Alma", "Chen"]
    picker.select("boris")
    assert picker.value == [call.peer("Boris")]
    with pytest.raises(InvalidArgumentError, match="Nobody in this call is called 'Dora'"):
        picker.select("Dora")
    with pytest.raises(InvalidArgumentError, match="Dora"):
        rtk.pick_participants(call, selected="Dora")


def test_streams_are_said_in_plain_words():
    labels = [item.label for item in rtk.pick_stream(streams()).items]
    assert labels == [
        "Alma sends audio · 9:40",
        "Alma sends screen share · 1:00 · 0.0 % lost",
        "Boris gets video from Alma · 4.3 % lost",
    ]


def test_streams_of_one_participant_can_be_offered_alone(call):
    picker = rtk.pick_stream(call, participant="Chen")
    assert set(picker.choices.items) < set(rtk.pick_stream(call).choices.items)
    assert all(item.label.startswith("Chen ") for item in picker.items)
    assert picker.value in call.streams.loc[call.streams["display_name"] == "Chen", "stream_id"].tolist()


def test_every_stream_of_the_recordings_is_offered_under_a_label_of_its_own(call):
    picker = rtk.pick_stream(call)
    assert {item.id for item in picker.items} == set(call.streams["stream_id"])
    assert len({item.label for item in picker.items}) == len(call.streams)


def test_a_window_spans_the_call_and_gives_timestamps_in_utc(call):
    picker = rtk.pick_window(call, selected=("23:40:30", None), tz="UTC")
    low, high = picker.span.limits
    assert low == call.sessions["started_at"].iloc[0]
    assert high >= call.streams["last"].max()
    assert picker.value == (pd.Timestamp("2026-11-20T23:40:30Z"), high)


def test_a_wrong_client_clock_does_not_stretch_the_window():
    from rtkit_explore.widgets.item_labels import limits_of

    server = [times("2026-11-20T09:00:00Z", None), times("2026-11-20T09:30:00Z")]
    clients = [times("2026-11-20T09:30:20Z", "2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z")]
    assert limits_of(server, clients) == (pd.Timestamp("2026-11-20T09:00Z"), pd.Timestamp("2026-11-20T09:30:20Z"))
    assert limits_of([], clients)[0] == pd.Timestamp("1970-01-01", tz="UTC")
    assert limits_of([], [times(None)]) is None


def test_a_call_without_times_has_no_window_and_says_so():
    picker = rtk.pick_window(streams().iloc[:0])
    assert picker.value is None
    assert "no time is known" in picker.view.status.value
    assert picker.to_code() == "start, end = None, None"


def test_the_line_of_code_makes_the_same_choice(call):
    pickers: dict[str, Any] = {
        "session_id": rtk.pick_session(sessions()),
        "participants": rtk.pick_participants(call, selected="Alma"),
        "stream_id": rtk.pick_stream(call),
    }
    window = rtk.pick_window(call, selected=("23:40:30.25", "23:41:00"))
    for name, picker in pickers.items():
        made = {}
        exec(picker.to_code(), made)
        assert made[name] == picker.value
        assert repr(picker.to_code()) == picker.to_code()
    made = {}
    exec(window.to_code(), made)
    assert (made["start"], made["end"]) == window.value


def test_an_id_cannot_smuggle_code_into_the_line():
    table = sessions()
    table.loc[0, "session_id"] = "x'\nimport os #"
    picker = rtk.pick_session(table)
    made = {}
    exec(picker.to_code(), made)
    assert made["session_id"] == "x'\nimport os #"
    assert "\n" not in picker.to_code()


def test_a_finding_is_picked_worst_first_and_drawn():
    call = rtk.simulate("lossy_uplink", seed=1, minutes=3).call
    picker = rtk.pick_finding(call)
    findings = call.findings()
    assert picker.value == 0
    assert picker.finding["story"] == findings["story"].iloc[0]
    marks = {"bad": "◆ bad · ", "warn": "▲ warn · "}
    assert picker.items[0].label.startswith(marks[str(findings["severity"].iloc[0])])
    picker.search("video")
    assert all("video" in item.label + item.words for item in picker.choices.shown)
    picker.select("2")
    assert picker.table["story"].tolist() == [findings["story"].iloc[2]]
    made: dict[str, Any] = {"call": call}
    exec(picker.to_code(), made)
    assert made["finding"].equals(picker.finding)
    assert rtk.pick_finding(call).value == 2, "it is remembered"
    with pytest.raises(InvalidArgumentError, match="'99'"):
        rtk.pick_finding(call, selected=99)


def test_a_call_without_findings_gives_none():
    picker = rtk.pick_finding(rtk.simulate("clean", seed=3, minutes=2).call.findings().iloc[:0])
    assert picker.value is None
    assert picker.finding is None
    assert "nothing was found" in repr(picker)
    assert picker.to_code() == "finding = None"


def test_a_call_that_is_going_on_has_a_window_and_says_why_there_are_no_streams():
    app = rtk.demo(progress=False)
    table = app.sessions()
    live = table[table["status"] == "LIVE"].iloc[0]
    call = app.call(live["session_id"])
    start, end = rtk.pick_window(call).value
    assert end >= live["updated_at"]
    assert (end - start).total_seconds() > 60
    if call.streams.empty:
        assert "the call is going on" in repr(rtk.pick_stream(call))


@pytest.mark.parametrize(
    "make",
    [
        lambda: rtk.pick_session(sessions().iloc[:0]),
        lambda: rtk.pick_participants(participants().iloc[:0]),
        lambda: rtk.pick_stream(streams().iloc[:0]),
    ],
)
def test_what_support_staff_reads_is_not_python(make):
    said = re.sub("<[^>]*>", "", make().view.status.value)
    assert not re.search(r"\w\.\w|_", said), said


def test_observers_get_values():
    picker, told = rtk.pick_session(sessions()), []
    end = picker.observe(told.append)
    picker.search("reunion")
    picker.select("s-two")
    picker.search("")
    assert told == ["s-two"]
    end()
    picker.select("s-one")
    assert told == ["s-two"]


def test_an_observer_of_one_choice_is_never_given_none():
    picker, told = rtk.pick_session(sessions()), []
    picker.observe(told.append)
    picker.choices.replace([])
    assert picker.value is None
    assert told == []


def test_a_choice_is_remembered_when_the_cell_runs_again(call):
    rtk.pick_session(sessions()).select("s-three")
    rtk.pick_participants(call).select("Boris")
    last = rtk.pick_stream(call).items[-1].id
    rtk.pick_stream(call).select(last)
    rtk.pick_window(call).select("23:41:00")
    assert rtk.pick_session(sessions()).value == "s-three"
    assert rtk.pick_participants(call).value == [call.peer("Boris")]
    assert rtk.pick_stream(call).value == last
    assert rtk.pick_window(call).value[0] == pd.Timestamp("2026-11-20T23:41:00Z")


def test_deselecting_everybody_is_remembered_too():
    rtk.pick_participants(participants()).select([])
    assert rtk.pick_participants(participants()).value == []


def test_choices_are_remembered_by_name_and_session_and_only_where_wanted():
    rtk.pick_session(sessions(), name="left").select("s-two")
    assert rtk.pick_session(sessions(), name="right").value == "s-one"
    assert rtk.pick_session(sessions(), name="left", remember=False).value == "s-one"
    assert rtk.pick_session(sessions(), name="left").value == "s-two"
    other = participants().assign(session_id="s-two")
    rtk.pick_participants(participants()).select("p-2")
    assert rtk.pick_participants(other).value == ["p-1", "p-2", "p-3", "p-4"]


def test_a_cell_that_was_edited_to_ask_for_something_else_gets_that():
    rtk.pick_session(sessions(), selected="s-two").select("s-three")
    assert rtk.pick_session(sessions(), selected="s-two").value == "s-three"
    assert rtk.pick_session(sessions(), selected="s-one").value == "s-one"


def test_a_remembered_choice_that_is_gone_gives_way_to_the_default():
    rtk.pick_session(sessions()).select("s-three")
    assert rtk.pick_session(sessions().iloc[:2]).value == "s-one"


def test_the_picker_of_an_earlier_run_of_the_same_cell_is_closed(monkeypatch):
    cell = {"cell_id": "cell-1", "run": "run-1"}
    monkeypatch.setattr(memory, "running_cell", lambda: memory.Cell(**cell))
    closed = []
    made = []
    for cell_id, run in (("cell-1", "run-1"), ("cell-1", "run-1"), ("cell-2", "run-2"), ("cell-2", "run-3")):
        cell.update(cell_id=cell_id, run=run)
        picker = rtk.pick_session(sessions())
        monkeypatch.setattr(picker, "close", functools.partial(closed.append, len(made)))
        made.append(picker)
    assert closed == [2]


def test_a_still_is_plain_text_and_escaped_html_without_anything_random():
    first, second = (rtk.pick_session(sessions())._repr_mimebundle_() for _ in range(2))
    assert first["text/plain"].splitlines()[:3] == [
        "Session: 1 of 3 chosen",
        "  [x] 2026-11-20 09:00 · Stand-up · 3 people · 30 min",
        "  [ ] 2026-11-20 10:00 · <b>Réunion</b> · 2 people · live now",
    ]
    assert "&lt;b&gt;Réunion" in first["text/html"]
    assert "<b>Réunion" not in first["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in first
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
        assert "0x" not in first[kind]


def test_a_still_of_a_long_list_shows_what_is_chosen_and_counts_the_rest():
    table = pd.DataFrame({"session_id": [f"s-{number}" for number in range(340)]})
    text = repr(rtk.pick_session(table, selected="s-300"))
    assert "1 of 340 chosen" in text
    assert "[x] no start time · untitled · s-300" in text
    assert "… and 328 more" in text
    assert len(text.splitlines()) < 20


def test_an_exported_page_shows_the_still_where_the_notebook_holds_no_state_of_widgets():
    import nbformat
    from nbconvert import HTMLExporter

    picker = rtk.pick_session(sessions())
    shown = nbformat.v4.new_output("execute_result", picker._repr_mimebundle_(), execution_count=1)
    cell = nbformat.v4.new_code_cell("picker", outputs=[shown], execution_count=1, id="cell-0")
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert "Stand-up · 3 people" in page
    assert "session_id = 's-one'" in page
    picker.close()


def test_streams_of_a_table_are_picked_by_a_part_of_a_name(call):
    peer, name = next((peer, name) for peer, name in call.names.items() if call.streams["peer_id"].eq(peer).any())
    picker = rtk.pick_stream(call.streams, participant=name[:3].lower(), remember=False)
    assert set(picker.table["peer_id"]) == {peer}
    with pytest.raises(InvalidArgumentError, match="Nobody in this table"):
        rtk.pick_stream(call.streams, participant="nobody at all")


@pytest.mark.parametrize("pick", [rtk.pick_participants, rtk.pick_stream, rtk.pick_window])
def test_what_is_no_call_is_refused_by_what_it_is(pick, recordings):
    with pytest.raises(InvalidArgumentError, match=r"takes a Call or its table .*, not a text.*app\.call"):
        pick("an id")
    with pytest.raises(InvalidArgumentError, match="not the whole app"):
        pick(rtk.replay(recordings))


def test_a_table_that_cannot_be_picked_from_is_refused(call):
    with pytest.raises(InvalidArgumentError, match="table streams, and this DataFrame lacks stream_id"):
        rtk.pick_stream(call.participants)
    with pytest.raises(InvalidArgumentError, match="lacks peer_id"):
        rtk.pick_participants(call.sessions)


def test_completion_offers_what_is_public_alone():
    assert dir(rtk.widgets) == sorted(rtk.widgets.__all__)
    assert all(callable(getattr(rtk.widgets, name)) or name == "Item" for name in dir(rtk.widgets))
