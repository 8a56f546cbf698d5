"""Bringing the database up to date."""

from __future__ import annotations

from sqlalchemy import text

from project_box.kernel.db import SCHEMAS, Database
from web.tables import metadata


def upgrade(database: Database) -> None:
    """Create what is missing; harmless when nothing is."""
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('project_box.migrate'))"))
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        for schema in SCHEMAS:
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        metadata.create_all(connection)
