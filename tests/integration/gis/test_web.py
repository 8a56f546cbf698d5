"""Pages, JSON twins and commands of the GIS room, through the real application."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gis import service
from gis.boundaries.boundary import read_boundary, write_txt
from gis.boundaries.export import FORMATS

from .conftest import X, Y, rectangle, write_layer

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)
TXT = write_txt(SITE, 4547, parcel={"地块名称": "甲"})


@pytest.fixture(scope="module")
def city(database, tmp_path_factory):
    """Two layers, committed, so that requests see them; removed afterwards."""
    folder = tmp_path_factory.mktemp("city")
    with database.transaction() as session:
        farmland = (rectangle(60, 0, 200, 80), {"YJJBNTTBBH": "N1", "DLMC": "水田"})
        plot = (SITE, {"DKBH": "XQ-01", "YDDM": "070102", "YDMC": "住宅用地", "RJL_MAX": 2.0})
        for code, feature in (("YJJBNT", farmland), ("KG_DK", plot)):
            path = write_layer(folder, code, [feature])
            service.import_layer(session, code, path, version="web", valid_from=dt.date(2026, 1, 1))
    yield
    from sqlalchemy import delete

    from gis.models import LayerVersion

    with database.transaction() as session:
        session.execute(delete(LayerVersion).where(LayerVersion.version == "web"))


@pytest.fixture
def developer(client, sign_in):
    """Headers of the developer."""
    return sign_in(client, "developer")


@pytest.fixture
def project(client, developer):
    """Id of a fresh project."""
    code = f"2601-439901-04-01-{uuid.uuid4().int % 10**6:06d}"
    answer = client.post("/api/v1/projects", json={"code": code, "name": "网页项目"}, headers=developer)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def browse(client, username="developer"):
    """Sign in by form, as a browser does; returns the CSRF token of the pages."""
    client.post("/login", data={"username": username, "password": f"demo-{username}"})
    page = client.get("/projects")
    assert page.status_code == 200
    return page.text.split('name="csrf-token" content="')[1].split('"')[0]


def test_boundary_check_and_report_by_json(client, developer, project, city):
    url = f"/api/v1/projects/{project}"
    assert client.get(f"{url}/boundary", headers=developer).status_code == 404
    assert client.post(f"{url}/conflict-check", headers=developer).status_code == 409
    answer = client.post(f"{url}/boundary", files={"file": ("红线.txt", TXT)}, headers=developer)
    assert answer.status_code == 201, answer.text
    assert answer.json()["reading"]["area_m2"] == 8000
    assert answer.json()["result"]["version"] == 1
    assert client.get(f"{url}/boundary", headers=developer).json() == answer.json()
    checked = client.post(f"{url}/conflict-check", headers=developer)
    assert checked.status_code == 200, checked.text
    assert checked.json()["outcome"] == "fail"
    assert client.get(f"{url}/conflict-check", headers=developer).json() == checked.json()
    report = client.get(f"{url}/conflict-check/report.html", headers=developer)
    assert report.status_code == 200
    assert report.headers["content-disposition"].startswith("attachment")
    assert "3,200.00" in report.text
    planning = next(
        r
        for r in client.get(f"{url}/results", headers=developer).json()["results"]
        if r["kind"] == "planning_conditions"
    )
    assert planning["payload"]["plot"]["code"] == "XQ-01"


def test_drawn_boundary_by_json(client, developer, project):
    url = f"/api/v1/projects/{project}/boundary"
    ring = [[X, Y], [X + 10, Y], [X + 10, Y + 10], [X, Y]]
    drawn = {"geojson": {"type": "Polygon", "coordinates": [ring]}, "crs": 4547}
    answer = client.post(url, json=drawn, headers=developer)
    assert answer.status_code == 201, answer.text
    assert answer.json()["reading"]["area_m2"] == 50
    no_geojson, no_crs = {"crs": 4547}, {"geojson": drawn["geojson"]}
    wrongs: list[object] = [{}, [], no_geojson, no_crs, {**drawn, "crs": "x"}, {**drawn, "crs": 1}]
    for wrong in [*wrongs, {"geojson": {}, "crs": 4547}, {"geojson": 3, "crs": 4547}]:
        refused = client.post(url, json=wrong, headers=developer)
        assert refused.status_code == 422, wrong
        assert refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"", "FILE-EMPTY"),
        ("a.dxf", b"%PDF-1.7", "FILE-TYPE"),
        ("x" * 300 + ".txt", TXT[:210], "TXT-CUT"),
        ("a.zip", b"PK\x03\x04rubbish", "ZIP-BROKEN"),
        (
            "'; DROP TABLE gis.feature; --.json",
            b'{"type": "Polygon", "coordinates": [[[9e9,1],[2,2],[3,1],[9e9,1]]]}',
            "COORD-HUGE",
        ),
    ],
)
def test_bad_files_are_explained_and_nothing_is_stored(client, developer, project, name, data, code):
    answer = client.post(
        f"/api/v1/projects/{project}/boundary", files={"file": (name, data)}, headers=developer
    )
    assert answer.status_code == 422, answer.text
    issues = answer.json()["error"]["details"]["issues"]
    assert code in {i["code"] for i in issues}
    assert client.get(f"/api/v1/projects/{project}/results", headers=developer).json()["results"] == []


def test_strangers_and_guests(client, sign_in, project, city):
    stranger = sign_in(client, "developer2")
    for method, path in [
        ("GET", "boundary"),
        ("POST", "boundary"),
        ("GET", "conflict-check"),
        ("POST", "conflict-check"),
        ("GET", "conflict-check/report.html"),
    ]:
        files = {"file": ("a.txt", TXT)} if path == "boundary" and method == "POST" else None
        answer = client.request(method, f"/api/v1/projects/{project}/{path}", files=files, headers=stranger)
        assert answer.status_code == 404, path
        assert client.request(method, f"/api/v1/projects/{project}/{path}", files=files).status_code == 401
    assert client.get("/api/v1/layers").status_code == 401
    assert client.get("/map").status_code == 303


def test_layers_identify_and_tiles(client, developer, city):
    layers = client.get("/api/v1/layers", headers=developer).json()
    assert {f["code"] for f in layers["families"]} >= {"baseline", "detailed"}
    farmland = next(entry for entry in layers["layers"] if entry["code"] == "YJJBNT")
    assert farmland["version"]["features"] == 1 and farmland["symbol"]["fill"].startswith("#")
    assert client.get("/api/v1/layers/YJJBNT", headers=developer).json()["versions"]
    assert client.get("/api/v1/layers/NOPE", headers=developer).status_code == 404
    here = {"x": X + 70, "y": Y + 5, "crs": 4547}
    found = client.get("/api/v1/layers/identify", params=here, headers=developer).json()
    assert [entry["code"] for entry in found["layers"]] == ["YJJBNT", "KG_DK"]
    assert (
        client.get("/api/v1/layers/identify", params={**here, "crs": 1}, headers=developer).status_code == 422
    )
    west, south, east, north = farmland["version"]["extent_lonlat"]
    z = 15
    tx = int(((west + east) / 2 + 180) / 360 * 2**z)
    import math

    lat = math.radians((south + north) / 2)
    ty = int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z)
    url = f"/api/v1/layers/YJJBNT/tiles/{z}/{tx}/{ty}.mvt"
    tile = client.get(url, headers=developer)
    assert tile.status_code == 200 and len(tile.content) > 50
    again = client.get(url, headers={**developer, "if-none-match": tile.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/layers/YJJBNT/tiles/15/0/0.mvt", headers=developer).status_code == 204
    assert client.get("/api/v1/layers/YJJBNT/tiles/99/0/0.mvt", headers=developer).status_code == 404


def test_pages(client, city):
    token = browse(client)
    code = f"2601-439901-04-01-{uuid.uuid4().int % 10**6:06d}"
    opened = client.post("/projects/new", data={"code": code, "name": "页面项目", "csrf_token": token})
    home = opened.headers["location"]
    assert client.get(f"{home}/site").status_code == 200
    empty = client.get(f"{home}/check")
    assert empty.status_code == 200 and "还没有用地红线" in empty.text
    bad = client.post(f"{home}/site", data={"csrf_token": token, "crs": ""}, files={"file": ("a.txt", b"x")})
    assert bad.status_code == 422 and "TXT-NO-POINTS" in bad.text
    none = client.post(f"{home}/site", data={"csrf_token": token})
    assert none.status_code == 422 and "请选择红线文件" in none.text
    wrong = client.post(
        f"{home}/site", data={"csrf_token": token, "other_crs": "x"}, files={"file": ("a.txt", TXT)}
    )
    assert wrong.status_code == 422 and "EPSG" in wrong.text
    good = client.post(f"{home}/site", data={"csrf_token": token}, files={"file": ("a.txt", TXT)})
    assert good.status_code == 303, good.text
    site = client.get(f"{home}/site")
    assert "8,000.00" in site.text and "<plan-map" in site.text
    exported = client.get(f"{home}/site/boundary.txt")
    assert "界址" not in exported.text and b"J1,1,3115080.000,485000.000" in exported.content
    asked = client.get(f"{home}/site?vertex=J3")
    assert "<strong>J3</strong>" in asked.text
    assert "X（北）3115000.000，Y（东）485100.000" in asked.text
    config = json.loads(asked.text.split('<script type="application/json">')[1].split("</script>")[0])
    assert [v["label"] for v in config["vertices"]] == ["J3"]
    assert config["extent"][0] <= config["vertices"][0]["at"][0] <= config["extent"][2]
    twin = client.get(f"/api/v1{home}/boundary/points?vertex=J3").json()
    assert twin["asked"] == [twin["points"][2]] and len(twin["points"]) == 4
    gone = client.get(f"{home}/site?vertex=J99%3Cb%3E")
    assert gone.status_code == 200 and "没有界址点“J99&lt;b&gt;”" in gone.text
    before = client.get(f"{home}/check")
    assert "开始检查" in before.text
    assert client.post(f"{home}/check", data={"csrf_token": token}).status_code == 303
    check = client.get(f"{home}/check")
    assert "3,200.00" in check.text and "XQ-01" in check.text
    assert client.get(f"{home}/check/report.html").status_code == 200
    stated = {"csrf_token": token, "building_m": "三十", "ground_m": "50", "use": "0701:90;0901:10"}
    refused = client.post(f"{home}/check", data=stated)
    assert refused.status_code == 422 and "三十" in refused.text and 'href="#building_m"' in refused.text
    assert client.post(f"{home}/check", data=stated | {"building_m": "30"}).status_code == 303
    again = client.get(f"{home}/check").text  # another check is of the same buildings
    for name, value in (("building_m", "30"), ("ground_m", "50"), ("use", "0701:90;0901:10")):
        assert f'type="hidden" name="{name}" value="{value}"' in again
    drawn = json.dumps({"type": "Polygon", "coordinates": [[[X, Y], [X + 9, Y], [X + 9, Y + 9], [X, Y]]]})
    saved = client.post(f"{home}/site/draw", data={"csrf_token": token, "geojson": drawn, "crs": "4547"})
    assert saved.status_code == 303
    assert "红线已更换" in client.get(f"{home}/check").text
    nothing = client.post(f"{home}/site/draw", data={"csrf_token": token, "geojson": "", "crs": "4547"})
    assert nothing.status_code == 422
    assert client.post(f"{home}/check", data={}).status_code == 403  # no CSRF token
    client.cookies.set("lang", "en")
    english = client.get(f"{home}/check").text
    assert "Permanent basic farmland" in english and "Check again" in english
    assert "Layers and legend" in client.get("/map").text


def test_shared_names_on_every_page(client, city):
    """Every Chinese sentence of the templates has its English."""
    import re

    from web.i18n import _english

    sentences = set()
    for path in (Path(__file__).parents[3] / "web" / "templates" / "gis").glob("*.html"):
        sentences |= {m[1] for m in re.findall(r"_\(([\"'])(.*?)\1", path.read_text(encoding="utf-8"))}
    assert sentences - set(_english()) == set()


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(database, monkeypatch):
    """Run ``project-box`` against the test database."""
    from contextlib import contextmanager

    @contextmanager
    def here():
        yield database

    monkeypatch.setattr("web.commands.check.database", here)
    monkeypatch.setattr("web.commands.layers.database", here)
    monkeypatch.setattr("web.commands.layer_comparisons.database", here)
    from web.cli import app

    def runner(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return runner


def test_site_command(run, tmp_path):
    good = tmp_path / "a.txt"
    good.write_bytes(TXT)
    done = run("site", str(good), "--json")
    assert done.exit_code == 0
    plain = json.loads(done.stdout)
    assert (plain["area_m2"], plain["crs"], plain["declared"], plain["issues"]) == (8000, 4547, 8000, [])
    assert run("site", str(good)).exit_code == 0
    bad = tmp_path / "b.txt"
    bad.write_bytes(TXT[:220])
    done = run("site", str(bad), "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["issues"][0]["level"] == "error"
    assert run("site", str(tmp_path / "none.txt")).exit_code == 2
    assert run("site", str(good), "--crs", "1").exit_code == 2


def test_check_command(run, tmp_path, city):
    path = tmp_path / "a.txt"
    path.write_bytes(TXT)
    report = tmp_path / "report.html"
    done = run("check", str(path), "--json", "--html", str(report))
    assert done.exit_code == 1
    plain = json.loads(done.stdout)
    assert plain["outcome"] == "fail" and plain["boundary"]["area_m2"] == 8000
    assert report.stat().st_size > 100_000
    shown = run("check", str(path))
    assert "压占" in shown.stdout and "3,200.00" in shown.stdout
    path.write_bytes(b"")
    assert run("check", str(path), "--json").exit_code == 1
    sites = write_layer(tmp_path, "sites", [(SITE, {}), (rectangle(0, 0, 20, 20), {})])
    batch = run("check", str(sites), "--batch", "--json")
    lines = [json.loads(line) for line in batch.stdout.splitlines() if line.startswith("{")]
    assert batch.exit_code == 1 and [line["site_area_m2"] for line in lines] == [8000, 400]
    difference = run("layers", "diff", "YJJBNT", "KG_DK", "--json")
    assert difference.exit_code == 1 and json.loads(difference.stdout)["area_m2"] == 3200
    changed = run("layers", "changes", "KG_DK", "web", "web", "--json")
    assert changed.exit_code == 0 and json.loads(changed.stdout)["changes"] == []


def test_layers_commands(run, tmp_path, city, database):
    done = run("layers", "list", "--json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["layers"]) >= 27
    assert run("layers", "list").exit_code == 0
    path = write_layer(tmp_path, "zx", [(rectangle(900, 900, 950, 950), {"MC": "街区"})])
    imported = run(
        "layers", "import", "ZX", str(path), "--version", "cli", "--valid-from", "2026-01-01", "--json"
    )
    assert imported.exit_code == 0, imported.output
    try:
        assert json.loads(imported.stdout)["features"] == 1
        assert run("layers", "import", "ZX", str(path), "--version", "cli").exit_code == 2
        assert run("layers", "import", "NOPE", str(path), "--version", "1").exit_code == 2
        assert (
            run("layers", "import", "ZX", str(path), "--version", "2", "--valid-from", "May").exit_code == 2
        )
        assert json.loads(run("layers", "show", "ZX", "--json").stdout)["versions"][0]["version"] == "cli"
        assert run("layers", "show", "ZX").exit_code == 0
        assert run("layers", "activate", "ZX", "cli").exit_code == 0
        assert run("layers", "activate", "ZX", "none").exit_code == 2
        ended = run("layers", "end", "ZX", "cli", "--valid-to", "2099-12-31", "--reason", "试", "--json")
        assert json.loads(ended.stdout)["valid_to"] == "2099-12-31"
        assert run("layers", "end", "ZX", "cli", "--open", "--reason", "试").exit_code == 0
        assert run("layers", "end", "ZX", "cli", "--valid-to", "May", "--reason", "试").exit_code == 2
    finally:
        from sqlalchemy import delete

        from gis.models import LayerVersion

        with database.transaction() as session:
            session.execute(delete(LayerVersion).where(LayerVersion.version == "cli"))


def test_boundary_is_exported_in_every_format(client, developer, project):
    missing = client.get(f"/api/v1/projects/{project}/boundary/export?format=gpkg", headers=developer)
    assert missing.status_code == 404 and missing.json()["error"]["code"] == "no_boundary"
    client.post(f"/api/v1/projects/{project}/boundary", files={"file": ("a.txt", TXT)}, headers=developer)
    for name in FORMATS:
        answer = client.get(f"/api/v1/projects/{project}/boundary/export?format={name}", headers=developer)
        assert answer.status_code == 200, answer.text
        reading = read_boundary("a", answer.content, crs=4547 if name == "dxf" else None)
        assert reading.ok and reading.area_m2 == pytest.approx(8000, abs=0.01), name
    refused = client.get(f"/api/v1/projects/{project}/boundary/export?format=pdf", headers=developer)
    assert refused.status_code == 422 and refused.json()["error"]["code"] == "EXPORT-FORMAT"
    browse(client)
    page = client.get(f"/projects/{project}/site/boundary.zip")
    assert page.status_code == 200 and page.content[:2] == b"PK"


def test_command_site_exports(tmp_path):
    from web.cli import app

    source = tmp_path / "site.txt"
    source.write_bytes(TXT)
    for ending in ("dxf", "kml", "zip", "gpkg", "geojson", "txt"):
        target = tmp_path / f"out.{ending}"
        done = CliRunner().invoke(app, ["site", str(source), "--export", str(target), "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["ok"] and target.stat().st_size > 100
    again = tmp_path / "again.txt"  # of degrees, so in the zone they lie in
    done = CliRunner().invoke(app, ["site", str(tmp_path / "out.kml"), "--export", str(again), "--json"])
    assert done.exit_code == 0 and read_boundary("a", again.read_bytes()).crs == 4547
    failed = CliRunner().invoke(app, ["site", str(source), "--export", str(tmp_path / "a.pdf"), "--json"])
    assert failed.exit_code == 2 and json.loads(failed.stdout)["error"]["code"] == "EXPORT-FORMAT"
