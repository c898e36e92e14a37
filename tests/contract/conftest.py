"""A server that speaks the API over real HTTP, and a client whose waiting takes no time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rtkit_explore.api.client import ApiClient
from rtkit_explore.api.clock import Clock
from rtkit_explore.settings import Secret, Settings
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Waits:
    """A clock on which sleeping takes no time, and is written down."""

    slept: list[float] = field(default_factory=list)
    moment: float = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.moment, wall=lambda: 1_800_000_000.0, sleep=self.sleep, chance=lambda: 1.0)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as running:
        yield running


@pytest.fixture
def saved(server: ApiServer, recordings: Path) -> ApiServer:
    """The server with every sample call on it."""
    for folder in sorted(recordings.iterdir()):
        if (folder / "session.json").is_file():
            server.open_folder(folder)
    return server


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def make_client(server: ApiServer, waits: Waits):
    def make(**options) -> ApiClient:
        settings = Settings(
            **{
                "account_id": ACCOUNT,
                "app_id": APP,
                "token": Secret(TOKEN),
                "base_url": server.url,
                "progress": False,
                "retries": 3,
                **options,
            }
        )
        return ApiClient(settings, clock=waits.clock())

    return make


@pytest.fixture
def ask(make_client):
    """Do something with a client in a loop of its own: ``ask(lambda client: client.session("…"))``."""

    def run(question, **options):
        async def asking():
            client = make_client(**options)
            try:
                return await question(client)
            finally:
                await client.aclose()

        return asyncio.run(asking())

    return run
