"""A small sample of each benchmark, so that they go on working; no figure is asserted."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "needs", "says"),
    [
        ("simulate", [], "us/row"),
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


def test_help_names_every_benchmark():
    command = [sys.executable, "-m", "tests.benchmarks", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    for name in ("simulate", "tables", "findings"):
        assert name in done.stdout
    assert "--small" in done.stdout
