"""Registers 台账 of the businesses; their lines cannot be changed.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS elements")
    op.create_table(
        "register_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.String(60), nullable=False),
        sa.Column("bureau_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(60), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("project_code", sa.String(30), nullable=False),
        sa.Column("project_name", sa.String(), nullable=False),
        sa.Column("applicant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("handler_id", sa.Uuid(), nullable=False),
        sa.Column("rules_at", sa.Date(), nullable=False),
        sa.Column("rule_hash", sa.String(64), nullable=False),
        sa.Column("elements", JSONB(), nullable=False),
        sa.Column("numbers", JSONB(), nullable=False),
        sa.Column("conclusions", JSONB(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.Column("inputs", JSONB(), nullable=False),
        sa.Column("opinion", JSONB(), nullable=False),
        sa.Column("source", JSONB(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('pass', 'fail', 'note', 'undecided')", name=op.f("ck_register_line_outcome")
        ),
        sa.CheckConstraint("origin IN ('run', 'import', 'case')", name=op.f("ck_register_line_origin")),
        sa.ForeignKeyConstraint(
            ["bureau_id"], ["box.organisation.id"], name=op.f("fk_register_line_bureau_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_register_line_project_id_project")
        ),
        sa.ForeignKeyConstraint(
            ["result_id"], ["box.result.id"], name=op.f("fk_register_line_result_id_result")
        ),
        sa.ForeignKeyConstraint(
            ["replaces"], ["elements.register_line.id"], name=op.f("fk_register_line_replaces_register_line")
        ),
        sa.ForeignKeyConstraint(
            ["handler_id"], ["box.user.id"], name=op.f("fk_register_line_handler_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_line")),
        sa.UniqueConstraint(
            "bureau_id",
            "register",
            "year",
            "number",
            name=op.f("uq_register_line_bureau_id_register_year_number"),
        ),
        sa.UniqueConstraint("replaces", name=op.f("uq_register_line_replaces")),
        schema="elements",
    )
    op.create_index(
        "ix_register_line_place", "register_line", ["bureau_id", "register", "day"], schema="elements"
    )
    op.create_index(op.f("ix_register_line_project_id"), "register_line", ["project_id"], schema="elements")
    op.create_index(op.f("ix_register_line_case_id"), "register_line", ["case_id"], schema="elements")
    op.execute(
        """
        CREATE FUNCTION elements.register_line_stands() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a line of a register is never changed or removed';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER register_line_stands BEFORE UPDATE OR DELETE ON elements.register_line"
        " FOR EACH ROW EXECUTE FUNCTION elements.register_line_stands()"
    )


def downgrade() -> None:
    op.drop_table("register_line", schema="elements")
    op.execute("DROP FUNCTION elements.register_line_stands()")
