"""``project-box serve``, ``worker`` and ``db``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from project_box.kernel import embedded
from project_box.kernel.db import Database
from project_box.kernel.errors import PlatformError
from project_box.kernel.jobs import QUEUE
from project_box.kernel.settings import Settings, get_settings
from web.cli_support import UNUSABLE, database, emit_json, explained, fail, out, table


def _instance(settings: Settings) -> str:
    """Which installation this is: the folder it writes to."""
    return str(settings.var_dir.resolve())


def _answers(address: str, settings: Settings) -> bool:
    """True if this very installation already answers there."""
    try:
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=2) as answer:
            return bool(json.load(answer).get("instance") == _instance(settings))
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _port(settings: Settings) -> int:
    """The configured port, or the next free one when another program sits there and none was asked for."""
    if _free(settings.host, settings.port):
        return settings.port
    if "PROJECT_BOX_PORT" in os.environ:
        raise PlatformError(
            f"端口 {settings.port} 已被占用",
            f"port {settings.port} is taken",
            code="port_taken",
            remedy="停止占用该端口的程序，或用 PROJECT_BOX_PORT 指定别的端口",
            remedy_en="stop the program that uses the port, or name another by PROJECT_BOX_PORT",
        )
    for port in range(settings.port + 1, settings.port + 50):
        if _free(settings.host, port):
            return port
    raise PlatformError(
        "没有可用端口",
        "no free port",
        code="port_taken",
        remedy="用 PROJECT_BOX_PORT 指定端口",
        remedy_en="name a port by PROJECT_BOX_PORT",
    )


def _greet(address: str, settings: Settings) -> None:
    from web.seed.people import PEOPLE

    out.print(Panel.fit(f"[bold]项目盒 Project Box[/bold]\n{address}", border_style="blue"))
    if settings.demo:
        table(
            "演示账号 demo accounts (只用于内置演示库 embedded demo database only)",
            ["用户名 user", "密码 password", "姓名", "身份 role", "单位"],
            [
                (p.username, p.password, p.name, "、".join(r.zh for r in p.roles), p.organisation)
                for p in PEOPLE
            ],
        )
    out.print("按 Ctrl+C 停止 (press Ctrl+C to stop)")
    out.file.flush()  # whoever reads through a pipe wants the address now


def _serve_until_stopped(opened: Database, settings: Settings, port: int) -> None:
    import uvicorn

    from elements.rulesets.ruleset_service import register_shipped
    from web.app import create_app

    with opened.transaction() as session:
        register_shipped(session)
    environment = {**os.environ, "PROJECT_BOX_PORT": str(port)}
    worker = subprocess.Popen([sys.executable, "-m", "web.cli", "worker"], env=environment)
    record = settings.var_dir / "serve.json"
    address = f"http://{settings.host}:{port}"
    record.write_text(json.dumps({"address": address, "pid": os.getpid(), "worker": worker.pid}))
    try:
        app = create_app(opened)
        _greet(address, settings)
        # the web server raises the signal that stopped it once more: unheard, it would leave the worker running alone
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.run(app, host=settings.host, port=port, log_level="warning", timeout_graceful_shutdown=5)
    finally:
        record.unlink(missing_ok=True)
        worker.send_signal(signal.SIGINT)
        try:
            worker.wait(5)  # what takes longer is taken up by the next worker
        except subprocess.TimeoutExpired:
            worker.kill()


def serve() -> None:
    """Start the platform: database, tables, sample city (embedded demo database only), web server and worker.

    Calling it again while it runs only prints the address.
    """
    settings = get_settings()
    record: Path = settings.var_dir / "serve.json"
    if record.exists():
        address = json.loads(record.read_text()).get("address", "")
        if address and _answers(address, settings):
            out.print(f"已在运行 already running: {address}")
            return
    with explained(as_json=False):
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        port = _port(settings)
        os.environ["PROJECT_BOX_PORT"] = str(port)
        get_settings.cache_clear()
        settings = get_settings()
        with database() as opened:
            if settings.demo:
                from web.seed import seed

                with out.status("样例新区 sample city …") as status:
                    seed(
                        opened,
                        settings.var_dir,
                        lambda step, of, what: status.update(f"样例新区 sample city {step}/{of}: {what}"),
                    )
            _serve_until_stopped(opened, settings, port)


def worker() -> None:
    """Run queued jobs and regular housekeeping until stopped; start as many as you like, on any machine."""
    from web.worker import build

    with explained(as_json=False), database() as opened:
        build(opened).run_worker(queues=[QUEUE], wait=True, install_signal_handlers=True, concurrency=2)


def db(
    action: Annotated[str, typer.Argument(help="upgrade | status | stop")] = "status",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Look after the database: bring tables up to date, show its state, stop the embedded server."""
    from web.migrate import current, upgrade

    settings = get_settings()
    with explained(as_json=as_json):
        if action == "stop":
            if not settings.demo:
                raise PlatformError(
                    "使用外部数据库，不由本命令停止", "not the embedded database", code="not_embedded"
                )
            stopped = embedded.stop(settings.var_dir)
            emit_json({"stopped": stopped}) if as_json else out.print("已停止" if stopped else "没有在运行")
        elif action in ("upgrade", "status"):
            with database() as opened:
                upgrade(opened)
                with opened.engine.connect() as connection:
                    facts = {
                        "embedded": settings.demo,
                        "revision": current(connection),
                        "postgis": connection.exec_driver_sql("SELECT postgis_version()").scalar(),
                        "server": connection.exec_driver_sql("SHOW server_version").scalar(),
                    }
            emit_json(facts) if as_json else table("数据库", ["项", "值"], list(facts.items()))
        else:
            fail(
                PlatformError(
                    f"没有这个操作：{action}",
                    f"unknown action {action}",
                    remedy="可用 upgrade、status、stop",
                    remedy_en="there are upgrade, status and stop",
                ),
                as_json=as_json,
                code=UNUSABLE,
            )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(db)
