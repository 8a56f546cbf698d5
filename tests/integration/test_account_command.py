"""``project-box account``: a database without demo people gets its first administrator and its staff."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from project_box import accounts
from project_box.accounts import check_password
from project_box.codes import credit_check_character
from project_box.kernel import embedded
from project_box.kernel.db import Database
from project_box.kernel.errors import NotSignedIn
from project_box.kernel.settings import get_settings
from project_box.models import AuditEvent, User, UserSession
from project_box.service import now, verify_audit
from web.cli import app
from web.migrate import upgrade

pytestmark = pytest.mark.integration
BUREAU = "11430104MB1XYA000"
BUREAU += credit_check_character(BUREAU)
FIRM = "91430104MA4ABC000"
FIRM += credit_check_character(FIRM)
SECRET = "correct horse 电池"
Run = Callable[..., Result]
ADMIN = ("add", "root", "--name", "张管理", "--role", "admin", "--organisation", "某区行政审批局")


@pytest.fixture(scope="module")
def empty() -> Iterator[Database]:
    """A database with tables and nobody in it."""
    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(
        get_settings().var_dir
    )
    name = f"test_{secrets.token_hex(6)}"
    opened = Database(embedded.create_database(server, name))
    try:
        upgrade(opened)
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@pytest.fixture
def run(empty: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def here() -> Iterator[Database]:
        yield empty

    monkeypatch.setattr("web.commands.account.database", here)

    def runner(*arguments: str, password: str | None = SECRET) -> Result:
        asks = arguments[0] in ("add", "password") and password is not None
        more = ["--password-stdin"] if asks else []
        return CliRunner().invoke(app, ["account", *arguments, *more], input=f"{password}\n" if asks else "")

    return runner


def refused(answer: Result) -> dict[str, str]:
    assert answer.exit_code == 2, answer.output
    error: dict[str, str] = json.loads(answer.stdout)["error"]
    return error


def test_from_nobody_to_a_staffed_bureau(run: Run, empty: Database) -> None:
    assert json.loads(run("list", "--json").stdout) == {"accounts": []}
    assert refused(run(*ADMIN, "--json"))["place"] == "--credit-code"
    wrong = BUREAU[:-1] + ("0" if BUREAU[-1] != "0" else "1")
    assert "校验位" in refused(run(*ADMIN, "--credit-code", wrong, "--json"))["message"]
    made = run(*ADMIN, "--credit-code", BUREAU.lower(), "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["credit_code"] == BUREAU
    assert SECRET not in made.output
    bureau = ("--organisation", "某区行政审批局")
    fire = run("add", "fire", "--name", "吴消", "--role", "discipline", "--discipline", "fire", *bureau)
    assert fire.exit_code == 0, fire.output
    firm = (
        "add",
        "firm",
        "--name",
        "刘建",
        "--role",
        "建设单位",
        "--organisation",
        "某置业",
        "--credit-code",
        FIRM,
    )
    assert run(*firm).exit_code == 0
    listed = json.loads(run("list", "--json").stdout)["accounts"]
    assert [(a["username"], a["kind"], a["roles"], a["discipline"]) for a in listed] == [
        ("fire", "bureau", ["discipline"], "fire"),
        ("firm", "developer", ["developer"], None),
        ("root", "bureau", ["admin"], None),
    ]
    shown = run("list")
    assert shown.exit_code == 0
    assert "root" in shown.output
    with empty.transaction() as session:
        root = check_password(session, "root", SECRET)
        assert root is not None
        assert root.password_hash.startswith("$argon2id$")
        kinds = session.scalars(select(AuditEvent.kind).order_by(AuditEvent.seq)).all()
        assert kinds.count("account.created") == 3
        assert kinds.count("organisation.created") == 2
        assert SECRET not in str([e.payload for e in session.scalars(select(AuditEvent))])
        assert verify_audit(session) is None


@pytest.mark.parametrize(
    ("more", "place"),
    [
        (("--role", "king"), "--role"),
        (("--role", "window", "--role", "developer"), "--role"),
        (("--role", "discipline"), "--discipline"),
        (("--role", "discipline", "--discipline", "magic"), "--discipline"),
        (("--role", "window", "--discipline", "fire"), "--discipline"),
        (("--role", "developer"), "--role"),
        (("--role", "window", "--credit-code", FIRM), "--organisation"),
        (("--role", "window", "--name", "  "), "name"),
        (("--role", "window", "--name", "长" * 300), "name"),
    ],
)
def test_what_does_not_go_together_is_refused_and_nothing_is_kept(
    run: Run, empty: Database, more: tuple[str, ...], place: str
) -> None:
    answer = run("add", "someone", "--name", "某人", "--organisation", "某区行政审批局", *more, "--json")
    assert refused(answer)["place"] == place
    with empty.transaction() as session:
        assert session.scalar(select(User.id).where(User.username == "someone")) is None


@pytest.mark.parametrize("username", ["x", "two words", "'; DROP TABLE", "名字", "a" * 61, "a\nb"])
def test_usernames_are_plain(run: Run, username: str) -> None:
    bureau = ("--organisation", "某区行政审批局", "--credit-code", BUREAU)
    answer = run("add", username, "--name", "某人", "--role", "window", *bureau, "--json")
    assert refused(answer)["place"] == "username"


def test_passwords_come_from_a_terminal_or_standard_input(run: Run) -> None:
    bureau = ("--organisation", "某区行政审批局", "--credit-code", BUREAU)
    more = ("add", "late", "--name", "某人", "--role", "window", *bureau, "--json")
    assert refused(run(*more, password=None))["place"] == "--password-stdin"
    assert refused(run(*more, password=""))["place"] == "--password-stdin"
    assert refused(run(*more, password="short"))["code"] == "weak_password"
    assert refused(run(*more, password="x" * 5000))["code"] == "long_password"
    assert "--password " not in run("add", "--help", password=None).output


def test_password_and_disable_end_sessions(run: Run, empty: Database) -> None:
    with empty.transaction() as session:
        user = accounts.any_user(session, "fire")
        token = accounts.open_session(session, user, hours=1)
        user.locked_until = now() + accounts.REST
    with empty.transaction() as session, pytest.raises(NotSignedIn):
        check_password(session, "fire", SECRET)
    assert run("password", "fire", password="another secret").exit_code == 0
    with empty.transaction() as session:
        assert check_password(session, "fire", SECRET) is None
        assert check_password(session, "fire", "another secret") is not None
        assert accounts.find_session(session, token) is None
        accounts.open_session(session, accounts.any_user(session, "fire"), hours=1)
    assert run("disable", "fire").exit_code == 0
    with empty.transaction() as session:
        assert check_password(session, "fire", "another secret") is None
        user_id = session.scalar(select(User.id).where(User.username == "fire"))
        assert not session.scalars(select(UserSession).where(UserSession.user_id == user_id)).all()
    assert json.loads(run("enable", "fire", "--json").stdout)["active"] is True
    assert refused(run("disable", "root", "--json"))["code"] == "last_administrator"
    assert refused(run("disable", "nobody", "--json"))["place"] == "username"
    assert refused(run("password", "nobody", "--json"))["place"] == "username"
