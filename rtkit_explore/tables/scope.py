"""What a narrowed call is about: which participants, which time, which media; applied alike to every table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.tables.times import NAT

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from rtkit_explore.call import Call

EARLIEST: Final = int(np.iinfo(np.int64).min) + 1
LATEST: Final = int(np.iinfo(np.int64).max)

_SPANS: Final = {
    # A row counts if any of its time lies in the window; a first sample has no start, so its end stands for both.
    "quality": ("start", "end"),
    "streams": ("first", "last"),
    "participants": ("joined_at", "left_at"),
    "transcript": ("start", "end"),
    "samples": ("timestamp", "timestamp"),
    "events": ("timestamp", "timestamp"),
    "device_changes": ("timestamp", "timestamp"),
    "connection_checks": ("timestamp", "timestamp"),
    "peer_events": ("created_at", "created_at"),
    "chat": ("created_at", "created_at"),
}
_OPEN_ENDED: Final = ("participants", "transcript")
"""Tables in which a missing time means "not known" or "not yet": such a row stays."""


@dataclass(frozen=True)
class Scope:
    """
    What a narrowed call is about.

    Attributes
    ----------
    peers
        Peer ids; None for everyone.
    window
        From, to: microseconds since 1970.
    media
        Kinds of media; None for all.
    """

    peers: frozenset[str] | None = None
    window: tuple[int, int] = (EARLIEST, LATEST)
    media: frozenset[str] | None = None

    def within(self, other: Scope) -> Scope:
        """Return what both scopes have in common."""
        return replace(
            self,
            peers=_common(self.peers, other.peers),
            window=(max(self.window[0], other.window[0]), min(self.window[1], other.window[1])),
            media=_common(self.media, other.media),
        )

    @property
    def timed(self) -> bool:
        """Whether it has a window at all."""
        return self.window != (EARLIEST, LATEST)

    def includes(self, peer: str | None) -> bool:
        """Tell whether a participant is in it."""
        return self.peers is None or peer in self.peers

    def concerns(self, peers: tuple[str | None, ...], media: str | None, span: tuple[int, int]) -> bool:
        """
        Tell whether something that was found concerns this scope.

        Parameters
        ----------
        peers
            Who reported it and whose side it was on: either is enough.
        media
            Its media; None concerns all.
        span
            From, to in microseconds; the smallest integer for a time that is not known.
        """
        if not any(map(self.includes, peers)):
            return False
        if self.media is not None and media is not None and media not in self.media:
            return False
        if NAT in span:
            return True
        return span[0] <= self.window[1] and span[1] >= self.window[0]

    def rows(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """
        Keep the rows of a table that the scope is about.

        Parameters
        ----------
        name
            Name of the table.
        table
            The whole table.

        Returns
        -------
        pandas.DataFrame
            All columns. Rows keep their labels, because ``findings`` refer to rows of ``quality`` by them.
        """
        keep = np.ones(len(table), dtype=bool)
        owner = "participant_id" if name == "chat" else "peer_id"
        if self.peers is not None and owner in table.columns:
            mine = table[owner].isin(self.peers)
            # A problem of the session's own documents concerns every scope.
            keep &= (mine | table[owner].isna() if name == "problems" else mine).to_numpy(dtype=bool)
        if self.media is not None and "media" in table.columns:
            keep &= table["media"].isin(self.media).to_numpy(dtype=bool)
        if self.timed and name in _SPANS:
            keep &= self._in_window(name, table)
        return table if keep.all() else table[keep]

    def _in_window(self, name: str, table: pd.DataFrame) -> NDArray[np.bool_]:
        start, end = (_micros(table[column]) for column in _SPANS[name])
        known = (start != NAT) | (end != NAT)
        if name == "participants":
            # A participant who has not left yet is present to the end.
            end = np.where(end == NAT, LATEST, end)
        begin, until = np.where(start == NAT, end, start), np.where(end == NAT, start, end)
        inside = known & (begin <= self.window[1]) & (until >= self.window[0])
        return np.asarray(inside | ~known if name in _OPEN_ENDED else inside, dtype=np.bool_)


def call_span(call: Call) -> tuple[datetime, datetime]:
    """Return when a call began and ended, as far as its documents tell; raises where they tell nothing."""
    known: list[pd.Timestamp] = []
    for frame, columns in (
        (call.sessions, ("started_at", "ended_at")),
        (call.participants, ("joined_at", "left_at")),
        (call.quality, ("start", "end")),
        (call.events, ("timestamp",)),
    ):
        for name in columns:
            times = frame[name].dropna()
            if len(times):
                known += [times.min(), times.max()]
        if known and frame is call.participants:
            break
    if not known:
        msg = "No document of this call says when it was, so no time of it can be asked for."
        raise InvalidArgumentError(msg)
    return min(known).to_pydatetime().astimezone(UTC), max(known).to_pydatetime().astimezone(UTC)


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _micros(times: pd.Series[pd.Timestamp]) -> NDArray[np.int64]:
    return np.asarray(pd.DatetimeIndex(times).as_unit("us").asi8)
