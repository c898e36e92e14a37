"""Network paths: the candidate pairs of each participant and transport, and which of them carried media."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.local_time import time_zone, zone_label
from rtkit_explore.measures.network_paths import by_transport, candidate_pairs_of, paths_in_use, spans_of
from rtkit_explore.plot.inputs import PlotInput, choices
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, headline, label_rows, legend_below, one_axes, show_message
from rtkit_explore.plot.palette import (
    BLACK,
    DIRECT,
    DIRECT_TCP,
    PALE,
    RELAYED,
    RELAYED_TCP,
    TEXT_GREY,
    UNKNOWN_PATH,
    Look,
)
from rtkit_explore.table_schema.labels import network_words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from rtkit_explore.plot.inputs import Drawable
    from rtkit_explore.plot.layout import One

TRANSPORTS = ("producing", "consuming")
_WORDS = {"producing": "sends over", "consuming": "receives over"}
MOST = 30
"""Paths that one plot shows; of more, the nominated ones come first, then those with most bytes."""
MOST_NOMINATED = 200
"""Nominated paths that one plot shows: it has a row for each."""
_READ = (
    "peer_id",
    "transport",
    "nominated",
    "relayed",
    "path_protocol",
    "local_candidate_type",
    "remote_candidate_type",
    "local_candidate_protocol",
    "local_candidate_network_type",
    "rtt_ms",
    "bytes_received",
    "bytes_sent",
)


@dataclass(frozen=True)
class Path:
    """One candidate pair, as it is drawn: ``turn`` is its place among those that carried the media."""

    peer_id: str
    transport: str
    nominated: bool
    turn: int | None
    when: str
    words: str
    look: Look
    received: float
    sent: float

    @property
    def carried(self) -> float:
        """Bytes both ways."""
        return float(np.nansum([self.received, self.sent]))

    @property
    def in_use(self) -> bool:
        """Whether it carried the media."""
        return self.turn is not None

    @property
    def label(self) -> str:
        """What stands beside the bars."""
        first, _, second = self.words.partition("\n")
        return f"{first}, {self.when}\n{second}" if self.when else self.words


def paths_of(table: pd.DataFrame, participants: pd.DataFrame, where: dt.tzinfo) -> list[Path]:
    """Read the rows of the table ``candidate_pairs``; ``participants`` tells since when somebody was there."""
    columns = [name for name in _READ if name in table.columns]
    rows = table[columns].astype("object").itertuples(index=False, name=None)
    used = _times_of_use(table, participants, where)
    return [path_of(dict(zip(columns, row, strict=True)), used.get(place)) for place, row in enumerate(rows)]


def _times_of_use(table: pd.DataFrame, participants: pd.DataFrame, where: dt.tzinfo) -> dict[int, tuple[int, str]]:
    """Return the rows that carried media: which turn each had on its transport, and when where there are several."""
    found: dict[int, tuple[int, str]] = {}
    spans = spans_of(participants)
    for peer, pairs in candidate_pairs_of(table).items():
        known = [pair.last for pair in pairs if pair.last is not None]
        one, two = spans.get(peer, (min(known, default=0), max(known, default=0)))
        paths = paths_in_use(pairs, one, two)
        timed = {pair.row for pair in pairs if pair.last is not None}
        for transport in by_transport(pairs):
            mine = [path for path in paths if path.transport == transport]
            for place, path in enumerate(mine):
                if not timed.issuperset(path.row for path in mine):
                    found[path.row] = place, ""
                    continue
                since = "" if place == 0 else f"from {_clock(path.start, where)}"
                until = "" if place == len(mine) - 1 else f"until {_clock(path.end, where)}"
                found[path.row] = place, " ".join(filter(None, (since, until)))
    return found


def _clock(micros: int, where: dt.tzinfo) -> str:
    return f"{pd.Timestamp(micros, unit='us', tz='UTC').tz_convert(where):%H:%M:%S}"


def path_of(row: Mapping[str, Any], used: tuple[int, str] | None) -> Path:
    """Read a row of the table ``candidate_pairs``; ``used`` says when it carried media, None that it did not."""
    kind, far = _text(row, "local_candidate_type"), _text(row, "remote_candidate_type")
    protocol = (_text(row, "path_protocol") or _text(row, "local_candidate_protocol")).lower()
    network = _text(row, "local_candidate_network_type")
    nominated, relayed = _flag(row, "nominated"), _flag(row, "relayed") or kind == "relay"
    over_tcp = protocol in ("tcp", "tls", "ssltcp")
    look = (
        (RELAYED_TCP if over_tcp else RELAYED)
        if relayed
        else UNKNOWN_PATH
        if not kind and not protocol
        else DIRECT_TCP
        if over_tcp
        else DIRECT
    )
    rtt = _number(row, "rtt_ms")
    parts = [
        f"{shown(kind) or 'type?'} → {shown(far) or 'type?'}",
        shown(protocol.upper()) or "protocol?",
        shown(network_words(network)) if network and network != "unknown" else "network not reported",
        f"round trip {rtt:.0f} ms" if np.isfinite(rtt) else "round trip not measured",
    ]
    words = f"{', '.join(parts[:2])}\n{', '.join(parts[2:])}"
    return Path(
        str(row["peer_id"]),
        str(row["transport"]),
        nominated,
        None if used is None else used[0],
        used[1] if used is not None else "nominated, not used" if nominated else "",
        words,
        look,
        _number(row, "bytes_received"),
        _number(row, "bytes_sent"),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    return isinstance(value, bool | np.bool_) and bool(value)


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float | np.integer | np.floating) else float("nan")


def amount(octets: float) -> str:
    """Write a number of bytes with the unit that suits it (powers of 1000)."""
    if not np.isfinite(octets):
        return "not reported"
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if octets >= size:
            return f"{octets / size:.3g} {unit}"
    return f"{octets:.0f} B"


def candidate_pairs(
    call: Drawable,
    *,
    participants: object = None,
    transport: str | Iterable[str] | None = None,
    tz: str | dt.tzinfo = "UTC",
    ax: One = None,
) -> Axes:
    """
    Draw each participant's network paths by transport: type, protocol, network, bytes and round trip.

    Parameters
    ----------
    call
        A Call, the table ``candidate_pairs``, or tables by name (``candidate_pairs``, ``participants``).
    participants
        Whose paths: a name or peer id, or several; everyone's by default.
    transport
        "consuming" (receives), "producing" (sends), or both.
    tz
        Time zone of the times at which a path was taken or left.
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes: a pair of bars for each path that was nominated or carried bytes, with the bytes of the whole call
        (MB = 1e6 bytes). A star marks those that carried the media, with the time at which one was left for the next
        by the last packet of each; relayed ones and those over TCP or TLS are hatched.

    Raises
    ------
    InvalidArgumentError
        If an argument cannot mean anything.
    """
    subject = PlotInput.of(
        call, "candidate_pairs", ("peer_id", "transport", "nominated", "bytes_sent", "bytes_received")
    )
    chosen = subject.peers(participants, "participants")
    wanted = choices(transport, "transport", TRANSPORTS)
    table = subject["candidate_pairs"]
    if chosen is not None:
        table = table[table["peer_id"].isin(chosen)]
    if wanted is not None:
        table = table[table["transport"].isin(wanted)]
    paths = paths_of(table, subject["participants"], time_zone(tz))
    title = "Network paths (candidate pairs, as of the last sample)"
    if not paths:
        return show_message(
            one_axes(ax, 1.6), f"No candidate pairs{subject.of_whom(chosen)}: no report here lists any.", title=title
        )
    rows, idle = _rows(paths, subject)
    ax = one_axes(ax, 1.35 + 0.4 * len(rows))
    biggest = max((max(one.received, one.sent) for one in paths if one.carried), default=0.0)
    scale, unit = next(((s, u) for s, u in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if biggest >= s), (1.0, "B"))
    labels = []
    for row, entry in enumerate(rows):
        if isinstance(entry, Path):
            _draw(ax, row, entry, scale)
            labels.append(entry.label)
        else:
            ax.axhline(row - 0.5, color=PALE, linewidth=0.8, zorder=0)
            labels.append(entry)
    label_rows(ax, labels, bold=[row for row, one in enumerate(rows) if not isinstance(one, Path) or one.in_use])
    for tick, entry in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set_color(BLACK if not isinstance(entry, Path) or entry.in_use else TEXT_GREY)
        tick.set_fontstyle("normal" if isinstance(entry, Path) else "italic")
    ax.tick_params(axis="y", pad=10)
    ax.set_xlim(0, max(biggest / scale, 1e-9) * 1.16 if biggest else 1.0)
    ax.set_xlabel(f"bytes over the whole call ({unit})", fontsize=SMALL + 1)
    headline(ax, title)
    handles, words = _legend([one for one in rows if isinstance(one, Path)], time_zone(tz))
    if idle:
        handles.append(Line2D([], [], linestyle="none"))
        drawn = sum(isinstance(one, Path) for one in rows)
        why = "choose with participants=" if drawn >= MOST_NOMINATED else "not nominated, no or few bytes"
        words.append(f"{idle} further pairs are not drawn ({why})")
    beside = max(len(line) for label in labels for line in label.split("\n"))
    legend_below(ax, handles, words, points=36, beside=beside)
    return ax


def _rows(paths: list[Path], subject: PlotInput) -> tuple[list[Path | str], int]:
    """Order the paths under headings of participant and transport; leave out what never carried anything."""
    kept = [one for one in paths if one.nominated or one.carried > 0]
    nominated = sum(one.nominated or one.in_use for one in kept)
    if len(kept) > MOST:
        kept = sorted(kept, key=lambda one: (not (one.nominated or one.in_use), -one.carried))
        kept = kept[: min(max(MOST, nominated), MOST_NOMINATED)]
    rank = {peer: i for i, peer in enumerate(subject.names)}
    listed = Counter((one.peer_id, one.transport) for one in paths)
    drawn: dict[tuple[str, str], list[Path]] = {}
    for one in kept:
        drawn.setdefault((one.peer_id, one.transport), []).append(one)
    # Where not even all nominated paths fit, an absent one says nothing of its participant.
    shown_of = drawn if nominated > MOST_NOMINATED else listed
    everyone = sorted({peer for peer, _ in shown_of}, key=lambda peer: (rank.get(peer, len(rank)), peer))
    rows: list[Path | str] = []
    for peer in everyone:
        before: list[tuple[str, float, float]] = []
        for transport in TRANSPORTS:
            if (peer, transport) not in shown_of:
                continue
            here = sorted(drawn.get((peer, transport), ()), key=_in_turn)
            remark = "" if here else f": none of {listed[peer, transport]} pairs was in use"
            figures = [(one.words, one.received, one.sent) for one in here]
            if transport == TRANSPORTS[1] and figures and figures == before:
                remark = " (same as for sending)"
            rows += [f"{subject.name(peer)} {_WORDS[transport]}{remark}", *here]
            before = figures
    return rows, len(paths) - len(kept)


def _in_turn(path: Path) -> tuple[bool, int, bool, float]:
    """Those that carried the media stand first, in the order of their use; then the nominated, then by bytes."""
    return not path.in_use, path.turn or 0, not path.nominated, -path.carried


def _draw(ax: Axes, row: int, path: Path, scale: float) -> None:
    for offset, octets, word in ((-0.19, path.received, "in"), (0.19, path.sent, "out")):
        ax.barh(
            row + offset,
            octets / scale if np.isfinite(octets) else 0.0,
            height=0.34,
            facecolor=path.look.colour,
            hatch=path.look.hatch,
            edgecolor="white" if path.look.hatch else path.look.colour,
            linewidth=0,
            alpha=1.0 if path.in_use else 0.5,
            gid=f"{word} {path.look.label}",
            zorder=2,
        )
        ax.annotate(
            f"{word} {amount(octets)}",
            (octets / scale if np.isfinite(octets) else 0.0, row + offset),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL - 1,
            zorder=3,
        )
    if path.in_use:
        ax.plot(
            [0],
            [row],
            marker="*",
            markersize=13,
            color=BLACK,
            markeredgecolor="white",
            clip_on=False,
            zorder=5,
            linestyle="none",
            gid="carried",
        )


def _legend(paths: list[Path], where: dt.tzinfo) -> tuple[list[Artist], list[str]]:
    handles: list[Artist] = []
    labels: list[str] = []
    if any(one.in_use for one in paths):
        timed = any(one.in_use and one.when for one in paths)
        handles.append(Line2D([], [], marker="*", linestyle="none", color=BLACK, markersize=11))
        labels.append(f"carried the media{f' (times in {zone_label(where)})' if timed else ''}")
    for look in (DIRECT, DIRECT_TCP, RELAYED, RELAYED_TCP, UNKNOWN_PATH):
        if any(one.look is look for one in paths):
            handles.append(Patch(facecolor=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0))
            labels.append(look.label)
    return handles, labels
