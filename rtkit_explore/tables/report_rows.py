"""The metadata and the cumulative blocks of a peer report, from one decoded participant to rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtkit_explore.table_schema.media import SERIES
from rtkit_explore.table_schema.people import PEER_EVENTS
from rtkit_explore.table_schema.report import (
    CANDIDATE_PAIRS,
    CLIENTS,
    CONNECTION_CHECKS,
    CUMULATIVE,
    CUMULATIVE_METRICS,
    CUMULATIVE_STATISTICS,
    DEVICE_CHANGES,
    DEVICE_LISTS,
    EVENTS,
    SDP,
)
from rtkit_explore.tables.json_reader import Reader, child
from rtkit_explore.tables.people_rows import participant_row, peer_event_rows

if TYPE_CHECKING:
    from rtkit_explore.table_schema.columns import Table
    from rtkit_explore.tables.problem_rows import Problems

Row = dict[str, Any]
_METADATA = (*DEVICE_LISTS, "candidate_pairs", "events", "pc_metadata")
_TRANSPORTS = {"consuming_transport": "consuming", "producing_transport": "producing"}
_LEGACY = ("peer_stats", "quality_stats")


class ReportRows:
    """
    The rows of every table but the samples of one report.

    Attributes
    ----------
    rows
        Table name to rows.
    """

    def __init__(
        self, participant: Row, path: str, problems: Problems, *, peer_id: str, session_id: str | None
    ) -> None:
        self.reader = Reader(problems)
        self.rows: dict[str, list[Row]] = {}
        person = participant_row(participant, path, self.reader, session_id)
        self.keys = {
            "session_id": person["session_id"],
            "peer_id": peer_id or None,
            "display_name": person["display_name"],
        }
        self.person = {**person, "peer_id": person["peer_id"] or peer_id or None}
        self.rows[PEER_EVENTS.name] = peer_event_rows(participant, path, self.reader, person["session_id"])
        place = child(path, "peer_report")
        report = self.reader.mapping(participant.get("peer_report"), place)
        self.reader.unknown(report, ("metadata", "quality"), place)
        for key in _LEGACY:
            if participant.get(key) is not None:
                problems.add(
                    "unknown_key",
                    child(path, key),
                    "a report in an older form, which the reference does not describe",
                    "in no table; it stays in the document",
                )
        self._metadata(self.reader.mapping(report.get("metadata"), child(place, "metadata")), child(place, "metadata"))
        self._cumulative(self.reader.mapping(report.get("quality"), child(place, "quality")), child(place, "quality"))

    def _add(self, table: Table, row: Row) -> None:
        self.rows.setdefault(table.name, []).append({**self.keys, **row})

    def _metadata(self, metadata: Row, path: str) -> None:
        reader = self.reader
        self._add(CLIENTS, reader.row(CLIENTS, metadata, path, known=_METADATA))
        for name in DEVICE_LISTS:
            for _, place, update in reader.records(metadata.get(name), child(path, name)):
                self._device_update(name, update, place)
        for position, place, check in reader.records(metadata.get("pc_metadata"), child(path, "pc_metadata")):
            self._check(position, check, place)
        for _, place, event in reader.records(metadata.get("events"), child(path, "events")):
            self._add(EVENTS, reader.row(EVENTS, event, place))
        pairs_path = child(path, "candidate_pairs")
        pairs = reader.mapping(metadata.get("candidate_pairs"), pairs_path)
        reader.unknown(pairs, _TRANSPORTS, pairs_path)
        for key, transport in _TRANSPORTS.items():
            for position, place, pair in reader.records(pairs.get(key), child(pairs_path, key)):
                self._pair(transport, position, pair, place)

    def _device_update(self, name: str, update: Row, path: str) -> None:
        reader = self.reader
        timestamp = reader.value(DEVICE_CHANGES["timestamp"], update.get("timestamp"), child(path, "timestamp"))
        fixed = {"timestamp": timestamp, "list": name}
        before = len(self.rows.get(DEVICE_CHANGES.name, ()))
        if name == "selected_device_updates":
            reader.unknown(update, ("timestamp", "device"), path)
            place = child(path, "device")
            device = reader.mapping(update.get("device"), place)
            if device:
                self._add(DEVICE_CHANGES, reader.row(DEVICE_CHANGES, device, place, change="selected", **fixed))
        else:
            reader.unknown(update, ("timestamp", "added", "removed"), path)
            for change in ("added", "removed"):
                for _, place, device in reader.records(update.get(change), child(path, change)):
                    self._add(DEVICE_CHANGES, reader.row(DEVICE_CHANGES, device, place, change=change, **fixed))
        if len(self.rows.get(DEVICE_CHANGES.name, ())) == before:
            self._add(DEVICE_CHANGES, fixed)  # it names no device, but its time is a fact all the same

    def _check(self, position: int, check: Row, path: str) -> None:
        place = child(path, "sdp")
        texts = self.reader.sequence(check.get("sdp"), place)
        row = self.reader.row(CONNECTION_CHECKS, check, path, known=("sdp",))
        self._add(CONNECTION_CHECKS, {**row, "check": position, "sdp_count": len(texts)})
        for number, text in enumerate(texts):
            value = self.reader.value(SDP["sdp"], text, f"{place}[{number}]")
            self._add(SDP, {"check": position, "position": number, "sdp": value})

    def _pair(self, transport: str, position: int, pair: Row, path: str) -> None:
        row = self.reader.row(CANDIDATE_PAIRS, pair, path, transport=transport, position=position)
        seconds = row["current_round_trip_time"]
        kind = row["local_candidate_type"]
        relayed = None if kind is None else kind == "relay"
        protocol = (row["local_candidate_protocol"] or "").lower() or None
        if relayed:
            protocol = _url_protocol(row["local_candidate_url"]) or protocol
        derived = {"rtt_ms": 1000 * seconds if seconds else None, "relayed": relayed, "path_protocol": protocol}
        self._add(CANDIDATE_PAIRS, {**row, **derived})

    def _cumulative(self, quality: Row, path: str) -> None:
        blocks = {f"{series}_cumulative": series for series in SERIES}
        self.reader.unknown(quality, {*SERIES, *blocks}, path)
        for key, series in blocks.items():
            place = child(path, key)
            media, _, direction = series.rpartition("_")
            fixed = {"media": media, "direction": direction}
            for metric, value in self.reader.mapping(quality.get(key), place).items():
                where = child(place, metric)
                if metric not in CUMULATIVE_STATISTICS:
                    self.reader.problems.unknown_key(where)
                elif CUMULATIVE_STATISTICS[metric]:
                    for statistic, number in self.reader.mapping(value, where).items():
                        if statistic in CUMULATIVE_STATISTICS[metric]:
                            self._statistic(fixed, metric, statistic, number, child(where, statistic))
                        else:
                            self.reader.problems.unknown_key(child(where, statistic))
                else:
                    self._statistic(fixed, metric, "value", value, where)

    def _statistic(self, fixed: Row, metric: str, statistic: str, value: Any, path: str) -> None:
        number = self.reader.value(CUMULATIVE["value"], value, path)
        unit = "share of samples" if statistic.endswith("fraction") else _UNITS.get(metric, "")
        self._add(CUMULATIVE, {**fixed, "metric": metric, "statistic": statistic, "value": number, "unit": unit})


_UNITS = {name: metric.unit for name, metric in CUMULATIVE_METRICS.items()}


def _url_protocol(url: str | None) -> str | None:
    """Tell how a TURN server is reached from its URL (RFC 7065): its scheme and its transport parameter."""
    if not url:
        return None
    lowered = url.lower()
    if lowered.startswith("turns:"):
        return "tls" if "transport=udp" not in lowered else "dtls"
    if "transport=tcp" in lowered:
        return "tcp"
    return "udp" if "transport=udp" in lowered else None
