"""一表式审查 as a page: the form, the table in groups, what the project's box knows, runs side by side."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from drawings import service as drawings
from elements import run as runs
from elements import service
from elements.engine.element import Type
from elements.engine.engine import Catalogue
from elements.engine.values import ElementValue
from elements.registers import service as registers
from elements.registers.models import RegisterLine
from elements.registers.review import Review, known_values, names_of, review
from elements.review import filtered, grouped
from elements.rulesets.ruleset_service import rules_for
from elements.workbooks.workbook import dump_json, input_codes, read_workbook
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.views.elements import compare_plain, run_plain, text_of

#: fields of the form that are not inputs of the business
_OWN_FIELDS = {
    "project": "", "subject": "", "decision": "", "opinion": "", "at": "", "each": "", "against": "", "show": "all"
}  # fmt: skip
_MAX_RUNS = 5


def typed_day(typed: Mapping[str, str]) -> dt.date:
    """The day whose rules apply, today when none is typed.

    Raises:
        BadInput: not a date.
    """
    text = typed.get("at", "").strip()
    if not text:
        return service.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"“{text[:20]}”不是日期，应如 2026-06-03", "ISO date expected", place="at") from error


def _project_id(typed: Mapping[str, str]) -> uuid.UUID | None:
    text = typed.get("project", "").strip()
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise BadInput("项目编号格式不对", "project id expected", place="project") from error


def form_view(
    session: Session,
    actor: Actor,
    business: str,
    typed: Mapping[str, str],
    *,
    plain: dict[str, Any] | None = None,
    known: Mapping[str, ElementValue] | None = None,
    comparison: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The page: fields in groups with what was typed or is known, the table filtered and grouped, runs beside it.

    Raises:
        NotFound: no such business. BadInput: no such filter.
    """
    day = typed_day(typed)
    catalogue = rules_for(session, _project_id(typed), day)
    file = catalogue.business(business)
    fields = _fields(catalogue, business, typed, day, known or {})
    show = typed.get("show") or "all"
    rows = filtered(plain["review"], show) if plain is not None else []
    project = _project_id(typed)
    view = {
        "business": {
            "code": file.business, "name": file.name, "name_en": file.name_en, "class_name": file.class_name
        },
        "fields": fields,
        "groups": _groups(fields),
        "choices": [f for f in fields if f["options"]],
        "typed": {**_OWN_FIELDS, **typed},
        "projects": _projects(session, actor),
        "run": plain,
        "rows": rows,
        "row_groups": grouped(rows),
        "trace": {t["code"]: t for t in plain["trace"]} if plain is not None else {},
        "sheets": _sheets(session, actor, project) if plain is not None and project is not None else {},
        "may_record": actor.is_officer and plain is not None and project is not None,
        "show": show,
        "comparison": comparison,
        "at": day.isoformat(),
    }  # fmt: skip
    return view


def _projects(session: Session, actor: Actor) -> list[dict[str, str]]:
    return [{"id": str(p.id), "name": p.name, "code": p.code} for p in box.list_projects(session, actor)]


def _fields(
    catalogue: Catalogue,
    business: str,
    typed: Mapping[str, str],
    day: dt.date,
    known: Mapping[str, ElementValue],
) -> list[dict[str, Any]]:
    entries = catalogue.at(day).entries
    out = []
    for code in input_codes(catalogue, business, day):
        entry = entries[code]
        spec = entry.spec
        there = known.get(code)
        out.append(
            {
                "code": code,
                "name": spec.name,
                "name_en": spec.name_en,
                "group": entry.business.name,
                "group_en": entry.business.name_en,
                "type": spec.type.value,
                "unit": spec.unit,
                "options": ["是", "否"] if spec.type is Type.BOOL else spec.options,
                "long": spec.type in (Type.RECORDS, Type.MAP),
                "source": spec.source.zh,
                "note": spec.note,
                "value": typed.get(code, ""),
                "known": _known_text(there) if there is not None else "",
                "known_source": there.source if there is not None else "",
            }
        )
    return out


def _known_text(value: ElementValue) -> str:
    if isinstance(value.value, list):
        return f"{len(value.value)} 项"
    return text_of(to_plain(value.value)) + value.unit


def _groups(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for field in fields:
        group = groups.setdefault(
            field["group"], {"name": field["group"], "name_en": field["group_en"], "fields": [], "filled": 0}
        )
        group["fields"].append(field)
        group["filled"] += bool(field["value"] or field["known"])
    return list(groups.values())


def _sheets(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, dict[str, str]]:
    """Address of each drawing sheet of the project's newest revision, by the file's SHA-256."""
    revision = drawings.current_revision(session, actor, project_id)
    if revision is None:
        return {}
    address = f"/projects/{project_id}/drawings?revision={revision.number}&file="
    return {f.sha256: {"name": f.name, "href": f"{address}{f.position + 1}"} for f in revision.files}


def blank_view(session: Session, actor: Actor, business: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """The page before anything is evaluated; with a project, fields say what its box knows.

    Raises:
        NotFound: no such business, or the project is not visible.
    """
    project = _project_id(typed)
    day = typed_day(typed)
    known = known_values(session, actor, project, business, day) if project is not None else {}
    return form_view(session, actor, business, typed, known=known)


def inputs_of(session: Session, business: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """Filled fields of the form that are inputs of the business."""
    day = typed_day(typed)
    asked = set(input_codes(rules_for(session, _project_id(typed), day), business, day))
    return {k: v.strip() for k, v in typed.items() if k in asked and v.strip()}


def reviewed(session: Session, actor: Actor, business: str, typed: Mapping[str, str]) -> Review | None:
    """The review of the project the form names, None when it names none.

    Raises:
        NotFound: the project is not visible. BadInput: unusable inputs; all faults are listed.
    """
    project = _project_id(typed)
    if project is None:
        return None
    subject = typed.get("subject", "")
    return review(
        session,
        actor,
        project,
        business,
        inputs_of(session, business, typed),
        at=typed_day(typed),
        subject=subject,
    )


def result_view(session: Session, actor: Actor, business: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """The page after the form was sent: evaluated on what is typed, and on the project's box when one is named.

    Raises:
        BadInput: unusable inputs; all faults are listed.
    """
    found = reviewed(session, actor, business, typed)
    inputs, day = inputs_of(session, business, typed), typed_day(typed)
    plain = found.plain if found is not None else run_plain(session, business, inputs, day)
    against = [_pairs(line) for line in typed.get("against", "").splitlines() if line.strip()][:_MAX_RUNS]
    each = typed.get("each", "").strip()
    comparison = compare_plain(session, business, inputs, day, against, each) if against or each else None
    known = {c: v for c, v in found.given.items() if c not in inputs} if found is not None else {}
    return form_view(session, actor, business, typed, plain=plain, known=known, comparison=comparison)


def record(session: Session, actor: Actor, business: str, typed: Mapping[str, str]) -> RegisterLine:
    """记入台账 from the form.

    Raises:
        BadInput: no project is chosen, or unusable inputs. Forbidden: not an officer.
    """
    found = reviewed(session, actor, business, typed)
    if found is None:
        raise BadInput(
            "请先选择项目",
            "choose a project first",
            place="project",
            remedy="在“项目”中选择后再记入台账",
            remedy_en="choose a project before it is entered in the register",
        )
    opinion = typed.get("opinion", "").replace("\r\n", "\n")
    before = runs.opinion_of(
        found.plain, **names_of(found.project)
    )  # as the page drafted it, without the object
    return registers.record_review(
        session,
        actor,
        found,
        subject=typed.get("subject", ""),
        decision=typed.get("decision", ""),
        opinion="" if opinion.strip() == before.strip() else opinion,
    )


def _pairs(line: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for part in re.split(r"[;；、]", line):
        key, mark, value = part.partition("=")
        if not mark or not key.strip():
            raise BadInput(f"“{part.strip()[:40]}”应写作 代码=值", "KEY=VALUE expected", place="against")
        out[key.strip()] = value.strip()
    return out


def imported_view(
    session: Session, actor: Actor, business: str, data: bytes, typed: Mapping[str, str]
) -> dict[str, Any]:
    """The page after an import: the form holds what the workbook said.

    Raises:
        BadInput: faults, by cell.
    """
    day = service.today()
    catalogue = rules_for(session, _project_id(typed), day)
    reading = read_workbook(catalogue, business, data, day)
    given = runs.imported_values(catalogue, reading, day)
    filled = {c: form_text(catalogue, c, v, day) for c, v in reading.values.items()}
    project = _project_id(typed)
    if project is None:
        plain = runs.import_plain(catalogue, business, reading, day)
        view = form_view(session, actor, business, {**typed, **filled}, plain=plain)
    else:
        found = review(session, actor, project, business, {}, given=given, subject=typed.get("subject", ""))
        known = {c: v for c, v in found.given.items() if c not in filled}
        view = form_view(session, actor, business, {**typed, **filled}, plain=found.plain, known=known)
    view["remarks"] = [to_plain(i) for i in reading.issues]
    return view


def form_text(catalogue: Catalogue, code: str, value: Any, day: dt.date) -> str:
    """A value as it stands in a form field, so that the form reads it back."""
    spec = catalogue.at(day).entries[code].spec
    if spec.type in (Type.RECORDS, Type.MAP):
        return dump_json(value)
    if spec.type is Type.LIMIT:
        if value.get("operator") == "between":
            return f"{value.get('value')}..{value.get('value2')}"
        return f"{value.get('operator')}{value.get('value')}"
    return text_of(to_plain(value))
