"""From intervals to streams, participants and calls: every roll-up is weighted by time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np

from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    RollUp = Callable[[Floats, Floats, Ints, int], Floats]

Worse = Literal["high", "low"]
HOW = "time_mean, worst, worst_tenth, p95 (any percentile), share_above:0.05, share_below:3.6 (any threshold)"
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_SHARE = re.compile(r"share_(above|below):(-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-?\.\d+)")
_TENTH = 0.1


def roll_up_of(how: str, worse: Worse) -> RollUp:
    """
    Parse the argument ``how``.

    Parameters
    ----------
    how
        ``time_mean``; ``worst``; ``worst_tenth`` (mean over the worst tenth of the time); ``p95`` or another
        percentile (the value below which that part of the time lies); ``share_above:x`` or ``share_below:x`` (share
        of the time beyond x).
    worse
        Which direction is the worse one.

    Returns
    -------
    callable
        Of values, seconds, group numbers and the number of groups: a value for each group, NaN for an empty one.

    Raises
    ------
    InvalidArgumentError
        If it is anything else.
    """
    if isinstance(how, str):
        if how == "time_mean":
            return _mean
        if how == "worst":
            return lambda values, seconds, group, count: _worst(values, seconds, group, count, worse)
        if how == "worst_tenth":
            return lambda values, seconds, group, count: _worst_tenth(values, seconds, group, count, worse)
        if found := _PERCENTILE.fullmatch(how):
            share = float(found[1]) / 100
            return lambda values, seconds, group, count: _percentile(values, seconds, group, count, share)
        if found := _SHARE.fullmatch(how):
            limit, above = float(found[2]), found[1] == "above"
            return lambda values, seconds, group, count: _mean(
                ((values > limit) if above else (values < limit)).astype("float64"), seconds, group, count
            )
    msg = f"how= takes {HOW}, not {how!r}."
    raise InvalidArgumentError(msg)


def _mean(values: Floats, seconds: Floats, group: Ints, count: int) -> Floats:
    total = np.bincount(group, weights=values * seconds, minlength=count)
    time = np.bincount(group, weights=seconds, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(time > 0, total / time, np.nan))


def _worst(values: Floats, _: Floats, group: Ints, count: int, worse: Worse) -> Floats:
    sign = 1.0 if worse == "high" else -1.0
    out = np.full(count, -np.inf)
    np.maximum.at(out, group, sign * values)
    return np.where(np.isneginf(out), np.nan, sign * out)


def _in_order(values: Floats, seconds: Floats, group: Ints, count: int) -> tuple[Ints, Floats, Floats]:
    """Sort by group and value: the order, the time up to and with each row within its group, the group's whole time."""
    order = np.lexsort((values, group))
    passed = np.cumsum(seconds[order])
    whole = np.bincount(group, weights=seconds, minlength=count)
    before = np.concatenate([[0.0], np.cumsum(whole)[:-1]])
    return order, np.asarray(passed - before[group[order]], dtype="float64"), np.asarray(whole, dtype="float64")


def _percentile(values: Floats, seconds: Floats, group: Ints, count: int, share: float) -> Floats:
    order, within, whole = _in_order(values, seconds, group, count)
    own = group[order]
    reached = within >= share * whole[own] * (1 - 1e-12)
    out = np.full(count, np.nan)
    place = np.flatnonzero(reached)[::-1]  # backwards, so that the first that reaches it is written last
    out[own[place]] = values[order][place]
    return out


def _worst_tenth(values: Floats, seconds: Floats, group: Ints, count: int, worse: Worse) -> Floats:
    sign = -1.0 if worse == "high" else 1.0
    order, within, whole = _in_order(sign * values, seconds, group, count)
    own, limit = group[order], _TENTH * whole
    # A row counts with as much of its time as lies within the first tenth.
    counted = np.clip(limit[own] - (within - seconds[order]), 0.0, seconds[order])
    return _mean(values[order], counted, own, count)
