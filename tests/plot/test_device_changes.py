"""Devices: what was there, what was in use, what vanished."""

from __future__ import annotations

import pytest

from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from tests.plot.drawn import at, days, legend, marked, message, table


def changes(*rows):
    names = ("peer_id", "timestamp", "change", "kind", "device_id", "label")
    return table("device_changes", [dict(zip(names, row, strict=True)) for row in rows])


HEADSET = ("audioinput", "h", "Headset")
BUILT_IN = ("audioinput", "b", "Built-in")
STORY = changes(
    ("p1", at(0), "added", *HEADSET),
    ("p1", at(0), "added", *BUILT_IN),
    ("p1", at(1), "selected", *HEADSET),
    ("p1", at(50), "removed", *HEADSET),
    ("p1", at(51), "selected", *BUILT_IN),
    ("p1", at(60), "added", "videoinput", "c", "Camera"),
    ("p1", at(100), "removed", "videoinput", "c", "Camera"),
)


def spans(ax, gid):
    labels = [one.get_text() for one in ax.get_yticklabels()]
    return {
        labels[round(one.get_y() + one.get_height() / 2)]: (one.get_x(), one.get_x() + one.get_width())
        for one in marked(ax, gid)
    }


def near(*moments):
    return pytest.approx(tuple(days(*moments)), rel=0, abs=1e-8)


def test_a_device_is_there_from_added_to_removed():
    there = spans(plot.device_changes(STORY), "there")
    assert there["microphone: Headset"] == near(at(0), at(50))
    assert there["camera: Camera"] == near(at(60), at(100))


def test_what_was_in_use_ends_with_the_next_selection_or_the_loss():
    used = spans(plot.device_changes(STORY), "in use")
    assert used["microphone: Headset"] == near(at(1), at(50))
    assert used["microphone: Built-in"] == near(at(51), at(100))
    assert "camera: Camera" not in used


def test_what_vanished_in_use_is_told_from_what_merely_vanished():
    ax = plot.device_changes(STORY)
    (hurt,) = marked(ax, "vanished in use")
    harmless = [one for one in marked(ax, "vanished") if one.get_gid() == "vanished"]
    assert list(hurt.get_xdata()) == pytest.approx(days(at(50)), rel=0, abs=1e-8)
    assert [list(one.get_xdata()) for one in harmless] == [pytest.approx(days(at(100)), rel=0, abs=1e-8)]
    assert "vanished while in use" in legend(ax)
    assert "vanished in use" in [one.get_text() for one in ax.texts]
    assert hurt.get_markersize() > harmless[0].get_markersize()


def test_open_ends_reach_to_where_the_participant_left():
    people = table("participants", [{"peer_id": "p1", "display_name": "Alma", "joined_at": at(0), "left_at": at(200)}])
    there = spans(plot.device_changes({"device_changes": STORY, "participants": people}), "there")
    assert there["microphone: Built-in"] == near(at(0), at(200))


def test_a_device_known_only_by_its_removal_was_there_before():
    ax = plot.device_changes(
        changes(("p1", at(0), "added", *BUILT_IN), ("p1", at(30), "removed", "videoinput", "c", "Camera"))
    )
    assert spans(ax, "there")["camera: Camera"] == near(at(0), at(30))
    assert len(marked(ax, "open start")) == 1
    assert "there before the first update" in legend(ax)


def test_an_update_at_the_same_moment_as_the_removal_is_read_in_the_order_of_life():
    ax = plot.device_changes(
        changes(
            ("p1", at(0), "selected", *HEADSET),
            ("p1", at(0), "added", *HEADSET),
            ("p1", at(9), "selected", *BUILT_IN),
            ("p1", at(9), "removed", *HEADSET),
        )
    )
    assert marked(ax, "vanished in use")
    assert spans(ax, "in use")["microphone: Headset"] == near(at(0), at(9))


def test_people_are_headings_and_devices_without_a_label_have_their_id():
    frame = changes(("p1", at(0), "added", "audiooutput", "0123456789", ""), ("p2", at(1), "added", *BUILT_IN))
    people = table("participants", [{"peer_id": "p1", "display_name": "Alma"}, {"peer_id": "p2", "display_name": "Bo"}])
    ax = plot.device_changes({"device_changes": frame, "participants": people})
    words = [one.get_text() for one in ax.get_yticklabels()]
    assert words == ["Alma", "speaker: no name (01234567)", "Bo", "microphone: Built-in"]
    assert ax.get_yticklabels()[0].get_fontweight() == "bold"


def test_kinds_and_people_can_be_chosen(uplink):
    ax = plot.device_changes(uplink, participants="Chen", kind="videoinput")
    words = [one.get_text() for one in ax.get_yticklabels()]
    assert words[0] == "Chen"
    assert len(words) == 2
    assert words[1].startswith("camera")
    with pytest.raises(InvalidArgumentError, match=r"no kind 'camera'.*videoinput"):
        plot.device_changes(uplink, kind="camera")


def test_no_updates_are_not_the_same_as_no_devices(nothing):
    assert "not the same as no devices" in message(plot.device_changes(nothing))


def test_updates_without_a_time_are_counted_not_drawn():
    ax = plot.device_changes(changes(("p1", at(0), "added", *BUILT_IN), ("p1", None, "removed", *BUILT_IN)))
    assert not marked(ax, "vanished")
    assert [one.get_text() for one in marked(ax, "footnote")] == ["1 updates without a time are not drawn"]


def test_only_updates_without_a_time_are_told_in_words():
    assert message(plot.device_changes(changes(("p1", None, "removed", *BUILT_IN))))


def test_of_very_many_devices_those_that_mattered_stay():
    many = [("p1", at(i), "added", "audioinput", f"d{i}", f"Device {i}") for i in range(60)]
    ax = plot.device_changes(changes(*many, ("p1", at(99), "selected", "audioinput", "d7", "Device 7")))
    assert [one.get_text() for one in ax.get_yticklabels()] == ["participant p1", "microphone: Device 7"]
    assert any("59 devices" in one for one in legend(ax))
