"""Heat maps: streams by time, for calls with more streams than lines can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Patch

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import time_zone
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.labels import sentence_case
from rtkit_explore.plot.layout import SMALL, axes_size_inches, headline, legend_below, one_axes, show_message
from rtkit_explore.plot.metric_columns import with_metrics
from rtkit_explore.plot.palette import GREY
from rtkit_explore.plot.selection import extent, select, stream_ids, why_empty
from rtkit_explore.plot.streams import NEEDED, flags, series_of
from rtkit_explore.plot.time_axis import SECOND, positions, time_axis, window_of
from rtkit_explore.table_schema.labels import low_is_worse, stream_words, title_of, unit_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from rtkit_explore.metrics.metric import Metric
    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import One
    from rtkit_explore.plot.streams import Series
    from rtkit_explore.plot.time_axis import Floats

MOST = 40
"""Rows that one heat map shows: more streams are put together by person, direction and media."""

CEILINGS = {"loss_pct": 20.0, "dropped_pct": 50.0, "rtt_ms": 1000.0, "jitter_ms": 200.0, "buffer_ms": 1000.0}
"""Upper end of the colour scale, by measure: everything beyond has the colour of the worst."""

By = Literal["stream", "participant"]


@dataclass(frozen=True)
class Row:
    """One row of a heat map: its name and the rows of the table that it shows."""

    label: str
    rows: NDArray[np.intp]
    streams: int


def heatmap(
    call: Drawable,
    metric: str | Metric = "loss_pct",
    *,
    by: By | None = None,
    participant: object = None,
    media: str | Iterable[str] | None = None,
    direction: str | Iterable[str] | None = None,
    streams: object = None,
    window: Sequence[Any] | None = None,
    tz: str | dt.tzinfo = "UTC",
    ax: One = None,
) -> Axes:
    """
    Draw one measure of many streams as a map of streams and time.

    Parameters
    ----------
    call
        A Call, the table ``quality``, or tables by name (``quality``, ``participants``).
    metric
        A numeric column of ``quality``, or a metric of ``rtk.metric``.
    by
        What a row is: "stream", or "participant" (a person's streams of one direction and kind of media together).
        By default streams while there are at most 40.
    participant, media, direction, streams, window
        Which samples, as in ``rtk.plot.quality``.
    tz
        Time zone of the axis, which names it.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes. A cell shows the worst interval that touches it (the highest value, or the lowest where low is bad,
        as for a frame rate), so that nothing is averaged away. Hatched cells have no value. The number at the right
        is the worst of the row.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.
    """
    subject = PlotInput.of(call, "quality", NEEDED)
    table = subject["quality"]
    table, names = with_metrics(subject, table, metric)
    if len(names) > 1 or names[0] == "limited_by":
        msg = f"A heat map shows one number, not {metric!r}. Draw several measures with rtk.plot.quality."
        raise InvalidArgumentError(msg)
    if by not in (None, "stream", "participant"):
        msg = f"by= takes 'stream', 'participant' or None, not {by!r}."
        raise InvalidArgumentError(msg)
    where = time_zone(tz)
    peers = subject.peers(participant)
    view = window_of(window, where, table)
    chosen = select(table, peers, media=media, direction=direction, streams=stream_ids(streams, table), view=view)
    values = chosen[names[0]].to_numpy(dtype="float64", na_value=np.nan)
    title = f"{sentence_case(title_of(names[0]))} of every stream"
    if chosen.empty or not np.isfinite(values).any():
        why = why_empty(subject, table, peers, filtered=not table.empty) if chosen.empty else ""
        why = why or f"No values of {title_of(names[0])} ({names[0]}) in the reports chosen here."
        return show_message(one_axes(ax, 1.6), why, title=title)
    series = series_of(chosen, subject)
    lines = [one for one in series if np.isfinite(values[one.rows]).any()]
    rows = _rows(lines, subject, by)
    hidden = len(series) - len(lines)
    worst_low = low_is_worse(names[0])
    rows, cut = _most(rows, values, low=worst_low)
    first, last = extent(chosen, view)
    ax = one_axes(ax, 1.7 + (0.24 if len(rows) <= 24 else 0.16) * len(rows))
    edges, cells = _cells(chosen, rows, values, first, last, low=worst_low)
    _paint(ax, names[0], edges, cells, low=worst_low)
    ax.set_yticks(range(len(rows)), [one.label for one in rows])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    time_axis(ax, where, first, last)
    _worst(ax, rows, values, low=worst_low)
    headline(ax, title)
    words = [f"no value: nothing sent or measured, a gap, or not in the call. A cell is {_span(edges)}"]
    if cut:
        words.append(f"{cut} rows with better figures are left out")
    if hidden:
        words.append(f"{hidden} streams without any value are left out")
    handles = [Patch(facecolor="#F4F4F4", edgecolor=GREY, hatch="////", linewidth=0)]
    handles += [Patch(alpha=0) for _ in words[1:]]
    legend_below(ax, handles, words, points=36, beside=max(len(one.label) for one in rows))
    return ax


def _rows(lines: list[Series], subject: PlotInput, by: By | None) -> list[Row]:
    if by == "stream" or (by is None and len(lines) <= MOST):
        return [Row(one.label, one.rows, 1) for one in lines]
    together: dict[tuple[str, str, str], list[Series]] = {}
    for one in lines:
        together.setdefault((one.peer_id, one.media, one.direction), []).append(one)
    found = []
    for (peer, media, direction), group in together.items():
        what = stream_words("", media, direction).strip()
        count = f" (worst of {len(group)})" if len(group) > 1 else ""
        found.append(
            Row(f"{subject.name(peer)} {what}{count}", np.concatenate([one.rows for one in group]), len(group))
        )
    return found


def _extreme(values: Floats, *, low: bool) -> float:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan")
    return float(known.min() if low else known.max())


def _most(rows: list[Row], values: Floats, *, low: bool) -> tuple[list[Row], int]:
    """Keep at most twice MOST rows, those with the worst figures, in their order."""
    limit = 2 * MOST
    if len(rows) <= limit:
        return rows, 0
    rank = sorted(range(len(rows)), key=lambda i: _extreme(values[rows[i].rows], low=low) * (1 if low else -1))
    kept = sorted(rank[:limit])
    return [rows[i] for i in kept], len(rows) - limit


def _cells(
    table: pd.DataFrame, rows: list[Row], values: Floats, first: float, last: float, *, low: bool
) -> tuple[Floats, Floats]:
    """Put intervals into cells of equal time: a cell has the worst of those that touch it, NaN where none does."""
    start, end = positions(table["start"]), positions(table["end"])
    length = end - start
    known = np.isfinite(values) & np.isfinite(length) & (length > 0) & ~flags(table, "gap")
    usual = float(np.median(length[known])) if known.any() else last - first
    count = int(np.clip(np.ceil((last - first) / usual), 1, 300))
    edges = np.linspace(first, last, count + 1)
    width = (last - first) / count
    sign = -1.0 if low else 1.0
    number = np.repeat(np.arange(len(rows)), [len(row.rows) for row in rows])
    own = np.concatenate([row.rows for row in rows])
    number, own = number[known[own]], own[known[own]]
    # An interval that only touches the edge of a cell does not count for it: half a cell of margin at either side.
    begin = np.clip(np.round((start[own] - first) / width).astype(int), 0, count)
    stop = np.clip(np.round((end[own] - first) / width).astype(int), 0, count)
    stop = np.maximum(stop, np.minimum(begin + 1, count))
    begin = np.minimum(begin, count - 1)
    # Expand each interval to the cells that it touches, so that no Python loop runs over millions of them.
    touched = np.maximum(stop - begin, 0)
    offset = np.arange(int(touched.sum())) - np.repeat(np.cumsum(touched) - touched, touched)
    worst = np.full(len(rows) * count, -np.inf)
    np.maximum.at(worst, np.repeat(number * count + begin, touched) + offset, np.repeat(sign * values[own], touched))
    cells = worst.reshape(len(rows), count)
    return edges, np.where(np.isfinite(cells), sign * cells, np.nan)


def _paint(ax: Axes, metric: str, edges: Floats, cells: Floats, *, low: bool) -> None:
    ax.set_facecolor("#F4F4F4")
    count = cells.shape[0]
    ax.axhspan(-0.5, count - 0.5, facecolor="#F4F4F4", edgecolor="#D0D0D0", hatch="////", linewidth=0, zorder=0)
    top = float(np.nanmax(cells)) if np.isfinite(cells).any() else 1.0
    floor = {"%": 5.0, "ms": 50.0, "score 0-1": 1.0}.get(unit_of(metric), 1.0)
    bottom = min(0.0, float(np.nanmin(cells))) if np.isfinite(cells).any() else 0.0
    # One implausible value must not make all others look the same; the number at the right shows it.
    high = min(max(top, floor), CEILINGS.get(metric, np.inf))
    mesh = ax.pcolormesh(
        edges,
        np.arange(count + 1) - 0.5,
        np.ma.masked_invalid(cells),
        # Lightness falls steadily in this map, so that it also reads in grey; dark is always the worse end.
        cmap=colormaps["magma" if low else "magma_r"],
        vmin=bottom,
        vmax=high,
        zorder=1,
        edgecolors="white",
        linewidth=0.3 if cells.shape[1] <= 120 else 0.0,
    )
    figure = ax.figure
    bar = figure.colorbar(mesh, ax=ax, fraction=0.03, pad=0.07, extend="max" if top > high else "neither", **_size(ax))
    unit = unit_of(metric)
    word = "lowest" if low else "highest"
    bar.set_label(f"{word} {title_of(metric)}" + (f" ({unit})" if unit else ""), fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)


def _size(ax: Axes) -> dict[str, Any]:
    """Keep the colour bar at the top and no higher than is needed to read it."""
    height = max(axes_size_inches(ax)[1], 0.1)
    return {"shrink": min(1.0, 3.0 / height), "anchor": (0.0, 1.0)}


def _worst(ax: Axes, rows: list[Row], values: Floats, *, low: bool) -> None:
    for number, row in enumerate(rows):
        value = _extreme(values[row.rows], low=low)
        ax.annotate(
            f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}",
            (1, number),
            xycoords=ax.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL - 1,
            gid="worst of the row",
        )


def _span(edges: Floats) -> str:
    seconds = (edges[1] - edges[0]) / SECOND
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
