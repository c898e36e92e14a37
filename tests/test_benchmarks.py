"""A small sample of each benchmark, so that they go on working; no figure is asserted."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import fuzz


@pytest.mark.parametrize(
    ("name", "needs", "says"),
    [
        ("simulate", [], "us/row"),
        ("study", ["pyarrow", "duckdb"], "SQL agrees: True"),
        ("two_causes", [], "of the attributions"),
        ("tables", ["orjson", "cloudflare"], "x orjson"),
        ("speed", ["orjson", "cloudflare"], "write_report"),
    ],
)
def test_a_small_sample_of_a_benchmark_runs(name, needs, says, capsys):
    for package in needs:
        pytest.importorskip(package, reason="the extra 'bench' is not installed")
    importlib.import_module(f"tests.benchmarks.{name}").main(small=True)
    assert says in capsys.readouterr().out


@pytest.mark.browser
def test_a_small_sample_of_the_benchmark_in_the_browser_tells_where_the_time_goes(capsys):
    from tests.benchmarks import explorer
    from tests.browser.conftest import CHROMIUM

    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here")
    explorer.main(small=True)
    said = capsys.readouterr().out
    for part in ("opening a call", "all choices", "hover and zoom", "model", "tables", "paint", "transfer"):
        assert part in said


def test_documents_spoilt_at_random_are_read_or_say_why_not():
    outcome = fuzz.fuzz(seed=0, cases=fuzz.SMALL)
    assert outcome.cases == fuzz.SMALL
    assert not outcome.crashes, "\n".join(map(str, outcome.crashes))


def test_a_seed_spoils_the_same_documents_in_the_same_way_again():
    for seed in range(3):
        assert fuzz.spoilt(seed) == fuzz.spoilt(seed)


def test_what_raises_anything_but_an_rtkit_error_is_told_with_its_seed(monkeypatch, capsys):
    def broken(_call):
        raise KeyError("broken")

    monkeypatch.setattr(fuzz, "STEPS", {"a step": broken})
    fuzz.main(minutes=0, seed=7)
    said = capsys.readouterr().out
    assert "1 cases from seed 7" in said
    assert "1 x --seed 7 (" in said
    assert "a step: KeyError" in said


def test_help_names_every_benchmark():
    command = [sys.executable, "-m", "tests.benchmarks", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    for name in ("simulate", "tables", "findings", "fuzz"):
        assert name in done.stdout
    assert "--small" in done.stdout
