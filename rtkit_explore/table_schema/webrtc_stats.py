"""What the columns are called by W3C's webrtc-stats, for people who come from getStats and webrtc-internals."""

from __future__ import annotations

_IN, _OUT, _FAR = "inbound-rtp", "outbound-rtp", "remote-inbound-rtp"
_PAIR, _LOCAL = "candidate-pair", "local-candidate"


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _of(kinds: tuple[str, ...], *names: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(f"{kind}.{_camel(name)}" for kind in kinds) for name in names}


_LOSS = (f"{_IN}.packetsLost", f"{_IN}.packetsReceived", f"{_FAR}.packetsLost", f"{_OUT}.packetsSent")
_BYTES = (f"{_IN}.bytesReceived", f"{_OUT}.bytesSent")
_PACKETS = (f"{_IN}.packetsReceived", f"{_OUT}.packetsSent")
_FRAMES = (f"{_IN}.framesDecoded", f"{_OUT}.framesEncoded")
_KEY_FRAMES = (f"{_IN}.keyFramesDecoded", f"{_OUT}.keyFramesEncoded")
_LIMITED = f"{_OUT}.qualityLimitation"

_SAMPLES = {
    **_of((_IN, _OUT), "ssrc", "mid", "timestamp", "frames_per_second", "frame_width", "frame_height", "fir_count"),
    **_of((_IN, _FAR), "packets_lost", "jitter"),
    **_of((_IN,), "bytes_received", "packets_received", "frames_decoded", "frames_dropped", "key_frames_decoded"),
    **_of((_IN,), "concealment_events", "jitter_buffer_delay", "jitter_buffer_emitted_count"),
    **_of((_OUT,), "bytes_sent", "packets_sent", "frames_encoded", "key_frames_encoded", "pli_count"),
    **_of((_OUT,), "quality_limitation_reason", "quality_limitation_resolution_changes"),
    "rtt": (f"{_FAR}.roundTripTime",),
    **{
        f"quality_limitation_durations_{part}": (f"{_LIMITED}Durations.{part}",)
        for part in ("bandwidth", "cpu", "none", "other")
    },
}
_SUMS = {
    "packets": _PACKETS,
    "packets_lost": _SAMPLES["packets_lost"],
    "bytes": _BYTES,
    "loss_pct": _LOSS,
    "frames": _FRAMES,
    "frames_dropped": _SAMPLES["frames_dropped"],
    "key_frames": _KEY_FRAMES,
    "concealment_events": _SAMPLES["concealment_events"],
    "pli": _SAMPLES["pli_count"],
    "fir": _SAMPLES["fir_count"],
    "width": _SAMPLES["frame_width"],
    "height": _SAMPLES["frame_height"],
}
_INTERVALS = {
    "ssrc": _SAMPLES["ssrc"],
    "end": _SAMPLES["timestamp"],
    "bitrate_kbps": _BYTES,
    "packets_per_s": _PACKETS,
    "jitter_ms": _SAMPLES["jitter"],
    "rtt_ms": _SAMPLES["rtt"],
    "buffer_ms": (f"{_IN}.jitterBufferDelay", f"{_IN}.jitterBufferEmittedCount"),
    "fps": _SAMPLES["frames_per_second"],
    "dropped_pct": (f"{_IN}.framesDropped", f"{_IN}.framesDecoded"),
    "limited_by": _SAMPLES["quality_limitation_reason"],
    **{
        f"limited_{part}_s": _SAMPLES[f"quality_limitation_durations_{part}"]
        for part in ("bandwidth", "cpu", "none", "other")
    },
    "resolution_changes": _SAMPLES["quality_limitation_resolution_changes"],
}
_CANDIDATE = {
    "type": "candidateType",
    "protocol": "protocol",
    "network_type": "networkType",
    "address": "address",
    "port": "port",
    "related_address": "relatedAddress",
    "related_port": "relatedPort",
    "url": "url",
    "id": "id",
}
_OWN = ("network_type", "related_address", "related_port")  # of the far end's candidates there is none of these
_PAIRS = {
    **_of((_PAIR,), "nominated", "available_incoming_bitrate", "available_outgoing_bitrate"),
    **_of((_PAIR,), "bytes_received", "bytes_sent", "bytes_discarded_on_send"),
    **_of((_PAIR,), "packets_received", "packets_sent", "packets_discarded_on_send"),
    **_of((_PAIR,), "current_round_trip_time", "total_round_trip_time"),
    **_of((_PAIR,), "last_packet_received_timestamp", "last_packet_sent_timestamp"),
    "rtt_ms": (f"{_PAIR}.currentRoundTripTime",),
    **{
        f"{side}_candidate_{name}": (f"{side}-candidate.{stat}",)
        for side in ("local", "remote")
        for name, stat in _CANDIDATE.items()
        if side == "local" or name not in _OWN
    },
    "relayed": (f"{_LOCAL}.candidateType",),
    "path_protocol": (f"{_LOCAL}.relayProtocol", f"{_LOCAL}.protocol"),
}

WEBRTC_STATS: dict[str, dict[str, tuple[str, ...]]] = {
    "samples": _SAMPLES,
    "quality": _SUMS | _INTERVALS,
    "streams": _SUMS,
    "candidate_pairs": _PAIRS,
}
"""
Table to column to the members of W3C's dictionaries that it holds, or is worked out of.

A producer's loss, jitter and round trip are those that the far end reports (``remote-inbound-rtp``). Source: W3C,
Identifiers for WebRTC's Statistics API, https://www.w3.org/TR/webrtc-stats/.
"""
