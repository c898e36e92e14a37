"""What a metric is worth, drawn: ROC curves and calibration side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.metrics.evaluate import Evaluation
from rtkit_explore.plot.labels import shown
from rtkit_explore.plot.layout import SMALL, array_of, headline, legend_below, many_axes
from rtkit_explore.plot.palette import GREY, LINE_COLOURS, LINE_MARKERS

if TYPE_CHECKING:
    import numpy as np

    from rtkit_explore.plot.layout import Many


def evaluation(result: Evaluation, *, ax: Many = None) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """
    Draw what a metric is worth: its ROC curve, and the share of bad labels over its values.

    Parameters
    ----------
    result
        The result of ``rtk.evaluate``.
    ax
        Two Axes, or a Figure or SubFigure; a new pyplot figure by default.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        Shape (2,), dtype object: the ROC curves (the diagonal is chance), and the share of bad labels in each fifth of
        the values with its interval of 95 % (the dashed line is their share overall).

    Raises
    ------
    InvalidArgumentError
        If it is not an evaluation.
    """
    if not isinstance(result, Evaluation):
        msg = f"rtk.plot.evaluation takes what rtk.evaluate(values, labels) gives, not {type(result).__name__}."
        raise InvalidArgumentError(msg)
    axes = many_axes(ax, [3.2, 3.2], columns=2)
    left, right = axes
    left.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="chance")
    for number, row in enumerate(result.table.to_dict("records")):
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        curve = result.roc[result.roc["metric"] == row["metric"]]
        interval = f"{row['auc_low']:.2f} to {row['auc_high']:.2f}"
        said = f"{shown(row['metric'])}: AUC {row['auc']:.2f} ({interval}), {row['verdict']}"
        left.plot(100 * curve["false_positive_rate"], 100 * curve["true_positive_rate"], color=colour, linewidth=1.8,
                  label=said)  # fmt: skip
        bins = result.calibration[result.calibration["metric"] == row["metric"]]
        place = list(range(1, len(bins) + 1))
        if row["worse"] == "low":
            bins = bins.iloc[::-1]
        share = 100 * bins["bad_share"].to_numpy()
        spread = [share - 100 * bins["bad_low"].to_numpy(), 100 * bins["bad_high"].to_numpy() - share]
        moved = [one + 0.08 * number for one in place]
        right.errorbar(moved, share, yerr=spread, color=colour, marker=LINE_MARKERS[number % len(LINE_MARKERS)],
                       markersize=5, linewidth=1.2, capsize=3)  # fmt: skip
    counted = result.table.iloc[0]
    right.axhline(
        100 * float(counted["bad"]) / float(counted["labels"]), color=GREY, linewidth=1, linestyle=(0, (4, 3))
    )
    left.set(xlim=(-1, 101), ylim=(-1, 101))
    right.set_ylim(-2, 102)
    right.set_xticks(range(1, 6))
    left.set_xlabel("good ones taken for bad (%)", fontsize=SMALL)
    left.set_ylabel("bad ones found (%)", fontsize=SMALL)
    right.set_xlabel("fifth of the labels, from the best values to the worst", fontsize=SMALL)
    right.set_ylabel("labels that are bad (%)", fontsize=SMALL)
    for one in axes:
        one.tick_params(labelsize=SMALL)
        one.grid(visible=True, linewidth=0.4, alpha=0.6)
    headline(left, f"{counted['labels']} labels, {counted['bad']} bad, {counted['clusters']} calls or clusters")
    handles, labels = left.get_legend_handles_labels()
    legend_below(left, handles, labels, points=36)
    return array_of(axes)
