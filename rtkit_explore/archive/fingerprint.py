"""
A fingerprint of code: what a function does, as far as that can be seen from it.

Findings of a rule of the user's own are kept by it. Two functions have the same one if they have the same bytecode,
constants and defaults, and if every name that they use means the same. Where a function rests on something that may
change unseen (a module under development, a file, an object that is no plain value), there is none, and nothing is
kept.
"""

from __future__ import annotations

import builtins
import dataclasses
import dis
import functools
import hashlib
import importlib.util
import re
import sys
import types
from typing import Any, Final

import numpy as np

_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), np.generic)
_OUTSIDE: Final = frozenset(("open", "exec", "eval", "compile", "input", "globals", "locals", "vars", "__import__"))
"""Builtins whose result rests on something that is not in the code."""
_OWN: Final = __name__.partition(".")[0]


class _UnseenError(Exception):
    """Something is part of a function that cannot be seen into."""


def fingerprint(*values: Any) -> str | None:
    """Return the fingerprint of functions, rules and plain values; None where there cannot be one."""
    try:
        told = repr([_told(value, ()) for value in values])
    except _UnseenError:
        return None
    return hashlib.sha256(repr((sys.version_info[:2], told)).encode()).hexdigest()


def _told(value: Any, within: tuple[int, ...]) -> Any:
    """Tell a value by what it is made of; ``within`` are the functions that it was reached through."""
    if id(value) in within:
        return ("itself", within.index(id(value)))
    if isinstance(value, _PLAIN):
        return (type(value).__name__, repr(value))
    if isinstance(value, list | tuple):
        return (type(value).__name__, [_told(one, within) for one in value])
    if isinstance(value, set | frozenset):
        return ("set", sorted(repr(_told(one, within)) for one in value))
    if isinstance(value, dict):
        return ("dict", [(_told(key, within), _told(one, within)) for key, one in value.items()])
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return ("array", str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).digest())
    if isinstance(value, re.Pattern):
        return ("pattern", value.pattern, value.flags)
    if isinstance(value, types.FunctionType):
        return _told_function(value, within)
    if isinstance(value, types.MethodType):
        return ("method", _told(value.__self__, within), _told(value.__func__, within))
    if isinstance(value, functools.partial):
        return ("partial", *(_told(one, within) for one in (value.func, value.args, value.keywords)))
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__, _release(value.__name__))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(one.name, _told(getattr(value, one.name), within)) for one in dataclasses.fields(value)]
        return ("dataclass", _told(type(value), within), fields)
    # Classes, builtin functions, ufuncs: known by name, where they come from a release that does not change.
    name, module = getattr(value, "__qualname__", None) or getattr(value, "__name__", None), _module_of(value)
    if name is None or not module or module == "__main__":
        raise _UnseenError
    if module == "builtins" and name in _OUTSIDE:
        raise _UnseenError
    return ("named", module, name, _release(module))


def _module_of(value: Any) -> str | None:
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) else "numpy" if isinstance(value, np.ufunc) else None


def _told_function(function: types.FunctionType, within: tuple[int, ...]) -> Any:
    within = (*within, id(function))
    cells = [_told(cell.cell_contents, within) for cell in function.__closure__ or ()]
    defaults = _told([function.__defaults__, function.__kwdefaults__], within)
    module = function.__module__ or ""
    if module.partition(".")[0] == _OWN or _installed(module):
        # Its code is that of a release; what it was given when it was made is not.
        return ("function", module, function.__qualname__, _release(module), cells, defaults)
    return ("function", _told_code(function.__code__, function.__globals__, within), cells, defaults)


def _told_code(code: types.CodeType, names: dict[str, Any], within: tuple[int, ...]) -> Any:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            _release(str(instruction.argval))
        elif instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            raise _UnseenError
    used = []
    for name in code.co_names:
        if name in names:
            used.append((name, _told(names[name], within)))
        elif name in _OUTSIDE and hasattr(builtins, name):
            raise _UnseenError
    constants = [
        _told_code(one, names, within) if isinstance(one, types.CodeType) else _told(one, within)
        for one in code.co_consts
    ]
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants, used)


def _installed(module: str) -> bool:
    """Tell whether a module is of the standard library, or was installed and is not being worked on."""
    root = module.partition(".")[0]
    if root in ("", "__main__"):
        return False  # a notebook or script, whatever started it: ``python -m`` gives it the spec of a package
    if root in sys.stdlib_module_names:
        return True
    try:
        found = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return False
    where = "" if found is None else found.origin or ""
    return "site-packages" in where or "dist-packages" in where


def _release(module: str) -> str:
    """
    Return the version of the package that a module is part of.

    Raises
    ------
    _UnseenError
        If it is no installed release.
    """
    root = module.partition(".")[0]
    if root == _OWN:
        return ""  # its version is part of every judgement's name
    if not _installed(module):
        raise _UnseenError
    return str(getattr(sys.modules.get(root), "__version__", ""))
