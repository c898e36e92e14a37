"""
Two causes in one call: is each found, with the right person and side, and is somebody innocent accused?

``python -m tests.benchmarks two_causes`` simulates every pair of scenarios that makes sense, with two to five people,
ten seeds each, in both orders. ``--seeds 2 --pairs outage+muted,lossy_uplink+turn_tcp --people 2,3`` samples it (a
name alone is all its pairs), ``--singles`` adds the calls with one cause, ``--jobs 2`` uses two processes. Printed are
the matrix of pairs, the accused, how often each confidence is right, and the cases that failed.
"""

from __future__ import annotations

import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.simulator import SCENARIOS

SEEDS = 10
PEOPLE = (2, 3, 4, 5)
GOOD = ("right", "undecided", "noted", "quiet")
AIMS = {"high": 98, "medium": 85, "low": 60}
NO_REPORT = {"no_report", "broken_report"}


@dataclass(frozen=True)
class Case:
    """One simulated call."""

    scenario: str
    people: int
    seed: int

    def __str__(self) -> str:
        return f"{self.scenario} people={self.people} seed={self.seed}"


@dataclass
class Result:
    """What became of a case: outcomes of the causes, attributions by confidence, and what was wrong in words."""

    case: Case
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    accused: int = 0
    confidence: Counter[tuple[str, bool]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        return all(outcome in GOOD for _, outcome in self.outcomes)


def sensible(one: str, two: str, people: int) -> bool:
    """Tell whether a pair can be told apart at all with that many people."""
    if people < max(SCENARIOS[one].fewest, SCENARIOS[two].fewest):
        return False
    pair = {one, two}
    # of two people, both without a report, or one without a connection: nothing is left to look at
    if people == 2 and (pair <= NO_REPORT or "never_connected" in pair):
        return False
    # what the only sender, or everybody, is too narrow to send, fits through a narrow downlink
    return not (
        pair == {"narrow_downlink", "server_cap"} or (people == 2 and pair == {"narrow_downlink", "narrow_uplink"})
    )


def pairs_of(asked: str | None) -> list[tuple[str, str]]:
    """Read ``--pairs``: all pairs, all of a scenario, or those named."""
    every = list(combinations([name for name in SCENARIOS if name != "clean"], 2))
    if not asked:
        return every
    chosen: list[tuple[str, str]] = []
    for item in asked.split(","):
        names = tuple(name.strip() for name in item.split("+"))
        if unknown := [name for name in names if name not in SCENARIOS]:
            msg = f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}"
            raise SystemExit(msg)
        chosen += [names] if len(names) == 2 else [pair for pair in every if names[0] in pair]  # type: ignore[list-item]
    return chosen


def cases_of(pairs: list[tuple[str, str]], people: tuple[int, ...], seeds: int) -> list[Case]:
    return [
        Case(f"{first}+{second}", count, seed)
        for one, two in pairs
        for count in people
        if sensible(one, two, count)
        for first, second in ((one, two), (two, one))
        for seed in seeds_of((one, two), seeds)
    ]


def seeds_of(pair: tuple[str, str], seeds: int) -> list[int]:
    """Return the pair's own seeds: one seed draws the same person and time for a scenario in every pair."""
    first = 100 * (zlib.crc32("+".join(sorted(pair)).encode()) % 10_000)
    return [first + k for k in range(seeds)]


def singles_of(people: tuple[int, ...], seeds: int) -> list[Case]:
    return [
        Case(name, count, seed)
        for name, scenario in SCENARIOS.items()
        for count in people
        if count >= scenario.fewest
        for seed in range(seeds)
    ]


def judge(case: Case) -> Result:
    """Simulate a case and hold what is found against its truth."""
    call, truth = rtk.simulate(case.scenario, participants=case.people, seed=case.seed)
    causes, attributions = rtk.check_findings(call, truth)
    result = Result(case, list(zip(causes["what"], causes["outcome"], strict=True)))
    for row in causes[~causes["outcome"].isin(GOOD)].to_dict("records"):
        said = "" if pd.isna(row["rule"]) else f": {row['rule']} said {row['said_side']} {row['said_who']}"
        result.wrong.append(
            f"{row['what']} of {row['who']} ({row['side']}) {row['outcome']}{said} ({row['confidence']})"
        )
    began = call.sessions["started_at"].iloc[0]
    for row in attributions.to_dict("records"):
        result.confidence[row["confidence"], row["right"]] += 1
        result.accused += row["innocent"]
        if not row["right"]:
            what = "ACCUSES" if row["innocent"] else "attributes to"
            when = "-".join(f"{(row[edge] - began).total_seconds():.0f}" for edge in ("start", "end"))
            result.wrong.append(f"{row['rule']} {when}s {what} {row['who']} {row['side']} ({row['confidence']})")
    return result


def judge_all(cases: list[Case], jobs: int = 1) -> list[Result]:
    if jobs <= 1:
        return [judge(case) for case in cases]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(judge, cases, chunksize=16))


def matrix(results: list[Result]) -> pd.DataFrame:
    """Return, in percent of calls, how often the row's cause was found beside the column's (alone on the diagonal)."""
    rows = []
    for result in results:
        names = [name for name, _ in result.outcomes]
        for name, outcome in result.outcomes:
            beside = next((other for other in names if other != name), name)
            rows.append((name, beside, outcome in GOOD))
    table = pd.DataFrame(rows, columns=["cause", "beside", "found"])
    shown = table.pivot_table(index="cause", columns="beside", values="found", aggfunc="mean") * 100
    order = [name for name in SCENARIOS if name in set(shown.index) | set(shown.columns)]
    return shown.reindex(index=[n for n in order if n in shown.index], columns=[n for n in order if n in shown.columns])


def single_causes(results: list[Result]) -> pd.DataFrame:
    """Return, in percent of calls, how often each cause was found alone, by the number of people."""
    rows = [(result.case.scenario, result.case.people, result.found and not result.accused) for result in results]
    table = pd.DataFrame(rows, columns=["cause", "people", "right"])
    shown = table.pivot_table(index="cause", columns="people", values="right", aggfunc="mean") * 100
    return shown.reindex([name for name in SCENARIOS if name in shown.index]).round(0)


def confidence(results: list[Result]) -> pd.DataFrame:
    """Return, for each confidence, how many attributions were made and how many are right."""
    total: Counter[tuple[str, bool]] = Counter()
    for result in results:
        total.update(result.confidence)
    rows = []
    for name, aim in AIMS.items():
        right, wrong = total[name, True], total[name, False]
        share = 100 * right / (right + wrong) if right + wrong else float("nan")
        rows.append({"confidence": name, "attributions": right + wrong, "right": right, "right %": share, "aim %": aim})
    return pd.DataFrame(rows)


def by_people(results: list[Result]) -> pd.DataFrame:
    """Return, for each number of people, the causes found and the calls in which an innocent was accused."""
    rows = []
    for result in results:
        causes = [outcome for _, outcome in result.outcomes]
        rows.append(
            {
                "people": result.case.people,
                "calls": 1,
                "causes": len(causes),
                "found": sum(outcome in GOOD for outcome in causes),
                "undecided": causes.count("undecided"),
                "calls accusing": int(result.accused > 0),
            }
        )
    table = pd.DataFrame(rows).groupby("people").sum()
    table.loc["all"] = table.sum()
    table["found %"] = 100 * table["found"] / table["causes"].clip(lower=1)
    table["accusing %"] = 100 * table["calls accusing"] / table["calls"]
    return table


def show(title: str, results: list[Result], failures: int) -> None:
    if not results:
        return
    print(f"\n{title}\n{by_people(results).to_string()}")
    shown = matrix(results).round(0).astype("Int64").astype("string").fillna("")
    print(
        f"\n% found of the row's cause beside the column's\n{shown.rename(columns=lambda name: name[:9]).to_string()}"
    )
    failed = [result for result in results if not result.found or result.accused]
    for result in failed[:failures]:
        print(f"  {result.case}: " + "; ".join(dict.fromkeys(result.wrong)))
    if len(failed) > failures:
        print(f"  … and {len(failed) - failures} more (--failures {len(failed)} shows all)")


def main(
    *,
    small: bool = False,
    seeds: int | None = None,
    pairs: str | None = None,
    people: str | None = None,
    jobs: int = 1,
    failures: int = 40,
    singles: bool = False,
) -> None:
    """Print the figures; ``small`` runs a sample of it."""
    counts = tuple(int(count) for count in people.split(",")) if people else PEOPLE
    count = seeds or (1 if small else SEEDS)
    chosen = pairs or ("outage+muted,lossy_uplink+lossy_downlink" if small else None)
    two = judge_all(cases_of(pairs_of(chosen), counts, count), jobs)
    alone = judge_all(singles_of(counts, count), jobs) if singles or not (pairs or small) else []
    with pd.option_context("display.width", 250, "display.max_columns", 40, "display.precision", 1):
        show(f"two causes, {count} seeds, both orders (aim: 97 % found, 0.3 % accusing)", two, failures)
        show(f"one cause, {count} seeds", alone, failures)
        print(f"\nof the attributions of all these calls\n{confidence(two + alone).to_string(index=False)}")


if __name__ == "__main__":
    main()
