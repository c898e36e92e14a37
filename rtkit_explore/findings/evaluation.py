"""A call judged: its findings, its incidents, and what they come to for everyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rtkit_explore.findings.narrative import next_step_of, story_of, zone_said
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.table_schema.findings import FINDINGS
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    import pandas as pd

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context
    from rtkit_explore.findings.incidents import Incident
    from rtkit_explore.findings.profiles import Profile


@dataclass(frozen=True)
class Verdict:
    """What the findings come to for one participant, or for the call (peer None)."""

    peer: str | None
    verdict: str
    reason: str
    story: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """
    A call judged by a profile: what verdicts, overview, story and report are made of.

    Attributes
    ----------
    context
        The call made ready.
    profile
        What it was judged by.
    candidates
        Its findings, attributed and in order.
    incidents
        The findings of warn or worse by cause and time, the worst first.
    verdicts
        What ``verdicts.judge`` made of it, by the time zone of its sentences.
    """

    context: Context
    profile: Profile
    candidates: list[Candidate]
    incidents: list[Incident]
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict, repr=False, compare=False)
    _rows: dict[str, list[dict[str, object]]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def by_person(self) -> dict[str, tuple[Candidate, ...]]:
        """The findings that a participant reports or is blamed for."""
        found: dict[str, list[Candidate]] = {}
        for candidate in self.candidates:
            for peer in {candidate.peer, candidate.side_peer} - {None}:
                found.setdefault(str(peer), []).append(candidate)
        return {peer: tuple(mine) for peer, mine in found.items()}

    @property
    def table(self) -> pd.DataFrame:
        """Table ``findings``, made anew each time: the caller may change it."""
        zone = zone_said()
        if zone not in self._rows:
            self._rows[zone] = [_row(self.context, candidate, self.profile) for candidate in self.candidates]
        return from_rows(FINDINGS, self._rows[zone])


def _row(context: Context, candidate: Candidate, profile: Profile) -> dict[str, object]:
    stream = candidate.stream
    return {
        "session_id": (stream.session_id if stream else None) or context.call.session_id,
        "rule": candidate.name,
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
