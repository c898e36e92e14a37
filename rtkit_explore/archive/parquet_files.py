"""Tables to Parquet files and back, by the declared schema; the documents of calls packed beside them."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import column_dtype, missing, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rtkit_explore.table_schema.columns import Column

_LEVEL: Final = 15
_DOCUMENTS_LEVEL: Final = 14
_SPLIT: Final = frozenset(
    ("buffer_ms", "bytes", "bytes_received", "bytes_sent", "frames", "frames_decoded", "packets", "packets_received")
)
"""Numbers that hardly repeat: their bytes are split by place, which compresses a fifth better than a dictionary."""
_PLAIN: Final = frozenset(("bitrate_kbps", "interval_s", "jitter_buffer_delay", "rtt", "rtt_ms"))
"""Numbers whose runs repeat from stream to stream: whole, they are found again; as numbers of a dictionary, not."""
_COUNTED: Final = frozenset(("position",))
"""Whole numbers that go up evenly: the steps are stored."""
_PAGE_BYTES: Final = 8_000_000
"""What repeats is only found within a page."""
PACKED: Final = pa.schema(
    [("session_id", pa.string()), ("index", pa.string()), ("size", pa.int64()), ("content", pa.binary())]
)


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


def table_file(table: str, frame: pd.DataFrame) -> bytes:
    """Write a table as one Parquet file."""
    return _written(pa.Table.from_pandas(_plain(frame), schema=arrow_schema(table), preserve_index=False))


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
    if pa.types.is_timestamp(field.type):
        return "PLAIN"  # the streams of a report share their times
    if pa.types.is_integer(field.type):
        return "DELTA_BINARY_PACKED" if field.name in _COUNTED else None
    if pa.types.is_floating(field.type):
        return "BYTE_STREAM_SPLIT" if field.name in _SPLIT else "PLAIN" if field.name in _PLAIN else None
    return None


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Store categories as the text they are: vocabularies grow."""
    categories = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(categories, "object")) if categories else frame


def frame_file(frame: pd.DataFrame) -> bytes:
    """Write any table that was worked out, as it is."""
    return _written(pa.Table.from_pandas(_plain(frame), preserve_index=False))


def joined_tables(files: Iterable[bytes]) -> bytes:
    """Write the rows of several files of one table as one, in their order."""
    return _written(pa.concat_tables([pq.read_table(io.BytesIO(file)) for file in files]))


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


# Documents ------------------------------------------------------------------------------------------------------------


def documents_file(calls: Iterable[tuple[str, CallDocuments]]) -> bytes:
    """
    Pack the documents of calls into one file, untouched.

    All documents of a call are compressed together (zstd), as one row of a Parquet file with a row group per call, so
    that one call is read without the others.
    """
    buffer = io.BytesIO()
    with _packed_writer(buffer) as writer:
        for session_id, documents in calls:
            index, content = packed(documents)
            row = {
                "session_id": [session_id],
                "index": [json.dumps(index)],
                "size": [len(content)],
                "content": [pa.Codec("zstd", _DOCUMENTS_LEVEL).compress(content, asbytes=True)],
            }
            writer.write_table(pa.table(row, schema=PACKED))
    return buffer.getvalue()


def joined_documents(files: Iterable[bytes]) -> bytes:
    """Put packed files together; what is compressed stays as it is."""
    buffer = io.BytesIO()
    with _packed_writer(buffer) as writer:
        for file in files:
            opened = pq.ParquetFile(pa.BufferReader(file))
            for group in range(opened.num_row_groups):
                writer.write_table(opened.read_row_group(group))
    return buffer.getvalue()


def _packed_writer(buffer: io.BytesIO) -> pq.ParquetWriter:
    return pq.ParquetWriter(buffer, PACKED, compression="none", write_page_checksum=True, use_dictionary=False)


def packed(documents: CallDocuments) -> tuple[dict[str, Any], bytes]:
    """Lay the documents of a call end to end, with an index that says which is which."""
    parts: list[tuple[str, str | None, bytes]] = []
    for kind in ("session", "participants", "chat", "transcript"):
        content = getattr(documents, kind)
        if content is not None:
            parts.append((kind, None, content))
    if documents.summary is not None:
        parts.append(("summary", None, documents.summary.encode("utf-8", "surrogatepass")))
    parts += [("peer-report", peer, content) for peer, content in documents.reports.items()]
    index = {
        "documents": [[kind, peer, len(content)] for kind, peer, content in parts],
        "transcript_format": documents.transcript_format,
        "session_id": documents.session_id,
        "names": documents.names,
        "failures": [[one.source, one.message, one.peer_id, one.missing] for one in documents.failures],
    }
    return index, b"".join(content for _, _, content in parts)


def unpacked(index: dict[str, Any], content: bytes) -> CallDocuments:
    """
    Take packed documents apart.

    Raises
    ------
    ValueError
        If the index does not fit the content.
    """
    try:
        documents = CallDocuments(session_id=index["session_id"], transcript_format=index["transcript_format"])
        documents.names = dict(index["names"])
        documents.failures = [
            Failure(source, message, peer_id=peer, missing=missing)
            for source, message, peer, missing in index["failures"]
        ]
        place = 0
        for kind, peer, size in index["documents"]:
            part, place = content[place : place + size], place + size
            if kind == "peer-report":
                documents.reports[peer] = part
            elif kind == "summary":
                documents.summary = part.decode("utf-8", "surrogatepass")
            else:
                setattr(documents, kind, part)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"the index of the documents is damaged: {type(error).__name__}"
        raise ValueError(msg) from None
    if place != len(content):
        msg = "the documents do not have the size that their index says"
        raise ValueError(msg)
    return documents


def each_document(file: bytes, wanted: Iterable[str] | None = None) -> Iterator[tuple[str, CallDocuments]]:
    """
    Unpack the documents of some calls, or of all, one call after another, in the order in which they are named.

    Raises
    ------
    ValueError, OSError, pyarrow.ArrowException
        If the file is damaged.
    """
    opened = pq.ParquetFile(pa.BufferReader(file), page_checksum_verification=True)
    ids = opened.read(columns=["session_id"])["session_id"].to_pylist()
    groups = {session_id: group for group, session_id in enumerate(ids)}
    for session_id in ids if wanted is None else wanted:
        if session_id in groups:
            row = opened.read_row_group(groups[session_id]).to_pylist()[0]
            content = pa.Codec("zstd").decompress(row["content"], decompressed_size=row["size"], asbytes=True)
            yield session_id, unpacked(json.loads(row["index"]), content)
