"""Archive: many calls, their tables and documents, opened for questions."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from rtkit_explore import __version__
from rtkit_explore.archive.batch_files import batch_documents, batch_tables, read_failures, sound_content
from rtkit_explore.archive.batches import KEPT_TABLES, Batch, Contents, Manifest, read_contents, schema_version
from rtkit_explore.archive.fingerprint import fingerprint
from rtkit_explore.archive.judging import JUDGED, judged, judgement_key
from rtkit_explore.archive.kept import keep, kept
from rtkit_explore.archive.scale import dask_of_days, dask_of_frame, map_batches, map_calls
from rtkit_explore.archive.storage import Storage, need
from rtkit_explore.archive.trends import TIMES, check_trend, trend_by_property, trend_by_time, worst_calls
from rtkit_explore.call import Call
from rtkit_explore.errors import ArchiveError, InvalidArgumentError
from rtkit_explore.findings.compare import usual_range_of
from rtkit_explore.findings.profiles import profile_of
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import TEXT, TIME, join_frames

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Collection, Iterator, Sequence

    from rtkit_explore.archive.scale import Mapped
    from rtkit_explore.archive.stored_columns import Expression
    from rtkit_explore.findings.profiles import ProfileLike

PARTS: Final = ("quality", "participants", "events")
"""Tables that metrics need."""
_VALUES: Final = "values"
Where = str | Mapping[str, Any]
Day: TypeAlias = "str | dt.date | None"
"""A day or a time; texts are ISO 8601."""


def open_archive(place: str | os.PathLike[str]) -> Archive:
    """
    Open an archive that ``rtk.archive_calls`` or ``rtkit-explore archive`` wrote.

    Parameters
    ----------
    place
        Its folder, or its URL such as ``"s3://bucket/calls"``.

    Returns
    -------
    Archive
        Nothing but its records has been read.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    ArchiveError
        If there is no archive, or a later version wrote it.
    """
    return Archive(Storage(place))


class Archive:
    """
    Calls in an archive: the same tables as of one call, over all of them.

    Parameters
    ----------
    storage
        Where it lies; :func:`open_archive` takes a folder or URL.

    Notes
    -----
    What is read is compared with its checksum first (in object storage page by page): a damaged file raises an
    :class:`~rtkit_explore.errors.ArchiveError` that says how to mend it. An archive does not change while it is open;
    open it again to see what another process added.
    """

    def __init__(self, storage: Storage) -> None:
        need("pyarrow")
        self._storage = storage
        manifest = Manifest.read(storage)
        if manifest is None:
            msg = f"there is no archive at {storage!r}: rtk.archive_calls(app, folder) makes one"
            raise ArchiveError(msg)
        self._manifest = manifest
        self._contents: Contents = read_contents(storage)
        self._checked: set[str] = set()
        self._kept: dict[str, dict[str, pd.DataFrame]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Say where it is, how many calls it holds, and of which days."""
        days = sorted({batch.day for batch in self._contents.batches if batch.day != "unknown"})
        span = f", {days[0]} to {days[-1]}" if days else ""
        hidden = ", redacted" if self._manifest.redacted else ""
        return f"<Archive {self._storage!r}: {len(self.session_ids)} calls{span}{hidden}>"

    def __len__(self) -> int:
        """Count its calls."""
        return len(self.session_ids)

    @property
    def place(self) -> str:
        """Its folder, or its URL without options."""
        return repr(self._storage)

    @property
    def redacted(self) -> bool:
        """Whether personal data was replaced when its calls were archived."""
        return self._manifest.redacted

    @property
    def session_ids(self) -> list[str]:
        """Its calls, by the time at which they were archived."""
        return [session.session_id for batch in self._contents.batches for session in batch.sessions]

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """Table ``sessions``, newest first; one row for each call, also where its session document was absent."""
        table = self.table("sessions")
        rest = [session for session in self.session_ids if session not in set(table["session_id"].dropna())]
        if rest:
            bare = pd.DataFrame({"session_id": pd.array(rest, dtype=TEXT)}).reindex(columns=table.columns)
            table = join_frames(TABLES["sessions"], [table, bare.astype(table.dtypes.to_dict())])
        return table.sort_values("started_at", ascending=False, kind="stable", na_position="last", ignore_index=True)

    @property
    def failures(self) -> pd.DataFrame:
        """
        Calls of which something could not be fetched, to be tried again.

        Columns ``session_id``, ``message``, ``attempts`` (Int64), ``first_tried``, ``last_tried``, ``next_try`` (not
        before then; missing: by the next run), and ``archived``: whether the rest of the call is here (boolean).
        """
        found = read_failures(self._storage)
        there = set(self.session_ids)
        rows = [{"session_id": session, **failure, "archived": session in there} for session, failure in found.items()]
        columns = ["session_id", "message", "attempts", "first_tried", "last_tried", "next_try", "archived"]
        frame = pd.DataFrame(rows, columns=columns)
        for name in ("first_tried", "last_tried", "next_try"):
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601", errors="coerce").astype(TIME)
        return frame.astype({"session_id": TEXT, "message": TEXT, "attempts": "Int64", "archived": "boolean"})

    # One call ---------------------------------------------------------------------------------------------------------

    def call(self, session_id: str) -> Call:
        """
        Return a call, made of its documents: the same as ``app.call(session_id)`` gave when it was archived.

        Raises
        ------
        InvalidArgumentError
            If it is not in the archive.
        ArchiveError
            If its documents are damaged.
        """
        return next(self.calls([session_id]))

    def calls(self, session_ids: Collection[str] | None = None) -> Iterator[Call]:
        """
        Give one call after another, all or those that are named, with no more than one in memory.

        Raises
        ------
        InvalidArgumentError
            If one is not in the archive.
        ArchiveError
            If documents are damaged.
        """
        wanted = self.session_ids if session_ids is None else [str(session).strip() for session in session_ids]
        for session in wanted:
            if session not in self._batch_of:
                msg = f"session {session!r} is not in the archive {self.place}: archive.sessions lists what is"
                raise InvalidArgumentError(msg)
        # The calls of one batch lie in one file, which is read once.
        for _, group in itertools.groupby(wanted, key=lambda session: self._batch_of[session].name):
            sessions = list(group)
            read = batch_documents(self._storage, self._batch_of[sessions[0]], sessions)
            yield from (Call(documents) for _, documents in read)

    @cached_property
    def _batch_of(self) -> dict[str, Batch]:
        return {session.session_id: batch for batch in self._contents.batches for session in batch.sessions}

    # Tables -----------------------------------------------------------------------------------------------------------

    def table(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        since: Day = None,
        until: Day = None,
        where: Where | None = None,
    ) -> pd.DataFrame:
        """
        Read a table, or a part of it; only the files and columns that are needed are read.

        Parameters
        ----------
        name
            Name of a table: "quality", "participants", …; also "findings", "verdicts" and "overview", as judged by the
            default profile.
        columns
            Which ones; all by default.
        since, until
            Calls that started at or after, and before; days, times or text, UTC where no zone is named.
        where
            Which rows: values by column (``{"media": "audio", "direction": ["consumer"]}``), or a condition in SQL
            (``"loss_pct > 5 and media = 'audio'"``, which needs DuckDB).

        Returns
        -------
        pandas.DataFrame
            With the dtypes that ``rtk.schema()`` lists. A column that older calls were archived without is missing
            there.

        Raises
        ------
        InvalidArgumentError
            For a table, column, time or condition that there is not.
        ArchiveError
            If a file is damaged.
        """
        from rtkit_explore.archive.parquet_files import declared_frame

        wanted = self._columns(name, columns)
        if name in JUDGED:
            frame = self._judged(name, "default")
            frame = frame[frame["session_id"].isin(self._started(since, until))] if since or until else frame
            return _selected(frame, wanted, where)
        import pyarrow as pa

        parts, sessions = self._datasets(name, since, until)
        try:
            if isinstance(where, str):
                arrow = self._by_sql(parts, name, wanted, sessions, where)
            else:
                arrow = pa.concat_tables(
                    part.dataset.to_table(
                        columns={column: part.of(column).arrow for column in wanted},
                        filter=_filter(part, sessions, where),
                    )
                    for part in parts
                )
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(name, error) from None
        return declared_frame(name, arrow, wanted)

    def _unreadable(self, name: str, error: Exception) -> ArchiveError:
        msg = (
            f"the table {name} of the archive {self.place} cannot be read ({type(error).__name__}):"
            " rtk.archive_calls(app, folder, verify=True) finds what is damaged and makes it again"
        )
        return ArchiveError(msg)

    def _columns(self, name: str, columns: Sequence[str] | None) -> list[str]:
        if name not in (*KEPT_TABLES, *JUDGED):
            msg = f"there is no table {name!r} in an archive; there are {', '.join((*KEPT_TABLES, *JUDGED))}."
            raise InvalidArgumentError(msg)
        there = [column.name for column in TABLES[name].columns]
        wanted = there if columns is None else [columns] if isinstance(columns, str) else list(columns)
        if unknown := [column for column in wanted if column not in there]:
            msg = f"{name} has no column {', '.join(map(repr, unknown))}; it has {', '.join(there)}."
            raise InvalidArgumentError(msg)
        return wanted

    def _started(self, since: Any, until: Any) -> set[str]:
        """List the calls that started in a time."""
        first, last = _moment("since", since), _moment("until", until)
        if first is not None and last is not None and last < first:
            msg = f"until= ({until}) lies before since= ({since})."
            raise InvalidArgumentError(msg)
        found = set()
        for session_id, started in self._starts.items():
            if (first is None or (started is not None and started >= first)) and (
                last is None or (started is not None and started < last)
            ):
                found.add(session_id)
        return found

    @cached_property
    def _starts(self) -> dict[str, pd.Timestamp | None]:
        listed = [session for batch in self._contents.batches for session in batch.sessions]
        return {one.session_id: None if one.started_at is None else pd.Timestamp(one.started_at) for one in listed}

    def files(self, name: str, *, since: Day = None, until: Day = None) -> list[str]:
        """
        List the files that a table is read from, as paths below the archive.

        Parameters
        ----------
        name
            Name of a table, or "documents".
        since, until
            As for :meth:`table`.
        """
        return [batch.files[name].path for batch, _ in self._touched(name, since, until)]

    def _touched(self, name: str, since: Any = None, until: Any = None) -> list[tuple[Batch, bool]]:
        """List the batches that hold rows of a table, and whether all of their calls are wanted."""
        having = [batch for batch in self._contents.batches if name in batch.files]
        if since is None and until is None:
            return [(batch, True) for batch in having]
        wanted = self._started(since, until)
        ids = [(batch, {session.session_id for session in batch.sessions}) for batch in having]
        return [(batch, here <= wanted) for batch, here in ids if here & wanted]

    def _datasets(self, name: str, since: Any = None, until: Any = None) -> tuple[list[_Part], list[str] | None]:
        """Open a table's files as Arrow datasets; say which calls are wanted where files hold others as well."""
        touched = self._touched(name, since, until)
        self._check(batch.files[name] for batch, _ in touched)
        batches = [batch for batch, _ in touched]
        # Files that leave out the same columns are one dataset; the order of the batches stays.
        alike = [(left, list(group)) for left, group in itertools.groupby(batches, lambda it: it.files[name].left_out)]
        partial = not all(whole for _, whole in touched)
        parts = [self._part(name, left_out, group) for left_out, group in alike or [({}, [])]]
        return parts, sorted(self._started(since, until)) if partial else None

    def _part(self, name: str, left_out: dict[str, str], batches: Sequence[Batch]) -> _Part:
        import pyarrow as pa
        from pyarrow import dataset as ds

        from rtkit_explore.archive.parquet_files import stored_schema

        scan = ds.ParquetFragmentScanOptions(page_checksum_verification=True, pre_buffer=True)
        dataset = ds.FileSystemDataset.from_paths(
            [self._storage.full(batch.files[name].path) for batch in batches],
            schema=stored_schema(name, left_out).append(pa.field("day", pa.string())),
            format=ds.ParquetFileFormat(default_fragment_scan_options=scan),
            filesystem=self._storage.filesystem,
            partitions=[ds.field("day") == batch.day for batch in batches],
        )
        return _Part(name, dataset, left_out)

    def _check(self, files: Any) -> None:
        """Compare local files with their checksums, each once; those of an object store are checked page by page."""
        if not self._storage.local:
            return
        for file in files:
            with self._lock:
                if file.path in self._checked:
                    continue
            sound_content(self._storage, file)
            with self._lock:
                self._checked.add(file.path)

    def _by_sql(self, parts: list[_Part], name: str, columns: list[str], sessions: list[str] | None, where: str) -> Any:
        listed = ", ".join(f'"{column}"' for column in columns)
        limit = "" if sessions is None else " AND session_id IN (SELECT unnest($ids))"
        parameters = {} if sessions is None else {"ids": sessions}
        return _query({name: parts}, f'SELECT {listed} FROM "{name}" WHERE ({where}){limit}', parameters)  # noqa: S608 - the user's own

    def parts(self, *names: str) -> Iterator[dict[str, pd.DataFrame]]:
        """
        Give the tables of a few calls after another, by name, so that memory stays bounded however many there are.

        Parameters
        ----------
        names
            Which tables; quality, participants and events by default.
        """
        for batch in self._contents.batches:
            yield batch_tables(self._storage, batch, names or PARTS)

    def map_parts(
        self,
        function: Callable[[dict[str, pd.DataFrame]], Any],
        *names: str,
        rests_on: tuple[Any, ...] | None = None,
        like: pd.DataFrame | None = None,
    ) -> Iterator[Any]:
        """
        Call a function with the tables of a few calls after another, as :meth:`parts` gives them.

        Parameters
        ----------
        function
            Takes tables by name. It runs on the active Dask client if there is one, else on threads here.
        names
            Which tables, as for :meth:`parts`.
        rests_on, like
            Where the function returns DataFrames that rest on nothing but the tables and these functions and plain
            values, they are kept beside the tables until one of these changes. ``like`` has their columns and dtypes.

        Yields
        ------
        Any
            What it returned, in the order of the parts. What it raises is raised here.
        """
        batches, chosen = self._contents.batches, names or PARTS
        key = None if rests_on is None or like is None else fingerprint(__version__, schema_version(), chosen, rests_on)
        found = {} if key is None else kept(self._storage, key[:16], [_VALUES], batches)
        made = map_batches(self._storage, [one for one in batches if one.name not in found], chosen, function)
        for batch in batches:
            if batch.name in found and like is not None:
                yield _as_like(found[batch.name][_VALUES], like)
                continue
            result = next(made)
            if key is not None:
                # An archive that can only be read is worked out all the same.
                with contextlib.suppress(ArchiveError):
                    keep(self._storage, key[:16], _VALUES, batch, _as_file(result))
            yield result

    def sql(self, query: str, *, since: Day = None, until: Day = None) -> pd.DataFrame:
        """
        Ask in SQL (DuckDB), over the Parquet files.

        Parameters
        ----------
        query
            A SELECT. Tables are those of the archive by name (quality, participants, …), findings, verdicts and
            overview as judged by the default profile; each has a column ``day`` ("2026-11-19", UTC) besides. Times are
            UTC.
        since, until
            As for :meth:`table`.

        Returns
        -------
        pandas.DataFrame
            What the query gives: texts as ``string``, times as ``datetime64[us, UTC]``.

        Raises
        ------
        InvalidArgumentError
            For a query that DuckDB does not understand; with what it says.
        MissingExtraError
            If DuckDB is not installed.

        Examples
        --------
        >>> archive.sql("select day, avg(loss_pct) from quality group by day")  # doctest: +SKIP
        """
        need("duckdb")
        from rtkit_explore.archive.parquet_files import any_frame

        words = set(re.findall(r"\w+", query.lower()))
        sources: dict[str, Any] = {}
        for name in KEPT_TABLES:
            if name in words:
                parts, sessions = self._datasets(name, since, until)
                sources[name] = parts if sessions is None else [part.only(sessions) for part in parts]
        for name in JUDGED:
            if name in words:
                sources[name] = self._judged_arrow(name, since, until)
        return any_frame(_query(sources, query, {}))

    def _judged_arrow(self, name: str, since: Any, until: Any) -> Any:
        import pyarrow as pa

        frame = self.table(name, since=since, until=until)
        days = {session.session_id: batch.day for batch in self._contents.batches for session in batch.sessions}
        plain = frame.astype(
            {one: "object" for one in frame.columns if isinstance(frame[one].dtype, pd.CategoricalDtype)}
        )
        schema = pa.schema([*_declared_schema(name), ("day", pa.string())])
        return pa.Table.from_pandas(
            plain.assign(day=frame["session_id"].map(days)), schema=schema, preserve_index=False
        )

    # Judging ----------------------------------------------------------------------------------------------------------

    def findings(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """
        Say what was wrong in all calls: table ``findings``, as ``call.findings(profile)`` gives it, call by call.

        Worked out once for each profile and kept beside the tables; calls that are archived later are added. Runs on
        the active Dask client if there is one, else on all cores here.

        Parameters
        ----------
        profile
            Name of a profile, a ``Profile``, or thresholds by rule; or rules of your own. What they found is kept as
            well, until their code changes; not where that rests on something that may change unseen, such as a module
            of yours that is imported, a file, or an object that is no plain value.
        """
        return self._judged("findings", profile)

    def verdicts(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """Judge all calls and everyone in them: table ``verdicts``; kept as for :meth:`findings`."""
        return self._judged("verdicts", profile)

    def overview(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """Put everyone of all calls side by side: table ``overview``; kept as for :meth:`findings`."""
        return self._judged("overview", profile)

    def _judged(self, name: str, profile: ProfileLike) -> pd.DataFrame:
        chosen = profile_of(profile)
        key = judgement_key(chosen)
        if key is None:
            return judged(self._storage, self._contents.batches, chosen)[name]
        if key not in self._kept:
            self._kept[key] = judged(self._storage, self._contents.batches, chosen)
        return self._kept[key][name]

    def worst(self, count: int = 20, *, profile: ProfileLike = "default") -> pd.DataFrame:
        """
        List the worst calls, to look at first.

        Parameters
        ----------
        count
            How many.
        profile
            As for :meth:`findings`.

        Returns
        -------
        pandas.DataFrame
            Worst first: ``session_id, started_at, meeting_display_name, verdict, bad, warn`` (findings, Int64),
            ``affected_s`` (seconds), ``participants`` and ``participants_bad`` (Int64), ``reason``.
        """
        return worst_calls(self.sessions, self.verdicts(profile)).head(count).reset_index(drop=True)

    def trend(self, by: str = "day", *, of: str = "calls", profile: ProfileLike = "default") -> pd.DataFrame:
        """
        Say how the share of bad calls, or of badly served participants, develops or differs.

        Parameters
        ----------
        by
            "day", "week", or a property of participants: "sdk_version", "browser", "os", "country", "asn_name"
            (network), "asn_type" and the other columns of ``clients``, "path" (relayed or not).
        of
            "calls" or "participants". By a property it is always participants.
        profile
            As for :meth:`findings`.

        Returns
        -------
        pandas.DataFrame
            Columns ``by``, ``of`` (what is counted), ``value``, ``judged`` (how many had a verdict, Int64), ``bad``,
            ``degraded`` (Int64), ``share_bad`` (0 to 1), and its 95 % interval ``low`` and ``high`` (Wilson).
            ``rtk.plot.trend`` draws it.

        Raises
        ------
        InvalidArgumentError
            For a ``by`` or ``of`` that there is not.
        """
        check_trend(by, of)
        verdicts = self.verdicts(profile)
        if by in TIMES:
            return trend_by_time(verdicts, self.sessions, by, of)
        if by == "path":
            return trend_by_property(verdicts, self.overview(profile), by)
        return trend_by_property(verdicts, self.table("clients", columns=["session_id", "peer_id", by]), by)

    def usual_range(self, *, low: float = 0.05, high: float = 0.95) -> pd.DataFrame:
        """Work out what is usual in this app: as ``rtk.usual_range``, over all archived calls."""
        table = self.overview()
        return usual_range_of([rows for _, rows in table.groupby("session_id", sort=False)], low=low, high=high)

    # Scaling out ------------------------------------------------------------------------------------------------------

    def map(
        self, function: Callable[[Call], Any], *, session_ids: Collection[str] | None = None, progress: bool = True
    ) -> Mapped:
        """
        Call a function with every call, on the active Dask client if there is one, else on threads here.

        Parameters
        ----------
        function
            Takes a Call; returns a number or text, a mapping of columns, a Series, or a DataFrame with any number of
            rows. On Dask it has to be picklable, and the archive has to be reachable from the workers.
        session_ids
            Which calls; all by default.
        progress
            False shows no bar.

        Returns
        -------
        Mapped
            ``values``: a DataFrame, ``session_id`` first, in the order of the calls, the same wherever it was worked
            out. ``problems``: table ``problems`` with a row for each call for which the function raised, or which
            could not be read.

        Examples
        --------
        >>> values, problems = archive.map(lambda call: call.quality["loss_pct"].mean())  # doctest: +SKIP
        """
        order = self.session_ids if session_ids is None else [str(session) for session in session_ids]
        if unknown := [session for session in order if session not in self._batch_of]:
            msg = f"not in the archive: {', '.join(unknown[:5])}. archive.sessions lists what is."
            raise InvalidArgumentError(msg)
        return map_calls(self._storage, [(session, self._batch_of[session]) for session in order], function, progress)

    def dask(self, name: str, *, columns: Sequence[str] | None = None) -> Any:
        """
        Give a table as a Dask DataFrame, one partition a day.

        Parameters
        ----------
        name
            Name of a table, as for :meth:`table`.
        columns
            Which ones; all by default.

        Returns
        -------
        dask.dataframe.DataFrame
            Lazy.

        Raises
        ------
        MissingExtraError
            If Dask is not installed.
        """
        wanted = self._columns(name, columns)
        if name in JUDGED:
            return dask_of_frame(self.table(name, columns=wanted))
        return dask_of_days(self._storage, self._contents.batches, name, wanted)


def _as_file(frame: pd.DataFrame) -> bytes:
    from rtkit_explore.archive.parquet_files import frame_file

    return frame_file(frame)


def _as_like(arrow: Any, like: pd.DataFrame) -> pd.DataFrame:
    from rtkit_explore.archive.parquet_files import any_frame

    return any_frame(arrow)[list(like.columns)].astype(like.dtypes.to_dict())


def _moment(name: str, given: Any) -> pd.Timestamp | None:
    if given is None:
        return None
    try:
        moment = pd.Timestamp(given)
    except (ValueError, TypeError):
        moment = pd.NaT  # type: ignore[assignment]
    if pd.isna(moment):
        msg = f"{name}= is a day or a time such as '2026-11-19' or '2026-11-19T15:00', not {given!r}."
        raise InvalidArgumentError(msg)
    return moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")


class _Part(NamedTuple):
    """Files of a table that leave out the same columns."""

    name: str
    dataset: Any
    left_out: dict[str, str]

    def of(self, column: str) -> Expression:
        """Say how a column is had from these files."""
        from rtkit_explore.archive.stored_columns import expression

        return expression(self.name, column, self.left_out)

    def only(self, sessions: list[str]) -> _Part:
        """Take the rows of some calls."""
        return self._replace(dataset=self.dataset.filter(_filter(self, sessions, None)))

    def select(self, source: str) -> str:
        """Write the SELECT that gives the table as declared, with its day."""
        columns = [f'{self.of(column).sql} AS "{column}"' for column in TABLES[self.name].index]
        return f'SELECT {", ".join(columns)}, "day" FROM "{source}"'  # noqa: S608 - names of our own


def _filter(part: _Part, sessions: list[str] | None, where: Mapping[str, Any] | None) -> Any:
    """Make the condition on rows that Arrow pushes down to the files."""
    import pyarrow as pa

    name = part.name
    found = None if sessions is None else part.of("session_id").arrow.isin(sessions)
    if where is None:
        return found
    if not isinstance(where, Mapping):
        msg = f"where= takes values by column, or a condition in SQL as a text, not {type(where).__name__}."
        raise InvalidArgumentError(msg)
    there = [column.name for column in TABLES[name].columns]
    for column, value in where.items():
        if column not in there:
            msg = f"where= names {column!r}, and {name} has no such column; it has {', '.join(there)}."
            raise InvalidArgumentError(msg)
        values = list(value) if isinstance(value, list | tuple | set | np.ndarray | pd.Series) else [value]
        try:
            one = part.of(column).arrow.isin(pa.array(values, type=_declared_schema(name).field(column).type))
        except (pa.ArrowException, TypeError, ValueError):
            msg = f"where= gives {column} a value of another type: {value!r}."
            raise InvalidArgumentError(msg) from None
        found = one if found is None else found & one
    return found


def _declared_schema(name: str) -> Any:
    from rtkit_explore.archive.parquet_files import arrow_schema

    return arrow_schema(name)


def _selected(frame: pd.DataFrame, columns: list[str], where: Where | None) -> pd.DataFrame:
    """Take columns and rows of a table that is in memory."""
    if isinstance(where, str):
        import pyarrow as pa

        plain = frame.assign(row=np.arange(len(frame)))
        categories = [one for one in frame.columns if isinstance(frame[one].dtype, pd.CategoricalDtype)]
        arrow = pa.Table.from_pandas(plain.astype(dict.fromkeys(categories, "object")), preserve_index=False)
        rows = _query({"rows": arrow}, f"SELECT row FROM rows WHERE ({where}) ORDER BY row", {})["row"].to_pylist()  # noqa: S608
        frame = frame.iloc[rows]
    elif where is not None:
        for column, value in where.items():
            if column not in frame.columns:
                msg = f"where= names {column!r}; there are {', '.join(frame.columns)}."
                raise InvalidArgumentError(msg)
            values = list(value) if isinstance(value, list | tuple | set | np.ndarray | pd.Series) else [value]
            frame = frame[frame[column].astype("object").isin(values)]
    return frame[columns].reset_index(drop=True)


def _query(sources: Mapping[str, Any], query: str, parameters: Mapping[str, Any]) -> Any:
    """Have DuckDB answer a query over Arrow tables and datasets, which reads only what it needs of them."""
    need("duckdb")
    import duckdb

    # Nothing but the tables can be reached: no other file, no network, no extension.
    closed: dict[str, Any] = {"enable_external_access": False, "python_enable_replacements": False}
    with duckdb.connect(config=closed) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, source in sources.items():
            if isinstance(source, list):
                for number, part in enumerate(source):
                    connection.register(f"{name} {number}", part.dataset)
                selects = [part.select(f"{name} {number}") for number, part in enumerate(source)]
                connection.execute(f'CREATE TEMP VIEW "{name}" AS {" UNION ALL ".join(selects)}')
            else:
                connection.register(name, source)
        try:
            answer = connection.sql(query, params=dict(parameters) or None)
            if answer is None:
                msg = "give a SELECT: an archive is not changed by SQL."
                raise InvalidArgumentError(msg)
            return answer.to_arrow_table()
        except duckdb.Error as error:
            said = " ".join(str(error).split())
            msg = f"DuckDB does not take this: {said[:300]}. Tables: {', '.join((*KEPT_TABLES, *JUDGED))}."
            raise InvalidArgumentError(msg) from None
