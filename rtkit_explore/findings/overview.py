"""A row a participant with the figures that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.findings.evaluate import evaluate
from rtkit_explore.findings.verdicts import judge, span_minutes
from rtkit_explore.measures.plausibility import plausible
from rtkit_explore.measures.scores import mos
from rtkit_explore.table_schema.findings import OVERVIEW
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from rtkit_explore.findings.context import CallTables, Context
    from rtkit_explore.findings.profiles import ProfileLike


def overview_of(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> pd.DataFrame:
    """
    Put everyone side by side.

    Parameters
    ----------
    call
        A Call.
    profile
        As for ``findings_of``.
    context
        The call made ready before.

    Returns
    -------
    pandas.DataFrame
        Table ``overview``: a row a participant, those without a report included (their figures are missing).
        Medians are over samples; losses are of all packets; what was heard and seen is never mixed with what was sent.
    """
    evaluation = evaluate(call, profile, context=context)
    context = evaluation.context
    verdicts = {verdict.peer: verdict for verdict in judge(evaluation)}
    people = call.participants
    quality = plausible(call.quality)
    by_peer = {str(peer): rows for peer, rows in quality.groupby("peer_id", observed=True, sort=False)}
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
        if who in by_peer:
            row |= _figures(by_peer[who])
        rows.append(row)
    return from_rows(OVERVIEW, rows)


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


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    media, consumer = rows["media"].astype("object"), (rows["direction"] == "consumer")
    heard, seen = rows[(media == "audio") & consumer], rows[(media == "video") & consumer]
    spoken, shown = rows[(media == "audio") & ~consumer], rows[(media == "video") & ~consumer]
    known = spoken[spoken["far_end"].fillna(value=False).astype(bool)]
    scored = mos(heard["loss_pct"].to_numpy(), heard["buffer_ms"].fillna(0).to_numpy())
    limited = shown[["limited_bandwidth_s", "limited_cpu_s", "limited_other_s"]].sum(axis=1, min_count=1)
    timed = shown["interval_s"].where(limited.notna()).sum()
    return {
        "heard_loss_pct": _loss(heard, received=True),
        "seen_loss_pct": _loss(seen, received=True),
        "sent_loss_pct": _loss(known, received=False),
        "rtt_ms": _middle(rows["rtt_ms"].where(~consumer)),
        "jitter_ms": _middle(heard["jitter_ms"], 0.95),
        "buffer_ms": _middle(heard["buffer_ms"]),
        "mos": _middle(pd.Series(scored)),
        "score_heard": _middle(heard["score"].where(heard["score_scale"] != "1-5")),
        "seen_fps": _middle(seen["fps"]),
        "seen_height": _middle(seen["height"]),
        "sent_kbps": _middle(shown.groupby("end")["bitrate_kbps"].sum(min_count=1)),
        "limited_pct": float(100 * limited.sum() / timed) if timed > 0 else np.nan,
    }


def _loss(rows: pd.DataFrame, *, received: bool) -> float:
    lost = float(rows["packets_lost"].clip(lower=0).sum())
    whole = float(rows["packets"].sum()) + (lost if received else 0.0)
    return 100 * lost / whole if whole > 0 and rows["packets_lost"].notna().any() else np.nan


def _middle(values: pd.Series[float], share: float = 0.5) -> float:
    known = values.dropna()
    return float(known.quantile(share)) if len(known) else np.nan
