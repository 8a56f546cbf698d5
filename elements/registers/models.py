"""The table of the registers 台账 (schema ``elements``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from project_box.kernel.db import Base, Timestamp


class RegisterLine(Base):
    """台账 line: what was found and decided, as it was on the day; a trigger of the database keeps it unchanged.

    A later line for the same business, project and object names the one it ``replaces``; totals count the last one.
    The case lives in an upper room; its id is kept without a foreign key.
    """

    __tablename__ = "register_line"
    __table_args__ = (
        UniqueConstraint("bureau_id", "register", "year", "number"),
        CheckConstraint("outcome IN ('pass', 'fail', 'note', 'undecided')", name="outcome"),
        CheckConstraint("origin IN ('run', 'import', 'case')", name="origin"),
        Index("ix_register_line_place", "bureau_id", "register", "day"),
        {"schema": "elements"},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    register: Mapped[str] = mapped_column(String(60))
    bureau_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"))
    year: Mapped[int]
    number: Mapped[int]
    serial: Mapped[str] = mapped_column(String(60))
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id"), index=True)
    project_code: Mapped[str] = mapped_column(String(30))
    project_name: Mapped[str]
    applicant: Mapped[str]
    subject: Mapped[str] = mapped_column(String(200), default="")
    origin: Mapped[str] = mapped_column(String(10))
    case_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    result_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.result.id"))
    replaces: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("elements.register_line.id"), unique=True)
    outcome: Mapped[str] = mapped_column(String(10))
    decision: Mapped[str] = mapped_column(String(20), default="")
    decided_on: Mapped[dt.date | None]
    day: Mapped[dt.date]
    handler: Mapped[str]
    handler_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    rules_at: Mapped[dt.date]
    rule_hash: Mapped[str] = mapped_column(String(64))
    elements: Mapped[list[Any]]
    numbers: Mapped[dict[str, Any]]
    conclusions: Mapped[list[Any]]
    counts: Mapped[dict[str, Any]]
    inputs: Mapped[dict[str, Any]]
    opinion: Mapped[dict[str, Any]]
    source: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[dt.datetime] = mapped_column(Timestamp)
