"""Plots as a reader meets them: nothing covers anything, at the size of a notebook and in real calls."""

from __future__ import annotations

import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from rtkit_explore import plot
from tests.plot.drawn import at, overlaps, renderer_of, table, texts
from tests.plot.saved_calls import load

RECORDED = ("clean", "loss", "bandwidth", "blackout", "sfu-uplink")
CONVERTED = ("relay-room", "p2p-then-sfu", "sfu-two-sided")
PLOTS = {
    "timeline": plot.timeline,
    "device_changes": plot.device_changes,
    "candidate_pairs": plot.candidate_pairs,
    "quality": plot.quality,
    "cumulative": plot.cumulative,
    "heatmap": plot.heatmap,
}


def check(draw):
    """Draw on an untouched figure; no two texts may cover each other, none may leave the figure."""
    figure = Figure()
    draw(figure)
    found = texts(figure)
    assert found
    covered = [(found[i][0], found[j][0]) for i, j in overlaps([box for _, box in found])]
    assert covered == []
    width = figure.bbox.width
    outside = [word for word, box in found if box.x0 < -1 or box.x1 > width + 1 or box.y0 < -1]
    assert outside == []


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("recording", RECORDED)
def test_no_text_covers_another_or_leaves_the_figure(recordings, recording, name):
    check(lambda figure: PLOTS[name](load(recordings / recording), ax=figure))


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("recording", CONVERTED)
def test_calls_of_other_products_are_as_readable(jitsi, recording, name):
    check(lambda figure: PLOTS[name](load(jitsi / recording), ax=figure))


@pytest.mark.parametrize("name", PLOTS)
def test_an_empty_call_is_readable(nothing, name):
    check(lambda figure: PLOTS[name](nothing, ax=figure))


def test_a_call_of_twenty_is_readable():
    people = table(
        "participants",
        [
            {
                "peer_id": f"p{i}",
                "display_name": f"Person with a rather long name, number {i}",
                "joined_at": at(i),
                "left_at": None if i % 7 == 3 else at(3000 - i),
                "report": ("read", "missing", "failed", "not_fetched")[i % 4],
            }
            for i in range(20)
        ],
    )
    check(lambda figure: plot.timeline(people, ax=figure, tz="Asia/Kolkata"))


@pytest.mark.parametrize("seconds", [1, 5, 40, 100, 560, 1800, 4000, 20_000, 90_000, 400_000])
@pytest.mark.parametrize("width", [2.5, 5.0, 9.5])
def test_numbers_of_time_axes_never_meet_and_there_are_two_at_least(seconds, width):
    people = table("participants", [{"peer_id": "p", "display_name": "A", "joined_at": at(0), "left_at": at(seconds)}])
    figure = Figure(figsize=(width, 2.5), layout="constrained")
    ax = plot.timeline(people, ax=figure)
    renderer = renderer_of(figure)
    low, high = ax.get_xlim()
    numbers = [one for one, at_ in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True) if low <= at_ <= high]
    assert len(numbers) >= 2
    if not numbers[0].get_rotation():
        assert overlaps([one.get_window_extent(renderer) for one in numbers]) == []


def test_nothing_is_ever_shown_on_its_own(loss, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a plot called plt.show()"))
    for draw in PLOTS.values():
        draw(loss)
    plot.finding(loss, 0)


def test_importing_the_plots_does_not_bring_in_pyplot():
    code = "import sys, rtkit_explore.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_plot_stays_a_function_when_its_module_is_imported():
    from importlib import import_module
    from pathlib import Path

    for path in Path(plot.__file__).parent.glob("*.py"):
        import_module(f"rtkit_explore.plot.{path.stem}")
    assert all(callable(getattr(plot, name)) for name in plot.__all__)


def test_a_plot_and_a_call_understand_the_same_part_of_a_name(loss):
    from rtkit_explore.plot.inputs import PlotInput

    peer, name = next(iter(loss.names.items()))
    part = name[:3].lower()
    assert PlotInput.of(loss, "quality", ()).peer(part) == loss.peer(part) == peer
    table = PlotInput.of(loss.quality, "quality", ())
    assert table.peer(part) == peer


def test_completion_offers_the_plots_alone():
    from rtkit_explore import plot

    assert dir(plot) == sorted(plot.__all__)
    assert all(callable(getattr(plot, name)) for name in dir(plot))
