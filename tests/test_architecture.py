"""The layers as CONTRIBUTING describes them, a light import, a public face that is all there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rtkit_explore as rtk
from tests.import_graph import ImportGraph

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "rtkit_explore"

# A part imports from those before it and from its own line. CONTRIBUTING.md says what each is for.
LAYERS = [
    {"errors", "resources", "paths", "prose"},
    {"settings", "local_time"},
    {"serving"},
    {"api"},
    {"store"},
    {"table_schema"},
    {"tables"},
    {"measures"},
    {"findings"},
    {"redaction"},
    {"metrics", "complaints"},
    {"call"},
    {"async_app", "app_questions"},
    {"app"},
    {"plot"},
    {"archive"},
    {"widgets"},
    {"report"},
    {"explorer_app"},
    {"simulated", "accuracy"},
    {"training"},
    {"cli", "cli_queries"},
]
# The simulated app stands beside the layers: what it may use, and who may open it.
# An answer to a complaint draws its own evidence: a method that opens what stands below it.
DRAW_THEMSELVES = frozenset({("complaints", "plot")})
SIMULATOR_USES = {"errors", "serving"}
OPENS_THE_SIMULATOR = {"app", "simulated", "training", "cli"}
HEAVY = (
    *("pandas", "numpy", "matplotlib", "httpx", "ipywidgets", "anywidget", "msgspec", "tqdm", "nest_asyncio"),
    *("pyarrow", "duckdb", "dask", "jinja2"),
)


def part_of(module):
    """Return the part of the package that a module belongs to; the package itself has none."""
    return module.split(".")[1] if "." in module else None


def rank(part):
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def violations(package):
    """Return what of a package breaks the layers, each in a sentence."""
    graph = ImportGraph(package)
    found = [
        f"{module} has no rank: add {part_of(module)!r} to LAYERS"
        for module in graph.paths
        if part_of(module) not in (None, "simulator") and rank(part_of(module)) is None
    ]
    for one in graph.imports:
        part, other = part_of(one.source), part_of(one.target)
        if one.relative:
            found.append(f"{one} relatively: imports are absolute")
        if part is None or one.typing_only or other in (part, "__version__"):
            continue  # the public face names everything; types alone need nothing at run time
        if other is None:
            found.append(f"{one} itself: import from the module that defines the name")
        elif part == "simulator":
            if other not in SIMULATOR_USES:
                found.append(f"{one}: the simulator knows only {sorted(SIMULATOR_USES)}")
        elif other == "simulator":
            if part not in OPENS_THE_SIMULATOR:
                found.append(f"{one}: only {sorted(OPENS_THE_SIMULATOR)} open the simulator")
        elif (part, other) in DRAW_THEMSELVES:
            continue
        elif rank(part) is not None and rank(other) is not None and rank(other) > rank(part):
            found.append(f"{one}, which is below it")
    found += [f"these import each other: {', '.join(circle)}" for circle in graph.circles(DRAW_THEMSELVES)]
    return found


def test_every_module_imports_only_from_the_layers_above_it():
    assert violations(PACKAGE) == []


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Copy the package's source once."""
    target = tmp_path_factory.mktemp("copy") / "rtkit_explore"
    shutil.copytree(PACKAGE, target, ignore=lambda _folder, names: [n for n in names if "." in n and n[-3:] != ".py"])
    return target


PLANTED = {
    "absolute": ("tables/times.py", "import rtkit_explore.call", "imports rtkit_explore.call, which is below it"),
    "absolute, from": (
        "tables/times.py",
        "from rtkit_explore.plot import quality",
        "imports rtkit_explore.plot.quality",
    ),
    "relative": (
        "tables/times.py",
        "from ..plot import quality",
        "imports rtkit_explore.plot.quality, which is below it",
    ),
    "relative, of the layer itself": (
        "plot/palette.py",
        "from .layout import figure",
        "relatively: imports are absolute",
    ),
    "relative, a part of the package": (
        "measures/scores.py",
        "from .. import widgets",
        "imports rtkit_explore.widgets, ",
    ),
    "lazy": ("store/documents.py", "def f():\n    from rtkit_explore.tables import times", "which is below it"),
    "lazy, relative": (
        "store/documents.py",
        "class A:\n    def f(self):\n        from ..app import replay",
        "which is below it",
    ),
    "by a name of the public face": (
        "tables/times.py",
        "from rtkit_explore import Call",
        "imports rtkit_explore.call, ",
    ),
    "of the public face itself": ("plot/layout.py", "import rtkit_explore as rtk", "imports rtkit_explore itself"),
    "by a text": (
        "api/clock.py",
        'import importlib\n\ndef f():\n    importlib.import_module("rtkit_explore.app")',
        "imports rtkit_explore.app, which is below it",
    ),
    "by the table of a lazy namespace": (
        "tables/__init__.py",
        (
            'from importlib import import_module\n_PLACES = {"x": "rtkit_explore.report.page"}\n'
            "def __getattr__(name):\n    return import_module(_PLACES[name])"
        ),
        "imports rtkit_explore.report.page, which is below it",
    ),
    "otherwise than for types": (
        "api/clock.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import rtkit_explore.app",
        "imports rtkit_explore.app, which is below it",
    ),
    "by the simulator": ("simulator/link.py", "from rtkit_explore.measures import scores", "the simulator knows only"),
    "of the simulator": ("plot/quality.py", "import rtkit_explore.simulator", "open the simulator"),
    "in a circle": ("findings/concurrency.py", "import rtkit_explore.findings.evaluate", "these import each other"),
    "in a circle, inside the simulator": (
        "simulator/link.py",
        "def f():\n    from rtkit_explore.simulator import engine",
        "these import each other",
    ),
    "in a circle, through a folder": (
        "findings/rules/rule.py",
        "import rtkit_explore.findings.localization",
        "these import each other",
    ),
    "by a module that nobody ranked": ("newcomer.py", "import rtkit_explore.errors", "has no rank: add 'newcomer'"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_forbidden_import_is_seen(name, copied):
    file, line, said = PLANTED[name]
    path = copied / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        found = violations(copied)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert any(said in one for one in found), found


def test_an_import_for_types_alone_is_no_dependency(copied):
    path = copied / "api" / "clock.py"
    before = path.read_text()
    path.write_text(f"{before}\nimport typing\nif typing.TYPE_CHECKING:\n    from rtkit_explore.app import App\n")
    try:
        assert violations(copied) == []
    finally:
        path.write_text(before)


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
    assert done.stdout.strip() == "['measures', 'metrics', 'plot', 'simulator', 'tables']"
