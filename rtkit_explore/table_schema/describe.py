"""Every table and column, declared once: dtype, unit, meaning, and where in the documents it stands."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rtkit_explore.errors import InvalidArgumentError, did_you_mean
from rtkit_explore.table_schema import findings, media, people, report
from rtkit_explore.table_schema.webrtc_stats import WEBRTC_STATS

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.table_schema.columns import Column, Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        people.SESSIONS,
        people.PARTICIPANTS,
        people.PEER_EVENTS,
        report.CLIENTS,
        report.DEVICE_CHANGES,
        report.CONNECTION_CHECKS,
        report.SDP,
        report.CANDIDATE_PAIRS,
        report.EVENTS,
        media.SAMPLES,
        report.CUMULATIVE,
        media.QUALITY,
        media.STREAMS,
        people.CHAT,
        people.TRANSCRIPT,
        people.DOWNLOADS,
        people.SUMMARY_JOBS,
        people.PROBLEMS,
        media.COUNTER_READINGS,
        findings.FINDINGS,
        findings.VERDICTS_TABLE,
        findings.OVERVIEW,
    )
}
"""Table name to its declaration, in the order of ``rtk.schema()``."""


def _places(table: Table, column: Column) -> tuple[str, ...]:
    if column.places or not column.key:
        return column.places
    return tuple(f"{place}.{column.key}".strip(".") for place in table.places)


def describe(what: str | None = None) -> pd.DataFrame:
    """
    List every table and column, or those that something is the name of.

    Parameters
    ----------
    what
        Name of a table ("quality"), of a column ("loss_pct"), its title ("packet loss"), or its name in W3C's
        webrtc-stats ("packetsLost", "inbound-rtp.packetsLost"); None for everything.

    Returns
    -------
    pandas.DataFrame
        One row a column: ``table``, ``column``, ``dtype``, ``unit``, ``meaning``, ``place`` (JSON path in the
        response's ``data``, several separated by " | "; empty where it is worked out), ``personal`` (whether
        redaction replaces it), ``title`` (the name in words), ``worse`` (which end is the bad one, "high" or
        "low"; empty where neither is) and ``webrtc_stats`` (what it is, or is worked out of, in W3C's webrtc-stats,
        several separated by " | "). All strings but ``personal``, a bool.

    Raises
    ------
    InvalidArgumentError
        Where nothing is called that; the message names what comes closest.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.schema("candidate_pairs")  # doctest: +SKIP
    >>> rtk.schema("loss_pct")["meaning"].iloc[0]  # doctest: +SKIP
    """
    import pandas as pd

    rows = [
        {
            "table": table.name,
            "column": column.name,
            "dtype": column.dtype,
            "unit": column.unit,
            "meaning": column.meaning,
            "place": " | ".join(_places(table, column)),
            "personal": column.personal,
            "title": column.title,
            "worse": column.worse,
            "webrtc_stats": " | ".join(WEBRTC_STATS.get(table.name, {}).get(column.name, ())),
        }
        for table in TABLES.values()
        for column in table.columns
    ]
    if what is not None:
        rows = _named(rows, what)
    frame = pd.DataFrame(rows)
    text = pd.StringDtype("python")
    return frame.astype({name: text for name in frame.columns if name != "personal"} | {"personal": "bool"})


def _named(rows: list[dict[str, object]], what: str) -> list[dict[str, object]]:
    """Keep the rows that something is the name of."""
    if not isinstance(what, str):
        msg = f"rtk.schema() takes the name of a table or a column, not a {type(what).__name__}."
        raise InvalidArgumentError(msg)
    names = [
        {
            str(row["table"]),
            str(row["column"]),
            str(row["title"]),
            *(stat for full in _stats(row) for stat in (full, full.partition(".")[2])),
        }
        for row in rows
    ]
    wanted = what.strip().casefold()
    found = [row for row, of_row in zip(rows, names, strict=True) if wanted in {name.casefold() for name in of_row}]
    if found:
        return found
    close = difflib.get_close_matches(what, sorted(set().union(*names)), n=3)
    msg = f"No table or column is called {what!r}.{did_you_mean(close)} Tables: {', '.join(TABLES)}."
    raise InvalidArgumentError(msg)


def _stats(row: dict[str, object]) -> list[str]:
    return [stat for stat in str(row["webrtc_stats"]).split(" | ") if stat]
