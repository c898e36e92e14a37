"""Network paths: the candidate pairs of each participant and transport, and which of them carried media."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtkit_explore.plot.inputs import PlotInput, choices
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, headline, legend_below, one_axes, show_message, strip_frame
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
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
    """One candidate pair, as it is drawn."""

    peer_id: str
    transport: str
    nominated: bool
    words: str
    look: Look
    received: float
    sent: float

    @property
    def carried(self) -> float:
        """Bytes both ways."""
        return float(np.nansum([self.received, self.sent]))


def paths_of(table: pd.DataFrame) -> list[Path]:
    """Read the rows of the table ``candidate_pairs``."""
    columns = [name for name in _READ if name in table.columns]
    rows = table[columns].astype("object").itertuples(index=False, name=None)
    return [path_of(dict(zip(columns, row, strict=True))) for row in rows]


def path_of(row: Mapping[str, Any]) -> Path:
    """Read a row of the table ``candidate_pairs``."""
    kind, far = _text(row, "local_candidate_type"), _text(row, "remote_candidate_type")
    protocol = (_text(row, "path_protocol") or _text(row, "local_candidate_protocol")).lower()
    network = _text(row, "local_candidate_network_type")
    relayed = _flag(row, "relayed") or kind == "relay"
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
        shown(network) if network and network != "unknown" else "network not reported",
        f"round trip {rtt:.0f} ms" if np.isfinite(rtt) else "round trip not measured",
    ]
    words = f"{', '.join(parts[:2])}\n{', '.join(parts[2:])}"
    return Path(
        str(row["peer_id"]),
        str(row["transport"]),
        _flag(row, "nominated"),
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
    ax
        Axes, Figure or SubFigure to draw on; a new pyplot figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes: a pair of bars for each path that was nominated or carried bytes, with the bytes of the whole call
        (MB = 1e6 bytes). A star marks the nominated ones; relayed ones and those over TCP or TLS are hatched.

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
    paths = paths_of(table)
    title = "Network paths (candidate pairs, as of the last sample)"
    if not paths:
        of_whom = "" if chosen is None else f" of {' and '.join(subject.name(peer) for peer in chosen)}"
        return show_message(one_axes(ax, 1.6), f"No candidate pairs{of_whom}: no report here lists any.", title=title)
    rows, idle = _rows(paths, subject)
    ax = one_axes(ax, 1.35 + 0.4 * len(rows))
    biggest = max((max(one.received, one.sent) for one in paths if one.carried), default=0.0)
    scale, unit = next(((s, u) for s, u in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if biggest >= s), (1.0, "B"))
    labels = []
    for row, entry in enumerate(rows):
        if isinstance(entry, Path):
            _draw(ax, row, entry, scale)
            labels.append(entry.words)
        else:
            ax.axhline(row - 0.5, color=PALE, linewidth=0.8, zorder=0)
            labels.append(entry)
    ax.set_yticks(range(len(rows)), labels)
    strip_frame(ax)
    for tick, entry in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if not isinstance(entry, Path) or entry.nominated else "normal")
        tick.set_color(BLACK if not isinstance(entry, Path) or entry.nominated else TEXT_GREY)
        if not isinstance(entry, Path):
            tick.set_fontstyle("italic")
    ax.tick_params(axis="y", length=0, pad=10)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, max(biggest / scale, 1e-9) * 1.16 if biggest else 1.0)
    ax.set_xlabel(f"bytes over the whole call ({unit})", fontsize=SMALL + 1)
    headline(ax, title)
    handles, words = _legend([one for one in rows if isinstance(one, Path)])
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
    nominated = sum(one.nominated for one in kept)
    if len(kept) > MOST:
        kept = sorted(kept, key=lambda one: (not one.nominated, -one.carried))
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
            here = sorted(drawn.get((peer, transport), ()), key=lambda one: (not one.nominated, -one.carried))
            remark = "" if here else f": none of {listed[peer, transport]} pairs was in use"
            figures = [(one.words, one.received, one.sent) for one in here]
            if transport == TRANSPORTS[1] and figures and figures == before:
                remark = " (same as for sending)"
            rows += [f"{subject.name(peer)} {_WORDS[transport]}{remark}", *here]
            before = figures
    return rows, len(paths) - len(kept)


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
            alpha=1.0 if path.nominated else 0.5,
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
    if path.nominated:
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
            gid="nominated",
        )


def _legend(paths: list[Path]) -> tuple[list[Artist], list[str]]:
    handles: list[Artist] = []
    labels: list[str] = []
    if any(one.nominated for one in paths):
        handles.append(Line2D([], [], marker="*", linestyle="none", color=BLACK, markersize=11))
        labels.append("nominated: the path in use")
    for look in (DIRECT, DIRECT_TCP, RELAYED, RELAYED_TCP, UNKNOWN_PATH):
        if any(one.look is look for one in paths):
            handles.append(Patch(facecolor=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0))
            labels.append(look.label)
    return handles, labels
