"""What each picker offers: rows of a table become items with labels that a person can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.labels import report_words, rule_words, stream_words
from rtkit_explore.tables.participant_lookup import participant_labels
from rtkit_explore.widgets.selection_model import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REPORT_READ = "read"
CLIENT_CLOCK_SLACK = pd.Timedelta(hours=1)
"""How far a client's clock may lie outside of the server's times and still widen the window that is offered."""


def _rows(table: pd.DataFrame, key: str, columns: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows that have a key, each key once, with missing values (columns, too) as None."""
    if key not in table.columns:
        msg = f"This table has no column {key!r}; it has {', '.join(map(str, table.columns)) or 'none'}."
        raise InvalidArgumentError(msg)
    seen: set[str] = set()
    present = [name for name in columns if name in table.columns]
    for key_value, *values in zip(table[key], *(table[name] for name in present), strict=True):
        if pd.isna(key_value) or str(key_value) in seen:
            continue
        seen.add(str(key_value))
        row = dict.fromkeys(columns)
        row.update({name: None if pd.isna(value) else value for name, value in zip(present, values, strict=True)})
        yield {**row, key: str(key_value)}


def is_live(sessions: pd.DataFrame) -> bool:
    """Tell whether a call was going on when it was fetched."""
    if not len(sessions) or "status" not in sessions.columns:
        return False
    return bool((sessions["status"].astype("object").eq("LIVE") & sessions["ended_at"].isna()).all())


def sorted_sessions(table: pd.DataFrame) -> pd.DataFrame:
    """Order calls as they are offered: those that have ended first, the newest first; each once."""
    if not len(table):
        return table
    table = table[table["session_id"].notna()].drop_duplicates("session_id")
    live = (
        table["status"].astype("object").eq("LIVE").to_numpy(dtype=bool)
        if "status" in table.columns
        else np.zeros(len(table), dtype=bool)
    )
    begin = table["started_at"]
    if "created_at" in table.columns:
        begin = begin.fillna(table["created_at"])
    order = begin.rank(method="first", ascending=False, na_option="bottom").to_numpy()
    return table.iloc[np.lexsort((order, live))]


def session_items(sessions: pd.DataFrame, *, tz: str) -> list[Item]:
    """Return one item a session: start, title, people, length, state."""
    times = ("started_at", "created_at", "ended_at")
    people_columns = ("max_concurrent_participants", "live_participants")
    columns = ("meeting_display_name", "associated_id", "status", "type", *times, *people_columns)
    items = []
    for row in _rows(sessions, "session_id", columns):
        begin = row["started_at"] if row["started_at"] is not None else row["created_at"]
        live = row["status"] == "LIVE"
        people = row["live_participants"] if live else row["max_concurrent_participants"]
        parts = [
            begin.tz_convert(tz).strftime("%Y-%m-%d %H:%M") if begin is not None else "no start time",
            row["meeting_display_name"] or "untitled",
            None if people is None else "1 person" if people == 1 else f"{int(people)} people",
            "live now" if live else length(begin, row["ended_at"]),
        ]
        words = " ".join(str(row[name]) for name in ("associated_id", "status", "type") if row[name] is not None)
        items.append(Item(row["session_id"], _joined(parts), words))
    return items


def participant_items(participants: pd.DataFrame, *, names: Mapping[str, str], tz: str) -> list[Item]:
    """Return one item a participant: name, when they came, how long they stayed, whether there is a report."""
    columns = ("display_name", "user_id", "custom_participant_id", "preset_name", "joined_at", "left_at", "report")
    items = []
    for row in _rows(participants, "peer_id", columns):
        parts = [
            names.get(row["peer_id"]) or row["display_name"] or f"participant {row['peer_id'][:8]}",
            f"joined {row['joined_at'].tz_convert(tz):%H:%M:%S}" if row["joined_at"] is not None else None,
            length(row["joined_at"], row["left_at"]),
            None if row["report"] in (None, REPORT_READ) else report_words(row["report"]),
        ]
        words = " ".join(str(row[name]) for name in columns[:4] if row[name] is not None)
        items.append(Item(row["peer_id"], _joined(parts), words))
    return items


def stream_items(streams: pd.DataFrame, *, names: Mapping[str, str]) -> list[Item]:
    """Return one item a stream: who sends or receives what, from whom, for how long, and how much was lost."""
    columns = ("peer_id", "display_name", "media", "direction", "remote_peer_id", "duration_s", "loss_pct")
    items = []
    for row in _rows(streams, "stream_id", columns):
        peer, far = row["peer_id"] or "", row["remote_peer_id"]
        who = names.get(peer) or row["display_name"] or f"participant {peer[:8]}"
        remote = "" if far is None else names.get(far) or f"participant {far[:8]}"
        what = stream_words(who, row["media"], row["direction"], remote)
        seconds, lost = row["duration_s"], row["loss_pct"]
        parts = [
            what,
            None if seconds is None else clock(seconds),
            None if lost is None else f"{lost:.1f} % lost",
        ]
        items.append(Item(row["stream_id"], _joined(parts), f"{row['media']} {row['direction']} {peer} {far or ''}"))
    return items


STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
"""Steps between round times, for sliders and axes."""
SIGNS = {"bad": "◆", "warn": "▲", "note": "○"}
"""Signs of severities, so that they can be distinguished at a glance and without colours."""


def finding_items(findings: pd.DataFrame) -> list[Item]:
    """Return one item a finding, in the table's order, known by its row number: severity and what happened."""
    items = []
    names = ("severity", "rule", "story", "display_name", "media", "side")
    columns = [findings[name].astype("object").where(findings[name].notna(), "") for name in names]
    for number, (severity, rule, story, *more) in enumerate(zip(*columns, strict=True)):
        label = _joined([f"{SIGNS.get(severity, '')} {severity}", str(story) or rule_words(rule)])
        items.append(Item(str(number), label, " ".join([rule_words(rule), *map(str, more)])))
    return items


def names_in(participants: pd.DataFrame) -> dict[str, str]:
    """Return peer id to name for a bare table; people of the same name get a number."""
    return participant_labels(_rows(participants, "peer_id", ("display_name",)))


def limits_of(server: Iterable[pd.Series], clients: Iterable[pd.Series]) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """
    Return the first and the last time of a call, or None where none is known.

    The server's times decide. Times by the clients' clocks widen them, unless they lie so far outside that the
    clock must be wrong; where the server gives none they decide alone.
    """
    known = [time for column in server for time in column.dropna()]
    measured = [time for column in clients for time in column.dropna()]
    if known:
        low, high = min(known), max(known)
        known += [t for t in measured if low - CLIENT_CLOCK_SLACK <= t <= high + CLIENT_CLOCK_SLACK]
    else:
        known = measured
    return (pd.Timestamp(min(known)), pd.Timestamp(max(known))) if known else None


def length(start: pd.Timestamp | None, end: pd.Timestamp | None) -> str | None:
    """Return how long something took, as people say it; None where that is not known."""
    if start is None or end is None or end < start:
        return None
    minutes = (end - start).total_seconds() / 60
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    return f"{round(minutes)} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, with hours where there are any."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _joined(parts: Iterable[str | None]) -> str:
    # A line break in a name would break the line that the item is.
    return " · ".join(" ".join(part.split()) for part in parts if part)
