"""The pieces of a layer version have a key, by which they are known outside of the database.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "layer_version",
        sa.Column("pieces_key", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
        schema="gis",
    )


def downgrade() -> None:
    op.drop_column("layer_version", "pieces_key", schema="gis")
