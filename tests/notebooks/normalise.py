"""
Make a run notebook's file depend on its sources and its results alone, so that running it again changes nothing in git.

What a run leaves behind beside its results is settled here: ids of widgets (drawn at random), execution counts, times of
execution, the state of the widgets and of the interface, the kernel's name and version, where a stream of text was cut.
Sources and results stay as they are: a value that differs is a difference.

Reads a notebook from standard input and writes it to standard output, which is what git wants of a filter::

    git config filter.notebook.clean "python3 tests/notebooks/normalise.py"

With it (``.gitattributes`` names the files), a notebook that was run and saved in JupyterLab shows in ``git diff`` what
came out differently, and nothing else. It needs nothing but Python.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What interfaces write into a cell that nobody wrote there; tags and the like are somebody's and stay.
LEFT_BY_INTERFACES = ("ExecuteTime", "collapsed", "execution", "scrolled", "trusted", "vscode", "pycharm")


def normalise(text: str) -> str:
    """Return the notebook in ``text`` (JSON, nbformat 4) without what differs from run to run."""
    notebook = json.loads(text)
    notebook["metadata"] = METADATA
    ids: dict[str, str] = {}
    count = 0
    for cell in notebook["cells"]:
        cell["source"] = _lines(cell["source"])
        kept = {key: value for key, value in cell["metadata"].items() if key not in LEFT_BY_INTERFACES}
        if "jupyter" in kept:
            kept["jupyter"] = {key: value for key, value in kept["jupyter"].items() if key != "outputs_hidden"}
        cell["metadata"] = {key: value for key, value in kept.items() if value != {}}
        if cell["cell_type"] != "code":
            continue
        # As after one run from top to bottom; a cell that was not run has no number, and that stays to be seen.
        if cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
        cell["outputs"] = [_output(output, count) for output in _joined(cell["outputs"])]
        for number, output in enumerate(cell["outputs"]):
            view = output.get("data", {}).get(VIEW)
            if view is not None:
                # One widget shown twice keeps one id; its model was in the kernel and is gone in any case.
                place = f"{cell.get('id')} {number}"
                view["model_id"] = ids.setdefault(view["model_id"], hashlib.md5(place.encode()).hexdigest())  # noqa: S324
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what was written to the same stream: where it was cut depends on when the kernel's buffer was flushed."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]:
            last["text"] = "".join(last["text"]) + "".join(output["text"])
        else:
            joined.append(output)
    return joined


def _output(output: dict[str, Any], count: int) -> dict[str, Any]:
    if "execution_count" in output:
        output["execution_count"] = count
    if "text" in output:
        output["text"] = _lines(output["text"])
    # The shape in which nbformat writes: texts as lines, pictures as one string.
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml"):
            output["data"][kind] = _lines(value)
        elif isinstance(value, list):
            output["data"][kind] = "".join(value)
    return output


def _lines(text: str | list[str]) -> list[str]:
    return "".join(text).splitlines(keepends=True)


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", newline="")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(normalise(sys.stdin.read()))
