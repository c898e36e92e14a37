"""The explorer's widget: our ES module with uPlot before it, and the state that it mirrors."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from rtkit_explore.widgets.static_files import static_text


class ExplorerWidget(anywidget.AnyWidget):
    """
    State that travels to the browser. ``tick`` is set last, so that the browser paints once for all of a change.

    Attributes
    ----------
    calls, page, scene
        As :class:`~rtkit_explore.widgets.explorer_model.ExplorerModel` gives them.
    columns
        The columns of the scene, little-endian 64-bit floats.
    said
        Messages: what is being done, and what went wrong.
    options
        Which features the front end may offer.
    tick
        Counts changes.
    """

    # uPlot is published as a script that defines a variable; in one module with ours it stays a name of that module.
    _esm = static_text("uPlot.iife.min.js") + "\n" + static_text("explorer.js")
    _css = static_text("uPlot.min.css") + "\n" + static_text("explorer.css")
    calls: Any = traitlets.List().tag(sync=True)
    page: Any = traitlets.Dict().tag(sync=True)
    scene: Any = traitlets.Dict().tag(sync=True)
    columns: Any = traitlets.Bytes(b"").tag(sync=True)
    said: Any = traitlets.Dict().tag(sync=True)
    options: Any = traitlets.Dict().tag(sync=True)
    tick: Any = traitlets.Int(0).tag(sync=True)
