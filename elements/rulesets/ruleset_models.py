"""Tables of rule sets, their days, the pins of cases, and the administrators' amendments (schema ``elements``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from project_box.kernel.db import Base, Timestamp
from project_box.models import User

_SCHEMA = {"schema": "elements"}


class RuleSet(Base):
    """规则版本: the text of a whole catalogue by its hash; never changed.

    ``origin`` is ``shipped`` (came with the platform) or ``amended`` (a shipped one with amendments laid over it).
    """

    __tablename__ = "rule_set"
    __table_args__ = (CheckConstraint("origin IN ('shipped', 'amended')", name="origin"), _SCHEMA)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    content: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    functions: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    origin: Mapped[str] = mapped_column(String(10))
    effective_from: Mapped[dt.date]
    note: Mapped[str] = mapped_column(default="")
    author: Mapped[str] = mapped_column(default="")
    approver: Mapped[str] = mapped_column(default="")


class RuleForce(Base):
    """Which rule set holds from a day on, over one shipped catalogue; later entries of a day replace earlier ones."""

    __tablename__ = "rule_force"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    base: Mapped[str] = mapped_column(ForeignKey("elements.rule_set.hash"), index=True)
    effective_from: Mapped[dt.date]
    hash: Mapped[str] = mapped_column(ForeignKey("elements.rule_set.hash"))
    amendments: Mapped[list[Any]]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class RulePin(Base):
    """The rule set an accepted case is judged by. The case lives in an upper room; its id has no foreign key."""

    __tablename__ = "rule_pin"
    __table_args__ = _SCHEMA

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id"), index=True)
    hash: Mapped[str] = mapped_column(ForeignKey("elements.rule_set.hash"))
    day: Mapped[dt.date]
    pinned_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Amendment(Base):
    """规则修订: one change of an element or a table, from draft to approval; approved ones are never changed."""

    __tablename__ = "amendment"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("approver_id IS NULL OR approver_id <> author_id", name="two_people"),
        _SCHEMA,
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(80), index=True)
    target_name: Mapped[str]
    change: Mapped[dict[str, Any]]
    reason: Mapped[str]
    effective_from: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(10), index=True)
    base: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(64))
    file: Mapped[str]
    old_text: Mapped[str]
    new_text: Mapped[str]
    preview: Mapped[dict[str, Any] | None]
    trouble: Mapped[str] = mapped_column(default="")
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    approver_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    updated_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    decided_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    decision: Mapped[str] = mapped_column(default="")

    author: Mapped[User] = relationship(lazy="joined", foreign_keys=[author_id])
    approver: Mapped[User | None] = relationship(lazy="joined", foreign_keys=[approver_id])
