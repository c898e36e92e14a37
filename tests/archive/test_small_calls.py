"""Many small calls: a question touches the files of its day, and no other. The benchmark ``small_calls`` has 10,000."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.archive.storage import Storage
from tests.archive.compared import assert_same
from tests.benchmarks import small_calls
from tests.benchmarks.small_calls import build, calls_of_a_day, documents_on, only, write_batch

A_DAY = {"since": "2026-10-02", "until": "2026-10-03"}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "calls"
    build(folder, 15, a_day=6)
    return folder


def test_one_column_of_one_day_touches_only_its_files(many, tmp_path):
    archive = rtk.open_archive(many)
    assert len(archive) == 15
    paths = archive.files("quality", **A_DAY)
    assert 0 < len(paths) < len(archive.files("quality"))
    column = archive.table("quality", columns=["loss_pct"], **A_DAY)
    alone = only(many, tmp_path / "alone", paths)
    assert alone.table("quality", columns=["loss_pct"], **A_DAY).equals(column)
    assert alone.sql("select count(*) n from quality", **A_DAY)["n"][0] == len(column) > 0
    with pytest.raises(rtk.errors.ArchiveError):
        alone.table("quality", columns=["loss_pct"])


def test_copies_of_a_day_are_what_archiving_it_gives(many, tmp_path, monkeypatch):
    """The benchmark copies days to save time; the copy is right."""
    archive = rtk.open_archive(many)
    other = tmp_path / "calls"
    monkeypatch.setattr(small_calls, "table_on", None)  # nothing is copied here
    build(other, 0, a_day=1)
    storage, calls = Storage(other), calls_of_a_day(6)
    from rtkit_explore.archive.writer import converted

    for day, count in ((0, 6), (1, 6), (2, 3)):
        copied = documents_on(calls, day)[:count]
        files, failed = converted(copied, False, None)
        assert not failed
        write_batch(storage, day, 0, copied, files)
    assert_same(rtk.open_archive(other), archive)


def test_the_small_benchmark_runs(capsys):
    small_calls.main(small=True)
    said = capsys.readouterr().out
    assert "the same where the archive has these files alone: True" in said
    assert "a metric over 24 calls" in said
