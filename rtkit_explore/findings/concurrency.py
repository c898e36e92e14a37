"""Everything that was found, ready to be asked who else was in trouble, or there at all, at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.rules import RULES
from rtkit_explore.findings.rules.rule import RELATED
from rtkit_explore.findings.stream_arrays import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context, Window
    from rtkit_explore.findings.rules.rule import Tag
    from rtkit_explore.findings.stream_arrays import Stream

SLACK_US = 8_000_000
"""Two clients' samples of one trouble can be a sample apart."""
_ENOUGH = 0.3
AFTER_US = 30_000_000


@dataclass
class Concurrency:
    """Everything that was found, ready to be asked who else was in trouble at a time."""

    context: Context
    candidates: list[Candidate]
    by_stream: dict[int, list[Candidate]] = field(default_factory=dict)
    tags: dict[tuple[Tag, ...], tuple[str, ...]] = field(default_factory=dict)
    one_way: list[Candidate] = field(default_factory=list)
    """Outages of which one direction brought about the other."""
    memo: dict[tuple[Window, tuple[str, ...]], NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the findings by stream, and put everything on the call's clock."""
        streams = self.context.arrays.streams
        told = [
            candidate for candidate in self.candidates if candidate.stream is not None and candidate.severity != "note"
        ]
        for candidate in told:
            if candidate.stream is not None:
                self.by_stream.setdefault(candidate.stream.number, []).append(candidate)
        self.related = self.tagged(RELATED)
        self.spans = np.array([self.window(candidate) for candidate in told], dtype="int64").reshape(-1, 2)
        self.stream_of = np.array(
            [candidate.stream.number if candidate.stream else 0 for candidate in told], dtype="int64"
        )
        self.rule_of = np.array([candidate.name for candidate in told], dtype=object)
        shift = np.array([self.context.shift(stream) for stream in streams], dtype="int64")
        self.first = np.array([stream.first_us for stream in streams], dtype="int64") - shift
        self.last = np.array([stream.last_us for stream in streams], dtype="int64") - shift
        self.live = np.array([stream.first_us != NO_TIME and stream.usual > 0 for stream in streams], dtype=bool)

    def tagged(self, *tags: Tag) -> tuple[str, ...]:
        """Return the names of the rules that carry any of these tags, those of the user's own included."""
        if tags not in self.tags:
            there = {rule.name: rule for rule in (*RULES, *(candidate.rule for candidate in self.candidates))}
            self.tags[tags] = tuple(name for name, rule in there.items() if rule.tags.intersection(tags))
        return self.tags[tags]

    def window(self, candidate: Candidate) -> tuple[int, int]:
        """When a finding was, by the call's clock."""
        ahead = round(1e6 * self.context.arrays.shifts.get(candidate.peer or "", 0.0))
        return candidate.start - ahead, candidate.end - ahead

    def troubled(self, stream: Stream, window: Window, rules: tuple[str, ...]) -> Candidate | None:
        """Return what was wrong with a stream at that time, if anything of these rules was."""
        best: tuple[int, Candidate] | None = None
        for candidate in self.by_stream.get(stream.number, ()):
            if candidate.name not in rules:
                continue
            one, two = self.window(candidate)
            common = min(two, window[1]) - max(one, window[0])
            shorter = max(1, min(two - one, window[1] - window[0]))
            near = common > -SLACK_US and shorter <= 2 * SLACK_US
            if (common >= _ENOUGH * shorter or near) and (best is None or common > best[0]):
                best = (common, candidate)
        return None if best is None else best[1]

    def mostly_together(self, one: Candidate, other: Candidate) -> bool:
        """Tell whether two findings were at the same time for half of the longer one."""
        (first, end), (begin, last) = self.window(one), self.window(other)
        longer = max(end - first, last - begin, 1)
        return 2 * (min(end, last) - max(first, begin)) >= longer

    def hit(self, window: Window, rules: tuple[str, ...]) -> NDArray[np.bool_]:
        """Tell for every stream whether anything of these rules was wrong with it at that time."""
        key = (window, rules)
        if key not in self.memo:
            one, two = self.spans[:, 0], self.spans[:, 1]
            common = np.minimum(two, window[1]) - np.maximum(one, window[0])
            shorter = np.maximum(1, np.minimum(two - one, window[1] - window[0]))
            near = (common > -SLACK_US) & (shorter <= 2 * SLACK_US)
            at_once = ((common >= _ENOUGH * shorter) | near) & np.isin(self.rule_of, rules)
            found = np.zeros(len(self.live), dtype=bool)
            found[self.stream_of[at_once]] = True
            self.memo[key] = found
        return self.memo[key]

    def present(self, window: Window) -> NDArray[np.bool_]:
        """Tell for every stream whether it was reported, with packets, for a good part of that time."""
        common = np.minimum(self.last, window[1]) - np.maximum(self.first, window[0])
        return np.asarray(self.live & (common >= 0.5 * max(1, window[1] - window[0])))

    def there(self, stream: Stream, window: Window) -> bool:
        """Tell the same of one stream."""
        common = min(int(self.last[stream.number]), window[1]) - max(int(self.first[stream.number]), window[0])
        return bool(self.live[stream.number]) and common >= 0.5 * max(1, window[1] - window[0])

    def sampled(self, stream: Stream, window: Window) -> bool:
        """Tell whether a good part of that time was sampled: a gap or a hidden tab does not say that it was well."""
        arrays, shift = self.context.arrays, self.context.shift(stream)
        one, two = window[0] + shift, window[1] + shift
        first = stream.rows.start + int(np.searchsorted(arrays.end[stream.rows], one, side="right"))
        last = stream.rows.start + int(np.searchsorted(arrays.end[stream.rows], two, side="left")) + 1
        rows = slice(first, min(last, stream.rows.stop))
        common = np.minimum(arrays.end[rows], two) - np.maximum(arrays.start[rows], one)
        seen = arrays.known[rows] & ~self.context.unseen[rows]
        return float(np.maximum(common, 0)[seen].sum()) >= 0.5 * max(1, window[1] - window[0])

    def well(self, peer: str | None, sender: str | None, window: Window) -> bool:
        """Tell whether nothing at all was wrong with what a listener received of a sender at that time."""
        streams = [
            stream for stream in self.context.of_peer.get(peer or "", ()) if stream.consumer and stream.remote == sender
        ]
        return not any(self.troubled(stream, window, self.related) for stream in streams)

    def flows(self, stream: Stream, window: Window) -> bool:
        """Tell whether packets went through a stream in that time."""
        if not self.there(stream, window):
            return False
        arrays, shift = self.context.arrays, self.context.shift(stream)
        rows = np.arange(stream.rows.start, stream.rows.stop)
        inside = (arrays.end[rows] - shift > window[0]) & (arrays.start[rows] - shift < window[1])
        return bool(np.nansum(arrays["packets"][rows[inside]]) > 0)
