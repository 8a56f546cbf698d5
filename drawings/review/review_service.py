"""Use cases of joint review 联合审图: rounds of a case, who may act in them, how they stand. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.events import JointReviewOpened
from drawings.models import JointReview, Mark, Opinion, Revision, RevisionFile
from drawings.review.carry import (
    LayerChange,
    changed_layers,
    follow_handles,
    rescaled,
    standing_over,
    successors,
)
from drawings.review.disciplines import disciplines
from drawings.review.joint_review import Fate, MarkKind, Severity, Verdict
from drawings.review.review_facts import review_standing
from drawings.revision_service import get_revision
from drawings.sheets.sheet_pack import unpack
from drawings.sheets.sheet_service import packed_sheet
from drawings.standards.standards import roles
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.service import now


def open_review(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    project_id: uuid.UUID,
    revision_id: uuid.UUID,
    required: Sequence[str],
    due: dt.date | None = None,
    *,
    item: str = "",
) -> JointReview:
    """Open a round of joint review 联合审图 and let the disciplines read the project.

    Marks of the round before that are still open are carried over (:func:`drawings.review.carry.successors`).

    Args:
        required: discipline codes whose verdicts are needed. due: last day of the round.
        item: code of the item the case is of; what must be there for completeness depends on it.

    Raises:
        BadInput: no or unknown disciplines. Conflict: the case has an open round. NotFound: no such revision.
    """
    _require_known(required)
    revision = get_revision(session, actor, revision_id)
    if revision.project_id != project_id:
        raise NotFound("没有这一版图纸，或您无权查看", "revision belongs to another project")
    earlier = repository.rounds(session, case_id)
    if any(r.closed_at is None for r in earlier):
        raise Conflict("本办件已有进行中的联合审图", "the case has an open review", code="review_open")
    review = JointReview(
        case_id=case_id,
        project_id=project_id,
        revision_id=revision_id,
        revision=revision,
        round=len(earlier) + 1,
        disciplines=list(dict.fromkeys(required)),
        due=due,
        item=item,
        opened_at=now(),
        opened_by=actor.user_id,
    )
    session.add(review)
    session.flush()
    _let_in(session, review)
    if earlier:
        carry_marks(session, earlier[0], review)
        keep_standing(session, earlier[0], review)
    box.record_audit(
        session,
        actor,
        "review.opened",
        f"case:{case_id}",
        {"review": str(review.id), "round": review.round, "disciplines": review.disciplines},
    )
    publish(
        session, JointReviewOpened(case_id, review.id, project_id, revision_id, tuple(review.disciplines))
    )
    return review


def _require_known(required: Sequence[str]) -> None:
    known = disciplines().disciplines
    unknown = [d for d in required if d not in known]
    if unknown or not required:
        raise BadInput(
            "联审专业无效：" + "、".join(unknown) if unknown else "没有指定联审专业",
            f"unknown disciplines {unknown}" if unknown else "no disciplines",
            code="disciplines",
        )


def _let_in(session: Session, review: JointReview) -> None:
    """Let the people of the round's disciplines read the project."""
    for discipline in review.disciplines:
        box.grant(
            session,
            review.project_id,
            role=Role.DISCIPLINE,
            discipline=discipline,
            reason=f"joint-review:{review.id}",
        )


def carry_marks(session: Session, earlier: JointReview, review: JointReview) -> None:
    """Carry open marks over. A mark whose file has no successor keeps its old file: it is not lost with it.

    What a mark points at is found again if the handles of the drawing were numbered anew, and its place is given in the
    unit of the drawing it now lies on.
    """
    followed = _followed(earlier.revision, review.revision)
    files = {f.id: f for f in (*earlier.revision.files, *review.revision.files)}
    left = [mark for mark in repository.marks(session, earlier.id) if mark.closed_at is None]
    handles: dict[uuid.UUID, dict[str, str]] = {}
    for file_id in {m.file_id for m in left if m.handle} & followed.keys():
        old, new = files[file_id], files[followed[file_id]]
        if old.sha256 != new.sha256 and old.report and new.report:
            sheets = (unpack(packed_sheet(session, f)) for f in (old, new))
            handles[file_id] = follow_handles({m.handle for m in left if m.file_id == file_id}, *sheets)
    for mark in left:
        target = followed.get(mark.file_id, mark.file_id)
        factor = _metres(files[mark.file_id]) / _metres(files[target]) if mark.file_id in followed else 1.0
        session.add(
            Mark(
                review_id=review.id,
                file_id=target,
                discipline=mark.discipline,
                kind=mark.kind,
                severity=mark.severity,
                clause=mark.clause,
                text=mark.text,
                geometry=mark.geometry if factor == 1.0 else rescaled(mark.geometry, factor),
                handle=handles.get(mark.file_id, {}).get(mark.handle, mark.handle),
                carried_from=mark.id,
                photo_id=mark.photo_id,
                created_at=now(),
                created_by=mark.created_by,
            )
        )
    session.flush()


def _followed(before: Revision, after: Revision) -> dict[uuid.UUID, uuid.UUID]:
    """Which file takes the place of which, by id."""
    return successors(*([(f.id, f.name, f.kind) for f in r.files] for r in (before, after)))


def _metres(file: RevisionFile) -> float:
    return float((file.report.get("units") or {}).get("metres_per_unit") or 1.0)


def keep_standing(session: Session, earlier: JointReview, review: JointReview) -> None:
    """Give the agreements of the round before that still stand into the new round, each with its reason."""
    latest = review_standing(session, earlier).latest
    agreed = [d for d in review.disciplines if d in latest and latest[d].verdict is Verdict.AGREE]
    if not agreed:
        return
    marked = {m.discipline for m in repository.marks(session, earlier.id) if m.closed_at is None}
    changes = sheet_changes(session, earlier.revision, review.revision)
    known = disciplines().disciplines
    reasons = standing_over(
        agreed,
        marked,
        changes,
        {code: d.unconcerned for code, d in known.items()},
        {code: r.zh for code, r in roles().roles.items()},
    )
    review.standing_over = {
        code: {"round": earlier.round, "opinion": latest[code].id, "reason": reason}
        for code, reason in reasons.items()
    }
    for code, reason in reasons.items():
        given = session.get_one(Opinion, uuid.UUID(latest[code].id))
        session.add(
            Opinion(
                review_id=review.id,
                discipline=code,
                version=1,
                verdict=Verdict.AGREE.value,
                text=f"沿用第 {earlier.round} 轮意见：{reason}",
                created_at=now(),
                created_by=given.created_by,
            )
        )
    session.flush()


def sheet_changes(session: Session, before: Revision, after: Revision) -> list[LayerChange]:
    """Layers of all files on which entities differ between two revisions; a renamed file is told by what is left."""
    old, new = ({f.id: f for f in r.files} for r in (before, after))
    followed = _followed(before, after)
    pairs: list[tuple[RevisionFile | None, RevisionFile | None]] = [
        (f, new.get(followed[i]) if i in followed else None) for i, f in old.items()
    ]
    pairs += [(None, f) for i, f in new.items() if i not in followed.values()]
    out: list[LayerChange] = []
    for a, b in sorted(pairs, key=_named):
        if a is not None and b is not None and a.sha256 == b.sha256:
            continue
        name = _named((a, b))
        sheets = [unpack(packed_sheet(session, f)) if f is not None and f.report else None for f in (a, b)]
        if sheets == [None, None]:  # a side table
            out.append(LayerChange(name, name, None, 1, 1))
        else:
            out += changed_layers(name, *sheets)
    return out


def _named(pair: tuple[RevisionFile | None, RevisionFile | None]) -> str:
    found = pair[1] or pair[0]
    assert found is not None
    return found.name


def get_review(session: Session, actor: Actor, review_id: uuid.UUID) -> JointReview:
    """A review of a visible project.

    Raises:
        NotFound: there is none for this person.
    """
    found = repository.review(session, actor, review_id)
    if found is None:
        raise NotFound("没有这个联合审图，或您无权查看", "no such review for this person")
    return found


def reviews_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> Sequence[JointReview]:
    """Rounds of a case the actor may see, newest first."""
    return repository.reviews_of_case(session, actor, case_id)


def review_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> JointReview | None:
    """The newest round of a case the actor may see."""
    found = repository.reviews_of_case(session, actor, case_id)
    return found[0] if found else None


def agreed_revisions(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[int, int]:
    """Revisions of a project everybody agreed to, the last first: number of the revision → round that agreed."""
    rounds = repository.agreed_rounds(session, actor, project_id)
    found: dict[int, int] = {}
    for review in rounds:
        found.setdefault(review.revision.number, review.round)
    return found


def own_discipline(actor: Actor, review: JointReview) -> str:
    if not actor.has(Role.DISCIPLINE) or actor.discipline not in review.disciplines:
        raise Forbidden("您不是本次联合审图的专业审查人", "not a reviewer of this joint review")
    assert actor.discipline is not None
    return actor.discipline


def must_be_open(review: JointReview) -> None:
    if review.closed_at is not None:
        raise Conflict(
            "联合审图已经结束，不能再修改",
            "the review is closed",
            code="review_closed",
            remedy="在下一轮中提出",
            remedy_en="bring it up in the next round",
        )


def choice(
    kind: type[Verdict] | type[Severity] | type[MarkKind] | type[Fate], value: str, label: str, field: str
) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        options = "、".join(m.value for m in kind)
        raise BadInput(
            f"{label}无效：{value[:40]}", f"{field} must be one of {options}", code="choice", place=field,
            remedy=f"可选：{options}",
            remedy_en=f"choose one of {options}",
        ) from error  # fmt: skip
