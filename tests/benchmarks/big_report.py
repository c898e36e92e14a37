"""A large call, made up and reproducible: one hour, nine people, about 7 MB and 15,000 sample rows a report."""

from __future__ import annotations

import json
import random
import uuid
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
STEP = 7
PEOPLE = 9
MINUTES = 60


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _consumer(rng, video, when, ssrc, mid, ids):
    sample = {
        "timestamp": when,
        "ssrc": ssrc,
        "mid": mid,
        "bytes_received": rng.randrange(20_000, 900_000),
        "packets_lost": rng.randrange(3),
        "packets_received": rng.randrange(340, 700),
        "jitter": rng.randrange(1000, 30_000) / 1e6,
        "jitter_buffer_delay": rng.random() * 20_000,
        "jitter_buffer_emitted_count": rng.randrange(330_000, 340_000),
        "consumer_id": ids[0],
        "producer_id": ids[1],
        "peer_id": ids[2],
        "mos_quality": rng.randrange(500, 1000) / 1000,
    }
    if video:
        sample |= {
            "fir_count": 0,
            "frame_height": 360,
            "frame_width": 640,
            "frames_decoded": rng.randrange(160, 211),
            "frames_dropped": rng.randrange(3),
            "frames_per_second": rng.randrange(24, 31),
            "key_frames_decoded": rng.randrange(2),
        }
    else:
        sample["concealment_events"] = rng.randrange(3)
    return sample


def _producer(rng, video, when, ssrc, mid, producer):
    sample = {
        "timestamp": when,
        "ssrc": ssrc,
        "mid": mid,
        "bytes_sent": rng.randrange(20_000, 900_000),
        "packets_sent": rng.randrange(340, 700),
        "packets_lost": rng.randrange(3),
        "jitter": rng.randrange(1000, 30_000) / 1e6,
        "rtt": rng.randrange(20_000, 90_000) / 1e6,
        "producer_id": producer,
        "mos_quality": rng.randrange(500, 1000) / 1000,
    }
    if video:
        sample |= {
            "fir_count": 0,
            "frame_height": 360,
            "frame_width": 640,
            "frames_encoded": rng.randrange(160, 211),
            "frames_per_second": rng.randrange(24, 31),
            "key_frames_encoded": rng.randrange(2),
            "pli_count": rng.randrange(2),
            "quality_limitation_reason": rng.choice(["none", "cpu", "bandwidth"]),
            "quality_limitation_durations": {"bandwidth": 0, "cpu": rng.random(), "none": 6.4, "other": 0},
            "quality_limitation_resolution_changes": 0,
        }
    return sample


def report(seed: int = 0, *, people: int = PEOPLE, minutes: int = MINUTES, unknown_key: bool = False) -> bytes:
    """Return one peer report as the API's compact JSON; with an unknown key in every sample if asked."""
    rng = random.Random(seed)
    peer, session = _id(rng), str(uuid.UUID(int=7))
    quality = {
        f"{media}_{direction}": []
        for media in ("audio", "video", "screenshare_audio", "screenshare_video")
        for direction in ("consumer", "producer")
    }
    streams: list[tuple[str, int, str, tuple[str, ...] | str]] = []
    for _ in range(people - 1):
        remote = _id(rng)
        streams += [
            (series, rng.getrandbits(32), str(mid), (_id(rng), _id(rng), remote))
            for mid, series in enumerate(("audio_consumer", "video_consumer", "screenshare_video_consumer"))
        ]
    streams += [("audio_producer", rng.getrandbits(32), "0", _id(rng))]
    camera = _id(rng)
    streams += [("video_producer", rng.getrandbits(32), "1", camera) for _ in range(3)]
    streams += [("screenshare_video_producer", rng.getrandbits(32), "2", _id(rng))]
    for step in range(minutes * 60 // STEP):
        moment = START + timedelta(seconds=STEP * step, milliseconds=rng.randrange(999))
        when = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for series, ssrc, mid, ids in streams:
            make = _consumer if series.endswith("consumer") else _producer
            sample = make(rng, "video" in series, when, ssrc, mid, ids)
            if unknown_key:
                sample["power_efficient_decoder"] = True
            quality[series].append(sample)
    pair = {"nominated": True, "bytes_received": 10, "bytes_sent": 10, "local_candidate_type": "host"}
    document = {
        "success": True,
        "data": {
            "participant": {
                "id": peer,
                "display_name": f"Person {seed}",
                "session_id": session,
                "joined_at": "2026-11-01T09:00:00.000Z",
                "left_at": "2026-11-01T10:00:00.000Z",
                "peer_report": {
                    "metadata": {
                        "candidate_pairs": {"consuming_transport": [pair], "producing_transport": [pair]},
                        "events": [
                            {"name": "tab_change", "timestamp": "2026-11-01T09:00:00.000Z", "metadata": {"n": n}}
                            for n in range(200)
                        ],
                    },
                    "quality": quality,
                },
            }
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()
