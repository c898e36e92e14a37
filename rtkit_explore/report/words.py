"""The words of the field in the report: each links to what it means, at the end of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.table_schema.glossary_terms import NOT_LINKED, split_at_terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from rtkit_explore.table_schema.glossary_entries import Term


class Words:
    """
    The terms that stand on a page.

    Parameters
    ----------
    shown
        Makes a text fit to be shown: without URLs and tokens.
    """

    def __init__(self, shown: Callable[[object], str]) -> None:
        self._shown = shown
        self._used: dict[str, Term] = {}

    def mark(self, text: object) -> Markup:
        """Return a text as HTML, each term in it a link to what it means where it first stands."""
        from markupsafe import Markup, escape

        parts = []
        for piece, term in split_at_terms(self._shown(text)):
            if term is None or piece.casefold() in NOT_LINKED:
                parts.append(escape(piece))
                continue
            self._used[term.term] = term
            link = Markup('<a class="term" href="#{place}" title="{says}">{word}</a>')
            parts.append(link.format(place=self.place(term), says=term.says, word=piece))
        return Markup("").join(parts)

    @property
    def used(self) -> list[Term]:
        """The terms that were marked, by the alphabet."""
        return sorted(self._used.values(), key=lambda term: term.term.casefold())

    @staticmethod
    def place(term: Term) -> str:
        """Return the id of the entry of a term."""
        return "word-" + "-".join(term.term.casefold().split())
