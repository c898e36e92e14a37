"""The documents of the API reference, rebuilt: every key that it shows, with values of the right kind."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Path = tuple[str | int, ...]

TIME = "2026-11-01T09:00:00.000Z"
EPOCH_MS = 1_793_523_600_000
SESSION = "11111111-1111-4111-8111-111111111111"
PEER = "22222222-2222-4222-8222-222222222222"

FLAGS = {
    "is_mobile",
    "nominated",
    "reflexive_connectivity",
    "relay_connectivity",
    "turn_connectivity",
    "webgl_support",
}
TIMES = {"created_at", "updated_at", "started_at", "ended_at", "joined_at", "left_at", "timestamp"}
EPOCHS = {"last_packet_received_timestamp", "last_packet_sent_timestamp"}
WHOLE = {"ssrc", "cpus", "local_candidate_port", "remote_candidate_port", "local_candidate_related_port"}
WHOLE |= {"live_participants", "max_concurrent_participants"}
CHOICES = {"quality_limitation_reason": ("cpu", "bandwidth")}
"""Keys by the kind of their values, as the reference describes them; numbers and texts are told from the value."""

_DEVICE = {"device_id": "id of a device", "kind": "audioinput", "label": "Microphone"}
_UPDATES = [{"added": [_DEVICE], "removed": [_DEVICE], "timestamp": TIME}]
_PAIR = {
    "available_incoming_bitrate": 1,
    "available_outgoing_bitrate": 2,
    "bytes_discarded_on_send": 3,
    "bytes_received": 4,
    "bytes_sent": 5,
    "current_round_trip_time": 0.5,
    "last_packet_received_timestamp": EPOCH_MS,
    "last_packet_sent_timestamp": EPOCH_MS,
    "local_candidate_address": "192.0.0.0",
    "local_candidate_id": "local",
    "local_candidate_network_type": "wifi",
    "local_candidate_port": 6,
    "local_candidate_protocol": "udp",
    "local_candidate_related_address": "198.51.0.0",
    "local_candidate_related_port": 7,
    "local_candidate_type": "host",
    "local_candidate_url": "turn:turn.example:3478",
    "nominated": True,
    "packets_discarded_on_send": 8,
    "packets_received": 9,
    "packets_sent": 10,
    "remote_candidate_address": "203.0.0.0",
    "remote_candidate_id": "remote",
    "remote_candidate_port": 11,
    "remote_candidate_protocol": "udp",
    "remote_candidate_type": "srflx",
    "remote_candidate_url": "stun:stun.example",
    "total_round_trip_time": 12,
}
_SAMPLE = {
    "jitter": 0.01,
    "mid": "0",
    "mos_quality": 1,
    "packets_lost": 1,
    "producer_id": "a producer",
    "ssrc": 1234,
    "timestamp": TIME,
}
_RECEIVED = {
    "bytes_received": 2,
    "consumer_id": "a consumer",
    "jitter_buffer_delay": 3,
    "jitter_buffer_emitted_count": 4,
    "packets_received": 5,
    "peer_id": "a remote peer",
}
_SENT = {"bytes_sent": 6, "packets_sent": 7, "rtt": 0.02}
_PICTURE = {"fir_count": 8, "frame_height": 360, "frame_width": 640, "frames_per_second": 30}
_SAMPLES = {
    "audio_consumer": _SAMPLE | _RECEIVED | {"concealment_events": 9},
    "audio_producer": _SAMPLE | _SENT,
    "video_consumer": _SAMPLE
    | _RECEIVED
    | _PICTURE
    | {"frames_decoded": 1, "frames_dropped": 2, "key_frames_decoded": 3},
    "video_producer": _SAMPLE
    | _SENT
    | _PICTURE
    | {
        "frames_encoded": 1,
        "key_frames_encoded": 2,
        "pli_count": 3,
        "quality_limitation_durations": {"bandwidth": 1, "cpu": 2, "none": 3, "other": 4},
        "quality_limitation_reason": "cpu",
        "quality_limitation_resolution_changes": 5,
    },
}
_SUMMARY = {"avg": 1, "p50": 2, "p75": 3, "p90": 4}
_LATENCY = {f"{cut}ms_or_greater_event_fraction": 0.5 for cut in (100, 250, 500)} | {"avg": 1}
_BLOCK = {
    "packet_loss": {f"{cut}_or_greater_event_fraction": 0.5 for cut in (10, 25, 5, 50)} | {"avg": 1},
    "quality_mos": _SUMMARY,
}
_PICTURES = {"frame_per_second": _SUMMARY, "frame_width": _SUMMARY}
_ISSUES = {"no_video_fraction": 0.1, "poor_resolution_fraction": 0.2}
_CUMULATIVE = {
    "audio_consumer": _BLOCK | {"jitter_buffer_delay": _LATENCY},
    "audio_producer": _BLOCK | {"rtt": _LATENCY},
    "video_consumer": _BLOCK
    | _PICTURES
    | {
        "issues": _ISSUES | {"lag_fraction": 0.3},
        "jitter_buffer_delay": _LATENCY,
        "key_frames_decoded_fraction": 0.4,
    },
    "video_producer": _BLOCK
    | _PICTURES
    | {
        "high_negative_feedback_fraction": 0.5,
        "issues": _ISSUES
        | {
            "bandwidth_quality_limitation_fraction": 0.6,
            "cpu_quality_limitation_fraction": 0.7,
            "quality_limitation_fraction": 0.8,
        },
        "key_frames_encoded_fraction": 0.9,
        "rtt": _LATENCY,
    },
}
_PEER_EVENT = {
    "id": "an event",
    "created_at": TIME,
    "event_name": "PEER_CREATED",
    "minutes_consumed": 1,
    "participant_id": "a participant",
    "peer_id": "a peer",
    "preset_view_type": "GROUP_CALL",
    "session_id": "a session",
    "socket_session_id": "a socket",
    "updated_at": TIME,
}
_PERSON = {
    "id": PEER,
    "created_at": TIME,
    "custom_participant_id": "a custom id",
    "display_name": "a name",
    "duration": 1,
    "joined_at": TIME,
    "left_at": TIME,
    "peer_events": [_PEER_EVENT],
    "updated_at": TIME,
    "user_id": "a user",
}
_REPORT = {
    "metadata": {
        "audio_devices_updates": _UPDATES,
        "browser_metadata": {
            "browser": "Firefox",
            "browser_version": "145",
            "engine": "Gecko",
            "user_agent": "Mozilla",
            "webgl_support": True,
        },
        "candidate_pairs": {"consuming_transport": [_PAIR], "producing_transport": [_PAIR]},
        "device_info": {"cpus": 8, "is_mobile": True, "os": "Linux", "os_version": "6"},
        "events": [{"metadata": {"foo": "bar"}, "name": "call_join", "timestamp": TIME}],
        "ip_information": {
            "asn": {"asn": "AS64500", "domain": "isp.example", "name": "ISP", "route": "192.0.2.0/24", "type": "isp"},
            "city": "Utrecht",
            "country": "NL",
            "ipv4": "192.0.2.1",
            "org": "An organisation",
            "region": "Utrecht province",
            "timezone": "Europe/Amsterdam",
        },
        "native_metadata": {"audio_encoder": "opus", "video_encoder": "vp8"},
        "pc_metadata": [
            {
                "effective_network_type": "4g",
                "reflexive_connectivity": True,
                "relay_connectivity": True,
                "sdp": ["v=0"],
                "timestamp": TIME,
                "turn_connectivity": True,
            }
        ],
        "room_view_type": "group",
        "sdk_name": "sdk",
        "sdk_type": "web",
        "sdk_version": "2",
        "selected_device_updates": [{"device": _DEVICE, "timestamp": TIME}],
        "speaker_devices_updates": _UPDATES,
        "video_devices_updates": _UPDATES,
    },
    "quality": {
        f"{screen}{kind}{suffix}": [block] if suffix == "" else block
        for screen in ("", "screenshare_")
        for suffix, blocks in (("", _SAMPLES), ("_cumulative", _CUMULATIVE))
        for kind, block in blocks.items()
    },
}
_SESSION = {
    "id": SESSION,
    "associated_id": "a meeting",
    "created_at": TIME,
    "ended_at": TIME,
    "live_participants": 1,
    "max_concurrent_participants": 2,
    "meeting_display_name": "a title",
    "meta": {"foo": "bar"},
    "minutes_consumed": 3,
    "organization_id": "an app",
    "started_at": TIME,
    "status": "ENDED",
    "type": "meeting",
    "updated_at": TIME,
    "breakout_rooms": [{"id": "a room"}],
}


def fresh(document: Any) -> Any:
    """Return a copy in which no two parts are the same object."""
    return json.loads(json.dumps(document))


def peer_report() -> dict[str, Any]:
    """Return the answer of the peer-report call, a copy to change at will."""
    person = _PERSON | {"peer_report": _REPORT, "role": "host", "session_id": SESSION}
    return fresh({"success": True, "data": {"participant": person}})


def participants(count: int = 1) -> dict[str, Any]:
    """Return the answer of the participants call."""
    people = [_PERSON | {"id": f"{PEER[:-2]}{number:02}", "preset_name": "host"} for number in range(count)]
    paging = {"total_count": count, "start_offset": 1, "end_offset": count}
    return fresh({"success": True, "data": {"participants": people, "paging": paging}})


def session() -> dict[str, Any]:
    """Return the answer of the session call."""
    return fresh({"success": True, "data": _SESSION})


def sessions() -> dict[str, Any]:
    """Return the answer of the sessions call."""
    paging = {"total_count": 1, "start_offset": 1, "end_offset": 1}
    return fresh({"success": True, "data": {"sessions": [_SESSION]}, "paging": paging})


# Walking a document ---------------------------------------------------------------------------------------------------


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value of a document with its path, parents first."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from nodes(item, (*path, key))


def leaves(value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every value that is neither object nor list; ``metadata`` of an event, ``meta`` and rooms are one each."""
    kept: Path | None = None
    for path, item in nodes(value):
        if kept is not None and path[: len(kept)] == kept:
            continue
        if is_whole(path):
            kept = path
            yield path, item
        elif not isinstance(item, (dict, list)):
            yield path, item


def is_whole(path: Path) -> bool:
    """Tell whether the value there is kept whole, as JSON text."""
    inside_event = len(path) > 2 and path[-1] == "metadata" and path[-3] == "events"
    return inside_event or (bool(path) and path[-1] in ("meta", "breakout_rooms"))


def at(document: Any, path: Path) -> Any:
    """Return the value at a path."""
    for key in path:
        document = document[key]
    return document


def put(document: Any, path: Path, value: Any) -> None:
    """Set the value at a path."""
    at(document, path[:-1])[path[-1]] = value


def with_value(document: Any, path: Path, value: Any) -> Any:
    """Return a copy of a document with another value at a path; what the path does not touch is shared."""
    if not path:
        return value
    changed = copy.copy(document)
    changed[path[0]] = with_value(document[path[0]], path[1:], value)
    return changed


def without(document: Any, path: Path) -> Any:
    """Return a copy of a document without the key or item at a path."""
    changed = copy.copy(document)
    if len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = without(document[path[0]], path[1:])
    return changed


def json_path(path: Path) -> str:
    """Spell a path as JSON path from the document's root."""
    return "$" + "".join(
        f"[{key}]" if isinstance(key, int) else f".{key}" if key.replace("_", "a").isalnum() else f"[{json.dumps(key)}]"
        for key in path
    )


def place(path: Path) -> str:
    """Spell a path as ``rtk.schema()`` does: from ``data``, without list indexes."""
    return json_path(path).removeprefix("$.data").removeprefix(".").replace("[0]", "[]")


def kind_of(path: Path, value: Any) -> str:
    """Tell the kind of a leaf: time, epoch, flag, choice, whole, json, number or text."""
    key = path[-1]
    if is_whole(path):
        return "json"
    kinds = (("time", TIMES), ("epoch", EPOCHS), ("flag", FLAGS), ("choice", CHOICES), ("whole", WHOLE))
    for kind, keys in kinds:
        if key in keys:
            return kind
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else "text"


def another(path: Path, value: Any, number: int) -> Any:
    """Return another value of the same kind; distinct for distinct numbers where the kind has room for that."""
    minutes, seconds = divmod(number, 60)
    hours, minutes = divmod(minutes, 60)
    make: dict[str, Callable[[], Any]] = {
        "time": lambda: f"2027-01-{1 + hours // 24:02}T{hours % 24:02}:{minutes:02}:{seconds:02}.000Z",
        "epoch": lambda: 1_800_000_000_000 + 1000 * number,
        "flag": lambda: not value,
        "choice": lambda: "other",
        "whole": lambda: 100_000 + number,
        "number": lambda: 100_000 + number,
        "json": lambda: {"number": number},
        "text": lambda: f"text {number}",
    }
    return make[kind_of(path, value)]()


def distinct(document: dict[str, Any]) -> tuple[dict[str, Any], dict[Path, Any]]:
    """Give every leaf below ``data`` another value, each its own where the kind has room; paging is left alone."""
    changed = fresh(document)
    given: dict[Path, Any] = {}
    for number, (path, value) in enumerate(list(leaves(document))):
        if value is not None and path[0] == "data" and "paging" not in path:
            given[path] = another(path, value, number)
            put(changed, path, given[path])
    return changed, given
