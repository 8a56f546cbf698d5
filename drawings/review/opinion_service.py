"""Use cases of opinions 专业意见: drafts, verdicts, merging into the 联审意见. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.events import JointReviewClosed, OpinionGiven
from drawings.models import JointReview, Opinion
from drawings.review.completeness_service import require_complete
from drawings.review.disciplines import discipline_name, disciplines
from drawings.review.draft_service import PROGRAM, Part, Window, drop_draft, keep_draft
from drawings.review.joint_review import (
    Decision,
    Fate,
    JointOpinion,
    Standing,
    Verdict,
    merge,
    require_settled,
    standing,
)
from drawings.review.review_facts import given_opinion, placed_mark, review_time
from drawings.review.review_feed import tell
from drawings.review.review_service import choice, get_review, must_be_open, own_discipline
from project_box import service as box
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.service import clean_text, now
from project_box.stage import Stage

_CLOSERS = (Role.HANDLER, Role.REVIEWER, Role.SIGNER)


def give_opinion(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    *,
    verdict: str,
    text: str = "",
    discipline: str | None = None,
    seen: int | None = None,
) -> Opinion:
    """Submit the actor's discipline's opinion 专业意见; it is never changed, a later one supersedes it.

    Args:
        verdict: ``agree`` 同意, ``modify`` 修改后同意, ``disagree`` 不同意. text: required unless ``agree``.
        discipline: must be the actor's own if given.
        seen: version of the discipline's latest opinion the actor had before them, 0 if none; None if nobody looked.

    Raises:
        Forbidden: not a reviewer of this review, or another discipline. BadInput: a field is wrong.
        Conflict: closed; or a colleague of the discipline has spoken since ``seen``.
    """
    review = get_review(session, actor, review_id)
    own = own_discipline(actor, review)
    if discipline is not None and discipline != own:
        raise Forbidden("只能提交本专业的意见", "only the opinion of one's own discipline")
    locked = repository.review(session, actor, review_id, lock=True)
    assert locked is not None
    must_be_open(locked)
    chosen: Verdict = choice(Verdict, verdict, "结论", "verdict")
    body = clean_text(text, field="text", label="意见", limit=5000, required=chosen is not Verdict.AGREE)
    if seen is not None:
        _require_latest(session, actor, review, own, seen)
    opinion = Opinion(
        review_id=review.id,
        discipline=own,
        version=repository.next_opinion_version(session, review.id, own),
        verdict=chosen.value,
        text=body,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(opinion)
    drop_draft(session, actor, review_id, Part.OPINION)
    session.flush()
    session.refresh(opinion, ["author"])
    box.record_audit(
        session,
        actor,
        "review.opinion_given",
        f"case:{review.case_id}",
        {"review": str(review.id), "discipline": own, "verdict": chosen.value, "version": opinion.version},
    )
    publish(session, OpinionGiven(review.case_id, review.id, own, chosen.value))
    tell(session, review.id, "opinion_given", own)
    return opinion


def _require_latest(session: Session, actor: Actor, review: JointReview, discipline: str, seen: int) -> None:
    """Two officers of one discipline do not pass over each other's opinion unseen."""
    given = [o for o in repository.opinions(session, review.id) if o.discipline == discipline]
    latest = max(given, key=lambda o: o.version, default=None)
    if latest is None or latest.version <= seen or latest.created_by == actor.user_id:
        return
    verdict = Verdict(latest.verdict)
    said = "，".join(part for part in (verdict.zh, latest.text[:60]) if part)
    raise Conflict(
        f"您打开页面之后，{latest.author.name}已提交本专业意见：{said}",
        f"{latest.author.name} has given this discipline's opinion since you opened the page: {verdict.value}",
        code="opinion_moved", place="text", remedy="与对方商定后再提交；您的意见将取代对方的，写的内容仍在",
        remedy_en="agree with each other, then submit again: yours will take its place; what you typed is still there",
        details={"version": latest.version, "verdict": latest.verdict, "text": latest.text},
    )  # fmt: skip


def save_merge_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    entries: Mapping[str, Mapping[str, str]],
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep how far an officer has come with merging: source → ``fate, reason, text, into``. Nobody else sees it.

    Raises:
        Forbidden: not an officer. BadInput: too much.
        Conflict: the round is closed, or see :func:`drawings.review.draft_service.keep_draft`.
    """
    review = get_review(session, actor, review_id)
    _officer(actor)
    must_be_open(review)
    kept = {
        clean_text(source, field="source", label="条目", limit=80): {
            key: clean_text(str(entry.get(key) or ""), field=key, label="意见", limit=5000, required=False)
            for key in ("fate", "reason", "text", "into")
        }
        for source, entry in entries.items()
    }
    return keep_draft(session, actor, review_id, Part.MERGE, kept, window=window)


def _officer(actor: Actor) -> None:
    if not actor.has(*_CLOSERS):
        raise Forbidden("只有经办人员可以合并联审意见", "only officers merge opinions")


def _require_seen(joint: JointOpinion, seen: Collection[str]) -> None:
    """Refuse a merge of which the officer has not seen everything, or has seen what no longer counts."""
    new = [e for e in joint.entries if e.source not in seen]
    if new:
        named = "；".join(f"{discipline_name(e.discipline)}：{e.text[:40]}" for e in new[:10])
        raise Conflict(
            f"您打开页面之后又有新的意见或标注，尚未合并：{named}",
            f"{len(new)} opinions or marks came after the page was opened",
            code="review_moved", place="merge", remedy="核对新的条目后再合并；已填写的内容仍在",
            remedy_en="look at the new entries and merge again; what you typed is still there",
            details={"new": [e.source for e in new]},
        )  # fmt: skip


def close_review(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    entries: Sequence[Mapping[str, Any]] = (),
    *,
    seen: Collection[str] | None = None,
) -> JointReview:
    """Merge the opinions into the 联审意见, close the round and put a ``joint_opinion`` Result into the box.

    Args:
        entries: decisions ``{"source": "opinion:<id>" | "mark:<id>" | <discipline>, "fate":
            "kept|merged|dropped", "reason",
            "text", "into"}``; what is not mentioned is kept as it is. A discipline's code stands for its latest
            opinion.
        seen: sources of all opinions and marks the officer had before them; None if nobody looked at a list.
            Decisions about what no longer counts (a superseded opinion, a mark closed meanwhile) are then left out.

    Raises:
        Forbidden: not an officer (经办, 审核, 签发). Conflict: closed already, or something is not in ``seen``, or
            everybody agrees but something required is missing (:mod:`drawings.review.completeness`). BadInput: see
            :func:`drawings.review.joint_review.merge` and :func:`drawings.review.joint_review.require_settled`.
    """
    review = repository.review(session, actor, review_id, lock=True)
    if review is None:
        raise NotFound("没有这个联合审图，或您无权查看", "no such review for this person")
    _officer(actor)
    must_be_open(review)
    joint = _merged(session, review, entries, seen)
    if joint.verdict is Verdict.AGREE:
        require_complete(session, actor, review)
    review.closed_at, review.closed_by = now(), actor.user_id
    review.verdict = joint.verdict.value
    review.joint_opinion = joint_to_plain(joint)
    drop_draft(session, actor, review.id, Part.MERGE)
    session.flush()
    _tell_design_side(session, actor, review, joint)
    _record_joint_opinion(session, actor, review, joint)
    publish(session, JointReviewClosed(review.case_id, review.id, joint.verdict.value))
    tell(session, review.id, "review_closed", joint.verdict.value)
    return review


def _merged(
    session: Session,
    review: JointReview,
    entries: Sequence[Mapping[str, Any]],
    seen: Collection[str] | None,
) -> JointOpinion:
    """The 联审意见 that the officer's decisions make of the opinions and marks; nothing may be left unsettled."""
    given = [given_opinion(o) for o in repository.opinions(session, review.id)]
    placed = [placed_mark(m) for m in repository.marks(session, review.id)]
    names = {code: d.zh for code, d in disciplines().disciplines.items()}
    if seen is not None:
        bare = merge(review.disciplines, given, placed, (), names)
        _require_seen(bare, seen)
        counted = {e.source for e in bare.entries}
        entries = [e for e in entries if e.get("source") in counted]
    decided = _decisions(entries, standing(review.disciplines, given))
    joint = merge(review.disciplines, given, placed, decided, names)
    require_settled(joint, names)
    return joint


def _record_joint_opinion(session: Session, actor: Actor, review: JointReview, joint: JointOpinion) -> None:
    """Put the 联审意见 into the box, with the last day of the round and the working days it was late."""
    time = review_time(review, china_today())
    in_time = {
        "due": review.due.isoformat() if review.due else None,
        "days_over": time.over if time else None,
    }
    box.put_result(
        session,
        actor,
        review.project_id,
        kind="joint_opinion",
        stage=Stage.DESIGN,
        title=f"联审意见：{joint.verdict.zh}（第 {review.round} 轮）",
        payload={
            "review_id": review.id,
            "case_id": review.case_id,
            "round": review.round,
            "revision": review.revision.number,
            "disciplines": [{"code": d, "name": discipline_name(d)} for d in review.disciplines],
            **in_time,
            **joint_to_plain(joint),
        },
        source={"case": str(review.case_id), "review": str(review.id), "by": actor.name},
        trust="A",
    )
    box.record_audit(
        session,
        actor,
        "review.closed",
        f"case:{review.case_id}",
        {"review": str(review.id), "verdict": joint.verdict.value, "counts": joint.counts, **in_time},
    )


def _tell_design_side(session: Session, actor: Actor, review: JointReview, joint: JointOpinion) -> None:
    project = box.get_project(session, actor, review.project_id)
    agreed = joint.verdict is Verdict.AGREE
    box.post_message(
        session,
        project_id=project.id,
        organisation_id=project.organisation_id,
        title=f"第 {review.round} 轮联合审图：{joint.verdict.zh}",
        body="图纸通过联合审图，可下载封存图纸。"
        if agreed
        else f"请逐条答复意见后提交新一版图纸。{joint.text}",
        link=f"/cases/{review.case_id}/review" + ("" if agreed else "#replies"),
    )


def _decisions(entries: Sequence[Mapping[str, Any]], state: Standing) -> list[Decision]:
    out: list[Decision] = []
    for index, entry in enumerate(entries):
        source = str(entry.get("source") or entry.get("discipline") or "")
        into = entry.get("into")
        out.append(
            Decision(
                source=_source(source, state),
                fate=choice(Fate, str(entry.get("fate") or "kept"), "处理方式", f"entries.{index}.fate"),
                reason=clean_text(
                    str(entry.get("reason") or ""),
                    field=f"entries.{index}.reason",
                    label="理由",
                    limit=1000,
                    required=False,
                ),
                text=clean_text(
                    str(entry.get("text") or ""),
                    field=f"entries.{index}.text",
                    label="意见",
                    limit=5000,
                    required=False,
                ),
                into=_source(str(into), state) if into else None,
            )
        )
    return out


def _source(text: str, state: Standing) -> str:
    latest = state.latest.get(text)
    return f"opinion:{latest.id}" if latest is not None else text


def joint_to_plain(joint: JointOpinion) -> dict[str, Any]:
    """JSON form of the joint opinion: verdict, text, counts, entries with names."""
    plain: dict[str, Any] = {
        "verdict": joint.verdict.value,
        "verdict_name": joint.verdict.zh,
        "text": joint.text,
        "counts": joint.counts,
        "entries": [
            {
                **to_plain(e),
                "discipline_name": discipline_name(e.discipline),
                "fate_name": e.fate.zh,
            }
            for e in joint.entries
        ],
    }
    return plain
