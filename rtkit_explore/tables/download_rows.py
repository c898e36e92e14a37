"""Chat, transcripts, and the small responses that name downloads."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import NotADocumentError
from rtkit_explore.table_schema.people import CHAT, DOWNLOADS, SUMMARY_JOBS, TRANSCRIPT
from rtkit_explore.tables.envelope import each, opened, payload
from rtkit_explore.tables.frames import from_rows
from rtkit_explore.tables.json_reader import LATEST_MS, Reader, as_float, child, decode
from rtkit_explore.tables.problem_rows import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

Row = dict[str, Any]
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TRANSCRIPT_COLUMNS = ("start", "peer_id", "user_id", "custom_participant_id", "display_name", "text")
_HEADER = frozenset(
    {
        "start",
        "starttime",
        "time",
        "timestamp",
        "end",
        "endtime",
        "peerid",
        "id",
        "userid",
        "participantid",
        "cpi",
        "customparticipantid",
        "name",
        "displayname",
        "participantname",
        "text",
        "transcript",
        "sentence",
    }
)
# Digits are bounded, and read from their first one on: a line of nothing but digits takes no longer than any other.
_CLOCK = re.compile(r"(?<!\d)(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})")
_CUE = re.compile(rf"{_CLOCK.pattern}\s*-->\s*{_CLOCK.pattern}")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MOST_CONTROLS = 0.1
"""Share of control characters from which on a download is no text; a few can stand in any message."""
_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that are not characters of Windows-1252
_EARLIEST_EPOCH_MS = 1e11  # March 1973; a meeting is not that long
_SPEAKER = re.compile(r"(?P<name>[^:\n]{1,80}): (?P<text>.*)", re.DOTALL)
_VOICE = re.compile(r"<v(?:\.[^ >]*)? (?P<name>[^>]+)>(?P<text>.*?)(?:</v>)?$", re.DOTALL)


def text_of(document: bytes | str, problems: Problems) -> str:
    """Decode a download; encodings other than UTF-8 are recognized by the bytes, and reported."""
    if isinstance(document, str):
        return document.removeprefix("\ufeff")
    if not isinstance(document, bytes | bytearray):
        msg = f"A download is bytes or a text, not something of type {type(document).__name__}."
        raise NotADocumentError(msg)
    wide = _wide_encoding(document)
    if wide:
        problems.bad_value("$", f"{wide.upper()} where UTF-8 belongs", "read as that")
        return document.decode(wide, "replace").removeprefix("\ufeff")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = document.decode("utf-8-sig", "replace")
    # Latin text has single bytes that are not UTF-8; a broken UTF-8 text has good characters beside the bad ones.
    bad = text.count("\ufffd")
    if 2 * bad > sum(not character.isascii() for character in text):
        problems.bad_value("$", "Latin-1 where UTF-8 belongs", "read as that")
        return document.decode("cp1252" if not _NOT_WINDOWS.search(document) else "latin-1")
    problems.bad_value("$", "bytes that are not UTF-8", "shown as \ufffd where they stand", count=bad)
    return text


def _wide_encoding(document: bytes) -> str:
    """Return the name of a UTF-16 encoding by its mark, or by the zeros between Latin letters; empty for others."""
    if document.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = document[:200]
    for name, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = head[first::2]
        if len(head) >= 4 and 2 * zeros.count(0) > len(zeros) and not head[1 - first :: 2].count(0):
            return name
    return ""


def is_page(text: str, problems: Problems, what: str) -> bool:
    """Tell a web page or an error response from a download, for a server that sends status 200 all the same."""
    head = text[:500].lstrip().lower()
    if head.startswith("<"):
        # A page with an error, or what a storage answers: no download of any form begins so.
        form = "an HTML page" if "<html" in head or "<!doctype" in head or "<body" in head else "a page in XML"
    elif len(_CONTROLS.findall(head)) > _MOST_CONTROLS * max(len(head), 1):
        form = "what is no text (compressed, or of another kind)"
    elif what != "captions" and head.startswith("{"):
        form = "a JSON object"
    else:
        return False
    problems.add("broken", "$", f"{form} where {what} belongs", "it is in no table; fetch it again")
    return True


def cells_of(text: str, problems: Problems) -> list[list[str]]:
    """Read comma-separated values; a quote that is never closed costs the rows after it nothing."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1000))  # one cell may hold all of it
    rows, begin = _cells(text)
    if begin is None:
        return [row for row in rows if row]
    problems.bad_value(f"line {begin}", "a quote that is never closed", "read as an ordinary character")
    lines = io.StringIO(text, newline="").readlines()
    opened = next(csv.reader([lines[begin - 1]], quoting=csv.QUOTE_NONE), [])
    return [row for row in (*rows[:-1], opened, *_cells("".join(lines[begin:]))[0]) if row]


def _cells(text: str) -> tuple[list[list[str]], int | None]:
    """Read rows of cells; returns also the first line of a last row whose quote is never closed."""
    end = "end of the table"
    while end in text:
        end += "!"
    # A line is added: whether it stays a line of its own tells whether all quotes are closed before it.
    reader = csv.reader(io.StringIO(f"{text}\r\n{end}", newline=""))
    rows: list[list[str]] = []
    first_line = 1
    for row in reader:
        rows.append(row)
        if row and row[-1].endswith(end):
            return (rows[:-1], None) if row == [end] else (rows, first_line)
        first_line = reader.line_num + 1
    return rows, None


def chat_rows(document: bytes | str, problems: Problems, session_id: str | None = None) -> list[Row]:
    """Read a chat download: CSV with a header."""
    reader = Reader(problems)
    text = text_of(document, problems)
    table = [] if is_page(text, problems, "a chat") else cells_of(text, problems)
    if not table:
        return []
    header = [name.strip() for name in table[0]]
    for key, times in Counter(header).items():
        if times > 1 and key:
            problems.bad_value(f"header.{key}", "a column that stands twice", "the last one that is filled is shown")
    by_key = {column.key: column for column in CHAT.columns}
    if not by_key.keys() & set(header):
        # A chat without its header, with other separators, or something else altogether.
        said = f"no column of a chat in its first line; {len(table)} line(s)"
        problems.add("broken", "$", said, "it is in no table; fetch it again")
        return []
    for key in header:
        if key not in by_key:
            problems.unknown_key(f"header.{key}", count=len(table) - 1)
    rows = []
    for line, cells in enumerate(table[1:], start=2):
        place = f"line {line}"
        if len(cells) != len(header):
            problems.bad_value(place, f"not {len(header)} cells", "what is there is read")
        row: Row = {"session_id": session_id}
        for key, cell in zip(header, cells, strict=False):
            column = by_key.get(key)
            if column is None or cell == "":
                continue
            value: Any = _FLAGS.get(cell.strip().lower(), cell) if column.kind == "boolean" else cell
            read = reader.value(column, value, f"{place}.{key}") if column.name != "payload" else cell
            row[column.name] = read if read is not None else row.get(column.name)
        rows.append(row)
    return rows


def check_summary(text: str, problems: Problems) -> None:
    """Record what is wrong with a summary; it is shown as it came all the same."""
    if not text.strip():
        problems.add("broken", "$", "an empty text where a summary belongs", "fetch it again")
    elif not is_page(text, problems, "a summary") and (bad := text.count("\ufffd")):
        problems.bad_value("$", "bytes that are not UTF-8", "shown as \ufffd where they stand", count=bad)


def transcript_rows(document: bytes | str, form: str, problems: Problems, session_id: str | None = None) -> list[Row]:
    """Read a transcript in any of its forms."""
    match form.upper():
        case "CSV":
            rows = _csv_utterances(document, Reader(problems))
        case "JSON":
            rows = _json_utterances(document, Reader(problems))
        case "SRT" | "VTT":
            rows = _cues(document, problems)
        case _:
            msg = f"A transcript is CSV, JSON, SRT or VTT, not {form!r}."
            raise NotADocumentError(msg)
    return [{"session_id": session_id, **row} for row in rows]


def _moment(value: Any, which: str, reader: Reader, path: str) -> Row:
    """Read a time that is either a date or a number of milliseconds (since 1970, or since the start)."""
    number: float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = as_float(value)
    elif isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return {which: reader.value(TRANSCRIPT[which], value, path)}
    if number is None:
        if value is not None:
            reader.problems.wrong_type(path, value, "a time")
        return {}
    if not abs(number) <= LATEST_MS:  # also where it is none
        reader.problems.bad_value(path, "not a time that can be")
        return {}
    if number >= _EARLIEST_EPOCH_MS:
        return {which: round(number * 1000)}
    return {f"{which}_s": number / 1000}


def _is_header(cells: list[str]) -> bool:
    """Tell a header, which older transcripts may have, from an utterance: two of its cells are names of columns."""
    return sum(re.sub(r"[^a-z]", "", cell.lower()) in _HEADER for cell in cells) > 1


def _csv_utterances(document: bytes | str, reader: Reader) -> list[Row]:
    text = text_of(document, reader.problems)
    table = [] if is_page(text, reader.problems, "a transcript") else cells_of(text, reader.problems)
    names = list(_TRANSCRIPT_COLUMNS)
    if table and _is_header(table[0]):
        table = table[1:]
    rows = []
    for line, found in enumerate(table, start=1):
        place, cells = f"row {line}", found
        if len(cells) < len(names):
            reader.problems.bad_value(place, f"fewer than {len(names)} cells", "what is there is read")
        if len(cells) > len(names):
            reader.problems.bad_value(place, f"more than {len(names)} cells", "the rest is taken as text")
            cells = [*cells[: len(names) - 1], ",".join(cells[len(names) - 1 :])]
        row: Row = {name: cell or None for name, cell in zip(names[1:], cells[1:], strict=False)}
        rows.append(row | (_moment(cells[0], "start", reader, f"{place}.start") if cells[0] else {}))
    return rows


def _json_utterances(document: bytes | str, reader: Reader) -> list[Row]:
    value = decode(document, reader.problems)
    path = "$"
    if isinstance(value, dict):
        for key in ("data", "transcript", "transcripts"):
            if key in value:
                value, path = value[key], child(path, key)
                break
    rows = []
    for _, place, record in reader.records(value, path):
        row = reader.row(TRANSCRIPT, record, place, known=("startTime", "endTime"), session_id=None)
        row.pop("session_id")
        for key, which in (("startTime", "start"), ("endTime", "end")):
            if record.get(key) is not None:
                row |= _moment(record[key], which, reader, child(place, key))
        rows.append(row)
    return rows


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def cues_of(text: str) -> list[tuple[int, list[str]]]:
    """Split captions into the lines of each cue, each with the number of its block (between blank lines)."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return [(number, cue) for number, block in enumerate(blocks, start=1) for cue in _apart(block.strip("\n"))]


def spoken_by(text: str) -> re.Match[str] | None:
    """Tell speaker (``name``) and words (``text``) of a caption apart; None where it names nobody."""
    return _VOICE.match(text) or _SPEAKER.match(text)


def _apart(block: str) -> Iterator[list[str]]:
    """Split a block at each line of times but the first: some writers leave no blank line between cues."""
    lines = block.split("\n")
    begin, seen = 0, False
    for index, line in enumerate(lines):
        if "-->" not in line or not _CUE.match(line.strip()):
            continue
        if seen:
            end = index - 1 if lines[index - 1].strip().isdigit() else index
            yield lines[begin:end]
            begin = end
        seen = True
    yield lines[begin:]


def _cues(document: bytes | str, problems: Problems) -> list[Row]:
    """Read the cues of SubRip (SRT) or WebVTT."""
    rows: list[Row] = []
    whole = text_of(document, problems)
    if is_page(whole, problems, "captions"):
        return rows
    for number, lines in cues_of(whole):
        at = next((index for index, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            head = lines[0].strip()
            number_alone = head.isdigit() and len(lines) == 1
            if head and not number_alone and not re.match(r"WEBVTT|NOTE|STYLE|REGION", head):
                problems.bad_value(f"block {number}", "not a cue", "in no table")
            continue
        times = _CUE.search(lines[at])
        if times is None:
            problems.bad_value(f"block {number}", "a cue without readable times", "its text has no time")
        text = "\n".join(lines[at + 1 :]).strip()
        spoken = spoken_by(text)
        row: Row = {"text": spoken["text"].strip() if spoken else text}
        if spoken:
            row["display_name"] = spoken["name"].strip()
        if times is not None:
            row |= {"start_s": _seconds(times.groups()[:4]), "end_s": _seconds(times.groups()[4:])}
        rows.append(row)
    return rows


def _small(document: Any, problems: Problems, known: tuple[str, ...]) -> tuple[Row, Reader, str]:
    value, reader = opened(document, problems)
    data, path = payload(value, reader)
    reader.unknown(data, known, path)
    return data, reader, path


def download_row(document: Any, kind: str, problems: Problems, *, session_id: str | None, form: str | None) -> Row:
    """Read a response that names a download; the presigned URL is a secret and is not kept."""
    keys = {
        "session_id": ("session_id", "sessionId"),
        "expires_at": (f"{kind}_download_url_expiry", f"{kind}DownloadUrlExpiry"),
        "url": (f"{kind}_download_url", f"{kind}DownloadUrl"),
    }
    data, reader, path = _small(document, problems, tuple(name for names in keys.values() for name in names))
    row: Row = {"kind": kind, "format": form, "session_id": session_id}
    for name in ("session_id", "expires_at"):
        for key in keys[name]:
            if data.get(key) is not None:
                row[name] = reader.value(DOWNLOADS[name], data[key], child(path, key)) or row.get(name)
    return row


def chat(document: bytes | str, *, session_id: str | None = None) -> pd.DataFrame:
    """
    Make the table of chat messages.

    Parameters
    ----------
    document
        The downloaded chat: CSV with a header.
    session_id
        Session id for rows that do not name one.

    Returns
    -------
    pandas.DataFrame
        Table ``chat``.
    """
    problems = Problems()
    rows = chat_rows(document, problems, session_id)
    problems.warn()
    return from_rows(CHAT, rows)


def transcript(document: bytes | str, *, format: str = "CSV", session_id: str | None = None) -> pd.DataFrame:  # noqa: A002 - the API's name
    """
    Make the table of utterances.

    Parameters
    ----------
    document
        The downloaded transcript.
    format
        CSV, JSON, SRT or VTT.
    session_id
        Session that it belongs to.

    Returns
    -------
    pandas.DataFrame
        Table ``transcript``. ``start`` and ``end`` are times where the document gives dates (or milliseconds
        since 1970), ``start_s`` and ``end_s`` seconds from the start of the transcript where it does not.

    Raises
    ------
    NotADocumentError
        If it is another format.
    """
    problems = Problems()
    rows = transcript_rows(document, format, problems, session_id)
    problems.warn()
    return from_rows(TRANSCRIPT, rows)


def summary_jobs(documents: Any) -> pd.DataFrame:
    """
    Make the table of summaries that were asked for.

    Parameters
    ----------
    documents
        Responses of the call that asks for a summary, one or a list.

    Returns
    -------
    pandas.DataFrame
        Table ``summary_jobs``.
    """
    rows = []
    problems = Problems()
    for document in each(documents):
        data, reader, path = _small(document, problems, ("session_id", "sessionId", "status"))
        session = data.get("session_id") or data.get("sessionId")
        rows.append(
            {
                "session_id": reader.value(SUMMARY_JOBS["session_id"], session, child(path, "session_id")),
                "status": reader.value(SUMMARY_JOBS["status"], data.get("status"), child(path, "status")),
            }
        )
    problems.warn()
    return from_rows(SUMMARY_JOBS, rows)


def downloads(
    documents: Any,
    *,
    kind: str,
    session_id: str | None = None,
    format: str | None = None,  # noqa: A002
) -> pd.DataFrame:
    """
    Make the table of downloads.

    Parameters
    ----------
    documents
        Responses of the chat, transcript or summary call, one or a list.
    kind
        chat, transcript or summary.
    session_id
        Session they were requested for, for responses that do not say.
    format
        Form of the transcript that was asked for.

    Returns
    -------
    pandas.DataFrame
        Table ``downloads``. The presigned URLs are secrets and in no table.
    """
    problems = Problems()
    rows = [download_row(document, kind, problems, session_id=session_id, form=format) for document in each(documents)]
    problems.warn()
    return from_rows(DOWNLOADS, rows)
