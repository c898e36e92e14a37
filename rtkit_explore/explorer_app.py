"""The explorer, put together with the report that it saves; and served as a page for those who open no notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtkit_explore.widgets.explorer_view import Explorer, open_explorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkit_explore.app import App
    from rtkit_explore.call import Call


def explorer(
    source: App | Call,
    *,
    name: str = "",
    remember: bool = True,
    tz: str = "UTC",
    session: str | None = None,
    view: Mapping[str, Any] | None = None,
    download: bool = False,
    **query: Any,
) -> Explorer:
    """
    Explore calls with the mouse or the keyboard: who was there, what was wrong, and the measures that show it.

    Parameters
    ----------
    source
        An app (``rtk.connect``, ``rtk.replay``, ``rtk.demo``), whose calls are listed, or one Call. Of an app, the
        call looked at before, else the newest one that has ended, is fetched now.
    name
        Tells apart explorers that are to remember different choices.
    remember
        Whether choices survive when the cell runs again (in the memory of the kernel).
    tz
        Time zone in which times are shown and typed.
    session
        Session id of the call to open first.
    view
        A view to restore, as the button "copy this view" gives it.
    download
        Whether a saved call goes to the browser's downloads instead of the folder that the kernel runs in.
    **query
        Passed on to ``app.sessions``: status, start_time, end_time, search, limit and so on.

    Returns
    -------
    Explorer
        Shown as the last line of a cell. ``call`` is the chosen call, ``value`` all that is chosen.

    Raises
    ------
    InvalidArgumentError
        Where ``source`` is neither an app nor a Call, or ``tz`` is no time zone.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.explorer(rtk.demo())  # doctest: +SKIP
    """
    return open_explorer(
        source,
        name=name,
        remember=remember,
        tz=tz,
        session=session,
        view=view,
        download=download,
        report=write_report_of,
        query=query,
    )


def write_report_of(call: Call, path: Path) -> Path:
    """Write the report of a call, without personal data."""
    from rtkit_explore.report.page import write_report

    return Path(write_report(call, path))
