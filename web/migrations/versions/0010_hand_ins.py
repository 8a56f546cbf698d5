"""Large hand-ins read by the worker, decisions about repairs, completeness of a round of review.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "joint_review",
        sa.Column("item", sa.String(length=60), server_default="", nullable=False),
        schema="drawings",
    )
    op.create_table(
        "hand_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("standard", sa.String(length=60), nullable=True),
        sa.Column("unit", sa.String(length=10), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reading", sa.String(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_hand_in_project_id_project"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["drawings.revision.id"],
            name=op.f("fk_hand_in_revision_id_revision"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_hand_in_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_in")),
        schema="drawings",
    )
    op.create_index(op.f("ix_hand_in_project_id"), "hand_in", ["project_id"], unique=False, schema="drawings")
    op.create_table(
        "repair_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("repair", sa.String(length=80), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["drawings.revision.id"],
            name=op.f("fk_repair_decision_revision_id_revision"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["box.user.id"], name=op.f("fk_repair_decision_decided_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_decision")),
        sa.UniqueConstraint("revision_id", "repair", name=op.f("uq_repair_decision_revision_id_repair")),
        schema="drawings",
    )
    op.create_table(
        "completeness_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["drawings.joint_review.id"],
            name=op.f("fk_completeness_check_review_id_joint_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["box.user.id"], name=op.f("fk_completeness_check_checked_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completeness_check")),
        schema="drawings",
    )
    op.create_index(
        op.f("ix_completeness_check_review_id"),
        "completeness_check",
        ["review_id"],
        unique=False,
        schema="drawings",
    )


def downgrade() -> None:
    op.drop_table("completeness_check", schema="drawings")
    op.drop_table("repair_decision", schema="drawings")
    op.drop_table("hand_in", schema="drawings")
    op.drop_column("joint_review", "item", schema="drawings")
