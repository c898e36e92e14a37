"""Sessions, participants and their lifecycle events, from documents to tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtkit_explore.table_schema.people import PARTICIPANTS, PEER_EVENTS, SESSIONS
from rtkit_explore.tables.envelope import each, listed, opened, payload
from rtkit_explore.tables.frames import from_rows
from rtkit_explore.tables.json_reader import Reader, child
from rtkit_explore.tables.problem_rows import Problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Row = dict[str, Any]
_ELSEWHERE = ("role", "session_id", "peer_events", "peer_report", "peer_stats", "quality_stats")


def session_rows(document: Any, problems: Problems) -> list[Row]:
    """Read the sessions of one document."""
    value, reader = opened(document, problems)
    data, path = payload(value, reader)
    found = listed(data, "sessions", "session", reader, path)
    if not found and isinstance(value, dict) and not isinstance(data.get("sessions"), list):
        problems.add("broken", path, "a session with nothing in it", "of the session only the id is known")
    return [_session_row(record, place, reader) for place, record in found]


def _session_row(record: Row, place: str, reader: Reader) -> Row:
    row = reader.row(SESSIONS, record, place, known=("paging",))
    if not row["session_id"]:
        row["session_id"] = None
        reader.problems.bad_value(child(place, "id"), "a session without an id", "its row has no session_id")
    return row


def participant_row(record: Row, place: str, reader: Reader, session_id: str | None) -> Row:
    """Read one participant; the session is the record's own where it names one."""
    own = reader.value(PARTICIPANTS["session_id"], record.get("session_id"), child(place, "session_id"))
    row = reader.row(PARTICIPANTS, record, place, known=_ELSEWHERE, session_id=own or session_id, report=None)
    role = reader.value(PARTICIPANTS["preset_name"], record.get("role"), child(place, "role"))
    if role is not None:
        if row["preset_name"] not in (None, role):
            reader.problems.add("conflict", child(place, "role"), "differs from preset_name", "preset_name is shown")
        row["preset_name"] = row["preset_name"] or role
    if not row["peer_id"]:
        row["peer_id"] = None
        if record:
            reader.problems.bad_value(child(place, "id"), "a participant without an id", "the row has no peer_id")
    return row


def peer_event_rows(record: Row, place: str, reader: Reader, session_id: str | None) -> list[Row]:
    """Read the lifecycle events of a participant."""
    rows = []
    owner = record["id"] if isinstance(record.get("id"), str) and record["id"] not in ("", "null") else None
    for _, where, event in reader.records(record.get("peer_events"), child(place, "peer_events")):
        fixed = {
            name: reader.value(PEER_EVENTS[name], event.get(name), child(where, name))
            for name in ("session_id", "peer_id")
        }
        fixed["session_id"] = fixed["session_id"] or session_id
        fixed["peer_id"] = fixed["peer_id"] or owner
        rows.append(reader.row(PEER_EVENTS, event, where, known=("session_id", "peer_id"), **fixed))
    return rows


def people_of(document: Any, problems: Problems, session_id: str | None = None) -> tuple[list[Row], list[Row]]:
    """Read the participants and the lifecycle events of one document: a list of them, or one (also a report)."""
    value, reader = opened(document, problems)
    data, path = payload(value, reader)
    people: list[Row] = []
    lifecycle: list[Row] = []
    for place, record in listed(data, "participants", "participant", reader, path):
        row = participant_row(record, place, reader, session_id)
        people.append(row)
        lifecycle += peer_event_rows(record, place, reader, row["session_id"])
    return people, lifecycle


def sessions(documents: Any) -> pd.DataFrame:
    """
    Make the table of sessions.

    Parameters
    ----------
    documents
        Responses of the sessions or session call (JSON text or dicts), one or a list.

    Returns
    -------
    pandas.DataFrame
        Table ``sessions``, one row a session.
    """
    problems = Problems()
    rows = [row for document in each(documents) for row in session_rows(document, problems)]
    problems.warn()
    return from_rows(SESSIONS, rows)


def participants(documents: Any, *, session_id: str | None = None) -> pd.DataFrame:
    """
    Make the table of participants.

    Parameters
    ----------
    documents
        Responses of the participants, participant or peer-report call, one or a list.
    session_id
        Session they were asked of, for records that do not say.

    Returns
    -------
    pandas.DataFrame
        Table ``participants``, one row a participant and document; ``report`` is ``not_fetched`` throughout,
        ``read`` where the document holds a report.
    """
    rows = []
    problems = Problems()
    for document in each(documents):
        value, reader = opened(document, problems)
        data, path = payload(value, reader)
        for place, record in listed(data, "participants", "participant", reader, path):
            row = participant_row(record, place, reader, session_id)
            row["report"] = "read" if isinstance(record.get("peer_report"), dict) else "not_fetched"
            rows.append(row)
    problems.warn()
    return from_rows(PARTICIPANTS, rows)


def peer_events(documents: Any, *, session_id: str | None = None) -> pd.DataFrame:
    """
    Make the table of lifecycle events.

    Parameters
    ----------
    documents
        Responses of the participants, participant or peer-report call, requested with ``include_peer_events``.
    session_id
        Session they were asked of, for records that do not say.

    Returns
    -------
    pandas.DataFrame
        Table ``peer_events``.
    """
    problems = Problems()
    rows = [row for document in each(documents) for row in people_of(document, problems, session_id)[1]]
    problems.warn()
    return from_rows(PEER_EVENTS, rows)


def sessions_from_records(records: Sequence[Any]) -> pd.DataFrame:
    """Make the table ``sessions`` of the rows of a list that has been read already."""
    reader = Reader(Problems())
    rows = [_session_row(record, place, reader) for _, place, record in reader.records(records, "$")]
    reader.problems.warn()
    return from_rows(SESSIONS, rows)


def participants_from_records(records: Sequence[Any], session_id: str | None) -> pd.DataFrame:
    """Make the table ``participants`` of the rows of a list that has been read already."""
    reader = Reader(Problems())
    rows = [participant_row(record, place, reader, session_id) for _, place, record in reader.records(records, "$")]
    reader.problems.warn()
    return from_rows(PARTICIPANTS, [{**row, "report": "not_fetched"} for row in rows])


def peer_events_from_records(records: Sequence[Any], session_id: str | None) -> pd.DataFrame:
    """Make the table ``peer_events`` of the participants of a list that has been read already."""
    reader = Reader(Problems())
    rows: list[Row] = []
    for _, place, record in reader.records(records, "$"):
        named = participant_row(record, place, reader, session_id)["session_id"]
        rows += peer_event_rows(record, place, reader, named)
    reader.problems.warn()
    return from_rows(PEER_EVENTS, rows)
