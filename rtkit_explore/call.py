"""Call: one session with every participant's report, as tables. The object that users hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError, NotADocumentError
from rtkit_explore.measures.counters import Counters, forced_readings
from rtkit_explore.measures.quality import quality_in_parts, quality_of
from rtkit_explore.measures.streams import streams_of
from rtkit_explore.prose import Prose
from rtkit_explore.table_schema.columns import MEDIA
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.findings import SEVERITIES
from rtkit_explore.tables.frames import from_rows, texts
from rtkit_explore.tables.json_reader import decode
from rtkit_explore.tables.memory import check_memory, return_freed_memory
from rtkit_explore.tables.parsed_documents import ParsedDocuments, Row
from rtkit_explore.tables.participant_lookup import participant_labels, the_participant
from rtkit_explore.tables.problem_rows import Problems, problems_frame
from rtkit_explore.tables.scope import EARLIEST, LATEST, Scope, call_span

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from pandas.api.extensions import ExtensionArray

    from rtkit_explore.complaints.answer import Answer
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.overview import Metrics
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.store.documents import CallDocuments

_QUALITY_SHARE, _REDACTED_SHARE = 0.9, 0.3
"""Bytes that ``quality`` and a redacted copy, which is compressed, take for each byte of the reports: rounded up."""
_JUDGED_ROW, _METRICS_ROW = 320.0, 260.0
"""Bytes that judging a row of ``quality`` takes, and working out its metrics: measured, rounded up."""
_SAMPLE_BYTES = 420.0
"""Bytes of a report for each row of ``quality``, before it is read: rounded down, so that rows are not too few."""
_INSTEAD = (
    "Close what else is open, take a machine with more memory, or take the participants one by one: "
    "rtk.tables.samples(call.documents.reports[peer_id]) reads one report."
)


def check_call(what: object, taker: str, *, also: str = "") -> None:
    """
    Raise if the first argument of a function is not a Call, and say how to get one.

    Parameters
    ----------
    what
        The first argument of a function.
    taker
        The function's name.
    also
        What else it takes, such as "its table participants".

    Raises
    ------
    InvalidArgumentError
        If it is not a Call.
    """
    if isinstance(what, Call):
        return
    get = "call = app.call(session_id)"
    if hasattr(what, "__await__"):
        given, get = "a call that is still being fetched", "call = await app.call(session_id)"
    elif isinstance(what, str):
        given = "a text"
    elif hasattr(what, "call") and hasattr(what, "sessions"):
        given = "the whole app"
    else:
        given = f"something of type {type(what).__name__}"
    msg = f"{taker} takes a Call{f' or {also}' if also else ''}, not {given}. Get one first: {get}."
    raise InvalidArgumentError(msg)


class Call:
    """
    One session with every participant's report, as tables.

    Parameters
    ----------
    documents
        The API's documents of the call; kept as they came, so that nothing is lost.
    counters
        How counters are read: "increments", "totals", a mapping by counter, or None to decide by evidence.
    tz
        Time zone of times that name none, where a method has no ``tz`` of its own.

    Attributes
    ----------
    documents
        The documents.

    Notes
    -----
    Tables are made when they are first asked for: ``call.candidate_pairs`` does not pay for the samples. Each is a
    plain DataFrame; ``rtk.schema()`` lists their columns. A Call never changes: :meth:`only`, :meth:`with_counters`
    and :meth:`redact` return a new one.
    """

    # A narrowed call takes its tables from the whole one, and its findings too: whose side a fault was on can only be
    # told with every participant's report at hand.
    _whole: Call | None = None
    _scope: Scope = Scope()

    def __init__(self, documents: CallDocuments, *, counters: Counters = None, tz: str = "UTC") -> None:
        forced_readings(counters)  # raises if they are none
        self.documents = documents
        self.tz = tz
        self._counters = counters
        self._parsed = ParsedDocuments(documents)

    # Names --------------------------------------------------------------------------------------------------------

    @property
    def session_id(self) -> str | None:
        """The session; None where no document names it."""
        return self._parsed.session_id

    @property
    def title(self) -> str:
        """Title of the meeting, or the session's id."""
        titles = self.sessions["meeting_display_name"].dropna()
        return str(titles.iloc[0]) if len(titles) else str(self.session_id or "call")

    @cached_property
    def names(self) -> dict[str, str]:
        """Peer id to a name that tells participants apart: a name that several have gets a number."""
        if self._whole is not None:
            return self._whole.names
        return participant_labels(self._parsed.everyone.participants)

    def peer(self, who: str) -> str:
        """
        Return the peer id of a participant by name, a part of the name, peer id, user id or custom id.

        What is called exactly so comes first; else a word of a name, or its beginning, is enough ("Alma" for "Alma
        Okafor") as long as it fits one participant. Case does not matter in names.

        Raises
        ------
        InvalidArgumentError
            Where nobody or more than one is called that; the message lists who there is.
        """
        return the_participant(who, self.names, self.participants)

    def received_from(self, who: str) -> pd.DataFrame:
        """
        Return how a participant was received by the others: for "nobody can hear me".

        Parameters
        ----------
        who
            The sender, named as for :meth:`peer`.

        Returns
        -------
        pandas.DataFrame
            The rows of ``quality`` of every stream that comes from that participant; ``display_name`` is the
            receiver's. Empty where nobody's report holds such a stream, which is not the same as fine.

        Raises
        ------
        InvalidArgumentError
            Where nobody or more than one is called that.
        """
        quality = self.quality
        return quality[quality["remote_peer_id"].eq(self.peer(who)).to_numpy(dtype=bool, na_value=False)]

    def only(
        self,
        *,
        participants: str | Iterable[str] | pd.DataFrame | None = None,
        window: Any = None,
        media: str | Iterable[str] | None = None,
        tz: str | dt.tzinfo | None = None,
    ) -> Call:
        """
        Return the call narrowed down: every table, finding and plot is of these participants, this time, these media.

        Parameters
        ----------
        participants
            One or several, named as for :meth:`peer`; or a table with a column ``peer_id``.
        window
            Start and end as people say them ("15:00", "3:20pm", "+5min", ISO 8601); None leaves a side open. One time
            stands for the ten minutes around it.
        media
            "audio", "video", "screenshare_audio", "screenshare_video", or several of them.
        tz
            Time zone of times that name none; that of the call by default.

        Returns
        -------
        Call
            A new call of the same documents. Findings are those of the whole call that these participants report or
            are the side of, in the window, so that the reports of the others still tell whose side a fault was on.
            What has no time of its own (``clients``, ``candidate_pairs``, ``cumulative``) is not narrowed by a
            window. :meth:`save` and :attr:`documents` are of the whole call.

        Raises
        ------
        InvalidArgumentError
            Where nobody or more than one is called that, for a time that cannot be read or is the wrong way round,
            and for media that there are not.

        Examples
        --------
        >>> call.only(participants="Alma", media="audio").findings()  # doctest: +SKIP
        """
        scope = Scope(
            peers=None if participants is None else frozenset(self._peers(participants)),
            window=_window(self, window, self.tz if tz is None else tz),
            media=None if media is None else frozenset(_media(media)),
        )
        return self._narrowed(scope.within(self._scope))

    @property
    def whole(self) -> Call:
        """The call that this one was narrowed from; itself where it was not narrowed."""
        return self if self._whole is None else self._whole

    def _narrowed(self, scope: Scope) -> Call:
        narrowed = Call(self.documents, counters=self._counters, tz=self.tz)
        narrowed._whole = self.whole
        narrowed._scope = scope
        return narrowed

    def _peers(self, participants: object) -> list[str]:
        if isinstance(participants, str):
            return [self.peer(participants)]
        if isinstance(participants, pd.DataFrame) and "peer_id" in participants.columns:
            return [str(peer) for peer in participants["peer_id"].dropna().unique()]
        listed = list(participants) if hasattr(participants, "__iter__") else []
        if not listed or not all(isinstance(who, str) for who in listed):
            msg = "participants= takes a name or a peer id, a list of them, or a table with a column peer_id."
            raise InvalidArgumentError(msg)
        return [self.peer(who) for who in listed]

    # Tables -------------------------------------------------------------------------------------------------------

    def _table(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Make a table of the whole call and put names to its ids; or narrow the whole call's."""
        if self._whole is not None:
            return self._scope.rows(name, getattr(self._whole, name))
        # Where the documents say themselves what somebody was called, that stays.
        return make() if name in ("participants", "transcript") else self._with_names(make())

    def _with_names(self, table: pd.DataFrame) -> pd.DataFrame:
        for ids, label in (("peer_id", "display_name"), ("remote_peer_id", "remote_name")):
            if ids in table.columns:
                table[label] = self._labels(table[ids])
        return table

    def _labels(self, peers: pd.Series[str]) -> ExtensionArray:
        codes, known = pd.factorize(peers)
        names = np.array([self.names.get(str(peer), pd.NA) for peer in known] + [pd.NA], dtype=object)
        return texts(names[codes])

    def _from_rows(self, name: str, rows: Callable[[], Iterable[Row]]) -> pd.DataFrame:
        return self._table(name, lambda: from_rows(TABLES[name], rows()))

    def _of_reports(self, name: str) -> pd.DataFrame:
        return self._from_rows(name, lambda: self._parsed.metadata.rows.get(name, ()))

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """Table ``sessions``: the session, one row (none where its document is absent)."""
        return self._from_rows("sessions", lambda: self._parsed.listings.sessions)

    @cached_property
    def participants(self) -> pd.DataFrame:
        """Table ``participants``: everyone listed or with a report, and whether the report was read."""
        return self._from_rows("participants", lambda: self._parsed.everyone.participants)

    @cached_property
    def peer_events(self) -> pd.DataFrame:
        """Table ``peer_events``: lifecycle events by the server's clock, each once."""

        def rows() -> Iterable[Row]:
            found = [*self._parsed.listings.peer_events, *self._parsed.metadata.rows.get("peer_events", ())]
            return {json.dumps(row, sort_keys=True): row for row in found}.values()

        return self._from_rows("peer_events", rows)

    @cached_property
    def clients(self) -> pd.DataFrame:
        """Table ``clients``: device, browser, SDK, encoder and network location of each participant."""
        return self._of_reports("clients")

    @cached_property
    def device_changes(self) -> pd.DataFrame:
        """Table ``device_changes``: devices added, removed, selected."""
        return self._of_reports("device_changes")

    @cached_property
    def connection_checks(self) -> pd.DataFrame:
        """Table ``connection_checks``: pre-call checks."""
        return self._of_reports("connection_checks")

    @cached_property
    def sdp(self) -> pd.DataFrame:
        """Table ``sdp``: SDP texts of the checks."""
        return self._of_reports("sdp")

    @cached_property
    def candidate_pairs(self) -> pd.DataFrame:
        """Table ``candidate_pairs``: ICE candidate pairs of both transports."""
        return self._of_reports("candidate_pairs")

    @cached_property
    def events(self) -> pd.DataFrame:
        """Table ``events``: client events, by the client's clock."""
        return self._of_reports("events")

    @cached_property
    def cumulative(self) -> pd.DataFrame:
        """Table ``cumulative``: the values of the cumulative blocks, long."""
        return self._of_reports("cumulative")

    @cached_property
    def samples(self) -> pd.DataFrame:
        """Table ``samples``: every sample as reported."""
        return self._table("samples", lambda: self._parsed.media.samples)

    @cached_property
    def _intervals(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        if "samples" in self.__dict__ or not self._parsed.large:
            return quality_of(self.samples, counters=self._counters)
        # Of a large call, samples and quality together may not fit: reports are read a few at a time, and only their
        # intervals are kept. Whoever asks for the samples gets them all the same.
        check_memory(
            _QUALITY_SHARE * self._parsed.size,
            f"The table quality of {self._reports_said}",
            _INSTEAD,
        )
        parts = map(self._with_names, self._parsed.samples_in_parts())
        return quality_in_parts(parts, counters=self._counters)

    @cached_property
    def quality(self) -> pd.DataFrame:
        """Table ``quality``: every sample as an interval, with rates, delays, gaps and resets."""
        # Its names are those of samples, from which it is made.
        return self._intervals[0] if self._whole is None else self._scope.rows("quality", self._whole.quality)

    @cached_property
    def counter_readings(self) -> pd.DataFrame:
        """Table ``counter_readings``: which counters were read as increments and which as running totals."""
        return self._table("counter_readings", lambda: self._intervals[1])

    @cached_property
    def streams(self) -> pd.DataFrame:
        """Table ``streams``: every stream from its first sample to its last, of a narrowed call those it holds."""
        return streams_of(self.quality)

    @cached_property
    def chat(self) -> pd.DataFrame:
        """
        Table ``chat``: messages, where the chat was fetched or saved.

        Empty where it was not asked for: ``app.call(session_id, chat=True)`` fetches it, ``app.chat(session_id)``
        it alone. A replay brings along what is saved.
        """
        return self._from_rows("chat", lambda: self._parsed.downloads.chat)

    @cached_property
    def transcript(self) -> pd.DataFrame:
        """
        Table ``transcript``: utterances, where the transcript was fetched or saved.

        Empty where it was not asked for: ``app.call(session_id, transcript=True)`` fetches it.
        """
        return self._from_rows("transcript", lambda: self._parsed.downloads.transcript)

    @property
    def summary(self) -> str | None:
        """The summary's text, where it was fetched (``app.call(session_id, summary=True)``) or saved; else None."""
        return self.documents.summary

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Table ``problems``: all that could not be fetched or read. Reads every document."""
        return self._table("problems", lambda: problems_frame(self._parsed.problems))

    # Judging ------------------------------------------------------------------------------------------------------

    @cached_property
    def judging(self) -> Context:
        """What the call is judged from, and what it was judged to be: made once, kept with the call."""
        from rtkit_explore.findings.context import narrowed_context
        from rtkit_explore.findings.evaluate import ready

        if self._whole is not None:
            return narrowed_context(self._whole.judging, self, self._scope)
        rows = f"{len(self.quality):,} rows of quality" if "_intervals" in self.__dict__ else self._reports_said
        self.check_room(f"Judging {rows}")
        made = ready(self)
        if self._parsed.large:
            return_freed_memory()
        return made

    @property
    def _reports_said(self) -> str:
        return f"{len(self.documents.reports)} reports ({self._parsed.size / 1e9:.1f} GB)"

    def check_room(self, what: str, *, redacted: bool = False, metrics: bool = False) -> None:
        """
        Raise if judging a large call does not fit into memory, all of it together and before any of it is begun.

        Parameters
        ----------
        what
            What is begun, for the message.
        redacted
            Whether a redacted copy is made first, of which everything is then worked out anew.
        metrics
            Whether metrics are worked out as well, as for the overview.

        Raises
        ------
        NotEnoughMemoryError
            If the memory that is free is less than what it takes.
        """
        if not self._parsed.large:
            return
        size, made = self._parsed.size, self.whole.__dict__
        rows = len(self.whole.quality) if "_intervals" in made else size / _SAMPLE_BYTES
        need = _REDACTED_SHARE * size if redacted else 0.0
        if redacted or "_intervals" not in made:
            need += _QUALITY_SHARE * size
        if redacted or "judging" not in made:
            need += _JUDGED_ROW * rows
        if metrics:
            need += _METRICS_ROW * rows
        check_memory(need, what, _INSTEAD)

    def findings(
        self,
        profile: ProfileLike = "default",
        *,
        participant: str | Iterable[str] | None = None,
        window: Any = None,
        severity: Literal["note", "warn", "bad"] | None = None,
        tz: str | dt.tzinfo | None = None,
    ) -> pd.DataFrame:
        """
        Say what was wrong, worst first, with the evidence and whose side it was on.

        Parameters
        ----------
        profile
            Name of a profile (``rtk.profiles()`` lists them), a ``Profile``, a TOML file of one, a mapping from rule to
            thresholds, or rules of your own (``rtk.rule``) to stand beside those of the default profile.
        participant
            Only findings that these participants report or are the side of.
        window
            Only findings of this time: two times as people say them, such as ("15:00", "3:20pm"), or one, which stands
            for the ten minutes around it.
        severity
            The least: "warn" leaves notes out, "bad" leaves warnings out as well.
        tz
            Time zone of ``window`` and of what is said; that of the call by default.

        Returns
        -------
        pandas.DataFrame
            Table ``findings``. Judging again by another profile neither fetches nor measures again.

        Raises
        ------
        InvalidArgumentError
            For a participant, a time, a severity or a profile that there is not.
        """
        from rtkit_explore.findings.evaluate import findings_of
        from rtkit_explore.findings.narrative import said_in

        chosen = self._asked(participant, window, tz)
        with said_in(self._zone(tz)):
            found = findings_of(chosen, profile, context=chosen.judging)
        if severity is None:
            return found
        if severity not in SEVERITIES:
            msg = f"severity= is one of {', '.join(SEVERITIES)}, not {severity!r}."
            raise InvalidArgumentError(msg)
        least = SEVERITIES[SEVERITIES.index(severity) :]
        return found[found["severity"].astype("object").isin(least)].reset_index(drop=True)

    def verdicts(
        self,
        profile: ProfileLike = "default",
        *,
        participant: str | Iterable[str] | None = None,
        window: Any = None,
        tz: str | dt.tzinfo | None = None,
    ) -> pd.DataFrame:
        """Judge the call and everyone in it: table ``verdicts``, the call first; arguments as for ``findings``."""
        from rtkit_explore.findings.narrative import said_in
        from rtkit_explore.findings.verdicts import verdicts_of

        chosen = self._asked(participant, window, tz)
        with said_in(self._zone(tz)):
            return verdicts_of(chosen, profile, context=chosen.judging)

    def overview(
        self,
        profile: ProfileLike = "default",
        *,
        participant: str | Iterable[str] | None = None,
        window: Any = None,
        tz: str | dt.tzinfo | None = None,
        metrics: Metrics = (),
    ) -> pd.DataFrame:
        """
        Put everyone side by side: table ``overview``, a row a participant with the figures that matter.

        Parameters
        ----------
        profile, participant, window, tz
            As for ``findings``.
        metrics
            Metrics of ``rtk.metric`` to stand beside them, a column each; ``(glitch, "p95")`` says how to roll up.

        Returns
        -------
        pandas.DataFrame
            Table ``overview``.
        """
        from rtkit_explore.findings.overview import overview_of

        chosen = self._asked(participant, window, tz)
        self.check_room(f"Working out the metrics of {self._reports_said}", metrics=True)
        return overview_of(chosen, profile, metrics=metrics, context=chosen.judging)

    def in_common(self, participants: str | Iterable[str]) -> pd.DataFrame:
        """
        Compare some participants with the others: what they share, and the others do not.

        Parameters
        ----------
        participants
            Name, or peer id, or several.

        Returns
        -------
        pandas.DataFrame
            A row an attribute that is known (country, region, network operator, browser, path, …): ``attribute``,
            ``these`` and ``others`` (string: values, with how many have each), ``shared`` and ``separates`` (boolean:
            these all have one value; and none of the others has it). Those that separate come first.
        """
        from rtkit_explore.findings.in_common import in_common

        names = [participants] if isinstance(participants, str) else list(participants)
        return in_common(self, [name if name in self.names else self.peer(name) for name in names])

    def story(
        self,
        profile: ProfileLike = "default",
        *,
        participant: str | Iterable[str] | None = None,
        window: Any = None,
        tz: str | dt.tzinfo | None = None,
    ) -> str:
        """Tell what happened as plain text to paste into a ticket; names are in it unless the call is redacted."""
        from rtkit_explore.findings.narrative import said_in
        from rtkit_explore.findings.verdicts import story_text

        chosen = self._asked(participant, window, tz)
        with said_in(self._zone(tz)):
            return Prose(story_text(chosen, profile, context=chosen.judging))

    def _zone(self, tz: str | dt.tzinfo | None) -> dt.tzinfo:
        """Return the time zone that was asked for, else the call's."""
        from rtkit_explore.local_time import time_zone

        return time_zone(self.tz if tz is None else tz)

    def _asked(self, participant: str | Iterable[str] | None, window: Any, tz: str | dt.tzinfo | None) -> Call:
        """Return the part of the call that a question is about; the call itself where it is about all of it."""
        if participant is None and window is None:
            return self
        return self.only(participants=participant, window=window, tz=tz)

    def explain(
        self,
        person: str,
        symptom: str,
        *,
        about: str | None = None,
        window: Any = None,
        on: Any = None,
        tz: Any = None,
        profile: ProfileLike = "default",
    ) -> Answer:
        """
        Answer a complaint: ``call.explain("Chen", "froze", window=("15:00", "15:20"), tz="Europe/Berlin")``.

        See :func:`rtkit_explore.complaints.explain.explain_call` for the arguments; ``rtk.symptoms()`` lists what is
        understood.
        """
        from rtkit_explore.complaints.explain import explain_call

        return explain_call(
            self, person, symptom, about=about, window=window, on=on, tz=self.tz if tz is None else tz, profile=profile
        )

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """All tables of the call by name, made now; those that judge (findings, verdicts, overview) are methods."""
        apart = ("downloads", "summary_jobs", "findings", "verdicts", "overview")
        names = [name for name in TABLES if name not in apart]
        return {name: getattr(self, name) for name in names}

    # More ---------------------------------------------------------------------------------------------------------

    def document(self, who: str) -> dict[str, Any]:
        """
        Return the decoded document of a participant's report, whole, unknown keys included.

        Raises
        ------
        InvalidArgumentError
            Where the participant has no report here.
        NotADocumentError
            Where the report is not JSON.
        """
        peer = who if who in self.documents.reports else self.peer(who)
        if peer not in self.documents.reports:
            msg = f"There is no report of {who!r} in this call; call.participants tells why (column report)."
            raise InvalidArgumentError(msg)
        problems = Problems()
        value = decode(self.documents.reports[peer], problems)
        if value is None:
            msg = f"The report of {who!r} is no readable document ({problems.rows()[0].message}). Fetch it again."
            raise NotADocumentError(msg)
        return value if isinstance(value, dict) else {"document": value}

    def with_counters(self, counters: Counters) -> Call:
        """Return the same call with its counters read another way ("increments", "totals", by counter, or None)."""
        again = Call(self.documents, counters=counters)
        return again if self._whole is None else again._narrowed(self._scope)

    def redact(self, *, keep: Collection[str] = (), salt: str | None = None) -> Call:
        """
        Return the same call without personal data: every document is rewritten, so that tables and files follow.

        Names, ids given by the customer, titles, device labels and ids, addresses, SDP, what was said, and every text
        that nobody knows the meaning of are replaced; the same thing is called the same throughout the call. Names of
        participants go wherever they stand as words. Numbers that a table reads stay, and so do the ids of sessions
        and participants, which lead to the call at the API; numbers of unknown keys go.

        Parameters
        ----------
        keep
            What stays all the same: "names", "title", "device_labels", "location", "user_agent", "numbers"
            (of unknown keys).
        salt
            A secret of yours, for pseudonyms of people that are the same in several calls; None numbers people in
            the order of joining.

        Returns
        -------
        Call
            A new call. A document that cannot be read is left out, and ``problems`` says so.

        Raises
        ------
        InvalidArgumentError
            For a ``keep`` that is not one of those.
        """
        from rtkit_explore.redaction.documents import redacted_documents

        if self._parsed.large:
            what = f"A redacted copy of {self._parsed.size / 1e9:.1f} GB of reports"
            check_memory(_REDACTED_SHARE * self._parsed.size, what, _INSTEAD)
        redacted = Call(redacted_documents(self.documents, keep=keep, salt=salt), counters=self._counters, tz=self.tz)
        if self._whole is None:
            return redacted
        peers = self._scope.peers
        if peers is not None:
            # Ids of an unusual form are rewritten; participants keep their order.
            before, after = self._whole.participants["peer_id"], redacted.participants["peer_id"]
            pairs = zip(before, after, strict=True) if len(before) == len(after) else zip(after, after, strict=True)
            peers = frozenset(str(new) for old, new in pairs if old in peers)
        return redacted._narrowed(replace(self._scope, peers=peers))

    def save(self, folder: str | Path) -> Path:
        """
        Write the original documents (not redacted: names, addresses, labels and words included) into a folder.

        Returns
        -------
        pathlib.Path
            The folder of the session, which ``rtk.replay`` opens.
        """
        from rtkit_explore.store.saved_calls import save_call

        return save_call(self.documents, folder, session_id=self.session_id)

    def __repr__(self) -> str:
        """Say what is there, without names."""
        people = self.participants
        read = int((people["report"] == "read").sum())
        narrowed = "" if self._whole is None else "narrowed: "
        return f"<Call {self.session_id}: {narrowed}{len(people)} participants, {read} reports read>"

    def _repr_html_(self) -> str:
        from html import escape

        people = self.participants[["display_name", "joined_at", "left_at", "duration", "report"]]
        title = f"<p><b>{escape(self.title)}</b> · session {escape(str(self.session_id))} · times in UTC</p>"
        return title + people.to_html(index=False, escape=True, border=0, na_rep="")


# What only() is asked for ---------------------------------------------------------------------------------------------


def _media(media: str | Iterable[str]) -> list[str]:
    wanted = [media] if isinstance(media, str) else list(media) if isinstance(media, Iterable) else []
    wrong = [one for one in wanted if one not in MEDIA]
    if wrong or not wanted:
        msg = f"media= takes {', '.join(map(repr, MEDIA))}, or several of them, not {media!r:.80}."
        raise InvalidArgumentError(msg)
    return wanted


def _window(call: Call, window: Any, tz: str | dt.tzinfo) -> tuple[int, int]:
    """Read a window as people say times, as microseconds since 1970; an open side lies before or after everything."""
    from rtkit_explore.local_time import as_window, time_zone

    if window is None:
        return EARLIEST, LATEST
    begin, end = as_window(window, time_zone(tz), call_span(call))
    first_open, last_open = (one is None for one in window) if isinstance(window, list | tuple) else (False, False)
    return (
        EARLIEST if first_open else int(pd.Timestamp(begin).as_unit("us").asm8.astype("int64")),
        LATEST if last_open else int(pd.Timestamp(end).as_unit("us").asm8.astype("int64")),
    )
