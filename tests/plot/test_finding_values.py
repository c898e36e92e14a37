"""What is drawn of a finding is what was judged: the curve's worst point in its window is the finding's value."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import rtkit_explore as rtk
from rtkit_explore import plot
from rtkit_explore.findings.rules import BY_NAME
from tests.plot.drawn import days, line, marked

SAMPLED = ("lossy_downlink", "narrow_uplink", "outage", "cpu_bound", "delay_and_jitter", "lossy_uplink")
RECORDED = ("loss", "bandwidth", "blackout", "sfu-uplink", "sfu-downlink")


def drawn_as_judged(call):
    """Draw every finding of a call that rests on values; return how many there were."""
    count = 0
    for row in call.findings().itertuples():
        rule = BY_NAME[row.rule]
        if rule.value is None:
            continue
        axes = plot.finding(call, row, ax=Figure())
        assert rule.unit == row.unit
        assert rule.unit in axes[0].get_ylabel()
        x, y = line(axes[0], row.stream_id)
        first, last = days(row.start, row.end)
        # A step belongs to the window if its middle does: at either edge another sample's step begins or ends.
        middle = (x[1:] + x[:-1]) / 2
        inside = y[1:][(np.diff(x) > 0) & (y[1:] == y[:-1]) & (middle > first) & (middle < last)]
        worst = inside.min() if rule.low else inside.max()
        assert worst == pytest.approx(row.value), f"{row.rule} from {row.start}"
        (threshold,) = marked(axes[0], "threshold")
        assert threshold.get_ydata()[0] == row.threshold
        low, high = axes[0].get_ylim()
        assert low <= row.threshold <= high
        count += 1
    return count


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("simulcast", [False, True])
def test_every_finding_of_a_simulated_call_is_drawn_as_it_was_judged(name, simulcast):
    call = rtk.simulate(name, seed=1, minutes=4, participants=3, simulcast=simulcast).call
    assert drawn_as_judged(call)


@pytest.mark.parametrize("name", RECORDED)
def test_every_finding_of_a_recording_is_drawn_as_it_was_judged(name, recordings):
    call = rtk.load(*sorted((recordings / name).glob("*.json")))
    assert drawn_as_judged(call)
