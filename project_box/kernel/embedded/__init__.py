"""The embedded database: a private PostgreSQL + PostGIS cluster that belongs to one checkout.

It needs Debian's (or Ubuntu's) PostgreSQL and PostGIS packages and nothing else: no system service, no
port, no password. The cluster listens on a unix socket only, in a folder that nobody but its owner can
enter, so that folder is the access control.

Words
-----
home        ``<var_dir>/pg``, where the record of the cluster lies (``cluster.json``) and, wherever possible,
            all of it.
place       the folder that really holds ``data`` and ``log``: the home, or ``/var/lib/project-box/<id>`` when
            we are root and the ``postgres`` user cannot reach the home (PostgreSQL refuses to run as root).
socket_dir  the folder of the unix socket: inside the place, or a short one under the temporary folder,
            because the path of a unix socket is at most 107 bytes long.
owner       the account the server runs as: ``postgres`` when we are root, otherwise ourselves.

Everything here is safe when two processes call it at once (a file lock beside the home), and a database
that this module has not created is never dropped.

By hand: ``python -m project_box.kernel.embedded start|stop|status|url|destroy [--var-dir DIR]``.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from project_box.kernel.embedded.cluster import DATABASE, PORT, EmbeddedDatabaseError, explained
from project_box.kernel.embedded.databases import complete_database, create_database, drop_database
from project_box.kernel.embedded.place import (
    SOCKET_PATH_LIMIT,
    SYSTEM_PLACE,
    home,
    locate,
    locked,
    moved,
    record,
    recorded,
)
from project_box.kernel.embedded.server import answers, initialise, server_pid, start_server, stop_server

__all__ = [
    "DATABASE",
    "PORT",
    "SOCKET_PATH_LIMIT",
    "SYSTEM_PLACE",
    "EmbeddedDatabaseError",
    "Status",
    "create_database",
    "destroy",
    "drop_database",
    "ensure_running",
    "status",
    "stop",
]


@dataclass(frozen=True)
class Status:
    """What is known about the cluster of a ``var_dir``.

    Attributes:
        exists: whether a cluster was made.
        running: whether its server is up.
        pid: process id of the server, if it is up.
        url: SQLAlchemy URL of the platform's database, if there is a cluster.
        data_dir, log_file: where they lie, if there is a cluster.
    """

    exists: bool
    running: bool
    pid: int | None = None
    url: str | None = None
    data_dir: Path | None = None
    log_file: Path | None = None


def ensure_running(var_dir: Path) -> str:
    """Make, start and prepare the cluster of ``var_dir``, doing only what is missing.

    Returns:
        SQLAlchemy URL (``postgresql+psycopg2://…``) of the database ``project_box``, with PostGIS in it.

    Raises:
        EmbeddedDatabaseError: PostgreSQL or PostGIS is not installed, or the server does not start.
    """
    var_dir = var_dir.resolve()
    with locked(var_dir):
        cluster = locate(var_dir)
        if not cluster.data_dir.is_dir():
            initialise(cluster)
        if server_pid(cluster) is None or not answers(cluster):
            start_server(cluster)
        url = cluster.url
        complete_database(cluster.url_of("postgres"), DATABASE, template=None, exist_ok=True)
        return url


def stop(var_dir: Path) -> bool:
    """Stop the server of ``var_dir``; open sessions are ended. Returns whether it was running."""
    var_dir = var_dir.resolve()
    if not record(var_dir).is_file():
        return False
    with locked(var_dir):
        cluster = locate(var_dir)
        if server_pid(cluster) is None:
            return False
        stop_server(cluster)
        return True


def status(var_dir: Path) -> Status:
    """Tell whether ``var_dir`` has a cluster and whether its server is up, changing nothing."""
    cluster = recorded(var_dir.resolve())
    if cluster is None or not cluster.data_dir.is_dir():
        return Status(exists=False, running=False)
    pid = server_pid(cluster)
    return Status(True, pid is not None, pid, cluster.url, cluster.data_dir, cluster.log_file)


def destroy(var_dir: Path) -> bool:
    """Stop the server and delete the cluster with everything in it. Returns whether there was one."""
    var_dir = var_dir.resolve()
    if not record(var_dir).is_file():
        return False
    with locked(var_dir):
        cluster = recorded(var_dir) or moved(var_dir)
        if cluster is not None:
            if server_pid(cluster) is not None:
                stop_server(cluster)
            if cluster.socket_dir:
                shutil.rmtree(cluster.socket_dir, ignore_errors=True)
            shutil.rmtree(cluster.place, ignore_errors=True)
            with suppress(OSError):  # it is not there, or other clusters are in it
                SYSTEM_PLACE.rmdir()
        with explained(f"{home(var_dir)} 无法删除", f"{home(var_dir)} cannot be deleted"):
            if home(var_dir).exists():
                shutil.rmtree(home(var_dir))
    return True
