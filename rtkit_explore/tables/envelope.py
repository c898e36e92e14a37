"""Finding the parts of a response, whatever envelope it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import NotADocumentError
from rtkit_explore.tables.json_reader import Reader, child, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rtkit_explore.tables.problem_rows import Problems

Document = bytes | str | dict[str, Any]
"""One response of the API: JSON text, or what it decodes to."""

ENVELOPE = ("success", "data", "paging", "error", "errors", "messages")


def each(documents: Any) -> Iterator[Document]:
    """
    Yield the documents of one or many.

    Raises
    ------
    NotADocumentError
        If something is neither JSON text, nor a dict, nor a list of those.
    """
    for document in documents if isinstance(documents, (list, tuple)) else (documents,):
        if isinstance(document, (bytes, bytearray, memoryview)):
            yield bytes(document)
        elif isinstance(document, (str, dict)):
            yield document
        else:
            msg = (
                f"A document is JSON text (bytes or str), a dict, or a list of those, not {type(document).__name__}. "
                "For files use rtk.load(), for a folder rtk.replay()."
            )
            raise NotADocumentError(msg)


def opened(document: Document, problems: Problems) -> tuple[Any, Reader]:
    """Decode a document if it is text; what cannot be decoded is None and a problem."""
    value = document if isinstance(document, dict) else decode(document, problems)
    return value, Reader(problems)


def payload(value: Any, reader: Reader) -> tuple[dict[str, Any], str]:
    """Return the response's ``data`` with its path; a document without an envelope is its own data."""
    path = "$"
    answer = reader.mapping(value, path)
    if "data" not in answer:
        if answer.get("success") is False:
            reader.problems.add("broken", path, "an error answer of the API, not a document", "it is in no table")
            return {}, path
        return {key: item for key, item in answer.items() if key != "success"}, path
    reader.unknown(answer, ENVELOPE, path)
    inner = child(path, "data")
    return reader.mapping(answer["data"], inner), inner


def listed(data: dict[str, Any], many: str, one: str, reader: Reader, path: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the records of a response that holds a list, one wrapped record, or is the record itself."""
    if many in data:
        reader.unknown(data, (many, "paging"), path)
        return [(place, record) for _, place, record in reader.records(data[many], child(path, many))]
    if one in data:
        reader.unknown(data, (one, "paging"), path)
        place = child(path, one)
        record = reader.mapping(data[one], place)
        return [(place, record)] if record else []
    return [(path, data)] if data else []
