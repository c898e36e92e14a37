"""A made-up call over a server in which everything is fine, until a test changes something."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.findings.evaluate import findings_of
from rtkit_explore.findings.verdicts import verdicts_of
from rtkit_explore.measures.quality import quality_of
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import TEXT, from_rows

if TYPE_CHECKING:
    import pandas as pd

START = 1_795_168_800_000_000
STEP = 7.0


def _audio(size: int) -> dict[str, Any]:
    wobble = np.arange(size) % 3
    return {"packets_lost": np.zeros(size), "jitter": np.full(size, 0.003), "bytes": 21_000.0 + 90 * wobble,
            "packets": 349.0 + wobble}  # fmt: skip


def _video(size: int) -> dict[str, Any]:
    wobble = np.arange(size) % 4
    return {"packets_lost": np.zeros(size), "jitter": np.full(size, 0.02), "bytes": 500_000.0 + 3000 * wobble,
            "packets": 480.0 + 5 * wobble, "frames": 140.0 + wobble, "frames_per_second": np.full(size, 20.0),
            "frame_width": np.full(size, 640.0), "frame_height": np.full(size, 360.0), "fir_count": np.zeros(size)}  # fmt: skip


@dataclass
class Room:
    """Everyone sends audio and video and receives everyone else's, a sample every 7 s."""

    people: tuple[str, ...] = ("Alma", "Boris", "Chen")
    size: int = 24
    streams: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    clocks: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for who in self.people:
            for media in ("audio", "video"):
                self.add_sender(who, media)
                for other in self.people:
                    if other != who:
                        self.add_receiver(who, other, media)

    def add_sender(self, who: str, media: str) -> dict[str, Any]:
        made = _video(self.size) if "video" in media else _audio(self.size)
        made |= {"rtt": np.full(self.size, 0.04), "keep": np.ones(self.size, dtype=bool)}
        made["rtt"] = made["rtt"] + 0.001 * (np.arange(self.size) % 2)
        if "video" in media:
            made |= {"pli_count": np.zeros(self.size), "quality_limitation_reason": ["none"] * self.size,
                     "quality_limitation_durations_cpu": np.zeros(self.size),
                     "quality_limitation_durations_bandwidth": np.zeros(self.size)}  # fmt: skip
        self.streams["sent", who, media] = made
        return made

    def add_receiver(self, who: str, sender: str, media: str) -> dict[str, Any]:
        made = _video(self.size) if "video" in media else _audio(self.size)
        emitted = made["frames"].copy() if "video" in media else np.full(self.size, 336_000.0)
        made |= {"jitter_buffer_emitted_count": emitted, "jitter_buffer_delay": 0.06 * emitted,
                 "keep": np.ones(self.size, dtype=bool)}  # fmt: skip
        made |= (
            {"frames_dropped": np.zeros(self.size)} if "video" in media else {"concealment_events": np.zeros(self.size)}
        )
        self.streams["got", who, sender, media] = made
        return made

    def sent(self, who: str, media: str = "audio") -> dict[str, Any]:
        return self.streams["sent", who, media]

    def got(self, who: str, sender: str, media: str = "audio") -> dict[str, Any]:
        return self.streams["got", who, sender, media]

    def all_got(self, who: str) -> list[dict[str, Any]]:
        return [made for key, made in self.streams.items() if key[:2] == ("got", who)]

    def lose(self, who: str, sender: str, rows: slice, share: float, media: str = "audio") -> None:
        made = self.got(who, sender, media)
        made["packets_lost"][rows] = np.round(share * made["packets"][rows])
        made["packets"][rows] -= made["packets_lost"][rows]

    def lose_up(self, who: str, rows: slice, share: float, media: str = "audio") -> None:
        made = self.sent(who, media)
        made["packets_lost"][rows] = np.round(share * made["packets"][rows])

    def silence(self, made: dict[str, Any], rows: slice) -> None:
        for name in (
            "packets",
            "bytes",
            "frames",
            "frames_per_second",
            "jitter_buffer_delay",
            "jitter_buffer_emitted_count",
        ):
            if name in made:
                made[name] = made[name].copy()
                made[name][rows] = 0

    def add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append({"session_id": "s", **values})

    def event(self, who: str, name: str, seconds: float, **more: Any) -> None:
        self.add("events", peer_id=who, name=name, timestamp=START + round(1e6 * seconds), **more)

    def quality(self) -> pd.DataFrame:
        rows = []
        for number, (key, made) in enumerate(self.streams.items()):
            direction = "producer" if key[0] == "sent" else "consumer"
            who, media = key[1], key[-1]
            sender = who if direction == "producer" else key[2]
            phase = 0.1 * self.people.index(who)
            one = {"packets": "packets_sent", "bytes": "bytes_sent", "frames": "frames_encoded"}
            two = {"packets": "packets_received", "bytes": "bytes_received", "frames": "frames_decoded"}
            for n in np.flatnonzero(made["keep"]):
                row = {(one if direction == "producer" else two).get(name, name): values[n]
                       for name, values in made.items() if name != "keep"}  # fmt: skip
                rows.append({
                    "session_id": "s", "peer_id": who, "media": media, "direction": direction,
                    "stream_id": f"{sender} {media}" if direction == "producer" else f"{who} from {sender} {media}",
                    "producer_id": f"{sender} {media}", "remote_peer_id": None if direction == "producer" else sender,
                    "ssrc": number, "position": int(n),
                    "timestamp": START + round(1e6 * (STEP * (n + 1) + phase + self.clocks.get(who, 0.0))), **row,
                })  # fmt: skip
        rows.sort(key=lambda row: (row["peer_id"], row["media"], row["direction"], row["stream_id"], row["timestamp"]))
        return quality_of(from_rows(TABLES["samples"], rows), counters="increments")[0]

    @cached_property
    def call(self) -> Any:
        end = START + round(1e6 * (STEP * (self.size + 1)))
        everyone = [
            {"session_id": "s", "peer_id": who, "display_name": who, "joined_at": START, "left_at": end,
             "report": self.states.get(who, "read"), **next(
                 (row for row in self.rows.get("participants", ()) if row["peer_id"] == who), {})}
            for who in (*self.people, *(who for who in self.states if who not in self.people))
        ]  # fmt: skip
        extra = [row for row in self.rows.get("participants", ()) if row["peer_id"] not in self.people]
        names = {row["peer_id"]: row["peer_id"] for row in (*everyone, *extra)}
        quality = self.quality()
        quality["display_name"] = quality["peer_id"].map(names).astype(TEXT)
        tables = {
            name: from_rows(TABLES[name], self.rows.get(name, ()))
            for name in ("events", "device_changes", "candidate_pairs", "peer_events", "clients")
        }
        return SimpleNamespace(session_id="s", names=names, quality=quality, title="made up",
                               participants=from_rows(TABLES["participants"], [*everyone, *extra]), **tables)  # fmt: skip

    def findings(self, profile: Any = "default") -> pd.DataFrame:
        return findings_of(self.call, profile)

    def told(self, profile: Any = "default") -> pd.DataFrame:
        found = self.findings(profile)
        return found[found["severity"] != "note"].reset_index(drop=True)

    def verdicts(self) -> pd.DataFrame:
        return verdicts_of(self.call)


def rules(found: pd.DataFrame) -> set[str]:
    return set(found["rule"])


def only(found: pd.DataFrame, rule: str) -> pd.DataFrame:
    return found[found["rule"] == rule]
