"""The rules on participants: paths, reconnects, devices, hidden tabs, and what cannot be judged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rtkit_explore.findings.candidates import Candidate
from rtkit_explore.findings.context import OPEN_END, Context, micros
from rtkit_explore.findings.gaps import gap_candidates
from rtkit_explore.findings.profiles import UNITS, Profile, Severity
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.measures.plausibility import implausible

_FACT = "a fact, no threshold"
_MEDIA_BYTES = 10_000.0
"""A pair with less has carried checks, or the first packets before another was chosen."""
_REJOIN_US = 180_000_000
_SAME_TROUBLE_US = 10_000_000
REFUSALS = ("denied", "system_denied", "could_not_start", "no_devices_available")


def participant_candidates(context: Context, profile: Profile) -> list[Candidate]:
    """Apply the rules on participants; facts are stated under every profile."""
    return [
        *_paths(context, profile),
        *_reconnects(context, profile),
        *_devices(context, profile),
        *_hidden(context),
        *_unjudged(context, profile),
    ]


def _span(context: Context, peer: str) -> tuple[int, int]:
    """When a participant was there: by the samples, else by the list of participants."""
    if peer in context.spans:
        return context.spans[peer]
    people = context.call.participants
    mine = people[people["peer_id"] == peer]
    joined = micros(mine["joined_at"])
    left = micros(mine["left_at"])
    one = joined[0] if joined else NO_TIME
    return one, (left[0] if left and left[0] != NO_TIME else one)


def fact(rule: str, peer: str, span: tuple[int, int], value: float, detail: str) -> Candidate:
    """Make a note on a participant."""
    return Candidate(rule, "note", peer, None, *span, value, float("nan"), UNITS[rule], _FACT, value, detail=detail)


def _judged(profile: Profile, rule: str, value: float, *, low: bool = False) -> tuple[Severity, float, str] | None:
    """Return the severity that a value reaches at or beyond a threshold, that threshold and its source."""
    for limit in profile.of(rule):
        for severity, threshold in reversed(limit.levels):
            if value <= threshold if low else value >= threshold:
                return severity, threshold, limit.source
    return None


def _paths(context: Context, profile: Profile) -> list[Candidate]:
    pairs = context.call.candidate_pairs
    found: list[Candidate] = []
    for peer, mine in pairs[pairs["peer_id"].notna()].groupby("peer_id", sort=False):
        who = str(peer)
        span = _span(context, who)
        chosen = mine[mine["nominated"].fillna(value=False).astype(bool)]
        moved = mine["bytes_sent"].fillna(0) + mine["bytes_received"].fillna(0)
        carried = mine[moved > _MEDIA_BYTES]
        used = carried if len(carried) else chosen
        relayed = used[used["relayed"].fillna(value=False).astype(bool)]
        if len(relayed):
            protocols = sorted({str(value) for value in relayed["path_protocol"].dropna()})
            slow = [name for name in protocols if name in ("tcp", "tls")]
            over = " and ".join(name.upper() for name in protocols) or "an unknown protocol"
            detail = f"through a TURN server over {over}"
            candidate = fact("relayed", who, span, 1.0, detail)
            judged = _judged(profile, "relayed", 1.0) if slow else None
            if judged:
                candidate.severity, candidate.threshold, candidate.source = judged
            found.append(candidate)
        for transport, part in mine.groupby("transport", observed=True):
            found += _of_transport(context, profile, who, str(transport), part)
    return _once(found)


def _once(candidates: list[Candidate]) -> list[Candidate]:
    """Keep one of equal findings: some clients use one connection for both transports and list it twice."""
    seen: dict[tuple[str, str | None, str], Candidate] = {}
    for candidate in candidates:
        seen.setdefault((candidate.rule, candidate.peer, candidate.detail.rsplit(":", maxsplit=1)[-1]), candidate)
    return list(seen.values())


def _of_transport(
    context: Context, profile: Profile, peer: str, transport: str, pairs: pd.DataFrame
) -> list[Candidate]:
    found: list[Candidate] = []
    span = _span(context, peer)
    moved = pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)
    chosen = pairs["nominated"].fillna(value=False).astype(bool)
    used = pairs[(moved > _MEDIA_BYTES) | (chosen & (moved > 0))]
    paths = used[["local_candidate_id", "remote_candidate_id", "local_candidate_port", "remote_candidate_port"]]
    count = len(paths.drop_duplicates())
    if count > 1:
        kinds = ", ".join(sorted({str(kind) for kind in used["local_candidate_type"].dropna()}))
        detail = f"{transport}: {count} pairs carried media ({kinds})"
        found.append(fact("path_changed", peer, span, float(count), detail))
    known = pairs["bytes_sent"].notna().any() and pairs["bytes_received"].notna().any()
    direction = "consumer" if transport == "consuming" else "producer"
    streams = [stream for stream in context.of_peer.get(peer, ()) if stream.direction == direction]
    flowed = sum(stream.packets for stream in streams)
    lasted = (span[1] - span[0]) / 1e6 if NO_TIME not in span else 0.0
    if chosen.any() and known and streams and flowed <= 0 and lasted >= 20:
        sent, received = float(pairs["bytes_sent"].sum()), float(pairs["bytes_received"].sum())
        judged = _judged(profile, "one_way_transport", min(sent, received), low=True)
        if judged:
            detail = f"{transport}: sent {sent:.0f} B, received {received:.0f} B"
            candidate = fact("one_way_transport", peer, span, min(sent, received), detail)
            candidate.severity, candidate.threshold, candidate.source = judged
            found.append(candidate)
    return found


def _reconnects(context: Context, profile: Profile) -> list[Candidate]:
    call = context.call
    when: dict[str, list[int]] = {}
    how: dict[str, list[str]] = {}
    events = call.events[call.events["timestamp"].notna() & call.events["peer_id"].notna()]
    events = events.sort_values("timestamp", kind="stable")
    dropped: dict[str, int] = {}
    for peer, name, time in zip(events["peer_id"], events["name"].fillna(""), micros(events["timestamp"]), strict=True):
        plain = str(name).lower()
        if plain == "disconnect":
            dropped[peer] = time
        again = plain in ("transport_connected", "websocket_connected") and dropped.pop(peer, None) is not None
        if plain == "reconnect_attempt" or again:
            last = when.get(peer, [])
            if not last or time - last[-1] > _SAME_TROUBLE_US:
                when.setdefault(peer, []).append(time)
                how.setdefault(peer, []).append("reconnected" if again else "tried to reconnect")
    _rejoins(context, when, how)
    found = []
    for peer, times in when.items():
        judged = _judged(profile, "reconnects", float(len(times)))
        candidate = fact("reconnects", peer, (min(times), max(times)), float(len(times)), how[peer][0])
        if judged:
            candidate.severity, candidate.threshold, candidate.source = judged
        found.append(candidate)
    return found


def _rejoins(context: Context, when: dict[str, list[int]], how: dict[str, list[str]]) -> None:
    """Add those who left and joined again within three minutes: a rejoin makes a new participant id."""
    people = context.call.participants
    known = people[people["user_id"].notna() & people["joined_at"].notna() & people["peer_id"].notna()]
    for _, mine in known.sort_values("joined_at", kind="stable").groupby("user_id", sort=False):
        joined, left = micros(mine["joined_at"]), micros(mine["left_at"])
        peers = [str(peer) for peer in mine["peer_id"]]
        for k in range(1, len(peers)):
            away = joined[k] - left[k - 1] if left[k - 1] != NO_TIME else OPEN_END
            if -_REJOIN_US <= away <= _REJOIN_US:
                ahead = round(1e6 * context.arrays.shifts.get(peers[k], 0.0))
                when.setdefault(peers[k], []).append(joined[k] + ahead)
                how.setdefault(peers[k], []).append("left and joined again under a new id")


def _devices(context: Context, profile: Profile) -> list[Candidate]:
    found: list[Candidate] = []

    def lost(peer: str, time: int, detail: str) -> None:
        candidate = fact("device_lost", peer, (time, time), 1.0, detail)
        judged = _judged(profile, "device_lost", 1.0)
        if judged:
            candidate.severity, candidate.threshold, candidate.source = judged
        found.append(candidate)

    changes = context.call.device_changes
    changes = changes[changes["timestamp"].notna() & changes["peer_id"].notna()].sort_values("timestamp", kind="stable")
    for peer, mine in changes.groupby("peer_id", sort=False):
        selected: dict[str, str] = {}
        gone: dict[int, list[str]] = {}
        rows = zip(
            mine["change"].astype("object"), mine["kind"], mine["device_id"], micros(mine["timestamp"]), strict=True
        )
        for change, kind, device, time in rows:
            if pd.isna(device) or pd.isna(kind):
                continue
            if change == "selected":
                selected[str(kind)] = str(device)
            elif change == "removed" and selected.get(str(kind)) == str(device):
                gone.setdefault(time, []).append(_DEVICES.get(str(kind), str(kind)))
        for time, kinds in gone.items():
            each = list(dict.fromkeys(kinds))
            lost(str(peer), time, f"the {' and the '.join(each)} in use {'was' if len(each) == 1 else 'were'} removed")
    events = context.call.events
    events = events[events["timestamp"].notna() & events["name"].notna() & events["peer_id"].notna()]
    for peer, name, text, time in zip(
        events["peer_id"], events["name"].str.lower(), events["metadata"], micros(events["timestamp"]), strict=True
    ):
        told = "" if pd.isna(text) else str(text).lower()
        if "media_permission" in name and any(f'"{word}"' in told for word in REFUSALS):
            lost(str(peer), time, "the browser may not use a device (permission refused or no device)")
        elif name.endswith("_play_failed"):
            lost(str(peer), time, f"playing {name.split('_', maxsplit=1)[0]} failed")
        elif name.endswith("_track_muted"):
            lost(str(peer), time, f"the system muted the {name.split('_', maxsplit=1)[0]} track")
    return found


_DEVICES = {"audioinput": "microphone", "audiooutput": "speaker", "videoinput": "camera"}


def _hidden(context: Context) -> list[Candidate]:
    found = []
    for peer, windows in context.hidden.items():
        for one, two in windows:
            end = two if two != OPEN_END else max(context.spans.get(peer, (one, one))[1], one)
            found.append(fact("hidden", peer, (one, end), (end - one) / 1e6, "the tab was in the background"))
    return found


def _unjudged(context: Context, profile: Profile) -> list[Candidate]:
    """Gaps, resets, implausible values and streams with too little: notes, one a participant where they coincide."""
    arrays = context.arrays
    found: list[Candidate] = []
    for peer, mine in context.of_peer.items():
        little = [
            stream
            for stream in mine
            if stream.packets > 0
            and (stream.packets < profile.fewest_packets or stream.seconds < profile.fewest_seconds)
        ]
        for stream in little:
            candidate = fact(
                "too_little", peer, (stream.first_us, stream.last_us), stream.packets, f"{stream.seconds:.0f} s"
            )
            candidate.stream, candidate.threshold = stream, profile.fewest_packets
            candidate.source = "Teams CQD (500 packets), Pexip (20 s)"
            candidate.rows = (int(arrays.row[stream.rows].min()), int(arrays.last_row[stream.rows].max()))
            found.append(candidate)
    return [*gap_candidates(context), *found, *_implausible(context)]


def _implausible(context: Context) -> list[Candidate]:
    quality = context.call.quality
    flags = implausible(quality)
    if not flags.to_numpy().any():
        return []
    found = []
    ends = pd.DatetimeIndex(quality["end"]).as_unit("us").asi8
    peers = quality["peer_id"].to_numpy(dtype=object)
    for name in flags.columns[flags.any()]:
        rows = np.flatnonzero(flags[name].to_numpy())
        for peer in dict.fromkeys(peers[rows]):
            mine = rows[peers[rows] == peer]
            worst = float(quality[name].iloc[mine].abs().max())
            timed = ends[mine]
            detail = f"{name}: {len(mine)} value{'s' if len(mine) > 1 else ''}, up to {worst:g}"
            candidate = fact("implausible", peer, (int(timed.min()), int(timed.max())), worst, detail)
            candidate.unit, candidate.rows, candidate.count = name, (int(mine.min()), int(mine.max())), len(mine)
            found.append(candidate)
    return found
