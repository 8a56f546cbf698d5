"""Indicators and fees of a project from what its box holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from elements import service
from project_box import service as box
from project_box.kernel.errors import BadInput, Forbidden, NotFound
from project_box.kernel.identity import Actor
from project_box.models import Project
from web.seed.programs import PROGRAMS, expected

AT = dt.date(2026, 6, 3)
Make = Callable[..., Project]
REGION = {
    "距小区级商服中心距离": "较优",
    "距汽车站距离": "较劣",
    "临近道路状况": "较劣",
    "距公交站点距离": "一般",
    "供水保证率": "优",
    "供电保证率": "优",
    "排水状况": "优",
    "公用设施完善度": "优",
    "人口密度": "较优",
    "噪声污染状况": "优",
    "水污染状况": "优",
    "道路规划": "一般",
}
LAND = {
    "LP_TERM": "70",
    "LP_DATE": "2026-06-03",
    "LP_SHAPE": "较优",
    "LP_LANDSCAPE": "一般",
    "LP_ORIENTATION": "南",
    "LP_DEVELOPMENT": "0",
    "LP_REGION": REGION,
}


def rows(payload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {r["code"]: r for r in payload["elements"]}


@pytest.mark.parametrize("key", ["A", "C"])
def test_indicators_come_out_as_by_pencil(
    session: Session, actors: dict[str, Actor], project_of: Make, key: str
) -> None:
    project = project_of(key)
    payload = service.evaluate_project(session, actors["developer"], project.id, at=AT).payload
    found = rows(payload)
    for code, figure in expected(next(p for p in PROGRAMS if p.key == key))["indicators"].items():
        assert found[code]["display"] == figure, code


def test_passing_project_passes(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    payload = service.evaluate_project(session, actors["developer"], project_of("A").id, at=AT).payload
    outcomes = {f["code"]: f["outcome"] for f in payload["findings"]}
    assert set(outcomes.values()) == {"pass", "note"}, outcomes
    assert {c for c, o in outcomes.items() if o == "note"} == {
        "planning.GD_CONTROL",
        "planning.GD_STATED",
        "planning.TR",
    }  # neither roof levels are drawn nor setbacks asked for
    assert payload["counts"] == {"pass": len(outcomes) - 3, "fail": 0, "note": 3, "undecided": 0}
    far = rows(payload)["RJL"]
    assert far["limit"] == "1.0–2.2"
    assert far["outcome"] == "pass"
    assert far["formula"] == "JRJZ / JYD"
    assert far["substituted"] == "70776 / 40000"
    assert far["value"] == "1.7694"
    assert len(far["entities"]) > 10
    assert payload["rule_hash"]


def test_broken_conditions_are_named(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    payload = service.evaluate_project(session, actors["developer"], project_of("C").id, at=AT).payload
    failed = {f["code"]: f for f in payload["findings"] if f["outcome"] == "fail"}
    assert set(failed) == {"planning.RJL", "planning.LDL", "planning.JZGD"}
    assert failed["planning.RJL"]["measured"] == "2.72"
    assert failed["planning.RJL"]["limit"] == "1.0–2.5"
    assert failed["planning.JZGD"]["entities"]
    assert "不符合" in failed["planning.LDL"]["message"]
    assert failed["planning.RJL"]["source"]["exact"] == "2.72"


def test_missing_building_sheet_makes_areas_undecided(
    session: Session, actors: dict[str, Actor], project_of: Make
) -> None:
    payload = service.evaluate_project(
        session, actors["developer"], project_of("A", drop="-2#-").id, at=AT
    ).payload
    found = rows(payload)
    assert found["ZJZ"]["value"] is None
    assert "2#" in found["ZJZ"]["missing"][0]["reason"]
    assert found["RJL"]["outcome"] == "undecided"
    assert found["JZMD"]["display"] == "12.81"


def test_without_conditions_nothing_passes(
    session: Session, actors: dict[str, Actor], project_of: Make
) -> None:
    project = project_of("A", with_conditions=False)
    payload = service.evaluate_project(session, actors["developer"], project.id, at=AT).payload
    outcomes = {f["code"]: f["outcome"] for f in payload["findings"]}
    assert outcomes["planning.RJL"] == outcomes["planning.LDL"] == "undecided"


def test_boundary_that_differs_from_the_drawing(
    session: Session, actors: dict[str, Actor], project_of: Make
) -> None:
    payload = service.evaluate_project(
        session, actors["developer"], project_of("A", area="43100.00").id, at=AT
    ).payload
    outcomes = {f["code"]: f["outcome"] for f in payload["findings"]}
    assert outcomes["planning.YD_DRAWN"] == "fail"


def test_rerun_gives_identical_content(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("A")
    one = service.evaluate_project(session, actors["developer"], project.id, at=AT)
    two = service.evaluate_project(session, actors["developer"], project.id, at=AT)
    assert one.content_hash == two.content_hash
    assert two.version == one.version + 1


def test_drawing_that_lies_elsewhere(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("C", shift=5.0)
    payload = service.evaluate_project(session, actors["developer"], project.id, at=AT).payload
    outcomes = {f["code"]: f["outcome"] for f in payload["findings"]}
    assert outcomes["planning.YD_DRAWN"] == "pass"
    assert outcomes["planning.YD_PLACE"] == "fail"


def test_what_if_other_area_rules(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("A")
    evaluation, _ = service.evaluate_box(
        session, actors["developer"], project.id, inputs={"AREA_RULES": "AREA_55031_2022"}, at=AT
    )
    assert evaluation["AREA_RULES"].value == "AREA_55031_2022"
    assert evaluation["ZJZ"].verified is False
    assert box.latest_result(session, actors["developer"], project.id, "indicator_table") is None


@pytest.mark.parametrize(
    "inputs", [{"AREA_RULES": "AREA_55031_2022"}, {"YD_BOUNDARY": 1}, {"TJ_RJL": "<=9"}, {"FLOORS": "[]"}]
)
def test_nobody_types_in_what_is_measured(
    session: Session, actors: dict[str, Actor], project_of: Make, inputs: dict[str, str]
) -> None:
    project = project_of("C")
    with pytest.raises(Forbidden):
        service.evaluate_project(session, actors["developer"], project.id, inputs=inputs, at=AT)


def test_others_may_not(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("A")
    with pytest.raises(NotFound):
        service.evaluate_project(session, actors["developer2"], project.id)
    with pytest.raises((NotFound, Forbidden)):
        service.fee_statement(session, actors["agency"], project.id, {})


def test_fee_statement(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("A")
    service.evaluate_project(session, actors["developer"], project.id, at=AT)
    payload = service.fee_statement(session, actors["developer"], project.id, LAND, at=AT).payload
    lines = {x["code"]: x for x in payload["lines"]}
    assert payload["inputs"]["LP_LEVEL"]["value"] == "二级"
    assert payload["inputs"]["LP_FAR"]["value"] == "1.7694"
    land = lines["TDCRJ"]
    assert land["amount"] is not None
    assert {"LP_KV", "LP_KY", "LP_KT", "LP_SKI", "LP_KS", "LP_KA", "LP_KE", "LP_KTO"} <= {
        s["code"] for s in land["steps"]
    }
    assert "通政发〔2026〕1号" in land["doc_no"]
    assert lines["YHS"]["verified"] is False
    assert Decimal(lines["YHS"]["amount"]) == (Decimal(land["amount"]) * Decimal("0.0005")).quantize(
        Decimal("0.01"), "ROUND_HALF_UP"
    )
    assert lines["RFYD"]["amount"] == f"{Decimal('70776') * 4 / 100 * 512:.2f}"
    assert lines["SBBC"]["amount"] == "64500.00"
    assert lines["GDZYS"]["amount"] == "30012.50"
    open_ = {u["code"] for u in payload["undecided"]}
    assert {"QS", "PTF"} <= open_
    assert all(lines[c]["missing"] for c in open_)
    assert payload["verified"] is False
    assert Decimal(payload["total"]) == sum(Decimal(x["amount"]) for x in lines.values() if x["amount"])
    assert box.latest_result(session, actors["developer"], project.id, "fee_statement") is not None


def test_fee_statement_without_inputs_guesses_nothing(
    session: Session, actors: dict[str, Actor], project_of: Make
) -> None:
    payload = service.fee_statement(session, actors["developer"], project_of("A").id, {}, at=AT).payload
    lines = {x["code"]: x for x in payload["lines"]}
    assert lines["TDCRJ"]["amount"] is None
    assert "距汽车站距离" in {m["name"] for m in lines["TDCRJ"]["missing"]}
    assert lines["YHS"]["amount"] is None


def test_replacing_what_the_box_knows_is_marked(
    session: Session, actors: dict[str, Actor], project_of: Make
) -> None:
    result = service.fee_statement(session, actors["developer"], project_of("C").id, {"SB_AREA": "10"}, at=AT)
    line = next(x for x in result.payload["lines"] if x["code"] == "SBBC")
    assert (line["amount"], line["verified"]) == ("15.00", False)
    assert result.payload["overridden"] == ["SB_AREA"]
    assert result.trust == "D"


def test_bad_fee_inputs_store_nothing(session: Session, actors: dict[str, Actor], project_of: Make) -> None:
    project = project_of("A")
    with pytest.raises(BadInput) as refused:
        service.fee_statement(
            session, actors["developer"], project.id, {"LP_TERM": "七十", "NOPE": 1, "LP_AREA": "3元"}
        )
    assert len(refused.value.details["faults"]) == 3
    assert box.latest_result(session, actors["developer"], project.id, "fee_statement") is None
