"""A rule of one's own, declared in ten lines, is judged, attributed, told, drawn and reported as the shipped ones are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.profiles import profile_of
from rtkit_explore.findings.rules import RULES
from rtkit_explore.findings.rules.rule import Rule
from tests.plot.drawn import line, marked

THIN = Rule(
    "thin_audio",
    "perception",
    "kbit/s",
    "audio bitrate",
    "{got} at only {mean} kbit/s{peak}",
    "Ask {side} which codec settings are in use.",
    value=lambda context: context.arrays["bytes"] * 8 / 1000 / context.arrays.seconds,
    reads=("bytes", "interval_s"),
    direction="consumer",
    media=("audio",),
    low=True,
)
PROFILE = {"rules": [THIN], "thin_audio": (1000, None)}


@pytest.fixture(scope="module")
def call():
    return rtk.simulate("clean", seed=1, minutes=3, participants=3).call


def test_a_rule_and_a_limit_are_all_it_takes(call):
    found = call.findings(PROFILE)
    mine = found[found["rule"] == "thin_audio"]
    assert len(mine) == 6
    row = mine.iloc[0]
    assert (row["severity"], row["unit"], row["threshold"]) == ("warn", "kbit/s", 1000)
    assert row["side"] in ("receiver", "receiver_downlink", "sender", "sender_uplink", "between", "shared", "unknown")
    assert "audio at only" in row["story"]
    assert row["next_step"].startswith("Ask ")
    assert call.verdicts(PROFILE).iloc[0]["reason"] == "thin_audio"
    assert "audio at only" in call.story(PROFILE)


def test_its_values_are_drawn_with_its_threshold(call):
    row = call.findings(PROFILE).query("rule == 'thin_audio'").iloc[0]
    axes = rtk.plot.finding(call, row, ax=Figure())
    _, y = line(axes[0], row["stream_id"])
    assert np.nanmin(y) == pytest.approx(row["value"])
    assert marked(axes[0], "threshold")[0].get_ydata()[0] == 1000


def test_the_report_holds_it(call, tmp_path):
    page = rtk.write_report(call, tmp_path / "call.html", profile=PROFILE).read_text()
    assert "thin audio" in page
    assert "audio at only" in page


def test_a_rule_of_the_same_name_replaces_the_shipped_one():
    assert [rule.name for rule in profile_of({"rules": [THIN]}).all_rules].count("thin_audio") == 1


def test_what_is_no_rule_is_refused():
    with pytest.raises(InvalidArgumentError, match="Rule objects, not str"):
        profile_of({"rules": ["thin_audio"]})
    with pytest.raises(InvalidArgumentError, match="There is no rule thin_audio"):
        profile_of({"thin_audio": 3})


def test_a_value_of_another_length_is_refused_with_what_is_wanted(call):
    wrong = Rule("wrong", "transport", "ms", "wrong", "{me}", value=lambda _: np.zeros(3))
    with pytest.raises(InvalidArgumentError, match="a value for each of the"):
        call.findings({"rules": [wrong], "wrong": 1})


def test_findings_are_worked_out_once_per_profile(call):
    own = dict(PROFILE)
    call.findings(own)
    count = len(call.judging.evaluations)
    call.verdicts(own)
    call.overview(own)
    call.story(own)
    assert len(call.judging.evaluations) == count
    assert call.findings(own) is not call.findings(own)


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("delay_and_jitter", "jitter"),
        ("delay_and_jitter", "round_trip"),
        ("cpu_bound", "cpu_limited"),
        ("narrow_uplink", "congested"),
        ("lossy_uplink", "loss_in"),
        ("lossy_uplink", "loss_out"),
    ],
)
def test_tags_and_families_say_whose_side_it_was_on_as_they_do_of_shipped_rules(scenario, name):
    call = rtk.simulate(scenario, seed=1, minutes=4, participants=2).call
    shipped = next(rule for rule in RULES if rule.name == name)
    limits = [limit for limit in profile_of("default").limits if limit.rule == name]
    own = replace(shipped, name="mine", limits=tuple(replace(limit, rule="mine") for limit in limits))
    found = call.findings({"rules": [own]})
    mine, theirs = (
        found[found["rule"] == which].set_index(["stream_id", "start"]).sort_index() for which in ("mine", name)
    )
    assert len(mine)
    for column in ("side", "side_peer_id"):
        assert mine[column].tolist() == theirs[column].tolist()


def test_pictures_that_were_sent_so_are_the_senders_under_another_name_as_well(recorded):
    shipped = next(rule for rule in RULES if rule.name == "low_frame_rate")
    limits = [limit for limit in profile_of("default").limits if limit.rule == shipped.name]
    own = replace(shipped, name="mine", limits=tuple(replace(limit, rule="mine") for limit in limits))
    found = recorded("bandwidth").call.findings({"rules": [own]})
    sides = {name: found[found["rule"] == name]["side"].tolist() for name in ("mine", shipped.name)}
    assert sides["mine"] == sides[shipped.name] == ["sender_uplink"]
