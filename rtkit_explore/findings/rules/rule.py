"""What a rule is: one object that everything else said about the rule is derived from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rtkit_explore.findings.candidates import Candidate, Confidence, Side
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.profiles import Limit, Profile
    from rtkit_explore.findings.segments import Judged, Rows
    from rtkit_explore.findings.stream_arrays import Floats, Stream

Layer = Literal["connectivity", "transport", "pipeline", "perception"]
LAYERS: tuple[Layer, ...] = ("connectivity", "transport", "pipeline", "perception")
Tag = Literal[
    "way", "seen", "upward", "fed_back", "follows_outage", "of_loss", "related",
    "silence", "loss", "heard_loss", "delay", "trip", "buffered", "limit", "queued", "of_machine", "busy", "sent_so",
    "outlives", "on_path", "lasting",
]  # fmt: skip
WAY: Tag = "way"
"""What a receiver sees of trouble on the way."""
SEEN: Tag = "seen"
"""What a receiver sees of bad pictures, whoever made them so."""
UPWARD: Tag = "upward"
"""What a sender's report shows of trouble on its uplink."""
FED_BACK: Tag = "fed_back"
"""What a sender knows only from RTCP reports that come back on its downlink."""
FOLLOWS_OUTAGE: Tag = "follows_outage"
"""What an outage brings about: encoders step down, clients reconnect."""
OF_LOSS: Tag = "of_loss"
"""What lost packets do to pictures, also where repairing them hides the loss itself."""
RELATED: Tag = "related"
"""What shows that a receiver did not get somebody well, whichever stream it is seen on."""
SILENCE: Tag = "silence"
"""Nothing of somebody arrived: whole samples, or seconds within one."""
LOSS: Tag = "loss"
"""Packets counted as lost, at either end."""
HEARD_LOSS: Tag = "heard_loss"
"""What a receiver counted as lost, and what was heard of it."""
DELAY: Tag = "delay"
"""A long or unsteady way: round trips, jitter, full buffers."""
TRIP: Tag = "trip"
"""How long a way is, there and back: it names no direction."""
BUFFERED: Tag = "buffered"
"""What a jitter buffer holds: it fills at once, and drains slowly."""
LIMIT: Tag = "limit"
"""An encoder that is held back by its uplink."""
QUEUED: Tag = "queued"
"""More was sent than went through, as queues and what overflows show; an encoder alone may be held back by anything."""
OF_MACHINE: Tag = "of_machine"
"""What a client says of its own machine: processor, devices, decoder."""
BUSY: Tag = "busy"
"""A sender's machine that is too busy, by its encoder's own word."""
SENT_SO: Tag = "sent_so"
"""Pictures that may be so already when they are sent: fewer, or smaller."""
OUTLIVES: Tag = "outlives"
"""What outlives its cause: buffers drain and encoders climb slowly."""
ON_PATH: Tag = "on_path"
"""Which way media took: a fact beside other findings."""
LASTING: Tag = "lasting"
"""A fact of the whole call: it joins no incidents."""

Family = Literal["loss", "silence", "late"]
"""In what sense what everybody received is compared, to find the link that explains it."""
Drawn = Literal["stream", "paths", "timeline", "devices"]
"""Which plot shows the evidence: the rule's values over time, the candidate pairs, who was there, or the devices."""


@dataclass
class Observation:
    """
    Something that a rule on participants found, before it is held against thresholds.

    Attributes
    ----------
    peer
        Participant whose report shows it.
    window
        From, to: microseconds since 1970, by that participant's clock.
    value, unit
        Worst value; the unit where it is not the rule's.
    detail
        What else the sentence needs.
    judged
        Whether the thresholds of the profile apply; else it is a note.
    stream, rows, count
        The stream and rows of ``quality`` that show it, and how many times.
    threshold, source
        Of a note that rests on a threshold of its own.
    advice
        What to check next, where this one differs from the rule's other findings.
    side, side_peer, confidence
        Whose side, where the rule itself can tell.
    evidence_for, evidence_against
        What speaks for this, and what against.
    """

    peer: str
    window: Window
    value: float
    detail: str = ""
    judged: bool = False
    unit: str | None = None
    stream: Stream | None = None
    rows: tuple[int, int] | None = None
    count: int = 1
    threshold: float = float("nan")
    source: str = "a fact, no threshold"
    advice: str = ""
    side: Side = "unknown"
    side_peer: str | None = None
    confidence: Confidence = "low"
    evidence_for: list[str] = field(default_factory=list)
    evidence_against: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rule:
    """
    One rule, declared once: its value, its words, and what follows from it.

    A rule on streams has ``value``; a rule on participants has ``find``. Units, order, words, tags, plots and help
    are read from here. A rule of your own goes into a ``Profile`` together with its limits.

    Attributes
    ----------
    name, layer
        Its name, and the layer that it speaks of, the lowest first.
    unit, title
        Unit and title of its value: of thresholds, and of the axis on which the value is drawn.
    sentence, next_step
        What happened and what to check next: templates (fields: ``narrative.fields_of``), or functions.
    value
        Rules on streams: the value of each row of ``context.arrays``; NaN where the rule does not apply. It is the
        only computation: what is judged is what ``rtk.plot.finding`` draws.
    find
        Rules on participants: what is found, to be held against the profile.
    reads
        Columns that the value is worked out from.
    direction, media
        Streams that it reads; no media are all.
    low
        Whether low values are the bad ones.
    samples, seconds
        How many samples, and how long, it has to hold to count.
    at_once
        Whether one bad sample of at least 5 s is enough.
    by_packets
        Whether the mean over a finding weighs samples by their packets instead of by their time.
    bridges
        Whether good samples between bad ones belong to the same trouble: an encoder that probes for bandwidth.
    edges
        Moves start and end of a finding within its first and last sample, by what the samples beside them show.
    excuse
        Says, for the rows of a finding that warns, why it is but a note; None where it is not.
    timed, says_side
        Whether the sentence goes on with how long and from when; whether it says itself whose side it was on.
    tags
        What it shows and what it follows from, for the attribution.
    families
        Received streams: in what sense they are compared with everybody else's to explain it; the first sense in which
        this one was bad decides.
    limits
        Thresholds that a rule of your own brings along; those that ship have theirs in the profiles.
    drawn, beside
        The plot of its evidence, and the columns of ``quality`` drawn below its value.
    """

    name: str
    layer: Layer
    unit: str
    title: str
    sentence: str | Callable[[Candidate, Mapping[str, str]], str]
    next_step: str | Callable[[Candidate, Mapping[str, str]], str] = ""
    value: Callable[[Context], Floats] | None = None
    find: Callable[[Context, Profile], Iterable[Observation]] | None = None
    reads: tuple[str, ...] = ()
    direction: Literal["consumer", "producer", "both"] = "both"
    media: tuple[str, ...] = ()
    low: bool = False
    samples: int = 2
    seconds: float = 0.0
    at_once: bool = False
    by_packets: bool = False
    bridges: bool = False
    edges: Callable[[Judged, Rows, int, int], tuple[int, int]] | None = None
    excuse: Callable[[Context, Rows], str | None] | None = None
    timed: bool = True
    says_side: bool = False
    tags: frozenset[Tag] = frozenset()
    families: tuple[Family, ...] = ("loss", "silence", "late")
    limits: tuple[Limit, ...] = ()
    drawn: Drawn = "stream"
    beside: tuple[str, ...] = ("bitrate_kbps",)

    def __repr__(self) -> str:
        """Name it, with what it judges, and the thresholds that it brings along."""
        streams = "" if self.value is None else f" of {', '.join(self.media) or 'all media'}, {self.direction}"
        told = [
            f"; {severity} {getattr(limit, severity):g}"
            for limit in self.limits
            for severity in ("note", "warn", "bad")
            if getattr(limit, severity) is not None
        ]
        return f"<Rule {self.name}: {self.title} in {self.unit}{streams}{''.join(told)}>"
