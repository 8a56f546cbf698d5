"""Accounts: organisations, people, signing in. Passwords are argon2id hashes, sessions live on the server."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from project_box import repository
from project_box.kernel.errors import BadInput, Conflict, NotSignedIn
from project_box.kernel.identity import Actor, Role
from project_box.models import Organisation, User, UserSession
from project_box.service import now, record_audit

#: failed tries after which an account rests, and for how long
MAX_FAILED, REST = 10, dt.timedelta(minutes=10)


@lru_cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache
def _nobody() -> str:
    """A hash to check against when there is no such user, so that both cases take the same time."""
    return _hasher().hash(secrets.token_hex(16))


def create_organisation(
    session: Session, *, name: str, credit_code: str, kind: str, address: str = "", contact: str = ""
) -> Organisation:
    """Register an organisation (``developer``, ``agency`` or ``bureau``).

    Raises:
        Conflict: the name or 统一社会信用代码 is taken.
    """
    taken = session.scalar(
        select(Organisation.id).where((Organisation.credit_code == credit_code) | (Organisation.name == name))
    )
    if taken is not None:
        raise Conflict("该单位名称或统一社会信用代码已登记", "organisation exists", code="organisation_taken")
    row = Organisation(name=name, credit_code=credit_code, kind=kind, address=address, contact=contact)
    session.add(row)
    session.flush()
    return row


def create_user(
    session: Session,
    *,
    username: str,
    password: str,
    name: str,
    roles: Iterable[Role],
    organisation: Organisation,
    discipline: str | None = None,
) -> User:
    """Register a person.

    Raises:
        BadInput: the password is shorter than 8 characters.
        Conflict: the sign-in name is taken.
    """
    if len(password) < 8:
        raise BadInput("密码至少 8 个字符", "password too short", place="password", code="weak_password")
    if session.scalar(select(User.id).where(User.username == username)) is not None:
        raise Conflict(
            f"用户名 {username} 已被使用", "username taken", place="username", code="username_taken"
        )
    row = User(
        username=username,
        password_hash=_hasher().hash(password),
        name=name,
        roles=sorted(r.value for r in roles),
        discipline=discipline,
        organisation_id=organisation.id,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def actor_of(user: User) -> Actor:
    """The actor a user acts as."""
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=frozenset(Role(r) for r in user.roles),
        organisation_id=user.organisation_id,
        discipline=user.discipline,
        organisation_name=user.organisation.name,
    )


def check_password(session: Session, username: str, password: str) -> User | None:
    """The user whose password this is, or None. Wrong tries are counted; after ten the account rests ten minutes.

    The caller commits also when the answer is None, so that the count is kept.

    Raises:
        NotSignedIn: the account rests.
    """
    user = repository.user_by_name(session, username)
    if user is not None and user.locked_until is not None and user.locked_until > now():
        raise NotSignedIn(
            "密码错误次数过多,账号暂停登录", "account rests after too many failed sign-ins", code="account_rests",
            remedy="10 分钟后再试,或联系系统管理员",
        )  # fmt: skip
    try:
        _hasher().verify(user.password_hash if user else _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        if user is not None:
            user.failed_sign_ins += 1
            if user.failed_sign_ins >= MAX_FAILED:
                user.failed_sign_ins, user.locked_until = 0, now() + REST
                record_audit(session, None, "account.rests", f"user:{user.id}", {"failed": MAX_FAILED})
        return None
    if user is not None:
        user.failed_sign_ins, user.locked_until = 0, None
    return user


def csrf_of(token: str) -> str:
    """The CSRF token that belongs to a session token; knowing it does not reveal the session token."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def open_session(session: Session, user: User, *, hours: int) -> str:
    """Open a server-side session; returns its token (for the cookie or the bearer header)."""
    token, moment = secrets.token_urlsafe(32), now()
    session.execute(delete(UserSession).where(UserSession.expires_at < moment))
    session.add(
        UserSession(
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            user_id=user.id,
            created_at=moment,
            expires_at=moment + dt.timedelta(hours=hours),
        )
    )
    record_audit(session, actor_of(user), "session.opened", f"user:{user.id}", {})
    return token


def find_session(session: Session, token: str) -> UserSession | None:
    """The live session of a token."""
    row = session.get(UserSession, hashlib.sha256(token.encode()).hexdigest())
    if row is None or row.expires_at < now() or not row.user.active:
        return None
    return row


def close_session(session: Session, token: str) -> None:
    """Sign out."""
    session.execute(
        delete(UserSession).where(UserSession.token_hash == hashlib.sha256(token.encode()).hexdigest())
    )


def user_actor(session: Session, user_id: uuid.UUID) -> Actor:
    """The actor of a known user id (jobs act in somebody's name)."""
    return actor_of(session.get_one(User, user_id))
