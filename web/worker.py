"""The worker: runs queued jobs and the regular housekeeping."""

from __future__ import annotations

import procrastinate
from sqlalchemy import delete

from approval import reminders
from gis import service as gis
from project_box.kernel.db import Database
from project_box.kernel.jobs import QUEUE, job_app
from project_box.models import UserSession
from project_box.service import now


def build(database: Database) -> procrastinate.App:
    """The job application with every task bound to its function."""
    app = job_app(database.url)

    @app.periodic(cron="*/15 * * * *")
    @app.task(name="sessions.expire", queue=QUEUE)
    def expire_sessions(timestamp: int) -> None:
        with database.transaction() as session:
            session.execute(delete(UserSession).where(UserSession.expires_at < now()))

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="cases.remind", queue=QUEUE, queueing_lock="cases.remind")
    def remind_of_limits(timestamp: int) -> None:
        with database.transaction() as session:
            reminders.remind(session)

    @app.periodic(cron="* * * * *")
    @app.task(name="tiles.overviews", queue=QUEUE, queueing_lock="tiles.overviews")
    def make_overviews(timestamp: int) -> None:
        while True:
            with database.transaction() as session:
                if gis.make_overviews(session) is None:
                    return

    return app
