"""Letting users call ``asyncio.run`` in a cell of their own, on demand, where it can work."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Literal

from rtkit_explore.errors import EventLoopError

if TYPE_CHECKING:
    from types import ModuleType


def allow_nested_loops() -> Literal["nest_asyncio2", "nest_asyncio"]:
    """
    Allow ``asyncio.run`` where an event loop is running already, as in a Jupyter cell.

    This package does not need it: its own calls work in a cell as they are. It is for code of your own, and changes
    asyncio for the whole process. ``nest_asyncio2`` is used where it is installed. The original ``nest_asyncio`` is
    rejected where it is known to break: under ipykernel 7 it silently loses cells of "Run All", and on Python 3.14
    it breaks httpx and anyio.

    Returns
    -------
    str
        Which of the two is in use.

    Raises
    ------
    EventLoopError
        If neither can be used here; the message says why and what to do.
    """
    fork = _load("nest_asyncio2")
    if fork is not None:
        if _patched_by_original():
            msg = (
                "nest_asyncio has changed asyncio already, and nest_asyncio2 cannot take over: restart the kernel and"
                " remove nest_asyncio.apply() from your code, or leave out allow_nested_loops()"
            )
            raise EventLoopError(msg)
        _apply(fork)
        return "nest_asyncio2"
    instead = (
        "install nest-asyncio2 (its maintained fork) and call this again, or use await, which cells allow as it is"
    )
    original = _load("nest_asyncio")
    if original is None:
        msg = f"neither nest_asyncio2 nor nest_asyncio is installed: {instead}"
        raise EventLoopError(msg)
    if sys.version_info >= (3, 14):
        msg = f"nest_asyncio breaks httpx and anyio on Python 3.14 and later: {instead}"
        raise EventLoopError(msg)
    kernel = _kernel_version()
    if kernel is not None and kernel >= 7:
        msg = f"nest_asyncio loses cells of Run All without a word under ipykernel {kernel}: {instead}"
        raise EventLoopError(msg)
    _apply(original)
    return "nest_asyncio"


def _load(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _patched_by_original() -> bool:
    import asyncio

    return hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2")


def _kernel_version() -> int | None:
    """Return the major version of the kernel that this runs in, if it is one."""
    kernel = sys.modules.get("ipykernel")
    version = str(getattr(kernel, "__version__", ""))
    major = version.split(".", maxsplit=1)[0]
    return int(major) if major.isdigit() else None


def _apply(module: ModuleType) -> None:
    try:
        module.apply()
    except (ValueError, RuntimeError) as error:
        msg = (
            f"the event loop that runs here cannot be nested ({error}): use await, which cells allow as it is, or run"
            " your code in a thread of its own"
        )
        raise EventLoopError(msg) from error
