"""Filters, orders and pages of the API's two lists, over plain rows."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Rows = list[dict[str, Any]]
VIEWS = {"webinar": "WEBINAR", "meeting": "GROUP_CALL", "breakout": "GROUP_CALL"}


def wants(query: Mapping[str, str], name: str) -> bool:
    """Read a flag of a query."""
    return query.get(name, "").lower() in ("true", "1")


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _order(rows: Rows, query: Mapping[str, str], keys: Mapping[str, str], usual: tuple[str, str]) -> Rows | str:
    by, way = query.get("sort_by", usual[0]), query.get("sort_order", usual[1])
    if by not in keys:
        return f"sort_by must be one of {', '.join(keys)}"
    if way not in ("ASC", "DESC"):
        return "sort_order must be ASC or DESC"
    return sorted(rows, key=lambda row: row[keys[by]], reverse=way == "DESC")


def pick_sessions(rows: Rows, query: Mapping[str, str]) -> Rows | str:
    """
    Filter and order sessions.

    Parameters
    ----------
    rows
        All sessions.
    query
        Of the request.

    Returns
    -------
    The rows that are asked for, or what is wrong with the query.
    """
    status = query.get("status")
    if status is not None:
        if status not in ("LIVE", "ENDED"):
            return "status must be LIVE or ENDED"
        rows = [row for row in rows if row["status"] == status]
    for name, after in (("start_time", True), ("end_time", False)):
        if name not in query:
            continue
        moment = _moment(query[name])
        if moment is None:
            return f"{name} must be an ISO 8601 time"
        rows = [row for row in rows if (dt.datetime.fromisoformat(row["created_at"]) >= moment) == after]
    if "participants" in query:
        low, colon, high = query["participants"].partition(":")
        if not colon or not low.isdigit() or not high.isdigit():
            return "participants must be a range such as 1:10"
        rows = [row for row in rows if int(low) <= row["max_concurrent_participants"] <= int(high)]
    if "associated_id" in query:
        rows = [row for row in rows if row["associated_id"] == query["associated_id"]]
    if query.get("search"):
        sought = query["search"].lower()
        fields = ("meeting_display_name", "associated_id", "id")
        rows = [row for row in rows if any(sought in str(row[f]).lower() for f in fields)]
    keys = {"minutesConsumed": "minutes_consumed", "createdAt": "created_at"}
    return _order(rows, query, keys, ("createdAt", "DESC"))


def pick_participants(rows: Rows, query: Mapping[str, str]) -> Rows | str:
    """
    Filter and order participants.

    Parameters
    ----------
    rows
        All participants of a session.
    query
        Of the request.

    Returns
    -------
    The rows that are asked for, or what is wrong with the query.
    """
    if query.get("search"):
        sought = query["search"].lower()
        fields = ("display_name", "id", "user_id", "custom_participant_id")
        rows = [row for row in rows if any(sought in str(row[f]).lower() for f in fields)]
    return _order(rows, query, {"joinedAt": "joined_at", "duration": "duration"}, ("joinedAt", "ASC"))


def paged(
    rows: Rows, query: Mapping[str, str], *, first: int, largest: int, usual: int
) -> tuple[Rows, dict[str, int]] | str:
    """
    Cut a page out of rows.

    Parameters
    ----------
    rows
        All rows, in order.
    query
        Of the request: page_no and per_page.
    first, largest, usual
        Number of the first page, most rows of a page, rows of a page if nothing is asked for.

    Returns
    -------
    Rows of the page and its paging (1-based offsets), or what is wrong with the query.
    """
    texts = query.get("page_no", str(first)), query.get("per_page", str(usual))
    if not all(text.isdigit() for text in texts) or int(texts[1]) < 1:
        return "page_no and per_page must be whole numbers"
    size = min(int(texts[1]), largest)
    begin = max(0, int(texts[0]) - first) * size
    page = rows[begin : begin + size]
    offsets = (begin + 1, begin + len(page)) if page else (0, 0)
    return page, {"total_count": len(rows), "start_offset": offsets[0], "end_offset": offsets[1]}


def consolidated(rows: Rows) -> Rows:
    """Make one row a user of all their joinings: the first arrival, the last leaving, the minutes together."""
    joined: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = joined.get(row["user_id"])
        if known is None:
            joined[row["user_id"]] = dict(row)
            continue
        known["id"] = row["id"]
        known["duration"] = round(known["duration"] + row["duration"], 4)
        known["updated_at"] = row["updated_at"]
        known.pop("left_at", None)
        if "left_at" in row:
            known["left_at"] = row["left_at"]
    return list(joined.values())


def peer_events(row: dict[str, Any], session_id: str, kind: str) -> Rows:
    """Write the lifecycle of a participant id: created, joining, and leaving once it has left."""
    moments = [("PEER_CREATED", row["created_at"]), ("PEER_JOINING", row["joined_at"])]
    if row.get("left_at"):
        moments.append(("PEER_LEAVING", row["left_at"]))
    return [
        {
            "id": _made_id(row["id"], name),
            "created_at": at,
            "event_name": name,
            "minutes_consumed": row["duration"] if name == "PEER_LEAVING" else 0,
            "participant_id": row["id"],
            "peer_id": row["id"],
            "preset_view_type": VIEWS[kind],
            "session_id": session_id,
            "socket_session_id": _made_id(row["id"], "socket"),
            "updated_at": at,
        }
        for name, at in moments
    ]


def _made_id(*parts: str) -> str:
    digits = hashlib.sha256(" ".join(parts).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
