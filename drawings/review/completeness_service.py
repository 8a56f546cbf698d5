"""Use cases of the completeness check 完整性检查 of a round of joint review. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from drawings import repository
from drawings.events import JointReviewClosed
from drawings.models import CompletenessCheck, JointReview
from drawings.review.completeness import Line, State, check, decided, drawn
from drawings.review.joint_review import Fate, Verdict
from drawings.review.review_feed import tell
from drawings.review.review_service import get_review, must_be_open
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.service import clean_text, now

_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Completeness:
    """Where a round stands: its lines (as the last check left them), and the checks, newest first."""

    lines: list[Line]
    checks: list[CompletenessCheck]

    @property
    def complete(self) -> bool:
        """True if nothing required is missing."""
        return not any(line.blocks for line in self.lines)


def completeness(session: Session, actor: Actor, review_id: uuid.UUID) -> Completeness:
    """What a round needs and what of it is there.

    Raises:
        NotFound: no such review for this person.
    """
    return standing_completeness(session, actor, get_review(session, actor, review_id))


def standing_completeness(session: Session, actor: Actor, review: JointReview) -> Completeness:
    """As :func:`completeness`, of a review that was read already."""
    checks = list(
        session.scalars(
            select(CompletenessCheck)
            .where(CompletenessCheck.review_id == review.id)
            .order_by(CompletenessCheck.checked_at.desc())
        )
    )
    results = {r.kind for r in box.results(session, actor, review.project_id)}
    lines = check(
        [drawn(f.name, f.standard, f.report) for f in review.revision.files if f.report],
        results,
        item=review.item,
        disciplines=review.disciplines,
    )
    if checks:
        known = {line.code for line in lines}
        said = {
            line["code"]: (State(line["state"]), line["note"])
            for line in checks[0].lines
            if line["code"] in known and line.get("said")
        }
        lines = decided(lines, said)
    return Completeness(lines, checks)


def check_completeness(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    *,
    said: Mapping[str, tuple[str, str]],
    complete: bool,
    note: str = "",
) -> CompletenessCheck:
    """An officer's decision: the round goes on, or the drawings go back with what is missing.

    Going back closes the round with the verdict 修改后同意; each missing line is an entry the design side has to
    answer, as it answers an opinion, before it hands in the next revision.

    Args:
        said: code → (state, note): ``there`` or ``missing`` where a person looked, ``waived`` with a reason.
        complete: False sends the drawings back.

    Raises:
        Forbidden: not an officer who handles cases. Conflict: the round is closed, or something required is missing and
            not waived. BadInput: an unknown line or state, a waived line without a reason, nothing missing to send back
            for.
    """
    review = repository.review(session, actor, review_id, lock=True)
    if review is None:
        raise NotFound("没有这个联合审图，或您无权查看", "no such review for this person")
    if not actor.has(Role.WINDOW, Role.HANDLER, Role.REVIEWER):
        raise Forbidden("只有窗口、经办和审核人员可以作完整性检查", "only officers check completeness")
    must_be_open(review)
    given = _given(said)
    before = standing_completeness(session, actor, review).lines
    unknown = given.keys() - {line.code for line in before}
    if unknown:
        raise _bad(f"完整性清单中没有：{'、'.join(sorted(unknown))}", f"no such lines: {sorted(unknown)}")
    lines = decided(before, given)
    faulty = [line for line in lines if line.blocks]
    missing = [line for line in lines if line.state is State.MISSING]
    if complete and faulty:
        raise Conflict(
            "完整性检查没有通过：缺少" + "、".join(line.zh for line in faulty),
            f"still missing: {[line.code for line in faulty]}", code="incomplete",
            remedy="退回补齐，或逐项选择“不要求”并写明理由",
            remedy_en="send it back, or mark each as not required with a reason",
        )  # fmt: skip
    if not complete and not missing:
        raise _bad("没有缺少的项目，不能退回", "nothing is missing")
    earlier = {line.code for line in before if line.note or line.state is State.WAIVED}
    row = CompletenessCheck(
        review_id=review.id,
        complete=complete,
        lines=[{**to_plain(line), "said": line.code in given or line.code in earlier} for line in lines],
        note=clean_text(note, field="note", label="说明", limit=_LONGEST_NOTE, required=False),
        checked_at=now(),
        checked_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    box.record_audit(
        session,
        actor,
        "review.completeness",
        f"case:{review.case_id}",
        {"review": str(review.id), "complete": complete, "missing": [line.code for line in missing]},
    )
    if not complete:
        _send_back(session, actor, review, missing, row.note)
    return row


def _given(said: Mapping[str, tuple[str, str]]) -> dict[str, tuple[State, str]]:
    out: dict[str, tuple[State, str]] = {}
    for code, (state, note) in said.items():
        text = clean_text(note, field=f"note:{code}", label="理由", limit=_LONGEST_NOTE, required=False)
        if state not in set(State) - {State.OPEN}:
            raise _bad(
                f"状态无效：{state[:20]}", f"bad state {state[:20]!r}",
                "可选 there、missing、waived", "there, missing, waived",
            )  # fmt: skip
        if state == State.WAIVED and not text:
            raise _bad("“不要求”须写明理由", "a waived line needs a reason")
        out[code] = (State(state), text)
    return out


def _bad(zh: str, en: str, remedy: str | None = None, remedy_en: str | None = None) -> BadInput:
    return BadInput(zh, en, code="completeness", place="completeness", remedy=remedy, remedy_en=remedy_en)


def _send_back(session: Session, actor: Actor, review: JointReview, missing: list[Line], note: str) -> None:
    """Close the round with what is missing as entries to be answered."""
    named = "；".join(line.zh + (f"（{line.note}）" if line.note else "") for line in missing)
    text = f"完整性检查不合格，退回补齐：{named}。" + (note if note else "")
    review.closed_at, review.closed_by, review.verdict = now(), actor.user_id, Verdict.MODIFY.value
    review.joint_opinion = {
        "text": text,
        "entries": [
            {
                "source": f"completeness:{line.code}",
                "discipline": "",
                "discipline_name": "完整性检查",
                "kind": "completeness",
                "original": f"缺少{line.zh}",
                "text": f"缺少{line.zh}" + (f"：{line.note}" if line.note else ""),
                "fate": Fate.KEPT.value,
                "reason": "",
                "verdict": Verdict.MODIFY.value,
            }
            for line in missing
        ],
    }
    session.flush()
    project = box.get_project(session, actor, review.project_id)
    box.post_message(
        session,
        project_id=project.id,
        organisation_id=project.organisation_id,
        title="图纸不完整，请补齐",
        body=text,
        link=f"/cases/{review.case_id}/review",
    )
    publish(session, JointReviewClosed(review.case_id, review.id, Verdict.MODIFY.value))
    tell(session, review.id, "review_closed", Verdict.MODIFY.value)


def require_complete(session: Session, actor: Actor, review: JointReview) -> None:
    """Let a round agree only when nothing required is missing.

    Raises:
        Conflict: names what is missing.
    """
    faulty = [line for line in standing_completeness(session, actor, review).lines if line.blocks]
    if faulty:
        raise Conflict(
            "图纸不完整，不能作出同意的联审意见：缺少" + "、".join(line.zh for line in faulty),
            f"incomplete: {[line.code for line in faulty]}", code="incomplete",
            remedy="先作完整性检查：退回补齐，或写明不要求的理由",
            remedy_en="check completeness first: send it back, or say why something is not required",
        )  # fmt: skip
