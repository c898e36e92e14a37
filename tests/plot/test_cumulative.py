"""Cumulative figures and heat maps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from tests.plot.drawn import at, days, legend, marked, message, near, samples, table


def blocks(*rows):
    names = ("peer_id", "media", "direction", "metric", "statistic", "value", "unit")
    return table("cumulative", [dict(zip(names, row, strict=True)) for row in rows])


MOS = ("quality_mos", "score 0-1")
TWO = blocks(
    ("p1", "audio", "producer", "rtt", "avg", 120.0, "ms"),
    ("p1", "audio", "producer", "rtt", "100ms_or_greater_event_fraction", 0.25, "share of samples"),
    ("p2", "video", "consumer", "packet_loss", "avg", 3.0, "%"),
)


def test_values_and_shares_have_panels_of_their_own_with_their_units():
    axes = plot.cumulative(TWO)
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == ["packet loss", "round trip", "round trip: share of samples"]
    assert [ax.get_xlabel() for ax in axes] == ["%", "ms", "% of samples"]


def test_a_share_is_drawn_in_percent_and_named_by_its_cut():
    axes = plot.cumulative(TWO, metrics="rtt")
    (mean,) = marked(axes[0], "statistic avg")
    (share,) = marked(axes[1], "statistic 100ms")
    assert list(mean.get_xdata()) == [120.0]
    assert list(share.get_xdata()) == [25.0]
    assert legend(axes[1]) == ["at 100 ms or above"]


def test_rows_are_named_by_person_direction_and_media(loss):
    axes = plot.cumulative(loss, metrics="packet_loss", participants="Alma")
    assert [one.get_text() for one in axes[0].get_yticklabels()] == [
        "Alma sends audio",
        "Alma gets audio",
        "Alma sends video",
        "Alma gets video",
    ]


def test_statistics_differ_by_marker(loss):
    (ax,) = plot.cumulative(loss, metrics="frame_per_second")
    drawn = marked(ax, "statistic")
    assert len({one.get_marker() for one in drawn}) == len(drawn) == 4
    assert legend(ax) == ["mean", "median", "p75", "p90"]


def test_all_figures_of_a_real_call_are_drawn(loss):
    axes = plot.cumulative(loss)
    drawn = sum(len(one.get_xdata()) for ax in axes for one in marked(ax, "statistic"))
    assert drawn == loss.cumulative["value"].notna().sum()


def test_no_blocks_are_said_in_words(nothing):
    (ax,) = plot.cumulative(nothing)
    assert "No cumulative figures" in message(ax)


@pytest.mark.filterwarnings("error")
def test_a_statistic_of_rows_that_are_left_out_leaves_the_panels_their_room():
    rows = [(f"p{number}", "max" if number else "rare", float(number)) for number in range(40)]
    table = pd.DataFrame(rows, columns=["peer_id", "statistic", "value"]).assign(
        media="audio", direction="consumer", metric="packet_loss", unit="%"
    )
    (ax,) = plot.cumulative(table)
    ax.figure.draw_without_rendering()
    assert len(ax.get_yticklabels()) == 24
    assert [line.get_gid() for line in ax.lines] == ["statistic max"]
    assert ax.get_position().width > 0.4


def test_an_unknown_metric_is_answered_with_those_that_are_there():
    with pytest.raises(InvalidArgumentError, match="Did you mean 'packet_loss'"):
        plot.cumulative(TWO, metrics="packet_los")


def test_of_very_many_people_the_worst_stay():
    rows = [(f"p{i}", "audio", "producer", "packet_loss", "avg", float(i), "%") for i in range(60)]
    (ax,) = plot.cumulative(blocks(*rows))
    labels = [one.get_text() for one in ax.get_yticklabels()]
    assert len(labels) == 24
    assert labels[-1] == "participant p59 sends audio"
    assert "36 rows" in ax.get_xlabel()


# Heat maps ------------------------------------------------------------------------------------------------------------


def cells(ax):
    (mesh,) = [one for one in ax.collections if one.get_array() is not None]
    return np.ma.filled(mesh.get_array().astype(float), np.nan)


def test_each_interval_is_a_cell_and_unknown_ones_stay_empty():
    ax = plot.heatmap(samples([None, 1.0, 2.0, None, 4.0], gaps=[3]), window=(at(0), at(28)))
    assert np.array_equal(cells(ax), [[1.0, 2.0, np.nan, 4.0]], equal_nan=True)
    assert near(ax.get_xlim(), days(at(0), at(28))).all()


def test_a_cell_of_several_intervals_shows_the_worst_and_never_a_mean():
    frame = samples([None, *[0.0] * 900, 9.0, *[0.0] * 900])
    assert np.nanmax(cells(plot.heatmap(frame))) == 9.0
    frames = samples([None, *[30.0] * 900, 3.0, *[30.0] * 900], "fps", media="video")
    assert np.nanmin(cells(plot.heatmap(frames, "fps"))) == 3.0


def test_the_worst_of_a_row_stands_beside_it():
    frame = pd.concat(
        [samples([None, 1.0, 7.5]), samples([None, 0.0, 0.25], peer="p2", display_name="Boris")], ignore_index=True
    )
    ax = plot.heatmap(frame)
    assert [one.get_text() for one in marked(ax, "worst of the row")] == ["7.5", "0.25"]
    assert [one.get_text() for one in ax.get_yticklabels()] == ["Alma sends audio", "Boris sends audio"]


def test_the_colour_bar_says_what_is_shown_with_its_unit():
    ax = plot.heatmap(samples([None, 1.0, 7.5]))
    bar = ax.figure.axes[-1]
    assert bar.get_ylabel() == "highest packet loss (%)"
    ax = plot.heatmap(samples([None, 1.0, 7.5], "fps", media="video"), "fps")
    assert ax.figure.axes[-1].get_ylabel() == "lowest frame rate (frames/s)"


def test_the_worse_end_is_always_the_darker_one():
    for metric in ("loss_pct", "fps"):
        ax = plot.heatmap(samples([None, 1.0, 50.0], metric, media="video"), metric)
        (mesh,) = [one for one in ax.collections if one.get_array() is not None]
        light = [sum(mesh.cmap(mesh.norm(value))[:3]) for value in (1.0, 50.0)]
        assert (light[0] > light[1]) == (metric == "loss_pct")


def test_many_streams_are_put_together_by_person():
    frames = [
        samples(
            [None, 0.0, float(i)], peer=f"p{p}", display_name=f"Person {p}", direction="consumer", stream_id=f"{p}-{i}"
        )
        for p in range(5)
        for i in range(20)
    ]
    ax = plot.heatmap(pd.concat(frames, ignore_index=True))
    labels = [one.get_text() for one in ax.get_yticklabels()]
    assert labels[0] == "Person 0 gets audio (worst of 20)"
    assert len(labels) == 5
    assert np.nanmax(cells(ax)[0]) == 19.0
    single = plot.heatmap(pd.concat(frames, ignore_index=True), by="stream")
    assert len(single.get_yticklabels()) == 80
    assert any("20 rows" in one for one in legend(single))


def test_one_implausible_value_does_not_make_all_others_look_the_same():
    ax = plot.heatmap(samples([None, 3.0, 900.0]))
    (mesh,) = [one for one in ax.collections if one.get_array() is not None]
    assert mesh.norm.vmax == 20.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metric": "los_pct"}, "Did you mean 'loss_pct'"),
        ({"metric": ["loss_pct", "rtt_ms"]}, "shows one number"),
        ({"metric": "limited_by"}, "shows one number"),
        ({"by": "person"}, "'stream', 'participant'"),
        ({"participant": "Zoe"}, "Nobody in this call is called 'Zoe'"),
    ],
)
def test_mistakes_are_answered_with_what_there_is(loss, arguments, words):
    with pytest.raises(InvalidArgumentError, match=words):
        plot.heatmap(loss, **arguments)


def test_nothing_to_show_is_said_in_words(nothing, loss):
    assert "No samples" in message(plot.heatmap(nothing))
    assert "No values of round trip (rtt_ms)" in message(plot.heatmap(loss, "rtt_ms", direction="consumer"))
