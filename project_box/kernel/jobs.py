"""Background jobs in PostgreSQL (procrastinate): no broker to run, many workers on many machines.

``web.worker`` binds the tasks to functions; a task opens its own transaction, as every edge does.
"""

from __future__ import annotations

import json
from typing import Any

import procrastinate
from procrastinate.schema import SchemaManager
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

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


_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, :lock, NULL, CAST(:args AS jsonb), NULL)"
    "::procrastinate_job_to_defer_v1])"
)


def defer(session: Session, task: str, args: dict[str, Any], *, lock: str | None = None) -> None:
    """Put a job into the queue inside the session's transaction: it exists exactly if the transaction commits.

    Args:
        task: a name bound in ``web.worker``. lock: jobs of one lock run one after the other, in order.
    """
    session.execute(_DEFER, {"queue": QUEUE, "task": task, "lock": lock, "args": json.dumps(args)})


_PENDING = text(
    "SELECT args->>:key FROM procrastinate_jobs WHERE task_name = :task AND status IN ('todo', 'doing')"
)


def pending(session: Session, task: str, key: str) -> set[str]:
    """The argument ``key`` of all jobs of a task that are queued or being done."""
    return set(session.scalars(_PENDING, {"task": task, "key": key}))
