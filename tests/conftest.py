"""Fixtures: a real PostgreSQL + PostGIS, the demo people, a client on the application."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
#: data of this run, with a database server of its own for each worker of pytest-xdist (gw0, gw1, …)
TEST_VAR = Path(os.environ.get("PROJECT_BOX_TEST_VAR", REPOSITORY / "var" / "test")) / os.environ.get(
    "PYTEST_XDIST_WORKER", ""
)
os.environ["PROJECT_BOX_VAR_DIR"] = str(TEST_VAR)
os.environ.pop("PROJECT_BOX_STORAGE_URL", None)

from fastapi.testclient import TestClient  # noqa: E402 - settings are read from the environment set above
from sqlalchemy.orm import Session  # noqa: E402 - settings are read from the environment set above

from project_box.kernel import embedded  # noqa: E402 - settings are read from the environment set above
from project_box.kernel.db import Database  # noqa: E402 - settings are read from the environment set above
from project_box.kernel.identity import Actor  # noqa: E402 - settings are read from the environment set above

#: real drawings, boundaries and layers that lie beside a developer's checkout (not part of the project)
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; tests that need it are skipped where it is not there."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real test data (../shared/data) is not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A fresh database for this run on a real server: PROJECT_BOX_TEST_DATABASE_URL, or the embedded cluster."""
    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(TEST_VAR)
    name = f"test_{secrets.token_hex(6)}"
    url = embedded.create_database(server, name)
    opened = Database(url)
    try:
        from web.migrate import upgrade

        upgrade(opened)
        with opened.transaction() as session:
            from web.seed.people import seed_people

            seed_people(session)
            from elements.rulesets.ruleset_service import in_force

            in_force(session)  # stores the catalogue that came with the platform, once for all tests
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@contextmanager
def fresh_city() -> Iterator[Database]:
    """A fresh database with people, agencies and the whole sample city; dropped afterwards."""
    from web.migrate import upgrade
    from web.seed import seed

    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(TEST_VAR)
    name = f"test_city_{secrets.token_hex(6)}"
    opened = Database(embedded.create_database(server, name))
    try:
        upgrade(opened)
        seed(opened, TEST_VAR)
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@pytest.fixture(scope="session")
def city() -> Iterator[Database]:
    """The sample city, made once for all browser journeys."""
    with fresh_city() as opened:
        yield opened


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session whose work is rolled back after the test."""
    connection = database.engine.connect()
    outer = connection.begin()
    with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as opened:
        yield opened
    outer.rollback()
    connection.close()


@pytest.fixture
def actors(session: Session) -> dict[str, Actor]:
    """The demo people by username."""
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    return {u.username: actor_of(u) for u in session.scalars(select(User))}


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    """A client on the application (redirects are not followed)."""
    from web.app import create_app

    with TestClient(create_app(database), follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def sign_in() -> Callable[[TestClient, str], dict[str, str]]:
    """``sign_in(client, username)`` gives the headers of that person's API session."""

    def headers(client: TestClient, username: str) -> dict[str, str]:
        answer = client.post("/api/v1/session", json={"username": username, "password": f"demo-{username}"})
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}

    return headers
