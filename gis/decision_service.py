"""Use cases: the editor's decision list of 差异图斑. Never commits."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import shape
from sqlalchemy.orm import Session

from gis import decision_store, repository
from gis.decision import Decision, Verdict, standing
from gis.differences import Relation
from gis.layer import layer_catalogue
from gis.models import PlanDecision
from gis.plan_compare import diff_layers, scope_of
from gis.rules import CATALOGUE
from project_box import service as box
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role

_STRICT = ConfigDict(extra="forbid", frozen=True)
REASON_LONGEST = 2000


class Comparison(BaseModel):
    """A comparison offered by name."""

    model_config = _STRICT

    code: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    name: str
    name_en: str
    a: str
    b: str
    relation: Relation
    classes_a: str | None = None
    classes_b: str | None = None


class Comparisons(BaseModel):
    """``comparisons.yaml``."""

    model_config = _STRICT

    comparisons: tuple[Comparison, ...]


@lru_cache
def comparisons() -> dict[str, Comparison]:
    """The comparisons of the catalogue by code, in order.

    Raises:
        CatalogueError: the file is wrong, or names a layer that is not defined.
    """
    path = CATALOGUE / "comparisons.yaml"
    found: dict[str, Comparison] = {}
    for each in parse(Comparisons, path).comparisons:
        for code in (each.a, each.b):
            if code not in layer_catalogue().layers:
                raise CatalogueError(
                    f"{path.name}：没有图层 {code}", f"{path.name}: no layer {code}", place=each.code
                )
        if each.code in found:
            raise CatalogueError(
                f"{path.name}：{each.code} 重复", f"{path.name}: {each.code} twice", place=each.code
            )
        found[each.code] = each
    return found


def may_decide(actor: Actor | None) -> bool:
    """Plan editors: reviewers and signers of the bureau, the planning discipline, administrators."""
    if actor is None:
        return False
    planner = actor.has(Role.DISCIPLINE) and actor.discipline == "planning"
    return planner or actor.has(Role.REVIEWER, Role.SIGNER, Role.ADMIN)


def decision_list(
    session: Session,
    code_a: str,
    code_b: str,
    *,
    relation: Relation = Relation.OVERLAP,
    class_a: str | None = None,
    class_b: str | None = None,
) -> dict[str, Any]:
    """The differences of :func:`gis.plan_compare.diff_layers`, each with the decision that stands, and the log.

    Returns:
        what that gives, with ``decision`` in every difference, ``decided`` (counts and areas by decision), ``log``
        (newest first) and ``settled``: decisions whose polygon is no longer there.
    """
    found = diff_layers(session, code_a, code_b, relation=relation, class_a=class_a, class_b=class_b)
    entries = decision_store.log(session, scope_of(found["a"]["code"], found["b"]["code"], relation))
    shapes = [(d["code"], shape(d["geometry"])) for d in found["differences"]]
    stands, gone = standing(entries, shapes)
    for each in found["differences"]:
        made = stands.get(each["code"])
        each["decision"] = _entry(made) if made is not None else None
    found["decided"] = _totals(found["differences"])
    found["log"] = [_entry(e) for e in reversed(entries)]
    # with a class filter, a polygon outside of it is not gone
    found["settled"] = [] if class_a or class_b else [_entry(e) for e in gone]
    return found


def _totals(differences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for verdict in (None, *Verdict):
        if verdict is Verdict.REOPENED:
            continue
        mine = [
            d["area_m2"]
            for d in differences
            if (d["decision"]["verdict"] if d["decision"] else None) == (verdict.value if verdict else None)
        ]
        rows.append(
            {
                "verdict": verdict.value if verdict else None,
                "name": verdict.zh if verdict else "待决定",
                "name_en": verdict.en if verdict else "Open",
                "count": len(mine),
                "area_m2": round(sum(mine), 2),
            }
        )
    return rows


def _entry(entry: Decision) -> dict[str, Any]:
    return {
        "number": entry.number,
        "polygon": entry.polygon,
        "verdict": entry.verdict.value,
        "verdict_name": entry.verdict.zh,
        "verdict_name_en": entry.verdict.en,
        "reason": entry.reason,
        "by": entry.by,
        "at": entry.at.isoformat(),
        "version_a": entry.version_a,
        "version_b": entry.version_b,
    }


def decide(
    session: Session,
    actor: Actor | None,
    code_a: str,
    code_b: str,
    polygon: str,
    verdict: str,
    reason: str,
    *,
    relation: Relation = Relation.OVERLAP,
    operator: str | None = None,
) -> dict[str, Any]:
    """Add a decision about one polygon to the log.

    Args:
        actor: who decides; None on the command line, where ``operator`` names the person.
        polygon: code of a difference that exists now.
        verdict: ``keep_a``, ``keep_b``, ``amend``, ``tolerated`` or ``reopened``.
        reason: why; must be given.

    Raises:
        Forbidden: not an editor of plans.
        BadInput: no such decision, or no reason.
        NotFound: there is no such difference (any more).
        Conflict: there is nothing to reopen.
    """
    if actor is not None and not may_decide(actor):
        raise Forbidden(
            "只有审核、签发人员、规划专业和系统管理员可以决定差异图斑",
            "only reviewers, signers, planners and administrators decide about differences",
            code="not_an_editor",
        )
    chosen, why = _asked(verdict, reason)
    found = decision_list(session, code_a, code_b, relation=relation)
    target = next((d for d in found["differences"] if d["code"] == polygon), None)
    if target is None:
        raise NotFound(
            f"没有差异图斑 {polygon[:20]}",
            f"no difference {polygon[:20]}",
            code="difference_not_found",
            remedy="图层更新后差异图斑会变化，请重新比对",
        )
    if chosen is Verdict.REOPENED and target["decision"] is None:
        raise Conflict(
            "该图斑还没有决定，无可撤回", "nothing was decided yet", code="not_decided", remedy="先作出决定"
        )
    scope = scope_of(found["a"]["code"], found["b"]["code"], relation)
    entry = PlanDecision(
        scope=scope,
        polygon=target["decision"]["polygon"] if target["decision"] else polygon,
        decision=chosen.value,
        reason=why,
        version_a=found["a"]["version"],
        version_b=found["b"]["version"],
        label_a=target["a"]["label"],
        label_b=target["b"]["label"] if target["b"] else "",
        area_m2=target["area_m2"],
        decided_at=box.now(),
        decided_by=actor.user_id if actor is not None else None,
        decided_by_name=actor.name if actor is not None else (operator or "命令行")[:60],
    )
    decision_store.add(session, entry, shape(target["geometry"]), found["crs"])
    box.record_audit(
        session,
        actor,
        "gis.difference.decided",
        f"difference:{scope}:{polygon}",
        {"decision": chosen.value, "reason": why, "area_m2": target["area_m2"], "entry": entry.id},
    )
    return {
        "number": entry.id,
        "polygon": polygon,
        "verdict": chosen.value,
        "verdict_name": chosen.zh,
        "reason": why,
        "by": entry.decided_by_name,
        "at": entry.decided_at.isoformat(),
    }


def _asked(verdict: str, reason: str) -> tuple[Verdict, str]:
    try:
        chosen = Verdict(verdict)
    except ValueError as error:
        raise BadInput(
            "请选择决定",
            "no such decision",
            code="unknown_decision",
            place="verdict",
            remedy=f"可选：{'、'.join(v.value for v in Verdict)}",
        ) from error
    why = reason.strip()
    if not why or len(why) > REASON_LONGEST:
        raise BadInput(
            "请写明理由" if not why else f"理由不超过 {REASON_LONGEST} 字",
            "a reason is needed" if not why else "the reason is too long",
            code="required" if not why else "too_long",
            place="reason",
            remedy="写明决定的理由",
        )
    return chosen, why


def version_on(session: Session, code: str, day: dt.date) -> dict[str, Any]:
    """Which version of a layer was valid on a day: the last one that had taken effect by then.

    Raises:
        NotFound: no such layer, or none had taken effect.
    """
    definition = layer_catalogue().get(code)
    rows = [r for r in repository.versions(session, definition.code) if r.valid_from <= day]
    if not rows:
        raise NotFound(
            f"{day.isoformat()} 没有生效的{definition.name}",
            f"no version of {definition.code} was valid on {day.isoformat()}",
            code="no_version_then",
            remedy="核对日期，或导入当时的版本",
        )
    row = max(rows, key=lambda r: (r.valid_from, r.id))
    return {
        "code": definition.code,
        "on": day.isoformat(),
        "version": row.version,
        "id": row.id,
        "current": row.current,
    }
