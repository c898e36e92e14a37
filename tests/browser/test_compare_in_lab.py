"""Two calls side by side in JupyterLab: one cursor, one zoom, the same measures; no key reaches the notebook."""

from __future__ import annotations

import pytest

from tests.browser.test_explorer_in_lab import CELLS, OPEN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SHOW = """ids = app.sessions().set_index('meeting_display_name')['session_id']
both = rtk.compare(app.call(ids['recording sfu-uplink']), app.call(ids['recording blackout']))
both"""


def test_two_calls_share_cursor_zoom_and_measures(lab, page, shoot):
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1300, "height": 1100})
    lab.write("compare.ipynb", [OPEN, SHOW, "print('chosen:', both.value)"])
    lab.open(page, "compare.ipynb")
    lab.run_all(page)
    root = page.locator(".rtk-both")
    sides = root.locator(".rtk")
    expect(sides).to_have_count(2)
    expect(root.locator(".u-over")).to_have_count(4)
    for side, title in enumerate(("sfu-uplink", "blackout")):
        expect(sides.nth(side).locator(".rtk-title")).to_contain_text(title)
        assert "UTC" not in sides.nth(side).locator(".rtk-sentence").inner_text()

    # Panels of one measure stand at one height, on one scale.
    tops = [sides.nth(side).locator(".u-over").first.bounding_box()["y"] for side in (0, 1)]
    assert abs(tops[0] - tops[1]) < 3

    # The cursor stands at the same time of both calls.
    over = sides.nth(0).locator(".u-over").first
    plot = over.bounding_box()
    page.mouse.move(plot["x"] + plot["width"] * 0.5, plot["y"] + 20)
    expect(sides.nth(1).locator(".rtk-cursor")).to_be_visible()
    expect(sides.nth(0).locator(".rtk-at")).to_have_text(sides.nth(1).locator(".rtk-at").inner_text())
    assert sides.nth(0).locator(".rtk-at").inner_text().startswith("+")

    # A window dragged on one is that of the other; a measure is chosen for both.
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.8, plot["y"] + 40, steps=5)
    page.mouse.up()
    expect(root.get_by_title("Look at all of both calls")).to_be_enabled()
    marks = [sides.nth(side).locator(".rtk-ruler text").first.text_content() for side in (0, 1)]
    assert marks[0] == marks[1]
    root.get_by_role("button", name="jitter", exact=True).click()
    expect(root.locator(".u-over")).to_have_count(6)
    sides.nth(1).locator(".rtk-finding").first.click()
    expect(sides.nth(1).locator(".rtk-evidence")).to_be_visible()
    expect(sides.nth(0).locator(".rtk-evidence")).to_have_count(0)
    shoot(page, "compare")

    # Keys stay here, wherever they are typed.
    before = page.evaluate(CELLS)
    for part in (".rtk-span", ".rtk-sentence >> nth=0", ".u-over >> nth=3", ".rtk-finding >> nth=1", ".rtk-shared"):
        root.locator(part).click(position={"x": 2, "y": 2})
        for key in ("d", "d", "x", "b", "ArrowDown"):
            page.keyboard.press(key)
        assert page.evaluate(CELLS) == before, part

    root.get_by_text("The figures of both calls").click()
    expect(root.locator(".rtk-figures tbody tr").first).to_be_visible()
    root.get_by_role("button", name="Show code").click()
    assert "rtk.compare_calls(one, two)" in root.locator(".rtk-code").inner_text()
