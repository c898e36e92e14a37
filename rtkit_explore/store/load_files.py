"""Peer reports from files, without a client: paths, patterns or folders to the documents of one call."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rtkit_explore.errors import InvalidArgumentError, NotADocumentError, SavedCallError
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.store import saved_calls as layout
from rtkit_explore.store.documents import CallDocuments, Failure

Source = str | os.PathLike[str]


def load_documents(sources: Iterable[Source | Iterable[Source]]) -> CallDocuments:
    """
    Read peer-report documents.

    Parameters
    ----------
    sources
        Paths, patterns such as ``"reports/*.json"``, folders (their ``peer-report-*.json``), or lists of these.
        A saved list of participants or session among them is used as well.

    Returns
    -------
    CallDocuments
        Of one call; a file that is not a document is a failure if there are others.

    Raises
    ------
    SavedCallError
        If nothing is there, or it cannot be read.
    NotADocumentError
        If no file is a peer report, or they are of different sessions, or two are of the same peer.
    """
    paths = list(dict.fromkeys(path for source in sources for path in _paths(source)))
    if not paths:
        msg = "no file was named: give the paths of peer reports, as in load('peer-report.json')"
        raise SavedCallError(msg)
    documents = CallDocuments()
    sessions: dict[str, Path] = {}
    origins: dict[str, Path] = {}
    for path in paths:
        _take(path, documents, sessions, origins)
    if not documents.reports:
        first = documents.failures[0].message if documents.failures else f"{paths[0].name} is none"
        msg = (
            f"no peer report among {len(paths)} file(s): {first}. A report is the answer of …/sessions/peer-report/<id>"
        )
        raise NotADocumentError(msg)
    if len(sessions) > 1:
        named = ", ".join(f"{path.name} is of {session}" for session, path in list(sessions.items())[:3])
        msg = f"these reports belong to {len(sessions)} sessions ({named}): load the reports of one session at a time"
        raise NotADocumentError(msg)
    documents.session_id = next(iter(sessions), None)
    return documents


def _paths(source: Source | Iterable[Source]) -> list[Path]:
    if isinstance(source, str | os.PathLike):
        path = user_path(source, "a peer report's path")
        if path.is_dir():
            found = list(layout.report_files(path).values()) or sorted(path.glob("*.json"))
            if not found:
                msg = f"{path} holds no JSON file: give a folder of peer reports, or their paths"
                raise SavedCallError(msg)
            return found
        if path.exists():
            return [path]
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute ones too
        if not matches:
            what = "matches no file" if glob.has_magic(str(path)) else "does not exist"
            msg = f"{path} {what}: give the path of a peer report as JSON"
            raise SavedCallError(msg)
        return [match for match in matches if match.is_file()]
    if isinstance(source, bytes) or not isinstance(source, Iterable):
        msg = f"load() takes paths of peer reports or lists of them, not something of type {type(source).__name__}"
        raise InvalidArgumentError(msg)
    return [path for inner in source for path in _paths(inner)]


def _take(path: Path, documents: CallDocuments, sessions: dict[str, Path], origins: dict[str, Path]) -> None:
    try:
        content = read_file(path)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or type(error).__name__}"
        raise SavedCallError(msg) from error
    kind, record = _kind(content)
    session_id: Any = None
    if kind == "report":
        stated = record.get("id")
        peer_id = stated if isinstance(stated, str) and stated.strip() else _named(path)
        if peer_id in documents.reports:
            msg = f"{path.name} and {origins[peer_id].name} are both reports of peer {peer_id}: give one of them"
            raise NotADocumentError(msg)
        documents.reports[peer_id] = content
        documents.names[peer_id] = path.name
        origins[peer_id] = path
        session_id = record.get("session_id")
    elif kind == "participants":
        documents.participants = content
        documents.names["participants"] = path.name
    elif kind == "session":
        documents.session = content
        documents.names["session"] = path.name
        session_id = record.get("id")
    else:
        documents.failures.append(Failure("peer-report", f"{path.name} is no document of the API ({kind})"))
    if isinstance(session_id, str) and session_id.strip():
        sessions.setdefault(session_id, path)


def _named(path: Path) -> str:
    """Take the peer id from the file's name, where the report does not say."""
    return unquote(path.stem.removeprefix(layout.REPORT_START))


def _kind(content: bytes) -> tuple[str, dict[str, Any]]:
    peeked = layout.peek_participant(content)
    if peeked is not None:
        return "report", peeked
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return "not JSON", {}
    data = answer.get("data", answer) if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        return "not an answer with data", {}
    if isinstance(data.get("participants"), list):
        return "participants", data
    record = layout.participant_of(data)
    if isinstance(data.get("participant"), dict) or any(
        name in record for name in ("peer_report", "peer_stats", "quality_stats")
    ):
        return "report", record
    session = data.get("session")
    inner = session if isinstance(session, dict) else data
    if set(inner) & {"associated_id", "meeting_display_name", "live_participants"}:
        return "session", inner
    return "neither a peer report, a session nor a list of participants", {}
