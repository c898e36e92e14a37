"""Findings, verdicts and overviews of all calls of an archive: worked out once from the stored tables, and kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from rtkit_explore import __version__
from rtkit_explore.archive.batch_files import batch_tables
from rtkit_explore.archive.batches import KEPT_TABLES, Batch, schema_version
from rtkit_explore.archive.fingerprint import fingerprint
from rtkit_explore.archive.kept import keep, kept, kept_keys
from rtkit_explore.archive.scale import dask_client
from rtkit_explore.archive.storage import Storage
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
    client = dask_client() if absent else None
    workers = min(os.cpu_count() or 1, 4) if len(absent) >= _WORTH_A_PROCESS and not profile.rules else 0
    with Workers(workers if client is None else 0) as pool:
        submit = pool.submit if client is None else partial(client.submit, pure=False)
        futures = {batch.name: submit(judge_batch, storage.address, batch, profile) for batch in absent}
        for batch in absent:
            frames = futures.pop(batch.name).result()
            found[batch.name] = frames
            if key is not None:
                # An archive that can only be read is judged all the same.
                with contextlib.suppress(ArchiveError):
                    _keep(storage, key, batch, frames)
    return {name: join_frames(TABLES[name], [found[batch.name][name] for batch in batches]) for name in JUDGED}


def judgement_key(profile: Profile) -> str | None:
    """Name what a judgement rests on; None where code of the user's own is part of it that may change unseen."""
    own = fingerprint(*profile.rules)
    if own is None:
        return None
    parts = (__version__, schema_version(), profile.name, repr(profile.limits), profile.fewest_packets,
             profile.fewest_seconds, [rule.name for rule in profile.all_rules], own)  # fmt: skip
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


def _keep(storage: Storage, key: str, batch: Batch, frames: Frames) -> None:
    from rtkit_explore.archive.parquet_files import table_file

    for name, frame in frames.items():
        keep(storage, key, name, batch, table_file(name, frame))


def _kept(storage: Storage, key: str, batches: Sequence[Batch]) -> dict[str, Frames]:
    """Read the judgements that were kept, by batch."""
    from rtkit_explore.archive.parquet_files import declared_frame

    return {
        batch: {name: declared_frame(name, table) for name, table in tables.items()}
        for batch, tables in kept(storage, key, JUDGED, batches).items()
    }


def merge_judgements(storage: Storage, parts: Sequence[Batch], merged: Batch) -> None:
    """Put together what was kept of several batches, for the batch that holds their calls from now on."""
    for key in kept_keys(storage):
        found = _kept(storage, key, parts)
        if len(found) == len(parts):
            tables = {name: [found[part.name][name] for part in parts] for name in JUDGED}
            _keep(storage, key, merged, {name: join_frames(TABLES[name], frames) for name, frames in tables.items()})
