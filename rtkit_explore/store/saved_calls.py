"""
Saved calls on disk: one folder per session, one file per document, exactly as the API sent them.

A session's folder holds ``session.json``, ``participants.json``, ``peer-report-<peer id>.json`` and, where they were
fetched, ``chat.csv``, ``transcript.csv`` (or ``.json``, ``.srt``, ``.vtt``) and ``summary.md``; ``failures.json`` where
something could not be fetched. Other files in there are left alone.

A save is atomic, also if it is killed: a new folder is built under a hidden name and renamed. In an
existing one the new files are built in a hidden folder, whose renaming to ``.commit`` is the moment that counts: from
then on what is in ``.commit`` takes precedence over what is beside it, until each file has been moved to its place.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import time
import uuid
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from rtkit_explore.errors import PartialResultWarning, SavedCallError
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.store.documents import CallDocuments, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rtkit_explore.api.query_params import TranscriptFormat

Files: TypeAlias = dict[str, Callable[[], bytes]]
"""Names of files, each with what gives its content."""

SESSION: Final = "session.json"
PARTICIPANTS: Final = "participants.json"
CHAT: Final = "chat.csv"
SUMMARY: Final = "summary.md"
FAILURES: Final = "failures.json"
COMMIT: Final = ".commit"
REPORT_KEYS: Final = frozenset({"peer_report", "peer_stats", "quality_stats"})
"""Keys of a participant under which its report stands, today's and those of older responses."""
_REMOVED: Final = ".removed"
"""Empty file in ``.commit`` that says: nothing beside it counts, because the save was redacted."""
_LONGEST_NAME: Final = 200
_SAVING: Final = re.compile(r"\.(?:.*)\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{12}\.saving")
_ABANDONED_S: Final = 24 * 3600.0
REPORT_START: Final = "peer-report-"
TRANSCRIPTS: Final[dict[TranscriptFormat, str]] = {
    # In the order in which they are read where there are several: the richest first.
    "JSON": "transcript.json",
    "CSV": "transcript.csv",
    "VTT": "transcript.vtt",
    "SRT": "transcript.srt",
}


SOURCES: Final = frozenset({"session", "participants", "peer-report", "chat", "transcript", "summary"})
"""What a saved failure can be about."""


def stands(path: Path) -> bool:
    """Tell whether something stands at a place, also where it is no file that can be read (a folder, a broken link)."""
    return os.path.lexists(path)


def why(error: OSError) -> str:
    """Return what a file system says is wrong, without the path."""
    return error.strerror or type(error).__name__


def report_name(peer_id: str) -> str:
    """
    Name the file of a peer's report; a character that no file name can hold is written as %XX.

    An id that is too long for a file name is cut, and told from others by a digest of the whole.
    """
    quoted = quote(peer_id, safe=" @+=,", errors="surrogatepass")
    if len(quoted) > _LONGEST_NAME:
        digest = hashlib.sha256(peer_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        quoted = f"{quoted[: _LONGEST_NAME - 40]}~{digest}"
    return f"{REPORT_START}{quoted}.json"


def path_of(folder: Path, name: str) -> Path:
    """Return where a saved file is: in its folder, or still in the part of a save that was interrupted."""
    # This is asked for thousands of folders, so the usual case takes one look at the disk.
    if not os.path.isdir(f"{folder}/{COMMIT}") or not committed(folder):  # noqa: PTH112
        return folder / name
    commit = folder / COMMIT
    pending = commit / name
    return pending if pending.is_file() or _superseded(commit, name) else folder / name


def committed(folder: Path) -> bool:
    """Tell whether a save into a folder was interrupted after it counted; a link, which may lead anywhere, is none."""
    commit = folder / COMMIT
    return commit.is_dir() and not commit.is_symlink()


def _superseded(commit: Path, name: str) -> bool:
    """Tell whether a file beside an interrupted save is older than it, and gone as soon as the save is finished."""
    others = TRANSCRIPTS.values() if name in TRANSCRIPTS.values() else ()
    return name == FAILURES or (commit / _REMOVED).exists() or any((commit / other).is_file() for other in others)


def report_files(folder: Path) -> dict[str, Path]:
    """List the peer reports of a session's folder, by peer id."""
    found: dict[str, Path] = {}
    commit = folder / COMMIT
    places = [folder]
    if committed(folder):
        places = [commit] if (commit / _REMOVED).exists() else [folder, commit]
    for place in places:
        for path in all_reports(place):
            peer_id = _unquoted(path.name[len(REPORT_START) : -len(".json")])
            if "~" in peer_id and len(path.name) >= _LONGEST_NAME:
                # The name holds only a part of a long id.
                stated = participant_in(read_or_empty(path)).get("id")
                peer_id = stated if isinstance(stated, str) and report_name(stated) == path.name else peer_id
            found[peer_id] = path
    return dict(sorted(found.items(), key=lambda item: item[1].name))


def all_reports(folder: Path) -> Iterator[Path]:
    """List the files of a folder that are called like peer reports."""
    return folder.glob(f"{REPORT_START}*.json")


def _unquoted(name: str) -> str:
    try:
        return unquote(name, errors="surrogatepass")
    except UnicodeDecodeError:  # a long id, cut in the middle of a character
        return unquote(name, errors="replace")


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
        The session folders, by name, the folder itself first where it is one; never empty.

    Raises
    ------
    SavedCallError
        If there is no such folder, or no saved call in it.
    """
    root = user_path(folder, "the folder of saved calls")
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        msg = f"{root} {what}: give a folder of saved calls, or one saved call (a folder with {SESSION})"
        raise SavedCallError(msg)
    found = list(_call_folders(root))
    if not found:
        msg = (
            f"{root} holds no saved call: neither {SESSION}, {PARTICIPANTS} or {REPORT_START}<peer id>.json, nor a"
            " folder with one of them; save() writes such a folder"
        )
        raise SavedCallError(msg)
    return found


def _call_folders(root: Path) -> Iterator[Path]:
    if holds_call(root):
        yield root
    with os.scandir(root) as entries:
        below = sorted(entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry))
    yield from (path for name in below if holds_call(path := root / name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def holds_any_call(root: Path) -> bool:
    """Tell whether a folder is a saved call, or holds one."""
    return root.is_dir() and next(_call_folders(root), None) is not None


def holds_call(folder: Path) -> bool:
    """Tell whether a folder is a saved call."""
    if folder.name.startswith("."):
        return False
    if os.path.isfile(f"{folder}/{SESSION}"):  # noqa: PTH113 - as in path_of
        return True
    try:
        return path_of(folder, PARTICIPANTS).is_file() or bool(report_files(folder))
    except PermissionError:
        message = f"the folder {folder.name} may not be looked into: if it holds a saved call, that is not listed"
        warnings.warn(message, PartialResultWarning, stacklevel=2)
        return False


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
    candidates = [path_of(folder, SESSION), *report_files(folder).values()]
    for path in candidates:
        content = read_or_empty(path)
        named = session_of(data_of(content)) if path.name == SESSION else participant_in(content)
        stated = named.get("id" if path.name == SESSION else "session_id")
        if isinstance(stated, str) and stated.strip():
            return stated.strip()
    return folder.name


def read_or_empty(path: Path) -> bytes:
    """Read a file; nothing where it cannot be read."""
    try:
        return read_file(path)
    except OSError:
        return b""


def data_of(content: bytes) -> dict[str, Any]:
    """Decode the ``data`` of a response; an empty one if it cannot be read."""
    try:
        answer = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The standard library takes longer, and also reads NaN, other encodings and lone surrogates.
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(answer, dict):
        return {}
    data = answer.get("data", answer)
    return data if isinstance(data, dict) else {}


class _PeekedData(msgspec.Struct):
    participant: dict[str, msgspec.Raw] | None = None


class _PeekedAnswer(msgspec.Struct):
    data: _PeekedData | None = None


def peek_participant(content: bytes) -> dict[str, Any] | None:
    """
    Decode what a peer report says of its participant, without the report, in one pass over the bytes.

    Returns
    -------
    dict or None
        ``peer_report``, ``peer_stats`` and ``quality_stats`` are None if they are present. None for a response of
        another form, which :func:`data_of` decodes whole.
    """
    try:
        answer = msgspec.json.decode(content, type=_PeekedAnswer)
        if answer.data is None or answer.data.participant is None:
            return None
        record = answer.data.participant
        return {name: None if name in REPORT_KEYS else msgspec.json.decode(value) for name, value in record.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def participant_in(content: bytes) -> dict[str, Any]:
    """Find the participant in the response that holds a report, its report left out where that can be done."""
    peeked = peek_participant(content)
    return participant_of(data_of(content)) if peeked is None else peeked


def session_of(data: dict[str, Any]) -> dict[str, Any]:
    """Find the session in its response's data: ``data.session`` or the data itself."""
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
    if root != user_path(folder, "the folder of a saved call"):
        names = ", ".join(path.name for path in folders[:5])
        msg = f"{folder} holds {len(folders)} saved call(s) ({names}{', …' if len(folders) > 5 else ''}): name one"
        raise SavedCallError(msg)
    documents = CallDocuments(session_id=session_id_of(root))
    documents.session = _read(path_of(root, SESSION), documents, "session", "session")
    documents.participants = _read(path_of(root, PARTICIPANTS), documents, "participants", "participants")
    for peer_id, path in report_files(root).items():
        content = _read(path, documents, "peer-report", peer_id, peer_id=peer_id)
        if content is not None:
            documents.reports[peer_id] = content
    documents.chat = _read(path_of(root, CHAT), documents, "chat", "chat")
    for form, name in TRANSCRIPTS.items():
        if documents.transcript is None and path_of(root, name).is_file():
            documents.transcript = _read(path_of(root, name), documents, "transcript", "transcript")
            documents.transcript_format = form
    summary = _read(path_of(root, SUMMARY), documents, "summary", "summary")
    documents.summary = None if summary is None else summary.decode("utf-8-sig", errors="replace")
    documents.failures += read_failures(root)
    return documents


def read_failures(folder: Path) -> list[Failure]:
    """
    Read the failures: what could not be fetched when a call was saved.

    If a file is there all the same, from an earlier save, its failure is dropped.
    """
    try:
        listed = json.loads(read_or_empty(path_of(folder, FAILURES)) or b"[]")
        failures = [
            Failure(
                str(row["source"]),
                str(row["message"]),
                _text_or_none(row.get("peer_id")),
                missing=row.get("missing") is True,
            )
            for row in listed
        ]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return [Failure("failures", f"{FAILURES} is damaged: what could not be fetched when this was saved is unknown")]
    reports = report_files(folder)
    return [failure for failure in failures if failure.peer_id is None or failure.peer_id not in reports]


def _text_or_none(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError


def _read(path: Path, documents: CallDocuments, source: str, key: str, *, peer_id: str | None = None) -> bytes | None:
    if not stands(path):
        return None
    try:
        content = read_file(path)
    except OSError as error:
        message = f"{path.name} cannot be read: {why(error)}"
        documents.failures.append(Failure(source, message, peer_id=peer_id))
        return None
    documents.names[key] = path.name
    return content


def save_call(documents: CallDocuments, folder: str | os.PathLike[str], *, session_id: str | None = None) -> Path:
    """
    Save a call, whole documents, as the API sent them. They hold personal data unless they were redacted.

    A save is atomic, also if it is killed or the disk is full. In an existing folder of the same
    session documents are replaced, and what else is in there stays; a redacted save leaves no other document of the
    session. A folder that holds other calls gets this one as a folder of its own beside them.

    Parameters
    ----------
    documents
        What to save.
    folder
        The session's folder, or one that holds other saved calls; folders above it are made where needed.
    session_id
        Which session it is, where its documents do not say.

    Returns
    -------
    Path
        The folder of the session.

    Raises
    ------
    SavedCallError
        If there is nothing to save, or the folder cannot be written.
    """
    target = user_path(folder, "the folder to save to")
    files = _files(documents)
    if not files:
        msg = "this call holds no document, so there is nothing to save"
        raise SavedCallError(msg)
    if documents.failures:
        files[FAILURES] = partial(_failures, documents)
    if target.exists() and not target.is_dir():
        msg = f"{target} is a file: choose another folder"
        raise SavedCallError(msg)
    try:
        target = _own_folder(target, _session_id(documents) or session_id, files)
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        if not (target.exists() and any(target.iterdir())):
            with contextlib.suppress(FileExistsError):
                _write_new(target, files)
                return target
        _write_into(target, files, alone=documents.redacted)
    except OSError as error:
        msg = f"{target} cannot be written ({error.strerror or type(error).__name__}): choose another folder"
        raise SavedCallError(msg) from error
    return target


def _own_folder(target: Path, session_id: str | None, files: Files) -> Path:
    """Return where a session belongs: the folder that was named, or one below it if that holds other calls."""
    if not target.is_dir():
        return target
    here = session_id_of(target) if holds_call(target) else None
    if here is not None and (session_id is None or here in {session_id, target.name}):
        return target
    others = here is not None or any(holds_call(path) for path in target.iterdir() if path.is_dir())
    if not others:
        return target
    name = session_id or _digest(files)[:16]
    below = report_name(name).removeprefix(REPORT_START).removesuffix(".json")
    return target / (below if below.strip(". ") else f"session-{below.replace('.', '%2E')}")


def _failures(documents: CallDocuments) -> bytes:
    rows = [
        {"source": one.source, "peer_id": one.peer_id, "message": one.message, "missing": one.missing}
        for one in documents.failures
    ]
    return json.dumps(rows, indent=1).encode()


def _files(documents: CallDocuments) -> Files:
    """
    Return the files of a call, each with what gives its content when it is written.

    The reports of a large call are kept compressed: all of them at once would be ten times as large.
    """
    # The session comes first: where something goes wrong in between, the folder still says whose it is.
    first = {SESSION: documents.session, PARTICIPANTS: documents.participants}
    last = {
        CHAT: documents.chat,
        TRANSCRIPTS[documents.transcript_format]: documents.transcript,
        SUMMARY: None if documents.summary is None else documents.summary.encode(),
    }
    reports = {report_name(peer): partial(documents.reports.__getitem__, peer) for peer in documents.reports}
    return {**_given(first), **reports, **_given(last)}


def _given(files: dict[str, bytes | None]) -> Files:
    return {name: partial(bytes, content) for name, content in files.items() if content is not None}


def _digest(files: Files) -> str:
    digest = hashlib.sha256()
    for content in files.values():
        digest.update(content())
    return digest.hexdigest()


def _session_id(documents: CallDocuments) -> str | None:
    if documents.session is not None:
        data = data_of(documents.session)
        stated = session_of(data).get("id")
        if isinstance(stated, str) and stated:
            return stated
    return documents.session_id


def _hidden(name: str) -> str:
    """Make the name of a folder in which a save is built; it tells who is building."""
    return f".{name[:80]}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:12]}.saving"


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _sweep(parent: Path) -> None:
    """Remove what interrupted saves left behind: whole documents, perhaps of a call that was redacted later."""
    with os.scandir(parent) as entries:
        hidden = [Path(entry.path) for entry in entries if entry.name.endswith(".saving") and entry.is_dir()]
    for path in hidden:
        named = _SAVING.fullmatch(path.name)
        if named is None:
            continue
        with contextlib.suppress(OSError):
            age = time.time() - path.stat().st_mtime
            if age > _ABANDONED_S or (named["host"] == _host() and not _runs(int(named["pid"]))):
                shutil.rmtree(path, ignore_errors=True)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True  # asking would end the process there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _build(parent: Path, name: str, files: Files) -> Path:
    """Write files into a hidden folder; nothing stays where that fails."""
    building = parent / _hidden(name)
    building.mkdir()
    try:
        for file, content in files.items():
            _write(building / file, content())
        _sync_folder(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return building


def _write_new(target: Path, files: Files) -> None:
    building = _build(target.parent, target.name, files)
    try:
        # A folder that somebody made meanwhile is not replaced unless it is empty.
        building.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.EBUSY, errno.EACCES) and target.is_dir():
            raise FileExistsError from None
        raise
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _write_into(target: Path, files: Files, *, alone: bool) -> None:
    """Replace documents in an existing folder; ``alone`` removes those that are not among the new ones."""
    _sweep(target)
    _finish(target)
    building = _build(target, "files", files | ({_REMOVED: bytes} if alone else {}))
    try:
        building.rename(target / COMMIT)  # from here on the new documents count
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _sync_folder(target)
    _finish(target)


def _finish(target: Path) -> None:
    """Move the files of a committed save to their places, also one that was interrupted doing so."""
    commit = target / COMMIT
    if commit.is_symlink():
        commit.unlink()
    if not commit.is_dir():
        return
    pending = {path.name for path in commit.iterdir()}
    # Failures of an earlier save are of documents that have been asked for again.
    outdated = {FAILURES} - pending
    transcripts = set(TRANSCRIPTS.values())
    if pending & transcripts:
        outdated |= transcripts - pending
    if _REMOVED in pending:
        known = {SESSION, PARTICIPANTS, CHAT, SUMMARY, FAILURES, *transcripts}
        known |= {path.name for path in target.glob(f"{REPORT_START}*.json")}
        outdated |= known - pending
    for name in outdated:
        (target / name).unlink(missing_ok=True)
    # Once the older documents are gone, the note that they do not count may go, and has to: a file that is moved to
    # its place counts there.
    (commit / _REMOVED).unlink(missing_ok=True)
    for name in sorted(pending - {_REMOVED}, key=lambda one: one == FAILURES):
        (commit / name).replace(target / name)
    commit.rmdir()
    _sync_folder(target)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk; not every system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        # Else the name could reach the disk before the content.
        os.fsync(file.fileno())
