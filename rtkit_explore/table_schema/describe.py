"""Every table and column, declared once: dtype, unit, meaning, and where in the documents it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.table_schema import findings, media, people, report

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


def describe() -> pd.DataFrame:
    """
    List every table and column.

    Returns
    -------
    pandas.DataFrame
        One row a column: ``table``, ``column``, ``dtype``, ``unit``, ``meaning``, ``place`` (JSON path in the
        response's ``data``, several separated by " | "; empty where it is worked out), ``personal`` (whether
        redaction replaces it), ``title`` (the name in words) and ``worse`` (which end is the bad one, "high" or
        "low"; empty where neither is). All strings but ``personal``, a bool.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.schema().query("table == 'candidate_pairs'")  # doctest: +SKIP
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
        }
        for table in TABLES.values()
        for column in table.columns
    ]
    frame = pd.DataFrame(rows)
    text = pd.StringDtype("python")
    return frame.astype({name: text for name in frame.columns if name != "personal"} | {"personal": "bool"})
