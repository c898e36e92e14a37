"""Network paths over time: which candidate pairs carried a participant's media, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from rtkit_explore.table_schema.labels import network_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MEDIA_BYTES = 10_000.0
"""A pair with less has carried checks, or the first packets before another was chosen."""
_COLUMNS = (
    "peer_id", "transport", "nominated", "bytes_sent", "bytes_received", "local_candidate_address",
    "local_candidate_port", "remote_candidate_port", "local_candidate_network_type", "relayed", "path_protocol",
    "remote_candidate_type",
)  # fmt: skip
_SECOND = 1_000_000


@dataclass(frozen=True)
class CandidatePair:
    """
    A candidate pair, as far as paths need it.

    Attributes
    ----------
    row
        Its place in the table.
    transport, nominated, relayed, protocol
        As in the table.
    sent, received
        Bytes; 0 where unknown.
    counted
        Whether both are known.
    last
        Its last packet in microseconds since 1970; None where unknown.
    ports
        What tells it from other pairs of the same transport.
    network
        Kind of network in words.
    far
        Type of the far end's candidate: host, srflx, prflx or relay; empty where unknown.
    """

    row: int
    transport: str
    nominated: bool
    sent: float
    received: float
    counted: bool
    last: int | None
    ports: tuple[object, ...]
    network: str
    relayed: bool
    protocol: str
    far: str = ""


@dataclass(frozen=True)
class NetworkPath:
    """
    A way that a participant's media went.

    Attributes
    ----------
    transport
        "consuming" or "producing".
    start, end
        From when to when, in microseconds since 1970.
    network
        Kind of network in words, "through a relay" included.
    relayed, protocol
        Whether through a TURN server; udp, tcp or tls.
    row
        Place of its candidate pair in the table.
    """

    transport: str
    start: int
    end: int
    network: str
    relayed: bool
    protocol: str
    row: int = -1

    @property
    def words(self) -> str:
        """The path in words: "Wi-Fi, UDP"."""
        return f"{self.network}, {self.protocol.upper() or 'unknown protocol'}"


@dataclass(frozen=True)
class PathChange:
    """A moment at which media left one path for another: when (microseconds since 1970), and the two in words."""

    at: int
    words: str


def candidate_pairs_of(table: pd.DataFrame) -> dict[str, list[CandidatePair]]:
    """
    Read the table ``candidate_pairs``.

    Parameters
    ----------
    table
        The table; columns that it lacks count as unknown.

    Returns
    -------
    dict
        Peer id to pairs, in the order of the table.
    """
    received, sent = (_micros(table, f"last_packet_{way}_timestamp") for way in ("received", "sent"))
    empty = [None] * len(table)
    columns = [
        [None if pd.isna(value) else value for value in table[name].tolist()] if name in table.columns else empty
        for name in _COLUMNS
    ]
    found: dict[str, list[CandidatePair]] = {}
    for row, values in enumerate(zip(*columns, strict=True)):
        peer, transport, nominated, up, down, address, local, remote, network, relayed, protocol, far = values
        if peer is None:
            continue
        name = network_words(network)
        found.setdefault(str(peer), []).append(
            CandidatePair(
                row,
                str(transport),
                bool(nominated),
                float(up or 0),
                float(down or 0),
                up is not None and down is not None,
                received[row] if received[row] is not None else sent[row],
                (address, local, remote) if None not in (local, remote) else (row,),
                f"{name} through a relay" if relayed else name,
                bool(relayed),
                str(protocol or ""),
                str(far or ""),
            )
        )
    return found


def server_between(one: Iterable[CandidatePair], other: Iterable[CandidatePair]) -> bool | None:
    """
    Tell whether a media server stands between two people, by the ports at either end of their pairs.

    Connected directly, the far end of each is the other: both name the same two ports. A server has ports of its own,
    and is no client behind a router, whose far candidate is not of type host.

    Returns
    -------
    bool or None
        None where the pairs do not tell.
    """
    ends: list[tuple[set[object], set[object]]] = []
    both = list(one), list(other)
    for pairs in both:
        told = [pair for pair in pairs if len(pair.ports) > 1]
        if not told:
            return None
        ends.append(({pair.ports[1] for pair in told}, {pair.ports[2] for pair in told}))
    (mine, far), (theirs, opposite) = ends
    if mine & opposite or theirs & far:
        return False
    return True if all(pair.far == "host" for pairs in both for pair in pairs) else None


def _micros(table: pd.DataFrame, name: str) -> list[int | None]:
    if name not in table.columns:
        return [None] * len(table)
    times = pd.DatetimeIndex(table[name]).as_unit("us")
    return [None if missing else int(at) for at, missing in zip(times.asi8, times.isna(), strict=True)]


def by_transport(pairs: Iterable[CandidatePair]) -> dict[str, list[CandidatePair]]:
    """Sort the pairs of a participant by transport."""
    found: dict[str, list[CandidatePair]] = {}
    for pair in pairs:
        found.setdefault(pair.transport, []).append(pair)
    return found


def paths_in_use(pairs: Iterable[CandidatePair], start: int, end: int) -> list[NetworkPath]:
    """
    Return the paths that carried a participant's media both ways, by transport and in the order of their use.

    A pair is one snapshot with running totals: it was in use until its last packet, and from when the one before it
    was left. Chrome's first pair over a server often receives some kilobytes, sends nothing and is never nominated:
    that is no path.

    Parameters
    ----------
    pairs
        The participant's pairs.
    start, end
        When the participant was there, in microseconds since 1970.
    """
    found: list[NetworkPath] = []
    for transport, mine in by_transport(pairs).items():
        used = _used(mine)
        until = [end if pair.last is None else min(pair.last, max(start, end)) for pair in used]
        order = sorted(range(len(used)), key=lambda place: until[place])
        begin = start
        for place in order:
            stop = end if place == order[-1] else max(begin, until[place])
            pair = used[place]
            found.append(
                NetworkPath(transport, begin, max(begin, stop), pair.network, pair.relayed, pair.protocol, pair.row)
            )
            begin = max(begin, stop)
    return found


def path_changes(paths: Iterable[NetworkPath]) -> Iterator[PathChange]:
    """Yield when a transport left one path for another; a change of both transports in one second is told once."""
    seen: set[int] = set()
    for before, after in pairwise(paths):
        # Some clients use one connection for both transports and list it twice.
        if before.transport != after.transport or before.end // _SECOND in seen:
            continue
        seen.add(before.end // _SECOND)
        same = before.network == after.network
        yield PathChange(
            before.end,
            f"to another address on {after.network}" if same else f"from {before.network} to {after.network}",
        )


def _used(pairs: list[CandidatePair]) -> list[CandidatePair]:
    """Return the pairs of a transport that were paths, the nominated one of those between the same two ports."""
    moved = [pair for pair in pairs if pair.sent + pair.received > MEDIA_BYTES]
    used = [pair for pair in moved if pair.nominated or min(pair.sent, pair.received) > 0]
    used = used or [pair for pair in pairs if pair.nominated and pair.sent + pair.received > 0]
    chosen: dict[tuple[object, ...], CandidatePair] = {}
    for pair in sorted(used, key=lambda one: not one.nominated):
        chosen.setdefault(pair.ports, pair)
    return list(chosen.values())


def spans_of(participants: pd.DataFrame) -> Mapping[str, tuple[int, int]]:
    """Return when everyone was there by the list of participants, in microseconds; those of unknown times left out."""
    joined, left = (_micros(participants, name) for name in ("joined_at", "left_at"))
    found: dict[str, tuple[int, int]] = {}
    for peer, one, two in zip(participants["peer_id"], joined, left, strict=True):
        if isinstance(peer, str) and one is not None and two is not None:
            found.setdefault(peer, (one, two))
    return found
