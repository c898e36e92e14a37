"""Sessions, participants, their lifecycle, and what was said: everything but the peer report."""

from __future__ import annotations

from rtkit_explore.table_schema.columns import (
    DISPLAY_NAME,
    PEER_ID,
    SESSION_ID,
    Column,
    Table,
    choice,
    count,
    flag,
    number,
    text,
    time,
)

SESSIONS = Table(
    "sessions",
    "session",
    (
        text("session_id", "The session.", key="id", redact="id"),
        text(
            "associated_id",
            "Meeting that the session belongs to; a UUID, or a room name in old (V1) meetings.",
            redact="id",
        ),
        text("meeting_display_name", "Title of the meeting.", redact="title"),
        text("organization_id", "App that hosted the session.", redact="id"),
        text("status", "LIVE or ENDED."),
        text("type", "meeting, livestream or participant."),
        time("created_at", "When the session was created."),
        time("started_at", "When it started."),
        time("ended_at", "When it ended; missing while it is live."),
        time("updated_at", "When its record last changed."),
        count("live_participants", "Participants in it now.", "participants"),
        count("max_concurrent_participants", "Most participants at one time.", "participants"),
        number("minutes_consumed", "Sum of all participants' minutes.", "min"),
        Column(
            "breakout_rooms", "json", "Breakout rooms, whole, as JSON text.", key="breakout_rooms", redact="unknown"
        ),
        Column("meta", "json", "Metadata that the app's owner set, whole, as JSON text.", key="meta", redact="unknown"),
    ),
    places=("sessions[]", "session", ""),
)

PARTICIPANTS = Table(
    "participants",
    "participant of a session",
    (
        text("session_id", "Session that the participant was in.", redact="id"),
        text("peer_id", "The participant = peer; a rejoin makes a new one.", key="id", redact="id"),
        text("user_id", "The user, the same across rejoins and sessions.", redact="user"),
        text("custom_participant_id", "Id that the customer's own system gave.", redact="custom"),
        text("display_name", "Name that the participant joined with.", redact="name"),
        Column(
            "preset_name",
            "string",
            "Preset (the role) the participant joined with; `role` in a peer report.",
            key="preset_name",
            places=("participants[].preset_name", "participants[].role", "participant.preset_name", "participant.role"),
        ),
        time("created_at", "When the participant was created."),
        time("joined_at", "When the participant joined (server's clock)."),
        time("left_at", "When the participant left; missing while in the call."),
        time("updated_at", "When the record last changed."),
        number("duration", "How long the participant was in the session.", "min"),
        choice(
            "report",
            "State of the peer report: read; missing (the API has none, as for React Native clients); "
            "failed (it could not be fetched or read); not_fetched (never asked for).",
            ("read", "missing", "failed", "not_fetched"),
        ),
    ),
    places=("participants[]", "participant"),
)

PEER_EVENTS = Table(
    "peer_events",
    "lifecycle event of a participant",
    (
        text("session_id", "Session that the event belongs to.", redact="id"),
        text("peer_id", "Participant that the event belongs to.", redact="id"),
        DISPLAY_NAME,
        text("event_id", "The event.", key="id", redact="id"),
        text("event_name", "PEER_CREATED, PEER_JOINING or PEER_LEAVING."),
        text("participant_id", "Participant id as the event gives it.", redact="id"),
        text("preset_view_type", "GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT."),
        text("socket_session_id", "Socket session of the event.", redact="id"),
        time("created_at", "When it happened (server's clock)."),
        time("updated_at", "When the record last changed."),
        number("minutes_consumed", "Minutes attributed to the event.", "min"),
    ),
    places=("participants[].peer_events[]", "participant.peer_events[]"),
)

CHAT = Table(
    "chat",
    "chat message",
    (
        text("session_id", "Session that the message was sent in.", key="sessionId", redact="id"),
        text("message_id", "The message.", key="id", redact="id"),
        text("participant_id", "Who sent it: a participant id.", key="participantId", redact="id"),
        text("meeting_id", "Meeting of the session.", key="meetingId", redact="id"),
        text("display_name", "Name of the sender.", key="displayName", redact="name"),
        flag("pinned", "Whether it is pinned."),
        flag("is_edited", "Whether it was edited.", key="isEdited"),
        text("payload_type", "TEXT_MESSAGE, IMAGE_MESSAGE or FILE_MESSAGE.", key="payloadType"),
        text("payload", "The text, or the address of the image or file.", redact="said"),
        time("created_at", "When it was sent.", key="createdAt"),
    ),
)

TRANSCRIPT = Table(
    "transcript",
    "utterance",
    (
        SESSION_ID,
        time("start", "When it began, where the document gives a date.", key=""),
        time("end", "When it ended, where the document gives a date.", key=""),
        number("start_s", "When it began, from the start of the transcript.", "s", key=""),
        number("end_s", "When it ended, from the start of the transcript.", "s", key=""),
        text("peer_id", "Who spoke: peer id.", key="peerData.id", redact="id"),
        text("user_id", "Who spoke: user id.", key="peerData.userId", redact="user"),
        text("custom_participant_id", "Who spoke: the customer's own id.", key="peerData.cpi", redact="custom"),
        text("display_name", "Who spoke: name.", key="peerData.displayName", redact="name"),
        time("joined_at", "When the speaker joined (JSON only).", key="peerData.joinedAt"),
        time("left_at", "When the speaker left (JSON only).", key="peerData.leftAt"),
        text("text", "What was said.", key="sentence", redact="said"),
    ),
)

DOWNLOADS = Table(
    "downloads",
    "response that names a download",
    (
        text("session_id", "Session of the download.", key="sessionId", redact="id"),
        choice("kind", "What can be downloaded.", ("chat", "transcript", "summary")),
        text("format", "Form of the transcript that was asked for.", key=""),
        time(
            "expires_at", "Until when the presigned URL is valid. The URL itself is a secret and in no table.", key=""
        ),
    ),
)

SUMMARY_JOBS = Table(
    "summary_jobs",
    "summary that was asked for",
    (
        text("session_id", "Session to be summarised.", redact="id"),
        text("status", "State of the job as the API gives it."),
    ),
)

PROBLEMS = Table(
    "problems",
    "thing that could not be fetched or read",
    (
        SESSION_ID,
        PEER_ID,
        DISPLAY_NAME,
        text("source", "Document that it stands in.", key=""),
        text("path", "JSON path of the first place, `$` being the document; a line for CSV.", key=""),
        choice(
            "kind",
            "fetch: could not be had; missing: the API has none; broken: no readable document; unknown_key: a key "
            "that no table has; wrong_type: a value of another type; bad_value: a value that cannot be right; "
            "conflict: two documents disagree; paging: the pages do not add up; failed: a function of yours raised.",
            ("fetch", "missing", "broken", "unknown_key", "wrong_type", "bad_value", "conflict", "paging", "failed"),
        ),
        text("message", "What was found.", key=""),
        text("meaning", "What it means for the tables.", key=""),
        count("count", "How often, in this document.", "places", key=""),
    ),
)
