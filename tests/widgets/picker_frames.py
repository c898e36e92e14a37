"""Small tables for the pickers' tests."""

from __future__ import annotations

import pandas as pd

UTC = "datetime64[us, UTC]"


def times(*values: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(values), utc=True, format="ISO8601")).astype(UTC)


def sessions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": pd.array(["s-one", "s-two", "s-three", None], dtype="string"),
            "meeting_display_name": pd.array(["Stand-up", "<b>Réunion</b>", None, "no id"], dtype="string"),
            "status": pd.array(["ENDED", "LIVE", "ENDED", "ENDED"], dtype="string"),
            "started_at": times("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", None, None),
            "ended_at": times("2026-11-20T09:30:00Z", None, None, None),
            "max_concurrent_participants": pd.array([3, 5, None, 1], dtype="Int64"),
            "live_participants": pd.array([0, 2, None, 0], dtype="Int64"),
        }
    )


def participants() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": pd.array(["s-one"] * 4, dtype="string"),
            "peer_id": pd.array(["p-1", "p-2", "p-3", "p-4"], dtype="string"),
            "display_name": pd.array(["Alma", "Boris", "Alma", None], dtype="string"),
            "user_id": pd.array(["u-1", "u-2", "u-1", "u-9"], dtype="string"),
            "joined_at": times("2026-11-20T09:00:00Z", "2026-11-20T09:01:00Z", "2026-11-20T09:20:00Z", None),
            "left_at": times("2026-11-20T09:10:00Z", "2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z", None),
            "report": pd.Categorical(["read", "read", "failed", "missing"]),
        }
    )


def streams() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": pd.array(["s-one"] * 3, dtype="string"),
            "peer_id": pd.array(["p-1", "p-1", "p-2"], dtype="string"),
            "display_name": pd.array(["Alma", "Alma", "Boris"], dtype="string"),
            "media": pd.Categorical(["audio", "screenshare_video", "video"]),
            "direction": pd.Categorical(["producer", "producer", "consumer"]),
            "stream_id": pd.array(["st-1", "st-2", "st-3"], dtype="string"),
            "remote_peer_id": pd.array([None, None, "p-1"], dtype="string"),
            "first": times("2026-11-20T09:00:10Z", "2026-11-20T09:05:00Z", None),
            "last": times("2026-11-20T09:09:50Z", "2026-11-20T09:06:00Z", None),
            "duration_s": [580.0, 60.0, float("nan")],
            "loss_pct": [float("nan"), 0.0, 4.26],
        }
    )
