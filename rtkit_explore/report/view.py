"""
What the report shows, typed: the template reads this and nothing else.

Texts are as people and documents have them; they are scrubbed and escaped in one place, when the template writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Cell:
    """
    One cell of a table.

    Attributes
    ----------
    text
        What it says.
    kind
        How it is written: "number", "badge", "name" (heads its row), "tight" (never broken), "wide", "middling"
        (least widths) or "" (plain).
    """

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Heading:
    """Heading of a column: its words, unit, what the column says, and whether it holds numbers."""

    words: str
    unit: str = ""
    about: str = ""
    number: bool = False


@dataclass(frozen=True)
class Table:
    """
    A table.

    Attributes
    ----------
    caption
        What it shows.
    headings, rows
        Its columns, and its rows of as many cells.
    left_out
        Rows that are not shown.
    rest
        Where those are to be found.
    empty
        What is said instead of a table where there are no rows.
    """

    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    left_out: int
    rest: str
    empty: str


@dataclass(frozen=True)
class Plot:
    """
    A plot: a picture, and the data from which a script makes the interactive plot.

    Attributes
    ----------
    caption, alt
        What it shows; what it says, for those who do not see it.
    picture
        A data URL of an SVG or PNG; empty if the plot could not be drawn.
    width, height
        Of the picture, in pixels.
    trouble
        Why there is no picture.
    interactive
        The same plot as data, for ``plots.js``; None where it has no axis of time.
    """

    caption: str
    alt: str
    picture: str = ""
    width: int = 0
    height: int = 0
    trouble: str = ""
    interactive: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Fact:
    """A name with its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Finding:
    """A finding with its evidence and its plot."""

    number: int
    severity: str
    story: str
    facts: Sequence[Fact]
    plot: Plot


@dataclass(frozen=True)
class Verdict:
    """Verdict on the call, with its one line."""

    verdict: str
    story: str


@dataclass(frozen=True)
class Report:
    """
    The page.

    Attributes
    ----------
    title
        Its heading.
    redacted
        Whether people, devices and addresses have stand-ins.
    facts
        Which call it is about.
    lead, verdicts
        What happened; the verdict on everyone.
    findings, all_findings
        The worst findings with their plots; all of them.
    figures
        Everyone side by side.
    timeline, people
        Who was there.
    quality, quality_left
        Everything over time of those who fared worst; how many participants are not drawn.
    device_plot, devices
        What devices did.
    path_plot, paths, checks
        Network paths, and the checks before the call.
    problems
        What could not be fetched or read.
    unmeasured
        What nobody can tell from these documents.
    method
        Shape of the profile's rule.
    thresholds, readings
        By what, and how counters were read.
    made_with
        Versions and time zone.
    text
        The story as plain text.
    zone
        Time zone of what is shown.
    version
        Of this package.
    """

    title: str
    redacted: bool
    facts: Sequence[Fact]
    lead: Verdict | None
    verdicts: Table
    findings: Sequence[Finding]
    all_findings: Table
    figures: Table
    timeline: Plot
    people: Table
    quality: Sequence[Plot]
    quality_left: int
    device_plot: Plot | None
    devices: Table
    path_plot: Plot | None
    paths: Table
    checks: Table
    problems: Table
    unmeasured: Sequence[str]
    method: str
    thresholds: Table
    readings: Table
    made_with: Sequence[Fact]
    text: str
    zone: str
    version: str
    symbols: Mapping[str, str] = field(
        default_factory=lambda: {
            "good": "✓",
            "degraded": "▲",
            "warn": "▲",
            "bad": "✕",
            "unclassified": "?",
            "note": "•",
        }
    )
    """Verdicts and severities with a sign, so that their colour says nothing alone."""
