"""
Documents spoilt at random: whatever they hold, a Call of them is read, judged and redacted, or says why not.

``python -m tests.benchmarks fuzz --minutes 10 --seed 3`` takes the documents of the sample calls and of a simulated
call, changes a few things at random, and reads everything that a Call has. Whatever raises anything but an RtkitError
is printed with its seed; ``--minutes 0 --seed 1234`` repeats that one case. Cases run in a process of their own with
limits of time and memory: one that hangs or dies is a failure, and the next ones run all the same.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.saved_calls import read_call
from tests import reference
from tests.tables.shapes import assert_shape

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SMALL = 10
SLOW = 20.0
"""Seconds from which on a case has failed for taking so long; one that is as it should be takes a quarter of one."""
SAMPLES = Path(rtk.__file__).parent / "sample_calls"
LISTS = ("session", "participants")
NUMBERS: tuple[float, ...] = (
    0, -1, -0.0, 0.5, 1e-300, 1e308, -1e308, 2**31, 2**53 + 1, 2**63, -(2**63), 2**70, 10**400,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
TIMES = (
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2262-04-11T23:47:16.854775808Z",
    "2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T23:59:60Z", "2024-01-01", "2024-01-01T00:00:00",
    "2024-01-01T00:00:00+14:00", "2024-01-01T00:00:00-99:99", "2024-01-01 00:00:00Z", "1704067200000", "",
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "null", "NaN", "\ud800", "\udfff x", "\ufeff", "\u202egnp.exe", "e\u0301" * 9, "👩‍👩‍👧‍👦", "ﷺ", "İı",
    "<script>alert(1)</script>", "a\nb\r\nc", "x" * 20_000, "'; --", "%s {0} {x} $y", "=1+1", "١٢٣", "1e5", "true", "..",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": [1]}}, [1, "x", None])


@dataclass(frozen=True)
class Crash:
    """One thing that raised what it should not."""

    seed: int
    sample: str
    changes: tuple[str, ...]
    step: str
    error: str
    where: str

    def __str__(self) -> str:
        changes = "; ".join(self.changes)
        return f"--seed {self.seed} ({self.sample}) {self.step}: {self.error}\n    at {self.where}\n    {changes}"


@dataclass
class Outcome:
    """What became of many cases."""

    cases: int = 0
    seconds: float = 0.0
    crashes: list[Crash] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)


@cache
def originals() -> dict[str, CallDocuments]:
    """Return the documents that are spoilt, by the call's name."""
    folders = sorted(path.parent for path in SAMPLES.glob("*/session.json"))
    simulated = rtk.simulate("lossy_uplink+turn_tcp", participants=3, seed=1).call.documents
    return {folder.name: read_call(folder) for folder in folders} | {"simulated": simulated}


# Changes --------------------------------------------------------------------------------------------------------------


def odd(draw: random.Random, old: object = None) -> Any:
    """Draw a value that should not be there; more often than not of the kind that was."""
    if isinstance(old, (int, float)) and draw.random() < 0.6:
        return draw.choice((*NUMBERS, old * 1000, -old, str(old)))
    if isinstance(old, str) and draw.random() < 0.7:
        return draw.choice(TIMES if old[4:5] == "-" else TEXTS)
    return draw.choice((*NUMBERS, *TIMES, *TEXTS, *OTHERS))


def place(draw: random.Random, document: Any, wanted: type | tuple[type, ...] = object) -> reference.Path | None:
    """Draw the path of a value of a kind: any one, or down level by level, each key as likely; None for no such value."""
    if draw.random() < 0.5:
        found = [path for path, value in reference.nodes(document) if path and isinstance(value, wanted)]
        return draw.choice(found) if found else None
    for _ in range(50):
        path: reference.Path = ()
        value = document
        while isinstance(value, (dict, list)) and value:
            key = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
            if not path and isinstance(value, dict) and "data" in value and draw.random() < 0.95:
                key = "data"  # the envelope is a small part of what can be wrong
            path, value = (*path, key), value[key]
            if isinstance(value, wanted) and draw.random() < 0.15:
                return path
        if path and isinstance(value, wanted):
            return path
    return None


def drop(draw: random.Random, document: Any) -> str:
    if path := place(draw, document):
        del reference.at(document, path[:-1])[path[-1]]
    return f"drop {path}"


def replace_value(draw: random.Random, document: Any) -> str:
    if path := place(draw, document):
        reference.put(document, path, new := odd(draw, reference.at(document, path)))
        return f"{path} = {short(new)}"
    return "nothing"


def replace_everywhere(draw: random.Random, document: Any) -> str:
    """Replace every value of a key, or each by another one."""
    if not (path := place(draw, document, (str, int, float, bool))):
        return "nothing"
    key, each, share = path[-1], draw.random() < 0.3, draw.choice((0.1, 0.5, 1.0))
    new = odd(draw, reference.at(document, path))
    for other, old in list(reference.nodes(document)):
        if other and other[-1] == key and not isinstance(old, (dict, list)) and draw.random() < share:
            reference.put(document, other, odd(draw, old) if each else new)
    return f"{share:.0%} of all {key!r} = {'each another' if each else short(new)}"


def rename(draw: random.Random, document: Any) -> str:
    path = place(draw, document)
    if not path or not isinstance(path[-1], str):
        return "nothing"
    parent = reference.at(document, path[:-1])
    parent[new := draw.choice(TEXTS[:-1])] = parent.pop(path[-1])
    return f"{path} is called {short(new)}"


def duplicate(draw: random.Random, document: Any) -> str:
    """Repeat an item of a list, beside it or at the end, once or often."""
    if not (path := place(draw, document, list)) or not (rows := reference.at(document, path)):
        return "nothing"
    number, times, at_end = draw.randrange(len(rows)), draw.choice((1, 1, 2, 300)), draw.random() < 0.5
    where = len(rows) if at_end else number
    rows[where:where] = reference.fresh([rows[number]] * times)
    return f"item {number} of {path} {times} times more{' at the end' if at_end else ''}"


def reorder(draw: random.Random, document: Any) -> str:
    if path := place(draw, document, list):
        rows = reference.at(document, path)
        draw.choice((draw.shuffle, list.reverse))(rows)
    return f"reorder {path}"


def thin(draw: random.Random, document: Any) -> str:
    """Keep a few items of a list."""
    if not (path := place(draw, document, list)):
        return "nothing"
    rows = reference.at(document, path)
    kept = draw.choice((0, 1, 2, 3))
    rows[:] = draw.sample(rows, min(kept, len(rows)))
    return f"{kept} of {path}"


def swap(draw: random.Random, document: Any) -> str:
    """Put a value in the place of another."""
    to, source = place(draw, document), place(draw, document)
    if to and source:
        reference.put(document, to, reference.fresh(reference.at(document, source)))
    return f"{to} = what is at {source}"


def shift(draw: random.Random, document: Any) -> str:
    """Move the times of a part of the document by years, or onto each other."""
    path = place(draw, document, (dict, list)) or ()
    year = draw.choice(("0001", "1969", "1970", "2000", "2025", "2100", "9999"))
    still = draw.random() < 0.3
    for inner, old in list(reference.nodes(reference.at(document, path))):
        if inner and isinstance(old, str) and old[4:5] == "-" and "T" in old:
            reference.put(document, (*path, *inner), year + ("-06-01T00:00:00Z" if still else old[4:]))
    return f"times of {path} in {year}{', all the same' if still else ''}"


def count_down(draw: random.Random, document: Any) -> str:
    """Let a counter fall, jump or stand, sample by sample."""
    if not (path := place(draw, document, (int, float))) or not any(isinstance(key, int) for key in path):
        return "nothing"
    at = max(n for n, key in enumerate(path) if isinstance(key, int))
    how = draw.choice(("falls", "stands", "jumps"))
    rows = reference.at(document, path[:at])
    for number, row in enumerate(rows):
        try:
            reference.at(row, path[at + 1 : -1])
        except (KeyError, TypeError, IndexError):
            continue
        new = {"falls": -7 * number, "stands": 5, "jumps": draw.randrange(2**40)}[how]
        if len(path) > at + 1 and isinstance(row, dict):
            reference.put(row, path[at + 1 :], new)
    return f"{path} {how}"


INSIDE: tuple[Callable[[random.Random, Any], str], ...] = (
    drop, replace_value, replace_value, replace_everywhere, replace_everywhere, rename, duplicate, reorder, thin, swap,
    shift, count_down,
)  # fmt: skip


def spoil_bytes(draw: random.Random, body: bytes) -> tuple[bytes, str]:
    """Cut, overwrite, insert or repeat bytes."""
    start = draw.randrange(len(body) + 1)
    end = min(len(body), start + draw.choice((1, 1, 10, 1000)))
    odd_bytes = draw.choice(
        (b"\xff", b"\0", b"\xed\xa0\x80", b'"', b"}", b"]", b",", b"[" * 5000, b"\xef\xbb\xbf", b"9" * 500)
    )
    ways = {
        "cut at": body[:start],
        "begins at": body[start:],
        "without": body[:start] + body[end:],
        f"{odd_bytes[:4]!r} over": body[:start] + odd_bytes + body[end:],
        f"{odd_bytes[:4]!r} into": body[:start] + odd_bytes + body[start:],
        "twice": body[:end] + body[start:],
        "utf-16": body.decode(errors="replace").encode("utf-16"),
        "with a BOM": b"\xef\xbb\xbf" + body,
        "empty": b"",
    }
    way = draw.choice(list(ways))
    return ways[way], f"{way} {start}-{end} of {len(body)} bytes"


def short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def spoilt(seed: int) -> tuple[str, CallDocuments, tuple[str, ...]]:
    """Return the call, its spoilt documents and what was done to them, all drawn from a seed."""
    draw = random.Random(seed)
    sample = draw.choice(list(originals()))
    documents = originals()[sample]
    documents = replace(documents, reports=dict(documents.reports), names=dict(documents.names))
    changes = [change_one(draw, documents) for _ in range(draw.choice((1, 1, 1, 2, 3, 8)))]
    return sample, documents, tuple(changes)


def change_one(draw: random.Random, documents: CallDocuments) -> str:
    """Change one document, and say what was done."""
    kept = [name for name in (*LISTS, "chat", "transcript", "summary") if getattr(documents, name)]
    names = [*kept, *(peer for peer in documents.reports for _ in range(3))]
    if not names:
        return "nothing is left"
    name = draw.choice(names)
    body = documents.reports[name] if name in documents.reports else getattr(documents, name)
    how = draw.random()
    if how < 0.04:
        what, new = exchange(draw, documents, name)
    elif name == "summary":
        new = what = draw.choice(TEXTS)
        what = f"= {short(what)}"
    elif name in ("chat", "transcript") or how < 0.15:
        if name == "transcript" and draw.random() < 0.3:
            documents.transcript_format = draw.choice(("CSV", "JSON", "SRT", "VTT"))
        new, what = spoil_bytes(draw, body)
    else:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return f"{name} cannot be changed any more"
        what = next((said for _ in range(9) if (said := draw.choice(INSIDE)(draw, document)) != "nothing"), "nothing")
        new = json.dumps(document).encode()
    put(documents, name, new)
    return f"{name}: {what}"


def exchange(draw: random.Random, documents: CallDocuments, name: str) -> tuple[str, Any]:
    """Take a document away, or put another in its place."""
    if draw.random() < 0.5 or name not in (*LISTS, *documents.reports):
        if name in documents.reports:
            documents.failures = [*documents.failures, Failure("peer-report", "gone", name, draw.random() < 0.5)]
        return "taken away", None
    others = {key: getattr(documents, key) for key in LISTS} | documents.reports
    other = draw.choice([key for key in others if others[key] is not None])
    return f"is {other}", others[other]


def put(documents: CallDocuments, name: str, body: Any) -> None:
    if name not in documents.reports:
        setattr(documents, name, body)
    elif body is None:
        del documents.reports[name]
    else:
        documents.reports[name] = body


# Reading --------------------------------------------------------------------------------------------------------------


def read_tables(call: Call) -> None:
    for name, table in call.tables.items():
        assert_shape(name, table)


STEPS: dict[str, Callable[[Call], object]] = {
    "tables": read_tables,
    "problems": lambda call: call.problems,
    "findings()": lambda call: call.findings(),
    "verdicts()": lambda call: call.verdicts(),
    "story()": lambda call: str(call.story()),
    "overview()": lambda call: call.overview(),
    "repr": lambda call: (repr(call), call._repr_html_()),
    "redact()": lambda call: read_tables(call.redact()),
}


def save_and_replay(call: Call) -> None:
    """Save the call, open it again, and compare what is known of it."""
    with TemporaryDirectory() as folder:
        saved = call.save(Path(folder) / "call")
        with rtk.replay(saved, progress=False) as app:
            again = app.call(str(app.sessions()["session_id"][0]))
    # What nobody named is named after its file, so only what has a name is compared.
    named = call.participants["peer_id"].dropna()
    if any("belong to nobody in the list" in str(message) for message in again.problems["message"]):
        return  # a list that names others than the reports: a replay asks for whom it names, and says so
    assert set(named) <= set(again.participants["peer_id"].dropna()), "a participant is lost by saving"
    assert len(again.samples) == len(call.samples), "samples are lost by saving"


def export_and_read(call: Call) -> None:
    with TemporaryDirectory() as folder:
        rtk.export_tables(call, folder, redacted=False)
        tables = rtk.read_tables(folder)
    for name, table in call.tables.items():
        assert len(tables[name]) == len(table), f"{name} has other rows once exported"


def write_a_report(call: Call) -> None:
    with TemporaryDirectory() as folder:
        rtk.write_report(call, Path(folder) / "call.html")


def draw(call: Call) -> None:
    from matplotlib import pyplot as plt

    try:
        rtk.plot.timeline(call)
        rtk.plot.quality(call, metrics=["loss_pct", "bitrate_kbps"])
        rtk.plot.candidate_pairs(call)
        rtk.plot.device_changes(call)
        rtk.plot.heatmap(call)
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
    finally:
        plt.close("all")


def explain(call: Call) -> None:
    for name in list(call.names.values())[:3]:
        str(call.explain(name, "choppy"))


SELDOM: dict[str, tuple[int, Callable[[Call], object]]] = {
    "save(), replay()": (3, save_and_replay),
    "explain()": (3, explain),
    "export_tables()": (7, export_and_read),
    "plots": (11, draw),
    "write_report()": (23, write_a_report),
}
"""What takes longer is done with every n-th seed."""


def read_everything(seed: int, outcome: Outcome) -> None:
    """Read all that a spoilt call has; what one step raises keeps no other from its turn."""
    sample, documents, changes = spoilt(seed)
    began = time.perf_counter()
    call = Call(documents)
    due = {step: read for step, (every, read) in SELDOM.items() if seed % every == 0}
    for step, read in (STEPS | due).items():
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                # A warning of NumPy is raised, so that its place is known: it stands for a value that was not looked at.
                warnings.simplefilter("error", RuntimeWarning)
                read(call)
        except rtk.RtkitError as error:
            outcome.refused[f"{step}: {type(error).__name__}"] += 1
        except Exception as error:
            said = f"{type(error).__name__}: {short(str(error))}"
            outcome.crashes.append(Crash(seed, sample, changes, step, said, where(error)))
        outcome.warned.update(f"{step}: {w.category.__name__}: {short(str(w.message))}" for w in warned)
    if (took := time.perf_counter() - began) > SLOW:
        outcome.crashes.append(Crash(seed, sample, changes, "everything", f"took {took:.0f} s", "no one place"))
    outcome.cases += 1


def where(error: Exception) -> str:
    """Return the innermost line of the project that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "rtkit_explore" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}: {ours[-1].line}"


def fuzz(*, seed: int, cases: int | None = None, seconds: float = 0.0) -> Outcome:
    """Read so many cases, or as many as fit into a time but one at least; case by case the seed grows by one."""
    originals()
    outcome, began = Outcome(), time.perf_counter()
    for number in count(seed):
        read_everything(number, outcome)
        outcome.seconds = time.perf_counter() - began
        if outcome.cases >= cases if cases is not None else outcome.seconds >= seconds:
            return outcome
    raise AssertionError


# In processes of their own ---------------------------------------------------------------------------------------------

HUNG = 90.0
"""Seconds after which a case has hung: far more than a slow one takes on a busy machine."""
MEMORY = 3 * 2**30
"""Bytes that a worker may take more than it has when it starts."""
WORKER = (sys.executable, "-m", "tests.benchmarks.fuzz")


def work(seed: int) -> None:
    """Read one case after the other, and print a line of JSON before and after each: what a worker does."""
    originals()
    with contextlib.suppress(ImportError):
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    print(json.dumps({"ready": True}), flush=True)
    for number in count(seed):
        print(json.dumps({"begin": number}), flush=True)
        outcome = Outcome()
        read_everything(number, outcome)
        crashes = [asdict(crash) for crash in outcome.crashes]
        print(json.dumps({"crashes": crashes, "refused": outcome.refused, "warned": outcome.warned}), flush=True)


def fuzz_apart(
    *, seed: int, cases: int | None = None, seconds: float = 0.0, hung: float = HUNG, command: tuple[str, ...] = WORKER
) -> Outcome:
    """
    Do what :func:`fuzz` does in a process of its own, which may hang, die or run out of memory.

    A case that does is a failure, and another process goes on with the next one.
    """
    outcome, began, number = Outcome(), time.perf_counter(), seed
    while cases is None or outcome.cases < cases:
        with subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            lines: SimpleQueue[str] = SimpleQueue()
            reader = threading.Thread(target=forward, args=(process.stdout, lines), daemon=True)
            reader.start()
            try:
                for said in iter(partial(lines.get, timeout=hung), ""):
                    told = json.loads(said)
                    if "begin" in told:
                        number = told["begin"]
                    elif "crashes" in told:
                        for crash in told["crashes"]:
                            outcome.crashes.append(Crash(**crash | {"changes": tuple(crash["changes"])}))
                        outcome.refused.update(told["refused"])
                        outcome.warned.update(told["warned"])
                        outcome.cases += 1
                        outcome.seconds = time.perf_counter() - began
                        if outcome.cases >= cases if cases is not None else outcome.seconds >= seconds:
                            return outcome
                how = f"the process ended with {process.wait()}"
            except Empty:
                how = f"nothing came for {hung:.0f} s"
            finally:
                process.kill()
                process.wait()
                reader.join()
        outcome.crashes.append(Crash(number, "", (), "everything", how, "no one place"))
        outcome.cases += 1
        outcome.seconds = time.perf_counter() - began
        number += 1
        if cases is None and outcome.seconds >= seconds:
            break
    return outcome


def forward(stream: IO[str], lines: SimpleQueue[str]) -> None:
    """Put the lines of a stream into a queue, which can be waited for; an empty one at the end."""
    for line in stream:
        lines.put(line)
    lines.put("")


def main(*, small: bool = False, minutes: float = 1.0, seed: int = 0, apart: bool = True) -> None:
    """Print what was found; the exit code is 1 if anything failed."""
    run = fuzz_apart if apart else fuzz
    outcome = run(seed=seed, cases=SMALL) if small else run(seed=seed, seconds=60 * minutes)
    pace = 60 * outcome.cases / outcome.seconds
    print(f"{outcome.cases} cases from seed {seed}, {pace:.0f} cases a minute, {len(outcome.crashes)} failures")
    if outcome.cases == 1:
        print("; ".join(spoilt(seed)[2]))
    for title, counted in (("refused with an RtkitError", outcome.refused), ("warned", outcome.warned)):
        for what, times in counted.most_common(10):
            print(f"  {title}: {what} ({times})")
    places: dict[tuple[str, str], list[Crash]] = {}
    for crash in outcome.crashes:
        places.setdefault((crash.where, crash.error.partition(":")[0]), []).append(crash)
    for crashes in sorted(places.values(), key=len, reverse=True):
        print(f"{len(crashes)} x {crashes[0]}")
    if outcome.crashes:
        raise SystemExit(1)


if __name__ == "__main__":
    work(int(sys.argv[1]))
