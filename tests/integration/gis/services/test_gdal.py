"""GDAL reads the feature service as GIS programs do, from a server of its own process."""

from __future__ import annotations

import pyogrio
import pytest
import shapely

from gis import crs as crs_module
from tests.own_server import own_server

from .conftest import get

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(town):
    with own_server(town.url) as base:
        yield f"{base}/ogc"


def test_gdal_lists_and_reads_collections(address, client):
    listed = {name for name, _ in pyogrio.list_layers(f"OAPIF:{address}")}
    assert listed == {"KG_DK"}
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK")
    there = get(client, "/collections/KG_DK/items", limit=10_000)
    assert len(frame) == there["numberMatched"]
    assert set(frame["DKBH"]) == {f["properties"]["DKBH"] for f in there["features"]}
    assert frame.crs.to_epsg() == 4547  # GDAL asks for the storage CRS
    first = crs_module.transform(frame.geometry.iloc[0], 4547, 4326)
    assert first.hausdorff_distance(shapely.geometry.shape(there["features"][0]["geometry"])) < 1e-7


def test_gdal_signs_in_for_the_others(address):
    assert (
        pyogrio.read_info(f"OAPIF:{address}", layer="ZD", USERPWD="developer:demo-developer")["features"] > 0
    )
    with pytest.raises(Exception, match=r"(?i)HTTP error code : 401|401|not found|could not"):
        pyogrio.read_info(f"OAPIF:{address}/collections/ZD")


@pytest.mark.parametrize("code", [4547, 4490])
def test_gdal_reads_in_other_crs_with_axes_right(address, client, code):
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", CRS=f"EPSG:{code}")
    assert frame.crs.to_epsg() == code
    degrees = shapely.geometry.shape(get(client, "/collections/KG_DK/items/1")["geometry"])
    assert crs_module.transform(frame.geometry.iloc[0], code, 4326).hausdorff_distance(degrees) < 1e-7


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("YDDM = '0701' AND RJL_MAX > 1.5", lambda p: p["YDDM"] == "0701" and (p["RJL_MAX"] or 0) > 1.5),
        ("DKBH ILIKE 'A-0%' OR DKBH = 'x ILIKE ''y'", lambda p: p["DKBH"].lower().startswith("a-0")),
        ("NOT (RJL_MAX >= 2) AND RJL_MIN IS NULL", lambda p: (p["RJL_MAX"] or 9) < 2),
    ],
)
def test_gdal_leaves_filters_to_the_server(address, plots, capfd, written, meant):
    pyogrio.set_gdal_config_options({"CPL_DEBUG": "OAPIF"})
    try:
        frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", where=written)
    finally:
        pyogrio.set_gdal_config_options({"CPL_DEBUG": None})
    told = capfd.readouterr().err
    assert "CQL text detected" in told and "evaluated on client side" not in told
    assert sorted(frame["DKBH"]) == sorted(f["properties"]["DKBH"] for f in plots if meant(f["properties"]))


def test_gdal_reads_what_a_filter_and_a_box_leave(address, plots):
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", where="YDDM LIKE '07%' AND RJL_MAX > 2")
    meant = [
        f for f in plots if f["properties"]["YDDM"].startswith("07") and (f["properties"]["RJL_MAX"] or 0) > 2
    ]
    assert sorted(frame["DKBH"]) == sorted(f["properties"]["DKBH"] for f in meant)
    box = crs_module.transform(
        shapely.geometry.shape(plots[0]["geometry"]), 4326, 4547
    ).bounds  # in GDAL's CRS
    inside = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", bbox=box)
    assert 0 < len(inside) < len(plots) and plots[0]["properties"]["DKBH"] in set(inside["DKBH"])
