"""A row a participant with the figures that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.verdicts import judge, span_minutes
from rtkit_explore.measures.intervals import known_intervals
from rtkit_explore.measures.plausibility import plausible
from rtkit_explore.measures.roll_up import roll_up_of
from rtkit_explore.measures.scores import delay_of, heard_loss, mos
from rtkit_explore.table_schema.findings import OVERVIEW
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rtkit_explore.findings.context import CallTables, Context
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.findings.stream_arrays import Floats

    MetricLike = Callable[..., pd.DataFrame]
    Metrics = Iterable[MetricLike | tuple[MetricLike, str]]

_SCORED = ("loss_pct", "packets_per_s", "rtt_ms", "buffer_ms", "score", "score_scale")
"""What the scores are made of."""
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
    # Only what is read is split by person: a row of the whole table is three times as wide.
    quality = plausible(call.quality)[[*_READ]]
    # One after the other: everybody's rows at once would be a copy of the table.
    rows_of = {str(peer): rows for peer, rows in quality.groupby("peer_id", observed=True, sort=False).indices.items()}
    scored = _scores(known_intervals(call, media=("audio",), clock_ahead_s=context.arrays.shifts, measures=_SCORED))
    clients = getattr(call, "clients", None)
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
            "path": _path(call.candidate_pairs, who),
            "findings": sum(candidate.severity != "note" for candidate in verdict.candidates),
            "clock_ahead_s": context.arrays.shifts.get(who, np.nan),
            **_client(clients, who),
        }
        if who in rows_of:
            row |= _figures(quality.iloc[rows_of[who]]) | scored.get(who, {})
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


def _client(clients: pd.DataFrame | None, peer: str) -> dict[str, str | None]:
    if clients is None:
        return {}
    mine = clients[clients["peer_id"] == peer]
    if mine.empty:
        return {}
    first = mine.iloc[0]

    def words(*names: str) -> str | None:
        return " ".join(str(first[name]) for name in names if not pd.isna(first[name])) or None

    return {"browser": words("browser", "browser_version"), "os": words("os", "os_version")}


def _path(pairs: pd.DataFrame, peer: str) -> str | None:
    """Say how media went: by the pairs that carried it, else by those nominated."""
    mine = pairs[pairs["peer_id"] == peer]
    moved = mine["bytes_sent"].fillna(0) + mine["bytes_received"].fillna(0)
    used = mine[moved > 0] if (moved > 0).any() else mine[mine["nominated"].fillna(value=False).astype(bool)]
    if used.empty:
        return None
    ways = {
        f"{'relayed' if relayed is True or relayed == 1 else 'direct'}, {protocol}"
        for relayed, protocol in zip(
            used["relayed"].fillna(value=False), used["path_protocol"].fillna("?"), strict=True
        )
    }
    return "; ".join(sorted(ways))


_LIMITED = ("limited_bandwidth_s", "limited_cpu_s", "limited_other_s")
_READ = (
    "peer_id", "media", "direction", "end", "interval_s", "far_end", "packets", "packets_lost", "rtt_ms", "jitter_ms",
    "buffer_ms", "fps", "height", "bitrate_kbps", *_LIMITED,
)  # fmt: skip
"""Columns of ``quality`` that the figures are made of."""


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    media, consumer = rows["media"].astype("object"), (rows["direction"] == "consumer")
    heard, seen = rows[(media == "audio") & consumer], rows[(media == "video") & consumer]
    spoken, shown = rows[(media == "audio") & ~consumer], rows[(media == "video") & ~consumer]
    known = spoken[spoken["far_end"].fillna(value=False).astype(bool)]
    limited = shown[[*_LIMITED]].sum(axis=1, min_count=1)
    # The client reads the durations and the clock at different moments: within an interval they can exceed it.
    limited = limited.clip(upper=shown["interval_s"]).where(shown["interval_s"].notna())
    timed = shown["interval_s"].where(limited.notna()).sum()
    return {
        "heard_loss_pct": _loss(heard, received=True),
        "seen_loss_pct": _loss(seen, received=True),
        "sent_loss_pct": _loss(known, received=False),
        "rtt_ms": _middle(rows["rtt_ms"].where(~consumer)),
        "jitter_ms": _middle(heard["jitter_ms"], 0.95),
        "buffer_ms": _middle(heard["buffer_ms"]),
        "seen_fps": _middle(seen["fps"]),
        "seen_height": _middle(seen["height"]),
        "sent_kbps": _middle(shown.groupby("end")["bitrate_kbps"].sum(min_count=1)),
        "limited_pct": float(100 * limited.sum() / timed) if timed > 0 else np.nan,
    }


def _scores(known: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Aggregate the scores of what each person heard by time: the mean, the worst tenth, how long it was poor."""
    heard = known[(known["direction"] == "consumer").to_numpy(dtype=bool)]
    listener, peers = pd.factorize(heard["peer_id"])
    seconds = heard["interval_s"].to_numpy(dtype="float64")
    estimated = mos(heard_loss(heard), delay_of(heard)[0])
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


def _loss(rows: pd.DataFrame, *, received: bool) -> float:
    lost = float(rows["packets_lost"].clip(lower=0).sum())
    whole = float(rows["packets"].sum()) + (lost if received else 0.0)
    return 100 * lost / whole if whole > 0 and rows["packets_lost"].notna().any() else np.nan


def _middle(values: pd.Series[float], share: float = 0.5) -> float:
    known = values.dropna()
    return float(known.quantile(share)) if len(known) else np.nan
