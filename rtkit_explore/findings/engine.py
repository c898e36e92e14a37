"""The findings of a call: rules, attribution, order and words put together into one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..measures.clocks import clock_offsets
from ..tables.build import from_rows
from ..tables.declared.findings import FINDINGS
from .attribution import attribute
from .context import SOUND, Context, context_of, micros
from .lanes import NOWHEN
from .people import fact, people_drafts
from .profiles import SEVERITIES, Profile, ProfileLike, profile_of
from .runs import stream_drafts
from .words import next_step_of, story_of

if TYPE_CHECKING:
    from .context import CallTables
    from .drafts import Draft

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
    drafts = drafts_of(context, judged)
    return from_rows(FINDINGS, [_row(context, draft, judged) for draft in drafts])


def ready(call: CallTables) -> Context:
    """Make a call ready to be judged: streams, who was muted or hidden, whose clock is off."""
    context = context_of(call)
    offsets = clock_offsets(call.quality, call.participants, call.events)
    told = offsets[offsets["estimable"] & (offsets["offset_s"].abs() >= offsets["least_s"])]
    context.lanes.shifts = {str(peer): float(off) for peer, off in zip(told["peer_id"], told["offset_s"], strict=True)}
    return context


def drafts_of(context: Context, profile: Profile) -> list[Draft]:
    """Find, attribute and put in order."""
    drafts = [*stream_drafts(context, profile), *people_drafts(context, profile), *_clocks(context), *_silent(context)]
    attribute(context, drafts)
    return in_order(drafts)


def in_order(drafts: list[Draft]) -> list[Draft]:
    """
    Sort by severity, then by how much trouble the same person or cause explains, causes before consequences.

    Of equal findings the person's own report comes first: who is cut off knows best. Sound comes before pictures:
    people complain of what they cannot hear.
    """
    weight: dict[str, float] = {}
    for draft in drafts:
        if draft.severity != "note" and draft.side != "unknown":
            weight[_whose(draft)] = weight.get(_whose(draft), 0.0) + draft.seconds

    def place(draft: Draft) -> tuple[int, float, str, bool, int, bool, bool, float, int]:
        return (
            -SEVERITIES.index(draft.severity),
            -weight.get(_whose(draft), 0.0),
            _whose(draft),
            draft.follows,
            ORDER.index(draft.rule),
            draft.peer != draft.side_peer,
            draft.lane is not None and draft.lane.media not in SOUND,
            -draft.seconds,
            draft.start,
        )

    return sorted(drafts, key=place)


def _whose(draft: Draft) -> str:
    return draft.side_peer or draft.side


def _clocks(context: Context) -> list[Draft]:
    """Note whose clock is off: it explains why times do not agree."""
    found = []
    for peer, offset in context.lanes.shifts.items():
        one, two = context.spans.get(peer, (NOWHEN, NOWHEN))
        detail = f"clock runs {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the others'"
        draft = fact("implausible", peer, (one, two), offset, f"{detail}; times were compared with that taken off")
        draft.unit = "s"
        draft.evidence_for.append("matching times and increments of both ends")
        found.append(draft)
    return found


def _silent(context: Context) -> list[Draft]:
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
        end = left if left != NOWHEN else joined
        draft = fact(
            "too_little", str(peer), (joined, end), 0.0, f"{states[str(report)]}, which is not the same as fine"
        )
        draft.evidence_against.append("no report")
        found.append(draft)
    return found


def _row(context: Context, draft: Draft, profile: Profile) -> dict[str, object]:
    lane = draft.lane
    return {
        "session_id": (lane.session_id if lane else None) or context.call.session_id,
        "rule": draft.rule,
        "severity": draft.severity,
        "peer_id": draft.peer,
        "display_name": context.name(draft.peer) if draft.peer else None,
        "media": lane.media if lane else None,
        "direction": lane.direction if lane else None,
        "stream_id": lane.stream_id if lane else None,
        "start": None if draft.start == NOWHEN else draft.start,
        "end": None if draft.end == NOWHEN else draft.end,
        "value": draft.value,
        "threshold": draft.threshold,
        "unit": draft.unit,
        "profile": profile.name,
        "source": draft.source,
        "side": draft.side,
        "side_peer_id": draft.side_peer,
        "confidence": draft.confidence,
        "evidence_for": "; ".join(dict.fromkeys(draft.evidence_for)),
        "evidence_against": "; ".join(dict.fromkeys(draft.evidence_against)),
        "first_row": draft.rows[0] if draft.rows else None,
        "last_row": draft.rows[1] if draft.rows else None,
        "story": story_of(context, draft),
        "next_step": next_step_of(context, draft),
    }
