"""Devices over time: what was there, what was in use, what vanished."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.local_time import time_zone
from rtkit_explore.plot.inputs import PlotInput, choices
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, footnote, headline, label_rows, legend_below, one_axes, show_message
from rtkit_explore.plot.palette import BLACK, BLUE, GREY, PALE, TEXT_GREY, VERMILLION
from rtkit_explore.plot.time_axis import SECOND, positions, time_axis
from rtkit_explore.plot.timeline import stays_of
from rtkit_explore.table_schema.labels import DEVICE_KINDS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import One

MOST = 40
"""Rows that one plot shows before it keeps to devices that were used or vanished."""


@dataclass
class Device:
    """
    One device of a participant, as its updates tell it.

    Attributes
    ----------
    peer_id, kind, label
        Whose, what kind, and its name.
    there, used
        When it was there and when it was in use: start and end in matplotlib's days; an open end is NaN.
    lost, lost_in_use
        When it vanished, not in use or in use.
    """

    peer_id: str
    kind: str
    label: str
    there: list[tuple[float, float]] = field(default_factory=list)
    used: list[tuple[float, float]] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    lost_in_use: list[float] = field(default_factory=list)


def devices_of(changes: pd.DataFrame) -> list[Device]:
    """
    Follow every device through the updates.

    Parameters
    ----------
    changes
        Table ``device_changes``.

    Returns
    -------
    list of Device
        By participant, kind and first update. A device is identified by its id, or by its label if it has none.
    """
    devices: dict[tuple[str, str, str], Device] = {}
    since: dict[tuple[str, str, str], float] = {}
    in_use: dict[tuple[str, str], tuple[tuple[str, str, str], float]] = {}
    columns = [changes[name].to_numpy(dtype=object) for name in ("peer_id", "kind", "device_id", "label", "change")]
    at = positions(changes["timestamp"])
    # Order updates at one moment: a new device is known before it is chosen, and a lost one was in use until then.
    rank = {"added": 0, "removed": 1, "selected": 2}
    order = sorted(
        (i for i in range(len(changes)) if np.isfinite(at[i]) and columns[4][i] in rank),
        key=lambda i: (at[i], rank[str(columns[4][i])]),
    )
    for i in order:
        peer, kind, identity, label = (str(column[i]) if isinstance(column[i], str) else "" for column in columns[:4])
        key = (peer, kind, identity or label)
        device = devices.setdefault(key, Device(peer, kind, ""))
        device.label = label or device.label
        change, now = columns[4][i], float(at[i])
        current = in_use.get((peer, kind))
        if change == "added":
            since.setdefault(key, now)
        elif change == "removed":
            device.there.append((since.pop(key, np.nan), now))
            if current is not None and current[0] == key:
                device.used.append((current[1], now))
                device.lost_in_use.append(now)
                del in_use[peer, kind]
            else:
                device.lost.append(now)
        elif current is None or current[0] != key:
            if current is not None:
                devices[current[0]].used.append((current[1], now))
            in_use[peer, kind] = (key, now)
    for key, now in since.items():
        devices[key].there.append((now, np.nan))
    for key, now in in_use.values():
        devices[key].used.append((now, np.nan))
    for key, device in devices.items():
        device.label = device.label or (f"no name ({key[2][:8]})" if key[2] else "no name")
    kinds = list(DEVICE_KINDS)
    return sorted(devices.values(), key=lambda one: kinds.index(one.kind) if one.kind in kinds else len(kinds))


def device_changes(
    call: Drawable,
    *,
    participants: object = None,
    kind: str | Iterable[str] | None = None,
    tz: str | dt.tzinfo = "UTC",
    ax: One = None,
) -> Axes:
    """
    Draw each participant's devices by kind: what was there, what was in use, what vanished.

    Parameters
    ----------
    call
        A Call, the table ``device_changes``, or tables by name (``device_changes``, ``participants``).
    participants
        Whose devices: a name or peer id, or several; everyone's by default.
    kind
        Which kinds: "audioinput", "audiooutput", "videoinput"; all by default.
    tz
        Time zone of the axis, which names it.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes. Times are by the clients' clocks; what is open reaches to where the participant left.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.
    """
    subject = PlotInput.of(call, "device_changes", ("peer_id", "timestamp", "change", "kind", "device_id", "label"))
    where = time_zone(tz)
    chosen = subject.peers(participants, "participants")
    table = subject["device_changes"]
    present = [str(one) for one in table["kind"].dropna().unique()]
    kinds = choices(kind, "kind", list(dict.fromkeys([*DEVICE_KINDS, *present])))
    if chosen is not None:
        table = table[table["peer_id"].isin(chosen)]
    if kinds is not None:
        table = table[table["kind"].isin(kinds)]
    devices = devices_of(table)
    title = "Devices"
    if not devices:
        told = f"No device updates{subject.of_whom(chosen)}"
        words = f"{told}: the client did not report any, which is not the same as no devices."
        return show_message(one_axes(ax, 1.6), words, title=title)
    left_out = 0
    if len(devices) > MOST:
        kept = [one for one in devices if one.used or one.lost or one.lost_in_use]
        left_out, devices = len(devices) - len(kept), kept or devices[:MOST]
    owners = dict.fromkeys(one.peer_id for one in devices)
    people = [
        *(peer for peer in subject.names if peer in owners),
        *(peer for peer in owners if peer not in subject.names),
    ]
    rows: list[str | Device] = []
    for peer in people:
        rows += [peer, *(one for one in devices if one.peer_id == peer)]
    ax = one_axes(ax, 1.3 + 0.27 * len(rows))
    first, last = _range(devices, subject, people)
    stays = stays_of(subject, people)
    until = {peer: end for peer, end in zip(stays.peer, stays.end, strict=True) if np.isfinite(end)}
    for row, entry in enumerate(rows):
        if isinstance(entry, str):
            ax.axhline(row - 0.5, color=PALE, linewidth=0.8, zorder=0)
        else:
            _draw(ax, row, entry, first, max(until.get(entry.peer_id, last), first))
    names = [subject.name(one) if isinstance(one, str) else _row_name(one) for one in rows]
    label_rows(ax, names, bold=[row for row, one in enumerate(rows) if isinstance(one, str)])
    headline(ax, title)
    air = max((last - first) * 0.015, SECOND)
    time_axis(ax, where, first - air, last + air)
    handles, labels = _legend(devices)
    if left_out:
        handles.append(Line2D([], [], linestyle="none"))
        labels.append(f"{left_out} devices that were only there are left out; participants= shows them")
    beside = max(len(one) if isinstance(one, str) else len(_row_name(one)) for one in rows)
    legend_below(ax, handles, labels, points=36, beside=beside)
    untimed = int((~np.isfinite(positions(table["timestamp"]))).sum())
    if untimed:
        footnote(ax, f"{untimed} updates without a time are not drawn")
    return ax


def _row_name(device: Device) -> str:
    return f"{DEVICE_KINDS.get(device.kind, shown(device.kind) or 'device')}: {shown(device.label)}"


def _range(devices: list[Device], subject: PlotInput, people: list[str]) -> tuple[float, float]:
    stays = stays_of(subject, people)
    moments = [at for one in devices for span in (*one.there, *one.used) for at in span]
    moments += [at for one in devices for at in (*one.lost, *one.lost_in_use)]
    known = np.asarray([*moments, *stays.start, *stays.end], dtype="float64")
    known = known[np.isfinite(known)]
    return float(known.min()), float(known.max())


def _draw(ax: Axes, row: int, device: Device, first: float, until: float) -> None:
    for begin, end in device.there:
        start = begin if np.isfinite(begin) else first
        stop = end if np.isfinite(end) else until
        ax.barh(
            row,
            max(stop - start, 0),
            left=start,
            height=0.62,
            facecolor="#EFEFEF",
            edgecolor=GREY,
            linewidth=0.8,
            zorder=2,
            gid="there",
        )
        if not np.isfinite(begin):
            ax.plot([start], [row], marker="<", color=GREY, markersize=6, zorder=3, gid="open start", clip_on=False)
    for begin, end in device.used:
        stop = end if np.isfinite(end) else until
        ax.barh(row, max(stop - begin, 0), left=begin, height=0.3, color=BLUE, linewidth=0, zorder=3, gid="in use")
    common: dict[str, Any] = {"linestyle": "none", "marker": "X", "zorder": 5, "clip_on": False}
    if device.lost:
        ax.plot(
            device.lost, [row] * len(device.lost), color=TEXT_GREY, markersize=6, markerfacecolor="white",
            gid="vanished", **common,
        )  # fmt: skip
    if device.lost_in_use:
        ax.plot(
            device.lost_in_use, [row] * len(device.lost_in_use), color=VERMILLION, markersize=10,
            markeredgecolor=BLACK, gid="vanished in use", **common,
        )  # fmt: skip
        for at in device.lost_in_use:
            ax.annotate(
                "vanished in use",
                (at, row),
                xytext=(-8, 0) if at - first > (until - first) / 2 else (8, 0),
                textcoords="offset points",
                ha="right" if at - first > (until - first) / 2 else "left",
                va="center",
                fontsize=SMALL - 1,
                zorder=6,
                bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            )


def _legend(devices: list[Device]) -> tuple[list[Artist], list[str]]:
    entries: list[tuple[bool, Artist, str]] = [
        (
            any(one.there for one in devices),
            Patch(facecolor="#EFEFEF", edgecolor=GREY, linewidth=0.8),
            "there",
        ),
        (any(one.used for one in devices), Line2D([], [], color=BLUE, linewidth=4), "in use"),
        (
            any(one.lost_in_use for one in devices),
            Line2D([], [], linestyle="none", marker="X", color=VERMILLION, markeredgecolor=BLACK, markersize=9),
            "vanished while in use",
        ),
        (
            any(one.lost for one in devices),
            Line2D([], [], linestyle="none", marker="X", color=TEXT_GREY, markerfacecolor="white", markersize=6),
            "vanished, was not in use",
        ),
        (
            any(not np.isfinite(begin) for one in devices for begin, _ in one.there),
            Line2D([], [], linestyle="none", marker="<", color=GREY, markersize=6),
            "there before the first update",
        ),
    ]
    present = [(handle, label) for here, handle, label in entries if here]
    return [handle for handle, _ in present], [label for _, label in present]
