"""
The documents of many calls in one file: untouched, compressed together, and read call by call.

One call's documents are short, and most of them is what every other call has as well: the names of the fields, in the
same order. So calls are put together into blocks of some megabytes, and within a block what stands around the values
(``,"packets_lost"``) is told once, and the values of each field follow one another. That takes a third of the room of
compressing call by call. Every block is turned back when it is made and compared with what went in; whatever does not
come back byte for byte is kept as it is.
"""

from __future__ import annotations

import io
import json
import re
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rtkit_explore.store.documents import CallDocuments, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

BLOCK_BYTES: Final = 6_000_000
"""A block is closed when it holds so much; a longer call is cut into several blocks. It is what reading one call takes
apart."""
_LEVEL: Final = 12
_BLOCKS: Final = pa.schema([("sessions", pa.list_(pa.string())), ("size", pa.int64()), ("content", pa.binary())])
"""A row, in a row group of its own, for each block."""
_BEFORE: Final = (b'":', b'": ')
"""What parts the name of a field from its value, tight or not."""
_VALUES: Final = tuple(re.compile(before + rb'("[^"\\\n]*(?:\\.[^"\\\n]*)*"|[-\w.+]+)') for before in _BEFORE)
"""A text or number after the name of its field, without line breaks, which part the values of a field."""
_AS_IT_IS: Final = b"\0"
_BY_FIELD: Final = b"\1"
_WHOLE: Final = ("session", "participants", "chat", "transcript")
_HEAD: Final = struct.Struct("<BIII")


def documents_file(calls: Iterable[tuple[str, CallDocuments]]) -> bytes:
    """
    Pack the documents of calls into one file, untouched.

    Parameters
    ----------
    calls
        Session id and documents; one block's are in memory at a time if they are made one after another.
    """
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer, _BLOCKS, compression="none", write_page_checksum=True, use_dictionary=False
    ) as writer:
        for sessions, content in _blocks(calls):
            row = {
                "sessions": [sessions],
                "size": [len(content)],
                "content": [pa.Codec("zstd", _LEVEL).compress(content, asbytes=True)],
            }
            writer.write_table(pa.table(row, schema=_BLOCKS))
    return buffer.getvalue()


def each_document(file: bytes, wanted: Iterable[str] | None = None) -> Iterator[tuple[str, CallDocuments]]:
    """
    Unpack the documents of some calls, or of all, one call after another, in the order in which they are named.

    Raises
    ------
    ValueError, OSError, pyarrow.ArrowException
        If the file is damaged.
    """
    opened = pq.ParquetFile(pa.BufferReader(file), page_checksum_verification=True)
    if "sessions" not in opened.schema_arrow.names:
        yield from _each_of_old(opened, wanted)
        return
    places: dict[str, list[int]] = {}
    for group, sessions in enumerate(opened.read(columns=["sessions"])["sessions"].to_pylist()):
        for session_id in sessions:
            places.setdefault(session_id, []).append(group)
    last: tuple[int, dict[str, tuple[Any, bytes]]] = (-1, {})
    for session_id in list(places) if wanted is None else wanted:
        if session_id not in places:
            continue
        index: Any = None
        parts = []
        for group in places[session_id]:
            if group != last[0]:
                last = (group, _block(opened.read_row_group(group).to_pylist()[0]))
            told, part = last[1][session_id]
            index = told if index is None else index
            parts.append(part)
        yield session_id, unpacked(index, parts[0] if len(parts) == 1 else b"".join(parts))


def _each_of_old(opened: pq.ParquetFile, wanted: Iterable[str] | None) -> Iterator[tuple[str, CallDocuments]]:
    """Unpack a file of format 1, which has each call's documents compressed alone."""
    ids = opened.read(columns=["session_id"])["session_id"].to_pylist()
    groups = {session_id: group for group, session_id in enumerate(ids)}
    for session_id in ids if wanted is None else wanted:
        if session_id in groups:
            row = opened.read_row_group(groups[session_id]).to_pylist()[0]
            content = pa.Codec("zstd").decompress(row["content"], decompressed_size=row["size"], asbytes=True)
            yield session_id, unpacked(json.loads(row["index"]), content)


# Blocks ---------------------------------------------------------------------------------------------------------------


def _blocks(calls: Iterable[tuple[str, CallDocuments]]) -> Iterator[tuple[list[str], bytes]]:
    """Put calls together into blocks: their session ids, and what is to be compressed."""
    pieces: list[tuple[str, Any, bytes]] = []
    held = 0
    for session_id, documents in calls:
        index: Any = index_of(documents)
        part, size = b"", sum(size for _, _, size in index["documents"])
        if pieces and held + size > BLOCK_BYTES:
            yield _closed(pieces)
            pieces, held = [], 0
        # One document is at hand at a time, and what is left of the one before: those of a large call are compressed.
        for content in _contents(documents):
            part += content
            while len(part) > BLOCK_BYTES:
                yield _closed([(session_id, index, part[:BLOCK_BYTES])])
                index, part = None, part[BLOCK_BYTES:]
        pieces.append((session_id, index, part))
        held += len(part)
    if pieces:
        yield _closed(pieces)


def _closed(pieces: list[tuple[str, Any, bytes]]) -> tuple[list[str], bytes]:
    """Write a block: a line that says which call has how many bytes, and the bytes."""
    listed = [[session_id, index, len(part)] for session_id, index, part in pieces]
    line = json.dumps(listed, separators=(",", ":")).encode()
    content = b"\n".join((line, b"".join(part for _, _, part in pieces)))
    told = by_field(content)
    try:
        same = from_fields(told) == content
    except ValueError:
        same = False
    sessions = [session_id for session_id, _, _ in pieces]
    return sessions, _BY_FIELD + told if same else _AS_IT_IS + content


def _block(row: dict[str, Any]) -> dict[str, tuple[Any, bytes]]:
    """Take a block apart: session id to its index, None where an earlier block has it, and its bytes."""
    told = pa.Codec("zstd").decompress(row["content"], decompressed_size=row["size"], asbytes=True)
    content = from_fields(told[1:]) if told[:1] == _BY_FIELD else told[1:]
    line, _, content = content.partition(b"\n")
    found: dict[str, tuple[Any, bytes]] = {}
    place = 0
    try:
        for session_id, index, size in json.loads(line):
            found[session_id] = (index, content[place : place + size])
            place += size
    except TypeError:
        place = -1
    if place != len(content) or set(found) != set(row["sessions"]):
        msg = "a block of documents does not hold what it says"
        raise ValueError(msg)
    return found


def by_field(content: bytes) -> bytes:
    """
    Tell JSON by what stands around its values, and the values field by field; any bytes can be told.

    Returns
    -------
    bytes
        How names and values are parted, how many different pieces stand between values, how many values, how long
        the pieces are; the length of each piece; the pieces; which piece stands before which value; the values, those
        after the same piece one after another,
        each on a line.
    """
    spaced = 2 * content.count(_BEFORE[1]) > content.count(_BEFORE[0])
    parts = _VALUES[spaced].split(content)
    number: dict[bytes, int] = {}
    order = np.array([number.setdefault(piece, len(number)) for piece in parts[0::2]], dtype="<u4")
    values = np.array(parts[1::2], dtype=object)[np.argsort(order[:-1], kind="stable")]
    lengths = np.array([len(piece) for piece in number], dtype="<u4")
    pieces = b"".join(number)
    head = _HEAD.pack(spaced, len(number), len(values), len(pieces))
    return b"".join((head, lengths.tobytes(), pieces, order.tobytes(), b"\n".join(values.tolist())))


def from_fields(told: bytes) -> bytes:
    """
    Turn what :func:`by_field` gives back into the bytes that it was given.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    try:
        spaced, count, known, length = _HEAD.unpack_from(told)
        place = _HEAD.size
        lengths: NDArray[np.uint32] = np.frombuffer(told, "<u4", count, place)
        place += 4 * count
        ends = place + np.cumsum(lengths, dtype=np.int64)
        pieces = [told[end - size : end] for end, size in zip(ends.tolist(), lengths.tolist(), strict=True)]
        place += length
        order: NDArray[np.uint32] = np.frombuffer(told, "<u4", known + 1, place)
        place += 4 * (known + 1)
        values = told[place:].split(b"\n") if known else []
        made = np.empty(2 * known + 1, dtype=object)
        sorted_values = np.empty(known, dtype=object)
        # Assigning a list of the wrong length raises, too.
        sorted_values[np.argsort(order[:-1], kind="stable")] = values
        made[0::2] = np.array([*(piece + _BEFORE[spaced] for piece in pieces), None], dtype=object)[order]
        made[1::2] = sorted_values
        made[-1] = pieces[order[-1]]
        return b"".join(made.tolist())
    except (struct.error, IndexError, TypeError) as error:
        msg = f"a block of documents is damaged: {type(error).__name__}"
        raise ValueError(msg) from None


# One call's documents -------------------------------------------------------------------------------------------------


def index_of(documents: CallDocuments) -> dict[str, Any]:
    """Say what the documents of a call are and how long, end to end, and what else is known of them."""
    whole = [(kind, None, content) for kind in _WHOLE if (content := getattr(documents, kind)) is not None]
    if documents.summary is not None:
        whole.append(("summary", None, _summary(documents)))
    sizes: list[tuple[str, str | None, int]] = [(kind, peer, len(content)) for kind, peer, content in whole]
    sizes += [("peer-report", peer, len(documents.reports[peer])) for peer in documents.reports]
    return {
        "documents": [list(one) for one in sizes],
        "transcript_format": documents.transcript_format,
        "session_id": documents.session_id,
        "names": documents.names,
        "failures": [[one.source, one.message, one.peer_id, one.missing] for one in documents.failures],
    }


def _contents(documents: CallDocuments) -> Iterator[bytes]:
    """Give the documents one after another, as the index lists them."""
    for kind in _WHOLE:
        content = getattr(documents, kind)
        if content is not None:
            yield content
    if documents.summary is not None:
        yield _summary(documents)
    for peer in documents.reports:
        yield documents.reports[peer]


def _summary(documents: CallDocuments) -> bytes:
    return (documents.summary or "").encode("utf-8", "surrogatepass")


def packed(documents: CallDocuments) -> tuple[dict[str, Any], bytes]:
    """Lay the documents of a call end to end, with an index that says which is which."""
    return index_of(documents), b"".join(_contents(documents))


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
