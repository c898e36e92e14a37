"""A row a participant with the figures that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.findings.verdicts import judge, span_minutes
from rtkit_explore.measures.intervals import known_intervals
from rtkit_explore.measures.plausibility import plausible
from rtkit_explore.measures.roll_up import roll_up_of
from rtkit_explore.measures.scores import heard_loss, mos, one_way_delay
from rtkit_explore.table_schema.findings import OVERVIEW
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from rtkit_explore.findings.context import CallTables, Context
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.findings.stream_arrays import Floats

    MetricLike = Callable[..., pd.DataFrame]
    Metrics = Iterable[MetricLike | tuple[MetricLike, str]]

_SCORED = ("loss_pct", "packets_per_s", "rtt_ms", "buffer_ms", "score", "score_scale")
"""What the scores are made of."""
_HEARD = (
    "session_id", "peer_id", "stream_id", "direction", "direct", "interval_s", "loss_pct", "packets_per_s",
    "other_packets_per_s", "rtt_ms", "other_rtt_ms", "buffer_ms", "score", "score_scale",
)  # fmt: skip
"""What of the intervals is read of what was heard: of a large call all columns take gigabytes."""
MOS_POOR = 3.6
"""G.107 annex B: below an R of 70, a MOS of 3.6, many users are dissatisfied."""


def overview_of(
    call: CallTables, profile: ProfileLike = "default", *, metrics: Metrics = (), context: Context | None = None
) -> pd.DataFrame:
    """
    Put everyone side by side.

    Parameters
    ----------
    call
        A Call.
    profile
        As for ``findings_of``.
    metrics
        Metrics of ``rtk.metric`` to stand beside the figures, one column each: a metric (its time-weighted mean), or
        a pair of a metric and how it is rolled up, ``(glitch, "p95")``.
    context
        The call made ready before.

    Returns
    -------
    pandas.DataFrame
        Table ``overview``: a row a participant, those without a report included (their figures are missing).
        Losses are of all packets; scores are means over time, with the worst tenth of the time beside them, since a
        minute that could not be understood disappears in a median; the other medians are over samples. What was heard
        and seen is never mixed with what was sent.

    Raises
    ------
    InvalidArgumentError
        Where one of the metrics is none.
    """
    evaluation = evaluate(call, profile, context=context)
    context = evaluation.context
    verdicts = {verdict.peer: verdict for verdict in judge(evaluation)}
    people = call.participants
    scored = _scores(known_intervals(call, media=("audio",), clock_ahead_s=context.arrays.shifts, measures=_SCORED))
    # Only what is read is split by person: a row of the whole table is three times as wide.
    quality = plausible(call.quality)[[*_READ]]
    columns = _Columns(quality)
    rows_of = {
        str(peer): np.asarray(rows)
        for peer, rows in quality.groupby("peer_id", observed=True, sort=False).indices.items()
    }
    clients, paths = _clients(getattr(call, "clients", None)), _paths(call.candidate_pairs)
    rows: list[dict[str, Any]] = []
    for peer, report in zip(people["peer_id"], people["report"].astype("object"), strict=True):
        if pd.isna(peer):
            continue
        who = str(peer)
        verdict = verdicts[who]
        row: dict[str, Any] = {
            "session_id": call.session_id,
            "peer_id": who,
            "display_name": context.name(who),
            "verdict": verdict.verdict,
            "report": report,
            "minutes": span_minutes(context, who, people),
            "path": paths.get(who),
            "findings": sum(candidate.severity != "note" for candidate in verdict.candidates),
            "clock_ahead_s": context.arrays.shifts.get(who, np.nan),
            **clients.get(who, {}),
        }
        if who in rows_of:
            row |= columns.figures(rows_of[who]) | scored.get(who, {})
        rows.append(row)
    return _with_metrics(from_rows(OVERVIEW, rows), call, metrics)


def _with_metrics(overview: pd.DataFrame, call: CallTables, metrics: Metrics) -> pd.DataFrame:
    """Put metrics beside the figures, a column each."""
    for given in (metrics,) if callable(metrics) else metrics:
        metric, how = given if isinstance(given, tuple) else (given, "time_mean")
        if not callable(metric) or not hasattr(metric, "name"):
            msg = f"metrics= takes metrics made by rtk.metric, or pairs (metric, how), not {given!r}."
            raise InvalidArgumentError(msg)
        table = metric(call, by="participant", how=how)
        label = metric.name if how == "time_mean" else f"{metric.name}_{how}".replace(":", "_")
        values = dict(zip(table["peer_id"], table[metric.name], strict=True))
        overview[label] = [float(values.get(peer, np.nan)) for peer in overview["peer_id"]]
    return overview


def _clients(clients: pd.DataFrame | None) -> dict[str, dict[str, str | None]]:
    """Say what each participant used; of several rows the first."""
    if clients is None:
        return {}
    first = clients[clients["peer_id"].notna()].drop_duplicates("peer_id")

    def words(*names: str) -> list[str | None]:
        columns = [first[name].astype("object").tolist() for name in names]
        return [" ".join(str(one) for one in row if not pd.isna(one)) or None for row in zip(*columns, strict=True)]

    rows = zip(first["peer_id"], words("browser", "browser_version"), words("os", "os_version"), strict=True)
    return {str(peer): {"browser": browser, "os": system} for peer, browser, system in rows}


def _paths(pairs: pd.DataFrame) -> dict[str, str]:
    """Say how media went: by the pairs that carried it, else by those nominated."""
    moved = ((pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)) > 0).tolist()
    nominated = pairs["nominated"].fillna(value=False).astype(bool).tolist()
    relayed = pairs["relayed"].fillna(value=False).tolist()
    protocols = pairs["path_protocol"].fillna("?").tolist()
    of_peer: dict[str, list[int]] = {}
    for row, peer in enumerate(pairs["peer_id"]):
        if not pd.isna(peer):
            of_peer.setdefault(str(peer), []).append(row)
    found: dict[str, str] = {}
    for peer, rows in of_peer.items():
        used = [row for row in rows if moved[row]] or [row for row in rows if nominated[row]]
        ways = {f"{'relayed' if relayed[row] else 'direct'}, {protocols[row]}" for row in used}
        if ways:
            found[peer] = "; ".join(sorted(ways))
    return found


_LIMITED = ("limited_bandwidth_s", "limited_cpu_s", "limited_other_s")
_NUMBERS = (
    "interval_s", "packets", "packets_lost", "rtt_ms", "jitter_ms", "buffer_ms", "fps", "height", "bitrate_kbps",
    *_LIMITED,
)  # fmt: skip
_READ = ("peer_id", "media", "direction", "end", "far_end", *_NUMBERS)
"""Columns of ``quality`` that the figures are made of."""


class _Columns:
    """The columns of ``quality`` that the figures are made of, as arrays: a person's rows are taken from each alone."""

    def __init__(self, quality: pd.DataFrame) -> None:
        self.media = quality["media"].astype("object").to_numpy(dtype=object)
        self.consumer = (quality["direction"] == "consumer").to_numpy(dtype=bool)
        self.far_end = quality["far_end"].fillna(value=False).to_numpy(dtype=bool)
        self.end = pd.DatetimeIndex(quality["end"]).as_unit("us").asi8
        self.numbers = {name: _as_floats(quality[name]) for name in _NUMBERS}

    def figures(self, rows: NDArray[np.intp]) -> dict[str, float]:
        """Work out the figures of the person whose rows these are."""
        consumer = self.consumer[rows]
        media = self.media[rows]
        audio, video = media == "audio", media == "video"
        heard, seen, shown = rows[audio & consumer], rows[video & consumer], rows[video & ~consumer]
        spoken = rows[audio & ~consumer]
        return {
            "heard_loss_pct": self._loss(heard, received=True),
            "seen_loss_pct": self._loss(seen, received=True),
            "sent_loss_pct": self._loss(spoken[self.far_end[spoken]], received=False),
            "rtt_ms": _middle(self.numbers["rtt_ms"][rows[~consumer]]),
            "jitter_ms": _middle(self.numbers["jitter_ms"][heard], 95.0),
            "buffer_ms": _middle(self.numbers["buffer_ms"][heard]),
            "seen_fps": _middle(self.numbers["fps"][seen]),
            "seen_height": _middle(self.numbers["height"][seen]),
            "sent_kbps": _middle(self._bitrates(shown)),
            "limited_pct": self._limited(shown),
        }

    def _loss(self, rows: NDArray[np.intp], *, received: bool) -> float:
        counted, packets = self.numbers["packets_lost"][rows], self.numbers["packets"][rows]
        lost = float(np.nansum(np.maximum(counted, 0)))
        whole = float(np.nansum(packets)) + (lost if received else 0.0)
        return 100 * lost / whole if whole > 0 and not np.isnan(counted).all() else np.nan

    def _bitrates(self, rows: NDArray[np.intp]) -> Floats:
        """Sum the bitrates of what was sent at the same time: the layers of simulcast, and several cameras."""
        rates, end = self.numbers["bitrate_kbps"][rows], self.end[rows]
        known = ~np.isnan(rates) & (end != NO_TIME)
        moments, place = np.unique(end[known], return_inverse=True)
        return np.asarray(np.bincount(place, weights=rates[known], minlength=len(moments)), dtype="float64")

    def _limited(self, rows: NDArray[np.intp]) -> float:
        """Return the share of the time in which something limited the encoder."""
        parts = np.array([self.numbers[name][rows] for name in _LIMITED])
        seconds = self.numbers["interval_s"][rows]
        known = ~np.isnan(parts).all(axis=0) & ~np.isnan(seconds)
        # The client reads the durations and the clock at different moments: within an interval they can exceed it.
        limited = np.minimum(np.nansum(parts[:, known], axis=0), seconds[known])
        timed = float(seconds[known].sum())
        return float(100 * limited.sum() / timed) if timed > 0 else np.nan


def _scores(known: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Aggregate the scores of what each person heard by time: the mean, the worst tenth, how long it was poor."""
    heard = known.loc[(known["direction"] == "consumer").to_numpy(dtype=bool), [*_HEARD]]
    del known
    listener, peers = pd.factorize(heard["peer_id"])
    seconds = heard["interval_s"].to_numpy(dtype="float64")
    estimated = mos(heard_loss(heard), one_way_delay(heard))
    reported = heard["score"].where(heard["score_scale"] != "1-5").to_numpy(dtype="float64")

    def over_time(values: Floats, how: str) -> Floats:
        has = ~np.isnan(values) & (listener >= 0)
        return roll_up_of(how, "low")(values[has], seconds[has], listener[has], len(peers))

    columns = {
        "mos": over_time(estimated, "time_mean"),
        "mos_low": over_time(estimated, "worst_tenth"),
        "mos_below_pct": 100 * over_time(estimated, f"share_below:{MOS_POOR}"),
        "score_heard": over_time(reported, "time_mean"),
        "score_heard_low": over_time(reported, "worst_tenth"),
    }
    return {str(peer): {name: float(column[at]) for name, column in columns.items()} for at, peer in enumerate(peers)}


def _as_floats(column: pd.Series[float]) -> Floats:
    """Return a column as float64: the array of the table itself where it is one, which asking for NaN would copy."""
    plain = isinstance(column.dtype, np.dtype)
    values = column.to_numpy() if plain else column.to_numpy(dtype="float64", na_value=np.nan)
    return np.asarray(values, dtype="float64")


def _middle(values: Floats, percent: float = 50.0) -> float:
    known = values[~np.isnan(values)]
    return float(np.percentile(known, percent)) if len(known) else np.nan
