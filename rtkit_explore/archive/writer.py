"""Archiving calls: which are new, fetching them side by side, writing them batch by batch."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from rtkit_explore.api.progress import Progress
from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.archive.archive import Archive
from rtkit_explore.archive.batch_files import FAILURES, read_failures, remove_batch, write_files
from rtkit_explore.archive.batches import (
    DOCUMENTS,
    FORMAT,
    KEPT_TABLES,
    MANIFEST,
    RECORDS,
    ArchivedSession,
    Batch,
    Contents,
    Manifest,
    named_secretly,
    read_contents,
    schema_version,
)
from rtkit_explore.archive.compacting import merge_small_batches
from rtkit_explore.archive.kept import kept_batch
from rtkit_explore.archive.storage import Storage, checksum, need
from rtkit_explore.archive.workers import Workers
from rtkit_explore.call import Call
from rtkit_explore.errors import (
    ApiError,
    ArchiveError,
    ConnectionFailedError,
    InvalidArgumentError,
    PermissionDeniedError,
    RtkitError,
)
from rtkit_explore.store.report_bytes import bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rtkit_explore.api.query_params import Time
    from rtkit_explore.app import App
    from rtkit_explore.archive.batches import ArchivedFile
    from rtkit_explore.archive.parquet_files import TableFile
    from rtkit_explore.store.documents import CallDocuments, Failure

MOST_CALLS: Final = 256
MOST_BYTES: Final = 64_000_000
"""A batch is closed when it has so many calls, or so many bytes of documents: what is in memory at a time."""
WORTH_A_PROCESS: Final = 16
"""Starting processes takes longer than fewer calls."""
SIDE_BY_SIDE: Final = 3
LATE: Final = timedelta(days=1)
"""A report that is missing so soon after the call may only be late."""
FORGOTTEN: Final = timedelta(days=30)
"""The API forgets a call's statistics after so long."""
SOON: Final = timedelta(hours=1)
"""Before this, a report that was missing is not asked for again."""
_WRITTEN_BY_OTHERS: Final = timedelta(days=1)


@dataclass(frozen=True)
class _Asked:
    """What is wanted of each call."""

    redacted: bool
    salt: str | None
    downloads: dict[str, bool]


@dataclass
class _Fetched:
    session_id: str
    started: pd.Timestamp | None
    ended: pd.Timestamp | None
    documents: CallDocuments

    @property
    def size(self) -> int:
        documents = self.documents
        whole = (documents.session, documents.participants, documents.chat, documents.transcript)
        return bytes_of(documents.reports) + sum(len(content) for content in whole if content is not None)

    @property
    def troubles(self) -> list[Failure]:
        """What could not be fetched although it may be there."""
        return [failure for failure in self.documents.failures if not failure.missing]

    def provisional(self, now: datetime) -> bool:
        """
        Tell whether asking again later may bring more.

        What is missing may come within a day of the call. What the API answered and nobody can read is asked for until
        the API has forgotten the call, and what did not get through until it does.
        """
        over = self.ended if self.ended is not None else self.started
        age = LATE if over is None else now - over.to_pydatetime()
        return any(
            age < LATE if failure.missing else not failure.answered or age < FORGOTTEN
            for failure in self.documents.failures
        )


def archive_calls(
    app: App,
    folder: str | os.PathLike[str],
    *,
    since: Time | None = None,
    until: Time | None = None,
    redacted: bool = False,
    salt: str | None = None,
    chat: bool = False,
    transcript: bool = False,
    summary: bool = False,
    verify: bool = False,
    retry: bool = False,
    workers: int | None = None,
    progress: bool = True,
) -> Archive:
    """
    Archive every ended session of a range: its documents untouched, and its tables as Parquet partitioned by day.

    What is there already is not fetched again, so the same line tomorrow adds what is new. It can be interrupted at
    any moment, by Ctrl-C or by pulling the plug, and resumes without loss or doubling. What could not be fetched is
    recorded (``archive.failures``) and tried again by the next run; so are, an hour later at the soonest, reports that
    were missing within a day of their call, as they may only have been late. A document that came and cannot be read
    is asked for again after a day, then two, four and so on, for 30 days after the call.

    Parameters
    ----------
    app
        An app, as ``rtk.connect()`` gives it.
    folder
        A folder, or a URL such as ``"s3://bucket/calls"`` (credentials from the environment). It holds personal data
        unless ``redacted``.
    since, until
        Sessions that started in this time; everything that the API still has by default.
    redacted
        Replace personal data by pseudonyms before anything is written.
    salt
        With ``redacted``: a text that nobody can guess. The same salt gives the same pseudonyms in all calls; without
        one they are numbered within each call.
    chat, transcript, summary
        Whether to keep these as well; the API forgets a chat after a week.
    verify
        Read every file that is there and compare it with its checksum, instead of its size alone. What is damaged is
        made again, from the documents or by fetching them.
    retry
        Ask again now for everything that was missing or broken and may still come, however short ago it was tried.
    workers
        Processes that make tables while the next calls are fetched; as many as there are cores (at most 4) by default,
        0 uses none.
    progress
        False shows no bar.

    Returns
    -------
    Archive
        Opened.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    ArchiveError
        If the place cannot be written, another process is writing, or the archive is that of another app, or was
        redacted otherwise.
    ApiError
        If the sessions cannot be listed, or the token is refused.

    Examples
    --------
    >>> archive = rtk.archive_calls(app, "calls", since="2026-11-01")  # doctest: +SKIP
    """
    need("pyarrow")
    if not hasattr(app, "awaitable"):
        msg = f"archive_calls takes an app first (rtk.connect(), rtk.replay(folder)), not {type(app).__name__}."
        raise InvalidArgumentError(msg)
    if salt is not None and (not redacted or not salt):
        msg = "salt= belongs to redacted=True, and is a text that nobody can guess."
        raise InvalidArgumentError(msg)
    asked = _Asked(redacted, salt, {"chat": chat, "transcript": transcript, "summary": summary})
    storage = Storage(folder)
    with storage.locked():
        _agree(storage, app, asked)
        run = _Run(app, storage, asked, tidy(storage, verify=verify))
        run.archive(_sessions(app, since, until), retry=retry, workers=workers, progress=progress)
        merge_small_batches(storage)
    return Archive(storage)


def _sessions(app: App, since: Time | None, until: Time | None) -> pd.DataFrame:
    """List what could be archived, oldest first, so that a batch is of one day."""
    listed = app.sessions(status="ENDED", start_time=since, end_time=until)
    listed = listed[listed["session_id"].notna()].drop_duplicates("session_id")
    return listed.sort_values("started_at", kind="stable", na_position="first")


def _agree(storage: Storage, app: App, asked: _Asked) -> None:
    """Write the manifest of a new archive; raise if one that is there has been made for something else."""
    settings = app.settings
    salt = "" if asked.salt is None else named_secretly("salt", asked.salt)
    ours = Manifest(named_secretly(settings.account_id, settings.app_id), asked.redacted, salt)
    theirs = Manifest.read(storage)
    if theirs is None:
        if any(found.path.startswith(f"{RECORDS}/") for found in storage.files()):
            msg = f"the archive {storage!r} has lost its {MANIFEST}: put it back, or archive into a new folder"
            raise ArchiveError(msg)
        storage.write(MANIFEST, ours.to_json())
    elif theirs.app != ours.app:
        msg = f"the archive {storage!r} is of another app: choose another folder"
        raise ArchiveError(msg)
    elif (theirs.redacted, theirs.salt) != (ours.redacted, ours.salt):
        how = "redacted" if theirs.redacted else "not redacted"
        msg = (
            f"the archive {storage!r} is {how}{' with another salt' if theirs.salt and ours.salt else ''}: one archive"
            " holds one kind, so give the same redacted= and salt= as before, or choose another folder"
        )
        raise ArchiveError(msg)


def tidy(storage: Storage, *, verify: bool) -> Contents:
    """
    Remove what interrupted runs left behind, and batches that are damaged where their documents are; mend the others.

    A batch whose tables alone are damaged gets them again from its documents. One whose documents are damaged is
    dropped, so that its calls are fetched again.
    """
    contents = read_contents(storage)
    there = {found.path: found for found in storage.files()}
    for path in contents.damaged:
        storage.delete(path)
    for batch in contents.replaced:
        storage.delete(batch.record)
    good: list[Batch] = []
    for batch in contents.batches:
        damaged = [name for name, file in batch.files.items() if not _sound(storage, file, there, verify=verify)]
        mended = _mended(storage, batch) if damaged and DOCUMENTS not in damaged else None if damaged else batch
        if mended is None:
            storage.delete(batch.record)
        else:
            good.append(mended)
    referenced = {file.path for batch in good for file in batch.files.values()}
    records = {batch.record for batch in good}
    names = {batch.name for batch in good}
    now = datetime.now(UTC)
    for path, found in there.items():
        worked_out_from = kept_batch(path)
        ours = path.split("/")[0] in ("tables", DOCUMENTS) or path.endswith(".part")
        ours = ours or (worked_out_from is not None and worked_out_from not in names)
        # Without a lock, what has no record may be of a run that is still going on.
        stale = storage.local or (found.written is not None and now - found.written > _WRITTEN_BY_OTHERS)
        if ours and path not in referenced and path not in records and stale:
            storage.delete(path)
    return Contents(tuple(good), (), ())


def _sound(storage: Storage, file: ArchivedFile, there: dict[str, Any], *, verify: bool) -> bool:
    if file.path not in there or there[file.path].size != file.size:
        return False
    if not verify:
        return True
    content = storage.read(file.path)
    return content is not None and checksum(content) == file.sha256


def _mended(storage: Storage, batch: Batch) -> Batch | None:
    """Make the tables of a batch again from its documents; None where those are damaged after all."""
    from rtkit_explore.archive.document_files import each_document

    file = batch.files[DOCUMENTS]
    content = storage.read(file.path)
    if content is None or checksum(content) != file.sha256:
        return None
    made, _ = tables_of(list(each_document(content)))
    files = {DOCUMENTS: file, **write_files(storage, batch.day, batch.name, made)}
    mended = replace(batch, files=files, schema=schema_version())
    storage.write(mended.record, mended.to_json())
    return mended


def tables_of(calls: Sequence[tuple[str, CallDocuments]]) -> tuple[dict[str, TableFile], dict[str, str]]:
    """Make the tables of some calls, as Parquet files; say which could not be made."""
    from rtkit_explore.archive.parquet_files import arrow_table, table_files
    from rtkit_explore.table_schema.describe import TABLES
    from rtkit_explore.tables.frames import join_frames

    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    failed: dict[str, str] = {}
    for session_id, documents in calls:
        try:
            call = Call(documents)
            frames = {name: getattr(call, name) for name in KEPT_TABLES}
        except Exception as error:  # noqa: BLE001 - one call must not keep the others from being archived
            failed[session_id] = f"its tables could not be made ({type(error).__name__}: {scrub(error)})"
            continue
        for name, frame in frames.items():
            if "session_id" in frame.columns:
                frame["session_id"] = frame["session_id"].fillna(session_id)
            parts[name].append(frame)
    joined = {name: join_frames(TABLES[name], frames) for name, frames in parts.items()}
    return table_files({name: arrow_table(name, frame) for name, frame in joined.items()}), failed


def converted(
    calls: list[tuple[str, CallDocuments]], redacted: bool, salt: str | None
) -> tuple[dict[str, TableFile], dict[str, str]]:
    """Turn the documents of a batch into its files: what a worker does."""
    from rtkit_explore.archive.document_files import documents_file
    from rtkit_explore.archive.parquet_files import TableFile
    from rtkit_explore.redaction.documents import redacted_documents

    if redacted:
        calls = [(session_id, redacted_documents(documents, salt=salt)) for session_id, documents in calls]
    files, failed = tables_of(calls)
    return {DOCUMENTS: TableFile(documents_file(calls), len(calls)), **files}, failed


def _day(moment: pd.Timestamp | None) -> str:
    return "unknown" if moment is None else moment.strftime("%Y-%m-%d")


def _iso(moment: pd.Timestamp | None) -> str | None:
    return None if moment is None else moment.isoformat()


@dataclass
class _Run:
    """One run of :func:`archive_calls`, after the lock has been taken."""

    app: App
    storage: Storage
    asked: _Asked
    contents: Contents
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    provisional: dict[str, str] = field(default_factory=dict)

    def archive(self, listed: pd.DataFrame, *, retry: bool, workers: int | None, progress: bool) -> None:
        """Fetch and write what is new, and what was provisional and is due."""
        self.failures = read_failures(self.storage)
        there = {session.session_id for batch in self.contents.batches for session in batch.sessions}
        now = datetime.now(UTC)
        self.provisional = {
            session.session_id: batch.name
            for batch in self.contents.batches
            for session in batch.sessions
            if session.provisional and (retry or self._is_due(session.session_id, batch, now))
        }
        new = listed[~listed["session_id"].isin(there - self.provisional.keys())]
        if new.empty:
            return
        count = min(os.cpu_count() or 1, 4) if workers is None else max(0, workers)
        if workers is None and len(new) < WORTH_A_PROCESS:
            count = 0
        show = progress and self.app.settings.progress
        with (
            Workers(count) as pool,
            Progress("archiving", total=len(new), show=show) as bar,
        ):
            self._batches(new, pool, bar)

    def _batches(self, new: pd.DataFrame, pool: Workers, bar: Progress) -> None:
        under_way: dict[Future[Any], tuple[str, list[_Fetched]]] = {}
        days = new["started_at"].dt.strftime("%Y-%m-%d").fillna("unknown")
        for day, rows in new.groupby(days.astype("object"), sort=False):
            waiting = [
                (str(row.session_id), _time(row.started_at), _time(row.ended_at))
                for row in rows.itertuples(index=False)
            ]
            while waiting:
                fetched, waiting = self._fetch(waiting, bar)
                for group in self._grouped(fetched):
                    # At most one batch more than there are workers is in memory.
                    while len(under_way) > max(1, pool.count):
                        self._settle(under_way)
                    calls = [(one.session_id, one.documents) for one in group]
                    future = pool.submit(converted, calls, self.asked.redacted, self.asked.salt)
                    under_way[future] = (str(day), group)
        while under_way:
            self._settle(under_way)

    def _grouped(self, fetched: list[_Fetched]) -> Iterable[list[_Fetched]]:
        """Put calls that are to be fetched again into batches of their own, so that they can be replaced alone."""
        now = datetime.now(UTC)
        final = [one for one in fetched if not one.provisional(now)]
        if final:
            yield final
        for one in fetched:
            if one.provisional(now):
                yield [one]

    def _settle(self, under_way: dict[Future[Any], tuple[str, list[_Fetched]]]) -> None:
        """Wait for a batch to be converted, and write it."""
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            day, group = under_way.pop(future)
            files, failed = future.result()
            self._commit(day, group, files, failed)

    def _commit(self, day: str, group: list[_Fetched], files: dict[str, TableFile], failed: dict[str, str]) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        now = datetime.now(UTC)
        sessions = tuple(
            ArchivedSession(one.session_id, _iso(one.started), _iso(one.ended), one.size, one.provisional(now))
            for one in group
        )
        replaced = tuple({self.provisional[one.session_id] for one in group if one.session_id in self.provisional})
        written = write_files(self.storage, day, name, files)
        batch = Batch(name, day, schema_version(), sessions, written, replaced)
        # From here on it counts; what it replaces no longer does.
        self.storage.still_ours()
        self.storage.write(batch.record, batch.to_json())
        for old in self.contents.batches:
            if old.name in replaced:
                remove_batch(self.storage, old)
        for one in group:
            # What is final is not tried again; the call's own table of problems says what is not there.
            troubles = one.troubles if one.provisional(now) else []
            message = failed.get(one.session_id) or (troubles[0].message if troubles else "")
            self._note(one.session_id, message, answered=bool(troubles) and all(it.answered for it in troubles))
        self._write_failures()

    def _is_due(self, session_id: str, batch: Batch, now: datetime) -> bool:
        """Tell whether it is time to fetch a provisional call again."""
        failure = self.failures.get(session_id)
        if failure is None:
            return now - batch.archived_at >= SOON
        next_try = failure.get("next_try")
        return not isinstance(next_try, str) or now >= datetime.fromisoformat(next_try)

    def _note(self, session_id: str, message: str, *, answered: bool = False) -> None:
        """Record what went wrong with a call, or that nothing does any more."""
        if not message:
            self.failures.pop(session_id, None)
            return
        before = self.failures.get(session_id, {})
        attempts = int(before.get("attempts", 0)) + 1
        now = datetime.now(UTC)
        # What the API has and nobody can read hardly changes: each time it is left alone for twice as long.
        next_try = now + LATE * 2 ** min(attempts - 1, 5) if answered else None
        self.failures[session_id] = {
            "message": scrub(message),
            "attempts": attempts,
            "first_tried": before.get("first_tried", now.isoformat(timespec="seconds")),
            "last_tried": now.isoformat(timespec="seconds"),
            "next_try": None if next_try is None else next_try.isoformat(timespec="seconds"),
        }

    def _write_failures(self) -> None:
        if self.failures or self.storage.read(FAILURES) is not None:
            body = {"format": FORMAT, "failures": self.failures}
            self.storage.write(FAILURES, json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode())

    # Fetching ---------------------------------------------------------------------------------------------------------

    def _fetch(
        self, waiting: list[tuple[str, pd.Timestamp | None, pd.Timestamp | None]], bar: Progress
    ) -> tuple[list[_Fetched], list[tuple[str, pd.Timestamp | None, pd.Timestamp | None]]]:
        """Fetch calls until a batch is full; return them, and those that are left."""
        left = list(waiting)
        fetched: list[_Fetched] = []
        errors: dict[str, RtkitError] = {}

        async def one_after_another() -> None:
            while left and len(fetched) < MOST_CALLS and sum(one.size for one in fetched) < MOST_BYTES:
                session_id, started, ended = left.pop(0)
                try:
                    call = await self.app.awaitable.call(session_id, keep=False, **self.asked.downloads)
                except PermissionDeniedError:
                    raise
                except (ApiError, InvalidArgumentError) as error:
                    # What is no session any more is said in other words by the app.
                    errors[session_id] = error
                else:
                    fetched.append(_Fetched(session_id, started, ended, call.documents))
                bar.advance()

        async def side_by_side() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(SIDE_BY_SIDE, len(left))):
                    group.create_task(one_after_another())

        try:
            self.app.run(side_by_side())
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        for session_id, error in errors.items():
            self._note(session_id, str(error))
        if errors:
            self._write_failures()
            if not fetched and all(isinstance(error, ConnectionFailedError) for error in errors.values()):
                # Nobody answers: rather stop here than write down a failure for every session of the range.
                raise next(iter(errors.values()))
        return fetched, left


def _time(value: Any) -> pd.Timestamp | None:
    return None if pd.isna(value) else pd.Timestamp(value)
