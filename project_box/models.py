"""Tables of the box (schema ``box``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from project_box.kernel.db import Base, Timestamp
from project_box.stage import Stage

_SCHEMA = {"schema": "box"}


class Organisation(Base):
    """建设单位, 中介机构 or the bureau itself; 统一社会信用代码 is its key."""

    __tablename__ = "organisation"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    credit_code: Mapped[str] = mapped_column(String(18), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(default="")


class User(Base):
    """A person who can sign in; the password is kept as an argon2 hash."""

    __tablename__ = "user"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    username: Mapped[str] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(20)))
    discipline: Mapped[str | None] = mapped_column(String(30))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"))
    active: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(Timestamp)

    organisation: Mapped[Organisation] = relationship(lazy="joined")


class UserSession(Base):
    """A server-side session; only the SHA-256 of its token is kept."""

    __tablename__ = "user_session"
    __table_args__ = _SCHEMA

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    expires_at: Mapped[dt.datetime] = mapped_column(Timestamp, index=True)

    user: Mapped[User] = relationship(lazy="joined")


class Project(Base):
    """建设项目."""

    __tablename__ = "project"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str]
    location: Mapped[str] = mapped_column(default="")
    industry: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id"), index=True)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)

    organisation: Mapped[Organisation] = relationship(lazy="joined")


class ProjectGrant(Base):
    """Why somebody other than the owner may read a project: to a role, an organisation, or a discipline."""

    __tablename__ = "project_grant"
    __table_args__ = (
        UniqueConstraint(
            "project_id", "role", "organisation_id", "discipline", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("role IS NOT NULL OR organisation_id IS NOT NULL", name="has_target"),
        _SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str | None] = mapped_column(String(20))
    discipline: Mapped[str | None] = mapped_column(String(30))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.organisation.id"))
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class StoredFile(Base):
    """A file of a project; the bytes lie in the file store under their SHA-256."""

    __tablename__ = "stored_file"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(120))
    uploaded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Result(Base):
    """成果: an immutable, versioned thing in the box."""

    __tablename__ = "result"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "version"),
        CheckConstraint("trust IN ('A', 'B', 'C', 'D')", name="trust"),
        Index("ix_result_geometry", "geometry", postgresql_using="gist"),
        _SCHEMA,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id", ondelete="CASCADE"))
    stage: Mapped[Stage] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    title: Mapped[str]
    payload: Mapped[dict[str, Any]]
    geometry: Mapped[WKBElement | None] = mapped_column(Geometry(None, srid=-1, spatial_index=False))
    crs: Mapped[int | None]
    files: Mapped[list[Any]]
    source: Mapped[dict[str, Any]]
    trust: Mapped[str] = mapped_column(String(1))
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))


class Message(Base):
    """A notice to an organisation or a person (the place where SMS would leave from)."""

    __tablename__ = "message"
    __table_args__ = _SCHEMA

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.project.id", ondelete="CASCADE"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.organisation.id"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"), index=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class AuditEvent(Base):
    """One link of the audit chain: ``hash`` covers the content and the previous hash."""

    __tablename__ = "audit_event"
    __table_args__ = _SCHEMA

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(Timestamp)
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    payload: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
