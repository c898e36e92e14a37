"""The views: what the browser does to them reaches the model, what the model does shows in them."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd
import pytest
from ipywidgets.widgets.widget import _instances

import rtkit_explore as rtk
from tests.widgets.picker_frames import participants, sessions


def labels_of(view):
    return [label for label, _ in view.select.options]


@pytest.fixture
def picker():
    made = rtk.pick_session(sessions())
    yield made
    made.close()


@pytest.fixture
def people():
    made = rtk.pick_participants(participants())
    yield made
    made.close()


def test_a_click_chooses(picker):
    told = []
    picker.observe(told.append)
    picker.view.select.set_state({"index": 1})
    assert picker.value == "s-two"
    assert told == ["s-two"]


def test_typing_shows_fewer_and_leaves_the_choice(picker):
    told = []
    picker.observe(told.append)
    picker.view.search.set_state({"value": "réun"})
    assert labels_of(picker.view) == ["2026-11-20 10:00 · <b>Réunion</b> · 2 people · live now"]
    assert picker.view.count.value == "1 of 3"
    assert picker.view.select.index is None
    assert "Still chosen, though the search hides it: 2026-11-20 09:00 · Stand-up" in picker.view.status.value
    picker.view.search.set_state({"value": ""})
    assert picker.view.select.index == 0
    assert picker.view.status.value == ""
    assert picker.value == "s-one"
    assert told == []


def test_a_search_without_result_says_so_escaped_and_leaves_the_choice(picker):
    picker.view.search.set_state({"value": "<img src=x>"})
    assert "Nothing here matches “&lt;img src=x&gt;”" in picker.view.status.value
    assert picker.view.count.value == "0 of 3"
    assert picker.value == "s-one"


def test_a_click_on_the_list_from_before_the_search_means_what_was_read_there(picker):
    before = picker.view.select
    picker.view.search.set_state({"value": "untitled"})
    before.set_state({"index": 1})  # the browser had not drawn the new list yet
    assert picker.value == "s-two"


def test_a_late_click_on_what_the_old_list_showed_as_chosen_counts_too(picker):
    picker.view.search.set_state({"value": "stand"})
    before = picker.view.select
    picker.view.search.set_state({"value": ""})
    picker.select("s-two")
    before.set_state({"index": 0})
    assert picker.value == "s-one"


def test_mirroring_what_another_thread_has_changed_meanwhile_is_nobodys_click(picker):
    view, told = picker.view, []
    picker.observe(told.append)
    view._listing.mirror(("s-three",))  # a selection that was read just before another thread selected s-one
    assert view.select.index == 2
    assert (picker.value, told) == ("s-one", [])


def test_what_code_chooses_shows(picker):
    view = picker.view
    picker.select("s-three")
    assert view.select.index == 2
    picker.search("stand")
    assert view.search.value == "stand"
    assert labels_of(view) == ["2026-11-20 09:00 · Stand-up · 3 people · 30 min"]


def test_other_items_show_without_observers_being_told_of_a_reset(picker):
    told = []
    picker.select("s-two")
    picker.observe(told.append)
    items = picker.items
    picker.choices.replace(items[1:])
    assert picker.view.select.index == 0
    assert (picker.value, told) == ("s-two", [])


def test_several_are_chosen_and_those_that_the_search_hides_stay(people):
    people.view.search.set_state({"value": "alma"})
    people.view.select.set_state({"index": [1]})
    assert people.value == ["p-2", "p-3", "p-4"]
    people.view.search.set_state({"value": ""})
    assert people.view.select.index == (1, 2, 3)


def test_the_buttons_choose_what_is_shown_and_nothing(people):
    view = people.view
    view.buttons["none"].click()
    assert people.value == []
    assert "0 chosen" in view.status.value
    people.search("alma")
    view.buttons["all"].click()
    assert people.value == ["p-1", "p-3"]


def test_enter_in_the_search_box_chooses_the_next_that_it_shows(picker):
    def enter():
        return picker.view.search._handle_custom_msg({"event": "submit"}, [])

    enter()
    assert picker.value == "s-two"
    picker.view.search.set_state({"value": "ended"})
    enter()
    assert picker.value == "s-one"
    enter()
    assert picker.value == "s-three"
    enter()
    assert picker.value == "s-one"
    picker.view.search.set_state({"value": "nothing like it"})
    enter()
    assert picker.value == "s-one"


def test_enter_in_the_search_box_chooses_just_those_shown_where_several_can_be(people):
    people.view.search.set_state({"value": "alma"})
    people.view.search._handle_custom_msg({"event": "submit"}, [])
    assert people.value == ["p-1", "p-3"]


def test_no_message_of_the_browser_undoes_a_choice(picker):
    picker.view.select.set_state({"index": None})
    assert picker.value == "s-one"


def test_a_long_list_shows_few_rows_and_counts_all():
    table = pd.DataFrame({"session_id": [f"s-{number}" for number in range(340)]})
    picker = rtk.pick_session(table, rows=6)
    picker.search("s-12")
    assert picker.view.count.value == "11 of 340"
    assert picker.view.select.rows == 6
    picker.close()


def test_missing_times_are_never_an_option_of_a_slider():
    table = sessions()
    picker = rtk.pick_window(table)
    assert len(picker.view.slider.options) > 2
    assert not any(pd.isna(value) for _, value in picker.view.slider.options)
    picker.close()


def test_a_handle_that_was_not_moved_keeps_its_exact_time(call):
    picker = rtk.pick_window(call, selected=("23:40:30.25", None))
    start, end = picker.view.slider.index
    picker.view.slider.set_state({"index": (start, end - 20)})
    assert picker.value[0] == pd.Timestamp("2026-11-20T23:40:30.250Z")
    assert picker.value[1] < picker.span.limits[1]
    picker.close()


def test_times_are_typed_and_what_is_no_time_is_said_and_changes_nothing(call):
    picker = rtk.pick_window(call)
    told = []
    picker.observe(told.append)
    view = picker.view
    view.start_box.set_state({"value": "23:41"})
    assert picker.value[0] == pd.Timestamp("2026-11-20T23:41:00Z")
    assert view.start_box.value == "23:41:00"
    assert view.slider.options[view.slider.index[0]][0] == "23:41:00"
    view.end_box.set_state({"value": "<i>never"})
    assert "Not understood" in view.status.value
    assert "<i>" not in view.status.value
    assert len(told) == 1
    view.whole_button.click()
    assert picker.value == picker.span.limits
    assert view.status.value == "the whole call; times in UTC"
    picker.close()


def test_a_window_of_another_call_moves_the_slider(call):
    picker = rtk.pick_window(call)
    view, told = picker.view, []
    picker.observe(told.append)
    low, high = pd.Timestamp("2026-01-01T10:00Z"), pd.Timestamp("2026-01-01T11:00Z")
    picker.span.replace(low, high)
    assert [view.slider.options[0][0], view.slider.options[-1][0]] == ["10:00:00", "11:00:00"]
    assert told == [(low, high)]
    picker.span.replace(None, None)
    assert view.slider is None
    assert picker.value is None
    picker.close()


def test_clicks_from_another_thread_arrive(people):
    view = people.view
    click = threading.Thread(target=view.select.set_state, args=({"index": [0, 3]},))
    click.start()
    click.join(5)
    assert people.value == ["p-1", "p-4"]


def test_clicks_and_code_at_the_same_time_end_in_one_state_that_is_shown(people):
    view = people.view

    def browser():
        for turn in range(60):
            view.search.set_state({"value": ["", "alma", "b"][turn % 3]})

    def code():
        for turn in range(60):
            people.select([f"p-{1 + turn % 4}"])

    threads = [threading.Thread(target=browser), threading.Thread(target=code)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    people.search("")
    people.select("p-2")
    assert view.select.index == (1,)
    assert view.count.value == "4 of 4"


def test_closing_leaves_no_widget_behind_and_the_value_stays(call):
    before = set(_instances)
    made: list[Any] = [
        rtk.pick_session(sessions()),
        rtk.pick_participants(call),
        rtk.pick_stream(call),
        rtk.pick_window(call),
    ]
    for picker in made:
        picker._repr_mimebundle_()
    for text in "abcde":
        made[0].search(text)
    made[0].search("")
    assert set(_instances) != before
    for picker in made:
        picker.close()
        picker.close()
    assert set(_instances) == before
    made[0].select("s-two")
    assert made[0].value == "s-two"
    assert made[0].view.select.index == 1
    made[0].close()
    assert set(_instances) == before


def test_long_use_does_not_pile_up_widgets(picker):
    picker.search("s")
    picker.search("st")
    before = len(_instances)
    for turn in range(20):
        picker.search(["s", "stand", "x"][turn % 3])
    assert len(_instances) <= before + 3


def test_code_that_shows_nothing_makes_no_widgets():
    before = set(_instances)
    picker = rtk.pick_session(sessions())
    picker.select("s-two")
    assert "s-two" in picker.to_code()
    repr(picker)
    assert set(_instances) == before
