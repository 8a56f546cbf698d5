"""Drafts: what somebody has begun in a review and not yet saved, kept as it is typed. Never commits.

A person has one row for each review, with a part for each thing that can be begun: an opinion, a mark on each file, the
change of each mark, a merge, replies. With every part stands which window wrote it last. A window says what it has
seen; what another window of the same person wrote since is not passed over but given back (409).
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import literal, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.orm import Session

from drawings.models import Mark, MarkDraft
from drawings.review.joint_review import Verdict
from drawings.review.review_service import choice, get_review, must_be_open, own_discipline
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.identity import Actor
from project_box.service import clean_text, now

_LARGEST = 100_000
_MARK = ("file", "kind", "geometry", "handle", "text", "severity", "clause", "photo")
_EDIT = ("mark", "version", "text", "severity", "clause")
_BY = "by:"
_MOST_FILES = 1000


class Part(StrEnum):
    """What can be begun."""

    OPINION = "opinion"
    MARK = "mark"
    EDIT = "edit"
    MERGE = "merge"
    REPLIES = "replies"


@dataclass(frozen=True, slots=True)
class Window:
    """Where a draft comes from.

    Attributes:
        name: of this save, ``<window>.<number>``; empty for a program, which passes over what stands there.
        seen: name of the save this window knows of, empty if none.
    """

    name: str = ""
    seen: str = ""

    @property
    def window(self) -> str:
        """The window without the number of the save."""
        return _window(self.name)


#: a program that saves without looking
PROGRAM = Window()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was begun; ``name`` of the save it comes from."""

    content: dict[str, Any]
    name: str = ""


def _window(name: str) -> str:
    return name.rpartition(".")[0]


def _key(part: Part, of: str) -> str:
    return f"{part.value}:{of}" if of else part.value


def keep_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    part: Part,
    content: Mapping[str, Any],
    *,
    of: str = "",
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep what the actor has begun instead of what was kept of this part before; tells when.

    Args:
        of: what the part belongs to: number of the file a mark lies on, id of the mark that is changed.

    Raises:
        BadInput: too much. Conflict: another window of the same person has written something else since
            ``window.seen``; ``details`` holds ``theirs`` and ``name``.
    """
    if (
        len(json.dumps(content, ensure_ascii=False)) > _LARGEST
        or max(len(window.name), len(window.seen)) > 60
    ):
        raise BadInput(
            "草稿过大",
            "the draft is too large",
            code="draft",
            remedy="减少顶点或文字",
            remedy_en="use fewer points or words",
        )
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": (review_id.int ^ actor.user_id.int) % 2**62}
    )
    _require_seen(own_draft(session, actor, review_id, part, of=of), content, window)
    key, saved_at = _key(part, of), now()
    row = insert(MarkDraft).values(
        review_id=review_id,
        user_id=actor.user_id,
        content={key: dict(content), _BY + key: window.name},
        saved_at=saved_at,
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[MarkDraft.review_id, MarkDraft.user_id],
            set_={"content": MarkDraft.content.op("||")(row.excluded.content), "saved_at": saved_at},
        ),
        execution_options={"populate_existing": True},
    )
    return saved_at


def _require_seen(stored: Draft, content: Mapping[str, Any], window: Window) -> None:
    """Two windows of one person do not pass over each other."""
    if not window.name or not stored.content or stored.content == content:
        return
    if stored.name and (stored.name == window.seen or _window(stored.name) == window.window):
        return
    raise Conflict(
        "您在另一个窗口也写了这里，没有覆盖它",
        "another window of yours has written here meanwhile; nothing was overwritten",
        code="draft_moved",
        remedy="两份合在一起后再保存",
        remedy_en="bring both together and save again",
        details={"theirs": stored.content, "name": stored.name},
    )


def own_draft(session: Session, actor: Actor, review_id: uuid.UUID, part: Part, *, of: str = "") -> Draft:
    """What the actor has begun of a part; empty if nothing."""
    return own_drafts(session, actor, review_id, part).get(of, Draft({}))


def own_drafts(session: Session, actor: Actor, review_id: uuid.UUID, part: Part) -> dict[str, Draft]:
    """All the actor has begun of a part, by what it belongs to (``""`` for a part there is only one of)."""
    row = session.get(MarkDraft, (review_id, actor.user_id), populate_existing=True)
    kept = row.content if row is not None else {}
    return {
        key.partition(":")[2]: Draft(content, str(kept.get(_BY + key) or ""))
        for key, content in kept.items()
        if key.partition(":")[0] == part.value and content
    }


def drop_draft(session: Session, actor: Actor, review_id: uuid.UUID, part: Part, *, of: str = "") -> None:
    """Forget what the actor has begun."""
    key = _key(part, of)
    session.execute(
        update(MarkDraft)
        .where(MarkDraft.review_id == review_id, MarkDraft.user_id == actor.user_id)
        .values(content=MarkDraft.content.op("-")(literal([key, _BY + key], ARRAY(TEXT))))
        .execution_options(synchronize_session=False)
    )


def save_opinion_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    *,
    verdict: str | None = None,
    said: str = "",
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep what a reviewer has typed so far; nobody else sees it.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed, or see :func:`keep_draft`.
        BadInput: too much, or no such verdict.
    """
    _of_reviewer(session, actor, review_id)
    content = {
        "verdict": choice(Verdict, verdict, "结论", "verdict").value if verdict else None,
        "text": clean_text(said, field="text", label="意见", limit=5000, required=False),
    }
    return keep_draft(session, actor, review_id, Part.OPINION, content, window=window)


def save_mark_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    content: Mapping[str, Any],
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep the mark somebody has begun on a file: ``file, kind, geometry, handle, text, severity, clause, photo``.

    A draft that says nothing but its file is empty.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed, or see :func:`keep_draft`.
        BadInput: too much, or no number of a file.
    """
    _of_reviewer(session, actor, review_id)
    file = content.get("file", 1)
    if not isinstance(file, int) or not 0 < file <= _MOST_FILES:
        raise BadInput(
            "图纸文件序号无效", "file must be the number of a file", code="draft", place="file",
            remedy="从 1 起数，与审图页上的顺序相同", remedy_en="count from 1, in the order of the page",
        )  # fmt: skip
    kept = {key: content[key] for key in _MARK if content.get(key) is not None}
    if set(kept) <= {"file"}:
        kept = {}
    return keep_draft(session, actor, review_id, Part.MARK, kept, of=str(file), window=window)


def save_edit_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    content: Mapping[str, Any],
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep the change of a mark somebody has begun: ``mark, version`` as it was shown, ``text, severity, clause``.

    A draft that says nothing but its mark is empty.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed, or see :func:`keep_draft`.
        BadInput: too much. NotFound: no such mark in this review.
    """
    _of_reviewer(session, actor, review_id)
    try:
        mark = session.get(Mark, uuid.UUID(str(content.get("mark"))))
    except ValueError:
        mark = None
    if mark is None or mark.review_id != review_id:
        raise NotFound("没有这条标注，或您无权查看", "no such mark in this review")
    kept = {key: content[key] for key in _EDIT if content.get(key) is not None}
    if set(kept) <= {"mark"}:
        kept = {}
    return keep_draft(session, actor, review_id, Part.EDIT, kept, of=str(mark.id), window=window)


def _of_reviewer(session: Session, actor: Actor, review_id: uuid.UUID) -> None:
    review = get_review(session, actor, review_id)
    own_discipline(actor, review)
    must_be_open(review)
