"""Trends: the share of bad calls or participants by day, version, network or country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, footnote, headline, one_axes, show_message
from rtkit_explore.plot.palette import BLUE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from rtkit_explore.plot.layout import One

MOST = 20
"""Values that one plot shows: those that most calls or participants have."""
_NEEDED = ("by", "of", "value", "judged", "bad", "share_bad", "low", "high")


def trend(table: pd.DataFrame, *, ax: One = None) -> Axes:
    """
    Draw the share of bad calls or participants, with its 95 % interval and how many there were.

    Parameters
    ----------
    table
        The result of ``archive.trend(by=…)``.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Days from left to right; other properties from top to bottom, the most frequent first (at most 20).

    Raises
    ------
    InvalidArgumentError
        If the table is not a trend.
    """
    columns = getattr(table, "columns", ())
    if any(name not in columns for name in _NEEDED):
        msg = "trend draws the table that archive.trend(by=…) gives."
        raise InvalidArgumentError(msg)
    if table.empty:
        return show_message(one_axes(ax, 2.0), "Nothing to draw: no call was judged.", title="Share of bad calls")
    by, of = str(table["by"].iloc[0]), str(table["of"].iloc[0])
    over_time = by in ("day", "week")
    rows = table if over_time else table.head(MOST)
    count = len(rows)
    axes = one_axes(ax, 3.0 if over_time else 1.2 + 0.28 * count)
    places: np.ndarray[Any, Any] = np.arange(count)
    share, low, high = (100 * rows[name].to_numpy(dtype="float64") for name in ("share_bad", "low", "high"))
    # Rounding may put the share a hair outside of its interval.
    spread = np.clip(np.vstack([share - low, high - share]), 0, None)
    style: dict[str, Any] = {"fmt": "o", "color": BLUE, "ecolor": BLUE, "elinewidth": 1, "capsize": 2, "markersize": 4}
    names = [shown(str(value)) for value in rows["value"]]
    if over_time:
        axes.errorbar(places, share, yerr=spread, **style)
        step = max(1, -(-count // 12))
        axes.set_xticks(places[::step], names[::step], rotation=45, ha="right", fontsize=SMALL)
        axes.set_ylim(0, 104)
        axes.set_ylabel(f"bad {of} (%)", fontsize=SMALL + 1)
        axes.set_xlabel("day (UTC)" if by == "day" else "week from Monday (UTC)", fontsize=SMALL + 1)
    else:
        axes.errorbar(share, places, xerr=spread, **style)
        labels = [f"{name} ({number})" for name, number in zip(names, rows["judged"], strict=True)]
        axes.set_yticks(places, labels, fontsize=SMALL)
        axes.set_ylim(count - 0.5, -0.5)
        axes.set_xlim(0, 104)
        axes.set_xlabel(f"bad {of} (%)", fontsize=SMALL + 1)
    axes.tick_params(labelsize=SMALL)
    axes.grid(visible=True, axis="y" if over_time else "x", linewidth=0.4, alpha=0.6)
    headline(axes, f"Share of bad {of} by {by.replace('_', ' ')}")
    left_out = "" if len(table) <= count else f"; the {count} most frequent of {len(table)}"
    footnote(axes, f"{int(rows['judged'].sum())} {of} judged; bars: 95 % interval (Wilson){left_out}",
             below=30 if over_time else 0)  # fmt: skip
    return axes
