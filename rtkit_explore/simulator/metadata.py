"""What a client reports beside its samples: devices, events, candidate pairs and the checks before the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.simulator.devices import browser_metadata, device_info, ip_information
from rtkit_explore.simulator.plan import STEP, Impair, Move, Share, Switch, Unplug
from rtkit_explore.simulator.sampling import stamp

if TYPE_CHECKING:
    import random

    from rtkit_explore.simulator.devices import Machine
    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import CallPlan, Reroute

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Traffic:
    """Totals of a participant's two transports, gathered while its streams run: packets and bytes, per step."""

    def __init__(self, steps: int) -> None:
        self.packets_sent = np.zeros(steps)
        self.bytes_sent = np.zeros(steps)
        self.packets_received = np.zeros(steps)
        self.bytes_received = np.zeros(steps)
        self.rtt_sent: float = 0.04
        self.queue_ms = 0.0


def metadata(
    plan: CallPlan, seat: ParticipantState, machine: Machine, traffic: Traffic, chance: random.Random
) -> dict[str, Any]:
    """
    Write everything of a report but its samples.

    Parameters
    ----------
    plan, seat, machine
        The call, the participant, and what it joins from.
    traffic
        What went through its transports.
    chance
        Source of names and numbers.

    Returns
    -------
    The ``metadata`` block of the report, keys in the API's order.
    """
    begin, end = seat.join * STEP, seat.leave * STEP
    audio, cameras, speakers, selected = _devices(plan, seat, machine, begin)
    block: dict[str, Any] = {
        "audio_devices_updates": audio,
        "video_devices_updates": cameras,
        "speaker_devices_updates": speakers,
        "selected_device_updates": selected,
        "browser_metadata": browser_metadata(machine),
        "device_info": device_info(machine),
        "candidate_pairs": candidate_pairs(plan, seat, machine, traffic, chance),
        "events": events(plan, seat, begin, end),
        "pc_metadata": [_check(plan, seat, machine, begin - 2.0)],
        "ip_information": ip_information(machine),
        "room_view_type": "webinar" if "webinar" in seat.person.preset else "groupCall",
        "sdk_name": "web-core",
        "sdk_type": "web",
        "sdk_version": "2.0.2",
    }
    return block


def _at(plan: CallPlan, seat: ParticipantState, seconds: float) -> str:
    return stamp(plan.started + seconds + seat.offset)


def _devices(
    plan: CallPlan, seat: ParticipantState, machine: Machine, begin: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    def update(at: float, added: list[dict[str, str]], removed: list[dict[str, str]]) -> dict[str, Any]:
        return {"added": added, "removed": removed, "timestamp": _at(plan, seat, at)}

    def choose(at: float, device: dict[str, str]) -> dict[str, Any]:
        return {"device": device, "timestamp": _at(plan, seat, at)}

    audio, cameras, selected = [], [], []
    if seat.refused != "audio":
        audio.append(update(begin + 0.3, [machine.headset, machine.built_in], []))
        selected.append(choose(begin + 0.31, machine.headset))
    if seat.refused != "video":
        cameras.append(update(begin + 0.3, [machine.camera], []))
        selected.append(choose(begin + 0.32, machine.camera))
    speakers = [update(begin + 0.3, [machine.speaker], [])]
    selected.append(choose(begin + 0.33, machine.speaker))
    for effect in seat.effects:
        if isinstance(effect, Unplug) and begin <= effect.start < seat.leave * STEP:
            audio.append(update(effect.start, [], [machine.headset]))
            speakers.append(update(effect.start, [], [machine.speaker]))
            if effect.end < seat.leave * STEP:
                selected.append(choose(effect.end, machine.built_in))
    return audio, cameras, speakers, selected


def _check(plan: CallPlan, seat: ParticipantState, machine: Machine, at: float) -> dict[str, Any]:
    slow = seat.cellular or machine.phone
    return {
        "effective_network_type": "3g" if slow and seat.up.delay_ms[0] > 90 else "4g",
        "reflexive_connectivity": not seat.relay,
        "relay_connectivity": True,
        "sdp": [],
        "timestamp": _at(plan, seat, at),
        "turn_connectivity": True,
    }


def events(plan: CallPlan, seat: ParticipantState, begin: float, end: float) -> list[dict[str, Any]]:
    """Everything the client recorded, in order of time."""
    found: list[tuple[float, str, dict[str, Any]]] = [
        (begin - 2.4, "precall_begin", {}),
        (begin - 0.9, "precall_end", {}),
        (begin, "call_join", {}),
        (begin + 0.12, "websocket_connected", {}),
        (begin + 0.5, "participant_role", {"role": seat.person.preset}),
    ]
    if seat.connected:
        found.append((begin + 0.4, "transport_connected", {"type": "producing"}))
        found.append((begin + 0.45, "transport_connected", {"type": "consuming"}))
    for kind, on in (("audio", seat.microphone), ("video", seat.camera)):
        if seat.refused == kind:
            found.append((begin + 0.6, "media_permission", {"kind": kind, "status": "DENIED"}))
            continue
        found.append((begin + 0.6, "media_permission", {"kind": kind, "status": "ACCEPTED"}))
        flags = on[seat.join : seat.leave].astype(np.int8)
        for edge in np.flatnonzero(np.diff(flags, prepend=0)).tolist():
            name = f"{kind}_on" if flags[edge] else f"{kind}_off"
            found.append((begin + edge * STEP + (0.0 if edge else 0.7), name, {}))
    for effect in seat.effects:
        found.extend((at, name, data) for at, name, data in _of_effect(effect) if begin <= at < end)
    for start, stop in _outages(seat):
        attempt = 1
        at = start + 5.0
        while at < min(stop + 1.0, end):
            found.append((at, "reconnect_attempt", {"attempt": attempt}))
            attempt, at = attempt + 1, at + 4.0
        if stop < end and attempt > 1:
            found.append((stop + 1.2, "websocket_connected", {}))
            found.append((stop + 1.6, "transport_connected", {"type": "producing"}))
    if not (plan.live and seat.leave >= seat.slow.size):
        found.append((end - 0.01, "disconnect", {}))
    found.sort(key=_time)
    return [
        {**({"metadata": data} if data else {}), "name": name, "timestamp": _at(plan, seat, at)}
        for at, name, data in found
    ]


def _time(item: tuple[float, str, dict[str, Any]]) -> float:
    return item[0]


def _of_effect(effect: object) -> list[tuple[float, str, dict[str, Any]]]:
    if isinstance(effect, Switch) and effect.what == "hidden":
        return [
            (effect.start, "tab_change", {"visible": False}),
            (effect.start + 0.002, "meeting_view_backgrounded", {}),
            (effect.end, "tab_change", {"visible": True}),
            (effect.end + 0.002, "browser_foregrounded", {}),
        ]
    if isinstance(effect, Share):
        return [
            (effect.start - 0.8, "screenshare_start_requested", {}),
            (effect.start, "screenshare_started", {}),
            (effect.end, "screenshare_stopped", {}),
        ]
    if isinstance(effect, Unplug):
        return [
            (effect.start + 0.02, "audio_track_muted", {}),
            (effect.start + 0.05, "audio_devices_updates", {}),
            (effect.end + 0.05, "selected_audio_input_update", {}),
        ]
    return []


def _outages(seat: ParticipantState) -> list[tuple[float, float]]:
    spans = [(e.start, e.end) for e in seat.effects if isinstance(e, Impair) and e.down and e.link == "up"]
    spans += [(e.start, e.end) for e in seat.effects if isinstance(e, Move) and seat.moves]
    return spans


def candidate_pairs(
    plan: CallPlan, seat: ParticipantState, machine: Machine, traffic: Traffic, chance: random.Random
) -> dict[str, Any]:
    """Write the pairs of both transports with their totals as of the last sample."""
    if not seat.connected:
        return {"producing_transport": [], "consuming_transport": []}
    out = _pair(plan, seat, machine, traffic, chance, producing=True)
    into = _pair(plan, seat, machine, traffic, chance, producing=False)
    if plan.direct:
        # one connection carries both directions, so both lists show the same pair
        out.update({k: out[k] + into[k] for k in ("packets_sent", "bytes_sent", "packets_received", "bytes_received")})
        into = dict(out)
    producing, consuming = [out], [into]
    if seat.moves:
        for pairs in (producing, consuming):
            tried = dict(pairs[0])
            pairs[0]["nominated"] = False
            checks = chance.randrange(4, 12)
            tried.update(
                local_candidate_id="I" + _letters(chance), local_candidate_network_type="cellular",
                local_candidate_address="198.51.0.0", local_candidate_port=chance.randrange(40000, 65000),
                packets_sent=checks, packets_received=checks - 2, bytes_sent=checks * 148,
                bytes_received=(checks - 2) * 112, current_round_trip_time=0.094,
                total_round_trip_time=round(0.094 * (checks - 2), 3), nominated=True,
            )  # fmt: skip
            pairs.append(tried)
    if seat.reroute is not None:
        producing = _rerouted(plan, seat, out, traffic=traffic, change=seat.reroute, chance=chance)
        consuming = (
            [dict(pair) for pair in producing]
            if plan.direct
            else _rerouted(plan, seat, into, traffic=traffic, change=seat.reroute, chance=chance)
        )
    elif plan.first_pairs and not plan.direct and not machine.firefox and chance.random() < FIRST_PAIR_SHARE:
        # Chrome lists it now before, now after the pair that is in use
        consuming.insert(chance.randrange(2), _first_pair(plan, seat, into, chance))
    if machine.firefox:
        for pair in (*producing, *consuming):
            for name in NOT_IN_FIREFOX:
                pair.pop(name, None)
    return {"producing_transport": producing, "consuming_transport": consuming}


FIRST_PAIR_SHARE = 0.6
"""How often Chrome lists a first pair over a server that it never nominated (8 of 15 in the recordings sfu-*)."""

NOT_IN_FIREFOX = (
    "available_outgoing_bitrate", "packets_sent", "packets_received", "bytes_discarded_on_send",
    "packets_discarded_on_send", "local_candidate_network_type",
)  # fmt: skip
"""What a pair in Firefox lacks (recording sfu-fox-clean)."""


def _first_pair(plan: CallPlan, seat: ParticipantState, used: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Write the pair on which the first packets came in, before another one was nominated: it sent next to nothing."""
    packets = chance.randrange(60, 190)
    sent = chance.choice((0, 0, 4, 6))
    pair = dict(used)
    pair.update(
        nominated=False, total_round_trip_time=round(used["current_round_trip_time"] * 6, 3),
        packets_received=packets, bytes_received=packets * chance.randrange(540, 620),
        packets_sent=sent, bytes_sent=sent * 731,
        last_packet_received_timestamp=used["last_packet_received_timestamp"] - chance.randrange(6_000, 26_000),
        local_candidate_id="I" + _letters(chance), remote_candidate_id="I" + _letters(chance),
    )  # fmt: skip
    del pair["available_outgoing_bitrate"], pair["last_packet_sent_timestamp"]
    if sent:
        pair["last_packet_sent_timestamp"] = _millis(plan, seat, seat.join, -900)
    return pair


def _rerouted(
    plan: CallPlan,
    seat: ParticipantState,
    whole: dict[str, Any],
    *,
    traffic: Traffic,
    change: Reroute,
    chance: random.Random,
) -> list[dict[str, Any]]:
    """
    Split a pair in two at a change of path: the old one keeps its counters, and says when its last packet came.

    Both are nominated; the old one went on sending into the void until the new one was found (recording path-switch).
    """
    begin, end = round(change.start / STEP), round(change.end / STEP)
    moved = traffic.packets_sent + traffic.packets_received
    before, after = float(moved[:begin].sum()), float(moved[end:].sum())
    share = before / max(before + after, 1.0)
    old, new = dict(whole), dict(whole)
    for name in ("packets_sent", "packets_received", "bytes_sent", "bytes_received"):
        old[name] = int(whole[name] * share)
        new[name] = whole[name] - old[name]
    old.pop("available_outgoing_bitrate", None)
    began = plan.started + seat.offset
    shorter = change.delay_ms / 500
    trip = max(0.004, round(whole["current_round_trip_time"] - shorter, 3))
    old.update(
        current_round_trip_time=trip,
        total_round_trip_time=round(trip * max(1, int(change.start / 2.5)), 3),
        last_packet_received_timestamp=round((began + change.start) * 1000) + chance.randrange(2, 40),
        last_packet_sent_timestamp=round((began + change.end) * 1000) - chance.randrange(5, 200),
    )
    new.update(local_candidate_id="I" + _letters(chance), remote_candidate_id="I" + _letters(chance))
    if change.who == seat.person.name:
        old["local_candidate_network_type"] = "wifi"
        new.update(
            local_candidate_network_type="cellular", local_candidate_address="198.51.0.0",
            local_candidate_port=chance.randrange(40000, 65000),
        )  # fmt: skip
    else:
        # without a server in between, the other side sees the change at the far end of its own pair
        new.update(remote_candidate_address="198.51.0.0", remote_candidate_port=chance.randrange(40000, 65000))
    return [old, new]


def _network(machine: Machine) -> str:
    """One network for both transports of a person: Wi-Fi for seven of ten."""
    return "wifi" if machine.ports.producing % 10 < 7 else "ethernet"


def _letters(chance: random.Random) -> str:
    return "".join(chance.choices(ALPHABET, k=8))


def _pair(
    plan: CallPlan,
    seat: ParticipantState,
    machine: Machine,
    traffic: Traffic,
    chance: random.Random,
    *,
    producing: bool,
) -> dict[str, Any]:
    ticks = seat.ticks()
    last = int(ticks[-1]) if ticks.size else seat.join
    way = float(seat.up.delay_ms[max(last - 1, 0)] + seat.down.delay_ms[max(last - 1, 0)])
    rtt = round((way + 1.5 + chance.random() * 2) / 1000, 3)
    checks = max(1, int((last - seat.join) * STEP / 2.5))
    media_out = int(traffic.packets_sent[:last].sum()) if producing else 0
    media_in = 0 if producing else int(traffic.packets_received[:last].sum())
    control = max(2, int((last - seat.join) * STEP * (7 if producing else 20)))
    cellular = seat.cellular
    pair: dict[str, Any] = {
        "nominated": True,
        "current_round_trip_time": rtt,
        "total_round_trip_time": round(rtt * checks * (0.97 + 0.08 * chance.random()), 3),
        "bytes_received": int(traffic.bytes_received[:last].sum()) + control * 57 if not producing else control * 48,
        "bytes_sent": int(traffic.bytes_sent[:last].sum()) + media_out * 24 if producing else control * 57,
        "available_outgoing_bitrate": _available(seat, last, producing=producing, chance=chance),
        "last_packet_received_timestamp": _millis(plan, seat, last, chance.randrange(2, 60)),
        "last_packet_sent_timestamp": _millis(plan, seat, last, chance.randrange(1, 20)),
        "packets_sent": media_out + (0 if producing else control),
        "packets_received": media_in + (control if producing else 0),
        "bytes_discarded_on_send": 0,
        "packets_discarded_on_send": 0,
        "local_candidate_id": "I" + _letters(chance),
        "remote_candidate_id": "I" + _letters(chance),
        "local_candidate_type": "prflx",
        "local_candidate_address": "192.168.0.0",
        "local_candidate_port": machine.ports.producing if producing else machine.ports.consuming,
        "local_candidate_protocol": "udp",
        "remote_candidate_type": "host",
        "remote_candidate_address": "203.0.0.0",
        "remote_candidate_port": machine.ports.far_producing if producing else machine.ports.far_consuming,
        "remote_candidate_protocol": "udp",
        "local_candidate_network_type": "cellular" if cellular else _network(machine),
    }
    if seat.moves:
        pair["local_candidate_network_type"] = "wifi"
    if seat.relay:
        pair.update(
            local_candidate_type="relay",
            local_candidate_protocol="tcp",
            local_candidate_url="turns:turn.example.com:443?transport=tcp",
            local_candidate_related_address="192.168.0.0",
            local_candidate_related_port=machine.ports.producing,
        )
    return pair


def _millis(plan: CallPlan, seat: ParticipantState, last: int, ago: int) -> int:
    return round((plan.started + last * STEP + seat.fine + seat.offset) * 1000) - ago


def _available(seat: ParticipantState, last: int, *, producing: bool, chance: random.Random) -> int:
    kbps = float(seat.up.kbps[max(last - 1, 0)]) if producing else np.inf
    free = 2600.0 + 900 * chance.random()
    if np.isfinite(seat.cap_kbps):
        # the server announces the allowed bitrate, and the browser reports that same number for everyone
        return int(1000 * seat.cap_kbps)
    return int(1000 * min(free, 0.9 * kbps))
