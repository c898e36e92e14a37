"""Where to draw: Axes that were given or are made, legends below them, notes on what is missing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.palette import TEXT_GREY

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matplotlib.artist import Artist
    from matplotlib.legend import Legend

One: TypeAlias = "Axes | FigureBase | None"
"""Where a plot of one Axes goes: the Axes, a Figure or SubFigure to put it into, or None for a new pyplot figure."""

Many: TypeAlias = "Axes | Sequence[Axes] | FigureBase | None"
"""Where small multiples go: an Axes for each, a Figure or SubFigure to put them into, or None for a new one."""

WIDTH = 9.5
SMALL = 8.0
"""Width of a figure in inches, and size of the texts in points: readable at the width of a notebook."""


def one_axes(ax: object, height: float) -> Axes:
    """Return the Axes to draw on; a figure that is made for it has the given height in inches."""
    if isinstance(ax, Axes):
        return ax
    return many_axes(ax, [height])[0]


def many_axes(
    ax: object, heights: Sequence[float], *, columns: int = 1, sharex: bool = False, extra: float = 0.0
) -> list[Axes]:
    """
    Return as many Axes as there are heights, row by row.

    Parameters
    ----------
    ax
        Argument of the plot.
    heights
        Heights of the panels in inches; a row is as high as its highest.
    columns
        Columns of the grid.
    sharex
        Whether new Axes share their x axis.
    extra
        Height in inches for what stands around the panels: title, axis, legend.

    Raises
    ------
    InvalidArgumentError
        If ``ax`` is neither Axes nor a figure, or the wrong number of Axes.
    """
    count = len(heights)
    if isinstance(ax, Axes):
        ax = [ax]
    if isinstance(ax, Iterable):
        given = [] if isinstance(ax, str) else list(np.asarray(ax, dtype=object).ravel())
        axes = [one for one in given if isinstance(one, Axes)]
        if len(axes) < len(given) or not given:
            msg = "ax= takes Axes, a sequence of Axes, a Figure or a SubFigure; see matplotlib's plt.subplots()."
            raise InvalidArgumentError(msg)
        if len(axes) != count:
            msg = (
                f"This plot needs {count} Axes and ax= holds {len(axes)}. Give {count}, for example"
                f" fig, ax = plt.subplots({count}), or a Figure or SubFigure, or leave ax= out."
            )
            raise InvalidArgumentError(msg)
        return axes
    rows = -(-count // columns)
    high = [max(heights[row * columns : (row + 1) * columns]) for row in range(rows)]
    figure = _figure(ax, (WIDTH, max(sum(high) + extra, 1.5)))
    grid = figure.subplots(
        rows, columns, sharex="all" if sharex else "none", squeeze=False, gridspec_kw={"height_ratios": high}
    )
    made: list[Axes] = list(grid.ravel())
    for spare in made[count:]:
        spare.remove()
    return made[:count]


def _figure(ax: object, size: tuple[float, float]) -> FigureBase:
    if ax is None:
        import matplotlib.pyplot as plt  # only here: a caller with a Figure never touches pyplot's state

        return plt.figure(figsize=size, layout="constrained")
    if not isinstance(ax, FigureBase):
        msg = f"ax= takes Axes, a Figure or a SubFigure, not {type(ax).__name__}; leave it out for a new figure."
        raise InvalidArgumentError(msg)
    if isinstance(ax, Figure) and not ax.axes and not ax.subfigs:
        if ax.get_layout_engine() is None:
            ax.set_layout_engine("constrained")
        if list(ax.get_size_inches()) == list(mpl.rcParams["figure.figsize"]):
            ax.set_size_inches(*size)  # an untouched Figure() is made to fit
    return ax


def array_of(axes: Sequence[Axes]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Make an array of Axes, as matplotlib returns them."""
    found = np.empty(len(axes), dtype=object)
    found[:] = axes
    return found


def axes_size_inches(ax: Axes) -> tuple[float, float]:
    """Width and height of an Axes, about: the layout may still change them a little."""
    figure = ax.figure
    # A layout that is made when the figure is drawn uses more of the width than the Axes have until then.
    root = figure
    while isinstance(root, SubFigure):
        root = root.figure
    later = 1.1 if isinstance(root, Figure) and root.get_layout_engine() is not None else 1.0
    return float(ax.bbox.width / figure.dpi * later), float(ax.bbox.height / figure.dpi)


def show_message(ax: Axes, words: str, *, title: str = "") -> Axes:
    """Write in words what is missing and why, instead of drawing."""
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#BFBFBF")
    ax.text(
        0.5,
        0.5,
        words,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=SMALL + 1,
        color=TEXT_GREY,
        gid="message",
    )
    if title:
        headline(ax, title)
    return ax


def headline(ax: Axes, text: str) -> None:
    """Set the title of an Axes, at the left."""
    ax.set_title(text, loc="left", fontsize=10)


def footnote(ax: Axes, text: str, *, below: float = 0.0) -> None:
    """Write a remark under an Axes, a number of points below its x axis label."""
    ax.annotate(
        text,
        (1, 0),
        xycoords="axes fraction",
        xytext=(0, -30 - below),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=SMALL - 1,
        color=TEXT_GREY,
        gid="footnote",
    )


def legend_below(
    ax: Axes, handles: Sequence[Artist], labels: Sequence[str], *, points: float = 32, beside: int = 0, **options: Any
) -> Legend | None:
    """
    Add a legend below an Axes, in as many columns as fit.

    Parameters
    ----------
    ax
        The Axes.
    handles, labels
        What the legend shows.
    points
        How far below the axis it begins, in points.
    beside
        Letters of the longest label at the left: a layout takes their room from the Axes when it is drawn.
    options
        For matplotlib's ``legend``.
    """
    if not handles:
        return None
    figure = ax.figure
    marks_only = all(isinstance(one, Line2D) and one.get_linestyle() == "None" for one in handles)
    options = {"handlelength": 1.0 if marks_only else 2.6, "columnspacing": 1.6, **options}
    room = SMALL * (options["handlelength"] + options["columnspacing"] + 1.0)
    points_wide = axes_size_inches(ax)[0] * 72 - max(0.0, (beside - 12) * SMALL * 0.53)
    longest = max(24, int((points_wide - room) / (SMALL * 0.53)))
    labels = [textwrap.fill(one, longest) for one in labels]
    anchor = ax.transAxes + ScaledTranslation(0, -points / 72, figure.dpi_scale_trans)
    legend = ax.legend(
        list(handles),
        [f" {one}" if one.startswith("_") else one for one in labels],  # else it would be left out
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=anchor,
        ncols=_columns(labels, points_wide, room),
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        alignment="left",
        **options,
    )
    legend.get_title().set_fontsize(SMALL)
    return legend


def make_room(ax: Axes, panels: float, labels: Sequence[str], *, strip_rows: int = 0) -> None:
    """
    Make a figure of our own high enough for its panels and for what stands around them.

    Parameters
    ----------
    ax
        An Axes of the figure.
    panels
        Height of all panels in inches.
    labels
        What the legend below will say.
    strip_rows
        Rows of the strip of events above.
    """
    figure = ax.figure
    if not isinstance(figure, Figure):
        return
    columns = _columns(labels, axes_size_inches(ax)[0] * 72, SMALL * 5.2) if labels else 1
    around = 1.3 + 0.2 * (-(-len(labels) // columns) + strip_rows)
    width, height = figure.get_size_inches()
    if panels + around > height:
        height = panels + around
        figure.set_size_inches(width, height)
    engine = figure.get_layout_engine()
    if strip_rows and isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - 0.2 / height))  # it does not count the title of a strip


def _columns(labels: Sequence[str], points: float, room: float) -> int:
    """Tell how many columns of a legend fit into a width: it fills column by column, each as wide as its longest."""
    for columns in range(min(len(labels), 6), 1, -1):
        rows, longer = divmod(len(labels), columns)
        sizes = [rows + 1] * longer + [rows] * (columns - longer)
        starts = [sum(sizes[:i]) for i in range(columns)]
        widest = [max(map(len, labels[start : start + size])) for start, size in zip(starts, sizes, strict=True)]
        if sum(letters * SMALL * 0.53 + room for letters in widest) <= points:
            return columns
    return 1


def label_rows(ax: Axes, labels: Sequence[str], *, bold: Collection[int] = ()) -> None:
    """Make an Axes one of rows from the top down, each with its label; those of some rows are bold."""
    ax.set_yticks(range(len(labels)), labels)
    strip_frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    for row in bold:
        ax.get_yticklabels()[row].set_fontweight("bold")


def strip_frame(ax: Axes, *, grid: str = "x") -> None:
    """Take the frame away and draw a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="x" if grid == "x" else "y" if grid == "y" else "both", color="#E6E6E6", linewidth=0.7)
