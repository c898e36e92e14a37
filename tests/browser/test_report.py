"""The report as it is read: zoom and hover from the file alone, pictures without scripts and on paper."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.store.saved_calls import read_call

pytestmark = pytest.mark.browser
SHOWN = "element => getComputedStyle(element).display !== 'none'"


@pytest.fixture(scope="module")
def report(recordings, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "call.html"
    return rtk.write_report(Call(read_call(recordings / "sfu-uplink")), path, tz="Europe/Berlin").as_uri()


@pytest.fixture
def opened(page, report):
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report)
    page.wait_for_selector("figure.live .uplot")
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_values_follow_the_cursor(opened):
    figure = opened.locator("#findings figure.live").first
    panel = figure.locator(".u-over").first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    opened.wait_for_function("document.querySelector('.readout .at').textContent.includes('packets lost (%)')")
    said = figure.locator(".readout .at").inner_text()
    assert said.startswith("00:4"), "the zone's own clock"
    value = figure.locator(".series .value").first.inner_text()
    assert 5 < float(value) < 20


def test_dragging_zooms_all_panels_of_a_figure_and_a_click_shows_all_again(opened):
    figure = opened.locator("#quality figure.live").first
    panel = figure.locator(".u-over").first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    opened.mouse.move(box["x"] + 200, box["y"] + 60)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 400, box["y"] + 60, steps=5)
    opened.mouse.up()
    reset = figure.locator(".reset")
    reset.wait_for(state="visible")
    reset.click()
    reset.wait_for(state="hidden")


def test_streams_are_hidden_by_their_buttons_and_keys_move_and_zoom(opened):
    figure = opened.locator("#quality figure.live").first
    button = figure.locator(".series").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    box = figure.locator(".interactive")
    box.focus()
    opened.keyboard.press("ArrowRight")
    opened.wait_for_function("document.querySelector('#quality .readout .at').textContent.startsWith('00:4')")
    opened.keyboard.press("+")
    figure.locator(".reset").wait_for(state="visible")
    opened.keyboard.press("Escape")
    figure.locator(".reset").wait_for(state="hidden")


def test_paper_gets_the_pictures(opened):
    opened.emulate_media(media="print")
    figure = opened.locator("figure.live").first
    assert figure.locator("img").evaluate(SHOWN)
    assert not figure.locator(".interactive").evaluate(SHOWN)


def test_without_scripts_the_pictures_stand(browser, report):
    context = browser.browser.new_context(java_script_enabled=False) if browser.browser else None
    if context is None:
        pytest.skip("this Chromium gives no second context")
    page = context.new_page()
    page.goto(report)
    assert page.locator("figure.live").count() == 0
    assert page.locator("figure.plot img").count() >= 6
    context.close()
