"""Use cases: the editor's decision list of 差异图斑. Never commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from gis import repository
from gis.check.conflict import Period
from gis.differences import decision_store, difference_service, difference_store
from gis.differences.decision import SAME_OUTLINE_M, Decision, Verdict, standing
from gis.differences.difference_pages import Filter
from gis.differences.difference_run import scope_of
from gis.differences.difference_service import Asked, Pair
from gis.differences.differences import Relation, as_shape
from gis.layers.layer import layer_catalogue
from gis.models import PlanDecision
from gis.rules import CATALOGUE
from project_box import service as box
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role

_STRICT = ConfigDict(extra="forbid", frozen=True)
#: polygons decided together
AT_ONCE = 1_000
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


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: ``verdict`` (``open`` for undecided ones), a pair of legend keys, rows."""

    verdict: str = ""
    kinds: tuple[str | None, str | None] | None = None
    most: int | None = None
    skip: int = 0


def decision_list(
    session: Session,
    code_a: str,
    code_b: str,
    *,
    relation: Relation = Relation.OVERLAP,
    class_a: str | None = None,
    class_b: str | None = None,
) -> dict[str, Any]:
    """The whole list, computed now unless it is kept already: :func:`decisions` of all polygons.

    Raises:
        NotFound, BadInput: as :func:`gis.differences.difference_service.ask`.
    """
    asked = Asked(code_a, code_b, relation, class_a or "", class_b or "")
    return decisions(session, difference_service.ask(session, asked, wait=True), Page())


def decisions(session: Session, pair: Pair, page: Page) -> dict[str, Any]:
    """Differences of a finished run, each with the decision that stands, and the log.

    Returns:
        what :func:`gis.differences.difference_service.head` gives, with ``differences`` of the page
        (``found``: how many there are of the kind asked for), ``decided`` (counts and areas by decision), ``log``
        (newest first) and ``settled``: decisions whose polygon is no longer there.
    """
    chosen = difference_service.wanted(session, pair)
    found = difference_service.head(session, pair, chosen)
    entries = decision_store.log(session, _scope(pair))
    stands, gone = _standing(session, pair, entries)
    decided = difference_store.polygons(
        session,
        pair.run.id,
        sliver=False,
        wanted=replace(chosen, codes=tuple(stands)),
        most=None,
        geometry=False,
    )
    found["decided"] = _totals(found, [(stands[d["code"]].verdict, d["area_m2"]) for d in decided])
    narrowed = replace(chosen, kinds=page.kinds)
    if page.verdict == "open":
        narrowed = replace(narrowed, without=tuple(stands))
    elif page.verdict:
        narrowed = replace(
            narrowed, codes=tuple(c for c, e in stands.items() if e.verdict.value == page.verdict)
        )
    narrow = page.kinds is not None or bool(page.verdict)
    sums = difference_store.totals(session, pair.run.id, sliver=False, wanted=narrowed) if narrow else None
    found["found"] = sum(count for _, _, count, _ in sums) if sums is not None else found["count"]
    found["differences"] = difference_service.listed(session, pair, narrowed, most=page.most, skip=page.skip)
    for each in found["differences"]:
        made = stands.get(each["code"])
        each["decision"] = _entry(made) if made is not None else None
    found["slivers"]["differences"] = difference_service.listed_slivers(session, pair, chosen)
    found["log"] = [_entry(e) for e in reversed(entries)]
    # with a class filter, a polygon outside of it is not gone
    found["settled"] = [] if pair.asked.class_a or pair.asked.class_b else [_entry(e) for e in gone]
    return found


def _scope(pair: Pair) -> str:
    return scope_of(pair.a.code, pair.b.code, pair.asked.relation)


def _standing(
    session: Session, pair: Pair, entries: Sequence[Decision]
) -> tuple[dict[str, Decision], list[Decision]]:
    if not entries:
        return {}, []
    rows = difference_store.near(session, pair.run.id, _scope(pair), SAME_OUTLINE_M)
    return standing(entries, [(r["code"], as_shape(r["geometry"])) for r in rows])


def _totals(found: dict[str, Any], decided: Sequence[tuple[Verdict, float]]) -> list[dict[str, Any]]:
    rows = []
    for verdict in Verdict:
        if verdict is Verdict.REOPENED:
            continue
        mine = [m2 for made, m2 in decided if made is verdict]
        rows.append(_total(verdict.value, verdict.zh, verdict.en, len(mine), sum(mine)))
    count, area = found["count"] - len(decided), found["area_m2"] - sum(m2 for _, m2 in decided)
    return [_total(None, "待决定", "Open", count, area), *rows]


def _total(verdict: str | None, name: str, name_en: str, count: int, area: float) -> dict[str, Any]:
    return {"verdict": verdict, "name": name, "name_en": name_en, "count": count, "area_m2": round(area, 2)}


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
    polygons: Sequence[str],
    verdict: str,
    reason: str,
    *,
    relation: Relation = Relation.OVERLAP,
    operator: str | None = None,
) -> list[dict[str, Any]]:
    """Add the same decision about some polygons to the log, about all of them or none.

    Args:
        actor: who decides; None on the command line, where ``operator`` names the person.
        polygons: codes of differences that exist now.
        verdict: ``keep_a``, ``keep_b``, ``amend``, ``tolerated`` or ``reopened``.
        reason: why; must be given.

    Raises:
        Forbidden: not an editor of plans.
        BadInput: no polygon or too many, no such decision, or no reason.
        NotFound: there is no such difference (any more).
        Conflict: there is nothing to reopen.
    """
    _check_editor(actor)
    chosen, why = _asked(verdict, reason)
    pair = difference_service.ask(session, Asked(code_a, code_b, relation), wait=True)
    scope = _scope(pair)
    entries = []
    for polygon, (target, made) in _targets(session, pair, polygons).items():
        if chosen is Verdict.REOPENED and made is None:
            raise _undecided(polygon)
        entry = PlanDecision(
            scope=scope,
            polygon=made.polygon if made is not None else polygon,
            decision=chosen.value,
            reason=why,
            version_a=pair.version_a.version,
            version_b=pair.version_b.version,
            label_a=target["label_a"],
            label_b=target["label_b"] or "",
            area_m2=target["area_m2"],
            decided_at=box.now(),
            decided_by=actor.user_id if actor is not None else None,
            decided_by_name=actor.name if actor is not None else (operator or "命令行")[:60],
        )
        entries.append(_logged(session, actor, pair, polygon, entry, target["geometry"]))
    return entries


def _check_editor(actor: Actor | None) -> None:
    """On the command line, where there is no actor, whoever may run it may decide."""
    if actor is not None and not may_decide(actor):
        raise Forbidden(
            "只有审核、签发人员、规划专业和系统管理员可以决定差异图斑",
            "only reviewers, signers, planners and administrators decide about differences",
            code="not_an_editor",
        )


def _undecided(polygon: str) -> Conflict:
    return Conflict(
        "该图斑还没有决定，无可撤回",
        "nothing was decided yet",
        code="not_decided",
        place=polygon,
        remedy="先作出决定",
        remedy_en="decide first",
    )


def _logged(
    session: Session,
    actor: Actor | None,
    pair: Pair,
    polygon: str,
    entry: PlanDecision,
    geometry: Any,
) -> dict[str, Any]:
    decision_store.add(session, entry, as_shape(geometry), pair.version_a.check_crs)
    box.record_audit(
        session,
        actor,
        "gis.difference.decided",
        f"difference:{entry.scope}:{polygon}",
        {
            "decision": entry.decision,
            "reason": entry.reason,
            "area_m2": entry.area_m2,
            "entry": entry.id,
        },
    )
    return {
        "number": entry.id,
        "polygon": polygon,
        "verdict": entry.decision,
        "verdict_name": Verdict(entry.decision).zh,
        "reason": entry.reason,
        "by": entry.decided_by_name,
        "at": entry.decided_at.isoformat(),
    }


def _targets(
    session: Session, pair: Pair, polygons: Sequence[str]
) -> dict[str, tuple[dict[str, Any], Decision | None]]:
    """Polygons of a run by code, in the order asked for, each with the decision that stands for it."""
    codes = tuple(dict.fromkeys(polygons))
    if not 0 < len(codes) <= AT_ONCE:
        raise BadInput(
            "请先勾选图斑" if not codes else f"一次最多决定 {AT_ONCE} 个图斑",
            "no polygon chosen" if not codes else f"at most {AT_ONCE} polygons at a time",
            code="required" if not codes else "too_many",
            place="polygon",
            remedy="在清单里勾选要决定的图斑" if not codes else "分几次决定",
            remedy_en="tick the polygons in the list" if not codes else "decide in several parts",
        )
    rows = difference_store.polygons(
        session, pair.run.id, sliver=False, wanted=Filter(codes=codes), most=len(codes)
    )
    found = {row["code"]: row for row in rows}
    lost = next((code for code in codes if code not in found), None)
    if lost is not None:
        raise NotFound(
            f"没有差异图斑 {lost[:20]}",
            f"no difference {lost[:20]}",
            code="difference_not_found",
            remedy="图层更新后差异图斑会变化，请重新比对",
            remedy_en="the differences change with the layers: compare again",
        )
    stands, _ = _standing(session, pair, decision_store.log(session, _scope(pair)))
    return {code: (found[code], stands.get(code)) for code in codes}


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
            remedy_en=f"choose one of {', '.join(v.value for v in Verdict)}",
        ) from error
    why = reason.strip()
    if not why or len(why) > REASON_LONGEST:
        raise BadInput(
            "请写明理由" if not why else f"理由不超过 {REASON_LONGEST} 字",
            "a reason is needed" if not why else "the reason is too long",
            code="required" if not why else "too_long",
            place="reason",
            remedy="写明决定的理由",
            remedy_en="write the reason of the decision",
        )
    return chosen, why


def version_on(session: Session, code: str, day: dt.date) -> dict[str, Any]:
    """Which version of a layer was valid on a day: the last one that had taken effect and not ended.

    Raises:
        NotFound: no such layer, or none had taken effect.
    """
    definition = layer_catalogue().get(code)
    rows = [
        r
        for r in repository.versions(session, definition.code)
        if Period(r.version, r.valid_from, r.valid_to).holds_on(day)
    ]
    if not rows:
        raise NotFound(
            f"{day.isoformat()} 没有生效的{definition.name}",
            f"no version of {definition.code} was valid on {day.isoformat()}",
            code="no_version_then",
            remedy="核对日期，或导入当时的版本",
            remedy_en="check the date, or import the version of that time",
        )
    row = max(rows, key=lambda r: (r.valid_from, r.id))
    return {
        "code": definition.code,
        "on": day.isoformat(),
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to is not None else None,
        "id": row.id,
        "current": row.current,
    }
