"""Differences are counted by class once, when a comparison is done.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "difference_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("sliver", sa.Boolean(), nullable=False),
        sa.Column("class_a", sa.String(30), nullable=True),
        sa.Column("class_b", sa.String(30), nullable=True),
        sa.Column("value_a", sa.String(), nullable=False),
        sa.Column("value_b", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["gis.difference_run.id"],
            name=op.f("fk_difference_total_run_id_difference_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_total")),
        schema="gis",
    )
    op.create_index(op.f("ix_difference_total_run_id"), "difference_total", ["run_id"], schema="gis")
    op.execute(
        "INSERT INTO gis.difference_total (run_id, sliver, class_a, class_b, value_a, value_b, count, area_m2) "
        "SELECT p.run_id, p.sliver, p.class_a, p.class_b, p.value_a, p.value_b, count(*), sum(p.area_m2) "
        "FROM gis.difference_polygon p JOIN gis.difference_run r ON r.id = p.run_id AND r.state = 'done' "
        "GROUP BY 1, 2, 3, 4, 5, 6"
    )


def downgrade() -> None:
    op.drop_table("difference_total", schema="gis")
