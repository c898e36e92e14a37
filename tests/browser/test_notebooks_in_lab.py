"""The example notebooks in JupyterLab, run as a reader does: all cells at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))

STATE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = panel.content.model.cells;
  const found = {run: 0, code: 0, failed: [], pictures: 0};
  for (let i = 0; i < cells.length; i++) {
    const cell = cells.get(i);
    if (cell.type !== 'code') continue;
    found.code += 1;
    if (cell.executionCount) found.run += 1;
    for (const output of cell.toJSON().outputs) {
      if (output.output_type === 'error') found.failed.push(output.ename + ': ' + output.evalue);
      if (output.data && output.data['image/png']) found.pictures += 1;
    }
  }
  return found;
}"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_every_cell_of_a_notebook_runs(lab, page, shoot, notebook):
    shutil.copyfile(notebook, lab.folder / notebook.name)
    lab.open(page, notebook.name)
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    before = page.evaluate(STATE)
    assert before["pictures"] == 0
    page.set_default_timeout(180_000)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        f"() => {{ const found = ({STATE})(); return found.run === found.code || found.failed.length; }}"
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    after = page.evaluate(STATE)
    assert after["failed"] == []
    assert after["run"] == after["code"] == before["code"]
    expected = notebook.read_text(encoding="utf-8").count('"image/png"')
    assert after["pictures"] == expected
    shoot(page, f"notebook-{notebook.stem}")
