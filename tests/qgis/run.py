"""`make test-qgis`: the sample city behind a server of its own, and QGIS without a screen as its client."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from gis import sld  # noqa: E402 - after the path is set
from gis.layer import layer_catalogue  # noqa: E402 - as above
from tests.conftest import TEST_VAR, fresh_city  # noqa: E402 - as above

LAYER = "KG_DK"


def main() -> int:
    """Serve, let QGIS read, render; ends with QGIS's own result."""
    folder = TEST_VAR / "qgis"
    folder.mkdir(parents=True, exist_ok=True)
    style = folder / f"{LAYER}.sld"
    style.write_bytes(sld.document(layer_catalogue().get(LAYER), "1.1.0"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with fresh_city() as database:
        command = [sys.executable, "-m", "uvicorn", "--factory", "web.app:create_app", "--port", str(port)]
        server = subprocess.Popen(
            [*command, "--log-level", "warning"],
            env={**os.environ, "PROJECT_BOX_DATABASE_URL": database.url},
            cwd=REPOSITORY,
        )
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            done = subprocess.run(
                ["/usr/bin/python3", REPOSITORY / "tests" / "qgis" / "render.py", f"http://127.0.0.1:{port}", LAYER,
                 style, "developer", "demo-developer", folder / "map.png"],
                env={**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}, timeout=300, check=False,
            )  # fmt: skip
        finally:
            server.terminate()
            server.wait(20)
    print("QGIS read, styled and drew the layers" if done.returncode == 0 else "QGIS could not do all of it")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
