"""The report of a call in one file, and its tables as files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtkit_explore.report.exports import export_tables, read_tables
    from rtkit_explore.report.page import write_report

__all__ = ["export_tables", "read_tables", "write_report"]

_PLACES = {"export_tables": "exports", "read_tables": "exports", "write_report": "page"}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: exporting tables needs no plots."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List what is offered, loaded or not."""
    return sorted(__all__)
