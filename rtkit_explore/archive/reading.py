"""Reading the files of one batch: its tables and documents, each compared with its checksum first."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.archive.batches import DOCUMENTS
from rtkit_explore.archive.storage import checksum
from rtkit_explore.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from rtkit_explore.archive.batches import ArchivedFile, Batch
    from rtkit_explore.archive.storage import Storage
    from rtkit_explore.store.documents import CallDocuments

FAILURES: Final = "failures.json"


def damaged(storage: Storage, path: str) -> ArchiveError:
    """Return the error that says that a file is damaged, and what helps."""
    msg = (
        f"{path} of the archive {storage!r} is damaged or gone: rtk.archive_calls(app, folder, verify=True) makes it"
        " again, from the documents or by fetching them"
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
) -> dict[str, CallDocuments]:
    """Read the documents of some calls of a batch, or of all."""
    import pyarrow as pa

    from rtkit_explore.archive.parquet_files import read_documents

    if DOCUMENTS not in batch.files:
        raise damaged(storage, batch.record)
    file = batch.files[DOCUMENTS]
    content = sound_content(storage, file)
    try:
        found = read_documents(content, session_ids)
    except (ValueError, OSError, pa.ArrowException):
        raise damaged(storage, file.path) from None
    if session_ids is not None and set(session_ids) - found.keys():
        raise damaged(storage, file.path)
    return found


def batch_tables(
    storage: Storage, batch: Batch, names: Sequence[str], columns: Sequence[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Read tables of a batch, as declared; one without rows has no file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rtkit_explore.archive.parquet_files import arrow_schema, declared_frame

    made = {}
    for name in names:
        if name not in batch.files:
            made[name] = declared_frame(name, arrow_schema(name).empty_table(), columns)
            continue
        content = sound_content(storage, batch.files[name])
        try:
            made[name] = declared_frame(name, pq.read_table(io.BytesIO(content)), columns)
        except (pa.ArrowException, OSError):
            raise damaged(storage, batch.files[name].path) from None
    return made


def read_failures(storage: Storage) -> dict[str, dict[str, Any]]:
    """Read what could not be fetched; nothing where the file is absent or damaged (it is written anew)."""
    content = storage.read(FAILURES)
    try:
        found = json.loads(content or b"{}").get("failures", {})
        return {str(session): dict(failure) for session, failure in found.items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}
