"""How calls develop: the worst ones, and the share of bad ones by day, version, network and country."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import TEXT

_ORDER: Final = {"bad": 0, "degraded": 1, "unclassified": 2, "good": 3}
TIMES: Final = ("day", "week")
_APART: Final = ("session_id", "peer_id", "display_name", "ipv4", "user_agent")
PROPERTIES: Final = (*(c.name for c in TABLES["clients"].columns if c.name not in _APART), "path")
"""By which properties of participants a trend can be asked for."""
_Z95: Final = 1.959963984540054


def worst_calls(sessions: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Put calls in order, the worst first: by verdict, bad and warning findings, and how long they lasted."""
    calls = verdicts[verdicts["peer_id"].isna()].set_index("session_id")
    people = verdicts[verdicts["peer_id"].notna()]
    bad = people["verdict"].astype("object").eq("bad")
    counted = pd.DataFrame(
        {
            "participants": people.groupby("session_id", sort=False).size(),
            "participants_bad": bad.groupby(people["session_id"], sort=False).sum(),
        }
    )
    table = calls[["verdict", "bad", "warn", "affected_s", "reason"]].join(counted)
    table = table.join(sessions.set_index("session_id")[["started_at", "meeting_display_name"]])
    order = table["verdict"].astype("object").map(_ORDER)
    table = table.assign(order=order).sort_values(
        ["order", "participants_bad", "bad", "warn", "affected_s"],
        ascending=[True, False, False, False, False],
        kind="stable",
    )
    table["session_id"] = table.index.astype(TEXT)
    columns = ["session_id", "started_at", "meeting_display_name", "verdict", "bad", "warn", "affected_s",
               "participants", "participants_bad", "reason"]  # fmt: skip
    return table[columns].astype({"participants": "Int64", "participants_bad": "Int64"}).reset_index(drop=True)


def check_trend(by: str, of: str) -> None:
    """Raise for a ``by`` or ``of`` that there is not."""
    if by not in (*TIMES, *PROPERTIES):
        msg = f"by= is one of {', '.join((*TIMES, *PROPERTIES))}, not {by!r}."
        raise InvalidArgumentError(msg)
    if of not in ("calls", "participants"):
        msg = f"of= is 'calls' or 'participants', not {of!r}."
        raise InvalidArgumentError(msg)


def trend_by_time(verdicts: pd.DataFrame, sessions: pd.DataFrame, by: str, of: str) -> pd.DataFrame:
    """Count bad verdicts by the day or week (from its Monday) on which calls started."""
    chosen = verdicts[verdicts["peer_id"].isna() if of == "calls" else verdicts["peer_id"].notna()]
    starts = chosen["session_id"].astype("object").map(sessions.set_index("session_id")["started_at"])
    starts = pd.to_datetime(starts, utc=True)
    if by == "week":
        starts = starts - pd.to_timedelta(starts.dt.weekday, unit="D")
    return _counted(chosen["verdict"].astype("object"), starts.dt.strftime("%Y-%m-%d").astype("object"), by, of)


def trend_by_property(verdicts: pd.DataFrame, properties: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count bad verdicts of participants by a property of theirs, a column of another table."""
    people = verdicts[verdicts["peer_id"].notna()]
    known = properties[["session_id", "peer_id", by]].drop_duplicates(["session_id", "peer_id"])
    joined = people[["session_id", "peer_id", "verdict"]].merge(known, how="left", on=["session_id", "peer_id"])
    return _counted(joined["verdict"].astype("object"), joined[by].astype("object"), by, "participants")


def _counted(verdicts: pd.Series[Any], values: pd.Series[Any], by: str, of: str) -> pd.DataFrame:
    judged = verdicts.ne("unclassified") & values.notna()
    frame = pd.DataFrame({"value": values[judged].astype(str), "verdict": verdicts[judged]})
    groups = frame.groupby("value", sort=True)["verdict"]
    table = pd.DataFrame(
        {
            "judged": groups.size(),
            "bad": groups.agg(lambda column: int(column.eq("bad").sum())),
            "degraded": groups.agg(lambda column: int(column.eq("degraded").sum())),
        }
    ).astype("int64")
    table = table.reset_index()
    share, low, high = wilson(table["bad"].to_numpy("float64"), table["judged"].to_numpy("float64"))
    table.insert(0, "of", of)
    table.insert(0, "by", by)
    table = table.assign(share_bad=share, low=low, high=high)
    table = table.astype(
        {"by": TEXT, "of": TEXT, "value": TEXT, **dict.fromkeys(("judged", "bad", "degraded"), "Int64")}
    )
    if by not in TIMES:
        table = table.sort_values(["judged", "value"], ascending=[False, True], kind="stable", ignore_index=True)
    return table


def wilson(
    bad: np.ndarray[Any, np.dtype[np.float64]], judged: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """
    Work out shares with their 95 % score intervals.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209 to 212.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = bad / judged
        middle = (share + _Z95**2 / (2 * judged)) / (1 + _Z95**2 / judged)
        half = _Z95 / (1 + _Z95**2 / judged) * np.sqrt(share * (1 - share) / judged + _Z95**2 / (4 * judged**2))
    return share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
