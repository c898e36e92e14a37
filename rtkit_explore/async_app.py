"""AsyncApp: a RealtimeKit app for code that awaits. App is its blocking face."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, cast

from rtkit_explore.api.query_params import TranscriptFormat, choice, instant, segment, window
from rtkit_explore.api.query_params import text as checked_text
from rtkit_explore.errors import ApiError, NotFoundError
from rtkit_explore.nine_calls import NineCalls, checked, warn
from rtkit_explore.settings import Settings

if TYPE_CHECKING:
    import httpx
    import pandas as pd

    from rtkit_explore.api.pagination import PagedList
    from rtkit_explore.api.progress import Progress
    from rtkit_explore.api.query_params import Id, Time
    from rtkit_explore.call import Call


class AsyncApp(NineCalls):
    """
    A RealtimeKit app, for code that awaits.

    Parameters
    ----------
    token, account_id, app_id
        Credentials; else from ``CLOUDFLARE_API_TOKEN``, ``CLOUDFLARE_ACCOUNT_ID`` and ``RTKIT_APP_ID``. The token
        needs the permission Realtime or Realtime Admin.
    base_url
        Where the API is, if not at Cloudflare's public address.
    transport
        An ``httpx.AsyncBaseTransport`` that carries the requests out instead of the network.
    connect_timeout, read_timeout
        Seconds to wait for a connection (10), and for the next piece of an answer (60).
    retries
        How often a GET is repeated after a passing failure (5).
    in_flight
        How many requests may be under way at once (12).
    per_page
        Page size to ask for (100).
    progress
        False shows neither bars nor waiting times.

    Raises
    ------
    MissingCredentialsError
        Naming what is missing.

    Notes
    -----
    All requests of one app share a budget of 250 in 10 s, which is what the API allows; waiting for it is shown.
    Every method raises an :class:`~rtkit_explore.errors.ApiError` where the API refuses or fails.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        account_id: str | None = None,
        app_id: str | None = None,
        base_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        retries: int | None = None,
        in_flight: int | None = None,
        per_page: int | None = None,
        progress: bool = True,
    ) -> None:
        settings = Settings.resolve(
            token=token,
            account_id=account_id,
            app_id=app_id,
            base_url=base_url,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries=retries,
            in_flight=in_flight,
            per_page=per_page,
            progress=progress,
        )
        super().__init__(settings, transport)

    @classmethod
    def from_transport(
        cls, transport: httpx.AsyncBaseTransport, *, source: str | None = None, progress: bool = True
    ) -> Self:
        """
        Make an app that needs no credentials, because a transport in this process answers.

        Parameters
        ----------
        transport
            Speaks the API: a replay or a simulation.
        source
            What it is, for the app's representation.
        progress
            False shows no bars.
        """
        app = cls.__new__(cls)
        settings = Settings(account_id="local", app_id="local", budget_requests=None, progress=progress)
        NineCalls.__init__(app, settings, transport, source)
        return app

    async def peer_events(self, session_id: Id) -> pd.DataFrame:
        """
        List the lifecycle events of a session's participants: created, joining, leaving.

        Returns
        -------
        pandas.DataFrame
            Table ``peer_events``.
        """
        from rtkit_explore import tables

        listing = await self.client.participants(session_id, include_peer_events=True)
        return tables.peer_events(checked("participants", listing), session_id=str(session_id).strip())

    async def downloads(self, session_id: Id) -> pd.DataFrame:
        """
        List what can be downloaded of a session, and until when. The addresses themselves are secrets.

        Returns
        -------
        pandas.DataFrame
            Table ``downloads``, one row for each of chat, transcript and summary that there is.
        """
        import pandas as pd

        from rtkit_explore import tables

        async def one(kind: str, form: str) -> dict[str, Any]:
            try:
                link = await self.client.link(session_id, kind, form)
            except NotFoundError:
                return {}
            return {"session_id": link.session_id, f"{kind}_download_url_expiry": link.expires_at}

        kinds = {"chat": "CSV", "transcript": "CSV", "summary": "TXT"}
        found = await asyncio.gather(*(one(kind, form) for kind, form in kinds.items()))
        if not any(found):
            # Absent, or no such session at all: which, the session itself tells.
            await self.client.session(session_id)
        rows = [
            tables.downloads([{"data": data}] if data else [], kind=kind, format=form)
            for (kind, form), data in zip(kinds.items(), found, strict=True)
        ]
        return pd.concat(rows, ignore_index=True)

    async def find(self, person: str, *, start_time: Time | None = None, end_time: Time | None = None) -> pd.DataFrame:
        """
        Find somebody's calls: "Alma's call yesterday afternoon".

        Parameters
        ----------
        person
            Part of a display name in any case, or a whole participant id, user id or custom participant id.
        start_time, end_time
            Sessions that were going on in this time; ISO 8601 text, date, datetime or Timestamp, UTC where no zone
            is given.

        Returns
        -------
        pandas.DataFrame
            One row per matching participant, newest session first: ``session_id``, ``meeting_display_name``,
            ``status``, ``started_at`` and ``ended_at`` of the session, then the columns of ``participants``.

        Warns
        -----
        PartialResultWarning
            If the participants of some session could not be fetched.
        """
        from rtkit_explore import person_search, tables

        window(start_time, end_time)  # refuses an end before the start
        # A None would be taken for "not given", which cannot be here.
        wanted = str(checked_text("person", "" if person is None else person)).strip()
        with self.progress_bar(f"looking for {wanted}") as bar:
            listing = await self.client.sessions(
                start_time=None if start_time is None else person_search.earlier(instant("start_time", start_time)),
                end_time=end_time,
            )
            frame = person_search.going_on(tables.sessions(checked("sessions", listing)), start_time, end_time)
            ids = [str(value) for value in frame["session_id"].dropna()]
            bar.expect(len(ids))
            lists = await asyncio.gather(*(self._participants_or_error(session_id, bar) for session_id in ids))
        failed = {key: got for key, got in zip(ids, lists, strict=True) if isinstance(got, ApiError)}
        failed = {key: error for key, error in failed.items() if not isinstance(error, NotFoundError)}
        if failed:
            first = next(iter(failed.values()))
            if len(failed) == len(ids):
                raise first
            warn(f"the participants of {len(failed)} of {len(ids)} sessions could not be searched, first: {first}")
        answers = {key: got for key, got in zip(ids, lists, strict=True) if not isinstance(got, ApiError)}
        for listed in answers.values():
            checked("participants", listed)
        return person_search.matching(wanted, frame, {key: listed.rows for key, listed in answers.items()})

    async def _participants_or_error(self, session_id: str, bar: Progress) -> PagedList | ApiError:
        try:
            return await self.client.participants(session_id)
        except ApiError as error:
            return error
        finally:
            bar.advance()

    async def call(
        self,
        session_id: Id,
        *,
        chat: bool | None = None,
        transcript: bool | TranscriptFormat | None = None,
        summary: bool | None = None,
        include_breakout_rooms: bool | None = None,
        include_peer_events: bool | None = True,
    ) -> Call:
        """
        Fetch a whole call: the session, all participants and all their reports, side by side.

        Parameters
        ----------
        session_id
            Which session.
        chat, summary
            Whether to download these as well. None: not over the network, and in a replay what is saved.
        transcript
            Whether to download the transcript, or in which form (True: the one that knows most of those there are;
            None: as for the chat).
        include_breakout_rooms, include_peer_events
            As in :meth:`session` and :meth:`participants`.

        Returns
        -------
        Call
            What could not be fetched is in ``problems``; ``participants.report`` tells for each participant whether
            the report was read, is missing (there is none) or failed.

        Raises
        ------
        NotFoundError, PermissionDeniedError
            If the session itself is absent or refused.
        """
        from rtkit_explore.call import Call
        from rtkit_explore.store.fetch_call import fetch_call

        segment("session_id", session_id)
        key = str(session_id).strip()
        here = self._saved_downloads(key)
        with self.progress_bar(f"call {key[:8]}") as bar:
            documents = await fetch_call(
                self.client,
                key,
                chat="chat" in here if chat is None else chat,
                transcripts=_forms("transcript" in here if transcript is None else transcript),
                summary="summary" in here if summary is None else summary,
                include_breakout_rooms=include_breakout_rooms,
                include_peer_events=include_peer_events,
                bar=bar,
            )
        return Call(documents)

    def _saved_downloads(self, session_id: str) -> frozenset[str]:
        """Tell what a replay has of a session besides its reports, which costs nothing to bring along."""
        from rtkit_explore.store.replay import ReplayTransport

        return self._transport.downloads_of(session_id) if isinstance(self._transport, ReplayTransport) else frozenset()


def _forms(transcript: bool | TranscriptFormat) -> tuple[TranscriptFormat, ...]:
    """List the forms of a transcript to try, the one that knows most first."""
    if transcript is True:
        return ("JSON", "CSV", "VTT", "SRT")
    form = choice("transcript", transcript or None, TranscriptFormat)
    return () if form is None else (cast("TranscriptFormat", form),)
