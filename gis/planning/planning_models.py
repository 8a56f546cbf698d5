"""Tables of the planning stage (schema ``gis``): rounds of conditions 策划生成, area-wide evaluations 区域评估."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from project_box.kernel.db import Base, Timestamp

_SCHEMA = {"schema": "gis"}


class ConditionRound(Base):
    """A round in which invited departments put conditions at the same time; open until it is closed."""

    __tablename__ = "condition_round"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    departments: Mapped[list[Any]]
    due: Mapped[dt.date]
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    opened_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    closed_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    result_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.result.id", ondelete="SET NULL"))


class DepartmentEntry(Base):
    """What a department put: one condition, or that it has none (``content`` empty); signed by who and when."""

    __tablename__ = "department_entry"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    round_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("gis.condition_round.id", ondelete="CASCADE"), index=True
    )
    department: Mapped[str]
    content: Mapped[dict[str, Any]]
    signed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    signed_name: Mapped[str]
    signed_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class RegionalArea(Base):
    """An area with a finished evaluation 区域评估: kind, report, validity, sealed file."""

    __tablename__ = "regional_area"
    __table_args__ = (UniqueConstraint("kind", "report_no"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str]
    report_no: Mapped[str] = mapped_column(String(100))
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date]
    crs: Mapped[int]
    geometry: Mapped[WKBElement] = mapped_column(Geometry(None, srid=-1, spatial_index=False))
    file_name: Mapped[str | None]
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    seal: Mapped[dict[str, Any]]
    registered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    registered_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class RegionalQuery(Base):
    """A query of a project and its sealed certificate 查询证明; never changed."""

    __tablename__ = "regional_query"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[str] = mapped_column(String(40), unique=True)
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    asked_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    answered_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    same_day: Mapped[bool]
    content: Mapped[dict[str, Any]]
    verify_code: Mapped[str] = mapped_column(String(40), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.stored_file.id"))
