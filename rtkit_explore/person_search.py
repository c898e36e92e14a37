"""Whose calls: matching people by name or id, and sessions by the time in which they were going on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore import tables
from rtkit_explore.api.query_params import instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rtkit_explore.api.query_params import Time

LONGEST_SESSION = timedelta(hours=24)
"""How long before the asked time a session may have begun and still be looked at."""
SESSION_COLUMNS = ["session_id", "meeting_display_name", "status", "started_at", "ended_at"]


def earlier(start: datetime) -> datetime:
    """Return the start to ask the API for: whether it compares a session's begin or its end is not documented."""
    return start - LONGEST_SESSION


def going_on(sessions: pd.DataFrame, start: Time | None, end: Time | None) -> pd.DataFrame:
    """
    Keep the sessions that were going on in a time.

    Parameters
    ----------
    sessions
        Table ``sessions``.
    start, end
        The time; None is open. A session whose own times are unknown is kept.

    Returns
    -------
    pandas.DataFrame
        The same columns.
    """
    began = sessions["started_at"].fillna(sessions["created_at"])
    kept = pd.Series(data=True, index=sessions.index)
    if start is not None:
        kept &= ~(sessions["ended_at"] < pd.Timestamp(instant("start_time", start)))
    if end is not None:
        kept &= ~(began > pd.Timestamp(instant("end_time", end)))
    return sessions[kept].reset_index(drop=True)


def matching(person: str, sessions: pd.DataFrame, listed: Mapping[str, list[Any]]) -> pd.DataFrame:
    """
    Join the participants that match a person with their sessions.

    Parameters
    ----------
    person
        Part of a display name in any case, or a whole id.
    sessions
        Table ``sessions``.
    listed
        Session id to the participants as the API lists them.

    Returns
    -------
    pandas.DataFrame
        A row per matching participant, newest session first.
    """
    wanted = person.casefold()
    hits = {
        session_id: [row for row in rows if isinstance(row, dict) and _is(wanted, row)]
        for session_id, rows in listed.items()
    }
    frames = [
        tables.participants({"data": {"participants": rows}}, session_id=session_id)
        for session_id, rows in hits.items()
        if rows
    ]
    people = pd.concat(frames, ignore_index=True) if frames else tables.participants({"data": {"participants": []}})
    joined = sessions[SESSION_COLUMNS].drop_duplicates("session_id").merge(people, on="session_id", how="inner")
    return joined.sort_values(["started_at", "joined_at"], ascending=[False, True], kind="stable", ignore_index=True)


def _is(wanted: str, row: dict[str, Any]) -> bool:
    if wanted in str(row.get("display_name") or "").casefold():
        return True
    return any(wanted == str(row.get(name) or "").casefold() for name in ("id", "user_id", "custom_participant_id"))
