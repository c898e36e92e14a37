"""The API's own summaries of a call: the cumulative blocks, by person, media and direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from rtkit_explore.errors import InvalidArgumentError, close_to
from rtkit_explore.plot.inputs import PlotInput, choices
from rtkit_explore.plot.labels import listed, shown
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, many_axes, show_message, strip_frame
from rtkit_explore.plot.palette import BLACK, BLUE, GREEN, LINE_COLOURS, LINE_MARKERS, ORANGE, PURPLE, VERMILLION
from rtkit_explore.table_schema.columns import DIRECTIONS
from rtkit_explore.table_schema.columns import MEDIA as KINDS_OF_MEDIA
from rtkit_explore.table_schema.labels import MEDIA, cumulative_metric, stream_words
from rtkit_explore.table_schema.report import CUMULATIVE_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.axes import Axes

    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import Many

SHARE = "share of samples"
MOST = 24
"""Rows a panel shows; of more, those with the highest figures (lowest where low is bad) of that panel."""

_LOOKS = {
    "avg": ("D", BLACK),
    "value": ("D", BLACK),
    "p50": ("o", BLUE),
    "p75": ("s", GREEN),
    "p90": ("^", VERMILLION),
    "p95": ("v", PURPLE),
    "p99": ("P", ORANGE),
}
_ORDER = list(CUMULATIVE_METRICS)
_CUTS = {"packet_loss": " %"}


@dataclass(frozen=True)
class Group:
    """One panel: a metric of the blocks, either its values or its shares of samples."""

    metric: str
    unit: str
    rows: pd.DataFrame

    @property
    def title(self) -> str:
        """What the panel shows."""
        name = shown(cumulative_metric(self.metric).title, longest=60)
        return f"{name}: share of samples" if self.unit == SHARE else name


def cumulative(
    call: Drawable,
    *,
    metrics: str | Iterable[str] | None = None,
    participants: object = None,
    media: str | Iterable[str] | None = None,
    direction: str | Iterable[str] | None = None,
    ax: Many = None,
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw the cumulative blocks: means, percentiles and shares of samples, as the API worked them out.

    Parameters
    ----------
    call
        A Call, the table ``cumulative``, or tables by name (``cumulative``, ``participants``).
    metrics
        Metrics of the blocks, such as "packet_loss" or "rtt"; all that there are by default.
    participants
        Whose: a name or peer id, or several; everyone's by default.
    media, direction
        Which blocks, as in ``rtk.plot.quality``.
    ax
        An Axes for each panel, or a Figure or SubFigure; a new pyplot figure by default. A metric has up to two
        panels: values, and shares of samples.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        The panels, shape (panels,), dtype object; one that says so where there is nothing to draw. Every figure is
        over samples, unweighted, of the whole call: it says nothing of when.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.
    """
    subject = PlotInput.of(
        call, "cumulative", ("peer_id", "media", "direction", "metric", "statistic", "value", "unit")
    )
    table = subject["cumulative"]
    peers = subject.peers(participants, "participants")
    known = [str(one) for one in table["metric"].dropna().unique()]
    wanted = _metrics(metrics, known)
    for name, values in (
        ("peer_id", peers),
        ("media", choices(media, "media", KINDS_OF_MEDIA)),
        ("direction", choices(direction, "direction", DIRECTIONS)),
        ("metric", wanted),
    ):
        if values is not None:
            table = table[table[name].isin(values)]
    table = table[np.isfinite(table["value"].to_numpy(dtype="float64", na_value=np.nan))]
    table = _sorted(table, subject)
    groups = _groups(table, wanted or known)
    title = "Over the whole call"
    if not groups:
        words = "No cumulative figures: the reports chosen here have no such blocks. call.quality holds the samples."
        return array_of([show_message(many_axes(ax, [1.6])[0], words, title=title)])
    labels = [_labels(one.rows, subject) for one in groups]
    heights = [0.75 + 0.2 * min(len(set(one)), MOST) for one in labels]
    columns = 2 if len(groups) > 1 else 1
    axes = many_axes(ax, heights, columns=columns, extra=0.6 + 0.16 * -(-len(groups) // columns) * 2)
    for one, group, names in zip(axes, groups, labels, strict=True):
        _draw(one, group, names, wide=columns == 1)
    return array_of(axes)


def _sorted(table: pd.DataFrame, subject: PlotInput) -> pd.DataFrame:
    """By person, media, direction: sent before received."""
    rank = {peer: i for i, peer in enumerate(subject.names)}
    keys = zip(table["peer_id"], table["media"].astype("object"), table["direction"].astype("object"), strict=True)
    order = [
        (rank.get(peer, len(rank)), list(MEDIA).index(m) if m in MEDIA else 9, d != "producer") for peer, m, d in keys
    ]
    return table.iloc[sorted(range(len(order)), key=lambda i: order[i])]


def _metrics(metrics: object, known: list[str]) -> list[str] | None:
    if metrics is None:
        return None
    wanted = [metrics] if isinstance(metrics, str) else list(metrics) if hasattr(metrics, "__iter__") else [metrics]
    for one in wanted:
        if one not in known and known:
            near = close_to(str(one), known)
            msg = f"There is no cumulative metric {one!r}.{near} There: {listed(known)}."
            raise InvalidArgumentError(msg)
    return [str(one) for one in wanted]


def _groups(table: pd.DataFrame, metrics: list[str]) -> list[Group]:
    found = []
    for metric in sorted(metrics, key=lambda one: _ORDER.index(one) if one in _ORDER else len(_ORDER)):
        rows = table[table["metric"] == metric]
        shares = (rows["unit"] == SHARE).to_numpy(dtype=bool, na_value=False)
        for part, unit in ((rows[~shares], ""), (rows[shares], SHARE)):
            if len(part):
                units = [str(one) for one in part["unit"].dropna().unique() if one]
                found.append(Group(metric, unit or (units[0] if len(units) == 1 else ""), part))
    return found


def _labels(rows: pd.DataFrame, subject: PlotInput) -> list[str]:
    return [
        stream_words(subject.name(peer), shown(media) if media not in MEDIA else media, direction)
        for peer, media, direction in zip(rows["peer_id"], rows["media"], rows["direction"], strict=True)
    ]


def _draw(ax: Axes, group: Group, labels: list[str], *, wide: bool) -> None:
    values = group.rows["value"].to_numpy(dtype="float64") * (100.0 if group.unit == SHARE else 1.0)
    names = list(dict.fromkeys(labels))
    low = cumulative_metric(group.metric).worse == "low" and group.unit != SHARE
    left_out = max(0, len(names) - MOST)
    if left_out:
        worst = dict.fromkeys(names, -np.inf)
        for name, value in zip(labels, values, strict=True):
            worst[name] = max(worst[name], -value if low else value)
        keep = set(sorted(names, key=lambda name: -worst[name])[:MOST])
        names = [name for name in names if name in keep]
    place = {name: float(row) for row, name in enumerate(names)}
    statistics = list(dict.fromkeys(str(one) for one in group.rows["statistic"]))
    statistics.sort(key=lambda one: list(_LOOKS).index(one) if one in _LOOKS else len(_LOOKS))
    of = group.rows["statistic"].astype("object").to_numpy()
    others = [one for one in statistics if one not in _LOOKS]
    handles, words = [], []
    for number, statistic in enumerate(statistics):
        chosen = [i for i, one in enumerate(of) if one == statistic and labels[i] in place]
        if not chosen:
            continue  # a line without points would stand at the figure's corner, and leave the layout no room
        plain = others.index(statistic) if statistic in others else 0
        marker, colour = _LOOKS.get(
            statistic, (LINE_MARKERS[plain % len(LINE_MARKERS)], LINE_COLOURS[plain % len(LINE_COLOURS)])
        )
        # Marks of one row are spread a little in height, so that equal figures do not hide each other.
        shift = (number - (len(statistics) - 1) / 2) * min(0.2, 0.66 / max(len(statistics), 1))
        ax.plot(
            values[chosen],
            [place[labels[i]] + shift for i in chosen],
            linestyle="none",
            marker=marker,
            color=colour,
            markerfacecolor="white" if statistic in ("avg", "value") else colour,
            markersize=4.5,
            clip_on=False,
            zorder=3,
            gid=f"statistic {statistic}",
        )
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                color=colour,
                markerfacecolor="white" if statistic in ("avg", "value") else colour,
                markersize=5,
            )
        )
        words.append(_statistic(statistic, group.metric))
    strip_frame(ax, grid="both")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0, labelsize=SMALL if wide else SMALL - 1)
    ax.set_ylim(len(names) - 0.4, -0.6)
    top = float(values.max())
    unit = "% of samples" if group.unit == SHARE else group.unit or "unit not known"
    ax.set_xlim(min(0.0, float(values.min())), 102 if group.unit == SHARE else max(top * 1.08, 1e-9 if top else 1.0))
    ax.set_xlabel(unit + (f"; {left_out} rows with better figures left out" if left_out else ""), fontsize=SMALL)
    headline(ax, group.title)
    legend_below(ax, handles, words, points=30, beside=max(len(one) for one in names) + (0 if wide else 8))


def _statistic(name: str, metric: str) -> str:
    """Describe a statistic: ``5_or_greater_event_fraction`` is a share at or above 5."""
    if name.endswith("_or_greater_event_fraction"):
        cut = name.removesuffix("_or_greater_event_fraction")
        return f"at {cut.removesuffix('ms')}{' ms' if cut.endswith('ms') else _CUTS.get(metric, '')} or above"
    fixed = {"avg": "mean", "value": "value", "p50": "median"}
    return fixed.get(name, shown(name.removesuffix("_fraction").replace("_", " ")))
