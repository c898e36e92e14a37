"""What the rules may know beside the streams: who was muted, hidden, sending, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from rtkit_explore.findings.stream_arrays import NO_TIME, Stream, StreamArrays, stream_arrays_of
from rtkit_explore.measures.delivery import CumulativeCount
from rtkit_explore.tables.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rtkit_explore.findings.profiles import Profile
    from rtkit_explore.findings.rules.rule import Rule
    from rtkit_explore.findings.stream_arrays import Bools, Floats

_Made = TypeVar("_Made")
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
OPEN_END = np.iinfo(np.int64).max


def micros(times: pd.Series[pd.Timestamp]) -> list[int]:
    """Return times as microseconds since 1970; the smallest integer where missing."""
    return [int(value) for value in pd.DatetimeIndex(times).as_unit("us").asi8]


@dataclass
class Context:
    """A call made ready for the rules."""

    call: CallTables
    arrays: StreamArrays
    whole: Context | None = None
    """Of a narrowed call: the context of the call that it was narrowed from."""
    scope: Scope = field(default_factory=Scope)
    hidden: dict[str, list[Window]] = field(default_factory=dict)
    off: dict[tuple[str, str], list[Window]] = field(default_factory=dict)
    switched: set[tuple[str, str]] = field(default_factory=set)
    """Participants and media whose switch is known from events."""
    spans: dict[str, Window] = field(default_factory=dict)
    """From the first to the last sample of each participant."""
    values: dict[Rule, Floats] = field(default_factory=dict)
    """What each rule on streams made of the rows: judged, and drawn."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What ``once`` worked out."""
    evaluations: dict[Profile, object] = field(default_factory=dict)
    """The findings by profile, worked out once."""

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """Return what several modules read, worked out once per call."""
        if name not in self.kept:
            self.kept[name] = make()
        made: _Made = self.kept[name]
        return made

    def name(self, peer: str | None) -> str:
        """Return what to call a participant."""
        if peer is None:
            return "somebody"
        return self.call.names.get(peer) or f"participant {peer[:8]}"

    @cached_property
    def by_producer(self) -> dict[str, Stream]:
        """Sent streams by producer id."""
        return {stream.stream_id: stream for stream in self.arrays.streams if not stream.consumer and stream.stream_id}

    @cached_property
    def consumers_of(self) -> dict[str, list[Stream]]:
        """Received streams by the producer that feeds them."""
        found: dict[str, list[Stream]] = {}
        for stream in self.arrays.streams:
            if stream.consumer and stream.producer_id:
                found.setdefault(stream.producer_id, []).append(stream)
        return found

    @cached_property
    def of_peer(self) -> dict[str, list[Stream]]:
        """Streams by the participant that reports them."""
        found: dict[str, list[Stream]] = {}
        for stream in self.arrays.streams:
            if stream.peer is not None and (self.scope.media is None or stream.media in self.scope.media):
                found.setdefault(stream.peer, []).append(stream)
        return found

    @cached_property
    def persons(self) -> dict[str, str]:
        """Who is who, by user id: a rejoin makes a new participant id, and not a new person."""
        people = self.call.participants
        if "user_id" not in people.columns:
            return {}
        known = people[people["user_id"].notna() & people["peer_id"].notna()]
        return dict(zip(known["peer_id"].astype(str), known["user_id"].astype(str), strict=True))

    def person(self, peer: str) -> str:
        """Return whose stay a participant id is."""
        return self.persons.get(peer, peer)

    @cached_property
    def everybody(self) -> list[str]:
        """Peer ids of all participants, in their order; of one that is listed twice, twice."""
        return [str(peer) for peer in self.call.participants["peer_id"].dropna()]

    @cached_property
    def silent_people(self) -> list[str]:
        """Who was in the call, and whose samples are not known."""
        known = {peer for peer, streams in self.of_peer.items() if streams}
        return [str(peer) for peer in self.call.participants["peer_id"].dropna().unique() if peer not in known]

    @cached_property
    def reporting(self) -> list[str]:
        """Who has a report that was read."""
        people = self.call.participants
        return [str(peer) for peer in people.loc[people["report"] == "read", "peer_id"].dropna()]

    def shift(self, stream: Stream) -> int:
        """Microseconds by which the clock of a stream's reporter runs ahead."""
        return round(1e6 * self.arrays.shifts.get(stream.peer or "", 0.0))

    @cached_property
    def age_s(self) -> Floats:
        """Seconds from the first sample of the stream to the start of each interval."""
        first = np.array([stream.first_us for stream in self.arrays.streams], dtype="int64")
        return (self.arrays.start - first[self.arrays.stream_number]) / 1e6 if len(first) else np.zeros(0)

    @cached_property
    def rate(self) -> Floats:
        """Packets per second."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.arrays["packets"] / self.arrays.seconds)

    @cached_property
    def share(self) -> Floats:
        """Packets as a percentage of the stream's usual number; NaN for streams that never flowed."""
        usual = self.arrays.spread([stream.usual if stream.usual > 0 else np.nan for stream in self.arrays.streams])
        return np.asarray(100.0 * self.rate / usual) if len(usual) else np.zeros(0)

    @cached_property
    def sent_share(self) -> Floats:
        """Received streams: what the sender sent meanwhile, as a percentage of its usual number; NaN if unknown."""
        usual = np.array([self._usual_of_producer(stream) for stream in self.arrays.streams], dtype="float64")
        return (
            np.asarray(100.0 * self.sent_rate("packets") / usual[self.arrays.stream_number])
            if len(usual)
            else np.zeros(0)
        )

    def _usual_of_producer(self, stream: Stream) -> float:
        producer = self.by_producer.get(stream.producer_id or "") if stream.consumer else None
        return producer.usual if producer is not None and producer.usual > 0 else np.nan

    def sent_rate(self, measure: str) -> Floats:
        """Received streams: how much of a measure the sender counted meanwhile, per second; NaN if unknown."""
        found = np.full(len(self.arrays.stream_number), np.nan)
        for producer, consumers in self.consumers_of.items():
            stream = self.by_producer.get(producer)
            if stream is None:
                continue
            rows = stream.rows
            sender = CumulativeCount(
                self.arrays.end[rows] - self.shift(stream), self.arrays[measure][rows], self.arrays.known[rows]
            )
            for consumer in consumers:
                mine, shift = consumer.rows, self.shift(consumer)
                start = (self.arrays.start[mine] - shift).astype("float64")
                end = (self.arrays.end[mine] - shift).astype("float64")
                with np.errstate(invalid="ignore", divide="ignore"):
                    found[mine] = sender.within(start, end) / ((end - start) / 1e6)
        return found

    def covered(self, windows: Mapping[str, list[Window]], streams: list[str | None]) -> Bools:
        """Tell which rows overlap a window of the participant named for their stream."""
        found = np.zeros(len(self.arrays.stream_number), dtype=bool)
        for stream, peer in zip(self.arrays.streams, streams, strict=True):
            for one, two in windows.get(peer or "", ()):
                found[stream.rows] |= (self.arrays.end[stream.rows] > one) & (self.arrays.start[stream.rows] < two)
        return found

    @cached_property
    def unseen(self) -> Bools:
        """Whether the tab of whoever reports the row was hidden."""
        return self.covered(self.hidden, [stream.peer for stream in self.arrays.streams])

    @cached_property
    def unwatched(self) -> Bools:
        """Whether the tab of whoever reports the row, or of the sender, was hidden: browsers slow both down."""
        return self.unseen | self.covered(self.hidden, [stream.remote for stream in self.arrays.streams])

    @cached_property
    def switched_off(self) -> Bools:
        """Whether the sender had the track off, by the sender's own events."""
        found = np.zeros(len(self.arrays.stream_number), dtype=bool)
        for stream in self.arrays.streams:
            who = stream.remote if stream.consumer else stream.peer
            for one, two in self.off.get((who or "", stream.media), ()):
                # By the sender's clock, put on the reporter's.
                by = self.shift(stream) - round(1e6 * self.arrays.shifts.get(who or "", 0.0))
                end = min(two, OPEN_END - 10**12) + by
                found[stream.rows] |= (self.arrays.end[stream.rows] > one + by) & (self.arrays.start[stream.rows] < end)
        return found

    @cached_property
    def final(self) -> Bools:
        """Whether a row is the last before its stream ends or pauses: the last sample of a paused track."""
        found = np.zeros(len(self.arrays.stream_number), dtype=bool)
        for stream in self.arrays.streams:
            found[stream.rows.stop - 1] = True
        found[:-1] |= self.arrays.flags["gap"][1:]
        return found


def context_of(call: CallTables) -> Context:
    """Make a call ready for the rules."""
    context = Context(call=call, arrays=stream_arrays_of(call.quality))
    context.hidden, context.off, context.switched = _switches(call.events)
    context.spans = _spans(context)
    return context


def narrowed_context(whole: Context, call: CallTables, scope: Scope) -> Context:
    """
    Make a narrowed call ready: rules and attribution still see the whole call, verdicts only what is in scope.

    Parameters
    ----------
    whole
        Of the call that it was narrowed from.
    call
        The narrowed call.
    scope
        What it is about.
    """
    context = Context(call=call, arrays=whole.arrays, whole=whole, scope=scope)
    context.spans = _spans(context)
    return context


def _spans(context: Context) -> dict[str, Window]:
    """From the first to the last sample of each participant, within the scope."""
    spans: dict[str, Window] = {}
    low, high = context.scope.window
    for peer, streams in context.of_peer.items():
        timed = [stream for stream in streams if stream.first_us != NO_TIME]
        first = max(min((stream.first_us for stream in timed), default=high), low)
        last = min(max((stream.last_us for stream in timed), default=low), high)
        if timed and first <= last:
            spans[peer] = (first, last)
    return spans


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
            hidden.setdefault(peer, []).append((begun, OPEN_END))
        else:
            off.setdefault((peer, what), []).append((begun, OPEN_END))
    return hidden, off, switched
