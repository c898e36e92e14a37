"""A finding as a plot: the measure that it rests on at that moment, its threshold, its window."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.candidate_pairs import candidate_pairs
from rtkit_explore.plot.device_changes import device_changes
from rtkit_explore.plot.event_markers import Events, lane_above
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.labels import axis_label, listed, shown
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, many_axes, show_message
from rtkit_explore.plot.palette import BLACK
from rtkit_explore.plot.panels import Panels
from rtkit_explore.plot.rule_measures import ON_DEVICES, ON_PATHS, ON_PEOPLE, Measure, measure_of
from rtkit_explore.plot.streams import NEEDED, series_of
from rtkit_explore.plot.time_axis import SECOND, positions, time_axis, zone
from rtkit_explore.plot.timeline import timeline

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import Many

WINDOW = "#FFE9C7"


def finding(
    call: Drawable,
    finding: object,
    *,
    tz: str | dt.tzinfo = "UTC",
    events: bool = True,
    ax: Many = None,
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw what a finding rests on: its measure around that moment, the threshold drawn in, the window shaded.

    Parameters
    ----------
    call
        The Call of the finding, its table ``quality``, or tables by name.
    finding
        A row of ``call.findings()``: ``call.findings().iloc[0]``, a dict, a table of one row; or its number.
    tz
        Time zone of the axis, which names it.
    events
        Whether to draw the client events of that participant.
    ax
        As many Axes as there are panels (two or three for streams, else one), or a Figure or SubFigure; a new pyplot
        figure by default.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        The panels, the one with the threshold first. Findings on paths, devices and presence give the plot of these,
        as one Axes.

    Raises
    ------
    InvalidArgumentError
        Where it is no finding, or not one of this call.
    """
    subject = PlotInput.of(call, "quality", NEEDED)
    row = _row(call, finding)
    _check_session(subject, row)
    where = zone(tz)
    rule, peer = str(row["rule"]), row.get("peer_id")
    start, end = (float(positions([row.get(name)])[0]) for name in ("start", "end"))
    words = _headline(row, subject)
    who = [peer] if isinstance(peer, str) and peer in subject.names else None
    if rule in (*ON_PATHS, *ON_PEOPLE, *ON_DEVICES):
        one = _elsewhere(subject, rule, who, tz=where, events=events, ax=_only(ax))
        if rule not in ON_PATHS:
            _shade([one], start, end)
        headline(one, words)
        return array_of([one])
    measure = measure_of(row)
    main, others = _rows(subject["quality"], row)
    axes = many_axes(ax, [1.5] * (1 + len(measure.beside)), sharex=True, extra=1.9)
    if main.empty:
        why = "The rows of quality that this finding rests on are not among the tables given."
        for one in axes:
            show_message(one, why if one is axes[0] else "nothing to draw")
        headline(axes[0], words)
        return array_of(axes)
    first, last = _around(main, start, end)
    table = pd.concat([main, others])
    moment = positions(table["end"])
    begin = np.fmin(positions(table["start"]), moment)
    table = table[(moment >= first) & (begin <= last)] if ((moment >= first) & (begin <= last)).any() else table
    own = set(main.index)
    lines = series_of(table, subject)
    lines.sort(key=lambda one: table.index[int(one.rows[0])] not in own)
    drawn = Panels(table, lines, measure.beside)
    drawn.draw(axes[0], rule, values=measure.values(table), label=f"{measure.title}\n({measure.unit})")
    for one, metric in zip(axes[1:], measure.beside, strict=True):
        if metric in table.columns:
            drawn.draw(one, metric)
        else:
            show_message(one, f"the table given has no column {metric}")
            one.set_ylabel(axis_label(metric), fontsize=SMALL)
    limit = _threshold(axes[0], row, measure)
    _shade(axes, start, end)
    for one in axes:
        time_axis(one, where, first, last, label=one is axes[-1])
    happened = Events.of(subject["events"] if events else subject["events"].iloc[:0], who, first, last)
    top = axes[0]
    marks: tuple[list[Artist], list[str]] = ([], [])
    if len(happened):
        happened.lines(axes)
        top = lane_above(axes[0], happened, {one: name for one, name in subject.names.items() if one == peer})
        marks = happened.legend()
    headline(top, words)
    handles, labels = drawn.legend()
    extra: list[tuple[Artist, str]] = [*limit, (Patch(facecolor=WINDOW), "when the finding holds")]
    legend_below(
        axes[-1],
        [*handles, *(handle for handle, _ in extra), *marks[0]],
        [*labels, *(label for _, label in extra), *marks[1]],
        points=36,
    )
    return array_of(axes)


def _row(call: object, finding: object) -> Mapping[str, Any]:
    """Understand the argument ``finding``."""
    how = "Give a row of call.findings(), for example call.findings().iloc[0]"
    if isinstance(finding, int) and isinstance(call, Call):
        table = call.findings()
        if not -len(table) <= finding < len(table):
            msg = f"This call has {len(table)} findings, counted from 0; there is no number {finding}."
            raise InvalidArgumentError(msg)
        finding = table.iloc[finding]
    if isinstance(finding, pd.DataFrame):
        if len(finding) != 1:
            msg = f"A plot shows one finding, and this table has {len(finding)}. {how}."
            raise InvalidArgumentError(msg)
        finding = finding.iloc[0]
    if hasattr(finding, "_asdict"):
        finding = finding._asdict()
    if isinstance(finding, pd.Series):
        finding = {str(name): value for name, value in finding.items()}
    if not isinstance(finding, Mapping):
        msg = f"{how}, not {type(finding).__name__}."
        raise InvalidArgumentError(msg)
    lacking = [name for name in ("rule", "peer_id", "start", "end") if name not in finding]
    if lacking:
        msg = f"This is no finding: it lacks {listed(lacking)}. {how}."
        raise InvalidArgumentError(msg)
    return finding


def _check_session(subject: PlotInput, row: Mapping[str, Any]) -> None:
    """Refuse a finding of another call, which would be drawn on the wrong people and times."""
    its = row.get("session_id")
    if subject.call is not None:
        known = {subject.call.session_id}
    else:
        quality = subject["quality"]
        known = set(quality["session_id"].dropna()) if "session_id" in quality.columns else set()
    known.discard(None)
    if isinstance(its, str) and known and its not in known:
        msg = f"This finding is of session {its}, not of {listed(sorted(map(str, known)))}: give its own Call."
        raise InvalidArgumentError(msg)


def _headline(row: Mapping[str, Any], subject: PlotInput) -> str:
    """Name rule, severity and person, then the story, broken to the width of the plot."""
    severity = row.get("severity")
    name = subject.name(row.get("peer_id")) if isinstance(row.get("peer_id"), str) else "the call"
    head = f"{shown(row['rule']).replace('_', ' ')}{f' ({severity})' if isinstance(severity, str) else ''}: {name}"
    story = row.get("story")
    if not isinstance(story, str) or not story:
        return head
    return "\n".join(
        [head, *textwrap.wrap(shown(story, longest=400), 68 if row["rule"] in (*ON_PATHS, *ON_DEVICES) else 112)]
    )


def _only(ax: Many) -> Any:
    """Take the one Axes that a plot of one Axes needs."""
    if isinstance(ax, list | tuple | np.ndarray):
        return many_axes(ax, [1.0])[0]
    return ax


def _elsewhere(subject: PlotInput, rule: str, who: list[str] | None, *, tz: dt.tzinfo, events: bool, ax: Any) -> Axes:
    tables: Drawable = subject.call if subject.call is not None else subject.given
    if rule in ON_PATHS:
        return candidate_pairs(tables, participants=who, ax=ax)
    if rule in ON_DEVICES:
        return device_changes(tables, participants=who, tz=tz, ax=ax)
    return timeline(tables, participants=who, events=events, tz=tz, ax=ax)


def _rows(quality: pd.DataFrame, row: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the stream that shows the finding, and of the other ends of the same stream, for comparison."""
    quality = quality.reset_index(drop=True)
    mine = quality["peer_id"].eq(row["peer_id"]).fillna(value=False) if row.get("peer_id") is not None else None
    stream = row.get("stream_id")
    if isinstance(stream, str):
        same = quality["stream_id"].eq(stream).fillna(value=False).astype(bool)
        if mine is not None and (same & mine.astype(bool)).any():
            same &= mine.astype(bool)
        main = quality[same]
        if main.empty or "producer_id" not in quality.columns:
            return main, quality.iloc[:0]
        source = {str(one) for one in main["producer_id"].dropna().unique()}
        if (main["direction"] == "producer").any():
            source.add(stream)
        linked = quality["producer_id"].isin(source) | quality["stream_id"].isin(source)
        return main, quality[linked.astype(bool) & ~same]
    main = quality[mine.astype(bool)] if mine is not None and isinstance(row.get("peer_id"), str) else quality
    for name in ("media", "direction"):
        if isinstance(row.get(name), str):
            main = main[main[name] == row[name]]
    return main, quality.iloc[:0]


def _around(main: pd.DataFrame, start: float, end: float) -> tuple[float, float]:
    """Range of the plot: the window and as much again at either side, at least half a minute, within the stream."""
    ends = positions(main["end"])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    if not (np.isfinite(start) and np.isfinite(end)):
        return low - SECOND, high + SECOND
    air = max(end - start, 30 * SECOND)
    return max(start - air, min(low, start) - SECOND), min(end + air, max(high, end) + SECOND)


def _shade(axes: Sequence[Axes], start: float, end: float) -> None:
    if not (np.isfinite(start) and np.isfinite(end)):
        return
    for ax in axes:
        ax.axvspan(start, max(end, start + SECOND / 5), facecolor=WINDOW, linewidth=0, zorder=0.4, gid="window")
        for at in (start, end):
            ax.axvline(at, color=BLACK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0.6, gid="edge of the window")


_CONVERSIONS = {("s", "ms"): 1000.0, ("ms", "s"): 0.001, ("share of time", "%"): 100.0, ("%", "share of time"): 0.01}


def _threshold(ax: Axes, row: Mapping[str, Any], measure: Measure) -> list[tuple[Artist, str]]:
    """Draw the threshold where its unit is the axis's; return what the legend says of it."""
    value = row.get("threshold")
    if not isinstance(value, int | float | np.integer | np.floating) or not np.isfinite(value):
        return []
    unit = str(row.get("unit") or "")
    factor = 1.0 if unit in ("", measure.unit) else _CONVERSIONS.get((unit, measure.unit), float("nan"))
    severity = row.get("severity")
    side = "below" if measure.low else "above"
    source = row.get("profile")
    unit_words = f" {shown(unit)}" if unit else ""
    words = f"threshold: {severity if isinstance(severity, str) else 'raised'} {side} {float(value):g}{unit_words}" + (
        f" (profile {shown(source)})" if isinstance(source, str) else ""
    )
    if not np.isfinite(factor) or row["rule"] == "too_little":
        return [(Line2D([], [], linestyle="none"), f"{words}, of the whole stream")]
    at = float(value) * factor
    style: dict[str, Any] = {"color": BLACK, "linewidth": 1.6, "linestyle": (0, (7, 2, 1.5, 2))}
    ax.axhline(at, **style, zorder=2.5, gid="threshold")
    low, high = ax.get_ylim()
    ax.set_ylim(low, max(high, at * 1.15))
    return [(Line2D([], [], **style), words)]
