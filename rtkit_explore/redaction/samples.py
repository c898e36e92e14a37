"""
Lists of samples without personal data.

Nearly all of a report is samples, and nearly all of those are numbers. So each list is decoded into typed records that
know the fields of the reference; only their few texts are looked at, each distinct one once; and the records are
encoded anew. A list with anything else in it (an unknown key, a value of another type) is rewritten value by value.

The text of the list itself never reaches the result: where a key stands twice in a sample, decoding keeps the last
value, and the first one would leak with the text.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.redaction.rules import participants_tree
from rtkit_explore.table_schema.media import SAMPLE_FIELDS
from rtkit_explore.tables.decoding import DURATION_PARTS, DURATIONS, TEXT_FIELDS

if TYPE_CHECKING:
    from rtkit_explore.redaction.redactor import Rewriter
    from rtkit_explore.redaction.rules import Node

_NUMBER: Any = int | float | msgspec.UnsetType | None
_TEXT: Any = str | msgspec.UnsetType | None


def redacted_series(name: str, raw: msgspec.Raw, rewriter: Rewriter) -> msgspec.Raw | None:
    """
    Return a list of samples without personal data, on the fast path.

    Parameters
    ----------
    name
        Its name, such as ``video_consumer``.
    raw
        Its JSON text.
    rewriter
        Gives the replacements.

    Returns
    -------
    msgspec.Raw or None
        The new JSON text; None if the list holds anything that the reference does not know.
    """
    kind = name.removeprefix("screenshare_")
    try:
        records = _decoder(kind).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    sample = series_node(name).items()
    for field in TEXT_FIELDS:
        if field in SAMPLE_FIELDS[kind]:
            _rewrite(records, field, sample.children.get(field), rewriter)
    return msgspec.Raw(msgspec.json.encode(records))


def series_node(name: str) -> Node:
    """Return the rules of a list of samples."""
    return participants_tree().child("participant").child("peer_report").child("quality").child(name)


def _rewrite(records: list[Any], field: str, node: Node | None, rewriter: Rewriter) -> None:
    """Replace the texts of a field that have to be replaced."""
    distinct = set(map(attrgetter(field), records))
    changed = {
        text: new for text in distinct if isinstance(text, str) and (new := rewriter.sample_text(text, node)) != text
    }
    if changed:
        for record in records:
            setattr(record, field, changed.get(getattr(record, field), getattr(record, field)))


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a kind of list; integers stay integers, and what is absent stays absent."""
    durations = _record("Durations", dict.fromkeys(DURATION_PARTS, _NUMBER))
    fields = {field: _TEXT if field in TEXT_FIELDS else _NUMBER for field in SAMPLE_FIELDS[kind]}
    if DURATIONS in fields:
        fields[DURATIONS] = durations | msgspec.UnsetType | None
    record: Any = _record(f"Sample_{kind}", fields)
    return msgspec.json.Decoder(list[record])


def _record(name: str, fields: dict[str, Any]) -> Any:
    declared = [(field, kind, msgspec.UNSET) for field, kind in fields.items()]
    return msgspec.defstruct(name, declared, forbid_unknown_fields=True, gc=False)
