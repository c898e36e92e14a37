"""What people type and say in simulated calls: chat, transcripts in every format, summaries."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.simulator.participants import new_id
from rtkit_explore.simulator.plan import STEP
from rtkit_explore.simulator.sampling import stamp

if TYPE_CHECKING:
    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import CallPlan

SMALL_TALK = (
    "Good morning, everyone.",
    "Shall we start with the open points?",
    "I sent the numbers yesterday evening.",
    "The second draft looks much better to me.",
    "Could you go one page back, please?",
    "We should ask the workshop in Graz about that.",
    "I would rather decide it next week.",
    "That was the part nobody had tested.",
    "Who takes the minutes today?",
    "Let us put a date on it.",
    "The budget covers two of the three.",
    "I agree with both of you.",
    "Somebody has to call the supplier.",
    "We can ship without it.",
    "Thank you, that was very clear.",
)

TYPED = (
    "here is the link to the agenda",
    "+1",
    "I have to leave at a quarter to",
    "can somebody share the slides?",
    "thanks!",
    "back in two minutes",
)

COMPLAINTS = {
    "sender_uplink": (
        "{who}, you are breaking up",
        "we lost every other word of {who}",
        "{who}, could you repeat that?",
    ),
    "receiver_downlink": ("I cannot hear any of you properly", "is it only me? you all sound chopped"),
    "sender": ("{who}, your picture stutters", "{who}, we cannot hear you"),
    "connection": ("{who} is gone", "{who}, can you hear us again?"),
    "shared": ("does everybody hear this badly?", "same here, everyone is breaking up"),
}

SPOKEN = {
    "sender_uplink": ("Sorry, {who}, we lost half of that.", "Could you say that again, {who}?"),
    "receiver_downlink": ("Sorry, I understand none of you.", "Could you say that again? It is choppy here."),
    "connection": ("Is {who} still there?", "Let us wait for {who}."),
    "shared": ("Can anybody understand me?", "It is bad for me as well."),
}
"""What is said aloud while something is wrong, by the side of the incident."""


@dataclass(frozen=True)
class Utterance:
    """Something that was said: begin and end in seconds since the session began, by whom, and what."""

    start: float
    end: float
    seat: ParticipantState
    text: str


def chat_csv(plan: CallPlan, seats: list[ParticipantState], session_id: str, meeting: str) -> bytes:
    """
    Write the chat of a call as the download has it.

    Parameters
    ----------
    plan, seats
        The call and who was in it.
    session_id, meeting
        Ids that are in every row.

    Returns
    -------
    CSV with a header, UTF-8.
    """
    chance = random.Random(f"chat {plan.seed}")
    rows: list[tuple[float, ParticipantState, str]] = []
    for _ in range(max(2, int(plan.seconds / 240))):
        at = chance.uniform(20, plan.seconds - 5)
        there = [seat for seat in seats if seat.join * STEP < at < seat.leave * STEP]
        if there:
            rows.append((at, chance.choice(there), chance.choice(TYPED)))
    rows.extend(_complaints(plan, seats, chance))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ("id", "participantId", "sessionId", "meetingId", "displayName", "pinned", "isEdited", "payloadType",
         "payload", "createdAt")
    )  # fmt: skip
    for at, seat, text in sorted(rows, key=_when):
        edited = chance.random() < 0.05
        writer.writerow(
            (new_id(chance), seat.peer_id, session_id, meeting, seat.person.name, "false", str(edited).lower(),
             "TEXT_MESSAGE", text, stamp(plan.started + at))
        )  # fmt: skip
    return out.getvalue().encode()


def _when(row: tuple[float, ParticipantState, str]) -> float:
    return row[0]


def _complaints(
    plan: CallPlan, seats: list[ParticipantState], chance: random.Random
) -> list[tuple[float, ParticipantState, str]]:
    rows: list[tuple[float, ParticipantState, str]] = []
    for said in plan.complaints:
        there = [s for s in seats if s.person.name == said.who and s.join * STEP < said.at < s.leave * STEP]
        rows.extend((said.at, seat, said.says) for seat in there[:1])
    for incident in plan.incidents:
        if incident.severity not in ("warn", "bad"):
            continue
        said_by_others = incident.side != "receiver_downlink"
        for k, text in enumerate(COMPLAINTS.get(incident.side, ())):
            at = incident.start + 14.0 + 17.0 * k
            there = [
                seat
                for seat in seats
                if seat.join * STEP < at < seat.leave * STEP and (seat.person.name != incident.who) == said_by_others
            ]
            if there and at < incident.end:
                rows.append((at, chance.choice(there), text.format(who=(incident.who or "").split(" ")[0])))
        if incident.who is not None and incident.side in ("sender_uplink", "sender"):
            mine = next((seat for seat in seats if seat.person.name == incident.who), None)
            if mine is not None and incident.start + 60 < incident.end:
                rows.append((incident.start + 58.0, mine, "is it me? everything looks fine on my side"))
    return rows


def utterances(plan: CallPlan, seats: list[ParticipantState]) -> list[Utterance]:
    """Let those who are there, and not muted, take turns."""
    chance = random.Random(f"talk {plan.seed}")
    said: list[Utterance] = []
    at = 6.0
    while at < plan.seconds - 8:
        step = int(at / STEP)
        there = [s for s in seats if s.join + 4 < step < s.leave - 8 and bool(s.microphone[step])]
        length = chance.uniform(1.5, 6.5)
        if there:
            seat, text = chance.choice(there), chance.choice(SMALL_TALK)
            said.append(Utterance(at, at + length, seat, _remark(plan, at, seat, len(said)) or text))
        at += length + chance.uniform(0.4, 14.0)
    return said


def _remark(plan: CallPlan, at: float, seat: ParticipantState, number: int) -> str | None:
    """Every other time somebody speaks who notices that something is wrong, that is what is spoken of."""
    for incident in plan.incidents:
        if incident.severity not in ("warn", "bad") or not incident.start + 8 < at < incident.end or number % 2:
            continue
        if (seat.person.name == incident.who) == (incident.side == "receiver_downlink"):
            remarks = SPOKEN.get(incident.side, ())
            if remarks:
                return remarks[number // 2 % len(remarks)].format(who=(incident.who or "").split(" ")[0])
    return None


def transcripts(plan: CallPlan, seats: list[ParticipantState], users: dict[str, str]) -> dict[str, bytes]:
    """
    Write the transcript of a call in every format.

    Parameters
    ----------
    plan, seats
        The call and who was in it.
    users
        User id by display name.

    Returns
    -------
    CSV (without header), JSON, SRT and VTT, by format.
    """
    said = utterances(plan, seats)
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n")
    listed: list[dict[str, Any]] = []
    srt: list[str] = []
    vtt: list[str] = ["WEBVTT", ""]
    for number, one in enumerate(said, start=1):
        person, seat = one.seat.person, one.seat
        custom = person.custom_id or f"{person.name.lower()}@example.com"
        writer.writerow((round(one.start * 1000), seat.peer_id, users[person.name], custom, person.name, one.text))
        listed.append(
            {
                "startTime": round(one.start * 1000),
                "endTime": round(one.end * 1000),
                "sentence": one.text,
                "peerData": {
                    "id": seat.peer_id,
                    "userId": users[person.name],
                    "displayName": person.name,
                    "cpi": custom,
                    "joinedAt": stamp(plan.started + seat.join * STEP),
                    "leftAt": stamp(plan.started + seat.leave * STEP),
                },
            }
        )
        cue = f"{_clock(one.start)} --> {_clock(one.end)}"
        srt += [str(number), cue.replace(".", ","), f"{person.name}: {one.text}", ""]
        vtt += [cue, f"{person.name}: {one.text}", ""]
    return {
        "CSV": table.getvalue().encode(),
        "JSON": msgspec.json.encode(listed),
        "SRT": "\n".join(srt).encode(),
        "VTT": "\n".join(vtt).encode(),
    }


def _clock(seconds: float) -> str:
    millis = round(seconds * 1000)
    return f"{millis // 3600000:02d}:{millis // 60000 % 60:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"


def summary_of(plan: CallPlan) -> str:
    """Write what a summary of the talk might say."""
    names = ", ".join(person.name for person in plan.people[:6])
    return (
        f"# {plan.title}\n\n"
        f"{len(plan.people)} people met for {plan.seconds / 60:.0f} minutes: {names}"
        f"{' and others' if len(plan.people) > 6 else ''}.\n\n"
        "- The second draft was welcomed; a date is to be put on the open points.\n"
        "- Somebody calls the supplier before the next meeting.\n"
    )
