"""What to draw of the table ``quality``: measures, streams, people, a window; and why there may be nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError, close_to, did_you_mean
from rtkit_explore.plot.inputs import choices
from rtkit_explore.plot.labels import listed
from rtkit_explore.plot.time_axis import SECOND, positions
from rtkit_explore.table_schema.columns import DIRECTIONS, MEDIA
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.labels import report_words, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkit_explore.plot.inputs import PlotInput


def metric_columns(table: pd.DataFrame) -> list[str]:
    """List what can be drawn of a table of intervals: its numbers, and what limits the encoder."""
    numbers = [
        name
        for name in table.columns
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]) and name != "ssrc"
    ]
    return [*numbers, *(["limited_by"] if "limited_by" in table.columns else [])]


def check_metrics(metrics: object, table: pd.DataFrame) -> list[str]:
    """
    Parse the argument ``metrics``.

    Raises
    ------
    InvalidArgumentError
        If one is not a measure of the table, with what might have been meant.
    """
    if isinstance(metrics, str):
        metrics = [metrics]
    known = metric_columns(table)
    try:
        wanted = list(metrics)  # type: ignore[call-overload]
    except TypeError:
        wanted = []
    if not wanted:
        msg = f"metrics= takes one or several of: {listed(known)}. It is {metrics!r}."
        raise InvalidArgumentError(msg)
    for name in wanted:
        if name not in known:
            declared = TABLES["quality"].index
            if isinstance(name, str) and (name in table.columns or name in declared):
                problem = f"{name!r:.80} is no measure that has a size"
            else:
                titles = {title_of(one): one for one in known}
                meant = titles.get(str(name).replace("_", " "))
                near = did_you_mean([meant]) if meant else close_to(str(name), known)
                problem = f"There is no measure {name!r:.80}.{near}"
            msg = f"{problem.rstrip('.')}{'' if problem.endswith('?') else '.'} Measures: {listed(known)}."
            raise InvalidArgumentError(msg)
    return list(dict.fromkeys(wanted))


def stream_ids(streams: object, table: pd.DataFrame) -> list[str] | None:
    """Parse the argument ``streams``: ids, the starts of ids, or a table with a column ``stream_id``."""
    if streams is None:
        return None
    if isinstance(streams, pd.DataFrame) and "stream_id" in streams.columns:
        wanted: list[Any] = list(streams["stream_id"].dropna())
    elif isinstance(streams, str):
        wanted = [streams]
    else:
        try:
            wanted = list(streams)  # type: ignore[call-overload]
        except TypeError:
            wanted = [streams]
    known = [str(one) for one in table["stream_id"].dropna().unique()]
    found: list[str] = []
    for one in wanted:
        ids = (
            [one] if one in known else [name for name in known if isinstance(one, str) and one and name.startswith(one)]
        )
        if not ids:
            msg = (
                f"There is no stream {one!r}. Streams are named by stream_id, see call.streams;"
                f" there: {listed(known, most=8)}."
            )
            raise InvalidArgumentError(msg)
        found += ids
    return found


def select(
    table: pd.DataFrame,
    peers: Sequence[str] | None,
    *,
    media: object = None,
    direction: object = None,
    streams: Sequence[str] | None = None,
    view: tuple[float, float] = (-np.inf, np.inf),
) -> pd.DataFrame:
    """Choose rows of ``quality``; an interval counts where any of it is in view."""
    keep = pd.Series(data=True, index=table.index)
    for name, values in (
        ("peer_id", peers),
        ("media", choices(media, "media", MEDIA)),
        ("direction", choices(direction, "direction", DIRECTIONS)),
        ("stream_id", streams),
    ):
        if values is not None:
            keep &= table[name].isin(values)
    end = positions(table["end"])
    start = positions(table["start"])
    begin = np.where(np.isfinite(start), start, end)
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(end) & (end >= view[0]) & (begin <= view[1])
    return table[keep.to_numpy(dtype=bool) & inside]


def extent(table: pd.DataFrame, view: tuple[float, float]) -> tuple[float, float]:
    """Range of the time axis: the window where it is closed, else what there is, with a little air."""
    times = np.concatenate([positions(table["start"]), positions(table["end"])])
    low, high = float(np.nanmin(times)), float(np.nanmax(times))
    air = max((high - low) * 0.01, SECOND)
    return (
        view[0] if np.isfinite(view[0]) else low - air,
        view[1] if np.isfinite(view[1]) else high + air,
    )


def why_empty(subject: PlotInput, table: pd.DataFrame, peers: Sequence[str] | None, *, filtered: bool) -> str:
    """Say in words why there is nothing to draw."""
    if peers is not None and subject.knows("participants") and "report" in subject["participants"].columns:
        people = subject["participants"].set_index("peer_id")["report"]
        for peer in peers:
            if people.get(peer, "read") != "read":
                return f"Nothing is known of {subject.name(peer)}'s media: {report_words(people[peer])}."
        if not table["peer_id"].isin(peers).any():
            return f"The report of {' and '.join(subject.name(peer) for peer in peers)} holds no samples."
    if filtered:
        return "No samples fit this choice of participant, media, direction, streams and window."
    return "No samples: no report of this call holds any."
