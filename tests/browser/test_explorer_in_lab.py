"""The explorer in JupyterLab: found, opened, pointed at, dragged, typed over, taken along, reopened without a kernel."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OPEN = "import rtkit_explore as rtk\napp = rtk.replay(rtk.sample_calls())"
SHOW = "view = rtk.explorer(app)\nview"
SAY = "print('chosen:', view.call.title, '|', view.value['finding'], '|', view.value['window'][0].strftime('%H:%M:%S'))"
CELLS = """() => { const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  return JSON.stringify([...Array(cells.length).keys()].map(n => [cells.get(n).type, cells.get(n).sharedModel.getSource()])); }"""
COMMAND_KEYS = [
    "d",
    "d",
    "x",
    "a",
    "b",
    "m",
    "y",
    "z",
    "ArrowDown",
    "ArrowUp",
    "ArrowLeft",
    "ArrowRight",
    "Home",
    "End",
    "Delete",
]


def open_explorer(lab, page, name, cells=(OPEN, SHOW, SAY)):
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1300, "height": 900})
    lab.write(name, list(cells))
    lab.open(page, name)
    lab.run_all(page)
    root = page.locator(".rtk")
    expect(root.locator(".u-over").first).to_be_visible()
    return root


def painted(page):
    return json.loads(page.locator(".rtk").get_attribute("data-painted") or "{}")


def choose_call(page, root, words):
    from playwright.sync_api import expect

    root.get_by_title("Choose another call").click()
    root.get_by_label("Find a call").fill(words)
    root.get_by_label("Find a call").press("Enter")
    expect(root.locator(".rtk-title")).to_contain_text(words)
    expect(root.locator(".u-over").first).to_be_visible()


def said(page):
    return page.locator(".jp-OutputArea-output pre", has_text="chosen:")


def test_from_the_list_of_calls_to_the_line_of_code(lab, page, shoot, tmp_path):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "explorer.ipynb")
    expect(root.locator(".rtk-title")).to_contain_text("recording")
    box = root.bounding_box()
    assert box["height"] < 790, "nothing is below the fold at 1300 x 900"

    # Search, and choose by keyboard.
    root.get_by_title("Choose another call").click()
    root.get_by_label("Find a call").fill("sfu uplink")
    expect(root.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    root.get_by_label("Find a call").press("Enter")
    expect(root.locator(".rtk-title")).to_contain_text("recording sfu-uplink")
    expect(root.locator(".rtk-badge")).to_contain_text("bad")
    expect(root.locator(".rtk-threshold")).to_have_count(1)
    shoot(page, "explorer-opened")

    # A finding moves the plots to its time.
    whole = root.get_by_label("To", exact=True).input_value()
    root.locator(".rtk-finding").first.click()
    expect(root.get_by_label("To", exact=True)).not_to_have_value(whole)
    assert painted(page)["what"] == "finding"
    shoot(page, "explorer-finding")

    # Hovering says the values, without the kernel.
    over = root.locator(".u-over").first
    plot = over.bounding_box()
    page.mouse.move(plot["x"] + plot["width"] * 0.6, plot["y"] + 30)
    expect(root.locator(".rtk-at")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    expect(root.locator(".rtk-cursor")).to_be_visible()
    assert re.search(r"\d", root.locator(".rtk-readout td").first.inner_text())
    shoot(page, "explorer-hover")

    # Dragging over a panel chooses the window, for every panel and for Python.
    begin = root.locator(".rtk-typed").first.input_value()
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.8, plot["y"] + 40, steps=5)
    page.mouse.up()
    expect(root.locator(".rtk-typed").first).not_to_have_value(begin)
    chosen = root.locator(".rtk-typed").first.input_value()
    page.wait_for_function("() => JSON.parse(document.querySelector('.rtk').dataset.painted).what === 'window'")
    page.evaluate(RUN_LAST)
    expect(said(page)).to_contain_text(f"recording sfu-uplink | 0 | {chosen}")

    # Typed windows; a wrong one says when the call was.
    root.get_by_label("From", exact=True).fill("3:15am")
    root.get_by_label("From", exact=True).press("Enter")
    expect(root.get_by_role("alert")).to_contain_text("The call lasts from")
    root.get_by_label("From", exact=True).fill("+30s")
    root.get_by_label("To", exact=True).fill("+20s")
    root.get_by_label("To", exact=True).press("Enter")
    expect(root.get_by_role("alert")).to_have_text("")

    # Hiding a line needs no kernel, either.
    line = root.locator(".rtk-line").first
    line.click()
    expect(root.locator(".rtk-line").first).to_have_attribute("aria-pressed", "false")
    assert painted(page)["what"] == "window"

    # Taking things along.
    with page.expect_download() as got:
        root.get_by_text("Save ▾").click()
        root.get_by_text("Picture, PNG").click()
    picture = tmp_path / "picture.png"
    got.value.save_as(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    root.get_by_role("button", name="Show code").click()
    code = root.locator(".rtk-code").first.inner_text()
    assert "call = app.call(" in code
    lab.write("fresh.ipynb", [OPEN, code])
    fresh = page.context.new_page()
    lab.open(fresh, "fresh.ipynb")
    lab.run_all(fresh)
    expect(fresh.locator(".jp-RenderedImage img").first).to_be_visible()
    expect(fresh.locator(".jp-RenderedText[data-mime-type*=error], .jp-mod-error")).to_have_count(0)
    fresh.close()


RUN_LAST = """async () => { const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = notebook.model.cells.length - 1;
  await window.jupyterapp.commands.execute('notebook:run-cell'); }"""


def test_no_key_that_is_typed_over_it_reaches_the_notebook(lab, page):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "keys.ipynb")
    choose_call(page, root, "bandwidth")
    root.get_by_role("tab", name="Events").click()
    expect(root.locator(".rtk-table tbody tr").first).to_be_visible()
    root.get_by_title("Choose another call").click()
    expect(root.get_by_label("Find a call")).to_be_focused()
    before = page.evaluate(CELLS)
    parts = (
        *(
            ".rtk-sentence",
            ".rtk-when",
            ".rtk-badge",
            "h4 >> nth=0",
            ".rtk-count",
            ".rtk-option >> nth=1",
            ".rtk-call-title >> nth=2",
        ),
        *(".rtk-lane-svg >> nth=0", ".rtk-ruler", ".rtk-panel >> nth=0", ".u-over >> nth=0", ".u-over >> nth=1"),
        *(".rtk-readout td >> nth=0", ".rtk-at", ".rtk-hint", ".rtk-evidence", ".rtk-table td >> nth=0", ".rtk-table"),
    )
    for part in parts:
        found = root.locator(part)
        if not part.startswith((".rtk-option", ".rtk-call-title")):
            found.click(position={"x": 3, "y": 3})
            assert page.evaluate("() => document.querySelector('.rtk').contains(document.activeElement)"), part
        for key in COMMAND_KEYS:
            page.keyboard.press(key)
        page.keyboard.type("Alma")
        assert page.evaluate(CELLS) == before, part
    # Every control, reached by the keyboard.
    controls = root.locator("button:visible, input:visible, select:visible, summary:visible, [tabindex='0']:visible")
    for n in range(controls.count()):
        control = controls.nth(n)
        if not control.count() or control.is_disabled():
            continue
        control.focus()
        for key in ("d", "d", "x", "b", "ArrowDown", "ArrowUp"):
            page.keyboard.press(key)
        assert page.evaluate(CELLS) == before, control.evaluate("node => node.outerHTML.slice(0, 200)")
    shown = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    assert shown is not None


def test_everything_can_be_done_by_keyboard(lab, page):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "keyboard.ipynb")
    root.get_by_title("Choose another call").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("sfu downlink")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(root.locator(".rtk-title")).to_contain_text("recording sfu-downlink")
    root.locator(".rtk-finding").first.focus()
    page.keyboard.press("Enter")
    expect(root.get_by_title("Look at the whole call")).to_be_enabled()
    expect(root.locator(".rtk-finding").first).to_be_focused()
    slider = root.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    text = slider.get_attribute("aria-valuetext")
    assert re.match(r"\d\d:\d\d:\d\d: \w+ (gets|sends) ", text)
    begin = root.get_by_label("From", exact=True).input_value()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(root.get_by_label("From", exact=True)).not_to_have_value(begin)
    unnamed = root.evaluate(
        """node => [...node.querySelectorAll('button, input, select, [role=img], [role=slider], [role=listbox]')]
        .filter(one => one.offsetParent !== null || one.tagName === 'svg')
        .filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length || one.title))
        .map(one => one.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []


MANY = """call = rtk.simulate('lossy_uplink', participants=15, minutes=2, seed=1).call
view = rtk.explorer(call, tz='Asia/Tokyo')
view"""


def test_of_many_people_the_worst_come_first_and_the_rest_is_reachable(lab, page):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "many.ipynb", cells=("import rtkit_explore as rtk", MANY))
    lanes = root.locator("button.rtk-lane-name")
    expect(lanes).to_have_count(12)
    root.get_by_label("Find a person").press_sequentially("emil")
    expect(lanes).to_have_count(1)
    expect(root.get_by_label("Find a person")).to_be_focused()
    root.get_by_label("Find a person").fill("")
    root.get_by_text("3 more people, not as bad").click()
    expect(lanes).to_have_count(15)
    root.get_by_text("the 12 worst only").click()
    expect(lanes).to_have_count(12)
    # Words of the field say what they mean, by mouse and by keyboard.
    term = root.locator(".rtk-panel-title .rtk-term").first
    term.hover()
    expect(root.get_by_role("tooltip")).to_contain_text("packets")
    page.mouse.move(5, 5)
    expect(root.get_by_role("tooltip")).to_be_hidden()
    root.locator(".rtk-story summary").focus()
    page.keyboard.press("Shift+Tab")
    expect(root.locator(".rtk-sentence .rtk-term").last).to_be_focused()
    expect(root.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(root.get_by_role("tooltip")).to_be_hidden()
    more = root.locator(".rtk-more[data-k='more lines']")
    drawn = root.locator(".rtk-line").count()
    assert drawn == 12
    more.click()
    expect(root.locator(".rtk-line")).not_to_have_count(drawn)
    # Sentences are in the zone of the axis.
    assert "UTC" not in root.locator(".rtk-sentence").inner_text()
    hours = {text[:2] for text in root.locator(".rtk-ruler text").all_text_contents()}
    assert any(f" {hour}:" in root.locator(".rtk-sentence").inner_text() for hour in hours)


def test_a_complaint_is_asked_and_answered(lab, page):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "asked.ipynb")
    choose_call(page, root, "recording sfu-uplink")
    root.get_by_label("Who complains").select_option(label="Chen")
    root.get_by_label("What they say").fill("Alma was choppy")
    root.get_by_label("What they say").press("Enter")
    expect(root.locator(".rtk-answer pre")).to_contain_text("Chen")
    expect(root.locator(".rtk-answer").get_by_role("button", name="Show it")).to_be_visible()
    root.get_by_label("What they say").fill("blorp")
    root.get_by_label("What they say").press("Enter")
    expect(root.locator(".rtk-notice")).to_be_visible()


def test_reopened_without_a_kernel_it_shows_a_still_instead_of_an_error(lab, page, shoot):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "reopened.ipynb")
    still = page.locator(".rtk-still")
    expect(still).to_have_count(1)
    expect(still).to_be_hidden()
    choose_call(page, root, "sfu-uplink")
    root.locator(".rtk-finding").first.click()
    page.wait_for_function("() => document.querySelector('.rtk-still').textContent.includes('sfu-uplink')")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")
    page.goto(f"{lab.address}/lab/workspaces/again/tree/reopened.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    expect(page.locator(".rtk-still")).to_be_visible()
    expect(page.locator(".rtk-still")).to_contain_text("sfu-uplink")
    expect(page.locator(".rtk-still img")).to_be_visible()
    expect(page.get_by_text("model not found")).to_be_hidden()
    shoot(page, "explorer-reopened")


def test_after_a_restart_of_the_kernel_it_says_so_and_still_zooms(lab, page):
    from playwright.sync_api import expect

    root = open_explorer(lab, page, "restarted.ipynb")
    page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    root.get_by_role("button", name="Show code").click()
    expect(root.locator(".rtk-notice")).to_contain_text("Run this cell again", timeout=30_000)
    begin = root.get_by_label("From", exact=True).input_value()
    root.get_by_role("button", name="Zoom in").click()
    expect(root.get_by_label("From", exact=True)).not_to_have_value(begin)


@pytest.mark.parametrize(
    ("width", "height", "scale", "theme"), [(1300, 900, 1, "Dark"), (720, 1300, 1, "Light"), (1300, 900, 2, "Light")]
)
def test_it_fits_its_screen(lab, browser, shoot, width, height, scale, theme):
    from playwright.sync_api import expect

    opened = browser.new_page() if scale == 1 else browser.browser and browser.new_page()
    name = f"fits-{width}-{scale}-{theme.lower()}"
    if scale != 1:
        session = opened.context.new_cdp_session(opened)
        session.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
        )
    root = open_explorer(lab, opened, f"{name}.ipynb")
    opened.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})")
    if scale == 1:
        opened.set_viewport_size({"width": width, "height": height})
    choose_call(opened, root, "sfu-uplink")
    expect(root).to_have_class(re.compile("rtk-dark") if theme == "Dark" else re.compile(r"^rtk((?!dark).)*$"))
    over = opened.evaluate(
        """() => [...document.querySelectorAll('.rtk *')].filter(one => {
             const box = one.getBoundingClientRect(), root = document.querySelector('.rtk').getBoundingClientRect();
             return box.width && box.right > root.right + 1 && !one.closest('.rtk-table') && getComputedStyle(one).position !== 'absolute';
           }).map(one => one.outerHTML.slice(0, 100))"""
    )
    assert over == []
    if scale == 2:
        assert (
            opened.evaluate(
                "() => { const c = document.querySelector('.rtk canvas'); return c.width / c.getBoundingClientRect().width; }"
            )
            >= 1.9
        )
    shoot(opened, name)
    opened.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    opened.close()
