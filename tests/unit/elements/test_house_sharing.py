"""Multi-level sharing closes at every level, for any building; boundary points and codes against known figures."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements.calculators.house_sharing import Ledger, read_commons, read_houses, share_building
from elements.engine.rounding import round_to
from elements.engine.values import Undecided
from elements.library import cadastre, codes
from elements.library import registration as reg
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

CENT = Decimal("0.01")
area = st.decimals(min_value="0.01", max_value=5000, places=2)
Row = dict[str, Any]


@st.composite
def buildings(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """A building of 1–3 功能区 with 1–3 层 each, and common parts serving any of them."""
    units: list[Row] = []
    zones = [f"区{z}" for z in range(draw(st.integers(1, 3)))]
    groups: list[tuple[str, str]] = []
    for zone in zones:
        for number in range(draw(st.integers(1, 3))):
            group = f"{number + 1}层"
            groups.append((zone, group))
            for unit in range(draw(st.integers(1, 4))):
                units.append(
                    {"unit": f"{zone}-{group}-{unit}", "zone": zone, "group": group, "inner": draw(area)}
                )
    scopes: list[Any] = ["全幢", None, *zones, *(f"{z}/{g}" for z, g in groups)]
    scopes += [zones[:2], [u["unit"] for u in units[:1]]]
    commons = [
        {
            "name": f"共有{i}",
            "area": draw(st.decimals(0, 3000, places=3)),
            "serves": draw(st.sampled_from(scopes)),
        }
        for i in range(draw(st.integers(0, 6)))
    ]
    return units, commons


def shared(units: list[Row], commons: list[Row]) -> Ledger:
    houses = read_houses(units)
    return share_building(houses, read_commons(commons, houses))


@given(buildings())
@settings(max_examples=200, deadline=None)
def test_what_goes_in_comes_out_at_every_level(building: tuple[list[Row], list[Row]]) -> None:
    units, commons = building
    ledger = shared(units, commons)
    whole = sum((round_to(Decimal(c["area"]), 2) for c in commons), Decimal(0))
    for pool in ledger.pools:
        assert sum(pool.parts.values(), Decimal(0)) == pool.amount
        assert all(p >= 0 and p == round_to(p, 2) for p in pool.parts.values())
        assert pool.received <= pool.amount
    assert sum(ledger.shares.values(), Decimal(0)) == whole
    inner = sum((u["inner"] for u in units), Decimal(0))
    assert sum(ledger.totals().values(), Decimal(0)) == inner + whole
    for level in (1, 2):
        out = sum((v for p in ledger.at_level(level) for v in p.parts.values()), Decimal(0))
        assert sum((p.received for p in ledger.at_level(level + 1)), Decimal(0)) == out


@given(buildings())
@settings(max_examples=100, deadline=None)
def test_shares_are_within_a_cent_per_pool_of_the_exact_proportion(
    building: tuple[list[Row], list[Row]],
) -> None:
    ledger = shared(*building)
    sizes = {h.name: h.inner for h in ledger.houses}
    for pool in ledger.at_level(3):
        for name, part in pool.parts.items():
            exact = Fraction(pool.amount) * Fraction(sizes[name]) / Fraction(pool.base)
            assert abs(Fraction(part) - exact) < Fraction(1, 100)


@given(buildings())
@settings(max_examples=100, deadline=None)
def test_a_larger_unit_of_a_floor_never_gets_less(building: tuple[list[Row], list[Row]]) -> None:
    ledger = shared(*building)
    sizes = {h.name: h.inner for h in ledger.houses}
    for pool in ledger.at_level(3):
        names = sorted(pool.parts, key=lambda n: sizes[n])
        for a, b in itertools.pairwise(names):
            if sizes[a] < sizes[b]:
                assert pool.parts[a] <= pool.parts[b]


@given(buildings(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_records_does_not_matter(building: tuple[list[Row], list[Row]], random: Any) -> None:
    units, commons = building
    mixed, parts = list(units), list(commons)
    random.shuffle(mixed)
    random.shuffle(parts)
    assert dict(shared(units, commons).shares) == dict(shared(mixed, parts).shares)


def test_single_level_is_the_plain_rule() -> None:
    units: list[Row] = [{"unit": u, "inner": i} for u, i in (("A", 80), ("B", 100), ("C", 120))]
    ledger = shared(units, [{"name": "共有", "area": 45}])
    assert [str(v) for v in ledger.shares.values()] == ["12.00", "15.00", "18.00"]
    assert ledger.pools[0].coefficient == Decimal("0.150000")


def test_two_zones_by_hand() -> None:
    """商业 100 and 住宅 2×100 with its own stairs 20: the lobby 32 goes 100:220, the stairs stay with the flats."""
    units: list[Row] = [
        {"unit": "S1", "zone": "商业", "inner": 100},
        {"unit": "101", "zone": "住宅", "inner": 100},
        {"unit": "102", "zone": "住宅", "inner": 100},
    ]
    commons: list[Row] = [{"name": "门厅", "area": 32}, {"name": "楼梯", "area": 20, "serves": "住宅"}]
    assert {k: str(v) for k, v in shared(units, commons).shares.items()} == {
        "S1": "10.00",
        "101": "21.00",
        "102": "21.00",
    }


def test_parts_not_shared_stay_out() -> None:
    units: list[Row] = [{"unit": "A", "inner": 80}]
    assert shared(units, [{"name": "人防", "area": 300, "shared": "否"}]).shares == {"A": 0}


@pytest.mark.parametrize(
    ("units", "commons", "word"),
    [
        ([], [], "没有户"),
        ([{"unit": "A", "inner": 0}], [], "大于 0"),
        ([{"unit": "A", "inner": "x"}], [], "数值"),
        ([{"unit": "A", "inner": 1}, {"unit": "A", "inner": 1}], [], "重复"),
        ([{"inner": 1}], [], "户号"),
        ([{"unit": "A", "inner": 1}], [{"name": "梯", "area": -1}], "不得为负"),
        ([{"unit": "A", "inner": 1}], [{"name": "梯", "area": 1, "serves": "别处"}], "未知"),
        (
            [
                {"unit": "A", "zone": "x", "group": "1", "inner": 1},
                {"unit": "B", "zone": "y", "group": "1", "inner": 1},
            ],
            [{"name": "梯", "area": 1, "serves": "1"}],
            "多个功能区",
        ),
        (
            [{"unit": "A", "group": "1", "inner": 1}, {"unit": "B", "group": "2", "inner": 1}],
            [{"name": "梯", "area": 1, "serves": ["A", "B"]}],
            "不在同一层",
        ),
    ],
)
def test_unusable_records_are_refused(units: list[Row], commons: list[Row], word: str) -> None:
    with pytest.raises(BadInput) as caught:
        shared(units, commons)
    assert word in caught.value.zh


# ---- codes


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("450103001001GB00001F00010001", Outcome.PASS),
        ("450103001001GB00001 W00000000", Outcome.PASS),
        ("450103001001GB00001W00000001", Outcome.FAIL),
        ("450103001001GB00001K00010001", Outcome.FAIL),
        ("450103001001GB00001F00000001", Outcome.FAIL),
        ("450103001001KB00001F00010001", Outcome.FAIL),
        ("450103001001GB00001F0001000", Outcome.FAIL),
    ],
)
def test_unit_numbers(code: str, outcome: Outcome) -> None:
    assert codes.unit_code(code).value is outcome


@pytest.mark.parametrize(
    ("kind", "number", "outcome"),
    [
        ("统一社会信用代码", "91350100M000100Y43", Outcome.PASS),
        ("统一社会信用代码", "91350100M000100Y4Z", Outcome.FAIL),
        ("统一社会信用代码", "9144030071526726XG", Outcome.PASS),
        ("身份证", "11010519491231002X", Outcome.PASS),
        ("身份证", "440524188001010014", Outcome.PASS),
        ("身份证", "440524188013010014", Outcome.FAIL),
        ("护照", "E1", Outcome.NOTE),
    ],
)
def test_identity_numbers(kind: str, number: str, outcome: Outcome) -> None:
    assert codes.identity(kind, number).value is outcome


def test_shares_of_owners_are_exact() -> None:
    thirds = {"甲": "1/3", "乙": "1/3", "丙": "1/3"}
    assert reg.share_total(thirds).value == 100
    parts = reg.share_areas(Decimal(100), thirds).value
    assert isinstance(parts, dict)
    assert sorted(parts.values()) == ["33.33", "33.33", "33.34"]
    with pytest.raises(BadInput):
        reg.share_areas(Decimal(100), {"甲": "1/3"})
    with pytest.raises(BadInput):
        reg.share_total({"甲": "1/0"})


def test_restrictions_on_their_first_and_last_day() -> None:
    rows = [{"kind": "查封", "from": "2024-01-10", "to": "2027-01-09", "lifted": "2025-11-01"}]
    days = {
        dt.date(2024, 1, 9): 0,
        dt.date(2024, 1, 10): 1,
        dt.date(2025, 10, 31): 1,
        dt.date(2025, 11, 1): 0,
    }
    for day, number in days.items():
        assert reg.in_force(rows, day, ["查封"]).value == number
    del rows[0]["lifted"]
    assert reg.in_force(rows, dt.date(2027, 1, 9)).value == 1
    assert reg.in_force(rows, dt.date(2027, 1, 10)).value == 0


# ---- boundary points


def ring(*points: tuple[float, float]) -> list[Row]:
    return [{"no": f"J{i}", "x": x, "y": y} for i, (x, y) in enumerate(points, 1)]


coordinate = st.integers(0, 100000)


@given(coordinate, coordinate, st.integers(1, 5000), st.integers(1, 5000))
def test_area_and_perimeter_of_rectangles(x: int, y: int, height: int, width: int) -> None:
    points = ring((x, y), (x + height, y), (x + height, y + width), (x, y + width))
    assert cadastre.cadastre_area(points).value == height * width
    assert cadastre.cadastre_area([*points, points[0]]).value == height * width
    assert cadastre.cadastre_area(list(reversed(points))).value == height * width
    assert cadastre.cadastre_perimeter(points).value == 2 * (height + width)
    assert cadastre.cadastre_outside(points, points).value == 0
    assert cadastre.cadastre_overlap(points, [{"name": "自身", "ring": points}]).value == height * width


def test_rings_that_are_none() -> None:
    with pytest.raises(Undecided):
        cadastre.cadastre_area(ring((0, 0), (1, 1)))
    with pytest.raises(Undecided):
        cadastre.cadastre_area(ring((0, 0), (10, 10), (0, 10), (10, 0)))
    assert cadastre.cadastre_sound(ring((0, 0), (1, 1), (2, 2))).value is Outcome.FAIL
    assert cadastre.cadastre_sound(ring((0, 0), (0, 9), (0, 9), (9, 9))).value is Outcome.FAIL


def test_error_of_a_square() -> None:
    """100 m × 80 m with 0.05 m points: (0.05/√2) × √65600 ÷ 2."""
    found = cadastre.cadastre_area_error(ring((0, 0), (80, 0), (80, 100), (0, 100)), Decimal("0.05")).value
    assert round_to(Decimal(str(found)), 2) == Decimal("4.53")
