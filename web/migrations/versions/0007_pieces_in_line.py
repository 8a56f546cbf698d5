"""Pieces of plan features are kept in the row, not in the TOAST table; old rows move with the next import.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE gis.piece ALTER COLUMN geom SET STORAGE MAIN")


def downgrade() -> None:
    op.execute("ALTER TABLE gis.piece ALTER COLUMN geom SET STORAGE EXTENDED")
