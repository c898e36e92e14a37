"""How a measure or metric is distributed: its cumulative distribution, weighted by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.metrics.metric import Metric, parts_of
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.labels import axis_label, sentence_case, shown
from rtkit_explore.plot.layout import SMALL, headline, legend_below, one_axes, show_message
from rtkit_explore.plot.metric_columns import with_metrics
from rtkit_explore.plot.palette import LINE_COLOURS, RECEIVED
from rtkit_explore.plot.selection import select
from rtkit_explore.plot.streams import NEEDED
from rtkit_explore.table_schema.labels import low_is_worse, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from rtkit_explore.metrics.metric import Calls
    from rtkit_explore.plot.layout import One

GROUPS = ("call", "participant", "media", "direction")
_MARKS = (0.5, 0.9)


def distribution(
    calls: Calls,
    metric: str | Metric = "loss_pct",
    *,
    by: str | None = None,
    media: str | Iterable[str] | None = None,
    direction: str | Iterable[str] | None = None,
    ax: One = None,
) -> Axes:
    """
    Draw the cumulative distribution of a measure, weighted by time: for which share of the time it was at most x.

    Parameters
    ----------
    calls
        A Call, its table ``quality``, tables by name, a list of these, or an archive of calls.
    metric
        A numeric column of ``quality``, or a metric of ``rtk.metric``.
    by
        A line each for "call", "participant", "media" or "direction"; None for one line. Of more than seven the ones
        that are worst at their 90th percentile are drawn.
    media, direction
        Which streams, as in ``rtk.plot.quality``.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Value on the x axis, share of the stream time on the y axis; dots mark the median and the 90th percentile.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.
    """
    if by is not None and by not in GROUPS:
        msg = f"by= takes {', '.join(map(repr, GROUPS))} or None, not {by!r}."
        raise InvalidArgumentError(msg)
    chosen: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
    name = metric.name if isinstance(metric, Metric) else str(metric)
    for part in parts_of(calls):
        subject = PlotInput.of(part, "quality", NEEDED)
        table, (name, *_) = with_metrics(subject, subject["quality"], metric)
        rows = select(table, None, media=media, direction=direction)
        values = rows[name].to_numpy(dtype="float64", na_value=np.nan)
        seconds = rows["interval_s"].to_numpy(dtype="float64", na_value=np.nan)
        known = np.isfinite(values) & (seconds > 0) & ~rows["gap"].fillna(value=False).to_numpy(dtype=bool)
        labels = _labels(rows, subject, by)
        for label in pd.unique(labels[known]):
            mine = known & (labels == label)
            chosen.setdefault(str(label), []).append((values[mine], seconds[mine]))
    title = f"{sentence_case(title_of(name))}: share of the time"
    if not chosen:
        return show_message(one_axes(ax, 1.6), f"No values of {title_of(name)} ({name}) here.", title=title)
    ax = one_axes(ax, 3.2)
    curves = {label: _curve(parts) for label, parts in chosen.items()}
    low = low_is_worse(name)
    tail = 0.1 if low else 0.9
    order = sorted(curves, key=lambda label: _at(curves[label], tail) * (1 if low else -1))
    shown_lines = order[: len(LINE_COLOURS)]
    for number, label in enumerate(shown_lines):
        values, share, lasted = curves[label]
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        ax.plot(
            np.concatenate([values[:1], values]), 100 * np.concatenate([[0.0], share]), drawstyle="steps-post",
            color=colour, linestyle=RECEIVED, linewidth=1.6,
            label=f"{shown(label)} ({_lasting(lasted)})" if by else f"all streams ({_lasting(lasted)})",
        )  # fmt: skip
        marks = (0.5, 0.1) if low else _MARKS
        ax.plot([_at(curves[label], at) for at in marks], [100 * at for at in marks], "o", color=colour, markersize=4)
    ax.set_ylim(0, 102)
    ax.set_xlabel(axis_label(name).replace("\n", " "), fontsize=SMALL)
    ax.set_ylabel("share of the time\nat or below (%)", fontsize=SMALL)
    ax.tick_params(labelsize=SMALL)
    ax.grid(visible=True, linewidth=0.4, alpha=0.6)
    headline(ax, title)
    handles, labels_shown = ax.get_legend_handles_labels()
    if len(order) > len(shown_lines):
        left = len(order) - len(shown_lines)
        labels_shown[-1] += f"; {left} with better {'lowest' if low else 'highest'} tenths left out"
    legend_below(ax, handles, labels_shown, points=36)
    return ax


def _labels(rows: pd.DataFrame, subject: PlotInput, by: str | None) -> NDArray[np.object_]:
    if by is None:
        return np.full(len(rows), "all", dtype=object)
    if by == "call":
        title = subject.call.title if subject.call is not None else None
        ids = rows["session_id"].astype("object").to_numpy()
        return np.array([title or str(one)[:8] for one in ids], dtype=object)
    if by == "participant":
        return np.array([subject.name(peer) for peer in rows["peer_id"].astype("object")], dtype=object)
    return rows[by].astype("object").to_numpy()


def _curve(
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    values, seconds = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(seconds[order])
    return values[order], passed / passed[-1], float(passed[-1])


def _at(curve: tuple[NDArray[np.float64], NDArray[np.float64], float], share: float) -> float:
    values, passed, _ = curve
    return float(values[min(int(np.searchsorted(passed, share - 1e-12)), len(values) - 1)])


def _lasting(seconds: float) -> str:
    size, unit = (3600, "h") if seconds >= 7200 else (60, "min") if seconds >= 120 else (1, "s")
    return f"{seconds / size:.0f} {unit}"
