"""The E-model and the client's score against published and hand-worked values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rtkit_explore.call import Call
from rtkit_explore.measures.scores import client_score, mos, mos_of_r, r_factor, ramp, scores_of
from rtkit_explore.store.documents import CallDocuments

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("r", "expected"),
    # ITU-T G.107 table B.1: R 90 to 50 and the MOS that go with them.
    [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (-20, 1.0), (100, 4.5), (130, 4.5)],
)
def test_the_published_table_from_r_to_mos(r, expected):
    assert mos_of_r(r) == pytest.approx(expected, abs=0.01)


def test_the_default_rating_is_the_published_one():
    assert r_factor(0.0) == pytest.approx(93.2)
    assert mos(0.0) == pytest.approx(4.41, abs=0.005)


def test_the_delay_term_by_hand_at_100_and_300_ms():
    assert r_factor(0.0, 100) == pytest.approx(93.2 - 2.4)
    assert r_factor(0.0, 300) == pytest.approx(93.2 - 0.024 * 300 - 0.11 * (300 - 177.3))


def test_the_score_never_rises_with_delay():
    # A bracket left out of 0.1 * (d - 150) makes it jump to perfect beyond 160 ms.
    delays = np.arange(0, 2000, 10.0)
    assert (np.diff(mos(0.0, delays)) <= 0).all()
    assert mos(0.0, 400) < mos(0.0, 150) - 0.5


def test_loss_is_in_percent():
    assert r_factor(10.0) == pytest.approx(93.2 - 95 * 10 / 20)
    assert mos(10.0) < 2.6
    assert mos(0.1) > 4.3


def test_the_ramp_is_whole_below_nothing_above_straight_between_and_whole_where_unknown():
    assert ramp([0.01, 0.02, 0.025, 0.03, 1.0, np.nan, -0.025], 0.02, 0.03, 0.3) == pytest.approx(
        [0.3, 0.3, 0.15, 0, 0, 0.3, 0.15]
    )


@pytest.mark.parametrize("name", ["clean", "loss", "bandwidth", "blackout", "sfu-uplink", "sfu-downlink"])
def test_the_clients_score_is_recomputed_as_recorded(recordings: Path, name):
    call = Call(
        CallDocuments(reports={path.stem: path.read_bytes() for path in (recordings / name).glob("peer-*.json")})
    )
    quality = call.quality
    again = client_score(quality)
    known = ~np.isnan(again) & quality["score"].notna().to_numpy() & ~quality["negative_loss"].to_numpy(dtype=bool)
    difference = np.abs(again - quality["score"].to_numpy())[known]
    assert known.sum() > 100
    assert np.quantile(difference, 0.98) < 0.02


def test_what_was_heard_and_what_was_sent_are_scored_apart_and_say_which_delay_counted(recordings: Path):
    call = Call(
        CallDocuments(reports={path.stem: path.read_bytes() for path in (recordings / "loss").glob("peer-*.json")})
    )
    quality = call.quality
    scores = scores_of(quality)
    assert scores.index.equals(quality.index)
    audio = quality["media"] == "audio"
    assert scores.loc[~audio, "mos"].isna().all()
    heard = audio & (quality["direction"] == "consumer") & quality["buffer_ms"].notna()
    assert set(scores.loc[heard, "delay_counted"]) == {"buffer"}
    trips = scores_of(quality, round_trips=quality.groupby("peer_id")["rtt_ms"].median())
    assert set(trips.loc[heard, "delay_counted"]) == {"network and buffer"}
    assert (trips.loc[heard, "mos"] <= scores.loc[heard, "mos"]).all()
    lossy = quality["loss_pct"] > 8
    assert scores.loc[audio & lossy, "mos"].max() < 3 < scores.loc[audio & (quality["loss_pct"] == 0), "mos"].min()
