"""Comparing: one person over several calls, two calls side by side, a call against what is usual in its app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.overview import overview_of
from rtkit_explore.table_schema.findings import OVERVIEW
from rtkit_explore.tables.frames import TEXT, TIME
from rtkit_explore.tables.participant_lookup import find_participants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkit_explore.findings.context import CallTables
    from rtkit_explore.findings.profiles import ProfileLike

_APART = ("minutes", "clock_ahead_s")
FIGURES = tuple(column.name for column in OVERVIEW.columns if column.kind == "float64" and column.name not in _APART)
"""Figures of ``overview`` that can be compared."""
_UNITS = {column.name: column.unit for column in OVERVIEW.columns}
_FEWEST = 5
PLACES = ("below", "within", "above", "unknown")


def usual_range(calls: Iterable[CallTables], *, low: float = 0.05, high: float = 0.95) -> pd.DataFrame:
    """
    Work out what is usual: the range that most participants of some calls lie in.

    Parameters
    ----------
    calls
        Calls of one app, for example of its last weeks; every participant with a report counts once.
    low, high
        Shares of participants below and up to the range.

    Returns
    -------
    pandas.DataFrame
        A row a figure of ``call.overview()``: ``figure``, ``unit``, ``low``, ``median``, ``high`` (float64, missing
        where fewer than five participants have it), ``participants`` and ``calls`` (Int64).

    Raises
    ------
    InvalidArgumentError
        Where there is no call, or the shares are none.
    """
    if not isinstance(calls, Iterable):
        msg = f"usual_range() takes a list of calls, not something of type {type(calls).__name__}."
        raise InvalidArgumentError(msg)
    listed = list(calls)
    if wrong := [one for one in listed if not hasattr(one, "quality")]:
        given = type(wrong[0]).__name__
        msg = f"usual_range() takes calls, as app.call(session_id) gives them, not something of type {given}."
        raise InvalidArgumentError(msg)
    return usual_range_of([overview_of(call) for call in listed], low=low, high=high)


def usual_range_of(tables: Sequence[pd.DataFrame], *, low: float = 0.05, high: float = 0.95) -> pd.DataFrame:
    """Work out what is usual from the overviews of some calls; see :func:`usual_range`."""
    if not 0 <= low < high <= 1:
        msg = f"low and high are shares from 0 to 1, low below high, not {low} and {high}."
        raise InvalidArgumentError(msg)
    if not tables:
        msg = "What is usual needs at least one call."
        raise InvalidArgumentError(msg)
    rows = []
    for name in FIGURES:
        columns = [table[name].to_numpy(dtype="float64") for table in tables]
        known = np.concatenate(columns)
        known = known[~np.isnan(known)]
        enough = len(known) >= _FEWEST
        cuts = np.quantile(known, [low, 0.5, high]) if enough else np.full(3, np.nan)
        counted = sum(bool((~np.isnan(column)).any()) for column in columns)
        rows.append((name, _UNITS[name], *cuts.tolist(), len(known), counted))
    frame = pd.DataFrame(rows, columns=["figure", "unit", "low", "median", "high", "participants", "calls"])
    return frame.astype({"figure": TEXT, "unit": TEXT, "participants": "Int64", "calls": "Int64"})


def compare_with_usual(call: CallTables, usual: pd.DataFrame) -> pd.DataFrame:
    """
    Hold everyone in a call against what is usual.

    Parameters
    ----------
    call
        A Call.
    usual
        What ``rtk.usual_range`` gave for other calls of the app.

    Returns
    -------
    pandas.DataFrame
        A row a participant and figure: ``session_id, peer_id, display_name, figure, unit, value, low, median, high``
        and ``place`` (below, within, above, unknown), those outside first. Outside says unusual, not bad: a profile
        says what is bad.
    """
    rows = []
    cuts = {
        column: dict(zip(usual["figure"], usual[column].astype("float64"), strict=True))
        for column in ("low", "median", "high")
    }
    for person in overview_of(call).to_dict("records"):
        for name in FIGURES:
            if name not in cuts["low"]:
                continue
            value = float(person[name])
            low, median, high = (cuts[column][name] for column in ("low", "median", "high"))
            if np.isnan(value) or np.isnan(low):
                place = "unknown"
            else:
                place = "below" if value < low else "above" if value > high else "within"
            rows.append((person["session_id"], person["peer_id"], person["display_name"], name, _UNITS[name],
                         value, low, median, high, place))  # fmt: skip
    columns = ["session_id", "peer_id", "display_name", "figure", "unit", "value", "low", "median", "high", "place"]
    frame = pd.DataFrame(rows, columns=columns)
    texts: dict[str, Any] = dict.fromkeys(("session_id", "peer_id", "display_name", "figure", "unit"), TEXT)
    floats: dict[str, Any] = dict.fromkeys(("value", "low", "median", "high"), "float64")
    frame = frame.astype({**texts, **floats, "place": pd.CategoricalDtype(list(PLACES))})
    order = frame["place"].map({"below": 0, "above": 0, "within": 1, "unknown": 2}).astype("int64")
    return frame.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def compare_calls(one: CallTables, two: CallTables) -> pd.DataFrame:
    """
    Put two calls side by side.

    Parameters
    ----------
    one, two
        Calls.

    Returns
    -------
    pandas.DataFrame
        A row a figure: ``figure``, ``unit``, ``one`` and ``two`` (medians over the participants of each call),
        ``difference`` (two - one), ``one_worst`` and ``two_worst`` (the participant who is worst off), and how many
        have it (``one_participants``, ``two_participants``, Int64).
    """
    tables = [overview_of(one), overview_of(two)]
    rows = []
    for name in FIGURES:
        columns = [table[name].dropna().to_numpy(dtype="float64") for table in tables]
        middle = [float(np.median(column)) if len(column) else np.nan for column in columns]
        worst = [_worst(name, column) for column in columns]
        rows.append((name, _UNITS[name], *middle, middle[1] - middle[0], *worst, *(len(column) for column in columns)))
    names = [
        "figure",
        "unit",
        "one",
        "two",
        "difference",
        "one_worst",
        "two_worst",
        "one_participants",
        "two_participants",
    ]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype({"figure": TEXT, "unit": TEXT, "one_participants": "Int64", "two_participants": "Int64"})


HIGH_IS_GOOD = frozenset({"mos", "mos_low", "score_heard", "score_heard_low", "seen_fps", "seen_height", "sent_kbps"})
"""Figures of which the lowest is the worst."""


def _worst(name: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    if not len(values):
        return np.nan
    return float(values.min() if name in HIGH_IS_GOOD else values.max())


def compare_participant(calls: Iterable[CallTables], who: str, *, profile: ProfileLike = "default") -> pd.DataFrame:
    """
    Follow one person over several calls.

    Parameters
    ----------
    calls
        Calls; those without this person are left out.
    who
        User id, custom id, peer id or display name, or a part of the name; case does not matter.
    profile
        Profile for the verdicts.

    Returns
    -------
    pandas.DataFrame
        ``joined_at`` and the columns of ``overview``, a row for each time the person was in one of the calls, by
        time. A name can be that of several people: ``user_id`` stands beside it.

    Raises
    ------
    InvalidArgumentError
        Where nobody of that name or id is in any of the calls.
    """
    found: list[pd.DataFrame] = []
    for call in calls:
        people = call.participants
        meant = find_participants(who, call.names, people)
        mine = people.loc[people["peer_id"].isin(meant), ["peer_id", "user_id", "joined_at"]]
        if mine.empty:
            continue
        rows = overview_of(call, profile)
        found.append(mine.merge(rows, on="peer_id", how="inner", validate="one_to_one"))
    if not found:
        msg = f"Nobody called {who!r} is in these calls; call.participants lists who is."
        raise InvalidArgumentError(msg)
    joined = pd.concat(found, ignore_index=True)
    first = ["session_id", "joined_at", "peer_id", "user_id"]
    joined = joined[[*first, *(name for name in joined.columns if name not in first)]]
    joined = joined.astype({"joined_at": TIME, "user_id": TEXT, "peer_id": TEXT})
    return joined.sort_values("joined_at", kind="stable").reset_index(drop=True)
