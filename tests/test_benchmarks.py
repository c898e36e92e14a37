"""A small sample of each benchmark, so that they go on working; no figure is asserted."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import faults, fuzz, soak


@pytest.mark.parametrize(
    ("name", "needs", "says"),
    [
        ("simulate", [], "us/row"),
        ("study", ["pyarrow", "duckdb"], "SQL agrees: True"),
        ("two_causes", [], "of the attributions"),
        ("odd_calls", [], "0 calls accuse"),
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


def test_no_fault_of_the_simulated_server_loses_a_document_in_silence():
    found = faults.measure(5, {10: 10, 50: 2}, faults.KINDS, rounds=1)
    assert {key: one.silent for key, one in found.items()} == {key: [] for key in found}
    assert all(one.faults for one in found.values())
    assert all(one.whole == 10 for (kind, share), one in found.items() if share == 10 and kind != faults.TOGETHER)
    assert any(one.said or one.refused for one in found.values())


def test_what_is_lost_in_silence_is_noticed(monkeypatch):
    def careless(call):
        return {name: b"{}" if name == "session" else content for name, content in whole(call).items()}

    whole, app = faults.documents_of, faults.app_of(2)
    expected = faults.expected_of(app)
    monkeypatch.setattr(faults, "documents_of", careless)
    outcome = faults.Outcome()
    faults.one_round(app, faults.Faults(slow=100), expected, outcome)
    assert outcome.silent == ["session is not what the server holds"]


def test_polling_a_live_session_holds_on_to_nothing():
    found = soak.soak(0.7, every_s=120.0)
    assert len(found) == 2
    assert soak.growth(found) == []


def test_what_grows_while_a_session_is_polled_is_said():
    one = soak.held()
    more = replace(one, memory_mib=one.memory_mib + 100, tasks=one.tasks + 1)
    assert len(soak.growth([(1.0, one), (2.0, more)])) == 2
    assert soak.growth([(1.0, one), (2.0, one)]) == []


@pytest.mark.parametrize("seed", [911274, 911295])
def test_spoilt_documents_that_once_failed_are_read(seed):
    outcome = fuzz.fuzz(seed=seed, cases=1)
    assert [crash for crash in outcome.crashes if not crash.error.startswith("took")] == []


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
    monkeypatch.setattr(fuzz, "SELDOM", {})
    with pytest.raises(SystemExit, match="1"):
        fuzz.main(minutes=0, seed=7, apart=False)
    said = capsys.readouterr().out
    assert "1 cases from seed 7" in said
    assert "1 x --seed 7 (" in said
    assert "a step: KeyError" in said


WORKER = """
import json, os, sys, time
for seed in range(int(sys.argv[1]), 100):
    print(json.dumps({"begin": seed}), flush=True)
    if seed == 2:
        time.sleep(100)
    if seed == 4:
        os._exit(9)
    print(json.dumps({"crashes": [], "refused": {}, "warned": {}}), flush=True)
"""


def test_a_case_that_hangs_or_dies_is_a_failure_and_the_others_go_on():
    outcome = fuzz.fuzz_apart(seed=1, cases=8, hung=3.0, command=(sys.executable, "-c", WORKER))
    said = {crash.seed: crash.error for crash in outcome.crashes}
    assert said == {2: "nothing came for 3 s", 4: "the process ended with 9"}
    assert outcome.cases == 8


def test_help_names_every_benchmark():
    command = [sys.executable, "-m", "tests.benchmarks", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    for name in ("simulate", "tables", "findings", "fuzz", "faults", "soak"):
        assert name in done.stdout
    assert "--small" in done.stdout
