"""
From a click to the painted picture: the explorer in JupyterLab in headless Chromium.

``python -m tests.benchmarks explorer``: calls of one hour and nine people. "model" is the time in which the kernel finds
out what is chosen, "tables" that in which the columns are gathered, "paint" that in the browser from the message to the
picture, "transfer" what is left. Without Chromium it says so and prints nothing.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import rtkit_explore as rtk
from tests.browser.conftest import ARGUMENTS, CHROMIUM, running_lab

FRAMES = """async () => {
  const gaps = []; let last = performance.now();
  window.counting = true;
  const frame = (now) => { gaps.push(now - last); last = now; if (window.counting) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.gaps = gaps;
}"""


def painted(page):
    return json.loads(page.locator(".rtk").get_attribute("data-painted") or "{}")


def after(page, act):
    """Do something in the page, and return what was painted after it."""
    before = painted(page).get("tick")
    act()
    page.wait_for_function(
        """before => { const text = document.querySelector('.rtk').dataset.painted;
                       return text && JSON.parse(text).tick !== before && JSON.parse(text).whole; }""",
        arg=before,
        timeout=60_000,
    )
    return painted(page)


def line(name, found):
    times = sorted(one["ms"] for one in found)
    middle = statistics.median(times)
    late = times[min(int(len(times) * 0.95), len(times) - 1)]
    model, tables = (statistics.median(one.get(part, 0) for one in found) for part in ("model", "tables"))
    paint = statistics.median(one["front"] for one in found)
    return (
        f"{name:24} {len(found):3} times: median {middle:6.0f} ms, p95 {late:6.0f} ms"
        f" (model {model:.0f}, tables {tables:.0f}, paint {paint:.0f}, transfer {max(middle - model - tables - paint, 0):.0f})"
    )


def measure(page, rounds):
    """Choose, filter and zoom, and return what each kind took."""
    found = {"finding": [], "measure": [], "person": [], "whole call, everybody": []}
    findings, chips = page.locator(".rtk-finding"), page.locator(".rtk-chip[data-k^='measure ']")
    if page.locator(".rtk-more[data-k^='more ']").count():
        page.locator(".rtk-more[data-k^='more ']").first.click()
    for n in range(rounds):
        key = findings.nth(1 + n % max(findings.count() - 1, 1))
        found["finding"].append(after(page, key.click))
        found["measure"].append(after(page, chips.nth(2 + n % 3).click))
        found["person"].append(after(page, page.locator("button.rtk-lane-name").nth(n % 9).click))
        found["whole call, everybody"].append(
            after(page, page.get_by_title("Look at the call without a finding").click)
        )
    return found


def hovering(page):
    """Return the longest gap between two frames while the mouse moves over a panel and the wheel of time is turned."""
    box = page.locator(".u-over").first.bounding_box()
    page.evaluate(FRAMES)
    for n in range(80):
        page.mouse.move(box["x"] + 10 + n * (box["width"] - 20) / 80, box["y"] + 30)
    for title in ("Zoom in", "Zoom in", "Zoom out"):
        page.get_by_role("button", name=title).click()
        time.sleep(0.1)
    gaps = page.evaluate("() => { window.counting = false; return window.gaps.slice(2); }")
    return max(gaps), statistics.median(gaps)


def main(*, small: bool = False) -> None:
    """Print the figures; ``small`` takes shorter calls and fewer clicks."""
    if CHROMIUM is None:
        print("no Chromium is installed here")
        return
    from playwright.sync_api import sync_playwright

    people, minutes, rounds = (4, 6, 2) if small else (9, 60, 10)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        saved = home / "calls"
        for seed, scenario in enumerate(("lossy_uplink", "narrow_downlink")):
            rtk.simulate(scenario, participants=people, minutes=minutes, seed=seed).call.save(saved / scenario)
        context = playwright.chromium.launch_persistent_context(
            str(home / "chromium"), executable_path=CHROMIUM, args=ARGUMENTS, viewport={"width": 1300, "height": 900}
        )
        with running_lab(home) as lab:
            page = context.new_page()
            page.set_default_timeout(60_000)
            lab.write(
                "bench.ipynb",
                [f"import rtkit_explore as rtk\napp = rtk.replay({str(saved)!r}, progress=False)", "rtk.explorer(app)"],
            )
            lab.open(page, "bench.ipynb")
            lab.run_all(page)
            page.wait_for_selector(".rtk .u-over")
            time.sleep(3)

            def other_call():
                page.get_by_title("Choose another call").click()
                page.locator(".rtk-option[aria-selected=false]").first.click()

            opened = [after(page, other_call)]
            again = [after(page, other_call), after(page, other_call)]
            print(f"calls of {minutes} min and {people} people, read from disk")
            print(
                f"{'opening a call':24}   1 time:  who was there after {opened[0]['first']:.0f} ms, all of it after {opened[0]['ms']:.0f} ms (aim: first picture 1000)"
            )
            print(line("opening it again", again))
            every = measure(page, rounds)
            for name, found in every.items():
                print(line(name, found))
            print(line("all choices", [one for found in every.values() for one in found]), "(aim: 150, 400)")
            longest, usual = hovering(page)
            print(f"{'hover and zoom':24} longest frame {longest:.0f} ms, median {usual:.0f} ms (aim: 50)")
        context.close()


if __name__ == "__main__":
    main()
