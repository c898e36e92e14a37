"""
A live session polled for a day of simulated time: memory, threads, tasks and connections stay where they are.

``python -m tests.benchmarks soak --hours 24`` serves a session whose reports grow by a sample of every stream each 7 s,
and fetches the call once a simulated minute over real HTTP, as a dashboard would; once an hour it is judged as well.
Between two polls no time is waited. What is held at the end is compared with what was held after the first hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import rtkit_explore as rtk
from rtkit_explore.api import background_loop
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = "24242424-2424-4242-8242-242424242424"
PEOPLE = ("Alma", "Boris")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
EVERY_S = 7
ALLOWED_MIB, ALLOWED_OBJECTS = 48.0, 20_000
"""What may be held more at the end than after the first hour: caches of the allocator and of libraries."""


@dataclass(frozen=True)
class Held:
    """What the process holds between two polls."""

    memory_mib: float
    objects: int
    threads: int
    tasks: int
    files: int

    def __str__(self) -> str:
        return (
            f"{self.memory_mib:7.0f} MiB {self.objects:>9,} objects {self.threads:>3} threads {self.tasks:>3} tasks"
            f" {self.files:>3} files"
        )


def held(served: int = 0) -> Held:
    """Look at what is held once everything that can go is gone, but for so many bytes that are held to be served."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what glibc keeps for later counts as free
    loop = background_loop.shared()

    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    status = Path("/proc/self/statm")
    pages = int(status.read_text().split()[1]) if status.exists() else 0
    files = Path("/proc/self/fd")
    return Held(
        (pages * os.sysconf("SC_PAGE_SIZE") - served) / 2**20 if pages else 0.0,
        len(gc.get_objects()),
        threading.active_count(),
        loop.run(count()),
        len(list(files.iterdir())) if files.exists() else 0,
    )


def stamp(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class GrowingReports:
    """The reports of a call of two that goes on: each sample is written once."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], list[bytes]] = {}
        self._written = 0

    @property
    def size(self) -> int:
        """Bytes that the samples take."""
        return sum(sys.getsizeof(rows) + sum(map(sys.getsizeof, rows)) for rows in self._samples.values())

    def until(self, seconds: float) -> Iterator[tuple[str, bytes]]:
        """Write the samples up to a moment, and return the report of each."""
        for number in range(self._written, int(seconds) // EVERY_S):
            for name in PEOPLE:
                other = next(one for one in PEOPLE if one != name)
                for kind, sample in samples(name, other, number):
                    self._samples.setdefault((name, kind), []).append(json.dumps(sample).encode())
            self._written = number + 1
        for name in PEOPLE:
            quality = b",".join(
                b'"%s":[%s]' % (kind.encode(), b",".join(rows))
                for (who, kind), rows in self._samples.items()
                if who == name
            )
            person = json.dumps(participant(name)).encode()[:-1]
            body = (
                b'{"success":true,"data":{"participant":%s,"peer_report":{"metadata":{"events":[]},"quality":{%s}}}}}'
            )
            yield peer_id(name), body % (person, quality)


def peer_id(name: str) -> str:
    return f"peer-{name}"


def participant(name: str) -> dict[str, Any]:
    return {"id": peer_id(name), "display_name": name, "session_id": SESSION, "user_id": name, "joined_at": stamp(0)}


def samples(name: str, other: str, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a sample of each stream: a clean one, but for a minute of loss every hour."""
    lost = 20 if 300 <= number % 514 < 309 else 0
    shared = {"timestamp": stamp(EVERY_S * (number + 1)), "mos_quality": 1, "packets_lost": 0, "jitter": 0.004}
    for media, packets, size in (("audio", 350, 120), ("video", 700, 1000)):
        sent = {"ssrc": len(media) + len(name), "producer_id": f"{media}-{name}", "packets_sent": packets}
        picture = {"frames_per_second": 30, "frame_width": 640, "frame_height": 360} if media == "video" else {}
        yield f"{media}_producer", shared | picture | sent | {"bytes_sent": packets * size, "rtt": 0.03}
        got = {"ssrc": 50 + len(media), "consumer_id": f"{media}-{name}-{other}", "producer_id": f"{media}-{other}"}
        got |= {
            "peer_id": peer_id(other),
            "packets_received": packets - lost,
            "bytes_received": (packets - lost) * size,
        }
        got |= {"jitter_buffer_delay": 20.0, "jitter_buffer_emitted_count": 336_000 if media == "audio" else 210}
        yield f"{media}_consumer", shared | picture | got | {"packets_lost": lost}


def soak(hours: float, *, every_s: float = 60.0) -> list[tuple[float, Held]]:
    """
    Poll a session for so many simulated hours.

    Returns
    -------
    list of tuple
        What was held after each simulated hour (at least twice), with the hour.
    """
    found: list[tuple[float, Held]] = []
    polls = max(2, round(hours * 3600 / every_s))
    looks = {round(polls * number / max(2, round(hours))) for number in range(1, max(2, round(hours)) + 1)}
    reports = GrowingReports()
    with ApiServer() as server, TemporaryDirectory() as cache:
        server.compress = False  # compressing would take most of the time
        session = {"id": SESSION, "status": "LIVE", "created_at": stamp(0), "started_at": stamp(0)}
        server.sessions[SESSION] = session
        server.participants[SESSION] = [participant(name) for name in PEOPLE]
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=cache, budget_requests=None,
            progress=False,
        ) as app:  # fmt: skip
            for number in range(1, polls + 1):
                server.reports.update(reports.until(number * every_s))
                assert len(app.sessions(status="LIVE")) == 1
                call = app.call(SESSION)
                rows = 8 * (int(number * every_s) // EVERY_S)
                assert len(call.samples) == rows, f"{len(call.samples)} samples instead of {rows}"
                assert set(call.problems["kind"]) <= {"fetch"} or call.problems.empty
                server.requests.clear()
                if number in looks:
                    assert "loss_in" in set(call.findings()["rule"]) or number * every_s < 2400
                    assert str(call.story())
                    del call
                    served = reports.size + sum(map(len, server.reports.values()))
                    found.append((number * every_s / 3600, held(served)))
                assert app.cache is not None
                assert len(app.cache) == 0, "a live session was put into the cache"
            server.sessions[SESSION] = session | {"status": "ENDED", "ended_at": stamp(polls * every_s)}
            app.call(SESSION)
            assert len(app.cache) == 1, "the session that ended is not in the cache"
    return found


def growth(found: list[tuple[float, Held]]) -> list[str]:
    """Say what is held more at the end than at the beginning, beyond what may be."""
    first, last = found[0][1], found[-1][1]
    allowed = {"memory_mib": ALLOWED_MIB, "objects": ALLOWED_OBJECTS, "threads": 2, "tasks": 0, "files": 2}
    return [
        f"{name}: {getattr(first, name):,.0f} -> {getattr(last, name):,.0f}"
        for name, more in allowed.items()
        if getattr(last, name) > getattr(first, name) + more
    ]


def main(*, small: bool = False, hours: float = 24.0) -> None:
    began = time.perf_counter()
    found = soak(0.5 if small else hours)
    for hour, one in found:
        print(f"{hour:5.1f} h {one}")
    grown = growth(found)
    print(f"{time.perf_counter() - began:.0f} s; {'grew: ' + '; '.join(grown) if grown else 'nothing grew'}")
    if grown:
        raise SystemExit(1)
