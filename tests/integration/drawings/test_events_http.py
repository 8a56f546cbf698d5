"""Live events over HTTP: two reviewers, a broken line taken up again, nobody who may not look on."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
import uuid

import httpx2
import pytest
import uvicorn
from sqlalchemy import select

from drawings import service
from project_box import service as box
from project_box.accounts import actor_of
from project_box.models import User
from tests.unit.drawings import build
from web.app import create_app

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(database):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(database), host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/api/v1"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def review(database) -> uuid.UUID:
    with database.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        project = box.create_project(
            session,
            people["developer"],
            code=f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}",
            name="实时联审",
        )
        revision = service.submit_revision(
            session, people["developer"], project.id, [("总平图.dxf", build.data(build.site_plan()))]
        )
        box.grant(
            session, project.id, role=None, organisation_id=people["handler"].organisation_id, reason="test"
        )
        opened = service.open_review(
            session, people["handler"], uuid.uuid4(), project.id, revision.id, ["planning", "fire"]
        )
        return opened.id


def headers(address: str, username: str) -> dict[str, str]:
    signed = httpx2.post(f"{address}/session", json={"username": username, "password": f"demo-{username}"})
    return {"authorization": f"Bearer {signed.json()['token']}"}


def listen(address, review, who, out: queue.Queue, **more: str) -> None:
    """Put the events of a stream into ``out`` until five have come or the stream ends."""
    wanted = {**headers(address, who), "accept": "text/event-stream", **more}
    with (
        httpx2.Client(timeout=30) as client,
        client.stream("GET", f"{address}/joint-reviews/{review}/events?file=1", headers=wanted) as stream,
    ):
        out.put(stream.status_code)
        for line in stream.iter_lines():
            if line.startswith("data: "):
                out.put(json.loads(line.removeprefix("data: ")))


def mark(address, review, who: str, text: str) -> dict[str, object]:
    body = {"kind": "point", "at": [build.X + 30, build.Y + 25], "text": text}
    answer = httpx2.post(f"{address}/joint-reviews/{review}/marks", json=body, headers=headers(address, who))
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_two_reviewers_see_each_other_and_lose_nothing(address, review) -> None:
    seen: queue.Queue = queue.Queue()
    threading.Thread(target=listen, args=(address, review, "planner", seen), daemon=True).start()
    assert seen.get(timeout=20) == 200
    placed = mark(address, review, "fire", "消防车道净宽不足")
    first = seen.get(timeout=15)
    assert (first["kind"], first["subject"]) == ("mark_added", placed["id"])
    mark(address, review, "planner", "退让不足")
    second = seen.get(timeout=15)
    assert second["id"] > first["id"]
    # a line taken up again starts after what was seen
    again: queue.Queue = queue.Queue()
    more = {"last-event-id": str(first["id"])}
    threading.Thread(
        target=listen, args=(address, review, "planner", again), kwargs=more, daemon=True
    ).start()
    assert again.get(timeout=20) == 200
    assert again.get(timeout=15)["id"] == second["id"]
    # the same for programs that only ask
    asked = httpx2.get(
        f"{address}/joint-reviews/{review}/events?after={first['id']}", headers=headers(address, "fire")
    ).json()
    assert [e["id"] for e in asked["events"]] == [second["id"]] and asked["last"] == second["id"]
    assert [(o["discipline"], o["files"]) for o in asked["others"]] == [("规划", [1])], (
        "who has a line looks on"
    )


def test_both_texts_come_back_when_two_save_one_mark(address, review) -> None:
    placed = mark(address, review, "fire", "原文")
    own = headers(address, "fire")
    one = httpx2.patch(f"{address}/marks/{placed['id']}", json={"version": 1, "text": "甲"}, headers=own)
    two = httpx2.patch(f"{address}/marks/{placed['id']}", json={"version": 1, "text": "乙"}, headers=own)
    assert (one.status_code, two.status_code) == (200, 409)
    details = two.json()["error"]["details"]
    assert (details["theirs"]["text"], details["yours"]["text"]) == ("甲", "乙")


def test_only_those_who_may_see_the_project_look_on(address, review) -> None:
    path = f"{address}/joint-reviews/{review}/events"
    assert httpx2.get(path).status_code == 401
    assert httpx2.get(path, headers=headers(address, "developer2")).status_code == 404
    plain = {**headers(address, "developer2"), "accept": "text/event-stream"}
    assert httpx2.get(path, headers=plain).status_code == 404
