"""The house as README describes it: layers, a light import, a public face that is all there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rtkit_explore as rtk

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "rtkit_explore"
LAYERS = [
    {"errors", "resources"},
    {"settings"},
    {"api"},
    {"store"},
    {"table_schema"},
    {"tables"},
    {"measures"},
    {"findings"},
    {"redaction"},
    {"call", "call_reading"},
    {"nine_calls", "person_search"},
    {"async_app"},
    {"app"},
    {"plot"},
    {"widgets"},
    {"report"},
    {"simulated", "accuracy"},
    {"cli"},
]
HEAVY = ("pandas", "numpy", "matplotlib", "httpx", "ipywidgets", "anywidget", "msgspec", "tqdm", "nest_asyncio")


def rank(part):
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if "notebooks" not in path.parts)


def imported_parts(path):
    """Which parts of the package a module imports, those for types alone aside."""
    tree = ast.parse(path.read_text())
    own = path.relative_to(PACKAGE).with_suffix("").parts
    typing_only = [
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in typing_only and node.level:
            base = own[: len(own) - node.level] if path.name != "__init__.py" else own[:-1][: len(own) - node.level]
            target = (*base, *(node.module or "").split(".")) if node.module else base
            if target and target[0]:
                yield target[0]
            else:
                yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_layer_imports_only_from_those_above_it(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part in ("__init__", "resources"):
        return
    for other in imported_parts(path):
        if other == part or other in ("__version__", "__init__"):
            continue
        if part == "simulator":
            assert other == "errors", f"the simulator knows no layer but errors, and imports {other}"
        elif other == "simulator":
            assert part in ("app", "cli", "simulated"), f"{part} opens the simulator"
        elif rank(part) is not None and rank(other) is not None:
            assert rank(other) <= rank(part), f"{part} imports {other}, which is below it"


def test_importing_the_package_loads_nothing_heavy():
    script = f"import sys, rtkit_explore; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_tables_do_not_load_plots_or_the_client():
    script = (
        "import sys, rtkit_explore as rtk; rtk.tables.samples([]);"
        "print([name for name in ('matplotlib', 'httpx', 'ipywidgets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented():
    for name in rtk.__all__:
        assert getattr(rtk, name).__doc__, name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = rtk.nonsense


def test_the_first_steps_name_only_what_exists():
    for name in set(re.findall(r"\brtk\.(\w+)", rtk.__doc__ + (ROOT / "README.md").read_text())):
        assert hasattr(rtk, name), name


def test_every_public_name_stays_what_it_is_when_all_modules_are_imported():
    """A file may bear the name of its function: the package's own namespace has to win all the same."""
    script = (
        "import importlib, pkgutil, rtkit_explore as rtk;"
        "[importlib.import_module(found.name) for found in pkgutil.walk_packages(rtk.__path__, 'rtkit_explore.')];"
        "print([name for name in rtk.__all__ if not callable(getattr(rtk, name))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "['measures', 'plot', 'tables']"
