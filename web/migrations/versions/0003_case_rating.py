"""好差评 of cases.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_rating",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "very_satisfied",
                "satisfied",
                "fair",
                "dissatisfied",
                "very_dissatisfied",
                name="satisfaction",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["box.user.id"], name=op.f("fk_case_rating_by_user")),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_case_rating_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_rating")),
        schema="approval",
    )
    op.create_index(op.f("ix_case_rating_level"), "case_rating", ["level"], unique=False, schema="approval")


def downgrade() -> None:
    op.drop_table("case_rating", schema="approval")
