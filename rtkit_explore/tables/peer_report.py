"""One peer report, from its document to the rows of every table."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.decoding import SplitReport, decode_whole, split_report
from rtkit_explore.tables.envelope import Document, each, payload
from rtkit_explore.tables.frames import from_rows
from rtkit_explore.tables.json_reader import Reader, child, decode
from rtkit_explore.tables.problem_rows import Problem, Problems, problems_frame
from rtkit_explore.tables.report_rows import ReportRows
from rtkit_explore.tables.sample_rows import SampleRows, check_doubled_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


class PeerReport:
    """
    A peer report, opened: everything but the samples is decoded, the samples wait as text.

    Parameters
    ----------
    document
        JSON text or a dict.
    peer_id
        The participant it was requested for; the document's own id if None.
    session_id
        Session it was requested for, if the document does not say.
    source
        What to call it in ``problems``.
    split
        The same document, where it has been split already.
    """

    def __init__(
        self,
        document: Document,
        *,
        peer_id: str | None = None,
        session_id: str | None = None,
        source: str = "",
        split: SplitReport | None = None,
    ) -> None:
        self.problems = Problems(source, session_id=session_id, peer_id=peer_id)
        body = document if isinstance(document, bytes) else _encode(document)
        if split is None:
            split = split_report(body) if body is not None else SplitReport(b"")
        self._series = split.series
        value = decode(split.rest, self.problems) if body is not None else document
        reader = Reader(self.problems)
        self.readable = isinstance(value, dict)
        data, path = payload(value, reader) if value is not None else ({}, "$")
        if "participant" in data:
            reader.unknown(data, ("participant",), path)
            path = child(path, "participant")
            data = reader.mapping(data["participant"], path)
        self.has_report = isinstance(data.get("peer_report"), dict)
        own = data.get("id")
        self.own_id = own if isinstance(own, str) and own not in ("", "null") else None
        self.peer_id = peer_id or self.own_id or ""
        if peer_id and self.own_id and self.own_id != peer_id:
            self.problems.add(
                "conflict", child(path, "id"), "the id of another peer than was asked for", "the id asked for is shown"
            )
        named = data.get("session_id")
        self.session_id = named if isinstance(named, str) and named not in ("", "null") else session_id
        self.problems.session_id, self.problems.peer_id = self.session_id, self.peer_id or None
        self._participant = (data, path)
        report = data.get("peer_report")
        quality = report.get("quality") if isinstance(report, dict) else None
        self._quality: dict[str, Any] = quality if isinstance(quality, dict) else {}
        self._path = child(child(path, "peer_report"), "quality")

    @cached_property
    def parts(self) -> ReportRows:
        """The rows of every table but the samples."""
        data, path = self._participant
        return ReportRows(data, path, self.problems, peer_id=self.peer_id, session_id=self.session_id)

    def all_problems(self, rows: SampleRows) -> list[Problem]:
        """Read everything; returns what was wrong, the samples' going into a collector."""
        _ = self.parts
        return self.problems.rows() + self.samples_into(rows)

    def samples_into(self, rows: SampleRows) -> list[Problem]:
        """Decode the samples into a collector; returns the problems that were met on the way."""
        problems = Problems(self.problems.source, session_id=self.session_id, peer_id=self.peer_id or None)
        rows.add(
            self._series, self._quality, self._path, problems, session_id=self.session_id, peer_id=self.peer_id or None
        )
        return problems.rows()


def read_samples(
    document: Document,
    rows: SampleRows,
    *,
    peer_id: str | None = None,
    session_id: str | None = None,
    source: str = "",
    thorough: bool = True,
    split: SplitReport | None = None,
) -> list[Problem]:
    """
    Decode the samples of a report into a collector, in one pass where it can be; returns what was wrong.

    ``thorough=False`` does not look for duplicate keys, for callers that do not need the problems; ``split`` is the
    same document, where it has been split already.
    """
    whole = decode_whole(document) if isinstance(document, bytes) else None
    own = whole.peer_id if whole is not None else None
    if whole is None or not (peer_id or (isinstance(own, str) and own not in ("", "null"))):
        report = PeerReport(document, peer_id=peer_id, session_id=session_id, source=source, split=split)
        if not thorough:
            report.problems.warn(kinds=("broken",))
        return report.samples_into(rows)
    named = whole.session_id
    session = named if isinstance(named, str) and named not in ("", "null") else session_id
    peer = peer_id or str(own)
    problems = Problems(source, session_id=session, peer_id=peer)
    if thorough and isinstance(document, bytes):
        check_doubled_keys((split or split_report(document)).series, whole.series, _QUALITY_PATH, problems)
    rows.add_decoded(whole.series, _QUALITY_PATH, problems, session_id=session, peer_id=peer)
    return problems.rows()


_QUALITY_PATH = "$.data.participant.peer_report.quality"


def _encode(document: Document) -> bytes | None:
    if isinstance(document, str):
        return document.encode("utf-8", "surrogatepass")
    try:
        return msgspec.json.encode(document)
    except (TypeError, ValueError, msgspec.MsgspecError, OverflowError, UnicodeEncodeError, RecursionError):
        pass
    try:
        return json.dumps(document).encode()  # lone surrogates, and numbers that JSON does not have
    except (TypeError, ValueError, RecursionError):
        return None


def _of_reports(name: str) -> Callable[..., pd.DataFrame]:
    table = TABLES[name]

    def build(documents: Any) -> pd.DataFrame:
        rows: list[dict[str, Any]] = []
        for document in each(documents):
            report = PeerReport(document)
            report.problems.warn(kinds=("broken",))  # the rest stands in ``problems``
            rows += report.parts.rows.get(name, ())
        return from_rows(table, rows)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""
    Make the table ``{name}``: one row per {table.row}.

    Parameters
    ----------
    documents
        Answers of the peer-report call (JSON text or dicts), one or a list.

    Returns
    -------
    pandas.DataFrame
        Table ``{name}``; ``rtk.schema()`` lists its columns.
    """
    return build


clients = _of_reports("clients")
device_changes = _of_reports("device_changes")
connection_checks = _of_reports("connection_checks")
sdp = _of_reports("sdp")
candidate_pairs = _of_reports("candidate_pairs")
events = _of_reports("events")
cumulative = _of_reports("cumulative")


def samples(documents: Any) -> pd.DataFrame:
    """
    Make the table ``samples``: one row per sample of a stream, as reported, all eight series in one.

    Parameters
    ----------
    documents
        Responses of the peer-report call (JSON text or dicts), one or a list.

    Returns
    -------
    pandas.DataFrame
        Table ``samples``, sorted by report, media, direction, stream, SSRC and time; counters are raw.
    """
    rows = SampleRows()
    for document in each(documents):
        read_samples(document, rows, thorough=False)
    return rows.finish()


def problems(documents: Any) -> pd.DataFrame:
    """
    Make the table ``problems`` of peer reports: what in them could not be read, and unknown keys.

    Parameters
    ----------
    documents
        Responses of the peer-report call, one or a list.

    Returns
    -------
    pandas.DataFrame
        Table ``problems``.
    """
    found: list[Problem] = []
    for document in each(documents):
        report = PeerReport(document)
        found += report.all_problems(SampleRows())
    return problems_frame(found)
