"""environment.yml says the same as pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONDA_EXTRAS = ("lab", "app", "archive", "test", "docs")  # all but "bench", which needs what conda-forge lacks
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "moto[server]": "moto",
    "matplotlib": "matplotlib-base",
    "types-PyYAML": "types-pyyaml",
}


def pins(requirements):
    found = {}
    for requirement in requirements:
        name, _, version = requirement.partition(">=")
        found[CONDA_NAMES.get(name, name)] = version
    return found


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def conda():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [item for item in listed if isinstance(item, str)]
    pip = next(item["pip"] for item in listed if isinstance(item, dict))
    return flat, pip


def test_every_requirement_stands_in_environment_yml_with_the_same_pin():
    flat, pip = conda()
    there = pins([*flat, *pip])
    extras = project()["optional-dependencies"]
    listed = [*project()["dependencies"], *(r for extra in CONDA_EXTRAS for r in extras[extra] if "rtkit" not in r)]
    wanted = pins(listed)
    assert {name: there.get(name) for name in wanted} == wanted


def test_environment_yml_names_nothing_that_pyproject_does_not():
    flat, pip = conda()
    extras = project()["optional-dependencies"]
    wanted = pins([*project()["dependencies"], *(r for extra in CONDA_EXTRAS for r in extras[extra])])
    assert set(pins([*flat, *pip])) - set(wanted) == {"python", "pip", "-e ."}


def test_python_is_pinned_alike():
    flat, _ = conda()
    assert f"python{project()['requires-python']}" in flat


def test_versions_are_lower_bounds_only():
    for requirement in project()["dependencies"]:
        assert re.fullmatch(r"[A-Za-z0-9-]+>=[\d.]+", requirement)


def test_every_dependency_has_its_row_with_reason_and_licence():
    table = (ROOT / "CONTRIBUTING.md").read_text().split("## Dependencies")[1]
    for requirement in project()["dependencies"]:
        name = requirement.partition(">=")[0]
        assert re.search(rf"^\|.*\b{name}\b", table, re.MULTILINE), name
    for extra in project()["optional-dependencies"]:
        assert f"extra `{extra}`" in table, extra
