"""Drawing standards: the shipped ones, and the page that builds one from an uploaded drawing."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import service
from drawings.models import BuiltStandard
from drawings.standards import layer_service, standard_service
from drawings.standards.attributes import parse_xdata
from drawings.standards.read_back import Fields, read_back
from drawings.standards.standards import roles
from project_box import service as box
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.routes.drawings import attachment, positive
from web.views.drawings import file_plain
from web.views.projects import project_plain

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["drawing standards"])
_UNITS = ("m", "mm", "cm", "ft", "in")


class NewRule(BaseModel):
    """Layers by a wildcard (``pattern``) or a regular expression (``regex``, named groups are attributes)."""

    how: Literal["pattern", "regex"] = "pattern"
    expression: str = Field(max_length=300)
    role: str
    attributes: dict[str, str] = Field(default_factory=dict)
    bare: str = ""


class NewStandard(BaseModel):
    """A standard: as YAML ``source``, or made of ``layers`` (layer → role), ``bare`` (layer → key) and ``rules``.

    ``spellings``: attribute key → this standard's words for it; ``phrases``: texts with attributes in braces.
    """

    source: str = ""
    code: str = ""
    name: str = ""
    units: str | None = None
    layers: dict[str, str] = Field(default_factory=dict, max_length=5000)
    bare: dict[str, str] = Field(default_factory=dict)
    rules: list[NewRule] = Field(default_factory=list, max_length=100)
    order: list[str] = Field(default_factory=list, max_length=5)
    xdata_app: str = Field(default="", max_length=60)
    spellings: dict[str, list[str]] = Field(default_factory=dict, max_length=100)
    phrases: list[str] = Field(default_factory=list, max_length=100)
    decimal: Literal["", "comma", "point"] = ""


@api.post("/drawing-standards", status_code=201)
def save_standard(session: SessionDep, actor: ActorDep, new: NewStandard) -> dict[str, Any]:
    """Check a standard by the loader of the shipped ones and keep it as the organisation's next version."""
    row = standard_service.save_standard(session, actor, new.source or _source(new))
    return {"code": row.code, "version": row.version, "source": row.source}


def _source(new: NewStandard) -> str:
    known = roles().roles
    return standard_service.write_standard(
        code=new.code.strip(),
        name=new.name.strip() or new.code.strip(),
        units=new.units if new.units in _UNITS else None,
        layers={layer: role for layer, role in new.layers.items() if role in known},
        bare={layer: key for layer, key in new.bare.items() if key},
        rules_by_pattern=[
            standard_service.PatternRule(r.how, r.expression.strip(), r.role, r.attributes, r.bare)
            for r in new.rules
            if r.expression.strip()
        ],
        order=new.order,
        xdata_app=new.xdata_app.strip(),
        writing=standard_service.Writing(
            {key: [w.strip() for w in words if w.strip()] for key, words in new.spellings.items()},
            [text.strip() for text in new.phrases if text.strip()],
            new.decimal,
        ),
    )


@api.get("/drawing-standards/own")
def own_standards(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Standards of one's own organisation with all their versions, the newest first."""
    found = standard_service.standard_versions(session, actor)
    return {
        "standards": [
            {
                "code": code,
                "in_use": rows[0].withdrawn_at is None,
                "versions": [{"version": r.version, "created_at": r.created_at.isoformat()} for r in rows],
            }
            for code, rows in found.items()
        ]
    }


@api.delete("/drawing-standards/{code}")
def withdraw_standard(session: SessionDep, actor: ActorDep, code: str) -> dict[str, Any]:
    """Offer a standard of one's own organisation no longer; its versions stay for drawings that were read by it."""
    row = standard_service.use_standard(session, actor, code, in_use=False)
    return {"code": row.code, "version": row.version, "in_use": False}


@api.get("/drawing-standards/{code}.yaml", response_class=Response)
def export_standard(
    session: SessionDep, actor: ActorDep, code: str, version: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """A standard of one's own organisation as the YAML file the platform loads."""
    row = standard_service.standard_source(session, actor, code, version)
    return attachment(row.source.encode(), f"{row.code}.yaml", "application/yaml")


@api.get("/revisions/{revision_id}/files/{number}/layers")
def layers(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int) -> dict[str, Any]:
    """Layers of a file with counts and the roles their names suggest."""
    file = service.get_revision_file(session, actor, revision_id, number)
    return {"file": file.name, "layers": layer_service.layer_proposals(session, file)}


@pages.get("/revisions/{revision_id}/files/{number}/standard")
def builder(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    revision_id: uuid.UUID,
    number: int,
    standard: str = "",
    version: str = "",
) -> Response:
    """Build a drawing standard from this drawing, or change one of one's own (``standard``) with it before one."""
    if not standard:
        return _builder(request, session, actor, revision_id, number, NewStandard(), None)
    row = standard_service.standard_source(session, actor, standard, positive(version))
    file = service.get_revision_file(session, actor, revision_id, number)
    found = standard_service.preview(standard_service.check_standard(row.source), file)
    fields = read_back(row.source)
    typed = _shown(fields, row.source)
    return _builder(
        request, session, actor, revision_id, number, typed, None, found, changing=(row, fields.whole)
    )


def _shown(fields: Fields, source: str) -> NewStandard:
    """A kept standard in the fields of the page."""
    return NewStandard(
        source=source,
        code=fields.code,
        name=fields.name,
        units=fields.units,
        layers=fields.layers,
        bare=fields.bare,
        rules=[
            NewRule(
                how=r.how, expression=r.expression, role=r.role, attributes=dict(r.attributes), bare=r.bare
            )
            for r in fields.rules
        ],
        order=list(fields.order),
        xdata_app=fields.xdata_app,
        spellings={key: list(words) for key, words in fields.writing.spellings.items()},
        phrases=list(fields.writing.phrases),
        decimal="comma" if fields.writing.decimal == "comma" else "point" if fields.writing.decimal else "",
    )


@pages.post("/revisions/{revision_id}/files/{number}/standard/use")
def use_page(
    session: SessionDep,
    actor: ActorDep,
    revision_id: uuid.UUID,
    number: int,
    code: Annotated[str, Form()] = "",
    do: Annotated[str, Form()] = "",
) -> Response:
    """Stop offering a standard (``do=withdraw``), or offer it again."""
    standard_service.use_standard(session, actor, code, in_use=do != "withdraw")
    return redirect(f"/revisions/{revision_id}/files/{number}/standard#own")


#: rows for rules by pattern on the page; more are written as YAML
_ROWS = 40


def _builder(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    revision_id: uuid.UUID,
    number: int,
    typed: NewStandard,
    error: PlatformError | None,
    found: dict[str, dict[str, Any]] | None = None,
    changing: tuple[BuiltStandard, bool] | None = None,
) -> Response:
    revision = service.get_revision(session, actor, revision_id)
    file = service.get_revision_file(session, actor, revision_id, number)
    return render(
        request,
        "drawings/standard.html",
        status=error.status if error else 200,
        project=project_plain(box.get_project(session, actor, revision.project_id)),
        active="drawings",
        file=file_plain(file),
        layers=(drawn := layer_service.layer_proposals(session, file)),
        elsewhere={n: r for n, r in typed.layers.items() if r and n not in {d["name"] for d in drawn}},
        roles={code: {"zh": r.zh, "en": r.en} for code, r in roles().roles.items()},
        keys=standard_service.text_keys(),
        own=standard_service.standard_versions(session, actor),
        changing=changing[0] if changing else None,
        whole=changing is None or changing[1],
        typed=typed,
        rows=[*typed.rules, None, None][:_ROWS],
        words=[*typed.spellings.items(), *[("", [])] * 3][:_ROWS],
        phrases=[*typed.phrases, "", ""][:_ROWS],
        found=found,
        error=error,
    )


@pages.post("/revisions/{revision_id}/files/{number}/standard")
async def save_page(
    request: Request, session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int
) -> Response:
    """Save by form: ``role:<layer>`` and ``bare:<layer>`` of every layer."""
    form = await request.form()
    fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    action = fields.get("do", "save")
    typed = _typed(fields)
    file = service.get_revision_file(session, actor, revision_id, number)
    try:
        source = typed.source if action == "source" else _source(typed)
        if action == "preview":
            typed = typed.model_copy(update={"source": source})
            found = standard_service.preview(standard_service.check_standard(source), file)
            return _builder(request, session, actor, revision_id, number, typed, None, found)
        standard_service.save_standard(session, actor, source)
    except PlatformError as error:
        session.rollback()
        return _builder(request, session, actor, revision_id, number, typed, error)
    return redirect(f"/revisions/{revision_id}/files/{number}/standard#own")


def _typed(fields: dict[str, str]) -> NewStandard:
    """A form as a standard; each rule has ``how:<i>, expression:<i>, as:<i>, attributes:<i>, text:<i>``.

    Own words are ``key:<i>`` with ``words:<i>``, texts without a key ``phrase:<i>``.
    """
    known = roles().roles
    rules = [
        NewRule(
            how="regex" if fields.get(f"how:{i}") == "regex" else "pattern",
            expression=fields[f"expression:{i}"].strip()[:300],
            role=fields[f"as:{i}"],
            attributes=parse_xdata([fields.get(f"attributes:{i}", "")]),
            bare=fields.get(f"text:{i}", ""),
        )
        for i in range(_ROWS)
        if fields.get(f"expression:{i}", "").strip() and fields.get(f"as:{i}") in known
    ]
    spellings: dict[str, list[str]] = {}
    for i in range(_ROWS):
        words = [w.strip() for w in re.split(r"[,，、;；]", fields.get(f"words:{i}", "")) if w.strip()]
        if words and fields.get(f"key:{i}"):
            spellings.setdefault(fields[f"key:{i}"], []).extend(words)
    decimal = fields.get("decimal", "")
    return NewStandard(
        source=fields.get("source", ""),
        code=fields.get("code", ""),
        name=fields.get("name", ""),
        units=fields.get("units") or None,
        layers={k.removeprefix("role:"): v for k, v in fields.items() if k.startswith("role:")},
        bare={k.removeprefix("bare:"): v for k, v in fields.items() if k.startswith("bare:")},
        rules=rules,
        order=[o for o in re.split(r"[,，、\s]+", fields.get("order", "")) if o][:5],
        xdata_app=fields.get("xdata_app", "")[:60],
        spellings=spellings,
        phrases=[t for i in range(_ROWS) if (t := fields.get(f"phrase:{i}", "").strip()[:200])],
        decimal="comma" if decimal == "comma" else "point" if decimal == "point" else "",
    )
