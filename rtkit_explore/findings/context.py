"""What the rules may know beside the streams: who was muted, hidden, sending, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from ..measures.audit import Counted
from .lanes import NOWHEN, Lane, Lanes, lanes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .lanes import Bools, Floats

SOUND = ("audio", "screenshare_audio")
PICTURE = ("video", "screenshare_video")
_SWITCHES = {
    "audio_on": ("audio", True),
    "audio_off": ("audio", False),
    "video_on": ("video", True),
    "video_off": ("video", False),
    "screenshare_started": ("screenshare_video", True),
    "screenshare_stopped": ("screenshare_video", False),
}


class CallTables(Protocol):
    """What is judged: a Call, or anything with its tables."""

    @property
    def session_id(self) -> str | None:
        """The session."""

    @property
    def names(self) -> Mapping[str, str]:
        """Peer id to display label."""

    @property
    def participants(self) -> pd.DataFrame:
        """Table ``participants``."""

    @property
    def peer_events(self) -> pd.DataFrame:
        """Table ``peer_events``."""

    @property
    def events(self) -> pd.DataFrame:
        """Table ``events``."""

    @property
    def device_changes(self) -> pd.DataFrame:
        """Table ``device_changes``."""

    @property
    def candidate_pairs(self) -> pd.DataFrame:
        """Table ``candidate_pairs``."""

    @property
    def quality(self) -> pd.DataFrame:
        """Table ``quality``."""


Window = tuple[int, int]
"""From, to: microseconds since 1970."""
FOREVER = np.iinfo(np.int64).max


def micros(times: pd.Series[pd.Timestamp]) -> list[int]:
    """Return times as microseconds since 1970; the smallest integer where missing."""
    return [int(value) for value in pd.DatetimeIndex(times).as_unit("us").asi8]


@dataclass
class Context:
    """A call made ready for the rules."""

    call: CallTables
    lanes: Lanes
    hidden: dict[str, list[Window]] = field(default_factory=dict)
    off: dict[tuple[str, str], list[Window]] = field(default_factory=dict)
    switched: set[tuple[str, str]] = field(default_factory=set)
    """Participants and media whose switch is known from events."""
    spans: dict[str, Window] = field(default_factory=dict)
    """From the first to the last sample of each participant."""
    memo: dict[str, Floats] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Floats]) -> Floats:
        """Return what several rules read, worked out once."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def name(self, peer: str | None) -> str:
        """Return what to call a participant."""
        if peer is None:
            return "somebody"
        return self.call.names.get(peer) or f"participant {peer[:8]}"

    @cached_property
    def by_producer(self) -> dict[str, Lane]:
        """Sent streams by producer id."""
        return {lane.stream_id: lane for lane in self.lanes.lanes if not lane.consumer and lane.stream_id}

    @cached_property
    def consumers_of(self) -> dict[str, list[Lane]]:
        """Received streams by the producer that feeds them."""
        found: dict[str, list[Lane]] = {}
        for lane in self.lanes.lanes:
            if lane.consumer and lane.producer_id:
                found.setdefault(lane.producer_id, []).append(lane)
        return found

    @cached_property
    def of_peer(self) -> dict[str, list[Lane]]:
        """Streams by the participant that reports them."""
        found: dict[str, list[Lane]] = {}
        for lane in self.lanes.lanes:
            if lane.peer is not None:
                found.setdefault(lane.peer, []).append(lane)
        return found

    def shift(self, lane: Lane) -> int:
        """Microseconds by which the clock of a stream's reporter runs ahead."""
        return round(1e6 * self.lanes.shifts.get(lane.peer or "", 0.0))

    @cached_property
    def age_s(self) -> Floats:
        """Seconds from the first sample of the stream to the start of each interval."""
        first = np.array([lane.first_us for lane in self.lanes.lanes], dtype="int64")
        return (self.lanes.start - first[self.lanes.lane]) / 1e6 if len(first) else np.zeros(0)

    @cached_property
    def rate(self) -> Floats:
        """Packets per second."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.lanes["packets"] / self.lanes.seconds)

    @cached_property
    def share(self) -> Floats:
        """Packets as a percentage of the stream's usual number; NaN for streams that never flowed."""
        usual = self.lanes.of_lane([lane.usual if lane.usual > 0 else np.nan for lane in self.lanes.lanes])
        return np.asarray(100.0 * self.rate / usual) if len(usual) else np.zeros(0)

    @cached_property
    def sent_share(self) -> Floats:
        """Received streams: what the sender sent meanwhile, as a percentage of its usual number; NaN if unknown."""
        usual = np.array([self._usual_of_producer(lane) for lane in self.lanes.lanes], dtype="float64")
        return np.asarray(100.0 * self.sent_rate("packets") / usual[self.lanes.lane]) if len(usual) else np.zeros(0)

    def _usual_of_producer(self, lane: Lane) -> float:
        producer = self.by_producer.get(lane.producer_id or "") if lane.consumer else None
        return producer.usual if producer is not None and producer.usual > 0 else np.nan

    def sent_rate(self, measure: str) -> Floats:
        """Received streams: how much of a measure the sender counted meanwhile, per second; NaN if unknown."""
        found = np.full(len(self.lanes.lane), np.nan)
        for producer, consumers in self.consumers_of.items():
            lane = self.by_producer.get(producer)
            if lane is None:
                continue
            rows = lane.rows
            sender = Counted(self.lanes.end[rows] - self.shift(lane), self.lanes[measure][rows], self.lanes.known[rows])
            for consumer in consumers:
                mine, shift = consumer.rows, self.shift(consumer)
                start = (self.lanes.start[mine] - shift).astype("float64")
                end = (self.lanes.end[mine] - shift).astype("float64")
                with np.errstate(invalid="ignore", divide="ignore"):
                    found[mine] = sender.within(start, end) / ((end - start) / 1e6)
        return found

    def covered(self, windows: Mapping[str, list[Window]], lanes: list[str | None]) -> Bools:
        """Tell which rows overlap a window of the participant named for their stream."""
        found = np.zeros(len(self.lanes.lane), dtype=bool)
        for lane, peer in zip(self.lanes.lanes, lanes, strict=True):
            for one, two in windows.get(peer or "", ()):
                found[lane.rows] |= (self.lanes.end[lane.rows] > one) & (self.lanes.start[lane.rows] < two)
        return found

    @cached_property
    def unseen(self) -> Bools:
        """Whether the tab of whoever reports the row was hidden."""
        return self.covered(self.hidden, [lane.peer for lane in self.lanes.lanes])

    @cached_property
    def unwatched(self) -> Bools:
        """Whether the tab of whoever reports the row, or of the sender, was hidden: browsers slow both down."""
        return self.unseen | self.covered(self.hidden, [lane.remote for lane in self.lanes.lanes])

    @cached_property
    def switched_off(self) -> Bools:
        """Whether the sender had the track off, by the sender's own events."""
        found = np.zeros(len(self.lanes.lane), dtype=bool)
        for lane in self.lanes.lanes:
            who = lane.remote if lane.consumer else lane.peer
            for one, two in self.off.get((who or "", lane.media), ()):
                # By the sender's clock, put on the reporter's.
                by = self.shift(lane) - round(1e6 * self.lanes.shifts.get(who or "", 0.0))
                end = min(two, FOREVER - 10**12) + by
                found[lane.rows] |= (self.lanes.end[lane.rows] > one + by) & (self.lanes.start[lane.rows] < end)
        return found

    @cached_property
    def final(self) -> Bools:
        """Whether a row is the last before its stream ends or pauses: the last sample of a paused track."""
        found = np.zeros(len(self.lanes.lane), dtype=bool)
        for lane in self.lanes.lanes:
            found[lane.rows.stop - 1] = True
        found[:-1] |= self.lanes.flags["gap"][1:]
        return found


def context_of(call: CallTables) -> Context:
    """Make a call ready for the rules."""
    context = Context(call=call, lanes=lanes_of(call.quality))
    context.hidden, context.off, context.switched = _switches(call.events)
    for peer, lanes in context.of_peer.items():
        timed = [lane for lane in lanes if lane.first_us != NOWHEN]
        if timed:
            context.spans[peer] = (min(lane.first_us for lane in timed), max(lane.last_us for lane in timed))
    return context


def _switches(
    events: pd.DataFrame,
) -> tuple[dict[str, list[Window]], dict[tuple[str, str], list[Window]], set[tuple[str, str]]]:
    """Read from the events when tabs were hidden and tracks off."""
    hidden: dict[str, list[Window]] = {}
    off: dict[tuple[str, str], list[Window]] = {}
    switched: set[tuple[str, str]] = set()
    since: dict[tuple[str, str], int] = {}
    seen = events[events["timestamp"].notna() & events["name"].notna() & events["peer_id"].notna()]
    seen = seen.sort_values("timestamp", kind="stable")
    for peer, name, when in zip(seen["peer_id"], seen["name"], micros(seen["timestamp"]), strict=True):
        plain = str(name).lower()
        if plain.endswith("backgrounded"):
            since.setdefault((peer, "hidden"), when)
        elif plain.endswith("foregrounded"):
            begun = since.pop((peer, "hidden"), None)
            if begun is not None:
                hidden.setdefault(peer, []).append((begun, when))
        elif plain in _SWITCHES:
            media, on = _SWITCHES[plain]
            switched.add((peer, media))
            if on:
                begun = since.pop((peer, media), None)
                if begun is not None:
                    off.setdefault((peer, media), []).append((begun, when))
            else:
                since.setdefault((peer, media), when)
    for (peer, what), begun in since.items():
        if what == "hidden":
            hidden.setdefault(peer, []).append((begun, FOREVER))
        else:
            off.setdefault((peer, what), []).append((begun, FOREVER))
    return hidden, off, switched
