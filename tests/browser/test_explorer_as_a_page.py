"""The explorer as a page of its own, served by the command, in Chromium: no notebook, no Python on the screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request

import pytest

import rtkit_explore as rtk
from tests.browser.conftest import ROOT, free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(140)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    pytest.importorskip("voila")
    port = free_port()
    home = tmp_path_factory.mktemp("page")
    command = [sys.executable, "-m", "rtkit_explore.cli", "app", "--replay", str(rtk.sample_calls())]
    command += ["--port", str(port), "--no-browser"]
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_RUNTIME_DIR": str(home),
        "IPYTHONDIR": str(home / "ipython"),
    }
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(
            command, env=surroundings, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and server.poll() is None:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=2):
                        break
                except OSError:
                    time.sleep(0.3)
            else:
                pytest.fail((home / "log.txt").read_text()[-2000:])
            yield f"http://127.0.0.1:{port}/"
        finally:
            os.killpg(server.pid, 15)
            server.wait(20)


def test_a_page_opens_on_the_explorer_and_works_by_the_mouse(address, page, shoot, tmp_path):
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(address, timeout=90_000)
    root = page.locator(".rtk")
    expect(root.locator(".u-over").first).to_be_visible(timeout=60_000)
    expect(page.locator(".rtk-still")).to_be_hidden()
    expect(page.locator("pre:visible", has_text="import")).to_have_count(0)
    root.get_by_title("Choose another call").click()
    root.get_by_label("Find a call").fill("recording loss")
    root.locator(".rtk-option").first.click()
    expect(root.locator(".rtk-title")).to_contain_text("recording loss")
    root.locator(".rtk-finding").first.click()
    page.wait_for_function(
        "() => JSON.parse(document.querySelector('.rtk').dataset.painted || '{}').what === 'finding'"
    )
    shoot(page, "explorer-page")
    with page.expect_download() as got:
        root.get_by_text("Save ▾").click()
        root.get_by_role("menuitem", name=re.compile("^Call ")).click()
    assert got.value.suggested_filename.endswith(".zip")


def test_the_calls_of_a_person_stay_that_persons_on_another_day(address, page):
    from playwright.sync_api import expect

    page.goto(address, timeout=90_000)
    root = page.locator(".rtk")
    expect(root.locator(".u-over").first).to_be_visible(timeout=60_000)
    root.get_by_title("Choose another call").click()
    root.get_by_label("Day of the call").fill("2020-01-01")
    root.get_by_label("Find a call").fill("Boris")
    root.get_by_label("Find a call").press("Enter")
    whose = root.locator(".rtk-whose")
    expect(whose).to_contain_text("was in a call on this day", timeout=20_000)
    root.get_by_label("Day of the call").fill("2026-11-21")
    expect(whose).to_contain_text("Calls of", timeout=20_000)
    expect(root.get_by_label("What this person says")).to_have_value("")
