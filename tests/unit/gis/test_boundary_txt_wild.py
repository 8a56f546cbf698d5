"""界址点 TXT as programs and people really write it: every file here is the same site, or tells what is wrong."""

from __future__ import annotations

import pytest

from gis.boundaries.boundary import read_boundary
from gis.source_crs import parse_crs

E, N = 485_900.0, 3_115_000.0
SITE = [(E, N + 80), (E + 100, N + 80), (E + 100, N + 30), (E + 60, N + 30), (E + 60, N), (E, N)]  # 6800 ㎡
OTHER = [(E + 150, N + 50), (E + 200, N + 50), (E + 200, N), (E + 150, N)]  # 2500 ㎡
HEAD = ("坐标系=2000国家大地坐标系", "几度分带=3", "计量单位=米", "带号=38")
WIDE = {0x21 + n: chr(0xFF01 + n) for n in range(94)}
DIGITS = {c: chr(c + 0xFEE0) for c in b"0123456789,."}


def points(ring=SITE, *, number="1", close=True, form="{name},{ring},{n:.3f},{e:.3f}", prefix=38_000_000):
    listed = [*ring, ring[0]] if close else list(ring)
    return [
        form.format(name=f"J{k % len(ring) + 1}", ring=number, n=n, e=e + prefix)
        for k, (e, n) in enumerate(listed)
    ]


def text(rows, *, head=HEAD, parcel="7,0.6800,D1,甲地块,面,,居住,,@"):
    return "\r\n".join(["[属性描述]", *head, "[地块坐标]", parcel, *rows, ""])


def read(content, **options):
    data = content if isinstance(content, bytes) else content.encode("gb18030")
    return read_boundary("site.txt", data, **options)


def codes(reading):
    return {i.code for i in reading.issues}


SAME = {
    "full-width commas": text([r.replace(",", "\uff0c") for r in points()]),
    "full-width digits": text([r.translate(DIGITS) for r in points()]),
    "full-width header": text(points(), head=[h.translate(WIDE) for h in HEAD]),
    "header with colons": text(points(), head=[h.replace("=", "\uff1a") for h in HEAD]),
    "header with commas": text(points(), head=[h.replace("=", ",") for h in HEAD]),
    "UTF-16 without mark": text(points()).encode("utf-16-le"),
    "UTF-16 big-endian without mark": text(points()).encode("utf-16-be"),
    "old Mac line ends": text(points()).replace("\r\n", "\r"),
    "quoted fields": text(points(form='"{name}","{ring}","{n:.3f}","{e:.3f}"')),
    "thousands": text(points(form='{name},{ring},"{n:,.3f}","{e:,.3f}"')),
    "area with thousands": text(points(), parcel='7,"6,800.00㎡",,甲,面,,,@'),
    "unit behind the number": text(points(form="{name},{ring},{n:.3f}m,{e:.3f}米")),
    "labelled numbers": text(points(form="{name},{ring},X={n:.3f},Y={e:.3f}")),
    "name behind the coordinates": text(points(form="{n:.3f},{e:.3f},{name}")),
    "height as a fifth field": text(points(form="{name},{ring},{n:.3f},{e:.3f},45.12")),
    "height without ring number": text(points(form="{name},{n:.3f},{e:.3f},45.12")),
    "semicolons": text(points(form="{name};{ring};{n:.3f};{e:.3f}")),
    "parcel row without @ and shape": text(points(), parcel="7,0.6800,D1,甲地块"),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_the_same_site_without_a_remark(content):
    reading = read(content)
    assert reading.ok, reading.issues
    assert (reading.crs, reading.area_m2, reading.parts, reading.declared_area_m2) == (4526, 6800, 1, 6800)
    assert codes(reading) == set()


@pytest.mark.parametrize(
    ("head", "prefix", "crs"),
    [
        (["CoordinateSystem=Xian 1980", "Zone Width=3", "Zone=38"], 38_000_000, 2362),
        (["坐标系=CGCS2000_3_Degree_GK_CM_114E"], 0, 4547),
        (["坐标系:Beijing_1954_3_Degree_GK_Zone_38"], 38_000_000, 2414),
        (["坐标系=EPSG:4547"], 0, 4547),
        (["坐标系=2000国家大地坐标系（3度分带，中央经线114°）"], 0, 4547),
        (["坐标系=2000国家大地坐标系", "大地基准=CGCS2000", "分带=3度带", "中央子午线=114°00′"], 0, 4547),
        (
            ["坐标系=2000国家大地坐标系", "带号=38", "Datum=Yellow Sea 1985", "Unit=Planning Bureau"],
            38_000_000,
            4526,
        ),
        (["坐標系=2000國家大地坐標系", "帶號=38", "幾度分帶=3"], 0, 4547),
    ],
)
def test_headers_in_other_words(head, prefix, crs):
    reading = read(text(points(prefix=prefix), head=head))
    assert (reading.ok, reading.crs, codes(reading)) == (True, crs, set()), reading.issues


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_name_cut_within_a_character_is_told_and_the_points_are_read(encoding):
    data = (
        text(points())
        .encode(encoding)
        .replace("块,面".encode(encoding), "块".encode(encoding)[:1] + b",\xc3,")
    )
    (issue,) = read(data).issues
    assert (issue.code, issue.line) == ("TEXT-DAMAGED", 7)
    assert read(data).area_m2 == 6800


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        ([*points()[:3], "//J3-J4为圆弧 R=50", *points()[3:]], "TXT-ARC", 11),
        ([*points()[:3], "圆弧,R=50.000,起点J3,终点J4", *points()[3:]], "TXT-ARC", 11),
        ([*points()[:2], "J3,1,0.000,0.000", *points()[3:]], "TXT-COORD-OUTLIER", 10),
        ([*points()[:2], "J3,1,-3115030.000,38486000.000", *points()[3:]], "TXT-COORD-OUTLIER", 10),
        ([*points()[:2], "J3,1,31150O0.000,38486000.000", *points()[3:]], "TXT-BAD-NUMBER", 10),
    ],
)
def test_what_cannot_be_read_names_its_line(rows, code, line):
    reading = read(text(rows))
    assert not reading.ok
    found = next(i for i in reading.issues if i.code == code)
    assert found.line == line and found.remedy


def test_a_file_cut_within_a_number_is_called_cut():
    reading = read(text(points()).encode("gb18030")[:-40])
    assert "TXT-CUT" in codes(reading)
    local = "P1,-14600.000,5200.000\nP2,-14600.000,5300.000\nP3,-14500.000,5250.000"
    assert "TXT-CUT" not in codes(read(local, crs=6677))


def test_rings_told_apart_by_names_that_begin_anew():
    rows = points(close=False) + points(OTHER, close=False)
    reading = read(text(rows, parcel="10,0.9300,D1,甲,面,,,,@"))
    assert reading.ok, reading.issues
    assert (reading.parts, reading.area_m2) == (2, 9300)


def test_a_closing_point_that_lies_elsewhere_is_told():
    rows = [*points()[:-1], f"J1,1,{N + 80.2:.3f},{E + 38_000_000:.3f}"]
    reading = read(text(rows))
    assert codes(reading) == {"RING-CLOSE-DIFFERS", "TXT-RING-OPEN"}
    assert (reading.area_m2, reading.issues[0].line) == (6800, 14)


def test_degrees_minutes_and_seconds():
    corners = [(28, 9, 0.0, 113, 51, 0.0), (28, 9, 3.25, 113, 51, 0.0), (28, 9, 3.25, 113, 51, 3.25)]
    rows = [
        f"J{n},1,{a}°{b:02d}′{c:05.2f}″,{d}°{e:02d}′{f:05.2f}″"
        for n, (a, b, c, d, e, f) in enumerate(corners, 1)
    ]
    reading = read(text(rows, parcel="3,,D1,甲,面,,,,@"), crs=4490)
    assert reading.ok, reading.issues
    assert reading.geometry.bounds == pytest.approx(
        (113.85, 28.15, 113.85 + 3.25 / 3600, 28.15 + 3.25 / 3600)
    )


def test_a_meridian_of_no_zone_is_asked_about_with_its_definition():
    head = [*HEAD[:1], "中央经线=113°30′"]
    content = text(points(prefix=0), head=head)
    reading = read(content)
    unknown = next(i for i in reading.issues if i.code == "CRS-UNKNOWN")
    assert "+lon_0=113.5" in unknown.remedy
    definition = unknown.remedy.split('"')[1]
    assert read(content, crs=parse_crs(definition)).ok
