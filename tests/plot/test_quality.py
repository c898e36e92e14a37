"""Quality over time: what the lines say, and where they say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.panels import quantiles
from tests.plot.drawn import at, days, legend, line, marked, message, near, samples, table


def test_a_sample_is_a_step_over_the_interval_before_it():
    (ax,) = plot.quality(samples([None, 2.0, 4.0]), metrics="loss_pct")
    x, y = line(ax, "p1-a")
    known = np.isfinite(y)
    start, middle, end = days(at(0), at(7), at(14))
    assert list(zip((x[known] - start) * 86400, y[known], strict=True)) == [
        pytest.approx(one, abs=1e-3) for one in ((0, 2), (7, 2), (7, 2), (7, 4), (14, 4))
    ]
    assert (middle - start, end - middle) == pytest.approx((7 / 86400,) * 2)


def test_no_line_crosses_a_gap_a_reset_or_a_missing_value():
    (ax,) = plot.quality(samples([None, 1, 1, None, 1, None, 1, None, 1], gaps=[3], resets=[5]), metrics=["loss_pct"])
    x, y = line(ax, "p1-a")
    for first in (14, 28, 42):
        open_begin, open_end = days(at(first), at(first + 7))
        inside = (x > open_begin + 1e-9) & (x < open_end - 1e-9)
        assert not inside.any()
        between = np.flatnonzero((x >= open_begin - 1e-9) & (x <= open_end + 1e-9))
        assert np.isnan(y[between]).any()


def test_a_gauge_after_a_gap_is_a_point_and_not_a_line_across_it():
    (ax,) = plot.quality(samples([10, 10, 20], "jitter_ms", gaps=[2]), metrics="jitter_ms")
    x, y = line(ax, "p1-a")
    at_end = near(x, days(at(14))[0])
    assert 20 in y[at_end]
    before = near(x, days(at(7))[0])
    assert 20 not in y[before]


def test_gaps_and_resets_are_marked_and_explained():
    (ax,) = plot.quality(samples([None, 1, None, 1, None, 1], gaps=[2], resets=[4]), metrics=["loss_pct"])
    (gap,) = marked(ax, "gap")
    begin, end = days(at(7), at(14))
    assert gap.get_x() == pytest.approx(begin, rel=0, abs=1e-8)
    assert gap.get_x() + gap.get_width() == pytest.approx(end, rel=0, abs=1e-8)
    assert gap.get_hatch()
    (reset,) = marked(ax, "reset")
    assert near(reset.get_xdata(), days(at(28))[0]).all()
    words = " ".join(legend(ax))
    assert "gap" in words
    assert "reset" in words


def test_units_come_from_the_schema_and_stand_on_every_axis(loss):
    axes = plot.quality(loss, metrics=["bitrate_kbps", "loss_pct", "rtt_ms", "fps", "score"])
    assert ["kbit/s" in axes[0].get_ylabel(), "%" in axes[1].get_ylabel(), "ms" in axes[2].get_ylabel()] == [True] * 3
    assert "frames/s" in axes[3].get_ylabel()
    assert "0 to 1" in axes[4].get_ylabel()


def test_the_legend_names_people_and_directions_and_no_ids(loss):
    axes = plot.quality(loss, metrics=["loss_pct"])
    words = legend(axes[-1])
    assert {"Alma sends audio", "Alma gets video from Boris", "Boris gets audio from Alma"} <= set(words)
    streams = set(loss.streams["stream_id"]) | set(loss.names)
    assert not any(one in word for one in streams for word in words)


def test_streams_differ_by_marker_and_direction_by_line_style_not_only_by_colour(loss):
    (ax,) = plot.quality(loss, metrics=["loss_pct"])
    lines = marked(ax, "stream ")
    assert len(lines) == len(loss.streams)
    assert len({one.get_marker() for one in lines}) == len(lines)
    styles = {one.get_label(): one.get_linestyle() for one in lines}
    assert {style for label, style in styles.items() if " sends " in label} == {"-"}
    assert "-" not in {style for label, style in styles.items() if " gets " in label}


def test_a_stream_looks_the_same_in_every_panel(loss):
    one, two = plot.quality(loss, metrics=["loss_pct", "jitter_ms"])
    looks = [
        {(one.get_label(), one.get_color(), one.get_marker()) for one in marked(ax, "stream ")} for ax in (one, two)
    ]
    assert looks[0] == looks[1]


def test_the_loss_that_was_caused_is_seen_where_it_was(loss):
    stream = loss.streams.query("direction == 'producer' and media == 'audio' and display_name == 'Alma'")["stream_id"]
    (ax,) = plot.quality(loss, metrics="loss_pct", streams=stream.iloc[0])
    x, y = line(ax, stream.iloc[0])
    rows = loss.quality[loss.quality["stream_id"] == stream.iloc[0]].dropna(subset=["loss_pct"])
    for end, value in zip(rows["end"], rows["loss_pct"], strict=True):
        assert value in y[near(x, days(end)[0])]


def test_the_time_zone_is_named_and_used():
    (ax,) = plot.quality(samples([None, 1, 1, 1, 1]), metrics="loss_pct", tz="Asia/Kolkata")
    ax.figure.canvas.draw()
    assert "Asia/Kolkata" in ax.get_xlabel()
    assert "+05:30" in ax.get_xlabel()
    assert "2026-11-21" in ax.get_xlabel()
    assert all(one.get_text().startswith("04:10") for one in ax.get_xticklabels() if one.get_text())
    (ax,) = plot.quality(samples([None, 1, 1, 1, 1]), metrics="loss_pct")
    ax.figure.canvas.draw()
    assert "(UTC)" in ax.get_xlabel()
    assert all(one.get_text().startswith("22:40") for one in ax.get_xticklabels() if one.get_text())


def test_the_rc_time_zone_of_matplotlib_changes_nothing():
    import matplotlib as mpl

    with mpl.rc_context({"timezone": "Asia/Tokyo"}):
        (ax,) = plot.quality(samples([None, 1, 1, 1, 1]), metrics="loss_pct")
        ax.figure.canvas.draw()
        assert all(one.get_text().startswith("22:40") for one in ax.get_xticklabels() if one.get_text())


def test_client_events_are_marked_and_named(loss):
    (ax,) = plot.quality(loss, metrics="loss_pct", participant="Alma")
    (strip,) = ax.child_axes
    drawn = sum(len(one.get_xdata()) for one in marked(strip, "events"))
    assert drawn == (loss.events["peer_id"] == loss.peer("Alma")).sum()
    assert [one.get_text() for one in strip.get_yticklabels()] == ["Alma"]
    assert any("disconnect" in one for one in legend(ax))
    assert len(marked(ax, "event line")) == 1
    (ax,) = plot.quality(loss, metrics="loss_pct", participant="Alma", events=False)
    assert not ax.child_axes


def test_a_window_is_read_in_the_zone_of_the_plot_and_bounds_the_axis():
    frame = samples([None, *[1.0] * 20])
    (ax,) = plot.quality(frame, metrics="loss_pct", tz="Europe/Berlin", window=("2026-11-20 23:40:30", None))
    assert ax.get_xlim()[0] == pytest.approx(days(at(30))[0], rel=0, abs=1e-8)
    x, _ = line(ax, "p1-a")
    assert x.min() == pytest.approx(days(at(28))[0], rel=0, abs=1e-8)
    (ax,) = plot.quality(frame, metrics="loss_pct", window=(at(30), at(60)))
    assert ax.get_xlim() == pytest.approx(tuple(days(at(30), at(60))), rel=0, abs=1e-8)


def test_a_small_loss_does_not_look_like_a_mountain():
    (ax,) = plot.quality(samples([None, 0.01, 0.0, 0.02]), metrics="loss_pct")
    assert ax.get_ylim()[1] >= 2


def test_a_score_of_five_changes_the_label():
    frame = samples([1.0, 4.2], "score")
    frame["score_scale"] = pd.Categorical(["1-5", "1-5"], categories=["0-1", "1-5"])
    (ax,) = plot.quality(frame, metrics="score")
    assert "1 to 5" in ax.get_ylabel()


def test_what_limits_the_encoder_is_drawn_by_name(bandwidth):
    (ax,) = plot.quality(bandwidth, metrics="limited_by", participant="Alma", media="video", direction="producer")
    assert [one.get_text() for one in ax.get_yticklabels()] == ["none", "cpu", "bandwidth", "other"]
    (drawn,) = marked(ax, "stream ")
    assert set(np.asarray(drawn.get_ydata())[np.isfinite(drawn.get_ydata())]) == {0.0, 2.0}


def test_a_panel_without_values_says_why(loss):
    (ax,) = plot.quality(loss, metrics=["rtt_ms"], direction="consumer")
    assert "sent streams only" in message(ax)


def test_an_empty_call_says_so_in_every_zone_of_the_plot(nothing):
    axes = plot.quality(nothing, metrics=["loss_pct", "fps"])
    assert "No samples" in message(axes[0])
    assert len(axes) == 2


def test_somebody_without_a_report_is_unknown_and_not_fine(loss):
    people = loss.participants.copy()
    people.loc[people["display_name"] == "Boris", "report"] = "missing"
    quality = loss.quality[loss.quality["display_name"] == "Alma"]
    (ax,) = plot.quality({"quality": quality, "participants": people}, participant="Boris", metrics="loss_pct")
    assert "Boris" in message(ax)
    assert "no report" in message(ax)


def test_a_filtered_table_draws_as_the_call_does(loss):
    rows = loss.quality.query("media == 'audio'").sample(frac=1, random_state=1)
    (ax,) = plot.quality(rows, metrics="loss_pct")
    (whole,) = plot.quality(loss, metrics="loss_pct", media="audio", events=False)
    for one in marked(whole, "stream "):
        stream = one.get_gid().removeprefix("stream ")
        assert np.array_equal(line(ax, stream)[1], np.asarray(one.get_ydata()), equal_nan=True)


def test_of_many_streams_the_telling_ones_are_named_and_the_rest_is_a_band():
    frames = [
        samples([None, *([float(i % 3)] * 9)], peer=f"p{i}", display_name=f"Person {i}", bitrate_kbps=30.0)
        for i in range(40)
    ]
    frames.append(samples([None, *([20.0] * 9)], peer="worst", display_name="Worst", bitrate_kbps=30.0))
    (ax,) = plot.quality(pd.concat(frames, ignore_index=True), metrics="loss_pct")
    assert "Worst sends audio" in legend(ax)
    assert len(marked(ax, "stream ")) == 8
    assert len(marked(ax, "other streams")) == 1
    assert any(one.startswith("33 others") for one in legend(ax))


def test_layers_and_successors_of_a_stream_have_names_of_their_own():
    layers = pd.concat(
        [
            samples([None, 1.0], width=w, media="video").assign(ssrc=ssrc).astype({"ssrc": "Int64"})
            for ssrc, w in ((1, 320.0), (2, 640.0))
        ]
    )
    again = samples([None, 1.0], media="video", stream_id="later")
    (ax,) = plot.quality(pd.concat([layers, again], ignore_index=True), metrics="loss_pct")
    assert legend(ax)[:3] == ["Alma sends video", "Alma sends video, layer 320 px", "Alma sends video, layer 640 px"]


def test_times_that_are_missing_are_left_out():
    frame = samples([None, 1.0, 2.0])
    frame.loc[2, ["start", "end"]] = pd.NaT
    (ax,) = plot.quality(frame, metrics="loss_pct")
    _, y = line(ax, "p1-a")
    assert 2.0 not in y


def test_it_draws_on_axes_figures_and_subfigures_and_leaves_pyplot_alone(loss):
    import matplotlib.pyplot as plt

    figure = Figure()
    axes = plot.quality(loss, metrics=["loss_pct", "fps"], ax=figure)
    assert [one.figure for one in axes] == [figure] * 2
    outer = Figure(figsize=(12, 6), layout="constrained")
    left = outer.subfigures(1, 2)[0]
    assert plot.quality(loss, metrics=["loss_pct"], ax=left)[0].figure is left
    given = Figure().subplots(2, 1)
    assert list(plot.quality(loss, metrics=["loss_pct", "fps"], ax=given)) == list(given)
    assert plt.get_fignums() == []
    figure.canvas.draw()
    outer.canvas.draw()


def test_without_ax_it_makes_one_pyplot_figure(loss):
    import matplotlib.pyplot as plt

    plot.quality(loss, metrics=["loss_pct", "fps"])
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metrics": "packet_loss"}, "Did you mean 'loss_pct'"),
        ({"metrics": "packet loss"}, "Did you mean 'loss_pct'"),
        ({"metrics": ["loss_pc"]}, "Did you mean 'loss_pct'"),
        ({"metrics": []}, "Measures|one or several"),
        ({"metrics": "display_name"}, "no measure that has a size"),
        ({"participant": "Almma"}, "Did you mean 'Alma'"),
        ({"participant": 3}, "takes a name"),
        ({"media": "vidoe"}, "Did you mean 'video'"),
        ({"direction": "sent"}, "producer"),
        ({"streams": "nope"}, "no stream 'nope'"),
        ({"window": "2026"}, r"\(start, end\)"),
        ({"window": ("2026-11-20", "2026-11-19")}, "ends before it starts"),
        ({"window": ("yesterday-ish", None)}, "is no time"),
        ({"tz": "Berlin"}, "Europe/Berlin"),
        ({"tz": 3}, "not int"),
        ({"ax": "here"}, "ax="),
    ],
)
def test_a_mistaken_argument_is_answered_with_what_there_is(loss, arguments, words):
    with pytest.raises(InvalidArgumentError, match=words):
        plot.quality(loss, **arguments)


def test_the_wrong_number_of_axes_is_answered_with_the_right_one(loss):
    with pytest.raises(InvalidArgumentError, match="needs 2 Axes and ax= holds 1"):
        plot.quality(loss, metrics=["loss_pct", "fps"], ax=Figure().subplots())


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("6f1c8a6e-0000-0000-0000-000000000000", r"call = app\.call\(session_id\)"),
        (42, "not int"),
        ({"quality_of_it": pd.DataFrame()}, "no table 'quality_of_it'"),
        (pd.DataFrame({"peer_id": []}), "lacks"),
    ],
)
def test_what_is_no_call_is_answered_with_how_to_get_one(subject, words):
    with pytest.raises(InvalidArgumentError, match=words):
        plot.quality(subject)


def test_the_wrong_table_is_recognised(loss):
    with pytest.raises(InvalidArgumentError, match="looks like the table 'samples'"):
        plot.quality(loss.samples)


def test_other_numbers_in_the_table_can_be_drawn(loss):
    frame = loss.quality.assign(my_delay_ms=12.0)
    (ax,) = plot.quality(frame, metrics="my_delay_ms")
    assert ax.get_ylabel() == "my delay\n(ms)"


def test_events_alone_are_no_reason_to_fail():
    events = table(
        "events", [{"peer_id": "p1", "timestamp": None, "name": None}, {"peer_id": "p1", "timestamp": at(3)}]
    )
    (ax,) = plot.quality({"quality": samples([None, 1.0, 1.0]), "events": events}, metrics="loss_pct")
    assert "(no name)" in legend(ax)


@pytest.mark.parametrize("count", [1, 7, 300, 40_000])
def test_the_band_of_a_crowd_has_the_quantiles_of_pandas_to_the_last_bit(count):
    rng = np.random.default_rng(count)
    group = rng.integers(0, count, 3000)
    values = np.round(rng.normal(size=3000), 1) * 10.0 ** rng.integers(-3, 4, 3000)
    wide = pd.Series(values).groupby(group).quantile(np.array([0.05, 0.5, 0.95])).unstack().reindex(range(count))
    np.testing.assert_array_equal(quantiles(values, group, count), wide.to_numpy())
