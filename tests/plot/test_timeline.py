"""Who was there: bars by joining and leaving, marks by events."""

from __future__ import annotations

import pandas as pd
import pytest

from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from tests.plot.drawn import at, days, legend, marked, message, table


def people(**changes):
    rows = [
        {
            "session_id": "s",
            "peer_id": "p1",
            "user_id": "u1",
            "display_name": "Alma",
            "joined_at": at(0),
            "left_at": at(60),
            "report": "read",
        },
        {
            "session_id": "s",
            "peer_id": "p2",
            "user_id": "u2",
            "display_name": "Boris",
            "joined_at": at(10),
            "left_at": None,
            "report": "missing",
        },
        {
            "session_id": "s",
            "peer_id": "p3",
            "user_id": "u1",
            "display_name": "Alma",
            "joined_at": at(90),
            "left_at": at(120),
            "report": "failed",
        },
    ]
    return table("participants", [row | changes for row in rows])


def bars(ax):
    return {round(one.get_y() + one.get_height() / 2): one for one in marked(ax, "stay")}


def rows(ax):
    return [one.get_text() for one in ax.get_yticklabels()]


def test_a_bar_goes_from_joining_to_leaving():
    ax = plot.timeline(people())
    first = bars(ax)[0]
    assert [first.get_x(), first.get_x() + first.get_width()] == pytest.approx(days(at(0), at(60)), rel=0, abs=1e-8)


def test_rejoins_stand_together_with_names_that_differ():
    assert rows(plot.timeline(people())) == ["Alma (1)", "Alma (2)", "Boris"]


def test_an_open_end_reaches_to_the_end_of_what_is_known_and_says_so():
    ax = plot.timeline(people())
    boris = bars(ax)[2]
    assert boris.get_x() + boris.get_width() == pytest.approx(days(at(120))[0], rel=0, abs=1e-8)
    (mark,) = marked(ax, "open end")
    assert list(mark.get_ydata()) == [2]
    assert any(one.startswith("open") for one in legend(ax))


def test_states_of_the_report_differ_by_hatch():
    ax = plot.timeline(people())
    hatches = {one.get_gid(): one.get_hatch() for one in marked(ax, "stay")}
    assert len(set(hatches.values())) == 3
    assert {"report read", "no report: nothing known of the media", "report could not be read"} <= set(legend(ax))


def test_events_are_marked_in_their_row_at_their_time_and_named():
    events = table(
        "events",
        [
            {"peer_id": "p1", "timestamp": at(5), "name": "audio_on"},
            {"peer_id": "p1", "timestamp": at(5), "name": "video_on"},
            {"peer_id": "p2", "timestamp": at(20), "name": "disconnect"},
            {"peer_id": "p2", "timestamp": at(30), "name": "a_name_nobody_knows"},
            {"peer_id": "p9", "timestamp": at(30), "name": "disconnect"},
        ],
    )
    ax = plot.timeline({"participants": people(), "events": events})
    (on,) = marked(ax, "events on")
    assert list(on.get_xdata()) == pytest.approx(days(at(5), at(5)), rel=0, abs=1e-8)
    heights = sorted(on.get_ydata())
    assert heights[0] < heights[1], "what happens at once must not cover each other"
    (lost,) = marked(ax, "events connection lost")
    assert len(lost.get_xdata()) == 1
    assert abs(lost.get_ydata()[0] - 2) < 0.5
    words = legend(ax)
    assert "microphone on, camera on" in words
    assert "disconnected (also on a normal hang-up)" in words
    assert "a name nobody knows" in words
    assert not marked(plot.timeline({"participants": people(), "events": events}, events=False), "events")


def test_kinds_of_events_differ_by_marker_or_filling_not_only_by_colour():
    from rtkit_explore.plot.event_markers import MARKS

    assert len({(one.marker, one.filled) for one in MARKS}) == len(MARKS)


def test_people_can_be_chosen_by_name_id_or_custom_id(loss):
    assert rows(plot.timeline(loss, participants="boris")) == ["Boris"]
    assert rows(plot.timeline(loss, participants=["Boris", "loss-a"])) == ["Alma", "Boris"]
    with pytest.raises(InvalidArgumentError, match="Nobody in this call is called 'Cheng'"):
        plot.timeline(loss, participants="Cheng")
    with pytest.raises(
        InvalidArgumentError, match=r"Several participants are called 'Alma'.*Alma \(1\) \(.*, Alma \(2\) \("
    ):
        plot.timeline(people(), participants="Alma")


def test_the_zone_is_named_and_numbers_follow_it(loss):
    ax = plot.timeline(loss, tz="America/New_York")
    ax.figure.canvas.draw()
    assert "America/New_York, UTC-05:00" in ax.get_xlabel()
    assert {one.get_text()[:2] for one in ax.get_xticklabels() if one.get_text()} == {"17"}


def test_no_participants_is_said_in_words(nothing):
    assert "No participants" in message(plot.timeline(nothing))


def test_people_without_any_time_are_listed_all_the_same():
    ax = plot.timeline(people(joined_at=None, left_at=None))
    assert len(rows(ax)) == 3
    assert [one.get_text() for one in ax.texts].count("no time of joining or leaving") == 3
    assert "no document says" in ax.get_xlabel()


def test_names_are_shown_as_they_are_and_never_read_as_formulas():
    strange = people(display_name="$x^2$ & $y$")
    ax = plot.timeline(strange.iloc[:1])
    ax.figure.canvas.draw()
    assert rows(ax) == [r"\$x^2\$ & \$y\$"]
    ax = plot.timeline(people(display_name="_hidden\nname").iloc[:1])
    assert rows(ax) == ["_hidden name"]


def test_names_in_a_script_that_the_font_lacks_stay_apart_and_warn_of_nothing():
    two = people().iloc[:2].assign(display_name=pd.array(["山田", "鈴木"], dtype="string"))
    ax = plot.timeline(two)
    ax.figure.canvas.draw()
    shown = rows(ax)
    assert len(set(shown)) == 2
    assert "p1" in shown[0]


def test_a_very_long_name_loses_its_middle():
    ax = plot.timeline(people(display_name="Person " * 30).iloc[:1])
    (name,) = rows(ax)
    assert len(name) <= 30
    assert "…" in name


@pytest.mark.parametrize("latest", ["updated_at", "samples"])
def test_who_has_not_left_a_live_call_is_drawn_to_the_latest_time_known(latest):
    session = {"session_id": "s", "status": "LIVE", "started_at": at(0), "updated_at": at(300), "ended_at": None}
    tables = {"participants": people(), "sessions": table("sessions", [session])}
    if latest == "samples":
        tables["samples"] = table("samples", [{"session_id": "s", "peer_id": "p1", "timestamp": at(400)}])
    ax = plot.timeline(tables)
    boris = bars(ax)[2]
    end = days(at(300 if latest == "updated_at" else 400))[0]
    assert boris.get_x() + boris.get_width() == pytest.approx(end, rel=0, abs=1e-8)
    (mark,) = marked(ax, "still in the call")
    assert (list(mark.get_ydata()), list(mark.get_xdata())) == ([2], [pytest.approx(end, rel=0, abs=1e-8)])
    assert not marked(ax, "open end")
    assert any(one.startswith("still in the call") for one in legend(ax))
    assert not any(one.startswith("open") for one in legend(ax))


def test_a_call_that_has_ended_has_nobody_still_in_it():
    session = {"session_id": "s", "status": "ENDED", "started_at": at(0), "updated_at": at(300), "ended_at": at(130)}
    ax = plot.timeline({"participants": people(), "sessions": table("sessions", [session])})
    assert not marked(ax, "still in the call")
    assert marked(ax, "open end")
