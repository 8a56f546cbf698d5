"""时限提醒: who holds the open tasks of a case is told when its lamp turns yellow or red, and when a round is late.

Runs from the worker, in the name of nobody. A reminder is a line in 流转记录 (so that it is sent once) and a message to
each person it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from approval import casefile, neighbours, projection, repository
from approval.case import TaskState
from approval.casefile import item_version, main_clock, reading
from approval.clock import Lamp
from approval.models import Case
from drawings.review.disciplines import discipline_name
from project_box import repository as box_repository
from project_box import service as box
from project_box.kernel.identity import Role

_OPEN = frozenset({TaskState.NOT_STARTED, TaskState.ACTIVE})
_WARNING = frozenset({Lamp.YELLOW, Lamp.RED})


def remind(session: Session) -> int:
    """Look at every running case; returns how many reminders went out."""
    return sum(
        _remind_of_lamp(session, case) + _remind_of_round(session, case)
        for case in repository.running_cases(session)
    )


def _remind_of_lamp(session: Session, case: Case) -> bool:
    """Once per clock and lamp, to each person who can do an open task of the case."""
    clock = main_clock(case)
    seen = reading(repository.clock_events(session, [case.id]), case, clock)
    kind = f"lamp.{clock.value}.{seen.lamp.value}"
    if seen.lamp not in _WARNING or repository.has_log(session, case.id, kind):
        return False
    projection.log(session, case, None, kind, f"{seen.lamp.zh}：{seen.text}", seen.text_en, internal=True)
    roles = {(t.role, t.discipline) for t in repository.case_tasks(session, case.id) if t.state in _OPEN}
    _tell(session, case, roles, seen.lamp.zh, seen.text, f"/cases/{case.id}")
    return True


def _remind_of_round(session: Session, case: Case) -> bool:
    """Once per round of 联合审图 that is late: the disciplines that have not spoken, and the officers who merge."""
    late = neighbours.late_round(session, case.review_id, casefile.today())
    if late is None or repository.has_log(session, case.id, f"round.late.{late.round}"):
        return False
    silent = "、".join(discipline_name(d) for d in late.silent)
    text = f"第 {late.round} 轮联合审图已超期 {late.days} 个工作日，" + (
        f"未提交意见：{silent}" if silent else "各专业意见已齐，请合并"
    )
    text_en = f"round {late.round} of joint review is {late.days} working days late; " + (
        f"no opinion of: {', '.join(late.silent)}" if late.silent else "all opinions are there to be merged"
    )
    projection.log(session, case, None, f"round.late.{late.round}", text, text_en, internal=True)
    roles = [(Role.DISCIPLINE, d) for d in late.silent]
    _tell(session, case, [*roles, (Role.HANDLER, None)], "联审超期", text, f"/cases/{case.id}/review")
    return True


def _tell(
    session: Session, case: Case, roles: Iterable[tuple[Role, str | None]], what: str, body: str, link: str
) -> None:
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
            title=f"{what}：{item_version(case).item.name} {case.serial or ''}",
            body=body,
            link=link,
        )
