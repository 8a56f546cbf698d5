"""Differences between plans are computed once for a pair of versions and kept.

Revision ID: 0012
Revises: 0011
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "difference_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version_a_id", sa.BigInteger(), nullable=False),
        sa.Column("version_b_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(length=10), nullable=False),
        sa.Column("classes_b", sa.String(), nullable=False),
        sa.Column("minimum_m2", sa.Float(), nullable=False),
        sa.Column("tolerance_m", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", JSONB(), nullable=True),
        sa.Column("asked_at", _STAMP, nullable=False),
        sa.Column("touched_at", _STAMP, nullable=False),
        sa.Column("finished_at", _STAMP, nullable=True),
        sa.ForeignKeyConstraint(
            ["version_a_id"],
            ["gis.layer_version.id"],
            name=op.f("fk_difference_run_version_a_id_layer_version"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_b_id"],
            ["gis.layer_version.id"],
            name=op.f("fk_difference_run_version_b_id_layer_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_run")),
        sa.UniqueConstraint(
            "version_a_id",
            "version_b_id",
            "relation",
            "classes_b",
            "minimum_m2",
            "tolerance_m",
            name="uq_difference_run_what",
        ),
        schema="gis",
    )
    op.create_index(op.f("ix_difference_run_version_b_id"), "difference_run", ["version_b_id"], schema="gis")
    op.create_table(
        "difference_polygon",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("sliver", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("fid_a", sa.Integer(), nullable=False),
        sa.Column("fid_b", sa.Integer(), nullable=True),
        sa.Column("label_a", sa.String(), nullable=False),
        sa.Column("label_b", sa.String(), nullable=True),
        sa.Column("class_a", sa.String(length=30), nullable=True),
        sa.Column("class_b", sa.String(length=30), nullable=True),
        sa.Column("value_a", sa.String(), nullable=False),
        sa.Column("value_b", sa.String(), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("geom", geoalchemy2.Geometry("POLYGON", srid=-1, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["gis.difference_run.id"],
            name=op.f("fk_difference_polygon_run_id_difference_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_polygon")),
        schema="gis",
    )
    op.create_index(
        "ix_difference_polygon_number", "difference_polygon", ["run_id", "sliver", "number"], schema="gis"
    )
    op.create_index("ix_difference_polygon_code", "difference_polygon", ["run_id", "code"], schema="gis")
    op.create_index(
        "ix_difference_polygon_geom", "difference_polygon", ["geom"], postgresql_using="gist", schema="gis"
    )


def downgrade() -> None:
    op.drop_table("difference_polygon", schema="gis")
    op.drop_table("difference_run", schema="gis")
