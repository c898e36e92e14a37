"""
Reading a list to its end, without trusting how its pages are counted.

What is not known about the API's pagination is found out while reading: whether page numbers start at 0 or 1, how
large a page may be, and whether and where there is a ``paging`` block. The first page is requested without a number,
then pages 1, 2, 3 and so on; if page 1 turns out to be the first page again, numbers start at 1. Rows are identified by
their id. If something shows that rows moved while reading, the list is read again.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from rtkit_explore.errors import ApiError, BadAnswerError, BadRequestError, NotFoundError, ServerError

READINGS = 4
MOST_PAGES = 5_000
"""Pages after which a list is taken for endless although it says how long it is: half a million rows."""
MOST_UNCOUNTED_PAGES = 500
"""The same for a list that does not say how long it is, or says something else on every page."""
_DIGITS = 16


@dataclass
class Page:
    """
    One page.

    Attributes
    ----------
    rows
        Its rows, as they came.
    answer
        The decoded response that held them.
    content
        The same, undecoded.
    total, start, end
        Of its paging block, where there is one.
    listed
        False if the response holds no list at all.
    """

    rows: list[Any]
    answer: dict[str, Any]
    content: bytes
    total: int | None = None
    start: int | None = None
    end: int | None = None
    listed: bool = True


@dataclass
class PagedList:
    """
    A list, read.

    Attributes
    ----------
    rows
        Its rows in the API's order, none twice.
    content
        One response in the API's shape that holds all rows, as JSON bytes.
    total_count
        How many there are according to the API, if it says so.
    problems
        What did not add up; empty if all is well.
    """

    rows: list[Any]
    content: bytes
    total_count: int | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def answer(self) -> dict[str, Any]:
        """The content, decoded."""
        read: dict[str, Any] = json.loads(self.content)
        return read


Fetch = Callable[[int | None, int | None], Awaitable[Page]]
"""Takes a page number and a page size (None: not sent) and fetches that page."""


def read_page(answer: dict[str, Any], content: bytes, key: str) -> Page:
    """
    Find the rows and the paging block of a response.

    Parameters
    ----------
    answer, content
        The response, decoded and raw.
    key
        What the rows are called: "sessions" or "participants".
    """
    data = answer.get("data")
    rows: Any = data
    if isinstance(data, dict):
        rows = data.get(key)
    paging = answer.get("paging")
    if not isinstance(paging, dict) and isinstance(data, dict):
        paging = data.get("paging")
    paging = paging if isinstance(paging, dict) else {}
    return Page(
        rows=rows if isinstance(rows, list) else [],
        listed=isinstance(rows, list),
        answer=answer,
        content=content,
        total=_number(paging, "total_count", "totalCount"),
        start=_number(paging, "start_offset", "startOffset"),
        end=_number(paging, "end_offset", "endOffset"),
    )


def _number(paging: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = paging.get(name)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < _DIGITS:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**_DIGITS:
            return int(value) if value == value // 1 else None
    return None


@dataclass
class _Reading:
    """What one pass through the pages has brought so far."""

    rows: dict[str, Any] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    total: int | None = None
    pages: int = 0
    repeated: int = 0
    first: Page | None = None
    first_size: int = 0
    last_keys: list[str] = field(default_factory=list)
    explicit: bool = False
    unlisted: int = 0

    def take(self, page: Page) -> int:
        """Add a page, and return how many of its rows are new."""
        self.unlisted += not page.listed
        keys = _keys(page.rows)
        fresh = [key for key in keys if key not in self.rows]
        if self.first is None:
            self.first, self.first_size = page, len(page.rows)
        if fresh:
            self.pages += 1
        if keys != self.last_keys:
            # The same page again is page 1 after the first page, or a server that stops at its last page.
            self.repeated += len(keys) - len(fresh)
        self.last_keys = keys
        self.rows.update(zip(keys, page.rows, strict=True))
        if page.total is not None:
            self.total = page.total
            self.totals.add(page.total)
        return len(fresh)

    @property
    def steady(self) -> bool:
        """Whether nothing shows that rows moved while reading."""
        return self.repeated == 0 and len(self.totals) <= 1

    def adds_up(self, limit: int | None) -> bool:
        """Whether everything is there, as far as one reading can tell."""
        if limit is not None and len(self.rows) >= limit:
            return self.steady
        if self.total is None:
            # Without a count, only a second reading could show that a row slipped from one page to the one before.
            return self.steady and self.pages <= 1
        return self.steady and len(self.rows) == self.total


def _keys(rows: list[Any]) -> list[str]:
    """Identify every row: by its id, else by its content and how often that came in this page."""
    keys = []
    counted: dict[str, int] = {}
    first: dict[str, Any] = {}
    for row in rows:
        identity = row.get("id") if isinstance(row, dict) else None
        if isinstance(identity, str | int) and identity != "":
            key = f"id {identity}"
            # The same row twice in one page is one row; two different rows with one id are two.
            same = first.setdefault(key, row) == row
            keys.append(key if same else f"{key} {json.dumps(row, sort_keys=True)}")
            continue
        text = json.dumps(row, sort_keys=True)
        counted[text] = counted.get(text, 0) + 1
        keys.append(f"row {counted[text]} {text}")
    return keys


class Pager:
    """
    Reads lists of one kind, and remembers what it found out about their pages.

    Parameters
    ----------
    key
        What the rows are called.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._first_number: int | None = None
        self._largest_page = 0

    async def read(
        self,
        fetch: Fetch,
        *,
        per_page: int,
        fixed_size: bool = False,
        limit: int | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
        keep_partial: bool = False,
    ) -> PagedList:
        """
        Read a whole list, or its first rows.

        Parameters
        ----------
        fetch
            Fetches a page.
        per_page
            Page size to request.
        fixed_size
            True where the caller's own page size was asked for, which is then never changed.
        limit
            Stop after so many rows.
        on_progress
            Told how many rows there are so far, and of how many.
        keep_partial
            Where a later page cannot be had, keep the rows of those before it and note a problem, instead of raising.

        Returns
        -------
        PagedList
            With a problem noted if, after several readings, the count still differs from what the API says.
        """
        size: int | None = per_page
        largest_before = self._largest_page
        readings: list[_Reading] = []
        for attempt in range(READINGS):
            # The third time, request page 0 by its number: "no number" might not have meant the first page.
            reading = _Reading(explicit=attempt == 2)
            try:
                size = await self._pass(
                    reading, fetch, size, fixed_size=fixed_size, limit=limit, on_progress=on_progress
                )
            except ApiError as error:
                best = max([*readings, reading], key=lambda one: len(one.rows))
                if not keep_partial or not best.rows:
                    raise
                said = f"only {len(best.rows)} {self._key} could be read, those behind them are missing: {error}"
                return self._listing(best, limit, [said])
            readings.append(reading)
            cut = not fixed_size and size is not None and 0 < reading.first_size < size
            # A server may cap the page size: a page shorter than requested may be cut, unless a longer one was seen.
            uncounted = reading.total is None and (limit is None or len(reading.rows) < limit)
            doubtful = uncounted and cut and reading.first_size >= largest_before
            # After a full page, a row may have slipped back into it just before the next page was requested.
            full = uncounted and size is not None and reading.first_size >= size
            if reading.adds_up(limit) and not doubtful and not full:
                return self._listing(reading, limit, [])
            if reading.total is None and attempt and not doubtful and self._agree(readings[-2], reading):
                return self._listing(reading, limit, [])
            if cut:
                # A server that cuts pages but counts offsets by the requested size skips rows: ask for what it gives.
                size = reading.first_size
        return self._listing(_joined(readings), limit, [self._doubt(readings)])

    async def _pass(
        self,
        reading: _Reading,
        fetch: Fetch,
        size: int | None,
        *,
        fixed_size: bool,
        limit: int | None,
        on_progress: Callable[[int, int | None], None] | None,
    ) -> int | None:
        explicit = reading.explicit
        number: int | None = 0 if explicit else None
        for fetched in itertools.count():
            if fetched >= (MOST_PAGES if len(reading.totals) == 1 else MOST_UNCOUNTED_PAGES):
                msg = (
                    f"the list of {self._key} had no end after {fetched} pages: narrow it down (start_time=, end_time=,"
                    " search=), or give limit="
                )
                raise BadAnswerError(msg)
            try:
                page = await fetch(number, size)
            except (BadRequestError, NotFoundError, ServerError) as error:
                if explicit and number == 0:
                    # Numbers start at 1 here, and the server rejects page 0.
                    number = 1
                    continue
                if number is None and size is not None and not fixed_size and isinstance(error, BadRequestError):
                    # Perhaps the page size is larger than this server allows.
                    size = None
                    continue
                if number and reading.first is not None and not isinstance(error, ServerError):
                    # Some servers reject a page after the last one.
                    break
                raise
            # Count the new rows: a page without any is a repeated one, or the end.
            fresh = reading.take(page)
            self._largest_page = max(self._largest_page, len(page.rows))
            if on_progress is not None:
                on_progress(len(reading.rows), reading.total)
            if (limit is not None and len(reading.rows) >= limit) or self._ends(reading, page, number, fresh):
                break
            self._learn(reading, number, fresh)
            number = self._next(number, explicit)
        return size

    def _learn(self, reading: _Reading, number: int | None, fresh: int) -> None:
        """Conclude whether page numbers start at 0 or 1, if two pages prove it."""
        if self._first_number is None and fresh and reading.steady and not reading.explicit:
            if number == 1:
                self._first_number = 0
            elif number == 2:
                self._first_number = 1

    def _next(self, number: int | None, explicit: bool) -> int:
        if number is not None:
            return number + 1
        return 2 if self._first_number == 1 and not explicit else 1

    @staticmethod
    def _ends(reading: _Reading, page: Page, number: int | None, fresh: int) -> bool:
        if reading.total is not None and len(reading.rows) >= reading.total:
            return True
        if number is None or number == 0:
            # The first page ends the list only if it is empty and no count says that there are rows.
            return not page.rows and number is None and not reading.total
        if not page.rows:
            return True
        if not fresh:
            # Page 1 may be the first page again; a later one that brings nothing new is the end.
            return number > 1
        if reading.total is None:
            return len(page.rows) < reading.first_size
        return page.end is not None and page.end >= reading.total

    @staticmethod
    def _agree(one: _Reading, other: _Reading) -> bool:
        return one.steady and other.steady and one.rows.keys() == other.rows.keys()

    def _doubt(self, readings: list[_Reading]) -> str:
        total = readings[-1].total
        found = len(_joined(readings).rows)
        if total is None:
            return (
                f"the list of {self._key} came out differently in {len(readings)} readings, and the API gives no count:"
                f" {found} rows were seen in all, some may be missing or gone by now"
            )
        return (
            f"the API counts {total} {self._key}, but {len(readings)} readings brought {found} different ones:"
            f" {'some may be missing' if found < total else 'the list changed meanwhile'}; ask again for a fresh list"
        )

    def _listing(self, reading: _Reading, limit: int | None, problems: list[str]) -> PagedList:
        rows = list(reading.rows.values())
        if limit is not None:
            rows = rows[:limit]
        first = reading.first
        problems = [*problems, *_oddities(self._key, reading.unlisted, rows)]
        if first is not None and len(rows) == len(first.rows) and reading.pages <= 1:
            content = first.content
        else:
            content = _joined_answer(first, rows, self._key, reading.total)
        return PagedList(rows, content, reading.total, problems)


def _oddities(key: str, unlisted: int, rows: list[Any]) -> list[str]:
    """Describe what is odd about a list that was read; ``unlisted`` pages held no list at all."""
    found = [f"the answer holds no list of {key}"] if unlisted else []
    several = Counter(row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str))
    repeated = [identity for identity, times in several.items() if times > 1]
    if repeated:
        names = ", ".join(repeated[:3])
        found.append(
            f"{len(repeated)} id(s) stand for several {key} that differ: {names}{' …' if repeated[3:] else ''}"
        )
    return found


def _joined(readings: list[_Reading]) -> _Reading:
    unlisted = sum(reading.unlisted for reading in readings)
    joined = _Reading(first=readings[-1].first, total=readings[-1].total, pages=2, unlisted=unlisted)
    for reading in readings:
        joined.rows.update(reading.rows)
    return joined


def _joined_answer(first: Page | None, rows: list[Any], key: str, total: int | None) -> bytes:
    """Build one response that holds all rows, with everything else as in the first page."""
    answer: dict[str, Any] = dict(first.answer) if first is not None else {"success": True}
    data = answer.get("data")
    data = dict(data) if isinstance(data, dict) else {}
    data[key] = rows
    answer["data"] = data
    holder = answer if isinstance(answer.get("paging"), dict) else data
    if isinstance(holder.get("paging"), dict):
        count = len(rows) if total is None else total
        holder["paging"] = {
            **holder["paging"],
            "total_count": count,
            "start_offset": min(1, len(rows)),
            "end_offset": len(rows),
        }
    return json.dumps(answer).encode()
