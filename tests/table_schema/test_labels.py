"""The words for what the tables hold are complete, and nothing else of the package declares them again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rtkit_explore
from rtkit_explore.table_schema import columns, findings, labels, report
from rtkit_explore.table_schema.describe import TABLES

PACKAGE = Path(rtkit_explore.__file__).parent


def test_every_value_of_a_closed_vocabulary_has_words():
    assert tuple(labels.MEDIA) == columns.MEDIA
    assert tuple(labels.SIDES) == findings.SIDES
    assert tuple(labels.REPORT_STATES) == TABLES["participants"]["report"].categories
    assert set(labels.DEVICE_KINDS) == {"audioinput", "audiooutput", "videoinput"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Alma", "audio", "consumer", "Boris"), "Alma gets audio from Boris"),
        (("Alma", "screenshare_video", "producer"), "Alma sends screen share"),
        (("Alma", "hologram", "consumer"), "Alma gets hologram"),
        (("Alma", None, "producer"), "Alma sends media"),
    ],
)
def test_a_stream_is_said_in_one_way(words, said):
    assert labels.stream_words(*words) == said


def test_a_side_names_the_person_or_the_part_they_play():
    assert labels.side_words("sender_uplink", "Alma") == "Alma's uplink"
    assert labels.side_words("sender_uplink") == "the sender's uplink"
    assert labels.side_words("receiver", "{who} & co") == "{who} & co's own machine"
    assert labels.side_words("nobody's") == labels.side_words(None) == "unknown"


def test_measures_have_titles_units_and_a_worse_end():
    assert (labels.title_of("loss_pct"), labels.unit_of("loss_pct")) == ("packet loss", "%")
    assert labels.low_is_worse("fps")
    assert not labels.low_is_worse("rtt_ms")
    assert labels.title_of("heard_loss_pct", "overview") == "heard: loss"
    assert (labels.title_of("my_own_ms"), labels.unit_of("my_own_ms")) == ("my own", "ms")
    assert labels.cumulative_metric("rtt").title == "round trip"
    assert labels.cumulative_metric("new_one").title == "new one"


@pytest.mark.parametrize("table", ["quality", "streams", "overview"])
def test_no_two_measures_of_a_table_are_called_the_same(table):
    said = [(column.title, column.unit) for column in TABLES[table].columns]
    assert len(said) == len(set(said))


def test_titles_repeat_no_unit_and_no_underscore():
    for table in TABLES.values():
        for column in table.columns:
            assert "_" not in column.title, column
            assert not column.title.endswith((" ms", " pct", " kbps")), column
    assert all("_" not in metric.title.split("(")[0] for metric in report.CUMULATIVE_METRICS.values())


def test_events_and_devices_that_nobody_knows_are_still_said():
    assert labels.event_words("audio_off") == "microphone off"
    assert labels.event_words("new_thing_happened") == "new thing happened"
    assert labels.event_words(None) == "event without a name"
    assert labels.device_kind_words("audioinput") == "microphone"
    assert labels.device_kind_words("smellinput") == labels.device_kind_words(None) == "device"
    assert labels.report_words("missing") == "no report"


def test_personal_is_what_redaction_replaces():
    assert TABLES["clients"]["city"].redaction == "location"
    assert TABLES["clients"]["city"].personal
    assert not TABLES["clients"]["country"].personal
    assert TABLES["quality"]["loss_pct"].redaction == "number"
    assert TABLES["findings"]["story"].personal


def test_no_other_module_says_these_words_by_key():
    """A dict that maps media, device kinds or sides to texts stands in ``labels`` alone."""
    keys = [set(columns.MEDIA), set(labels.DEVICE_KINDS), set(findings.SIDES) - {"unknown"}]
    again = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "labels.py" or "simulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Dict):
                continue
            named = {
                key.value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and value.value not in labels.EVENTS
            }
            again += [f"{path.name}:{node.lineno}" for vocabulary in keys if vocabulary <= named]
    assert again == []
