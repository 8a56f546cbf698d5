"""规则维护 and 试算: rule sets, amendments of elements and rates, what-if runs.

The module's name sorts before ``elements`` so that ``/elements/rules`` is not taken for an element's code.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from elements import what_if
from elements.rulesets import amendment_service as amendments
from elements.rulesets.amendment_form import EDITION_FIELDS, ELEMENT_FIELDS
from project_box.kernel.errors import BadInput, Conflict, NotFound, PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import rules as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["rules"])

MAX_FIELDS = 1000
Text = Annotated[str, Field(max_length=4000)]
Number = Annotated[int | None, Query(ge=1)]


class ElementEdit(BaseModel):
    """Changed fields of an element (others stay), why, and from which day on; ``number``: one's own draft."""

    fields: dict[str, Any] = Field(max_length=40)
    reason: Text
    effective_from: dt.date
    number: int | None = None


class EditionEdit(BaseModel):
    """An edition of a table: ``replaces`` is the first day of the one that is changed, or null for a new one."""

    jurisdiction: Annotated[str, Field(max_length=60)]
    replaces: Annotated[str, Field(max_length=10)] | None = None
    fields: dict[str, Any] = Field(default_factory=dict, max_length=40)
    rows: list[dict[str, Any]] | None = Field(default=None, max_length=5000)
    reason: Text
    effective_from: dt.date
    number: int | None = None


class Decision(BaseModel):
    """Opinion of an approval, reason of a rejection."""

    text: Text = ""


class RateEdit(BaseModel):
    """Another number of a table, for a trial."""

    table: Annotated[str, Field(max_length=80)]
    value: Annotated[str, Field(max_length=40)]
    column: Annotated[str, Field(max_length=60)] = "value"
    keys: dict[str, Any] = Field(default_factory=dict, max_length=20)
    jurisdiction: Annotated[str, Field(max_length=60)] | None = None


class RunEdit(BaseModel):
    """One run beside the first: changed inputs, rule set, day, rates."""

    label: Annotated[str, Field(max_length=80)] = ""
    inputs: dict[str, Any] = Field(default_factory=dict, max_length=300)
    rules: Annotated[str, Field(max_length=64)] | None = None
    at: dt.date | None = None
    rates: list[RateEdit] = Field(default_factory=list, max_length=20)

    def run(self) -> what_if.Run:
        """As the room understands it."""
        rates = [what_if.Rate(r.table, r.value, r.column, r.keys, r.jurisdiction) for r in self.rates]
        return what_if.Run(self.label, self.inputs, self.rules, self.at, rates)


class WhatIf(BaseModel):
    """Runs to put beside the first; ``each``: one run per option of an input (``AREA_RULES``)."""

    business: Annotated[str, Field(max_length=60)] = "planning-permit"
    inputs: dict[str, Any] = Field(default_factory=dict, max_length=300)
    at: dt.date | None = None
    runs: list[RunEdit] = Field(default_factory=list, max_length=7)
    each: Annotated[str, Field(max_length=60)] = ""


# ---------------------------------------------------------------- JSON


@api.get("/elements/rules")
def list_rules(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """What holds from which day on, all rule sets, all amendments (administrators)."""
    return views.rules_view(session, actor)


@api.get("/elements/rules/sets")
def list_rule_sets(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Every rule set, and which one holds from which day on."""
    return views.rule_sets_plain(session)


@api.get("/elements/rules/sets/{rule_hash}")
def show_rule_set(session: SessionDep, actor: ActorDep, rule_hash: str) -> dict[str, Any]:
    """One rule set with the text of its files."""
    return views.rule_set_plain(session, rule_hash)


@api.get("/elements/rules/patch", response_class=PlainTextResponse)
def export_rules(session: SessionDep, actor: ActorDep) -> str:
    """All approved amendments as one patch of the catalogue files."""
    return amendments.export_patch(session, actor)


@api.post("/elements/rules/elements/{code}", status_code=201)
def amend_element(session: SessionDep, actor: ActorDep, code: str, body: ElementEdit) -> dict[str, Any]:
    """Save an amendment of an element; it is checked by the loader and previewed on past cases."""
    found = amendments.write_element(
        session, actor, code, body.fields,
        reason=body.reason, effective_from=body.effective_from, number=body.number,
    )  # fmt: skip
    return views.amendment_plain(session, actor, found.number)


@api.post("/elements/rules/tables/{table}", status_code=201)
def amend_table(session: SessionDep, actor: ActorDep, table: str, body: EditionEdit) -> dict[str, Any]:
    """Save an amendment of a table's edition; it is checked by the loader and previewed on past cases."""
    found = amendments.write_edition(
        session, actor, table, jurisdiction=body.jurisdiction, replaces=body.replaces, fields=body.fields,
        rows=body.rows, reason=body.reason, effective_from=body.effective_from, number=body.number,
    )  # fmt: skip
    return views.amendment_plain(session, actor, found.number)


@api.get("/elements/rules/{number}")
def show_amendment(session: SessionDep, actor: ActorDep, number: int) -> dict[str, Any]:
    """One amendment with old and new text and its preview."""
    return views.amendment_plain(session, actor, number)


@api.post("/elements/rules/{number}/{action}")
def act_on_amendment(
    session: SessionDep, actor: ActorDep, number: int, action: str, body: Decision | None = None
) -> dict[str, Any]:
    """``submit``, ``withdraw``, ``approve``, ``reject``, ``preview``; ``text`` is the opinion or reason."""
    _act(session, actor, number, action, body.text if body is not None else "")
    return views.amendment_plain(session, actor, number)


def _act(session: Session, actor: Actor, number: int, action: str, text: str) -> None:
    if action == "submit":
        amendments.submit(session, actor, number)
    elif action == "withdraw":
        amendments.withdraw(session, actor, number)
    elif action == "approve":
        amendments.approve(session, actor, number, text)
    elif action == "reject":
        amendments.reject(session, actor, number, text)
    elif action == "preview":
        amendments.preview_amendment(session, actor, number)
    else:
        raise NotFound(f"没有操作 {action[:20]}", f"no action {action[:20]!r}")


@api.post("/projects/{project_id}/what-if")
def what_if_project(
    session: SessionDep, actor: ActorDep, project_id: uuid.UUID, body: WhatIf
) -> dict[str, Any]:
    """A project as it is computed now and with other rates, rules, days or inputs, side by side; nothing is stored."""
    return what_if.compare_project(
        session, actor, project_id, [r.run() for r in body.runs], each=body.each, business=body.business
    )


@api.post("/elements/what-if/{business}")
def what_if_business(session: SessionDep, actor: ActorDep, business: str, body: WhatIf) -> dict[str, Any]:
    """A business on given inputs, side by side with other rates, rule sets, days or inputs; nothing is stored."""
    runs = [r.run() for r in body.runs]
    return what_if.compare_business(session, business, body.inputs, body.at, runs, body.each)


# ---------------------------------------------------------------- pages


@pages.get("/elements/rules")
def rules_page(request: Request, session: SessionDep, actor: ActorDep, code: str = "") -> Response:
    """What holds, the amendments, and the way to a new one."""
    if code.strip():
        return redirect(f"/elements/rules/element/{code.strip()}")
    return render(request, "rules/index.html", **views.rules_view(session, actor))


@pages.get("/elements/rules/patch")
def patch_file(session: SessionDep, actor: ActorDep) -> Response:
    """Download the approved amendments as a patch."""
    headers = {"content-disposition": 'attachment; filename="amendments.patch"'}
    return PlainTextResponse(amendments.export_patch(session, actor), headers=headers)


@pages.get("/elements/rules/element/{code}")
def element_editor(
    request: Request, session: SessionDep, actor: ActorDep, code: str, draft: Number = None
) -> Response:
    """The editor of one element."""
    view = views.element_editor(session, actor, code, draft=draft)
    return render(request, "rules/element.html", error=None, **view)


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    typed = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf_token"}
    if len(typed) > MAX_FIELDS:
        raise BadInput("表单字段过多", "too many form fields")
    return typed


@pages.post("/elements/rules/element/{code}")
async def element_form(
    request: Request, session: SessionDep, actor: ActorDep, code: str, draft: Number = None
) -> Response:
    """Check, save and preview; on a fault the form comes back as typed, with the fault at its field."""
    typed = await _typed(request)
    try:
        fields: dict[str, Any] = {k: v for k, v in typed.items() if k in ELEMENT_FIELDS}
        fields["verified"] = "verified" in typed
        day = views.day_of(typed.get("effective_from", ""), "effective_from")
        found = await run_in_threadpool(
            amendments.write_element, session, actor, code, fields,
            reason=typed.get("reason", ""), effective_from=day, number=draft,
        )  # fmt: skip
    except (BadInput, Conflict) as error:
        session.rollback()
        view = views.element_editor(session, actor, code, draft=draft, typed=typed)
        return render(request, "rules/element.html", status=error.status, error=error, **view)
    return redirect(f"/elements/rules/{found.number}")


@pages.get("/elements/rules/table/{table}")
def table_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    table: str,
    place: Annotated[str, Query(max_length=60)] = "",
    replaces: Annotated[str, Query(max_length=10)] = "",
    draft: Number = None,
    q: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The editions of a table, or the editor of one (``place``, and ``replaces`` for one that is there)."""
    if not place and draft is None:
        return render(request, "rules/table.html", **views.table_view(session, actor, table))
    view = views.edition_editor(
        session, actor, table, jurisdiction=place, replaces=replaces or None, draft=draft, q=q
    )
    return render(request, "rules/edition.html", error=None, **view)


@pages.post("/elements/rules/table/{table}")
async def table_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    table: str,
    place: Annotated[str, Query(max_length=60)] = "",
    replaces: Annotated[str, Query(max_length=10)] = "",
    draft: Number = None,
    q: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Check, save and preview an edition; on a fault the form comes back as typed."""
    typed = await _typed(request)
    old = replaces or None
    try:
        fields: dict[str, Any] = {k: v for k, v in typed.items() if k in EDITION_FIELDS}
        fields["verified"] = "verified" in typed
        day = views.day_of(typed.get("effective_from", ""), "effective_from")
        rows = views.typed_rows(session, table, place, old, draft, typed, actor)
        found = await run_in_threadpool(
            amendments.write_edition, session, actor, table,
            jurisdiction=place or fields.get("jurisdiction", ""), replaces=old, fields=fields, rows=rows,
            reason=typed.get("reason", ""), effective_from=day, number=draft,
        )  # fmt: skip
    except (BadInput, Conflict) as error:
        session.rollback()
        view = views.edition_editor(
            session, actor, table, jurisdiction=place, replaces=old, draft=draft, q=q, typed=typed
        )
        return render(request, "rules/edition.html", status=error.status, error=error, **view)
    return redirect(f"/elements/rules/{found.number}")


@pages.get("/elements/rules/{number}")
def amendment_page(request: Request, session: SessionDep, actor: ActorDep, number: int) -> Response:
    """One amendment: old and new text, preview, decision."""
    return render(
        request, "rules/amendment.html", error=None, a=views.amendment_plain(session, actor, number)
    )


@pages.get("/elements/rules/{number}/cases/{project_id}")
def case_page(
    request: Request, session: SessionDep, actor: ActorDep, number: int, project_id: uuid.UUID
) -> Response:
    """One past case of the preview, old beside new."""
    return render(request, "rules/case.html", **views.case_view(session, actor, number, str(project_id)))


@pages.post("/elements/rules/{number}/{action}")
async def amendment_form(
    request: Request, session: SessionDep, actor: ActorDep, number: int, action: str
) -> Response:
    """Submit, withdraw, approve, reject, preview again."""
    typed = await _typed(request)
    try:
        await run_in_threadpool(_act, session, actor, number, action, typed.get("decision", ""))
    except (BadInput, Conflict) as error:
        session.rollback()
        plain = views.amendment_plain(session, actor, number)
        return render(request, "rules/amendment.html", status=error.status, error=error, a=plain)
    return redirect(f"/elements/rules/{number}")


@pages.get("/projects/{project_id}/what-if")
def what_if_page(request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """What-if of a project; what to compare stands in the address, so that it can be passed on."""
    typed = {k: v for k, v in request.query_params.items() if v.strip()}
    if len(typed) > 40:
        raise BadInput("地址中的字段过多", "too many fields")
    comparison, error = None, None
    if typed:
        try:
            comparison = _compare(session, actor, project_id, typed)
        except NotFound:
            raise
        except PlatformError as fault:
            error = fault
    view = views.what_if_view(session, actor, project_id, typed, comparison)
    status = error.status if error is not None else 200
    return render(request, "rules/what_if.html", status=status, error=error, active="indicators", **view)


def _compare(session: Session, actor: Actor, project_id: uuid.UUID, typed: dict[str, str]) -> dict[str, Any]:
    each = typed.get("each", "")
    inputs = {c: typed[c] for c in ("AREA_RULES", "FAR_RULES", "GREEN_RULES") if typed.get(c)}
    rates = []
    if typed.get("table"):
        keys = {}
        for part in typed.get("keys", "").replace("；", ";").split(";"):
            key, mark, value = part.partition("=")
            if part.strip() and not mark:
                raise BadInput(f"“{part.strip()[:40]}”应写作 键=值", "KEY=VALUE expected", place="keys")
            if mark:
                keys[key.strip()] = value.strip()
        rates = [what_if.Rate(typed["table"], typed.get("value", ""), typed.get("column") or "value", keys)]
    at = views.day_of(typed["at"], "at") if typed.get("at") else None
    runs = []
    if inputs or rates or at or typed.get("rules"):
        runs = [what_if.Run("", inputs, typed.get("rules"), at, rates)]
    return what_if.compare_project(
        session, actor, project_id, runs, each=each, business=typed.get("business") or "planning-permit"
    )
