"""Features stay in their row as long as it fits a page: an import cuts up none of them, and reading finds them whole.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE gis.feature SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    op.execute("ALTER TABLE gis.feature SET (toast_tuple_target = 4080)")
