"""Plan layers over HTTP: import, roll back, changes, differences, decisions, exports; who may do what."""

from __future__ import annotations

import io
import re

import geopandas
import openpyxl
import pytest

from gis.layers.progress import Progress, Stage
from project_box.kernel.errors import Conflict
from web.views import import_progress

from .conftest import packed, plots, post, rectangle

pytestmark = pytest.mark.integration


def test_versions_rollback_and_changes(client, sign_in, admin):
    extra = (rectangle(300, 0, 400, 100), {"DKBH": "B", "YDDM": "0901", "RJL_MAX": 1.0})
    second = post(client, admin, "KG_DK", plots(120, more=[extra]), "2", valid_from="2026-06-01")
    assert second.status_code == 201 and second.json()["source_name"] == "图层.gpkg"
    assert post(client, admin, "KG_DK", plots(120), "2").status_code == 409
    found = client.get("/api/v1/layers/KG_DK/changes?old=1&new=2", headers=admin).json()
    assert found["areas"]["geometry"]["gained_m2"] == pytest.approx(2000, abs=0.01)
    assert found["areas"]["added"]["new_m2"] == pytest.approx(10_000, abs=0.01)
    shapes = client.get("/api/v1/layers/KG_DK/changes.geojson?old=1&new=2", headers=admin).json()
    assert {f["properties"]["part"] for f in shapes["features"]} == {"gained"}
    page = client.get("/layers/KG_DK/changes?old=1&new=2", headers=admin)
    assert page.status_code == 200 and "data-show-shape" in page.text
    assert client.get("/layers/KG_DK/changes?old=1&new=nowhere", headers=admin).status_code == 404
    then = "/api/v1/layers/KG_DK/valid-on?date="
    assert client.get(f"{then}2026-03-01", headers=admin).json()["version"] == "1"
    assert client.get(f"{then}2026-07-01", headers=admin).json()["version"] == "2"
    back = client.post(
        "/api/v1/layers/KG_DK/activate", headers=admin, json={"version": "1", "reason": "新版有误"}
    )
    assert back.json()["current"] is True
    events = client.get("/api/v1/audit", headers=admin).json()["events"]
    assert events[0]["kind"] == "gis.layer.activated" and events[0]["payload"] == {
        "version": "1",
        "reason": "新版有误",
    }
    history = client.get("/layers/KG_DK", headers=admin).text
    assert "新版有误" in history and "恢复" in history
    form = {"version": "2"}
    assert client.post("/layers/KG_DK/activate", headers=admin, data=form).status_code == 422
    assert client.get("/api/v1/layers/KG_DK", headers=admin).json()["versions"][0]["current"] is False
    form["reason"] = "改正后重新启用"
    assert client.post("/layers/KG_DK/activate", headers=admin, data=form).status_code == 303
    assert "改正后重新启用" in client.get("/layers/KG_DK", headers=admin).text
    developer = sign_in(client, "developer")
    assert (
        client.post("/api/v1/layers/KG_DK/activate", headers=developer, json={"version": "2"}).status_code
        == 403
    )
    assert post(client, developer, "KG_DK", plots(1), "3").status_code == 403
    assert client.get("/layers", headers=developer).status_code == 200
    assert 'id="import"' not in client.get("/layers", headers=developer).text


def test_who_imports_sees_how_far_it_is_and_may_stop_it(client, sign_in, admin):
    token = "a" * 32
    address = f"/api/v1/layers/deliveries/{token}"
    assert client.get(f"{address}/progress", headers=admin).json() == {"stage": "none"}
    assert client.post(f"{address}/stop", headers=admin).json() == {"stopping": False}
    with pytest.raises(Conflict) as ended, import_progress.watched(token) as tell:
        tell(Progress(Stage.READING, 100, 60, 2, 0, 50))
        told = client.get(f"{address}/progress", headers=admin).json()
        counts = ("stage", "total", "read", "repaired", "dropped", "written")
        assert [told[name] for name in counts] == ["reading", 100, 60, 2, 0, 50]
        assert told["seconds"] >= 0 and told["seconds_left"] >= 0
        assert client.post(f"{address}/stop", headers=sign_in(client, "developer")).status_code == 403
        tell(Progress(Stage.READING, 100, 70, 2, 0, 60))
        assert client.post(f"{address}/stop", headers=admin).json() == {"stopping": True}
        tell(Progress(Stage.READING, 100, 80, 2, 0, 70))
    assert ended.value.code == "import_cancelled"
    assert client.get(f"{address}/progress", headers=admin).json() == {"stage": "none"}
    assert client.get("/api/v1/layers/deliveries/nowhere/progress", headers=admin).status_code == 404


def test_a_version_is_ended_by_form_and_call(client, sign_in, admin):
    ended = {"version": "1", "valid_to": "2026-03-31", "reason": "新规划已批准"}
    assert client.post("/layers/KG_DK/end", headers=admin, data=ended).status_code == 303
    page = client.get("/layers/KG_DK", headers=admin).text
    assert "有效期至 2026-03-31" in page and "新规划已批准" in page
    for wrong in ({"valid_to": "2025-01-01"}, {"valid_to": "soon"}, {"reason": " "}):
        answer = client.post("/layers/KG_DK/end", headers=admin, data=ended | wrong)
        assert answer.status_code == 422 and 'id="error-summary"' in answer.text
    call = {"version": "1", "reason": "延期"}
    assert client.post("/api/v1/layers/KG_DK/end", headers=admin, json=call).json()["valid_to"] is None
    assert "取消失效日期" in client.get("/layers/KG_DK", headers=admin).text
    developer = sign_in(client, "developer")
    assert client.post("/api/v1/layers/KG_DK/end", headers=developer, json=call).status_code == 403
    assert "/layers/KG_DK/end" not in client.get("/layers/KG_DK", headers=developer).text


def test_columns_of_other_names_are_mapped_by_form_and_call(client, admin):
    data = packed([(rectangle(0, 0, 90, 100), {"PLOT_NO": "甲-1", "USE": "0901", "FAR": 3.5})])
    sent = {"code": "KG_DK", "version": "2", "fields": "DKBH=PLOT_NO；YDDM = USE"}
    form = client.post("/layers", headers=admin, files={"file": ("a.gpkg", data)}, data=sent)
    assert form.status_code == 303, form.text
    found = client.get("/ogc/collections/KG_DK/items").json()["features"][0]["properties"]
    assert (found["DKBH"], found["YDDM"], found["FAR"]) == ("甲-1", "0901", 3.5)
    assert post(client, admin, "KG_DK", data, "3", fields="DKBH=PLOT_NO;RJL_MAX=FAR").status_code == 201
    assert client.get("/ogc/collections/KG_DK/items?RJL_MAX=3.5").json()["numberMatched"] == 1
    told = {"fields": "YDDM=USE", "codes": "YDDM:0901=07；YDDM:X=09"}
    assert post(client, admin, "KG_DK", data, "4", **told).status_code == 201
    assert client.get("/ogc/collections/KG_DK/items?YDDM=07").json()["numberMatched"] == 1
    assert (
        post(client, admin, "KG_DK", data, "5", codes="YDDM=07").json()["error"]["code"] == "malformed_option"
    )
    assert post(client, admin, "KG_DK", data, "5", codes="NO:1=07").json()["error"]["code"] == "unknown_field"
    for wrong in ("DKBH", "DKBH=NO_SUCH", "NO_SUCH=PLOT_NO"):
        answer = client.post(
            "/layers",
            headers=admin,
            files={"file": ("a.gpkg", data)},
            data=sent | {"version": "5", "fields": wrong},
        )
        assert answer.status_code == 422 and 'href="#fields"' in answer.text and wrong in answer.text


def test_a_delivery_is_looked_at_and_its_codes_are_matched(client, sign_in, admin):
    """Upload, choose columns and codes by select, import; the next delivery is proposed the same."""
    zones = ("R2", "c1", "0701", "U9", None, "R2")
    data = packed(
        [
            (rectangle(300 * i, 0, 300 * i + 100, 100), {"NUMBER": f"P{i}", "ZONE": zone})
            for i, zone in enumerate(zones)
        ]
    )

    def upload(who=admin, **typed):
        files = {"file": ("交付.gpkg", data)}
        return client.post("/layers/look", headers=who, data={"code": "KG_DK"} | typed, files=files)

    assert upload(sign_in(client, "developer")).status_code == 403
    kept = upload(version="looked").headers["location"]
    page = client.get(kept, headers=admin).text
    assert "ZONE · R2、c1、0701" in page and 'name="meant.' not in page
    address, form = kept.partition("?")[0], {"code": "KG_DK", "field.DKBH": "NUMBER", "field.YDDM": "ZONE"}
    page = client.post(address, headers=admin, data=form | {"act": "look"}).text
    values = dict(re.findall(r'name="(written\.YDDM\.\d+)" value="([^"]+)"', page))
    assert sorted(values.values()) == ["0701", "R2", "U9", "c1"] and page.count(">不认得<") == 3
    meant = {"R2": "07", "c1": "09"}
    form |= values | {k.replace("written", "meant"): meant.get(v, "") for k, v in values.items()}
    refused = client.post(address, headers=admin, data=form | {"act": "import"})
    assert refused.status_code == 422 and 'href="#version"' in refused.text
    assert '<option value="09" selected>' in refused.text
    assert client.post(address, headers=admin, data=form | {"act": "import", "version": "looked"}).is_redirect
    assert client.get(kept, headers=admin).status_code == 404
    features = client.get("/ogc/collections/KG_DK/items?f=json", headers=admin).json()["features"]
    assert [f["properties"]["YDDM"] for f in features] == ["07", "09", "0701", "U9", None, "07"]
    assert [f["properties"]["class"] for f in features] == ["07", "09", "07", None, None, "07"]
    shown = client.get("/layers/KG_DK", headers=admin).text
    assert "<code>DKBH</code> ← <code>NUMBER</code>" in shown and "<code>YDDM</code> R2 → 07" in shown
    again = client.get(upload().headers["location"], headers=admin).text
    assert "已套用版本 looked" in again and '<option value="09" selected>' in again
    files = {"file": ("交付.gpkg", data)}
    seen = client.post("/api/v1/layers/KG_DK/look", headers=admin, files=files).json()
    assert [f["column"] for f in seen["fields"][:2]] == ["NUMBER", "ZONE"] and seen["saved_from"] == "looked"
    become = {v["value"]: (v["features"], v["becomes"]) for v in seen["codes"][0]["values"]}
    assert become == {"R2": (2, "07"), "c1": (1, "09"), "0701": (1, "07"), "U9": (1, None)}


def test_the_folders_of_a_kml_are_chosen_or_taken_as_one(client, admin):
    ring = "114,28 114.001,28 114.001,28.001 114,28"
    line = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    place = f"<Polygon><outerBoundaryIs>{line}</outerBoundaryIs></Polygon>"
    folders = "".join(
        f"<Folder><name>{name}</name><Placemark>{place}</Placemark></Folder>" for name in ("一期", "二期")
    )
    files = {"file": ("a.kml", f"<kml><Document>{folders}</Document></kml>".encode())}
    kept = client.post("/layers/look", headers=admin, data={"code": "LX"}, files=files).headers["location"]
    page = client.get(kept, headers=admin).text
    assert "<option>二期</option>" in page and '<option value="*">全部图层，合并导入</option>' in page
    page = client.get(f"{kept.partition('?')[0]}?code=LX&layer=*", headers=admin).text
    assert "图层 · 一期、二期" in page


def test_a_refused_upload_says_why_and_keeps_what_was_typed(client, admin):
    answer = client.post(
        "/layers",
        headers=admin,
        files={"file": ("a.csv", b'id,WKT\n1,"POLYGON((0 0,1 0,1 1,0 0))"\n')},
        data={"code": "LX", "version": "试行版"},
    )
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.text and "试行版" in answer.text and "坐标系" in answer.text
    assert client.get("/api/v1/layers/LX", headers=admin).json()["versions"] == []
    broken = post(client, admin, "LX", b"no data at all", "1")
    assert broken.status_code == 422 and broken.json()["error"]["remedy"]


def test_decisions_over_http(client, sign_in, admin, tmp_path):
    farmland = packed([(rectangle(50, 0, 90, 100), {"YJJBNTTBBH": "N1"})])
    assert post(client, admin, "YJJBNT", farmland, "1").status_code == 201
    address = "/api/v1/differences/KG_DK/YJJBNT"
    found = client.get(address, headers=admin).json()
    code = found["differences"][0]["code"]
    entry = {"polygon": code, "verdict": "keep_b", "reason": "=1+1 永农优先"}
    developer = sign_in(client, "developer")
    assert client.post(f"{address}/decisions", headers=developer, json=entry).status_code == 403
    planner = sign_in(client, "planner")
    assert client.post(f"{address}/decisions", headers=planner, json=entry).status_code == 201
    both = client.post(f"{address}/decisions", headers=planner, json=entry | {"polygons": [code]}).json()
    assert [d["polygon"] for d in both["decisions"]] == [code]
    again = client.get(address, headers=developer).json()
    assert again["differences"][0]["decision"]["verdict"] == "keep_b"
    page = client.get("/map/differences?a=KG_DK&b=YJJBNT", headers=planner)
    assert page.status_code == 200 and "永农优先" in page.text and f'id="d-{code}"' in page.text
    assert 'name="verdict"' not in client.get("/map/differences?a=KG_DK&b=YJJBNT", headers=developer).text
    sheet = client.get(f"{address}/export?format=xlsx", headers=developer)
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.content))["差异图斑"].iter_rows(values_only=True))
    assert rows[2][1] == code and rows[2][8] == "=1+1 永农优先" and rows[2][6] == 4000
    package = client.get(f"{address}/export?format=gpkg", headers=developer)
    (tmp_path / "d.gpkg").write_bytes(package.content)
    frame = geopandas.read_file(tmp_path / "d.gpkg", layer="differences")
    assert frame.crs.to_epsg() == 4547 and frame.geometry.area.sum() == pytest.approx(4000)


def test_a_decision_by_form(client, admin):
    farmland = packed([(rectangle(50, 0, 90, 100), {"YJJBNTTBBH": "N1"})])
    post(client, admin, "YJJBNT", farmland, "1")
    address = "/map/differences?a=KG_DK&b=YJJBNT"
    code = re.search(r'id="d-(\w+)"', client.get(address, headers=admin).text).group(1)
    form = {"a": "KG_DK", "b": "YJJBNT", "relation": "overlap", "polygon": code, "verdict": "amend"}
    refused = client.post("/map/differences", headers=admin, data=form | {"reason": " "})
    assert refused.status_code == 422 and "请写明理由" in refused.text
    done = client.post("/map/differences", headers=admin, data=form | {"reason": "核对后修改"})
    assert done.status_code == 303 and done.headers["location"].endswith(f"#d-{code}")
    assert "核对后修改" in client.get(address, headers=admin).text
    none = client.post("/map/differences", headers=admin, data=form | {"polygon": [], "reason": "一并"})
    assert none.status_code == 422 and "请先勾选图斑" in none.text
    assert client.get("/map/differences?a=KG_DK&b=KG_DK", headers=admin).status_code == 422
    assert client.get("/map/differences", headers=admin).status_code == 200
    assert client.get("/map/differences?preset=roads-on-green", headers=admin).status_code == 404


def test_sld_over_http(client, sign_in):
    headers = sign_in(client, "developer")
    answer = client.get("/api/v1/layers/KG_DK/sld?version=1.1.0", headers=headers)
    assert answer.headers["content-type"] == "application/vnd.ogc.sld+xml" and b"#ffe66d" in answer.content
    assert client.get("/api/v1/layers/NONE/sld", headers=headers).status_code == 404
