"""差异图斑: the decision list survives a new run and new versions; slivers stand apart; the log is never changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis.differences import decision_service, difference_service
from gis.differences.differences import Relation
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound

from .conftest import rectangle

pytestmark = pytest.mark.integration


def plot(number, code, shape):
    return shape, {"DKBH": number, "YDDM": code, "YDMC": ""}


@pytest.fixture
def plans(load):
    load(
        "KG_DK",
        [plot("A", "0701", rectangle(0, 0, 100, 100)), plot("B", "1001", rectangle(150, 0, 250, 100))],
    )
    load("YJJBNT", [(rectangle(90, 0, 160, 50), {"YJJBNTTBBH": "N1"})])


def listed(session):
    return decision_service.decision_list(session, "KG_DK", "YJJBNT")


def test_a_decision_survives_another_run_and_another_version(session, actors, load, plans):
    first = listed(session)
    assert [d["decision"] for d in first["differences"]] == [None, None]
    code = next(d["code"] for d in first["differences"] if d["a"]["label"].startswith("A"))
    (made,) = decision_service.decide(
        session,
        actors["reviewer"],
        "KG_DK",
        "YJJBNT",
        [code],
        "keep_b",
        "永农优先",
        relation=Relation.OVERLAP,
    )
    assert made["by"] == actors["reviewer"].name
    # the same plots in another order, A delivered with a needless vertex and half a centimetre off, B reshaped
    moved = rectangle(0, 0, 100, 100).segmentize(60).buffer(0)
    load(
        "KG_DK",
        [plot("B", "1001", rectangle(140, 0, 250, 100)), plot("A", "0701", moved)],
        version="2026.2",
    )
    again = listed(session)
    stands = {d["a"]["label"].split()[0]: d["decision"] for d in again["differences"]}
    assert stands["A"]["verdict"] == "keep_b" and stands["A"]["version_a"] == "2026.1"
    assert stands["B"] is None
    assert {r["verdict"]: r["count"] for r in again["decided"]}["keep_b"] == 1
    load("KG_DK", [plot("A", "0701", rectangle(0, 0, 100.006, 100))], version="2026.3")
    assert listed(session)["differences"][0]["decision"]["verdict"] == "keep_b"
    load("KG_DK", [plot("A", "0701", rectangle(0, 0, 80, 100))], version="2026.4")
    gone = listed(session)
    assert gone["differences"] == [] and [e["polygon"] for e in gone["settled"]] == [code]


def test_reopening_and_the_log(session, actors, plans):
    code = listed(session)["differences"][0]["code"]

    def decide(verdict, reason):
        return decision_service.decide(
            session, actors["reviewer"], "KG_DK", "YJJBNT", [code], verdict, reason, relation=Relation.OVERLAP
        )

    with pytest.raises(Conflict):
        decide("reopened", "没有决定")
    decide("amend", "两图都改")
    decide("reopened", "重新研究")
    found = listed(session)
    assert found["differences"][0]["decision"] is None
    assert [e["verdict"] for e in found["log"]] == ["reopened", "amend"]
    decide("tolerated", "图纸误差")
    assert listed(session)["differences"][0]["decision"]["reason"] == "图纸误差"
    with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
        session.execute(text("UPDATE gis.plan_decision SET reason = 'x'"))


def test_who_may_decide_and_what(session, actors, plans):
    codes = [d["code"] for d in listed(session)["differences"]]

    def decide(who, verdict="amend", reason="改", polygons=codes):
        return decision_service.decide(session, actors[who], "KG_DK", "YJJBNT", polygons, verdict, reason)

    for who in ("developer", "agency", "window", "fire"):
        with pytest.raises(Forbidden):
            decide(who)
    wrongs: tuple[dict[str, Any], ...] = (
        {"verdict": "perhaps"},
        {"reason": " "},
        {"polygons": []},
        {"polygons": list(map(str, range(1001)))},
    )
    for wrong in wrongs:
        with pytest.raises(BadInput) as refused:
            decide("planner", **wrong)
        assert refused.value.remedy
    with pytest.raises(NotFound):
        decide("planner", polygons=[codes[0], "nowhere"])
    assert [d["decision"] for d in listed(session)["differences"]] == [None, None]
    assert [d["verdict"] for d in decide("planner")] == ["amend", "amend"]
    assert {r["verdict"]: r["count"] for r in listed(session)["decided"]}["amend"] == 2


def test_slivers_stand_apart(session, load):
    load("YJJBNT", [(rectangle(0, 0, 100, 100), {"YJJBNTTBBH": "N1"})])
    load("STBHHX", [(rectangle(99.98, 0, 200, 100), {"HXMC": "红线"})])
    found = difference_service.diff_layers(session, "YJJBNT", "STBHHX")
    assert found["count"] == 0 and found["area_m2"] == 0
    assert found["slivers"]["count"] == 1 and found["slivers"]["area_m2"] == pytest.approx(2, abs=0.01)


def test_use_against_use(session, load):
    load(
        "KG_DK",
        [plot("A", "0701", rectangle(0, 0, 100, 100)), plot("B", "1401", rectangle(100, 0, 200, 100))],
    )
    load("DLTB", [(rectangle(0, 0, 200, 100), {"DLBM": "0701", "DLMC": "城镇住宅用地"})])
    found = difference_service.diff_layers(session, "KG_DK", "DLTB", relation=Relation.MISMATCH)
    every = difference_service.diff_layers(session, "KG_DK", "DLTB")
    assert every["count"] == 2 and found["count"] >= 1
    assert all(d["a"]["class"] != d["b"]["class"] for d in found["differences"])


def test_the_version_valid_on_a_day(session, load):
    load("LX", [(rectangle(0, 0, 10, 10), {"MC": "河"})])
    found = decision_service.version_on(session, "LX", dt.date(2026, 6, 1))
    assert found["version"] == "2026.1" and found["current"]
    with pytest.raises(NotFound):
        decision_service.version_on(session, "LX", dt.date(2025, 12, 31))


def test_every_comparison_of_the_catalogue_names_layers():
    offered = decision_service.comparisons()
    assert {"plots-outside-boundary", "farmland-in-boundary"} <= set(offered)
    assert all(c.name and c.name_en for c in offered.values())
