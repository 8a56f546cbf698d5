"""The worker: runs queued jobs and the regular housekeeping."""

from __future__ import annotations

import logging
import uuid

import procrastinate
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy import delete

from approval import reminders
from drawings import hand_in_service
from drawings.set_reading import Phase
from gis import service as gis
from gis.differences import difference_service
from project_box.kernel.db import Database
from project_box.kernel.errors import PlatformError
from project_box.kernel.jobs import QUEUE, job_app
from project_box.models import UserSession
from project_box.service import now

#: how often a job is begun whose worker goes away each time
MOST_ATTEMPTS = 3
_LOG = logging.getLogger("project_box.worker")


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

    @app.periodic(cron="* * * * *")
    @app.task(name="names.note", queue=QUEUE, queueing_lock="names.note")
    def note_names(timestamp: int) -> None:
        more = True
        while more:
            with database.transaction() as session:
                more = gis.note_names(session)

    @app.periodic(cron="* * * * *")
    @app.task(name="layers.pack", queue=QUEUE, queueing_lock="layers.pack")
    def make_packs(timestamp: int) -> None:
        while True:
            with database.transaction() as session:
                if gis.make_packs(session) is None:
                    return

    @app.task(name=hand_in_service.TASK, queue=QUEUE)
    def read_hand_in(hand_in: str) -> None:
        take_hand_in(database, uuid.UUID(hand_in))

    @app.task(name=difference_service.TASK, queue=QUEUE)
    def compare_layers(run: int) -> None:
        take_comparison(database, run)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="drawings.give_up_lost", queue=QUEUE, queueing_lock="drawings.give_up_lost")
    def give_up_lost(timestamp: int) -> None:
        with database.transaction() as session:
            hand_in_service.give_up_lost(session)

    @app.periodic(cron="* * * * *")
    @app.task(name="jobs.take_up", queue=QUEUE, queueing_lock="jobs.take_up")
    async def take_up_left(timestamp: int) -> None:
        await take_up(app.job_manager)

    return app


async def take_up(jobs: JobManager) -> None:
    """Queue again what a worker left when it was stopped or lost.

    Work that was begun :data:`MOST_ATTEMPTS` times is given up, it may be what ends the workers; so is housekeeping,
    which is queued anew by the clock.
    """
    for job in await jobs.get_stalled_jobs(queue=QUEUE):
        if job.queueing_lock is None and job.attempts + 1 < MOST_ATTEMPTS:
            await jobs.retry_job(job)
        else:
            await jobs.finish_job(job, Status.FAILED, delete_job=False)


def take_hand_in(database: Database, hand_in: uuid.UUID) -> None:
    """Read a large hand-in: one transaction for the revision, small ones of their own for how far it has come."""
    with database.transaction() as session:
        if not hand_in_service.begin(session, hand_in):
            return

    def tell(done: int, _: int, name: str, phase: Phase) -> None:
        with database.transaction() as session:
            hand_in_service.tell(session, hand_in, done, name, phase)

    try:
        with database.transaction() as session:
            hand_in_service.carry_out(session, hand_in, tell)
    except PlatformError as error:
        refused = error
    except Exception as error:
        refused = _unforeseen(error, f"reading hand-in {hand_in}", "没有保存任何文件", "nothing was saved")
    else:
        return
    with database.transaction() as session:
        hand_in_service.fail(session, hand_in, refused)


def take_comparison(database: Database, number: int) -> None:
    """Compare two layers: a transaction for each few thousand pieces, so that everybody sees how far it has come."""
    try:
        with database.transaction() as session:
            work = difference_service.begin(session, number)
        while work is not None:
            with database.transaction() as session:
                if not work.advance(session):
                    return
    except PlatformError as error:
        refused = error
    except Exception as error:
        refused = _unforeseen(
            error, f"comparing layers, run {number}", "比对结果没有保存", "no result was saved"
        )
    else:
        return
    with database.transaction() as session:
        difference_service.fail(session, number, refused)


def _unforeseen(error: Exception, what: str, left: str, left_en: str) -> PlatformError:
    reference = uuid.uuid4().hex[:8]
    _LOG.exception("unforeseen error %s while %s", reference, what, exc_info=error)
    return PlatformError(
        f"系统内部错误，编号 {reference}",
        f"internal error {reference}",
        code="internal_error",
        remedy=f"请把编号告诉系统管理员；{left}",
        remedy_en=f"tell the system administrator the number; {left_en}",
    )
