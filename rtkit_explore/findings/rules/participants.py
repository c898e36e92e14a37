"""The rules on participants: paths, reconnects, devices, hidden tabs, clocks, and what cannot be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.findings.context import OPEN_END, Context, micros
from rtkit_explore.findings.rules.rule import FOLLOWS_OUTAGE, Observation, Rule
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.measures.plausibility import implausible
from rtkit_explore.table_schema.labels import media_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.profiles import Profile

_MEDIA_BYTES = 10_000.0
"""A pair with less has carried checks, or the first packets before another was chosen."""
_REJOIN_US = 180_000_000
_SAME_TROUBLE_US = 10_000_000
REFUSALS = ("denied", "system_denied", "could_not_start", "no_devices_available")
_DEVICES = {"audioinput": "microphone", "audiooutput": "speaker", "videoinput": "camera"}
_NO_REPORT = {
    "missing": "there is no report",
    "failed": "the report could not be read",
    "not_fetched": "the report was not fetched",
}


def span_of(context: Context, peer: str) -> tuple[int, int]:
    """Return when a participant was there: by the samples, else by the list of participants."""
    if peer in context.spans:
        return context.spans[peer]
    people = context.call.participants
    mine = people[people["peer_id"] == peer]
    joined = micros(mine["joined_at"])
    left = micros(mine["left_at"])
    one = joined[0] if joined else NO_TIME
    return one, (left[0] if left and left[0] != NO_TIME else one)


# Paths -----------------------------------------------------------------------------------------------------------


def _relayed(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find who went through a TURN server; over TCP or TLS it is held against the profile."""
    pairs = context.call.candidate_pairs
    for peer, mine in pairs[pairs["peer_id"].notna()].groupby("peer_id", sort=False):
        chosen = mine[mine["nominated"].fillna(value=False).astype(bool)]
        moved = mine["bytes_sent"].fillna(0) + mine["bytes_received"].fillna(0)
        carried = mine[moved > _MEDIA_BYTES]
        used = carried if len(carried) else chosen
        relayed = used[used["relayed"].fillna(value=False).astype(bool)]
        if relayed.empty:
            continue
        protocols = sorted({str(value) for value in relayed["path_protocol"].dropna()})
        over = " and ".join(name.upper() for name in protocols) or "an unknown protocol"
        yield _own(
            context,
            str(peer),
            span_of(context, str(peer)),
            1.0,
            f"through a TURN server over {over}",
            judged=any(name in ("tcp", "tls") for name in protocols),
        )


def _own(
    context: Context, peer: str, window: tuple[int, int], value: float, detail: str, *, judged: bool = False
) -> Observation:
    """Observe something on a participant's connection, which that participant's own report shows."""
    return Observation(
        peer,
        window,
        value,
        detail,
        judged,
        side="sender_uplink",
        side_peer=peer,
        confidence="medium",
        evidence_for=[f"{context.name(peer)}'s own report shows it"],
    )


def _transports(context: Context) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Walk the pairs by participant and transport."""
    pairs = context.call.candidate_pairs
    for peer, mine in pairs[pairs["peer_id"].notna()].groupby("peer_id", sort=False):
        for transport, part in mine.groupby("transport", observed=True):
            yield str(peer), str(transport), part


def _path_changed(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note that several pairs of one transport carried media."""
    seen: set[tuple[str, str]] = set()
    for peer, transport, pairs in _transports(context):
        moved = pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)
        chosen = pairs["nominated"].fillna(value=False).astype(bool)
        used = pairs[(moved > _MEDIA_BYTES) | (chosen & (moved > 0))]
        paths = used[["local_candidate_id", "remote_candidate_id", "local_candidate_port", "remote_candidate_port"]]
        count = len(paths.drop_duplicates())
        if count < 2:
            continue
        kinds = ", ".join(sorted({str(kind) for kind in used["local_candidate_type"].dropna()}))
        text = f"{count} pairs carried media ({kinds})"
        # Some clients use one connection for both transports and list it twice.
        if (peer, text) in seen:
            continue
        seen.add((peer, text))
        found = _own(context, peer, span_of(context, peer), float(count), f"{transport}: {text}")
        yield _of_transport(found, transport)


def _of_transport(found: Observation, transport: str) -> Observation:
    """Put an observation on the direction that a transport carries."""
    if transport == "consuming":
        found.side = "receiver_downlink"
    return found


def _one_way(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find connections with a nominated pair through which no media went for 20 s and more."""
    seen: set[tuple[str, str]] = set()
    for peer, transport, pairs in _transports(context):
        span = span_of(context, peer)
        known = pairs["bytes_sent"].notna().any() and pairs["bytes_received"].notna().any()
        direction = "consumer" if transport == "consuming" else "producer"
        streams = [stream for stream in context.of_peer.get(peer, ()) if stream.direction == direction]
        flowed = sum(stream.packets for stream in streams)
        lasted = (span[1] - span[0]) / 1e6 if NO_TIME not in span else 0.0
        chosen = pairs["nominated"].fillna(value=False).astype(bool)
        sent, received = float(pairs["bytes_sent"].sum()), float(pairs["bytes_received"].sum())
        dead = streams and flowed <= 0 and min(sent, received) <= 0
        if not (chosen.any() and known and dead and lasted >= 20):
            continue
        text = f"sent {sent:.0f} B, received {received:.0f} B"
        if (peer, text) in seen:
            continue
        seen.add((peer, text))
        yield _of_transport(
            _own(context, peer, span, min(sent, received), f"{transport}: {text}", judged=True), transport
        )


# Reconnects ------------------------------------------------------------------------------------------------------


def _reconnects(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Count, per participant, reconnects told by events, and rejoins under a new id."""
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
    for peer, times in when.items():
        found = _own(context, peer, (min(times), max(times)), float(len(times)), how[peer][0], judged=True)
        found.evidence_against.append("the service may have dropped the connection")
        yield found


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


# Devices ---------------------------------------------------------------------------------------------------------


def _devices(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find devices that were removed while in use, refused, or muted by the system."""
    for peer, time, detail in (*_removed(context), *_refused(context)):
        yield Observation(
            peer,
            (time, time),
            1.0,
            detail,
            judged=True,
            side="sender",
            side_peer=peer,
            confidence="high",
            evidence_for=[f"{context.name(peer)}'s own client reports it"],
        )


def _removed(context: Context) -> Iterator[tuple[str, int, str]]:
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
            was = "was" if len(each) == 1 else "were"
            yield str(peer), time, f"the {' and the '.join(each)} in use {was} removed"


def _refused(context: Context) -> Iterator[tuple[str, int, str]]:
    events = context.call.events
    events = events[events["timestamp"].notna() & events["name"].notna() & events["peer_id"].notna()]
    for peer, name, text, time in zip(
        events["peer_id"], events["name"].str.lower(), events["metadata"], micros(events["timestamp"]), strict=True
    ):
        told = "" if pd.isna(text) else str(text).lower()
        if "media_permission" in name and any(f'"{word}"' in told for word in REFUSALS):
            yield str(peer), time, "the browser may not use a device (permission refused or no device)"
        elif name.endswith("_play_failed"):
            yield str(peer), time, f"playing {name.split('_', maxsplit=1)[0]} failed"
        elif name.endswith("_track_muted"):
            yield str(peer), time, f"the system muted the {name.split('_', maxsplit=1)[0]} track"


# What explains other findings, and what cannot be judged ----------------------------------------------------------


def _hidden(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note when a tab was in the background: browsers slow it down."""
    for peer, windows in context.hidden.items():
        for one, two in windows:
            end = two if two != OPEN_END else max(context.spans.get(peer, (one, one))[1], one)
            yield Observation(
                peer,
                (one, end),
                (end - one) / 1e6,
                side="receiver",
                side_peer=peer,
                confidence="high",
                evidence_for=[f"{context.name(peer)}'s own client reports it"],
            )


def _clock_offset(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note whose clock is off: it explains why times do not agree."""
    for peer, offset in context.arrays.shifts.items():
        yield Observation(
            peer,
            context.spans.get(peer, (NO_TIME, NO_TIME)),
            offset,
            f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'}",
            side_peer=peer,
            confidence="medium",
            evidence_for=["matching times and increments of both ends"],
        )


def _implausible(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note values that are off the scale, once a participant and measure."""
    quality = context.call.quality
    flags = implausible(quality)
    if not flags.to_numpy().any():
        return
    ends = pd.DatetimeIndex(quality["end"]).as_unit("us").asi8
    peers = quality["peer_id"].to_numpy(dtype=object)
    for name in flags.columns[flags.any()]:
        rows = np.flatnonzero(flags[name].to_numpy())
        for peer in dict.fromkeys(peers[rows]):
            mine = rows[peers[rows] == peer]
            worst = float(quality[name].iloc[mine].abs().max())
            timed = ends[mine]
            detail = f"{name}: {len(mine)} value{'s' if len(mine) > 1 else ''}, up to {worst:g}"
            yield Observation(
                peer,
                (int(timed.min()), int(timed.max())),
                worst,
                detail,
                unit=name,
                rows=(int(mine.min()), int(mine.max())),
                count=len(mine),
            )


def _too_little(context: Context, profile: Profile) -> Iterator[Observation]:
    """Note streams with less than the profile judges."""
    arrays = context.arrays
    for peer, mine in context.of_peer.items():
        for stream in mine:
            short = stream.packets < profile.fewest_packets or stream.seconds < profile.fewest_seconds
            if stream.packets > 0 and short:
                yield Observation(
                    peer,
                    (stream.first_us, stream.last_us),
                    stream.packets,
                    f"{stream.seconds:.0f} s",
                    stream=stream,
                    rows=(int(arrays.row[stream.rows].min()), int(arrays.last_row[stream.rows].max())),
                    threshold=profile.fewest_packets,
                    source="Teams CQD (500 packets), Pexip (20 s)",
                )


def _no_report(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note who has no report: unknown is not fine."""
    people = context.call.participants
    rows = zip(people["peer_id"], people["report"].astype("object"), micros(people["joined_at"]),
               micros(people["left_at"]), strict=True)  # fmt: skip
    for peer, report, joined, left in rows:
        if pd.isna(peer) or report not in _NO_REPORT:
            continue
        end = left if left != NO_TIME else joined
        yield Observation(
            str(peer),
            (joined, end),
            0.0,
            f"{_NO_REPORT[str(report)]}, which is not the same as fine",
            evidence_against=["no report"],
        )


def _shown_too_little(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say which stream had too little."""
    stream = candidate.stream
    media = media_words(stream.media) if stream else "media"
    got = stream is not None and stream.consumer
    what = f"{words['me']} got {words['remote']}'s {media}" if got else f"{words['me']} sent {media}"
    return f"{what}: too little to judge ({words['worst']} packets in {candidate.detail})"


RELAYED = Rule(
    "relayed",
    "connectivity",
    "relay",
    "relayed",
    "{me}'s media went {detail}",
    "See whether UDP is blocked on that network; candidate_pairs shows the URL that was used.",
    find=_relayed,
    drawn="paths",
)
PATH_CHANGED = Rule(
    "path_changed",
    "connectivity",
    "paths",
    "paths",
    "{me}'s network path changed: {detail}",
    "Look at candidate_pairs: a changed network, or only the first pair before a better one?",
    find=_path_changed,
    drawn="paths",
)
ONE_WAY_TRANSPORT = Rule(
    "one_way_transport",
    "connectivity",
    "B",
    "bytes",
    "Nothing went through {me}'s connection ({detail})",
    "Look at connection_checks (relay_connectivity) and at firewalls.",
    find=_one_way,
    low=True,
    drawn="paths",
)
RECONNECTS = Rule(
    "reconnects",
    "connectivity",
    "times",
    "reconnects",
    "{me} {detail}{times}",
    "Look at events around that time, and at the network of that person.",
    find=_reconnects,
    tags=frozenset({FOLLOWS_OUTAGE}),
    drawn="timeline",
)
DEVICE_LOST = Rule(
    "device_lost",
    "pipeline",
    "events",
    "devices lost",
    "{me}: {detail}",
    "Look at device_changes and events; ask which device was in use.",
    find=_devices,
    drawn="devices",
)
HIDDEN = Rule(
    "hidden",
    "perception",
    "s",
    "in the background",
    "{me}'s tab was in the background",
    "Nothing: it explains other findings of that time.",
    find=_hidden,
    drawn="timeline",
)
CLOCK_OFFSET = Rule(
    "clock_offset",
    "transport",
    "s",
    "clock offset",
    "{me}'s clock runs {detail} the others'; times were compared with that taken off",
    "Nothing of the call: set that machine's clock; times of its report are off by as much.",
    find=_clock_offset,
    timed=False,
    drawn="timeline",
)
IMPLAUSIBLE = Rule(
    "implausible",
    "transport",
    "values",
    "implausible",
    "{me} reports values that cannot be ({detail}); they were left out",
    "Look at the rows of samples; the values were left out.",
    find=_implausible,
)
TOO_LITTLE = Rule(
    "too_little",
    "transport",
    "packets",
    "packets",
    _shown_too_little,
    "Nothing can be said of this stream.",
    find=_too_little,
    low=True,
)
NO_REPORT = Rule(
    "no_report",
    "transport",
    "reports",
    "reports",
    "Nothing is known of {me}'s media: {detail}",
    "Fetch the report again; what the others received of this participant is in theirs.",
    find=_no_report,
    timed=False,
    drawn="timeline",
)
