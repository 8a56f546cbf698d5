"""Layer data as lines of text and tables: GeoJSON by lines, CSV, workbooks, in whatever encoding or compression."""

from __future__ import annotations

import gzip
import json
import zipfile

import pandas
import pytest
import shapely

from .conftest import rectangle
from .handing_in import frame, read, refused

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["a.geojsonl", "a.ndjson", "a.geojsons", "a.json"])
def test_newline_delimited_features_also_in_a_zip(tmp_path, name):
    shapes = frame(crs=4490).geometry
    mark = "\x1e" if name == "a.geojsons" else ""
    rows = [
        mark
        + json.dumps({"type": "Feature", "properties": {"MC": "样"}, "geometry": shapely.geometry.mapping(s)})
        for s in shapes
    ]
    (tmp_path / name).write_text("\n".join(rows), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / name, f"数据/{name}")
    for path in (tmp_path / name, tmp_path / "a.zip"):
        source, batches = read(path)
        assert (source.crs, sum(len(b.geometries) for b in batches)) == (4326, 2)


def test_csv_of_wkb_with_an_empty_first_row(tmp_path):
    rows = ["MC,图形", "无图,", *(f"样,{shapely.to_wkb(g, hex=True)}" for g in frame().geometry)]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="gbk")
    source, (batch,) = read(tmp_path / "a.csv", crs=4547)
    assert source.columns == ("MC",)  # the shapes are no attribute
    assert (len(batch.geometries), batch.dropped_count) == (2, 1)
    assert batch.geometries[0].equals(rectangle(60, 0, 200, 80))


@pytest.mark.parametrize(("encoding", "delimiter"), [("gbk", ","), ("utf-8-sig", ";"), ("utf-8", "\t")])
def test_csv_with_wkt(tmp_path, encoding, delimiter):
    rows = [delimiter.join(["编号", "图形", "MC"])]
    rows += [
        f'{n}{delimiter}"{g.wkt}"{delimiter}{m}'
        for n, (g, m) in enumerate(zip(frame().geometry, frame().MC, strict=True))
    ]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding=encoding)
    assert refused(tmp_path / "a.csv").code == "CRS-UNKNOWN"
    _, batches = read(tmp_path / "a.csv", crs=4547)
    assert batches[0].columns["MC"] == ["样江", "石溪"]
    assert batches[0].geometries[0].equals(frame().geometry[0])


def _workbook(path, rows):
    pandas.DataFrame(rows).to_excel(path, header=False, index=False)


def test_a_workbook_with_a_column_of_shapes_below_a_title(tmp_path):
    rows = [["蓝线一览表", "", ""], ["MC", "备注", "图形"]]
    rows += [[m, "", g.wkt] for g, m in zip(frame().geometry, frame().MC, strict=True)]
    _workbook(tmp_path / "a.xlsx", rows)
    assert refused(tmp_path / "a.xlsx").code == "CRS-UNKNOWN"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.write(tmp_path / "a.xlsx", "表/a.xlsx")
    for name in ("a.xlsx", "a.zip"):
        source, batches = read(tmp_path / name, crs=4547)
        assert source.columns == ("MC", "备注") and batches[0].columns["MC"] == ["样江", "石溪"]
    _workbook(tmp_path / "b.xlsx", [["MC"], ["无图形"]])
    assert refused(tmp_path / "b.xlsx").code == "no_data"


@pytest.mark.parametrize("form", ["text", "binary"])
def test_shapes_of_a_table_that_state_their_crs(tmp_path, form):
    shapes = shapely.set_srid(frame().geometry.to_numpy(), 4547)
    cells = (
        [f"SRID=4547;{g.wkt}" for g in shapes]
        if form == "text"
        else shapely.to_wkb(shapes, hex=True, include_srid=True)
    )
    (tmp_path / "a.csv").write_text("geom;MC\n" + "".join(f'"{c}";甲\n' for c in cells), encoding="gbk")
    source, batches = read(tmp_path / "a.csv")
    assert source.crs == 4547 and batches[0].geometries[0].equals(frame().geometry[0])


def test_json_and_xml_that_are_compressed_or_in_another_encoding(tmp_path):
    text = frame().to_json(ensure_ascii=False, drop_id=True)
    (tmp_path / "a.geojson").write_bytes(text.encode("utf-16"))
    (tmp_path / "b.geojson").write_bytes(text.encode("gb18030"))
    (tmp_path / "c.geojson.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.geojson", "b.geojson", "c.geojson.gz"):
        assert read(tmp_path / name)[1][0].columns["MC"] == ["样江", "石溪"]
    frame().to_file(tmp_path / "e.gml", driver="GML")
    gml = (tmp_path / "e.gml").read_text().replace("utf-8", "GBK")
    (tmp_path / "f.gml").write_text(gml, encoding="gbk")
    assert read(tmp_path / "f.gml")[1][0].columns["MC"] == ["样江", "石溪"]
    frame().to_file(tmp_path / "g.gpkg")  # under a wrong name
    assert read((tmp_path / "g.gpkg").rename(tmp_path / "g.json"))[0].count == 2
    (tmp_path / "d.geojson.gz").write_bytes(gzip.compress(text.encode())[:80])
    assert refused(tmp_path / "d.geojson.gz").code == "ZIP-BROKEN"


def test_csv_without_wkt(tmp_path):
    (tmp_path / "a.csv").write_text("编号,面积\n1,2\n")
    assert refused(tmp_path / "a.csv", crs=4547).code == "no_data"


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_on_the_ground_are_no_features(tmp_path, packed):
    frame(crs=4326).to_file(tmp_path / "a.kml", driver="KML")
    box = "<LatLonBox><north>28</north><south>27</south><east>115</east><west>114</west></LatLonBox>"
    text = (tmp_path / "a.kml").read_text()
    end = text.rindex("</Document>")
    (tmp_path / "a.kml").write_text(f"{text[:end]}<GroundOverlay>{box}</GroundOverlay>{text[end:]}")
    path = tmp_path / "a.kml"
    if packed:
        path = tmp_path / "a.kmz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "a.kml", "doc.kml")
    source, batches = read(path)
    assert sum(len(b.geometries) for b in batches) == 2
    assert [n["code"] for n in source.notes] == ["KML-OVERLAYS"]
