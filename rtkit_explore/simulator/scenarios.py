"""
Twenty things that happen to calls, each declared in a few lines: who, what, when, how bad, and what is to be found.

A scenario draws who, when and how bad from the seed unless told. Scenarios add up: ``SCENARIOS["lossy_uplink"] +
SCENARIOS["muted"]`` happens in one call, to different people where there are enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator.plan import (
    Effect,
    Impair,
    Incident,
    Move,
    Refuse,
    Relay,
    ReportState,
    Share,
    Side,
    Skew,
    SlowDown,
    Switch,
    Unplug,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class ScenarioDraw:
    """
    What a scenario may ask for while it is being laid out in a call.

    Attributes
    ----------
    names
        Who is in the call.
    seconds
        How long it lasts.
    rng
        Source of chance.
    used
        Who has something happening already.
    who, start, length
        What the caller wants; None leaves it to chance.
    """

    names: tuple[str, ...]
    seconds: float
    rng: np.random.Generator
    used: list[str] = field(default_factory=list)
    who: str | None = None
    start: float | None = None
    length: float | None = None

    def someone(self) -> str:
        """Whom it happens to: the person asked for, or one to whom nothing else happens."""
        free = [name for name in self.names if name not in self.used] or list(self.names)
        name = self.who if self.who is not None else free[int(self.rng.integers(0, len(free)))]
        self.used.append(name)
        return name

    def window(self, shortest: float, longest: float) -> tuple[float, float]:
        """When: at least 40 s after the start and, where the call is long enough, 40 s before the end."""
        room = max(20.0, self.seconds - 80.0)
        length = self.length if self.length is not None else min(float(self.rng.uniform(shortest, longest)), room)
        latest = max(40.5, self.seconds - 40.0 - length)
        start = self.start if self.start is not None else float(self.rng.uniform(40.0, latest))
        return round(start, 3), round(min(start + length, self.seconds), 3)

    def between(self, low: float, high: float) -> float:
        """Draw how bad it is."""
        return round(float(self.rng.uniform(low, high)), 4)


@dataclass(frozen=True)
class Cause:
    """One declared cause, with what the caller fixed of it."""

    name: str
    says: str
    declare: Callable[[ScenarioDraw, str], Incident | None]
    fewest: int
    who: str | None = None
    start: float | None = None
    length: float | None = None


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
        """Names of the parts, joined by plus signs."""
        return " + ".join(part.name for part in self.parts)

    @property
    def says(self) -> str:
        """What happens, in plain words."""
        return " ".join(part.says for part in self.parts)

    @property
    def fewest(self) -> int:
        """How many people it takes."""
        return max(part.fewest for part in self.parts)

    def __add__(self, other: Scenario) -> Scenario:
        """Let both happen in the same call."""
        return Scenario(self.parts + other.parts)

    def on(self, who: str | None = None, *, start: float | None = None, seconds: float | None = None) -> Scenario:
        """
        Fix whom it happens to, when it begins (seconds since the session began) and how long it lasts.

        Returns
        -------
        A scenario in which all parts keep to that; what is None is still drawn from the seed.
        """
        changed = (
            replace(
                part,
                who=part.who if who is None else who,
                start=part.start if start is None else start,
                length=part.length if seconds is None else seconds,
            )
            for part in self.parts
        )
        return Scenario(tuple(changed))

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
            Where there are too few people, or the person asked for is not among them.
        """
        if len(names) < self.fewest:
            msg = f"the scenario {self.name!r} takes at least {self.fewest} people, not {len(names)}"
            raise InvalidArgumentError(msg)
        rng = np.random.default_rng([seed, 7])
        used: list[str] = [part.who for part in self.parts if part.who is not None]
        incidents = []
        for part in self.parts:
            if part.who is not None and part.who not in names:
                msg = f"nobody called {part.who!r} is in the call; there are {', '.join(names)}"
                raise InvalidArgumentError(msg)
            stage = ScenarioDraw(tuple(names), seconds, rng, used, part.who, part.start, part.length)
            incident = part.declare(stage, part.name)
            if incident is not None:
                incidents.append(_undecidable(incident) if len(names) == 2 else incident)
        return tuple(incidents)


def _undecidable(incident: Incident) -> Incident:
    """Let a reader of a call of two leave the side open: nobody else could have noticed."""
    return replace(incident, sides=(*incident.sides, "between", "unknown"))


SCENARIOS: dict[str, Scenario] = {}
"""Every scenario by its name."""


def _declared(says: str, *, fewest: int = 2) -> Callable[[Callable[[ScenarioDraw, str], Incident | None]], None]:
    def keep(declare: Callable[[ScenarioDraw, str], Incident | None]) -> None:
        name = declare.__name__.strip("_")
        SCENARIOS[name] = Scenario((Cause(name, says, declare, fewest),))

    return keep


UP: Side = "sender_uplink"
DOWN: Side = "receiver_downlink"
BOTH: Side = "connection"
BROKEN = ("decoder_behind", "frozen", "low_frame_rate", "late_media", "jitter", "keyframe_storm")
"""What lost packets do to pictures and buffers."""
BACKED_OFF = ("bandwidth_limited", "congested", "low_resolution")
"""What a sender does about them; it comes back long after its link."""
GONE = ("nothing_sent", "gap", "reset", "concealment", "loss_in", "round_trip", *BROKEN, *BACKED_OFF)
"""What goes along with silence."""


@_declared("Nothing happens.")
def _clean(_stage: ScenarioDraw, _name: str) -> None:
    return None


@_declared("Somebody's uplink loses packets at random: everyone hears it, the picture is repaired.")
def _lossy_uplink(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(60, 120)
    what = Impair(who, "up", start, end, loss=stage.between(0.07, 0.16))
    rules = ("loss_in", "loss_out", "concealment")
    return Incident(name, who, UP, start, end, rules, "bad", (what,), also=BROKEN + BACKED_OFF)


@_declared("Somebody's downlink loses packets at random: only this person notices, from everyone.")
def _lossy_downlink(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(60, 120)
    what = Impair(who, "down", start, end, loss=stage.between(0.07, 0.16))
    return Incident(name, who, DOWN, start, end, ("loss_in", "concealment"), "bad", (what,), also=BROKEN)


@_declared("Somebody's uplink loses packets in bursts of a few hundred milliseconds.")
def _burst_loss(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(70, 140)
    what = Impair(who, "up", start, end, loss=stage.between(0.09, 0.18), burst_ms=stage.between(100, 240))
    rules = ("loss_in", "loss_out", "concealment")
    return Incident(name, who, UP, start, end, rules, "bad", (what,), also=BROKEN + BACKED_OFF)


@_declared("Somebody's uplink is long and unsteady: words arrive late, none are lost.")
def _delay_and_jitter(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(70, 140)
    what = Impair(who, "up", start, end, delay_ms=stage.between(420, 620), jitter_ms=stage.between(38, 60))
    rules, also = ("round_trip", "jitter", "late_media"), ("concealment",)
    return Incident(name, who, UP, start, end, rules, "bad", (what,), ("between",), also)


@_declared("Somebody's uplink becomes too narrow for the camera.")
def _narrow_uplink(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(60, 120)
    what = Impair(who, "up", start, end, kbps=stage.between(130, 240), queue_ms=300)
    rules = ("bandwidth_limited", "congested", "low_frame_rate", "loss_out", "loss_in")
    also = ("concealment", "round_trip", *BROKEN)
    return Incident(name, who, UP, start, end, rules, "warn", (what,), also=also)


@_declared("Somebody's downlink becomes too narrow for all that the others send.")
def _narrow_downlink(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(60, 120)
    others = len(stage.names) - 1
    what = Impair(who, "down", start, end, kbps=others * stage.between(260, 340), queue_ms=350)
    rules = ("loss_in", "late_media", "concealment", "low_frame_rate", "decoder_behind")
    return Incident(name, who, DOWN, start, end, rules, "bad", (what,), also=("jitter", "frozen", "keyframe_storm"))


@_declared("Somebody's machine is too busy to encode the camera in full.")
def _cpu_bound(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(70, 140)
    what = SlowDown(who, start, end, stage.between(1.8, 2.5))
    return Incident(name, who, "sender", start, end, ("cpu_limited", "low_frame_rate"), "warn", (what,))


@_declared("Somebody's network goes away for a while, and comes back.")
def _outage(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(14, 26)
    what = (Impair(who, "up", start, end, down=True), Impair(who, "down", start, end, down=True))
    rules = ("nothing_received", "reconnects", "frozen", "nothing_sent")
    return Incident(name, who, BOTH, start, end, rules, "bad", what, (UP, DOWN, "receiver", "sender"), GONE)


@_declared("Somebody leaves the Wi-Fi: some seconds of silence, then back over cellular with a new id.")
def _network_switch(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(9, 14)
    rules = ("path_changed", "reconnects", "nothing_received")
    sides: tuple[Side, ...] = (UP, DOWN, "receiver", "sender", "unknown")
    return Incident(name, who, BOTH, start, end, rules, "bad", (Move(who, start, end),), sides, GONE)


@_declared("Somebody sits behind a firewall that lets media through only over a TURN server and TCP.")
def _turn_tcp(stage: ScenarioDraw, name: str) -> Incident:
    who = stage.someone()
    sides: tuple[Side, ...] = (UP, DOWN, "sender", "receiver", "between", "unknown")
    return Incident(name, who, BOTH, 0.0, stage.seconds, ("relayed",), "warn", (Relay(who),), sides)


@_declared("Somebody's headset is unplugged; the built-in microphone takes over after some seconds.")
def _headset_unplugged(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(6, 15)
    return Incident(
        name, who, "sender", start, end, ("device_lost",), "warn", (Unplug(who, start, end),), ("receiver",)
    )


@_declared("Somebody's browser may not use the microphone: nobody ever hears them.")
def _microphone_refused(stage: ScenarioDraw, name: str) -> Incident:
    who = stage.someone()
    return Incident(name, who, "sender", 0.0, stage.seconds, ("device_lost",), "warn", (Refuse(who),), ("receiver",))


@_declared("Somebody mutes the microphone. Nothing is wrong.")
def _muted(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(40, 120)
    return Incident(name, who, "sender", start, end, (), "none", (Switch(who, "audio", start, end),), also=("gap",))


@_declared("Somebody looks at another tab for a while. Nothing is wrong.")
def _hidden_tab(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(40, 110)
    what = Switch(who, "hidden", start, end)
    return Incident(name, who, "receiver", start, end, ("hidden",), "note", (what,), ("sender",), ("gap",))


@_declared("Somebody shares a document that hardly ever changes. Nothing is wrong.")
def _static_screen_share(stage: ScenarioDraw, name: str) -> Incident:
    who, (start, end) = stage.someone(), stage.window(60, 150)
    return Incident(name, who, "sender", start, end, (), "none", (Share(who, start, end),))


@_declared("A media server in trouble loses packets on their way to half of the call, all at once.", fewest=3)
def _server_trouble(stage: ScenarioDraw, name: str) -> Incident:
    start, end = stage.window(50, 110)
    hit = max(3, -(-len(stage.names) // 2))
    order = stage.rng.permutation(len(stage.names))[:hit]
    loss = stage.between(0.1, 0.2)
    what: list[Effect] = [Impair(stage.names[k], "down", start, end, loss=loss) for k in sorted(order.tolist())]
    rules = ("loss_in", "concealment")
    return Incident(name, None, "shared", start, end, rules, "bad", tuple(what), ("between",), BROKEN)


@_declared("Somebody's clock is wrong: what they report is dated wrong by that much.")
def _skewed_clock(stage: ScenarioDraw, name: str) -> Incident:
    who = stage.someone()
    ahead = stage.between(35, 240) * (1 if stage.rng.random() < 0.5 else -1)
    return Incident(
        name, who, "unknown", 0.0, stage.seconds, ("clock_offset",), "note", (Skew(who, ahead),), ("sender", "receiver")
    )


@_declared("Somebody joins from a mobile client that sends no report.")
def _no_report(stage: ScenarioDraw, name: str) -> Incident:
    who = stage.someone()
    return Incident(name, who, "unknown", 0.0, stage.seconds, ("no_report",), "note", (ReportState(who, "missing"),))


@_declared("Somebody's report breaks off in the middle.")
def _broken_report(stage: ScenarioDraw, name: str) -> Incident:
    who = stage.someone()
    return Incident(name, who, "unknown", 0.0, stage.seconds, ("no_report",), "note", (ReportState(who, "broken"),))
