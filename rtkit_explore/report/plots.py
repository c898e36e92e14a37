"""Which plots the report shows, and how many of them: the rest stands in its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore import plot
from rtkit_explore.report.figures import drawn
from rtkit_explore.table_schema.labels import rule_words, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from rtkit_explore.report.contents import ReportContext
    from rtkit_explore.report.view import Plot

MOST_PEOPLE: Final = 3
MOST_LANES: Final = 10
"""People with all their measures drawn, people in one plot of devices or paths."""

METRICS: Final = ("loss_pct", "rtt_ms", "bitrate_kbps", "fps")
_RANK: Final = {"bad": 0, "degraded": 1, "unclassified": 3}


@dataclass(frozen=True)
class WorstByTable:
    """Whom the plots of samples, devices and paths show."""

    quality: Sequence[str]
    devices: Sequence[str]
    paths: Sequence[str]


def worst_by_table(context: ReportContext) -> WorstByTable:
    """Choose the participants with the worst verdicts among those whom a table knows."""
    call = context.call
    return WorstByTable(
        _worst(context, call.quality, MOST_PEOPLE),
        _worst(context, call.device_changes, MOST_LANES),
        _worst(context, call.candidate_pairs, MOST_LANES),
    )


def _worst(context: ReportContext, table: pd.DataFrame, most: int) -> list[str]:
    """Choose participants that a table knows, those with the worst verdicts, in the order of the list."""
    known = set(table["peer_id"].dropna())
    verdicts = zip(context.overview["peer_id"], context.overview["verdict"], strict=True)
    people = [(peer, str(verdict)) for peer, verdict in verdicts if peer in known]
    chosen = {peer for peer, _ in sorted(people, key=lambda person: _RANK.get(person[1], 2))[:most]}
    return [peer for peer, _ in people if peer in chosen]


def timeline(context: ReportContext) -> Plot:
    """Draw who was there."""
    count = len(context.call.participants)
    return drawn(
        lambda figure: plot.timeline(context.call, tz=context.zone, ax=figure),
        alt=f"Bars for {count} participants from joining to leaving, with marks for what their clients noted.",
        caption=f"Who was there, and what their clients noted ({context.zone_name})",
        zone=context.zone,
    )


def device_changes(context: ReportContext, peers: Sequence[str]) -> Plot:
    """Draw what devices did."""
    return drawn(
        lambda figure: plot.device_changes(context.call, participants=list(peers), tz=context.zone, ax=figure),
        alt="Lanes of devices for each participant: when they were there and when they were in use. As a table below.",
        caption=f"Devices over time ({context.zone_name})",
        zone=context.zone,
    )


def candidate_pairs(context: ReportContext, peers: Sequence[str]) -> Plot:
    """Draw the network paths."""
    return drawn(
        lambda figure: plot.candidate_pairs(context.call, participants=list(peers), tz=context.zone, ax=figure),
        alt="Bars for the network paths of each participant by bytes carried. As a table below.",
        caption="Network paths by what they carried",
        zone=context.zone,
    )


def quality(context: ReportContext, peer: str) -> Plot:
    """Draw loss, delay and bitrate of all streams of a participant."""
    words = [title_of(metric) for metric in METRICS]
    return drawn(
        lambda figure: plot.quality(context.call, metrics=METRICS, participant=peer, tz=context.zone, ax=figure),
        alt=f"Lines of {', '.join(words[:-1])} and {words[-1]} of every stream of {context.name(peer)} over time.",
        caption=f"{context.name(peer)}: all streams, as this participant's own client measured them",
        zone=context.zone,
    )


def finding(context: ReportContext, row: dict[str, Any]) -> Plot:
    """Draw what a finding rests on."""
    return drawn(
        lambda figure: plot.finding(context.call, row, tz=context.zone, ax=figure),
        alt=f"The measure at that moment with the threshold drawn in: {row['story']}",
        caption=f"{rule_words(row['rule'])}, {context.name(row['peer_id'])}",
        zone=context.zone,
    )
