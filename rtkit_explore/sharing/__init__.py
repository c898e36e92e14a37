"""What leaves the notebook: calls without personal data, the report in one file, tables as files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exports import export_tables
    from .redaction import redacted_documents
    from .report import write_report

__all__ = ["export_tables", "redacted_documents", "write_report"]

_PLACES = {"export_tables": "exports", "redacted_documents": "redaction", "write_report": "report"}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: a Call that is redacted needs no plots."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
