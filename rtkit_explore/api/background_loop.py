"""Running the async client from code that is not async: a notebook cell, a widget callback, a script."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rtkit_explore.errors import EventLoopError

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Closeable(Protocol):
    """Something with connections that belong to a loop."""

    async def aclose(self) -> None:
        """Close them."""


POLL = 0.25
"""Seconds between looks at Ctrl-C: on some systems a wait without end cannot be interrupted."""
GRACE = 3.0
"""Seconds that cancelled requests get to end."""


class BackgroundLoop:
    """
    One event loop in a daemon thread, started when first needed.

    Callers wait for their coroutine while the loop runs it, so it does not matter whether they have a running loop of
    their own, or in which thread they are. Ctrl-C cancels the coroutine, and with it the requests under way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._open: weakref.WeakSet[Closeable] = weakref.WeakSet()
        self._closing: set[asyncio.Task[None]] = set()  # a loop keeps no task alive by itself
        # Loops of a parent process: neither usable here nor ours to close.
        self._inherited: list[asyncio.AbstractEventLoop] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """
        Run a coroutine on the loop and wait for it.

        Parameters
        ----------
        work
            The coroutine.

        Returns
        -------
        object
            What it returns.

        Raises
        ------
        EventLoopError
            If called from the loop's own thread, which would wait for itself.
        BaseException
            Whatever the coroutine raises; KeyboardInterrupt after cancelling it.
        """
        if threading.current_thread() is self._thread:
            work.close()
            msg = (
                "a blocking call was made inside of a coroutine of this package, where it would wait for itself:"
                " use AsyncApp and await it there"
            )
            raise EventLoopError(msg)
        ended = threading.Event()
        started = threading.Event()

        async def watched() -> T:
            started.set()
            try:
                return await work
            finally:
                ended.set()

        watching = watched()
        try:
            future = asyncio.run_coroutine_threadsafe(watching, self._running())
        except BaseException:
            watching.close()
            work.close()
            raise
        try:
            while not concurrent.futures.wait([future], timeout=POLL).done:
                pass
        except BaseException:
            future.cancel()
            if started.is_set():
                ended.wait(GRACE)
            raise
        finally:
            if not started.is_set():
                # Cancelled before its first step: no one else will close the coroutine.
                work.close()
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            msg = "the background event loop was closed while this call was under way: call again"
            raise EventLoopError(msg) from None

    def close_at_end(self, thing: Closeable) -> None:
        """Close this on the loop before the loop ends, if it still exists by then."""
        self._open.add(thing)

    def close_soon(self, thing: Closeable) -> None:
        """Close this on the loop when there is time, for a finalizer: it neither waits nor starts a loop."""
        # No lock: finalizers run wherever the collector happens to, also in the thread that holds it.
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed, and its connections with it
                loop.call_soon_threadsafe(self._start_closing, thing)

    def _start_closing(self, thing: Closeable) -> None:
        task = asyncio.get_running_loop().create_task(_close_quietly(thing))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def close(self) -> None:
        """Cancel what is under way and end the thread. The next call starts a new one."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or thread is threading.current_thread():
            return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.stop)
        thread.join(GRACE)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop, self._open), name="rtkit-explore", daemon=True)
                thread.start()
                self._loop, self._thread = loop, thread
            return self._loop

    def _forget(self) -> None:
        """In the child of a fork: the thread did not come along, so start anew when needed."""
        self._lock = threading.Lock()
        if self._loop is not None:
            self._inherited.append(self._loop)
        self._loop = self._thread = None


async def _close_quietly(thing: Closeable) -> None:
    with contextlib.suppress(Exception):
        await thing.aclose()


def _serve(loop: asyncio.AbstractEventLoop, opened: weakref.WeakSet[Closeable]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=GRACE))
        for thing in list(opened):
            with contextlib.suppress(Exception):
                loop.run_until_complete(thing.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


_SHARED: list[BackgroundLoop] = []
_SHARED_LOCK = threading.Lock()


def shared() -> BackgroundLoop:
    """Return the one background loop of this process."""
    with _SHARED_LOCK:
        if not _SHARED:
            _SHARED.append(BackgroundLoop())
        return _SHARED[0]
