"""Whose clock is off, and by how much; and where that cannot be told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from rtkit_explore.call import Call
from rtkit_explore.measures.clock_offsets import clock_offsets, match
from rtkit_explore.store.documents import CallDocuments

if TYPE_CHECKING:
    from pathlib import Path


def call_of(folder: Path) -> Call:
    return Call(
        CallDocuments(
            participants=(folder / "participants.json").read_bytes(),
            reports={path.stem.removeprefix("peer-report-"): path.read_bytes() for path in folder.glob("peer-*.json")},
        )
    )


def ahead(table: pd.DataFrame, peer: str, seconds: float, *columns: str) -> pd.DataFrame:
    moved = table.copy()
    mine = moved["peer_id"] == peer
    for name in columns:
        moved.loc[mine, name] = moved.loc[mine, name] + pd.Timedelta(seconds=seconds)
    return moved


@pytest.mark.parametrize("lag", [0.0, 3.0, 87.0, -140.5])
def test_bytes_that_follow_the_voice_show_the_lag(lag):
    rng = np.random.default_rng(3)
    each_second = rng.gamma(4, 800, 900)
    ends = np.arange(7.0, 900, 7)
    total = np.concatenate([[0], np.cumsum(each_second)])
    sent = (ends, np.diff(np.interp(np.concatenate([[0], ends]), np.arange(901), total)))
    there = np.arange(10.0, 890, 7)
    got = (there + lag, np.diff(np.interp(np.concatenate([[3.0], there]), np.arange(901), total)))
    assert match(sent, got) == pytest.approx(lag, abs=1.0)


def test_where_nothing_varies_no_offset_is_made_up():
    ends = np.arange(7.0, 300, 7)
    assert match((ends, np.full(len(ends), 9000.0)), (ends, np.full(len(ends), 9000.0))) is None


@pytest.mark.parametrize("name", ["clean", "sfu-clean", "sfu-uplink"])
def test_clocks_of_one_machine_agree(recordings, name):
    call = call_of(recordings / name)
    offsets = clock_offsets(call.quality, call.participants, call.events)
    assert offsets["offset_s"].abs().max() < 5


@pytest.mark.parametrize("seconds", [95.0, -60.0])
def test_a_clock_that_was_set_wrong_is_found(recordings, seconds):
    call = call_of(recordings / "sfu-uplink")
    boris = next(peer for peer, name in call.names.items() if name == "Boris")
    quality = ahead(call.quality, boris, seconds, "start", "end")
    events = ahead(call.events, boris, seconds, "timestamp")
    offsets = clock_offsets(quality, call.participants, events).set_index("peer_id")
    assert offsets.loc[boris, "offset_s"] == pytest.approx(seconds, abs=5)
    assert offsets.drop(index=boris)["offset_s"].abs().max() < 5


def test_the_list_of_participants_is_not_needed_where_the_voice_tells(recordings):
    call = call_of(recordings / "bandwidth")
    one, two = call.names
    offsets = clock_offsets(ahead(call.quality, two, 40.0, "start", "end")).set_index("peer_id")
    if offsets["estimable"].all():
        assert offsets.loc[two, "offset_s"] - offsets.loc[one, "offset_s"] == pytest.approx(40, abs=2)
    else:
        assert (offsets.loc[~offsets["estimable"], "why"] != "").all()


@pytest.mark.parametrize(("seconds", "told"), [(-60.0, True), (95.0, True), (0.0, False), (4.0, False)])
def test_a_lone_report_from_before_joining_or_after_leaving_has_a_wrong_clock(recordings, seconds, told):
    call = call_of(recordings / "sfu-uplink")
    boris = next(peer for peer, name in call.names.items() if name == "Boris")
    quality = ahead(call.quality, boris, seconds, "start", "end").query("peer_id == @boris")
    events = ahead(call.events, boris, seconds, "timestamp").query("peer_id == @boris")
    offsets = clock_offsets(quality, call.participants, events)
    assert list(offsets["estimable"]) == [told]
    if told:
        assert offsets["offset_s"].iloc[0] == pytest.approx(seconds, abs=15)


def test_a_call_of_one_says_that_it_cannot_be_told(recordings):
    path = next((recordings / "clean").glob("peer-*.json"))
    call = Call(CallDocuments(reports={"one": path.read_bytes()}))
    offsets = clock_offsets(call.quality, call.participants, call.events)
    assert list(offsets["estimable"]) == [False]
    assert offsets["why"].iloc[0]


def test_no_streams_are_compared_where_no_clock_is_trusted_to_compare_with(recordings, monkeypatch):
    call = call_of(recordings / "sfu-clean")
    monkeypatch.setattr(sys.modules[match.__module__], "match", lambda sent, received: pytest.fail("compared in vain"))
    offsets = clock_offsets(call.quality)
    assert len(offsets) == 3
    assert not offsets["estimable"].any()
