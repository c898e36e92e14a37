"""
Decoding peer reports: the samples into typed records, everything else without paying for the samples.

A report of an hour is 7 MB of samples and a few KB of the rest. Where samples are wanted, one pass decodes them by
decoders that know the fields of each kind. Where the rest is wanted, one pass finds where the eight lists of samples
stand, and the rest is decoded with those lists cut out. What a typed decoder cannot take (a value of a wrong type, an
envelope of another form) takes the slow path, list by list.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import starmap
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rtkit_explore.table_schema.media import SAMPLE_FIELDS, SERIES
from rtkit_explore.tables.json_reader import child

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

TEXT_FIELDS = ("mid", "timestamp", "producer_id", "consumer_id", "peer_id", "quality_limitation_reason")
DURATIONS = "quality_limitation_durations"
DURATION_PARTS = ("bandwidth", "cpu", "none", "other")
ID_FIELDS = ("mid", "producer_id", "consumer_id", "peer_id")
"""The ids of a sample, in the order of ``DecodedSeries.ids``; a producer's sample has the first two."""
_REASON = "quality_limitation_reason"
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
    """
    How the samples of one kind are decoded: the reference's fields, and keys that were met beside them.

    A record has its numbers first, then its ids and its other texts, then unknown keys: as a tuple it can
    be cut into what becomes an array and what does not.
    """

    name: str
    extra: tuple[str, ...]
    extra_durations: tuple[str, ...]
    durations: Any
    record: Any
    decoder: msgspec.json.Decoder[Any]

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(name for name in SAMPLE_FIELDS[self.name] if name not in TEXT_FIELDS and name != DURATIONS)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(name for name in ID_FIELDS if name in SAMPLE_FIELDS[self.name])

    @property
    def limited(self) -> bool:
        """Whether its samples say what limits the encoder."""
        return DURATIONS in SAMPLE_FIELDS[self.name]

    @classmethod
    def of(cls, name: str, extra: tuple[str, ...] = (), extra_durations: tuple[str, ...] = ()) -> _Kind:
        durations = _record("Durations", [(part, float | None, math.nan) for part in DURATION_PARTS], extra_durations)
        kind = cls(name, extra, extra_durations, durations, None, msgspec.json.Decoder())
        fields: list[tuple[str, Any, Any]] = [(key, float | None, math.nan) for key in kind.numbers]
        fields += [(key, str | None, None) for key in (*kind.ids, "timestamp")]
        if kind.limited:
            fields += [(_REASON, str | None, None), (DURATIONS, durations | None, None)]
        record = _record(f"Sample_{name}", fields, extra)
        return replace(kind, record=record, decoder=msgspec.json.Decoder(_list_of(record)))

    def knowing(self, error: msgspec.ValidationError) -> _Kind | None:
        """Return a kind that also knows the key that a decoder failed on; None if it failed for another reason."""
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
    """Define a record that rejects unknown keys; those in ``extra`` are known, and marked where absent."""
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

    An unknown key is learnt when it is first met, so that it costs one more attempt per process, and a count of
    its occurrences per report.
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
    numbers
        float64, shape (samples, number fields): the numeric fields in document order, NaN where missing.
    fields
        Names of the columns of ``numbers``; those of the nested durations are spelled out.
    labels
        int32, shape (samples,): which of ``ids`` each sample has.
    ids
        Distinct combinations of the four ids of a sample, in order of appearance; see ``ID_FIELDS``.
    times
        Time stamps as they stand, None where there is none.
    reasons
        What limits the encoder as it stands; None for lists that do not say.
    unknown
        Key that the reference does not have, as JSON path from its sample, to (position of its first sample, how
        many samples have it).
    places
        Position of each sample in its list, if some items of the list were not samples; None if all were.
    """

    numbers: NDArray[np.float64]
    fields: tuple[str, ...]
    labels: NDArray[np.int32]
    ids: list[tuple[str | None, ...]]
    times: list[str | None]
    reasons: list[str | None] | None
    unknown: dict[str, tuple[int, int]]
    places: list[int] | None = None
    colons: int = -1
    """Colons that the JSON text of the list has if no key stands twice in it; -1 where that is not known."""

    @property
    def size(self) -> int:
        """How many samples there are."""
        return len(self.times)

    def positions(self) -> NDArray[np.int64]:
        """Return the position of each sample in its list."""
        return np.arange(self.size) if self.places is None else np.array(self.places, dtype="int64")

    def place(self, path: str, row: int) -> str:
        """Return the JSON path of a sample, given that of its list."""
        return f"{path}[{row if self.places is None else self.places[row]}]"


class Numbering(dict[Any, int]):
    """Numbers distinct values in order of appearance."""

    def __missing__(self, value: Any) -> int:
        """Give a new value the next number."""
        self[value] = number = len(self)
        return number


@cache
def number_fields(kind: str) -> tuple[str, ...]:
    """Return the numeric fields of a kind of sample, the nested durations spelled out."""
    nested = [f"{DURATIONS}_{part}" for part in DURATION_PARTS] if DURATIONS in SAMPLE_FIELDS[kind] else []
    return (*_Kind.of(kind).numbers, *nested)


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
        None if a value has a wrong type, or if more keys are unknown than can be handled quickly.
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
        None if the report has another envelope, or a value of a wrong type anywhere.
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
    numbers = _packed(records, len(kind.numbers))
    ids = Numbering()
    labels = np.fromiter(map(ids.__getitem__, map(attrgetter(*kind.ids), records)), "int32", len(records))
    padding = (None,) * (len(ID_FIELDS) - len(kind.ids))
    combinations = [combination + padding for combination in ids]
    times = list(map(attrgetter("timestamp"), records))
    reasons = None
    # Every key has a colon, and so have some texts: counted here, they show later whether a key stood twice.
    id_keys = [len(text_keys) + sum(text.count(":") for text in text_keys) for text_keys in _present(ids)]
    colons = int(np.array(id_keys)[labels].sum()) + _colons_of(times)
    unknown: dict[str, tuple[int, int]] = {}
    if kind.limited:
        reasons = list(map(attrgetter(_REASON), records))
        nested = list(map(attrgetter(DURATIONS), records))
        absent = kind.durations()
        durations = [absent if one is None else one for one in nested] if None in nested else nested
        numbers = np.hstack([numbers, _packed(durations, len(DURATION_PARTS))])
        colons += _colons_of(reasons) + len(nested) - nested.count(None)
        for at, key in enumerate(kind.extra_durations):
            values = list(map(attrgetter(f"extra_{at}"), durations))
            colons += _note(unknown, child(f".{DURATIONS}", key), values)
    for at, key in enumerate(kind.extra):
        colons += _note(unknown, child("", key), list(map(attrgetter(f"extra_{at}"), records)))
    colons += numbers.size - int(np.count_nonzero(np.isnan(numbers)))
    fields = number_fields(kind.name)
    return DecodedSeries(numbers, fields, labels, combinations, times, reasons, unknown, colons=colons)


def _present(ids: Iterable[tuple[str | None, ...]]) -> Iterator[list[str]]:
    for combination in ids:
        yield [text for text in combination if text is not None]


def _colons_of(texts: list[str | None]) -> int:
    """Count the colons of a field that is a text: one of its key, and those in it."""
    return len(texts) - texts.count(None) + "".join(filter(None, texts)).count(":")


def _packed(records: list[Any], count: int) -> NDArray[np.float64]:
    """
    Return the leading numbers of records as an array of shape (records, count).

    Packing each record at once and reading all of them from one buffer takes half as long as a pass over all
    records for each field. No tuple is kept, so that the garbage collector has nothing to walk through.
    """
    pack = struct.Struct(f"{count}d").pack
    cut = itemgetter(slice(count))
    try:
        packed = b"".join(starmap(pack, map(cut, map(msgspec.structs.astuple, records))))
    except struct.error:  # a null among the numbers, which numpy takes for NaN
        rows = [cut(msgspec.structs.astuple(record)) for record in records]
        return np.array(rows, dtype="float64").reshape(len(records), count)
    return np.frombuffer(packed, dtype="float64").reshape(len(records), count)


def _note(unknown: dict[str, tuple[int, int]], key: str, values: list[Any]) -> int:
    """Record where an unknown key occurs first and how often; return the colons that it adds to the text."""
    count = len(values) - values.count(msgspec.UNSET)
    if not count:
        return 0
    unknown[key] = (next(at for at, value in enumerate(values) if value is not msgspec.UNSET), count)
    return count + msgspec.json.encode([value for value in values if value is not msgspec.UNSET]).count(b":")


_KINDS = _Kinds()
