"""Properties of the domain functions: monotonicity, clamps, bounds, closure, rounding."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements.calculators import areas, land_price, planning, sharing
from elements.engine.engine import load_catalogue
from elements.engine.limits import judge
from elements.engine.rounding import Rounding, measured, millimetres, plain_number, round_to
from elements.engine.values import Undecided
from project_box.kernel.errors import BadInput

AT = dt.date(2026, 6, 3)
money = st.decimals(min_value=0, max_value=10**9, places=2)


def table(code: str, **keys: str) -> list[dict[str, Any]]:
    return load_catalogue().tariffs.find(code, dict(keys), keys.pop("place", "样例新区"), AT).rows


# ---- rounding


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.integers(0, 4))
def test_half_up_is_half_away_from_zero(value: Decimal, places: int) -> None:
    rounded = round_to(value, places)
    assert abs(rounded - value) <= Decimal(5).scaleb(-places - 1)
    assert round_to(-value, places) == -rounded
    assert round_to(rounded, places) == rounded


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        ("2.185", 2, "2.19"),
        ("2.1849999", 2, "2.18"),
        ("-2.5", 0, "-3"),
        ("1144.55", 1, "1144.6"),
        ("0.005", 2, "0.01"),
    ],
)
def test_half_up(value: str, places: int, shown: str) -> None:
    assert str(round_to(Decimal(value), places)) == shown


def test_floor_ceil_none() -> None:
    assert round_to(Decimal("2.1"), 0, Rounding.CEIL) == 3
    assert round_to(Decimal("2.9"), 0, Rounding.FLOOR) == 2
    assert round_to(Decimal("2.95"), 0, Rounding.NONE) == Decimal("2.95")
    assert plain_number(Decimal("1E+3")) == "1000"
    assert plain_number(Decimal("-0.00")) == "0"


def test_heights_in_millimetres() -> None:
    assert millimetres(Decimal("2.20")) == 2200
    assert millimetres(Decimal("2.1999")) == 2199
    assert millimetres(measured(2.2000000000000002)) == 2200
    assert millimetres(measured(2.1999999999999997)) == 2200


# ---- land price


@given(st.decimals(min_value="0.1", max_value=20, places=2), st.integers(1, 70), st.integers(1, 70))
@settings(max_examples=150, deadline=None)
def test_term_factor_lies_between_zero_and_one_and_grows(rate: Decimal, a: int, b: int) -> None:
    short, long = sorted((Decimal(a), Decimal(b)))
    full = Decimal(70)
    low, high = land_price.term_factor(rate, short, full), land_price.term_factor(rate, long, full)
    assert 0 < low <= high <= 1
    assert land_price.term_factor(rate, full, full) == 1
    with pytest.raises(BadInput):
        land_price.term_factor(rate, full + 1, full)
    assert land_price.term_factor(rate, full + 1, full, limited=False) > 1


@given(
    st.decimals(min_value=0, max_value=10, places=3),
    st.decimals(min_value=0, max_value=10, places=3),
    st.sampled_from(["一级", "二级", "三级", "四级", "五级"]),
)
@settings(max_examples=200, deadline=None)
def test_far_factor_is_monotone_and_clamped(a: Decimal, b: Decimal, level: str) -> None:
    points = [
        (Decimal(r["far"]), Decimal(r["value"]))
        for r in table("land-far-factor", usage="居住用地", level=level)
    ]
    x, y = sorted((a, b))
    low, high = land_price.interpolate(points, x)[0], land_price.interpolate(points, y)[0]
    assert points[0][1] <= low <= high <= points[-1][1]


def test_interpolation_hits_the_table() -> None:
    points = [
        (Decimal(r["far"]), Decimal(r["value"]))
        for r in table("land-far-factor", usage="居住用地", level="二级")
    ]
    for far, value in points:
        assert land_price.interpolate(points, far)[0] == value
    assert land_price.interpolate(points, Decimal("0.3"))[0] == points[0][1]
    assert land_price.interpolate(points, Decimal(9))[0] == points[-1][1]
    assert len(points) == 41


@pytest.mark.parametrize(
    ("start", "end", "whole", "days"),
    [
        ("2025-04-01", "2026-06-03", 14, 2),
        ("2025-01-31", "2025-02-28", 0, 28),
        ("2025-01-31", "2025-03-01", 1, 1),
        ("2024-02-29", "2025-02-28", 11, 30),
        ("2025-04-01", "2025-04-01", 0, 0),
    ],
)
def test_months(start: str, end: str, whole: int, days: int) -> None:
    months, got_whole, got_days = land_price.months_between(
        dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    )
    assert (got_whole, got_days) == (whole, days)
    assert round_to(months, 12) == round_to(whole + Decimal(days) / 30, 12)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)), st.integers(0, 4000))
def test_months_grow_with_days(start: dt.date, days: int) -> None:
    end = start + dt.timedelta(days)
    months, whole, rest = land_price.months_between(start, end)
    assert 0 <= rest <= 31
    assert whole >= 0
    assert abs(months * Decimal("30.4") - days) < 40
    with pytest.raises(BadInput):
        land_price.months_between(end + dt.timedelta(1), start)


@given(
    money,
    st.decimals(min_value=0, max_value=9, places=2),
    st.decimals(min_value=0, max_value=9, places=2),
    money,
)
def test_supplement_changes_sign_with_far(price: Decimal, old: Decimal, new: Decimal, area: Decimal) -> None:
    assert land_price.supplement_far(price, old, new, area) == -land_price.supplement_far(
        price, new, old, area
    )


# ---- sharing


units = st.dictionaries(
    st.text("ABCDEFGH12", min_size=1, max_size=3),
    st.decimals(min_value="1", max_value=500, places=2),
    min_size=1,
    max_size=30,
)


@given(units, st.decimals(min_value=0, max_value=5000, places=2))
@settings(max_examples=200, deadline=None)
def test_shares_close_exactly(inner: dict[str, Decimal], common: Decimal) -> None:
    result = sharing.share(inner, common)
    assert sum(result.shares.values()) == common
    assert sum(result.totals.values()) == sum(inner.values()) + common
    total = sum(inner.values())
    for unit, share in result.shares.items():
        assert abs(share - common * inner[unit] / total) < Decimal("0.01")


@given(
    units,
    st.decimals(min_value=0, max_value=500, places=2),
    st.decimals(min_value=0, max_value=500, places=2),
)
@settings(max_examples=80, deadline=None)
def test_levels_close_at_every_level(inner: dict[str, Decimal], whole: Decimal, part: Decimal) -> None:
    some = sorted(inner)[: max(1, len(inner) // 2)]
    given_, levels = sharing.share_levels(inner, [("全幢", whole, sorted(inner)), ("功能区", part, some)])
    assert sum(given_.values()) == whole + part
    assert [sum(x.shares.values()) for x in levels] == [whole, part]


def test_sharing_refuses_nonsense() -> None:
    for inner, common in (({}, "1"), ({"A": "0"}, "1"), ({"A": "1"}, "-1")):
        with pytest.raises(BadInput):
            sharing.share({k: Decimal(v) for k, v in inner.items()}, Decimal(common))


@given(
    st.decimals(min_value=0, max_value=10**5, places=2), st.decimals(min_value=0, max_value=10**5, places=2)
)
def test_area_limit_grows(a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    assert sharing.area_limit(low, Decimal("0.02"), Decimal("0.0006")) <= sharing.area_limit(
        high, Decimal("0.02"), Decimal("0.0006")
    )


# ---- tolerances, limits, parking


@given(
    st.decimals(min_value=0, max_value=10**6, places=2), st.decimals(min_value=0, max_value=10**6, places=2)
)
@settings(max_examples=200, deadline=None)
def test_progressive_tolerance_is_monotone_and_capped(a: Decimal, b: Decimal) -> None:
    tiers = table("verification-tolerance", tier_set="T2")
    low, high = (planning.tolerance(tiers, x, "progressive", Decimal(500)) for x in sorted((a, b)))
    assert 0 <= low <= high <= 500


@pytest.mark.parametrize(
    ("limit", "value", "holds"),
    [
        ({"operator": "<=", "value": Decimal("2.0")}, "2.0000001", False),
        ({"operator": "<=", "value": Decimal("2.0")}, "2.00", True),
        ({"operator": "<", "value": "2"}, "2", False),
        ({"operator": ">=", "value": "35"}, "34.999", False),
        ({"operator": ">", "value": "35"}, "35", False),
        ({"operator": "between", "value": "1.0", "value2": "2.5"}, "2.5", True),
        ({"operator": "between", "value": "1.0", "value2": "2.5"}, "0.99", False),
        ({"operator": "=", "value": "3"}, "3.00", True),
        ({"operator": "in", "value": ["3", "4"]}, "4.0", True),
        ({"operator": "in", "value": "3"}, "5", False),
    ],
)
def test_limits_compare_unrounded(limit: dict[str, Any], value: str, holds: bool) -> None:
    assert judge(Decimal(value), limit) is holds


def test_limit_without_number_is_undecided() -> None:
    for limit in ({"operator": "text", "value": "按规划"}, {"operator": "<=", "value": "约二"}, {}):
        with pytest.raises(Undecided):
            judge(Decimal(1), limit)


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("机动车≥1.0车位/户", [("1.0", "1", "户")]),
        ("机动车≥0.8车位/100㎡", [("0.8", "100", "㎡")]),
        ("不少于1.2个停车位/户", [("1.2", "1", "户")]),
        ("机动车≥1.0车位/户,非机动车≥2.0车位/户", [("1.0", "1", "户")]),
        ("0.5泊位/100平方米", [("0.5", "100", "㎡")]),
    ],
)
def test_parking_rules_are_read(text: str, rates: list[tuple[str, str, str]]) -> None:
    assert [(str(r), str(p), b) for r, p, b in planning.parse_parking(text)] == rates


def test_unreadable_parking_rule_is_undecided() -> None:
    with pytest.raises(Undecided):
        planning.parse_parking("按停车规定执行")


# ---- areas


def floor(**extra: Any) -> dict[str, Any]:
    part = {"object": "自然层", "area": Decimal(100)}
    return {
        "building": "A",
        "name": "一层",
        "levels": [1],
        "height_mm": 3000,
        "usage": "住宅",
        "parts": [part],
        **extra,
    }


@pytest.mark.parametrize("rule_set", ["AREA_50353_2013", "AREA_55031_2022"])
@given(low=st.integers(0, 20000), high=st.integers(0, 20000))
@settings(max_examples=60, deadline=None)
def test_more_height_never_counts_less(rule_set: str, low: int, high: int) -> None:
    rules = table("area-rules", rule_set=rule_set)
    low, high = sorted((low, high))
    counted = [sum(c.counted for c in areas.measure_floors([floor(height_mm=h)], rules)) for h in (low, high)]
    assert counted[0] <= counted[1]
    far = table("far-rules", rule_set="FAR_BEIJING")
    factored = [
        sum(c.counted for c in areas.measure_floors([floor(height_mm=h)], rules, far)) for h in (low, high)
    ]
    assert factored[0] <= factored[1]


def test_unknown_object_missing_height_and_empty_frames_are_all_named_at_once() -> None:
    rules = table("area-rules", rule_set="AREA_50353_2013")
    floors = [
        floor(height_mm=None),
        floor(name="二层", parts=[]),
        floor(name="三层", parts=[{"object": "空中花园", "area": Decimal(5)}]),
        floor(name="四层", levels=[-1, 1]),
    ]
    with pytest.raises(Undecided) as found:
        areas.measure_floors(floors, rules)
    reasons = ";".join(m.reason for m in found.value.missing)
    assert all(w in reasons for w in ("层高", "没有面积线", "空中花园", "地上与地下"))


def test_gaps_and_doubles_in_the_storeys() -> None:
    floors = [floor(levels=[1]), floor(levels=[3, 4]), floor(levels=[4, 5]), floor(building="C", levels=[1])]
    with pytest.raises(Undecided) as found:
        areas.complete_levels(floors, [{"building": "A"}, {"building": "B"}])
    reasons = ";".join(m.reason for m in found.value.missing)
    assert "缺第 2 层" in reasons
    assert "第 4 层有多个" in reasons
    assert "缺少 B 的单体图" in reasons


def test_non_standard_floor_is_not_multiplied() -> None:
    rules, far = table("area-rules", rule_set="AREA_50353_2013"), table("far-rules", rule_set="FAR_BEIJING")
    for standard, expected in ((True, 200), (None, 200), (False, 100)):
        counted = areas.measure_floors([floor(height_mm=5400, standard=standard)], rules, far)
        assert sum(c.counted for c in counted) == expected


def test_basement_without_exposed_height_is_undecided_for_far() -> None:
    rules, far = table("area-rules", rule_set="AREA_50353_2013"), table("far-rules", rule_set="FAR_BEIJING")
    basement = floor(levels=[-1], parts=[{"object": "地下室", "area": Decimal(100)}])
    with pytest.raises(Undecided, match="顶板高出室外地面"):
        areas.measure_floors([basement], rules, far)
    assert areas.measure_floors([{**basement, "exposed_mm": 1499}], rules, far)[0].counted == 0
    assert areas.measure_floors([{**basement, "exposed_mm": 1500}], rules, far)[0].counted == 100
