"""Merging the small batches of a day, so that many runs a day do not leave many small files."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from rtkit_explore.archive.batch_files import batch_arrow, batch_documents, remove_batch, write_files
from rtkit_explore.archive.batches import DOCUMENTS, Batch, read_contents, schema_version
from rtkit_explore.archive.judging import merge_judgements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rtkit_explore.archive.storage import Storage

LARGEST_CALLS: Final = 512
LARGEST_BYTES: Final = 128_000_000
"""What a merged batch holds at most: calls, and bytes of their documents. It is what a reader has in memory."""
FEWEST: Final = 4
"""So many small batches of a day are merged."""


def merge_small_batches(storage: Storage) -> int:
    """
    Merge the small batches of each day.

    A merged batch is written as any other: its record, which says what it replaces, comes last. So an interruption
    leaves either the small batches or the merged one, and :func:`~rtkit_explore.archive.writer.tidy` sweeps up.

    Returns
    -------
    int
        How many batches were written.
    """
    written = 0
    for group in _groups(read_contents(storage).batches):
        calls = [len(batch.sessions) for batch in group]
        # The largest is at least doubled each time, so a call is seldom written again.
        if len(group) < FEWEST or sum(calls) < 2 * max(calls):
            continue
        merged = _merged(storage, group)
        merge_judgements(storage, group, merged)
        storage.still_ours()
        storage.write(merged.record, merged.to_json())
        for old in group:
            remove_batch(storage, old)
        written += 1
    return written


def _groups(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Put the batches of a day together that one could hold."""
    days: dict[str, list[Batch]] = {}
    for batch in batches:
        # What is still provisional is replaced alone; what an older version wrote has other columns.
        final = not any(session.provisional for session in batch.sessions)
        if final and batch.schema == schema_version() and DOCUMENTS in batch.files:
            days.setdefault(batch.day, []).append(batch)
    for small in days.values():
        group: list[Batch] = []
        for batch in small:
            if group and not _fit([*group, batch]):
                yield group
                group = []
            group.append(batch)
        yield group


def _fit(batches: Sequence[Batch]) -> bool:
    sessions = [session for batch in batches for session in batch.sessions]
    return len(sessions) <= LARGEST_CALLS and sum(one.json_bytes for one in sessions) <= LARGEST_BYTES


def _merged(storage: Storage, group: Sequence[Batch]) -> Batch:
    """Write the files of several batches as those of one, in the same order."""
    import pyarrow as pa

    from rtkit_explore.archive.document_files import documents_file
    from rtkit_explore.archive.parquet_files import TableFile, table_files

    calls = (call for batch in group for call in batch_documents(storage, batch))
    contents = {DOCUMENTS: TableFile(documents_file(calls), sum(len(batch.sessions) for batch in group))}
    tables = {}
    for name in sorted({name for batch in group for name in batch.files} - {DOCUMENTS}):
        read = [table for batch in group for _, table in batch_arrow(storage, batch, [name])]
        tables[name] = pa.concat_tables(read)
    contents |= table_files(tables)
    # Its place in the order of batches is that of the first.
    name = f"{group[0].name.partition('-')[0]}-{uuid.uuid4().hex[:8]}"
    return Batch(
        name,
        group[0].day,
        group[0].schema,
        tuple(session for batch in group for session in batch.sessions),
        write_files(storage, group[0].day, name, contents),
        tuple(batch.name for batch in group),
    )
