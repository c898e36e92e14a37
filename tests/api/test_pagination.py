"""Whatever a server's pages are like, a stable list is read whole, and one that changes without duplicates."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.api.pagination import Page, Pager, read_page
from rtkit_explore.errors import BadAnswerError, BadRequestError
from rtkit_explore.serving.listing import Paging
from rtkit_explore.serving.messages import RequestError


@dataclass
class Server:
    """A list in pages, without a network."""

    rows: list[str]
    paging: Paging = field(default_factory=Paging)
    changes: list[tuple[str, int]] = field(default_factory=list)
    asked: int = 0

    async def fetch(self, number: int | None, size: int | None) -> Page:
        if self.asked and self.changes:
            self.change(*self.changes.pop(0))
        self.asked += 1
        given = {"page_no": number, "per_page": size}
        try:
            page, block = self.paging.cut(
                self.rows, {name: str(value) for name, value in given.items() if value is not None}
            )
        except RequestError as error:
            raise BadRequestError("page_no", status=error.status) from error
        answer: dict = {"success": True, "data": {"sessions": [{"id": name} for name in page]}}
        if self.paging.place != "absent":
            (answer if self.paging.place == "top" else answer["data"])["paging"] = block
        return read_page(answer, json.dumps(answer).encode(), "sessions")

    def change(self, what: str, where: int) -> None:
        if what == "begin":
            self.rows.insert(0, f"new{self.asked}")
        elif what == "end" and self.rows:
            del self.rows[where % len(self.rows)]


pagings = st.builds(
    Paging,
    first=st.sampled_from([0, 1]),
    place=st.sampled_from(["top", "data", "absent"]),
    largest=st.sampled_from([3, 5, 10, 1000]),
    usual=st.just(4),
    page_zero=st.sampled_from(["first", "empty", "error"]),
    behind=st.sampled_from(["empty", "last", "error"]),
)
servers = st.builds(
    Server, rows=st.integers(0, 45).map(lambda count: [f"r{number}" for number in range(count)]), paging=pagings
)
sizes = st.sampled_from([1, 4, 10, 100])


def read(server: Server, pager: Pager, size: int):
    return asyncio.run(pager.read(server.fetch, per_page=size))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(server=servers, first=sizes, second=sizes)
def test_a_list_that_stands_still_is_read_whole_every_time(server, first, second):
    pager = Pager("sessions")
    for size in (first, second):
        listing = read(server, pager, size)
        assert [row["id"] for row in listing.rows] == server.rows
        assert listing.answer["data"]["sessions"] == listing.rows
        assert listing.problems == []


change = st.tuples(st.sampled_from(["begin", "nothing"]), st.integers(0, 99))
end = st.tuples(st.sampled_from(["end", "nothing"]), st.integers(0, 99))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(server=servers, size=sizes, changes=st.one_of(st.lists(change, max_size=6), st.lists(end, max_size=6)))
def test_a_list_that_moves_has_no_row_twice_and_none_that_stayed_is_lost_without_a_word(server, size, changes):
    before = set(server.rows)
    server.changes = changes
    listing = read(server, Pager("sessions"), size)
    found = [row["id"] for row in listing.rows]
    assert len(found) == len(set(found))
    stayed = before & set(server.rows)
    assert stayed <= set(found) or listing.problems


def test_a_list_without_end_is_not_read_for_ever(monkeypatch):
    from rtkit_explore.api import pagination as paging

    monkeypatch.setattr(paging, "MOST_UNCOUNTED_PAGES", 20)
    numbers = iter(range(10**6))

    async def endless(number, size):
        answer = {"data": {"sessions": [{"id": next(numbers)}]}}
        return read_page(answer, b"", "sessions")

    with pytest.raises(BadAnswerError, match=r"no end after 20 pages: narrow it down .* or give limit="):
        asyncio.run(Pager("sessions").read(endless, per_page=5))
    assert len(asyncio.run(Pager("sessions").read(endless, per_page=5, limit=7)).rows) == 7


def test_a_list_that_grows_with_every_page_is_not_read_for_ever(monkeypatch):
    from rtkit_explore.api import pagination as paging

    monkeypatch.setattr(paging, "MOST_UNCOUNTED_PAGES", 20)
    numbers = iter(range(10**6))

    async def growing(number, size):
        first = next(numbers)
        answer = {"data": {"sessions": [{"id": first}]}, "paging": {"total_count": first + 1000}}
        return read_page(answer, b"", "sessions")

    with pytest.raises(BadAnswerError, match="no end after 20 pages"):
        asyncio.run(Pager("sessions").read(growing, per_page=5))


@pytest.mark.parametrize("total", ["²", "9" * 5000, 10**5000, -1, 1e300, float("nan"), "  ", "\u0966"], ids=range(8))
def test_a_count_that_is_none_is_no_count(total):
    assert read_page({"data": {"sessions": []}, "paging": {"total_count": total}}, b"", "sessions").total is None


def test_two_different_rows_with_one_id_are_both_kept_and_told():
    rows = [{"id": "a", "name": "one"}, {"id": "a", "name": "two"}, {"id": "b"}, {"id": "b"}]

    async def page(number, size):
        return read_page({"data": {"participants": rows if number in (None, 0) else []}}, b"", "participants")

    listing = asyncio.run(Pager("participants").read(page, per_page=50))
    assert listing.rows == [*rows[:2], rows[2]]
    assert any("1 id(s) stand for several participants" in problem for problem in listing.problems)


@pytest.mark.parametrize("data", [{}, {"sessions": None}, None, {"sessions": {"id": "a"}}])
def test_an_answer_without_a_list_is_a_problem(data):
    async def page(number, size):
        return read_page({"success": True, "data": data}, b"", "sessions")

    listing = asyncio.run(Pager("sessions").read(page, per_page=50))
    assert listing.rows == []
    assert "the answer holds no list of sessions" in listing.problems


def test_counts_are_read_from_numbers_in_any_dress():
    count: object
    for count in (3, 3.0, "3"):
        page = read_page({"data": {"rows": []}, "paging": {"totalCount": count}}, b"", "rows")
        assert page.total == 3
    for count in (None, -1, "many", True, 2.5, []):
        assert read_page({"data": {"rows": []}, "paging": {"total_count": count}}, b"", "rows").total is None


def test_a_list_may_be_the_data_itself_or_absent():
    assert read_page({"data": [{"id": 1}]}, b"", "rows").rows == [{"id": 1}]
    for data in (None, {}, {"rows": None}, {"rows": {}}):
        assert read_page({"data": data}, b"", "rows").rows == []
