"""
The documents of ended sessions, kept on this machine, so that a call is fetched once.

Only what cannot change any more is kept: the session document says that the call has ended, and nothing failed. A
file is written atomically, carries a checksum, and is dropped and fetched again if anything about it is wrong; so
several processes can share a folder. It holds personal data, but neither tokens nor presigned URLs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
import uuid
import zlib
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.paths import user_path
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.saved_calls import data_of, session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkit_explore.settings import Settings

VARIABLE: Final = "RTKIT_CACHE"
"""Environment variable: a folder for the cache, or "off"."""
LIMIT_BYTES: Final = 2_000_000_000
_MAGIC: Final = b"rtkit call 1\n"
_LEVEL: Final = 1
_LATE_S: Final = 86_400.0
"""A report that is missing so soon after the call may only be late."""
_SECRET: Final = re.compile(
    rb"x-amz-(?:signature|credential|security-token)|[?&](?:sig|signature|token)=|\bbearer\s+[\w.~+/-]{16}",
    re.IGNORECASE,
)


def default_folder() -> Path:
    """Return where this platform keeps caches."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "rtkit-explore"


def open_cache(given: object, settings: Settings) -> SessionCache | None:
    """
    Open the cache of an app.

    Parameters
    ----------
    given
        The option ``cache``: None (the folder that RTKIT_CACHE names, else the platform's), a folder, or False.
    settings
        Whose it is: another account or app never sees it.

    Returns
    -------
    SessionCache or None
        None where it is off.

    Raises
    ------
    InvalidArgumentError
        If it is none of these.
    """
    variable = os.environ.get(VARIABLE, "").strip()
    if given is False or (given is None and variable.lower() == "off"):
        return None
    if given is None or given is True:
        folder = (
            user_path(variable, f"the folder of {VARIABLE}")
            if variable and variable.lower() != "off"
            else default_folder()
        )
    elif isinstance(given, str | os.PathLike) and os.fspath(given):
        folder = user_path(given, "the folder of cache=")
    else:
        msg = f"cache= takes a folder, True (the platform's folder) or False, not {given!r}."
        raise InvalidArgumentError(msg)
    whose = repr((settings.base_url, settings.account_id, settings.app_id))
    return SessionCache(folder / hashlib.sha256(whose.encode()).hexdigest()[:24])


class SessionCache:
    """
    Documents of ended sessions of one app, in a folder.

    Parameters
    ----------
    folder
        Where; made when first needed, readable by its owner alone.
    limit_bytes
        How large it may become; those that were not used for longest go first.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def __repr__(self) -> str:
        """Say where it is and how much it holds."""
        return f"<SessionCache {self.folder}: {len(self)} calls, {self.size / 1e6:.1f} MB>"

    def __len__(self) -> int:
        """Count the calls that it holds."""
        return len(self._files())

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for _, size, _ in self._files())

    def clear(self) -> None:
        """Remove everything."""
        for path, _, _ in self._files():
            self._drop(path)

    def get(self, session_id: str, asked: Mapping[str, Any]) -> CallDocuments | None:
        """
        Return the documents of a call; None where they are not here, damaged, or not all that is asked for.

        Parameters
        ----------
        session_id
            Which call.
        asked
            What is wanted of it; the documents of another request are another entry.
        """
        path = self._path(session_id, asked)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        documents = _unpacked(content, session_id)
        if documents is None:
            self._drop(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used just now: the last to be evicted
        return documents

    def put(self, session_id: str, asked: Mapping[str, Any], documents: CallDocuments) -> bool:
        """Keep the documents of a call if they cannot change any more; say whether they were kept."""
        if not is_final(documents, now=time.time()) or _holds_secret(documents):
            return False
        path = self._path(session_id, asked)
        building = path.parent / f".{uuid.uuid4().hex}.part"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_packed(documents, session_id))
            building.replace(path)
        except OSError:
            # A full disk or a folder that cannot be written costs speed, not the call.
            self._drop(building)
            return False
        self._make_room()
        return True

    def _path(self, session_id: str, asked: Mapping[str, Any]) -> Path:
        question = json.dumps([session_id, sorted(asked.items())], default=str)
        return self.folder / f"{hashlib.sha256(question.encode()).hexdigest()[:40]}.call"

    def _files(self) -> list[tuple[Path, int, float]]:
        found = []
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.suffix in (".call", ".part"):
                    with contextlib.suppress(OSError):  # another process may have removed it
                        stat = path.stat()
                        found.append((path, stat.st_size, stat.st_mtime))
        # A partial file that has been left unfinished for an hour belongs to a process that ended.
        stale = [path for path, _, changed in found if path.suffix == ".part" and time.time() - changed > 3600]
        for path in stale:
            self._drop(path)
        return [one for one in found if one[0].suffix == ".call"]

    def _make_room(self) -> None:
        files = sorted(self._files(), key=lambda one: one[2])
        total = sum(size for _, size, _ in files)
        for path, size, _ in files:
            if total <= self.limit_bytes:
                return
            self._drop(path)
            total -= size

    @staticmethod
    def _drop(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()


def is_final(documents: CallDocuments, *, now: float) -> bool:
    """
    Tell whether the documents of a call cannot change any more.

    Parameters
    ----------
    documents
        As fetched.
    now
        Seconds since 1970.
    """
    if documents.session is None or documents.participants is None:
        return False
    session = session_of(data_of(documents.session))
    ended = _seconds(session.get("ended_at"))
    if session.get("status") != "ENDED" or ended is None:
        return False
    if not documents.failures:
        return True
    return all(failure.missing for failure in documents.failures) and now - ended > _LATE_S


def _seconds(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _holds_secret(documents: CallDocuments) -> bool:
    whole = (documents.session, documents.participants, documents.chat, documents.transcript)
    return any(_SECRET.search(content) for content in chain(whole, documents.reports.values()) if content is not None)


def _packed(documents: CallDocuments, session_id: str) -> bytes:
    single = {name: getattr(documents, name) for name in ("session", "participants", "chat", "transcript")}
    parts: list[tuple[str, str | None, bytes]] = [
        (name, None, content) for name, content in single.items() if content is not None
    ]
    parts += [("peer-report", peer, content) for peer, content in documents.reports.items()]
    header = json.dumps(
        {
            "asked_for": session_id,
            "session_id": documents.session_id,
            "parts": [[kind, peer, len(content)] for kind, peer, content in parts],
            "transcript_format": documents.transcript_format,
            "summary": documents.summary,
            "names": documents.names,
            "failures": [[one.source, one.message, one.peer_id, one.missing] for one in documents.failures],
        }
    ).encode()
    body = b"".join([len(header).to_bytes(8, "little"), header, *(content for _, _, content in parts)])
    packed = zlib.compress(body, _LEVEL)
    return _MAGIC + hashlib.sha256(packed).digest() + packed


def _unpacked(content: bytes, session_id: str) -> CallDocuments | None:
    """Read an entry; None where anything about it is wrong."""
    start = len(_MAGIC) + 32
    packed = content[start:]
    if not content.startswith(_MAGIC) or hashlib.sha256(packed).digest() != content[len(_MAGIC) : start]:
        return None
    try:
        body = zlib.decompress(packed)
        place = 8 + int.from_bytes(body[:8], "little")
        header = json.loads(body[8:place])
        if header["asked_for"] != session_id:
            return None
        documents = CallDocuments(
            session_id=header["session_id"],
            transcript_format=header["transcript_format"],
            summary=header["summary"],
            names=dict(header["names"]),
            failures=[
                Failure(source, said, peer_id=peer, missing=gone) for source, said, peer, gone in header["failures"]
            ],
        )
        for kind, peer, size in header["parts"]:
            part, place = body[place : place + size], place + size
            if kind == "peer-report":
                documents.reports[peer] = part
            else:
                setattr(documents, kind, part)
    except (zlib.error, ValueError, KeyError, TypeError):
        return None
    return documents if place == len(body) else None
