"""Tables of the drawings room (schema ``drawings``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from project_box.kernel.db import Base, Timestamp
from project_box.models import User

_SCHEMA = {"schema": "drawings"}


class Revision(Base):
    """图纸版本: the files of one submission; never changed afterwards."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("project_id", "number"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.project.id", ondelete="CASCADE"))
    number: Mapped[int]
    result_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.result.id", ondelete="SET NULL"))
    summary: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))

    files: Mapped[list[RevisionFile]] = relationship(
        back_populates="revision", order_by="RevisionFile.position", lazy="selectin"
    )


class RevisionFile(Base):
    """One file of a revision with its interpretation; model and sheet are derived from the bytes and kept for speed."""

    __tablename__ = "revision_file"
    __table_args__ = (UniqueConstraint("revision_id", "position"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drawings.revision.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.stored_file.id"))
    standard: Mapped[str | None] = mapped_column(String(60))
    report: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    model: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sheet: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    revision: Mapped[Revision] = relationship(back_populates="files")


class JointReview(Base):
    """联合审图: one round of one case."""

    __tablename__ = "joint_review"
    __table_args__ = (
        Index("ix_joint_review_case_id", "case_id"),
        Index(
            "uq_joint_review_open_case", "case_id", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        _SCHEMA,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    case_id: Mapped[uuid.UUID]
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drawings.revision.id"))
    round: Mapped[int]
    disciplines: Mapped[list[Any]]
    due: Mapped[dt.date | None]
    #: since when the time of the round stands still
    paused_on: Mapped[dt.date | None]
    #: code of the item the case is of; what must be handed in depends on it
    item: Mapped[str] = mapped_column(String(60), default="", server_default="")
    opened_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    closed_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    verdict: Mapped[str | None] = mapped_column(String(20))
    joint_opinion: Mapped[dict[str, Any] | None]
    #: discipline → why its agreement of the round before still stands (nothing of its concern has changed)
    standing_over: Mapped[dict[str, Any] | None]

    revision: Mapped[Revision] = relationship(lazy="joined")


class Mark(Base):
    """标注: a reviewer's note anchored to a file of the revision, coordinates and CAD handle."""

    __tablename__ = "mark"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), index=True
    )
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drawings.revision_file.id"))
    discipline: Mapped[str] = mapped_column(String(30))
    kind: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(10))
    clause: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    geometry: Mapped[dict[str, Any]]
    handle: Mapped[str] = mapped_column(default="")
    carried_from: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("drawings.mark.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    closed_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    closing_note: Mapped[str] = mapped_column(default="")
    #: counts the savings; who saves must name the version that was shown
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    photo_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.stored_file.id"))

    author: Mapped[User] = relationship(foreign_keys=[created_by], lazy="joined")


class Opinion(Base):
    """专业意见: a submitted one is never changed; a discipline's next one gets the next version."""

    __tablename__ = "opinion"
    __table_args__ = (UniqueConstraint("review_id", "discipline", "version"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), index=True
    )
    discipline: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(20))
    text: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))

    author: Mapped[User] = relationship(lazy="joined")


class MarkDraft(Base):
    """What somebody has begun and not yet saved, an opinion, marks, a merge or replies; survives a closed window."""

    __tablename__ = "mark_draft"
    __table_args__ = _SCHEMA

    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.user.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[dict[str, Any]]
    saved_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class Presence(Base):
    """Who looks at which file of a review just now; a row that is not renewed counts no longer."""

    __tablename__ = "presence"
    __table_args__ = _SCHEMA

    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.user.id", ondelete="CASCADE"), primary_key=True
    )
    file: Mapped[int] = mapped_column(primary_key=True)
    seen_at: Mapped[dt.datetime] = mapped_column(Timestamp)

    person: Mapped[User] = relationship(lazy="joined")


class Reply(Base):
    """答复: what the design side says to one opinion or mark; a later one counts, the earlier ones are kept."""

    __tablename__ = "reply"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), index=True
    )
    source: Mapped[str] = mapped_column(String(60))
    text: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))

    author: Mapped[User] = relationship(lazy="joined")


class ReviewEvent(Base):
    """What happened in a review, in order, for those who look on; kept so that a broken line can be taken up again."""

    __tablename__ = "review_event"
    __table_args__ = (Index("ix_review_event_review_id_id", "review_id", "id"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    review_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drawings.joint_review.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)


class BuiltStandard(Base):
    """制图标准 an organisation has built from a drawing; every saving is a version, the newest is used."""

    __tablename__ = "built_standard"
    __table_args__ = (UniqueConstraint("organisation_id", "code", "version"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.organisation.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    source: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    #: since when it is not offered any more
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class HandIn(Base):
    """正在读取的图纸: a large set that the worker reads; its files lie in the store meanwhile.

    ``files``: name, sha256 and size of each. ``state``: waiting, reading, done, failed. ``error``: why it
    failed, as the request would have answered.
    """

    __tablename__ = "hand_in"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("box.project.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(String(10))
    files: Mapped[list[Any]]
    standard: Mapped[str | None] = mapped_column(String(60))
    unit: Mapped[str | None] = mapped_column(String(10))
    done: Mapped[int] = mapped_column(default=0)
    reading: Mapped[str] = mapped_column(default="")
    #: how far the file being read has come, a :class:`drawings.set_reading.Phase`
    stage: Mapped[str] = mapped_column(String(20), default="", server_default="")
    revision_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("drawings.revision.id", ondelete="SET NULL")
    )
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))
    finished_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class RepairDecision(Base):
    """修复决定: what a person decided about a repair proposed for a revision, and why."""

    __tablename__ = "repair_decision"
    __table_args__ = (UniqueConstraint("revision_id", "repair"), _SCHEMA)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drawings.revision.id", ondelete="CASCADE"))
    repair: Mapped[str] = mapped_column(String(80))
    accepted: Mapped[bool]
    reason: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    decided_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))

    person: Mapped[User] = relationship(lazy="joined")


class CompletenessCheck(Base):
    """完整性检查: an officer's decision whether a round may go on with what was handed in; never changed."""

    __tablename__ = "completeness_check"
    __table_args__ = _SCHEMA

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("drawings.joint_review.id", ondelete="CASCADE"), index=True
    )
    complete: Mapped[bool]
    lines: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    checked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("box.user.id"))

    officer: Mapped[User] = relationship(lazy="joined")
