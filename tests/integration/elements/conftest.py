"""A project whose box holds boundary, planning conditions, check report and the sample drawings."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from shapely import affinity
from shapely.geometry import Polygon
from sqlalchemy.orm import Session

from drawings import service as drawings
from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.models import Project
from project_box.stage import Stage
from web.seed.programs import PROGRAMS, Program
from web.seed.projects import project_files


@lru_cache
def sample_files(key: str) -> dict[str, bytes]:
    """The sample project's files, drawn once."""
    return project_files(next(p for p in PROGRAMS if p.key == key))


CONDITIONS = {
    "A": [
        ("RJL", "between", "1.0", "2.2", ""),
        ("JZMD", "<=", "22", None, "%"),
        ("LDL", ">=", "35", None, "%"),
        ("JZGD", "<=", "54", None, "m"),
        ("TCW", "text", "机动车≥1.0车位/户", None, ""),
        ("YDXZ", "in", "070102;0702;0901", None, ""),
    ],
    "C": [
        ("RJL", "between", "1.0", "2.5", ""),
        ("JZMD", "<=", "40", None, "%"),
        ("LDL", ">=", "30", None, "%"),
        ("JZGD", "<=", "60", None, "m"),
        ("TCW", "text", "机动车≥0.8车位/100㎡", None, ""),
        ("YDXZ", "in", "0902;0901", None, ""),
    ],
}


def conditions(key: str) -> dict[str, Any]:
    """A decided ``planning_conditions`` payload as the multi-plan check writes it."""
    return {
        "status": "decided",
        "source": "layer KG_DK version test",
        "plot": {"code": f"YL-{key}", "use": {"A": "070102", "C": "0902"}[key]},
        "conditions": [
            {
                "code": c,
                "operator": o,
                "value": v,
                "value2": v2,
                "unit": u,
                "clause": f"控规 YL-{key}",
                "text": f"{c} {o} {v}",
            }
            for c, o, v, v2, u in CONDITIONS[key]
        ],
    }


@pytest.fixture
def project_of(session: Session, actors: dict[str, Actor]) -> Callable[..., Project]:
    """``project_of("A")``: a project with the sample drawings of that program in its box."""

    def make(
        key: str, *, area: str | None = None, with_conditions: bool = True, drop: str = "", shift: float = 0
    ) -> Project:
        actor = actors["developer"]
        program: Program = next(p for p in PROGRAMS if p.key == key)
        code = f"2601-430104-04-01-{secrets.randbelow(1_000_000):06d}"
        project = box.create_project(session, actor, code=code, name=f"样例项目 {key}", location="样例新区")
        from web.seed.programs import expected

        site = expected(program)["indicators"]["ZYD"]
        put(
            session,
            actor,
            project.id,
            "boundary",
            {
                "area_m2": area or site,
                "ellipsoidal_area_m2": site,
                "crs": 4547,
                "parts": 1,
                "holes": 0,
                "declared_area_m2": site,
                "issues": [],
                "source_name": "界址点.txt",
            },
            affinity.translate(Polygon(program.frame.ring(program.site)), shift, 0),
        )
        put(
            session,
            actor,
            project.id,
            "conflict_report",
            {
                "zones": {
                    "land_grade": {"居住": 2, "商业服务业": 2},
                    "land_use": {"0101": 1200.5, "0601": 100.0},
                },
                "layers": [{"code": "YJJBNT", "overlap_m2": 0}],
            },
        )
        if with_conditions:
            put(session, actor, project.id, "planning_conditions", conditions(key))
        files = [
            (n, d) for n, d in sample_files(key).items() if n.endswith(".dxf") and not (drop and drop in n)
        ]
        drawings.submit_revision(session, actor, project.id, files)
        return project

    return make


def put(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    kind: str,
    payload: dict[str, Any],
    geometry: Polygon | None = None,
) -> None:
    """A result as a lower room would record it."""
    box.put_result(
        session,
        actor,
        project_id,
        kind=kind,
        stage=Stage.PLANNING_LAND,
        title=kind,
        payload=payload,
        geometry=geometry,
        crs=4547 if geometry is not None else None,
        source={"test": True},
        trust="B",
    )
