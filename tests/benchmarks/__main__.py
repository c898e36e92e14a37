"""Run the benchmarks: all of them, or those named (`python -m tests.benchmarks tables findings`)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("__init__", "__main__", "big_report"))


def run(names: list[str], *, small: bool) -> None:
    for name in names:
        if name not in NAMES:
            sys.exit(f"No benchmark {name!r}; there are: {', '.join(NAMES)}")
        print(f"== {name} ==", flush=True)
        importlib.import_module(f"{__package__}.{name}").main(small=small)


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    run(asked or NAMES, small="--small" in sys.argv)
