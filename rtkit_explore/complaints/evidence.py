"""What in a call could show a symptom, how much of it was sampled, which findings show it, and what else explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.findings.context import OPEN_END
from rtkit_explore.local_time import zone_label
from rtkit_explore.table_schema.labels import media_words
from rtkit_explore.tables.frames import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from rtkit_explore.call import Call
    from rtkit_explore.complaints.symptoms import Symptom

SLACK = pd.Timedelta(seconds=14)
"""Two samples: a complaint's time and a sample's need not agree to the second."""
_PERSONAL = ("never_connected", "one_way_transport", "device_lost")
"""Rules on a participant that silence all of the streams of one kind."""
_CUT_OFF = ("never_connected", "one_way_transport", "interrupted")
_DEVICES = {"audio": "microphone", "video": "camera", "screenshare_video": "screen share"}
_SHORTEST_OFF = pd.Timedelta(seconds=5)
_CHECKED: dict[str, Any] = {
    "stream": TEXT, "peer_id": TEXT, "remote_peer_id": TEXT, "media": TEXT, "direction": TEXT, "samples": "Int64",
    "covered_s": "float64", "asked_s": "float64", "covered": "float64",
}  # fmt: skip


def streams_that_show(call: Call, symptom: Symptom, mine: Sequence[str], named: Sequence[str]) -> pd.DataFrame:
    """Return the streams that could show a symptom: both ends where another participant's report has the other one."""
    streams = call.streams
    media = streams["media"].astype("object")
    consumer = (streams["direction"] == "consumer").to_numpy(dtype=bool)
    fits = media.isin(symptom.media) if symptom.media else pd.Series(data=True, index=streams.index)
    by_me, from_me = streams["peer_id"].isin(mine), streams["remote_peer_id"].isin(mine)
    if symptom.direction == "received":
        chosen = by_me & consumer & (streams["remote_peer_id"].isin(named) if named else True)
    elif symptom.direction == "sent":
        chosen = (by_me & ~consumer) | (from_me & consumer & (streams["peer_id"].isin(named) if named else True))
    else:
        chosen = by_me
    return streams[fits & chosen]


def coverage(
    call: Call,
    streams: pd.DataFrame,
    mine: Sequence[str],
    window: tuple[datetime, datetime],
    span: tuple[datetime, datetime],
) -> pd.DataFrame:
    """Tell how much of the asked time the samples of each stream cover, while the customer was there."""
    begin, end = (pd.Timestamp(one) for one in window)
    people = call.participants[call.participants["peer_id"].isin(mine)]
    here = [
        (
            max(begin, one if not pd.isna(one) else pd.Timestamp(span[0])),
            min(end, two if not pd.isna(two) else pd.Timestamp(span[1])),
        )
        for one, two in zip(people["joined_at"], people["left_at"], strict=True)
    ]
    asked = sum(max(0.0, (two - one).total_seconds()) for one, two in here) or (end - begin).total_seconds()
    quality = call.quality
    known = quality[quality["interval_s"].notna() & (quality["end"] > begin) & (quality["start"] < end)]
    known = known[~known["gap"].fillna(value=False).astype(bool)]
    rows: list[dict[str, Any]] = []
    for stream in streams.itertuples():
        own = known[(known["stream_id"] == stream.stream_id) & (known["peer_id"] == stream.peer_id)]
        own = own.drop_duplicates("end")
        covered = (
            (own["end"].where(own["end"] < end, end) - own["start"].where(own["start"] > begin, begin))
            .dt.total_seconds()
            .sum()
        )
        who, remote = (call.names.get(str(one), "somebody") for one in (stream.peer_id, stream.remote_peer_id))
        what = media_words(str(stream.media))
        rows.append(
            {
                "stream": f"{who} gets {remote}'s {what}" if stream.direction == "consumer" else f"{who} sends {what}",
                "peer_id": stream.peer_id,
                "remote_peer_id": stream.remote_peer_id,
                "media": str(stream.media),
                "direction": str(stream.direction),
                "samples": len(own),
                "covered_s": float(covered),
                "asked_s": float(asked),
                "covered": min(1.0, float(covered) / asked) if asked > 0 else 0.0,
            }
        )
    return pd.DataFrame(rows, columns=list(_CHECKED)).astype(_CHECKED)


def findings_for(
    call: Call,
    found: pd.DataFrame,
    symptom: Symptom,
    mine: Sequence[str],
    named: Sequence[str],
    window: tuple[datetime, datetime],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings that show a symptom, and those that explain them: of the same side, at the same time."""
    told = found[(found["severity"] != "note") & _in_time(found, window)]
    remote = _remote_of(call, told)
    reported, from_me = told["peer_id"].isin(mine), remote.isin(mine)
    consumer = (told["direction"] == "consumer").to_numpy(dtype=bool)
    personal = told["stream_id"].isna()
    fits = told["rule"].isin(symptom.rules)
    media = (
        told["media"].astype("object").isin(symptom.media) if symptom.media else pd.Series(data=True, index=told.index)
    )
    if symptom.direction == "received":
        whom = remote.isin(named) if named else pd.Series(data=True, index=told.index)
        # The round trip is measured on what is sent, and is felt on what is received.
        felt = consumer | told["rule"].eq("round_trip").to_numpy()
        direct = fits & reported & felt & media & (whom | ~pd.Series(consumer, index=told.index))
        # What the sender's own report says of the same media is the other end of the same complaint.
        streams = call.streams
        heard = (
            streams["peer_id"].isin(mine) & streams["direction"].eq("consumer") & streams["media"].isin(symptom.media)
        )
        senders = set(named) or set(streams.loc[heard, "remote_peer_id"].dropna())
        there = told["peer_id"].isin(senders)
        direct |= fits & there & ((~consumer & media & ~personal) | told["rule"].isin(_PERSONAL))
        # Whoever never got through, or was cut off, hears and sees nobody.
        direct |= reported & personal & told["rule"].isin(_CUT_OFF)
    elif symptom.direction == "sent":
        whom = told["peer_id"].isin(named) if named else pd.Series(data=True, index=told.index)
        direct = fits & ((reported & ((~consumer & media) | personal)) | (from_me & consumer & media & whom))
    else:
        direct = fits & reported
    shown = told[direct]
    if shown.empty:
        return shown, shown
    sides = set(shown["side_peer_id"].dropna())
    begin, end = shown["start"].min() - SLACK, shown["end"].max() + SLACK
    near = ~(told["end"] < begin) & ~(told["start"] > end)
    cause = ~direct & near & told["side_peer_id"].isin(sides) & (reported | told["peer_id"].isin(sides))
    return shown, told[cause].head(4)


def _in_time(found: pd.DataFrame, window: tuple[datetime, datetime]) -> pd.Series[bool]:
    begin, end = (pd.Timestamp(one) for one in window)
    return ~(found["end"] < begin - SLACK) & ~(found["start"] > end + SLACK)


def _remote_of(call: Call, found: pd.DataFrame) -> pd.Series[Any]:
    """Return for each finding the participant at the other end of its stream."""
    streams = call.streams.drop_duplicates("stream_id")
    remote = dict(zip(streams["stream_id"], streams["remote_peer_id"], strict=True))
    return found["stream_id"].map(lambda one: remote.get(one) if isinstance(one, str) else None).astype("object")


def explanations_of(
    call: Call,
    symptom: Symptom,
    mine: Sequence[str],
    named: Sequence[str],
    window: tuple[datetime, datetime],
    tz: tzinfo,
) -> tuple[str, ...]:
    """
    Say what explains a symptom without a fault: something switched off, or a tab in the background.

    That one of many was muted does not explain that nobody was heard: who was not named has to be the only other one.
    """
    if not symptom.explained_by:
        return ()
    context = call.judging
    begin, end = (pd.Timestamp(one) for one in window)
    others = [peer for peer in call.names if peer not in mine]
    senders = list(mine) if symptom.direction == "sent" else list(named) or (others if len(others) == 1 else [])
    kinds = dict.fromkeys("audio" if one == "screenshare_audio" else one for one in symptom.media)
    spells = [
        (peer, f"{context.name(peer)}'s {_DEVICES[kind]} was switched off", one)
        for peer in senders
        for kind in kinds
        for one in context.off.get((peer, kind), ())
    ]
    if symptom.direction == "received" and "video" in kinds:
        spells += [
            (peer, f"{context.name(peer)}'s tab was in the background", one)
            for peer in mine
            for one in context.hidden.get(peer, ())
        ]
    told = []
    for peer, words, (first, last) in spells:
        ahead = pd.Timedelta(seconds=context.arrays.shifts.get(peer, 0.0))
        one = max(pd.Timestamp(first, unit="us", tz="UTC") - ahead, begin)
        two = end if last == OPEN_END else min(pd.Timestamp(last, unit="us", tz="UTC") - ahead, end)
        if two - one >= _SHORTEST_OFF:
            told.append(
                f"{words} from {one.tz_convert(tz):%H:%M:%S} to {two.tz_convert(tz):%H:%M:%S} ({zone_label(tz)})."
            )
    return tuple(dict.fromkeys(told))
