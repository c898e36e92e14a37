"""What all pickers have in common: a value, observers, a view made when it is shown, and a readable static view."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rtkit_explore.widgets.fallback import Code, StaticView, bundle_of, still_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from rtkit_explore.widgets.list_view import ListView
    from rtkit_explore.widgets.selection_model import Choices, Item

Value = TypeVar("Value")


class Picker(ABC, Generic[Value]):
    """
    A choice that is made by hand in a notebook, or in code.

    ``value`` is plain data. Shown as the last line of a cell it is a widget; where widgets do not run, a text.
    """

    def __init__(self) -> None:
        self._view: Any = None
        self._view_lock = threading.RLock()

    @property
    @abstractmethod
    def value(self) -> Value:
        """What is chosen."""

    @abstractmethod
    def to_code(self) -> str:
        """
        Return the line that makes the same choice without the widget.

        Returns
        -------
        str
            Python; as the last line of a cell it prints itself without quotes.
        """

    @abstractmethod
    def observe(self, observer: Callable[[Value], object]) -> Callable[[], None]:
        """
        Call ``observer(value)`` whenever the choice changes.

        Parameters
        ----------
        observer
            Called in the thread that made the change, which need not be the main thread. It is not called for
            searches, and never with None.

        Returns
        -------
        callable
            Ends it.
        """

    @abstractmethod
    def _make_view(self) -> Any:
        """Make the view."""

    @abstractmethod
    def _still(self) -> StaticView:
        """Return the current state as a static view."""

    @property
    def view(self) -> Any:
        """The view, made when it is first asked for: code that shows nothing needs no ipywidgets."""
        with self._view_lock:
            if self._view is None:
                self._view = self._make_view()
            return self._view

    @property
    def widget(self) -> Any:
        """The ipywidgets box, to be put beside others."""
        return self.view.widget

    def close(self) -> None:
        """Take its widgets off the screen and out of the kernel. The value stays; showing it again makes new ones."""
        with self._view_lock:
            if self._view is not None:
                self._view.close()
                self._view = None

    def __repr__(self) -> str:
        """Return the static view as text."""
        return self._still().text()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        still = self._still()
        return bundle_of(self.widget, still.text(), still.html())


class ListPicker(Picker[Value]):
    """
    A picker of rows of a table.

    Attributes
    ----------
    choices
        The model: items, search and selection, without widgets.
    width
        Width of the list in CSS units, for views made from now on; None for the usual one.
    """

    title = "Choose"
    empty = "nothing to choose."

    def __init__(self, choices: Choices, table: pd.DataFrame, *, key: str, rows: int) -> None:
        super().__init__()
        self.choices = choices
        self._table = table
        self._key = key
        self._rows = rows
        self.width: str | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that can be chosen: ids and labels."""
        return self.choices.items

    @property
    def table(self) -> pd.DataFrame:
        """The chosen rows of the table."""
        return self._table[self._table[self._key].isin(list(self.choices.selected))]

    def select(self, ids: str | Iterable[str]) -> None:
        """
        Choose in code what could be clicked.

        Raises
        ------
        InvalidArgumentError
            If an id is unknown; the message lists those there are.
        """
        self.choices.select(ids)

    def search(self, text: str) -> None:
        """Search, as typing into the box does. What is chosen stays chosen."""
        self.choices.query = text

    def observe(self, observer: Callable[[Value], object]) -> Callable[[], None]:
        """Call ``observer(value)`` whenever the choice changes; see :meth:`Picker.observe`."""

        def told(change: Any) -> None:
            if change.kind == "selection" and (change.selected or self.choices.multiple):
                observer(self._value_of(change.selected))

        return self.choices.subscribe(told)

    @property
    def value(self) -> Value:
        """What is chosen."""
        return self._value_of(self.choices.selected)

    @abstractmethod
    def _value_of(self, selected: tuple[str, ...]) -> Value:
        """Turn ids into the value."""

    @property
    @abstractmethod
    def _variable(self) -> str:
        """Name of the variable in the line of code."""

    def to_code(self) -> str:
        """Return the line that makes the same choice without the widget; see :meth:`Picker.to_code`."""
        return Code(f"{self._variable} = {self.value!r}")

    def _make_view(self) -> ListView:
        from rtkit_explore.widgets.list_view import ListView

        options = {} if self.width is None else {"width": self.width}
        return ListView(self.choices, title=self.title, empty=self.empty, rows=self._rows, **options)

    def _still(self) -> StaticView:
        return still_of(self.choices, title=self.title, empty=self.empty, code=self.to_code())
