"""
Taking personal data out of a call: all its documents are rewritten, so that tables, files and reports follow.

What is replaced: names, ids given by the customer, meeting titles, device labels and ids, IP addresses (also in URLs),
SDP, chat, transcript and summary texts, session metadata, user agents, city, region and network owner, and every
text and number of unknown meaning. What stays: numbers that a table reads, times, ids of the form that
the service gives out (they lead to the call at the API), and words of this field, such as browsers, states and event
names, except where they are the names of participants of this call.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.redaction.downloads import redacted_chat, redacted_transcript
from rtkit_explore.redaction.pseudonyms import Labels, People
from rtkit_explore.redaction.redactor import KEEPABLE, Rewriter, said
from rtkit_explore.redaction.rules import participants_tree, session_tree
from rtkit_explore.redaction.samples import redacted_series, series_node
from rtkit_explore.store import saved_calls as layout
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.tables.decoding import split_report
from rtkit_explore.tables.json_reader import decode
from rtkit_explore.tables.problem_rows import Problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Record = dict[str, Any]
_SOURCES = ("session", "participants", "paging", "peer-report", "chat", "transcript", "summary")
_LEFT_OUT = "the document could not be read, so redaction left it out"
_MISSING = "the API has none"
_FAILED = "could not be fetched or opened (details are left out by redaction)"


def redacted_documents(
    documents: CallDocuments, *, keep: Collection[str] = (), salt: str | None = None
) -> CallDocuments:
    """
    Rewrite the documents of a call without personal data.

    Parameters
    ----------
    documents
        The documents; they are not changed.
    keep
        What stays as it is all the same: "names", "title", "device_labels", "location" (city, region, network
        owner), "user_agent" or "numbers" (of unknown keys); IP addresses and URLs in them are removed nevertheless.
    salt
        If given, pseudonyms of people come from a keyed hash, so that they are the same in all calls that are
        redacted with that salt; if None they are numbered within the call.

    Returns
    -------
    CallDocuments
        New documents. One that cannot be read is left out, and is a failure.

    Raises
    ------
    InvalidArgumentError
        If ``keep`` is not one of those, or the salt is empty.
    """
    if salt is not None and not isinstance(salt, str):
        msg = f"salt= is a text that nobody can guess, or None, not something of type {type(salt).__name__}."
        raise InvalidArgumentError(msg)
    if salt is not None and not salt:
        msg = "An empty salt keeps nothing secret: give a text that nobody can guess, or None."
        raise InvalidArgumentError(msg)
    kept = frozenset((keep,) if isinstance(keep, str) else keep)
    wrong = sorted(kept - set(KEEPABLE))
    if wrong:
        msg = f"keep takes {', '.join(KEEPABLE)}, not {', '.join(map(repr, wrong))}."
        raise InvalidArgumentError(msg)
    return _Redaction(documents, kept, salt).run()


class _Redaction:
    def __init__(self, documents: CallDocuments, keep: frozenset[str], salt: str | None) -> None:
        self.given = documents
        self.people = People(salt=salt)
        self.rewriter = Rewriter(self.people, Labels(), keep=keep)
        self.made = CallDocuments(transcript_format=documents.transcript_format, redacted=True)

    def run(self) -> CallDocuments:
        given, made, rewriter = self.given, self.made, self.rewriter
        session, odd_session = self._decoded("session", given.session)
        participants, odd_people = self._decoded("participants", given.participants)
        self._meet(session, participants)
        for failure in given.failures:
            peer = None if failure.peer_id is None else rewriter.id(failure.peer_id)
            source = failure.source if failure.source in _SOURCES else "document"
            words = _LEFT_OUT if failure.message == _LEFT_OUT else _MISSING if failure.missing else _FAILED
            made.failures.append(Failure(source, words, peer_id=peer, missing=failure.missing))
        if given.session_id is not None:
            made.session_id = rewriter.id(given.session_id)
        if session is not None:
            made.session = self._rewritten("session", session, odd=odd_session)
        if participants is not None:
            made.participants = self._rewritten("participants", participants, odd=odd_people)
        for peer in given.reports:
            content = self._report(peer)
            if content is not None:
                made.reports[rewriter.id(peer)] = content
        self._words()
        made.names = self._names()
        return made

    # Who and what there is ------------------------------------------------------------------------------------------

    def _meet(self, session: Any, participants: Any) -> None:
        """Collect all people and devices first, so that each has the same pseudonym in every document."""
        records = list(_people(participants))
        ids = _texts([self.given.session_id, *_session_ids(session)])
        devices = []
        for peer, body in self.given.reports.items():
            # A report is split again when it is rewritten: its lists of samples are views of its bytes, and those of
            # all reports at once would be ten times as large as what a large call keeps compressed.
            rest, _ = _decode(split_report(body).rest)
            found = list(_people(rest))
            records += [{**record, "id": peer} for record in found]
            ids |= _texts(record.get("id") for record in found)
            devices.append(rest)
        for record in records:
            user, custom, name = (record.get(key) for key in ("user_id", "custom_participant_id", "display_name"))
            self.people.add(
                peer=_text(record.get("id")),
                user=_text(user),
                custom=_text(custom),
                name=_text(name),
                joined=_seconds(record.get("joined_at")),
            )
            ids |= _texts((record.get("id"), record.get("session_id")))
        self.people.settle()
        self.rewriter.trust(ids)
        for rest in devices:
            self.rewriter.meet_devices(rest, participants_tree())

    # One document after the other -----------------------------------------------------------------------------------

    def _decoded(self, key: str, body: bytes | None) -> tuple[Any, bool]:
        if body is None:
            return None, False
        value, odd = _decode(body)
        if not isinstance(value, dict):
            self._leave_out(key)
            return None, False
        return value, odd

    def _leave_out(self, source: str, peer: str | None = None) -> None:
        self.made.failures.append(Failure(source, _LEFT_OUT, peer_id=peer))

    def _rewritten(self, source: str, value: Record, *, odd: bool) -> bytes | None:
        tree = session_tree() if source == "session" else participants_tree()
        try:
            return _encode(self.rewriter.value(value, tree), odd=odd)
        except RecursionError:
            self._leave_out(source)
            return None

    def _report(self, peer: str) -> bytes | None:
        split = split_report(self.given.reports[peer])
        rest, odd = _decode(split.rest)
        made = None
        if isinstance(rest, dict):
            try:
                self.rewriter.peer = peer
                made = self._report_of(rest, split.series, odd=odd)
            except (RecursionError, KeyError, TypeError, AttributeError):
                made = None  # so malformed that its samples cannot be put back
            finally:
                self.rewriter.peer = None
        if made is None:
            self._leave_out("peer-report", self.rewriter.id(peer))
        return made

    def _report_of(self, rest: Record, series: dict[str, msgspec.Raw], *, odd: bool) -> bytes | None:
        """Rewrite a report; its lists of samples, most of it, on the fast path if they have the usual form."""
        made = self.rewriter.value(rest, participants_tree())
        if series:
            quality = _quality(made)
            for name, raw in series.items():
                plain = None if odd else redacted_series(name, raw, self.rewriter)
                if plain is None:
                    items, odd_items = _decode(raw)
                    if items is None:
                        return None
                    odd |= odd_items
                    plain = self.rewriter.value(items, series_node(name))
                quality[name] = plain
        return _encode(made, odd=odd)

    def _words(self) -> None:
        given, made = self.given, self.made
        if given.chat is not None:
            made.chat = redacted_chat(given.chat, self.rewriter)
            if made.chat is None:
                self._leave_out("chat")
        if given.transcript is not None:
            made.transcript = redacted_transcript(given.transcript, given.transcript_format, self.rewriter)
            if made.transcript is None:
                self._leave_out("transcript")
        if given.summary is not None:
            made.summary = said(given.summary)

    def _names(self) -> dict[str, str]:
        """Call the documents what a saved call calls them: the names of the user's own files may say anything."""
        names = {"session": layout.SESSION, "participants": layout.PARTICIPANTS, "chat": layout.CHAT}
        names |= {"transcript": layout.TRANSCRIPTS[self.made.transcript_format], "summary": layout.SUMMARY}
        kept = {key: name for key, name in names.items() if getattr(self.made, key) is not None}
        return kept | {peer: layout.report_name(peer) for peer in self.made.reports}


def _decode(body: bytes | msgspec.Raw) -> tuple[Any, bool]:
    """Decode JSON text; also whether it may have what some encoders write and JSON does not have (NaN, say)."""
    try:
        return msgspec.json.decode(body), False
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # As the tables read it, so that a byte that is no text costs a redacted call no more than any other.
    return decode(bytes(body), Problems()), True


def _encode(value: Any, *, odd: bool) -> bytes:
    if not odd:
        return msgspec.json.encode(value)
    return json.dumps(value, default=msgspec.json.decode).encode("ascii")


def _quality(report: Record) -> Record:
    data = report.get("data") or report
    holder = data.get("participant") or data
    quality: Record = holder["peer_report"]["quality"]
    return quality


def _people(document: Any) -> Iterator[Record]:
    """Find the records of participants in a response, whatever its envelope."""
    if not isinstance(document, dict):
        return
    data = document.get("data", document)
    if not isinstance(data, dict):
        return
    if isinstance(data.get("participants"), list):
        yield from (record for record in data["participants"] if isinstance(record, dict))
    elif isinstance(data.get("participant"), dict):
        yield data["participant"]
    elif "id" in data:
        yield data


def _session_ids(document: Any) -> Iterator[Any]:
    data = document.get("data", document) if isinstance(document, dict) else {}
    if isinstance(data, dict):
        inner = data.get("session")
        for record in (data, inner if isinstance(inner, dict) else {}):
            yield from (record.get(key) for key in ("id", "associated_id", "organization_id"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in ("", "null") else None


def _texts(values: Any) -> set[str]:
    return {value for value in values if isinstance(value, str) and value}


def _seconds(value: Any) -> float:
    """Return when somebody joined, as a sort key; unknown times come last."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return float("inf")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
