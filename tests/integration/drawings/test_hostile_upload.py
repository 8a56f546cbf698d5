"""Hostile files handed in over HTTP: the answer says what is wrong with which file and what to do; the server lives."""

from __future__ import annotations

import io
import json
import uuid
import zipfile

import pytest

from tests.unit.drawings import build
from tests.unit.drawings.test_hostile import dxf, ring

_LOOP = "0\nBLOCK\n8\n0\n2\nA\n70\n0\n10\n0\n20\n0\n{0}0\nENDBLK\n8\n0\n"
_INSERT = "0\nINSERT\n5\n60\n100\nAcDbEntity\n8\n0\n100\nAcDbBlockReference\n2\nA\n10\n0\n20\n0\n"


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../a.dxf", b"0" * 400_000_000)
    return stream.getvalue()


@pytest.fixture
def project(client, sign_in):
    headers = sign_in(client, "developer")
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    made = client.post("/api/v1/projects", headers=headers, json={"code": code, "name": "敌意图纸"})
    return made.json()["id"], headers


def _sent(client, project, name: str, data: bytes, path: str = "/api/v1/projects/{}/drawings"):
    return client.post(path.format(project[0]), headers=project[1], files=[("files", (name, data))])


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("空.dxf", b"", "DXF-EMPTY-FILE"),
        ("说明.dxf", b"%PDF-1.7\n", "DXF-NOT-DXF"),
        ("照片.dwg", b"\x89PNG\r\n\x1a\n", "DXF-NOT-DXF"),
        ("断.dxf", dxf(ring("0"))[:-60], "DXF-TRUNCATED"),
        ("错.dxf", dxf("0\nLINE\nZ\nX\n"), "DXF-BAD-TAG"),
        ("旧.dwg", b"AC1009" + b"\0" * 500, "DWG-VERSION"),
        ("断.dwg", b"AC1032" + b"\0" * 500, "DWG-"),
        ("断.ifc", b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\n", "IFC-CUT"),
    ],
)
def test_what_cannot_be_read_is_named_with_code_and_remedy(client, project, name, data, code) -> None:
    answer = _sent(client, project, name, data)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    told = error["details"]["issues"][0]
    assert (
        told["code"].startswith(code) and told["remedy"] and told["file"] == name and name in error["message"]
    )
    page = _sent(client, project, name, data, "/projects/{}/drawings")
    assert page.status_code == 422 and name in page.text and told["remedy"] in page.text
    shown = client.get(f"/api/v1/projects/{project[0]}/drawings", headers=project[1])
    assert shown.status_code == 200 and shown.json()["revision"] is None


@pytest.mark.parametrize(
    ("entities", "blocks", "code"),
    [
        (_INSERT, _LOOP.format(_INSERT), "DXF-BLOCK-RECURSION"),
        (ring("1e308"), "", "DXF-NONFINITE"),
        ("0\nTCH_WALL\n", "", "DXF-CUSTOM"),
        (_INSERT, "", "DXF-BLOCK-MISSING"),
    ],
)
def test_what_can_be_read_in_part_is_kept_with_its_issues_on_the_page(
    client, project, entities, blocks, code
) -> None:
    answer = _sent(client, project, "图.dxf", dxf(entities, blocks))
    assert answer.status_code == 201, answer.text
    kept = client.get(f"/api/v1/projects/{project[0]}/drawings", headers=project[1])
    found = {i["code"]: i for i in kept.json()["issues"]}
    assert code in found and found[code]["remedy"]
    json.dumps(kept.json(), allow_nan=False)
    page = client.get(f"/projects/{project[0]}/drawings", headers=project[1])
    assert page.status_code == 200 and code in page.text


def test_an_archive_that_unpacks_without_end_is_refused(client, project) -> None:
    answer = _sent(client, project, "一套.zip", _bomb())
    assert answer.status_code == 413 and answer.json()["error"]["remedy"]
    assert _sent(client, project, "总平图.dxf", build.data(build.site_plan())).status_code == 201
