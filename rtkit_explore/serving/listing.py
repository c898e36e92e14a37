"""Filters, order and pages of the API's two lists, over rows as the API writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from rtkit_explore.serving.messages import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = dict[str, Any]
Query = "Mapping[str, str]"
INVALID = 7400
"""Code of an error about a parameter."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass
class Paging:
    """
    How a list is cut into pages. What the API does is not documented, so a client has to live with all of this.

    Attributes
    ----------
    first
        Number of the first page.
    largest, usual
        Most rows of a page, and rows of a page where no size is asked for.
    place
        Where the paging block stands: beside ``data``, in it, or nowhere.
    offset_by_asked
        Count offsets by the size that was asked for, even where pages are cut shorter.
    page_zero, too_large, behind
        What page 0 is where pages start at 1, what happens to a page size above ``largest``, and what a page behind
        the last one is.
    total_off
        By how much the total is wrong.
    """

    first: int = 1
    largest: int = 50
    usual: int = 25
    place: Literal["top", "data", "absent"] = "top"
    offset_by_asked: bool = False
    page_zero: Literal["first", "empty", "error"] = "first"
    too_large: Literal["cut", "error"] = "cut"
    behind: Literal["empty", "last", "error"] = "empty"
    total_off: int = 0

    def cut(self, rows: list[Any], query: Mapping[str, str]) -> tuple[list[Any], dict[str, int]]:
        """
        Cut the page that a query asks for.

        Returns
        -------
        tuple of list and dict
            Its rows, and the paging block with 1-based inclusive offsets (0 for an empty page).

        Raises
        ------
        RequestError
            For a page number or size that is none, or not accepted.
        """
        number = _whole("page_no", query.get("page_no"), self.first)
        asked = _whole("per_page", query.get("per_page"), self.usual)
        if asked < 1:
            raise invalid("per_page must be at least 1")
        if asked > self.largest and self.too_large == "error":
            raise invalid(f"per_page must not be above {self.largest}")
        size = min(asked, self.largest)
        begin = (number - self.first) * (asked if self.offset_by_asked else size)
        if begin < 0:
            if self.page_zero == "error":
                raise invalid(f"page_no must be at least {self.first}")
            begin = 0 if self.page_zero == "first" else len(rows)
        if begin >= len(rows) and begin and number > self.first:
            if self.behind == "error":
                raise invalid("there is no such page")
            if self.behind == "last" and rows:
                begin = (len(rows) - 1) // size * size
        page = rows[begin : begin + size]
        offsets = (begin + 1, begin + len(page)) if page else (0, 0)
        return page, {
            "total_count": len(rows) + self.total_off,
            "start_offset": offsets[0],
            "end_offset": offsets[1],
        }


def pick_sessions(rows: Iterable[Row], query: Mapping[str, str]) -> list[Row]:
    """
    Filter and sort sessions; the newest come first unless asked otherwise.

    Raises
    ------
    RequestError
        For a parameter that cannot mean anything.
    """
    kept = list(rows)
    status = _choice("status", query.get("status"), ("LIVE", "ENDED"))
    if status is not None:
        kept = [row for row in kept if row.get("status") == status]
    if "start_time" in query:
        start = _asked_moment("start_time", query["start_time"])
        kept = [row for row in kept if (began := _began(row)) is not None and began >= start]
    if "end_time" in query:
        end = _asked_moment("end_time", query["end_time"])
        kept = [row for row in kept if (began := _began(row)) is not None and began <= end]
    if "participants" in query:
        low, colon, high = query["participants"].partition(":")
        if not colon or not (_digits(low) and _digits(high)):
            raise invalid("participants must be a range such as 1:10")
        count = _number("max_concurrent_participants")
        kept = [row for row in kept if int(low) <= count(row) <= int(high)]
    if "associated_id" in query:
        kept = [row for row in kept if row.get("associated_id") == query["associated_id"]]
    kept = _found(kept, query.get("search"), ("meeting_display_name", "associated_id", "id"))
    keys = {"minutesConsumed": _number("minutes_consumed"), "createdAt": _time("created_at")}
    return _sorted(kept, query, keys, ("createdAt", "DESC"))


def pick_participants(rows: Iterable[Any], query: Mapping[str, str]) -> list[Any]:
    """
    Filter participants, and sort them if asked to; else they keep their order, which is that of joining.

    Raises
    ------
    RequestError
        For a parameter that cannot mean anything.
    """
    searched = ("display_name", "id", "user_id", "custom_participant_id")
    kept = _found(list(rows), query.get("search"), searched)
    keys = {"joinedAt": _time("joined_at"), "duration": _number("duration")}
    if "sort_by" not in query and "sort_order" not in query:
        return kept
    return _sorted(kept, query, keys, ("joinedAt", "ASC"))


def invalid(message: str) -> RequestError:
    """Make the error for a parameter."""
    return RequestError(400, message, code=INVALID)


def _found(rows: list[Any], search: str | None, fields: tuple[str, ...]) -> list[Any]:
    if not search:
        return rows
    wanted = search.casefold()
    return [
        row
        for row in rows
        if isinstance(row, dict) and any(wanted in str(row.get(name) or "").casefold() for name in fields)
    ]


def _sorted(
    rows: list[Any], query: Mapping[str, str], keys: Mapping[str, Callable[[Any], Any]], usual: tuple[str, str]
) -> list[Any]:
    by = _choice("sort_by", query.get("sort_by"), tuple(keys)) or usual[0]
    order = _choice("sort_order", query.get("sort_order"), ("ASC", "DESC")) or usual[1]
    return sorted(rows, key=keys[by], reverse=order == "DESC")


def _choice(name: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
    if value is not None and value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}")
    return value


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _whole(name: str, text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not _digits(text):
        raise invalid(f"{name} must be a whole number")
    return int(text)


def _asked_moment(name: str, text: str) -> datetime:
    moment = moment_of(text)
    if moment is None:
        raise invalid(f"{name} must be an ISO 8601 time")
    return moment


def moment_of(value: Any) -> datetime | None:
    """Read an ISO 8601 time, with the stray quotes that documents have been seen to hold; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip().strip('"'))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _began(row: Row) -> datetime | None:
    return moment_of(row.get("started_at")) or moment_of(row.get("created_at"))


def _time(name: str) -> Callable[[Any], datetime]:
    return lambda row: (moment_of(row.get(name)) if isinstance(row, dict) else None) or _EARLIEST


def _number(name: str) -> Callable[[Any], float]:
    def number(row: Any) -> float:
        value = row.get(name) if isinstance(row, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return 0.0
        return 0.0 if isinstance(value, float) and math.isnan(value) else value

    return number
