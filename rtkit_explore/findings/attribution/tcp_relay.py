"""What a TURN server reached over TCP or TLS does to media: it stalls in bunches, and loses nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.rules.participants import paths_of
from rtkit_explore.findings.rules.rule import DELAY, HEARD_LOSS, LIMIT, LOSS

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.concurrency import Concurrency
    from rtkit_explore.findings.context import Context, Window


def stalls_of_tcp(around: Concurrency) -> None:
    """
    Put late media of a call of two on the relay over TCP, where exactly one of the two goes through one.

    A TCP leg stalls in bunches: buffers rise in both directions, the round trip rises and falls back, and nothing is
    counted as lost.
    """
    context = around.context
    relayed = [peer for peer in context.of_peer if through_tcp(context, peer)]
    if len({context.person(peer) for peer in context.of_peer}) > 2 or len(relayed) != 1:
        return
    stalled: list[Window] = []
    for candidate in around.candidates:
        if candidate.stream is None:
            continue
        if candidate.has(HEARD_LOSS) and candidate.stream.remote == relayed[0]:
            candidate.attribute_to("between", None, "low")
            candidate.evidence_for.append("TCP to the relay loses nothing by itself: it was lost beyond the relay")
            continue
        if not candidate.has(DELAY, LIMIT) or candidate.side == "connection":
            continue
        if around.troubled(candidate.stream, around.window(candidate), around.tagged(LOSS)):
            continue
        if not _comes_and_goes(around, around.window(candidate)) or _late_one_way(around, around.window(candidate)):
            continue
        stalled.append(around.window(candidate))
        _on_the_relay(context, candidate, relayed[0])
        candidate.follows = candidate.has(LIMIT)
    for candidate in around.candidates:
        # Round trips are taken now and then: some of them hit a stall.
        one, two = around.window(candidate)
        met = candidate.side == "between" and candidate.severity != "note" and two - one <= 2 * SLACK_US
        sent = candidate.stream is not None and not candidate.stream.consumer and candidate.has(DELAY, LIMIT)
        if met and sent and any(start <= one and two <= end for start, end in stalled):
            _on_the_relay(context, candidate, relayed[0])
            candidate.follows = True


def _on_the_relay(context: Context, candidate: Candidate, peer: str) -> None:
    candidate.attribute_to("connection", peer, "low")
    candidate.evidence_for.append(f"{context.name(peer)} went through a TURN server over TCP, which stalls")
    candidate.evidence_against = ["with two people, either end would report the same"]


def through_tcp(context: Context, peer: str | None) -> bool:
    """Tell whether a participant's media went to a TURN server over TCP or TLS."""
    return any(path.relayed and path.protocol in ("tcp", "tls") for path in paths_of(context).get(peer or "", ()))


def _comes_and_goes(around: Concurrency, window: Window) -> bool:
    """Tell whether the round trips kept rising and falling back: a TCP leg stalls, a longer way stays long."""
    context, arrays = around.context, around.context.arrays
    shares: list[float] = []
    for mine in context.of_peer.values():
        inside: list[float] = []
        outside: list[float] = []
        for stream in mine:
            rows, shift = stream.rows, context.shift(stream)
            trip = arrays["rtt_ms"][rows]
            during = (arrays.start[rows] - shift >= window[0]) & (arrays.end[rows] - shift <= window[1])
            if not stream.consumer:
                inside += trip[during & ~np.isnan(trip)].tolist()
                outside += trip[~during & ~np.isnan(trip)].tolist()
        if inside and outside:
            shares.append(float((np.array(inside) <= 1.5 * float(np.median(outside)) + 20).mean()))
    # Whoever's round trip stayed up all the while is on a long way, whatever the other's did.
    return bool(shares) and min(shares) >= 0.15 and min(shares) <= 0.85


def _late_one_way(around: Concurrency, window: Window) -> bool:
    """Tell whether media came late in one direction alone: a TCP leg carries both, and stalls both."""
    hit = around.hit(window, around.tagged(DELAY))
    at = {one.peer for one in around.context.arrays.streams if one.consumer and hit[one.number]}
    return len({around.context.person(peer or "") for peer in at}) == 1


def facts_degrade_nobody(around: Concurrency) -> None:
    """Make a relay over TCP a note where nothing went wrong on it: perfect figures are not degraded."""
    for candidate in around.candidates:
        if candidate.name == "relayed" and candidate.severity == "warn":
            mine = [
                one
                for one in around.candidates
                if one is not candidate
                and one.severity != "note"
                and candidate.peer == one.side_peer
                and one.side in ("sender_uplink", "receiver_downlink", "connection")
            ]
            if not mine:
                candidate.severity = "note"
                candidate.evidence_against.append("nothing of warn or worse on this connection")
