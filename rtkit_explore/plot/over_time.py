"""Quality over time: any measures as small multiples, a step for every interval, gaps left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..errors import InvalidArgumentError
from ..tables.declared.kinds import DIRECTIONS, LIMITS, MEDIA
from ..tables.schema import TABLES
from .canvas import SMALL, array_of, headline, legend_below, many_axes, quiet, say
from .clock import SECOND, positions, time_axis, window_of, zone
from .marks import Events, lane_above
from .palette import BLACK, GREY, LINE_COLOURS, LINE_MARKERS, RECEIVED, SENT
from .sources import Subject, choices
from .streams import NEEDED, Series, flags, series_of, steps
from .wording import axis_label, close_to, flat, listed, unit_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .canvas import Many
    from .clock import Floats
    from .sources import Drawable

METRICS = ("bitrate_kbps", "loss_pct", "jitter_ms", "rtt_ms")
MOST = len(LINE_COLOURS)
"""Streams that get a line of their own in a panel; of more, the most conspicuous ones do and the rest is grey."""

LOW_IS_WORSE = ("bitrate_kbps", "packets_per_s", "packets", "bytes", "fps", "width", "height", "frames", "score")
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


def metric_columns(table: pd.DataFrame) -> list[str]:
    """List what can be drawn of a table of intervals: its numbers, and what limits the encoder."""
    numbers = [
        name
        for name in table.columns
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]) and name != "ssrc"
    ]
    return [*numbers, *(["limited_by"] if "limited_by" in table.columns else [])]


def check_metrics(metrics: object, table: pd.DataFrame) -> list[str]:
    """
    Understand the argument ``metrics``.

    Raises
    ------
    InvalidArgumentError
        Where one is not a measure of the table, with what might have been meant.
    """
    if isinstance(metrics, str):
        metrics = [metrics]
    known = metric_columns(table)
    try:
        wanted = list(metrics)  # type: ignore[call-overload]
    except TypeError:
        wanted = []
    if not wanted:
        msg = f"metrics= takes one or several of: {listed(known)}. It is {metrics!r}."
        raise InvalidArgumentError(msg)
    for name in wanted:
        if name not in known:
            declared = TABLES["quality"].index
            if name in table.columns or name in declared:
                problem = f"{name!r} is no measure that has a size"
            else:
                titles = {flat(one): one for one in known}
                meant = titles.get(str(name).replace("_", " "))
                near = f" Did you mean {meant!r}?" if meant else close_to(str(name), known)
                problem = f"There is no measure {name!r}.{near}"
            msg = f"{problem.rstrip('.')}{'' if problem.endswith('?') else '.'} Measures: {listed(known)}."
            raise InvalidArgumentError(msg)
    return list(dict.fromkeys(wanted))


def stream_ids(streams: object, table: pd.DataFrame) -> list[str] | None:
    """Understand the argument ``streams``: ids, the starts of ids, or a table with a column ``stream_id``."""
    if streams is None:
        return None
    if isinstance(streams, pd.DataFrame) and "stream_id" in streams.columns:
        wanted: list[Any] = list(streams["stream_id"].dropna())
    elif isinstance(streams, str):
        wanted = [streams]
    else:
        try:
            wanted = list(streams)  # type: ignore[call-overload]
        except TypeError:
            wanted = [streams]
    known = [str(one) for one in table["stream_id"].dropna().unique()]
    found: list[str] = []
    for one in wanted:
        ids = (
            [one] if one in known else [name for name in known if isinstance(one, str) and one and name.startswith(one)]
        )
        if not ids:
            msg = (
                f"There is no stream {one!r}. Streams are named by stream_id, see call.streams;"
                f" there: {listed(known, most=8)}."
            )
            raise InvalidArgumentError(msg)
        found += ids
    return found


def quality(
    call: Drawable,
    *,
    metrics: str | Iterable[str] = METRICS,
    participant: object = None,
    media: str | Iterable[str] | None = None,
    direction: str | Iterable[str] | None = None,
    streams: object = None,
    window: Sequence[Any] | None = None,
    tz: str | dt.tzinfo = "UTC",
    events: bool = True,
    ax: Many = None,
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw measures over time, one panel a measure, one line a stream.

    A sample speaks for the interval before it, so each is a step from ``start`` to ``end`` with its mark at the end.
    Where nothing is known (a first sample, a gap, a reset) there is no line.

    Parameters
    ----------
    call
        A Call, the table ``quality``, or tables by name (``quality``, ``events``, ``participants``).
    metrics
        Measures: numeric columns of ``quality``, or ``limited_by``.
    participant
        Whose streams, as that participant's own client measured them: a name or peer id, or several.
    media, direction
        Which streams: "audio", "video", "screenshare_audio", "screenshare_video"; "consumer" (received),
        "producer" (sent); one or several.
    streams
        Which streams, by ``stream_id`` (its start is enough), or a table that has that column.
    window
        Start and end; times without a zone are in ``tz``, None leaves a side open.
    tz
        Time zone of the axis, which names it.
    events
        Whether to draw the client events of the same people.
    ax
        An Axes for each measure, or a Figure or SubFigure; a new pyplot figure by default.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        One for each measure, in order; shape (len(metrics),), dtype object.

    Raises
    ------
    InvalidArgumentError
        Where an argument cannot mean anything.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.plot.quality(call, metrics=["loss_pct", "rtt_ms"], participant="Alma")  # doctest: +SKIP
    """
    subject = Subject.of(call, "quality", NEEDED)
    table = subject["quality"]
    wanted = check_metrics(metrics, table)
    where = zone(tz)
    peers = subject.peers(participant)
    view = window_of(window, where)
    chosen = select(table, peers, media=media, direction=direction, streams=stream_ids(streams, table), view=view)
    axes = many_axes(ax, [1.45] * len(wanted), sharex=True, extra=1.6)
    if chosen.empty:
        words = why_empty(subject, table, peers, filtered=not table.empty)
        for one, metric in zip(axes, wanted, strict=True):
            say(one, words if one is axes[0] else "nothing to draw")
            one.set_ylabel(axis_label(metric), fontsize=SMALL)
        headline(axes[0], "Quality over time")
        return array_of(axes)
    lines = series_of(chosen, subject)
    shown_people = sorted({one.peer_id for one in lines})
    first, last = extent(chosen, view)
    happened = Events.of(
        subject["events"] if events else subject["events"].iloc[:0], shown_people, *around(first, last, view)
    )
    if len(happened):
        air = (last - first) * 0.01
        first, last = min(first, float(happened.at.min()) - air), max(last, float(happened.at.max()) + air)
        first, last = max(first, view[0]), min(last, view[1])
    drawn = Panels(chosen, lines, wanted)
    for one, metric in zip(axes, wanted, strict=True):
        drawn.draw(one, metric)
        time_axis(one, where, first, last, label=one is axes[-1])
    extra: tuple[list[Artist], list[str]] = ([], [])
    top = axes[0]
    if len(happened):
        happened.lines(axes)
        top = lane_above(
            axes[0], happened, {peer: name for peer, name in subject.names.items() if peer in shown_people}
        )
        extra = happened.legend()
    headline(
        top, f"Quality over time: {subject.name(shown_people[0])}" if peers and len(peers) == 1 else "Quality over time"
    )
    handles, labels = drawn.legend()
    legend_below(axes[-1], [*handles, *extra[0]], [*labels, *extra[1]], points=36)
    return array_of(axes)


def select(
    table: pd.DataFrame,
    peers: Sequence[str] | None,
    *,
    media: object = None,
    direction: object = None,
    streams: Sequence[str] | None = None,
    view: tuple[float, float] = (-np.inf, np.inf),
) -> pd.DataFrame:
    """Choose rows of ``quality``; an interval counts where any of it is in view."""
    keep = pd.Series(data=True, index=table.index)
    for name, values in (
        ("peer_id", peers),
        ("media", choices(media, "media", MEDIA)),
        ("direction", choices(direction, "direction", DIRECTIONS)),
        ("stream_id", streams),
    ):
        if values is not None:
            keep &= table[name].isin(values)
    end = positions(table["end"])
    start = positions(table["start"])
    begin = np.where(np.isfinite(start), start, end)
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(end) & (end >= view[0]) & (begin <= view[1])
    return table[keep.to_numpy(dtype=bool) & inside]


def extent(table: pd.DataFrame, view: tuple[float, float]) -> tuple[float, float]:
    """Range of the time axis: the window where it is closed, else what there is, with a little air."""
    times = np.concatenate([positions(table["start"]), positions(table["end"])])
    low, high = float(np.nanmin(times)), float(np.nanmax(times))
    air = max((high - low) * 0.01, SECOND)
    return (
        view[0] if np.isfinite(view[0]) else low - air,
        view[1] if np.isfinite(view[1]) else high + air,
    )


def around(first: float, last: float, view: tuple[float, float]) -> tuple[float, float]:
    """Range in which events belong to the samples shown: joining and leaving happen just outside of them."""
    return (
        view[0] if np.isfinite(view[0]) else first - 20 * SECOND,
        view[1] if np.isfinite(view[1]) else last + 20 * SECOND,
    )


def why_empty(subject: Subject, table: pd.DataFrame, peers: Sequence[str] | None, *, filtered: bool) -> str:
    """Say in words why there is nothing to draw."""
    if peers is not None and subject.knows("participants") and "report" in subject["participants"].columns:
        people = subject["participants"].set_index("peer_id")["report"]
        for peer in peers:
            if people.get(peer, "read") != "read":
                state = {"missing": "the API has no report", "failed": "the report could not be read"}
                words = state.get(str(people[peer]), "the report was not fetched")
                return f"Nothing is known of {subject.name(peer)}'s media: {words}."
        if not table["peer_id"].isin(peers).any():
            return f"The report of {' and '.join(subject.name(peer) for peer in peers)} holds no samples."
    if filtered:
        return "No samples fit this choice of participant, media, direction, streams and window."
    return "No samples: no report of this call holds any."


class Panels:
    """The lines of a quality plot: the same stream looks the same in every panel."""

    def __init__(self, table: pd.DataFrame, series: Sequence[Series], metrics: Sequence[str]) -> None:
        self.table = table
        self.series = list(series)
        self.start = positions(table["start"])
        self.end = positions(table["end"])
        self.gap = flags(table, "gap")
        self.reset = flags(table, "reset")
        self.telling = min(metrics, key=lambda name: TELLING.index(name) if name in TELLING else len(TELLING))
        self._lead = self._leading()
        self._marked: dict[str, Artist] = {}

    def values(self, metric: str) -> Floats:
        """Read a measure as numbers; what limits an encoder as its place in the vocabulary."""
        column = self.table[metric]
        if metric == "limited_by":
            text = column.astype("object")
            return np.asarray([LIMITS.index(one) if one in LIMITS else np.nan for one in text], dtype="float64")
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan), dtype="float64")

    def _leading(self) -> list[int]:
        """Choose the streams that get lines of their own: all, or those that stand out most in the telling measure."""
        if len(self.series) <= MOST:
            return list(range(len(self.series)))
        sign = -1.0 if self.telling in LOW_IS_WORSE else 1.0
        values = sign * self.values(self.telling)
        worst = [float(np.nanmax(values[one.rows], initial=-np.inf)) for one in self.series]
        return sorted(sorted(range(len(worst)), key=lambda i: -worst[i])[:MOST])

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
        score = self.table.get("score_scale")
        wide = score is not None and bool((score == "1-5").any())
        ax.set_ylabel(label or axis_label(metric, wide_score=wide), fontsize=SMALL)
        quiet(ax, grid="both")
        if not np.isfinite(numbers).any():
            self._nothing(ax, metric)
            return
        lead = self._lead
        rest = [i for i in range(len(self.series)) if i not in lead]
        if rest:
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
            f"no values of {flat(metric)}: {why[0].lower()}{why[1:]}",
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
        if not samples:
            return
        every = max(1, -(-len(samples) // 40))
        ax.plot(
            x,
            y,
            **self.look(place),
            markevery=samples[::every],
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

    def _strip(self, ax: Axes, numbers: Floats) -> None:
        """Mark gaps and resets at the foot of a panel, whatever its scale."""
        measured = np.zeros(len(numbers), dtype=bool)
        for one in self.series:
            if np.isfinite(numbers[one.rows]).any():
                measured[one.rows] = True
        foot = ax.get_xaxis_transform()
        spans = merged(self.start[self.gap & measured], self.end[self.gap & measured])
        for begin, end in spans:
            ax.axvspan(
                begin,
                end,
                facecolor="#F0F0F0",
                edgecolor=GREY,
                hatch="////",
                linewidth=0,
                alpha=0.5,
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
            handles.append(Line2D([], [], color=GREY, linewidth=0.8, alpha=0.7))
            side = "lowest" if self.telling in LOW_IS_WORSE else "highest"
            labels.append(f"{rest} other streams (named are those of {side} {flat(self.telling)})")
        words = {"gap": "gap: no samples of a stream", "reset": "reset: counters began anew"}
        for kind, handle in self._marked.items():
            handles.append(handle)
            labels.append(words[kind])
        return handles, labels


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
