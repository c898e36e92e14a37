"""Times as people say them: "2:31pm", "yesterday 15:00", "17 Nov", in their own time zone."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from rtkit_explore.errors import InvalidArgumentError, did_you_mean

EXAMPLES = (
    "'2026-11-17', '2026-11-17 15:00', '3pm', '2:31 pm', '15:00', 'yesterday 15:00', 'Tuesday 3pm', '17 Nov 15:00'"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PARTS_OF_A_DAY = {
    "morning": (time(6), time(12)),
    "noon": (time(11), time(14)),
    "afternoon": (time(12), time(18)),
    "evening": (time(17), time(23)),
    "night": (time(20), time(23, 59, 59)),
}
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?(?::(?P<second>\d{2}))?\s*(?P<half>[ap]\.?\s?m\.?(?![a-z]))?(?![\d:])",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"\+\s*(?P<count>\d{1,4})\s*(?P<unit>s|sec|seconds?|m|min|minutes?|h|hours?)")
_HALF_HOUR = timedelta(minutes=30)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""Ends of the calendar."""
_FILLERS = re.compile(r"\b(?:at|on|about|around|circa|ca|the|of|in|o'?clock|past)\b|[,~]")


def time_zone(tz: object) -> tzinfo:
    """
    Return the time zone that an argument ``tz`` names.

    Parameters
    ----------
    tz
        A name of the IANA database such as "Europe/Berlin", "UTC", or a ``datetime.tzinfo``.

    Raises
    ------
    InvalidArgumentError
        If there is no such zone; the message offers the nearest names.
    """
    if isinstance(tz, tzinfo):
        return tz
    if isinstance(tz, str) and tz.strip().upper() in ("UTC", "Z", "GMT"):
        return UTC
    if isinstance(tz, str) and tz.strip():
        try:
            return ZoneInfo(tz.strip())
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
        known = {name.rpartition("/")[2].casefold().replace("_", " "): name for name in sorted(available_timezones())}
        near = difflib.get_close_matches(tz.strip().rpartition("/")[2].casefold(), known, n=3, cutoff=0.6)
        offered = did_you_mean(known[name] for name in near)
        msg = f"There is no time zone {tz[:60]!r}.{offered} Give a name such as 'Europe/Berlin' or 'UTC'."
        raise InvalidArgumentError(msg)
    msg = f"A time zone is a name such as 'Europe/Berlin' or a tzinfo, not {type(tz).__name__}."
    raise InvalidArgumentError(msg)


def zone_label(tz: tzinfo) -> str:
    """Return what to call a time zone in a sentence."""
    return getattr(tz, "key", None) or ("UTC" if tz is UTC else str(tz))


def day_range(day: object, tz: tzinfo, *, now: datetime | None = None) -> tuple[datetime, datetime]:
    """
    Read a day, or a part of one, as a range of time: "2026-11-17", "yesterday", "Tuesday afternoon".

    Parameters
    ----------
    day
        Text, a date or a datetime. A text with a clock time gives the hour around it.
    tz
        Where it was said.
    now
        What "today" is; the present by default.

    Returns
    -------
    tuple of datetime.datetime
        Start and end in UTC; a day given alone is that whole day in ``tz``.

    Raises
    ------
    InvalidArgumentError
        If it cannot be read, with examples.
    """
    if isinstance(day, datetime):
        return _around(_in_utc(day, tz), _HALF_HOUR)
    if isinstance(day, date):
        return _whole_day(day, tz)
    text = _text(day)
    for part, (first, last) in _PARTS_OF_A_DAY.items():
        if re.search(rf"\b{part}\b", text):
            that = _day_in(re.sub(rf"\b(?:this\s+)?{part}\b", " ", text), tz, now) or _today(tz, now)
            return _at(that, first, tz), _at(that, last, tz)
    exact = _iso(text, tz)
    if exact is not None:
        return exact if isinstance(exact, tuple) else _around(exact, _HALF_HOUR)
    clock, rest = _clock_in(text)
    that_day = _day_in(rest, tz, now)
    if that_day is None:
        raise _unreadable(day)
    if clock is None:
        return _whole_day(that_day, tz)
    return _around(_at(that_day, clock, tz), _HALF_HOUR)


def said_time(said: Any, tz: tzinfo, *, last: bool = False, now: datetime | None = None) -> Any:
    """
    Read a time that names its day; what is no text, and what cannot be read, is returned as it is.

    Parameters
    ----------
    said
        Text, or anything else.
    tz
        Zone of what names none.
    last
        Whether a day given alone stands for its end.
    now
        What "today" is; the present by default.
    """
    if isinstance(said, datetime):
        return said if said != said or said.tzinfo is not None else _in_utc(said, tz)  # noqa: PLR0124 - NaT
    if isinstance(said, date):
        return _whole_day(said, tz)[last]
    if not isinstance(said, str):
        return said
    try:
        text = _text(said)
        exact = _iso(text, tz)
        if exact is not None:
            return exact[last] if isinstance(exact, tuple) else exact
        clock, rest = _clock_in(text)
        day = _day_in(rest, tz, now)
    except InvalidArgumentError:
        return said
    if day is None:
        return said
    return _whole_day(day, tz)[last] if clock is None else _at(day, clock, tz)


def moment_near(said: object, tz: tzinfo, span: tuple[datetime, datetime], *, now: datetime | None = None) -> datetime:
    """
    Read a time of which the day may have been left out, as one within or next to a call.

    Parameters
    ----------
    said
        Text, a datetime or a Timestamp; "+5min" counts from the start of the call. "2:31" without am or pm is the
        one that lies in the call.
    tz
        Where it was said.
    span
        When the call began and ended.
    now
        What "today" is; the present by default.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    InvalidArgumentError
        If it cannot be read, or is a clock time that the call does not have; the message names the call's span.
    """
    first, last = span
    if isinstance(said, datetime):
        return _in_utc(said, tz)
    text = _text(said)
    offset = _OFFSET.fullmatch(text)
    if offset:
        seconds = {"s": 1, "m": 60, "h": 3600}[offset["unit"][0]] * int(offset["count"])
        return _moved(first, timedelta(seconds=seconds))
    exact = _iso(text, tz)
    if isinstance(exact, datetime):
        return exact
    clock, rest = _clock_in(text)
    if clock is None:
        raise _unreadable(said)
    day = _day_in(rest, tz, now)
    if day is not None:
        return _at(day, clock, tz)
    if _FILLERS.sub(" ", rest).strip():
        raise _unreadable(said)
    # Without a day it is the day of the call; a call over midnight has two. "2:31" may be said of the afternoon.
    days = {first.astimezone(tz).date(), last.astimezone(tz).date()}
    halves = (
        [clock] if clock.hour > 11 or re.search(r"[ap]\.?\s?m", text) else [clock, clock.replace(hour=clock.hour + 12)]
    )
    tried = [_at(one, half, tz) for one in sorted(days) for half in halves]
    slack = timedelta(minutes=10)
    inside = [one for one in tried if first - slack <= one <= last + slack]
    if inside:
        return inside[0]
    begin, end = (one.astimezone(tz) for one in span)
    msg = (
        f"{said!r} is not in this call, which went from {begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} ({zone_label(tz)})."
    )
    raise InvalidArgumentError(msg)


def _text(said: object) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > 80:
        raise _unreadable(said)
    return " ".join(said.strip().casefold().split())


def _unreadable(said: object) -> InvalidArgumentError:
    given = repr(said)[:60] if isinstance(said, str) else f"a {type(said).__name__}"
    return InvalidArgumentError(f"{given} is no time that can be read. Say it like {EXAMPLES}.")


def _iso(text: str, tz: tzinfo) -> datetime | tuple[datetime, datetime] | None:
    """Read ISO 8601: a datetime, a whole day, or None where it is something else."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return _whole_day(date.fromisoformat(text), tz)
        return _in_utc(datetime.fromisoformat(text.upper()), tz) if re.match(r"\d{4}-\d{2}-\d{2}[t ]\d", text) else None
    except ValueError:
        return None


def _in_utc(moment: datetime, tz: tzinfo) -> datetime:
    if hasattr(moment, "to_pydatetime") and moment == moment:  # noqa: PLR0124 - a Timestamp, and not NaT
        # Nanoseconds mean nothing here, and a Timestamp in them cannot leave the years 1677 to 2262.
        moment = moment.to_pydatetime(warn=False)
    try:
        return (moment.replace(tzinfo=tz) if moment.tzinfo is None else moment).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise _unreadable(str(moment)) from error


def _at(day: date, clock: time, tz: tzinfo) -> datetime:
    try:
        return datetime.combine(day, clock, tz).astimezone(UTC)
    except OverflowError:
        # A zone can shift the first and the last hours of the calendar out of it.
        return (FIRST if day.year == 1 else LAST).astimezone(UTC)


def _whole_day(day: date, tz: tzinfo) -> tuple[datetime, datetime]:
    end = LAST if day == date.max else _at(day + timedelta(days=1), time(0), tz)
    return _at(day, time(0), tz), end


def _around(moment: datetime, margin: timedelta) -> tuple[datetime, datetime]:
    return _moved(moment, -margin), _moved(moment, margin)


def _moved(moment: datetime, by: timedelta) -> datetime:
    """Move a moment, as far as the calendar goes."""
    try:
        return moment + by
    except OverflowError:
        return FIRST if by < timedelta(0) else LAST


def _today(tz: tzinfo, now: datetime | None) -> date:
    return (datetime.now(UTC) if now is None else now).astimezone(tz).date()


def _clock_in(text: str) -> tuple[time | None, str]:
    """Find a time of day in a text, and return what is left without it."""
    for word, clock in (("noon", time(12)), ("midday", time(12)), ("midnight", time(0))):
        if re.search(rf"\b{word}\b", text):
            return clock, re.sub(rf"\b{word}\b", " ", text)
    # "17.11." and "17 Nov" are days; a bare number is no time of day unless am or pm says so.
    found = [one for one in _CLOCK.finditer(text) if one["minute"] or one["half"]]
    for one in found:
        hour, minute = int(one["hour"]), int(one["minute"] or 0)
        dated = (
            "." in one.group()
            and ":" not in one.group()
            and not one["half"]
            and 1 <= minute <= 12
            and text[one.end() :][:1] == "."
        )
        if dated or minute > 59 or hour > 23:
            continue
        if one["half"]:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + (12 if one["half"][0] in "pP" else 0)
        return time(hour, minute, min(59, int(one["second"] or 0))), text[: one.start()] + " " + text[one.end() :]
    return None, text


def _day_in(text: str, tz: tzinfo, now: datetime | None) -> date | None:
    """Find a day in a text: a date, today, yesterday, a weekday (the last one), a day and a month; else None."""
    words = " ".join(_FILLERS.sub(" ", text).split())
    today = _today(tz, now)
    if not words:
        return None
    named = {"today": 0, "yesterday": 1, "the day before yesterday": 2, "day before yesterday": 2}
    if words in named:
        return today - timedelta(days=named[words])
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if european := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", words):
            return _dated(int(european[1]), int(european[2]), european[3], today)
        if spelt := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?\.? ([a-z]{3,9})\.?(?: (\d{4}))?", words):
            return _dated(int(spelt[1]), _MONTHS.index(spelt[2][:3]) + 1, spelt[3], today)
        if spelt := re.fullmatch(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?", words):
            return _dated(int(spelt[2]), _MONTHS.index(spelt[1][:3]) + 1, spelt[3], today)
    except ValueError:
        return None
    weekday = re.fullmatch(r"(?:last )?([a-z]{3,9})", words)
    if (
        weekday
        and weekday[1][:3] in _WEEKDAYS
        and re.fullmatch(r"(mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(day)?", weekday[1])
    ):
        back = (today.weekday() - _WEEKDAYS.index(weekday[1][:3])) % 7
        return today - timedelta(days=back or (7 if words.startswith("last") else 0))
    return None


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    """Return a date; without a year it is the last one that has been."""
    if year:
        return date(int(year), month, day)
    this = date(today.year, month, day)
    return this if this <= today else date(today.year - 1, month, day)


def as_window(
    window: Any, tz: tzinfo, span: tuple[datetime, datetime], *, now: datetime | None = None
) -> tuple[datetime, datetime]:
    """
    Read a window: two times, either of them None for the call's own start or end, or one time with the minutes around.

    Raises
    ------
    InvalidArgumentError
        If it cannot be read, or ends before it begins.
    """
    if window is None:
        return span
    if isinstance(window, str | datetime):
        middle = moment_near(window, tz, span, now=now)
        return _around(middle, timedelta(minutes=5))
    try:
        first, last = window
    except (TypeError, ValueError):
        msg = "A window is two times, such as ('15:00', '15:20'), or one, which stands for the ten minutes around it."
        raise InvalidArgumentError(msg) from None
    begin = span[0] if first is None else moment_near(first, tz, span, now=now)
    end = span[1] if last is None else moment_near(last, tz, span, now=now)
    if end <= begin:
        msg = f"The window ends ({last!r}) before it begins ({first!r}): exchange its two times."
        raise InvalidArgumentError(msg)
    return begin, end
