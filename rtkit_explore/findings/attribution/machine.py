"""A machine that did not keep up: what it sent and what it played late is its own, and no line's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.findings.concurrency import SLACK_US
from rtkit_explore.findings.rules.rule import DELAY, LIMIT, LOSS, OF_LOSS, SEEN, SILENCE, TRIP, WAY

if TYPE_CHECKING:
    from rtkit_explore.findings.concurrency import Concurrency


def late_at_a_busy_machine(around: Concurrency) -> None:
    """
    Put lateness in both directions behind a machine that captured only a part of its own voice at that time.

    A machine that stands still for moments takes packets in late and plays them late, and sends its own in bunches: at
    either end that looks like a slow line. Yet no line keeps a microphone from being read, and the round trip, which
    the network answers, stays short.
    """
    context = around.context
    for busy in around.candidates:
        if busy.name != "not_captured" or busy.severity == "note":
            continue
        who, (start, end) = context.person(busy.peer or ""), around.window(busy)
        for candidate in around.candidates:
            stream, (one, _) = candidate.stream, around.window(candidate)
            felt = candidate.has(DELAY, SEEN, OF_LOSS, WAY) and not candidate.has(LOSS, SILENCE, LIMIT)
            if stream is None or not felt or candidate.has(TRIP):
                continue
            mine = context.person(candidate.peer or "") == who
            sent = (not stream.consumer and mine) or (stream.consumer and context.person(stream.remote or "") == who)
            if start - SLACK_US <= one <= end and (mine or sent):
                candidate.attribute_to("sender" if sent else "receiver", busy.peer, "medium")
                candidate.follows = True
                candidate.evidence_for = [f"{context.name(busy.peer)}'s machine did not keep up at that time"]
                candidate.evidence_against = []
