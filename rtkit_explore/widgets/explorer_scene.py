"""What the explorer draws: the lines of a choice as binary columns, and what stands around them as plain data."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rtkit_explore.table_schema.labels import media_words, report_words, rule_words
from rtkit_explore.widgets.explorer_call import FIRST_MEASURES, MEASURES, SEVERITY_RANK, measures_of_rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from rtkit_explore.widgets.explorer_call import Floats, Found, OpenCall, Stream

MOST_LINES: Final = 12
"""Most lines that can be distinguished; of more, the worst are drawn and the rest is counted."""
MOST_LINES_OF_ALL: Final = 160
"""Most lines drawn when the user asks for all of them."""
MOST_POINTS: Final = 1500
"""More samples than these in one line are thinned, peaks kept."""
AIR_S: Final = 30.0
"""At least so much time is shown before and after a finding."""


@dataclass(frozen=True)
class Choice:
    """
    What is looked at within a call.

    Attributes
    ----------
    finding
        Key of the chosen finding.
    focus
        Whether only the lines of that finding are shown: both ends of its stream.
    people
        Peer ids; None for everyone.
    media, directions
        Kinds of streams; None for all.
    measures
        What is drawn, a panel each.
    window
        Start and end in seconds since 1970; None for the whole call.
    all_lines
        Whether to draw more lines than can be distinguished.
    """

    finding: int | None = None
    focus: bool = False
    people: tuple[str, ...] | None = None
    media: tuple[str, ...] | None = None
    directions: tuple[str, ...] | None = None
    measures: tuple[str, ...] = FIRST_MEASURES
    window: tuple[float, float] | None = None
    all_lines: bool = False


@dataclass
class Scene:
    """Plain data for the browser, and the columns that it refers to."""

    data: dict[str, Any]
    columns: list[Floats] = field(default_factory=list)

    @property
    def buffer(self) -> bytes:
        """The columns one after the other, little-endian 64-bit floats."""
        if not self.columns:
            return b""
        return np.concatenate(self.columns).astype("<f8", copy=False).tobytes()


def choice_of_finding(opened: OpenCall, finding: Found, *, zoom: bool) -> Choice:
    """Return the choice that shows a finding: its people, streams, measures, and the time around it."""
    lines = opened.connected(finding)
    people = tuple(dict.fromkeys([*(line.peer for line in lines), *([finding.side_peer] if finding.side_peer else [])]))
    media = tuple(dict.fromkeys(line.media for line in lines)) if finding.media else None
    everybody = set(people) >= set(opened.names)
    return Choice(
        finding=finding.key,
        focus=bool(finding.stream_id),
        people=None if everybody else people or None,
        media=media or None,
        measures=measures_of_rule(finding.rule),
        window=window_around(opened, finding) if zoom else None,
    )


def window_around(opened: OpenCall, finding: Found) -> tuple[float, float] | None:
    """Return the time of a finding with half as much again at either side; None where that is the whole call."""
    if opened.limits is None or not (np.isfinite(finding.start) and np.isfinite(finding.end)):
        return None
    low, high = opened.limits
    air = max((finding.end - finding.start) / 2, AIR_S)
    start, end = max(finding.start - air, low), min(finding.end + air, high)
    return (start, end) if end > start and (start > low or end < high) else None


def lines_of(opened: OpenCall, choice: Choice) -> tuple[list[Stream], int]:
    """Return the lines that a choice draws, the worst first, and how many more there would be."""
    finding = None if choice.finding is None else opened.findings[choice.finding]
    lines = opened.connected(finding) if finding is not None and choice.focus else opened.streams
    if choice.people is not None:
        wanted = set(choice.people)
        lines = [line for line in lines if line.peer in wanted]
    if choice.media is not None:
        lines = [line for line in lines if line.media in choice.media]
    if choice.directions is not None:
        lines = [line for line in lines if line.direction in choice.directions]
    if choice.measures:
        # A line without a single value would only take up a place in the list.
        lines = [line for line in lines if any(has_values(opened, line, name) for name in choice.measures)]
    ranks = severity_by_stream(opened)
    own = finding.stream_id if finding is not None else ""
    first = choice.measures[0] if choice.measures else "loss_pct"
    lines = sorted(
        lines,
        key=lambda line: (
            line.stream_id != own,
            ranks.get(line.stream_id, 3),
            -badness(opened, line, first),
            line.key,
        ),
    )
    most = MOST_LINES_OF_ALL if choice.all_lines else MOST_LINES
    return lines[:most], max(len(lines) - most, 0)


def severity_by_stream(opened: OpenCall) -> dict[str, int]:
    """Rank of the worst finding on each stream."""
    found: dict[str, int] = {}
    for finding in opened.findings:
        if finding.stream_id:
            rank = SEVERITY_RANK.get(finding.severity, 3)
            found[finding.stream_id] = min(rank, found.get(finding.stream_id, 3))
    return found


def has_values(opened: OpenCall, line: Stream, measure: str) -> bool:
    """Tell whether a line has any value of a measure."""
    return bool(np.isfinite(opened.values(measure)[line.rows]).any())


def badness(opened: OpenCall, line: Stream, measure: str) -> float:
    """Return the worst value of a line, so that more is worse."""
    values = opened.values(measure)[line.rows]
    values = values[np.isfinite(values)]
    if not len(values):
        return float("-inf")
    return float(-values.min() if opened.measure(measure).low else values.max())


def scene_of(opened: OpenCall, choice: Choice) -> Scene:
    """
    Work out what is drawn.

    Parameters
    ----------
    opened
        The call.
    choice
        What is looked at.

    Returns
    -------
    Scene
        ``data["lines"]`` says for each line where its columns stand in the buffer: starts, ends, then the values of
        each panel, ``n`` numbers each, from number ``at``. A start is NaN where nothing is known of the time before.
    """
    lines, more = lines_of(opened, choice)
    finding = None if choice.finding is None else opened.findings[choice.finding]
    scene = Scene({})
    at = 0
    described: list[dict[str, Any]] = []
    for line in lines:
        start, end = opened.start[line.rows], opened.end[line.rows]
        values = [opened.values(name)[line.rows] for name in choice.measures]
        start, end, values = thinned(start, end, values, choice.window)
        scene.columns += [start, end, *values]
        described.append(
            {
                "key": line.key,
                "look": len(described),
                "label": line.label,
                "peer": line.peer,
                "who": opened.name(line.peer),
                "media": line.media,
                "direction": line.direction,
                "own": finding is not None and line.stream_id == finding.stream_id,
                "n": len(end),
                "at": at,
            }
        )
        at += len(end) * (2 + len(values))
    scene.data = {
        "lines": described,
        "more": more,
        "panels": [panel(opened, name, finding) for name in choice.measures],
        "finding": choice.finding,
        "focus": choice.focus,
        "people": None if choice.people is None else list(choice.people),
        "media": None if choice.media is None else list(choice.media),
        "directions": None if choice.directions is None else list(choice.directions),
        "measures": list(choice.measures),
        "window": None if choice.window is None else list(choice.window),
        "allLines": choice.all_lines,
    }
    return scene


def panel(opened: OpenCall, name: str, finding: Found | None) -> dict[str, Any]:
    """Describe a panel: its axis, and the threshold where the chosen finding has one on it."""
    measure = opened.measure(name)
    threshold = None
    if finding is not None:
        value = opened.threshold_on(finding, name)
        if np.isfinite(value):
            side = "below" if measure.low else "above"
            word = {"bad": "bad", "warn": "warns"}.get(finding.severity, "noted")
            threshold = {"value": value, "text": f"{word} {side} {value:.3g}\N{NO-BREAK SPACE}{measure.unit}"}
    return {"key": name, "title": measure.title, "unit": measure.unit, "low": measure.low, "threshold": threshold}


def thinned(
    start: Floats, end: Floats, values: list[Floats], window: tuple[float, float] | None
) -> tuple[Floats, Floats, list[Floats]]:
    """
    Thin out the samples of a long line to what can be seen, keeping the peaks and lows of every measure.

    Inside the window every sample is kept as long as there are no more than ``MOST_POINTS`` of them.
    """
    if len(end) <= MOST_POINTS:
        return start, end, values
    keep = np.zeros(len(end), dtype=bool)
    if window is not None:
        inside = np.flatnonzero((end >= window[0]) & (end <= window[1]))
        outside = np.flatnonzero((end < window[0]) | (end > window[1]))
        keep[inside[peaks(inside, values, MOST_POINTS)]] = True
        keep[outside[peaks(outside, values, MOST_POINTS // 3)]] = True
    else:
        every = np.arange(len(end))
        keep[peaks(every, values, MOST_POINTS)] = True
    rows = np.flatnonzero(keep)
    # A row that stays represents those left out before it, unless there is a gap among them.
    holes = np.concatenate([[0], np.cumsum(np.isnan(start))])
    before, own = rows[:-1], rows[1:]
    kept = start[rows].copy()
    whole = holes[own + 1] == holes[before + 1]
    kept[1:][whole] = end[before][whole]
    return kept, end[rows], [value[rows] for value in values]


def peaks(rows: NDArray[np.int64], values: list[Floats], most: int) -> NDArray[np.int64]:
    """Choose positions among rows: the highest and lowest value of every measure in each stretch, and its ends."""
    if len(rows) <= most:
        return np.arange(len(rows))
    stretches = max(most // (2 * len(values) + 1), 1)
    edges = np.linspace(0, len(rows), stretches + 1).astype("int64")
    chosen = {0, len(rows) - 1}
    for begin, stop in itertools.pairwise(edges.tolist()):
        for value in values:
            part = value[rows[begin:stop]]
            if np.isfinite(part).any():
                chosen |= {int(begin + np.nanargmax(part)), int(begin + np.nanargmin(part))}
        missing = np.flatnonzero(np.isnan(values[0][rows[begin:stop]])) if values else np.array([], dtype="int64")
        chosen.add(int(begin + missing[0]) if len(missing) else int(begin))
    return np.array(sorted(chosen), dtype="int64")


def page_of(opened: OpenCall, *, whole: bool, tz: str = "UTC") -> dict[str, Any]:
    """
    Describe a call apart from what is chosen in it.

    Parameters
    ----------
    opened
        The call.
    whole
        False gives what is known without reading a sample: who was there. It can be painted at once.
    tz
        Time zone of the story.
    """
    call = opened.call
    session = call.sessions
    limits = opened.limits if whole else opened.early_limits
    reports = sum(stay.report == "read" for stay in opened.stays)
    page: dict[str, Any] = {
        "session": call.session_id or "",
        "title": call.title,
        "live": opened.is_live,
        "limits": None if limits is None else list(limits),
        "people": [],
        "reports": reports,
        "whole": whole,
        "began": first_time(session["started_at"]),
        "ended": first_time(session["ended_at"]),
        "updated": str(session["updated_at"].iloc[0]) if len(session) and opened.is_live else "",
        "lanes": [],
        "findings": [],
        "verdict": "",
        "verdictText": "",
        "story": "",
        "media": [],
        "measures": [{"key": m.key, "title": m.title, "unit": m.unit} for m in MEASURES.values()],
        "zones": zones(opened),
    }
    marks: dict[str, list[list[Any]]] = {}
    for mark in opened.marks:
        marks.setdefault(mark["peer"], []).append([mark["t"], mark["kind"], mark["text"]])
    for stay in opened.stays:
        page["lanes"].append(
            {
                "peer": stay.peer,
                "name": stay.name,
                "start": none_if_nan(stay.start),
                "end": none_if_nan(stay.end),
                "openStart": stay.open_start,
                "openEnd": stay.open_end,
                "report": stay.report,
                "reportText": report_words(stay.report),
                "path": opened.paths.get(stay.peer),
                "marks": marks.get(stay.peer, []),
            }
        )
    if whole:
        page |= judged(opened, page["lanes"], tz)
    return page


def judged(opened: OpenCall, lanes: list[dict[str, Any]], tz: str) -> dict[str, Any]:
    """Describe what was wrong, and order people by it where they are many."""
    verdict, sentence = opened.verdict
    for lane in lanes:
        lane["verdict"] = opened.verdict_of.get(lane["peer"], "unclassified")
        lane["rank"] = list(opened.worst.get(lane["peer"], (3, 0)))
    there = {stream.media for stream in opened.streams}
    return {
        "verdict": verdict,
        "verdictText": sentence,
        "story": opened.story(tz),
        "media": [{"key": one, "label": media_words(one)} for one in opened.media if one in there],
        "measures": [
            {"key": m.key, "title": m.title, "unit": m.unit}
            for m in MEASURES.values()
            if np.isfinite(opened.values(m.key)).any()
        ],
        "findings": [
            {
                "key": one.key,
                "rule": rule_words(one.rule),
                "severity": one.severity,
                "text": one.story,
                "side": one.side_words,
                "confidence": one.confidence,
                "for": one.evidence[0],
                "against": one.evidence[1],
                "next": one.next_step,
                "who": opened.name(one.side_peer or one.peer) if one.side_peer or one.peer else "the call",
                "peers": sorted({one.peer, one.side_peer} - {""}),
                "start": none_if_nan(one.start),
                "end": none_if_nan(one.end),
                "head": one.head,
            }
            for one in opened.findings
        ],
    }


def zones(opened: OpenCall) -> list[str]:
    """Time zones that people of the call were in, by their IP addresses."""
    known = opened.call.clients["timezone"].dropna().unique()
    return sorted(str(zone) for zone in known if "/" in str(zone))[:12]


def first_time(times: pd.Series[pd.Timestamp]) -> float | None:
    """Return the first time of a column in seconds since 1970; None where there is none."""
    known_times = times.dropna()
    return float(known_times.iloc[0].timestamp()) if len(known_times) else None


def none_if_nan(value: float) -> float | None:
    """Return a number that JSON can represent."""
    return value if np.isfinite(value) else None


def with_filters(choice: Choice, **changes: Any) -> Choice:
    """Change filters by hand: the lines are then all that the filters let through."""
    narrows = {"people", "media", "directions"} & set(changes)
    if narrows and "focus" not in changes:
        changes["focus"] = False
    return replace(choice, **changes)


def known(values: Iterable[object] | None, there: Iterable[str]) -> tuple[str, ...] | None:
    """Keep the existing ones of the items that a browser or an old choice names, in the order of the offer."""
    if values is None:
        return None
    wanted = {str(value) for value in values}
    return tuple(one for one in there if one in wanted)
