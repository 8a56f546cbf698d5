"""Features and pieces go with their version by a trigger; a foreign key looked at every row an import writes.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
_TABLES = ("feature", "piece")


def upgrade() -> None:
    for table in _TABLES:
        op.drop_constraint(f"fk_{table}_version_id_layer_version", table, schema="gis", type_="foreignkey")
    op.execute(
        """
        CREATE FUNCTION gis.remove_rows_of_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          DELETE FROM gis.piece WHERE version_id = OLD.id;
          DELETE FROM gis.feature WHERE version_id = OLD.id;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER remove_rows AFTER DELETE ON gis.layer_version "
        "FOR EACH ROW EXECUTE FUNCTION gis.remove_rows_of_version()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER remove_rows ON gis.layer_version")
    op.execute("DROP FUNCTION gis.remove_rows_of_version()")
    for table in _TABLES:
        op.create_foreign_key(
            f"fk_{table}_version_id_layer_version",
            table,
            "layer_version",
            ["version_id"],
            ["id"],
            source_schema="gis",
            referent_schema="gis",
            ondelete="CASCADE",
        )
