"""Units of one dimension convert exactly, others are refused; what is too large, deep or long is refused too."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements.engine.element import ElementSpec
from elements.engine.engine import parse_value
from elements.engine.units import converted
from project_box.formula import Formula, FormulaError, FormulaFault
from project_box.kernel.errors import BadInput


def spec(unit: str = "", kind: str = "number") -> ElementSpec:
    return ElementSpec.model_validate(
        {"code": "A", "name": "甲", "name_en": "a", "kind": "基础", "type": kind, "unit": unit,
         "source": "form", "unsourced": "试"}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "unit", "value"),
    [
        ("12 亩", "㎡", "8000"),
        ("3.5 ha", "㎡", "35000"),
        ("3.5公顷", "亩", "52.5"),
        ("660 万元", "元", "6600000"),
        ("1.2亿元", "万元", "12000"),
        ("20 万元/亩", "元/㎡", "300"),
        ("300元/平方米", "万元/公顷", "300"),
        ("50%", "", "0.5"),
        ("5‰", "%", "0.5"),
        ("1.5 km", "m", "1500"),
        ("2200mm", "m", "2.2"),
        ("30 天", "日", "30"),
        ("2年", "月", "24"),
        ("8000㎡", "㎡", "8000"),
        ("12,000.5 m2", "㎡", "12000.5"),
    ],
)
def test_units_of_one_dimension_convert(raw: str, unit: str, value: str) -> None:
    assert parse_value(spec(unit), raw) == Decimal(value)


@pytest.mark.parametrize(
    ("raw", "unit"),
    [("12 亩", "元"), ("660万元", "㎡"), ("3 ㎡", ""), ("3 m", "㎡"), ("5 工作日", "日"), ("3 日", "工作日"),
     ("2 年", "日"), ("1 元/㎡", "元"), ("1 元", "元/㎡"), ("3 户", "人"), ("4 furlong", "m")],
)  # fmt: skip
def test_other_dimensions_are_refused_with_both_units(raw: str, unit: str) -> None:
    with pytest.raises(BadInput) as found:
        parse_value(spec(unit), raw)
    assert "量纲" in found.value.zh
    assert found.value.place == "A"


@given(st.decimals(0, 10**6, places=2))
def test_there_and_back_is_the_same_area(area: Decimal) -> None:
    there = converted(area, "㎡", "亩")
    assert there is not None
    back = converted(there, "亩", "㎡")
    assert back is not None
    assert abs(back - area) < Decimal("1e-15")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("number", "9" * 100),
        ("number", "1e400"),
        ("number", Decimal("1e999999")),
        ("number", Decimal("1e-999999")),
        ("records", '[{"area": 1e999999999}]'),
        ("records", '[{"area": NaN}]'),
        ("records", "[" * 5000 + "]" * 5000),
        ("records", json.dumps([{"a": [[[[[[[[1]]]]]]]]}])),
        ("records", json.dumps([{}] * 20_001)),
        ("records", '[{"n": ' + "9" * 5000 + "}]"),
        ("map", {"a": Decimal("1e30")}),
        ("map", "a=1,a=2"),
        ("map", "=1"),
    ],
)
def test_what_is_beyond_bounds_is_refused(kind: str, raw: object) -> None:
    with pytest.raises(BadInput):
        parse_value(spec("", kind), raw)


BITES = st.sampled_from(
    "1|A|'x'|(|)|[|]|,|?|:|-|not |+|*|/|%|..| in |sum(|round(|max([| and |==|<|map(|#|??|**|^|.__class__|`|filter([|"
    "d('now')|$root|x -> y|9999999999999999999999999999|0.0000000000000000000000000001".replace(
        "`|", "`|\\|"
    ).split("|")
)


@settings(max_examples=300, deadline=2000)
@given(st.lists(BITES, max_size=200).map("".join), st.sampled_from(["number", "bool", "text"]))
def test_formulas_of_any_bites_end_soon_and_only_with_their_own_errors(text: str, result: str) -> None:
    try:
        formula = Formula(text, frozenset({"A"}), result)
        value = formula.evaluate({name: Decimal("1.5") if name == "A" else "x" for name in formula.names})
    except (FormulaError, FormulaFault):
        return
    assert isinstance(value, {"number": Decimal, "bool": bool, "text": str}[result])


@pytest.mark.parametrize(
    "text",
    ["-" * 9 + "1", "not " * 9 + "true", "true ? 1 : " * 33 + "1", "9" * 29, "1." + "3" * 28, "(" * 33 + "1" + ")" * 33,
     "1" + "+1" * 1000],
)  # fmt: skip
def test_nesting_digits_and_length_are_bounded(text: str) -> None:
    with pytest.raises(FormulaError):
        Formula(text, frozenset(), "number")
