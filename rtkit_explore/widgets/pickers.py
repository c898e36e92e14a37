"""The pickers: session, participants, stream, finding, time window."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.call import check_call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.tables.participant_lookup import the_participant
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.fallback import Code, StaticView
from rtkit_explore.widgets.item_labels import (
    finding_items,
    is_live,
    limits_of,
    names_in,
    participant_items,
    session_items,
    sorted_sessions,
    stream_items,
)
from rtkit_explore.widgets.picker import ListPicker, Picker
from rtkit_explore.widgets.selection_model import Choices, Item
from rtkit_explore.widgets.time_range import TimeRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rtkit_explore.app import App
    from rtkit_explore.call import Call
    from rtkit_explore.widgets.time_range_view import TimeRangeView

    Window = tuple[pd.Timestamp, pd.Timestamp]


class SessionPicker(ListPicker["str | None"]):
    """Picks one session; ``value`` is its id, None only where there is no session."""

    title = "Session"
    empty = "no calls here. Ask for another time, status or search."
    _variable = "session_id"

    def _value_of(self, selected: tuple[str, ...]) -> str | None:
        return selected[0] if selected else None


class ParticipantsPicker(ListPicker["list[str]"]):
    """Picks participants; ``value`` is the list of their peer ids, in the order of the table."""

    title = "Participants"
    empty = "nobody is listed in this call: the list of participants was not fetched, or is empty."
    _variable = "participants"
    _find: Callable[[str], str] | None = None

    def _value_of(self, selected: tuple[str, ...]) -> list[str]:
        return list(selected)

    def offer(self, call: Call | pd.DataFrame, *, tz: str = "UTC") -> None:
        """Offer the participants of a call, or of a table; who is chosen and still there stays chosen."""
        people, names, _, self._find = _people(call)
        self._table = people
        self.choices.replace(participant_items(people, names=names, tz=tz))

    def select(self, ids: str | Iterable[str]) -> None:
        """
        Choose participants by peer id; by name, user id or custom id, too, where the picker is made from a Call.

        Raises
        ------
        InvalidArgumentError
            If no participant, or more than one, matches; the message lists the participants.
        """
        wanted = [ids] if isinstance(ids, str) else list(ids)
        known = {item.id for item in self.choices.items}
        find = self._find
        self.choices.select([who if find is None or who in known else find(who) for who in wanted])


class FindingPicker(ListPicker["int | None"]):
    """Picks one finding; ``value`` is its row number in the table of findings, None only where nothing was found."""

    title = "Finding"
    empty = "nothing was found to be wrong."
    _variable = "finding"

    def _value_of(self, selected: tuple[str, ...]) -> int | None:
        return int(selected[0]) if selected else None

    @property
    def table(self) -> pd.DataFrame:
        """The chosen finding: one row of the table, none where nothing was found."""
        number = self.value
        return self._table.iloc[:0] if number is None else self._table.iloc[[number]]

    @property
    def finding(self) -> pd.Series[Any] | None:
        """The chosen finding, for ``rtk.plot.finding``; None where nothing was found."""
        number = self.value
        return None if number is None else self._table.iloc[number]

    def to_code(self) -> str:
        """Return the line that makes the same choice without the widget; see :meth:`Picker.to_code`."""
        return Code("finding = None" if self.value is None else f"finding = call.findings().iloc[{self.value}]")


class StreamPicker(ListPicker["str | None"]):
    """Picks one stream; ``value`` is its stream id, None only where there is no stream."""

    title = "Stream"
    empty = "no streams here: no report with samples was read."
    _variable = "stream_id"

    def _value_of(self, selected: tuple[str, ...]) -> str | None:
        return selected[0] if selected else None

    def offer(self, streams: pd.DataFrame, items: Iterable[Item]) -> None:
        """Offer the streams of a table under these labels; the one that is chosen stays so if it is still there."""
        self._table = streams
        self.choices.replace(items)


class WindowPicker(Picker["Window | None"]):
    """
    Picks a part of the call; ``value`` is (start, end) in UTC, None only where no time is known.

    Attributes
    ----------
    span
        The model: limits and window, without widgets.
    """

    title = "Time window"
    empty = "no time is known in this call: neither its session nor any participant or sample has one."

    def __init__(self, span: TimeRange) -> None:
        super().__init__()
        self.span = span

    @property
    def value(self) -> Window | None:
        """Start and end, in UTC."""
        return self.span.window

    def select(self, start: pd.Timestamp | str | None = None, end: pd.Timestamp | str | None = None) -> None:
        """
        Choose in code: times, or texts like "14:03:10" in the picker's time zone; what is left out stays.

        Raises
        ------
        InvalidArgumentError
            If one is not a time, the start comes after the end, or the range lies outside of the call.
        """
        self.span.set(start, end)

    def observe(self, observer: Callable[[Window | None], object]) -> Callable[[], None]:
        """Call ``observer((start, end))`` whenever the window changes; see :meth:`Picker.observe`."""
        return self.span.subscribe(observer)

    def to_code(self) -> str:
        """Return the line that makes the same choice without the widget; see :meth:`Picker.to_code`."""
        window = self.span.window
        if window is None:
            return Code("start, end = None, None")
        start, end = (f'pd.Timestamp("{time.isoformat()}")' for time in window)
        return Code(f"import pandas as pd\n\nstart, end = {start}, {end}")

    def _make_view(self) -> TimeRangeView:
        from rtkit_explore.widgets.time_range_view import TimeRangeView

        return TimeRangeView(self.span, title=self.title, empty=self.empty)

    def _still(self) -> StaticView:
        span = self.span
        if span.window is None:
            return StaticView(self.title, self.empty, (), self.to_code())
        start, end = (span.text(time) for time in span.window)
        part = "the whole call" if span.is_whole else "a part of the call"
        return StaticView(self.title, f"{start} to {end} {span.tz}, {part}", (), self.to_code())


def pick_session(
    app: App | pd.DataFrame,
    *,
    selected: str | None = None,
    name: str = "",
    remember: bool = True,
    rows: int = 8,
    tz: str = "UTC",
    **query: Any,
) -> SessionPicker:
    """
    Pick a session from a list.

    Parameters
    ----------
    app
        An app, whose sessions are fetched now: those that have ended first, the newest first, unless ``sort_by`` or
        ``sort_order`` is given; or a table of sessions, whose order stays.
    selected
        Session id that is chosen at first; the first of the list by default.
    name
        Distinguishes pickers that are to remember different choices.
    remember
        Whether a cell that runs again keeps the choice that was made in it (in the memory of the kernel).
    rows
        How many rows of the list are visible at a time.
    tz
        Time zone of the times in the list.
    **query
        Passed on to ``app.sessions``: status, start_time, end_time, search, limit and so on.

    Returns
    -------
    SessionPicker
        ``value`` is the session id, for ``app.call``.

    Raises
    ------
    InvalidArgumentError
        If ``selected`` is not in the list, or ``app`` is neither an app nor a table.
    """
    if isinstance(app, pd.DataFrame):
        if query:
            msg = f"A table is not asked again, so {', '.join(query)} cannot be used with it: filter the table itself."
            raise InvalidArgumentError(msg)
        sessions = app
    else:
        fetch = getattr(app, "sessions", None)
        if not callable(fetch) or inspect.iscoroutinefunction(fetch):
            msg = (
                f"pick_session needs an App (rtk.connect, rtk.replay) or a table of sessions, not {type(app).__name__}."
            )
            raise InvalidArgumentError(msg)
        sessions = fetch(**query)
        if not {"sort_by", "sort_order"} & set(query):
            sessions = sorted_sessions(sessions)
    choices = _choices(
        ("session", name, ""), session_items(sessions, tz=tz), multiple=False, selected=selected, remember=remember
    )
    picker = SessionPicker(choices, sessions, key="session_id", rows=rows)
    memory.take_place(("session", name, ""), picker)
    return picker


def pick_participants(
    call: Call | pd.DataFrame,
    *,
    selected: str | Iterable[str] | None = None,
    name: str = "",
    remember: bool = True,
    rows: int = 8,
    tz: str = "UTC",
) -> ParticipantsPicker:
    """
    Pick participants of a call.

    Parameters
    ----------
    call
        A call, or a table of participants.
    selected
        Who is chosen at first: peer ids (of a Call: names, too), one or many; everybody by default.
    name, remember, rows, tz
        As in :func:`pick_session`; choices are remembered for each session.

    Returns
    -------
    ParticipantsPicker
        ``value`` is the list of peer ids.

    Raises
    ------
    InvalidArgumentError
        If somebody who is ``selected`` is not in the call.
    """
    _check(call, "pick_participants", "participants", "peer_id")
    people, names, session, find = _people(call)
    wanted = None if selected is None else (selected,) if isinstance(selected, str) else tuple(selected)
    items = participant_items(people, names=names, tz=tz)
    if wanted is not None and find is not None:
        known = {item.id for item in items}
        wanted = tuple(who if who in known else find(who) for who in wanted)
    key = ("participants", name, session)
    choices = _choices(key, items, multiple=True, selected=wanted, remember=remember)
    picker = ParticipantsPicker(choices, people, key="peer_id", rows=rows)
    picker._find = find  # noqa: SLF001 - made here
    memory.take_place(key, picker)
    return picker


def pick_stream(
    call: Call | pd.DataFrame,
    *,
    participant: str | None = None,
    selected: str | None = None,
    name: str = "",
    remember: bool = True,
    rows: int = 8,
) -> StreamPicker:
    """
    Pick a stream: what a participant sends, or receives from another one.

    Parameters
    ----------
    call
        A call, or a table of streams.
    participant
        Offer the streams of this participant only: peer id, name, or an unambiguous part of the name.
    selected
        Stream id that is chosen at first; the first of the list by default.
    name, remember, rows
        As in :func:`pick_session`; choices are remembered for each session.

    Returns
    -------
    StreamPicker
        ``value`` is the stream id.

    Raises
    ------
    InvalidArgumentError
        If ``selected`` or ``participant`` is not in the call.
    """
    _check(call, "pick_stream", "streams", "stream_id", "peer_id")
    if isinstance(call, pd.DataFrame):
        streams, session = call, _session_of(call)
        names = names_in(call) if {"peer_id", "display_name"} <= set(call.columns) else {}
        peer = None if participant is None else the_participant(participant, names or _ids(call), among="table")
    else:
        streams, names, session = call.streams, call.names, str(call.session_id)
        peer = None if participant is None else call.peer(participant)
    if peer is not None:
        streams = streams[streams["peer_id"].eq(peer).fillna(value=False).astype(bool)]
    key = ("stream", f"{name}\n{peer or ''}", session)
    items = stream_items(streams, names=names)
    choices = _choices(key, items, multiple=False, selected=selected, remember=remember)
    picker = StreamPicker(choices, streams, key="stream_id", rows=rows)
    if not isinstance(call, pd.DataFrame) and is_live(call.sessions):
        picker.empty = "no streams yet: the call is going on, and a report comes when its participant has left."
    memory.take_place(key, picker)
    return picker


def pick_finding(
    call: Call | pd.DataFrame,
    *,
    selected: int | None = None,
    name: str = "",
    remember: bool = True,
    rows: int = 8,
) -> FindingPicker:
    """
    Pick a finding, worst first.

    Parameters
    ----------
    call
        A call, or a table of findings, whose order stays.
    selected
        Row number of the finding that is chosen at first; the first of the list by default.
    name, remember, rows
        As in :func:`pick_session`; choices are remembered for each session.

    Returns
    -------
    FindingPicker
        ``value`` is the row number, ``finding`` the row: ``rtk.plot.finding(call, picker.finding)`` draws it.

    Raises
    ------
    InvalidArgumentError
        If there is no such finding.
    """
    _check(call, "pick_finding", "findings", "severity", "rule", "story")
    table = call if isinstance(call, pd.DataFrame) else call.findings()
    key = ("finding", name, _session_of(call) if isinstance(call, pd.DataFrame) else str(call.session_id))
    wanted = None if selected is None else str(selected)
    choices = _choices(key, finding_items(table), multiple=False, selected=wanted, remember=remember)
    picker = FindingPicker(choices, table, key="rule", rows=rows)
    memory.take_place(key, picker)
    return picker


def pick_window(
    call: Call | pd.DataFrame,
    *,
    selected: tuple[pd.Timestamp | str | None, pd.Timestamp | str | None] | None = None,
    name: str = "",
    remember: bool = True,
    tz: str = "UTC",
) -> WindowPicker:
    """
    Pick a part of a call.

    Parameters
    ----------
    call
        A call, or a table of it whose time columns tell from when to when it lasts.
    selected
        Start and end at first, as times or texts like "14:03:10", "2:03pm", "+5min"; None for an open side. The whole
        by default.
    name, remember
        As in :func:`pick_session`; windows are remembered for each session.
    tz
        Time zone in which times are shown and typed. ``value`` is in UTC all the same.

    Returns
    -------
    WindowPicker
        ``value`` is (start, end).

    Raises
    ------
    InvalidArgumentError
        If ``selected`` is not a window within the call, or ``tz`` is not a time zone.
    """
    _check(call, "pick_window", "quality")
    limits, session = call_limits(call)
    span = TimeRange(*(limits or (None, None)), tz=tz)
    key = ("window", name, session)
    before = memory.recall(key, selected) if remember else None
    if selected is not None:
        span.set(*selected)
    if before is not None and span.limits is not None and before[0] <= span.limits[1] and before[1] >= span.limits[0]:
        span.set(*before)
    if remember:
        span.subscribe(lambda window: memory.keep(key, selected, window))
    picker = WindowPicker(span)
    memory.take_place(key, picker)
    return picker


def call_limits(call: Call | pd.DataFrame) -> tuple[Window | None, str]:
    """Return when a call begins and ends, None where that is unknown, and its session id."""
    if isinstance(call, pd.DataFrame):
        times = [call[column] for column in call.columns if isinstance(call[column].dtype, pd.DatetimeTZDtype)]
        return limits_of([], times), _session_of(call)
    sessions, people, streams = call.sessions, call.participants, call.streams
    server = [sessions["started_at"], sessions["ended_at"], people["joined_at"], people["left_at"]]
    if is_live(sessions):  # nothing has ended: the latest known time tells how far the call has come
        server += [sessions["updated_at"], people["updated_at"]]
    return limits_of(server, [streams["first"], streams["last"]]), str(call.session_id)


def _choices(
    key: memory.Key, items: list[Item], *, multiple: bool, selected: str | tuple[str, ...] | None, remember: bool
) -> Choices:
    """Make the model, with the previous choice if it is to be remembered."""
    asked = selected if selected is None or isinstance(selected, tuple) else (selected,)
    choices = Choices(items, multiple=multiple, selected=asked)
    if not remember:
        return choices
    before = memory.recall(key, asked)
    if before is not None:
        known = {item.id for item in choices.items}
        still_there = [item_id for item_id in before if item_id in known]
        if still_there or (multiple and not before):
            choices.select(still_there)
    choices.subscribe(lambda change: memory.keep(key, asked, change.selected) if change.kind == "selection" else None)
    return choices


def _people(
    call: Call | pd.DataFrame,
) -> tuple[pd.DataFrame, Mapping[str, str], str, Callable[[str], str] | None]:
    if isinstance(call, pd.DataFrame):
        return call, names_in(call), _session_of(call), None
    return call.participants, call.names, str(call.session_id), call.peer


def _check(call: object, taker: str, table: str, *needs: str) -> None:
    """Raise if the source is neither a call nor the table that is picked from."""
    if not isinstance(call, pd.DataFrame):
        check_call(call, taker, also=f"its table {table}")
        return
    lacking = [name for name in needs if name not in call.columns]
    if lacking:
        msg = f"{taker} takes a Call or its table {table}, and this DataFrame lacks {' and '.join(lacking)}."
        raise InvalidArgumentError(msg)


def _ids(table: pd.DataFrame) -> dict[str, str]:
    return {str(peer): str(peer) for peer in table["peer_id"].dropna().unique()}


def _session_of(table: pd.DataFrame) -> str:
    """Return the session that a table is about, "" if it is about none or several."""
    if "session_id" not in table.columns:
        return ""
    ids = table["session_id"].dropna().unique()
    return str(ids[0]) if len(ids) == 1 else ""
