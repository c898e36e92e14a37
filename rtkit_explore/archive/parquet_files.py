"""Tables to Parquet files and back, by the declared schema."""

from __future__ import annotations

import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from rtkit_explore.archive.stored_columns import (
    FORMULA,
    GUEST,
    HOST,
    MOST_DECIMALS,
    SCALED,
    column,
    expression,
    formulas,
    scaled_name,
)
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import column_dtype, missing, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rtkit_explore.table_schema.columns import Column

_LEVEL: Final = 15
_SPLIT: Final = frozenset(
    ("buffer_ms", "bytes", "bytes_received", "bytes_sent", "frames", "frames_decoded", "packets", "packets_received")
)
"""Numbers that hardly repeat: their bytes are split by place, which compresses a fifth better than a dictionary."""
_PLAIN: Final = frozenset(("bitrate_kbps", "interval_s", "jitter_buffer_delay", "rtt", "rtt_ms"))
"""Numbers whose runs repeat from stream to stream: whole, they are found again; as numbers of a dictionary, not."""
_COUNTED: Final = frozenset(("position", "timestamp"))
"""What goes up evenly, or stays: the steps are stored."""
_OF_SMALL_UNITS: Final = re.compile(r"_e\d$")
_PAGE_BYTES: Final = 8_000_000
"""What repeats is only found within a page."""


def arrow_type(column: Column) -> pa.DataType:
    """Return how a column is stored: categories as text, times as UTC microseconds."""
    match column.kind:
        case "float64":
            return pa.float64()
        case "Int64":
            return pa.int64()
        case "boolean":
            return pa.bool_()
        case "time" | "epoch_ms":
            return pa.timestamp("us", "UTC")
        case _:
            return pa.string()


@cache
def arrow_schema(table: str) -> pa.Schema:
    """Return the schema of a table as stored."""
    return pa.schema([(column.name, arrow_type(column)) for column in TABLES[table].columns])


class TableFile(NamedTuple):
    """
    A table, or the documents, as written.

    Attributes
    ----------
    content
        The file; none where ``within`` names the table in whose file it is.
    rows
        How many.
    left_out
        Columns that the file has in another way, as its record is to say.
    """

    content: bytes
    rows: int
    left_out: Mapping[str, str] = {}
    within: str = ""


def arrow_table(table: str, frame: pd.DataFrame) -> pa.Table:
    """Turn a table into what is stored of it."""
    return pa.Table.from_pandas(_plain(frame), schema=arrow_schema(table), preserve_index=False)


def table_file(table: str, frame: pd.DataFrame) -> bytes:
    """Write a table as one Parquet file, with all of its columns."""
    return _written(arrow_table(table, frame))


def table_files(tables: Mapping[str, pa.Table]) -> dict[str, TableFile]:
    """Write the tables of a batch; those without rows have no file."""
    rest = {name: table for name, table in tables.items() if table.num_rows}
    files: dict[str, TableFile] = {}
    if HOST in rest and GUEST in rest and rest[HOST].num_rows == rest[GUEST].num_rows:
        shared, left_out = _in_one(rest[HOST], rest[GUEST])
        if any(f"sample_{name}" in left_out for name in rest[GUEST].column_names):
            del rest[HOST], rest[GUEST]
            files[HOST] = TableFile(_written(shared), shared.num_rows, left_out)
            files[GUEST] = TableFile(b"", shared.num_rows, left_out, HOST)
    return files | {name: TableFile(_written(table), table.num_rows) for name, table in rest.items()}


def _in_one(quality: pa.Table, samples: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """Put both tables side by side, without what can be worked out of the rest; say what that is."""
    for field, values in zip(samples.schema, samples.columns, strict=True):
        quality = quality.append_column(f"sample_{field.name}", values)
    known = {name: formula(column).arrow for name, formula in formulas().items() if name in quality.column_names}
    made = ds.dataset(quality).to_table(columns=known)
    left_out = {name: FORMULA for name in known if _same(made[name], quality[name])}
    quality = quality.drop_columns(list(left_out))
    for name in SCALED:
        scaled = _scaled(quality[name]) if name in quality.column_names else None
        if scaled is not None:
            decimals, whole = scaled
            left_out[name] = f"e{decimals}"
            quality = quality.set_column(quality.column_names.index(name), scaled_name(name, decimals), whole)
    return quality, left_out


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Tell whether two columns are the same to the last bit."""
    if not one.equals(other):
        return False
    if not pa.types.is_floating(one.type):
        return True
    return np.array_equal(*(values.fill_null(0.0).to_numpy().view("i8") for values in (one, other)))


def _scaled(values: pa.ChunkedArray) -> tuple[int, pa.Array] | None:
    """Turn numbers into whole ones of a smaller unit, with its decimals; None where that would change one."""
    absent = values.is_null().to_numpy()
    numbers = values.fill_null(0.0).to_numpy()
    for decimals in range(MOST_DECIMALS + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.rint(numbers * 10.0**decimals)
        if not (np.abs(whole) < 2**53).all():
            return None
        units = whole.astype("int64")
        if np.array_equal((units / 10.0**decimals).view("i8"), numbers.view("i8")):
            return decimals, pa.array(units, mask=absent)
    return None


def stored_schema(table: str, left_out: Mapping[str, str]) -> pa.Schema:
    """Return the schema of a table's files, by what their records say."""
    if not left_out:
        return arrow_schema(table)
    fields = []
    for prefix, name in (("", HOST), ("sample_", GUEST)):
        for field in arrow_schema(name):
            how = left_out.get(prefix + field.name)
            if how is None:
                fields.append(field.with_name(prefix + field.name))
            elif how != FORMULA:
                fields.append(pa.field(scaled_name(prefix + field.name, int(how.removeprefix("e"))), pa.int64()))
    return pa.schema(fields)


def read_table(
    table: str, content: bytes, left_out: Mapping[str, str], columns: Sequence[str] | None = None
) -> pa.Table:
    """
    Read a table, or some of its columns, from a file.

    Raises
    ------
    OSError, pyarrow.ArrowException
        If the file is damaged.
    """
    names = arrow_schema(table).names if columns is None else list(columns)
    wanted = {name: expression(table, name, left_out) for name in names}
    needed = frozenset().union(*(one.names for one in wanted.values()))
    opened = pq.ParquetFile(io.BytesIO(content))
    there = opened.schema_arrow.names
    made = opened.read(columns=[name for name in there if name in needed])
    if not left_out:
        return made
    schema = stored_schema(table, left_out)
    for name in sorted(needed - set(there)):
        made = made.append_column(schema.field(name), pa.nulls(made.num_rows, schema.field(name).type))
    return ds.dataset(made).to_table(columns={name: one.arrow for name, one in wanted.items()})


def _written(arrow: pa.Table) -> bytes:
    encodings = {field.name: encoding for field in arrow.schema if (encoding := _encoding(field)) is not None}
    buffer = io.BytesIO()
    pq.write_table(
        arrow.replace_schema_metadata(None),
        buffer,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[name for name in arrow.column_names if name not in encodings],
        column_encoding=encodings or None,
        write_page_checksum=True,
        write_statistics=False,  # a file is of one day already; they would be a twentieth of it
        data_page_size=_PAGE_BYTES,
        row_group_size=1_000_000,
        store_schema=False,
    )
    return buffer.getvalue()


def _encoding(field: pa.Field) -> str | None:
    """Choose how a column is written; None is a dictionary, which suits most."""
    name = field.name.removeprefix("sample_")
    if pa.types.is_timestamp(field.type):
        return "DELTA_BINARY_PACKED" if name in _COUNTED else "BYTE_STREAM_SPLIT"
    if pa.types.is_integer(field.type):
        if name in _COUNTED:
            return "DELTA_BINARY_PACKED"
        return "BYTE_STREAM_SPLIT" if _OF_SMALL_UNITS.search(name) else "PLAIN" if name == "ssrc" else None
    if pa.types.is_floating(field.type):
        return "BYTE_STREAM_SPLIT" if name in _SPLIT else "PLAIN" if name in _PLAIN else None
    return None


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Store categories as the text they are: vocabularies grow."""
    categories = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(categories, "object")) if categories else frame


def frame_file(frame: pd.DataFrame) -> bytes:
    """Write any table that was worked out, as it is."""
    return _written(pa.Table.from_pandas(_plain(frame), preserve_index=False))


def declared_frame(table: str, arrow: pa.Table, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    Read rows back as the declared table.

    Parameters
    ----------
    table
        Its name.
    arrow
        What was stored; columns that it lacks are missing throughout.
    columns
        Which ones, in order; all by default.

    Returns
    -------
    pandas.DataFrame
        With the declared dtypes, also without rows.
    """
    declared = TABLES[table]
    names = [column.name for column in declared.columns] if columns is None else list(columns)
    there = set(arrow.column_names)
    made = {
        name: _column(declared[name], arrow[name]) if name in there else missing(declared[name], arrow.num_rows)
        for name in names
    }
    return pd.DataFrame(made, index=pd.RangeIndex(arrow.num_rows), copy=False)


def _column(column: Column, values: pa.ChunkedArray) -> Any:
    match column.kind:
        case "category":
            codes, words = _encoded(values)
            # Numbers of the stored words to numbers of the declared ones, -1 for what is not declared.
            numbers: Any = pd.Index(column.categories).get_indexer(pd.Index(words)) if len(words) else []
            known = np.append(np.asarray(numbers, dtype="int64"), [-1])[codes]
            return pd.Categorical.from_codes(known, dtype=column_dtype(column))
        case "string" | "json":
            return _texts(values)
        case "float64":
            return values.to_numpy().astype("float64", copy=False)
        case _:
            return pd.Series(_generic(values)).astype(column_dtype(column)).array


def _encoded(values: pa.ChunkedArray) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, Any]]:
    """Give each text of a column a number; -1 is missing."""
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype("int64")
    return codes, np.array(encoded.dictionary.to_pylist(), dtype=object)


def _texts(values: pa.ChunkedArray) -> Any:
    codes, words = _encoded(values.cast(pa.string()))
    # One text object serves all rows that hold it.
    return texts(np.append(words, [pd.NA]).astype(object)[codes])


def _generic(values: pa.ChunkedArray) -> Any:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(values)
    if pa.types.is_decimal(kind):
        return values.cast(pa.float64()).to_numpy()
    if pa.types.is_timestamp(kind):
        return pd.Series(values.cast(pa.timestamp("us", "UTC")).to_pandas()).dt.as_unit("us").array
    if pa.types.is_boolean(kind):
        return pd.array(values.to_pylist(), dtype="boolean")
    if pa.types.is_integer(kind) and values.null_count:
        return pd.array(values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), dtype="Int64")
    return values.to_pandas().array


def any_frame(arrow: pa.Table) -> pd.DataFrame:
    """Turn the rows of a query into a DataFrame: text as ``string``, times in UTC microseconds."""
    made = [pd.Series(_generic(column)) for column in arrow.columns]
    frame = pd.concat(made, axis=1) if made else pd.DataFrame(index=pd.RangeIndex(arrow.num_rows))
    frame.columns = pd.Index(arrow.column_names)
    return frame
