"""
Whether what ``rtk.plot.finding`` draws is what was judged, for every finding of every scenario and recording.

``python -m tests.benchmarks finding_curves``: three seeds of each scenario, with and without simulcast, and every
recording, those of the package and those of the tests. The curve over the finding's window has the finding's value as its
worst point, in the same unit, with the threshold line in sight. The tests take a sample. ``--scenarios outage,recordings``
takes some of it, so that the whole can be run in parts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rtkit_explore as rtk
from rtkit_explore.simulator import SCENARIOS
from tests.plot.test_finding_values import drawn_as_judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rtkit_explore.call import Call

RECORDINGS = "recordings"
FOLDERS = (Path(rtk.sample_calls()), Path(__file__).resolve().parents[1] / "recordings")


def main(*, seeds: int = 3, scenarios: str = "", small: bool = False) -> None:
    """Draw all findings and print how many; ``small`` takes one seed of four scenarios."""
    names = scenarios.split(",") if scenarios else [*list(SCENARIOS)[: 4 if small else None], RECORDINGS]
    wrong, drawn, calls = [], 0, 0
    for name in names:
        for what, call in recorded(small=small) if name == RECORDINGS else simulated(name, 1 if small else seeds):
            calls += 1
            try:
                drawn += drawn_as_judged(call)
            except AssertionError as error:
                wrong.append(f"{what}: {str(error).splitlines()[0]}")
    print(
        f"{drawn} findings drawn in {calls} calls, {len(wrong)} calls with a curve that is not what was judged (aim: 0)"
    )
    print("\n".join(wrong))


def simulated(name: str, seeds: int) -> Iterator[tuple[str, Call]]:
    for seed in range(seeds):
        for simulcast in (False, True):
            yield f"{name} seed={seed} simulcast={simulcast}", rtk.simulate(name, seed=seed, simulcast=simulcast).call


def recorded(*, small: bool) -> Iterator[tuple[str, Call]]:
    folders = [path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.is_dir()]
    for folder in folders[:2] if small else folders:
        app = rtk.replay(folder, progress=False)
        for session in app.sessions()["session_id"]:
            yield f"{folder.name} {session}", app.call(session)
