"""Client events on plots: a mark for each kind, their own names in the legend, a row for each person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.lines import Line2D

from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, axes_size_inches
from rtkit_explore.plot.palette import BLUE, GREEN, ORANGE, PURPLE, TEXT_GREY, VERMILLION
from rtkit_explore.plot.time_axis import positions
from rtkit_explore.table_schema.labels import event_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.plot.time_axis import Floats


@dataclass(frozen=True)
class Mark:
    """
    How one group of events is drawn.

    Attributes
    ----------
    name
        Name of the group.
    marker, colour, filled
        Its mark.
    lane
        Height within a row, -1 to 1, so that events of one moment do not cover each other.
    line
        Whether it is worth a line through all panels.
    """

    name: str
    marker: str
    colour: str
    filled: bool = True
    lane: float = 0.0
    line: bool = False


LOST = Mark("connection lost", "X", VERMILLION, lane=0.55, line=True)
JOINED = Mark("connection", "^", GREEN, lane=0.55)
ON = Mark("on", ">", BLUE, lane=0.0)
OFF = Mark("off", "s", BLUE, filled=False, lane=0.0)
HIDDEN = Mark("hidden", "v", PURPLE, lane=-0.55, line=True)
SHOWN = Mark("shown again", "v", PURPLE, filled=False, lane=-0.55, line=True)
DEVICE = Mark("device or permission", "P", ORANGE, lane=-0.55)
TROUBLE = Mark("media trouble", "*", VERMILLION, lane=0.0, line=True)
OTHER = Mark("other", "o", TEXT_GREY, filled=False, lane=-0.55)
MOST_LINES = 15
MARKS = (LOST, JOINED, TROUBLE, ON, OFF, HIDDEN, SHOWN, DEVICE, OTHER)


def mark_of(name: str) -> Mark:
    """Choose the mark of an event by its name; unknown names are kept, as other."""
    if name in ("disconnect", "reconnect_attempt") or name.endswith("disconnected"):
        return LOST
    if name in ("call_join", "precall_begin", "precall_end") or name.endswith("_connected"):
        return JOINED
    if name.endswith(("_play_failed", "_track_muted")):
        return TROUBLE
    if name in ("audio_on", "video_on", "screenshare_started"):
        return ON
    if name in ("audio_off", "video_off", "screenshare_stopped"):
        return OFF
    if name.endswith("backgrounded") or name == "tab_change":
        return HIDDEN
    if name.endswith("foregrounded"):
        return SHOWN
    if name.endswith(("_devices_updates", "_update")) or name == "media_permission":
        return DEVICE
    return OTHER


def lane_of(name: str, mark: Mark) -> float:
    """Height of an event within its row: microphone and camera come on together, so each has its own height."""
    return 0.3 if name.startswith("audio_") else -0.3 if name.startswith("video_") else mark.lane


@dataclass(frozen=True)
class Events:
    """
    Events to draw.

    Attributes
    ----------
    at
        Times in matplotlib's days.
    peer
        Whose they are.
    name
        Their names.
    """

    at: Floats
    peer: list[str]
    name: list[str]

    @classmethod
    def of(cls, table: pd.DataFrame, peers: Sequence[str] | None, first: float, last: float) -> Events:
        """Take the events of some people (None: of all) between two times from the table ``events``."""
        at = positions(table["timestamp"])
        peer = table["peer_id"].to_numpy(dtype=object, na_value="")
        keep = np.isfinite(at) & (at >= first) & (at <= last)
        if peers is not None:
            keep &= np.isin(peer.astype(str), list(peers))
        names = table["name"].to_numpy(dtype=object, na_value="(no name)")
        return cls(at[keep], [str(one) for one in peer[keep]], [str(one) for one in names[keep]])

    def __len__(self) -> int:
        """Count them."""
        return len(self.name)

    def scatter(self, ax: Axes, rows: Mapping[str, float], *, half: float, size: float = 5.0) -> None:
        """
        Draw the events as marks, each in the row of its participant.

        Parameters
        ----------
        ax
            Where.
        rows
            Peer id to y position.
        half
            Half the height of a row, within which each kind of event has its own height.
        size
            Size of a mark in points.
        """
        for mark in MARKS:
            chosen = [i for i, name in enumerate(self.name) if self.peer[i] in rows and mark_of(name) is mark]
            if chosen:
                ax.plot(
                    self.at[chosen],
                    [rows[self.peer[i]] - lane_of(self.name[i], mark) * half for i in chosen],
                    linestyle="none",
                    marker=mark.marker,
                    markersize=size + (1.5 if mark is TROUBLE else 0),
                    color=mark.colour,
                    markerfacecolor=mark.colour if mark.filled else "white",
                    markeredgewidth=0.9,
                    markeredgecolor="white" if mark.filled and mark is not LOST and size > 6 else mark.colour,
                    zorder=4,
                    gid=f"events {mark.name}",
                    label="_events",
                )

    def lines(self, axes: Sequence[Axes]) -> None:
        """Draw a fine line through all panels where something happened that explains what media do."""
        for ax in axes:
            HAPPENED[ax] = self
        moments = sorted({round(at, 9) for at, name in zip(self.at, self.name, strict=True) if mark_of(name).line})
        if len(moments) > MOST_LINES:
            return  # so many lines explain nothing; the marks above stay
        for ax in axes:
            for at in moments:
                ax.axvline(at, color=TEXT_GREY, linewidth=0.8, linestyle=(0, (1, 2.5)), zorder=1, gid="event line")

    def legend(self) -> tuple[list[Artist], list[str]]:
        """Explain the marks by the names of the events that they stand for."""
        handles: list[Artist] = []
        labels: list[str] = []
        for mark in MARKS:
            names = list(dict.fromkeys(name for name in self.name if mark_of(name) is mark))
            if not names:
                continue
            handles.append(
                Line2D(
                    [],
                    [],
                    linestyle="none",
                    marker=mark.marker,
                    markersize=6,
                    color=mark.colour,
                    markerfacecolor=mark.colour if mark.filled else "white",
                )
            )
            text = ", ".join(shown(event_words(name), longest=48) for name in names[:3]) + (
                f" and {len(names) - 3} more" if names[3:] else ""
            )
            labels.append(f"{text} (also on a normal hang-up)" if "disconnect" in names else text)
        return handles, labels


HAPPENED: WeakKeyDictionary[Axes, Events] = WeakKeyDictionary()
"""Axes to the events within its time range, for code that shows the same in another form."""


def lane_above(ax: Axes, events: Events, names: Mapping[str, str]) -> Axes:
    """
    Draw events in a strip above an Axes, a row for each participant; one row for all where they are many.

    Returns
    -------
    matplotlib.axes.Axes
        The strip.
    """
    people = [peer for peer in names if peer in set(events.peer)]
    people += [peer for peer in dict.fromkeys(events.peer) if peer not in people]
    together = len(people) > 6
    labels = (
        [f"all ({len(people)} people)"] if together else [names.get(peer, f"unlisted {peer[:8]}") for peer in people]
    )
    _, height = axes_size_inches(ax)
    share = ((0.3 if together else 0.19) * len(labels) + 0.05) / max(height, 0.5)
    strip: Axes = ax.inset_axes((0, 1 + 0.05 / max(height, 0.5), 1, share))
    events.scatter(strip, {peer: 0.0 if together else float(i) for i, peer in enumerate(people)}, half=0.4, size=4.5)
    strip.set_ylim(len(labels) - 0.5, -0.5)
    strip.set_xlim(ax.get_xlim())
    strip.set_yticks(range(len(labels)), labels, fontsize=SMALL - 1)
    strip.tick_params(axis="y", length=0)
    strip.set_xticks([])
    for side in strip.spines.values():
        side.set_visible(False)
    strip.set_facecolor("#F5F5F5")
    strip.set_label("events")
    return strip
