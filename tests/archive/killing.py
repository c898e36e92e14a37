"""Archiving over real HTTP with faults, killed again and again: what the test does a little of and the benchmark much."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rtkit_explore as rtk
from tests.archive.compared import assert_same
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """
import sys
sys.path[:0] = sys.argv[3:]
import rtkit_explore as rtk
app = rtk.connect(token={token!r}, account_id={account!r}, app_id={app!r}, base_url=sys.argv[1], cache=False,
                  budget_requests=None, progress=False, retries=8)
import rtkit_explore.archive.writer
print("started", flush=True)
rtk.archive_calls(app, sys.argv[2], workers=0, progress=False)
print("done", flush=True)
"""


@dataclass
class Outcome:
    """How often it was killed while it was at work, and how often it had to be started."""

    kills: int
    starts: int
    swept: int


def fill(server: ApiServer, recordings: Path, count: int, per_day: int = 10) -> None:
    """Serve copies of a recorded call, each with ids of its own, some a day."""
    folder = recordings / "clean"
    session = (folder / "session.json").read_text()
    people = (folder / "participants.json").read_text()
    reports = {path.stem.removeprefix("peer-report-"): path.read_text() for path in folder.glob("peer-report-*.json")}
    old = json.loads(session)["data"]["id"]
    for number in range(count):
        own = f"{number:08d}-0000-4000-8000-000000000000"
        names = {old: own, **{peer: f"{number:08d}-{peer[9:]}" for peer in reports}}

        def renamed(text: str, names: dict[str, str] = names) -> str:
            for before, after in names.items():
                text = text.replace(before, after)
            return text

        row = json.loads(renamed(session))["data"]
        started = f"2026-10-{1 + number // per_day:02d}T{number % per_day:02d}:00:00.000Z"
        server.sessions[own] = {**row, "started_at": started, "created_at": started, "status": "ENDED"}
        server.participants[own] = json.loads(renamed(people))["data"]["participants"]
        for peer, report in reports.items():
            server.reports[names[peer]] = renamed(report).encode()


@contextmanager
def faults(server: ApiServer, rng: random.Random) -> Iterator[None]:
    """Let something go wrong a few times a second."""
    stop = threading.Event()

    def make() -> None:
        while not stop.wait(0.3):
            if len(server.faults) < 3:
                kind = rng.choice(["status", "cut", "reset", "broken"])
                server.faults.append(Fault(kind, times=1, status=503, headers={"Retry-After": "0"}))

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        server.faults.clear()


def killed_again_and_again(
    recordings: Path, folder: Path, *, sessions: int, kills: int, seed: int, longest_s: float
) -> Outcome:
    """Archive into a folder, killed at random moments, then undisturbed; raise if the two archives differ."""
    rng = random.Random(seed)
    with ApiServer() as server:
        fill(server, recordings, sessions)
        script = SCRIPT.format(token=TOKEN, account=ACCOUNT, app=APP)
        command = [sys.executable, "-c", script, server.url, str(folder / "killed"), *sys.path]
        done, starts, killed = False, 0, 0
        with faults(server, rng):
            while not done:
                process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                with process:
                    starts += 1
                    assert process.stdout is not None
                    assert process.stdout.readline() == "started\n"
                    if killed < kills:
                        time.sleep(rng.uniform(0, longest_s))
                        process.kill()
                        killed += process.wait() != 0
                    done = process.stdout.read() == "done\n"
        parts = sum(path.suffix == ".part" for path in (folder / "killed").rglob("*"))
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False,
            budget_requests=None,
        ) as app:  # fmt: skip
            undisturbed = rtk.archive_calls(app, folder / "undisturbed", workers=0, progress=False)
    archive = rtk.open_archive(folder / "killed")
    assert len(archive) == sessions
    assert_same(archive, undisturbed)
    return Outcome(killed, starts, parts)
