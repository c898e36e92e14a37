"""What is declared of a call before it runs: who is there, what happens to them, when, and how bad it is."""

from __future__ import annotations

import math
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
class Rejoin:
    """Somebody leaves at ``start`` and comes back at ``end``, on purpose and with a new participant id."""

    who: str
    start: float
    end: float


@dataclass(frozen=True)
class Reroute:
    """
    A network interface dies at ``start``; ICE has moved to another one at ``end``, the participant id stays.

    Attributes
    ----------
    delay_ms
        One-way delay that the new path has more than the old one.
    """

    who: str
    start: float
    end: float
    delay_ms: float = 40.0


@dataclass(frozen=True)
class NeverConnect:
    """ICE never comes up: the client samples tracks that are on and send nothing."""

    who: str


@dataclass(frozen=True)
class Relay:
    """All of the client's media goes through a TURN server over TCP and TLS."""

    who: str


@dataclass(frozen=True)
class Stall:
    """
    The client's TCP connection to its relay stalls in bunches: what comes meanwhile waits, and leaves in order.

    Attributes
    ----------
    mean_ms
        Mean length of a stall; none is longer than 700 ms.
    """

    who: str
    start: float
    end: float
    mean_ms: float


@dataclass(frozen=True)
class Cap:
    """The server or the application allows this sender so much video, kbit/s, from first to last."""

    who: str
    kbps: float


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


Effect = (
    Impair
    | SlowDown
    | Switch
    | Share
    | Unplug
    | Refuse
    | Move
    | Rejoin
    | Reroute
    | NeverConnect
    | Relay
    | Stall
    | Cap
    | Skew
    | ReportState
)


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
        Where the fault lies: the correct answer.
    sides
        "between" and "unknown" where the documents cannot tell, so that a careful reader may leave the side open.
    start, end
        Seconds since the session began.
    rules
        Names of the rules that ought to fire, the most telling first; any one names the cause.
    also
        Rules that may fire as its consequences: they are right, and do not name the cause.
    severity
        How bad an honest judge calls it: "none" is an incident that is not a fault.
    effects
        What happens in the call.
    level, unit, magnitude
        How bad, as a number with its unit and in words ("11 % of the packets"); None and empty if there is no
        level.
    noticed_by
        Display names of those who noticed.
    explanation
        What happened, in plain words.
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
    level: float | None = None
    unit: str = ""
    magnitude: str = ""
    noticed_by: tuple[str, ...] = ()
    explanation: str = ""


@dataclass(frozen=True)
class Complaint:
    """
    What somebody says was wrong with a call: typed into its chat, and told to the support afterwards.

    Attributes
    ----------
    who, at
        Display name, and when, seconds since the session began.
    says
        The words.
    about
        Display name of the person it is about; None where it is about everybody or the speaker.
    cause
        Name of the scenario behind it; None where there is no cause in the call.
    """

    who: str
    at: float
    says: str
    about: str | None = None
    cause: str | None = None


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
    browser
        "chrome" or "firefox"; an empty one lets the seed choose.
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
    browser: Literal["", "chrome", "firefox"] = ""
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
    complaints
        What people say was wrong, with a cause or without.
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
    slow_reports
        Whether the far end reports on audio every 5 s or so instead of every second, so that what it reports as lost
        does not align with the samples.
    mixed_browsers
        Whether the seed may give somebody Firefox.
    first_pairs
        Whether Chrome's consuming transports may list a first pair that was never nominated.
    """

    people: tuple[Person, ...]
    seconds: float
    incidents: tuple[Incident, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    seed: int = 0
    shape: str = "camera"
    direct: bool = False
    simulcast: bool = False
    started: float = 1795168800.0
    title: str = "simulated call"
    session_type: str = "meeting"
    live: bool = False
    slow_reports: bool = False
    mixed_browsers: bool = False
    first_pairs: bool = False
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps of the simulation."""
        return math.ceil(self.seconds / STEP)

    @property
    def effects(self) -> list[Effect]:
        """Everything that happens, of all incidents, in their order."""
        return [effect for incident in self.incidents for effect in incident.effects]
