"""The pickers in JupyterLab: typed into, clicked, used by keyboard; other cells and plots follow."""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(140)]

SAY = """print("chosen:", call.title, "|", len(people.value), "people |", *stream.table[["media", "direction"]].iloc[0],
      "|", window.span.text(window.value[1]))"""
PICKERS = [
    """import rtkit_explore as rtk
app = rtk.replay(rtk.sample_calls())
ids = app.sessions().set_index('meeting_display_name')['session_id']""",
    "session = rtk.pick_session(app, selected=ids['recording sfu-clean'])\nsession",
    "call = app.call(session.value)\npeople = rtk.pick_participants(call)\npeople",
    "stream = rtk.pick_stream(call, participant='Alma')\nstream",
    "window = rtk.pick_window(call)\nwindow",
    SAY,
]


def chosen(page):
    return page.locator(".jp-OutputArea-output pre", has_text="chosen:")


def listing(page, label):
    """Find a list by the label that a screen reader says."""
    return page.get_by_label(label, exact=True)


def test_clicks_are_used_by_the_next_cells_and_kept_when_they_run_again(lab, page, shoot):
    from playwright.sync_api import expect

    lab.write("pickers.ipynb", PICKERS)
    lab.open(page, "pickers.ipynb")
    lab.run_all(page)
    expect(chosen(page)).to_contain_text("recording sfu-clean | 3 people | audio consumer")
    shoot(page, "pickers-first")

    listing(page, "Find session").fill("loss")
    expect(page.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    expect(page.get_by_text("Still chosen, though the search hides it")).to_contain_text("recording sfu-clean")
    shoot(page, "pickers-searched")
    listing(page, "Session").get_by_role("option").first.click()
    expect(page.get_by_text("Still chosen")).to_have_count(0)
    lab.run_all(page)
    expect(chosen(page)).to_contain_text("recording loss | 2 people | audio consumer")

    # By keyboard alone: Enter in the search box chooses.
    listing(page, "Find stream").focus()
    page.keyboard.type("gets video")
    expect(page.locator("text='1 of 4'")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Still chosen")).to_have_count(0)
    page.get_by_role("button", name="None").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("^0 chosen"))).to_be_visible()
    listing(page, "Find participants").fill("boris")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^1 chosen"))).to_be_visible()
    page.get_by_label("to", exact=True).fill("22:41:30")
    page.get_by_label("to", exact=True).press("Enter")
    expect(page.get_by_text("s chosen; times in UTC")).to_be_visible()
    lab.run_all(page)
    expect(chosen(page)).to_contain_text("recording loss | 1 people | video consumer | 22:41:30")
    shoot(page, "pickers-chosen")


CELLS = """() => { const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  return JSON.stringify([...Array(cells.length).keys()].map(n => [cells.get(n).type, cells.get(n).sharedModel.getSource()])); }"""


def test_no_key_that_is_typed_over_a_picker_reaches_the_notebook(lab, page):
    from playwright.sync_api import expect

    pick = "rtk.pick_finding(app.call(ids['recording sfu-uplink']), selected=1)"
    lab.write(
        "picker-keys.ipynb",
        [*PICKERS[:5], f"finding = {pick}\nfinding", "print('chosen:', session.value, finding.value)"],
    )
    lab.open(page, "picker-keys.ipynb")
    lab.run_all(page)
    before = page.evaluate(CELLS)
    selects = page.locator(".rtk-picker select")
    expect(selects).to_have_count(4)
    first = chosen(page).inner_text()
    for n in range(4):
        selects.nth(n).focus()
        for key in ("d", "d", "x", "a", "b", "ArrowDown"):
            page.keyboard.press(key)
        page.keyboard.type("Alma")
        assert page.evaluate(CELLS) == before
    for part in (
        ".rtk-picker button >> visible=true",
        ".rtk-picker .noUi-handle",
        ".rtk-picker .widget-label >> nth=0",
        ".rtk-picker .widget-html >> nth=0",
    ):
        page.locator(part).first.click(force=True)
        for key in ("d", "d", "b", "ArrowDown"):
            page.keyboard.press(key)
        assert page.evaluate(CELLS) == before, part
    spoken = page.locator(".noUi-handle").first.get_attribute("aria-valuetext")
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC", spoken)
    # What the keys do is to choose: the arrows move within the list.
    selects.nth(0).focus()
    page.keyboard.press("ArrowDown")
    lab.run_all(page)
    expect(chosen(page)).not_to_have_text(first)


LONG = """import pandas as pd, rtkit_explore as rtk
app = rtk.replay(rtk.sample_calls())
titles = [f"Stand-up {n}" for n in range(339)] + ["<img src=x class=smuggled>"]
table = pd.concat([app.sessions().iloc[[0]]] * 340, ignore_index=True)
table["session_id"] = [f"s-{n}" for n in range(340)]
table["meeting_display_name"] = pd.array(titles, dtype="string")
long = rtk.pick_session(table)
long"""


def test_a_long_list_stays_usable_and_empty_ones_say_what_to_do_in_the_dark_too(lab, page, shoot):
    from playwright.sync_api import expect

    nobody = "none = rtk.pick_stream(app.call(app.sessions()['session_id'].iloc[0]).streams.iloc[:0])\nnone"
    lab.write("long.ipynb", [LONG, nobody, "print('chosen:', long.value, repr(long.to_code()))"])
    lab.open(page, "long.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    lab.run_all(page)
    expect(page.locator("text='340 of 340'")).to_be_visible()
    expect(page.get_by_text("no streams here")).to_be_visible()
    box = listing(page, "Session").bounding_box()
    assert box["height"] < 250, "a long list takes no more room than its visible rows"
    listing(page, "Find session").press_sequentially("img stand")
    expect(page.locator("text='0 of 340'")).to_be_visible()
    expect(page.get_by_text("Nothing here matches “img stand”")).to_be_visible()
    listing(page, "Find session").fill("img")
    expect(page.locator("text='1 of 340'")).to_be_visible()
    listing(page, "Find session").press("Enter")
    listing(page, "Find session").fill("up 33")
    expect(page.locator("text='12 of 340'")).to_be_visible()
    expect(page.get_by_text("Still chosen")).to_contain_text("<img src=x class=smuggled>")
    assert page.locator("img.smuggled").count() == 0
    shoot(page, "long")
    lab.run_all(page)
    expect(chosen(page)).to_contain_text("chosen: s-339 session_id = 's-339'")
    assert page.locator("img.smuggled").count() == 0
