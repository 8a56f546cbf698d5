"""Layer data as strangers hand it in: drawings, XPlanung, odd coordinate systems, odd geometry."""

from __future__ import annotations

import datetime as dt
import resource
import shutil
import struct
import zipfile

import geopandas
import numpy as np
import pandas
import pyogrio
import pyproj
import pytest
import shapely
from ezdxf.filemanagement import new as new_drawing
from sqlalchemy import text

from gis import service
from gis.deliveries.batches import read_batches
from gis.deliveries.fields import match_fields
from gis.deliveries.source import open_source
from gis.layers.layer import LayerCatalogue, layer_catalogue
from gis.rules import CATALOGUE
from gis.source_crs import parse_crs
from project_box.kernel.errors import BadInput
from tests.jet4 import Table, geodatabase, ring_shape

from .conftest import X, Y, rectangle
from .handing_in import frame, read, refused, said

pytestmark = pytest.mark.integration
DAY = dt.date(2026, 1, 1)


def test_a_projection_of_its_own_is_followed(tmp_path):
    own = "+proj=tmerc +lat_0=0 +lon_0=113.5 +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m"
    frame().set_crs(own, allow_override=True).to_file(tmp_path / "a.gpkg")
    source, (batch,) = read(tmp_path / "a.gpkg")
    assert source.crs == 4490 and "CRS-CONVERTED" in said([batch])
    east, north = pyproj.Transformer.from_crs(own, 4490, always_xy=True).transform(X + 60, Y)
    assert shapely.Point(east, north).distance(batch.geometries[0].boundary) < 1e-9


@pytest.mark.parametrize(("head", "word"), [(b"AC1032", "DWG"), (b"%PDF-1.7", "PDF"), (b"Rar!", "RAR")])
def test_other_kinds_of_files_are_called_by_their_name(tmp_path, head, word):
    (tmp_path / "a.gpkg").write_bytes(head + bytes(500))
    wrong = refused(tmp_path / "a.gpkg")
    assert wrong.code == "unreadable_layer" and word in wrong.zh


def test_geoparquet(tmp_path):
    rows = frame(["样江", "second"]).assign(
        sizes=[[1, 2], None], kind=[{"a": "绿"}, None], day=pandas.Timestamp("2026-01-02")
    )
    rows.to_parquet(tmp_path / "a.parquet")
    source, (batch,) = read(tmp_path / "a.parquet")
    assert (
        source.crs == 4547
        and shapely.equals_exact(batch.geometries, rows.geometry.array, tolerance=1e-9).all()
    )
    assert batch.columns["sizes"] == ["1, 2", None] and batch.columns["kind"] == ['{"a": "绿"}', None]
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    assert refused(tmp_path / "cut.parquet").code == "unreadable_layer"
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "table.parquet")
    assert "几何列" in refused(tmp_path / "table.parquet").remedy


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_shapefile_without_cpg_and_prj(tmp_path, encoding):
    # a name longer than its field is cut in the middle of a character by many programs
    frame(["绿" * 30, "ASCII"]).to_file(tmp_path / "a.shp", encoding=encoding)
    (tmp_path / "a.cpg").unlink()
    (tmp_path / "a.prj").unlink()
    assert refused(tmp_path / "a.shp").code == "CRS-UNKNOWN"
    _, batches = read(tmp_path / "a.shp", crs=4547)
    assert batches[0].columns["MC"][0].startswith("绿" * 20)


def test_a_cpg_that_lies(tmp_path):
    frame().to_file(tmp_path / "a.shp", encoding="gbk")
    (tmp_path / "a.cpg").write_text("UTF-8")
    _, batches = read(tmp_path / "a.shp")
    assert batches[0].columns["MC"] == ["样江", "石溪"] and "ENCODING" in said(batches)


def test_geodatabase_folder_with_several_layers(tmp_path):
    for layer in ("LX", "DLHX"):
        frame().to_file(tmp_path / "a.gdb", driver="OpenFileGDB", layer=layer)
    assert "DLHX" in refused(tmp_path / "a.gdb").zh
    assert refused(tmp_path / "a.gdb", layer="ZZ").code == "no_layer"
    assert sum(len(b.numbers) for b in read(tmp_path / "a.gdb", layer="lx")[1]) == 2
    source, batches = read(tmp_path / "a.gdb", layer="*")
    assert source.columns == ("MC", "图层") and source.crs == 4547
    assert [name for b in batches for name in b.columns["图层"]] == ["LX", "LX", "DLHX", "DLHX"]
    frame(crs=4490).to_file(tmp_path / "a.gdb", driver="OpenFileGDB", layer="other")
    assert "坐标系不同" in refused(tmp_path / "a.gdb", layer="*").zh


def test_zip_of_several_files(tmp_path):
    for name in ("一", "二"):
        frame([name]).to_file(tmp_path / f"{name}.shp", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for part in tmp_path.glob("*.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert refused(tmp_path / "all.zip").details["layers"] == ["一", "二"]
    _, batches = read(tmp_path / "all.zip", layer="二")
    assert batches[0].columns["MC"][0] == "二"


def test_drawing_with_layers(tmp_path):
    drawing = new_drawing("R2010")
    space = drawing.modelspace()
    for layer, shift in (("用地红线", 0), ("建筑", 500)):
        corners = [(X + shift, Y), (X + shift + 100, Y), (X + shift + 100, Y + 50), (X + shift, Y + 50)]
        space.add_lwpolyline(corners, close=True, dxfattribs={"layer": layer})
    space.add_line((X, Y), (X + 9, Y), dxfattribs={"layer": "用地红线"})
    drawing.saveas(tmp_path / "a.dxf")
    assert refused(tmp_path / "a.dxf", crs=4547).details["layers"] == ["建筑", "用地红线"]
    _, batches = read(tmp_path / "a.dxf", crs=4547, layer="用地红线")
    assert len(batches[0].numbers) == 1 and batches[0].dropped_count == 1
    assert batches[0].columns["Layer"][0] == "用地红线" and batches[0].geometries[0].area == 5000


def test_circles_of_a_drawing_are_areas(tmp_path):
    drawing = new_drawing()
    drawing.modelspace().add_circle((X, Y), 50, dxfattribs={"layer": "蓝线"})
    drawing.modelspace().add_line((X, Y), (X + 9, Y), dxfattribs={"layer": "蓝线"})
    drawing.saveas(tmp_path / "a.dxf")
    _, batches = read(tmp_path / "a.dxf", crs=4547)
    assert batches[0].geometries[0].area == pytest.approx(np.pi * 2500, rel=1e-3)
    assert (len(batches[0].geometries), batches[0].dropped_count) == (1, 1)


@pytest.mark.parametrize("form", ["tab", "mif"])
def test_mapinfo_without_a_character_set(tmp_path, form):
    how = {"FORMAT": "MIF"} if form == "mif" else {}
    frame(crs=4326).to_file(tmp_path / f"河.{form}", driver="MapInfo File", encoding="CP936", **how)
    _, batches = read(tmp_path / f"河.{form}")
    assert batches[0].columns["MC"] == ["样江", "石溪"] and "ENCODING" in said(batches)


def test_a_shape_that_is_none_and_a_table_without_shapes(tmp_path):
    whole = shapely.to_wkb(rectangle(0, 0, 10, 10), hex=True)
    (tmp_path / "a.csv").write_text(f"id,g\n1,{whole}\n2,{whole[:-20]}\n")
    _, batches = read(tmp_path / "a.csv", crs=4547)
    assert (len(batches[0].geometries), batches[0].dropped_count) == (1, 1)
    frame().to_file(tmp_path / "b.gpkg", layer="蓝线")
    pyogrio.write_dataframe(pandas.DataFrame({"a": [1]}), tmp_path / "b.gpkg", layer="table", append=False)
    assert refused(tmp_path / "b.gpkg", layer="table").code == "no_data"


def test_topojson(tmp_path):
    (tmp_path / "a.topojson").write_text(
        '{"type":"Topology","transform":{"scale":[0.0001,0.0001],"translate":[113.8,28.1]},"arcs":[[[0,0],[10,0],[0,10],'
        '[-10,0],[0,-10]]],"objects":{"x":{"type":"GeometryCollection","geometries":[{"type":"Polygon","arcs":[[0]],'
        '"properties":{"MC":"甲"}}]}}}',
        encoding="utf-8",
    )
    assert refused(tmp_path / "a.topojson").code == "CRS-UNKNOWN"
    assert read(tmp_path / "a.topojson", crs=4490)[1][0].columns["MC"][0] == "甲"


XPLAN = """<?xml version="1.0" encoding="UTF-8"?>
<xplan:XPlanAuszug xmlns:xplan="http://www.xplanung.de/xplangml/{v}" xmlns:gml="http://www.opengis.net/gml/3.2"
  xmlns:xlink="http://www.w3.org/1999/xlink" gml:id="GML_1">
  <gml:boundedBy><gml:Envelope srsName="EPSG:25832"><gml:lowerCorner>567000 5937000</gml:lowerCorner>
    <gml:upperCorner>567300 5937200</gml:upperCorner></gml:Envelope></gml:boundedBy>
  <gml:featureMember><xplan:BP_Plan gml:id="GML_2"><xplan:name>Bebauungsplan Hafen 7</xplan:name>
    <xplan:raeumlicherGeltungsbereich><gml:Polygon srsName="EPSG:25832" gml:id="GML_3"><gml:exterior><gml:LinearRing>
    <gml:posList>567000 5937000 567300 5937000 567300 5937200 567000 5937200 567000 5937000</gml:posList>
    </gml:LinearRing></gml:exterior></gml:Polygon></xplan:raeumlicherGeltungsbereich></xplan:BP_Plan></gml:featureMember>
  <gml:featureMember><xplan:BP_BaugebietsTeilFlaeche gml:id="GML_4"><xplan:rechtscharakter>1000</xplan:rechtscharakter>
    <xplan:gehoertZuBereich xlink:href="#GML_9"/><xplan:position><gml:Polygon srsName="EPSG:25832" gml:id="GML_5">
    <gml:exterior><gml:Ring><gml:curveMember><gml:Curve gml:id="GML_6"><gml:segments><gml:LineStringSegment>
    <gml:posList>567000 5937000 567100 5937000</gml:posList></gml:LineStringSegment><gml:Arc>
    <gml:posList>567100 5937000 567150 5937050 567100 5937100</gml:posList></gml:Arc><gml:LineStringSegment>
    <gml:posList>567100 5937100 567000 5937100 567000 5937000</gml:posList></gml:LineStringSegment></gml:segments>
    </gml:Curve></gml:curveMember></gml:Ring></gml:exterior></gml:Polygon></xplan:position>
    <xplan:flaechenschluss>true</xplan:flaechenschluss><xplan:GRZ>0.4</xplan:GRZ>
    <xplan:allgArtDerBaulNutzung>1000</xplan:allgArtDerBaulNutzung></xplan:BP_BaugebietsTeilFlaeche></gml:featureMember>
</xplan:XPlanAuszug>
"""


@pytest.mark.parametrize("version", ["5/4", "6/0"])
def test_xplanung(tmp_path, version):
    path = tmp_path / "plan.gml"
    path.write_text(XPLAN.format(v=version), encoding="utf-8")
    assert set(refused(path).details["layers"]) == {"BP_Plan", "BP_BaugebietsTeilFlaeche"}
    source, batches = read(path, layer="BP_BaugebietsTeilFlaeche")
    assert source.crs == 25832
    half_disc = np.pi * 50**2 / 2
    assert batches[0].geometries[0].area == pytest.approx(10_000 + half_disc, rel=2e-3)
    assert batches[0].columns["GRZ"][0] == 0.4
    assert [p.name for p in tmp_path.iterdir()] == ["plan.gml"]  # nothing is written beside the file


def test_a_prj_in_wkt2_and_a_cpg_that_misleads(tmp_path):
    frame().to_file(tmp_path / "a.shp", encoding="utf-8")
    (tmp_path / "a.prj").write_text(pyproj.CRS(4547).to_wkt(), encoding="utf-8")
    (tmp_path / "a.cpg").write_text("ISO-8859-1")
    source, batches = read(tmp_path / "a.shp")
    assert source.crs == 4547
    assert list(batches[0].columns["MC"]) == ["样江", "石溪"]
    for code_page in ("ISO-8859-1", "OEM 936", "ANSI 936"):
        frame().to_file(tmp_path / "c.shp", encoding="gbk")
        (tmp_path / "c.cpg").write_text(code_page)
        assert list(read(tmp_path / "c.shp")[1][0].columns["MC"]) == ["样江", "石溪"], code_page
    german = frame(("Straße", "Köln"))
    german.to_file(tmp_path / "b.shp", encoding="iso-8859-1")
    (tmp_path / "b.cpg").write_text("ISO-8859-1")
    assert list(read(tmp_path / "b.shp")[1][0].columns["MC"]) == ["Straße", "Köln"]


@pytest.mark.parametrize("kind", ["bin", "utf-16"])
def test_drawings_that_are_not_plain_text(tmp_path, kind):
    drawing = new_drawing("R2010")
    drawing.modelspace().add_lwpolyline(rectangle(0, 0, 100, 50).exterior.coords[:-1], close=True)
    drawing.saveas(tmp_path / "a.dxf", fmt="bin" if kind == "bin" else "asc")
    if kind == "utf-16":
        (tmp_path / "a.dxf").write_bytes((tmp_path / "a.dxf").read_text(encoding="utf-8").encode("utf-16"))
    _, batches = read(tmp_path / "a.dxf", crs=4547)
    assert [g.area for g in batches[0].geometries] == [5_000]
    assert [p.name for p in tmp_path.iterdir()] == ["a.dxf"]


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_drawing_of_microstation(tmp_path):
    areas = np.array([rectangle(0, 0, 100, 50).wkb, rectangle(200, 0, 240, 50).wkb], dtype=object)
    pyogrio.raw.write(
        tmp_path / "a.dgn", areas, [], np.array([], dtype=object), driver="DGN", geometry_type="Polygon",
        layer="elements", crs=None,
    )  # fmt: skip
    assert refused(tmp_path / "a.dgn").code == "CRS-UNKNOWN"
    _, batches = read(tmp_path / "a.dgn", crs=4547)
    assert [g.area for g in batches[0].geometries] == [5_000, 2_000]


@pytest.mark.skipif(
    shutil.which("mdb-json") is None, reason="mdbtools is not installed (make test installs it)"
)
def test_personal_geodatabase(tmp_path):
    definition = pyproj.CRS(4547).to_wkt("WKT1_ESRI")
    plots = [
        [(x, 3.1e6), (x, 3.1e6 + 100), (x + 100, 3.1e6 + 100), (x + 100, 3.1e6), (x, 3.1e6)]
        for x in (5e5, 6e5)
    ]
    columns = {"OBJECTID": "long", "DLMC": "text", "MJ": "double", "RQ": "date", "Shape": "ole", "BZ": "memo"}
    rows = [
        (1, "水田", 10_000.0, dt.datetime(2024, 3, 1), ring_shape([plots[0]]), "长" * 3_000),
        (2, "旱地", None, None, ring_shape([plots[1]], kind=15, tail=struct.pack("<14d", *range(14))), None),
        (3, None, 0.5, None, ring_shape([plots[1]], kind=32), None),  # a multipatch
    ]
    line = (3, definition, Table({"Shape": "ole"}, [(ring_shape([plots[0][:3]], kind=3),)]))
    path = tmp_path / "规划.mdb"
    path.write_bytes(geodatabase({"永久基本农田": (4, definition, Table(columns, rows)), "道路": line}))
    source, batches = read(path)
    assert (source.layer, source.crs, source.count) == ("永久基本农田", 4547, 3)
    assert [n["code"] for n in source.notes] == ["SHAPE-UNREADABLE"]
    batch = batches[0]
    assert [g.area for g in batch.geometries] == [10_000, 10_000]
    assert batch.dropped_count == 1
    assert list(batch.columns["DLMC"]) == ["水田", "旱地"]
    assert batch.columns["MJ"][0] == 10_000.0
    assert (batch.columns["RQ"][0], batch.columns["BZ"][0]) == ("2024-03-01T00:00:00", "长" * 3_000)
    assert [p.name for p in tmp_path.iterdir()] == ["规划.mdb"]
    (tmp_path / "b.mdb").write_bytes(b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(4000))
    assert refused(tmp_path / "b.mdb").code == "MDB-UNREADABLE"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_description_of_other_data_is_not_followed(tmp_path, encoding):
    frame().to_file(tmp_path / "a.gpkg")
    (tmp_path / "a.gml").write_text(
        f"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{tmp_path}/a.gpkg</SrcDataSource></OGRVRTLayer>"
        "</OGRVRTDataSource>",
        encoding=encoding,
    )
    assert refused(tmp_path / "a.gml").code == "unreadable_layer"


def test_wrong_zone_is_refused_with_a_hint(tmp_path):
    frame(crs=4526).to_file(tmp_path / "a.gpkg")
    wrong = refused(tmp_path / "a.gpkg", crs=4547)
    assert wrong.code == "CRS-OUTSIDE-AREA" and "4526" in wrong.zh
    assert refused(tmp_path / "a.gpkg", crs=4490).code == "CRS-UNKNOWN"


def test_swapped_axes_are_turned_and_said(tmp_path):
    turned = frame()
    turned["geometry"] = shapely.transform(turned.geometry.to_numpy(), lambda c: c[:, ::-1])
    turned.to_file(tmp_path / "a.gpkg")
    _, batches = read(tmp_path / "a.gpkg")
    assert "AXIS-SWAPPED" in said(batches) and batches[0].geometries[0].equals(frame().geometry[0])


def test_a_stray_feature_is_left_out(tmp_path):
    data = frame(["a", "b", "c"])
    data.loc[2, "geometry"] = shapely.box(0, 0, 10, 10)
    data.to_file(tmp_path / "a.gpkg")
    _, batches = read(tmp_path / "a.gpkg")
    assert batches[0].numbers.tolist() == [1, 2] and batches[0].dropped_count == 1
    assert "坐标系" in batches[0].issues[-1]["message"]


def test_gcj02_is_converted_with_its_error(tmp_path):
    frame(crs=4326).to_file(tmp_path / "a.geojson", driver="GeoJSON")
    plain = read(tmp_path / "a.geojson")[1][0].geometries[0].centroid
    source, batches = read(tmp_path / "a.geojson", crs=parse_crs("gcj02"))
    moved = batches[0].geometries[0].centroid
    assert type(source.crs) is int and "CRS-CONVERTED" in said(batches)
    assert 100 < plain.distance(moved) * 111_000 < 1000


def test_heights_curves_mixtures_and_broken_outlines(session, tmp_path):
    square = f"{X} {Y},{X + 9} {Y},{X + 9} {Y + 9},{X} {Y + 9},{X} {Y}"
    solid = ",".join(f"{p} 5" for p in square.split(","))
    shapes = [
        f"POLYGON Z(({solid}))",
        f"CURVEPOLYGON(CIRCULARSTRING({X} {Y},{X + 4} {Y},{X + 4} {Y + 4},{X} {Y + 4},{X} {Y}))",
        f"GEOMETRYCOLLECTION(POINT({X} {Y}),POLYGON(({square})))",
        f"LINESTRING({X} {Y},{X + 1} {Y})",
        f"POLYGON(({X} {Y},{X + 9} {Y + 9},{X + 9} {Y},{X} {Y + 9},{X} {Y}))",
        f"POLYGON(({X} {Y},{X + 9} {Y},{X + 9} {Y + 9},{X} {Y + 9}))",
        "",
    ]
    rows = ["MC,WKT", *(f'{n},"{wkt}"' for n, wkt in enumerate(shapes))]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    row = service.import_layer(session, "YJJBNT", tmp_path / "a.csv", version="1", valid_from=DAY, crs=4547)
    assert (row.feature_count, row.repaired_count, row.dropped_count) == (5, 2, 2)
    codes = {i.get("code") for i in row.issues}
    assert {"Z-DROPPED", "MIXED"} <= codes
    assert {i["fid"] for i in row.issues if i["action"] == "repaired"} == {5, 6}
    assert {i["fid"] for i in row.issues if i["action"] == "dropped"} == {4, 7}


def test_nothing_is_left_of_a_failed_import(session, tmp_path):
    frame(crs=4526).to_file(tmp_path / "a.gpkg")
    before = session.scalar(text("SELECT count(*) FROM gis.layer_version"))
    with pytest.raises(BadInput), session.begin_nested():
        service.import_layer(session, "LX", tmp_path / "a.gpkg", version="1", valid_from=DAY, crs=4490)
    assert session.scalar(text("SELECT count(*) FROM gis.layer_version")) == before


def test_values_and_numbers_in_the_layers_words(session, tmp_path):
    data = geopandas.GeoDataFrame(
        {"yfdj": ["高易发", "低易发区", "中"], "MJ": ["1,200.5", "", "约三亩"], "X1": [1, 2, 3]},
        geometry=[rectangle(n * 100, 0, n * 100 + 50, 50) for n in range(3)],
        crs=4547,
    )
    data.to_file(tmp_path / "a.gpkg")
    row = service.import_layer(session, "DZZH", tmp_path / "a.gpkg", version="1", valid_from=DAY)
    found = session.execute(
        text("SELECT attributes, class_key FROM gis.feature WHERE version_id = :v ORDER BY fid"),
        {"v": row.id},
    ).all()
    assert [f[1] for f in found] == ["高", "低", "中"]
    assert [f[0]["MJ"] for f in found] == [1200.5, None, "约三亩"] and found[0][0]["X1"] == 1
    fields = next(i for i in row.issues if i.get("code") == "FIELDS")
    assert {f["field"]: f["column"] for f in fields["fields"]} == {"YFCD": "yfdj", "ZHLX": None, "MJ": "MJ"}
    assert any(i.get("code") == "NOT-A-NUMBER" for i in row.issues)


def test_fields_that_do_not_match_are_listed_with_the_closest(tmp_path):
    plots = layer_catalogue().get("KG_DK")
    found = match_fields(plots, ["dkbh_1", "RJLMAX", "OBJECTID"])
    assert dict(found.missing)["RJL_MAX"] == "RJLMAX" and dict(found.missing)["DKBH"] == "dkbh_1"
    stated = match_fields(plots, ["dkbh_1", "RJLMAX"], {"RJL_MAX": "RJLMAX", "DKBH": "dkbh_1"})
    assert stated.names == {"RJLMAX": "RJL_MAX", "dkbh_1": "DKBH"}
    with pytest.raises(BadInput):
        match_fields(plots, ["A"], {"DKBH": "B"})


def test_a_required_field_is_asked_for(tmp_path):

    shutil.copytree(CATALOGUE, tmp_path / "c")
    path = tmp_path / "c" / "layers" / "ZRBHD.yaml"
    text_of = path.read_text(encoding="utf-8")
    name = next(iter(layer_catalogue().get("ZRBHD").fields))
    path.write_text(text_of.replace(f"  {name}: {{", f"  {name}: {{required: true, ", 1), encoding="utf-8")
    definition = LayerCatalogue(tmp_path / "c").get("ZRBHD")
    with pytest.raises(BadInput) as wrong:
        match_fields(definition, ["NAME"])
    assert wrong.value.code == "FIELDS-MISSING" and name in wrong.value.zh and wrong.value.details["fields"]


def test_a_large_file_is_read_in_batches(tmp_path):
    """200,000 areas: what is held at once stays a small part of them."""
    n = np.arange(200_000)
    shapes = shapely.box(X + n % 500 * 10, Y + n // 500 * 10, X + n % 500 * 10 + 9, Y + n // 500 * 10 + 9)
    geopandas.GeoDataFrame({"MC": n.astype(str)}, geometry=shapes, crs=4547).to_file(tmp_path / "a.gpkg")
    del shapes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counted = 0
    with open_source(tmp_path / "a.gpkg") as source:
        for batch in read_batches(source, buffered=False):
            assert len(batch.numbers) <= 20_000
            counted += len(batch.numbers)
    assert counted == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
