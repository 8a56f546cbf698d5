"""A demo person who signs in and sends requests as a browser or a program would."""

from __future__ import annotations

from typing import Any

import httpx2
from fastapi.testclient import TestClient

from project_box.kernel.errors import PlatformError

API = "/api/v1"


class DemoFailed(PlatformError):
    """A step of the walk got an answer it did not expect."""

    code = "demo_failed"


class Person:
    """One signed-in demo person talking to the API."""

    def __init__(self, client: TestClient | httpx2.Client, username: str) -> None:
        self.client = client
        self.username = username
        answer = client.post(f"{API}/session", json={"username": username, "password": f"demo-{username}"})
        if answer.status_code != 200:
            raise DemoFailed(
                f"演示账号 {username} 不能登录",
                f"{username} cannot sign in: {answer.status_code}",
                remedy="演示需要内置演示库里的演示账号；请去掉 PROJECT_BOX_DATABASE_URL，或先写入演示数据",
                remedy_en="the demo needs the demo accounts: unset PROJECT_BOX_DATABASE_URL, or seed the demo data",
            )
        self.headers = {"authorization": f"Bearer {answer.json()['token']}"}

    def send(self, method: str, path: str, *, expect: int | None = None, **body: Any) -> Any:
        """One request; a status other than expected (default 2xx) ends the walk with the server's words."""
        answer = self.client.request(method, API + path, headers=self.headers, **body)
        fine = answer.status_code == expect if expect else answer.is_success
        if not fine:
            try:
                error = answer.json()["error"]
                words = f"{error['code']}: {error['message']} {error.get('details') or ''}"
            except (ValueError, KeyError, TypeError):
                words = answer.text[:300]
            raise DemoFailed(
                f"{self.username}:{method} {path} 返回 {answer.status_code}：{words}",
                f"{self.username}: {method} {path} answered {answer.status_code}: {words}",
            )
        return answer

    def get(self, path: str) -> Any:
        """JSON of a GET."""
        return self.send("GET", path).json()

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        """JSON of a POST."""
        return (self.send("POST", path, **extra) if extra else self.send("POST", path, json=body)).json()
