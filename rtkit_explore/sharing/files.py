"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from ..errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path


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
        msg = f"{path} cannot be written ({error.strerror or type(error).__name__}): choose another place."
        raise InvalidArgumentError(msg) from error
    finally:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
