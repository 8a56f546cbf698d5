"""规划核实 as page and API show it: the approved revision against the one measured on site."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from drawings import service
from drawings.comparing.compare_plain import comparison_to_plain
from elements.calculators.as_built import UNITS_EN, TierSet, judge, tier_sets
from elements.engine.loading import load_catalogue
from project_box import service as box
from project_box.document import typeset
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.views.projects import project_plain

_TABLE = "verification-tolerance"
_FURTHEST_M = Decimal(10)


def known_tier_sets() -> dict[str, TierSet]:
    """Tier sets of the newest edition of the tolerance table."""
    edition = max(load_catalogue().tariffs.tables[_TABLE].editions, key=lambda e: e.valid_from)
    return tier_sets(edition.rows, edition.doc_no, edition.verified)


def as_built_plain(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    approved: int | None,
    built: int | None,
    tiers: str,
    position: str,
) -> dict[str, Any]:
    """The conclusion with its lines; the two newest revisions where none are named.

    Raises:
        NotFound: no such project or revision for this person. BadInput: an unknown tier set, a bad tolerance.
    """
    sets = known_tier_sets()
    if tiers and tiers not in sets:
        raise BadInput(
            f"没有允许误差分档“{tiers[:20]}”", f"no tier set {tiers[:20]!r}", place="tiers", code="tier_set",
            remedy="可选：" + "、".join(sets),
            remedy_en="choose one of " + ", ".join(sets),
        )  # fmt: skip
    pair = service.compare_revisions(session, actor, project_id, approved, built)
    old, new, found = pair.before, pair.after, pair.found
    tables = [service.revision_areas(session, actor, project_id, r.number)[1] for r in (old, new)]
    result = judge(tables[0], tables[1], found, sets.get(tiers), _metres(position))
    return {
        "project_id": str(project_id),
        "approved": old.number,
        "built": new.number,
        "tier_set": tiers or None,
        "position_tolerance_m": position or None,
        "outcome": result.outcome.value,
        "outcome_name": result.outcome.zh,
        "text": result.text,
        "text_en": result.text_en,
        "lines": [{**to_plain(line), "outcome_name": line.outcome.zh} for line in result.lines],
        "uses": [{**to_plain(u), "text": u.text, "text_en": u.text_en} for u in result.uses],
        "changes": comparison_to_plain(found)["counts"],
    }


def _metres(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= _FURTHEST_M:
        raise BadInput(
            "位置允许偏差须为 0 到 10 之间的米数", "the tolerance of position must be 0 to 10 metres", place="position",
            code="tolerance", remedy="例如 0.10",
            remedy_en="such as 0.10",
        )  # fmt: skip
    return value


def as_built_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    approved: int | None,
    built: int | None,
    tiers: str,
    position: str,
) -> dict[str, Any]:
    """What the page shows; ``found`` is None while there is only one revision."""
    project = box.get_project(session, actor, project_id)
    numbers = [r.number for r in service.revisions(session, actor, project_id)]
    return {
        "project": project_plain(project),
        "revisions": numbers,
        "tier_sets": [
            {"code": t.code, "doc_no": t.doc_no, "tiers": to_plain(list(t.tiers))}
            for t in known_tier_sets().values()
        ],
        "found": as_built_plain(session, actor, project_id, approved, built, tiers, position)
        if len(numbers) > 1
        else None,
        "tiers": tiers,
        "position": position,
    }


_MODES = {
    "flat_by_total": ("按总面积所在一档的比例", "by the rate of the tier the total lies in"),
    "progressive": ("分档累进", "progressive by tiers"),
}
_OUTCOMES = {"pass": "complies", "fail": "does not comply", "undecided": "undecided", "note": "note"}


def as_built_pdf(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    approved: int | None,
    built: int | None,
    tiers: str,
    position: str,
    *,
    english: bool = False,
) -> tuple[str, bytes]:
    """规划核实意见 as (file name, PDF): the conclusion, its table, the tolerances it rests on, changes of use.

    Raises:
        NotFound: no such project or revision for this person. BadInput: an unknown tier set, a bad tolerance.
    """
    project = box.get_project(session, actor, project_id)
    found = as_built_plain(session, actor, project_id, approved, built, tiers, position)
    chosen = known_tier_sets().get(tiers)
    rows = service.revisions(session, actor, project_id)
    dates = {r.number: r.created_at.astimezone().date() for r in rows}
    end = "_en" if english else ""

    def revision(number: int) -> str:
        return f"revision {number} ({dates[number]})" if english else f"第 {number} 版（{dates[number]}）"

    def unit(line: Mapping[str, Any]) -> str:
        return UNITS_EN.get(line["unit"], line["unit"]) if english else str(line["unit"])

    def outcome(entry: Mapping[str, Any]) -> str:
        return _OUTCOMES[entry["outcome"]] if english else str(entry["outcome_name"])

    data = {
        "english": english,
        "project_name": project.name,
        "project_code": project.code,
        "approved": revision(found["approved"]),
        "built": revision(found["built"]),
        "position": f"{position} m" if position else ("not given" if english else "未给出"),
        "outcome": outcome(found),
        "text": found[f"text{end}"].split("\n")[0],
        "tier_set": _tiers_printed(chosen, english) if chosen is not None else None,
        "lines": [
            [line[f"name{end}"],
             *(_with_unit(line[k], unit(line)) for k in ("approved", "built", "difference", "allowed")),
             outcome(line), line[f"why{end}"]]
            for line in found["lines"]
        ],
        "uses": [[u["building"], u["floor"], u[f"text{end}"], "、".join(u["handles"][:8])] for u in found["uses"]],
    }  # fmt: skip
    pdf, _ = typeset("as_built", data, created=max(r.created_at for r in rows))
    return f"{project.name}-{'as-built' if english else '规划核实意见'}.pdf", pdf


def _tiers_printed(chosen: TierSet, english: bool) -> dict[str, Any]:
    rows, last = [], None
    for row in chosen.tiers:
        upper = row["up_to"]
        if english:
            named = (
                f"up to {upper} m²"
                if last is None
                else f"{last} to {upper} m²"
                if upper
                else f"above {last} m²"
            )
        else:
            named = (
                f"{upper} ㎡ 及以下"
                if last is None
                else f"{last} 至 {upper} ㎡"
                if upper
                else f"{last} ㎡ 以上"
            )
        rows.append([named, f"{row['rate']}%"])
        last = upper
    mode = _MODES.get(chosen.mode, (chosen.mode, chosen.mode))
    unverified = " (not verified)" if english else "（未核实）"
    return {
        "code": chosen.code,
        "mode": mode[english],
        "cap": f"{chosen.cap} ㎡" if chosen.cap is not None else "",
        "source": chosen.doc_no + ("" if chosen.verified else unverified),
        "rows": rows,
    }


def _with_unit(value: Any, unit: str) -> str:
    return "—" if value is None else f"{value} {unit}"
