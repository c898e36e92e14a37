"""The tables under the explorer's plots: a part of each, in words, with the times that the cursor follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError, RtkitError
from rtkit_explore.table_schema.labels import (
    column_of,
    device_kind_words,
    event_words,
    media_words,
    report_words,
    rule_words,
)
from rtkit_explore.widgets.explorer_call import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.widgets.explorer_model import ExplorerModel

MOST_ROWS: Final = 500
TABS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "overview": (
        "People",
        (
            "display_name", "verdict", "report", "minutes", "path", "heard_loss_pct", "sent_loss_pct", "seen_loss_pct",
            "rtt_ms", "jitter_ms", "buffer_ms", "mos", "seen_fps", "seen_height", "sent_kbps", "limited_pct",
            "browser", "os",
        ),
    ),
    "findings": (
        "Findings",
        ("severity", "rule", "display_name", "start", "end", "value", "threshold", "unit", "story", "next_step"),
    ),
    "quality": (
        "Quality",
        ("end", "display_name", "media", "direction", "remote_peer_id", "loss_pct", "bitrate_kbps", "rtt_ms",
         "jitter_ms", "buffer_ms", "fps", "height", "limited_by", "score"),
    ),
    "device_changes": ("Devices", ("timestamp", "display_name", "change", "kind", "label")),
    "candidate_pairs": (
        "Network paths",
        ("display_name", "transport", "nominated", "relayed", "path_protocol", "local_candidate_network_type", "rtt_ms",
         "bytes_sent", "bytes_received", "available_outgoing_bitrate"),
    ),
    "events": ("Events", ("timestamp", "display_name", "name")),
    "said": ("Said", ("start", "display_name", "text")),
    "problems": ("Problems", ("display_name", "source", "kind", "message", "meaning", "count")),
}  # fmt: skip
"""Tabs: title and columns of each."""
TIMES: Final = {
    "events": "timestamp",
    "device_changes": "timestamp",
    "quality": "end",
    "findings": "start",
    "said": "start",
}
EMPTY: Final = {
    "said": "Nothing was said here that was kept: no chat and no transcript of this call.",
    "problems": "Everything of this call was fetched and read.",
    "findings": "Nothing was found to be wrong.",
}


def tables_there() -> list[dict[str, str]]:
    """List the tabs."""
    return [{"key": key, "title": title} for key, (title, _) in TABS.items()]


def table_of(model: ExplorerModel, name: str) -> dict[str, Any]:
    """
    Return a table for the people and the time that are looked at.

    Parameters
    ----------
    model
        The model.
    name
        A key of ``TABS``.

    Returns
    -------
    dict
        ``columns`` (title, whether it holds numbers), ``rows`` of texts and numbers, ``times`` of the rows in seconds
        since 1970 where they have one, ``more`` rows left out, ``note``.
    """
    if name not in TABS or model.opened is None:
        msg = f"There is no table {name!r} here."
        raise InvalidArgumentError(msg)
    note = ""
    if name == "said":
        table, note = said(model)
    elif name in ("overview", "findings"):
        table = getattr(model.opened.call, name)()
    else:
        table = getattr(model.opened.call, name)
    table = filtered(model, table, name)
    _, columns = TABS[name]
    names = model.opened.names
    more = max(len(table) - MOST_ROWS, 0)
    part = table.iloc[:MOST_ROWS]
    if "display_name" not in part.columns and "peer_id" in part.columns:
        part = part.assign(display_name=[names.get(str(peer), "") for peer in part["peer_id"]])
    described: list[dict[str, Any]] = []
    cells: list[list[Any]] = []
    for column in columns:
        if column not in part.columns:
            continue
        declared = column_of(column, name if name != "said" else "transcript")
        title = TITLES.get(column) or (declared.title + (f", {declared.unit}" if declared.unit else ""))
        values = part[column]
        if column == "remote_peer_id":
            cells.append([names.get(str(one), "") for one in values])
            described.append({"title": "from", "number": False, "time": False})
        elif isinstance(values.dtype, pd.DatetimeTZDtype):
            cells.append([None if np.isnan(at) else float(at) for at in seconds_of(values)])
            described.append({"title": title, "number": False, "time": True})
        elif pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
            numbers = values.to_numpy(dtype="float64", na_value=np.nan)
            cells.append([None if np.isnan(one) else float(f"{one:.4g}") for one in numbers])
            described.append({"title": title, "number": True, "time": False})
        else:
            cells.append([cell(one, column) for one in values.astype("object")])
            described.append({"title": title, "number": False, "time": False})
    times = seconds_of(part[TIMES[name]]) if name in TIMES and TIMES[name] in part.columns else np.array([])
    return {
        "name": name,
        "columns": described,
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "times": [None if np.isnan(at) else float(at) for at in times],
        "more": more,
        "note": note or ("" if len(part) else EMPTY.get(name, "Nothing of this kind in what is chosen.")),
    }


TITLES: Final = {
    "display_name": "who", "direction": "", "timestamp": "time", "end": "time", "start": "time", "name": "event",
    "path": "network path", "text": "said", "story": "what happened",
}  # fmt: skip
WORDS: Final[dict[str, Callable[[object], str]]] = {
    "media": media_words,
    "name": event_words,
    "rule": rule_words,
    "report": report_words,
    "kind": device_kind_words,
    "direction": lambda way: "sends" if way == "producer" else "gets",
}


def cell(value: object, column: str) -> str:
    """Write a value in words."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return WORDS[column](value) if column in WORDS else str(value)


def filtered(model: ExplorerModel, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep the rows of the people and the time that are looked at."""
    choice = model.choice
    if choice.people is not None and "peer_id" in table.columns and name not in ("overview", "said", "findings"):
        table = table[table["peer_id"].isin(choice.people)]
    if choice.window is not None and TIMES.get(name) in table.columns and name != "findings":
        at = seconds_of(table[TIMES[name]])
        table = table[(at >= choice.window[0]) & (at <= choice.window[1])]
    if name == "quality" and choice.media is not None:
        table = table[table["media"].isin(choice.media)]
    return table


def said(model: ExplorerModel) -> tuple[pd.DataFrame, str]:
    """Return chat and transcript in one table, fetched where they were not; and what could not be had."""
    opened = model.opened
    if opened is None:
        return pd.DataFrame(), ""
    call, notes = opened.call, []
    cache: dict[str, pd.DataFrame] = opened.__dict__.setdefault("said", {})
    for kind in ("chat", "transcript"):
        if kind in cache:
            continue
        table = getattr(call, kind)
        if table.empty and model.app is not None and call.session_id is not None:
            try:
                table = getattr(model.app, kind)(call.session_id)
            except RtkitError as error:
                notes.append(f"No {kind}: {error}")
        cache[kind] = table
    chat, words = cache["chat"], cache["transcript"]
    parts = [
        pd.DataFrame(
            {
                "start": chat["created_at"],
                "display_name": chat["display_name"],
                "text": chat["payload"],
                "kind": "wrote",
            }
        ),
        pd.DataFrame(
            {"start": words["start"], "display_name": words["display_name"], "text": words["text"], "kind": "said"}
        ),
    ]
    there = [part for part in parts if len(part)]
    if not there:
        return parts[0], " ".join(notes)
    return pd.concat(there, ignore_index=True).sort_values("start", kind="stable"), " ".join(notes)
