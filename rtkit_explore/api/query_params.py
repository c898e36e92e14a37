"""What may be asked of the API, and how it is spelled in a URL."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime
from typing import Any, Literal, TypedDict, get_args
from urllib.parse import quote

from rtkit_explore.errors import InvalidArgumentError

SessionSort = Literal["minutesConsumed", "createdAt"]
ParticipantSort = Literal["joinedAt", "duration"]
SortOrder = Literal["ASC", "DESC"]
SessionStatus = Literal["LIVE", "ENDED"]
ParticipantView = Literal["raw", "consolidated"]
ReportFilter = Literal["device_info", "ip_information", "precall_network_information", "events", "quality_stats"]
TranscriptFormat = Literal["CSV", "JSON", "SRT", "VTT"]
Time = str | date
"""A time: ISO 8601 text, ``date``, ``datetime`` or ``pandas.Timestamp``; without a zone it is UTC."""
Id = str | uuid.UUID


class SessionQuery(TypedDict, total=False):
    """What the list of sessions can be asked for; ``AsyncApp.sessions`` says what each means."""

    page_no: int | None
    per_page: int | None
    sort_by: SessionSort | None
    sort_order: SortOrder | None
    start_time: Time | None
    end_time: Time | None
    participants: str | tuple[int, int] | None
    status: SessionStatus | None
    search: str | None
    associated_id: Id | None
    limit: int | None


class ParticipantQuery(TypedDict, total=False):
    """What the list of a session's participants can be asked for; ``AsyncApp.participants`` says what each means."""

    search: str | None
    page_no: int | None
    per_page: int | None
    sort_by: ParticipantSort | None
    sort_order: SortOrder | None
    include_peer_events: bool | None
    view: ParticipantView | None
    limit: int | None


def shown(value: object) -> str:
    """Write a wrong value into an error: whole where it is short, else its type, for a table holds names and mail."""
    pair = isinstance(value, tuple) and all(isinstance(one, int | float) for one in value)
    if value is None or pair or isinstance(value, str | bytes | int | float | date | uuid.UUID):
        text = repr(value)
        return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
    kind = type(value).__name__
    return f"{'an' if kind[:1] in 'AEIOaeio' else 'a'} {kind}"


def segment(name: str, value: object) -> str:
    """
    Spell an id as one piece of a path.

    Parameters
    ----------
    name
        What the id is called, for the error.
    value
        The id.

    Returns
    -------
    str
        Quoted, so that no id can reach another URL.

    Raises
    ------
    InvalidArgumentError
        If it is empty, which would ask for something else entirely.
    """
    text = str(value).strip() if isinstance(value, str | uuid.UUID) else ""
    if not text:
        column = "peer_id" if name == "participant_id" else name
        if value is None or isinstance(value, str):
            what = "None" if value is None else "empty"
            msg = f"{name} is {what}: give the id as a text, as it stands in the table's {column} column"
        else:
            msg = f"{name} is one id as a text, not {shown(value)}: take one id, for example table['{column}'].iloc[0]"
        raise InvalidArgumentError(msg)
    if text in {".", ".."}:
        msg = f"{name} is {text!r}, which is not an id"
        raise InvalidArgumentError(msg)
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        msg = f"{name} holds half a character (a lone surrogate), which no address can: it is {ascii(text)[:80]}"
        raise InvalidArgumentError(msg) from None


def moment(name: str, value: Time) -> str:
    """
    Spell a time as the API wants it.

    Parameters
    ----------
    name
        The argument's name, for the error.
    value
        ISO 8601 text, date (its midnight), datetime or Timestamp. Without a zone it is read as UTC.

    Returns
    -------
    str
        ISO 8601 in UTC with ``Z``, to the millisecond (finer where the time is).

    Raises
    ------
    InvalidArgumentError
        If it is not a time.
    """
    return spell(instant(name, value))


def instant(name: str, value: Time) -> datetime:
    """Read a time as :func:`moment` does, as a datetime in UTC."""
    read: Any = value
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value.strip())
        except ValueError:
            read = None
    elif isinstance(value, date) and not isinstance(value, datetime):
        read = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(read, datetime) or read != read:  # noqa: PLR0124 - NaT is a datetime that equals nothing
        example = "'2026-11-01', '2026-11-01T14:30+01:00'"
        msg = f"{name} is {shown(value)}: give a time such as {example}, a date or a datetime"
        raise InvalidArgumentError(msg)
    read = read.replace(tzinfo=UTC) if read.tzinfo is None else read
    # Built anew: a pandas Timestamp has nanoseconds and an isoformat of its own.
    try:
        utc = read.astimezone(UTC)
    except OverflowError:
        msg = f"{name} is {shown(value)}, which in UTC is not in the calendar"
        raise InvalidArgumentError(msg) from None
    return datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=UTC)


def spell(read: datetime) -> str:
    """Write a UTC datetime in the API's form."""
    precision = "milliseconds" if read.microsecond % 1000 == 0 else "microseconds"
    return read.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def window(start: Time | None, end: Time | None) -> tuple[str | None, str | None]:
    """Spell a start and an end; raise if the end is before the start."""
    first = None if start is None else moment("start_time", start)
    last = None if end is None else moment("end_time", end)
    if start is not None and end is not None and instant("end_time", end) < instant("start_time", start):
        msg = f"end_time ({last}) lies before start_time ({first}): exchange them"
        raise InvalidArgumentError(msg)
    return first, last


def choice(name: str, value: object, kind: object) -> str | None:
    """Check one of a closed set of values at run time, for those without a type checker."""
    if value is None:
        return None
    allowed = get_args(kind)
    if not isinstance(value, str) or value not in allowed:
        msg = f"{name} is {shown(value)}, but it can be {', '.join(map(repr, allowed))}"
        raise InvalidArgumentError(msg)
    return str(value)


def flag(name: str, value: object) -> str | None:
    """Spell a boolean as the API does."""
    if value is None:
        return None
    if value is True or value is False or type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    msg = f"{name} is {shown(value)}, but it can be True or False"
    raise InvalidArgumentError(msg)


def whole(name: str, value: object, *, least: int) -> int | None:
    """Check a whole number."""
    if value is None:
        return None
    try:
        number = int(value) if not isinstance(value, bool | str) else None  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number < least or (isinstance(value, float) and not math.isclose(value, number)):
        msg = f"{name} is {shown(value)}, but it is a whole number of at least {least}"
        raise InvalidArgumentError(msg)
    return int(number)


def text(name: str, value: object) -> str | None:
    """Check a free text; raise if it is empty, because that would silently match everything."""
    if value is None:
        return None
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        msg = f"{name} is {shown(value)}: give a text, or leave it out"
        raise InvalidArgumentError(msg)
    return value


def head_count(value: str | tuple[int, int] | None) -> str | None:
    """
    Spell a range of participant numbers.

    Parameters
    ----------
    value
        ``"1:10"``, or ``(1, 10)``.

    Returns
    -------
    str or None
        ``"1:10"``.

    Raises
    ------
    InvalidArgumentError
        If it is not a range.
    """
    if value is None:
        return None
    several = value if isinstance(value, tuple | list) else ()
    parts = value.split(":") if isinstance(value, str) else [str(part) for part in several]
    bounds = [int(part) for part in parts if part.strip().isascii() and part.strip().isdigit() and len(part) < 10]
    if len(parts) != 2 or len(bounds) != 2 or bounds[0] > bounds[1]:
        msg = f"participants is {shown(value)}, but it is a range such as '1:10' or (1, 10): sessions of 1 to 10 people"
        raise InvalidArgumentError(msg)
    return f"{bounds[0]}:{bounds[1]}"


def query(**values: str | int | None) -> dict[str, str]:
    """Keep what was given."""
    return {name: str(value) for name, value in values.items() if value is not None}
