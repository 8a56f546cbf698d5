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

import argparse
import fcntl
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from sqlalchemy.engine import make_url

from project_box.kernel.errors import PlatformError

#: database, and superuser of the private cluster
DATABASE = "project_box"
USER = "project_box"
#: account the server runs as when we are root
SERVER_ACCOUNT = "postgres"
#: the file name of the socket carries a port number; nothing listens on it
PORT = 5432
#: where clusters go that cannot lie under ``var_dir``
SYSTEM_PLACE = Path("/var/lib/project-box")
#: longest path of a unix socket, in bytes, without the closing NUL
SOCKET_PATH_LIMIT = 107
PACKAGES = ("postgresql-15", "postgresql-15-postgis-3")

#: where Debian and Ubuntu keep PostgreSQL's programs, by version
_INSTALLATIONS = Path("/usr/lib/postgresql")
#: seconds; crash recovery of a large write-ahead log may take its time
_START_TIMEOUT = 300
_STOP_TIMEOUT = 120
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_MARK = "created by project-box"
_CONFIGURATION = {
    "listen_addresses": "''",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "2",
    # compiling queries costs more than it brings on the short queries of a web page
    "jit": "off",
    "fsync": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] %d '",
}


class EmbeddedDatabaseError(PlatformError):
    """The embedded database cannot be made or started (503)."""

    status = 503
    code = "embedded_database"


@dataclass(frozen=True)
class Cluster:
    """Where one cluster lies. It is recorded in ``<var_dir>/pg/cluster.json``.

    Attributes:
        var_dir: the ``var_dir`` the cluster was made for.
        cluster_id: random name, so that a copied or re-made ``var_dir`` never takes another one's cluster.
        place: folder of ``data`` and ``log``.
        socket_dir: folder of the unix socket.
    """

    var_dir: str
    cluster_id: str
    place: str
    socket_dir: str

    @property
    def data_dir(self) -> Path:
        """PostgreSQL's data directory."""
        return Path(self.place, "data")

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return Path(self.place, "log", "postgresql.log")

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the platform's database in this cluster."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """SQLAlchemy URL of one database of this cluster."""
        return f"postgresql+psycopg2://{USER}@/{database}?host={quote(self.socket_dir)}&port={PORT}"


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


# --------------------------------------------------------------------------------
# use


def ensure_running(var_dir: Path) -> str:
    """Make, start and prepare the cluster of ``var_dir``, doing only what is missing.

    Returns:
        SQLAlchemy URL (``postgresql+psycopg2://…``) of the database ``project_box``, with PostGIS in it.

    Raises:
        EmbeddedDatabaseError: PostgreSQL or PostGIS is not installed, or the server does not start.
    """
    var_dir = var_dir.resolve()
    with _locked(var_dir):
        cluster = _locate(var_dir)
        if not cluster.data_dir.is_dir():
            _initialise(cluster)
        if _server_pid(cluster) is None or not _answers(cluster):
            _start(cluster)
        url = cluster.url
        _create_database(cluster.url_of("postgres"), DATABASE, template=None, exist_ok=True)
        return url


def stop(var_dir: Path) -> bool:
    """Stop the server of ``var_dir``; open sessions are ended. Returns whether it was running."""
    var_dir = var_dir.resolve()
    if not _record(var_dir).is_file():
        return False
    with _locked(var_dir):
        cluster = _locate(var_dir)
        if _server_pid(cluster) is None:
            return False
        _stop(cluster)
        return True


def status(var_dir: Path) -> Status:
    """Tell whether ``var_dir`` has a cluster and whether its server is up, changing nothing."""
    cluster = _recorded(var_dir.resolve())
    if cluster is None or not cluster.data_dir.is_dir():
        return Status(exists=False, running=False)
    pid = _server_pid(cluster)
    return Status(True, pid is not None, pid, cluster.url, cluster.data_dir, cluster.log_file)


def destroy(var_dir: Path) -> bool:
    """Stop the server and delete the cluster with everything in it. Returns whether there was one."""
    var_dir = var_dir.resolve()
    if not _record(var_dir).is_file():
        return False
    with _locked(var_dir):
        cluster = _recorded(var_dir) or _moved(var_dir)
        if cluster is not None:
            if _server_pid(cluster) is not None:
                _stop(cluster)
            if cluster.socket_dir:
                shutil.rmtree(cluster.socket_dir, ignore_errors=True)
            shutil.rmtree(cluster.place, ignore_errors=True)
            with suppress(OSError):  # it is not there, or other clusters are in it
                SYSTEM_PLACE.rmdir()
        with _explained(f"{_home(var_dir)} 无法删除", f"{_home(var_dir)} cannot be deleted"):
            if _home(var_dir).exists():
                shutil.rmtree(_home(var_dir))
    return True


def create_database(url_or_var: str | Path, name: str, *, template: str | None = None) -> str:
    """Create a database with PostGIS in it, for tests say, and return its SQLAlchemy URL.

    Args:
        url_or_var: SQLAlchemy URL of any database of the server (``str``), or the ``var_dir`` of a running
            embedded cluster (``Path``).
        name: name of the new database: lower-case letters, digits and underscores.
        template: database to copy, a migrated one for instance; nobody may be connected to it.

    Raises:
        EmbeddedDatabaseError: the name is not usable or taken, or the server is down.
    """
    server = _server_url(url_or_var)
    _create_database(server, name, template=template, exist_ok=False)
    return _at(server, name)


def drop_database(url_or_var: str | Path, name: str) -> bool:
    """Drop a database made by :func:`create_database`, ending its sessions. Returns whether it was there.

    Raises:
        EmbeddedDatabaseError: this module has not created that database.
    """
    server = _server_url(url_or_var)
    _check_name(name)
    with _session(server) as cursor:
        cursor.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", (name,)
        )
        row = cursor.fetchone()
        if row is None:
            return False
        if row[0] != _MARK or name == DATABASE:
            raise EmbeddedDatabaseError(
                f"数据库 {name} 不是由本平台的 create_database 建立的，拒绝删除。",
                f"database {name} was not created by create_database; refusing to drop it",
            )
        cursor.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    return True


# --------------------------------------------------------------------------------
# where things lie


def _home(var_dir: Path) -> Path:
    return var_dir / "pg"


def _record(var_dir: Path) -> Path:
    return _home(var_dir) / "cluster.json"


def _recorded(var_dir: Path) -> Cluster | None:
    """The recorded cluster, if it is this ``var_dir``'s (and not that of the folder this one was copied from)."""
    try:
        cluster = Cluster(**json.loads(_record(var_dir).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _foreign(var_dir) from error
    except (ValueError, TypeError) as error:
        raise EmbeddedDatabaseError(
            f"{_record(var_dir)} 已损坏。", f"{_record(var_dir)} is damaged: {error}"
        ) from error
    return cluster if cluster.var_dir == str(var_dir) else None


def _locate(var_dir: Path) -> Cluster:
    """The cluster of ``var_dir``: as recorded, or a new record. Call it under the lock."""
    cluster = _recorded(var_dir)
    if cluster is None:
        cluster = _moved(var_dir) or _plan(var_dir)
    owner = _owner()
    with _explained(f"{cluster.place} 无法使用", f"{cluster.place} cannot be used"):
        _private_folder(Path(cluster.place, "log"), owner)
        socket_dir = _socket_dir(cluster, owner)
        if str(socket_dir) != cluster.socket_dir or not _record(var_dir).is_file():
            cluster = Cluster(cluster.var_dir, cluster.cluster_id, cluster.place, str(socket_dir))
        _save(var_dir, cluster)
    return cluster


def _save(var_dir: Path, cluster: Cluster) -> None:
    text = json.dumps(asdict(cluster), ensure_ascii=False, indent=2) + "\n"
    if _record(var_dir).is_file() and _record(var_dir).read_text("utf-8") == text:
        return
    new = _record(var_dir).with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(_record(var_dir))


def _plan(var_dir: Path) -> Cluster:
    """Decide where a new cluster goes."""
    cluster_id = f"{_digest(str(var_dir))}-{secrets.token_hex(4)}"
    home = _home(var_dir)
    with _explained(f"{home} 无法建立", f"{home} cannot be made"):
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)  # whatever the umask: data and socket in it are the owner's alone
    owner = _owner()
    place = home
    if owner is not None and not _reaches(owner, home):
        place = SYSTEM_PLACE / cluster_id
        with _explained(f"{place} 无法建立", f"{place} cannot be made"):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o755)
        if not _reaches(owner, place):
            raise EmbeddedDatabaseError(
                f"系统账户 {owner.pw_name} 无法进入 {home} 和 {place}，内置数据库无处安放。",
                f"the account {owner.pw_name} can enter neither {home} nor {place}",
                remedy=f"对上级目录执行 chmod o+x，例如 chmod o+x {var_dir}。",
                remedy_en=f"run chmod o+x on the folders above it, such as chmod o+x {var_dir}",
            )
    return Cluster(str(var_dir), cluster_id, str(place), "")


def _moved(var_dir: Path) -> Cluster | None:
    """The recorded cluster of a ``var_dir`` that was moved or copied here, as far as it is ours to go on with.

    A cluster inside the folder came along with it. One outside belongs to the folder's old path as long as that
    still names it: then this is a copy and gets a cluster of its own.
    """
    try:
        old = Cluster(**json.loads(_record(var_dir).read_text("utf-8")))
    except FileNotFoundError:
        return None
    if old.place == str(_home(Path(old.var_dir))):
        return Cluster(str(var_dir), old.cluster_id, str(_home(var_dir)), "")
    try:
        still = _recorded(Path(old.var_dir))
    except EmbeddedDatabaseError:
        return None
    if still is not None and still.cluster_id == old.cluster_id:
        return None
    return Cluster(str(var_dir), old.cluster_id, old.place, "")


def _socket_dir(cluster: Cluster, owner: pwd.struct_passwd | None) -> Path:
    """A folder for the socket that is short enough, entered by the owner alone, and made if it is not there."""
    candidates = [Path(cluster.socket_dir)] if cluster.socket_dir else []
    candidates.append(Path(cluster.place, "socket"))
    short = f"project-box-{_digest(cluster.place)}"
    candidates += [Path(parent, short) for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp"))]
    for folder in candidates:
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_LIMIT:
            continue
        try:
            _private_folder(folder, owner)
        except OSError:
            continue
        if owner is None or _reaches(owner, folder):
            return folder
    raise EmbeddedDatabaseError(
        f"找不到可以存放数据库套接字的目录（路径不得超过 {SOCKET_PATH_LIMIT} 字节）。",
        f"no usable folder for the database's socket, whose path may have {SOCKET_PATH_LIMIT} bytes; tried "
        + ", ".join(map(str, candidates)),
        remedy="请设置较短的 TMPDIR，或把项目放到较短的路径下。",
        remedy_en="set a shorter TMPDIR, or put the project under a shorter path",
    )


def _private_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Make ``folder`` the owner's own (mode 0700). One that somebody else has put there is refused."""
    uid = os.geteuid() if owner is None else owner.pw_uid
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
    facts = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or facts.st_uid != uid:
        raise PermissionError(f"{folder} belongs to somebody else")
    if facts.st_mode & 0o777 != 0o700:
        folder.chmod(0o700)


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:12]


def _owner() -> pwd.struct_passwd | None:
    """The account the server runs as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError as error:
        raise _not_installed() from error


def _reaches(owner: pwd.struct_passwd, folder: Path) -> bool:
    """Whether ``owner`` can enter ``folder``, asked of the system itself, so that every kind of permission counts."""
    return _run(["test", "-x", str(folder)], owner, check=False).returncode == 0


def _foreign(var_dir: Path) -> EmbeddedDatabaseError:
    return EmbeddedDatabaseError(
        f"{_home(var_dir)} 属于另一个账户，当前账户无法使用其中的数据库。",
        f"{_home(var_dir)} belongs to another account",
        remedy="请用建立它的账户运行，或用 PROJECT_BOX_VAR_DIR 指定另一个目录。",
        remedy_en="run as the account that made it, or name another folder by PROJECT_BOX_VAR_DIR",
    )


# --------------------------------------------------------------------------------
# the server


def _binaries(cluster: Cluster) -> Path:
    """The folder of ``initdb``, ``pg_ctl`` and ``postgres``: of the data's own version, or the newest with PostGIS."""
    wanted: str | None = None
    with suppress(FileNotFoundError):
        wanted = (cluster.data_dir / "PG_VERSION").read_text("ascii").strip()
    found: dict[int, Path] = {}
    for folder in _INSTALLATIONS.glob("*/bin"):
        version = folder.parent.name
        has_postgis = Path("/usr/share/postgresql", version, "extension", "postgis.control").exists()
        if version.isdigit() and (folder / "initdb").exists() and has_postgis:
            found[int(version)] = folder
    if wanted is not None:
        if int(wanted) in found:
            return found[int(wanted)]
        raise EmbeddedDatabaseError(
            f"内置数据库由 PostgreSQL {wanted} 建立，但系统中没有该版本或其 PostGIS。",
            f"the embedded database was made by PostgreSQL {wanted}, which is not installed with PostGIS",
            remedy=f"请安装 postgresql-{wanted} postgresql-{wanted}-postgis-3。",
            remedy_en=f"install postgresql-{wanted} and postgresql-{wanted}-postgis-3",
        )
    if not found:
        raise _not_installed()
    return found[max(found)]


def _not_installed() -> EmbeddedDatabaseError:
    packages = " ".join(PACKAGES)
    return EmbeddedDatabaseError(
        f"未安装 PostgreSQL 与 PostGIS，请安装系统软件包：{packages}。",
        f"PostgreSQL with PostGIS is not installed; install the packages {packages}",
        remedy=f"以管理员身份运行 make setup，或 apt-get install {packages}；"
        "也可用 PROJECT_BOX_DATABASE_URL 指定已有数据库。",
        remedy_en=f"as administrator run make setup or apt-get install {packages}; or set PROJECT_BOX_DATABASE_URL",
        details={"packages": list(PACKAGES)},
    )


def _initialise(cluster: Cluster) -> None:
    """Make the data directory; a half-made one of an interrupted attempt is thrown away first."""
    owner = _owner()
    new = Path(cluster.place, "data.new")
    shutil.rmtree(new, ignore_errors=True)
    _private_folder(new, owner)
    command = [
        str(_binaries(cluster) / "initdb"),
        f"--pgdata={new}",
        f"--username={USER}",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    ]
    done = _run(command, owner, check=False)
    if done.returncode != 0:
        raise EmbeddedDatabaseError(
            f"内置数据库初始化失败：{_last_line(done.stderr)}", f"initdb failed: {done.stderr.strip()}"
        )
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude 'project_box.conf'\n")
    new.rename(cluster.data_dir)


def _start(cluster: Cluster) -> None:
    """Start the server, whatever an earlier one has left behind, and wait until it takes connections."""
    owner = _owner()
    pg_ctl = _binaries(cluster) / "pg_ctl"
    if owner is not None and not _reaches(owner, cluster.data_dir):
        raise EmbeddedDatabaseError(
            f"系统账户 {owner.pw_name} 无法进入 {cluster.data_dir}。",
            f"the account {owner.pw_name} cannot enter {cluster.data_dir}",
            remedy="其上级目录须允许其他账户进入：chmod o+x。",
            remedy_en="the folders above it must let other accounts in: chmod o+x",
        )
    if not set('"$`\\\n').isdisjoint(cluster.place):
        raise EmbeddedDatabaseError(  # pg_ctl hands the path to a shell
            f'路径 {cluster.place} 含有 " $ ` \\ 等字符，内置数据库无法使用。',
            f'the path {cluster.place} has one of the characters " $ ` \\ in it',
        )
    if _server_pid(cluster) is not None:
        _stop(cluster)  # it is up but does not answer: its socket was swept away, say
    # What a killed server leaves behind names a process that may be somebody else's by now, or not yet reaped;
    # PostgreSQL would refuse to start. It still notices processes that use the data, by their shared memory.
    socket = Path(cluster.socket_dir, f".s.PGSQL.{PORT}")
    for left in (cluster.data_dir / "postmaster.pid", socket, socket.with_name(f"{socket.name}.lock")):
        left.unlink(missing_ok=True)
    _configure(cluster, owner)
    with suppress(FileNotFoundError):
        if cluster.log_file.stat().st_size > _LOG_LIMIT_BYTES:
            cluster.log_file.replace(cluster.log_file.with_suffix(".log.1"))
    start = [str(pg_ctl), "start", "--wait", f"--timeout={_START_TIMEOUT}", "--silent"]
    start += [f"--pgdata={cluster.data_dir}", f"--log={cluster.log_file}"]
    done = _run(start, owner, check=False)
    for _ in range(10):
        if done.returncode == 0 or "is still in use" not in _tail(cluster.log_file, 3):
            break
        time.sleep(1)  # a killed server's other processes take a moment to notice and leave
        done = _run(start, owner, check=False)
    if done.returncode != 0 or not _answers(cluster):
        raise EmbeddedDatabaseError(
            f"内置数据库启动失败，详见 {cluster.log_file}。",
            f"the embedded database did not start: {done.stderr.strip()}\n{_tail(cluster.log_file)}",
            details={"log": str(cluster.log_file)},
        )


def _configure(cluster: Cluster, owner: pwd.struct_passwd | None) -> None:
    """Write the settings; they are read at every start, so that a newer version's take effect."""
    quoted = cluster.socket_dir.replace("'", "''")
    lines = [f"{key} = {value}" for key, value in _CONFIGURATION.items()]
    lines.append(f"unix_socket_directories = '\"{quoted}\"'")
    file = cluster.data_dir / "project_box.conf"
    file.write_text(
        "# written at every start by project_box.kernel.embedded\n" + "\n".join(lines) + "\n", "utf-8"
    )
    if owner is not None:
        os.chown(file, owner.pw_uid, owner.pw_gid)


def _stop(cluster: Cluster) -> None:
    """Stop the server, politely first."""
    pg_ctl = str(_binaries(cluster) / "pg_ctl")
    for mode in ("fast", "immediate"):
        command = [pg_ctl, "stop", "--wait", f"--timeout={_STOP_TIMEOUT}", "--silent", f"--mode={mode}"]
        _run([*command, f"--pgdata={cluster.data_dir}"], _owner(), check=False)
        if _server_pid(cluster) is None:
            return
    raise EmbeddedDatabaseError(
        f"内置数据库无法停止，详见 {cluster.log_file}。", "the embedded database does not stop"
    )


def _server_pid(cluster: Cluster) -> int | None:
    """Process id of this cluster's server, or None. A pid file alone proves nothing: the number may be reused."""
    try:
        lines = (cluster.data_dir / "postmaster.pid").read_text("utf-8").splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    except PermissionError as error:
        raise _foreign(Path(cluster.var_dir)) from error
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return None
    if os.fsencode(cluster.data_dir) in arguments and Path(os.fsdecode(arguments[0])).name == "postgres":
        return pid
    return None


def _answers(cluster: Cluster) -> bool:
    """Whether the server takes connections now, or within a few seconds if it is just coming up."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with _session(cluster.url_of("postgres")) as cursor:
                cursor.execute("select 1")
                return True
        except EmbeddedDatabaseError:
            socket = Path(cluster.socket_dir, f".s.PGSQL.{PORT}")
            if _server_pid(cluster) is None or not socket.exists() or time.monotonic() > deadline:
                return False
            time.sleep(0.1)


@contextmanager
def _locked(var_dir: Path) -> Iterator[None]:
    """Hold the lock of ``var_dir``'s cluster."""
    with _explained(f"{var_dir} 不可写", f"{var_dir} is not writable"):
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "pg.lock").open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _explained(zh: str, en: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedDatabaseError(f"{zh}：{error.strerror or error}", f"{en}: {error}") from error


def _run(
    command: Sequence[str], owner: pwd.struct_passwd | None, *, check: bool
) -> subprocess.CompletedProcess[str]:
    """Run a program as ``owner`` (None: ourselves), from a folder everybody may be in, in plain English."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))
    }
    environment["LC_ALL"] = "C.UTF-8"
    if owner is None:
        return subprocess.run(
            command,
            check=check,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    environment["HOME"] = owner.pw_dir
    return subprocess.run(
        command,
        check=check,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        user=owner.pw_uid,
        group=owner.pw_gid,
        extra_groups=[],
        umask=0o077,
    )


def _tail(file: Path, lines: int = 8) -> str:
    try:
        return "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


# --------------------------------------------------------------------------------
# databases


def _server_url(url_or_var: str | Path) -> str:
    if isinstance(url_or_var, str):
        return url_or_var
    cluster = _recorded(url_or_var.resolve())
    if cluster is None:
        raise EmbeddedDatabaseError(
            f"{url_or_var} 下没有内置数据库。", f"no embedded database in {url_or_var}"
        )
    return cluster.url_of("postgres")


def _at(url: str, name: str) -> str:
    """The same server's database ``name``; slashes stay slashes, as Alembic's settings dislike percent signs."""
    return make_url(url).set(database=name).render_as_string(hide_password=False).replace("%2F", "/")


def _check_name(name: str) -> None:
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is None or name.startswith(
        ("pg_", "template", "postgres")
    ):
        raise EmbeddedDatabaseError(f"数据库名 {name!r} 不可用。", f"{name!r} is no usable database name")


def _create_database(server: str, name: str, *, template: str | None, exist_ok: bool) -> None:
    """Create ``name`` with PostGIS. A half-made one of an interrupted attempt is completed."""
    _check_name(name)
    with _session(server) as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        if cursor.fetchone() is None:
            statement = sql.SQL("create database {} encoding 'UTF8' template {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
            cursor.execute(statement)
            cursor.execute(
                sql.SQL("comment on database {} is {}").format(sql.Identifier(name), sql.Literal(_MARK))
            )
        elif not exist_ok:
            raise EmbeddedDatabaseError(f"数据库 {name} 已经存在。", f"database {name} exists already")
    with _session(_at(server, name)) as cursor:
        cursor.execute("select 1 from pg_extension where extname = 'postgis'")
        if cursor.fetchone() is None:
            cursor.execute("create extension postgis")


@contextmanager
def _session(url: str) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor of an own connection, every statement its own transaction; database errors become ours."""
    parsed = make_url(url)
    connection: Connection | None = None
    try:
        connection = psycopg2.connect(
            dbname=parsed.database,
            user=parsed.username,
            password=parsed.password,
            host=parsed.host or str(parsed.query.get("host", "")) or None,
            port=parsed.port or str(parsed.query.get("port", "")) or None,
            connect_timeout=10,
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise EmbeddedDatabaseError(
            f"数据库操作失败：{_last_line(str(error))}", str(error).strip()
        ) from error
    finally:
        if connection is not None:
            connection.close()


# --------------------------------------------------------------------------------
# by hand


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m project_box.kernel.embedded start|stop|status|url|destroy``; exit code 3: not running."""
    parser = argparse.ArgumentParser(
        prog="python -m project_box.kernel.embedded", description="embedded database"
    )
    parser.add_argument("command", choices=["start", "stop", "status", "url", "destroy"])
    parser.add_argument("--var-dir", type=Path, help="default: PROJECT_BOX_VAR_DIR, or var/ of this checkout")
    options = parser.parse_args(arguments)
    var_dir: Path = options.var_dir or Path(
        os.environ.get("PROJECT_BOX_VAR_DIR") or Path(__file__).resolve().parents[2] / "var"
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
