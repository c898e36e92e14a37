"""Running a notebook again changes nothing in git; a result that differs does."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import __main__ as runner
from tests.notebooks.normalise import VIEW, normalise

HERE = Path(__file__).resolve().parent
NOTEBOOKS = sorted(runner.NOTEBOOKS.glob("*.ipynb"))
FILTER = HERE / "normalise.py"
CELLS = (
    "import sys, uuid\nfrom IPython.display import display",
    "for _ in range(3):\n    print('out', flush=True)\n    print('err', file=sys.stderr, flush=True)",
    "import ipywidgets\nslider = ipywidgets.IntSlider()\nslider",
    "display(slider)\n'text'",
)


def _notebook(cells=CELLS):
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    return nbformat.writes(made)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_notebooks_of_the_repository_are_normalised(path):
    text = path.read_text(encoding="utf-8")
    assert normalise(text) == text
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_a_second_run_gives_the_same_bytes(tmp_path, capsys):
    path = tmp_path / "small.ipynb"
    path.write_text(_notebook(), encoding="utf-8")
    assert runner.main([str(path)]) == 0
    first = path.read_bytes()
    assert b"changed" in capsys.readouterr().out.encode()
    assert VIEW in first.decode()
    assert runner.main([str(path), "--check"]) == 0
    assert "unchanged" in capsys.readouterr().out
    assert runner.main([str(path)]) == 0
    assert path.read_bytes() == first


def test_a_cell_that_fails_leaves_the_file_as_it_was(tmp_path, capsys):
    path = tmp_path / "failing.ipynb"
    path.write_text(_notebook(["1 / 0"]), encoding="utf-8")
    before = path.read_bytes()
    assert runner.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


def _ran():
    """Return a notebook as JupyterLab leaves it, and the same one run another time."""
    one = json.loads(_notebook(["show()", "print(1)", "never_run()"]))
    view = {"output_type": "display_data", "metadata": {}, "data": {VIEW: {"model_id": "aaaa", "version_major": 2}}}
    stream = {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]}
    one["cells"][0] |= {"execution_count": 7, "outputs": [view]}
    one["cells"][1] |= {"execution_count": 9, "outputs": [stream], "metadata": {"tags": ["kept"]}}
    two = copy.deepcopy(one)
    two["cells"][0]["outputs"][0]["data"][VIEW]["model_id"] = "bbbb"
    two["cells"][0]["execution_count"] = 1
    two["cells"][1]["execution_count"] = 2
    two["cells"][1]["metadata"] |= {"execution": {"iopub.status.busy": "2026-01-01"}, "scrolled": True, "jupyter": {"outputs_hidden": False}}
    two["cells"][1]["outputs"] = [{**stream, "text": "1\n"}, {**stream, "text": "2\n"}]
    two["metadata"] = {"kernelspec": {"name": "venv"}, "language_info": {"version": "3.13"}, "widgets": {"state": {}}}
    return one, two


def test_what_a_run_leaves_behind_is_no_difference_and_what_it_gives_is():
    one, two = _ran()
    assert normalise(json.dumps(one)) == normalise(json.dumps(two))
    made = json.loads(normalise(json.dumps(two)))
    assert [cell["execution_count"] for cell in made["cells"]] == [1, 2, None]
    assert made["cells"][1]["metadata"] == {"tags": ["kept"]}
    assert normalise(normalise(json.dumps(two))) == normalise(json.dumps(two))
    other = copy.deepcopy(two)
    other["cells"][1]["outputs"][1]["text"] = "3\n"
    assert normalise(json.dumps(other)) != normalise(json.dumps(one))
    other = copy.deepcopy(two)
    other["cells"][0]["source"] = "show() "
    assert normalise(json.dumps(other)) != normalise(json.dumps(one))


def test_with_the_filter_git_sees_no_change_after_a_run_in_jupyterlab(tmp_path):
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git is installed here")

    def run(*words):
        return subprocess.run([git, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    one, two = _ran()
    path = tmp_path / "lab.ipynb"
    run("init", "-q")
    run("config", "filter.notebook.clean", f'"{sys.executable}" "{FILTER}"')
    shutil.copyfile(runner.NOTEBOOKS.parent / ".gitattributes", tmp_path / ".gitattributes")
    path.write_text(json.dumps(one), encoding="utf-8")
    run("add", "lab.ipynb")
    path.write_text(json.dumps(two, indent=4), encoding="utf-8")
    assert run("diff", "--name-only") == ""
    two["cells"][1]["outputs"][1]["text"] = "3\n"
    path.write_text(json.dumps(two), encoding="utf-8")
    assert run("diff", "--name-only") == "lab.ipynb\n"
