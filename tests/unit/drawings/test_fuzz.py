"""Whatever is in a file, the whole way from bytes to the report ends in coded issues: never an exception, never NaN."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawings.cad import read
from drawings.cad.audit_copy import audit_copy
from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import survey
from drawings.issues import templates
from drawings.reading import reading
from drawings.report import drawing_report
from drawings.shapes.repairs import Acceptance
from drawings.standards.guess import accepted, proposed
from drawings.standards.standards import get_standard
from tests.unit.drawings.build import box, data, new, ring, site_plan, text
from tests.unit.drawings.ifc_build import Model, rectangle

_QUICK = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def through(raw: bytes, name: str = "图.dxf") -> dict[str, object]:
    """Read, survey, interpret with everything accepted, write the audit; the report as strict JSON."""
    bounds = reading()
    quick = bounds.model_copy(
        update={"limits": bounds.limits.model_copy(update={"entities": 20_000, "seconds": 20})}
    )
    cad = read(raw, name, settings=quick)
    facts = survey(cad)
    guessed = proposed(facts.guesses())
    standard = accepted(guessed) if guessed else None
    model = interpret(cad, standard, guesses=facts.guesses(), acceptance=Acceptance(frozenset({"all"})))
    report = drawing_report(model, facts, standard=standard)
    text_of_report = json.dumps(report, allow_nan=False)
    assert model.readable or any(i.level.value == "error" for i in model.issues)
    assert all(i.code and i.message and i.message_en and i.remedy for i in model.issues)
    for told in model.issues:  # it points at what the table of codes says
        place = templates()[told.code].place
        assert place != "line" or told.line is not None, told
        assert place != "layer" or told.layer is not None, told
        # entities of R12 may have no handle
        assert place != "entity" or told.handle or told.at is not None or told.layer is not None, told
    if cad.readable and cad.format != "ifc":
        audit_copy(raw, cad, model.issues)
    found: dict[str, object] = json.loads(text_of_report)
    return found


def _drawing(version: str) -> bytes:
    doc = new(version) if version != "R2010" else site_plan()
    space = doc.modelspace()
    if version != "R12":
        box(doc, "대지경계선", 0, 0, 40, 30)
        ring(doc, "LAND", [(1, 1, 0.5), (9, 1, 0), (9, 9, -1), (1, 9, 0)], format="xyb")
        space.add_spline([(0, 0), (5, 5), (9, 0)], dxfattribs={"layer": "绿地"})
        space.add_ellipse((3, 3), (2, 0), 0.5, dxfattribs={"layer": "绿地"})
        space.add_mtext("{\\H2x;楼号=7}\\P高\\U+5EA6", dxfattribs={"insert": (3, 3), "layer": "建筑基底"})
        space.add_hatch(dxfattribs={"layer": "绿地"}).paths.add_polyline_path([(0, 0), (3, 0), (3, 3)])
    else:
        space.add_polyline2d([(0, 0), (40, 0), (40, 30)], close=True, dxfattribs={"layer": "YDHX"})
    for start, end in (((0, 0), (5, 0)), ((4.9, -1), (5, 5)), ((5, 5), (0, 0.1))):
        space.add_line(start, end, dxfattribs={"layer": "LD"})
    space.add_circle((50, 50), 3, dxfattribs={"layer": "LD"})
    text(doc, "LD", "类型=草坪 120%%d", 50, 50)
    block = doc.blocks.new("A")
    block.add_line((0, 0), (1, 1))
    block.add_attdef("数量", (0, 0))
    space.add_blockref("A", (5, 5), dxfattribs={"layer": "JDCW", "rotation": 30}).add_auto_attribs(
        {"数量": "3"}
    )
    space.add_linear_dim(base=(0, -3), p1=(0, 0), p2=(40, 0), text="50").render()
    return data(doc)


_TAGS = {}
for _version in ("R12", "R2000", "R2010"):
    _lines = _drawing(_version).decode("latin-1").split("\n")
    _TAGS[_version] = list(zip(_lines[::2], _lines[1::2], strict=False))
_VALUES = ("", "0", "-1", "70000", "nan", "inf", "1e300", "-1e-300", "abc", "LINE", "INSERT", "A", "*Model_Space",
           "\\U+0000", "%%", "{\\H;", "9" * 400)  # fmt: skip
_CODES = (0, 1, 2, 5, 8, 10, 20, 30, 40, 41, 42, 43, 44, 45, 50, 62, 66, 70, 71, 72, 73, 90, 91, 92, 93, 98, 210, 230,
          330, 1000, 1001, -7, 99999)  # fmt: skip


@_QUICK
@given(st.data())
def test_changed_tags(draw: st.DataObject) -> None:
    version = draw.draw(st.sampled_from(sorted(_TAGS)))
    tags = list(_TAGS[version])
    first = next(i for i, t in enumerate(tags) if t[1].strip() == "BLOCKS")
    for _ in range(draw.draw(st.integers(1, 8))):
        where = draw.draw(st.integers(first, len(tags) - 2))
        match draw.draw(st.integers(0, 3)):
            case 0:
                del tags[where]
            case 1:
                tags[where] = (tags[where][0], draw.draw(st.sampled_from(_VALUES)))
            case 2:
                tags[where] = (str(draw.draw(st.sampled_from(_CODES))), tags[where][1])
            case _:
                tags.insert(
                    where, (str(draw.draw(st.sampled_from(_CODES))), draw.draw(st.sampled_from(_VALUES)))
                )
    through("".join(f"{a}\n{b}\n" for a, b in tags).encode("latin-1", "replace"))


@_QUICK
@given(st.data())
def test_numbers_of_every_size(draw: st.DataObject) -> None:
    """Rings, arcs and blocks with coordinates, bulges and scales nobody would draw."""
    number = st.one_of(
        st.floats(-1e3, 1e3),
        st.sampled_from([0.0, 1e-9, -1e-200, 1e7, 1e12, -1e18, 1e150, 1e300, 4e5, 3.4e6]),
    )
    doc = new("R2010", draw.draw(st.sampled_from([0, 1, 4, 6, 20])))
    space = doc.modelspace()
    for layer in ("用地红线", "建筑基底", "绿地", "X"):
        points = draw.draw(
            st.lists(
                st.tuples(number, number, st.sampled_from([0.0, 1.0, -0.4, 1e9])), min_size=1, max_size=6
            )
        )
        ring(doc, layer, points, format="xyb", close=draw.draw(st.booleans()))
        space.add_line(points[0][:2], (draw.draw(number), draw.draw(number)), dxfattribs={"layer": layer})
    space.add_arc(
        (draw.draw(number), 0), abs(draw.draw(number)), draw.draw(number), 90, dxfattribs={"layer": "绿地"}
    )
    block = doc.blocks.new("B")
    block.add_circle((draw.draw(number), 0), 1)
    space.add_blockref(
        "B",
        (0, 0),
        dxfattribs={"layer": "机动车位", "xscale": draw.draw(number), "yscale": draw.draw(number)},
    )
    text(doc, "绿地", "类型=x", draw.draw(number), 0, abs(draw.draw(number)))
    through(data(doc))


@pytest.mark.parametrize("depth", [2, 40])
def test_blocks_that_hold_themselves_or_explode(depth: int) -> None:
    doc = new()
    for k in range(depth):
        block = doc.blocks.new(f"N{k}")
        for _ in range(10):
            block.add_blockref(f"N{(k + 1) % depth}", (1, 1))
        block.add_line((0, 0), (1, 0))
    doc.modelspace().add_blockref("N0", (0, 0))
    report = through(data(doc))
    found = {i["code"] for i in report["issues"]}  # type: ignore[attr-defined]  # a list of issues
    assert found & {"DXF-BLOCK-RECURSION", "DXF-BLOCK-DEPTH", "DXF-TOO-MANY", "DXF-TIME"}


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from(["", "$", "*", "#1", "(", "1.E400", "'", ".F."])),
        max_size=6,
    )
)
def test_changed_ifc(changes: list[tuple[int, str]]) -> None:
    model = Model()
    model.add_site(rectangle(0, 0, 20_000, 20_000))
    storey = model.storey("首层", 0.0)
    model.space(storey, "大堂", rectangle(0, 0, 5000, 5000), 0, 3000)
    model.slab(storey, rectangle(0, 0, 5000, 5000), 0)
    pieces = model.bytes().decode().split(",")
    for place, value in changes:
        pieces[place % len(pieces)] = value
    through(",".join(pieces).encode(), "a.ifc")


def _lines_file(entities: list[object]) -> bytes:
    head: list[object] = [
        0,
        "SECTION",
        2,
        "HEADER",
        9,
        "$ACADVER",
        1,
        "AC1021",
        9,
        "$INSUNITS",
        70,
        6,
        0,
        "ENDSEC",
    ]
    tags = [*head, 0, "SECTION", 2, "ENTITIES", *entities, 0, "ENDSEC", 0, "EOF"]
    return "".join(f"{tag}\n" for tag in tags).encode()


def _line(layer: str, x0: float, y0: float, x1: float, y1: float) -> list[object]:
    return [0, "LINE", 100, "AcDbEntity", 8, layer, 100, "AcDbLine", 10, x0, 20, y0, 11, x1, 21, y1]


def test_loose_lines_that_cross_without_end_are_told() -> None:
    """Thousands of lines through each other: no cells are taken, which is told, and time stays bounded."""
    places = random.Random(4)
    entities: list[object] = []
    for _ in range(3000):
        entities += _line("机动车位", *(places.uniform(0, 100) for _ in range(4)))
    model = interpret(read(_lines_file(entities), "图.dxf"), get_standard("project-box"))
    assert "DXF-CROSSINGS" in {i.code for i in model.issues} and not model.shapes


def test_a_drawing_that_takes_too_long_ends_in_a_coded_issue() -> None:
    bounds = reading()
    hasty = bounds.model_copy(update={"limits": bounds.limits.model_copy(update={"interpret_seconds": 1e-9})})
    cad = read(data(site_plan()), "图.dxf")
    model = interpret(cad, settings=hasty)
    assert not model.readable and not model.shapes
    assert [i.code for i in model.issues if i.level.value == "error"] == ["DXF-BOUND"]
    facts = survey(cad, hasty)
    assert not facts.complete and not facts.rings
