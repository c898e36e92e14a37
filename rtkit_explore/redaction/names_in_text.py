"""
Names of a call's participants inside other texts.

A text made of words of the field is kept, and names can be such words: "kicked Dev Amr (Kit Black)" holds none that
is not one. So texts that are kept are searched for the names, ids and words of names of everyone in this call.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SOMEBODY: Final = "participant"
"""Stand-in for a word that is part of several people's names."""

_LONGEST = 16
"""Words of a name that are looked for together; what is longer is found by its beginning, the rest word by word."""

# As ``safe_words`` takes texts apart: "kickedKitBlack2" is four words.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


def _words(text: str) -> tuple[str, ...]:
    return tuple(found[0].casefold() for found in _WORD.finditer(text))


class NamesInText:
    """
    Finds people's names in texts.

    Parameters
    ----------
    names
        Name and the pseudonym of its owner. A name that several people share is listed several times.
    ids
        User id or custom id and its stand-in; these are found as a whole only.
    """

    def __init__(self, names: Iterable[tuple[str, str]], ids: Iterable[tuple[str, str]] = ()) -> None:
        self._phrases: dict[tuple[str, ...], str] = {}
        self._single: dict[str, str] = {}
        for text, stand_in in ids:
            self._add(text, stand_in)
        for name, stand_in in names:
            self._add(name, stand_in)
            for word in _words(name):
                if len(word) > 1 and not word.isdigit():
                    same = self._single.setdefault(word, stand_in) == stand_in
                    self._single[word] = stand_in if same else SOMEBODY
        self._longest = max(map(len, self._phrases), default=0)

    def _add(self, text: str, stand_in: str) -> None:
        phrase = _words(text)[:_LONGEST]
        # A number alone says nothing: "layer 1" does not speak of the guest who is called "1".
        if phrase and not all(word.isdigit() for word in phrase):
            same = self._phrases.setdefault(phrase, stand_in) == stand_in
            self._phrases[phrase] = stand_in if same else SOMEBODY

    def parts(self, text: str, *, single: bool) -> list[tuple[str, bool]]:
        """
        Split a text at the names in it.

        Parameters
        ----------
        text
            The text.
        single
            Whether a single word of a name counts; else only whole names of two words or more do.

        Returns
        -------
        list of (str, bool)
            Pieces of the text in order, and for each whether it is the stand-in of a name.
        """
        found = list(_WORD.finditer(text))
        words = [match[0].casefold() for match in found]
        pieces: list[tuple[str, bool]] = []
        done = place = 0
        while place < len(words):
            length, stand_in = self._at(words, place, single=single)
            if stand_in is not None:
                pieces += [(text[done : found[place].start()], False), (stand_in, True)]
                done = found[place + length - 1].end()
            place += length
        pieces.append((text[done:], False))
        return [piece for piece in pieces if piece[0]]

    def _at(self, words: list[str], place: int, *, single: bool) -> tuple[int, str | None]:
        """Find the longest name that begins at a word: how many words it has, and its stand-in."""
        for length in range(min(self._longest, len(words) - place), 0 if single else 1, -1):
            stand_in = self._phrases.get(tuple(words[place : place + length]))
            if stand_in is not None:
                return length, stand_in
        return 1, self._single.get(words[place]) if single else None

    def named(self, text: str) -> bool:
        """Tell whether a text holds any name, or a word of one."""
        return any(is_name for _, is_name in self.parts(text, single=True))
