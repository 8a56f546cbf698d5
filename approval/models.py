"""Tables of the approval room (schema ``approval``). Notices, opinions, ratings, clock events and log entries are
only ever added; licences are revoked, never changed."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approval.case import CaseState, Decision, TaskState
from approval.rating import Satisfaction
from project_box.kernel.db import Base, Timestamp
from project_box.kernel.identity import Role
from project_box.models import Organisation, Project, StoredFile

_SCHEMA = {"schema": "approval"}


def _word(kind: type[StrEnum]) -> Enum:
    """An enum kept as its word."""
    return Enum(
        kind,
        native_enum=False,
        length=20,
        create_constraint=False,
        values_callable=lambda e: [m.value for m in e],
    )


class ItemVersionRow(Base):
    """An item as it stood when a case of it began; the hash covers definition and process."""

    __tablename__ = "item_version"
    __table_args__ = _SCHEMA

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), index=True)
    version: Mapped[str] = mapped_column(String(30))
    definition: Mapped[dict[str, Any]]
    bpmn: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Counter(Base):
    """Sequence numbers per scope (serials of a year, permit numbers of an item and year); no number twice."""

    __tablename__ = "counter"
    __table_args__ = _SCHEMA

    scope: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Case(Base):
    """办件."""

    __tablename__ = "case"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"), index=True)
    item_code: Mapped[str] = mapped_column(String(60), index=True)
    item_hash: Mapped[str] = mapped_column(ForeignKey("approval.item_version.hash"))
    state: Mapped[CaseState] = mapped_column(_word(CaseState), index=True)
    resume_to: Mapped[CaseState | None] = mapped_column(_word(CaseState))
    decision: Mapped[Decision | None] = mapped_column(_word(Decision))
    recommendation: Mapped[str | None] = mapped_column(String(20))
    serial: Mapped[str | None] = mapped_column(String(30), unique=True)
    round: Mapped[int] = mapped_column(default=1)
    review_id: Mapped[uuid.UUID | None]
    dispatched: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    accepted_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    decided_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    closed_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)

    project: Mapped[Project] = relationship(lazy="joined")
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    item_version: Mapped[ItemVersionRow] = relationship(lazy="joined")


class CaseForm(Base):
    """The form of one round; frozen when it is handed in."""

    __tablename__ = "case_form"
    __table_args__ = (UniqueConstraint("case_id", "round"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    round: Mapped[int]
    data: Mapped[dict[str, Any]]
    saved_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    saved_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class CaseMaterial(Base):
    """One upload for a material line, or a 容缺 commitment (no file, ``until`` set); the newest of a line counts."""

    __tablename__ = "case_material"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    code: Mapped[str] = mapped_column(String(60))
    round: Mapped[int]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.stored_file.id"))
    commitment: Mapped[str] = mapped_column(default="")
    until: Mapped[dt.date | None]
    removed: Mapped[bool] = mapped_column(default=False)
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    added_at: Mapped[dt.datetime] = mapped_column(Timestamp)

    file: Mapped[StoredFile | None] = relationship(lazy="joined")


class ProcessInstance(Base):
    """The case's process as SpiffWorkflow serialises it; locked while it is moved."""

    __tablename__ = "process_instance"
    __table_args__ = _SCHEMA

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), primary_key=True)
    state: Mapped[dict[str, Any]]
    updated_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Task(Base):
    """A step of a case, projected from the process for queries; one row per visit of the step.

    A wait (联合审图, 中介评估) is a row with ``message``; a discipline's review is a row with ``discipline``.
    """

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("case_id", "step", "visit", "discipline", postgresql_nulls_not_distinct=True),
        _SCHEMA,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    step: Mapped[str] = mapped_column(String(60))
    visit: Mapped[int] = mapped_column(default=1)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    role: Mapped[Role] = mapped_column(_word(Role), index=True)
    discipline: Mapped[str | None] = mapped_column(String(30))
    message: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[TaskState] = mapped_column(_word(TaskState), index=True)
    days: Mapped[int | None]
    started_on: Mapped[dt.date]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    opened_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    done_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    done_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    done_name: Mapped[str] = mapped_column(default="")
    action: Mapped[str | None] = mapped_column(String(20))
    draft: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")

    case: Mapped[Case] = relationship(lazy="joined")


class ClockEventRow(Base):
    """One entry of a clock's log."""

    __tablename__ = "clock_event"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    clock: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    on: Mapped[dt.date]
    at: Mapped[dt.datetime] = mapped_column(Timestamp)
    days: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    basis: Mapped[str] = mapped_column(default="")


class Notice(Base):
    """告知书: immutable; ``data`` is what the document was rendered from, ``file`` the sealed PDF."""

    __tablename__ = "notice"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str]
    data: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.stored_file.id"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Correction(Base):
    """One entry of a 补正 list, linked to its place; answered when the applicant hands in again."""

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("notice_id", "number"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.notice.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str]
    place: Mapped[str]
    text: Mapped[str]
    link: Mapped[str]
    reply: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class CaseOpinion(Base):
    """A written opinion with the draft it started from and the difference; immutable."""

    __tablename__ = "case_opinion"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.task.id"))
    step: Mapped[str] = mapped_column(String(60))
    role: Mapped[Role] = mapped_column(_word(Role))
    action: Mapped[str] = mapped_column(String(20))
    drafted: Mapped[str]
    text: Mapped[str]
    difference: Mapped[list[Any]]
    gates: Mapped[list[Any]]
    by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    by_name: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(Timestamp)


class ResolutionRow(Base):
    """判定说明: an officer's written reason for an 无法判定 finding; the newest of a code counts."""

    __tablename__ = "resolution"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    code: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str]
    by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    by_name: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(Timestamp)


class CaseLog(Base):
    """流转记录: one line per event of a case, for people to read; the audit chain is the proof."""

    __tablename__ = "case_log"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(Timestamp)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    actor_name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str]
    text_en: Mapped[str] = mapped_column(default="")
    internal: Mapped[bool] = mapped_column(default=False)


class CaseRating(Base):
    """好差评: what the applicant thinks of the handling; one per case, never changed."""

    __tablename__ = "case_rating"
    __table_args__ = _SCHEMA

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"), primary_key=True)
    level: Mapped[Satisfaction] = mapped_column(_word(Satisfaction), index=True)
    comment: Mapped[str] = mapped_column(default="")
    by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    by_name: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Licence(Base):
    """证照: the licence store. ``number`` and ``verify_code`` are unique; the PDF lies in the file store."""

    __tablename__ = "licence"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    holder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"), index=True)
    holder: Mapped[str]
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id"), index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval.case.id"))
    authority: Mapped[str]
    issued_on: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    data: Mapped[dict[str, Any]]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.stored_file.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    verify_code: Mapped[str] = mapped_column(String(32), unique=True)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    revoked_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)

    project: Mapped[Project] = relationship(lazy="joined")
    file: Mapped[StoredFile] = relationship(lazy="joined")
