"""A call too large to keep its samples beside their intervals: the same tables, and a clear error if nothing fits."""

from __future__ import annotations

import sys
import tracemalloc

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import NotEnoughMemoryError
from rtkit_explore.findings import segments
from rtkit_explore.redaction.documents import redacted_documents
from rtkit_explore.store import report_bytes
from rtkit_explore.store.report_bytes import ReportBytes
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


@pytest.mark.parametrize("ask", [Call.findings, Call.verdicts, Call.story, Call.overview], ids=lambda ask: ask.__name__)
def test_whoever_judges_is_refused_before_anything_is_read(large, monkeypatch, ask):
    size = sum(map(len, large.documents.reports.values()))
    # Enough for the table quality alone: the refusal is about all that follows.
    monkeypatch.setattr(memory, "free_memory", lambda: size)
    with pytest.raises(NotEnoughMemoryError, match="reports"):
        ask(large)
    assert "_intervals" not in large.__dict__


@pytest.mark.parametrize("redacted", [True, False])
def test_a_report_is_refused_before_anything_is_read_or_written(large, monkeypatch, tmp_path, redacted):
    size = sum(map(len, large.documents.reports.values()))
    monkeypatch.setattr(memory, "free_memory", lambda: size)
    with pytest.raises(NotEnoughMemoryError, match="A report of 4 reports"):
        rtk.write_report(large, tmp_path / "call.html", redacted=redacted)
    assert "_intervals" not in large.__dict__
    assert not list(tmp_path.iterdir())


def test_what_is_known_already_is_not_counted_again(large, monkeypatch):
    large.findings()
    monkeypatch.setattr(memory, "free_memory", lambda: 0)
    assert large.story()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are not there")
def test_the_limit_of_the_process_counts(monkeypatch):
    import resource

    limit = 10**15
    monkeypatch.setattr(memory, "_available", lambda: None)
    monkeypatch.setattr(memory, "_CGROUPS", ())
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (limit, limit))
    if (left := memory.free_memory()) is not None:  # where the system tells what a process uses
        assert 0 < left < limit
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1, 1))
    assert memory.free_memory() in (0, None)
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (resource.RLIM_INFINITY,) * 2)
    assert memory.free_memory() is None


def test_redaction_holds_no_more_than_a_few_reports_of_a_large_call_at_a_time(monkeypatch):
    documents = rtk.simulate("clean", participants=20, minutes=3, seed=1).call.documents
    plain = redacted_documents(documents)
    size = sum(map(len, documents.reports.values()))
    monkeypatch.setattr(report_bytes, "PLAIN", 0)
    documents.reports = ReportBytes(documents.reports)
    tracemalloc.start()
    try:
        compressed = redacted_documents(documents)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert dict(compressed.reports) == dict(plain.reports)
    assert peak < 0.9 * size
