"""Known intervals with both ends' figures on one clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures import intervals
from tests.findings.room import Room


def heard(call, **options):
    known = intervals(call, **options)
    return known[(known["media"] == "audio") & (known["direction"] == "consumer")]


def test_first_samples_gaps_and_resets_are_left_out(recorded):
    quality = recorded("sfu-uplink").quality
    known = intervals(recorded("sfu-uplink"))
    assert len(known) == (~(quality["first"] | quality["gap"] | quality["reset"])).sum()
    assert known["interval_s"].notna().all()
    assert known.index.is_unique
    assert (quality.loc[known.index, "end"] == known["end"]).all()


def test_what_is_received_knows_what_was_sent_at_that_time(recorded):
    table = heard(recorded("sfu-clean"))
    assert table["other_packets"].notna().mean() > 0.9
    assert (table["packets"] - table["other_packets"]).abs().median() <= 2
    # The other way round, too: the sender knows the mean of its receivers.
    known = intervals(recorded("sfu-downlink"))
    sent = known[(known["media"] == "audio") & (known["direction"] == "producer")]
    assert sent["other_loss_pct"].max() > 3
    assert sent["loss_pct"].max() == 0


def test_the_round_trip_stands_on_what_is_received(recorded):
    table = heard(recorded("sfu-clean"))
    assert recorded("sfu-clean").quality.loc[table.index, "rtt_ms"].isna().all()
    assert table["rtt_ms"].between(40, 50).mean() > 0.9
    assert table["other_rtt_ms"].between(40, 50).mean() > 0.9


def test_a_clock_that_is_off_is_taken_off():
    # Boris's uplink loses packets in rows 10 to 15; Alma's clock is 150 s ahead of his.
    ahead = {"Alma": 150.0}
    room = Room(clocks=dict(ahead))
    room.sent("Boris")["packets"][10:16] = 100
    right = heard(room.call.quality, clock_ahead_s=ahead)
    wrong = heard(room.call.quality, clock_ahead_s={})
    for table, expected in ((right, True), (wrong, False)):
        of_boris = table[(table["peer_id"] == "Alma") & (table["remote_peer_id"] == "Boris")]
        assert (np.flatnonzero(of_boris["other_packets"] == 100).tolist() == list(range(9, 15))) is expected


def test_layers_of_simulcast_are_one_row():
    room = Room()
    quality = room.call.quality
    layer = quality[
        (quality["peer_id"] == "Alma") & (quality["media"] == "video") & (quality["direction"] == "producer")
    ]
    doubled = pd.concat([quality, layer.assign(ssrc=99, width=1280.0)], ignore_index=True)
    one, two = intervals(quality, clock_ahead_s={}), intervals(doubled, clock_ahead_s={})
    assert len(one) == len(two)
    merged = two[(two["peer_id"] == "Alma") & (two["media"] == "video") & (two["direction"] == "producer")]
    assert (merged["packets"].to_numpy() == 2 * layer["packets"].to_numpy()[1:]).all()
    assert (merged["width"] == 1280).all()
    assert (merged["loss_pct"] == 0).all()


def test_of_a_narrowed_call_the_other_ends_are_known(recorded):
    whole = recorded("sfu-downlink")
    part = whole.only(participants="Chen", media="audio")
    table = heard(part)
    assert set(table["peer_id"]) == {whole.peer("Chen")}
    assert table["other_packets"].notna().mean() > 0.9
    assert (part.quality.loc[table.index, "end"] == table["end"]).all()


def test_media_narrow_what_is_returned_and_not_what_is_known(recorded):
    full, narrow = heard(recorded("sfu-uplink")), intervals(recorded("sfu-uplink"), media=("audio",))
    narrow = narrow[narrow["direction"] == "consumer"]
    pd.testing.assert_frame_equal(full, narrow)


def test_a_table_with_fewer_columns_is_read_as_well(recorded):
    quality = recorded("loss").quality
    few = quality[["session_id", "peer_id", "media", "direction", "stream_id", "ssrc", "end", "interval_s", "loss_pct"]]
    assert intervals(few, clock_ahead_s={})["other_packets"].isna().all()


def test_what_is_no_table_of_intervals_is_refused(recorded):
    with pytest.raises(InvalidArgumentError, match="lacks"):
        intervals(recorded("loss").samples)
    with pytest.raises(InvalidArgumentError, match="no such table"):
        intervals({"events": recorded("loss").events})


def test_an_empty_table_gives_an_empty_one_with_its_columns(recorded):
    empty = intervals(recorded("loss").quality.iloc[:0])
    assert empty.empty
    assert {"other_loss_pct", "rtt_ms", "clock_ahead_s", "direct"} <= set(empty.columns)
    assert rtk.measures.scores(recorded("loss").quality.iloc[:0]).empty
