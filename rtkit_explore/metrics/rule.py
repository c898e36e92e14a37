"""A metric as a rule: the same object as the package's own, so that findings, sides, stories and plots know it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.profiles import Limit
from rtkit_explore.findings.rules import BY_NAME
from rtkit_explore.findings.rules.rule import LAYERS, Layer, Rule
from rtkit_explore.measures.intervals import intervals
from rtkit_explore.measures.series import STREAM_KEYS, codes_of
from rtkit_explore.metrics.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.stream_arrays import Floats

_SHORT_UNIT = 8
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|seconds?|m|min|minutes?)?\s*")
_SECONDS = {"ms": 0.001, "m": 60.0}
_SLACK_S = 0.5
"""Two samples of "7 s" last 13.9 s or 14.1 s: a duration is reached half a second early."""
_TOGETHER_MS = 500


def rule(
    metric: Metric,
    *,
    warn: float | None = None,
    bad: float | None = None,
    note: float | None = None,
    lasting: str | float = "14s",
    over: Any = "sample",
    how: str = "mean",
    layer: Layer = "perception",
    name: str | None = None,
    source: str = "",
    next_step: str = "Look at what else was found for {side} at that time.",
) -> Rule:
    """
    Make a rule of a metric.

    Parameters
    ----------
    metric
        A metric of ``rtk.metric``.
    warn, bad, note
        Thresholds in its unit; values beyond (above, or below where low is worse) raise a finding.
    lasting
        How long it has to hold, samples in a row: ``"14s"``, ``"1 min"`` or a number of seconds. From 10 s on that
        takes at least two samples, so that a single one raises nothing.
    over, how
        Over what span the value is taken instead: seconds, or ``"stream"``, and its ``"mean"`` or ``"p95"``, as in
        ``rtk.Limit``.
    layer
        What it speaks of: "connectivity", "transport", "pipeline" or "perception"; causes come before what follows.
    name
        Its name in findings; the metric's by default.
    source
        Where the thresholds come from; the metric's source by default.
    next_step
        What to check next; ``{side}`` stands for whose side it was on.

    Returns
    -------
    Rule
        It says whose side a finding was on by what else was found, and changes nothing in what the shipped rules
        find and whose side that was on. To be given to a call, ``call.findings([my_rule])``, or to a profile,
        ``rtk.Profile("mine", base="default", rules=[my_rule])``: it stands in findings with side and story, in
        verdicts, plots and the report.

    Raises
    ------
    InvalidArgumentError
        Where it is no metric, there is no threshold, a bad value is reached before a warning, or the name is that of
        a shipped rule.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> patched = rtk.rule(rtk.metrics.glitch_share, warn=0.02, bad=0.05, lasting="14s", source="our contract")
    >>> [limit.levels for limit in patched.limits]
    [(('warn', 0.02), ('bad', 0.05))]
    """
    if not isinstance(metric, Metric):
        msg = f"A rule is made of a metric (rtk.metric), not of {type(metric).__name__}."
        raise InvalidArgumentError(msg)
    if layer not in LAYERS:
        msg = f"layer= takes {', '.join(map(repr, LAYERS))}, not {layer!r}."
        raise InvalidArgumentError(msg)
    called = name or metric.name
    if called in BY_NAME:
        msg = f"{called!r} is a rule that ships; give yours another name=."
        raise InvalidArgumentError(msg)
    limit = Limit(called, warn, bad, source or metric.source or "given by the caller", note=note, over=over, how=how)
    if not limit.levels:
        msg = f"The rule {called} needs a threshold: warn=, bad= or note=."
        raise InvalidArgumentError(msg)
    limit.check_order(low=metric.worse == "low")
    seconds = _seconds(lasting)
    return Rule(
        called,
        layer,
        metric.unit,
        metric.title,
        _sentence(metric),
        next_step,
        value=lambda context: values_on_arrays(metric, context),
        reads=(metric.name,),
        direction=metric.direction or "both",
        media=metric.media,
        low=metric.worse == "low",
        samples=2 if seconds >= 10 else 1,
        seconds=max(0.0, seconds - _SLACK_S),
        limits=(limit,),
        beside=("loss_pct", "bitrate_kbps"),
    )


def _sentence(metric: Metric) -> Callable[[Candidate, Mapping[str, str]], str]:
    """Say who got or sent what with which value of the metric: shares in percent, all else with its unit."""

    def figure(value: float) -> str:
        if metric.unit == "share":
            return f"{100 * value:.3g} %"
        return f"{value:.3g} {metric.unit}".strip() if len(metric.unit) <= _SHORT_UNIT else f"{value:.3g}"

    def sentence(candidate: Candidate, words: Mapping[str, str]) -> str:
        mean, worst = figure(candidate.mean), figure(candidate.value)
        beyond = f"{candidate.span}:" if candidate.span else "down to" if candidate.rule.low else "up to"
        peak = "" if mean == worst or (candidate.count < 2 and not candidate.span) else f" ({beyond} {worst})"
        return f"{words['shown']} with {metric.title} at {mean}{peak}"

    return sentence


def _seconds(lasting: str | float) -> float:
    if isinstance(lasting, str):
        if found := _DURATION.fullmatch(lasting):
            unit = found[2] or "s"
            return float(found[1]) * _SECONDS.get("ms" if unit == "ms" else unit[0], 1.0)
    elif isinstance(lasting, int | float) and not isinstance(lasting, bool) and 0 <= lasting < float("inf"):
        return float(lasting)
    msg = f"lasting= takes a duration such as '14s' or '1 min', or a number of seconds, not {lasting!r}."
    raise InvalidArgumentError(msg)


def values_on_arrays(metric: Metric, context: Context) -> Floats:
    """Give each row of ``context.arrays`` the metric's value of that stream and sample."""
    arrays, call = context.arrays, context.call
    out = np.full(len(arrays.stream_number), np.nan)
    known = metric.select(intervals(call, media=metric.media, clock_ahead_s=arrays.shifts))
    if known.empty or not len(out):
        return out
    values = metric.values(call, rows=known)
    # Both have a row for a sample of a stream, layers together; streams and times tell which belong together.
    keys = list(STREAM_KEYS)
    code = codes_of(pd.concat([call.quality.iloc[arrays.row][keys], known[keys]], ignore_index=True), keys)
    ends = np.concatenate([arrays.end, pd.DatetimeIndex(known["end"]).as_unit("us").asi8])
    when = (ends - ends[len(out) :].min()) // 1000
    key = code.astype("int64") * (1 << 40) + when
    mine, theirs = key[: len(out)], key[len(out) :]
    order = np.argsort(theirs, kind="stable")
    after = np.clip(np.searchsorted(theirs[order], mine), 0, len(order) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(theirs[order][before] - mine) <= np.abs(theirs[order][after] - mine), before, after)
    close = np.abs(theirs[order][nearest] - mine) <= _TOGETHER_MS
    out[close] = values.to_numpy(dtype="float64")[order][nearest[close]]
    return out
