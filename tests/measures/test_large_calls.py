"""A call too large to keep its samples beside their intervals: the same tables, and a clear error if nothing fits."""

from __future__ import annotations

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import NotEnoughMemoryError
from rtkit_explore.findings import segments
from rtkit_explore.tables import memory, parsed_documents


@pytest.fixture(scope="module")
def call() -> Call:
    return rtk.simulate("burst_loss", participants=4, minutes=3, seed=3).call


@pytest.fixture
def large(call, monkeypatch) -> Call:
    """Return the call, read as if it were large: two reports at a time."""
    sizes = [len(body) for body in call.documents.reports.values()]
    monkeypatch.setattr(parsed_documents, "_LARGE", 0)
    monkeypatch.setattr(parsed_documents, "_AT_ONCE", sizes[0] + 1)
    monkeypatch.setattr(segments, "_KEPT_UP_TO", 0)
    return Call(call.documents)


def test_a_large_call_has_the_same_intervals_readings_problems_and_findings(call, large):
    for name in ("quality", "counter_readings", "problems", "streams"):
        pd.testing.assert_frame_equal(getattr(large, name), getattr(call, name))
    pd.testing.assert_frame_equal(large.findings(), call.findings())
    assert large.story() == call.story()


def test_a_large_call_keeps_its_samples_only_for_who_asks_for_them(call, large):
    assert len(large.problems) == len(call.problems)
    assert len(large.quality)
    assert "samples" not in large.__dict__
    assert "media" not in large._parsed.__dict__
    pd.testing.assert_frame_equal(large.samples, call.samples)


def test_what_does_not_fit_is_refused_with_what_it_takes(large, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    with pytest.raises(NotEnoughMemoryError, match=r"quality of 4 reports .* GB of memory are free\. .*one by one"):
        _ = large.quality


def test_judging_is_refused_before_memory_ends(large, monkeypatch):
    rows = len(large.quality)
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    with pytest.raises(NotEnoughMemoryError, match=f"Judging {rows:,} rows"):
        large.findings()


def test_a_machine_that_does_not_tell_its_memory_is_tried(large, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    assert len(large.findings())


def test_a_limit_of_the_container_counts(tmp_path, monkeypatch):
    for name, text in (("max", "5000\n"), ("current", "3000\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_CGROUPS", ((str(tmp_path / "max"), str(tmp_path / "current")),))
    assert memory.free_memory() == 2000
    (tmp_path / "max").write_text("max\n")
    assert memory.free_memory() != 2000


def test_redaction_and_metrics_are_refused_before_memory_ends(large, monkeypatch):
    large.findings()
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    with pytest.raises(NotEnoughMemoryError, match="metrics of"):
        large.overview()
    with pytest.raises(NotEnoughMemoryError, match="redacted copy"):
        large.redact()
