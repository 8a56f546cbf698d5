"""The embedded cluster, for real: made, started, stopped, killed, copied, and as another account."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from project_box.kernel import embedded
from project_box.kernel.embedded import EmbeddedDatabaseError, server
from project_box.kernel.embedded.__main__ import main

pytestmark = pytest.mark.integration
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def make_var() -> Iterator[Callable[..., Path]]:
    """Makes short ``var`` folders that the server's account can enter; destroys their clusters afterwards."""
    made: list[Path] = []

    def make(*below: str) -> Path:
        parent = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
        made.append(parent)
        parent.chmod(0o755)
        return Path(parent, *below, "var")

    yield make
    for parent in made:
        for record in list(parent.glob("**/pg/cluster.json")):
            embedded.destroy(record.parents[1])
        shutil.rmtree(parent)


@pytest.fixture(scope="module")
def shared_var() -> Iterator[Path]:
    """The ``var`` folder of a cluster that several tests use, each after the other has left it running."""
    parent = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
    parent.chmod(0o755)
    embedded.ensure_running(parent / "var")
    yield parent / "var"
    embedded.destroy(parent / "var")
    shutil.rmtree(parent)


def query(url: str, statement: str) -> Any:
    """First value of the first row of ``statement``, if it has one."""
    parsed = make_url(url)
    with closing(
        psycopg2.connect(
            dbname=parsed.database,
            user=parsed.username,
            host=str(parsed.query["host"]),
            port=str(parsed.query["port"]),
        )
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None


def test_a_cluster_is_made_once_and_loses_nothing_when_stopped(make_var: Callable[..., Path]) -> None:
    var = make_var()
    assert embedded.status(var) == embedded.Status(exists=False, running=False)
    assert embedded.stop(var) is False

    url = embedded.ensure_running(var)
    pid = embedded.status(var).pid
    assert url.startswith("postgresql+psycopg2://project_box@/project_box?host=")
    assert query(url, "select postgis_version()").startswith("3.")
    assert query(url, "select st_srid(st_transform(st_setsrid(st_point(117, 36), 4490), 4528))") == 4528
    assert query(url, "show listen_addresses") == ""
    assert query(url, "show jit") == "off"
    assert query(url, "show fsync") == "on"
    query(url, "create table kept as select '项目盒' as word")

    assert embedded.ensure_running(var) == url
    assert embedded.status(var).pid == pid

    assert embedded.stop(var) is True
    assert embedded.status(var).running is False
    assert embedded.ensure_running(var) == url
    assert query(url, "select word from kept") == "项目盒"


def test_nobody_else_can_enter_the_sockets_folder(shared_var: Path) -> None:
    url = embedded.ensure_running(shared_var)
    folder = Path(str(make_url(url).query["host"]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_clusters_do_not_collide(make_var: Callable[..., Path]) -> None:
    one, two = make_var(), make_var()
    url_one, url_two = embedded.ensure_running(one), embedded.ensure_running(two)
    query(url_one, "create table only_here (id int)")
    assert url_one != url_two
    assert query(url_two, "select to_regclass('only_here')") is None
    embedded.stop(one)
    assert embedded.status(two).running


def test_callers_at_the_same_time_get_one_server(make_var: Callable[..., Path]) -> None:
    var = make_var()
    urls: list[str] = []
    threads = [threading.Thread(target=lambda: urls.append(embedded.ensure_running(var))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 4 and len(set(urls)) == 1


def test_a_killed_server_and_a_reused_process_id_are_survived(shared_var: Path) -> None:
    var = shared_var
    url = embedded.ensure_running(var)
    query(url, "create table kept as select 1 as id")
    now = embedded.status(var)
    assert now.pid is not None and now.data_dir is not None
    pid_file = now.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    os.kill(now.pid, signal.SIGKILL)
    # the number in the file now belongs to a process that has nothing to do with it: this one
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert embedded.status(var).running is False
    assert embedded.ensure_running(var) == url
    assert query(url, "select id from kept") == 1


def test_a_swept_socket_is_made_again(shared_var: Path) -> None:
    var = shared_var
    url = embedded.ensure_running(var)
    shutil.rmtree(str(make_url(url).query["host"]))
    assert query(embedded.ensure_running(var), "select 1") == 1


def test_an_interrupted_initialisation_is_started_over(make_var: Callable[..., Path]) -> None:
    var = make_var()
    url = embedded.ensure_running(var)
    embedded.stop(var)
    data = embedded.status(var).data_dir
    assert data is not None
    data.rename(data.with_name("data.new"))
    (data.with_name("data.new") / "PG_VERSION").unlink()
    assert query(embedded.ensure_running(var), "select 1") == 1
    assert embedded.status(var).url == url


def test_a_long_path_gets_a_short_socket(make_var: Callable[..., Path]) -> None:
    var = make_var("项目资料" * 6, "a folder with spaces " * 4)
    url = embedded.ensure_running(var)
    socket = Path(str(make_url(url).query["host"]), f".s.PGSQL.{embedded.PORT}")
    assert len(os.fsencode(socket)) <= embedded.SOCKET_PATH_LIMIT
    assert socket.exists()
    record = json.loads((var / "pg" / "cluster.json").read_text("utf-8"))
    assert record["socket_dir"] == str(socket.parent)
    embedded.stop(var)
    assert embedded.ensure_running(var) == url


def test_a_copied_folder_is_a_cluster_of_its_own(make_var: Callable[..., Path]) -> None:
    var = make_var()
    url = embedded.ensure_running(var)
    query(url, "create table word as select 'copied' as word")
    embedded.stop(var)
    copy = var.parent / "copy" / "var"
    if AS_ROOT:
        os.system(f"cp -a {var.parent} {var.parent}.tmp && mv {var.parent}.tmp {copy.parent}")
    else:
        shutil.copytree(var, copy)
    embedded.ensure_running(var)
    copied = embedded.ensure_running(copy)
    assert copied != url
    assert query(copied, "select word from word") == "copied"
    query(copied, "drop table word")
    assert query(url, "select word from word") == "copied"


def test_databases_for_tests(shared_var: Path) -> None:
    var = shared_var
    url = embedded.ensure_running(var)
    first = embedded.create_database(url, "test_one")
    query(first, "create table migrated (id int)")
    second = embedded.create_database(var, "test_two", template="test_one")
    assert query(second, "select to_regclass('migrated')::text") == "migrated"
    assert query(second, "select postgis_version()") is not None
    with pytest.raises(EmbeddedDatabaseError, match="exists already"):
        embedded.create_database(url, "test_one")
    assert embedded.drop_database(var, "test_one") is True
    assert embedded.drop_database(url, "test_one") is False


def test_only_databases_of_its_own_are_dropped(shared_var: Path) -> None:
    var = shared_var
    url = embedded.ensure_running(var)
    query(url, "create database somebody_elses")
    with pytest.raises(EmbeddedDatabaseError, match="refusing"):
        embedded.drop_database(url, "somebody_elses")
    with pytest.raises(EmbeddedDatabaseError, match="refusing"):
        embedded.drop_database(url, embedded.DATABASE)
    for name in ("postgres", "template1", 'x" force', "Große"):
        with pytest.raises(EmbeddedDatabaseError, match="no usable"):
            embedded.drop_database(url, name)


def test_what_is_not_installed_is_named(
    make_var: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_INSTALLATIONS", Path("/nowhere"))
    with pytest.raises(EmbeddedDatabaseError, match="postgresql-15 postgresql-15-postgis-3") as caught:
        embedded.ensure_running(make_var())
    assert caught.value.details["packages"] == ["postgresql-15", "postgresql-15-postgis-3"]


@pytest.mark.skipif(not AS_ROOT, reason="only root has an account it cannot lend its folders to")
def test_a_folder_that_the_servers_account_cannot_enter(make_var: Callable[..., Path]) -> None:
    var = make_var("closed")
    var.parent.mkdir(mode=0o700)
    url = embedded.ensure_running(var)
    place = embedded.status(var).data_dir
    assert place is not None and place.is_relative_to(embedded.SYSTEM_PLACE)
    query(url, "create table kept (id int)")
    embedded.stop(var)
    assert embedded.ensure_running(var) == url
    # a re-made checkout at the same path does not inherit it
    embedded.stop(var)
    shutil.move(var / "pg" / "cluster.json", var / "cluster.json")
    assert query(embedded.ensure_running(var), "select to_regclass('kept')") is None
    embedded.destroy(var)
    (var / "pg").mkdir()
    shutil.move(var / "cluster.json", var / "pg" / "cluster.json")
    assert query(embedded.ensure_running(var), "select to_regclass('kept')::text") == "kept"
    assert embedded.destroy(var) is True
    assert not place.exists()


@pytest.mark.skipif(not AS_ROOT, reason="root alone can become somebody else")
def test_as_an_ordinary_user(make_var: Callable[..., Path]) -> None:
    account = pwd.getpwnam("nobody")
    var = make_var("home")
    var.parent.mkdir()
    os.chown(var.parent, account.pw_uid, account.pw_gid)
    child = os.fork()
    if child == 0:  # pragma: no cover
        code = 1
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            url = embedded.ensure_running(var)
            same = embedded.ensure_running(var) == url
            works = query(url, "select postgis_version()") is not None
            stopped = embedded.stop(var) and not embedded.status(var).running
            code = 0 if same and works and stopped and embedded.destroy(var) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not (var / "pg").exists()


def test_by_hand(make_var: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    var = make_var()
    option = ["--var-dir", str(var)]
    assert main(["status", *option]) == 3
    assert main(["url", *option]) == 0
    assert main(["status", *option]) == 0
    assert main(["stop", *option]) == 0
    assert main(["status", *option]) == 3
    assert main(["destroy", *option]) == 0
    said = capsys.readouterr().out
    assert "postgresql+psycopg2://" in said and "stopped" in said and "deleted" in said
