"""Migrations bring an empty database to exactly what the models say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers

from project_box.kernel.db import SCHEMAS
from web.migrate import configuration, current, upgrade
from web.tables import metadata


def _include(thing, name, kind, reflected, other):
    if kind == "table" and name == "alembic_version":
        return False
    return alembic_helpers.include_object(thing, name, kind, reflected, other)


def test_models_and_migrations_agree(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table_schema": "box",
                "include_schemas": True,
                "include_name": lambda name, kind, parents: name in SCHEMAS if kind == "schema" else True,
                "include_object": _include,
                "target_metadata": metadata,
            },
        )
        differences = compare_metadata(context, metadata)
    assert not differences, "make a migration: " + repr(differences[:5])


def test_upgrading_twice_is_harmless(database):
    with database.engine.connect() as connection:
        before = current(connection)
    upgrade(database)
    with database.engine.connect() as connection:
        assert (
            current(connection) == before == ScriptDirectory.from_config(configuration()).get_current_head()
        )
