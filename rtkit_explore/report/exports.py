"""Tables as files, for programs that are not Python."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.report.files import check_arguments, write_whole
from rtkit_explore.report.html import without_secrets
from rtkit_explore.table_schema.describe import TABLES, describe

if TYPE_CHECKING:
    import os

    from rtkit_explore.call import Call

Format = Literal["csv", "parquet"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_tables(
    call: Call,
    folder: str | os.PathLike[str],
    *,
    redacted: bool = True,
    format: Format = "csv",  # noqa: A002 - what everybody calls it
) -> dict[str, Path]:
    """
    Write every table of a call into a file of its own, with the findings, and a file that explains the columns.

    Parameters
    ----------
    call
        The call.
    folder
        Where the files go; made where it is not there. Files of the same names are replaced.
    redacted
        Whether people, devices and addresses get stand-ins, as by ``call.redact()``. Links lose their path and what
        could be a token goes in any case.
    format
        "csv" (UTF-8, times in ISO 8601 with UTC, missing values empty; a text that a spreadsheet would take for a
        formula begins with an apostrophe) or "parquet" (dtypes kept; needs pyarrow).

    Returns
    -------
    dict of str to pathlib.Path
        Table name to its file; ``schema`` lists every table, column, unit and meaning.

    Raises
    ------
    InvalidArgumentError
        For another format, where the folder cannot be written, or where ``call`` is no Call.
    MissingExtraError
        For "parquet" without pyarrow.
    """
    check_arguments(call, folder, "export_tables", "the folder")
    if format not in get_args(Format):
        msg = f"format takes {' or '.join(map(repr, get_args(Format)))}, not {format!r}."
        raise InvalidArgumentError(msg)
    if format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        msg = 'Parquet files need pyarrow: pip install pyarrow, or use format="csv".'
        raise MissingExtraError(msg)
    target = Path(folder).expanduser()
    shown = call.redact() if redacted else call
    judged = {"findings": shown.findings(), "verdicts": shown.verdicts(), "overview": shown.overview()}
    tables = {**shown.tables, **judged, "schema": describe()}
    made = {}
    for name, table in tables.items():
        clean = _clean(name, table, redacted=redacted, formulas=format == "csv")
        made[name] = target / f"{name}.{format}"
        write_whole(made[name], _csv(clean) if format == "csv" else _parquet(clean))
    return made


def _clean(name: str, table: pd.DataFrame, *, redacted: bool, formulas: bool) -> pd.DataFrame:
    """Take links, tokens and formulas out of the texts that people write."""
    personal = (
        [column.name for column in TABLES[name].columns if column.kind in ("string", "json")] if name in TABLES else []
    )
    if redacted:
        return table

    def cleaned(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = without_secrets(value)
        return f"'{text}" if formulas and text.startswith(_FORMULA) else text

    changed = {column: table[column].map(cleaned).astype(table[column].dtype) for column in personal if column in table}
    return table.assign(**changed)


def _csv(table: pd.DataFrame) -> bytes:
    times = {
        column: table[column].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for column in table.columns
        if isinstance(table[column].dtype, pd.DatetimeTZDtype)
    }
    return table.assign(**times).to_csv(index=False, lineterminator="\n").encode("utf-8", "replace")


def _parquet(table: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    table.to_parquet(target, index=False, engine="pyarrow")
    return target.getvalue()
