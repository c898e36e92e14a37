"""
The words for what the tables hold: media, devices, report states, sides, measures; each said here and nowhere else.

Titles and units of measures stand on the columns themselves; the functions below look them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rtkit_explore.table_schema.columns import Column, title_from_name
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.report import CUMULATIVE_METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA: Final[Mapping[str, str]] = {
    "audio": "audio",
    "video": "video",
    "screenshare_audio": "screen-share audio",
    "screenshare_video": "screen share",
}
"""Kinds of media in words, in the order in which they are listed."""

DEVICE_KINDS: Final[Mapping[str, str]] = {
    "audioinput": "microphone",
    "audiooutput": "speaker",
    "videoinput": "camera",
}
"""Kinds of devices, as browsers name them, in words."""

NETWORKS: Final[Mapping[str, str]] = {
    "wifi": "Wi-Fi",
    "cellular": "cellular",
    "ethernet": "Ethernet",
    "vpn": "VPN",
    "bluetooth": "Bluetooth",
    "unknown": "an unknown network",
}
"""Kinds of networks, as browsers name them, in words."""

REPORT_STATES: Final[Mapping[str, str]] = {
    "read": "report read",
    "missing": "no report",
    "failed": "report could not be read",
    "not_fetched": "report not fetched",
}
"""States of a participant's report (``participants.report``) in words."""

SIDES: Final[Mapping[str, tuple[str, str]]] = {
    "sender": ("{who}'s own machine", "the sender"),
    "sender_uplink": ("{who}'s uplink", "the sender"),
    "between": ("between the two, or the server", ""),
    "receiver_downlink": ("{who}'s downlink", "the receiver"),
    "receiver": ("{who}'s own machine", "the receiver"),
    "connection": ("{who}'s connection, both ways", "the participant"),
    "shared": ("a shared cause: the server or a region", ""),
    "unknown": ("unknown", ""),
}
"""Whose side a finding was on (``findings.side``) in words, and who that is where no name is given."""

EVENTS: Final[Mapping[str, str]] = {
    "audio_on": "microphone on",
    "audio_off": "microphone off",
    "video_on": "camera on",
    "video_off": "camera off",
    "screenshare_start_requested": "screen share requested",
    "screenshare_started": "screen share started",
    "screenshare_stopped": "screen share stopped",
    "call_join": "joined the call",
    "disconnect": "disconnected",
    "reconnect_attempt": "tried to reconnect",
    "precall_begin": "pre-call check began",
    "precall_end": "pre-call check ended",
    "websocket_connected": "signalling connected",
    "websocket_disconnected": "signalling disconnected",
    "transport_connected": "media connected",
    "transport_disconnected": "media disconnected",
    "tab_change": "changed tab",
    "browser_backgrounded": "tab in the background",
    "browser_foregrounded": "tab in the foreground",
    "meeting_view_backgrounded": "tab in the background",
    "meeting_view_foregrounded": "tab in the foreground",
    "audio_play_failed": "audio could not be played",
    "video_play_failed": "video could not be played",
    "audio_track_muted": "audio track muted by the system",
    "video_track_muted": "video track muted by the system",
    "media_permission": "media permission",
    "audio_devices_updates": "microphones changed",
    "video_devices_updates": "cameras changed",
    "speaker_devices_updates": "speakers changed",
    "dominant_speaker": "became the main speaker",
    "participant_role": "role set",
}
"""Names of client events in words; "disconnect" is sent on a normal hang-up as well."""


def media_words(media: object) -> str:
    """Return a kind of media in words; an unknown one as it is, "media" for a missing one."""
    return MEDIA.get(media, media) if isinstance(media, str) and media else "media"


def device_kind_words(kind: object) -> str:
    """Return a kind of device in words; "device" for an unknown one."""
    return DEVICE_KINDS.get(kind, "device") if isinstance(kind, str) else "device"


def network_words(kind: object) -> str:
    """Return a kind of network in words; one that is not listed as it is."""
    return NETWORKS.get(kind, kind) if isinstance(kind, str) and kind else NETWORKS["unknown"]


def report_words(state: object) -> str:
    """Return the state of a report in words."""
    return REPORT_STATES.get(state, state) if isinstance(state, str) else REPORT_STATES["not_fetched"]


def side_words(side: object, who: str = "") -> str:
    """
    Return whose side a finding was on, in words.

    Parameters
    ----------
    side
        Value of ``findings.side``; anything else counts as unknown.
    who
        Name of the participant that the side is about; "the sender" or "the receiver" where empty.
    """
    template, role = SIDES.get(side, SIDES["unknown"]) if isinstance(side, str) else SIDES["unknown"]
    return template.replace("{who}", who or role)


def stream_words(who: str, media: object, direction: object, remote: str = "") -> str:
    """
    Say what a stream is: "Alma sends video", "Alma gets audio from Boris".

    Parameters
    ----------
    who
        Name of the participant whose report holds the stream.
    media, direction
        Values of the columns of those names.
    remote
        Name of the participant that a received stream comes from; left out where empty.
    """
    if direction == "producer":
        return f"{who} sends {media_words(media)}"
    return f"{who} gets {media_words(media)}{f' from {remote}' if remote else ''}"


def event_words(name: object) -> str:
    """Return the name of a client event in words; an unknown one without its underscores."""
    if not isinstance(name, str) or not name:
        return "event without a name"
    return EVENTS.get(name) or name.replace("_", " ")


def rule_words(rule: object) -> str:
    """Return the name of a rule in words."""
    return str(rule).replace("_", " ")


def column_of(name: str, table: str = "quality") -> Column:
    """Look a column up; one that is not declared, such as a metric of the user's own, says by its name what it is."""
    declared = TABLES[table].index.get(name)
    if declared is not None:
        return declared
    if name in _OWN:
        return _OWN[name]
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
    return Column(name, "float64", "", unit)


_OWN: dict[str, Column] = {}


def own_column(column: Column) -> None:
    """Say what a column is called that a metric of the user's own makes; the last one of a name counts."""
    _OWN[column.name] = column


_UNITS: Final = {"_pct": "%", "_kbps": "kbit/s", "_per_s": "per s", "_ms": "ms", "_px": "px", "_s": "s"}


def title_of(metric: str, table: str = "quality") -> str:
    """Name a measure in words, without its unit."""
    return column_of(metric, table).title


def unit_of(metric: str, table: str = "quality") -> str:
    """Return the unit of a measure, empty where it has none."""
    return column_of(metric, table).unit


def low_is_worse(metric: str, table: str = "quality") -> bool:
    """Tell whether low values of a measure are the bad ones."""
    return column_of(metric, table).worse == "low"


def cumulative_metric(name: str) -> Column:
    """Look a metric of the cumulative blocks up: title, unit and which end is worse."""
    found = CUMULATIVE_METRICS.get(name)
    return found if found is not None else Column(name, "float64", "", title=title_from_name(name))
