"""Drawing models are kept packed: as JSON those of large drawings do not fit into a row.

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # bytes that begin with a brace are the JSON kept so far; they are read as before
    op.execute(
        "ALTER TABLE drawings.revision_file ALTER COLUMN model TYPE bytea USING convert_to(model::text, 'UTF8'), "
        "ALTER COLUMN model SET STORAGE EXTERNAL"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE drawings.revision_file ALTER COLUMN model TYPE jsonb USING "
        "CASE WHEN get_byte(model, 0) = 123 THEN convert_from(model, 'UTF8')::jsonb END"
    )
