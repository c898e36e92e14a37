"""A small sample of each benchmark, so that they go on working; no figure is asserted."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    ("name", "needs", "says"),
    [
        ("simulate", [], "us/row"),
        ("two_causes", [], "of the attributions"),
        ("tables", ["orjson", "cloudflare"], "x orjson"),
    ],
)
def test_a_small_sample_of_a_benchmark_runs(name, needs, says, capsys):
    for package in needs:
        pytest.importorskip(package, reason="the extra 'bench' is not installed")
    importlib.import_module(f"tests.benchmarks.{name}").main(small=True)
    assert says in capsys.readouterr().out
