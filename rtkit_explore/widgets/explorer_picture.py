"""The explorer as an SVG image, made without a browser: for the static view, and for saving it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rtkit_explore.widgets.explorer_model import stamp
from rtkit_explore.widgets.item_labels import STEPS_S

if TYPE_CHECKING:
    from collections.abc import Collection

    from rtkit_explore.widgets.explorer_model import ExplorerModel

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#332288")
"""Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), and an indigo of Paul Tol's; safe if colour-blind."""
SEVERITY_COLOURS: Final = {"bad": "#B3261E", "warn": "#B26A00", "note": "#5F6B7A"}
REPORT_FILL: Final = {"read": "#BBD7EA"}
UNKNOWN_FILL: Final = "url(#hatch)"
WIDTH: Final = 1100
LEFT: Final = 170
RIGHT: Final = 20
LANE: Final = 17
PANEL: Final = 120
MOST_LANES: Final = 14
MOST_NAME: Final = 22


def shortened(name: str, most: int = MOST_NAME) -> str:
    """Cut a long name in the middle: its end often tells more than what stands before it."""
    name = " ".join(name.split())
    if len(name) <= most:
        return name
    head = (most - 1 + 1) // 2
    return f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"


def isolated(text: str) -> str:
    """Escape a text of somebody else's and isolate its direction, so that it turns nothing around it."""
    return f"\u2068{escape(text)}\u2069"


def picture_of(model: ExplorerModel, *, hidden: Collection[int] = ()) -> str:
    """
    Draw what is chosen.

    Parameters
    ----------
    model
        The model.
    hidden
        Keys of lines that are left out.

    Returns
    -------
    str
        An SVG document.
    """
    page, scene = model.page(), model.scene()
    limits = page.get("limits")
    if not page or limits is None:
        return _document(60, [_text(20, 34, model.problem or "There is nothing to draw.")], "Nothing to draw")
    low, high = model.choice.window or limits
    high = max(high, low + 1)

    def at(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (min(max(seconds, low), high) - low) / (high - low)

    parts: list[str] = []
    y = 26.0
    parts.append(_text(20, y, f"{isolated(shortened(page['title'], 60))} · {_when(model)}", size=16, bold=True))
    if page["verdictText"]:
        y += 22
        for line in _wrapped(f"{page['verdict'].upper()} · {page['verdictText']}", 150):
            parts.append(_text(20, y, escape(line), size=12))
            y += 16
    y += 10
    top = y
    parts += _lanes(page, y, at, low, high)
    y += LANE * (min(len(page["lanes"]), MOST_LANES) + (len(page["lanes"]) > MOST_LANES)) + 8
    bands = _bands(page, scene.data.get("finding"), at, low, high)
    flat = np.concatenate(scene.columns) if scene.columns else np.zeros(0)
    lines = [line for line in scene.data["lines"] if line["key"] not in hidden]
    for number, panel in enumerate(scene.data["panels"]):
        parts += _panel(panel, number, lines, flat, y=y, view=(low, high))
        y += PANEL
    parts += _axis(model, y, at, low, high)
    parts = [_band(begin, end, colour, top, y) for begin, end, colour in bands] + parts
    y += 34
    for number, line in enumerate(lines):
        column, row = number % 2, number // 2
        colour = COLOURS[line["look"] % len(COLOURS)]
        dash = "" if line["direction"] == "producer" else ' stroke-dasharray="5 3"'
        x, at_y = LEFT + column * 440, y + row * 16
        parts.append(f'<path d="M{x},{at_y - 4}h26" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(marker(x + 13, at_y - 4, line["look"], colour))
        parts.append(_text(x + 34, at_y, isolated(shortened(line["label"], 60)), size=11))
    y += 16 * math.ceil(len(lines) / 2) + 4
    return _document(y + 6, parts, f"{page['title']}: {page['verdictText']}")


def _document(height: float, parts: list[str], title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" font-family="system-ui, sans-serif"><title>{escape(title)}</title>'
        '<defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">'
        '<rect width="6" height="6" fill="#F3E3C3"/><path d="M0,0v6" stroke="#9A6B00" stroke-width="1.5"/></pattern>'
        "</defs>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, words: str, *, size: int = 12, bold: bool = False, end: bool = False, colour: str = "#1b1f24"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}{anchor}>{words}</text>'


def _wrapped(text: str, most: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line][:3]


def _when(model: ExplorerModel) -> str:
    opened = model.opened
    if opened is None or opened.limits is None:
        return ""
    begin, end = (stamp(edge).tz_convert(model.tz) for edge in opened.limits)
    return f"{begin:%d %b %Y %H:%M} to {end:%H:%M} {escape(model.tz)}"


def _lanes(page: dict[str, Any], y: float, at: Any, low: float, high: float) -> list[str]:
    parts = []
    lanes = page["lanes"]
    if len(lanes) > MOST_LANES:
        lanes = sorted(lanes, key=lambda lane: tuple(lane.get("rank", (3, 0))))
    for lane in lanes[:MOST_LANES]:
        middle = y + LANE / 2
        parts.append(_text(LEFT - 10, middle + 4, isolated(shortened(lane["name"])), size=11, end=True))
        start, end = lane["start"], lane["end"]
        if start is not None and end is not None and start <= high and end >= low:
            fill = REPORT_FILL.get(lane["report"], UNKNOWN_FILL)
            width = max(at(end) - at(start), 1)
            parts.append(
                f'<rect x="{at(start):.1f}" y="{middle - 5:.1f}" width="{width:.1f}" height="10" fill="{fill}"/>'
            )
        if lane["report"] != "read":
            parts.append(_text(LEFT + 6, middle + 4, escape(lane["reportText"]), size=10, colour="#5b4300"))
        for moment, kind, _ in lane["marks"]:
            if low <= moment <= high:
                colour = {"lost": "#B3261E", "trouble": "#B3261E", "device": "#8A5A00"}.get(kind, "#33618D")
                parts.append(f'<path d="M{at(moment):.1f},{middle - 6:.1f}v12" stroke="{colour}" stroke-width="1.5"/>')
        y += LANE
    if len(lanes) > MOST_LANES:
        parts.append(
            _text(LEFT - 10, y + 12, f"and {len(lanes) - MOST_LANES} more", size=11, end=True, colour="#5F6B7A")
        )
    return parts


def _bands(
    page: dict[str, Any], chosen: int | None, at: Any, low: float, high: float
) -> list[tuple[float, float, str]]:
    bands = []
    for finding in page["findings"]:
        start, end = finding["start"], finding["end"]
        if finding["key"] == chosen and start is not None and end is not None and start <= high and end >= low:
            bands.append((at(start), max(at(end), at(start) + 2), SEVERITY_COLOURS.get(finding["severity"], "#5F6B7A")))
    return bands


def _band(begin: float, end: float, colour: str, top: float, bottom: float) -> str:
    edges = "".join(
        f'<path d="M{x:.1f},{top:.1f}V{bottom:.1f}" stroke="{colour}" stroke-dasharray="4 3"/>' for x in (begin, end)
    )
    box = f'<rect x="{begin:.1f}" y="{top:.1f}" width="{end - begin:.1f}" height="{bottom - top:.1f}"'
    return f'{box} fill="{colour}" fill-opacity="0.10"/>{edges}'


def _panel(
    panel: dict[str, Any], number: int, lines: list[dict[str, Any]], flat: Any, *, y: float, view: tuple[float, float]
) -> list[str]:
    low, high = view
    top, bottom = y + 8, y + PANEL - 6
    curves = []
    most = 0.0
    for line in lines:
        n, first = line["n"], line["at"]
        start, end = flat[first : first + n], flat[first + n : first + 2 * n]
        value = flat[first + (2 + number) * n : first + (3 + number) * n]
        seen = (end >= low) & (np.where(np.isnan(start), end, start) <= high)
        start, end, value = start[seen], end[seen], value[seen]
        if np.isfinite(value).any():
            most = max(most, float(np.nanmax(value)))
        curves.append((line, start, end, value))
    threshold = panel["threshold"]
    if threshold:
        most = max(most, threshold["value"] * 1.15)
    most = most or 1.0
    step = _nice(most / 3)
    most = step * math.ceil(most / step)
    span = WIDTH - LEFT - RIGHT

    def x_of(times: Any) -> Any:
        return LEFT + span * (np.clip(times, low, high) - low) / (high - low)

    def y_of(values: Any) -> Any:
        return bottom - (bottom - top) * values / most

    parts = [_text(20, top + 14, escape(panel["title"]), size=12, bold=True)]
    parts.append(_text(20, top + 30, escape(panel["unit"]), size=11, colour="#5F6B7A"))
    for tick in np.arange(0, most + step / 2, step):
        level = float(y_of(tick))
        parts.append(f'<path d="M{LEFT},{level:.1f}H{WIDTH - RIGHT}" stroke="#E3E7EC"/>')
        parts.append(_text(LEFT - 8, level + 4, f"{tick:g}", size=10, end=True, colour="#5F6B7A"))
    for line, start, end, value in curves:
        colour = COLOURS[line["look"] % len(COLOURS)]
        dash = "" if line["direction"] == "producer" else ' stroke-dasharray="5 3"'
        path = steps(x_of(start), x_of(end), y_of(value))
        width = 2.4 if line["own"] else 1.5
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')
    if threshold:
        level = float(y_of(threshold["value"]))
        parts.append(
            f'<path d="M{LEFT},{level:.1f}H{WIDTH - RIGHT}" stroke="#1b1f24" stroke-width="1.4"'
            ' stroke-dasharray="8 3 2 3"/>'
        )
        parts.append(_text(WIDTH - RIGHT - 4, level - 4, escape(threshold["text"]), size=10, end=True))
    return parts


def steps(start: Any, end: Any, value: Any) -> str:
    """Return the path of a line: a step for every interval, interrupted where nothing is known."""
    path: list[str] = []
    last = None
    for begin, stop, level in zip(start, end, value, strict=True):
        if not (math.isfinite(level) and math.isfinite(begin)):
            last = None
            continue
        joined = last is not None and begin - last < 1.5
        path.append(f"{'V' if joined else f'M{begin:.1f},'}{level:.1f}H{stop:.1f}")
        last = stop
    return "".join(path)


def marker(x: float, y: float, look: int, colour: str) -> str:
    """Draw the sign of a line, which identifies it without its colour."""
    shapes = (
        "M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0", "M-3,-3h6v6h-6z", "M0,-4l4,7h-8z", "M0,-4l4,4l-4,4l-4,-4z",
        "M0,4l4,-7h-8z", "M-1,-4h2v3h3v2h-3v3h-2v-3h-3v-2h3z", "M-3,-3l6,6M3,-3l-6,6", "M0,-4v8M-4,0h8",
    )  # fmt: skip
    shape = shapes[(look + look // len(COLOURS)) % len(shapes)]
    return f'<path d="{shape}" transform="translate({x:.1f},{y:.1f})" fill="{colour}" stroke="{colour}"/>'


def _axis(model: ExplorerModel, y: float, at: Any, low: float, high: float) -> list[str]:
    step = next((one for one in STEPS_S if (high - low) / one <= 9), STEPS_S[-1])
    offset = stamp(low).tz_convert(model.tz).utcoffset()
    shift = offset.total_seconds() if offset is not None else 0.0
    parts = [f'<path d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}" stroke="#5F6B7A"/>']
    moment = math.ceil((low + shift) / step) * step - shift
    while moment <= high:
        words = f"{stamp(moment).tz_convert(model.tz):{'%H:%M:%S' if step < 60 else '%H:%M'}}"
        parts.append(f'<path d="M{at(moment):.1f},{y:.1f}v5" stroke="#5F6B7A"/>')
        parts.append(
            f'<text x="{at(moment):.1f}" y="{y + 17:.1f}" font-size="10" fill="#5F6B7A" text-anchor="middle">'
            f"{words}</text>"
        )
        moment += step
    return parts


def _nice(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value)
