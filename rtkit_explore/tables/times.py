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
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATE_ONLY = 10
_DATED = re.compile(r"\d{4}-\d\d-\d\d")


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
    except ValueError:
        return None
    if len(text) <= _DATE_ONLY or text[4] != "-":
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def parse_times(values: Sequence[Any] | NDArray[Any], report: Callable[[int, Any, bool], None]) -> NDArray[np.int64]:
    """
    Parse ISO 8601 time stamps, leniently.

    Parameters
    ----------
    values
        str or None each; anything else is a wrong type.
    report
        Called for each value that is not a clean time stamp, with its position, the value, and whether a time
        could be read all the same (a stray quote at its end, say).

    Returns
    -------
    numpy.ndarray
        int64, microseconds since 1970 UTC; the smallest integer stands for a missing time. A time stamp without a
        zone is taken as UTC.
    """
    clean = [value if isinstance(value, str) and _DATED.match(value) else None for value in values]
    parsed = _plain(clean)
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
        report(position, value, bool(parsed[position] != NAT))
    return parsed
