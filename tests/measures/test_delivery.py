"""What one end sent against what the other received."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rtkit_explore.call import Call
from rtkit_explore.measures.delivery import CumulativeCount, delivery
from rtkit_explore.store.documents import CallDocuments

if TYPE_CHECKING:
    from pathlib import Path


def delivered(folder: Path):
    reports = {path.stem.removeprefix("peer-report-"): path.read_bytes() for path in folder.glob("peer-*.json")}
    call = Call(CallDocuments(reports=reports))
    return call, delivery(call.quality)


def test_what_was_counted_between_two_times_is_read_in_a_straight_line():
    ends = np.array([0, 7, 14, 21]) * 1_000_000
    counted = CumulativeCount(ends, np.array([np.nan, 350.0, 0.0, 350.0]), np.array([False, True, True, True]))
    got = counted.within(np.array([3.5e6, 7e6, -7e6]), np.array([17.5e6, 14e6, 7e6]))
    assert got[:2] == pytest.approx([350.0, 0.0])
    assert np.isnan(got[2])  # half of it was never covered


@pytest.mark.parametrize("name", ["clean", "sfu-clean", "sfu-downlink"])
def test_sound_agrees_within_a_few_packets_over_minutes(recordings, name):
    _, audit = delivered(recordings / name)
    sound = audit[audit["media"] == "audio"]
    assert len(sound) in (2, 6)
    assert sound["unaccounted"].abs().max() <= 5
    assert sound["sent"].min() > 6000


def test_packets_of_an_outage_are_neither_received_nor_lost(recordings):
    _, audit = delivered(recordings / "blackout")
    sound = audit[audit["media"] == "audio"]
    assert sound["lost"].sum() == 0
    assert sound["unaccounted"].between(680, 720).all()  # 14 s of 50 packets a second


def test_lost_packets_are_accounted_for(recordings):
    call, audit = delivered(recordings / "loss")
    row = audit[(audit["media"] == "audio") & (audit["lost"] > 0)].iloc[0]
    assert row["lost"] > 300
    assert abs(row["unaccounted_pct"]) < 0.5
    assert row["remote_peer_id"] in set(call.quality["peer_id"])


def test_a_call_without_both_ends_has_no_audit_but_all_columns(recordings):
    path = next((recordings / "clean").glob("peer-*.json"))
    call = Call(CallDocuments(reports={"one": path.read_bytes()}))
    audit = delivery(call.quality)
    assert audit.empty
    assert {"sent", "received", "lost", "unaccounted"} <= set(audit.columns)
    assert str(audit["start"].dtype) == "datetime64[us, UTC]"
