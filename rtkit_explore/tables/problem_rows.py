"""What could not be fetched or read, gathered while tables are built: one row per kind of place, with a count."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.errors import PartialResultWarning
from rtkit_explore.table_schema.people import PROBLEMS
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pandas as pd

_INDEX = re.compile(r"\[\d+\]")
_SHOWN: Final = 200
_NULL: Final = 'the text "null"'
"""What older clients write for nothing."""
LOSSES: Final = ("broken", "wrong_type", "bad_value", "conflict")
"""Kinds of problems that cost something; a key that nobody knows does not."""


@dataclass
class Problem:
    """One row of ``problems``."""

    kind: str
    message: str
    meaning: str
    path: str = "$"
    source: str = ""
    session_id: str | None = None
    peer_id: str | None = None
    count: int = 1


class Problems:
    """
    Collects the problems of one document.

    The same kind of thing at the same kind of place (list indexes aside) is one row with a count, so that a
    report with a wrong value in each of 15,000 samples has one problem and not 15,000.
    """

    def __init__(self, source: str = "", *, session_id: str | None = None, peer_id: str | None = None) -> None:
        self.source = source
        self.session_id = session_id
        self.peer_id = peer_id
        self._rows: dict[tuple[str, str, str], Problem] = {}

    def add(self, kind: str, path: str, message: str, meaning: str, *, count: int = 1) -> None:
        """Record one, or count one more of the same."""
        key = (kind, _INDEX.sub("[]", path), message)
        known = self._rows.get(key)
        if known is not None:
            known.count += count
            return
        self._rows[key] = Problem(kind, message, meaning, path, self.source, self.session_id, self.peer_id, count)

    def unknown_key(self, path: str, *, count: int = 1) -> None:
        """Record a key that no table has."""
        self.add(
            "unknown_key",
            path,
            "a key that the reference does not have",
            "in no table; it stays in the document",
            count=count,
        )

    def wrong_type(self, path: str, value: Any, wanted: str, meaning: str = "missing in the table") -> None:
        """Record a value of another type, without showing texts, which can be personal or secret."""
        self.add("wrong_type", path, f"{_describe(value)} where {wanted} belongs", meaning)

    def bad_value(self, path: str, message: str, meaning: str = "missing in the table", *, count: int = 1) -> None:
        """Record a value of the right type that cannot be right."""
        self.add("bad_value", path, message, meaning, count=count)

    def rows(self) -> list[Problem]:
        """Return what was found, in order."""
        return list(self._rows.values())

    def warn(self, *, kinds: Collection[str] = LOSSES) -> None:
        """Warn of what could not be read: for who asks for one table alone, beside which no ``problems`` stand."""
        lost = [row for row in self._rows.values() if row.kind in kinds and not row.message.startswith(_NULL)]
        if lost:
            first, others = lost[0], sum(row.count for row in lost) - 1
            more = f", and {others} more like it" if others else ""
            message = f"{first.message} at {first.path[:_SHOWN]}: {first.meaning}{more}"
            warnings.warn(message, PartialResultWarning, stacklevel=3)


def _describe(value: Any) -> str:
    if isinstance(value, str):
        return {"": "an empty text", "null": _NULL}.get(value, "a text")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


def problems_frame(rows: Iterable[Problem]) -> pd.DataFrame:
    """Make the table ``problems``."""
    return from_rows(PROBLEMS, [vars(row) for row in rows])
