"""Organisations as the administrator keeps them: who is registered, and corrections of name, address and contact."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from project_box.kernel.errors import Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role
from project_box.models import Organisation, User
from project_box.service import MAX_NAME, clean_text, record_audit

#: words on the screen for ``Organisation.kind``
KINDS = {"developer": "建设单位", "agency": "中介机构", "bureau": "审批机关"}


def only_admin(actor: Actor | None) -> None:
    """None stands for the command line, which only the keeper of the machine can use.

    Raises:
        Forbidden: not an administrator.
    """
    if actor is not None and not actor.has(Role.ADMIN):
        raise Forbidden("只有系统管理员可以维护单位", "administrators only")


def organisations(session: Session, actor: Actor | None) -> Sequence[tuple[Organisation, int]]:
    """All organisations with their number of active accounts, by kind and name.

    Raises:
        Forbidden: not an administrator.
    """
    only_admin(actor)
    people = (
        select(func.count()).where(User.organisation_id == Organisation.id, User.active).scalar_subquery()
    )
    rows = session.execute(select(Organisation, people).order_by(Organisation.kind, Organisation.name)).all()
    return [(row[0], row[1]) for row in rows]


def organisation(session: Session, actor: Actor | None, organisation_id: uuid.UUID) -> Organisation:
    """One organisation.

    Raises:
        Forbidden: not an administrator. NotFound: there is none.
    """
    only_admin(actor)
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound("没有这个单位", "no such organisation")
    return found


def by_name_or_code(session: Session, text: str) -> Organisation:
    """The organisation of a name or 统一社会信用代码.

    Raises:
        NotFound: there is none.
    """
    wanted = text.strip()
    found = session.scalars(
        select(Organisation).where(
            (Organisation.name == wanted) | (Organisation.credit_code == wanted.upper())
        )
    ).one_or_none()
    if found is None:
        raise NotFound(
            f"没有登记“{wanted[:60]}”这个单位", f"no organisation {wanted[:60]!r}", place="organisation",
            remedy="先用 project-box account add 登记该单位的人员",
            remedy_en="register a person of it first: project-box account add",
        )  # fmt: skip
    return found


def change(
    session: Session,
    actor: Actor | None,
    organisation_id: uuid.UUID,
    *,
    name: str,
    address: str,
    contact: str,
) -> Organisation:
    """Correct name, address and contact; 统一社会信用代码 and kind stay. Papers already issued keep the old name.

    Raises:
        Forbidden, NotFound: as :func:`organisation`. BadInput: a field is empty or too long.
        Conflict: another organisation has the name.
    """
    row = organisation(session, actor, organisation_id)
    before = {"name": row.name, "address": row.address, "contact": row.contact}
    after = {
        "name": clean_text(name, field="name", label="单位名称", limit=MAX_NAME),
        "address": clean_text(address, field="address", label="地址", limit=MAX_NAME, required=False),
        "contact": clean_text(contact, field="contact", label="联系方式", limit=MAX_NAME, required=False),
    }
    if after == before:
        return row
    taken = select(Organisation.id).where(Organisation.name == after["name"], Organisation.id != row.id)
    if session.scalar(taken) is not None:
        raise Conflict("该单位名称已登记", "name taken", code="organisation_taken", place="name")
    row.name, row.address, row.contact = after["name"], after["address"], after["contact"]
    session.flush()
    record_audit(
        session, actor, "organisation.changed", f"organisation:{row.id}", {"before": before, "after": after}
    )
    return row


def offices(session: Session) -> Sequence[Organisation]:
    """审批机关 and 中介机构, whom anybody may address; applicants are not listed."""
    return session.scalars(
        select(Organisation)
        .where(Organisation.kind.in_(("bureau", "agency")))
        .order_by(Organisation.kind.desc(), Organisation.name)
    ).all()
