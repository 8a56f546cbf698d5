"""Bringing the database up to date (Alembic), safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from project_box.kernel.db import SCHEMAS, Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration; migrations run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def current(connection: Connection) -> str | None:
    """The revision the database is at."""
    return MigrationContext.configure(connection, opts={"version_table_schema": "box"}).get_current_revision()


def upgrade(database: Database) -> None:
    """Bring the database to the newest revision; harmless when it is there already."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('project_box.migrate'))"))
        if (
            connection.scalar(text("SELECT to_regnamespace('box') IS NOT NULL"))
            and current(connection) == head
        ):
            return
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        for schema in SCHEMAS:
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        command.upgrade(configuration(connection), "head")
