"""What a declaration is made of: columns, tables, and the dtypes they can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["string", "category", "float64", "Int64", "boolean", "time", "epoch_ms", "json"]
"""How a value is read: ``epoch_ms`` is a number that becomes a time, ``json`` is kept whole as JSON text."""

MEDIA = ("audio", "video", "screenshare_audio", "screenshare_video")
DIRECTIONS = ("consumer", "producer")
LIMITS = ("none", "cpu", "bandwidth", "other")
READINGS = ("increments", "totals", "mixed")


@dataclass(frozen=True)
class Column:
    """
    One column of one table.

    Attributes
    ----------
    name
        Name in the table.
    kind
        How a value is read; decides the dtype.
    meaning
        What it says, in a sentence.
    unit
        Unit of the numbers, empty where there is none.
    key
        Where the value stands in the record, dotted (``asn.name``); empty for columns that are worked out.
    categories
        The closed vocabulary of a category column.
    personal
        Whether it identifies a person, a device or a place, so that redaction replaces it.
    places
        JSON paths of the value, where it is not simply ``key`` in each of the table's places; a path that ends in
        ``*`` stands for all below it.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    key: str = ""
    categories: tuple[str, ...] = ()
    personal: bool = False
    places: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """The dtype in words, as ``rtk.schema()`` shows it."""
        if self.kind in ("time", "epoch_ms"):
            return "datetime64[us, UTC]"
        return "string" if self.kind == "json" else self.kind


@dataclass(frozen=True)
class Table:
    """
    One table.

    Attributes
    ----------
    name, row
        Name, and what one row stands for.
    columns
        In order, keys first.
    places
        JSON paths of the records, from the ``data`` of the answer, several where the same record stands in
        several places; empty for tables that are worked out of other tables.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    places: tuple[str, ...] = ()
    index: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index the columns by name."""
        self.index.update({column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        return self.index[name]


def text(name: str, meaning: str, *, key: str | None = None, personal: bool = False) -> Column:
    """Declare free text or an id."""
    return Column(name, "string", meaning, key=name if key is None else key, personal=personal)


def number(name: str, meaning: str, unit: str, *, key: str | None = None) -> Column:
    """Declare a number with its unit."""
    return Column(name, "float64", meaning, unit, key=name if key is None else key)


def count(name: str, meaning: str, unit: str = "", *, key: str | None = None) -> Column:
    """Declare a whole number that may be missing."""
    return Column(name, "Int64", meaning, unit, key=name if key is None else key)


def flag(name: str, meaning: str, *, key: str | None = None) -> Column:
    """Declare a yes or no that may be missing."""
    return Column(name, "boolean", meaning, key=name if key is None else key)


def time(name: str, meaning: str, *, key: str | None = None) -> Column:
    """Declare a time stamp in ISO 8601."""
    return Column(name, "time", meaning, key=name if key is None else key)


def choice(name: str, meaning: str, categories: tuple[str, ...], *, key: str = "") -> Column:
    """Declare a closed vocabulary."""
    return Column(name, "category", meaning, key=key, categories=categories)


SESSION_ID = Column("session_id", "string", "Session that the row belongs to.")
PEER_ID = Column("peer_id", "string", "Participant (= peer) that the row belongs to.")
DISPLAY_NAME = Column("display_name", "string", "Name that the participant joined with.", personal=True)
