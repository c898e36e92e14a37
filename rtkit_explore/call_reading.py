"""What the documents of a call hold, read once: rows of the tables, and what was wrong with them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from rtkit_explore.tables.download_rows import chat_rows, transcript_rows
from rtkit_explore.tables.peer_report import PeerReport, read_samples
from rtkit_explore.tables.people_rows import people_of, session_rows
from rtkit_explore.tables.problem_rows import Problem, Problems
from rtkit_explore.tables.sample_rows import SampleRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from rtkit_explore.store.documents import CallDocuments, Failure

Row = dict[str, Any]


class CallReading:
    """
    The documents of a call, read when they are first asked for.

    Parameters
    ----------
    documents
        The documents, which stay as they are.
    """

    def __init__(self, documents: CallDocuments) -> None:
        self.documents = documents

    @cached_property
    def session_id(self) -> str | None:
        """The session, from whichever document names it."""
        named = (row.get("session_id") for row in (*self.people[0], *self.merged[0]))
        return next((str(session) for session in named if session), self.documents.session_id)

    def _listed_session(self, sessions: list[Row]) -> str | None:
        """Return the session that its own document names, else the one that was asked for."""
        return next((row["session_id"] for row in sessions if row.get("session_id")), self.documents.session_id)

    @cached_property
    def problems(self) -> list[Problem]:
        """All that could not be fetched or read; reads every document."""
        fetched = [self._fetch_problem(failure) for failure in self.documents.failures]
        return [*fetched, *self.people[3], *self.metadata[2], *self.merged[1], *self.media[1], *self.said[2]]

    @cached_property
    def people(self) -> tuple[list[Row], list[Row], list[Row], list[Problem]]:
        """Sessions, participants and lifecycle events of the two lists, and what was wrong with them."""
        documents = self.documents
        found: list[Problem] = []
        sessions: list[Row] = []
        people: list[Row] = []
        lifecycle: list[Row] = []
        if documents.session is not None:
            problems = Problems(documents.names.get("session", "session"), session_id=documents.session_id)
            sessions = session_rows(documents.session, problems)
            found += problems.rows()
        session_id = self._listed_session(sessions)
        if documents.participants is not None:
            problems = Problems(documents.names.get("participants", "participants"), session_id=session_id)
            people, lifecycle = people_of(documents.participants, problems, session_id)
            found += problems.rows()
        return sessions, people, lifecycle, found

    def reports(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield each report with what is known of it from outside; whoever opens one drops it before the next."""
        session_id = self._listed_session(self.people[0])
        for peer, body in self.documents.reports.items():
            name = self.documents.names.get(peer, f"peer-report {peer}")
            yield body, {"peer_id": peer, "session_id": session_id, "source": name}

    @cached_property
    def metadata(self) -> tuple[dict[str, list[Row]], dict[str, Row], list[Problem]]:
        """Rows of every table that needs no samples, the person of each report, and what was wrong."""
        rows: dict[str, list[Row]] = {}
        persons: dict[str, Row] = {}
        found: list[Problem] = []
        for body, known in self.reports():
            report = PeerReport(body, **known)
            for table, more in report.parts.rows.items():
                rows.setdefault(table, []).extend(more)
            state = "read" if report.has_report else "missing" if report.readable else "failed"
            persons[report.peer_id] = {**report.parts.person, "report": state}
            if report.readable and not report.has_report:
                report.problems.add(
                    "missing", "$", "the document holds no peer report", "nothing is known of this participant's media"
                )
            found += report.problems.rows()
        return rows, persons, found

    @cached_property
    def media(self) -> tuple[pd.DataFrame, list[Problem]]:
        """The table of samples, and what was wrong with them."""
        collected = SampleRows()
        found: list[Problem] = []
        for body, known in self.reports():
            found += read_samples(body, collected, **known)
        return collected.finish(), found

    @cached_property
    def merged(self) -> tuple[list[Row], list[Problem]]:
        """Everyone, the list first; a report fills what the list leaves open and may not contradict it."""
        persons, conflicts = self.metadata[1], []
        states = {
            failure.peer_id: "missing" if failure.missing else "failed"
            for failure in self.documents.failures
            if failure.peer_id
        }
        merged: dict[Any, Row] = {}
        for number, row in enumerate(self.people[1]):
            merged.setdefault(row["peer_id"] or number, {**row})  # nobody knows who of those without an id are one
        for peer, person in persons.items():
            row = merged.setdefault(peer, {"peer_id": peer})
            for name, value in person.items():
                if row.get(name) is None:
                    row[name] = value
                elif value is not None and name not in ("report", "updated_at", "peer_id") and row[name] != value:
                    conflicts.append(self._conflict(peer, name, row))
        for known, row in merged.items():
            row["report"] = (persons.get(known or "") or {}).get("report") or states.get(known, "not_fetched")
        return list(merged.values()), conflicts

    def _conflict(self, peer: str, name: str, row: Row) -> Problem:
        return Problem(
            "conflict",
            f"{name} differs from the list of participants",
            "the list's value is shown",
            f"$.data.participant.{name}",
            self.documents.names.get(peer, f"peer-report {peer}"),
            row.get("session_id"),
            peer,
        )

    @cached_property
    def said(self) -> tuple[list[Row], list[Row], list[Problem]]:
        """Rows of the chat and the transcript, and what was wrong with them."""
        documents, session_id = self.documents, self.session_id
        chat: list[Row] = []
        spoken: list[Row] = []
        found: list[Problem] = []
        if documents.chat is not None:
            problems = Problems(documents.names.get("chat", "chat"), session_id=session_id)
            chat = chat_rows(documents.chat, problems, session_id)
            found += problems.rows()
        if documents.transcript is not None:
            problems = Problems(documents.names.get("transcript", "transcript"), session_id=session_id)
            spoken = transcript_rows(documents.transcript, documents.transcript_format, problems, session_id)
            found += problems.rows()
        return chat, spoken, found

    def _fetch_problem(self, failure: Failure) -> Problem:
        if failure.source == "peer-report":
            meaning = "nothing is known of this participant's media; that is not the same as fine"
        elif failure.source == "paging":
            meaning = "rows may be missing"
        else:
            meaning = "its tables are empty"
        kind = "missing" if failure.missing else "paging" if failure.source == "paging" else "fetch"
        return Problem(kind, failure.message, meaning, "$", failure.source, self.session_id, failure.peer_id)
