"""界址点 TXT: every variant of reference 4.1, WE-36, WE-45, and the writer's round trip."""

import codecs
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import scale, translate
from shapely.geometry import MultiPolygon, Polygon, box

from gis.boundaries.boundary import read_boundary, write_txt
from gis.boundaries.txt import read_txt
from project_box.kernel.errors import BadInput

HEADER = "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n带号=38\n[地块坐标]\n"
# 100 m x 80 m = 8000 ㎡ = 0.8000 ha, zone 38
CORNERS = [
    ("3115000.000", "38485900.000"),
    ("3115080.000", "38485900.000"),
    ("3115080.000", "38486000.000"),
    ("3115000.000", "38486000.000"),
]


def rows(corners=CORNERS, *, ring="1", name="J{}", close=True, swap=False):
    points = list(corners) + ([corners[0]] if close else [])
    lines = []
    for n, (north, east) in enumerate(points, start=1):
        label = name.format(1 if close and n == len(points) else n)
        first, second = (east, north) if swap else (north, east)
        lines.append(f"{label},{ring},{first},{second}")
    return "\n".join(lines) + "\n"


def text(parcel="5,0.8000,D1,样例,面,,居住,,@\n", body=None, header=HEADER):
    return header + parcel + (rows() if body is None else body)


def read(content, *, encoding="utf-8", crs=None):
    return read_boundary("site.txt", content.encode(encoding), crs=crs)


def codes(reading):
    return [i.code for i in reading.issues]


def square(x, y, size=10.0):
    return [
        (f"{y:.3f}", f"{x:.3f}"),
        (f"{y + size:.3f}", f"{x:.3f}"),
        (f"{y + size:.3f}", f"{x + size:.3f}"),
        (f"{y:.3f}", f"{x + size:.3f}"),
    ]


def test_plain_file():
    reading = read(text())
    assert reading.ok
    assert codes(reading) == []
    assert (reading.crs, reading.area_m2, reading.declared_area_m2) == (4526, 8000.0, 8000.0)
    assert (reading.parts, reading.holes, reading.format) == (1, 0, "TXT")
    assert reading.attributes["parcels"][0]["地块名称"] == "样例"
    assert reading.geometry.bounds == (38485900.0, 3115000.0, 38486000.0, 3115080.0)


@pytest.mark.parametrize(
    "parcel",
    [
        "5,0.8000,D1,样例,面,,居住,,@",
        "5,0.8000,D1,样例,面,I-50-1,居住,070102,@",
        "5,0.8000,D1,样例,面,I-50-1,居住,0101,试点,水田,10,9,备注,@",
        "5,0.8000,D1,样例,面,I-50-1,居住,0101,试点,水田,10,9,@",
        "5,0.8000,,样例,面,,,@",
        "5,0.8000公顷,,样例,面,,,@",
        "5,8000㎡,,样例,面,,,@",
        "5,8000平方米,,样例,面,,,@",
        "5,12亩,,样例,面,,,@",
        "5,0.8000,D1,样例,面,,居住,@",
        "5,0.8000,D1,样例,面,,居住,,@",
        "4,0.8000,D1,样例,面,,居住,,@",
    ],
)
def test_header_rows_of_every_length(parcel):
    reading = read(text(parcel + "\n"))
    assert reading.ok, reading.issues
    assert codes(reading) == []
    assert reading.declared_area_m2 == pytest.approx(8000, abs=0.1)


@pytest.mark.parametrize("name", ["J{}", "J0{}", "{}", "界址{}", ""])
def test_point_names(name):
    reading = read(text(body=rows(name=name)))
    assert reading.ok
    assert reading.area_m2 == 8000


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding):
    reading = read(text(), encoding=encoding)
    assert reading.ok
    assert reading.attributes["header"]["坐标系"] == "2000国家大地坐标系"


def test_crlf_and_old_sections_and_leading_section():
    content = "[说明]\n1,2\n" + text().replace("[", "【").replace("]", "】")
    reading = read(content.replace("\n", "\r\n"), encoding="gbk")
    assert reading.ok
    assert reading.area_m2 == 8000


def test_full_width_punctuation_and_digits():
    wide = text().translate({ord(c): ord(c) + 0xFEE0 for c in ",.0123@="})
    assert "\uff0c" in wide
    reading = read(wide)
    assert reading.ok, reading.issues
    assert reading.area_m2 == 8000
    assert reading.crs == 4526


def test_tabs_instead_of_commas():
    body = rows().replace(",", "\t")
    assert read(text(body=body)).area_m2 == 8000


def test_open_ring_is_closed():
    reading = read(text("4,0.8000,D1,样例,面,,居住,,@\n", rows(close=False)))
    assert reading.ok
    assert codes(reading) == ["TXT-RING-OPEN"]
    assert reading.area_m2 == 8000


def test_closing_point_under_another_name():
    body = rows(close=False) + f"J5,1,{CORNERS[0][0]},{CORNERS[0][1]}\n"
    reading = read(text(body=body))
    assert reading.ok
    assert codes(reading) == []


@pytest.mark.parametrize("count", ["0", "99", "x", "3"])
def test_bogus_counts_are_warnings(count):
    reading = read(text(f"{count},0.8000,D1,样例,面,,居住,,@\n"))
    assert reading.ok
    assert codes(reading) == ["TXT-COUNT"]


@pytest.mark.parametrize("numbers", [("1", "2"), ("1", "1"), ("2", "1"), ("1", "7")])
def test_hole_by_containment_whatever_its_number(numbers):
    hole = square(38485940, 3115030)
    outer, inner = numbers
    body = rows(ring=outer) + rows(hole, ring=inner)
    reading = read(text("10,0.7900,D1,样例,面,,居住,,@\n", body))
    assert reading.ok, reading.issues
    assert (reading.parts, reading.holes, reading.area_m2) == (1, 1, 7900)


def test_part_by_containment_although_numbered_as_hole():
    body = rows(ring="1") + rows(square(38486100, 3115030), ring="2")
    reading = read(text("10,0.8100,D1,样例,面,,居住,,@\n", body))
    assert (reading.parts, reading.holes, reading.area_m2) == (2, 0, 8100)


def test_island_in_a_hole():
    body = (
        rows() + rows(square(38485940, 3115030, 30), ring="2") + rows(square(38485950, 3115040, 5), ring="3")
    )
    reading = read(text("15,0.7125,D1,样例,面,,居住,,@\n", body))
    assert (reading.parts, reading.holes, reading.area_m2) == (2, 1, 7125)


def test_several_parcels_are_compared_one_by_one():
    second = "5,0.0100,D2,乙,面,,,,@\n" + rows(square(38486100, 3115030))
    reading = read(text() + second)
    assert reading.ok
    assert (reading.parts, reading.declared_area_m2) == (2, 8100)
    wrong = read(text() + second.replace("0.0100", "0.0200"))
    assert codes(wrong) == ["AREA-MISMATCH"]
    assert "乙" in wrong.issues[0].message


def test_overlapping_parcels_are_an_error():
    second = "5,0.0100,D2,乙,面,,,,@\n" + rows(square(38485940, 3115030))
    assert "PARTS-OVERLAP" in codes(read(text() + second))


# --- WE-36, WE-45 ----------------------------------------------------------------------------------------------------


def test_we_36_columns_are_found_by_their_digits():
    points = [
        ("3751508.512", "39438683.652"),
        ("3751608.512", "39438683.652"),
        ("3751608.512", "39438783.652"),
    ]
    straight = read(text("4,0.5,D1,样例,面,,,,@\n", rows(points, name="{}"), HEADER))
    swapped = read(text("4,0.5,D1,样例,面,,,,@\n", rows(points, name="{}", swap=True), HEADER))
    assert straight.crs == swapped.crs == 4527
    assert straight.geometry.equals(swapped.geometry)
    assert "CRS-ZONE-MISMATCH" in codes(straight)  # header says 38, eastings say 39
    assert "AXIS-SWAPPED" in codes(swapped)
    assert straight.ok and swapped.ok


@pytest.mark.parametrize(
    ("area", "expected", "ok"),
    [
        ("0.8000", [], True),
        ("8000", ["AREA-UNIT-M2"], True),
        ("0.8765", ["AREA-MISMATCH"], False),
        ("12", ["AREA-UNIT-MU"], True),
        ("", ["AREA-BLANK"], True),
        ("见附件", ["AREA-TEXT"], True),
    ],
)
def test_we_45_declared_area(area, expected, ok):
    reading = read(text(f"5,{area},D1,样例,面,,,,@\n"))
    assert codes(reading) == expected
    assert reading.ok is ok
    if area in ("8000", "0.8000", "12"):
        assert reading.declared_area_m2 == pytest.approx(8000, abs=0.01)


# --- CRS -------------------------------------------------------------------------------------------------------------

PLAIN = [(n, e[2:]) for n, e in CORNERS]


def header(**values):
    return "[属性描述]\n" + "".join(f"{k}={v}\n" for k, v in values.items()) + "[地块坐标]\n"


@pytest.mark.parametrize(
    ("corners", "head", "epsg"),
    [
        (PLAIN, {"坐标系": "2000国家大地坐标系", "几度分带": 3, "带号": 38}, 4547),
        (PLAIN, {"坐标系": "CGCS2000", "带号": 38}, 4547),
        (PLAIN, {"坐标系": "2000国家大地坐标系", "几度分带": "3度", "中央经线": 114}, 4547),
        (PLAIN, {"坐标系": "2000国家大地坐标系", "几度分带": 3, "带号": 114}, 4547),
        (PLAIN, {"坐标系": "2000国家大地坐标系", "几度分带": 6, "带号": 20}, 4509),
        (PLAIN, {"坐标系": "1980西安坐标系", "几度分带": 3, "带号": 38}, 2383),
        (PLAIN, {"坐标系": "1954北京坐标系", "几度分带": 3, "带号": 38}, 2435),
        (CORNERS, {"坐标系": "1980西安坐标系", "几度分带": 3, "带号": 38}, 2362),
        (CORNERS, {"坐标系": "北京54", "几度分带": 3, "带号": 38}, 2414),
        (CORNERS, {"坐标系": "2000国家大地坐标系"}, 4526),
    ],
)
def test_crs_from_header_and_prefix(corners, head, epsg):
    reading = read(text(body=rows(corners), header=header(**head)))
    assert reading.crs == epsg
    assert reading.ok, reading.issues


@pytest.mark.parametrize(
    ("corners", "head"),
    [
        (PLAIN, {"坐标系": "2000国家大地坐标系", "几度分带": 3}),
        (PLAIN, {}),
        (PLAIN, {"坐标系": "长沙独立坐标系", "带号": 38}),
        (CORNERS, {"坐标系": "某市地方坐标系"}),
        ([("91000.000", "52000.000"), ("91080.000", "52000.000"), ("91080.000", "52100.000")], {"带号": 38}),
    ],
)
def test_unknown_crs_is_asked_for(corners, head):
    reading = read(text("4,,D1,样例,面,,,,@\n", rows(corners), header(**head)))
    assert reading.crs is None
    assert not reading.ok
    unknown = next(i for i in reading.issues if i.code == "CRS-UNKNOWN")
    assert "--crs" in unknown.remedy
    assert reading.area_m2 is None


def test_stated_crs_answers_and_overrules():
    assert read(text(body=rows(PLAIN), header=header()), crs=4547).ok
    overruled = read(text(body=rows(PLAIN), header=header(坐标系="1980西安坐标系", 带号=38)), crs=4547)
    assert overruled.crs == 4547
    assert "CRS-OVERRIDDEN" in codes(overruled)


def test_stated_crs_that_cannot_be():
    reading = read(text(), crs=4547)  # eastings carry prefix 38
    assert "CRS-OUTSIDE-AREA" in codes(reading)
    assert "4526" in next(i.message for i in reading.issues if i.code == "CRS-OUTSIDE-AREA")
    assert not reading.ok


def test_degrees_need_a_datum():
    corners = [("28.1500", "113.8500"), ("28.1510", "113.8500"), ("28.1510", "113.8510")]
    without, named = (
        text("4,,D1,样例,面,,,,@\n", rows(corners), header(**words))
        for words in ({}, {"坐标系": "1980西安坐标系"})
    )
    assert "CRS-UNKNOWN" in codes(read(without))
    assert read(named).crs == 4610
    content = text("4,,D1,样例,面,,,,@\n", rows(corners), header(坐标系="2000国家大地坐标系"))
    assert read(content).crs == 4490
    reading = read(content, crs=4490)
    assert reading.ok, reading.issues
    assert reading.area_crs == 4547
    assert reading.geometry.bounds[0] == pytest.approx(113.85)


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (text(body=rows()[:-20]), "TXT-CUT", 13),
        (text(body=rows()[:36]), "TXT-CUT", 10),
        (text("9,,D1,样例,面,,,,@\n", rows(close=False)[:90] + "\n"), "TXT-CUT", None),
        (text(body=rows().replace("3115080.000,38486000.000", "abc,38486000.000")), "TXT-BAD-NUMBER", 11),
        (text(body=rows().replace("J3,1,3115080.000,38486000.000", "J3")), "TXT-ROW-SHORT", 11),
        (text(body=rows().replace("38486000.000", "NaN", 1)), "COORD-NAN", 11),
        (text(body=rows().replace("38486000.000", "1e12", 1)), "COORD-HUGE", 11),
        (text(body=rows().replace("38486000.000", "39486000.000", 1)), "TXT-ZONE-MIXED", 11),
        (text(body=rows().replace("38486000.000", "3848600.000", 1)), "TXT-COORD-OUTLIER", 11),
        (text(body=rows(CORNERS[:2])), "RING-TOO-SHORT", 9),
        (text(body=""), "TXT-NO-POINTS", None),
        (text("5,0.8,D1,样例,点,,,,@\n"), "TXT-NOT-AREA", 8),
        ("", "FILE-EMPTY", None),
        ("hello", "TXT-NO-POINTS", None),
    ],
)
def test_errors_carry_code_and_line(content, code, line):
    reading = read(content)
    assert not reading.ok
    found = [i for i in reading.issues if i.code == code]
    assert found, reading.issues
    assert found[0].level == "error"
    if line is not None:
        assert line in {i.line for i in found}


def test_self_crossing_tells_the_place():
    bow = [CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]]
    reading = read(text(body=rows(bow)))
    crossing = next(i for i in reading.issues if i.code == "RING-SELF-CROSSING")
    assert crossing.at == (38485950.0, 3115040.0)
    assert not reading.ok


def test_duplicate_points_and_spikes_are_reported_with_their_lines():
    doubled = [CORNERS[0], CORNERS[0], *CORNERS[1:]]
    reading = read(text(body=rows(doubled)))
    duplicate = next(i for i in reading.issues if i.code == "RING-DUPLICATE-POINT")
    assert duplicate.line == 10
    assert reading.ok and reading.area_m2 == 8000
    tip = [("3115080.000", "38485949.990"), ("3115580.000", "38485950.000"), ("3115080.000", "38485950.010")]
    spiked = [*CORNERS[:2], *tip, *CORNERS[2:]]
    spike = next(i for i in read(text(body=rows(spiked))).issues if i.code == "RING-SPIKE")
    assert spike.line == 12


def test_tiny_area():
    reading = read(text("5,,D1,样例,面,,,,@\n", rows(square(38485940, 3115030, 2))))
    assert set(codes(reading)) == {"AREA-TINY", "AREA-BLANK"}
    assert reading.ok
    assert not read(text("5,,D1,样例,面,,,,@\n", rows(square(38485940, 3115030, 0.1)))).ok


def test_crossing_rings_are_an_error():
    body = rows() + rows(square(38485995, 3115030), ring="2")
    assert "RINGS-OVERLAP" in codes(read(text("10,,D1,样例,面,,,,@\n", body)))


# --- writer ----------------------------------------------------------------------------------------------------------


def test_writer_writes_what_offices_expect():
    hole = box(485_940, 3_115_030, 485_950, 3_115_040)
    site = box(485_900, 3_115_000, 486_000, 3_115_080).difference(hole)
    data = write_txt(site, 4547, parcel={"地块名称": "甲,地块@", "地块编号": "D1"})
    content = data.decode("gbk")
    assert "坐标系=2000国家大地坐标系\r\n几度分带=3\r\n" in content
    assert "\r\n10,0.7900,D1,甲 地块,面,,,,@\r\n" in content
    assert content.index("J1,1,3115080.000,485900.000") > 0  # starts in the north-west
    reading = read_boundary("a.txt", data)
    assert reading.ok and codes(reading) == []
    assert reading.crs == 4547
    assert reading.geometry.equals(site)


def test_writer_refuses_what_the_format_cannot_hold():
    with pytest.raises(BadInput):
        write_txt(box(0, 0, 1, 1), 4326)
    with pytest.raises(BadInput):
        write_txt(box(0, 0, 1, 1).exterior, 4547)


@st.composite
def boundaries(draw):
    """Star-shaped polygons on the millimetre, side by side, each perhaps with a hole; and a zone to put them in."""
    parts = []
    for n in range(draw(st.integers(1, 3))):
        k = draw(st.integers(4, 12))
        radii = draw(st.lists(st.integers(20_000, 80_000), min_size=k, max_size=k))
        ring = [
            (round(r * math.cos(2 * math.pi * i / k)), round(r * math.sin(2 * math.pi * i / k)))
            for i, r in enumerate(radii)
        ]
        outer = Polygon(ring)
        if draw(st.booleans()):
            outer = Polygon(outer.exterior, [[(-3000, -3000), (3000, -3000), (3000, 3000), (-3000, 3000)]])
        parts.append(translate(outer, n * 200_000))
    epsg = draw(st.sampled_from([4547, 4526, 4546, 4525, 4498, 4509, 2383, 2362, 2435, 2414]))
    east = {
        4547: 485_900,
        4546: 485_900,
        4509: 485_900,
        2383: 485_900,
        2435: 485_900,
        4526: 38_485_900,
        2362: 38_485_900,
        2414: 38_485_900,
        4525: 37_485_900,
        4498: 20_485_900,
    }[epsg]
    millimetres = translate(MultiPolygon(parts), east * 1000, 3_115_000_000)
    return scale(millimetres, 0.001, 0.001, origin=(0, 0)), epsg


@settings(max_examples=60, deadline=None)
@given(boundaries(), st.sampled_from(["gbk", "utf-8", "utf-8-sig"]))
def test_round_trip_to_the_millimetre(drawn, encoding):
    geometry, epsg = drawn
    reading = read_txt(write_txt(geometry, epsg, encoding=encoding))
    assert reading.ok, reading.issues
    assert reading.crs == epsg
    assert (reading.parts, reading.holes) == (
        len(geometry.geoms),
        sum(len(p.interiors) for p in geometry.geoms),
    )
    assert reading.geometry.normalize().equals_exact(geometry.normalize(), tolerance=0.0005 + 1e-8)


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_issues_and_never_an_exception(data):
    reading = read_boundary("x.txt", data)
    assert not reading.ok
    assert reading.issues


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 330), st.integers(1, 40), st.binary(max_size=8))
def test_damaged_files_never_raise(start, length, junk):
    data = text().encode("gbk")
    reading = read_boundary("x.txt", data[:start] + junk + data[start + length :])
    assert reading.ok or reading.issues


def test_cut_in_the_middle_of_a_chinese_character():
    data = text().encode("gbk") + codecs.encode("备", "gbk")[:1]
    assert read_boundary("x.txt", data).area_m2 == 8000
