"""The samples of a peer report, and what is worked out of them."""

from __future__ import annotations

from dataclasses import replace

from rtkit_explore.table_schema.columns import (
    DIRECTIONS,
    DISPLAY_NAME,
    LIMITS,
    MEDIA,
    PEER_ID,
    READINGS,
    REMOTE_NAME,
    SESSION_ID,
    Column,
    Table,
    choice,
    derived,
    text,
    time,
)

SERIES = tuple(f"{media}_{direction}" for media in MEDIA for direction in DIRECTIONS)
"""The eight lists of samples in a report."""

_KEYS = (
    SESSION_ID,
    PEER_ID,
    DISPLAY_NAME,
    choice("media", "Kind of media.", MEDIA),
    choice("direction", "consumer (received) or producer (sent).", DIRECTIONS),
    Column("stream_id", "string", "The stream: consumer id or producer id.", redact="id"),
)

COUNTERS = {
    "bytes_received": "B",
    "bytes_sent": "B",
    "packets_received": "packets",
    "packets_sent": "packets",
    "packets_lost": "packets",
    "frames_decoded": "frames",
    "frames_dropped": "frames",
    "frames_encoded": "frames",
    "key_frames_decoded": "frames",
    "key_frames_encoded": "frames",
    "fir_count": "requests",
    "pli_count": "requests",
    "concealment_events": "events",
    "jitter_buffer_delay": "s",
    "jitter_buffer_emitted_count": "audio samples, or frames for video",
    "quality_limitation_durations_bandwidth": "s",
    "quality_limitation_durations_cpu": "s",
    "quality_limitation_durations_none": "s",
    "quality_limitation_durations_other": "s",
    "quality_limitation_resolution_changes": "changes",
}
"""Counters of a sample and their units: increments by default, running totals where they behave as such."""

GAUGES = {
    "jitter": ("s", "Jitter; a producer's comes from the far end, where 0 can mean unknown."),
    "rtt": ("s", "Round trip, from the far end's reports (producers only); 0 mostly means not measured."),
    "frames_per_second": ("frames/s", "Frame rate at that moment."),
    "frame_width": ("px", "Width of the last frame; 0 mostly means not measured."),
    "frame_height": ("px", "Height of the last frame."),
    "mos_quality": ("score 0-1", "Quality score as the client sends it, 0 to 1, 1 best."),
}


def _counter_key(name: str) -> str:
    block = "quality_limitation_durations_"
    return f"quality_limitation_durations.{name[len(block) :]}" if name.startswith(block) else name


AUDIO = ("mid", "ssrc", "timestamp", "mos_quality", "packets_lost", "jitter", "producer_id")
_FIELDS = {
    "audio_consumer": (
        "bytes_received",
        "concealment_events",
        "consumer_id",
        "jitter_buffer_delay",
        "jitter_buffer_emitted_count",
        "packets_received",
        "peer_id",
    ),
    "audio_producer": ("bytes_sent", "packets_sent", "rtt"),
    "video_consumer": (
        "bytes_received",
        "consumer_id",
        "fir_count",
        "frame_height",
        "frame_width",
        "frames_decoded",
        "frames_dropped",
        "frames_per_second",
        "jitter_buffer_delay",
        "jitter_buffer_emitted_count",
        "key_frames_decoded",
        "packets_received",
        "peer_id",
    ),
    "video_producer": (
        "bytes_sent",
        "fir_count",
        "frame_height",
        "frame_width",
        "frames_encoded",
        "frames_per_second",
        "key_frames_encoded",
        "packets_sent",
        "pli_count",
        "quality_limitation_durations",
        "quality_limitation_reason",
        "quality_limitation_resolution_changes",
        "rtt",
    ),
}
SAMPLE_FIELDS = {kind: tuple(sorted((*AUDIO, *fields))) for kind, fields in _FIELDS.items()}
"""Keys that a sample of each of the four kinds has by the reference; screen share has the same."""

_LISTS = {series: f"participant.peer_report.quality.{series}[]" for series in SERIES}


def _placed(column: Column) -> Column:
    """Say in which of the eight lists a column of ``samples`` stands; a producer's stream is its producer_id."""
    key = "consumer_id" if column.name == "stream_id" else column.key
    having = (place for series, place in _LISTS.items() if key.split(".")[0] in SAMPLE_FIELDS[_base(series)])
    return replace(column, places=tuple(f"{place}.{key}" for place in having)) if key else column


def _base(series: str) -> str:
    return series.removeprefix("screenshare_")


SAMPLES = Table(
    "samples",
    "sample of a stream, as reported",
    tuple(
        _placed(column)
        for column in (
            *_KEYS,
            Column("ssrc", "Int64", "RTP source; a stream with simulcast has several.", key="ssrc"),
            text("remote_peer_id", "Consumers: the participant that is watched or heard.", key="peer_id", redact="id"),
            REMOTE_NAME,
            text(
                "producer_id",
                "Consumers: the remote producer that feeds it. Producers: the stream itself.",
                redact="id",
            ),
            text("mid", "Media section of the SDP."),
            time("timestamp", "End of the sample (client's clock)."),
            Column("position", "Int64", "Place in its list in the document, from 0: the rows are sorted by time."),
            *(
                Column(name, "float64", "Counter, raw.", unit, key=_counter_key(name))
                for name, unit in COUNTERS.items()
            ),
            *(Column(name, "float64", meaning, unit, key=name) for name, (unit, meaning) in GAUGES.items()),
            choice("quality_limitation_reason", "What limits the encoder.", LIMITS, key="quality_limitation_reason"),
        )
    ),
    places=tuple(_LISTS.values()),
)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, "boolean", meaning)


QUALITY = Table(
    "quality",
    "sample of a stream, as an interval; same rows and order as `samples`",
    (
        *_KEYS,
        Column("ssrc", "Int64", "RTP source."),
        Column("remote_peer_id", "string", "Consumers: the participant that is watched or heard.", redact="id"),
        REMOTE_NAME,
        Column("producer_id", "string", "Joins a consumer to the remote producer.", redact="id"),
        Column("start", "time", "Previous sample of the series; missing in its first row."),
        Column("end", "time", "This sample."),
        derived("interval_s", "Real time since the previous sample of the series.", "s"),
        derived("bitrate_kbps", "8 x bytes / interval / 1000.", "kbit/s", worse="low"),
        derived("packets_per_s", "Packets / interval.", "packets/s", title="packet rate", worse="low"),
        derived(
            "packets", "Packets received or sent in the interval.", "packets", title="packets per interval", worse="low"
        ),
        derived(
            "packets_lost",
            "Packets lost in the interval; negative on producers means duplicates.",
            "packets",
            title="packets lost per interval",
            worse="high",
        ),
        derived("bytes", "Bytes received or sent in the interval.", "B", title="bytes per interval", worse="low"),
        derived(
            "loss_pct",
            "Consumers 100 x lost / (received + lost); producers 100 x lost / sent as the far end reports it, negative "
            "as 0, missing where nothing shows that the far end reports.",
            "%",
            title="packet loss",
            worse="high",
        ),
        derived("jitter_ms", "Jitter; missing where the far end does not report it.", "ms", worse="high"),
        derived("rtt_ms", "Round trip (producers); missing where 0 or absent.", "ms", title="round trip", worse="high"),
        derived(
            "buffer_ms",
            "Mean time in the jitter buffer: 1000 x delay / emitted.",
            "ms",
            title="jitter buffer",
            worse="high",
        ),
        derived("fps", "Frame rate at the end of the interval.", "frames/s", title="frame rate", worse="low"),
        derived("width", "Frame width; missing where 0.", "px", title="frame width", worse="low"),
        derived("height", "Frame height; missing where 0.", "px", title="frame height", worse="low"),
        derived(
            "frames", "Frames decoded or encoded in the interval.", "frames", title="frames per interval", worse="low"
        ),
        derived(
            "frames_dropped",
            "Frames dropped in the interval (consumers).",
            "frames",
            title="frames dropped per interval",
            worse="high",
        ),
        derived("dropped_pct", "100 x dropped / (decoded + dropped).", "%", title="frames dropped", worse="high"),
        derived(
            "key_frames", "Key frames decoded or encoded in the interval.", "frames", title="key frames per interval"
        ),
        derived(
            "pli",
            "Picture-loss indications in the interval (producers).",
            "requests",
            title="PLI per interval",
            worse="high",
        ),
        derived("fir", "Full intra requests in the interval.", "requests", title="FIR per interval", worse="high"),
        derived(
            "concealment_events",
            "Audio concealments in the interval (consumers).",
            "events",
            title="concealments per interval",
            worse="high",
        ),
        choice(
            "limited_by",
            "What limits the encoder at the end of the interval (producers of video).",
            LIMITS,
            title="encoder limited by",
        ),
        derived(
            "limited_bandwidth_s",
            "Part of the interval limited by bandwidth.",
            "s",
            title="limited by bandwidth",
            worse="high",
        ),
        derived(
            "limited_cpu_s", "Part of the interval limited by the processor.", "s", title="limited by CPU", worse="high"
        ),
        derived(
            "limited_other_s", "Part of the interval limited otherwise.", "s", title="limited otherwise", worse="high"
        ),
        derived("limited_none_s", "Part of the interval not limited.", "s", title="not limited", worse="low"),
        derived(
            "resolution_changes",
            "Changes of resolution because of a limit, in the interval.",
            "changes",
            title="resolution changes per interval",
            worse="high",
        ),
        derived(
            "score",
            "Quality score as the client sends it, 0 to 1, 1 best.",
            "score 0-1",
            title="quality score",
            worse="low",
        ),
        choice("score_scale", "Scale of the score, told from the values of the report.", ("0-1", "1-5")),
        _flag("far_end", "Producers: whether anything shows that the far end reports loss, jitter and round trip."),
        _flag("negative_loss", "Loss was negative and is shown as 0."),
        _flag("first", "First row of its series: no interval before it."),
        _flag("gap", "The time since the previous sample is over max(2 x median, 5 s): no rates."),
        _flag("reset", "A running total fell: the interval is unknown."),
        choice("counter_reading", "How the counters of the row were read; `mixed` where they differ.", READINGS),
    ),
)

STREAMS = Table(
    "streams",
    "stream of a participant",
    (
        *_KEYS,
        Column("remote_peer_id", "string", "Consumers: the participant that is watched or heard.", redact="id"),
        REMOTE_NAME,
        Column("producer_id", "string", "Joins a consumer to the remote producer.", redact="id"),
        Column("first", "time", "First sample."),
        Column("last", "time", "Last sample."),
        derived("duration_s", "From the first sample to the last.", "s", title="duration"),
        Column("samples", "Int64", "Rows of `samples`.", "samples"),
        Column("layers", "Int64", "SSRCs: more than one where the producer sends simulcast layers.", "SSRCs"),
        Column("gaps", "Int64", "Gaps in its series.", "gaps", worse="high"),
        Column("resets", "Int64", "Resets of its running totals.", "resets"),
        derived("packets", "Packets in all, first increments included.", "packets", title="packets", worse="low"),
        derived("packets_lost", "Packets lost in all.", "packets", title="packets lost", worse="high"),
        derived("bytes", "Bytes in all.", "B", title="bytes", worse="low"),
        derived("loss_pct", "Loss over the whole stream.", "%", title="packet loss", worse="high"),
        derived("frames", "Frames in all.", "frames", title="frames", worse="low"),
        derived("frames_dropped", "Frames dropped in all.", "frames", title="frames dropped", worse="high"),
        derived("key_frames", "Key frames in all.", "frames", title="key frames"),
        derived("concealment_events", "Concealments in all.", "events", title="concealments", worse="high"),
        derived("pli", "Picture-loss indications in all.", "requests", title="PLI", worse="high"),
        derived("fir", "Full intra requests in all.", "requests", title="FIR", worse="high"),
        derived("width", "Largest frame width.", "px", title="largest frame width", worse="low"),
        derived("height", "Largest frame height.", "px", title="largest frame height", worse="low"),
    ),
)

COUNTER_READINGS = Table(
    "counter_readings",
    "counter of a participant's report",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        Column("counter", "string", "Counter, as `samples` names it."),
        choice("reading", "How it was read.", READINGS[:2]),
        choice(
            "decided_by", "evidence, default (undecided, so increments) or forced.", ("evidence", "default", "forced")
        ),
        Column("series", "Int64", "Series that have it.", "series"),
        Column("rises", "Int64", "Steps upwards between neighbours.", "steps"),
        Column("falls", "Int64", "Steps downwards.", "steps"),
        Column("ties", "Int64", "Steps at an equal value above 0.", "steps"),
    ),
)
