"""The worker runs its tasks on the real queue."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from project_box.accounts import find_session, open_session
from project_box.models import User, UserSession
from project_box.service import now
from web.worker import build


def test_a_queued_job_runs_and_expired_sessions_go(database):
    with database.transaction() as session:
        user = session.scalars(select(User).where(User.username == "admin")).one()
        token = open_session(session, user, hours=1)
        for row in session.scalars(select(UserSession)):
            row.expires_at = now() - dt.timedelta(minutes=1)
    app = build(database)
    with app.open():
        app.configure_task("sessions.expire").defer(timestamp=0)
        app.configure_task("cases.remind").defer(timestamp=0)
    app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    with app.open():
        states = {job.task_name: job.status for job in app.job_manager.list_jobs()}
    assert states["sessions.expire"] == states["cases.remind"] == "succeeded"
    with database.transaction() as session:
        assert find_session(session, token) is None
        assert session.scalars(select(UserSession)).first() is None
