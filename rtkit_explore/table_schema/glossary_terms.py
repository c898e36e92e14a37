"""The words of the field: look one up, list all, or find those that stand in a text."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from rtkit_explore.errors import InvalidArgumentError, did_you_mean
from rtkit_explore.table_schema.glossary_entries import TERMS, Term

if TYPE_CHECKING:
    import pandas as pd


def glossary(term: str | None = None) -> pd.DataFrame | Term:
    """
    Explain the words of the field.

    Parameters
    ----------
    term
        A term, another word for it, or a column such as "jitter_ms"; None lists all.

    Returns
    -------
    pandas.DataFrame or Term
        All terms: ``term``, ``says``, ``columns``, ``webrtc_stats``, ``also`` (comma-separated; dtype ``string``). Of
        one term what it means, which a cell shows and ``print`` prints.

    Raises
    ------
    InvalidArgumentError
        If there is no such term; the nearest are offered.
    """
    if term is None:
        import pandas as pd

        rows = [
            (one.term, one.says, ", ".join(one.columns), ", ".join(one.webrtc_stats), ", ".join(one.also))
            for one in TERMS.values()
        ]
        frame = pd.DataFrame(rows, columns=["term", "says", "columns", "webrtc_stats", "also"])
        return frame.astype(pd.StringDtype("python"))
    if not isinstance(term, str) or not term.strip():
        msg = "glossary() takes a term such as 'jitter', or nothing for the whole list."
        raise InvalidArgumentError(msg)
    wanted, known = _key(term), _by_name()
    for name in (wanted, wanted.removesuffix("s")):
        if name in known:
            return known[name]
    if found := _of_a_column(term.strip()):
        return found
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    offered = did_you_mean(known[name].term for name in near)
    msg = f"{term[:60]!r} is not in the glossary.{offered} rtk.glossary() lists all terms."
    raise InvalidArgumentError(msg)


def _of_a_column(name: str) -> Term | None:
    """Return what the title of a column, or of a member of W3C's webrtc-stats, is about."""
    from rtkit_explore.table_schema.describe import TABLES
    from rtkit_explore.table_schema.webrtc_stats import WEBRTC_STATS

    for table in TABLES.values():
        for column in table.columns:
            members = WEBRTC_STATS.get(table.name, {}).get(column.name, ())
            if name in (column.name, f"{table.name}.{column.name}", *members):
                found = terms_in(column.title)
                if found:
                    return found[0]
    return None


NOT_LINKED: Final = frozenset({"check", "checks", "reports"})
"""Words that in a sentence mostly mean something plainer than the term of that name."""


def terms_in(text: str) -> list[Term]:
    """
    Return the terms that stand in a text, in the order in which they first do.

    Parameters
    ----------
    text
        A title, a sentence, a page: plain text.

    Returns
    -------
    list of Term
        Each once; of terms within each other the longest, so that "jitter buffer" is not "jitter". Abbreviations are
        found as they are written or all in small letters, other words in any case; all in the singular and the plural.
    """
    found: dict[str, Term] = {}
    for _, term in split_at_terms(text):
        if term is not None:
            found.setdefault(term.term, term)
    return list(found.values())


def split_at_terms(text: str) -> list[tuple[str, Term | None]]:
    """
    Split a text at the terms that stand in it.

    Parameters
    ----------
    text
        Plain text.

    Returns
    -------
    list of (str, Term or None)
        The pieces in their order, which together are the text; with each term where it stands for the first time.
    """
    pieces: list[tuple[str, Term | None]] = []
    seen: set[str] = set()
    at = 0
    for match in _pattern().finditer(text):
        meant = _meant_by(match[0])
        if meant is None or meant.term in seen:
            continue
        seen.add(meant.term)
        pieces += [(text[at : match.start()], None), (match[0], meant)]
        at = match.end()
    return [(piece, term) for piece, term in [*pieces, (text[at:], None)] if piece]


def _meant_by(written: str) -> Term | None:
    """Return the term that a word stands for, as it is written, in another case, or in the plural."""
    words = _words()
    names = (written, _key(written), _key(written).removesuffix("s"), written.removesuffix("s").upper())
    return next((words[name] for name in names if name in words), None)


def without_terms(text: str) -> str:
    """Return a text without the terms that stand in it: what is left should need no explanation."""
    return _pattern().sub(" ", text)


@cache
def _by_name() -> dict[str, Term]:
    """Return the terms by all that they may be asked by; a term's own name comes before another one's synonym."""
    known: dict[str, Term] = {_key(one.term): one for one in TERMS.values()}
    for one in TERMS.values():
        for name in one.also:
            known.setdefault(_key(name), one)
    for one in TERMS.values():
        for name in (*(column.rpartition(".")[2] for column in one.columns), *one.columns, *one.webrtc_stats):
            known.setdefault(_key(name), one)
    return known


@cache
def _words() -> dict[str, Term]:
    """Return the terms by the words that stand for them on a screen: abbreviations as written, others in lower case."""
    words: dict[str, Term] = {}
    for own in (True, False):
        for one in TERMS.values():
            for name in (one.term,) if own else one.also:
                words.setdefault(name if _is_abbreviation(name) else _key(name), one)
    return words


@cache
def _pattern() -> re.Pattern[str]:
    """Match any term: longest first, whole words, spaces and hyphens alike."""
    parts = []
    for name in sorted(_words(), key=len, reverse=True):
        exact = re.escape(name)
        if _is_abbreviation(name):
            parts.append(f"(?:{exact}|{exact.lower()})s?")
        else:
            parts.append(rf"(?i:{exact}s?)".replace(r"\ ", r"[\s_-]+"))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w])")


def _is_abbreviation(name: str) -> bool:
    return name.isupper() and " " not in name and len(name) <= 5


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())
