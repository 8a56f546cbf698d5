"""Planning stage: rounds of departments' conditions, register and queries of area-wide evaluations.

Revision ID: 0011
Revises: 0010
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STAMP = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    schema_table, _, target_column = target.rpartition(".")
    name = op.f(f"fk_{table}_{column}_{schema_table.split('.')[-1]}")
    return sa.ForeignKeyConstraint([column], [f"{schema_table}.{target_column}"], name=name, **options)


def upgrade() -> None:
    op.create_table(
        "condition_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("departments", JSONB(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _STAMP, nullable=False),
        sa.Column("closed_at", _STAMP, nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        _key("condition_round", "project_id", "box.project.id", ondelete="CASCADE"),
        _key("condition_round", "opened_by", "box.user.id"),
        _key("condition_round", "result_id", "box.result.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_round")),
        schema="gis",
    )
    op.create_index(op.f("ix_condition_round_project_id"), "condition_round", ["project_id"], schema="gis")
    op.create_table(
        "department_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signed_name", sa.String(), nullable=False),
        sa.Column("signed_at", _STAMP, nullable=False),
        _key("department_entry", "round_id", "gis.condition_round.id", ondelete="CASCADE"),
        _key("department_entry", "signed_by", "box.user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_entry")),
        schema="gis",
    )
    op.create_index(op.f("ix_department_entry_round_id"), "department_entry", ["round_id"], schema="gis")
    op.create_table(
        "regional_area",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("report_no", sa.String(length=100), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("crs", sa.Integer(), nullable=False),
        sa.Column("geometry", geoalchemy2.Geometry(None, srid=-1, spatial_index=False), nullable=False),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("seal", JSONB(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_at", _STAMP, nullable=False),
        sa.Column("withdrawn_at", _STAMP, nullable=True),
        _key("regional_area", "registered_by", "box.user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regional_area")),
        sa.UniqueConstraint("kind", "report_no", name=op.f("uq_regional_area_kind_report_no")),
        schema="gis",
    )
    op.create_table(
        "regional_query",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", _STAMP, nullable=False),
        sa.Column("answered_at", _STAMP, nullable=False),
        sa.Column("same_day", sa.Boolean(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("verify_code", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        _key("regional_query", "project_id", "box.project.id", ondelete="CASCADE"),
        _key("regional_query", "asked_by", "box.user.id"),
        _key("regional_query", "file_id", "box.stored_file.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regional_query")),
        sa.UniqueConstraint("number", name=op.f("uq_regional_query_number")),
        sa.UniqueConstraint("verify_code", name=op.f("uq_regional_query_verify_code")),
        schema="gis",
    )
    op.create_index(op.f("ix_regional_query_project_id"), "regional_query", ["project_id"], schema="gis")


def downgrade() -> None:
    for table in ("regional_query", "regional_area", "department_entry", "condition_round"):
        op.drop_table(table, schema="gis")
