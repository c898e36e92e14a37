"""
How long a simulated call takes, and how that grows: ``python -m tests.benchmarks simulate``.

Processor time, so that other work on the machine does not count. The aim is an hour with nine people in under 2 s,
growing in proportion to participants, streams and minutes.
"""

from __future__ import annotations

import statistics
import time

from rtkit_explore.simulator import SimulatedApp, simulate_documents

AIM_S = 2.0


def timed(repeats: int = 3, **what: object) -> tuple[float, int, float]:
    """Best processor time of a simulation (s), with its sample rows and megabytes."""
    best, rows, size = float("inf"), 0, 0.0
    for _ in range(repeats):
        begin = time.process_time()
        call = simulate_documents(**what)
        best = min(best, time.process_time() - begin)
        rows = sum(body.count(b'"mos_quality"') for body in call.reports.values())
        size = sum(map(len, call.reports.values())) / 1e6
    return best, rows, size


def table(title: str, cases: list[tuple[str, dict[str, object]]]) -> None:
    """Print a line for each case, with time per row, and how much the latter varies."""
    print(f"\n{title}\n{'case':<34}{'s':>8}{'rows':>10}{'MB':>8}{'us/row':>9}")
    costs = []
    for label, what in cases:
        best, rows, size = timed(**what)
        costs.append(1e6 * best / rows)
        print(f"{label:<34}{best:>8.3f}{rows:>10}{size:>8.1f}{costs[-1]:>9.2f}")
    print(f"time per row varies by {max(costs) / min(costs):.2f} around {statistics.median(costs):.2f} us")


def main(*, small: bool = False) -> None:
    """Print all figures; ``small`` those of two short calls."""
    simulate_documents(minutes=2)
    if small:
        table("minutes (three people)", [(f"{m} min", {"participants": 3, "minutes": m}) for m in (1, 2)])
        return
    table("minutes (nine people)", [(f"{m} min", {"participants": 9, "minutes": m}) for m in (15, 30, 60, 120)])
    table("participants (30 minutes)", [(f"{n} people", {"participants": n, "minutes": 30}) for n in (3, 6, 9, 18)])
    table(
        "what happens (nine people, 60 minutes)",
        [
            (name, {"scenario": name, "participants": 9, "minutes": 60, "seed": 1})
            for name in ("clean", "lossy_uplink", "burst_loss", "narrow_uplink", "narrow_downlink", "server_trouble")
        ]
        + [("clean, simulcast", {"participants": 9, "minutes": 60, "simulcast": True})],
    )
    best, _, _ = timed(participants=9, minutes=60)
    print(f"\none hour, nine people: {best:.2f} s (aim: under {AIM_S:g} s) {'reached' if best < AIM_S else 'MISSED'}")
    begin = time.process_time()
    app = SimulatedApp()
    booked = time.process_time() - begin
    path = "/accounts/demo-account/realtime/kit/demo-app/sessions"
    begin = time.process_time()
    app.answer("GET", path, {}, {"authorization": "Bearer demo-token"})
    print(f"a month of sessions: booked in {booked:.2f} s, first list in {time.process_time() - begin:.2f} s")
