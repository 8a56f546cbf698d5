"""Reading DXF: versions, encodings, entities, blocks, units, hostile files."""

from __future__ import annotations

import hashlib
import math
import random
import time

import numpy as np
import pytest
from ezdxf.entities.lwpolyline import LWPolyline
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.cad import read
from drawings.cad.source import decode_escapes
from drawings.interpreting.interpret import interpret
from drawings.reading import reading
from drawings.sheets.sheet import sheet_geojson
from project_box.kernel.finding import Level
from tests.unit.drawings.build import X, Y, box, cad_of, codes, data, new, ring, site_plan, text

VERSIONS = ["R12", "R2000", "R2004", "R2007", "R2010", "R2013", "R2018"]


@pytest.mark.parametrize("binary", [False, True], ids=["ascii", "binary"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_the_same_geometry(version: str, binary: bool) -> None:
    doc = new(version)
    doc.encoding = "cp936"
    box(doc, "用地红线", X, Y, 200, 150) if version != "R12" else doc.modelspace().add_polyline2d(
        [(X, Y), (X + 200, Y), (X + 200, Y + 150), (X, Y + 150)], close=True, dxfattribs={"layer": "用地红线"}
    )
    text(doc, "用地红线", "项目名称=样例", X + 5, Y + 5)
    raw = data(doc, binary=binary) if binary else data(doc, encoding="cp936" if version < "R2007" else None)
    cad = read(raw, "a.dxf")
    assert cad.readable and cad.format == ("dxf-binary" if binary else "dxf")
    model = interpret(cad)
    assert [s.area_m2 for s in model.by_role("site_boundary")] == [30000.0]
    assert model.by_role("site_boundary")[0].attributes["项目名称"] == "样例"


@pytest.mark.parametrize(
    ("encoding", "codepage", "layer"),
    [
        ("gb18030", "ANSI_936", "用地红线"),
        ("cp949", "ANSI_949", "대지경계선"),
        ("cp1251", "ANSI_1251", "Граница участка"),
        ("cp1252", "ANSI_1252", "Grundstücksgrenze"),
        ("utf-8", "ANSI_936", "用地红线"),  # lies: says GBK, is UTF-8
        ("gb18030", "ANSI_1252", "用地红线"),  # lies the way many programs do
        ("cp1251", "ANSI_1252", "Граница участка"),
        ("cp949", "ANSI_1252", "대지경계선"),
        ("gb18030", "ANSI_936", "楼"),  # its GBK bytes are valid UTF-8, but of no script
        ("gb18030", "ANSI_1252", "住宅楼"),
        ("utf-8", "ANSI_1251", "Граница участка"),
        ("utf-8", "ANSI_1252", "±0.000"),
        ("utf-8", "ANSI_1252", "Grundstücksgrenze"),
    ],
)
def test_encodings(encoding: str, codepage: str, layer: str) -> None:
    doc = new("R2000")
    box(doc, "LAYER_NAME", X, Y, 10, 10)
    raw = data(doc).decode("utf-8")
    raw = raw.replace("ANSI_1252", codepage).replace("LAYER_NAME", layer)
    cad = read(raw.encode(encoding), "a.dxf")
    assert layer in cad.layers and cad.layers[layer].entities == 1


def test_unicode_escapes_are_decoded() -> None:
    doc = new("R2000")
    box(doc, "L", X, Y, 10, 10)
    raw = data(doc).decode().replace("\nL\n", "\n\\U+7528\\U+5730\\M+5BAECCFDF\n")
    assert any(name.startswith("用地") for name in read(raw.encode(), "a.dxf").layers)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\\U+7528\\U+5730\\U+FF1A8000.00", "用地：8000.00"),  # digits that follow belong to the number
        ("\\U+FF08abc\\U+FF09", "（abc）"),
        ("\\U+0001F600", "😀"),
        ("\\U+D83D\\U+DE00", "😀"),
        ("\\U+D83D", "�"),
    ],
)
def test_an_escape_has_four_digits(written: str, shown: str) -> None:
    assert decode_escapes(written) == shown


def test_all_curve_entities_and_their_exact_areas() -> None:
    doc = new()
    space = doc.modelspace()
    space.add_circle((X, Y), 10)
    space.add_lwpolyline([(X, Y, 1), (X + 20, Y, 1)], format="xyb", close=True)
    space.add_ellipse((X, Y), major_axis=(5, 0), ratio=0.4)
    space.add_arc((X, Y), 10, 0, 180)
    space.add_spline([(X, Y), (X + 5, Y + 5), (X + 10, Y)])
    hatch = space.add_hatch()
    path = hatch.paths.add_edge_path()
    path.add_line((X, Y), (X + 10, Y))
    path.add_arc((X + 5, Y), 5, 0, 180)
    solid = space.add_solid([(X, Y), (X + 4, Y), (X, Y + 2), (X + 4, Y + 2)])
    cad = cad_of(doc)
    areas = {e.kind: abs(sum(c.area() for c in e.curves)) for e in cad.entities}
    assert areas["CIRCLE"] == pytest.approx(math.pi * 100)
    assert areas["LWPOLYLINE"] == pytest.approx(math.pi * 100)
    assert areas["ELLIPSE"] == pytest.approx(math.pi * 10)
    assert areas["ARC"] == pytest.approx(math.pi * 50)
    assert areas["HATCH"] == pytest.approx(math.pi * 12.5, rel=1e-9)
    assert areas["SOLID"] == pytest.approx(8)
    assert solid.dxf.handle in {e.handle for e in cad.entities}


def test_nested_blocks_scaled_rotated_mirrored() -> None:
    doc = new()
    inner = doc.blocks.new("INNER", base_point=(1, 1))
    inner.add_circle((1, 1), 2, dxfattribs={"layer": "0"})
    outer = doc.blocks.new("OUTER")
    outer.add_blockref("INNER", (10, 0), dxfattribs={"xscale": 2, "yscale": 2, "layer": "0"})
    space = doc.modelspace()
    space.add_blockref(
        "OUTER", (X, Y), dxfattribs={"rotation": 90, "xscale": -3, "yscale": 3, "layer": "绿地"}
    )
    space.add_blockref("INNER", (X, Y), dxfattribs={"xscale": 2, "yscale": 5, "layer": "绿地"})
    circles = [e for e in cad_of(doc).entities if e.kind == "CIRCLE"]
    assert [abs(c.curves[0].area()) for c in circles] == pytest.approx([math.pi * 4 * 36, math.pi * 4 * 10])
    assert {c.layer for c in circles} == {"绿地"} and all(c.in_block for c in circles)
    x0, y0, x1, y1 = circles[0].curves[0].bounds()
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((X, Y - 30))
    assert circles[0].handle.count("/") == 2


def test_block_arrays_attributes_and_extrusion() -> None:
    doc = new()
    block = doc.blocks.new("CAR")
    block.add_lwpolyline([(0, 0), (2, 0), (2, 5), (0, 5)], close=True)
    block.add_attdef("数量", (0, 0))
    space = doc.modelspace()
    space.add_blockref(
        "CAR", (X, Y), dxfattribs={"row_count": 2, "column_count": 3, "row_spacing": 6, "column_spacing": 3}
    )
    reference = space.add_blockref("CAR", (X, Y + 50), dxfattribs={"layer": "机动车位"})
    reference.add_auto_attribs({"数量": "5"})
    ring(doc, "绿地", [(-X, Y), (-X - 10, Y), (-X - 10, Y + 10)], extrusion=(0, 0, -1))
    cad = cad_of(doc)
    assert sum(e.kind == "LWPOLYLINE" and e.in_block for e in cad.entities) == 7
    assert next(e for e in cad.entities if e.attributes).attributes == {"数量": "5"}
    mirrored = next(e for e in cad.entities if e.layer == "绿地")
    assert mirrored.curves[0].points[0] == pytest.approx((X, Y))


@pytest.mark.parametrize(
    ("header", "scale", "unit", "source", "code"),
    [
        (
            6,
            1,
            "m",
            "header",
            "DXF-UNITS-HEADER-ONLY",
        ),  # feet would do as well; coordinates of the state settle it
        (4, 1000, "mm", "header", "DXF-UNITS-HEADER-ONLY"),
        (4, 1, "m", "extents", "DXF-UNITS-DOUBTFUL"),  # says mm, drawn in m
        (6, 1000, "mm", "extents", "DXF-UNITS-DOUBTFUL"),  # says m, drawn in mm
        (1, 1, "m", "extents", "DXF-UNITS-DOUBTFUL"),  # says inches, drawn in m
        (0, 1, "m", "extents", "DXF-UNITS-ASSUMED"),
        (0, 1000, "mm", "extents", "DXF-UNITS-ASSUMED"),
    ],
)
@pytest.mark.parametrize("place", [(0.0, 0.0), (X, Y)], ids=["local", "national"])
def test_units_are_weighed(header, scale, unit, source, code, place) -> None:
    doc = new(unit=header)
    x, y = place
    box(doc, "建筑基底", x * scale, y * scale, 60 * scale, 20 * scale)
    cad = cad_of(doc)
    assert (cad.units.unit, cad.units.source) == (unit, source)
    settled = code == "DXF-UNITS-HEADER-ONLY" and place != (0.0, 0.0)
    assert [c for c in codes(cad) if c.startswith("DXF-UNITS")] == ([] if settled else [code])
    assert interpret(cad).by_role("footprint")[0].area_m2 == pytest.approx(1200)


def test_a_confirmed_unit_is_not_weighed() -> None:
    doc = new(unit=4)
    box(doc, "建筑基底", 0, 0, 60, 20)
    cad = cad_of(doc, unit="m")
    assert cad.units.source == "confirmed" and not codes(cad)


# --- bad files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "DXF-EMPTY-FILE"),
        (b"%PDF-1.7\n...", "DXF-NOT-DXF"),
        (b"PK\x03\x04....", "DXF-NOT-DXF"),
        (b"AC1032\x00\x00\x00", "DWG-CUT"),
        (b"<html>", "DXF-NOT-DXF"),
        (b"hello world", "DXF-NOT-DXF"),
        (bytes(range(256)) * 20, "DXF-NOT-DXF"),
        (b"\x00" * 5000, "DXF-NOT-DXF"),
        (b"0\n", "DXF-NOT-DXF"),
        (b"  0\nSECTION\n  2\nENTITIES\n", "DXF-TRUNCATED"),
        (b"  0\nSECTION\n  2\nENTITIES\n  0\nENDSEC\n  0\nEOF\n", "DXF-EMPTY"),
        (b"  0\nEOF\n", "DXF-EMPTY"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00\x00\x00SEC", "DXF-TRUNCATED"),
    ],
)
def test_unusable_files_get_a_code_and_a_remedy(content: bytes, code: str) -> None:
    cad = read(content, "坏.dxf")
    assert codes(cad)[0] == code and cad.issues[0].level is Level.ERROR and cad.issues[0].remedy
    assert cad.sha256 == hashlib.sha256(content).hexdigest()
    interpret(cad)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("binary", [False, True])
def test_a_cut_file_says_where_it_breaks_off(share: float, binary: bool) -> None:
    whole = data(site_plan(), binary=binary)
    cad = read(whole[: int(len(whole) * share)], "断.dxf")
    assert not cad.readable and "DXF-TRUNCATED" in codes(cad)


def test_bad_group_code_and_bad_number_name_the_line() -> None:
    lines = data(site_plan()).decode().split("\n")
    at = next(i for i, line in enumerate(lines) if line == "LWPOLYLINE" and i > len(lines) // 3)
    broken = read("\n".join([*lines[: at + 1], "oops", *lines[at + 1 :]]).encode(), "a.dxf")
    assert not broken.readable and broken.issues[0].code == "DXF-BAD-TAG" and broken.issues[0].line == at + 2
    number = next(i for i in range(at, len(lines)) if lines[i].strip() == "10")
    wrong = read("\n".join([*lines[: number + 1], "12x4", *lines[number + 2 :]]).encode(), "a.dxf")
    assert "DXF-BAD-VALUE" in codes(wrong) and wrong.issues[0].line == number + 2


def test_any_length_of_comments_may_come_first() -> None:
    doc = new()
    ring(doc, "建筑基底", [(X, Y), (X + 10, Y), (X + 10, Y + 5), (X, Y + 5)])
    cad = read(b" 999\r\nplotted by hand\r\n" * 2_000 + data(doc), "例.dxf")
    assert cad.readable and len(cad.entities) == 1


def test_missing_end_mark_is_only_a_warning() -> None:
    whole = data(site_plan()).replace(b"\n  0\nEOF\n", b"\n").replace(b"\r\n  0\r\nEOF\r\n", b"\r\n")
    cad = read(whole, "a.dxf")
    assert cad.readable and codes(cad) == ["DXF-NO-EOF"] and len(cad.entities) > 20


def test_blocks_that_contain_themselves_end() -> None:
    doc = new()
    a, b = doc.blocks.new("A"), doc.blocks.new("B")
    a.add_line((0, 0), (1, 1))
    a.add_blockref("B", (0, 0))
    b.add_blockref("A", (0, 0))
    doc.modelspace().add_blockref("A", (0, 0))
    cad = cad_of(doc)
    assert "DXF-BLOCK-RECURSION" in codes(cad) and len([e for e in cad.entities if e.kind == "LINE"]) == 1


def test_a_block_bomb_is_stopped_quickly() -> None:
    doc = new()
    doc.blocks.new("B0").add_line((0, 0), (1, 1))
    for level in range(1, 9):
        block = doc.blocks.new(f"B{level}")
        for _ in range(12):
            block.add_blockref(f"B{level - 1}", (0, 0))
    doc.modelspace().add_blockref("B8", (0, 0))
    small = reading().model_copy(update={"limits": reading().limits.model_copy(update={"entities": 20_000})})
    started = time.monotonic()
    cad = read(data(doc), "bomb.dxf", settings=small)
    assert "DXF-TOO-MANY" in codes(cad) and len(cad.entities) <= 20_000
    assert time.monotonic() - started < 10


def test_time_is_bounded_too() -> None:
    from drawings.cad.dxf import read_dxf

    ticks = iter(range(0, 10**9, 30))
    doc = new()
    for i in range(1200):
        doc.modelspace().add_line((i, 0), (i, 1))
    cad = read_dxf(data(doc), "slow.dxf", reading(), None, clock=lambda: float(next(ticks)))
    assert "DXF-TIME" in codes(cad)


def test_nan_and_huge_coordinates_are_dropped_with_their_handles() -> None:
    doc = site_plan()
    space = doc.modelspace()
    bad = space.add_line((X, Y), (X + 1, Y + 1), dxfattribs={"layer": "绿地"})
    far = space.add_line((X, Y), (9e12, Y), dxfattribs={"layer": "绿地"})
    raw = data(doc).decode()
    start = raw.index(f"\n{bad.dxf.handle}\n")
    raw = raw[:start] + raw[start:].replace(f" 20\n{Y}", " 20\nnan", 1)
    cad = read(raw.encode(), "a.dxf")
    by_code = {i.code: i for i in cad.issues}
    assert by_code["DXF-NONFINITE"].handle == bad.dxf.handle
    assert by_code["DXF-HUGE"].handle == far.dxf.handle
    assert {bad.dxf.handle, far.dxf.handle}.isdisjoint(e.handle for e in cad.entities)


def test_many_vertices_stay_within_bounds() -> None:
    count = 300_000
    vertices = "".join(f"10\n{i % 1000}.5\n20\n{i // 1000}.25\n" for i in range(count))
    raw = (
        f"0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n5\nFF\n100\nAcDbEntity\n8\n绿地\n100\nAcDbPolyline\n90\n{count}\n70\n1\n"
        f"{vertices}0\nENDSEC\n0\nEOF\n"
    ).encode()
    header = b"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1024\n9\n$INSUNITS\n70\n6\n0\nENDSEC\n"
    started = time.monotonic()
    model = interpret(read(header + raw, "a.dxf"))
    assert "DXF-TOO-MANY-VERTICES" in codes(model)
    assert time.monotonic() - started < 60


def test_missing_block_external_reference_and_odd_entities() -> None:
    doc = new()
    box(doc, "绿地", 0, 0, 10, 10)
    space = doc.modelspace()
    space.add_blockref("NIRGENDS", (0, 0))
    doc.add_xref_def("other.dwg", "XR")
    space.add_blockref("XR", (0, 0))
    space.add_ray((0, 0), (1, 0))
    found = codes(cad_of(doc))
    assert {"DXF-BLOCK-MISSING", "DXF-XREF", "DXF-UNSUPPORTED"} <= set(found)


_WHOLE = data(site_plan())
_WHOLE_BINARY = data(site_plan(), binary=True)
_TAGS = _WHOLE.decode().split("\n")
_VALUES = [
    "nan",
    "-1e308",
    "1e400",
    "",
    "0",
    "99999999999999999999",
    "LWPOLYLINE",
    "ENDSEC",
    "文字\udcff",
    "-1",
    "{",
    "%s",
]


@settings(max_examples=60, deadline=4000)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_fuzzed_tags_never_raise(seed: int, changes: int) -> None:
    generator = random.Random(seed)
    lines = list(_TAGS)
    for _ in range(changes):
        at = generator.randrange(len(lines))
        act = generator.randrange(4)
        if act == 0:
            lines[at] = generator.choice(_VALUES)
        elif act == 1:
            del lines[at : at + generator.randrange(1, 4)]
        elif act == 2:
            lines[at:at] = [str(generator.choice([0, 8, 10, 70, 90, 330, 1001])), generator.choice(_VALUES)]
        else:
            other = generator.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    _survives(raw)


@settings(max_examples=40, deadline=4000)
@given(st.integers(0, 2**32), st.integers(1, 30), st.booleans())
def test_fuzzed_bytes_never_raise(seed: int, changes: int, binary: bool) -> None:
    generator = random.Random(seed)
    raw = bytearray(_WHOLE_BINARY if binary else _WHOLE)
    for _ in range(changes):
        raw[generator.randrange(len(raw))] = generator.randrange(256)
    _survives(bytes(raw))


@settings(max_examples=60, deadline=None)  # on a busy machine an example may take long
@given(st.binary(max_size=2000))
def test_random_bytes_never_raise(raw: bytes) -> None:
    _survives(raw)
    _survives(b"  0\nSECTION\n  2\nENTITIES\n" + raw + b"\n  0\nENDSEC\n  0\nEOF\n")


def _survives(raw: bytes) -> None:
    cad = read(raw, "fuzz.dxf")
    model = interpret(cad)
    assert cad.readable or any(i.level is Level.ERROR for i in cad.issues)
    from drawings.drawing import model_from_plain, model_to_plain
    from project_box.kernel.plain import canonical_json

    plain = model_to_plain(model)
    canonical_json(plain)
    model_from_plain(plain)
    canonical_json(sheet_geojson(cad, model))


def test_ezdxf_is_the_oracle_for_plain_polylines() -> None:
    doc = site_plan()
    expected = {
        e.dxf.handle: [tuple(p) for p in e.get_points("xy")]
        for e in doc.modelspace()
        if isinstance(e, LWPolyline)
    }
    got = {
        e.handle: list(e.curves[0].points)
        for e in cad_of(doc).entities
        if e.kind == "LWPOLYLINE" and not e.in_block
    }
    assert got.keys() == expected.keys()
    for handle, points in expected.items():
        assert [c for p in got[handle] for c in p] == pytest.approx([c for p in points for c in p], abs=1e-6)


def test_uneven_blocks_in_each_other_lie_where_their_maps_say() -> None:
    """A mirrored, turned reference in an unevenly scaled, turned one: sheared, which no INSERT of its own could say."""
    document = new()
    inner, outer = document.blocks.new("INNER", base_point=(1, 1)), document.blocks.new("OUTER")
    inner.add_line((0, 0), (4, 0))
    inner.add_lwpolyline([(0, 0), (2, 0), (2, 2), (0, 2)], close=True)
    outer.add_blockref("INNER", (3, 3), dxfattribs={"xscale": -1, "rotation": 30})
    document.modelspace().add_blockref(
        "OUTER", (100, 0), dxfattribs={"xscale": 2, "yscale": 3, "rotation": 77}
    )

    def placed(x: float, y: float) -> tuple[float, float]:
        for at, sx, sy, angle, base in (((3, 3), -1, 1, 30, (1, 1)), ((100, 0), 2, 3, 77, (0, 0))):
            c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            u, v = sx * (x - base[0]), sy * (y - base[1])
            x, y = at[0] + c * u - s * v, at[1] + s * u + c * v
        return x, y

    line, square = [e for e in cad_of(document).entities if e.curves]
    assert np.array(line.curves[0].points) == pytest.approx(np.array([placed(0, 0), placed(4, 0)]))
    corners = [placed(0, 0), placed(2, 0), placed(2, 2), placed(0, 2)]
    assert np.array(square.curves[0].points) == pytest.approx(np.array(corners))
    assert square.curves[0].area() == pytest.approx(-4 * 2 * 3)
