"""
Many calls as Parquet beside their documents, in a folder or in object storage: kept, queried, judged, mapped.

::

    archive = rtk.archive_calls(app, "calls", since="2026-11-01")   # the same line tomorrow adds what is new
    archive = rtk.open_archive("calls")

    archive.sessions                                                # a DataFrame: one row a call
    archive.call(session_id)                                        # the same Call as app.call gives
    archive.table("quality", columns=["loss_pct"], since="2026-11-19", where={"media": "audio"})
    archive.sql("select day, avg(loss_pct) from quality group by day order by day")
    archive.findings()   archive.worst(20)   archive.usual_range()  # judged once, and kept
    rtk.plot.trend(archive.trend(by="country"))
    values, problems = archive.map(lambda call: len(call.findings()))   # on the active Dask client, else on threads
    archive.dask("quality")                                         # a Dask DataFrame, one partition a day

It needs the extra ``archive``: ``pip install "rtkit-explore[archive]"``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtkit_explore.archive.archive import Archive, open_archive
    from rtkit_explore.archive.scale import Mapped
    from rtkit_explore.archive.writer import archive_calls

__all__ = ["Archive", "Mapped", "archive_calls", "open_archive"]

_PLACES = {"Archive": "archive", "Mapped": "scale", "archive_calls": "writer", "open_archive": "archive"}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"rtkit_explore.archive.{_PLACES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List what is offered, loaded or not."""
    return sorted(__all__)
