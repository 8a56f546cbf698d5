"""A printed sheet has its scale: what is 100 m long on the ground is measured on the paper of the PDF."""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise
from typing import Any

import pypdf
import pytest
import shapely

from gis.layers.layer import layer_catalogue
from gis.maps.print_map import grid_values, sheet_svg
from gis.maps.sheet import SCALES, Sheet, SheetLayer, SheetShape
from gis.maps.sheet_band import bar_length, legend_entries
from gis.maps.sheet_text import fitting, width_of
from gis.maps.sheet_words import EN, ZH
from project_box.document import typeset

X, Y = 485_000.0, 3_115_000.0
_POINT_MM = 25.4 / 72


def sheet(**changes):
    """A sheet around a plot, with one hatched and one classified layer."""
    catalogue = layer_catalogue()
    farmland, plots = catalogue.get("YJJBNT"), catalogue.get("KG_DK")
    half = changes.get("scale", 1000) / 1000
    layers = [
        SheetLayer(
            farmland.name,
            "2026.1",
            farmland.symbol,
            [SheetShape(shapely.box(X - 40 * half, Y, X, Y + 30 * half))],
        ),
        SheetLayer(
            plots.name,
            "2026.1",
            plots.symbol,
            [SheetShape(shapely.box(X, Y - 40 * half, X + 50 * half, Y), "07", "XQ-01 <住宅> & #panic()")],
            {"07": ("居住用地", "#ffe66d"), "09": ("商业", "#e8504f")},
        ),
    ]
    words: dict[str, Any] = {
        "title": "图",
        "x": X,
        "y": Y,
        "crs": 4547,
        "crs_name": "CGCS2000",
        "scale": 1000,
    }
    words |= {"printed_on": dt.date(2026, 1, 1), "layers": layers} | changes
    return Sheet(**words)


def pdf_of(made):
    """The sheet's page."""
    width, height = made.size
    data = {
        "title": "图",
        "author": "测",
        "width": width,
        "height": height,
        "svg": sheet_svg(made),
        "lang": made.words.lang,
        "seal": None,
    }
    pdf, _ = typeset("map_sheet", data)
    return pypdf.PdfReader(io.BytesIO(pdf))


def paths_mm(reader):
    """Every path of the first page as a list of points, in mm from the lower left corner of the paper."""
    page = reader.pages[0]
    stack, matrix, paths, path = [], (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), [], []

    def at(x, y):
        a, b, c, d, e, f = matrix
        return ((a * x + c * y + e) * _POINT_MM, (b * x + d * y + f) * _POINT_MM)

    for operands, operator in pypdf.generic.ContentStream(page.get_contents(), reader).operations:
        values = [float(v) for v in operands if isinstance(v, (int, float))]
        if operator == b"q":
            stack.append(matrix)
        elif operator == b"Q":
            matrix = stack.pop()
        elif operator == b"cm":
            a, b, c, d, e, f = values
            m = matrix
            matrix = (
                a * m[0] + b * m[2], a * m[1] + b * m[3], c * m[0] + d * m[2], c * m[1] + d * m[3],
                e * m[0] + f * m[2] + m[4], e * m[1] + f * m[3] + m[5],
            )  # fmt: skip
        elif operator == b"m":
            path = [at(*values)]
            paths.append(path)
        elif operator == b"l":
            path.append(at(*values))
    return paths


def sizes(paths):
    """Width and height of every path, mm."""
    found = []
    for path in paths:
        xs, ys = [p[0] for p in path], [p[1] for p in path]
        found.append((max(xs) - min(xs), max(ys) - min(ys)))
    return found


@pytest.mark.parametrize(
    ("scale", "paper", "landscape"), [(500, "A4", False), (2000, "A4", True), (50_000, "A3", True)]
)
def test_the_scale_is_true_on_paper(scale, paper, landscape):
    metres = (0.08 * scale, 0.05 * scale)  # 80 by 50 mm on paper
    site = shapely.box(X, Y, X + metres[0], Y + metres[1])
    made = sheet(scale=scale, paper=paper, landscape=landscape, boundary=site)
    reader = pdf_of(made)
    box = reader.pages[0].mediabox
    assert (float(box.width) * _POINT_MM, float(box.height) * _POINT_MM) == pytest.approx(made.size, abs=0.05)
    drawn = [s for s in sizes(paths_mm(reader)) if s == pytest.approx((80, 50), abs=0.02)]
    assert len(drawn) == 2  # the red line and its halo


def test_grid_lines_are_ten_centimetres_apart_and_say_their_coordinates():
    made = sheet(scale=2000, paper="A3")
    _, _, _, height = made.frame
    lines = sorted(
        p[0][0] for p in paths_mm(pdf_of(made)) if sizes([p])[0] == pytest.approx((0, height), abs=0.02)
    )
    steps = [b - a for a, b in pairwise(lines)]
    assert steps and steps == pytest.approx([100.0] * len(steps), abs=0.02)
    west, _, east, _ = made.extent
    svg = sheet_svg(made)
    values = grid_values(west, east, 200)
    assert len(values) == len(lines)
    assert all(f">{value:.0f}<" in svg for value in values)


def test_the_bar_is_a_round_length_that_fits():
    for scale in SCALES:
        assert 20 <= bar_length(scale) * 1000 / scale <= 50


def test_the_legend_names_what_stands_on_the_sheet_and_its_version():
    made = sheet()
    words = [entry for entry, _, _ in legend_entries(made)]
    assert words == ["永久基本农田(2026.1)", "控规地块(2026.1)", "居住用地"]
    empty = SheetLayer("林地", "2026.2", layer_catalogue().get("LINDI").symbol)
    assert legend_entries(sheet(layers=[empty]))[0][0] == "林地(2026.2)：图幅内没有图斑"


def test_words_are_printed_as_they_stand():
    text = pdf_of(sheet()).pages[0].extract_text()
    assert "XQ-01 <住宅> & #panic()" in text
    assert "1:1000" in text


def test_an_english_sheet_says_everything_but_names_and_data_in_english():
    made = sheet(
        words=EN, crs_name="CGCS2000, 3° zone", author="张工", boundary=shapely.box(X, Y, X + 9, Y + 9)
    )
    text = pdf_of(made).pages[0].extract_text()
    for said in ("Legend", "Site boundary", "Scale 1:1000", "Made on 2026-01-01 by 张工", "grid north up"):
        assert said in text
    assert not any(word in text for word in ("图例", "比例尺", "用地红线", "制图", "坐标单位", "北"))
    empty = SheetLayer("Forest", "2026.2", layer_catalogue().get("LINDI").symbol)
    assert legend_entries(sheet(words=EN, layers=[empty]))[0][0] == "Forest (2026.2): nothing on this sheet"
    assert ZH.lang == "zh" and EN.lang == "en"


@pytest.mark.parametrize(
    "words", ["永久基本农田(2026.1)", "Urban development boundary (2026.1, not current)", "W" * 60, ""]
)
def test_words_are_set_smaller_before_they_are_cut(words):
    fit, size = fitting(words, 30, 2.4)
    assert width_of(fit, size) <= 30 + 1e-6 and 1.799 <= size <= 2.4
    assert fit == words or (size == pytest.approx(1.8) and fit.endswith("…") and words.startswith(fit[:-1]))
    assert fitting(words, 500, 2.4) == (words, 2.4)
