"""A finding's plot: the measure at that moment, the threshold drawn in, the window shaded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import rtkit_explore as rtk
from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from tests.plot.drawn import at, days, legend, line, marked, message, near, samples, table

ROW = {
    "session_id": "s", "rule": "loss_out", "severity": "bad", "peer_id": "p1", "display_name": "Alma", "media": "audio",
    "direction": "producer", "stream_id": "p1-a", "start": at(70), "end": at(84), "value": 12.0, "threshold": 10.0,
    "unit": "%", "profile": "default", "source": "ours", "side": "sender_uplink", "side_peer_id": "p1",
    "confidence": "low", "evidence_for": "", "evidence_against": "", "first_row": 11, "last_row": 12,
    "story": "Alma lost 12 % of her audio.", "next_step": "Look at her Wi-Fi.",
}  # fmt: skip
LOSS = samples(
    [None, *[0.0] * 10, 42.0, 38.0, *[0.0] * 20], "packets_lost", packets=350.0, far_end=True, bitrate_kbps=30.0
)


def test_the_threshold_is_a_line_at_its_value_and_named_with_its_profile():
    axes = plot.finding(LOSS, ROW)
    (threshold,) = marked(axes[0], "threshold")
    assert list(threshold.get_ydata()) == [10.0, 10.0]
    assert "threshold: bad above 10 % (profile default)" in legend(axes[-1])
    assert not marked(axes[1], "threshold")


def test_the_window_is_shaded_in_every_panel():
    for ax in plot.finding(LOSS, ROW):
        (shade,) = marked(ax, "window")
        box = (shade.get_x(), shade.get_x() + shade.get_width())
        assert box == pytest.approx(tuple(days(at(70), at(84))), rel=0, abs=1e-8)
        assert len(marked(ax, "edge of the window")) == 2


def test_it_shows_that_moment_with_some_time_on_either_side():
    low, high = plot.finding(LOSS, ROW)[0].get_xlim()
    assert near([low, high], days(at(40), at(114))).all()


def test_the_headline_says_what_who_and_the_story():
    title = plot.finding(LOSS, ROW)[0].get_title(loc="left")
    assert title == "loss out (bad): Alma\nAlma lost 12 % of her audio."


def test_the_other_end_of_the_stream_stands_beside_it():
    heard = samples(
        [None, *[1.0] * 32],
        "packets_lost",
        packets=350.0,
        peer="p2",
        display_name="Boris",
        direction="consumer",
        stream_id="c",
        producer_id="p1-a",
        remote_peer_id="p1",
    )
    other = samples([None, *[1.0] * 32], "packets_lost", packets=350.0, peer="p3", display_name="Chen", stream_id="z")
    (first, *_) = axes = plot.finding(pd.concat([LOSS, heard, other], ignore_index=True), ROW)
    assert legend(axes[-1])[:2] == ["Alma sends audio", "Boris gets audio from Alma"]
    assert not marked(first, "stream z")
    (first, *_) = axes = plot.finding(
        pd.concat([heard, LOSS], ignore_index=True), ROW | {"peer_id": "p2", "stream_id": "c"}
    )
    assert legend(axes[-1])[:2] == ["Boris gets audio from Alma", "Alma sends audio"]


def test_the_curve_is_the_value_that_was_judged_in_the_unit_of_the_threshold():
    axes = plot.finding(LOSS, ROW)
    assert "(%)" in axes[0].get_ylabel()
    _, y = line(axes[0], "p1-a")
    assert np.nanmax(y) == pytest.approx(100 * (42 + 38) / 700)  # what the far end reports is smoothed over neighbours


def test_a_threshold_in_another_unit_is_only_told():
    axes = plot.finding(LOSS, ROW | {"unit": "lost packets", "threshold": 3.0})
    assert not marked(axes[0], "threshold")
    assert any("3 lost packets" in one for one in legend(axes[-1]))


def test_a_rule_that_nobody_knows_is_refused_with_what_to_give():
    with pytest.raises(InvalidArgumentError, match="profile="):
        plot.finding(LOSS, ROW | {"rule": "quiet_moments"})


def test_a_fact_without_threshold_or_window_is_drawn_as_well():
    axes = plot.finding(LOSS, ROW | {"rule": "loss_out", "threshold": None, "start": None, "end": None})
    assert not marked(axes[0], "threshold")
    assert not marked(axes[0], "window")


def test_rules_on_paths_people_and_devices_give_their_own_plots(loss):
    alma = {
        "session_id": loss.session_id,
        "peer_id": loss.peer("Alma"),
        "stream_id": None,
        "start": loss.events["timestamp"].min(),
        "end": loss.events["timestamp"].max(),
    }
    (paths,) = plot.finding(loss, ROW | alma | {"rule": "relayed"})
    assert "bytes" in paths.get_xlabel()
    (people,) = plot.finding(loss, ROW | alma | {"rule": "reconnects"})
    assert marked(people, "stay")
    assert marked(people, "window")
    (devices,) = plot.finding(loss, ROW | alma | {"rule": "device_lost"})
    assert marked(devices, "there")
    assert marked(devices, "window")
    assert "Boris" not in [one.get_text() for one in people.get_yticklabels()]


def test_every_real_finding_can_be_drawn_in_every_form_of_a_row(bandwidth):
    findings = bandwidth.findings()
    assert len(findings)
    for number in range(len(findings)):
        figure = Figure()
        axes = plot.finding(bandwidth, findings.iloc[number], ax=figure)
        assert not any(message(ax) for ax in axes[:1])
        assert len(marked(axes[0], "window")) == 1
    forms = [findings.iloc[0], findings.iloc[[0]], findings.iloc[0].to_dict(), next(findings.itertuples()), 0]
    titles = {plot.finding(bandwidth, one, ax=Figure())[0].get_title(loc="left") for one in forms}
    assert len(titles) == 1


def test_a_value_beyond_the_threshold_is_seen_beyond_its_line(loss):
    findings = loss.findings()
    row = findings[findings["rule"] == "loss_in"].iloc[0]
    axes = plot.finding(loss, row)
    _, y = line(axes[0], row["stream_id"])
    assert np.nanmax(y) == pytest.approx(row["value"])
    assert np.nanmax(y) > marked(axes[0], "threshold")[0].get_ydata()[0]


def test_a_finding_of_another_call_says_so_in_words():
    axes = plot.finding(LOSS, ROW | {"stream_id": "elsewhere"})
    assert "not among the tables" in message(axes[0])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("loss_out", r"call\.findings\(\)\.iloc\[0\]"),
        ({"rule": "loss_out"}, "lacks peer_id, start, end"),
        (table("findings", [ROW, ROW]), "this table has 2"),
        (99, "findings|not int"),
    ],
)
def test_what_is_no_finding_is_answered_with_how_to_get_one(row, words):
    with pytest.raises(InvalidArgumentError, match=words):
        plot.finding(LOSS, row)


def test_a_number_that_is_not_there_is_answered_with_how_many_there_are(loss):
    with pytest.raises(InvalidArgumentError, match=r"This call has \d+ findings"):
        plot.finding(loss, 999)


def test_the_zone_is_chosen_and_named():
    axes = plot.finding(LOSS, ROW, tz="Europe/Berlin")
    assert "Europe/Berlin" in axes[-1].get_xlabel()


def test_a_finding_of_another_call_is_refused(loss, uplink):
    row = uplink.findings().iloc[0]
    for drawn in (loss, loss.quality):
        with pytest.raises(InvalidArgumentError, match=f"{row['session_id']}, not of {loss.session_id}"):
            plot.finding(drawn, row)


def test_among_many_the_judged_stream_has_its_line_and_name_and_the_legend_speaks_for_every_panel():
    call, _ = rtk.simulate("lossy_downlink", participants=14, minutes=4, seed=3)
    found = call.findings(severity="warn")
    for media in ("audio", "video"):
        finding = found[(found["rule"] == "loss_in") & (found["media"] == media)].iloc[-1]
        axes = plot.finding(call, finding, events=False)
        streams = [{one.get_gid(): one for one in ax.lines if str(one.get_gid()).startswith("stream ")} for ax in axes]
        assert len(axes) > 1
        for ax_streams in streams:
            assert f"stream {finding['stream_id']}" in ax_streams
            assert set(ax_streams) == set(streams[0])
        for gid, one in streams[0].items():
            assert {(other[gid].get_color(), other[gid].get_marker()) for other in streams} == {
                (one.get_color(), one.get_marker())
            }
            assert one.get_label() in legend(axes[-1])
