"""Overviews from which tiles of large layers are drawn at low zooms.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LEVELS = (13, 11, 9, 7, 5)


def upgrade() -> None:
    op.add_column(
        "layer_version",
        sa.Column("overviews", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema="gis",
    )
    op.create_table(
        "overview",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("zoom", sa.Integer(), nullable=False),
        sa.Column("fid", sa.Integer(), nullable=True),
        sa.Column("class_key", sa.String(30), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=3857, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["gis.layer_version.id"],
            name="fk_overview_version_id_layer_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_overview"),
        schema="gis",
    )
    op.create_index("ix_overview_version_id", "overview", ["version_id"], schema="gis")
    for zoom in _LEVELS:
        op.create_index(
            f"ix_overview_{zoom}",
            "overview",
            ["geom"],
            schema="gis",
            postgresql_using="gist",
            postgresql_where=sa.text(f"zoom = {zoom}"),
        )


def downgrade() -> None:
    op.drop_table("overview", schema="gis")
    op.drop_column("layer_version", "overviews", schema="gis")
