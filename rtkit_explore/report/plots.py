"""Which plots the report shows, and how many of them: the rest stands in its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from rtkit_explore import plot
from rtkit_explore.report.figures import drawn
from rtkit_explore.report.html import Html, joined, tag
from rtkit_explore.report.html_tables import Writer, badge, facts
from rtkit_explore.report.sections import records

if TYPE_CHECKING:
    from rtkit_explore.report.sections import ReportContext, Row

MOST_FINDINGS: Final = 6
MOST_PEOPLE: Final = 3
MOST_LANES: Final = 10
"""Findings with a plot, people with all their measures drawn, people in one plot of devices or paths."""

_RANK: Final = {"bad": 0, "degraded": 1, "unclassified": 3}


def timeline(subject: ReportContext) -> Html:
    """Draw who was there."""
    count = len(subject.call.participants)
    return drawn(
        lambda figure: plot.timeline(subject.call, tz=subject.zone, ax=figure),
        alt=f"Bars for {count} participants from joining to leaving, with marks for what their clients noted.",
        caption=f"Who was there, and what their clients noted ({subject.zone_name})",
    )


def device_changes(subject: ReportContext) -> Html | None:
    """Draw what the devices of those who fared worst did."""
    shown = _worst(subject, subject.call.device_changes, MOST_LANES)
    if not shown:
        return None
    return drawn(
        lambda figure: plot.device_changes(subject.call, participants=shown, tz=subject.zone, ax=figure),
        alt="Lanes of devices for each participant: when they were there and when they were in use. As a table below.",
        caption=f"Devices over time ({subject.zone_name})",
    )


def candidate_pairs(subject: ReportContext) -> Html | None:
    """Draw the network paths of those who fared worst."""
    shown = _worst(subject, subject.call.candidate_pairs, MOST_LANES)
    if not shown:
        return None
    return drawn(
        lambda figure: plot.candidate_pairs(subject.call, participants=shown, ax=figure),
        alt="Bars for the network paths of each participant by bytes carried. As a table below.",
        caption="Network paths by what they carried",
    )


def over_time(subject: ReportContext) -> Html:
    """Draw loss, delay and bitrate of those who fared worst."""
    shown = _worst(subject, subject.call.quality, MOST_PEOPLE)
    if not shown:
        return tag("p", "No report holds samples.", class_="quiet")
    images = [
        drawn(
            lambda figure, peer=peer: plot.quality(  # type: ignore[misc]
                subject.call, metrics=_METRICS, participant=peer, tz=subject.zone, ax=figure
            ),
            alt=f"Lines of loss, round trip, bitrate and frame rate of every stream of {subject.name(peer)} over time.",
            caption=f"{subject.name(peer)}: all streams, as this participant's own client measured them",
        )
        for peer in shown
    ]
    left = subject.call.quality["peer_id"].nunique() - len(shown)
    more = f"{left} more participants are not drawn: rtk.plot.quality(call, participant=…)." if left > 0 else None
    return joined(*images, tag("p", more, class_="quiet") if more else None)


def _worst(subject: ReportContext, table: pd.DataFrame, most: int) -> list[str]:
    """Choose participants that a table knows, those with the worst verdicts, in the order of the list."""
    known = set(table["peer_id"].dropna())
    people = [(row["peer_id"], row["verdict"]) for row in records(subject.overview) if row["peer_id"] in known]
    people.sort(key=lambda person: _RANK.get(str(person[1]), 2))
    chosen = {peer for peer, _ in people[:most]}
    return [row["peer_id"] for row in records(subject.overview) if row["peer_id"] in chosen]


_METRICS: Final = ("loss_pct", "rtt_ms", "bitrate_kbps", "fps")


def findings(subject: ReportContext) -> Html:
    """Tell the worst findings with evidence and plot."""
    chosen = _distinct(subject.findings)
    parts = [_article(subject, number, row) for number, row in enumerate(chosen, start=1)]
    if not parts:
        return tag("p", "Nothing of warn or worse was found.", class_="quiet")
    return joined(*parts)


def _distinct(findings: pd.DataFrame) -> list[Row]:
    """Choose the worst findings, one of those that say the same of the same time."""
    seen: set[tuple[Any, ...]] = set()
    chosen: list[Row] = []
    for row in records(findings[findings["severity"].isin(["warn", "bad"])]):
        minute: Any = None if pd.isna(row["start"]) else row["start"].floor("min")
        key = (row["rule"], row["media"], row["side"], row["side_peer_id"], minute)
        told = tuple(None if part is pd.NA else part for part in key)
        if told not in seen:
            seen.add(told)
            chosen.append(row)
    return chosen[:MOST_FINDINGS]


def _article(subject: ReportContext, number: int, row: Row) -> Html:
    write = subject.writer
    return tag(
        "article",
        tag("h3", f"{number}. ", badge(str(row["severity"])), " ", _text(row["story"])),
        facts(
            ("When", _span(write, row)),
            ("Worst", measure(row["value"], row["unit"])),
            ("Threshold", measure(row["threshold"], row["unit"])),
            ("Source", _text(row["source"])),
            ("Side", f"{subject.side(row)} ({_text(row['confidence'])} confidence)" if subject.side(row) else None),
            ("For", _text(row["evidence_for"])),
            ("Against", _text(row["evidence_against"])),
            ("Next", _text(row["next_step"])),
        ),
        drawn(
            lambda figure: plot.finding(subject.call, row, tz=subject.zone, ax=figure),
            alt=f"The measure at that moment with the threshold drawn in: {_text(row['story'])}",
            caption=f"{str(row['rule']).replace('_', ' ')}, {subject.name(row['peer_id'])}",
        ),
    )


def measure(value: Any, unit: Any) -> str:
    """Write a value with its unit; a share as a percentage."""
    if pd.isna(value):
        return ""
    words = _text(unit)
    if words.startswith("share"):
        return f"{100 * value:.3g} %{words.removeprefix('share')}"
    return f"{value:.3g} {words}".strip()


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _span(write: Writer, row: Row) -> str | None:
    start, end = write.time(row["start"]), write.time(row["end"], "%H:%M:%S")
    return f"{start} to {end}" if start and end else start or None
