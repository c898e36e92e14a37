"""Figures as SVG: what the plot drew stands in it, peaks included; what is not known there is drawn by matplotlib."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.report.figures import drawn
from rtkit_explore.report.svg import UnknownArtistError, path_of, svg_of, thinned
from rtkit_explore.store.saved_calls import read_call

PLOTS = ("quality", "timeline", "device_changes", "candidate_pairs")


def svg_tree(text):
    return ET.fromstring(text)


def texts_of(text):
    return [one.text for one in svg_tree(text).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def uplink(recordings):
    return Call(read_call(recordings / "sfu-uplink"))


@pytest.mark.parametrize("name", PLOTS)
def test_every_word_of_a_plot_is_in_its_picture(uplink, name):
    figure = Figure()
    getattr(rtk.plot, name)(uplink, ax=figure)
    said = " ".join(filter(None, texts_of(svg_of(figure).text)))
    for ax in figure.axes:
        strips: list[Any] = [ax, *ax.child_axes]
        expected = [ax.get_xlabel(), ax.get_ylabel(), *(text.get_text() for text in ax.texts)]
        expected += [one.get_title(loc="left") for one in strips]
        legend = ax.get_legend()
        expected += [text.get_text() for text in legend.get_texts()] if legend else []
        assert [line for text in expected for line in text.split("\n") if line not in said] == []


def test_a_line_is_where_its_values_are():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1, 1, 2], [0, 0, 5, 5], color="#0072B2")
    ax.set_xlim(0, 2)
    ax.set_ylim(0, 10)
    tree = svg_tree(svg_of(figure).text)
    grey = next(one for one in tree.iter("{http://www.w3.org/2000/svg}clipPath"))[0].attrib
    left, top, width, height = (float(grey[key]) for key in ("x", "y", "width", "height"))
    left, top, width, height = left + 20, top + 20, width - 40, height - 40
    path = next(one.attrib["d"] for one in tree.iter() if one.attrib.get("stroke") == "#0072b2")
    begin_x, begin_y, over, up, on = map(int, re.fullmatch(r"M(\d+),(\d+)h(\d+)v(-\d+)h(\d+)", path).groups())
    assert begin_x == pytest.approx(left, abs=1)
    assert begin_y == pytest.approx(top + height, abs=1)
    assert over == pytest.approx(width / 2, abs=1)
    assert over + on == pytest.approx(width, abs=1)
    assert -up == pytest.approx(height / 2, abs=1)


def test_a_name_cannot_become_markup_nor_a_formula():
    figure = Figure()
    ax = figure.subplots()
    ax.set_title("</text><script>$a$", loc="left")
    ax.text(0.5, 0.5, r"\$5 & <b>")
    said = texts_of(svg_of(figure, words=lambda text: text.replace("script", "s")).text)
    assert {"</text><s>$a$", "$5 & <b>"} <= set(said)


@given(
    hnp.arrays("float64", st.tuples(st.integers(0, 400), st.just(2)), elements=st.floats(0, 1000) | st.just(np.nan)),
)
def test_thinning_keeps_every_peak_and_every_break(points):
    points = points[np.argsort(points[:, 0], kind="stable")]
    kept = thinned(points)
    known, left = points[np.isfinite(points).all(axis=1)], kept[np.isfinite(kept).all(axis=1)]
    assert len(kept) <= len(points)
    for column in np.unique(known[:, 0] // 10):
        before, after = (some[some[:, 0] // 10 == column][:, 1] for some in (known, left))
        assert (before.min(), before.max()) == (after.min(), after.max())


def test_a_line_of_many_points_is_bounded_by_the_width_of_the_picture():
    x = np.linspace(0, 10_000, 200_000)
    points = np.column_stack([x, np.random.default_rng(1).random(len(x))])
    assert len(thinned(points)) <= 4 * 1002
    assert len(thinned(points[:500])) == 500 or len(thinned(points[:500])) <= 4 * 26


def test_a_path_is_broken_where_nothing_is_known():
    points = np.array([[0, 0], [5, 0], [np.nan, 1], [7, 3], [7, 4], [9, 6]])
    assert path_of(points) == "M0,0h5M7,3v1l2,2"


def test_what_is_not_known_is_drawn_by_matplotlib():
    def photo(figure):
        figure.subplots().imshow(np.eye(3))

    figure = Figure()
    photo(figure)
    with pytest.raises(UnknownArtistError):
        svg_of(figure)
    assert drawn(photo, alt="a", caption="c", zone=dt.UTC).picture.startswith("data:image/png;base64,")


def test_all_plots_of_a_report_are_svg(uplink, tmp_path):
    page = rtk.write_report(uplink, tmp_path / "call.html").read_text(encoding="utf-8")
    assert "data:image/png" not in page
    pictures = [part.split('"')[0] for part in page.split('src="data:image/svg+xml;charset=utf-8,')[1:]]
    assert len(pictures) >= 8
    for picture in pictures:
        assert not set(picture) & set("<>#&\n")
        svg_tree(unquote(picture))
