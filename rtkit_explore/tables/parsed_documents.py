"""A call's documents as rows, each read when it is first asked for: listings, reports, samples, chat, transcript."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rtkit_explore.api.progress import Progress
from rtkit_explore.store.report_bytes import bytes_of
from rtkit_explore.tables.decoding import SplitReport, split_report
from rtkit_explore.tables.download_rows import chat_rows, check_summary, transcript_rows
from rtkit_explore.tables.peer_report import PeerReport, read_samples
from rtkit_explore.tables.people_rows import people_of, session_rows
from rtkit_explore.tables.problem_rows import Problem, Problems
from rtkit_explore.tables.sample_rows import SampleRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from rtkit_explore.store.documents import CallDocuments, Failure

Row = dict[str, Any]

_LARGE = 200e6
"""Bytes of reports from which on memory counts: about half a million samples."""
_AT_ONCE = 64e6
"""Bytes of reports of a large call that are turned into intervals at a time."""


@dataclass
class Listings:
    """What the session's own documents say: the session and the list of participants."""

    sessions: list[Row] = field(default_factory=list)
    participants: list[Row] = field(default_factory=list)
    peer_events: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class ReportMetadata:
    """Everything but the samples of all peer reports: rows by table, and the person of each by peer id."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    persons: dict[str, Row] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class ReportMedia:
    """The samples of all peer reports."""

    samples: pd.DataFrame
    problems: list[Problem]


@dataclass
class Everyone:
    """The participants, from the list and from the reports together."""

    participants: list[Row]
    problems: list[Problem]


@dataclass
class Downloads:
    """What was said: chat and transcript."""

    chat: list[Row] = field(default_factory=list)
    transcript: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class ParsedDocuments:
    """
    The documents of a call, read when they are first asked for.

    Parameters
    ----------
    documents
        The documents, which stay as they are.
    """

    def __init__(self, documents: CallDocuments) -> None:
        self.documents = documents
        self._split_once: dict[str, SplitReport] = {}

    @cached_property
    def session_id(self) -> str | None:
        """The session, from whichever document names it."""
        named = (row.get("session_id") for row in (*self.listings.sessions, *self.everyone.participants))
        return next((str(session) for session in named if session), self.documents.session_id)

    def _listed_session(self, sessions: list[Row]) -> str | None:
        """Return the session that its own document names, else the one that was asked for."""
        return next((row["session_id"] for row in sessions if row.get("session_id")), self.documents.session_id)

    @cached_property
    def problems(self) -> list[Problem]:
        """All that could not be fetched or read; reads every document."""
        fetched = [self._fetch_problem(failure) for failure in self.documents.failures]
        parts = (self.listings, self.metadata, self.everyone)
        found = [problem for part in parts for problem in part.problems]
        return [*fetched, *found, *self.sample_problems, *self.downloads.problems]

    @cached_property
    def size(self) -> int:
        """Bytes of all reports."""
        return bytes_of(self.documents.reports)

    @property
    def large(self) -> bool:
        """Whether there are so many samples that memory counts."""
        return self.size > _LARGE

    @cached_property
    def sample_problems(self) -> list[Problem]:
        """What was wrong with the samples; of a large call the samples themselves are not kept for that."""
        if "media" in self.__dict__ or not self.large:
            return self.media.problems
        with Progress("reading reports", total=len(self.documents.reports)) as bar:
            problems: list[Problem] = []
            for body, known in self.reports():
                problems += read_samples(body, SampleRows(), **known)
                bar.advance()
        return problems

    @cached_property
    def listings(self) -> Listings:
        """What the session and the list of participants say."""
        documents, found = self.documents, Listings()
        if documents.session is not None:
            problems = Problems(documents.names.get("session", "session"), session_id=documents.session_id)
            found.sessions = session_rows(documents.session, problems)
            found.problems += problems.rows()
        session_id = self._listed_session(found.sessions)
        if documents.participants is not None:
            problems = Problems(documents.names.get("participants", "participants"), session_id=session_id)
            found.participants, found.peer_events = people_of(documents.participants, problems, session_id)
            found.problems += problems.rows()
        return found

    def reports(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield each report with what is known of it from outside; whoever opens one drops it before the next."""
        session_id = self._listed_session(self.listings.sessions)
        for peer, body in self.documents.reports.items():
            name = self.documents.names.get(peer, f"peer-report {peer}")
            split = self._split(peer, body)
            yield body, {"peer_id": peer, "session_id": session_id, "source": name, "split": split}

    def _split(self, peer: str, body: bytes) -> SplitReport:
        """Split a report once for two readers, its samples' and all else's; those of a large call are not held."""
        if self.large:
            return split_report(body)
        split = self._split_once.pop(peer, None)
        if split is None:
            split = self._split_once[peer] = split_report(body)
        return split

    @cached_property
    def metadata(self) -> ReportMetadata:
        """Everything in the reports that needs no samples."""
        found = ReportMetadata()
        for body, known in self.reports():
            report = PeerReport(body, **known)
            for table, more in report.parts.rows.items():
                found.rows.setdefault(table, []).extend(more)
            state = "read" if report.has_report else "missing" if report.readable else "failed"
            found.persons[report.peer_id] = {**report.parts.person, "report": state}
            if report.readable and not report.has_report:
                report.problems.add(
                    "missing", "$", "the document holds no peer report", "nothing is known of this participant's media"
                )
            found.problems += report.problems.rows()
        return found

    @cached_property
    def media(self) -> ReportMedia:
        """The samples, and what was wrong with them."""
        collected = SampleRows()
        problems: list[Problem] = []
        with Progress("reading reports", total=len(self.documents.reports), show=self.large) as bar:
            for body, known in self.reports():
                problems += read_samples(body, collected, **known)
                bar.advance()
        return ReportMedia(collected.finish(), problems)

    def samples_in_parts(self) -> Iterator[pd.DataFrame]:
        """Yield the samples of a few reports at a time, in their order; nothing is kept but what was wrong."""
        collected, problems, gathered = SampleRows(), [], 0
        with Progress("reading reports", total=len(self.documents.reports)) as bar:
            for body, known in self.reports():
                problems += read_samples(body, collected, **known)
                gathered += len(body)
                bar.advance()
                if gathered >= _AT_ONCE:
                    yield collected.finish()
                    collected, gathered = SampleRows(), 0
        yield collected.finish()
        self.__dict__.setdefault("sample_problems", problems)

    @cached_property
    def everyone(self) -> Everyone:
        """Everyone, the list first; a report fills what the list leaves open and may not contradict it."""
        persons, conflicts = self.metadata.persons, []
        states = {
            failure.peer_id: "missing" if failure.missing else "failed"
            for failure in self.documents.failures
            if failure.peer_id
        }
        merged: dict[Any, Row] = {}
        for number, row in enumerate(self.listings.participants):
            known = row["peer_id"] or number  # those without an id might be anybody: a row each
            if merged.get(known, row) != row:
                conflicts.append(self._listed_twice(row))
            merged.setdefault(known, {**row})
        for peer, person in persons.items():
            row = merged.setdefault(peer, {"peer_id": peer})
            for name, value in person.items():
                if row.get(name) is None:
                    row[name] = value
                elif value is not None and name not in ("report", "updated_at", "peer_id") and row[name] != value:
                    conflicts.append(self._conflict(peer, name, row))
        for known, row in merged.items():
            row["report"] = (persons.get(known or "") or {}).get("report") or states.get(known, "not_fetched")
        return Everyone(list(merged.values()), conflicts)

    def _listed_twice(self, row: Row) -> Problem:
        return Problem(
            "conflict",
            "a participant's id that the list has more than once",
            "the first is shown",
            "$.data.participants[]",
            self.documents.names.get("participants", "participants"),
            row.get("session_id"),
            row["peer_id"],
        )

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
    def downloads(self) -> Downloads:
        """Rows of the chat and the transcript."""
        documents, session_id, found = self.documents, self.session_id, Downloads()
        if documents.chat is not None:
            problems = Problems(documents.names.get("chat", "chat"), session_id=session_id)
            found.chat = chat_rows(documents.chat, problems, session_id)
            found.problems += problems.rows()
        if documents.transcript is not None:
            problems = Problems(documents.names.get("transcript", "transcript"), session_id=session_id)
            found.transcript = transcript_rows(documents.transcript, documents.transcript_format, problems, session_id)
            found.problems += problems.rows()
        if documents.summary is not None:
            problems = Problems(documents.names.get("summary", "summary"), session_id=session_id)
            check_summary(documents.summary, problems)
            found.problems += problems.rows()
        return found

    def _fetch_problem(self, failure: Failure) -> Problem:
        if failure.source == "peer-report":
            meaning = "nothing is known of this participant's media; that is not the same as fine"
        elif failure.source == "paging":
            meaning = "rows may be missing"
        else:
            meaning = "its tables are empty"
        kind = "missing" if failure.missing else "paging" if failure.source == "paging" else "fetch"
        peer = None if failure.peer_id is None else _writable(failure.peer_id)
        return Problem(kind, _writable(failure.message), meaning, "$", failure.source, self.session_id, peer)


def _writable(text: str) -> str:
    """Replace halves of surrogate pairs, which no file could hold, as reading a document does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
