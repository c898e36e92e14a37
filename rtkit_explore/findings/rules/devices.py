"""The rule on devices: removed while in use, refused, or muted by the system; for how long, and who did not hear it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtkit_explore.findings.context import Context, micros
from rtkit_explore.findings.narrative import listed, when_of
from rtkit_explore.findings.rules.rule import Observation, Rule
from rtkit_explore.table_schema.labels import DEVICE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.profiles import Profile

REFUSALS = ("denied", "system_denied", "could_not_start", "no_devices_available", "canceled")
_TOGETHER_US = 3_000_000
"""A removed device and the track that the system mutes for it are one event."""
_SOON_US = 60_000_000
_WHEN = "{when}"
"""Stands for the time in a sentence that goes on after it."""
_OF_A_KIND = re.compile(r" \((?:microphone|speakers?|camera)\)$", re.IGNORECASE)
_SILENT = 0.55
"""Of the usual bytes a packet: silence compresses to a sixth, and a sample may hold some of both."""


@dataclass
class _Loss:
    """A device lost: whose, when, until when, and in words, with a place for when in the middle or at the end."""

    peer: str
    start: int
    end: int
    text: str
    advice: str = ""


def _devices(context: Context, _profile: Profile) -> Iterator[Observation]:
    """Find devices that were removed while in use, refused, or muted by the system."""
    removed = list(_removed(context))
    told = [
        one
        for one in _told_by_events(context)
        if not any(one.peer == other.peer and abs(one.start - other.start) <= _TOGETHER_US for other in removed)
    ]
    for one in sorted((*removed, *told), key=lambda loss: (loss.start, loss.peer)):
        yield Observation(
            one.peer,
            (one.start, max(one.start, one.end)),
            1.0,
            one.text,
            judged=True,
            advice=one.advice,
            side="sender",
            side_peer=one.peer,
            confidence="high",
            evidence_for=[f"{context.name(one.peer)}'s own client reports it"],
        )


def _removed(context: Context) -> Iterator[_Loss]:
    """Find devices removed while selected, what took over, and whether the microphone fell silent meanwhile."""
    changes = context.call.device_changes
    changes = changes[changes["timestamp"].notna() & changes["peer_id"].notna()].sort_values("timestamp", kind="stable")
    for peer, mine in changes.groupby("peer_id", sort=False):
        rows = [
            (str(change), str(kind), str(device), "" if pd.isna(label) else str(label), time)
            for change, kind, device, label, time in zip(
                mine["change"].astype("object"), mine["kind"], mine["device_id"], mine["label"],
                micros(mine["timestamp"]), strict=True,
            )
            if not (pd.isna(device) or pd.isna(kind))
        ]  # fmt: skip
        selected: dict[str, str] = {}
        gone: dict[int, dict[str, str]] = {}
        for change, kind, device, label, time in rows:
            if change == "selected":
                selected[kind] = device
            elif change == "removed" and selected.get(kind) == device:
                gone.setdefault(time, {})[kind] = label
        for time, kinds in gone.items():
            yield _described(context, str(peer), time, kinds, rows)


def _described(
    context: Context, peer: str, time: int, kinds: dict[str, str], rows: list[tuple[str, str, str, str, int]]
) -> _Loss:
    """Put into words which devices were lost, for how long, what took over, and who did not hear it."""
    names = [DEVICE_KINDS.get(kind, kind) for kind in kinds]
    label = next((label for label in kinds.values() if label), "")
    bare = f" ({_OF_A_KIND.sub('', label)})" if label else ""
    text = f"the {' and the '.join(names)} in use{bare} {'was' if len(names) == 1 else 'were'} removed{_WHEN}"
    after = [row for row in rows if row[0] == "selected" and row[1] in kinds and time <= row[4] <= time + _SOON_US]
    end = time
    if after:
        end = min(row[4] for row in after)
        text += f", until {after[0][3] or 'another one'} took over"
    if "audioinput" in kinds:
        silent = _quiet_until(context, peer, time)
        if silent is not None:
            end = max(end, time + 1) if after else silent
            text += ". The microphone was perhaps silent meanwhile: its audio fell to a fraction of its bitrate"
            text += _who_missed_it(context, peer)
    return _Loss(peer, time, end, text)


def _quiet_until(context: Context, peer: str, time: int) -> int | None:
    """Return until when a participant's audio had as many packets as ever, and a fraction of the bytes."""
    arrays = context.arrays
    for stream in context.of_peer.get(peer, ()):
        if stream.consumer or stream.media != "audio":
            continue
        rows = np.arange(stream.rows.start, stream.rows.stop)
        size = arrays["bytes"][rows] / arrays["packets"][rows]
        if np.isnan(size).all():
            continue
        usual = float(np.nanmedian(size))
        low = rows[(size < _SILENT * usual) & (context.share[rows] >= 60)]
        low = low[(arrays.end[low] > time) & (arrays.start[low] <= time + 7_000_000)]
        if len(low):
            last = int(low[0])
            while (
                last + 1 < stream.rows.stop
                and arrays["bytes"][last + 1] < _SILENT * usual * arrays["packets"][last + 1]
            ):
                last += 1
            return int(arrays.end[last])
    return None


def _who_missed_it(context: Context, peer: str) -> str:
    """Name who listened to a participant."""
    ids = [stream.stream_id for stream in context.of_peer.get(peer, ()) if not stream.consumer]
    heard = dict.fromkeys(other.peer for one in ids for other in context.consumers_of.get(one or "", ()) if other.peer)
    return f", so {listed(context, heard)} perhaps did not hear {context.name(peer)}" if heard else ""


def _told_by_events(context: Context) -> Iterator[_Loss]:
    """Find refused permissions, playing that failed, and tracks muted by the system, in the client's own events."""
    events = context.call.events
    events = events[events["timestamp"].notna() & events["name"].notna() & events["peer_id"].notna()]
    events = events.sort_values("timestamp", kind="stable")
    rows = list(zip(events["peer_id"].astype(str), events["name"].str.lower(), events["metadata"],
                    micros(events["timestamp"]), strict=True))  # fmt: skip
    for peer, name, text, time in rows:
        what = name.split("_", maxsplit=1)[0]
        if "media_permission" in name:
            for kind, status in _permissions(text).items():
                if status in REFUSALS:
                    end = _accepted_after(context, rows, peer, kind, time)
                    yield _Loss(peer, time, end, *_refusal(kind, status))
        elif name.endswith("_play_failed"):
            yield _Loss(peer, time, time, f"playing {what} failed")
        elif name.endswith("_track_muted"):
            yield _Loss(peer, time, time, f"the system muted the {what} track")


def _permissions(text: object) -> dict[str, str]:
    """Read kinds and states of permissions from an event: ``{"kind": "audio", "status": …}`` or ``{"audio": …}``."""
    if not isinstance(text, str):
        return {}
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    plain = {str(key).lower(): str(value).lower() for key, value in told.items() if isinstance(value, str)}
    states = ("accepted", "not_requested", *REFUSALS)
    if not any(value in states for value in plain.values()):
        refused = next((word for word in REFUSALS if f'"{word}"' in text.lower()), None)
        return {"device": refused} if refused is not None else {}
    status = next((value for value in plain.values() if value in states), None)
    kind = next((plain[key] for key in ("kind", "type", "media", "device") if key in plain), None)
    if kind is not None and status is not None:
        return {kind: status}
    return {key: value for key, value in plain.items() if value in states}


def _accepted_after(context: Context, rows: list[tuple[str, str, object, int]], peer: str, kind: str, time: int) -> int:
    """Return until when a permission stayed refused: until it was given, or to the end."""
    for other, name, text, later in rows:
        if other == peer and later > time and "media_permission" in name and _permissions(text).get(kind) == "accepted":
            return later
    return max(time, context.spans.get(peer, (time, time))[1])


def _refusal(kind: str, status: str) -> tuple[str, str]:
    """Say which device was refused and by whom, and what to do about it."""
    device = {"audio": "microphone", "video": "camera", "screenshare": "screen"}.get(kind, kind)
    if status in ("no_devices_available", "could_not_start"):
        why = "there is none" if status == "no_devices_available" else "it could not be started"
        return f"the {device} could not be used: {why}", f"Plug in a {device}, or close what else is using it."
    by = "the operating system" if status == "system_denied" else "the browser"
    return (
        f"{by} did not allow the {device}: nobody could {'hear' if device == 'microphone' else 'see'} it",
        f"Allow the {device} in {'the system settings' if status == 'system_denied' else 'the browser'} for this site.",
    )


def _next_step(candidate: Candidate, _words: Mapping[str, str]) -> str:
    return candidate.advice or "Look at the devices and events of that time; ask which device was in use."


def _sentence(candidate: Candidate, words: Mapping[str, str]) -> str:
    """Say when it was where it belongs: who did not hear it comes after that."""
    detail = words["detail"] if _WHEN in words["detail"] else words["detail"] + _WHEN
    return f"{words['me']}: {detail.replace(_WHEN, f', {when_of(candidate)}')}"


DEVICE_LOST = Rule(
    "device_lost",
    "pipeline",
    "events",
    "devices lost",
    _sentence,
    _next_step,
    timed=False,
    says_side=True,
    find=_devices,
    drawn="devices",
)
