"""Chat and transcript downloads without names and words, each in the form it came in."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from rtkit_explore.redaction.redactor import REDACTED, said
from rtkit_explore.redaction.rules import chat_rules, transcript_tree
from rtkit_explore.redaction.safe_words import KEY_WORDS, service_id, technical, time_stamp
from rtkit_explore.tables.download_rows import cells_of, cues_of, is_page, spoken_by, text_of
from rtkit_explore.tables.json_reader import decode
from rtkit_explore.tables.problem_rows import Problems

if TYPE_CHECKING:
    from rtkit_explore.redaction.redactor import Rewriter

_CLOCK = r"(?:\d{1,4}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}"
_TIMES = re.compile(rf"({_CLOCK})\s*-->\s*({_CLOCK})")
_FLAGS = ("true", "false", "1", "0", "yes", "no")
_MILLISECONDS = re.compile(r"\d{1,16}(?:\.\d{1,9})?")


def _decoded(content: bytes) -> str:
    # As the tables read it, so that the redacted download has the same rows. What was odd is said of the original.
    return text_of(content, Problems())


def _rows(content: bytes, what: str) -> list[list[str]] | None:
    text = _decoded(content)
    try:
        return None if is_page(text, Problems(), what) else cells_of(text, Problems())
    except csv.Error:
        return None


def _written(rows: list[list[str]], *, quoted: bool) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(rows)
    return target.getvalue().encode("utf-8", "replace")


def redacted_chat(content: bytes, rewriter: Rewriter) -> bytes | None:
    """Rewrite a chat download (CSV with a header); None where it cannot be read."""
    rows = _rows(content, "a chat")
    if rows is None:
        return None
    if not rows:
        return b""
    keys = [name.strip() for name in rows[0]]
    rules = chat_rules()
    made = [[key if key in rules else rewriter.key(key) for key in keys]]
    for cells in rows[1:]:
        named = dict(zip(keys, cells, strict=False))
        sender = (named.get("participantId"),)
        line = []
        for position, cell in enumerate(cells):
            key = keys[position] if position < len(keys) else ""
            if key == "displayName" and cell:
                line.append(rewriter.name(cell, ids=sender))
            elif key in ("pinned", "isEdited") and cell.strip().lower() in _FLAGS:
                line.append(cell)
            else:
                line.append(rewriter.text(cell, rules.get(key)))
        made.append(line)
    return _written(made, quoted=False)


def redacted_transcript(content: bytes, form: str, rewriter: Rewriter) -> bytes | None:
    """Rewrite a transcript in any of its forms; None where it cannot be read."""
    match form.upper():
        case "CSV":
            return _csv(content, rewriter)
        case "JSON":
            return _json(content, rewriter)
        case "SRT" | "VTT":
            text = _decoded(content)
            if is_page(text, Problems(), "captions"):
                return None
            return _cues(text, rewriter, header="WEBVTT\n\n" if form.upper() == "VTT" else "")
        case _:
            return None


def _csv(content: bytes, rewriter: Rewriter) -> bytes | None:
    rows = _rows(content, "a transcript")
    if rows is None:
        return None
    made = []
    for number, cells in enumerate(rows):
        if number == 0 and not re.match(r"\s*[\d\"']", cells[0]):
            made.append([cell if technical(cell, words=KEY_WORDS) else REDACTED for cell in cells])
            continue
        start, peer, user, custom, name = (*cells[:5], *[""] * (5 - min(len(cells), 5)))
        line = [start if _is_time(start) else REDACTED if start else "", rewriter.text(peer, _ID) if peer else ""]
        ids = (peer, user, custom)
        line.append(rewriter.people.identity("user", user) if user else "")
        line.append(rewriter.people.identity("custom", custom) if custom else "")
        line.append(rewriter.name(name, ids=ids) if name else "")
        if len(cells) > 5:
            words = ",".join(cells[5:])
            line.append(said(words) if words else "")
        made.append(line[: len(cells)])
    return _written(made, quoted=True)


_ID = chat_rules()["participantId"]


def _is_time(text: str) -> bool:
    return _MILLISECONDS.fullmatch(text) is not None or time_stamp(text)


def _json(content: bytes, rewriter: Rewriter) -> bytes | None:
    value = decode(content, Problems())
    if value is None:
        return None
    try:
        return json.dumps(_utterances(value, rewriter)).encode("ascii")
    except RecursionError:
        return None


def _utterances(value: Any, rewriter: Rewriter) -> Any:
    if isinstance(value, list):
        return [_utterance(item, rewriter) for item in value]
    if isinstance(value, dict):
        inner = next((key for key in ("data", "transcript", "transcripts") if key in value), None)
        return {
            (key if key == inner else rewriter.key(key)): (
                _utterances(item, rewriter) if key == inner else rewriter.value(item, None)
            )
            for key, item in value.items()
        }
    return rewriter.value(value, None)


def _utterance(record: Any, rewriter: Rewriter) -> Any:
    made = rewriter.value(record, transcript_tree())
    speaker = record.get("peerData") if isinstance(record, dict) else None
    if (
        isinstance(speaker, dict)
        and isinstance(speaker.get("displayName"), str)
        and speaker["displayName"] not in ("", "null")
    ):
        ids = tuple(value if isinstance(value, str) else None for value in map(speaker.get, ("id", "userId", "cpi")))
        made["peerData"]["displayName"] = rewriter.name(speaker["displayName"], ids=ids)
    for key in ("startTime", "endTime"):
        if isinstance(record, dict) and isinstance(record.get(key), str) and _is_time(record[key]):
            made[key] = record[key]
    return made


def _cues(text: str, rewriter: Rewriter, *, header: str) -> bytes:
    """Write the cues anew: number, times, speaker; styles, notes and settings may say anything and go."""
    blocks = []
    for _, lines in cues_of(text):
        at = next((index for index, line in enumerate(lines) if "-->" in line), None)
        head = lines[0].strip()
        if at is None:
            if head and not re.match(r"WEBVTT|NOTE|STYLE|REGION|\d+$", head):
                blocks.append(REDACTED)
            continue
        times = _TIMES.search(lines[at])
        said_text = "\n".join(lines[at + 1 :]).strip()
        spoken = spoken_by(said_text)
        words = said(spoken["text"].strip() if spoken else said_text)
        line = f"{rewriter.name(spoken['name'].strip())}: {words}" if spoken else words
        number = [head] if at == 1 and head.isascii() and head.isdigit() and not service_id(head) else []
        blocks.append("\n".join([*number, f"{times[1]} --> {times[2]}" if times else "-->", line]))
    return (header + "\n\n".join(blocks) + ("\n" if blocks else "")).encode("utf-8", "replace")
