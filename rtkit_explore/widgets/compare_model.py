"""CompareModel: two calls side by side on call time, in plain Python; the view mirrors it."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rtkit_explore.findings.compare import HIGH_IS_GOOD, compare_calls
from rtkit_explore.table_schema.findings import OVERVIEW
from rtkit_explore.widgets.explorer_call import FIRST_MEASURES, JUDGED
from rtkit_explore.widgets.explorer_model import ExplorerModel
from rtkit_explore.widgets.explorer_scene import Choice, known
from rtkit_explore.widgets.fallback import Code

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.call import Call

LETTERS: Final = ("A", "B")
"""What the two calls are called on the screen."""
NAMES: Final = ("one", "two")
"""What they are called in code."""
MOST_FIRST: Final = 2
"""Measures that are shown at first."""


class SideModel(ExplorerModel):
    """One of the two calls: its axis is as long as that of the longer one."""

    span: float = 0.0

    @property
    def start(self) -> float:
        """The call's first known time in seconds since 1970, which is zero on call time."""
        limits = None if self.opened is None else self.opened.limits
        return limits[0] if limits is not None else 0.0

    def page(self) -> dict[str, Any]:
        """Describe the call on an axis of the common length."""
        page = super().page()
        if page.get("limits"):
            low, high = page["limits"]
            page["limits"] = [low, max(high, low + self.span)]
        return page

    def choose_window(
        self, start: float | str | pd.Timestamp | None = None, end: float | str | pd.Timestamp | None = None
    ) -> None:
        """Look at a part of the axis, which may lie behind the end of the shorter call."""
        if not isinstance(start, float | int) or not isinstance(end, float | int):
            super().choose_window(start, end)
            return
        low = self.start
        edges = max(float(start), low), min(float(end), low + self.span)
        self.show(replace(self.choice, window=edges if edges[1] > edges[0] else None))

    def show(self, choice: Choice) -> None:
        """Show a choice as it stands."""
        if choice != self.choice:
            self.choice = choice
            self._chosen()


class CompareModel:
    """
    Two calls side by side on call time: what is measured, and when, is the same on both sides.

    Parameters
    ----------
    one, two
        The calls.
    tz
        Time zone of the stories.

    Attributes
    ----------
    sides
        A model of each call, as the explorer has one. Measures, kinds of streams and the window that are chosen in one
        are chosen in the other; people and findings are each side's own.
    """

    def __init__(self, one: Call, two: Call, *, tz: str = "UTC") -> None:
        self.sides = (SideModel(one, tz=tz, remember=False), SideModel(two, tz=tz, remember=False))
        self.tz = self.sides[0].tz
        self._lock = threading.RLock()
        self._complete = self._linking = False

    @property
    def calls(self) -> tuple[Call, Call]:
        """The two calls."""
        one, two = (side.call for side in self.sides)
        if one is None or two is None:  # made of calls, so that it cannot be
            msg = "a side has no call"
            raise RuntimeError(msg)
        return one, two

    @property
    def measures(self) -> list[str]:
        """What is drawn, a panel each."""
        return list(self.sides[0].choice.measures)

    @property
    def window(self) -> tuple[float, float] | None:
        """The chosen part in seconds since the start of each call; None for all of it."""
        chosen = self.sides[0].choice.window
        return None if chosen is None else (chosen[0] - self.sides[0].start, chosen[1] - self.sides[0].start)

    def complete(self) -> None:
        """Read and judge both calls, and choose what is shown first. A second call does nothing."""
        with self._lock:
            if self._complete:
                return
            self._complete = self._linking = True
            try:
                for side in self.sides:
                    side.complete()
                limits = [side.opened.limits for side in self.sides if side.opened is not None]
                span = max((high - low for low, high in filter(None, limits)), default=0.0)
                wanted = [
                    name for side in self.sides for name in side.choice.measures[:1] if side.choice.finding is not None
                ]
                measures = tuple(dict.fromkeys([*wanted, *FIRST_MEASURES]))[:MOST_FIRST]
                for side in self.sides:
                    side.span = span
                    side.show(Choice(measures=measures))
            finally:
                self._linking = False
            for place, side in enumerate(self.sides):
                side.subscribe(partial(self._told, place))

    def _told(self, place: int, what: str) -> None:
        if what == "scene":
            self._follow(place)

    def _follow(self, place: int) -> None:
        """Show on the other side the measures, the kinds of streams and the time that were chosen on this one."""
        with self._lock:
            if self._linking:
                return
            this, other = self.sides[place], self.sides[1 - place]
            choice, opened = this.choice, other.opened
            if opened is None:
                return
            window = None
            if choice.window is not None:
                window = (choice.window[0] - this.start + other.start, choice.window[1] - this.start + other.start)
            same_streams = (choice.media, choice.directions) == (other.choice.media, other.choice.directions)
            changes: dict[str, Any] = {"measures": choice.measures, "window": window}
            if not same_streams:
                # A finding of the other call would hide what is to stand beside this one.
                changes |= {
                    "media": known(choice.media, opened.media) or None,
                    "directions": choice.directions,
                    "focus": False,
                }
            self._linking = True
            try:
                other.show(replace(other.choice, **changes))
            finally:
                self._linking = False

    def choose_window(self, start: float | None, end: float | None) -> None:
        """Look at a part of both calls, in seconds since the start of each; None for begin or end."""
        self.complete()
        side = self.sides[0]
        if start is None and end is None:
            side.show(replace(side.choice, window=None))
            return
        side.choose_window(
            side.start + (0.0 if start is None else start), side.start + (side.span if end is None else end)
        )

    def table(self) -> list[dict[str, Any]]:
        """
        Hold the figures of the two calls against each other.

        Returns
        -------
        list of dict
            Of each figure that one of the calls has: ``title`` and ``unit`` in words, ``values`` and ``worst`` (of
            either call: the median over its participants and who is worst off; None where unknown), and ``worse``: the
            place of the call with the worse median, None where they are alike within a twentieth.
        """
        found = []
        for row in compare_calls(*self.calls).to_dict("records"):
            values = [none_if_nan(row[name]) for name in NAMES]
            if values == [None, None]:
                continue
            column = OVERVIEW.index[str(row["figure"])]
            found.append(
                {
                    "title": column.title,
                    "unit": column.unit,
                    "values": values,
                    "worst": [none_if_nan(row[f"{name}_worst"]) for name in NAMES],
                    "worse": worse_of(values, high_is_good=str(row["figure"]) in HIGH_IS_GOOD),
                }
            )
        return found

    def to_code(self) -> str:
        """Return the lines that show the same without widgets; they need ``rtk`` and ``app`` and nothing else."""
        self.complete()
        lines = [f"{name} = app.call({call.session_id!r})" for name, call in zip(NAMES, self.calls, strict=True)]
        lines.append("rtk.compare_calls(one, two)")
        columns = [name for name in self.measures if not name.startswith(JUDGED)]
        for name, side in zip(NAMES, self.sides, strict=True):
            if columns:
                window = side.window if side.choice.window is not None else None
                edges = f", window=({', '.join(repr(edge.isoformat()) for edge in window)})" if window else ""
                lines.append(f"rtk.plot.quality({name}, metrics={columns!r}{edges})")
        return Code("\n".join(lines))

    def __repr__(self) -> str:
        """Say what is compared, without names."""
        return f"CompareModel({', '.join(repr(call.session_id) for call in self.calls)})"


def worse_of(values: list[float | None], *, high_is_good: bool) -> int | None:
    """Return the place of the worse of two values; None where one is unknown or they are alike within a twentieth."""
    one, two = values
    if one is None or two is None or abs(one - two) <= 0.05 * max(abs(one), abs(two)):
        return None
    return int((two < one) == high_is_good)


def none_if_nan(value: float) -> float | None:
    """Return a number that JSON can represent, with the digits worth reading."""
    return float(f"{value:.4g}") if np.isfinite(value) else None
