"""Versions of plan layers can end: the last day on which a version holds.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("layer_version", sa.Column("valid_to", sa.Date(), nullable=True), schema="gis")


def downgrade() -> None:
    op.drop_column("layer_version", "valid_to", schema="gis")
