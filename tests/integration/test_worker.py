"""The worker runs its tasks on the real queue."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select, text

from drawings.hand_in_service import TASK
from project_box.accounts import find_session, open_session
from project_box.kernel.jobs import pending
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


def test_what_a_stopped_worker_left_is_taken_up_but_not_for_ever(database):
    left = {"hand_in": str(uuid.uuid4())}
    app = build(database)
    with app.open():
        numbers = [app.configure_task(TASK).defer(**left) for _ in range(2)]
        with (
            database.transaction() as session
        ):  # as killed workers leave them: one begun once, one again and again
            session.execute(
                text("UPDATE procrastinate_jobs SET status = 'doing', attempts = CASE id WHEN :lost THEN 2 ELSE 0 END"
                     " WHERE id = ANY(:left)"), {"lost": numbers[1], "left": numbers},
            )  # fmt: skip
            assert pending(session, TASK, "hand_in") == {left["hand_in"]}
        app.configure_task("jobs.take_up").defer(timestamp=0)
    for _ in range(2):
        app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    with app.open():
        states = {job.id: job.status for job in app.job_manager.list_jobs()}
    assert [states[n] for n in numbers] == ["succeeded", "failed"]
    with database.transaction() as session:
        assert pending(session, TASK, "hand_in") == set()
