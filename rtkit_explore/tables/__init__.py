"""
Documents of the API to tidy tables, without a client.

Each function takes a document that is at hand (JSON text or what it decodes to, one or a list) and returns the
table of its name; ``rtk.schema()`` lists every table and column.
"""

from __future__ import annotations

from rtkit_explore.tables.download_rows import chat, downloads, summary_jobs, transcript
from rtkit_explore.tables.peer_report import (
    candidate_pairs,
    clients,
    connection_checks,
    cumulative,
    device_changes,
    events,
    problems,
    samples,
    sdp,
)
from rtkit_explore.tables.people_rows import participants, peer_events, sessions

__all__ = [
    "candidate_pairs",
    "chat",
    "clients",
    "connection_checks",
    "cumulative",
    "device_changes",
    "downloads",
    "events",
    "participants",
    "peer_events",
    "problems",
    "samples",
    "sdp",
    "sessions",
    "summary_jobs",
    "transcript",
]
