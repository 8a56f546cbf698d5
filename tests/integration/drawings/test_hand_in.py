"""A large set of drawings is kept by the request and read by the worker."""

from __future__ import annotations

import time
import uuid

import pytest

from drawings import service
from project_box import service as box
from project_box.kernel.jobs import QUEUE
from project_box.kernel.settings import get_settings
from tests.unit.drawings import build
from web.worker import build as worker


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(get_settings(), "background_bytes", 10)


@pytest.fixture
def project(client, sign_in):
    headers = sign_in(client, "developer")
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    made = client.post("/api/v1/projects", headers=headers, json={"code": code, "name": "大图"})
    assert made.status_code == 201, made.text
    return made.json()["id"], headers


def read_queue(database) -> None:
    with worker(database).open() as app:
        app.run_worker(queues=[QUEUE], wait=False, install_signal_handlers=False)


def hand_in(client, project, name, data):
    project_id, headers = project
    return client.post(
        f"/api/v1/projects/{project_id}/drawings", headers=headers, files=[("files", (name, data))]
    )


def test_a_large_drawing_becomes_a_revision(database, client, project, everything_is_large) -> None:
    project_id, headers = project
    answer = hand_in(client, project, "大-总平图.dxf", build.data(build.site_plan()))
    assert answer.status_code == 202
    status = answer.json()["status"]
    assert answer.headers["location"] == status
    assert client.get(status, headers=headers).json()["state"] == "waiting"
    assert client.get(f"/api/v1/projects/{project_id}/drawings", headers=headers).json()["revision"] is None
    read_queue(database)
    found = client.get(status, headers=headers).json()
    assert (found["state"], found["done"]) == ("done", 1)
    shown = client.get(f"/api/v1/projects/{project_id}/drawings", headers=headers).json()
    assert shown["revision"] == 1
    assert shown["revision_id"] == found["revision_id"]


def test_an_unreadable_one_is_told_and_nothing_is_kept(
    database, client, project, everything_is_large
) -> None:
    project_id, headers = project
    status = hand_in(client, project, "坏图.dxf", b"0\nSECTION\n2\nnonsense\n").json()["status"]
    read_queue(database)
    found = client.get(status, headers=headers).json()
    assert found["state"] == "failed"
    assert found["error"]["code"] == "drawing_unreadable"
    assert found["error"]["details"]["issues"]
    assert client.get(f"/api/v1/projects/{project_id}/drawings", headers=headers).json()["revision"] is None


def test_others_see_nothing(client, project, sign_in, everything_is_large) -> None:
    status = hand_in(client, project, "大-总平图.dxf", build.data(build.site_plan())).json()["status"]
    assert client.get(status, headers=sign_in(client, "developer2")).status_code == 404


def test_small_ones_are_read_at_once(client, project) -> None:
    began = time.monotonic()
    answer = hand_in(client, project, "小-总平图.dxf", build.data(build.site_plan()))
    assert answer.status_code == 201, answer.text
    assert time.monotonic() - began < 60


def test_a_job_exists_only_if_the_transaction_commits(session, actors, everything_is_large) -> None:
    """The row and the job go together: here both are seen inside the transaction that will be rolled back."""
    import io

    from sqlalchemy import text

    from drawings.hand_in_service import keep_hand_in

    project = box.create_project(
        session, actors["developer"], code=f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}", name="大图"
    )
    row = keep_hand_in(session, actors["developer"], project.id, [("a.dxf", io.BytesIO(b"x"))])
    jobs = session.execute(text("SELECT args->>'hand_in' FROM procrastinate_jobs")).scalars().all()
    assert str(row.id) in jobs
    assert service.current_revision(session, actors["developer"], project.id) is None
