"""Quality over time: any measures as small multiples, a step for every interval, gaps left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.local_time import time_zone
from rtkit_explore.plot.event_markers import Events, lane_above
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.labels import axis_label
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, make_room, many_axes, show_message
from rtkit_explore.plot.metric_columns import with_metrics
from rtkit_explore.plot.panels import Panels
from rtkit_explore.plot.selection import extent, select, stream_ids, why_empty
from rtkit_explore.plot.streams import NEEDED, series_of
from rtkit_explore.plot.time_axis import SECOND, time_axis, window_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist

    from rtkit_explore.metrics.metric import Metric
    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import Many

METRICS = ("bitrate_kbps", "loss_pct", "jitter_ms", "rtt_ms")


def quality(
    call: Drawable,
    *,
    metrics: str | Metric | Iterable[str | Metric] = METRICS,
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
    The line is interrupted where nothing is known (a first sample, a gap, a reset).

    Parameters
    ----------
    call
        A Call, the table ``quality``, or tables by name (``quality``, ``events``, ``participants``).
    metrics
        Measures: numeric columns of ``quality``, ``limited_by``, and metrics of ``rtk.metric``.
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
        If an argument cannot mean anything.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.plot.quality(call, metrics=["loss_pct", "rtt_ms"], participant="Alma")  # doctest: +SKIP
    """
    subject = PlotInput.of(call, "quality", NEEDED)
    table = subject["quality"]
    table, wanted = with_metrics(subject, table, metrics)
    where = time_zone(tz)
    peers = subject.peers(participant)
    view = window_of(window, where, table)
    chosen = select(table, peers, media=media, direction=direction, streams=stream_ids(streams, table), view=view)
    if chosen.empty:
        axes = many_axes(ax, [1.2, *([0.6] * (len(wanted) - 1))], sharex=True, extra=0.4)
        words = why_empty(subject, table, peers, filtered=not table.empty)
        for one, metric in zip(axes, wanted, strict=True):
            show_message(one, words if one is axes[0] else "nothing to draw")
            one.set_ylabel(axis_label(metric), fontsize=SMALL)
        headline(axes[0], "Quality over time")
        return array_of(axes)
    axes = many_axes(ax, [1.45] * len(wanted), sharex=True, extra=1.6)
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
    handles, labels = drawn.legend()
    if len(happened):
        extra = happened.legend()
    if ax is None:
        rows = min(len(set(happened.peer)), 6) if len(happened) else 0
        make_room(axes[0], 1.45 * len(wanted), [*labels, *extra[1]], strip_rows=rows)
    if len(happened):
        happened.lines(axes)
        top = lane_above(
            axes[0], happened, {peer: name for peer, name in subject.names.items() if peer in shown_people}
        )
    headline(
        top, f"Quality over time: {subject.name(shown_people[0])}" if peers and len(peers) == 1 else "Quality over time"
    )
    legend_below(axes[-1], [*handles, *extra[0]], [*labels, *extra[1]], points=36)
    return array_of(axes)


def around(first: float, last: float, view: tuple[float, float]) -> tuple[float, float]:
    """Range in which events belong to the samples shown: joining and leaving happen just outside of them."""
    return (
        view[0] if np.isfinite(view[0]) else first - 20 * SECOND,
        view[1] if np.isfinite(view[1]) else last + 20 * SECOND,
    )
