"""Saves that are really killed: whatever the moment, the folder holds the old call or the new one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.saved_calls import read_call, save_call

SCRIPT = """
import sys
from pathlib import Path
from tests.benchmarks.killed_saves import documents
from rtkit_explore.store.saved_calls import save_call

folder = Path(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    save_call(documents(number), folder)
"""


def documents(version: int) -> CallDocuments:
    """Make a call of ten reports, all of which say which version they are of."""
    mark = f'"version": {version}, "fill": "{"x" * 20_000}"'
    return CallDocuments(
        session=f'{{"data": {{"id": "s1", {mark}}}}}'.encode(),
        participants=f'{{"data": {{"participants": [], {mark}}}}}'.encode(),
        reports={f"p{n}": f'{{"data": {{"participant": {{"id": "p{n}", {mark}}}}}}}'.encode() for n in range(10)},
        chat=f"version {version}".encode(),
    )


def killed_saves(folder: Path, *, kills: int, seed: int) -> list[str]:
    """
    Save a call again and again in another process, and kill that process at a random moment.

    Returns
    -------
    list of str
        For each kill "old" or "new" where the folder holds one whole version, else what was wrong.
    """
    draw = random.Random(seed)
    target = folder / "call"
    save_call(documents(0), target)
    outcomes = []
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(target)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(draw.uniform(0.0, 0.25))
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        outcomes.append(_outcome(target))
        save_call(documents(0), target)
        left = [path.name for path in folder.rglob("*") if path.name.startswith(".")]
        if left:
            outcomes[-1] = f"left behind: {left}"
    return outcomes


def _outcome(target: Path) -> str:
    read = read_call(target)
    bodies = [read.session, read.participants, *read.reports.values()]
    versions = {body.partition(b'"version": ')[2].partition(b",")[0] for body in bodies if body}
    versions.add((read.chat or b"").removeprefix(b"version "))
    whole = len(read.reports) == 10 and None not in bodies
    if len(versions) != 1 or not whole:
        return f"a mixture of {sorted(versions)}, {len(read.reports)} reports"
    return "old" if versions == {b"0"} else "new"


def main(kills: int = 50, seed: int = 0, *, small: bool = False) -> None:
    """Kill fifty saves and print what became of them."""
    kills = min(kills, 3) if small else kills
    import tempfile
    from collections import Counter

    with tempfile.TemporaryDirectory() as folder:
        for outcome, times in Counter(killed_saves(Path(folder), kills=kills, seed=seed)).items():
            print(f"{times:4d} x {outcome}")
