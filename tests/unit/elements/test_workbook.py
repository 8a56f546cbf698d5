"""Workbooks: round trip without loss, cell by cell errors, hostile files."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from elements.engine.element import ElementSpec, Type
from elements.engine.engine import load_catalogue, parse_value
from elements.workbooks.file import MAX_ROWS, read_sheets
from elements.workbooks.workbook import (
    FIRST_ROW,
    MAIN,
    VALUE_COLUMN,
    Reading,
    input_codes,
    read_workbook,
    write_template,
)
from project_box.kernel.errors import BadInput, NotFound, PlatformError, TooLarge

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
#: businesses that between them have every type of input
BUSINESSES = ["planning-permit", "house-sharing", "land-price", "fees", "verification"]

TEXT = st.text(min_size=1, max_size=40).map(str.strip).filter(bool)
NASTY = st.sampled_from(
    [
        "=1+1",
        "JSON:1",
        "#N/A",
        "00012",
        "1e5",
        "TRUE",
        "2026-01-01",
        "_x0041_",
        "a\nb",
        "甲\t乙",
        '"q"',
        "@x",
        "'x",
    ]
)


def decimals(
    low: Decimal = Decimal(-(10**15)), high: Decimal = Decimal(10**15)
) -> st.SearchStrategy[Decimal]:
    """Numbers as people hand them in: bounded, with up to a dozen decimals."""
    return st.integers(0, 12).flatmap(lambda n: st.decimals(low, high, places=n))


NUMBERS = decimals()
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18) + 1, 10**18 - 1), NUMBERS, st.text(max_size=20), NASTY
)
NESTED = st.one_of(
    PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.text(max_size=5), PLAIN, max_size=3)
)
KEYS = st.one_of(
    st.sampled_from(["building", "楼号", "levels", "JSON", " a", "", "名称"]), st.text(max_size=8)
)


def value_of(spec: ElementSpec) -> st.SearchStrategy[Any]:
    """Typed values the element can have."""
    if spec.options:
        return st.sampled_from(spec.options)
    low = Decimal(str(spec.minimum)) if spec.minimum is not None else Decimal(-(10**15))
    high = Decimal(str(spec.maximum)) if spec.maximum is not None else Decimal(10**15)
    return {
        Type.NUMBER: decimals(low, high),
        Type.INTEGER: st.integers(int(low), int(high)),
        Type.TEXT: st.one_of(TEXT, NASTY),
        Type.BOOL: st.booleans(),
        Type.DATE: st.dates(),
        Type.RECORDS: st.lists(st.dictionaries(KEYS, NESTED, max_size=4), max_size=4),
        Type.MAP: st.dictionaries(st.one_of(TEXT, NASTY, st.just("")), NESTED, max_size=5),
        Type.LIMIT: st.one_of(
            st.sampled_from(["<=2.5", "≥35", "1.0..2.0"]).map(lambda t: parse_value(spec, t)),
            st.fixed_dictionaries({"operator": st.just("<="), "value": NUMBERS, "text": st.text(max_size=9)}),
        ),
    }[spec.type]


@st.composite
def filled(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    business = draw(st.sampled_from(BUSINESSES))
    codes = draw(st.lists(st.sampled_from(input_codes(CATALOGUE, business, AT)), unique=True, max_size=12))
    entries = CATALOGUE.at(AT).entries
    return business, {c: draw(value_of(entries[c].spec)) for c in codes}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(filled())
def test_round_trip_loses_nothing(case: tuple[str, dict[str, Any]]) -> None:
    business, values = case
    data = write_template(CATALOGUE, business, AT, values)
    reading = read_workbook(CATALOGUE, business, data, AT)
    assert reading.issues == []
    assert reading.values == values
    assert reading.rule_hash == CATALOGUE.version
    for code, value in values.items():
        assert type(reading.values[code]) is type(value), code
    again = write_template(CATALOGUE, business, AT, reading.values)
    assert read_workbook(CATALOGUE, business, again, AT).values == values


@pytest.mark.parametrize("business", sorted(CATALOGUE.businesses))
def test_template_of_every_business(business: str) -> None:
    data = write_template(CATALOGUE, business, AT)
    assert read_workbook(CATALOGUE, business, data, AT).values == {}
    book = load_workbook(io.BytesIO(data))
    main = book[MAIN]
    assert main.protection.sheet
    codes = [main.cell(FIRST_ROW + i, 1).value for i in range(len(input_codes(CATALOGUE, business, AT)))]
    assert codes == input_codes(CATALOGUE, business, AT)
    entries = CATALOGUE.at(AT).entries
    for i, code in enumerate(codes):
        row = FIRST_ROW + i
        spec = entries[str(code)].spec
        assert main.cell(row, 2).value == spec.name
        assert (main.cell(row, 3).value or "") == spec.unit
        assert main.cell(row, 6).value, "sample"
        assert main.cell(row, 8).value, "clause"
        assert not main.cell(row, VALUE_COLUMN).protection.locked
        assert main.cell(row, 1).protection.locked
        if spec.options:
            rules = [v for v in main.data_validations.dataValidation if v.type == "list"]
            assert any(main.cell(row, VALUE_COLUMN).coordinate in v.sqref for v in rules), code


@pytest.mark.parametrize("business", sorted(b for b, f in CATALOGUE.businesses.items() if f.clas != "S"))
def test_every_input_of_every_business_comes_back(business: str) -> None:
    """One value of every type the element can have, drawn anew for each business, all inputs at once."""
    entries = CATALOGUE.at(AT).entries
    codes = input_codes(CATALOGUE, business, AT)

    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.fixed_dictionaries({c: value_of(entries[c].spec) for c in codes}))
    def comes_back(values: dict[str, Any]) -> None:
        reading = read_workbook(CATALOGUE, business, write_template(CATALOGUE, business, AT, values), AT)
        assert reading.issues == []
        assert reading.values == values

    comes_back()


def changed(business: str, values: dict[str, Any]) -> Reading:
    """The template with raw cells written over it (by code, or ``sheet!cell``)."""
    book = load_workbook(io.BytesIO(write_template(CATALOGUE, business, AT)))
    codes = input_codes(CATALOGUE, business, AT)
    for where, value in values.items():
        if "!" in where:
            sheet, _, cell = where.partition("!")
            book[sheet][cell] = value
        else:
            book[MAIN].cell(FIRST_ROW + codes.index(where), VALUE_COLUMN).value = value
    out = io.BytesIO()
    book.save(out)
    return read_workbook(CATALOGUE, business, out.getvalue(), AT)


def place(business: str, code: str) -> str:
    return f"{MAIN}!E{FIRST_ROW + input_codes(CATALOGUE, business, AT).index(code)}"


def test_every_fault_names_its_cell_and_the_remedy() -> None:
    reading = changed(
        "land-price",
        {
            "LP_AREA": "12万元",
            "LP_TERM": -3,
            "LP_USAGE": "月球用地",
            "LP_FAR": "=1+1",
            "LP_DATE": "2026-13-40",
            f"{MAIN}!A500": "NOPE",
            f"{MAIN}!E500": 5,
        },
    )
    found = {i.file: i for i in reading.issues}
    assert set(found) == {
        *(place("land-price", c) for c in ("LP_AREA", "LP_TERM", "LP_USAGE", "LP_FAR", "LP_DATE")),
        f"{MAIN}!A500",
    }
    assert all(i.remedy and i.remedy_en and i.message_en for i in reading.issues)
    assert found[place("land-price", "LP_FAR")].code == "XLSX-FORMULA"
    with pytest.raises(BadInput, match="6 faults") as refused:
        reading.refuse()
    assert len(refused.value.details["issues"]) == 6


def test_a_unit_in_the_cell_is_checked() -> None:
    assert changed("land-price", {"LP_AREA": "8000㎡"}).values == {"LP_AREA": Decimal(8000)}
    assert changed("land-price", {"LP_AREA": "12亩"}).values == {"LP_AREA": Decimal(8000)}
    assert not changed("land-price", {"LP_AREA": "8000元"}).ok


def test_float_noise_of_excel_is_not_taken_over() -> None:
    assert changed("land-price", {"LP_AREA": 0.1 + 0.2}).values == {"LP_AREA": Decimal("0.3")}


def test_tables_of_names_and_values() -> None:
    sheet = {"FH_INNER!A3": "A", "FH_INNER!B3": 80, "FH_INNER!A4": "B", "FH_INNER!B4": 100.5}
    assert changed("house-sharing", sheet).values == {"FH_INNER": {"A": 80, "B": Decimal("100.5")}}
    twice = changed("house-sharing", {**sheet, "FH_INNER!A4": "A"})
    assert [i.file for i in twice.issues] == ["FH_INNER!A4"]
    assert changed("house-sharing", {"FH_INNER": "A=80;B=100"}).values == {
        "FH_INNER": {"A": "80", "B": "100"}
    }
    assert changed("house-sharing", {"FH_INNER": "无"}).values == {"FH_INNER": {}}
    assert not changed("house-sharing", {**sheet, "FH_INNER": "无"}).ok
    assert not changed("house-sharing", {"FH_INNER": "见同名工作表"}).ok
    assert not changed("house-sharing", {"FH_INNER!A3": "A"}).ok


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("８０００", "8000"), ("8,000.50", "8000.50"), ("８，０００．５０ ㎡　", "8000.50"), ("8 000", "8000"),
        (" 8000\u00a0", "8000"), ("8000 平方米", "8000"), ("１２３４５６．７８", "123456.78"),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(typed: str, meant: str) -> None:
    assert changed("land-price", {"LP_AREA": typed}).values == {"LP_AREA": Decimal(meant)}


@pytest.mark.parametrize(("typed", "meant"), [("１２亩", "8000"), ("3.5 ha", "35000"), ("2 公顷", "20000")])
def test_a_unit_typed_beside_the_number_is_converted(typed: str, meant: str) -> None:
    assert changed("land-price", {"LP_AREA": typed}).values == {"LP_AREA": Decimal(meant)}


@pytest.mark.parametrize("typed", ["8000 元", "8000 m", "八千", "8000-9000", "8,00x"])
def test_numbers_nobody_can_be_sure_of(typed: str) -> None:
    reading = changed("land-price", {"LP_AREA": typed})
    assert [i.file for i in reading.issues] == [place("land-price", "LP_AREA")]


@pytest.mark.parametrize(
    "typed",
    [
        "2026-06-03", "2026/6/3", "2026.6.3", "2026年6月3日", "2026 年 6 月 3 日", "20260603", 46176,
        46176.0, "２０２６－０６－０３", "2026-06-03 00:00:00", dt.date(2026, 6, 3), dt.datetime(2026, 6, 3),
    ],
)  # fmt: skip
def test_dates_in_any_form(typed: Any) -> None:
    assert changed("land-price", {"LP_DATE": typed}).values == {"LP_DATE": AT}


@pytest.mark.parametrize(
    "typed", ["2026-02-30", "6/3/26", 20261340, 46176.5, -1, "2026-06", "2026-06-03 08:00"]
)
def test_dates_that_are_none(typed: Any) -> None:
    reading = changed("land-price", {"LP_DATE": typed})
    assert [i.file for i in reading.issues] == [place("land-price", "LP_DATE")]


def test_a_date_as_a_bare_number() -> None:
    book = load_workbook(io.BytesIO(write_template(CATALOGUE, "land-price", AT)))
    row = FIRST_ROW + input_codes(CATALOGUE, "land-price", AT).index("LP_DATE")
    book[MAIN].cell(row, VALUE_COLUMN).number_format = "General"
    for number in (20260603, 46176):
        book[MAIN].cell(row, VALUE_COLUMN).value = number
        out = io.BytesIO()
        book.save(out)
        assert read_workbook(CATALOGUE, "land-price", out.getvalue(), AT).values == {"LP_DATE": AT}


def test_dates_of_a_workbook_that_counts_from_1904() -> None:
    book = load_workbook(io.BytesIO(write_template(CATALOGUE, "land-price", AT)))
    book.epoch = dt.datetime(1904, 1, 1)
    row = FIRST_ROW + input_codes(CATALOGUE, "land-price", AT).index("LP_DATE")
    book[MAIN].cell(row, VALUE_COLUMN).value = 46176 - 1462
    book[MAIN].cell(row, VALUE_COLUMN).number_format = "General"
    out = io.BytesIO()
    book.save(out)
    assert read_workbook(CATALOGUE, "land-price", out.getvalue(), AT).values == {"LP_DATE": AT}


def test_options_with_blanks_and_full_width() -> None:
    assert changed("land-price", {"LP_USAGE": " 居住用地　"}).values == {"LP_USAGE": "居住用地"}
    assert changed("verification", {"HX_TIERS": "ｔ1 "}).values == {"HX_TIERS": "T1"}


def with_result(formula: str, result: str) -> bytes:
    """The template of house-sharing whose FH_COMMON is a formula with a result, as Excel stores it."""
    row = FIRST_ROW + input_codes(CATALOGUE, "house-sharing", AT).index("FH_COMMON")
    book = load_workbook(io.BytesIO(write_template(CATALOGUE, "house-sharing", AT)))
    book[MAIN].cell(row, VALUE_COLUMN).value = formula
    plain = io.BytesIO()
    book.save(plain)
    out = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            text = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b"</f><v" in text
                text = text.replace(b"</f><v />", b"</f><v>" + result.encode() + b"</v>")
                text = text.replace(b"</f><v></v>", b"</f><v>" + result.encode() + b"</v>")
            target.writestr(name, text)
    return out.getvalue()


def test_a_formula_gives_the_result_excel_stored() -> None:
    reading = read_workbook(CATALOGUE, "house-sharing", with_result("=40+5", "45"), AT)
    assert reading.values == {"FH_COMMON": Decimal(45)} and reading.ok
    missing = read_workbook(CATALOGUE, "house-sharing", with_result("=40+5", ""), AT)
    assert [i.code for i in missing.issues] == ["XLSX-FORMULA"]


def test_merged_cells_and_a_changed_unit_are_told() -> None:
    codes = input_codes(CATALOGUE, "land-price", AT)
    area, term = FIRST_ROW + codes.index("LP_AREA"), FIRST_ROW + codes.index("LP_TERM")
    book = load_workbook(io.BytesIO(write_template(CATALOGUE, "land-price", AT)))
    book[MAIN].cell(area, VALUE_COLUMN).value = 8000
    book[MAIN].cell(area, 3).value = "亩"
    book[MAIN].merge_cells(
        start_row=term, end_row=term + 1, start_column=VALUE_COLUMN, end_column=VALUE_COLUMN
    )
    book[MAIN].cell(1, 30).value = "旁注"  # an extra column does no harm
    out = io.BytesIO()
    book.save(out)
    reading = read_workbook(CATALOGUE, "land-price", out.getvalue(), AT)
    assert {i.code for i in reading.issues} == {"XLSX-UNIT", "XLSX-MERGED"}
    assert f"{MAIN}!C{area}" in {i.file for i in reading.issues}


def test_numbers_in_tables_as_people_type_them() -> None:
    sheet = {"FH_INNER!A3": "A ", "FH_INNER!B3": "１，０８０．５", "FH_INNER!A4": "B", "FH_INNER!B4": "1,200"}
    assert changed("house-sharing", sheet).values == {"FH_INNER": {"A": Decimal("1080.5"), "B": 1200}}


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("名称,值\nA,1\n".encode("gb18030"), "CSV"),
        (b"a\tb\n1\t2\n", "CSV"),
        (b"<html><table></table></html>", "网页"),
    ],
)
def test_text_under_a_workbook_s_name(data: bytes, word: str) -> None:
    assert word in refused(data).zh


def test_another_business_s_template() -> None:
    data = write_template(CATALOGUE, "fees", AT)
    reading = read_workbook(CATALOGUE, "land-price", data, AT)
    assert [i.code for i in reading.issues if i.file == f"{MAIN}!B1"] == ["XLSX-BUSINESS"]
    with pytest.raises(NotFound):
        write_template(CATALOGUE, "nope", AT)
    with pytest.raises(BadInput, match="not inputs"):
        write_template(CATALOGUE, "house-sharing", AT, {"LP_AREA": Decimal(1)})


# ---------------------------------------------------------------- hostile files


def package(parts: dict[str, bytes]) -> bytes:
    """The template with parts added or replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_template(CATALOGUE, "house-sharing", AT))) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, data in parts.items():
            target.writestr(name, data)
    return out.getvalue()


def refused(data: bytes) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        read_sheets(data)
    assert caught.value.status in (413, 422)
    assert caught.value.zh
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"a,b\n1,2\n", b"<html>",
        package({"xl/workbook.xml": b"<workbook"}),
        package({"[Content_Types].xml": b"<Types/>"}),
        package({"xl/worksheets/sheet1.xml": b"\xff\xfe<\x00"}),
    ],
)  # fmt: skip
def test_not_a_workbook(data: bytes) -> None:
    assert refused(data).code == "bad_workbook"


@pytest.mark.parametrize(
    "part",
    ["xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/embeddings/o.bin", "xl/connections.xml"],
)
def test_more_than_a_table(part: str) -> None:
    assert refused(package({part: b"<x/>"})).place == part.lower()


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert "定义" in refused(package({"xl/sharedStrings.xml": bomb})).zh


def test_zip_bomb() -> None:
    error = refused(package({"xl/media/image1.png": b"\0" * 60_000_000}))
    assert error.code == "zip_bomb"


def test_more_bytes_than_any_template() -> None:
    assert isinstance(refused(b"PK\x03\x04" + b"\0" * 5_000_001), TooLarge)


def test_a_million_rows() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = MAIN
    sheet["A1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    error = refused(out.getvalue())
    assert error.code == "too_many_rows"
    assert error.place == f"{MAIN}!A{MAX_ROWS + 1}"
    book = Workbook()
    book.worksheets[0]["XFD1"] = 1
    out = io.BytesIO()
    book.save(out)
    assert isinstance(refused(out.getvalue()), TooLarge)


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 6000))
def test_damaged_files_are_explained(noise: bytes, where: int) -> None:
    data = bytearray(TEMPLATE)
    data[where : where + len(noise)] = noise
    try:
        read_workbook(CATALOGUE, "house-sharing", bytes(data), AT)
    except PlatformError as error:
        assert error.zh


TEMPLATE = write_template(CATALOGUE, "house-sharing", AT)
