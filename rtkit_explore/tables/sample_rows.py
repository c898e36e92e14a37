"""The eight lists of samples of peer reports as one table, sorted by series and time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.table_schema.columns import DIRECTIONS, LIMITS, MEDIA
from rtkit_explore.table_schema.media import COUNTERS, GAUGES, SAMPLE_FIELDS, SAMPLES, SERIES
from rtkit_explore.tables.decoding import (
    DURATION_PARTS,
    DURATIONS,
    ID_FIELDS,
    TEXT_FIELDS,
    DecodedSeries,
    Numbering,
    decode_series,
    number_fields,
)
from rtkit_explore.tables.frames import column_dtype, frame, texts, times_from_ints
from rtkit_explore.tables.json_reader import Reader, child, decode, report_doubled_keys
from rtkit_explore.tables.times import NAT, parse_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec
    from numpy.typing import NDArray

    from rtkit_explore.tables.problem_rows import Problems

_FLOATS = (*COUNTERS, *GAUGES, "ssrc")
_BIGGEST = 2.0**53  # beyond it floats cannot count
_REASON_CODES: dict[str | None, int] = defaultdict(lambda: -1, {reason: code for code, reason in enumerate(LIMITS)})
_FAR_OFF = 7 * 86_400_000_000
"""Microseconds from the middle of a report beyond which the time of a sample cannot be right: a week."""
_FEW = 0.1
"""Share of a report's times up to which such samples are taken for strays."""


@dataclass
class _Block:
    """
    The samples of one list of one report, checked and sorted, still packed.

    ``ids`` has a row for each distinct combination of ids, with the text codes of ``_ID_COLUMNS``.
    """

    name: str
    numbers: NDArray[np.float64]
    fields: tuple[str, ...]
    labels: NDArray[np.int32]
    ids: NDArray[np.int32]
    times: NDArray[np.int64]
    reasons: NDArray[np.int8] | None
    positions: NDArray[np.int64]


_ID_COLUMNS = ("stream_id", "remote_peer_id", "producer_id", "mid")


def _id_sources(name: str) -> tuple[str, ...]:
    """Return the field of a sample that each of ``_ID_COLUMNS`` is read from."""
    return ("consumer_id" if name.endswith("consumer") else "producer_id", "peer_id", "producer_id", "mid")


class SampleRows:
    """
    Gathers the samples of many reports, so that no decoded report stays in memory.

    What is gathered stays packed as it was decoded, which takes less than half the room of the table. The columns
    of the table are made at the end, all at once.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._owners: list[tuple[int, int, int]] = []  # text codes of session and peer, and how many rows
        self._texts = Numbering({None: 0})

    def add(
        self,
        series: Mapping[str, msgspec.Raw],
        decoded: Mapping[str, Any],
        path: str,
        problems: Problems,
        *,
        session_id: str | None,
        peer_id: str | None,
    ) -> None:
        """
        Add the samples of one report.

        Parameters
        ----------
        series
            Lists of samples as JSON text.
        decoded
            Decoded ``quality`` of the report; lists that do not stand in ``series`` are read from here.
        path
            JSON path of ``quality``.
        """
        blocks = {}
        for name in SERIES:
            block = decode_series(name, series[name]) if name in series else None
            if block is None:
                place = child(path, name)
                items = _items(series[name], problems, place) if name in series else decoded.get(name)
                block = _read_slowly(name, items, place, Reader(problems))
            blocks[name] = block
        check_doubled_keys(series, blocks, path, problems)
        self.add_decoded(blocks, path, problems, session_id=session_id, peer_id=peer_id)

    def add_decoded(
        self,
        series: Mapping[str, DecodedSeries],
        path: str,
        problems: Problems,
        *,
        session_id: str | None,
        peer_id: str | None,
    ) -> None:
        """Add the samples of one report that are decoded already."""
        for name, block in series.items():
            for key, (first, count) in block.unknown.items():
                problems.unknown_key(f"{child(path, name)}[{first}]{key}", count=count)
        blocks = [(name, block) for name, block in series.items() if block.size]
        if blocks:
            _check_numbers(blocks, path, problems)
            _check_ids(blocks, path, problems)
            times = _times(blocks, path, problems)
            reasons = [_reasons(block, child(path, name), problems) for name, block in blocks]
            streams = Numbering()
            for (name, block), moments, limits in zip(blocks, times, reasons, strict=True):
                self._blocks.append(self._sorted(name, block, moments, limits, streams))
            rows = sum(block.size for _, block in blocks)
            self._owners.append((self._texts[session_id], self._texts[peer_id], rows))

    def _sorted(
        self,
        name: str,
        block: DecodedSeries,
        times: NDArray[np.int64],
        reasons: NDArray[np.int8] | None,
        streams: Numbering,
    ) -> _Block:
        """Sort samples by stream (in the order they appear in the report), SSRC and time."""
        sources = [ID_FIELDS.index(source) for source in _id_sources(name)]
        ids = np.array([[self._texts[combination[at]] for at in sources] for combination in block.ids], dtype="int32")
        # A sample without a stream comes before all others.
        rank = np.array([-1 if row[0] == 0 else streams[row[0]] for row in ids.tolist()], dtype="int64")
        stream = rank[block.labels]
        order = _order(stream, block.numbers[:, block.fields.index("ssrc")], times)
        return _Block(
            name,
            block.numbers[order],
            block.fields,
            block.labels[order],
            ids,
            times[order],
            None if reasons is None else reasons[order],
            block.positions()[order],
        )

    def finish(self) -> pd.DataFrame:
        """Make the table; what was gathered is given up on the way, to keep the peak low."""
        blocks, self._blocks = self._blocks, []
        sizes = np.array([len(block.times) for block in blocks], dtype="int64")
        ends = np.cumsum(sizes)
        rows = int(ends[-1]) if len(ends) else 0
        spans = [slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True)]
        columns: dict[str, Any] = {}
        vocabulary = texts(np.array([pd.NA, *list(self._texts)[1:]], dtype=object))
        for at, column in enumerate(("session_id", "peer_id")):
            codes = np.repeat([owner[at] for owner in self._owners], [owner[2] for owner in self._owners])
            columns[column] = vocabulary.take(codes.astype("intp"))
        for at, column in enumerate(_ID_COLUMNS):
            codes = np.empty(rows, dtype="intp")
            for block, span in zip(blocks, spans, strict=True):
                codes[span] = block.ids[:, at][block.labels]
            columns[column] = vocabulary.take(codes)
        for column, words, part in (("media", MEDIA, 0), ("direction", DIRECTIONS, 2)):
            of_block = [words.index(block.name.rpartition("_")[part]) for block in blocks]
            columns[column] = _categories(column, np.repeat(of_block, sizes).astype("int8"))
        columns["timestamp"] = times_from_ints(_joined([block.times for block in blocks], "int64"))
        positions = _joined([block.positions for block in blocks], "int64")
        columns["position"] = pd.arrays.IntegerArray(positions, np.zeros(rows, dtype=bool))
        reasons = np.full(rows, -1, dtype="int8")
        for block, span in zip(blocks, spans, strict=True):
            if block.reasons is not None:
                reasons[span] = block.reasons
        columns["quality_limitation_reason"] = _categories("quality_limitation_reason", reasons)
        floats = {column: np.empty(rows) for column in _FLOATS}
        blocks.reverse()
        for span in spans:
            block = blocks.pop()
            place = {field: at for at, field in enumerate(block.fields)}
            for column, values in floats.items():
                values[span] = block.numbers[:, place[column]] if column in place else np.nan
        return frame(SAMPLES, columns | floats, rows)


def check_doubled_keys(
    series: Mapping[str, msgspec.Raw], decoded: Mapping[str, DecodedSeries], path: str, problems: Problems
) -> None:
    """
    Record the keys that occur twice in a sample.

    Parameters
    ----------
    series
        Lists of samples as JSON text.
    decoded
        What they were decoded to.
    path
        JSON path of the report's ``quality``.
    """
    for name, raw in series.items():
        # Counting colons costs next to nothing; only a list with more of them than its keys need is read again. What
        # was read value by value has been looked through already.
        found = np.count_nonzero(np.frombuffer(memoryview(raw), dtype="u1") == ord(":"))
        if name not in decoded or decoded[name].colons not in (found, -1):
            report_doubled_keys(bytes(raw), problems, child(path, name))


def _joined(parts: list[NDArray[Any]], dtype: str) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _categories(column: str, codes: NDArray[np.int8]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, dtype=column_dtype(SAMPLES[column]))


def _order(stream: NDArray[np.int64], ssrc: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.intp]:
    """Order the samples of one list by stream, SSRC and time; without a time they come last."""
    ssrc = np.where(np.isnan(ssrc), -1.0, ssrc)
    if times[0] != NAT and (times[1:] >= times[:-1]).all():
        # Clients write their samples in the order of time, so only the series have to be sorted.
        return np.lexsort((ssrc, stream))
    return np.lexsort((np.where(times == NAT, np.iinfo(np.int64).max, times), ssrc, stream))


def _check_numbers(blocks: list[tuple[str, DecodedSeries]], path: str, problems: Problems) -> None:
    """Take out what no client can have counted or measured, so that nothing overflows further on."""
    wrong: dict[str, NDArray[np.bool_]] = {}
    for name, block in blocks:
        at = block.fields.index("ssrc")
        ssrc = block.numbers[:, at]
        in_bounds = block.numbers.max() < _BIGGEST and block.numbers.min() > -_BIGGEST  # and no NaN among them
        if in_bounds and (ssrc == np.floor(ssrc)).all():
            continue
        with np.errstate(invalid="ignore"):
            off = np.abs(block.numbers) >= _BIGGEST
            off[:, at] |= (ssrc != np.floor(ssrc)) & ~np.isnan(ssrc)
        if off.any():
            wrong[name] = off
            block.numbers = np.where(off, np.nan, block.numbers)
    for column in _FLOATS if wrong else ():
        for name, block in blocks:
            if name in wrong and column in block.fields:
                for row in np.flatnonzero(wrong[name][:, block.fields.index(column)]).tolist():
                    place = f"{block.place(child(path, name), row)}.{SAMPLES[column].key}"
                    problems.bad_value(place, "not a number that can be")


def _check_ids(blocks: list[tuple[str, DecodedSeries]], path: str, problems: Problems) -> None:
    """Take out ``null`` in quotes, which is a missing id and not the id of everyone without one."""
    if not any("null" in combination for _, block in blocks for combination in block.ids):
        return
    for column in range(len(_ID_COLUMNS)):
        for name, block in blocks:
            source = _id_sources(name)[column]
            if source == "peer_id" and not name.endswith("consumer"):
                continue
            quoted = np.array([combination[ID_FIELDS.index(source)] == "null" for combination in block.ids])
            for row in np.flatnonzero(quoted[block.labels]).tolist():
                place = f"{block.place(child(path, name), row)}.{source}"
                problems.wrong_type(place, "null", "a text")
    for _, block in blocks:
        block.ids = [tuple(None if text == "null" else text for text in combination) for combination in block.ids]


def _times(blocks: list[tuple[str, DecodedSeries]], path: str, problems: Problems) -> list[NDArray[np.int64]]:
    """Parse the times of a report; streams are sampled together, so that each distinct one is parsed once."""
    numbers = Numbering()
    codes = [np.fromiter(map(numbers.__getitem__, block.times), "int64", block.size) for _, block in blocks]
    distinct = list(numbers)
    unclean: dict[int, bool] = {}

    def report(position: int, _value: Any, read: bool) -> None:
        unclean[position] = read

    parsed = parse_times(distinct, report)
    far = _strays(parsed)
    parsed[far] = NAT
    odd = far.copy()
    odd[list(unclean)] = True
    if None in numbers:
        odd[numbers[None]] = True
    reader = Reader(problems)
    for (name, block), code in zip(blocks, codes, strict=True) if odd.any() else ():
        for row in np.flatnonzero(odd[code]).tolist():
            place = f"{block.place(child(path, name), row)}.timestamp"
            number = int(code[row])
            if number in unclean:
                reader.bad_time(place, distinct[number], read=unclean[number])
            if far[number]:
                problems.bad_value(place, "over a week from the other samples of the report")
            elif distinct[number] is None:
                problems.bad_value(place, "a sample without a time", "it stands last in its series, without interval")
    return [parsed[code] for code in codes]


def _strays(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find the few times of a report that are years from all others, over which every plot would be stretched."""
    known = times[times != NAT]
    middle = int(np.median(known)) if len(known) else 0
    far = (times != NAT) & (np.abs(times - middle) > _FAR_OFF)
    few = np.count_nonzero(far) <= _FEW * len(known)  # else the clock was set in mid-call
    return far if few else np.zeros(len(times), dtype=bool)


def _reasons(block: DecodedSeries, path: str, problems: Problems) -> NDArray[np.int8] | None:
    values = block.reasons
    if values is None:
        return None
    codes = np.fromiter(map(_REASON_CODES.__getitem__, values), "int8", len(values))
    for row in np.flatnonzero(codes == -1).tolist():
        if values[row] is not None:
            place = f"{block.place(path, row)}.quality_limitation_reason"
            problems.bad_value(place, f"not one of {', '.join(LIMITS)}")
    return codes


def _items(raw: msgspec.Raw, problems: Problems, path: str) -> Any:
    return decode(bytes(raw), problems, path, what="this list of samples")


def _read_slowly(name: str, items: Any, path: str, reader: Reader) -> DecodedSeries:
    """Read a list of samples value by value: what is wrong is left out and recorded with its place."""
    kind = name.removeprefix("screenshare_")
    fields = SAMPLE_FIELDS[kind]
    plain = [field for field in fields if field != DURATIONS]
    declared = {column.key: column for column in SAMPLES.columns if column.key}
    names = plain + [f"{DURATIONS}_{part}" for part in DURATION_PARTS if DURATIONS in fields]
    columns: dict[str, list[Any]] = {column: [] for column in names}
    records = reader.records(items, path)
    for _, place, record in records:
        reader.unknown(record, fields, place)
        for key in plain:
            value = record.get(key)
            if key == "timestamp":
                if value is not None and not isinstance(value, str):
                    reader.bad_time(child(place, key), value, read=False)
                    value = None
            elif value is not None and key not in TEXT_FIELDS:
                value = reader.value(declared[key], value, child(place, key))
            elif value is not None and not isinstance(value, str):
                reader.problems.wrong_type(child(place, key), value, "a text")
                value = None
            columns[key].append(value)
        if DURATIONS in fields:
            where = child(place, DURATIONS)
            durations = reader.mapping(record.get(DURATIONS), where)
            reader.unknown(durations, DURATION_PARTS, where)
            for part in DURATION_PARTS:
                column = f"{DURATIONS}_{part}"
                columns[column].append(reader.value(SAMPLES[column], durations.get(part), child(where, part)))
    numeric = number_fields(kind)
    numbers = np.array([columns[field] for field in numeric], dtype="float64").T
    combinations = Numbering()
    absent: list[Any] = [None] * len(records)
    ids = zip(*(columns.get(field, absent) for field in ID_FIELDS), strict=True)
    labels = np.fromiter(map(combinations.__getitem__, ids), "int32", len(records))
    places = [position for position, _, _ in records]
    reasons = columns.get("quality_limitation_reason")
    return DecodedSeries(numbers, numeric, labels, list(combinations), columns["timestamp"], reasons, {}, places)
