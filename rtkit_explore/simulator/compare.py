"""
The simulation beside recordings of real browsers: the same impairments, the same measures, phase by phase.

A recording is a folder of documents with a ``truth.json`` that says what was done to which link and when. The same
is done to a simulated call, and each measure's simulated median in a phase is held against the span that the
recording shows there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.errors import SavedCallError
from rtkit_explore.simulator.engine import SimulatedCall, run
from rtkit_explore.simulator.plan import (
    STEP,
    CallPlan,
    Cap,
    Effect,
    Impair,
    Incident,
    NeverConnect,
    Person,
    Relay,
    Reroute,
    Stall,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

RECORDINGS = Path(__file__).resolve().parents[1] / "sample_calls"
"""The recordings that come with the package."""

UNITS = {
    "bitrate_kbps": "kbit/s",
    "packets_per_s": "1/s",
    "loss_pct": "%",
    "jitter_ms": "ms",
    "rtt_ms": "ms",
    "buffer_ms": "ms",
    "concealment_events": "per sample",
    "fps": "1/s",
    "width": "px",
    "limited_bandwidth": "share",
}

WHY = {
    "jitter_ms": "the recording machine's own load moves the jitter of a quiet link by fractions of a millisecond, "
    "which the model does not know",
    "buffer_ms": "a jitter buffer's size depends on single late packets long ago; the model knows its mean course only",
    "packets_per_s": "a steady stream's recorded span is a packet or two wide, and timers that run late shift it",
    "bitrate_kbps": "the canvas that was recorded and the voice in it are not those of the model",
    "concealment_events": "few and far between on a good link: chance decides",
    "rtt_ms": "the last report of a phase decides, and there are only a few",
    "fps": "the recording machine's load moves the frame rate",
    "loss_pct": "the far end's last report of a short phase decides",
    "width": "the encoder's step down comes a sample sooner or later",
    "limited_bandwidth": "the encoder's step down comes a sample sooner or later",
}
"""Why a measure's simulated median may lie outside of the recorded span."""


ICE_MOVES_S = 3.8
"""How long ICE took to move to the second path when the first one died (recording path-switch)."""


def _epoch(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def simulate_recording(folder: Path | str, *, seed: int = 0) -> SimulatedCall:
    """
    Simulate a call under the impairments of a recording.

    Parameters
    ----------
    folder
        A recording with its ``truth.json``.
    seed
        Of the simulation.

    Returns
    -------
    The simulated call, with the same names and phases.

    Raises
    ------
    SavedCallError
        If the folder holds no ``truth.json``.
    """
    truth, names, started, seconds = _truth(Path(folder))
    server = len(names) > 2
    # the simulation's steps are laid so that its clients sample at the recording's moments
    change = truth["phases"][min(1, len(truth["phases"]) - 1)]["t"] / 1000
    firsts = {key: _first_sample(Path(folder), peer, change) for key, peer in truth["peers"].items()}
    shift = (min(firsts.values()) - started) % STEP
    started, seconds = started + shift, seconds - shift
    seen = {key: _seen(Path(folder), peer) for key, peer in truth["peers"].items()}
    effects: list[Effect] = []
    for key, name in names.items():
        # what holds from first to last stands in the report, not among the phases
        if seen[key].relayed:
            effects.append(Relay(name))
        if seen[key].cap_kbps is not None:
            effects.append(Cap(name, seen[key].cap_kbps or 0.0))
        if any(state.get("state") == "failed" for state in truth.get("states", {}).get(key, [])):
            effects.append(NeverConnect(name))
    for phase in truth["phases"]:
        begin = phase["t"] / 1000 - started
        effects.extend(_effects(phase, names, begin, begin + phase["s"]))
    incident = Incident("recorded", None, "unknown", 0.0, seconds, (), "none", tuple(effects))
    people = tuple(
        Person(
            name,
            joins=0.0,
            leaves=seconds,
            browser="firefox" if seen[key].firefox else "chrome",
            first_sample=firsts[key] - started,
        )
        for key, name in names.items()
    )
    return run(
        CallPlan(
            people=people,
            seconds=seconds,
            incidents=(incident,),
            seed=seed,
            shape="recorded_sfu" if server else _direct_shape(seen.values()),
            direct=not server,
            slow_reports=not server,
            started=started,
            title=f"simulated {truth['scenario']}",
        )
    )


@dataclass(frozen=True)
class _Seen:
    """What a report says of its client from first to last: browser, camera, relay, and a cap of the server."""

    firefox: bool
    relayed: bool
    cap_kbps: float | None
    width: int


def _seen(folder: Path, peer: str) -> _Seen:
    report = msgspec.json.decode((folder / f"peer-report-{peer}.json").read_bytes())["data"]["participant"][
        "peer_report"
    ]
    pairs = report["metadata"]["candidate_pairs"]["producing_transport"]
    sent = report["quality"]["video_producer"]
    # a room's cap shows as bandwidth that is short in every single sample, on a link of which nothing was taken
    always = bool(sent) and all(row.get("quality_limitation_reason") == "bandwidth" for row in sent)
    available = next((pair["available_outgoing_bitrate"] for pair in pairs if "available_outgoing_bitrate" in pair), 0)
    return _Seen(
        firefox=report["metadata"]["browser_metadata"].get("engine") == "Gecko",
        relayed=any(
            pair["local_candidate_type"] == "relay" and pair["local_candidate_protocol"] == "tcp" for pair in pairs
        ),
        cap_kbps=available / 1000 if always and available else None,
        width=max((row.get("frame_width", 0) for row in sent), default=0),
    )


def _direct_shape(seen: Iterable[_Seen]) -> str:
    return "recorded_direct_480" if max(one.width for one in seen) == 480 else "recorded_direct"


def _truth(folder: Path) -> tuple[dict[str, Any], dict[str, str], float, float]:
    path = folder / "truth.json"
    if not path.is_file():
        msg = f"{folder.name} holds no truth.json, so nobody knows what was done to the call; choose a recording"
        raise SavedCallError(msg)
    truth = msgspec.json.decode(path.read_bytes())
    session = msgspec.json.decode((folder / "session.json").read_bytes())["data"]
    names = {key: _display(folder, peer) for key, peer in truth["peers"].items()}
    started = _epoch(session["started_at"])
    return truth, names, started, _epoch(session["ended_at"]) - started


def _display(folder: Path, peer: str) -> str:
    people = msgspec.json.decode((folder / "participants.json").read_bytes())["data"]["participants"]
    return next(str(p["display_name"]) for p in people if p["id"] == peer)


def _first_sample(folder: Path, peer: str, change: float) -> float:
    """When a client sampled first, if its timer had kept to 7 s: counted back from the first change of the links."""
    report = msgspec.json.decode((folder / f"peer-report-{peer}.json").read_bytes())
    rows = report["data"]["participant"]["peer_report"]["quality"]["audio_producer"]
    moments = [_epoch(row["timestamp"]) for row in rows]
    nearest = min(range(len(moments)), key=lambda k: abs(moments[k] - change))
    return moments[nearest] - 7.0 * nearest


def _effects(phase: dict[str, Any], names: dict[str, str], begin: float, end: float) -> Iterable[Effect]:
    for key, value in phase.items():
        if key == "ab" and value.get("down") and "ab2" in phase:
            # the first of two paths dies: nothing passes until ICE has moved to the second, which is longer
            longer = 1000 * phase["ab2"]["delay"] - 20.0
            yield Reroute(names["A"], begin, begin + ICE_MOVES_S, longer)
        elif key == "turn":
            yield Stall(names["A"], begin, end, 1000 * value["stall"][1])
        elif key in ("ab", "ba") and "ab2" in phase:
            continue
        elif key in ("ab", "ba"):
            yield _impair(names["A" if key == "ab" else "B"], "up", begin, end, value)
        elif key in names:
            for link in ("up", "down"):
                if link in value:
                    yield _impair(names[key], link, begin, end, value[link])


def _impair(who: str, link: str, begin: float, end: float, what: dict[str, Any]) -> Impair:
    return Impair(
        who,
        "up" if link == "up" else "down",
        begin,
        end,
        loss=what.get("loss", 0.0),
        delay_ms=1000 * what.get("delay", 0.0),
        # each packet is late by a half-normal deviate of that size: RTP's estimate of it is 0.4 times that
        jitter_ms=400 * what.get("jitter", 0.0),
        kbps=what.get("kbps"),
        queue_ms=what.get("queue_ms", 300.0),
        down=bool(what.get("down")),
    )


def measured(reports: dict[str, bytes], started: float) -> list[dict[str, Any]]:
    """
    Compute the measures of every sample of a call.

    Parameters
    ----------
    reports
        Peer reports, JSON bytes by peer id.
    started
        Begin of the session, epoch seconds.

    Returns
    -------
    A dictionary per sample and measure: stream, measure, begin and end of its interval (s since ``started``), value.
    Counters are read as increments; the first sample of a series has no interval and gives none.
    """
    people = {peer: msgspec.json.decode(body)["data"]["participant"] for peer, body in reports.items()}
    names = {peer: person["display_name"] for peer, person in people.items()}
    found: list[dict[str, Any]] = []
    for person in people.values():
        quality = person["peer_report"]["quality"]
        for media in ("audio", "video"):
            for direction in ("producer", "consumer"):
                before: dict[Any, float] = {}
                for row in quality[f"{media}_{direction}"]:
                    end = _epoch(row["timestamp"]) - started
                    begin = before.get(row["ssrc"])
                    before[row["ssrc"]] = end
                    if begin is None:
                        continue
                    source = f" from {names[row['peer_id']]}" if direction == "consumer" else ""
                    stream = f"{person['display_name']}, {media} {direction}{source}"
                    found.extend(
                        {"stream": stream, "measure": measure, "begin": begin, "end": end, "value": value}
                        for measure, value in _measures(row, media, direction, end - begin)
                        if value is not None
                    )
    return found


def _measures(row: dict[str, Any], media: str, direction: str, seconds: float) -> list[tuple[str, float | None]]:
    sending = direction == "producer"
    packets = row["packets_sent" if sending else "packets_received"]
    lost = row.get("packets_lost", 0)
    total = packets if sending else packets + lost
    values: list[tuple[str, float | None]] = [
        ("bitrate_kbps", row["bytes_sent" if sending else "bytes_received"] * 0.008 / seconds),
        ("packets_per_s", packets / seconds),
        ("loss_pct", 100 * lost / total if total else None),
        ("jitter_ms", _times(row.get("jitter"), 1000)),
    ]
    if sending:
        values.append(("rtt_ms", _times(row.get("rtt"), 1000)))
    else:
        emitted = row["jitter_buffer_emitted_count"]
        values.append(("buffer_ms", 1000 * row["jitter_buffer_delay"] / emitted if emitted else None))
    if media == "audio" and not sending:
        values.append(("concealment_events", row["concealment_events"]))
    if media == "video":
        values += [("fps", row.get("frames_per_second")), ("width", row.get("frame_width"))]
        if sending:
            limited = row.get("quality_limitation_durations", {}).get("bandwidth")
            values.append(("limited_bandwidth", _times(limited, 1 / seconds)))
    return values


def _times(value: float | None, factor: float) -> float | None:
    """Scale a value; what a browser does not report stays unknown."""
    return None if value is None else value * factor


def paired_samples(recording: str | Path, *, seed: int = 0) -> pd.DataFrame:
    """
    Return every sample of a recording and of its simulation in one table.

    Parameters
    ----------
    recording
        Name of a recording that comes with the package, or a folder.
    seed
        Of the simulation.

    Returns
    -------
    Columns recording, source ("recorded" or "simulated"), phase, stream, measure, unit, seconds (end of the sample's
    interval, since the session began) and value. A sample belongs to the phase in which the middle of its interval
    lies.
    """
    import pandas as pd

    folder = recording if isinstance(recording, Path) else RECORDINGS / recording
    truth, _, started, _ = _truth(folder)
    recorded = {
        path.stem.removeprefix("peer-report-"): path.read_bytes() for path in sorted(folder.glob("peer-report-*.json"))
    }
    parts = []
    for source, reports in (("recorded", recorded), ("simulated", simulate_recording(folder, seed=seed).reports)):
        table = pd.DataFrame(measured(reports, started))
        table.insert(0, "source", source)
        parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    middle = (table["begin"] + table["end"]) / 2
    table["phase"] = ""
    for phase in truth["phases"]:
        begin = phase["t"] / 1000 - started
        table.loc[(middle >= begin) & (middle < begin + phase["s"]), "phase"] = phase["name"]
    table["recording"] = folder.name
    table["unit"] = table["measure"].map(UNITS)
    table = table[table["phase"] != ""].rename(columns={"end": "seconds"})
    return table[["recording", "source", "phase", "stream", "measure", "unit", "seconds", "value"]].reset_index(
        drop=True
    )


def compare_recording(recording: str | Path, *, seed: int = 0) -> pd.DataFrame:
    """
    Compare a simulation with a recording, measure by measure and phase by phase.

    Parameters
    ----------
    recording
        Name of a recording that comes with the package, or a folder.
    seed
        Of the simulation.

    Returns
    -------
    A row per phase, stream and measure: recording, phase, stream, measure, unit, samples (recorded), recorded_low,
    recorded_high, simulated_median, within, and why, which is empty where it is within.
    """
    table = paired_samples(recording, seed=seed)
    keys = ["recording", "phase", "stream", "measure", "unit"]
    real = table[table["source"] == "recorded"].groupby(keys, sort=False)["value"].agg(["count", "min", "max"])
    made = table[table["source"] == "simulated"].groupby(keys, sort=False)["value"].median()
    joined = real.join(made.rename("simulated_median"), how="inner").reset_index()
    joined = joined.rename(columns={"count": "samples", "min": "recorded_low", "max": "recorded_high"})
    slack = 1e-9
    joined["within"] = (joined["simulated_median"] >= joined["recorded_low"] - slack) & (
        joined["simulated_median"] <= joined["recorded_high"] + slack
    )
    joined["why"] = joined["measure"].map(WHY).where(~joined["within"], "")
    return joined


def compare_recordings(names: Iterable[str] | None = None, *, seed: int = 0) -> pd.DataFrame:
    """
    Compare simulations with several recordings: :func:`compare_recording` of each, one below the other.

    Parameters
    ----------
    names
        Which ones; None takes all that come with the package.
    seed
        Of the simulations.

    Returns
    -------
    As :func:`compare_recording`.
    """
    import pandas as pd

    chosen = sorted(p.parent.name for p in RECORDINGS.glob("*/truth.json")) if names is None else list(names)
    return pd.concat([compare_recording(name, seed=seed) for name in chosen], ignore_index=True)
