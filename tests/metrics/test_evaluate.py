"""Metrics held against labels: skill, chance, rejoins, and what is refused."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.legend import Legend

mpl.use("Agg")
import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.metrics.agreement import Draws, auc, calibration, roc, spearman

SIZE = 120


def study(*, skill=1.0, size=SIZE, seed=1, per_call=2):
    """Make values of participants and ratings that follow them, or not."""
    rng = np.random.default_rng(seed)
    loss = rng.gamma(1.0, 2.0, size)
    rating = np.clip(np.round(5 - skill * loss / 1.5 + rng.normal(0, 0.7, size)), 1, 5)
    if not skill:
        rating = rng.integers(1, 6, size).astype("float64")
    values = pd.DataFrame({
        "session_id": [f"s{n // per_call}" for n in range(size)], "peer_id": [f"p{n}" for n in range(size)],
        "user_id": [f"u{n}" for n in range(size)], "custom_participant_id": [f"00{n}" for n in range(size)],
        "lost": loss, "known_s": 300.0, "score": np.clip(rng.normal(0.9, 0.1, size), 0, 1),
    })  # fmt: skip
    labels = values[["session_id", "peer_id", "user_id", "custom_participant_id"]].assign(rating=rating)
    return values, labels


def evaluated(values, labels, **more):
    return rtk.evaluate(values, labels, **{"bad": 2, "metric": "lost", "draws": 300, **more})


def test_skill_is_called_skill_and_beats_a_reported_score_of_noise():
    result = evaluated(*study())
    mine, reported = result.table.iloc[0], result.table.iloc[1]
    assert (mine["metric"], mine["verdict"]) == ("lost", "skill")
    assert mine["auc"] > 0.9
    assert mine["auc_low"] > 0.8
    assert mine["p_chance"] < 0.01
    assert (reported["metric"], reported["verdict"]) == ("reported score", "chance")
    assert mine["auc_over_score_low"] > 0
    assert "better than chance" in result.text
    assert "Better than the reported score" in result.text
    assert "reported score: no better than chance" in result.text


def test_noise_is_seldom_called_skill_and_its_chance_is_even():
    # 40 metrics of noise, held against the same labels: about one in twenty may look like skill, not more.
    values, labels = study()
    rng = np.random.default_rng(5)
    chances = []
    for _ in range(40):
        result = evaluated(values.assign(lost=rng.normal(size=SIZE)).drop(columns="score"), labels, draws=200)
        chances.append(result.table.iloc[0]["p_chance"])
        if result.table.iloc[0]["verdict"] == "chance":
            assert "no better than chance" in result.text
    assert np.mean(np.array(chances) < 0.05) <= 0.15
    assert 0.3 < np.mean(chances) < 0.7


def test_labels_dealt_out_anew_give_chance():
    values, labels = study()
    rng = np.random.default_rng(2)
    shuffled = [
        evaluated(values, labels.assign(rating=rng.permutation(labels["rating"])), draws=150).table.iloc[0]
        for _ in range(10)
    ]
    assert np.mean([row["auc"] for row in shuffled]) == pytest.approx(0.5, abs=0.07)
    assert sum(row["verdict"] == "skill" for row in shuffled) <= 2


def test_values_the_wrong_way_round_are_called_so():
    values, labels = study()
    result = evaluated(values, labels, worse="low")
    assert result.table.iloc[0]["verdict"] == "wrong way round"
    assert "worse='low'" in result.text


def test_few_labels_are_too_few_however_good_they_look():
    values, labels = study(size=16)
    result = evaluated(values, labels)
    assert set(result.table["verdict"]) == {"too few"}
    assert "too few labels" in result.text
    assert "better than chance" not in result.text


def test_labels_of_one_call_are_drawn_together():
    # 6 calls of 20 people who rate alike: the interval of 120 labels is that of 6.
    values, labels = study(per_call=20)
    assert evaluated(values, labels).table.iloc[0]["verdict"] == "too few"
    wide = evaluated(*study(per_call=10)).table.iloc[0]
    assert wide["clusters"] == 12


def test_a_csv_is_matched_by_any_key_and_ids_stay_text(tmp_path):
    values, labels = study()
    for key in ("custom_participant_id", "user_id", "peer_id"):
        file = tmp_path / f"{key}.csv"
        labels[[key, "rating"]].to_csv(file, index=False)
        result = evaluated(values, file)
        assert result.unmatched["labels"] == 0, key
        assert result.table.iloc[0]["auc"] == evaluated(values, labels).table.iloc[0]["auc"]
        assert result.table.iloc[0]["clusters"] == SIZE / 2


def test_a_rating_of_a_call_is_held_against_the_call():
    values, labels = study(per_call=1)
    result = evaluated(values[["session_id", "lost", "known_s"]], labels[["session_id", "rating"]])
    assert result.table.iloc[0]["labels"] == SIZE


def test_one_rating_of_somebody_who_joined_twice_is_held_against_both_by_time():
    values, labels = study()
    again = values.iloc[[0]].assign(peer_id="again", lost=values["lost"].iloc[0] + 10, known_s=100.0)
    both = pd.concat([values, again], ignore_index=True)
    result = evaluated(both, labels.drop(columns="peer_id"))
    assert result.unmatched["several"] == 1
    assert result.joined["lost"].iloc[0] == pytest.approx(values["lost"].iloc[0] + 2.5)
    assert len(result.joined) == SIZE
    assert "joined several times" in result.text


def test_what_has_no_counterpart_is_counted():
    values, labels = study()
    extra = pd.concat([labels, labels.iloc[:3].assign(user_id="nobody", peer_id="x", custom_participant_id="y")])
    result = evaluated(values.iloc[5:], extra)
    assert result.unmatched["labels"] == 8
    assert "8 labels have no value" in result.text
    assert evaluated(values, labels.iloc[5:]).unmatched["values"] == 5


def test_several_metrics_are_compared_and_the_text_warns_of_the_best():
    values, labels = study()
    noise = values.drop(columns="lost").assign(noise=np.random.default_rng(0).normal(size=SIZE))
    noise.attrs["metric"] = {"name": "noise", "worse": "high"}
    values.attrs["metric"] = {"name": "lost", "worse": "high"}
    result = rtk.evaluate([values, noise], labels, bad="<= 2", draws=200)
    assert list(result.table["metric"]) == ["lost", "noise", "reported score"]
    assert "2 metrics were tried" in result.text


def test_a_metric_of_recorded_calls_is_evaluated(recorded):
    names = ["clean", "loss", "sfu-clean", "sfu-uplink", "sfu-downlink", "bandwidth"]
    values = rtk.metrics.mos_narrow([recorded(name) for name in names], by="participant", how="worst_tenth")
    truth = values[["peer_id"]].assign(bad=(values["mos_narrow"] < 3).to_numpy())
    result = rtk.evaluate(values, truth, draws=100)
    row = result.table.iloc[0]
    assert (row["metric"], row["worse"], row["auc"]) == ("mos_narrow", "low", 1.0)
    assert row["verdict"] == "too few"


def test_a_picture():
    result = evaluated(*study())
    axes = rtk.plot.evaluation(result)
    assert axes.shape == (2,)
    texts = [text.get_text() for legend in axes[0].figure.findobj(Legend) for text in legend.get_texts()]
    assert any(text.startswith("lost: AUC 0.9") for text in texts)
    assert "chance" in texts
    with pytest.raises(InvalidArgumentError, match=r"rtk\.evaluate"):
        rtk.plot.evaluation(result.table)
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"labels": pd.DataFrame({"rating": [1]})}, "no key in common"), ({"bad": 9}, "are bad"), ({"bad": None}, "Which labels"),
     ({"bad": "soon"}, "are good"), ({"label": "stars"}, "no column"), ({"worse": "up"}, "high"), ({"draws": 3}, "100"),
     ({"cluster": "app"}, "no column"), ({"labels": "none.csv"}, "cannot be read"), ({"labels": 3}, "CSV"),
     ({"metric": "nothing", "values": pd.DataFrame({"peer_id": ["p1"], "a": [1.0], "b": [1.0]})}, "metric="),
     ({"labels": pd.DataFrame({"peer_id": ["x"], "rating": [1]})}, "No label matches")],
)  # fmt: skip
def test_questions_that_mean_nothing_are_refused(change, said):
    values, labels = study()
    arguments = {"values": values, "labels": labels, "bad": 2, "metric": "lost", **change}
    with pytest.raises(InvalidArgumentError, match=said):
        rtk.evaluate(arguments.pop("values"), arguments.pop("labels"), **arguments)


def test_intervals_are_refused_because_labels_are_of_people(recorded):
    values = rtk.metrics.mos_narrow(recorded("loss"))
    with pytest.raises(InvalidArgumentError, match="roll the metric up"):
        rtk.evaluate(values, values[["peer_id"]].drop_duplicates().assign(bad=[True, False]))


# The figures themselves -----------------------------------------------------------------------------------------------

pairs = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: len({bad for _, bad in rows}) == 2
)


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_the_area_is_the_share_of_pairs_in_the_right_order(rows):
    values = np.array([float(value) for value, _ in rows])
    bad = np.array([one for _, one in rows])
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in values[bad] for b in values[~bad]]
    assert auc(values, bad) == pytest.approx(np.mean(wins))
    curve = roc(values, bad)
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"]) if hasattr(np, "trapezoid") else None
    assert area is None or area == pytest.approx(np.mean(wins))


@settings(max_examples=60, deadline=None)
@given(pairs, st.integers(0, 3))
def test_a_row_of_weight_two_counts_twice(rows, extra):
    values = np.array([float(value) for value, _ in rows])
    bad = np.array([one for _, one in rows])
    weight = 1.0 + (np.arange(len(rows)) % (extra + 1))
    repeated = np.repeat(np.arange(len(rows)), weight.astype(int))
    assert auc(values, bad, weight) == pytest.approx(auc(values[repeated], bad[repeated]))
    one = spearman(values, bad.astype(float), weight)
    two = spearman(values[repeated], bad[repeated].astype(float))
    assert (np.isnan(one) and np.isnan(two)) or one == pytest.approx(two)


def test_spearman_is_that_of_pandas():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 50).astype(float), rng.integers(0, 5, 50).astype(float)
    assert spearman(a, b) == pytest.approx(pd.Series(a).rank().corr(pd.Series(b).rank()))
    assert np.isnan(spearman(np.ones(4), b[:4]))


def test_calibration_counts_every_label_once_and_its_interval_holds_the_share():
    rng = np.random.default_rng(0)
    table = calibration(rng.normal(size=103), rng.random(103) < 0.3)
    assert table["labels"].sum() == 103
    assert (table["bad_low"] <= table["bad_share"]).all()
    assert (table["bad_share"] <= table["bad_high"]).all()
    assert table["value"].is_monotonic_increasing


def test_permuted_labels_are_the_same_labels():
    draws = Draws(pd.Series(list("aaabbcdddd")), 50, 0)
    labels = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], dtype=bool)
    dealt = list(draws.permuted(labels))
    assert all(one.sum() == labels.sum() for one in dealt)
    assert len({tuple(one) for one in dealt}) > 5
