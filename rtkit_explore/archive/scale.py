"""A function over all calls, and tables as Dask DataFrames: on an engine that exists."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from rtkit_explore.api.progress import Progress
from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.archive.batch_files import batch_documents, batch_tables
from rtkit_explore.archive.storage import Storage, need
from rtkit_explore.call import Call
from rtkit_explore.errors import ArchiveError, InvalidArgumentError
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.people import PROBLEMS
from rtkit_explore.tables.frames import TEXT, empty, from_rows, join_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rtkit_explore.archive.batches import Batch
    from rtkit_explore.store.documents import CallDocuments

_THREADS = 4


class Mapped(NamedTuple):
    """
    What a function gave for every call.

    Attributes
    ----------
    values
        ``session_id``, then what the function returned: a column ``value``, or columns of its own.
    problems
        Table ``problems``: a row for each call for which it raised.
    """

    values: pd.DataFrame
    problems: pd.DataFrame


def map_calls(
    storage: Storage, calls: Sequence[tuple[str, Batch]], function: Callable[[Call], Any], progress: bool
) -> Mapped:
    """Call a function with every call, each given by its id and its batch; see :meth:`Archive.map`."""
    if not callable(function):
        msg = f"map takes a function of one call, not something of type {type(function).__name__}."
        raise InvalidArgumentError(msg)
    batches = {batch.name: batch for _, batch in calls}
    wanted: dict[str, list[str]] = {name: [] for name in batches}
    for session, batch in calls:
        wanted[batch.name].append(session)
    tasks = [(storage.address, batch, wanted[name], function) for name, batch in batches.items()]
    found: dict[str, tuple[bool, Any]] = {}
    with Progress("mapping", total=len(calls), show=progress) as bar:
        for results in _run(tasks):
            for session, good, value in results:
                found[session] = (good, value)
                bar.advance()
    return _gathered([session for session, _ in calls], found)


def _run(tasks: list[tuple[Any, ...]]) -> Iterable[list[tuple[str, bool, Any]]]:
    """Run the tasks on the active Dask client, which repeats those of workers that died, else on threads."""
    client = dask_client()
    if client is not None:
        from distributed import as_completed as dask_completed

        futures = client.map(_map_task, tasks, pure=False, retries=2)
        for future in dask_completed(futures):
            yield future.result()
        return
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as threads:
        for future in as_completed([threads.submit(_map_task, task) for task in tasks]):
            yield future.result()


def map_batches(
    storage: Storage, batches: Sequence[Batch], names: Sequence[str], function: Callable[[dict[str, pd.DataFrame]], Any]
) -> Iterator[Any]:
    """Call a function with the tables of each batch; see :meth:`Archive.map_parts`."""
    tasks = [(storage.address, batch, tuple(names), function) for batch in batches]
    client = dask_client()
    if client is not None:
        futures = client.map(_tables_task, tasks, pure=False)
        yield from (future.result() for future in futures)
        return
    # A thread takes the next batch when it is done with one: as many are in memory as there are threads.
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as threads:
        yield from threads.map(_tables_task, tasks)


def _tables_task(task: tuple[str, Batch, tuple[str, ...], Callable[[dict[str, pd.DataFrame]], Any]]) -> Any:
    place, batch, names, function = task
    return function(batch_tables(Storage(place), batch, names))


def dask_client() -> Any:
    """Return the Dask client that the user has opened; None where there is none, without importing Dask."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None


def _map_task(task: tuple[str, Batch, list[str], Callable[[Call], Any]]) -> list[tuple[str, bool, Any]]:
    """Call the function with the calls of one batch, one after another; what it raises is a result, too."""
    place, batch, session_ids, function = task
    storage = Storage(place)
    results: dict[str, tuple[bool, Any]] = {}
    try:
        for session, documents in batch_documents(storage, batch, session_ids):
            results[session] = _tried(function, documents)
    except ArchiveError as error:
        # What is damaged costs the calls that could not be read, and no other.
        failed = (False, f"{type(error).__name__}: {scrub(error)}")
        results |= dict.fromkeys([session for session in session_ids if session not in results], failed)
    return [(session, *result) for session, result in results.items()]


def _tried(function: Callable[[Call], Any], documents: CallDocuments) -> tuple[bool, Any]:
    try:
        return True, function(Call(documents))
    except Exception as error:  # noqa: BLE001 - one call must not end the others
        return False, f"{type(error).__name__}: {scrub(error)}"


def _gathered(order: list[str], found: dict[str, tuple[bool, Any]]) -> Mapped:
    frames: list[pd.DataFrame] = []
    problems: list[dict[str, Any]] = []
    for session in order:
        good, value = found[session]
        if good:
            frames.append(_as_rows(session, value))
        else:
            problems.append(
                {
                    "session_id": session,
                    "source": "map",
                    "path": "$",
                    "kind": "failed",
                    "message": value,
                    "meaning": "no value for this call",
                    "count": 1,
                }
            )
    values = (
        pd.concat(frames, ignore_index=True)
        if frames
        else pd.DataFrame({"session_id": pd.array([], dtype=TEXT), "value": pd.array([], dtype="float64")})
    )
    values["session_id"] = values["session_id"].astype(TEXT)
    return Mapped(values, from_rows(PROBLEMS, problems) if problems else empty(PROBLEMS))


def _as_rows(session: str, value: Any) -> pd.DataFrame:
    if isinstance(value, pd.DataFrame):
        frame = value.reset_index(drop=True)
        if "session_id" not in frame.columns:
            frame.insert(0, "session_id", session)
        return frame
    if isinstance(value, pd.Series):
        value = value.to_dict()
    row = dict(value) if hasattr(value, "keys") else {"value": value}
    return pd.DataFrame([{"session_id": session, **row}])


def dask_of_frame(frame: pd.DataFrame) -> Any:
    """Give a table that is in memory as a Dask DataFrame of one partition."""
    need("dask")
    import dask.dataframe as dd

    return dd.from_pandas(frame, npartitions=1)


def dask_of_days(storage: Storage, batches: Sequence[Batch], name: str, columns: list[str]) -> Any:
    """Give a table as a Dask DataFrame, one partition a day; see :meth:`Archive.dask`."""
    need("dask")
    import dask.dataframe as dd

    days: dict[str, list[Batch]] = {}
    for batch in batches:
        days.setdefault(batch.day, []).append(batch)
    meta = empty(TABLES[name])[columns]
    if not days:
        return dd.from_pandas(meta, npartitions=1)
    parts = [(storage.address, name, columns, days[day]) for day in sorted(days)]
    return dd.from_map(_read_day, parts, meta=meta)


def _read_day(part: tuple[str, str, list[str], list[Batch]]) -> pd.DataFrame:
    place, name, columns, batches = part
    storage = Storage(place)
    return join_frames(TABLES[name], [batch_tables(storage, batch, [name])[name] for batch in batches])[columns]
