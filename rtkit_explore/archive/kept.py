"""What was worked out of an archive, kept beside its tables: files by what they rest on, and by batch."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.archive.storage import checksum

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rtkit_explore.archive.batches import Batch
    from rtkit_explore.archive.storage import Storage

KEPT: Final = "kept"


def keep(storage: Storage, key: str, table: str, batch: Batch, content: bytes) -> None:
    """Keep a table of a batch; ``key`` names all that it rests on."""
    # The checksum is part of the name: a file that is there and whole needs no record.
    storage.write(f"{KEPT}/{key}/{table}/{batch.name}.{checksum(content)[:32]}.parquet", content)


def kept(storage: Storage, key: str, tables: Collection[str], batches: Sequence[Batch]) -> dict[str, dict[str, Any]]:
    """
    Read what was kept.

    Returns
    -------
    dict
        Batch name to table name to ``pyarrow.Table``. A batch of which anything is absent or damaged is left out.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = {batch.name for batch in batches}
    paths: dict[str, dict[str, str]] = {}
    for file in storage.files(f"{KEPT}/{key}"):
        batch, parts = kept_batch(file.path), file.path.split("/")
        if batch in wanted and parts[-1].endswith(".parquet"):
            paths.setdefault(batch, {})[parts[2]] = file.path
    found: dict[str, dict[str, Any]] = {}
    for batch, files in paths.items():
        made: dict[str, Any] = {}
        for name in tables:
            content = storage.read(files[name]) if name in files else None
            if content is None or checksum(content)[:32] != files[name].split(".")[-2]:
                break
            try:
                made[name] = pq.read_table(io.BytesIO(content))
            except (pa.ArrowException, OSError):
                break
        else:
            found[batch] = made
    return found


def kept_keys(storage: Storage) -> list[str]:
    """List the keys of what is kept."""
    return sorted({file.path.split("/")[1] for file in storage.files(KEPT) if kept_batch(file.path) is not None})


def kept_batch(path: str) -> str | None:
    """Name the batch that a file was worked out from; None for any other file of the archive."""
    parts = path.split("/")
    return parts[-1].partition(".")[0] if len(parts) == 4 and parts[0] == KEPT else None
