"""What was wrong, and whose side it was on: findings, verdicts, and the figures that matter."""

from __future__ import annotations

from rtkit_explore.table_schema.columns import (
    DIRECTIONS,
    DISPLAY_NAME,
    MEDIA,
    PEER_ID,
    SESSION_ID,
    Column,
    Redaction,
    Table,
    choice,
    derived,
)

SEVERITIES = ("note", "warn", "bad")
SIDES = ("sender", "sender_uplink", "between", "receiver_downlink", "receiver", "connection", "shared", "unknown")
CONFIDENCES = ("low", "medium", "high")
VERDICTS = ("good", "degraded", "bad", "unclassified")


def _words(name: str, meaning: str, *, redact: Redaction | None = None) -> Column:
    return Column(name, "string", meaning, redact=redact)


FINDINGS = Table(
    "findings",
    "thing that was wrong, with its evidence, worst first",
    (
        SESSION_ID,
        _words("rule", "Rule that found it."),
        choice("severity", "note: a fact or an explanation; warn; bad. The worst that it reached.", SEVERITIES),
        PEER_ID,
        DISPLAY_NAME,
        choice("media", "Kind of media; missing where it concerns the participant as a whole.", MEDIA),
        choice("direction", "consumer (received) or producer (sent).", DIRECTIONS),
        _words("stream_id", "Stream that shows it.", redact="id"),
        Column("start", "time", "From when (clock of the participant's client)."),
        Column("end", "time", "Until when."),
        derived("value", "Worst value in that time.", "see unit"),
        derived("threshold", "Threshold of the severity that it reached; missing for facts.", "see unit"),
        _words("unit", "Unit of value and threshold."),
        _words("profile", "Profile that it was judged by."),
        _words("source", "Where the threshold comes from."),
        choice("side", "Whose side it was on.", SIDES),
        _words("side_peer_id", "Whose: the participant that `side` is about; missing where it is nobody's."),
        choice("confidence", "How sure the side is.", CONFIDENCES),
        _words("evidence_for", "What speaks for this side.", redact="said"),
        _words("evidence_against", "What speaks against it, or is not known.", redact="said"),
        Column("first_row", "Int64", "First row of `quality` that shows it."),
        Column("last_row", "Int64", "Last row of `quality` that shows it."),
        _words("story", "What happened, in a sentence.", redact="said"),
        _words("next_step", "What to check next.", redact="said"),
    ),
)

VERDICTS_TABLE = Table(
    "verdicts",
    "participant, after one for the call",
    (
        SESSION_ID,
        choice("subject", "The call as a whole, or a participant.", ("call", "participant")),
        PEER_ID,
        DISPLAY_NAME,
        choice("verdict", "good, degraded (warn), bad, or unclassified: not enough is known to say.", VERDICTS),
        _words("reason", "Rule that decided, or why it is unclassified."),
        Column("bad", "Int64", "Findings that are bad.", "findings"),
        Column("warn", "Int64", "Findings that warn.", "findings"),
        Column("note", "Int64", "Notes.", "findings"),
        derived("affected_s", "Time covered by findings of warn or worse.", "s", title="affected", worse="high"),
        _words("profile", "Profile that it was judged by."),
        _words("story", "One line.", redact="said"),
    ),
)

OVERVIEW = Table(
    "overview",
    "participant, with the figures that matter",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        choice("verdict", "good, degraded, bad or unclassified.", VERDICTS),
        _words("report", "State of the peer report: read, missing, failed or not_fetched."),
        derived("minutes", "How long the participant was there.", "min", title="stay"),
        _words("browser", "Browser and version."),
        _words("os", "Operating system."),
        _words("path", "How media went: direct or relayed, and over what."),
        derived("heard_loss_pct", "Audio received: packets lost.", "%", title="heard: loss", worse="high"),
        derived(
            "sent_loss_pct",
            "Audio sent: packets lost, where the far end reports it.",
            "%",
            title="sent: loss",
            worse="high",
        ),
        derived(
            "seen_loss_pct", "Video received: packets lost, repaired or not.", "%", title="seen: loss", worse="high"
        ),
        derived("rtt_ms", "Median round trip.", "ms", title="round trip", worse="high"),
        derived("jitter_ms", "95th percentile of the jitter of audio received.", "ms", title="jitter", worse="high"),
        derived(
            "buffer_ms",
            "Median time of audio received in the jitter buffer.",
            "ms",
            title="jitter buffer",
            worse="high",
        ),
        derived(
            "mos",
            "MOS of audio received by the narrow-band E-model, mean over time; network and jitter buffer are counted "
            "where they are known.",
            "MOS 1 to 4.41",
            title="MOS",
            worse="low",
        ),
        derived(
            "mos_low",
            "MOS of audio received over the worst tenth of the time.",
            "MOS 1 to 4.41",
            title="MOS, worst tenth",
            worse="low",
        ),
        derived(
            "mos_below_pct",
            "Share of the time with a MOS below 3.6 (many users dissatisfied, G.107).",
            "%",
            title="MOS below 3.6",
            worse="high",
        ),
        derived(
            "score_heard",
            "Client's score of audio received, mean over time.",
            "score 0-1",
            title="score",
            worse="low",
        ),
        derived(
            "score_heard_low",
            "Client's score of audio received over the worst tenth of the time.",
            "score 0-1",
            title="score, worst tenth",
            worse="low",
        ),
        derived("seen_fps", "Median frame rate of video received.", "frames/s", title="seen: frame rate", worse="low"),
        derived("seen_height", "Median height of video received.", "px", title="seen: height", worse="low"),
        derived("sent_kbps", "Median bitrate of video sent.", "kbit/s", title="sent: video", worse="low"),
        derived(
            "limited_pct",
            "Share of the time that the video encoder was limited.",
            "%",
            title="encoder limited",
            worse="high",
        ),
        Column("findings", "Int64", "Findings of warn or worse of which this is the side or the reporter.", "findings"),
        derived(
            "clock_ahead_s",
            "How far the client's clock runs ahead of the others'; missing if it cannot be told.",
            "s",
            title="clock ahead",
        ),
    ),
)
