"""Times on plots: one zone, chosen and named; never local time by accident."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import dates as mdates

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import moment_near
from rtkit_explore.plot.layout import SMALL, axes_size_inches

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NARROW = 3.2
"""Width in inches below which the numbers of a time axis are turned, so that they do not meet."""

SECOND = 1 / 86400
"""A second on matplotlib's time axis, which counts days."""


def zone_name(tz: dt.tzinfo, at: dt.datetime) -> str:
    """Name a zone, with its offset at a time where the name does not say it."""
    if tz is dt.UTC:
        return "UTC"
    offset = at.astimezone(tz).strftime("%z")
    label = f"UTC{offset[:3]}:{offset[3:5]}"
    name = str(getattr(tz, "key", "") or getattr(tz, "zone", "") or "")
    return "UTC" if name == "UTC" else f"{name}, {label}" if name else label


def positions(times: Any) -> Floats:
    """Turn times into matplotlib's numbers (days since 1970, UTC), NaN where missing."""
    series = pd.Series(times)
    if not isinstance(series.dtype, pd.DatetimeTZDtype):
        options: dict[str, Any] = {} if series.dtype.kind == "M" else {"format": "ISO8601"}
        series = pd.to_datetime(series, utc=True, errors="coerce", **options)
    micros = pd.DatetimeIndex(series).as_unit("us").asi8.view("datetime64[us]")
    return np.asarray(mdates.date2num(micros), dtype="float64")  # type: ignore[no-untyped-call]


_CLOCK = re.compile(r"\s*(\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?|\+.*)\s*")
"""A time without a day: of the call, never of today."""


def window_of(window: object, tz: dt.tzinfo, quality: pd.DataFrame) -> tuple[float, float]:
    """
    Parse the argument ``window``: two times, either of them None for open; a time without zone is in ``tz``.

    A time without a day ("14:40", "+5min") is one of the call that ``quality`` is the table of.

    Raises
    ------
    InvalidArgumentError
        If it is not two times, or the end is before the start.
    """
    if window is None:
        return -np.inf, np.inf
    form = (
        "window= takes (start, end), for example ('2026-11-20 22:40:30', '2026-11-20 22:41'); None leaves a side open"
    )
    if isinstance(window, str) or not isinstance(window, Sequence | pd.Index | np.ndarray) or len(window) != 2:
        msg = f"{form}. It is {window!r}."
        raise InvalidArgumentError(msg)
    ends = []
    times = quality["end"].dropna()
    for value, open_end in zip(window, (-np.inf, np.inf), strict=True):
        if isinstance(value, str) and len(times) and _CLOCK.fullmatch(value):
            span = (times.min().to_pydatetime(), times.max().to_pydatetime())
            ends.append(float(positions([pd.Timestamp(moment_near(value, tz, span))])[0]))
            continue
        try:
            moment = pd.NaT if value is None else pd.Timestamp(value)
        except (ValueError, TypeError):
            msg = f"{form}. {value!r} is no time."
            raise InvalidArgumentError(msg) from None
        if pd.isna(moment):
            ends.append(open_end)
            continue
        aware = moment.tz_localize(tz) if moment.tzinfo is None else moment
        ends.append(float(positions([aware.tz_convert("UTC")])[0]))
    if ends[0] >= ends[1]:
        msg = f"{form}. This one ends before it starts: {window!r}."
        raise InvalidArgumentError(msg)
    return ends[0], ends[1]


def time_axis(ax: Axes, tz: dt.tzinfo, first: float, last: float, *, label: bool = True) -> None:
    """
    Make the x axis one of time, from first to last, in a zone that the label names.

    Parameters
    ----------
    ax
        The Axes.
    tz
        The zone.
    first, last
        Range, in matplotlib's days.
    label
        Whether to write label and numbers; panels above others leave them out.
    """
    ax.xaxis_date(tz)
    if last - first < SECOND:
        first, last = first - SECOND, last + SECOND
    ax.set_xlim(first, last)
    width, _ = axes_size_inches(ax)
    most = max(5, min(10, int(width / 0.85)))
    # At least two ticks per next larger unit: else the locator finds no step between half a minute and a minute.
    locator = mdates.AutoDateLocator(tz=tz, minticks=(most - 1) // 2, maxticks=most)  # type: ignore[no-untyped-call]
    # Every two minutes or seconds as well: else a call of nine minutes has one number on its axis.
    locator.intervald.update({unit: [1, 2, 5, 10, 15, 30] for unit in (mdates.MINUTELY, mdates.SECONDLY)})
    formatter = mdates.AutoDateFormatter(locator, tz=tz)  # type: ignore[no-untyped-call]
    begin, end = (mdates.num2date(value, tz=tz) for value in (first, last))  # type: ignore[no-untyped-call]
    days = begin.date() != end.date()
    clock = "%H:%M\n%d %b" if days else "%H:%M"
    formatter.scaled = {
        365: "%Y",
        28: "%b %Y",
        1: "%d %b",
        1 / 24: clock,
        1 / 1440: clock,
        SECOND: "%H:%M:%S",
        SECOND / 1e6: "%H:%M:%S.%f",
    }
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    if label:
        date = f"{begin:%Y-%m-%d}" + (f" to {end:%Y-%m-%d}" if days else "")
        ax.set_xlabel(f"time on {date} ({zone_name(tz, begin)})", fontsize=SMALL + 1)
    ax.tick_params(axis="x", labelbottom=label, labelsize=SMALL, labelrotation=35 if width < NARROW else 0)
