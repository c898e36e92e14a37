"""Findings, verdicts and overviews of all calls of an archive: worked out once from the stored tables, and kept."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from rtkit_explore import __version__
from rtkit_explore.archive.batches import KEPT_TABLES, Batch, schema_version
from rtkit_explore.archive.reading import batch_tables
from rtkit_explore.archive.storage import Storage, checksum
from rtkit_explore.archive.workers import Workers
from rtkit_explore.call import Call
from rtkit_explore.errors import ArchiveError
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import join_frames
from rtkit_explore.tables.participant_lookup import participant_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rtkit_explore.findings.profiles import Profile

JUDGED: Final = ("findings", "verdicts", "overview")
KEPT: Final = "kept"
_WORTH_A_PROCESS: Final = 3
Frames = dict[str, pd.DataFrame]


def judged(storage: Storage, batches: Sequence[Batch], profile: Profile) -> Frames:
    """
    Return findings, verdicts and overviews of all calls.

    Parameters
    ----------
    storage, batches
        The calls.
    profile
        Thresholds and rules.

    Returns
    -------
    dict
        Table by name. What has been kept is read; the rest is worked out, and kept.
    """
    key = judgement_key(profile)
    found = {} if key is None else _kept(storage, key, batches)
    absent = [batch for batch in batches if batch.name not in found]
    workers = min(os.cpu_count() or 1, 4) if len(absent) >= _WORTH_A_PROCESS and not profile.rules else 0
    with Workers(workers) as pool:
        futures = {batch.name: pool.submit(judge_batch, storage.address, batch, profile) for batch in absent}
        for batch in absent:
            frames = futures.pop(batch.name).result()
            found[batch.name] = frames
            if key is not None:
                # An archive that can only be read is judged all the same.
                with contextlib.suppress(ArchiveError):
                    _keep(storage, key, batch, frames)
    return {name: join_frames(TABLES[name], [found[batch.name][name] for batch in batches]) for name in JUDGED}


def judgement_key(profile: Profile) -> str | None:
    """Name what a judgement rests on; None where code of the user's own is part of it, which may change unseen."""
    if profile.rules:
        return None
    parts = (__version__, schema_version(), profile.name, repr(profile.limits), profile.fewest_packets,
             profile.fewest_seconds, [rule.name for rule in profile.all_rules])  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def judge_batch(place: str, batch: Batch, profile: Profile) -> Frames:
    """Judge the calls of a batch by their stored tables: what a worker does."""
    tables = batch_tables(Storage(place), batch, KEPT_TABLES)
    rows = {name: _rows_by_session(table) for name, table in tables.items()}
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in JUDGED}
    for session in batch.sessions:
        call = stored_call(
            session.session_id,
            {name: tables[name].iloc[rows[name].get(session.session_id, [])].reset_index(drop=True) for name in tables},
        )
        for name in JUDGED:
            frame = getattr(call, name)(profile)
            frame["session_id"] = frame["session_id"].fillna(session.session_id)
            parts[name].append(frame)
    return {name: join_frames(TABLES[name], frames) for name, frames in parts.items()}


def _rows_by_session(table: pd.DataFrame) -> Mapping[Any, Any]:
    if table.empty or "session_id" not in table.columns:
        return {}
    return {key: np.sort(rows) for key, rows in table.groupby("session_id", sort=False).indices.items()}


def stored_call(session_id: str, tables: Mapping[str, pd.DataFrame]) -> Call:
    """Make a Call of stored tables, which saves reading its documents: enough to be judged."""
    call = Call(CallDocuments(session_id=session_id))
    # The tables of a Call are made when they are first asked for; here they are at hand.
    call.__dict__.update(tables)
    call.__dict__["names"] = participant_labels(
        {str(key): value for key, value in row.items()} for row in tables["participants"].to_dict("records")
    )
    return call


def _folder(key: str) -> str:
    return f"{KEPT}/{key}"


def _keep(storage: Storage, key: str, batch: Batch, frames: Frames) -> None:
    from rtkit_explore.archive.parquet_files import table_file

    for name, frame in frames.items():
        content = table_file(name, frame)
        # The checksum is part of the name: a file that is there and whole needs no record.
        storage.write(f"{_folder(key)}/{name}/{batch.name}.{checksum(content)[:32]}.parquet", content)


def _kept(storage: Storage, key: str, batches: Sequence[Batch]) -> dict[str, Frames]:
    """Read what has been kept; a batch of which anything is absent or damaged is left out, and judged again."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rtkit_explore.archive.parquet_files import declared_frame

    wanted = {batch.name for batch in batches}
    paths: dict[str, dict[str, str]] = {}
    for file in storage.files(_folder(key)):
        parts = file.path.split("/")
        batch, _, rest = parts[-1].partition(".")
        if batch in wanted and rest.endswith(".parquet") and len(parts) == 4:
            paths.setdefault(batch, {})[parts[2]] = file.path
    found: dict[str, Frames] = {}
    for batch, files in paths.items():
        frames: Frames = {}
        for name in JUDGED:
            content = storage.read(files[name]) if name in files else None
            if content is None or checksum(content)[:32] != files[name].split(".")[-2]:
                break
            try:
                frames[name] = declared_frame(name, pq.read_table(io.BytesIO(content)))
            except (pa.ArrowException, OSError):
                break
        else:
            found[batch] = frames
    return found
