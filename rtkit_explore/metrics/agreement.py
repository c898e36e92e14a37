"""How well values and labels agree: rank correlation, ROC, calibration, and what chance would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_BINS = 5
_Z = 1.959964


def ranks(values: Floats, weight: Floats | None = None) -> Floats:
    """Return the rank of each value, ties in the middle of theirs; a row of weight n counts n times."""
    w = np.ones(len(values)) if weight is None else weight
    order = np.argsort(values, kind="stable")
    tied = np.diff(values[order], prepend=np.nan) != 0
    group = np.cumsum(tied) - 1
    per_group = np.bincount(group, weights=w[order])
    middle = np.cumsum(per_group) - per_group / 2
    out = np.empty(len(values))
    out[order] = middle[group]
    return out


def auc(values: Floats, bad: Bools, weight: Floats | None = None) -> float:
    """
    Return the area under the ROC curve: the share of pairs, one bad and one good, of which the bad one is higher.

    Ties count half; NaN where all are of one kind.
    """
    w = np.ones(len(values)) if weight is None else weight
    of_bad, of_good = float(w[bad].sum()), float(w[~bad].sum())
    if of_bad == 0 or of_good == 0:
        return float("nan")
    below = ranks(values, w)
    # A bad one's rank counts the good below it and the bad below it; the latter are half of all pairs of bad ones.
    return float(((w * below)[bad].sum() - of_bad * of_bad / 2) / (of_bad * of_good))


def spearman(values: Floats, labels: Floats, weight: Floats | None = None) -> float:
    """Return Spearman's rank correlation; NaN where one of the two does not vary."""
    w = np.ones(len(values)) if weight is None else weight
    if w.sum() <= 0:
        return float("nan")
    one, two = ranks(values, w), ranks(labels, w)
    one, two = one - np.average(one, weights=w), two - np.average(two, weights=w)
    spread = float(np.sqrt((w * one**2).sum() * (w * two**2).sum()))
    return float((w * one * two).sum() / spread) if spread > 0 else float("nan")


def roc(values: Floats, bad: Bools) -> pd.DataFrame:
    """Return the ROC curve: for each threshold the share of good and of bad ones that are at it or beyond."""
    thresholds = np.unique(values)[::-1]
    order = np.sort(values[bad]), np.sort(values[~bad])
    hits, alarms = (1 - np.searchsorted(one, thresholds, side="left") / len(one) for one in order)
    return pd.DataFrame(
        {
            "threshold": np.concatenate([[np.inf], thresholds]),
            "false_positive_rate": np.concatenate([[0.0], alarms]),
            "true_positive_rate": np.concatenate([[0.0], hits]),
        }
    )


def calibration(values: Floats, bad: Bools) -> pd.DataFrame:
    """Return the share of bad labels in each fifth of the values, with Wilson's interval of 95 %."""
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))
    place = np.clip(np.searchsorted(cuts, values, side="right") - 1, 0, max(len(cuts) - 2, 0))
    rows = []
    for number in np.unique(place):
        mine = place == number
        count, share = int(mine.sum()), float(bad[mine].mean())
        middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
        half = _Z / (1 + _Z**2 / count) * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
        rows.append((float(values[mine].min()), float(values[mine].max()), float(values[mine].mean()), count, share,
                     max(0.0, middle - half), min(1.0, middle + half)))  # fmt: skip
    names = ["low", "high", "value", "labels", "bad_share", "bad_low", "bad_high"]
    return pd.DataFrame(rows, columns=names).astype({"labels": "Int64"})


class Draws:
    """
    Draws of clusters, for intervals and for chance.

    Parameters
    ----------
    clusters
        The cluster of each label.
    draws
        How many.
    seed
        Seed: everything drawn is the same again.
    """

    def __init__(self, clusters: pd.Series[Any], draws: int, seed: int) -> None:
        self.code = pd.factorize(clusters, use_na_sentinel=False)[0]
        self.clusters = int(self.code.max(initial=-1)) + 1
        self.draws, self.seed = draws, seed

    def bootstrap(self, statistic: Callable[[Floats], float]) -> Floats:
        """Return a statistic of weights for each draw: clusters are drawn with replacement, whole."""
        rng = np.random.default_rng(self.seed)
        times = rng.multinomial(self.clusters, np.full(self.clusters, 1 / self.clusters), size=self.draws)
        return np.array([statistic(one[self.code].astype("float64")) for one in times])

    def permuted(self, labels: Bools) -> Iterator[Bools]:
        """
        Deal labels out anew: clusters change places as a whole, so that labels of one call stay together.

        Clusters of different sizes are laid behind one another in a random order; where each has one label that is a
        plain permutation.
        """
        rng = np.random.default_rng(self.seed + 1)
        members = np.split(np.argsort(self.code, kind="stable"), np.cumsum(np.bincount(self.code))[:-1])
        places = np.concatenate(members)
        out = []
        for _ in range(self.draws):
            dealt = np.empty_like(labels)
            start = int(rng.integers(len(labels)))
            source = np.concatenate([members[number] for number in rng.permutation(self.clusters)])
            # A random start keeps the first cluster from always receiving the beginning of another.
            dealt[places] = labels[np.roll(source, start)]
            out.append(dealt)
        return iter(out)
