"""Background jobs in PostgreSQL (procrastinate): no broker to run, many workers on many machines.

A job is put into the queue inside the caller's transaction, so it exists if and only if the work that asked for it
was committed. Rooms name their tasks; ``web.worker`` binds names to functions.
"""

from __future__ import annotations

from typing import Any

import procrastinate
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from sqlalchemy.orm import Session

#: the queue every worker serves
QUEUE = "project-box"


def defer(session: Session, task: str, *, lock: str | None = None, **arguments: Any) -> int:
    """Queue a task; returns the job's id. The job runs after the transaction has been committed.

    Args:
        task: name the worker knows.
        lock: jobs with the same lock run one after the other.
        arguments: JSON values handed to the task.
    """
    job = Job(queue=QUEUE, lock=lock, queueing_lock=None, task_name=task, task_kwargs=arguments)
    deferred = JobManager(SQLAlchemyPsycopg2Connector()).defer_job(job, connection=session.connection())
    assert deferred.id is not None
    return deferred.id


def connection_string(url: str) -> str:
    """The libpq form of an SQLAlchemy URL, for the worker's own connections."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def job_app(url: str) -> procrastinate.App:
    """The procrastinate application of a database, without tasks."""
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=connection_string(url)))


def schema_sql() -> str:
    """The SQL of the queue's own tables and functions."""
    from procrastinate.schema import SchemaManager

    return SchemaManager.get_schema()
