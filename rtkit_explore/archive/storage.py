"""Where an archive lies: a folder, or a place in object storage; whole files in, whole files out."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import threading
import time
import uuid
from collections.abc import Iterator  # noqa: TC003 - contextmanager's signature is read at run time by pdoc
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.errors import ArchiveError, InvalidArgumentError, MissingExtraError
from rtkit_explore.paths import user_path

if TYPE_CHECKING:
    import datetime as dt

LOCK: Final = "archive.lock"
CLAIMS: Final = "writers"
CLAIM_LIVES: Final = timedelta(minutes=2)
"""A claim that was not renewed for so long is that of a process which ended."""


def need(*modules: str) -> None:
    """
    Raise if a package of the extra ``archive`` is not installed.

    Raises
    ------
    MissingExtraError
        Naming what is absent and the extra.
    """
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    if absent:
        msg = f'Archives need {", ".join(absent)}. Install the extra: pip install "rtkit-explore[archive]"'
        raise MissingExtraError(msg)


def checksum(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A file that is there: its path below the archive, its size, and when it was written."""

    path: str
    size: int
    written: dt.datetime | None


class Storage:
    """
    A folder or a URL such as ``s3://bucket/calls``, as files by path.

    A file appears whole or not at all: on disk it is renamed into place, in object storage that is how it is.

    Parameters
    ----------
    place
        A folder, or a URL that pyarrow knows (``s3://``, ``gs://``, ``abfs://``). Options of the store stand in
        the URL (``?region=…&endpoint_override=…``), its credentials in the environment.

    Raises
    ------
    MissingExtraError
        Without pyarrow.
    ArchiveError
        If the place cannot be understood.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        need("pyarrow")
        import pyarrow as pa
        from pyarrow import fs

        self._claim: str | None = None
        self._lost = False
        # The address may hold credentials: it opens the same place again, and is never shown.
        if not isinstance(place, str | os.PathLike):
            msg = f"an archive is a folder or a URL, not something of type {type(place).__name__}"
            raise InvalidArgumentError(msg)
        self.address = os.fspath(place)
        self.place = self.address
        self.local = "://" not in self.place or self.place.startswith("file://")
        self.filesystem: Any
        if self.local:
            path = user_path(self.place.removeprefix("file://"), "the archive's folder").absolute()
            self.address = self.place = self.root = str(path)
            self.filesystem = fs.LocalFileSystem()
            return
        try:
            self.filesystem, root = fs.FileSystem.from_uri(self.place)
        except (pa.ArrowException, OSError, ValueError) as error:
            msg = f"{self!r} cannot be opened ({scrub(error)}): give a folder or a URL such as s3://bucket/calls"
            raise ArchiveError(msg) from None
        self.root = root.rstrip("/")

    def __repr__(self) -> str:
        """Name the place, never the credentials or options in its URL."""
        return self.place if self.local else self.place.partition("?")[0].rpartition("@")[2]

    def full(self, path: str) -> str:
        """Return the path as the file system wants it."""
        return f"{self.root}/{path}"

    def read(self, path: str) -> bytes | None:
        """Return a file's content; None where there is no such file."""
        try:
            if self.local:
                return Path(self.full(path)).read_bytes()
            with self.filesystem.open_input_stream(self.full(path)) as stream:
                content: bytes = stream.read()
                return content
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", path, error) from None

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        try:
            if self.local:
                self._write_locally(Path(self.full(path)), content)
                return
            with self.filesystem.open_output_stream(self.full(path)) as stream:
                stream.write(content)
        except OSError as error:
            raise self._failed("written", path, error) from None

    def _write_locally(self, target: Path, content: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = target.parent / f".{uuid.uuid4().hex}.part"
        try:
            with building.open("xb") as file:
                file.write(content)
                file.flush()
                # Else the name could reach the disk before the content.
                os.fsync(file.fileno())
            building.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                building.unlink()
            raise

    def files(self, below: str = "") -> list[Stored]:
        """List the files below a path, also those of writes that were cut off."""
        from pyarrow import fs

        selector = fs.FileSelector(f"{self.root}/{below}".rstrip("/"), recursive=True, allow_not_found=True)
        try:
            found = self.filesystem.get_file_info(selector)
        except OSError as error:
            raise self._failed("listed", below or ".", error) from None
        return [
            Stored(info.path[len(self.root) + 1 :], info.size, info.mtime)
            for info in found
            if info.type == fs.FileType.File
        ]

    def delete(self, path: str) -> None:
        """Remove a file; it may be gone already."""
        with contextlib.suppress(FileNotFoundError):
            try:
                self.filesystem.delete_file(self.full(path))
            except FileNotFoundError:
                raise
            except OSError as error:
                if self.local and not Path(self.full(path)).exists():
                    return
                raise self._failed("removed", path, error) from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other processes from writing into the same archive.

        In a folder the lock ends with the process, however it ends. Object storage has no locks: there, a writer
        leaves a claim and renews it, and whoever sees another claim that is alive does not begin. That of a process
        that was killed dies after two minutes.

        Raises
        ------
        ArchiveError
            If another process is writing.
        """
        if not self.local:
            with self._claimed():
                yield
            return
        path = Path(self.full(LOCK))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b")
        except OSError as error:
            raise self._failed("written", LOCK, error) from None
        with file:
            try:
                _lock(file.fileno())
            except OSError:
                msg = f"another process is writing into the archive {self!r}: wait for it to end"
                raise ArchiveError(msg) from None
            yield

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[None]:
        claim = f"{CLAIMS}/{uuid.uuid4().hex}"
        self.write(claim, b"a process is writing")
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(claim, ended), name="rtkit-claim", daemon=True)
        try:
            # Each writes before it looks, so of two that begin at the same time at least one sees the other. Times are
            # those of the store alone: the clocks of the two machines do not matter.
            claims = {found.path: found.written for found in self.files(CLAIMS)}
            now = claims.pop(claim, None)
            for path, written in claims.items():
                if now is None or written is None or now - written < CLAIM_LIVES:
                    msg = (
                        f"another process is writing into the archive {self!r}: wait for it to end, or, if it was"
                        f" killed, for {CLAIM_LIVES.total_seconds() / 60:.0f} minutes"
                    )
                    raise ArchiveError(msg)
                self.delete(path)
            self._claim, self._lost = claim, False
            renewing.start()
            yield
        finally:
            self._claim = None
            ended.set()
            if renewing.ident is not None:
                renewing.join()
            self.delete(claim)

    def _renew(self, claim: str, ended: threading.Event) -> None:
        renewed = time.time()
        while not ended.wait(CLAIM_LIVES.total_seconds() / 6):
            # A process that stood still for long must not renew what another one may be taking away this moment.
            if time.time() - renewed > CLAIM_LIVES.total_seconds() / 2:
                self._lost = True
                return
            # What fails now is tried again in time.
            with contextlib.suppress(ArchiveError):
                if self._is_there(claim):
                    self.write(claim, b"a process is writing")
                    renewed = time.time()

    def still_ours(self) -> None:
        """
        Make sure, before something is removed, that no other process has taken over.

        Raises
        ------
        ArchiveError
            If one has: this process stood still for so long that its claim died.
        """
        if self._claim is not None and (self._lost or not self._is_there(self._claim)):
            msg = (
                f"another process may have begun to write into the archive {self!r}, as this one stood still for"
                " a minute or more. Nothing is lost: archive again when that one has ended"
            )
            raise ArchiveError(msg)

    def _is_there(self, path: str) -> bool:
        from pyarrow import fs

        try:
            return bool(self.filesystem.get_file_info(self.full(path)).type == fs.FileType.File)
        except OSError as error:
            raise self._failed("read", path, error) from None

    def _failed(self, what: str, path: str, error: OSError) -> ArchiveError:
        reason = error.strerror or scrub(error)
        return ArchiveError(f"{path} of the archive {self!r} cannot be {what} ({reason})")


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
