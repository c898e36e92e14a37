"""
Increments or running totals: how the counters of a report are to be read.

RealtimeKit's own client sends increments since the previous sample (verified for ``packets_sent`` and
``bytes_sent``, likely for the others); dumps of getStats carry running totals. Nothing in a report says which, so
it is decided for each report and counter from how the counter moves over all of its series:

- a running total never falls (but at a reset, when it starts again near 0), while increments fall about as often
  as they rise. Of n increments in random order, the chance of n - 1 rises in a row is 1/n!; a counter counts as a
  running total where the product of these chances over its series is below one in a million.
- a rare event's total (loss, concealment, key frames …) stays where it is between events; an increment above 0 is
  followed by a smaller one about every second time. Each step at an equal value above 0 halves the chance.
- some counters have a known pace: frames that of the frame rate, an audio buffer 48,000 samples a second, audio 50
  packets a second (20 ms each), the duration of a lasting limitation one second a second. The reading that keeps to
  it is the right one, if the other is off by a factor of more than two.
- what is growing must have had the time to grow: a total of packets, bytes, frames or playout that would have
  needed far longer than the series lasted to reach its first value is not a running total.

A source counts in one way throughout. So where one counter of a report has been found to be a running total, its
other counters are too, provided that they never fall. And where the pace shows increments and nowhere totals, growth
alone does not make a total, since a climbing bitrate looks the same; only a rare event's count can still be one.

What stays undecided is read as increments, which is how the API's own client counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.columns import LIMITS, SOUND
from rtkit_explore.table_schema.media import COUNTER_READINGS, COUNTERS
from rtkit_explore.tables.frames import from_rows
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.measures.series import SeriesIndex

Reading = Literal["increments", "totals"]
Counters = Reading | Mapping[str, Reading] | None
"""How counters are to be read: one reading for all, one by counter's name, or None to decide by evidence."""

FLOWS = frozenset(
    {
        "bytes_received",
        "bytes_sent",
        "packets_received",
        "packets_sent",
        "frames_decoded",
        "frames_encoded",
        "jitter_buffer_delay",
        "jitter_buffer_emitted_count",
    }
)
"""Counters that grow all the time while media flows; the others count rare events."""

_REASON = pd.CategoricalDtype(list(LIMITS))
_ONE_IN_A_MILLION = math.log(1e6)
_OFF_BY_TWO = math.log(2)
_NEAR = math.log(1.5)
_AUDIO_RATE = 48_000.0
_AUDIO_PACKETS = 50.0
_FEW = 0.2
_FEWEST_STEPS = 3
_STEPS_PER_RESET = 20
_SLACK = 3.0
_HEAD_START_S = 120.0


@dataclass(frozen=True)
class CounterMovement:
    """How one counter moved over all series of a report: what tells increments from running totals."""

    series: int
    rises: int
    falls: int
    ties: int
    longest: int
    order: float
    after_events: float
    restarts: bool
    had_time: bool
    pace: Reading | None

    def is_total(self, *, flow: bool, climbs: bool) -> bool:
        """Tell whether the counter is a running total; ``climbs`` if other counters of the report are increments."""
        # The known pace decides first; a fall that is not a restart rules out a total.
        if self.pace == "increments" or (self.falls and not self.restarts):
            return False
        if self.pace == "totals":
            return True
        if self.falls and self.rises < _STEPS_PER_RESET * self.falls:
            return False
        # While media flows, rises in a row are the evidence; for rare events, a count that stays between events is.
        if flow:
            return not climbs and self.longest >= _FEWEST_STEPS and self.order > _ONE_IN_A_MILLION and self.had_time
        if climbs:
            return self.order > _ONE_IN_A_MILLION
        return self.after_events > _ONE_IN_A_MILLION and self.rises > 0


def _moves(
    values: NDArray[np.float64],
    code: NDArray[np.intp],
    seconds: NDArray[np.float64],
    pace: NDArray[np.float64] | None,
) -> CounterMovement:
    known = ~np.isnan(values)
    values, code, seconds = values[known], code[known], seconds[known]
    before, after = values[:-1], values[1:]
    same = code[1:] == code[:-1]
    step = np.where(same, after - before, 0.0)
    rise, fall = step > 0, step < 0
    tie = same & (step == 0) & (after > 0)
    falls = int(np.count_nonzero(fall))
    # A fall is a restart where the counter begins anew well below where it was.
    restarts = bool(np.all(after[fall] <= 0.5 * before[fall]))
    # How often each series moved: a run of rises is what shows a running total.
    runs = np.bincount(code[1:][rise | fall])
    runs = runs[runs > 0]
    return CounterMovement(
        series=len(np.unique(code)),
        rises=int(np.count_nonzero(rise)),
        falls=falls,
        ties=int(np.count_nonzero(tie)),
        longest=int(runs.max(initial=0)),
        order=sum(math.lgamma(run + 2) for run in runs.tolist()) - math.log(1e3) * falls,
        after_events=float(np.count_nonzero(same & (before > 0) & ~fall)) * math.log(2),
        restarts=restarts,
        had_time=_had_time(values, code, seconds, rise, step),
        pace=None if pace is None else _reading_by_pace(values, seconds, pace[known], same, step),
    )


def _reading_by_pace(
    values: NDArray[np.float64],
    seconds: NDArray[np.float64],
    pace: NDArray[np.float64],
    same: NDArray[np.bool_],
    step: NDArray[np.float64],
) -> Reading | None:
    """Tell whether the samples keep to the known pace, or the steps between them; None where neither or both do."""
    wanted = pace[1:] * (seconds[1:] - seconds[:-1])
    usable = same & (wanted > 0) & (values[1:] > 0)
    moving = usable & (step > 0)
    if np.count_nonzero(usable) < _FEWEST_STEPS:
        return None
    off = np.abs(np.log(values[1:][usable] / wanted[usable]))
    off_total = np.full(len(wanted), np.inf)
    off_total[moving] = np.abs(np.log(step[moving] / wanted[moving]))
    as_increment, as_total = np.median(off), np.median(off_total[usable])
    too_much = np.mean(values[1:][usable] > 2 * wanted[usable])  # soon true of a total, even if flat at first
    if as_increment < _NEAR and as_total > _OFF_BY_TWO and too_much < _FEW:
        return "increments"
    if np.count_nonzero(moving) < _FEWEST_STEPS:
        return None
    return "totals" if np.median(off_total[moving]) < _NEAR and as_increment > _OFF_BY_TWO else None


@dataclass(frozen=True)
class _Report:
    """
    What is needed of one report to tell how its counters are read, as plain arrays of one value a row.

    ``code`` numbers the series, ``seconds`` is the time of a sample, NaN-free pace columns are made from the others.
    """

    columns: Mapping[str, NDArray[np.float64]]
    code: NDArray[np.intp]
    seconds: NDArray[np.float64]
    audio: NDArray[np.bool_]
    reason: NDArray[np.int8]

    def pace(self, counter: str) -> NDArray[np.float64] | None:
        """Return the expected growth of a counter per second, from other columns; NaN or None if nothing is known."""
        frames = self.columns["frames_per_second"]
        if counter in ("frames_decoded", "frames_encoded"):
            return frames
        if counter == "jitter_buffer_emitted_count":
            return np.where(self.audio, _AUDIO_RATE, frames)
        if counter in ("packets_sent", "packets_received"):
            return np.where(self.audio, _AUDIO_PACKETS, np.nan)
        block, _, reason = counter.rpartition("_")
        if block == "quality_limitation_durations":
            limited = self.reason == LIMITS.index(reason)
            throughout = limited & np.concatenate([[False], limited])[:-1]  # at both ends of the interval
            return np.where(throughout, 1.0, np.nan)
        return None


def _had_time(
    values: NDArray[np.float64],
    code: NDArray[np.intp],
    seconds: NDArray[np.float64],
    rise: NDArray[np.bool_],
    step: NDArray[np.float64],
) -> bool:
    """Tell whether the values could have been reached at the pace at which they grow, in the median series."""
    _, first, series = np.unique(code, return_index=True, return_inverse=True)
    last = np.zeros(len(first), dtype="int64")
    last[series] = np.arange(len(series))
    lasted = seconds[last] - seconds[first]
    grown = np.bincount(series[:-1][rise], weights=step[rise], minlength=len(first))
    grows = (grown > 0) & (lasted > 0)
    if not grows.any():
        return True
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        # Counters beyond what a float can be: infinitely long, or unknown, is too long.
        needed = values[first][grows] / (grown[grows] / lasted[grows])
    return float(np.median(needed)) <= _SLACK * float(lasted[grows].max()) + _HEAD_START_S


def decide(samples: pd.DataFrame, index: SeriesIndex, counters: Counters = None) -> pd.DataFrame:
    """
    Decide for each report and counter whether it holds increments or running totals.

    Parameters
    ----------
    samples
        Table ``samples``.
    index
        Its series.
    counters
        Force a reading for all counters, or for those named; the others are decided.

    Returns
    -------
    pandas.DataFrame
        Table ``counter_readings``, one row per participant and counter that its report has.

    Raises
    ------
    InvalidArgumentError
        If ``counters`` names an unknown reading or counter.
    """
    forced = forced_readings(counters)
    # Columns are taken out of the frame once, not once a report: on small calls that was most of the time.
    columns = {name: samples[name].to_numpy(dtype="float64") for name in (*COUNTERS, "frames_per_second")}
    audio = samples["media"].isin(SOUND).to_numpy()
    reason = samples["quality_limitation_reason"].astype(_REASON).cat.codes.to_numpy()
    owners = samples[["session_id", "peer_id"]]
    rows: list[dict[str, object]] = []
    order = np.argsort(index.peer, kind="stable")
    begins = np.flatnonzero(np.diff(index.peer[order], prepend=-1))
    # Decide report by report: each pass takes the rows of one participant.
    for begin, end in pairwise([*begins, len(order)]):
        mine: Any = order[begin:end]
        if mine[-1] - mine[0] == len(mine) - 1:  # as nearly always: then no column is copied
            mine = slice(int(mine[0]), int(mine[-1]) + 1)
        report = _Report(
            {name: values[mine] for name, values in columns.items()},
            index.code[mine],
            index.micros[mine] / 1e6,
            audio[mine],
            reason[mine],
        )
        session, peer = owners.iloc[int(order[begin])]
        rows += _decide_one(report, session, peer, forced)
    return from_rows(COUNTER_READINGS, rows)


def _decide_one(
    report: _Report, session_id: object, peer_id: object, forced: Mapping[str, Reading]
) -> list[dict[str, object]]:
    # How each counter that the report has moved over its series.
    moves = {
        counter: _moves(values, report.code, report.seconds, report.pace(counter))
        for counter in COUNTERS
        if not np.isnan(values := report.columns[counter]).all()
    }
    paces = {move.pace for move in moves.values()}
    # If a known pace shows increments and none shows totals, a steady rise does not make a total: bitrates climb.
    climbs = "increments" in paces and "totals" not in paces
    totals = {counter for counter, move in moves.items() if move.is_total(flow=counter in FLOWS, climbs=climbs)}
    # A source counts in one way: with one running total found, every counter that never falls is one, too.
    if totals and not climbs:
        totals |= {counter for counter, move in moves.items() if not move.falls}
    decided = {counter: counter in totals or move.falls > 0 or move.pace is not None for counter, move in moves.items()}
    return [
        {
            "session_id": session_id,
            "peer_id": peer_id,
            "counter": counter,
            "reading": forced.get(counter, "totals" if counter in totals else "increments"),
            "decided_by": "forced" if counter in forced else "evidence" if decided[counter] else "default",
            "series": move.series,
            "rises": move.rises,
            "falls": move.falls,
            "ties": move.ties,
        }
        for counter, move in moves.items()
    ]


def forced_readings(counters: Counters) -> dict[str, Reading]:
    """Spell out which counters are forced to which reading."""
    if counters is None:
        return {}
    if not isinstance(counters, str | Mapping):
        msg = f'counters= takes "increments", "totals", a mapping by counter or None, not {counters!r:.80}.'
        raise InvalidArgumentError(msg)
    wanted = dict.fromkeys(COUNTERS, counters) if isinstance(counters, str) else dict(counters)
    if unknown := sorted(wanted.keys() - COUNTERS.keys()):
        msg = f"No such counter: {', '.join(unknown)}. There are: {', '.join(COUNTERS)}."
        raise InvalidArgumentError(msg)
    if any(reading not in ("increments", "totals") for reading in wanted.values()):
        msg = 'A counter is read as "increments" or "totals"; counters=None decides by evidence.'
        raise InvalidArgumentError(msg)
    return wanted


def increments(
    samples: pd.DataFrame, index: SeriesIndex, readings: pd.DataFrame
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_], NDArray[np.int8]]:
    """
    Read every counter as increments.

    Parameters
    ----------
    samples, index
        Table ``samples`` and its series.
    readings
        Table ``counter_readings``.

    Returns
    -------
    tuple
        Counter to increments (float64, a row each; the first row of a series holds what was counted before it);
        rows at which a running total fell (bool), whose increments are NaN, as they are where a sample came
        twice; and the reading of each row (int8 code of increments, totals, mixed).
    """
    peers = codes_of_readings(readings, samples, index)
    reset = np.zeros(len(samples), dtype=bool)
    made: dict[str, NDArray[np.float64]] = {}
    from_totals: dict[str, NDArray[np.bool_]] = {}
    saw_total, saw_increment = reset.copy(), reset.copy()
    # Totals become steps between the samples of a series; increments stay as they are.
    for counter in COUNTERS:
        values = samples[counter].to_numpy()
        total = peers.get(counter, np.zeros(0, dtype=bool))
        total = total[index.peer] if len(total) else np.zeros(len(values), dtype=bool)
        step = values.copy()
        inner = total & ~index.first
        step[inner] = values[inner] - values[np.flatnonzero(inner) - 1]
        if counter != "packets_lost":  # a total of losses can fall by duplicates, without starting again
            with np.errstate(invalid="ignore"):
                reset |= inner & (step < 0)
        made[counter], from_totals[counter] = step, inner
        moving = _moves_in_report(values, index)
        saw_total |= total & ~np.isnan(values) & moving
        saw_increment |= ~total & ~np.isnan(values) & moving
    # After a reset, and where a sample came twice, what was counted in between is unknown.
    repeated = _repeated(samples, index)
    for counter, step in made.items():
        step[(reset & from_totals[counter]) | repeated] = np.nan
    code = np.where(saw_total & saw_increment, 2, np.where(saw_total, 1, 0)).astype("int8")
    return made, reset, code


def _repeated(samples: pd.DataFrame, index: SeriesIndex) -> NDArray[np.bool_]:
    """Tell which samples came twice (a batch that was sent again): all alike, so that they count once."""
    same = np.zeros(len(samples), dtype=bool)
    same[1:] = ~index.first[1:] & (index.micros[1:] == index.micros[:-1]) & (index.micros[1:] != NAT)
    for counter in COUNTERS if same.any() else ():
        values = samples[counter].to_numpy()
        same[1:] &= (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    return same


def codes_of_readings(
    readings: pd.DataFrame, samples: pd.DataFrame, index: SeriesIndex
) -> dict[str, NDArray[np.bool_]]:
    """Return, for each counter, whether each participant (by number) counts running totals."""
    peers = int(index.peer.max(initial=-1)) + 1
    firsts = np.unique(index.peer, return_index=True)[1]
    owners = samples[["session_id", "peer_id"]].iloc[firsts].astype(object)
    number = {
        tuple(value if pd.notna(value) else None for value in owner): peer
        for peer, owner in enumerate(owners.itertuples(index=False, name=None))
    }
    found = {counter: np.zeros(peers, dtype=bool) for counter in COUNTERS}
    totals = readings[readings["reading"] == "totals"]
    for session, peer, counter in zip(totals["session_id"], totals["peer_id"], totals["counter"], strict=True):
        key = (session if pd.notna(session) else None, peer if pd.notna(peer) else None)
        if key in number:
            found[counter][number[key]] = True
    return found


def _moves_in_report(values: NDArray[np.float64], index: SeriesIndex) -> NDArray[np.bool_]:
    """Tell for each row whether the counter is anything but 0 in that participant's report."""
    peers = int(index.peer.max(initial=-1)) + 1
    moving = np.zeros(peers, dtype=bool)
    rows = np.flatnonzero(~np.isnan(values) & (values != 0))
    moving[index.peer[rows]] = True
    return moving[index.peer]
