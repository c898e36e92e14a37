"""Values that cannot be are flagged and left out."""

from __future__ import annotations

import numpy as np
import pytest

from rtkit_explore.measures.plausibility import implausible, plausible
from rtkit_explore.measures.quality import quality_of
from tests.measures.made import START, samples_of


def quality(**values):
    stream = {
        "media": "audio",
        "direction": "producer",
        "packets_sent": np.full(6, 350.0),
        "bytes_sent": np.full(6, 9e3),
    }
    return quality_of(samples_of([[stream | values]]), counters="increments")[0]


@pytest.mark.parametrize(
    ("column", "values", "flagged"),
    [
        ("rtt_ms", {"rtt": [0.1, 11.0, 9.9, 0.2, 0.1, 0.1]}, [1]),
        ("jitter_ms", {"jitter": [0.1, 2.5, 1.9, 0.2, 0.1, 0.1], "rtt": [0.1] * 6}, [1]),
        ("loss_pct", {"packets_lost": [0, 400.0, 10, 0, 0, 0]}, [1]),
        ("packets", {"packets_sent": [350.0, -5, 350, 350, 350, 350]}, [1]),
        ("score", {"mos_quality": [1.0, -0.2, 1, 1, 1, 1]}, [1]),
    ],
)
def test_off_the_scale(column, values, flagged):
    table = quality(**values)
    flags = implausible(table)
    assert list(np.flatnonzero(flags[column])) == flagged
    kept = plausible(table)
    assert kept[column].isna().to_numpy()[flagged].all()
    assert table[column].notna().to_numpy()[flagged].all()


def test_a_score_of_one_to_five_is_another_scale_and_not_implausible():
    assert not implausible(quality(mos_quality=[4.1, 4.2, 3.9, 4.0, 4.4, 4.3]))["score"].any()


def test_good_values_are_left_alone():
    table = quality(rtt=[0.05] * 6, jitter=[0.003] * 6)
    assert not implausible(table).to_numpy().any()
    assert plausible(table).equals(table)
    assert START > 0
