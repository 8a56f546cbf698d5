"""The job queue's own tables and functions (procrastinate, schema public).

Revision ID: 0001
Revises:
"""

from alembic import op

from project_box.kernel.jobs import schema_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # the script holds % and : signs that must reach the server as they are
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(schema_sql())


def downgrade() -> None:
    raise NotImplementedError("restore a backup to go back before the first revision")
