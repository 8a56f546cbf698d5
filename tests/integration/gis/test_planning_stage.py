"""Departments' conditions become later checks; area-wide evaluations are shared, with a certificate."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from shapely.geometry import mapping

from elements.project_inputs import condition_values
from gis import service
from gis.planning import condition_rounds as rounds
from gis.planning import regional_service as regional
from intermediaries import service as intermediaries
from project_box import service as box
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import BadInput, Conflict, Forbidden
from project_box.seal import verify_pdf

from .conftest import rectangle

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)
INVITED = [
    {"name": "文物局", "role": "discipline", "discipline": "fire"},
    {"name": "规划科", "role": "discipline", "discipline": "planning"},
]
HEIGHT = {
    "code": "JZGD", "operator": "<=", "value": "24", "unit": "m", "clause": "建设控制地带限高", "evaluations": ["DZZH"],
}  # fmt: skip


@pytest.fixture
def site(session, actors, project, load):
    """The project with its boundary, in a plot of the detailed plan."""
    load("KG_DK", [(rectangle(0, 0, 100, 80), {"DKBH": "A-1", "YDDM": "0701", "XG_MAX": 60, "RJL_MAX": 2.5})])
    service.record_drawn_boundary(session, actors["developer"], project.id, mapping(SITE), 4547)
    return project


def test_a_condition_of_a_department_becomes_a_limit_and_asks_for_an_evaluation(session, actors, site):
    developer, fire = actors["developer"], actors["fire"]
    service.run_conflict_check(session, developer, site.id)
    made = rounds.open_round(session, developer, site.id, INVITED, working_days=3)
    with pytest.raises(Forbidden):
        rounds.put_condition(session, fire, made.id, "规划科", None)
    rounds.put_condition(session, fire, made.id, "文物局", HEIGHT)
    with pytest.raises(Conflict) as waiting:
        rounds.close_round(session, developer, made.id)
    assert "规划科" in waiting.value.zh
    rounds.put_condition(session, actors["planner"], made.id, "规划科", None)
    result = rounds.close_round(session, developer, made.id)
    assert result.payload["conditions"][0]["signed_by"] == fire.name
    for again in (False, True):  # the next check keeps what departments asked for
        if again:
            service.run_conflict_check(session, developer, site.id)
        planning = box.latest_result(session, developer, site.id, "planning_conditions").payload
        limits = condition_values(planning)
        limit = limits["TJ_JZGD"].value
        assert isinstance(limit, dict)
        assert (limit["operator"], str(limit["value"])) == ("<=", "24")
        assert limit["clause"] == "文物局：建设控制地带限高"
        ratio = limits["TJ_RJL"].value
        assert isinstance(ratio, dict) and str(ratio["value"]) == "2.5"
    triggers = {t.code: t for t in intermediaries.preview(session, developer, site.id, {})}
    assert triggers["DZZH"].needed == "yes" and "文物局" in triggers["DZZH"].reason
    with pytest.raises(Conflict):
        rounds.put_condition(session, fire, made.id, "文物局", HEIGHT)
    # a further round with another department leaves what stands of the first; asked again, it may take it back
    for invited, who, heights in ((INVITED[1:], "planner", ["24"]), (INVITED[:1], "fire", ["60"])):
        more = rounds.open_round(session, developer, site.id, invited, working_days=3)
        rounds.put_condition(session, actors[who], more.id, str(invited[0]["name"]), None)
        rounds.close_round(session, developer, more.id)
        planning = box.latest_result(session, developer, site.id, "planning_conditions").payload
        left = [c for c in planning["conditions"] if c["code"] == "JZGD"]
        assert [str(c.get("value2") or c["value"]) for c in left] == heights


def test_wrong_conditions_name_their_field(session, actors, site):
    made = rounds.open_round(session, actors["developer"], site.id, INVITED, working_days=3)
    for place, text in (("value", "zwei"), ("unit", "层"), ("code", "XX"), ("clause", "")):
        with pytest.raises(BadInput) as wrong:
            rounds.put_condition(session, actors["fire"], made.id, "文物局", HEIGHT | {place: text})
        assert wrong.value.place == place
    with pytest.raises(Conflict):
        rounds.open_round(session, actors["developer"], site.id, INVITED, working_days=3)


def register(session, actors, shape, until, number, start=dt.date(2020, 1, 1), kind="DZZH"):
    data = json.dumps(
        {"type": "Feature", "geometry": mapping(shape), "properties": {},
         "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}}
    ).encode()  # fmt: skip
    return regional.register_area(
        session, actors["handler"], kind=kind, name="新区地灾", report_no=number, valid_from=start, valid_until=until,
        boundary_name="area.geojson", boundary=data, crs=4547,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "days", "state"),
    [
        (rectangle(-10, -10, 200, 200), 100, "covered"),
        (rectangle(-10, -10, 200, 200), 0, "covered"),  # its last day
        (rectangle(-10, -10, 200, 200), -1, "expired"),
        (rectangle(50, -10, 200, 200), 100, "partly"),
        (rectangle(500, 0, 600, 100), 100, "none"),
    ],
)
def test_query_and_sealed_certificate(session, actors, site, shape, days, state):
    register(session, actors, shape, china_today() + dt.timedelta(days=days), "R-1")
    row = regional.query_project(session, actors["developer"], site.id, ["DZZH"])
    (answer,) = row.content["answers"]
    assert (answer["state"], answer["needed"]) == (state, state != "covered")
    assert row.same_day and row.answered_at >= row.asked_at
    pdf = box.read_file(session, actors["developer"], row.file_id)
    assert verify_pdf(pdf).ok
    found, report = regional.verify(session, row.verify_code.lower())
    assert found.id == row.id and report.ok


def test_the_plan_layer_of_evaluations_answers_too(session, actors, site, load):
    """What a check finds in QYPG and what the certificate says are the same."""
    until = (china_today() + dt.timedelta(days=9)).isoformat()
    load(
        "QYPG",
        [(rectangle(-9, -9, 200, 200), {"PGLX": "DZZH", "PGMC": "滨江片区", "BGH": "Y-1", "YXQZ": until})],
    )
    report = service.run_conflict_check(session, actors["developer"], site.id).payload
    row = regional.query_project(session, actors["developer"], site.id, ["DZZH"])
    (answer,) = row.content["answers"]
    assert answer["state"] == "covered" and answer["evaluation"]["report_no"] == "Y-1"
    assert report["zones"]["regional_evaluations"] == [answer["evaluation"]]


def test_a_registered_evaluation_is_shared_by_the_dispatch(session, actors, site, load):
    load("DZZH", [(rectangle(-50, -50, 200, 200), {"YFCD": "高", "ZHLX": "滑坡"})])
    register(session, actors, rectangle(-10, -10, 200, 200), china_today() + dt.timedelta(days=9), "R-9")
    service.run_conflict_check(session, actors["developer"], site.id)
    triggers = {t.code: t for t in intermediaries.preview(session, actors["developer"], site.id, {})}
    assert triggers["DZZH"].needed == "yes" and triggers["DZZH"].shared_from["report_no"] == "R-9"


def test_only_officers_register(session, actors):
    with pytest.raises(Forbidden):
        register(session, actors | {"handler": actors["developer"]}, SITE, dt.date(2030, 1, 1), "R-2")


def test_pages(client, sign_in):
    """An officer registers an area, a developer gets a certificate anyone can fetch; then the area is withdrawn."""
    officer, developer = sign_in(client, "handler"), sign_in(client, "developer")
    assert client.get("/regional/verify/NOSUCH").status_code == 404
    assert client.get("/regional/verify/NOSUCH/certificate.pdf").status_code == 404
    area = json.dumps(mapping(rectangle(-10, -10, 200, 200))).encode()
    form = {"kind": "DZZH", "name": "片区", "report_no": "P-1", "valid_from": "2020-01-01", "crs": "4547"}
    form |= {"valid_until": "2099-01-01"}
    files = {"boundary": ("a.geojson", area)}
    assert client.post("/regional", headers=officer, data=form, files=files).status_code == 303
    made = client.post(
        "/api/v1/projects",
        headers=developer,
        json={"code": "2611-439901-04-01-990077", "name": "查询", "use": "residential"},
    ).json()
    site = {"geojson": mapping(SITE), "crs": 4547}
    assert (
        client.post(f"/api/v1/projects/{made['id']}/boundary", headers=developer, json=site).status_code
        == 201
    )
    asked = client.post("/regional/query", headers=developer, data={"project_id": made["id"]})
    page = client.get(asked.headers["location"])
    link = re.search(r'href="(/regional/verify/\w+/certificate.pdf)"', page.text)
    assert link is not None and "可共享" in page.text
    assert verify_pdf(client.get(link.group(1)).content).ok
    assert 'action="/regional/' not in client.get("/regional", headers=developer).text.replace(
        "/regional/query", ""
    )
    button = re.search(r'action="(/regional/[^"]+/withdraw)"', client.get("/regional", headers=officer).text)
    assert button is not None
    assert client.post(button.group(1), headers=developer).status_code == 403
    assert client.post(button.group(1), headers=officer).status_code == 303
    assert client.get("/api/v1/regional", headers=officer).json()["areas"][0]["state"] == "withdrawn"
