"""
Run the benchmarks: all of them, or those named (``python -m tests.benchmarks tables findings``).

``--small`` runs a sample of each; other options (``--seeds 2``, ``--pairs outage+muted``) go to the benchmarks that
know them.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(
    path.stem for path in HERE.glob("*.py") if path.stem not in ("__init__", "__main__", "big_report", "by_hand")
)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}")
    parser.add_argument("--small", action="store_true", default=None, help="a sample of each")
    parser.add_argument("--seeds", type=int, help="how many seeds of each case")
    parser.add_argument("--pairs", help="two_causes: pairs (a+b) or scenarios (a), separated by commas")
    parser.add_argument("--people", help="two_causes: numbers of people, separated by commas")
    parser.add_argument("--scenarios", help="findings, finding_curves: scenarios, separated by commas")
    parser.add_argument("--singles", action="store_true", default=None, help="two_causes: single causes as well")
    parser.add_argument("--lines", help="speed: which parts of the table, separated by commas")
    parser.add_argument("--failures", type=int, help="two_causes: how many failed cases are listed")
    parser.add_argument("--minutes", type=float, help="fuzz, two_causes: for how long")
    parser.add_argument("--out", help="two_causes: a file that keeps the results, so that a run can be taken up again")
    parser.add_argument("--hours", type=float, help="soak: simulated hours of polling")
    parser.add_argument("--seed", type=int, help="fuzz, killed_saves, two_causes, odd_calls: where chance starts")
    parser.add_argument("--kills", type=int, help="killed_saves: how many saves are killed")
    parser.add_argument("--calls", type=int, help="small_calls, odd_calls: how many")
    parser.add_argument("--jobs", type=int, help="how many processes")
    return parser


def run(arguments: list[str] | None = None) -> None:
    """Run what is asked for; a benchmark is given the options that its ``main`` takes."""
    parser = options()
    asked = parser.parse_args(arguments)
    given = {name: value for name, value in vars(asked).items() if name != "names" and value is not None}
    if unknown := [name for name in asked.names if name not in NAMES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in asked.names or NAMES:
        print(f"== {name} ==", flush=True)
        main = importlib.import_module(f"{__package__}.{name}").main
        known = inspect.signature(main).parameters
        main(**{option: value for option, value in given.items() if option in known})


if __name__ == "__main__":
    run()
