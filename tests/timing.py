"""Whether work takes time in proportion to its size, measured so that a busy machine does not matter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST_S = 2e-4
"""What takes less than this is taken to take this long: clocks and caches decide about it."""
GENEROUS = 15
"""Work that is 100 times as much may take 1,500 times as long; in quadratic time it would take 10,000 times as long."""


def cpu_seconds(work: Callable[[Any], object], given: Any, *, times: int = 3) -> float:
    """Return the shortest processor time of this thread that the work took: others on the machine do not count."""
    best = float("inf")
    for _ in range(times):
        began = time.thread_time()
        work(given)
        best = min(best, time.thread_time() - began)
    return best


def assert_linear(
    work: Callable[[Any], object], make: Callable[[int], Any], size: int, *, factors: tuple[int, ...] = (10, 100)
) -> None:
    """
    Raise unless work on what is made for 10 and 100 times a size takes about 10 and 100 times as long.

    A single slow measurement proves nothing: only one that is too slow three times in a row counts.
    """
    for factor in factors:
        small, large = make(size), make(size * factor)
        for attempt in range(3):
            short = max(cpu_seconds(work, small), SHORTEST_S)
            took = cpu_seconds(work, large, times=1)
            if took < GENEROUS * factor * short:
                break
            assert attempt < 2, f"{factor} times as much took {took / short:.0f} times as long ({took:.2f} s)"
