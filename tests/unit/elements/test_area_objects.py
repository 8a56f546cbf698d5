"""Building area of single objects under three rule sets: GB/T 50353, GB 55031, GB/T 17986."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elements.calculators import areas
from elements.engine.engine import load_catalogue
from elements.engine.values import Undecided
from elements.library.area_objects import area_of_object, far_area_of_object
from project_box.kernel.errors import BadInput

AT = dt.date(2026, 6, 3)
TABLES = load_catalogue().tariffs
SETS = ("AREA_50353_2013", "AREA_55031_2022", "AREA_17986_2000")
RULES = {s: TABLES.find("area-rules", {"rule_set": s}, "全国", AT).rows for s in SETS}


def counted(rule_set: str, obj: str, area: str | None = "10", **facts: Any) -> str:
    given = {k: Decimal(v) if isinstance(v, str) and k in _NUMBERS else v for k, v in facts.items()}
    try:
        found = area_of_object(obj, RULES[rule_set], Decimal(area) if area else None, **given)
    except Undecided as error:
        return "?" + ",".join(m.name for m in error.missing)
    return f"{found.value}".rstrip("0").rstrip(".") if "." in f"{found.value}" else f"{found.value}"


_NUMBERS = ("height", "net_height", "sill", "projection")


@pytest.mark.parametrize(
    ("obj", "facts", "expected"),
    [
        ("自然层", {"height": "2.20"}, ("10", "10", "10")),
        ("自然层", {"height": "2.1999"}, ("5", "0", "0")),
        ("地下室", {"height": "2.1"}, ("5", "0", "0")),
        ("地下室", {}, ("?层高", "?层高", "?层高")),
        ("门廊", {"height": "3"}, ("5", "5", "?柱")),
        ("门廊", {"height": "3", "columns": "单排柱"}, ("5", "5", "5")),
        ("门廊", {"height": "3", "columns": "多排柱"}, ("5", "10", "10")),
        ("室外楼梯", {"storeys": 3, "covered": False}, ("15", "0", "15")),
        ("室外楼梯", {"storeys": 3, "covered": True, "height": "3"}, ("15", "15", "30")),
        ("架空走廊", {"enclosed": "是", "height": "3"}, ("10", "10", "10")),
        ("架空走廊", {"enclosed": "否", "height": "3"}, ("5", "5", "5")),
        ("架空走廊", {"height": "3"}, ("?围护", "?围护", "?围护")),
        ("挑廊", {"height": "3"}, ("5", "5", "5")),
        ("檐廊", {"height": "3", "enclosure": "无", "columns": "无"}, ("0", "0", "5")),
        ("车棚", {"height": "2.5", "columns": "单排柱"}, ("5", "5", "5")),
        ("车棚", {"height": "2.5", "columns": "多排柱"}, ("5", "10", "10")),
        ("有顶盖采光井", {"net_height": "2.10", "storeys": 9}, ("10", "?层高", "?类别")),
        ("有顶盖采光井", {"net_height": "2.09"}, ("5", "?层高", "?类别")),
        ("地下室采光井", {}, ("0", "0", "0")),
        ("飘窗", {"sill": "0.449", "net_height": "2.1"}, ("5", "0", "?类别")),
        ("凸窗", {"sill": "0.45", "net_height": "3"}, ("0", "0", "?类别")),
        ("阳台", {"position": "主体内", "enclosed": "否"}, ("10", "5", "5")),
        ("阳台", {"position": "主体外", "enclosed": "是"}, ("5", "10", "10")),
        ("无柱雨篷", {"projection": "2.10"}, ("5", "0", "0")),
        ("无柱雨篷", {"projection": "2.0999"}, ("0", "0", "0")),
        ("无柱雨篷", {"projection": "3", "span": 2}, ("0", "0", "0")),
        ("雨篷", {"columns": "无", "projection": "2.5"}, ("5", "0", "0")),
        ("屋顶水箱间", {"height": "2.2"}, ("10", "10", "10")),
        ("变形缝", {"connected": False}, ("0", "0", "0")),
        ("变形缝", {}, ("10", "10", "10")),
        ("坡地吊脚架空层", {"used": False, "height": "3"}, ("0", "10", "0")),
        ("出入口坡道", {"covered": False}, ("0", "0", "?层高")),
        ("大厅", {"height": "9", "storeys": 3}, ("10", "10", "10")),
        ("设备层", {"height": "2.19"}, ("5", "0", "0")),
        ("观光电梯", {"enclosure": "无"}, ("0", "0", "0")),
        ("露台", {}, ("0", "0", "0")),
        ("消防钢楼梯", {}, ("0", "0", "0")),
    ],
)
def test_objects_side_by_side(obj: str, facts: dict[str, Any], expected: tuple[str, ...]) -> None:
    found = tuple(counted(s, obj, **facts) for s in SETS)
    assert tuple(f.replace("面积类别", "类别") for f in found) == expected


def test_every_clause_of_50353_has_its_objects() -> None:
    clauses = {str(r["clause"]).rsplit(" ", 1)[-1] for r in RULES["AREA_50353_2013"]}
    assert {f"3.0.{n}" for n in range(1, 28)} <= clauses
    assert all(r["geometry"] for rows in RULES.values() for r in rows)


def test_recalled_rule_sets_are_not_checked() -> None:
    assert not any(r["checked"] for s in SETS[1:] for r in RULES[s])


def test_a_name_belongs_to_one_object_type_of_a_rule_set() -> None:
    for rows in RULES.values():
        owner: dict[str, tuple[str, ...]] = {}
        for row in rows:
            names = tuple(areas.object_names(row))
            for name in names:
                assert owner.setdefault(name, names) == names


def test_pitched_roof_in_strips() -> None:
    strips = [
        {"area": 40, "net": 2.1},
        {"area": "20", "net": "2.099"},
        {"area": 10, "net": 1.2},
        {"area": 9, "net": 1.199},
    ]
    found = area_of_object("坡屋顶", RULES["AREA_50353_2013"], strips=strips)
    assert found.value == Decimal("55.0")
    assert [s.value for s in found.steps] == ["40", "10", "5", "0"]
    assert not found.verified
    with pytest.raises(BadInput, match="not both"):
        area_of_object("坡屋顶", RULES["AREA_50353_2013"], Decimal(1), strips=strips)
    with pytest.raises(BadInput, match="strip 1"):
        area_of_object("坡屋顶", RULES["AREA_50353_2013"], strips=[{"net": 2}])


def test_an_unknown_object_names_the_likely_ones() -> None:
    with pytest.raises(Undecided, match="凸窗"):
        area_of_object("转角凸窗", RULES["AREA_50353_2013"], Decimal(1))


@given(st.decimals("0.5", "9", places=4), st.decimals("0.5", "9", places=4), st.sampled_from(SETS))
def test_more_height_never_counts_less(a: Decimal, b: Decimal, rule_set: str) -> None:
    low, high = sorted((a, b))
    for obj in ("自然层", "地下室", "设备层", "局部楼层"):
        small, large = (
            area_of_object(obj, RULES[rule_set], Decimal(100), height=h).value for h in (low, high)
        )
        assert small <= large
        assert 0 <= large <= 100


def _far(rule_set: str, **given: Any) -> str:
    rules = TABLES.find("far-rules", {"rule_set": rule_set}, "全国", AT).rows
    numbers = {k: Decimal(v) if k in ("height", "exposed") else v for k, v in given.items()}
    try:
        return f"{far_area_of_object(Decimal(100), rules, **numbers).value}"
    except Undecided as error:
        return "?" + ",".join(m.name for m in error.missing)


@pytest.mark.parametrize(
    ("rule_set", "given", "expected"),
    [
        ("FAR_BEIJING", {"usage": "住宅", "height": "4.9"}, "100"),
        ("FAR_BEIJING", {"usage": "住宅", "height": "4.901"}, "200"),
        ("FAR_BEIJING", {"usage": "住宅", "height": "7.601"}, "300"),
        ("FAR_BEIJING", {"usage": "住宅", "height": "9", "standard": False}, "100"),
        ("FAR_BEIJING", {"usage": "商业", "height": "10.0"}, "200"),
        ("FAR_BEIJING", {"usage": "办公", "height": "9", "exempt": "中庭"}, "100"),
        ("FAR_BEIJING", {"underground": True, "exposed": "1.5"}, "100"),
        ("FAR_BEIJING", {"underground": True, "exposed": "1.4999"}, "0"),
        ("FAR_BEIJING", {"underground": True}, "?顶板高出室外地面"),
        ("FAR_CITY_8333", {"usage": "住宅", "height": "4.5"}, "150.0"),
        ("FAR_CITY_8333", {"usage": "住宅", "height": "4.4999"}, "100"),
        ("FAR_CITY_8333", {"usage": "办公", "height": "4.8"}, "150.0"),
        ("FAR_CITY_8333", {"usage": "大型商业", "height": "6"}, "100"),
        ("FAR_CITY_8333", {"usage": "架空层", "height": "3.0"}, "0"),
        ("FAR_CITY_8333", {"usage": "架空层", "height": "2.9"}, "100"),
        ("FAR_CITY_8333", {"underground": True, "exposed": "1.0"}, "0"),
        ("FAR_CITY_8333", {"underground": True, "exposed": "1.2"}, "100"),
        ("FAR_CITY_8333", {"height": "3"}, "?用途"),
    ],
)
def test_far_operators_as_the_city_writes_them(rule_set: str, given: dict[str, Any], expected: str) -> None:
    assert _far(rule_set, **given) == expected
