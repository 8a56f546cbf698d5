"""时限提醒: when a case's lamp turns yellow or red, those who hold its open tasks are told, once per lamp.

Runs from the worker, in the name of nobody.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from approval import projection, repository
from approval.case import TaskState
from approval.casefile import item_version, main_clock, reading
from approval.clock import Lamp
from project_box import repository as box_repository
from project_box import service as box

_OPEN = frozenset({TaskState.NOT_STARTED, TaskState.ACTIVE})
_WARNING = frozenset({Lamp.YELLOW, Lamp.RED})


def remind(session: Session) -> int:
    """Look at every running case; returns how many reminders went out.

    A reminder is a line in 流转记录 (so that it is sent once per clock and lamp) and a message to each person who can
    do an open task of the case.
    """
    sent = 0
    for case in repository.running_cases(session):
        clock = main_clock(case)
        seen = reading(repository.clock_events(session, [case.id]), case, clock)
        kind = f"lamp.{clock.value}.{seen.lamp.value}"
        if seen.lamp not in _WARNING or repository.has_log(session, case.id, kind):
            continue
        item = item_version(case).item
        projection.log(session, case, None, kind, f"{seen.lamp.zh}：{seen.text}", seen.text_en, internal=True)
        roles = {(t.role, t.discipline) for t in repository.case_tasks(session, case.id) if t.state in _OPEN}
        people = {
            user.id
            for role, discipline in roles
            for user in box_repository.users_with_role(session, role, discipline)
        }
        for user_id in sorted(people):
            box.post_message(
                session,
                project_id=case.project_id,
                user_id=user_id,
                title=f"{seen.lamp.zh}：{item.name} {case.serial or ''}",
                body=seen.text,
                link=f"/cases/{case.id}",
            )
        sent += 1
    return sent
