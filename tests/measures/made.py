"""Samples made up for the tests of the measures: reports whose counters are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rtkit_explore.measures.counters import decide
from rtkit_explore.measures.series import SeriesIndex
from rtkit_explore.table_schema.media import COUNTERS, SAMPLES
from rtkit_explore.tables.frames import from_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Stream = dict[str, Any]
"""One series: ``media``, ``direction`` and any columns of ``samples`` (lists); ``seconds`` or every 7 s."""

START = 1_793_523_600_000_000


def samples_of(reports: Sequence[Sequence[Stream]]) -> pd.DataFrame:
    """Make the table ``samples`` of some participants, each with some series."""
    rows = []
    for peer, streams in enumerate(reports):
        for number, stream in enumerate(streams):
            size = max(len(values) for values in stream.values() if not isinstance(values, str))
            seconds = stream.get("seconds", 7.0 * np.arange(1, size + 1))
            rows += [
                {
                    "session_id": "s",
                    "peer_id": f"p{peer}",
                    "stream_id": f"stream {number}",
                    "ssrc": number,
                    "position": n,
                }
                | {
                    key: value if isinstance(value, str) else value[n]
                    for key, value in stream.items()
                    if key != "seconds"
                }
                | {"timestamp": START + round(seconds[n] * 1e6)}
                for n in range(size)
            ]
    return from_rows(SAMPLES, rows)


def summed(streams: Sequence[Stream]) -> list[Stream]:
    """Return the same series with running totals in the place of increments."""
    return [
        {key: np.cumsum(values) if key in COUNTERS else values for key, values in stream.items()} for stream in streams
    ]


def readings_of(samples: pd.DataFrame) -> pd.DataFrame:
    """Decide how the counters are read, of those that are ever above 0."""
    found = decide(samples, SeriesIndex.of(samples))
    moving = {counter for counter in COUNTERS if (samples[counter] > 0).any()}
    return found[found["counter"].isin(moving)]


def audio(rng: np.random.Generator, flow: np.ndarray, *, producer: bool) -> Stream:
    """Make a series of 20 ms audio packets; ``flow`` is how much of each interval it was on."""
    packets = rng.binomial(350, np.clip(flow, 0, 1) * rng.uniform(0.97, 1))
    octets = rng.poisson(packets * 95.0)
    lost = rng.poisson(0.01 * packets)
    if producer:
        return {
            "media": "audio",
            "direction": "producer",
            "packets_sent": packets,
            "bytes_sent": octets,
            "packets_lost": lost,
        }
    emitted = np.round(336_000 * np.clip(flow, 0, 1))
    return {
        "media": "audio",
        "direction": "consumer",
        "packets_received": packets,
        "bytes_received": octets,
        "packets_lost": lost,
        "concealment_events": rng.poisson(0.4, len(flow)),
        "jitter_buffer_emitted_count": emitted,
        "jitter_buffer_delay": emitted * rng.uniform(0.02, 0.09, len(flow)),
    }


def video(rng: np.random.Generator, flow: np.ndarray, *, producer: bool) -> Stream:
    """Make a series of video; ``flow`` scales its bitrate, and its frames where it is below a tenth."""
    rate = rng.choice([15.0, 24.0, 30.0])
    frames = rng.binomial(int(7 * rate), np.where(flow < 0.1, 10 * flow, 1.0) * 0.99)
    packets = rng.poisson(np.maximum(900 * flow, frames * (flow > 0)))
    common = {
        "media": "video",
        "packets_lost": rng.poisson(0.005 * packets),
        "frames_per_second": np.where(frames > 0, rate, 0.0),
        "fir_count": np.zeros(len(flow)),
    }
    keys = rng.poisson(0.2, len(flow))
    if producer:
        limited = rng.random(len(flow)) < 0.1
        return common | {
            "direction": "producer",
            "packets_sent": packets,
            "bytes_sent": packets * rng.integers(900, 1100, len(flow)),
            "frames_encoded": frames,
            "key_frames_encoded": keys,
            "pli_count": keys,
            "quality_limitation_reason": np.where(limited, "cpu", "none"),
            "quality_limitation_durations_cpu": np.where(limited, 6.9, 0.0),
            "quality_limitation_durations_none": np.where(limited, 0.1, 7.0),
        }
    return common | {
        "direction": "consumer",
        "packets_received": packets,
        "bytes_received": packets * rng.integers(900, 1100, len(flow)),
        "frames_decoded": frames,
        "frames_dropped": rng.poisson(0.3, len(flow)),
        "key_frames_decoded": keys,
        "jitter_buffer_emitted_count": frames,
        "jitter_buffer_delay": frames * rng.uniform(0.03, 0.12, len(flow)),
    }


def steady(rng: np.random.Generator, size: int) -> np.ndarray:
    """A flow that stays as it is, but for noise."""
    return np.clip(rng.normal(0.97, 0.03, size), 0.8, 1.0)


def bursty(rng: np.random.Generator, size: int) -> np.ndarray:
    """A flow that comes and goes, as of someone who mutes and speaks."""
    on = rng.random(size) < 0.6
    return np.where(on, rng.uniform(0.3, 1.0, size), 0.0)


def ramping(rng: np.random.Generator, size: int) -> np.ndarray:
    """A flow that climbs all the time, as of a bandwidth estimate that was low at first."""
    return np.linspace(rng.uniform(0.05, 0.5), 1.0, size)


FLOWS = {"steady": steady, "bursty": bursty, "ramping": ramping}


def report(rng: np.random.Generator, flow: str, size: int) -> list[Stream]:
    """Make a report as clients send them: own audio and video, and those of one other."""
    make = FLOWS[flow]
    voice = steady if flow == "ramping" else make  # the bitrate of audio does not climb
    return [
        audio(rng, voice(rng, size), producer=True),
        video(rng, make(rng, size), producer=True),
        audio(rng, voice(rng, size), producer=False),
        video(rng, make(rng, size), producer=False),
    ]
