"""Who is meant: participants of a call, or of many sessions, by peer id, name, user id or custom id."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from rtkit_explore.api.query_params import instant
from rtkit_explore.errors import InvalidArgumentError, close_to
from rtkit_explore.table_schema.people import PARTICIPANTS
from rtkit_explore.tables.frames import TEXT, empty
from rtkit_explore.tables.people_rows import participants_from_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rtkit_explore.api.query_params import Time

LONGEST_SESSION = timedelta(hours=24)
"""How long before the asked time a session may have begun and still be looked at."""
_MOST_OFFERED = 40
SESSION_COLUMNS = ["session_id", "meeting_display_name", "status", "started_at", "ended_at"]


def participant_labels(people: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return peer id to a name that tells participants apart, of rows of ``participants`` in their order."""
    names = {
        str(row["peer_id"]): str(row.get("display_name") or "") or f"participant {str(row['peer_id'])[:8]}"
        for row in people
        if row.get("peer_id")
    }
    several = Counter(names.values())
    taken = set(names.values())
    # Numbering continues where it stopped, so that thousands of guests take no longer than thousands of names.
    numbers = {name: count(1) for name, times in several.items() if times > 1}
    for peer, name in names.items():
        if name in numbers:
            names[peer] = next(label for n in numbers[name] if (label := f"{name} ({n})") not in taken)
            taken.add(names[peer])
    return names


def find_participants(who: str, names: Mapping[str, str], people: pd.DataFrame | None = None) -> list[str]:
    """
    Find the participants of a call that a text may mean; an exact match hides partial ones.

    Parameters
    ----------
    who
        Peer id, name, user id or custom id, or a part of a name: whole words, else the beginning of a word.
        Case does not matter, except in peer ids.
    names
        Peer id to the label that tells participants apart.
    people
        Table ``participants``, where there is one.

    Returns
    -------
    list of str
        Peer ids; more than one where it is ambiguous.

    Raises
    ------
    InvalidArgumentError
        If ``who`` is not a text.
    """
    if not isinstance(who, str):
        msg = f"A participant is named by a text (a name or a peer id), not by a {type(who).__name__}."
        raise InvalidArgumentError(msg)
    columns = () if people is None else tuple(people.columns)
    if who in names or (people is not None and "peer_id" in columns and people["peer_id"].eq(who).any()):
        return [who]
    wanted = who.strip().casefold()
    if not wanted:
        return []
    found = [peer for peer, name in names.items() if name == who]
    found = found or [peer for peer, name in names.items() if name.casefold() == wanted]
    if found:
        return found
    known = dict(names)
    if people is not None:
        listed = people[people["peer_id"].notna()]
        same = listed["peer_id"].isin([])
        for column in ("display_name", "user_id", "custom_participant_id"):
            if column in columns:
                same |= listed[column].astype(TEXT).str.casefold().eq(wanted).fillna(value=False).astype(bool)
        found = [str(peer) for peer in listed.loc[same, "peer_id"]]
        if "display_name" in columns:
            # A label may hold more than the name (a number, a stand-in), and that part is not a name to search in.
            shown = zip(listed["peer_id"], listed["display_name"], strict=True)
            known |= {str(peer): name if isinstance(name, str) else "" for peer, name in shown}
    for ending in (r"(?!\w)", ""):
        part = re.compile(rf"(?<!\w){re.escape(wanted)}{ending}")
        found = found or [peer for peer, name in known.items() if part.search(name.casefold())]
    return found


def the_participant(
    who: str,
    names: Mapping[str, str],
    people: pd.DataFrame | None = None,
    *,
    among: Literal["call", "table"] = "call",
) -> str:
    """
    Find the one participant that a text means, as :func:`find_participants` does.

    Returns
    -------
    str
        The peer id.

    Raises
    ------
    InvalidArgumentError
        Where nobody or more than one is called that; the message lists who there is.
    """
    found = find_participants(who, names, people)
    if len(found) == 1:
        return found[0]
    problem = "Several participants are" if found else f"Nobody in this {among} is"
    hint = " Give the whole name, or the peer id." if found else close_to(who, names.values())
    offered = [f"{names.get(peer, '')} ({peer})".strip() for peer in (found or names)]
    more = f" and {len(offered) - _MOST_OFFERED} more" if len(offered) > _MOST_OFFERED else ""
    msg = f"{problem} called {who!r}.{hint} There: {', '.join(offered[:_MOST_OFFERED]) or 'nobody'}{more}."
    raise InvalidArgumentError(msg)


def search_from(start: datetime) -> datetime:
    """Return the start to ask the API for: whether it compares a session's start or its end is not documented."""
    try:
        return start - LONGEST_SESSION
    except OverflowError:  # the first day of the calendar
        return start


def sessions_during(sessions: pd.DataFrame, start: Time | None, end: Time | None) -> pd.DataFrame:
    """
    Keep the sessions that were going on in a period.

    Parameters
    ----------
    sessions
        Table ``sessions``.
    start, end
        The period; None is open. A session whose own times are unknown is kept.

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


def participants_called(person: str, sessions: pd.DataFrame, listed: Mapping[str, list[Any]]) -> pd.DataFrame:
    """
    Join the participants that match a person with their sessions.

    Parameters
    ----------
    person
        Part of a display name in any case, or a whole id: wider than :func:`find_participants`, because over many
        sessions every candidate is wanted rather than the one that is meant.
    sessions
        Table ``sessions``.
    listed
        Session id to the participants as the API lists them.

    Returns
    -------
    pandas.DataFrame
        A row per matching participant, newest session first.
    """
    hits = {
        session_id: [row for row in rows if isinstance(row, dict) and is_called(person, row)]
        for session_id, rows in listed.items()
    }
    frames = [participants_from_records(rows, session_id) for session_id, rows in hits.items() if rows]
    people = pd.concat(frames, ignore_index=True) if frames else empty(PARTICIPANTS)
    joined = sessions[SESSION_COLUMNS].drop_duplicates("session_id").merge(people, on="session_id", how="inner")
    return joined.sort_values(["started_at", "joined_at"], ascending=[False, True], kind="stable", ignore_index=True)


def is_called(person: str, row: Mapping[Any, Any]) -> bool:
    """
    Tell whether a participant's name holds a text, or one of the participant's ids is it; case does not matter.

    Parameters
    ----------
    person
        Part of a name, or a whole id.
    row
        A participant as the API lists one (``id``), or a row of ``participants`` (``peer_id``).
    """
    wanted = person.casefold()
    if wanted in _casefolded(row.get("display_name")):
        return True
    ids = ("id", "peer_id", "user_id", "custom_participant_id")
    return any(wanted == _casefolded(row.get(name)) for name in ids)


def _casefolded(value: object) -> str:
    return str(value).casefold() if isinstance(value, str | int) else ""


def person_key(row: Mapping[Any, Any]) -> tuple[str, str]:
    """
    Return what is the same in all rows of ``participants`` that are one person's.

    Rejoining and changing rooms make new peer ids, so the user's id comes first, then the customer's own id, then the
    name; where there is none of them, every peer id is somebody else.
    """
    for name in ("user_id", "custom_participant_id", "display_name", "peer_id"):
        if isinstance(row[name], str) and row[name]:
            return name, row[name]
    return "nobody", ""
