"""
The picture of the README: an answer, its evidence, and the explorer, as they are.

``RTKIT_PICTURES=1 python -m pytest tests/browser/test_pictures.py`` makes it anew into ``notebooks/pictures``.
"""

from __future__ import annotations

import io
import os
import textwrap
from pathlib import Path

import pytest

import rtkit_explore as rtk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PICTURES = Path(__file__).resolve().parents[2] / "notebooks" / "pictures"
CELLS = (
    (
        "import rtkit_explore as rtk\napp = rtk.demo(progress=False)\n"
        'call = app.explain("Boris", "Alma was choppy", on="2026-11-19").call'
    ),
    "view = rtk.explorer(call)\nview",
)


def explorer_picture(lab, page):
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1400, "height": 1000})
    lab.write("picture.ipynb", list(CELLS))
    lab.open(page, "picture.ipynb")
    lab.run_all(page)
    root = page.locator(".rtk")
    expect(root.locator(".u-over").first).to_be_visible()
    page.wait_for_timeout(500)
    return root.screenshot()


def evidence_picture(answer):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 4.6), dpi=100, layout="constrained")
    rtk.plot.finding(answer.call, answer.findings.iloc[0], ax=figure)
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()


def composed(answer, explorer, evidence):
    """Put the words above the evidence, and the explorer beside them."""
    from matplotlib.figure import Figure
    from PIL import Image

    right, lower = (Image.open(io.BytesIO(one)).convert("RGB") for one in (explorer, evidence))
    width, height = 760, 900
    lower = lower.resize((width - 40, round(lower.height * (width - 40) / lower.width)))
    right = right.resize((round(right.width * height / right.height), height))
    sheet = Image.new("RGB", (width + right.width, height), "white")
    words = Figure(figsize=(width / 100, (height - lower.height - 20) / 100), dpi=100)
    said = [
        'app.explain("Boris", "Alma was choppy", on="2026-11-19")',
        *textwrap.wrap(answer.headline, 88),
        "",
        "reply:",
        *textwrap.wrap(answer.reply, 88),
    ]
    for number, line in enumerate(said):
        weight, family = ("bold", "monospace") if number == 0 else ("normal", "sans-serif")
        words.text(0.02, 0.93 - number * 0.068, line, fontsize=9.4, weight=weight, family=family, va="top")
    file = io.BytesIO()
    words.savefig(file, dpi=100)
    sheet.paste(Image.open(io.BytesIO(file.getvalue())).convert("RGB"), (0, 0))
    sheet.paste(lower, (20, height - lower.height - 10))
    sheet.paste(right, (width, 0))
    return sheet


def test_the_first_screen_shows_what_there_is(lab, page, tmp_path):
    answer = rtk.demo(progress=False).explain("Boris", "Alma was choppy", on="2026-11-19")
    sheet = composed(answer, explorer_picture(lab, page), evidence_picture(answer))
    folder = PICTURES if os.environ.get("RTKIT_PICTURES") else tmp_path
    folder.mkdir(exist_ok=True)
    path = folder / "first-screen.png"
    sheet.quantize(128).save(path, optimize=True)
    assert 30_000 < path.stat().st_size < 600_000
    assert len(sheet.getcolors(sheet.width * sheet.height) or []) > 100
