"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from typing import TYPE_CHECKING

from rtkit_explore.call import Call, check_call
from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path


def check_arguments(call: object, path: object, taker: str, place: str) -> None:
    """
    Raise if ``call`` is not a Call or ``path`` is not a path.

    Raises
    ------
    InvalidArgumentError
        Saying what the function takes.
    """
    if isinstance(path, Call) and isinstance(call, str | os.PathLike):
        msg = f"{taker} takes the call first, then {place}: exchange the two."
        raise InvalidArgumentError(msg)
    check_call(call, taker)
    if not isinstance(path, str | os.PathLike):
        msg = f"{taker} takes {place} as a text or a Path, not something of type {type(path).__name__}."
        raise InvalidArgumentError(msg)


def check_place(path: Path) -> None:
    """
    Raise if a file cannot be written at a place, before anything is worked out for it; nothing is left there.

    Raises
    ------
    InvalidArgumentError
        Where the nearest folder above it that exists is none, or takes no file.
    """
    there = next((place for place in path.parents if place.exists()), path.parent)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InvalidArgumentError:
    msg = f"{path} cannot be written ({error.strerror or type(error).__name__}): choose another place."
    return InvalidArgumentError(msg)


def write_whole(path: Path, content: bytes) -> None:
    """
    Write a file so that nobody ever sees half of it; folders above it are made.

    Raises
    ------
    InvalidArgumentError
        Where it cannot be written.
    """
    building = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        building.write_bytes(content)
        building.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
