"""What a declaration is made of: columns, tables, and the dtypes they can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["string", "category", "float64", "Int64", "boolean", "time", "epoch_ms", "json"]
"""How a value is read: ``epoch_ms`` is a number that becomes a time, ``json`` is kept whole as JSON text."""

MEDIA = ("audio", "video", "screenshare_audio", "screenshare_video")
SOUND = ("audio", "screenshare_audio")
CAMERA, SCREEN = ("video",), ("screenshare_video",)
PICTURE = (*CAMERA, *SCREEN)
DIRECTIONS = ("consumer", "producer")
LIMITS = ("none", "cpu", "bandwidth", "other")
READINGS = ("increments", "totals", "mixed")


Worse = Literal["", "high", "low"]
"""Which end of a measure is the bad one; empty where neither is."""

Redaction = Literal[
    "address",
    "candidate",
    "country",
    "custom",
    "device_id",
    "device_kind",
    "device_label",
    "event",
    "id",
    "label",
    "location",
    "name",
    "number",
    "said",
    "time",
    "title",
    "unknown",
    "url",
    "user",
    "user_agent",
    "version",
    "word",
]
"""What redaction takes a value for; ``rtkit_explore.redaction.redactor`` says what it does with each."""

PERSONAL: Final = frozenset(
    (
        "address",
        "custom",
        "device_id",
        "device_label",
        "event",
        "label",
        "location",
        "name",
        "said",
        "title",
        "unknown",
        "user",
        "user_agent",
    )
)
"""Kinds of values that identify a person, a device or a place."""

_ENDINGS: Final = ("_pct", "_kbps", "_per_s", "_ms", "_s")


@dataclass(frozen=True)
class Column:
    """
    One column of one table: everything that plots, pickers, reports and redaction know of it stands here.

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
    places
        JSON paths of the value, where it is not simply ``key`` in each of the table's places; a path that ends in
        ``*`` stands for all below it.
    title
        Name in words, without the unit, as on an axis or in a heading; made of the name where none is given.
    worse
        Which end is the bad one.
    redact
        What redaction takes the value for; told by ``kind`` where None.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    key: str = ""
    categories: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    title: str = ""
    worse: Worse = ""
    redact: Redaction | None = None

    def __post_init__(self) -> None:
        """Fill in the title."""
        if not self.title:
            object.__setattr__(self, "title", title_from_name(self.name))

    @property
    def dtype(self) -> str:
        """The dtype in words, as ``rtk.schema()`` shows it."""
        if self.kind in ("time", "epoch_ms"):
            return "datetime64[us, UTC]"
        return "string" if self.kind == "json" else self.kind

    @property
    def redaction(self) -> Redaction:
        """What redaction takes the value for."""
        if self.redact is not None:
            return self.redact
        match self.kind:
            case "time":
                return "time"
            case "float64" | "Int64" | "epoch_ms" | "boolean":
                return "number"
            case "json":
                return "said"
            case _:
                return "word"

    @property
    def personal(self) -> bool:
        """Whether it identifies a person, a device or a place, so that redaction replaces it."""
        return self.redaction in PERSONAL


def title_from_name(name: str) -> str:
    """Make words of a column's name: without the unit at its end, which a title does not repeat."""
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    return name.removesuffix(ending).replace("_", " ")


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
        JSON paths of the records, from the ``data`` of the response, several where the same record stands in
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


def text(name: str, meaning: str, *, key: str | None = None, redact: Redaction | None = None) -> Column:
    """Declare free text or an id."""
    return Column(name, "string", meaning, key=name if key is None else key, redact=redact)


def number(name: str, meaning: str, unit: str, *, key: str | None = None) -> Column:
    """Declare a number with its unit."""
    return Column(name, "float64", meaning, unit, key=name if key is None else key)


def derived(name: str, meaning: str, unit: str = "", *, title: str = "", worse: Worse = "") -> Column:
    """Declare a number that is worked out, and stands in no document."""
    return Column(name, "float64", meaning, unit, title=title, worse=worse)


def count(name: str, meaning: str, unit: str = "", *, key: str | None = None) -> Column:
    """Declare a whole number that may be missing."""
    return Column(name, "Int64", meaning, unit, key=name if key is None else key)


def flag(name: str, meaning: str, *, key: str | None = None) -> Column:
    """Declare a yes or no that may be missing."""
    return Column(name, "boolean", meaning, key=name if key is None else key)


def time(name: str, meaning: str, *, key: str | None = None) -> Column:
    """Declare a time stamp in ISO 8601."""
    return Column(name, "time", meaning, key=name if key is None else key)


def choice(
    name: str,
    meaning: str,
    categories: tuple[str, ...],
    *,
    key: str = "",
    title: str = "",
    redact: Redaction | None = None,
) -> Column:
    """Declare a closed vocabulary."""
    return Column(name, "category", meaning, key=key, categories=categories, title=title, redact=redact)


SESSION_ID = Column("session_id", "string", "Session that the row belongs to.", redact="id")
PEER_ID = Column("peer_id", "string", "Participant (= peer) that the row belongs to.", redact="id")
DISPLAY_NAME = Column(
    "display_name", "string", "Name that the participant joined with.", redact="name", title="participant"
)
REMOTE_NAME = Column(
    "remote_name",
    "string",
    "Consumers: name of the participant that is watched or heard.",
    redact="name",
    title="remote participant",
)
