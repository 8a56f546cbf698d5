"""The catalogue itself: it loads, its examples come out, and it is honest."""

from __future__ import annotations

import datetime as dt

import pytest

from elements import run as runs
from elements.engine.element import Kind, Source
from elements.engine.engine import Entry, evaluate, load_catalogue, read_inputs
from elements.engine.functions import REGISTRY
from elements.fees import fee_codes, fee_inputs, run_fee
from elements.places import with_settings
from project_box.kernel.errors import BadInput, NotFound

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()


def _examples() -> list[tuple[Entry, int]]:
    return [(e, n) for e in CATALOGUE.entries for n in range(len(e.spec.examples))]


@pytest.mark.parametrize(
    ("entry", "number"), _examples(), ids=lambda v: v.spec.code if isinstance(v, Entry) else str(v)
)
def test_examples_in_the_files(entry: Entry, number: int) -> None:
    example = entry.spec.examples[number]
    day = example.at or AT
    values = with_settings(CATALOGUE, read_inputs(CATALOGUE, example.given, day), day)
    assert evaluate(CATALOGUE, values, day, [entry.spec.code])[entry.spec.code].display == str(example.expect)


@pytest.mark.parametrize("entry", CATALOGUE.entries, ids=lambda e: e.spec.code)
def test_every_element_is_complete(entry: Entry) -> None:
    spec = entry.spec
    assert spec.name
    assert spec.name_en.isascii()
    assert spec.clause or spec.unsourced
    if spec.kind is not Kind.CONCLUSION and spec.type.value in ("number", "integer"):
        assert spec.precision is not None or spec.type.value == "integer", "precision"
    if spec.kind is Kind.CONCLUSION:
        assert spec.function or spec.formula


def test_no_data_that_nothing_reads() -> None:
    entries = CATALOGUE.at(AT).entries
    read = {n for e in entries.values() for n in e.needs} | {
        c for f in CATALOGUE.businesses.values() for c in f.uses
    }
    dead = {c for c, e in entries.items() if e.spec.kind is Kind.DATA and c not in read}
    assert dead == set()


def test_names_are_not_shared_by_indicators() -> None:
    names: dict[str, str] = {}
    for entry in CATALOGUE.entries:
        if entry.spec.kind is not Kind.DATA:
            assert names.setdefault(entry.spec.name, entry.spec.code) == entry.spec.code


def test_every_function_documents_itself_and_is_used() -> None:
    used = {e.spec.function for e in CATALOGUE.entries}
    for name, function in REGISTRY.items():
        assert function.summary
        assert function.formula
        assert name in used, f"{name} is not used by any element"


def test_recalled_tables_are_not_verified() -> None:
    for table in CATALOGUE.tariffs.tables.values():
        for edition in table.editions:
            assert edition.doc_no
            if edition.evidence == "R":
                assert not edition.verified


@pytest.mark.parametrize("code", fee_codes(CATALOGUE, AT))
def test_a_fee_without_inputs_is_undecided_and_names_them(code: str) -> None:
    line = run_fee(code, {}, AT)
    assert line.amount is None
    assert line.outcome == "undecided"
    assert line.missing
    assert fee_inputs(CATALOGUE, code, AT)


@pytest.mark.parametrize("code", ["QS", "PTF", "SBZH"])
def test_unsourced_rates_never_become_numbers(code: str) -> None:
    inputs = {c: "1000000" for c in fee_inputs(CATALOGUE, code, AT) if c != "JURISDICTION"}
    line = run_fee(code, inputs, AT)
    assert line.amount is None
    assert any(m.code.startswith("table:") for m in line.missing)


def test_list_has_the_promised_shape() -> None:
    for row in runs.list_elements(CATALOGUE, AT):
        assert {"code", "name", "kind", "class", "business", "unit", "source", "clause"} <= set(row)
        assert row["source"] in set(Source)


def test_unknown_keys_businesses_and_fees_are_refused() -> None:
    with pytest.raises(BadInput, match="unknown element"):
        run_fee("YHS", {"NOPE": 1}, AT)
    with pytest.raises(NotFound, match="XYZ"):
        run_fee("XYZ", {}, AT)
    with pytest.raises(NotFound):
        runs.run_business(CATALOGUE, "nope", {}, AT)


def test_what_if_shows_differences_only() -> None:
    base = {
        "JURISDICTION": "全国",
        "PT_AREA": 100,
        "PT_OBJECT": "自然层",
        "PT_HEIGHT": 2.1,
        "AREA_RULES": "AREA_50353_2013",
    }
    other = {**base, "AREA_RULES": "AREA_55031_2022"}
    found = runs.compare_runs(CATALOGUE, ["PT_COUNTED", "PT_COUNTED_50353"], (base, AT), (other, AT))
    assert {d["code"]: (d["before"], d["after"]) for d in found}["PT_COUNTED"] == ("50.00", "0.00")
    assert "PT_COUNTED_50353" not in {d["code"] for d in found}


def test_side_by_side_area_rules() -> None:
    plain = runs.run_plain(
        CATALOGUE,
        "area-calculator",
        {"PT_AREA": 6, "PT_OBJECT": "阳台", "PT_POSITION": "主体外", "PT_ENCLOSED": "是"},
        AT,
    )
    assert plain["values"]["PT_COUNTED_50353"]["display"] == "3.00"
    assert plain["values"]["PT_COUNTED_55031"]["display"] == "6.00"
    assert any(u["code"] == "PT_FAR_AREA" for u in plain["undecided"])


@pytest.mark.parametrize(
    "raw", ["[{}]", '[{"building": "A", "name": "x", "levels": 3, "parts": [{}]}]', '[{"levels": null}]']
)
def test_malformed_records_are_undecided_not_a_crash(raw: str) -> None:
    keys = ("FLOORS", "BUILDINGS", "GREENS", "PARKING", "SETBACKS", "SPACINGS")
    plain = runs.run_plain(CATALOGUE, "planning-permit", dict.fromkeys(keys, raw), AT)
    assert {"ZJZ", "RJL", "JZMD", "LDL", "TCW", "JZJJ", "TR"} <= {u["code"] for u in plain["undecided"]}
