"""Health, and what the administrator sees: accounts and the audit chain."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from project_box import repository
from project_box import service as box
from project_box.kernel.errors import Forbidden
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.kernel.settings import get_settings
from project_box.models import User
from web.deps import ActorDep, SessionDep, render

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["administration"])


def _only_admin(actor: Actor) -> None:
    if not actor.has(Role.ADMIN):
        raise Forbidden("只有系统管理员可以查看", "administrators only")


@api.get("/health")
def health(session: SessionDep) -> dict[str, Any]:
    """Answers when the platform and its database do."""
    session.execute(text("SELECT 1"))
    return {"status": "ok", "instance": str(get_settings().var_dir.resolve())}


def audit_view(session: Session, actor: Actor, limit: int) -> dict[str, Any]:
    """The newest events of the audit chain and whether the whole chain holds."""
    _only_admin(actor)
    broken = box.verify_audit(session)
    events = repository.audit_events(session, limit=min(limit, 1000), newest_first=True)
    view: dict[str, Any] = to_plain(
        {
            "intact": broken is None,
            "broken_at": broken,
            "events": [
                {
                    "seq": e.seq,
                    "at": e.at,
                    "actor": e.actor_name,
                    "kind": e.kind,
                    "subject": e.subject,
                    "payload": e.payload,
                    "hash": e.hash,
                }
                for e in events
            ],
        }
    )
    return view


@api.get("/audit")
def audit(session: SessionDep, actor: ActorDep, limit: int = 200) -> dict[str, Any]:
    """The audit chain (administrators)."""
    return audit_view(session, actor, limit)


@pages.get("/admin")
def admin_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Accounts and the audit chain."""
    _only_admin(actor)
    users = session.scalars(select(User).order_by(User.username)).unique().all()
    people = [
        {
            "username": u.username,
            "name": u.name,
            "roles": [Role(r).zh for r in u.roles],
            "organisation": u.organisation.name,
            "active": u.active,
        }
        for u in users
    ]
    return render(request, "admin/index.html", people=people, **audit_view(session, actor, 100))
