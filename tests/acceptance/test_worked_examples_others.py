"""Worked examples and others like them, straight from the data files, through the commands a stranger would type."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from elements.engine.engine import load_catalogue
from gis.boundaries.boundary import read_boundary
from gis.crs import Family, gauss_kruger, zone_epsg
from project_box.kernel.calendar import load_calendar
from web.cli import app

DATA = Path(__file__).resolve().parents[1] / "data"
GIVEN: dict[str, Any] = yaml.safe_load((DATA / "worked_examples.yaml").read_text(encoding="utf-8"))
MORE: dict[str, Any] = yaml.safe_load((DATA / "worked_examples_more.yaml").read_text(encoding="utf-8"))
RUNNER = CliRunner()


def both(section: str) -> list[dict[str, Any]]:
    return [*GIVEN.get(section, []), *MORE.get(section, [])]


def by_id(value: object) -> str:
    return str(value["id"]) if isinstance(value, dict) else str(value)


def call(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = RUNNER.invoke(app, [*arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def as_sets(inputs: Mapping[str, Any]) -> list[str]:
    """Inputs as a person types them: maps as name=value, records as JSON."""
    out: list[str] = []
    for key, value in inputs.items():
        if isinstance(value, dict):
            text = ",".join(f"{k}={v}" for k, v in value.items())
        else:
            text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        out += ["--set", f"{key}={text}"]
    return out


@pytest.mark.parametrize("example", MORE["examples"], ids=by_id)
def test_element_or_fee(example: dict[str, Any]) -> None:
    at = ["--at", str(example.get("at", "2026-06-03"))]
    if "fee" in example:
        status, line = call("fee", example["fee"], *as_sets(example["set"]), *at)
        assert status == 0, line
        found = {example["fee"]: line["amount"]}
        missing = {example["fee"]: "；".join(m["reason"] for m in line["missing"])}
        verified = {example["fee"]: line["verified"]}
    else:
        status, plain = call("elements", "run", example["business"], *as_sets(example["set"]), *at)
        assert status in (0, 1), plain
        rows = {r["code"]: r for r in plain["trace"]}
        found = {c: rows[c]["display"] if rows[c]["value"] is not None else None for c in example["expect"]}
        missing = {c: "；".join(m["reason"] for m in rows[c]["missing"]) for c in example["expect"]}
        verified = {c: rows[c]["verified"] for c in example["expect"]}
    assert found == example["expect"], missing
    for code, words in example.get("missing", {}).items():
        assert all(w in missing[code] for w in words), missing[code]
    for code in example.get("unverified", []):
        assert verified[code] is False


@pytest.mark.parametrize("example", both("codes"), ids=by_id)
def test_code(example: dict[str, Any]) -> None:
    status, found = call("code", str(example["text"]), "--kind", example["is"])
    assert (found["valid"], status) == (example["valid"], 0 if example["valid"] else 1)
    assert bool(found["reason"]) is not example["valid"]


@pytest.mark.parametrize("example", both("working_days"), ids=by_id)
def test_working_days(example: dict[str, Any]) -> None:
    status, found = call("workdays", str(example["start"]), str(example["days"]))
    if example["end"] is None:
        assert status == 2
        assert "放假安排" in found["error"]["message"]
        return
    assert found["end"] == str(example["end"])
    _, back = call("workdays", str(example["start"]), "--until", str(example["end"]))
    assert back["working_days"] == example["days"]


@pytest.mark.parametrize(("year", "days"), GIVEN["working_day_totals"].items())
def test_working_days_of_a_year(year: int, days: int) -> None:
    calendar = load_calendar()
    first = dt.date(year, 1, 1)
    assert sum(calendar.is_working(first + dt.timedelta(n)) for n in range(365 + (year % 4 == 0))) == days


@pytest.mark.parametrize("example", both("zones"), ids=by_id)
def test_zone(example: dict[str, Any]) -> None:
    found = zone_epsg(Family.CGCS2000, example["zone"], width=example["width"], prefixed=example["prefixed"])
    assert found == example["epsg"]
    known = gauss_kruger(example["epsg"])
    assert known is not None
    assert known.central_meridian == example["meridian"]


@pytest.mark.parametrize("example", both("boundaries"), ids=by_id)
def test_boundary_text(example: dict[str, Any]) -> None:
    points = [*example["rows"], example["rows"][0]]
    lines = "".join(f"J{i},1,{a:.3f},{b:.3f}\n" for i, (a, b) in enumerate(points, 1))
    head = (
        "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n"
        f"带号={example['zone']}\n[地块坐标]\n{len(points)},{example['area']},D1,样例,面,,,,@\n"
    )
    reading = read_boundary("site.txt", (head + lines).encode())
    wanted = example["expect"]
    assert (reading.crs, f"{reading.area_m2:.2f}") == (wanted["crs"], wanted["area_m2"])
    assert {i.code for i in reading.issues} >= set(wanted["issues"])
    assert reading.ok is not wanted.get("errors", False)
    if not wanted["issues"]:
        assert [i.code for i in reading.issues] == []


def test_every_worked_example_stands_in_the_data_file() -> None:
    sections = ("examples", "codes", "working_days", "zones", "boundaries")
    have = {str(e["id"])[:5] for s in sections for e in GIVEN[s]}
    numbers = (1, 2, 3, 4, 6, 7, 8, 13, 14, 16, 17, 18, 19, 21, 22, 24, *range(26, 33), *range(34, 47))
    numbers_of_none = {33, 35, 41, 44}  # no such numbers in the published list
    assert {f"WE-{n:02d}" for n in numbers if n not in numbers_of_none} <= have


def test_the_examples_cover_every_fee() -> None:
    from elements.fees import fee_codes

    at = dt.date(2026, 6, 3)
    have = {e.get("fee") for e in MORE["examples"]} | {c for e in MORE["examples"] for c in e["expect"]}
    have |= {c for e in GIVEN["examples"] for c in e["expect"]}
    assert set(fee_codes(load_catalogue(), at)) - have <= {"PM_LATE_FEE"}  # instalments: test_library_supply
