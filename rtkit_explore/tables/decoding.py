"""
Decoding peer reports: the samples into typed records, everything else without paying for the samples.

A report of an hour is 7 MB of samples and a few KB of the rest. Where samples are wanted, one pass decodes them by
decoders that know the fields of each kind. Where the rest is wanted, one pass finds where the eight lists of samples
stand, and the rest is decoded with those lists cut out. What a typed decoder cannot take (a value of a wrong type, an
envelope of another form) goes the slow way, list by list.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rtkit_explore.table_schema.media import SAMPLE_FIELDS, SERIES
from rtkit_explore.tables.json_reader import child

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXT_FIELDS = ("mid", "timestamp", "producer_id", "consumer_id", "peer_id", "quality_limitation_reason")
DURATIONS = "quality_limitation_durations"
DURATION_PARTS = ("bandwidth", "cpu", "none", "other")
_MOST_EXTRA_KEYS = 32
_NOTHING = msgspec.Raw(b"")
_IN_SERIES = re.compile(rf"quality\.({'|'.join(SERIES)})\b")
_UNDECLARABLE = re.compile(r'[\\"\x00-\x1f]')
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
        if size < 3 or memoryview(raw)[0] != ord("["):  # "[]", or not a list
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

    name: str
    extra: tuple[str, ...]
    extra_durations: tuple[str, ...]
    record: Any
    decoder: msgspec.json.Decoder[Any]

    @property
    def fields(self) -> tuple[str, ...]:
        return SAMPLE_FIELDS[self.name]

    @classmethod
    def of(cls, name: str, extra: tuple[str, ...] = (), extra_durations: tuple[str, ...] = ()) -> _Kind:
        durations = _record("Durations", [(part, float | None, math.nan) for part in DURATION_PARTS], extra_durations)

        def declare(key: str) -> tuple[str, Any, Any]:
            if key == DURATIONS:
                return key, durations | None, None
            return (key, str | None, None) if key in TEXT_FIELDS else (key, float | None, math.nan)

        record = _record(f"Sample_{name}", [declare(key) for key in SAMPLE_FIELDS[name]], extra)
        return cls(name, extra, extra_durations, record, msgspec.json.Decoder(_list_of(record)))

    def knowing(self, error: msgspec.ValidationError) -> _Kind | None:
        """Return a kind that also knows the key that a decoder stumbled over; None where that is not the matter."""
        found = _UNKNOWN_FIELD.search(str(error))
        if found is None or len(self.extra) + len(self.extra_durations) >= _MOST_EXTRA_KEYS:
            return None
        key, nested = found["key"], (found["path"] or "").endswith(DURATIONS)
        if key in (self.extra_durations if nested else self.extra) or _UNDECLARABLE.search(key):
            return None
        if nested:
            return _Kind.of(self.name, self.extra, (*self.extra_durations, key))
        return _Kind.of(self.name, (*self.extra, key), self.extra_durations)


def _record(name: str, fields: list[tuple[str, Any, Any]], extra: tuple[str, ...]) -> Any:
    """Define a record that refuses keys it does not know; those in ``extra`` it knows, and marks where absent."""
    numbered = {f"extra_{number}": key for number, key in enumerate(extra)}
    return msgspec.defstruct(
        name,
        [*fields, *((field, Any, msgspec.UNSET) for field in numbered)],
        rename=numbered,
        forbid_unknown_fields=True,
        gc=False,
    )


class _Kinds:
    """
    The kinds as they stand, and a decoder of whole reports made of them.

    A key that nobody knows is learnt when it is first met, so that it costs one more try a process, and a count of
    its occurrences a report.
    """

    def __init__(self) -> None:
        self.current = {name: _Kind.of(name) for name in SAMPLE_FIELDS}
        self._whole: tuple[tuple[_Kind, ...], msgspec.json.Decoder[Any]] | None = None

    def __getitem__(self, series: str) -> _Kind:
        return self.current[series.removeprefix("screenshare_")]

    def learn(self, series: str, error: msgspec.ValidationError) -> bool:
        better = self[series].knowing(error)
        if better is not None:
            self.current[better.name] = better
        return better is not None

    def whole(self) -> tuple[dict[str, _Kind], msgspec.json.Decoder[Any]]:
        """Return the kind of each series and a decoder of whole reports that uses just these."""
        kinds = {series: self[series] for series in SERIES}
        made = self._whole
        if made is None or made[0] != tuple(kinds.values()):
            quality = _loose("Quality", {name: _list_of(kind.record) for name, kind in kinds.items()})
            report = _loose("Report", {"quality": quality})
            participant = _loose("Participant", {"peer_report": report, "id": Any, "session_id": Any})
            data = _loose("Data", {"participant": participant, "peer_report": Any})
            made = self._whole = (tuple(kinds.values()), msgspec.json.Decoder(_loose("Document", {"data": data})))
        return kinds, made[1]


def _list_of(record: Any) -> Any:
    return list[record]


def _loose(name: str, fields: dict[str, Any]) -> Any:
    return msgspec.defstruct(name, [(field, kind | None, None) for field, kind in fields.items()], gc=False)


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
        Key that the reference does not have, as JSON path from its sample, to (position of its first sample, how
        many samples have it).
    places
        Position of each sample in its list, where some items of the list were none; None where all were.
    """

    size: int
    columns: dict[str, list[Any] | NDArray[np.float64]]
    unknown: dict[str, tuple[int, int]]
    places: list[int] | None = None

    def positions(self) -> NDArray[np.int64]:
        """Return the position of each sample in its list."""
        return np.arange(self.size) if self.places is None else np.array(self.places, dtype="int64")

    def place(self, path: str, row: int) -> str:
        """Return the JSON path of a sample, given that of its list."""
        return f"{path}[{row if self.places is None else self.places[row]}]"


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
    while True:
        kind = _KINDS[name]
        try:
            return _columns(kind, kind.decoder.decode(raw))
        except msgspec.ValidationError as error:
            if not _KINDS.learn(name, error):
                return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


@dataclass
class WholeReport:
    """The samples of a report in the common envelope, with the ids that stand beside them."""

    peer_id: Any
    session_id: Any
    series: dict[str, DecodedSeries]


def decode_whole(body: bytes) -> WholeReport | None:
    """
    Decode all samples of a report in one pass.

    Returns
    -------
    WholeReport or None
        None where the report has another envelope, or a value of a wrong type anywhere on the way.
    """
    while True:
        kinds, decoder = _KINDS.whole()
        try:
            document = decoder.decode(body)
        except msgspec.ValidationError as error:
            series = _IN_SERIES.search(str(error))
            if series is None or not _KINDS.learn(series[1], error):
                return None
            continue
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if document.data is None or document.data.participant is None or document.data.peer_report is not None:
            return None
        participant = document.data.participant
        quality = participant.peer_report and participant.peer_report.quality
        found = {name: getattr(quality, name) for name in SERIES} if quality else {}
        series_of = {name: _columns(kinds[name], records) for name, records in found.items() if records}
        return WholeReport(participant.id, participant.session_id, series_of)


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
        _note(unknown, child("", key), list(map(attrgetter(f"extra_{number}"), records)))
    if DURATIONS in columns:
        durations = list(columns.pop(DURATIONS))
        for part in DURATION_PARTS:
            columns[f"{DURATIONS}_{part}"] = [None if value is None else getattr(value, part) for value in durations]
        for number, key in enumerate(kind.extra_durations):
            name = f"extra_{number}"
            found = [msgspec.UNSET if value is None else getattr(value, name) for value in durations]
            _note(unknown, child(f".{DURATIONS}", key), found)
    return DecodedSeries(len(records), columns, unknown)


def _note(unknown: dict[str, tuple[int, int]], key: str, values: list[Any]) -> None:
    count = len(values) - values.count(msgspec.UNSET)
    if count:
        unknown[key] = (next(at for at, value in enumerate(values) if value is not msgspec.UNSET), count)


_KINDS = _Kinds()
