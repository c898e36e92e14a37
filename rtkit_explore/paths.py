"""Paths that users give: what cannot be one is an error that says so."""

from __future__ import annotations

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
        If it is no text, or a text that no file can be called: with a NUL, half a surrogate pair, or too long.
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
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return path
    except (ValueError, OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "no file can be called that"
        shown = named if len(named) <= _SHOWN else f"{named[:_SHOWN]}…"
        msg = f"{what[:1].upper()}{what[1:]} cannot be {shown!a} ({why}): choose another name."
        raise InvalidArgumentError(msg) from None
    return path
