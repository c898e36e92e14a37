"""Texts on plots: names that any font can show, axis labels, close matches for typing errors."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING

from rtkit_explore.table_schema.labels import column_of

if TYPE_CHECKING:
    from collections.abc import Iterable


LONGEST = 30
_WRAP = 18


def axis_label(metric: str, *, wide_score: bool = False) -> str:
    """Name a measure with its unit, for an axis: long titles take two lines."""
    column = column_of(metric)
    title = textwrap.fill(column.title, _WRAP)
    if metric == "score":
        return f"{title}\n({'1 to 5' if wide_score else '0 to 1'}, best is {5 if wide_score else 1})"
    repeats = column.unit and column.title.startswith(column.unit)  # "frames per interval" needs no "(frames)"
    return f"{title}\n({column.unit})" if column.unit and not repeats else title


def sentence_case(text: str) -> str:
    """Write the first letter of a title large, and leave the others: "MOS" stays "MOS"."""
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=8)
def _glyphs(families: tuple[str, ...]) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [get_font(findfont(FontProperties(family=[family]))) for family in families]
    return frozenset(code for font in fonts for code in font.get_charmap())


def shown(text: object, *, spare: str = "", longest: int = LONGEST) -> str:
    """
    Make a name fit for a plot: one line, not too long, nothing that is read as a formula, only glyphs of the font.

    Parameters
    ----------
    text
        Name as the document has it.
    spare
        Told in addition where the font lacks characters of the name, so that two such names stay apart.
    longest
        Longest text, in characters; what is longer loses its middle.

    Returns
    -------
    str
        The text.
    """
    from matplotlib import rcParams

    line = " ".join(str(text).split())
    have = _glyphs(tuple(rcParams["font.family"]))
    drawn = "".join(letter if ord(letter) in have else "\N{REPLACEMENT CHARACTER}" for letter in line)
    if len(drawn) > longest:
        head = (longest - 1) * 2 // 3
        drawn = f"{drawn[:head]}…{drawn[-(longest - 1 - head) :]}"
    if spare and drawn.count("\N{REPLACEMENT CHARACTER}"):
        drawn = f"{drawn} ({spare})"
    return drawn.replace("$", r"\$")  # else two dollar signs make a formula


def listed(names: Iterable[object], *, most: int = 40) -> str:
    """Join names for a message, not endlessly."""
    every = [str(name) for name in names]
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(every[:most]) + rest) or "none"
