"""How much memory is free, so that what cannot fit raises before the machine starts to swap."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from rtkit_explore.errors import NotEnoughMemoryError

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and use of a container, in version 2 and 1 of Linux' control groups."""


def free_memory() -> int | None:
    """Return how many bytes this process can still use: of the machine, its container and its own limit, the least."""
    known = [_available(), *(_left(limit, used) for limit, used in _CGROUPS), _within_limit()]
    return min((one for one in known if one is not None), default=None)


def _available() -> int | None:
    for line in _read("/proc/meminfo").splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows, macOS
        return None


def _left(limit: str, used: str) -> int | None:
    most, now = _read(limit).strip(), _read(used).strip()
    return max(int(most) - int(now), 0) if most.isdigit() and now.isdigit() else None


def _within_limit() -> int | None:
    """Return what the limit on the address space of this process leaves (``ulimit -v``, and batch systems by it)."""
    if sys.platform == "win32":
        return None
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _read("/proc/self/statm").partition(" ")[0]
    if most == resource.RLIM_INFINITY or not pages.isdigit():
        return None
    return max(most - int(pages) * resource.getpagesize(), 0)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def check_memory(need: float, what: str, instead: str) -> None:
    """
    Raise if something does not fit into the memory that is free.

    Parameters
    ----------
    need
        Bytes that it takes, estimated.
    what
        What it is.
    instead
        What to do instead.

    Raises
    ------
    NotEnoughMemoryError
        If it does not fit; if the free memory is unknown, nothing is raised.
    """
    free = free_memory()
    if free is not None and need > free:
        msg = f"{what} takes about {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB of memory are free. {instead}"
        raise NotEnoughMemoryError(msg)


def return_freed_memory() -> None:
    """
    Give memory that is no longer used back to the system, where the C library (glibc) keeps it for later.

    Columns of some megabytes come from its heap. When a table is joined from parts, each column of the parts is freed
    between others that are still in use, and the holes would add up to the size of the whole table.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return
