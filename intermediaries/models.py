"""Tables of the intermediaries room (schema ``intermediaries``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from intermediaries.engagement import Status
from project_box.kernel.db import Base, Timestamp
from project_box.models import Organisation, Project

_SCHEMA = {"schema": "intermediaries"}


class Agency(Base):
    """中介机构: an organisation that may render services."""

    __tablename__ = "agency"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    qualifications: Mapped[list[AgencyQualification]] = relationship(
        lazy="selectin", cascade="all, delete-orphan"
    )
    persons: Mapped[list[CertifiedPerson]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class AgencyQualification(Base):
    """资质 of an agency, with its last day."""

    __tablename__ = "agency_qualification"
    __table_args__ = (UniqueConstraint("agency_id", "code"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    agency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("intermediaries.agency.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(30))
    level: Mapped[str] = mapped_column(default="")
    certificate_no: Mapped[str] = mapped_column(default="")
    valid_until: Mapped[dt.date]


class CertifiedPerson(Base):
    """持证人员 of an agency."""

    __tablename__ = "certified_person"
    __table_args__ = (UniqueConstraint("agency_id", "certificate_no"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    agency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("intermediaries.agency.id", ondelete="CASCADE"))
    name: Mapped[str]
    certificate: Mapped[str] = mapped_column(default="")
    certificate_no: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(String(30))


class StatedFacts(Base):
    """Facts an officer or the applicant stated for a case, where nothing in the box tells them."""

    __tablename__ = "stated_facts"
    __table_args__ = _SCHEMA

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id", ondelete="CASCADE"))
    values: Mapped[dict[str, Any]]
    updated_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    updated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))


class EvaluationLine(Base):
    """One evaluation of the catalogue judged for one case: needed or not, by which rule and why.

    ``decision`` is the officer's: ``dropped`` or ``required``, always with a reason. The case lives in an upper room;
    its id is kept without a foreign key.
    """

    __tablename__ = "evaluation_line"
    __table_args__ = (
        UniqueConstraint("case_id", "code"),
        CheckConstraint("needed IN ('yes', 'no', 'undecided')", name="needed"),
        CheckConstraint("decision IS NULL OR decision_reason <> ''", name="decision_has_reason"),
        _SCHEMA,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    case_id: Mapped[uuid.UUID] = mapped_column(index=True)
    code: Mapped[str] = mapped_column(String(8))
    name: Mapped[str]
    name_en: Mapped[str]
    needed: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str]
    reason_en: Mapped[str]
    rule: Mapped[str] = mapped_column(String(30))
    basis: Mapped[str]
    verified: Mapped[bool]
    deliverable: Mapped[str]
    qualification: Mapped[str] = mapped_column(String(30))
    days: Mapped[int]
    unknown: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    shared_from: Mapped[dict[str, Any] | None]
    catalogue_hash: Mapped[str] = mapped_column(String(64))
    judged_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    decision: Mapped[str | None] = mapped_column(String(10))
    decision_reason: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    obstacle: Mapped[str] = mapped_column(default="")

    project: Mapped[Project] = relationship(lazy="joined")
    engagements: Mapped[list[Engagement]] = relationship(
        lazy="selectin", order_by="Engagement.dispatched_at", back_populates="line"
    )


class Engagement(Base):
    """委托: one agency doing one evaluation for one project."""

    __tablename__ = "engagement"
    __table_args__ = (
        Index("ix_engagement_agency_status", "agency_id", "status"),
        Index(
            "uq_engagement_live_line",
            "line_id",
            unique=True,
            postgresql_where="status IN ('pending', 'active', 'delivered', 'rated')",
        ),
        _SCHEMA,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    line_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("intermediaries.evaluation_line.id", ondelete="CASCADE")
    )
    agency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("intermediaries.agency.id"))
    status: Mapped[Status] = mapped_column(String(10))
    selection: Mapped[dict[str, Any]]
    dispatched_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    dispatched_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    due: Mapped[dt.date | None]
    accepted_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    ended_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    end_reason: Mapped[str] = mapped_column(default="")
    delivered_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    conclusion: Mapped[str] = mapped_column(default="")
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.stored_file.id"))
    result_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.result.id"))

    line: Mapped[EvaluationLine] = relationship(lazy="joined", back_populates="engagements")
    agency: Mapped[Agency] = relationship(lazy="joined")
    ratings: Mapped[list[Rating]] = relationship(lazy="selectin", order_by="Rating.created_at")


class Rating(Base):
    """评价: five dimensions from 1 to 5, by the authority or by the client, once each."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("engagement_id", "side"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    engagement_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("intermediaries.engagement.id", ondelete="CASCADE")
    )
    side: Mapped[str] = mapped_column(String(10))
    scores: Mapped[dict[str, Any]]
    comment: Mapped[str] = mapped_column(default="")
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    user_name: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
