"""Where clusters lie: beside the data of their checkout, or outside where the server could not reach them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from project_box.kernel.embedded.cluster import (
    PORT,
    Cluster,
    EmbeddedDatabaseError,
    explained,
    owner_account,
    private_folder,
    reaches,
)

#: where clusters go that cannot lie under ``var_dir``
SYSTEM_PLACE = Path("/var/lib/project-box")
#: longest path of a unix socket, in bytes, without the closing NUL
SOCKET_PATH_LIMIT = 107


def home(var_dir: Path) -> Path:
    """The folder of the record, ``<var_dir>/pg``."""
    return var_dir / "pg"


def record(var_dir: Path) -> Path:
    """The record of the cluster."""
    return home(var_dir) / "cluster.json"


@contextmanager
def locked(var_dir: Path) -> Iterator[None]:
    """Hold the lock of ``var_dir``'s cluster."""
    with explained(f"{var_dir} 不可写", f"{var_dir} is not writable"):
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "pg.lock").open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def recorded(var_dir: Path) -> Cluster | None:
    """The recorded cluster, if it is this ``var_dir``'s (and not that of the folder this one was copied from)."""
    try:
        cluster = Cluster(**json.loads(record(var_dir).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise foreign(var_dir) from error
    except (ValueError, TypeError) as error:
        raise EmbeddedDatabaseError(
            f"{record(var_dir)} 已损坏。", f"{record(var_dir)} is damaged: {error}"
        ) from error
    return cluster if cluster.var_dir == str(var_dir) else None


def locate(var_dir: Path) -> Cluster:
    """The cluster of ``var_dir``: as recorded, or a new record. Call it under the lock."""
    cluster = recorded(var_dir)
    if cluster is None:
        cluster = moved(var_dir) or _plan(var_dir)
    owner = owner_account()
    with explained(f"{cluster.place} 无法使用", f"{cluster.place} cannot be used"):
        private_folder(Path(cluster.place, "log"), owner)
        socket_dir = _socket_dir(cluster, owner)
        if str(socket_dir) != cluster.socket_dir or not record(var_dir).is_file():
            cluster = Cluster(cluster.var_dir, cluster.cluster_id, cluster.place, str(socket_dir))
        _save(var_dir, cluster)
    return cluster


def _save(var_dir: Path, cluster: Cluster) -> None:
    text = json.dumps(asdict(cluster), ensure_ascii=False, indent=2) + "\n"
    if record(var_dir).is_file() and record(var_dir).read_text("utf-8") == text:
        return
    new = record(var_dir).with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(record(var_dir))


def _plan(var_dir: Path) -> Cluster:
    """Decide where a new cluster goes."""
    cluster_id = f"{_digest(str(var_dir))}-{secrets.token_hex(4)}"
    folder = home(var_dir)
    with explained(f"{folder} 无法建立", f"{folder} cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask: data and socket in it are the owner's alone
    owner = owner_account()
    place = folder
    if owner is not None and not reaches(owner, folder):
        place = SYSTEM_PLACE / cluster_id
        with explained(f"{place} 无法建立", f"{place} cannot be made"):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o755)
        if not reaches(owner, place):
            raise EmbeddedDatabaseError(
                f"系统账户 {owner.pw_name} 无法进入 {folder} 和 {place}，内置数据库无处安放。",
                f"the account {owner.pw_name} can enter neither {folder} nor {place}",
                remedy=f"对上级目录执行 chmod o+x，例如 chmod o+x {var_dir}。",
                remedy_en=f"run chmod o+x on the folders above it, such as chmod o+x {var_dir}",
            )
    return Cluster(str(var_dir), cluster_id, str(place), "")


def moved(var_dir: Path) -> Cluster | None:
    """The recorded cluster of a ``var_dir`` that was moved or copied here, as far as it is ours to go on with.

    A cluster inside the folder came along with it. One outside belongs to the folder's old path as long as that
    still names it: then this is a copy and gets a cluster of its own.
    """
    try:
        old = Cluster(**json.loads(record(var_dir).read_text("utf-8")))
    except FileNotFoundError:
        return None
    if old.place == str(home(Path(old.var_dir))):
        return Cluster(str(var_dir), old.cluster_id, str(home(var_dir)), "")
    try:
        still = recorded(Path(old.var_dir))
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
            private_folder(folder, owner)
        except OSError:
            continue
        if owner is None or reaches(owner, folder):
            return folder
    raise EmbeddedDatabaseError(
        f"找不到可以存放数据库套接字的目录（路径不得超过 {SOCKET_PATH_LIMIT} 字节）。",
        f"no usable folder for the database's socket, whose path may have {SOCKET_PATH_LIMIT} bytes; tried "
        + ", ".join(map(str, candidates)),
        remedy="请设置较短的 TMPDIR，或把项目放到较短的路径下。",
        remedy_en="set a shorter TMPDIR, or put the project under a shorter path",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:12]


def foreign(var_dir: Path) -> EmbeddedDatabaseError:
    """The error of a cluster that another account has made."""
    return EmbeddedDatabaseError(
        f"{home(var_dir)} 属于另一个账户，当前账户无法使用其中的数据库。",
        f"{home(var_dir)} belongs to another account",
        remedy="请用建立它的账户运行，或用 PROJECT_BOX_VAR_DIR 指定另一个目录。",
        remedy_en="run as the account that made it, or name another folder by PROJECT_BOX_VAR_DIR",
    )
