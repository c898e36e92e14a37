"""
Run notebooks from top to bottom and write them back: ``python -m tests.notebooks [01-first-look …]``, all without a name.

Each runs in a new kernel, as ``git diff`` is to see it: results differ where something came out differently, and nowhere
else (``normalise`` says what is settled). A cell that fails is shown, and its notebook's file stays as it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebooks.normalise import normalise

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def run(path: Path) -> str:
    """Return the text of the notebook at ``path`` after a run, normalised; the file is left alone."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}).execute()
    return normalise(nbformat.writes(notebook))


def main(arguments: list[str]) -> int:
    """Run the notebooks named, or all; return 1 if a cell of any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which, without .ipynb; paths work as well")
    parser.add_argument("--check", action="store_true", help="write nothing; say which would change")
    asked = parser.parse_args(arguments)
    paths = [_path(name) for name in asked.names] or sorted(NOTEBOOKS.glob("*.ipynb"))
    bad = 0
    for path in paths:
        begin = time.perf_counter()
        try:
            text = run(path)
        except CellExecutionError as error:
            print(f"{path.name}: a cell failed; the file is as it was\n{error}")
            bad += 1
            continue
        same = text == path.read_text(encoding="utf-8")
        if not same and asked.check:
            bad += 1
        elif not same:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.name}: {'unchanged' if same else 'changed'}, {time.perf_counter() - begin:.0f} s", flush=True)
    return int(bad > 0)


def _path(name: str) -> Path:
    given = Path(name)
    if given.suffix == ".ipynb" and given.exists():
        return given
    path = NOTEBOOKS / f"{given.stem}.ipynb"
    if not path.exists():
        known = ", ".join(sorted(one.stem for one in NOTEBOOKS.glob("*.ipynb")))
        raise SystemExit(f"There is no notebook {name!r} in {NOTEBOOKS.name}. There are: {known}.")
    return path


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
