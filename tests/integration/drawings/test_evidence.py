"""What is extracted from handed-in drawings reaches indicators and conclusions, each traceable to a drawn entity."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.drawings import build
from web.seed.programs import PROGRAMS
from web.seed.projects import project_files

pytestmark = pytest.mark.integration


def outline_plan() -> dict[str, bytes]:
    """A total plan of an institute: outlines with labels on a text layer, no footprints."""
    doc = build.new("R2004")
    build.box(doc, "A-REDL", build.X, build.Y, 120, 100)
    for name, x, y, w, h, storeys in (("1#", 10, 10, 40, 15, 18), ("2#", 70, 10, 30, 15, 11)):
        build.box(doc, "A-MAST-ROOF", build.X + x, build.Y + y, w, h)
        build.text(doc, "A-ANNO-TEXT", f"{name}楼 住宅 {storeys}F", build.X + x + 2, build.Y + y + 3)
        build.text(doc, "A-ANNO-TEXT", f"H={storeys * 2.95:.2f}m", build.X + x + 2, build.Y + y + 7)
    return {"甲-总平图.dxf": build.data(doc, encoding="cp936")}


def indian() -> dict[str, bytes]:
    """Plot, footprint and floors with titles in one PreDCR drawing."""
    doc = build.new("R2007")
    build.box(doc, "_Plot", 0, 0, 30, 40)
    build.box(doc, "_PropWork", 5, 5, 20, 25)
    build.text(doc, "_PropWork", "A", 10, 10)
    for k, title in enumerate(("GROUND FLOOR PLAN", "FIRST FLOOR PLAN")):
        build.box(doc, "_Floor", 100 + 40 * k, 0, 35, 40)
        build.text(doc, "_Floor", title, 102 + 40 * k, 38, 0.5)
        build.box(doc, "_ResiFSI", 103 + 40 * k, 5, 20, 25)
    return {"A.dxf": build.data(doc)}


def sample() -> dict[str, bytes]:
    files = project_files(next(p for p in PROGRAMS if p.key == "A"))
    return {name: data for name, data in files.items() if name.endswith(".dxf")}


EXPECTED = {
    "outline": {"JDMJ_GS": "1050.00", "JZMD_GS": "8.75", "DSJZ_GS": "15750.00", "JZJJ": "20.00", "TR": "10.00",
                "JZGD": "53.10"},
    "indian": {"JDMJ": "500.00", "ZYD": "1200.00", "JZMD": "41.67", "TR": "5.00"},
    "sample": {},
}  # fmt: skip
UNDECIDED = {"outline": {"JDMJ", "JZMD", "ZJZ", "RJL"}, "indian": {"ZJZ", "JRJZ"}, "sample": set()}
FILES = {"outline": outline_plan, "indian": indian, "sample": sample}


def _entities(value: Any) -> list[dict[str, str]]:
    """Every reference to a drawing entity anywhere in a payload."""
    if isinstance(value, dict):
        own = [value] if {"file", "handle", "layer"} <= set(value) else []
        return own + [e for v in value.values() for e in _entities(v)]
    return [e for v in value for e in _entities(v)] if isinstance(value, list) else []


@pytest.mark.parametrize("key", FILES)
def test_every_indicator_leads_to_what_is_drawn(client, sign_in, key: str) -> None:
    headers = sign_in(client, "developer")
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    project = client.post(
        "/api/v1/projects", headers=headers, json={"code": code, "name": f"来历 {key}"}
    ).json()
    base = f"/api/v1/projects/{project['id']}"
    uploads = [("files", (name, data, "image/vnd.dxf")) for name, data in FILES[key]().items()]
    handed = client.post(f"{base}/drawings", headers=headers, files=uploads)
    assert handed.status_code == 201, handed.text
    drawn: dict[str, dict[str, str]] = {}
    for file in handed.json()["files"]:
        sheet = client.get(file["sheet"], headers=headers).json()
        drawn[file["sha256"]] = {
            f["properties"]["handle"]: f["properties"]["layer"] for f in sheet["features"]
        }
    told = client.post(f"{base}/indicators", headers=headers)
    assert told.status_code == 201, told.text
    elements = {e["code"]: e for e in told.json()["elements"]}
    for name, figure in EXPECTED[key].items():
        assert elements[name]["display"] == figure, (name, elements[name]["missing"])
    for name in UNDECIDED[key]:
        assert elements[name]["value"] is None and elements[name]["missing"], name
    measured = [e for e in elements.values() if e["value"] is not None and _entities(e)]
    assert len(measured) >= 5
    for element in elements.values():
        for entity in _entities(element):
            layers = drawn[entity["file"]]
            # a block is drawn by its parts
            parts = [h for h in layers if h == entity["handle"] or h.startswith(f"{entity['handle']}/")]
            assert parts, (element["code"], entity)
            assert entity["layer"] in {layers[h] for h in parts} | {"0"} or "/" in parts[0]
    if key == "outline":
        assert Decimal(elements["DSJZ_GS"]["value"]) == 600 * 18 + 450 * 11
        page = client.get(f"/projects/{project['id']}/indicators", headers=headers)
        assert page.status_code == 200 and "建筑密度（估算）" in page.text and "没有绘建筑基底" in page.text
