"""规划核实 as page and API show it: the approved revision against the one measured on site."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from drawings import service
from drawings.comparing.compare_plain import comparison_to_plain
from drawings.models import Revision
from elements.calculators.as_built import UNITS_EN, TierSet, judge, tier_sets
from elements.engine.loading import load_catalogue
from project_box import service as box
from project_box.document import typeset
from project_box.kernel.calendar import CHINA
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.views.projects import project_plain

_TABLE = "verification-tolerance"
_FURTHEST_M = Decimal(10)


def known_tier_sets() -> dict[str, TierSet]:
    """Tier sets of the newest edition of the tolerance table."""
    edition = max(load_catalogue().tariffs.tables[_TABLE].editions, key=lambda e: e.valid_from)
    return tier_sets(edition.rows, edition.doc_no, edition.verified)


@dataclass(frozen=True, slots=True)
class Taken:
    """The two revisions that are compared, and why these.

    Attributes:
        rounds: number of a revision → round of joint review in which everybody agreed to it.
        chosen: a person named both; otherwise the platform proposes.
    """

    approved: Revision
    built: Revision
    rounds: Mapping[int, int]
    chosen: bool

    def text(self, revision: Revision, english: bool) -> str:
        """``第 2 版（2026-11-22 提交，第 1 轮联合审图通过）``."""
        number, day = revision.number, revision.created_at.astimezone(CHINA).date()
        passed = self.rounds.get(number)
        if english:
            return f"revision {number} (handed in {day}{f', agreed to in round {passed}' if passed else ''})"
        return f"第 {number} 版（{day} 提交{f'，第 {passed} 轮联合审图通过' if passed else ''}）"

    def told(self, english: bool) -> str:
        """The line of the conclusion that says which were taken."""
        old, new = self.text(self.approved, english), self.text(self.built, english)
        late = self.built.number < self.approved.number
        bare = self.approved.number not in self.rounds
        if english:
            notes = (
                "the as-built drawings are older than the approved ones" if late else "",
                "no round of review agreed to the approved drawings" if bare else "",
                "" if self.chosen else "both were proposed by the platform",
            )
            said = "; ".join(n for n in notes if n)
            return f"Approved drawings: {old}; as-built drawings: {new}.{f' Note: {said}.' if said else ''}"
        notes = (
            "竣工图纸早于审定图纸" if late else "",
            "审定图纸没有联合审图通过的记录" if bare else "",
            "" if self.chosen else "两版由平台预选，请核对",
        )
        said = "；".join(n for n in notes if n)
        return f"审定图纸：{old}；竣工图纸：{new}。{f'注意：{said}。' if said else ''}"


def taken(
    session: Session, actor: Actor, project_id: uuid.UUID, approved: int | None, built: int | None
) -> Taken:
    """The revisions a person named; else the one review agreed to last, and the newest one after it.

    Raises:
        NotFound: no such project or revision for this person, or there are no two. BadInput: both are the same.
    """
    known = {r.number: r for r in service.revisions(session, actor, project_id)}
    for number in (approved, built):
        if number is not None and number not in known:
            raise NotFound(f"没有第 {number} 版图纸", f"no revision {number}")
    if len(known) < 2:
        raise NotFound(
            "只有一版图纸，没有可以核实的竣工图纸", "there is only one revision, nothing to compare"
        )
    rounds = service.agreed_revisions(session, actor, project_id)
    old, new = _proposed(sorted(known, reverse=True), list(rounds), approved, built)
    if old == new:
        raise BadInput(
            f"审定图纸和竣工图纸选了同一版（第 {old} 版）", f"approved and as-built are both revision {old}",
            code="same_revision", place="built", remedy="选择竣工测量后提交的那一版",
            remedy_en="choose the revision handed in after the survey",
        )  # fmt: skip
    if new is None:
        raise BadInput(
            f"第 {old} 版通过联合审图之后还没有提交竣工图纸", f"nothing came after revision {old} was agreed to",
            code="no_survey", place="built", remedy="提交竣工图纸，或指定要核实的两版",
            remedy_en="hand in the as-built drawings, or name the two revisions",
        )  # fmt: skip
    return Taken(known[old], known[new], rounds, approved is not None and built is not None)


def _proposed(
    numbers: list[int], agreed: list[int], approved: int | None, built: int | None
) -> tuple[int, int | None]:
    """(approved, as built) of two or more revisions, newest first; None where nothing came after the approved one."""
    earlier = [n for n in numbers if n != (built or numbers[0])]
    old = approved or next((n for n in agreed if n != built), None) or earlier[0]
    return old, built or (numbers[0] if numbers[0] > old else None)


def as_built_plain(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    approved: int | None,
    built: int | None,
    tiers: str,
    position: str,
) -> dict[str, Any]:
    """The conclusion with its lines; the revisions are those of :func:`taken`.

    Raises:
        NotFound: no such project or revision for this person. BadInput: an unknown tier set, a bad tolerance, one
            revision twice.
    """
    sets = known_tier_sets()
    if tiers and tiers not in sets:
        raise BadInput(
            f"没有允许误差分档“{tiers[:20]}”", f"no tier set {tiers[:20]!r}", place="tiers", code="tier_set",
            remedy="可选：" + "、".join(sets),
            remedy_en="choose one of " + ", ".join(sets),
        )  # fmt: skip
    used = taken(session, actor, project_id, approved, built)
    old, new = used.approved.number, used.built.number
    found = service.compare_revisions(session, actor, project_id, old, new, in_place=True).found
    tables = [service.revision_areas(session, actor, project_id, n)[1] for n in (old, new)]
    result = judge(tables[0], tables[1], found, sets.get(tiers), _metres(position))
    return {
        "project_id": str(project_id),
        "approved": old,
        "built": new,
        "taken": {"approved": used.text(used.approved, False), "built": used.text(used.built, False),
                  "approved_en": used.text(used.approved, True), "built_en": used.text(used.built, True),
                  "chosen": used.chosen, "text": used.told(False), "text_en": used.told(True)},
        "tier_set": tiers or None,
        "position_tolerance_m": position or None,
        "outcome": result.outcome.value,
        "outcome_name": result.outcome.zh,
        "text": _with_second_line(result.text, used.told(False)),
        "text_en": _with_second_line(result.text_en, used.told(True)),
        "lines": [{**to_plain(line), "outcome_name": line.outcome.zh} for line in result.lines],
        "uses": [{**to_plain(u), "text": u.text, "text_en": u.text_en} for u in result.uses],
        "changes": comparison_to_plain(found)["counts"],
    }  # fmt: skip


def _with_second_line(text: str, line: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, line, *rest])


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
    rows = service.revisions(session, actor, project_id)
    rounds = service.agreed_revisions(session, actor, project_id)
    found, error = None, None
    try:
        found = as_built_plain(session, actor, project_id, approved, built, tiers, position)
    except BadInput as refused:  # told above the form, which keeps what was chosen
        error = refused
    except NotFound:
        if len(rows) > 1:
            raise
    return {
        "project": project_plain(project),
        "revisions": [
            {
                "number": r.number,
                "day": r.created_at.astimezone(CHINA).date().isoformat(),
                "round": rounds.get(r.number),
            }
            for r in rows
        ],
        "tier_sets": [
            {"code": t.code, "doc_no": t.doc_no, "tiers": to_plain(list(t.tiers))}
            for t in known_tier_sets().values()
        ],
        "found": found,
        "error": error,
        "chosen": (found["approved"], found["built"]) if found else (approved, built),
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
    end = "_en" if english else ""

    def unit(line: Mapping[str, Any]) -> str:
        return UNITS_EN.get(line["unit"], line["unit"]) if english else str(line["unit"])

    def outcome(entry: Mapping[str, Any]) -> str:
        return _OUTCOMES[entry["outcome"]] if english else str(entry["outcome_name"])

    data = {
        "english": english,
        "project_name": project.name,
        "project_code": project.code,
        "approved": found["taken"][f"approved{end}"],
        "built": found["taken"][f"built{end}"],
        "position": f"{position} m" if position else ("not given" if english else "未给出"),
        "outcome": outcome(found),
        "text": " ".join(found[f"text{end}"].split("\n")[:2]),
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
