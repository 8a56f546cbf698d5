"""The sample city in a database of its own, people who talk to the API, and one walk of the demo."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from project_box.kernel.db import Database
from tests.conftest import TEST_VAR, fresh_city

SAMPLES = TEST_VAR / "sample"


@pytest.fixture(scope="session")
def city() -> Iterator[Database]:
    """A sample city of the acceptance tests' own, made once."""
    with fresh_city() as opened:
        yield opened


@pytest.fixture(scope="session")
def app(city: Database) -> Any:
    """The application on the sample city."""
    from web.app import create_app

    return create_app(city)


@pytest.fixture
def web(app: Any) -> Iterator[TestClient]:
    """A client without any session."""
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


class Caller:
    """A signed-in person and their client."""

    def __init__(self, client: TestClient, username: str) -> None:
        answer = client.post("/api/v1/session", json={"username": username, "password": f"demo-{username}"})
        assert answer.status_code == 200, answer.text
        self.client = client
        self.headers = {"authorization": f"Bearer {answer.json()['token']}"}

    def __call__(self, method: str, path: str, **body: Any) -> Any:
        return self.client.request(method, f"/api/v1{path}", headers=self.headers, **body)

    def done(self, method: str, path: str, **body: Any) -> Any:
        """JSON of an answer that must be fine."""
        answer = self(method, path, **body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json()


@pytest.fixture
def sign(web: TestClient) -> Callable[[str], Caller]:
    """``sign("developer")``: that person, signed in."""
    known: dict[str, Caller] = {}

    def caller(username: str) -> Caller:
        if username not in known:
            known[username] = Caller(web, username)
        return known[username]

    return caller


@pytest.fixture
def project(sign: Callable[[str], Caller]) -> str:
    """Id of a new project of the demo developer."""
    return new_project(sign("developer"))


def new_project(caller: Caller, name: str = "验收测试项目") -> str:
    """Open a project with a code nobody has."""
    for _ in range(20):
        code = f"2611-439901-04-01-{secrets.randbelow(10**6):06d}"
        answer = caller("POST", "/projects", json={"code": code, "name": name, "location": "样例新区"})
        if answer.status_code == 201:
            found: str = answer.json()["id"]
            return found
    raise AssertionError(answer.text)


def sample(key: str) -> Path:
    """Folder of a sample project."""
    return next(p for p in SAMPLES.iterdir() if p.name.startswith(f"{key}-"))


def boundary_of(key: str) -> tuple[str, bytes]:
    """Name and bytes of a sample project's boundary file."""
    path = next(sample(key).glob("*.txt"))
    return path.name, path.read_bytes()


def drawings_of(key: str) -> list[tuple[str, tuple[str, bytes, str]]]:
    """A sample project's drawings, as multipart ``files``."""
    return [("files", (p.name, p.read_bytes(), "application/dxf")) for p in sorted(sample(key).glob("*.dxf"))]


#: tables whose rows may come and go with any request
_PASSING = ("user_session", "session", "login", "alembic_version", "procrastinate")


def stored(database: Database) -> dict[str, int]:
    """Rows in every table of the platform: what a refused request must leave as it was."""
    with database.transaction() as session:
        tables = session.execute(
            text(
                "select schemaname || '.' || tablename from pg_tables where schemaname in "
                "('box', 'gis', 'drawings', 'elements', 'intermediaries', 'approval')"
            )
        ).scalars()
        names = [t for t in tables if not any(p in t for p in _PASSING)]
        return {n: int(session.execute(text(f"select count(*) from {n}")).scalar_one()) for n in names}


@pytest.fixture(scope="session")
def demo_report(city: Database) -> dict[str, Any]:
    """One run of the demo; its JSON as ``project-box demo --json`` prints it."""
    from project_box.kernel.plain import to_plain
    from web import demo

    steps: list[tuple[str, str, str]] = []
    report: dict[str, Any] = json.loads(
        json.dumps(to_plain(demo.run(city, tell=lambda *step: steps.append(step))), allow_nan=False)
    )
    report["steps"] = steps
    return report


@pytest.fixture(params=["A", "B", "C"])
def pair(
    request: pytest.FixtureRequest, demo_report: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the chain gave, what must come out) for each sample project."""
    index = ["A", "B", "C"].index(request.param)
    expected = json.loads((sample(request.param) / "expected.json").read_text(encoding="utf-8"))
    return demo_report["projects"][index], expected
