"""Accounts: organisations, people, signing in. Passwords are argon2id hashes, sessions live on the server."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from project_box import repository
from project_box.events import SessionsEnded
from project_box.kernel.errors import BadInput, Conflict, NotFound, NotSignedIn
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.models import Organisation, User, UserSession
from project_box.service import now, record_audit

#: failed tries after which an account rests, and for how long
MAX_FAILED, REST = 10, dt.timedelta(minutes=10)
#: characters of a password; the upper limit keeps hashing quick
MIN_PASSWORD, MAX_PASSWORD = 8, 1000
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,59}", re.ASCII)


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
        BadInput: the sign-in name or the password cannot be used.
        Conflict: the sign-in name is taken.
    """
    if not _USERNAME.fullmatch(username):
        raise BadInput(
            "用户名应为 2–60 个字母、数字或 . _ @ -,以字母或数字开头",
            "a username has 2 to 60 letters, digits or . _ @ -, beginning with a letter or digit",
            place="username",
            code="bad_username",
        )
    _check_password(password)
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


def _check_password(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise BadInput(
            f"密码至少 {MIN_PASSWORD} 个字符", "password too short", place="password", code="weak_password"
        )
    if len(password) > MAX_PASSWORD:
        raise BadInput(
            f"密码最多 {MAX_PASSWORD} 个字符", "password too long", place="password", code="long_password"
        )


def all_users(session: Session) -> Sequence[User]:
    """Every account with its organisation, by sign-in name; for administrators and the command line."""
    return session.scalars(select(User).order_by(User.username)).all()


def any_user(session: Session, username: str) -> User:
    """An account, also a disabled one.

    Raises:
        NotFound: there is none of this name.
    """
    row = session.scalars(
        select(User).where(User.username == username).with_for_update(of=User)
    ).one_or_none()
    if row is None:
        raise NotFound(f"没有用户 {username[:60]}", f"no user {username[:60]!r}", place="username")
    return row


def set_password(session: Session, user: User, password: str) -> None:
    """Give a person a new password; their sessions end and a resting account wakes.

    Raises:
        BadInput: the password is too short or too long.
    """
    _check_password(password)
    user.password_hash = _hasher().hash(password)
    user.failed_sign_ins, user.locked_until = 0, None
    session.execute(delete(UserSession).where(UserSession.user_id == user.id))
    session.flush()
    publish(session, SessionsEnded())


def set_active(session: Session, user: User, active: bool) -> None:
    """Disable an account, ending its sessions, or enable it again.

    Raises:
        Conflict: it is the last administrator who can sign in.
    """
    if not active and Role.ADMIN in user.roles:
        others = session.scalars(select(User).where(User.active, User.id != user.id).with_for_update(of=User))
        if not any(Role.ADMIN in other.roles for other in others):
            raise Conflict(
                "这是最后一个可登录的系统管理员，不能停用", "the last administrator cannot be disabled",
                code="last_administrator", remedy="先添加另一个系统管理员",
                remedy_en="add another system administrator first",
            )  # fmt: skip
    user.active = active
    if not active:
        session.execute(delete(UserSession).where(UserSession.user_id == user.id))
        publish(session, SessionsEnded())
    session.flush()


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
            "密码错误次数过多，账号暂停登录", "account rests after too many failed sign-ins", code="account_rests",
            remedy="10 分钟后再试，或联系系统管理员",
            remedy_en="try again in 10 minutes, or ask the system administrator",
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
    publish(session, SessionsEnded())


def user_actor(session: Session, user_id: uuid.UUID) -> Actor:
    """The actor of a known user id (jobs act in somebody's name)."""
    return actor_of(session.get_one(User, user_id))
