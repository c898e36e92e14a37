"""The view of a time window: a slider with two handles, and two boxes to type times into."""

from __future__ import annotations

import threading
from bisect import bisect_left
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets.item_labels import STEPS_S
from rtkit_explore.widgets.key_guard import guarded
from rtkit_explore.widgets.list_view import INDENT, LABEL, WIDTH, SuppressEvents, close_all

if TYPE_CHECKING:
    from rtkit_explore.widgets.time_range import TimeRange

MARKS = 300
"""Approximate maximum number of positions of a slider handle."""


def marks_between(low: pd.Timestamp, high: pd.Timestamp) -> list[pd.Timestamp]:
    """Return the places of the slider: both ends, and round times between them."""
    seconds = (high - low).total_seconds()
    step = next((step for step in STEPS_S if seconds / step <= MARKS), max(int(seconds // MARKS), 1))
    inner = pd.date_range(low.ceil(f"{step}s"), high, freq=f"{step}s")
    return sorted({low, high, *(time.as_unit("us") for time in inner)})


class TimeRangeView:
    """
    Mirror a model of a window in widgets, and hand what is done to them on to the model.

    Parameters
    ----------
    span
        The model.
    title
        Label of the slider.
    empty
        What to do where no time is known.
    """

    def __init__(self, span: TimeRange, *, title: str, empty: str) -> None:
        self.span = span
        self._title, self._empty = title, empty
        self._lock = threading.RLock()
        self._mirroring = threading.local()
        self._marks: list[pd.Timestamp] = []
        self._shown_limits: object = None
        self.slider: Any = None
        self.start_box = self._box("From")
        self.end_box = self._box("to")
        self.whole_button = widgets.Button(
            description="Whole call", tooltip="Choose the whole call", layout=widgets.Layout(width="auto")
        )
        self.status = widgets.HTML(layout=widgets.Layout(max_width=WIDTH, margin=INDENT))
        self._place = widgets.Box([])
        self._bar = widgets.HBox(
            [self.start_box, self.end_box, self.whole_button],
            layout=widgets.Layout(align_items="center", flex_flow="row wrap"),
        )
        self.widget = widgets.VBox([self._place, self._bar, self.status])
        self.guard = guarded(self.widget)
        self.start_box.observe(lambda change: self._typed(change, "start"), names="value")
        self.end_box.observe(lambda change: self._typed(change, "end"), names="value")
        self.whole_button.on_click(lambda _: self.span.whole())
        self._unsubscribe = span.watch(self.mirror)
        self.mirror()

    def _box(self, label: str) -> Any:
        wide = label == "From"
        return widgets.Text(
            description=label,
            continuous_update=False,
            layout=widgets.Layout(width="20em" if wide else "13em", max_width="100%"),
            style={"description_width": LABEL if wide else "2em"},
        )

    # From the model -----------------------------------------------------------------------------------------------

    def mirror(self) -> None:
        """Show the model's window."""
        with self._lock, SuppressEvents(self._mirroring):
            limits, window = self.span.limits, self.span.window
            self._bar.layout.display = None if limits else "none"
            if limits is None or window is None:
                self._drop_slider()
                self._shown_limits = None
                self.status.value = f"<b>{escape(self._title)}</b>: {escape(self._empty)}"
                return
            if limits != self._shown_limits:
                self._shown_limits = limits
                self._make_slider(*limits)
            index = self._index(window)
            if tuple(self.slider.index) != index:
                self.slider.index = index
            self.start_box.value, self.end_box.value = (self.span.text(time) for time in window)
            self.guard.values = [f"{self.span.text(time)} {self.span.tz}" for time in window]
            seconds = (window[1] - window[0]).total_seconds()
            share = "the whole call" if self.span.is_whole else f"{seconds:.0f} s chosen"
            self.status.value = f"{share}; times in {escape(self.span.tz)}"

    def _index(self, window: tuple[pd.Timestamp, pd.Timestamp]) -> tuple[int, int]:
        return tuple(self._nearest(time) for time in window)  # type: ignore[return-value]

    def _nearest(self, time: pd.Timestamp) -> int:
        right = min(bisect_left(self._marks, time), len(self._marks) - 1)
        left = max(right - 1, 0)
        return left if time - self._marks[left] < self._marks[right] - time else right

    def _make_slider(self, low: pd.Timestamp, high: pd.Timestamp) -> None:
        self._drop_slider()
        self._marks = marks_between(low, high)
        self.slider = widgets.SelectionRangeSlider(
            options=[(self.span.text(time), position) for position, time in enumerate(self._marks)],
            index=(0, len(self._marks) - 1),
            description=self._title,
            continuous_update=False,
            layout=widgets.Layout(width=WIDTH, max_width="100%"),
            style={"description_width": LABEL},
        )
        self.slider.observe(self._slid, names="index")
        self._place.children = [self.slider]

    def _drop_slider(self) -> None:
        self._place.children = []
        if self.slider is not None:
            self.slider.unobserve_all()
            close_all(self.slider)
            self.slider = None

    # From the browser ---------------------------------------------------------------------------------------------

    def _slid(self, change: dict[str, Any]) -> None:
        window = self.span.window
        if getattr(self._mirroring, "depth", 0) or window is None:
            return
        shown = self._index(window)
        # A handle that was not moved keeps its exact time, which may lie between two marks.
        times = [
            exact if position == before else self._marks[position]
            for exact, before, position in zip(window, shown, change["new"], strict=True)
        ]
        self.span.set(*times)

    def _typed(self, change: dict[str, Any], which: str) -> None:
        if getattr(self._mirroring, "depth", 0):
            return
        try:
            self.span.set(**{which: change["new"]})
        except InvalidArgumentError as error:
            self.status.value = f"<b>Not understood.</b> {escape(str(error))}"
            return
        self.mirror()  # writes the time out as it was understood, also where the window is the same as before

    def close(self) -> None:
        """Stop mirroring, and take all widgets out of the kernel's registry."""
        self._unsubscribe()
        with self._lock:
            self._drop_slider()
            close_all(self.widget)
