"""Sets of thresholds as published by the tools of this field, as plain data, each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.candidates import SEVERITIES, Severity
from rtkit_explore.findings.rules import BY_NAME, RULES
from rtkit_explore.findings.rules.rule import Rule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Limit:
    """
    From where on something is noted, a warning, or bad.

    Attributes
    ----------
    rule
        Rule that it belongs to.
    warn, bad, note
        Thresholds in the rule's unit; None where this severity is not given. Values beyond raise the finding.
    source
        Where the numbers come from.
    media
        Kinds of media that it is for; empty for all that the rule reads.
    recover
        Value at which a raised finding ends; None ends it at the threshold that raised it.
    """

    rule: str
    warn: float | None
    bad: float | None
    source: str
    media: tuple[str, ...] = ()
    recover: float | None = None
    note: float | None = None

    @property
    def levels(self) -> tuple[tuple[Severity, float], ...]:
        """The severities that are given, mildest first, with their thresholds."""
        given = (("note", self.note), ("warn", self.warn), ("bad", self.bad))
        return tuple((severity, value) for severity, value in given if value is not None)  # type: ignore[misc]


@dataclass(frozen=True)
class Profile:
    """
    A named set of thresholds.

    Attributes
    ----------
    name
        Its name.
    limits
        The thresholds.
    says
        The shape of the rule as its source has it.
    fewest_packets, fewest_seconds
        A stream with less is not judged.
    rules
        Rules of your own, which stand beside the shipped ones; one of the same name replaces a shipped one.
    """

    name: str
    limits: tuple[Limit, ...]
    says: str
    fewest_packets: float = 500.0
    fewest_seconds: float = 20.0
    rules: tuple[Rule, ...] = ()

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """The shipped rules, and those of the profile."""
        own = {rule.name for rule in self.rules}
        return (*(rule for rule in RULES if rule.name not in own), *self.rules)

    def rule(self, name: str) -> Rule | None:
        """Find a rule by its name."""
        return next((rule for rule in self.rules if rule.name == name), BY_NAME.get(name))

    def of(self, rule: str) -> tuple[Limit, ...]:
        """Return the limits of a rule, those for certain media first."""
        return tuple(sorted((limit for limit in self.limits if limit.rule == rule), key=lambda limit: not limit.media))


CAMERA, SCREEN, SOUND = ("video",), ("screenshare_video",), ("audio", "screenshare_audio")
PICTURE = (*CAMERA, *SCREEN)
_CLIENT = "RealtimeKit web client 2.0.2, its statistics client"
_CQD = "Microsoft Teams Call Quality Dashboard, stream classification"
_OBSERVER = "ObserveRTC client-monitor-js, default detectors"
_DETECTOR = "webrtc-issue-detector, default detectors"
_OURS = "this project, from recordings of real browsers"
_TWILIO = "Twilio Voice SDK, statsMonitor thresholds"

DEFAULT = Profile(
    "default",
    (
        Limit("loss_in", 3, 10, "Google Meet (ideal < 3 %), Teams CQD and Pexip (10 %)"),
        Limit("loss_out", 3, 10, "Google Meet (ideal < 3 %), Teams CQD and Pexip (10 %)"),
        Limit("round_trip", 300, 500, "ObserveRTC (300 ms), Teams CQD (500 ms)"),
        Limit("jitter", 30, 100, "Teams CQD, Twilio and RealtimeKit client (30 ms); 100 ms " + _OURS, media=SOUND),
        Limit("jitter", 100, 200, "webrtc-issue-detector (200 ms); a paced picture alone shows 45 ms: " + _OURS,
              media=CAMERA),
        Limit("late_media", 200, 500, "ObserveRTC (200 ms), webrtc-issue-detector (500 ms)"),
        Limit("concealment", 9, 30, _OURS + ": what 3 % and 10 % loss of 350 packets make; clean calls show up to 3"),
        Limit("low_frame_rate", 8, 5, "RealtimeKit client (8), Google Meet (5)", media=CAMERA),
        Limit("low_frame_rate", 3, 2, "RealtimeKit client (3), Teams CQD (2)", media=SCREEN),
        Limit("low_resolution", 240, None, _CLIENT, media=CAMERA),
        Limit("low_resolution", 720, None, _CLIENT, media=SCREEN),
        Limit("frozen", None, 0, "ObserveRTC: no new frame while bytes arrive", media=CAMERA),
        Limit("nothing_received", None, 10, "ObserveRTC (dry track); 10 % of usual: " + _OURS),
        Limit("nothing_sent", None, 10, "ObserveRTC (dry track); 10 % of usual: " + _OURS),
        Limit("interrupted", 1.5, 3, _OURS + ": what cut connections of 3 to 6 s make; clean calls show up to 0.4 s"),
        Limit("never_connected", None, 20, _OURS + ": ICE gives up after 15 s"),
        Limit("decoder_behind", 0.85, 0.7, _OBSERVER, media=CAMERA),
        Limit("keyframe_storm", 0.5, None, _OBSERVER, media=PICTURE),
        Limit("cpu_limited", 0.3, None, _OBSERVER, media=PICTURE),
        Limit("bandwidth_limited", 0.3, None, _OBSERVER + " (of the CPU)", media=PICTURE),
        Limit("congested", None, 2, _OBSERVER + ": round trip off its mean; or overflow", media=PICTURE),
        Limit("relayed", 1, None, "peermetrics (relayed: note; over TCP or TLS: warn)"),
        Limit("one_way_transport", None, 0, _OBSERVER),
        Limit("reconnects", 1, 3, "peermetrics"),
        Limit("device_lost", 1, None, "Azure Communication Services user-facing diagnostics"),
    ),
    "Two samples of 7 s in a row, or one that is bad; lowest layer first.",
)  # fmt: skip

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        DEFAULT,
        Profile(
            "realtimekit",
            (
                *(Limit(rule, 0, 10, _CLIENT + ": ramp 0 to 10 %") for rule in ("loss_in", "loss_out")),
                Limit("jitter", 20, 30, _CLIENT + ": ramp 20 to 30 ms"),
                Limit("concealment", 0, 3, _CLIENT + ": ramp 0 to 3 events per 7 s"),
                Limit("low_frame_rate", 8, None, _CLIENT, media=CAMERA),
                Limit("low_frame_rate", 3, None, _CLIENT, media=SCREEN),
                Limit("low_resolution", 240, None, _CLIENT, media=CAMERA),
                Limit("low_resolution", 720, None, _CLIENT, media=SCREEN),
                Limit("frozen", None, 0, _CLIENT + ": no new frame", media=PICTURE),
            ),
            "Per sample of 7 s: warn where the client's score begins to fall, bad where that part of it is 0.",
            fewest_packets=0,
            fewest_seconds=0,
        ),
        Profile(
            "teams-cqd",
            (
                Limit("round_trip", None, 500, _CQD + ", audio", media=SOUND),
                Limit("jitter", None, 30, _CQD + ", audio", media=SOUND),
                *(Limit(rule, None, 10, _CQD + ", audio", media=SOUND) for rule in ("loss_in", "loss_out")),
                *(Limit(rule, None, 15, _CQD + ", video", media=PICTURE) for rule in ("loss_in", "loss_out")),
                Limit("decoder_behind", None, 0.5, _CQD + ", frame loss above 50 %", media=PICTURE),
                Limit("low_frame_rate", None, 7, _CQD + ", video", media=CAMERA),
                Limit("low_frame_rate", None, 2, _CQD + ", screen share", media=SCREEN),
            ),
            "Any one measure makes the stream poor; below 500 packets it is unclassified.",
            fewest_seconds=0,
        ),
        Profile(
            "twilio",
            (
                Limit("round_trip", 400, None, _TWILIO),
                Limit("jitter", 30, None, _TWILIO),
                *(Limit(rule, 1, 3, _TWILIO + ": 1 % repeatedly, mean 3 %") for rule in ("loss_in", "loss_out")),
            ),
            "Three of the last five one-second samples, here two samples of 7 s in a row.",
        ),
        Profile(
            "google-meet",
            (
                Limit("round_trip", 120, None, "Google Meet troubleshooting: ideal < 120 ms"),
                *(Limit(rule, 3, None, "Google Meet troubleshooting: ideal < 3 %") for rule in ("loss_in", "loss_out")),
                Limit("low_frame_rate", 5, None, "Google Meet troubleshooting: above 5", media=CAMERA),
            ),
            "Guidance, not an alarm.",
        ),
        Profile(
            "observertc",
            (
                Limit("round_trip", 300, None, _OBSERVER),
                *(Limit(rule, 5, None, _OBSERVER) for rule in ("loss_in", "loss_out")),
                Limit("late_media", 200, None, _OBSERVER),
                Limit("decoder_behind", 0.7, None, _OBSERVER, media=CAMERA, recover=0.85),
                Limit("keyframe_storm", 0.5, None, _OBSERVER, media=PICTURE),
                Limit("cpu_limited", 0.3, None, _OBSERVER, media=PICTURE),
                Limit("congested", None, 2, _OBSERVER, media=PICTURE),
                Limit("frozen", None, 0, _OBSERVER, media=PICTURE),
                *(Limit(rule, None, 10, _OBSERVER + " (dry track)") for rule in ("nothing_received", "nothing_sent")),
            ),
            "Raise and recover thresholds, lasting.",
        ),
        Profile(
            "webrtc-issue-detector",
            (
                Limit("round_trip", 250, None, _DETECTOR),
                Limit("jitter", 200, None, _DETECTOR),
                *(Limit(rule, 5, None, _DETECTOR) for rule in ("loss_in", "loss_out")),
                Limit("late_media", 500, None, _DETECTOR),
            ),
            "Samples of 10 s.",
        ),
        Profile(
            "pexip",
            (
                Limit("jitter", 40, None, "Pexip media statistics"),
                *(Limit(rule, 3, 10, "Pexip media statistics", note=1) for rule in ("loss_in", "loss_out")),
            ),
            "Windows of 20 s; calls under 20 s are unknown.",
        ),
        Profile(
            "livekit",
            (
                *(
                    Limit(rule, 2.5, 7.5, "LiveKit connection quality, Opus", media=SOUND)
                    for rule in ("loss_in", "loss_out")
                ),
                *(
                    Limit(rule, 2, 6, "LiveKit connection quality, video", media=PICTURE)
                    for rule in ("loss_in", "loss_out")
                ),
            ),
            "The worst dimension wins, with its reason; paused and muted left out.",
        ),
        Profile(
            "testrtc",
            (
                Limit("round_trip", 200, 500, "testRTC"),
                *(Limit(rule, 1, 4, "testRTC") for rule in ("loss_in", "loss_out")),
            ),
            "Good, mediocre, bad.",
        ),
        Profile(
            "plivo",
            (
                Limit("round_trip", 200, 300, "Plivo"),
                Limit("jitter", 10, 30, "Plivo"),
                *(Limit(rule, 0.5, 0.9, "Plivo") for rule in ("loss_in", "loss_out")),
            ),
            "Percentiles of the call.",
        ),
    )
}
"""Profiles by name; ``default`` is this project's own."""

ProfileLike = str | Profile | Mapping[str, Any]
"""A name, a Profile, or thresholds by rule that replace those of the default one."""


def profile_of(profile: ProfileLike = "default") -> Profile:
    """
    Find or make a profile.

    Parameters
    ----------
    profile
        A name of ``rtk.profiles()``; a ``Profile``; or a mapping from rule to a threshold (of ``warn``) or a pair
        ``(warn, bad)``, either None, that replaces this rule of the default profile, for all its media. The key
        ``"base"`` names another profile to start from; ``"rules"`` holds rules of your own.

    Raises
    ------
    InvalidArgumentError
        Where there is no such profile or rule; the message lists those that exist.
    """
    if isinstance(profile, Profile):
        _known({limit.rule for limit in profile.limits}, profile.rules)
        return profile
    if isinstance(profile, str):
        if profile not in PROFILES:
            msg = f"There is no profile {profile!r}. There are: {', '.join(PROFILES)}; or give a Profile or a mapping."
            raise InvalidArgumentError(msg)
        return PROFILES[profile]
    if not isinstance(profile, Mapping):
        msg = f"A profile is a name, a Profile or a mapping from rule to thresholds, not {type(profile).__name__}."
        raise InvalidArgumentError(msg)
    changes = dict(profile)
    base = profile_of(changes.pop("base", "default"))
    rules = (*base.rules, *_rules(changes.pop("rules", ())))
    _known(set(changes), rules)
    kept = [limit for limit in base.limits if limit.rule not in changes]
    made = [_limit(rule, value) for rule, value in changes.items()]
    limits = (*kept, *(limit for limit in made if limit.levels))
    return replace(base, name=f"{base.name} (changed)", rules=rules, limits=limits)


def _rules(given: Any) -> tuple[Rule, ...]:
    rules = (given,) if isinstance(given, Rule) else tuple(given)
    for rule in rules:
        if not isinstance(rule, Rule):
            msg = f"The rules of a profile are Rule objects, not {type(rule).__name__}."
            raise InvalidArgumentError(msg)
    return rules


def _known(named: set[str], own: tuple[Rule, ...] = ()) -> None:
    there = [*BY_NAME, *(rule.name for rule in own if rule.name not in BY_NAME)]
    if unknown := sorted(named - set(there)):
        msg = f"There is no rule {', '.join(unknown)}. There are: {', '.join(there)}."
        raise InvalidArgumentError(msg)


def _limit(rule: str, value: Any) -> Limit:
    pair = (value, None) if value is None or isinstance(value, int | float) else tuple(value)
    if len(pair) != 2 or not all(part is None or isinstance(part, int | float) for part in pair):
        msg = f"The thresholds of {rule} are a number (of warn) or a pair (warn, bad), not {value!r}."
        raise InvalidArgumentError(msg)
    return Limit(rule, pair[0], pair[1], "given by the caller")


def profiles() -> pd.DataFrame:
    """
    List every threshold of every profile with its source.

    Returns
    -------
    pandas.DataFrame
        One row a threshold: ``profile``, ``rule``, ``media`` (comma-separated; empty for all that the rule reads),
        ``severity`` (note, warn, bad), ``threshold`` (float64), ``unit``, ``recover`` (float64; where a raised
        finding ends, if not at the threshold), ``source``, and ``shape`` (how the source applies it).
    """
    import pandas as pd

    text = pd.StringDtype("python")
    rows = [
        (profile.name, limit.rule, ", ".join(limit.media), severity, float(value), BY_NAME[limit.rule].unit,
         limit.recover, limit.source, profile.says)
        for profile in PROFILES.values()
        for limit in profile.limits
        for severity, value in limit.levels
    ]  # fmt: skip
    columns = ["profile", "rule", "media", "severity", "threshold", "unit", "recover", "source", "shape"]
    frame = pd.DataFrame(rows, columns=columns)
    kinds: dict[str, Any] = {name: text for name in columns if name not in ("threshold", "recover", "severity")}
    kinds |= {"threshold": "float64", "recover": "float64", "severity": pd.CategoricalDtype(list(SEVERITIES))}
    return frame.astype(kinds)
