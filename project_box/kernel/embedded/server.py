"""The server of a cluster: initialised, started whatever an earlier one has left behind, stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import time
from contextlib import suppress
from pathlib import Path

from project_box.kernel.embedded.cluster import (
    PORT,
    USER,
    Cluster,
    EmbeddedDatabaseError,
    last_line,
    not_installed,
    owner_account,
    private_folder,
    reaches,
    run,
)
from project_box.kernel.embedded.databases import session
from project_box.kernel.embedded.place import foreign

#: where Debian and Ubuntu keep PostgreSQL's programs, by version
_INSTALLATIONS = Path("/usr/lib/postgresql")
#: seconds; crash recovery of a large write-ahead log may take its time
_START_TIMEOUT = 300
_STOP_TIMEOUT = 120
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_CONFIGURATION = {
    "listen_addresses": "''",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    # a large import should not be interrupted by a checkpoint, after which every page it touches is logged whole
    "max_wal_size": "4GB",
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
        raise not_installed()
    return found[max(found)]


def initialise(cluster: Cluster) -> None:
    """Make the data directory; a half-made one of an interrupted attempt is thrown away first."""
    owner = owner_account()
    new = Path(cluster.place, "data.new")
    shutil.rmtree(new, ignore_errors=True)
    private_folder(new, owner)
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
    done = run(command, owner, check=False)
    if done.returncode != 0:
        raise EmbeddedDatabaseError(
            f"内置数据库初始化失败：{last_line(done.stderr)}", f"initdb failed: {done.stderr.strip()}"
        )
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude 'project_box.conf'\n")
    new.rename(cluster.data_dir)


def start_server(cluster: Cluster) -> None:
    """Start the server, whatever an earlier one has left behind, and wait until it takes connections."""
    owner = owner_account()
    pg_ctl = _binaries(cluster) / "pg_ctl"
    if owner is not None and not reaches(owner, cluster.data_dir):
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
    if server_pid(cluster) is not None:
        stop_server(cluster)  # it is up but does not answer: its socket was swept away, say
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
    done = run(start, owner, check=False)
    for _ in range(10):
        if done.returncode == 0 or "is still in use" not in _tail(cluster.log_file, 3):
            break
        time.sleep(1)  # a killed server's other processes take a moment to notice and leave
        done = run(start, owner, check=False)
    if done.returncode != 0 or not answers(cluster):
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


def stop_server(cluster: Cluster) -> None:
    """Stop the server, politely first."""
    pg_ctl = str(_binaries(cluster) / "pg_ctl")
    for mode in ("fast", "immediate"):
        command = [pg_ctl, "stop", "--wait", f"--timeout={_STOP_TIMEOUT}", "--silent", f"--mode={mode}"]
        run([*command, f"--pgdata={cluster.data_dir}"], owner_account(), check=False)
        if server_pid(cluster) is None:
            return
    raise EmbeddedDatabaseError(
        f"内置数据库无法停止，详见 {cluster.log_file}。", "the embedded database does not stop"
    )


def server_pid(cluster: Cluster) -> int | None:
    """Process id of this cluster's server, or None. A pid file alone proves nothing: the number may be reused."""
    try:
        lines = (cluster.data_dir / "postmaster.pid").read_text("utf-8").splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    except PermissionError as error:
        raise foreign(Path(cluster.var_dir)) from error
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return None
    if os.fsencode(cluster.data_dir) in arguments and Path(os.fsdecode(arguments[0])).name == "postgres":
        return pid
    return None


def answers(cluster: Cluster) -> bool:
    """Whether the server takes connections now, or within a few seconds if it is just coming up."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with session(cluster.url_of("postgres")) as cursor:
                cursor.execute("select 1")
                return True
        except EmbeddedDatabaseError:
            socket = Path(cluster.socket_dir, f".s.PGSQL.{PORT}")
            if server_pid(cluster) is None or not socket.exists() or time.monotonic() > deadline:
                return False
            time.sleep(0.1)


def _tail(file: Path, lines: int = 8) -> str:
    try:
        return "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""
