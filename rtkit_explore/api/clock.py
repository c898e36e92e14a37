"""The clock that budgets and retries go by, so that a test can be its own clock."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Clock:
    """
    Time as the transports see it.

    Attributes
    ----------
    now
        Seconds that only grow.
    wall
        Seconds since 1970, for dates in ``Retry-After``.
    sleep
        Wait for so many seconds.
    chance
        Random number in [0, 1), so that clients that failed together do not retry together.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
