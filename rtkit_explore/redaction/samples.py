"""Lists of samples without personal data: looked at as a whole, rewritten one by one only where they need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtkit_explore.redaction.rules import participants_tree
from rtkit_explore.table_schema.media import SAMPLE_FIELDS
from rtkit_explore.tables.decoding import DURATION_PARTS, DURATIONS

if TYPE_CHECKING:
    from rtkit_explore.redaction.redactor import Rewriter

_NUMBERS = {int, float, bool, type(None)}


def redacted_series(name: str, items: Any, rewriter: Rewriter) -> Any:
    """
    Return a list of samples without personal data.

    Parameters
    ----------
    name
        Its name, such as ``video_consumer``.
    items
        The decoded list; not changed.
    rewriter
        What to call things instead.

    Returns
    -------
    list
        ``items`` itself where it holds nothing but numbers, times and ids of the service.
    """
    node = participants_tree().child("participant").child("peer_report").child("quality").child(name)
    if isinstance(items, list) and _is_plain(items, _sample_keys(name), rewriter):
        sample = node.items()
        found = _texts(items)
        if all(rewriter.text(text, sample.children.get(key)) == text for key, texts in found.items() for text in texts):
            return items
    return rewriter.value(items, node)


def _sample_keys(name: str) -> frozenset[str]:
    return frozenset(SAMPLE_FIELDS[name.removeprefix("screenshare_")])


def _is_plain(items: list[Any], known: frozenset[str], rewriter: Rewriter) -> bool:
    """Tell whether the samples are flat objects, durations aside, and no key of theirs has to be replaced."""
    keys: set[str] = set()
    parts: set[str] = set()
    kinds: set[type] = set()
    for item in items:
        if type(item) is not dict:
            return False
        keys.update(item)
        durations = item.get(DURATIONS)
        if type(durations) is dict:
            parts.update(durations)
            kinds.update(map(type, durations.values()))
    unknown = [*(keys - known), *parts.difference(DURATION_PARTS)]
    return kinds <= _NUMBERS and all(rewriter.key(key) == key for key in unknown)


def _texts(items: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Gather the distinct texts by key; any text stands for what is neither number, text nor durations."""
    found: dict[str, set[str]] = {}
    for key in set().union(*items):
        values = [item.get(key) for item in items]
        kinds = set(map(type, values)) - _NUMBERS
        if str in kinds:
            found[key] = {value for value in values if type(value) is str}
        if kinds - ({str, dict} if key == DURATIONS else {str}):
            found[""] = {"?"}  # of no known key, so that all are rewritten one by one
    return found
