"""A project whose box holds what the planning permit needs, as the lower rooms would have put it there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from shapely.geometry import box as rectangle
from sqlalchemy.orm import Session

from approval import neighbours
from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.models import Project
from project_box.stage import Stage

from .case_steps import Calendar, Neighbours


def fill_box(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    far: str = "1.95",
    far_outcome: str = "pass",
    layers: str = "pass",
) -> None:
    """Results of boundary, check, drawings and indicators."""
    site = rectangle(500000, 3100000, 500100, 3100080)
    put: dict[str, Any] = {"source": {"test": True}, "trust": "B"}
    box.put_result(
        session,
        actor,
        project_id,
        kind="boundary",
        stage=Stage.PLANNING_LAND,
        title="用地红线",
        payload={"area_m2": "8000.00", "crs": 4547},
        geometry=site,
        crs=4547,
        **put,
    )
    box.put_result(
        session,
        actor,
        project_id,
        kind="conflict_report",
        stage=Stage.PLANNING_LAND,
        title="多规检查",
        payload={
            "findings": [
                {
                    "code": "plan.STBHHX",
                    "title": "生态保护红线",
                    "outcome": layers,
                    "message": "生态保护红线：不涉及",
                }
            ],
            "layers": [],
            "counts": {},
            "zones": {},
        },
        **put,
    )
    box.put_result(
        session,
        actor,
        project_id,
        kind="planning_conditions",
        stage=Stage.PLANNING_LAND,
        title="规划条件",
        payload={"conditions": [{"code": "RJL", "operator": "le", "value": "2.00", "unit": ""}]},
        **put,
    )
    box.put_result(
        session,
        actor,
        project_id,
        kind="drawing_set",
        stage=Stage.DESIGN,
        title="图纸第 1 版",
        payload={"revision": 1, "files": [], "issues": []},
        **put,
    )
    box.put_result(
        session,
        actor,
        project_id,
        kind="indicator_table",
        stage=Stage.DESIGN,
        title="经济技术指标",
        payload={
            "elements": [
                {
                    "code": "ZJZ",
                    "name": "总建筑面积",
                    "value": "15600.00",
                    "display": "15600.00",
                    "unit": "㎡",
                },
                {
                    "code": "RJL",
                    "name": "容积率",
                    "value": far,
                    "display": far,
                    "unit": "",
                    "limit": "≤2.00",
                    "outcome": far_outcome,
                },
            ],
            "findings": [
                {
                    "code": "planning.RJL",
                    "title": "容积率",
                    "outcome": far_outcome,
                    "measured": far,
                    "limit": "≤2.00",
                    "message": f"容积率 {far}，规划条件 ≤2.00",
                }
            ],
        },
        **put,
    )


@pytest.fixture
def new_project(session: Session, actors: dict[str, Actor]) -> Callable[..., Project]:
    """``new_project(code, **fill)`` makes a project of 样例置业 with a filled box."""

    def make(code: str = "2601-430104-04-01-700001", **fill: Any) -> Project:
        project = box.create_project(
            session,
            actors["developer"],
            code=code,
            name=f"测试项目 {code[-4:]}",
            location="样例新区测试路 1 号",
            summary="住宅",
        )
        fill_box(session, actors["developer"], project.id, **fill)
        return project

    return make


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    played = Neighbours()
    monkeypatch.setattr(neighbours, "open_review", played.open_review)
    monkeypatch.setattr(neighbours, "review_facts", lambda *_: played.review)
    monkeypatch.setattr(neighbours, "end_review", lambda *_: None)
    monkeypatch.setattr(neighbours, "dispatch", lambda *_: None)
    monkeypatch.setattr(neighbours, "engagement_facts", lambda *_: played.engagements)
    return played


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return Calendar(monkeypatch)
