"""
A finding as a plot: the very values that were judged, their threshold, and when the finding holds.

Nothing is worked out here: the values come from the rule (``findings.rules``), which the finding names.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.evaluate import ready
from rtkit_explore.findings.profiles import PROFILES, Limit, profile_of
from rtkit_explore.findings.rules import BY_NAME
from rtkit_explore.findings.segments import values_as_judged
from rtkit_explore.local_time import time_zone
from rtkit_explore.plot.candidate_pairs import candidate_pairs
from rtkit_explore.plot.device_changes import device_changes
from rtkit_explore.plot.event_markers import Events, lane_above
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.labels import axis_label, listed, shown
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, many_axes, show_message
from rtkit_explore.plot.palette import BLACK
from rtkit_explore.plot.panels import Panels
from rtkit_explore.plot.streams import KEYS, NEEDED, series_of
from rtkit_explore.plot.time_axis import SECOND, positions, time_axis
from rtkit_explore.plot.timeline import timeline
from rtkit_explore.table_schema.columns import MEDIA
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import empty

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.findings.rules.rule import Rule
    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import Many
    from rtkit_explore.plot.streams import Series

WINDOW = "#FFE9C7"
_VALUE = "judged value"
_DRAWN = (*KEYS, *NEEDED, "remote_peer_id", "producer_id", "width", "gap", "reset", "score_scale")
"""Columns that any of the panels reads."""


def finding(
    call: Drawable,
    finding: object,
    *,
    tz: str | dt.tzinfo = "UTC",
    events: bool = True,
    profile: ProfileLike | None = None,
    ax: Many = None,
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw what a finding rests on: its rule's values around that moment, the threshold drawn in, the window shaded.

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
    profile
        Profile that carries the finding's rule, where it is a rule of your own and this Call was not judged by it.
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
        If it is not a finding, or not one of this call.
    """
    # The evidence is in everybody's reports, even if the call was narrowed to one participant.
    subject = PlotInput.of(call.whole if isinstance(call, Call) else call, "quality", NEEDED)
    row = _row(call, finding)
    _check_session(subject, row)
    where, peer = time_zone(tz), row.get("peer_id")
    rule, limits = _rule_of(subject, row, profile)
    start, end = (float(positions([row.get(name)])[0]) for name in ("start", "end"))
    who = [peer] if isinstance(peer, str) and peer in subject.names else None
    if rule.drawn != "stream":
        one = _elsewhere(subject, rule, who, tz=where, events=events, ax=_only(ax))
        if rule.drawn != "paths":
            _shade([one], start, end)
        headline(one, _headline(row, subject, rule))
        return array_of([one])
    return _over_time(subject, row, rule, _Moment(start, end, who, where, events=events), ax, limits=limits)


@dataclass(frozen=True)
class _Moment:
    """When, whose, and how it is drawn."""

    start: float
    end: float
    who: list[str] | None
    tz: dt.tzinfo
    events: bool


def _over_time(
    subject: PlotInput, row: Mapping[str, Any], rule: Rule, moment: _Moment, ax: Many, *, limits: Sequence[Limit]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Draw the judged values over time, what explains them below, and the threshold in their unit."""
    words = _headline(row, subject, rule)
    values, main, others = _evidence(subject, row, rule, limits)
    axes = many_axes(ax, [1.5] * (1 + len(rule.beside)), sharex=True, extra=1.9)
    if main.empty:
        why = "The rows of quality that this finding rests on are not among the tables given."
        for one in axes:
            show_message(one, why if one is axes[0] else "nothing to draw")
        headline(axes[0], words)
        return array_of(axes)
    first, last = _around(main, moment.start, moment.end)
    own = set(main["stream_id"].astype("object"))
    # The judged values have one row per stream and sample; the columns below have one per layer as well.
    judged = _clipped(values, first, last)
    ranked = f"{'lowest' if rule.low else 'highest'} {rule.title}"
    drawn = Panels(judged, _own_first(judged, subject, own), (_VALUE,), lead=own, ranked=ranked, low=rule.low)
    spans = [limit.span for limit in limits if limit.over != "sample" and row.get("media") in (limit.media or MEDIA)]
    over = "".join(f"\n{textwrap.fill(span, 18)}" for span in spans[:1])
    drawn.draw(axes[0], _VALUE, label=f"{rule.title}\n({_unit(row, rule)}){over}")
    table = _clipped(pd.concat([main, others]), first, last)
    # The panels below name the very streams that the judged values are named of: one legend speaks for all.
    lead = {drawn.series[place].stream_id for place in drawn.leading}
    lines = _own_first(table, subject, own)
    below = Panels(table, lines, rule.beside, lead=lead, ranked=ranked) if rule.beside else drawn
    for one, metric in zip(axes[1:], rule.beside, strict=True):
        if metric in table.columns:
            below.draw(one, metric)
        else:
            show_message(one, f"the table given has no column {metric}")
            one.set_ylabel(axis_label(metric), fontsize=SMALL)
    limit = _threshold(axes[0], row, rule)
    _shade(axes, moment.start, moment.end)
    for one in axes:
        time_axis(one, moment.tz, first, last, label=one is axes[-1])
    happened = Events.of(subject["events"] if moment.events else subject["events"].iloc[:0], moment.who, first, last)
    top = axes[0]
    marks: tuple[list[Artist], list[str]] = ([], [])
    if len(happened):
        happened.lines(axes)
        top = lane_above(axes[0], happened, {one: subject.names[one] for one in moment.who or ()})
        marks = happened.legend()
    headline(top, words)
    handles, labels = below.legend()
    extra: list[tuple[Artist, str]] = [*limit, (Patch(facecolor=WINDOW), "when the finding holds")]
    legend_below(
        axes[-1],
        [*handles, *(handle for handle, _ in extra), *marks[0]],
        [*labels, *(label for _, label in extra), *marks[1]],
        points=36,
    )
    return array_of(axes)


def _own_first(table: pd.DataFrame, subject: PlotInput, own: set[object]) -> list[Series]:
    """Name the series of a table, those of the finding's own stream first."""
    return sorted(series_of(table, subject), key=lambda one: one.stream_id not in own)


def _clipped(table: pd.DataFrame, first: float, last: float) -> pd.DataFrame:
    """Keep the rows of a range of time; all where none is in it."""
    moment = positions(table["end"])
    begin = np.fmin(positions(table["start"]), moment)
    inside = (moment >= first) & (begin <= last)
    return table[inside] if inside.any() else table


def _rule_of(subject: PlotInput, row: Mapping[str, Any], profile: ProfileLike | None) -> tuple[Rule, tuple[Limit, ...]]:
    """
    Find the rule of a finding and the limits it was judged by.

    They are those of the profile given, or of any that this call was judged by, or of one that ships.
    """
    name = str(row["rule"])
    profiles = [PROFILES[str(row.get("profile"))]] if str(row.get("profile")) in PROFILES else []
    if subject.call is not None and profile is None:
        profiles += [one for one in subject.call.judging.evaluations if one.name == row.get("profile")]
    if profile is not None:
        profiles = [profile_of(profile)]
    for one in reversed(profiles):
        found = one.rule(name)
        if found is not None:
            return found, one.of(name)
    if name not in BY_NAME:
        msg = (
            f"Nothing is known of the rule {name!r}: it is none of those that ship."
            " Give profile=, the profile that carries it."
        )
        raise InvalidArgumentError(msg)
    return BY_NAME[name], ()


def _unit(row: Mapping[str, Any], rule: Rule) -> str:
    unit = row.get("unit")
    return unit if rule.value is None and isinstance(unit, str) else rule.unit


def _evidence(
    subject: PlotInput, row: Mapping[str, Any], rule: Rule, limits: Sequence[Limit]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the judged values as rows of one column, and the rows of ``quality`` of the stream and its other ends."""
    quality = _whole(subject["quality"])
    # A rule without values names the column that it judges as its unit, or is about the stream as a whole.
    column = next(name for name in (str(row.get("unit")), rule.unit, "packets") if name in quality.columns)
    # The table is wide, and is cut many times below.
    drawn = quality[[name for name in dict.fromkeys((*_DRAWN, *rule.beside, column)) if name in quality.columns]]
    main, others = _rows(drawn, row)
    if rule.value is None:
        return pd.concat([main, others]).assign(**{_VALUE: lambda table: table[column]}), main, others
    context = subject.call.judging if subject.call is not None else _context_of(subject, quality)
    arrays = context.arrays
    values = values_as_judged(context, rule, limits)
    raw = np.asarray(rule.value(context), dtype="float64")
    own = _places(quality, main)
    ours = np.isin(arrays.row, np.concatenate([own, _places(quality, others)]))
    row_of, values, raw, known = arrays.row[ours], values[ours], raw[ours], arrays.known[ours]
    # The other ends of the stream are not judged by this rule; they are shown by the same measure.
    unjudged = np.isnan(values) & known & ~np.isin(row_of, own)
    start = pd.to_datetime(np.asarray(arrays.start[ours], dtype="datetime64[us]"), utc=True).where(known)
    shown_rows = drawn.iloc[row_of].assign(start=start, ssrc=0, **{_VALUE: np.where(unjudged, raw, values)})
    return shown_rows, main, others


def _context_of(subject: PlotInput, quality: pd.DataFrame) -> Context:
    """Prepare tables that were given without their Call for the rules."""
    names = ("participants", "peer_events", "events", "device_changes", "candidate_pairs")
    return ready(_Tables(None, dict(subject.names), quality, *(subject[name] for name in names)))


@dataclass(frozen=True)
class _Tables:
    """Tables in place of a Call, as the rules take them."""

    session_id: str | None
    names: Mapping[str, str]
    quality: pd.DataFrame
    participants: pd.DataFrame
    peer_events: pd.DataFrame
    events: pd.DataFrame
    device_changes: pd.DataFrame
    candidate_pairs: pd.DataFrame


def _whole(quality: pd.DataFrame) -> pd.DataFrame:
    """Return ``quality`` with rows counted from 0, and all of its columns: a table given may lack some."""
    lacking = [column.name for column in TABLES["quality"].columns if column.name not in quality.columns]
    if lacking:
        shape = empty(TABLES["quality"])
        missing = {name: pd.Series(pd.NA, index=quality.index).astype(shape[name].dtype) for name in lacking}
        quality = quality.assign(**missing)
    return quality.reset_index(drop=True)


def _places(quality: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return where in ``quality`` some of its rows stand."""
    return np.asarray(quality.index.get_indexer(rows.index))


def _row(call: object, finding: object) -> Mapping[str, Any]:
    """Parse the argument ``finding``."""
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
    """Raise if a finding belongs to another call: it would be drawn on the wrong people and times."""
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


def _headline(row: Mapping[str, Any], subject: PlotInput, rule: Rule) -> str:
    """Name rule, severity and person, then the story, broken to the width of the plot."""
    severity = row.get("severity")
    name = subject.name(row.get("peer_id")) if isinstance(row.get("peer_id"), str) else "the call"
    head = f"{shown(row['rule']).replace('_', ' ')}{f' ({severity})' if isinstance(severity, str) else ''}: {name}"
    story = row.get("story")
    if not isinstance(story, str) or not story:
        return head
    return "\n".join(
        [head, *textwrap.wrap(shown(story, longest=400), 68 if rule.drawn in ("paths", "devices") else 112)]
    )


def _only(ax: Many) -> Any:
    """Take the one Axes that a plot of one Axes needs."""
    if isinstance(ax, list | tuple | np.ndarray):
        return many_axes(ax, [1.0])[0]
    return ax


def _elsewhere(subject: PlotInput, rule: Rule, who: list[str] | None, *, tz: dt.tzinfo, events: bool, ax: Any) -> Axes:
    tables: Drawable = subject.call if subject.call is not None else subject.given
    if rule.drawn == "paths":
        return candidate_pairs(tables, participants=who, tz=tz, ax=ax)
    if rule.drawn == "devices":
        return device_changes(tables, participants=who, tz=tz, ax=ax)
    return timeline(tables, participants=who, events=events, tz=tz, ax=ax)


def _rows(quality: pd.DataFrame, row: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the stream that shows the finding, and of the other ends of the same stream, for comparison."""
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


def _threshold(ax: Axes, row: Mapping[str, Any], rule: Rule) -> list[tuple[Artist, str]]:
    """Draw the threshold, in the unit of the values; return what the legend says of it."""
    value = row.get("threshold")
    if not isinstance(value, int | float | np.integer | np.floating) or not np.isfinite(value):
        return []
    unit, severity, source = str(row.get("unit") or ""), row.get("severity"), row.get("profile")
    side = "below" if rule.low else "above"
    unit_words = f" {shown(unit)}" if unit else ""
    words = f"threshold: {severity if isinstance(severity, str) else 'raised'} {side} {float(value):g}{unit_words}" + (
        f" (profile {shown(source)})" if isinstance(source, str) else ""
    )
    if rule.value is None or unit not in ("", rule.unit):
        return [(Line2D([], [], linestyle="none"), f"{words}, of the whole stream")]
    at = float(value)
    style: dict[str, Any] = {"color": BLACK, "linewidth": 1.6, "linestyle": (0, (7, 2, 1.5, 2))}
    ax.axhline(at, **style, zorder=2.5, gid="threshold")
    low, high = ax.get_ylim()
    ax.set_ylim(low, max(high, at * 1.15))
    return [(Line2D([], [], **style), words)]
