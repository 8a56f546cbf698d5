"""Features of up to half a page stay in their row, and pieces have one index less: an import writes less beside them.

Pieces are only ever asked for by place, or by version in the order of their numbers.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE gis.feature SET (toast_tuple_target = 4080)")
    op.drop_constraint("pk_piece", "piece", schema="gis")
    op.create_primary_key("pk_piece", "piece", ["version_id", "id"], schema="gis")
    op.drop_index("ix_piece_version_id", "piece", schema="gis")


def downgrade() -> None:
    op.create_index("ix_piece_version_id", "piece", ["version_id"], schema="gis")
    op.drop_constraint("pk_piece", "piece", schema="gis")
    op.create_primary_key("pk_piece", "piece", ["id"], schema="gis")
    op.execute("ALTER TABLE gis.feature RESET (toast_tuple_target)")
