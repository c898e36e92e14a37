"""
What the files of ``quality`` and ``samples`` leave out, and how it is had back.

Both tables have a row for each sample, and most of what one says the other says as well. So both lie in the files of
``quality``: its columns, and those of ``samples`` that it lacks, as ``sample_rtt``. What is plain arithmetic with
columns of the same row (``bitrate_kbps`` from bytes and seconds, 17 digits that nothing compresses) is left out, and
numbers with few decimals are whole numbers of a smaller unit: ``sample_rtt_e6`` are millionths of a second.

Nothing of this is taken for granted. A file is only written without a column if the formula gives that very column,
bit for bit; its record says which columns those are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from rtkit_explore.measures.quality import COPIED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Get = Callable[[str], "Expression"]

HOST: Final = "quality"
GUEST: Final = "samples"
FORMULA: Final = "formula"
SCALED: Final = ("interval_s", "sample_jitter", "sample_jitter_buffer_delay", "sample_rtt")
"""Numbers with few decimals, in seconds or milliseconds."""
MOST_DECIMALS: Final = 9


@dataclass(frozen=True)
class Expression:
    """
    Something worked out from the columns of a row, as Arrow and as DuckDB understand it.

    Attributes
    ----------
    arrow
        A ``pyarrow.compute.Expression``.
    sql
        The same, as text.
    names
        Columns of the file that it needs.
    """

    arrow: Any
    sql: str
    names: frozenset[str]

    def __truediv__(self, other: Expression | float) -> Expression:
        """Divide."""
        right = _constant(other)
        return Expression(pc.divide(self.arrow, right.arrow), f"({self.sql} / {right.sql})", self.names | right.names)

    def __rmul__(self, factor: float) -> Expression:
        """Multiply with a number."""
        left = _constant(factor)
        return Expression(pc.multiply(left.arrow, self.arrow), f"({left.sql} * {self.sql})", self.names)

    def __or__(self, other: Expression) -> Expression:
        """Tell whether one of two is true."""
        return Expression(self.arrow | other.arrow, f"({self.sql} OR {other.sql})", self.names | other.names)

    def __and__(self, other: Expression) -> Expression:
        """Tell whether both are true."""
        return Expression(self.arrow & other.arrow, f"({self.sql} AND {other.sql})", self.names | other.names)

    def __invert__(self) -> Expression:
        """Tell whether it is false."""
        return Expression(~self.arrow, f"(NOT {self.sql})", self.names)

    def equals(self, value: str | float) -> Expression:
        """Tell whether it is a value."""
        right = _constant(value)
        return Expression(self.arrow == right.arrow, f"({self.sql} = {right.sql})", self.names)

    def above_zero(self) -> Expression:
        """Tell whether it is more than nothing."""
        return Expression(self.arrow > pc.scalar(0.0), f"({self.sql} > 0.0)", self.names)

    def or_false(self) -> Expression:
        """Take what is missing for false."""
        return Expression(pc.coalesce(self.arrow, pc.scalar(False)), f"coalesce({self.sql}, FALSE)", self.names)

    def where(self, condition: Expression) -> Expression:
        """Leave it out where a condition does not hold."""
        return Expression(
            pc.if_else(condition.arrow, self.arrow, pc.scalar(pa.scalar(None, pa.float64()))),
            f"(CASE WHEN {condition.sql} THEN {self.sql} END)",
            self.names | condition.names,
        )


def column(name: str) -> Expression:
    """Take a column of the file."""
    return Expression(pc.field(name), f'"{name}"', frozenset((name,)))


def _constant(value: Expression | str | float) -> Expression:
    if isinstance(value, Expression):
        return value
    return Expression(pc.scalar(value), f"'{value}'" if isinstance(value, str) else repr(value), frozenset())


# Formulas -------------------------------------------------------------------------------------------------------------


def _known(get: Get) -> Expression:
    """Tell the rows whose interval is known; see ``rtkit_explore.measures.quality``, which has the same formulas."""
    return ~(get("first") | get("gap") | get("reset"))


def _producer(get: Get) -> Expression:
    return get("direction").equals("producer")


def _consumer(get: Get) -> Expression:
    return get("direction").equals("consumer")


def _jitter_ms(get: Get) -> Expression:
    return (1000.0 * get("sample_jitter")).where(~(_producer(get) & ~get("far_end").or_false()))


def _rtt_ms(get: Get) -> Expression:
    trip = 1000.0 * get("sample_rtt")
    return trip.where(~trip.equals(0.0))


def _buffer_ms(get: Get) -> Expression:
    emitted = get("sample_jitter_buffer_emitted_count")
    waited = 1000.0 * get("sample_jitter_buffer_delay")
    return (waited / emitted).where(_known(get) & emitted.above_zero())


def _same(name: str) -> Callable[[Get], Expression]:
    return lambda get: get(name)


def _sent(name: str) -> Callable[[Get], Expression]:
    return lambda get: get(name).where(_producer(get))


def _received(name: str) -> Callable[[Get], Expression]:
    return lambda get: get(name).where(_consumer(get))


_HOST_FORMULAS: Final[dict[str, Callable[[Get], Expression]]] = {
    "bitrate_kbps": lambda get: (8.0 * get("bytes") / get("interval_s") / 1000.0).where(_known(get)),
    "packets_per_s": lambda get: (get("packets") / get("interval_s")).where(_known(get)),
    "jitter_ms": _jitter_ms,
    "rtt_ms": _rtt_ms,
    "buffer_ms": _buffer_ms,
}
_GUEST_FORMULAS: Final[dict[str, Callable[[Get], Expression]]] = {
    **{name: _same(name) for name in (*COPIED, "packets_lost", "frames_dropped", "concealment_events")},
    "timestamp": _same("end"),
    "fir_count": _same("fir"),
    "pli_count": _same("pli"),
    "frames_per_second": _same("fps"),
    "frame_width": _same("width"),
    "frame_height": _same("height"),
    "mos_quality": _same("score"),
    "quality_limitation_reason": _same("limited_by"),
    "quality_limitation_resolution_changes": _same("resolution_changes"),
    **{
        f"quality_limitation_durations_{one}": _same(f"limited_{one}_s")
        for one in ("bandwidth", "cpu", "none", "other")
    },
    "bytes_received": _received("bytes"),
    "bytes_sent": _sent("bytes"),
    "packets_received": _received("packets"),
    "packets_sent": _sent("packets"),
    "frames_decoded": _received("frames"),
    "frames_encoded": _sent("frames"),
    "key_frames_decoded": _received("key_frames"),
    "key_frames_encoded": _sent("key_frames"),
}


def formulas() -> dict[str, Callable[[Get], Expression]]:
    """List what may be left out: ``quality``'s columns by name, those of ``samples`` as ``sample_…``."""
    return {**_HOST_FORMULAS, **{f"sample_{name}": formula for name, formula in _GUEST_FORMULAS.items()}}


def expression(table: str, name: str, left_out: Mapping[str, str]) -> Expression:
    """
    Say how a column of a table is had from a file.

    Parameters
    ----------
    table, name
        Which.
    left_out
        What the record of the file says of its columns: "formula" where one is left out, "e6" where it is stored as
        whole millionths. Files of the other tables leave nothing out.
    """

    def get(wanted: str) -> Expression:
        how = left_out.get(wanted)
        if how is None:
            return column(wanted)
        if how == FORMULA:
            return formulas()[wanted](get)
        return _unscaled(wanted, int(how.removeprefix("e")))

    return get(name if table != GUEST or not left_out else f"sample_{name}")


def _unscaled(name: str, decimals: int) -> Expression:
    stored = column(scaled_name(name, decimals))
    number = Expression(stored.arrow.cast(pa.float64()), f"CAST({stored.sql} AS DOUBLE)", stored.names)
    return number / float(10**decimals)


def scaled_name(name: str, decimals: int) -> str:
    """Name the column of whole numbers that stands for one with decimals."""
    return f"{name}_e{decimals}"
