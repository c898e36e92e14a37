"""Reading JSON leniently: a wrong value becomes missing and a problem, never an exception."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.tables.times import LATEST, NAT, micros_of, parse_times, possible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rtkit_explore.table_schema.columns import Column, Table
    from rtkit_explore.tables.problem_rows import Problems

_WANTED = {
    "string": "a text",
    "category": "a text",
    "json": "any value",
    "float64": "a number",
    "Int64": "a whole number",
    "boolean": "true or false",
    "time": "a time stamp",
    "epoch_ms": "a time in epoch milliseconds",
}
_BIGGEST = 2**63 - 1
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
LATEST_MS = LATEST // 1000
_TWICE = "a key that stands twice in one object"
IMPOSSIBLE_TIME = "a time that no clock can have shown: before 1900 or after 2499"
_SPACED_KEY = re.compile(r'"[ \t\r\n]+:')
_SPACED_KEY_BYTES = re.compile(rb'"[ \t\r\n]+:')
_SPACED = (b'" ', b'"\t', b'"\n', b'"\r')
_CALENDAR = re.compile(r"\d{4}-\d\d-\d\d")


def decode(body: bytes | str, problems: Problems, path: str = "$", *, what: str = "the whole document") -> Any:
    """
    Decode JSON text, or a part of one.

    Parameters
    ----------
    path
        JSON path of the text in its document.
    what
        What is lost if it cannot be decoded.

    Returns
    -------
    Any
        The decoded value; None, with a problem, if it is not JSON at all. What other encoders write is accepted:
        NaN and Infinity, numbers beyond all bounds (infinite), a byte-order mark; bytes and halves of surrogate
        pairs that are not valid text are replaced, with a problem.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
        value = _decode_slowly(body, problems, path, what)
    else:
        if value is None:
            problems.add("broken", path, "null instead of a document", f"{what} is in no table")
        if count_written_keys(body) != _count_keys(value):
            report_doubled_keys(body, problems, path)
    return value


def count_written_keys(body: bytes | str) -> int:
    """Count what looks like a key of an object in JSON text: no fewer than there are, more where a text looks so."""
    if isinstance(body, str):
        return body.count('":') + len(_SPACED_KEY.findall(body))
    spaced = any(after in body for after in _SPACED)  # looked for at memory speed, and seldom there
    return body.count(b'":') + (len(_SPACED_KEY_BYTES.findall(body)) if spaced else 0)


def _count_keys(value: Any) -> int:
    """Count the keys of all objects in a decoded document."""
    total, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            total += len(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return total


class _Doubled(dict[str, Any]):
    """An object in which keys occur twice."""

    keys_twice: tuple[str, ...] = ()


def report_doubled_keys(body: bytes | str, problems: Problems, path: str) -> None:
    """
    Record each key that occurs twice in one object, whose first value is in no table.

    JSON decoders silently keep the last value, so the document is read again with a hook that sees every pair.

    Parameters
    ----------
    body
        JSON text that can be decoded.
    path
        JSON path of the body in its document.
    """

    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        taken = dict(pairs)
        if len(taken) == len(pairs):
            return taken
        doubled = _Doubled(taken)
        doubled.keys_twice = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return doubled

    try:
        waiting = [(json.loads(body, object_pairs_hook=take, parse_int=_whole), path)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, _Doubled):
            for key in value.keys_twice:
                problems.bad_value(
                    child(place, key), "a key that stands twice in one object", "its last value is shown"
                )
        if isinstance(value, dict):
            waiting += [(inner, child(place, key)) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(inner, f"{place}[{at}]") for at, inner in reversed(list(enumerate(value)))]


def _decode_slowly(body: bytes | str, problems: Problems, path: str, what: str) -> Any:
    if isinstance(body, str):
        text = body
    else:
        encoding = json.detect_encoding(body)
        try:
            text = body.decode(encoding, "surrogatepass")
        except UnicodeDecodeError:
            text = body.decode(encoding, "replace")
            problems.bad_value(path, f"bytes that are not {encoding.upper()}", "shown as \ufffd where they stand")
    text = text.lstrip("\ufeff")
    try:
        value = json.loads(text, parse_int=_whole)
        if _SURROGATE.search(text):
            whole = json.dumps(value, ensure_ascii=False)
            if _SURROGATE.search(whole):
                problems.bad_value(path, "halves of surrogate pairs", "shown as \ufffd where they stand")
                value = json.loads(whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    except (ValueError, RecursionError) as error:
        where = f"character {error.pos}" if isinstance(error, json.JSONDecodeError) else "its text"
        problems.add("broken", path, f"not JSON: unreadable at {where}", f"{what} is in no table")
        return None
    if count_written_keys(text) != _count_keys(value):
        report_doubled_keys(text, problems, path)
    return value


def _whole(digits: str) -> float:
    """Read a whole number; one too long for Python to spell out is as good as infinite."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


class Reader:
    """Reads values of one document, recording what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def mapping(self, value: Any, path: str) -> dict[str, Any]:
        """Return an object, an empty one (with a problem) where it is something else."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problems.wrong_type(path, value, "an object", "what it should hold is in no table")
        return {}

    def sequence(self, value: Any, path: str) -> list[Any]:
        """Return a list, an empty one (with a problem) where it is something else."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.problems.wrong_type(path, value, "a list", "what it should hold is in no table")
        return []

    def records(self, value: Any, path: str) -> list[tuple[int, str, dict[str, Any]]]:
        """Return the objects of a list with their places; other items become problems."""
        found = []
        for position, item in enumerate(self.sequence(value, path)):
            place = f"{path}[{position}]"
            if isinstance(item, dict):
                found.append((position, place, item))
            else:
                self.problems.wrong_type(place, item, "an object", "the row is missing")
        return found

    def unknown(self, record: Mapping[str, Any], known: Iterable[str], path: str) -> None:
        """Record each key that is not known, in the order of the document."""
        expected = set(known)
        for key in record:
            if key not in expected:
                self.problems.unknown_key(child(path, key))

    def value(self, column: Column, value: Any, path: str) -> Any:
        """Read one value by its column; times come back as microseconds since 1970, None is missing."""
        if value is None:
            return None
        kind = column.kind
        if kind == "json":
            return _as_json(value)
        if kind == "boolean" and isinstance(value, bool):
            return value
        if kind in ("string", "category") and isinstance(value, str):
            return self._text(column, value, path)
        if kind == "time" and isinstance(value, str):
            return self.time(value, path)
        if kind in ("float64", "Int64", "epoch_ms") and isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._number(kind, value, path)
        self.problems.wrong_type(path, value, _WANTED[kind])
        return None

    def _text(self, column: Column, value: str, path: str) -> str | None:
        if value == "null":
            self.problems.wrong_type(path, value, _WANTED[column.kind])
            return None
        if column.categories and value not in column.categories:
            self.problems.bad_value(path, f"not one of {', '.join(column.categories)}")
            return None
        return value

    def _number(self, kind: str, value: float, path: str) -> float | None:
        if not math.isfinite(as_float(value)):
            self.problems.bad_value(path, "not a finite number")
            return None
        if kind == "float64":
            return float(value)
        if kind == "epoch_ms":
            if value == 0:
                return None  # clients write 0 for "never"
            if 0 < value <= LATEST_MS:
                return round(value * 1000)
        elif float(value).is_integer() and abs(value) <= _BIGGEST:
            return int(value)
        self.problems.bad_value(path, f"not {_WANTED[kind]}")
        return None

    def time(self, value: str, path: str) -> int | None:
        """Read one ISO 8601 time stamp as microseconds since 1970."""
        moment = micros_of(value)
        if moment is not None and possible(moment):
            return moment

        def report(_position: int, _value: Any, read: bool) -> None:
            self.bad_time(path, value, read=read)

        micros = int(parse_times([value], report)[0])
        return None if micros == NAT else micros

    def bad_time(self, path: str, value: Any, *, read: bool) -> None:
        """Record a time stamp that is not a clean one."""
        if read:
            self.problems.bad_value(path, "a time stamp with stray characters", "read without them")
        elif isinstance(value, str) and _CALENDAR.match(value) and micros_of(value) is not None:
            self.problems.bad_value(path, IMPOSSIBLE_TIME)
        else:
            self.problems.wrong_type(path, value, "a time stamp")

    def row(
        self, table: Table, record: Mapping[str, Any], path: str, *, known: Iterable[str] = (), **fixed: Any
    ) -> dict[str, Any]:
        """
        Read a record into a row of a table by the declared keys.

        Parameters
        ----------
        known
            Further keys that are read elsewhere, so that they are not reported as unknown.
        fixed
            Values of columns that do not stand in the record.
        """
        row = dict(fixed)
        keys = {key for column in table.columns if (key := column.key) and column.name not in fixed}
        for column in table.columns:
            if column.key and column.name not in fixed:
                row[column.name] = self.value(column, *self._find(record, column.key, path))
        self._unknown_nested(record, keys, set(known), path)
        return row

    def _find(self, record: Mapping[str, Any], key: str, path: str) -> tuple[Any, str]:
        """Walk a dotted key; a level of the wrong type counts as absent here and is reported once elsewhere."""
        value: Any = record
        for part in key.split("."):
            path = child(path, part)
            value = value.get(part) if isinstance(value, dict) else None
        return value, path

    def _unknown_nested(self, record: Mapping[str, Any], keys: set[str], known: set[str], path: str) -> None:
        heads: dict[str, set[str]] = {}
        for key in keys:
            head, _, rest = key.partition(".")
            heads.setdefault(head, set())
            if rest:
                heads[head].add(rest)
        self.unknown(record, heads.keys() | known, path)
        for head, rests in heads.items():
            if rests and record.get(head) is not None:
                place = child(path, head)
                self._unknown_nested(self.mapping(record[head], place), rests, set(), place)


def child(path: str, key: str) -> str:
    """Return the JSON path of a key below a path."""
    plain = key.isidentifier() or key.replace("_", "a").isalnum()
    return f"{path}.{key}" if plain else f"{path}[{json.dumps(key)}]"


def _as_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, ValueError, OverflowError, RecursionError):  # a lone surrogate, say
        return json.dumps(value)


def as_float(value: float) -> float:
    """Return a number as float, one that is too large as infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
