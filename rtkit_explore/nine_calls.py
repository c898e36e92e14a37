"""The nine calls of the API as tables: what AsyncApp is built on."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any, Self

from rtkit_explore.api.client import ApiClient
from rtkit_explore.api.progress import Progress
from rtkit_explore.api.transport import RateLimit
from rtkit_explore.errors import PartialResultWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import httpx
    import pandas as pd

    from rtkit_explore.api.pagination import PagedList
    from rtkit_explore.api.query_params import (
        Id,
        ParticipantSort,
        ParticipantView,
        ReportFilter,
        SessionSort,
        SessionStatus,
        SortOrder,
        Time,
        TranscriptFormat,
    )
    from rtkit_explore.call import Call
    from rtkit_explore.settings import Settings


class NineCalls:
    """
    The nine calls, each as a table, a text or a Call.

    Parameters
    ----------
    settings
        Credentials and options.
    transport
        Innermost transport; None for the network.
    source
        What answers, where it is not the API itself; for the representation.
    """

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None, source: str | None = None
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._source = source
        self._api: ApiClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._budget = (
            None if settings.budget_requests is None else RateLimit(settings.budget_requests, settings.budget_seconds)
        )

    def __repr__(self) -> str:
        """Say which app; never the token."""
        return f"<{type(self).__name__} {self._source or 'app ' + self.settings.app_id}>"

    @property
    def client(self) -> ApiClient:
        """The client underneath, which gives the API's documents as bytes. It belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        if self._api is None or self._loop is not loop:
            # Connections of another loop cannot be used here, nor closed from here.
            self._api = ApiClient(self.settings, innermost=self._transport, budget=self._budget)
            self._loop = loop
        return self._api

    async def aclose(self) -> None:
        """Close the connections."""
        api, loop = self._api, self._loop
        self._api = self._loop = None
        if api is not None and loop is asyncio.get_running_loop():
            await api.aclose()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def sessions(
        self,
        *,
        page_no: int | None = None,
        per_page: int | None = None,
        sort_by: SessionSort | None = None,
        sort_order: SortOrder | None = None,
        start_time: Time | None = None,
        end_time: Time | None = None,
        participants: str | tuple[int, int] | None = None,
        status: SessionStatus | None = None,
        search: str | None = None,
        associated_id: Id | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """
        List sessions, to the last page.

        Parameters
        ----------
        page_no
            Fetch this page alone, numbered as the API numbers them.
        per_page
            Page size to ask for.
        sort_by, sort_order
            "minutesConsumed" or "createdAt"; "ASC" or "DESC".
        start_time, end_time
            ISO 8601 text, date (its midnight), datetime or Timestamp; UTC where no zone is given.
        participants
            Range of the number of participants: ``"1:10"`` or ``(1, 10)``.
        status
            "LIVE" or "ENDED".
        search
            Part of the meeting's title, a meeting id or a session id.
        associated_id
            Id of the meeting.
        limit
            At most so many rows.

        Returns
        -------
        pandas.DataFrame
            Table ``sessions``.
        """
        from rtkit_explore import tables

        with self.progress_bar("sessions") as bar:
            listing = await self.client.sessions(
                page_no=page_no,
                per_page=per_page,
                sort_by=sort_by,
                sort_order=sort_order,
                start_time=start_time,
                end_time=end_time,
                participants=participants,
                status=status,
                search=search,
                associated_id=associated_id,
                limit=limit,
                on_progress=_shown(bar, limit),
            )
        return tables.sessions(checked("sessions", listing))

    async def session(self, session_id: Id, *, include_breakout_rooms: bool | None = None) -> pd.DataFrame:
        """
        Fetch one session.

        Parameters
        ----------
        session_id
            Which.
        include_breakout_rooms
            Whether to list its breakout rooms.

        Returns
        -------
        pandas.DataFrame
            Table ``sessions``, one row.
        """
        from rtkit_explore import tables

        return tables.sessions(await self.client.session(session_id, include_breakout_rooms=include_breakout_rooms))

    async def participants(
        self,
        session_id: Id,
        *,
        search: str | None = None,
        page_no: int | None = None,
        per_page: int | None = None,
        sort_by: ParticipantSort | None = None,
        sort_order: SortOrder | None = None,
        include_peer_events: bool | None = None,
        view: ParticipantView | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """
        List a session's participants, to the last page.

        Parameters
        ----------
        session_id
            Which session.
        search
            Part of a display name, a participant id or a custom participant id.
        page_no, per_page, limit
            As in :meth:`sessions`.
        sort_by, sort_order
            "joinedAt" or "duration"; "ASC" or "DESC".
        include_peer_events
            Whether the answer holds lifecycle events; :meth:`peer_events` and :meth:`call` show them.
        view
            In sessions with breakout rooms: "raw" or "consolidated" durations.

        Returns
        -------
        pandas.DataFrame
            Table ``participants``.
        """
        from rtkit_explore import tables

        with self.progress_bar("participants") as bar:
            listing = await self.client.participants(
                session_id,
                search=search,
                page_no=page_no,
                per_page=per_page,
                sort_by=sort_by,
                sort_order=sort_order,
                include_peer_events=include_peer_events,
                view=view,
                limit=limit,
                on_progress=_shown(bar, limit),
            )
        return tables.participants(checked("participants", listing), session_id=str(session_id).strip())

    async def participant(
        self, session_id: Id, participant_id: Id, *, include_peer_events: bool | None = None
    ) -> pd.DataFrame:
        """
        Fetch one participant of a session.

        Returns
        -------
        pandas.DataFrame
            Table ``participants``, one row.
        """
        from rtkit_explore import tables

        content = await self.client.participant(session_id, participant_id, include_peer_events=include_peer_events)
        return tables.participants(content, session_id=str(session_id).strip())

    async def peer_report(
        self, peer_id: Id, *, filters: ReportFilter | None = None, include_peer_events: bool | None = None
    ) -> Call:
        """
        Fetch one participant's report alone.

        Parameters
        ----------
        peer_id
            A participant's id is the peer id of its report.
        filters
            Part of the report to ask for; what the API does with it is not documented.
        include_peer_events
            Whether to include lifecycle events.

        Returns
        -------
        Call
            A call of one, with the same tables.
        """
        from rtkit_explore.call import Call
        from rtkit_explore.store.documents import CallDocuments

        content = await self.client.peer_report(peer_id, filters=filters, include_peer_events=include_peer_events)
        return Call(CallDocuments(reports={str(peer_id).strip(): content}))

    async def chat(self, session_id: Id) -> pd.DataFrame:
        """
        Download a session's chat. It holds personal data.

        Returns
        -------
        pandas.DataFrame
            Table ``chat``, one row a message.
        """
        from rtkit_explore import tables

        got = await self.client.chat(session_id)
        return tables.chat(got.content, session_id=got.link.session_id)

    async def transcript(self, session_id: Id, *, format: TranscriptFormat = "CSV") -> pd.DataFrame:  # noqa: A002
        """
        Download a session's transcript. It holds personal data.

        Parameters
        ----------
        session_id
            Which session.
        format
            "CSV", "JSON" (which knows most), "SRT" or "VTT". All become the same table.

        Returns
        -------
        pandas.DataFrame
            Table ``transcript``, one row an utterance.
        """
        from rtkit_explore import tables

        got = await self.client.transcript(session_id, format=format)
        return tables.transcript(got.content, format=format, session_id=got.link.session_id)

    async def summary(self, session_id: Id) -> str:
        """
        Download the summary of a session's transcript.

        Returns
        -------
        str
            Plain text or Markdown.
        """
        from rtkit_explore.store.fetch_call import decode_text

        return decode_text((await self.client.summary(session_id)).content)

    async def generate_summary(self, session_id: Id) -> pd.DataFrame:
        """
        Have a summary of a session's transcript written; :meth:`summary` fetches it when it is done.

        Sent once and never repeated by itself, whatever happens.

        Returns
        -------
        pandas.DataFrame
            Table ``summary_jobs``, one row.
        """
        from rtkit_explore import tables

        return tables.summary_jobs(await self.client.generate_summary(session_id))

    def progress_bar(self, description: str) -> Progress:
        """Make the bar of one piece of work."""
        return Progress(description, show=self.settings.progress, delay=self.settings.progress_delay)


def _shown(bar: Progress, limit: int | None) -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        bar.expect(total if limit is None or total is None else min(total, limit))
        bar.reach(done)

    return show


def checked(key: str, listing: PagedList) -> dict[str, Any]:
    """Warn of what did not add up, and give the rows in the API's shape."""
    for problem in listing.problems:
        warn(problem)
    return {"success": True, "data": {key: listing.rows}}


def warn(message: str) -> None:
    """Warn that a table may lack rows."""
    # It is raised on another thread than the user's call, so no stack level could point there.
    warnings.warn(message, PartialResultWarning, stacklevel=2)
