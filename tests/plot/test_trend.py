"""The plot of trends shows the shares of its table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError


def table(by, values, judged, bad):
    share = np.array(bad) / np.array(judged)
    return pd.DataFrame(
        {
            "by": by, "of": "calls", "value": values, "judged": judged, "bad": bad, "degraded": 0,
            "share_bad": share, "low": np.clip(share - 0.1, 0, 1), "high": np.clip(share + 0.1, 0, 1),
        }
    )  # fmt: skip


def test_days_run_from_left_to_right():
    days = [f"2026-11-{day:02d}" for day in range(1, 31)]
    ax = rtk.plot.trend(table("day", days, [10] * 30, list(range(10)) * 3), ax=Figure())
    line = ax.lines[0]
    assert np.allclose(line.get_ydata(), [10.0 * n for n in list(range(10)) * 3])
    assert ax.get_ylabel() == "bad calls (%)"
    assert "2026-11-01" in [label.get_text() for label in ax.get_xticklabels()]


def test_properties_run_from_top_to_bottom_the_most_frequent():
    ax = rtk.plot.trend(table("country", [f"c{n}" for n in range(30)], list(range(40, 10, -1)), [5] * 30), ax=Figure())
    assert len(ax.lines[0].get_xdata()) == 20
    assert ax.get_yticklabels()[0].get_text() == "c0 (40)"
    assert any("the 20 most frequent of 30" in text.get_text() for text in ax.texts)


def test_nothing_judged_is_said_and_another_table_refused():
    ax = rtk.plot.trend(table("day", [], [], []).astype({"value": str}), ax=Figure())
    assert any("Nothing to draw" in text.get_text() for text in ax.texts)
    with pytest.raises(InvalidArgumentError, match=r"archive\.trend"):
        rtk.plot.trend(pd.DataFrame({"a": [1]}))
