"""Tiles over HTTP: drawn once, and seen only by those who may, however much is remembered."""

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, text

from gis import crs as crs_module
from gis import service
from gis.models import LayerVersion
from gis.tiles import tiles
from gis.tiles.tile_cache import Memory, TileCache
from gis.tiles.tile_server import TileServer, server_of
from project_box import accounts
from project_box.kernel.db import Database
from project_box.models import User
from tests.conftest import REPOSITORY
from tests.integration.gis.conftest import X, Y, rectangle, write_layer
from web import tile_gate

pytestmark = pytest.mark.integration

Z = 15


def spot() -> tuple[int, int]:
    """Column and row of the tile in which the layer lies."""
    east, north = crs_module.transform_point(X + 50, Y + 40, 4547, 3857)
    size = 40_075_016.685578488 / 2**Z
    return int((east + 20_037_508.34) / size), int((20_037_508.34 - north) / size)


def bring(session, folder, code, version, width=100):
    place = write_layer(
        folder, f"{code}-{version}", [(rectangle(0, 0, width, 80), {"YJJBNTTBBH": "N1", "MC": "河"})]
    )
    return service.import_layer(session, code, place, version=version, valid_from=dt.date(2026, 1, 1))


@pytest.fixture(scope="module")
def layers(database, tmp_path_factory) -> Iterator[None]:
    """Farmland (not public) and a river's control line (public), committed; removed afterwards."""
    folder = tmp_path_factory.mktemp("tiles")
    with database.transaction() as session:
        for code in ("YJJBNT", "LX"):
            bring(session, folder, code, "tiles-1")
    yield
    with database.transaction() as session:
        session.execute(delete(LayerVersion).where(LayerVersion.version.startswith("tiles-")))


@pytest.fixture(autouse=True)
def clock(layers, monkeypatch) -> Iterator[list[float]]:
    """The clock of what is remembered, which stands still; nothing is remembered before and afterwards."""
    moment = [1000.0]
    monkeypatch.setattr(tile_gate.GRANTS, "clock", lambda: moment[0])
    tile_gate.GRANTS.forget()
    yield moment
    tile_gate.GRANTS.forget()


def own(code="YJJBNT", z=Z):
    x, y = spot()
    return f"/api/v1/layers/{code}/tiles/{z}/{x}/{y}.mvt"


def open_service(code, z=Z):
    x, y = spot()
    return f"/ogc/collections/{code}/tiles/WebMercatorQuad/{z}/{y}/{x}"


@pytest.fixture
def only_remembered(monkeypatch):
    """From here on whoever is not remembered gets an error: the routes decide nothing any more."""

    def switch():
        def refuse(*_):
            raise AssertionError("asked again")

        monkeypatch.setattr(tiles, "source", refuse)

    return switch


def test_what_was_decided_is_remembered_for_the_same_person_and_layer(client, sign_in, only_remembered):
    mine, theirs = sign_in(client, "developer"), sign_in(client, "planner")
    first = client.get(own(), headers=mine)
    public = client.get(open_service("LX"))
    assert (first.status_code, public.status_code) == (200, 200)
    only_remembered()
    again = client.get(own(), headers=mine)
    assert again.status_code == 200 and again.content == first.content
    assert {k: v for k, v in again.headers.items() if k != "date"} == dict(first.headers)
    assert again.headers["content-security-policy"] and again.headers["x-frame-options"]
    assert client.get(own(), headers={**mine, "if-none-match": first.headers["etag"]}).status_code == 304
    assert client.get(open_service("LX")).content == public.content
    assert public.headers["cache-control"].startswith("public")
    for other in (theirs, {}, {"authorization": mine["authorization"] + "x"}, {"cookie": "lang=zh"}):
        assert client.get(own(), headers=other).status_code in (401, 500)  # asked anew, never remembered
    assert client.get(own("LX"), headers=mine).status_code == 500
    assert client.get(own() + "?v=1", headers=mine).status_code == 500
    assert client.get(open_service("YJJBNT")).status_code == 401
    assert client.get(own(z=40), headers=mine).status_code in (404, 500)
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, own(), headers=mine).status_code == 405


def test_credentials_count_as_a_whole(client, sign_in):
    """Two cookie headers: what the first one alone says opens nothing."""
    token = sign_in(client, "developer")["authorization"].split()[1]
    both = [("cookie", "lang=zh"), ("cookie", f"project_box_session={token}")]
    client.get(own(), headers=both)
    assert client.get(own(), headers=[("cookie", "lang=zh")]).status_code == 401


def test_who_signs_out_sees_nothing_from_that_moment_on(client, sign_in):
    mine = sign_in(client, "developer")
    assert client.get(own(), headers=mine).status_code == 200
    assert client.delete("/api/v1/session", headers=mine).status_code == 204
    assert client.get(own(), headers=mine).status_code == 401


@pytest.fixture
def guest(database):
    """An account of its own; its name and password."""
    with database.transaction() as session:
        some = session.scalars(select(User).where(User.username == "developer")).one()
        user = accounts.create_user(
            session, username="tile-guest", password="tile-guest-1", name="访客",
            roles=[], organisation=some.organisation,
        )  # fmt: skip
        number = user.id
    yield "tile-guest", "tile-guest-1"
    with database.transaction() as session:
        session.delete(session.get_one(User, number))


def test_a_disabled_account_and_a_changed_password_count_at_once(client, database, guest):
    for change in (
        lambda session, user: accounts.set_password(session, user, "tile-guest-2"),
        lambda session, user: accounts.set_active(session, user, False),
    ):
        password = "tile-guest-1" if change.__code__.co_consts[1] == "tile-guest-2" else "tile-guest-2"
        assert client.get(open_service("YJJBNT"), auth=(guest[0], password)).status_code == 200
        with database.transaction() as session:
            change(session, accounts.any_user(session, guest[0]))
            # not yet committed: the old state still holds, and what is decided now must not outlive it
            assert client.get(open_service("YJJBNT"), auth=(guest[0], password)).status_code == 200
        assert client.get(open_service("YJJBNT"), auth=(guest[0], password)).status_code == 401


def test_another_process_is_noticed_after_some_seconds(client, database, sign_in, clock):
    mine = sign_in(client, "developer")
    assert client.get(own(), headers=mine).status_code == 200
    with database.engine.begin() as elsewhere:  # as the command line would, past this process's events
        elsewhere.execute(text("DELETE FROM box.user_session"))
    clock[0] += tile_gate.SECONDS - 0.1
    assert client.get(own(), headers=mine).status_code == 200
    clock[0] += 0.2
    assert client.get(own(), headers=mine).status_code == 401


def test_a_new_version_is_drawn_at_once_and_a_failed_one_never(client, database, sign_in, tmp_path):
    mine = sign_in(client, "developer")
    before = client.get(own(), headers=mine)
    with pytest.raises(RuntimeError), database.transaction() as session:
        bring(session, tmp_path, "YJJBNT", "tiles-x", 30)
        raise RuntimeError("something fails later")
    assert client.get(own(), headers=mine).headers["etag"] == before.headers["etag"]
    with database.transaction() as session:
        bring(session, tmp_path, "YJJBNT", "tiles-2", 60)
    after = client.get(own(), headers=mine)
    assert after.headers["etag"] != before.headers["etag"] and after.content != before.content


# --- drawing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(database, tmp_path):
    opened = TileServer(database.url, Memory(10**6), TileCache(tmp_path / "kept", 10**8))
    yield opened
    opened.close()


def source_of_farmland(database):
    with database.transaction() as session:
        return tiles.source(session, "YJJBNT")


def test_many_who_want_one_cold_tile_share_one_drawing(database, server, monkeypatch, tmp_path):
    source, (x, y) = source_of_farmland(database), spot()
    drawn, everybody = [], threading.Event()
    draw = tiles.draw

    def slow(read, *address):
        drawn.append(address)
        everybody.wait(20)
        return draw(read, *address)

    monkeypatch.setattr(tiles, "draw", slow)
    gate = threading.Barrier(24)

    def ask(_):
        gate.wait(20)
        return server.ask(source, Z, x, y)

    with ThreadPoolExecutor(24) as crowd:
        futures = list(crowd.map(ask, range(24)))
    everybody.set()
    answers = {future.result(20) for future in futures}
    assert len(drawn) == 1 and len(answers) == 1 and len(answers.pop()) > 50
    assert server.known(source, Z, x, y) is not None
    server.close()  # what is written to disk is written by now
    again = TileServer(database.url, Memory(10**6), TileCache(tmp_path / "kept", 10**8))
    assert again.ask(source, Z, x, y).result(20) == server.known(source, Z, x, y) and len(drawn) == 1
    again.close()


def test_a_failure_is_told_to_all_and_not_kept(database, server, monkeypatch):
    source, (x, y) = source_of_farmland(database), spot()
    with monkeypatch.context() as broken:
        broken.setattr(tiles, "draw", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            server.ask(source, Z, x, y).result(20)
    assert len(server.ask(source, Z, x, y).result(20)) > 50


def test_a_cut_connection_is_made_anew(database, server):
    source, (x, y) = source_of_farmland(database), spot()
    for column in range(x - 20, x):  # every thread has its connection
        server.ask(source, Z, column, y).result(20)
    with database.engine.begin() as connection:
        cut = connection.scalar(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'project-box tiles' AND datname = current_database()"
            )
        )
    assert cut >= 1
    for column in range(x, x + 20):
        server.ask(source, Z, column, y).result(20)
    assert len(server.ask(source, Z, x, y).result(20)) > 50


def test_a_server_ends_with_its_database(database):
    opened = Database(database.url)
    first = server_of(opened)
    assert server_of(opened) is first
    opened.dispose()
    with pytest.raises(RuntimeError):
        first.ask(tiles.Source("YJJBNT"), 1, 0, 0)
    assert server_of(opened) is not first
    opened.dispose()


def test_processes_share_the_tiles_on_disk(database, tmp_path):
    """Three processes draw the same tiles into one folder at once; all give the same."""
    source, (x, y) = source_of_farmland(database), spot()
    program = f"""
import hashlib, pathlib
from gis.tiles.tile_cache import Memory, TileCache
from gis.tiles.tile_server import TileServer
from gis.tiles.tiles import Source
server = TileServer({database.url!r}, Memory(1), TileCache(pathlib.Path({str(tmp_path / "shared")!r}), 10**8))
digest = hashlib.sha256()
for turn in range(3):
    for asked in [server.ask({source!r}, {Z}, {x} + n % 3 - 1, {y} + n // 3 - 1) for n in range(9)]:
        digest.update(asked.result(60))
server.close()
print(digest.hexdigest())
"""
    running = [
        subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = {process.communicate(timeout=240)[0].strip() for process in running}
    assert len(told) == 1 and len(told.pop()) == 64
