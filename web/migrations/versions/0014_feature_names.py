"""Names of features, so that the search on the map need not read the features.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_name",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("fid", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["gis.layer_version.id"],
            name="fk_feature_name_version_id_layer_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feature_name"),
        schema="gis",
    )
    op.create_index("ix_feature_name_version_id", "feature_name", ["version_id"], schema="gis")
    if _trigrams():
        op.create_index(
            "ix_feature_name_label",
            "feature_name",
            ["label"],
            schema="gis",
            postgresql_using="gin",
            postgresql_ops={"label": "gin_trgm_ops"},
        )


def _trigrams() -> bool:
    """Whether the extension pg_trgm is there now: a server may lack it, or forbid it. The search then reads all names."""
    connection = op.get_bind()
    if not connection.scalar(
        sa.text("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')")
    ):
        return False
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.ProgrammingError:
        return False
    return True


def downgrade() -> None:
    op.drop_table("feature_name", schema="gis")
