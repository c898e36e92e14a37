"""
App: what :func:`connect` and :func:`replay` give, and :func:`load`.

:class:`~rtkit_explore.async_app.AsyncApp` does the work; :class:`App` is the same for code that does not ``await``.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

from rtkit_explore.api import background_loop
from rtkit_explore.async_app import AsyncApp
from rtkit_explore.settings import check_arguments, takes_options

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType

    import httpx

    from rtkit_explore.call import Call
    from rtkit_explore.settings import ConnectOptions, Settings
    from rtkit_explore.store.session_cache import SessionCache

__all__ = ["App", "AsyncApp", "connect", "load", "replay"]

_USED: weakref.WeakSet[App] = weakref.WeakSet()
P = ParamSpec("P")
R = TypeVar("R")


def _blocking(
    method: Callable[Concatenate[AsyncApp, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[App, P], R]:
    """Make the blocking form of a method: same signature, same documentation, its result instead of a coroutine."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def blocking(self: App, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # Python would name the class that the method comes from, which no user has heard of.
        check_arguments(method.__name__, signature, (self.awaitable, *args), kwargs)
        return self.run(method(self.awaitable, *args, **kwargs))

    blocking.__qualname__ = f"App.{method.__name__}"
    blocking.__module__ = __name__
    return blocking


class App:
    """
    A RealtimeKit app: what :func:`connect`, :func:`replay` and the demo give.

    Works in plain Python, in a Jupyter cell, and inside a widget callback in another thread: requests run on one
    background event loop. Ctrl-C stops them.

    Parameters
    ----------
    options
        As in :func:`connect`.
    """

    @takes_options
    def __init__(self, **options: Unpack[ConnectOptions]) -> None:
        self.awaitable = AsyncApp(**options)

    @classmethod
    def from_transport(
        cls, transport: httpx.AsyncBaseTransport, *, source: str | None = None, progress: bool = True
    ) -> Self:
        """Make an app that needs no credentials, because a transport in this process answers."""
        app = cls.__new__(cls)
        app.awaitable = AsyncApp.from_transport(transport, source=source, progress=progress)
        return app

    @property
    def settings(self) -> Settings:
        """Credentials and options in use."""
        return self.awaitable.settings

    @property
    def cache(self) -> SessionCache | None:
        """Documents of ended sessions on this machine; None where it is off."""
        return self.awaitable.cache

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Wait for a coroutine on the background event loop, for example one of ``app.awaitable``."""
        loop = background_loop.shared()
        loop.close_at_end(self.awaitable)
        if self not in _USED:
            # Whoever drops an app without closing it leaves no connection open.
            _USED.add(self)
            weakref.finalize(self, loop.close_soon, self.awaitable).atexit = False
        return loop.run(work)

    sessions = _blocking(AsyncApp.sessions)
    session = _blocking(AsyncApp.session)
    participants = _blocking(AsyncApp.participants)
    participant = _blocking(AsyncApp.participant)
    peer_events = _blocking(AsyncApp.peer_events)
    peer_report = _blocking(AsyncApp.peer_report)
    chat = _blocking(AsyncApp.chat)
    transcript = _blocking(AsyncApp.transcript)
    summary = _blocking(AsyncApp.summary)
    generate_summary = _blocking(AsyncApp.generate_summary)
    downloads = _blocking(AsyncApp.downloads)
    find = _blocking(AsyncApp.find)
    explain = _blocking(AsyncApp.explain)
    rooms = _blocking(AsyncApp.rooms)
    follow = _blocking(AsyncApp.follow)
    call = _blocking(AsyncApp.call)

    def close(self) -> None:
        """Close the connections. The app can still be used; it opens new ones."""
        self.run(self.awaitable.aclose())

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def __repr__(self) -> str:
        """Say which app; never the token."""
        return repr(self.awaitable).replace("<AsyncApp ", f"<{type(self).__name__} ", 1)


@takes_options
def connect(**options: Unpack[ConnectOptions]) -> App:
    """
    Connect to a RealtimeKit app. Nothing is sent before the first call.

    Parameters
    ----------
    token, account_id, app_id
        Credentials; else from ``CLOUDFLARE_API_TOKEN``, ``CLOUDFLARE_ACCOUNT_ID`` and ``RTKIT_APP_ID``. The token
        needs the permission Realtime or Realtime Admin.
    base_url
        Where the API is, if not at Cloudflare's public address.
    transport
        An ``httpx.AsyncBaseTransport`` that carries the requests out instead of the network.
    connect_timeout, read_timeout
        Seconds to wait for a connection (10), and for the next piece of a response (60).
    total_timeout
        Seconds for one request altogether (300), however slowly its response arrives.
    largest_response
        Bytes that one response may have, decompressed (256 MiB).
    retries
        How often a GET is repeated after a passing failure (5).
    in_flight
        How many requests may be under way at once (12).
    budget_requests, budget_seconds
        At most this many requests (250) in any period of this many seconds (10); None requests for no limit. The
        API's own limit counts for all RealtimeKit calls of an account together: give less where others use it too.
    per_page
        Page size to ask for (100).
    cache
        Where the documents of ended sessions are kept, so that a call is fetched once: the platform's cache folder by
        default (or the one that ``RTKIT_CACHE`` names), a folder, or False for none. It holds personal data;
        ``app.cache`` says where it is, and ``app.cache.clear()`` empties it.
    progress
        False shows neither bars nor waiting times.

    Returns
    -------
    App
        Its methods give tables and calls.

    Raises
    ------
    MissingCredentialsError
        Naming what is missing and both ways to give it.
    InvalidArgumentError
        If a value cannot mean anything.
    """
    return App(**options)


def replay(folder: str | os.PathLike[str], *, progress: bool = True) -> App:
    """
    Open saved calls as an app: the same methods, without network or credentials.

    Parameters
    ----------
    folder
        A folder of session folders, or one of them, as :meth:`Call.save` writes them.
    progress
        False shows no bars.

    Returns
    -------
    App
        Serving what is saved.

    Raises
    ------
    SavedCallError
        If no saved call is there.
    """
    from rtkit_explore.store.replay import ReplayTransport

    transport = ReplayTransport(folder)
    return App.from_transport(transport, source=f"replaying {folder}", progress=progress)


def load(*files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Call:
    """
    Read peer-report documents from files, as one call.

    Parameters
    ----------
    files
        Paths, patterns such as ``"reports/*.json"``, folders, or lists of these. Each file is one answer of the
        peer-report call.

    Returns
    -------
    Call
        Of everyone whose report was given.

    Raises
    ------
    SavedCallError
        If a file is absent or cannot be read.
    NotADocumentError
        If none is a peer report, or they belong to different sessions.
    """
    from rtkit_explore.call import Call
    from rtkit_explore.store.load_files import load_documents

    return Call(load_documents(files))
