"""Who is in the call, and when: each participant id with its links, switches and clock, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.simulator.link import Link, cover, stalls
from rtkit_explore.simulator.plan import (
    SAMPLE_STEPS,
    STEP,
    Cap,
    Impair,
    Move,
    NeverConnect,
    Person,
    Refuse,
    Rejoin,
    Relay,
    ReportState,
    Reroute,
    Share,
    Skew,
    SlowDown,
    Stall,
    Switch,
    Unplug,
)

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

    from rtkit_explore.simulator.plan import CallPlan

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass
class ParticipantState:
    """
    One participant id: somebody between one joining and the leaving that belongs to it.

    Attributes
    ----------
    person
        Who it is.
    peer_id
        Participant id, which is the peer id of the report.
    join, leave
        First step and the step after the last.
    first_tick
        Step of the first sample.
    offset
        How far the client's clock is ahead, s.
    fine
        Offset within a step at which this client's clock ticks, s: its samples are not on the second.
    up, down
        The network.
    slow
        Processor factor per step.
    microphone, camera, hidden, screen
        What is on, per step.
    silent
        Steps in which the microphone in use gives nothing.
    relay, cellular
        The kind of path.
    connected
        Whether ICE ever came up.
    reroute
        The change of path, where there is one.
    cap_kbps
        What the server lets this participant send of video.
    firefox
        Whether the browser is Firefox, which lacks some fields.
    queue_ms, frame_ms
        Delay in the uplink's queue, and the time that a video frame takes over it; set when the sender has run.
    down_queue_ms
        Delay in the downlink's queue; set when all senders have run.
    """

    person: Person
    peer_id: str
    join: int
    leave: int
    first_tick: int
    offset: float
    fine: float
    up: Link
    down: Link
    slow: Floats
    microphone: Flags
    camera: Flags
    hidden: Flags
    screen: Flags
    silent: Flags
    static: bool = True
    relay: bool = False
    cellular: bool = False
    rejoined: bool = False
    moves: bool = False
    report: str = "whole"
    refused: str = ""
    connected: bool = True
    reroute: Reroute | None = None
    cap_kbps: float = float("inf")
    firefox: bool = False
    queue_ms: Floats = field(default_factory=lambda: np.zeros(0))
    frame_ms: Floats = field(default_factory=lambda: np.zeros(0))
    down_queue_ms: Floats = field(default_factory=lambda: np.zeros(0))
    effects: list[object] = field(default_factory=list)

    @property
    def present(self) -> Flags:
        """Steps in which media can flow: from a second after joining until the leaving."""
        flags = np.zeros(self.slow.size, dtype=bool)
        flags[self.join + 2 : self.leave] = True
        return flags

    def ticks(self) -> NDArray[np.int64]:
        """Step numbers at which this client takes its samples."""
        return np.arange(self.first_tick, self.leave + 1, SAMPLE_STEPS)


@dataclass(frozen=True)
class Home:
    """Somebody's everyday network, each way, and the step within a sample at which their client's timer fires."""

    delay_ms: float
    jitter_ms: float
    phase: int


def new_id(chance: random.Random) -> str:
    """Make an id in the usual form out of the seed."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def take_seats(
    plan: CallPlan, rng: np.random.Generator, chance: random.Random, *, physics: bool = True
) -> list[ParticipantState]:
    """Make all participants: one per person, a second one if somebody comes back; without ``physics`` no steps."""
    steps = plan.steps if physics else 0
    seats: list[ParticipantState] = []
    for position, person in enumerate(plan.people):
        joins = person.joins if person.joins is not None else (0.1 + position * 0.9 if position < 3 else None)
        joins = float(rng.uniform(1.0, 12.0)) if joins is None else joins
        leaves = person.leaves if person.leaves is not None else plan.seconds - float(rng.uniform(0.2, 3.0))
        if plan.live and person.leaves is None:
            leaves = plan.seconds
        move = next((e for e in plan.effects if isinstance(e, Move) and e.who == person.name), None)
        away = next((e for e in plan.effects if isinstance(e, Rejoin) and e.who == person.name), None)
        spans = [(joins, leaves, False)]
        if move is not None:
            spans = [(joins, move.end, False), (move.end, leaves, True)]
        elif away is not None:
            spans = [(joins, away.start, False), (away.end, leaves, False)]
        # a participant who comes back has the same network
        home = Home(float(rng.uniform(9, 22)), float(rng.uniform(0.6, 1.4)), int(rng.integers(0, SAMPLE_STEPS)))
        for begin, end, again in spans:
            seats.append(_seat(plan, person, steps, (begin, end), home, again=again, move=move, chance=chance, rng=rng))
    if plan.direct and len(seats) == 2:
        # without a server between them, the one's downlink is the end of the other's uplink
        for seat, other in ((seats[0], seats[1]), (seats[1], seats[0])):
            seat.up.absorb(other.down)
        together = all(seat.connected for seat in seats)
        change = next((seat.reroute for seat in seats if seat.reroute is not None), None)
        for seat in seats:
            seat.down = Link.fair(steps, delay_ms=0.0, jitter_ms=0.0)
            seat.connected, seat.reroute = together, change
    return seats


def _seat(
    plan: CallPlan,
    person: Person,
    steps: int,
    span: tuple[float, float],
    home: Home,
    *,
    again: bool,
    move: Move | None,
    chance: random.Random,
    rng: np.random.Generator,
) -> ParticipantState:
    recorded = plan.shape.startswith("recorded")
    delay, jitter, phase = home.delay_ms, home.jitter_ms, home.phase
    stray = 0.0 if recorded else 6e-6
    if recorded:
        # the recordings' links: 20 ms each way, over a direct path or to a server
        delay, jitter = 20.0, 1.9 if plan.direct else 1.0
    if again:
        delay, jitter = delay + 22.0, jitter + 4.0
    up = Link.fair(steps, delay_ms=delay, jitter_ms=jitter, loss=stray)
    down = Link.fair(steps, delay_ms=delay, jitter_ms=jitter, loss=stray)
    join, leave = max(0, round(span[0] / STEP)), min(plan.steps, round(span[1] / STEP))
    first, fine = join + 3 + phase, float(rng.uniform(0.02, 0.45))
    if person.first_sample is not None:
        first = max(join + 1, round(person.first_sample / STEP))
        fine = person.first_sample - first * STEP
    seat = ParticipantState(
        person=person,
        peer_id=new_id(chance),
        join=join,
        leave=max(leave, join),
        first_tick=first,
        offset=0.0,
        fine=fine,
        up=up,
        down=down,
        slow=np.ones(steps),
        microphone=np.full(steps, person.audio),
        camera=np.full(steps, person.video),
        hidden=np.zeros(steps, dtype=bool),
        screen=np.zeros(steps, dtype=bool),
        silent=np.zeros(steps, dtype=bool),
        cellular=again,
        rejoined=again,
        moves=move is not None and not again,
    )
    for effect in plan.effects:
        if effect.who == person.name:
            _apply(seat, effect, plan, rng)
    if seat.moves and move is not None:
        # the old path dies before the new one is there: nothing passes any more under this id
        for name, link in (("up", up), ("down", down)):
            link.impair(Impair(person.name, "up" if name == "up" else "down", move.start, move.end, down=True))
    return seat


def _apply(seat: ParticipantState, effect: object, plan: CallPlan, rng: np.random.Generator) -> None:
    seat.effects.append(effect)
    steps = seat.slow.size
    if isinstance(effect, Impair):
        (seat.up if effect.link == "up" else seat.down).impair(effect)
    elif isinstance(effect, SlowDown):
        seat.slow = np.maximum(seat.slow, 1 + (effect.factor - 1) * cover(effect.start, effect.end, steps))
    elif isinstance(effect, Switch):
        off = cover(effect.start, effect.end, steps) > 0.5
        if effect.what == "audio":
            seat.microphone &= ~off
        elif effect.what == "video":
            seat.camera &= ~off
        else:
            seat.hidden |= off
    elif isinstance(effect, Share):
        seat.screen |= cover(effect.start, effect.end, steps) > 0.5
        seat.static = effect.static
    elif isinstance(effect, Unplug):
        seat.silent |= cover(effect.start, effect.end, steps) > 0.5
    elif isinstance(effect, Refuse):
        seat.refused = effect.what
        if effect.what == "audio":
            seat.microphone[:] = False
        else:
            seat.camera[:] = False
    elif isinstance(effect, Relay):
        seat.relay = True
        for link in (seat.up, seat.down):
            # a detour over the relay, and TCP in place of loss: later, but complete
            link.delay_ms += 20.0
            link.jitter_ms += 3.0
    elif isinstance(effect, Stall):
        for link in (seat.up, seat.down):
            link.stall(effect.start, effect.end, stalls(rng, effect.mean_ms, plan.steps))
    elif isinstance(effect, Reroute):
        seat.reroute = effect
        for link in (seat.up, seat.down):
            # the old path dies, and the new one is longer
            link.impair(Impair(effect.who, "up", effect.start, effect.end, down=True))
            link.impair(Impair(effect.who, "up", effect.end, plan.steps * STEP, delay_ms=effect.delay_ms))
    elif isinstance(effect, NeverConnect):
        seat.connected = False
    elif isinstance(effect, Cap):
        seat.cap_kbps = min(seat.cap_kbps, effect.kbps)
    elif isinstance(effect, Skew):
        seat.offset = effect.seconds
    elif isinstance(effect, ReportState):
        seat.report = effect.state
