"""What cannot be used is refused with the right status, a code, a sentence and a remedy, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from project_box.kernel.db import Database
from tests.acceptance.conftest import Caller, boundary_of, drawings_of, new_project, sample, stored

Sign = Callable[[str], Caller]


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """The error body, complete: code, sentences in both languages."""
    assert answer.status_code == status, answer.text[:500]
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] and error["message"] and error["message_en"]
    assert "Traceback" not in answer.text and "sqlalchemy" not in answer.text.lower()
    return error


def bomb() -> bytes:
    """A zip of a few hundred kB that unpacks to 300 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("site.shp", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1024 * 1024))
    return out.getvalue()


TXT = boundary_of  # read at test time: the samples are made by the city fixture


def _cut(text: bytes) -> bytes:
    return text[: text.rindex(b"J4")]


def _crossing(text: bytes) -> bytes:
    return text.replace(b"J2,1,3116580.000,38486220.000", b"J2,1,3116400.000,38486120.000")


BOUNDARIES: dict[str, tuple[str, Callable[[bytes], bytes], dict[str, str]]] = {
    "cut in the middle": ("site.txt", lambda t: t[: int(len(t) * 0.6)], {}),
    "cut after the header": ("site.txt", lambda t: t[:300], {}),
    "empty": ("site.txt", lambda t: b"", {}),
    "self-crossing": ("site.txt", _crossing, {}),
    "wrong zone stated": ("site.txt", lambda t: t, {"crs": "4525"}),
    "CRS without zone prefix stated": ("site.txt", lambda t: t, {"crs": "4547"}),
    "no such CRS": ("site.txt", lambda t: t, {"crs": "999999"}),
    "CRS is a word": ("site.txt", lambda t: t, {"crs": "'; drop table box.project; --"}),
    "zip bomb": ("site.zip", lambda t: bomb(), {}),
    "a zip of nothing useful": ("site.zip", lambda t: b"PK\x03\x04" + bytes(400), {}),
    "PDF named .dxf": ("site.dxf", lambda t: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", {}),
    "PDF named .txt": ("site.txt", lambda t: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", {}),
    "random bytes": ("site.txt", lambda t: os.urandom(4096), {}),
    "garbage DXF": ("site.dxf", lambda t: b"\x00\xff" * 4096, {}),
    "broken GeoJSON": ("site.geojson", lambda t: b'{"type": "Feature', {}),
    "GeoJSON of something else": ("site.geojson", lambda t: b'{"answer": 42}', {}),
    "broken GPKG": ("site.gpkg", lambda t: b"SQLite format 3\x00" + bytes(200), {}),
    "an empty zip": ("site.zip", lambda t: b"PK\x05\x06" + bytes(18), {}),
    "letters for numbers": ("site.txt", lambda t: t.replace(b"3116580.000", b"NaN"), {}),
}


@pytest.mark.parametrize("case", BOUNDARIES)
def test_unusable_boundaries(case: str, sign: Sign, project: str, city: Database) -> None:
    name, change, fields = BOUNDARIES[case]
    _, text = boundary_of("A")
    before = stored(city)
    answer = sign("developer")(
        "POST", f"/projects/{project}/boundary", files={"file": (name, change(text))}, data=fields
    )
    error = error_of(answer, 422)
    assert error["remedy"] or error["place"] or error["details"].get("issues"), error
    assert stored(city) == before


def test_a_cut_file_names_the_line(sign: Sign, project: str) -> None:
    _, text = boundary_of("A")
    answer = sign("developer")("POST", f"/projects/{project}/boundary", files={"file": ("s.txt", text[:300])})
    assert "行" in error_of(answer, 422)["place"]


def test_zone_of_coordinates_against_header_is_told(sign: Sign, project: str) -> None:
    _, text = boundary_of("A")
    other = text.replace(b"38486", b"39486")  # header still says 带号=38
    answer = sign("developer")("POST", f"/projects/{project}/boundary", files={"file": ("s.txt", other)})
    codes = {i["code"] for i in answer.json()["reading"]["issues"]} if answer.is_success else {
        i["code"] for i in answer.json()["error"]["details"]["issues"]
    }  # fmt: skip
    assert "CRS-ZONE-MISMATCH" in codes


def _spoil(data: bytes, at: float, junk: bytes) -> bytes:
    middle = int(len(data) * at)
    return data[:middle] + junk + data[middle + len(junk) :]


DRAWINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty": ("plan.dxf", lambda d: b""),
    "PDF named .dxf": ("plan.dxf", lambda d: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
    "garbage": ("plan.dxf", lambda d: b"\x00\xff" * 5000),
    "words": ("plan.dxf", lambda d: "这不是图纸".encode()),
    "cut": ("plan.dxf", lambda d: d[: len(d) // 2]),
    "garbage in the middle": ("plan.dxf", lambda d: _spoil(d, 0.5, os.urandom(3000))),
    "zip bomb": ("plans.zip", lambda d: bomb()),
    "empty DWG": ("plan.dwg", lambda d: b"AC1032" + bytes(100)),
}


@pytest.mark.parametrize("case", DRAWINGS)
def test_unusable_drawings(case: str, sign: Sign, project: str, city: Database) -> None:
    name, change = DRAWINGS[case]
    data = next(sample("A").glob("*总平图.dxf")).read_bytes()
    before = stored(city)
    files = [*drawings_of("A")[:1], ("files", (name, change(data), "application/dxf"))]
    answer = sign("developer")("POST", f"/projects/{project}/drawings", files=files)
    error = error_of(answer, 422)
    assert name in error["message"] or name in str(error["details"])
    assert error["remedy"]
    assert stored(city) == before  # the good file of the same submission is not kept either


def test_no_drawings_at_all(sign: Sign, project: str, city: Database) -> None:
    before = stored(city)
    error_of(sign("developer")("POST", f"/projects/{project}/drawings"), 422)
    assert stored(city) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "2101-430104-04-01-12345", "name": "代码少一位"},
        {"code": "210143010404010123456", "name": "没有连字符"},
        {"code": "2611-439901-04-01-12345'; DROP TABLE box.project; --", "name": "SQL"},
        {"code": "", "name": "没有代码"},
        {"code": "2611-439901-04-01-900001", "name": ""},
        {"code": "2611-439901-04-01-900001", "name": "   "},
        {"code": "2611-439901-04-01-900001", "name": "长" * 300},
        {"code": "2611-439901-04-01-900001", "name": "名", "location": "长" * 3000},
        {"code": "2611-439901-04-01-900001", "name": "控制\x00字符"},
        {"name": "没有代码"},
        {"code": ["2611-439901-04-01-900001"], "name": "列表"},
        {"code": "2611-439901-04-01-900001", "name": {"$ne": None}},
    ],
)
def test_unusable_project_fields(fields: dict[str, Any], sign: Sign, city: Database) -> None:
    developer = sign("developer")
    before = stored(city)
    error = error_of(developer("POST", "/projects", json=fields), 422)
    assert error["place"]
    assert stored(city) == before


def test_broken_json_is_no_server_error(sign: Sign, city: Database) -> None:
    developer = sign("developer")
    before = stored(city)
    for body in (b"{", b"\xff\xfe", b"[" * 50_000, b'{"code": NaN}'):
        answer = developer.client.post(
            "/api/v1/projects",
            content=body,
            headers={**developer.headers, "content-type": "application/json"},
        )
        assert 400 <= answer.status_code < 500, answer.text[:200]
    assert stored(city) == before


def test_the_same_project_code_twice(sign: Sign, city: Database) -> None:
    developer = sign("developer")
    first = developer.done("GET", f"/projects/{new_project(developer)}")
    code = first.get("project", first)["code"]
    before = stored(city)
    error_of(developer("POST", "/projects", json={"code": code, "name": "重复"}), 409)
    assert stored(city) == before


SQL = "Robert'); DROP TABLE box.project; --"
SCRIPT = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def test_sql_and_scripts_are_only_text(sign: Sign, city: Database) -> None:
    developer = sign("developer")
    for text in (SQL, SCRIPT):
        project = new_project(developer, name=text)
        assert developer.done("GET", f"/projects/{project}")["project"]["name"] == text
        for path in (
            f"/projects/{project}",
            "/projects",
            f"/projects/{project}/site",
            f"/projects/{project}/drawings",
        ):
            page = developer.client.get(path, headers=developer.headers)
            assert page.status_code == 200
            assert "<script>alert" not in page.text and "<img src=x" not in page.text, path
    assert stored(city)["box.project"] > 0


def test_script_in_file_names_and_search_fields(sign: Sign, project: str) -> None:
    developer = sign("developer")
    _, text = boundary_of("A")
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (f"{SCRIPT}.txt", text)})
    page = developer.client.get(f"/projects/{project}/site", headers=developer.headers)
    assert page.status_code == 200 and "<img src=x" not in page.text
    for path in ("/items", "/map"):
        page = developer.client.get(path, params={"q": SCRIPT}, headers=developer.headers)
        assert page.status_code < 500 and "<img src=x" not in page.text
    assert sign("window").done("GET", f"/tasks?q={SQL}")["tasks"] == []


def test_long_file_names_are_kept_or_refused_but_never_half_stored(
    sign: Sign, project: str, city: Database
) -> None:
    _, text = boundary_of("A")
    before = stored(city)
    answer = sign("developer")(
        "POST", f"/projects/{project}/boundary", files={"file": ("长" * 300 + ".txt", text)}
    )
    if answer.is_success:
        names = [f["name"] for f in answer.json()["result"]["files"]]
        assert all(0 < len(n) <= 300 for n in names)
    else:
        error_of(answer, 422)
        assert stored(city) == before


def test_paths_in_file_names_lead_nowhere(sign: Sign, project: str) -> None:
    _, text = boundary_of("A")
    answer = sign("developer").done(
        "POST", f"/projects/{project}/boundary", files={"file": ("../../../../etc/passwd.txt", text)}
    )
    assert all("/" not in f["name"] and ".." not in f["name"] for f in answer["result"]["files"])


def test_forms_without_csrf_token_change_nothing(
    web: TestClient, sign: Sign, project: str, city: Database
) -> None:
    web.cookies.clear()
    answer = web.post("/api/v1/session", json={"username": "developer", "password": "demo-developer"})
    web.cookies.set("project_box_session", answer.json()["token"])
    before = stored(city)
    for path, form in (
        ("/projects/new", {"code": "2611-439901-04-01-900009", "name": "伪造"}),
        (f"/projects/{project}/cases", {"item": "planning-permit"}),
    ):
        refused = web.post(path, data=form)
        assert refused.status_code == 403, (path, refused.status_code)
        wrong = web.post(path, data={**form, "csrf_token": "0" * 64})
        assert wrong.status_code == 403, path
    refused = web.post("/api/v1/projects", json={"code": "2611-439901-04-01-900009", "name": "伪造"})
    assert refused.status_code == 403
    assert stored(city) == before
    web.cookies.clear()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "developer"},
        {"username": "developer", "password": "wrong"},
        {"username": SQL, "password": SQL},
        {"username": "x" * 5000, "password": "y"},
    ],
)
def test_bad_sign_in(body: dict[str, str], web: TestClient) -> None:
    answer = web.post("/api/v1/session", json=body)
    assert answer.status_code in (401, 422, 429), answer.text[:200]
    assert "token" not in answer.json()


def test_wrong_identifiers(sign: Sign, web: TestClient) -> None:
    developer = sign("developer")
    nothing = "00000000-0000-0000-0000-000000000000"
    for path in (f"/projects/{nothing}", "/projects/1", "/projects/' or 1=1 --", f"/cases/{nothing}", "/items/nothing",
                 f"/revisions/{nothing}", f"/files/{nothing}", "/layers/NOTHING", "/nothing"):  # fmt: skip
        assert developer("GET", path).status_code == 404, path
    assert web.get("/verify/nothing").status_code == 404
