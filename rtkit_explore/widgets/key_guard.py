"""Keeps keys that are typed over a picker from the notebook's commands."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from rtkit_explore.widgets.static_files import static_text

GUARDED = "rtk-picker"
"""CSS class of the box that is guarded."""


class KeyGuard(anywidget.AnyWidget):
    """
    An invisible widget: nothing that is typed into the box around it reaches the notebook.

    JupyterLab's command mode takes keys that the focused element does not claim, so that "d d" over a list deleted the
    cell. An attribute on the box stops that; ipywidgets has no way to set it.

    Attributes
    ----------
    values
        What a screen reader says of the handles of a range slider in the box.
    """

    _esm = static_text("key_guard.js")
    values: Any = traitlets.List().tag(sync=True)


def guarded(box: Any) -> KeyGuard:
    """Guard a box; returns the guard, which has to be among the box's children."""
    guard = KeyGuard()
    box.children = (*box.children, guard)
    box.add_class(GUARDED)
    return guard
