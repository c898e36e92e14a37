"""The documents of one call, as the API sent them: what a Call is built from and what a saved call holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtkit_explore.store.report_bytes import ReportBytes

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from rtkit_explore.api.query_params import TranscriptFormat


@dataclass(frozen=True)
class Failure:
    """
    A document that could not be fetched or opened.

    Attributes
    ----------
    source
        Which document: "session", "participants", "peer-report", "chat", "transcript", "summary".
    peer_id
        Whose report it was, else None.
    message
        What happened, without secrets.
    missing
        True if the API responded that there is none (404), False if fetching failed.
    answered
        True if the API responded with something that is no such document: asking again soon gives the same.
    """

    source: str
    message: str
    peer_id: str | None = None
    missing: bool = False
    answered: bool = False


@dataclass
class CallDocuments:
    """
    Everything known of one call, undecoded.

    Attributes
    ----------
    session
        Response of the session call, as JSON bytes.
    participants
        Response of the participants call (all pages joined into one), as JSON bytes.
    reports
        Peer id to the response of the peer-report call, as JSON bytes; a large call's are kept compressed.
    failures
        What could not be fetched or opened.
    chat
        The downloaded chat, CSV bytes.
    transcript, transcript_format
        The downloaded transcript and its form.
    summary
        The downloaded summary text.
    session_id
        The session that was asked for, where known from outside of the documents.
    names
        Document to the name it is called by in ``problems``: keys are "session", "participants", "chat",
        "transcript", "summary" and peer ids; a document without an entry is called by its key.
    redacted
        Whether personal data was taken out: a save of it leaves no other document in its folder.
    """

    session: bytes | None = None
    participants: bytes | None = None
    reports: MutableMapping[str, bytes] = field(default_factory=ReportBytes)
    failures: list[Failure] = field(default_factory=list)
    chat: bytes | None = None
    transcript: bytes | None = None
    transcript_format: TranscriptFormat = "CSV"
    summary: str | None = None
    session_id: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    redacted: bool = False

    def __repr__(self) -> str:
        """Name what is there, never its content."""
        kept = [name for name in ("session", "participants", "chat", "transcript", "summary") if getattr(self, name)]
        return f"CallDocuments({', '.join(kept)}; {len(self.reports)} peer reports, {len(self.failures)} failures)"
