"""Geometry of features is kept uncompressed: coordinates hardly shrink, and trying to shrink them takes long.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE gis.feature ALTER geom SET STORAGE EXTERNAL, ALTER geom_3857 SET STORAGE EXTERNAL"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE gis.feature ALTER geom SET STORAGE EXTENDED, ALTER geom_3857 SET STORAGE EXTENDED"
    )
