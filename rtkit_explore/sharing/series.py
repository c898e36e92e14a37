"""Lists of samples without personal data: looked at as a whole, rewritten one by one only where they need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtkit_explore.tables.declared.media import SAMPLE_FIELDS
from rtkit_explore.tables.decoding import DURATION_PARTS, DURATIONS

from .rules import participants_tree

if TYPE_CHECKING:
    from .rewriting import Rewriter

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
        ``items`` itself where it holds nothing but numbers, times and ids of the service under known keys.
    """
    node = participants_tree().child("participant").child("peer_report").child("quality").child(name)
    if _is_plain(name, items):
        texts = _texts(items)
        sample = node.items()
        if all(rewriter.text(text, sample.children.get(key)) == text for key, each in texts.items() for text in each):
            return items
    return rewriter.value(items, node)


def _is_plain(name: str, items: Any) -> bool:
    """Tell whether every sample has known keys alone, and numbers and texts alone where the reference has them."""
    known = frozenset(SAMPLE_FIELDS[name.removeprefix("screenshare_")])
    parts = frozenset(DURATION_PARTS)
    if not isinstance(items, list):
        return False
    for item in items:
        if type(item) is not dict or not item.keys() <= known:
            return False
        durations = item.get(DURATIONS)
        if durations is not None and (
            type(durations) is not dict
            or not durations.keys() <= parts
            or not {type(value) for value in durations.values()} <= _NUMBERS
        ):
            return False
    return True


def _texts(items: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Gather the distinct texts by key; what is neither number nor text is durations, which have been looked at."""
    found: dict[str, set[str]] = {}
    for item in items:
        for key, value in item.items():
            if type(value) is str:
                found.setdefault(key, set()).add(value)
            elif type(value) is list or (type(value) is dict and key != DURATIONS):
                found.setdefault("", set()).add("?")  # a known key with an unknown thing below: rewritten one by one
    return found
