"""
Python processes that turn documents into tables, so that all cores work while the network is waited for.

Plain subprocesses instead of ``multiprocessing``: nothing of the user's script or notebook is imported again, and
nothing is forked while threads run.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any, Self

from rtkit_explore.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LENGTH = struct.Struct("<Q")
_START = "from rtkit_explore.archive.workers import serve; serve()"


class Workers:
    """
    A few processes that call functions of this package.

    Parameters
    ----------
    count
        How many; 0 calls them in a thread of this process.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(max(1, count), thread_name_prefix="rtkit-archive")
        self._mine = threading.local()
        self._started: list[subprocess.Popen[bytes]] = []

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have a function of a module called with arguments that can be pickled."""
        return self._threads.submit(self._call, function, args)

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if not self.count:
            return function(*args)
        process = getattr(self._mine, "process", None)
        if process is None or process.poll() is not None:
            process = self._mine.process = self._start()
        try:
            _send(process.stdin, (function, args))
            good, value = _receive(process.stdout)
        except (OSError, EOFError):
            msg = "a process that made tables ended unexpectedly (out of memory?); run again, with workers=1 if need be"
            raise ArchiveError(msg) from None
        if not good:
            raise value
        return value

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._started.append(process)
        return process

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the processes; what is under way is dropped if an error is on its way."""
        if kind is not None:
            for process in self._started:
                process.kill()
        self._threads.shutdown(wait=True, cancel_futures=kind is not None)
        for process in self._started:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            process.wait()


def serve() -> None:
    """Answer until the pipe is closed; the other end of :class:`Workers`."""
    import signal

    # Ctrl-C is for the parent, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not end up between the answers
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            function, args = _receive(requests)
            try:
                answer = (True, function(*args))
            except Exception as error:  # noqa: BLE001 - it is raised in the parent
                answer = (False, error)
            _send(answers, answer)


def _send(pipe: IO[bytes] | None, value: Any) -> None:
    content = pickle.dumps(value, protocol=5)
    assert pipe is not None  # noqa: S101 - Popen was given a pipe
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> Any:
    assert pipe is not None  # noqa: S101
    header = pipe.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    content = pipe.read(_LENGTH.unpack(header)[0])
    return pickle.loads(content)  # noqa: S301 - from our own process
