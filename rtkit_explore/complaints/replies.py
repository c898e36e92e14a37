"""What support can send to a customer: two or three sentences, no jargon, nothing personal of other people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from rtkit_explore.local_time import zone_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from rtkit_explore.complaints.symptoms import Symptom

Whose = Literal["yours", "theirs", "nobody"]

TOPICS: dict[str, str] = {
    "loss_in": "loss", "loss_out": "loss", "concealment": "loss", "keyframe_storm": "loss", "frozen": "loss",
    "congested": "narrow", "bandwidth_limited": "narrow", "low_resolution": "narrow", "low_frame_rate": "narrow",
    "narrow_uplink": "narrow", "narrow_downlink": "narrow",
    "round_trip": "delay", "late_media": "delay", "jitter": "delay", "unsteady": "delay",
    "nothing_received": "outage", "interrupted": "outage", "nothing_sent": "silent", "reconnects": "outage", "path_changed": "outage",
    "one_way_transport": "blocked", "never_connected": "blocked", "relayed": "delay",
    "device_lost": "device", "permission_refused": "permission",
    "cpu_limited": "machine", "not_captured": "machine", "decoder_behind": "machine",
}  # fmt: skip
"""Which cause a rule speaks of, as a customer would tell causes apart."""

_CAUSES: dict[tuple[str, Whose], str] = {
    ("loss", "yours"): "Your internet connection was losing data at that time.",
    ("loss", "theirs"): "The internet connection of another participant was losing data; yours was fine.",
    ("loss", "nobody"): "Data was lost on the way, and our records do not show on whose side.",
    ("narrow", "yours"): "Your internet connection was too slow for the video at that time.",
    ("narrow", "theirs"): "The internet connection of another participant was too slow for the video; yours was fine.",
    ("narrow", "nobody"): "The video was sent with less detail at that time, and our records do not show whose connection caused it.",
    ("delay", "yours"): "Data took unusually long between you and the service.",
    ("delay", "theirs"): "Data took unusually long between another participant and the service; your side was fine.",
    ("delay", "nobody"): "Data took unusually long on its way, and our records do not show on whose side.",
    ("outage", "yours"): "Your connection to the call was interrupted.",
    ("outage", "theirs"): "The connection of another participant was interrupted; yours was fine.",
    ("outage", "nobody"): "The connection was interrupted, and our records do not show on whose side.",
    ("silent", "yours"): "Your device sent nothing although it was switched on.",
    ("silent", "theirs"): "The device of another participant sent nothing although it was switched on; your side was fine.",
    ("silent", "nobody"): "Nothing was sent although it was switched on.",
    ("blocked", "yours"): "Your device could not exchange sound and video with the service; often a firewall or VPN is the reason.",
    ("blocked", "theirs"): "Another participant could not exchange sound and video with the service.",
    ("blocked", "nobody"): "No sound or video could be exchanged; often a firewall or VPN is the reason.",
    ("device", "yours"): "Your microphone, headset or camera was disconnected.",
    ("device", "theirs"): "A microphone, headset or camera of another participant was disconnected; your side was fine.",
    ("device", "nobody"): "A microphone, headset or camera was disconnected.",
    ("permission", "yours"): "Your browser was not allowed to use the microphone or camera.",
    ("permission", "theirs"): "The browser of another participant was not allowed to use the microphone or camera.",
    ("permission", "nobody"): "A browser was not allowed to use the microphone or camera.",
    ("machine", "yours"): "Your computer had too much to do at that time to keep up with the call.",
    ("machine", "theirs"): "The computer of another participant had too much to do at that time; your side was fine.",
    ("machine", "nobody"): "A computer had too much to do at that time to keep up with the call.",
}  # fmt: skip

_ADVICE: dict[tuple[str, Whose], str] = {
    ("loss", "yours"): "Please move closer to your Wi-Fi router or use a cable, and switch off a VPN if you use one.",
    ("narrow", "yours"): "Please pause downloads and uploads during calls, move closer to your Wi-Fi router or use a cable.",
    ("delay", "yours"): "Please try without a VPN, closer to your Wi-Fi router or with a cable.",
    ("outage", "yours"): "Please check your Wi-Fi or cable, and whether your device changed networks at that moment.",
    ("silent", "yours"): "Please choose your microphone or camera again in the call's settings and test it before the next call.",
    ("blocked", "yours"): "Please try another network, or ask whoever runs yours to allow video calls.",
    ("device", "yours"): "Please look at its cable, charge or Bluetooth connection, and choose it again in the call's settings.",
    ("permission", "yours"): "Please allow microphone and camera for our page in your browser's settings.",
    ("machine", "yours"): "Please close other programs, and connect your laptop to power.",
}  # fmt: skip
_NOT_YOURS = "There is nothing that you need to change."
_WATCH = "If it happens again, please tell us the time, so that we can look at both ends."
_SHARED = (
    "Several people had the same trouble at the same time, so it was most likely on our side; we are looking into it."
)


@dataclass(frozen=True)
class Reply:
    """What a reply is made of: an answer's facts, without anybody's name."""

    status: str
    symptom: Symptom
    findings: pd.DataFrame
    peers: Sequence[str]
    several: bool
    explanations: bool
    tz: tzinfo
    window: tuple[datetime, datetime]
    noticed: tuple[datetime, datetime] | None


def reply_to(facts: Reply) -> str:
    """Return two or three sentences to a customer; the times in the customer's own time zone."""
    effect = facts.symptom.effect.format(others="the others" if facts.several else "the other participant")
    if facts.status == "cannot know":
        if not facts.symptom.measurable:
            return (
                f"Thank you for telling us that {effect}. Our records cannot show this, because they hold no sound or "
                f"picture. {_TRY.get(facts.symptom.name, _WATCH)}"
            )
        return (
            f"Thank you for telling us that {effect}. For that time our records of your call are not complete enough to "
            f"say why. {_WATCH}"
        )
    if facts.status == "no":
        if facts.explanations:
            return (
                f"Thank you for telling us that {effect}. We found no fault; at that time something was switched off or "
                f"in the background{' on your side' if facts.symptom.direction != 'received' else ''}, which explains it. {_WATCH}"
            )
        return (
            f"Thank you for telling us that {effect}. Our records of {_when(facts.window, facts.tz)} show no sign of it on "
            f"the way to or from you. {_WATCH}"
        )
    cause = facts.findings.iloc[0]
    topic, whose = TOPICS.get(str(cause["rule"]), "loss"), _whose(cause, facts.peers)
    told = f"You are right: {effect} {_times(facts.noticed, facts.tz)}."
    if cause["side"] == "shared":
        return f"{told} {_SHARED}"
    sure = str(cause["confidence"]) == "high" or whose == "nobody"
    reason = _CAUSES[(topic, whose)]
    if not sure:
        reason = f"Most likely the reason was this: {reason[0].lower()}{reason[1:]}"
    advice = _ADVICE[(topic, "yours")] if whose == "yours" else _NOT_YOURS if whose == "theirs" else _WATCH
    return f"{told} {reason} {advice}"


_TRY = {
    "echo": "Echo mostly comes from a loudspeaker near somebody's microphone: headphones on the other side help.",
    "loudness": "Please check the volume of your device, and ask the others to come closer to their microphones.",
    "noise": "Muting those who do not speak shows quickly whose microphone it comes from.",
}


def _whose(cause: Any, peers: Sequence[str]) -> Whose:
    side = cause["side_peer_id"]
    if not isinstance(side, str) or cause["side"] in ("between", "shared", "unknown"):
        return "nobody"
    return "yours" if side in peers else "theirs"


def _when(window: tuple[datetime, datetime], tz: tzinfo) -> str:
    begin, end = (one.astimezone(tz) for one in window)
    return f"{begin:%H:%M} to {end:%H:%M} ({zone_label(tz)})"


def _times(noticed: tuple[datetime, datetime] | None, tz: tzinfo) -> str:
    """Say when and for how long, in minutes as people do."""
    if noticed is None or pd.isna(noticed[0]) or pd.isna(noticed[1]):
        return "in this call"
    seconds = (noticed[1] - noticed[0]).total_seconds()
    lasted = f"{max(1, seconds):.0f} seconds" if seconds < 90 else f"about {seconds / 60:.0f} minutes"
    return f"at {noticed[0].astimezone(tz):%H:%M} ({zone_label(tz)}), for {lasted}"
