"""``project-box account``: organisations and people of a database that has none.

Passwords are typed unseen or read from standard input; they are never arguments, never printed and never logged.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from drawings.review.disciplines import disciplines
from project_box import accounts
from project_box.codes import check_credit_code
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.identity import Role
from project_box.models import Organisation, User
from project_box.service import clean_text, record_audit
from web.cli_support import database, emit_json, explained, out, table

account = typer.Typer(
    help="单位与账号 (organisations and people): add, list, disable, enable, password.", no_args_is_help=True
)
#: what an organisation is, by the roles of its people; officers of every kind belong to the bureau
_KINDS = {Role.DEVELOPER: "developer", Role.INTERMEDIARY: "agency"}
_KIND_NAMES = {"developer": "建设单位", "agency": "中介机构", "bureau": "审批机关"}
_ROLE_HELP = "身份，可重复：" + "、".join(f"{r.value} {r.zh}" for r in Role)

UsernameArgument = Annotated[str, typer.Argument(help="用户名 (sign-in name)")]
StdinOption = Annotated[
    bool,
    typer.Option("--password-stdin", help="从标准输入读一行密码 (read the password from standard input)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


def _read_password(from_stdin: bool) -> str:
    """The password, from standard input or typed twice unseen.

    Raises:
        BadInput: nothing came, or there is no terminal to ask at.
    """
    if from_stdin:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
        if not password:
            raise BadInput("标准输入没有密码", "no password on standard input", place="--password-stdin")
        return password
    if not sys.stdin.isatty():
        raise BadInput(
            "没有终端可以输入密码", "there is no terminal to ask for a password", place="--password-stdin",
            remedy="加上 --password-stdin，从标准输入读取密码",
            remedy_en="add --password-stdin to read the password from standard input",
        )  # fmt: skip
    typed: str = typer.prompt("密码 password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _roles(words: list[str]) -> frozenset[Role]:
    roles = set()
    for word in words:
        found = next((r for r in Role if word in (r.value, r.zh)), None)
        if found is None:
            raise BadInput(
                f"没有“{word[:40]}”这个身份", f"no role {word[:40]!r}", place="--role",
                remedy="可用 " + "、".join(r.value for r in Role),
                remedy_en="there are " + ", ".join(r.value for r in Role),
            )  # fmt: skip
        roles.add(found)
    if not roles:
        raise BadInput("请至少指明一个身份", "at least one --role is needed", place="--role")
    return frozenset(roles)


def _kind(roles: frozenset[Role]) -> str:
    kinds = {_KINDS.get(role, "bureau") for role in roles}
    if len(kinds) > 1:
        raise BadInput(
            "这些身份不属于同一类单位", "these roles belong to different kinds of organisation", place="--role",
            remedy="建设单位、中介机构和审批机关的人员分别建账号",
            remedy_en="developers, agencies and authorities have accounts of their own",
        )  # fmt: skip
    return kinds.pop()


def _check_discipline(roles: frozenset[Role], discipline: str | None) -> None:
    known = disciplines().disciplines
    choose = "可用 " + "、".join(f"{code} {d.zh}" for code, d in known.items())
    choose_en = "there are " + ", ".join(known)
    if Role.DISCIPLINE in roles and discipline is None:
        raise BadInput(
            "联审专业人员须指明专业", "a discipline reviewer needs --discipline", place="--discipline", remedy=choose,
            remedy_en=choose_en
        )  # fmt: skip
    if discipline is not None and Role.DISCIPLINE not in roles:
        raise BadInput(
            "只有联审专业人员有专业", "only discipline reviewers have a discipline", place="--discipline"
        )
    if discipline is not None and discipline not in known:
        raise BadInput(
            f"没有“{discipline[:40]}”这个专业", f"no discipline {discipline[:40]!r}", place="--discipline",
            remedy=choose,
            remedy_en=choose_en,
        )  # fmt: skip


def _organisation(session: Session, name: str, code: str | None, kind: str) -> Organisation:
    """The organisation of that name or code, registered now when it is new.

    Raises:
        BadInput: a new one without 统一社会信用代码.
        Conflict: name, code and kind do not go together.
    """
    wanted = Organisation.name == name
    found = session.scalars(
        select(Organisation).where(wanted if code is None else or_(wanted, Organisation.credit_code == code))
    ).all()
    if not found:
        if code is None:
            raise BadInput(
                f"“{name}”是新单位，请填写统一社会信用代码", "a new organisation needs --credit-code",
                place="--credit-code",
            )  # fmt: skip
        row = accounts.create_organisation(session, name=name, credit_code=code, kind=kind)
        facts = {"name": name, "credit_code": code, "kind": kind, "by": "command line"}
        record_audit(session, None, "organisation.created", f"organisation:{row.id}", facts)
        return row
    row = found[0]
    if len(found) > 1 or row.name != name or (code is not None and row.credit_code != code):
        raise Conflict(
            f"单位名称与统一社会信用代码不一致：已登记“{row.name}”{row.credit_code}",
            "name and credit code belong to different organisations", code="organisation_taken",
            place="--organisation",
        )  # fmt: skip
    if row.kind != kind:
        raise Conflict(
            f"“{row.name}”是{_KIND_NAMES.get(row.kind, row.kind)}，不能有这些身份的人员",
            f"the organisation is a {row.kind}", code="organisation_kind", place="--role",
        )  # fmt: skip
    return row


def plain(user: User) -> dict[str, Any]:
    """An account as programs read it."""
    return {
        "username": user.username,
        "name": user.name,
        "roles": list(user.roles),
        "discipline": user.discipline,
        "organisation": user.organisation.name,
        "credit_code": user.organisation.credit_code,
        "kind": user.organisation.kind,
        "active": user.active,
    }


def _say(row: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        emit_json(row)
    else:
        out.print(f"{what}: {row['username']} {row['name']}", highlight=False, markup=False)


@account.command("add")
def add(
    username: UsernameArgument,
    name: Annotated[str, typer.Option("--name", help="姓名 (the person's name)")],
    organisation: Annotated[
        str, typer.Option("--organisation", help="单位名称；新单位一并登记 (registered when new)")
    ],
    role: Annotated[list[str], typer.Option("--role", help=_ROLE_HELP)],
    credit_code: Annotated[
        str | None, typer.Option("--credit-code", help="统一社会信用代码，新单位必填 (needed when new)")
    ] = None,
    discipline: Annotated[
        str | None, typer.Option("--discipline", help="联审专业，如 planning、architecture、fire")
    ] = None,
    password_stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """登记一个人，单位是新的就一并登记 (register a person, and their organisation when it is new).

    Example: project-box account add root --name 张管理 --role admin --organisation 某区行政审批局 --credit-code …
    """
    with explained(as_json=as_json):
        roles = _roles(role)
        kind = _kind(roles)
        _check_discipline(roles, discipline)
        code = check_credit_code(credit_code) if credit_code is not None else None
        person = clean_text(name, field="name", label="姓名", limit=60)
        unit = clean_text(organisation, field="organisation", label="单位名称", limit=200)
        password = _read_password(password_stdin)
        with database() as opened, opened.transaction() as session:
            row = accounts.create_user(
                session,
                username=username,
                password=password,
                name=person,
                roles=roles,
                organisation=_organisation(session, unit, code, kind),
                discipline=discipline,
            )
            made = plain(row)
            record_audit(session, None, "account.created", f"user:{row.id}", {**made, "by": "command line"})
    _say(made, "已登记 registered", as_json)


@account.command("list")
def list_accounts(as_json: JsonOption = False) -> None:
    """所有账号 (all accounts)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        rows = [plain(user) for user in accounts.all_users(session)]
    if as_json:
        emit_json({"accounts": rows})
        return
    table(
        "账号",
        ["用户名", "姓名", "身份", "专业", "单位", "统一社会信用代码", "状态"],
        [
            [
                r["username"],
                r["name"],
                "、".join(Role(word).zh for word in r["roles"]),
                r["discipline"],
                r["organisation"],
                r["credit_code"],
                "启用" if r["active"] else "停用",
            ]
            for r in rows
        ],
    )


def _switch(username: str, active: bool, as_json: bool) -> None:
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        user = accounts.any_user(session, username)
        accounts.set_active(session, user, active)
        kind = "account.enabled" if active else "account.disabled"
        record_audit(session, None, kind, f"user:{user.id}", {"username": username, "by": "command line"})
        row = plain(user)
    _say(row, "已启用 enabled" if active else "已停用 disabled", as_json)


@account.command("disable")
def disable(username: UsernameArgument, as_json: JsonOption = False) -> None:
    """停用账号并退出其登录 (disable an account and end its sessions)."""
    _switch(username, False, as_json)


@account.command("enable")
def enable(username: UsernameArgument, as_json: JsonOption = False) -> None:
    """重新启用账号 (enable an account again)."""
    _switch(username, True, as_json)


@account.command("password")
def password(
    username: UsernameArgument, password_stdin: StdinOption = False, as_json: JsonOption = False
) -> None:
    """设置新密码并退出其登录 (set a new password and end the account's sessions)."""
    with explained(as_json=as_json):
        new = _read_password(password_stdin)
        with database() as opened, opened.transaction() as session:
            user = accounts.any_user(session, username)
            accounts.set_password(session, user, new)
            facts = {"username": username, "by": "command line"}
            record_audit(session, None, "account.password", f"user:{user.id}", facts)
            row = plain(user)
    _say(row, "密码已更换 password changed", as_json)


def register(app: typer.Typer) -> None:
    """Add ``account``."""
    app.add_typer(account, name="account")
