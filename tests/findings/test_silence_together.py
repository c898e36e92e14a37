"""Which silences fall together with another sender's: by a sweep, as by comparing every pair."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.findings.rules.streams import _elsewhere_as_well

WINDOWS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8), st.sampled_from("ab"), st.sampled_from(["x", "y", "z", None])),
    max_size=25,
)


def context_with(windows):
    """A context with a stream for each receiver and sender, and a silent row for each window."""
    streams = sorted({(peer, remote) for _, _, peer, remote in windows}, key=str)
    arrays = SimpleNamespace(
        start=np.array([start for start, *_ in windows], dtype="int64"),
        end=np.array([start + length for start, length, *_ in windows], dtype="int64"),
        stream_number=np.array([streams.index((peer, remote)) for _, _, peer, remote in windows], dtype="int64"),
        streams=[SimpleNamespace(peer=peer, remote=remote) for peer, remote in streams],
    )
    return SimpleNamespace(arrays=arrays)


@settings(max_examples=300, deadline=None)
@given(WINDOWS)
def test_the_sweep_finds_what_every_pair_says(windows):
    expected = [
        any(
            start < other + longer and other < start + length and peer == whose and remote != sender
            for other, longer, whose, sender in windows
        )
        for start, length, peer, remote in windows
    ]
    silent = np.full(len(windows), 2.0)
    assert _elsewhere_as_well(context_with(windows), silent).tolist() == expected


def test_twenty_thousand_silences_take_no_longer_than_their_number():
    windows = [(5 * number, 5, "a", "x" if number % 3 else "y") for number in range(20_000)]
    begin = time.process_time()
    assert not _elsewhere_as_well(context_with(windows), np.full(len(windows), 2.0)).any()
    assert time.process_time() - begin < 5  # comparing every pair takes minutes
