"""The documents of a simulated app, as the server of the nine calls asks for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.serving.api import Participants
from rtkit_explore.serving.messages import RequestError, Response, success

if TYPE_CHECKING:
    from rtkit_explore.serving.api import Kind
    from rtkit_explore.simulator.app import SimulatedApp
    from rtkit_explore.simulator.schedule import ScheduledSession

Row = dict[str, Any]
VIEW_TYPES = {"webinar": "WEBINAR", "meeting": "GROUP_CALL", "breakout": "GROUP_CALL"}
FILTERED = {
    "device_info": ("browser_metadata", "device_info", "native_metadata"),
    "ip_information": ("ip_information",),
    "precall_network_information": ("pc_metadata",),
    "events": ("events",),
    "quality_stats": ("candidate_pairs",),
}
"""What each filter leaves of a report's metadata."""


class SimulatedBackend:
    """
    A simulated app behind the server of the nine calls.

    Parameters
    ----------
    app
        The app.
    """

    def __init__(self, app: SimulatedApp) -> None:
        self._app = app

    def _scheduled(self, session_id: str) -> ScheduledSession:
        found = self._app.booked(session_id)
        if found is None:
            raise RequestError(404, "Session not found")
        return found

    def sessions(self, *, first_page: bool) -> list[Row]:  # noqa: ARG002 - the app stands still
        """List all sessions."""
        return [self._app.session_document(one.session_id) for one in self._app.all_booked()]

    def session(self, session_id: str, *, breakout_rooms: bool) -> Row:
        """Return one session, with its breakout rooms if asked for."""
        scheduled, document = self._scheduled(session_id), self._app.session_document(session_id)
        if breakout_rooms:
            rooms = [(room, self._app.session_document(room)) for room in scheduled.rooms]
            document["breakout_rooms"] = [
                {"id": room, "title": it["meeting_display_name"], "participants": it["max_concurrent_participants"]}
                for room, it in rooms
            ]
        return document

    def participants(self, session_id: str, *, peer_events: bool | None, view: str) -> Participants:
        """Return the participants of a session in the order of joining."""
        scheduled, rows = self._scheduled(session_id), self._app.participant_documents(session_id)
        if view == "consolidated":
            rows = consolidated(rows)
        return Participants([_with_events(row, scheduled) for row in rows] if peer_events else rows)

    def peer_report(self, peer_id: str, *, peer_events: bool | None, filters: str | None) -> Response:
        """Return a report, which is written when its participant leaves."""
        session_id = self._app.session_of(peer_id)
        if session_id is None:
            raise RequestError(404, "Peer not found")
        row = next(one for one in self._app.participant_documents(session_id) if one["id"] == peer_id)
        body = self._app.call(session_id).reports.get(peer_id) if "left_at" in row else None
        if body is None:
            raise RequestError(404, "Peer report not found")
        if filters is None and not peer_events:
            return Response(200, body)
        try:
            participant = msgspec.json.decode(body)["data"]["participant"]
        except msgspec.DecodeError:
            # One of the scenarios is a broken report; no filter mends it.
            return Response(200, body)
        if peer_events:
            participant = _with_events(participant, self._scheduled(session_id))
        if filters is not None:
            report = participant["peer_report"]
            slim: Row = {"metadata": {k: v for k, v in report["metadata"].items() if k in FILTERED[filters]}}
            if filters == "quality_stats":
                slim["quality"] = report["quality"]
            participant = {**participant, "peer_report": slim}
        return Response(200, success({"participant": participant}))

    def has_download(self, session_id: str, kind: Kind, form: str) -> None:  # noqa: ARG002 - every format is made
        """Raise if there is no such download, or it has expired."""
        scheduled = self._scheduled(session_id)
        if kind == "summary":
            there = self._app.has_summary(session_id)
        else:
            there = self._app.has_texts(session_id) and (kind == "chat" or scheduled.talked)
        if not there:
            what = {"chat": "Chat messages", "transcript": "Transcript", "summary": "Summary"}[kind]
            raise RequestError(404, f"{what} not found")

    def download(self, session_id: str, kind: Kind, form: str) -> bytes:
        """Return a download's content."""
        self._scheduled(session_id)
        call = self._app.call(session_id)
        if kind == "chat":
            return call.chat or b""
        return (call.summary or "").encode() if kind == "summary" else call.transcripts[form]

    def generate_summary(self, session_id: str) -> str:
        """Request a summary; there has to be something to summarize."""
        if not self._scheduled(session_id).talked or not self._app.has_texts(session_id):
            raise RequestError(404, "Transcript not found")
        self._app.summarise(session_id)
        return "QUEUED"


def consolidated(rows: list[Row]) -> list[Row]:
    """Join all of a user's stays into one row: the first arrival, the last leaving, the minutes together."""
    joined: dict[str, Row] = {}
    for row in rows:
        known = joined.get(row["user_id"])
        if known is None:
            joined[row["user_id"]] = dict(row)
            continue
        known["id"] = row["id"]
        known["duration"] = round(known["duration"] + row["duration"], 4)
        known["updated_at"] = row["updated_at"]
        known.pop("left_at", None)
        if "left_at" in row:
            known["left_at"] = row["left_at"]
    return list(joined.values())


def _with_events(row: Row, scheduled: ScheduledSession) -> Row:
    return {**row, "peer_events": peer_events(row, scheduled.session_id, scheduled.kind)}


def peer_events(row: Row, session_id: str, kind: str) -> list[Row]:
    """Write the lifecycle of a participant id: created, joining, and leaving once it has left."""
    moments = [("PEER_CREATED", row["created_at"]), ("PEER_JOINING", row["joined_at"])]
    if row.get("left_at"):
        moments.append(("PEER_LEAVING", row["left_at"]))
    return [
        {
            "id": _made_id(row["id"], name),
            "created_at": at,
            "event_name": name,
            "minutes_consumed": row["duration"] if name == "PEER_LEAVING" else 0,
            "participant_id": row["id"],
            "peer_id": row["id"],
            "preset_view_type": VIEW_TYPES[kind],
            "session_id": session_id,
            "socket_session_id": _made_id(row["id"], "socket"),
            "updated_at": at,
        }
        for name, at in moments
    ]


def _made_id(*parts: str) -> str:
    digits = hashlib.sha256(" ".join(parts).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
