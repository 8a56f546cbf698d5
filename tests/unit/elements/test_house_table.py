"""The table of units of a generated building: four levels, exact closure, land, limits, the command's JSON."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements import run as runs
from elements.engine.engine import load_catalogue
from elements.library.house_table import house_table
from project_box.kernel.errors import BadInput

AT = dt.date(2026, 6, 3)
ZERO = Decimal(0)


def building(
    zones: int, floors: int, per_floor: int, seed: int = 1
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """幢 → 功能区 → 层 → 户 with common parts on every level; areas that do not divide evenly."""
    units: list[dict[str, Any]] = []
    commons: list[dict[str, Any]] = [
        {"name": "值班室", "area": "37.77"},
        {"name": "地下车库", "area": "900", "shared": False},
    ]
    for z in range(1, zones + 1):
        commons.append({"name": f"门厅{z}", "area": f"{20 + z}.{seed % 100:02d}", "serves": [f"{z}区"]})
        for f in range(1, floors + 1):
            commons.append(
                {"name": f"走道{z}-{f}", "area": f"{9 + f}.0{seed % 10}", "serves": [f"{z}区/{f}层"]}
            )
            for n in range(1, per_floor + 1):
                area = (
                    Decimal(60 + (seed * 7 + z * 13 + f * 5 + n * 17) % 90) + Decimal((seed * n) % 100) / 100
                )
                units.append(
                    {"unit": f"{z}-{f}{n:02d}", "zone": f"{z}区", "group": f"{f}层", "inner": str(area)}
                )
    return units, commons


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 999),
    st.decimals("0", "99", places=2),
)
def test_closure_on_every_level(zones: int, floors: int, per_floor: int, seed: int, wall: Decimal) -> None:
    units, commons = building(zones, floors, per_floor, seed)
    rows = house_table(units, commons, wall_half=wall, land=Decimal("5000.01")).value
    assert isinstance(rows, list)
    inner = sum((Decimal(u["inner"]) for u in units), ZERO)
    shared = wall + sum((Decimal(c["area"]) for c in commons if c.get("shared") is not False), ZERO)
    assert sum((Decimal(r["share"]) for r in rows), ZERO) == shared
    assert sum((Decimal(r["total"]) for r in rows), ZERO) == inner + shared
    assert sum((Decimal(r["land"]) for r in rows), ZERO) == Decimal("5000.01")
    assert all(Decimal(r["share"]) >= 0 for r in rows)


def test_one_level_is_the_plain_formula() -> None:
    units = [{"unit": u, "inner": s} for u, s in (("A", 80), ("B", 100), ("C", 120))]
    rows = house_table(units, [{"name": "楼梯", "area": "45.00"}]).value
    assert isinstance(rows, list)
    assert [(r["share"], r["total"]) for r in rows] == [
        ("12.00", "92.00"),
        ("15.00", "115.00"),
        ("18.00", "138.00"),
    ]


def test_the_business_runs_on_json_with_many_units() -> None:
    units, commons = building(2, 5, 8)
    given_ = {
        "JURISDICTION": "全国",
        "FHD_UNITS": json.dumps(units, ensure_ascii=False),
        "FHD_COMMONS": json.dumps(commons, ensure_ascii=False),
        "FHD_WALL": "88.88",
        "FHD_LAND": 2000,
        "FH_GRADE": "二级",
    }
    plain = runs.run_plain(load_catalogue(), "house-sharing", given_, AT)
    table = plain["values"]["FH_TABLE"]["value"]
    assert len(table) == 80
    assert {"unit", "zone", "group", "inner", "share", "total", "coefficient", "land", "limit"} <= set(
        table[0]
    )
    for code in ("FHD_RESIDUE_TOP", "FHD_RESIDUE_ZONE", "FHD_RESIDUE_GROUP"):
        assert plain["values"][code]["display"] == "0.00"
    assert plain["values"]["FHD_TOTAL_SUM"]["value"] == str(sum(Decimal(r["total"]) for r in table))


def test_a_unit_twice_is_refused() -> None:
    with pytest.raises(BadInput):
        house_table([{"unit": "A", "inner": 80}, {"unit": "A", "inner": 90}])
