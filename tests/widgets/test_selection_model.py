"""The model of a list: searching, selecting, telling observers."""

from __future__ import annotations

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets import Choices, Item

ITEMS = [Item("a", "Alma"), Item("b", "Boris", "b@example.org"), Item("c", "José"), Item("d", "Chen")]


def test_a_search_changes_what_is_shown_and_not_what_is_selected():
    choices = Choices(ITEMS, selected="a")
    told = []
    choices.subscribe(lambda change: told.append((change.kind, change.selected)))
    choices.query = "boris"
    assert [item.id for item in choices.shown] == ["b"]
    assert choices.selected == ("a",)
    assert [item.id for item in choices.hidden] == ["a"]
    assert told == [("query", ("a",))]


def test_a_search_that_finds_nothing_leaves_the_selection_and_never_tells_none():
    choices = Choices(ITEMS)
    told = []
    choices.subscribe(told.append)
    choices.query = "nobody at all"
    assert choices.shown == ()
    assert choices.selected == ("a",)
    assert all(change.selected == ("a",) for change in told)


@pytest.mark.parametrize(("query", "found"), [("jose", "c"), ("JOSÉ", "c"), ("example b", "b"), ("  chen ", "d")])
def test_the_search_ignores_case_accents_and_the_order_of_words(query, found):
    choices = Choices(ITEMS)
    choices.query = query
    assert [item.id for item in choices.shown] == [found]


def test_the_selection_is_in_the_order_of_the_items_however_it_was_made():
    choices = Choices(ITEMS, multiple=True, selected=[])
    choices.select(["d", "a"])
    assert choices.selected == ("a", "d")
    choices.select(["a", "d", "a"])
    assert choices.selected == ("a", "d")


def test_unknown_ids_are_refused_with_those_that_exist_and_nothing_changes():
    choices = Choices(ITEMS, multiple=True, selected=["b"])
    told = []
    choices.subscribe(told.append)
    with pytest.raises(InvalidArgumentError, match=r"id 'x'\. Ids that exist: 'a', 'b', 'c', 'd'\."):
        choices.select(["a", "x"])
    assert choices.selected == ("b",)
    assert told == []


def test_a_long_list_is_not_written_out_in_an_error():
    choices = Choices([Item(str(number), str(number)) for number in range(500)])
    with pytest.raises(InvalidArgumentError, match="and 492 more"):
        choices.select("x")


def test_where_one_is_selected_one_stays_selected():
    choices = Choices(ITEMS)
    with pytest.raises(InvalidArgumentError, match="Exactly one"):
        choices.select([])
    with pytest.raises(InvalidArgumentError, match="Exactly one"):
        choices.select(["a", "b"])
    choices.select_among([], ["a", "b"])  # what a list on the screen says when its options change
    assert choices.selected == ("a",)


def test_what_somebody_does_not_see_is_left_alone():
    choices = Choices(ITEMS, multiple=True, selected=["a", "b"])
    choices.select_among(["d"], ["b", "d"])
    assert choices.selected == ("a", "d")


def test_labels_that_are_the_same_are_told_apart_by_their_ids():
    items = [Item("11111111-aaaa", "Alma"), Item("11111111-bbbb", "Alma"), Item("22222222-cccc", "Boris")]
    labels = [item.label for item in Choices(items).items]
    assert labels == ["Alma · 11111111-a", "Alma · 11111111-b", "Boris"]


def test_a_label_that_reads_like_another_one_with_its_id_is_still_told_apart():
    items = [Item("12345678x", "A"), Item("12345678y", "A"), Item("z", "A · 12345678x")]
    assert len({item.label for item in Choices(items).items}) == 3


def test_the_same_id_twice_is_refused():
    with pytest.raises(InvalidArgumentError, match="twice here: 'a'"):
        Choices([*ITEMS, Item("a", "Anna")])


def test_nothing_to_choose_means_nothing_selected_and_no_error():
    choices = Choices([])
    choices.query = "x"
    assert choices.selected == choices.shown == choices.hidden == ()


def test_other_items_keep_what_is_still_there():
    choices = Choices(ITEMS, selected="b")
    told = []
    choices.subscribe(lambda change: told.append(change.kind))
    choices.replace(ITEMS[1:])
    assert (choices.selected, told) == (("b",), ["items"])
    choices.replace(ITEMS[2:])
    assert (choices.selected, told) == (("c",), ["items", "items", "selection"])


def test_an_observer_hears_no_more_after_it_has_ended_it():
    choices, told = Choices(ITEMS), []
    end = choices.subscribe(told.append)
    end()
    end()
    choices.select("b")
    assert told == []


def test_selecting_the_same_again_tells_nobody():
    choices, told = Choices(ITEMS), []
    choices.subscribe(told.append)
    choices.select("a")
    choices.query = ""
    assert told == []


def test_a_change_made_by_an_observer_is_told_after_the_one_it_answers_to_everybody():
    choices, first, second = Choices(ITEMS), [], []

    def answers(change):
        first.append(change.selected)
        if change.selected == ("b",):
            choices.select("c")

    choices.subscribe(answers)
    choices.subscribe(lambda change: second.append(change.selected))
    choices.select("b")
    assert first == second == [("b",), ("c",)]


def test_an_observer_that_fails_keeps_it_from_nobody_and_its_error_is_not_lost():
    choices, told = Choices(ITEMS), []

    def fails(change):
        raise RuntimeError(change.kind)

    choices.subscribe(fails)
    choices.subscribe(told.append)
    with pytest.raises(RuntimeError, match="selection"):
        choices.select("b")
    assert [change.selected for change in told] == [("b",)]
    assert choices.selected == ("b",)
    choices.subscribe(fails)
    with pytest.raises(ExceptionGroup, match="Several"):
        choices.select("c")


def test_an_observer_may_wait_for_another_thread_that_selects():
    choices, told = Choices(ITEMS), []

    def waits(change):
        told.append(change.selected)
        if change.selected == ("b",):
            other = threading.Thread(target=choices.select, args=("c",))
            other.start()
            other.join(5)
            assert not other.is_alive()

    choices.subscribe(waits)
    choices.select("b")
    assert told == [("b",), ("c",)]


def test_many_threads_leave_the_last_thing_told_equal_to_the_state():
    choices, told = Choices(ITEMS), []
    choices.subscribe(lambda change: told.append(change.selected))
    barrier = threading.Barrier(4)

    def work(own):
        barrier.wait()
        for turn in range(200):
            choices.select("abcd"[(own + turn) % 4])
            choices.query = f"{own}{turn}"

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    choices.select("a")
    choices.select("b")
    assert told[-1] == choices.selected == ("b",)
    assert all(len(selected) == 1 for selected in told)


IDS = [f"id-{number}" for number in range(6)]
QUERIES = st.sampled_from(["", "alma", "boris", "id-3", "zzz", "a"])
OFFERED = st.lists(st.sampled_from(IDS), unique=True)


def _items(ids):
    return [Item(item_id, ["Alma", "Boris", "Chen"][int(item_id[-1]) % 3]) for item_id in ids]


class AnyUse(RuleBasedStateMachine):
    """Whatever is searched, clicked and replaced, in any order."""

    @initialize(ids=OFFERED, multiple=st.booleans())
    def start(self, ids, multiple):
        self.choices = Choices(_items(ids), multiple=multiple)
        self.told = self.choices.selected
        self.choices.subscribe(self._hear)

    def _hear(self, change):
        assert isinstance(change.selected, tuple)
        assert None not in change.selected
        if change.kind == "selection":
            assert change.selected != self.told, "told although nothing changed"
            self.told = change.selected

    @rule(query=QUERIES)
    def search(self, query):
        before = self.choices.selected
        self.choices.query = query
        assert self.choices.selected == before

    @rule(data=st.data())
    def click(self, data):
        shown = [item.id for item in self.choices.shown]
        unseen = set(self.choices.selected) - set(shown)
        size = None if self.choices.multiple else 1
        chosen = data.draw(st.lists(st.sampled_from(shown), unique=True, max_size=size)) if shown else []
        self.choices.select_among(chosen, shown)
        if self.choices.multiple:
            assert set(self.choices.selected) == unseen | set(chosen)

    @rule(ids=OFFERED)
    def replace(self, ids):
        kept = [item_id for item_id in ids if item_id in self.choices.selected]
        self.choices.replace(_items(ids))
        if kept:
            assert list(self.choices.selected) == kept

    @rule(item_id=st.sampled_from([*IDS, "unknown"]))
    def select(self, item_id):
        if item_id in {item.id for item in self.choices.items}:
            self.choices.select([item_id])
            assert self.choices.selected == (item_id,)
        else:
            before = self.choices.selected
            with pytest.raises(InvalidArgumentError):
                self.choices.select([item_id])
            assert self.choices.selected == before

    @invariant()
    def holds(self):
        if not hasattr(self, "choices"):
            return
        ids = [item.id for item in self.choices.items]
        selected = self.choices.selected
        assert list(selected) == [item_id for item_id in ids if item_id in selected]
        assert self.told == selected
        if not self.choices.multiple:
            assert len(selected) == min(1, len(ids))
        assert len({item.label for item in self.choices.items}) == len(ids)


AnyUse.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, database=None)
TestAnyUse = AnyUse.TestCase
