"""Simulating one call by the name of what happens in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator.devices import NAMES
from rtkit_explore.simulator.encoder import SHAPES
from rtkit_explore.simulator.engine import SimulatedCall, run
from rtkit_explore.simulator.plan import CallPlan, Person
from rtkit_explore.simulator.scenarios import SCENARIOS, Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rtkit_explore.simulator.levels import Level

MOST_PEOPLE, LONGEST_MINUTES = 500, 24 * 60
"""What a simulated call is at most: each of 500 people receives 499 others."""
STARTED = 1795168800.0
"""Begin of a simulated session unless told: 2026-11-20T10:00:00Z."""


def scenario_named(what: str | Scenario | Sequence[str | Scenario]) -> Scenario:
    """
    Find a scenario, or put several together.

    Parameters
    ----------
    what
        A name (spaces, hyphens and underscores are one), names joined by ``+``, a scenario, or a list of those.

    Returns
    -------
    The scenario.

    Raises
    ------
    InvalidArgumentError
        If there is no scenario of that name; the message lists all.
    """
    if isinstance(what, Scenario):
        return what
    names = what.split("+") if isinstance(what, str) else list(what) if isinstance(what, list | tuple) else [what]
    found: list[Scenario] = []
    for name in names:
        if isinstance(name, Scenario):
            found.append(name)
            continue
        key = name.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(name, str) else None
        if key not in SCENARIOS:
            msg = f"there is no scenario {name!r:.80}; there are {', '.join(SCENARIOS)}"
            raise InvalidArgumentError(msg)
        found.append(SCENARIOS[key])
    together = SCENARIOS["clean"]
    for scenario in found:
        together = together + scenario
    return together


def simulate_documents(
    scenario: str | Scenario | Sequence[str | Scenario] = "clean",
    *,
    on: str | Mapping[str, str] | None = None,
    start: float | str | Mapping[str, float | str] | None = None,
    seconds: float | str | Mapping[str, float | str] | None = None,
    level: Level | Mapping[str, Level] | None = None,
    participants: int | Sequence[str | Person] = 4,
    minutes: float = 6.0,
    seed: int = 0,
    direct: bool = False,
    simulcast: bool = False,
    shape: str = "camera",
    started: float = STARTED,
    title: str | None = None,
) -> SimulatedCall:
    """
    Simulate a call and return its documents with the truth about it.

    Parameters
    ----------
    scenario
        What happens: a name of :data:`SCENARIOS`, several joined by ``+``, a scenario, or a list of those.
    on, start, seconds, level
        Whom it happens to, when, for how long and how badly, as in :meth:`Scenario.on`; None leaves it to the seed.
    participants
        How many people, or who. There are 26 names before numbers are added.
    minutes
        Length of the session.
    seed
        Of everything that is left to chance; the same seed gives the same bytes.
    direct
        Two people without a media server.
    simulcast
        Cameras send three layers, and the server forwards the one that fits.
    shape
        Camera and encoder: a name of :data:`~rtkit_explore.simulator.encoder.SHAPES`.
    started
        Begin of the session, epoch seconds.
    title
        Name of the meeting.

    Returns
    -------
    Documents, truth and the ledger of packets.

    Raises
    ------
    InvalidArgumentError
        If a name is unknown, there are too few people, or the length is not a valid one.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        msg = f"seed is a whole number, not {seed!r:.80}"
        raise InvalidArgumentError(msg)
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not minutes <= LONGEST_MINUTES:
        msg = f"minutes is a number of at most {LONGEST_MINUTES}, not {minutes!r:.80}"
        raise InvalidArgumentError(msg)
    chosen = scenario_named(scenario)
    if any(wanted is not None for wanted in (on, start, seconds, level)):
        chosen = chosen.on(on, start=start, seconds=seconds, level=level)
    people = _people(participants)
    if direct and len(people) != 2:
        msg = f"a direct call is between two people, not {len(people)}"
        raise InvalidArgumentError(msg)
    if minutes < 1:
        msg = f"a simulated call lasts at least a minute, not {minutes:g}"
        raise InvalidArgumentError(msg)
    if shape not in SHAPES:
        msg = f"there is no camera {shape!r}; there are {', '.join(SHAPES)}"
        raise InvalidArgumentError(msg)
    names = [person.name for person in people]
    return run(
        CallPlan(
            people=people,
            seconds=minutes * 60.0,
            incidents=chosen.lay_out(names, minutes * 60.0, seed),
            seed=seed,
            shape=shape,
            direct=direct,
            simulcast=simulcast,
            started=started,
            slow_reports=direct or seed % 2 == 1,
            mixed_browsers=True,
            first_pairs=True,
            title=title if title is not None else chosen.name.replace("_", " "),
        )
    )


def _people(participants: int | Sequence[str | Person]) -> tuple[Person, ...]:
    if isinstance(participants, int):
        if not 2 <= participants <= MOST_PEOPLE:
            msg = f"a call takes two people or more, and at most {MOST_PEOPLE}, not {participants!r:.80}"
            raise InvalidArgumentError(msg)
        rounds = -(-participants // len(NAMES))
        numbered = [name if r == 0 else f"{name} {r + 1}" for r in range(rounds) for name in NAMES]
        return tuple(Person(name) for name in numbered[:participants])
    listed = list(participants) if isinstance(participants, list | tuple) else []
    people = tuple(Person(p) if isinstance(p, str) else p for p in listed if isinstance(p, str | Person))
    if len(people) != len(listed):
        people = ()
    if len({p.name for p in people}) != len(people) or len(people) < 2:
        msg = "participants must be two or more different names"
        raise InvalidArgumentError(msg)
    return people
