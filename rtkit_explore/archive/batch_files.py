"""The files of one batch: written, read back and compared with their checksums, removed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.archive.batches import DOCUMENTS, ArchivedFile
from rtkit_explore.archive.storage import checksum
from rtkit_explore.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pandas as pd

    from rtkit_explore.archive.batches import Batch
    from rtkit_explore.archive.parquet_files import TableFile
    from rtkit_explore.archive.storage import Storage
    from rtkit_explore.store.documents import CallDocuments

FAILURES: Final = "failures.json"


def write_files(storage: Storage, day: str, name: str, contents: Mapping[str, TableFile]) -> dict[str, ArchivedFile]:
    """Write the files of a batch, by table; the record comes after them."""
    files: dict[str, ArchivedFile] = {}
    for table, made in contents.items():
        if made.within:
            continue
        folder = DOCUMENTS if table == DOCUMENTS else f"tables/{table}"
        path = f"{folder}/day={day}/{name}.parquet"
        storage.write(path, made.content)
        files[table] = ArchivedFile(path, len(made.content), checksum(made.content), made.rows, dict(made.left_out))
    guests = {table: made for table, made in contents.items() if made.within}
    return files | {table: replace(files[made.within], rows=made.rows) for table, made in guests.items()}


def remove_batch(storage: Storage, batch: Batch) -> None:
    """Remove a batch that another one replaces: the record first, so that it never names what is gone."""
    storage.still_ours()
    storage.delete(batch.record)
    for path in {file.path for file in batch.files.values()}:
        storage.delete(path)


def damaged(storage: Storage, path: str) -> ArchiveError:
    """Return the error that says that a file is damaged, and what helps."""
    msg = (
        f"{path} of the archive {storage!r} is damaged or gone. If another process is archiving, open the archive"
        " again; else rtk.archive_calls(app, folder, verify=True) makes the file again, from the documents or by"
        " fetching them"
    )
    return ArchiveError(msg)


def sound_content(storage: Storage, file: ArchivedFile) -> bytes:
    """
    Read a file whole.

    Raises
    ------
    ArchiveError
        If it is gone, or its checksum is another.
    """
    content = storage.read(file.path)
    if content is None or len(content) != file.size or checksum(content) != file.sha256:
        raise damaged(storage, file.path)
    return content


def batch_documents(
    storage: Storage, batch: Batch, session_ids: Collection[str] | None = None
) -> Iterator[tuple[str, CallDocuments]]:
    """
    Read the documents of some calls of a batch, or of all; only one call's are unpacked at a time.

    Raises
    ------
    ArchiveError
        If they are damaged.
    """
    import pyarrow as pa

    from rtkit_explore.archive.document_files import each_document

    if DOCUMENTS not in batch.files:
        raise damaged(storage, batch.record)
    file = batch.files[DOCUMENTS]
    content = sound_content(storage, file)
    lacking = set(session_ids or ())
    try:
        for session_id, documents in each_document(content, session_ids):
            lacking.discard(session_id)
            yield session_id, documents
    except (ValueError, OSError, pa.ArrowException):
        raise damaged(storage, file.path) from None
    if lacking:
        raise damaged(storage, file.path)


def batch_tables(
    storage: Storage, batch: Batch, names: Sequence[str], columns: Sequence[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Read tables of a batch, as declared; one without rows has no file."""
    from rtkit_explore.archive.parquet_files import declared_frame

    read = batch_arrow(storage, batch, names, columns)
    return {name: declared_frame(name, table, columns) for name, table in read}


def batch_arrow(
    storage: Storage, batch: Batch, names: Sequence[str], columns: Sequence[str] | None = None
) -> Iterator[tuple[str, Any]]:
    """Read tables of a batch one after another, as ``pyarrow.Table``; one without rows has no file."""
    import pyarrow as pa

    from rtkit_explore.archive.parquet_files import arrow_schema, read_table

    shared: dict[str, bytes] = {}
    for name in names:
        if name not in batch.files:
            yield name, arrow_schema(name).empty_table()
            continue
        file = batch.files[name]
        content = shared.pop(file.path, None) or sound_content(storage, file)
        if file.left_out:
            shared[file.path] = content  # two tables lie in it
        try:
            yield name, read_table(name, content, file.left_out, columns)
        except (pa.ArrowException, OSError):
            raise damaged(storage, file.path) from None


def read_failures(storage: Storage) -> dict[str, dict[str, Any]]:
    """Read what could not be fetched; nothing where the file is absent or damaged (it is written anew)."""
    content = storage.read(FAILURES)
    try:
        found = json.loads(content or b"{}").get("failures", {})
        return {str(session): dict(failure) for session, failure in found.items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}
