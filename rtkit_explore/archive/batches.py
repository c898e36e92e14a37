"""
What an archive holds: a manifest, and one record for each batch of calls.

A batch is a few calls of one day: one file with their documents and one Parquet file for each of their tables. Its
record is written last, so a batch counts when its record is there, and files without a record were cut off. A record
names every file with size and checksum.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.errors import ArchiveError
from rtkit_explore.table_schema.describe import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtkit_explore.archive.storage import Storage

MANIFEST: Final = "manifest.json"
RECORDS: Final = "batches"
DOCUMENTS: Final = "documents"
FORMAT: Final = 2
"""Version of the layout; an archive of a later one is not opened."""
KEPT_TABLES: Final = (
    "sessions",
    "participants",
    "peer_events",
    "clients",
    "device_changes",
    "connection_checks",
    "sdp",
    "candidate_pairs",
    "events",
    "samples",
    "cumulative",
    "quality",
    "streams",
    "chat",
    "transcript",
    "problems",
    "counter_readings",
)
"""Tables that are kept as Parquet; findings, verdicts and overviews are worked out when asked for, and kept then."""


def schema_version() -> str:
    """Return a name of the tables' columns and dtypes: another one means that tables have changed since."""
    columns = [[name, column.name, column.dtype] for name in KEPT_TABLES for column in TABLES[name].columns]
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ArchivedSession:
    """
    One archived call, as the record of its batch lists it.

    Attributes
    ----------
    session_id
        Which call.
    started_at, ended_at
        ISO 8601, UTC; None where the API did not say.
    json_bytes
        Size of its documents before compression.
    provisional
        Whether documents may come that are not here yet: fetching failed, or a report was missing so soon after the
        call that it may have been late. The next run asks again.
    """

    session_id: str
    started_at: str | None
    ended_at: str | None
    json_bytes: int
    provisional: bool = False


@dataclass(frozen=True)
class ArchivedFile:
    """
    A file of a batch.

    Attributes
    ----------
    path, size, sha256
        The file. ``samples`` may lie in that of ``quality``.
    rows
        Of the table.
    left_out
        Columns that the file has in another way; see ``rtkit_explore.archive.stored_columns``.
    """

    path: str
    size: int
    sha256: str
    rows: int
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """
    A few calls of one day.

    Attributes
    ----------
    name
        Unique; later ones sort behind earlier ones.
    day
        UTC day on which its calls started, "2026-11-19".
    schema
        ``schema_version()`` when its tables were written.
    sessions
        Its calls.
    files
        Table, or "documents", to file; a table without rows has none.
    replaces
        Batches whose calls it holds anew.
    """

    name: str
    day: str
    schema: str
    sessions: tuple[ArchivedSession, ...]
    files: dict[str, ArchivedFile] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()

    @property
    def record(self) -> str:
        """Path of its record."""
        return f"{RECORDS}/{self.name}.json"

    @property
    def archived_at(self) -> datetime:
        """When it was written, which its name begins with."""
        return datetime.fromtimestamp(int(self.name.partition("-")[0]) / 1e9, UTC)

    def to_json(self) -> bytes:
        """Write the record, with a checksum of its own."""
        # With many small calls a record weighs: sessions are rows, and files say what they leave out once.
        files: dict[str, dict[str, Any]] = {}
        for name, file in sorted(self.files.items()):
            told = {key: value for key, value in asdict(file).items() if key != "left_out" or value}
            host = next((other for other, one in files.items() if one.get("path") == file.path), None)
            if host is not None:
                told = {"rows": file.rows, "within": host}
            files[name] = told
        given = {**asdict(self), "sessions": [astuple(session) for session in self.sessions], "files": files}
        batch = {"format": FORMAT, **given}
        return json.dumps(
            {"sha256": _digest(batch), "batch": batch}, ensure_ascii=False, separators=(",", ":")
        ).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Batch:
        """
        Read a record.

        Raises
        ------
        ValueError
            If it is damaged.
        ArchiveError
            If a later version wrote it.
        """
        try:
            outer = json.loads(content)
            given = outer["batch"]
            if _digest(given) != outer["sha256"]:
                msg = "wrong checksum"
                raise ValueError(msg)
            # Only now: a flipped bit must not look like a later version.
            check_format(given["format"])
            old = given["format"] == 1
            hosts = {name: ArchivedFile(**file) for name, file in given["files"].items() if "within" not in file}
            guests = {name: file for name, file in given["files"].items() if "within" in file}
            return cls(
                given["name"],
                given["day"],
                given["schema"],
                tuple(ArchivedSession(**one) if old else ArchivedSession(*one) for one in given["sessions"]),
                hosts | {name: replace(hosts[file["within"]], rows=file["rows"]) for name, file in guests.items()},
                tuple(given["replaces"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            msg = f"not a record: {type(error).__name__}"
            raise ValueError(msg) from None


def _digest(given: dict[str, Any]) -> str:
    """Return the checksum of a record, the same way in every format: so any version knows a later one by its format."""
    return hashlib.sha256(json.dumps(given, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def check_format(version: object) -> None:
    """Raise if a later version of this package wrote something."""
    if not isinstance(version, int) or version > FORMAT:
        msg = f"this archive has format {version}, and this version of rtkit_explore reads up to {FORMAT}: update it"
        raise ArchiveError(msg)


@dataclass(frozen=True)
class Manifest:
    """
    What is true of the whole archive.

    Attributes
    ----------
    app
        A name of the account and app that it is of, not to be read back; empty where calls come from files.
    redacted
        Whether personal data was replaced on the way in.
    salt
        A name of the salt, not to be read back; empty without one.
    """

    app: str = ""
    redacted: bool = False
    salt: str = ""

    def to_json(self) -> bytes:
        """Write it."""
        about = {"what": "calls archived by rtkit_explore", "format": FORMAT, "schema": schema_version()}
        return json.dumps({**about, **asdict(self)}, indent=1).encode()

    @classmethod
    def read(cls, storage: Storage) -> Manifest | None:
        """
        Read the manifest; None where there is none.

        Raises
        ------
        ArchiveError
            If it is damaged, or of a later version.
        """
        content = storage.read(MANIFEST)
        if content is None:
            return None
        try:
            given = json.loads(content)
            check_format(given["format"])
            return cls(str(given["app"]), bool(given["redacted"]), str(given["salt"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            msg = (
                f"{MANIFEST} of the archive {storage!r} is damaged. Its calls are safe: put back a copy of it, or"
                " archive one day with the same options into a new folder and copy the file from there"
            )
            raise ArchiveError(msg) from None


def named_secretly(*texts: str) -> str:
    """Return a name of some texts from which they cannot be read: a slow hash, so that guessing is dear as well."""
    return hashlib.scrypt("\0".join(texts).encode(), salt=b"rtkit_explore archive", n=2**12, r=8, p=1, dklen=16).hex()


@dataclass(frozen=True)
class Contents:
    """
    All batches that count, and what was found damaged.

    Attributes
    ----------
    batches
        By name, oldest first; those that were replaced are left out.
    replaced
        Records of batches that were replaced, or that hold calls another one holds.
    damaged
        Paths of records that cannot be read.
    """

    batches: tuple[Batch, ...]
    replaced: tuple[Batch, ...]
    damaged: tuple[str, ...]


def read_contents(storage: Storage) -> Contents:
    """
    Read the records of all batches, side by side.

    Raises
    ------
    ArchiveError
        If a later version wrote one of them.
    """
    paths = sorted(
        found.path for found in storage.files(RECORDS) if found.path.endswith(".json") and "/." not in found.path
    )
    with ThreadPoolExecutor(16) as threads:
        contents = list(threads.map(storage.read, paths))
    batches: list[Batch] = []
    damaged: list[str] = []
    for path, content in zip(paths, contents, strict=True):
        try:
            if content is not None:
                batches.append(Batch.from_json(content))
        except ValueError:
            damaged.append(path)
    return _without_replaced(batches, damaged)


def _without_replaced(batches: Iterable[Batch], damaged: list[str]) -> Contents:
    listed = sorted(batches, key=lambda batch: batch.name)
    gone = {name for batch in listed for name in batch.replaces}
    kept: list[Batch] = []
    seen: set[str] = set()
    for batch in listed:
        ids = {session.session_id for session in batch.sessions}
        # Two processes on one object store can both have archived a call: the first batch counts.
        if batch.name in gone or ids & seen:
            gone.add(batch.name)
            continue
        seen |= ids
        kept.append(batch)
    return Contents(tuple(kept), tuple(batch for batch in listed if batch.name in gone), tuple(damaged))
