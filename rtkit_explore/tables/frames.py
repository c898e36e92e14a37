"""The one module that makes tables: columns by their declaration, dtypes settled the same way in every pandas."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from rtkit_explore.tables.memory import return_freed_memory
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

    from rtkit_explore.table_schema.columns import Column, Table

TEXT = pd.StringDtype("python")
TIME = pd.DatetimeTZDtype("us", "UTC")


@cache
def column_dtype(column: Column) -> Any:
    """Return the pandas dtype of a column; the same one each time, as pandas indexes the categories of each anew."""
    match column.kind:
        case "string" | "json":
            return TEXT
        case "category":
            return pd.CategoricalDtype(list(column.categories))
        case "time" | "epoch_ms":
            return TIME
        case "Int64":
            return pd.Int64Dtype()
        case "boolean":
            return pd.BooleanDtype()
        case _:
            return np.dtype("float64")


def missing(column: Column, rows: int) -> ExtensionArray | NDArray[Any]:
    """Return a column of that many missing values."""
    match column.kind:
        case "float64":
            return np.full(rows, np.nan)
        case "time" | "epoch_ms":
            return times_from_ints(np.full(rows, NAT, dtype="int64"))
        case "string" | "json":
            return texts(np.full(rows, pd.NA, dtype=object))
        case "category":
            return pd.Categorical.from_codes(np.full(rows, -1, dtype="int8"), dtype=column_dtype(column))
        case "Int64":
            return pd.arrays.IntegerArray(np.zeros(rows, dtype="int64"), np.ones(rows, dtype=bool))
        case _:
            return pd.arrays.BooleanArray(np.zeros(rows, dtype=bool), np.ones(rows, dtype=bool))


def texts(values: NDArray[Any]) -> ExtensionArray:
    """Return a string column from an object array of str and NA (None is taken for NA)."""
    return cast("ExtensionArray", pd.array(values, dtype=TEXT))


def times_from_ints(values: NDArray[np.int64]) -> ExtensionArray:
    """Return a time column from microseconds since 1970, the smallest integer standing for NaT."""
    return cast("ExtensionArray", pd.DatetimeIndex(values.view("M8[us]")).tz_localize("UTC").array)


def counts(values: Sequence[int | None] | NDArray[np.float64]) -> ExtensionArray:
    """Return an Int64 column; NaN and None are missing."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        mask = np.isnan(values)
        return pd.arrays.IntegerArray(np.where(mask, 0, values).astype("int64"), mask)
    mask = np.fromiter((value is None or value is pd.NA for value in values), dtype=bool, count=len(values))
    whole = np.fromiter(
        (0 if absent else value for value, absent in zip(values, mask, strict=True)), dtype="int64", count=len(values)
    )
    return pd.arrays.IntegerArray(whole, mask)


def flags(values: Sequence[Any]) -> ExtensionArray:
    """Return a boolean column; None is missing."""
    mask = np.fromiter((value is None or value is pd.NA for value in values), dtype=np.bool_, count=len(values))
    known = np.fromiter((value is True or value is np.True_ for value in values), dtype=np.bool_, count=len(values))
    return pd.arrays.BooleanArray(known, mask)


def convert(column: Column, values: Any) -> Any:
    """Give values the dtype of their column; they have been read already, so only None and NaN are missing."""
    if isinstance(values, pd.api.extensions.ExtensionArray):
        return values
    if isinstance(values, pd.Series):
        return values.astype(column_dtype(column)).array
    if not isinstance(values, np.ndarray) or values.dtype == object:
        values = list(values)
    match column.kind:
        case "float64":
            return np.asarray(values, dtype="float64")
        case "Int64":
            return counts(values)
        case "boolean":
            if isinstance(values, np.ndarray) and values.dtype == bool:
                return pd.arrays.BooleanArray(values, np.zeros(len(values), dtype=bool))
            return flags(values)
        case "string" | "json":
            return texts(np.array([pd.NA if value is None else value for value in values], dtype=object))
        case "category":
            return pd.Categorical(values, dtype=column_dtype(column))
        case _:
            if isinstance(values, np.ndarray) and values.dtype.kind == "i":
                return times_from_ints(values)
            return times_from_ints(
                np.fromiter((NAT if value is None else value for value in values), dtype="int64", count=len(values))
            )


def frame(table: Table, columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """
    Make a table.

    Parameters
    ----------
    table
        Its declaration.
    columns
        Values by column name, already read (times as microseconds since 1970); those not named are missing.
    rows
        How many rows.

    Returns
    -------
    pandas.DataFrame
        All declared columns in their order with their dtypes, also when empty.
    """
    made = {
        column.name: convert(column, columns[column.name]) if column.name in columns else missing(column, rows)
        for column in table.columns
    }
    return pd.DataFrame(made, index=pd.RangeIndex(rows), copy=False)


def from_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table from records that have been read already."""
    listed = list(rows)
    columns = {column.name: [row.get(column.name) for row in listed] for column in table.columns}
    return frame(table, columns, len(listed))


def empty(table: Table) -> pd.DataFrame:
    """Return the table without rows."""
    return frame(table, {}, 0)


def join_in_parts(table: Table, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """
    Concatenate frames of one table column by column, for tables of millions of rows.

    Each column is taken out of the frames as it is joined, and given back to the system, which uses them up: so the
    table never stands in memory twice.
    """
    rows = sum(map(len, frames))
    columns: dict[str, Any] = {}
    for column in table.columns:
        columns[column.name] = pd.concat([part.pop(column.name) for part in frames], ignore_index=True).array
        return_freed_memory()
    return frame(table, columns, rows)


def join_frames(table: Table, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames of one table, dtypes kept even if some are empty."""
    filled = [part for part in frames if len(part)]
    if not filled:
        return empty(table)
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    joined = pd.concat(filled, ignore_index=True)
    return joined.astype({column.name: column_dtype(column) for column in table.columns})
