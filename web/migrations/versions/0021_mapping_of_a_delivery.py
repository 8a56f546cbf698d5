"""A version keeps what was said about columns and codes of its delivery, to be proposed at the next import.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "layer_version",
        sa.Column("mapping", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        schema="gis",
    )


def downgrade() -> None:
    op.drop_column("layer_version", "mapping", schema="gis")
