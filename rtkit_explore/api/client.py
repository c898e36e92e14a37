"""The nine calls of the sessions API, async: documents in the API's own shape, as bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Unpack

import httpx

from rtkit_explore.api import responses, transport
from rtkit_explore.api.clock import Clock
from rtkit_explore.api.pagination import Page, PagedList, Pager, read_page
from rtkit_explore.api.proxies import Network
from rtkit_explore.api.query_params import (
    Id,
    ParticipantQuery,
    ParticipantSort,
    ParticipantView,
    ReportFilter,
    SessionQuery,
    SessionSort,
    SessionStatus,
    SortOrder,
    TranscriptFormat,
    choice,
    flag,
    head_count,
    query,
    segment,
    text,
    whole,
    window,
)
from rtkit_explore.api.responses import RequestInfo
from rtkit_explore.errors import (
    BadAnswerError,
    DownloadExpiredError,
    InvalidArgumentError,
    RtkitError,
    without_frames,
)
from rtkit_explore.settings import Secret, Settings, shows_options

MOST_REDIRECTS = 5
NO_REPORT = "this client sends none (React Native does not), or the call is still live (a report may come after it)"
OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class DownloadLink:
    """
    A presigned link to a download, valid for a while.

    Attributes
    ----------
    session_id
        The session it belongs to.
    kind
        "chat", "transcript" or "summary".
    format
        "CSV", "JSON", "SRT", "VTT" or "TXT".
    expires_at
        ISO 8601 text as the API gave it, or None.
    url
        The presigned URL: a secret until it expires.
    """

    session_id: str
    kind: str
    format: str
    expires_at: str | None
    url: Secret = field(repr=False)


@dataclass(frozen=True)
class Download:
    """
    Something downloaded.

    Attributes
    ----------
    link
        Where it came from.
    content
        Its bytes.
    """

    link: DownloadLink
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class _Wanted:
    """A list, before it is asked for."""

    key: str
    path: str
    spelled: dict[str, str]
    subject: RequestInfo
    keep_partial: bool = False


class ApiClient:
    """
    The nine calls, over a chain of transports.

    A client belongs to the event loop in which it is first used.

    Parameters
    ----------
    settings
        Credentials and options.
    innermost
        The transport that sends requests; the network by default. Anything that httpx takes as an async transport.
    clock
        Time, for tests.
    budget
        Shared with other clients; else the settings' own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        innermost: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        budget: transport.RateLimit | None = None,
    ) -> None:
        if innermost is not None and not isinstance(innermost, httpx.AsyncBaseTransport):
            msg = (
                f"transport is a {type(innermost).__name__}, but it must be an httpx.AsyncBaseTransport, such as"
                " httpx.AsyncHTTPTransport() or httpx.MockTransport(handler)"
            )
            raise InvalidArgumentError(msg)
        self.settings = settings
        self._innermost = innermost if innermost is not None else Network(settings.in_flight)
        if budget is None and settings.budget_requests is not None:
            budget = transport.RateLimit(settings.budget_requests, settings.budget_seconds)
        self._chain = transport.build(settings, self._innermost, clock or Clock(), budget)
        self._pagers = {"sessions": Pager("sessions"), "participants": Pager("participants")}

    def __repr__(self) -> str:
        """Name the app; never the token."""
        return f"ApiClient(app_id={self.settings.app_id!r}, base_url={self.settings.base_url!r})"

    async def aclose(self) -> None:
        """Close the connections, also those of a transport that was given."""
        await self._chain.aclose()

    # The nine calls

    @shows_options(SessionQuery)
    async def sessions(self, *, on_progress: OnProgress | None = None, **asked: Unpack[SessionQuery]) -> PagedList:
        """Read the list of sessions: every page, or the one that ``page_no`` names."""
        first, last = window(asked.get("start_time"), asked.get("end_time"))
        spelled = query(
            sort_by=choice("sort_by", asked.get("sort_by"), SessionSort),
            sort_order=choice("sort_order", asked.get("sort_order"), SortOrder),
            start_time=first,
            end_time=last,
            participants=head_count(asked.get("participants")),
            status=choice("status", asked.get("status"), SessionStatus),
            search=text("search", asked.get("search")),
            associated_id=text("associated_id", asked.get("associated_id")),
        )
        wanted = _Wanted("sessions", "/sessions", spelled, RequestInfo("the sessions", "no such account or app"))
        return await self._list(wanted, asked, on_progress)

    async def session(self, session_id: Id, *, include_breakout_rooms: bool | None = None) -> bytes:
        """Fetch one session."""
        asked = query(include_breakout_rooms=flag("include_breakout_rooms", include_breakout_rooms))
        subject = RequestInfo(f"session {session_id}", f"no session {session_id}")
        return await self._document(f"/sessions/{segment('session_id', session_id)}", asked, subject)

    @shows_options(ParticipantQuery)
    async def participants(
        self,
        session_id: Id,
        *,
        on_progress: OnProgress | None = None,
        keep_partial: bool = False,
        **asked: Unpack[ParticipantQuery],
    ) -> PagedList:
        """
        Read the list of a session's participants: every page, or the one that ``page_no`` names.

        With ``keep_partial``, a page that cannot be had costs the rows from it on, and is a problem of the list.
        """
        path = f"/sessions/{segment('session_id', session_id)}/participants"
        spelled = query(
            search=text("search", asked.get("search")),
            sort_by=choice("sort_by", asked.get("sort_by"), ParticipantSort),
            sort_order=choice("sort_order", asked.get("sort_order"), SortOrder),
            include_peer_events=flag("include_peer_events", asked.get("include_peer_events")),
            view=choice("view", asked.get("view"), ParticipantView),
        )
        subject = RequestInfo(f"the participants of session {session_id}", f"no session {session_id}")
        wanted = _Wanted("participants", path, spelled, subject, keep_partial)
        return await self._list(wanted, asked, on_progress)

    async def participant(
        self, session_id: Id, participant_id: Id, *, include_peer_events: bool | None = None
    ) -> bytes:
        """Fetch one participant of a session."""
        path = f"/sessions/{segment('session_id', session_id)}/participants/{segment('participant_id', participant_id)}"
        asked = query(include_peer_events=flag("include_peer_events", include_peer_events))
        subject = RequestInfo(
            f"participant {participant_id}",
            f"no participant {participant_id} in session {session_id}, or no such session",
        )
        return await self._document(path, asked, subject)

    async def peer_report(
        self, peer_id: Id, *, filters: ReportFilter | None = None, include_peer_events: bool | None = None
    ) -> bytes:
        """Fetch one participant's report."""
        asked = query(
            filters=choice("filters", filters, ReportFilter),
            include_peer_events=flag("include_peer_events", include_peer_events),
        )
        subject = RequestInfo(f"the peer report of {peer_id}", f"no peer report of peer {peer_id}", usual=NO_REPORT)
        return await self._document(f"/sessions/peer-report/{segment('peer_id', peer_id)}", asked, subject)

    async def chat(self, session_id: Id) -> Download:
        """Download a session's chat, as CSV."""
        return await self._download(session_id, "chat", "CSV")

    async def transcript(self, session_id: Id, *, format: TranscriptFormat = "CSV") -> Download:  # noqa: A002
        """Download a session's transcript."""
        return await self._download(session_id, "transcript", str(choice("format", format, TranscriptFormat)))

    async def summary(self, session_id: Id) -> Download:
        """Download the summary of a session's transcript."""
        return await self._download(session_id, "summary", "TXT")

    async def generate_summary(self, session_id: Id) -> bytes:
        """Have the summary of a session's transcript written. Sent once, whatever happens."""
        subject = RequestInfo(
            f"writing the summary of session {session_id}", f"no session {session_id}", repeatable=False
        )
        path = f"/sessions/{segment('session_id', session_id)}/summary"
        return responses.whole(await self._send("POST", path, {}, subject), subject, self.settings)

    # Downloads

    async def link(self, session_id: Id, kind: str, form: str) -> DownloadLink:
        """Ask where a chat, a transcript or a summary can be downloaded."""
        try:
            return await self._asked_link(session_id, kind, form)
        except RtkitError as error:
            # The frames below hold the response with its presigned URL.
            failure = without_frames(error)
        raise failure

    async def _asked_link(self, session_id: Id, kind: str, form: str) -> DownloadLink:
        path = f"/sessions/{segment('session_id', session_id)}/{kind}"
        asked = query(format=form) if kind == "transcript" else {}
        subject = RequestInfo(
            f"the {kind} of session {session_id}", f"no {kind} of session {session_id}, or no such session"
        )
        answer = responses.small(await self._send("GET", path, asked, subject), subject, self.settings)
        url = answer.get(f"{kind}_download_url")
        if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
            msg = f"the answer about {subject.what} names no address to download it from: try again"
            raise BadAnswerError(msg)
        expires = answer.get(f"{kind}_download_url_expiry")
        # Whatever else it is would be no time either; to spell it out could take more levels than there are.
        plain = expires is None or isinstance(expires, str | int | float)
        until = (str(expires) if expires else None) if plain else "not a time"
        return DownloadLink(str(session_id).strip(), kind, form, until, Secret(url.strip()))

    async def _download(self, session_id: Id, kind: str, form: str) -> Download:
        link = await self.link(session_id, kind, form)
        try:
            return Download(link, await self._fetch(link))
        except DownloadExpiredError:
            # The link lives for a while only; a new one is as good.
            link = await self.link(session_id, kind, form)
            return Download(link, await self._fetch(link))

    async def _fetch(self, link: DownloadLink) -> bytes:
        """Fetch a presigned URL: without the token, and following redirects."""
        subject = RequestInfo(f"the {link.kind} file of session {link.session_id}", f"no {link.kind} file any more")
        address = link.url
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._exchange("GET", address, subject, download=True)
            if not (response.is_redirect and response.headers.get("Location")):
                break
            address = _redirected(address, response, subject)
        if response.is_success:
            return response.content
        if response.is_redirect or response.status_code in {400, 401, 403, 404, 410}:
            msg = (
                f"the address of {subject.what} is no longer valid ({response.status_code}), and neither is a new one:"
                " the file may be gone, files are kept for some days only"
            )
            raise DownloadExpiredError(msg, status=response.status_code)
        responses.whole(response, subject, self.settings)
        return response.content

    # Requests

    async def _document(self, path: str, asked: dict[str, str], subject: RequestInfo) -> bytes:
        return responses.whole(await self._send("GET", path, asked, subject), subject, self.settings)

    async def _list(
        self, wanted: _Wanted, asked: SessionQuery | ParticipantQuery, on_progress: OnProgress | None
    ) -> PagedList:
        page_no = whole("page_no", asked.get("page_no"), least=0)
        per_page = whole("per_page", asked.get("per_page"), least=1)
        limit = whole("limit", asked.get("limit"), least=1)

        noted: dict[str, None] = {}

        async def fetch(number: int | None, size: int | None) -> Page:
            response = await self._send(
                "GET", wanted.path, wanted.spelled | query(page_no=number, per_page=size), wanted.subject
            )
            noted.update(dict.fromkeys(response.extensions.get(responses.SAVED_PROBLEMS, ())))
            return read_page(responses.decoded(response, wanted.subject, self.settings), response.content, wanted.key)

        if page_no is not None:
            page = await fetch(page_no, per_page)
            rows = page.rows if limit is None else page.rows[:limit]
            problems = [] if page.listed else [f"the answer holds no list of {wanted.key}"]
            return PagedList(rows, page.content, page.total, [*noted, *problems])
        size = per_page or (self.settings.per_page if limit is None else min(self.settings.per_page, limit))
        listing = await self._pagers[wanted.key].read(
            fetch, per_page=size, fixed_size=per_page is not None, limit=limit, on_progress=on_progress,
            keep_partial=wanted.keep_partial,
        )  # fmt: skip
        listing.problems = list(dict.fromkeys([*noted, *listing.problems]))
        return listing

    async def _send(self, method: str, path: str, asked: dict[str, str], subject: RequestInfo) -> httpx.Response:
        try:
            url = httpx.URL(self.settings.prefix + path, params=asked or None)
        except (httpx.InvalidURL, ValueError):
            msg = f"{subject.what[:200]} cannot be asked for: its id or an argument fits no address (too long?)"
            raise InvalidArgumentError(msg) from None
        return await self._exchange(method, Secret(str(url)), subject, download=False)

    async def _exchange(self, method: str, address: Secret, subject: RequestInfo, *, download: bool) -> httpx.Response:
        # The error is raised here, where no variable holds a URL or a token.
        outcome = await self._attempt(method, address, subject, download=download)
        if isinstance(outcome, RtkitError):
            raise outcome
        return outcome

    async def _attempt(
        self, method: str, address: Secret, subject: RequestInfo, *, download: bool
    ) -> httpx.Response | RtkitError:
        """Send a request; whatever goes wrong is returned as an error of this package, without its frames."""
        # The chain is called as it is, without an httpx.AsyncClient around it, because that one logs every URL,
        # and a presigned URL is a secret.
        settings = self.settings
        limits = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout, pool=None)
        try:
            request = httpx.Request(
                method,
                address.reveal(),
                headers={
                    "Accept": "*/*" if download else "application/json",
                    "Accept-Encoding": "gzip, deflate",
                    "User-Agent": f"rtkit-explore/{_version()}",
                },
                extensions={
                    "timeout": limits.as_dict(),
                    transport.DOWNLOAD: download,
                    transport.INTACT: None if download else _is_intact,
                },
            )
        except (httpx.InvalidURL, ValueError):
            return BadAnswerError(f"the address of {subject.what} is not a web address: try again")
        try:
            return await self._chain.handle_async_request(request)
        except RtkitError as error:
            return without_frames(error)
        except httpx.RequestError as error:
            return without_frames(responses.unreachable(error, request, subject, settings))
        except Exception as error:  # noqa: BLE001 - sockets, TLS, IDNA and HTTP parsers each raise errors of their own
            broken = httpx.ProtocolError(f"{type(error).__name__}: {error}")
            return without_frames(responses.unreachable(broken, request, subject, settings))


def _is_intact(response: httpx.Response) -> bool:
    return not responses.is_cut(response)


def _version() -> str:
    try:
        return version("rtkit-explore")
    except PackageNotFoundError:
        return "0"


def _redirected(address: Secret, response: httpx.Response, subject: RequestInfo) -> Secret:
    failure = BadAnswerError(f"{subject.what} has moved to an address that is none: try again")
    try:
        joined = httpx.URL(address.reveal()).join(response.headers["Location"])
    except (httpx.InvalidURL, ValueError):
        joined = httpx.URL()
    if joined.scheme in ("http", "https"):
        return Secret(str(joined))
    raise failure
