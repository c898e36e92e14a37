"""Hold a metric against what people said: how well it tells good from bad, and whether that can be chance."""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.metrics.agreement import Draws, auc, calibration, roc, spearman
from rtkit_explore.paths import read_file, user_path

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Bad = str | float | Callable[[pd.Series[Any]], Any] | Collection[Any] | None

KEYS = ("session_id", "peer_id", "user_id", "custom_participant_id")
"""What labels may be keyed by, one or several of them."""
_OPERATORS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt, "==": operator.eq}
_CONDITION = re.compile(r"\s*(<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?)\s*")
_FEWEST, _FEWEST_OF_A_KIND, _FEWEST_CLUSTERS = 20, 5, 10
_BESIDE = "score"
_SURE = 0.05
_NOT_VALUES = frozenset((*KEYS, "display_name", "known_s", "total_s", "intervals", "participants", _BESIDE))


@dataclass(frozen=True)
class Evaluation:
    """
    What a metric is worth, beside what the reported score is worth on the same labels.

    Attributes
    ----------
    table
        A row for each metric, the reported score last: ``metric``, ``worse``, ``labels`` and ``bad`` (Int64: how many
        it rests on), ``clusters``; ``spearman``, ``auc`` (0.5 is chance, 1 tells every bad one from every good one)
        and ``auc_over_score`` (what it is better by than the reported score), each with ``…_low`` and ``…_high``
        (bootstrap over clusters) ; ``p_chance`` (share of permuted labels with which it does as well); ``verdict``
        (``skill``, ``chance``, ``wrong way round`` or ``too few``).
    roc
        ``metric, threshold, false_positive_rate, true_positive_rate``: a row a threshold.
    calibration
        ``metric, low, high, value, labels, bad_share, bad_low, bad_high``: a row for each fifth of the values; the
        interval is Wilson's, 95 %.
    joined
        Labels with the values they were held against.
    unmatched
        How many ``labels`` had no value, how many ``values`` no label, how many labels were about ``several``
        participants (rejoins), and how many were ``incomplete``: without one of the figures that are compared.
    text
        All that in words.
    """

    table: pd.DataFrame
    roc: pd.DataFrame
    calibration: pd.DataFrame
    joined: pd.DataFrame
    unmatched: Mapping[str, int]
    text: str

    def __str__(self) -> str:
        """Say it in words."""
        return self.text

    def __repr__(self) -> str:
        """Say it in words."""
        return self.text

    def _repr_html_(self) -> str:
        from html import escape

        lines = "<br>".join(escape(line) for line in self.text.splitlines())
        shown = ["metric", "labels", "bad", "spearman", "auc", "auc_low", "auc_high", "p_chance", "verdict"]
        return f"<p>{lines}</p>" + self.table[shown].round(3).to_html(index=False, border=0, na_rep="")


def evaluate(
    values: pd.DataFrame | Iterable[pd.DataFrame],
    labels: pd.DataFrame | str | Path,
    *,
    bad: Bad = None,
    label: str | None = None,
    metric: str | None = None,
    worse: str | None = None,
    cluster: str = "session_id",
    draws: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """
    Hold a metric against labels: ratings that people gave, or what was known to be wrong.

    Parameters
    ----------
    values
        What a metric gave, ``glitch(calls, by="participant", how="p95")`` (or by "person", or "call"), or several of
        these to compare. The client's reported score of the same streams stands in them and is evaluated beside.
    labels
        A table, or a CSV file, with one or several of the key columns ``session_id``, ``peer_id``, ``user_id``,
        ``custom_participant_id``, and a column of labels. One label of a person who joined several times is held
        against all of these together, weighted by time.
    bad
        Which labels are bad: a number (that and below: ratings of 1 to 5), a condition (``"<= 2"``, ``"> 0.5"``), a
        set of labels (``{"poor"}``), or a function of the column. None takes labels that are true or false, true bad.
    label
        Column of the labels; not needed where only one is left beside the keys.
    metric, worse
        Column of the values, and whether "high" or "low" ones are worse; known for what a metric gave.
    cluster
        What is drawn again for intervals: labels of one call are not independent.
    draws
        How often the bootstrap and the permutation draw.
    seed
        Seed of both: the same question gives the same answer.

    Returns
    -------
    Evaluation
        With a table, curves, a picture (``rtk.plot.evaluation``) and a text that says what can be concluded.

    Raises
    ------
    InvalidArgumentError
        Where labels and values have no key in common, none match, all labels are of one kind, or an argument cannot
        mean anything.
    """
    tables = [values] if isinstance(values, pd.DataFrame) else list(values)
    _check_arguments(tables, draws, seed)
    given = _read_labels(labels)
    shared = _shared_keys(given, tables)
    of_labels = _label_column(given, label, shared)
    scored = given.dropna(subset=[of_labels, *shared]).reset_index(drop=True)
    is_bad = _bad(scored[of_labels], bad)
    joined = scored[list(dict.fromkeys([*shared, *([cluster] if cluster in scored else [])]))].copy()
    joined["label"], joined["bad"] = scored[of_labels], is_bad
    rated = _numbers(scored[of_labels]).to_numpy(dtype="float64")
    named: list[tuple[str, str]] = []
    unmatched = {"labels": 0, "values": 0, "several": 0}
    for table in tables:
        name, direction = _metric_of(table, metric, worse)
        while name in joined:
            name += "'"  # two roll-ups of one metric
        joined[name] = _matched(
            table, _metric_of(table, metric, worse)[0], joined, shared, cluster, unmatched=unmatched
        )
        named.append((name, direction))
    if _BESIDE in tables[0].columns:
        joined["reported score"] = _matched(tables[0], _BESIDE, joined, shared, cluster, unmatched={})
        if joined["reported score"].notna().any():
            named.append(("reported score", "low"))
    if cluster not in joined:
        msg = f"cluster={cluster!r} is no column of the labels or values. There is: {', '.join(shared)}."
        raise InvalidArgumentError(msg)
    unmatched["labels"] = int(joined[named[0][0]].isna().sum())
    if unmatched["labels"] == len(joined):
        why = "are they of the same calls, and the same kind of id?" if len(joined) else "there are no labels."
        msg = f"No label matches a value by {' and '.join(shared)}: {why}"
        raise InvalidArgumentError(msg)
    worse_label = _worse_upwards(rated, is_bad)
    complete = joined[[name for name, _ in named]].notna().all(axis=1).to_numpy() & np.isfinite(worse_label)
    unmatched["incomplete"] = len(joined) - unmatched["labels"] - int(complete.sum())
    kept = joined[complete].reset_index(drop=True)
    table, curves, bins = _figures(kept, named, worse_label[complete], Draws(kept[cluster], draws, seed))
    return Evaluation(table, curves, bins, joined, unmatched, _words(table, unmatched, cluster, draws))


def _check_arguments(tables: list[pd.DataFrame], draws: int, seed: int) -> None:
    """Raise where an argument cannot mean anything."""
    if not tables or not all(isinstance(one, pd.DataFrame) for one in tables):
        msg = "values= takes the table that a metric gave, such as glitch(calls, by='participant'), or several."
        raise InvalidArgumentError(msg)
    for name, number in (("draws", draws), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            msg = f"{name}= is a whole number of at least 0, not {number!r:.80}."
            raise InvalidArgumentError(msg)
    if draws < 100:
        msg = f"draws= is at least 100, so that an interval of 95 % means something, not {draws}."
        raise InvalidArgumentError(msg)


def _worse_upwards(rated: Floats, is_bad: Bools) -> Floats:
    """
    Return labels as numbers that rise as they get worse; bad and not bad where they are no numbers.

    Bad is low where ratings are: the rank correlation is that of a worse metric with a worse rating.
    """
    if not np.isfinite(rated).any():
        return is_bad.astype("float64")
    both = is_bad.any() and not is_bad.all()
    downwards = not both or np.nanmean(rated[is_bad]) < np.nanmean(rated[~is_bad])
    return -rated if downwards else rated


def _figures(
    kept: pd.DataFrame, named: list[tuple[str, str]], label: Floats, drawn: Draws
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Work out the figures of each metric on the labels that all of them have a value for."""
    bad = kept["bad"].to_numpy(dtype=bool)
    if not bad.any() or bad.all():
        kind = "good" if not bad.any() else "bad"
        msg = f"All {len(bad)} labels that have a value are {kind}: nothing can be told apart. Look at bad=."
        raise InvalidArgumentError(msg)
    oriented = {
        name: kept[name].to_numpy(dtype="float64") * (1 if direction == "high" else -1) for name, direction in named
    }
    aucs = {name: drawn.bootstrap(partial(auc, value, bad)) for name, value in oriented.items()}
    reference = aucs.get("reported score")
    few = len(bad) < _FEWEST or min(bad.sum(), (~bad).sum()) < _FEWEST_OF_A_KIND or drawn.clusters < _FEWEST_CLUSTERS
    rows = []
    for name, direction in named:
        value = oriented[name]
        point, ranks = auc(value, bad), spearman(value, label)
        interval = _interval(aucs[name])
        rank_interval = _interval(drawn.bootstrap(partial(spearman, value, label)))
        # How often do labels that were dealt out anew do as well? In either direction: which is worse is a guess too.
        chance = drawn.permuted(bad)
        extreme = np.abs(np.array([auc(value, one) for one in chance]) - 0.5) >= abs(point - 0.5) - 1e-12
        p = (1 + float(extreme.sum())) / (1 + len(extreme))
        over = (np.nan, np.nan, np.nan)
        if reference is not None and name != "reported score":
            over = (point - auc(oriented["reported score"], bad), *_interval(aucs[name] - reference))
        verdict = "too few" if few else "chance" if p >= _SURE or interval[0] <= 0.5 <= interval[1] else (
            "skill" if point > 0.5 else "wrong way round")  # fmt: skip
        rows.append((name, direction, len(bad), int(bad.sum()), drawn.clusters, ranks, *rank_interval, point, *interval,
                     *over, p, verdict))  # fmt: skip
    columns = ["metric", "worse", "labels", "bad", "clusters", "spearman", "spearman_low", "spearman_high", "auc",
               "auc_low", "auc_high", "auc_over_score", "auc_over_score_low", "auc_over_score_high", "p_chance",
               "verdict"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).astype({"labels": "Int64", "bad": "Int64", "clusters": "Int64"})
    curves = pd.concat([roc(value, bad).assign(metric=name) for name, value in oriented.items()], ignore_index=True)
    signs = {name: 1 if direction == "high" else -1 for name, direction in named}
    curves["threshold"] *= curves["metric"].map(signs)
    bins = pd.concat(
        [calibration(kept[name].to_numpy(dtype="float64"), bad).assign(metric=name) for name, _ in named],
        ignore_index=True,
    )
    first = ["metric", *(name for name in curves.columns if name != "metric")]
    bins_first = ["metric", *(name for name in bins.columns if name != "metric")]
    return table, curves[first], bins[bins_first]


def _words(table: pd.DataFrame, unmatched: Mapping[str, int], cluster: str, draws: int) -> str:
    """Say in words what the figures allow to conclude, and what not."""
    head = table.iloc[0]
    lines = [
        f"{head['labels']} labels, {head['bad']} of them bad, of {head['clusters']} different {cluster}."
        + (f" {unmatched['labels']} labels have no value." if unmatched["labels"] else "")
        + (f" {unmatched['incomplete']} lack one of the figures compared." if unmatched["incomplete"] else "")
        + (f" {unmatched['values']} values have no label." if unmatched["values"] else "")
        + (f" {unmatched['several']} labels are of people who joined several times." if unmatched["several"] else "")
    ]
    for row in table.to_dict("records"):
        figures = (
            f"AUC {row['auc']:.2f} (95 % interval {row['auc_low']:.2f} to {row['auc_high']:.2f}), rank correlation"
            f" {row['spearman']:.2f} ({row['spearman_low']:.2f} to {row['spearman_high']:.2f})"
        )
        said = {
            "too few": f"too few labels to tell skill from chance, whatever the figures: {figures}. At least {_FEWEST}"
            f" labels, {_FEWEST_OF_A_KIND} of either kind, of {_FEWEST_CLUSTERS} {cluster} are needed.",
            "chance": f"no better than chance: {figures}; labels dealt out at random do as well in"
            f" {100 * row['p_chance']:.0f} % of {draws} tries.",
            "skill": f"tells bad from good better than chance: {figures}; labels dealt out at random do as well in"
            f" {100 * row['p_chance']:.1f} % of {draws} tries.",
            "wrong way round": f"tells bad from good, but the wrong way round: {figures}. Is worse={row['worse']!r}"
            " right?",
        }[str(row["verdict"])]
        lines.append(f"{row['metric']}: {said}")
        low, high = row["auc_over_score_low"], row["auc_over_score_high"]
        if row["verdict"] == "skill" and np.isfinite(low):
            by = f"by {row['auc_over_score']:+.2f} ({low:+.2f} to {high:+.2f})"
            lines.append(
                f"  Better than the reported score, {by}." if low > 0
                else f"  Worse than the reported score, {by}." if high < 0
                else f"  Not told apart from the reported score: its AUC differs {by}."
            )  # fmt: skip
    several = int((table["metric"] != "reported score").sum())
    if several > 1:
        lines.append(
            f"{several} metrics were tried: the best of several looks better than it is. Confirm on new calls."
        )
    return "\n".join(lines)


def _interval(drawn: Floats) -> tuple[float, float]:
    """Return the interval that holds 95 % of what was drawn."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return (np.nan, np.nan)
    low, high = np.quantile(known, [0.025, 0.975])
    return (float(low), float(high))


def _read_labels(labels: pd.DataFrame | str | Path) -> pd.DataFrame:
    if isinstance(labels, pd.DataFrame):
        return labels.astype({key: "string" for key in KEYS if key in labels.columns})
    file = user_path(labels, "labels= takes a table or a CSV file, which")
    try:
        # Ids are text, also where they look like numbers: 007 is not 7.
        content = io.BytesIO(read_file(file))
        return pd.read_csv(content, dtype=dict.fromkeys(KEYS, "string"), skipinitialspace=True, encoding="utf-8-sig")
    except OSError as error:
        msg = f"The labels {labels} cannot be read: {error.strerror}."
        raise InvalidArgumentError(msg) from error
    except (ValueError, UnicodeDecodeError) as error:
        msg = f"{labels} is no CSV file that can be read: {error}."
        raise InvalidArgumentError(msg) from error


def _shared_keys(given: pd.DataFrame, tables: list[pd.DataFrame]) -> list[str]:
    """Choose the keys to match by: all that labels have and values know."""
    keys = [key for key in KEYS if key in given.columns]
    shared = [key for key in keys if all(key in table.columns and table[key].notna().any() for table in tables)]
    if not shared:
        there = ", ".join(key for key in KEYS if key in tables[0].columns and tables[0][key].notna().any())
        msg = (
            f"Labels and values have no key in common. Labels have {', '.join(keys) or 'none of ' + ', '.join(KEYS)};"
            f" values know {there or 'none'}. Roll the metric up by='participant', of calls with their participants."
        )
        raise InvalidArgumentError(msg)
    return shared


def _label_column(given: pd.DataFrame, label: str | None, shared: list[str]) -> str:
    if label is not None:
        if label not in given.columns:
            msg = f"The labels have no column {label!r}. They have: {', '.join(map(str, given.columns))}."
            raise InvalidArgumentError(msg)
        return label
    left = [str(name) for name in given.columns if name not in KEYS and name not in shared]
    if len(left) == 1:
        return left[0]
    usual = [name for name in left if name.casefold() in ("rating", "label", "bad", "stars", "mos")]
    if len(usual) == 1:
        return usual[0]
    msg = f"Which column holds the labels? Give label=, one of: {', '.join(left) or 'none but keys'}."
    raise InvalidArgumentError(msg)


def _bad(column: pd.Series[Any], bad: Bad) -> Bools:
    """Tell which labels are bad."""
    if callable(bad):
        told = np.asarray(bad(column), dtype=bool)
        if told.shape != column.shape:
            msg = f"bad= has to return true or false for each of the {len(column)} labels, not {told.size} values."
            raise InvalidArgumentError(msg)
        return told
    if isinstance(bad, str) and (found := _CONDITION.fullmatch(bad)):
        return np.asarray(_OPERATORS[found[1]](_ratings(column), float(found[2])), dtype=bool)
    if isinstance(bad, bool | int | float) and not isinstance(bad, bool):
        return np.asarray(_ratings(column) <= float(bad), dtype=bool)
    if isinstance(bad, str):
        return (column.astype("string") == bad).fillna(value=False).to_numpy(dtype=bool)
    if isinstance(bad, Collection):
        return column.isin(list(bad)).to_numpy(dtype=bool)
    kinds = set(column.unique())
    if bad is None and kinds <= {True, False}:
        return column.to_numpy(dtype=bool)
    msg = (
        f"Which labels are bad? Give bad=: a number (that and below), a condition such as '<= 2', or a set of labels."
        f" The labels are {', '.join(map(repr, sorted(map(str, kinds))[:8]))}."
    )
    raise InvalidArgumentError(msg)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Read labels as numbers; what is none, or beyond what a float can be, is missing."""
    try:
        return pd.to_numeric(column, errors="coerce").astype("float64")
    except (OverflowError, TypeError):
        return pd.to_numeric(column.map(_float_or_nan), errors="coerce").astype("float64")


def _float_or_nan(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return float("nan")


def _ratings(column: pd.Series[Any]) -> Floats:
    numbers = _numbers(column)
    if numbers.isna().any():
        wrong = column[numbers.isna()].iloc[0]
        msg = f"bad= compares numbers, and {wrong!r} is none. Give a set of labels: bad={{{wrong!r}}}."
        raise InvalidArgumentError(msg)
    return numbers.to_numpy(dtype="float64")


def _metric_of(table: pd.DataFrame, metric: str | None, worse: str | None) -> tuple[str, str]:
    known: dict[str, Any] = table.attrs.get("metric", {})
    name = metric if metric is not None and metric in table.columns else known.get("name")
    if name is None or name not in table.columns:
        left = [
            str(one) for one in table.columns if one not in _NOT_VALUES and pd.api.types.is_numeric_dtype(table[one])
        ]
        if len(left) != 1:
            msg = f"Which column holds the values? Give metric=, one of: {', '.join(left) or 'none is a number'}."
            raise InvalidArgumentError(msg)
        name = left[0]
    direction = worse or known.get("worse", "high")
    if direction not in ("high", "low"):
        msg = f"worse= takes 'high' or 'low', not {direction!r}."
        raise InvalidArgumentError(msg)
    return str(name), str(direction)


def _matched(
    table: pd.DataFrame, name: str, joined: pd.DataFrame, shared: list[str], cluster: str, *, unmatched: dict[str, int]
) -> Floats:
    """Find the value of each label; those of several participants that one label is about are put together by time."""
    if "start" in table.columns and "end" in table.columns:
        msg = "Labels are of people or calls: roll the metric up first, by='participant', 'person' or 'call'."
        raise InvalidArgumentError(msg)
    if not len(table.columns.intersection([name])):
        msg = f"The values have no column {name!r}."
        raise InvalidArgumentError(msg)
    rows = table.dropna(subset=shared)
    weight = rows["known_s"].to_numpy(dtype="float64") if "known_s" in rows else np.ones(len(rows))
    values = rows[name].to_numpy(dtype="float64")
    known = np.isfinite(values) & (weight > 0)
    frame = rows[shared].astype("string").assign(total=np.where(known, values * weight, 0.0),
                                                 weight=np.where(known, weight, 0.0), peers=known)  # fmt: skip
    if cluster in rows.columns and cluster not in joined and cluster not in shared:
        frame[cluster] = rows[cluster].astype("string").to_numpy()
    whole = frame.groupby(shared, sort=False, observed=True)
    summed = whole[["total", "weight", "peers"]].sum()
    if cluster in frame and cluster not in shared:
        # A person rated once, in several calls: their calls are one cluster.
        summed[cluster] = whole[cluster].first()
    found = joined[shared].astype("string").merge(summed.reset_index(), on=shared, how="left")
    if cluster in found and cluster not in joined:
        joined[cluster] = found[cluster].to_numpy()
    if unmatched:
        labelled = joined[shared].astype("string").drop_duplicates().merge(summed.reset_index(), on=shared, how="inner")
        unmatched["values"] = max(unmatched["values"], len(summed) - len(labelled))
        unmatched["several"] = max(unmatched["several"], int((found["peers"].fillna(0) > 1).sum()))
    weights = found["weight"].to_numpy(dtype="float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weights > 0, found["total"].to_numpy(dtype="float64") / weights, np.nan))
