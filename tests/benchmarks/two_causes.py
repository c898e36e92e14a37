"""
Two causes in one call: is each found, with the right person and side, and is somebody innocent accused?

``python -m tests.benchmarks two_causes`` simulates every pair of scenarios that makes sense, with two to five people,
ten seeds each, in both orders. ``--seeds 2 --pairs outage+muted,lossy_uplink+turn_tcp --people 2,3`` samples it (a
name alone is all its pairs), ``--singles`` adds the calls with one cause, ``--jobs 2`` uses two processes. Printed are
the matrix of pairs, the accused, how often each confidence is right, and the cases that failed.

Where both orders come to the same call (the order decides only who is chosen first) it is judged once and counted for
both. The whole is about 26,000 calls. ``--out FILE`` appends each result to a file of JSON lines and reads from it what the
same code had already judged, so that a run can be stopped (``--minutes 8`` stops it) and taken up again; what is
printed are all results in the file. One seed of every pair comes after the other; ``--seed 4`` begins with the fifth.
"""

from __future__ import annotations

import gc
import hashlib
import json
import time
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.simulator import SCENARIOS
from rtkit_explore.simulator.devices import NAMES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

SEEDS = 10
PEOPLE = (2, 3, 4, 5)
GOOD = ("right", "undecided", "noted", "quiet")
AIMS = {"high": 98, "medium": 85, "low": 60}
NO_REPORT = {"no_report", "broken_report"}
SECONDS = 360.0
"""How long a simulated call lasts unless told otherwise."""
CHUNK = 32
"""Calls that are judged between two looks at the clock."""


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
    seconds: float = 0.0
    """Of processor time."""

    def to_line(self, code: str) -> str:
        counted = [[name, right, count] for (name, right), count in sorted(self.confidence.items())]
        return json.dumps({"code": code, **asdict(self), "confidence": counted})

    @classmethod
    def from_line(cls, line: dict) -> Result:
        return cls(
            case=Case(**line["case"]),
            outcomes=[(what, outcome) for what, outcome in line["outcomes"]],
            accused=line["accused"],
            confidence=Counter({(name, right): count for name, right, count in line["confidence"]}),
            wrong=line["wrong"],
            seconds=line["seconds"],
        )

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


def cases_of(pairs: list[tuple[str, str]], people: tuple[int, ...], seeds: int, begin: int = 0) -> list[Case]:
    return [
        Case(f"{first}+{second}", count, first_seed_of((one, two)) + k)
        for count in people
        for k in range(begin, begin + seeds)
        for one, two in pairs
        if sensible(one, two, count)
        for first, second in ((one, two), (two, one))
    ]


def first_seed_of(pair: tuple[str, str]) -> int:
    """Return where the pair's own seeds begin: one seed draws the same person and time for a scenario in every pair."""
    return 100 * (zlib.crc32("+".join(sorted(pair)).encode()) % 10_000)


def singles_of(people: tuple[int, ...], seeds: int, begin: int = 0) -> list[Case]:
    return [
        Case(name, count, seed)
        for name, scenario in SCENARIOS.items()
        for count in people
        if count >= scenario.fewest
        for seed in range(begin, begin + seeds)
    ]


def judge(case: Case) -> Result:
    """Simulate a case and hold what is found against its truth."""
    began_at = time.process_time()
    call, truth = rtk.simulate(case.scenario, participants=case.people, seed=case.seed)
    result = hold_against(case, call, truth)
    result.seconds = time.process_time() - began_at
    return result


def hold_against(case: Case, call: rtk.Call, truth: pd.DataFrame) -> Result:
    """Hold what is found in a call against its truth."""
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


def happening(case: Case) -> Hashable:
    """Return what happens in a call, whatever the order of its causes: of equal ones only one has to be simulated."""
    names = NAMES[: case.people]
    scenario = sum((SCENARIOS[name] for name in case.scenario.split("+")), start=SCENARIOS["clean"])
    return case.people, case.seed, frozenset(scenario.lay_out(names, SECONDS, case.seed))


def unlike(cases: list[Case], known: dict[Case, Result]) -> tuple[list[Case], dict[Case, Case]]:
    """Leave out the cases that come to the same call as another; return which stands for which."""
    stands: dict[Hashable, Case] = {happening(case): case for case in known}
    left, same = [], {}
    for case in cases:
        first = stands.setdefault(happening(case), case)
        if first == case:
            left.append(case)
        else:
            same[case] = first
    return left, same


def judge_all(cases: list[Case], jobs: int = 1, out: str | None = None, minutes: float | None = None) -> list[Result]:
    """Judge cases, leaving out those that the same code has judged before, and stop after so many minutes."""
    code = code_of_package()
    known = dict(results_in(Path(out), code)) if out else {}
    left, same = unlike(
        [case for case in cases if case not in known], {one: known[one] for one in cases if one in known}
    )
    until = time.monotonic() + 60 * minutes if minutes else float("inf")
    usual = gc.get_threshold()
    seldom_collect()
    pool = ProcessPoolExecutor(jobs, initializer=seldom_collect) if jobs > 1 else None
    try:
        for first in range(0, len(left), CHUNK):
            if time.monotonic() >= until:
                break
            chunk = left[first : first + CHUNK]
            made = list(pool.map(judge, chunk, chunksize=4) if pool else map(judge, chunk))
            known |= {result.case: result for result in made}
            if out:
                with Path(out).open("a") as file:
                    file.writelines(result.to_line(code) + "\n" for result in made)
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
        if pool:
            pool.shutdown()
    for case, like in same.items():
        if like in known:
            known[case] = replace(known[like], case=case, seconds=0.0)
    return [known[case] for case in cases if case in known]


def seldom_collect() -> None:
    """Look for garbage less often: what was imported is none, and looking at it takes a sixth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def results_in(path: Path, code: str) -> Iterator[tuple[Case, Result]]:
    """Read the results of a code; a last line that was cut off when a run was stopped is left out."""
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if read["code"] == code:
            result = Result.from_line(read)
            yield result.case, result


def code_of_package() -> str:
    """Return a short hash of the package's sources: other code may judge otherwise."""
    folder = Path(rtk.__file__).parent
    parts = ("accuracy.py", "call.py", "findings", "measures", "simulator", "table_schema", "tables")
    files = sorted(file for part in parts for file in (folder / part, *(folder / part).rglob("*.py")) if file.is_file())
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def coverage(cases: list[Case], results: Iterable[Result]) -> str:
    """Say how much of what was asked for was judged, by the number of people, and what it took."""
    results = list(results)
    asked, done = Counter(case.people for case in cases), Counter(result.case.people for result in results)
    parts = [f"{count} people: {done[count]:,} of {asked[count]:,} calls" for count in sorted(asked)]
    each = 1000 * sum(result.seconds for result in results) / max(1, len(results))
    return f"{'; '.join(parts)}; {each:.0f} ms of processor time each"


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
    out: str | None = None,
    minutes: float | None = None,
    seed: int = 0,
) -> None:
    """Print the figures; ``small`` runs a sample of it."""
    counts = tuple(int(count) for count in people.split(",")) if people else PEOPLE
    count = seeds or (1 if small else SEEDS)
    chosen = pairs or ("outage+muted,lossy_uplink+lossy_downlink" if small else None)
    until = time.monotonic() + 60 * (minutes or 0)
    first = singles_of(counts, count, seed) if singles or not (pairs or small) else []
    second = cases_of(pairs_of(chosen), counts, count, seed)
    alone = judge_all(first, jobs, out, minutes)
    left = max(0.001, (until - time.monotonic()) / 60) if minutes else None
    two = judge_all(second, jobs, out, left)
    print(f"one cause: {coverage(first, alone)}\ntwo causes: {coverage(second, two)}")
    with pd.option_context("display.width", 250, "display.max_columns", 40, "display.precision", 1):
        show(f"two causes, {count} seeds, both orders (aim: 97 % found, 0.3 % accusing)", two, failures)
        show(f"one cause, {count} seeds", alone, failures)
        print(f"\nof the attributions of all these calls\n{confidence(two + alone).to_string(index=False)}")


if __name__ == "__main__":
    main()
