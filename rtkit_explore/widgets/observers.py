"""Telling observers about changes: in order, one event at a time, from whichever thread, with no lock held."""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Event = TypeVar("Event")


class Observers(Generic[Event]):
    """
    Those who want to know, and the events they have not been told yet.

    Notes
    -----
    A model calls ``put`` while it holds its own lock, so that events queue up in the order of the changes, and
    ``deliver`` after releasing it. One thread at a time delivers: a change made by an observer, or meanwhile
    by another thread, is delivered after the current one, to every observer, and no callback ever runs under a
    lock, so that observers may call back or wait for other threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count()
        self._observers: dict[int, Callable[[Event], object]] = {}
        self._waiting: deque[Event] = deque()
        self._delivering = False

    def subscribe(self, observer: Callable[[Event], object]) -> Callable[[], None]:
        """Call ``observer(event)`` from now on; returns the function that ends it (calling that twice is fine)."""
        with self._lock:
            number = next(self._numbers)
            self._observers[number] = observer

        def unsubscribe() -> None:
            with self._lock:
                self._observers.pop(number, None)

        return unsubscribe

    def put(self, event: Event) -> None:
        """Queue an event."""
        with self._lock:
            self._waiting.append(event)

    def deliver(self) -> None:
        """
        Deliver the queued events, unless another thread is doing so already.

        Raises
        ------
        Exception
            What an observer raised, after all have been told; several together as an ExceptionGroup.
        """
        errors: list[Exception] = []
        while True:
            with self._lock:
                if self._delivering or not self._waiting:
                    break
                self._delivering = True
                event = self._waiting.popleft()
                observers = list(self._observers.items())
            try:
                for number, observer in observers:
                    if number not in self._observers:  # unsubscribed by one that was told before it
                        continue
                    try:
                        observer(event)
                    except Exception as error:  # noqa: BLE001 - one broken observer must not keep it from the others
                        errors.append(error)
            finally:
                with self._lock:
                    self._delivering = False
        if len(errors) == 1:
            raise errors[0]
        if errors:
            msg = "Several observers of a picker failed."
            raise ExceptionGroup(msg, errors)
