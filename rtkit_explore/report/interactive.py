"""
A plot over time as data, for the script of the page that makes it one to zoom and hover.

The data are what the plot drew: the same streams, in the same colours, with the same threshold and window.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.dates import num2date

from rtkit_explore.plot.event_markers import HAPPENED, mark_of
from rtkit_explore.plot.palette import GREY, SENT
from rtkit_explore.plot.panels import CROWD, DRAWN
from rtkit_explore.table_schema.columns import LIMITS
from rtkit_explore.table_schema.labels import event_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from rtkit_explore.plot.panels import DrawnPanel

    Floats = NDArray[np.float64]

DAY: Final = 86400.0
_DIGITS: Final = 4
"""Digits of a value that are kept: more than a plot can show."""


def interactive_data(figure: Figure, zone: dt.tzinfo) -> dict[str, Any] | None:
    """
    Take from a figure what it shows over time.

    Parameters
    ----------
    figure
        A figure that a plot over time was drawn on.
    zone
        Time zone of its axis.

    Returns
    -------
    dict or None
        JSON values. Times are seconds of the zone's own clock, counted as if it were UTC, so that the page needs no
        time zones. Columns of numbers are tuples, their missing values None. None where the figure has no panel with
        lines.
    """
    axes = [ax for ax in figure.axes if ax in DRAWN and np.isfinite(DRAWN[ax].numbers).any()]
    if not axes:
        return None
    low, high = axes[0].get_xlim()
    shift = _offset(low, zone)
    window = next((_span(ax, shift) for ax in axes if _span(ax, shift)), None)
    return {
        "from": _second(low, shift),
        "to": _second(high, shift),
        "panels": [_panel(ax, DRAWN[ax], shift) for ax in axes],
        "window": window,
        "events": _events(axes[0], shift),
    }


def _offset(day: float, zone: dt.tzinfo) -> float:
    moment: dt.datetime = num2date(day, tz=dt.UTC)  # type: ignore[no-untyped-call]
    offset = moment.astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _second(day: float, shift: float) -> float:
    return round(day * DAY + shift, 1)


def _panel(ax: Axes, drawn: DrawnPanel, shift: float) -> dict[str, Any]:
    panels, leading = drawn.panels, drawn.panels.leading
    others = [place for place in range(len(panels.series)) if place not in leading]
    lines: list[tuple[int, dict[str, Any] | None]] = [(place, panels.look(place)) for place in leading]
    if len(others) <= CROWD:
        lines += [(place, None) for place in others]
    pieces = [_intervals(drawn, panels.series[place].rows, shift) for place, _ in lines]
    moments = np.unique(np.concatenate([np.concatenate([begin, end]) for begin, end, _ in pieces]))
    series = [
        {
            "label": panels.series[place].label,
            "colour": GREY if look is None else look["color"],
            "dash": look is not None and look["linestyle"] != SENT,
            "other": look is None,
        }
        for place, look in lines
    ]
    threshold = next((line for line in ax.lines if line.get_gid() == "threshold"), None)
    return {
        "label": " ".join(drawn.label.split()),
        "series": series,
        "x": tuple(moments.tolist()),
        "y": [_column(_at(moments, *piece)) for piece in pieces],
        "range": [float(f"{edge:.6g}") for edge in ax.get_ylim()],
        "threshold": None if threshold is None else float(np.asarray(threshold.get_ydata(), dtype="float64")[0]),
        "words": list(LIMITS) if drawn.metric == "limited_by" else None,
        "band": _band(drawn, shift),
    }


def _intervals(drawn: DrawnPanel, rows: NDArray[np.intp], shift: float) -> tuple[Floats, Floats, Floats]:
    """Return begin, end and value of the intervals of a series that have one."""
    panels, values = drawn.panels, drawn.numbers[rows]
    begin, end = panels.start[rows], panels.end[rows]
    known = np.isfinite(values) & np.isfinite(begin) & ~panels.gap[rows]
    return np.round(begin[known] * DAY + shift, 1), np.round(end[known] * DAY + shift, 1), values[known]


def _at(moments: Floats, begin: Floats, end: Floats, values: Floats) -> Floats:
    """Return the value at each moment; NaN outside of all intervals."""
    if not len(values):
        return np.full(len(moments), np.nan)
    place = np.maximum(np.searchsorted(begin, moments, side="right") - 1, 0)
    inside = (moments >= begin[place]) & (moments < end[place])
    return np.where(inside, values[place], np.nan)


def _column(values: Floats) -> tuple[float | None, ...]:
    """Return numbers with as many digits as a plot can show, missing ones as None."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        digits = _DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        # Powers of ten from 1 up are exact, and so the quotient is the nearest number to the short decimal.
        up, down = 10.0 ** np.maximum(digits, 0.0), 10.0 ** np.maximum(-digits, 0.0)
        short = np.round(values / down * up) / up * down
    short = np.where(np.isfinite(short), short, values)
    return tuple([number if number == number else None for number in short.tolist()])  # noqa: PLR0124


def _band(drawn: DrawnPanel, shift: float) -> dict[str, Any] | None:
    if drawn.band is None:
        return None
    edges, *columns = drawn.band
    names = ("low", "middle", "high")
    x = tuple(np.round(edges * DAY + shift, 1).tolist())
    return {"x": x, **{name: _column(column) for name, column in zip(names, columns, strict=True)}}


def _span(ax: Axes, shift: float) -> list[float] | None:
    """Return the window of a finding, where one is shaded."""
    for patch in ax.patches:
        if patch.get_gid() == "window":
            box = patch.get_extents().transformed(ax.transData.inverted())
            return [_second(box.x0, shift), _second(box.x1, shift)]
    return None


def _events(ax: Axes, shift: float) -> Sequence[dict[str, Any]]:
    happened = HAPPENED.get(ax)
    if happened is None:
        return []
    return [
        {"at": _second(at, shift), "name": event_words(name), "line": mark_of(name).line}
        for at, name in zip(happened.at, happened.name, strict=True)
    ]
