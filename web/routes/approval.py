"""Items, filing, cases, tasks, licences and their public verification."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from approval import service
from approval.case import RULES, action_of
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import approval as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])

#: rows for 补正 entries on a form beyond those already filled
_SPARE_ROWS = 3
_MAX_ROWS = 60
_MAX_VERIFY = 50 * 1024 * 1024


class NewCase(BaseModel):
    """Which item a case is started for."""

    item: str


class Act(BaseModel):
    """What is done with a task."""

    action: str
    opinion: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    corrections: list[dict[str, Any]] = Field(default_factory=list)


class Replies(BaseModel):
    """Answers to corrections by their id."""

    replies: dict[str, str] = Field(default_factory=dict)


class Reason(BaseModel):
    """A written reason."""

    reason: str = ""


class Resolve(BaseModel):
    """判定说明 for one finding."""

    code: str
    reason: str


class Rating(BaseModel):
    """好差评: level by its code (``very_satisfied`` …) or Chinese name."""

    level: str
    comment: str = ""


class Draft(BaseModel):
    """An unfinished opinion."""

    text: str = ""


class Promise(BaseModel):
    """容缺承诺."""

    text: str
    until: dt.date


# --- items -----------------------------------------------------------------------------------------------------


@api.get("/items")
def list_items(stage: str = "", department: str = "", theme: str = "", q: str = "") -> dict[str, Any]:
    """What can be applied for."""
    return views.items_view(stage=stage, department=department, theme=theme, q=q)


@api.get("/items/{code}")
def show_item(code: str) -> dict[str, Any]:
    """The guide of one item."""
    return views.item_view(code)


def _bpmn(text: str) -> Response:
    return Response(text, media_type="application/xml", headers={"cache-control": "private, max-age=300"})


@api.get("/items/{code}/process.bpmn")
def item_process(code: str) -> Response:
    """The item's process as BPMN 2.0."""
    version = service.load_items().get(code)
    if version is None:
        raise NotFound("没有这个事项", f"no item {code[:60]!r}")
    return _bpmn(version.process.bpmn)


@pages.get("/items")
def items_page(
    request: Request, stage: str = "", department: str = "", theme: str = "", q: str = ""
) -> Response:
    """Find an item by stage, department, theme or words."""
    return render(
        request,
        "approval/items.html",
        **views.items_view(stage=stage, department=department, theme=theme, q=q),
    )


@pages.get("/items/{code}")
def item_page(request: Request, code: str) -> Response:
    """The guide page."""
    return render(request, "approval/item.html", **views.item_view(code))


# --- cases: JSON -----------------------------------------------------------------------------------------------


@api.post("/projects/{project_id}/cases", status_code=201)
def start(session: SessionDep, actor: ActorDep, project_id: uuid.UUID, new: NewCase) -> dict[str, Any]:
    """Begin a case."""
    return views.case_row(service.start_case(session, actor, project_id, new.item))


@api.get("/projects/{project_id}/cases")
def project_cases(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """Cases of a project."""
    box.get_project(session, actor, project_id)
    return views.cases_view(session, actor, project_id)


@api.get("/cases")
def list_cases(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Cases the actor may see."""
    return views.cases_view(session, actor)


@api.get("/cases/{case_id}")
def show_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """One case with everything its page shows; the case's own facts also at the top level."""
    view = views.case_view(session, actor, case_id)
    return {**view["case"], **view}


@api.get("/cases/{case_id}/process.bpmn")
def case_process(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> Response:
    """The process the case began with."""
    return _bpmn(service.item_version(service.get_case(session, actor, case_id)).process.bpmn)


@api.put("/cases/{case_id}/form")
def put_form(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, data: dict[str, Any]
) -> dict[str, Any]:
    """Keep form values; answers with the findings of the form as it stands."""
    return views.findings_view(service.save_form(session, actor, case_id, data))


@api.get("/cases/{case_id}/materials")
def list_materials(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Material lines and how each is met."""
    return views.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/materials/{code}", status_code=201)
def upload_material(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, file: Annotated[UploadFile, File()]
) -> dict[str, Any]:
    """Upload for a material line."""
    service.attach_material(session, actor, case_id, code, file.filename or "", file.file.read())
    return views.materials_view(session, actor, case_id)


@api.delete("/cases/{case_id}/materials/{code}")
def delete_material(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str) -> dict[str, Any]:
    """Take back what was uploaded for a line."""
    service.remove_material(session, actor, case_id, code)
    return views.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/materials/{code}/commitment", status_code=201)
def promise_material(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, promise: Promise
) -> dict[str, Any]:
    """容缺承诺 for a line."""
    service.commit_material(session, actor, case_id, code, promise.text, promise.until)
    return views.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/self-check")
def check_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """自查."""
    return views.findings_view(service.self_check(session, actor, case_id))


@api.post("/cases/{case_id}/submit")
def submit_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Hand in; answers with the 流水号."""
    case = service.submit(session, actor, case_id)
    return views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/cases/{case_id}/resubmit")
def resubmit_case(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, answer: Replies | None = None
) -> dict[str, Any]:
    """Hand in corrections."""
    case = service.resubmit(session, actor, case_id, answer.replies if answer else None)
    return views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/cases/{case_id}/withdraw")
def withdraw_case(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, why: Reason | None = None
) -> dict[str, Any]:
    """撤回."""
    return views.case_row(service.withdraw(session, actor, case_id, why.reason if why else ""))


@api.get("/cases/{case_id}/gates")
def show_gates(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """What stands between the case and an approval."""
    return views.findings_view(service.gates(session, actor, case_id))


@api.get("/cases/{case_id}/draft-opinion")
def show_draft(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Opinion drafted from the conclusions."""
    return {"text": service.draft_opinion(session, actor, case_id)}


@api.post("/cases/{case_id}/resolutions", status_code=201)
def resolve_finding(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, new: Resolve) -> dict[str, Any]:
    """判定说明."""
    service.resolve(session, actor, case_id, new.code, new.reason)
    return views.findings_view(service.gates(session, actor, case_id))


@api.post("/cases/{case_id}/rating", status_code=201)
def post_rating(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, new: Rating) -> dict[str, Any]:
    """好差评 by the applicant, once, after the case has ended."""
    return views.rating_plain(service.rate_case(session, actor, case_id, new.level, new.comment))


@api.get("/tasks")
def list_tasks(
    session: SessionDep, actor: ActorDep, tab: str = "todo", item: str = "", q: str = ""
) -> dict[str, Any]:
    """The actor's work with counts."""
    return views.tasks_view(session, actor, tab=tab, item=item, q=q)


@api.get("/tasks/{task_id}")
def show_task(session: SessionDep, actor: ActorDep, task_id: uuid.UUID) -> dict[str, Any]:
    """One task with the actor's choices."""
    task = service.get_task(session, actor, task_id)
    view = views.case_view(session, actor, task.case_id, task_id=task_id)
    mine = view["task"] if view["task"] and view["task"]["id"] == str(task_id) else None
    return {**views.task_plain(task), "case": view["case"], "choices": mine}


@api.post("/tasks/{task_id}")
def act_on_task(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, act: Act) -> dict[str, Any]:
    """Act on a task; answers with the case."""
    case = service.act(session, actor, task_id, act.action, act.opinion, act.fields, act.corrections)
    return views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/tasks/{task_id}/preview")
def preview(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, act: Act) -> dict[str, Any]:
    """The notice an action would send; nothing is stored."""
    notice = service.preview_notice(
        session, actor, task_id, act.action, act.opinion, act.fields, act.corrections
    )
    return {"notice": notice}


@api.put("/tasks/{task_id}/draft")
def keep_draft(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, draft: Draft) -> dict[str, Any]:
    """Autosave of an unfinished opinion."""
    return {"saved": True, "task": views.task_plain(service.save_draft(session, actor, task_id, draft.text))}


# --- filing: pages ---------------------------------------------------------------------------------------------


@pages.get("/projects/{project_id}/cases")
def project_cases_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Cases of a project, and what can be applied for next."""
    return render(
        request, "approval/project_cases.html", active="cases", error=None,
        **views.start_options(session, actor, project_id),
    )  # fmt: skip


@pages.post("/projects/{project_id}/cases")
def start_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    item: Annotated[str, Form()] = "",
) -> Response:
    """Begin a case by form."""
    try:
        case = service.start_case(session, actor, project_id, item)
    except PlatformError as error:
        session.rollback()
        return render(
            request, "approval/project_cases.html", status=error.status, active="cases", error=error,
            **views.start_options(session, actor, project_id),
        )  # fmt: skip
    return redirect(f"/cases/{case.id}/apply/1")


@pages.get("/cases")
def cases_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Cases the actor may see."""
    return render(request, "approval/cases.html", **views.cases_view(session, actor))


def _step_page(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    step: int,
    error: PlatformError | None = None,
) -> Response:
    view = views.case_head(session, actor, case_id)
    if step == 4:
        view["check"] = views.findings_view(service.self_check(session, actor, case_id))
    return render(
        request,
        f"approval/apply_{step}.html",
        status=error.status if error else 200,
        step=step,
        error=error,
        **view,
    )


@pages.get("/cases/{case_id}/apply/{step}")
def apply_page(
    request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID, step: int
) -> Response:
    """Filing in four steps: 须知, 确认信息, 上传材料, 核对并提交."""
    if step not in (1, 2, 3, 4):
        raise NotFound("没有这个页面", "filing has four steps")
    case = service.get_case(session, actor, case_id)
    if not service.is_applicant(actor, case) or case.state not in ("draft", "correction"):
        return redirect(f"/cases/{case_id}")
    return _step_page(request, session, actor, case_id, step)


@pages.post("/cases/{case_id}/apply/2")
async def save_form_page(
    request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID
) -> Response:
    """Keep the form; faults are shown beside their fields."""
    form = await request.form()
    data = {k: v for k, v in form.items() if isinstance(v, str) and k not in ("csrf_token", "go")}
    try:
        findings = service.save_form(session, actor, case_id, data)
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 2, error)
    faults = [f for f in findings if f.outcome == "fail"]
    if form.get("go") == "save" or not faults:
        return redirect(f"/cases/{case_id}/apply/{2 if form.get('go') == 'save' else 3}")
    places = [(f.code.removeprefix("form."), f) for f in faults]
    summary = BadInput(
        "；".join(f.message for f in faults),
        "; ".join(f.message_en for f in faults),
        code="form",
        place=places[0][0],
        details={"faults": [{"place": place, "zh": f.message, "en": f.message_en} for place, f in places]},
    )
    return _step_page(request, session, actor, case_id, 2, summary)


@pages.post("/cases/{case_id}/materials/{code}")
def upload_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    code: str,
    file: Annotated[UploadFile | None, File()] = None,
    commitment: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    remove: Annotated[str, Form()] = "",
) -> Response:
    """Upload, promise or take back a material by form."""
    try:
        if remove:
            service.remove_material(session, actor, case_id, code)
        elif commitment.strip():
            try:
                day = dt.date.fromisoformat(until)
            except ValueError:
                raise BadInput("请填写承诺补交的日期", "until is not a date", place=code) from None
            service.commit_material(session, actor, case_id, code, commitment, day)
        elif file is None or not file.filename:
            raise BadInput("请选择要上传的文件", "no file was chosen", place=code)
        else:
            service.attach_material(session, actor, case_id, code, file.filename, file.file.read())
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 3, error)
    return redirect(f"/cases/{case_id}/apply/3#material-{quote(code)}")


@pages.post("/cases/{case_id}/submit")
async def submit_page(request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> Response:
    """Hand in, or hand in corrections with the replies typed (``reply-<id>``)."""
    form = await request.form()
    replies = {
        k.removeprefix("reply-"): v for k, v in form.items() if k.startswith("reply-") and isinstance(v, str)
    }
    try:
        if service.get_case(session, actor, case_id).state == "correction":
            service.resubmit(session, actor, case_id, replies)
        else:
            service.submit(session, actor, case_id)
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 4, error)
    return redirect(f"/cases/{case_id}")


@pages.post("/cases/{case_id}/withdraw")
def withdraw_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """撤回 by form; a draft is given up."""
    case = service.get_case(session, actor, case_id)
    project_id = case.project_id
    if case.state == "draft":
        service.discard(session, actor, case_id)
        return redirect(f"/projects/{project_id}/cases")
    service.withdraw(session, actor, case_id, reason)
    return redirect(f"/cases/{case_id}")


# --- handling: pages -------------------------------------------------------------------------------------------


@pages.get("/tasks")
def tasks_page(
    request: Request, session: SessionDep, actor: ActorDep, tab: str = "todo", item: str = "", q: str = ""
) -> Response:
    """待办 / 在办 / 即将超期 / 已超期."""
    return render(request, "approval/tasks.html", **views.tasks_view(session, actor, tab=tab, item=item, q=q))


#: tabs of the case page
OBJECTS = (
    "info",
    "materials",
    "drawings",
    "map",
    "review",
    "engagements",
    "fees",
    "process",
    "log",
    "notices",
)


def _case_page(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    *,
    tab: str = "info",
    task_id: uuid.UUID | None = None,
    error: PlatformError | None = None,
    typed: dict[str, Any] | None = None,
    preview: dict[str, Any] | None = None,
    rated: dict[str, str] | None = None,
) -> Response:
    view = views.case_view(session, actor, case_id, task_id=task_id)
    typed = typed or {"action": "", "opinion": None, "fields": {}, "rows": None}
    typed["fields"] = {"reason_code": "", "days": "", "special": "", **typed["fields"]}
    if view["task"] is not None:
        rows = typed["rows"] if typed["rows"] is not None else view["task"]["suggested"]
        blank = {"kind": "", "target": "", "text": ""}
        view["task"]["rows"] = [*rows, *([blank] * _SPARE_ROWS)][:_MAX_ROWS]
    return render(
        request, "approval/case.html", status=error.status if error else 200,
        tab=tab if tab in OBJECTS else "info", objects=OBJECTS, error=error, typed=typed, preview=preview,
        rated=rated or {"level": "", "comment": ""}, **view,
    )  # fmt: skip


@pages.get("/cases/{case_id}")
def case_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    tab: str = "info",
    task: Annotated[str, Query()] = "",
) -> Response:
    """The case: task tree, object, opinion panel."""
    try:
        task_id = uuid.UUID(task) if task else None
    except ValueError:
        task_id = None
    return _case_page(request, session, actor, case_id, tab=tab, task_id=task_id)


def _typed(form: FormData) -> dict[str, Any]:
    """What an officer typed: action, opinion, fields, and 补正 rows (``place-n``, ``spot-n``, ``text-n``)."""

    def text(name: str) -> str:
        value = form.get(name)
        return value.strip() if isinstance(value, str) else ""

    rows: list[dict[str, str]] = []
    for n in range(_MAX_ROWS):
        kind, _, code = text(f"place-{n}").partition(":")
        entry = {"kind": kind or "other", "target": code or text(f"spot-{n}"), "text": text(f"text-{n}")}
        if entry["text"]:
            rows.append(entry)
    fields = {name: text(name) for name in ("reason_code", "days", "special") if text(name)}
    return {"action": text("action"), "opinion": text("opinion"), "fields": fields, "rows": rows}


@pages.post("/tasks/{task_id}")
async def act_page(request: Request, session: SessionDep, actor: ActorDep, task_id: uuid.UUID) -> Response:
    """Save a draft, preview the notice, or act, by form."""
    form = await request.form()
    typed, do = _typed(form), form.get("do")
    case_id = service.get_task(session, actor, task_id).case_id
    try:
        if do == "draft":
            service.save_draft(session, actor, task_id, typed["opinion"])
            return redirect(f"/cases/{case_id}?task={task_id}")
        if not typed["action"]:
            raise BadInput("请选择要办理的操作", "no action was chosen", place="action")
        needs = RULES[action_of(typed["action"])].needs
        rows = typed["rows"] if "corrections" in needs else []
        if do == "preview":
            shown = service.preview_notice(
                session, actor, task_id, typed["action"], typed["opinion"], typed["fields"], rows
            )
            return _case_page(
                request, session, actor, case_id, task_id=task_id, typed=typed,
                preview=shown or {"none": True},
            )  # fmt: skip
        service.act(session, actor, task_id, typed["action"], typed["opinion"], typed["fields"], rows)
    except PlatformError as error:
        session.rollback()
        return _case_page(request, session, actor, case_id, task_id=task_id, error=error, typed=typed)
    return redirect(f"/cases/{case_id}?tab=log")


@pages.post("/cases/{case_id}/resolutions")
def resolve_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    code: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """判定说明 by form."""
    try:
        service.resolve(session, actor, case_id, code, reason)
    except PlatformError as error:
        session.rollback()
        return _case_page(request, session, actor, case_id, error=error)
    return redirect(f"/cases/{case_id}")


@pages.post("/cases/{case_id}/rating")
def rate_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    level: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
) -> Response:
    """好差评 by form."""
    try:
        service.rate_case(session, actor, case_id, level, comment)
    except PlatformError as error:
        if error.status not in (409, 422):
            raise
        session.rollback()
        rated = {"level": level, "comment": comment}
        return _case_page(request, session, actor, case_id, error=error, rated=rated)
    return redirect(f"/cases/{case_id}#rating")


# --- licences --------------------------------------------------------------------------------------------------


@api.get("/licences/{number}")
def show_licence(session: SessionDep, actor: ActorDep, number: str) -> dict[str, Any]:
    """A licence of a visible project."""
    return views.licence_plain(service.get_licence(session, actor, number))


@api.get("/licences/{number}/pdf")
def licence_file(session: SessionDep, actor: ActorDep, number: str) -> Response:
    """The sealed PDF."""
    licence = service.get_licence(session, actor, number)
    return Response(
        service.licence_pdf(licence), media_type="application/pdf",
        headers={
            "content-disposition": f"inline; filename*=UTF-8''{quote(licence.file.name)}",
            "cache-control": "private, no-store",
        },
    )  # fmt: skip


@api.post("/licences/{number}/revoke")
def revoke_licence(session: SessionDep, actor: ActorDep, number: str, why: Reason) -> dict[str, Any]:
    """撤销."""
    return views.licence_plain(service.revoke(session, actor, number, why.reason))


@pages.get("/licences/{number}")
def licence_page(request: Request, session: SessionDep, actor: ActorDep, number: str) -> Response:
    """A licence."""
    licence = service.get_licence(session, actor, number)
    return render(request, "approval/licence.html", licence=views.licence_plain(licence), error=None)


@pages.post("/licences/{number}/revoke")
def revoke_page(
    request: Request, session: SessionDep, actor: ActorDep, number: str, reason: Annotated[str, Form()] = ""
) -> Response:
    """撤销 by form."""
    try:
        service.revoke(session, actor, number, reason)
    except PlatformError as error:
        session.rollback()
        licence = views.licence_plain(service.get_licence(session, actor, number))
        return render(request, "approval/licence.html", status=error.status, licence=licence, error=error)
    return redirect(f"/licences/{quote(number)}")


@api.get("/verify/{code}")
def verify_code(session: SessionDep, code: str) -> dict[str, Any]:
    """Public: check a licence by its code."""
    return views.verify_view(*service.verify_code(session, code))


@api.post("/verify")
def verify_file(session: SessionDep, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Public: check a PDF."""
    return views.verify_view(*service.verify_upload(session, file.file.read(_MAX_VERIFY + 1)))


@pages.get("/verify")
def verify_start(request: Request, code: str = "") -> Response:
    """Public: enter a code or choose a PDF."""
    if code.strip():
        return redirect(f"/verify/{quote(code.strip(), safe='')}")
    return render(request, "approval/verify.html", code="", answer=None, error=None)


@pages.post("/verify")
def verify_upload(
    request: Request, session: SessionDep, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Public: check a PDF by form."""
    if file is None or not file.filename:
        error = BadInput("请选择要核验的 PDF 文件", "no file was chosen", place="file")
        return render(request, "approval/verify.html", status=422, code="", answer=None, error=error)
    answer = views.verify_view(*service.verify_upload(session, file.file.read(_MAX_VERIFY + 1)))
    return render(
        request, "approval/verify.html", code="", answer=answer, error=None, name=file.filename[:200]
    )


@pages.get("/verify/{code}")
def verify_page(request: Request, session: SessionDep, code: str) -> Response:
    """Public: what a QR code leads to."""
    try:
        answer = views.verify_view(*service.verify_code(session, code))
    except NotFound as error:
        return render(
            request, "approval/verify.html", status=404, code=code[:40], answer=None, error=error, name=""
        )
    return render(request, "approval/verify.html", code=code, answer=answer, error=None, name="")
