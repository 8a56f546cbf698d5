"""Alembic environment: migrations run on the connection that web.migrate hands in."""

from __future__ import annotations

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

from project_box.kernel.db import SCHEMAS
from web.tables import metadata


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Only the rooms' own schemas: PostGIS and the job queue look after themselves."""
    return name in SCHEMAS if kind == "schema" else True


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave out Alembic's own table."""
    if kind == "table" and name == "alembic_version":
        return False
    return bool(alembic_helpers.include_object(thing, name, kind, reflected, other))


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema="box",
    include_schemas=True,
    include_name=include_name,
    include_object=include_object,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
