"""
Small drawings for the glossary, as SVG: what words alone explain badly.

They take the colour of the text around them, so that they can stand on a light or a dark page, need no ids, and say in
their title what they show.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

BLUE: Final = "#0072B2"
RED: Final = "#D55E00"
GREY: Final = "#8A8F98"
WIDTH: Final = 380
"""Width of every drawing, px."""


def _drawing(title: str, height: int, *parts: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" style="max-width:100%;height:auto" fill="none" stroke="currentColor" '
        f'font-family="system-ui, sans-serif" font-size="11"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _words(x: float, y: float, text: str, *, colour: str = "currentColor") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" stroke="none" text-anchor="middle">{escape(text)}</text>'


def _box(x: float, y: float, text: str, *, width: float = 62) -> str:
    """Draw a box around a point, with a word in it."""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - 12:g}" width="{width:g}" height="24" rx="6" stroke="currentColor"/>'
        + _words(x, y + 4, text)
    )


def _arrow(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str = "currentColor",
    *,
    wide: float = 1.5,
    dash: str = "",
) -> str:
    """Draw an arrow; its head is drawn by hand, because markers need ids."""
    (x1, y1), (x2, y2) = start, end
    turn = math.atan2(y2 - y1, x2 - x1)
    size = 6 + 2 * wide
    head = " ".join(
        f"{x2 - size * math.cos(turn + side):.1f},{y2 - size * math.sin(turn + side):.1f}" for side in (0.45, -0.45)
    )
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{x1:g},{y1:g}L{x2 - 4 * math.cos(turn):.1f},{y2 - 4 * math.sin(turn):.1f}" stroke="{colour}" '
        f'stroke-width="{wide:g}"{dashed}/>'
        f'<polygon points="{x2:g},{y2:g} {head}" fill="{colour}" stroke="none"/>'
    )


def _both(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    return _arrow(start, end, colour) + _arrow(end, start, colour)


def _packet(x: float, y: float, kind: str = "there", text: str = "") -> str:
    """Draw a packet or a frame: there, lost (crossed out) or invented (dashed)."""
    box = f'<rect x="{x - 8:g}" y="{y - 8:g}" width="16" height="16" rx="2"'
    if kind == "lost":
        cross = f'<path d="M{x - 5:g},{y - 5:g}l10,10m0,-10l-10,10" stroke="{RED}" stroke-width="2"/>'
        return f'{box} stroke="{RED}" stroke-dasharray="3 2"/>{cross}'
    if kind == "invented":
        return f'{box} fill="{RED}" fill-opacity="0.25" stroke="{RED}" stroke-dasharray="3 2"/>' + _words(x, y + 4, "?")
    return f'{box} fill="{BLUE}" stroke="none"/>' + (_words(x, y + 4, text, colour="#fff") if text else "")


_EVEN = tuple(range(90, 282, 24))
_UNEVEN = (90, 131, 148, 165, 210, 228, 269, 286)
"""Where the packets of a row stand, as they leave and as they arrive."""


def _row(
    y: float,
    name: str = "",
    places: Sequence[float] = _EVEN,
    *,
    other: str = "there",
    at: Collection[int] = (),
    texts: Sequence[str] = (),
) -> str:
    """Draw a row of packets behind its name, those at some places (the first is 1) lost or invented."""
    packets = (
        _packet(x, y, other if number in at else "there", texts[number - 1].strip() if texts else "")
        for number, x in enumerate(places, 1)
    )
    return (_words(40, y + 4, name) if name else "") + "".join(packets)


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 7:g},{y - 7:g}l14,14m0,-14l-14,14" stroke="{RED}" stroke-width="3"/>'


def _star(link: str) -> str:
    """Draw three people around a server, with one of Alma's two directions in red."""
    up, down = (RED if link == way else GREY for way in ("up", "down"))
    wide = {True: 3.0, False: 1.5}
    return (
        _box(60, 60, "Alma")
        + _box(200, 60, "server", width=70)
        + _box(320, 24, "Boris")
        + _box(320, 96, "Chen")
        + _arrow((93, 52), (162, 52), up, wide=wide[link == "up"])
        + _arrow((162, 68), (93, 68), down, wide=wide[link == "down"])
        + _both((238, 52), (286, 30), GREY)
        + _both((238, 68), (286, 90), GREY)
        + _words(127, 44, "uplink", colour=up if link == "up" else "currentColor")
        + _words(127, 84, "downlink", colour=down if link == "down" else "currentColor")
    )


PICTURES: Final[Mapping[str, str]] = {
    "packet loss": _drawing(
        "Eight packets are sent, six arrive: a loss of 25 percent",
        96,
        _row(26, "sent", texts="12345678"),
        _row(62, "received", other="lost", at=(3, 6), texts="12345678"),
        _words(325, 66, "2 of 8 lost"),
        _words(325, 80, "= 25 %"),
    ),
    "jitter": _drawing(
        "Packets leave evenly and arrive unevenly",
        92,
        _row(26, "sent"),
        _row(62, "received", _UNEVEN),
        _words(335, 66, "unevenly"),
        _words(335, 30, "evenly"),
    ),
    "jitter buffer": _drawing(
        "Packets come unevenly into the jitter buffer, wait there, and are played evenly",
        96,
        _row(40, places=(20, 56, 72, 110)),
        _arrow((122, 40), (146, 40)),
        '<rect x="150" y="20" width="84" height="40" rx="4"/>',
        _row(40, places=(164, 183, 202, 221)),
        _arrow((238, 40), (262, 40)),
        _row(40, places=(274, 298, 322, 346)),
        _words(66, 84, "arrive unevenly"),
        _words(192, 84, "wait, e.g. 60 ms"),
        _words(310, 84, "are played evenly"),
    ),
    "concealment": _drawing(
        "Where packets of sound are missing, the receiver invents some",
        96,
        _row(26, "arrived", other="lost", at=(3, 5, 6)),
        _row(62, "heard", other="invented", at=(3, 5, 6)),
        _words(332, 66, "? = invented"),
    ),
    "round trip": _drawing(
        "A packet takes 40 ms to the server and 40 ms back: a round trip of 80 ms",
        96,
        _box(50, 48, "Alma"),
        _box(325, 48, "server", width=70),
        _arrow((86, 38), (286, 38), BLUE, wide=2),
        _arrow((286, 58), (86, 58), BLUE, wide=2),
        _words(186, 28, "there: 40 ms"),
        _words(186, 78, "back: 40 ms; round trip 80 ms"),
    ),
    "uplink": _drawing("Alma's uplink, from Alma to the server: when it is bad, Boris and Chen both notice", 122, _star("up")),
    "downlink": _drawing("Alma's downlink, from the server to Alma: when it is bad, only Alma notices", 122, _star("down")),
    "server": _drawing(
        "A direct call connects two people with each other; with more, each sends once to the media server",
        128,
        _box(45, 60, "Alma", width=54),
        _box(135, 60, "Boris", width=54),
        _both((74, 60), (106, 60), BLUE),
        _words(90, 116, "direct call of two"),
        _box(285, 60, "server", width=60),
        _box(210, 24, "Alma", width=50),
        _box(210, 96, "Boris", width=50),
        _box(352, 24, "Chen", width=50),
        _box(352, 96, "Dana", width=50),
        *(_both(end, start, BLUE) for start, end in (
            ((236, 30), (264, 47)), ((236, 90), (264, 73)), ((326, 33), (306, 47)), ((326, 87), (306, 73)))),
        _words(285, 122, "over a media server"),
    ),
    "relay": _drawing(
        "A firewall forbids the direct way, so media goes over a TURN server",
        118,
        _box(45, 84, "Alma"),
        _box(330, 84, "server", width=70),
        _box(188, 22, "TURN server", width=92),
        f'<path d="M150,58v52" stroke="{GREY}" stroke-width="5"/>',
        _words(150, 52, "firewall"),
        _arrow((80, 84), (140, 84), GREY, dash="4 3"),
        _cross(150, 84),
        _arrow((70, 70), (140, 30), BLUE, wide=2),
        _arrow((236, 30), (300, 70), BLUE, wide=2),
    ),
    "candidate pair": _drawing(
        "Two paths between Alma and the server: over Wi-Fi, nominated, and over cellular, kept in reserve",
        104,
        _box(50, 26, "Wi-Fi", width=70),
        _box(50, 76, "cellular", width=70),
        _box(330, 50, "server", width=70),
        _arrow((88, 26), (292, 46), BLUE, wide=3),
        _arrow((88, 76), (292, 56), GREY, dash="4 3"),
        _words(200, 16, "nominated: carries the media"),
        _words(190, 88, "works, not used"),
    ),
    "transport": _drawing(
        "Each client has one transport for sending and one for receiving",
        84,
        _box(50, 42, "Alma"),
        _box(325, 42, "server", width=70),
        _arrow((86, 34), (286, 34), BLUE, wide=4),
        _arrow((286, 52), (86, 52), RED, wide=4),
        _words(186, 24, "sending: her microphone, her camera"),
        _words(186, 72, "receiving: everybody else"),
    ),
    "simulcast": _drawing(
        "A camera is sent in three sizes; the server passes a large one to Boris and a small one to Chen",
        118,
        _box(48, 60, "Alma"),
        _box(205, 60, "server", width=64),
        _box(335, 26, "Boris"),
        _box(335, 94, "Chen"),
        _arrow((82, 48), (170, 40), BLUE, wide=5),
        _arrow((82, 60), (170, 60), BLUE, wide=3),
        _arrow((82, 72), (170, 80), BLUE, wide=1.2),
        _arrow((240, 50), (300, 30), BLUE, wide=5),
        _arrow((240, 70), (300, 90), BLUE, wide=1.2),
        _words(126, 30, "large"),
        _words(126, 100, "small"),
    ),
    "key frame": _drawing(
        "A key frame K is a whole picture; those after it hold only what changed",
        84,
        _row(30, places=range(40, 340, 40), texts="K     K "),
        _words(70, 66, "K: the whole picture"),
        _words(230, 66, "the others: only what changed"),
    ),
    "freeze": _drawing(
        "One lost frame: the picture stands still until the next key frame",
        92,
        _row(28, places=range(40, 340, 40), other="lost", at=(4,), texts="K      K"),
        f'<path d="M150,52H315" stroke="{RED}" stroke-width="3"/>',
        _words(232, 72, "stands still until the next key frame (K)"),
    ),
    "sample": _drawing(
        "A sample every 7 seconds: a pause of 3 seconds between two of them cannot be seen whole",
        88,
        '<path d="M20,40H360" stroke-width="1.5"/>',
        *(f'<circle cx="{x}" cy="40" r="5" fill="{BLUE}" stroke="none"/>' for x in (30, 108, 186, 264, 342)),
        f'<path d="M203,40h34" stroke="{RED}" stroke-width="6"/>',
        _words(220, 26, "a pause of 3 s"),
        *(_words(x, 64, text) for x, text in ((30, "0 s"), (108, "7 s"), (186, "14 s"), (264, "21 s"), (342, "28 s"))),
        _words(186, 82, "one reading at each dot"),
    ),
    "gap": _drawing(
        "Two stretches of a stream with nothing between: no line is drawn across the gap",
        84,
        f'<path d="M20,46h40v-12h40v6h30" stroke="{BLUE}" stroke-width="2"/>',
        f'<path d="M250,42h40v-8h40v10h30" stroke="{BLUE}" stroke-width="2"/>',
        f'<path d="M134,24v34M246,24v34" stroke="{GREY}" stroke-dasharray="3 3"/>',
        _words(190, 44, "gap: no samples"),
        _words(190, 76, "muted, paused, hidden, or lost"),
    ),
    "congestion": _drawing(
        "More packets come than a narrow connection carries: they queue, then some are dropped",
        100,
        *(_row(y, places=(24, 46, 68, 90)) for y in (36, 58)),
        '<path d="M112,20L190,36H300M112,74L190,58H300"/>',
        _row(47, places=(142, 164, 200, 240, 280)),
        _arrow((304, 47), (340, 47), BLUE, wide=2),
        _packet(130, 86, "lost"),
        _words(57, 92, "too many"),
        _words(245, 78, "narrow connection"),
    ),
}  # fmt: skip
"""Drawings by term."""
