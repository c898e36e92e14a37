"""Paths that users give: what cannot be one is an error that says so."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from rtkit_explore.errors import InvalidArgumentError

_SHOWN: Final = 80


def user_path(given: object, what: str) -> Path:
    """
    Return an argument that names a file or folder as a path; ``~`` stands for the home folder.

    Parameters
    ----------
    given
        Text, or anything with ``__fspath__``.
    what
        What it names, for the error: "the folder to save to".

    Raises
    ------
    InvalidArgumentError
        If it is no text, or a text that no file can be called: with a NUL, half a surrogate pair, or too long; or if
        it may not be looked at.
    """
    named = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(named, str):
        msg = f"{what[:1].upper()}{what[1:]} is a text or a Path, not something of type {type(given).__name__}."
        raise InvalidArgumentError(msg)
    try:
        path = Path(named).expanduser()
        # Python itself refuses a NUL and what has no bytes; the system refuses a name that is too long.
        with_bytes = os.fsencode(path)
        os.lstat(with_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (ValueError, OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "no file can be called that"
        shown = named if len(named) <= _SHOWN else f"{named[:_SHOWN]}…"
        msg = f"{what[:1].upper()}{what[1:]} cannot be {shown!a} ({why}): choose another name."
        raise InvalidArgumentError(msg) from None
    # What may not be looked into would raise wherever it is first looked at.
    if not _may_look(path):
        msg = f"{what[:1].upper()}{what[1:]} cannot be {named!a} (you may not look into it): choose another."
        raise InvalidArgumentError(msg)
    return path


def _may_look(path: Path) -> bool:
    """Tell whether what stands at a path may be looked at, and into where it is a folder."""
    try:
        path.stat()
    except PermissionError:
        return False
    except OSError:
        return True  # a link that leads nowhere, or to itself: whoever opens it says so
    return not path.is_dir() or os.access(path, os.R_OK | os.X_OK)


def read_file(path: Path) -> bytes:
    """
    Read a file that a user named, or that stands in a folder of theirs.

    Raises
    ------
    OSError
        Where it cannot be read, or is none: a pipe or a device would be waited for, or read, for ever.
    """
    if path.exists() and not path.is_file():
        raise IsADirectoryError(errno.EISDIR, "it is not a file")
    return path.read_bytes()
