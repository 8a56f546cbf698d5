"""Plan against plan, and version against version."""

from __future__ import annotations

import pytest

from gis.differences import difference_service, version_change_service
from gis.differences.differences import Relation
from project_box.kernel.errors import BadInput, NotFound

from .conftest import rectangle

pytestmark = pytest.mark.integration


def plot(number, code, shape, far=2.0):
    return shape, {"DKBH": number, "YDDM": code, "YDMC": "", "RJL_MAX": far}


@pytest.fixture
def plans(load):
    load(
        "KG_DK",
        [
            plot("A", "070102", rectangle(0, 0, 100, 100)),
            plot("B", "0701", rectangle(150, 0, 250, 100)),
            plot("C", "1001", rectangle(300, 0, 400, 100)),
        ],
    )
    load("CZKFBJ", [(rectangle(-1000, -1000, 200, 1000), {"GHFQDM": "110", "GHFQMC": "集中建设区"})])
    load("YJJBNT", [(rectangle(90, 0, 160.02, 50), {"YJJBNTTBBH": "N1"})])


def test_residential_plots_outside_the_development_boundary(session, plans):
    found = difference_service.diff_layers(
        session, "KG_DK", "CZKFBJ", relation=Relation.OUTSIDE, class_a="07*"
    )
    assert [(d["a"]["label"].split()[0], d["area_m2"]) for d in found["differences"]] == [("B", 5000)]
    assert found["differences"][0]["geometry"]["type"] == "Polygon"
    assert [(r["class_a_name"], r["count"], r["area_m2"]) for r in found["by_class"]] == [
        ("居住用地", 1, 5000)
    ]
    every = difference_service.diff_layers(session, "KG_DK", "CZKFBJ", relation=Relation.OUTSIDE)
    assert every["count"] == 2 and every["area_m2"] == 15_000


def test_overlap_in_pairs_by_class(session, plans):
    found = difference_service.diff_layers(session, "YJJBNT", "KG_DK")
    assert [(d["b"]["label"].split()[0], d["area_m2"]) for d in found["differences"]] == [
        ("B", 501.0),
        ("A", 500.0),
    ]
    again = difference_service.diff_layers(session, "YJJBNT", "KG_DK")
    assert again == found
    turned = difference_service.diff_layers(session, "KG_DK", "YJJBNT", class_a="0701*")
    assert turned["area_m2"] == found["area_m2"]


def test_a_sliver_is_no_difference(session, load):
    load("YJJBNT", [(rectangle(0, 0, 100, 100), {"YJJBNTTBBH": "N1"})])
    load("STBHHX", [(rectangle(99.98, 0, 200, 100), {"HXMC": "红线"})])
    assert difference_service.diff_layers(session, "YJJBNT", "STBHHX")["count"] == 0


def test_what_cannot_be_compared(session, plans):
    with pytest.raises(BadInput):
        difference_service.diff_layers(session, "KG_DK", "KG_DK")
    with pytest.raises(NotFound):
        difference_service.diff_layers(session, "KG_DK", "ZX")
    with pytest.raises(NotFound):
        version_change_service.layer_changes(session, "KG_DK", "2026.1", "none")


def test_changes_between_versions(session, load):
    load(
        "KG_DK",
        [
            plot("A", "0701", rectangle(0, 0, 100, 100)),
            plot("B", "0701", rectangle(100, 0, 200, 100)),
            plot("C", "0701", rectangle(200, 0, 300, 100)),
            plot("D", "0701", rectangle(300, 0, 400, 100)),
        ],
        version="1",
    )
    load(
        "KG_DK",
        [
            plot("D", "0701", rectangle(300, 0, 400, 100).reverse()),
            plot("A", "0701", rectangle(0, 0, 100, 100), far=2.5),
            plot("B", "0701", rectangle(100, 0, 200, 110)),
            plot("E", "0901", rectangle(500, 0, 600, 100)),
        ],
        version="2",
    )
    found = version_change_service.layer_changes(session, "KG_DK", "1", "2")
    assert found["key"] == "DKBH"
    assert found["counts"] == {
        "added": 1,
        "removed": 1,
        "geometry": 1,
        "attributes": 1,
        "both": 0,
        "features_old": 4,
        "features_new": 4,
    }
    assert found["area_change_m2"] == pytest.approx(1000, abs=0.01)
    changed = {c["kind"]: c for c in found["changes"]}
    assert changed["attributes"]["fields"] == [{"field": "RJL_MAX", "old": 2.0, "new": 2.5}]
    assert changed["geometry"]["label"].startswith("B") and changed["geometry"]["old"]["geometry"]
    assert changed["removed"]["label"].startswith("C") and changed["added"]["label"].startswith("E")
    assert not any(version_change_service.layer_changes(session, "KG_DK", "2", "2")["changes"])
