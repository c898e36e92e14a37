"""Who was there: participants from joining to leaving, with their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.local_time import time_zone
from rtkit_explore.plot.event_markers import Events
from rtkit_explore.plot.inputs import PlotInput
from rtkit_explore.plot.layout import SMALL, headline, label_rows, legend_below, one_axes, show_message
from rtkit_explore.plot.palette import BLACK, REPORTS, TEXT_GREY
from rtkit_explore.plot.time_axis import SECOND, positions, time_axis

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import One
    from rtkit_explore.plot.time_axis import Floats

HALF = 0.36
STILL = "P"
"""Marker of a participant who has not left a call that is going on."""


@dataclass(frozen=True)
class Stays:
    """
    When participants were there.

    Attributes
    ----------
    peer, report
        Who, and the state of the report.
    start, end
        In matplotlib's days; NaN where unknown.
    open_start, open_end
        Whether the time is not the participant's own but the edge of what is known of the call.
    live
        Whether the call was going on when it was fetched, so that participants who have not left are still there.
    """

    peer: list[str]
    report: list[str]
    start: Floats
    end: Floats
    open_start: np.ndarray[tuple[int], np.dtype[np.bool_]]
    open_end: np.ndarray[tuple[int], np.dtype[np.bool_]]
    live: bool = False


def stays_of(subject: PlotInput, peers: list[str] | None) -> Stays:
    """Tell from the table ``participants`` when people were there; open ends reach to the edge of the call."""
    people = subject["participants"]
    people = people[people["peer_id"].notna()]
    if peers is not None:
        people = people[people["peer_id"].isin(peers)]
    start, end = positions(people["joined_at"]), positions(people["left_at"])
    session, events = subject["sessions"], subject["events"]
    begins = np.concatenate([positions(session["started_at"]), start])
    ends = np.concatenate([positions(session["ended_at"]), end, start, positions(events["timestamp"])])
    live = _is_live(session)
    if live:
        # Nothing has ended, so the latest known time tells how far the call has come.
        ends = np.concatenate([ends, positions(session["updated_at"]), positions(subject["samples"]["timestamp"])])
    first = np.nanmin(begins) if np.isfinite(begins).any() else np.nan
    last = np.nanmax(ends) if np.isfinite(ends).any() else np.nan
    open_start, open_end = ~np.isfinite(start), ~np.isfinite(end)
    start, end = np.where(open_start, first, start), np.where(open_end, np.fmax(last, start), end)
    users = people["user_id"] if "user_id" in people.columns else people["peer_id"]
    user = pd.factorize(users.fillna(people["peer_id"]))[0]
    # Rejoins make new participants: they stay together, in the order in which each person came first.
    came = pd.Series(start).groupby(user).transform("min").to_numpy()
    order = np.lexsort((start, user, came))
    report = people["report"].astype("object") if "report" in people.columns else pd.Series(["read"] * len(people))
    return Stays(
        [str(peer) for peer in people["peer_id"].to_numpy(dtype=object)[order]],
        [one if one in REPORTS else "read" for one in report.to_numpy(dtype=object)[order]],
        start[order],
        end[order],
        open_start[order],
        open_end[order],
        live,
    )


def _is_live(session: pd.DataFrame) -> bool:
    if not len(session) or "status" not in session.columns:
        return False
    return bool((session["status"].astype("object").eq("LIVE") & session["ended_at"].isna()).all())


def timeline(
    call: Drawable,
    *,
    participants: object = None,
    events: bool = True,
    tz: str | dt.tzinfo = "UTC",
    ax: One = None,
) -> Axes:
    """
    Draw who was in the call and when, with the events of their clients.

    Parameters
    ----------
    call
        A Call, the table ``participants``, or tables by name (``participants``, ``events``, ``sessions``).
    participants
        Whom to show: a name or peer id, or several; everyone by default.
    events
        Whether to draw the client's events.
    tz
        Time zone of the axis, which names it.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes. Bars are by the server's clock, marks by the clients'. In a call that is still live, whoever has not
        left is drawn to the latest time known, with a mark of its own.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.plot.timeline(call, tz="Europe/Berlin")  # doctest: +SKIP
    """
    subject = PlotInput.of(call, "participants", ("peer_id", "joined_at", "left_at"))
    chosen = subject.peers(participants, "participants")
    where = time_zone(tz)
    stays = stays_of(subject, chosen)
    count = len(stays.peer)
    ax = one_axes(ax, 1.45 + 0.36 * count)
    title = "Who was there"
    if not count:
        return show_message(ax, "No participants: neither a list of participants nor a report was read.", title=title)
    rows = {peer: float(row) for row, peer in enumerate(stays.peer)}
    drawn = _bars(ax, stays)
    happened = Events.of(subject["events"] if events else subject["events"].iloc[:0], stays.peer, -np.inf, np.inf)
    happened.scatter(ax, rows, half=HALF, size=6.5)
    ends = np.concatenate([stays.start, stays.end, happened.at])
    label_rows(ax, [subject.name(peer) for peer in stays.peer])
    headline(ax, title)
    if not np.isfinite(ends).any():
        ax.set_xticks([])
        ax.set_xlabel("no document says when anybody joined or left", fontsize=SMALL + 1)
    else:
        first, last = float(np.nanmin(ends)), float(np.nanmax(ends))
        margin = max((last - first) * 0.015, SECOND)
        time_axis(ax, where, first - margin, last + margin)
    handles, labels = happened.legend()
    legend_below(ax, [*drawn[0], *handles], [*drawn[1], *labels], points=36)
    return ax


def _bars(ax: Axes, stays: Stays) -> tuple[list[Artist], list[str]]:
    for row, state in enumerate(stays.report):
        look = REPORTS[state]
        start, end = stays.start[row], stays.end[row]
        if not (np.isfinite(start) and np.isfinite(end)):
            ax.text(
                0.01,
                row,
                "no time of joining or leaving",
                transform=ax.get_yaxis_transform(),
                va="center",
                fontsize=SMALL,
                color=TEXT_GREY,
            )
            continue
        ax.barh(
            row,
            max(end - start, SECOND / 10),
            left=start,
            height=2 * HALF,
            color=look.colour,
            alpha=0.55,
            hatch=look.hatch,
            edgecolor="white" if not look.hatch else TEXT_GREY,
            linewidth=0,
            gid=f"stay {state}",
        )
        last = (STILL, "still in the call") if stays.live else (">", "open end")
        for at, is_open, (sign, gid) in (
            (start, stays.open_start[row], ("<", "open end")),
            (end, stays.open_end[row], last),
        ):
            if is_open:
                ax.plot([at], [row], marker=sign, color=BLACK, markersize=8, zorder=3, clip_on=False, gid=gid)
    present = [state for state in REPORTS if state in stays.report]
    handles: list[Artist] = [
        Patch(facecolor=REPORTS[state].colour, alpha=0.55, hatch=REPORTS[state].hatch, edgecolor=TEXT_GREY, linewidth=0)
        for state in present
    ]
    labels = [REPORTS[state].label for state in present]
    for sign, label, there in (
        (STILL, "still in the call, drawn to the latest time known", stays.live and stays.open_end.any()),
        ("<", "time of joining not reported", stays.live and stays.open_start.any()),
        (">", "open: still in the call, or not reported", not stays.live and (stays.open_start | stays.open_end).any()),
    ):
        if there:
            handles.append(Line2D([], [], linestyle="none", marker=sign, color=BLACK, markersize=7))
            labels.append(label)
    return handles, labels
