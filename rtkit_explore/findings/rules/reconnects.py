"""The rule on reconnects: connections taken up again, rejoins under a new id, and who only left and came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.context import OPEN_END, Context, micros
from rtkit_explore.findings.rules.participants import own_connection
from rtkit_explore.findings.rules.rule import FOLLOWS_OUTAGE, Observation, Rule
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.profiles import Profile
    from rtkit_explore.findings.stream_arrays import Stream

_REJOIN_US = 180_000_000
_REJOINED = "left and joined again under a new id"
_SAME_TROUBLE_US = 10_000_000
_BEFORE_LEAVING_US = 22_000_000
"""How long before somebody left media are looked at: three samples."""
_HUNG_UP_US = 8_000_000
"""The client's own word that it left, and its last sample, come so near to the time on the list of participants."""
_HALF = 50.0


def _reconnects(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Count, per participant, reconnects told by events, and rejoins under a new id."""
    call = context.call
    when: dict[str, list[int]] = {}
    how: dict[str, list[str]] = {}
    events = call.events[call.events["timestamp"].notna() & call.events["peer_id"].notna()]
    events = events.sort_values("timestamp", kind="stable")
    dropped: dict[str, int] = {}
    for peer, name, time in zip(events["peer_id"], events["name"].fillna(""), micros(events["timestamp"]), strict=True):
        plain = str(name).lower()
        if plain == "disconnect":
            dropped[peer] = time
        again = plain in ("transport_connected", "websocket_connected") and dropped.pop(peer, None) is not None
        if plain == "reconnect_attempt" or again:
            last = when.get(peer, [])
            if not last or time - last[-1] > _SAME_TROUBLE_US:
                when.setdefault(peer, []).append(time)
                how.setdefault(peer, []).append("reconnected" if again else "tried to reconnect")
    yield from _rejoins(context, when, how)
    for peer, times in when.items():
        found = own_connection(context, peer, (min(times), max(times)), float(len(times)), how[peer][0], judged=True)
        if all(what == _REJOINED for what in how[peer]):
            found.confidence = "low"
            found.evidence_against.append(
                "nothing tells whether the connection was lost, or the person left on purpose"
            )
        else:
            found.evidence_against.append("the service may have dropped the connection")
        yield found


def _rejoins(context: Context, when: dict[str, list[int]], how: dict[str, list[str]]) -> Iterator[Observation]:
    """
    Add those who left and joined again within three minutes: a rejoin makes a new participant id.

    Who hung up with everything in order came back by choice: that is a note of its own, and no fault of a connection.
    """
    people = context.call.participants
    known = people[people["user_id"].notna() & people["joined_at"].notna() & people["peer_id"].notna()]
    for _, mine in known.sort_values("joined_at", kind="stable").groupby("user_id", sort=False):
        joined, left = micros(mine["joined_at"]), micros(mine["left_at"])
        peers = [str(peer) for peer in mine["peer_id"]]
        for k in range(1, len(peers)):
            away = joined[k] - left[k - 1] if left[k - 1] != NO_TIME else OPEN_END
            if not -_REJOIN_US <= away <= _REJOIN_US:
                continue
            if away >= 0 and _hung_up(context, peers[k - 1], left[k - 1]):
                ahead = round(1e6 * context.arrays.shifts.get(peers[k - 1], 0.0))
                yield Observation(
                    peers[k - 1],
                    (left[k - 1] + ahead, joined[k] + ahead),
                    1.0,
                    "left by choice and came back under a new id",
                    advice="Nothing of the connection: ask why they left, or whether the page was loaded again.",
                    evidence_for=["the client said that it left, and media went both ways until then"],
                )
                continue
            ahead = round(1e6 * context.arrays.shifts.get(peers[k], 0.0))
            when.setdefault(peers[k], []).append(joined[k] + ahead)
            how.setdefault(peers[k], []).append(_REJOINED)


def _hung_up(context: Context, peer: str, left: int) -> bool:
    """
    Tell whether somebody hung up: the client said so at that moment, and media went both ways until then.

    A client says the same when it gives up a dead connection, so its word alone is not enough.
    """
    events = context.call.events
    mine = events[(events["peer_id"] == peer) & events["timestamp"].notna() & events["name"].notna()]
    at = left + round(1e6 * context.arrays.shifts.get(peer, 0.0))
    said = [(str(name).lower(), time - at) for name, time in zip(mine["name"], micros(mine["timestamp"]), strict=True)]
    if not any(name == "disconnect" and abs(off) <= _HUNG_UP_US for name, off in said):
        return False
    if any(name == "reconnect_attempt" and off >= -2 * _BEFORE_LEAVING_US for name, off in said):
        return False
    heard = [one for one in context.of_peer.get(peer, ()) if one.consumer]
    sent = [
        other
        for own in context.of_peer.get(peer, ())
        if not own.consumer
        for other in context.consumers_of.get(own.stream_id or "", ())
    ]
    states = [_flowed_until(context, stream, left) for stream in (*heard, *sent)]
    known = [state for state in states if state is not None]
    return bool(known) and all(known)


def _flowed_until(context: Context, stream: Stream, left: int) -> bool | None:
    """Tell whether a received stream flowed in its last samples before a time; None where that is not known."""
    arrays, rows, shift = context.arrays, stream.rows, context.shift(stream)
    end = arrays.end[rows] - shift
    near = arrays.known[rows] & (end > left - _BEFORE_LEAVING_US) & (end <= left)
    # What was switched off, or unseen in a hidden tab, tells nothing.
    near &= ~context.switched_off[rows] & ~context.unseen[rows]
    share = context.share[rows][near]
    share = share[~np.isnan(share)]
    if stream.media not in SOUND or not len(share):
        return None
    return bool((share >= _HALF).all())


def _after_reconnects(candidate: Candidate, _words: Mapping[str, str]) -> str:
    return candidate.advice or "Look at what happened around that time, and at the network of that person."


RECONNECTS = Rule(
    "reconnects",
    "connectivity",
    "times",
    "reconnects",
    "{me} {detail}{times}",
    _after_reconnects,
    find=_reconnects,
    tags=frozenset({FOLLOWS_OUTAGE}),
    drawn="timeline",
)
