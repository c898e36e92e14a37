"""The walks through documents whole: every wrong value at every place, of which the tests run a sample."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ("tests/tables/test_wrong_values.py", "tests/tables/test_walk.py")


def main(*, small: bool = False) -> None:
    """Run the tests with all their places; the small sample is what they run by themselves."""
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", "-p", "no:nbval"]
    command += ["-o", "addopts=--import-mode=importlib -p no:cacheprovider"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, *FILES],
        cwd=ROOT,
        env=os.environ | {"RTKIT_WHOLE_WALKS": "0" if small else "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout[-4000:], done.stderr[-4000:], sep="")
    print(f"{'passed' if done.returncode == 0 else 'FAILED'} in {time.perf_counter() - began:.0f} s")
