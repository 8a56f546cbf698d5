"""A real server on a real database, and Chromium to use it with."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import REPOSITORY
from web.app import create_app

SCREENSHOTS = REPOSITORY / "var" / "screenshots"
_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def server(city) -> Iterator[str]:
    """The platform answering on a free loopback port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(create_app(city), host="127.0.0.1", port=port, log_level="warning")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium (or the one PROJECT_BOX_CHROMIUM names)."""
    path = os.environ.get("PROJECT_BOX_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "no Chromium: run deploy/setup.sh test, or set PROJECT_BOX_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM)
        yield browser
        browser.close()


class Person:
    """Somebody at their own browser window; every page they open must be free of script errors."""

    def __init__(self, context: BrowserContext, server: str, username: str) -> None:
        self.context, self.server, self.username = context, server, username
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.page.url}: {error}"))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def sign_in(self) -> None:
        """By the form, as everybody does."""
        self.open("/login")
        self.page.fill("#username", self.username)
        self.page.fill("#password", f"demo-{self.username}")
        self.page.click("main button.primary")
        self.page.wait_for_url(f"{self.server}/")

    def open(self, path: str) -> None:
        """Go to a page of the platform."""
        answer = self.page.goto(self.server + path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}: {self.page.inner_text('main')[:400]}"

    def shoot(self, name: str) -> None:
        """Keep screenshots at a desk's and a phone's width; neither may need sideways scrolling."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for width, height in ((1280, 900), (390, 844)):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(250)
            overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            self.page.screenshot(
                path=SCREENSHOTS / f"{name}-{width}.png", full_page=True, timeout=60_000
            )  # a map takes long to be painted on a busy machine; nothing is judged by it
            assert overflow <= 1, f"{name} is {overflow}px wider than a {width}px screen"
        self.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def person(chromium: Browser, server: str) -> Iterator[Callable[[str], Person]]:
    """``person(username)`` signs somebody in at a browser window of their own."""
    everybody: list[Person] = []

    def arrive(username: str) -> Person:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
        context.set_default_timeout(20_000)
        somebody = Person(context, server, username)
        somebody.sign_in()
        everybody.append(somebody)
        return somebody

    yield arrive
    errors = [error for somebody in everybody for error in somebody.errors]
    for somebody in everybody:
        somebody.context.close()
    assert not errors, errors
