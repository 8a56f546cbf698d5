"""What happens to a case when rooms below report: opinions, closed reviews, evaluations. Never commits."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from approval import neighbours, projection, repository
from approval.case import (
    TaskState,
)
from approval.casefile import (
    item_version,
    now,
)
from approval.models import Case
from drawings.events import JointReviewClosed, OpinionGiven
from intermediaries.events import AllEngagementsDelivered, CaseTouched, EngagementDelivered
from project_box.kernel.events import subscribe


def engagements_settled(session: Session, case: Case) -> None:
    """Move the process on when every engagement is delivered, dropped or shared."""
    facts = neighbours.engagement_facts(session, case.id)
    if all(f.status in neighbours.SETTLED for f in facts):
        note = "成果齐备" if any(f.status == "delivered" for f in facts) else "无需等待中介成果"
        if projection.send(session, case, "engagements_delivered", note):
            projection.log(session, case, None, "engagements", f"中介评估：{note}", "Evaluations settled")


def on_engagement(session: Session, case_id: uuid.UUID, text: str) -> None:
    """An engagement of a case was delivered or dropped."""
    case = repository.case_for_event(session, case_id)
    if case is None or case.state.final:
        return
    projection.log(session, case, None, "engagement", text, "Evaluation delivered")
    engagements_settled(session, case)


def on_opinion(session: Session, review_id: uuid.UUID, discipline: str, verdict: str) -> None:
    """A discipline gave its verdict: its task is done."""
    case = repository.case_by_review(session, review_id)
    if case is None:
        return
    by = neighbours.review_facts(session, review_id).verdicts.get(discipline, (None, "", ""))[2]
    for task in repository.case_tasks(session, case.id):
        if task.discipline == discipline and task.state is not TaskState.DONE:
            task.state, task.done_at, task.done_name, task.action = TaskState.DONE, now(), by, verdict
    names = {d.code: d.name for d in item_version(case).item.disciplines}
    word = neighbours.verdict_word(verdict)
    projection.log(
        session,
        case,
        None,
        "discipline",
        f"联审·{names.get(discipline, discipline)}：{word}",
        f"{discipline}: {verdict}",
    )
    session.flush()


def on_review_closed(session: Session, case_id: uuid.UUID, verdict: str) -> None:
    """The joint review closed: with agreement the process moves on; otherwise the handler asks for corrections."""
    case = repository.case_for_event(session, case_id)
    if case is None or case.state.final:
        return
    if verdict == "agree":
        projection.send(session, case, "joint_review_closed", "联审同意")
        projection.log(
            session, case, None, "review_closed", "联合审图办结：同意", "Joint review closed: agreed"
        )
        return
    word = neighbours.verdict_word(verdict)
    for task in repository.case_tasks(session, case.id):
        if task.message == "joint_review_closed" and task.state is not TaskState.DONE:
            task.note = f"联审意见：{word}，请作补正告知"
    projection.log(
        session,
        case,
        None,
        "review_closed",
        f"联合审图办结：{word}，待经办补正告知",
        f"Joint review closed: {verdict}",
    )


@subscribe(OpinionGiven)
def _opinion_given(session: Session, event: OpinionGiven) -> None:
    on_opinion(session, event.review_id, event.discipline, event.verdict)


@subscribe(JointReviewClosed)
def _review_closed(session: Session, event: JointReviewClosed) -> None:
    on_review_closed(session, event.case_id, event.verdict)


@subscribe(CaseTouched)
def _case_touched(session: Session, event: CaseTouched) -> None:
    """Lock the case before the rooms below lock their own rows: everybody locks case, lines, audit chain."""
    repository.case_for_event(session, event.case_id)


@subscribe(EngagementDelivered)
def _engagement_delivered(session: Session, event: EngagementDelivered) -> None:
    names = {f.code: f.name for f in neighbours.engagement_facts(session, event.case_id)}
    on_engagement(session, event.case_id, f"{names.get(event.code, event.code)}：成果已提交")


@subscribe(AllEngagementsDelivered)
def _all_delivered(session: Session, event: AllEngagementsDelivered) -> None:
    on_engagement(session, event.case_id, "中介评估事项均已办结")
