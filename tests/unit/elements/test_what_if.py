"""Another rate for a trial, and what an administrator types into the editor: pure, nothing stored."""

from __future__ import annotations

import datetime as dt

import pytest

from elements.engine.engine import load_catalogue
from elements.engine.tariffs import Table
from elements.fees import run_fee
from elements.rulesets.amendment import Change
from elements.rulesets.amendment_form import (
    changed_edition,
    changed_element,
    column_kinds,
    element_form,
    plain_number_of,
)
from elements.what_if import Rate, Run, with_rates
from project_box.kernel.errors import BadInput

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
SUBJECT = {"subject": "产权转移书据"}


def test_another_rate_changes_what_rests_on_it_and_nothing_else() -> None:
    tried = with_rates(CATALOGUE, [Rate("stamp-duty", "1", keys=SUBJECT, jurisdiction="全国")], AT)
    inputs = {"HT_PRICE": "1000000"}
    old, new = run_fee("YHS", inputs, AT, CATALOGUE), run_fee("YHS", inputs, AT, tried)
    assert str(new.amount) == "10000.00" != str(old.amount)
    assert not new.verified and new.rule_version.startswith(f"{CATALOGUE.version}+")
    assert run_fee("YHS", inputs, AT, CATALOGUE).amount == old.amount
    assert with_rates(CATALOGUE, [], AT) is CATALOGUE


@pytest.mark.parametrize(
    ("rate", "place"),
    [
        (Rate("no-table", "1"), "table"),
        (Rate("stamp-duty", "eins"), "value"),
        (Rate("stamp-duty", "1", column="nothing"), "column"),
        (Rate("stamp-duty", "1", keys={"planet": "Mars"}), "keys"),
        (Rate("stamp-duty", "1", keys={"subject": "不存在"}), "keys"),
    ],
)
def test_a_rate_that_is_not_there_is_refused(rate: Rate, place: str) -> None:
    with pytest.raises(BadInput) as refused:
        with_rates(CATALOGUE, [rate], AT)
    assert refused.value.place == place


def test_a_run_has_a_heading() -> None:
    assert Run(rules="abcd", at=AT).title() == "规则版本 abcd、2026-06-03"
    assert Run(inputs={"A": "1"}).title() == "A=1"
    assert Run("名").title() == "名"


ELEMENT = {
    "code": "X",
    "name": "甲",
    "formula": "A",
    "clause": "一",
    "text": {"pass": "好", "fail": "坏"},
    "note": "n",
}


def change(item: dict | None, kind: str = "element") -> Change:
    return Change(kind, "X", "land/x.yaml", "甲", {"code": "X"} if item else None, item, item or {})


def test_fields_that_are_not_given_stay() -> None:
    after = changed_element(
        change(ELEMENT), {"formula": " A + 1 ", "text.fail": "差", "precision": "2"}
    ).after
    assert after["formula"] == "A + 1" and after["precision"] == 2
    assert after["text"] == {"pass": "好", "fail": "差"} and after["note"] == "n"
    assert "note" not in changed_element(change(ELEMENT), {"note": ""}).after
    assert changed_element(change(ELEMENT), {"verified": False}).after["verified"] is False
    again = element_form(ELEMENT)
    with pytest.raises(BadInput) as same:
        changed_element(change(ELEMENT), again)
    assert same.value.code == "no_change"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("precision", "-1"),
        ("minimum", "wenig"),
        ("valid_from", "01.01.2027"),
        ("args", "a: [1"),
        ("args", "- a"),
        ("code", "Y"),
        ("formula", "x" * 5000),
    ],
)
def test_unusable_fields_are_named(field: str, text: str) -> None:
    with pytest.raises(BadInput) as refused:
        changed_element(change(ELEMENT), {field: text})
    assert refused.value.place == field


TABLE = Table.model_validate(
    {
        "code": "t", "name": "表", "name_en": "Table", "keys": ["k"], "columns": ["value", "on", "many"],
        "editions": [
            {"jurisdiction": "全国", "doc_no": "一", "valid_from": "2020-01-01", "verified": True, "evidence": "S",
             "rows": [{"k": "a", "value": 1, "on": True, "many": ["x", "y"]},
                      {"k": "b", "value": 0.5, "on": False, "many": None}]},
        ],
    }
)  # fmt: skip
EDITION = TABLE.editions[0].model_dump(mode="json", exclude_defaults=True)


def test_cells_keep_their_kind() -> None:
    assert column_kinds(TABLE) == {"k": "text", "value": "number", "on": "flag", "many": "list"}
    rows = [
        {"k": "a", "value": "1.5", "on": "否", "many": "x、z"},
        {"k": "b", "value": "0.5", "on": "否", "many": ""},
        {"k": "", "value": "", "on": "", "many": ""},
    ]
    after = changed_edition(change(EDITION, "edition"), TABLE, {}, rows).after
    assert after["rows"] == [
        {"k": "a", "value": 1.5, "on": False, "many": ["x", "z"]},
        {"k": "b", "value": 0.5, "on": False, "many": None},
    ]
    for bad, place in (
        ({"value": "1/x"}, "row-0-value"),
        ({"on": "vielleicht"}, "row-0-on"),
        ({"z": 1}, "row-0"),
    ):
        with pytest.raises(BadInput) as refused:
            changed_edition(change(EDITION, "edition"), TABLE, {}, [{**rows[0], **bad}])
        assert refused.value.place == place


def test_an_edition_needs_its_document() -> None:
    with pytest.raises(BadInput) as refused:
        changed_edition(change(None, "edition"), TABLE, {"jurisdiction": "全国"}, None)
    places = {f["place"] for f in refused.value.details["faults"]}
    assert places == {"doc_no", "valid_from", "evidence"}


def test_numbers_the_files_hold_exactly() -> None:
    assert plain_number_of("1,234.5") == 1234.5 and plain_number_of("-3") == -3
    for text in ("", "1e5", "1/3", "NaN", "1.2.3", "0." + "1" * 16):
        assert plain_number_of(text) is None
