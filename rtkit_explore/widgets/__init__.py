"""
Pickers: a plain-Python model of each, and the ipywidgets view on it.

In a notebook::

    picker = rtk.pick_session(app)
    picker                              # search, click, or use the arrow keys

    call = app.call(picker.value)       # in the next cell
    picker.to_code()                    # the line that makes the same choice without the widget

    rtk.explorer(app)                   # one page for a call: verdict, findings, one time axis, tables

By keyboard: type into the search box, Enter chooses what it shows; in a list, the arrow keys.
What has been chosen is remembered when the cell runs again, for as long as the kernel lives;
``rtk.widgets.forget()`` forgets it.
"""

from __future__ import annotations

from rtkit_explore.widgets.explorer_view import Explorer, open_explorer
from rtkit_explore.widgets.picker import ListPicker, Picker
from rtkit_explore.widgets.pickers import (
    FindingPicker,
    ParticipantsPicker,
    SessionPicker,
    StreamPicker,
    WindowPicker,
    pick_finding,
    pick_participants,
    pick_session,
    pick_stream,
    pick_window,
)
from rtkit_explore.widgets.remembered import forget
from rtkit_explore.widgets.selection_model import Change, Choices, Item
from rtkit_explore.widgets.time_range import TimeRange

__all__ = [
    "Change",
    "Choices",
    "Explorer",
    "FindingPicker",
    "Item",
    "ListPicker",
    "ParticipantsPicker",
    "Picker",
    "SessionPicker",
    "StreamPicker",
    "TimeRange",
    "WindowPicker",
    "forget",
    "open_explorer",
    "pick_finding",
    "pick_participants",
    "pick_session",
    "pick_stream",
    "pick_window",
]


def __dir__() -> list[str]:
    """List what is public: the submodules are not."""
    return list(__all__)
