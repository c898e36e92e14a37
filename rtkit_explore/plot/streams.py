"""Series of the table ``quality``: named by person and direction, and as the lines that they make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.measures.series import codes_of
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.time_axis import positions
from rtkit_explore.table_schema.labels import MEDIA, stream_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from rtkit_explore.plot.inputs import PlotInput
    from rtkit_explore.plot.time_axis import Floats

KEYS = ("session_id", "peer_id", "media", "direction", "stream_id", "ssrc")
NEEDED = ("peer_id", "media", "direction", "stream_id", "start", "end")


@dataclass(frozen=True)
class Series:
    """
    One series of samples.

    Attributes
    ----------
    label
        Whose it is, what, and in which direction.
    peer_id, media, direction, stream_id
        Its keys.
    rows
        Its rows in the table, by time.
    """

    label: str
    peer_id: str
    media: str
    direction: str
    stream_id: str
    rows: NDArray[np.intp]


def series_of(table: pd.DataFrame, subject: PlotInput) -> list[Series]:
    """
    Find the series of a table of intervals and name each.

    Parameters
    ----------
    table
        Rows of ``quality``.
    subject
        The input of the plot, which has the names.

    Returns
    -------
    list of Series
        By participant, media and direction; labels differ from one another.
    """
    if table.empty:
        return []
    keys = [name for name in KEYS if name in table.columns]
    ends, code = positions(table["end"]), codes_of(table, keys)
    order = np.lexsort((ends, code))
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    parts = np.split(order, cuts)
    # Take the keys out of the table for all series at once: a large call has tens of thousands.
    columns = [name for name in (*NEEDED[:4], "remote_peer_id") if name in table.columns]
    firsts = table[columns].iloc[[int(rows[0]) for rows in parts]].astype(object)
    heads: list[dict[str, Any]] = [dict(zip(columns, head, strict=True)) for head in firsts.itertuples(index=False)]
    found = list(zip(parts, heads, strict=True))
    rank = {peer: i for i, peer in enumerate(subject.names)}
    widths = _widths(table, parts)
    layers = Counter((head["peer_id"], head["stream_id"]) for head in heads)
    labels = []
    for head, width in zip(heads, widths, strict=True):
        name = _name(head, subject)
        layered = layers[head["peer_id"], head["stream_id"]] > 1
        labels.append(f"{name}, layer {width:.0f} px" if layered and np.isfinite(width) else name)
    labels = _apart(labels, [float(np.nanmin(ends[rows], initial=np.inf)) for rows, _ in found])
    series = [
        Series(label, str(head["peer_id"]), str(head["media"]), str(head["direction"]), str(head["stream_id"]), rows)
        for label, (rows, head) in zip(labels, found, strict=True)
    ]
    media = list(MEDIA)
    return sorted(
        series,
        key=lambda one: (
            rank.get(one.peer_id, len(rank)),
            media.index(one.media) if one.media in media else len(media),
            one.direction != "producer",
            one.label,
        ),
    )


def _name(head: Mapping[str, Any], subject: PlotInput) -> str:
    remote = head.get("remote_peer_id")
    return stream_words(
        subject.name(head["peer_id"]),
        shown(head["media"]) if head["media"] not in MEDIA else head["media"],
        head["direction"],
        subject.name(remote) if isinstance(remote, str) else "",
    )


def _widths(table: pd.DataFrame, parts: Sequence[NDArray[np.intp]]) -> list[float]:
    """Return the greatest width of each series; NaN where none is known."""
    if "width" not in table.columns:
        return [float("nan")] * len(parts)
    values = table["width"].to_numpy(dtype="float64", na_value=np.nan)
    begins = np.cumsum([0, *(len(rows) for rows in parts[:-1])])
    return [float(width) for width in np.fmax.reduceat(values[np.concatenate(parts)], begins)]


def _apart(labels: Sequence[str], begins: Sequence[float]) -> list[str]:
    """Make labels unique that several series share: number them in the order in which they begin."""
    out = list(labels)
    sharing: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        sharing.setdefault(label, []).append(i)
    for label, same in sharing.items():
        if len(same) > 1:
            for number, i in enumerate(sorted(same, key=lambda i: begins[i]), start=1):
                out[i] = f"{label} #{number}"
    return out


def flags(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Read a flag column; a missing value counts as False, and so does a missing column."""
    if name not in table.columns:
        return np.zeros(len(table), dtype=bool)
    return table[name].to_numpy(dtype=bool, na_value=False) if name in table else np.zeros(len(table), dtype=bool)


def steps(start: Floats, end: Floats, value: Floats, gap: NDArray[np.bool_]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """
    Make the line of a series: a step over each interval, nothing across what is unknown.

    Parameters
    ----------
    start, end
        Intervals by time, in matplotlib's days; start is NaN in a first row.
    value
        What was measured; NaN where unknown.
    gap
        Whether the interval is a gap: then the value stands for its end alone.

    Returns
    -------
    x, y, samples
        Line with NaN wherever it breaks, and the places of the samples in it.
    """
    count = len(end)
    pointlike = gap | ~np.isfinite(start)
    x = np.column_stack([np.where(np.isfinite(start), start, end), end, end])
    y = np.column_stack([np.where(pointlike, np.nan, value), value, value])
    together = np.zeros(count, dtype=bool)
    if count > 1:
        with np.errstate(invalid="ignore"):
            together[:-1] = (np.abs(start[1:] - end[:-1]) < 1e-9) & ~gap[1:]
    y[~together, 2] = np.nan
    places = np.flatnonzero(np.isfinite(value)) * 3 + 1
    return x.ravel(), y.ravel(), places
