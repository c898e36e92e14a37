"""Where samples stop and counters start again: notes that say who stopped, not who noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.context import OPEN_END, Context, Window
from rtkit_explore.findings.rules.rule import Observation, Rule
from rtkit_explore.table_schema.labels import event_words, media_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rtkit_explore.findings.profiles import Profile
    from rtkit_explore.findings.stream_arrays import Stream

_MOST = 0.5
"""Of a gap that something must cover to explain it."""
_SWITCH = {"audio": "audio_off", "video": "video_off", "screenshare_video": "screenshare_stopped",
           "screenshare_audio": "screenshare_stopped"}  # fmt: skip


@dataclass(frozen=True)
class _Break:
    stream: Stream
    start: int
    end: int
    row: int

    @property
    def sender(self) -> str | None:
        return self.stream.remote if self.stream.consumer else self.stream.peer


def _gaps(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note gaps that nobody's switch explains, once a participant and reason where they coincide."""
    for peer, mine in context.of_peer.items():
        why: dict[str, list[_Break]] = {}
        for one in _breaks(context, mine, "gap"):
            if one.sender is None or _off(context, one) is None:
                why.setdefault(_reason(context, one), []).append(one)
        for reason, breaks in why.items():
            for found in _together(peer, breaks, reason):
                found.value = (found.window[1] - found.window[0]) / 1e6
                yield found


def _switches_off(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note who switched a track off, once for all who received it."""
    stopped: dict[tuple[str, str, Window], list[_Break]] = {}
    for mine in context.of_peer.values():
        for one in _breaks(context, mine, "gap"):
            off = _off(context, one)
            if off is not None and one.sender is not None:
                stopped.setdefault((one.sender, _SWITCH[one.stream.media], off), []).append(one)
    for (who, event, window), breaks in stopped.items():
        yield _switched_off(who, event, window, breaks)


def _resets(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note where counters started again, once a participant where they coincide."""
    again = "counters of {streams} started again: that interval is unknown"
    for peer, mine in context.of_peer.items():
        yield from _together(peer, _breaks(context, mine, "reset"), again)


def _breaks(context: Context, mine: list[Stream], flag: str) -> list[_Break]:
    arrays = context.arrays
    found = []
    for stream in mine:
        for row in np.flatnonzero(arrays.flags[flag][stream.rows]) + stream.rows.start:
            before = int(arrays.end[row - 1]) if row > stream.rows.start else int(arrays.end[row])
            found.append(_Break(stream, before, int(arrays.end[row]), int(arrays.row[row])))
    return sorted(found, key=lambda one: (one.start, one.end, one.row))


def _covers(window: Window, one: _Break, ahead: int) -> bool:
    """Tell whether a window of another clock, which runs so much less ahead, covers most of a gap."""
    end = min(window[1], OPEN_END - 10**12) + ahead
    return min(end, one.end) - max(window[0] + ahead, one.start) >= _MOST * max(1, one.end - one.start)


def _ahead(context: Context, one: _Break) -> int:
    """Microseconds by which the clock of a gap's reporter runs ahead of the sender's."""
    return context.shift(one.stream) - round(1e6 * context.arrays.shifts.get(one.sender or "", 0.0))


def _off(context: Context, one: _Break) -> Window | None:
    """Return when the sender had the track switched off, where that explains a gap."""
    media = "screenshare_video" if one.stream.media.startswith("screenshare") else one.stream.media
    windows = context.off.get((one.sender or "", media), ())
    return next((window for window in windows if _covers(window, one, _ahead(context, one))), None)


def _reason(context: Context, one: _Break) -> str:
    """Say why samples are missing, as far as anything tells."""
    if any(_covers(window, one, 0) for window in context.hidden.get(one.stream.peer or "", ())):
        return "report has no samples of {streams}: the tab was in the background"
    if not one.stream.consumer:
        return "report has no samples of {streams} sent: muted, paused, hidden or lost"
    sender = context.name(one.sender) if one.sender else "the sender"
    what = f"report has no samples of {sender}'s {media_words(one.stream.media)}"
    producer = context.by_producer.get(one.stream.producer_id or "")
    own = [] if producer is None else _breaks(context, [producer], "gap")
    if any(_covers((gap.start, gap.end), one, _ahead(context, one)) for gap in own):
        return f"{what}, which {sender} did not send"
    return f"{what}: switched off by {sender}, paused, or samples lost"


def _together(peer: str, breaks: list[_Break], detail: str) -> list[Observation]:
    """Make one note of those that coincide."""
    found: list[Observation] = []
    for one in breaks:
        last = found[-1] if found else None
        if last is not None and last.rows is not None and one.start < last.window[1]:
            last.window = (last.window[0], max(last.window[1], one.end))
            last.count += 1
            last.rows = (min(last.rows[0], one.row), max(last.rows[1], one.row))
        else:
            found.append(Observation(peer, (one.start, one.end), 0.0, rows=(one.row, one.row)))
    for note in found:
        note.value = float(note.count)
        note.detail = detail.format(streams=f"{note.count} stream{'s' if note.count > 1 else ''}")
    return found


def _switched_off(who: str, event: str, window: Window, breaks: list[_Break]) -> Observation:
    own = [one for one in breaks if not one.stream.consumer] or breaks[:1]
    # Samples that came back without an event that says so end it as well.
    end = window[1] if window[1] != OPEN_END else max(one.end for one in breaks)
    what = media_words("screenshare_video" if event == "screenshare_stopped" else own[0].stream.media)
    return Observation(
        who,
        (window[0], end),
        max(0.0, (end - window[0]) / 1e6),
        f"{what} was off ({event_words(event)})",
        rows=(min(one.row for one in own), max(one.row for one in own)),
        count=len(breaks),
        evidence_for=["the client's own events"],
    )


GAP = Rule(
    "gap",
    "connectivity",
    "s",
    "no samples",
    "{me}'s {detail}",
    "Muted, paused, hidden or lost samples: the events around that time may tell.",
    find=_gaps,
    drawn="timeline",
)
SWITCHED_OFF = Rule(
    "switched_off",
    "connectivity",
    "s",
    "switched off",
    "{me}'s {detail}",
    "Nothing: it was switched off.",
    find=_switches_off,
    drawn="timeline",
)
RESET = Rule(
    "reset",
    "connectivity",
    "resets",
    "counters began anew",
    "{me}'s {detail}",
    "Nothing, unless it repeats: the client started counting again.",
    find=_resets,
    drawn="timeline",
)
