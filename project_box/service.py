"""Use cases of the box: projects, grants, files, results, messages, audit. Never commits."""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from collections.abc import Sequence
from typing import IO, Any, Literal

import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from project_box import repository
from project_box.audit import GENESIS, Link, first_break
from project_box.codes import check_project_code, fault_in, normal
from project_box.events import ResultRecorded
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import content_hash, to_plain
from project_box.kernel.storage import store_from_settings
from project_box.models import AuditEvent, Message, Project, ProjectGrant, Result, StoredFile
from project_box.stage import Stage

Trust = Literal["A", "B", "C", "D"]

#: longest name, location or summary a person may type
MAX_NAME, MAX_TEXT = 200, 2000


def now() -> dt.datetime:
    """The present moment, UTC."""
    return dt.datetime.now(dt.UTC)


def clean_text(value: str, *, field: str, label: str, limit: int, required: bool = True) -> str:
    """Trim a typed text and refuse an empty, over-long or control-character one.

    Raises:
        BadInput: names the field and the remedy.
    """
    text = value.strip()
    if required and not text:
        raise BadInput(
            f"请填写{label}",
            f"{field} is empty",
            code="required",
            place=field,
            remedy=f"填写{label}后再提交",
            remedy_en=f"fill in {field} and submit again",
        )
    if len(text) > limit:
        raise BadInput(
            f"{label}过长：{len(text)} 个字符，最多 {limit} 个",
            f"{field} has {len(text)} characters, at most {limit} are allowed",
            code="too_long",
            place=field,
            remedy=f"缩短到 {limit} 个字符以内",
            remedy_en=f"shorten it to {limit} characters",
        )
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text):
        raise BadInput(
            f"{label}含有不可见的控制字符",
            f"{field} holds control characters",
            code="control_characters",
            place=field,
            remedy="删除控制字符后再提交",
            remedy_en="remove the control characters and submit again",
        )
    return text


# --- projects -------------------------------------------------------------------------------------------------


def create_project(
    session: Session,
    actor: Actor,
    *,
    code: str,
    name: str,
    location: str = "",
    industry: str = "",
    summary: str = "",
) -> Project:
    """Open a project for the actor's organisation.

    Args:
        code: 项目代码, ``YYMM-XXXXXX-BB-TT-NNNNNN`` (GB/T 40058-2021); structure is checked, the check digit's
            algorithm is not published.

    Raises:
        Forbidden: the actor is not a 建设单位.
        BadInput: a field is missing, too long or malformed.
        Conflict: the code is taken.
    """
    if not actor.has(Role.DEVELOPER):
        raise Forbidden("只有建设单位可以新建项目", "only developers open projects")
    code = normal(code)
    if fault := fault_in(check_project_code, code):
        raise BadInput(
            fault,
            "project code must look like 2101-430104-04-01-123456",
            code="project_code",
            place="code",
            remedy="按“2101-430104-04-01-123456”的格式填写（24 个字符，含 4 个连字符）",
            remedy_en="write it like 2101-430104-04-01-123456 (24 characters with 4 hyphens)",
        )
    if session.scalar(select(Project.id).where(Project.code == code)) is not None:
        raise Conflict(
            f"项目代码 {code} 已存在", f"project code {code} exists", code="project_code_taken", place="code"
        )
    project = Project(
        code=code,
        name=clean_text(name, field="name", label="项目名称", limit=MAX_NAME),
        location=clean_text(location, field="location", label="建设地点", limit=MAX_NAME, required=False),
        industry=clean_text(industry, field="industry", label="行业", limit=MAX_NAME, required=False),
        summary=clean_text(summary, field="summary", label="建设内容", limit=MAX_TEXT, required=False),
        organisation_id=actor.organisation_id,
        created_by=actor.user_id,
        created_at=now(),
    )
    session.add(project)
    session.flush()
    record_audit(
        session, actor, "project.created", f"project:{project.id}", {"code": code, "name": project.name}
    )
    return project


def get_project(session: Session, actor: Actor, project_id: uuid.UUID) -> Project:
    """A project the actor may see.

    Raises:
        NotFound: there is none, or it is not theirs to see (the two are not told apart).
    """
    project = repository.project(session, actor, project_id)
    if project is None:
        raise NotFound("没有这个项目，或您无权查看", "no such project for this person")
    return project


def get_own_project(session: Session, actor: Actor, project_id: uuid.UUID) -> Project:
    """A project of the actor's own organisation, for what only the 建设单位 may do.

    Raises:
        NotFound: not visible.
        Forbidden: visible, but another organisation's.
    """
    project = get_project(session, actor, project_id)
    if project.organisation_id != actor.organisation_id or not actor.has(Role.DEVELOPER):
        raise Forbidden("只有本项目的建设单位可以这样做", "only the project's developer may do this")
    return project


def list_projects(session: Session, actor: Actor) -> Sequence[Project]:
    """Projects the actor may see, newest first."""
    return repository.projects(session, actor)


def grant(
    session: Session,
    project_id: uuid.UUID,
    *,
    role: Role | None = None,
    discipline: str | None = None,
    organisation_id: uuid.UUID | None = None,
    reason: str,
) -> None:
    """Let a role (perhaps of one discipline) or an organisation read a project; repeating a grant is harmless."""
    name = role.value if role else None
    if repository.has_grant(
        session, project_id, role=name, discipline=discipline, organisation_id=organisation_id
    ):
        return
    session.add(
        ProjectGrant(
            project_id=project_id,
            role=name,
            discipline=discipline,
            organisation_id=organisation_id,
            reason=reason,
            created_at=now(),
        )
    )
    session.flush()


# --- files ----------------------------------------------------------------------------------------------------


def safe_name(name: str) -> str:
    """A file name without folders and control characters, at most 200 characters (the ending is kept)."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip() or "file"
    if len(base) > MAX_NAME:
        stem, dot, ending = base.rpartition(".")
        base = (
            base[:MAX_NAME]
            if not dot or len(ending) > 10
            else stem[: MAX_NAME - len(ending) - 1] + dot + ending
        )
    return base


def put_file(
    session: Session, actor: Actor, project_id: uuid.UUID, name: str, data: bytes | IO[bytes], media_type: str
) -> StoredFile:
    """Keep a file for a visible project."""
    get_project(session, actor, project_id)
    digest, size = store_from_settings().put(data)
    row = StoredFile(
        project_id=project_id,
        name=safe_name(name),
        sha256=digest,
        size=size,
        media_type=media_type,
        uploaded_by=actor.user_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def get_file(session: Session, actor: Actor, file_id: uuid.UUID) -> StoredFile:
    """A file of a project the actor may see.

    Raises:
        NotFound: there is none for this person.
    """
    row = repository.stored_file(session, actor, file_id)
    if row is None:
        raise NotFound("没有这个文件，或您无权查看", "no such file for this person")
    return row


def read_file(session: Session, actor: Actor, file_id: uuid.UUID) -> bytes:
    """The bytes of a file the actor may see; their SHA-256 is checked on the way."""
    return store_from_settings().read(get_file(session, actor, file_id).sha256)


# --- results --------------------------------------------------------------------------------------------------


def put_result(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    kind: str,
    stage: Stage,
    title: str,
    payload: dict[str, Any],
    source: dict[str, Any],
    trust: Trust,
    geometry: BaseGeometry | None = None,
    crs: int | None = None,
    files: Sequence[StoredFile] = (),
) -> Result:
    """Put a result into the box as the next version of its kind.

    Args:
        payload: plain content; Decimals and dates are turned into text.
        geometry: in ``crs`` (EPSG), kept with it.
        source: where it came from (person, file hash, case, rule version).
        trust: A decided or sealed by the authority, B computed by the platform, C sealed by a third party,
            D declared by the applicant.
    """
    get_project(session, actor, project_id)
    if (geometry is None) != (crs is None):
        raise ValueError("geometry and crs go together")
    plain = to_plain(payload)
    file_list = [
        {"id": str(f.id), "name": f.name, "sha256": f.sha256, "size": f.size, "media_type": f.media_type}
        for f in files
    ]
    digest = content_hash(
        {
            "kind": kind,
            "payload": plain,
            "geometry": shapely.to_wkb(geometry, hex=True) if geometry is not None else None,
            "crs": crs,
            "files": [f["sha256"] for f in file_list],
        }
    )
    row = Result(
        project_id=project_id,
        stage=stage,
        kind=kind,
        version=repository.next_version(session, project_id, kind),
        title=title,
        payload=plain,
        geometry=from_shape(geometry, srid=crs or 0, extended=True) if geometry is not None else None,
        crs=crs,
        files=file_list,
        source=to_plain(source),
        trust=trust,
        content_hash=digest,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    record_audit(
        session,
        actor,
        "result.recorded",
        f"project:{project_id}",
        {"result": str(row.id), "kind": kind, "version": row.version, "hash": digest, "trust": trust},
    )
    publish(session, ResultRecorded(project_id, row.id, kind, row.version))
    return row


def latest_result(session: Session, actor: Actor, project_id: uuid.UUID, kind: str) -> Result | None:
    """Newest version of a kind in a project the actor may see."""
    return repository.latest_result(session, actor, project_id, kind)


def results(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[Result]:
    """Everything in a project's box, newest first."""
    get_project(session, actor, project_id)
    return repository.results(session, actor, project_id)


def result_geometry(result: Result) -> BaseGeometry | None:
    """The result's geometry in ``result.crs``."""
    return None if result.geometry is None else to_shape(result.geometry)


# --- messages and audit ---------------------------------------------------------------------------------------


def post_message(
    session: Session,
    *,
    title: str,
    body: str = "",
    link: str = "",
    project_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None,
) -> None:
    """Leave a message for an organisation or a person."""
    session.add(
        Message(
            title=title,
            body=body,
            link=link,
            project_id=project_id,
            organisation_id=organisation_id,
            user_id=user_id,
            created_at=now(),
        )
    )


def list_messages(session: Session, actor: Actor, limit: int = 50) -> Sequence[Message]:
    """The actor's messages, newest first."""
    return repository.messages(session, actor, limit)


def record_audit(
    session: Session, actor: Actor | None, kind: str, subject: str, payload: dict[str, Any]
) -> AuditEvent:
    """Add an event to the audit chain; every service that changes state calls this."""
    last = repository.lock_audit_chain(session)
    link = Link(
        seq=(last.seq if last else 0) + 1,
        at=now(),
        actor=str(actor.user_id) if actor else "",
        kind=kind,
        subject=subject,
        payload=to_plain(payload),
        previous_hash=last.hash if last else GENESIS,
    )
    row = AuditEvent(
        seq=link.seq,
        at=link.at,
        actor_id=actor.user_id if actor else None,
        actor_name=actor.name if actor else "",
        kind=kind,
        subject=subject,
        payload=link.payload,
        previous_hash=link.previous_hash,
        hash=link.hash,
    )
    session.add(row)
    session.flush()
    return row


def verify_audit(session: Session) -> int | None:
    """Walk the whole chain; the sequence number at which it breaks, or None when it holds."""
    after, previous = 0, GENESIS
    while batch := repository.audit_events(session, after=after, limit=1000):
        links = [
            (
                Link(
                    e.seq,
                    e.at,
                    str(e.actor_id) if e.actor_id else "",
                    e.kind,
                    e.subject,
                    e.payload,
                    e.previous_hash,
                ),
                e.hash,
            )
            for e in batch
        ]
        broken = first_break(links, previous=previous, seq=after)
        if broken is not None:
            return broken
        after, previous = batch[-1].seq, batch[-1].hash
    return None
