"""界址点坐标表: Excel and CSV as surveyors send them."""

from __future__ import annotations

import io

import openpyxl
import pytest

from gis.boundaries.boundary import read_boundary

E, N = 38_485_900.0, 3_115_000.0
CORNERS = [
    (N + 80, E),
    (N + 80, E + 100),
    (N + 30, E + 100),
    (N + 30, E + 60),
    (N, E + 60),
    (N, E),
]  # 6800 ㎡
OTHER = [(N + 50, E + 150), (N + 50, E + 200), (N, E + 200), (N, E + 150)]  # 2500 ㎡
P = [(f"J{k}", n, e) for k, (n, e) in enumerate(CORNERS, 1)]
Q = [(f"J{k}", n, e) for k, (n, e) in enumerate(OTHER, 1)]
TITLE = ["坐标系：2000国家大地坐标系，3度带，带号38"]


def book(*rows, merged=()):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for area in merged:
        made.active.merge_cells(area)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def staggered():
    """Points on every other row, the lengths of the sides between them."""
    for name, n, e in [*P, P[0]]:
        yield (name, n, e, None)
        yield (None, None, None, 50.0)


SINGLE = {
    "plain": book(TITLE, ["点号", "X", "Y"], *P),
    "two rows of headings": book(
        ["界址点成果表"], TITLE, ["点号", "坐标", None], [None, "X(m)", "Y(m)"], *P, merged=["A3:A4", "B3:C3"]
    ),
    "staggered with side lengths": book(TITLE, ["点号", "X坐标", "Y坐标", "边长"], *staggered()),
    "side by side": book(
        TITLE, ["点号", "X", "Y", "点号", "X", "Y"], *[(*P[k], *P[k + 3]) for k in range(3)]
    ),
    "numbers as text": book(TITLE, ["点号", "X", "Y"], *[(p, f"{n:.3f}", f"{e:,.3f}") for p, n, e in P]),
    "named north and east": book(TITLE, ["点号", "Y(东坐标)", "X(北坐标)"], *[(p, e, n) for p, n, e in P]),
    "continued on the next page": book(
        TITLE, ["点号", "X", "Y"], *P[:3], ["续表"], ["点号", "X", "Y"], *P[3:]
    ),
    "area below": book(
        TITLE, ["点号", "X", "Y"], *P, ["面积", 6800.0, "平方米"], ["S=6800.00平方米 合10.2亩"]
    ),
    "area in two columns of numbers": book(TITLE, ["点号", "X", "Y"], *P, ["面积（公顷）", 0.68, 10.2]),
}


@pytest.mark.parametrize("data", SINGLE.values(), ids=SINGLE)
def test_excel_tables(data):
    reading = read_boundary("坐标.xlsx", data)
    assert reading.ok, reading.issues
    assert (reading.format, reading.crs, reading.area_m2, reading.parts) == ("XLSX", 4526, 6800, 1)
    assert {i.code for i in reading.issues} <= {"AREA-UNIT-M2"}
    assert reading.declared_area_m2 in (None, 6800)


def test_several_tables_are_several_parcels():
    heading = ["点号", "X", "Y"]
    reading = read_boundary(
        "a.xlsx", book(TITLE, ["地块一"], heading, *P, ["地块二"], heading, *Q, ["合计面积", 9300, "平方米"])
    )
    assert reading.ok, reading.issues
    assert (reading.parts, reading.area_m2) == (2, 9300)


def test_parcels_by_column_and_holes_by_ring():
    hole = [(f"J{k}", N + a, E + b) for k, (a, b) in enumerate([(20, 10), (40, 10), (40, 20), (20, 20)], 1)]
    rows = [("A", 1, *p) for p in P] + [(None, 2, *p) for p in hole] + [("B", 1, *p) for p in Q]
    reading = read_boundary("a.xlsx", book(TITLE, ["宗地号", "圈号", "点号", "X", "Y"], *rows))
    assert reading.ok, reading.issues
    assert (reading.parts, reading.holes, reading.area_m2) == (2, 1, 9100)


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        ([TITLE, ["点号", "X", "Y"], *P[:2], ("J3", "31150O0.0", E), *P[3:]], "TABLE-BAD-NUMBER", 5),
        ([TITLE, ["点号", "X", "Y"], *P[:2], ("J3", N, None), *P[3:]], "TABLE-BAD-NUMBER", 5),
        ([["甲", "乙"], [1, 2]], "TABLE-NO-POINTS", None),
        ([["点号", "X", "Y"]], "TABLE-NO-POINTS", None),
        ([["长沙独立坐标系"], ["点号", "X", "Y"], *P], "CRS-UNKNOWN", None),
    ],
)
def test_what_is_wrong_in_a_table(rows, code, line):
    reading = read_boundary("a.xlsx", book(*rows))
    assert not reading.ok
    found = next(i for i in reading.issues if i.code == code)
    assert found.line == line and found.remedy


DEGREES = [(113.85, 28.15), (113.851, 28.15), (113.851, 28.151), (113.85, 28.151)]
CSV = {
    "lon and lat": ("name,lon,lat", [f"{k},{x},{y}" for k, (x, y) in enumerate(DEGREES)]),
    "经度 纬度": ("点号,经度,纬度", [f"J{k},{x},{y}" for k, (x, y) in enumerate(DEGREES)]),
    "x and y": ("id;x;y", [f"{k};{x};{y}" for k, (x, y) in enumerate(DEGREES)]),
    "degrees and minutes": (
        "点号,纬度,经度",
        [f"{k},28°9′{y * 3600 % 60:.2f}″,113°51′{x * 3600 % 60:.2f}″" for k, (x, y) in enumerate(DEGREES)],
    ),
    "WKT column": (
        "id,geom",
        ['1,"POLYGON((113.85 28.15,113.851 28.15,113.851 28.151,113.85 28.151,113.85 28.15))"'],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("heading", "rows"), CSV.values(), ids=CSV)
def test_csv_in_degrees(heading, rows):
    data = "\n".join([heading, *rows]).encode("gb18030")
    unstated = read_boundary("a.csv", data)
    assert [i.code for i in unstated.issues if i.level == "error"] == ["CRS-UNKNOWN"]
    reading = read_boundary("a.csv", data, crs=4490)
    assert reading.ok, reading.issues
    assert [i.code for i in reading.issues] == []
    assert reading.geometry.bounds == pytest.approx((113.85, 28.15, 113.851, 28.151), abs=1e-8)


def test_a_broken_workbook_and_a_letter_are_refused():
    data = book(TITLE)
    cut = data[: len(data) // 2]
    assert [i.code for i in read_boundary("a.xlsx", cut).issues] == ["ZIP-BROKEN"]
