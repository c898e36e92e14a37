"""What is declared of a call before it runs: who is there, what happens to them, when, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

STEP = 0.5
"""Length of the simulation's inner step, s. Links, encoders and buffers move in such steps."""

SAMPLE_STEPS = 14
"""Steps between two samples of a client: 7 s."""

Kind = Literal["audio", "video", "screenshare_audio", "screenshare_video"]
Side = Literal["sender", "sender_uplink", "between", "receiver_downlink", "receiver", "connection", "shared", "unknown"]
Severity = Literal["none", "note", "warn", "bad"]


@dataclass(frozen=True)
class Impair:
    """
    Something done to one direction of somebody's network.

    Attributes
    ----------
    who
        Display name.
    link
        Which direction, seen from that person.
    start, end
        Seconds since the session began.
    loss
        Share of packets lost, 0 to 1.
    burst_ms
        Mean length of a burst of losses; 0 means that every packet is lost or not on its own.
    delay_ms, jitter_ms
        Added one-way delay and its variation.
    kbps, queue_ms
        Rate of the link and how much it holds before it drops; None leaves the rate alone.
    down
        Nothing passes.
    """

    who: str
    link: Literal["up", "down"]
    start: float
    end: float
    loss: float = 0.0
    burst_ms: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    kbps: float | None = None
    queue_ms: float = 300.0
    down: bool = False


@dataclass(frozen=True)
class SlowDown:
    """Somebody's processor is busy: ``factor`` times less is left for encoding."""

    who: str
    start: float
    end: float
    factor: float


@dataclass(frozen=True)
class Switch:
    """Something is switched off for a while: the microphone, the camera, or the tab is put into the background."""

    who: str
    what: Literal["audio", "video", "hidden"]
    start: float
    end: float


@dataclass(frozen=True)
class Share:
    """Somebody shares the screen; a static one shows a document that changes now and then."""

    who: str
    start: float
    end: float
    static: bool = True


@dataclass(frozen=True)
class Unplug:
    """The headset in use vanishes at ``start``; the built-in microphone takes over at ``end``."""

    who: str
    start: float
    end: float


@dataclass(frozen=True)
class Refuse:
    """The browser is not allowed to use a device."""

    who: str
    what: Literal["audio", "video"] = "audio"


@dataclass(frozen=True)
class Move:
    """The client changes network: silence from ``start`` to ``end``, then back under a new participant id."""

    who: str
    start: float
    end: float


@dataclass(frozen=True)
class Relay:
    """All of the client's media goes through a TURN server over TCP and TLS."""

    who: str


@dataclass(frozen=True)
class Skew:
    """The client's clock is ahead by so many seconds (behind, where negative)."""

    who: str
    seconds: float


@dataclass(frozen=True)
class ReportState:
    """The client sent no report, or one that breaks off."""

    who: str
    state: Literal["missing", "broken"]


Effect = Impair | SlowDown | Switch | Share | Unplug | Refuse | Move | Relay | Skew | ReportState


@dataclass(frozen=True)
class Incident:
    """
    One cause with what it does: the unit of ground truth.

    Attributes
    ----------
    what
        Name of the scenario that declared it.
    who
        Display name of the person it happens to; None for a shared cause.
    side
        Where the fault lies.
    sides
        Sides that a careful reader of the documents may name as well.
    start, end
        Seconds since the session began.
    rules
        Names of the rules that ought to fire, the most telling first; any one names the cause.
    also
        Rules that may fire as its consequences: they are right, and do not name the cause.
    severity
        How bad an honest judge calls it: "none" is an incident that is none.
    effects
        What happens in the call.
    """

    what: str
    who: str | None
    side: Side
    start: float
    end: float
    rules: tuple[str, ...]
    severity: Severity
    effects: tuple[Effect, ...] = ()
    sides: tuple[Side, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """
    Somebody in the call.

    Attributes
    ----------
    name
        Display name, unique in the call.
    user_id, custom_id
        Ids that stay over rejoining and over sessions; empty ones are made up from the seed.
    joins, leaves
        Seconds since the session began; None lets the seed choose, near the ends.
    audio, video
        Whether microphone and camera are on from the start.
    preset
        Name of the preset: what the person may do.
    device
        "desktop" or "phone".
    first_sample
        When the first sample is taken, seconds since the session began; None lets the seed choose.
    """

    name: str
    user_id: str = ""
    custom_id: str = ""
    joins: float | None = None
    leaves: float | None = None
    audio: bool = True
    video: bool = True
    preset: str = "group_call_participant"
    device: Literal["desktop", "phone"] = "desktop"
    first_sample: float | None = None


@dataclass(frozen=True)
class CallPlan:
    """
    A call that can be run.

    Attributes
    ----------
    people
        Who is there.
    seconds
        Length of the session.
    incidents
        What happens.
    seed
        Every random number of the call follows from it.
    shape
        Which camera and encoder everyone uses: a name of :data:`rtkit_explore.simulator.encoder.SHAPES`.
    direct
        Two people without a media server.
    simulcast
        Cameras send several layers and the server picks one for each receiver.
    started
        Begin of the session, epoch seconds.
    """

    people: tuple[Person, ...]
    seconds: float
    incidents: tuple[Incident, ...] = ()
    seed: int = 0
    shape: str = "camera"
    direct: bool = False
    simulcast: bool = False
    started: float = 1795168800.0
    title: str = "simulated call"
    session_type: str = "meeting"
    live: bool = False
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def effects(self) -> list[Effect]:
        """Everything that happens, of all incidents, in their order."""
        return [effect for incident in self.incidents for effect in incident.effects]
