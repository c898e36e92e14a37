"""Tables of the report: a DataFrame's rows as an HTML table with a caption, units and a bound on its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from rtkit_explore.report.html import Html, joined, tag

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

Kind = Literal["text", "middling", "wide", "number", "time", "clock", "badge", "name", "flag"]
UNKNOWN = "\N{EN DASH}"
"""What stands for a number that is not known."""
SYMBOLS = {"good": "✓", "degraded": "▲", "warn": "▲", "bad": "✕", "unclassified": "?", "note": "•"}


@dataclass(frozen=True)
class Shown:
    """
    A column as it is shown.

    Attributes
    ----------
    name
        Its name in the DataFrame.
    header
        Its heading.
    kind
        How its values are written.
    digits
        Decimals of numbers.
    unit
        Unit, shown in the heading.
    about
        What it says, as a title on the heading.
    """

    name: str
    header: str
    kind: Kind = "text"
    digits: int = 1
    unit: str = ""
    about: str = ""


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

    def cell(self, column: Shown, value: Any) -> Html:
        """Write one cell."""
        missing = value is None or value is pd.NA or (not isinstance(value, (list, dict)) and pd.isna(value))
        if column.kind == "number":
            return tag("td", UNKNOWN if missing else f"{float(value):,.{column.digits}f}", class_="n")
        if missing:
            return tag("td", "")
        match column.kind:
            case "time":
                return tag("td", self.time(value), class_="tight")
            case "clock":
                return tag("td", self.time(value, "%H:%M:%S"), class_="tight")
            case "badge":
                return tag("td", badge(str(value)))
            case "name":
                return tag("th", tag("bdi", str(value)), scope="row")
            case "flag":
                return tag("td", "yes" if value else "no")
            case "wide" | "middling":
                return tag("td", str(value), class_=column.kind)
            case _:
                return tag("td", str(value))

    def table(
        self,
        frame: pd.DataFrame,
        columns: Sequence[Shown],
        *,
        caption: str,
        most: int = 200,
        rest: str = "",
        empty: str = "None.",
    ) -> Html:
        """
        Write a table.

        Parameters
        ----------
        frame
            Its rows.
        columns
            What is shown of them; columns that no row fills are left out.
        caption
            What the table shows.
        most
            Rows that are written; the others are counted under the table.
        rest
            Where the others are to be found.
        empty
            What is said where there are no rows.
        """
        if frame.empty:
            return tag("p", empty, class_="quiet")
        filled = [column for column in columns if frame[column.name].notna().any()]
        heads = [
            tag(
                "th",
                column.header,
                f" ({column.unit})" if column.unit else None,
                scope="col",
                class_="n" if column.kind == "number" else None,
                title=column.about or None,
            )
            for column in filled
        ]
        shown = frame.iloc[:most]
        values = [shown[column.name].tolist() for column in filled]
        rows = [
            tag("tr", *(self.cell(column, value) for column, value in zip(filled, row, strict=True)))
            for row in zip(*values, strict=True)
        ]
        made = tag(
            "div",
            tag(
                "table",
                tag("caption", caption),
                tag("thead", tag("tr", *heads)),
                tag("tbody", *rows),
            ),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label=caption,
        )
        left = len(frame) - len(shown)
        return joined(made, tag("p", f"{left:,} more rows: {rest}", class_="quiet") if left else None)


def badge(word: str) -> Html:
    """Write a verdict or severity as a word with a sign and a colour; the colour says nothing alone."""
    sign = SYMBOLS.get(word)
    return tag("span", f"{sign} {word}" if sign else word, class_=f"badge {word}" if sign else "badge")


def facts(*pairs: tuple[str, str | None]) -> Html:
    """Write names with their values; those without a value are left out."""
    return tag("dl", *(joined(tag("dt", name), tag("dd", value)) for name, value in pairs if value))


def bullets(items: Sequence[str], write: Callable[[str], Html] | None = None) -> Html:
    """Write a list."""
    return tag("ul", *(tag("li", item if write is None else write(item)) for item in items))
