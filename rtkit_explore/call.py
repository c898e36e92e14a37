"""Call: one session with every participant's report, as tables. The object that users hold."""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.call_reading import CallReading
from rtkit_explore.errors import InvalidArgumentError, NotADocumentError
from rtkit_explore.measures.counters import Counters, forced_readings
from rtkit_explore.measures.quality import quality_of
from rtkit_explore.measures.streams import streams_of
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import TEXT, from_rows
from rtkit_explore.tables.json_reader import decode
from rtkit_explore.tables.participant_lookup import find_participants
from rtkit_explore.tables.problem_rows import Problems, problems_frame

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.store.documents import CallDocuments

Row = dict[str, Any]


def check_call(what: object, taker: str, *, also: str = "") -> None:
    """
    Refuse what is not a Call, in words that say how to get one.

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
        Where it is no Call.
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

    Attributes
    ----------
    documents
        The documents.

    Notes
    -----
    Tables are made when they are first asked for: ``call.candidate_pairs`` does not pay for the samples. Each is a
    plain DataFrame; ``rtk.schema()`` lists their columns. A Call never changes; what narrows it down (``only``)
    or reads it differently (``with_counters``) gives a new one.
    """

    def __init__(self, documents: CallDocuments, *, counters: Counters = None) -> None:
        forced_readings(counters)  # refuses what cannot be
        self.documents = documents
        self._counters = counters
        self._read = CallReading(documents)

    # What it is called --------------------------------------------------------------------------------------------

    @property
    def session_id(self) -> str | None:
        """The session; None where no document names it."""
        return self._read.session_id

    @property
    def title(self) -> str:
        """Title of the meeting, or the session's id."""
        titles = self.sessions["meeting_display_name"].dropna()
        return str(titles.iloc[0]) if len(titles) else str(self.session_id or "call")

    @cached_property
    def names(self) -> dict[str, str]:
        """Peer id to a name that tells participants apart: a name that several have gets a number."""
        people = self.participants
        names = {
            peer: (name if isinstance(name, str) and name else f"participant {peer[:8]}")
            for peer, name in zip(
                people["peer_id"].dropna(), people.loc[people["peer_id"].notna(), "display_name"], strict=True
            )
        }
        several = Counter(names.values())
        taken = set(names.values())
        for peer, name in names.items():
            if several[name] > 1:
                label = next(label for n in count(1) if (label := f"{name} ({n})") not in taken)
                names[peer] = label
                taken.add(label)
        return names

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
        found = find_participants(who, self.names, self.participants)
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"{name} ({peer})" for peer, name in self.names.items()) or "nobody"
        problem = "Several participants are" if len(found) else "Nobody in this call is"
        msg = f"{problem} called {who!r}. In the call: {known}."
        raise InvalidArgumentError(msg)

    @cached_property
    def _intervals(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        quality, readings = quality_of(self.samples, counters=self._counters)
        names = [self.names.get(peer, pd.NA) for peer in quality["peer_id"]]
        quality["display_name"] = pd.array(names, dtype=TEXT)
        return quality, readings

    # Tables -------------------------------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """Table ``sessions``: the session, one row (none where its document is absent)."""
        return from_rows(TABLES["sessions"], self._read.people[0])

    @cached_property
    def participants(self) -> pd.DataFrame:
        """Table ``participants``: everyone listed or with a report, and whether the report was read."""
        return from_rows(TABLES["participants"], self._read.merged[0])

    @cached_property
    def peer_events(self) -> pd.DataFrame:
        """Table ``peer_events``: lifecycle events by the server's clock, each once."""
        rows = [*self._read.people[2], *self._read.metadata[0].get("peer_events", ())]
        distinct = {json.dumps(row, sort_keys=True): row for row in rows}
        return from_rows(TABLES["peer_events"], distinct.values())

    def _of_reports(self, name: str) -> pd.DataFrame:
        return from_rows(TABLES[name], self._read.metadata[0].get(name, ()))

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
        return self._read.media[0]

    @property
    def quality(self) -> pd.DataFrame:
        """Table ``quality``: every sample as an interval, with rates, delays, gaps and resets."""
        return self._intervals[0]

    @property
    def counter_readings(self) -> pd.DataFrame:
        """Table ``counter_readings``: which counters were read as increments and which as running totals."""
        return self._intervals[1]

    @cached_property
    def streams(self) -> pd.DataFrame:
        """Table ``streams``: every stream from its first sample to its last."""
        return streams_of(self.quality)

    @cached_property
    def chat(self) -> pd.DataFrame:
        """
        Table ``chat``: messages, where the chat was fetched or saved.

        Empty where it was not asked for: ``app.call(session_id, chat=True)`` fetches it, ``app.chat(session_id)``
        it alone. A replay brings along what is saved.
        """
        return from_rows(TABLES["chat"], self._read.said[0])

    @cached_property
    def transcript(self) -> pd.DataFrame:
        """
        Table ``transcript``: utterances, where the transcript was fetched or saved.

        Empty where it was not asked for: ``app.call(session_id, transcript=True)`` fetches it.
        """
        return from_rows(TABLES["transcript"], self._read.said[1])

    @property
    def summary(self) -> str | None:
        """The summary's text, where it was fetched (``app.call(session_id, summary=True)``) or saved; else None."""
        return self.documents.summary

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Table ``problems``: all that could not be fetched or read. Reads every document."""
        return problems_frame(self._read.problems)

    # Judging ------------------------------------------------------------------------------------------------------

    @cached_property
    def judging(self) -> Context:
        """What the call is judged from, and what it was judged to be: made once, kept with the call."""
        from rtkit_explore.findings.evaluate import ready

        return ready(self)

    def findings(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """
        Say what was wrong, worst first, with the evidence and whose side it was on.

        Parameters
        ----------
        profile
            Name of a profile (``rtk.profiles()`` lists them), a ``Profile``, or a mapping from rule to thresholds.

        Returns
        -------
        pandas.DataFrame
            Table ``findings``. Judging again by another profile neither fetches nor measures again.
        """
        from rtkit_explore.findings.evaluate import findings_of

        return findings_of(self, profile, context=self.judging)

    def verdicts(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """Judge the call and everyone in it: table ``verdicts``, the call first; ``profile`` as for ``findings``."""
        from rtkit_explore.findings.verdicts import verdicts_of

        return verdicts_of(self, profile, context=self.judging)

    def overview(self, profile: ProfileLike = "default") -> pd.DataFrame:
        """Put everyone side by side: table ``overview``, a row a participant with the figures that matter."""
        from rtkit_explore.findings.overview import overview_of

        return overview_of(self, profile, context=self.judging)

    def story(self, profile: ProfileLike = "default") -> str:
        """Tell what happened as plain text to paste into a ticket; names are in it unless the call is redacted."""
        from rtkit_explore.findings.verdicts import story_text

        return story_text(self, profile, context=self.judging)

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
        return Call(self.documents, counters=counters)

    def redact(self, *, keep: Collection[str] = (), salt: str | None = None) -> Call:
        """
        Return the same call without personal data: every document is rewritten, so that tables and files follow.

        Names, ids given by the customer, titles, device labels and ids, addresses, SDP, what was said, and every text
        that nobody knows the meaning of are replaced; the same thing is called the same throughout the call. Numbers
        stay as they are, and so do the ids of sessions and participants, which lead to the call at the API.

        Parameters
        ----------
        keep
            What stays all the same: "names", "title", "device_labels", "location", "user_agent".
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

        return Call(redacted_documents(self.documents, keep=keep, salt=salt), counters=self._counters)

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
        return f"<Call {self.session_id}: {len(people)} participants, {read} reports read>"

    def _repr_html_(self) -> str:
        from html import escape

        people = self.participants[["display_name", "joined_at", "left_at", "duration", "report"]]
        title = f"<p><b>{escape(self.title)}</b> · session {escape(str(self.session_id))} · times in UTC</p>"
        return title + people.to_html(index=False, escape=True, border=0, na_rep="")
