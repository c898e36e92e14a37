"""Metrics: what the function sees, how it is rolled up, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.overview import overview_of
from rtkit_explore.measures.roll_up import roll_up_of
from tests.findings.room import Room


@rtk.metric(media="audio", direction="consumer", unit="share", worse="high")
def glitch(i):
    return (i["concealment_events"] * 0.08 / i["interval_s"]).clip(upper=1)


@rtk.metric(media="audio", direction="consumer", unit="%", worse="high", title="loss, as it is")
def lost(i):
    return i["loss_pct"]


def test_the_function_sees_the_intervals_of_its_media_and_direction(recorded):
    seen = []

    @rtk.metric(media="video", direction="producer")
    def probe(i):
        seen.append(i)
        return i["interval_s"]

    probe(recorded("sfu-uplink"))
    (i,) = seen
    assert set(i["media"]) == {"video"}
    assert set(i["direction"]) == {"producer"}
    assert not (i["first"] | i["gap"] | i["reset"]).any()
    assert {"other_loss_pct", "other_rtt_ms", "rtt_ms", "clock_ahead_s"} <= set(i.columns)


def test_figures_of_the_cumulative_blocks_are_there_by_their_names(recorded):
    call = recorded("loss")

    @rtk.metric(media="audio", direction="consumer")
    def average(i):
        return i["quality_mos.avg"]

    boris = average(call, by="participant").set_index("display_name").loc["Boris", "average"]
    table = call.cumulative.query("metric == 'quality_mos' and statistic == 'avg' and media == 'audio'")
    row = table[(table["direction"] == "consumer") & (table["peer_id"] == call.peer("Boris"))]
    assert boris == pytest.approx(row["value"].iloc[0])


def test_what_is_not_there_is_named_with_what_is(recorded):
    @rtk.metric(media="audio")
    def wrong(i):
        return i["loss_percent"]

    with pytest.raises(InvalidArgumentError, match=r"'loss_percent'.*loss_pct.*quality_mos.avg"):
        wrong(recorded("loss"))


@pytest.mark.parametrize(
    "result", [lambda i: 1.0, lambda i: [1.0], lambda i: None, lambda i: i, lambda i: i["media"].astype(str)]
)
def test_a_function_that_gives_no_number_for_each_interval_is_refused(recorded, result):
    with pytest.raises(InvalidArgumentError, match="a number for each of the"):
        rtk.metric(result, name="wrong")(recorded("loss"))


def test_infinite_values_are_no_values_and_do_not_count_as_time(recorded):
    broken = rtk.metric(lambda i: np.where(i["loss_pct"] > 0, np.inf, 1.0), name="broken", media="audio")
    table = broken(recorded("loss"), by="call")
    assert table["broken"].iloc[0] == 1.0
    assert table["known_s"].iloc[0] < table["total_s"].iloc[0]


def test_rows_that_the_function_leaves_out_have_no_value(recorded):
    part = rtk.metric(lambda i: i["loss_pct"][i["loss_pct"] > 5], name="part", media="audio", direction="consumer")
    values = part(recorded("loss"))["part"]
    assert values.notna().any()
    assert values.dropna().min() > 5


def test_roll_ups_are_weighted_by_time_and_say_what_they_rest_on(recorded):
    call = recorded("sfu-downlink")
    each = lost(call)
    chen = each[each["display_name"] == "Chen"]
    row = lost(call, by="participant").set_index("display_name").loc["Chen"]
    assert row["lost"] == pytest.approx(np.average(chen["lost"], weights=chen["interval_s"]))
    assert row["known_s"] == pytest.approx(chen["interval_s"].sum())
    assert row["intervals"] == len(chen)
    share = lost(call, by="participant", how="share_above:5").set_index("display_name").loc["Chen", "lost"]
    assert share == pytest.approx(chen.loc[chen["lost"] > 5, "interval_s"].sum() / chen["interval_s"].sum())
    assert lost(call, by="participant", how="worst").set_index("display_name").loc["Chen", "lost"] == chen["lost"].max()
    whole = lost(call, by="call").iloc[0]
    assert whole["participants"] == 3
    assert whole["known_s"] == pytest.approx(each["interval_s"].sum())
    assert len(lost(call, by="stream")) == 6
    assert 0 < row["score"] < 1


@pytest.mark.parametrize("by", ["interval", "stream", "participant", "person", "call"])
def test_one_call_several_calls_and_tables_give_the_same(recorded, by):
    calls = [recorded(name) for name in ("loss", "sfu-downlink")]
    together = glitch(calls, by=by)
    apart = pd.concat([glitch(call, by=by) for call in calls], ignore_index=True)
    pd.testing.assert_frame_equal(together, apart)
    # An archive: parts() yields tables by name, of several calls at once.
    tables = {
        name: pd.concat([getattr(call, name) for call in calls], ignore_index=True)
        for name in ("quality", "participants", "events", "cumulative", "candidate_pairs")
    }
    archive = type("Archive", (), {"parts": lambda _, *names: iter([{name: tables[name] for name in names}])})()
    pd.testing.assert_frame_equal(glitch(archive, by=by), together, check_categorical=False)


@pytest.mark.parametrize("by", ["interval", "stream", "participant", "person", "call"])
def test_no_calls_give_an_empty_table_with_its_columns(recorded, by):
    assert list(glitch([], by=by).columns) == list(glitch(recorded("loss"), by=by).columns)
    assert glitch([], by=by).empty


def test_rejoins_of_one_user_are_one_person(recorded):
    call = recorded("sfu-downlink")
    people = call.participants.copy()
    people["user_id"] = pd.array(["one", "one", "two"], dtype="string")
    table = lost({"quality": call.quality, "participants": people}, by="person").set_index("user_id")
    assert sorted(table.index) == ["one", "two"]
    apart = lost({"quality": call.quality, "participants": people}, by="participant")
    mine = apart[apart["user_id"] == "one"]
    assert table.loc["one", "lost"] == pytest.approx(np.average(mine["lost"], weights=mine["known_s"]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"by": "peer"}, "participant"), ({"how": "mean"}, "time_mean"), ({"how": "p100"}, "p95"),
     ({"how": "share_above:x"}, "share_above:0.05"), ({"how": None}, "time_mean")],
)  # fmt: skip
def test_arguments_that_mean_nothing_are_refused(recorded, arguments, said):
    with pytest.raises(InvalidArgumentError, match=said):
        glitch(recorded("loss"), **{"by": "call", **arguments})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"media": "sound"}, "screenshare_audio"), ({"direction": "in"}, "consumer"), ({"worse": "up"}, "high"),
     ({"name": "loss_pct"}, "another name"), ({"name": "known_s"}, "another name"), ({"name": ""}, "needs a name")],
)  # fmt: skip
def test_declarations_that_mean_nothing_are_refused(arguments, said):
    with pytest.raises(InvalidArgumentError, match=said):
        rtk.metric(lambda i: i["loss_pct"], **arguments)


def test_what_has_no_tables_is_refused(recorded):
    for wrong in ("a session id", 3, None):
        with pytest.raises(InvalidArgumentError, match="called on a Call"):
            glitch(wrong)


def test_a_decorator_gives_a_metric_that_says_what_it_is():
    assert repr(glitch) == "<Metric glitch: share, high is worse, of audio consumer>"
    assert glitch.title == "glitch"
    assert lost.title == "loss, as it is"


# Roll-ups -------------------------------------------------------------------------------------------------------------

numbers = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.1, 100)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    numbers,
    st.sampled_from(["time_mean", "worst", "worst_tenth", "p5", "p50", "p95"]),
    st.sampled_from(["high", "low"]),
)
def test_every_roll_up_lies_within_its_values_and_scales_with_them(rows, how, worse):
    values, seconds = (np.array(column) for column in zip(*rows, strict=True))
    group = np.zeros(len(values), dtype=np.intp)
    (one,) = roll_up_of(how, worse)(values, seconds, group, 1)
    assert values.min() - 1e-6 <= one <= values.max() + 1e-6
    (longer,) = roll_up_of(how, worse)(values, 3 * seconds, group, 1)
    assert longer == pytest.approx(one, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(numbers, st.floats(-1e6, 1e6))
def test_shares_above_and_below_leave_what_is_equal(rows, limit):
    values, seconds = (np.array(column) for column in zip(*rows, strict=True))
    group = np.zeros(len(values), dtype=np.intp)
    parts = [
        roll_up_of(f"share_{side}:{limit:.6f}", "high")(values, seconds, group, 1)[0] for side in ("above", "below")
    ]
    assert 0 <= sum(parts) <= 1 + 1e-9


def test_the_worst_tenth_takes_a_tenth_of_the_time_and_not_of_the_rows():
    values, seconds = np.array([1.0, 2.0, 3.0]), np.array([90.0, 5.0, 5.0])
    group = np.zeros(3, dtype=np.intp)
    assert roll_up_of("worst_tenth", "high")(values, seconds, group, 1)[0] == pytest.approx(2.5)
    assert roll_up_of("worst_tenth", "low")(values, seconds, group, 1)[0] == pytest.approx(1.0)
    assert roll_up_of("p95", "high")(values, seconds, group, 1)[0] == 2.0
    assert np.isnan(roll_up_of("p95", "high")(values, seconds, group, 2)[1])


# Ready-made -----------------------------------------------------------------------------------------------------------


def frame(**columns):
    """Make one interval of audio received, as metrics see it."""
    base = {"session_id": "s", "peer_id": "p", "stream_id": "x", "media": "audio", "direction": "consumer",
            "loss_pct": 0.0, "rtt_ms": 40.0, "other_rtt_ms": 40.0, "buffer_ms": 60.0, "direct": False,
            "packets_per_s": 50.0, "other_packets_per_s": 50.0, "bitrate_kbps": 24.0, "interval_s": 7.0,
            "concealment_events": 0.0}  # fmt: skip
    return pd.DataFrame([{**base, **columns}])


def test_ready_made_metrics_by_hand():
    ready = rtk.metrics
    # Delay 20 + 20 + 60 = 100 ms: R = 93.2 - 2.4.
    assert ready.mos_narrow.function(frame())[0] == pytest.approx(rtk.mos(0, 100)[()])
    assert rtk.mos(0, 100) == pytest.approx(4.358, abs=0.001)
    assert ready.mos_wide.function(frame())[0] == pytest.approx(4.49, abs=0.01)
    assert ready.mos_narrow.function(frame(loss_pct=10.0))[0] == pytest.approx(2.228, abs=0.001)
    assert ready.glitch_share.function(frame(concealment_events=35.0)).iloc[0] == pytest.approx(0.4)
    assert ready.glitch_share.function(frame(concealment_events=9999.0)).iloc[0] == 1.0


def test_rtcscore_of_audio_as_published():
    # Delay 20 + 100 = 120 ms, bitrate 24 kbit/s: Ie = 55 - 4.6 ln 24000 = 8.605, R = 100 - 8.605 - 3.6 = 87.795.
    r = 100 - (55 - 4.6 * np.log(24000)) - 0.03 * 120
    expected = 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)
    assert rtk.metrics.rtcscore_audio.function(frame())[0] == pytest.approx(expected)
    assert expected == pytest.approx(4.28, abs=0.01)
    # Its published polynomial calls a very late call excellent; here it is the worst.
    assert rtk.metrics.rtcscore_audio.function(frame(buffer_ms=600.0))[0] == 1.0


def test_rtcscore_of_video_as_published():
    picture = frame(media="video", bitrate_kbps=600.0, frames=210.0, other_fps=30.0, width=640.0, height=480.0,
                    other_width=640.0, other_height=480.0, buffer_ms=0.0)  # fmt: skip
    score = rtk.metrics.rtcscore_video.function
    # 600 kbit/s on 640 x 480 at 30 frames/s: 0.56 ln 0.0651 + 5.36 = 3.83, less 40 ms of delay at 0.002.
    assert score(picture)[0] == pytest.approx(0.56 * np.log(600_000 / 640 / 480 / 30) + 5.36 - 0.08)
    assert score(picture.assign(frames=105.0))[0] < score(picture)[0]
    assert score(picture.assign(frames=0.0))[0] == 1.0
    assert np.isnan(score(picture.assign(width=np.nan, other_width=np.nan))[0])


def test_every_ready_made_metric_has_a_source_and_tells_bad_from_good(recorded):
    for metric in rtk.metrics.READY_MADE:
        assert metric.source, metric.name
        assert metric.unit, metric.name
        assert metric.function.__doc__, metric.name
    for metric in (rtk.metrics.mos_narrow, rtk.metrics.mos_wide, rtk.metrics.client_score_audio,
                   rtk.metrics.glitch_share):  # fmt: skip
        good, bad = (
            metric(recorded(name), by="call", how="worst_tenth")[metric.name].iloc[0] for name in ("clean", "loss")
        )
        assert (bad > good) if metric.worse == "high" else (bad < good), metric.name


# Beside the package's own ---------------------------------------------------------------------------------------------


def test_metrics_stand_in_the_overview(recorded):
    call = recorded("sfu-downlink")
    table = call.overview(metrics=[lost, (lost, "share_above:5")]).set_index("display_name")
    assert table.loc["Chen", "lost"] > 3 > table.loc["Alma", "lost"]
    assert 0 < table.loc["Chen", "lost_share_above_5"] < 1
    with pytest.raises(InvalidArgumentError, match=r"rtk\.metric"):
        call.overview(metrics=["loss_pct"])


def test_the_scores_of_the_overview_tell_good_calls_from_bad_ones(recorded):
    clean, bad = (recorded(name).overview().set_index("display_name") for name in ("sfu-clean", "sfu-downlink"))
    assert clean["mos"].min() > 4.3
    assert bad.loc["Chen", "mos"] < 3.8
    assert bad.loc["Chen", "mos_low"] < 2.5
    assert 30 < bad.loc["Chen", "mos_below_pct"] < 60
    assert (clean["mos_below_pct"] == 0).all()
    assert bad.loc["Chen", "score_heard"] < 0.8 < bad.loc["Alma", "score_heard"]
    assert (bad["mos_low"] <= bad["mos"]).all()


def test_no_share_of_time_is_above_all_of_it():
    room = Room()
    # Durations and clock are read at different moments, and the first increment belongs to no known interval.
    room.sent("Alma", "video")["quality_limitation_durations_bandwidth"] = np.full(room.size, 7.5)
    table = overview_of(room.call).set_index("display_name")
    assert table.loc["Alma", "limited_pct"] == pytest.approx(100)
    assert table.loc["Boris", "limited_pct"] == 0


def test_usual_ranges_and_comparisons_have_the_new_figures(recorded):
    usual = rtk.usual_range([recorded("sfu-clean"), recorded("sfu-uplink")]).set_index("figure")
    assert {"mos", "mos_low", "mos_below_pct", "score_heard_low"} <= set(usual.index)
    both = rtk.compare_calls(recorded("sfu-clean"), recorded("sfu-uplink")).set_index("figure")
    assert both.loc["mos", "difference"] < -0.2
    assert both.loc["mos_low", "two_worst"] == recorded("sfu-uplink").overview()["mos_low"].min()


def test_an_archive_gives_what_its_calls_give(tmp_path):
    pytest.importorskip("pyarrow")
    app = rtk.replay(rtk.sample_calls())
    rtk.archive_calls(app, tmp_path / "archive", progress=False)
    archive = rtk.open_archive(tmp_path / "archive")
    keys = ["session_id", "peer_id"]
    calls = [app.call(session_id) for session_id in archive.session_ids]
    one, two = (
        glitch(source, by="participant", how="p95").sort_values(keys).reset_index(drop=True)
        for source in (archive, calls)
    )
    assert len(one) == len(two) > 10
    pd.testing.assert_frame_equal(one, two, check_dtype=False, check_categorical=False)


def test_what_people_got_in_an_archive_is_kept_until_the_code_changes(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    rtk.archive_calls(rtk.replay(rtk.sample_calls()), tmp_path / "archive", progress=False)
    cell = {"rtk": rtk, "__name__": "__main__"}  # as in a notebook
    source = "f = rtk.metric(lambda i: i['loss_pct'] * {}, name='own', media='audio', direction='consumer')"
    asked = []
    whole = type(rtk.metrics.mos_narrow)._of_part

    def counted(self, part, by, how):
        if not isinstance(part, pd.DataFrame):
            asked.append(self.name)
        return whole(self, part, by, how)

    monkeypatch.setattr(type(rtk.metrics.mos_narrow), "_of_part", counted)
    for by in ("stream", "participant", "person", "call"):
        asked.clear()
        exec(source.format(1), cell)
        first = cell["f"](rtk.open_archive(tmp_path / "archive"), by=by, how="p95")
        parts = len(asked)
        assert parts > 0
        exec(source.format(1), cell)
        again = cell["f"](rtk.open_archive(tmp_path / "archive"), by=by, how="p95")
        assert len(asked) == parts
        pd.testing.assert_frame_equal(again, first)
        assert again.attrs == first.attrs
        exec(source.format(2), cell)
        other = cell["f"](rtk.open_archive(tmp_path / "archive"), by=by, how="p95")
        assert len(asked) == 2 * parts
        assert other["own"].sum() == pytest.approx(2 * first["own"].sum())
    asked.clear()
    for _ in range(2):
        cell["f"](rtk.open_archive(tmp_path / "archive"))
    assert len(asked) == 2 * parts  # intervals are many, and are not kept


def test_a_picture_that_stands_still_and_the_clients_score_by_hand():
    frozen = rtk.metrics.freeze_share.function
    picture = frame(media="video", frames=0.0, bytes=1000.0)
    assert frozen(picture)[0] == 1.0
    assert frozen(picture.assign(frames=12.0))[0] == 0.0
    assert np.isnan(frozen(picture.assign(bytes=0.0))[0])  # nothing came: that is no frozen picture
    assert np.isnan(frozen(picture.assign(frames=np.nan))[0])
    unknown = {"first": False, "gap": False, "reset": False, "width": np.nan, "fps": np.nan, "frames": np.nan}
    heard = frame(**unknown, loss_pct=2.5, jitter_ms=22.0, concealment_events=1.5)
    # 0.2 x half of the 3 events, 0.5 x three quarters of 10 %, 0.3 x four fifths of 20 to 30 ms.
    assert rtk.metrics.client_score_audio.function(heard)[0] == pytest.approx(0.1 + 0.375 + 0.24)
    seen = frame(**{**unknown, "media": "video", "width": 640.0, "fps": 5.0, "frames": 35.0}, jitter_ms=10.0)
    assert rtk.metrics.client_score_video.function(seen)[0] == pytest.approx(0.8 * 0.7 + 0.2)
    assert rtk.metrics.client_score_video.function(seen.assign(fps=0.0, frames=0.0))[0] == pytest.approx(
        0.8 * 0.7 * 0.5 + 0.2
    )
