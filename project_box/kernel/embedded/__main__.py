"""The embedded database by hand."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from project_box.kernel.embedded import EmbeddedDatabaseError, destroy, ensure_running, status, stop


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m project_box.kernel.embedded start|stop|status|url|destroy``; exit code 3: not running."""
    parser = argparse.ArgumentParser(
        prog="python -m project_box.kernel.embedded", description="embedded database"
    )
    parser.add_argument("command", choices=["start", "stop", "status", "url", "destroy"])
    parser.add_argument("--var-dir", type=Path, help="default: PROJECT_BOX_VAR_DIR, or var/ of this checkout")
    options = parser.parse_args(arguments)
    var_dir: Path = options.var_dir or Path(
        os.environ.get("PROJECT_BOX_VAR_DIR") or Path(__file__).resolve().parents[3] / "var"
    )
    try:
        return _command(options.command, var_dir)
    except EmbeddedDatabaseError as error:
        print(error.en, file=sys.stderr)
        return 1


def _command(command: str, var_dir: Path) -> int:
    if command in ("start", "url"):
        print(ensure_running(var_dir))
    elif command == "stop":
        print("stopped" if stop(var_dir) else "not running")
    elif command == "destroy":
        print("deleted" if destroy(var_dir) else "nothing to delete")
    else:
        now = status(var_dir)
        if not now.running:
            print("not running" if now.exists else "no cluster yet")
            return 3
        print(f"running, pid {now.pid}\ndata {now.data_dir}\nlog  {now.log_file}\nurl  {now.url}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
