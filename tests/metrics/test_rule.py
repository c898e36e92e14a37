"""Metrics as rules: in findings, side, story, verdicts and plots, like the rules that ship."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
from matplotlib.legend import Legend

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.metrics.rule import values_on_arrays
from tests.findings.room import Room


@rtk.metric(media="audio", direction="consumer", unit="share", worse="high")
def glitch(i):
    return (i["concealment_events"] * 0.08 / i["interval_s"]).clip(upper=1)


def legend_texts(axes):
    return [text.get_text() for legend in axes[0].figure.findobj(Legend) for text in legend.get_texts()]


PATCHED = rtk.rule(glitch, warn=0.02, bad=0.05, lasting="14s", source="our contract")


def test_a_rule_of_ones_own_is_found_with_side_story_and_source(recorded):
    call = recorded("sfu-downlink")
    found = call.findings(PATCHED).query("rule == 'glitch'")
    assert set(found["display_name"]) == {"Chen"}
    assert set(found["side"]) == {"receiver_downlink"}
    assert set(found["side_peer_id"]) == {call.peer("Chen")}
    first = found.iloc[0]
    assert (first["severity"], first["source"], first["threshold"]) == ("bad", "our contract", 0.05)
    assert "Chen got" in first["story"]
    assert "audio with glitch at 3" in first["story"]
    assert "Chen" in first["next_step"]


def test_it_says_the_senders_side_too(recorded):
    call = recorded("sfu-uplink")
    bad = call.findings([PATCHED]).query("rule == 'glitch' and severity == 'bad'")
    assert set(bad["side_peer_id"]) == {call.peer("Alma")}


@pytest.mark.parametrize("name", ["loss", "sfu-uplink", "sfu-downlink", "sfu-clean"])
def test_it_changes_nothing_in_what_the_shipped_rules_say(recorded, name):
    shown = ["rule", "severity", "peer_id", "stream_id", "start", "end", "side", "side_peer_id", "confidence"]
    own = recorded(name).findings(PATCHED).query("rule != 'glitch'")[shown]
    shipped = recorded(name).findings()[shown]
    assert sorted(map(tuple, own.astype(str).to_numpy())) == sorted(map(tuple, shipped.astype(str).to_numpy()))


def test_it_stands_in_verdicts_and_on_plots(recorded):
    call = recorded("sfu-downlink")
    strict = rtk.Profile("strict", limits=(), rules=PATCHED)
    assert call.verdicts(strict).iloc[0]["reason"] == "glitch"
    assert "glitch" in call.story(strict)
    finding = call.findings(strict).query("rule == 'glitch'").iloc[0]
    axes = rtk.plot.finding(call, finding)
    assert axes[0].get_ylabel().startswith("glitch")
    assert "above 0.05 share" in " ".join(legend_texts(axes))


def test_the_value_of_a_row_is_the_metrics_value_of_that_sample(recorded):
    call = recorded("sfu-downlink")
    context = call.judging
    values = values_on_arrays(glitch, context)
    expected = glitch.values(call)
    rows = context.arrays.row
    assert np.isfinite(values).sum() == expected.notna().sum()
    for place in np.flatnonzero(np.isfinite(values)):
        assert values[place] == expected[rows[place]]


def test_how_long_it_has_to_hold():
    room = Room()
    room.got("Boris", "Alma")["concealment_events"][10] = 40
    assert "glitch" not in set(room.findings(PATCHED)["rule"])
    at_once = rtk.rule(glitch, warn=0.02, lasting=5)
    assert "glitch" in set(room.findings(at_once)["rule"])
    longer = Room()
    longer.got("Boris", "Alma")["concealment_events"][10:12] = 40
    assert "glitch" in set(longer.findings(PATCHED)["rule"])
    assert "glitch" not in set(longer.findings(rtk.rule(glitch, warn=0.02, lasting="1 min"))["rule"])


def test_a_rule_over_the_stream_and_of_low_values():
    room = Room()
    room.got("Boris", "Alma")["concealment_events"][1:] = 40
    whole = room.findings(rtk.rule(glitch, warn=0.3, over="stream")).query("rule == 'glitch'")
    assert len(whole) == 1
    assert "mean of the stream" in whole["evidence_for"].iloc[0]
    calm = rtk.metric(lambda i: -i["concealment_events"], name="calm", media="audio", direction="consumer", worse="low")
    low = room.findings(rtk.rule(calm, warn=-5, bad=-30)).query("rule == 'calm'")
    assert list(low["severity"]) == ["bad"]


def test_thresholds_of_a_rule_can_be_changed_by_a_profile_and_kept_in_a_file(tmp_path):
    mine = rtk.Profile("mine", base="default", rules=PATCHED, glitch=(0.1, 0.2))
    assert [limit.levels for limit in mine.of("glitch")] == [(("warn", 0.1), ("bad", 0.2))]
    again = rtk.read_profile(mine.save(tmp_path / "mine.toml"), rules=PATCHED)
    assert again == mine
    with pytest.raises(InvalidArgumentError, match="glitch"):
        rtk.read_profile(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({}, "needs a threshold"), ({"warn": 2, "bad": 1}, "Swap"), ({"warn": 1, "lasting": "soon"}, "duration"),
     ({"warn": 1, "lasting": -1}, "duration"), ({"warn": 1, "layer": "top"}, "perception"),
     ({"warn": 1, "name": "loss_in"}, "ships"), ({"warn": 1, "over": "call"}, "span")],
)  # fmt: skip
def test_rules_that_mean_nothing_are_refused(arguments, said):
    with pytest.raises(InvalidArgumentError, match=said):
        rtk.rule(glitch, **arguments)


def test_a_rule_is_made_of_a_metric():
    with pytest.raises(InvalidArgumentError, match=r"rtk\.metric"):
        rtk.rule(lambda i: i, warn=1)
    with pytest.raises(InvalidArgumentError, match=r"rtk\.rule"):
        rtk.Profile("mine", rules=[glitch])


# Plots ----------------------------------------------------------------------------------------------------------------


def test_metrics_are_drawn_over_time_and_as_a_heat_map(recorded):
    call = recorded("sfu-downlink")
    axes = rtk.plot.quality(call, metrics=[glitch, "loss_pct"], participant="Chen", media="audio")
    assert axes[0].get_ylabel() == "glitch\n(share)"
    drawn = max(float(np.nanmax(line.get_ydata())) for line in axes[0].lines if len(line.get_ydata()) > 3)
    assert drawn == pytest.approx(glitch(call)["glitch"].max())
    table = rtk.plot.quality(call.quality[call.quality["media"] == "audio"], metrics=glitch)
    assert table[0].get_ylabel() == "glitch\n(share)"
    ax = rtk.plot.heatmap(call, rtk.metrics.mos_narrow)
    assert ax.get_title(loc="left").startswith("MOS, narrow band") or "MOS, narrow band" in str([*ax.texts, ax.title])
    assert len(ax.get_yticks()) == 6


def test_a_distribution_says_for_how_much_of_the_time(recorded):
    calls = [recorded(name) for name in ("sfu-clean", "sfu-downlink")]
    ax = rtk.plot.distribution(calls, glitch, by="participant")
    lines = {str(line.get_label()).split(" (")[0]: line for line in ax.lines if str(line.get_label())[:1] != "_"}
    assert set(lines) == {"Alma", "Boris", "Chen"}
    share = glitch([*calls], by="participant", how="share_below:0.05")
    chen = share[share["display_name"] == "Chen"]
    expected = 100 * np.average(chen["glitch"], weights=chen["known_s"])
    line = lines["Chen"]
    below = np.interp(0.05, line.get_xdata(), line.get_ydata())
    assert below == pytest.approx(expected, abs=3)
    assert "No values" in " ".join(t.get_text() for t in rtk.plot.distribution([], glitch).texts)
    with pytest.raises(InvalidArgumentError, match="participant"):
        rtk.plot.distribution(calls, glitch, by="person")


def test_rules_and_profiles_say_what_they_are_in_a_line():
    glitch = rtk.metric(
        lambda i: i["concealment_events"],
        name="glitch",
        media="audio",
        direction="consumer",
        unit="share",
        worse="high",
    )
    rule = rtk.rule(glitch, warn=0.02, bad=0.05, lasting="14s", source="mine")
    assert repr(rule) == "<Rule glitch: glitch in share of audio, consumer; warn 0.02; bad 0.05>"
    mine = rtk.Profile("mine", loss_in=(2, 8), rules=[rule])
    assert repr(mine) == "<Profile mine: 2 thresholds, own rules glitch>"
