"""Rule sets, the days from which they hold, pins of cases, amendments.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_set",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("functions", JSONB(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.CheckConstraint("origin IN ('shipped', 'amended')", name=op.f("ck_rule_set_origin")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_rule_set")),
        schema="elements",
    )
    op.create_table(
        "rule_force",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("amendments", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["base"], ["elements.rule_set.hash"], name=op.f("fk_rule_force_base_rule_set")
        ),
        sa.ForeignKeyConstraint(
            ["hash"], ["elements.rule_set.hash"], name=op.f("fk_rule_force_hash_rule_set")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_force")),
        schema="elements",
    )
    op.create_index(op.f("ix_rule_force_base"), "rule_force", ["base"], unique=False, schema="elements")
    op.create_table(
        "rule_pin",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["elements.rule_set.hash"], name=op.f("fk_rule_pin_hash_rule_set")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_rule_pin_project_id_project")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_rule_pin")),
        schema="elements",
    )
    op.create_index(
        op.f("ix_rule_pin_project_id"), "rule_pin", ["project_id"], unique=False, schema="elements"
    )
    op.create_table(
        "amendment",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("target_name", sa.String(), nullable=False),
        sa.Column("change", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("old_text", sa.String(), nullable=False),
        sa.Column("new_text", sa.String(), nullable=False),
        sa.Column("preview", JSONB(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')",
            name=op.f("ck_amendment_state"),
        ),
        sa.CheckConstraint(
            "approver_id IS NULL OR approver_id <> author_id", name=op.f("ck_amendment_two_people")
        ),
        sa.ForeignKeyConstraint(["approver_id"], ["box.user.id"], name=op.f("fk_amendment_approver_id_user")),
        sa.ForeignKeyConstraint(["author_id"], ["box.user.id"], name=op.f("fk_amendment_author_id_user")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_amendment")),
        schema="elements",
    )
    op.create_index(op.f("ix_amendment_state"), "amendment", ["state"], unique=False, schema="elements")
    op.create_index(op.f("ix_amendment_target"), "amendment", ["target"], unique=False, schema="elements")


def downgrade() -> None:
    for table in ("amendment", "rule_pin", "rule_force", "rule_set"):
        op.drop_table(table, schema="elements")
