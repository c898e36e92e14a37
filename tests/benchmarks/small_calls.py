"""
Ten thousand small archived calls: what a question touches, how fast it is beside the documents, memory and size.

``python -m tests.benchmarks small_calls`` (``--calls 10000``). The calls of a day are simulated, all different; the
other days are copies of it with other ids and times, so no file holds a call twice.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import rtkit_explore as rtk
from rtkit_explore.archive.batch_files import write_files
from rtkit_explore.archive.batches import DOCUMENTS, MANIFEST, ArchivedSession, Batch, Manifest
from rtkit_explore.archive.batches import schema_version as version
from rtkit_explore.archive.document_files import documents_file
from rtkit_explore.archive.parquet_files import TableFile, _written
from rtkit_explore.archive.storage import Storage
from rtkit_explore.archive.writer import MOST_CALLS, tables_of
from rtkit_explore.simulated import documents_of
from rtkit_explore.simulator import SCENARIOS, simulate_documents
from rtkit_explore.store.documents import CallDocuments, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_DAY = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
A_DAY = 300
Calls = list[tuple[str, CallDocuments]]

MEASURE = """
import resource, sys
import rtkit_explore as rtk
archive = rtk.open_archive(sys.argv[1])
glitch = rtk.metric(lambda i: i["concealment_events"] * .08 / i["interval_s"], name="glitch", media="audio",
                    direction="consumer")
print(len(glitch(archive, by="call")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def calls_of_a_day(count: int) -> Calls:
    """Simulate different small calls: two or three people, a minute or two."""
    names = [name for name in SCENARIOS if SCENARIOS[name].fewest <= 2]
    made = []
    for seed in range(count):
        one = simulate_documents(
            names[seed % len(names)],
            participants=2 + seed % 2,
            minutes=1.0 + seed % 3 / 2,
            seed=seed,
            started=FIRST_DAY.timestamp() + 8 * 3600 + 60.0 * seed,
        )
        documents = documents_of(one)
        documents.chat = documents.transcript = documents.summary = None  # as an archive without these
        made.append((one.session_id, documents))
    return made


def names_on(calls: Calls, day: int) -> dict[str, str]:
    """Give sessions and participants other ids on another day."""
    old = [key for session, documents in calls for key in (session, *documents.reports)]
    old += [failure.peer_id for _, documents in calls for failure in documents.failures if failure.peer_id]
    return {key: f"{day:04x}{key[4:]}" for key in old}


def later_by(content: bytes, days: int) -> bytes:
    """Move the times in a document that are milliseconds since 1970."""

    def later(found: re.Match[bytes]) -> bytes:
        return b"%d" % (int(found[0]) + days * 86_400_000)

    return re.sub(rb"(?<=[:\[,])1[789]\d{11}(?=[,}\].])", later, content)


def documents_on(calls: Calls, day: int) -> Calls:
    """Copy the documents of a day to another one."""
    made = []
    before, after = (f'"{(FIRST_DAY + dt.timedelta(days=n)):%Y-%m-%d}T'.encode() for n in (0, day))
    for session, documents in calls:
        names = names_on([(session, documents)], day)
        changes = [(before, after), *((old.encode(), new.encode()) for old, new in names.items())]

        def changed(content: bytes | None, changes: list[tuple[bytes, bytes]] = changes) -> bytes:
            content = content or b"{}"
            for old, new in changes:
                content = content.replace(old, new)
            return later_by(content, day)

        other = CallDocuments(
            session=changed(documents.session),
            participants=changed(documents.participants),
            reports={names[peer]: changed(report) for peer, report in documents.reports.items()},
            failures=[
                Failure(one.source, one.message, names.get(one.peer_id or "", one.peer_id), one.missing)
                for one in documents.failures
            ],
            session_id=names[session],
        )
        made.append((names[session], other))
    return made


def table_on(made: TableFile, names: dict[str, str], day: int) -> TableFile:
    """Copy a table of a day to another one."""
    if made.within:
        return made
    table = pq.read_table(io.BytesIO(made.content))
    for place, field in enumerate(table.schema):
        column = table.column(place).combine_chunks()
        if pa.types.is_timestamp(field.type):
            later = pc.add(column, pa.scalar(dt.timedelta(days=day), pa.duration("us")))
            table = table.set_column(place, field, later)
        elif pa.types.is_string(field.type) and (field.name.endswith("_id") or field.name == "id"):
            encoded = column.dictionary_encode()
            words = pa.array([names.get(word, word) for word in encoded.dictionary.to_pylist()], pa.string())
            table = table.set_column(place, field, words.take(encoded.indices))
    return made._replace(content=_written(table))


def size_of(documents: CallDocuments) -> int:
    return sum(map(len, (documents.session or b"", documents.participants or b"", *documents.reports.values())))


def build(folder: Path, count: int, a_day: int = A_DAY) -> None:
    """Write the archive as many days of ``rtk.archive_calls`` would."""
    storage = Storage(folder)
    storage.write(MANIFEST, Manifest().to_json())
    calls = calls_of_a_day(a_day)
    groups = [calls[start : start + MOST_CALLS] for start in range(0, len(calls), MOST_CALLS)]
    made = [tables_of(group)[0] for group in groups]
    for day in range(-(-count // a_day)):
        for number, (group, tables) in enumerate(zip(groups, made, strict=True)):
            copied = documents_on(group, day)[: max(0, count - day * a_day - number * MOST_CALLS)]
            if not copied:
                continue
            if len(copied) == len(group):
                names = names_on(group, day)
                files = {name: table_on(content, names, day) for name, content in tables.items()}
            else:
                files, _ = tables_of(copied)
            write_batch(
                storage, day, number, copied, {DOCUMENTS: TableFile(documents_file(copied), len(copied)), **files}
            )


def write_batch(storage: Storage, day: int, number: int, calls: Calls, files: dict[str, TableFile]) -> None:
    date, name = f"{FIRST_DAY + dt.timedelta(days=day):%Y-%m-%d}", f"{day * 1000 + number:020d}-{number:08x}"
    sessions = []
    for session, documents in calls:
        told = json.loads(documents.session or b"{}")["data"]
        told = told.get("session", told)
        sessions.append(ArchivedSession(session, told["started_at"], told["ended_at"], size_of(documents)))
    batch = Batch(name, date, version(), tuple(sessions), write_files(storage, date, name, files))
    storage.write(batch.record, batch.to_json())


def only(folder: Path, target: Path, paths: list[str]) -> rtk.Archive:
    """Copy the records and some files alone, and open that."""
    for path in [MANIFEST, *paths]:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / path, target / path)
    shutil.copytree(folder / "batches", target / "batches")
    return rtk.open_archive(target)


def seconds(work: Callable[[], object], times: int = 3) -> float:
    def once() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return min(once() for _ in range(times))


def memory_of(folder: Path) -> Iterator[int]:
    """Work a metric out over an archive in a process of its own; give the calls, and its largest size in MB."""
    command = [sys.executable, "-c", MEASURE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


def measure(folder: Path, place: Path) -> None:
    """Print what questions to an archive touch and cost; ``place`` is for copies of parts of it."""
    archive = rtk.open_archive(folder)
    print(archive)
    batches = archive._contents.batches
    given = sum(session.json_bytes for batch in batches for session in batch.sessions)
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    tables = sum(size for path, size in sizes.items() if "tables" in path.relative_to(folder).parts)
    print(
        f"JSON {given / 1e6:.0f} MB ({given / len(archive) / 1e3:.0f} kB a call); tables {tables / given:.1%} of it,"
        f" everything {sum(sizes.values()) / given:.1%}; {len(sizes)} files"
    )
    day = {"since": "2026-10-02", "until": "2026-10-03"}
    paths = archive.files("quality", **day)
    column = archive.table("quality", columns=["loss_pct"], **day)
    alone = only(folder, place / "alone", paths).table("quality", columns=["loss_pct"], **day)
    print(
        f"one column of one day: {len(column)} rows out of {len(paths)} of {len(archive.files('quality'))} files;"
        f" the same where the archive has these files alone: {alone.equals(column)}"
    )
    quick = seconds(lambda: rtk.open_archive(folder).table("quality", columns=["loss_pct"], **day))
    ids = archive.table("sessions", columns=["session_id"], **day)["session_id"]
    slow = seconds(lambda: [call.quality["loss_pct"] for call in archive.calls(ids)], times=1)
    print(f"that took {1e3 * quick:.0f} ms with opening; of the documents {slow:.1f} s, {slow / quick:.0f} times that")
    query = "select day, avg(loss_pct) from quality group by day"
    print(f"SQL over everything: {1e3 * seconds(lambda: archive.sql(query)):.0f} ms")
    first = [file.path for batch in batches if batch.day == "2026-10-01" for file in batch.files.values()]
    one_day = place / "one-day"
    only(folder, one_day, first)
    for batch in batches:
        if batch.day != "2026-10-01":
            (one_day / batch.record).unlink()
    for where in (one_day, folder):
        begin = time.perf_counter()
        found, largest = memory_of(where)
        print(f"a metric over {found} calls: {time.perf_counter() - begin:.1f} s, at most {largest} MB")
    print(f"this process: at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def main(*, small: bool = False, calls: int = 10_000) -> None:
    """Print the figures."""
    count, a_day = (24, 8) if small else (calls, A_DAY)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "many"
        begin = time.perf_counter()
        build(folder, count, a_day)
        print(f"made in {time.perf_counter() - begin:.0f} s")
        measure(folder, Path(place))
