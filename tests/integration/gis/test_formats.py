"""Layer data in every format a bureau may deliver gives the same layer."""

from __future__ import annotations

import datetime as dt
import zipfile

import geopandas
import pytest

from gis import service
from project_box.kernel.errors import BadInput

from .conftest import X, Y, rectangle

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)
DAY = dt.date(2026, 1, 1)


def frame(crs=4547):
    data = geopandas.GeoDataFrame(
        {"MC": ["样江", "石溪"]}, geometry=[rectangle(60, 0, 200, 80), rectangle(500, 0, 600, 80)], crs=4547
    )
    return data if crs == 4547 else data.to_crs(crs)


def packed(folder, stem, name):
    """A zip of all files of a set (or of a folder), in a sub-folder with a Chinese name."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.rglob("*")):
            relative = part.relative_to(folder)
            if part.is_file() and part != path and str(relative).startswith(stem):
                archive.write(part, f"数据/{relative}" if not stem.endswith(".gdb") else str(relative))
    return path


def gpkg(folder):
    frame().to_file(folder / "a.gpkg")
    return folder / "a.gpkg", None


def shp_gbk(folder):
    frame().to_file(folder / "a.shp", encoding="gbk")
    (folder / "a.cpg").unlink()
    return packed(folder, "a.", "a.zip"), None


def shp_bare(folder):
    frame().to_file(folder / "a.shp", encoding="utf-8")
    (folder / "a.prj").unlink()
    (folder / "a.shx").unlink()
    return folder / "a.shp", 4547


def geojson_member(folder):
    frame().to_file(folder / "a.geojson", driver="GeoJSON")
    return folder / "a.geojson", None


def geojson_degrees(folder):
    frame(4490).to_file(folder / "a.geojson", driver="GeoJSON")
    return folder / "a.geojson", None


def gml(folder):
    frame().to_file(folder / "a.gml", driver="GML")
    return folder / "a.gml", None


def flatgeobuf(folder):
    frame().to_file(folder / "a.fgb", driver="FlatGeobuf")
    return folder / "a.fgb", None


def geodatabase(folder):
    frame().to_file(folder / "a.gdb", driver="OpenFileGDB", layer="LX")
    return packed(folder, "a.gdb", "a.zip"), None


def kml(folder):
    frame(4326).to_file(folder / "a.kml", driver="KML")
    return folder / "a.kml", None


def mapinfo(folder):
    frame().to_file(folder / "a.tab", driver="MapInfo File", encoding="utf-8")
    return folder / "a.tab", 4547


@pytest.mark.parametrize(
    "make",
    [gpkg, shp_gbk, shp_bare, geojson_member, geojson_degrees, gml, flatgeobuf, geodatabase, kml, mapinfo],
    ids=lambda f: f.__name__,
)
def test_format(session, tmp_path, make):
    path, crs = make(tmp_path)
    row = service.import_layer(session, "LX", path, version="1", valid_from=DAY, crs=crs)
    assert (row.feature_count, row.repaired_count, row.dropped_count) == (2, 0, 0), row.issues
    assert row.check_crs == 4547
    entry = next(e for e in service.check_geometry(session, SITE, 4547).layers if e.code == "LX")
    assert entry.status == "hit"
    assert entry.overlap_m2 == pytest.approx(3200, abs=0.5)
    if make is not kml:
        assert entry.features[0].attributes["MC"] == "样江"


def test_several_layers_need_a_name(session, tmp_path):
    frame().to_file(tmp_path / "a.gpkg", layer="one")
    frame().to_file(tmp_path / "a.gpkg", layer="two")
    with pytest.raises(BadInput) as refused:
        service.import_layer(session, "LX", tmp_path / "a.gpkg", version="1", valid_from=DAY)
    assert "one" in refused.value.zh and refused.value.remedy
    with pytest.raises(BadInput):
        service.import_layer(session, "LX", tmp_path / "a.gpkg", version="1", valid_from=DAY, layer="three")
    assert (
        service.import_layer(
            session, "LX", tmp_path / "a.gpkg", version="1", valid_from=DAY, layer="two"
        ).feature_count
        == 2
    )


def test_lines_and_points_need_a_protection_distance(session, tmp_path):
    import shutil

    from shapely.geometry import LineString

    from gis.layers.layer import LayerCatalogue
    from gis.rules import CATALOGUE

    path = tmp_path / "rail.gpkg"
    geopandas.GeoDataFrame(
        {"MC": ["铁路"]}, geometry=[LineString([(X + 120, Y - 100), (X + 120, Y + 200)])], crs=4547
    ).to_file(path)
    with pytest.raises(BadInput):
        service.import_layer(session, "LVX", path, version="1", valid_from=DAY)
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    text = (folder / "layers" / "LVX.yaml").read_text(encoding="utf-8")
    (folder / "layers" / "RAIL.yaml").write_text(
        text.replace("code: LVX", "code: RAIL\nbuffer_m: 30"), encoding="utf-8"
    )
    catalogue = LayerCatalogue(folder)
    service.import_layer(session, "RAIL", path, version="1", valid_from=DAY, catalogue=catalogue)
    report = service.check_geometry(session, SITE, 4547, catalogue=catalogue)
    entry = next(e for e in report.layers if e.code == "RAIL")
    assert (entry.status, entry.overlap_m2) == ("hit", 800)
