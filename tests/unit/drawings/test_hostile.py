"""Hostile files, small ones that show the same fault as the large: each ends in coded issues with place and remedy."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from drawings.cad import read
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import first_bad_code, first_bad_tag, header_value
from drawings.cad.unit_evidence import _AREA, _HEIGHT, _SCALE
from drawings.interpreting.georeference import _EPSG_TEXT, _MERIDIAN_TEXT, _SYSTEM_TEXT
from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import survey
from drawings.reading import reading
from drawings.standards.multiplicity import floors_of_title
from drawings.standards.standards import get_standard, normal_layer
from drawings.standards.vocabulary import vocabulary
from tests.unit.drawings.build import cad_of, new
from tests.unit.drawings.test_fuzz import through

_LINE = "0\nLWPOLYLINE\n5\n{}\n100\nAcDbEntity\n8\n{}\n100\nAcDbPolyline\n90\n{}\n70\n1\n"
_SITE = _LINE.format("10", "用地红线", 4) + "".join(
    f"10\n{x}\n20\n{y}\n" for x, y in ((0, 0), (99, 0), (99, 99), (0, 99))
)
_BLOCK = (
    "0\nBLOCK\n8\n0\n2\nA\n70\n0\n10\n0\n20\n0\n"
    "0\nLINE\n5\n50\n8\n0\n10\n0\n20\n0\n11\n1\n21\n1\n0\nENDBLK\n8\n0\n"
)
_INSERT = "0\nINSERT\n5\n60\n100\nAcDbEntity\n8\n0\n100\nAcDbBlockReference\n2\nA\n10\n0\n20\n0\n"


def dxf(entities: str, blocks: str = "") -> bytes:
    """A drawing in metres with a site and these entities."""
    head = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1024\n9\n$INSUNITS\n70\n6\n0\nENDSEC\n"
    defined = f"0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n" if blocks else ""
    return f"{head}{defined}0\nSECTION\n2\nENTITIES\n{_SITE}{entities}0\nENDSEC\n0\nEOF\n".encode()


def ring(bulge: str) -> str:
    points = "".join(f"10\n{x}\n20\n{y}\n42\n{bulge}\n" for x, y in ((0, 0), (10, 0), (10, 10)))
    return _LINE.format("40", "建筑基底", 3) + points


def codes(report: dict[str, object]) -> dict[str, dict[str, object]]:
    return {i["code"]: i for i in report["issues"]}  # type: ignore[attr-defined]  # a list of issues


@pytest.mark.parametrize("bulge", ["1e308", "-1e20", "nan", "inf"])
def test_an_arc_nobody_can_draw_is_told_with_its_handle(bulge: str) -> None:
    found = codes(through(dxf(ring(bulge))))
    assert found["DXF-NONFINITE"]["handle"] == "40" and found["DXF-NONFINITE"]["remedy"]


@pytest.mark.parametrize("typed", ["9" * 1000, "1e999", "٣", "{\\H;", "-" * 500])
@pytest.mark.parametrize("end", ["5", "1e300", "nan", "1e308"])
def test_dimensions_of_any_size_and_text_give_finite_numbers(typed: str, end: str) -> None:
    dimension = (
        "0\nDIMENSION\n5\n70\n100\nAcDbEntity\n8\n标注\n100\nAcDbDimension\n10\n0\n20\n0\n70\n1\n"
        f"1\n{typed}\n100\nAcDbAlignedDimension\n13\n0\n23\n0\n14\n{end}\n24\n0\n"
    )
    through(dxf(dimension))


def test_kinds_nobody_knows_are_counted_even_without_any_attribute() -> None:
    report = through(dxf("0\nTCH_WALL\n0\nTCH_WALL\n5\n41\n8\nX\n"))
    told = codes(report)["DXF-CUSTOM"]
    assert "2" in str(told["message"]) and "TCH_WALL" in str(told["message"])


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_the_header_is_read_whatever_ends_its_lines(end: str) -> None:
    cad = read(dxf("").decode().replace("\n", end).encode(), "图.dxf")
    assert (cad.version, cad.units.header, cad.units.source) == ("AC1024", "m", "header")


def test_a_header_is_found_behind_comments_of_any_length_and_to_its_end() -> None:
    comments = b"999\n" + b"x" * 500_000 + b"\n"
    many = b"".join(b"9\n$CUSTOM%d\n1\n%s\n" % (k, b"y" * 200) for k in range(3000))
    start = b"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1024\n"
    data = comments + start + many + b"9\n$INSUNITS\n70\n4\n0\nENDSEC\n9\n$LATER\n1\nno\n"
    assert [header_value(data, n) for n in (b"$ACADVER", b"$INSUNITS", b"$LATER")] == ["AC1024", "4", None]


def test_looking_for_a_header_variable_takes_no_time_on_blanks() -> None:
    sizes = [50_000, 400_000]
    spent = []
    for size in sizes:
        begun = time.process_time()
        assert header_value(b" " * size + b"\n" + b"9" * size, b"$INSUNITS") is None
        spent.append(time.process_time() - begun)
    assert spent[1] < 0.5  # its square would be minutes


def test_a_bound_says_where_reading_stopped() -> None:
    bounds = reading()
    few = bounds.model_copy(update={"limits": bounds.limits.model_copy(update={"entities": 5})})
    cad = read(dxf(_INSERT + "70\n2\n71\n9\n44\n1\n45\n1\n", _BLOCK), "图.dxf", settings=few)
    told = next(i for i in cad.issues if i.code == "DXF-TOO-MANY")
    assert told.handle == "60" and told.at == (0.0, 0.0) and told.remedy
    assert len(cad.entities) <= 5
    array = read(dxf(_INSERT + "70\n2\n71\n2\n44\n1\n45\n1\n", _BLOCK), "图.dxf", settings=few)
    told = next(i for i in array.issues if i.code == "DXF-TOO-MANY")
    assert told.handle == "60/50" and told.at is not None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_the_first_malformed_tag(end: str) -> None:
    def lines(*tags: object) -> bytes:
        return end.join(str(t) for t in tags).encode()

    good = (0, "SECTION", " 10 ", " -1.5E+3 ", 20, ".5", 1, "x", 62, "7", -5, "", 0, "EOF")
    assert first_bad_code(lines(*good), "utf-8") is None and first_bad_tag(lines(*good), "utf-8") is None
    assert first_bad_tag(lines(*good, "", "rest", ""), "utf-8") is None
    assert first_bad_tag(lines(0, "A", "1O", "5", 0, "EOF"), "utf-8") == ("code", 3, "1O")
    assert first_bad_tag(lines(0, "A", 10, "1,5", 0, "EOF"), "utf-8") == ("value", 4, "1,5")
    assert first_bad_tag(lines(0, "A", 10, "1,5", "x", "y", 0, "EOF"), "utf-8") == ("value", 4, "1,5")
    assert first_bad_code(lines(0, "A", 10, "1,5", "x", "y", 0, "EOF"), "utf-8") == (5, "x")


def test_looking_for_the_bad_line_of_a_large_file_takes_no_memory_for_its_lines() -> None:
    body = b"0\nLINE\n10\n1.5\n20\n-2.5e3\n" * 400_000
    tracemalloc.start()
    assert first_bad_tag(body + b"oops\n1\n", "utf-8") == ("code", 2_400_001, "oops")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2.5 * len(body)


def test_more_shapes_than_any_plan_holds_are_refused_before_they_are_made() -> None:
    bounds = reading()
    few = bounds.model_copy(
        update={
            "limits": bounds.limits.model_copy(update={"planned": 3}),
            "survey": bounds.survey.model_copy(update={"closed": 3}),
        }
    )
    cad = read(dxf(ring("0") * 3), "图.dxf")
    model = interpret(cad, get_standard("project-box"), settings=few)
    assert not model.readable and [i.code for i in model.issues] == ["DXF-TOO-MANY"]
    facts = survey(cad, few)
    assert not facts.complete and not facts.rings and facts.layers["建筑基底"].kinds == {"LWPOLYLINE": 3}
    assert interpret(read(dxf(ring("0") * 2), "图.dxf"), get_standard("project-box"), settings=few).readable


def test_more_chords_of_arcs_than_fit_into_memory_are_told() -> None:
    bounds = reading()
    few = bounds.model_copy(update={"limits": bounds.limits.model_copy(update={"chords": 300})})
    document = new()
    for k in range(3):
        document.modelspace().add_circle((20 * k, 0), 5, dxfattribs={"layer": "建筑基底"})
    model = interpret(cad_of(document), get_standard("project-box"), settings=few)
    assert not model.readable and model.issues[0].code == "DXF-TOO-MANY"
    assert interpret(cad_of(document), get_standard("project-box")).readable


@pytest.mark.parametrize(
    "piece",
    [" ", "1", "1-", "1,111", "k=a ", "层高", "1层", "十一", "k ", "中央子午线", "{\\H2x;", "%%", "$1"],
)
def test_texts_made_to_make_expressions_stand_still(piece: str) -> None:
    """Everything that looks at a text looks at 40,000 characters of it in far less than a second."""
    text = piece * (40_000 // len(piece)) + "\x01x"
    begun = time.process_time()
    vocabulary().pairs(text)
    vocabulary().labels(text)
    floors_of_title(text)
    plain_mtext(text)
    normal_layer(text)
    short = text[:2000]  # longer ones are not looked at for units and places
    for expression in (_AREA, _HEIGHT, _SCALE, _MERIDIAN_TEXT, _EPSG_TEXT, _SYSTEM_TEXT):
        assert len(list(expression.finditer(short))) <= len(short)
    assert time.process_time() - begun < 3


def _dimension(handle: str, picture: str) -> str:
    return (
        f"0\nDIMENSION\n5\n{handle}\n100\nAcDbEntity\n8\n标注\n100\nAcDbDimension\n2\n{picture}\n10\n5\n20\n0\n70\n1\n"
        "100\nAcDbAlignedDimension\n13\n0\n23\n0\n14\n5\n24\n0\n"
    )


def _block(name: str, content: str) -> str:
    return f"0\nBLOCK\n8\n0\n2\n{name}\n70\n0\n10\n0\n20\n0\n{content}0\nENDBLK\n8\n0\n"


def test_dimensions_whose_pictures_hold_dimensions_end() -> None:
    # every step would double the work: sixty of them never end
    chain = "".join(
        _block(f"*D{i}", _dimension(f"{2 * i + 256:X}", f"*D{i + 1}") * 2 + _SITE) for i in range(60)
    )
    loop = _block("*D60", _dimension("A0", "*D0"))
    cad = read(dxf(_dimension("70", "*D0"), chain + loop), "图.dxf")
    told = [i for i in cad.issues if i.code == "DXF-BLOCK-RECURSION"]
    assert told and told[0].handle and told[0].remedy
    assert [len(e.curves) for e in cad.entities if e.handle == "70"] == [1]


def test_copies_in_rows_and_columns_are_counted_over_all_references() -> None:
    bounds = reading()
    few = bounds.model_copy(update={"limits": bounds.limits.model_copy(update={"entities": 50})})
    rows = "70\n6\n71\n7\n44\n1\n45\n1\n"
    inner = _block("B", (_INSERT + rows) * 30)
    cad = read(
        dxf(_INSERT.replace("2\nA\n", "2\nB\n"), inner + _block("A", "")), "图.dxf", settings=few
    )  # nothing is drawn, but every copy would have to be kept
    assert "DXF-TOO-MANY" in {i.code for i in cad.issues}


def test_a_layer_name_of_megabytes_is_no_word_of_the_trade() -> None:
    begun = time.process_time()
    through(dxf(_LINE.format("40", "面积-" * 100_000, 3) + "10\n0\n20\n0\n10\n9\n20\n0\n10\n9\n20\n9\n"))
    assert time.process_time() - begun < 20  # its square would be minutes


def test_a_hatch_of_more_edges_than_anybody_draws_is_told_and_takes_no_memory() -> None:
    edge = "72\n3\n10\n{}\n20\n0\n11\n5\n21\n0\n40\n0.5\n50\n0\n51\n360\n73\n1\n"
    hatch = (
        "0\nHATCH\n5\n200\n100\nAcDbEntity\n8\n绿地\n100\nAcDbHatch\n10\n0\n20\n0\n30\n0\n2\nSOLID\n70\n1\n71\n0\n91\n1\n"
        "92\n1\n93\n3000\n" + "".join(edge.format(i) for i in range(3000)) + "97\n0\n75\n0\n76\n1\n98\n0\n"
    )
    cad = read(dxf(hatch), "图.dxf")
    assert ("DXF-BAD-ENTITY", "200") in [(i.code, i.handle) for i in cad.issues]


def test_a_file_of_more_layers_than_anybody_draws_is_refused():
    points = "".join(
        f"0\nPOINT\n5\n{200 + k:X}\n100\nAcDbEntity\n8\nL{k}\n100\nAcDbPoint\n10\n1\n20\n{k}\n"
        for k in range(5)
    )
    whole = reading()
    few = whole.model_copy(update={"limits": whole.limits.model_copy(update={"layers": 3})})
    assert read(dxf(points), "layers.dxf").readable
    refused = read(dxf(points), "layers.dxf", settings=few)
    assert not refused.readable and refused.version == "AC1024"
    (told,) = refused.issues
    assert told.code == "DXF-TOO-MANY" and "3 layers" in told.message_en and told.remedy
