"""The explorer's widget: our ES module with uPlot before it, and the state that it mirrors."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from rtkit_explore.widgets.static_files import static_text


def module_of(shown: str, *files: str) -> str:
    """Return the ES module of a widget: uPlot, our scripts, and which of their classes is shown."""
    render = f"const shown = new {shown}(model, el); return () => shown.destroy();"
    entry = f"export default {{ render({{ model, el }}) {{ {render} }} }};"
    return "\n".join([static_text("uPlot.iife.min.js"), *map(static_text, files), entry])


class TwoCalls(anywidget.AnyWidget):
    """
    State of two explorers beside each other: that of :class:`ExplorerWidget` twice, ``_0`` and ``_1`` behind each name.

    Attributes
    ----------
    shared
        What the two have in common: their letters, and the table of their figures; empty where there are no two.
    """

    shared: Any = traitlets.Dict().tag(sync=True)
    calls_0: Any = traitlets.List().tag(sync=True)
    calls_1: Any = traitlets.List().tag(sync=True)
    page_0: Any = traitlets.Dict().tag(sync=True)
    page_1: Any = traitlets.Dict().tag(sync=True)
    scene_0: Any = traitlets.Dict().tag(sync=True)
    scene_1: Any = traitlets.Dict().tag(sync=True)
    columns_0: Any = traitlets.Bytes(b"").tag(sync=True)
    columns_1: Any = traitlets.Bytes(b"").tag(sync=True)
    said_0: Any = traitlets.Dict().tag(sync=True)
    said_1: Any = traitlets.Dict().tag(sync=True)
    options_0: Any = traitlets.Dict().tag(sync=True)
    options_1: Any = traitlets.Dict().tag(sync=True)
    tick_0: Any = traitlets.Int(0).tag(sync=True)
    tick_1: Any = traitlets.Int(0).tag(sync=True)


class ExplorerWidget(TwoCalls):
    """
    State that travels to the browser; that of :class:`TwoCalls` is used while another call is put beside this one.

    ``tick`` is set last, so that the browser paints once for all of a change.

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
    _esm = module_of("Explorer", "explorer.js", "compare.js")
    _css = static_text("uPlot.min.css") + "\n" + static_text("explorer.css")
    calls: Any = traitlets.List().tag(sync=True)
    page: Any = traitlets.Dict().tag(sync=True)
    scene: Any = traitlets.Dict().tag(sync=True)
    columns: Any = traitlets.Bytes(b"").tag(sync=True)
    said: Any = traitlets.Dict().tag(sync=True)
    options: Any = traitlets.Dict().tag(sync=True)
    tick: Any = traitlets.Int(0).tag(sync=True)


class CompareWidget(TwoCalls):
    """Two calls beside each other alone."""

    _esm = module_of("Compare", "explorer.js", "compare.js")
    _css = static_text("uPlot.min.css") + "\n" + static_text("explorer.css")
