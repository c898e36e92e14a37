"""What came nearest to a symptom where no finding shows it: for each rule the value closest to its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.findings.profiles import profile_of
from rtkit_explore.findings.segments import judged_values
from rtkit_explore.tables.frames import TEXT

if TYPE_CHECKING:
    from datetime import datetime

    from rtkit_explore.call import Call
    from rtkit_explore.complaints.symptoms import Symptom
    from rtkit_explore.findings.profiles import ProfileLike

_COLUMNS: dict[str, Any] = {
    "rule": TEXT, "measure": TEXT, "value": "float64", "threshold": "float64", "unit": TEXT, "share": "float64",
    "who": TEXT, "time": "datetime64[us, UTC]",
}  # fmt: skip


def no_values() -> pd.DataFrame:
    """Return the table without rows."""
    return pd.DataFrame(columns=list(_COLUMNS)).astype(_COLUMNS)


def nearest_values(
    call: Call, symptom: Symptom, streams: pd.DataFrame, window: tuple[datetime, datetime], profile: ProfileLike
) -> pd.DataFrame:
    """
    Return how near each measure of a symptom came to where a finding begins.

    Parameters
    ----------
    call
        A Call.
    symptom
        Whose rules are looked at.
    streams
        Rows of ``call.streams``: those that were looked at.
    window
        The asked time.
    profile
        Whose thresholds.

    Returns
    -------
    pandas.DataFrame
        A row a rule that has values there, the nearest first: ``rule``, ``measure``, ``value``, ``threshold`` (the first
        one that would count), ``unit``, ``share`` (value over threshold, or threshold over value where low is bad),
        ``who`` and ``time`` (end of the sample).
    """
    judged, context = profile_of(profile), call.judging
    arrays = context.arrays
    begin, end = (int(pd.Timestamp(one).value // 1000) for one in window)
    wanted = set(streams["stream_id"].dropna())
    mine = np.array([stream.stream_id in wanted for stream in arrays.streams], dtype=bool)
    if not mine.any():
        return no_values()
    inside = mine[arrays.stream_number] & (arrays.end > begin) & (arrays.start < end)
    rows: list[dict[str, Any]] = []
    for name in symptom.rules:
        rule, limits = judged.rule(name), judged.of(name)
        if rule is None or rule.value is None or not limits:
            continue
        values = np.where(inside, judged_values(context, rule), np.nan)
        best: dict[str, Any] | None = None
        for limit in limits:
            threshold = limit.levels[0][1]
            fits = np.where(arrays.where(media=limit.media), values, np.nan) if limit.media else values
            if np.isnan(fits).all() or (rule.low and threshold <= 0):
                continue
            place = int(np.nanargmin(fits) if rule.low else np.nanargmax(fits))
            value = float(fits[place])
            share = _share(value, threshold, low=rule.low, whole=rule.unit.endswith("share"))
            stream = arrays.streams[int(arrays.stream_number[place])]
            if best is None or share > best["share"]:
                best = {
                    "rule": name,
                    "measure": rule.title.replace("\n", " "),
                    "value": value,
                    "threshold": threshold,
                    "unit": rule.unit,
                    "share": share,
                    "who": context.name(stream.peer),
                    "time": pd.Timestamp(int(arrays.end[place]), unit="us", tz="UTC"),
                }
        if best is not None:
            rows.append(best)
    if not rows:
        return no_values()
    made = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    return made.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _share(value: float, threshold: float, *, low: bool, whole: bool) -> float:
    """Return how near a value is to a threshold, 1 at it; of a share that is best at 1, by what is missing of it."""
    if low and whole:
        return (1 - value) / (1 - threshold) if threshold < 1 else 0.0
    if low:
        return threshold / value if value > 0 else np.inf
    return value / threshold if threshold else 0.0
