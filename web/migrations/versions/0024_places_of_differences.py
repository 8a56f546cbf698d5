"""The place of a difference polygon among those of the same classes, by which pages of a narrowed list are found.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("difference_polygon", sa.Column("total_id", sa.BigInteger(), nullable=True), schema="gis")
    op.add_column("difference_polygon", sa.Column("place", sa.Integer(), nullable=True), schema="gis")
    op.execute(
        "UPDATE gis.difference_polygon p SET total_id = n.total_id, place = n.place FROM ("
        " SELECT p.id, t.id AS total_id, row_number() OVER (PARTITION BY t.id ORDER BY p.number) AS place"
        " FROM gis.difference_polygon p JOIN gis.difference_total t ON t.run_id = p.run_id AND t.sliver = p.sliver"
        " AND ROW(t.class_a, t.class_b, t.value_a, t.value_b)::text"
        " = ROW(p.class_a, p.class_b, p.value_a, p.value_b)::text"
        ") n WHERE p.id = n.id"
    )
    op.create_index(
        "ix_difference_polygon_place",
        "difference_polygon",
        ["total_id", "number"],
        postgresql_include=["place"],
        schema="gis",
    )


def downgrade() -> None:
    op.drop_index("ix_difference_polygon_place", "difference_polygon", schema="gis")
    op.drop_column("difference_polygon", "place", schema="gis")
    op.drop_column("difference_polygon", "total_id", schema="gis")
