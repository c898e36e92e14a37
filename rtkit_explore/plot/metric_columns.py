"""Metrics on plots: a declared metric becomes a column of the table that is drawn, with its title and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.metrics.metric import Metric
from rtkit_explore.plot.selection import check_metrics
from rtkit_explore.table_schema.columns import Column
from rtkit_explore.table_schema.labels import own_column

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.plot.inputs import PlotInput


def with_metrics(subject: PlotInput, table: pd.DataFrame, metrics: Any) -> tuple[pd.DataFrame, list[str]]:
    """
    Parse the argument ``metrics``: measures of the table by name, and metrics of ``rtk.metric``.

    Parameters
    ----------
    subject
        The input of the plot.
    table
        Its table ``quality``.
    metrics
        A name or Metric, or several.

    Returns
    -------
    table
        With a column for each Metric.
    names
        The columns to draw, in order.

    Raises
    ------
    InvalidArgumentError
        If one is neither a measure of the table nor a metric.
    """
    given = [metrics] if isinstance(metrics, str | Metric) else metrics
    own = [one for one in given if isinstance(one, Metric)] if hasattr(given, "__iter__") else []
    if not own:
        return table, check_metrics(metrics, table)
    # Values are matched by row number; a filtered or concatenated table has other numbers, or duplicates.
    numbered = table.reset_index(drop=True)
    whole = subject.call is not None and subject.call.quality is table
    tables = subject.call if whole else {**subject.given, "quality": numbered}
    columns: dict[str, Any] = {}
    for one in own:
        values = np.full(len(table), np.nan)
        worked = one.values(tables)  # type: ignore[arg-type]
        values[worked.index.to_numpy(dtype="int64")] = worked.to_numpy(dtype="float64")
        columns[one.name] = values
        own_column(Column(one.name, "float64", one.source, one.unit, title=one.title, worse=one.worse))
    made = table.assign(**columns)
    return made, check_metrics([one.name if isinstance(one, Metric) else one for one in given], made)
