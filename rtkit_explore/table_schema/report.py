"""The metadata of a peer report: client, devices, network paths, events, checks; and its cumulative blocks."""

from __future__ import annotations

from rtkit_explore.table_schema.columns import (
    DIRECTIONS,
    DISPLAY_NAME,
    MEDIA,
    PEER_ID,
    SESSION_ID,
    Column,
    Table,
    Worse,
    choice,
    count,
    flag,
    number,
    text,
    time,
)

_REPORT = "participant.peer_report.metadata"

CLIENTS = Table(
    "clients",
    "participant's client",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        text("browser", "Browser.", key="browser_metadata.browser"),
        text("browser_version", "Its version.", key="browser_metadata.browser_version", redact="version"),
        text("engine", "Its engine.", key="browser_metadata.engine"),
        text("user_agent", "Its user agent string.", key="browser_metadata.user_agent", redact="user_agent"),
        flag("webgl_support", "Whether it has WebGL.", key="browser_metadata.webgl_support"),
        text("os", "Operating system.", key="device_info.os"),
        text("os_version", "Its version.", key="device_info.os_version", redact="version"),
        count("cpus", "Logical processors.", "processors", key="device_info.cpus"),
        flag("is_mobile", "Whether it is a mobile device.", key="device_info.is_mobile"),
        text("audio_encoder", "Audio encoder of a native client.", key="native_metadata.audio_encoder"),
        text("video_encoder", "Video encoder of a native client.", key="native_metadata.video_encoder"),
        text("room_view_type", "Kind of room as the client saw it."),
        text("sdk_name", "Client SDK."),
        text("sdk_type", "Its type."),
        text("sdk_version", "Its version.", redact="version"),
        text("ipv4", "Public address as the service saw it.", key="ip_information.ipv4", redact="address"),
        text("city", "City by address.", key="ip_information.city", redact="location"),
        text("region", "Region by address.", key="ip_information.region", redact="location"),
        text("country", "Country by address.", key="ip_information.country", redact="country"),
        text("timezone", "Time zone by address.", key="ip_information.timezone", redact="location"),
        text("org", "Organisation that owns the address.", key="ip_information.org", redact="location"),
        text("asn", "Autonomous system number.", key="ip_information.asn.asn", redact="location"),
        text("asn_name", "Its name.", key="ip_information.asn.name", redact="location"),
        text("asn_domain", "Its domain.", key="ip_information.asn.domain", redact="location"),
        text("asn_route", "Its route.", key="ip_information.asn.route", redact="label"),
        text("asn_type", "Its type, for example isp or business.", key="ip_information.asn.type"),
    ),
    places=(_REPORT,),
)

DEVICE_LISTS = ("audio_devices_updates", "video_devices_updates", "speaker_devices_updates", "selected_device_updates")

DEVICE_CHANGES = Table(
    "device_changes",
    "device added, removed or selected",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        Column(
            "timestamp",
            "time",
            "When (client's clock).",
            places=tuple(f"{_REPORT}.{name}[].timestamp" for name in DEVICE_LISTS),
        ),
        choice(
            "change", "What happened; missing for an update that names no device.", ("added", "removed", "selected")
        ),
        text("kind", "audioinput, audiooutput or videoinput.", redact="device_kind"),
        text("device_id", "The device, as far as the browser's privacy rules let it be known.", redact="device_id"),
        text("label", "Its name; may be empty.", redact="device_label"),
        choice("list", "List of the report that the row stands in.", DEVICE_LISTS),
    ),
    places=tuple(
        f"{_REPORT}.{name}[]{rest}"
        for name in DEVICE_LISTS
        for rest in ((".device",) if name.startswith("selected") else (".added[]", ".removed[]"))
    ),
)

CONNECTION_CHECKS = Table(
    "connection_checks",
    "pre-call connection check",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        Column("check", "Int64", "Number of the check in the report, from 0."),
        time("timestamp", "When (client's clock)."),
        text("effective_network_type", "The browser's guess, such as 4g; absent in Firefox and Safari."),
        flag("reflexive_connectivity", "A server-reflexive candidate worked."),
        flag("relay_connectivity", "A relayed candidate worked: the one that proves TURN."),
        flag(
            "turn_connectivity",
            "As the client sends it: host, relayed or reflexive worked, so it does not prove that TURN does.",
        ),
        Column("sdp_count", "Int64", "SDP texts of the check, in table `sdp`.", "texts"),
    ),
    places=(f"{_REPORT}.pc_metadata[]",),
)

SDP = Table(
    "sdp",
    "SDP text of a connection check",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        Column("check", "Int64", "Check that it belongs to."),
        Column("position", "Int64", "Its place in the check, from 0."),
        Column("sdp", "string", "The text.", redact="said", places=(f"{_REPORT}.pc_metadata[].sdp[]",)),
    ),
    places=(f"{_REPORT}.pc_metadata[].sdp[]",),
)

CANDIDATE_PAIRS = Table(
    "candidate_pairs",
    "ICE candidate pair on a transport, as of the last sample",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        choice("transport", "Which transport of the client.", ("consuming", "producing")),
        Column("position", "Int64", "Its place in the list, from 0."),
        flag("nominated", "Whether the pair was chosen to carry media."),
        text("local_candidate_type", "host, srflx, prflx or relay."),
        text("local_candidate_protocol", "Protocol; of a relay candidate that to the TURN server (Safari errs)."),
        text("local_candidate_network_type", "Kind of network, such as wifi or cellular."),
        text("local_candidate_address", "Address, masked by the client (a.b.0.0).", redact="address"),
        count("local_candidate_port", "Port."),
        text(
            "local_candidate_related_address", "Address that a reflexive or relayed one stands for.", redact="address"
        ),
        count("local_candidate_related_port", "Its port."),
        text("local_candidate_url", "STUN or TURN server that gave the candidate.", redact="url"),
        text("local_candidate_id", "Id of the local candidate.", redact="candidate"),
        text("remote_candidate_type", "host, srflx, prflx or relay."),
        text("remote_candidate_protocol", "Protocol."),
        text("remote_candidate_address", "Address, masked by the client.", redact="address"),
        count("remote_candidate_port", "Port."),
        text("remote_candidate_url", "Server that gave the candidate.", redact="url"),
        text("remote_candidate_id", "Id of the remote candidate.", redact="candidate"),
        number("available_incoming_bitrate", "Estimated bandwidth inwards.", "bit/s"),
        number("available_outgoing_bitrate", "Estimated bandwidth outwards.", "bit/s"),
        number("bytes_received", "Bytes in all.", "B"),
        number("bytes_sent", "Bytes in all.", "B"),
        number("bytes_discarded_on_send", "Bytes in all.", "B"),
        number("packets_received", "Packets in all.", "packets"),
        number("packets_sent", "Packets in all.", "packets"),
        number("packets_discarded_on_send", "Packets in all.", "packets"),
        number("current_round_trip_time", "Last round trip of a connectivity check.", "s"),
        number("total_round_trip_time", "Sum of all round trips measured.", "s"),
        Column(
            "last_packet_received_timestamp",
            "epoch_ms",
            "When the last packet came; missing where none did.",
            key="last_packet_received_timestamp",
        ),
        Column(
            "last_packet_sent_timestamp",
            "epoch_ms",
            "When the last packet went; missing where none did.",
            key="last_packet_sent_timestamp",
        ),
        number("rtt_ms", "current_round_trip_time in milliseconds; 0 counts as not measured.", "ms", key=""),
        flag("relayed", "Whether the local candidate is a relay (TURN) one.", key=""),
        text(
            "path_protocol",
            "udp, tcp or tls: of the URL where the candidate is relayed and its URL says so, else the local protocol.",
            key="",
        ),
    ),
    places=(f"{_REPORT}.candidate_pairs.consuming_transport[]", f"{_REPORT}.candidate_pairs.producing_transport[]"),
)

EVENTS = Table(
    "events",
    "client event",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        time("timestamp", "When (client's clock)."),
        text("name", "Name as the client gives it."),
        Column("metadata", "json", "Metadata of the event, whole, as JSON text.", key="metadata", redact="event"),
    ),
    places=(f"{_REPORT}.events[]",),
)

CUMULATIVE = Table(
    "cumulative",
    "value of a cumulative block",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        choice("media", "Kind of media.", MEDIA),
        choice("direction", "consumer (received) or producer (sent).", DIRECTIONS),
        text("metric", "Group of the block, such as packet_loss.", key=""),
        text("statistic", "avg, p50, 5_or_greater_event_fraction …; `value` where the metric is one number.", key=""),
        Column(
            "value",
            "float64",
            "The number, over the samples, unweighted; its unit stands beside it.",
            "see unit",
            places=tuple(f"participant.peer_report.quality.{m}_{d}_cumulative.*" for m in MEDIA for d in DIRECTIONS),
        ),
        text("unit", "Unit of the value; empty where the meaning is unknown.", key=""),
    ),
    places=tuple(f"participant.peer_report.quality.{m}_{d}_cumulative" for m in MEDIA for d in DIRECTIONS),
)

_METRIC_TITLES: tuple[tuple[str, str, str, Worse], ...] = (
    # metric, title, unit, worse; in the order in which a plot shows them
    ("packet_loss", "packet loss", "%", "high"),
    ("rtt", "round trip", "ms", "high"),
    ("jitter_buffer_delay", "jitter buffer", "ms", "high"),
    ("quality_mos", "quality score (quality_mos)", "score 0-1", "low"),
    ("frame_per_second", "frame rate", "frames/s", "low"),
    ("frame_width", "frame width", "px", "low"),
    ("issues", "issues", "", "high"),
)
CUMULATIVE_METRICS: dict[str, Column] = {
    name: Column(name, "float64", "Metric of a cumulative block.", unit, title=title, worse=worse)
    for name, title, unit, worse in _METRIC_TITLES
}
"""Metrics of the cumulative blocks, declared as a column is: title, unit, which end is worse."""

_SUMMARY = ("avg", "p50", "p75", "p90")
_LATENCY = ("avg", *(f"{cut}ms_or_greater_event_fraction" for cut in (100, 250, 500)))
CUMULATIVE_STATISTICS: dict[str, tuple[str, ...]] = {
    "quality_mos": _SUMMARY,
    "frame_width": _SUMMARY,
    "frame_per_second": _SUMMARY,
    "packet_loss": ("avg", *(f"{cut}_or_greater_event_fraction" for cut in (5, 10, 25, 50))),
    "rtt": _LATENCY,
    "jitter_buffer_delay": _LATENCY,
    "issues": (
        "no_video_fraction",
        "poor_resolution_fraction",
        "lag_fraction",
        "quality_limitation_fraction",
        "cpu_quality_limitation_fraction",
        "bandwidth_quality_limitation_fraction",
    ),
    "key_frames_decoded_fraction": (),
    "key_frames_encoded_fraction": (),
    "high_negative_feedback_fraction": (),
}
"""Metric of a cumulative block to its statistics; none where it is one number."""
