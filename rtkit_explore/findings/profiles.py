"""Sets of thresholds as published by the tools of this field, as plain data, each number with its source."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.candidates import SEVERITIES, Severity
from rtkit_explore.findings.rules import BY_NAME, RULES
from rtkit_explore.findings.rules.rule import Rule
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.table_schema.columns import CAMERA, MEDIA, PICTURE, SCREEN, SOUND

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
    over
        Over what span the value is taken: ``"sample"`` (each sample, for as long as the rule asks), a number of
        seconds (windows of that length, made of whole samples), or ``"stream"`` (one value for the whole stream).
    how
        What of the span: ``"mean"`` (losses by packets, all else by time) or a percentile of the time, ``"p95"``.

    Raises
    ------
    InvalidArgumentError
        Where the severities are not in order, the mildest reached first, or the span is none.
    """

    rule: str
    warn: float | None
    bad: float | None
    source: str
    media: tuple[str, ...] = ()
    recover: float | None = None
    note: float | None = None
    over: float | Literal["sample", "stream"] = "sample"
    how: str = "mean"

    def __post_init__(self) -> None:
        """Raise for what cannot be a limit."""
        if self.over not in ("sample", "stream") and not (_is_number(self.over) and float(self.over) > 0):
            msg = f"The span of {self.rule} is 'sample', 'stream' or a number of seconds, not {self.over!r}."
            raise InvalidArgumentError(msg)
        if self.how != "mean" and not re.fullmatch(r"p\d{1,2}(\.\d+)?", self.how):
            msg = (
                f"The value of {self.rule} over its span is its 'mean' or a percentile such as 'p95', not {self.how!r}."
            )
            raise InvalidArgumentError(msg)
        known = BY_NAME.get(self.rule)
        if known is not None:
            self.check_order(low=known.low)

    def check_order(self, *, low: bool) -> None:
        """
        Raise for thresholds of which the milder one is reached later.

        Raises
        ------
        InvalidArgumentError
            Where they are in the wrong order.
        """
        for (mild, first), (severe, second) in zip(self.levels, self.levels[1:], strict=False):
            if (first < second) if low else (first > second):
                side = "below" if low else "above"
                msg = (
                    f"{self.rule} is raised {side} its threshold, so {mild} ({first:g}) has to be reached before"
                    f" {severe} ({second:g}). Swap them."
                )
                raise InvalidArgumentError(msg)

    @property
    def span(self) -> str:
        """The span in words."""
        if self.over == "sample":
            return "each sample"
        what = "mean" if self.how == "mean" else f"{self.how[1:]}th percentile"
        return f"{what} of the stream" if self.over == "stream" else f"{what} of windows of {float(self.over):g} s"

    @property
    def levels(self) -> tuple[tuple[Severity, float], ...]:
        """The severities that are given, mildest first, with their thresholds."""
        given = (("note", self.note), ("warn", self.warn), ("bad", self.bad))
        return tuple((severity, value) for severity, value in given if value is not None)  # type: ignore[misc]


@dataclass(frozen=True, init=False)
class Profile:
    """
    A named set of thresholds.

    Parameters
    ----------
    name
        Its name.
    limits
        Thresholds, each a ``Limit``; of your own rather by ``base`` and ``thresholds``.
    says
        How its source applies them, in a sentence; that of ``base`` by default.
    fewest_packets, fewest_seconds
        A stream with less is not judged; those of ``base``, else 500 packets and 20 s, by default.
    rules
        Rules of your own (``rtk.rule``), which stand beside the shipped ones; one of the same name replaces a shipped
        one.
    base
        Name of a profile, or a ``Profile``, whose thresholds hold where none are given here.
    source
        Where the thresholds given here come from.
    **thresholds
        By rule (``rtk.profiles()`` lists them): a number (of warn), a pair ``(warn, bad)`` of which either may be
        None, None for no threshold, a mapping by kind of media of these (``{"audio": (2, 8)}``), or a mapping of
        ``warn``, ``bad``, ``note``, ``recover``, ``over``, ``how``, ``source`` as in ``Limit``.

    Raises
    ------
    InvalidArgumentError
        Where there is no such rule or kind of media, or a bad value would be reached before a warning.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> mine = rtk.Profile("mine", base="default", loss_in={"audio": (2, 8)}, round_trip=(250, 400))
    >>> [limit.levels for limit in mine.of("round_trip")]
    [(('warn', 250), ('bad', 400))]
    """

    name: str
    limits: tuple[Limit, ...]
    says: str
    fewest_packets: float
    fewest_seconds: float
    rules: tuple[Rule, ...]

    def __init__(  # noqa: PLR0917 - the order of the fields
        self,
        name: str,
        limits: Iterable[Limit] = (),
        says: str = "",
        fewest_packets: float | None = None,
        fewest_seconds: float | None = None,
        rules: Iterable[Rule] | Rule = (),
        *,
        base: str | Profile | None = None,
        source: str = "given by the caller",
        **thresholds: Any,
    ) -> None:
        start = profile_of(base) if base is not None else None
        own = (*(start.rules if start else ()), *_rules(rules))
        own = tuple({rule.name: rule for rule in own}.values())
        kept = (*(start.limits if start else ()), *limits)
        known = {**BY_NAME, **{rule.name: rule for rule in own}}
        _known({*(limit.rule for limit in kept), *thresholds}, own)
        for rule, given in thresholds.items():
            kept = _replaced(kept, rule, given, known[rule].media, source)
        # A rule of the user's own brings thresholds along, which hold unless there are others.
        named = {limit.rule for limit in kept} | set(thresholds)
        kept = (*kept, *(limit for rule in own if rule.name not in named for limit in rule.limits))
        for limit in kept:
            limit.check_order(low=known[limit.rule].low)
        fields = {
            "name": name,
            "limits": kept,
            "says": says or (start.says if start else ""),
            "fewest_packets": _first(fewest_packets, start.fewest_packets if start else 500.0),
            "fewest_seconds": _first(fewest_seconds, start.fewest_seconds if start else 20.0),
            "rules": own,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        """Name it, with how many thresholds, and rules of your own; ``to_toml()`` has the thresholds."""
        own = f", own rules {', '.join(rule.name for rule in self.rules)}" if self.rules else ""
        return f"<Profile {self.name}: {len(self.limits)} thresholds{own}>"

    def to_toml(self) -> str:
        """
        Return the profile as TOML, every threshold written out, those of ``base`` too.

        A rule of your own is code: its thresholds are written, and ``rtk.read_profile`` takes the rule.
        """
        lines = [f"name = {_text(self.name)}", f"says = {_text(self.says)}",
                 f"fewest_packets = {self.fewest_packets!r}", f"fewest_seconds = {self.fewest_seconds!r}"]  # fmt: skip
        for limit in self.limits:
            lines += ["", "[[limit]]", f"rule = {_text(limit.rule)}"]
            if limit.media:
                lines.append(f"media = [{', '.join(map(_text, limit.media))}]")
            lines += [f"{name} = {float(value)!r}" for name in _NUMBERS if (value := getattr(limit, name)) is not None]
            if limit.over != "sample":
                lines.append(f"over = {_text(limit.over) if isinstance(limit.over, str) else repr(float(limit.over))}")
                lines.append(f"how = {_text(limit.how)}")
            lines.append(f"source = {_text(limit.source)}")
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the profile to a TOML file, which ``rtk.read_profile`` reads; return its path."""
        file = user_path(path, "the profile's file")
        try:
            file.write_text(self.to_toml(), encoding="utf-8")
        except OSError as error:
            msg = f"{file} cannot be written ({error.strerror or type(error).__name__}): choose another place."
            raise InvalidArgumentError(msg) from error
        return file

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


_NUMBERS = ("note", "warn", "bad", "recover")
_SPEC = (*_NUMBERS, "over", "how", "source")


def _profile_of_toml(read: dict[str, Any], rules: tuple[Rule, ...]) -> Profile:
    known: dict[str, Any] = {
        "name": str,
        "says": str,
        "base": str,
        "fewest_packets": (int, float),
        "fewest_seconds": (int, float),
    }
    for key, value in read.items():
        if key != "limit" and (key not in known or not isinstance(value, known[key])):
            msg = f"{key} = {value!r:.80} means nothing here. It may hold {', '.join(known)} and [[limit]] tables."
            raise InvalidArgumentError(msg)
    if "name" not in read:
        msg = 'it has no name. Add a line: name = "mine".'
        raise InvalidArgumentError(msg)
    entries = read.get("limit", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        msg = "limit has to be a list of tables; write each threshold below a line [[limit]]."
        raise InvalidArgumentError(msg)
    limits: list[Limit] = []
    for number, entry in enumerate(entries, start=1):
        rule, media = entry.get("rule"), entry.get("media", [])
        if not isinstance(rule, str):
            msg = f"limit {number} names no rule."
            raise InvalidArgumentError(msg)
        kinds = [media] if isinstance(media, str) else media
        if not isinstance(kinds, list) or any(one not in MEDIA for one in kinds):
            msg = f"limit {number} ({rule}) is for media {media!r}; there are {', '.join(MEDIA)}."
            raise InvalidArgumentError(msg)
        spec = {name: value for name, value in entry.items() if name not in ("rule", "media")}
        limits.append(_limit(rule, spec, tuple(kinds), f"limit {number} of the file"))
    base = read.get("base")
    kept: tuple[Limit, ...] = profile_of(base).limits if base else ()
    for limit in limits:
        # What the file says of a rule and media replaces what the base says of them.
        kept = _without(kept, limit.rule, limit.media)
    fixed = {name: read[name] for name in ("fewest_packets", "fewest_seconds") if name in read}
    started = profile_of(base) if base else None
    return Profile(
        read["name"],
        (*kept, *limits),
        read.get("says", started.says if started else ""),
        fixed.get("fewest_packets", started.fewest_packets if started else None),
        fixed.get("fewest_seconds", started.fewest_seconds if started else None),
        rules,
    )


def _first(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _text(value: str) -> str:
    # A JSON text is a TOML text, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float can be
        return False


def _rules(given: Any) -> tuple[Rule, ...]:
    rules = (given,) if isinstance(given, Rule) else tuple(given) if isinstance(given, Iterable) else (given,)
    for rule in rules:
        if not isinstance(rule, Rule):
            hint = " Make one of it: rtk.rule(metric, warn=…)." if hasattr(rule, "function") else ""
            msg = f"The rules of a profile are Rule objects, not {type(rule).__name__}.{hint}"
            raise InvalidArgumentError(msg)
    return rules


def _known(named: set[str], own: tuple[Rule, ...] = ()) -> None:
    there = [*BY_NAME, *(rule.name for rule in own if rule.name not in BY_NAME)]
    if unknown := sorted(named - set(there)):
        msg = f"There is no rule {', '.join(unknown)}. There are: {', '.join(there)}."
        raise InvalidArgumentError(msg)


def _replaced(
    limits: tuple[Limit, ...], rule: str, given: Any, reads: tuple[str, ...], source: str
) -> tuple[Limit, ...]:
    """Replace thresholds of a rule: all of them, or those for the kinds of media that are given."""
    by_media = isinstance(given, Mapping) and not set(given) <= set(_SPEC)
    if not by_media:
        new = [_limit(rule, given, (), source)]
        kept = tuple(limit for limit in limits if limit.rule != rule)
        return (*kept, *(limit for limit in new if limit.levels))
    possible = reads or MEDIA
    kept = limits
    for media, value in given.items():
        kinds = (media,) if isinstance(media, str) else tuple(media)
        for one in kinds:
            if one not in possible:
                msg = f"{rule} is not judged for {one!r}. It is for: {', '.join(possible)}."
                raise InvalidArgumentError(msg)
        # A limit without thresholds stays: it says that these media are not judged by the general one.
        kept = (*_without(kept, rule, kinds), _limit(rule, value, kinds, source))
    return kept


def _without(limits: tuple[Limit, ...], rule: str, media: tuple[str, ...]) -> tuple[Limit, ...]:
    """Take kinds of media away from the limits of a rule; a general limit goes on judging the others."""
    kept: list[Limit] = []
    for limit in limits:
        if limit.rule != rule or (not limit.media and media):
            kept.append(limit)
        elif rest := tuple(one for one in limit.media if media and one not in media):
            kept.append(replace(limit, media=rest))
    return tuple(kept)


def _limit(rule: str, value: Any, media: tuple[str, ...], source: str) -> Limit:
    if isinstance(value, Mapping):
        if unknown := sorted(set(value) - set(_SPEC)):
            msg = f"The thresholds of {rule} have no {', '.join(map(str, unknown))}. They have: {', '.join(_SPEC)}."
            raise InvalidArgumentError(msg)
        for name in _NUMBERS:
            if value.get(name) is not None and not _is_number(value[name]):
                msg = f"{name} of {rule} is a number, not {value[name]!r}."
                raise InvalidArgumentError(msg)
        for name in ("how", "source"):
            if name in value and not isinstance(value[name], str):
                msg = f"{name} of {rule} is a text, not {value[name]!r}."
                raise InvalidArgumentError(msg)
        spec = {"warn": None, "bad": None, "source": source, **value}
        return Limit(rule, media=media, **spec)
    pair: tuple[Any, ...] = (value, None) if value is None or _is_number(value) else ()
    if isinstance(value, list | tuple):
        pair = tuple(value)
    if len(pair) != 2 or not all(part is None or _is_number(part) for part in pair):
        msg = f"The thresholds of {rule} are a number (of warn) or a pair (warn, bad), not {value!r}."
        raise InvalidArgumentError(msg)
    return Limit(rule, pair[0], pair[1], source, media)


_CLIENT = "RealtimeKit web client 2.0.2, its statistics client"
_CQD = "Microsoft Teams Call Quality Dashboard, stream classification"
_OBSERVER = "ObserveRTC client-monitor-js, default detectors"
_DETECTOR = "webrtc-issue-detector, default detectors"
_OURS = "this project, from recordings of real browsers"
_TWILIO = "Twilio Voice SDK, statsMonitor thresholds"

_PEXIP = "Pexip media statistics"
_PLIVO = "Plivo call insights, audio quality stats"

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
        Limit("not_captured", 80, 60, _OURS + ": a machine held up for 80 % of the time sends 44 %"),
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

_LOSSES = ("loss_in", "loss_out")
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        DEFAULT,
        Profile(
            "realtimekit",
            (
                *(Limit(rule, None, 10, _CLIENT + ": ramp 0 to 10 %", media=SOUND, note=0) for rule in _LOSSES),
                *(Limit(rule, 10, None, _CLIENT + ": ramp 0 to 10 %", media=PICTURE, note=0) for rule in _LOSSES),
                Limit("jitter", 30, None, _CLIENT + ": ramp 20 to 30 ms", note=20),
                Limit("concealment", 3, None, _CLIENT + ": ramp 0 to 3 events per 7 s", note=0),
                Limit("low_frame_rate", 8, None, _CLIENT, media=CAMERA),
                Limit("low_frame_rate", 3, None, _CLIENT, media=SCREEN),
                Limit("low_resolution", 240, None, _CLIENT, media=CAMERA),
                Limit("low_resolution", 720, None, _CLIENT, media=SCREEN),
                Limit("frozen", None, 0, _CLIENT + ": no new frame", media=PICTURE),
            ),
            "Per sample of 7 s: a note where the client's score begins to fall; warn where that part of it is used up; "
            "bad where that part is half of the score or more. The client judges the jitter of video like that of "
            "audio, so a paced picture of a clean call (45 ms) warns.",
            fewest_packets=0,
            fewest_seconds=0,
        ),
        Profile(
            "teams-cqd",
            (
                Limit("round_trip", None, 500, _CQD + ", audio", media=SOUND, over="stream"),
                Limit("jitter", None, 30, _CQD + ", audio", media=SOUND, over="stream"),
                *(Limit(rule, None, 10, _CQD + ", audio", media=SOUND, over="stream") for rule in _LOSSES),
                *(Limit(rule, None, 15, _CQD + ", video", media=PICTURE, over="stream") for rule in _LOSSES),
                Limit("decoder_behind", None, 0.5, _CQD + ", frame loss above 50 %", media=PICTURE, over="stream"),
                Limit("low_frame_rate", None, 7, _CQD + ", video", media=CAMERA, over="stream"),
                Limit("low_frame_rate", None, 2, _CQD + ", screen share", media=SCREEN, over="stream"),
            ),
            "The average over the stream; any one measure makes it poor; below 500 packets it is unclassified.",
            fewest_seconds=0,
        ),
        Profile(
            "twilio",
            (
                Limit("round_trip", 400, None, _TWILIO, media=SOUND),
                Limit("jitter", 30, None, _TWILIO, media=SOUND),
                *(
                    Limit(rule, 1, 3, _TWILIO + ": 1 % repeatedly, mean of 7 s above 3 %", media=SOUND)
                    for rule in _LOSSES
                ),
            ),
            "Voice only. Three of the last five samples of 1 s, here two samples of 7 s in a row; or a mean of 7 s.",
        ),
        Profile(
            "google-meet",
            (
                Limit("round_trip", 120, None, "Google Meet troubleshooting: ideal < 120 ms"),
                *(Limit(rule, 3, None, "Google Meet troubleshooting: ideal < 3 %") for rule in _LOSSES),
                Limit("low_frame_rate", 5, None, "Google Meet troubleshooting: above 5", media=CAMERA),
            ),
            "Guidance, not an alarm.",
        ),
        Profile(
            "observertc",
            (
                Limit("round_trip", 300, None, _OBSERVER),
                *(Limit(rule, 5, None, _OBSERVER) for rule in _LOSSES),
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
                Limit("round_trip", 250, None, _DETECTOR, over=10),
                Limit("jitter", 200, None, _DETECTOR, over=10),
                *(Limit(rule, 5, None, _DETECTOR, over=10) for rule in _LOSSES),
                Limit("late_media", 500, None, _DETECTOR, over=10),
            ),
            "Samples of 10 s, here windows of as many whole samples as come nearest.",
        ),
        Profile(
            "pexip",
            (
                Limit(
                    "jitter",
                    None,
                    None,
                    _PEXIP + " v19: above 40 ms one grade worse, of a good window: OK",
                    note=40,
                    over=20,
                ),
                *(
                    Limit(rule, 3, 10, _PEXIP + ": OK above 1 %, bad above 3 %, terrible above 10 %", note=1, over=20)
                    for rule in _LOSSES
                ),
            ),
            "Windows of 20 s, here of as many whole samples as come nearest; calls under 20 s are unknown.",
        ),
        Profile(
            "livekit",
            (
                *(Limit(rule, 2.5, 7.5, "LiveKit connection quality, Opus", media=SOUND) for rule in _LOSSES),
                *(Limit(rule, 2, 6, "LiveKit connection quality, video", media=PICTURE) for rule in _LOSSES),
            ),
            "The worst dimension wins, with its reason; paused and muted left out.",
        ),
        Profile(
            "testrtc",
            (
                Limit("round_trip", 200, 500, "testRTC"),
                *(Limit(rule, 1, 4, "testRTC") for rule in _LOSSES),
            ),
            "Good, mediocre, bad.",
        ),
        Profile(
            "plivo",
            (
                Limit("round_trip", 200, 300, _PLIVO, media=SOUND, over="stream", how="p95"),
                Limit("jitter", 10, 30, _PLIVO, media=SOUND, over="stream", how="p95"),
                *(Limit(rule, 0.5, 0.9, _PLIVO, media=SOUND, over="stream", how="p95") for rule in _LOSSES),
            ),
            "Voice only. Percentiles of the call; of those that it shows, the 95th of the time is taken.",
        ),
    )
}
"""Profiles by name; ``default`` is this project's own."""

ProfileLike = str | Path | Profile | Rule | Mapping[str, Any] | Iterable[Rule]
"""A name, a Profile, a TOML file, thresholds by rule that replace those of the default one, or rules to stand beside
those of the default one."""


def profile_of(profile: ProfileLike = "default") -> Profile:
    """
    Find or make a profile.

    Parameters
    ----------
    profile
        A name of ``rtk.profiles()``; a ``Profile``; a path of a TOML file; or a mapping of thresholds by rule, as
        ``Profile`` takes them, that replace those of the default profile. The key ``"base"`` names another profile to
        start from; ``"rules"`` holds rules of your own. A rule of ``rtk.rule``, or several, stands beside those of
        the default profile.

    Raises
    ------
    InvalidArgumentError
        Where there is no such profile or rule; the message lists those that exist.
    """
    if isinstance(profile, Profile):
        return profile
    if isinstance(profile, Path) or (isinstance(profile, str) and profile.endswith(".toml")):
        return read_profile(profile)
    if isinstance(profile, str):
        if profile not in PROFILES:
            msg = f"There is no profile {profile!r}. There are: {', '.join(PROFILES)}; or give a Profile or a mapping."
            raise InvalidArgumentError(msg)
        return PROFILES[profile]
    if isinstance(profile, Rule) or (isinstance(profile, list | tuple) and profile):
        rules = _rules(profile)
        return Profile(f"default and {', '.join(rule.name for rule in rules)}", base="default", rules=rules)
    if not isinstance(profile, Mapping):
        msg = f"A profile is a name, a Profile, a mapping from rule to thresholds or rules, not {profile!r:.80}."
        raise InvalidArgumentError(msg)
    changes = dict(profile)
    _known({str(key) for key in changes if not isinstance(key, str)})
    base = profile_of(changes.pop("base", "default"))
    rules = _rules(changes.pop("rules", ()))
    for taken in {"name", "limits", "says", "fewest_packets", "fewest_seconds", "source"} & set(changes):
        msg = f"{taken!r} is no rule. Make a Profile to say it: rtk.Profile('mine', base={base.name!r}, {taken}=…)."
        raise InvalidArgumentError(msg)
    return Profile(f"{base.name} (changed)", base=base, rules=rules, **changes)


def read_profile(path: str | Path, *, rules: Iterable[Rule] | Rule = ()) -> Profile:
    """
    Read a profile that ``Profile.save`` wrote, or that was written by hand.

    Parameters
    ----------
    path
        A TOML file: ``name``; optionally ``says``, ``fewest_packets``, ``fewest_seconds`` and ``base`` (a profile to
        start from); and a table ``[[limit]]`` for each threshold with ``rule``, ``warn``, ``bad``, ``note``,
        ``media``, ``recover``, ``over``, ``how``, ``source``.
    rules
        Rules of your own that the file has thresholds for: a file holds no code.

    Returns
    -------
    Profile
        The profile.

    Raises
    ------
    InvalidArgumentError
        Where there is no such file, it is no TOML, or says what cannot be; the message names file and place.
    """
    file = user_path(path, "the profile's file")
    try:
        read = tomllib.loads(read_file(file).decode("utf-8"))
    except OSError as error:
        msg = f"The profile {file} cannot be read: {error.strerror}."
        raise InvalidArgumentError(msg) from error
    except (ValueError, RecursionError) as error:
        # Also a number of thousands of digits, or tables nested a thousand deep.
        msg = f"{file} is no TOML that can be read: {error}."
        raise InvalidArgumentError(msg) from error
    try:
        return _profile_of_toml(read, _rules(rules))
    except InvalidArgumentError as error:
        msg = f"The profile in {file} does not hold: {error}"
        raise InvalidArgumentError(msg) from error


def _raised(rule: Rule) -> str:
    """Say on which side of a threshold a rule is raised; what is counted for a participant is raised from it on."""
    return "from" if rule.value is None else "below" if rule.low else "above"


def _left(profile: Profile, limit: Limit) -> tuple[str, ...]:
    """Return the media that a general limit judges: those that its rule reads and no other limit is for."""
    taken = {media for other in profile.limits if other.rule == limit.rule for media in other.media}
    return tuple(media for media in BY_NAME[limit.rule].media if media not in taken)


def profiles() -> pd.DataFrame:
    """
    List every threshold of every profile with its source.

    Returns
    -------
    pandas.DataFrame
        One row a threshold: ``profile``, ``rule``, ``media`` (comma-separated; empty for rules on participants),
        ``severity`` (note, warn, bad), ``raised`` (``above`` or ``below`` the threshold, or ``from`` it on),
        ``threshold`` (float64),
        ``unit``, ``over`` (the span that is judged: each sample, windows, or the stream, and what of it), ``recover``
        (float64; where a raised finding ends, if not at the threshold), ``source``, and ``shape`` (how the source
        applies it).
    """
    import pandas as pd

    text = pd.StringDtype("python")
    rows = [
        (profile.name, limit.rule, ", ".join(limit.media or _left(profile, limit)), severity,
         _raised(BY_NAME[limit.rule]), float(value), BY_NAME[limit.rule].unit,
         limit.span if BY_NAME[limit.rule].value is not None else "the call", limit.recover, limit.source,
         profile.says)
        for profile in PROFILES.values()
        for limit in profile.limits
        for severity, value in limit.levels
    ]  # fmt: skip
    columns = [
        "profile",
        "rule",
        "media",
        "severity",
        "raised",
        "threshold",
        "unit",
        "over",
        "recover",
        "source",
        "shape",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    kinds: dict[str, Any] = {name: text for name in columns if name not in ("threshold", "recover", "severity")}
    kinds |= {"threshold": "float64", "recover": "float64", "severity": pd.CategoricalDtype(list(SEVERITIES))}
    return frame.astype(kinds)
