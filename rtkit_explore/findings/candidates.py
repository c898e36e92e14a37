"""A finding while it is being made: what the rules hand to the attribution, and that to the words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rtkit_explore.findings.localization import Link
    from rtkit_explore.findings.rules.rule import Rule, Tag
    from rtkit_explore.findings.segments import Judged, Rows
    from rtkit_explore.findings.stream_arrays import Stream

Side = Literal["sender", "sender_uplink", "between", "receiver_downlink", "receiver", "connection", "shared", "unknown"]
Severity = Literal["note", "warn", "bad"]
SEVERITIES: tuple[Severity, ...] = ("note", "warn", "bad")
Confidence = Literal["low", "medium", "high"]


@dataclass
class Candidate:
    """
    A finding in the making.

    Attributes
    ----------
    rule, severity
        What, and how bad at its worst.
    peer
        Participant whose report shows it.
    stream
        Its stream; None where it concerns the participant as a whole.
    start, end
        Microseconds since 1970, by that participant's clock.
    value, threshold, unit, source
        Worst value, the threshold of the severity that it reached, and where that comes from.
    mean
        Mean value over the time.
    count
        Samples that show it.
    rows
        First and last row of ``quality``; None where it rests on none.
    detail
        What else the words need.
    advice
        What to check next, where it differs from the rule's.
    hit
        Of a shared cause: who was hit.
    through_kbps
        What came through a link that was too narrow; None where it was not.
    samples, judged
        Rows of ``context.arrays`` that show it, and the values that they were judged by.
    votes
        The links that explain each sample, once they were looked for.
    of
        Samples of the whole time, those between that do not show it included.
    span
        What the worst value is one of, where that is not a sample: "mean of the stream".
    """

    rule: Rule
    severity: Severity
    peer: str | None
    stream: Stream | None
    start: int
    end: int
    value: float
    threshold: float
    unit: str
    source: str
    mean: float = float("nan")
    count: int = 1
    rows: tuple[int, int] | None = None
    detail: str = ""
    span: str = ""
    side: Side = "unknown"
    side_peer: str | None = None
    confidence: Confidence = "low"
    evidence_for: list[str] = field(default_factory=list)
    evidence_against: list[str] = field(default_factory=list)
    advice: str = ""
    hit: tuple[str, ...] = ()
    through_kbps: float | None = None
    samples: Rows | None = None
    judged: Judged | None = None
    of: int = 1
    votes: list[dict[Link, float]] | None = None
    follows: bool = False
    """Whether it only follows from another finding of the same side, which is named before it."""

    @property
    def name(self) -> str:
        """Name of its rule."""
        return self.rule.name

    def has(self, *tags: Tag) -> bool:
        """Tell whether its rule carries any of these tags: what goes for rules of the user's own as well."""
        return not self.rule.tags.isdisjoint(tags)

    @property
    def loss_in(self) -> bool:
        """Whether it says how much got lost of what was received."""
        return self.has("loss") and self.stream is not None and self.stream.consumer

    @property
    def loss_out(self) -> bool:
        """Whether it says how much got lost of what was sent."""
        return self.has("loss") and self.stream is not None and not self.stream.consumer

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return max(0.0, (self.end - self.start) / 1e6)

    @property
    def silent_seconds(self) -> float:
        """Of a silence: for how long nothing was heard, what is missing of each sample or from edge to edge."""
        return self.mean * self.count if self.name == "interrupted" else self.seconds

    def attribute_to(self, side: Side, peer: str | None, confidence: Confidence) -> None:
        """Say whose side it was on, and how sure that is."""
        self.side, self.side_peer, self.confidence = side, peer, confidence
