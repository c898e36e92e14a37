"""
Bytes to the `samples` table, against what people use today, in one run and on the same bytes.

Run with `python -m tests.benchmarks tables`. Ratios are taken run by run, side by side, and their median is shown,
so that they hold while the machine's speed drifts.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from rtkit_explore import tables
from tests.benchmarks import big_report

if TYPE_CHECKING:
    from collections.abc import Callable

SERIES = [
    f"{media}_{direction}"
    for media in ("audio", "video", "screenshare_audio", "screenshare_video")
    for direction in ("consumer", "producer")
]


def _quality(document: dict[str, Any]) -> dict[str, Any]:
    return document["data"]["participant"]["peer_report"]["quality"]


def by_json(bodies: list[bytes]) -> None:
    for body in bodies:
        json.loads(body)


def by_orjson(bodies: list[bytes]) -> None:
    import orjson

    for body in bodies:
        orjson.loads(body)


def by_normalize(bodies: list[bytes]) -> pd.DataFrame:
    frames = []
    for body in bodies:
        quality = _quality(json.loads(body))
        for name in SERIES:
            if quality[name]:
                frames.append(pd.json_normalize(quality[name]).assign(series=name))
    return pd.concat(frames, ignore_index=True)


def by_list_of_dicts(bodies: list[bytes]) -> pd.DataFrame:
    rows = []
    for body in bodies:
        quality = _quality(json.loads(body))
        for name in SERIES:
            rows += [{**sample, "series": name} for sample in quality[name]]
    return pd.DataFrame(rows)


def by_sdk(bodies: list[bytes]) -> pd.DataFrame:
    import httpx
    from cloudflare import Cloudflare

    waiting = list(bodies)

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=waiting.pop(0), headers={"content-type": "application/json"})

    client = Cloudflare(api_token="none", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    frames = []
    for _ in bodies:
        got = client.realtime_kit.sessions.get_participant_data_from_peer_id("peer", account_id="account", app_id="app")
        quality = got.data.participant.peer_report.quality
        for name in SERIES:
            found = getattr(quality, name)
            if found:
                frames.append(pd.DataFrame([sample.to_dict() for sample in found]).assign(series=name))
    return pd.concat(frames, ignore_index=True)


def by_httpx(bodies: list[bytes]) -> pd.DataFrame:
    """Fetch each report with a plain client and flatten it, as most people would begin."""
    import httpx

    waiting = list(bodies)
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=waiting.pop(0)))
    frames = []
    with httpx.Client(transport=transport, base_url="https://api.example") as client:
        for _ in bodies:
            quality = _quality(client.get("/report").json())
            frames += [pd.json_normalize(quality[name]).assign(series=name) for name in SERIES if quality[name]]
    return pd.concat(frames, ignore_index=True)


def ours(bodies: list[bytes]) -> pd.DataFrame:
    return tables.samples(bodies)


def seconds(run: Callable[[list[bytes]], Any], bodies: list[bytes]) -> float:
    gc.collect()
    start = time.perf_counter()
    kept = run(bodies)
    spent = time.perf_counter() - start
    del kept
    return spent


def compare(bodies: list[bytes], ways: dict[str, Callable[[list[bytes]], Any]], rounds: int) -> None:
    """Time each way in turn, round by round, and print medians and median ratios to orjson."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            taken[name].append(seconds(run, bodies))
    for name, spent in taken.items():
        to_orjson = statistics.median(a / b for a, b in zip(spent, taken["orjson.loads"], strict=True))
        to_ours = statistics.median(a / b for a, b in zip(spent, taken["rtk.tables.samples"], strict=True))
        print(
            f"  {name:32} {1000 * statistics.median(spent):9.0f} ms   {to_orjson:6.2f} x orjson   {to_ours:6.2f} x ours"
        )


_PEAK = """
import resource, threading, time
{prepare}
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
before, peak, done = resident(), 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, resident())
        time.sleep(0.002)
thread = threading.Thread(target=watch); thread.start()
made = {work}
done = True; thread.join()
print(peak - before, {size})
"""


def memory_peak(prepare: str, work: str, size: str = "0") -> tuple[int, int]:
    """Return how many bytes a piece of work takes at most, in a process of its own, and the size of what it ``made``."""
    script = _PEAK.format(prepare=prepare, work=work, size=size)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    peak, made = done.stdout.split()
    return int(peak), int(made)


def main(*, small: bool = False) -> None:
    """Print the figures; ``small`` runs a sample of it."""
    minutes, many, rounds = (2, 2, 1) if small else (60, 20, 5)
    one = [big_report.report(0, minutes=minutes)]
    several = [big_report.report(seed, minutes=minutes) for seed in range(many)]
    rows = len(ours(one))
    print(
        f"A report of {len(one[0]) / 1e6:.1f} MB with {rows} sample rows (pandas {pd.__version__}, msgspec {msgspec.__version__})"
    )
    ways = {
        "orjson.loads": by_orjson,
        "json.loads": by_json,
        "rtk.tables.samples": ours,
        "DataFrame of a list of dicts": by_list_of_dicts,
        "pandas.json_normalize": by_normalize,
        "plain httpx loop": by_httpx,
        "official SDK into a DataFrame": by_sdk,
    }
    print("One report:")
    compare(one, ways, rounds)
    print(f"{many} reports:")
    compare(several, ways, max(1, rounds - 2))
    odd = [big_report.report(seed, minutes=minutes, unknown_key=True) for seed in range(min(many, 5))]
    plain = several[: len(odd)]
    ours(odd)
    ratios = [seconds(ours, odd) / seconds(ours, plain) for _ in range(rounds)]
    print(f"An unknown key in every sample: {100 * (statistics.median(ratios) - 1):+.0f} % time")
    pairs = [seconds(tables.candidate_pairs, one) for _ in range(rounds)]
    whole = [seconds(ours, one) for _ in range(rounds)]
    print(
        f"candidate_pairs alone: {1000 * statistics.median(pairs):.1f} ms, {statistics.median(pairs) / statistics.median(whole):.2f} of the samples"
    )
    peak, held = memory_peak(
        "from rtkit_explore import tables\nfrom tests.benchmarks import big_report\n"
        f"bodies = [big_report.report(seed) for seed in range({2 if small else many})]\ntables.samples(bodies[:1])",
        "tables.samples(bodies)",
        "int(made.memory_usage(index=True).sum())",
    )
    print(
        f"Peak memory of {many} reports: {peak / 1e6:.0f} MB above the bytes at hand; the table holds"
        f" {held / 1e6:.0f} MB: {peak / held:.2f} x"
    )
