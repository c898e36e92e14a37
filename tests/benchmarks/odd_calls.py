"""
Causes outside of the usual grid: is each found, and is somebody innocent accused?

``python -m tests.benchmarks odd_calls`` draws calls (``--calls 300``, the first of them by ``--seed 0``) whose cause is
mild or severe, lies in the first or last 20 s or fills the call, with 2 to 12 people, with simulcast, while people come
and go, without the fields that Firefox lacks, or beside a wrong clock, a missing report, a screen share, a relay.
Printed is, for each of these aspects, how often the cause was found and how often somebody innocent was accused.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.simulator import SCENARIOS
from rtkit_explore.simulator.devices import NAMES
from rtkit_explore.simulator.plan import Person, Share
from rtkit_explore.simulator.scenarios import Scenario
from tests.benchmarks.two_causes import GOOD, Case, Result, confidence, hold_against

CALLS = 300
SMALL = 12
MINUTES = 5.0
PEOPLE = (2, 3, 4, 5, 7, 9, 12)
PLACES = ("anywhere", "first 20 s", "last 20 s", "whole call")
LEVELS = ("drawn", "mild", "moderate", "severe")
BESIDE = (
    "nothing", "nothing", "no_report", "broken_report", "skewed_clock", "rejoin", "static_screen_share", "moving screen",
    "hidden_tab", "muted", "turn_tcp",
)  # fmt: skip
MOVING_SCREEN = Scenario(
    (
        replace(
            SCENARIOS["static_screen_share"].parts[0],
            effects=lambda it: (Share(it.who, it.start, it.end, static=False),),
        ),
    )
)
SHORT = ("outage", "network_switch", "path_switch", "headset_unplugged", "rejoin")
"""What cannot fill a call: something has to come before or after it."""
GOINGS = ("all stay", "all stay", "three come and go")


@dataclass(frozen=True)
class OddCall:
    """What was drawn of one call, by aspect, and what ``rtk.simulate`` is to be given."""

    seed: int
    aspects: dict[str, object]
    scenario: object
    options: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"seed={self.seed} " + ", ".join(f"{name}: {value}" for name, value in self.aspects.items())


def draw(seed: int) -> OddCall:
    """Draw one call."""
    chance = random.Random(seed)
    cause = chance.choice(sorted(SCENARIOS))
    part = SCENARIOS[cause].parts[0] if SCENARIOS[cause].parts else None
    count = max(chance.choice(PEOPLE), SCENARIOS[cause].fewest)
    going = chance.choice(GOINGS) if count >= 5 else "all stay"
    browser = chance.choice(("mixed", "mixed", "firefox"))
    if cause == "cpu_bound":
        browser = "mixed"  # Firefox does not tell what limits its encoder
    places = PLACES[:-1] if cause in SHORT else PLACES
    place = chance.choice(places) if part is not None and part.lasts is not None else "anywhere"
    level = chance.choice(LEVELS) if part is not None and part.scale is not None else "drawn"
    beside = chance.choice([name for name in BESIDE if name != cause and fits(cause, name, count)])
    names = NAMES[:count]
    movers = names[count - 3 :] if going != "all stay" else ()
    people = [person(name, browser, name in movers, chance) for name in names]
    free = [name for name in names if name not in movers]
    who, other = chance.sample(free, 2)
    scenario = SCENARIOS[cause].on(
        None if part is None or part.shared else who,
        start={"first 20 s": 3.0, "last 20 s": 60 * MINUTES - 22.0, "whole call": 0.0}.get(place),
        seconds={"first 20 s": 17.0, "last 20 s": 20.0, "whole call": 60 * MINUTES}.get(place),
        level=None if level == "drawn" else level,
    )
    if beside == "moving screen":
        scenario += MOVING_SCREEN.on(other)
    elif beside != "nothing":
        scenario += SCENARIOS[beside].on(other)
    simulcast = chance.random() < 0.5
    aspects = {
        "cause": cause, "people": count, "place": place, "level": level, "beside": beside, "goings": going,
        "browser": browser, "simulcast": simulcast,
    }  # fmt: skip
    options = {"participants": people, "minutes": MINUTES, "seed": seed, "simulcast": simulcast}
    return OddCall(seed, aspects, scenario, options)


def fits(cause: str, beside: str, count: int) -> bool:
    """Tell whether a cause can be told beside something else at all: of two people both reports are needed."""
    return (
        not (count == 2 and (beside in ("no_report", "broken_report") or cause in ("no_report", "never_connected")))
        or beside == "nothing"
    )


def person(name: str, browser: str, moves: bool, chance: random.Random) -> Person:
    """Make one of the people; who comes and goes is there for one part of the call."""
    if not moves:
        return Person(name, browser="firefox" if browser == "firefox" else "")
    joins = chance.uniform(20, 150)
    leaves = joins + chance.uniform(60, 140)
    return Person(name, browser="firefox" if browser == "firefox" else "", joins=joins, leaves=leaves)


def judge(seed: int) -> tuple[OddCall, Result]:
    """Simulate a call and hold what is found against its truth."""
    odd = draw(seed)
    call, truth = rtk.simulate(odd.scenario, **odd.options)
    return odd, hold_against(Case(str(odd.aspects["cause"]), len(odd.options["participants"]), seed), call, truth)


def by_aspect(judged: list[tuple[OddCall, Result]]) -> pd.DataFrame:
    """Return, for each value of each aspect, the share of causes found and of calls that accuse an innocent."""
    rows = []
    for odd, result in judged:
        good = [outcome in GOOD for _, outcome in result.outcomes]
        for aspect, value in odd.aspects.items():
            rows.append((aspect, str(value), len(good), sum(good), result.accused > 0))
    table = pd.DataFrame(rows, columns=["aspect", "value", "causes", "found", "accusing"])
    shown = table.groupby(["aspect", "value"], sort=False).agg(
        calls=("causes", "size"), causes=("causes", "sum"), found=("found", "sum"), accusing=("accusing", "sum")
    )
    shown["found %"] = 100 * shown["found"] / shown["causes"].clip(lower=1)
    return shown.sort_index()


def main(*, small: bool = False, calls: int | None = None, seed: int = 0, failures: int = 60) -> None:
    """Print the figures; ``small`` runs a sample of it."""
    count = calls or (SMALL if small else CALLS)
    judged = [judge(one) for one in range(seed, seed + count)]
    causes = sum(len(result.outcomes) for _, result in judged)
    found = sum(outcome in GOOD for _, result in judged for _, outcome in result.outcomes)
    accusing = sum(result.accused > 0 for _, result in judged)
    print(f"{count} odd calls: {found} of {causes} causes found, {accusing} calls accuse somebody innocent")
    with pd.option_context("display.width", 160, "display.max_rows", 200, "display.precision", 1):
        print(by_aspect(judged).to_string())
        print(f"\nof the attributions of these calls\n{confidence([one for _, one in judged]).to_string(index=False)}")
    failed = [(odd, result) for odd, result in judged if not result.found or result.accused]
    for odd, result in failed[:failures]:
        print(f"  {odd}: " + "; ".join(dict.fromkeys(result.wrong)))


if __name__ == "__main__":
    main()
