"""The rules on participants: paths, hidden tabs, clocks, and what cannot be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.findings.context import OPEN_END, Context, micros
from rtkit_explore.findings.rules.rule import LASTING, ON_PATH, Observation, Rule
from rtkit_explore.findings.stream_arrays import NO_TIME
from rtkit_explore.measures.network_paths import (
    MEDIA_BYTES,
    by_transport,
    candidate_pairs_of,
    path_changes,
    paths_in_use,
)
from rtkit_explore.measures.plausibility import implausible
from rtkit_explore.table_schema.labels import media_words, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.profiles import Profile
    from rtkit_explore.measures.network_paths import CandidatePair, NetworkPath

_CONNECTS_US = 20_000_000
_MOST_HEARD = 8
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
    """Find who went through a TURN server, and from when to when; over TCP or TLS it is held against the profile."""
    for peer, paths in paths_of(context).items():
        relayed = [path for path in paths if path.relayed]
        if not relayed:
            continue
        protocols = sorted({path.protocol for path in relayed if path.protocol})
        over = " and ".join(name.upper() for name in protocols) or "an unknown protocol"
        window = (min(path.start for path in relayed), max(path.end for path in relayed))
        yield own_connection(
            context,
            peer,
            window,
            1.0,
            f"through a TURN server over {over}",
            judged=any(name in ("tcp", "tls") for name in protocols),
        )


def pairs_of(context: Context) -> dict[str, list[CandidatePair]]:
    """Return the candidate pairs of each participant, read once."""
    return context.once("pairs", lambda: candidate_pairs_of(context.call.candidate_pairs))


def paths_of(context: Context) -> dict[str, list[NetworkPath]]:
    """Return the paths that carried media, by participant and in the order of their use."""
    found = {peer: paths_in_use(mine, *span_of(context, peer)) for peer, mine in pairs_of(context).items()}
    return {peer: paths for peer, paths in found.items() if paths}


def own_connection(
    context: Context, peer: str, window: tuple[int, int], value: float, detail: str, *, judged: bool = False
) -> Observation:
    """Observe something on a participant's connection, which that participant's own report shows."""
    return Observation(
        peer,
        window,
        value,
        detail,
        judged,
        side="connection",
        side_peer=peer,
        confidence="medium",
        evidence_for=[f"{context.name(peer)}'s own report shows it"],
    )


def _path_changed(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Note when a transport left one path for another, to the second, and both networks."""
    for peer, paths in paths_of(context).items():
        for change in path_changes(paths):
            found = own_connection(context, peer, (change.at, change.at), 2.0, change.words)
            found.side, found.confidence = "connection", "medium"
            yield found


def _of_transport(found: Observation, transport: str) -> Observation:
    """Put an observation on the direction that a transport carries."""
    found.side = "receiver_downlink" if transport == "consuming" else "sender_uplink"
    return found


def _one_way(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find connections with a nominated pair through which no media went for 20 s and more."""
    seen: set[tuple[str, str]] = set()
    for peer, mine in pairs_of(context).items():
        one, two = span_of(context, peer)
        lasted = (two - one) / 1e6 if NO_TIME not in (one, two) else 0.0
        for transport, pairs in by_transport(mine).items():
            direction = "consumer" if transport == "consuming" else "producer"
            streams = [stream for stream in context.of_peer.get(peer, ()) if stream.direction == direction]
            flowed = sum(stream.packets for stream in streams)
            sent, received = sum(pair.sent for pair in pairs), sum(pair.received for pair in pairs)
            known, chosen = any(pair.counted for pair in pairs), any(pair.nominated for pair in pairs)
            dead = streams and flowed <= 0 and min(sent, received) <= 0
            text = f"sent {sent:.0f} B, received {received:.0f} B"
            if not (chosen and known and dead and lasted >= 20) or (peer, text) in seen:
                continue
            seen.add((peer, text))
            found = own_connection(context, peer, (one, two), min(sent, received), f"{transport}: {text}", judged=True)
            yield _of_transport(found, transport)


def _never_connected(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find who had tracks on, or a connection in the making, and never a packet in either direction: zero is known."""
    dead = {peer: span for peer in context.reporting for span in [_dead_span(context, peer)] if span is not None}
    alone = len(dead) == 1 and len(context.reporting) > 2
    for peer, (one, two) in dead.items():
        found = Observation(peer, (one, two), (two - one) / 1e6, judged=True)
        if alone:
            found.side, found.side_peer, found.confidence = "connection", peer, "high"
            found.evidence_for.append("everybody else was connected")
        else:
            found.side, found.confidence = "between", "low"
            found.evidence_against.append("nobody else's report tells whose network refused the connection")
        found.evidence_for.insert(0, f"{context.name(peer)}'s own report: samples without a packet, no pair that works")
        yield found


def _dead_span(context: Context, peer: str) -> tuple[int, int] | None:
    """Return from when to when a participant tried to send and receive, if not a packet ever went through."""
    mine = pairs_of(context).get(peer, [])
    moved = sum(pair.sent + pair.received for pair in mine)
    streams = context.of_peer.get(peer, [])
    counted = any(bool((context.arrays["packets"][stream.rows] >= 0).any()) for stream in streams)
    if (streams and not counted) or sum(stream.packets for stream in streams) > 0 or moved > MEDIA_BYTES:
        return None
    sent = [stream for stream in streams if not stream.consumer]
    if not sent and not mine:
        return None
    one, two = span_of(context, peer)
    return (one, two) if NO_TIME not in (one, two) and two - one >= _CONNECTS_US else None


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
            evidence_for=["times of the report against joining and leaving, and against what both ends counted"],
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
            values = f"{title_of(name)}: {len(mine)} value{'s' if len(mine) > 1 else ''}"
            if name == "loss_pct":
                # More lost than was sent: a report that came late. How much more says nothing: no share is above 100.
                worst, detail = 100.0, f"{values} above 100 %, from reports that came late"
            else:
                detail = f"{values}, up to {worst:g}"
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
            f"{_NO_REPORT[str(report)]}, which is not the same as fine; {_heard_of(context, str(peer))}",
            evidence_against=["no report"],
        )


def _heard_of(context: Context, peer: str) -> str:
    """Say what the others' reports tell of somebody without one."""
    arrays = context.arrays
    heard: dict[str, list[float]] = {}
    for stream in arrays.streams:
        if stream.consumer and stream.remote == peer and stream.media == "audio" and stream.packets > 0:
            lost, judged = arrays["lost"][stream.rows], arrays["judged"][stream.rows]
            share = 100 * float(np.nansum(lost)) / max(1.0, float(np.nansum(judged)))
            heard.setdefault(context.name(stream.peer), []).append(share)
    if not heard:
        return "nobody's report tells of their media either"
    each = [f"{name} ({max(shares):.1f} % lost)" for name, shares in heard.items()]
    told = ", ".join(each[:_MOST_HEARD]) + (f" and {len(each) - _MOST_HEARD} others" if len(each) > _MOST_HEARD else "")
    return f"what others heard of them is known: {told}"


def _shown_too_little(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say which stream had too little."""
    stream = candidate.stream
    media = media_words(stream.media) if stream else "media"
    got = stream is not None and stream.consumer
    what = f"{words['me']} got {words['remote']}'s {media}" if got else f"{words['me']} sent {media}"
    return f"{what}: too little to judge ({words['worst']} packets in {candidate.detail})"


NEVER_CONNECTED = Rule(
    "never_connected",
    "connectivity",
    "s",
    "not connected",
    "{me} never got connected: not one packet went through in either direction",
    "Look at the firewalls of both networks: is UDP blocked, could a TURN server be reached in the check before the "
    "call?",
    find=_never_connected,
    drawn="timeline",
)
RELAYED = Rule(
    "relayed",
    "connectivity",
    "relay",
    "relayed",
    "{me}'s media went {detail}",
    "See whether UDP is blocked on that network; the network paths show which way was taken.",
    says_side=True,
    find=_relayed,
    tags=frozenset({ON_PATH, LASTING}),
    drawn="paths",
)
PATH_CHANGED = Rule(
    "path_changed",
    "connectivity",
    "paths",
    "paths",
    "{me}'s network path changed {detail}",
    "Ask why that network was left: out of Wi-Fi range, a VPN, a router that started anew?",
    find=_path_changed,
    tags=frozenset({ON_PATH}),
    drawn="paths",
)
ONE_WAY_TRANSPORT = Rule(
    "one_way_transport",
    "connectivity",
    "B",
    "bytes",
    "Nothing went through {me}'s connection ({detail})",
    "Look at the firewalls of that network: could a TURN server be reached in the check before the call?",
    find=_one_way,
    low=True,
    drawn="paths",
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
    "{me} reports impossible values ({detail}), which were left out",
    "Nothing of the call: the values were left out of every figure.",
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
    "{me}: {detail}",
    "Fetch the report again; what the others received of this participant is in theirs.",
    find=_no_report,
    timed=False,
    drawn="timeline",
)
