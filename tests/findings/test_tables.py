"""The tables are always whole and typed, and nothing that a report can hold brings the engine down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.findings.evaluate import findings_of
from rtkit_explore.findings.overview import overview_of
from rtkit_explore.findings.profiles import PROFILES
from rtkit_explore.findings.rules import RULES
from rtkit_explore.findings.verdicts import story_text, verdicts_of
from rtkit_explore.store.documents import CallDocuments
from tests.findings.room import Room

COLUMNS = [
    "session_id", "rule", "severity", "peer_id", "display_name", "media", "direction", "stream_id", "start", "end", "value",
    "threshold", "unit", "profile", "source", "side", "side_peer_id", "confidence", "evidence_for", "evidence_against",
    "first_row", "last_row", "story", "next_step",
]  # fmt: skip


def dtypes(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_findings_have_their_columns_in_order_also_when_there_are_none():
    empty, some = Room().findings(), Room()
    some.lose("Boris", "Alma", slice(10, 16), 0.2)
    assert list(empty.columns) == COLUMNS
    assert empty.empty
    assert dtypes(empty) == dtypes(some.findings())
    assert str(empty["start"].dtype) == "datetime64[us, UTC]"
    assert list(empty["severity"].cat.categories) == ["note", "warn", "bad"]


def test_the_schema_lists_findings_verdicts_and_overview():
    schema = rtk.schema()
    assert list(schema.query("table == 'findings'")["column"]) == COLUMNS
    assert {"verdicts", "overview"} <= set(schema["table"])


def test_a_call_of_nothing_is_unclassified_and_tells_so():
    call = Call(CallDocuments())
    assert call.findings().empty
    assert list(call.verdicts()["verdict"]) == ["unclassified"]
    assert call.overview().empty
    assert "Too little is known" in call.story()


@pytest.mark.parametrize("size", [1, 2])
def test_a_report_of_one_or_two_samples_is_too_little(size):
    room = Room(size=size)
    assert set(room.findings()["rule"]) <= {"too_little"}
    assert set(room.verdicts()["verdict"]) == {"unclassified"}


@pytest.mark.parametrize("profile", list(PROFILES))
def test_every_profile_judges_every_kind_of_trouble(profile):
    room = Room()
    # Some judge samples, some the stream as a whole: this lasts.
    room.lose("Boris", "Alma", slice(4, None), 0.2)
    room.sent("Alma")["rtt"][4:] = 0.9
    found = room.findings(profile)
    assert set(found["rule"]) <= {rule.name for rule in RULES}
    assert set(found["profile"]) == {profile}
    assert {"loss_in"} <= set(found["rule"])


NUMBERS = st.sampled_from([np.nan, 0.0, 1.0, 350.0, -5.0, 1e12, 0.03])


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_the_samples_hold_the_tables_come_out_whole(data):
    room = Room(people=("Alma", "Boris"), size=data.draw(st.integers(1, 9)))
    for made in room.streams.values():
        for name in data.draw(
            st.lists(
                st.sampled_from([name for name in made if name not in ("keep", "quality_limitation_reason")]),
                max_size=4,
            )
        ):
            values = data.draw(st.lists(NUMBERS, min_size=room.size, max_size=room.size))
            made[name] = np.array(values)
        keep = data.draw(st.lists(st.booleans(), min_size=room.size, max_size=room.size))
        made["keep"] = np.array(keep)
    found = room.findings()
    assert list(found.columns) == COLUMNS
    assert found["story"].notna().all()
    assert found["side"].notna().all()
    order = found["severity"].cat.codes.to_numpy()
    assert (np.diff(order) <= 0).all()
    rows = found.dropna(subset=["first_row"])
    assert (rows["first_row"] <= rows["last_row"]).all()
    assert (rows["last_row"] < len(room.call.quality)).all()
    assert list(verdicts_of(room.call)["subject"]) == ["call", "participant", "participant"]
    assert len(overview_of(room.call)) == 2
    assert story_text(room.call)


@pytest.mark.parametrize("column", ["packets", "packets_lost", "bytes", "jitter", "rtt", "frames", "jitter_buffer_delay",
                                    "frames_per_second", "frame_width", "quality_limitation_durations_bandwidth"])  # fmt: skip
def test_a_measure_that_a_browser_never_reports_raises_nothing(column):
    room = Room()
    for made in room.streams.values():
        if column in made:
            made[column] = np.full(room.size, np.nan)
    found = findings_of(room.call)
    assert found[found["severity"] != "note"].empty


def test_all_samples_at_one_time_raise_nothing():
    room = Room()
    quality = room.call.quality
    quality["end"], quality["interval_s"] = quality["end"].iloc[0], np.nan
    assert findings_of(room.call).query("severity != 'note'").empty
