"""
Figures of the plots as SVG, for the page.

matplotlib's own canvases measure, lay out and draw every text glyph by glyph, which was most of the time that a report
took. Here the same artists (lines, bands, bars, marks, texts, legend) are written out where the plot put them, and
whoever reads the page draws the letters: sharp on paper, and smaller than a PNG. An artist of a kind that is not known
here raises :class:`UnknownArtistError`, and the figure is drawn by matplotlib after all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Annotation, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.path import Path
    from matplotlib.transforms import Transform
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = Callable[[str], str]

DPI: Final = 110
POINT: Final = 10 * DPI / 72
"""Everything is counted in tenths of a pixel, so that coordinates are whole numbers; a point is so many of them."""
LETTER: Final = 0.54
"""Width of a letter on the average, by the size of the text: sans-serif fonts differ little."""
BOLDER: Final = 1.16
"""How much wider bold letters are."""
_PAD: Final = 60.0
_MOST_MARKS: Final = 20
_DARK: Final = "#262626"


class UnknownArtistError(Exception):
    """A figure holds something that is not known here."""


@dataclass(frozen=True)
class Svg:
    """
    A picture.

    Attributes
    ----------
    text
        The SVG document.
    width, height
        In pixels.
    """

    text: str
    width: int
    height: int


@dataclass(frozen=True)
class _Box:
    """Where an Axes is in the picture, in tenths of a pixel; y grows downwards."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def place(self, shares: Floats) -> Floats:
        """Turn shares of the Axes into places of the picture."""
        return np.column_stack([self.left + shares[:, 0] * self.width, self.bottom - shares[:, 1] * self.height])


def svg_of(figure: Figure, *, words: Words = str) -> Svg:
    """
    Write a figure whose Axes stand below one another as SVG.

    Parameters
    ----------
    figure
        The figure, drawn on by a plot; it need not have been laid out.
    words
        Applied to every text before it is escaped.

    Returns
    -------
    Svg
        The picture.

    Raises
    ------
    UnknownArtistError
        Where something in it is not known here.
    """
    return _Picture(figure, words).draw()


@dataclass
class _Picture:
    figure: Figure
    words: Words
    parts: list[str] = field(default_factory=list)
    defs: dict[str, str] = field(default_factory=dict)

    def draw(self) -> Svg:
        axes = self.figure.axes
        if not axes or len({round(ax.bbox.x0) for ax in axes}) != 1 or self.figure.texts or self.figure.subfigs:
            raise UnknownArtistError
        width = 10.0 * DPI * float(self.figure.get_size_inches()[0])
        strips = [child for ax in axes for child in ax.child_axes if isinstance(child, Axes)]
        left = max(map(self._left_of, (*axes, *strips))) + _PAD
        top = _PAD
        for ax in axes:
            children: list[Axes] = [child for child in ax.child_axes if isinstance(child, Axes)]
            inset = max((_shares(child.bbox.corners(), ax)[:, 1].max() - 1 for child in children), default=0.0)
            high = 10.0 * DPI * float(ax.bbox.height / self.figure.dpi)
            title = next((one for one in (*children, ax) if one.get_title(loc="left")), None)
            top += self._title(title, left, top) if title is not None else 0.0
            box = _Box(left, top + inset * high, width - left - 2 * _PAD, high)
            self._axes(ax, box)
            for child in children:
                corners = box.place(_shares(child.bbox.corners(), ax))
                (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
                self._axes(child, _Box(x0, y0, x1 - x0, y1 - y0))
            top = self._below(ax, box)
        height = top + _PAD / 2
        document = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width / 10:.0f}"'
            f' height="{height / 10:.0f}" font-family="DejaVu Sans,Verdana,system-ui,sans-serif">'
            f'<defs>{"".join(self.defs.values())}</defs><rect width="100%" height="100%" fill="#fff"/>'
            f"{''.join(self.parts)}</svg>"
        )
        return Svg(document, round(width / 10), round(height / 10))

    # What stands around the Axes --------------------------------------------------------------------------------------

    def _left_of(self, ax: Axes) -> float:
        """Return the room that the label and the numbers at the left need."""
        _, labels = _ticks(ax.yaxis)
        shape = ax.yaxis.get_tick_params()
        size = float(shape.get("labelsize", 8.0)) * POINT
        lines = ax.get_ylabel().split("\n") if ax.get_ylabel() else []
        bold = _bold(ax.yaxis, len(labels))
        wide = zip(labels, bold, strict=True)
        longest = max(
            (len(line) * (BOLDER if one else 1) for text, one in wide for line in text.split("\n")), default=0.0
        )
        return longest * LETTER * size + _gap(ax) + 1.2 * float(ax.yaxis.label.get_fontsize()) * POINT * len(lines)

    def _title(self, ax: Axes, left: float, top: float) -> float:
        lines = ax.get_title(loc="left").split("\n")
        size = 10 * POINT
        for number, line in enumerate(lines):
            self._words(left, top + (1 + 1.25 * number) * size, line, size)
        return 1.25 * size * len(lines) + _PAD / 2

    def _below(self, ax: Axes, box: _Box) -> float:
        """Write the numbers and the label of the x axis, and the legend; return where the next Axes may begin."""
        shape = ax.xaxis.get_tick_params()
        y = box.bottom + 4 * POINT
        places, labels = _ticks(ax.xaxis)
        if shape.get("labelbottom", True) and any(labels):
            size = float(shape.get("labelsize", 8.0)) * POINT
            for at, label in zip(self._along(ax, places, box), labels, strict=True):
                for number, line in enumerate(label.split("\n")):
                    self._words(at, y + (0.9 + 1.2 * number) * size, line, size, anchor="middle")
            y += 1.2 * size * max(label.count("\n") + 1 for label in labels)
        if ax.get_xlabel():
            size = float(ax.xaxis.label.get_fontsize()) * POINT
            self._words(box.left + box.width / 2, y + 1.1 * size, ax.get_xlabel(), size, anchor="middle")
            y += 1.4 * size
        legend = ax.get_legend()
        for text in ax.texts:
            if text.get_gid() == "footnote":
                size = float(text.get_fontsize()) * POINT
                self._words(box.left + box.width, y + 1.1 * size, text.get_text(), size, anchor="end")
                y += 1.4 * size
        if legend is not None:
            y = self._legend(legend, box.left, y + 4 * POINT, box.width)
        return y + 6 * POINT

    @staticmethod
    def _along(ax: Axes, places: Floats, box: _Box) -> list[float]:
        points = np.column_stack([places, np.full(len(places), ax.get_ylim()[0])])
        return box.place(_shares(ax.transData.transform(points), ax))[:, 0].tolist() if len(places) else []

    def _legend(self, legend: Legend, left: float, top: float, room: float) -> float:
        """Write the legend in as many columns as fit."""
        size = 8 * POINT
        texts = [text.get_text() for text in legend.get_texts()]
        handles = [one for one in legend.legend_handles if one is not None]
        if len(handles) != len(texts):
            raise UnknownArtistError
        wide = [max(map(len, text.split("\n"))) * LETTER * size + 5.2 * size for text in texts]
        columns = next((n for n in range(min(len(texts), 6), 1, -1) if sum(_widest(wide, n)) <= room), 1)
        if title := legend.get_title().get_text():
            self._words(left, top + size, title, size)
            top += 1.5 * size
        rows = -(-len(texts) // columns)
        lines = [text.count("\n") + 1 for text in texts]
        heights = [max(lines[row::rows]) for row in range(rows)]
        x, ends = left, top
        for column, width in enumerate(_widest(wide, columns)):
            y = top
            for row, number in enumerate(range(column * rows, min((column + 1) * rows, len(texts)))):
                self._sign(handles[number], x, y + 0.65 * size, size)
                for place, line in enumerate(texts[number].split("\n")):
                    self._words(x + 3.2 * size, y + (1 + 1.2 * place) * size, line, size)
                y += (1.2 * heights[row] + 0.25) * size
            x, ends = x + width, max(ends, y)
        return ends

    def _sign(self, handle: Artist, x: float, y: float, size: float) -> None:
        """Draw the sign of a legend's entry."""
        if isinstance(handle, Line2D):
            points = np.array([[x, y], [x + 2.6 * size, y]])
            if handle.get_linestyle() not in ("None", "none", " ", ""):
                self.parts.append(f'<path d="{path_of(points)}"{_stroke(handle)}/>')
            if handle.get_marker() not in ("None", "none", None, "", " "):
                self._marks(handle, points.mean(axis=0, keepdims=True))
        elif isinstance(handle, Patch):
            look = self._fill(handle)
            self.parts.append(
                f'<rect x="{x:.0f}" y="{y - 0.4 * size:.0f}" width="{2.6 * size:.0f}" height="{0.8 * size:.0f}"{look}/>'
            )
        else:
            raise UnknownArtistError

    # An Axes ----------------------------------------------------------------------------------------------------------

    def _axes(self, ax: Axes, box: _Box) -> None:
        if ax.get_facecolor()[:3] != (1.0, 1.0, 1.0):
            self.parts.append(
                f'<rect x="{box.left:.0f}" y="{box.top:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
                f' fill="{_hex(ax.get_facecolor())}"/>'
            )
        self._scales(ax, box)
        clip = f"c{len(self.defs)}"
        # Marks and edges may reach a little over the Axes.
        self.defs[clip] = (
            f'<clipPath id="{clip}"><rect x="{box.left - 20:.0f}" y="{box.top - 20:.0f}"'
            f' width="{box.width + 40:.0f}" height="{box.height + 40:.0f}"/></clipPath>'
        )
        self.parts.append(f'<g clip-path="url(#{clip})">')
        artists = [*ax.patches, *ax.collections, *ax.lines, *ax.texts]
        if len(artists) + len(ax.images) + len(ax.tables) != len(artists) or ax.artists:
            raise UnknownArtistError
        late: list[Artist] = []
        for artist in sorted(artists, key=lambda one: one.get_zorder()):
            if not artist.get_visible() or artist.get_gid() == "footnote":
                continue
            if isinstance(artist, Line2D) and not artist.get_clip_on():
                late.append(artist)
            elif isinstance(artist, Line2D):
                self._line(artist, ax, box)
            elif isinstance(artist, LineCollection):
                self._lines(artist, ax, box)
            elif isinstance(artist, PolyCollection):
                self._areas(artist, ax, box)
            elif isinstance(artist, Rectangle):
                self._bar(artist, ax, box)
            elif isinstance(artist, Text):
                late.append(artist)
            else:
                raise UnknownArtistError
        self.parts.append("</g>")
        for artist in late:
            if isinstance(artist, Line2D):
                self._line(artist, ax, box)
            elif isinstance(artist, Text):
                self._text(artist, ax, box)
        for side, line in (
            ("left", f"M{box.left:.0f},{box.top:.0f}v"),
            ("right", f"M{box.left + box.width:.0f},{box.top:.0f}v"),
        ):
            if ax.spines[side].get_visible():
                self._spine(ax, side, f"{line}{box.height:.0f}")
        for side, line in (
            ("bottom", f"M{box.left:.0f},{box.bottom:.0f}h"),
            ("top", f"M{box.left:.0f},{box.top:.0f}h"),
        ):
            if ax.spines[side].get_visible():
                self._spine(ax, side, f"{line}{box.width:.0f}")

    def _spine(self, ax: Axes, side: str, line: str) -> None:
        colour = _hex(ax.spines[side].get_edgecolor())
        self.parts.append(f'<path d="{line}" stroke="{colour}" stroke-width="{0.8 * POINT:.0f}" fill="none"/>')

    def _scales(self, ax: Axes, box: _Box) -> None:
        """Draw the grid, the numbers at the left and the label of the y axis."""
        places, labels = _ticks(ax.yaxis)
        shape = ax.yaxis.get_tick_params()
        points = np.column_stack([np.full(len(places), ax.get_xlim()[0]), places])
        levels = box.place(_shares(ax.transData.transform(points), ax))[:, 1].tolist() if len(places) else []
        size = float(shape.get("labelsize", 8.0)) * POINT
        grid = []
        for level, label, bold in zip(levels, labels, _bold(ax.yaxis, len(labels)), strict=True):
            if shape.get("gridOn"):
                grid.append(f"M{box.left:.0f},{level:.0f}h{box.width:.0f}")
            for number, line in enumerate(lines := label.split("\n")):
                y = level + (0.35 + 1.2 * (number - (len(lines) - 1) / 2)) * size
                self._words(box.left - _gap(ax), y, line, size, anchor="end", bold=bold)
        across = ax.xaxis.get_tick_params()
        if across.get("gridOn"):
            grid += [f"M{x:.0f},{box.top:.0f}v{box.height:.0f}" for x in self._along(ax, _ticks(ax.xaxis)[0], box)]
        if grid:
            colour = _hex(across.get("grid_color", shape.get("grid_color", "#E6E6E6")))
            self.parts.append(f'<path d="{"".join(grid)}" stroke="{colour}" stroke-width="{0.7 * POINT:.0f}"/>')
        if ax.get_ylabel():
            size = float(ax.yaxis.label.get_fontsize()) * POINT
            lines = ax.get_ylabel().split("\n")
            longest = max(map(len, labels), default=0) * LETTER * float(shape.get("labelsize", 8.0)) * POINT
            for number, line in enumerate(lines):
                x = box.left - longest - _gap(ax) - 4 * POINT - 1.2 * size * (len(lines) - 1 - number)
                self._words(x, box.top + box.height / 2, line, size, anchor="middle", turned=True)

    # Artists ----------------------------------------------------------------------------------------------------------

    def _line(self, line: Line2D, ax: Axes, box: _Box) -> None:
        points = np.asarray(line.get_xydata(), dtype="float64")
        if not len(points):
            return
        if line.get_drawstyle() == "steps-post":
            points = np.column_stack([np.repeat(points[:, 0], 2)[1:], np.repeat(points[:, 1], 2)[:-1]])
        elif line.get_drawstyle() != "default":
            raise UnknownArtistError
        placed = box.place(_shares(line.get_transform().transform(points), ax))
        if line.get_linestyle() not in ("None", "none", " ", ""):
            self.parts.append(f'<path d="{path_of(thinned(placed))}"{_stroke(line)}/>')
        if line.get_marker() not in ("None", "none", None, "", " "):
            every: Any = line.get_markevery()
            marked = placed if every is None else placed[every]
            marked = marked[np.isfinite(marked).all(axis=1)]
            if every is not None:  # they tell lines apart, and are no values of their own
                marked = marked[:: max(1, -(-len(marked) // _MOST_MARKS))]
            self._marks(line, marked)

    def _marks(self, line: Line2D, places: Floats) -> None:
        face, edge = line.get_markerfacecolor(), line.get_markeredgecolor()
        look = (
            f' fill="{_hex(face)}" stroke="{_hex(edge)}"'
            f' stroke-width="{float(line.get_markeredgewidth()) * POINT:.0f}"{_opacity(line)}'
        )
        key = f"{line.get_marker()} {line.get_markersize():g}{look}"
        if key not in self.defs:
            shape = _mark(str(line.get_marker()), float(line.get_markersize()))
            self.defs[key] = f'<path id="m{len(self.defs)}" d="{shape}"{look}/>'
        name = self.defs[key].split('"', 2)[1]
        self.parts += [f'<use href="#{name}" x="{x:.0f}" y="{y:.0f}"/>' for x, y in places.tolist()]

    def _lines(self, lines: LineCollection, ax: Axes, box: _Box) -> None:
        pieces = [_vertices(path) for path in lines.get_paths()]
        if not pieces:
            return
        turn = lines.get_transform()
        path = "".join(path_of(thinned(box.place(_shares(turn.transform(piece), ax)))) for piece in pieces)
        width = float(np.atleast_1d(lines.get_linewidth())[0]) * POINT
        colour = _hex(lines.get_colors()[0])
        self.parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.0f}"{_opacity(lines)}/>'
        )

    def _areas(self, areas: PolyCollection, ax: Axes, box: _Box) -> None:
        turn = areas.get_transform()
        path = "".join(f"{path_of(box.place(_shares(turn.transform(one.vertices), ax)))}Z" for one in areas.get_paths())
        self.parts.append(f'<path d="{path}" fill="{_hex(areas.get_facecolor()[0])}"{_opacity(areas)}/>')

    def _bar(self, bar: Rectangle, ax: Axes, box: _Box) -> None:
        corners = box.place(_shares(bar.get_transform().transform(_vertices(bar.get_path())), ax))
        if not np.isfinite(corners).all():
            return
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        place = f'x="{x0:.0f}" y="{y0:.0f}" width="{max(x1 - x0, 1):.0f}" height="{max(y1 - y0, 1):.0f}"'
        self.parts.append(f"<rect {place}{self._fill(bar)}/>")

    def _text(self, text: Text, ax: Axes, box: _Box) -> None:
        if isinstance(text, Annotation):
            if text.arrow_patch is not None or text.xycoords not in ("data", "axes fraction"):
                raise UnknownArtistError
            turn: Transform = ax.transData if text.xycoords == "data" else ax.transAxes
            at = box.place(_shares(turn.transform([text.xy]), ax))[0]
            if text.anncoords == "offset points":
                at = at + np.array([text.xyann[0], -text.xyann[1]]) * POINT
            elif text.anncoords != text.xycoords:
                raise UnknownArtistError
        else:
            at = box.place(_shares(text.get_transform().transform([text.get_position()]), ax))[0]
        size = float(text.get_fontsize()) * POINT
        lines = text.get_text().split("\n")
        shift = {"top": 0.9, "center": 0.35, "center_baseline": 0.35, "baseline": 0.0, "bottom": -0.2}[
            text.get_verticalalignment()
        ]
        anchor = {"left": "start", "center": "middle", "right": "end"}[text.get_horizontalalignment()]
        colour = _hex(text.get_color())
        for number, line in enumerate(lines):
            y = at[1] + (shift + 1.2 * (number - (len(lines) - 1) / 2)) * size
            self._words(at[0], y, line, size, anchor=anchor, colour=colour, bold=text.get_fontweight() == "bold")

    def _fill(self, patch: Patch) -> str:
        """Return how a patch is filled; its hatch becomes a pattern."""
        face: Any = patch.get_facecolor()
        edge: Any = patch.get_edgecolor()
        fill = _hex(face)
        width = float(patch.get_linewidth()) * POINT
        if hatch := patch.get_hatch():
            key = f"hatch {hatch} {_hex(edge)} {fill}"
            if key not in self.defs:
                name = f"m{len(self.defs)}"
                self.defs[key] = _pattern(name, hatch, "#fff" if fill == "none" else fill, _hex(edge))
            fill = f"url(#{self.defs[key].split(chr(34), 2)[1]})"
        stroke = "" if _none(edge) or width < 1 else f' stroke="{_hex(edge)}" stroke-width="{width:.0f}"'
        alpha = f' fill-opacity="{face[3]:.2f}"' if not _none(face) and len(face) == 4 and face[3] < 1 else ""
        return f' fill="{fill}"{stroke}{alpha}'

    def _words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        anchor: str = "start",
        colour: str = _DARK,
        bold: bool = False,
        turned: bool = False,
    ) -> None:
        if not text:
            return
        place = f' transform="translate({x:.0f},{y:.0f})rotate(-90)"' if turned else f' x="{x:.0f}" y="{y:.0f}"'
        more = ("" if anchor == "start" else f' text-anchor="{anchor}"') + (' font-weight="bold"' if bold else "")
        said = escape(self.words(text.replace("\\$", "$")))
        self.parts.append(f'<text{place} font-size="{size:.0f}" fill="{colour}"{more}>{said}</text>')


def _shares(display: Any, ax: Axes) -> Floats:
    """Turn matplotlib's places of the figure into shares of an Axes."""
    return np.asarray(ax.transAxes.inverted().transform(np.asarray(display, dtype="float64")), dtype="float64")


def _ticks(axis: Axis) -> tuple[Floats, list[str]]:
    """Return where the numbers of an axis are within its range, and the numbers."""
    places = np.asarray(axis.get_majorticklocs(), dtype="float64")
    labels = axis.get_major_formatter().format_ticks(places.tolist()) if len(places) else []
    low, high = sorted(axis.get_view_interval())
    air = 1e-9 * (high - low)
    inside = (places >= low - air) & (places <= high + air)
    return places[inside], [
        label.replace("\N{MINUS SIGN}", "-") for label, ok in zip(labels, inside, strict=True) if ok
    ]


def _bold(axis: Axis, count: int) -> Iterable[bool]:
    """Tell which numbers are bold; only ticks that a plot has touched are made by then."""
    made = axis.majorTicks
    return [tick.label1.get_fontweight() == "bold" for tick in made] if len(made) == count else [False] * count


def _gap(ax: Axes) -> float:
    """Return the room between an Axes and the numbers at its left."""
    return max(float(ax.yaxis.get_tick_params().get("pad", 0.0)), 4.0) * POINT


def _widest(wide: Sequence[float], columns: int) -> list[float]:
    rows = -(-len(wide) // columns)
    return [max(wide[first : first + rows]) for first in range(0, len(wide), rows)]


def _none(colour: Any) -> bool:
    return colour is None or (isinstance(colour, str) and colour == "none") or (len(colour) == 4 and colour[3] == 0)


def _hex(colour: Any) -> str:
    """Return a colour as #rrggbb; "none" where it is transparent."""
    return "none" if _none(colour) else to_hex(colour)


def _opacity(artist: Artist) -> str:
    alpha = artist.get_alpha()
    return f' opacity="{float(alpha):.2g}"' if alpha is not None and float(alpha) < 1 else ""


def _stroke(line: Line2D) -> str:
    """Return how a line is drawn: a dash pattern counts in widths of the line."""
    width = float(line.get_linewidth()) * POINT
    pattern = getattr(line, "_dash_pattern", (0, None))[1]  # matplotlib has no public way to read it
    dash = f' stroke-dasharray="{" ".join(f"{length * POINT:.0f}" for length in pattern)}"' if pattern else ""
    return f' fill="none" stroke="{_hex(line.get_color())}" stroke-width="{width:.0f}"{dash}{_opacity(line)}'


def thinned(points: Floats) -> Floats:
    """
    Leave out points that cannot be seen; peaks and dips stay.

    Of the points within one pixel across, the first, the lowest, the highest and the last are kept, where a piece of a
    line has more than four of them.
    """
    known = _known(points)
    if np.count_nonzero(known) <= 4 * len(np.unique(points[known, 0] // 10.0)):
        return points
    column = np.where(known, points[:, 0] // 10.0, np.nan)
    fresh = np.ones(len(points), dtype=bool)
    fresh[1:] = (column[1:] != column[:-1]) | (known[1:] != known[:-1])
    begin = np.flatnonzero(fresh)
    end = np.append(begin[1:], len(points)) - 1
    group = np.cumsum(fresh) - 1
    order = np.lexsort((points[:, 1], group))
    lowest, highest = order[begin], order[end]
    return np.asarray(points[np.unique(np.concatenate([begin, lowest, highest, end]))], dtype="float64")


def _known(points: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(points[:, 0]) & np.isfinite(points[:, 1]))


def path_of(points: Floats) -> str:
    """Return the path of a line: broken where it is unknown, in whole numbers, without points that change nothing."""
    known = _known(points)
    whole = np.where(known[:, None], np.round(np.nan_to_num(points)), 0.0).astype("int64")
    begins = known.copy()
    begins[1:] &= ~known[:-1]
    step = np.diff(whole, axis=0, prepend=whole[:1])
    step[begins] = whole[begins]
    drawn = begins | (known & step.any(axis=1))
    return "".join(
        [
            f"M{x},{y}" if begin else f"h{x}" if not y else f"v{y}" if not x else f"l{x},{y}"
            for (x, y), begin in zip(step[drawn].tolist(), begins[drawn].tolist(), strict=True)
        ]
    )


def _vertices(path: Path) -> Floats:
    return np.asarray(path.vertices, dtype="float64")


@cache
def _mark(marker: str, size: float) -> str:
    """Return the path of a mark around 0, 0."""
    style = MarkerStyle(marker)
    outline = style.get_path().transformed(style.get_transform())
    scale = size * POINT
    path: list[str] = []
    for corners, code in outline.iter_segments(simplify=False):
        numbers = ",".join(f"{(-1 if place % 2 else 1) * scale * number:.0f}" for place, number in enumerate(corners))
        path.append(
            f"{ {1: 'M', 2: 'L', 3: 'Q', 4: 'C', 79: 'Z'}[int(code)] }".strip() + ("" if code == 79 else numbers)
        )
    return "".join(path)


def _pattern(name: str, hatch: str, face: str, edge: str) -> str:
    """Return a hatch as a pattern: strokes of "/" and "x", dots of "."."""
    step = max(70.0, 200.0 / math.sqrt(len(hatch)))
    lines = ""
    if "/" in hatch or "x" in hatch:
        lines += f"M0,{step:.0f}L{step:.0f},0"
    if "\\" in hatch or "x" in hatch:
        lines += f"M0,0L{step:.0f},{step:.0f}"
    dot = f'<circle cx="{step / 2:.0f}" cy="{step / 2:.0f}" r="10" fill="{edge}"/>' if "." in hatch else ""
    return (
        f'<pattern id="{name}" width="{step:.0f}" height="{step:.0f}" patternUnits="userSpaceOnUse">'
        f'<rect width="{step:.0f}" height="{step:.0f}" fill="{face}"/>'
        f'<path d="{lines}" stroke="{edge}" stroke-width="12"/>{dot}</pattern>'
    )
