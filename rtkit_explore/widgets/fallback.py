"""What a picker looks like where widgets do not run: printed, in a diff, in an exported page, on a code host."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkit_explore.widgets.selection_model import Choices

WIDGET = "application/vnd.jupyter.widget-view+json"
"""The form of an output that front ends show as a live widget."""
LINES = 12
"""Most items that are written out."""


def bundle_of(widget: Any, text: str, html: str = "") -> dict[str, Any]:
    """Return what a cell shows: the widget, and a text and a still for where none run."""
    shown = widget._repr_mimebundle_() or {}
    shown = shown[0] if isinstance(shown, tuple) else shown
    still = {"text/plain": text, "text/html": html} if html else {"text/plain": text}
    return still | {form: content for form, content in shown.items() if form == WIDGET}


class Code(str):
    """A line of Python that shows itself as it is, so that it can be copied from a cell's output."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the line without quotes."""
        return str(self)


@dataclass(frozen=True)
class StaticView:
    """
    A picker at one moment.

    Attributes
    ----------
    title
        What is chosen here.
    state
        How much is chosen, in a few words.
    lines
        What there is, and whether it is chosen.
    code
        The line that makes the same choice.
    more
        How many further lines there would be.
    """

    title: str
    state: str
    lines: Sequence[tuple[bool, str]]
    code: str
    more: int = 0

    def text(self) -> str:
        """Return it as plain text."""
        lines = [f"  [{'x' if chosen else ' '}] {label}" for chosen, label in self.lines]
        rest = [f"      … and {self.more} more"] if self.more else []
        code = [f"  {line}" for line in self.code.splitlines()]
        return "\n".join([f"{self.title}: {self.state}", *lines, *rest, *code])

    def html(self) -> str:
        """Return it as HTML that needs no style sheet, everything in it escaped."""
        rows = "".join(
            f"<li>{'☑' if chosen else '☐'} {f'<b>{escape(label)}</b>' if chosen else escape(label)}</li>"
            for chosen, label in self.lines
        )
        rest = f"<li>… and {self.more} more</li>" if self.more else ""
        listed = f'<ul style="list-style:none;padding-left:1em">{rows}{rest}</ul>' if rows or rest else ""
        head = f"<p><b>{escape(self.title)}</b>: {escape(self.state)}</p>"
        return f"<div>{head}{listed}<pre>{escape(self.code)}</pre></div>"


def still_of(choices: Choices, *, title: str, empty: str, code: str) -> StaticView:
    """Write out a list: what is chosen first of all, then the rest as far as there is room."""
    items, chosen = choices.items, set(choices.selected)
    if not items:
        return StaticView(title, empty, (), code)
    first = [item for item in items if item.id in chosen][:LINES]
    room = {item.id for item in first}
    room |= {item.id for item in [item for item in items if item.id not in room][: LINES - len(first)]}
    lines = [(item.id in chosen, item.label) for item in items if item.id in room]
    return StaticView(title, f"{len(chosen)} of {len(items)} chosen", lines, code, more=len(items) - len(lines))
