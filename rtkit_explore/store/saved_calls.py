"""
Saved calls on disk: one folder per session, one file per document, exactly as the API sent them.

A session's folder holds ``session.json``, ``participants.json``, ``peer-report-<peer id>.json`` and, where they were
fetched, ``chat.csv``, ``transcript.csv`` (or ``.json``, ``.srt``, ``.vtt``) and ``summary.md``. Other files in there
are left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from rtkit_explore.errors import SavedCallError
from rtkit_explore.store.documents import CallDocuments, Failure, TranscriptFormat

SESSION: Final = "session.json"
PARTICIPANTS: Final = "participants.json"
CHAT: Final = "chat.csv"
SUMMARY: Final = "summary.md"
REPORT_START: Final = "peer-report-"
TRANSCRIPTS: Final[dict[TranscriptFormat, str]] = {
    # In the order in which they are read where there are several: the richest first.
    "JSON": "transcript.json",
    "CSV": "transcript.csv",
    "VTT": "transcript.vtt",
    "SRT": "transcript.srt",
}


def report_name(peer_id: str) -> str:
    """Name the file of a peer's report; a character that no file name can hold is written as %XX."""
    return f"{REPORT_START}{quote(peer_id, safe=' @+=,')}.json"


def report_files(folder: Path) -> dict[str, Path]:
    """List the peer reports of a session's folder, by peer id."""
    return {
        unquote(path.name[len(REPORT_START) : -len(".json")]): path
        for path in sorted(folder.glob(f"{REPORT_START}*.json"))
    }


def call_folders(folder: str | os.PathLike[str]) -> list[Path]:
    """
    Find the saved calls in a folder.

    Parameters
    ----------
    folder
        A session's folder, or one that holds such folders.

    Returns
    -------
    list of Path
        The session folders, by name; never empty.

    Raises
    ------
    SavedCallError
        If there is no such folder, or no saved call in it.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        msg = f"{root} {what}: give a folder of saved calls, or one saved call (a folder with {SESSION})"
        raise SavedCallError(msg)
    if holds_call(root):
        return [root]
    found = [path for path in sorted(root.iterdir()) if path.is_dir() and holds_call(path)]
    if not found:
        msg = (
            f"{root} holds no saved call: neither {SESSION}, {PARTICIPANTS} or {REPORT_START}<peer id>.json, nor a"
            " folder with one of them; save() writes such a folder"
        )
        raise SavedCallError(msg)
    return found


def holds_call(folder: Path) -> bool:
    """Tell whether a folder is a saved call."""
    if folder.name.startswith("."):
        return False
    return (folder / SESSION).is_file() or (folder / PARTICIPANTS).is_file() or bool(report_files(folder))


def session_id_of(folder: Path) -> str:
    """
    Tell which session a folder holds.

    Parameters
    ----------
    folder
        A session's folder.

    Returns
    -------
    str
        From the session document, else from a peer report, else the folder's name.
    """
    candidates = [folder / SESSION, *report_files(folder).values()]
    for path in candidates:
        try:
            data = data_of(path.read_bytes())
        except OSError:
            continue
        stated = session_of(data).get("id") if path.name == SESSION else participant_of(data).get("session_id")
        if isinstance(stated, str) and stated.strip():
            return stated.strip()
    return folder.name


def read_or_empty(path: Path) -> bytes:
    """Read a file; nothing where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def data_of(content: bytes) -> dict[str, Any]:
    """Decode the ``data`` of an answer; an empty one where it cannot be read."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(answer, dict):
        return {}
    data = answer.get("data", answer)
    return data if isinstance(data, dict) else {}


def session_of(data: dict[str, Any]) -> dict[str, Any]:
    """Find the session in its answer's data: ``data.session`` or the data itself."""
    inner = data.get("session")
    return inner if isinstance(inner, dict) else data


def participant_of(data: dict[str, Any]) -> dict[str, Any]:
    """Find the participant in a report's data: ``data.participant`` or the data itself."""
    inner = data.get("participant")
    return inner if isinstance(inner, dict) else data


def read_call(folder: str | os.PathLike[str]) -> CallDocuments:
    """
    Read one saved call.

    Parameters
    ----------
    folder
        A session's folder.

    Returns
    -------
    CallDocuments
        As saved; a file that cannot be opened is a failure.

    Raises
    ------
    SavedCallError
        If the folder is not that of one session.
    """
    folders = call_folders(folder)
    root = folders[0]
    if len(folders) > 1 or root != Path(folder).expanduser():
        names = ", ".join(path.name for path in folders[:5])
        msg = f"{folder} holds {len(folders)} saved call(s) ({names}{', …' if len(folders) > 5 else ''}): name one"
        raise SavedCallError(msg)
    documents = CallDocuments(session_id=session_id_of(root))
    documents.session = _read(root / SESSION, documents, "session", "session")
    documents.participants = _read(root / PARTICIPANTS, documents, "participants", "participants")
    for peer_id, path in report_files(root).items():
        content = _read(path, documents, "peer-report", peer_id, peer_id=peer_id)
        if content is not None:
            documents.reports[peer_id] = content
    documents.chat = _read(root / CHAT, documents, "chat", "chat")
    for form, name in TRANSCRIPTS.items():
        if documents.transcript is None and (root / name).is_file():
            documents.transcript = _read(root / name, documents, "transcript", "transcript")
            documents.transcript_format = form
    summary = _read(root / SUMMARY, documents, "summary", "summary")
    documents.summary = None if summary is None else summary.decode("utf-8-sig", errors="replace")
    return documents


def _read(path: Path, documents: CallDocuments, source: str, key: str, *, peer_id: str | None = None) -> bytes | None:
    if not path.exists():
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror or type(error).__name__}"
        documents.failures.append(Failure(source, message, peer_id=peer_id))
        return None
    documents.names[key] = path.name
    return content


def save_call(documents: CallDocuments, folder: str | os.PathLike[str], *, session_id: str | None = None) -> Path:
    """
    Save a call, whole documents, as the API sent them. They hold personal data.

    A new folder appears at once or not at all. In an existing one every file is replaced at once or not at all, and
    what else is in there stays.

    Parameters
    ----------
    documents
        What to save.
    folder
        The session's folder; folders above it are made where needed.
    session_id
        Which session it is, where its documents do not say.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SavedCallError
        If there is nothing to save, the folder holds another session, or it cannot be written.
    """
    target = Path(folder).expanduser()
    files = _files(documents)
    if not files:
        msg = "this call holds no document, so there is nothing to save"
        raise SavedCallError(msg)
    try:
        if target.exists():
            _check_same(_session_id(documents) or session_id, target)
            for name, content in files.items():
                _replace(target / name, content)
        else:
            _write_new(target, files)
    except OSError as error:
        msg = f"{target} cannot be written ({error.strerror or type(error).__name__}): choose another folder"
        raise SavedCallError(msg) from error
    return target


def _files(documents: CallDocuments) -> dict[str, bytes]:
    # The session comes first: where something goes wrong in between, the folder still says whose it is.
    files: dict[str, bytes | None] = {SESSION: documents.session, PARTICIPANTS: documents.participants}
    files |= {report_name(peer_id): content for peer_id, content in documents.reports.items()}
    files[CHAT] = documents.chat
    files[TRANSCRIPTS[documents.transcript_format]] = documents.transcript
    files[SUMMARY] = None if documents.summary is None else documents.summary.encode()
    return {name: content for name, content in files.items() if content is not None}


def _check_same(ours: str | None, target: Path) -> None:
    if not target.is_dir():
        msg = f"{target} is a file: choose another folder"
        raise SavedCallError(msg)
    if not holds_call(target):
        return
    here = session_id_of(target)
    if ours is not None and here not in {ours, target.name}:
        msg = f"{target} holds session {here}, and this is session {ours}: choose another folder"
        raise SavedCallError(msg)


def _session_id(documents: CallDocuments) -> str | None:
    if documents.session is not None:
        data = data_of(documents.session)
        stated = session_of(data).get("id")
        if isinstance(stated, str) and stated:
            return stated
    return documents.session_id


def _write_new(target: Path, files: dict[str, bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.parent / f".{target.name}.{uuid.uuid4().hex}"
    building.mkdir()
    try:
        for name, content in files.items():
            _write(building / name, content)
        # A folder that somebody made meanwhile is not replaced unless it is empty.
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _replace(path: Path, content: bytes) -> None:
    building = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        _write(building, content)
        building.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            building.unlink()
        raise


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        # Else the name could reach the disk before the content.
        os.fsync(file.fileno())
