"""A small HTTP server that speaks the sessions API from documents at hand, with faults that can be switched on."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlencode

from rtkit_explore.serving.api import DOWNLOADS, Credentials, Links, Participants, SessionsApi
from rtkit_explore.serving.listing import Paging
from rtkit_explore.serving.messages import Request, RequestError, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rtkit_explore.serving.api import Kind

TOKEN = "tok-5ecret-0123456789"
ACCOUNT = "acc1"
APP = "app1"
SIGNATURE = "signature="


@dataclass
class Recorded:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Fault:
    """What goes wrong, with requests whose path matches, for so many times."""

    kind: Literal["status", "slow", "cut", "broken", "refuse", "reset"]
    path: str = ""
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = "made to fail"
    method: str = ""


class DocumentsBackend:
    """Documents at hand, as the server of the nine calls asks for them."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._served = {"sessions": 0, "participants": 0}

    def _before(self, key: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let a test change the rows between two pages."""
        listed = list(rows)
        if key in self._server.before_page:
            self._server.before_page[key](self._served[key], listed)
        self._served[key] += 1
        return listed

    def _known(self, session_id: str) -> dict[str, Any]:
        if session_id not in self._server.sessions:
            raise RequestError(404, f"not found: {session_id}")
        return self._server.sessions[session_id]

    def sessions(self, *, first_page: bool) -> list[dict[str, Any]]:
        rows = self._before("sessions", list(self._server.sessions.values()))
        self._server.sessions = {row["id"]: row for row in rows}
        return rows

    def session(self, session_id: str, *, breakout_rooms: bool) -> dict[str, Any]:
        row = self._known(session_id)
        return row if self._server.session_shape == "data" else {"session": row}

    def participants(self, session_id: str, *, peer_events: bool | None, view: str) -> Participants:
        self._known(session_id)
        return Participants(self._before("participants", self._server.participants[session_id]))

    def peer_report(self, peer_id: str, *, peer_events: bool | None, filters: str | None) -> Response:
        if peer_id not in self._server.reports:
            raise RequestError(404, f"not found: {peer_id}")
        return Response(200, self._server.reports[peer_id])

    def has_download(self, session_id: str, kind: Kind, form: str) -> None:
        self._known(session_id)
        if self._key(session_id, kind, form) not in self._server.files:
            raise RequestError(404, f"not found: {kind}")

    @staticmethod
    def _key(session_id: str, kind: Kind, form: str) -> tuple[str, str]:
        return session_id, f"{kind}.{form}" if kind == "transcript" else kind

    def download(self, session_id: str, kind: Kind, form: str) -> bytes:
        return self._server.files[self._key(session_id, kind, form)]

    def generate_summary(self, session_id: str) -> str:
        self._known(session_id)
        return "PENDING"


class ApiServer:
    """The server; a context manager that starts and stops it."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.participants: dict[str, list[dict[str, Any]]] = {}
        self.reports: dict[str, bytes] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.before_page: dict[str, Callable[[int, list[dict[str, Any]]], None]] = {}
        self.canned: dict[str, bytes] = {}
        self.session_shape: Literal["data", "session"] = "data"
        self.expired_links = 0
        self.redirect_downloads = False
        self.redirect_to = b""
        self.compress = True
        self.started = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> None:
                outer._handle(self)

            def do_POST(self) -> None:
                outer._handle(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
        self.api = SessionsApi(
            DocumentsBackend(self),
            Links(f"http://127.0.0.1:{self._server.server_address[1]}", b"secret"),
            Credentials(ACCOUNT, APP, TOKEN),
            sessions_paging=Paging(largest=1000, usual=20),
            participants_paging=Paging(largest=1000, usual=20, place="data"),
            error_form="error",
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/client/v4"

    def open_folder(self, folder: Path) -> None:
        """Serve a saved call."""
        session = json.loads((folder / "session.json").read_bytes())["data"]
        self.sessions[session["id"]] = session
        listed = json.loads((folder / "participants.json").read_bytes())["data"]["participants"]
        self.participants[session["id"]] = listed
        for path in folder.glob("peer-report-*.json"):
            self.reports[path.stem.removeprefix("peer-report-")] = path.read_bytes()

    def make_sessions(self, count: int) -> list[str]:
        """Serve sessions that have nothing but an id and a time, newest first."""
        made = [
            {"id": f"s{number:04d}", "created_at": f"2026-11-{30 - number // 24:02d}T{23 - number % 24:02d}:00:00.000Z"}
            for number in range(count)
        ]
        self.sessions = {row["id"]: row for row in made}
        return [row["id"] for row in made]

    def make_participants(self, session_id: str, count: int) -> list[str]:
        """Serve participants that have nothing but an id."""
        self.sessions.setdefault(session_id, {"id": session_id, "status": "ENDED"})
        self.participants[session_id] = [
            {"id": f"p{number:04d}", "display_name": f"P{number}"} for number in range(count)
        ]
        return [row["id"] for row in self.participants[session_id]]

    def seen(self, pattern: str = "") -> list[Recorded]:
        """List the requests whose path matches."""
        return [request for request in self.requests if re.search(pattern, request.path)]

    # Answering

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        asked = Request.of(handler.command, handler.path, handler.headers)
        request = Recorded(asked.method, handler.path.partition("?")[0], dict(asked.query), dict(asked.headers))
        with self._lock:
            self.requests.append(request)
        self.started.set()
        fault = self._fault(request)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault is not None and fault.kind == "reset":
            handler.close_connection = True
            handler.connection.close()
            return
        if fault is not None and fault.kind == "status":
            response = RequestError(fault.status, fault.message).response(self.api.error_form)
            response.headers |= fault.headers
        else:
            response = self._respond(asked, request.path)
        if fault is not None and fault.kind == "broken":
            response.body = response.body[: len(response.body) // 2]
        self._send(handler, request, response, cut=fault is not None and fault.kind == "cut")

    def _respond(self, asked: Request, path: str) -> Response:
        for pattern, body in self.canned.items():
            if re.search(pattern, path):
                return Response(200, body)
        with self._lock:
            if asked.parts[:1] == ("moved",):
                asked = replace(asked, parts=asked.parts[1:])
            elif self.redirect_downloads and asked.parts[:1] == (DOWNLOADS,):
                where = self.redirect_to.decode("latin-1") or f"/moved{path}?{urlencode(asked.query)}"
                return Response(302, b"", {"location": where})
            expired = self.expired_links > 0
            self.api.links.minutes = -5 if expired else 60
            response = self.api.respond(asked)
            if expired and b"ownload" in response.body and asked.parts[:1] != (DOWNLOADS,):
                self.expired_links -= 1
            return response

    def _fault(self, request: Recorded) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                fits = re.search(fault.path, request.path) and fault.method in {"", request.method}
                if fits and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        request: Recorded,
        response: Response,
        *,
        cut: bool,
    ) -> None:
        headers, body = dict(response.headers), response.body
        if self.compress and "gzip" in request.headers.get("accept-encoding", "") and len(body) > 500:
            body = gzip.compress(body, compresslevel=1)
            headers = headers | {"Content-Encoding": "gzip"}
        handler.send_response(response.status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if cut:
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.close()
            return
        handler.wfile.write(body)
