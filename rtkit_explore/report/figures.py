"""Plots of the report, as images inside of the page."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rtkit_explore.report.html import Html, joined, tag

if TYPE_CHECKING:
    from collections.abc import Callable

DPI = 110
_TALLEST = 22.0
"""Inches: a plot of very many people is made no higher than this."""


def drawn(draw: Callable[[Figure], Any], *, alt: str, caption: str) -> Html:
    """
    Draw a plot and put it into the page.

    Parameters
    ----------
    draw
        Draws on the Figure that it is given; pyplot is never touched.
    alt
        What the plot says, for those who do not see it.
    caption
        What it shows.

    Returns
    -------
    Html
        A ``figure`` element; where the plot cannot be drawn, a sentence that says so.
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
    except Exception as error:  # noqa: BLE001 - a plot that fails must not take the rest of the report with it
        return tag("p", f"{caption}: this plot could not be drawn ({type(error).__name__}).", class_="quiet undrawn")
    content = base64.b64encode(target.getvalue()).decode("ascii")
    pixels = [round(inches * DPI) for inches in figure.get_size_inches()]
    image = tag("img", src=Html(f"data:image/png;base64,{content}"), alt=alt, width=pixels[0], height=pixels[1])
    return tag("figure", image, tag("figcaption", joined(caption)))
