"""The map workbench over HTTP: go to a place, what is there, measure, print with and without seal, a plot as a site."""

from __future__ import annotations

import datetime as dt
import io
import math
import uuid

import pypdf
import pytest

from gis import service
from gis.boundaries.boundary import write_txt
from project_box import seal

from .conftest import X, Y, rectangle, write_layer

pytestmark = pytest.mark.integration
PLOT = rectangle(0, 0, 100, 80)
SHEET = {"x": X, "y": Y, "crs": 4547, "scale": 1000, "layers": "KG_DK:80", "title": "小城图"}


@pytest.fixture(scope="module")
def city(database, tmp_path_factory):
    """Plots in two versions and farmland, committed; removed afterwards. Gives (old, new) numbers of the plots."""
    folder = tmp_path_factory.mktemp("map")
    numbers = {}
    with database.transaction() as session:
        for version, width in (("map-old", 60), ("map-new", 100)):
            plot = (
                rectangle(0, 0, width, 80),
                {"DKBH": "TU-01", "YDDM": "070102", "YDMC": "住宅", "RJL_MAX": 2.0},
            )
            path = write_layer(folder, "KG_DK", [plot])
            row = service.import_layer(
                session, "KG_DK", path, version=version, valid_from=dt.date(2026, 1, 1)
            )
            numbers[version] = row.id
        path = write_layer(
            folder, "YJJBNT", [(rectangle(60, 0, 200, 80), {"YJJBNTTBBH": "N1", "DLMC": "水田"})]
        )
        service.import_layer(session, "YJJBNT", path, version="map-new", valid_from=dt.date(2026, 1, 1))
    yield numbers["map-old"], numbers["map-new"]
    from sqlalchemy import delete

    from gis.models import LayerVersion

    with database.transaction() as session:
        session.execute(delete(LayerVersion).where(LayerVersion.version.in_(["map-old", "map-new"])))


@pytest.fixture
def developer(client, sign_in):
    """Headers of the developer."""
    return sign_in(client, "developer")


def new_project(client, headers, name="地图项目"):
    """A fresh project: (id, code)."""
    code = f"2601-439901-04-01-{uuid.uuid4().int % 10**6:06d}"
    answer = client.post("/api/v1/projects", json={"code": code, "name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], code


def browse(client, username):
    """Sign in by form; the CSRF token of the pages."""
    client.post("/login", data={"username": username, "password": f"demo-{username}"})
    return client.get("/projects").text.split('name="csrf-token" content="')[1].split('"')[0]


def find(client, headers, words, crs=""):
    """Answer of the search."""
    answer = client.get("/api/v1/map/find", params={"q": words, "crs": crs}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_go_to_a_plot_a_layer_and_coordinates(client, developer, city):
    found = find(client, developer, "tu-01")
    (place,) = found["places"]
    assert found["sure"] and (place["kind"], place["layer"]) == ("feature", "KG_DK")
    west, south, east, north = place["extent"]
    assert west < place["at"][0] < east and south < place["at"][1] < north
    assert [p["layer"] for p in find(client, developer, "永久基本农田")["places"]] == ["YJJBNT"]
    exact = find(client, developer, f"{X}, {Y}", "4547")
    assert exact["sure"] and exact["places"][0]["at"] == pytest.approx(place["extent"][:2], abs=5e-6)
    asked = find(client, developer, f"38{X:.0f}, {Y}", "4547")
    assert not asked["sure"] and asked["question"] and asked["places"][0]["crs"] == 4526
    assert find(client, developer, "100%_")["places"] == []
    assert client.get("/api/v1/map/find", params={"q": " "}, headers=developer).status_code == 422
    assert (
        client.get("/api/v1/map/find", params={"q": "1,2", "crs": "999999"}, headers=developer).status_code
        == 422
    )


def test_projects_are_found_and_identified_only_by_who_may_see_them(client, sign_in, developer, city):
    project, code = new_project(client, developer)
    data = write_txt(PLOT, 4547, parcel={"地块名称": "甲"})
    posted = client.post(
        f"/api/v1/projects/{project}/boundary", files={"file": ("a.txt", data)}, headers=developer
    )
    assert posted.status_code == 201, posted.text
    (place,) = find(client, developer, code)["places"]
    assert place["project"] == project and place["extent"] is not None
    spot = {"x": X + 70, "y": Y + 40, "crs": 4547}
    found = client.get("/api/v1/layers/identify", params=spot, headers=developer).json()
    assert project in [p["id"] for p in found["projects"]]
    families = [(line["code"], line["family_name"], line["plot"]) for line in found["layers"]]
    assert families == [("YJJBNT", "底线管控", False), ("KG_DK", "详细规划", True)]
    assert found["layers"][0]["clause"]["text"] and found["layers"][0]["policy_name"] == "禁止占用"
    stranger = sign_in(client, "agency")
    assert find(client, stranger, code)["places"] == []
    seen = client.get("/api/v1/layers/identify", params=spot, headers=stranger).json()
    assert [p for p in seen["projects"] if p["id"] == project] == []
    assert client.get(f"/api/v1/map?project={project}", headers=stranger).status_code == 404


def test_an_older_version_can_be_drawn_beside_the_current_one(client, developer, city):
    old, new = city
    view = client.get("/api/v1/map", headers=developer).json()["map"]
    assert [v["id"] for v in view["versions"]["KG_DK"]][:2] == [new, old]
    lon, lat = 113.848, 28.149  # the plots of the tiny city
    n = 2**16
    column = int((lon + 180) / 360 * n)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    address = "/api/v1/layers/KG_DK/tiles/16/{}/{}.mvt"
    around = [(column + i, row + j) for i in range(-2, 3) for j in range(-2, 3)]

    def tiles(version):
        return [client.get(address.format(*spot) + f"?v={version}", headers=developer) for spot in around]

    olds, news = tiles(old), tiles(new)
    assert any(t.content for t in olds)
    assert any(a.content != b.content for a, b in zip(olds, news, strict=True))
    assert all("immutable" in t.headers["cache-control"] for t in olds)


def test_measure(client, developer):
    body = {"points": [[X, Y], [X + 30, Y], [X + 30, Y + 40]], "crs": 4547, "closed": True}
    found = client.post("/api/v1/map/measure", json=body, headers=developer).json()
    assert (found["area_m2"], found["length_m"], found["segments_m"]) == (600, 120, [30, 40, 50])
    assert client.post("/api/v1/map/measure", json=body).status_code == 401


def test_print_a_sheet(client, developer, city):
    answer = client.post("/api/v1/map/print", json=SHEET, headers=developer)
    assert answer.status_code == 200, answer.text
    text = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    for words in ("小城图", "比例尺 1:1000", "控规地块(map-new)", "TU-01", "EPSG:4547"):
        assert words in text, words
    older = client.post("/api/v1/map/print", json=SHEET | {"layers": f"KG_DK@{city[0]}"}, headers=developer)
    assert "map-old，非现行" in pypdf.PdfReader(io.BytesIO(older.content)).pages[0].extract_text()
    english = client.post("/api/v1/map/print", json=SHEET | {"lang": "en", "title": ""}, headers=developer)
    text = pypdf.PdfReader(io.BytesIO(english.content)).pages[0].extract_text()
    for words in ("Planning map", "Scale 1:1000", "Detailed plan plots (map-new)", "Residential", "3° zone"):
        assert words in text, words
    assert "Planning%20map-1-1000.pdf" in english.headers["content-disposition"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scale": 777}, "print_scale"),
        ({"paper": "B5"}, "print_paper"),
        ({"crs": 4490, "x": 113.8, "y": 28.1}, "print_crs"),
        ({"x": 9e9}, "CRS-OUTSIDE-AREA"),
        ({"layers": "KG_DK@x"}, "print_layer"),
        ({"layers": "KG_DK@999999"}, "unknown_version"),
    ],
)
def test_sheets_that_cannot_be_printed(client, developer, city, change, code):
    answer = client.post("/api/v1/map/print", json=SHEET | change, headers=developer)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == code, answer.text


def test_only_officers_seal_and_the_seal_holds(client, sign_in, developer, city):
    sealed_sheet = SHEET | {"seal": True}
    assert client.post("/api/v1/map/print", json=sealed_sheet, headers=developer).status_code == 403
    officer = sign_in(client, "signer")
    answer = client.post("/api/v1/map/print", json=sealed_sheet, headers=officer)
    assert answer.status_code == 200, answer.text
    report = seal.verify_pdf(answer.content, [seal.authority_from_settings().root])
    assert report.ok, report.problems
    token = browse(client, "signer")
    form = {k: str(v) for k, v in SHEET.items()} | {"csrf_token": token, "landscape": "true"}
    page = client.post("/map/print", data=form)
    assert page.status_code == 200 and page.headers["content-type"] == "application/pdf"


def test_a_plot_becomes_a_projects_site(client, developer, city):
    token = browse(client, "developer")
    fid = find(client, developer, "TU-01")["places"][0]["fid"]
    page = client.get(f"/map/plots/KG_DK/{fid}")
    assert page.status_code == 200 and "8,000.00" in page.text
    code = f"2601-439901-04-01-{uuid.uuid4().int % 10**6:06d}"
    form = {"csrf_token": token, "project": "new", "code": code, "name": "地块项目"}
    wrong = client.post(f"/map/plots/KG_DK/{fid}", data=form | {"code": "1"})
    assert wrong.status_code == 422 and "地块项目" in wrong.text
    done = client.post(f"/map/plots/KG_DK/{fid}", data=form)
    assert done.status_code == 303, done.text
    project = done.headers["location"].split("/")[2]
    reading = client.get(f"/api/v1/projects/{project}/boundary", headers=developer).json()["reading"]
    assert reading["area_m2"] == 8000 and reading["crs"] == 4547
    assert reading["source_name"] == "控规地块-TU-01 住宅-map-new.geojson"
    answer = client.post(
        f"/api/v1/projects/{project}/boundary/plot", json={"layer": "KG_DK", "fid": 999999}, headers=developer
    )
    assert answer.status_code == 404
    assert client.get("/map/plots/YJJBNT/1").status_code == 422


def test_the_page_stands_in_both_languages(client, city):
    browse(client, "developer")
    assert "图层清单" in client.get("/map").text
    client.get("/language/en")
    assert "Curtain" in client.get("/map").text
