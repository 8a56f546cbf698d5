"""Standards an organisation does not offer any more.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "built_standard",
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        schema="drawings",
    )


def downgrade() -> None:
    op.drop_column("built_standard", "withdrawn_at", schema="drawings")
