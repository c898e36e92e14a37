"""The explorer, put together with the report that it saves; and served as a page for those who open no notebook."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from rtkit_explore.call import Call, check_call
from rtkit_explore.local_time import time_zone, zone_label
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.compare_model import CompareModel
from rtkit_explore.widgets.compare_view import Comparison
from rtkit_explore.widgets.explorer_view import Explorer, open_explorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from rtkit_explore.app import App
    from rtkit_explore.archive.archive import Archive


def explorer(
    source: App | Archive | Call,
    *,
    name: str = "",
    remember: bool = True,
    tz: str | None = None,
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
        An app (``rtk.connect``, ``rtk.replay``, ``rtk.demo``) or an archive (``rtk.open_archive``), whose calls are
        listed (those of an archive with their verdicts, which are worked out once), or one Call. Of an app, the
        call looked at before, else the newest one that has ended, is fetched now.
    name
        Tells apart explorers that are to remember different choices.
    remember
        Whether choices survive when the cell runs again (in the memory of the kernel).
    tz
        Time zone in which times are shown and typed; that of the app or the call by default.
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
    # An archive's sessions are a table; an app's are asked for.
    is_archive = not isinstance(source, Call) and hasattr(getattr(source, "sessions", None), "columns")
    archive = cast("Archive", source) if is_archive else None
    made = open_explorer(
        source if archive is None else ArchivedCalls(archive),  # type: ignore[arg-type]
        name=name,
        remember=remember,
        tz=zone_of(source) if tz is None else tz,
        session=session,
        view=view,
        download=download,
        report=write_report_of,
        beside=put_beside,
        query=query,
    )
    if archive is not None:
        made.model.verdicts.update(verdicts_of_calls(archive.verdicts()))
    return made


def compare(one: Call, two: Call, *, tz: str | None = None) -> Comparison:
    """
    Look at two calls side by side, on call time: what was wrong in either, and the same measures on the same scales.

    One cursor and one zoom go over both; the measures and the window that are chosen for one hold for the other.
    ``rtk.compare_calls`` gives the figures alone, ``rtk.compare_with_usual`` holds one call against many.

    Parameters
    ----------
    one, two
        The calls.
    tz
        Time zone of the stories; that of the first call by default. Everything else counts from the start of each call.

    Returns
    -------
    Comparison
        Shown as the last line of a cell. ``table`` has the figures, ``value`` all that is chosen.

    Raises
    ------
    InvalidArgumentError
        Where one of them is no Call, or ``tz`` is no time zone.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.compare(app.call("…"), app.call("…"))  # doctest: +SKIP
    """
    for call in (one, two):
        check_call(call, "compare")
    made = Comparison(CompareModel(one, two, tz=zone_of(one) if tz is None else tz))
    memory.take_place(("compare", str(one.session_id), str(two.session_id)), made)
    return made


def put_beside(widget: Any, one: Call, two: Call, tz: str) -> Comparison:
    """Show two calls beside each other in the widget of an explorer, until what is returned is closed."""
    made = Comparison(CompareModel(one, two, tz=tz), host=widget)
    made.begin()
    return made


def zone_of(source: object) -> str:
    """Return the time zone in which an app or a call says its times."""
    return zone_label(time_zone(getattr(source, "tz", None) or getattr(getattr(source, "settings", None), "tz", "UTC")))


class ArchivedCalls:
    """
    The calls of an archive, listed as an app lists them.

    Parameters
    ----------
    archive
        As ``rtk.open_archive`` gives it.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def sessions(
        self,
        *,
        start_time: str | None = None,
        end_time: str | None = None,
        status: str | None = None,
        search: str | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """List the sessions, the newest first."""
        table = self._archive.sessions
        if start_time or end_time:
            there = self._archive.table("sessions", columns=["session_id"], since=start_time, until=end_time)
            table = table[table["session_id"].isin(there["session_id"])]
        if status:
            table = table[table["status"].eq(status).fillna(value=False)]
        if search:
            titled = table["meeting_display_name"].str.contains(search, case=False, regex=False).fillna(value=False)
            table = table[titled.astype(bool) | table["session_id"].eq(search)]
        return table.head(limit) if limit else table

    def call(self, session_id: str) -> Call:
        """Return a call."""
        return self._archive.call(session_id)


def verdicts_of_calls(verdicts: pd.DataFrame) -> dict[str, str]:
    """Return the verdict of each call by session, of the table ``verdicts``."""
    calls = verdicts[verdicts["peer_id"].isna() & verdicts["session_id"].notna()]
    return dict(zip(calls["session_id"].astype(str), calls["verdict"].astype(str), strict=True))


def write_report_of(call: Call, path: Path) -> Path:
    """Write the report of a call, without personal data."""
    from rtkit_explore.report.page import write_report

    return Path(write_report(call, path))


PAGE: Final = "Call explorer.ipynb"
"""Voilà takes the page's title from the file's name."""
IDLE_S: Final = 1800
"""A page that nobody has used for so long lets go of its kernel."""


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def page_source(*, replay: str | None, demo: bool, tz: str) -> str:
    """Return the code of the page; credentials are read from the environment and stand in no file."""
    if demo:
        opened = "rtk.demo(progress=False)"
    elif replay is not None:
        opened = f"rtk.replay({str(Path(replay).resolve())!r}, progress=False)"
    else:
        opened = "rtk.connect(progress=False)"
    return f"import rtkit_explore as rtk\n\napp = {opened}\nrtk.explorer(app, download=True, tz={tz!r})"


def page_command(notebook: Path, *, host: str, port: int, browser: bool) -> list[str]:
    """Return the command that serves the page; on an address that others can reach, a token is asked for."""
    command = [sys.executable, "-m", "voila", str(notebook), f"--Voila.ip={host}", f"--Voila.port={port}"]
    command += [
        "--Voila.port_retries=0",
        f"--Voila.open_browser={browser}",
        f"--Voila.auto_token={not is_loopback(host)}",
    ]
    command += [f"--MappingKernelManager.cull_idle_timeout={IDLE_S}", "--MappingKernelManager.cull_interval=60"]
    return command


def serve_page(
    *, replay: str | None, demo: bool, host: str, port: int, browser: bool, tz: str, environment: Mapping[str, str]
) -> int:
    """
    Serve the explorer as a page until it is stopped.

    Parameters
    ----------
    replay, demo
        Folder of saved calls, or the simulated app; neither: the app of the environment's credentials.
    host, port, browser
        Where, and whether to open a browser there.
    tz
        Time zone of the page at first.
    environment
        What is added to the environment of the page's kernel.

    Returns
    -------
    int
        Exit status.
    """
    import nbformat

    cell = nbformat.v4.new_code_cell(page_source(replay=replay, demo=demo, tz=tz), id="explorer")  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    with tempfile.TemporaryDirectory(prefix="rtkit-explore-") as folder:
        path = Path(folder) / PAGE
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        command = page_command(path, host=host, port=port, browser=browser)
        return subprocess.call(command, env={**os.environ, **environment})  # noqa: S603 - our own words
