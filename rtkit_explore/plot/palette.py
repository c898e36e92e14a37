"""Colours, markers, line styles and hatches: things are never distinguished by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from rtkit_explore.table_schema.labels import REPORT_STATES

# Okabe and Ito's colours, which people with each kind of colour blindness can tell apart
# (https://jfly.uni-koeln.de/color/); their yellow is left out, which is too pale for lines on white.
BLACK = "#000000"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#8C8C8C"
PALE = "#D9D9D9"
TEXT_GREY = "#4D4D4D"
INDIGO = "#332288"  # of Paul Tol's muted scheme (https://sronpersonalpages.nl/~pault/), an eighth for lines

LINE_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, INDIGO)
LINE_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SENT = "-"
RECEIVED = (0, (5, 1.6))
"""Line styles by direction: what a participant sends is solid, what it receives is dashed."""


@dataclass(frozen=True)
class Look:
    """How one kind of thing is filled: colour, hatch, and what the legend calls it."""

    colour: str
    hatch: str
    label: str


REPORTS = {
    "read": Look(SKY, "", REPORT_STATES["read"]),
    "missing": Look(ORANGE, "///", f"{REPORT_STATES['missing']}: nothing known of the media"),
    "failed": Look(VERMILLION, "xxx", REPORT_STATES["failed"]),
    "not_fetched": Look(PALE, "...", REPORT_STATES["not_fetched"]),
}
"""State of a participant's report, as ``participants.report`` names it."""

DIRECT = Look(SKY, "", "direct, UDP")
DIRECT_TCP = Look(PURPLE, "xx", "direct, TCP or TLS")
RELAYED = Look(ORANGE, "//", "relayed (TURN), UDP")
RELAYED_TCP = Look(VERMILLION, "//xx", "relayed (TURN) over TCP or TLS")
UNKNOWN_PATH = Look(PALE, "..", "type not reported")
