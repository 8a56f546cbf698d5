"""Import and multi-plan check on a real PostGIS: statuses, areas, versions, coordinate systems, formats."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Polygon, box
from sqlalchemy import text

from gis import crs as crs_module
from gis import repository, service
from gis.layers.layer import layer_catalogue
from gis.layers.progress import Progress, Stage
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.finding import Outcome

from .conftest import X, Y, rectangle, write_layer

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)


def line(report, code):
    return next(entry for entry in report.layers if entry.code == code)


def test_without_data_nothing_is_clear(session):
    report = service.check_geometry(session, SITE, 4547)
    assert report.counts == {"hit": 0, "touch": 0, "clear": 0, "not_checked": len(layer_catalogue().layers)}
    assert report.outcome is Outcome.UNDECIDED
    assert line(report, "YJJBNT").version is None


@pytest.mark.parametrize(
    ("shape", "status", "overlap", "outcome"),
    [
        (rectangle(60, 0, 200, 80), "hit", 3200, Outcome.FAIL),
        (rectangle(100, 0, 200, 80), "touch", 0, Outcome.NOTE),
        (rectangle(100.04, 0, 200, 80), "touch", 0, Outcome.NOTE),
        (
            rectangle(99.97, 0, 200, 80),
            "touch",
            0,
            Outcome.NOTE,
        ),  # 2.4 ㎡, but 3 cm wide: a digitising sliver
        (rectangle(99.9, 0, 200, 80), "hit", 8, Outcome.FAIL),
        (rectangle(100.2, 0, 200, 80), "clear", 0, Outcome.PASS),
    ],
)
def test_forbidden_layer(session, load, shape, status, overlap, outcome):
    load("YJJBNT", [(shape, {"YJJBNTTBBH": "N1", "DLBM": "0101", "DLMC": "水田", "MJ": 1.0})])
    report = service.check_geometry(session, SITE, 4547)
    entry = line(report, "YJJBNT")
    assert (entry.status, entry.outcome) == (status, outcome)
    assert entry.overlap_m2 == pytest.approx(overlap, abs=0.01)
    finding = next(f for f in report.findings if f.code == "plan.YJJBNT")
    assert finding.outcome is outcome
    assert finding.clause and finding.source["version"] == "2026.1"
    if status == "clear":
        assert entry.features == ()
    else:
        assert finding.marker is not None and finding.marker_crs == 4547
    if status == "hit":
        assert entry.features[0].label == "水田 N1"
        assert entry.share == pytest.approx(overlap / 8000)
        assert shapely.geometry.shape(entry.features[0].marker).area == pytest.approx(overlap, abs=0.1)


def test_overlapping_features_are_counted_once(session, load):
    load("STBHHX", [(rectangle(0, 0, 50, 80), {"HXMC": "甲"}), (rectangle(25, 0, 75, 80), {"HXMC": "乙"})])
    entry = line(service.check_geometry(session, SITE, 4547), "STBHHX")
    assert entry.overlap_m2 == 6000
    assert [f.overlap_m2 for f in entry.features] == [4000, 4000]


def test_consult_note_and_trigger(session, load):
    load("DZZH", [(rectangle(-50, -50, 50, 200), {"YFCD": "中", "ZHLX": "滑坡"})])
    load("ZD", [(SITE, {"ZDDM": "1", "QLR": "某单位"})])
    report = service.check_geometry(session, SITE, 4547)
    hazard = line(report, "DZZH")
    assert (hazard.status, hazard.outcome, hazard.trigger) == ("hit", Outcome.NOTE, "DZZH")
    assert "4,000.00" in hazard.message
    assert line(report, "ZD").outcome is Outcome.NOTE


def test_development_boundary_reports_what_lies_outside(session, load):
    load("CZKFBJ", [(rectangle(-500, -500, 70, 500), {"GHFQDM": "01", "GHFQMC": "城镇集中建设区"})])
    report = service.check_geometry(session, SITE, 4547)
    entry = line(report, "CZKFBJ")
    assert (entry.status, entry.overlap_m2, entry.outcome) == ("hit", 2400, Outcome.NOTE)
    marker = next(f.marker for f in report.findings if f.code == "plan.CZKFBJ")
    assert marker is not None
    assert shapely.geometry.shape(marker).area == pytest.approx(2400)
    inside = line(service.check_geometry(session, rectangle(0, 0, 50, 50), 4547), "CZKFBJ")
    assert (inside.status, inside.outcome) == ("clear", Outcome.PASS)
    outside = line(service.check_geometry(session, rectangle(200, 0, 250, 50), 4547), "CZKFBJ")
    assert (outside.status, outside.overlap_m2) == ("hit", 2500)


def test_plans_in_feet_are_measured_in_metres(session, load):
    load("LX", [(box(980_000, 190_000, 981_000, 191_000), {"MC": "creek"})], crs=2263)
    report = service.check_geometry(session, box(980_500, 190_500, 981_500, 191_500), 2263)
    foot = 1200 / 3937  # US survey foot
    assert report.site_area_m2 == pytest.approx(1e6 * foot**2, abs=0.01)  # the state's own grid, in metres
    assert report.crs == 32118
    entry = line(report, "LX")
    assert (entry.status, entry.share) == ("hit", pytest.approx(0.25, abs=1e-5))


@pytest.mark.parametrize("layer_crs", [26771, 26716])
def test_feet_without_a_twin_in_metres_are_measured_in_their_own_plane(session, load, layer_crs):
    """NAD27: the registry has Illinois in feet only, so the report is in UTM, its areas are those of the survey."""
    creek = box(480_000, 1_000_000, 481_000, 1_001_000)
    load("LX", [(crs_module.transform(creek, 26771, layer_crs), {"MC": "creek"})], crs=layer_crs)
    report = service.check_geometry(session, box(480_500, 1_000_500, 481_500, 1_001_500), 26771)
    foot = 1200 / 3937  # US survey foot
    assert report.site_area_m2 == pytest.approx(1e6 * foot**2, abs=0.005)
    assert report.crs == 32616
    entry = line(report, "LX")
    assert entry.overlap_m2 == pytest.approx(250_000 * foot**2, abs=0.01)
    assert entry.share == pytest.approx(0.25, abs=1e-6)


def test_parcels_side_by_side_are_one_site(session, load):
    """Two parcels with a common border are no valid MultiPolygon; parts that overlap stay refused."""
    load("YJJBNT", [(rectangle(90, 0, 110, 80), {"YJJBNTTBBH": "N1"})])
    beside = MultiPolygon([SITE, rectangle(100, 0, 150, 80)])
    report = service.check_geometry(session, beside, 4547)
    assert (report.site_area_m2, line(report, "YJJBNT").overlap_m2) == (12_000, 1600)
    with pytest.raises(BadInput):
        service.check_geometry(session, MultiPolygon([SITE, rectangle(90, 0, 150, 80)]), 4547)


def test_airport_surface_against_height(session, load):
    load("JCJK", [(rectangle(-500, -500, 500, 500), {"JG": "机场", "ZKM": "内水平面", "XG_GC": 107.0})])
    assert line(service.check_geometry(session, SITE, 4547), "JCJK").outcome is Outcome.UNDECIDED
    assert (
        line(service.check_geometry(session, SITE, 4547, height_m=107.0004), "JCJK").outcome is Outcome.PASS
    )
    assert line(service.check_geometry(session, SITE, 4547, height_m=107.001), "JCJK").outcome is Outcome.FAIL
    assert service.check_geometry(session, SITE, 4547).zones["airport_limit_m"] == 107.0


PLOT = {
    "DKBH": "XQ-01",
    "YDDM": "070102",
    "YDMC": "二类城镇住宅用地",
    "RJL_MAX": 2.0,
    "RJL_MIN": 1.0,
    "JZMD_MAX": 28.0,
    "LDL_MIN": 35.0,
    "XG_MAX": 54.0,
    "TCW_ZB": "机动车≥1.0车位/户",
    "JRYT": "0901;0702",
    "GHMC": "样例控规",
}


def test_planning_conditions_of_one_plot(session, load):
    load("KG_DK", [(SITE, PLOT), (rectangle(100, 0, 200, 80), PLOT | {"DKBH": "XQ-02"})])
    planning = service.check_geometry(session, SITE, 4547).planning
    assert planning.status == "decided"
    assert planning.plot["code"] == "XQ-01"
    found = {c.code: (c.operator, c.value, c.value2) for c in planning.conditions}
    assert found == {
        "RJL": ("between", "1", "2"),
        "JZMD": ("<=", "28", None),
        "LDL": (">=", "35", None),
        "JZGD": ("<=", "54", None),
        "YDXZ": ("in", "070102;0901;0702", None),
        "TCW": ("text", "机动车≥1.0车位/户", None),
    }
    assert planning.source == "layer KG_DK version 2026.1"


def test_planning_conditions_of_several_plots_or_none_are_undecided(session, load):
    load("KG_DK", [(rectangle(0, 0, 50, 80), PLOT), (rectangle(50, 0, 200, 80), PLOT | {"DKBH": "XQ-02"})])
    report = service.check_geometry(session, SITE, 4547)
    assert report.planning.status == "undecided"
    assert "XQ-01" in report.planning.reason and "XQ-02" in report.planning.reason
    assert report.planning.conditions == ()
    assert line(report, "KG_DK").outcome is Outcome.UNDECIDED
    nowhere = service.check_geometry(session, rectangle(500, 0, 600, 80), 4547).planning
    assert (nowhere.status, nowhere.plot) == ("undecided", None)


def test_zones(session, load):
    whole = rectangle(-500, -500, 500, 500)
    load(
        "JZDJ",
        [
            (whole, {"YT": "居住", "JB": 2}),
            (rectangle(0, 0, 50, 500), {"YT": "工矿", "JB": 1}),
            (rectangle(50, 0, 500, 500), {"YT": "工矿", "JB": 3}),
        ],
    )
    done = [("YFK", "1号", "2029-12-31", whole), ("STBC", "2号", "2024-12-31", whole)]
    done.append(("DZZH", "3号", "2029-12-31", rectangle(0, 0, 50, 80)))
    load("QYPG", [(g, {"PGLX": k, "PGMC": k, "BGH": no, "YXQZ": until}) for k, no, until, g in done])
    load(
        "DLTB",
        [
            (rectangle(-10, -10, 60, 90), {"DLBM": "0101", "DLMC": "水田"}),
            (rectangle(60, -10, 200, 90), {"DLBM": "0701", "DLMC": "住宅"}),
        ],
    )
    zones = service.check_geometry(session, SITE, 4547, on=dt.date(2026, 6, 1)).zones
    assert zones["land_grade"] == {"居住": 2, "工矿": None}
    assert [(e["kind"], e["covers"], e["expired"]) for e in zones["regional_evaluations"]] == [
        ("YFK", True, False),
        ("STBC", False, True),
        ("DZZH", False, False),
    ]
    assert zones["land_use"] == {"0101": 4800.0, "0701": 3200.0}
    assert zones["airport_limit_m"] is None and zones["airport_checked"] is False


def test_beyond_the_loaded_data_nothing_is_clear(session, load):
    load("DLTB", [(rectangle(-500, -500, 500, 500), {"DLBM": "0101", "DLMC": "水田"})])
    load("GYZL", [(rectangle(300, 300, 310, 310), {"MC": "线路"})])
    load(
        "LX",
        [
            (rectangle(-2000, -2000, -1900, -1900), {"MC": "a"}),
            (rectangle(2000, 2000, 2100, 2100), {"MC": "b"}),
        ],
    )
    inside = service.check_geometry(session, SITE, 4547)
    assert line(inside, "GYZL").status == "clear"
    outside = service.check_geometry(session, translate(SITE, 1000, 0), 4547)
    assert line(outside, "GYZL").status == "not_checked"
    assert "规划数据范围以外" in line(outside, "GYZL").message
    assert line(outside, "DLTB").status == "not_checked"
    assert line(outside, "LX").status == "clear"  # its own data lies on all sides
    across = service.check_geometry(session, translate(SITE, 450, 0), 4547)
    assert (line(across, "DLTB").status, line(across, "GYZL").status) == ("hit", "not_checked")


# --- coordinate systems ----------------------------------------------------------------------------------------------


def test_site_with_zone_prefix_gives_the_same(session, load):
    load("LX", [(rectangle(60, 0, 200, 80), {"MC": "样江"})])
    moved = crs_module.transform(SITE, 4547, 4526)
    plain, prefixed = (
        service.check_geometry(session, SITE, 4547),
        service.check_geometry(session, moved, 4526),
    )
    assert line(plain, "LX").overlap_m2 == line(prefixed, "LX").overlap_m2 == 3200
    marker = shapely.geometry.shape(line(prefixed, "LX").features[0].marker)
    assert marker.bounds[0] == pytest.approx(38_485_060)


def test_site_in_another_zone_and_in_degrees(session, load):
    load("LX", [(rectangle(60, 0, 200, 80), {"MC": "样江"})])
    other = crs_module.transform(SITE, 4547, 4546)
    report = service.check_geometry(session, other, 4546)
    assert report.site_area_m2 == pytest.approx(other.area, abs=0.01)
    assert line(report, "LX").share == pytest.approx(0.4, abs=1e-6)
    degrees = crs_module.transform(SITE, 4547, 4490)
    report = service.check_geometry(session, degrees, 4490)
    assert report.crs == 4547
    assert line(report, "LX").overlap_m2 == pytest.approx(3200, abs=0.01)


def test_old_datum_is_not_checked_rather_than_shifted(session, load):
    load("LX", [(rectangle(60, 0, 200, 80), {"MC": "样江"})])
    report = service.check_geometry(session, SITE, 2383)
    entry = line(report, "LX")
    assert entry.status == "not_checked"
    assert "转换参数" in entry.message


def test_layers_far_away_are_kept_in_their_own_zone(session, load):
    load("LX", [(rectangle(60, 0, 200, 80), {"MC": "样江"})])
    far = Polygon([(-71.1, 42.37), (-71.09, 42.37), (-71.09, 42.38), (-71.1, 42.38)])
    row = load("HLFX", [(far, {"FXDJ": "高", "CXQ": "百年一遇"})], crs=4326)
    assert (row.source_crs, row.check_crs) == (4326, 32619)
    site = Polygon([(-71.096, 42.374), (-71.095, 42.374), (-71.095, 42.375), (-71.096, 42.375)])
    report = service.check_geometry(session, site, 4326)
    entry = line(report, "HLFX")
    assert entry.status == "hit"
    assert entry.overlap_m2 == pytest.approx(report.site_area_m2)
    assert line(report, "LX").status == "clear"
    assert line(service.check_geometry(session, SITE, 4547), "HLFX").status == "clear"


# --- import ----------------------------------------------------------------------------------------------------------


def test_invalid_and_empty_features_are_repaired_or_left_out_with_a_report(session, load):
    bow = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    row = load(
        "LVX",
        [
            (bow, {"MC": "甲"}),
            (None, {"MC": "乙"}),
            (LineString([(X, Y), (X + 5, Y)]), {"MC": "丙"}),
            (rectangle(0, 20, 10, 30), {"MC": "丁"}),
        ],
    )
    assert (row.feature_count, row.repaired_count, row.dropped_count) == (2, 1, 2)
    reported = [i for i in row.issues if i["action"] != "note"]
    assert [i["action"] for i in reported] == ["repaired", "dropped", "dropped"]
    assert reported[0]["at"] == pytest.approx([X + 5, Y + 5])
    entry = line(service.check_geometry(session, rectangle(-1, -1, 50, 50), 4547), "LVX")
    assert entry.overlap_m2 == pytest.approx(150)


def test_large_polygons_are_cut_without_losing_area(session, load):
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    radius = 900 + 60 * np.sin(37 * angles)
    wild = Polygon(np.column_stack([X + radius * np.cos(angles), Y + radius * np.sin(angles)]))
    row = load("STBHHX", [(wild, {"HXMC": "大"})])
    assert row.piece_count > 100
    entry = line(service.check_geometry(session, rectangle(-2000, -2000, 2000, 2000), 4547), "STBHHX")
    assert entry.overlap_m2 == pytest.approx(wild.area, rel=1e-9)
    assert shapely.geometry.shape(entry.features[0].marker).area == pytest.approx(wild.area, rel=1e-4)


def test_a_layer_is_written_batch_by_batch(session, load, monkeypatch):
    monkeypatch.setattr("gis.deliveries.batches.FIRST_BATCH", 2)
    monkeypatch.setattr("gis.deliveries.batches.BATCH", 2)
    row = load("LVX", [(rectangle(n * 10, 0, n * 10 + 10, 10), {}) for n in range(7)])
    assert (row.feature_count, row.piece_count) == (7, 7)
    assert line(service.check_geometry(session, SITE, 4547), "LVX").overlap_m2 == 700


def test_aliases_and_case_of_field_names(session, load):
    load(
        "YJJBNTTB", [(rectangle(0, 0, 10, 10), {"tbbh": "T9", "dlmc": "旱地", "YJJBNTMJ": 5.0, "别的": "留"})]
    )
    entry = line(service.check_geometry(session, SITE, 4547), "YJJBNT")
    assert entry.features[0].attributes == {"YJJBNTTBBH": "T9", "DLMC": "旱地", "MJ": 5.0, "别的": "留"}


def test_versions_replace_each_other_and_can_be_rolled_back(session, load):
    load("LX", [(rectangle(0, 0, 10, 10), {"MC": "旧"})], version="2025")
    load("LX", [(rectangle(0, 0, 20, 20), {"MC": "新"})], version="2026")
    assert line(service.check_geometry(session, SITE, 4547), "LX").overlap_m2 == 400
    service.activate_version(session, None, "LX", "2025")
    entry = line(service.check_geometry(session, SITE, 4547), "LX")
    assert (entry.overlap_m2, entry.version) == (100, "2025")
    assert [v["version"] for v in service.show_layer(session, "LX")["versions"]] == ["2026", "2025"]
    with pytest.raises(Conflict):
        load("LX", [(SITE, {"MC": "又"})], version="2026")
    with pytest.raises(NotFound):
        service.activate_version(session, None, "LX", "1999")


def test_bad_layer_files(session, tmp_path):
    day = dt.date(2026, 1, 1)
    rubbish = tmp_path / "a.gpkg"
    rubbish.write_bytes(b"nothing")
    with pytest.raises(BadInput):
        service.import_layer(session, "LX", rubbish, version="1", valid_from=day)
    with pytest.raises(BadInput):
        service.import_layer(session, "LX", tmp_path / "none.gpkg", version="1", valid_from=day)
    with pytest.raises(NotFound):
        service.import_layer(session, "NOPE", rubbish, version="1", valid_from=day)
    metres = tmp_path / "m.geojson"
    metres.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(SITE)})
    )
    with pytest.raises(BadInput) as refused:
        service.import_layer(session, "LX", metres, version="1", valid_from=day)
    assert refused.value.code == "CRS-UNKNOWN"
    row = service.import_layer(session, "LX", metres, version="1", valid_from=day, crs=4547)
    assert row.feature_count == 1


def test_progress_is_told(session, tmp_path):
    bow = Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    shapes = [(translate(SITE, n * 200, 0), {"MC": str(n)}) for n in range(49)]
    path = write_layer(tmp_path, "many", [*shapes, (translate(bow, *SITE.bounds[:2]), {"MC": "bow"})])
    seen: list[Progress] = []
    day = dt.date(2026, 1, 1)
    service.import_layer(session, "LX", path, version="1", valid_from=day, progress=seen.append)
    assert [now.stage for now in seen][-2:] == [Stage.WRITING, Stage.CLOSING]
    assert seen[0].stage is Stage.READING and seen[-1] == Progress(Stage.CLOSING, 50, 50, 1, 0, 50)

    def stop(now: Progress) -> None:
        if now.stage is Stage.CLOSING:
            raise Conflict("停", "stopped")

    with pytest.raises(Conflict, match="stopped"):
        service.import_layer(session, "LX", path, version="2", valid_from=day, progress=stop)
    assert [(row.version, row.current) for row in repository.versions(session, "LX")] == [("1", True)]
    count = (
        "SELECT count(*) FROM gis.{} f JOIN gis.layer_version v ON v.id = version_id WHERE layer_code = 'LX'"
    )
    assert [session.scalar(text(count.format(name))) for name in ("feature", "piece")] == [50, 51]


def test_seconds_left_follow_from_what_is_written():
    assert Progress(Stage.READING, 100, 50, 0, 0, 0).seconds_left(3.0) is None
    assert Progress(Stage.READING, 110, 60, 0, 10, 25).seconds_left(5.0) == 15.0


def test_real_layers_import_display_and_check(session, shared_data):
    """Cambridge: GeoJSON and TopoJSON in degrees, 37 invalid parcels."""
    folder = shared_data / "layers" / "cambridge"
    day = dt.date(2014, 1, 1)
    parcels = service.import_layer(
        session, "ZD", folder / "ASSESSING_ParcelsFY2014.topojson", version="2014", valid_from=day, crs=4326
    )
    assert parcels.repaired_count == 37
    assert parcels.check_crs == 32619
    zoning = service.import_layer(
        session, "KG_DK", folder / "CDD_ZoningDistricts.geojson", version="1", valid_from=day
    )
    assert zoning.feature_count > 50
    site = shapely.box(-71.1100, 42.3725, -71.1080, 42.3740)
    report = service.check_geometry(session, site, 4326)
    assert report.crs == 32619
    assert line(report, "ZD").status == "hit"
    assert line(report, "ZD").overlap_m2 <= report.site_area_m2
    z, x, y = 15, 9910, 12119
    assert len(service.layer_tile(session, "ZD", z, x, y)) > 1000


# --- map -------------------------------------------------------------------------------------------------------------


def test_identify_and_tiles(session, load):
    load("LX", [(rectangle(0, 0, 1000, 1000), {"MC": "样江", "SXLX": "河流"})])
    found = service.identify(session, X + 5, Y + 5, 4547)
    assert [(e["code"], e["features"][0]["label"]) for e in found["layers"]] == [("LX", "样江")]
    assert service.identify(session, X - 5, Y + 5, 4547)["layers"] == []
    lon, lat = crs_module.transform_point(X + 5, Y + 5, 4547, 4326)
    assert service.identify(session, lon, lat, 4326)["layers"]
    z = 14
    n = 2**z
    tx = int((lon + 180) / 360 * n)
    ty = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n)
    tile = service.layer_tile(session, "LX", z, tx, ty)
    assert b"LX" in tile and "样江".encode() in tile
    assert service.layer_tile(session, "LX", z, 0, 0) == b""
    with pytest.raises(NotFound):
        service.layer_tile(session, "LX", 3, 99, 0)
    with pytest.raises(BadInput):
        service.identify(session, float("nan"), 0, 4547)


def test_list_layers_in_tree_order(session, load):
    load("LX", [(rectangle(0, 0, 10, 10), {"MC": "样江"})])
    layers = service.list_layers(session)
    assert [e["code"] for e in layers] == list(layer_catalogue().layers)
    assert next(e for e in layers if e["code"] == "LX")["version"]["features"] == 1
    assert next(e for e in layers if e["code"] == "ZX")["version"] is None
