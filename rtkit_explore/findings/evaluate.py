"""The findings of a call: rules, attribution, order and words put together into one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rtkit_explore.findings.attribution import attribute
from rtkit_explore.findings.context import SOUND, Context, context_of, micros
from rtkit_explore.findings.narrative import next_step_of, story_of
from rtkit_explore.findings.participant_rules import fact, participant_candidates
from rtkit_explore.findings.profiles import SEVERITIES, Profile, ProfileLike, profile_of
from rtkit_explore.findings.segments import stream_candidates
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.measures.clock_offsets import clock_offsets
from rtkit_explore.table_schema.findings import FINDINGS
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import CallTables

ORDER = (
    "one_way_transport", "nothing_received", "nothing_sent", "congested", "loss_out", "loss_in", "round_trip",
    "jitter", "cpu_limited", "bandwidth_limited", "reconnects", "device_lost", "relayed", "keyframe_storm",
    "decoder_behind", "concealment", "frozen", "low_frame_rate", "late_media", "low_resolution", "hidden",
    "path_changed", "implausible", "gap", "reset", "too_little",
)  # fmt: skip
"""Causes before what follows from them."""


def findings_of(call: CallTables, profile: ProfileLike = "default", *, context: Context | None = None) -> pd.DataFrame:
    """
    Say what was wrong in a call, worst first.

    Parameters
    ----------
    call
        A Call.
    profile
        Name of a profile, a ``Profile``, or a mapping from rule to thresholds; ``rtk.profiles()`` lists them.
    context
        The call made ready before, so that judging it again costs less.

    Returns
    -------
    pandas.DataFrame
        Table ``findings``.
    """
    judged = profile_of(profile)
    context = ready(call) if context is None else context
    candidates = candidates_of(context, judged)
    return from_rows(FINDINGS, [_row(context, candidate, judged) for candidate in candidates])


def ready(call: CallTables) -> Context:
    """Make a call ready to be judged: streams, who was muted or hidden, whose clock is off."""
    context = context_of(call)
    offsets = clock_offsets(call.quality, call.participants, call.events)
    told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
    context.arrays.shifts = {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    return context


def candidates_of(context: Context, profile: Profile) -> list[Candidate]:
    """Find, attribute and put in order."""
    candidates = [
        *stream_candidates(context, profile),
        *participant_candidates(context, profile),
        *_clocks(context),
        *_silent(context),
    ]
    attribute(context, candidates)
    return in_order(candidates)


def in_order(candidates: list[Candidate]) -> list[Candidate]:
    """
    Sort by severity, then by how much trouble the same person or cause explains, causes before consequences.

    Of equal findings the person's own report comes first: who is cut off knows best. Sound comes before pictures:
    people complain of what they cannot hear.
    """
    weight: dict[str, float] = {}
    for candidate in candidates:
        if candidate.severity != "note" and candidate.side != "unknown":
            weight[_whose(candidate)] = weight.get(_whose(candidate), 0.0) + candidate.seconds

    def place(candidate: Candidate) -> tuple[int, float, str, bool, int, bool, bool, float, int]:
        return (
            -SEVERITIES.index(candidate.severity),
            -weight.get(_whose(candidate), 0.0),
            _whose(candidate),
            candidate.follows,
            ORDER.index(candidate.rule),
            candidate.peer != candidate.side_peer,
            candidate.stream is not None and candidate.stream.media not in SOUND,
            -candidate.seconds,
            candidate.start,
        )

    return sorted(candidates, key=place)


def _whose(candidate: Candidate) -> str:
    return candidate.side_peer or candidate.side


def _clocks(context: Context) -> list[Candidate]:
    """Note whose clock is off: it explains why times do not agree."""
    found = []
    for peer, offset in context.arrays.shifts.items():
        one, two = context.spans.get(peer, (NO_TIME, NO_TIME))
        detail = f"clock runs {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the others'"
        candidate = fact("implausible", peer, (one, two), offset, f"{detail}; times were compared with that taken off")
        candidate.unit = "s"
        candidate.evidence_for.append("matching times and increments of both ends")
        found.append(candidate)
    return found


def _silent(context: Context) -> list[Candidate]:
    """Note who has no report: unknown is not fine."""
    people = context.call.participants
    found = []
    states = {"missing": "there is no report", "failed": "the report could not be read",
              "not_fetched": "the report was not fetched"}  # fmt: skip
    rows = zip(people["peer_id"], people["report"].astype("object"), micros(people["joined_at"]),
               micros(people["left_at"]), strict=True)  # fmt: skip
    for peer, report, joined, left in rows:
        if pd.isna(peer) or report not in states:
            continue
        end = left if left != NO_TIME else joined
        candidate = fact(
            "too_little", str(peer), (joined, end), 0.0, f"{states[str(report)]}, which is not the same as fine"
        )
        candidate.evidence_against.append("no report")
        found.append(candidate)
    return found


def _row(context: Context, candidate: Candidate, profile: Profile) -> dict[str, object]:
    stream = candidate.stream
    return {
        "session_id": (stream.session_id if stream else None) or context.call.session_id,
        "rule": candidate.rule,
        "severity": candidate.severity,
        "peer_id": candidate.peer,
        "display_name": context.name(candidate.peer) if candidate.peer else None,
        "media": stream.media if stream else None,
        "direction": stream.direction if stream else None,
        "stream_id": stream.stream_id if stream else None,
        "start": None if candidate.start == NO_TIME else candidate.start,
        "end": None if candidate.end == NO_TIME else candidate.end,
        "value": candidate.value,
        "threshold": candidate.threshold,
        "unit": candidate.unit,
        "profile": profile.name,
        "source": candidate.source,
        "side": candidate.side,
        "side_peer_id": candidate.side_peer,
        "confidence": candidate.confidence,
        "evidence_for": "; ".join(dict.fromkeys(candidate.evidence_for)),
        "evidence_against": "; ".join(dict.fromkeys(candidate.evidence_against)),
        "first_row": candidate.rows[0] if candidate.rows else None,
        "last_row": candidate.rows[1] if candidate.rows else None,
        "story": story_of(context, candidate),
        "next_step": next_step_of(context, candidate),
    }
