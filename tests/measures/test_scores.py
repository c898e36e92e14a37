"""The E-model and the client's score against published and hand-worked values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.scores import (
    CODECS,
    client_score,
    delay_of,
    heard_loss,
    mos,
    mos_of_r,
    opus_impairment,
    r_factor,
    ramp,
    scores,
)
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


def test_the_maximum_is_that_of_the_band():
    assert mos(0.0) == pytest.approx(4.41, abs=0.005)
    assert mos(0.0, band="wide") == pytest.approx(4.5)
    # G.107.1 annex A: a wide-band R of 129 is a MOS of 4.5, and half of it that of an R of 50.
    assert mos_of_r(64.5, band="wide") == pytest.approx(mos_of_r(50.0))


def test_what_g113_says_of_codecs_and_what_it_does_not():
    assert (CODECS["g711"].bpl, CODECS["g711-plc"].bpl, CODECS["gsm-efr"].bpl) == (4.3, 25.1, 10.0)
    assert "G.113 has no Opus" in CODECS["opus"].source
    assert r_factor(10.0, codec="opus-fec") == pytest.approx(93.2 - 95 * 10 / 30)
    assert r_factor(5.0, ie=11.0, bpl=19.0) == pytest.approx(93.2 - (11 + 84 * 5 / 24))
    assert opus_impairment([24.0, 500.0, np.nan, 0.0]) == pytest.approx([55 - 4.6 * np.log(24000), 0.0, 6.0, 6.0])


@pytest.mark.parametrize(
    ("arguments", "said"), [({"band": "broad"}, "narrow"), ({"codec": "mp3"}, "opus"), ({"loss_pct": 101}, "percent")]
)
def test_what_means_nothing_is_refused(arguments, said):
    with pytest.raises(InvalidArgumentError, match=said):
        mos(**{"loss_pct": 1.0, **arguments})


def test_what_was_heard_and_what_was_sent_are_scored_apart_and_say_which_delay_counted(recordings: Path):
    call = recorded_call(recordings, "loss")
    table = scores(call)
    audio = table["media"] == "audio"
    assert table.loc[~audio, "mos"].isna().all()
    heard = audio & (table["direction"] == "consumer")
    assert set(table.loc[heard, "delay_counted"]) == {"network and buffer"}
    assert set(table.loc[audio & ~heard, "delay_counted"]) == {"network"}
    wide = scores(call, band="wide")
    assert (wide.loc[heard, "mos"] > table.loc[heard, "mos"]).all()
    assert table.loc[heard, "mos"].min() < 2.5 < 4.2 < table.loc[heard, "mos"].max() <= 4.41


def test_without_a_server_the_way_counts_once(recordings: Path):
    # "clean" is a direct call of 20 ms each way, "sfu-clean" goes over a server, 20 ms to it and 20 ms from it.
    for name, expected in (("clean", 20), ("sfu-clean", 40)):
        call = recorded_call(recordings, name)
        known = rtk.measures.intervals(call)
        heard = known[(known["media"] == "audio") & (known["direction"] == "consumer")]
        network = delay_of(heard)[0] - heard["buffer_ms"].to_numpy()
        assert np.median(network) == pytest.approx(expected, abs=4), name


def test_an_outage_is_heard_as_one_although_nothing_counts_as_lost(recordings: Path):
    known = rtk.measures.intervals(recorded_call(recordings, "blackout"))
    heard = known[(known["media"] == "audio") & (known["direction"] == "consumer")]
    silent = heard["packets"] == 0
    assert silent.any()
    assert heard.loc[silent, "loss_pct"].isna().all()
    assert (heard_loss(heard)[silent] == 100).all()
    clean = rtk.measures.intervals(recorded_call(recordings, "clean"))
    assert np.nanmax(heard_loss(clean)) < 1


def recorded_call(recordings: Path, name: str) -> Call:
    return Call(
        CallDocuments(reports={path.stem: path.read_bytes() for path in (recordings / name).glob("peer-*.json")})
    )
