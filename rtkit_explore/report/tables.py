"""Tables of the report: a DataFrame's rows as cells, titles and units from the declared columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from rtkit_explore.report.view import Cell, Heading, Table
from rtkit_explore.table_schema.describe import TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

Kind = Literal["text", "middling", "wide", "number", "time", "clock", "badge", "name", "flag"]
UNKNOWN = "\N{EN DASH}"
"""What stands for a number that is not known."""


@dataclass(frozen=True)
class Shown:
    """
    A column as it is shown.

    Attributes
    ----------
    name
        Its name in the DataFrame.
    header
        Its heading; the declared title where empty.
    kind
        How its values are written.
    digits
        Decimals of numbers.
    unit, about
        Unit and meaning; as declared where empty.
    """

    name: str
    header: str = ""
    kind: Kind = "text"
    digits: int = 1
    unit: str = ""
    about: str = ""

    def heading(self, table: str) -> Heading:
        """Return the heading, what it lacks taken from the declared column."""
        declared = TABLES[table].index.get(self.name) if table else None
        words, unit, about = self.header, self.unit, self.about
        if declared is not None:
            words = words or declared.title[:1].upper() + declared.title[1:]
            if self.kind == "number":
                counted = declared.kind == "Int64"  # of which the heading says what is counted
                unit = unit or ("" if counted else declared.unit)
                about = about or declared.meaning.rstrip(".")
        return Heading(words or self.name, unit, about, number=self.kind == "number")


class Writer:
    """Writes values and tables in one time zone."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self.zone = zone

    def time(self, value: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        """Write a time in the zone; nothing where it is missing."""
        if value is None or pd.isna(value):
            return ""
        moment: pd.Timestamp = pd.Timestamp(value)
        if moment.tzinfo is None:
            moment = moment.tz_localize("UTC")
        return moment.tz_convert(self.zone).strftime(form)

    def cell(self, column: Shown, value: Any) -> Cell:
        """Write one cell."""
        missing = value is None or value is pd.NA or (not isinstance(value, (list, dict)) and pd.isna(value))
        if column.kind == "number":
            return Cell(UNKNOWN if missing else f"{float(value):,.{column.digits}f}", "number")
        if missing:
            return Cell("")
        match column.kind:
            case "time":
                return Cell(self.time(value), "tight")
            case "clock":
                return Cell(self.time(value, "%H:%M:%S"), "tight")
            case "flag":
                return Cell("yes" if value else "no")
            case "text":
                return Cell(str(value))
            case kind:
                return Cell(str(value), kind)

    def table(
        self,
        frame: pd.DataFrame,
        columns: Sequence[Shown],
        *,
        caption: str,
        of: str = "",
        most: int = 200,
        rest: str = "",
        empty: str = "None.",
    ) -> Table:
        """
        Make a table.

        Parameters
        ----------
        frame
            Its rows.
        columns
            What is shown of them; columns that no row fills are left out.
        caption
            What the table shows.
        of
            Declared table whose columns these are.
        most
            Rows that are written; the others are counted under the table.
        rest
            Where the others are to be found.
        empty
            What is said where there are no rows.
        """
        filled = [column for column in columns if len(frame) and frame[column.name].notna().any()]
        shown = frame.iloc[:most]
        values = [[self.cell(column, value) for value in shown[column.name].tolist()] for column in filled]
        rows = list(zip(*values, strict=True))
        headings = [column.heading(of) for column in filled]
        return Table(caption, headings, rows, len(frame) - len(shown), rest, empty)
