"""One person's media on its way to another: sent, on the server, received, repaired, buffered, on one clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from rtkit_explore.call import check_call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import time_zone
from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.measures.delivery import delivery_over_time
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, make_room, many_axes, show_message
from rtkit_explore.plot.palette import BLACK, LINE_COLOURS, LINE_MARKERS, RECEIVED, SENT
from rtkit_explore.plot.streams import flags, steps
from rtkit_explore.plot.time_axis import positions, time_axis, window_of
from rtkit_explore.table_schema.columns import MEDIA
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd

    from rtkit_explore.call import Call
    from rtkit_explore.plot.layout import Many
    from rtkit_explore.plot.time_axis import Floats

MOST_LISTENERS = len(LINE_COLOURS) - 1


def delivery(
    call: Call,
    sender: str,
    *,
    to: object = None,
    media: str = "audio",
    window: Sequence[Any] | None = None,
    tz: str | dt.tzinfo = "UTC",
    ax: Many = None,
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw what one participant sent and what became of it at another, or at everybody.

    Four panels on one clock (the call's; known clock offsets are taken off): packets sent and received; packets lost,
    as the sender's far end (the server) reported them and as each listener counted them, and those that were sent but
    neither arrived nor were counted; what was concealed (audio) or shown per second (video frames); the jitter buffer.

    Parameters
    ----------
    call
        A Call.
    sender
        Whose media: a name, a part of it, or a peer id.
    to
        Who received it: a name or several; everybody by default (the seven whose streams lost most).
    media
        "audio", "video", "screenshare_audio" or "screenshare_video".
    window
        Start and end; times without a zone are in ``tz``, None leaves a side open.
    tz
        Time zone of the axis, which names it.
    ax
        Four Axes, or a Figure or SubFigure; a new pyplot figure by default.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        Shape (4,), dtype object: packets, loss, mending, buffer.

    Raises
    ------
    InvalidArgumentError
        If somebody is not in the call, or there is no such media.

    Examples
    --------
    >>> rtk.plot.delivery(call, "Alma", to="Chen")  # doctest: +SKIP
    """
    check_call(call, "rtk.plot.delivery")
    if media not in MEDIA:
        msg = f"media= is one of {', '.join(MEDIA)}, not {media!r}."
        raise InvalidArgumentError(msg)
    where = time_zone(tz)
    view = window_of(window, where, call.quality)
    me = call.peer(sender)
    listeners = None if to is None else [call.peer(one) for one in ([to] if isinstance(to, str) else list(to))]  # type: ignore[call-overload]
    names = {peer: shown(name, spare=peer[:8]) for peer, name in call.names.items()}
    quality = call.quality
    media_rows = quality[quality["media"] == media]
    own = media_rows[(media_rows["peer_id"] == me) & (media_rows["direction"] == "producer")]
    got = media_rows[(media_rows["remote_peer_id"] == me) & (media_rows["direction"] == "consumer")]
    if listeners is not None:
        got = got[got["peer_id"].isin(listeners)]
    offsets = clock_offsets(quality, call.participants, call.events)
    told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
    shifts = {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    title = f"{names.get(me, 'sender')}'s {media_words(media)} on its way" + (
        f" to {', '.join(names.get(peer, peer[:8]) for peer in listeners[:4])}" if listeners else ""
    )
    axes = many_axes(ax, [1.5, 1.3, 1.1, 1.1], sharex=True, extra=1.6)
    if own.empty and got.empty:
        for one in axes:
            show_message(one, "nothing to draw")
        show_message(axes[0], f"neither end reports {media_words(media)} of {names.get(me, 'this participant')} here")
        headline(axes[0], title)
        return array_of(axes)
    drawn = _Ends(axes, shifts, view, video=media.endswith("video"))
    drawn.sender(own, names.get(me, "sender"))
    worst = got.groupby("stream_id", observed=True)["loss_pct"].max().sort_values(ascending=False, kind="stable")
    for number, stream in enumerate(list(worst.index)[:MOST_LISTENERS]):
        rows = got[got["stream_id"] == stream].sort_values("end")
        drawn.listener(quality, rows, names.get(str(rows["peer_id"].iloc[0]), "listener"), number)
    drawn.finish(where, title, own_figure=ax is None, left_out=max(0, len(worst) - MOST_LISTENERS))
    return array_of(axes)


class _Ends:
    """Both ends of the path, drawn on four panels; a line looks the same in each."""

    def __init__(
        self, axes: Sequence[Any], shifts: dict[str, float], view: tuple[float, float], *, video: bool
    ) -> None:
        self.axes, self.shifts, self.view, self.video = axes, shifts, view, video
        self.handles: list[Line2D] = []
        self.labels: list[str] = []
        self.first, self.last = np.inf, -np.inf

    def _line(self, panel: int, start: Floats, end: Floats, values: Floats, gap: Any, **look: Any) -> None:
        inside = (end >= self.view[0]) & (np.where(np.isfinite(start), start, end) <= self.view[1])
        start, end, values, gap = start[inside], end[inside], values[inside], gap[inside]
        if not len(end) or not np.isfinite(values).any():
            return
        self.first = min(self.first, float(np.nanmin(np.where(np.isfinite(start), start, end))))
        self.last = max(self.last, float(np.nanmax(end)))
        x, y, samples = steps(start, end, values, gap)
        every = max(1, -(-len(samples) // 40))
        self.axes[panel].plot(
            x, y, markevery=samples[::every], markersize=3.6, linewidth=1.5, alpha=0.9, zorder=3, **look
        )

    def _times(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        ahead = self.shifts.get(str(rows["peer_id"].iloc[0]), 0.0) / 86400 if len(rows) else 0.0
        return positions(rows["start"]) - ahead, positions(rows["end"]) - ahead

    def sender(self, rows: pd.DataFrame, name: str) -> None:
        """Draw what was sent, and what the far end reported of it: the layers of simulcast together."""
        if rows.empty:
            return
        look = {"color": BLACK, "linestyle": SENT, "marker": LINE_MARKERS[0]}
        rows = rows.sort_values("end")
        numbers = rows.groupby("end", observed=True, sort=True)
        head = numbers.first().reset_index()
        head["peer_id"] = rows["peer_id"].iloc[0]
        start, end = self._times(head)
        gap = flags(head, "gap")
        seconds = head["interval_s"].to_numpy(dtype="float64", na_value=np.nan)
        packets = numbers["packets"].sum(min_count=1).to_numpy(dtype="float64", na_value=np.nan)
        self._line(0, start, end, packets / seconds, gap, gid="sent", **look)
        far = numbers["loss_pct"].max().clip(upper=100).to_numpy(dtype="float64", na_value=np.nan)
        self._line(1, start, end, far, gap, gid="lost on the way up", **look)
        if self.video:
            self._line(
                2,
                start,
                end,
                numbers["fps"].max().to_numpy(dtype="float64", na_value=np.nan),
                gap,
                gid="fps sent",
                **look,
            )
        self.handles.append(Line2D([], [], markersize=4.5, linewidth=1.5, **look))  # type: ignore[arg-type]
        self.labels.append(f"{name} sends; lost as the server or far end reported it")

    def listener(self, quality: pd.DataFrame, rows: pd.DataFrame, name: str, number: int) -> None:
        """Draw what arrived at one listener."""
        look = {
            "color": LINE_COLOURS[number],
            "linestyle": RECEIVED,
            "marker": LINE_MARKERS[1 + number % (len(LINE_MARKERS) - 1)],
        }
        audit = delivery_over_time(quality, str(rows["stream_id"].iloc[0]), shifts=self.shifts)
        one, two = positions(audit["start"]), positions(audit["end"])
        none = np.zeros(len(audit), dtype=bool)
        gone = np.fmax(audit["loss_pct"].to_numpy(), 0.0)
        # Neither received nor counted as lost: more than what samples of two clocks disagree by.
        missing = audit["missing_pct"].to_numpy()
        with np.errstate(invalid="ignore"):
            odd = missing > 10
        self._line(0, one, two, audit["received_per_s"].to_numpy(), none, gid=f"received {name}", **look)
        self._line(1, one, two, gone, none, gid=f"lost {name}", **look)
        if odd.any():
            dotted = {**look, "linestyle": ":", "marker": "x"}
            self._line(
                1, one, two, np.where(odd, np.clip(missing, 0, 100), np.nan), none, gid=f"missing {name}", **dotted
            )
            self.labels.append(f"{name}: sent, but neither received nor counted as lost")
            self.handles.append(Line2D([], [], markersize=4.5, linewidth=1.5, **dotted))  # type: ignore[arg-type]
        start, end = self._times(rows)
        gap = flags(rows, "gap")
        seconds = rows["interval_s"].to_numpy(dtype="float64", na_value=np.nan)
        if self.video:
            mended = rows["fps"].to_numpy(dtype="float64", na_value=np.nan)
        else:
            mended = 7 * rows["concealment_events"].to_numpy(dtype="float64", na_value=np.nan) / seconds
        self._line(2, start, end, mended, gap, gid=f"mended {name}", **look)
        self._line(
            3,
            start,
            end,
            rows["buffer_ms"].to_numpy(dtype="float64", na_value=np.nan),
            gap,
            gid=f"buffer {name}",
            **look,
        )
        self.handles.append(Line2D([], [], markersize=4.5, linewidth=1.5, **look))  # type: ignore[arg-type]
        self.labels.append(f"{name} receives")

    def finish(self, where: dt.tzinfo, title: str, *, own_figure: bool, left_out: int) -> None:
        """Label the axes and say what is which."""
        axes = self.axes
        third = "frames/s" if self.video else "concealments\nper 7 s"
        for one, label in zip(axes, ("packets/s", "packet loss\n%", third, "jitter buffer\nms"), strict=True):
            one.set_ylabel(label, fontsize=SMALL)
            one.spines[["top", "right"]].set_visible(False)
            one.tick_params(labelsize=SMALL)
            one.grid(color="#E4E4E4", linewidth=0.6)
            if not one.lines:
                one.set_yticks([])
                one.text(0.5, 0.5, "no values here", transform=one.transAxes, ha="center", va="center", fontsize=SMALL)
            else:
                one.set_ylim(bottom=0, top=max(1.06 * one.dataLim.ymax, 2.0))
        if np.isfinite(self.first):
            first, last = max(self.first, self.view[0]), min(self.last, self.view[1])
            for one in axes:
                time_axis(one, where, first, last, label=one is axes[-1])
        if left_out:
            self.handles.append(Line2D([], [], linestyle="none"))
            self.labels.append(f"{left_out} more receive it, with less loss")
        headline(axes[0], title)
        if own_figure:
            make_room(axes[0], 5.0, self.labels)
        legend_below(axes[-1], self.handles, self.labels, points=36)
