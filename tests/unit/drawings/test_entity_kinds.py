"""Every kind of entity in a file written by hand: what is drawn of it, or what is said of it; both readers."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from ezdxf.filemanagement import new
from ezdxf.math import Vec2
from ezdxf.render.mleader import ConnectionSide
from ezdxf.xclip import XClip

from drawings.cad import read as read_drawing
from drawings.cad.dxf import read_dxf
from drawings.cad.fast.reader import read_fast
from drawings.cad.model import CadEntity, CadFile
from drawings.reading import reading

HEAD = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1021\n9\n$INSUNITS\n70\n6\n0\nENDSEC\n"
LAYERS = (
    "0\nSECTION\n2\nTABLES\n0\nTABLE\n2\nLAYER\n5\n2\n100\nAcDbSymbolTable\n70\n3\n"
    + "".join(
        f"0\nLAYER\n5\n{handle}\n100\nAcDbSymbolTableRecord\n100\nAcDbLayerTableRecord\n2\n{name}\n70\n{flags}\n62\n{color}\n6\nContinuous\n"
        for handle, name, flags, color in (("10", "0", 0, 7), ("11", "冻结", 1, 3), ("12", "关闭", 0, -4))
    )
    + "0\nENDTAB\n0\nENDSEC\n"
)
Read = Callable[..., CadFile | None]


def entity(kind: str, handle: str, body: str, layer: str = "绿地", mark: str = "", more: str = "") -> str:
    marks = f"100\n{mark}\n" if mark else ""
    return f"0\n{kind}\n5\n{handle}\n100\nAcDbEntity\n{more}8\n{layer}\n{marks}{body}"


def square(handle: str, layer: str = "绿地", x: float = 0, y: float = 0, more: str = "") -> str:
    corners = "".join(f"10\n{x + a}\n20\n{y + b}\n" for a, b in ((0, 0), (2, 0), (2, 1), (0, 1)))
    return entity("LWPOLYLINE", handle, f"90\n4\n70\n1\n{corners}", layer, "AcDbPolyline", more)


def insert(handle: str, name: str, x: float, y: float, more: str = "", layer: str = "绿地") -> str:
    body = f"2\n{name}\n10\n{x}\n20\n{y}\n30\n0\n{more}"
    return entity("INSERT", handle, body, layer, "AcDbBlockReference")


def block(name: str, content: str, handle: str) -> str:
    end = entity("ENDBLK", f"{handle}E", "", "0", "AcDbBlockEnd")
    return (
        entity(
            "BLOCK", handle, f"2\n{name}\n70\n0\n10\n0\n20\n0\n30\n0\n3\n{name}\n1\n\n", "0", "AcDbBlockBegin"
        )
        + content
        + end
    )


def drawing(entities: str, blocks: str = "") -> bytes:
    sections = "".join(
        f"0\nSECTION\n2\n{name}\n{content}0\nENDSEC\n"
        for name, content in (("BLOCKS", blocks), ("ENTITIES", entities))
    )
    return f"{HEAD}{LAYERS}{sections}0\nEOF\n".encode()


@pytest.fixture(params=[read_dxf, read_fast], ids=["careful", "fast"])
def read(request: pytest.FixtureRequest) -> Callable[[bytes], CadFile]:
    def run(data: bytes) -> CadFile:
        found: CadFile | None = request.param(data, "a.dxf", reading(), None)
        if found is None:  # the careful reader decides about it
            found = read_dxf(data, "a.dxf", reading(), None)
        return found

    return run


def corners(found: CadEntity) -> list[tuple[float, float]]:
    return [(round(x, 6) + 0.0, round(y, 6) + 0.0) for c in found.curves for x, y in c.points]


#: marks of kinds that no reader takes without them
MARKS = {
    **dict.fromkeys(("REGION", "BODY", "SURFACE"), "AcDbModelerGeometry"),
    "3DSOLID": "AcDbModelerGeometry\n100\nAcDb3dSolid",
    "PDFUNDERLAY": "AcDbUnderlayReference",
    "TCH_WALL": "TDbWall", "TCH_OPENING": "TDbOpening", "AEC_WALL": "AecDbEntity\n100\nAecDbGeo\n100\nAecDbWall",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        *((kind, "DXF-SOLID") for kind in ("REGION", "3DSOLID", "BODY", "SURFACE")),
        *((kind, "DXF-CUSTOM") for kind in ("TCH_WALL", "TCH_OPENING", "AEC_WALL", "ACAD_PROXY_ENTITY")),
        *((kind, "DXF-UNSUPPORTED") for kind in ("RAY", "XLINE", "OLE2FRAME", "PDFUNDERLAY")),
    ],
)  # fmt: skip
def test_what_is_not_computed_with_is_told_with_handle_and_remedy(read, kind: str, code: str) -> None:
    both = "".join(entity(kind, handle, "", "建筑基底", MARKS.get(kind, "")) for handle in ("B2", "B3"))
    cad = read(drawing(square("A1") + both))
    told = [i for i in cad.issues if i.code == code]
    assert [(i.handle, i.layer) for i in told] == [("B2", "建筑基底")]
    assert kind in told[0].message and "2" in told[0].message and told[0].remedy and told[0].remedy_en
    assert [e.handle for e in cad.entities if e.curves] == ["A1"]


@pytest.mark.parametrize("kind", ["REGION", "IMAGE", "WIPEOUT", "EXTRUDEDSURFACE"])
def test_a_damaged_entity_that_no_figure_comes_from_does_not_cost_the_drawing(kind: str) -> None:
    cad = read_dxf(
        drawing(square("A1") + entity(kind, "B2", "") + square("A3", x=5)), "a.dxf", reading(), None
    )
    assert [e.handle for e in cad.entities] == ["A1", "A3"]
    assert [i.code for i in cad.issues if kind in i.message] in (["DXF-REPAIRED"], ["DXF-SOLID"])


def test_corners_of_solids_traces_and_faces(read) -> None:
    places = "".join(
        f"{10 + k}\n{x}\n{20 + k}\n{y}\n{30 + k}\n0\n"
        for k, (x, y) in enumerate(((0, 0), (4, 0), (0, 3), (4, 3)))
    )
    around = "".join(
        f"{10 + k}\n{x}\n{20 + k}\n{y}\n{30 + k}\n0\n"
        for k, (x, y) in enumerate(((0, 0), (4, 0), (4, 3), (0, 3)))
    )
    cad = read(
        drawing(
            entity("SOLID", "A1", places, mark="AcDbTrace")
            + entity("TRACE", "A2", places, mark="AcDbTrace")
            + entity("3DFACE", "A3", around, mark="AcDbFace")
            + entity("POINT", "A4", "10\n7\n20\n8\n30\n0\n", mark="AcDbPoint")
        )
    )
    areas = {e.kind: abs(e.curves[0].area()) for e in cad.entities if e.curves}
    assert areas == pytest.approx({"SOLID": 12, "TRACE": 12, "3DFACE": 12})
    assert [e.at for e in cad.entities if e.kind == "POINT"] == [(7, 8)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [(10, 5), (12, 5), (12, 6), (10, 6)]),
        (
            "210\n0\n220\n0\n230\n-1\n",
            [(-10, 5), (-12, 5), (-12, 6), (-10, 6)],
        ),  # seen from below: x to the left
        ("50\n90\n", [(10, 5), (10, 7), (9, 7), (9, 5)]),
        ("41\n-2\n42\n3\n", [(10, 5), (6, 5), (6, 8), (10, 8)]),
        ("50\n90\n210\n0\n220\n0\n230\n-1\n", [(-10, 5), (-10, 7), (-9, 7), (-9, 5)]),
    ],
)
def test_a_block_lies_where_its_reference_puts_it(
    read, more: str, expected: list[tuple[float, float]]
) -> None:
    cad = read(drawing(insert("A1", "B", 10, 5, more), block("B", square("C1", "0"), "20")))
    placed = [e for e in cad.entities if e.curves]
    assert [corners(e) for e in placed] == [expected] and placed[0].layer == "绿地"


def test_rows_and_columns_of_a_turned_reference(read) -> None:
    more = "41\n2\n42\n2\n50\n90\n70\n3\n71\n2\n44\n10\n45\n7\n"
    cad = read(drawing(insert("A1", "B", 0, 0, more), block("B", square("C1", "0"), "20")))
    firsts = sorted(corners(e)[0] for e in cad.entities if e.curves)
    # three columns run along y, two rows along -x; the spacing is not scaled
    assert firsts == sorted((-7.0 * row + 0.0, 10.0 * column) for row in range(2) for column in range(3))


def test_attributes_of_a_reference_within_a_block(read) -> None:
    attribute = entity(
        "ATTRIB",
        "C3",
        "10\n1\n20\n1\n30\n0\n40\n1\n1\n12\n100\nAcDbAttribute\n2\n数量\n70\n0\n",
        mark="AcDbText",
    )
    inner = insert("C2", "B", 1, 1, "66\n1\n", "车位") + attribute + entity("SEQEND", "C4", "")
    cad = read(
        drawing(
            insert("A1", "OUT", 100, 0, "41\n2\n42\n2\n"),
            block("B", square("C1", "0"), "20") + block("OUT", inner, "30"),
        )
    )
    held = next(e for e in cad.entities if e.attributes)
    assert held.attributes == {"数量": "12"} and held.handle == "A1/C2" and held.at == (102, 2)
    assert [corners(e)[2] for e in cad.entities if e.curves] == [(106.0, 4.0)]
    assert [(e.text, e.at) for e in cad.entities if e.kind == "ATTRIB"] == [("12", (102, 2))]


def test_what_a_dynamic_block_hides_and_what_lies_on_paper_is_not_drawn(read) -> None:
    anonymous = square("C1", "0") + square("C2", "0", 50, 50, "60\n1\n").replace("60\n1\n8", "8").replace(
        "100\nAcDbPolyline", "60\n1\n100\nAcDbPolyline"
    )
    paper = square("A2", more="67\n1\n") + entity(
        "VIEWPORT", "A3", "10\n0\n20\n0\n30\n0\n40\n9\n41\n9\n", more="67\n1\n", mark="AcDbViewport"
    )
    cad = read(drawing(insert("A1", "*U7", 0, 0) + paper, block("*U7", anonymous, "20")))
    assert [e.handle for e in cad.entities if e.curves] == ["A1/C1"]


def test_frozen_and_switched_off_layers_are_read_and_known(read) -> None:
    cad = read(drawing(square("A1", "冻结") + square("A2", "关闭", 5)))
    assert {e.layer for e in cad.entities} == {"冻结", "关闭"}
    assert cad.layers["冻结"].frozen and not cad.layers["关闭"].visible


@pytest.mark.parametrize(
    "name", ["用地 红线|a$0$b", "A-$#@!%&'()+,.;[]^_`{}~", "ÄÖÜ ß\\U+7528", "층 é 🏠", " trailing ", "-1"]
)
def test_names_of_layers_with_any_characters(read, name: str) -> None:
    cad = read(drawing(square("A1", name)))
    (found,) = [e.layer for e in cad.entities]
    assert found.strip() == name.replace("\\U+7528", "用").strip() and found in cad.layers


def test_a_table_is_read_through_its_block(read) -> None:
    cell = entity("TEXT", "C1", "10\n1\n20\n-1\n30\n0\n40\n1\n1\n用地面积\n", "0", "AcDbText")
    body = (
        "2\n*T1\n10\n100\n20\n50\n30\n0\n100\nAcDbTable\n342\n0\n343\n0\n11\n1\n21\n0\n31\n0\n91\n1\n92\n1\n"
    )
    cad = read(
        drawing(
            square("A9") + entity("ACAD_TABLE", "A1", body, mark="AcDbBlockReference"),
            block("*T1", cell, "20"),
        )
    )
    assert [e.text for e in cad.entities if e.text] == ["用地面积"]


def test_what_multileaders_say_by_text_and_by_block(read) -> None:
    document = new("R2018", setup=True, units=6)
    tag = document.blocks.new("编号")
    tag.add_circle((0, 0), 2)
    tag.add_attdef("NO", (0, 0), text="?", height=1)
    by_text = document.modelspace().add_multileader_mtext("Standard")
    by_text.set_content("1#楼\\P18F", char_height=2)
    by_text.add_leader_line(ConnectionSide.left, [Vec2(5, 5)])
    by_text.build(insert=Vec2(30, 20))
    by_block = document.modelspace().add_multileader_block("Standard")
    by_block.set_content(name="编号")
    by_block.set_attribute("NO", "K7")
    by_block.add_leader_line(ConnectionSide.right, [Vec2(60, 5)])
    by_block.build(insert=Vec2(50, 20))
    stream = io.StringIO()
    document.write(stream)
    found = [e for e in read(stream.getvalue().encode()).entities if e.kind == "MULTILEADER"]
    assert [(e.text, e.at) for e in found if e.text] == [("1#楼\n18F", (30, 20)), ("K7", (50, 20))]
    assert sum(bool(e.curves) for e in found) == 2


def test_a_reference_that_a_boundary_clips_is_told() -> None:
    document = new("R2018", units=6)
    document.blocks.new("总图").add_lwpolyline([(0, 0), (9, 0), (9, 9), (0, 9)], close=True)
    shown, off, _ = (document.modelspace().add_blockref("总图", (x, 5)) for x in (0, 20, 40))
    for reference in (shown, off):
        XClip(reference).set_block_clipping_path([(0, 0), (4, 4)])
    XClip(off).disable_clipping()
    stream = io.StringIO()
    document.write(stream)
    text = stream.getvalue()
    for data in (text.encode(), text.replace("\n", "\r\n").encode()):
        (told,) = [i for i in read_drawing(data, "a.dxf").issues if i.code == "DXF-CLIPPED"]
        assert (told.handle, told.layer, told.at) == (
            shown.dxf.handle,
            "0",
            (0, 5),
        ) and "总图" in told.message


def test_extended_data_of_one_application_among_others(read) -> None:
    data = "1001\nACAD\n1000\nx\n1001\nPROJECT_BOX\n1002\n{\n1000\n楼号=3#\n1040\n1.5\n1070\n7\n1002\n}\n"
    cad = read(drawing(square("A1") + data))
    assert next(iter(cad.entities)).xdata["PROJECT_BOX"] == ("楼号=3#", "1.5", "7")
