"""Site selection on imported layers, over service, API and page."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from shapely import affinity

from gis.planning import site_selection_service as selection
from gis.planning.site_selection import Search
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound

from .conftest import X, Y, rectangle

pytestmark = pytest.mark.integration


@pytest.fixture
def city(load):
    """Four plots, a road, farmland on one plot, slopes on two."""
    plots = [
        (rectangle(0, 0, 100, 80), {"DKBH": "A-1", "YDDM": "0701", "YDMC": "住宅", "RJL_MAX": 2.5}),
        (rectangle(0, 300, 100, 380), {"DKBH": "A-2", "YDDM": "0701", "YDMC": "住宅", "RJL_MAX": 2.5}),
        (rectangle(200, 0, 300, 80), {"DKBH": "A-3", "YDDM": "0701", "YDMC": "住宅", "RJL_MAX": 2.5}),
        (rectangle(400, 0, 500, 80), {"DKBH": "B-1", "YDDM": "1001", "YDMC": "工业", "RJL_MAX": 1.2}),
    ]
    load("KG_DK", plots)
    load("DLHX", [(rectangle(-100, -30, 600, -10), {"DLMC": "一路"})])
    load("YJJBNT", [(rectangle(250, 0, 260, 80), {"DLMC": "水田"})])
    for code in ("STBHHX", "ZRBHD", "LVX", "LX", "WWBH", "YYSY"):
        load(code, [(rectangle(5000, 5000, 5010, 5010), {"MC": "远处"})])


def labels(answer, group="candidates"):
    return [c["label"] for c in answer[group]]


def test_ranked_with_reasons_and_exclusions(session, city):
    search = Search.model_validate({"uses": ["07"], "distances": [{"layer": "DLHX", "most_m": 500}]})
    answer = selection.select_sites(session, search)
    assert labels(answer) == ["A-1 住宅", "A-2 住宅"]
    assert answer["candidates"][0]["score"] > answer["candidates"][1]["score"]
    assert {c["label"]: c["reasons"][0] for c in answer["excluded"]}.keys() == {"A-3 住宅", "B-1 工业"}
    farmland = next(c for c in answer["excluded"] if c["label"] == "A-3 住宅")
    assert "永久基本农田 800.00 ㎡" in farmland["reasons"][0]
    distance = next(m for m in answer["candidates"][0]["criteria"] if m["criterion"] == "distance")
    assert distance["value"] == "10.0 m" and distance["points"] == pytest.approx(0.98)
    assert answer["versions"]["KG_DK"] == "2026.1"


def test_slope_is_undecided_until_its_layer_is_loaded(session, city, load):
    search = Search(uses=("07",), slope_max=2)
    assert {c["outcome"] for c in selection.select_sites(session, search)["candidates"]} == {"undecided"}
    load(
        "PDFJ",
        [(rectangle(-100, -100, 600, 200), {"PDJB": 1}), (rectangle(-100, 200, 600, 500), {"PDJB": 4})],
    )
    answer = selection.select_sites(session, search)
    assert labels(answer) == ["A-1 住宅"] and "A-2 住宅" in labels(answer, "excluded")


def test_every_criterion_is_what_geopandas_finds(session, load):
    rng = np.random.default_rng(11)

    def blobs(count, size):
        spots, widths = rng.uniform(0, 1500, (count, 2)), rng.uniform(0.5, 2, count) * size
        turned = zip(spots, widths, rng.uniform(0, 90, count), strict=True)
        return [affinity.rotate(rectangle(x, y, x + w, y + size), a) for (x, y), w, a in turned]

    plots = geopandas.GeoDataFrame(
        {"DKBH": [f"P{n}" for n in range(60)], "YDDM": rng.choice(["0701", "070102", "0901"], 60),
         "RJL_MAX": rng.uniform(1, 4, 60).round(2)}, geometry=blobs(60, 60), crs=4547,
    )  # fmt: skip
    farmland, red, roads = blobs(25, 90), blobs(15, 120), blobs(6, 30)
    slopes = [rectangle(x, -500, x + 250, 2500) for x in range(-500, 2500, 250)]
    classes = [int(c) for c in rng.integers(1, 5, len(slopes))]
    load("KG_DK", list(zip(plots.geometry, plots.drop(columns="geometry").to_dict("records"), strict=True)))
    load("YJJBNT", [(g, {"DLMC": "水田"}) for g in farmland])
    load("STBHHX", [(g, {"HXMC": "红线"}) for g in red])
    load("DLHX", [(g, {"DLMC": "路"}) for g in roads])
    load("PDFJ", [(g, {"PDJB": c}) for g, c in zip(slopes, classes, strict=True)])
    for code in ("ZRBHD", "LVX", "LX", "WWBH", "YYSY"):
        load(code, [(rectangle(9000, 9000, 9010, 9010), {"MC": "远处"})])
    search = {"area_min": 3000, "uses": ["0701"], "far_min": 1.5, "slope_max": 3, "forbidden_share": 0.3,
              "distances": [{"layer": "DLHX", "most_m": 400}]}  # fmt: skip
    answer = selection.select_sites(session, Search.model_validate(search | {"limit": 500}))
    forbidden = shapely.union_all(roads + farmland + red)
    want = {}
    for plot in plots.itertuples():
        slope = max(c for g, c in zip(slopes, classes, strict=True) if g.intersection(plot.geometry).area > 1)
        far = plot.geometry.distance(shapely.union_all(roads))
        share = plot.geometry.intersection(forbidden).area / plot.geometry.area
        kept = plot.geometry.area >= 3000 and plot.YDDM.startswith("0701") and plot.RJL_MAX >= 1.5
        if kept and slope <= 3 and share <= 0.3 and far <= 400:
            want[plot.DKBH] = (f"{slope} 级", f"{far:,.1f} m", f"{share:.2%}")
    got = {}
    for c in answer["candidates"]:
        assert c["outcome"] == "pass"
        said = {m["criterion"]: m["value"] for m in c["criteria"]}
        got[c["label"].split()[0]] = (said["slope"], said["distance"], said["forbidden"])
    assert len(want) >= 3
    assert got == want
    scores = [c["score"] for c in answer["candidates"]]
    assert scores == sorted(scores, reverse=True)


def test_free_cells(session, city):
    search = Search.model_validate({"cell_m": 50, "extent": [X, Y, X + 300, Y + 80]})
    answer = selection.select_sites(session, search)
    assert answer["counts"]["looked_at"] == 6
    assert len(answer["excluded"]) == 1  # the one with the farmland
    with pytest.raises(BadInput):
        selection.select_sites(session, search.model_copy(update={"cell_m": 0.1}))


def test_a_candidate_becomes_a_project(session, actors, city):
    search = Search(uses=("07",))
    answer = selection.select_sites(session, search)
    keys = {c["label"]: c["key"] for c in [*answer["candidates"], *answer["excluded"]]}
    project, result = selection.make_project(
        session,
        actors["developer"],
        search,
        keys["A-1 住宅"],
        code="2601-439901-04-01-888001",
        name="策划一号",
    )
    boundary = box.latest_result(session, actors["developer"], project.id, "boundary")
    assert boundary is not None and float(boundary.payload["area_m2"]) == pytest.approx(8000, abs=0.01)
    assert result.payload["candidate"]["label"] == "A-1 住宅"
    again = {"code": "2601-439901-04-01-888002", "name": "策划二号"}
    with pytest.raises(Conflict) as refused:
        selection.make_project(session, actors["developer"], search, keys["A-3 住宅"], **again)
    assert "永久基本农田" in refused.value.zh
    with pytest.raises(NotFound):
        selection.make_project(session, actors["developer"], search, "KG_DK:999", **again)


def test_page_and_api_say_what_is_wrong(client, sign_in):
    headers = sign_in(client, "developer")
    answer = client.post("/api/v1/selection", json={"area_min": "x"}, headers=headers)
    assert answer.status_code == 422 and answer.json()["error"]["place"] == "area_min"
    answer = client.get("/selection?area_min=viel", headers=headers)
    assert answer.status_code == 422 and "不是数字" in answer.text
    assert client.get("/selection", headers=headers).status_code == 200
