"""Tables of all rooms, as of release 0.1.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("scope", sa.String(length=120), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_counter")),
        schema="approval",
    )
    op.create_table(
        "item_version",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=30), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bpmn", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_item_version")),
        schema="approval",
    )
    op.create_index(op.f("ix_item_version_code"), "item_version", ["code"], unique=False, schema="approval")
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_event_hash")),
        schema="box",
    )
    op.create_index(op.f("ix_audit_event_kind"), "audit_event", ["kind"], unique=False, schema="box")
    op.create_index(op.f("ix_audit_event_subject"), "audit_event", ["subject"], unique=False, schema="box")
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_organisation_credit_code")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
        schema="box",
    )
    op.create_table(
        "layer_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer_code", sa.String(length=30), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_crs", sa.Integer(), nullable=False),
        sa.Column("check_crs", sa.Integer(), nullable=False),
        sa.Column("feature_count", sa.Integer(), nullable=False),
        sa.Column("piece_count", sa.Integer(), nullable=False),
        sa.Column("repaired_count", sa.Integer(), nullable=False),
        sa.Column("dropped_count", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("extent_lonlat", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issues", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_version")),
        sa.UniqueConstraint("layer_code", "version", name=op.f("uq_layer_version_layer_code_version")),
        schema="gis",
    )
    op.create_index(
        "ix_layer_version_current",
        "layer_version",
        ["layer_code"],
        unique=True,
        schema="gis",
        postgresql_where="current",
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.String(length=20)), nullable=False),
        sa.Column("discipline", sa.String(length=30), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_user_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("username", name=op.f("uq_user_username")),
        schema="box",
    )
    op.create_geospatial_table(
        "feature",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("fid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("class_key", sa.String(length=30), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type=None,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            nullable=True,
        ),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("repaired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["gis.layer_version.id"],
            name=op.f("fk_feature_version_id_layer_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "fid", name=op.f("pk_feature")),
        schema="gis",
    )
    op.create_geospatial_index(
        "ix_feature_tile",
        "feature",
        ["geom_3857"],
        unique=False,
        schema="gis",
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "piece",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("fid", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type=None,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["gis.layer_version.id"],
            name=op.f("fk_piece_version_id_layer_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece")),
        schema="gis",
    )
    op.create_geospatial_index(
        "ix_piece_geom",
        "piece",
        ["geom"],
        unique=False,
        schema="gis",
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(op.f("ix_piece_version_id"), "piece", ["version_id"], unique=False, schema="gis")
    op.create_table(
        "agency",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_agency_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_agency_organisation_id")),
        schema="intermediaries",
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_project_created_by_user")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_project_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("code", name=op.f("uq_project_code")),
        schema="box",
    )
    op.create_index(
        op.f("ix_project_organisation_id"), "project", ["organisation_id"], unique=False, schema="box"
    )
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["box.user.id"], name=op.f("fk_user_session_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
        schema="box",
    )
    op.create_index(
        op.f("ix_user_session_expires_at"), "user_session", ["expires_at"], unique=False, schema="box"
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False, schema="box")
    op.create_table(
        "agency_qualification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("certificate_no", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"],
            ["intermediaries.agency.id"],
            name=op.f("fk_agency_qualification_agency_id_agency"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_qualification")),
        sa.UniqueConstraint("agency_id", "code", name=op.f("uq_agency_qualification_agency_id_code")),
        schema="intermediaries",
    )
    op.create_table(
        "certified_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("certificate_no", sa.String(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"],
            ["intermediaries.agency.id"],
            name=op.f("fk_certified_person_agency_id_agency"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certified_person")),
        sa.UniqueConstraint(
            "agency_id", "certificate_no", name=op.f("uq_certified_person_agency_id_certificate_no")
        ),
        schema="intermediaries",
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sa.String(length=60), nullable=False),
        sa.Column("item_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "correction",
                "accepted",
                "review",
                "special",
                "deferred",
                "decided",
                "closed",
                "delivered",
                "returned",
                "withdrawn",
                name="casestate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "resume_to",
            sa.Enum(
                "draft",
                "submitted",
                "correction",
                "accepted",
                "review",
                "special",
                "deferred",
                "decided",
                "closed",
                "delivered",
                "returned",
                "withdrawn",
                name="casestate",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column(
            "decision",
            sa.Enum("approved", "denied", name="decision", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("recommendation", sa.String(length=20), nullable=True),
        sa.Column("serial", sa.String(length=30), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("dispatched", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_case_created_by_user")),
        sa.ForeignKeyConstraint(
            ["item_hash"], ["approval.item_version.hash"], name=op.f("fk_case_item_hash_item_version")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_case_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["box.project.id"], name=op.f("fk_case_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("serial", name=op.f("uq_case_serial")),
        schema="approval",
    )
    op.create_index(op.f("ix_case_item_code"), "case", ["item_code"], unique=False, schema="approval")
    op.create_index(
        op.f("ix_case_organisation_id"), "case", ["organisation_id"], unique=False, schema="approval"
    )
    op.create_index(op.f("ix_case_project_id"), "case", ["project_id"], unique=False, schema="approval")
    op.create_index(op.f("ix_case_state"), "case", ["state"], unique=False, schema="approval")
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["box.organisation.id"], name=op.f("fk_message_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_message_project_id_project"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["box.user.id"], name=op.f("fk_message_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        schema="box",
    )
    op.create_index(
        op.f("ix_message_organisation_id"), "message", ["organisation_id"], unique=False, schema="box"
    )
    op.create_index(op.f("ix_message_user_id"), "message", ["user_id"], unique=False, schema="box")
    op.create_table(
        "project_grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("discipline", sa.String(length=30), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IS NOT NULL OR organisation_id IS NOT NULL", name=op.f("ck_project_grant_has_target")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["box.organisation.id"],
            name=op.f("fk_project_grant_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_project_grant_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_grant")),
        sa.UniqueConstraint(
            "project_id",
            "role",
            "organisation_id",
            "discipline",
            name=op.f("uq_project_grant_project_id_role_organisation_id_discipline"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="box",
    )
    op.create_index(
        op.f("ix_project_grant_project_id"), "project_grant", ["project_id"], unique=False, schema="box"
    )
    op.create_geospatial_table(
        "result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geometry",
            Geometry(geometry_type=None, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"),
            nullable=True,
        ),
        sa.Column("crs", sa.Integer(), nullable=True),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trust", sa.String(length=1), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("trust IN ('A', 'B', 'C', 'D')", name=op.f("ck_result_trust")),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_result_created_by_user")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_result_project_id_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result")),
        sa.UniqueConstraint("project_id", "kind", "version", name=op.f("uq_result_project_id_kind_version")),
        schema="box",
    )
    op.create_geospatial_index(
        "ix_result_geometry",
        "result",
        ["geometry"],
        unique=False,
        schema="box",
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_stored_file_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["box.user.id"], name=op.f("fk_stored_file_uploaded_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        schema="box",
    )
    op.create_index(
        op.f("ix_stored_file_project_id"), "stored_file", ["project_id"], unique=False, schema="box"
    )
    op.create_index(op.f("ix_stored_file_sha256"), "stored_file", ["sha256"], unique=False, schema="box")
    op.create_table(
        "evaluation_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("needed", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reason_en", sa.String(), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("deliverable", sa.String(), nullable=False),
        sa.Column("qualification", sa.String(length=30), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("unknown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shared_from", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("catalogue_hash", sa.String(length=64), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obstacle", sa.String(), nullable=False),
        sa.CheckConstraint(
            "decision IS NULL OR decision_reason <> ''", name=op.f("ck_evaluation_line_decision_has_reason")
        ),
        sa.CheckConstraint("needed IN ('yes', 'no', 'undecided')", name=op.f("ck_evaluation_line_needed")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_evaluation_line_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_line")),
        sa.UniqueConstraint("case_id", "code", name=op.f("uq_evaluation_line_case_id_code")),
        schema="intermediaries",
    )
    op.create_index(
        op.f("ix_evaluation_line_case_id"),
        "evaluation_line",
        ["case_id"],
        unique=False,
        schema="intermediaries",
    )
    op.create_index(
        op.f("ix_evaluation_line_project_id"),
        "evaluation_line",
        ["project_id"],
        unique=False,
        schema="intermediaries",
    )
    op.create_table(
        "stated_facts",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_stated_facts_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["box.user.id"], name=op.f("fk_stated_facts_updated_by_user")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_stated_facts")),
        schema="intermediaries",
    )
    op.create_table(
        "case_form",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_case_form_case_id_case")),
        sa.ForeignKeyConstraint(["saved_by"], ["box.user.id"], name=op.f("fk_case_form_saved_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_form")),
        sa.UniqueConstraint("case_id", "round", name=op.f("uq_case_form_case_id_round")),
        schema="approval",
    )
    op.create_index(op.f("ix_case_form_case_id"), "case_form", ["case_id"], unique=False, schema="approval")
    op.create_table(
        "case_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["box.user.id"], name=op.f("fk_case_log_actor_id_user")),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_case_log_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_log")),
        schema="approval",
    )
    op.create_index(op.f("ix_case_log_case_id"), "case_log", ["case_id"], unique=False, schema="approval")
    op.create_table(
        "case_material",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["box.user.id"], name=op.f("fk_case_material_added_by_user")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["approval.case.id"], name=op.f("fk_case_material_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["box.stored_file.id"], name=op.f("fk_case_material_file_id_stored_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_material")),
        schema="approval",
    )
    op.create_index(
        op.f("ix_case_material_case_id"), "case_material", ["case_id"], unique=False, schema="approval"
    )
    op.create_table(
        "clock_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_clock_event_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_event")),
        schema="approval",
    )
    op.create_index(
        op.f("ix_clock_event_case_id"), "clock_event", ["case_id"], unique=False, schema="approval"
    )
    op.create_table(
        "licence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("verify_code", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_licence_case_id_case")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["box.stored_file.id"], name=op.f("fk_licence_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["box.organisation.id"], name=op.f("fk_licence_holder_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["box.project.id"], name=op.f("fk_licence_project_id_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence")),
        sa.UniqueConstraint("number", name=op.f("uq_licence_number")),
        sa.UniqueConstraint("verify_code", name=op.f("uq_licence_verify_code")),
        schema="approval",
    )
    op.create_index(op.f("ix_licence_holder_id"), "licence", ["holder_id"], unique=False, schema="approval")
    op.create_index(op.f("ix_licence_kind"), "licence", ["kind"], unique=False, schema="approval")
    op.create_index(op.f("ix_licence_project_id"), "licence", ["project_id"], unique=False, schema="approval")
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_notice_case_id_case")),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_notice_created_by_user")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["box.stored_file.id"], name=op.f("fk_notice_file_id_stored_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_notice_number")),
        schema="approval",
    )
    op.create_index(op.f("ix_notice_case_id"), "notice", ["case_id"], unique=False, schema="approval")
    op.create_table(
        "process_instance",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["approval.case.id"], name=op.f("fk_process_instance_case_id_case")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_process_instance")),
        schema="approval",
    )
    op.create_table(
        "resolution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["box.user.id"], name=op.f("fk_resolution_by_user")),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_resolution_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
        schema="approval",
    )
    op.create_index(op.f("ix_resolution_case_id"), "resolution", ["case_id"], unique=False, schema="approval")
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "developer",
                "window",
                "handler",
                "reviewer",
                "signer",
                "discipline",
                "intermediary",
                "admin",
                name="role",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("discipline", sa.String(length=30), nullable=True),
        sa.Column("message", sa.String(length=60), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "not_started",
                "blocked",
                "active",
                "waiting_correction",
                "done",
                name="taskstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_name", sa.String(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=True),
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_task_case_id_case")),
        sa.ForeignKeyConstraint(["done_by"], ["box.user.id"], name=op.f("fk_task_done_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "case_id",
            "step",
            "visit",
            "discipline",
            name=op.f("uq_task_case_id_step_visit_discipline"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="approval",
    )
    op.create_index(op.f("ix_task_case_id"), "task", ["case_id"], unique=False, schema="approval")
    op.create_index(op.f("ix_task_role"), "task", ["role"], unique=False, schema="approval")
    op.create_index(op.f("ix_task_state"), "task", ["state"], unique=False, schema="approval")
    op.create_table(
        "revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_revision_created_by_user")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_revision_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["result_id"], ["box.result.id"], name=op.f("fk_revision_result_id_result"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_revision_project_id_number")),
        schema="drawings",
    )
    op.create_table(
        "engagement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("selection", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_by", sa.Uuid(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conclusion", sa.String(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["intermediaries.agency.id"], name=op.f("fk_engagement_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["dispatched_by"], ["box.user.id"], name=op.f("fk_engagement_dispatched_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["box.stored_file.id"], name=op.f("fk_engagement_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["intermediaries.evaluation_line.id"],
            name=op.f("fk_engagement_line_id_evaluation_line"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["result_id"], ["box.result.id"], name=op.f("fk_engagement_result_id_result")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement")),
        sa.UniqueConstraint("number", name=op.f("uq_engagement_number")),
        schema="intermediaries",
    )
    op.create_index(
        "ix_engagement_agency_status",
        "engagement",
        ["agency_id", "status"],
        unique=False,
        schema="intermediaries",
    )
    op.create_index(
        "uq_engagement_live_line",
        "engagement",
        ["line_id"],
        unique=True,
        schema="intermediaries",
        postgresql_where="status IN ('pending', 'active', 'delivered', 'rated')",
    )
    op.create_table(
        "case_opinion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "developer",
                "window",
                "handler",
                "reviewer",
                "signer",
                "discipline",
                "intermediary",
                "admin",
                name="role",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("drafted", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("difference", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("gates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["box.user.id"], name=op.f("fk_case_opinion_by_user")),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_case_opinion_case_id_case")),
        sa.ForeignKeyConstraint(["task_id"], ["approval.task.id"], name=op.f("fk_case_opinion_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_opinion")),
        schema="approval",
    )
    op.create_index(
        op.f("ix_case_opinion_case_id"), "case_opinion", ["case_id"], unique=False, schema="approval"
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["approval.case.id"], name=op.f("fk_correction_case_id_case")),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["approval.notice.id"], name=op.f("fk_correction_notice_id_notice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("notice_id", "number", name=op.f("uq_correction_notice_id_number")),
        schema="approval",
    )
    op.create_index(op.f("ix_correction_case_id"), "correction", ["case_id"], unique=False, schema="approval")
    op.create_table(
        "joint_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("disciplines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("joint_opinion", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["box.user.id"], name=op.f("fk_joint_review_closed_by_user")),
        sa.ForeignKeyConstraint(["opened_by"], ["box.user.id"], name=op.f("fk_joint_review_opened_by_user")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["box.project.id"],
            name=op.f("fk_joint_review_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["drawings.revision.id"], name=op.f("fk_joint_review_revision_id_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_review")),
        schema="drawings",
    )
    op.create_index("ix_joint_review_case_id", "joint_review", ["case_id"], unique=False, schema="drawings")
    op.create_index(
        op.f("ix_joint_review_project_id"), "joint_review", ["project_id"], unique=False, schema="drawings"
    )
    op.create_index(
        "uq_joint_review_open_case",
        "joint_review",
        ["case_id"],
        unique=True,
        schema="drawings",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "revision_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("standard", sa.String(length=60), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("model", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sheet", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["box.stored_file.id"], name=op.f("fk_revision_file_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["drawings.revision.id"],
            name=op.f("fk_revision_file_revision_id_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision_file")),
        sa.UniqueConstraint("revision_id", "position", name=op.f("uq_revision_file_revision_id_position")),
        schema="drawings",
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["engagement_id"],
            ["intermediaries.engagement.id"],
            name=op.f("fk_rating_engagement_id_engagement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["box.user.id"], name=op.f("fk_rating_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint("engagement_id", "side", name=op.f("uq_rating_engagement_id_side")),
        schema="intermediaries",
    )
    op.create_table(
        "mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("discipline", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("geometry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("carried_from", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closing_note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["carried_from"], ["drawings.mark.id"], name=op.f("fk_mark_carried_from_mark")
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["box.user.id"], name=op.f("fk_mark_closed_by_user")),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_mark_created_by_user")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["drawings.revision_file.id"], name=op.f("fk_mark_file_id_revision_file")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["drawings.joint_review.id"],
            name=op.f("fk_mark_review_id_joint_review"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        schema="drawings",
    )
    op.create_index(op.f("ix_mark_review_id"), "mark", ["review_id"], unique=False, schema="drawings")
    op.create_table(
        "opinion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("discipline", sa.String(length=30), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["box.user.id"], name=op.f("fk_opinion_created_by_user")),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["drawings.joint_review.id"],
            name=op.f("fk_opinion_review_id_joint_review"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint(
            "review_id", "discipline", "version", name=op.f("uq_opinion_review_id_discipline_version")
        ),
        schema="drawings",
    )
    op.create_index(op.f("ix_opinion_review_id"), "opinion", ["review_id"], unique=False, schema="drawings")
    op.create_table(
        "opinion_draft",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["drawings.joint_review.id"],
            name=op.f("fk_opinion_draft_review_id_joint_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["box.user.id"], name=op.f("fk_opinion_draft_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_opinion_draft")),
        schema="drawings",
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup to go back before the first release")
