"""Decisions about 差异图斑: added to, never changed.

Revision ID: 0009
Revises: 0008
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("polygon", sa.String(length=20), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("version_a", sa.String(length=60), nullable=False),
        sa.Column("version_b", sa.String(length=60), nullable=False),
        sa.Column("label_a", sa.String(), nullable=False),
        sa.Column("label_b", sa.String(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("geom", geoalchemy2.Geometry("POLYGON", srid=-1, spatial_index=False), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["box.user.id"], name=op.f("fk_plan_decision_decided_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_decision")),
        schema="gis",
    )
    op.create_index("ix_plan_decision_polygon", "plan_decision", ["scope", "polygon"], schema="gis")
    op.execute(
        """
        CREATE FUNCTION gis.plan_decision_stands() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a decision about a difference is never changed or removed';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER plan_decision_stands BEFORE UPDATE OR DELETE ON gis.plan_decision"
        " FOR EACH ROW EXECUTE FUNCTION gis.plan_decision_stands()"
    )


def downgrade() -> None:
    op.drop_table("plan_decision", schema="gis")
    op.execute("DROP FUNCTION gis.plan_decision_stands()")
