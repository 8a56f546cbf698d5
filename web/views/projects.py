"""Projects and their boxes, as pages and API show them."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.models import Project, Result
from project_box.stage import Stage

#: what a result kind is called, and which page of the project shows it
KINDS: dict[str, tuple[str, str, str]] = {
    "boundary": ("用地红线", "Site boundary", "site"),
    "conflict_report": ("多规检查报告", "Multi-plan check", "check"),
    "planning_conditions": ("规划条件", "Planning conditions", "check"),
    "drawing_set": ("图纸", "Drawings", "drawings"),
    "indicator_table": ("经济技术指标", "Indicators", "indicators"),
    "fee_statement": ("规费测算", "Fee statement", "fees"),
    "joint_opinion": ("联审意见", "Joint review opinion", "box"),
    "evaluation_report": ("评估成果", "Evaluation report", "box"),
    "planning_permit": ("建设工程规划许可证", "Planning permit", "box"),
    "construction_permit": ("施工许可证", "Construction permit", "box"),
}
TRUST = {"A": "审批或签章确认", "B": "平台核算", "C": "中介签章", "D": "申请人申报"}


def project_plain(project: Project) -> dict[str, Any]:
    """A project's own facts."""
    return {
        "id": str(project.id),
        "code": project.code,
        "name": project.name,
        "location": project.location,
        "industry": project.industry,
        "summary": project.summary,
        "organisation": project.organisation.name,
        "created_at": project.created_at.isoformat(),
    }


def result_plain(result: Result) -> dict[str, Any]:
    """A result without its payload."""
    zh, en, page = KINDS.get(result.kind, (result.title, result.title, "box"))
    return {
        "id": str(result.id),
        "kind": result.kind,
        "kind_name": zh,
        "kind_name_en": en,
        "page": page,
        "stage": str(result.stage),
        "version": result.version,
        "title": result.title,
        "trust": result.trust,
        "trust_name": TRUST[result.trust],
        "crs": result.crs,
        "content_hash": result.content_hash,
        "source": result.source,
        "files": result.files,
        "created_at": result.created_at.isoformat(),
    }


def projects_view(session: Session, actor: Actor) -> dict[str, Any]:
    """The projects a person may see."""
    return {"projects": [project_plain(p) for p in box.list_projects(session, actor)]}


def project_view(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """One project with its box: newest version of each kind per stage, all versions listed, next step."""
    project = box.get_project(session, actor, project_id)
    everything = [result_plain(r) for r in box.results(session, actor, project_id)]
    newest: dict[str, dict[str, Any]] = {}
    for entry in everything:
        key = entry["kind"] if entry["kind"] != "evaluation_report" else f"evaluation_report:{entry['title']}"
        newest.setdefault(key, entry)
    lanes = [
        {
            "stage": str(stage),
            "name": stage.zh,
            "name_en": stage.en,
            "results": [e for e in newest.values() if e["stage"] == stage],
        }
        for stage in Stage
    ]
    have = {e["kind"] for e in everything}
    steps = [
        ("boundary", "site"),
        ("conflict_report", "check"),
        ("drawing_set", "drawings"),
        ("indicator_table", "indicators"),
        ("fee_statement", "fees"),
    ]
    return {
        "project": project_plain(project),
        "lanes": lanes,
        "results": everything,
        "steps": [{"kind": k, "page": p, "done": k in have} for k, p in steps],
        "next": next((p for k, p in steps if k not in have), "cases"),
        "own": project.organisation_id == actor.organisation_id,
    }
