"""Choices: the plain-Python model of a picker that offers a list. It knows nothing of widgets."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NAMED_IN_ERRORS = 8
"""How many of the ids that exist an error message lists."""


@dataclass(frozen=True)
class Item:
    """
    One thing to choose.

    Attributes
    ----------
    id
        Id of the choice.
    label
        Text that the user reads.
    words
        Further text that the search looks through (the label and the id are always looked through).
    """

    id: str
    label: str
    words: str = ""


@dataclass(frozen=True)
class Change:
    """
    What observers are told: what changed, and how things are after it.

    Attributes
    ----------
    kind
        "selection", "query" or "items".
    selected
        The ids that are selected, in the order of the items; empty where nothing is, never None.
    query
        What is searched for.
    """

    kind: Literal["selection", "query", "items"]
    selected: tuple[str, ...]
    query: str


class Choices:
    """
    Items, a search over them, and which of them are selected.

    Parameters
    ----------
    items
        What can be chosen. Items with the same label get the start of their ids added.
    multiple
        Whether several can be selected at a time. If not, exactly one always is, as long as there are items.
    selected
        Ids selected at the start; by default the first item, or all of them where several can be.

    Raises
    ------
    InvalidArgumentError
        If two items have the same id, or an id is selected that no item has.

    Notes
    -----
    Searching decides what is shown and never touches the selection. The selection is always in the order of the
    items, whatever the order in which they were selected. All methods may be called from any thread.
    """

    def __init__(self, items: Iterable[Item], *, multiple: bool = False, selected: Iterable[str] | None = None) -> None:
        self.multiple = multiple
        self._lock = threading.RLock()
        self._observers: Observers[Change] = Observers()
        self._query = ""
        self._items = disambiguate_labels(items)
        self._haystacks: dict[Item, str] = {}
        self._selected = self._default() if selected is None else self._checked(selected)

    # State --------------------------------------------------------------------------------------------------------

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that can be chosen."""
        return self._items

    @property
    def selected(self) -> tuple[str, ...]:
        """The ids that are selected, in the order of the items; empty where nothing is."""
        return self._selected

    @property
    def query(self) -> str:
        """What is searched for; all of its words must be found, in any order, case and accents aside."""
        return self._query

    @query.setter
    def query(self, text: str) -> None:
        with self._lock:
            if text == self._query:
                return
            self._query = text
            self._observers.put(self._change("query"))
        self._observers.deliver()

    @property
    def shown(self) -> tuple[Item, ...]:
        """The items that the search finds."""
        items, words = self._items, folded(self._query).split()
        if not words:
            return items
        return tuple(item for item in items if all(word in self._haystack(item) for word in words))

    @property
    def hidden(self) -> tuple[Item, ...]:
        """The items that are selected although the search does not show them."""
        with self._lock:
            shown = {item.id for item in self.shown}
            return tuple(item for item in self._items if item.id in set(self._selected) - shown)

    def item(self, item_id: str) -> Item:
        """Return the item of an id, or raise InvalidArgumentError."""
        found = next((item for item in self._items if item.id == item_id), None)
        if found is None:
            raise self._unknown([item_id])
        return found

    # Changing it --------------------------------------------------------------------------------------------------

    def select(self, ids: str | Iterable[str]) -> None:
        """
        Select these and no others.

        Parameters
        ----------
        ids
            One id, or several where several can be selected (none at all deselects everything).

        Raises
        ------
        InvalidArgumentError
            If an id is unknown, or exactly one must be selected and it is not one. Nothing changes then.
        """
        with self._lock:
            self._settle(self._checked(ids))
        self._observers.deliver()

    def select_among(self, ids: Iterable[str], among: Iterable[str]) -> None:
        """
        Select some of the visible ids (``among``), leaving the selection of all others alone.

        Raises
        ------
        InvalidArgumentError
            As ``select``.
        """
        with self._lock:
            seen = set(among)
            chosen = list(ids)
            others = [item_id for item_id in self._selected if item_id not in seen] if self.multiple else []
            if not self.multiple and not chosen:  # a view that shows none selected has not chosen "none"
                return
            self._settle(self._checked([*others, *chosen]))
        self._observers.deliver()

    def select_next(self) -> None:
        """
        Select by the search alone, as Enter in its box does.

        If one can be selected: the first that the search shows, or the one after it if it is selected already,
        and so on in a circle. If several can be: all that the search shows, and nothing else. Nothing happens if it
        shows nothing.
        """
        with self._lock:
            ids = [item.id for item in self.shown]
            if ids and self.multiple:
                self._settle(self._checked(ids))
            elif ids:
                at = ids.index(self._selected[0]) + 1 if self._selected and self._selected[0] in ids else 0
                self._settle((ids[at % len(ids)],))
        self._observers.deliver()

    def replace(self, items: Iterable[Item]) -> None:
        """
        Offer other items; what is selected stays so if it is still there.

        If nothing of it is, the default is selected: the first, or all where several can be. What was
        deselected altogether stays deselected.
        """
        with self._lock:
            offered = disambiguate_labels(items)
            if offered == self._items:
                return
            known = {item.id for item in offered}
            before, had_items, self._items = self._selected, bool(self._items), offered
            kept = tuple(item.id for item in offered if item.id in set(before) & known)
            none_wanted = self.multiple and had_items and not before
            self._selected = kept if kept or none_wanted else self._default()
            self._observers.put(self._change("items"))
            if self._selected != before:
                self._observers.put(self._change("selection"))
        self._observers.deliver()

    def subscribe(self, observer: Callable[[Change], object]) -> Callable[[], None]:
        """Call ``observer(change)`` after every change; returns the function that ends it."""
        return self._observers.subscribe(observer)

    # Inside -------------------------------------------------------------------------------------------------------

    def _change(self, kind: Literal["selection", "query", "items"]) -> Change:
        return Change(kind, self._selected, self._query)

    def _settle(self, selected: tuple[str, ...]) -> None:
        if selected != self._selected:
            self._selected = selected
            self._observers.put(self._change("selection"))

    def _haystack(self, item: Item) -> str:
        found = self._haystacks.get(item)
        if found is None:
            found = self._haystacks[item] = folded(f"{item.label}\n{item.words}\n{item.id}")
        return found

    def _default(self) -> tuple[str, ...]:
        ids = tuple(item.id for item in self._items)
        return ids if self.multiple else ids[:1]

    def _checked(self, ids: str | Iterable[str]) -> tuple[str, ...]:
        wanted = [ids] if isinstance(ids, str) else list(ids)
        known = {item.id for item in self._items}
        unknown = [item_id for item_id in wanted if item_id not in known]
        if unknown:
            raise self._unknown(unknown)
        distinct = set(wanted)
        if not self.multiple and self._items and len(distinct) != 1:
            msg = f"Exactly one must be selected here, not {len(distinct)}: give one id."
            raise InvalidArgumentError(msg)
        return tuple(item.id for item in self._items if item.id in distinct)

    def _unknown(self, ids: Sequence[object]) -> InvalidArgumentError:
        known = ", ".join(repr(item.id) for item in self._items[:NAMED_IN_ERRORS]) or "none, the list is empty"
        more = f" and {len(self._items) - NAMED_IN_ERRORS} more" if len(self._items) > NAMED_IN_ERRORS else ""
        missing = ", ".join(repr(item_id) for item_id in ids[:NAMED_IN_ERRORS])
        msg = f"Nothing to choose here has the id {missing}. Ids that exist: {known}{more}."
        return InvalidArgumentError(msg)


def folded(text: str) -> str:
    """Return a text as the search compares it: without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def disambiguate_labels(items: Iterable[Item]) -> tuple[Item, ...]:
    """
    Return the items with labels that are all different.

    Labels that several items share get as much of the start of their ids as makes them different.

    Raises
    ------
    InvalidArgumentError
        If two items have the same id.
    """
    given = tuple(items)
    ids = [item.id for item in given]
    twice = sorted({item_id for item_id in ids if ids.count(item_id) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        msg = f"Each id can be offered once only; twice here: {', '.join(map(repr, twice[:NAMED_IN_ERRORS]))}."
        raise InvalidArgumentError(msg)
    groups: dict[str, list[Item]] = {}
    for item in given:
        groups.setdefault(item.label, []).append(item)
    labels = {
        item.id: item.label if len(group) == 1 else f"{item.label} · {item.id[: _enough(group)]}"
        for group in groups.values()
        for item in group
    }
    if len(set(labels.values())) < len(labels):  # a label that happens to read like another one with its id
        labels = {item.id: f"{item.label} · {item.id}" for item in given}
    return tuple(Item(item.id, labels[item.id], item.words) for item in given)


def _enough(group: Sequence[Item]) -> int:
    longest = max(len(item.id) for item in group)
    return next((size for size in range(8, longest) if len({item.id[:size] for item in group}) == len(group)), longest)
