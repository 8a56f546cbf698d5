"""Limits as planning conditions write them: read, shown, compared with unrounded values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elements.engine.element import ElementSpec, Kind, Source, Type
from elements.engine.inputs import parse_limit
from elements.engine.limits import NoLimit, judge, limit_text, read_limit
from elements.engine.values import Undecided
from elements.library.general import compare_limit
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome


@pytest.mark.parametrize(
    ("text", "unit", "shown"),
    [
        ("≤2.5", "", "≤2.5"),
        ("<=2.50", "", "≤2.50"),
        ("不大于2.5", "", "≤2.5"),
        ("不得超过２．５", "", "≤2.5"),
        ("２．５以下", "", "≤2.5"),
        ("2.5≥容积率", "", "≤2.5"),
        ("小于 2.5", "", "<2.5"),
        ("大于等于1.0", "", "≥1.0"),
        ("2.0<容积率≤2.5", "", ">2.0 且 ≤2.5"),
        ("２．０＜容积率≤２．５", "", ">2.0 且 ≤2.5"),
        ("≤2.5且≥1.0", "", "1.0–2.5"),
        ("大于1.0，小于等于2.5", "", ">1.0 且 ≤2.5"),
        ("2.0~2.5", "", "2.0–2.5"),
        ("容积率2.0—2.5", "", "2.0–2.5"),
        ("介于1.0和2.5之间", "", "1.0–2.5"),
        ("(2.0,2.5]", "", ">2.0 且 ≤2.5"),
        ("40%≤建筑密度≤60%", "%", "40–60"),
        ("绿地率不低于３５％", "%", "≥35"),
        ("建筑高度控制在80米以内", "m", "≤80"),
        ("1,200㎡以上", "㎡", "≥1200"),
        ("25%", "%", "25"),
        ("不作要求", "%", "不作要求"),
    ],
)
def test_reading(text: str, unit: str, shown: str) -> None:
    assert limit_text(read_limit(text, unit)) == shown


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""),
        ("按规划执行", ""),
        ("≤1.0或≥2.0", ""),
        ("25%±5%", "%"),
        ("80m", "%"),
        ("≤80m", "%"),
        ("3.0≤x≤2.0", ""),
        ("2.0<x<2.0", ""),
        ("≤2.5且≤3.0", ""),
        ("1.0<x>2.0", ""),
        ("9" * 200, ""),
    ],
)
def test_what_is_no_limit_is_refused(text: str, unit: str) -> None:
    with pytest.raises(NoLimit):
        read_limit(text, unit)


@pytest.mark.parametrize(
    ("value", "holds"), [("2.0", False), ("2.0000001", True), ("2.5", True), ("2.5001", False)]
)
def test_open_and_closed_ends(value: str, holds: bool) -> None:
    assert judge(Decimal(value), read_limit("2.0<容积率≤2.5")) is holds


@given(st.decimals("0", "99", places=4), st.decimals("0", "99", places=4))
def test_an_upper_limit_is_monotonous(value: Decimal, limit: Decimal) -> None:
    record = read_limit(f"≤{limit}")
    assert judge(value, record) is (value <= limit)
    assert judge(value, read_limit(f"大于{limit}")) is not judge(value, record)


def test_a_bare_number_needs_a_direction_and_is_never_verified() -> None:
    limit = read_limit("25%", "%")
    with pytest.raises(Undecided, match="上限还是下限"):
        compare_limit(Decimal(24), limit, unit="%")
    found = compare_limit(Decimal(24), limit, unit="%", direction="<=")
    assert (found.value, found.verified, found.limit) == (Outcome.PASS, False, "≤25%")
    assert "按惯例" in found.substituted


def test_unrounded_value_decides_and_both_are_shown() -> None:
    found = compare_limit(Decimal("2.5049"), read_limit("≤2.50"), 2)
    assert found.value is Outcome.FAIL
    assert "2.5049（显示 2.50）" in found.substituted


def _spec(words: bool) -> ElementSpec:
    return ElementSpec(
        code="TJ",
        name="条件",
        name_en="c",
        kind=Kind.DATA,
        type=Type.LIMIT,
        unit="个",
        words=words,
        source=Source.RESULT,
        clause="x",
    )


def test_words_stay_words_only_where_they_may() -> None:
    assert parse_limit("机动车≥1.0车位/户", _spec(True))["operator"] == "text"
    assert parse_limit("0701", _spec(True))["value"] == "0701"
    assert parse_limit("≥50", _spec(True))["operator"] == ">="
    with pytest.raises(BadInput, match="not a limit"):
        parse_limit("机动车≥1.0车位/户", _spec(False))
