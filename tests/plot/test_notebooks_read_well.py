"""The notebooks as they are kept: every plot is in the gallery, tables fit, digits are sensible, no internals are used."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import rtkit_explore as rtk

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
PUBLIC = ("rtkit_explore", "rtkit_explore.simulator")
"""What a notebook may import of the package: itself, and the simulator where it is the subject."""


def cells_of(path, kind):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def source_of(cell):
    return "".join(cell["source"])


def tables_of(path):
    for cell in cells_of(path, "code"):
        for output in cell["outputs"]:
            html = "".join(output.get("data", {}).get("text/html", ""))
            if "dataframe" in html:
                yield source_of(cell), html


def test_the_gallery_has_every_plot():
    shown = "\n".join(source_of(cell) for cell in cells_of(next(p for p in NOTEBOOKS if p.stem == "gallery"), "code"))
    assert [name for name in rtk.plot.__all__ if f"rtk.plot.{name}(" not in shown] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_uses_what_is_public_alone(path):
    for cell in cells_of(path, "code"):
        for node in ast.walk(ast.parse(source_of(cell))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert [name for name in names if name.startswith("rtkit_explore") and name not in PUBLIC] == []
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), node.attr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_its_story_and_every_cell_ran(path):
    assert source_of(cells_of(path, "markdown")[0]).startswith("# ")
    counts = [cell["execution_count"] for cell in cells_of(path, "code")]
    assert counts == list(range(1, len(counts) + 1))
    for cell in cells_of(path, "code"):
        assert not [output for output in cell["outputs"] if output["output_type"] == "error"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_tables_of_a_notebook_are_whole_and_fit_the_page(path):
    for source, html in tables_of(path):
        heads = re.findall(r"<th>([^<]*)</th>", html.partition("</tr>")[0])
        assert "..." not in heads, source
        assert len(heads) <= 14, source
        texts = re.findall(r"<td>([^<]*)</td>", html)
        assert not [text for text in texts if text.endswith("...")], source
        assert not [text for text in texts if re.fullmatch(r"-?\d+\.\d{5,}", text)], source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_tables_of_a_notebook_name_people_instead_of_ids(path):
    for source, html in tables_of(path):
        heads = re.findall(r"<th>([^<]*)</th>", html.partition("</tr>")[0])
        assert not {"peer_id", "remote_peer_id", "user_id", "stream_id"} & set(heads), source
