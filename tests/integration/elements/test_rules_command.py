"""``project-box elements amendments | rerun | rule-sets | diff``, on a database with an approved amendment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from elements.rulesets import amendment_service as amendments
from elements.rulesets.ruleset_service import today
from project_box.accounts import actor_of
from project_box.kernel import embedded
from project_box.kernel.db import Database
from project_box.models import User
from tests.conftest import TEST_VAR
from web.cli import app
from web.migrate import upgrade
from web.seed.people import seed_people

pytestmark = pytest.mark.integration
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def amended() -> Iterator[Database]:
    """People, and one approved amendment of the net site area."""
    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(TEST_VAR)
    name = f"test_{secrets.token_hex(6)}"
    opened = Database(embedded.create_database(server, name))
    try:
        upgrade(opened)
        with opened.transaction() as session:
            seed_people(session)
            people = {u.username: actor_of(u) for u in session.scalars(select(User))}
            found = amendments.write_element(
                session, people["admin"], "JYD", {"formula": "ZYD - DZDL - DZLD - 1"},
                reason="试", effective_from=today(),
            )  # fmt: skip
            amendments.submit(session, people["admin"], found.number)
            amendments.approve(session, people["admin2"], found.number)
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@pytest.fixture
def run(amended: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("amendments", "--json")``: the command on that database."""

    @contextmanager
    def here() -> Iterator[Database]:
        yield amended

    for module in ("commands.rules", "cli_elements"):
        monkeypatch.setattr(f"web.{module}.database", here)
    return lambda *words: CliRunner().invoke(app, ["elements", *words])


def plain(result: Result) -> dict:
    """The JSON document a command printed."""
    assert result.exit_code == 0, result.output
    found: dict = json.loads(result.stdout)
    return found


def test_the_amendment_is_listed_and_exported(run: Run, tmp_path: Path) -> None:
    rows = plain(run("amendments", "--json"))["amendments"]
    assert [(r["target"], r["state"], r["author"]) for r in rows] == [("JYD", "approved", "管理员")]
    patch = run("amendments", "--export", "-").stdout
    assert "+++ b/elements/catalogue/planning/planning-permit.yaml" in patch
    assert "ZYD - DZDL - DZLD - 1" in patch
    assert plain(run("amendments", "--export", str(tmp_path / "a.patch"), "--json"))["lines"] > 3
    assert (tmp_path / "a.patch").read_text(encoding="utf-8") == patch
    assert run("amendments", "--export", str(tmp_path / "no" / "a.patch")).exit_code == 2
    assert run("amendments", "--export", "-", "-n", "99").exit_code == 2


def test_rule_sets_and_what_if_by_hash(run: Run) -> None:
    found = plain(run("rule-sets", "--json"))
    hashes = {r["origin"]: r["hash"] for r in found["rule_sets"]}
    assert found["in_force"] == hashes["amended"] != hashes["shipped"]
    words = ("diff", "planning-permit", "--set", "YD_BOUNDARY=8000", "--set", "DZDL=0", "--set", "DZLD=0")
    compared = plain(run(*words, "--against", f"rules={hashes['amended'][:8]}", "--json"))
    row = next(r for r in compared["rows"] if r["code"] == "JYD")
    assert [c["display"] for c in row["cells"]] == ["8000.00", "7999.00"]
    assert run(*words, "--against", "rules=ffffffff").exit_code == 2


def test_a_rerun_counts(run: Run) -> None:
    done = plain(run("rerun", "--json"))
    assert (done["projects"], done["evaluated"], done["cases_changed"]) == (0, 0, 0)
    assert run("rerun", "--amendment", "1").exit_code == 2  # decided already
    assert run("rerun", "--amendment", "77").exit_code == 2
    assert run("rerun", "--rules", "ffffffff").exit_code == 2


def test_a_value_by_the_rules_in_force_or_a_stored_rule_set(run: Run) -> None:
    site = ("--json",)
    shipped = plain(run("explain", "JYD", *site))
    amended = plain(run("explain", "JYD", *site, "--in-force"))
    assert (shipped["explain"]["formula"], amended["explain"]["formula"]) == (
        "ZYD - DZDL - DZLD",
        "ZYD - DZDL - DZLD - 1",
    )
    assert shipped["rule_hash"] != amended["rule_hash"]
    again = plain(run("explain", "JYD", *site, "--rules", amended["rule_hash"]))
    assert again == amended
    fee = ("--set", "HT_PRICE=1000000", "--json", "--in-force")
    paid = CliRunner().invoke(app, ["fee", "YHS", *fee])
    assert paid.exit_code == 0, paid.output
    assert json.loads(paid.stdout)["rule_hash"] == amended["rule_hash"]
    both = run("explain", "JYD", "--in-force", "--rules", "current")
    assert both.exit_code == 2
