"""Background jobs in PostgreSQL (procrastinate): no broker to run, many workers on many machines.

``web.worker`` binds the tasks to functions; a task opens its own transaction, as every edge does.
"""

from __future__ import annotations

import procrastinate
from procrastinate.schema import SchemaManager
from sqlalchemy.engine import make_url

#: the queue every worker serves
QUEUE = "project-box"


def connection_string(url: str) -> str:
    """The libpq form of an SQLAlchemy URL, for the worker's own connections."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def job_app(url: str) -> procrastinate.App:
    """The procrastinate application of a database, without tasks."""
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=connection_string(url)))


def schema_sql() -> str:
    """The SQL of the queue's own tables and functions."""
    return SchemaManager.get_schema()
