"""Boundaries and checks through the service: box, audit, events, permissions, reports."""

from __future__ import annotations

import re

import pytest
from shapely.geometry import box as box_of
from shapely.geometry import shape
from sqlalchemy import func, select

from gis import service
from gis.boundaries.boundary import write_txt
from gis.check.report import folium_report
from gis.events import BoundaryRecorded, ConflictChecked
from project_box import service as box
from project_box.kernel import events
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.models import AuditEvent, Result, StoredFile

from .conftest import rectangle

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)
NASTY = '</script><script>alert(1)</script>"&'


@pytest.fixture
def told(monkeypatch):
    """Events published while the test runs."""
    seen: list[events.Event] = []
    for module in ("boundaries.recording", "project_check"):
        monkeypatch.setattr(f"gis.{module}.publish", lambda session, event: seen.append(event))
    return seen


def test_boundary_into_the_box(session, actors, project, told):
    data = write_txt(SITE, 4547)
    result = service.record_boundary(session, actors["developer"], project.id, "红线.txt", data)
    assert (result.kind, result.version, result.crs, result.trust) == ("boundary", 1, 4547, "D")
    payload = result.payload
    assert (payload["area_m2"], payload["declared_area_m2"], payload["crs"]) == (8000.0, 8000.0, 4547)
    assert {"ellipsoidal_area_m2", "parts", "holes", "issues", "source_name", "geometry_geojson"} <= set(
        payload
    )
    assert shape(payload["geometry_geojson"]).equals(SITE)
    assert box.result_geometry(result).equals(SITE)
    assert box.read_file(session, actors["developer"], result.files[0]["id"]) == data
    assert result.source["sha256"] == result.files[0]["sha256"]
    assert told == [BoundaryRecorded(project.id, result.id, 1)]
    kinds = session.scalars(
        select(AuditEvent.kind).where(AuditEvent.subject == f"project:{project.id}")
    ).all()
    assert "result.recorded" in kinds


def test_degrees_are_stored_in_the_zone_they_are_measured_in(session, actors, project):
    square = {
        "type": "Polygon",
        "coordinates": [[[113.85, 28.15], [113.851, 28.15], [113.851, 28.151], [113.85, 28.15]]],
    }
    result = service.record_drawn_boundary(session, actors["developer"], project.id, square, 4490)
    assert (result.crs, result.payload["crs"], result.payload["source_crs"]) == (4547, 4547, 4490)
    assert box.result_geometry(result).area == pytest.approx(result.payload["area_m2"], abs=0.01)


def test_bad_boundary_stores_nothing(session, actors, project):
    def stored():
        return [session.scalar(select(func.count()).select_from(t)) for t in (Result, StoredFile)]

    before = stored()
    for data in (
        b"",
        b"%PDF-1.7",
        write_txt(SITE, 4547)[:220],
        write_txt(SITE, 4547).replace(b"0.8000", b"0.9000"),
    ):
        with pytest.raises(BadInput) as refused:
            service.record_boundary(session, actors["developer"], project.id, "a.txt", data)
        assert refused.value.details["issues"]
    assert stored() == before


def test_only_the_projects_developer_hands_in_and_others_do_not_see_it(session, actors, project):
    data = write_txt(SITE, 4547)
    with pytest.raises(NotFound):
        service.record_boundary(session, actors["developer2"], project.id, "a.txt", data)
    with pytest.raises(NotFound):
        service.run_conflict_check(session, actors["developer2"], project.id)
    from project_box.kernel.identity import Role

    box.grant(session, project.id, role=Role.HANDLER, reason="case")
    with pytest.raises(Forbidden):
        service.record_boundary(session, actors["handler"], project.id, "a.txt", data)
    service.record_boundary(session, actors["developer"], project.id, "a.txt", data)
    assert service.run_conflict_check(session, actors["handler"], project.id).kind == "conflict_report"


def test_a_site_in_feet_keeps_the_area_of_its_own_plane(session, actors, project, load):
    """NAD27 Illinois has no twin in metres: kept in UTM, told and checked by the foot of the survey."""
    load("LX", [(box_of(480_000, 1_000_000, 481_000, 1_001_000), {"MC": "creek"})], crs=26771)
    wkt = f"SRID=26771;{box_of(480_500, 1_000_500, 481_500, 1_001_500).wkt}".encode()
    boundary = service.record_boundary(session, actors["developer"], project.id, "a.wkt", wkt)
    report = service.run_conflict_check(session, actors["developer"], project.id).payload
    area = round(1e6 * (1200 / 3937) ** 2, 2)
    assert (boundary.crs, boundary.payload["area_m2"], report["site_area_m2"]) == (32616, area, area)


def test_check_needs_a_boundary(session, actors, project):
    with pytest.raises(Conflict) as refused:
        service.run_conflict_check(session, actors["developer"], project.id)
    assert refused.value.code == "no_boundary"


def test_check_into_the_box(session, actors, project, load, told):
    developer = actors["developer"]
    load("YJJBNT", [(rectangle(60, 0, 200, 80), {"YJJBNTTBBH": "N1", "DLMC": "水田"})])
    load("KG_DK", [(SITE, {"DKBH": "XQ-01", "YDDM": "070102", "YDMC": "住宅", "RJL_MAX": 2.0})])
    boundary = service.record_boundary(session, developer, project.id, "a.txt", write_txt(SITE, 4547))
    result = service.run_conflict_check(session, developer, project.id)
    payload = result.payload
    assert payload["outcome"] == "fail"
    assert payload["boundary_result"]["id"] == str(boundary.id)
    farmland = next(line for line in payload["layers"] if line["code"] == "YJJBNT")
    assert (farmland["status"], farmland["overlap_m2"], farmland["version"]) == ("hit", 3200.0, "2026.1")
    assert farmland["features"][0]["attributes"]["YJJBNTTBBH"] == "N1"
    assert {
        "code",
        "name",
        "family",
        "policy",
        "status",
        "overlap_m2",
        "share",
        "features",
        "clause",
        "version",
        "valid_from",
        "message",
    } <= set(farmland)
    finding = next(f for f in payload["findings"] if f["code"] == "plan.YJJBNT")
    assert (finding["outcome"], finding["measured"], finding["unit"]) == ("fail", "3200.00", "㎡")
    assert result.source["layer_versions"] == {"YJJBNT": "2026.1", "KG_DK": "2026.1"}
    planning = box.latest_result(session, developer, project.id, "planning_conditions")
    assert planning.payload["source"] == "layer KG_DK version 2026.1"
    assert planning.payload["plot"]["code"] == "XQ-01"
    assert [c["code"] for c in planning.payload["conditions"]] == ["RJL", "YDXZ"]
    assert isinstance(told[-1], ConflictChecked)


def test_undecided_planning_conditions_replace_decided_ones(session, actors, project, load):
    developer = actors["developer"]
    load("KG_DK", [(SITE, {"DKBH": "XQ-01", "YDDM": "070102", "RJL_MAX": 2.0})])
    service.record_boundary(session, developer, project.id, "a.txt", write_txt(SITE, 4547))
    service.run_conflict_check(session, developer, project.id)
    service.record_boundary(
        session, developer, project.id, "a.txt", write_txt(rectangle(500, 0, 600, 80), 4547)
    )
    service.run_conflict_check(session, developer, project.id)
    planning = box.latest_result(session, developer, project.id, "planning_conditions").payload
    assert (planning["status"], planning["conditions"], planning["plot"]) == ("undecided", [], None)
    assert planning["reason"]


# --- map report ------------------------------------------------------------------------------------------------------


def test_report_is_one_file_without_outside_addresses(session, load):
    load("YJJBNT", [(rectangle(60, 0, 200, 80), {"YJJBNTTBBH": NASTY, "DLMC": "水田"})])
    load("CZKFBJ", [(rectangle(-500, -500, 70, 500), {"GHFQMC": "集中建设区"})])
    report = service.check_geometry(session, SITE, 4547).payload()
    page = folium_report(report, SITE, title=NASTY).decode()
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", page)
    assert not re.search(r"url\([\"']?(?:https?:)?//", page)
    readable = re.sub(r"data:image/png;base64,[\w+/=]+", "", page).lower()
    for word in ("openstreetmap", "jquery", "bootstrap"):
        assert word not in readable
    assert "<script>alert(1)" not in page
    assert "永久基本农田" in page and "3,200.00" in page and "不符合" in page
    assert page.count("data-bounds=") >= 2
    assert len(page.encode()) < 1_000_000


def test_report_in_english_keeps_chinese_for_names_of_the_data_only(session, load):
    load("YJJBNT", [(rectangle(60, 0, 200, 80), {"YJJBNTTBBH": "7", "DLMC": "水田"})])
    load("KG_DK", [(rectangle(0, 0, 300, 80), {"DKBH": "A-1", "YDDM": "0701", "RJL_MAX": 2.5})])
    report = service.check_geometry(session, SITE, 4547).payload()
    page = folium_report(report, SITE, title="Site", english=True).decode()
    said = set(re.findall(r"[\u4e00-\u9fff]+", page.split("<body>", 1)[1]))
    assert said <= {"水田"}, said
    assert "Multi-plan check report" in page and "Overlaps: Permanent basic farmland, 3,200.00" in page


def test_report_of_a_prefixed_site(session, load):
    from gis import crs as crs_module

    load("LX", [(rectangle(60, 0, 200, 80), {"MC": "样江"})])
    moved = crs_module.transform(SITE, 4547, 4526)
    report = service.check_geometry(session, moved, 4526).payload()
    assert "EPSG:4526" in folium_report(report, moved).decode()
