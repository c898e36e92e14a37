"""
Decoding peer reports: the samples into typed records, everything else without paying for the samples.

A report of an hour is 7 MB of samples and a few KB of the rest. One pass finds where the eight lists of samples
stand; the rest is then decoded with those lists cut out, and each list by a decoder that knows the fields of its
kind. What such a decoder cannot take (a value of a wrong type) goes the slow way, list by list.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .declared.media import SAMPLE_FIELDS, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

TEXT_FIELDS = ("mid", "timestamp", "producer_id", "consumer_id", "peer_id", "quality_limitation_reason")
DURATIONS = "quality_limitation_durations"
DURATION_PARTS = ("bandwidth", "cpu", "none", "other")
_MOST_EXTRA_KEYS = 32
_NOTHING = msgspec.Raw(b"")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<key>.+?)`(?: - at `(?P<path>.*)`)?", re.DOTALL)

_Quality: Any = msgspec.defstruct("Quality", [(name, msgspec.Raw, _NOTHING) for name in SERIES], gc=False)


class _Report(msgspec.Struct):
    quality: _Quality | None = None


class _Participant(msgspec.Struct):
    peer_report: _Report | None = None


class _Data(msgspec.Struct):
    participant: _Participant | None = None
    peer_report: _Report | None = None


class _Skeleton(msgspec.Struct):
    data: _Data | None = None
    participant: _Participant | None = None
    peer_report: _Report | None = None


_SKELETON = msgspec.json.Decoder(_Skeleton)


@dataclass
class SplitReport:
    """
    A report, the samples apart.

    Attributes
    ----------
    rest
        JSON text of the report with its lists of samples emptied.
    series
        Name of a list to its JSON text.
    """

    rest: bytes
    series: dict[str, msgspec.Raw] = field(default_factory=dict)


def split_report(body: bytes) -> SplitReport:
    """Cut the lists of samples out of a report; where that cannot be done, everything stays in ``rest``."""
    try:
        skeleton = _SKELETON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return SplitReport(body)
    data = skeleton.data or skeleton
    holder = data.participant or data
    quality = holder.peer_report.quality if holder.peer_report else None
    if quality is None:
        return SplitReport(body)
    start = _address(body)
    cuts: list[tuple[int, int]] = []
    series: dict[str, msgspec.Raw] = {}
    for name in SERIES:
        raw = getattr(quality, name)
        size = len(memoryview(raw))
        if size < 3 or memoryview(raw)[0] != ord("["):  # noqa: PLR2004 - "[]" or not a list
            continue
        offset = _address(raw) - start
        if not 0 <= offset <= len(body) - size:  # not a view of the body, as it is today
            return SplitReport(body)
        cuts.append((offset, offset + size))
        series[name] = raw
    pieces: list[bytes | memoryview] = []
    view, done = memoryview(body), 0
    for begin, end in sorted(cuts):
        pieces += [view[done:begin], b"[]"]
        done = end
    pieces.append(view[done:])
    return SplitReport(b"".join(pieces), series)


def _address(buffer: Any) -> int:
    return int(np.frombuffer(memoryview(buffer), dtype="u1").__array_interface__["data"][0])


@dataclass(frozen=True)
class _Kind:
    """How the samples of one kind are decoded: the reference's fields, and keys that were met beside them."""

    fields: tuple[str, ...]
    extra: tuple[str, ...]
    extra_durations: tuple[str, ...]
    decoder: msgspec.json.Decoder[Any]


def _make_kind(kind: str, extra: tuple[str, ...] = (), extra_durations: tuple[str, ...] = ()) -> _Kind:
    durations: Any = msgspec.defstruct(
        "Durations",
        [(name, float | None, None) for name in DURATION_PARTS]
        + [(f"extra_{number}", Any, msgspec.UNSET) for number in range(len(extra_durations))],
        rename={f"extra_{number}": key for number, key in enumerate(extra_durations)},
        forbid_unknown_fields=True,
        gc=False,
    )
    fields = SAMPLE_FIELDS[kind]

    def type_of(name: str) -> Any:
        if name == DURATIONS:
            return durations | None
        return str | None if name in TEXT_FIELDS else float | None

    struct: Any = msgspec.defstruct(
        f"Sample_{kind}",
        [(name, type_of(name), None if name in TEXT_FIELDS or name == DURATIONS else math.nan) for name in fields]
        + [(f"extra_{number}", msgspec.Raw, _NOTHING) for number in range(len(extra))],
        rename={f"extra_{number}": key for number, key in enumerate(extra)},
        forbid_unknown_fields=True,
        gc=False,
    )
    return _Kind(fields, extra, extra_durations, msgspec.json.Decoder(list[struct]))


_KINDS: dict[str, _Kind] = {}


@dataclass
class DecodedSeries:
    """
    One list of samples, as columns.

    Attributes
    ----------
    size
        Samples.
    columns
        Field of the reference to its values, in document order.
    unknown
        Key that the reference does not have (a dotted one in the durations) to (position of its first sample,
        how many samples have it).
    """

    size: int
    columns: dict[str, list[Any] | NDArray[np.float64]]
    unknown: dict[str, tuple[int, int]]


def decode_series(name: str, raw: msgspec.Raw) -> DecodedSeries | None:
    """
    Decode one list of samples the fast way.

    Parameters
    ----------
    name
        Its name, such as ``video_consumer``.
    raw
        Its JSON text.

    Returns
    -------
    DecodedSeries or None
        None where a value has a wrong type, or where more keys are unknown than can be told apart quickly.
    """
    base = name.removeprefix("screenshare_")
    kind = _KINDS.setdefault(base, _make_kind(base)) if base not in _KINDS else _KINDS[base]
    while True:
        try:
            records = kind.decoder.decode(raw)
        except msgspec.ValidationError as error:
            # A key that the decoder does not know: from now on it does, so that each costs one retry a process.
            found = _UNKNOWN_FIELD.search(str(error))
            if found is None or len(kind.extra) + len(kind.extra_durations) >= _MOST_EXTRA_KEYS:
                return None
            key, nested = found["key"], (found["path"] or "").endswith(DURATIONS)
            if key in (kind.extra_durations if nested else kind.extra):
                return None
            extra = kind.extra if nested else (*kind.extra, key)
            extra_durations = (*kind.extra_durations, key) if nested else kind.extra_durations
            kind = _KINDS[base] = _make_kind(base, extra, extra_durations)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        else:
            return _columns(kind, records)


def _columns(kind: _Kind, records: list[Any]) -> DecodedSeries:
    columns: dict[str, list[Any] | NDArray[np.float64]] = {}
    for name in kind.fields:
        of_each = attrgetter(name)
        if name not in TEXT_FIELDS and name != DURATIONS:
            try:
                columns[name] = np.fromiter(map(of_each, records), "float64", len(records))
                continue
            except TypeError:  # a null among the numbers
                pass
        columns[name] = list(map(of_each, records))
    unknown: dict[str, tuple[int, int]] = {}
    for number, key in enumerate(kind.extra):
        _note(unknown, key, map(attrgetter(f"extra_{number}"), records), _NOTHING)
    if DURATIONS in columns:
        durations = list(columns.pop(DURATIONS))
        for part in DURATION_PARTS:
            columns[f"{DURATIONS}_{part}"] = [None if value is None else getattr(value, part) for value in durations]
        for number, key in enumerate(kind.extra_durations):
            name = f"extra_{number}"
            found = (msgspec.UNSET if value is None else getattr(value, name) for value in durations)
            _note(unknown, f"{DURATIONS}.{key}", found, msgspec.UNSET)
    return DecodedSeries(len(records), columns, unknown)


def _note(unknown: dict[str, tuple[int, int]], key: str, values: Iterable[Any], absent: Any) -> None:
    present = [position for position, value in enumerate(values) if value is not absent]
    if present:
        unknown[key] = (present[0], len(present))
