"""
Serving saved calls as if they were the API: an innermost transport for the very same client.

What is served is what is saved; nothing is made up. A call that was not saved is a 404 that says so.
"""

from __future__ import annotations

import json
import secrets
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from rtkit_explore.api.responses import SAVED_FAILURE, SAVED_FILE, SAVED_PROBLEMS
from rtkit_explore.errors import PartialResultWarning
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.serving.api import Links, Participants, SessionsApi
from rtkit_explore.serving.listing import Paging
from rtkit_explore.serving.messages import Request, RequestError, Response, encoded
from rtkit_explore.store import saved_calls

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from rtkit_explore.serving.api import Kind

HOST: Final = "saved-calls.invalid"
"""Host of the download URLs of a replay; ``.invalid`` is reserved (RFC 2606), so it never resolves."""
Row = dict[str, Any]
_ELSEWHERE = (*saved_calls.REPORT_KEYS, "session_id")


class ReplayTransport(httpx.AsyncBaseTransport):
    """
    An httpx transport that serves the nine calls from folders.

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
        self._saved = SavedBackend(user_path(folder, "the folder of saved calls"))
        unlimited = 10**9
        self._api = SessionsApi(
            self._saved,
            Links(f"https://{HOST}", secrets.token_bytes(16)),
            sessions_paging=Paging(largest=unlimited, usual=50),
            participants_paging=Paging(largest=unlimited, usual=50, place="data"),
        )

    def __repr__(self) -> str:
        """Say what is replayed."""
        return f"ReplayTransport({str(self._saved.root)!r}, {len(self._saved)} saved calls)"

    def downloads_of(self, session_id: str) -> frozenset[str]:
        """Tell which of "chat", "transcript" and "summary" are saved with a session; none where it is not saved."""
        return self._saved.downloads_of(session_id)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond from the files."""
        asked = Request.of(request.method, request.url.raw_path.decode("ascii"), request.headers)
        try:
            response = self._api.respond(asked)
        except OSError as error:
            message = f"a saved file cannot be read: {error.strerror or type(error).__name__}"
            response = RequestError(400, message).response()
        # If the file turns out to be damaged, the client can name it.
        return httpx.Response(
            response.status,
            content=response.body,
            headers=response.headers,
            extensions=_extensions(response),
        )


def _extensions(response: Response) -> dict[str, Any]:
    if response.verbatim:
        return {SAVED_FAILURE: response.verbatim}
    found: dict[str, Any] = {SAVED_FILE: response.source} if response.source else {}
    return found | ({SAVED_PROBLEMS: response.notes} if response.notes else {})


@dataclass(frozen=True)
class _Indexed:
    """What is known of a saved call without reading its reports, as of a state of its session's file."""

    folder: Path
    stamp: tuple[int, int] | None
    session_id: str
    row: Row
    damaged: bool


class SavedBackend:
    """
    Saved calls behind the server of the nine calls.

    Parameters
    ----------
    root
        A saved call, or a folder of saved calls.

    Raises
    ------
    SavedCallError
        If it holds no saved call.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_folder: dict[Path, _Indexed] = {}
        self._by_session: dict[str, _Indexed] = {}
        self._folder_of_peer: dict[str, Path] = {}
        self._rows: list[Row] = []
        self._damaged: list[_Indexed] = []
        if not saved_calls.holds_any_call(root):
            saved_calls.call_folders(root)  # raises, and says why

    def __len__(self) -> int:
        """Count the sessions."""
        if not self._by_session:
            self._scan()
        return len(self._by_session)

    # Finding files

    def _scan(self) -> None:
        """Look at the folders again; a session's file is read again only if it has changed."""
        indexed: dict[Path, _Indexed] = {}
        for folder in saved_calls.call_folders(self.root):
            path = saved_calls.path_of(folder, saved_calls.SESSION)
            stamp = _stamp(path)
            known = self._by_folder.get(folder)
            indexed[folder] = (
                known if known is not None and stamp and known.stamp == stamp else _index(path, folder, stamp)
            )
        if indexed == self._by_folder:
            return
        self._by_folder = indexed
        self._by_session = {}
        for one in indexed.values():
            first = self._by_session.setdefault(one.session_id, one)
            if first is not one:
                message = (
                    f"session {one.session_id} is saved twice, in {first.folder.name} and {one.folder.name}:"
                    f" {first.folder.name} is shown; remove one of them, or open it alone"
                )
                warnings.warn(message, PartialResultWarning, stacklevel=2)
        self._rows = [one.row for one in self._by_session.values()]
        self._damaged = [one for one in self._by_session.values() if one.damaged]
        self._folder_of_peer = {}

    def _folder(self, session_id: str) -> Path:
        if session_id not in self._by_session:
            self._scan()
        if session_id not in self._by_session:
            raise RequestError(404, f"session {session_id} is not among the {len(self)} saved in {self.root}")
        return self._by_session[session_id].folder

    def _report(self, peer_id: str) -> Path:
        # Reports are asked for without their session. Most often it is the one whose participants were asked for
        # last; else the folders are listed, once for all of them.
        name = saved_calls.report_name(peer_id)
        for refreshed in (False, True):
            if refreshed:
                self._scan()
                for one in self._by_session.values():
                    for peer in self._peers_of(one.folder):
                        self._folder_of_peer.setdefault(peer, one.folder)
            folder = self._folder_of_peer.get(peer_id)
            if folder is not None:
                if saved_calls.stands(path := saved_calls.path_of(folder, name)):
                    return path
                self._say_again(folder, "peer-report", peer_id)
        raise RequestError(404, f"no report of peer {peer_id} is saved in {self.root}")

    def _peers_of(self, folder: Path) -> list[str]:
        """List whose report is saved in a folder, or was asked for in vain when it was saved."""
        failed = [one.peer_id for one in saved_calls.read_failures(folder) if one.peer_id is not None]
        return [*saved_calls.report_files(folder), *failed]

    def _say_again(self, folder: Path, source: str, peer_id: str | None = None) -> None:
        """Raise with the exact message of the failure that was saved, if there was one."""
        for failure in saved_calls.read_failures(folder):
            if failure.source == source and failure.peer_id == peer_id:
                raise RequestError(404 if failure.missing else 424, failure.message, verbatim=True)

    # The backend of the server

    def sessions(self, *, first_page: bool) -> list[Row]:
        """List all saved sessions; the folders are looked at again for the first page alone."""
        if first_page or not self._by_session:
            self._scan()
        for one in self._damaged:
            message = (
                f"the saved file {one.folder.name}/{saved_calls.SESSION} is damaged: of session {one.session_id}"
                " only the id is known"
            )
            warnings.warn(message, PartialResultWarning, stacklevel=2)
        return self._rows

    def session(self, session_id: str, *, breakout_rooms: bool) -> Response | Row:  # noqa: ARG002 - served as saved
        """Return one session, as it was saved."""
        folder = self._folder(session_id)
        path = saved_calls.path_of(folder, saved_calls.SESSION)
        if saved_calls.stands(path):
            return _document(path)
        self._say_again(folder, "session")
        return {"id": session_id}

    def participants(
        self,
        session_id: str,
        *,
        peer_events: bool | None,
        view: str,  # noqa: ARG002 - served as saved
    ) -> Participants | Response:
        """Return the saved list of participants; where there is none, what the reports say."""
        folder = self._folder(session_id)
        self._folder_of_peer |= dict.fromkeys(self._peers_of(folder), folder)
        path = saved_calls.path_of(folder, saved_calls.PARTICIPANTS)
        found: Participants | Response
        if saved_calls.stands(path):
            found = _listed_in(path, folder)
        else:
            self._say_again(folder, "participants")
            found = Participants(_rows_of_reports(folder), None, ())
        if isinstance(found, Response):
            return found
        notes = tuple(
            failure.message
            for failure in saved_calls.read_failures(folder)
            # What is said of no document in particular is said with the list.
            if (failure.source == "participants" and path.is_file()) or failure.source not in saved_calls.SOURCES
        )
        rows, original = found.rows, found.original
        if peer_events is False:
            rows = [_without(row, ("peer_events",)) for row in rows]
            original = original if rows == found.rows else None
        return Participants(rows, original, (*notes, *found.notes))

    def peer_report(self, peer_id: str, *, peer_events: bool | None, filters: str | None) -> Response:  # noqa: ARG002
        """Return a report; what filters do to one is not documented, so it stays whole."""
        document = _document(self._report(peer_id))
        if peer_events is False and b'"peer_events"' in document.body:
            try:
                answer = json.loads(document.body)
                saved_calls.participant_of(answer["data"]).pop("peer_events", None)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return document
            document.body = encoded(answer)
        return document

    def downloads_of(self, session_id: str) -> frozenset[str]:
        """Tell which kinds of downloads are saved with a session; none where it is not saved."""
        try:
            folder = self._folder(session_id)
        except RequestError:
            return frozenset()
        files = {saved_calls.CHAT: "chat", saved_calls.SUMMARY: "summary"}
        files |= dict.fromkeys(saved_calls.TRANSCRIPTS.values(), "transcript")
        failed = {failure.source for failure in saved_calls.read_failures(folder)}
        saved = {kind for name, kind in files.items() if saved_calls.stands(saved_calls.path_of(folder, name))}
        return frozenset(saved | failed & set(files.values()))

    def _file(self, session_id: str, kind: Kind, form: str) -> Path:
        names = {"chat": saved_calls.CHAT, "summary": saved_calls.SUMMARY}
        transcripts = {str(key): value for key, value in saved_calls.TRANSCRIPTS.items()}
        return saved_calls.path_of(self._folder(session_id), names.get(kind) or transcripts[form])

    def has_download(self, session_id: str, kind: Kind, form: str) -> None:
        """Raise if a download is not saved."""
        path = self._file(session_id, kind, form)
        if path.is_file():
            return
        if saved_calls.stands(path):
            _document(path)  # raises, and says why
        folder = self._folder(session_id)
        self._say_again(folder, kind)
        message = f"no {kind} is saved with session {session_id}"
        forms = saved_calls.TRANSCRIPTS.items()
        saved = [key for key, value in forms if saved_calls.stands(saved_calls.path_of(folder, value))]
        if kind == "transcript" and saved:
            message = f"the transcript of session {session_id} is saved as {' and '.join(saved)}, not as {form}"
        raise RequestError(404, message)

    def download(self, session_id: str, kind: Kind, form: str) -> bytes:
        """Return a saved download."""
        return read_file(self._file(session_id, kind, form))

    def generate_summary(self, session_id: str) -> str:
        """Raise: a replay is read-only."""
        self._folder(session_id)
        raise RequestError(405, "this is a replay of saved documents, which cannot write a new summary: use connect()")


def _document(path: Path) -> Response:
    try:
        content = read_file(path)
    except OSError as error:
        message = f"the saved file {path.parent.name}/{path.name} cannot be read: {saved_calls.why(error)}"
        # Not 4xx of the API's own: with the session unreadable, the rest of the call is still there.
        raise RequestError(424, message, verbatim=True) from None
    return Response(200, content, source=f"{path.parent.name}/{path.name}")


def _listed_in(path: Path, folder: Path) -> Participants | Response:
    """Read a saved list of participants; where it is damaged, take the people from their reports."""
    reports = saved_calls.report_files(folder)
    try:
        original = _document(path)
    except RequestError:
        if not reports:
            raise
    else:
        listed = saved_calls.data_of(original.body).get("participants")
        if isinstance(listed, list):
            return Participants(listed, original, _of_nobody(folder, listed))
        if not reports:
            return original  # served broken as it is: the client reports it
    damaged = f"{folder.name}/{path.name} is damaged; the people are taken from their reports"
    return Participants(_rows_of_reports(folder), None, (damaged,))


def _of_nobody(folder: Path, rows: list[Any]) -> tuple[str, ...]:
    """Name the saved reports that belong to nobody in the list of participants, which nobody asks for."""
    listed = {row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}
    files = saved_calls.report_files(folder)
    others = [path.name for peer, path in files.items() if peer not in listed]
    if not saved_calls.committed(folder):
        # Two names can stand for one peer id: "a" and "%61".
        others += sorted(
            {path.name for path in saved_calls.all_reports(folder)} - {path.name for path in files.values()}
        )
    if not others:
        return ()
    named = ", ".join(others[:3]) + (" …" if others[3:] else "")
    return (f"{len(others)} saved report(s) belong to nobody in the list of participants and are in no table: {named}",)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _index(path: Path, folder: Path, stamp: tuple[int, int] | None) -> _Indexed:
    data: Row = {}
    if stamp is not None:
        data = saved_calls.data_of(saved_calls.read_or_empty(path))
    record = saved_calls.session_of(data)
    stated = record.get("id")
    session_id = stated.strip() if isinstance(stated, str) else ""
    session_id = session_id or saved_calls.session_id_of(folder)
    return _Indexed(folder, stamp, session_id, {**record, "id": session_id}, damaged=stamp is not None and not data)


def _rows_of_reports(folder: Path) -> list[Any]:
    """Make a list of participants of what their reports say."""
    return [_row_of_report(peer, report) for peer, report in saved_calls.report_files(folder).items()]


def _row_of_report(peer_id: str, path: Path) -> Row:
    """Describe a participant from the report alone, where no list was saved."""
    record = saved_calls.participant_in(saved_calls.read_or_empty(path))
    # The report is asked for by the name of its file, whatever id stands in it: reading it says where they differ.
    return {"id": peer_id, **_without(record, (*_ELSEWHERE, "id"))}


def _without(row: Any, names: tuple[str, ...]) -> Any:
    return {key: value for key, value in row.items() if key not in names} if isinstance(row, dict) else row
