"""HTML that cannot hold anything unescaped: texts become markup in one place, and lose links and tokens there."""

from __future__ import annotations

import html
import re
from typing import Final

from rtkit_explore.api.scrubbing import without_secrets

_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_VOID: Final = frozenset(("img", "meta", "br", "col"))


class Html(str):
    """Text that is markup already; made by ``tag`` and ``joined`` alone."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """Return a text as markup; characters that would change how others are read become a mark."""
    return Html(html.escape(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", without_secrets(text))))


def tag(name: str, *content: str | None, **attributes: str | int | None) -> Html:
    """
    Make an element.

    Parameters
    ----------
    name
        Its name.
    content
        What stands in it: markup as it is, any other text escaped, None left out.
    attributes
        Its attributes, escaped; None is left out, and a ``_`` at the end of a name is not part of it.

    Returns
    -------
    Html
        The markup.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(*content)}</{name}>")


def _value(value: str | int) -> str:
    if isinstance(value, Html):
        return str(value)
    return escaped(str(value))


def joined(*content: str | None) -> Html:
    """Put markup and texts after one another; texts are escaped."""
    return Html("".join(part if isinstance(part, Html) else escaped(part) for part in content if part is not None))
