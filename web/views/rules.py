"""Rule sets, amendments and what-if runs, as pages and API show them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.tariffs import EVIDENCE_ZH
from elements.rulesets import amendment_service as amendments
from elements.rulesets import ruleset_repository as repository
from elements.rulesets import ruleset_service as rules
from elements.rulesets.amendment import locate_edition, locate_element, stored_change
from elements.rulesets.amendment_form import (
    EDITION_FIELDS,
    ELEMENT_FIELDS,
    cell_text,
    column_kinds,
    edition_form,
    element_form,
    new_edition,
)
from elements.rulesets.amendment_text import diff_lines
from elements.rulesets.ruleset import Snapshot, functions_changed
from elements.rulesets.ruleset_models import Amendment
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from web.views.projects import project_plain

#: cells a form holds at once; a larger edition is shown in parts
MAX_CELLS = 700
#: empty rows offered for new ones
BLANK_ROWS = 3
STATE_WORDS = {
    "draft": ("起草中", "Draft", "plain"),
    "submitted": ("待审批", "Awaiting approval", "note"),
    "approved": ("已批准", "Approved", "pass"),
    "rejected": ("已退回", "Rejected", "fail"),
    "withdrawn": ("已撤回", "Withdrawn", "plain"),
}


# ---------------------------------------------------------------- lists


def rule_sets_plain(session: Session) -> dict[str, Any]:
    """Every stored rule set, and which one holds from which day on."""
    base = rules.register_shipped(session)
    today = rules.today()
    current = rules.in_force(session, today)
    seen: set[dt.date] = set()
    calendar = []
    for row in repository.force(session, base):
        if row.effective_from in seen:
            continue
        seen.add(row.effective_from)
        calendar.append(
            {
                "from": None if row.effective_from == dt.date.min else row.effective_from.isoformat(),
                "hash": row.hash,
                "amendments": list(row.amendments),
                "future": row.effective_from > today,
            }
        )
    return {
        "in_force": current.version,
        "today": today.isoformat(),
        "calendar": calendar,
        "rule_sets": [
            {
                "hash": r.hash,
                "sha256": r.sha256,
                "origin": r.origin,
                "created_at": r.created_at.isoformat(),
                "effective_from": r.effective_from.isoformat(),
                "note": r.note,
                "author": r.author,
                "approver": r.approver,
            }
            for r in repository.rule_sets(session)
        ],
    }


def rule_set_plain(session: Session, rule_hash: str) -> dict[str, Any]:
    """One rule set with the text of its files.

    Raises:
        NotFound: no such rule set.
    """
    rules.register_shipped(session)
    row = repository.rule_set(session, rule_hash, content=True)
    if row is None:
        raise NotFound(f"没有规则版本 {rule_hash[:64]}", f"no rule set {rule_hash[:64]!r}")
    catalogue = rules.catalogue_of(session, row.hash)
    return {
        "hash": row.hash,
        "sha256": row.sha256,
        "origin": row.origin,
        "created_at": row.created_at.isoformat(),
        "effective_from": row.effective_from.isoformat(),
        "note": row.note,
        "author": row.author,
        "approver": row.approver,
        "elements": len(catalogue.entries),
        "tables": len(catalogue.tariffs.tables),
        "functions_changed": functions_changed(Snapshot(row.hash, row.content, row.functions)),
        "files": rules.files_of(session, row.hash),
    }


def rules_view(session: Session, actor: Actor) -> dict[str, Any]:
    """The administrator's page: what holds, and all amendments with their state."""
    listed = [_line(a) for a in amendments.list_amendments(session, actor)]
    catalogue = rules.in_force(session)
    return {
        **rule_sets_plain(session),
        "amendments": listed,
        "waiting": sum(a["state"] == "submitted" for a in listed),
        "tables": [
            {
                "code": t.code,
                "name": t.name,
                "name_en": t.name_en,
                "unit": t.unit,
                "editions": len(t.editions),
                "verified": bool(t.editions) and all(e.verified for e in t.editions),
            }
            for t in sorted(catalogue.tariffs.tables.values(), key=lambda t: t.code)
        ],
    }


def _line(found: Amendment) -> dict[str, Any]:
    zh, en, badge = STATE_WORDS[found.state]
    counts = found.preview or {}
    return {
        "number": found.number,
        "kind": found.kind,
        "target": found.target,
        "target_name": found.target_name,
        "state": found.state,
        "state_name": zh,
        "state_name_en": en,
        "badge": badge,
        "effective_from": found.effective_from.isoformat(),
        "reason": found.reason,
        "author": found.author.name,
        "author_id": str(found.author_id),
        "approver": found.approver.name if found.approver is not None else None,
        "created_at": found.created_at.isoformat(),
        "submitted_at": found.submitted_at.isoformat() if found.submitted_at else None,
        "decided_at": found.decided_at.isoformat() if found.decided_at else None,
        "decision": found.decision,
        "trouble": found.trouble,
        "base": found.base,
        "result": found.result,
        "counts": {
            k: counts.get(k) for k in ("evaluated", "values_changed", "conclusions_changed", "cases_changed")
        },
    }


def amendment_plain(session: Session, actor: Actor, number: int) -> dict[str, Any]:
    """One amendment: old and new text, preview, and what the person may do with it."""
    found = amendments.get_amendment(session, actor, number)
    mine = found.author_id == actor.user_id
    may = []
    if mine and found.state in ("draft", "rejected"):
        may.append("edit")
    if mine and found.state == "draft":
        may.append("submit")
    if mine and found.state in ("draft", "submitted", "rejected"):
        may.append("withdraw")
    if not mine and found.state == "submitted":
        may += ["approve", "reject"]
    if found.state in ("draft", "submitted"):
        may.append("preview")
    return {
        **_line(found),
        "file": found.file,
        "old_text": found.old_text,
        "new_text": found.new_text,
        "diff": diff_lines(found.old_text, found.new_text),
        "change": found.change,
        "preview": found.preview,
        "may": may,
        "edit": _edit_address(found),
    }


def _edit_address(found: Amendment) -> str:
    change = stored_change(found.change)
    if change.kind == "element":
        return f"/elements/rules/element/{change.target}?draft={found.number}"
    return f"/elements/rules/table/{change.target}?draft={found.number}"


def case_view(session: Session, actor: Actor, number: int, project_id: str) -> dict[str, Any]:
    """One past case of an amendment's preview, old beside new.

    Raises:
        NotFound: the preview does not name it.
    """
    plain = amendment_plain(session, actor, number)
    found = [c for c in (plain["preview"] or {}).get("cases", []) if c["project_id"] == project_id]
    if not found:
        raise NotFound("预览中没有这个项目", "the preview does not name this project")
    return {"amendment": plain, "cases": found, "name": found[0]["name"], "code": found[0]["code"]}


# ---------------------------------------------------------------- editors


def _draft_of(session: Session, actor: Actor, number: int | None) -> Amendment | None:
    return amendments.get_amendment(session, actor, number) if number is not None else None


def _frame(draft: Amendment | None, typed: Mapping[str, Any] | None) -> dict[str, Any]:
    given = typed or {}
    day = draft.effective_from if draft is not None else rules.today()
    return {
        "reason": given.get("reason", draft.reason if draft is not None else ""),
        "effective_from": given.get("effective_from") or max(day, rules.today()).isoformat(),
        "draft": draft.number if draft is not None else None,
    }


def element_editor(
    session: Session,
    actor: Actor,
    code: str,
    *,
    draft: int | None = None,
    typed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The editor of one element: its fields as they stand, as drafted, or as typed.

    Raises:
        Forbidden, NotFound.
    """
    amendments.only_administrators(actor)
    row = _draft_of(session, actor, draft)
    catalogue, files = amendments.base_on(session, rules.today())
    start = locate_element(catalogue, files, code, rules.today())
    entry = catalogue.at(rules.today()).entries[code]
    values = element_form(row.change["after"] if row is not None else start.after)
    values |= {k: v for k, v in (typed or {}).items() if k in ELEMENT_FIELDS}
    if typed is not None:
        values["verified"] = bool(typed.get("verified"))
    used = [f for f in ELEMENT_FIELDS if _has_place(f, start.after)]
    return {
        "element": {
            "code": code,
            "name": entry.spec.name,
            "name_en": entry.spec.name_en,
            "kind": entry.spec.kind.value,
            "file": start.file,
            "needs": [
                {"code": c, "name": catalogue.at(rules.today()).entries[c].spec.name} for c in entry.needs
            ],
        },
        "values": values,
        "shown": used,
        "rule_hash": catalogue.version,
        **_frame(row, typed),
    }


def _has_place(field: str, item: Mapping[str, Any]) -> bool:
    """Whether a field belongs on the form of this element: what it has, and what any may have."""
    if field in ("formula", "function", "args", "tariff", "formula_text"):
        return field in item
    if field.startswith("text."):
        return "text" in item
    if field in ("minimum", "maximum", "options"):
        return str(item.get("source", "computed")) not in ("computed", "tariff")
    if field in ("precision", "rounding", "carry"):
        return str(item.get("type", "number")) in ("number", "integer")
    return True


def table_view(session: Session, actor: Actor, table: str) -> dict[str, Any]:
    """A table with its editions, each of which can be edited or followed by a new one.

    Raises:
        Forbidden, NotFound.
    """
    amendments.only_administrators(actor)
    catalogue = rules.in_force(session)
    found = catalogue.tariffs.tables.get(table)
    if found is None:
        raise NotFound(f"没有费率表 {table[:60]}", f"no table {table[:60]!r}")
    return {
        "table": {"code": found.code, "name": found.name, "name_en": found.name_en, "unit": found.unit,
                  "note": found.note},
        "editions": [
            {
                "jurisdiction": e.jurisdiction, "doc_no": e.doc_no, "valid_from": e.valid_from.isoformat(),
                "valid_to": e.valid_to.isoformat() if e.valid_to else None, "verified": e.verified,
                "rows": len(e.rows), "holds": e.holds(rules.today()),
            }
            for e in found.editions
        ],
        "places": list(catalogue.tariffs.chains),
        "rule_hash": catalogue.version,
    }  # fmt: skip


def edition_editor(
    session: Session,
    actor: Actor,
    table: str,
    *,
    jurisdiction: str = "",
    replaces: str | None = None,
    draft: int | None = None,
    q: str = "",
    typed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The editor of one edition of a table: document, validity and rows; a large one shows the rows that hold ``q``.

    Raises:
        Forbidden, NotFound.
    """
    amendments.only_administrators(actor)
    row = _draft_of(session, actor, draft)
    catalogue, files = amendments.base_on(session, rules.today())
    if row is not None:
        change = stored_change(row.change)
        replaces = change.replaces["valid_from"] if change.replaces is not None else None
        jurisdiction = str(change.after["jurisdiction"])
        item: dict[str, Any] = change.after
    else:
        item = locate_edition(catalogue, files, table, jurisdiction, replaces).after
    found = catalogue.tariffs.tables[table]
    if not item:
        item = new_edition(found, jurisdiction, rules.today() + dt.timedelta(days=1))
    values = edition_form(item)
    values |= {k: v for k, v in (typed or {}).items() if k in EDITION_FIELDS}
    if typed is not None:
        values["verified"] = bool(typed.get("verified"))
    columns = [*found.keys, *found.columns]
    kinds = column_kinds(found)
    stored = list(item.get("rows") or [])
    shown = _rows_shown(stored, columns, q, typed)
    return {
        "table": {"code": found.code, "name": found.name, "name_en": found.name_en, "unit": found.unit},
        "columns": [{"name": c, "key": c in found.keys, "kind": kinds[c]} for c in columns],
        "values": values,
        "jurisdiction": jurisdiction,
        "replaces": replaces,
        "rows": shown,
        "all_rows": len(stored),
        "partly": len([r for r in shown if r["n"] < len(stored)]) < len(stored),
        "q": q,
        "places": list(catalogue.tariffs.chains),
        "evidence": list(EVIDENCE_ZH.items()),
        "rule_hash": catalogue.version,
        **_frame(row, typed),
    }


def _rows_shown(
    stored: list[Any], columns: list[str], q: str, typed: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    most = max(MAX_CELLS // max(len(columns), 1), 1)
    wanted = q.strip().lower()
    out: list[dict[str, Any]] = []
    for n, row in enumerate(stored):
        cells = [cell_text(row.get(c)) for c in columns]
        if wanted and not any(wanted in c.lower() for c in cells):
            continue
        if len(out) < most:
            out.append(
                {"n": n, "cells": [_cell(n, c, t, typed) for c, t in zip(columns, cells, strict=True)]}
            )
    blank = range(len(stored), len(stored) + BLANK_ROWS)
    out += [{"n": n, "cells": [_cell(n, c, "", typed) for c in columns]} for n in blank]
    return out


def _cell(n: int, column: str, text: str, typed: Mapping[str, str] | None) -> dict[str, str]:
    place = f"row-{n}-{column}"
    return {"place": place, "column": column, "value": typed.get(place, text) if typed is not None else text}


def typed_rows(
    session: Session, table: str, jurisdiction: str, replaces: str | None, draft: int | None,
    typed: Mapping[str, str], actor: Actor,
) -> list[dict[str, Any]]:  # fmt: skip
    """All rows of an edition: those on the form as typed, the others as they stand; an emptied row goes."""
    view = edition_editor(session, actor, table, jurisdiction=jurisdiction, replaces=replaces, draft=draft)
    columns = [c["name"] for c in view["columns"]]
    row = _draft_of(session, actor, draft)
    if row is not None:
        stored = list(row.change["after"].get("rows") or [])
    else:
        catalogue, files = amendments.base_on(session, rules.today())
        item = locate_edition(catalogue, files, table, jurisdiction, replaces).after
        if not item:
            item = new_edition(catalogue.tariffs.tables[table], jurisdiction, rules.today())
        stored = list(item.get("rows") or [])
    out: list[dict[str, Any]] = []
    for n in range(len(stored) + BLANK_ROWS):
        if any(f"row-{n}-{c}" in typed for c in columns):
            out.append({c: typed.get(f"row-{n}-{c}", "") for c in columns})
        elif n < len(stored):
            out.append(dict(stored[n]))
    return out


def day_of(text: str, place: str) -> dt.date:
    """A date somebody typed.

    Raises:
        BadInput: not a date.
    """
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(f"“{text[:20]}”不是日期，应如 2027-01-01", "ISO date expected", place=place) from error


# ---------------------------------------------------------------- what-if


#: fields of the what-if form
_WHAT_IF_FIELDS = (
    "business",
    "rules",
    "at",
    "each",
    "table",
    "keys",
    "column",
    "value",
    "AREA_RULES",
    "FAR_RULES",
    "GREEN_RULES",
)


def what_if_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    typed: Mapping[str, str],
    comparison: dict[str, Any] | None,
) -> dict[str, Any]:
    """The what-if page of a project: what can be chosen, and the runs side by side."""
    project = box.get_project(session, actor, project_id)
    held = rules.project_rules(session, project_id)
    sets = rule_sets_plain(session)
    entries = held.catalogue.at(held.day).entries
    return {
        "project": project_plain(project),
        "typed": {**dict.fromkeys(_WHAT_IF_FIELDS, ""), **typed},
        "comparison": comparison,
        "held": {"hash": held.catalogue.version, "day": held.day.isoformat(), "pinned": held.pinned_by is not None},
        "rule_sets": sets["rule_sets"],
        "in_force": sets["in_force"],
        "options": {
            code: {"name": entries[code].spec.name, "name_en": entries[code].spec.name_en,
                   "options": entries[code].spec.options}
            for code in ("AREA_RULES", "FAR_RULES", "GREEN_RULES") if code in entries
        },
        "tables": sorted(
            ({"code": t.code, "name": t.name, "name_en": t.name_en} for t in held.catalogue.tariffs.tables.values()),
            key=lambda t: t["code"],
        ),
    }  # fmt: skip
