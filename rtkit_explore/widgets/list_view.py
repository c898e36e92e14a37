"""The view of a list: a search box, the list, how much of it is shown, and what is chosen."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from rtkit_explore.widgets.key_guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.widgets.selection_model import Change, Choices, Item

NAMED_IN_STATUS = 3
WIDTH = "44em"
LABEL = "9em"
INDENT = "0 0 0 9.8em"
"""Where lists and boxes begin, past their labels."""


class _Listing:
    """
    One list on the screen, together with the ids that it shows. Its options never change.

    A browser reports a click as a position in the list. If the options of a list were exchanged while somebody
    searches, a click on the old list that arrives late would be read against the new one, and choose something
    else; and assigning options resets the selection and tells observers so. Each search result is a new list.
    """

    def __init__(self, view: ListView, items: tuple[Item, ...]) -> None:
        self._view = view
        self.ids = [item.id for item in items]
        multiple = view.choices.multiple
        kind = widgets.SelectMultiple if multiple else widgets.Select
        self.widget = kind(
            options=[(item.label, position) for position, item in enumerate(items)],
            index=() if multiple else None,
            rows=min(max(view.rows, 2), max(len(view.choices.items), 2)),
            description=view.title,
            layout=widgets.Layout(width=view.width, max_width="100%"),
            style={"description_width": LABEL},
        )
        self.widget.observe(self._picked, names="index")

    def mirror(self, selected: tuple[str, ...]) -> None:
        """Show what is selected, as far as this list has it."""
        wanted = set(selected)
        positions = tuple(position for position, item_id in enumerate(self.ids) if item_id in wanted)
        index: Any = positions if self._view.choices.multiple else (positions[0] if positions else None)
        if self.widget.index != index:
            with self._view.quietly():
                self.widget.index = index

    def _picked(self, change: dict[str, Any]) -> None:
        if self._view.is_quiet:
            return
        new = change["new"]
        positions = new if isinstance(new, tuple) else () if new is None else (new,)
        self._view.choices.select_among([self.ids[position] for position in positions], self.ids)

    def close(self) -> None:
        """Take it out of the kernel's registry."""
        self.widget.unobserve_all()
        close_all(self.widget)


class ListView:
    """
    Mirror a model in widgets, and hand what is done to them on to the model.

    Parameters
    ----------
    choices
        The model.
    title
        Label of the list.
    empty
        What to do where there is nothing to choose.
    rows
        How many rows are visible at a time.
    width
        Width of the list with its label, in CSS units.
    """

    def __init__(self, choices: Choices, *, title: str, empty: str, rows: int = 8, width: str = WIDTH) -> None:
        self.choices = choices
        self.title = title
        self.rows = rows
        self.width = width
        self._empty = empty
        self._lock = threading.RLock()
        self._mirroring = threading.local()
        self.search = widgets.Text(
            value=choices.query,
            placeholder="words; Enter: just these" if choices.multiple else "words; Enter: next one",
            description=f"Find {title.lower()}",
            continuous_update=True,
            layout=widgets.Layout(width="24em", max_width="100%"),
            style={"description_width": LABEL},
        )
        self.count = widgets.HTML()
        self.status = widgets.HTML(layout=widgets.Layout(max_width=width, margin=INDENT))
        self.buttons = (
            {
                "all": self._button("All shown", "Choose everything that the search shows", self._choose_all),
                "none": self._button("None", "Choose nothing", self._choose_none),
            }
            if choices.multiple
            else {}
        )
        self._bar = widgets.HBox(
            [self.search, self.count, *self.buttons.values()],
            layout=widgets.Layout(align_items="center", flex_flow="row wrap"),
        )
        self._place = widgets.Box([])
        self._listing: _Listing | None = None
        self._before: _Listing | None = None
        self.widget = widgets.VBox([self._bar, self._place, self.status])
        self.guard = guarded(self.widget)
        self.search.observe(self._searched, names="value")
        self.search.on_msg(self._entered)
        self._unsubscribe = choices.subscribe(self._changed)
        self._rebuild()

    # From the model -----------------------------------------------------------------------------------------------

    @property
    def select(self) -> Any:
        """The list that is on the screen."""
        return self._listing.widget if self._listing is not None else None

    @property
    def is_quiet(self) -> bool:
        """Whether this thread is mirroring the model just now, so that a change is not a click of the user."""
        return bool(getattr(self._mirroring, "depth", 0))

    def quietly(self) -> SuppressEvents:
        """Mark what this thread does to the widgets as mirroring."""
        return SuppressEvents(self._mirroring)

    def _changed(self, change: Change) -> None:
        with self._lock:
            if change.kind == "selection":
                self._mirror()
            else:
                self._rebuild()

    def _rebuild(self) -> None:
        """Show what the search finds, in a new list."""
        with self._lock:
            shown = self.choices.shown
            if self._listing is None or self._listing.ids != [item.id for item in shown]:
                fresh = _Listing(self, shown)
                fresh.mirror(self.choices.selected)
                self._place.children = [fresh.widget] if shown else []
                # A click on the previous list may still be on its way; one on an older list cannot be.
                if self._before is not None:
                    self._before.close()
                self._before, self._listing = self._listing, fresh
            if self.search.value != self.choices.query:
                with self.quietly():
                    self.search.value = self.choices.query
            self._mirror()

    def _mirror(self) -> None:
        choices = self.choices
        if self._listing is not None:
            self._listing.mirror(choices.selected)
        if self._before is not None:
            self._before.mirror(choices.selected)
        items, shown = choices.items, choices.shown
        self.count.value = f"{len(shown)} of {len(items)}"
        self._bar.layout.display = None if items else "none"
        self.status.value = self._status(items, shown)

    def _status(self, items: tuple[Item, ...], shown: tuple[Item, ...]) -> str:
        if not items:
            return f'<div style="line-height:1.5"><b>{escape(self.title)}</b>: {escape(self._empty)}</div>'
        choices = self.choices
        texts = []
        if not shown:
            texts.append(f"Nothing here matches “{escape(choices.query)}”. Empty the search box to see all.")
        hidden = choices.hidden
        if hidden:
            names = ", ".join(escape(item.label) for item in hidden[:NAMED_IN_STATUS])
            more = f" and {len(hidden) - NAMED_IN_STATUS} more" if len(hidden) > NAMED_IN_STATUS else ""
            texts.append(f"Still chosen, though the search hides it: {names}{more}.")
        if choices.multiple:
            chosen = len(choices.selected)
            texts.append(f"{chosen} chosen. Ctrl or Shift with a click for several.")
        return f'<div style="line-height:1.5">{"<br>".join(texts)}</div>' if texts else ""

    # From the browser ---------------------------------------------------------------------------------------------

    def _searched(self, change: dict[str, Any]) -> None:
        if not self.is_quiet:
            self.choices.query = change["new"]

    def _entered(self, _: object, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            self.choices.select_next()

    def _choose_all(self) -> None:
        ids = [item.id for item in self.choices.shown]
        self.choices.select_among(ids, ids)

    def _choose_none(self) -> None:
        self.choices.select([])

    def _button(self, text: str, tooltip: str, action: Callable[[], None]) -> Any:
        button = widgets.Button(description=text, tooltip=tooltip, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: action())
        return button

    def close(self) -> None:
        """Stop mirroring, and take all widgets out of the kernel's registry."""
        self._unsubscribe()
        with self._lock:
            for listing in (self._before, self._listing):
                if listing is not None:
                    listing.close()
            self._before = self._listing = None
            close_all(self.widget)


class SuppressEvents:
    """Marks a thread as mirroring the model: changes to widgets meanwhile are not clicks of the user."""

    def __init__(self, state: threading.local) -> None:
        self._state = state

    def __enter__(self) -> None:
        """Begin."""
        self._state.depth = getattr(self._state, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        """End."""
        self._state.depth -= 1


def close_all(widget: Any) -> None:
    """Close a widget, its children, and their layouts and styles, all of which the registry would keep."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in ("layout", "style"):
        owned = getattr(widget, part, None)
        if owned is not None:
            owned.close()
    widget.close()
