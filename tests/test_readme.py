"""What stands in the README runs: the investigation as it is, every other line at least as far as its names go."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import rtkit_explore as rtk
from rtkit_explore.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_investigation_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "rtk.demo()" in BLOCKS[0]
    assert len([line for line in BLOCKS[0].splitlines() if line and not line.startswith("import")]) == 5
    exec(compile(BLOCKS[0], "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "Boris Lind: “Alma was choppy”. Yes." in said
    assert "You are right" in said
    assert (tmp_path / "call.html").stat().st_size > 100_000


def test_every_other_block_is_python_and_names_what_there_is():
    for block in BLOCKS:
        ast.parse(block)
    for name in set(re.findall(r"\brtk((?:\.[a-zA-Z_]+)+)", README)):
        held = rtk
        for part in name.split(".")[1:]:
            assert hasattr(held, part), f"rtk{name}"
            held = getattr(held, part)


def test_methods_that_it_names_exist():
    kinds = {"app": rtk.App, "call": rtk.Call, "archive": rtk.Archive}
    for kind, name in set(re.findall(r"\b(app|call|archive)\.([a-z_]+)\b(?!\.|-)", README)):
        if name not in ("html", "py", "json"):
            assert name in dir(kinds[kind]) or name in inspect.get_annotations(kinds[kind]), f"{kind}.{name}"


def test_files_and_pictures_that_it_links_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_what_the_readme_says_of_limits_is_so():
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    text = " ".join(README.split())
    assert f"{defaults['budget_requests']} requests in {defaults['budget_seconds']:g} s" in text
