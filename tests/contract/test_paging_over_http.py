"""A list is read to its end, whatever its pages look like: nothing skipped, nothing twice."""

from __future__ import annotations

import itertools
import json

import pytest

from rtkit_explore.errors import BadRequestError
from tests.contract.server import Paging

SHAPES = [
    Paging(first=base, place=place, largest=largest, page_zero=page_zero, behind=behind)
    for base, place, largest, page_zero, behind in itertools.product(
        (0, 1), ("top", "data", "absent"), (7, 1000), ("first", "empty", "error"), ("empty", "last", "error")
    )
    if base == 1 or page_zero == "first"
]


def ids(listing) -> list[str]:
    return [row["id"] for row in listing.rows]


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 14, 23])
@pytest.mark.parametrize("place", ["top", "data", "absent"])
@pytest.mark.parametrize("base", [0, 1])
def test_every_row_comes_once_and_in_order(server, ask, base, place, count):
    made = server.make_sessions(count)
    server.api.sessions_paging = Paging(first=base, place=place, largest=7)
    listing = ask(lambda client: client.sessions())
    assert ids(listing) == made
    assert listing.problems == []


@pytest.mark.parametrize(
    "shape", SHAPES, ids=lambda shape: f"{shape.first}-{shape.place}-{shape.largest}-{shape.page_zero}-{shape.behind}"
)
def test_servers_that_count_cut_and_refuse_pages_in_their_own_way_are_read_whole(server, ask, shape):
    made = server.make_participants("s", 16)
    server.api.participants_paging = shape
    listing = ask(lambda client: client.participants("s"))
    assert ids(listing) == made
    assert listing.problems == []


@pytest.mark.parametrize("base", [0, 1])
def test_a_list_that_fits_one_page_and_says_so_takes_one_request(server, ask, base):
    server.make_sessions(5)
    server.api.sessions_paging = Paging(first=base)
    ask(lambda client: client.sessions())
    assert len(server.seen("/sessions$")) == 1


def test_where_pages_begin_is_learnt_once(server, ask):
    server.make_sessions(20)
    server.api.sessions_paging = Paging(first=1, largest=7)

    async def twice(client):
        await client.sessions()
        before = len(server.requests)
        await client.sessions()
        return before, len(server.requests) - before

    assert ask(twice) == (4, 3)


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("place", ["top", "data", "absent"])
@pytest.mark.parametrize("asked", [10, 100])
def test_offsets_counted_by_the_size_asked_for_leave_no_hole(server, ask, base, place, asked):
    made = server.make_sessions(30)
    server.api.sessions_paging = Paging(first=base, place=place, largest=7, offset_by_asked=True)
    listing = ask(lambda client: client.sessions(), per_page=asked)
    assert sorted(ids(listing)) == sorted(made)
    assert listing.problems == []


def test_a_page_size_that_the_server_refuses_is_left_to_the_server(server, ask):
    made = server.make_sessions(30)
    server.api.sessions_paging = Paging(largest=50, too_large="error")
    assert ids(ask(lambda client: client.sessions())) == made


def test_the_callers_own_page_size_is_not_changed(server, ask):
    server.make_sessions(30)
    server.api.sessions_paging = Paging(largest=50, too_large="error")
    with pytest.raises(BadRequestError, match="per_page must not be above 50"):
        ask(lambda client: client.sessions(per_page=80))
    assert {request.query["per_page"] for request in server.requests} == {"80"}


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("place", ["top", "absent"])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_session_that_begins_while_pages_are_read_moves_nothing_out_of_sight(server, ask, base, place, when):
    made = server.make_sessions(25)

    def begin(served, rows):
        if served == when:
            rows.insert(0, {"id": "new", "created_at": "2026-12-02T00:00:00.000Z"})

    server.api.sessions_paging = Paging(first=base, place=place, largest=7)
    server.before_page["sessions"] = begin
    listing = ask(lambda client: client.sessions())
    assert len(ids(listing)) == len(set(ids(listing)))
    assert set(made) <= set(ids(listing))
    assert listing.problems == []


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("place", ["top", "absent"])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_session_that_goes_away_while_pages_are_read_hides_no_other(server, ask, base, place, when):
    made = server.make_sessions(25)

    def end(served, rows):
        if served == when:
            del rows[3]

    server.api.sessions_paging = Paging(first=base, place=place, largest=7)
    server.before_page["sessions"] = end
    listing = ask(lambda client: client.sessions())
    assert len(ids(listing)) == len(set(ids(listing)))
    assert set(made) - {"s0003"} <= set(ids(listing))
    assert listing.problems == []


def test_a_list_that_never_stands_still_is_given_with_a_problem(server, ask):
    server.make_sessions(25)
    names = itertools.count()

    def churn(served, rows):
        rows.insert(0, {"id": f"new{next(names)}", "created_at": "2026-12-02T00:00:00.000Z"})

    server.api.sessions_paging = Paging(largest=7)
    server.before_page["sessions"] = churn
    listing = ask(lambda client: client.sessions())
    assert {f"s{number:04d}" for number in range(25)} <= set(ids(listing))
    assert len(ids(listing)) == len(set(ids(listing)))
    assert "changed meanwhile" in listing.problems[0] or "may be missing" in listing.problems[0]


def test_a_count_that_stays_wrong_is_a_problem_that_names_both_numbers(server, ask):
    made = server.make_sessions(25)
    server.api.sessions_paging = Paging(largest=7, total_off=2)
    listing = ask(lambda client: client.sessions())
    assert ids(listing) == made
    assert "counts 27 sessions" in listing.problems[0]
    assert "25 different" in listing.problems[0]


@pytest.mark.parametrize(("limit", "requests"), [(3, 1), (7, 1), (8, 3), (25, 5), (99, 5)])
def test_limit_stops_reading_as_soon_as_there_are_enough(server, ask, limit, requests):
    made = server.make_sessions(25)
    server.api.sessions_paging = Paging(largest=7)
    listing = ask(lambda client: client.sessions(limit=limit))
    assert ids(listing) == made[:limit]
    assert len(server.requests) == requests


@pytest.mark.parametrize("limit", [3, 7, 8, 25, 99])
def test_limit_works_without_a_count_too(server, ask, limit):
    made = server.make_sessions(25)
    server.api.sessions_paging = Paging(place="absent", largest=7)
    listing = ask(lambda client: client.sessions(limit=limit))
    assert ids(listing) == made[:limit]
    assert listing.problems == []


def test_page_no_fetches_that_page_alone(server, ask):
    made = server.make_sessions(25)
    listing = ask(lambda client: client.sessions(page_no=2, per_page=10))
    assert ids(listing) == made[10:20]
    assert [request.query for request in server.requests] == [{"page_no": "2", "per_page": "10"}]


def test_several_pages_become_one_answer_that_holds_all_rows(server, ask):
    made = server.make_participants("s", 16)
    server.api.participants_paging = Paging(place="data", largest=7)
    answer = json.loads(ask(lambda client: client.participants("s")).content)
    assert [row["id"] for row in answer["data"]["participants"]] == made
    assert answer["data"]["paging"] == {"total_count": 16, "start_offset": 1, "end_offset": 16}


def test_one_page_is_kept_to_the_byte(saved, ask, recordings):
    session_id = json.loads((recordings / "clean" / "session.json").read_bytes())["data"]["id"]
    body = b'{"success":true,  "data":{"participants":[{"id":"a","x":1.50}], "new_key": 1}}'
    saved.canned["/participants$"] = body
    listing = ask(lambda client: client.participants(session_id))
    assert listing.content == body


def test_rows_without_an_id_are_all_kept(server, ask):
    server.make_participants("s", 1)
    body = b'{"success":true,"data":{"participants":[{"display_name":"A"},{"display_name":"A"},null]}}'
    server.canned["/participants$"] = body
    assert ask(lambda client: client.participants("s")).rows == [{"display_name": "A"}, {"display_name": "A"}, None]
