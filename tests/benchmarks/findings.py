"""
Whether the true cause is found: every simulated scenario over many seeds, what was named first, and whose side.

``python -m tests.benchmarks findings``. A finding names the cause where its rule is one of those that the truth lists;
its side is right where the truth lists it, and it is about the right person. Notes are named by notes and verdicts. What
is no incident has to raise nothing of warn or worse.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.accuracy import PARTS
from rtkit_explore.simulator import SCENARIOS

SEEDS = 200
NOBODYS = ("between", "shared", "unknown")


@dataclass
class Tally:
    """What was found in one scenario."""

    calls: int = 0
    named: int = 0
    sided: int = 0
    unsure: int = 0
    strays: int = 0
    hours: float = 0.0
    first: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)


def told(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["severity"] != "note"]


def person_hours(call: rtk.Call) -> float:
    return float(call.participants["duration"].sum()) / 60


def judge(scenario: str, seed: int, tally: Tally, **how: object) -> None:
    """Simulate one call and hold what is found against the truth."""
    call, truth = rtk.simulate(scenario, seed=seed, **how)
    found = call.findings()
    loud = told(found)
    tally.calls += 1
    tally.hours += person_hours(call)
    cause = truth.iloc[0] if len(truth) else None
    if cause is None or cause["severity"] in ("none", "note"):
        tally.strays += len(loud)
        quiet = loud.empty
        named = quiet if cause is None or cause["severity"] == "none" else quiet and _noted(call, found, cause)
        sided = named
        tally.first["nothing" if quiet else str(loud.iloc[0]["rule"])] += 1
    else:
        first = loud.iloc[0] if len(loud) else None
        named = first is not None and first["rule"] in cause["rules"]
        sided = first is not None and _right_side(call, first, cause)
        tally.first["nothing" if first is None else str(first["rule"])] += 1
        if first is not None:
            tally.sides[str(first["side"])] += 1
            tally.unsure += first["side"] == "unknown"
        known = {*cause["rules"], *cause["also"]}
        tally.strays += int((~loud["rule"].isin(known)).sum())
    tally.named += named
    tally.sided += sided
    if not (named and sided):
        tally.failed.append(seed)


def _noted(call: rtk.Call, found: pd.DataFrame, cause: pd.Series[Any]) -> bool:
    """Tell whether a note of the right rule is about the right person, and the verdict does not call it fine."""
    mine = found[(found["peer_id"] == cause["peer_id"]) & found["rule"].isin(cause["rules"])]
    if mine.empty:
        return False
    verdict = call.verdicts().set_index("peer_id")["verdict"].get(cause["peer_id"])
    return verdict == "unclassified" if "no_report" in cause["rules"] else True


def _right_side(call: rtk.Call, first: pd.Series[Any], cause: pd.Series[Any]) -> bool:
    if first["side"] not in (*cause["sides"], *PARTS.get(cause["side"], ()), "unknown"):
        return False
    if pd.isna(cause["peer_id"]) or first["side"] in NOBODYS or pd.isna(first["side_peer_id"]):
        return True
    people = call.participants.set_index("peer_id")["display_name"]  # one who joins again has a new id
    return people.get(first["side_peer_id"]) == people.get(cause["peer_id"])


def confusion(seeds: int, scenarios: list[str] | None = None, **how: object) -> pd.DataFrame:
    """Return a row a scenario: how often the cause was named first, its side right, and what was named."""
    rows = []
    for name in scenarios or list(SCENARIOS):
        tally = Tally()
        for seed in range(seeds):
            judge(name, seed, tally, **how)
        rows.append(
            {
                "scenario": name,
                "calls": tally.calls,
                "cause named %": 100 * tally.named / tally.calls,
                "side right %": 100 * tally.sided / tally.calls,
                "strays per 10 h": 10 * tally.strays / tally.hours,
                "first": ", ".join(f"{rule} {count}" for rule, count in tally.first.most_common()),
                "sides": ", ".join(f"{side} {count}" for side, count in tally.sides.most_common()),
                "failed seeds": tally.failed[:8],
            }
        )
    return pd.DataFrame(rows)


def outages(seeds: int) -> tuple[float, float, int]:
    """Return the least and the median IoU of 14 s outages at random phases of the sampling, and how often one was blamed."""
    fits, blamed = [], 0
    for seed in range(seeds):
        begin = round(60 + (seed * 7.31) % 61.7, 3)
        scenario = SCENARIOS["outage"].on(start=begin, seconds=14.0)
        call, truth = rtk.simulate(scenario, participants=2, minutes=4, seed=seed, direct=True)
        silent = told(call.findings())
        blamed += int(silent["side_peer_id"].notna().any())
        silent = silent[silent["rule"] == "nothing_received"]
        one, two = truth.iloc[0]["start"], truth.iloc[0]["end"]
        fits += [
            max(min(row.end, two) - max(row.start, one), pd.Timedelta(0)) / (max(row.end, two) - min(row.start, one))
            for row in silent.itertuples()
        ]
        if silent["peer_id"].nunique() < 2:
            fits.append(0.0)
    return min(fits), float(pd.Series(fits).median()), blamed


def speed(people: int, minutes: float) -> tuple[float, float, int]:
    """Return processor seconds for the tables and for the findings of one call, and its rows of samples."""
    call = rtk.simulate("server_trouble", participants=people, minutes=minutes, seed=1).call
    begin = time.process_time()
    rows = len(call.quality)
    tables = time.process_time() - begin
    begin = time.process_time()
    call.findings()
    return tables, time.process_time() - begin, rows


def main(*, small: bool = False, seeds: int | None = None, scenarios: str | None = None) -> None:
    """Print the figures; ``small`` runs a sample of it."""
    seeds = seeds or (2 if small else SEEDS)
    with pd.option_context(
        "display.width", 220, "display.max_columns", 20, "display.max_colwidth", 70, "display.precision", 1
    ):
        table = confusion(seeds, scenarios.split(",") if scenarios else None)
        print(f"{seeds} seeds of every scenario, four people, six minutes\n{table.to_string(index=False)}")
    calm = table[table["scenario"].isin(["clean", "muted", "static_screen_share", "hidden_tab"])]
    print(
        f"false findings of warn or worse per ten calm participant-hours: {calm['strays per 10 h'].mean():.2f} (aim: under 1)"
    )
    if scenarios:
        return
    least, middle, blamed = outages(2 if small else 100)
    print(
        f"14 s outages of two people: IoU at least {least:.2f}, median {middle:.2f} (aim: 0.6); one person blamed in {blamed}"
    )
    tables, findings, rows = speed(*((4, 6) if small else (20, 60)))
    print(f"{rows} rows: tables {tables:.2f} s, findings {findings:.2f} s (aim: less than the tables)")


if __name__ == "__main__":
    main()
