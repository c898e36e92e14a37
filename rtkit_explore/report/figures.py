"""Plots of the report: PNGs inside the page, and the same plots as data if they have a time axis."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rtkit_explore.report.interactive import interactive_data
from rtkit_explore.report.view import Plot

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

DPI = 110
_TALLEST = 22.0
"""Inches: a plot of very many people is made no higher than this."""


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
    target = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # letters that the font has not
            draw(figure)
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, min(height, _TALLEST))
            figure.set_dpi(DPI)
            figure.set_facecolor("white")
            # Straight to the canvas: savefig would lay out and draw everything twice.
            canvas: Any = FigureCanvasAgg(figure)
            canvas.print_png(target, metadata={"Software": None})
            data = interactive_data(figure, zone)
    except Exception as error:  # noqa: BLE001 - a plot that fails must not take the rest of the report with it
        return Plot(caption, alt, trouble=type(error).__name__)
    content = base64.b64encode(target.getvalue()).decode("ascii")
    wide, high = (round(inches * DPI) for inches in figure.get_size_inches())
    return Plot(caption, alt, content, wide, high, interactive=data)
