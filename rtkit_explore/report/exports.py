"""Tables as files, for programs that are not Python, and back again."""

from __future__ import annotations

import importlib.util
import io
import re
import warnings
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from rtkit_explore.api.scrubbing import without_secrets
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.report.files import check_arguments, check_place, write_whole
from rtkit_explore.table_schema.describe import TABLES, describe
from rtkit_explore.tables.frames import TEXT, column_dtype, join_frames

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rtkit_explore.call import Call
    from rtkit_explore.table_schema.columns import Column, Table

Format = Literal["csv", "parquet"]
# What spreadsheets take for the beginning of a formula (the full-width signs in East Asian editions, "|" for DDE),
# also after white space and signs without width; a text that begins with a line break or tab is not trusted either.
_FORMULA: Final = re.compile(
    "'*(?:[\\t\\r\\n]|[\\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\\-@|\uff1d\uff0b\uff0d\uff20\uff5c])"
)
_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CELL: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)')
_NUMBERED: Final = (
    " Replaced by a pseudonym that is numbered within each call: the same pseudonym in another call may be somebody"
    " else (salt= makes them the same in all calls)."
)
_SALTED: Final = " Replaced by a pseudonym that is the same in every call redacted with the same salt."


def export_tables(
    call: Call | Iterable[Call],
    folder: str | os.PathLike[str],
    *,
    redacted: bool = True,
    format: Format = "csv",  # noqa: A002 - what everybody calls it
    salt: str | None = None,
) -> dict[str, Path]:
    """
    Write every table of a call into a file of its own, with the findings, and a file that explains the columns.

    Parameters
    ----------
    call
        The call, or several, whose rows go below one another.
    folder
        Where the files go; made where it is not there. Files of the same names are replaced.
    redacted
        Whether people, devices and addresses get stand-ins, as by ``call.redact()``. URLs lose their path and what
        could be a token goes in any case.
    format
        "csv" (UTF-8, times in ISO 8601 with UTC, texts in quotes, missing values empty; a text that a spreadsheet
        would take for a formula begins with an apostrophe) or "parquet" (dtypes kept; needs pyarrow).
    salt
        As for ``call.redact()``: with one, a person has the same pseudonym in every call. Without one pseudonyms are
        numbered within each call, which the table ``schema`` says of each such column.

    Returns
    -------
    dict of str to pathlib.Path
        Table name to its file; ``schema`` lists every table, column, unit and meaning.

    Raises
    ------
    InvalidArgumentError
        For another format, where the folder cannot be written, where ``call`` is no Call, or for a salt where
        nothing is redacted.
    MissingExtraError
        For "parquet" without pyarrow.

    Warns
    -----
    UserWarning
        Where several calls are redacted without a salt, so that pseudonyms do not join them.

    See Also
    --------
    read_tables : The same tables from the files.
    """
    calls = _calls(call, folder)
    if format not in get_args(Format):
        msg = f"format takes {' or '.join(map(repr, get_args(Format)))}, not {format!r}."
        raise InvalidArgumentError(msg)
    if format == "parquet":
        _need_pyarrow()
    if salt is not None and not redacted:
        msg = "salt= makes pseudonyms, and redacted=False asks for none: leave one of the two out."
        raise InvalidArgumentError(msg)
    if redacted and salt is None and len(calls) > 1:
        msg = (
            f"The {len(calls)} calls are redacted without salt=, so pseudonyms are numbered within each call: "
            "'Person 1' of one call is not 'Person 1' of the next. Give salt= (a text that nobody can guess) to follow"
            " people across calls."
        )
        warnings.warn(msg, UserWarning, stacklevel=2)
    target = user_path(folder, "the folder to export to")
    check_place(target / f"schema.{format}")
    shown = [one.redact(salt=salt) if redacted else one for one in calls]
    made = {}
    for name, table in (_joined(shown) | {"schema": _schema(redacted=redacted, salted=salt is not None)}).items():
        clean = _with_clean_texts(table, secrets=not redacted, formulas=format == "csv")
        made[name] = target / f"{name}.{format}"
        write_whole(made[name], _csv(clean) if format == "csv" else _parquet(clean))
    return made


def read_tables(folder: str | os.PathLike[str]) -> dict[str, pd.DataFrame]:
    """
    Read tables that ``export_tables`` wrote, with the dtypes that they had.

    Parameters
    ----------
    folder
        The folder with the files.

    Returns
    -------
    dict of str to pandas.DataFrame
        Table name to its table, texts as they were before an apostrophe was put in front of them. Another program
        that reads the CSV files has to leave texts such as "NA" alone: with pandas
        ``pd.read_csv(file, keep_default_na=False, na_values=[""])``, which cannot tell empty from missing.

    Raises
    ------
    InvalidArgumentError
        Where the folder holds no such files, or one of another form.
    MissingExtraError
        For Parquet files without pyarrow.
    """
    source = user_path(folder, "the folder of tables")
    found = {name: path for name in [*TABLES, "schema"] for path in source.glob(f"{name}.*")}
    files = {name: path for name, path in found.items() if path.suffix in (".csv", ".parquet")}
    if not files:
        msg = f"{source} holds no tables that rtk.export_tables(call, folder) wrote."
        raise InvalidArgumentError(msg)
    return {name: _read(name, path) for name, path in files.items()}


def _calls(call: Call | Iterable[Call], folder: object) -> list[Call]:
    several = isinstance(call, list | tuple) or hasattr(call, "__next__")
    calls: Sequence[Any] = list(call) if several else [call]  # type: ignore[arg-type]
    if not calls:
        msg = "export_tables takes a Call or several; the list is empty."
        raise InvalidArgumentError(msg)
    for one in calls:
        check_arguments(one, folder, "export_tables", "the folder")
    return list(calls)


def _joined(calls: Sequence[Call]) -> dict[str, pd.DataFrame]:
    """Return the tables of all calls, their rows below one another."""
    each = [
        {**one.tables, "findings": one.findings(), "verdicts": one.verdicts(), "overview": one.overview()}
        for one in calls
    ]
    if len(each) == 1:
        return each[0]
    return {name: join_frames(TABLES[name], [tables[name] for tables in each]) for name in each[0]}


def _schema(*, redacted: bool, salted: bool) -> pd.DataFrame:
    """Describe the columns, with what the pseudonyms in them are good for."""
    schema = describe()
    if redacted:
        people = [
            TABLES[table][column].redaction in ("name", "user", "custom")
            for table, column in zip(schema["table"], schema["column"], strict=True)
        ]
        schema.loc[people, "meaning"] += _SALTED if salted else _NUMBERED
    return schema


# Texts ----------------------------------------------------------------------------------------------------------------


def _with_clean_texts(table: pd.DataFrame, *, secrets: bool, formulas: bool) -> pd.DataFrame:
    """Take URLs, tokens and formulas out of the texts that people write; each distinct text is looked at once."""

    def clean(text: str) -> str:
        text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", without_secrets(text) if secrets else text)
        return f"'{text}" if formulas and _FORMULA.match(text) else text

    changed = {}
    for name in table.columns:
        if isinstance(table[name].dtype, pd.StringDtype):
            # Not by unique(): of texts that are equal up to a NUL, pandas 2.2 names one alone.
            cleaned = {text: clean(text) for text in set(table[name].dropna().tolist())}
            if any(text != new for text, new in cleaned.items()):
                changed[name] = table[name].map(cleaned, na_action="ignore").astype(table[name].dtype)
    return table.assign(**changed)


def without_formulas(table: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """
    Make the texts of a table safe for a spreadsheet, also those of a table of no known columns.

    Returns
    -------
    tuple of pandas.DataFrame and bool
        The table, and whether a text holds a carriage return, which some readers take for the end of a row unless
        all texts stand in quotes.
    """
    changed: dict[Any, Any] = {}
    returns = False

    def clean(value: Any) -> Any:
        nonlocal returns
        if not isinstance(value, str):
            return value
        returns = returns or "\r" in value
        text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        return f"'{text}" if _FORMULA.match(text) else text

    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
            changed[place] = pd.Series([clean(value) for value in column], index=table.index, dtype=object)
    parts = [changed.get(place, table.iloc[:, place]) for place in range(table.shape[1])]
    safe = pd.concat(parts, axis=1) if parts else table.copy()
    # A name of a column may come from a query.
    safe.columns = pd.Index([clean(name) for name in table.columns])
    return safe, returns


def _unescaped(text: str) -> str:
    """Take off the apostrophe that was put before what looks like a formula."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# Files ----------------------------------------------------------------------------------------------------------------


def _csv(table: pd.DataFrame) -> bytes:
    """
    Write a table as CSV.

    Every text stands in quotes, for a bare carriage return in one would end the row for some readers; a missing value
    is empty without quotes, which tells it from a text of no characters.
    """
    columns = [_cells(table[name]) for name in table.columns]
    rows = [",".join(table.columns), *map(",".join, zip(*columns, strict=True))]
    return ("\n".join(rows) + "\n").encode("utf-8")


def _cells(column: pd.Series) -> list[str]:
    write: Callable[[Any], str] = repr
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column, write = column.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), str
    elif isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):

        def write(text: str) -> str:
            return '"' + text.replace('"', '""') + '"'

    values = column.astype("object").to_numpy()
    return ["" if absent else write(value) for value, absent in zip(values, column.isna(), strict=True)]


def _parquet(table: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    table.to_parquet(target, index=False, engine="pyarrow")
    return target.getvalue()


def _read(name: str, path: Path) -> pd.DataFrame:
    declared = TABLES.get(name)
    if path.suffix == ".parquet":
        _need_pyarrow()
        frame = pd.read_parquet(path, engine="pyarrow")
        if declared is None:
            return frame
        return frame.astype({column.name: column_dtype(column) for column in declared.columns if column.name in frame})
    try:
        header, rows = _parsed(read_file(path).decode("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} is no table that rtk.export_tables wrote ({type(error).__name__}): write it again."
        raise InvalidArgumentError(msg) from error
    columns = {key: [row[place] for row in rows] for place, key in enumerate(header)}
    return pd.DataFrame({key: _column(values, declared, key) for key, values in columns.items()})


def _parsed(text: str) -> tuple[list[str], list[list[str | None]]]:
    """Split CSV as ``_csv`` writes it into its header and rows; None is a missing value."""
    rows: list[list[str | None]] = [[]]
    end = 0
    for match in _CELL.finditer(text):
        if match.start() != end:
            raise ValueError
        quoted, bare, after = match.groups()
        rows[-1].append(bare or None if quoted is None else quoted.replace('""', '"'))
        end = match.end()
        if after == "\n":
            rows.append([])
    header, *body = rows[:-1]
    if end != len(text) or any(len(row) != len(header) for row in body):
        raise ValueError
    return [name or "" for name in header], body


def _column(values: list[str | None], declared: Table | None, name: str) -> Any:
    """Give the cells of a column their dtype."""
    column: Column | None = None if declared is None else declared.index.get(name)
    if column is None or column.kind in ("string", "json"):
        if name == "personal":
            return np.array([value == "True" for value in values], dtype=bool)
        return pd.array([pd.NA if value is None else _unescaped(value) for value in values], dtype=TEXT)
    match column.kind:
        case "time" | "epoch_ms":
            times = pd.to_datetime(np.array(values, dtype=object), utc=True, format="ISO8601", errors="coerce")
            return times.as_unit("us")
        case "category":
            return pd.Categorical(values, dtype=column_dtype(column))
        case "boolean":
            flags = [pd.NA if value is None else value == "True" for value in values]
            return pd.array(flags, dtype=column_dtype(column))
        case "Int64":
            return pd.array([pd.NA if value is None else int(value) for value in values], dtype=column_dtype(column))
        case _:
            return np.array([np.nan if value is None else float(value) for value in values], dtype="float64")


def _need_pyarrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        msg = 'Parquet files need pyarrow: pip install pyarrow, or use format="csv".'
        raise MissingExtraError(msg)
