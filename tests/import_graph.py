"""
What the modules of the package import from each other, read from their source.

Every way of importing is seen: absolute, relative, inside a function, under ``TYPE_CHECKING``, through a name of the
public face (``from rtkit_explore import Call``), and the text by which a lazy namespace finds its parts
(``import_module(f"{__name__}.{_PLACES[name]}")``).
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DOTTED = re.compile(r"\w+(\.\w+)*(:\w+)?")


@dataclass(frozen=True)
class Import:
    """One import: from which module, of which, on which line."""

    source: str
    target: str
    line: int
    relative: bool = False
    lazy: bool = False  # runs when a function is called or a name is asked for, not when the module is imported
    typing_only: bool = False

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


@dataclass(frozen=True)
class Source:
    """What one file says that can be an import: its statements, and where imports are made from text, its texts."""

    statements: list[tuple[ast.Import | ast.ImportFrom, bool, bool]]  # with: in a function, for types alone
    texts: list[tuple[str, int]]
    public: dict[str, str]  # "Call": "call:Call", as the public face lists its names


@functools.lru_cache(maxsize=1024)
def read_source(text: str) -> Source:
    """Read a file; kept, since the same files are looked at again and again."""
    statements: list[tuple[ast.Import | ast.ImportFrom, bool, bool]] = []
    texts: list[tuple[str, int]] = []
    public: dict[str, str] = {}
    dynamic = False
    for node, inside, typing_only in _visit(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements.append((node, inside, typing_only))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            texts.append((node.value, node.lineno))
        elif isinstance(node, ast.Call):
            dynamic |= ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant) and ":" in str(value.value):
                    public[str(key.value)] = str(value.value)
    return Source(statements, texts if dynamic else [], public)


class ImportGraph:
    """The modules below a folder that is a package, and what they import of it."""

    def __init__(self, package: Path) -> None:
        self.name = package.name
        self.paths = {self._module_name(path, package): path for path in sorted(package.rglob("*.py"))}
        self.sources = {module: read_source(path.read_text(encoding="utf-8")) for module, path in self.paths.items()}
        self.public = {
            name: f"{self.name}.{place.partition(':')[0]}" for name, place in self.sources[self.name].public.items()
        }
        self.imports = [found for module in self.sources for found in self._of(module)]

    def _module_name(self, path: Path, package: Path) -> str:
        parts = path.relative_to(package.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _of(self, module: str) -> Iterator[Import]:
        source = self.sources[module]
        for node, lazy, typing_only in source.statements:
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            else:
                targets = [self._resolve(self._base(module, node), alias.name) for alias in node.names]
            relative = isinstance(node, ast.ImportFrom) and bool(node.level)
            for target in targets:
                if (target == self.name or target.startswith(self.name + ".")) and target != module:
                    yield Import(module, target, node.lineno, relative, lazy, typing_only)
        for text, line in source.texts:
            for target in self._named_by(module, text):
                yield Import(module, target, line, lazy=True)

    def _base(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = module.split(".") if self.paths[module].name == "__init__.py" else module.split(".")[:-1]
        parts = package[: len(package) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _resolve(self, base: str, name: str) -> str:
        """``from base import name``: the module ``base.name`` where there is one, else the one that defines the name."""
        if f"{base}.{name}" in self.paths:
            return f"{base}.{name}"
        if base == self.name:
            return f"{base}.__version__" if name == "__version__" else self.public.get(name, base)
        return base

    def _named_by(self, module: str, text: str) -> list[str]:
        """Return the module that a text of a module with dynamic imports names: whole, or relative to its own package."""
        name = text.partition(":")[0]
        package = module if self.paths[module].name == "__init__.py" else module.rpartition(".")[0]
        return [found for found in (name, f"{package}.{name}") if found in self.paths and found != module]

    def _entered(self, source: str, target: str) -> Iterator[str]:
        """Give the folders above a module whose ``__init__`` runs before it, but for those that the importer lies in."""
        parts = target.split(".")
        for length in range(1, len(parts)):
            folder = ".".join(parts[:length])
            if folder in self.paths and folder != source and not source.startswith(f"{folder}."):
                yield folder

    def circles(self, but: frozenset[tuple[str, str]] = frozenset()) -> list[list[str]]:
        """
        Modules that need each other, by whichever way they import; types aside.

        Namespaces that find their parts when asked (the ``__init__`` of the package and of folders) are left out: they
        name what lies below them, and only users ask them. So are imports in functions between the parts of ``but``.
        """
        edges: dict[str, set[str]] = {module: set() for module in self.paths}
        for found in self.imports:
            namespace = self.paths[found.source].name == "__init__.py" and found.lazy
            apart = found.lazy and (_part_of(found.source), _part_of(found.target)) in but
            if not (found.typing_only or namespace or apart) and found.target in edges:
                edges[found.source] |= {found.target, *self._entered(found.source, found.target)}
        return _strongly_connected(edges)


def _part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _visit(tree: ast.AST, *, lazy: bool = False, typing_only: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    """Walk a tree, saying of each node whether it stands in a function, and whether it is there for types alone."""
    for child in ast.iter_child_nodes(tree):
        yield child, lazy, typing_only
        if isinstance(child, ast.If) and ast.unparse(child.test).split(".")[-1] == "TYPE_CHECKING":
            for inner in child.body:
                yield inner, lazy, True
                yield from _visit(inner, lazy=lazy, typing_only=True)
            for inner in child.orelse:
                yield inner, lazy, typing_only
                yield from _visit(inner, lazy=lazy, typing_only=typing_only)
            continue
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _visit(child, lazy=lazy or inside, typing_only=typing_only)


def _strongly_connected(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan's algorithm), each sorted."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in order:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], order[other])
        if lowest[node] == order[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for node in edges:
        if node not in order:
            visit(node)
    return groups
