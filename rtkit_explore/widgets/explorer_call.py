"""OpenCall: a call made ready to be drawn many times; everything in it is worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from rtkit_explore.findings.rules import BY_NAME
from rtkit_explore.findings.segments import judged_values
from rtkit_explore.measures.network_paths import candidate_pairs_of, path_changes, paths_in_use
from rtkit_explore.table_schema.columns import MEDIA
from rtkit_explore.table_schema.labels import (
    column_of,
    device_kind_words,
    event_words,
    network_words,
    side_words,
    stream_words,
)
from rtkit_explore.widgets.item_labels import is_live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rtkit_explore.call import Call
    from rtkit_explore.measures.network_paths import NetworkPath

    Floats = NDArray[np.float64]

SEVERITY_RANK: Final = {"bad": 0, "warn": 1, "note": 2}
SENTENCES: Final = "UTC"
"""Zone of the times in sentences; the front end says them in the chosen one, which may change at any time."""
LOST_EVENTS: Final = ("disconnect", "reconnect_attempt")
CLOCK_SLACK_S: Final = 3600.0
"""How far a client's clock may lie outside of the server's times and still widen the axis."""
EPISODE_SLACK_S: Final = 15.0
"""Two samples: findings of the same side that are so close together belong to one episode."""


@dataclass(frozen=True)
class Measure:
    """
    A measure of the explorer: a column of ``quality``, or one worked out of several.

    Attributes
    ----------
    key
        Its name.
    title, unit
        In words.
    low
        Whether low values are the bad ones.
    factor_s
        For a count per interval: shown per so many seconds.
    """

    key: str
    title: str
    unit: str
    low: bool = False
    factor_s: float = 0.0


PERCENT_OF_TIME: Final = "% of the time"
"""How a share of time is shown: the sentences of the findings say percent, too."""


def shown_unit(unit: str) -> tuple[str, float]:
    """Return the unit in which a judged value is shown, and what it is multiplied by for that."""
    return (PERCENT_OF_TIME, 100.0) if unit == "share of time" else (unit, 1.0)


def _column(name: str, *, low: bool = False) -> Measure:
    declared = column_of(name)
    return Measure(name, declared.title, declared.unit, low or declared.worse == "low")


MEASURES: Final[dict[str, Measure]] = {
    measure.key: measure
    for measure in (
        _column("loss_pct"),
        _column("bitrate_kbps", low=True),
        _column("rtt_ms"),
        _column("jitter_ms"),
        _column("buffer_ms"),
        _column("fps", low=True),
        _column("height", low=True),
        _column("width", low=True),
        _column("dropped_pct"),
        Measure("concealment_events", "concealments", "events per 7 s", factor_s=7.0),
        _column("packets_per_s", low=True),
        Measure("limited_bandwidth_s", "limited by bandwidth", PERCENT_OF_TIME, factor_s=100.0),
        Measure("limited_cpu_s", "limited by processor", PERCENT_OF_TIME, factor_s=100.0),
        _column("score", low=True),
    )
}
"""The measures that can be shown, in the order in which they are offered."""

FIRST_MEASURES: Final = ("loss_pct", "bitrate_kbps")

# Rules whose value is a column of ``quality``: the column is drawn. Of the others the judged value itself is.
COLUMN_OF_RULE: Final[Mapping[str, str]] = {
    "loss_in": "loss_pct",
    "loss_out": "loss_pct",
    "round_trip": "rtt_ms",
    "jitter": "jitter_ms",
    "late_media": "buffer_ms",
}
JUDGED: Final = "judged:"
"""Begin of the name of a measure that is the judged value of a rule."""


def measures_of_rule(name: str) -> tuple[str, ...]:
    """Return the measures that show a rule: its value first, then what explains it."""
    rule = BY_NAME.get(name)
    if rule is None or rule.value is None:
        return ("loss_pct", "rtt_ms")
    beside = tuple(one for one in rule.beside if one in MEASURES)
    return tuple(dict.fromkeys((COLUMN_OF_RULE.get(name, f"{JUDGED}{name}"), *beside)))


@dataclass(frozen=True)
class Stream:
    """
    One line that can be drawn: a series of ``quality``.

    Attributes
    ----------
    key
        Its place among the call's lines.
    peer, remote
        Whose report, and who is received ("" on what is sent).
    stream_id, media, direction
        As in ``quality``.
    source
        The producer that it comes from or is: the same for both ends of one stream.
    label
        In words.
    rows
        Its rows in the arrays of the call.
    """

    key: int
    peer: str
    remote: str
    stream_id: str
    media: str
    direction: str
    source: str
    label: str
    rows: slice


@dataclass(frozen=True)
class Found:
    """
    A finding as the explorer lists it.

    Attributes
    ----------
    key
        Its row in ``call.findings()``.
    rule, severity, peer, stream_id, media, direction, side
        As in the table; "" where missing.
    start, end
        In seconds since 1970; NaN where it has no time.
    story, side_words, next_step, confidence, evidence
        In words.
    head
        Key of the finding that represents the whole episode; its own key if that is this one.
    """

    key: int
    rule: str
    severity: str
    peer: str
    side_peer: str
    stream_id: str
    media: str
    direction: str
    start: float
    end: float
    threshold: float
    unit: str
    story: str
    side: str
    side_words: str
    next_step: str
    confidence: str
    evidence: tuple[str, str]
    profile: str
    head: int


@dataclass(frozen=True)
class Stay:
    """When somebody was there, and how well that is known."""

    peer: str
    name: str
    start: float
    end: float
    open_start: bool
    open_end: bool
    report: str


def seconds_of(times: pd.Series[pd.Timestamp]) -> Floats:
    """Turn times into seconds since 1970, NaN where missing."""
    micros = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(micros), np.nan, micros.astype("int64") / 1e6)


class OpenCall:
    """
    A call made ready to be drawn many times.

    Parameters
    ----------
    call
        The call.

    Notes
    -----
    What is needed first (who was there) needs no sample; the rest is computed once, when it is first needed.
    """

    def __init__(self, call: Call) -> None:
        self.call = call

    # Who was there ------------------------------------------------------------------------------------------------

    @cached_property
    def is_live(self) -> bool:
        """Whether the call was going on when it was fetched."""
        return is_live(self.call.sessions)

    @cached_property
    def limits(self) -> tuple[float, float] | None:
        """Begin and end in seconds since 1970, samples included; None where no time is known."""
        return self._limits(self.start, self.end)

    @cached_property
    def early_limits(self) -> tuple[float, float] | None:
        """Begin and end as far as they are known without reading a sample."""
        return self._limits()

    def _limits(self, *samples: Floats) -> tuple[float, float] | None:
        session, people = self.call.sessions, self.call.participants
        columns = [session["started_at"], session["ended_at"], people["joined_at"], people["left_at"]]
        if self.is_live:  # nothing has ended: the latest known time tells how far the call has come
            columns += [session["updated_at"], people["updated_at"]]
        server = np.concatenate([seconds_of(column) for column in columns])
        server = server[np.isfinite(server)]
        clients = np.concatenate([*samples, seconds_of(self.call.events["timestamp"])])
        clients = clients[np.isfinite(clients)]
        if len(server):
            # A client's clock that is far off must not stretch the axis.
            low, high = server.min() - CLOCK_SLACK_S, server.max() + CLOCK_SLACK_S
            clients = clients[(clients >= low) & (clients <= high)]
        known = np.concatenate([server, clients])
        return (float(known.min()), float(known.max())) if len(known) else None

    @cached_property
    def names(self) -> dict[str, str]:
        """Peer id to name."""
        return dict(self.call.names)

    def name(self, peer: str) -> str:
        """Name a participant; one that is not listed is named by the start of the id."""
        return self.names.get(peer) or (f"unlisted {peer[:8]}" if peer else "somebody")

    @cached_property
    def stays(self) -> list[Stay]:
        """Who was there and when, in order of coming, rejoins of the same person together."""
        people = self.call.participants
        people = people[people["peer_id"].notna()]
        low, high = self.early_limits or (np.nan, np.nan)
        start, end = seconds_of(people["joined_at"]), seconds_of(people["left_at"])
        begin, until = np.where(np.isnan(start), low, start), np.where(np.isnan(end), high, end)
        user = pd.factorize(people["user_id"].fillna(people["peer_id"]))[0]
        came = pd.Series(begin).groupby(user).transform("min").to_numpy() if len(people) else begin
        peers = people["peer_id"].to_numpy(dtype=object)
        report = people["report"].astype("object").fillna("not_fetched").to_numpy(dtype=object)
        return [
            Stay(
                peer=str(peers[i]),
                name=self.name(str(peers[i])),
                start=float(begin[i]),
                end=float(until[i]),
                open_start=bool(np.isnan(start[i])),
                open_end=bool(np.isnan(end[i])),
                report=str(report[i]),
            )
            for i in np.lexsort((begin, user, came))
        ]

    @cached_property
    def marks(self) -> list[dict[str, Any]]:
        """Events and device changes to mark on the axis: time, whose, kind, words."""
        found = []
        events = self.call.events
        for at, peer, name in zip(seconds_of(events["timestamp"]), events["peer_id"], events["name"], strict=True):
            if np.isfinite(at) and isinstance(peer, str):
                found.append({"t": float(at), "peer": peer, "kind": mark_kind(name), "text": event_words(name)})
        changes = self.call.device_changes
        at_times = seconds_of(changes["timestamp"])
        columns = (changes[name].astype("object") for name in ("peer_id", "change", "kind", "label"))
        for at, peer, change, kind, label in zip(at_times, *columns, strict=True):
            if np.isfinite(at) and isinstance(peer, str):
                what = device_kind_words(kind)
                named = f": {label}" if isinstance(label, str) and label else ""
                done = change if isinstance(change, str) else "changed"
                found.append({"t": float(at), "peer": peer, "kind": "device", "text": f"{what} {done}{named}"})
        for peer, path in self.paths.items():
            found += [
                {"t": at, "peer": peer, "kind": "path", "text": f"network path changed {words}"}
                for at, words in path["changes"]
            ]
        return sorted(found, key=lambda mark: mark["t"])

    @cached_property
    def paths(self) -> dict[str, dict[str, Any]]:
        """
        Peer id to the paths of the media over time.

        ``kind`` (for the look) and ``text`` of all of them, ``parts`` (from, to, kind, text) in the order of their
        use, ``changes`` (when, text): from which network to which. Needs no sample.
        """
        found: dict[str, dict[str, Any]] = {}
        stays = {stay.peer: stay for stay in self.stays}
        for peer, pairs in candidate_pairs_of(self.call.candidate_pairs).items():
            stay = stays.get(peer)
            edges = (stay.start, stay.end) if stay is not None else self.early_limits or (np.nan, np.nan)
            last = [pair.last for pair in pairs if pair.last is not None]
            known = [round(edge * 1e6) if np.isfinite(edge) else pick(last, default=0)
                     for edge, pick in zip(edges, (min, max), strict=True)]  # fmt: skip
            used = paths_in_use(pairs, *known)
            if not used:
                continue
            # Both transports mostly go the same way, and change within the same second.
            parts = {
                (round(path.start / 1e6), round(path.end / 1e6), path_kind(path), path_words(path)): path
                for path in used
            }
            kinds = {kind for _, _, kind, _ in parts}
            found[peer] = {
                "kind": max(kinds, key=PATH_KINDS.index),
                "text": "; then ".join(dict.fromkeys(text for *_, text in sorted(parts))),
                "parts": [list(part) for part in sorted(parts)],
                "changes": [[change.at / 1e6, change.words] for change in path_changes(used)],
            }
        return found

    # Samples ------------------------------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Rows of ``quality`` so that each series stands together, in time."""
        return np.lexsort((self._raw("end"), self._codes))

    @cached_property
    def _codes(self) -> NDArray[np.int64]:
        quality = self.call.quality
        code = np.zeros(len(quality), dtype="int64")
        for name in ("peer_id", "media", "direction", "stream_id", "ssrc"):
            part, values = pd.factorize(quality[name], use_na_sentinel=False)
            code = code * (len(values) + 1) + part
        return np.asarray(pd.factorize(code)[0], dtype="int64")

    def _raw(self, name: str) -> Floats:
        column = self.call.quality[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            return seconds_of(column)
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan), dtype="float64")

    @cached_property
    def end(self) -> Floats:
        """End of every interval, by series."""
        return self._raw("end")[self._order]

    @cached_property
    def start(self) -> Floats:
        """Start of every interval; NaN where none is known (first sample, gap, reset)."""
        quality = self.call.quality
        unknown = np.zeros(len(quality), dtype=bool)
        for name in ("gap", "reset", "first"):
            unknown |= quality[name].fillna(value=False).to_numpy(dtype=bool)
        return np.where(unknown, np.nan, self._raw("start"))[self._order]

    def measure(self, name: str) -> Measure:
        """Describe a measure: one of ``MEASURES``, or the judged value of a rule."""
        if not name.startswith(JUDGED):
            return MEASURES[name]
        rule = BY_NAME[name.removeprefix(JUDGED)]
        return Measure(name, " ".join(rule.title.split()), shown_unit(rule.unit)[0], rule.low)

    def values(self, measure: str) -> Floats:
        """Return the values of a measure for all rows, by series; NaN where unknown."""
        cache: dict[str, Floats] = self.__dict__.setdefault("_values", {})
        if measure not in cache:
            cache[measure] = self._values_of(measure)[self._order]
        return cache[measure]

    def _values_of(self, measure: str) -> Floats:
        if measure.startswith(JUDGED):
            context = self.call.judging
            found = np.full(len(self.call.quality), np.nan)
            rule = BY_NAME[measure.removeprefix(JUDGED)]
            found[context.arrays.row] = judged_values(context, rule)
            return found * shown_unit(rule.unit)[1]
        declared = MEASURES[measure]
        found = self._raw(measure)
        if declared.factor_s:
            with np.errstate(invalid="ignore", divide="ignore"):
                found = declared.factor_s * found / self._raw("interval_s")
            found = np.where(np.isfinite(found), found, np.nan)
        return found

    @cached_property
    def streams(self) -> list[Stream]:
        """Every line that can be drawn."""
        codes = self._codes[self._order]
        if not len(codes):
            return []
        edges = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
        stops = np.append(edges[1:], len(codes))
        first = self.call.quality.iloc[self._order[edges]]
        columns = {
            name: first[name].astype("object").where(first[name].notna(), "").tolist()
            for name in ("peer_id", "remote_peer_id", "stream_id", "media", "direction", "producer_id", "ssrc")
        }
        ids = [f"{peer}/{stream}" for peer, stream in zip(columns["peer_id"], columns["stream_id"], strict=True)]
        seen: dict[str, int] = {}
        found = []
        for key, (begin, stop) in enumerate(zip(edges, stops, strict=True)):
            row = {name: str(values[key]) for name, values in columns.items()}
            layer = seen[ids[key]] = seen.get(ids[key], 0) + 1
            words = stream_words(
                self.name(row["peer_id"]), row["media"], row["direction"], self.name(row["remote_peer_id"])
                if row["remote_peer_id"] else "",
            )  # fmt: skip
            if ids.count(ids[key]) > 1:
                words += f", layer {layer}"
            found.append(
                Stream(
                    key=key,
                    peer=row["peer_id"],
                    remote=row["remote_peer_id"],
                    stream_id=row["stream_id"],
                    media=row["media"],
                    direction=row["direction"],
                    source=row["stream_id"] if row["direction"] == "producer" else row["producer_id"],
                    label=words,
                    rows=slice(int(begin), int(stop)),
                )
            )
        return found

    @cached_property
    def media(self) -> list[str]:
        """Kinds of media that have samples."""
        there = {stream.media for stream in self.streams}
        return [one for one in MEDIA if one in there]

    # What was wrong -----------------------------------------------------------------------------------------------

    @cached_property
    def findings(self) -> list[Found]:
        """The findings, worst first, each with the head of its episode."""
        table = self.call.findings(tz=SENTENCES)
        starts, ends = seconds_of(table["start"]), seconds_of(table["end"])
        thresholds = table["threshold"].to_numpy(dtype="float64", na_value=np.nan)
        texts = {
            name: table[name].astype("object").where(table[name].notna(), "").astype(str).tolist()
            for name in (
                "rule", "severity", "peer_id", "side_peer_id", "stream_id", "media", "direction", "unit", "story",
                "side", "next_step", "confidence", "evidence_for", "evidence_against", "profile",
            )
        }  # fmt: skip
        found: list[Found] = []
        for key in range(len(table)):
            row = {name: values[key] for name, values in texts.items()}
            start, end = float(starts[key]), float(ends[key])
            whose = self.name(row["side_peer_id"]) if row["side_peer_id"] else ""
            found.append(
                Found(
                    key=key,
                    rule=row["rule"],
                    severity=row["severity"],
                    peer=row["peer_id"],
                    side_peer=row["side_peer_id"],
                    stream_id=row["stream_id"],
                    media=row["media"],
                    direction=row["direction"],
                    start=start,
                    end=end,
                    threshold=float(thresholds[key]),
                    unit=row["unit"],
                    story=row["story"],
                    side=row["side"],
                    side_words=side_words(row["side"], whose) if row["side"] else "",
                    next_step=row["next_step"],
                    confidence=row["confidence"],
                    evidence=(row["evidence_for"], row["evidence_against"]),
                    profile=row["profile"],
                    head=head_of(found, row, start, end, key),
                )
            )
        return found

    def story(self, tz: str) -> str:
        """Tell the story with its times in a zone, to paste into a ticket."""
        told: dict[str, str] = self.__dict__.setdefault("_stories", {})
        if tz not in told:
            told[tz] = self.call.story(tz=tz)
        return told[tz]

    @cached_property
    def _verdicts(self) -> pd.DataFrame:
        return self.call.verdicts(tz=SENTENCES)

    @cached_property
    def verdict(self) -> tuple[str, str]:
        """The call's verdict, and its sentence."""
        table = self._verdicts
        if table.empty:
            return "unclassified", ""
        first = table.iloc[0]
        return str(first["verdict"]), "" if pd.isna(first["story"]) else str(first["story"])

    @cached_property
    def verdict_of(self) -> dict[str, str]:
        """Peer id to verdict."""
        table = self._verdicts
        people = table[table["peer_id"].notna()]
        return {str(peer): str(one) for peer, one in zip(people["peer_id"], people["verdict"], strict=True)}

    @cached_property
    def worst(self) -> dict[str, tuple[int, int]]:
        """Peer id to rank: severity of the worst finding of or about them, and its place; absent: none."""
        found: dict[str, tuple[int, int]] = {}
        for finding in self.findings:
            for peer in (finding.side_peer, finding.peer):
                if peer and peer not in found:
                    found[peer] = (SEVERITY_RANK.get(finding.severity, 3), finding.key)
        return found

    def connected(self, finding: Found) -> list[Stream]:
        """Return the lines that a finding is about: its own stream first, then the other ends of the same stream."""
        own = [s for s in self.streams if s.stream_id == finding.stream_id and s.peer in (finding.peer, "")]
        own = own or [s for s in self.streams if finding.stream_id and s.stream_id == finding.stream_id]
        if own:
            source = own[0].source or own[0].stream_id
            return own + [s for s in self.streams if s.source == source and s not in own]
        about = [s for s in self.streams if s.peer == finding.peer] or (self.streams if not finding.peer else [])
        wanted = [s for s in about if not finding.media or s.media == finding.media]
        return [s for s in wanted if not finding.direction or s.direction == finding.direction]

    def threshold_on(self, finding: Found, measure: str) -> float:
        """Return the threshold of a finding on the axis of a measure; NaN where it is not about that measure."""
        unit, factor = shown_unit(finding.unit)
        if measures_of_rule(finding.rule)[0] != measure or unit != self.measure(measure).unit:
            return float("nan")
        return finding.threshold * factor


PATH_KINDS: Final = ("direct", "relayed", "direct-tcp", "relayed-tcp")
"""Kinds of paths, the worst last."""


def path_kind(path: NetworkPath) -> str:
    """Name the look of a path."""
    return f"{'relayed' if path.relayed else 'direct'}{'-tcp' if path.protocol in ('tcp', 'tls') else ''}"


def path_words(path: NetworkPath) -> str:
    """Say what a path is: "Wi-Fi, direct, UDP"."""
    network = path.network.removesuffix(" through a relay")
    known = [] if network == network_words(None) else [network]
    way = "relayed (TURN)" if path.relayed else "direct"
    return ", ".join([*known, way, path.protocol.upper() or "unknown protocol"])


def mark_kind(name: object) -> str:
    """Group an event for its mark: lost, on, off, hidden, trouble, device or other."""
    text = str(name)
    if text in LOST_EVENTS or text.endswith("disconnected"):
        return "lost"
    if text.endswith(("_play_failed", "_track_muted")):
        return "trouble"
    if text in ("audio_on", "video_on", "screenshare_started"):
        return "on"
    if text in ("audio_off", "video_off", "screenshare_stopped"):
        return "off"
    if text.endswith("backgrounded") or text == "tab_change":
        return "hidden"
    if text.endswith(("_devices_updates", "_update")) or text == "media_permission":
        return "device"
    return "other"


def head_of(before: Sequence[Found], row: Mapping[str, str], start: float, end: float, key: int) -> int:
    """Find the finding that represents the episode of a new one: same side, same person, at the same time."""
    if row["side"] in ("", "unknown") or row["severity"] == "note" or not np.isfinite(start):
        return key
    for other in before:
        if other.head != other.key or other.severity == "note":
            continue
        same = other.side == row["side"] and other.side_peer == row["side_peer_id"]
        if same and start <= other.end + EPISODE_SLACK_S and end >= other.start - EPISODE_SLACK_S:
            return other.key
    return key
