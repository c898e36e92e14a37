"""
Serving saved calls as if they were the API: an innermost transport for the very same client.

What is served is what is saved; nothing is made up. A call that was not saved is a 404 that says so.
"""

from __future__ import annotations

import itertools
import json
import math
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import httpx

from rtkit_explore.api.responses import SAVED_FILE
from rtkit_explore.errors import PartialResultWarning
from rtkit_explore.store import saved_calls as layout

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

HOST: Final = "saved-calls.invalid"
"""Host of the download addresses of a replay; ``.invalid`` is reserved (RFC 2606), so it reaches nobody."""
PAGE_SIZE = 50
Row = dict[str, Any]


class _NotServedError(Exception):
    """Something that a replay answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ReplayTransport(httpx.AsyncBaseTransport):
    """
    An httpx transport that answers the nine calls from folders.

    Parameters
    ----------
    folder
        A saved call, or a folder of saved calls. Looked at again whenever an id is not known yet.

    Raises
    ------
    SavedCallError
        If it holds no saved call.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._root = Path(folder).expanduser()
        self._folders: dict[str, Path] = {}
        self._scan()

    def __repr__(self) -> str:
        """Say what is replayed."""
        return f"ReplayTransport({str(self._root)!r}, {len(self._folders)} saved calls)"

    def downloads_of(self, session_id: str) -> frozenset[str]:
        """Tell which of "chat", "transcript" and "summary" are saved with a session; none where it is not saved."""
        try:
            folder = self._folder(session_id)
        except _NotServedError:
            return frozenset()
        files = {layout.CHAT: "chat", layout.SUMMARY: "summary"} | dict.fromkeys(
            layout.TRANSCRIPTS.values(), "transcript"
        )
        return frozenset(kind for name, kind in files.items() if (folder / name).is_file())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the files."""
        try:
            if request.url.host == HOST:
                return httpx.Response(200, content=self._file(_parts(request.url)))
            content = self._answer(request)
        except _NotServedError as error:
            stated = {"success": False, "error": {"code": error.status, "message": str(error)}}
            return httpx.Response(error.status, json=stated)
        except OSError as error:
            message = f"a saved file cannot be read: {error.strerror or type(error).__name__}"
            return httpx.Response(400, json={"success": False, "error": {"code": 400, "message": message}})
        # Were the file damaged, the client can name it.
        saved = self._saved_file(request.url)
        return httpx.Response(
            200, content=content, headers={"Content-Type": "application/json"}, extensions={SAVED_FILE: saved}
        )

    def _saved_file(self, url: httpx.URL) -> str | None:
        """Name the file that an answer comes from."""
        parts = _parts(url)
        match parts[parts.index("kit") + 2 :] if "kit" in parts else parts:
            case ["sessions", "peer-report", peer_id]:
                path = self._report(peer_id)
            case ["sessions", session_id]:
                path = self._folder(session_id) / layout.SESSION
            case ["sessions", session_id, "participants", *_]:
                path = self._folder(session_id) / layout.PARTICIPANTS
            case _:
                return None
        return f"{path.parent.name}/{path.name}"

    def _answer(self, request: httpx.Request) -> bytes:
        parts = _parts(request.url)
        # …/realtime/kit/<app id>/sessions/…
        start = parts.index("kit") + 2 if "kit" in parts else 0
        asked = dict(request.url.params)
        match parts[start:]:
            case ["sessions"]:
                content = self._sessions(asked)
            case ["sessions", "peer-report", peer_id]:
                content = self._peer_report(peer_id, asked)
            case ["sessions", session_id]:
                content = self._session(self._folder(session_id), session_id)
            case ["sessions", session_id, "participants"]:
                content = self._participants(self._folder(session_id), asked)
            case ["sessions", session_id, "participants", participant_id]:
                content = self._participant(self._folder(session_id), participant_id, asked)
            case ["sessions", session_id, "summary"] if request.method == "POST":
                self._folder(session_id)
                message = "this is a replay of saved documents, which cannot write a new summary: use connect()"
                raise _NotServedError(405, message)
            case ["sessions", session_id, "chat" | "transcript" | "summary" as kind]:
                content = self._link(session_id, kind, asked.get("format", "CSV"))
            case _:
                message = f"a replay serves no {request.method} {request.url.path}"
                raise _NotServedError(404, message)
        return content

    # Finding files

    def _scan(self) -> None:
        self._folders = {}
        for folder in layout.call_folders(self._root):
            # The first of two copies of a session is served.
            self._folders.setdefault(layout.session_id_of(folder), folder)

    def _folder(self, session_id: str) -> Path:
        if session_id not in self._folders:
            self._scan()
        if session_id not in self._folders:
            message = f"session {session_id} is not among the {len(self._folders)} saved in {self._root}"
            raise _NotServedError(404, message)
        return self._folders[session_id]

    def _report(self, peer_id: str) -> Path:
        for folder in self._folders.values():
            path = folder / layout.report_name(peer_id)
            if path.is_file():
                return path
        message = f"no report of peer {peer_id} is saved in {self._root}"
        raise _NotServedError(404, message)

    def _file(self, parts: list[str]) -> bytes:
        if len(parts) != 2 or parts[1] not in {layout.CHAT, layout.SUMMARY, *layout.TRANSCRIPTS.values()}:
            message = "a replay serves no such file"
            raise _NotServedError(404, message)
        return (self._folder(parts[0]) / parts[1]).read_bytes()

    # The calls

    def _sessions(self, asked: dict[str, str]) -> bytes:
        self._scan()
        rows = [_session_row(folder, session_id) for session_id, folder in self._folders.items()]
        for session_id, folder in self._folders.items():
            path = folder / layout.SESSION
            if path.is_file() and not layout.data_of(path.read_bytes()):
                message = (
                    f"the saved file {folder.name}/{path.name} is damaged: of session {session_id} only the id is known"
                )
                warnings.warn(message, PartialResultWarning, stacklevel=2)
        kept = [row for row in rows if _session_fits(row, self._folders[str(row["id"])], asked)]
        key: Callable[[Row], Any] = _minutes if asked.get("sort_by") == "minutesConsumed" else _created
        kept.sort(key=key, reverse=asked.get("sort_order", "DESC") != "ASC")
        page, paging = _page(kept, asked)
        return _dump({"success": True, "data": {"sessions": page}, "paging": paging})

    def _session(self, folder: Path, session_id: str) -> bytes:
        path = folder / layout.SESSION
        if path.is_file():
            return path.read_bytes()
        return _dump({"success": True, "data": {"id": session_id}})

    def _participants(self, folder: Path, asked: dict[str, str]) -> bytes:
        path = folder / layout.PARTICIPANTS
        if path.is_file():
            content = path.read_bytes()
            rows = layout.data_of(content).get("participants")
            if not isinstance(rows, list):
                # Broken as it is: the client says so.
                return content
        else:
            content = b""
            rows = [_report_row(report) for report in layout.report_files(folder).values()]
        kept = [row for row in rows if _matches(row, asked.get("search"), _PARTICIPANT_SEARCHED)]
        if "sort_by" in asked or "sort_order" in asked:
            sort = _number_of("duration") if asked.get("sort_by") == "duration" else _time_of("joined_at")
            kept.sort(key=sort, reverse=asked.get("sort_order", "ASC") == "DESC")
        if asked.get("include_peer_events") == "false":
            kept = [{name: value for name, value in row.items() if name != "peer_events"} for row in kept]
        page, paging = _page(kept, asked)
        if content and page == rows:
            # Whole and in order: as it was saved, to the byte.
            return content
        return _dump({"success": True, "data": {"participants": page, "paging": paging}})

    def _participant(self, folder: Path, participant_id: str, asked: dict[str, str]) -> bytes:
        content = self._participants(folder, {"per_page": str(10**9)} | asked)
        listed = layout.data_of(content).get("participants")
        if not isinstance(listed, list):
            return content
        for row in listed:
            if isinstance(row, dict) and row.get("id") == participant_id:
                return _dump({"success": True, "data": {"participant": row}})
        message = f"participant {participant_id} is not saved in {folder.name}"
        raise _NotServedError(404, message)

    def _peer_report(self, peer_id: str, asked: dict[str, str]) -> bytes:
        content = self._report(peer_id).read_bytes()
        if asked.get("include_peer_events") == "false" and b'"peer_events"' in content:
            try:
                answer = json.loads(content)
                layout.participant_of(answer["data"]).pop("peer_events", None)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return content
            return _dump(answer)
        # What filters do to a report is not documented, so the report stays whole.
        return content

    def _link(self, session_id: str, kind: str, form: str) -> bytes:
        folder = self._folder(session_id)
        names = {"chat": layout.CHAT, "summary": layout.SUMMARY}
        name = names.get(kind) or {str(key): value for key, value in layout.TRANSCRIPTS.items()}.get(form, "")
        if not name or not (folder / name).is_file():
            message = f"no {kind} is saved with session {session_id}"
            saved = [key for key, value in layout.TRANSCRIPTS.items() if (folder / value).is_file()]
            if kind == "transcript" and saved:
                message = f"the transcript of session {session_id} is saved as {' and '.join(saved)}, not as {form}"
            raise _NotServedError(404, message)
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        url = f"https://{HOST}/{quote(session_id, safe='')}/{name}"
        if kind == "summary":
            data = {"sessionId": session_id, "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": until}
        else:
            data = {f"{kind}_download_url": url, f"{kind}_download_url_expiry": until}
        return _dump({"success": True, "data": data})


_SESSION_SEARCHED = ("meeting_display_name", "associated_id", "id")
_PARTICIPANT_SEARCHED = ("id", "custom_participant_id", "display_name")


def _parts(url: httpx.URL) -> list[str]:
    """Split the path before its pieces are unquoted, so that an id may hold a slash."""
    return [unquote(part) for part in url.raw_path.decode().split("?")[0].split("/") if part]


def _dump(answer: object) -> bytes:
    return json.dumps(answer).encode()


def _session_row(folder: Path, session_id: str) -> Row:
    path = folder / layout.SESSION
    data = layout.data_of(path.read_bytes()) if path.is_file() else {}
    return {**layout.session_of(data), "id": session_id}


def _report_row(path: Path) -> Row:
    """Describe a participant from the report alone, where no list was saved."""
    row = layout.participant_of(layout.data_of(path.read_bytes()))
    left_out = {"peer_report", "peer_stats", "quality_stats", "session_id"}
    peer_id = layout.report_files(path.parent)
    known = next(key for key, value in peer_id.items() if value == path)
    return {"id": known} | {name: value for name, value in row.items() if name not in left_out}


def _session_fits(row: Row, folder: Path, asked: dict[str, str]) -> bool:
    for name in ("status", "associated_id"):
        if name in asked and str(row.get(name)) != asked[name]:
            return False
    began = _time_of("started_at")(row) or _time_of("created_at")(row)
    start, end = _moment(asked.get("start_time")), _moment(asked.get("end_time"))
    if (start and not (began and began >= start)) or (end and not (began and began <= end)):
        return False
    if "participants" in asked:
        least, most = (int(bound) for bound in asked["participants"].split(":"))
        if not least <= _head_count(row, folder) <= most:
            return False
    return _matches(row, asked.get("search"), _SESSION_SEARCHED)


def _head_count(row: Row, folder: Path) -> float:
    stated = row.get("max_concurrent_participants")
    if isinstance(stated, int | float):
        return stated
    return len(layout.report_files(folder))


def _matches(row: Any, search: str | None, searched: Iterable[str]) -> bool:
    if search is None:
        return True
    wanted = search.casefold()
    return isinstance(row, dict) and any(wanted in str(row.get(name) or "").casefold() for name in searched)


def _moment(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip().strip('"'))
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _time_of(name: str) -> Callable[[Any], float]:
    return lambda row: (_moment(row.get(name)) or 0.0) if isinstance(row, dict) else 0.0


def _number_of(name: str) -> Callable[[Any], float]:
    def number(row: Any) -> float:
        value = row.get(name) if isinstance(row, dict) else None
        return float(value) if isinstance(value, int | float) and not math.isnan(value) else 0.0

    return number


_created = _time_of("created_at")
_minutes = _number_of("minutes_consumed")


def _page(rows: list[Row], asked: dict[str, str]) -> tuple[list[Row], dict[str, int]]:
    """Cut a page, counted from 1; page 0 is the first one too."""
    size = max(int(asked.get("per_page", PAGE_SIZE)), 1)
    first = (max(int(asked.get("page_no", 1)), 1) - 1) * size
    page = list(itertools.islice(rows, first, first + size))
    return page, {
        "total_count": len(rows),
        "start_offset": first + 1 if page else 0,
        "end_offset": first + len(page),
    }
