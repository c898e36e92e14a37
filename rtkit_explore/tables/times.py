"""Time stamps of every form that the API has been seen to send, to microseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

NAT = np.iinfo(np.int64).min
"""A missing time, among microseconds since 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST = (datetime(2500, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND - 1
"""
The range of times that are read, in microseconds since 1970: wide enough for any wrong clock.

Servers send Go's zero time (0001-01-01) or the year 9999 for "never", which would stretch a plot over centuries, and
times at the other end of the calendar overflow.
"""
_DATE_ONLY = 10
_DATED = re.compile(r"\d{4}-\d\d-\d\d")
_FORM = b"0000-00-00T00:00:00.000000"
_LENGTHS = (20, 24, 27)
"""Characters of a UTC time stamp in the fixed form with 0, 3 and 6 digits of a second's fraction."""


def _plain(values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
    if not len(values):
        return np.zeros(0, dtype="int64")
    array = np.empty(len(values), dtype=object)
    array[:] = values
    parsed = pd.DatetimeIndex(pd.to_datetime(array, utc=True, format="ISO8601", errors="coerce"))
    return parsed.as_unit("us").asi8.copy()


def micros_of(text: str) -> int | None:
    """Read a common form of ISO 8601 as microseconds since 1970, quickly; None where it is another."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= _DATE_ONLY or text[4] != "-":
            return None
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def possible(micros: int) -> bool:
    """Tell whether a clock can have shown this time."""
    return EARLIEST <= micros <= LATEST


def parse_fixed_form(texts: Sequence[str]) -> NDArray[np.int64]:
    """
    Parse time stamps of the form ``2026-11-01T09:00:00.123Z`` all at once.

    Parameters
    ----------
    texts
        Time stamps; those of another length than the first, or of another form, come back as missing.

    Returns
    -------
    numpy.ndarray
        int64, microseconds since 1970; the smallest integer where a text has another form.
    """
    count = len(texts)
    parsed = np.full(count, NAT, dtype="int64")
    length = len(texts[0]) if count else 0
    joined = "".join(texts)
    if length not in _LENGTHS or not joined.isascii() or set(map(len, texts)) != {length}:
        return parsed
    form = np.frombuffer(_FORM[: length - 1] + b"Z", dtype="u1")
    characters = np.frombuffer(joined.encode(), dtype="u1").reshape(count, length)
    is_digit = form == ord("0")
    digits = characters[:, is_digit] - ord("0")  # unsigned: what stands before "0" becomes large
    fits = (digits < 10).all(axis=1) & (characters[:, ~is_digit] == form[~is_digit]).all(axis=1)

    def number(begin: int, end: int) -> NDArray[np.int64]:
        return digits[:, begin:end].astype("int64") @ (10 ** np.arange(end - begin - 1, -1, -1))

    year, month, day = number(0, 4), number(4, 6), number(6, 8)
    hour, minute, second = number(8, 10), number(10, 12), number(12, 14)
    fraction = number(14, digits.shape[1]) * 10 ** (20 - digits.shape[1])
    fits &= (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    months = ((year - 1970) * 12 + month - 1)[fits].astype("M8[M]")
    first = months.astype("M8[D]")
    days = first.astype("int64") + day[fits] - 1
    exists = (day[fits] >= 1) & (days < (months + np.timedelta64(1, "M")).astype("M8[D]").astype("int64"))
    seconds = ((days * 24 + hour[fits]) * 60 + minute[fits]) * 60 + second[fits]
    parsed[fits] = np.where(exists, seconds * 1_000_000 + fraction[fits], NAT)
    return parsed


def parse_times(values: Sequence[Any], report: Callable[[int, Any, bool], None]) -> NDArray[np.int64]:
    """
    Parse ISO 8601 time stamps, leniently.

    Parameters
    ----------
    values
        str or None each; anything else is a wrong type.
    report
        Called for each value that is not a clean and possible time stamp, with its position, the value, and whether a
        time could be read all the same (a stray quote at its end, say).

    Returns
    -------
    numpy.ndarray
        int64, microseconds since 1970 UTC; the smallest integer stands for a missing time, and for one that no clock
        can have shown. A time stamp without a zone is taken as UTC.
    """
    texts = [value if isinstance(value, str) else "" for value in values]
    # Nearly all reports write all their times in one form, which needs no general parser.
    parsed = parse_fixed_form(texts)
    others = np.flatnonzero(parsed == NAT)
    if len(others):
        parsed[others] = _plain([texts[at] if _DATED.match(texts[at]) else None for at in others.tolist()])
    for position in np.flatnonzero(parsed == NAT).tolist():
        value = values[position]
        if value is None or value is pd.NA:
            continue
        if isinstance(value, str):
            moment = micros_of(value)  # some versions of pandas read no years beyond 2262
            if moment is not None:
                parsed[position] = moment
                continue
            stripped = value.strip().strip("\"'").strip()
            if _DATED.match(stripped):
                parsed[position] = _plain([stripped])[0]
        report(position, value, bool(parsed[position] != NAT) and possible(int(parsed[position])))
    for position in np.flatnonzero((parsed != NAT) & ((parsed < EARLIEST) | (parsed > LATEST))).tolist():
        parsed[position] = NAT
        report(position, values[position], False)
    return parsed
