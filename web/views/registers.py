"""Registers 台账 as pages and API show them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from elements.engine.engine import load_catalogue
from elements.registers import service as registers
from elements.registers.models import RegisterLine
from elements.registers.register import DECISIONS, Column, Filter, read_filter
from elements.registers.repository import Totals
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain

#: classes of the catalogue whose files only serve others
_SHARED = "S"
#: what an address may carry
FIELDS = (
    "start", "end", "outcome", "undecided", "decision", "handler", "text", "project", "replaced", "sort", "page", "size"
)  # fmt: skip


def register_title(register: str) -> dict[str, str]:
    """Name of a register: the business's, or that of the item whose cases it holds."""
    from approval.item import load_items

    businesses, items = load_catalogue().businesses, load_items()
    if register in businesses and businesses[register].clas != _SHARED:
        file = businesses[register]
        return {"code": register, "name": file.name, "name_en": file.name_en, "class_name": file.class_name}
    if register in items:
        item = items[register].item
        return {"code": register, "name": item.name, "name_en": item.name_en, "class_name": "审批事项"}
    raise NotFound(f"没有台账 {register[:60]}", f"no register {register[:60]!r}", place="business")


def overview_view(session: Session, actor: Actor) -> dict[str, Any]:
    """All registers with their numbers of lines; those without lines are there to be opened all the same."""
    found = {r["register"]: r for r in registers.overview(session, actor)}
    from approval.item import load_items

    files = load_catalogue().businesses.values()
    codes = [f.business for f in sorted(files, key=lambda f: (f.clas, f.business)) if f.clas != _SHARED]
    codes += [c for c in load_items() if c not in codes]
    rows = []
    for code in codes:
        counted = found.get(code)
        rows.append(
            {
                **register_title(code),
                "lines": counted["lines"] if counted else 0,
                "last": counted["last"] if counted else None,
                "outcomes": counted["outcomes"] if counted else {},
            }
        )
    plain: dict[str, Any] = to_plain({"registers": rows, "total": sum(r["lines"] for r in rows)})
    return plain


def chosen_filter(session: Session, register: str, raw: Mapping[str, str]) -> Filter:
    """The filter of an address.

    Raises:
        NotFound: no such register. BadInput: a field cannot be used.
    """
    register_title(register)
    return read_filter(raw, registers.register_columns(session, register))


def register_plain(session: Session, actor: Actor, register: str, raw: Mapping[str, str]) -> dict[str, Any]:
    """One page of a register with columns, totals over all pages, counts by outcome, decision and month."""
    title = register_title(register)
    chosen = chosen_filter(session, register, raw)
    columns, lines, totals = registers.lines(session, actor, register, chosen)
    plain: dict[str, Any] = to_plain(
        {
            **title,
            "columns": [_column(c) for c in columns],
            "lines": [short(line) for line in lines],
            "totals": _totals(columns, totals),
            "page": chosen.page,
            "pages": max(1, -(-totals.lines // chosen.size)),
            "size": chosen.size,
            "filter": {k: raw.get(k, "") for k in FIELDS if k not in ("page",)},
            "sort": chosen.sort,
        }
    )
    return plain


def _column(column: Column) -> dict[str, Any]:
    return {
        "code": column.code,
        "name": column.name,
        "name_en": column.name_en,
        "unit": column.unit,
        "numeric": column.numeric,
        "total": column.total,
        "precision": column.precision,
    }


def _totals(columns: list[Column], totals: Totals) -> dict[str, Any]:
    return {
        "lines": totals.lines,
        "sums": totals.sums,
        "outcomes": totals.outcomes,
        "decisions": totals.decisions,
        "months": totals.months,
    }


def short(line: RegisterLine) -> dict[str, Any]:
    """A line as it stands in the table."""
    return {
        "id": line.id,
        "serial": line.serial,
        "day": line.day,
        "project_id": line.project_id,
        "project_code": line.project_code,
        "project": line.project_name,
        "applicant": line.applicant,
        "subject": line.subject,
        "elements": {
            e["code"]: {
                "value": line.numbers.get(e["code"], e["value"]),
                "display": e["display"],
                "unit": e["unit"],
                "verified": e["verified"],
            }
            for e in line.elements
        },
        "outcome": line.outcome,
        "counts": line.counts,
        "failed": [c["name"] for c in line.conclusions if c["outcome"] == "fail"],
        "undecided": [c["name"] for c in line.conclusions if c["outcome"] == "undecided"],
        "decision": line.decision,
        "decided_on": line.decided_on,
        "handler": line.handler,
        "origin": line.origin,
        "case_id": line.case_id,
        "content_hash": line.content_hash,
    }


def line_plain(session: Session, actor: Actor, line_id: uuid.UUID) -> dict[str, Any]:
    """Everything a line says, whether its hash holds, and the line that replaces it."""
    line, later = registers.line(session, actor, line_id)
    plain: dict[str, Any] = to_plain(
        {
            **short(line),
            "register": {**_title_of(line)},
            "elements": line.elements,
            "conclusions": line.conclusions,
            "inputs": line.inputs,
            "opinion": line.opinion,
            "source": line.source,
            "rules_at": line.rules_at,
            "rule_hash": line.rule_hash,
            "recorded_at": line.recorded_at,
            "result_id": line.result_id,
            "replaces": line.replaces,
            "replaced_by": {"id": later.id, "serial": later.serial} if later is not None else None,
            "intact": registers.holds(line),
        }
    )
    return plain


def _title_of(line: RegisterLine) -> dict[str, str]:
    return {"code": line.register, "name": line.source["name"], "name_en": line.source["name_en"]}


def register_view(session: Session, actor: Actor, register: str, raw: Mapping[str, str]) -> dict[str, Any]:
    """The register's page: the JSON twin's content, with addresses for sorting, paging and exports."""
    plain = register_plain(session, actor, register, raw)
    kept = {k: v for k, v in plain["filter"].items() if v}

    def address(**changes: str) -> str:
        return f"/registers/{register}?" + urlencode({**kept, **{k: v for k, v in changes.items() if v}})

    def sort_address(key: str) -> str:
        return address(sort=f"-{key}" if plain["sort"] == key else key)

    ending = urlencode({k: v for k, v in kept.items() if k not in ("size",)})
    return {
        "register": plain,
        "decisions": DECISIONS,
        "address": address,
        "sort_address": sort_address,
        "excel": f"/registers/{register}.xlsx?{ending}",
        "csv": f"/registers/{register}.csv?{ending}",
    }
