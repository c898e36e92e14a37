"""Findings in plain words: what happened, in a sentence with units, and what to check next."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from rtkit_explore.findings.rules import STREAM_RULES
from rtkit_explore.findings.stream_arrays import NO_TIME

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the package supports what pyproject says
MEDIA_WORDS = {
    "audio": "audio",
    "video": "video",
    "screenshare_audio": "screen-share audio",
    "screenshare_video": "screen share",
}
_NEXT = {
    "relayed": "See whether UDP is blocked on that network; candidate_pairs shows the URL that was used.",
    "path_changed": "Look at candidate_pairs: a changed network, or only the first pair before a better one?",
    "one_way_transport": "Look at connection_checks (relay_connectivity) and at firewalls.",
    "hidden": "Nothing: it explains other findings of that time.",
    "reconnects": "Look at events around that time, and at the network of that person.",
    "device_lost": "Look at device_changes and events; ask which device was in use.",
    "gap": "Muted, paused, hidden or lost samples: look at events.",
    "reset": "Nothing, unless it repeats: the client started counting again.",
    "implausible": "Look at the rows of samples; the values were left out.",
    "too_little": "Nothing can be said of this stream.",
}
_DROPPED = {
    "sender": "Look at the load of {who}'s machine, and at what limits its encoder.",
    "sender_uplink": "Look at the loss of that time and at the sending line of {who}: frames came late or in pieces.",
    "receiver_downlink": "Look at the loss of that time and at the receiving line of {who}.",
    "unknown": "Look at the loss of that time first; the reports of the others would tell whose line it was.",
}
_SIDES = {
    "sender": "{who}'s own machine",
    "sender_uplink": "{who}'s sending line",
    "between": "between the two, or the server",
    "receiver_downlink": "{who}'s receiving line",
    "receiver": "{who}'s own machine",
    "shared": "a shared cause: the server or a region",
    "unknown": "unknown",
}


def clock(time: int) -> str:
    """Return a time as HH:MM:SS (UTC)."""
    return "an unknown time" if time == NO_TIME else f"{_EPOCH + timedelta(microseconds=time):%H:%M:%S}"


def lasting(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def figure(value: float) -> str:
    """Return a number with as many digits as are worth reading."""
    if value != value:  # noqa: PLR0124 - NaN
        return "unknown"
    return f"{value:.0f}" if abs(value) >= 20 or value == int(value) else f"{value:.1f}"


def side_words(context: Context, candidate: Candidate) -> str:
    """Return whose side it was on, in words."""
    return _SIDES[candidate.side].format(who=context.name(candidate.side_peer))


def media_of(media: str) -> str:
    """Return a kind of media in words."""
    return MEDIA_WORDS.get(media, media)


def story_of(context: Context, candidate: Candidate) -> str:
    """Say in one sentence what happened."""
    me = context.name(candidate.peer)
    stream = candidate.stream
    remote = context.name(stream.remote) if stream and stream.remote else "somebody"
    media = media_of(stream.media) if stream else "media"
    shown = f"{me} got {remote}'s {media}" if stream and stream.consumer else f"{me} sent {media}"
    got = f"{me} got {remote}'s {media}"
    sent = f"{me}'s {media} on its way out"
    arrived = got if stream and stream.consumer else f"{sent} arrived"
    dropped = f"{100 * (1 - candidate.usual):.0f}"
    mean, worst = figure(candidate.usual), figure(candidate.value)
    when = f"for {lasting(candidate.seconds)} from {clock(candidate.start)} UTC" if candidate.seconds >= 1 else (
        f"at {clock(candidate.start)} UTC")  # fmt: skip

    def peak(word: str, unit: str = "") -> str:
        """Say the worst value where there is more than one."""
        return "" if candidate.count < 2 or worst == mean else f" ({word} {worst}{unit})"

    said = {
        "loss_in": f"{got} with {mean} % of the packets lost{peak('up to', ' %')}",
        "loss_out": f"{sent} lost {mean} % of its packets{peak('up to', ' %')}",
        "round_trip": f"The round trip of {me}'s {media} was {mean} ms{peak('up to', ' ms')}",
        "jitter": f"{arrived} with {mean} ms of jitter{peak('up to', ' ms')}",
        "late_media": f"{got} late: {mean} ms in the jitter buffer{peak('up to', ' ms')}",
        "concealment": f"{got} with gaps patched: {mean} concealments per 7 s{peak('up to')}",
        "low_frame_rate": f"{shown} at {mean} frames/s{peak('down to')}",
        "low_resolution": f"{shown} only {worst} px wide",
        "frozen": f"{got} frozen: bytes came, no new picture",
        "nothing_received": f"{me} received nothing of {remote}'s {media}, which was on",
        "nothing_sent": f"{me} sent no {media} although it was switched on",
        "decoder_behind": f"{me}'s machine dropped {dropped} % of the frames of {remote}'s {media}"
        if candidate.side == "receiver"
        else f"{dropped} % of the frames of {remote}'s {media} were dropped at {me}",
        "keyframe_storm": f"{me} was asked for key frames {mean} times a second{peak('up to')}",
        "cpu_limited": f"{me}'s processor limited the {media} sent, {100 * candidate.usual:.0f} % of the time",
        "bandwidth_limited": f"{me}'s sending bandwidth limited the {media}, {100 * candidate.usual:.0f} % of the time",
        "congested": f"{me}'s sending bandwidth was too small for the {media}: packets queued or overflowed until less "
        f"was sent (off by a factor of {worst})",
        "relayed": f"{me}'s media went {candidate.detail}",
        "path_changed": f"{me}'s network path changed: {candidate.detail}",
        "one_way_transport": f"Nothing went through {me}'s connection ({candidate.detail})",
        "hidden": f"{me}'s tab was in the background",
        "reconnects": f"{me} {candidate.detail}{'' if candidate.value < 2 else f', {worst} times'}",
        "device_lost": f"{me}: {candidate.detail}",
        "gap": f"{me}'s {candidate.detail}",
        "reset": f"{me}'s {candidate.detail}",
        "implausible": f"{me} reports values that cannot be ({candidate.detail}); they were left out",
        "too_little": f"{shown}: too little to judge ({worst} packets in {candidate.detail})",
    }.get(candidate.rule, f"{me}: {candidate.rule}")
    if candidate.rule == "too_little" and stream is None:
        return f"Nothing is known of {me}'s media: {candidate.detail}."
    if candidate.rule == "implausible" and candidate.detail.startswith("clock"):
        return f"{me}'s {candidate.detail}."
    return f"{said}, {when}."


def next_step_of(context: Context, candidate: Candidate) -> str:
    """Say what to check next."""
    if candidate.rule == "decoder_behind" and candidate.side != "receiver":
        return _DROPPED.get(candidate.side, _DROPPED["unknown"]).format(who=context.name(candidate.side_peer))
    if candidate.rule == "gap" and "was off" in candidate.detail:
        return "Nothing: it was switched off."
    for rule in STREAM_RULES:
        if rule.name == candidate.rule:
            return rule.next_step.format(
                side=context.name(candidate.side_peer) if candidate.side_peer else "each of them"
            )
    return _NEXT.get(candidate.rule, "")
