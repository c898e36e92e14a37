"""The sections of the report: each takes the call and what was made of it, and returns its part of the page."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from rtkit_explore.findings.profiles import profile_of
from rtkit_explore.report.html import Html, joined, tag
from rtkit_explore.report.html_tables import UNKNOWN, Shown, Writer, badge, bullets, facts
from rtkit_explore.table_schema.labels import side_words

if TYPE_CHECKING:
    import datetime as dt

    from rtkit_explore.call import Call
    from rtkit_explore.findings.profiles import ProfileLike

Row: TypeAlias = dict[str, Any]


@dataclass
class ReportContext:
    """
    What the sections are written from.

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
        return self.call.findings(self.profile)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """Verdicts, the call first."""
        return self.call.verdicts(self.profile)

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
        if pd.isna(row["side"]):
            return ""
        return side_words(str(row["side"]), self.name(row["side_peer_id"]))


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a table as dicts."""
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def heading(subject: ReportContext, *, title: str, redacted: bool) -> Html:
    """Say which call this is, and what is hidden."""
    call, write = subject.call, subject.writer
    people, samples = call.participants, call.samples
    times = pd.concat([people["joined_at"], people["left_at"], samples["timestamp"]]).dropna()
    read = int((people["report"] == "read").sum())
    span = f"{write.time(times.min())} to {write.time(times.max())}" if len(times) else ""
    if redacted:
        words = (
            "Redacted: people, devices and addresses have stand-ins that mean the same throughout this report; nothing"
            " that was said or typed is in it. The ids of the session and of participants lead to the call at the API."
        )
    else:
        words = "Not redacted: this report holds names and other personal data. Share it with care."
    return joined(
        tag("h1", title),
        facts(
            ("Session", call.session_id),
            ("When", f"{span} ({subject.zone_name})" if span else None),
            ("Participants", f"{len(people)}, {read} with a report that was read"),
            ("Judged by", f"profile {profile_of(subject.profile).name}"),
        ),
        tag("p", words, class_="notice safe" if redacted else "notice"),
    )


def story(subject: ReportContext) -> Html:
    """Tell what happened, and the verdict on everyone."""
    verdicts = subject.verdicts
    whole = verdicts[verdicts["subject"] == "call"]
    lead = [
        tag("p", badge(str(row["verdict"])), " ", str(row["story"]), class_="lead")
        for row in records(whole)
        if not pd.isna(row["verdict"])
    ]
    everyone = verdicts[verdicts["subject"] == "participant"]
    return joined(
        *lead,
        subject.writer.table(
            everyone,
            (
                Shown("display_name", "Participant", "name"),
                Shown("verdict", "Verdict", "badge"),
                Shown("story", "Why", "wide"),
                Shown("bad", "Bad", "number", 0, about="Findings that are bad"),
                Shown("warn", "Warn", "number", 0, about="Findings that warn"),
                Shown("affected_s", "Affected", "number", 0, "s", "Time covered by findings of warn or worse"),
            ),
            caption="Verdict on each participant",
            empty="No participants are known.",
            rest="call.verdicts()",
        ),
    )


def ticket(subject: ReportContext) -> Html:
    """Give the story as plain text to paste."""
    return joined(
        tag("p", "The same as plain text, to paste into a ticket; its times are UTC.", class_="quiet"),
        tag("pre", subject.call.story(subject.profile), tabindex=0),
    )


def people(subject: ReportContext) -> Html:
    """Say who was there, with what."""
    call = subject.call
    clients = {row["peer_id"]: row for row in records(call.clients)}
    overview = {row["peer_id"]: row for row in records(subject.overview)}
    rows = []
    for row in records(call.participants):
        peer = row["peer_id"]
        client, known = clients.get(peer, {}), overview.get(peer, {})
        sdk = [str(client[key]) for key in ("sdk_name", "sdk_version") if not pd.isna(client.get(key))]
        more = {"who": subject.name(peer), "sdk": " ".join(sdk) or None, "country": client.get("country")}
        rows.append({**row, **{key: known.get(key) for key in ("browser", "os", "path")}, **more})
    columns = [*call.participants.columns, "who", "sdk", "country", "browser", "os", "path"]
    made = pd.DataFrame(rows, columns=columns, dtype="object")
    return subject.writer.table(
        made,
        (
            Shown("who", "Participant", "name"),
            Shown("report", "Report", about="Whether the peer report was read; without one nothing is known"),
            Shown("joined_at", "Joined", "time"),
            Shown("left_at", "Left", "time"),
            Shown("duration", "Stay", "number", 1, "min"),
            Shown("preset_name", "Preset"),
            Shown("browser", "Browser"),
            Shown("os", "System"),
            Shown("sdk", "SDK"),
            Shown("path", "Network path"),
            Shown("country", "Country"),
        ),
        caption=f"Participants; times in {subject.zone_name} by the server's clock",
        empty="No participants are known.",
        rest="call.participants",
    )


def figures(subject: ReportContext) -> Html:
    """Put everyone side by side."""
    return subject.writer.table(
        subject.overview,
        (
            Shown("display_name", "Participant", "name"),
            Shown("verdict", "Verdict", "badge"),
            Shown("heard_loss_pct", "Heard: loss", "number", 2, "%", "Audio received: packets lost"),
            Shown("sent_loss_pct", "Sent: loss", "number", 2, "%", "Audio sent: packets lost, as the far end reports"),
            Shown("seen_loss_pct", "Seen: loss", "number", 2, "%", "Video received: packets lost, repaired or not"),
            Shown("rtt_ms", "Round trip", "number", 0, "ms", "Median"),
            Shown("jitter_ms", "Jitter", "number", 0, "ms", "95th percentile of audio received"),
            Shown("buffer_ms", "Buffer", "number", 0, "ms", "Median time of audio in the jitter buffer"),
            Shown("mos", "MOS", "number", 2, "1 to 4.5", "Median of audio received, by the E-model"),
            Shown("score_heard", "Score", "number", 2, "0 to 1", "Median client score of audio received"),
            Shown("seen_fps", "Seen", "number", 0, "frames/s", "Median frame rate of video received"),
            Shown("seen_height", "Seen height", "number", 0, "px", "Median height of video received"),
            Shown("sent_kbps", "Sent video", "number", 0, "kbit/s", "Median bitrate of video sent"),
            Shown("limited_pct", "Limited", "number", 0, "%", "Share of time that the video encoder was limited"),
        ),
        caption=f"Figures side by side; {UNKNOWN} is not known, which is not the same as 0",
        empty="No participants are known.",
        rest="call.overview()",
    )


def devices(subject: ReportContext) -> Html:
    """List what devices did."""
    made = subject.by_person(subject.call.device_changes)
    return subject.writer.table(
        made,
        (
            Shown("who", "Participant", "name"),
            Shown("timestamp", "When", "time"),
            Shown("change", "Change"),
            Shown("kind", "Kind"),
            Shown("label", "Device"),
        ),
        caption=f"Devices added, removed and selected; times in {subject.zone_name} by the client's clock",
        empty="No report lists a device.",
        most=80,
        rest="call.device_changes",
    )


def paths(subject: ReportContext) -> Html:
    """List the network paths and the checks before the call."""
    pairs = subject.by_person(subject.call.candidate_pairs)
    pairs["megabytes"] = (pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)) / 1e6
    moved = pairs[(pairs["megabytes"] > 0) | pairs["nominated"].fillna(value=False).astype(bool)]
    checks = subject.by_person(subject.call.connection_checks)
    return joined(
        subject.writer.table(
            moved,
            (
                Shown("who", "Participant", "name"),
                Shown("transport", "Transport"),
                Shown("nominated", "Nominated", "flag"),
                Shown("local_candidate_type", "Local"),
                Shown("remote_candidate_type", "Remote"),
                Shown("path_protocol", "Protocol"),
                Shown("local_candidate_network_type", "Network"),
                Shown("rtt_ms", "Round trip", "number", 0, "ms"),
                Shown("megabytes", "Carried", "number", 1, "MB"),
            ),
            caption="Candidate pairs that were nominated or carried media: one snapshot, as of the last sample",
            empty="No report lists a candidate pair.",
            most=80,
            rest="call.candidate_pairs",
        ),
        subject.writer.table(
            checks,
            (
                Shown("who", "Participant", "name"),
                Shown("timestamp", "When", "time"),
                Shown("effective_network_type", "Network, as the browser guesses"),
                Shown("reflexive_connectivity", "Reflexive", "flag"),
                Shown("relay_connectivity", "Relay (TURN)", "flag"),
            ),
            caption="Connection checks before the call; no can also mean slower than 2 s",
            empty="No report has a connection check.",
            most=40,
            rest="call.connection_checks",
        ),
    )


def problems(subject: ReportContext) -> Html:
    """List what could not be fetched or read."""
    made = subject.by_person(subject.call.problems)
    return subject.writer.table(
        made,
        (
            Shown("kind", "Kind"),
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


def unmeasured(subject: ReportContext) -> Html:
    """Say what nobody can tell from these documents."""
    call = subject.call
    quality, everyone = call.quality, call.participants
    silent = [subject.name(peer) for peer in everyone.loc[everyone["report"] != "read", "peer_id"]]
    spaces = quality["interval_s"].dropna()
    sent = quality[quality["direction"] == "producer"]
    blind = sent.loc[~sent["far_end"].fillna(value=False).astype(bool), "stream_id"].nunique()
    gaps = int(quality["gap"].fillna(value=False).sum())
    said = [
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
    return bullets([line for line in said if line])


def method(subject: ReportContext, *, version: str) -> Html:
    """Say how the figures came about: thresholds, counter readings, versions."""
    profile = profile_of(subject.profile)
    units = {rule.name: rule.unit for rule in profile.all_rules}
    limits = pd.DataFrame(
        [
            {
                "rule": limit.rule.replace("_", " "),
                "media": ", ".join(limit.media).replace("_", " ") or None,
                **dict(limit.levels),
                "unit": units[limit.rule],
                "source": limit.source,
            }
            for limit in profile.limits
        ],
        columns=["rule", "media", "note", "warn", "bad", "unit", "source"],
    )
    readings = subject.call.counter_readings
    grouped = (
        readings.groupby(["counter", "reading", "decided_by"], observed=True, sort=True)
        .agg(participants=("peer_id", "nunique"), series=("series", "sum"))
        .reset_index()
    )
    write = subject.writer
    return joined(
        tag("p", profile.says),
        write.table(
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
        ),
        write.table(
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
        ),
        facts(
            ("Made with", f"rtkit_explore {version}, pandas {pd.__version__}, Python {platform.python_version()}"),
            ("Times", subject.zone_name),
        ),
    )
