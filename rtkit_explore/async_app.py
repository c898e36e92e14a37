"""AsyncApp: a RealtimeKit app for code that awaits. App is its blocking face."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from rtkit_explore.api.client import ApiClient
from rtkit_explore.api.progress import Progress
from rtkit_explore.api.query_params import (
    ParticipantQuery,
    SessionQuery,
    TranscriptFormat,
    choice,
    instant,
    segment,
    window,
)
from rtkit_explore.api.query_params import text as checked_text
from rtkit_explore.api.transport import RateLimit
from rtkit_explore.errors import InvalidArgumentError, NotFoundError, PartialResultWarning, RtkitError
from rtkit_explore.local_time import day_range, said_time, time_zone
from rtkit_explore.settings import Settings, shows_options, takes_options
from rtkit_explore.store.session_cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from types import TracebackType

    import httpx
    import pandas as pd

    from rtkit_explore.api.pagination import PagedList
    from rtkit_explore.api.query_params import (
        Id,
        ReportFilter,
        Time,
    )
    from rtkit_explore.call import Call
    from rtkit_explore.complaints.answer import Answer
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.settings import ConnectOptions
    from rtkit_explore.store.session_cache import SessionCache


class AsyncApp:
    """
    A RealtimeKit app, for code that awaits.

    Parameters
    ----------
    options
        As in :func:`~rtkit_explore.app.connect`.

    Raises
    ------
    MissingCredentialsError
        Naming what is missing.

    Notes
    -----
    All requests of one app share a budget of 250 in 10 s, which is what the API allows; waiting for it is shown.
    Every method raises an :class:`~rtkit_explore.errors.ApiError` where the API refuses or fails.
    """

    cache: SessionCache | None
    """Documents of ended sessions on this machine; None where it is off."""

    @takes_options
    def __init__(self, **options: Unpack[ConnectOptions]) -> None:
        self._set_up(Settings.resolve(**options), options.get("transport"))
        # A transport of one's own answers in this process: there is nothing to save by default.
        if options.get("cache") is not None or options.get("transport") is None:
            self.cache = open_cache(options.get("cache"), self.settings)

    def _set_up(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None, source: str | None = None
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._source = source
        self.cache = None
        self._api: ApiClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._budget = (
            None if settings.budget_requests is None else RateLimit(settings.budget_requests, settings.budget_seconds)
        )

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
        # Pages in this process cost what they hold; the fewer, the better.
        settings = Settings(account_id="local", app_id="local", budget_requests=None, per_page=1000, progress=progress)
        app._set_up(settings, transport, source)  # noqa: SLF001 - of this class
        return app

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

    # The nine calls -----------------------------------------------------------------------------------------------

    @shows_options(SessionQuery)
    async def sessions(self, **asked: Unpack[SessionQuery]) -> pd.DataFrame:
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
        from rtkit_explore.tables.people_rows import sessions_from_records

        with self.progress_bar("sessions") as bar:
            listing = await self.client.sessions(**asked, on_progress=_shown(bar, asked.get("limit")))
        return sessions_from_records(_checked_rows(listing))

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

    @shows_options(ParticipantQuery)
    async def participants(self, session_id: Id, **asked: Unpack[ParticipantQuery]) -> pd.DataFrame:
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
        from rtkit_explore.tables.people_rows import participants_from_records

        with self.progress_bar("participants") as bar:
            shown = _shown(bar, asked.get("limit"))
            listing = await self.client.participants(session_id, **asked, on_progress=shown)
        return participants_from_records(_checked_rows(listing), str(session_id).strip())

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
        from rtkit_explore.tables.download_rows import check_summary
        from rtkit_explore.tables.problem_rows import Problems

        text = decode_text((await self.client.summary(session_id)).content)
        problems = Problems()
        check_summary(text, problems)
        problems.warn()
        return text

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

    # What is built on them -------------------------------------------------------------------------------------------

    async def peer_events(self, session_id: Id) -> pd.DataFrame:
        """
        List the lifecycle events of a session's participants: created, joining, leaving.

        Returns
        -------
        pandas.DataFrame
            Table ``peer_events``.
        """
        from rtkit_explore.tables.people_rows import peer_events_from_records

        listing = await self.client.participants(session_id, include_peer_events=True)
        return peer_events_from_records(_checked_rows(listing), str(session_id).strip())

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

    async def find(
        self,
        person: str,
        *,
        start_time: Time | None = None,
        end_time: Time | None = None,
        on: Any = None,
        tz: str | tzinfo | None = None,
    ) -> pd.DataFrame:
        """
        Find somebody's calls: "Alma's call yesterday afternoon".

        Parameters
        ----------
        person
            Part of a display name in any case, or a whole participant id, user id or custom participant id.
        start_time, end_time
            Sessions that were going on in this time: ISO 8601 text, date, datetime or Timestamp, or as people say it
            ("yesterday 15:00"). A day given alone as ``end_time`` is that whole day.
        on
            The day instead: "2026-11-17", "yesterday", "Tuesday afternoon".
        tz
            Time zone of times that name none; that of the app by default.

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
        from rtkit_explore.tables.participant_lookup import participants_called, search_from, sessions_during
        from rtkit_explore.tables.people_rows import sessions_from_records

        where = time_zone(self.settings.tz if tz is None else tz)
        if on is not None:
            start_time, end_time = day_range(on, where)
        start_time, end_time = said_time(start_time, where), said_time(end_time, where, last=True)
        window(start_time, end_time)  # raises if the end lies before the start
        # A None would be taken for "not given", which cannot be here.
        wanted = str(checked_text("person", "" if person is None else person)).strip()
        with self.progress_bar(f"looking for {wanted}") as bar:
            listing = await self.client.sessions(
                start_time=None if start_time is None else search_from(instant("start_time", start_time)),
                end_time=end_time,
            )
            frame = sessions_during(sessions_from_records(_checked_rows(listing)), start_time, end_time)
            ids = [str(value) for value in frame["session_id"].dropna()]
            bar.expect(len(ids))
            lists = await asyncio.gather(*(self._participants_or_error(session_id, bar) for session_id in ids))
        failed = {key: got for key, got in zip(ids, lists, strict=True) if isinstance(got, RtkitError)}
        failed = {key: error for key, error in failed.items() if not isinstance(error, NotFoundError)}
        if failed:
            first = next(iter(failed.values()))
            if len(failed) == len(ids):
                raise first
            _warn(f"the participants of {len(failed)} of {len(ids)} sessions could not be searched, first: {first}")
        answers = {key: got for key, got in zip(ids, lists, strict=True) if not isinstance(got, RtkitError)}
        for listed in answers.values():
            _checked_rows(listed)
        return participants_called(wanted, frame, {key: listed.rows for key, listed in answers.items()})

    async def _participants_or_error(self, session_id: str, bar: Progress) -> PagedList | RtkitError:
        try:
            return await self.client.participants(session_id)
        except RtkitError as error:
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
        keep: bool = True,
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
        keep
            Whether to put its documents into ``app.cache``, if they are final. An archive keeps them itself.

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

        await self._check_session_id(session_id)
        key = str(session_id).strip()
        here = self._saved_downloads(key)
        wanted = {
            "chat": "chat" in here if chat is None else chat,
            "transcripts": _forms("transcript" in here if transcript is None else transcript),
            "summary": "summary" in here if summary is None else summary,
            "include_breakout_rooms": include_breakout_rooms,
            "include_peer_events": include_peer_events,
        }
        if self.cache is not None:
            kept = await asyncio.to_thread(self.cache.get, key, wanted)
            if kept is not None:
                return Call(kept, tz=self.settings.tz)
        try:
            with self.progress_bar(f"call {key[:8]}") as bar:
                documents = await fetch_call(self.client, key, **wanted, bar=bar)  # type: ignore[arg-type]
        except NotFoundError as error:
            from rtkit_explore.app_questions import what_it_is

            told = await what_it_is(self, key)
            if told is None:
                raise
            raise InvalidArgumentError(told) from error
        if self.cache is not None and keep:
            await asyncio.to_thread(self.cache.put, key, wanted, documents)
        return Call(documents, tz=self.settings.tz)

    async def _check_session_id(self, session_id: Id) -> None:
        """Raise for a title, a URL or whatever else is no id, saying what it is and how to get the call."""
        segment("session_id", session_id)
        if isinstance(session_id, str) and any(character in session_id.strip() for character in " /?#"):
            from rtkit_explore.app_questions import what_it_is

            told = await what_it_is(self, session_id.strip())
            if told is not None:
                raise InvalidArgumentError(told)

    async def explain(
        self,
        person: str,
        symptom: str,
        *,
        on: Any = None,
        window: Any = None,
        about: str | None = None,
        tz: str | tzinfo | None = None,
        profile: ProfileLike = "default",
    ) -> Answer:
        """
        Answer a complaint: ``app.explain("Chen", "froze", on="2026-11-17", tz="Europe/Berlin")``.

        Parameters
        ----------
        person
            Who complains: a name or a part of it, or an id.
        symptom
            What they say, such as "froze" or "can't hear Alma"; ``rtk.symptoms()`` lists what is understood.
        on
            The day, or a part of it: "2026-11-17", "yesterday", "Tuesday afternoon"; any day by default.
        window
            The time of that day: ("15:00", "15:20"), or one time.
        about
            Whom the complaint is about, where the words do not say it.
        tz
            Time zone of what was said; that of the app by default.
        profile
            Thresholds, as for ``call.findings``.

        Returns
        -------
        Answer
            Of the call that says most (at most twelve calls of that person are looked at, the newest first); those of
            the other calls are in ``others``.

        Raises
        ------
        InvalidArgumentError
            If that person was in no such call, or the symptom or a time is not understood.
        """
        from rtkit_explore.app_questions import explain_in_app

        zone = self.settings.tz if tz is None else tz
        return await explain_in_app(self, person, symptom, about=about, on=on, window=window, tz=zone, profile=profile)

    async def rooms(self, session_id: Id) -> pd.DataFrame:
        """
        List a session and its breakout rooms.

        Returns
        -------
        pandas.DataFrame
            One row a room, the main session first: ``session_id``, ``room`` (its title; string), ``breakout``
            (boolean), ``started_at``, ``ended_at`` (datetime64[us, UTC]). Each is a call of its own:
            ``app.call(session_id)``.
        """
        from rtkit_explore.app_questions import rooms_of

        return await rooms_of(self, str(session_id).strip())

    async def follow(self, person: str, session_id: Id) -> pd.DataFrame:
        """
        Follow one person through a session, its breakout rooms and rejoins, as one timeline.

        Parameters
        ----------
        person
            A part of the display name, or a whole id.
        session_id
            The main session.

        Returns
        -------
        pandas.DataFrame
            One row a stay, in the order of time: ``room``, ``session_id``, ``peer_id``, ``display_name``,
            ``joined_at``, ``left_at``, ``minutes`` (float64), ``away_s`` (seconds since the stay before ended; float64)
            and ``report``.

        Raises
        ------
        InvalidArgumentError
            If nobody, or several different people, are called that.
        """
        from rtkit_explore.app_questions import follow_person

        return await follow_person(self, person, str(session_id).strip())

    def _saved_downloads(self, session_id: str) -> frozenset[str]:
        """Tell what a replay has of a session besides its reports, which costs nothing to bring along."""
        from rtkit_explore.store.replay import ReplayTransport

        return self._transport.downloads_of(session_id) if isinstance(self._transport, ReplayTransport) else frozenset()

    def progress_bar(self, description: str) -> Progress:
        """Make the bar of one piece of work."""
        return Progress(description, show=self.settings.progress, delay=self.settings.progress_delay)


def _forms(transcript: bool | TranscriptFormat) -> tuple[TranscriptFormat, ...]:
    """List the formats of a transcript to try, the one that holds most first."""
    if transcript is True:
        return ("JSON", "CSV", "VTT", "SRT")
    form = choice("transcript", transcript or None, TranscriptFormat)
    return () if form is None else (cast("TranscriptFormat", form),)


def _shown(bar: Progress, limit: int | None) -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        bar.expect(total if limit is None or total is None else min(total, limit))
        bar.reach(done)

    return show


def _checked_rows(listing: PagedList) -> list[Any]:
    """Warn about what did not add up, and return the rows."""
    for problem in listing.problems:
        _warn(problem)
    return listing.rows


def _warn(message: str) -> None:
    """Warn that a table may lack rows."""
    # It is raised on another thread than the user's call, so no stack level could point there.
    warnings.warn(message, PartialResultWarning, stacklevel=2)
