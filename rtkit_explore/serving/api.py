"""
The nine calls of the sessions API over any source of documents: routing, lists, links to downloads, errors.

What is served stands behind :class:`Backend`; how the API behaves is here. A replay, the simulated app and the server
of the contract tests differ in their backends only.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast
from urllib.parse import quote

from rtkit_explore.serving.listing import Paging, invalid, pick_participants, pick_sessions
from rtkit_explore.serving.messages import RequestError, Response, success

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.serving.messages import ErrorForm, Request

Row = dict[str, Any]
Kind = Literal["chat", "transcript", "summary"]
FORMATS: Final = ("CSV", "JSON", "SRT", "VTT")
FILTERS: Final = ("device_info", "ip_information", "precall_network_information", "events", "quality_stats")
VIEWS: Final = ("raw", "consolidated")
DOWNLOADS: Final = "downloads"
NO_ROUTE: Final = "Could not route the request, perhaps your object identifier is invalid?"
_ENDINGS: Final = {"chat": "csv", "summary": "md"}
_TYPES: Final = {
    "chat.csv": "text/csv",
    "summary.md": "text/markdown",
    "transcript.csv": "text/csv",
    "transcript.json": "application/json",
    "transcript.srt": "application/x-subrip",
    "transcript.vtt": "text/vtt",
}


@dataclass(frozen=True)
class Participants:
    """
    The participants of a session.

    Attributes
    ----------
    rows
        One each, in the order of joining.
    original
        A response that holds exactly these rows, which is served untouched where all of them are asked for in order.
    notes
        What did not add up when they were fetched.
    """

    rows: list[Any]
    original: Response | None = None
    notes: tuple[str, ...] = ()


class Backend(Protocol):
    """Where the documents come from. What is not there raises :class:`RequestError` with status 404."""

    def sessions(self, *, first_page: bool) -> list[Row]:
        """List all sessions; what changes between pages of one list need not be seen before its first page."""

    def session(self, session_id: str, *, breakout_rooms: bool) -> Response | Row:
        """Return one session, as a response or as a record."""

    def participants(self, session_id: str, *, peer_events: bool | None, view: str) -> Participants | Response:
        """Return the participants of a session; the response as it is where it is broken, so that it holds no rows."""

    def peer_report(self, peer_id: str, *, peer_events: bool | None, filters: str | None) -> Response:
        """Return a report."""

    def has_download(self, session_id: str, kind: Kind, form: str) -> None:
        """Raise if there is no such download."""

    def download(self, session_id: str, kind: Kind, form: str) -> bytes:
        """Return a download's content."""

    def generate_summary(self, session_id: str) -> str:
        """Have a summary written; returns the state of the job."""


@dataclass
class Links:
    """
    Presigned addresses: whoever has one may download until it expires, without a token.

    Attributes
    ----------
    base
        Scheme and host.
    secret
        What signatures are made with.
    minutes
        How long an address is good for; negative ones have expired when they are handed out.
    now
        Tells the time.
    """

    base: str
    secret: bytes
    minutes: float = 60.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def sign(self, session_id: str, name: str) -> tuple[str, str]:
        """Return the address of a file, and until when it is good (ISO 8601)."""
        until = self.now() + timedelta(minutes=self.minutes)
        epoch = int(until.timestamp())
        signature = self.signature(session_id, name, epoch)
        url = f"{self.base}/{DOWNLOADS}/{quote(session_id, safe='')}/{name}?expires={epoch}&signature={signature}"
        return url, f"{until:%Y-%m-%dT%H:%M:%S}.000Z"

    def signature(self, session_id: str, name: str, epoch: int) -> str:
        """Sign a file and its expiry."""
        signed = f"{DOWNLOADS}/{session_id}/{name} {epoch}"
        return hmac.new(self.secret, signed.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def opened(self, request: Request) -> tuple[str, str]:
        """
        Return the session and the file that a presigned request names.

        Raises
        ------
        _StorageError
            Where it is not signed, has expired, or carries a token.
        """
        if "authorization" in request.headers:
            raise _StorageError(400, "OnlyOneAuthMechanismAllowed")
        expires = request.query.get("expires", "")
        if len(request.parts) != 3 or not (expires.isascii() and expires.isdigit()) or len(expires) > 12:
            raise _StorageError(403, "SignatureDoesNotMatch")
        _, session_id, name = request.parts
        if not hmac.compare_digest(
            request.query.get("signature", "").encode(), self.signature(session_id, name, int(expires)).encode()
        ):
            raise _StorageError(403, "SignatureDoesNotMatch")
        if self.now().timestamp() > int(expires):
            raise _StorageError(403, "AccessDenied")
        return session_id, name


class _StorageError(Exception):
    """An error of the storage that holds the downloads, which speaks XML."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code

    def response(self) -> Response:
        body = f"<Error><Code>{self.code}</Code></Error>".encode()
        return Response(self.status, body, {"content-type": "application/xml"})


@dataclass(frozen=True)
class Credentials:
    """What a caller has to present."""

    account_id: str
    app_id: str
    token: str


@dataclass
class SessionsApi:
    """
    A server of the nine calls.

    Attributes
    ----------
    backend
        Where the documents come from.
    links
        Makes and checks the addresses of downloads.
    credentials
        What callers have to present; None accepts everyone.
    sessions_paging, participants_paging
        How the two lists are cut into pages.
    error_form
        Form of all errors; None takes the form that each of them has at the API.
    camel_case
        Whether the small answers about chat and transcript are spelled like that about the summary.
    """

    backend: Backend
    links: Links
    credentials: Credentials | None = None
    sessions_paging: Paging = field(default_factory=Paging)
    participants_paging: Paging = field(default_factory=lambda: Paging(place="data"))
    error_form: ErrorForm | None = None
    camel_case: bool = False
    _picked: tuple[list[Row], dict[str, str], list[Row]] = field(default=([], {}, []), repr=False)

    def respond(self, request: Request) -> Response:
        """
        Find out what is asked for, and by whom, and answer it.

        Returns
        -------
        Response
            Errors included.
        """
        try:
            if request.parts[:1] == (DOWNLOADS,):
                return self._download(request)
            answer = self._call(request, self._admitted(request))
        except _StorageError as error:
            return error.response()
        except RequestError as error:
            return error.response(self.error_form)
        return answer if isinstance(answer, Response) else Response(200, answer)

    def _admitted(self, request: Request) -> tuple[str, ...]:
        """Check credentials and return what follows ``sessions`` in the path."""
        parts = request.parts
        if self.credentials is not None:
            said = request.headers.get("authorization", "")
            if not said:
                raise RequestError(401, "Authorization header is missing", code=10001)
            if said != f"Bearer {self.credentials.token}":
                raise RequestError(403, "Authentication error", code=10000)
        # …/accounts/<account id>/realtime/kit/<app id>/sessions/…
        at = parts.index("accounts") if "accounts" in parts else len(parts)
        parts = parts[at:]
        if parts[2:4] != ("realtime", "kit") or parts[5:6] != ("sessions",):
            raise RequestError(404, NO_ROUTE, code=7003)
        if self.credentials is not None and parts[1] != self.credentials.account_id:
            raise RequestError(404, NO_ROUTE, code=7003)
        if self.credentials is not None and parts[4] != self.credentials.app_id:
            raise RequestError(404, "App not found")
        return parts[6:]

    def _call(self, request: Request, rest: tuple[str, ...]) -> bytes | Response:
        if request.method not in ("GET", "POST"):
            raise RequestError(405, "Method not allowed")
        match request.method, rest:
            case "POST", (session_id, "summary"):
                status = self.backend.generate_summary(session_id)
                return success({"session_id": session_id, "status": status})
            case "POST", _:
                raise RequestError(405, "Method not allowed")
            case "GET", ():
                return self._sessions(request)
            case "GET", ("peer-report", peer_id):
                return self._peer_report(request, peer_id)
            case "GET", (session_id,):
                found = self.backend.session(session_id, breakout_rooms=bool(request.wants("include_breakout_rooms")))
                return found if isinstance(found, Response) else success(found)
            case "GET", (session_id, "participants"):
                return self._participants(request, session_id)
            case "GET", (session_id, "participants", participant_id):
                return self._participant(request, session_id, participant_id)
            case "GET", (session_id, "chat" | "transcript" | "summary" as kind):
                return self._link(request, session_id, kind)
        raise RequestError(404, NO_ROUTE, code=7003)

    # The two lists

    def _sessions(self, request: Request) -> bytes:
        number = request.query.get("page_no", str(self.sessions_paging.first))
        listed = self.backend.sessions(first_page=number in ("0", str(self.sessions_paging.first)))
        asked = {name: value for name, value in request.query.items() if name not in ("page_no", "per_page")}
        # The pages of one long list are filtered and sorted once.
        if not (self._picked[0] is listed and self._picked[1] == asked):
            self._picked = (listed, asked, pick_sessions(listed, asked))
        page, block = self.sessions_paging.cut(self._picked[2], request.query)
        return _list("sessions", page, block, self.sessions_paging.place)

    def _listed(self, request: Request, session_id: str) -> Participants | Response:
        view = request.query.get("view", "raw")
        if view not in VIEWS:
            raise invalid("view must be raw or consolidated")
        return self.backend.participants(session_id, peer_events=request.wants("include_peer_events"), view=view)

    def _participants(self, request: Request, session_id: str) -> Response:
        found = self._listed(request, session_id)
        if isinstance(found, Response):
            return found
        rows = pick_participants(found.rows, request.query)
        page, block = self.participants_paging.cut(rows, request.query)
        if found.original is not None and len(page) == len(found.rows) and page == found.rows:
            return replace(found.original, notes=found.notes)
        body = _list("participants", page, block, self.participants_paging.place)
        return Response(200, body, notes=found.notes)

    def _participant(self, request: Request, session_id: str, participant_id: str) -> bytes | Response:
        found = self._listed(request, session_id)
        if isinstance(found, Response):
            return found
        for row in found.rows:
            if isinstance(row, dict) and row.get("id") == participant_id:
                return success({"participant": row})
        raise RequestError(404, "Participant not found")

    def _peer_report(self, request: Request, peer_id: str) -> Response:
        chosen = request.query.get("filters")
        if chosen is not None and chosen not in FILTERS:
            raise invalid(f"filters must be one of {', '.join(FILTERS)}")
        return self.backend.peer_report(peer_id, peer_events=request.wants("include_peer_events"), filters=chosen)

    # Downloads

    def _link(self, request: Request, session_id: str, kind: Kind) -> bytes:
        form = request.query.get("format", "CSV")
        if kind == "transcript" and form not in FORMATS:
            raise invalid(f"format must be one of {', '.join(FORMATS)}")
        self.backend.has_download(session_id, kind, form)
        url, until = self.links.sign(session_id, f"{kind}.{_ENDINGS.get(kind, form.lower())}")
        if kind == "summary" or self.camel_case:
            return success({"sessionId": session_id, f"{kind}DownloadUrl": url, f"{kind}DownloadUrlExpiry": until})
        named = {"sessionId": session_id} if kind == "transcript" else {}
        return success({**named, f"{kind}_download_url": url, f"{kind}_download_url_expiry": until})

    def _download(self, request: Request) -> Response:
        session_id, name = self.links.opened(request)
        if name not in _TYPES:
            raise _StorageError(404, "NoSuchKey")
        stem, _, ending = name.partition(".")
        content = self.backend.download(session_id, cast("Kind", stem), ending.upper())
        return Response(200, content, {"content-type": _TYPES[name]})


def _list(key: str, page: list[Any], block: dict[str, int], place: str) -> bytes:
    if place == "top":
        return success({key: page}, paging=block)
    return success({key: page, "paging": block} if place == "data" else {key: page})
