"""Running a call: participants, senders, receivers, samples, documents and the packet ledger, in that order."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rtkit_explore.simulator.conversations import chat_csv, summary_of, transcripts
from rtkit_explore.simulator.devices import facing_each_other, machine_of
from rtkit_explore.simulator.media import produce
from rtkit_explore.simulator.metadata import Traffic, metadata
from rtkit_explore.simulator.participants import new_id, take_seats
from rtkit_explore.simulator.plan import STEP, SlowDown
from rtkit_explore.simulator.receiver import consume, queue_downlinks, request_key_frames
from rtkit_explore.simulator.sampling import KINDS, Clock, Series, cumulative, sample_received, sample_sent, stamp
from rtkit_explore.simulator.state import SimulationState

if TYPE_CHECKING:
    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import CallPlan
    from rtkit_explore.simulator.receiver import Stream
    from rtkit_explore.simulator.tracks import Track

encode = msgspec.json.encode


@dataclass
class LedgerRow:
    """
    Where the packets of one producer went on their way to one consumer, as counted by both.

    ``sent + resent = received + lost + repaired + withheld + unaccounted + unsubscribed + unsampled``

    Attributes
    ----------
    sent
        What the producer's samples add up to, all layers.
    resent
        Sent again by the server to this consumer.
    received, lost
        What the consumer's samples add up to.
    repaired
        Lost on the way to the server and sent again.
    withheld
        Not forwarded by the server: padding, layers this consumer does not get, thinned video.
    unaccounted
        Sent during an outage: neither received nor counted as lost.
    unsubscribed
        Sent while this consumer did not receive the track at all.
    unsampled
        Sent between the last samples of the two ends; negative where the consumer counted more.
    """

    kind: str
    producer_id: str
    consumer_id: str
    sender: str
    receiver: str
    sent: int
    resent: int
    received: int
    lost: int
    repaired: int
    withheld: int
    unaccounted: int
    unsubscribed: int
    unsampled: int


@dataclass
class SimulatedCall:
    """
    A simulated call: its documents as the API would send them, and what really happened.

    Attributes
    ----------
    session, participants
        Responses of the two calls, JSON bytes.
    reports
        Peer id to the response of the peer-report call; participants without a report are not in it.
    missing
        Peer ids without a report.
    truth
        A dictionary per cause: what, who, peer_id, side, sides, start, end, rules, also, severity, level, unit,
        magnitude, noticed_by, explanation. It is not part of the documents.
    ledger
        Where every packet went.
    chat, transcripts, summary
        Downloads, where there are any: CSV bytes, transcript by format, text.
    """

    session: bytes
    participants: bytes
    reports: dict[str, bytes]
    truth: list[dict[str, Any]]
    ledger: list[LedgerRow]
    session_id: str
    title: str
    missing: list[str] = field(default_factory=list)
    chat: bytes | None = None
    transcripts: dict[str, bytes] = field(default_factory=dict)
    summary: str | None = None
    peers: dict[str, list[str]] = field(default_factory=dict)


def run(plan: CallPlan, *, reports: bool = True, texts: bool = True) -> SimulatedCall:
    """
    Simulate a call.

    Parameters
    ----------
    plan
        What is declared of it.
    reports
        False leaves out all physics: who was there and when, but no reports.
    texts
        Whether chat, transcripts and a summary are written as well.

    Returns
    -------
    Its documents and its truth; the same plan gives the same bytes.
    """
    rng = np.random.default_rng(plan.seed)
    chance = random.Random(plan.seed)
    session_id = plan.ids.get("session") or new_id(chance)
    organization = plan.ids.get("organization") or new_id(chance)
    meeting = plan.ids.get("meeting") or new_id(chance)
    users = {p.name: p.user_id or new_id(chance) for p in plan.people}
    # Firefox does not report what limits its encoder, so a busy machine could not be found
    busy = {effect.who for effect in plan.effects if isinstance(effect, SlowDown)}
    machines = {p.name: machine_of(p, chance, mixed=plan.mixed_browsers and p.name not in busy) for p in plan.people}
    if plan.direct:
        machines = facing_each_other(machines)
    seats = take_seats(plan, rng, chance, physics=reports or texts)
    for seat in seats:
        seat.firefox = machines[seat.person.name].firefox
    listed = [_participant(plan, seat, users) for seat in seats]
    call = SimulatedCall(
        session=_session(plan, seats, session_id, organization, meeting),
        participants=_participants(listed),
        reports={},
        truth=_truth(plan, seats),
        ledger=[],
        session_id=session_id,
        title=plan.title,
        peers=_peers(seats),
    )
    if texts:
        call.chat = chat_csv(plan, seats, session_id, meeting)
        call.transcripts = transcripts(plan, seats, users)
        call.summary = summary_of(plan)
    if not reports:
        return call
    world = SimulationState(plan, seats, rng, chance)
    produce(world)
    queue_downlinks(world)
    request_key_frames(world)
    clocks = [Clock.of(plan, seat, rng) for seat in seats]
    for r, seat in enumerate(seats):
        series, traffic = Series(), Traffic(seat.slow.size)
        mine = [track for track in world.tracks if track.seat == r]
        for track in mine:
            sample_sent(world, track, clocks[r], series)
            traffic.packets_sent += track.sent.sum(axis=0)
            traffic.bytes_sent += (track.sent * track.packet_bytes).sum(axis=0)
        for stream in consume(world, r):
            sample_received(world, stream, clocks[r], series)
            traffic.packets_received += stream.received
            traffic.bytes_received += stream.payload
            call.ledger.append(_account(stream, seats, clocks))
        if seat.report == "missing":
            call.missing.append(seat.peer_id)
            continue
        participant = {
            **{("role" if k == "preset_name" else k): v for k, v in listed[r].items()},
            "session_id": session_id,
            "peer_report": {
                "metadata": metadata(plan, seat, machines[seat.person.name], traffic, chance),
                "quality": _quality(series),
            },
        }
        body = encode({"success": True, "data": {"participant": participant}})
        if seat.report == "broken":
            # the upload broke off: the rest of the document never came
            body = body[: int(len(body) * 0.6)]
        call.reports[seat.peer_id] = body
    return call


def _quality(series: Series) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for kind in KINDS:
        for direction in ("consumer", "producer"):
            name = f"{kind}_{direction}"
            block[name] = series.ordered(name)
            block[f"{name}_cumulative"] = cumulative(series, kind, direction)
    return block


def _times(plan: CallPlan, seat: ParticipantState) -> tuple[str, str | None, float]:
    begin, end = seat.join * STEP, seat.leave * STEP
    still = plan.live and seat.leave >= plan.steps
    return (
        stamp(plan.started + begin),
        None if still else stamp(plan.started + end),
        round((end - begin) / 60, 4),
    )


def _participant(plan: CallPlan, seat: ParticipantState, users: dict[str, str]) -> dict[str, Any]:
    joined, left, minutes = _times(plan, seat)
    person = seat.person
    row: dict[str, Any] = {
        "id": seat.peer_id,
        "user_id": users[person.name],
        "custom_participant_id": person.custom_id or f"{person.name.lower()}@example.com",
        "display_name": person.name,
        "joined_at": joined,
        "left_at": left,
        "duration": minutes,
        "created_at": stamp(plan.started + seat.join * STEP + 0.01),
        "updated_at": stamp(plan.started + seat.leave * STEP + 0.03),
        "preset_name": person.preset,
    }
    if left is None:
        del row["left_at"]
    return row


def _participants(listed: list[dict[str, Any]]) -> bytes:
    paging = {"total_count": len(listed), "start_offset": 1 if listed else 0, "end_offset": len(listed)}
    return encode({"success": True, "data": {"participants": listed, "paging": paging}})


def _session(plan: CallPlan, seats: list[ParticipantState], session_id: str, organization: str, meeting: str) -> bytes:
    edges = sorted([(s.join, 1) for s in seats] + [(s.leave, -1) for s in seats])
    there = most = 0
    for _, change in edges:
        there += change
        most = max(most, there)
    data: dict[str, Any] = {
        "id": session_id,
        "associated_id": meeting,
        "meeting_display_name": plan.title,
        "status": "LIVE" if plan.live else "ENDED",
        "type": plan.session_type,
        "live_participants": sum(s.leave >= plan.steps for s in seats) if plan.live else 0,
        "max_concurrent_participants": most,
        "minutes_consumed": round(sum((s.leave - s.join) * STEP for s in seats) / 60, 4),
        "organization_id": organization,
        "started_at": stamp(plan.started),
        "ended_at": stamp(plan.started + plan.seconds),
        "created_at": stamp(plan.started),
        "updated_at": stamp(plan.started + plan.seconds + 0.03),
    }
    if plan.live:
        del data["ended_at"]
    return encode({"success": True, "data": data})


def _peers(seats: list[ParticipantState]) -> dict[str, list[str]]:
    peers: dict[str, list[str]] = {}
    for seat in seats:
        peers.setdefault(seat.person.name, []).append(seat.peer_id)
    return peers


def _truth(plan: CallPlan, seats: list[ParticipantState]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for incident in plan.incidents:
        seat = next((s for s in seats if s.person.name == incident.who), None)
        rows.append(
            {
                "what": incident.what,
                "who": incident.who,
                "peer_id": seat.peer_id if seat else None,
                "side": incident.side,
                "sides": (incident.side, *(s for s in incident.sides if s != incident.side)),
                "start": dt.datetime.fromtimestamp(plan.started + incident.start, dt.UTC),
                "end": dt.datetime.fromtimestamp(plan.started + min(incident.end, plan.seconds), dt.UTC),
                "rules": incident.rules,
                "also": incident.also,
                "severity": incident.severity,
                "level": incident.level,
                "unit": incident.unit,
                "magnitude": incident.magnitude,
                "noticed_by": incident.noticed_by,
                "explanation": incident.explanation,
            }
        )
    return rows


def _account(stream: Stream, seats: list[ParticipantState], clocks: list[Clock]) -> LedgerRow:
    track: Track = stream.track
    sent = track.sent.sum(axis=0)
    last_sent = int(clocks[track.seat].edges[-1])
    last_seen = int(clocks[stream.receiver].edges[-1])
    seen = slice(0, last_seen)
    return LedgerRow(
        kind=track.kind,
        producer_id=track.producer_id,
        consumer_id=stream.consumer_id,
        sender=seats[track.seat].peer_id,
        receiver=seats[stream.receiver].peer_id,
        sent=int(sent[:last_sent].sum()),
        resent=int(stream.resent[seen].sum()),
        received=int(stream.received[seen].sum()),
        lost=int(stream.lost[seen].sum()),
        repaired=int(stream.repaired[seen].sum()),
        withheld=int(stream.withheld[seen].sum()),
        unaccounted=int(stream.unaccounted[seen].sum()),
        unsubscribed=int(sent[seen][~stream.subscribed[seen]].sum()),
        unsampled=int(sent[last_seen:last_sent].sum()) - int(sent[last_sent:last_seen].sum()),
    )
