"""Findings in plain words: what happened, in a sentence with units, and what to check next."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.local_time import zone_label
from rtkit_explore.table_schema import labels
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMES, _FIRST_NAMES = 8, 4
"""Up to so many people are all named; of more, so many, and how many others."""
_ZONE: ContextVar[tzinfo] = ContextVar("zone of sentences", default=UTC)


@contextmanager
def said_in(zone: tzinfo) -> Iterator[None]:
    """Say the times of all sentences that are made meanwhile in a time zone."""
    token = _ZONE.set(zone)
    try:
        yield
    finally:
        _ZONE.reset(token)


def zone_said() -> str:
    """Return what the time zone of sentences is called: "UTC", or "(Europe/Berlin)"."""
    zone = _ZONE.get()
    return "UTC" if zone is UTC else f"({zone_label(zone)})"


def local(time: int) -> datetime:
    """Return microseconds since 1970 as a time in the zone of sentences."""
    return (_EPOCH + timedelta(microseconds=time)).astimezone(_ZONE.get())


def clock(time: int) -> str:
    """Return a time as HH:MM:SS, in the zone of sentences."""
    return "an unknown time" if time == NO_TIME else f"{local(time):%H:%M:%S}"


def moment(time: int) -> str:
    """Return a time with its zone: "12:05:10 UTC"."""
    return f"{clock(time)} {zone_said()}"


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


def named(context: Context, peers: Iterable[str | None]) -> str:
    """Name people: "Alma, Boris"; of a crowd the first few and how many more: "Alma, Boris and 38 others"."""
    names = [context.name(peer) for peer in peers]
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_FIRST_NAMES])} and {len(names) - _FIRST_NAMES} others"


def listed(context: Context, peers: Iterable[str | None]) -> str:
    """Name people as a sentence does: "Alma, Boris and Chen"; of a crowd the first few and how many more."""
    every = list(dict.fromkeys(peers))
    if not 1 < len(every) <= _MOST_NAMES:
        return named(context, every)
    return f"{named(context, every[:-1])} and {context.name(every[-1])}"


def side_words(context: Context, candidate: Candidate) -> str:
    """Return whose side it was on, in words."""
    return labels.side_words(candidate.side, context.name(candidate.side_peer))


def fields_of(context: Context, candidate: Candidate) -> dict[str, str]:
    """
    Return what sentences are made of.

    ``me`` (who reports it), ``remote`` (whom it was received from), ``media``, ``side`` (whose side, or "each of
    them"); ``mean`` and ``worst`` value, ``percent`` (the mean of a share), ``peak`` and ``peak_unit`` (the worst in
    brackets, where there is more than one sample), ``times`` (", 3 times"), ``total`` (mean times samples),
    ``within`` ("within the 7 s from 10:38:30 UTC"), ``detail``; and the beginnings ``got`` ("Boris got Alma's audio"),
    ``sent``, ``shown`` and ``arrived``, which choose by direction.
    """
    me = context.name(candidate.peer)
    stream = candidate.stream
    remote = context.name(stream.remote) if stream and stream.remote else "somebody"
    media = media_words(stream.media) if stream else "media"
    received = stream is not None and stream.consumer
    got, sent = f"{me} got {remote}'s {media}", f"{me}'s {media} on its way out"
    mean, worst = figure(candidate.mean), figure(candidate.value)
    beyond = "down to" if candidate.rule.low else "up to"
    if "percentile" in candidate.span:
        beyond = f"{candidate.span}:"
    one = candidate.count < 2 or worst == mean
    return {
        "me": me,
        "remote": remote,
        "media": media,
        "side": context.name(candidate.side_peer) if candidate.side_peer else "each of them",
        "mean": mean,
        "worst": worst,
        "percent": f"{100 * candidate.mean:.0f}",
        "peak": "" if one else f" ({beyond} {worst})",
        "peak_unit": "" if one else f" ({beyond} {worst} {candidate.unit})",
        "times": "" if candidate.value < 2 else f", {worst} times",
        "total": figure(candidate.mean * candidate.count),
        "within": f"within the {lasting(candidate.seconds)} from {moment(candidate.start)}",
        "detail": candidate.detail,
        "got": got,
        "sent": sent,
        "shown": got if received else f"{me} sent {media}",
        "arrived": got if received else f"{sent} arrived",
    }


def when_of(candidate: Candidate) -> str:
    """Say how long, and from when."""
    some = f", in {candidate.count} of {candidate.of} samples" if candidate.count < candidate.of else ""
    if candidate.seconds >= 1:
        return f"for {lasting(candidate.seconds)} from {moment(candidate.start)}{some}"
    return f"at {moment(candidate.start)}"


def story_of(context: Context, candidate: Candidate) -> str:
    """Say in one sentence what happened."""
    sentence, words = candidate.rule.sentence, fields_of(context, candidate)
    said = sentence.format(**words) if isinstance(sentence, str) else sentence(candidate, words)
    return f"{said}, {when_of(candidate)}." if candidate.rule.timed else f"{said}."


def next_step_of(context: Context, candidate: Candidate) -> str:
    """Say what to check next."""
    if candidate.side == "shared":
        return _what_separates(context, candidate)
    step, words = candidate.rule.next_step, fields_of(context, candidate)
    return step.format(**words) if isinstance(step, str) else step(candidate, words)


def _what_separates(context: Context, candidate: Candidate) -> str:
    """Say of trouble that is nobody's own who was hit and who was spared, and where to see what separates them."""
    hit = [peer for peer in context.everybody if peer in candidate.hit] or context.everybody
    struck = {context.person(peer) for peer in hit}
    spared = [peer for peer in context.everybody if context.person(peer) not in struck]
    if not spared:
        return (
            f"Everybody was hit ({named(context, hit)}): ask for the state of the service at that time,"
            " and look for other calls."
        )
    return (
        f"Hit: {named(context, hit)}; spared: {named(context, spared)}. See what those who were hit share and the"
        " others do not (country, region, network, browser), and ask for the state of the service at that time."
    )
