"""The API's nine calls over a simulated app: one routing core for the transport and the server."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.simulator.listing import consolidated, paged, peer_events, pick_participants, pick_sessions, wants

if TYPE_CHECKING:
    from rtkit_explore.simulator.app import SimulatedApp

FORMATS = ("CSV", "JSON", "SRT", "VTT")
TYPES = {"CSV": "text/csv", "JSON": "application/json", "SRT": "application/x-subrip", "VTT": "text/vtt"}
FILTERS = {
    "device_info": ("browser_metadata", "device_info", "native_metadata"),
    "ip_information": ("ip_information",),
    "precall_network_information": ("pc_metadata",),
    "events": ("events",),
    "quality_stats": ("candidate_pairs",),
}


@dataclass(frozen=True)
class Request:
    """A request: method, path, query and headers (names in lower case)."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Answer:
    """An answer: status, body and headers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


class Refusal(Exception):  # noqa: N818
    """A request that cannot be served; it carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def ok(data: object, *, paging: dict[str, int] | None = None) -> Answer:
    """Wrap data in the API's envelope, with paging beside it where the call has it there."""
    body: dict[str, Any] = {"success": True, "data": data}
    if paging is not None:
        body["paging"] = paging
    return Answer(200, msgspec.json.encode(body))


def error(status: int, message: str) -> Answer:
    """Make an error of the one form: a single ``error`` with code and message."""
    return Answer(status, msgspec.json.encode({"success": False, "error": {"code": status, "message": message}}))


def errors(status: int, code: int, message: str) -> Answer:
    """Make an error of the other form: a list of ``errors``."""
    told = {"code": code, "message": message, "documentation_url": "https://developers.example.com/errors"}
    return Answer(status, msgspec.json.encode({"success": False, "errors": [told]}))


def route(app: SimulatedApp, request: Request) -> Answer:
    """
    Find out what is asked for, and by whom, and answer it.

    Parameters
    ----------
    app
        The app that is asked.
    request
        What it is asked.

    Returns
    -------
    The answer, errors included.
    """
    try:
        if request.path.startswith("/downloads/"):
            return _download(app, request)
        return _call(app, request, _admitted(app, request))
    except Refusal as refusal:
        return refusal.answer


def _admitted(app: SimulatedApp, request: Request) -> list[str]:
    said = request.headers.get("authorization", "")
    if not said:
        raise Refusal(errors(401, 10001, "Authorization header is missing"))
    if said != f"Bearer {app.token}":
        raise Refusal(errors(403, 10000, "Authentication error"))
    parts = request.path.strip("/").split("/")
    at = parts.index("accounts") if "accounts" in parts else -1
    parts = parts[at:] if at >= 0 else []
    if parts[2:4] != ["realtime", "kit"] or parts[5:6] != ["sessions"]:
        raise Refusal(errors(404, 7003, "Could not route the request, perhaps your object identifier is invalid?"))
    if parts[1] != app.account_id:
        raise Refusal(errors(404, 7003, "Could not route the request, perhaps your object identifier is invalid?"))
    if parts[4] != app.app_id:
        raise Refusal(error(404, "App not found"))
    return parts[6:]


def _call(app: SimulatedApp, request: Request, rest: list[str]) -> Answer:
    method = request.method
    if method == "POST":
        match rest:
            case [session_id, "summary"]:
                return _summarise(app, _known(app, session_id))
        raise Refusal(error(405, "Method not allowed"))
    if method != "GET":
        raise Refusal(error(405, "Method not allowed"))
    match rest:
        case []:
            return _sessions(app, request)
        case ["peer-report", peer_id]:
            return _report(app, request, peer_id)
        case [session_id]:
            return _session(app, request, _known(app, session_id))
        case [session_id, "participants"]:
            return _participants(app, request, _known(app, session_id))
        case [session_id, "participants", participant_id]:
            return _participant(app, request, _known(app, session_id), participant_id)
        case [session_id, "chat"]:
            return _chat(app, _known(app, session_id))
        case [session_id, "transcript"]:
            return _transcript(app, request, _known(app, session_id))
        case [session_id, "summary"]:
            return _summary(app, _known(app, session_id))
    raise Refusal(errors(404, 7003, "Could not route the request, perhaps your object identifier is invalid?"))


def _known(app: SimulatedApp, session_id: str) -> str:
    if app.booked(session_id) is None:
        raise Refusal(error(404, "Session not found"))
    return session_id


def _checked(rows: list[dict[str, Any]] | str) -> list[dict[str, Any]]:
    """Pass rows on; a text says what was wrong with the query."""
    if isinstance(rows, str):
        raise Refusal(errors(400, 7400, rows))
    return rows


def _sessions(app: SimulatedApp, request: Request) -> Answer:
    rows = _checked(pick_sessions([app.session_document(b.session_id) for b in app.all_booked()], request.query))
    page = paged(rows, request.query, first=app.first_page, largest=app.largest_page, usual=app.default_page)
    if isinstance(page, str):
        raise Refusal(errors(400, 7400, page))
    return ok({"sessions": page[0]}, paging=page[1])


def _session(app: SimulatedApp, request: Request, session_id: str) -> Answer:
    document = app.session_document(session_id)
    booked = app.booked(session_id)
    if wants(request.query, "include_breakout_rooms") and booked is not None:
        document["breakout_rooms"] = [
            {
                "id": room,
                "title": app.session_document(room)["meeting_display_name"],
                "participants": app.session_document(room)["max_concurrent_participants"],
            }
            for room in booked.rooms
        ]
    return ok(document)


def _with_events(app: SimulatedApp, row: dict[str, Any], session_id: str) -> dict[str, Any]:
    booked = app.booked(session_id)
    kind = booked.kind if booked is not None else "meeting"
    return {**row, "peer_events": peer_events(row, session_id, kind)}


def _participants(app: SimulatedApp, request: Request, session_id: str) -> Answer:
    rows = app.participant_documents(session_id)
    view = request.query.get("view", "raw")
    if view not in ("raw", "consolidated"):
        raise Refusal(errors(400, 7400, "view must be raw or consolidated"))
    if view == "consolidated":
        rows = consolidated(rows)
    rows = _checked(pick_participants(rows, request.query))
    if wants(request.query, "include_peer_events"):
        rows = [_with_events(app, row, session_id) for row in rows]
    page = paged(rows, request.query, first=app.first_page, largest=app.largest_page, usual=app.default_page)
    if isinstance(page, str):
        raise Refusal(errors(400, 7400, page))
    return ok({"participants": page[0], "paging": page[1]})


def _participant(app: SimulatedApp, request: Request, session_id: str, participant_id: str) -> Answer:
    for row in app.participant_documents(session_id):
        if row["id"] == participant_id:
            found = _with_events(app, row, session_id) if wants(request.query, "include_peer_events") else row
            return ok({"participant": found})
    raise Refusal(error(404, "Participant not found"))


def _report(app: SimulatedApp, request: Request, peer_id: str) -> Answer:
    session_id = app.session_of(peer_id)
    if session_id is None:
        raise Refusal(error(404, "Peer not found"))
    chosen = request.query.get("filters")
    if chosen is not None and chosen not in FILTERS:
        raise Refusal(errors(400, 7400, f"filters must be one of {', '.join(FILTERS)}"))
    row = next(r for r in app.participant_documents(session_id) if r["id"] == peer_id)
    # a report is written when its participant leaves
    body = app.call(session_id).reports.get(peer_id) if "left_at" in row else None
    if body is None:
        raise Refusal(error(404, "Peer report not found"))
    events = wants(request.query, "include_peer_events")
    if chosen is None and not events:
        return Answer(200, body)
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return Answer(200, body)
    participant = document["data"]["participant"]
    if events:
        participant = _with_events(app, participant, session_id)
    if chosen is not None:
        report = participant["peer_report"]
        kept = {k: v for k, v in report["metadata"].items() if k in FILTERS[chosen]}
        slim: dict[str, Any] = {"metadata": kept}
        if chosen == "quality_stats":
            slim["quality"] = report["quality"]
        participant = {**participant, "peer_report": slim}
    return ok({"participant": participant})


def _chat(app: SimulatedApp, session_id: str) -> Answer:
    if not app.has_texts(session_id):
        raise Refusal(error(404, "Chat messages not found"))
    url, until = app.presign(f"/downloads/{session_id}/chat.csv")
    return ok({"chat_download_url": url, "chat_download_url_expiry": until})


def _transcript(app: SimulatedApp, request: Request, session_id: str) -> Answer:
    form = request.query.get("format", "CSV")
    if form not in FORMATS:
        raise Refusal(errors(400, 7400, f"format must be one of {', '.join(FORMATS)}"))
    booked = app.booked(session_id)
    if booked is None or not booked.talked or not app.has_texts(session_id):
        raise Refusal(error(404, "Transcript not found"))
    url, until = app.presign(f"/downloads/{session_id}/transcript.{form.lower()}")
    return ok({"sessionId": session_id, "transcript_download_url": url, "transcript_download_url_expiry": until})


def _summary(app: SimulatedApp, session_id: str) -> Answer:
    if not app.has_summary(session_id):
        raise Refusal(error(404, "Summary not found"))
    url, until = app.presign(f"/downloads/{session_id}/summary.md")
    return ok({"sessionId": session_id, "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": until})


def _summarise(app: SimulatedApp, session_id: str) -> Answer:
    booked = app.booked(session_id)
    if booked is None or not booked.talked or not app.has_texts(session_id):
        raise Refusal(error(404, "Transcript not found"))
    app.summarise(session_id)
    return ok({"session_id": session_id, "status": "QUEUED"})


def _download(app: SimulatedApp, request: Request) -> Answer:
    """Serve a presigned address: no token wanted, none tolerated."""

    def plain(status: int, text: str) -> Answer:
        return Answer(status, f"<Error><Code>{text}</Code></Error>".encode(), {"content-type": "application/xml"})

    if "authorization" in request.headers:
        return plain(400, "OnlyOneAuthMechanismAllowed")
    expires = request.query.get("expires", "")
    if not expires.isdigit() or request.query.get("signature") != app.signature(request.path, int(expires)):
        return plain(403, "SignatureDoesNotMatch")
    if app.now > dt.datetime.fromtimestamp(int(expires), dt.UTC):
        return plain(403, "AccessDenied")
    _, _, session_id, name = request.path.split("/")
    call = app.call(_known(app, session_id))
    if name == "chat.csv":
        return Answer(200, call.chat or b"", {"content-type": "text/csv"})
    if name == "summary.md":
        return Answer(200, (call.summary or "").encode(), {"content-type": "text/markdown"})
    form = name.rpartition(".")[2].upper()
    return Answer(200, call.transcripts[form], {"content-type": TYPES[form]})
