"""Samples every 7 s: what each client writes down of its streams, as the API's rows, with the cumulative blocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.simulator.encoder import REASONS
from rtkit_explore.simulator.link import SHORT_OUTAGE_S, runs_of
from rtkit_explore.simulator.plan import STEP
from rtkit_explore.simulator.scores import (
    audio_consumer_score,
    audio_producer_score,
    distribution,
    latency,
    packet_loss,
    percent_lost,
    share,
    video_score,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rtkit_explore.simulator.participants import ParticipantState
    from rtkit_explore.simulator.plan import CallPlan
    from rtkit_explore.simulator.receiver import Stream
    from rtkit_explore.simulator.state import SimulationState
    from rtkit_explore.simulator.tracks import SentPictures, Track

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

KINDS = ("audio", "video", "screenshare_audio", "screenshare_video")
Row = dict[str, Any]

VIDEO_SENT = (
    "timestamp", "ssrc", "mid", "bytes_sent", "fir_count", "frames_encoded", "key_frames_encoded", "packets_lost",
    "packets_sent", "pli_count", "quality_limitation_resolution_changes", "jitter", "rtt", "frame_height",
    "frame_width", "frames_per_second", "quality_limitation_reason", "quality_limitation_durations", "producer_id",
    "mos_quality",
)  # fmt: skip


def stamp(epoch: float) -> str:
    """Write a moment as the API writes it: ISO 8601, milliseconds, Z."""
    moment = dt.datetime.fromtimestamp(round(epoch * 1000) / 1000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass
class Clock:
    """The moments at which one client samples, as steps and as its own clock shows them."""

    ticks: Ints
    stamps: list[str]
    edges: Ints
    stretch: Floats

    @classmethod
    def of(cls, plan: CallPlan, seat: ParticipantState, rng: np.random.Generator) -> Clock:
        """Lay out a participant's sampling; a timer is late by a few milliseconds, never early."""
        ticks = seat.ticks()
        late = rng.uniform(0.0, 0.012, ticks.size)
        epochs = plan.started + ticks * STEP + seat.fine + seat.offset + late
        edges = np.concatenate([[seat.join], ticks])
        real = np.diff(epochs, prepend=epochs[:1] - (edges[1:2] - edges[:1]) * STEP)
        return cls(ticks, [stamp(e) for e in epochs.tolist()], edges, real / np.maximum(np.diff(edges) * STEP, STEP))

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum a quantity per step over each sample's interval."""
        running = np.concatenate([[0], np.cumsum(values)])
        return np.diff(running[np.minimum(self.edges, values.size)])

    def means(self, values: Floats) -> Floats:
        """Average a quantity over each sample's interval."""
        length = np.maximum(np.diff(np.minimum(self.edges, values.size)), 1)
        mean: Floats = np.asarray(self.totals(values) / length)
        return mean

    def last(self, values: NDArray[Any]) -> NDArray[Any]:
        """Value of the step that ends at each tick."""
        return values[np.clip(self.ticks - 1, 0, values.size - 1)]


@dataclass
class Series:
    """Rows of one client by kind and direction, with what the cumulative blocks need of them."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    columns: dict[str, list[dict[str, Floats]]] = field(default_factory=dict)

    def add(self, name: str, where: Ints, rows: list[Row], columns: dict[str, Floats] | None) -> None:
        """Keep the rows of one series; without columns it is left out of the cumulative blocks."""
        self.rows.setdefault(name, []).extend(zip(where.tolist(), rows, strict=True))
        if columns is not None:
            self.columns.setdefault(name, []).append(columns)

    def ordered(self, name: str) -> list[Row]:
        """All rows of a kind and direction, by time and then by stream."""
        return [row for _, row in sorted(self.rows.get(name, []), key=_first)]

    def column(self, name: str, key: str) -> Floats:
        """One measure over all samples of a kind and direction."""
        return np.concatenate([part[key] for part in self.columns[name]])


def _first(item: tuple[int, Row]) -> int:
    return item[0]


def _noisy(values: Floats, rng: np.random.Generator, spread: float = 0.25) -> Floats:
    noisy: Floats = values * np.exp(rng.normal(0.0, spread, values.size))
    return noisy


def _frozen(values: NDArray[Any], blind: NDArray[np.bool_]) -> NDArray[Any]:
    """Repeat the last figures of the far end while its reports do not arrive."""
    at = np.maximum.accumulate(np.where(blind, 0, np.arange(values.size)))
    return values[at]


def round_trips(world: SimulationState, track: Track, clock: Clock) -> Floats:
    """Round trip of a sender's reports at each tick, s."""
    plan, seats, rng = world.plan, world.seats, world.rng
    seat = seats[track.seat]
    stalled = clock.last(seat.up.stall_ms) + clock.last(seat.down.stall_ms)
    if plan.direct:
        other = next((s for s in seats if s is not seat), seat)
        way = clock.last(seat.up.delay_ms) + clock.last(other.up.delay_ms)
        back = clock.last(other.queue_ms), clock.last(other.frame_ms)
    else:
        # the server's reports come back through the queue of everything that this participant receives
        way = clock.last(seat.up.delay_ms) + clock.last(seat.down.delay_ms) + clock.last(seat.down_queue_ms)
        back = np.zeros(clock.ticks.size), np.zeros(clock.ticks.size)
    size = clock.ticks.size
    noise = (
        1.6
        + rng.exponential(2.8 if plan.direct else 1.7, size)
        + np.where(rng.random(size) < 0.025, rng.uniform(8, 30, size), 0.0)
    )
    queue = (clock.last(track.queue_ms) + back[0]) * rng.uniform(0.4, 1.0, size)
    frame = clock.last(seat.frame_ms) + back[1]
    swing = np.abs(rng.normal(0.0, 1.0, size)) * np.maximum(clock.last(seat.up.jitter_ms) - 2.0, 0.0)
    if stalled.any():
        # a report that comes between two stalls has not waited
        stalled = stalled * rng.uniform(0.0, 1.0, size) * (rng.random(size) < 0.75)
    trips: Floats = np.round((way + noise + queue + rng.exponential(0.3, size) * frame + swing + stalled) / 1000, 6)
    return trips


def sample_sent(world: SimulationState, track: Track, clock: Clock, series: Series) -> None:
    """Write down one producer: a row per layer and interval in which it sent."""
    plan, seats, rng = world.plan, world.seats, world.rng
    seat = seats[track.seat]
    alive = clock.totals(track.active.astype(np.int64)) > 0
    where = np.flatnonzero(alive)
    if not where.size:
        return
    name = f"{track.kind}_producer"
    video = track.pictures is not None
    rtt = round_trips(world, track, clock)
    other_down = seat.down.down if not plan.direct else seats[1 - track.seat].up.down
    blind = clock.last(np.maximum(seat.up.down, other_down)) > 0.5
    repairing = np.where(seat.up.loss > 0.04, 22.0, 0.0) if plan.direct and video else np.zeros(seat.slow.size)
    jitter_ms = (
        seat.up.jitter_ms
        + (0.8 if plan.direct else 0.6) * track.pace_ms
        + repairing
        + np.minimum(0.05 * track.queue_ms, 15.0)
        + (0.12 if video else 0.04) * seat.up.stall_ms
    )
    if track.pictures is not None:
        jitter_ms = jitter_ms + track.pictures.frame_ms
    elif np.isfinite(seat.up.kbps).any():
        jitter_ms = jitter_ms + np.isfinite(seat.up.kbps) * 10.0
    jitter = np.round(_frozen(_noisy(clock.means(jitter_ms), rng) / 1000, blind), 6)
    rtt = _frozen(rtt, blind)
    told = _report_steps(world, seat, video=video)
    for layer, ssrc in enumerate(track.ssrc):
        sent = clock.totals(track.sent[layer])
        lost = _reported(_late_reports(world, track, layer), clock, told)
        # padding counts as packets and not as bytes, as in the browser
        carried = track.sent[layer] - track.spare[layer]
        size = np.rint(clock.totals(carried * track.packet_bytes[layer])).astype(np.int64)
        here = where[(sent > 0)[where]] if track.layers > 1 else where
        if not here.size:
            continue
        loss = percent_lost(lost, sent)
        common = {"loss": loss[here], "rtt": rtt[here] * 1000}
        if track.pictures is None:
            score = np.round(audio_producer_score(loss, jitter), 6)
            columns = [c[here].tolist() for c in (size, sent, lost, jitter, rtt, score)]
            stamps = [clock.stamps[k] for k in here.tolist()]
            rows = [
                {
                    "timestamp": t, "ssrc": ssrc, "mid": track.mid, "bytes_sent": b, "packets_sent": n,
                    "packets_lost": x, "jitter": j, "rtt": r, "producer_id": track.producer_id, "mos_quality": q,
                }
                for t, b, n, x, j, r, q in zip(stamps, *columns, strict=True)
            ]  # fmt: skip
            _leave_out(rows, track, seat)
            series.add(name, here, rows, {**common, "score": score[here]} if track.connected else None)
            continue
        rows, more = _video_rows(
            track, layer, track.pictures, clock, here, measured=Measured(size, sent, lost, jitter, rtt, loss), rng=rng
        )
        _leave_out(rows, track, seat)
        series.add(name, here, rows, {**common, **more} if track.connected and not seat.firefox else None)


NEVER_REPORTED = ("packets_lost", "jitter", "rtt", "frame_height", "frame_width", "frames_per_second")
"""What a producer lacks whose far end never sent a report (recording never-connected)."""

NOT_IN_FIREFOX = (
    "key_frames_encoded",
    "quality_limitation_reason",
    "quality_limitation_durations",
    "quality_limitation_resolution_changes",
)
"""What a video producer in Firefox lacks (recording sfu-fox-clean); its cumulative block is empty then."""


def _leave_out(rows: list[Row], track: Track, seat: ParticipantState) -> None:
    """Remove the fields that the browser does not have, or that were never reported."""
    absent = (() if track.connected else NEVER_REPORTED) + (NOT_IN_FIREFOX if seat.firefox else ())
    for name in absent:
        for row in rows:
            row.pop(name, None)


REPORT_EVERY_S = 5.0
"""Mean distance of the far end's reports on audio; each comes after half of that to one and a half (RFC 3550)."""


def _report_steps(world: SimulationState, seat: ParticipantState, *, video: bool) -> Ints:
    """
    Return the steps by which the far end has told of its losses, ascending; empty where it tells at once.

    Reports on audio come every few seconds, at moments of their own: a sample holds one report or two, and the loss
    that it shows swings around the true one (recordings loss and turn-tcp). On video they come every second, which a
    step is near enough to; so does a server that reports often (recordings sfu-*).
    """
    if video or not world.plan.slow_reports:
        return np.zeros(0, dtype=np.int64)
    steps = seat.slow.size
    gaps = world.rng.uniform(0.5, 1.5, int(2 * steps * STEP / REPORT_EVERY_S) + 2) * (REPORT_EVERY_S / STEP)
    moments = seat.join + np.cumsum(gaps)
    return np.rint(moments[moments < steps]).astype(np.int64)


def _late_reports(world: SimulationState, track: Track, layer: int) -> Ints:
    """Add what one late report tells after an outage: all that was sent meanwhile (sfu-reconnect: 610 of 353)."""
    lost: Ints = track.lost[layer]
    down = world.seats[track.seat].up.down
    if not (down > 0).any() or (world.plan.direct and track.pictures is None):
        return lost
    lost = lost.copy()
    for begin, end in runs_of(down > 0):
        at = end + 1
        if at < lost.size and track.active[at] and not (world.plan.direct and (end - begin) * STEP > SHORT_OUTAGE_S):
            lost[at] += int(track.gone[layer][begin:end].sum())
    return lost


def _reported(lost: Ints, clock: Clock, told: Ints) -> Ints:
    """Losses that the far end has told of by each tick."""
    if not told.size:
        return clock.totals(lost)
    running = np.concatenate([[0], np.cumsum(lost)])
    at = np.minimum(clock.edges, lost.size)
    latest = np.searchsorted(told, at, side="right") - 1
    known: Ints = np.where(latest >= 0, running[np.minimum(told[np.maximum(latest, 0)], lost.size)], 0)
    increments: Ints = np.diff(known)
    return increments


@dataclass(frozen=True)
class Measured:
    """What is counted and measured of one layer in each interval, whatever its kind; jitter and round trip in s."""

    size: Ints
    sent: Ints
    lost: Ints
    jitter: Floats
    rtt: Floats
    loss: Floats


def _video_rows(
    track: Track,
    layer: int,
    pictures: SentPictures,
    clock: Clock,
    here: Ints,
    *,
    measured: Measured,
    rng: np.random.Generator,
) -> tuple[list[Row], dict[str, Floats]]:
    ssrc = track.ssrc[layer]
    size, sent, lost = measured.size, measured.sent, measured.lost
    jitter, rtt, loss = measured.jitter, measured.rtt, measured.loss
    frames, keys, pli = (clock.totals(rows[layer]) for rows in (pictures.frames, pictures.keys, pictures.pli))
    width = clock.last(pictures.width[layer])
    height = clock.last(pictures.height[layer])
    changes = clock.totals(np.abs(np.diff(pictures.width[layer], prepend=pictures.width[layer][:1])) > 0)
    fps = frame_rate(pictures.frames[layer], clock, rng)
    limit = clock.last(pictures.limit)
    spent = [
        np.round(clock.totals((pictures.limit == code) & track.active) * STEP * clock.stretch, 3) for code in range(3)
    ]
    screen = track.kind.startswith("screenshare")
    score = np.round(video_score(loss, jitter, fps, width, frames, screen=screen), 6)
    reasons = [REASONS[code] for code in limit[here].tolist()]
    columns = [c[here].tolist() for c in (size, frames, keys, lost, sent, pli, changes, jitter, rtt, height, width)]
    gauges = [c[here].tolist() for c in (np.nan_to_num(fps).astype(np.int64), *spent, score)]
    stamps = [clock.stamps[k] for k in here.tolist()]
    rows = [
        dict(
            zip(
                VIDEO_SENT,
                (t, ssrc, track.mid, b, 0, f, k, x, n, p, c, j, r, h, w, g, why,
                 {"bandwidth": tb, "cpu": tc, "none": tn, "other": 0}, track.producer_id, q),
                strict=True,
            )
        )
        for t, b, f, k, x, n, p, c, j, r, h, w, g, tn, tc, tb, q, why in zip(
            stamps, *columns, *gauges, reasons, strict=True
        )
    ]  # fmt: skip
    return rows, {
        "score": score[here],
        "fps": np.nan_to_num(fps)[here],
        "width": width[here].astype(float),
        "limit": limit[here].astype(float),
        "frames": frames[here].astype(float),
    }


def frame_rate(frames: Ints, clock: Clock, rng: np.random.Generator) -> Floats:
    """Gauge of the frame rate: frames of the last second or two, NaN where there were none."""
    running = np.concatenate([[0], np.cumsum(frames)])
    at = np.minimum(clock.ticks, frames.size)
    recent = running[at] - running[np.maximum(at - 4, 0)]
    rate = recent / (4 * STEP)
    swing = np.where(rate > 8, rng.integers(-1, 2, rate.size) * (rng.random(rate.size) < 0.45), 0)
    return np.where(recent > 0, np.maximum(np.rint(rate + swing), 1.0), np.nan)


def sample_received(world: SimulationState, stream: Stream, clock: Clock, series: Series) -> None:
    """Write down one consumer: a row per interval in which it was subscribed."""
    seats, rng = world.seats, world.rng
    track = stream.track
    where = np.flatnonzero(clock.totals(stream.subscribed.astype(np.int64)) > 0)
    if not where.size:
        return
    # What every kind of stream has: counters summed over the interval, gauges averaged. Where nothing came, the jitter
    # stays what it last was.
    name = f"{track.kind}_consumer"
    peer_id = seats[track.seat].peer_id
    received, lost = clock.totals(stream.received), clock.totals(stream.lost)
    size = np.rint(clock.totals(stream.payload)).astype(np.int64)
    loss = percent_lost(lost, received + lost)
    quiet = received + lost == 0
    jitter = _frozen(np.round(_noisy(clock.means(stream.jitter_ms), rng)) / 1000, quiet)
    buffer_ms = clock.means(stream.buffer_ms) * np.exp(rng.normal(0, 0.03, received.size))
    stamps = [clock.stamps[k] for k in where.tolist()]
    # Audio: samples played out, what was concealed of them (a little always is), and the time spent in the buffer.
    if stream.pictures is None:
        emitted = np.rint(clock.totals(stream.heard) * 48000 / 480).astype(np.int64) * 480
        conceal = rng.poisson(clock.totals(stream.conceal) + np.where(quiet, 0.0, 0.22))
        conceal = np.where(lost > 0, np.minimum(conceal, lost + 2), conceal)
        delay = np.round(buffer_ms / 1000 * emitted, 4)
        score = np.round(audio_consumer_score(conceal.astype(float), loss, jitter), 6)
        columns = [c[where].tolist() for c in (size, conceal, delay, emitted, lost, received, jitter, score)]
        rows: list[Row] = [
            {
                "timestamp": t, "ssrc": stream.ssrc, "mid": stream.mid, "bytes_received": b, "concealment_events": c,
                "jitter_buffer_delay": d, "jitter_buffer_emitted_count": e, "packets_lost": x, "packets_received": n,
                "jitter": j, "consumer_id": stream.consumer_id, "producer_id": track.producer_id, "peer_id": peer_id,
                "mos_quality": q,
            }
            for t, b, c, d, e, x, n, j, q in zip(stamps, *columns, strict=True)
        ]  # fmt: skip
        waited = np.where(emitted > 0, buffer_ms, np.nan)
        series.add(name, where, rows, {"loss": loss[where], "score": score[where], "buffer": waited[where]})
        return
    # Pictures: frames instead of samples; size and frame rate are gauges.
    seen = stream.pictures
    decoded, dropped, keys = (clock.totals(v) for v in (seen.decoded, seen.dropped, seen.keys))
    delay = np.round(buffer_ms / 1000 * decoded, 6)
    fps = frame_rate(seen.decoded, clock, rng)
    width, height = clock.last(seen.width), clock.last(seen.height)
    screen = track.kind.startswith("screenshare")
    score = np.round(video_score(loss, jitter, fps, width, decoded, screen=screen), 6)
    columns = [
        c[where].tolist() for c in (size, decoded, dropped, delay, keys, lost, received, jitter, height, width, score)
    ]
    rows = [
        {
            "timestamp": t, "ssrc": stream.ssrc, "mid": stream.mid, "bytes_received": b, "fir_count": 0,
            "frames_decoded": f, "frames_dropped": z, "jitter_buffer_delay": d, "jitter_buffer_emitted_count": f,
            "key_frames_decoded": k, "packets_lost": x, "packets_received": n, "jitter": j, "frame_height": h,
            "frame_width": w, "frames_per_second": g, "consumer_id": stream.consumer_id,
            "producer_id": track.producer_id, "peer_id": peer_id, "mos_quality": q,
        }
        for t, g, b, f, z, d, k, x, n, j, h, w, q in zip(stamps, fps[where].tolist(), *columns, strict=True)
    ]  # fmt: skip
    for k in np.flatnonzero(np.isnan(fps[where])).tolist():
        # the browser leaves the gauge out where no frame came
        del rows[k]["frames_per_second"]
    for k, at in enumerate(where.tolist()):
        if rows[k].get("frames_per_second") is not None:
            rows[k]["frames_per_second"] = int(fps[at])
    waited = np.where(decoded > 0, buffer_ms, np.nan)
    series.add(
        name,
        where,
        rows,
        {
            "loss": loss[where], "score": score[where], "buffer": waited[where], "fps": fps[where],
            "width": width[where].astype(float), "frames": decoded[where].astype(float),
        },
    )  # fmt: skip


def cumulative(series: Series, kind: str, direction: str) -> dict[str, Any]:
    """Compute a cumulative block from the samples as the recordings' were; no samples give an empty one."""
    name = f"{kind}_{direction}"
    if not series.columns.get(name):
        return {}
    column = series.column
    block: dict[str, Any] = {
        "quality_mos": distribution(column(name, "score")),
        "packet_loss": packet_loss(column(name, "loss")),
    }
    if direction == "producer":
        block["rtt"] = latency(column(name, "rtt"))
    else:
        block["jitter_buffer_delay"] = latency(column(name, "buffer"))
    if kind.endswith("video"):
        fps, width, frames = column(name, "fps"), column(name, "width"), column(name, "frames")
        screen = kind.startswith("screenshare")
        block["frame_per_second"] = distribution(fps)
        block["frame_width"] = distribution(width)
        issues = {
            "no_video_fraction": share(frames <= 0),
            "poor_resolution_fraction": share(width < (720 if screen else 240)),
        }
        if direction == "producer":
            limit = column(name, "limit")
            issues["quality_limitation_fraction"] = share(limit > 0)
            issues["cpu_quality_limitation_fraction"] = share(limit == 1)
            issues["bandwidth_quality_limitation_fraction"] = share(limit == 2)
        else:
            issues["lag_fraction"] = share(~(fps >= (3 if screen else 8)))
        block["issues"] = issues
    return block
