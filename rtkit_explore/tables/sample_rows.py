"""The eight lists of samples of peer reports as one table, sorted by series and time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.table_schema.columns import DIRECTIONS, LIMITS, MEDIA
from rtkit_explore.table_schema.media import COUNTERS, GAUGES, SAMPLE_FIELDS, SAMPLES, SERIES
from rtkit_explore.tables.decoding import DURATION_PARTS, DURATIONS, DecodedSeries, decode_series
from rtkit_explore.tables.frames import column_dtype, frame, texts, times_from_ints
from rtkit_explore.tables.json_reader import Reader, child, decode
from rtkit_explore.tables.times import NAT, parse_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec
    from numpy.typing import NDArray

    from rtkit_explore.tables.problem_rows import Problems

_TEXTS = {"stream_id": None, "remote_peer_id": "peer_id", "producer_id": "producer_id", "mid": "mid"}
_BIGGEST = 2.0**53  # beyond it floats cannot count
_FLOATS = (*COUNTERS, *GAUGES, "ssrc")
_REASONS = defaultdict(lambda: -1, {reason: code for code, reason in enumerate(LIMITS)})


class _Shared(dict[Any, Any]):
    """One object for equal texts; missing for None."""

    def __missing__(self, value: Any) -> Any:
        self[value] = kept = pd.NA if value is None else value
        return kept


class SampleRows:
    """Gathers the samples of many reports column by column, so that no decoded report outlives its turn."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._shared = _Shared()
        self._rows = 0

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
            self._append(blocks, path, problems, session_id, peer_id)

    def _append(
        self,
        blocks: list[tuple[str, DecodedSeries]],
        path: str,
        problems: Problems,
        session_id: str | None,
        peer_id: str | None,
    ) -> None:
        sizes = [block.size for _, block in blocks]
        rows = sum(sizes)
        spans = list(zip(np.cumsum([0, *sizes[:-1]]), np.cumsum(sizes), strict=True))
        made: dict[str, NDArray[Any]] = {
            "media": np.repeat([MEDIA.index(name.rpartition("_")[0]) for name, _ in blocks], sizes).astype("int8"),
            "direction": np.repeat([DIRECTIONS.index(name.rpartition("_")[2]) for name, _ in blocks], sizes).astype(
                "int8"
            ),
            "position": np.concatenate([block.positions() for _, block in blocks]),
        }
        for column in _FLOATS:
            made[column] = values = np.full(rows, np.nan)
            for (name, block), (begin, end) in zip(blocks, spans, strict=True):
                if column in block.columns:
                    values[begin:end] = block.columns[column]
                    self._check_numbers(values[begin:end], column, block, child(path, name), problems)
        for column, key in _TEXTS.items():
            made[column] = words = np.full(rows, pd.NA, dtype=object)
            for (name, block), (begin, end) in zip(blocks, spans, strict=True):
                source = key or ("consumer_id" if name.endswith("consumer") else "producer_id")
                if source in block.columns:
                    words[begin:end] = self._words(block, source, child(path, name), problems)
        made["timestamp"] = _times(blocks, path, problems)
        made["quality_limitation_reason"] = reasons = np.full(rows, -1, dtype="int8")
        for (name, block), (begin, end) in zip(blocks, spans, strict=True):
            if "quality_limitation_reason" in block.columns:
                reasons[begin:end] = _reasons(block, child(path, name), problems)
        order = _order(made)
        for column, values in made.items():
            self._parts.setdefault(column, []).append(values[order])
        for column, value in (("session_id", session_id), ("peer_id", peer_id)):
            self._parts.setdefault(column, []).append(np.full(rows, pd.NA if value is None else value, dtype=object))
        self._rows += rows

    def _words(self, block: DecodedSeries, key: str, path: str, problems: Problems) -> list[Any]:
        """Share one object for equal texts; ``null`` in quotes is missing."""
        values = block.columns[key]
        words = list(map(self._shared.__getitem__, values))
        if "null" in self._shared:
            for row, value in enumerate(values):
                if value == "null":
                    problems.wrong_type(f"{block.place(path, row)}.{key}", "null", "a text")
                    words[row] = pd.NA
        return words

    @staticmethod
    def _check_numbers(
        values: NDArray[np.float64], column: str, block: DecodedSeries, path: str, problems: Problems
    ) -> None:
        """Take out what no client can have counted or measured, so that nothing overflows further on."""
        whole = column == "ssrc"
        if not whole and values.max() < _BIGGEST and values.min() > -_BIGGEST:  # and no NaN among them
            return
        with np.errstate(invalid="ignore"):
            wrong = np.abs(values) >= _BIGGEST
            if whole:
                wrong |= (values != np.floor(values)) & ~np.isnan(values)
        if wrong.any():
            key = SAMPLES[column].key
            for row in np.flatnonzero(wrong).tolist():
                problems.bad_value(f"{block.place(path, row)}.{key}", "not a number that can be")
            values[wrong] = np.nan

    def finish(self) -> pd.DataFrame:
        """Make the table; the gathered columns are given up one by one, to keep the peak low."""
        columns: dict[str, Any] = {}
        while self._parts:
            column, parts = self._parts.popitem()
            values = parts[0] if len(parts) == 1 else np.concatenate(parts)
            parts.clear()
            columns[column] = self._typed(column, values)
        return frame(SAMPLES, columns, self._rows)

    @staticmethod
    def _typed(column: str, values: NDArray[Any]) -> Any:
        declared = SAMPLES[column]
        match declared.kind:
            case "category":
                return pd.Categorical.from_codes(values, dtype=column_dtype(declared))
            case "string":
                return texts(values)
            case "time":
                return times_from_ints(values)
            case "Int64" if values.dtype.kind == "i":
                return pd.arrays.IntegerArray(values, np.zeros(len(values), dtype=bool))
            case _:
                return values


def _order(made: Mapping[str, NDArray[Any]]) -> NDArray[np.intp]:
    """Sort by media, direction, stream, SSRC and time; streams in the order they appear in."""
    streams, _ = pd.factorize(made["stream_id"])
    ssrc = np.nan_to_num(made["ssrc"], nan=-1.0)
    times = made["timestamp"].copy()
    times[times == NAT] = np.iinfo(np.int64).max
    return np.lexsort((times, ssrc, streams, made["direction"], made["media"]))


def _times(blocks: list[tuple[str, DecodedSeries]], path: str, problems: Problems) -> NDArray[np.int64]:
    """Parse the times of a report; streams are sampled together, so that each distinct one is parsed once."""
    merged: dict[Any, None] = {}
    for _, block in blocks:
        merged |= dict.fromkeys(block.columns["timestamp"])
    distinct = list(merged)
    unclean: dict[Any, bool] = {}

    def report(_position: int, value: Any, read: bool) -> None:
        unclean[value] = read

    lookup = dict(zip(distinct, parse_times(distinct, report).tolist(), strict=True))
    reader = Reader(problems)
    for name, block in blocks:
        values = block.columns["timestamp"]
        if not unclean and None not in lookup:
            continue
        for row, value in enumerate(values):
            place = f"{block.place(child(path, name), row)}.timestamp"
            if value in unclean:
                reader.bad_time(place, value, read=unclean[value])
            elif value is None:
                problems.bad_value(place, "a sample without a time", "it stands last in its series, without interval")
    read = lookup.__getitem__
    return np.concatenate(
        [np.fromiter(map(read, block.columns["timestamp"]), "int64", block.size) for _, block in blocks]
    )


def _reasons(block: DecodedSeries, path: str, problems: Problems) -> NDArray[np.int8]:
    values = block.columns["quality_limitation_reason"]
    codes = np.fromiter(map(_REASONS.__getitem__, values), dtype="int8", count=len(values))
    for row in np.flatnonzero(codes == -1).tolist() if codes.min(initial=0) < 0 else ():
        if values[row] is not None:
            place = f"{block.place(path, row)}.quality_limitation_reason"
            problems.bad_value(place, f"not one of {', '.join(LIMITS)}")
    return codes


def _items(raw: msgspec.Raw, problems: Problems, path: str) -> Any:
    return decode(bytes(raw), problems, path, what="this list of samples")


def _read_slowly(name: str, items: Any, path: str, reader: Reader) -> DecodedSeries:
    """Read a list of samples value by value: what is wrong is left out and recorded with its place."""
    fields = SAMPLE_FIELDS[name.removeprefix("screenshare_")]
    plain = [field for field in fields if field != DURATIONS]
    declared = {column.key: column for column in SAMPLES.columns if column.key}
    declared["consumer_id"] = SAMPLES["stream_id"]
    names = plain + [f"{DURATIONS}_{part}" for part in DURATION_PARTS if DURATIONS in fields]
    columns: dict[str, Any] = {column: [] for column in names}
    records = reader.records(items, path)
    for _, place, record in records:
        reader.unknown(record, fields, place)
        for key in plain:
            value = record.get(key)
            if key == "timestamp":
                if value is not None and not isinstance(value, str):
                    reader.bad_time(child(place, key), value, read=False)
                    value = None
            elif value is not None and key not in ("quality_limitation_reason", *_TEXT_KEYS):
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
    return DecodedSeries(len(records), columns, {}, [position for position, _, _ in records])


_TEXT_KEYS = ("mid", "producer_id", "consumer_id", "peer_id")
