"""
What users wait for, each row beside its figure before the work on speed, the aim, and what one would write oneself.

``python -m tests.benchmarks speed``. Processor time, so that other work on the machine counts little; "x" is a
multiple of orjson's bare parse of the same bytes, taken in the same run. By hand is what most people would begin with
(``tests.benchmarks.by_hand``), from the same documents or from the same table; it does less. The table in parts:
``--lines reading,judging``; there are reading, files, many_saved_calls, judging, drawing, small_calls, sharing, memory.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rtkit_explore as rtk
from rtkit_explore import tables
from rtkit_explore.measures.quality import quality_of
from tests.benchmarks import big_report, by_hand
from tests.benchmarks.tables import by_httpx, by_normalize, by_orjson, by_sdk, memory_peak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd


@dataclass(frozen=True)
class Line:
    """One line of the table: what, before, now, the aim, and the same done by hand."""

    what: str
    before: str
    now: str
    aim: str
    by_hand: str = ""


def seconds(run: Callable[[], Any], rounds: int = 1) -> float:
    """Return the median processor time of a piece of work."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        begin = time.process_time()
        kept = run()
        taken.append(time.process_time() - begin)
        del kept
    return statistics.median(taken)


def reading(*, small: bool) -> Iterator[Line]:
    """Compare reading reports to a bare parse, side by side."""
    sizes = (1, 2) if small else (1, 20, 100)
    before, aims = ("1.65 x", "1.64-1.86 x", "2.2 x"), ("1.1 x", "1.2 x", "1.6 x")
    bodies = [big_report.report(seed, minutes=2 if small else 60) for seed in range(sizes[-1])]
    for size, was, aim in zip(sizes, before, aims, strict=False):
        some = bodies[:size]
        rounds = 9 if size == 1 else 3
        ratios = [seconds(partial(tables.samples, some)) / seconds(partial(by_orjson, some)) for _ in range(rounds)]
        by_hand = ""
        if size <= 20:
            bare = seconds(partial(by_orjson, some))
            ways = (("json_normalize", by_normalize), ("httpx loop", by_httpx), ("SDK", by_sdk))
            by_hand = ", ".join(f"{name} {seconds(partial(way, some)) / bare:.1f} x" for name, way in ways)
        yield Line(f"samples of {size} reports", was, f"{statistics.median(ratios):.2f} x", aim, by_hand)


def files(*, small: bool) -> Iterator[Line]:
    """Compare files on disk to a bare parse of them."""
    count = 2 if small else 20
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            body = big_report.report(number, minutes=2 if small else 60)
            peer_id = json.loads(body)["data"]["participant"]["id"]
            (Path(folder) / f"peer-report-{peer_id}.json").write_bytes(body)
        paths = sorted(Path(folder).iterdir())
        ways = {
            "orjson": lambda: by_orjson([path.read_bytes() for path in paths]),
            "load": lambda: rtk.load(paths).samples,
            "replay": lambda: by_replay(folder),
        }
        if not len(ways["load"]()) == len(ways["replay"]()) > 0:
            msg = "load and replay do not read the same rows"
            raise SystemExit(msg)
        rounds = [{name: seconds(way) for name, way in ways.items()} for _ in range(3)]
        hand = seconds(lambda: by_hand.from_files(paths)) / statistics.median(one["orjson"] for one in rounds)
        for name, what, before in (
            ("load", "load(files).samples", "3.0-4.2 x"),
            ("replay", "replay without listings", "3.2-3.5 x"),
        ):
            now = statistics.median(one[name] / one["orjson"] for one in rounds)
            yield Line(f"{what}, {count} reports", before, f"{now:.2f} x", "1.3 x", f"json_normalize {hand:.1f} x")


def by_replay(folder: str) -> pd.DataFrame:
    app = rtk.replay(folder, progress=False)
    return app.call(app.sessions()["session_id"].iloc[0]).samples


def many_saved_calls(*, small: bool) -> Iterator[Line]:
    count = 20 if small else 5000
    call = rtk.simulate("clean", participants=2, minutes=1).call
    documents = {"session.json": call.documents.session, "participants.json": call.documents.participants}
    own = str(call.session_id).encode()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            place = Path(folder) / f"call-{number:05}"
            place.mkdir()
            for name, body in documents.items():
                (place / name).write_bytes((body or b"").replace(own, own[:-5] + b"%05d" % number))
        now = seconds(lambda: rtk.replay(folder, progress=False).sessions())
        hand = seconds(lambda: by_hand.sessions_of(Path(folder)))
    yield Line(
        f"replay(folder).sessions(), {count} calls", "21.5 s", f"{now:.2f} s", "0.5 s", f"json_normalize {hand:.2f} s"
    )


def judging(*, small: bool) -> Iterator[Line]:
    people, minutes = (4, 2) if small else (50, 10)
    call = rtk.simulate("server_trouble", participants=people, minutes=minutes, seed=1).call
    call.findings()
    label = f"after findings(), {people} people, {minutes} minutes"
    hand = f"sums by stream of json_normalize {seconds(lambda: by_hand.loss_by_stream(by_hand.reports_of(call))):.1f} s"
    yield Line(f"story() {label}", "0.8 s", f"{seconds(call.story):.3f} s", "0.01 s", "(no such thing)")
    yield Line(f"overview() {label}", "1.6 s", f"{seconds(call.overview):.2f} s", "0.6 s", hand)


def drawing(*, small: bool) -> Iterator[Line]:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    people, minutes = (4, 2) if small else (100, 10)
    call = rtk.simulate("server_trouble", participants=people, minutes=minutes, seed=1).call
    _ = call.quality, call.events, rtk.plot.quality
    for draw, before, aim, plain in (
        (rtk.plot.heatmap, "18.6 s", "3 s", by_hand.heatmap),
        (rtk.plot.quality, "8.8 s", "1.6 s", by_hand.quality),
    ):
        taken = seconds(partial(draw, call))
        plt.close("all")
        hand = f"pandas and matplotlib {seconds(partial(plain, call)):.1f} s"
        plt.close("all")
        yield Line(f"plot.{draw.__name__}, {people} people, {minutes} minutes", before, f"{taken:.2f} s", aim, hand)


def small_calls(*, small: bool) -> Iterator[Line]:
    made = [
        rtk.simulate("clean", seed=seed, participants=3, minutes=2).call.samples for seed in range(2 if small else 12)
    ]
    now = statistics.median(seconds(partial(quality_of, samples)) for samples in made * 3)
    hand = statistics.median(seconds(partial(by_hand.differences, samples)) for samples in made * 3)
    plain = f"groupby and diff {1000 * hand:.0f} ms"
    yield Line("quality of a call of 3, 2 minutes", "47 ms", f"{1000 * now:.0f} ms", "20 ms", plain)


def memory(*, small: bool) -> Iterator[Line]:
    people, minutes = (4, 2) if small else (50, 60)
    prepare = (
        "import rtkit_explore as rtk\nfrom tests.benchmarks import by_hand\n"
        f'call = rtk.simulate("server_trouble", participants={people}, minutes={minutes}, seed=1).call\n'
        "len(call.quality)"
    )
    peak, _ = memory_peak(prepare, "call.findings()")
    hand, _ = memory_peak(prepare, "by_hand.lossy(call.quality)")
    plain = f"one threshold by groupby +{hand / 1e9:.2f} GB"
    label = f"peak of findings, {people} people, {minutes} minutes"
    yield Line(label, "+1.0 GB", f"+{peak / 1e9:.2f} GB", "+0.3 GB", plain)


def sharing(*, small: bool) -> Iterator[Line]:
    people, minutes = (3, 2) if small else (9, 60)
    call = rtk.simulate("burst_loss", participants=people, minutes=minutes, seed=1).call
    whole = seconds(lambda: (call.quality, call.findings(), call.overview(), call.story()))
    hand = seconds(lambda: by_hand.redacted(by_hand.reports_of(call)))
    plain = f"json and a walk {hand / whole:.2f}"
    share = f"{seconds(call.redact) / whole:.2f}"
    yield Line("redact(), share of tables, findings, overview and story", "1.0", share, "0.5", plain)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.html"
        rtk.write_report(call, target)  # the libraries are loaded once
        now = seconds(lambda: rtk.write_report(call, target), rounds=3)
        plain = f"3 pictures and to_html {seconds(lambda: by_hand.page(call, target)):.1f} s"
    yield Line(f"write_report, {people} people, {minutes} minutes", "4.5 s", f"{now:.1f} s", "2 s", plain)


PARTS = (reading, files, many_saved_calls, judging, drawing, small_calls, sharing, memory)


def main(*, small: bool = False, lines: str = "") -> None:
    """Print the table; ``small`` runs a sample of each line, ``lines`` some of its parts."""
    asked = [name.strip() for name in lines.split(",") if name.strip()]
    if unknown := set(asked) - {part.__name__ for part in PARTS}:
        msg = f"no part {', '.join(sorted(unknown))}; there are: {', '.join(part.__name__ for part in PARTS)}"
        raise SystemExit(msg)
    print(f"{'':60}{'before':>14}{'now':>10}{'aim':>10}   by hand")
    for part in PARTS:
        if asked and part.__name__ not in asked:
            continue
        for line in part(small=small):
            print(f"{line.what:60}{line.before:>14}{line.now:>10}{line.aim:>10}   {line.by_hand}", flush=True)


if __name__ == "__main__":
    main()
