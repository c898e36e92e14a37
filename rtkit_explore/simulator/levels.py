"""How bad and when, as people write it: "5 %", "400 ms", "200 kbit/s", "severe"; "1:30", "90 s"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from rtkit_explore.errors import InvalidArgumentError

Level = float | str
"""A number in the scenario's own unit, a number with a unit, or "mild", "moderate", "severe"."""

WORDS = ("mild", "moderate", "severe")
_NUMBER = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?)\s*(.*?)\s*")
_CLOCK = re.compile(r"\s*(?:(\d+):)?(\d{1,3}):(\d{2}(?:\.\d+)?)\s*")
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "min": 60.0, "m": 60.0, "minutes": 60.0, "ms": 0.001}


@dataclass(frozen=True)
class Scale:
    """
    What the level of a scenario measures.

    Attributes
    ----------
    of
        What is measured, for messages: "share of packets lost".
    unit
        Unit of the number that is simulated.
    mild, moderate, severe
        What the words stand for, in that unit; moderate is where an honest judge calls it bad.
    usual
        Least and most that the seed draws.
    units
        What may stand behind a number, with what it is multiplied by.
    shown
        How a level is written in the truth: "{percent:.2g} % of packets" or "{value:.0f} ms".
    most
        Largest number that makes sense; the least is above zero.
    each_other
        Whether the numbers above are for each other person in the call, who all share what is measured.
    step
        What a drawn level is rounded to.
    """

    of: str
    unit: str
    mild: float
    moderate: float
    severe: float
    usual: tuple[float, float]
    shown: str
    units: dict[str, float] = field(default_factory=dict)
    most: float = float("inf")
    each_other: bool = False
    step: float = 0.0001

    @property
    def worse_is(self) -> Literal["more", "less"]:
        """Whether more of it is worse (loss) or less (kbit/s)."""
        return "more" if self.severe > self.mild else "less"

    def words(self, value: float) -> str:
        """Write a level: "8 % of packets"."""
        return self.shown.format(value=value, percent=100 * value)

    def read(self, level: Level, scenario: str, others: int) -> float:
        """
        Read a level.

        Parameters
        ----------
        level
            A word, a number, or a number with a unit.
        scenario
            Whose level it is, for the message.
        others
            How many other people are in the call.

        Returns
        -------
        The number that is simulated.

        Raises
        ------
        InvalidArgumentError
            If it is none of those, or out of range.
        """
        if isinstance(level, str) and level.strip().lower() in WORDS:
            value = float(getattr(self, level.strip().lower()))
            return value * others if self.each_other else value
        examples = f'for example {self.moderate:g}, "{self._example()}" or "severe"'
        if isinstance(level, str):
            found = _NUMBER.fullmatch(level)
            unit = found[2].lower() if found else None
            if found is None or unit not in {"", *self.units}:
                msg = f"the level of {scenario!r} is a {self.of}, {examples}; not {level!r:.80}"
                raise InvalidArgumentError(msg)
            value = float(found[1].replace(",", ".")) * self.units.get(unit or "", 1.0)
        elif isinstance(level, int | float):
            value = min(level, 2 * self.most) * 1.0  # a whole number may be larger than a float can be
        else:
            value = 0.0
        if not 0 < value <= self.most:
            span = f"above 0 and at most {self.most:g}"
            msg = f"the level of {scenario!r} is a {self.of} {span}, {examples}; not {level!r:.80}"
            raise InvalidArgumentError(msg)
        return value

    def _example(self) -> str:
        unit, factor = next(iter(self.units.items()), ("", 1.0))
        return f"{self.moderate / factor:g} {unit}".strip()


LOSS = Scale("share of packets lost", "share", 0.04, 0.08, 0.16, (0.07, 0.16), "{percent:.2g} % of the packets",
             {"%": 0.01, "percent": 0.01, "pct": 0.01}, most=0.9)  # fmt: skip
BURSTS = Scale("share of packets lost", "share", 0.05, 0.09, 0.18, (0.09, 0.18), "{percent:.2g} % of the packets",
               {"%": 0.01, "percent": 0.01, "pct": 0.01}, most=0.9)  # fmt: skip
DELAY = Scale("delay", "ms", 320, 420, 620, (420, 620), "{value:.0f} ms", {"ms": 1.0, "s": 1000.0}, most=5000)
BOTH_DELAYS = Scale("delay each way", "ms", 170, 260, 400, (260, 400), "{value:.0f} ms",
                    {"ms": 1.0, "s": 1000.0}, most=5000)  # fmt: skip
_RATES = {"kbit/s": 1.0, "kbps": 1.0, "kbits/s": 1.0, "mbit/s": 1000.0, "mbps": 1000.0}
UPLINK = Scale("rate", "kbit/s", 300, 240, 130, (130, 240), "{value:.0f} kbit/s", _RATES)
DOWNLINK = Scale("rate", "kbit/s", 380, 340, 260, (260, 340), "{value:.0f} kbit/s", _RATES, each_other=True)
CAP = Scale("rate", "kbit/s", 500, 400, 300, (300, 520), "{value:.0f} kbit/s", _RATES, step=10)
SLOWER = Scale("factor by which the machine is too slow", "times", 1.5, 1.8, 2.5, (1.8, 2.5), "{value:.2g} times",
               {"times": 1.0, "x": 1.0}, most=20)  # fmt: skip
STALLS = Scale("mean length of a stall", "ms", 150, 250, 450, (250, 450), "stalls of {value:.0f} ms on average",
               {"ms": 1.0, "s": 1000.0}, most=700)  # fmt: skip


def seconds_of(when: float | str, name: str = "start") -> float:
    """
    Read a time within the call or a length: 90, "1:30", "1:02:30", "90 s", "1.5 min".

    Parameters
    ----------
    when
        A number of seconds or a text.
    name
        Name of the argument, for the message.

    Returns
    -------
    Seconds, not negative.

    Raises
    ------
    InvalidArgumentError
        If it is neither.
    """
    seconds: float | None = None
    if isinstance(when, str):
        if clock := _CLOCK.fullmatch(when):
            seconds = 3600.0 * int(clock[1] or 0) + 60.0 * int(clock[2]) + float(clock[3])
        elif (number := _NUMBER.fullmatch(when)) and number[2].lower() in _SECONDS:
            seconds = float(number[1].replace(",", ".")) * _SECONDS[number[2].lower()]
    elif not isinstance(when, bool):
        seconds = float(when)
    if seconds is None or not 0 <= seconds < float("inf"):
        msg = f'{name} is in seconds since the session began, 90, "1:30" or "90 s", not {when!r}'
        raise InvalidArgumentError(msg)
    return seconds


def clock_words(seconds: float) -> str:
    """Write a time within the call: 100 s is "1:40"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
