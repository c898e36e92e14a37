"""A function over all calls, and tables as Dask DataFrames: on an engine that exists."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from rtkit_explore.api.progress import Progress
from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.archive.storage import Storage, need
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.people import PROBLEMS
from rtkit_explore.tables.frames import TEXT, empty, from_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from rtkit_explore.archive.archive import Archive
    from rtkit_explore.archive.batches import Batch
    from rtkit_explore.call import Call

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
    archive: Archive, function: Callable[[Call], Any], *, session_ids: Collection[str] | None, progress: bool
) -> Mapped:
    """Call a function with every call of an archive; see :meth:`Archive.map`."""
    if not callable(function):
        msg = f"map takes a function of one call, not something of type {type(function).__name__}."
        raise InvalidArgumentError(msg)
    order = archive.session_ids if session_ids is None else [str(session) for session in session_ids]
    if unknown := [session for session in order if session not in archive._batch_of]:  # noqa: SLF001
        msg = f"not in the archive: {', '.join(unknown[:5])}. archive.sessions lists what is."
        raise InvalidArgumentError(msg)
    wanted: dict[str, list[str]] = {}
    for session in order:
        wanted.setdefault(archive._batch_of[session].name, []).append(session)  # noqa: SLF001
    batches = [batch for batch in archive._contents.batches if batch.name in wanted]  # noqa: SLF001
    place = archive._storage.address  # noqa: SLF001
    tasks = [(place, batch, wanted[batch.name], function) for batch in batches]
    found: dict[str, tuple[bool, Any]] = {}
    with Progress("mapping", total=len(order), show=progress) as bar:
        for results in _run(tasks):
            for session, good, value in results:
                found[session] = (good, value)
                bar.advance()
    return _gathered(order, found)


def _run(tasks: list[tuple[Any, ...]]) -> Iterable[list[tuple[str, bool, Any]]]:
    """Run the tasks on the active Dask client, which repeats those of workers that died, else on threads."""
    client = _dask_client()
    if client is not None:
        from distributed import as_completed as as_dask_completed

        futures = client.map(_map_task, tasks, pure=False, retries=2)
        for future in as_dask_completed(futures):
            yield future.result()
        return
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as threads:
        for future in as_completed([threads.submit(_map_task, task) for task in tasks]):
            yield future.result()


def _dask_client() -> Any:
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
    from rtkit_explore.archive.archive import Archive
    from rtkit_explore.call import Call

    place, batch, session_ids, function = task
    archive = Archive.__new__(Archive)
    archive._storage = Storage(place)  # noqa: SLF001 - the records of the other batches are not needed
    results: list[tuple[str, bool, Any]] = []
    for session in session_ids:
        try:
            call = Call(archive._documents(batch, [session])[session])  # noqa: SLF001
            results.append((session, True, function(call)))
        except Exception as error:  # noqa: BLE001 - one call must not end the others
            results.append((session, False, f"{type(error).__name__}: {scrub(error)}"))
    return results


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


def dask_frame(archive: Archive, name: str, columns: list[str]) -> Any:
    """Give a table as a Dask DataFrame, one partition a day; see :meth:`Archive.dask`."""
    need("dask")
    import dask.dataframe as dd

    from rtkit_explore.archive.archive import JUDGED
    from rtkit_explore.archive.parquet_files import arrow_schema, declared_frame

    if name in JUDGED:
        return dd.from_pandas(archive.table(name, columns=columns), npartitions=1)
    days: dict[str, list[Batch]] = {}
    for batch in archive._contents.batches:  # noqa: SLF001
        days.setdefault(batch.day, []).append(batch)
    meta = declared_frame(name, arrow_schema(name).empty_table(), columns)
    if not days:
        return dd.from_pandas(meta, npartitions=1)
    place = archive._storage.address  # noqa: SLF001
    parts = [(place, name, columns, days[day]) for day in sorted(days)]
    return dd.from_map(_read_day, parts, meta=meta)


def _read_day(part: tuple[str, str, list[str], list[Batch]]) -> pd.DataFrame:
    from rtkit_explore.archive.archive import Archive
    from rtkit_explore.table_schema.describe import TABLES
    from rtkit_explore.tables.frames import join_frames

    place, name, columns, batches = part
    archive = Archive.__new__(Archive)
    archive._storage = Storage(place)  # noqa: SLF001
    frames = [archive._tables(batch, [name])[name] for batch in batches]  # noqa: SLF001
    return join_frames(TABLES[name], frames)[columns]
