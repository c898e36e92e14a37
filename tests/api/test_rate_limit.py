"""At most so many requests in any period, the waiting shown, and nothing else held up by it."""

from __future__ import annotations

import asyncio
import logging
import random

import httpx
import pytest

from rtkit_explore.api import progress as notices
from rtkit_explore.api.clock import Clock
from rtkit_explore.api.progress import Progress
from rtkit_explore.api.transport import DOWNLOAD, Budgeted, RateLimit, retry_after


class SimulationState:
    """A clock that moves when everyone sleeps, and a transport that writes down when it was asked."""

    def __init__(self, requests: int = 5, seconds: float = 10.0) -> None:
        self.moment = 0.0
        self.starts: list[float] = []
        self.clock = Clock(now=lambda: self.moment, wall=lambda: self.moment, sleep=self.sleep, chance=lambda: 1.0)
        self.budget = RateLimit(requests, seconds)
        self.transport = Budgeted(httpx.MockTransport(self.answer), self.budget, self.clock)
        self.answers: list[httpx.Response] = []

    async def sleep(self, seconds: float) -> None:
        until = self.moment + seconds
        await asyncio.sleep(0)
        self.moment = max(self.moment, until)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.starts.append(self.moment)
        return self.answers.pop(0) if self.answers else httpx.Response(200)

    async def ask(self, *, download: bool = False) -> None:
        request = httpx.Request("GET", "https://api.example/x", extensions={DOWNLOAD: download})
        await self.transport.handle_async_request(request)


def most_in_any_period(starts: list[float], seconds: float) -> int:
    return max(sum(1 for other in starts if start <= other < start + seconds) for start in starts)


def test_requests_within_the_budget_do_not_wait():
    world = SimulationState()

    async def work():
        for _ in range(5):
            await world.ask()

    asyncio.run(work())
    assert world.starts == [0.0] * 5


def test_the_next_one_waits_until_the_first_is_old_enough():
    world = SimulationState()

    async def work():
        for _ in range(6):
            await world.ask()

    asyncio.run(work())
    assert world.starts[-1] == 10.0


@pytest.mark.parametrize("seed", range(5))
def test_no_period_holds_more_than_the_budget_whenever_requests_come(seed):
    world = SimulationState(requests=7, seconds=10.0)
    chance = random.Random(seed)

    async def work():
        for _ in range(60):
            world.moment += chance.choice([0, 0, 0, 0.3, 2.0, 12.0])
            await world.ask()

    asyncio.run(work())
    assert len(world.starts) == 60
    assert most_in_any_period(world.starts, 9.999) <= 7


def test_requests_side_by_side_share_the_budget():
    world = SimulationState(requests=10, seconds=10.0)

    async def work():
        await asyncio.gather(*(world.ask() for _ in range(35)))

    asyncio.run(work())
    assert len(world.starts) == 35
    assert most_in_any_period(world.starts, 9.999) <= 10
    assert max(world.starts) == pytest.approx(30.0)


def test_downloads_do_not_count():
    world = SimulationState(requests=1)

    async def work():
        for _ in range(9):
            await world.ask(download=True)
        await world.ask()

    asyncio.run(work())
    assert world.starts == [0.0] * 10


def test_being_asked_to_wait_holds_back_the_others():
    world = SimulationState(requests=100)
    world.answers = [httpx.Response(429, headers={"Retry-After": "6"})]

    async def work():
        await world.ask()
        await world.ask()

    asyncio.run(work())
    assert world.starts == [0.0, 6.0]


def test_the_waiting_is_told_beside_the_bar_and_in_the_log(monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger="rtkit_explore")
    told: list[str] = []
    monkeypatch.setattr(Progress, "tell", lambda self, text: told.append(text))
    world = SimulationState(requests=1)

    async def work():
        with Progress("work"):
            await world.ask()
            await world.ask()

    asyncio.run(work())
    assert told == ["waiting 10 s: the API allows 1 requests in 10 s"]
    assert told[0] in caplog.text


def test_a_short_wait_is_not_told(caplog):
    caplog.set_level(logging.INFO, logger="rtkit_explore")
    notices.tell_waiting(0.4, "nothing much")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-4", 0.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0), ("later", None), ("", None)],
)
def test_retry_after_is_read_as_seconds_or_date(value, seconds):
    clock = Clock(wall=lambda: 10.0)
    assert retry_after(httpx.Response(429, headers={"Retry-After": value}), clock) == seconds
