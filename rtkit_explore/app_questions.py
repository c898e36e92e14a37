"""Questions that take several requests: a complaint without a session, breakout rooms, one person's way."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.errors import ApiError, InvalidArgumentError
from rtkit_explore.local_time import day_range, time_zone, zone_label
from rtkit_explore.redaction.safe_words import SERVICE_ID
from rtkit_explore.tables.frames import TEXT, TIME
from rtkit_explore.tables.participant_lookup import is_called, person_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtkit_explore.async_app import AsyncApp
    from rtkit_explore.complaints.answer import Answer

MOST_CALLS = 12
"""Calls of one person in one day that are looked at; more are named, not fetched."""
ROOMS: dict[str, Any] = {
    "session_id": TEXT, "room": TEXT, "breakout": "boolean", "started_at": TIME,
    "ended_at": TIME,
}  # fmt: skip
STAYS: dict[str, Any] = {
    "room": TEXT, "session_id": TEXT, "peer_id": TEXT, "display_name": TEXT,
    "joined_at": TIME, "left_at": TIME, "minutes": "float64", "away_s": "float64", "report": TEXT,
}  # fmt: skip


async def explain_in_app(
    app: AsyncApp, person: str, symptom: str, *, about: str | None, on: Any, window: Any, tz: Any, profile: Any
) -> Answer:
    """Answer a complaint without a session: every call of that person on that day is asked."""
    from rtkit_explore.complaints.answer import best_of
    from rtkit_explore.complaints.explain import explain_call
    from rtkit_explore.complaints.symptoms import find_symptom

    where = time_zone(tz)
    find_symptom(symptom)  # raises before anything is fetched
    begin, end = (None, None) if on is None else day_range(on, where)
    found = await app.find(person, start_time=begin, end_time=end)
    ids = list(dict.fromkeys(found["session_id"].dropna()))
    if not ids:
        when = "" if on is None else f" on {on} ({zone_label(where)})"
        msg = f"Nobody called {person!r} was in a call{when}. app.find({person!r}) lists their calls of any time."
        raise InvalidArgumentError(msg)
    answers: list[Answer] = []
    elsewhere: InvalidArgumentError | None = None
    for session_id in ids[:MOST_CALLS]:
        call = await app.call(session_id)
        try:
            # Judging takes its time, and the loop serves other requests meanwhile.
            answers.append(
                await asyncio.to_thread(
                    explain_call, call, person, symptom, about=about, window=window, on=on, tz=where, profile=profile
                )
            )
        except InvalidArgumentError as error:
            elsewhere = error  # the asked time is not in this call
    if not answers:
        if elsewhere is not None:
            raise elsewhere
        msg = f"None of the {len(ids)} calls of {person!r} could be asked."
        raise InvalidArgumentError(msg)
    return best_of(answers)


async def rooms_of(app: AsyncApp, session_id: str) -> pd.DataFrame:
    """Return the main session and its breakout rooms, the main one first."""
    main = await app.session(session_id, include_breakout_rooms=True)
    first = main.iloc[0]
    rows: list[dict[str, Any]] = [
        {
            "session_id": first["session_id"],
            "room": first["meeting_display_name"],
            "breakout": False,
            "started_at": first["started_at"],
            "ended_at": first["ended_at"],
        }
    ]
    for room in _listed_rooms(first["breakout_rooms"]):
        key = room.get("session_id") or room.get("id")
        if not isinstance(key, str) or not key:
            continue
        rows.append(
            {
                "session_id": key,
                "room": room.get("meeting_display_name") or room.get("title") or room.get("name"),
                "breakout": True,
                "started_at": _time(room.get("started_at")),
                "ended_at": _time(room.get("ended_at")),
            }
        )
    frame = pd.DataFrame(rows, columns=list(ROOMS)).drop_duplicates("session_id", ignore_index=True)
    for name in ("started_at", "ended_at"):  # where all are missing, pandas knows of no zone
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.astype(ROOMS)


def _time(said: object) -> Any:
    return pd.to_datetime(said, utc=True, errors="coerce") if isinstance(said, str) else pd.NaT


def _listed_rooms(told: object) -> list[dict[str, Any]]:
    """Read the rooms of a session's document: their shape is not documented, so whatever is no object is left out."""
    if not isinstance(told, str):
        return []
    try:
        listed = json.loads(told)
    except ValueError:
        return []
    return [room for room in listed if isinstance(room, dict)] if isinstance(listed, list) else []


async def follow_person(app: AsyncApp, person: str, session_id: str) -> pd.DataFrame:
    """Return one person's stays in a session and its breakout rooms, in the order of time."""
    rooms = await rooms_of(app, session_id)
    lists = await asyncio.gather(*(app.participants(key) for key in rooms["session_id"]))
    everyone = pd.concat(
        [people.assign(room=room) for people, room in zip(lists, rooms["room"], strict=True)], ignore_index=True
    )
    rows = everyone.to_dict("records")
    mine = [row for row in rows if is_called(person.strip(), row)]
    if not mine:
        known = ", ".join(sorted({str(name) for name in everyone["display_name"].dropna()})) or "nobody"
        msg = f"Nobody called {person!r} was in this session or its breakout rooms. There: {known}."
        raise InvalidArgumentError(msg)
    who = {person_key(row) for row in mine}
    if len(who) > 1:
        names = ", ".join(sorted({row["display_name"] for row in mine if isinstance(row["display_name"], str)}))
        msg = f"Several participants are called {person!r}: {names}. Give the whole name or an id."
        raise InvalidArgumentError(msg)
    # Rejoining and changing rooms make new participant ids: the user's id keeps them together.
    same = [person_key(row) in who for row in rows]
    stays = everyone[same].sort_values("joined_at", kind="stable", ignore_index=True)
    length = (stays["left_at"] - stays["joined_at"]).dt.total_seconds()
    away = (stays["joined_at"] - stays["left_at"].shift()).dt.total_seconds().clip(lower=0)
    return stays.assign(minutes=length / 60, away_s=away)[list(STAYS)].astype(STAYS)


async def what_it_is(app: AsyncApp, given: str) -> str | None:
    """
    Say what something is that is no session id, and how to get the call; None where nothing tells.

    It may be a URL of the dashboard with an id in it, a participant's id, a meeting's id, or the title of a meeting.
    """
    ids = SERVICE_ID.findall(given)
    if ids and given.casefold() != ids[-1].casefold():
        return f"{given[:80]!r} is an address that names the id {ids[-1]}. Get its call with app.call({ids[-1]!r})."
    try:
        sessions = await app.sessions(search=given[:200])
    except ApiError:
        sessions = pd.DataFrame({"session_id": []})
    if sessions["session_id"].eq(given).any():
        return None  # it is a session id, and the API has nothing of it any more
    if len(sessions):
        meeting = sessions["associated_id"].fillna("").eq(given).all()
        what = "the id of a meeting" if meeting else "the title of a meeting"
        count = len(sessions)
        listed = as_listed(sessions)
        plural = "s" if count > 1 else ""
        return f"{given[:80]!r} is {what} with {count} session{plural}, not a session id. Choose one:\n{listed}"
    if ids:
        try:
            alone = await app.peer_report(given)
        except ApiError:
            return None
        where = alone.session_id
        line = f"app.call({where!r})" if where else f"app.peer_report({given!r}), which is a call of that report alone"
        return f"{given!r} is the id of a participant, not of a session. Get the call with {line}."
    return None


def as_listed(sessions: pd.DataFrame, most: int = 5) -> str:
    """List sessions for a message: when, and the line that gets the call."""
    rows: Iterable[Any] = sessions.head(most).itertuples()
    lines = [
        f"  app.call({row.session_id!r})  # {row.meeting_display_name}, {row.started_at:%Y-%m-%d %H:%M} UTC"
        for row in rows
    ]
    more = f"\n  … and {len(sessions) - most} more: app.sessions(search=…)" if len(sessions) > most else ""
    return "\n".join(lines) + more
