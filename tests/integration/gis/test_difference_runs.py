"""差异图斑 are computed once for two versions, by the worker where layers are large, a few pieces at a time."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from shapely.affinity import rotate

from gis.differences import difference_run, difference_service, difference_store
from gis.differences.difference_pages import Filter
from gis.differences.difference_service import Asked, ask
from gis.differences.differences import Relation
from gis.models import DifferenceRun
from project_box.kernel.errors import BadInput
from web.worker import take_comparison

from .conftest import X, Y, packed, post, rectangle

pytestmark = pytest.mark.integration


@pytest.fixture
def uneven(load):
    """A grid of plots, two of them of many vertices, under a tilted grid with holes; no layer overlaps itself."""
    rng = np.random.default_rng(5)
    plots = [rectangle(x, y, x + 50, y + 40) for x in range(0, 300, 50) for y in range(0, 200, 40)]
    wide = shapely.Point(X + 400, Y + 100).buffer(80, quad_segs=120)
    uses = [
        rotate(rectangle(x, y, x + 90, y + 90), 20, origin=(X, Y))
        for x in range(0, 540, 90)
        for y in range(-180, 270, 90)
    ]
    uses = [g for n, g in enumerate(uses) if n % 4]
    first = [(g, str(rng.choice(["0701", "0901"]))) for g in [*plots, wide]]
    second = [(g, str(rng.choice(["0701", "0901"]))) for g in uses]
    load("KG_DK", [(g, {"DKBH": f"P{n}", "YDDM": c}) for n, (g, c) in enumerate(first)])
    load("ZGYT", [(g, {"YDDM": c}) for g, c in second])
    a = geopandas.GeoDataFrame(
        {"fid_a": range(len(first)), "class_a": [c for _, c in first]},
        geometry=[g for g, _ in first],
        crs=4547,
    )
    b = geopandas.GeoDataFrame(
        {"fid_b": range(len(second)), "class_b": [c for _, c in second]},
        geometry=[g for g, _ in second],
        crs=4547,
    )
    return a, b


@pytest.mark.parametrize("relation", list(Relation))
def test_chunks_put_together_are_what_geopandas_finds(session, uneven, monkeypatch, relation):
    monkeypatch.setattr(difference_run, "CHUNK", 3)
    monkeypatch.setattr(difference_run, "BESIDE", 2)
    a, b = uneven
    found = difference_service.diff_layers(session, "KG_DK", "ZGYT", relation=relation)
    how = "difference" if relation is Relation.OUTSIDE else "intersection"
    want = geopandas.overlay(a, b, how=how).explode(ignore_index=True)
    if relation is Relation.MISMATCH:
        want = want[want.class_a != want.class_b]
    kept = want[(want.area >= found["slivers"]["minimum_m2"])]
    assert found["count"] == len(kept) > 10
    assert [d["number"] for d in found["differences"]] == list(range(1, found["count"] + 1))
    areas = [d["area_m2"] for d in found["differences"]]
    assert areas == pytest.approx(sorted(kept.area, reverse=True), abs=0.006)
    assert sum(r["area_m2"] for r in found["by_class"]) == pytest.approx(found["area_m2"], abs=0.01)


def test_a_run_is_kept_until_a_version_changes(session, load, monkeypatch):
    load("KG_DK", [(rectangle(0, 0, 100, 100), {"DKBH": "A", "YDDM": "0701"})])
    load("YJJBNT", [(rectangle(50, 0, 150, 100), {"YJJBNTTBBH": "N1"})])
    first = ask(session, Asked("KG_DK", "YJJBNT"))
    assert first.ready
    monkeypatch.setattr(difference_service, "carry_out", None)  # nothing is computed again
    assert ask(session, Asked("KG_DK", "YJJBNT")).run.id == first.run.id
    monkeypatch.undo()
    load("YJJBNT", [(rectangle(60, 0, 150, 100), {"YJJBNTTBBH": "N1"})], version="2")
    again = ask(session, Asked("KG_DK", "YJJBNT"))
    assert again.run.id != first.run.id
    assert difference_service.diff_layers(session, "KG_DK", "YJJBNT")["area_m2"] == 4000


def test_large_layers_are_left_to_the_worker(client, database, admin, monkeypatch):
    farmland = packed([(rectangle(50, 0, 90, 100), {"YJJBNTTBBH": "N1"})])
    assert post(client, admin, "YJJBNT", farmland, "1").status_code == 201
    monkeypatch.setattr(difference_service, "AT_ONCE", 0)
    address, page = "/api/v1/differences/KG_DK/YJJBNT", "/map/differences?a=KG_DK&b=YJJBNT"
    waiting = client.get(address, headers=admin)
    assert waiting.status_code == 202 and waiting.json()["state"] == "waiting"
    shown = client.get(page, headers=admin)
    assert shown.status_code == 200 and "<progress" in shown.text
    assert client.get(f"{address}/export", headers=admin).status_code == 409
    with database.transaction() as session:
        (number,) = session.query(DifferenceRun.id).where(DifferenceRun.state == "waiting").one()
    take_comparison(database, number)
    assert client.get(f"{address}/state", headers=admin).json()["state"] == "done"
    assert client.get(address, headers=admin).json()["area_m2"] == 4000
    assert "<progress" not in client.get(page, headers=admin).text


def test_a_run_overtaken_by_a_new_version_says_so(database, client, admin, monkeypatch):
    farmland = packed([(rectangle(50, 0, 90, 100), {"YJJBNTTBBH": "N1"})])
    post(client, admin, "YJJBNT", farmland, "1")
    monkeypatch.setattr(difference_service, "AT_ONCE", 0)
    with database.transaction() as session:
        number = ask(session, Asked("KG_DK", "YJJBNT")).run.id
    post(client, admin, "YJJBNT", farmland, "2")
    take_comparison(database, number)
    with database.transaction() as session:
        row = session.get_one(DifferenceRun, number)
        assert row.state == "failed" and "版本" in row.error["message"] and row.error["remedy"]
    again = client.post("/map/differences/again", headers=admin, data={"a": "KG_DK", "b": "YJJBNT"})
    assert again.status_code == 303 and "KG_DK" in again.headers["location"]
    shown = client.get(again.headers["location"], headers=admin)
    assert shown.status_code == 200 and "<progress" in shown.text


def test_a_failed_run_is_tried_again_by_a_button(database, client, admin, monkeypatch):
    farmland = packed([(rectangle(50, 0, 90, 100), {"YJJBNTTBBH": "N1"})])
    post(client, admin, "YJJBNT", farmland, "1")
    monkeypatch.setattr(difference_service, "AT_ONCE", 0)
    with database.transaction() as session:
        number = ask(session, Asked("KG_DK", "YJJBNT")).run.id
        difference_service.fail(session, number, BadInput("坏了", "broken", remedy="再试", remedy_en="try"))
    page = client.get("/map/differences?a=KG_DK&b=YJJBNT", headers=admin)
    assert "坏了" in page.text and 'action="/map/differences/again"' in page.text
    told = client.post("/api/v1/differences/KG_DK/YJJBNT/again", headers=admin).json()
    assert (told["state"], told["error"]) == ("waiting", None)


def test_pages_and_sums_are_those_of_the_whole_list(session, load):
    """Every way of narrowing gives the same number, area and pages as counting one by one."""
    plots = [
        (rectangle(30 * n, 0, 30 * n + 20 + n % 4, 50), {"DKBH": str(n), "YDDM": f"0{7 + n % 3}01"})
        for n in range(30)
    ]
    load("KG_DK", plots)
    load("YJJBNT", [(rectangle(-10, 10, 1000, 40), {"YJJBNTTBBH": "N"})])
    pair = ask(session, Asked("KG_DK", "YJJBNT"), wait=True)
    every = difference_store.polygons(session, pair.run.id, sliver=False, wanted=Filter(), most=None)
    assert [d["number"] for d in every] == list(range(1, 31))
    some = tuple(d["code"] for d in every[2:20:3])
    use = {d["number"]: f"0{7 + int(d['label_a']) % 3}01" for d in every}
    for wanted, meant in (
        (Filter(), lambda d: True),
        (Filter(codes=some), lambda d: d["code"] in some),
        (Filter(without=some), lambda d: d["code"] not in some),
        (Filter(values_a=("0701",)), lambda d: use[d["number"]] == "0701"),
        (Filter(values_a=("0701", "0901"), without=some),
         lambda d: use[d["number"]] != "0801" and d["code"] not in some),
        (Filter(kinds=("07", None)), lambda d: (d["class_a"], d["class_b"]) == ("07", None)),
        (Filter(values_a=()), lambda d: False),
    ):  # fmt: skip
        chosen = difference_store.polygons(session, pair.run.id, sliver=False, wanted=wanted, most=None)
        assert chosen == [d for d in every if meant(d)]
        paged = [
            d["number"]
            for skip in range(0, len(chosen) + 4, 4)
            for d in difference_store.polygons(
                session, pair.run.id, sliver=False, wanted=wanted, most=4, skip=skip
            )
        ]
        assert paged == [d["number"] for d in chosen]
        sums = difference_store.totals(session, pair.run.id, sliver=False, wanted=wanted)
        assert sum(count for *_, count, _ in sums) == len(chosen)
        assert sum(m2 for *_, m2 in sums) == pytest.approx(sum(d["area_m2"] for d in chosen))
