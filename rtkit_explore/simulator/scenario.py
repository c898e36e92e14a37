"""
What a scenario is: causes, each with who, what, when and how bad, drawn from the seed unless told.

A scenario draws person, time and level from the seed unless told, each on its own: fixing one leaves the others, and
the same seed hits different people in different scenarios. Scenarios add up: ``SCENARIOS["lossy_uplink"] +
SCENARIOS["muted"]`` happens in one call, to different people where there are enough.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator.levels import (
    Level,
    Scale,
    clock_words,
    seconds_of,
)
from rtkit_explore.simulator.plan import (
    Effect,
    Incident,
    Severity,
    Side,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass
class ScenarioDraw:
    """
    What was decided of a scenario in one call, handed to the function that turns it into effects.

    Attributes
    ----------
    names
        Who is in the call.
    who
        Whom it happens to; an empty string where it happens to several.
    start, end
        Seconds since the session began.
    level
        How bad, in the unit of the scenario's scale; 0 where it has none.
    rng
        Source of chance for what is neither person, time nor level.
    """

    names: tuple[str, ...]
    who: str
    start: float
    end: float
    level: float
    rng: np.random.Generator

    def between(self, low: float, high: float) -> float:
        """Draw a detail."""
        return round(float(self.rng.uniform(low, high)), 4)


@dataclass(frozen=True)
class Cause:
    """
    One declared cause, with what the caller fixed of it.

    Attributes
    ----------
    name, says
        What it is called, and what happens in plain words.
    effects
        What it does to a call.
    side
        Where the fault lies: the correct answer.
    rules, also
        Rules that name the cause, and those that may fire as its consequence.
    severity
        How bad an honest judge calls it at a moderate level.
    lasts
        Shortest and longest, s; None for the whole call.
    scale
        What its level measures; None where it has none.
    noticed
        Who notices: the "others", the person ("self"), "everyone", "nobody", or "hit" (those with an effect).
    told
        What happened, with {who}, {level} and {others} to fill in.
    fewest
        How many people it takes.
    shared
        Whether it is a shared cause, which happens to no single person.
    open_side
        Whether the documents leave the side open even with several people in the call.
    """

    name: str
    says: str
    effects: Callable[[ScenarioDraw], tuple[Effect, ...]]
    side: Side
    rules: tuple[str, ...]
    severity: Severity
    told: str
    lasts: tuple[float, float] | None = None
    scale: Scale | None = None
    also: tuple[str, ...] = ()
    noticed: str = "nobody"
    fewest: int = 2
    shared: bool = False
    open_side: bool = False
    who: str | None = None
    start: float | None = None
    length: float | None = None
    level: Level | None = None


@dataclass(frozen=True)
class Scenario:
    """
    What happens in a call: one declared cause or several.

    Attributes
    ----------
    parts
        The causes, in the order in which they are laid out.
    """

    parts: tuple[Cause, ...]

    @property
    def name(self) -> str:
        """Names of the parts, joined by plus signs; clean where there are none."""
        return " + ".join(part.name for part in self.parts) or "clean"

    @property
    def says(self) -> str:
        """What happens, in plain words."""
        return " ".join(part.says for part in self.parts) or "Nothing happens."

    @property
    def fewest(self) -> int:
        """How many people it takes."""
        return max((part.fewest for part in self.parts), default=2)

    def __add__(self, other: Scenario) -> Scenario:
        """Let both happen in the same call."""
        return Scenario(self.parts + other.parts)

    def on(
        self,
        who: str | Mapping[str, str] | None = None,
        *,
        start: float | str | Mapping[str, float | str] | None = None,
        seconds: float | str | Mapping[str, float | str] | None = None,
        level: Level | Mapping[str, Level] | None = None,
    ) -> Scenario:
        """
        Fix whom it happens to, when, for how long and how badly.

        Parameters
        ----------
        who
            Display name.
        start
            When it begins: seconds since the session began, or "1:30".
        seconds
            How long it lasts.
        level
            How bad: a number in the scenario's unit, with a unit ("5 %", "400 ms", "200 kbit/s"), or "mild",
            "moderate", "severe".

        Returns
        -------
        A scenario whose parts all have these values; what is None is still drawn from the seed. For several parts each
        argument may be a dictionary by scenario name.

        Raises
        ------
        InvalidArgumentError
            If a part has no level or no time, or a dictionary names a scenario that is not among the parts.
        """
        for argument in (who, start, seconds, level):
            self._known(argument)
        parts = []
        for part in self.parts:
            person, begin = _for(who, part.name), _for(start, part.name)
            length, bad = _for(seconds, part.name), _for(level, part.name)
            if part.shared and person is not None:
                msg = f"{part.name!r} happens to nobody in particular; leave the person out"
                raise InvalidArgumentError(msg)
            if bad is not None and part.scale is None:
                with_one = ", ".join(name for name, other in SCENARIOS.items() if any(p.scale for p in other.parts))
                msg = f"{part.name!r} has no level; these have one: {with_one}"
                raise InvalidArgumentError(msg)
            if part.lasts is None and (begin is not None or length is not None):
                msg = f"{part.name!r} lasts the whole call; leave start and seconds out"
                raise InvalidArgumentError(msg)
            parts.append(
                replace(
                    part,
                    who=part.who if person is None else person,
                    start=part.start if begin is None else seconds_of(begin, "start"),
                    length=part.length if length is None else seconds_of(length, "seconds"),
                    level=part.level if bad is None else bad,
                )
            )
        return Scenario(tuple(parts))

    def _known(self, argument: object) -> None:
        if not isinstance(argument, dict):
            return
        names = {part.name for part in self.parts}
        if unknown := [name for name in argument if name not in names]:
            msg = f"{', '.join(map(repr, unknown))} is not part of this scenario, which is {self.name}"
            raise InvalidArgumentError(msg)

    def lay_out(self, names: Sequence[str], seconds: float, seed: int) -> tuple[Incident, ...]:
        """
        Decide who, when and how bad.

        Parameters
        ----------
        names
            Who is in the call.
        seconds
            How long it lasts.
        seed
            Of every choice that was left open.

        Returns
        -------
        The incidents, ready for a :class:`~rtkit_explore.simulator.plan.CallPlan`.

        Raises
        ------
        InvalidArgumentError
            If there are too few people, the person asked for is not among them, or a start is after the end.
        """
        if len(names) < self.fewest:
            msg = f"the scenario {self.name!r} takes at least {self.fewest} people, not {len(names)}"
            raise InvalidArgumentError(msg)
        used = [part.who for part in self.parts if part.who is not None]
        incidents = []
        for k, part in enumerate(self.parts):
            if part.who is not None and part.who not in names:
                msg = f"nobody called {part.who!r} is in the call; there are {', '.join(names)}"
                raise InvalidArgumentError(msg)
            again = sum(earlier.name == part.name for earlier in self.parts[:k])
            incidents.append(_lay_out(part, tuple(names), seconds, (seed, again), used))
        silent = sum(part.name == "never_connected" for part in self.parts)
        if len(names) - silent <= 2:
            # with two people, no third one could have noticed: a careful reader may leave the side open
            return tuple(replace(incident, sides=("between", "unknown")) for incident in incidents)
        return tuple(incidents)


def _for(argument: object, name: str) -> Any:
    return argument.get(name) if isinstance(argument, dict) else argument


def _lay_out(part: Cause, names: tuple[str, ...], seconds: float, seed: tuple[int, int], used: list[str]) -> Incident:
    """Decide one cause; ``used`` are those to whom something happens already."""

    def chance(aspect: str) -> np.random.Generator:
        # a source of its own for each choice: person, time and level do not move with one another
        return np.random.default_rng([*seed, zlib.crc32(f"{part.name} {aspect}".encode())])

    who = part.who or ""
    if not part.shared and not who:
        free = [name for name in names if name not in used] or list(names)
        who = free[int(chance("who").integers(0, len(free)))]
        used.append(who)
    start, end = _window(part, seconds, chance("when"))
    others = len(names) - 1
    level = _level(part, others, chance("level"))
    drawn = ScenarioDraw(names, who, start, end, level, chance("details"))
    effects = part.effects(drawn)
    sides: tuple[Side, ...] = ("between", "unknown") if part.open_side else ()
    return Incident(
        what=part.name,
        who=None if part.shared else who,
        side=part.side,
        start=start,
        end=end,
        rules=part.rules,
        severity=_severity(part, level, others),
        effects=effects,
        sides=sides,
        also=part.also,
        level=level if part.scale else None,
        unit=part.scale.unit if part.scale else "",
        magnitude=part.scale.words(level) if part.scale else "",
        noticed_by=_noticed(part, names, who, effects),
        explanation=_told(part, drawn),
    )


def _window(part: Cause, seconds: float, rng: np.random.Generator) -> tuple[float, float]:
    """When: at least 40 s after the start and, where the call is long enough, 40 s before the end."""
    if part.lasts is None:
        return 0.0, seconds
    room = max(20.0, seconds - 80.0)
    length = min(float(rng.uniform(*part.lasts)), room)
    place = float(rng.uniform())
    length = part.length if part.length is not None else length
    latest = max(40.5, seconds - 40.0 - length)
    start = part.start if part.start is not None else 40.0 + place * (latest - 40.0)
    if start >= seconds:
        msg = f"{part.name!r} begins {start:g} s into a call of {seconds:g} s; choose an earlier start or more minutes"
        raise InvalidArgumentError(msg)
    return round(start, 3), round(min(start + length, seconds), 3)


def _level(part: Cause, others: int, rng: np.random.Generator) -> float:
    if part.scale is None:
        return 0.0
    if part.level is not None:
        return part.scale.read(part.level, part.name, others)
    value = float(rng.uniform(*part.scale.usual))
    value = value * others if part.scale.each_other else value
    return round(round(value / part.scale.step) * part.scale.step, 4)


def _severity(part: Cause, level: float, others: int) -> Severity:
    """How bad it is at that level: as declared from moderate on, warn from mild on, and below nothing to be found."""
    if part.scale is None or part.severity in ("none", "note"):
        return part.severity
    sign = 1.0 if part.scale.worse_is == "more" else -1.0
    value = level / others if part.scale.each_other else level
    if sign * value >= sign * part.scale.moderate:
        return part.severity
    return "warn" if sign * value >= sign * part.scale.mild else "none"


def _noticed(part: Cause, names: tuple[str, ...], who: str, effects: tuple[Effect, ...]) -> tuple[str, ...]:
    hit = {effect.who for effect in effects}
    chosen = {
        "others": [name for name in names if name != who],
        "self": [who],
        "everyone": list(names),
        "hit": [name for name in names if name in hit],
    }
    return tuple(chosen.get(part.noticed, ()))


def _told(part: Cause, drawn: ScenarioDraw) -> str:
    """Say what happened in plain words: when, to whom, how bad, and who noticed."""
    when = "" if part.lasts is None else f"From {clock_words(drawn.start)} to {clock_words(drawn.end)} "
    others = [name for name in drawn.names if name != drawn.who]
    named = others[0] if len(others) == 1 else ", ".join(others[:-1]) + " and " + others[-1]
    level = part.scale.words(drawn.level) if part.scale else ""
    text = part.told.format(who=drawn.who, others=named, level=level)
    return when + text if when else text[0].upper() + text[1:]


SCENARIOS: dict[str, Scenario] = {"clean": Scenario(())}
"""Every scenario by its name, once ``scenarios`` has declared them."""


def declare(*causes: Cause) -> None:
    """Make a scenario of each cause."""
    SCENARIOS.update({cause.name: Scenario((cause,)) for cause in causes})
