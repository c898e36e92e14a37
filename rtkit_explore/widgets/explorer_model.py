"""ExplorerModel: what the explorer knows and what is chosen in it, in plain Python; every view mirrors it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError, RtkitError
from rtkit_explore.findings.rules import BY_NAME
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.explorer_call import FIRST_MEASURES, JUDGED, MEASURES, OpenCall
from rtkit_explore.widgets.explorer_scene import (
    Choice,
    Scene,
    choice_of_finding,
    known,
    page_of,
    scene_of,
    with_filters,
)
from rtkit_explore.widgets.fallback import Code
from rtkit_explore.widgets.item_labels import sorted_sessions
from rtkit_explore.widgets.observers import Observers
from rtkit_explore.widgets.time_range import TimeRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rtkit_explore.app import App

MOST_OPEN: Final = 4
"""Number of calls that are kept ready to be shown again."""
MOST_NAMES: Final = 8
"""Most names that are said of those who are found."""
DIRECTIONS: Final = ("producer", "consumer")
MOST_MEASURES: Final = 4
"""Most panels: more would be too low to read."""


class ExplorerModel:
    """
    What the explorer knows, and what is chosen in it.

    Parameters
    ----------
    source
        An app, whose calls can be chosen from; or one Call.
    tz
        Time zone in which times are shown and typed.
    remember, name
        Whether choices survive when the cell runs again, and a name that distinguishes explorers.
    session
        The call that is opened first; by default the one looked at before, else the newest that has ended.
    view
        A choice as :attr:`view` gives it.
    query
        Passed on to ``app.sessions``.

    Attributes
    ----------
    sessions
        The table that is chosen from; None where the source is one Call.
    problem
        Why there is nothing to see; "" where there is.

    Notes
    -----
    Subscribers are told "call" (another call, or more of it is known), "scene" (another choice within it) or "calls".
    All methods may be called from any thread.
    """

    def __init__(
        self,
        source: App | Call,
        *,
        tz: str = "UTC",
        remember: bool = True,
        name: str = "",
        session: str | None = None,
        view: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        self.tz = TimeRange(None, None, tz=tz).tz
        self.name, self.remember = name, remember
        self.problem = ""
        self.sessions: pd.DataFrame | None = None
        self._source = source
        self._query = dict(query or {})
        self._lock = threading.RLock()
        self._observers: Observers[str] = Observers()
        self._open: OrderedDict[str, OpenCall] = OrderedDict()
        self._session: str | None = None
        self._opened: OpenCall | None = None
        self._complete = False
        self.choice = Choice()
        self.verdicts: dict[str, str] = {}
        wanted = dict(view or {})
        self._wanted_view = wanted
        if isinstance(source, Call):
            self._session = source.session_id or ""
            self._opened = OpenCall(source)
            self._open[self._session] = self._opened
        else:
            self.sessions = sorted_sessions(source.sessions(**self._query))
            self._open_at_first(session or wanted.get("session"))

    # State --------------------------------------------------------------------------------------------------------

    @property
    def app(self) -> App | None:
        """Where calls come from; None where the explorer was given one Call."""
        return None if isinstance(self._source, Call) else self._source

    @property
    def session_id(self) -> str | None:
        """The session that is chosen; None where there is none."""
        return self._session

    @property
    def opened(self) -> OpenCall | None:
        """The chosen call, made ready to be drawn; None where it could not be had."""
        return self._opened

    @property
    def call(self) -> Call | None:
        """The chosen call; None where it could not be had."""
        return None if self._opened is None else self._opened.call

    @property
    def is_complete(self) -> bool:
        """Whether samples and findings have been read, too."""
        return self._complete

    @property
    def window(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """The chosen time in UTC: the whole call where nothing is chosen, None where no time is known."""
        limits = None if self._opened is None else self._opened.limits
        chosen = self.choice.window or limits
        return None if chosen is None else (stamp(chosen[0]), stamp(chosen[1]))

    @property
    def participants(self) -> list[str]:
        """Peer ids of those who are looked at."""
        if self._opened is None:
            return []
        if self.choice.people is None:
            return [stay.peer for stay in self._opened.stays]
        return list(self.choice.people)

    @property
    def view(self) -> dict[str, Any]:
        """What is chosen as plain data, from which :func:`rtkit_explore.explorer` makes the same view again."""
        found = {name: value for name, value in asdict(self.choice).items() if value != getattr(Choice(), name)}
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
        if self.choice.window is not None:
            found["window"] = [stamp(edge).isoformat() for edge in self.choice.window]
        return {"session": self._session, **found}

    def subscribe(self, observer: Callable[[str], object]) -> Callable[[], None]:
        """Call ``observer`` with "calls", "call" or "scene" after a change; returns the function that ends it."""
        return self._observers.subscribe(observer)

    def page(self) -> dict[str, Any]:
        """Describe the call, apart from what is chosen in it; {} where there is none."""
        with self._lock:
            return {} if self._opened is None else page_of(self._opened, whole=self._complete, tz=self.tz)

    def scene(self) -> Scene:
        """Work out what the choice draws."""
        with self._lock:
            if self._opened is None or not self._complete:
                return Scene({"lines": [], "panels": [], "more": 0, "finding": None, "measures": []})
            return scene_of(self._opened, self.choice)

    def calls(self) -> list[dict[str, Any]]:
        """List the calls that can be chosen: those that have ended first, the newest first."""
        if self.sessions is None:
            return []
        return [call_row(row, self.verdicts) for row in self.sessions.to_dict("records")]

    # Choosing a call ----------------------------------------------------------------------------------------------

    def _open_at_first(self, session: str | None) -> None:
        table = self.sessions
        ids = [] if table is None else [str(one) for one in table["session_id"].dropna()]
        before = memory.recall(self._key("session"), None) if self.remember else None
        if session is not None and session not in ids:
            self.open(session)  # a call that is not in the list can still be fetched
        elif session is not None or before in ids:
            self.open(str(session or before))
        elif ids:
            self.open(ids[0])
        else:
            self.problem = "No calls were found. Ask for another time or status."

    def open(self, session: str, *, again: bool = False) -> None:
        """
        Open a call.

        Parameters
        ----------
        session
            Its session id.
        again
            Whether to fetch it again, as a call that is going on has to be.

        Notes
        -----
        A call that cannot be fetched sets ``problem`` and raises nothing. What was chosen in it before is chosen again.
        """
        with self._lock:
            if self._session == session and self._opened is not None and not again:
                return
            self._session, self.problem = session, ""
            self._complete = False
            self.choice = Choice()
            opened = None if again else self._open.get(session)
            if opened is None:
                try:
                    opened = OpenCall(self._fetch(session))
                except RtkitError as error:
                    self.problem = str(error)
            self._opened = opened
            if opened is not None:
                self._open[session] = opened
                self._open.move_to_end(session)
                while len(self._open) > MOST_OPEN:
                    self._open.popitem(last=False)
            if self.remember:
                memory.keep(self._key("session"), None, session)
        self._tell("call")

    def _fetch(self, session: str) -> Call:
        if isinstance(self._source, Call):
            return self._source
        return self._source.call(session)

    def complete(self) -> None:
        """Read samples and findings of the chosen call, and choose what is shown first. A second call does nothing."""
        with self._lock:
            opened = self._opened
            if opened is None or self._complete:
                return
            try:
                self._first_choice(opened)
                if self._session is not None:
                    self.verdicts[self._session] = opened.verdict[0]
            except RtkitError as error:
                self.problem = str(error)
            self._complete = True
        self._tell("call")

    def _first_choice(self, opened: OpenCall) -> None:
        """Choose what was asked for, what was looked at before, or the worst finding, in the whole call."""
        wanted, self._wanted_view = self._wanted_view, {}
        before = memory.recall(self._key("choice"), None) if self.remember else None
        if wanted and wanted.get("session") in (None, self._session):
            self.choice = choice_from(opened, wanted)
        elif before is not None:
            self.choice = choice_from(opened, before)
        elif opened.findings and opened.findings[0].severity != "note":
            self.choice = choice_of_finding(opened, opened.findings[0], zoom=False)
        else:
            self.choice = Choice(measures=tuple(m for m in FIRST_MEASURES))

    def refresh(self) -> None:
        """Ask for the list of calls again, and for the chosen call where it was going on."""
        with self._lock:
            if not isinstance(self._source, Call):
                self.sessions = sorted_sessions(self._source.sessions(**self._query))
            session = self._session
            live = self._opened is not None and self._opened.is_live
        self._tell("calls")
        if session is not None and live and not isinstance(self._source, Call):
            self.open(session, again=True)

    # Choosing within the call -------------------------------------------------------------------------------------

    def choose_finding(self, key: int | None, *, zoom: bool = True) -> None:
        """
        Look at a finding: its people, streams, measures and time; None looks at the whole call again.

        Raises
        ------
        InvalidArgumentError
            If there is no such finding.
        """
        with self._lock:
            opened = self._ready()
            if key is None:
                self.choice = Choice()
            else:
                if not 0 <= key < len(opened.findings):
                    msg = f"This call has {len(opened.findings)} findings, counted from 0; there is no number {key}."
                    raise InvalidArgumentError(msg)
                self.choice = choice_of_finding(opened, opened.findings[key], zoom=zoom)
        self._chosen()

    def choose(
        self,
        *,
        people: Iterable[str] | str | None = "",
        media: Iterable[str] | None = (),
        directions: Iterable[str] | None = (),
        measures: Iterable[str] = (),
        all_lines: bool | None = None,
    ) -> None:
        """
        Filter what is drawn; what is left out stays as it is, None lifts a filter.

        Parameters
        ----------
        people
            Names or peer ids.
        media, directions
            Kinds of media; "producer", "consumer".
        measures
            Measures, a panel each, at most four.
        all_lines
            Whether to draw more lines than can be distinguished.

        Raises
        ------
        InvalidArgumentError
            If somebody is not in the call, or a measure is unknown.
        """
        with self._lock:
            opened = self._ready()
            changes: dict[str, Any] = {}
            if people != "":
                changes["people"] = None if people is None else self._peers(people)
            if media is None or media:
                changes["media"] = known(media, opened.media)
            if directions is None or directions:
                changes["directions"] = known(directions, DIRECTIONS)
            if measures:
                chosen = list(measures)
                wrong = [name for name in chosen if not is_measure(name)]
                if wrong:
                    msg = f"There is no measure {wrong[0]!r}. There are: {', '.join(MEASURES)}."
                    raise InvalidArgumentError(msg)
                changes["measures"] = tuple(dict.fromkeys(chosen))[:MOST_MEASURES]
            if all_lines is not None:
                changes["all_lines"] = all_lines
            self.choice = with_filters(self.choice, **changes)
        self._chosen()

    def _peers(self, people: Iterable[str] | str) -> tuple[str, ...]:
        opened = self._ready()
        wanted = [people] if isinstance(people, str) else list(people)
        return tuple(who if who in opened.names else opened.call.peer(who) for who in wanted)

    def choose_window(
        self, start: float | str | pd.Timestamp | None = None, end: float | str | pd.Timestamp | None = None
    ) -> None:
        """
        Look at a part of the call.

        Parameters
        ----------
        start, end
            Times, seconds since 1970, or texts as people type them ("14:40", "2:40pm", "+5min"); None, or an empty
            text, for the begin or the end of the call.

        Raises
        ------
        InvalidArgumentError
            If one is not a time, or the range lies outside of the call; the message says when the call was.
        """
        with self._lock:
            opened = self._ready()
            limits = opened.limits
            span = TimeRange(*((stamp(limits[0]), stamp(limits[1])) if limits else (None, None)), tz=self.tz)
            given = [stamp(edge) if isinstance(edge, float | int) else edge for edge in (start, end)]
            given = [None if edge is None or (isinstance(edge, str) and not edge.strip()) else edge for edge in given]
            span.set(*given)
            if span.window is None or span.is_whole:
                window = None
            else:
                window = (span.window[0].timestamp(), span.window[1].timestamp())
                if window[1] <= window[0]:
                    msg = f"That window has no length. {span.span_words()}."
                    raise InvalidArgumentError(msg)
            self.choice = replace(self.choice, window=window)
        self._chosen()

    def choose_zone(self, tz: str) -> None:
        """
        Show times in another time zone.

        Raises
        ------
        InvalidArgumentError
            If there is no such time zone.
        """
        self.tz = TimeRange(None, None, tz=tz).tz

    def ask(self, who: str, symptom: str, *, in_view: bool = False) -> Any:
        """
        Explain a complaint: what the reports show of it.

        Parameters
        ----------
        who
            Who complains: name or peer id.
        symptom
            In the customer's words.
        in_view
            Whether only the chosen window is looked at, not the whole call.

        Returns
        -------
        object
            The result of ``call.explain``.

        Raises
        ------
        InvalidArgumentError
            If the words are not understood, or the person is not found.
        """
        call = self._ready().call
        window = self.window if in_view and self.choice.window is not None else None
        return call.explain(who, symptom, window=window, tz=self.tz)

    # People and complaints over all calls -------------------------------------------------------------------------

    @property
    def finds_people(self) -> bool:
        """Whether somebody's calls can be looked for."""
        return self.app is not None and callable(getattr(self.app, "find", None))

    def calls_of(self, person: str, *, day: str = "") -> dict[str, Any]:
        """
        Look for somebody's calls.

        Parameters
        ----------
        person
            Part of a name, or an id of the participant or the user.
        day
            The day as "2026-11-19" in the chosen time zone; any time by default.

        Returns
        -------
        dict
            ``ids`` of the listed sessions, the newest first, ``names`` of those who are meant, and ``unlisted``: how
            many more calls of theirs are not in the list.

        Raises
        ------
        InvalidArgumentError
            If nobody can be looked for here, or nothing is asked.
        """
        app, wanted = self.app, person.strip()
        if app is None or not self.finds_people:
            msg = "Nobody can be looked for here: this explorer was given calls without an app."
            raise InvalidArgumentError(msg)
        if not wanted:
            msg = "Type a name, or a part of it."
            raise InvalidArgumentError(msg)
        found = app.find(wanted, on=day or None, tz=self.tz)
        table = self.sessions
        listed = set() if table is None else set(table["session_id"].dropna().astype(str))
        ids = list(dict.fromkeys(found["session_id"].dropna().astype(str)))
        return {
            "ids": [one for one in ids if one in listed],
            "names": sorted({str(name) for name in found["display_name"].dropna()})[:MOST_NAMES],
            "unlisted": sum(one not in listed for one in ids),
        }

    def ask_calls(self, person: str, symptom: str, *, day: str = "") -> Any:
        """
        Ask a complaint of all calls of somebody, and open the call that answers it best.

        Parameters
        ----------
        person, symptom
            As in :meth:`ask`.
        day
            As in :meth:`calls_of`; a day makes it quicker and surer.

        Returns
        -------
        object
            The result of ``app.explain``.

        Raises
        ------
        InvalidArgumentError
            If the words are not understood, or nobody of that name was in a call.
        """
        explain = getattr(self.app, "explain", None)
        if explain is None:
            msg = "A complaint can be asked here of one call at a time: choose the call first."
            raise InvalidArgumentError(msg)
        answer = explain(person.strip(), symptom, on=day or None, tz=self.tz)
        with self._lock:
            session = str(answer.call.session_id)
            if session not in self._open:
                self._open[session] = OpenCall(answer.call)
        self.open(session)
        return answer

    def other_call(self, session: str) -> Call:
        """Return another call, to be put beside the chosen one; one that was opened is not fetched again."""
        opened = self._open.get(session)
        return opened.call if opened is not None else self._fetch(session)

    # As code ------------------------------------------------------------------------------------------------------

    def to_code(self) -> str:
        """Return the lines that show the same without widgets; they need ``rtk`` and ``app`` and nothing else."""
        opened, choice = self._opened, self.choice
        if opened is None:
            return Code(f"call = app.call({self._session!r})" if self._session else "app.sessions()")
        lines = [f"call = app.call({opened.call.session_id!r})"]
        zone = "" if self.tz == "UTC" else f", tz={self.tz!r}"
        if choice.finding is not None:
            finding = opened.findings[choice.finding]
            lines.append(f"finding = call.findings().iloc[{choice.finding}]  # {finding.rule}, {finding.severity}")
            lines.append(f"rtk.plot.finding(call, finding{zone})")
        lines.append(f"rtk.plot.timeline(call{zone})")
        columns = [name for name in choice.measures if not name.startswith(JUDGED)]
        if columns:
            options = f"metrics={columns!r}"
            if choice.people is not None:
                options += f", participant={list(choice.people)!r}"
            if choice.media is not None:
                options += f", media={list(choice.media)!r}"
            if choice.directions is not None:
                options += f", direction={list(choice.directions)!r}"
            if choice.finding is not None and choice.focus:
                ids = list(dict.fromkeys(line.stream_id for line in opened.connected(opened.findings[choice.finding])))
                options += f", streams={ids!r}"
            if choice.window is not None:
                options += f", window=({', '.join(repr(stamp(edge).isoformat()) for edge in choice.window)})"
            lines.append(f"rtk.plot.quality(call, {options}{zone})")
        return Code("\n".join(lines))

    def to_view_code(self) -> str:
        """Return the line that opens the explorer with this very view."""
        source = "app" if self.app is not None else "call"
        zone = "" if self.tz == "UTC" else f", tz={self.tz!r}"
        return Code(f"rtk.explorer({source}, view={self.view!r}{zone})")

    # Inside -------------------------------------------------------------------------------------------------------

    def _ready(self) -> OpenCall:
        if self._opened is None:
            msg = self.problem or "No call is chosen."
            raise InvalidArgumentError(msg)
        self.complete()
        return self._opened

    def _chosen(self) -> None:
        if self.remember:
            memory.keep(self._key("choice"), None, {**asdict(self.choice)})
        self._tell("scene")

    def _key(self, what: str) -> memory.Key:
        return (f"explorer {what}", self.name, "" if what == "session" else str(self._session))

    def _tell(self, what: str) -> None:
        self._observers.put(what)
        self._observers.deliver()


def choice_from(opened: OpenCall, view: Mapping[str, Any]) -> Choice:
    """Make a choice from plain data, as far as what it names is in the call."""
    finding = view.get("finding")
    if not isinstance(finding, int) or isinstance(finding, bool) or not 0 <= finding < len(opened.findings):
        finding = None
    window = view.get("window")
    edges: tuple[float, float] | None = None
    if window is not None and opened.limits is not None:
        low, high = (edge if isinstance(edge, float) else pd.Timestamp(edge).timestamp() for edge in window)
        low, high = max(low, opened.limits[0]), min(high, opened.limits[1])
        edges = (low, high) if high > low else None
    people = view.get("people")
    measures = tuple(name for name in view.get("measures", FIRST_MEASURES) if is_measure(name))
    return Choice(
        finding=finding,
        focus=bool(view.get("focus", False)) and finding is not None,
        people=None if people is None else known(people, opened.names),
        media=known(view.get("media"), opened.media),
        directions=known(view.get("directions"), DIRECTIONS),
        measures=measures[:MOST_MEASURES],
        window=edges,
        all_lines=bool(view.get("all_lines", False)),
    )


def is_measure(name: object) -> bool:
    """Tell whether there is a measure of that name."""
    return name in MEASURES or (
        isinstance(name, str) and name.startswith(JUDGED) and name.removeprefix(JUDGED) in BY_NAME
    )


def call_row(row: Mapping[Any, Any], verdicts: Mapping[str, str]) -> dict[str, Any]:
    """Describe a call in the list of calls."""

    def time(name: str) -> float | None:
        value = row.get(name)
        return None if value is None or pd.isna(value) else pd.Timestamp(value).timestamp()

    def text(name: str) -> str:
        value = row.get(name)
        return "" if value is None or pd.isna(value) else str(value)

    live = text("status") == "LIVE"
    people = row.get("live_participants" if live else "max_concurrent_participants")
    session = text("session_id")
    return {
        "id": session,
        "title": text("meeting_display_name") or "untitled call",
        "start": time("started_at") or time("created_at"),
        "end": time("ended_at"),
        "live": live,
        "people": None if people is None or pd.isna(people) else int(people),
        "words": " ".join(filter(None, (session, text("associated_id"), text("type")))),
        "verdict": verdicts.get(session, ""),
    }


def stamp(seconds: float) -> pd.Timestamp:
    """Turn seconds since 1970 into a time in UTC, to the microsecond."""
    return pd.Timestamp(round(seconds * 1e6), unit="us", tz="UTC").as_unit("us")
