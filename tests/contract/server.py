"""A small HTTP server that speaks the sessions API from documents at hand, with faults that can be switched on."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKEN = "tok-5ecret-0123456789"
ACCOUNT = "acc1"
APP = "app1"
SIGNATURE = "X-Signature=5ign4ture"


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


@dataclass
class Paging:
    """How lists are cut into pages."""

    base: int = 1
    place: Literal["top", "data", "absent"] = "top"
    largest: int = 1000
    default_size: int = 20
    offset_by_asked: bool = False
    page_zero: Literal["first", "empty", "refused"] = "first"
    too_large: Literal["cut", "refused"] = "cut"
    behind: Literal["empty", "last", "refused"] = "empty"
    before_page: Callable[[int, list[dict[str, Any]]], None] | None = None
    total_off: int = 0


class ApiServer:
    """The server; a context manager that starts and stops it."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.participants: dict[str, list[dict[str, Any]]] = {}
        self.reports: dict[str, bytes] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.paging = {"sessions": Paging(), "participants": Paging(place="data")}
        self.error_form: Literal["error", "errors"] = "error"
        self.session_shape: Literal["data", "session"] = "data"
        self.camel = False
        self.expired_links = 0
        self.redirect_downloads = False
        self.compress = True
        self.started = threading.Event()
        self._served = {"sessions": 0, "participants": 0}
        self._links = itertools.count()
        self._good_links: dict[str, tuple[str, str]] = {}
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
            {"id": f"s{number:04d}", "created_at": f"2026-11-01T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"}
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
        parts = urlsplit(handler.path)
        request = Recorded(
            handler.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in handler.headers.items()},
        )
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
            status, headers, body = self._error(fault.status, fault.message, fault.headers)
        else:
            status, headers, body = self._answer(request)
        if fault is not None and fault.kind == "broken":
            body = body[: len(body) // 2]
        self._send(handler, request, status, headers, body, cut=fault is not None and fault.kind == "cut")

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
        status: int,
        headers: dict[str, str],
        body: bytes,
        *,
        cut: bool,
    ) -> None:
        if self.compress and "gzip" in request.headers.get("accept-encoding", "") and len(body) > 500:
            body = gzip.compress(body, compresslevel=1)
            headers = headers | {"Content-Encoding": "gzip"}
        handler.send_response(status)
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

    def _error(
        self, status: int, message: str, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        if self.error_form == "error":
            answer: dict[str, Any] = {"success": False, "error": {"code": status, "message": message}}
        else:
            answer = {"success": False, "errors": [{"code": status, "message": message}]}
        return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(answer).encode()

    def _answer(self, request: Recorded) -> tuple[int, dict[str, str], bytes]:
        if request.path.startswith("/presigned/"):
            return self._presigned(request)
        prefix = f"/client/v4/accounts/{ACCOUNT}/realtime/kit/"
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._error(401, "Authentication failed")
        if not request.path.startswith(prefix + APP + "/"):
            return self._error(403, "No access to this app")
        route = [unquote(part) for part in request.path.removeprefix(prefix + APP + "/").split("/")]
        json_type = {"Content-Type": "application/json"}
        try:
            body = self._route(request, route)
        except KeyError as error:
            return self._error(404, f"not found: {error.args[0]}")
        except _Refused as error:
            return self._error(400, str(error))
        return 200, json_type, body

    def _route(self, request: Recorded, route: list[str]) -> bytes:
        match route:
            case ["sessions"]:
                return self._list("sessions", self.sessions, request.query)
            case ["sessions", "peer-report", peer_id]:
                return self.reports[peer_id]
            case ["sessions", session_id]:
                row = self.sessions[session_id]
                data = row if self.session_shape == "data" else {"session": row}
                return json.dumps({"success": True, "data": data}).encode()
            case ["sessions", session_id, "participants"]:
                return self._list(
                    "participants", {row["id"]: row for row in self.participants[session_id]}, request.query
                )
            case ["sessions", session_id, "participants", participant_id]:
                row = {row["id"]: row for row in self.participants[session_id]}[participant_id]
                return json.dumps({"success": True, "data": {"participant": row}}).encode()
            case ["sessions", session_id, "summary"] if request.method == "POST":
                data = {"session_id": self.sessions[session_id]["id"], "status": "PENDING"}
                return json.dumps({"success": True, "data": data}).encode()
            case ["sessions", session_id, "chat" | "transcript" | "summary" as kind]:
                return self._link(self.sessions[session_id]["id"], kind, request.query.get("format", "CSV"))
        raise KeyError(request.path)

    def _list(self, key: str, rows: dict[str, dict[str, Any]], query: dict[str, str]) -> bytes:
        paging = self.paging[key]
        listed = list(rows.values())
        if paging.before_page is not None:
            paging.before_page(self._served[key], listed)
            if key == "sessions":
                self.sessions = {row["id"]: row for row in listed}
        self._served[key] += 1
        asked = int(query.get("per_page", paging.default_size))
        if asked > paging.largest and paging.too_large == "refused":
            msg = f"per_page must not be above {paging.largest}"
            raise _Refused(msg)
        size = min(asked, paging.largest)
        number = int(query.get("page_no", paging.base)) - paging.base
        if number < 0:
            if paging.page_zero == "refused":
                msg = "page_no must be at least 1"
                raise _Refused(msg)
            number = 0 if paging.page_zero == "first" else 10**6
        start = number * (asked if paging.offset_by_asked else size)
        if start >= len(listed) and start and paging.behind == "refused":
            msg = "there is no such page"
            raise _Refused(msg)
        if start >= len(listed) and start and paging.behind == "last":
            start = (len(listed) - 1) // size * size
        page = listed[start : start + size]
        block = {
            "total_count": len(listed) + paging.total_off,
            "start_offset": start + 1 if page else 0,
            "end_offset": start + len(page),
        }
        answer: dict[str, Any] = {"success": True, "data": {key: page}}
        if paging.place == "top":
            answer["paging"] = block
        elif paging.place == "data":
            answer["data"]["paging"] = block
        return json.dumps(answer).encode()

    def _link(self, session_id: str, kind: str, form: str) -> bytes:
        file = (session_id, f"{kind}.{form}" if kind == "transcript" else kind)
        self.files[file]
        key = f"{next(self._links)}"
        if self.expired_links > 0:
            self.expired_links -= 1
        else:
            self._good_links[key] = file
        url = f"{self.url.removesuffix('/client/v4')}/presigned/{key}?{SIGNATURE}"
        until = "2026-11-21T00:00:00.000Z"
        if self.camel or kind == "summary":
            data = {"sessionId": session_id, f"{kind}DownloadUrl": url, f"{kind}DownloadUrlExpiry": until}
        else:
            data = {f"{kind}_download_url": url, f"{kind}_download_url_expiry": until}
        return json.dumps({"success": True, "data": data}).encode()

    def _presigned(self, request: Recorded) -> tuple[int, dict[str, str], bytes]:
        key = request.path.removeprefix("/presigned/")
        if request.query.get("X-Signature") != "5ign4ture":
            return 403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if self.redirect_downloads and not key.startswith("moved-"):
            return 302, {"Location": f"/presigned/moved-{key}?{SIGNATURE}"}, b""
        file = self._good_links.get(key.removeprefix("moved-"))
        if file is None:
            return (
                403,
                {"Content-Type": "application/xml"},
                b"<Error><Code>AccessDenied</Code>Request has expired</Error>",
            )
        return 200, {"Content-Type": "application/octet-stream"}, self.files[file]


class _Refused(Exception):
    """A 400."""
