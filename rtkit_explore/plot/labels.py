"""Texts on plots: names that any font can show, measures with their units, close matches for typing errors."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import TYPE_CHECKING

from rtkit_explore.table_schema.describe import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 30
KINDS = {"audioinput": "microphone", "audiooutput": "speaker", "videoinput": "camera"}
MEDIA = {
    "audio": "audio",
    "video": "video",
    "screenshare_audio": "screen audio",
    "screenshare_video": "screen video",
}
_TITLES = {
    "bitrate_kbps": "bit rate",
    "packets_per_s": "packet rate",
    "packets": "packets per interval",
    "packets_lost": "packets lost\nper interval",
    "bytes": "bytes per interval",
    "loss_pct": "packet loss",
    "jitter_ms": "jitter",
    "rtt_ms": "round trip",
    "buffer_ms": "jitter buffer",
    "fps": "frame rate",
    "width": "frame width",
    "height": "frame height",
    "frames": "frames per interval",
    "frames_dropped": "frames dropped\nper interval",
    "dropped_pct": "frames dropped",
    "key_frames": "key frames\nper interval",
    "pli": "PLI per interval",
    "fir": "FIR per interval",
    "concealment_events": "concealments\nper interval",
    "limited_by": "encoder limited by",
    "limited_bandwidth_s": "limited by\nbandwidth",
    "limited_cpu_s": "limited by CPU",
    "limited_other_s": "limited otherwise",
    "limited_none_s": "not limited",
    "resolution_changes": "resolution changes\nper interval",
    "interval_s": "interval",
    "score": "quality score",
}
_SUFFIXES = {"_pct": "%", "_kbps": "kbit/s", "_per_s": "per s", "_ms": "ms", "_px": "px", "_s": "s"}


def unit_of(metric: str, table: str = "quality") -> str:
    """Look the unit of a measure up in the schema; a column that is not declared says it by its ending."""
    declared = TABLES[table].index.get(metric)
    if declared is not None:
        return declared.unit
    return next((unit for ending, unit in _SUFFIXES.items() if metric.endswith(ending)), "")


def title_of(metric: str) -> str:
    """Name a measure in words, without its unit."""
    if metric in _TITLES:
        return _TITLES[metric]
    ending = next((ending for ending in _SUFFIXES if metric.endswith(ending)), "")
    return metric.removesuffix(ending).replace("_", " ")


def flat(metric: str) -> str:
    """Name a measure in words, in one line."""
    return title_of(metric).replace("\n", " ")


def axis_label(metric: str, *, wide_score: bool = False) -> str:
    """Name a measure with its unit, for an axis."""
    unit = unit_of(metric)
    if metric == "score":
        return f"{title_of(metric)}\n({'1 to 5' if wide_score else '0 to 1'}, best is {5 if wide_score else 1})"
    repeats = unit and unit == title_of(metric).split(" per ")[0].split("\n")[0]
    return f"{title_of(metric)}\n({unit})" if unit and not repeats else title_of(metric)


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


def close_to(word: str, known: Iterable[str]) -> str:
    """Say what might have been meant: " Did you mean 'x'?", or nothing."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=3, cutoff=0.55)
    near += [name for name in folded if name not in near and len(word) > 2 and name.startswith(word.casefold())][:3]
    return f" Did you mean {' or '.join(repr(folded[name]) for name in near)}?" if near else ""


def listed(names: Iterable[object], *, most: int = 40) -> str:
    """Join names for a message, not endlessly."""
    every = [str(name) for name in names]
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(every[:most]) + rest) or "none"
