"""The explorer in Notebook 7, where that is installed."""

from __future__ import annotations

import pytest

from tests.browser.conftest import SLOW_MS, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(140)]

CELLS = ["import rtkit_explore as rtk\napp = rtk.replay(rtk.sample_calls())", "rtk.explorer(app)"]
RUN = (
    """async () => { const commands = window.jupyterapp.commands; await commands.execute('notebook:run-all-cells'); }"""
)
COUNT = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"


def test_it_opens_chooses_and_keeps_its_keys(page, tmp_path, shoot):
    from playwright.sync_api import expect

    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    with running_lab(tmp_path, "notebook") as notebook:
        notebook.write("seven.ipynb", CELLS)
        page.set_viewport_size({"width": 1300, "height": 900})
        page.goto(f"{notebook.address}/notebooks/seven.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=SLOW_MS)
        page.wait_for_function(
            """() => { const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
                       const kernel = panel?.sessionContext?.session?.kernel;
                       return kernel && kernel.status === 'idle'; }""",
            timeout=SLOW_MS,
        )
        page.evaluate(RUN)
        root = page.locator(".rtk")
        expect(root.locator(".u-over").first).to_be_visible(timeout=30_000)
        root.get_by_title("Choose another call").click()
        root.get_by_label("Find a call").fill("sfu-uplink")
        root.get_by_label("Find a call").press("Enter")
        expect(root.locator(".rtk-title")).to_contain_text("recording sfu-uplink")
        root.locator(".rtk-finding").first.click()
        expect(root.get_by_title("Look at the whole call")).to_be_enabled()
        before = page.evaluate(COUNT)
        for part in (".rtk-sentence", ".u-over >> nth=0", ".rtk-finding >> nth=0"):
            root.locator(part).click()
            for key in ("d", "d", "a", "b", "ArrowDown"):
                page.keyboard.press(key)
            assert page.evaluate(COUNT) == before, part
            assert page.evaluate("() => document.querySelector('.rtk').contains(document.activeElement)"), part
        shoot(page, "explorer-notebook-7")
