"""
Archiving a month: how long, how large, how fast to ask; and killed at fifty random moments, equal all the same.

``python -m tests.benchmarks archive``. The month is that of the demo (196 calls); the killed archive is of 300 sessions
over real HTTP with faults. ``--small`` takes two days and two kills.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import rtkit_explore as rtk
from rtkit_explore.archive.storage import Storage
from tests.archive.killing import killed_again_and_again

RECORDINGS = Path(rtk.__file__).parent / "sample_calls"


def timed(what: str, work: Any) -> Any:
    begin = time.perf_counter()
    result = work()
    print(f"{what:<58} {time.perf_counter() - begin:8.2f} s", flush=True)
    return result


def month(folder: Path, *, small: bool) -> None:
    """Archive, ask, judge and map the demo's month."""
    since = "2026-11-19" if small else None
    with rtk.demo(progress=False) as app:
        archive = timed("archiving", lambda: rtk.archive_calls(app, folder, since=since, progress=False))
        timed("the same line again", lambda: rtk.archive_calls(app, folder, since=since, progress=False))
    print(archive)
    batches = archive._contents.batches
    given = sum(session.json_bytes for batch in batches for session in batch.sessions)
    files = Storage(folder).files()
    tables = sum(file.size for file in files if file.path.startswith("tables/"))
    documents = sum(file.size for file in files if file.path.startswith("documents/"))
    print(f"JSON {given / 1e6:.0f} MB; tables {tables / given:.1%} of it, compressed documents {documents / given:.1%}")
    archive = timed("opening", lambda: rtk.open_archive(folder))
    timed("one column of one day", lambda: archive.table("quality", columns=["loss_pct"], since="2026-11-19"))
    timed("one column of everything", lambda: archive.table("quality", columns=["loss_pct"]))
    timed("SQL: mean loss by day", lambda: archive.sql("select day, avg(loss_pct) from quality group by day"))
    timed("findings, the first time", archive.findings)
    timed("findings, kept", lambda: rtk.open_archive(folder).findings())
    timed("map over the documents of every call", lambda: archive.map(lambda call: len(call.participants)))


def main(*, small: bool = False) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        month(Path(folder) / "month", small=small)
    sessions, kills = (12, 2) if small else (300, 50)
    with tempfile.TemporaryDirectory() as folder:
        outcome = timed(
            f"{sessions} sessions, killed {kills} times",
            lambda: killed_again_and_again(
                RECORDINGS, Path(folder), sessions=sessions, kills=kills, seed=1, longest_s=0.6 if small else 3.0
            ),
        )
        print(f"equal, row for row, to an undisturbed archive: {outcome}")
