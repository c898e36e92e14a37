"""What the report says: the view that the page is written from, made of a call's tables, findings and plots."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pandas as pd

from rtkit_explore import __version__
from rtkit_explore.findings.profiles import profile_of
from rtkit_explore.report import plots
from rtkit_explore.report.tables import UNKNOWN, Shown, Writer
from rtkit_explore.report.view import Fact, Finding, Report, Verdict
from rtkit_explore.table_schema.labels import device_kind_words, media_words, report_words, rule_words, side_words

if TYPE_CHECKING:
    import datetime as dt

    from rtkit_explore.call import Call
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.report.view import Table

Row: TypeAlias = dict[str, Any]
MOST_FINDINGS: Final = 6
"""Findings with a plot; all stand in a table."""
_MOST_ROWS: Final = 150


@dataclass
class ReportContext:
    """
    The call and what it is judged by, with what several parts of the report need.

    Attributes
    ----------
    call
        The call, redacted already where it is to be.
    profile
        What it is judged by.
    zone
        Time zone of everything shown.
    """

    call: Call
    profile: ProfileLike
    zone: dt.tzinfo

    @cached_property
    def writer(self) -> Writer:
        """Writes tables in the zone."""
        return Writer(self.zone)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """Findings, worst first."""
        return self.call.findings(self.profile, tz=self.zone)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """Verdicts, the call first."""
        return self.call.verdicts(self.profile, tz=self.zone)

    @cached_property
    def overview(self) -> pd.DataFrame:
        """A row a participant."""
        return self.call.overview(self.profile)

    @property
    def zone_name(self) -> str:
        """Name of the zone, as the captions give it."""
        return str(getattr(self.zone, "key", "") or self.zone.tzname(None) or self.zone)

    def name(self, peer: Any) -> str:
        """Say what a participant is called."""
        return "" if peer is None or pd.isna(peer) else self.call.names.get(str(peer), str(peer)[:8])

    def by_person(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Order rows as participants are listed, with their names in a column ``who``."""
        place = {peer: number for number, peer in enumerate(self.call.names)}
        peers = frame["peer_id"].tolist()
        order = [len(place) if peer is None or pd.isna(peer) else place.get(peer, len(place)) for peer in peers]
        made = frame.assign(who=[self.name(peer) for peer in peers], order=order)
        return made.sort_values("order", kind="stable")

    def side(self, row: Row) -> str:
        """Say whose side a finding was on."""
        return "" if pd.isna(row["side"]) else side_words(str(row["side"]), self.name(row["side_peer_id"]))


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a table as dicts."""
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def report_of(context: ReportContext, *, title: str, redacted: bool) -> Report:
    """
    Gather everything that the page shows.

    Parameters
    ----------
    context
        The call, redacted already where it is to be.
    title
        Heading of the page.
    redacted
        Whether it was redacted, which the page says.
    """
    drawn = plots.worst_by_table(context)
    return Report(
        title=title,
        redacted=redacted,
        facts=_which_call(context),
        lead=_lead(context),
        verdicts=_verdicts(context),
        findings=[_finding(context, number, row) for number, row in enumerate(_distinct(context.findings), start=1)],
        all_findings=_all_findings(context),
        figures=_figures(context),
        timeline=plots.timeline(context),
        people=_people(context),
        quality=[plots.quality(context, peer) for peer in drawn.quality],
        quality_left=context.call.quality["peer_id"].nunique() - len(drawn.quality),
        device_plot=plots.device_changes(context, drawn.devices) if drawn.devices else None,
        devices=_devices(context),
        path_plot=plots.candidate_pairs(context, drawn.paths) if drawn.paths else None,
        paths=_paths(context),
        checks=_checks(context),
        problems=_problems(context),
        unmeasured=_unmeasured(context),
        method=profile_of(context.profile).says,
        thresholds=_thresholds(context),
        readings=_readings(context),
        made_with=[
            Fact(
                "Made with", f"rtkit_explore {__version__}, pandas {pd.__version__}, Python {platform.python_version()}"
            ),
            Fact("Times", context.zone_name),
        ],
        text=context.call.story(context.profile, tz=context.zone),
        zone=context.zone_name,
        version=__version__,
    )


def _facts(*pairs: tuple[str, str | None]) -> list[Fact]:
    """Return names with their values, those without a value left out."""
    return [Fact(name, value) for name, value in pairs if value]


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _which_call(context: ReportContext) -> list[Fact]:
    call, write = context.call, context.writer
    people, quality = call.participants, call.quality
    times = pd.concat([people["joined_at"], people["left_at"], quality["end"]]).dropna()
    read = int((people["report"] == "read").sum())
    span = f"{write.time(times.min())} to {write.time(times.max())}" if len(times) else ""
    return _facts(
        ("Session", call.session_id),
        ("When", f"{span} ({context.zone_name})" if span else None),
        ("Participants", f"{len(people)}, {read} with a report that was read"),
        ("Judged by", f"profile {profile_of(context.profile).name}"),
    )


# What happened --------------------------------------------------------------------------------------------------------


def _lead(context: ReportContext) -> Verdict | None:
    for row in records(context.verdicts[context.verdicts["subject"] == "call"]):
        if not pd.isna(row["verdict"]):
            return Verdict(str(row["verdict"]), _text(row["story"]))
    return None


def _verdicts(context: ReportContext) -> Table:
    return context.writer.table(
        context.verdicts[context.verdicts["subject"] == "participant"],
        (
            Shown("display_name", kind="name"),
            Shown("verdict", kind="badge"),
            Shown("story", "Why", "wide"),
            Shown("bad", kind="number", digits=0),
            Shown("warn", kind="number", digits=0),
            Shown("affected_s", kind="number", digits=0),
        ),
        of="verdicts",
        caption="Verdict on each participant",
        empty="No participants are known.",
        rest="call.verdicts()",
    )


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


def _finding(context: ReportContext, number: int, row: Row) -> Finding:
    start, end = context.writer.time(row["start"]), context.writer.time(row["end"], "%H:%M:%S")
    side = context.side(row)
    facts = _facts(
        ("When", f"{start} to {end}" if start and end else start),
        ("Worst", _measure(row["value"], row["unit"])),
        ("Threshold", _measure(row["threshold"], row["unit"])),
        ("Source", _text(row["source"])),
        ("Side", f"{side} ({_text(row['confidence'])} confidence)" if side else None),
        ("For", _text(row["evidence_for"])),
        ("Against", _text(row["evidence_against"])),
        ("Next", _text(row["next_step"])),
    )
    return Finding(number, str(row["severity"]), _text(row["story"]), facts, plots.finding(context, row))


def _measure(value: Any, unit: Any) -> str:
    """Write a value with its unit; a share as a percentage."""
    if pd.isna(value):
        return ""
    words = _text(unit)
    if words.startswith("share"):
        return f"{100 * value:.3g} %{words.removeprefix('share')}"
    return f"{value:.3g} {words}".strip()


def _all_findings(context: ReportContext) -> Table:
    made = context.findings.copy()
    made["who"] = [context.name(peer) for peer in made["peer_id"]]
    made["whose"] = [context.side(row) for row in records(made)]
    made["limit"] = [_measure(*pair) for pair in zip(made["threshold"], made["unit"], strict=True)]
    made["rule"] = [rule_words(rule) for rule in made["rule"]]
    return context.writer.table(
        made,
        (
            Shown("severity", kind="badge"),
            Shown("rule"),
            Shown("who", "Participant"),
            Shown("start", "From", "clock"),
            Shown("end", "To", "clock"),
            Shown("story", "What happened", "wide"),
            Shown("limit", "Threshold"),
            Shown("whose", "Side", "middling"),
            Shown("confidence"),
        ),
        of="findings",
        caption=f"All findings, worst first; times in {context.zone_name}",
        empty="There are no findings, not even notes.",
        most=_MOST_ROWS,
        rest="call.findings()",
    )


# Who was there --------------------------------------------------------------------------------------------------------


def _figures(context: ReportContext) -> Table:
    return context.writer.table(
        context.overview,
        (
            Shown("display_name", kind="name"),
            Shown("verdict", kind="badge"),
            Shown("heard_loss_pct", kind="number", digits=2),
            Shown("sent_loss_pct", kind="number", digits=2),
            Shown("seen_loss_pct", kind="number", digits=2),
            Shown("rtt_ms", kind="number", digits=0),
            Shown("jitter_ms", kind="number", digits=0),
            Shown("buffer_ms", kind="number", digits=0),
            Shown("mos", kind="number", digits=2),
            Shown("score_heard", kind="number", digits=2),
            Shown("seen_fps", kind="number", digits=0),
            Shown("seen_height", kind="number", digits=0),
            Shown("sent_kbps", kind="number", digits=0),
            Shown("limited_pct", kind="number", digits=0),
        ),
        of="overview",
        caption=f"Figures side by side; {UNKNOWN} is not known, which is not the same as 0",
        empty="No participants are known.",
        rest="call.overview()",
    )


def _people(context: ReportContext) -> Table:
    call = context.call
    clients = {row["peer_id"]: row for row in records(call.clients)}
    overview = {row["peer_id"]: row for row in records(context.overview)}
    rows = []
    for row in records(call.participants):
        peer = row["peer_id"]
        client, known = clients.get(peer, {}), overview.get(peer, {})
        sdk = [str(client[key]) for key in ("sdk_name", "sdk_version") if not pd.isna(client.get(key))]
        more = {"who": context.name(peer), "sdk": " ".join(sdk) or None, "country": client.get("country")}
        state = {"report": report_words(row["report"])}
        rows.append({**row, **{key: known.get(key) for key in ("browser", "os", "path")}, **more, **state})
    columns = [*call.participants.columns, "who", "sdk", "country", "browser", "os", "path"]
    made = pd.DataFrame(rows, columns=columns, dtype="object")
    return context.writer.table(
        made,
        (
            Shown("who", "Participant", "name"),
            Shown("report", about="Whether the peer report was read; without one nothing is known"),
            Shown("joined_at", "Joined", "time"),
            Shown("left_at", "Left", "time"),
            Shown("duration", "Stay", "number", 1),
            Shown("preset_name", "Preset"),
            Shown("browser", "Browser"),
            Shown("os", "System"),
            Shown("sdk", "SDK"),
            Shown("path", "Network path"),
            Shown("country", "Country"),
        ),
        of="participants",
        caption=f"Participants; times in {context.zone_name} by the server's clock",
        empty="No participants are known.",
        rest="call.participants",
    )


def _devices(context: ReportContext) -> Table:
    made = context.by_person(context.call.device_changes)
    made["kind"] = [None if pd.isna(kind) else device_kind_words(kind) for kind in made["kind"]]
    return context.writer.table(
        made,
        (
            Shown("who", "Participant", "name"),
            Shown("timestamp", "When", "time"),
            Shown("change"),
            Shown("kind"),
            Shown("label", "Device"),
        ),
        of="device_changes",
        caption=f"Devices added, removed and selected; times in {context.zone_name} by the client's clock",
        empty="No report lists a device.",
        most=80,
        rest="call.device_changes",
    )


def _paths(context: ReportContext) -> Table:
    pairs = context.by_person(context.call.candidate_pairs)
    pairs["megabytes"] = (pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)) / 1e6
    moved = pairs[(pairs["megabytes"] > 0) | pairs["nominated"].fillna(value=False).astype(bool)]
    return context.writer.table(
        moved,
        (
            Shown("who", "Participant", "name"),
            Shown("transport"),
            Shown("nominated", kind="flag"),
            Shown("local_candidate_type", "Local"),
            Shown("remote_candidate_type", "Remote"),
            Shown("path_protocol", "Protocol"),
            Shown("local_candidate_network_type", "Network"),
            Shown("rtt_ms", "Round trip", "number", 0),
            Shown("megabytes", "Carried", "number", 1, "MB"),
        ),
        of="candidate_pairs",
        caption="Candidate pairs that were nominated or carried media: one snapshot, as of the last sample",
        empty="No report lists a candidate pair.",
        most=80,
        rest="call.candidate_pairs",
    )


def _checks(context: ReportContext) -> Table:
    return context.writer.table(
        context.by_person(context.call.connection_checks),
        (
            Shown("who", "Participant", "name"),
            Shown("timestamp", "When", "time"),
            Shown("effective_network_type", "Network, as the browser guesses"),
            Shown("reflexive_connectivity", "Reflexive", "flag"),
            Shown("relay_connectivity", "Relay (TURN)", "flag"),
        ),
        of="connection_checks",
        caption="Connection checks before the call; no can also mean slower than 2 s",
        empty="No report has a connection check.",
        most=40,
        rest="call.connection_checks",
    )


# What is not known, and how this came about ---------------------------------------------------------------------------


def _problems(context: ReportContext) -> Table:
    return context.writer.table(
        context.by_person(context.call.problems),
        (
            Shown("kind"),
            Shown("who", "Participant"),
            Shown("source", "Document"),
            Shown("path", "Place"),
            Shown("message", "What", "wide"),
            Shown("meaning", "What it means", "wide"),
            Shown("count", "Count", "number", 0),
        ),
        caption="What could not be fetched or read",
        empty="Every document was fetched and read whole.",
        most=100,
        rest="call.problems",
    )


def _unmeasured(context: ReportContext) -> list[str]:
    call = context.call
    quality, everyone = call.quality, call.participants
    silent = [context.name(peer) for peer in everyone.loc[everyone["report"] != "read", "peer_id"]]
    spaces = quality["interval_s"].dropna()
    sent = quality[quality["direction"] == "producer"]
    blind = sent.loc[~sent["far_end"].fillna(value=False).astype(bool), "stream_id"].nunique()
    gaps = int(quality["gap"].fillna(value=False).sum())
    lines = [
        "A peer report has no audio level: a healthy connection with a silent or covered microphone looks fine here.",
        f"Without a report, and so unknown rather than fine: {', '.join(silent)}." if silent else None,
        f"A sample speaks for the time before it, {spaces.median():.1f} s in the median: what is shorter is hidden."
        if len(spaces)
        else None,
        "Freezes are not counted by clients: a picture is called frozen where bytes arrive and no frame is decoded.",
        f"{blind} streams have no word from the far end: their loss, jitter and round trip when sent are unknown."
        if blind
        else None,
        f"{gaps} gaps: paused, muted, hidden or lost cannot always be told apart." if gaps else None,
        "Candidate pairs are one snapshot at the end, with masked addresses; the server's own view is in no document.",
        "Marks and samples stand by each client's own clock, which may be off; joining and leaving by the server's.",
    ]
    return [line for line in lines if line]


def _thresholds(context: ReportContext) -> Table:
    profile = profile_of(context.profile)
    units = {rule.name: rule.unit for rule in profile.all_rules}
    limits = pd.DataFrame(
        [
            {
                "rule": rule_words(limit.rule),
                "media": ", ".join(map(media_words, limit.media)) or None,
                **dict(limit.levels),
                "unit": units[limit.rule],
                "source": limit.source,
            }
            for limit in profile.limits
        ],
        columns=["rule", "media", "note", "warn", "bad", "unit", "source"],
    )
    return context.writer.table(
        limits,
        (
            Shown("rule", "Rule", "name"),
            Shown("media", "Media"),
            Shown("warn", "Warn", "number", 2),
            Shown("bad", "Bad", "number", 2),
            Shown("unit", "Unit"),
            Shown("source", "Source", "wide"),
        ),
        caption=f"Thresholds of profile {profile.name}",
        empty="The profile has no thresholds.",
    )


def _readings(context: ReportContext) -> Table:
    grouped = (
        context.call.counter_readings.groupby(["counter", "reading", "decided_by"], observed=True, sort=True)
        .agg(participants=("peer_id", "nunique"), series=("series", "sum"))
        .reset_index()
    )
    return context.writer.table(
        grouped,
        (
            Shown("counter", "Counter", "name"),
            Shown("reading", "Read as"),
            Shown("decided_by", "Decided by"),
            Shown("participants", "Participants", "number", 0),
            Shown("series", "Series", "number", 0),
        ),
        caption="How the counters were read: as increments since the last sample, or as running totals",
        empty="There are no samples.",
    )
