"""The simulator's modules import each other in one direction."""

from __future__ import annotations

import ast
from pathlib import Path

import rtkit_explore.simulator as package

FOLDER = Path(package.__file__).parent


def imported(path):
    """Modules of the simulator that a module imports when it is loaded; what is for types alone or later is not."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package.__name__):
            name = (node.module or "").removeprefix(package.__name__).lstrip(".")
            yield from [name] if name else [alias.name for alias in node.names]


def test_no_module_of_the_simulator_imports_itself_by_way_of_others():
    imports = {path.stem: set(imported(path)) for path in FOLDER.glob("*.py") if path.name != "__init__.py"}
    assert len(imports) > 15
    assert all(name in imports for names in imports.values() for name in names), "import from modules, not the package"
    settled: set[str] = set()
    while len(settled) < len(imports):
        free = {name for name, needs in imports.items() if name not in settled and needs <= settled}
        assert free, f"these import each other in a circle: {sorted(set(imports) - settled)}"
        settled |= free
