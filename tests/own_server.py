"""A server in a process of its own, for clients that would stop this one: GDAL keeps the interpreter while it waits."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]
#: a server that has not answered after so many seconds will not
_PATIENCE = 300


@contextlib.contextmanager
def own_server(database_url: str) -> Iterator[str]:
    """A server on a free port of the loopback; gives its address, and ends it afterwards.

    Raises:
        RuntimeError: it ended, or did not listen in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "web.app:create_app", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--log-level", "warning"],
        env={**os.environ, "PROJECT_BOX_DATABASE_URL": database_url},
        cwd=_REPOSITORY,
    )
    try:
        _wait(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    last = time.monotonic() + _PATIENCE
    while time.monotonic() < last:
        if server.poll() is not None:
            raise RuntimeError("the server ended")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not listen")
