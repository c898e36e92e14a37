"""
Whether what ``rtk.plot.finding`` draws is what was judged, for every finding of every scenario and recording.

``python -m tests.benchmarks finding_curves``: three seeds of each scenario, with and without simulcast, and every
recording that comes with the package. The curve over the finding's window has the finding's value as its worst point, in
the same unit, with the threshold line in sight. The tests take a sample.
"""

from __future__ import annotations

import rtkit_explore as rtk
from rtkit_explore.simulator import SCENARIOS
from tests.plot.test_finding_values import drawn_as_judged


def main(*, seeds: int = 3, small: bool = False) -> None:
    """Draw all findings and print how many; ``small`` takes one seed of four scenarios."""
    names = list(SCENARIOS)[:4] if small else list(SCENARIOS)
    wrong, drawn = [], 0
    for name in names:
        for seed in range(1 if small else seeds):
            for simulcast in (False, True):
                try:
                    drawn += drawn_as_judged(rtk.simulate(name, seed=seed, simulcast=simulcast).call)
                except AssertionError as error:
                    wrong.append(f"{name} seed={seed} simulcast={simulcast}: {str(error).splitlines()[0]}")
    app = rtk.replay(rtk.sample_calls())
    sessions = app.sessions()["session_id"]
    for session in sessions[:2] if small else sessions:
        try:
            drawn += drawn_as_judged(app.call(session))
        except AssertionError as error:
            wrong.append(f"{session}: {str(error).splitlines()[0]}")
    print(f"{drawn} findings drawn, {len(wrong)} calls with a curve that is not what was judged (aim: 0)")
    print("\n".join(wrong))
