"""Use cases of 规则维护: write, check, preview, submit and decide an amendment of the rules. Never commits.

An amendment goes draft → submitted → approved (or rejected; its author may withdraw it). A second administrator
approves it, never its author. From its day on it is laid over the platform's catalogue; files on disk stay as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.engine import Catalogue
from elements.rulesets import ruleset_repository as repository
from elements.rulesets.amendment import (
    Change,
    apply,
    check,
    item_texts,
    locate_edition,
    locate_element,
    stored_change,
)
from elements.rulesets.amendment_form import changed_edition, changed_element
from elements.rulesets.amendment_preview import Progress, changed_codes, examples, preview
from elements.rulesets.amendment_text import difference
from elements.rulesets.ruleset import read_files
from elements.rulesets.ruleset_models import Amendment
from elements.rulesets.ruleset_service import files_of, in_force, lay_amendments, register_shipped, today
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role
from project_box.service import record_audit

#: projects a preview on the page reads; the command reads all
PREVIEW_PROJECTS = 40
#: longest reason and decision
MAX_REASON = 2000


def only_administrators(actor: Actor) -> None:
    """Refuse everybody else (Forbidden)."""
    if not actor.has(Role.ADMIN):
        raise Forbidden("只有系统管理员可以维护规则", "only administrators maintain the rules")


# ---------------------------------------------------------------- reading


def list_amendments(session: Session, actor: Actor) -> Sequence[Amendment]:
    """All amendments, newest first (administrators)."""
    only_administrators(actor)
    return repository.amendments(session)


def get_amendment(session: Session, actor: Actor, number: int, *, locked: bool = False) -> Amendment:
    """One amendment (administrators).

    Raises:
        Forbidden: not an administrator. NotFound: no such amendment.
    """
    only_administrators(actor)
    found = repository.amendment(session, number, locked=locked) if 0 < number < 2**62 else None
    if found is None:
        raise NotFound(f"没有修订 {number}", f"no amendment {number}")
    return found


def base_on(session: Session, day: dt.date) -> tuple[Catalogue, dict[str, str]]:
    """The rule set in force on a day with its text: what an amendment of that day starts from."""
    register_shipped(session)
    catalogue = in_force(session, day)
    return catalogue, files_of(session, catalogue.version)


# ---------------------------------------------------------------- writing


def write_element(
    session: Session,
    actor: Actor,
    code: str,
    fields: Mapping[str, Any],
    *,
    reason: str,
    effective_from: dt.date,
    number: int | None = None,
) -> Amendment:
    """Save an amendment of an element (a new one, or the author's draft ``number``), checked and previewed.

    Raises:
        Forbidden: not an administrator, or another's draft. NotFound: no such element or amendment.
        BadInput: a field or the whole is refused; ``details.faults`` name the fields, file and line.
    """
    draft = _draft(session, actor, number)
    _check_frame(reason, effective_from)
    catalogue, files = base_on(session, effective_from)
    start = locate_element(catalogue, files, code, effective_from)
    change = changed_element(start, fields)
    return _save(session, actor, draft, catalogue, files, change, reason, effective_from)


def write_edition(
    session: Session,
    actor: Actor,
    table: str,
    *,
    jurisdiction: str,
    replaces: str | None,
    fields: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | None,
    reason: str,
    effective_from: dt.date,
    number: int | None = None,
) -> Amendment:
    """Save an amendment of a table: an edition changed (``replaces``: its first day), or a new one (None).

    A new edition ends the one of its place that is in force, the day before it begins.

    Raises:
        Forbidden, NotFound, BadInput: as :func:`write_element`.
    """
    draft = _draft(session, actor, number)
    _check_frame(reason, effective_from)
    catalogue, files = base_on(session, effective_from)
    start = locate_edition(catalogue, files, table, jurisdiction, replaces)
    given = fields if replaces is not None else {"jurisdiction": jurisdiction, **fields}
    change = changed_edition(start, catalogue.tariffs.tables[table], given, rows)
    return _save(session, actor, draft, catalogue, files, change, reason, effective_from)


def _draft(session: Session, actor: Actor, number: int | None) -> Amendment | None:
    only_administrators(actor)
    if number is None:
        return None
    found = get_amendment(session, actor, number, locked=True)
    if found.author_id != actor.user_id:
        raise Forbidden("只有起草人可以修改", "only its author changes a draft")
    if found.state not in ("draft", "rejected"):
        raise Conflict(f"修订 {number} 已{STATES[found.state]}，不能再改", f"amendment is {found.state}")
    return found


def _check_frame(reason: str, effective_from: dt.date) -> None:
    if not reason.strip() or len(reason) > MAX_REASON:
        raise BadInput("请写明修订理由（2000 字以内）", "a reason is needed", place="reason")
    if effective_from < today():
        raise BadInput(
            f"生效日期不能早于今天（{today().isoformat()}）",
            "an amendment cannot take effect in the past",
            place="effective_from",
            remedy="已受理的办件按受理日的规则计算，不受修订影响",
            remedy_en="cases keep the rules of the day they were accepted; amendments do not touch them",
        )
    if effective_from > today() + dt.timedelta(days=3660):
        raise BadInput("生效日期过远（十年以上）", "more than ten years ahead", place="effective_from")


def _save(
    session: Session,
    actor: Actor,
    draft: Amendment | None,
    catalogue: Catalogue,
    files: dict[str, str],
    change: Change,
    reason: str,
    effective_from: dt.date,
) -> Amendment:
    applied, after = check(files, change)
    try:
        after.at(effective_from)
    except CatalogueError as error:
        raise BadInput(error.zh, error.en, place="valid_from", code="bad_rule") from error
    if after.version == catalogue.version:
        raise BadInput("内容没有改动", "nothing has changed", code="no_change")
    old, new = item_texts(change, applied)
    now = dt.datetime.now(dt.UTC)
    found = draft or Amendment(author_id=actor.user_id, created_at=now, trouble="", decision="")
    found.kind, found.target, found.target_name = change.kind, change.target, change.name
    found.change, found.reason, found.effective_from = change.plain(), reason.strip(), effective_from
    found.state, found.base, found.result = "draft", catalogue.version, after.version
    found.file, found.old_text, found.new_text = change.file, old, new
    found.preview, found.updated_at = None, now
    found.approver_id, found.decided_at, found.submitted_at, found.decision = None, None, None, ""
    session.add(found)
    session.flush()
    session.refresh(found)
    _audit(session, actor, found, "saved")
    _preview(session, actor, found, catalogue, after, PREVIEW_PROJECTS, None)
    return found


# ---------------------------------------------------------------- previewing


def preview_amendment(
    session: Session,
    actor: Actor,
    number: int,
    *,
    limit: int | None = PREVIEW_PROJECTS,
    progress: Progress | None = None,
) -> Amendment:
    """Preview an amendment on past cases again and keep the result with it.

    Raises:
        Forbidden, NotFound. Conflict: it no longer fits the rules it would be laid over.
    """
    found = get_amendment(session, actor, number, locked=True)
    catalogue, files = base_on(session, max(found.effective_from, today()))
    if found.state == "approved":
        raise Conflict("已批准的修订不再预览", "an approved amendment is not previewed again")
    _, after = check(files, stored_change(found.change))
    _preview(session, actor, found, catalogue, after, limit, progress)
    return found


def _preview(
    session: Session,
    actor: Actor,
    found: Amendment,
    before: Catalogue,
    after: Catalogue,
    limit: int | None,
    progress: Progress | None,
) -> None:
    """Compare on the day from which the change shows: its effective day, or the first day of the edition if later."""
    change = stored_change(found.change)
    begins = str(change.after.get("valid_from") or "")
    day = max(found.effective_from, dt.date.fromisoformat(begins) if begins else found.effective_from)
    result = preview(session, actor, after, day, before=before, limit=limit, progress=progress)
    codes = sorted(changed_codes(before, after, day))
    result["elements"] = len(codes)
    result["examples"] = examples(after, codes[:50], day)
    result["at"] = dt.datetime.now(dt.UTC).isoformat()
    found.preview, found.result, found.base = result, after.version, before.version
    counts = {k: result[k] for k in ("evaluated", "values_changed", "conclusions_changed", "cases_changed")}
    _audit(session, actor, found, "previewed", counts)


# ---------------------------------------------------------------- deciding

STATES = {"draft": "起草", "submitted": "提交", "approved": "批准", "rejected": "退回", "withdrawn": "撤回"}


def submit(session: Session, actor: Actor, number: int) -> Amendment:
    """Hand a draft to a second administrator.

    Raises:
        Forbidden: not its author. Conflict: not a draft, or not previewed.
    """
    found = _draft(session, actor, number)
    assert found is not None  # a number was given
    if found.state != "draft" or found.preview is None:
        raise Conflict(
            "保存并预览后才能提交",
            "save and preview first",
            remedy="重新编辑并保存",
            remedy_en="edit and save again",
        )
    found.state, found.submitted_at = "submitted", dt.datetime.now(dt.UTC)
    _audit(session, actor, found, "submitted")
    return found


def withdraw(session: Session, actor: Actor, number: int) -> Amendment:
    """Take an amendment back before it is decided.

    Raises:
        Forbidden: not its author. Conflict: it has been approved or withdrawn.
    """
    found = get_amendment(session, actor, number, locked=True)
    if found.author_id != actor.user_id:
        raise Forbidden("只有起草人可以撤回", "only its author withdraws it")
    if found.state in ("approved", "withdrawn"):
        raise Conflict(f"修订 {number} 已{STATES[found.state]}", f"amendment is {found.state}")
    found.state = "withdrawn"
    _audit(session, actor, found, "withdrawn")
    return found


def _to_decide(session: Session, actor: Actor, number: int) -> Amendment:
    found = get_amendment(session, actor, number, locked=True)
    if found.state != "submitted":
        raise Conflict(
            f"修订 {number} 当前为“{STATES[found.state]}”，不能审批", f"amendment is {found.state}"
        )
    if found.author_id == actor.user_id:
        raise Forbidden(
            "起草人不能审批自己的修订",
            "nobody approves their own amendment",
            code="same_person",
            remedy="请另一位系统管理员审批",
            remedy_en="ask another system administrator to approve",
        )
    return found


def reject(session: Session, actor: Actor, number: int, reason: str) -> Amendment:
    """Give an amendment back to its author with a reason.

    Raises:
        Forbidden: the author. Conflict: not submitted. BadInput: no reason.
    """
    found = _to_decide(session, actor, number)
    if not reason.strip() or len(reason) > MAX_REASON:
        raise BadInput("退回应写明理由", "a reason is needed", place="decision")
    _decide(found, actor, "rejected", reason)
    _audit(session, actor, found, "rejected", {"reason": found.decision})
    return found


def approve(session: Session, actor: Actor, number: int, opinion: str = "") -> Amendment:
    """Approve an amendment: from its day on (today, if that has passed) it is part of the rules.

    Raises:
        Forbidden: the author. Conflict: not submitted, or what it changes has changed since.
        BadInput: together with what was approved meanwhile the rules no longer hold together.
    """
    repository.lock(session)
    found = _to_decide(session, actor, number)
    if len(opinion) > MAX_REASON:
        raise BadInput("意见最多 2000 字", "the opinion is too long", place="decision")
    base = register_shipped(session)
    found.effective_from = max(found.effective_from, today())
    catalogue, files = base_on(session, found.effective_from)
    _, after = check(files, stored_change(found.change))
    _decide(found, actor, "approved", opinion)
    found.base, found.result = catalogue.version, after.version
    session.flush()
    lay_amendments(session, base)
    facts = {"effective_from": found.effective_from.isoformat(), "opinion": found.decision}
    _audit(session, actor, found, "approved", facts)
    return found


def _decide(found: Amendment, actor: Actor, state: str, text: str) -> None:
    found.state, found.decision = state, text.strip()
    found.approver_id, found.decided_at = actor.user_id, dt.datetime.now(dt.UTC)


def _audit(
    session: Session, actor: Actor, found: Amendment, what: str, more: Mapping[str, Any] | None = None
) -> None:
    session.flush()
    session.refresh(found, ["author", "approver"])
    record_audit(
        session,
        actor,
        f"rules.amendment_{what}",
        f"amendment:{found.number}",
        {"target": found.target, "base": found.base, "result": found.result, **(more or {})},
    )


# ---------------------------------------------------------------- for the repository


def export_patch(session: Session, actor: Actor | None, numbers: Sequence[int] = ()) -> str:
    """Approved amendments (all, or the given ones) as one patch of the platform's catalogue files.

    Raises:
        NotFound: no such approved amendment. Conflict, BadInput: one no longer fits the files.
    """
    if actor is not None:
        only_administrators(actor)
    approved = {a.number: a for a in repository.amendments(session, states=["approved"])}
    unknown = [n for n in numbers if n not in approved]
    if unknown:
        listed = "、".join(map(str, unknown))
        raise NotFound(f"没有已批准的修订 {listed}", f"no approved amendment {listed}")
    chosen = [approved[n] for n in numbers] if numbers else list(approved.values())
    before = read_files()
    files = dict(before)
    for amendment in sorted(chosen, key=lambda a: (a.effective_from, a.number)):
        files = apply(files, stored_change(amendment.change), strict=False).files
    return "".join(difference(before[f], files[f], f) for f in sorted(files) if files[f] != before[f])
