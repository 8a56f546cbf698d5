"""Reviewing together: versions and photos of marks, drafts, replies, events; drawing standards built on the page.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "mark", sa.Column("version", sa.Integer(), server_default="1", nullable=False), schema="drawings"
    )
    op.add_column("mark", sa.Column("photo_id", sa.Uuid(), nullable=True), schema="drawings")
    op.create_foreign_key(
        op.f("fk_mark_photo_id_stored_file"), "mark", "stored_file", ["photo_id"], ["id"],
        source_schema="drawings", referent_schema="box",
    )  # fmt: skip
    op.add_column("joint_review", sa.Column("standing_over", JSONB(), nullable=True), schema="drawings")
    op.create_table(
        "mark_draft",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("saved_at", _STAMP, nullable=False),
        _review("mark_draft"),
        _user("mark_draft", "user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_mark_draft")),
        schema="drawings",
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", _STAMP, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _review("reply"),
        _user("reply", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        schema="drawings",
    )
    op.create_index(op.f("ix_reply_review_id"), "reply", ["review_id"], unique=False, schema="drawings")
    op.create_table(
        "review_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("created_at", _STAMP, nullable=False),
        _review("review_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_event")),
        schema="drawings",
    )
    op.create_index("ix_review_event_review_id_id", "review_event", ["review_id", "id"], schema="drawings")
    op.create_table(
        "built_standard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", _STAMP, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_built_standard_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        _user("built_standard", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_built_standard")),
        sa.UniqueConstraint("organisation_id", "code", "version", name=op.f("uq_built_standard_organisation_id_code_version")),
        schema="drawings",
    )  # fmt: skip


def _review(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["review_id"], ["drawings.joint_review.id"], name=op.f(f"fk_{table}_review_id_joint_review"),
        ondelete="CASCADE",
    )  # fmt: skip


def _user(table: str, column: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["box.user.id"], name=op.f(f"fk_{table}_{column}_user"), ondelete=ondelete
    )


def downgrade() -> None:
    for table in ("built_standard", "review_event", "reply", "mark_draft"):
        op.drop_table(table, schema="drawings")
    op.drop_column("joint_review", "standing_over", schema="drawings")
    op.drop_column("mark", "photo_id", schema="drawings")
    op.drop_column("mark", "version", schema="drawings")
