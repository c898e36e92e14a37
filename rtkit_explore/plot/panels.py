"""The panels of a quality plot: the same stream looks the same in each, gaps stay open, scales do not exaggerate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.plot.labels import axis_label
from rtkit_explore.plot.layout import SMALL, strip_frame
from rtkit_explore.plot.palette import BLACK, GREY, LINE_COLOURS, LINE_MARKERS, PALE, RECEIVED, SENT
from rtkit_explore.plot.streams import Series, flags, steps
from rtkit_explore.plot.time_axis import positions
from rtkit_explore.table_schema.columns import LIMITS
from rtkit_explore.table_schema.labels import low_is_worse, title_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from rtkit_explore.plot.time_axis import Floats

MOST = len(LINE_COLOURS)
"""Streams that get a line of their own in a panel; of more, the most conspicuous ones do and the rest is grey."""

CROWD = 24
"""From so many other streams on, they are drawn as a band instead of as lines."""
_QUANTILES = np.array([0.05, 0.5, 0.95])
TELLING = ("loss_pct", "score", "dropped_pct", "buffer_ms", "jitter_ms", "rtt_ms", "concealment_events")
"""Measures by which streams are chosen where there are too many, the first that is drawn."""

_AT_LEAST = {"%": 2.0, "ms": 20.0, "kbit/s": 10.0, "frames/s": 10.0, "score 0-1": 1.05}
"""Least upper end of an axis by unit: else a loss of 0.01 % would look like a mountain."""

_WHY_NOT = {
    "rtt_ms": "Round trip is measured for sent streams only, and web clients since 2024 no longer report it.",
    "buffer_ms": "The jitter buffer is reported for received streams only.",
    "concealment_events": "Concealments are reported for received audio only.",
    "fps": "The frame rate is reported for video only.",
    "score": "The client sent no score.",
}


@dataclass
class DrawnPanel:
    """
    The contents of an Axes, for code that shows the same in another form.

    Attributes
    ----------
    panels
        The streams, and which of them have lines of their own.
    metric, label
        What is drawn, and the label of its axis.
    numbers
        Its values, one a row of the table.
    band
        If the other streams are drawn as a band: edges in matplotlib's days, then 5 %, median and 95 %.
    """

    panels: Panels
    metric: str
    label: str
    numbers: Floats
    band: tuple[Floats, Floats, Floats, Floats] | None = None


DRAWN: WeakKeyDictionary[Axes, DrawnPanel] = WeakKeyDictionary()
"""Axes to what was last drawn on it."""


class Panels:
    """
    The lines of a quality plot: the same stream looks the same in every panel.

    Parameters
    ----------
    table, series, metrics
        The rows, the streams that they make, and what is drawn of them.
    lead
        Streams that get lines of their own in any case, however many others stand out more.
    ranked
        How the legend names the measure by which the others were chosen; by default from ``metrics``.
    low
        Whether low values of that measure are the bad ones; by default what is known of it.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        series: Sequence[Series],
        metrics: Sequence[str],
        *,
        lead: Collection[object] = (),
        ranked: str | None = None,
        low: bool | None = None,
    ) -> None:
        self.table = table
        self.series = list(series)
        self.start = positions(table["start"])
        self.end = positions(table["end"])
        self.gap = flags(table, "gap")
        self.reset = flags(table, "reset")
        self.telling = min(metrics, key=lambda name: TELLING.index(name) if name in TELLING else len(TELLING))
        self._low = low_is_worse(self.telling) if low is None else low
        self._ranked = f"{'lowest' if self._low else 'highest'} {title_of(self.telling)}" if ranked is None else ranked
        self._lead = self._leading(lead)
        self._marked: dict[str, Artist] = {}

    def values(self, metric: str) -> Floats:
        """Read a measure as numbers; what limits an encoder as its place in the vocabulary."""
        column = self.table[metric]
        if metric == "limited_by":
            text = column.astype("object")
            return np.asarray([LIMITS.index(one) if one in LIMITS else np.nan for one in text], dtype="float64")
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan), dtype="float64")

    def _leading(self, lead: Collection[object]) -> list[int]:
        """Choose the streams with lines of their own: all, or ``lead`` and what stands out in the telling measure."""
        if len(self.series) <= MOST:
            return list(range(len(self.series)))
        values = (-1.0 if self._low else 1.0) * self.values(self.telling)
        worst = [float(np.nanmax(values[one.rows], initial=-np.inf)) for one in self.series]
        asked = [one.stream_id in lead for one in self.series]
        return sorted(sorted(range(len(worst)), key=lambda i: (not asked[i], -worst[i]))[:MOST])

    @property
    def leading(self) -> list[int]:
        """Places of the streams that get lines of their own."""
        return self._lead

    def look(self, place: int) -> dict[str, Any]:
        """Colour, line style and marker of a leading stream."""
        number = self._lead.index(place)
        series = self.series[place]
        return {
            "color": LINE_COLOURS[number % len(LINE_COLOURS)],
            "marker": LINE_MARKERS[number % len(LINE_MARKERS)],
            "linestyle": SENT if series.direction == "producer" else RECEIVED,
        }

    def draw(self, ax: Axes, metric: str, *, values: Floats | None = None, label: str = "") -> None:
        """Draw one measure of all streams on an Axes."""
        numbers = self.values(metric) if values is None else values
        DRAWN[ax] = DrawnPanel(self, metric, label or axis_label(metric), numbers)
        score = self.table.get("score_scale")
        wide = score is not None and bool((score == "1-5").any())
        ax.set_ylabel(label or axis_label(metric, wide_score=wide), fontsize=SMALL)
        strip_frame(ax, grid="both")
        if not np.isfinite(numbers).any():
            self._nothing(ax, metric)
            return
        lead = self._lead
        rest = [i for i in range(len(self.series)) if i not in lead]
        if len(rest) > CROWD:
            self._band(ax, rest, numbers)
        elif rest:
            self._grey(ax, rest, numbers)
        for place in lead:
            self._line(ax, place, numbers)
        self._strip(ax, numbers)
        self._scale(ax, metric, numbers, wide=wide)

    @staticmethod
    def _nothing(ax: Axes, metric: str) -> None:
        why = _WHY_NOT.get(metric, "The reports chosen here hold no values for it.")
        ax.set_yticks([])
        ax.text(
            0.5,
            0.5,
            f"no values of {title_of(metric)}: {why[0].lower()}{why[1:]}",
            transform=ax.transAxes,
            ha="center",
            va="center",
            fontsize=SMALL,
            color=BLACK,
            gid="message",
        )

    def _line(self, ax: Axes, place: int, numbers: Floats) -> None:
        series = self.series[place]
        rows = series.rows
        x, y, samples = steps(self.start[rows], self.end[rows], numbers[rows], self.gap[rows])
        if not len(samples):
            return
        every = max(1, -(-len(samples) // 40))
        ax.plot(
            x,
            y,
            **self.look(place),
            markevery=samples[::every].tolist(),
            markersize=3.6,
            linewidth=1.5,
            alpha=0.9,
            label=series.label,
            gid=f"stream {series.stream_id}",
            zorder=3,
        )

    def _grey(self, ax: Axes, rest: Sequence[int], numbers: Floats) -> None:
        segments: list[NDArray[np.float64]] = []
        for place in rest:
            rows = self.series[place].rows
            x, y, _ = steps(self.start[rows], self.end[rows], numbers[rows], self.gap[rows])
            segments += [part for part in _pieces(x, y) if len(part) > 1]
        lines = LineCollection(segments, colors=GREY, linewidths=0.6, alpha=0.55, zorder=2, gid="other streams")
        ax.add_collection(lines, autolim=True)
        ax.autoscale_view()

    def _band(self, ax: Axes, rest: Sequence[int], numbers: Floats) -> None:
        """Draw where nine tenths of the other streams are, and their median."""
        rows = np.concatenate([self.series[place].rows for place in rest])
        rows = rows[np.isfinite(numbers[rows]) & np.isfinite(self.start[rows]) & ~self.gap[rows]]
        if not len(rows):
            return
        low, high = float(self.start[rows].min()), float(self.end[rows].max())
        width = max((high - low) / 240, float(np.median(self.end[rows] - self.start[rows])))
        count = max(1, int(np.ceil((high - low) / width)))
        first = np.clip(np.round((self.start[rows] - low) / width).astype(int), 0, count - 1)
        cells = np.maximum(np.clip(np.round((self.end[rows] - low) / width).astype(int), 0, count) - first, 1)
        place = np.repeat(first - np.cumsum(cells) + cells, cells) + np.arange(int(cells.sum()))
        shares = quantiles(np.repeat(numbers[rows], cells), np.minimum(place, count - 1), count)
        edges = low + width * np.arange(count + 1)
        lower, middle, upper = (np.append(column, np.nan) for column in shares.T)
        DRAWN[ax].band = (np.asarray(edges, dtype="float64"), lower, middle, upper)
        ax.fill_between(
            edges, lower, upper, step="post", facecolor=PALE, edgecolor="none", zorder=1.5, gid="other streams"
        )
        ax.plot(edges, middle, drawstyle="steps-post", color=GREY, linewidth=1.0, zorder=2, gid="median of the others")
        self._marked["band"] = Patch(facecolor=PALE, edgecolor=GREY, linewidth=0.8)

    def _strip(self, ax: Axes, numbers: Floats) -> None:
        """Mark gaps and resets at the foot of a panel, whatever its scale; a gap of its only stream over all of it."""
        measured = np.zeros(len(numbers), dtype=bool)
        alive = [one for i, one in enumerate(self.series) if i in self._lead and np.isfinite(numbers[one.rows]).any()]
        for one in alive:
            measured[one.rows] = True
        foot = ax.get_xaxis_transform()
        for begin, end in merged(self.start[self.gap & measured], self.end[self.gap & measured]):
            ax.axvspan(
                begin,
                end,
                ymax=1.0 if len(alive) == 1 else 0.08,
                facecolor="#F0F0F0",
                edgecolor=GREY,
                hatch="////",
                linewidth=0,
                zorder=0.5,
                gid="gap",
            )
            self._marked["gap"] = Patch(facecolor="#F0F0F0", edgecolor=GREY, hatch="////", linewidth=0)
        resets = np.unique(self.end[self.reset & measured])
        if len(resets):
            ax.plot(
                resets,
                np.full(len(resets), 0.06),
                transform=foot,
                linestyle="none",
                marker="|",
                markersize=9,
                markeredgewidth=2,
                color=BLACK,
                zorder=4,
                gid="reset",
            )
            self._marked["reset"] = Line2D(
                [], [], linestyle="none", marker="|", markersize=9, markeredgewidth=2, color=BLACK
            )

    @staticmethod
    def _scale(ax: Axes, metric: str, numbers: Floats, *, wide: bool) -> None:
        if metric == "limited_by":
            ax.set_yticks(range(len(LIMITS)), LIMITS)
            ax.set_ylim(-0.4, len(LIMITS) - 0.6)
            return
        if np.nanmin(numbers) < 0:
            return
        top = float(np.nanmax(numbers))
        least = _AT_LEAST.get(unit_of(metric), 1.0)
        if metric == "score":
            least = 5.2 if wide else 1.05
        ax.set_ylim(-0.02 * max(top, least), max(top * 1.08, least))

    def legend(self) -> tuple[list[Artist], list[str]]:
        """Name the streams by person and direction, then what gaps and resets look like."""
        lead = self._lead
        handles: list[Artist] = []
        labels: list[str] = []
        for place in lead:
            handles.append(Line2D([], [], **self.look(place), markersize=4.5, linewidth=1.5))
            labels.append(self.series[place].label)
        rest = len(self.series) - len(lead)
        if rest:
            band = self._marked.pop("band", None)
            handles.append(band or Line2D([], [], color=GREY, linewidth=0.8, alpha=0.7))
            what = "others: median and 5 to 95 %" if band else "other stream" if rest == 1 else "other streams"
            labels.append(f"{rest} {what} (named: {self._ranked})")
        words = {"gap": "gap: no samples of a stream", "reset": "reset: counters began anew"}
        for kind, handle in self._marked.items():
            handles.append(handle)
            labels.append(words[kind])
        return handles, labels


def quantiles(values: Floats, group: NDArray[np.intp], count: int) -> Floats:
    """
    Return 5 %, median and 95 % of each group, interpolated as pandas does, in a third of its time.

    A group is partitioned at the few values that are needed instead of sorted: a large call has millions of them.

    Parameters
    ----------
    values
        Finite numbers.
    group, count
        Which group each belongs to, from 0, and how many groups there are.

    Returns
    -------
    numpy.ndarray
        float64, shape (count, 3); NaN for an empty group.
    """
    small = np.int16 if count <= np.iinfo(np.int16).max else np.int64  # small integers are sorted much faster
    ordered = values[np.argsort(group.astype(small), kind="stable")]
    out = np.full((count, len(_QUANTILES)), np.nan)
    end = 0
    for number, size in enumerate(np.bincount(group, minlength=count).tolist()):
        begin, end = end, end + size
        if size:
            place = _QUANTILES * (size - 1)
            low = place.astype("int64")
            high = np.minimum(low + 1, size - 1)
            mine = np.partition(ordered[begin:end], np.unique([low, high]))
            out[number] = mine[low] + (mine[high] - mine[low]) * (place - low)
    return out


def merged(start: Floats, end: Floats) -> list[tuple[float, float]]:
    """Join intervals that overlap or touch."""
    out: list[tuple[float, float]] = []
    for begin, stop in sorted(zip(start.tolist(), end.tolist(), strict=True)):
        if not (np.isfinite(begin) and np.isfinite(stop)):
            continue
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], stop))
        else:
            out.append((begin, stop))
    return out


def _pieces(x: Floats, y: Floats) -> list[NDArray[np.float64]]:
    """Cut a line with breaks into pieces."""
    known = np.isfinite(y)
    cuts = np.flatnonzero(np.diff(known.astype("int8"))) + 1
    points = np.column_stack([x, y])
    return [part for part, ok in zip(np.split(points, cuts), np.split(known, cuts), strict=True) if len(ok) and ok[0]]
