"""Parts of the model, each against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rtkit_explore.simulator.encoder import SHAPES, audio_bytes, encode_video, steady_counts, whole
from rtkit_explore.simulator.link import (
    LONGEST_STALL_MS,
    STALL_CHANCE,
    TICK,
    Link,
    cover,
    fading_peak,
    gilbert,
    overflow,
    runs_of,
    stalls,
)
from rtkit_explore.simulator.plan import STEP, Impair
from rtkit_explore.simulator.scores import (
    audio_consumer_score,
    audio_producer_score,
    distribution,
    latency,
    packet_loss,
    percent_lost,
    video_score,
)


def link(steps=600, **what):
    made = Link.fair(steps, delay_ms=20, jitter_ms=1)
    if what:
        made.impair(Impair("Alma", "up", **what))
    return made


def test_a_window_covers_parts_of_the_steps_at_its_edges():
    assert cover(0.75, 1.6, 4).tolist() == pytest.approx([0, 0.5, 1, 0.2])


def test_two_losses_on_one_link_add_up_as_chances_do():
    made = link(start=0, end=300, loss=0.1)
    made.impair(Impair("Alma", "up", 100, 200, loss=0.5))
    assert made.loss[300] == pytest.approx(1 - 0.9 * 0.5)


def test_the_narrower_of_two_rates_wins():
    made = link(start=0, end=300, kbps=500)
    made.impair(Impair("Alma", "up", 100, 200, kbps=200))
    assert made.kbps[[0, 300, 500]].tolist() == [500, 200, 500]


@pytest.mark.parametrize("loss", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("burst_ms", [60.0, 200.0])
def test_a_gilbert_chain_loses_its_share_in_bursts(loss, burst_ms):
    shares = gilbert(np.random.default_rng(1), loss, burst_ms, 40_000)
    assert shares.mean() == pytest.approx(loss, rel=0.15)
    random = np.random.default_rng(1).binomial(25, loss, 40_000) / 25
    assert shares.std() > 1.4 * random.std()


def one_stall_after_the_other(rng, mean_ms, steps):
    held_until, waits = 0.0, np.zeros(steps)
    while held_until < steps * STEP:
        begins = held_until + float(rng.geometric(STALL_CHANCE)) * TICK
        length = min(float(rng.exponential(mean_ms)), LONGEST_STALL_MS)
        held_until = begins + length / 1000
        if (first := int(begins / STEP)) < steps:
            waits[first] = max(waits[first], length)
    return waits


@pytest.mark.parametrize(("steps", "mean_ms"), [(1, 250.0), (600, 5.0), (600, 250.0), (5000, 900.0)])
def test_stalls_are_those_that_one_after_the_other_would_be_and_use_up_no_more_chance(steps, mean_ms):
    for seed in range(5):
        rng, other = np.random.default_rng(seed), np.random.default_rng(seed)
        assert np.array_equal(stalls(rng, mean_ms, steps), one_stall_after_the_other(other, mean_ms, steps))
        assert rng.random() == other.random()


def test_runs_are_found_at_both_edges_as_well():
    assert runs_of(np.array([True, False, True, True, False, True])) == [(0, 1), (2, 4), (5, 6)]
    assert runs_of(np.zeros(3, dtype=bool)) == []
    assert runs_of(np.zeros(0, dtype=bool)) == []


def test_a_queue_delays_before_it_drops():
    narrow = link(40, start=0, end=20, kbps=100, queue_ms=300)
    dropped, delay = overflow(np.full(40, 60.0), narrow)
    # 60 kbit arrive and 50 leave in each step; the queue holds 30
    assert delay[:4].tolist() == pytest.approx([100, 200, 300, 300])
    assert dropped[:4].tolist() == pytest.approx([0, 0, 0, 10 / 60])


def test_a_peak_is_forgotten_by_halves():
    values = np.zeros(41)
    values[0] = 80.0
    assert fading_peak(values, 10.0)[[0, 20, 40]].tolist() == pytest.approx([80, 40, 20])


def test_audio_packets_come_every_20_ms_and_never_pile_up():
    counts = steady_counts(50, np.ones(1000, dtype=bool), np.random.default_rng(0))
    assert abs(counts.sum() - 25_000) <= 1
    assert counts.min() >= 24
    assert counts.max() <= 26


def test_rounding_keeps_the_running_total():
    values = np.full(999, 0.37)
    assert whole(values, np.random.default_rng(0)).sum() == pytest.approx(999 * 0.37, abs=1)


def sent(shape, what, slow=None):
    steps = 600
    rng = np.random.default_rng(3)
    return encode_video(SHAPES[shape], link(steps, **what), np.ones(steps) if slow is None else slow, rng)


def test_an_encoder_overshoots_a_narrowed_link_then_gives_way_and_recovers_late():
    made = sent("recorded_direct", {"start": 60, "end": 130, "kbps": 220})
    at = lambda s: int(s / STEP)  # noqa: E731
    assert made.kbps[at(61)] > 1500
    assert made.kbps[at(66) : at(125)].max() < 220
    assert made.fps[at(70) : at(125)].mean() < 8
    assert (made.limit[at(64) : at(200)] == 2).all()
    assert made.level[at(200)] == 1
    assert made.level[at(240)] == 0
    assert made.limit[at(20)] == made.limit[at(240)] == 0


def test_a_busy_processor_costs_frames_not_the_link():
    slow = np.ones(600)
    slow[100:200] = 2.0
    made = sent("camera", {}, slow)
    assert made.fps[120:200].mean() == pytest.approx(12, abs=0.5)
    assert (made.limit[120:200] == 1).all()
    assert (made.limit[:100] == 0).all()


def test_without_feedback_a_sender_falls_to_a_trickle():
    made = sent("recorded_direct", {"start": 60, "end": 74, "down": True})
    assert 130 < made.kbps[140] < 240
    assert made.level[140] == 1


def test_audio_gets_smaller_while_the_far_end_reports_loss():
    size = audio_bytes(link(start=60, end=130, loss=0.1), np.random.default_rng(0))
    assert size[200] < 0.75 * size[100]
    assert size[300] == pytest.approx(size[100], rel=0.1)


def test_scores_are_the_clients():
    # worked by hand from the published weights
    assert audio_producer_score(np.array([5.0]), np.array([0.025])) == pytest.approx(0.35 + 0.15)
    assert audio_consumer_score(np.array([1.0]), np.array([0.0]), np.array([0.001])) == pytest.approx(
        0.2 * 2 / 3 + 0.5 + 0.3
    )
    assert audio_producer_score(np.array([np.nan]), np.array([0.03])) == pytest.approx(0.7)
    one = np.array([1.0])
    lagging = video_score(0 * one, 0 * one, 5 * one, 640 * one, 30 * one, screen=False)
    assert lagging == pytest.approx(0.8 * 0.7 + 0.2)
    frozen = video_score(0 * one, 0 * one, np.nan * one, 640 * one, 0 * one, screen=False)
    assert frozen == pytest.approx(0.8 * 0.7 * 0.5 + 0.2)
    small = video_score(10 * one, 0 * one, 15 * one, 160 * one, 30 * one, screen=False)
    assert small == pytest.approx(0.8 * 0.85)
    shared = video_score(0 * one, 0 * one, 3 * one, 1280 * one, 30 * one, screen=True)
    assert shared == pytest.approx(1.0)


def test_cumulative_values_follow_from_the_samples():
    assert distribution(np.array([4.0, 1.0, 3.0, 2.0, np.nan])) == {"avg": 2.5, "p50": 2.0, "p75": 3.0, "p90": 4.0}
    cut = latency(np.array([50.0, 100.0, 300.0, 600.0]))
    assert cut == {
        "avg": 262.5,
        "500ms_or_greater_event_fraction": 0.25,
        "250ms_or_greater_event_fraction": 0.5,
        "100ms_or_greater_event_fraction": 0.75,
    }
    loss = packet_loss(percent_lost(np.array([0, 6, 0]), np.array([50, 50, 0])))
    assert loss["avg"] == pytest.approx(4.0)
    assert loss["10_or_greater_event_fraction"] == pytest.approx(1 / 3)


def test_the_end_of_a_direct_path_is_part_of_it():
    way, end = link(start=0, end=100, loss=0.1, kbps=900), link(start=50, end=150, loss=0.1, kbps=300, delay_ms=80)
    way.absorb(end)
    assert way.loss[[10, 150, 250]].tolist() == pytest.approx([0.1, 1 - 0.9 * 0.9, 0.1])
    assert way.kbps[[10, 150, 250, 400]].tolist() == [900, 300, 300, np.inf]
    assert way.delay_ms[[10, 150]].tolist() == [20, 100]
