"""Prose: text to be read, which a notebook breaks between words."""

from __future__ import annotations

from html import escape


class Prose(str):
    """
    A text to be read: what ``print`` writes is broken in the middle of words by a notebook, this is not.

    It is a ``str`` in all else; shown as the last line of a cell, its lines stand as they are, and long ones are broken
    between words.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text without quotes."""
        return str(self)

    def _repr_html_(self) -> str:
        return f"<div style='white-space:pre-wrap;max-width:110ch;line-height:1.45'>{escape(self)}</div>"
