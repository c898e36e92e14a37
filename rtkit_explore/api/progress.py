"""Progress bars and visible waiting: nothing for what is quick, a bar for what takes longer than a moment."""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("rtkit_explore")

_current: ContextVar[Progress | None] = ContextVar("rtkit_explore_progress", default=None)

WORTH_TELLING = 1.0
"""Seconds: shorter waits are not worth a line."""


class Progress:
    """
    A bar that appears only if the work takes longer than a moment.

    Used as a context manager around one piece of work. A Progress inside another one stays silent, so that one
    piece of work has one bar.

    Parameters
    ----------
    description
        What is being done.
    total
        How many steps it has, if known.
    show
        False is silent.
    delay
        Seconds before the bar appears.
    """

    def __init__(self, description: str, *, total: int | None = None, show: bool = True, delay: float = 0.8) -> None:
        self._description = description
        self._total = total
        self._show = show
        self._delay = delay
        self._done = 0
        self._bar: Any = None
        self._began = time.monotonic()
        self._token: Token[Progress | None] | None = None

    def __enter__(self) -> Self:
        """Become the bar of all work inside the ``with`` block."""
        if _current.get() is not None:
            self._show = False
        else:
            self._token = _current.set(self)
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the bar."""
        if self._token is not None:
            _current.reset(self._token)
        if self._bar is not None:
            self._bar.close()

    def expect(self, total: int | None) -> None:
        """Set how many steps there are."""
        self._total = total
        if self._bar is not None:
            self._bar.total = total
            self._bar.refresh()

    def reach(self, done: int) -> None:
        """Set how many steps are done."""
        self.advance(done - self._done)

    def advance(self, steps: int = 1) -> None:
        """Count steps as done."""
        self._done += steps
        if self._bar is None and self._show and time.monotonic() - self._began >= self._delay:
            self._open()
        elif self._bar is not None:
            self._bar.set_postfix_str("", refresh=False)
            self._bar.update(steps)

    def tell(self, text: str) -> None:
        """Show a text beside the bar at once, opening it if need be."""
        if not self._show:
            return
        if self._bar is None:
            self._open()
        self._bar.set_postfix_str(text)

    def _open(self) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(total=self._total, initial=self._done, desc=self._description, leave=False)


def tell_waiting(seconds: float, why: str) -> None:
    """
    Make a wait visible: beside the bar of the work that waits, and in the log.

    Parameters
    ----------
    seconds
        How long; under a second is not told.
    why
        What is being waited for.
    """
    if seconds < WORTH_TELLING:
        return
    text = f"waiting {seconds:.0f} s: {why}"
    logger.info(text)
    progress = _current.get()
    if progress is not None:
        progress.tell(text)
