"""The simulated app over HTTP, on this machine only, with faults that can be switched on."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import msgspec

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.serving.messages import Request, RequestError, Response
from rtkit_explore.simulator.app import SimulatedApp
from rtkit_explore.simulator.faults import Faults
from rtkit_explore.simulator.transport import spoiled, with_fault

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
LARGEST_BODY = 2**20
"""Bytes that a request may have: only fault settings have a body at all."""
CONTROL = "/_faults"
"""Not part of the API: PUT replaces the faults by those of a JSON object, GET shows how many there were."""


class SimulatedServer:
    """
    A simulated app behind a port of this machine.

    Parameters
    ----------
    app
        The app to serve; None makes one of seed 0.
    port
        Port to listen on; 0 takes a free one.

    Attributes
    ----------
    app
        The app that is served.
    url
        What a client takes as its ``base_url``.
    """

    def __init__(self, app: SimulatedApp | None = None, *, port: int = 0) -> None:
        self.app = app if app is not None else SimulatedApp()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer((HOST, port), _handler(self))
        self._http.daemon_threads = True
        self._thread: threading.Thread | None = None
        self.app.base = f"http://{HOST}:{self.port}"
        self.url = f"{self.app.base}/client/v4"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    def start(self) -> SimulatedServer:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def run_forever(self) -> None:
        """Serve until interrupted."""
        try:
            self._http.serve_forever(0.2)
        finally:
            self._http.server_close()

    def stop(self) -> None:
        """Stop serving and give the port back."""
        self._http.shutdown()
        self._http.server_close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        """Start serving."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        """Respond to one request; the app is called by one thread at a time."""
        request = Request.of(method, target, headers)
        if request.path == CONTROL:
            return self._control(method, body)
        with self._lock:
            return self.app.respond(request)

    def _control(self, method: str, body: bytes) -> Response:
        if method == "PUT":
            try:
                self.app.faults = Faults.of(msgspec.json.decode(body))
            except (InvalidArgumentError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
                return RequestError(400, str(problem)).response()
        return Response(200, msgspec.json.encode({"made": self.app.faults.made}))


def _handler(server: SimulatedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "simulated"
        # body and headers are written apart; without this each response waits for the other side's acknowledgement
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            """Log nothing: a query may hold personal data."""

        def handle_one(self) -> None:
            length = self.headers.get("content-length") or "0"
            if not (length.isascii() and length.isdigit() and len(length) < 10) or int(length) > LARGEST_BODY:
                # How much to read is unknown, so nothing more can be read of this connection.
                self.close_connection = True
                self.reply(RequestError(400, "Content-Length must be a number of bytes").response())
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = "" if self.path.startswith(CONTROL) else server.app.faults.next()
            if fault == "slow":
                time.sleep(server.app.faults.slow_seconds)
            answer = with_fault(server.app, fault) or server.answer(self.command, self.path, headers, body)
            if fault == "broken_json" and "json" in answer.headers.get("content-type", ""):
                answer.body = spoiled(answer.body)  # a text that is spoilt looks like any other
            self.reply(answer, cut=fault == "cut")

        def reply(self, answer: Response, *, cut: bool = False) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if cut:
                self.close_connection = True
            self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815

    return Handler


def serve(
    port: int = 8787,
    *,
    seed: int = 0,
    faults: Faults | dict[str, Any] | None = None,
    app: SimulatedApp | None = None,
) -> SimulatedServer:
    """
    Make a server of a simulated app; ``.run_forever()`` serves in this thread, ``.start()`` in another.

    Parameters
    ----------
    port
        Port to listen on at 127.0.0.1; 0 takes a free one.
    seed
        Of the app, where none is given.
    faults
        What goes wrong: :class:`~rtkit_explore.simulator.faults.Faults`, or their values by name.
    app
        The app to serve.

    Returns
    -------
    The server, listening and not yet responding.

    Raises
    ------
    InvalidArgumentError
        If a fault is unknown.
    """
    chosen = app if app is not None else SimulatedApp(seed)
    if faults is not None:
        chosen.faults = faults if isinstance(faults, Faults) else Faults.of(faults)
    return SimulatedServer(chosen, port=port)
