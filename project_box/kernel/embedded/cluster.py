"""One cluster: what it is called, and what is done as the account its server runs as."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from project_box.kernel.errors import PlatformError

#: database, and superuser of the private cluster
DATABASE = "project_box"
USER = "project_box"
#: account the server runs as when we are root
SERVER_ACCOUNT = "postgres"
#: the file name of the socket carries a port number; nothing listens on it
PORT = 5432
PACKAGES = ("postgresql-15", "postgresql-15-postgis-3")


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


def owner_account() -> pwd.struct_passwd | None:
    """The account the server runs as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError as error:
        raise not_installed() from error


def reaches(owner: pwd.struct_passwd, folder: Path) -> bool:
    """Whether ``owner`` can enter ``folder``, asked of the system itself, so that every kind of permission counts."""
    return run(["test", "-x", str(folder)], owner, check=False).returncode == 0


def private_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
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


def run(
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


@contextmanager
def explained(zh: str, en: str) -> Iterator[None]:
    """An error of the file system becomes one that says what could not be done."""
    try:
        yield
    except OSError as error:
        raise EmbeddedDatabaseError(f"{zh}：{error.strerror or error}", f"{en}: {error}") from error


def not_installed() -> EmbeddedDatabaseError:
    """The error of a machine without PostgreSQL and PostGIS."""
    packages = " ".join(PACKAGES)
    return EmbeddedDatabaseError(
        f"未安装 PostgreSQL 与 PostGIS，请安装系统软件包：{packages}。",
        f"PostgreSQL with PostGIS is not installed; install the packages {packages}",
        remedy=f"以管理员身份运行 make setup，或 apt-get install {packages}；"
        "也可用 PROJECT_BOX_DATABASE_URL 指定已有数据库。",
        remedy_en=f"as administrator run make setup or apt-get install {packages}; or set PROJECT_BOX_DATABASE_URL",
        details={"packages": list(PACKAGES)},
    )


def last_line(text: str) -> str:
    """The last line of a program's complaint."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
