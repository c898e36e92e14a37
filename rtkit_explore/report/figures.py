"""Plots of the report: pictures inside the page, and the same plots as data if they have a time axis."""

from __future__ import annotations

import base64
import gc
import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import Bbox

from rtkit_explore.report.interactive import interactive_data
from rtkit_explore.report.shown import shown
from rtkit_explore.report.svg import DPI, UnknownArtistError, svg_of
from rtkit_explore.report.view import Plot

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes
    from matplotlib.transforms import BboxBase

_TALLEST = 22.0
_PAD, _LEAST = 0.04, 0.4
"""Inches: a plot of very many people is made no higher; space around panels; least size of one."""


def drawn(draw: Callable[[Figure], Any], *, alt: str, caption: str, zone: dt.tzinfo) -> Plot:
    """
    Draw a plot for the page.

    Parameters
    ----------
    draw
        Draws on the Figure that it is given; pyplot is never touched.
    alt
        What the plot says, for those who do not see it.
    caption
        What it shows.
    zone
        Time zone of its axis.

    Returns
    -------
    Plot
        With the picture; without one, and with the reason, where the plot cannot be drawn.
    """
    figure = Figure()
    try:
        with _without_collecting(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # letters that the font has not
            draw(figure)
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, min(height, _TALLEST))
            figure.set_dpi(DPI)
            figure.set_facecolor("white")
            try:
                picture, wide, high = _as_svg(figure)
            except UnknownArtistError:
                picture, wide, high = _as_png(figure)
            data = interactive_data(figure, zone)
    except Exception as error:  # noqa: BLE001 - a plot that fails must not take the rest of the report with it
        return Plot(caption, alt, trouble=type(error).__name__)
    return Plot(caption, alt, picture, wide, high, interactive=data)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """
    Keep Python from looking for unused objects while a plot is drawn: its many small objects set that off all the time.

    Each time it would look through all tables of the call, which took a ninth of the time of a report. Afterwards the
    figure is found unused like everything else.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _as_svg(figure: Figure) -> tuple[str, int, int]:
    made = svg_of(figure, words=shown)
    # Texts are escaped, so that all quotation marks are those of attributes.
    text = made.text.replace('"', "'").translate(_ESCAPED)
    return f"data:image/svg+xml;charset=utf-8,{text}", made.width, made.height


_ESCAPED = {ord(sign): f"%{ord(sign):02X}" for sign in '%#<>&"\n\t'}


def _as_png(figure: Figure) -> tuple[str, int, int]:
    target = io.BytesIO()
    # Straight to the canvas: savefig would lay out and draw everything twice.
    canvas: Any = FigureCanvasAgg(figure)
    _fix_ticks(figure)
    _lay_out(figure, canvas.get_renderer())
    canvas.print_png(target, metadata={"Software": None})
    wide, high = (round(inches * DPI) for inches in figure.get_size_inches())
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode('ascii')}", wide, high


def _fix_ticks(figure: Figure) -> None:
    """Keep the ticks as they are: locators work theirs out anew each time that anything asks for them."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            places = [float(place) for place in axis.get_majorticklocs()]
            labels = axis.get_major_formatter().format_ticks(places)
            axis.set_major_locator(FixedLocator(places))
            axis.set_major_formatter(FixedFormatter(labels))


def _lay_out(figure: Figure, renderer: Any) -> None:
    """
    Place panels that stand below one another, each measured once.

    The constrained layout of matplotlib measures every text twice, which is a third of the time that a plot takes. Its
    result stays where panels stand side by side or leave no room for one another.
    """
    axes = figure.axes
    insides = [ax.get_window_extent(renderer) for ax in axes]
    if len({round(inside.x0) for inside in insides}) != 1:
        return
    outsides = [_with_surroundings(ax, renderer) for ax in axes]
    wide, high = figure.bbox.size
    pad = _PAD * figure.dpi
    left = max(inside.x0 - outside.x0 for inside, outside in zip(insides, outsides, strict=True)) + pad
    right = max(outside.x1 - inside.x1 for inside, outside in zip(insides, outsides, strict=True)) + pad
    above = [max(outside.y1 - inside.y1, 0.0) + pad for inside, outside in zip(insides, outsides, strict=True)]
    below = [max(inside.y0 - outside.y0, 0.0) + pad for inside, outside in zip(insides, outsides, strict=True)]
    room = high - sum(above) - sum(below)
    if room < _LEAST * len(axes) * figure.dpi or wide - left - right < _LEAST * figure.dpi:
        return
    figure.set_layout_engine("none")
    whole = sum(inside.height for inside in insides)
    top = high
    for ax, inside, over, under in zip(axes, insides, above, below, strict=True):
        height = room * inside.height / whole
        top -= over + height
        ax.set_position((left / wide, top / high, (wide - left - right) / wide, height / high))
        top -= under


def _with_surroundings(ax: Axes, renderer: Any) -> BboxBase:
    """Return the box around an Axes with its labels, legend and the strip above it."""
    boxes = [ax.get_tightbbox(renderer, for_layout_only=True), *(one.get_tightbbox(renderer) for one in ax.child_axes)]
    return Bbox.union([box for box in boxes if box is not None])
